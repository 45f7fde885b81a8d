#include "store/db_own.h"

#include "store/dbfile.h"

#include <errno.h>
#include <stdlib.h>

enum { STATEMENTS_MAX = 512 };

static enum err err_of_ioerr(struct db *db, int extended)
{
    switch (extended) {
    case SQLITE_IOERR_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_IOERR_SHMSIZE:
        /* The wal-index grows beside the log, on the same disk. */
        return sqlite3_system_errno(db->raw) == ENOSPC ? ERR_DISK_FULL : ERR_FSYNC;
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

enum err db_begin(struct db *db)
{
    if (db->fatal != OK)
        return db->fatal;
    if (db->read_only)
        return ERR_PERMISSION;
    if (db_in_transaction(db))
        return ERR_INTERNAL;
    db->savepoint = false;
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
    int rc = sqlite3_wal_checkpoint_v2(db->raw, NULL, mode, &pages, &done);
    /* A reader in the way, or no space: the log stays as it is and grows a little. */
    if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_FULL)
        return OK;
    if (rc == SQLITE_OK && (mode == SQLITE_CHECKPOINT_TRUNCATE || done >= pages))
        db->wal_pages = 0;
    return db_note(db, rc);
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
    enum err err = stmt_run(db->control[CONTROL_COMMIT]);
    if (err != OK) {
        db_rollback(db);
        return err;
    }
    db->begun = false;
    db->savepoint = false;
    /* The rows are on disk whatever the checkpoint says; a fatal one speaks at the next call. */
    if (db->wal_pages >= db->checkpoint_pages)
        db_checkpoint(db, SQLITE_CHECKPOINT_PASSIVE);
    return OK;
}

static void stmt_reset(struct stmt *s)
{
    s->err = OK;
    s->has_row = false;
    sqlite3_reset(s->raw); /* repeats the error of the step, which is known */
    sqlite3_clear_bindings(s->raw);
}

static void undo(struct db *db)
{
    for (struct stmt *s = db->statements; s != NULL; s = s->next)
        stmt_reset(s); /* an unfinished read must not keep the transaction */
    sqlite3_step(db->control[CONTROL_ROLLBACK]->raw);
    sqlite3_reset(db->control[CONTROL_ROLLBACK]->raw);
}

void db_rollback(struct db *db)
{
    db->begun = false;
    db->savepoint = false;
    if (db_in_transaction(db))
        undo(db);
    if (!db->full || db->fatal != OK)
        return;
    /* What is committed moves into the file as far as there is room; then the log starts over
     * and needs no more of it. */
    db->full = false;
    db_checkpoint(db, SQLITE_CHECKPOINT_PASSIVE);
    db->full = false;
}

enum err db_savepoint(struct db *db)
{
    if (db->fatal != OK)
        return db->fatal;
    if (!db_in_transaction(db) || db->savepoint)
        return ERR_INTERNAL;
    enum err err = stmt_run(db->control[CONTROL_SAVE]);
    db->savepoint = err == OK;
    return err;
}

enum err db_release(struct db *db)
{
    if (!db->savepoint)
        return ERR_INTERNAL;
    db->savepoint = false;
    return stmt_run(db->control[CONTROL_RELEASE]);
}

enum err db_rollback_to(struct db *db)
{
    if (!db->savepoint)
        return ERR_INTERNAL;
    db->savepoint = false;
    if (!db_in_transaction(db))
        return db->lost != OK ? db->lost
                              : ERR_INTERNAL; /* the whole transaction is undone already */
    enum err err = stmt_run(db->control[CONTROL_BACK]);
    return err != OK ? err : stmt_run(db->control[CONTROL_RELEASE]);
}

bool db_in_transaction(const struct db *db)
{
    return sqlite3_get_autocommit(db->raw) == 0;
}

bool db_wrote(const struct db *db)
{
    return db_in_transaction(db) && sqlite3_total_changes64(db->raw) != db->changes_at_begin;
}

enum err db_idle(struct db *db)
{
    if (db->fatal != OK)
        return db->fatal;
    if (db->read_only || db->wal_pages == 0 || db_in_transaction(db))
        return OK;
    return db_checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE);
}

enum err db_fatal(const struct db *db)
{
    return db->fatal;
}

const char *db_message(const struct db *db)
{
    return sqlite3_errmsg(db->raw);
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
        *s = (struct stmt){.db = db, .next = db->statements};
        db->statements = s;
        db->statement_count++;
        int rc = sqlite3_prepare_v3(db->raw, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->raw, NULL);
        if (rc != SQLITE_OK)
            return db_refuse(db, rc, "", sql[i], f);
        out[i] = s;
    }
    return OK;
}

static void stmt_note(struct stmt *s, enum err err)
{
    if (s->err == OK)
        s->err = err;
}

void stmt_bind_u64(struct stmt *s, int index, uint64_t value)
{
    if (value > (uint64_t)INT64_MAX)
        stmt_note(s, ERR_TOO_LARGE);
    else
        stmt_note(s, db_note(s->db, sqlite3_bind_int64(s->raw, index, (int64_t)value)));
}

