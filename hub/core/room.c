/* Whether there is room for a new envelope: rate, disk, quotas of its sender, backlog of its
 * recipients. Asked before the signature is verified, so that overload costs little. Of each limit
 * a share is kept for lane REPAIR: a lift gets through when nothing else does. */
#include "core/state.h"

enum { RESERVE_SHARE = 8 };

/* With the share that is kept for repairs, or without. */
static bool above(uint64_t value, uint64_t limit, bool repair)
{
    return value >= (repair ? limit + limit / RESERVE_SHARE : limit);
}

static bool load_above(const struct queue_load *load, uint64_t rows_max, uint64_t bytes_max,
                       bool repair)
{
    return above(load->rows, rows_max, repair) || above(load->bytes, bytes_max, repair);
}

static enum err check_sender(struct core *core, const struct incoming *in, bool repair)
{
    struct queue_load backlog;
    struct queue_load out;
    enum err err = queue_load(core->store->queue, in->header.sender, &backlog, &out);
    if (err != OK)
        return err;
    return load_above(&out, core->opt.sender_rows_max, core->opt.sender_bytes_max, repair)
               ? ERR_QUOTA
               : OK;
}

static enum err check_recipients(struct core *core, const struct incoming *in, bool repair)
{
    const lianshu_Header *h = &in->header;
    for (pb_size_t i = 0; i < h->destination_count; i++) {
        struct queue_load backlog;
        struct queue_load out;
        if (in->link != NULL && (in->share >> i & 1) == 0)
            continue; /* another hub's part of it */
        const char *hop = relay_hop(core, h->destination[i]);
        enum err err =
            queue_load(core->store->queue, hop != NULL ? hop : h->destination[i], &backlog, &out);
        if (err != OK)
            return err;
        if (load_above(&backlog, core->opt.backlog_rows_max, core->opt.backlog_bytes_max, repair))
            return ERR_BACKLOG;
    }
    return OK;
}

/* Is there room for it? Of what is new, for repairs alone when there is little. */
static bool disk_has_room(const struct core *core, bool repair)
{
    if (core->now_ms < core->disk_full_until_ms)
        return false; /* the last commit failed of it: nothing new until it is tried again */
    return repair || !core->disk_low;
}

enum err room_for(struct core *core, const struct incoming *in)
{
    bool repair = in->type->lane == LANE_REPAIR;
    uint32_t reserve = repair ? 0 : core->opt.rate_per_s / RESERVE_SHARE;
    /* A link has paid before its statement was read. */
    enum err err = in->link != NULL ? OK
                                    : peer_take_token(core_peer_at(core, in->peer),
                                                      core->opt.rate_per_s, reserve, core->now_ms);
    if (err != OK)
        return err;
    if (!cosigning_confirmed(core))
        return ERR_WITNESSES;
    if (!disk_has_room(core, repair))
        return ERR_DISK_FULL;
    err = check_sender(core, in, repair);
    return err == OK ? check_recipients(core, in, repair) : err;
}

/* PROTOCOL leaves the limits to the hub: below a tenth (or 128 MiB) nothing new, from a fifth (or
 * 256 MiB) on again, so that it does not swing. */
enum err core_disk(struct core *core, uint64_t free_bytes, uint64_t total_bytes)
{
    static const uint64_t low_max = UINT64_C(128) << 20;
    uint64_t low = total_bytes / 10 < low_max ? total_bytes / 10 : low_max;
    if (free_bytes < low) {
        core->disk_low = true;
        return OK;
    }
    if (free_bytes < 2 * low)
        return OK;
    /* Without its reserve the hub could not take receipts at the next full disk: that comes first.
     */
    enum err err = core->reserve_spent ? store_reserve_restore(core->store) : OK;
    if (err != OK)
        return err_class(err) == ERR_CLASS_RETRY ? OK : err;
    core->reserve_spent = false;
    core->disk_low = false;
    return OK;
}

enum err room_disk_full(struct core *core)
{
    core->disk_full_until_ms = core->now_ms + BUSY_RETRY_MS;
    if (!store_reserve_held(core->store))
        return OK;
    core->reserve_spent = true;
    core->disk_low = true;
    return store_reserve_release(core->store);
}
