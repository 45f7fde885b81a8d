/* The bytes of fresh rows: in memory in segments, on disk as the blocks of commits. */
#include "store/columns.h"
#include "store/fresh_own.h"

#include <stdlib.h>

/* Take one operation off *from; false when there is no whole one. */
static bool op_take(struct span *from, struct op *out)
{
    uint64_t kind;
    uint64_t key;
    uint64_t head;
    uint64_t body;
    uint64_t sum;
    struct span slot;
    const uint8_t *begin = from->data;

    if (!span_take_uint(from, 1, &kind) || !span_take_uint(from, 1, &key) ||
        !span_take_uint(from, 2, &head) || !span_take_uint(from, 4, &body) ||
        !span_take(from, key, &out->row.key) || !span_take(from, head, &out->row.head))
        return false;
    struct span summed = span_of(begin, (size_t)(from->data - begin));
    if (!span_take_uint(from, OP_SUM, &sum) || !span_take(from, OP_SLOT, &slot) ||
        !span_take(from, body, &out->row.body))
        return false;
    out->drop = (kind & OP_DROP) != 0;
    out->kind = (unsigned)kind & ~(unsigned)OP_DROP;
    return sum == store_sum(summed);
}

void op_at(const uint8_t *at, struct op *out)
{
    size_t key = at[1];
    size_t head = (size_t)at[2] << 8 | at[3];
    size_t body =
        (size_t)(at[4] & ~OP_AWAY) << 24 | (size_t)at[5] << 16 | (size_t)at[6] << 8 | at[7];
    struct span where = span_of(at + OP_HEAD + key + head + OP_SUM + OP_SLOT, OP_AWAY_LEN);
    uint64_t offset = 0;
    out->drop = (at[0] & OP_DROP) != 0;
    out->kind = at[0] & ~(unsigned)OP_DROP;
    out->row.key = span_of(at + OP_HEAD, key);
    out->row.head = span_of(at + OP_HEAD + key, head);
    out->row.away = 0;
    if ((at[4] & OP_AWAY) == 0) {
        out->row.body = span_of(where.data, body);
        out->len = (size_t)(where.data - at) + body;
        return;
    }
    out->len = (size_t)(where.data - at) + OP_AWAY_LEN;
    out->row.body = (struct span){NULL, body};
    (void)(span_take_uint(&where, 8, &out->row.away) && span_take_uint(&where, 4, &offset));
    out->row.away_at = (uint32_t)offset;
}

/* ---- segments ---- */

void segments_free(struct segment *s)
{
    while (s != NULL) {
        struct segment *next = s->next;
        free(s);
        s = next;
    }
}

static void segment_spare(struct fresh *f, struct segment *s)
{
    if (f->spare_count >= SPARE_SEGMENTS) {
        free(s);
        return;
    }
    s->next = f->spare;
    f->spare = s;
    f->spare_count++;
}

/* At the end of a list. */
static enum err segment_add(struct fresh *f, struct segment **head, struct segment **tail)
{
    struct segment *s = f->spare;
    if (s != NULL) {
        f->spare = s->next;
        f->spare_count--;
    } else {
        s = malloc(sizeof *s); /* touched only as far as rows come */
    }
    if (s == NULL)
        return ERR_NO_MEMORY;
    s->next = NULL;
    s->used = 0;
    if (*tail == NULL)
        *head = s;
    else
        (*tail)->next = s;
    *tail = s;
    return OK;
}

static enum err tail_add(struct fresh *f)
{
    enum err err = segment_add(f, &f->head, &f->tail);
    if (err == OK)
        f->from = 0;
    return err;
}

/* Segments that no block needs any more. */
void segments_release(struct fresh *f)
{
    const struct segment *cold = f->first < f->warm ? block_at(f, f->first)->segment : NULL;
    while (f->cold_head != cold) {
        struct segment *s = f->cold_head;
        f->cold_head = s->next;
        segment_spare(f, s);
    }
    if (cold == NULL)
        f->cold_tail = NULL;
    while (f->head != f->tail && (f->warm == f->next || block_at(f, f->warm)->segment != f->head)) {
        struct segment *s = f->head;
        f->head = s->next;
        segment_spare(f, s);
    }
    if (f->warm == f->next && f->tail != NULL) {
        f->tail->used = 0;
        f->from = 0;
    }
}

struct fresh_mark ops_mark(const struct fresh *f)
{
    return (struct fresh_mark){.segment = f->tail,
                               .used = f->tail == NULL ? 0 : f->tail->used,
                               .from = f->from,
                               .first = f->first,
                               .next = f->next,
                               .added = f->added,
                               .undo = f->undo_len};
}

