#include "store/db_own.h"

#include "store/dbfile.h"

#include <errno.h>
#include <stdlib.h>

enum { STATEMENTS_MAX = 512 };

/* Did file and log last fail because of a quota or a limit, and for no other reason? */
static bool over_quota(struct db *db)
{
    int number[2] = {0, 0};
    bool quota = false;
    sqlite3_file *log = NULL;
    sqlite3_file_control(db->raw, NULL, SQLITE_FCNTL_LAST_ERRNO, &number[0]);
    sqlite3_file_control(db->raw, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log != NULL && log->pMethods != NULL)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number[1]);
    for (size_t i = 0; i < 2; i++) {
        bool this = number[i] == EDQUOT || number[i] == EFBIG;
        if (number[i] != 0 && !this)
            return false;
        quota = quota || this;
    }
    return quota;
}

static enum err err_of_ioerr(struct db *db, int extended)
{
    switch (extended) {
    case SQLITE_IOERR_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_IOERR_SHMSIZE:
        /* The wal-index grows beside the log, on the same disk. */
        return sqlite3_system_errno(db->raw) == ENOSPC ? ERR_DISK_FULL : ERR_FSYNC;
    case SQLITE_IOERR_WRITE:
        /* That is a full disk, too; SQLite says so of ENOSPC only. */
        return over_quota(db) ? ERR_DISK_FULL : ERR_FSYNC;
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_CORRUPTFS:
        return ERR_CORRUPT;
    default:
        return ERR_FSYNC;
    }
}

static enum err err_of_constraint(int extended)
{
    switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return ERR_EXISTS;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return ERR_NOT_FOUND;
    default:
        return ERR_FIELD_VALUE;
    }
}

static enum err err_of_sqlite(struct db *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OK;
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_IOERR:
        return err_of_ioerr(db, rc);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY_ELSEWHERE;
    case SQLITE_CONSTRAINT:
        return err_of_constraint(rc);
    case SQLITE_TOOBIG:
        return ERR_TOO_LARGE;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return ERR_PERMISSION;
    case SQLITE_CANTOPEN:
        return ERR_IO;
    default:
        return ERR_INTERNAL;
    }
}

enum err db_note(struct db *db, int rc)
{
    enum err err = err_of_sqlite(db, rc);
    if (err_class(err) == ERR_CLASS_FATAL && db->fatal == OK)
        db->fatal = err;
    db->full = db->full || err == ERR_DISK_FULL;
    return err;
}

enum err db_refuse(struct db *db, int rc, const char *path, const char *doing, struct fault *f)
{
    return fault_set(f, db_note(db, rc), 0, path, "%s: %s", doing, sqlite3_errmsg(db->raw));
}

/* A read outside a transaction takes a lock and looks through the log's index, and so would the
 * next one; so the lock stays until something is written or folded back. */
void db_let_go(struct db *db)
{
    if (db->held)
        sqlite3_reset(db->control[CONTROL_HOLD]->raw);
    db->held = false;
}

void db_hold(struct db *db)
{
    if (db->held || db->read_only)
        return;
    db->held = sqlite3_step(db->control[CONTROL_HOLD]->raw) == SQLITE_ROW;
    if (!db->held) /* the read that comes meets the same error and tells it */
        sqlite3_reset(db->control[CONTROL_HOLD]->raw);
}

enum err db_begin(struct db *db)
{
    if (db->fatal != OK)
        return db->fatal;
    if (db->read_only)
        return ERR_PERMISSION;
    if (db_in_transaction(db))
        return ERR_INTERNAL;
    db_let_go(db);
    db->savepoint = false;
    db->savepoint_real = false;
    db->later.err = OK;
    db->lost = OK;
    db->changes_at_begin = sqlite3_total_changes64(db->raw);
    enum err err = stmt_run(db->control[CONTROL_BEGIN]);
    db->begun = err == OK;
    return err;
}

enum err db_checkpoint(struct db *db, int mode)
{
    int pages = 0;
    int done = 0;
    db_let_go(db);
    int rc = sqlite3_wal_checkpoint_v2(db->raw, NULL, mode, &pages, &done);
    /* A reader in the way, or no space: the log stays as it is and grows a little. */
    if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_FULL)
        return OK;
    if (rc == SQLITE_OK && (mode == SQLITE_CHECKPOINT_TRUNCATE || done >= pages))
        db->wal_pages = 0;
    enum err err = db_note(db, rc);
    return err == ERR_DISK_FULL ? OK : err;
}

enum err db_commit(struct db *db)
{
    if (db->fatal != OK) {
        db_rollback(db);
        return db->fatal;
    }
    if (!db_in_transaction(db)) {
        enum err lost = db->begun && db->lost != OK ? db->lost : ERR_INTERNAL;
        db_rollback(db);
        return lost;
    }
    db->savepoint = false; /* one that is open ends here */
    enum err err = later_run(db);
    if (err == OK)
        err = stmt_run(db->control[CONTROL_COMMIT]);
    if (err != OK) {
        db_rollback(db);
        return err;
    }
    db->begun = false;
    db->freed = true;
    if (db->wal_pages >= db->checkpoint_pages) {
        const enum err folded = db_checkpoint(db, SQLITE_CHECKPOINT_PASSIVE);
        (void)folded;
    }
    /* A commit that waited is on disk whatever the checkpoint says; a fatal one speaks at the next
     * call. Otherwise what is to be synced still may be what the checkpoint could not sync, and the
     * next sync would say that all is well. */
    return db->syncs_apart ? db->fatal : OK;
}

