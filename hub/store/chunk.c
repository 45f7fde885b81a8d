#include "store/chunk_own.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "keys/hash.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const queries[CHUNK_Q_COUNT] = {
    [CHUNK_Q_PUT] =
        "INSERT INTO chunk_file (name, sender, root, count, have, referred, touched_ms) "
        "VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)",
    [CHUNK_Q_GET] = "SELECT file, count, have FROM chunk_file WHERE name = ?1",
    [CHUNK_Q_RECORD] =
        "UPDATE chunk_file SET have = ?2, touched_ms = max(touched_ms, ?3) WHERE file = ?1",
    [CHUNK_Q_USED] = "SELECT coalesce(sum(count), 0) FROM chunk_file WHERE sender = ?1",
    [CHUNK_Q_REFER] = "INSERT INTO chunk_ref (seq, file) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    [CHUNK_Q_REFERRED] = "UPDATE chunk_file SET referred = 1 WHERE file = ?1 AND referred = 0",
    [CHUNK_Q_NEXT] = "SELECT file, name, referred, touched_ms FROM chunk_file WHERE file > ?1 "
                     "ORDER BY file LIMIT 1",
    [CHUNK_Q_NEEDED] = "SELECT 1 FROM chunk_ref WHERE file = ?1 LIMIT 1",
    [CHUNK_Q_DROP] = "DELETE FROM chunk_file WHERE file = ?1",
};

/* ---- files ---- */

static void name_of(const char *sender, const uint8_t root[static STORE_HASH_LEN],
                    uint8_t name[static CHUNK_NAME_LEN])
{
    struct sha256 h;
    uint8_t hash[HASH_LEN];
    sha256_init(&h);
    sha256_add(&h, span_of(sender, strlen(sender) + 1));
    sha256_add(&h, span_of(root, STORE_HASH_LEN));
    sha256_done(&h, hash);
    memcpy(name, hash, CHUNK_NAME_LEN);
}

void chunk_path(const struct chunks *c, const uint8_t name[static CHUNK_NAME_LEN],
                char path[static DB_PATH_MAX])
{
    char hex[CHUNK_HEX_LEN + 1];
    hex_encode(span_of(name, CHUNK_NAME_LEN), hex);
    (void)snprintf(path, DB_PATH_MAX, "%.*s/%s", DB_PATH_MAX - CHUNK_HEX_LEN - 2, c->dir, hex);
}

enum err chunk_row(struct chunks *c, const uint8_t name[static CHUNK_NAME_LEN], uint64_t *row,
                   uint64_t *count, uint64_t *have)
{
    struct stmt *q = c->q[CHUNK_Q_GET];
    stmt_bind_bytes(q, 1, name, CHUNK_NAME_LEN);
    enum err err = stmt_step(q);
    if (err == OK) {
        *row = stmt_u64(q, 0);
        *count = stmt_u64(q, 1);
        *have = stmt_u64(q, 2);
    }
    return stmt_end(q, err);
}

enum err chunks_open(struct chunks **out, struct db *db, const struct chunks_options *options,
                     struct fault *f)
{
    *out = NULL;
    const char *slash = strrchr(options->db_path, '/');
    struct chunks *c = calloc(1, sizeof *c);
    if (c == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "chunk", "open");
    uint64_t quota = options->quota_bytes == 0 ? CHUNK_QUOTA_BYTES : options->quota_bytes;
    c->quota_slots = quota / SLOT_BYTES;
    c->db = db;
    c->read_only = options->read_only;
    c->rows = true;
    int wanted =
        snprintf(c->dir, sizeof c->dir, "%.*schunks",
                 slash == NULL ? 0 : (int)(slash - options->db_path + 1), options->db_path);
    enum err err = wanted < 0 || (size_t)wanted >= sizeof c->dir - CHUNK_HEX_LEN - 2
                       ? fault_set(f, ERR_CONFIG, 0, options->db_path, "path too long")
                       : db_prepare(db, queries, CHUNK_Q_COUNT, c->q, f);
    if (err == OK && !c->read_only)
        err = file_private_dir(c->dir, 0700, f);
    if (err == OK && !c->read_only && (err = chunk_remove_rests(c)) != OK)
        err = fault_set(f, err, 0, c->dir, "looking for what a kill left");
    if (err != OK)
        chunks_close(&c);
    *out = c;
    return err;
}

