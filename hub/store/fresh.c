#include "store/fresh_own.h"

#include <stdlib.h>

_Static_assert((BUCKETS & (BUCKETS - 1)) == 0 && (LANES & (LANES - 1)) == 0, "they are masked");
_Static_assert((BLOCKS & (BLOCKS - 1)) == 0 && 2 * FRESH_BLOCKS_MAX < BLOCKS, "it is masked");
_Static_assert(OP_HEAD + FRESH_KEY_MAX + FRESH_HEAD_MAX + OP_SUM + OP_SLOT + FRESH_ROW_BYTES <
                   FRESH_SEGMENT_BYTES,
               "an operation lies in one segment");

static const char *const queries[FRESH_SQL_COUNT] = {
    [FRESH_SQL_PUT] = "INSERT INTO fresh (no, ops) VALUES (?1, ?2)",
    [FRESH_SQL_DROP] = "DELETE FROM fresh WHERE no <= ?1",
    [FRESH_SQL_GET] = "SELECT ops FROM fresh WHERE no = ?1",
    [FRESH_SQL_NEXT] = "SELECT no, ops FROM fresh WHERE no > ?1 ORDER BY no LIMIT 1",
    [FRESH_SQL_ENDS] = "SELECT ifnull(min(no), 0), ifnull(max(no), 0) FROM fresh",
};

enum err fresh_open(struct fresh **out, struct db *db, uint32_t window, bool reader,
                    struct fault *f)
{
    *out = NULL;
    struct fresh *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "fresh", "open");
    fresh->db = db;
    fresh->window = window == 0 ? FRESH_WINDOW : window;
    fresh->reader = reader;
    /* Where it lies in memory is nothing that a sender knows. */
    fresh->seed = (uint64_t)(uintptr_t)fresh * 0x9e3779b97f4a7c15u;
    fresh->entry = calloc(FRESH_ROWS_MAX, sizeof *fresh->entry); /* pages are there once used */
    fresh->bucket = calloc(BUCKETS, sizeof *fresh->bucket);
    fresh->block = calloc(BLOCKS, sizeof *fresh->block);
    enum err err = fresh->entry != NULL && fresh->bucket != NULL && fresh->block != NULL
                       ? db_prepare(db, queries, FRESH_SQL_COUNT, fresh->q, f)
                       : fault_set(f, ERR_NO_MEMORY, 0, "fresh", "open");
    if (err != OK)
        fresh_close(&fresh);
    *out = fresh;
    return err;
}

void fresh_close(struct fresh **out)
{
    struct fresh *f = *out;
    *out = NULL;
    if (f == NULL)
        return;
    segments_free(f->head);
    segments_free(f->cold_head);
    segments_free(f->spare);
    box_fini(&f->far);
    free(f->entry);
    free(f->bucket);
    free(f->block);
    free(f->undo);
    free(f->keys);
    free(f);
}

void fresh_home(struct fresh *f, enum fresh_kind kind, fresh_keep_fn *keep, void *ctx)
{
    f->home[kind].keep = keep;
    f->home[kind].ctx = ctx;
}

/* ---- rows by key ---- */

static uint32_t hash_of(const struct fresh *f, unsigned kind, struct span key)
{
    uint64_t h = f->seed ^ kind ^ key.len << 8;
    uint64_t word = 0;
    size_t i = 0;
    for (; i + sizeof word <= key.len; i += sizeof word) {
        memcpy(&word, key.data + i, sizeof word);
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    for (word = 0; i < key.len; i++)
        word = word << 8 | key.data[i];
    h = (h ^ word) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32);
}

static bool entry_is(const struct entry *e, unsigned kind, struct span key)
{
    return e->op[0] == kind && e->op[1] == key.len &&
           memcmp(e->op + OP_HEAD, key.data, key.len) == 0;
}

static uint32_t find_hashed(const struct fresh *f, unsigned kind, struct span key, uint32_t hash)
{
    uint32_t i = f->bucket[hash & (BUCKETS - 1)];
    while (i != 0 && (f->entry[i - 1].hash != hash || !entry_is(&f->entry[i - 1], kind, key)))
        i = f->entry[i - 1].next;
    return i;
}

/* The entry of a key, or 0; index + 1. */
static uint32_t entry_find(const struct fresh *f, unsigned kind, struct span key)
{
    return find_hashed(f, kind, key, hash_of(f, kind, key));
}

static uint64_t queue_key(const uint8_t *op)
{
    struct span key = span_of(op + OP_HEAD, 8);
    uint64_t value = 0;
    (void)span_take_uint(&key, 8, &value);
    return value;
}