/* After a sync that failed nobody knows what is on disk, and the next one may say that all is well:
 * it is never tried again. */
enum err db_sync(const struct db *db)
{
    if (db->log == NULL)
        return ERR_PERMISSION;
    return db->log->pMethods->xSync(db->log, SQLITE_SYNC_NORMAL) == SQLITE_OK ? OK : ERR_FSYNC;
}

enum err db_synced(struct db *db, enum err synced)
{
    if (db->fatal == OK)
        db->fatal = synced;
    return db->fatal;
}

static void undo(struct db *db)
{
    for (struct stmt *s = db->statements; s != NULL; s = s->next)
        stmt_reset(s); /* an unfinished read must not keep the transaction */
    db->held = false;
    sqlite3_step(db->control[CONTROL_ROLLBACK]->raw);
    sqlite3_reset(db->control[CONTROL_ROLLBACK]->raw);
}

void db_rollback(struct db *db)
{
    db->begun = false;
    db->savepoint = false;
    later_drop(db, 0);
    if (db_in_transaction(db))
        undo(db);
    if (!db->full || db->fatal != OK)
        return;
    /* What is committed moves into the file as far as there is room; then the log starts over
     * and needs no more of it. */
    db->full = false;
    const enum err folded = db_checkpoint(db, SQLITE_CHECKPOINT_PASSIVE);
    (void)folded; /* still full: the next commit says so; a fatal one speaks at the next call */
    db->full = false;
}

enum err db_savepoint(struct db *db)
{
    if (db->fatal != OK)
        return db->fatal;
    if (!db_in_transaction(db) || db->savepoint)
        return ERR_INTERNAL;
    if (db->later.err != OK)
        return db->later.err;
    db->savepoint = true;
    db->savepoint_real = false;
    db->later.mark = db->later.len;
    return OK;
}

enum err db_release(struct db *db)
{
    if (!db->savepoint)
        return ERR_INTERNAL;
    db->savepoint = false;
    db->later.mark = 0;
    return db->savepoint_real ? stmt_run(db->control[CONTROL_RELEASE]) : db->later.err;
}

enum err db_rollback_to(struct db *db)
{
    if (!db->savepoint)
        return ERR_INTERNAL;
    db->savepoint = false;
    later_drop(db, db->later.mark);
    if (!db_in_transaction(db))
        return db->lost != OK ? db->lost
                              : ERR_INTERNAL; /* the whole transaction is undone already */
    if (db->later.err != OK || !db->savepoint_real)
        return db->later.err;
    enum err err = stmt_run(db->control[CONTROL_BACK]);
    return err != OK ? err : stmt_run(db->control[CONTROL_RELEASE]);
}

bool db_in_transaction(const struct db *db)
{
    return sqlite3_get_autocommit(db->raw) == 0;
}

bool db_wrote(const struct db *db)
{
    return db_in_transaction(db) &&
           (db->later.len > 0 || sqlite3_total_changes64(db->raw) != db->changes_at_begin);
}

void db_refresh(struct db *db)
{
    db_let_go(db);
    sqlite3_db_release_memory(db->raw);
}

enum err db_fatal(const struct db *db)
{
    return db->fatal;
}

/* The bit of a table; beyond TABLES_MAX they share the last. */
static uint64_t table_bit(struct db *db, const char *name)
{
    size_t i = 0;
    while (i < db->table_count && strcmp(db->table[i], name) != 0)
        i++;
    if (i == db->table_count && i < TABLES_MAX - 1 && strlen(name) < TABLE_NAME_MAX) {
        memcpy(db->table[i], name, strlen(name) + 1);
        db->table_count++;
    }
    return UINT64_C(1) << (i < db->table_count ? i : TABLES_MAX - 1);
}

int db_authorize(void *ctx, int action, const char *a, const char *b, const char *c, const char *d)
{
    struct db *db = ctx;
    (void)b, (void)c, (void)d;
    if (a != NULL && (action == SQLITE_READ || action == SQLITE_INSERT || action == SQLITE_UPDATE ||
                      action == SQLITE_DELETE))
        db->preparing |= table_bit(db, a);
    return SQLITE_OK;
}

/* What a statement does, and that it can be made at all. It is made again when it is used first:
 * of hundreds most never are, and each takes kilobytes. */
static bool learn(struct stmt *s)
{
    sqlite3_stmt *raw = NULL;
    s->db->preparing = 0;
    const int rc = sqlite3_prepare_v2(s->db->raw, s->sql, -1, &raw, NULL);
    s->tables = s->db->preparing;
    s->writes = rc == SQLITE_OK && sqlite3_stmt_readonly(raw) == 0;
    sqlite3_finalize(raw);
    return rc == SQLITE_OK;
}

enum err db_prepare(struct db *db, const char *const sql[], size_t count, struct stmt *out[],
                    struct fault *f)
{
    for (size_t i = 0; i < count; i++) {
        struct stmt *s = calloc(1, sizeof *s);
        if (s == NULL || db->statement_count >= STATEMENTS_MAX) {
            free(s);
            return fault_set(f, ERR_NO_MEMORY, 0, "", "statement %zu", i);
        }
        *s = (struct stmt){.db = db, .sql = sql[i], .next = db->statements};
        db->statements = s;
        db->statement_count++;
        if (!learn(s))
            return db_refuse(db, sqlite3_extended_errcode(db->raw), "", sql[i], f);
        out[i] = s;
    }
    return OK;
}
