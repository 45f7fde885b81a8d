/* The archive of frames and keys: written with the effects, read beside the adapter. */
#include "adapters/sdk/archive.h"

#include "adapters/sdk/inner_sql.h"
#include "adapters/sdk/sdk_archive.h"
#include "keys/guard.h"
#include "keys/init.h"
#include "keys/keyfile.h"
#include "keys/rest.h"
#include "sdk_sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOT = ARCHIVE_SLOT_LEN,
    SEALED_LEN = ARCHIVE_KEYS_LEN + REST_OVERHEAD,
};

static struct rest_place place_of(const uint8_t env_id[static HASH_LEN])
{
    return (struct rest_place){"archive", span_of(env_id, HASH_LEN), "keys"};
}

/* ---- writing ---- */

static enum err put_row(struct sdk *s, const struct key *storage, const struct archived *what)
{
    uint8_t sealed[SEALED_LEN];
    const struct rest_place place = place_of(what->env_id);
    struct writer plain = writer_of(s->archive_keys, ARCHIVE_KEYS_LEN);
    struct writer w = writer_of(sealed, sizeof sealed);
    static const uint8_t none[SEAL_DEK_LEN] = {0};
    for (unsigned i = 0; i < FRAME_PARTS_MAX; i++) {
        const bool known = (what->known >> i & 1) != 0;
        write_uint(&plain, known, 1);
        write_bytes(&plain, known ? what->deks[i] : none, SEAL_DEK_LEN);
    }
    const enum err err = rest_seal(storage, &place, writer_span(&plain), &s->entropy, &w);
    if (err != OK)
        return err;
    struct stmt *q = s->sql[SQL_ARCHIVE_PUT];
    stmt_bind_bytes(q, 1, what->message_id, SDK_ID_LEN);
    stmt_bind_bytes(q, 2, what->env_id, HASH_LEN);
    stmt_bind_u64(q, 3, what->time_ms);
    stmt_bind_blob(q, 4, what->frame);
    stmt_bind_blob(q, 5, writer_span(&w));
    return stmt_run(q);
}

enum err archive_put(struct sdk *s, const struct archived *what)
{
    const struct key *storage = keyring_find(s->keys, KEY_USE_STORAGE);
    if (storage == NULL)
        return OK;
    const enum err err = put_row(s, storage, what);
    guard_wipe(s->archive_keys, ARCHIVE_KEYS_LEN);
    return err;
}

enum err archive_get(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN],
                     const uint8_t env_id[static HASH_LEN], uint8_t (*deks)[SEAL_DEK_LEN],
                     unsigned *known)
{
    const struct key *storage = keyring_find(s->keys, KEY_USE_STORAGE);
    const struct rest_place place = place_of(env_id);
    struct writer w = writer_of(s->archive_keys, ARCHIVE_KEYS_LEN);
    struct stmt *q = s->sql[SQL_ARCHIVE_KEYS];

    *known = 0;
    if (storage == NULL)
        return ERR_NOT_FOUND;
    stmt_bind_bytes(q, 1, message_id, SDK_ID_LEN);
    stmt_bind_bytes(q, 2, env_id, HASH_LEN);
    enum err err = stmt_step(q);
    if (err == OK)
        err = rest_open(storage, &place, stmt_blob(q, 0), &w);
    err = stmt_end(q, err);
    for (unsigned i = 0; err == OK && i < FRAME_PARTS_MAX; i++) {
        *known |= (unsigned)(s->archive_keys[i * SLOT] == 1) << i;
        memcpy(deks[i], s->archive_keys + i * SLOT + 1, SEAL_DEK_LEN);
    }
    guard_wipe(s->archive_keys, ARCHIVE_KEYS_LEN);
    return err;
}

enum err archive_trim(struct sdk *s, uint64_t before_ms)
{
    struct stmt *q = s->sql[SQL_TRIM_ARCHIVE];
    const enum err err = inner_begin(s);
    if (err != OK)
        return err;
    stmt_bind_u64(q, 1, before_ms);
    return stmt_run(q);
}

/* ---- reading ---- */

struct sdk_archive {
    struct keyring *keys;
    const struct key *storage;
    struct db *db;
    struct stmt *sql[1];
    uint8_t env_id[HASH_LEN];
    uint8_t sealed[SEALED_LEN];
    uint8_t *frame;  /* owns; FRAME_MAX */
    uint8_t *opened; /* owns, guarded; ARCHIVE_KEYS_LEN */
};

static const char *const find_sql[] = {
    "SELECT env_id, frame, keys FROM archive WHERE message_id = ?1 ORDER BY id LIMIT 1"};

