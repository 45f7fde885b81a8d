#include "store/chunk.h"

#include "store/box.h"

enum { INDEX_BITS = 20 };

_Static_assert(STORE_CHUNK_COUNT_MAX == 1 << INDEX_BITS, "chunk.key is file << 20 | i");

enum query {
    FILE_PUT,
    FILE_GET,
    FILE_HAVE,
    PUT,
    GET,
    RUN,
    REFER,
    ORPHAN,
    SWEEP,
    FILE_DROP,
    QUERY_COUNT
};

static const char *const queries[QUERY_COUNT] = {
    [FILE_PUT] = "INSERT INTO chunk_file (sender, root, count, have, touched_ms) "
                 "VALUES (?1, ?2, ?3, 0, ?4) ON CONFLICT DO NOTHING",
    [FILE_GET] = "SELECT file, count, have FROM chunk_file WHERE sender = ?1 AND root = ?2",
    [FILE_HAVE] = "UPDATE chunk_file SET have = ?2, touched_ms = max(touched_ms, ?3) "
                  "WHERE file = ?1",
    [PUT] = "INSERT INTO chunk (key, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    [GET] = "SELECT bytes FROM chunk WHERE key = ?1",
    /* First key from ?1 on whose successor is missing: the end of the run that starts there. */
    [RUN] = "SELECT key FROM chunk AS c WHERE key >= ?1 AND key < ?2 AND NOT EXISTS "
            "(SELECT 1 FROM chunk WHERE key = c.key + 1) ORDER BY key LIMIT 1",
    [REFER] = "INSERT INTO chunk_ref (seq, file) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    [ORPHAN] = "SELECT file FROM chunk_file AS f WHERE touched_ms <= ?1 AND NOT EXISTS "
               "(SELECT 1 FROM chunk_ref WHERE chunk_ref.file = f.file) ORDER BY file LIMIT 1",
    [SWEEP] = "DELETE FROM chunk WHERE key IN "
              "(SELECT key FROM chunk WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3)",
    [FILE_DROP] = "DELETE FROM chunk_file WHERE file = ?1",
};

struct chunks {
    struct stmt *q[QUERY_COUNT];
    struct box frame;
};

struct file {
    uint64_t number;
    uint64_t count;
    uint64_t have;
};

enum err chunks_open(struct chunks **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct chunks *c = calloc(1, sizeof *c);
    if (c == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "chunk", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, c->q, f);
    if (err != OK)
        chunks_close(&c);
    *out = c;
    return err;
}

void chunks_close(struct chunks **c)
{
    if (*c != NULL)
        box_fini(&(*c)->frame);
    free(*c);
    *c = NULL;
}

static void bind_file(struct stmt *q, const char *sender, const uint8_t root[static STORE_HASH_LEN])
{
    stmt_bind_text(q, 1, sender);
    stmt_bind_bytes(q, 2, root, STORE_HASH_LEN);
}

static uint64_t chunk_key(uint64_t file, uint64_t i)
{
    return file << INDEX_BITS | i;
}

static enum err file_get(struct chunks *c, const char *sender,
                         const uint8_t root[static STORE_HASH_LEN], struct file *out)
{
    struct stmt *q = c->q[FILE_GET];
    *out = (struct file){0};
    bind_file(q, sender, root);
    enum err err = stmt_step(q);
    if (err == OK)
        *out = (struct file){stmt_u64(q, 0), stmt_u64(q, 1), stmt_u64(q, 2)};
    return stmt_end(q, err);
}

static enum err file_make(struct chunks *c, const char *sender,
                          const uint8_t root[static STORE_HASH_LEN], uint64_t count,
                          uint64_t now_ms, struct file *out)
{
    struct stmt *q = c->q[FILE_PUT];
    enum err err = file_get(c, sender, root, out);
    if (err != ERR_NOT_FOUND)
        return err == OK && out->count != count ? ERR_CONFLICT : err;
    bind_file(q, sender, root);
    stmt_bind_u64(q, 3, count);
    stmt_bind_u64(q, 4, now_ms);
    err = stmt_run(q);
    return err == OK ? file_get(c, sender, root, out) : err;
}

/* Chunk `have` has just come: how far does the run without a gap reach now? */
static enum err run_end(struct chunks *c, const struct file *file, uint64_t *have)
{
    struct stmt *q = c->q[RUN];
    stmt_bind_u64(q, 1, chunk_key(file->number, file->have));
    stmt_bind_u64(q, 2, chunk_key(file->number, 0) + file->count);
    enum err err = stmt_step(q);
    if (err == OK)
        *have = stmt_u64(q, 0) - chunk_key(file->number, 0) + 1;
    return stmt_end(q, err);
}