/* One row more or less of the kind. */
static void count(struct fresh *f, const uint8_t *op, bool more)
{
    f->count[op[0]] += more ? 1 : UINT64_MAX;
    if (op[0] != FRESH_QUEUE)
        return;
    f->lane[queue_key(op) >> LANE_SHIFT & (LANES - 1)] += more ? 1 : UINT32_MAX;
    f->version++;
}

static void link_entry(struct fresh *f, uint32_t index, const uint8_t *op, uint32_t hash)
{
    uint32_t *bucket = &f->bucket[hash & (BUCKETS - 1)];
    f->entry[index] = (struct entry){op, hash, *bucket};
    *bucket = index + 1;
    count(f, op, true);
}

static void unlink_entry(struct fresh *f, uint32_t index)
{
    struct entry *e = &f->entry[index];
    uint32_t *at = &f->bucket[e->hash & (BUCKETS - 1)];
    while (*at != index + 1)
        at = &f->entry[*at - 1].next;
    *at = e->next;
    count(f, e->op, false);
    *e = (struct entry){.next = f->entry_free};
    f->entry_free = index + 1;
}

static enum err note_undo(struct fresh *f, enum undo_kind kind, uint32_t index)
{
    if (f->undo_len == f->undo_cap) {
        size_t cap = f->undo_cap == 0 ? 256 : 2 * f->undo_cap;
        struct undo *grown = realloc(f->undo, cap * sizeof *grown);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        f->undo = grown;
        f->undo_cap = cap;
    }
    f->undo[f->undo_len++] = (struct undo){f->entry[index], index, kind};
    return OK;
}

/* Undo what was done to rows since there were so many entries in the list. In reverse order the
 * free list is at each step what it was. */
static void entries_undo(struct fresh *f, size_t upto)
{
    while (f->undo_len > upto) {
        const struct undo *u = &f->undo[--f->undo_len];
        if (u->kind == UNDO_NEW) {
            unlink_entry(f, u->index);
        } else if (u->kind == UNDO_CHANGED) {
            f->entry[u->index].op = u->was.op;
        } else {
            f->entry_free = f->entry[u->index].next;
            link_entry(f, u->index, u->was.op, u->was.hash);
        }
    }
}

enum err entry_remove(struct fresh *f, uint32_t index)
{
    enum err err = note_undo(f, UNDO_GONE, index);
    if (err == OK)
        unlink_entry(f, index);
    return err;
}

static bool entries_full(const struct fresh *f)
{
    return f->entry_free == 0 && f->entry_used == FRESH_ROWS_MAX;
}

static uint8_t *slot_of(const uint8_t *at, const struct op *op)
{
    return (uint8_t *)(uintptr_t)at + OP_HEAD + op->row.key.len + op->row.head.len + OP_SUM;
}

bool entry_at(const struct fresh *f, const uint8_t *at, const struct op *op, uint32_t *index)
{
    memcpy(index, slot_of(at, op), OP_SLOT);
    return !op->drop && *index < f->entry_used && f->entry[*index].op == at;
}

static enum err entry_new(struct fresh *f, uint8_t *at, const struct op *op, uint32_t hash)
{
    if (entries_full(f))
        return ERR_BUSY;
    uint32_t i = f->entry_free != 0 ? f->entry_free - 1 : f->entry_used;
    enum err err = note_undo(f, UNDO_NEW, i);
    if (err != OK)
        return err;
    if (f->entry_free != 0)
        f->entry_free = f->entry[i].next;
    else
        f->entry_used++;
    memcpy(slot_of(at, op), &i, OP_SLOT);
    link_entry(f, i, at, hash);
    return OK;
}

enum err entry_apply(struct fresh *f, uint8_t *at, const struct op *op)
{
    uint32_t hash = hash_of(f, op->kind, op->row.key);
    uint32_t found = find_hashed(f, op->kind, op->row.key, hash);
    if (op->drop)
        return found == 0 ? OK : entry_remove(f, found - 1);
    if (found == 0)
        return entry_new(f, at, op, hash);
    enum err err = note_undo(f, UNDO_CHANGED, found - 1);
    if (err != OK)
        return err;
    uint32_t index = found - 1;
    memcpy(slot_of(at, op), &index, OP_SLOT);
    f->entry[index].op = at;
    return OK;
}

/* ---- what its callers see ---- */

bool fresh_room(const struct fresh *f, size_t len)
{
    return db_in_transaction(f->db) && !entries_full(f) && len <= FRESH_ROW_BYTES &&
           f->added + len <= FRESH_TRANSACTION_BYTES;
}

static enum err add(struct fresh *f, const struct op *op, uint8_t **at)
{
    if (db_fatal(f->db) != OK)
        return db_fatal(f->db);
    return db_in_transaction(f->db) ? ops_append(f, op, at) : ERR_INTERNAL;
}