static enum err open_keys(struct sdk_archive *a, const struct sdk_mirror_config *c,
                          struct fault *fault)
{
    struct passphrase *passphrase = NULL;
    enum err err = keys_init();
    if (err != OK)
        return fault_set(fault, err, 0, "keys", "the cryptographic libraries do not start");
    if ((err = passphrase_read(&passphrase, c->passphrase_file, fault)) != OK)
        return err;
    err = keyfile_read(&a->keys, c->key_file, passphrase, fault);
    passphrase_close(&passphrase);
    if (err != OK)
        return err;
    a->storage = keyring_find(a->keys, KEY_USE_STORAGE);
    if (strcmp(keyring_owner(a->keys), c->member) != 0)
        return fault_set(fault, ERR_KEY_NOT_SENDERS, 0, c->key_file,
                         "the keys are another member's");
    return a->storage != NULL ? OK
                              : fault_set(fault, ERR_KEY_FILE, 0, c->key_file, "no storage key");
}

enum err sdk_archive_open(struct sdk_archive **out, const struct sdk_mirror_config *c,
                          struct fault *fault)
{
    char path[SDK_PATH_MAX];
    struct sdk_archive *a = calloc(1, sizeof *a);
    const struct db_options options = {
        .path = path,
        .application_id = SDK_APPLICATION_ID,
        .migrations = sdk_sql,
        .migration_count = sdk_sql_count,
        .read_only = true,
    };
    enum err err = ERR_NO_MEMORY;
    *out = a;
    if (a == NULL)
        return fault_set(fault, err, 0, "archive", "open");
    a->frame = malloc(FRAME_MAX);
    a->opened = guard_alloc(ARCHIVE_KEYS_LEN);
    if (a->frame == NULL || a->opened == NULL)
        (void)fault_set(fault, err, 0, "archive", "open");
    else if ((size_t)snprintf(path, sizeof path, "%s/adapter.db", c->state_dir) >= sizeof path)
        err = fault_set(fault, ERR_FIELD_LONG, 0, "state_dir", "too long");
    else if ((err = open_keys(a, c, fault)) == OK && (err = db_open(&a->db, &options, fault)) == OK)
        err = db_prepare(a->db, find_sql, 1, a->sql, fault);
    if (err != OK)
        sdk_archive_close(out);
    return err;
}

void sdk_archive_close(struct sdk_archive **archive)
{
    struct sdk_archive *a = *archive;
    if (a == NULL)
        return;
    db_close(&a->db);
    keyring_close(&a->keys);
    guard_free(a->opened);
    free(a->frame);
    free(a);
    *archive = NULL;
}

static enum err take(struct sdk_archive *a, struct sdk_archived *out)
{
    struct stmt *q = a->sql[0];
    const struct span env_id = stmt_blob(q, 0);
    const struct span frame = stmt_blob(q, 1);
    const struct span sealed = stmt_blob(q, 2);
    if (env_id.len != HASH_LEN || frame.len > FRAME_MAX || sealed.len != SEALED_LEN)
        return ERR_CORRUPT;
    memcpy(a->env_id, env_id.data, HASH_LEN);
    memcpy(a->sealed, sealed.data, SEALED_LEN);
    memcpy(a->frame, frame.data, frame.len);
    memcpy(out->env_id, a->env_id, HASH_LEN);
    out->frame = span_of(a->frame, frame.len);
    return OK;
}

enum err sdk_archive_find(struct sdk_archive *a, const uint8_t message_id[static SDK_ID_LEN],
                          struct sdk_archived *out)
{
    struct stmt *q = a->sql[0];
    stmt_bind_bytes(q, 1, message_id, SDK_ID_LEN);
    enum err err = stmt_step(q);
    if (err == OK)
        err = take(a, out);
    return stmt_end(q, err);
}

enum err sdk_archive_key(struct sdk_archive *a, unsigned part, uint8_t dek[static SEAL_DEK_LEN])
{
    const struct rest_place place = place_of(a->env_id);
    struct writer w = writer_of(a->opened, ARCHIVE_KEYS_LEN);
    enum err err = rest_open(a->storage, &place, span_of(a->sealed, SEALED_LEN), &w);
    if (err == OK && (part >= FRAME_PARTS_MAX || a->opened[part * SLOT] != 1))
        err = ERR_NOT_IN_AUDIENCE;
    if (err == OK)
        memcpy(dek, a->opened + part * SLOT + 1, SEAL_DEK_LEN);
    guard_wipe(a->opened, ARCHIVE_KEYS_LEN);
    return err;
}
