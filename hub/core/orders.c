/* Orders and their changes: rows of state, justifications of restrictions, and the expansion
 * that turns duties into obligations. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

enum err orders_token(struct core *core, const lianshu_Subject *subject,
                      const lianshu_Person *persons, size_t person_count, uint32_t index,
                      uint8_t token[static STORE_TOKEN_LEN])
{
    if (index == 0) {
        if (subject == NULL)
            return ERR_FACTS_MISSING;
        return view_token(core, (uint8_t)subject->kind, span_str(subject->id), token);
    }
    if (index > person_count)
        return ERR_CORRUPT;
    return view_token(core, (uint8_t)lianshu_SubjectKind_SUBJECT_PERSON,
                      span_str(persons[index - 1].id), token);
}

enum err orders_unseal(struct core *core, const struct order_row *row, struct writer *lsd1,
                       const pb_msgdesc_t *desc, void *body)
{
    uint8_t key[STORE_ID_LEN + 4];
    struct writer k = writer_of(key, sizeof key);
    write_bytes(&k, row->id, STORE_ID_LEN);
    write_uint(&k, row->version, 4);
    enum err err = rest_get(core, "order", writer_span(&k), "document", row->sealed, lsd1);
    if (err != OK)
        return err;
    struct frame_document frame;
    err = frame_parse_document(writer_span(lsd1), &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, &core->stored);
    if (err == OK)
        err = wire_decode(desc, span_of(core->stored.body.bytes, core->stored.body.size), body);
    /* What we sealed ourselves was whole then. */
    return err == OK ? OK : ERR_CORRUPT;
}

/* What the order was decided to cause: the decision is made again as of the log size that its
 * record names, so that nothing but the record and the document has to be kept. */
static enum err decide_again(struct core *core, const struct order_row *origin)
{
    struct expansion expansion;
    enum err err = expansion_get(core->store->obligations, origin->id, origin->version, &expansion);
    struct decision_row row;
    if (err == OK)
        err = decision_get(core->store->decisions, expansion.seq, &row);
    lianshu_DecisionRecord *record = &core->stored_record;
    if (err == OK)
        err = wire_decode(&lianshu_DecisionRecord_msg, row.record, record);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    struct view_ctx ctx = {core, record->log_size};
    struct view view = view_of(&ctx);
    const char *basis[16];
    for (pb_size_t i = 0; i < core->stored.basis_count; i++)
        basis[i] = core->stored.basis[i];
    const struct decide_input input = {
        .issuer = core->stored.issuers[0].member,
        .basis = basis,
        .basis_count = core->stored.basis_count,
        .now_ms = record->now_ms,
        .calendar = core->opt.calendar,
        .regions = core->opt.regions,
    };
    err = decide_order(core->opt.rules, &view, &input, &core->plan_body, &core->plan, NULL);
    if (err != OK)
        return err;
    return core->plan.err == OK ? OK : ERR_REEXECUTION;
}

enum err orders_plan(struct core *core, const uint8_t id[static STORE_ID_LEN])
{
    if (core->plan_loaded && memcmp(core->plan_order, id, STORE_ID_LEN) == 0)
        return OK;
    core->plan_loaded = false;
    struct order_row origin;
    enum err err = order_origin(core->store->orders, id, &origin);
    if (err != OK)
        return err;
    struct writer lsd1 = writer_of(core->frame, FRAME_MAX);
    err = orders_unseal(core, &origin, &lsd1, &lianshu_SanctionOrder_msg, &core->plan_body);
    if (err == OK)
        err = decide_again(core, &origin);
    if (err != OK)
        return err;
    memcpy(core->plan_order, id, STORE_ID_LEN);
    core->plan_loaded = true;
    return OK;
}

static enum err put_state_leaf(struct core *core, const struct order_row *row, const char *by,
                               uint64_t *seq)
{
    lianshu_StateChange body = {.version = row->version, .state = row->state};
    memcpy(body.id, row->id, sizeof body.id);
    snprintf(body.by, sizeof body.by, "%s", by);
    body.document.size = HASH_LEN;
    memcpy(body.document.bytes, row->change_document, HASH_LEN);
    return apply_leaf(core, LOG_ORDER_STATE, &lianshu_StateChange_msg, &body, seq);
}

/* The row with the signed document sealed under (order id, version). */
static enum err put_row(struct core *core, struct order_row *row, struct span lsd1)
{
    uint8_t key[STORE_ID_LEN + 4];
    struct writer k = writer_of(key, sizeof key);
    write_bytes(&k, row->id, STORE_ID_LEN);
    write_uint(&k, row->version, 4);
    struct writer w = writer_of(core->frame, FRAME_MAX);
    enum err err = rest_put(core, "order", writer_span(&k), "document", lsd1, &w);
    if (err != OK)
        return err;
    row->sealed = writer_span(&w);
    return order_put(core->store->orders, row);
}

void orders_basis(const struct duty *duty, char out[static STORE_BASIS_MAX + 1])
{
    enum { ROOM = STORE_BASIS_MAX + 1 };
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < duty->basis_count && len < ROOM; i++) {
        int n = snprintf(out + len, ROOM - len, "%s%s", i > 0 ? " " : "", duty->basis[i]);
        len += n > 0 ? (size_t)n : 0;
    }
}

