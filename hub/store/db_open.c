#include "store/db_own.h"

#include "store/dbfile.h"

#include <stdio.h>
#include <stdlib.h>

enum { LENGTH_MAX = 4 << 20, VERSION_MAX = 10000 };

_Static_assert(DB_SHRINK_PAGES == 256, "it stands in the text of CONTROL_SHRINK");

static const char *const control_sql[CONTROL_COUNT] = {
    [CONTROL_BEGIN] = "BEGIN IMMEDIATE",
    [CONTROL_COMMIT] = "COMMIT",
    [CONTROL_ROLLBACK] = "ROLLBACK",
    [CONTROL_SAVE] = "SAVEPOINT m",
    [CONTROL_RELEASE] = "RELEASE m",
    [CONTROL_BACK] = "ROLLBACK TO m",
    [CONTROL_HOLD] = "SELECT 1 FROM sqlite_schema LIMIT 1",
    [CONTROL_PAGES] = "PRAGMA page_count",
    [CONTROL_FREE] = "PRAGMA freelist_count",
    [CONTROL_SHRINK] = "PRAGMA incremental_vacuum(256)",
};

static int on_wal(void *ctx, sqlite3 *raw, const char *name, int pages)
{
    struct db *db = ctx;
    (void)raw;
    (void)name;
    db->wal_pages = (uint32_t)pages;
    return SQLITE_OK;
}

