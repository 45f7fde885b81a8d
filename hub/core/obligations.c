/* The ledger of who owes what: making an obligation, moving it, and the answers
 * of those who owe. What makes and ends them: expansion.c, lifts.c, backfill.c;
 * their clocks: warnings.c. */
#include "core/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lianshu_StateChange change_of(const struct obligation *row, uint32_t state, const char *by)
{
    lianshu_StateChange body = {.version = row->order_version, .state = state};
    memcpy(body.id, row->id, sizeof body.id);
    snprintf(body.by, sizeof body.by, "%s", by);
    snprintf(body.measure, sizeof body.measure, "%.4s", row->measure);
    snprintf(body.member, sizeof body.member, "%s", row->member);
    return body;
}

static enum err write_leaf(struct core *core, const struct obligation *row, uint32_t state,
                           const char *by, const uint8_t *document, uint64_t *leaf)
{
    lianshu_StateChange body = change_of(row, state, by);
    if (document != NULL) {
        body.document.size = HASH_LEN;
        memcpy(body.document.bytes, document, HASH_LEN);
    }
    return apply_leaf(core, LOG_OBLIGATION_STATE, &lianshu_StateChange_msg, &body, leaf);
}

enum err obligations_move(struct core *core, struct obligation *row, uint32_t to, uint32_t cause,
                          struct span sealed, const char *by, const uint8_t *document)
{
    enum err err = obligation_move(core->store->obligations, row->id, (enum obligation_state)to,
                                   cause, sealed, core->now_ms);
    if (err != OK)
        return err;
    row->state = (enum obligation_state)to;
    err = warnings_schedule(core, row);
    uint64_t leaf;
    if (err == OK)
        err = tally_note(core, row->order_id);
    if (err == OK)
        err = write_leaf(core, row, to, by, document, &leaf);
    return err == OK && to == OBLIGATION_EXECUTED
               ? store_count(core->store, "obligations.executed", 1)
               : err;
}

enum err obligations_end(struct core *core, struct obligation *row, uint32_t to, uint32_t cause)
{
    if (!obligation_may(row->state, (enum obligation_state)to))
        return ERR_OBLIGATION;
    row->state = (enum obligation_state)to;
    row->cause = cause;
    row->changed_ms = row->ended_ms = core->now_ms;
    row->next_due_ms = warnings_next(core, row);
    if (row->next_due_ms != 0)
        core_wake_at(core, row->next_due_ms);
    enum err err = obligation_ended(core->store->obligations, row);
    if (err == OK)
        err = tally_note(core, row->order_id);
    uint64_t leaf;
    return err == OK ? write_leaf(core, row, to, "", NULL, &leaf) : err;
}

/* Where it lies among all: those of one order, made member by member, stand side by side in the
 * index. Under a hash alone each would take a page of its own to the disk. */
static void put_place(struct writer *w, const struct obligation *row)
{
    struct member member = {.department = row->department};
    if (member_parse(row->member, &member) != OK) /* owed by nobody yet: no region */
        member = (struct member){.department = row->department};
    write_bytes(w, row->order_id, 2);
    write_uint(w, member.department, 1);
    write_uint(w, strtoul(member.region, NULL, 10), 3); /* six digits, or none */
}

/* 2 of the order ‖ u8 department ‖ u24 region ‖ SHA-256(L("obligation") ‖ order ‖ u32 episode ‖
 * u8|measure| ‖ measure ‖ u8|member| ‖ member ‖ subject)[0..10): the same obligation has the same
 * id however often it is expanded. Of an unassigned one the department stands in
 * place of the member, so that a member enrolled later does not collide. */
void obligations_id(const struct obligation *row, uint8_t out[static STORE_ID_LEN])
{
    const char *holder = row->member[0] != '\0' ? row->member : department_name(row->department);
    uint8_t bytes[256];
    struct writer w = writer_of(bytes, sizeof bytes);
    write_span(&w, LABEL("obligation"));
    write_bytes(&w, row->order_id, sizeof row->order_id);
    write_uint(&w, row->episode, 4);
    write_uint(&w, strlen(row->measure), 1);
    write_span(&w, span_str(row->measure));
    write_uint(&w, strlen(holder), 1);
    write_span(&w, span_str(holder));
    write_bytes(&w, row->subject, sizeof row->subject);
    uint8_t hash[HASH_LEN];
    hash_bytes(hash, writer_span(&w));
    struct writer id = writer_of(out, STORE_ID_LEN);
    put_place(&id, row);
    write_bytes(&id, hash, STORE_ID_LEN - id.len);
}

bool obligations_live(const struct obligation *row)
{
    return row->state != OBLIGATION_CANCELLED && row->state != OBLIGATION_LIFT_DUE &&
           row->state != OBLIGATION_LIFTED;
}

static void fill(const struct core *core, const struct owed *what, struct obligation *out)
{
    const struct duty *duty = &core->plan.duty[what->duty];
    *out = (struct obligation){
        .order_version = what->order->version,
        .subject_index = duty->subject_index,
        .force = (uint32_t)duty->force,
        .start_date = duty->start_date,
        .end_date = duty->end_date,
        .episode = what->order->episode,
        .state = OBLIGATION_CREATED,
        .department = what->department,
        .begun_ms = what->from_ms,
        .created_ms = core->now_ms,
        .changed_ms = core->now_ms,
    };
    memcpy(out->order_id, what->order->id, sizeof out->order_id);
    memcpy(out->subject, core->plan_token[what->duty], sizeof out->subject);
    snprintf(out->member, sizeof out->member, "%s", what->member);
    snprintf(out->measure, sizeof out->measure, "%s", duty->measure);
    snprintf(out->rule, sizeof out->rule, "%s", duty->rule);
    orders_basis(duty, out->basis);
}

