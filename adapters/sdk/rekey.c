#include "adapters/sdk/sdk_rekey.h"

#include "adapters/sdk/inner_bounds.h"
#include "keys/guard.h"
#include "keys/rest.h"
#include "sdk_sql.h"
#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEP_ROWS = 256, SEALED_MAX = SDK_PACK_KEYS + REST_OVERHEAD };

/* What is sealed, under a place of one number: archive.h, mirror_rows.h. */
static const struct sealed {
    const char *table;
    const char *column;
} TABLES[] = {{"outbox_pack", "keys"}, {"inbox_pack", "keys"}, {"mirror", "key"}};

enum { TABLE_COUNT = sizeof TABLES / sizeof TABLES[0], FORGET = 2 * TABLE_COUNT, SQL_COUNT };

/* Of each table: the next value, and its replacement. */
static const char *const texts[SQL_COUNT] = {
    "SELECT first, keys FROM outbox_pack WHERE first >= ?1 ORDER BY first LIMIT 1",
    "UPDATE outbox_pack SET keys = ?2 WHERE first = ?1",
    "SELECT first, keys FROM inbox_pack WHERE first >= ?1 ORDER BY first LIMIT 1",
    "UPDATE inbox_pack SET keys = ?2 WHERE first = ?1",
    "SELECT generation, key FROM mirror WHERE generation >= ?1 ORDER BY generation LIMIT 1",
    "UPDATE mirror SET key = ?2 WHERE generation = ?1",
    "DELETE FROM outbox_key",
};

struct rekey {
    struct db *db;
    struct stmt *sql[SQL_COUNT];
    const struct keyring *keys;
    const struct key *next;
    const struct entropy *entropy;
    uint64_t count;
    uint8_t *plain; /* guarded, SEALED_MAX */
    uint8_t value[SEALED_MAX];
};

static enum err open_any(const struct rekey *r, const struct rest_place *place, struct span value,
                         struct writer *plain)
{
    enum err err = ERR_CORRUPT;
    for (size_t i = 0; err == ERR_CORRUPT && i < keyring_count(r->keys); i++) {
        const struct key *key = keyring_at(r->keys, i);
        if (key_use(key) == KEY_USE_STORAGE && key != r->next)
            err = rest_open(key, place, value, plain);
    }
    return err;
}

/* *len of r->value: what is to take its place; 0: it stays. */
static enum err seal_again(struct rekey *r, const struct rest_place *place, struct span value,
                           size_t *len)
{
    struct writer plain = writer_of(r->plain, SEALED_MAX);
    struct writer w = writer_of(r->value, sizeof r->value);
    *len = 0;
    if (value.len == 0 || rest_open(r->next, place, value, &plain) == OK)
        return OK;
    plain.len = 0;
    enum err err = open_any(r, place, value, &plain);
    if (err == OK)
        err = rest_seal(r->next, place, writer_span(&plain), r->entropy, &w);
    *len = w.len;
    return err;
}

/* The row from *at on; *at moves behind it. ERR_NOT_FOUND. */
static enum err step(struct rekey *r, size_t table, uint64_t *at)
{
    uint8_t bytes[8];
    struct writer row = writer_of(bytes, sizeof bytes);
    struct stmt *q = r->sql[2 * table];
    size_t len = 0;
    stmt_bind_u64(q, 1, *at);
    enum err err = stmt_step(q);
    if (err == OK) {
        *at = stmt_u64(q, 0);
        write_uint(&row, *at, sizeof bytes);
        const struct rest_place place = {TABLES[table].table, writer_span(&row),
                                         TABLES[table].column};
        err = seal_again(r, &place, stmt_blob(q, 1), &len);
    }
    err = stmt_end(q, err);
    if (err == OK && len > 0) {
        q = r->sql[2 * table + 1];
        stmt_bind_u64(q, 1, *at);
        stmt_bind_bytes(q, 2, r->value, len);
        err = stmt_run_one(q);
        r->count++;
    }
    *at += err == OK;
    return err;
}

static enum err walk(struct rekey *r, size_t table)
{
    uint64_t at = 0;
    enum err err = OK;
    while (err == OK) {
        err = db_begin(r->db);
        for (size_t i = 0; err == OK && i < STEP_ROWS; i++)
            err = step(r, table, &at);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
        const enum err committed = db_commit(r->db);
        err = committed == OK ? err : committed;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err run(struct rekey *r)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < TABLE_COUNT; i++)
        err = walk(r, i);
    if (err == OK)
        err = db_begin(r->db);
    if (err == OK)
        err = stmt_run(r->sql[FORGET]);
    return err == OK ? db_commit(r->db) : err;
}

static enum err open_db(struct rekey *r, const char *state_dir, struct fault *fault)
{
    char path[SDK_PATH_MAX];
    const struct db_options options = {.path = path,
                                       .application_id = SDK_APPLICATION_ID,
                                       .migrations = sdk_sql,
                                       .migration_count = sdk_sql_count};
    if ((size_t)snprintf(path, sizeof path, "%s/adapter.db", state_dir) >= sizeof path)
        return fault_set(fault, ERR_FIELD_LONG, 0, "state_dir", "too long");
    enum err err = db_open(&r->db, &options, fault);
    return err == OK ? db_prepare(r->db, texts, SQL_COUNT, r->sql, fault) : err;
}

enum err sdk_rekey(const char *state_dir, const struct keyring *keys, const struct entropy *entropy,
                   uint64_t *count, struct fault *fault)
{
    struct rekey *r = calloc(1, sizeof *r);
    *count = 0;
    if (r == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, state_dir, "keys");
    r->keys = keys;
    r->entropy = entropy;
    r->next = keyring_find(keys, KEY_USE_STORAGE);
    r->plain = guard_alloc(SEALED_MAX);
    enum err err = r->next == NULL ? ERR_KEY_FILE : r->plain == NULL ? ERR_NO_MEMORY : OK;
    if (err != OK)
        (void)fault_set(fault, err, 0, state_dir, "the storage key");
    if (err == OK)
        err = open_db(r, state_dir, fault);
    if (err == OK && (err = run(r)) != OK)
        (void)fault_set(fault, err, 0, state_dir, "%s",
                        err == ERR_CORRUPT ? "a value that no key of the file opens" : err_en(err));
    *count = r->count;
    db_close(&r->db);
    guard_free(r->plain);
    free(r);
    return err;
}
