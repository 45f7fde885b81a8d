/* The ledger of who owes what: expanding an order's duties over its members, in bounded steps,
 * and taking the answers. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

enum { EVERY_DEPARTMENT = -1 };

enum err obligations_move(struct core *core, const struct obligation *row, uint32_t to,
                          uint32_t cause, struct span sealed, const char *by,
                          const uint8_t *document)
{
    enum err err = obligation_move(core->store->obligations, row->id, (enum obligation_state)to,
                                   cause, sealed, core->now_ms);
    if (err != OK)
        return err;
    lianshu_StateChange body = {.version = row->order_version, .state = to};
    memcpy(body.id, row->id, sizeof body.id);
    snprintf(body.by, sizeof body.by, "%s", by);
    snprintf(body.measure, sizeof body.measure, "%.4s", row->measure);
    snprintf(body.member, sizeof body.member, "%s", row->member);
    if (document != NULL) {
        body.document.size = HASH_LEN;
        memcpy(body.document.bytes, document, HASH_LEN);
    }
    uint64_t index;
    err = apply_leaf(core, LOG_OBLIGATION_STATE, &lianshu_StateChange_msg, &body, &index);
    return err == OK && to == OBLIGATION_EXECUTED
               ? store_count(core->store, "obligations.executed", 1)
               : err;
}

/* SHA-256(L("obligation") ‖ order ‖ u32 episode ‖ u8|measure| ‖ measure ‖ u8|member| ‖ member ‖
 * subject)[0..16): the same obligation has the same id however often it is expanded. */
static void obligation_id(const struct obligation *row, uint8_t out[static STORE_ID_LEN])
{
    uint8_t bytes[256];
    struct writer w = writer_of(bytes, sizeof bytes);
    label_write(&w, "obligation");
    write_bytes(&w, row->order_id, sizeof row->order_id);
    write_uint(&w, row->episode, 4);
    write_uint(&w, strlen(row->measure), 1);
    write_span(&w, span_str(row->measure));
    write_uint(&w, strlen(row->member), 1);
    write_span(&w, span_str(row->member));
    write_bytes(&w, row->subject, sizeof row->subject);
    uint8_t hash[HASH_LEN];
    hash_bytes(hash, writer_span(&w));
    memcpy(out, hash, STORE_ID_LEN);
}

static void obligation_of(const struct core *core, const struct duty *duty,
                          const struct order_row *order, struct obligation *out)
{
    *out = (struct obligation){
        .order_version = order->version,
        .subject_index = duty->subject_index,
        .force = (uint32_t)duty->force,
        .start_date = duty->start_date,
        .end_date = duty->end_date,
        .episode = order->episode,
        .state = OBLIGATION_CREATED,
        .answer_due_ms = duty->answer_due_ms,
        .execute_due_ms = duty->execute_due_ms,
        .created_ms = core->now_ms,
        .changed_ms = core->now_ms,
    };
    memcpy(out->order_id, order->id, sizeof out->order_id);
    snprintf(out->measure, sizeof out->measure, "%s", duty->measure);
    snprintf(out->rule, sizeof out->rule, "%s", duty->rule);
    orders_basis(duty, out->basis);
}

static enum err create(struct core *core, struct obligation *row)
{
    obligation_id(row, row->id);
    lianshu_StateChange body = {.version = row->order_version, .state = OBLIGATION_CREATED};
    memcpy(body.id, row->id, sizeof body.id);
    snprintf(body.measure, sizeof body.measure, "%.4s", row->measure);
    snprintf(body.member, sizeof body.member, "%s", row->member);
    row->seq = log_size(core->store->log);
    enum err err = obligation_put(core->store->obligations, row);
    if (err == ERR_EXISTS)
        return OK; /* one member, one measure, one subject: two rules may name it twice */
    if (err != OK)
        return err;
    uint64_t index;
    err = apply_leaf(core, LOG_OBLIGATION_STATE, &lianshu_StateChange_msg, &body, &index);
    if (err != OK || row->member[0] == '\0')
        return err;
    return notices_queue(core, row, index, FORM_IMPOSE);
}

/* A department of the duty that has no member here: shown, owed by nobody yet. Its id names
 * the department, so that a member enrolled later does not collide. */
static enum err create_unassigned(struct core *core, const struct duty *duty,
                                  const struct order_row *order,
                                  const uint8_t token[static STORE_TOKEN_LEN])
{
    uint32_t present = 0;
    for (size_t i = 0; i < registry_member_count(core->opt.registry); i++) {
        const struct registry_member *m = registry_member_at(core->opt.registry, i);
        if (region_contains(duty->scope, m->region))
            present |= UINT32_C(1) << m->department;
    }
    uint32_t missing = duty_unassigned(duty, present);
    for (unsigned bit = 0; bit < 32; bit++) {
        if ((missing >> bit & 1) == 0)
            continue;
        struct obligation row;
        obligation_of(core, duty, order, &row);
        memcpy(row.subject, token, sizeof row.subject);
        struct obligation named = row;
        snprintf(named.member, sizeof named.member, "%s", department_name(bit));
        obligation_id(&named, row.id);
        lianshu_StateChange body = {.version = row.order_version, .state = OBLIGATION_CREATED};
        memcpy(body.id, row.id, sizeof body.id);
        snprintf(body.measure, sizeof body.measure, "%.4s", row.measure);
        row.seq = log_size(core->store->log);
        enum err err = obligation_put(core->store->obligations, &row);
        if (err == ERR_EXISTS)
            continue;
        uint64_t index;
        if (err == OK)
            err = apply_leaf(core, LOG_OBLIGATION_STATE, &lianshu_StateChange_msg, &body, &index);
        if (err != OK)
            return err;
    }
    return OK;
}

