/* What precedes an envelope to its recipient, or to the next hub: a leaf of the log. */
#include "core/state.h"

#include "base/text.h"

#include <string.h>

/* The gaps below a number, for its statement. */
static enum err put_tombstones(struct core *core, const char *recipient,
                               const uint8_t conversation[static STORE_ID_LEN], uint64_t number,
                               lianshu_Statement *v)
{
    enum { MAX = sizeof v->tombstones / sizeof v->tombstones[0] };
    struct queue_tombstone runs[MAX];
    size_t count = 0;
    v->tombstones_count = 0;
    if (number <= 1 || !queue_tombstones_any(core->store->queue, recipient))
        return OK;
    enum err err =
        queue_tombstones(core->store->queue, recipient, conversation, number, runs, MAX, &count);
    for (size_t i = 0; err == OK && i < count; i++)
        v->tombstones[v->tombstones_count++] = (lianshu_Tombstone){
            .number = runs[i].first,
            .kind = (lianshu_ReceiptKind)runs[i].kind,
            .count = runs[i].count,
        };
    return err;
}

/* What a hub handed on, or is to: the hubs it has passed, and when the first one took it. */
static void add_hops(const struct core *core, const struct statement_about *what,
                     lianshu_Statement *v)
{
    if (what->came != NULL) {
        v->accepted_ms = what->came->accepted_ms;
        v->hops_count = what->came->hops_count; /* relay.c has seen that there is room for ours */
        memcpy(v->hops, what->came->hops, sizeof v->hops);
    }
    text_copy(v->hops[v->hops_count], sizeof v->hops[0], core->opt.member);
    v->hops_count++;
    v->share = what->share;
    v->case_step = (uint32_t)what->case_step;
}

enum err apply_statement(struct core *core, const struct statement_about *what, uint64_t *index)
{
    lianshu_Statement v = {
        .accepted_ms = core->now_ms,
        .delivery_number = what->number,
        .advisories_count = (pb_size_t)what->advisory_count,
        .log_index = log_size(core->store->log),
    };
    text_copy(v.realm, sizeof v.realm, core->opt.realm);
    text_copy(v.recipient, sizeof v.recipient, what->recipient);
    if (what->came != NULL || what->share != 0)
        add_hops(core, what, &v);
    v.env_id.size = HASH_LEN;
    memcpy(v.env_id.bytes, what->env_id, HASH_LEN);
    v.conversation.size = (pb_size_t)what->conversation.len;
    if (what->conversation.len > 0)
        memcpy(v.conversation.bytes, what->conversation.data, what->conversation.len);
    if (what->advisory_count > 0)
        memcpy(v.advisories, what->advisories, what->advisory_count * sizeof v.advisories[0]);
    if (what->number > 0) {
        enum err err =
            put_tombstones(core, what->recipient, what->conversation.data, what->number, &v);
        if (err != OK)
            return err;
    }
    /* PROTOCOL, LSV1: the leaf of a statement has the time of acceptance. */
    return apply_leaf_at(core, LOG_STATEMENT, v.accepted_ms, &lianshu_Statement_msg, &v,
                         (struct span){NULL, 0}, index);
}

/* What was said of a row last. */
static enum err read_last(struct core *core, const struct queue_row *row, lianshu_Statement *v)
{
    struct span body;
    enum err err = log_body(core->store->log, row->statement_leaf, &body);
    if (err == OK && wire_decode(&lianshu_Statement_msg, body, v) != OK)
        err = ERR_CORRUPT;
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

enum err apply_restep(struct core *core, const struct queue_row *row, uint64_t case_step,
                      uint64_t *index)
{
    lianshu_Statement *v = &core->stored_statement;
    *index = row->statement_leaf;
    enum err err = read_last(core, row, v);
    if (err != OK || v->share == 0)
        return err;
    v->case_step = (uint32_t)case_step;
    v->accepted_ms = core->now_ms;
    v->log_index = log_size(core->store->log);
    return apply_leaf_at(core, LOG_STATEMENT, v->accepted_ms, &lianshu_Statement_msg, v,
                         (struct span){NULL, 0}, index);
}

enum err apply_restate(struct core *core, const struct queue_row *row, uint64_t number,
                       const struct verdict *newer, uint64_t *index)
{
    lianshu_Statement *v = &core->stored_statement;
    enum err err = read_last(core, row, v);
    if (err == OK)
        err = put_tombstones(core, row->recipient, row->conversation, number, v);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    v->delivery_number = number;
    v->log_index = log_size(core->store->log);
    if (newer != NULL) {
        v->advisories_count = apply_advises(newer) ? (pb_size_t)newer->ground_count : 0;
        memcpy(v->advisories, newer->ground, v->advisories_count * sizeof v->advisories[0]);
    }
    /* PROTOCOL, LSV1: the leaf of a statement has the time of acceptance. */
    return apply_leaf_at(core, LOG_STATEMENT, v->accepted_ms, &lianshu_Statement_msg, v,
                         (struct span){NULL, 0}, index);
}
