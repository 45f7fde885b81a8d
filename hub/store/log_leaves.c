/* The leaves of the log: the latest in a ring in memory, all of them in packed rows. */
#include "store/log_own.h"

#include "keys/receipt.h"

_Static_assert((RING_LEAVES & (RING_LEAVES - 1)) == 0, "the ring is masked");
_Static_assert(2 * (LEAF_HEAD + LOG_BODY_MAX + LOG_BESIDE_MAX) < PENDING_BYTES &&
                   2 * PENDING_BYTES <= RING_BYTES,
               "a savepoint begins with room for a mebibyte");

static uint32_t *ring_at(const struct leaf_ring *ring, uint64_t index)
{
    return &ring->at[index & (RING_LEAVES - 1)];
}

/* Take one packed leaf off *from. */
static bool leaf_take(struct span *from, struct leaf *out)
{
    uint64_t kind;
    uint64_t body;
    uint64_t beside;
    uint64_t sum;

    if (!span_take_uint(from, 1, &kind) || !span_take_uint(from, 8, &out->time_ms) ||
        !span_take_uint(from, 2, &body) || !span_take_uint(from, 2, &beside) ||
        !span_take_uint(from, 4, &sum) || !span_take(from, body, &out->body) ||
        !span_take(from, beside, &out->beside))
        return false;
    out->kind = (unsigned)kind;
    out->sum = (uint32_t)sum;
    return true;
}

static void leaf_write(uint8_t *to, size_t len, const struct leaf *leaf)
{
    struct writer w = writer_of(to, len);
    write_uint(&w, leaf->kind, 1);
    write_uint(&w, leaf->time_ms, 8);
    write_uint(&w, leaf->body.len, 2);
    write_uint(&w, leaf->beside.len, 2);
    write_uint(&w, leaf->sum, 4);
    write_span(&w, leaf->body);
    write_span(&w, leaf->beside);
}

/* Where the bytes of a leaf of the ring end. */
static uint32_t ring_end(const struct leaf_ring *ring, uint64_t index)
{
    struct span from = span_of(ring->bytes + *ring_at(ring, index), RING_BYTES);
    struct leaf leaf;
    (void)leaf_take(&from, &leaf);
    return (uint32_t)(from.data - ring->bytes);
}

/* Room for len bytes in one piece. */
static bool ring_fits(const struct leaf_ring *ring, uint64_t size, size_t len, uint32_t *at)
{
    if (size - ring->first == RING_LEAVES)
        return false;
    uint32_t tail = size == ring->first ? 0 : *ring_at(ring, ring->first);
    *at = size == ring->first ? 0 : ring->head;
    if (size > ring->first && tail >= ring->head)
        return len <= tail - ring->head;
    if (len <= RING_BYTES - *at)
        return true;
    *at = 0;
    return len <= tail;
}

enum err leaves_add(struct leaf_log *log, const struct leaf *leaf)
{
    struct leaf_ring *ring = &log->ring;
    size_t len = LEAF_HEAD + leaf->body.len + leaf->beside.len;
    uint32_t at;

    if (!log->marked && leaves_crowded(log)) {
        enum err err = leaves_flush(log);
        if (err != OK)
            return err;
    }
    while (!ring_fits(ring, log->size, len, &at)) {
        if (ring->first == log->written)
            return ERR_BUSY;
        ring->first++;
    }
    leaf_write(ring->bytes + at, len, leaf);
    *ring_at(ring, log->size) = at;
    ring->head = at + (uint32_t)len;
    return OK;
}

bool leaves_crowded(const struct leaf_log *log)
{
    const struct leaf_ring *ring = &log->ring;
    if (log->written == log->size)
        return false;
    uint32_t from = *ring_at(ring, log->written);
    uint32_t used = ring->head > from ? ring->head - from : ring->head + RING_BYTES - from;
    return used > PENDING_BYTES || log->size - log->written > RING_LEAVES / 2;
}

void leaves_cut(struct leaf_log *log, uint64_t size, uint64_t written)
{
    struct leaf_ring *ring = &log->ring;
    log->block.used = false;
    log->written = written;
    if (size > ring->first)
        ring->head = ring_end(ring, size - 1);
    else
        ring->first = size;
}