/* What the duties restrict, under the order's present version. */
static enum err justify(struct core *core, const struct decision *plan,
                        const struct order_row *order, const lianshu_SanctionOrder *body)
{
    for (uint32_t i = 0; i < plan->duty_count; i++) {
        const struct duty *duty = &plan->duty[i];
        if (!duty->restricts)
            continue;
        struct justification row = {
            .order_version = order->version,
            .subject_index = duty->subject_index,
            .force = (uint32_t)duty->force,
            .start_date = duty->start_date,
            .end_date = duty->end_date,
            .begun_seq = order->seq,
        };
        enum err err = orders_token(core, &body->subject, body->persons, body->persons_count,
                                    duty->subject_index, row.subject);
        if (err != OK)
            return err;
        memcpy(row.order_id, order->id, sizeof row.order_id);
        memcpy(row.scope, duty->scope, sizeof row.scope);
        snprintf(row.measure, sizeof row.measure, "%s", duty->measure);
        snprintf(row.rule, sizeof row.rule, "%s", duty->rule);
        snprintf(row.list, sizeof row.list, "%s", order->list);
        orders_basis(duty, row.basis);
        err = restriction_add(core->store->restrictions, &row);
        /* Two departments may owe the same measure: one justification. */
        if (err != OK && err != ERR_EXISTS)
            return err;
    }
    return OK;
}

static enum err begin_expansion(struct core *core, const struct order_row *order, uint64_t seq)
{
    struct expansion expansion = {.order_version = order->version, .seq = seq};
    memcpy(expansion.order_id, order->id, sizeof expansion.order_id);
    core->work_waiting = true;
    return expansion_put(core->store->obligations, &expansion);
}

enum err orders_impose(struct core *core, struct incoming *in, const struct judgement *judged,
                       uint64_t seq)
{
    const lianshu_SanctionOrder *body = &in->body.order;
    struct order_row row = {
        .version = judged->decision.version,
        .state = (uint32_t)judged->decision.state,
        .severity = (uint32_t)body->severity,
        .act_date = body->act_date,
        .decision_date = body->decision_date,
        .start_date = body->start_date,
        .repair_date = body->earliest_repair_date,
        .max_date = body->max_date,
        .end_date = judged->decision.end_date,
    };
    enum err err = orders_token(core, in->subject, in->persons, in->person_count, 0, row.subject);
    if (err == OK)
        err = view_token(core, 0, span_str(body->decision_number), row.act);
    if (err != OK)
        return err;
    memcpy(row.id, body->order_id, sizeof row.id);
    snprintf(row.issuer, sizeof row.issuer, "%s", in->document.issuers[0].member);
    memcpy(row.changed_by, row.issuer, sizeof row.changed_by);
    snprintf(row.list, sizeof row.list, "%s", body->list);
    snprintf(row.trigger, sizeof row.trigger, "%s", body->trigger);
    snprintf(row.rule, sizeof row.rule, "%s",
             judged->decision.rule != NULL ? judged->decision.rule->id : "");
    memcpy(row.document, in->facts_hash, sizeof row.document);
    memcpy(row.change_document, in->facts_hash, sizeof row.change_document);
    ruleset_hash(core->opt.rules, row.rule_set);
    err = put_state_leaf(core, &row, row.issuer, &row.seq);
    if (err == OK)
        err = put_row(core, &row, in->facts_frame);
    if (err == OK)
        err = justify(core, &judged->decision, &row, body);
    if (err == OK)
        err = begin_expansion(core, &row, seq);
    return err == OK ? store_count(core->store, "orders", 1) : err;
}

/* End what the order justified, as of the leaf of its new state. */
static enum err end_justifications(struct core *core, const struct order_row *row)
{
    for (;;) {
        struct justification ended;
        bool last;
        enum err err =
            restriction_end_next(core->store->restrictions, row->id, row->seq, &ended, &last);
        if (err == ERR_NOT_FOUND)
            return OK;
        if (err != OK)
            return err;
    }
}

/* Resume and restore: the order's own duties stand again, in a new episode. */
static enum err renew(struct core *core, const struct order_row *row)
{
    enum err err = orders_plan(core, row->id);
    /* Rules that no longer explain the order: the sender's request cannot be met. */
    if (err == ERR_REEXECUTION)
        return ERR_ORDER_STATE;
    return err == OK ? justify(core, &core->plan, row, &core->plan_body) : err;
}

enum err orders_change(struct core *core, struct incoming *in, const struct judgement *judged)
{
    const lianshu_SanctionChange *body = &in->body.change;
    struct order_row row;
    enum err err = order_get(core->store->orders, body->order_id, STORE_NEVER, &row);
    if (err != OK)
        return err;
    bool renewed = judged->change == CHANGE_RESUME || judged->change == CHANGE_RESTORE;
    row.version = judged->decision.version;
    row.state = (uint32_t)judged->decision.state;
    row.episode += renewed ? 1 : 0;
    snprintf(row.changed_by, sizeof row.changed_by, "%s", in->document.issuers[0].member);
    memcpy(row.change_document, in->facts_hash, sizeof row.change_document);
    err = put_state_leaf(core, &row, row.changed_by, &row.seq);
    if (err == OK)
        err = put_row(core, &row, in->facts_frame);
    if (err == OK)
        err = renewed ? renew(core, &row) : end_justifications(core, &row);
    if (err == OK)
        err = begin_expansion(core, &row, row.seq);
    return err == OK ? store_count(core->store, "orders.changed", 1) : err;
}
