/* Rows of the queue in the order of their keys: those of the table and those that are fresh. */
#include "store/queue_own.h"

struct span row_key(uint8_t out[static ROW_KEY_LEN], uint64_t key)
{
    struct writer w = writer_of(out, ROW_KEY_LEN);
    write_uint(&w, key, ROW_KEY_LEN);
    return writer_span(&w);
}

bool row_fresh(const struct queue *q, uint64_t key, struct span *body)
{
    uint8_t bytes[ROW_KEY_LEN];
    struct fresh_row row;
    if (!fresh_find(q->fresh, FRESH_QUEUE, row_key(bytes, key), &row))
        return false;
    *body = row.head;
    return true;
}

enum err row_fresh_drop(struct queue *q, uint64_t key)
{
    uint8_t bytes[ROW_KEY_LEN];
    return fresh_drop(q->fresh, FRESH_QUEUE, row_key(bytes, key));
}

enum err row_fresh_put(struct queue *q, uint64_t key, struct span body)
{
    uint8_t bytes[ROW_KEY_LEN];
    const struct fresh_row row = {.key = row_key(bytes, key), .head = body};
    return fresh_put(q->fresh, FRESH_QUEUE, &row);
}

/* fresh_keep_fn: it lasted. */
enum err row_keep(void *ctx, const struct fresh_row *row)
{
    struct queue *q = ctx;
    struct stmt *s = q->q[QUEUE_SQL_KEEP];
    struct span from = row->key;
    uint64_t key;
    if (!span_take_uint(&from, ROW_KEY_LEN, &key))
        return ERR_CORRUPT;
    stmt_bind_u64(s, 1, key);
    stmt_bind_blob(s, 2, row->head);
    return stmt_run(s);
}

void scan_begin(struct queue *q, struct row_scan *scan, uint64_t from, uint64_t to)
{
    *scan = (struct row_scan){.q = q, .fresh_at = from, .to = to};
    stmt_bind_u64(q->q[QUEUE_SQL_RANGE], 1, from);
    stmt_bind_u64(q->q[QUEUE_SQL_RANGE], 2, to);
}

/* The next of the table and the next fresh one, as far as there are any. */
static enum err scan_look(struct row_scan *scan)
{
    struct stmt *s = scan->q->q[QUEUE_SQL_RANGE];
    enum err err = OK;
    if (!scan->stored && !scan->stored_end) {
        err = stmt_step(s);
        scan->stored = err == OK;
        scan->stored_end = err == ERR_NOT_FOUND;
        if (scan->stored)
            scan->stored_key = stmt_u64(s, 0);
    }
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (!scan->fresh)
        scan->fresh = fresh_next(scan->q->fresh, scan->fresh_at, scan->to, &scan->fresh_key, &err);
    return scan->fresh || err == ERR_NOT_FOUND ? OK : err;
}

enum err scan_next(struct row_scan *scan, struct row_at *out)
{
    struct stmt *s = scan->q->q[QUEUE_SQL_RANGE];
    enum err err = scan_look(scan);
    if (err != OK)
        return err;
    if (!scan->stored && !scan->fresh)
        return ERR_NOT_FOUND;
    out->place = (struct span){NULL, 0};
    if (!scan->stored || (scan->fresh && scan->fresh_key < scan->stored_key)) {
        out->key = scan->fresh_key;
        scan->fresh = false;
        scan->fresh_at = scan->fresh_key + 1;
        return row_fresh(scan->q, out->key, &out->body) ? OK : ERR_INTERNAL;
    }
    out->key = scan->stored_key;
    if (!stmt_is_null(s, 1))
        out->place = stmt_blob(s, 1);
    out->body = stmt_blob(s, 2);
    scan->stored = false;
    return OK;
}

enum err scan_end(struct row_scan *scan, enum err err)
{
    return stmt_end(scan->q->q[QUEUE_SQL_RANGE], err);
}