/* The leaves of one row: up to a tile's end, to BLOCK_BYTES, or to where the ring starts over. */
static uint64_t block_end(const struct leaf_log *log, uint64_t first, uint32_t *len)
{
    const struct leaf_ring *ring = &log->ring;
    uint32_t from = *ring_at(ring, first);
    uint64_t next = first;
    do {
        next++;
        uint32_t end = next < log->size && *ring_at(ring, next) != 0 ? *ring_at(ring, next)
                                                                     : ring_end(ring, next - 1);
        *len = end - from;
    } while (next < log->size && next % MERKLE_TILE_WIDTH != 0 && *len < BLOCK_BYTES &&
             *ring_at(ring, next) != 0);
    return next;
}

enum err leaves_flush(struct leaf_log *log)
{
    struct stmt *q = log->q[LOG_SQL_BLOCK_PUT];
    while (log->written < log->size) {
        uint32_t len;
        uint64_t next = block_end(log, log->written, &len);
        stmt_bind_u64(q, 1, log->written);
        stmt_bind_bytes(q, 2, log->ring.bytes + *ring_at(&log->ring, log->written), len);
        enum err err = stmt_run(q);
        if (err != OK)
            return err;
        log->written = next;
    }
    return OK;
}

bool leaves_in_memory(const struct leaf_log *log, uint64_t index)
{
    return index >= log->ring.first;
}

/* The row with this leaf, unless it is the one at hand. */
static enum err block_load(struct leaf_log *log, uint64_t index)
{
    struct leaf_block *b = &log->block;
    struct stmt *q = log->q[LOG_SQL_BLOCK_GET];
    struct span bytes;

    if (b->used && index >= b->next)
        return OK; /* in it, or it ends before: the walk tells */
    if (b->used && index >= b->first) {
        b->next = b->first;
        b->next_at = 0;
        return OK;
    }
    b->used = false;
    stmt_bind_u64(q, 1, index);
    enum err err = stmt_step(q);
    if (err == OK) {
        b->first = stmt_u64(q, 0);
        err = box_keep(&b->bytes, stmt_blob(q, 1), &bytes);
        b->len = bytes.len;
    }
    err = stmt_end(q, err == ERR_NOT_FOUND ? ERR_LOG_ENTRY : err);
    b->used = err == OK;
    b->next = b->first;
    b->next_at = 0;
    return err;
}

/* Step over the leaf at hand. False at the end of the block, or where it is no leaf. */
static bool block_step(struct leaf_block *b, struct leaf *out)
{
    struct span from = span_of(b->bytes.data + b->next_at, b->len - b->next_at);
    if (!leaf_take(&from, out))
        return false;
    b->next++;
    b->next_at = b->len - from.len;
    return true;
}

static enum err stored_get(struct leaf_log *log, uint64_t index, struct leaf *out)
{
    struct leaf_block *b = &log->block;
    for (int again = 0; again < 2; again++) {
        enum err err = block_load(log, index);
        if (err != OK)
            return err;
        while (b->next <= index && block_step(b, out))
            ;
        if (b->next == index + 1)
            return OK;
        b->used = false; /* the leaf may be in a later row than the one at hand */
    }
    return ERR_LOG_ENTRY;
}

enum err leaves_get(struct leaf_log *log, uint64_t index, bool stored, struct leaf *out)
{
    if (leaves_in_memory(log, index) && (!stored || index >= log->written)) {
        struct span from = span_of(log->ring.bytes + *ring_at(&log->ring, index), RING_BYTES);
        return leaf_take(&from, out) ? OK : ERR_INTERNAL;
    }
    return stored_get(log, index, out);
}

enum err leaves_count(struct leaf_log *log, uint64_t *size, uint64_t *time_ms)
{
    struct stmt *q = log->q[LOG_SQL_BLOCK_LAST];
    struct leaf leaf = {0};

    *size = 0;
    *time_ms = 0;
    enum err err = stmt_step(q);
    if (err == OK) {
        struct span rest = stmt_blob(q, 1);
        *size = stmt_u64(q, 0);
        for (; rest.len > 0 && err == OK; (*size)++)
            err = leaf_take(&rest, &leaf) ? OK : ERR_LOG_ENTRY;
        *time_ms = err == OK ? leaf.time_ms : 0;
    }
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}
