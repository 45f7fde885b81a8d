/* Answers for people, as JSON: codes, ids, dates and members; identifiers only as masks. */
#include "core/query.h"

#include "base/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool query_hex(const struct query *q, const char *name, uint8_t *out, size_t len)
{
    const char *text = json_get_text(q->args, name);
    return text != NULL && hex_decode(text, out, len);
}

static enum err add_members(struct query *q, uint64_t *undelivered, uint64_t *held,
                            uint64_t *parked)
{
    struct core *core = q->core;
    struct json *list = json_list();
    for (size_t i = 0; i < registry_member_count(core->opt.registry); i++) {
        const struct registry_member *m = registry_member_at(core->opt.registry, i);
        struct queue_counts counts;
        enum err err = queue_counts(core->store->queue, m->id, &counts);
        if (err != OK)
            return err;
        uint64_t connected = 0;
        for (uint32_t p = 0; p < core->peers.count; p++) {
            const struct peer *peer = core_peer_at(core, p);
            connected += peer->ready && strcmp(peer->member, m->id) == 0;
        }
        uint64_t last = 0;
        uint64_t acked = 0;
        err = stream_last(core->store->stream, m->id, &last);
        if (err == OK)
            err = stream_acked(core->store->stream, m->id, &acked);
        if (err != OK)
            return err;
        struct json *row = json_map();
        json_put_text(row, "member", m->id);
        json_put_uint(row, "connected", connected);
        json_put_uint(row, "queued", counts.ready);
        json_put_uint(row, "leased", counts.leased);
        json_put_uint(row, "held", counts.held);
        json_put_uint(row, "parked", counts.parked);
        json_put_uint(row, "receipts_waiting", last - acked);
        json_add(list, row);
        *undelivered += counts.ready + counts.held;
        *parked += counts.parked;
        *held += counts.held;
    }
    json_put(q->answer, "members", list);
    return OK;
}

/* Adapters that are sent single envelopes only, until one of them is receipted. */
static void add_breakers(struct query *q)
{
    struct json *list = json_list();
    for (uint32_t i = 0; i < q->core->peers.count; i++) {
        const struct peer *peer = core_peer_at(q->core, i);
        if (peer->breaker_step == 0)
            continue;
        struct json *row = json_map();
        json_put_text(row, "member", peer->member);
        json_put_text(row, "adapter", peer->user_id);
        json_put_ms(row, "next", peer->breaker_ms);
        json_add(list, row);
    }
    json_put(q->answer, "breakers", list);
}

/* Whether the program that runs is released, and if not, why and what to do. */
static void add_program(struct query *q)
{
    const struct core_measured *measured = q->core->opt.measured;
    const enum err why = measured == NULL ? OK : measured->unlisted;
    char label[ERR_LABEL_LEN + 1];
    json_put_flag(q->answer, "program_unlisted", why != OK);
    if (why == OK)
        return;
    struct json *row = json_map();
    err_label(why, label);
    json_put_text(row, "why", label);
    json_put_text(row, "why_zh", err_zh(why));
    json_put_text(row, "why_en", err_en(why));
    if (err_todo_zh(why)[0] != '\0') {
        json_put_text(row, "todo_zh", err_todo_zh(why));
        json_put_text(row, "todo_en", err_todo_en(why));
    }
    json_put(q->answer, "program", row);
}

/* What an operator must look at. */
static void add_alarms(struct query *q)
{
    const struct core *core = q->core;
    json_put_flag(q->answer, "expansion_stuck", core->expansion_stuck);
    json_put_flag(q->answer, "clock_back", core->clock_back);
    json_put_flag(q->answer, "disk_low", core->disk_low);
    workdays_tell(core, q->answer);
    json_put_flag(q->answer, "reserve_spent", core->reserve_spent);
    add_program(q);
    json_put_flag(q->answer, "log_not_cosigned", !cosigning_state(core).met);
    json_put_uint(q->answer, "unusual", store_counter(core->store, "unusual"));
    json_put_uint(q->answer, "numbers_twice", store_counter(core->store, "numbers_twice"));
}

static void add_counters(struct query *q, const char *key, const char *prefix)
{
    struct json *map = json_map();
    const char *name;
    uint64_t value;
    size_t len = strlen(prefix);
    for (size_t i = 0; store_counter_at(q->core->store, i, &name, &value); i++) {
        if (strncmp(name, prefix, len) == 0)
            json_put_uint(map, name + len, value);
    }
    json_put(q->answer, key, map);
}

static void put_obligations(struct query *q, const uint64_t states[static OBLIGATION_STATES])
{
    struct json *map = json_map();
    uint64_t total = 0;
    for (int i = OBLIGATION_CREATED; i < OBLIGATION_STATES; i++) {
        json_put_uint(map, query_obligation_word((uint32_t)i), states[i]);
        total += states[i];
    }
    json_put_uint(map, "total", total);
    json_put(q->answer, "obligations", map);
}