enum err fresh_put(struct fresh *f, enum fresh_kind kind, const struct fresh_row *row)
{
    const struct op op = {.kind = kind, .row = *row};
    if (row->key.len > FRESH_KEY_MAX || row->head.len > FRESH_HEAD_MAX ||
        row->body.len > FRESH_ROW_BYTES)
        return ERR_TOO_LARGE;
    uint8_t *at;
    enum err err = add(f, &op, &at);
    if (err == OK)
        err = entry_apply(f, at, &op);
    if (err == OK)
        f->added += row->head.len + row->body.len;
    return err;
}

bool fresh_find(struct fresh *f, enum fresh_kind kind, struct span key, struct fresh_row *out)
{
    struct op op;
    blocks_refresh(f);
    uint32_t i = f->count[kind] == 0 ? 0 : entry_find(f, kind, key);
    if (i == 0)
        return false;
    op_at(f->entry[i - 1].op, &op);
    *out = op.row;
    return true;
}

enum err fresh_drop(struct fresh *f, enum fresh_kind kind, struct span key)
{
    const struct op op = {.kind = kind, .drop = true, .row = {.key = key}};
    uint8_t *at;
    uint32_t i = f->count[kind] == 0 ? 0 : entry_find(f, kind, key);
    if (i == 0)
        return ERR_NOT_FOUND;
    enum err err = add(f, &op, &at);
    return err == OK ? entry_remove(f, i - 1) : err;
}

static bool walk(const struct fresh *f, enum fresh_kind kind, uint32_t *at, struct fresh_row *out)
{
    while (*at < f->entry_used) {
        const struct entry *e = &f->entry[(*at)++];
        struct op op;
        if (e->op == NULL || e->op[0] != kind)
            continue;
        op_at(e->op, &op);
        *out = op.row;
        return true;
    }
    return false;
}

bool fresh_walk(struct fresh *f, enum fresh_kind kind, uint32_t *at, struct fresh_row *out)
{
    if (*at == 0)
        blocks_refresh(f);
    return walk(f, kind, at, out);
}

uint64_t fresh_count(struct fresh *f, enum fresh_kind kind)
{
    blocks_refresh(f);
    return f->count[kind];
}

bool fresh_few(const struct fresh *f)
{
    return f->first < f->next && bytes_from(f, f->first) <= warm_max(f);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* All queue keys, in order. */
static enum err keys_sort(struct fresh *f)
{
    uint32_t at = 0;
    struct fresh_row row;
    if (f->key_cap < f->count[FRESH_QUEUE]) {
        uint64_t *grown = realloc(f->keys, 2 * f->count[FRESH_QUEUE] * sizeof *grown);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        f->keys = grown;
        f->key_cap = 2 * f->count[FRESH_QUEUE];
    }
    f->key_count = 0;
    while (walk(f, FRESH_QUEUE, &at, &row))
        (void)span_take_uint(&row.key, 8, &f->keys[f->key_count++]);
    qsort(f->keys, f->key_count, sizeof *f->keys, by_value);
    f->keys_version = f->version;
    return OK;
}

bool fresh_next(struct fresh *f, uint64_t from, uint64_t to, uint64_t *key, enum err *err)
{
    size_t low = 0;
    size_t high;
    *err = OK;
    blocks_refresh(f);
    if (f->count[FRESH_QUEUE] == 0 || from >= to)
        return false;
    if (from >> LANE_SHIFT == (to - 1) >> LANE_SHIFT &&
        f->lane[from >> LANE_SHIFT & (LANES - 1)] == 0)
        return false;
    if (f->keys_version != f->version && (*err = keys_sort(f)) != OK)
        return false;
    for (high = f->key_count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (f->keys[middle] < from)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == f->key_count || f->keys[low] >= to)
        return false;
    *key = f->keys[low];
    return true;
}

/* ---- transactions ---- */

void fresh_committed(struct fresh *f)
{
    f->undo_len = 0;
    f->added = 0;
    /* What the first block does not need is free now: nothing brings older blocks back. */
    blocks_cool(f);
    segments_release(f);
    f->base = ops_mark(f);
    f->save = f->base;
}

void fresh_savepoint(struct fresh *f)
{
    f->save = ops_mark(f);
}

static void go_back(struct fresh *f, const struct fresh_mark *mark)
{
    entries_undo(f, mark->undo);
    ops_rewind(f, mark);
}

void fresh_rolled_back(struct fresh *f)
{
    go_back(f, &f->base);
    f->save = f->base;
}

void fresh_rolled_back_to(struct fresh *f)
{
    go_back(f, &f->save);
}
