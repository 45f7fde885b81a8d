/* Rows that were claimed but cannot go as they are: a notice to be sealed, a message that a gate
 * must be asked about again, a number that is given only when the moment has come, a gap that has
 * opened below the number since the statement was made, an envelope past its end. They are changed
 * in a transaction and claimed again. */
#include "core/state.h"

#include <string.h>

/* One of its conversation is being prepared: it may end, and this one must tell of it. */
static bool is_behind(const struct core *core, const struct queue_row *row)
{
    for (size_t i = 0; i < core->to_prepare_count; i++) {
        const struct queue_row *first = &core->to_prepare[i];
        if (memcmp(first->conversation, row->conversation, sizeof row->conversation) == 0 &&
            strcmp(first->recipient, row->recipient) == 0)
            return true;
    }
    return false;
}

static bool is_unsealed(const struct queue_row *row)
{
    return notices_is(row) && !notices_sealed(row->message_id);
}

enum err prepare_needed(struct core *core, const struct queue_row *row, bool *needed)
{
    static const uint8_t none[STORE_ID_LEN] = {0};
    *needed = true;
    if (is_unsealed(row))
        return OK;
    if (sweep_ends_ms(row) <= core->now_ms)
        return OK;
    enum err err = gates_stale(core, row, needed);
    if (err != OK || *needed)
        return err;
    bool ordered = memcmp(row->conversation, none, sizeof none) != 0;
    *needed = ordered && (row->number == 0 || is_behind(core, row));
    if (*needed)
        return OK;
    if (!ordered)
        return OK;
    return queue_tombstones_newer(core->store->queue, row->recipient, row->conversation,
                                  row->number, row->statement_leaf, needed);
}

bool prepare_add(struct core *core, const struct queue_row *row)
{
    core->work_waiting = true;
    if (core->to_prepare_count == PREPARE_MAX) {
        queue_unlease(core->store->queue, row->recipient, row->seq);
        return false;
    }
    core->to_prepare[core->to_prepare_count++] = *row;
    return true;
}

/* The statement again, with the number of now and the gaps below it. What was accepted, and what
 * a gate said of it, stays as it was. */
static enum err restate(struct core *core, const struct queue_row *row)
{
    uint64_t number = row->number;
    uint64_t leaf;
    enum err err = OK;
    if (number == 0)
        err = queue_number(core->store->queue, row->recipient, row->conversation, &number);
    if (err == OK)
        err = apply_restate(core, row, number, NULL, &leaf);
    return err == OK ? queue_seal(core->store->queue, row->recipient, row->seq, row->message_id,
                                  number, leaf)
                     : err;
}

static enum err prepare_one(struct core *core, const struct queue_row *row)
{
    if (sweep_ends_ms(row) <= core->now_ms)
        return sweep_end(core, row);
    bool needed;
    enum err err = gates_stale(core, row, &needed);
    if (err == OK && needed)
        return regate(core, row);
    if (err == OK)
        err = prepare_needed(core, row, &needed);
    return err == OK && needed ? restate(core, row) : err;
}

/* What cannot be prepared now waits, with its code; it is never dropped and holds up nobody else.
 */
static enum err prepare_or_defer(struct core *core, const struct queue_row *row)
{
    enum err err = store_savepoint(core->store);
    if (err != OK)
        return err;
    err = prepare_one(core, row);
    if (err == OK)
        return store_release(core->store);
    enum err undone = store_rollback_to(core->store);
    if (undone != OK)
        return undone;
    core->plan_loaded = false;
    if (err_class(err) != ERR_CLASS_REJECT && err != ERR_REEXECUTION)
        return err;
    return queue_defer(core->store->queue, row->recipient, row->seq, core->now_ms + BACKOFF_MAX_MS,
                       (uint32_t)err, NULL);
}

/* Notices gather until another row comes, so that numbers are given in the order of the rows. */
static enum err prepare_row(struct core *core, const struct queue_row *row)
{
    if (!is_unsealed(row)) {
        enum err err = notices_seal(core);
        if (err == OK)
            err = prepare_or_defer(core, row);
        notices_begin(core); /* a gate that was asked again may have told somebody */
        return err;
    }
    enum err err = notices_add(core, row);
    if (err != ERR_BUSY)
        return err;
    err = notices_seal(core);
    return err == OK ? notices_add(core, row) : err;
}

enum err prepare_rows(struct core *core)
{
    size_t count = core->to_prepare_count;
    core->to_prepare_count = 0;
    if (count == 0)
        return OK;
    enum err err = core_begin(core);
    notices_begin(core);
    for (size_t i = 0; err == OK && i < count; i++) {
        struct queue_row *row = &core->to_prepare[i];
        struct queue_row now;
        err = queue_get(core->store->queue, row->recipient, row->seq, &now);
        if (err == ERR_NOT_FOUND) {
            err = OK; /* cancelled meanwhile */
            continue;
        }
        if (err == OK)
            *row = now;
        if (err == OK)
            err = prepare_row(core, row);
    }
    if (err == OK)
        err = notices_seal(core);
    for (size_t i = 0; i < count; i++) {
        const struct queue_row *row = &core->to_prepare[i];
        queue_unlease(core->store->queue, row->recipient, row->seq);
        peers_wake(&core->peers, row->recipient, WAKE_QUEUE);
    }
    return err;
}
