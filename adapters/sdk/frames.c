/*
 * Frames of what was sent and of what was applied: neighbours share a row, so that a message costs
 * a part of a page, and what was sent last is in memory, so that it goes without a read. The same
 * rows are the archive.
 */
#include "adapters/sdk/archive.h"
#include "adapters/sdk/inner_sql.h"

enum { LEN_BYTES = 4 };

void frames_forget(struct sdk *s)
{
    for (size_t i = 0; i <= SDK_PACK_SLOTS; i++)
        s->pack[i].first = 0;
    for (size_t side = 0; side < FRAME_SIDES; side++) {
        s->pack_open[side].pack = NULL;
        archive_clear(&s->pack_open[side]);
    }
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

/* A row of frames, with the keys that stand beside it. */
static enum err put_row(struct sdk *s, enum frame_side side, uint64_t first, uint64_t last,
                        struct span frames)
{
    uint8_t sealed[SDK_PACK_KEYS + REST_OVERHEAD];
    struct writer w = writer_of(sealed, sizeof sealed);
    struct pack_open *o = &s->pack_open[side];
    struct stmt *q = s->sql[side == FRAME_SENT ? SQL_SENT_PUT : SQL_APPLIED_PUT];
    const enum err err = archive_seal(s, side, first, &w);

    archive_clear(o);
    if (err != OK)
        return err;
    stmt_bind_u64(q, 1, first);
    stmt_bind_u64(q, 2, last);
    stmt_bind_u64(q, 3, o->time_ms);
    stmt_bind_blob(q, 4, writer_span(&w));
    stmt_bind_blob(q, 5, frames);
    return stmt_run(q);
}

enum err frames_flush(struct sdk *s, enum frame_side side)
{
    struct pack *p = s->pack_open[side].pack;

    s->pack_open[side].pack = NULL;
    return p == NULL ? OK : put_row(s, side, p->first, p->last, span_of(p->bytes, p->len));
}

/* Longer than a pack in memory: a row of its own. */
static enum err put_long(struct sdk *s, enum frame_side side, uint64_t row, struct span frame)
{
    struct writer w = writer_of(s->frame_row, FRAME_MAX + LEN_BYTES);

    write_uint(&w, frame.len, LEN_BYTES);
    write_span(&w, frame);
    return w.full ? ERR_TOO_LARGE : put_row(s, side, row, row, writer_span(&w));
}

static struct pack *new_pack(struct sdk *s, enum frame_side side, uint64_t first)
{
    struct pack *p = side == FRAME_SENT ? victim(s) : &s->pack[SDK_PACK_SLOTS];

    p->first = first;
    p->len = 0;
    return p;
}

enum err frames_put(struct sdk *s, enum frame_side side, const struct kept_frame *kept)
{
    enum err err;
    struct pack_open *o = &s->pack_open[side];
    struct pack *p = o->pack;
    const size_t need = kept->frame.len + LEN_BYTES;

    if (p != NULL &&
        (p->last + 1 != kept->row || p->last - p->first + 1 == SDK_PACK_FRAMES ||
         p->len + need > SDK_PACK_BYTES) &&
        (err = frames_flush(s, side)) != OK)
        return err;
    archive_add(o, kept);
    if (need > SDK_PACK_BYTES)
        return put_long(s, side, kept->row, kept->frame);
    if (o->pack == NULL)
        o->pack = new_pack(s, side, kept->row);
    p = o->pack;
    struct writer w = writer_of(p->bytes + p->len, SDK_PACK_BYTES - p->len);
    write_uint(&w, kept->frame.len, LEN_BYTES);
    write_span(&w, kept->frame);
    p->len += w.len;
    p->last = kept->row;
    p->used = ++s->pack_clock;
    return OK;
}

/* ---- finding ---- */

enum err frames_at(struct span bytes, uint64_t index, struct span *frame)
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
    struct stmt *q = s->sql[SQL_SENT_OF];

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
            err = frames_at(span_of(p->bytes, p->len), id - first, frame);
        } else if (bytes.len <= FRAME_MAX + LEN_BYTES) {
            memcpy(s->frame_row, bytes.data, bytes.len);
            err = frames_at(span_of(s->frame_row, bytes.len), id - first, frame);
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
    return frames_at(span_of(p->bytes, p->len), id - p->first, frame);
}

/* ---- dropping ---- */

enum err frames_drop(struct sdk *s, enum frame_side side, uint64_t first)
{
    struct stmt *q = s->sql[side == FRAME_SENT ? SQL_SENT_DROP : SQL_APPLIED_DROP];
    struct pack *p = side == FRAME_SENT ? find_pack(s, first) : NULL;

    if (p != NULL)
        p->first = 0;
    stmt_bind_u64(q, 1, first);
    return stmt_run(q);
}
