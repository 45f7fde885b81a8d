/* What comes with time alone: ends of envelopes, and of what is kept.
 *
 * The ends are found by a walk over all rows, in bounded steps, that begins no sooner than the
 * first of them needs it. No index over moments is written for it: what is delivered in time,
 * which is nearly everything, never costs anything here. */
#include "core/state.h"

#include "base/log.h"
#include "policy/retention.h"
#include "store/retain.h"

#include <string.h>

enum {
    SWEEP_ROWS_MAX = 512,         /* of one step … */
    SWEEP_STEP_MS = 5,            /* … and the pause after one that found nothing to end */
    SWEEP_PAUSE_MS = 10 * 1000,   /* between two walks, */
    SWEEP_ROWS_PER_MS = 50,       /* and a millisecond more for so many rows that were met */
    WARN_LIFE_MIN_MS = 60 * 1000, /* a shorter life needs no warning */
    SCRUB_MS = 1000,              /* between two steps over the log, */
    SCRUB_TILES_MAX = 64,         /* of so many tiles at most */
    RETAIN_PAUSE_MS = 20,         /* between two full steps of retention */
};

static uint64_t created_ms(const struct queue_row *row)
{
    uint64_t ms = 0; /* PROTOCOL, profile: a message id begins with its time */
    for (size_t i = 0; i < 6; i++)
        ms = ms << 8 | row->message_id[i];
    return ms;
}

uint64_t sweep_ends_ms(const struct queue_row *row)
{
    if (!notices_is(row))
        return row->expires_ms;
    if (!notices_sealed(row->message_id))
        return STORE_NEVER; /* a notice has no end of its own, only its envelope */
    return created_ms(row) + type_find(row->type)->life_ms;
}

/* The end of the envelope, or of the hold that it is under. */
static uint64_t last_ms(const struct queue_row *row)
{
    uint64_t ends = sweep_ends_ms(row);
    uint64_t hold = holds_due_ms(row);
    return hold < ends ? hold : ends;
}

/* The sender hears of it while there is still time: after three quarters of the life. */
static uint64_t warns_ms(const struct queue_row *row, uint64_t ends_ms)
{
    if (row->warned || ends_ms == STORE_NEVER || notices_is(row))
        return ends_ms;
    uint64_t created = created_ms(row);
    if (ends_ms < created || ends_ms - created < WARN_LIFE_MIN_MS)
        return ends_ms;
    return ends_ms - (ends_ms - created) / 4;
}

static void note(struct core *core, uint64_t moment_ms)
{
    if (core->sweep.walking && moment_ms < core->sweep.found_ms)
        core->sweep.found_ms = moment_ms;
    if (moment_ms < core->sweep.next_ms) {
        core->sweep.next_ms = moment_ms > core->sweep.pause_ms ? moment_ms : core->sweep.pause_ms;
        core_wake_at(core, core->sweep.next_ms);
    }
}

void sweep_note(struct core *core, const struct queue_row *row)
{
    note(core, warns_ms(row, last_ms(row)));
}

enum err sweep_end(struct core *core, const struct queue_row *row)
{
    if (notices_is(row))
        return notices_renew(core, row);
    const struct ending what = {.kind = lianshu_ReceiptKind_RECEIPT_EXPIRED, .code = ERR_EXPIRED};
    return ending_close(core, row, &what);
}

/* What is in flight is not ended under its recipient's hands: its receipt may be on the way. */
static enum err look_at(struct core *core, const struct queue_row *row)
{
    if (row->state == QUEUE_PARKED)
        return OK; /* never dropped */
    uint64_t ends = last_ms(row);
    uint64_t moment = warns_ms(row, ends);
    if (moment <= core->now_ms && queue_lessee(core->store->queue, row->recipient, row->seq) != 0) {
        note(core, core->now_ms + core->opt.lease_ms);
        return OK;
    }
    if (moment > core->now_ms) {
        note(core, moment);
        return OK;
    }
    enum err err = core_begin(core);
    if (err == OK && sweep_ends_ms(row) <= core->now_ms)
        return sweep_end(core, row);
    if (err != OK || ends <= core->now_ms)
        return err == OK ? holds_overdue(core, row) : err;
    note(core, ends);
    return ending_warn(core, row);
}