void ops_rewind(struct fresh *f, const struct fresh_mark *mark)
{
    struct segment *later = mark->segment == NULL ? f->head : mark->segment->next;
    while (later != NULL) {
        struct segment *s = later;
        later = s->next;
        segment_spare(f, s);
    }
    f->tail = mark->segment;
    if (f->tail == NULL) {
        f->head = NULL;
    } else {
        f->tail->next = NULL;
        f->tail->used = mark->used;
    }
    f->from = mark->from;
    f->first = mark->first;
    f->next = mark->next;
    f->added = mark->added;
}

/* Forget all rows and bytes. */
static void fresh_empty(struct fresh *f)
{
    const struct fresh_mark nothing = {.segment = NULL};
    uint32_t i;
    for (i = 0; i < f->entry_used; i++)
        f->entry[i] = (struct entry){.op = NULL};
    memset(f->bucket, 0, BUCKETS * sizeof *f->bucket);
    memset(f->count, 0, sizeof f->count);
    memset(f->lane, 0, sizeof f->lane);
    f->entry_used = 0;
    f->entry_free = 0;
    f->version++;
    f->undo_len = 0;
    ops_rewind(f, &nothing);
    f->warm = 0;
    f->far_no = 0;
    segments_release(f);
}

/* ---- operations and blocks ---- */

static void block_new(struct fresh *f, uint64_t no, uint32_t len)
{
    *block_at(f, f->next) = (struct block){.no = no,
                                           .end = block_at(f, f->next - 1)->end + len,
                                           .segment = f->tail,
                                           .from = f->from,
                                           .len = len};
    f->next++;
    f->from = f->tail->used;
}

enum err block_close(struct fresh *f)
{
    if (f->tail == NULL || f->tail->used == f->from)
        return OK;
    if (f->next - f->base.first == BLOCKS - 1)
        return ERR_BUSY;
    block_new(f, 0, f->tail->used - f->from);
    return OK;
}

enum err ops_append(struct fresh *f, const struct op *op, uint8_t **at)
{
    const struct fresh_row *row = &op->row;
    size_t len = OP_HEAD + row->key.len + row->head.len + OP_SUM + OP_SLOT + row->body.len;
    if (f->tail == NULL || f->tail->used + len > FRESH_SEGMENT_BYTES) {
        enum err err = block_close(f);
        if (err == OK)
            err = tail_add(f);
        if (err != OK)
            return err;
    } else if (f->tail->used - f->from >= FRESH_BLOCK_BYTES) {
        enum err err = block_close(f);
        if (err != OK)
            return err;
    }
    struct writer w = writer_of(f->tail->bytes + f->tail->used, len);
    write_uint(&w,
               (uint64_t)(op->kind | (op->drop ? OP_DROP : 0u)) << 56 | row->key.len << 48 |
                   row->head.len << 32 | row->body.len,
               8);
    write_span(&w, row->key);
    write_span(&w, row->head);
    write_uint(&w, store_sum(writer_span(&w)), OP_SUM);
    write_uint(&w, 0, OP_SLOT);
    write_span(&w, row->body);
    *at = w.data;
    f->tail->used += (uint32_t)len;
    return OK;
}

/* ---- what is cold ---- */

/* Its body stays in the block, unless a place to find it by is longer. */
static const uint8_t *op_cool(struct segment *to, const struct block *b, const uint8_t *at,
                              const struct op *op)
{
    uint8_t *copy = to->bytes + to->used;
    const uint8_t *begin = b->segment->bytes + b->from;
    const bool away = op->row.body.len > OP_AWAY_LEN;
    const size_t kept = op->len - (away ? op->row.body.len : 0);
    memcpy(copy, at, kept);
    to->used += (uint32_t)kept;
    if (!away)
        return copy;
    struct writer w = writer_of(copy + kept, OP_AWAY_LEN);
    copy[4] |= OP_AWAY;
    write_uint(&w, b->no, 8);
    write_uint(&w, (uint64_t)(op->row.body.data - begin), 4);
    to->used += OP_AWAY_LEN;
    return copy;
}

static enum err block_cool(struct fresh *f, struct block *b)
{
    const uint8_t *at = b->segment->bytes + b->from;
    enum err err = OK;
    struct op op;
    uint32_t i;
    if (f->cold_tail == NULL || f->cold_tail->used + b->len > FRESH_SEGMENT_BYTES)
        err = segment_add(f, &f->cold_head, &f->cold_tail);
    if (err != OK)
        return err;
    struct segment *to = f->cold_tail;
    const uint32_t from = to->used;
    while (block_next(f, b, &at, &op, &i))
        f->entry[i].op = op_cool(to, b, at - op.len, &op);
    b->segment = to;
    b->from = from;
    b->len = to->used - from;
    return OK;
}

