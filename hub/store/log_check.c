/* The log's start, its signed head, and looking for changed bytes. */
#include "store/log_own.h"

static const char *const queries[LOG_SQL_COUNT] = {
    [LOG_SQL_BLOCK_PUT] = "INSERT INTO leaf_block (first, leaves) VALUES (?1, ?2)",
    [LOG_SQL_BLOCK_GET] =
        "SELECT first, leaves FROM leaf_block WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
    [LOG_SQL_BLOCK_LAST] = "SELECT first, leaves FROM leaf_block ORDER BY first DESC LIMIT 1",
    [LOG_SQL_TILE_PUT] = "INSERT INTO tile (key, hashes) VALUES (?1, ?2)",
    [LOG_SQL_TILE_GET] = "SELECT hashes FROM tile WHERE key = ?1",
    [LOG_SQL_HEAD_PUT] = ("INSERT INTO checkpoint (one, size, root, text) VALUES (1, ?1, ?2, ?3) "
                          "ON CONFLICT (one) DO UPDATE SET size = ?1, root = ?2, text = ?3"),
    [LOG_SQL_HEAD_GET] = "SELECT size, root, text FROM checkpoint WHERE one = 1",
};

enum err log_checkpoint_set(struct leaf_log *log, uint64_t size, struct span text)
{
    if (text.len == 0 || text.len > sizeof log->head)
        return ERR_TOO_LARGE;
    if (size == 0 || size > log->committed || size < log->head_size)
        return ERR_LOG_ROLLBACK;
    memcpy(log->head, text.data, text.len);
    log->head_len = text.len;
    log->head_size = size;
    log->head_dirty = true;
    return OK;
}

enum err log_checkpoint(const struct leaf_log *log, uint64_t *size, struct span *text)
{
    *size = log->head_size;
    *text = (struct span){log->head, log->head_len};
    return log->head_len > 0 ? OK : ERR_NOT_FOUND;
}

static enum err head_write(struct leaf_log *log)
{
    merkle_hash root;
    enum err err = log_root(log, log->head_size, root);
    if (err != OK)
        return err;
    stmt_bind_u64(log->q[LOG_SQL_HEAD_PUT], 1, log->head_size);
    stmt_bind_bytes(log->q[LOG_SQL_HEAD_PUT], 2, root, sizeof root);
    stmt_bind_bytes(log->q[LOG_SQL_HEAD_PUT], 3, log->head, log->head_len);
    err = stmt_run(log->q[LOG_SQL_HEAD_PUT]);
    log->head_written = err == OK;
    return err;
}

enum err log_before_commit(struct leaf_log *log)
{
    enum err err = leaves_flush(log);
    bool due = log->head_dirty && log->head_age + 1 >= LOG_HEAD_COMMITS && db_wrote(log->db);
    return err == OK && due ? head_write(log) : err;
}

/* The last one, for whoever reads the file while nobody runs. Nothing is lost without it. */
static void head_keep(struct leaf_log *log)
{
    if (!log->head_dirty || db_fatal(log->db) != OK || db_begin(log->db) != OK)
        return;
    if (head_write(log) != OK || db_commit(log->db) != OK)
        db_rollback(log->db);
}

void log_committed(struct leaf_log *log)
{
    log->head_age += log->size != log->committed;
    if (log->head_written) {
        log->head_dirty = false;
        log->head_age = 0;
    }
    log->head_written = false;
    log->marked = false;
    log->committed = log->size;
    log->time_committed = log->time_ms;
}

static enum err visit_compare(void *ctx, uint64_t index, const merkle_hash hash)
{
    merkle_hash stored;
    enum err err = log_subtree(ctx, 0, index, stored);
    if (err == OK && memcmp(stored, hash, sizeof stored) != 0)
        err = ERR_LOG_ENTRY;
    return err;
}

/* Root of a completed tile against the hash that the tile above keeps for it. */
static enum err scrub_root(struct leaf_log *log, unsigned level, uint64_t number)
{
    merkle_hash root;
    merkle_hash above;
    struct slot *s;
    enum err err = log_tile(log, level, number, &s);
    if (err != OK)
        return err;
    memcpy(root, s->node[1], sizeof root);
    err = log_subtree(log, 8 * (level + 1), number, above);
    if (err == OK && memcmp(root, above, sizeof root) != 0)
        err = ERR_LOG_ENTRY;
    return err;
}