/* One duty from the cursor on, at most *rows obligations. *done: no member is left. */
static enum err expand_duty(struct core *core, const struct order_row *order,
                            struct expansion *expansion, size_t *rows, bool *done)
{
    const struct duty *duty = &core->plan.duty[expansion->duty];
    uint8_t token[STORE_TOKEN_LEN];
    enum err err = orders_token(core, &core->plan_body.subject, core->plan_body.persons,
                                core->plan_body.persons_count, duty->subject_index, token);
    size_t at = 0;
    *done = false;
    while (err == OK && *rows > 0) {
        at = registry_next(core->opt.registry, at, (uint32_t)EVERY_DEPARTMENT, duty->scope);
        if (at == SIZE_MAX) {
            *done = true;
            return create_unassigned(core, duty, order, token);
        }
        const struct registry_member *member = registry_member_at(core->opt.registry, at++);
        if (strcmp(member->id, expansion->last_member) <= 0 ||
            !duty_owed_by(duty, order->issuer, member->id))
            continue;
        struct obligation row;
        obligation_of(core, duty, order, &row);
        memcpy(row.member, member->id, sizeof row.member);
        memcpy(row.subject, token, sizeof row.subject);
        err = create(core, &row);
        memcpy(expansion->last_member, member->id, sizeof expansion->last_member);
        (*rows)--;
    }
    return err;
}

static enum err expand_impose(struct core *core, const struct order_row *order,
                              struct expansion *expansion)
{
    enum err err = orders_plan(core, order->id);
    size_t rows = EXPAND_ROWS_MAX;
    while (err == OK && rows > 0 && !expansion->done) {
        bool done;
        err = expand_duty(core, order, expansion, &rows, &done);
        if (err != OK || !done)
            continue;
        expansion->last_member[0] = '\0';
        expansion->duty++;
        expansion->done = expansion->duty == core->plan.duty_count;
    }
    return err;
}

/* A notice that was sealed and not answered: it is not sent again, but may have arrived, so that
 * its end is told as if it had. */
static enum err supersede(struct core *core, const struct obligation *row)
{
    struct queue_row queued;
    enum err err = queue_get(core->store->queue, row->member, row->notice_seq, &queued);
    const struct ending what = {.kind = lianshu_ReceiptKind_RECEIPT_SUPERSEDED, .code = OK};
    if (err == OK)
        err = ending_close(core, &queued, &what);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    return obligations_move(core, row, OBLIGATION_DELIVERED, 0, span_of(NULL, 0), "", NULL);
}

/* The order stands no more: undelivered notices are superseded, everybody who ever received
 * one is told to undo. Walking from the start is harmless: what is done already does not move. */
static enum err lift_one(struct core *core, const struct obligation *row, uint32_t cause,
                         bool *moved)
{
    *moved = false;
    if (row->state == OBLIGATION_CANCELLED || row->state == OBLIGATION_LIFT_DUE ||
        row->state == OBLIGATION_LIFTED)
        return OK;
    *moved = true;
    static const uint8_t unsealed[STORE_ID_LEN] = {0};
    bool told =
        row->state != OBLIGATION_CREATED || memcmp(row->notice_id, unsealed, sizeof unsealed) != 0;
    if (row->member[0] == '\0' || !told) {
        enum err err = row->member[0] == '\0'
                           ? OK
                           : queue_done(core->store->queue, row->member, row->notice_seq);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
        return obligations_move(core, row, OBLIGATION_CANCELLED, cause, span_of(NULL, 0), "", NULL);
    }
    enum err err = row->state == OBLIGATION_CREATED ? supersede(core, row) : OK;
    if (err != OK)
        return err;
    uint64_t seq = log_size(core->store->log);
    err = obligations_move(core, row, OBLIGATION_LIFT_DUE, cause, span_of(NULL, 0), "", NULL);
    return err == OK ? notices_queue(core, row, seq, FORM_LIFT) : err;
}

static enum err expand_lift(struct core *core, const struct order_row *order,
                            struct expansion *expansion)
{
    uint64_t cursor = 0;
    size_t rows = EXPAND_ROWS_MAX;
    while (rows > 0) {
        struct obligation row;
        enum err err = obligation_next_of_order(core->store->obligations, order->id, &cursor, &row);
        if (err == ERR_NOT_FOUND) {
            expansion->done = true;
            return OK;
        }
        bool moved = false;
        if (err == OK)
            err = lift_one(core, &row, order->state, &moved);
        if (err != OK)
            return err;
        rows -= moved;
    }
    return OK;
}