void chunks_close(struct chunks **out)
{
    struct chunks *c = *out;
    *out = NULL;
    if (c == NULL)
        return;
    for (size_t i = 0; i < CHUNK_OPEN_MAX; i++)
        slots_close(&c->entry[i].slots);
    free(c);
}

/* ---- entries ---- */

/* Sync, then say so in the row. */
static enum err record(struct chunks *c, struct chunk_entry *e)
{
    enum err err = slots_sync(e->slots);
    if (err == OK && e->row == 0) {
        uint64_t count, have;
        err = chunk_row(c, e->name, &e->row, &count, &have);
        if (err == ERR_NOT_FOUND) {
            struct stmt *q = c->q[CHUNK_Q_PUT];
            stmt_bind_bytes(q, 1, e->name, CHUNK_NAME_LEN);
            stmt_bind_text(q, 2, e->sender);
            stmt_bind_bytes(q, 3, e->root, STORE_HASH_LEN);
            stmt_bind_u64(q, 4, e->count);
            stmt_bind_u64(q, 5, e->have);
            stmt_bind_u64(q, 6, e->touched_ms);
            err = stmt_run(q);
            c->rows = c->any_due = true;
            return err == OK ? chunk_row(c, e->name, &e->row, &count, &e->recording) : err;
        }
    }
    if (err != OK)
        return err;
    c->any_due = true;
    stmt_bind_u64(c->q[CHUNK_Q_RECORD], 1, e->row);
    stmt_bind_u64(c->q[CHUNK_Q_RECORD], 2, e->have);
    stmt_bind_u64(c->q[CHUNK_Q_RECORD], 3, e->touched_ms);
    err = stmt_run_one(c->q[CHUNK_Q_RECORD]);
    e->recording = e->have;
    return err;
}

/* The entry goes out of memory. What is not recorded is forgotten, unless we may write. */
static enum err evict(struct chunks *c, struct chunk_entry *e, bool writing)
{
    enum err err = OK;
    if (e->have != e->recorded && writing)
        err = record(c, e);
    slots_close(&e->slots);
    uint64_t row, count, have;
    if (e->row == 0 && !c->read_only && chunk_row(c, e->name, &row, &count, &have) == ERR_NOT_FOUND)
        (void)chunk_remove(c, e->name, UINT64_MAX); /* no row will ever name it */
    *e = (struct chunk_entry){.used = false};
    return err;
}

struct chunk_entry *chunk_entry_find(struct chunks *c, const uint8_t name[static CHUNK_NAME_LEN])
{
    for (size_t i = 0; i < CHUNK_OPEN_MAX; i++) {
        struct chunk_entry *e = &c->entry[i];
        if (e->used && memcmp(e->name, name, CHUNK_NAME_LEN) == 0) {
            e->turn = ++c->turn;
            return e;
        }
    }
    return NULL;
}

/* A free place; when there is none, that of the entry used longest ago. */
static enum err entry_free(struct chunks *c, bool writing, struct chunk_entry **out)
{
    struct chunk_entry *oldest = &c->entry[0];
    for (size_t i = 0; i < CHUNK_OPEN_MAX && oldest->used; i++)
        if (!c->entry[i].used || c->entry[i].turn < oldest->turn)
            oldest = &c->entry[i];
    *out = oldest;
    return oldest->used ? evict(c, oldest, writing) : OK;
}

/* How far the file on disk really reaches. */
static void look_at_file(struct chunks *c, struct chunk_entry *e)
{
    uint64_t present = 0;
    if (e->slots == NULL || slots_present(e->slots, &present) != OK)
        present = 0;
    if (present >= e->have)
        return;
    log_warn("attachment_damaged", "have=%llu present=%llu", (unsigned long long)e->have,
             (unsigned long long)present);
    e->have = present;
    e->due = true;
    c->any_due = true;
}

