/* Retention: after keep_ms what is final loses its row, its receipts and, with its neighbours, its
 * frame. */
#include "adapters/sdk/inbox_inner.h"
#include "base/clock.h"

enum {
    REST_MS = 60 * 60 * 1000,              /* after all rows were looked at */
    PROOF_MARGIN_DAYS = SDK_KEEP_DAYS_MIN, /* a receipt is at most so much older than the last */
};

struct old {
    uint64_t id, state, time_ms;
};

static enum err next(struct sdk *s, enum sql which, uint64_t after, struct old *o)
{
    struct stmt *q = s->sql[which];

    stmt_bind_u64(q, 1, after);
    enum err err = stmt_step(q);
    if (err == OK)
        *o = (struct old){stmt_u64(q, 0), stmt_u64(q, 1), stmt_u64(q, 2)};
    return stmt_end(q, err);
}

static enum err drop(struct sdk *s, uint64_t id, const enum sql *statements, size_t count)
{
    enum err err = inner_begin(s);

    for (size_t i = 0; err == OK && i < count; i++) {
        struct stmt *q = s->sql[statements[i]];
        stmt_bind_u64(q, 1, id);
        err = stmt_run(q);
    }
    return err;
}

/* ERR_NOT_FOUND: to the end. */
static enum err trim_outbox(struct sdk *s, uint64_t before_ms)
{
    static const enum sql all[] = {SQL_TRIM_RECEIPTS, SQL_LIVE_DROP, SQL_TRIM_OUTBOX_DROP};
    enum err err = OK;

    for (int i = 0; i < SDK_TRIM_ROWS && err == OK; i++) {
        struct old o = {0};
        if ((err = next(s, SQL_TRIM_OUTBOX, s->trim_outbox, &o)) != OK)
            break;
        s->trim_outbox = o.id;
        if (o.state != SDK_QUEUED && o.time_ms < before_ms) {
            memset(s->recent, 0, SDK_RECENT_MAX * sizeof *s->recent);
            err = drop(s, o.id, all, sizeof all / sizeof all[0]);
        }
    }
    return err;
}

static enum err trim_inbox(struct sdk *s, uint64_t before_ms)
{
    static const enum sql all[] = {SQL_TRIM_MARKS, SQL_TRIM_FILES, SQL_TRIM_INBOX_DROP};
    enum err err = OK;

    for (int i = 0; i < SDK_TRIM_ROWS && err == OK; i++) {
        struct old o = {0};
        if ((err = next(s, SQL_TRIM_INBOX, s->trim_inbox, &o)) != OK)
            break;
        s->trim_inbox = o.id;
        if (o.state > FETCHING && o.time_ms < before_ms)
            err = drop(s, o.id, all, sizeof all / sizeof all[0]);
    }
    return err;
}

/* Is a message of these rows of the outbox under way, or kept for the hub? */
static enum err in_use(struct sdk *s, const struct old *pack, bool *is)
{
    struct stmt *q = s->sql[SQL_LIVE_BETWEEN];

    stmt_bind_u64(q, 1, pack->id);
    stmt_bind_u64(q, 2, pack->state);
    enum err err = stmt_step(q);
    *is = err == OK;
    err = stmt_end(q, err);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err drop_pack(struct sdk *s, enum frame_side side, const struct old *pack)
{
    struct stmt *past = s->sql[SQL_PAST_DROP];
    bool used = false;
    enum err err = side == FRAME_SENT ? in_use(s, pack, &used) : OK;

    if (err != OK || used || (err = inner_begin(s)) != OK)
        return err;
    if (side == FRAME_SENT) {
        stmt_bind_u64(past, 1, pack->id);
        stmt_bind_u64(past, 2, pack->state);
        if ((err = stmt_run(past)) != OK)
            return err;
    }
    return frames_drop(s, side, pack->id);
}

/* Packs are in the order of their times, but for the little that clocks go back. */
static enum err trim_packs(struct sdk *s, enum frame_side side, uint64_t before_ms)
{
    enum err err = OK;

    for (int i = 0; i < SDK_TRIM_ROWS && err == OK; i++) {
        struct old pack = {0}; /* first and last row, and its time */
        err = next(s, side == FRAME_SENT ? SQL_TRIM_SENT : SQL_TRIM_APPLIED, s->trim_pack[side],
                   &pack);
        if (err != OK || pack.time_ms >= before_ms)
            break;
        s->trim_pack[side] = pack.id;
        err = drop_pack(s, side, &pack);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err trim_times(struct sdk *s, uint64_t before_ms)
{
    enum err err;
    struct stmt *proofs = s->sql[SQL_TRIM_PROOF];
    struct stmt *withdrawn = s->sql[SQL_TRIM_WITHDRAWN];
    const uint64_t margin = PROOF_MARGIN_DAYS * (uint64_t)DAY_MS;

    if ((err = inner_begin(s)) != OK)
        return err;
    stmt_bind_u64(withdrawn, 1, before_ms);
    if ((err = stmt_run(withdrawn)) != OK)
        return err;
    stmt_bind_u64(proofs, 1, before_ms > margin ? before_ms - margin : 0);
    return stmt_run(proofs);
}

enum err trim_mirror(struct sdk *s)
{
    if (!s->mirror_trims)
        return OK;
    const enum err err = inner_begin(s);
    return err == OK ? mirror_trim(s->mirror_in, &s->mirror_trims) : err;
}

enum err trim_some(struct sdk *s, uint64_t now_ms)
{
    enum err err;

    if (now_ms < s->trim_ms || now_ms < s->keep_ms)
        return OK;
    const uint64_t before_ms = now_ms - s->keep_ms;
    s->trim_ms = now_ms + SDK_TRIM_EVERY_MS;
    if ((err = trim_outbox(s, before_ms)) != OK && err != ERR_NOT_FOUND)
        return err;
    const bool sent_end = err == ERR_NOT_FOUND;
    const enum err received = trim_inbox(s, before_ms);
    if (received != OK && received != ERR_NOT_FOUND)
        return received;
    if ((err = trim_packs(s, FRAME_SENT, before_ms)) != OK ||
        (err = trim_packs(s, FRAME_APPLIED, before_ms)) != OK)
        return err;
    err = received;
    if (!sent_end || err != ERR_NOT_FOUND)
        return OK;
    s->trim_ms = now_ms + REST_MS;
    s->trim_outbox = s->trim_inbox = 0;
    memset(s->trim_pack, 0, sizeof s->trim_pack);
    return trim_times(s, before_ms);
}
