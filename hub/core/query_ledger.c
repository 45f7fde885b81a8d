/* Orders, obligations and restrictions as JSON. */
#include "core/query.h"

#include "base/clock.h"

#include <string.h>

static const char *const obligation_words[OBLIGATION_STATES] = {
    [OBLIGATION_CREATED] = "created",   [OBLIGATION_DELIVERED] = "delivered",
    [OBLIGATION_ACCEPTED] = "accepted", [OBLIGATION_DECLINED] = "declined",
    [OBLIGATION_EXECUTED] = "executed", [OBLIGATION_CANCELLED] = "cancelled",
    [OBLIGATION_LIFT_DUE] = "lift_due", [OBLIGATION_LIFTED] = "lifted",
};

static const char *const order_words[ORDER_STATES] = {
    [ORDER_NONE] = "none",           [ORDER_PENDING] = "pending", [ORDER_ACTIVE] = "active",
    [ORDER_SUSPENDED] = "suspended", [ORDER_LIFTED] = "lifted",   [ORDER_EXPIRED] = "expired",
    [ORDER_ANNULLED] = "annulled",
};

static const char *const force_words[] = {"none", "must", "consider", "notify"};

const char *query_obligation_word(uint32_t state)
{
    return state < OBLIGATION_STATES && obligation_words[state] != NULL ? obligation_words[state]
                                                                        : "?";
}

const char *query_order_word(uint32_t state)
{
    return state < ORDER_STATES ? order_words[state] : "?";
}

static const char *force_word(uint32_t force)
{
    return force < sizeof force_words / sizeof force_words[0] ? force_words[force] : "?";
}

static void put_order(struct json *row, const struct order_row *order)
{
    json_put_hex(row, "order", span_of(order->id, sizeof order->id));
    json_put_uint(row, "version", order->version);
    json_put_text(row, "state", query_order_word(order->state));
    json_put_text(row, "issuer", order->issuer);
    json_put_text(row, "changed_by", order->changed_by);
    json_put_text(row, "list", order->list);
    json_put_text(row, "trigger", order->trigger);
    json_put_text(row, "rule", order->rule);
    json_put_date(row, "decision_date", order->decision_date);
    json_put_date(row, "start_date", order->start_date);
    json_put_date(row, "end_date", order->end_date);
    json_put_uint(row, "episode", order->episode);
    json_put_hex(row, "document", span_of(order->document, sizeof order->document));
}

void query_put_obligation(const struct core *core, struct json *row, const struct obligation *o)
{
    json_put_hex(row, "obligation", span_of(o->id, sizeof o->id));
    json_put_hex(row, "order", span_of(o->order_id, sizeof o->order_id));
    json_put_text(row, "member", o->member);
    json_put_text(row, "measure", o->measure);
    const struct rule_measure *measure = ruleset_measure(core->opt.rules, o->measure);
    json_put_text(row, "measure_zh", measure != NULL ? measure->zh : "");
    json_put_text(row, "measure_en", measure != NULL ? measure->en : "");
    json_put_text(row, "force", force_word(o->force));
    json_put_text(row, "state", query_obligation_word(o->state));
    bool unassigned = o->member[0] == '\0';
    uint64_t overdue_ms = warnings_overdue_ms(o, core->now_ms);
    json_put_flag(row, "unassigned", unassigned && obligations_live(o));
    if (unassigned)
        json_put_text(row, "department", department_name(o->department));
    json_put_uint(row, "episode", o->episode);
    json_put_uint(row, "version", o->order_version);
    json_put_flag(row, "overdue", overdue_ms > 0);
    json_put_uint(row, "overdue_hours", (overdue_ms + HOUR_MS - 1) / HOUR_MS);
    json_put_uint(row, "warned_percent",
                  o->warned > o->answer_warned ? o->warned : o->answer_warned);
    json_put_uint(row, "subject_index", o->subject_index);
    json_put_text(row, "rule", o->rule);
    json_put_text(row, "basis", o->basis);
    json_put_date(row, "start_date", o->start_date);
    json_put_date(row, "end_date", o->end_date);
    json_put_ms(row, "answer_due", o->answer_due_ms);
    json_put_ms(row, "execute_due", o->execute_due_ms);
    if (o->ended_ms != 0)
        json_put_ms(row, "ended", o->ended_ms);
    if (o->lift_due_ms != 0)
        json_put_ms(row, "lift_due", o->lift_due_ms);
    json_put_ms(row, "created", o->created_ms);
    json_put_ms(row, "changed", o->changed_ms);
}