/* The file of (sender, root), open. With a count it is made when there is none. */
static enum err entry_get(struct chunks *c, const char *sender,
                          const uint8_t root[static STORE_HASH_LEN], uint64_t count,
                          struct chunk_entry **out)
{
    uint8_t name[CHUNK_NAME_LEN];
    char path[DB_PATH_MAX];
    struct chunk_entry *e;

    name_of(sender, root, name);
    *out = chunk_entry_find(c, name);
    if (*out != NULL)
        return OK;
    uint64_t row = 0, have = 0, known = count;
    enum err err = chunk_row(c, name, &row, &known, &have);
    if (err == ERR_NOT_FOUND && count > 0)
        err = chunk_admit(c, sender, root, count);
    if (err == OK)
        err = entry_free(c, count > 0, &e);
    if (err != OK)
        return err;
    chunk_remove_now(c, name);
    chunk_path(c, name, path);
    struct slots *slots = NULL;
    err = slots_open(&slots, c->db, path, !c->read_only);
    if (err != OK)
        return err;
    *e = (struct chunk_entry){.used = true, .slots = slots, .row = row, .count = known};
    e->have = e->recorded = e->recording = have;
    e->turn = ++c->turn;
    memcpy(e->name, name, CHUNK_NAME_LEN);
    memcpy(e->root, root, STORE_HASH_LEN);
    (void)snprintf(e->sender, sizeof e->sender, "%s", sender);
    look_at_file(c, e);
    *out = e;
    return OK;
}

static void entry_due(struct chunks *c, struct chunk_entry *e)
{
    e->due = true;
    c->any_due = true;
}

/* ---- what others ask for ---- */

enum err chunk_admit(struct chunks *c, const char *sender,
                     const uint8_t root[static STORE_HASH_LEN], uint64_t count)
{
    uint8_t name[CHUNK_NAME_LEN];
    uint64_t row, known, have, used = 0;

    name_of(sender, root, name);
    if (chunk_entry_find(c, name) != NULL)
        return OK;
    enum err err = chunk_row(c, name, &row, &known, &have);
    if (err != ERR_NOT_FOUND)
        return err;
    stmt_bind_text(c->q[CHUNK_Q_USED], 1, sender);
    err = stmt_step(c->q[CHUNK_Q_USED]);
    if (err == OK)
        used = stmt_u64(c->q[CHUNK_Q_USED], 0);
    err = stmt_end(c->q[CHUNK_Q_USED], err);
    for (size_t i = 0; i < CHUNK_OPEN_MAX; i++) {
        const struct chunk_entry *e = &c->entry[i];
        if (e->used && e->row == 0 && strcmp(e->sender, sender) == 0)
            used += e->count;
    }
    if (err != OK)
        return err;
    return used + count > c->quota_slots ? ERR_QUOTA : OK;
}

enum err chunk_put(struct chunks *c, const char *sender, const uint8_t root[static STORE_HASH_LEN],
                   uint64_t i, uint64_t count, struct span frame, uint64_t now_ms)
{
    struct chunk_entry *e;

    if (count == 0 || count > STORE_CHUNK_COUNT_MAX || i >= count || frame.len == 0 ||
        frame.len > STORE_CHUNK_FRAME_MAX || strlen(sender) > STORE_MEMBER_MAX)
        return ERR_TOO_LARGE;
    enum err err = entry_get(c, sender, root, count, &e);
    if (err != OK)
        return err;
    if (e->count != count)
        return ERR_CONFLICT;
    if (i != e->have)
        return i < e->have ? OK : ERR_SEQUENCE_GAP;
    if ((err = slots_write(e->slots, i, frame, c->room)) != OK)
        return err;
    e->have++;
    e->touched_ms = now_ms;
    if (e->have == e->count || e->have >= e->recorded + CHUNK_RECORD_EVERY)
        entry_due(c, e);
    return OK;
}

enum err chunk_have(struct chunks *c, const char *sender, const uint8_t root[static STORE_HASH_LEN],
                    uint64_t *have, uint64_t *count)
{
    struct chunk_entry *e;
    *have = *count = 0;
    enum err err = entry_get(c, sender, root, 0, &e);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    *have = e->have;
    *count = e->count;
    return OK;
}

