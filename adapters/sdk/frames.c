/*
 * Frames of the outbox: neighbours share a row, so that a message costs a part of a page, and what
 * was committed last is in memory, so that it is sent without a read.
 */
#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"

enum { LEN_BYTES = 4 };

void frames_forget(struct sdk *s)
{
    for (size_t i = 0; i < SDK_PACK_SLOTS; i++)
        s->pack[i].first = 0;
    s->touched_count = 0;
    s->pack_open = NULL;
}

static struct pack *victim(struct sdk *s)
{
    struct pack *best = &s->pack[0];

    for (size_t i = 0; i < SDK_PACK_SLOTS; i++) {
        if (s->pack[i].first == 0)
            return &s->pack[i];
        if (s->pack[i].used < best->used)
            best = &s->pack[i];
    }
    return best;
}

/* ---- keeping ---- */

static enum err put_pack(struct sdk *s, uint64_t first, uint64_t last, struct span bytes)
{
    struct stmt *q = s->sql[SQL_PACK_PUT];

    stmt_bind_u64(q, 1, first);
    stmt_bind_u64(q, 2, last);
    stmt_bind_blob(q, 3, bytes);
    return stmt_run(q);
}

enum err frames_flush(struct sdk *s)
{
    struct pack *p = s->pack_open;

    s->pack_open = NULL;
    return p == NULL ? OK : put_pack(s, p->first, p->last, span_of(p->bytes, p->len));
}

/* Longer than a pack in memory: a row of its own. */
static enum err put_long(struct sdk *s, uint64_t id, struct span frame)
{
    struct writer w = writer_of(s->frame_row, FRAME_MAX + LEN_BYTES);

    write_uint(&w, frame.len, LEN_BYTES);
    write_span(&w, frame);
    return w.full ? ERR_TOO_LARGE : put_pack(s, id, id, writer_span(&w));
}

enum err frames_put(struct sdk *s, uint64_t id, struct span frame)
{
    enum err err;
    struct pack *p = s->pack_open;
    const size_t need = frame.len + LEN_BYTES;

    if (p != NULL && (p->last + 1 != id || p->last - p->first + 1 == SDK_PACK_FRAMES ||
                      p->len + need > SDK_PACK_BYTES)) {
        if ((err = frames_flush(s)) != OK)
            return err;
        p = NULL;
    }
    if (need > SDK_PACK_BYTES)
        return put_long(s, id, frame);
    if (p == NULL) {
        p = s->pack_open = victim(s);
        p->first = id;
        p->len = 0;
    }
    struct writer w = writer_of(p->bytes + p->len, SDK_PACK_BYTES - p->len);
    write_uint(&w, frame.len, LEN_BYTES);
    write_span(&w, frame);
    p->len += w.len;
    p->last = id;
    p->used = ++s->pack_clock;
    return OK;
}

/* ---- finding ---- */

/* Frame number `index` of a pack's bytes. */
static enum err frame_at(struct span bytes, uint64_t index, struct span *frame)
{
    uint64_t len;

    for (uint64_t i = 0; i <= index; i++)
        if (!span_take_uint(&bytes, LEN_BYTES, &len) || !span_take(&bytes, (size_t)len, frame))
            return ERR_CORRUPT;
    return frame->len == 0 ? ERR_CORRUPT : OK;
}

static struct pack *find_pack(struct sdk *s, uint64_t id)
{
    for (size_t i = 0; i < SDK_PACK_SLOTS; i++)
        if (s->pack[i].first != 0 && s->pack[i].first <= id && id <= s->pack[i].last)
            return &s->pack[i];
    return NULL;
}

/* Read the row that holds the frame into memory; a long one into frame_row only. */
static enum err load_pack(struct sdk *s, uint64_t id, struct span *frame)
{
    struct stmt *q = s->sql[SQL_PACK_OF];

    stmt_bind_u64(q, 1, id);
    enum err err = stmt_step(q);
    if (err == OK) {
        const uint64_t first = stmt_u64(q, 0);
        const uint64_t last = stmt_u64(q, 1);
        const struct span bytes = stmt_blob(q, 2);
        if (id > last)
            err = ERR_NOT_FOUND;
        else if (bytes.len <= SDK_PACK_BYTES) {
            struct pack *p = victim(s);
            memcpy(p->bytes, bytes.data, bytes.len);
            *p = (struct pack){first, last, bytes.len, ++s->pack_clock, p->bytes};
            err = frame_at(span_of(p->bytes, p->len), id - first, frame);
        } else if (bytes.len <= FRAME_MAX + LEN_BYTES) {
            memcpy(s->frame_row, bytes.data, bytes.len);
            err = frame_at(span_of(s->frame_row, bytes.len), id - first, frame);
        } else {
            err = ERR_CORRUPT;
        }
    }
    return stmt_end(q, err);
}

enum err frames_get(struct sdk *s, uint64_t id, struct span *frame)
{
    struct pack *p = find_pack(s, id);

    if (p == NULL)
        return load_pack(s, id, frame);
    p->used = ++s->pack_clock;
    return frame_at(span_of(p->bytes, p->len), id - p->first, frame);
}

/* ---- dropping ---- */

static enum err range_of(struct sdk *s, uint64_t id, struct pack_range *range)
{
    struct stmt *q = s->sql[SQL_PACK_RANGE];
    const struct pack *p = find_pack(s, id);

    if (p != NULL) {
        *range = (struct pack_range){p->first, p->last};
        return OK;
    }
    stmt_bind_u64(q, 1, id);
    enum err err = stmt_step(q);
    if (err == OK)
        *range = (struct pack_range){stmt_u64(q, 0), stmt_u64(q, 1)};
    if ((err = stmt_end(q, err)) != OK)
        return err;
    return id <= range->last ? OK : ERR_NOT_FOUND;
}

enum err frames_ended(struct sdk *s, uint64_t id)
{
    enum err err;
    struct pack_range range;

    for (size_t i = s->touched_count; i > 0; i--)
        if (s->touched[i - 1].first <= id && id <= s->touched[i - 1].last)
            return OK;
    err = range_of(s, id, &range);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if (s->touched_count == SDK_PACK_TOUCHED && (err = frames_sweep(s)) != OK)
        return err;
    s->touched[s->touched_count++] = range;
    return OK;
}

static enum err sweep_one(struct sdk *s, const struct pack_range *range)
{
    struct stmt *live = s->sql[SQL_LIVE_BETWEEN];
    struct stmt *drop = s->sql[SQL_PACK_DROP];

    stmt_bind_u64(live, 1, range->first);
    stmt_bind_u64(live, 2, range->last);
    enum err err = stmt_step(live);
    if ((err = stmt_end(live, err)) != ERR_NOT_FOUND)
        return err;
    struct pack *p = find_pack(s, range->first);
    if (p != NULL && p != s->pack_open)
        p->first = 0;
    stmt_bind_u64(drop, 1, range->first);
    return stmt_run(drop);
}

enum err frames_sweep(struct sdk *s)
{
    enum err err;

    for (size_t i = 0; i < s->touched_count; i++)
        if ((err = sweep_one(s, &s->touched[i])) != OK)
            return err;
    s->touched_count = 0;
    return OK;
}
