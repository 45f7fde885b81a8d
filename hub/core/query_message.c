/* One envelope, and why things are as they are, as JSON. */
#include "core/query.h"

#include "policy/explain.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = EXPLAIN_TEXT_MAX, COURSE_MAX = 64 };

static enum err find_message(struct query *q, struct message_row *row)
{
    uint8_t id[HASH_LEN];
    if (query_hex(q, "id", id, HASH_LEN))
        return message_find(q->core->store->messages, span_of(id, HASH_LEN), row);
    if (query_hex(q, "id", id, STORE_ID_LEN))
        return message_find(q->core->store->messages, span_of(id, STORE_ID_LEN), row);
    return ERR_FIELD_VALUE;
}

static void put_receipt(struct query *q, uint64_t leaf)
{
    struct span body;
    lianshu_Receipt receipt;
    struct json *item = NULL;
    if (log_body(q->core->store->log, leaf, &body) == OK &&
        wire_decode(&lianshu_Receipt_msg, body, &receipt) == OK &&
        json_from_message(&item, &lianshu_Receipt_msg, &receipt) == OK)
        json_put(q->answer, "receipt", item);
}

/* What was said of it, the newest first. */
static enum err put_course(struct query *q, const struct message_row *message)
{
    struct json *list = json_list();
    uint64_t leaf = message->last_leaf;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < COURSE_MAX; i++) {
        struct chain_receipt at;
        lianshu_Receipt receipt;
        err = chain_next(q->core, &leaf, &at);
        if (err == OK)
            err = chain_read(q->core, &at, &receipt);
        if (err != OK)
            break;
        struct json *item = json_map();
        json_put_ms(item, "time", receipt.time_ms);
        json_put_text(item, "stage", receipt_kind_name(receipt.kind));
        json_put_text(item, "stage_zh", receipt_kind_zh(receipt.kind));
        json_put_text(item, "by", receipt.by);
        json_put_text(item, "about", receipt.about);
        json_put_uint(item, "code", receipt.code);
        json_put_text(item, "code_zh", err_zh(err_from_code(receipt.code)));
        json_put_text(item, "code_en", err_en(err_from_code(receipt.code)));
        json_add(list, item);
    }
    json_put(q->answer, "course", list);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err put_waiting(struct query *q, const struct message_row *message)
{
    struct json *list = json_list();
    for (size_t i = 0; i < registry_member_count(q->core->opt.registry); i++) {
        const struct registry_member *m = registry_member_at(q->core->opt.registry, i);
        struct queue_row row;
        enum err err = queue_get(q->core->store->queue, m->id, message->seq, &row);
        if (err == ERR_NOT_FOUND)
            continue;
        if (err != OK)
            return err;
        static const char *const words[] = {"ready", "waiting", "held", "parked"};
        struct json *item = json_map();
        json_put_text(item, "recipient", row.recipient);
        json_put_text(item, "state", row.state < 4 ? words[row.state] : "?");
        json_put_flag(item, "in_flight", queue_lessee(q->core->store->queue, m->id, row.seq) != 0);
        json_put_uint(item, "attempts", row.attempts);
        json_put_uint(item, "delivery_number", row.number);
        json_put_ms(item, "due", row.due_ms);
        json_put_uint(item, "code", row.code);
        json_add(list, item);
    }
    json_put(q->answer, "waiting", list);
    return OK;
}

enum err query_trace(struct query *q)
{
    struct message_row row;
    enum err err = find_message(q, &row);
    if (err != OK)
        return err;
    const struct document_type *type = type_find(row.type);
    json_put_hex(q->answer, "envelope", span_of(row.env_id, sizeof row.env_id));
    json_put_hex(q->answer, "message_id", span_of(row.id, sizeof row.id));
    json_put_text(q->answer, "sender", row.sender);
    json_put_text(q->answer, "type", type != NULL ? type->name : "?");
    json_put_text(q->answer, "type_zh", type != NULL ? type->zh : "?");
    json_put_text(q->answer, "stage", receipt_kind_name((lianshu_ReceiptKind)row.stage));
    json_put_text(q->answer, "stage_zh", receipt_kind_zh((lianshu_ReceiptKind)row.stage));
    json_put_uint(q->answer, "code", row.code);
    json_put_ms(q->answer, "created", row.created_ms);
    json_put_ms(q->answer, "accepted", row.accepted_ms);
    json_put_ms(q->answer, "expires", row.expires_ms);
    json_put_hex(q->answer, "conversation", span_of(row.conversation, sizeof row.conversation));
    json_put_uint(q->answer, "recipients_open", row.open);
    json_put_uint(q->answer, "log_index", row.seq);
    if (strcmp(row.sender, q->core->opt.member) != 0 ||
        row.type == lianshu_DocumentType_TYPE_PROBE) {
        put_receipt(q, row.seq);
        err = put_course(q, &row);
    }
    return err == OK ? put_waiting(q, &row) : err;
}

