#include "store/log_own.h"

#include "keys/receipt.h"

enum { LEVEL_SHIFT = 48 };

_Static_assert(MERKLE_TILE_WIDTH == 256, "tile.hashes in hub-001.sql is 256 hashes long");
_Static_assert((int)HASH_LEN == (int)STORE_HASH_LEN, "hash length drifted");

static uint64_t tile_key(unsigned level, uint64_t number)
{
    return (uint64_t)level << LEVEL_SHIFT | number;
}

/* Append to an incomplete tile, with the inner nodes that become complete by it. */
static void edge_push(struct edge *e, const merkle_hash hash)
{
    size_t i = MERKLE_TILE_WIDTH + e->count++;
    memcpy(e->node[i], hash, HASH_LEN);
    for (; i > 1 && (i & 1) == 1; i >>= 1)
        merkle_node(e->node[i >> 1], e->node[i - 1], e->node[i]);
}

static void expand(tile_nodes node)
{
    for (size_t i = MERKLE_TILE_WIDTH - 1; i >= 1; i--)
        merkle_node(node[i], node[2 * i], node[2 * i + 1]);
}

static struct slot *slot_oldest(struct leaf_log *log)
{
    struct slot *oldest = &log->slot[0];
    for (size_t i = 0; i < SLOTS; i++) {
        if (!log->slot[i].used)
            return &log->slot[i];
        if (log->slot[i].stamp < oldest->stamp)
            oldest = &log->slot[i];
    }
    return oldest;
}

void log_slots_drop(struct leaf_log *log)
{
    for (size_t i = 0; i < SLOTS; i++)
        log->slot[i].used = false;
}

/* A completed tile, expanded. */
enum err log_tile(struct leaf_log *log, unsigned level, uint64_t number, struct slot **out)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &log->slot[i];
        if (s->used && s->level == level && s->number == number) {
            s->stamp = ++log->stamp;
            *out = s;
            return OK;
        }
    }
    struct slot *s = slot_oldest(log);
    s->used = false;
    stmt_bind_u64(log->q[LOG_SQL_TILE_GET], 1, tile_key(level, number));
    enum err err = stmt_step(log->q[LOG_SQL_TILE_GET]);
    if (err == OK)
        stmt_copy(log->q[LOG_SQL_TILE_GET], 0, s->node[MERKLE_TILE_WIDTH],
                  MERKLE_TILE_WIDTH * HASH_LEN);
    err = stmt_end(log->q[LOG_SQL_TILE_GET], err == ERR_NOT_FOUND ? ERR_LOG_ENTRY : err);
    if (err != OK)
        return err;
    expand(s->node);
    s->used = true;
    s->level = level;
    s->number = number;
    s->stamp = ++log->stamp;
    *out = s;
    return OK;
}

/* merkle_subtree_fn: from the right edge in memory or from a completed tile. */
enum err log_subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    struct leaf_log *log = ctx;
    struct merkle_tile at = merkle_tile_at(level, index);
    struct slot *s;

    if (log->stale)
        return ERR_INTERNAL;
    if (at.tile_level >= LOG_LEVELS)
        return ERR_TOO_LARGE;
    size_t heap = (MERKLE_TILE_WIDTH + at.first) / at.count;
    const struct edge *e = &log->edge[at.tile_level];
    if (at.tile_index >= tiles_of(at.tile_level, log->size)) {
        if (at.tile_index > tiles_of(at.tile_level, log->size) || at.first + at.count > e->count)
            return ERR_INTERNAL;
        memcpy(out, e->node[heap], HASH_LEN);
        return OK;
    }
    enum err err = log_tile(log, at.tile_level, at.tile_index, &s);
    if (err == OK)
        memcpy(out, s->node[heap], HASH_LEN);
    return err;
}

static enum err tile_store(struct leaf_log *log, unsigned level, uint64_t number)
{
    struct edge *e = &log->edge[level];
    struct slot *s = slot_oldest(log);

    stmt_later(log->q[LOG_SQL_TILE_PUT]); /* a savepoint stays as cheap as the leaf */
    stmt_bind_u64(log->q[LOG_SQL_TILE_PUT], 1, tile_key(level, number));
    stmt_bind_bytes(log->q[LOG_SQL_TILE_PUT], 2, e->node[MERKLE_TILE_WIDTH],
                    MERKLE_TILE_WIDTH * HASH_LEN);
    enum err err = stmt_run(log->q[LOG_SQL_TILE_PUT]);
    if (err != OK)
        return err;
    memcpy(s->node, e->node, sizeof s->node);
    s->used = true;
    s->level = level;
    s->number = number;
    s->stamp = ++log->stamp;
    e->count = 0;
    return OK;
}