static enum err read_number(struct db *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *raw = NULL;
    int rc = sqlite3_prepare_v2(db->raw, sql, -1, &raw, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(raw);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(raw, 0);
    sqlite3_finalize(raw);
    return rc == SQLITE_ROW ? OK : rc == SQLITE_DONE ? ERR_INTERNAL : db_note(db, rc);
}

static enum err configure(struct db *db, const struct db_options *options, struct fault *f)
{
    char sizes[96];
    static const char *const pragmas = "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                                       "PRAGMA mmap_size=0; PRAGMA foreign_keys=ON;"
                                       "PRAGMA temp_store=MEMORY; PRAGMA secure_delete=FAST;"
                                       "PRAGMA wal_autocheckpoint=0;";

    sqlite3_extended_result_codes(db->raw, 1);
    sqlite3_busy_timeout(db->raw, DB_BUSY_MS);
    sqlite3_limit(db->raw, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* Without it a statement that meets a partial index is planned anew at each new value. */
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    /* Until the file is known to be ours, closing must not touch it; a reader never may. */
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);

    snprintf(sizes, sizeof sizes, "PRAGMA page_size=%u; PRAGMA cache_size=-%u",
             (unsigned)DB_PAGE_BYTES,
             options->cache_kib == 0 ? (unsigned)DB_CACHE_KIB : (unsigned)options->cache_kib);
    int rc = sqlite3_exec(db->raw, pragmas, NULL, NULL, NULL);
    /* Before the first look into the file: its log's index is in our memory then. */
    if (rc == SQLITE_OK && options->alone)
        rc = sqlite3_exec(db->raw, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->raw, sizes, NULL, NULL, NULL);
    /* NORMAL syncs around a checkpoint, and when the log starts over, but not at a commit. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->raw,
                          db->syncs_apart ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL",
                          NULL, NULL, NULL);
    return rc == SQLITE_OK ? OK : db_refuse(db, rc, options->path, "configure", f);
}

/* Whose file is it, and how old. Only reads: a file that is not ours stays as it is. */
static enum err recognise(struct db *db, const struct db_options *options, int64_t *version,
                          struct fault *f)
{
    int64_t id = 0;
    int64_t tables = 0;
    enum err err = read_number(db, "PRAGMA application_id", &id);

    if (err == OK)
        err = read_number(db, "PRAGMA user_version", version);
    if (err == OK)
        err = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (err != OK)
        return fault_set(f, err, 0, options->path, "read: %s", sqlite3_errmsg(db->raw));

    bool fresh = id == 0 && *version == 0 && tables == 0 && !db->read_only;
    if (!fresh && (uint32_t)id != options->application_id)
        return fault_set(f, ERR_DB_FOREIGN, 0, options->path,
                         "application id %08llx, expected %08x", (unsigned long long)(uint32_t)id,
                         (unsigned)options->application_id);
    if (*version < 0 || *version > (int64_t)options->migration_count)
        return fault_set(f, ERR_DB_NEWER, 0, options->path, "version %lld, this program knows %zu",
                         (long long)*version, options->migration_count);
    if (db->read_only && *version < (int64_t)options->migration_count)
        return fault_set(f, ERR_DB_FOREIGN, 0, options->path,
                         "version %lld is older than %zu; start its owner once to upgrade it",
                         (long long)*version, options->migration_count);
    return OK;
}

/* The structure of one table, or of the whole file (NULL). */
static enum err check_table(struct db *db, const char *table, const char *path, struct fault *f)
{
    char sql[128];
    sqlite3_stmt *raw = NULL;
    snprintf(sql, sizeof sql, table == NULL ? "PRAGMA quick_check(1)" : "PRAGMA quick_check('%s')",
             table);
    int rc = sqlite3_prepare_v2(db->raw, sql, -1, &raw, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(raw);
    if (rc != SQLITE_ROW) {
        sqlite3_finalize(raw);
        return db_refuse(db, rc, path, "quick_check", f);
    }
    const unsigned char *text = sqlite3_column_text(raw, 0);
    enum err err = OK;
    if (text == NULL || strcmp((const char *)text, "ok") != 0)
        err = fault_set(f, db_note(db, SQLITE_CORRUPT), 0, path, "quick_check: %s",
                        text == NULL ? "no answer" : (const char *)text);
    sqlite3_finalize(raw);
    return err;
}

static bool grows(const struct db_options *options, const char *table)
{
    for (size_t i = 0; i < options->growing_count; i++) {
        if (strcmp(options->growing[i], table) == 0)
            return true;
    }
    return false;
}

/* A large file: all tables but those that grow with traffic. */
static enum err check_tables(struct db *db, const struct db_options *options, struct fault *f)
{
    static const char sql[] = "SELECT name FROM sqlite_schema WHERE type = 'table' "
                              "AND name NOT LIKE 'sqlite%'";
    sqlite3_stmt *raw = NULL;
    enum err err = OK;
    int rc = sqlite3_prepare_v2(db->raw, sql, -1, &raw, NULL);
    while (rc == SQLITE_OK && err == OK) {
        rc = sqlite3_step(raw) == SQLITE_ROW ? SQLITE_OK : sqlite3_errcode(db->raw);
        const char *name = rc == SQLITE_OK ? (const char *)sqlite3_column_text(raw, 0) : NULL;
        if (name != NULL && strlen(name) < TABLE_NAME_MAX && !grows(options, name))
            err = check_table(db, name, options->path, f);
    }
    sqlite3_finalize(raw);
    return err != OK || rc == SQLITE_DONE ? err : db_refuse(db, rc, options->path, "tables", f);
}

static enum err quick_check(struct db *db, const struct db_options *options, struct fault *f)
{
    int64_t pages = 0;
    int64_t page_bytes = 0;
    enum err err = read_number(db, "PRAGMA page_count", &pages);
    if (err == OK)
        err = read_number(db, "PRAGMA page_size", &page_bytes);
    if (err != OK)
        return fault_set(f, err, 0, options->path, "read: %s", sqlite3_errmsg(db->raw));
    return pages * page_bytes <= DB_CHECK_BYTES || options->growing_count == 0
               ? check_table(db, NULL, options->path, f)
               : check_tables(db, options, f);
}

/* One step, its version and the owner's id in one transaction. */
static enum err migrate_one(struct db *db, const struct db_options *options, int64_t from,
                            struct fault *f)
{
    char mark[128];
    snprintf(mark, sizeof mark, "PRAGMA application_id=%lld; PRAGMA user_version=%lld;",
             (long long)options->application_id, (long long)from + 1);
    int rc = sqlite3_exec(db->raw, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->raw, options->migrations[from], NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->raw, mark, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->raw, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return OK;
    enum err err = db_refuse(db, rc, options->path, "migrate", f);
    if (sqlite3_get_autocommit(db->raw) == 0)
        (void)sqlite3_exec(db->raw, "ROLLBACK", NULL, NULL, NULL); /* the refusal stands anyway */
    return err;
}

static enum err use_wal(struct db *db, const char *path, struct fault *f)
{
    sqlite3_stmt *raw = NULL;
    int rc = sqlite3_prepare_v2(db->raw, "PRAGMA journal_mode=WAL", -1, &raw, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(raw);
    const char *mode = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(raw, 0) : NULL;
    bool wal = mode != NULL && strcmp(mode, "wal") == 0;
    sqlite3_finalize(raw);
    if (rc != SQLITE_ROW)
        return db_refuse(db, rc, path, "journal_mode", f);
    return wal ? OK
               : fault_set(f, ERR_CONFIG, 0, path, "this file system cannot hold a WAL database");
}

static enum err upgrade(struct db *db, const struct db_options *options, int64_t version,
                        struct fault *f)
{
    /* Both are properties of the file: only once it is known to be ours; this one only before it
     * has its first page. */
    if (version == 0 && options->shrinks) {
        int rc = sqlite3_exec(db->raw, "PRAGMA auto_vacuum=INCREMENTAL", NULL, NULL, NULL);
        if (rc != SQLITE_OK)
            return db_refuse(db, rc, options->path, "auto_vacuum", f);
    }
    enum err err = use_wal(db, options->path, f);
    if (err != OK)
        return err;
    for (int64_t v = version; v < (int64_t)options->migration_count; v++) {
        err = migrate_one(db, options, v, f);
        if (err != OK)
            return err;
    }
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    sqlite3_wal_hook(db->raw, on_wal, db);
    err = db_checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE); /* what a killed process left */
    if (err != OK)
        return err;
    sqlite3_file_control(db->raw, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &db->log);
    if (db->log == NULL || db->log->pMethods == NULL)
        return fault_set(f, ERR_INTERNAL, 0, options->path, "its log is not open");
    /* With a reader in the way the log is still there, and was perhaps written without a sync. */
    err = db_sync(db);
    return err == OK ? OK : fault_set(f, err, 0, options->path, "its log cannot be synced");
}

static enum err open_raw(struct db *db, const struct db_options *options, struct fault *f)
{
    /* Nobody asks how much memory is in use, and counting it takes a lock at each allocation.
     * Refused once a database was opened: then it was said before. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    int flags = SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX |
                (db->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int rc = sqlite3_open_v2(options->path, &db->raw, flags, NULL);
    if (rc != SQLITE_OK || db->raw == NULL)
        return fault_set(f, db->raw == NULL ? ERR_NO_MEMORY : db_note(db, rc), 0, options->path,
                         "open: %s", db->raw == NULL ? "out of memory" : sqlite3_errmsg(db->raw));

    int64_t version = 0;
    enum err err = configure(db, options, f);
    if (err == OK)
        err = recognise(db, options, &version, f);
    if (err == OK && !db->read_only)
        err = quick_check(db, options, f);
    if (err == OK && !db->read_only)
        err = upgrade(db, options, version, f);
    sqlite3_set_authorizer(db->raw, db_authorize, db);
    if (err == OK)
        err = db_prepare(db, control_sql, CONTROL_COUNT, db->control, f);
    for (size_t i = 0; err == OK && i < CONTROL_COUNT; i++) {
        db->control[i]->control = true;
        rc = stmt_wake(db->control[i]);
        err = rc == SQLITE_OK ? OK : db_refuse(db, rc, options->path, control_sql[i], f);
    }
    return err;
}

enum err db_open(struct db **out, const struct db_options *options, struct fault *f)
{
    *out = NULL;
    if (options->application_id == 0 || options->migration_count > VERSION_MAX)
        return fault_set(f, ERR_INTERNAL, 0, options->path, "application id or versions");

    struct db *db = calloc(1, sizeof *db);
    if (db == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, options->path, "open");
    db->lock_fd = -1;
    db->read_only = options->read_only;
    db->shrinks = options->shrinks && !options->read_only;
    db->syncs_apart = options->syncs_apart;
    db->freed = true;
    db->checkpoint_pages =
        options->checkpoint_pages == 0 ? DB_CHECKPOINT_PAGES : options->checkpoint_pages;

    enum err err = dbfile_check(options->path, options->read_only, f);
    if (err == OK && !options->read_only)
        err = dbfile_lock(&db->lock_fd, options->path, f);
    if (err == OK)
        err = open_raw(db, options, f);
    if (err != OK)
        db_close(&db);
    *out = db;
    return err;
}

void db_close(struct db **out)
{
    struct db *db = *out;
    *out = NULL;
    if (db == NULL)
        return;
    while (db->statements != NULL) {
        struct stmt *s = db->statements;
        db->statements = s->next;
        sqlite3_finalize(s->raw);
        free(s);
    }
    if (db->raw != NULL && sqlite3_get_autocommit(db->raw) == 0)
        (void)sqlite3_exec(db->raw, "ROLLBACK", NULL, NULL, NULL); /* closing undoes it anyway */
    free(db->later.bytes);
    /* After a failed fsync the closing checkpoint would take unsure pages for good ones. */
    if (db->raw != NULL && db->fatal != OK)
        sqlite3_db_config(db->raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(db->raw);
    dbfile_unlock(&db->lock_fd);
    free(db);
}
