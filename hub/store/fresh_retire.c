/* The way of fresh rows to their tables: which blocks go, and when. */
#include "store/fresh_own.h"

bool block_next(const struct fresh *f, const struct block *b, const uint8_t **at, struct op *op,
                uint32_t *index)
{
    const uint8_t *end = b->segment->bytes + b->from + b->len;
    while (*at < end) {
        const uint8_t *here = *at;
        op_at(here, op);
        *at = here + op->len;
        if (entry_at(f, here, op, index))
            return true;
    }
    return false;
}

/* The rows of the first block that are still fresh go to their tables. */
static enum err block_retire(struct fresh *f)
{
    const struct block *b = block_at(f, f->first);
    const uint8_t *at = b->segment->bytes + b->from;
    enum err err = OK;
    struct op op;
    uint32_t i;
    while (err == OK && block_next(f, b, &at, &op, &i)) {
        err = fresh_body(f, &op.row, &op.row.body);
        if (err == OK)
            err = f->home[op.kind].keep(f->home[op.kind].ctx, &op.row);
        if (err == OK)
            err = entry_remove(f, i);
    }
    if (err == OK)
        f->first++;
    return err;
}

/* Is the first block one of a backlog? What stays without a body goes to its table for good, and a
 * few that stay must not keep back all that came after them. */
static bool lasts(const struct fresh *f)
{
    const struct block *b = block_at(f, f->first);
    const uint8_t *at = b->segment->bytes + b->from;
    uint64_t fresh = 0;
    struct op op;
    uint32_t i;
    while (block_next(f, b, &at, &op, &i))
        fresh += op.row.body.len;
    return fresh > (b->end - block_at(f, f->first - 1)->end) / 4 && fresh > warm_max(f) / FEW_SHARE;
}

/* Must the first block go? */
static bool is_over(const struct fresh *f)
{
    const uint64_t bytes = bytes_from(f, f->first);
    const uint64_t rows = f->count[FRESH_MESSAGE] + f->count[FRESH_FRAME] + f->count[FRESH_QUEUE];
    return bytes > f->window || f->next - f->first > FRESH_BLOCKS_MAX ||
           rows > FRESH_ROWS_MAX / 4 * 3 || (bytes > warm_max(f) && !lasts(f));
}

/* Does nothing of the first block wait to be sent any more? Rows of messages are all that is left
 * of it, and those go to their table in any case. */
static bool is_spent(const struct fresh *f)
{
    const struct block *b = block_at(f, f->first);
    const uint8_t *at = b->segment->bytes + b->from;
    struct op op;
    uint32_t i;
    while (block_next(f, b, &at, &op, &i)) {
        if (op.kind != FRESH_MESSAGE)
            return false;
    }
    return true;
}

/* Retire the blocks before `end` that are over, or all. Spent ones go many at a time: the pages of
 * the tables are written once then, and their own are free for the next ones before a checkpoint
 * brings them to the file. */
static enum err retire(struct fresh *f, uint64_t end, bool all)
{
    const bool many = bytes_from(f, f->first) > 2 * spent_max(f);
    uint64_t no = 0;
    enum err err = OK;
    while (err == OK && f->first < end &&
           (all || is_over(f) || (many && bytes_from(f, f->first) > spent_max(f) && is_spent(f)))) {
        no = block_at(f, f->first)->no > no ? block_at(f, f->first)->no : no;
        err = block_retire(f);
    }
    if (err != OK || no == 0)
        return err;
    stmt_bind_u64(f->q[FRESH_SQL_DROP], 1, no);
    return stmt_run(f->q[FRESH_SQL_DROP]);
}

enum err fresh_drain(struct fresh *f)
{
    enum err err = block_close(f);
    return err == OK ? retire(f, f->next, true) : err;
}

enum err fresh_before_commit(struct fresh *f)
{
    struct stmt *q = f->q[FRESH_SQL_PUT];
    enum err err = block_close(f);
    if (err == OK && f->next > f->base.next)
        err = retire(f, f->base.next, false);
    uint64_t i = f->first > f->base.next ? f->first : f->base.next;
    for (; err == OK && i < f->next; i++) {
        struct block *b = block_at(f, i);
        stmt_bind_u64(q, 1, f->no + 1);
        stmt_bind_bytes(q, 2, b->segment->bytes + b->from, b->len);
        err = stmt_run(q);
        b->no = ++f->no;
    }
    return err;
}
