/* Orders and their changes: rows of state, and what follows from them at once:
 * restrictions (justify.c), the clock, and the expansion that aligns
 * obligations. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

enum {
    CLOCK_ORDERS_MAX = 16 /* orders that the clock moves in one transaction */
};

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

enum err orders_name(struct core *core, const struct incoming *in)
{
    uint8_t handle[STORE_TOKEN_LEN];
    enum err err = in->subject == NULL ? OK
                                       : names_give(core, (uint8_t)in->subject->kind,
                                                    span_str(in->subject->id), handle);
    for (size_t i = 0; err == OK && i < in->person_count; i++)
        err = names_give(core, (uint8_t)lianshu_SubjectKind_SUBJECT_PERSON,
                         span_str(in->persons[i].id), handle);
    return err;
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

enum err orders_state_leaf(struct core *core, const struct order_row *row, const char *by,
                           uint64_t *seq)
{
    static const uint8_t none[HASH_LEN] = {0};
    lianshu_StateChange body = {.version = row->version, .state = row->state};
    memcpy(body.id, row->id, sizeof body.id);
    snprintf(body.by, sizeof body.by, "%s", by);
    if (memcmp(row->change_document, none, HASH_LEN) != 0) {
        body.document.size = HASH_LEN;
        memcpy(body.document.bytes, row->change_document, HASH_LEN);
    }
    return apply_leaf(core, LOG_ORDER_STATE, &lianshu_StateChange_msg, &body, seq);
}

/* The row with the signed document sealed under (order id, version); empty: the
 * clock's. */
static enum err put_row(struct core *core, struct order_row *row, struct span lsd1)
{
    uint8_t key[STORE_ID_LEN + 4];
    struct writer k = writer_of(key, sizeof key);
    write_bytes(&k, row->id, STORE_ID_LEN);
    write_uint(&k, row->version, 4);
    struct writer w = writer_of(core->frame, FRAME_MAX);
    enum err err =
        lsd1.len == 0 ? OK : rest_put(core, "order", writer_span(&k), "document", lsd1, &w);
    if (err != OK)
        return err;
    row->sealed = writer_span(&w);
    return order_put(core->store->orders, row);
}

static bool stands(const struct order_row *row)
{
    return row->state == ORDER_ACTIVE || row->state == ORDER_PENDING;
}

/* The next moment at which the clock alone changes something: the start, the
 * end of a measure, the end of the order. core->plan is that of the row when it
 * stands. */
static uint64_t next_moment(const struct core *core, const struct order_row *row)
{
    uint32_t today = date_from_ms(core->now_ms);
    if (row->state == ORDER_PENDING)
        return date_start_ms(row->start_date);
    if (row->state == ORDER_SUSPENDED)
        return row->end_date == 0 ? 0 : date_end_ms(row->end_date);
    if (row->state != ORDER_ACTIVE)
        return 0;
    uint32_t first = 0;
    for (uint32_t i = 0; i < core->plan.duty_count; i++) {
        uint32_t end = core->plan.duty[i].end_date;
        if (end != 0 && !expansion_over(end, today) && (first == 0 || end < first))
            first = end;
    }
    return first == 0 ? 0 : date_end_ms(first);
}

/* A new row of state is on its way to disk: everything follows it. */
static enum err follow(struct core *core, const struct order_row *row)
{
    /* Rules that no longer explain the order: whoever renews it cannot be obeyed.
     */
    enum err err = stands(row) ? plans_load(core, row->id, row->version) : OK;
    if (err == ERR_REEXECUTION)
        return ERR_ORDER_STATE;
    if (err == OK)
        err = justify_align(core, row, stands(row));
    uint64_t moment = err == OK ? next_moment(core, row) : 0;
    if (err == OK)
        err = order_due(core->store->orders, row->id, moment);
    if (moment != 0)
        core_wake_at(core, moment);
    if (err == OK)
        err = tally_note(core, row->id);
    return err == OK ? expansion_begin(core, row) : err;
}

enum err orders_begin(struct core *core, struct order_row *row, struct span lsd1,
                      const struct decision *plan, const lianshu_SanctionOrder *who)
{
    enum err err = orders_state_leaf(core, row, row->issuer, &row->seq);
    if (err == OK)
        err = put_row(core, row, lsd1);
    if (err == OK)
        err = plans_take(core, row, plan, who);
    return err == OK ? follow(core, row) : err;
}

enum err orders_end(struct core *core, struct order_row *row)
{
    enum err err = orders_state_leaf(core, row, row->changed_by, &row->seq);
    if (err == OK)
        err = put_row(core, row, span_of(NULL, 0));
    return err == OK ? follow(core, row) : err;
}

/* R25: whoever is listed loses what good standing gave: when the order comes, on its first day, and
 * when a stay or a repair by deceit is over; what was given in between is lost then. */
static enum err end_standing(struct core *core, const struct order_row *row)
{
    const char *rules[EVENT_ENDS_MAX];
    uint32_t count = event_ends_on_order(core->opt.rules, rules);
    return count == 0 || row->list[0] == '\0'
               ? OK
               : consequences_end(core, row->subject, rules, count, row->issuer, row->document);
}

/* A correction begins a new episode: what it changes ends by a lift and begins anew. It may bear
 * the date of the decision that it corrects: what was decided since was decided later. */
static enum err follow_on(struct core *core, struct order_row *row)
{
    struct order_row before;
    enum err err = order_get(core->store->orders, row->id, STORE_NEVER, &before);
    row->changed_date = row->decision_date;
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    row->episode = before.episode + 1;
    row->restored_date = before.restored_date;
    if (before.changed_date > row->changed_date)
        row->changed_date = before.changed_date;
    return OK;
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
        .decision_seq = seq,
    };
    enum err err = orders_name(core, in);
    if (err == OK)
        err = orders_token(core, in->subject, in->persons, in->person_count, 0, row.subject);
    if (err == OK)
        err = names_give(core, NAMES_DECISION, span_str(body->decision_number), row.act);
    memcpy(row.id, body->order_id, sizeof row.id);
    if (err == OK)
        err = follow_on(core, &row);
    if (err != OK)
        return err;
    snprintf(row.issuer, sizeof row.issuer, "%s", in->document.issuers[0].member);
    memcpy(row.changed_by, row.issuer, sizeof row.changed_by);
    snprintf(row.list, sizeof row.list, "%s", body->list);
    snprintf(row.trigger, sizeof row.trigger, "%s", body->trigger);
    snprintf(row.rule, sizeof row.rule, "%s",
             judged->decision.rule != NULL ? judged->decision.rule->id : "");
    memcpy(row.document, in->facts_hash, sizeof row.document);
    memcpy(row.change_document, in->facts_hash, sizeof row.change_document);
    ruleset_hash(core->opt.rules, row.rule_set);
    err = row.version == 1 ? end_standing(core, &row) : OK;
    if (err == OK)
        err = orders_begin(core, &row, in->facts_frame, &judged->decision, body);
    if (err != OK)
        return err;
    return store_count(core->store, row.version == 1 ? "orders" : "orders.corrected", 1);
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
    if (body->decision_date > row.changed_date)
        row.changed_date = body->decision_date;
    if (judged->change == CHANGE_RESTORE)
        row.restored_date = body->decision_date;
    row.episode += renewed ? 1 : 0;
    snprintf(row.changed_by, sizeof row.changed_by, "%s", in->document.issuers[0].member);
    memcpy(row.change_document, in->facts_hash, sizeof row.change_document);
    err = renewed ? end_standing(core, &row) : OK;
    if (err == OK)
        err = orders_state_leaf(core, &row, row.changed_by, &row.seq);
    if (err == OK)
        err = put_row(core, &row, in->facts_frame);
    if (err == OK)
        err = follow(core, &row);
    if (err == OK && (row.state == ORDER_LIFTED || row.state == ORDER_ANNULLED))
        err = requests_order_over(core, in, row.id);
    if (err == OK && row.state == ORDER_ANNULLED)
        err = tell_annulled(core, row.id);
    return err == OK ? store_count(core->store, "orders.changed", 1) : err;
}