/* Is it owed already, since an earlier episode that was not ended? *stayed: the
 * last one before, when a stay ended it; its id is zeros otherwise. */
static enum err look_back(struct core *core, const struct obligation *row, bool *owed,
                          struct obligation *stayed)
{
    struct obligation at = *row;
    *owed = false;
    memset(stayed, 0, sizeof *stayed);
    for (uint32_t episode = row->episode; episode > 0 && !*owed; episode--) {
        struct obligation before;
        at.episode = episode - 1;
        obligations_id(&at, at.id);
        enum err err = obligation_get(core->store->obligations, at.id, &before);
        if (err == ERR_NOT_FOUND)
            continue;
        if (err != OK)
            return err;
        *owed = obligations_live(&before);
        if (at.episode + 1 == row->episode && before.cause == ORDER_SUSPENDED)
            *stayed = before;
    }
    return OK;
}

enum err obligations_stayed(struct core *core, const struct obligation *row,
                            struct obligation *stayed)
{
    bool owed;
    return look_back(core, row, &owed, stayed);
}

enum err obligations_recounted(struct core *core, const struct obligation *row)
{
    lianshu_StateChange body = change_of(row, row->state, "");
    uint64_t leaf;
    body.answer_due_ms = row->answer_due_ms;
    body.execute_due_ms = row->execute_due_ms;
    body.lift_due_ms = row->lift_due_ms;
    enum err err = obligation_recounted(core->store->obligations, row);
    if (err == OK)
        err = tally_note(core, row->order_id); /* it may be overdue no more */
    if (err == OK)
        err = apply_leaf(core, LOG_OBLIGATION_STATE, &lianshu_StateChange_msg, &body, &leaf);
    if (row->next_due_ms != 0)
        core_wake_at(core, row->next_due_ms);
    return err == OK ? store_count(core->store, "terms.recounted", 1) : err;
}

enum err obligations_make(struct core *core, const struct owed *what)
{
    struct obligation row;
    struct obligation stayed;
    bool owed;
    fill(core, what, &row);
    obligations_id(&row, row.id);
    enum err err = look_back(core, &row, &owed, &stayed);
    if (err != OK || owed)
        return err;
    err = warnings_terms(core, &core->plan.duty[what->duty], &stayed, &row);
    if (err != OK)
        return err;
    row.next_due_ms = warnings_next(core, &row);
    row.seq = log_size(core->store->log);
    row.notice_seq = row.member[0] == '\0' ? 0 : row.seq; /* the leaf of its own that follows */
    err = obligation_put(core->store->obligations, &row);
    if (err == ERR_EXISTS)
        return OK; /* one member, one measure, one subject: two rules may name it
                      twice */
    uint64_t leaf;
    if (err == OK)
        err = tally_note(core, row.order_id);
    if (err == OK)
        err = write_leaf(core, &row, OBLIGATION_CREATED, "", NULL, &leaf);
    if (err != OK || row.member[0] == '\0')
        return err;
    return notices_put(core, &row, leaf, FORM_IMPOSE);
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
    struct obligation row = judged->obligation;
    const lianshu_SanctionAnswer *body = &in->body.answer;
    if (!obligations_live(&row))
        return OK; /* overtaken by the lift */
    enum err err = OK;
    if (row.state == OBLIGATION_CREATED)
        err = obligations_move(core, &row, OBLIGATION_DELIVERED, 0, span_of(NULL, 0),
                               in->header.sender, NULL);
    uint8_t room[OBLIGATION_REFERENCE_MAX + REST_OVERHEAD];
    struct span sealed;
    if (err == OK)
        err = seal_reference(core, &row, &lianshu_SanctionAnswer_msg, body, room, sizeof room,
                             &sealed);
    if (err != OK)
        return err;
    bool accepted = body->answer == lianshu_AnswerKind_ANSWER_ACCEPTED;
    return obligations_move(core, &row, accepted ? OBLIGATION_ACCEPTED : OBLIGATION_DECLINED, 0,
                            sealed, in->header.sender, in->facts_hash);
}

enum err obligations_executed(struct core *core, const struct incoming *in,
                              const struct judgement *judged)
{
    struct obligation row = judged->obligation;
    const lianshu_SanctionExecuted *body = &in->body.executed;
    bool lift = body->stage == lianshu_NoticeStage_STAGE_LIFT;
    if (!lift && row.state != OBLIGATION_ACCEPTED)
        return OK; /* overtaken by the lift */
    uint8_t room[OBLIGATION_REFERENCE_MAX + REST_OVERHEAD];
    struct span sealed;
    enum err err =
        seal_reference(core, &row, &lianshu_SanctionExecuted_msg, body, room, sizeof room, &sealed);
    if (err != OK)
        return err;
    return obligations_move(core, &row, lift ? OBLIGATION_LIFTED : OBLIGATION_EXECUTED, row.cause,
                            sealed, in->header.sender, in->facts_hash);
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