enum err obligations_expand(struct core *core, bool *more)
{
    struct expansion expansion;
    *more = false;
    enum err err = expansion_pending(core->store->obligations, core->stuck_seq, &expansion);
    if (err == ERR_NOT_FOUND)
        return OK;
    if (err != OK)
        return err;
    err = core_begin(core);
    if (err != OK)
        return err;
    /* The order as it stood in that version: what a version ended is undone although a later one
     * renewed it; what it imposed is left to the later one. */
    struct order_row newest;
    struct order_row order;
    uint64_t cursor = 0;
    err = order_get(core->store->orders, expansion.order_id, STORE_NEVER, &newest);
    do {
        if (err == OK)
            err = order_history(core->store->orders, expansion.order_id, &cursor, &order);
    } while (err == OK && order.version != expansion.order_version);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    bool stands = order.state == ORDER_ACTIVE || order.state == ORDER_PENDING;
    if (stands && order.version != newest.version)
        expansion.done = true;
    else if (order.state == ORDER_ACTIVE || order.state == ORDER_PENDING)
        err = expand_impose(core, &order, &expansion);
    else
        err = expand_lift(core, &order, &expansion);
    if (err == ERR_REEXECUTION) {
        /* The rules no longer explain the order: an operator must look, the hub goes on. */
        core->expansion_stuck = true;
        core->stuck_seq = expansion.seq; /* the others go on behind it */
        *more = true;
        return OK;
    }
    if (err == OK)
        err = expansion_put(core->store->obligations, &expansion);
    *more = true; /* perhaps; the next step finds out */
    return err;
}

static enum err seal_reference(struct core *core, const struct obligation *row,
                               const pb_msgdesc_t *desc, const void *body, uint8_t *out, size_t cap,
                               struct span *sealed)
{
    uint8_t plain[OBLIGATION_REFERENCE_MAX];
    struct writer text = writer_of(plain, sizeof plain);
    enum err err = wire_encode(desc, body, &text);
    struct writer w = writer_of(out, cap);
    if (err == OK)
        err = rest_put(core, "obligation", span_of(row->id, sizeof row->id), "reference",
                       writer_span(&text), &w);
    *sealed = writer_span(&w);
    return err;
}

enum err obligations_answer(struct core *core, const struct incoming *in,
                            const struct judgement *judged)
{
    const struct obligation *row = &judged->obligation;
    const lianshu_SanctionAnswer *body = &in->body.answer;
    if (row->state == OBLIGATION_LIFT_DUE || row->state == OBLIGATION_LIFTED)
        return OK; /* overtaken by the lift */
    enum err err = OK;
    if (row->state == OBLIGATION_CREATED)
        err = obligations_move(core, row, OBLIGATION_DELIVERED, 0, span_of(NULL, 0),
                               in->header.sender, NULL);
    uint8_t room[OBLIGATION_REFERENCE_MAX + REST_OVERHEAD];
    struct span sealed;
    if (err == OK)
        err = seal_reference(core, row, &lianshu_SanctionAnswer_msg, body, room, sizeof room,
                             &sealed);
    if (err != OK)
        return err;
    bool accepted = body->answer == lianshu_AnswerKind_ANSWER_ACCEPTED;
    return obligations_move(core, row, accepted ? OBLIGATION_ACCEPTED : OBLIGATION_DECLINED, 0,
                            sealed, in->header.sender, in->facts_hash);
}

enum err obligations_executed(struct core *core, const struct incoming *in,
                              const struct judgement *judged)
{
    const struct obligation *row = &judged->obligation;
    const lianshu_SanctionExecuted *body = &in->body.executed;
    bool lift = body->stage == lianshu_NoticeStage_STAGE_LIFT;
    if (!lift && row->state != OBLIGATION_ACCEPTED)
        return OK; /* overtaken by the lift */
    uint8_t room[OBLIGATION_REFERENCE_MAX + REST_OVERHEAD];
    struct span sealed;
    enum err err =
        seal_reference(core, row, &lianshu_SanctionExecuted_msg, body, room, sizeof room, &sealed);
    if (err != OK)
        return err;
    return obligations_move(core, row, lift ? OBLIGATION_LIFTED : OBLIGATION_EXECUTED, 0, sealed,
                            in->header.sender, in->facts_hash);
}

enum err obligations_delivered(struct core *core, const struct queue_row *queued)
{
    struct obligation row;
    enum err err = obligation_get(core->store->obligations, queued->ref, &row);
    if (err != OK || queued->form != FORM_IMPOSE || row.state != OBLIGATION_CREATED)
        return err;
    return obligations_move(core, &row, OBLIGATION_DELIVERED, 0, span_of(NULL, 0),
                            queued->recipient, NULL);
}