void blocks_cool(struct fresh *f)
{
    if (f->warm < f->first)
        f->warm = f->first;
    /* Without memory they stay warm for now. */
    while (f->warm < f->next && bytes_from(f, f->warm) > warm_max(f) &&
           block_cool(f, block_at(f, f->warm)) == OK)
        f->warm++;
}

/* The bytes of a block into `far`. */
static enum err block_fetch(struct fresh *f, uint64_t no)
{
    struct stmt *q = f->q[FRESH_SQL_GET];
    if (f->far_no == no)
        return OK;
    f->far_no = 0;
    stmt_bind_u64(q, 1, no);
    enum err err = stmt_step(q);
    if (err == OK)
        err = box_keep(&f->far, stmt_blob(q, 0), &f->far_bytes);
    err = stmt_end(q, err);
    if (err == OK)
        f->far_no = no;
    return err == ERR_NOT_FOUND && !f->reader ? ERR_CORRUPT : err;
}

enum err fresh_body(struct fresh *f, const struct fresh_row *row, struct span *body)
{
    const size_t len = row->body.len;
    *body = row->body;
    if (row->away == 0)
        return OK;
    *body = (struct span){NULL, 0};
    enum err err = block_fetch(f, row->away);
    if (err != OK)
        return err;
    if (row->away_at > f->far_bytes.len || len > f->far_bytes.len - row->away_at)
        return ERR_CORRUPT;
    *body = span_of(f->far_bytes.data + row->away_at, len);
    return OK;
}

/* ---- the start ---- */

/* A row as a block in memory. */
static enum err block_add(struct fresh *f, uint64_t no, struct span bytes)
{
    if (bytes.len == 0 || bytes.len > FRESH_SEGMENT_BYTES || f->next - f->first == BLOCKS - 1)
        return ERR_CORRUPT;
    if (f->tail == NULL || f->tail->used + bytes.len > FRESH_SEGMENT_BYTES) {
        enum err err = tail_add(f);
        if (err != OK)
            return err;
    }
    memcpy(f->tail->bytes + f->tail->used, bytes.data, bytes.len);
    f->tail->used += (uint32_t)bytes.len;
    block_new(f, no, (uint32_t)bytes.len);
    f->no = no;
    return OK;
}

/* What the last block says of rows; *bad is the operation that cannot be. */
static enum err block_read(struct fresh *f, unsigned *bad)
{
    const struct block *b = block_at(f, f->next - 1);
    struct span rest = span_of(b->segment->bytes + b->from, b->len);
    enum err err = OK;
    for (*bad = 0; err == OK && rest.len > 0; ++*bad) {
        uint8_t *at = b->segment->bytes + b->from + (b->len - rest.len);
        struct op op;
        bool whole = op_take(&rest, &op) && op.kind > 0 && op.kind < FRESH_KINDS &&
                     op.row.key.len <= FRESH_KEY_MAX &&
                     (op.kind != FRESH_QUEUE || op.row.key.len == 8);
        err = whole ? entry_apply(f, at, &op) : ERR_CORRUPT;
        if (err == ERR_BUSY)
            err = ERR_CORRUPT; /* more than were ever there */
    }
    return err;
}

enum err fresh_load(struct fresh *f, struct fault *fault)
{
    struct stmt *q = f->q[FRESH_SQL_NEXT];
    enum err err = OK;
    unsigned op = 0;
    uint64_t no = 0;
    while (err == OK) {
        stmt_bind_u64(q, 1, no);
        err = stmt_step(q);
        if (err == OK) {
            no = stmt_u64(q, 0);
            err = block_add(f, no, stmt_blob(q, 1));
        }
        err = stmt_end(q, err);
        if (err == OK)
            err = block_read(f, &op);
        if (err == OK)
            fresh_committed(f);
    }
    return err == ERR_NOT_FOUND ? OK
                                : fault_set(fault, err, 0, "fresh", "block %llu, row %u",
                                            (unsigned long long)no, op);
}

void blocks_refresh(struct fresh *f)
{
    struct stmt *q = f->q[FRESH_SQL_ENDS];
    uint64_t ends[2] = {0, 0};
    if (!f->reader)
        return;
    enum err err = stmt_step(q);
    for (int i = 0; err == OK && i < 2; i++)
        ends[i] = stmt_u64(q, i);
    err = stmt_end(q, err);
    if (err != OK || memcmp(ends, f->ends, sizeof ends) == 0)
        return; /* what cannot be read here is told by the read of the table that follows */
    memcpy(f->ends, ends, sizeof ends);
    fresh_empty(f);
    if (fresh_load(f, NULL) != OK)
        fresh_empty(f); /* the owner's start tells of it */
}