/* Why its notice was put off: its member has no valid key, say. */
static enum err put_waiting(struct core *core, struct json *item, const struct obligation *o)
{
    struct queue_row queued;
    char label[ERR_LABEL_LEN + 1];
    if (o->member[0] == '\0' || o->notice_seq == 0 || notices_sealed(o->notice_id))
        return OK;
    enum err err = queue_get(core->store->queue, o->member, o->notice_seq, &queued);
    if (err != OK || queued.code == 0)
        return err == ERR_NOT_FOUND ? OK : err;
    const enum err why = err_from_code(queued.code);
    err_label(why, label);
    json_put_text(item, "waits", label);
    json_put_text(item, "waits_zh", err_zh(why));
    json_put_text(item, "waits_en", err_en(why));
    return OK;
}

/* Which obligations are asked for; NULL: whatever. */
struct filter {
    const char *state;
    const char *member;
    bool overdue;
};

static bool passes(const struct query *q, const struct filter *f, const struct obligation *row)
{
    return (f->state == NULL || strcmp(query_obligation_word(row->state), f->state) == 0) &&
           (f->member == NULL || strcmp(row->member, f->member) == 0) &&
           (!f->overdue || warnings_overdue_ms(row, q->core->now_ms) > 0);
}

/* *only NULL: all orders. */
static enum err list_obligations(struct query *q, const uint8_t *only, const struct filter *filter)
{
    struct json *list = json_list();
    uint64_t cursor = 0;
    struct obligation row;
    for (;;) {
        enum err err = only != NULL ? obligation_next_of_order(q->core->store->obligations, only,
                                                               &cursor, &row)
                                    : obligation_next(q->core->store->obligations, &cursor, &row);
        if (err == ERR_NOT_FOUND)
            break;
        if (err != OK)
            return err;
        if (!passes(q, filter, &row))
            continue;
        struct json *item = json_map();
        query_put_obligation(q->core, item, &row);
        err = put_waiting(q->core, item, &row);
        json_add(list, item);
        if (err != OK) {
            json_close(&list);
            return err;
        }
    }
    json_put(q->answer, "obligations", list);
    return OK;
}