enum err chunk_put(struct chunks *c, const char *sender, const uint8_t root[static STORE_HASH_LEN],
                   uint64_t i, uint64_t count, struct span frame, uint64_t now_ms)
{
    struct file file;
    uint64_t new_rows = 0;

    if (count == 0 || count > STORE_CHUNK_COUNT_MAX || i >= count || frame.len == 0 ||
        frame.len > STORE_CHUNK_FRAME_MAX)
        return ERR_TOO_LARGE;
    enum err err = file_make(c, sender, root, count, now_ms, &file);
    if (err != OK)
        return err;
    stmt_bind_u64(c->q[PUT], 1, chunk_key(file.number, i));
    stmt_bind_blob(c->q[PUT], 2, frame);
    err = stmt_run_changed(c->q[PUT], &new_rows);
    if (err != OK || new_rows == 0)
        return err;
    uint64_t have = file.have;
    if (i == file.have)
        err = run_end(c, &file, &have);
    if (err != OK)
        return err;
    stmt_bind_u64(c->q[FILE_HAVE], 1, file.number);
    stmt_bind_u64(c->q[FILE_HAVE], 2, have);
    stmt_bind_u64(c->q[FILE_HAVE], 3, now_ms);
    return stmt_run(c->q[FILE_HAVE]);
}

enum err chunk_have(struct chunks *c, const char *sender, const uint8_t root[static STORE_HASH_LEN],
                    uint64_t *have, uint64_t *count)
{
    struct file file;
    enum err err = file_get(c, sender, root, &file);
    *have = file.have;
    *count = file.count;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err chunk_get(struct chunks *c, const char *sender, const uint8_t root[static STORE_HASH_LEN],
                   uint64_t i, struct span *frame)
{
    struct file file;
    *frame = (struct span){NULL, 0};
    enum err err = file_get(c, sender, root, &file);
    if (err != OK || i >= file.count)
        return err != OK ? err : ERR_NOT_FOUND;
    stmt_bind_u64(c->q[GET], 1, chunk_key(file.number, i));
    err = stmt_step(c->q[GET]);
    if (err == OK)
        err = box_keep(&c->frame, stmt_blob(c->q[GET], 0), frame);
    return stmt_end(c->q[GET], err);
}

enum err chunk_refer(struct chunks *c, const char *sender,
                     const uint8_t root[static STORE_HASH_LEN], uint64_t seq)
{
    struct file file;
    enum err err = file_get(c, sender, root, &file);
    if (err != OK)
        return err;
    stmt_bind_u64(c->q[REFER], 1, seq);
    stmt_bind_u64(c->q[REFER], 2, file.number);
    return stmt_run(c->q[REFER]);
}

enum err chunk_sweep(struct chunks *c, uint64_t now_ms, uint64_t *removed)
{
    struct stmt *q = c->q[ORPHAN];
    uint64_t file = 0;

    *removed = 0;
    if (now_ms < CHUNK_ORPHAN_MS)
        return OK;
    stmt_bind_u64(q, 1, now_ms - CHUNK_ORPHAN_MS);
    enum err err = stmt_step(q);
    if (err == OK)
        file = stmt_u64(q, 0);
    err = stmt_end(q, err);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;

    /* From the front: `have` must not promise what is gone. */
    stmt_bind_u64(c->q[FILE_HAVE], 1, file);
    stmt_bind_u64(c->q[FILE_HAVE], 2, 0);
    stmt_bind_u64(c->q[FILE_HAVE], 3, 0);
    err = stmt_run(c->q[FILE_HAVE]);
    if (err != OK)
        return err;
    stmt_bind_u64(c->q[SWEEP], 1, chunk_key(file, 0));
    stmt_bind_u64(c->q[SWEEP], 2, chunk_key(file + 1, 0));
    stmt_bind_u64(c->q[SWEEP], 3, CHUNK_SWEEP_MAX);
    err = stmt_run_changed(c->q[SWEEP], removed);
    if (err != OK || *removed == CHUNK_SWEEP_MAX)
        return err;
    stmt_bind_u64(c->q[FILE_DROP], 1, file);
    err = stmt_run(c->q[FILE_DROP]);
    *removed += err == OK; /* the file's own row counts, so that the caller comes again */
    return err;
}