enum err sweep_step(struct core *core)
{
    struct sweep *s = &core->sweep;
    if (!s->walking) {
        if (core->now_ms < s->next_ms) {
            core_wake_at(core, s->next_ms);
            return OK;
        }
        s->walking = true;
        s->found_ms = STORE_NEVER;
        s->met = 0;
        s->row = (struct queue_row){0};
    } else if (core->now_ms < s->step_ms) {
        core_wake_at(core, s->step_ms);
        return OK;
    }
    for (size_t i = 0; i < SWEEP_ROWS_MAX; i++) {
        enum err err = queue_next(core->store->queue, &s->row);
        if (err == ERR_NOT_FOUND) {
            s->walking = false;
            s->pause_ms = core->now_ms + SWEEP_PAUSE_MS + s->met / SWEEP_ROWS_PER_MS;
            s->next_ms = s->found_ms > s->pause_ms ? s->found_ms : s->pause_ms;
            core_wake_at(core, s->next_ms);
            return OK;
        }
        s->met++;
        if (err == OK) {
            struct queue_row row = s->row; /* the cursor itself must not change */
            err = look_at(core, &row);
        }
        if (err != OK) {
            s->walking = false; /* from the start, once the batch is given up */
            return err;
        }
    }
    /* What is overdue is not kept waiting; a walk that finds nothing leaves the hub to others. */
    if (core->open_batch)
        core->work_waiting = true;
    else
        s->step_ms = core->now_ms + SWEEP_STEP_MS;
    core_wake_at(core, s->step_ms);
    return OK;
}

/* What was kept long enough goes, once an hour and in bounded steps. Where there is much to look at
 * it takes its time: nothing waits for it, neither a start nor a message. */
enum err sweep_retention(struct core *core)
{
    _Static_assert((int)RETENTION_CLASSES == (int)RETAIN_CLASSES, "one list of classes, twice");
    uint64_t before_ms[RETAIN_CLASSES];
    struct retain_report report = {0};
    if (core->opt.retention == NULL)
        return OK;
    if (core->now_ms < core->retain_ms) {
        core_wake_at(core, core->retain_ms);
        return OK;
    }
    retention_before(core->opt.retention, core->now_ms, before_ms);
    enum err err = core_begin(core);
    if (err == OK)
        err = store_retain_step(core->store, before_ms, &report);
    if (err == OK && report.erased > 0)
        err = store_count(core->store, "erased", report.erased);
    if (report.more && !report.full)
        core->work_waiting = true;
    else
        core->retain_ms = core->now_ms + (report.full ? RETAIN_PAUSE_MS : HOUR_MS);
    core_wake_at(core, core->retain_ms);
    return err;
}

/* So many tiles a second that the whole log is read within its time, and at least one. */
static uint64_t scrub_tiles(const struct core *core)
{
    const uint64_t tiles = log_size(core->store->log) / MERKLE_TILE_WIDTH + 1;
    const uint64_t wanted = tiles * SCRUB_MS / core->opt.scrub_ms + 1;
    return wanted < SCRUB_TILES_MAX ? wanted : SCRUB_TILES_MAX;
}

/* The whole log is read again and again and compared with its tree: a changed byte is found before
 * anybody asks for it. */
enum err sweep_log(struct core *core)
{
    struct fault fault = {0};
    enum err err = OK;
    if (core->now_ms < core->scrub_ms) {
        core_wake_at(core, core->scrub_ms);
        return OK;
    }
    core->scrub_ms = core->now_ms + SCRUB_MS;
    core_wake_at(core, core->scrub_ms);
    /* Within a transaction the newest tile is still growing; it comes again. */
    if (core->open_batch)
        return OK;
    if (core->scrub_tile == 0)
        core->scrub_began_ms = core->now_ms;
    for (uint64_t i = scrub_tiles(core); err == OK && i > 0; i--)
        err = log_scrub(core->store->log, core->scrub_tile++, &fault);
    if (err == ERR_NOT_FOUND) {
        core->scrub_tile = 0;
        core->scrub_ended_ms = core->now_ms;
        return OK;
    }
    if (err != OK)
        log_fault("log_scrub", &fault);
    return err;
}
