/* A batch in flight: to disk, then to the log's signature. Only when it has landed is it spoken of.
 */
#include "core/state.h"

#include <string.h>

/* All of the batch has landed. */
static void arrived(struct core *core)
{
    for (uint32_t i = 0; i < core->peers.count; i++) {
        struct peer *peer = core_peer_at(core, i);
        peer->acks_due += peer->acks_flying;
        peer->acks_flying = 0;
        peer->in.landed = peer->in.flying;
    }
    witnessing_landed(core);
}

/* What is still to be done of the batch, as one request. */
static enum err ask(struct core *core, bool unsynced, struct core_flight **flight)
{
    struct core_flight *f = &core->flight;
    uint64_t count = core->flight_size - core->signed_size;
    if (count > SIGN_LEAVES_MAX)
        count = SIGN_LEAVES_MAX;
    /* The first text of the signer's last head comes with a request for no leaves. */
    f->signs = count > 0 || (core->checkpoint_len == 0 && core->flight_size > 0);
    f->unsynced = unsynced;
    f->synced = unsynced ? ERR_FSYNC : OK; /* until somebody has asked the disk */
    f->old_size = core->signed_size;
    f->leaf_count = (size_t)count;
    *flight = NULL;
    if (!f->signs && !unsynced) {
        arrived(core);
        return OK;
    }
    for (uint64_t i = 0; i < count; i++) {
        enum err err = log_leaf_hash(core->store->log, core->signed_size + i, f->leaves[i]);
        if (err != OK)
            return err;
    }
    f->store = core->store;
    f->sign = core->opt.sign;
    f->sign_ctx = core->opt.sign_ctx;
    core->flying = true;
    *flight = f;
    return OK;
}

enum err flight_begin(struct core *core, bool wrote, struct core_flight **flight)
{
    core->flight_size = log_size(core->store->log);
    core->flight_began_ms = core->now_ms;
    return ask(core, wrote, flight);
}

size_t core_flight_leaves(const struct core_flight *f)
{
    return f->leaf_count;
}

void core_land(struct core_flight *f)
{
    struct writer w = writer_of(f->checkpoint, sizeof f->checkpoint);
    /* In this order: a head that was signed over what the disk has lost would be a fork. */
    f->synced = f->unsynced ? store_sync(f->store) : OK;
    f->err = f->synced;
    if (f->err == OK && f->signs)
        f->err = f->sign(f->sign_ctx, f->old_size, (const uint8_t(*)[HASH_LEN])f->leaves,
                         f->leaf_count, &w);
    f->checkpoint_len = w.len;
}

enum err core_landed(struct core *core, struct core_flight **flight)
{
    const struct core_flight *f = &core->flight;
    *flight = NULL;
    if (!core->flying)
        return ERR_INTERNAL;
    core->flying = false;
    core->flight_over = true;
    enum err err = store_landed(core->store, f->synced);
    if (err == OK)
        err = f->err;
    if (err != OK)
        return err;
    if (f->signs) {
        core->signed_size += f->leaf_count;
        queue_landed(core->store->queue, core->signed_size);
        core->checkpoint_len = f->checkpoint_len;
        memcpy(core->checkpoint, f->checkpoint, f->checkpoint_len);
        err = log_checkpoint_set(core->store->log, core->signed_size,
                                 span_of(core->checkpoint, core->checkpoint_len));
    }
    return err == OK ? ask(core, false, flight) : err;
}

void flight_close(struct core *core)
{
    const enum err end = core->flying ? store_landed(core->store, core->flight.synced) : OK;
    (void)end; /* the store keeps it; nobody else is there to hear of it */
    core->flying = false;
}

enum err flight_wait(struct core *core, struct core_flight *flight)
{
    enum err err = OK;
    while (err == OK && flight != NULL) {
        core_land(flight);
        err = core_landed(core, &flight);
    }
    return err;
}