/* The leaf at log->size is kept; carry its hash into the tree. */
static enum err carry(struct leaf_log *log, const merkle_hash leaf)
{
    merkle_hash hash;
    memcpy(hash, leaf, sizeof hash);
    log->size++;
    for (unsigned level = 0; level < LOG_LEVELS; level++) {
        struct edge *e = &log->edge[level];
        edge_push(e, hash);
        if (e->count < MERKLE_TILE_WIDTH)
            return OK;
        memcpy(hash, e->node[1], sizeof hash);
        enum err err = tile_store(log, level, tiles_of(level, log->size) - 1);
        if (err != OK)
            return err;
    }
    return ERR_TOO_LARGE;
}

enum err log_append(struct leaf_log *log, unsigned kind, uint64_t time_ms, struct span body,
                    struct span beside, uint64_t *index)
{
    merkle_hash hash;
    const struct leaf leaf = {kind, time_ms, body, beside, store_sum(beside)};

    if (db_fatal(log->db) != OK)
        return db_fatal(log->db);
    if (log->stale || !db_in_transaction(log->db))
        return ERR_INTERNAL;
    if (log->size >> (8 * LOG_LEVELS) != 0 || beside.len > LOG_BESIDE_MAX)
        return ERR_TOO_LARGE;
    enum err err = log_leaf(hash, (enum log_kind)kind, time_ms, body);
    if (err == OK)
        err = leaves_add(log, &leaf);
    if (err != OK)
        return err;
    *index = log->size;
    log->time_ms = time_ms;
    err = carry(log, hash);
    log->stale = err != OK;
    return err;
}

uint64_t log_size(const struct leaf_log *log)
{
    return log->size;
}

uint64_t log_time(const struct leaf_log *log)
{
    return log->time_ms;
}

/* What came from the disk, against its checksum and the tree. */
static enum err leaf_check(struct leaf_log *log, uint64_t index, const struct leaf *leaf)
{
    merkle_hash hash;
    merkle_hash kept;

    if (store_sum(leaf->beside) != leaf->sum)
        return ERR_LOG_ENTRY;
    enum err err = log_leaf(hash, (enum log_kind)leaf->kind, leaf->time_ms, leaf->body);
    if (err == OK)
        err = log_subtree(log, 0, index, kept);
    return err == OK && memcmp(hash, kept, sizeof hash) != 0 ? ERR_LOG_ENTRY : err;
}

enum err log_get(struct leaf_log *log, uint64_t index, struct log_entry *out)
{
    struct leaf leaf;

    *out = (struct log_entry){.index = index};
    if (index >= log->size)
        return ERR_NOT_FOUND;
    enum err err = leaves_get(log, index, false, &leaf);
    if (err == OK && !leaves_in_memory(log, index))
        err = leaf_check(log, index, &leaf);
    if (err == OK)
        *out = (struct log_entry){index, leaf.kind, leaf.time_ms, leaf.body, leaf.beside};
    return err;
}

enum err log_since(struct leaf_log *log, uint64_t time_ms, uint64_t *index)
{
    uint64_t low = 0;
    uint64_t high = log->size;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        struct log_entry entry;
        enum err err = log_get(log, middle, &entry);
        if (err != OK)
            return err;
        if (entry.time_ms < time_ms)
            low = middle + 1;
        else
            high = middle;
    }
    *index = low;
    return OK;
}

enum err log_body(struct leaf_log *log, uint64_t index, struct span *body)
{
    struct log_entry entry;
    enum err err = log_get(log, index, &entry);
    *body = entry.body;
    return err;
}

enum err log_find(struct leaf_log *log, unsigned kind, uint64_t from, uint64_t to, uint64_t *index)
{
    struct leaf leaf;
    for (*index = from; *index < to && *index < log->size; (*index)++) {
        enum err err = leaves_get(log, *index, false, &leaf);
        if (err != OK || leaf.kind == kind)
            return err;
    }
    return ERR_NOT_FOUND;
}

