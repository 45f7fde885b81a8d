/*
 * Statements that run later: recorded with their values, run in their order just before whatever
 * could see them, at the latest before the commit. So a savepoint that nothing was rolled back to
 * costs nothing: SQLite opens it only when a statement has to run inside it, and keeps no copies
 * of the pages that the recorded ones will change.
 */
#include "store/db_own.h"

#include <stdlib.h>

/* A record: head, then for each value its head and its bytes, all padded to eight. */
struct later_head {
    struct stmt *stmt;
    uint32_t len; /* of the whole record */
    uint32_t values;
};

struct later_value {
    uint32_t kind;
    int32_t index;
    uint64_t number; /* the integer, or how many bytes follow */
};

static size_t padded(size_t len)
{
    return (len + 7) & ~(size_t)7;
}

static enum err room(struct later *l, size_t more, uint8_t **at)
{
    size_t need = l->len + l->open + more;
    if (need > l->cap) {
        size_t cap = l->cap == 0 ? 65536 : l->cap;
        while (cap < need)
            cap *= 2;
        uint8_t *grown = realloc(l->bytes, cap);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        l->bytes = grown;
        l->cap = cap;
    }
    *at = l->bytes + l->len + l->open;
    l->open += more;
    return OK;
}

void stmt_later(struct stmt *s)
{
    struct later *l = &s->db->later;
    uint8_t *at;
    if (s->db->read_only || !db_in_transaction(s->db))
        return; /* running it says what is wrong */
    l->open = 0;
    enum err err = room(l, sizeof(struct later_head), &at);
    if (err != OK && s->err == OK)
        s->err = err;
    s->recording = err == OK;
    s->recorded = 0;
}

enum err later_value(struct stmt *s, int index, enum later_kind kind, uint64_t number,
                     const void *bytes)
{
    struct later_value value = {.index = index, .number = number};
    size_t len = padded(bytes == NULL ? 0 : number);
    uint8_t *at;
    value.kind = kind;
    enum err err = room(&s->db->later, sizeof value + len, &at);
    if (err != OK)
        return err;
    memcpy(at, &value, sizeof value);
    if (bytes != NULL && number > 0)
        memcpy(at + sizeof value, bytes, number);
    s->recorded++;
    return OK;
}

enum err later_end(struct stmt *s)
{
    struct later *l = &s->db->later;
    struct later_head head = {.stmt = s, .len = (uint32_t)l->open, .values = s->recorded};
    enum err err = s->db->fatal != OK ? s->db->fatal : s->err;
    s->recording = false;
    s->err = OK;
    if (err == OK) {
        memcpy(l->bytes + l->len, &head, sizeof head);
        l->len += l->open;
        l->tables |= s->tables;
    }
    l->open = 0;
    return err == OK && l->len > LATER_BYTES ? later_run(s->db) : err;
}

static int bind_value(struct stmt *s, const struct later_value *v, const uint8_t *bytes)
{
    switch (v->kind) {
    case VALUE_INT:
        return sqlite3_bind_int64(s->raw, v->index, (int64_t)v->number);
    case VALUE_TEXT:
        return sqlite3_bind_text(s->raw, v->index, (const char *)bytes, (int)v->number,
                                 SQLITE_STATIC);
    case VALUE_BLOB:
        return v->number == 0
                   ? sqlite3_bind_zeroblob(s->raw, v->index, 0)
                   : sqlite3_bind_blob64(s->raw, v->index, bytes, v->number, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(s->raw, v->index);
    }
}

static enum err run_record(const uint8_t *at, size_t *len)
{
    struct later_head head;
    memcpy(&head, at, sizeof head);
    *len = head.len;
    at += sizeof head;
    int rc = stmt_wake(head.stmt);
    for (uint32_t i = 0; i < head.values && rc == SQLITE_OK; i++) {
        struct later_value v;
        memcpy(&v, at, sizeof v);
        at += sizeof v;
        rc = bind_value(head.stmt, &v, at);
        if (v.kind == VALUE_BLOB || v.kind == VALUE_TEXT)
            at += padded(v.number);
    }
    if (rc == SQLITE_OK)
        rc = sqlite3_step(head.stmt->raw);
    enum err err = rc == SQLITE_DONE  ? OK
                   : rc == SQLITE_ROW ? ERR_INTERNAL
                                      : db_note(head.stmt->db, rc);
    stmt_reset(head.stmt);
    /* Whoever recorded it was told that it is done: no constraint may stand against it now, and
     * no error may be taken for an answer about another row. */
    return err_class(err) == ERR_CLASS_REJECT ? ERR_INTERNAL : err;
}

/* Run the records of the first `end` bytes. */
static enum err run_until(struct db *db, size_t end)
{
    struct later *l = &db->later;
    size_t at = 0;
    while (at < end && l->err == OK) {
        size_t len = 0;
        l->err = run_record(l->bytes + at, &len);
        at += len;
    }
    if (l->err != OK) {
        if (db->begun && !db_in_transaction(db) && db->lost == OK)
            db->lost = l->err;
        return l->err;
    }
    if (l->len > end)
        memmove(l->bytes, l->bytes + end, l->len - end);
    l->len -= end;
    l->mark -= end < l->mark ? end : l->mark;
    l->tables = l->len == 0 ? 0 : l->tables;
    return OK;
}

enum err later_savepoint(struct db *db)
{
    if (!db->savepoint || db->savepoint_real)
        return db->later.err;
    enum err err = run_until(db, db->later.mark);
    if (err == OK)
        err = stmt_run(db->control[CONTROL_SAVE]);
    db->savepoint_real = err == OK;
    return err;
}

enum err later_run(struct db *db)
{
    enum err err = db->later.err;
    if (err == OK && db->later.len > db->later.mark)
        err = later_savepoint(db);
    return err == OK ? run_until(db, db->later.len) : err;
}

void later_drop(struct db *db, size_t from)
{
    struct later *l = &db->later;
    if (l->len > from)
        l->len = from;
    l->mark = 0;
    l->tables = l->len == 0 ? 0 : l->tables;
}