enum err log_scrub(struct leaf_log *log, uint64_t tile, struct fault *f)
{
    uint64_t from = tile * MERKLE_TILE_WIDTH;
    uint64_t to = from + MERKLE_TILE_WIDTH;
    uint64_t at;

    if (tile > tiles_of(0, log->size) || from >= log->size)
        return ERR_NOT_FOUND;
    log_slots_drop(log); /* compare with the disk, not with what was read before */
    log->block.used = false;
    db_refresh(log->db);
    enum err err = log_visit(log, from, to < log->size ? to : log->size, visit_compare, log, &at);
    if (err != OK)
        return fault_set(f, err, 0, "log", "leaf %llu", (unsigned long long)at);
    uint64_t number = tile;
    for (unsigned level = 0; level + 1 < LOG_LEVELS && number < tiles_of(level, log->size);
         level++) {
        err = scrub_root(log, level, number);
        if (err != OK)
            return fault_set(f, err, 0, "log", "tile %llu of level %u", (unsigned long long)number,
                             level);
        if ((number + 1) % MERKLE_TILE_WIDTH != 0)
            break;
        number /= MERKLE_TILE_WIDTH;
    }
    return OK;
}

/* The last signed head must be a prefix of what is on disk. */
static enum err head_load(struct leaf_log *log, struct fault *f)
{
    merkle_hash stored;
    merkle_hash root;
    struct stmt *q = log->q[LOG_SQL_HEAD_GET];
    enum err err = stmt_step(q);

    if (err == OK) {
        struct span text = stmt_blob(q, 2);
        log->head_size = stmt_u64(q, 0);
        stmt_copy(q, 1, stored, sizeof stored);
        log->head_len = text.len <= sizeof log->head ? text.len : 0;
        memcpy(log->head, text.data, log->head_len);
    }
    err = stmt_end(q, err);
    if (err == ERR_NOT_FOUND)
        return OK;
    if (err != OK)
        return fault_set(f, err, 0, "log", "checkpoint row");
    if (log->head_size > log->size)
        return fault_set(f, ERR_LOG_TRUNCATED, 0, "log", "%llu leaves, %llu were signed",
                         (unsigned long long)log->size, (unsigned long long)log->head_size);
    err = log_root(log, log->head_size, root);
    if (err == OK && memcmp(root, stored, sizeof root) != 0)
        err = ERR_LOG_FORK;
    return err == OK ? OK
                     : fault_set(f, err, 0, "log", "root of %llu leaves",
                                 (unsigned long long)log->head_size);
}

static enum err ring_make(struct leaf_ring *ring)
{
    ring->bytes = malloc(RING_BYTES);
    ring->at = malloc(RING_LEAVES * sizeof *ring->at);
    return ring->bytes != NULL && ring->at != NULL ? OK : ERR_NO_MEMORY;
}

enum err log_load(struct leaf_log **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct leaf_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "log", "load");
    log->db = db;
    uint64_t size = 0;
    enum err err = ring_make(&log->ring);
    if (err != OK)
        fault_set(f, err, 0, "log", "load");
    else
        err = db_prepare(db, queries, LOG_SQL_COUNT, log->q, f);
    if (err != OK)
        goto out;
    log->head_age = LOG_HEAD_COMMITS;
    err = leaves_count(log, &size, &log->time_ms);
    log->time_committed = log->time_ms;
    log->ring.first = size;
    log->written = size;
    log->stale = true;
    if (err == OK)
        err = log_rewind(log, size);
    log->committed = log->size;
    if (err != OK)
        fault_set(f, err, 0, "log", "right edge of %llu leaves", (unsigned long long)size);
    else
        err = head_load(log, f);
out:
    if (err != OK)
        log_unload(&log);
    *out = log;
    return err;
}

void log_unload(struct leaf_log **log)
{
    if (*log != NULL) {
        head_keep(*log);
        box_fini(&(*log)->block.bytes);
        free((*log)->ring.bytes);
        free((*log)->ring.at);
    }
    free(*log);
    *log = NULL;
}