enum err log_leaf_hash(struct leaf_log *log, uint64_t index, merkle_hash out)
{
    return index < log->size ? log_subtree(log, 0, index, out) : ERR_NOT_FOUND;
}

enum err log_root(struct leaf_log *log, uint64_t size, merkle_hash out)
{
    return size <= log->size ? merkle_prefix_root(out, size, log_subtree, log) : ERR_NOT_FOUND;
}

enum err log_path(struct leaf_log *log, uint64_t index, uint64_t size,
                  merkle_hash path[static MERKLE_PATH_MAX], unsigned *path_len)
{
    *path_len = 0;
    if (size > log->size || index >= size)
        return ERR_NOT_FOUND;
    return merkle_inclusion_edge(index, size, log_subtree, log, &log->right, path, path_len);
}

enum err log_consistency(struct leaf_log *log, uint64_t old_size, uint64_t new_size,
                         merkle_hash proof[static MERKLE_CONSISTENCY_MAX], unsigned *proof_len)
{
    *proof_len = 0;
    if (new_size > log->size || old_size > new_size)
        return ERR_NOT_FOUND;
    return merkle_consistency(old_size, new_size, log_subtree, log, proof, proof_len);
}

enum err log_visit(struct leaf_log *log, uint64_t from, uint64_t to, log_visit_fn *visit, void *ctx,
                   uint64_t *at)
{
    for (*at = from; *at < to; (*at)++) {
        struct leaf leaf;
        merkle_hash hash;
        enum err err = leaves_get(log, *at, true, &leaf);
        if (err == OK && store_sum(leaf.beside) != leaf.sum)
            err = ERR_LOG_ENTRY;
        if (err == OK)
            err = log_leaf(hash, (enum log_kind)leaf.kind, leaf.time_ms, leaf.body);
        if (err == OK)
            err = visit(ctx, *at, hash);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err visit_push(void *ctx, uint64_t index, const merkle_hash hash)
{
    (void)index;
    edge_push(ctx, hash);
    return OK;
}

/* The incomplete tile of one level, from what is below it. */
static enum err edge_rebuild(struct leaf_log *log, unsigned level)
{
    struct edge *e = &log->edge[level];
    uint64_t below = log->size >> (8 * level);
    uint64_t first = below - (below & (MERKLE_TILE_WIDTH - 1));
    uint64_t at;

    e->count = 0;
    if (level == 0)
        return log_visit(log, first, below, visit_push, e, &at);
    for (uint64_t n = first; n < below; n++) {
        struct slot *s;
        enum err err = log_tile(log, level - 1, n, &s);
        if (err != OK)
            return err;
        edge_push(e, s->node[1]);
    }
    return OK;
}

/* Back to a smaller tree whose leaves are there. An edge that filled no tile since is only
 * cut; the others are rebuilt. */
enum err log_rewind(struct leaf_log *log, uint64_t size)
{
    uint64_t from = log->size;

    if (!log->stale && from == size)
        return OK;
    bool whole = log->stale;
    log->size = size;
    log->right.size = 0;
    if (whole || tiles_of(0, from) != tiles_of(0, size))
        log_slots_drop(log);
    for (unsigned level = 0; level < LOG_LEVELS; level++) {
        enum err err = OK;
        if (whole || tiles_of(level, from) != tiles_of(level, size))
            err = edge_rebuild(log, level);
        else
            log->edge[level].count = (unsigned)(size >> (8 * level)) & (MERKLE_TILE_WIDTH - 1);
        if (err != OK)
            return err;
    }
    log->stale = false;
    return OK;
}

enum err log_savepoint(struct leaf_log *log)
{
    enum err err = leaves_crowded(log) ? leaves_flush(log) : OK;
    log->mark = log->size;
    log->time_mark = log->time_ms;
    log->marked = true;
    return err;
}

void log_released(struct leaf_log *log)
{
    log->marked = false;
}

/* A log that cannot be read back stays stale and refuses every append. */
void log_rolled_back(struct leaf_log *log)
{
    log->head_written = false;
    log->marked = false;
    log->time_ms = log->time_committed;
    leaves_cut(log, log->committed, log->committed);
    log->stale = log_rewind(log, log->committed) != OK;
}

enum err log_rolled_back_to(struct leaf_log *log)
{
    log->marked = false;
    log->time_ms = log->time_mark;
    leaves_cut(log, log->mark, log->written);
    return log_rewind(log, log->mark);
}