enum err chunk_get(struct chunks *c, const char *sender, const uint8_t root[static STORE_HASH_LEN],
                   uint64_t i, struct span *frame)
{
    struct chunk_entry *e;
    *frame = (struct span){NULL, 0};
    enum err err = entry_get(c, sender, root, 0, &e);
    if (err != OK)
        return err;
    if (i >= e->have)
        return ERR_NOT_FOUND;
    err = slots_read(e->slots, i, c->room, frame);
    if (err != OK)
        chunk_spoilt(c, sender, root, i);
    return err;
}

void chunk_spoilt(struct chunks *c, const char *sender, const uint8_t root[static STORE_HASH_LEN],
                  uint64_t i)
{
    struct chunk_entry *e;
    if (entry_get(c, sender, root, 0, &e) != OK || i >= e->have)
        return;
    log_warn("attachment_damaged", "have=%llu chunk=%llu", (unsigned long long)e->have,
             (unsigned long long)i);
    e->have = i;
    entry_due(c, e);
}

enum err chunk_refer(struct chunks *c, const char *sender,
                     const uint8_t root[static STORE_HASH_LEN], uint64_t seq)
{
    struct chunk_entry *e;
    enum err err = entry_get(c, sender, root, 0, &e);
    if (err == OK && e->row == 0)
        err = record(c, e);
    if (err != OK)
        return err;
    stmt_bind_u64(c->q[CHUNK_Q_REFER], 1, seq);
    stmt_bind_u64(c->q[CHUNK_Q_REFER], 2, e->row);
    err = stmt_run(c->q[CHUNK_Q_REFER]);
    if (err != OK)
        return err;
    stmt_bind_u64(c->q[CHUNK_Q_REFERRED], 1, e->row);
    return stmt_run(c->q[CHUNK_Q_REFERRED]);
}

bool chunk_any(const struct chunks *c)
{
    return c->rows || c->gone_count > 0;
}

/* ---- the transaction ---- */

enum err chunk_before_commit(struct chunks *c)
{
    for (size_t i = 0; c->any_due && i < CHUNK_OPEN_MAX; i++) {
        struct chunk_entry *e = &c->entry[i];
        enum err err = e->used && e->due ? record(c, e) : OK;
        if (err != OK)
            return err;
    }
    return OK;
}

void chunk_committed(struct chunks *c)
{
    for (size_t i = 0; c->any_due && i < CHUNK_OPEN_MAX; i++) {
        c->entry[i].recorded = c->entry[i].recording;
        c->entry[i].due = false;
    }
    c->any_due = false;
    for (size_t i = 0; i < c->gone_count; i++)
        c->gone[i].committed = true;
}

void chunk_landed(struct chunks *c)
{
    for (size_t i = 0; i < c->gone_count; i++)
        c->gone[i].landed = c->gone[i].committed;
}

void chunk_savepoint(struct chunks *c)
{
    for (size_t i = 0; i < c->gone_count; i++)
        c->gone[i].saved = true;
}

/* The chunks stay, they are whole; what rows say is looked up again. */
static void roll_back(struct chunks *c, bool all)
{
    size_t kept = 0;
    for (size_t i = 0; i < CHUNK_OPEN_MAX; i++) {
        struct chunk_entry *e = &c->entry[i];
        e->recording = e->recorded;
        if (!e->used || e->have == e->recorded)
            continue;
        e->row = 0;
        e->due = e->due || e->have == e->count;
        c->any_due = c->any_due || e->due;
    }
    for (size_t i = 0; i < c->gone_count; i++)
        if (c->gone[i].committed || (c->gone[i].saved && !all))
            c->gone[kept++] = c->gone[i];
    c->gone_count = kept;
    c->cursor = 0;
}

void chunk_rolled_back(struct chunks *c)
{
    roll_back(c, true);
}

void chunk_rolled_back_to(struct chunks *c)
{
    roll_back(c, false);
}
