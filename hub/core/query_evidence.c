/* What an evidence bundle is made of: the leaves that concern an envelope, an order or a case. Each
 * is given by query_evidence_leaves.c, members by query_evidence_keys.c. Read only. PROTOCOL 16. */
#include "core/query.h"

#include <stdio.h>
#include <string.h>

enum {
    SCAN_LEAVES = 4096,       /* looked at for one answer: some hundredths of a second */
    CHAIN_RECEIPTS_MAX = 512, /* of one envelope */
};

/* Of one answer. */
struct gathering {
    struct query *q;
    struct json *leaves;
    struct json *envelopes;
    uint64_t last_message; /* its first leaf: put lately, not to be put again at once */
};

static void add_leaf(struct gathering *g, uint64_t index)
{
    if (index < g->q->core->signed_size)
        json_add(g->leaves, json_new_uint(index));
}

static void finish(struct gathering *g, uint64_t next, bool end)
{
    struct core *core = g->q->core;
    char text[NOTE_LEN_MAX + 1];
    snprintf(text, sizeof text, "%.*s", (int)core->checkpoint_len, (const char *)core->checkpoint);
    json_put_text(g->q->answer, "hub", core->opt.member);
    json_put_text(g->q->answer, "realm", core->opt.realm);
    json_put_uint(g->q->answer, "now_ms", core->now_ms);
    json_put_text(g->q->answer, "checkpoint", text);
    const struct span cosigned = cosigning_state(core).checkpoint;
    snprintf(text, sizeof text, "%.*s", (int)cosigned.len, (const char *)cosigned.data);
    json_put_text(g->q->answer, "cosigned", text); /* of this size or an earlier one; "": none */
    json_put_uint(g->q->answer, "size", core->signed_size);
    json_put(g->q->answer, "leaves", g->leaves);
    json_put(g->q->answer, "envelopes", g->envelopes);
    json_put_uint(g->q->answer, "next", next);
    json_put_flag(g->q->answer, "end", end);
}

/* ---- one envelope ---- */

/* Statements stand close behind the first leaf; later ones, made again, are no new evidence. */
static enum err add_statements(struct gathering *g, const struct message_row *m)
{
    struct core *core = g->q->core;
    const uint64_t end = core->signed_size;
    for (uint64_t at = m->seq + 1; at < end && at <= m->seq + CORE_ENVELOPE_LEAVES_MAX; at++) {
        struct log_entry entry;
        lianshu_Statement *v = &core->stored_statement;
        enum err err = log_get(core->store->log, at, &entry);
        if (err != OK)
            return err;
        if (entry.kind == LOG_STATEMENT &&
            wire_decode(&lianshu_Statement_msg, entry.body, v) == OK &&
            v->env_id.size == HASH_LEN && memcmp(v->env_id.bytes, m->env_id, HASH_LEN) == 0)
            add_leaf(g, at);
    }
    return OK;
}