/* ---- the clock, and relations ---- */

/* A state that the clock made, or that other relations made: nobody signed it.
 */
static enum err move_on(struct core *core, struct order_row *row)
{
    row->changed_by[0] = '\0';
    memset(row->change_document, 0, sizeof row->change_document);
    enum err err = orders_state_leaf(core, row, "", &row->seq);
    if (err == OK)
        err = put_row(core, row, span_of(NULL, 0));
    return err == OK ? follow(core, row) : err;
}

/* Does what is known of relations now make another plan of the order? */
static enum err relations_tell(struct core *core, struct order_row *row, bool *other)
{
    uint8_t before[HASH_LEN];
    uint8_t after[HASH_LEN];
    *other = false;
    if (!stands(row))
        return OK;
    enum err err = plans_load(core, row->id, row->version);
    if (err != OK)
        return err;
    plans_hash(core, before);
    err = plans_known(core, row, log_size(core->store->log));
    if (err != OK)
        return err;
    plans_hash(core, after);
    *other = memcmp(before, after, HASH_LEN) != 0;
    core->plan_loaded = false;
    if (!*other)
        return OK;
    row->known_seq = log_size(core->store->log);
    return replan_record(core, row, "");
}

/* Has a measure of the order reached its end since the row was made? core->plan
 * is the row's. */