/* The two lines of a sentence as {zh, en}. */
static void add_sentence(struct json *list, const struct writer *w)
{
    const char *text = (const char *)w->data;
    const char *line = memchr(text, '\n', w->len);
    if (line == NULL)
        return;
    size_t first = (size_t)(line - text);
    char zh[TEXT_MAX];
    char en[TEXT_MAX];
    size_t rest = w->len - first - 1;
    while (rest > 0 && text[first + rest] == '\n')
        rest--;
    snprintf(zh, sizeof zh, "%.*s", (int)first, text);
    snprintf(en, sizeof en, "%.*s", (int)rest, line + 1);
    struct json *item = json_map();
    json_put_text(item, "zh", zh);
    json_put_text(item, "en", en);
    json_add(list, item);
}

static enum err explain_obligation(struct query *q, const struct obligation *row)
{
    char basis[RULE_BASES_MAX][VIEW_BASIS_MAX] = {{0}};
    const char *codes[RULE_BASES_MAX];
    uint32_t count = 0;
    for (const char *at = row->basis; *at != '\0' && count < RULE_BASES_MAX;) {
        size_t len = strcspn(at, " ");
        snprintf(basis[count], sizeof basis[count], "%.*s", (int)len, at);
        codes[count] = basis[count];
        count++;
        at += len + (at[len] == ' ');
    }
    const struct explain_item item = {
        .rule = row->rule,
        .measure = row->measure,
        .basis = codes,
        .basis_count = count,
        .force = (lianshu_Force)row->force,
        .member = row->member,
        .start_date = row->start_date,
        .end_date = row->end_date,
        .life = row->end_date == 0,
        .answer_due_ms = row->answer_due_ms,
        .execute_due_ms = row->execute_due_ms,
    };
    char text[TEXT_MAX];
    struct writer w = writer_of(text, sizeof text);
    enum err err = explain_item(q->core->opt.rules, &item, &w);
    struct json *list = json_list();
    if (err == OK)
        add_sentence(list, &w);
    query_put_obligation(q->core, q->answer, row);
    json_put(q->answer, "explanation", list);
    return err;
}

static enum err add_refusal(struct query *q, const lianshu_DecisionRecord *record,
                            struct json *list)
{
    char text[TEXT_MAX];
    struct writer w = writer_of(text, sizeof text);
    enum err err = explain_refusal(q->core->opt.rules, record, &w);
    if (err == OK)
        add_sentence(list, &w);
    return err;
}

/* Why each rule was looked at, in words beside its code. */
static struct json *name_reasons(const struct json *rules)
{
    struct json *named = json_list();
    for (size_t i = 0; i < json_count(rules); i++) {
        struct json *row = json_clone(json_item(rules, i));
        const char *why = json_get_text(row, "why");
        json_put_text(row, "why_zh", explain_why_zh(why == NULL ? "" : why));
        json_put_text(row, "why_en", explain_why_en(why == NULL ? "" : why));
        json_add(named, row);
    }
    return named;
}

/* found: of looking for the row; a document about which nothing was decided has none. */
static enum err explain_record(struct query *q, enum err found, const struct decision_row *row)
{
    enum err err = found;
    struct json *list = json_list();
    lianshu_DecisionRecord *record = &q->core->stored_record;
    if (err == OK)
        err = wire_decode(&lianshu_DecisionRecord_msg, row->record, record);
    for (pb_size_t i = 0; err == OK && i < record->outcome_count; i++) {
        const lianshu_Outcome *o = &record->outcome[i];
        char text[TEXT_MAX];
        struct writer w = writer_of(text, sizeof text);
        err = explain_outcome(q->core->opt.rules, o, &w);
        if (err == OK)
            add_sentence(list, &w);
    }
    if (err == OK)
        err = add_refusal(q, record, list);
    struct json *decision = NULL;
    if (err == OK && json_from_message(&decision, &lianshu_DecisionRecord_msg, record) == OK) {
        json_put(decision, "rules", name_reasons(json_get(decision, "rules")));
        json_put(q->answer, "decision", decision);
    }
    json_put(q->answer, "explanation", list);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* The decision that its text rests on. */
static enum err explain_order(struct query *q, const struct order_row *order)
{
    struct decision_row row;
    json_put_hex(q->answer, "order", span_of(order->id, sizeof order->id));
    json_put_uint(q->answer, "version", order->version);
    json_put_text(q->answer, "rule", order->rule);
    enum err err = decision_get(q->core->store->decisions, order->decision_seq, &row);
    return explain_record(q, err, &row);
}

enum err query_explain(struct query *q)
{
    uint8_t id[STORE_ID_LEN];
    struct obligation row;
    struct order_row order;
    if (query_hex(q, "id", id, sizeof id)) {
        if (obligation_get(q->core->store->obligations, id, &row) == OK)
            return explain_obligation(q, &row);
        if (order_get(q->core->store->orders, id, STORE_NEVER, &order) == OK)
            return explain_order(q, &order);
    }
    struct message_row message;
    enum err err = find_message(q, &message);
    if (err != OK)
        return err;
    json_put_hex(q->answer, "envelope", span_of(message.env_id, sizeof message.env_id));
    json_put_uint(q->answer, "code", message.code);
    json_put_text(q->answer, "code_zh", err_zh(err_from_code(message.code)));
    json_put_text(q->answer, "code_en", err_en(err_from_code(message.code)));
    struct decision_row decision;
    err = decision_of_message(q->core->store->decisions, message.seq, &decision);
    return explain_record(q, err, &decision);
}