static enum err add_receipts(struct gathering *g, const struct message_row *m)
{
    uint64_t leaf = m->last_leaf;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < CHAIN_RECEIPTS_MAX; i++) {
        struct chain_receipt at;
        err = chain_next(g->q->core, &leaf, &at);
        if (err == OK)
            add_leaf(g, at.leaf);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static void put_envelope(struct gathering *g, const struct message_row *m)
{
    struct json *row = json_map();
    json_put_text(row, "sender", m->sender);
    json_put_hex(row, "message_id", span_of(m->id, sizeof m->id));
    json_put_hex(row, "env_id", span_of(m->env_id, sizeof m->env_id));
    json_put_uint(row, "type", m->type);
    json_add(g->envelopes, row);
}

static enum err add_message(struct gathering *g, const struct message_row *m)
{
    struct decision_row decision;
    if (m->seq == g->last_message)
        return OK;
    g->last_message = m->seq;
    put_envelope(g, m);
    add_leaf(g, m->seq);
    enum err err = add_receipts(g, m);
    if (err == OK)
        err = add_statements(g, m);
    if (err != OK)
        return err;
    err = decision_of_message(g->q->core->store->decisions, m->seq, &decision);
    if (err == OK)
        add_leaf(g, decision.seq);
    return err == ERR_NOT_FOUND || err == ERR_ERASED ? OK : err;
}

/* States that it brought about stand between its first leaf and the next receipt of the hub. */
static enum err add_effects(struct gathering *g, const struct message_row *m)
{
    struct core *core = g->q->core;
    for (uint64_t at = m->seq + 1;
         at < core->signed_size && at <= m->seq + CORE_ENVELOPE_LEAVES_MAX; at++) {
        struct log_entry entry;
        enum err err = log_get(core->store->log, at, &entry);
        if (err != OK || entry.kind == LOG_RECEIPT)
            return err;
        if (entry.kind == LOG_ORDER_STATE || entry.kind == LOG_OBLIGATION_STATE)
            add_leaf(g, at);
    }
    return OK;
}

static enum err gather_envelope(struct gathering *g)
{
    uint8_t id[HASH_LEN];
    struct message_row row;
    enum err err = ERR_FIELD_VALUE;
    if (query_hex(g->q, "id", id, HASH_LEN))
        err = message_find(g->q->core->store->messages, span_of(id, HASH_LEN), &row);
    else if (query_hex(g->q, "id", id, STORE_ID_LEN))
        err = message_find(g->q->core->store->messages, span_of(id, STORE_ID_LEN), &row);
    if (err == OK)
        err = add_message(g, &row);
    return err == OK ? add_effects(g, &row) : err;
}

/* ---- an order, a case ---- */

/* What is looked for in the log. */
struct search {
    uint8_t id[STORE_ID_LEN];
    bool order;
};

/* The message whose first leaf stands close before this one: env_id, or who sent it (NULL: any). */
static enum err add_message_before(struct gathering *g, uint64_t leaf, const uint8_t *env_id,
                                   const char *sender)
{
    struct core *core = g->q->core;
    for (uint64_t n = 0; n < CORE_ENVELOPE_LEAVES_MAX && leaf > 0; n++) {
        struct log_entry entry;
        struct message_row row;
        lianshu_Receipt *q = &core->stored_receipt;
        enum err err = log_get(core->store->log, --leaf, &entry);
        if (err != OK)
            return err;
        if (entry.kind != LOG_RECEIPT || wire_decode(&lianshu_Receipt_msg, entry.body, q) != OK)
            continue;
        if (env_id != NULL && memcmp(q->env_id, env_id, HASH_LEN) != 0)
            continue;
        if (sender != NULL && strcmp(q->sender, sender) != 0)
            return OK; /* it was another document that led here */
        err = message_get(core->store->messages, q->sender, q->message_id, &row);
        return err == OK ? add_message(g, &row) : err == ERR_NOT_FOUND ? OK : err;
    }
    return OK;
}

static enum err owed_by_order(struct core *core, const uint8_t *id, const uint8_t *order, bool *yes)
{
    struct obligation row;
    const enum err err = obligation_get(core->store->obligations, id, &row);
    *yes = err == OK && memcmp(row.order_id, order, STORE_ID_LEN) == 0;
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err look_at_state(struct gathering *g, const struct search *s, uint64_t at,
                              const struct log_entry *entry)
{
    lianshu_StateChange change;
    bool mine = false;
    enum err err = OK;
    if (wire_decode(&lianshu_StateChange_msg, entry->body, &change) != OK)
        return ERR_CORRUPT;
    if (entry->kind == LOG_ORDER_STATE)
        mine = memcmp(change.id, s->id, STORE_ID_LEN) == 0;
    else
        err = owed_by_order(g->q->core, change.id, s->id, &mine);
    if (err != OK || !mine)
        return err;
    add_leaf(g, at);
    return change.by[0] == '\0' ? OK : add_message_before(g, at, NULL, change.by);
}

static enum err look_at_statement(struct gathering *g, const struct search *s, uint64_t at,
                                  const struct log_entry *entry)
{
    lianshu_Statement *v = &g->q->core->stored_statement;
    if (wire_decode(&lianshu_Statement_msg, entry->body, v) != OK)
        return ERR_CORRUPT;
    if (v->conversation.size != STORE_ID_LEN ||
        memcmp(v->conversation.bytes, s->id, STORE_ID_LEN) != 0 || v->env_id.size != HASH_LEN)
        return OK;
    uint8_t env_id[HASH_LEN];
    memcpy(env_id, v->env_id.bytes, HASH_LEN);
    add_leaf(g, at);
    return add_message_before(g, at, env_id, NULL);
}

/* A receipt about a message of this conversation. */
static enum err look_at_receipt(struct gathering *g, const struct search *s, uint64_t at)
{
    struct core *core = g->q->core;
    struct chain_receipt entry;
    struct message_row row;
    uint64_t leaf = at;
    lianshu_Receipt *q = &core->stored_receipt;
    enum err err = chain_next(core, &leaf, &entry);
    if (err == OK)
        err = chain_read(core, &entry, q);
    if (err == OK)
        err = message_get(core->store->messages, q->sender, q->message_id, &row);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if (memcmp(row.conversation, s->id, STORE_ID_LEN) != 0)
        return OK;
    add_leaf(g, at);
    put_envelope(g, &row);
    return OK;
}

static enum err scan(struct gathering *g, const struct search *s, uint64_t *from)
{
    struct core *core = g->q->core;
    const uint64_t left = core->signed_size - *from;
    const uint64_t to = *from + (left < SCAN_LEAVES ? left : SCAN_LEAVES);
    enum err err = OK;
    for (; err == OK && *from < to; (*from)++) {
        struct log_entry entry;
        err = log_get(core->store->log, *from, &entry);
        if (err != OK)
            break;
        if (entry.kind == LOG_STATEMENT)
            err = look_at_statement(g, s, *from, &entry);
        else if (entry.kind == LOG_RECEIPT || entry.kind == LOG_MEMBER_RECEIPT ||
                 entry.kind == LOG_OTHER_RECEIPT)
            err = look_at_receipt(g, s, *from);
        else if (s->order && (entry.kind == LOG_ORDER_STATE || entry.kind == LOG_OBLIGATION_STATE))
            err = look_at_state(g, s, *from, &entry);
    }
    return err;
}

/* The decisions that its versions rest on; *first: the leaf of its first state. */
static enum err gather_order(struct gathering *g, const struct search *s, uint64_t *first)
{
    struct order_row row;
    uint64_t cursor = 0;
    enum err err = order_history(g->q->core->store->orders, s->id, &cursor, &row);
    *first = row.seq;
    while (err == OK) {
        add_leaf(g, row.decision_seq);
        err = order_history(g->q->core->store->orders, s->id, &cursor, &row);
    }
    return err == ERR_NOT_FOUND && cursor > 0 ? OK : err;
}

/* Its envelope, unless the document alone came here. */
static enum err gather_step(struct gathering *g, const struct casefile_step *step, uint64_t *first)
{
    struct message_row row;
    if (step->seq < *first)
        *first = step->seq; /* an early step may have come late */
    enum err err = message_get(g->q->core->store->messages, step->by, step->message_id, &row);
    return err == OK ? add_message(g, &row) : err == ERR_NOT_FOUND ? OK : err;
}

/* What lost to it. */
static enum err gather_lost(struct gathering *g, const struct casefile_step *stands,
                            uint64_t *first)
{
    struct casefile_step step = {.number = stands->number};
    enum err err;
    while ((err = casefile_step_rival(g->q->core->store->casefiles, stands->id, &step)) == OK) {
        err = step.lost ? gather_step(g, &step, first) : OK;
        if (err != OK)
            return err;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Papers of a case may have been refused before its first step was taken: as long before as such a
 * paper lives. */
static enum err gather_before(struct gathering *g, const struct search *s, uint64_t *first)
{
    struct leaf_log *log = g->q->core->store->log;
    struct casefile row;
    struct log_entry entry;
    enum err err = casefile_get(g->q->core->store->casefiles, s->id, &row);
    if (err == OK)
        err = log_get(log, *first, &entry);
    const struct document_type *type = err == OK ? type_find(row.type) : NULL;
    const uint64_t life_ms = type == NULL ? 0 : type->life_ms;
    return err == OK ? log_since(log, entry.time_ms > life_ms ? entry.time_ms - life_ms : 0, first)
                     : err;
}

static enum err gather_case(struct gathering *g, const struct search *s, uint64_t *first)
{
    struct casefile_step step;
    uint64_t cursor = 0;
    *first = STORE_NEVER;
    enum err err;
    while ((err = casefile_step_next(g->q->core->store->casefiles, s->id, &cursor, &step)) == OK) {
        err = gather_step(g, &step, first);
        if (err == OK)
            err = gather_lost(g, &step, first);
        if (err != OK)
            return err;
    }
    return err == ERR_NOT_FOUND && *first != STORE_NEVER ? gather_before(g, s, first) : err;
}

/* The first question gives what is found by rows, and where the walk through the log begins. */
static enum err gather_many(struct gathering *g, bool order, uint64_t *from, bool *end)
{
    struct search s = {.order = order};
    uint64_t first = 0;
    if (!query_hex(g->q, "id", s.id, sizeof s.id))
        return ERR_FIELD_VALUE;
    enum err err = OK;
    if (*from == 0) {
        err = order ? gather_order(g, &s, &first) : gather_case(g, &s, &first);
        *from = first;
    }
    if (err == OK && *from <= g->q->core->signed_size)
        err = scan(g, &s, from);
    *end = *from >= g->q->core->signed_size;
    return err;
}

enum err query_evidence(struct query *q)
{
    struct gathering g = {q, json_list(), json_list(), STORE_NEVER};
    const char *kind = json_get_text(q->args, "kind");
    uint64_t from = 0;
    bool end = true;
    enum err err = ERR_FIELD_VALUE;
    (void)json_uint(json_get(q->args, "from"), &from); /* may be left out */
    if (kind != NULL && strcmp(kind, "envelope") == 0)
        err = gather_envelope(&g);
    else if (kind != NULL && (strcmp(kind, "order") == 0 || strcmp(kind, "case") == 0))
        err = gather_many(&g, strcmp(kind, "order") == 0, &from, &end);
    finish(&g, from, end);
    return err;
}

/* ---- leaves ---- */