static enum err measure_ended(struct core *core, const struct order_row *row, bool *ended)
{
    struct log_entry made;
    enum err err = log_get(core->store->log, row->seq, &made);
    if (err != OK)
        return err;
    uint32_t since = date_from_ms(made.time_ms);
    uint32_t today = date_from_ms(core->now_ms);
    *ended = false;
    for (uint32_t i = 0; i < core->plan.duty_count; i++) {
        uint32_t end = core->plan.duty[i].end_date;
        *ended = *ended || (expansion_over(end, today) && !expansion_over(end, since));
    }
    return OK;
}

static enum err look_at(struct core *core, const uint8_t id[static STORE_ID_LEN])
{
    struct order_row row;
    bool other = false;
    enum err err = order_get(core->store->orders, id, STORE_NEVER, &row);
    if (err == OK)
        err = relations_tell(core, &row, &other);
    if (err == ERR_REEXECUTION) {
        core->expansion_stuck = true; /* an operator must look; the others go on */
        return order_due(core->store->orders, id, core->now_ms + DAY_MS);
    }
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    uint32_t state = (uint32_t)order_state_on((enum order_state)row.state, row.start_date,
                                              row.end_date, date_from_ms(core->now_ms));
    bool ended = false;
    if (state == row.state && !other && stands(&row)) {
        err = plans_load(core, id, row.version);
        if (err == OK)
            err = measure_ended(core, &row, &ended);
        if (err == OK && !ended)
            return order_due(core->store->orders, id, next_moment(core, &row));
    }
    const bool begins = state == ORDER_ACTIVE && row.state == ORDER_PENDING;
    row.state = state;
    if (err == OK && begins)
        err = end_standing(core, &row);
    return err == OK ? move_on(core, &row) : err;
}

static enum err next_due(struct core *core, void *row)
{
    return order_next_due(core->store->orders, core->now_ms, row);
}

static enum err first_due(struct core *core, uint64_t *due_ms)
{
    return order_first_due(core->store->orders, due_ms);
}

static enum err look(struct core *core, void *row)
{
    return look_at(core, row);
}

enum err orders_clock(struct core *core, bool *more)
{
    static const struct due_kind kind = {CLOCK_ORDERS_MAX, next_due, first_due, look};
    uint8_t id[STORE_ID_LEN];
    return due_step(core, &kind, id, more);
}

enum err orders_relations_changed(struct core *core, const uint8_t subject[static STORE_TOKEN_LEN])
{
    uint8_t id[STORE_ID_LEN] = {0};
    struct order_row row;
    enum err err;
    while ((err = order_next_of_subject(core->store->orders, subject, STORE_NEVER, id, &row)) ==
           OK) {
        if (!stands(&row))
            continue;
        err = order_due(core->store->orders, row.id, core->now_ms);
        if (err != OK)
            return err;
        core->work_waiting = true;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}
