/* Statements of a db: values in, rows out. */
#include "store/db_own.h"

int stmt_wake(struct stmt *s)
{
    return s->raw != NULL ? SQLITE_OK
                          : sqlite3_prepare_v3(s->db->raw, s->sql, -1, SQLITE_PREPARE_PERSISTENT,
                                               &s->raw, NULL);
}

void stmt_reset(struct stmt *s)
{
    s->err = OK;
    s->has_row = false;
    if (s->raw == NULL)
        return;
    sqlite3_reset(s->raw); /* repeats the error of the step, which is known */
    sqlite3_clear_bindings(s->raw);
}

static void stmt_note(struct stmt *s, enum err err)
{
    if (s->err == OK)
        s->err = err;
}

/* Is it there to be bound? What keeps it away is told by its next step. */
static bool awake(struct stmt *s)
{
    const int rc = stmt_wake(s);
    if (rc != SQLITE_OK)
        stmt_note(s, db_note(s->db, rc));
    return rc == SQLITE_OK;
}

void stmt_bind_u64(struct stmt *s, int index, uint64_t value)
{
    if (value > (uint64_t)INT64_MAX)
        stmt_note(s, ERR_TOO_LARGE);
    else if (s->recording)
        stmt_note(s, later_value(s, index, VALUE_INT, value, NULL));
    else if (awake(s))
        stmt_note(s, db_note(s->db, sqlite3_bind_int64(s->raw, index, (int64_t)value)));
}

void stmt_bind_bytes(struct stmt *s, int index, const void *bytes, size_t len)
{
    if (s->recording) {
        stmt_note(s, later_value(s, index, VALUE_BLOB, len, bytes));
        return;
    }
    if (!awake(s))
        return;
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
    if (s->recording)
        stmt_note(s, later_value(s, index, text == NULL ? VALUE_NULL : VALUE_TEXT,
                                 text == NULL ? 0 : strlen(text), text));
    else if (awake(s))
        stmt_note(s, db_note(s->db, sqlite3_bind_text(s->raw, index, text, -1, SQLITE_STATIC)));
}

void stmt_bind_null(struct stmt *s, int index)
{
    if (s->recording)
        stmt_note(s, later_value(s, index, VALUE_NULL, 0, NULL));
    else if (awake(s))
        stmt_note(s, db_note(s->db, sqlite3_bind_null(s->raw, index)));
}

/* What has to happen before a statement that is no control runs. */
static enum err prepare_step(struct stmt *s)
{
    struct db *db = s->db;
    enum err err = OK;

    if (!db_in_transaction(db)) {
        if (s->writes)
            return db->lost != OK ? db->lost : ERR_INTERNAL;
        db_hold(db);
        return OK;
    }
    if (db->later.err != OK || (s->tables & db->later.tables) != 0)
        err = later_run(db);
    return err == OK && s->writes ? later_savepoint(db) : err;
}

enum err stmt_step(struct stmt *s)
{
    s->has_row = false;
    if (s->db->fatal != OK)
        return s->err = s->db->fatal;
    if (s->err != OK || !awake(s))
        return s->err;
    if (!s->control && (s->err = prepare_step(s)) != OK)
        return s->err;
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
    if (s->recording)
        return later_end(s);
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