/* What was asked about the order, by whom, of whom, until when. */
static enum err list_redress(struct query *q, const uint8_t id[static STORE_ID_LEN])
{
    static const char *const kinds[REQUEST_KINDS] = {
        [REQUEST_REPAIR] = "repair",
        [REQUEST_OBJECTION] = "objection",
        [REQUEST_EVIDENCE] = "evidence",
        [REQUEST_LIFT] = "lift_expected",
    };
    static const char *const outcomes[REQUEST_OUTCOMES] = {
        [REQUEST_OPEN] = "open",         [REQUEST_UPHELD] = "upheld",
        [REQUEST_REFUSED] = "refused",   [REQUEST_ACCEPTED] = "accepted",
        [REQUEST_ANSWERED] = "answered",
    };
    static const char *const stages[REQUEST_STAGES] = {
        [REQUEST_ANSWER] = "answer",
        [REQUEST_RECEIPT] = "receipt",
        [REQUEST_EXTENDED] = "extended",
    };
    struct json *list = json_list();
    uint64_t cursor = 0;
    struct request row;
    bool shown = false;
    enum err err;
    while ((err = request_next_of_order(q->core->store->requests, id, &cursor, &row)) == OK) {
        struct json *item = json_map();
        bool open = row.outcome == REQUEST_OPEN;
        uint64_t now_ms = q->core->now_ms;
        uint64_t over_ms =
            open && row.due_ms != 0 && row.due_ms <= now_ms ? now_ms - row.due_ms + 1 : 0;
        shown = shown || (open && row.shown);
        json_put_text(item, "kind", kinds[row.kind]);
        json_put_text(item, "outcome", outcomes[row.outcome]);
        json_put_text(item, "stage", stages[row.stage]);
        json_put_flag(item, "late", row.late);
        json_put_hex(item, "document_id", span_of(row.document, sizeof row.document));
        json_put_text(item, "asker", row.asker);
        json_put_text(item, "owner", row.owner);
        json_put_text(item, "clock", row.clock);
        json_put_ms(item, "opened", row.opened_ms);
        if (row.due_ms != 0)
            json_put_ms(item, "due", row.due_ms);
        if (row.receiver[0] != '\0')
            json_put_text(item, "receiver", row.receiver);
        if (row.received_ms != 0)
            json_put_ms(item, "received", row.received_ms);
        if (row.closed_ms != 0)
            json_put_ms(item, "closed", row.closed_ms);
        json_put_flag(item, "overdue", over_ms > 0);
        json_put_uint(item, "overdue_hours", (over_ms + HOUR_MS - 1) / HOUR_MS);
        json_add(list, item);
    }
    json_put(q->answer, "redress", list);
    json_put_flag(q->answer, "under_objection", shown);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err query_order(struct query *q)
{
    uint8_t id[STORE_ID_LEN];
    if (!query_hex(q, "id", id, sizeof id))
        return ERR_FIELD_VALUE;
    struct order_row row;
    enum err err = order_get(q->core->store->orders, id, STORE_NEVER, &row);
    if (err != OK)
        return err;
    put_order(q->answer, &row);
    const uint32_t newest = row.version;
    struct json *history = json_list();
    uint64_t cursor = 0;
    while ((err = order_history(q->core->store->orders, id, &cursor, &row)) == OK) {
        struct json *item = json_map();
        put_order(item, &row);
        json_add(history, item);
    }
    json_put(q->answer, "history", history);
    if (err == ERR_NOT_FOUND)
        err = query_put_versions(q, id, newest);
    if (err == OK)
        err = query_put_tallies(q, id);
    if (err == OK)
        err = list_redress(q, id);
    return err == OK ? list_obligations(q, id, &(struct filter){0}) : err;
}

enum err query_orders(struct query *q)
{
    struct json *list = json_list();
    uint8_t id[STORE_ID_LEN] = {0};
    struct order_row row;
    enum err err;
    while ((err = order_next(q->core->store->orders, id, &row)) == OK) {
        struct json *item = json_map();
        put_order(item, &row);
        json_add(list, item);
    }
    json_put(q->answer, "orders", list);
    return err == ERR_NOT_FOUND ? query_put_lists(q) : err;
}

enum err query_obligations(struct query *q)
{
    uint8_t id[STORE_ID_LEN];
    bool only = json_get_text(q->args, "order") != NULL;
    if (only && !query_hex(q, "order", id, sizeof id))
        return ERR_FIELD_VALUE;
    const char *overdue = json_get_text(q->args, "overdue");
    const struct filter filter = {.state = json_get_text(q->args, "state"),
                                  .member = json_get_text(q->args, "member"),
                                  .overdue = overdue != NULL && strcmp(overdue, "yes") == 0};
    enum err err = list_obligations(q, only ? id : NULL, &filter);
    return err == OK && only ? query_put_tallies(q, id) : err;
}

static bool kind_of(const char *word, uint8_t *kind)
{
    static const struct {
        const char *word;
        lianshu_SubjectKind kind;
    } rows[] = {
        {"enterprise", lianshu_SubjectKind_SUBJECT_ENTERPRISE},
        {"individual_business", lianshu_SubjectKind_SUBJECT_INDIVIDUAL_BUSINESS},
        {"institution", lianshu_SubjectKind_SUBJECT_INSTITUTION},
        {"person", lianshu_SubjectKind_SUBJECT_PERSON},
        {"product", lianshu_SubjectKind_SUBJECT_PRODUCT},
        {"batch", lianshu_SubjectKind_SUBJECT_BATCH},
    };
    for (size_t i = 0; word != NULL && i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].word, word) == 0) {
            *kind = (uint8_t)rows[i].kind;
            return true;
        }
    }
    return false;
}

enum err query_restrictions(struct query *q)
{
    struct core *core = q->core;
    const char *id = json_get_text(q->args, "id");
    uint8_t kind;
    uint8_t token[STORE_TOKEN_LEN];
    if (id == NULL || !kind_of(json_get_text(q->args, "kind"), &kind))
        return ERR_FIELD_VALUE;
    enum err err = subject_id_check((lianshu_SubjectKind)kind, id);
    if (err == OK)
        err = view_token(core, kind, span_str(id), token);
    if (err != OK)
        return err;
    char mask[IDENT_MASK_MAX];
    ident_mask(id, mask, sizeof mask);
    json_put_text(q->answer, "subject", mask);
    struct json *list = json_list();
    struct restriction_cursor cursor = {0};
    struct justification row;
    while ((err = restriction_next(core->store->restrictions, token, date_from_ms(core->now_ms),
                                   STORE_NEVER, &cursor, &row)) == OK) {
        struct json *item = json_map();
        json_put_text(item, "measure", row.measure);
        json_put_text(item, "force", force_word(row.force));
        json_put_text(item, "scope", row.scope);
        json_put_hex(item, "order", span_of(row.order_id, sizeof row.order_id));
        json_put_uint(item, "version", row.order_version);
        json_put_text(item, "list", row.list);
        json_put_text(item, "rule", row.rule);
        json_put_text(item, "basis", row.basis);
        json_put_date(item, "start_date", row.start_date);
        json_put_date(item, "end_date", row.end_date);
        json_add(list, item);
    }
    json_put(q->answer, "restrictions", list);
    json_put_ms(q->answer, "at", core->now_ms);
    return err == ERR_NOT_FOUND ? OK : err;
}