static enum err query_status(struct query *q)
{
    struct core *core = q->core;
    struct store *store = core->store;
    uint64_t undelivered = 0;
    uint64_t held = 0;
    uint64_t parked = 0;
    json_put_text(q->answer, "hub", core->opt.member);
    json_put_text(q->answer, "realm", core->opt.realm);
    json_put_ms(q->answer, "now", core->now_ms);
    enum err err = add_members(q, &undelivered, &held, &parked);
    uint64_t states[OBLIGATION_STATES] = {0};
    if (err == OK)
        err = obligation_counts(store->obligations, NULL, states);
    uint64_t unassigned = 0;
    if (err == OK)
        err = obligation_unassigned(store->obligations, &unassigned);
    uint64_t restrictions = 0;
    uint64_t justifications = 0;
    if (err == OK)
        err = restriction_counts(store->restrictions, &restrictions, &justifications);
    uint64_t reviews = 0;
    if (err == OK)
        err = doubt_running(core, &reviews);
    if (err != OK)
        return err;
    put_obligations(q, states);
    json_put_uint(q->answer, "unassigned", unassigned);
    json_put_uint(q->answer, "obligations_executed", store_counter(store, "obligations.executed"));
    json_put_uint(q->answer, "restrictions", restrictions);
    json_put_uint(q->answer, "justifications", justifications);
    json_put_uint(q->answer, "envelopes", store_counter(store, "envelopes"));
    json_put_uint(q->answer, "mirror_pages", store_counter(store, "mirror.pages"));
    json_put_uint(q->answer, "orders", store_counter(store, "orders"));
    json_put_uint(q->answer, "orders_changed", store_counter(store, "orders.changed"));
    json_put_uint(q->answer, "refused_by_gate", store_counter(store, "gate.refused"));
    json_put_uint(q->answer, "flagged_by_gate", store_counter(store, "gate.flagged"));
    json_put_uint(q->answer, "held_by_gate", store_counter(store, "gate.held"));
    json_put_uint(q->answer, "decisions", store_counter(store, "decisions"));
    json_put_uint(q->answer, "undelivered", undelivered);
    json_put_uint(q->answer, "held", held);
    json_put_uint(q->answer, "parked", parked);
    json_put_uint(q->answer, "log_size", log_size(store->log));
    json_put_uint(q->answer, "log_signed", core->signed_size);
    json_put_uint(q->answer, "reviews_running", reviews);
    add_alarms(q);
    add_breakers(q);
    json_put_uint(q->answer, "expired", store_counter(store, "receipt.expired"));
    json_put_uint(q->answer, "superseded", store_counter(store, "receipt.superseded"));
    json_put_uint(q->answer, "warned", store_counter(store, "receipt.warned"));
    json_put_uint(q->answer, "withdrawn", store_counter(store, "withdrawn"));
    json_put_uint(q->answer, "registry_version", registry_version(core->opt.registry));
    add_counters(q, "receipts", "receipt.");
    add_counters(q, "acts", "act.");
    add_counters(q, "refused", "refused.");
    add_counters(q, "unverified", "unverified.");
    return OK;
}

static const struct {
    const char *name;
    query_fn *run;
} queries[] = {
    {"status", query_status},
    {"order", query_order},
    {"orders", query_orders},
    {"obligations", query_obligations},
    {"restrictions", query_restrictions},
    {"trace", query_trace},
    {"explain", query_explain},
    {"case", query_case},
    {"cases", query_cases},
    {"case.graph", query_case_graph},
    {"case.custody", query_custody},
    {"checkpoint", query_checkpoint},
    {"leaves", query_leaves},
    {"log.admin", query_admin},
    {"log.scrub", query_scrub},
    {"rekey", query_rekey},
    {"evidence", query_evidence},
    {"evidence.leaves", query_evidence_leaves},
    {"evidence.consistency", query_evidence_consistency},
    {"evidence.frame", query_evidence_frame},
    {"evidence.member", query_evidence_member},
    {"evidence.document", query_evidence_document},
    {"evidence.reads", query_evidence_reads},
    {"evidence.revocations", query_evidence_revocations},
    {"evidence.registrar", query_evidence_registrar},
    {"decision.verify", query_redecide},
    {"rule.try", query_rule_try},
    {"rule.replay", query_redecide},
    {"key.history", query_key_history},
    {"revocation.effects", query_revocation_effects},
    {"held", query_held},
    {"parked", query_parked},
    {"topology", query_topology},
    {"volume", query_volume},
};

static enum err run(struct query *q)
{
    const char *name = json_get_text(q->args, "cmd");
    for (size_t i = 0; name != NULL && i < sizeof queries / sizeof queries[0]; i++) {
        if (strcmp(queries[i].name, name) == 0)
            return queries[i].run(q);
    }
    return ERR_USAGE;
}

void query_error(struct query *q, enum err err, const char *detail)
{
    char label[ERR_LABEL_LEN + 1];
    struct json *error = json_map();
    err_label(err, label);
    json_put_text(error, "code", label);
    json_put_text(error, "zh", err_zh(err));
    json_put_text(error, "en", err_en(err));
    json_put_text(error, "todo_zh", err_todo_zh(err));
    json_put_text(error, "todo_en", err_todo_en(err));
    json_put_text(error, "detail", detail);
    json_put(q->answer, "error", error);
}

enum err query_finish(struct query *q, struct writer *answer)
{
    char *text = NULL;
    size_t len = 0;
    enum err err = json_print(q->answer, false, &text, &len);
    if (err == OK)
        write_bytes(answer, text, len);
    free(text);
    json_close(&q->answer);
    return err == OK && answer->full ? ERR_TOO_LARGE : err;
}

enum err core_query(struct core *core, struct span request, uint64_t now_ms, struct writer *answer)
{
    core_set_now(core, now_ms);
    struct json *args = NULL;
    struct query q = {.core = core, .answer = json_map()};
    enum err err = json_parse(&args, request, "request", NULL);
    q.args = args;
    if (err == OK)
        err = run(&q);
    if (err_class(err) == ERR_CLASS_FATAL) {
        json_close(&args);
        json_close(&q.answer);
        return err;
    }
    if (err != OK)
        query_error(&q, err, "");
    json_close(&args);
    return query_finish(&q, answer);
}

void query_put_piece(struct query *q, struct span file, uint64_t offset)
{
    const size_t left = file.len - offset;
    const size_t most = q->core->opt.piece_bytes;
    json_put_uint(q->answer, "total", file.len);
    json_put_hex(q->answer, "piece", span_of(file.data + offset, left < most ? left : most));
}