void stmt_bind_bytes(struct stmt *s, int index, const void *bytes, size_t len)
{
    /* A null pointer would bind NULL, and an empty blob is not NULL. */
    int rc = len == 0 ? sqlite3_bind_zeroblob(s->raw, index, 0)
                      : sqlite3_bind_blob64(s->raw, index, bytes, len, SQLITE_STATIC);
    stmt_note(s, db_note(s->db, rc));
}

void stmt_bind_blob(struct stmt *s, int index, struct span bytes)
{
    stmt_bind_bytes(s, index, bytes.data, bytes.len);
}

void stmt_bind_text(struct stmt *s, int index, const char *text)
{
    stmt_note(s, db_note(s->db, sqlite3_bind_text(s->raw, index, text, -1, SQLITE_STATIC)));
}

void stmt_bind_null(struct stmt *s, int index)
{
    stmt_note(s, db_note(s->db, sqlite3_bind_null(s->raw, index)));
}

enum err stmt_step(struct stmt *s)
{
    s->has_row = false;
    if (s->db->fatal != OK)
        return s->err = s->db->fatal;
    if (s->err != OK)
        return s->err;
    if (!s->control && !db_in_transaction(s->db) && sqlite3_stmt_readonly(s->raw) == 0)
        return s->err = s->db->lost != OK ? s->db->lost : ERR_INTERNAL;
    int rc = sqlite3_step(s->raw);
    s->has_row = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW)
        return OK;
    if (rc == SQLITE_DONE)
        return ERR_NOT_FOUND;
    s->err = db_note(s->db, rc);
    if (s->db->begun && !db_in_transaction(s->db) && s->db->lost == OK)
        s->db->lost = s->err;
    return s->err;
}

uint64_t stmt_u64(struct stmt *s, int column)
{
    if (!s->has_row || sqlite3_column_type(s->raw, column) != SQLITE_INTEGER ||
        sqlite3_column_int64(s->raw, column) < 0) {
        stmt_note(s, db_note(s->db, SQLITE_CORRUPT));
        return 0;
    }
    return (uint64_t)sqlite3_column_int64(s->raw, column);
}

struct span stmt_blob(struct stmt *s, int column)
{
    if (!s->has_row || sqlite3_column_type(s->raw, column) != SQLITE_BLOB) {
        stmt_note(s, db_note(s->db, SQLITE_CORRUPT));
        return (struct span){NULL, 0};
    }
    const void *data = sqlite3_column_blob(s->raw, column);
    int len = sqlite3_column_bytes(s->raw, column);
    if (data == NULL && len > 0)
        stmt_note(s, ERR_NO_MEMORY);
    return span_of(data, data == NULL ? 0 : (size_t)len);
}

bool stmt_is_null(struct stmt *s, int column)
{
    return s->has_row && sqlite3_column_type(s->raw, column) == SQLITE_NULL;
}

void stmt_copy(struct stmt *s, int column, void *out, size_t len)
{
    struct span bytes = stmt_blob(s, column);
    if (bytes.len == len) {
        memcpy(out, bytes.data, len);
        return;
    }
    memset(out, 0, len);
    stmt_note(s, db_note(s->db, SQLITE_CORRUPT));
}

void stmt_copy_text(struct stmt *s, int column, char *out, size_t cap)
{
    out[0] = '\0';
    if (!s->has_row || sqlite3_column_type(s->raw, column) != SQLITE_TEXT) {
        stmt_note(s, db_note(s->db, SQLITE_CORRUPT));
        return;
    }
    const unsigned char *text = sqlite3_column_text(s->raw, column);
    int len = sqlite3_column_bytes(s->raw, column);
    if (text == NULL || (size_t)len >= cap || strlen((const char *)text) != (size_t)len) {
        stmt_note(s, text == NULL ? ERR_NO_MEMORY : db_note(s->db, SQLITE_CORRUPT));
        return;
    }
    memcpy(out, text, (size_t)len + 1);
}

enum err stmt_end(struct stmt *s, enum err err)
{
    enum err noted = s->err;
    stmt_reset(s);
    return err != OK ? err : noted;
}

enum err stmt_run(struct stmt *s)
{
    enum err err = stmt_step(s);
    if (err == OK)
        err = ERR_INTERNAL; /* a row where none was expected */
    else if (err == ERR_NOT_FOUND)
        err = OK;
    return stmt_end(s, err);
}

enum err stmt_run_changed(struct stmt *s, uint64_t *changed)
{
    struct db *db = s->db;
    enum err err = stmt_run(s);
    *changed = err == OK ? (uint64_t)sqlite3_changes64(db->raw) : 0;
    return err;
}

enum err stmt_run_one(struct stmt *s)
{
    uint64_t changed;
    enum err err = stmt_run_changed(s, &changed);
    return err == OK && changed == 0 ? ERR_NOT_FOUND : err;
}
