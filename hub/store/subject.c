#include "store/subject.h"

#include "store/box.h"
#include "store/columns.h"

enum query {
    PUT,
    GET,
    RELATION_PUT,
    CHANGED,
    OF_SUBJECT,
    OF_PERSON,
    RATING_PUT,
    RATING_GET,
    QUERY_COUNT
};

#define RATING_COLUMNS   "subject, from_date, issued_ms, id, seq"
#define RELATION_COLUMNS "subject, person, role, from_date, to_date, seq, sealed, document"

/* The next (other, role, from_date) behind the cursor, in its newest state below the size. */
#define RELATION_WALK(mine, other)                                                                 \
    "SELECT " RELATION_COLUMNS " FROM relation WHERE " mine " = ?1 AND seq < ?5 "                  \
    "AND (" other ", role, from_date) > (?2, ?3, ?4) "                                             \
    "ORDER BY " other ", role, from_date, seq DESC LIMIT 1"

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO subject (token, seq, kind, region, sealed, document) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [GET] = "SELECT token, seq, kind, region, sealed, document FROM subject "
            "WHERE token = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1",
    [RELATION_PUT] = "INSERT INTO relation (" RELATION_COLUMNS ") "
                     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [CHANGED] = "SELECT 1 FROM relation WHERE subject = ?1 AND seq >= ?2 LIMIT 1",
    [OF_SUBJECT] = RELATION_WALK("subject", "person"),
    [OF_PERSON] = RELATION_WALK("person", "subject"),
    [RATING_PUT] = "INSERT INTO rating (" RATING_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5)",
    [RATING_GET] = "SELECT " RATING_COLUMNS " FROM rating WHERE subject = ?1 AND seq < ?2 "
                   "ORDER BY from_date DESC, issued_ms DESC, id DESC LIMIT 1",
};

struct subjects {
    struct stmt *q[QUERY_COUNT];
    struct box sealed;
};

enum err subjects_open(struct subjects **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct subjects *s = calloc(1, sizeof *s);
    if (s == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "subject", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, s->q, f);
    if (err != OK)
        subjects_close(&s);
    *out = s;
    return err;
}

void subjects_close(struct subjects **s)
{
    if (*s != NULL)
        box_fini(&(*s)->sealed);
    free(*s);
    *s = NULL;
}

enum err subject_put(struct subjects *s, const struct subject_row *row)
{
    struct stmt *q = s->q[PUT];
    bind_id(q, 1, row->token);
    stmt_bind_u64(q, 2, row->seq);
    stmt_bind_u64(q, 3, row->kind);
    stmt_bind_text(q, 4, row->region);
    stmt_bind_blob(q, 5, row->sealed);
    stmt_bind_bytes(q, 6, row->document, STORE_HASH_LEN);
    return stmt_run(q);
}

enum err subject_get(struct subjects *s, const uint8_t token[static STORE_TOKEN_LEN],
                     uint64_t as_of, struct subject_row *out)
{
    struct stmt *q = s->q[GET];
    *out = (struct subject_row){0};
    bind_id(q, 1, token);
    stmt_bind_u64(q, 2, as_of);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, out->token, sizeof out->token);
        out->seq = stmt_u64(q, 1);
        out->kind = stmt_u32(q, 2, &err);
        stmt_copy_text(q, 3, out->region, sizeof out->region);
        stmt_copy(q, 5, out->document, sizeof out->document);
    }
    if (err == OK)
        err = box_keep(&s->sealed, stmt_blob(q, 4), &out->sealed);
    return stmt_end(q, err);
}

enum err relation_changed(struct subjects *s, const uint8_t subject[static STORE_TOKEN_LEN],
                          uint64_t since, bool *changed)
{
    struct stmt *q = s->q[CHANGED];
    bind_id(q, 1, subject);
    stmt_bind_u64(q, 2, since);
    enum err err = stmt_step(q);
    *changed = err == OK;
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err relation_put(struct subjects *s, const struct relation_row *row)
{
    struct stmt *q = s->q[RELATION_PUT];
    bind_id(q, 1, row->subject);
    bind_id(q, 2, row->person);
    stmt_bind_u64(q, 3, row->role);
    stmt_bind_u64(q, 4, row->from_date);
    stmt_bind_u64(q, 5, row->to_date);
    stmt_bind_u64(q, 6, row->seq);
    stmt_bind_blob(q, 7, row->sealed);
    stmt_bind_bytes(q, 8, row->document, STORE_HASH_LEN);
    return stmt_run(q);
}

static enum err read_relation(struct subjects *s, struct stmt *q, struct relation_row *out)
{
    enum err err = OK;
    stmt_copy(q, 0, out->subject, sizeof out->subject);
    stmt_copy(q, 1, out->person, sizeof out->person);
    out->role = stmt_u32(q, 2, &err);
    out->from_date = stmt_u32(q, 3, &err);
    out->to_date = stmt_u32(q, 4, &err);
    out->seq = stmt_u64(q, 5);
    stmt_copy(q, 7, out->document, sizeof out->document);
    return err != OK ? err : box_keep(&s->sealed, stmt_blob(q, 6), &out->sealed);
}

static enum err walk(struct subjects *s, enum query which,
                     const uint8_t mine[static STORE_TOKEN_LEN], uint64_t as_of,
                     struct relation_cursor *cursor, struct relation_row *out)
{
    struct stmt *q = s->q[which];
    *out = (struct relation_row){0};
    bind_id(q, 1, mine);
    /* An empty blob sorts before every token. */
    stmt_bind_bytes(q, 2, cursor->other, cursor->started ? STORE_TOKEN_LEN : 0);
    stmt_bind_u64(q, 3, cursor->role);
    stmt_bind_u64(q, 4, cursor->from_date);
    stmt_bind_u64(q, 5, as_of);
    enum err err = stmt_step(q);
    if (err == OK)
        err = read_relation(s, q, out);
    err = stmt_end(q, err);
    if (err != OK)
        return err;
    cursor->started = true;
    cursor->role = out->role;
    cursor->from_date = out->from_date;
    memcpy(cursor->other, which == OF_SUBJECT ? out->person : out->subject, STORE_TOKEN_LEN);
    return OK;
}

enum err relation_next_of_subject(struct subjects *s, const uint8_t subject[static STORE_TOKEN_LEN],
                                  uint64_t as_of, struct relation_cursor *cursor,
                                  struct relation_row *out)
{
    return walk(s, OF_SUBJECT, subject, as_of, cursor, out);
}

enum err relation_next_of_person(struct subjects *s, const uint8_t person[static STORE_TOKEN_LEN],
                                 uint64_t as_of, struct relation_cursor *cursor,
                                 struct relation_row *out)
{
    return walk(s, OF_PERSON, person, as_of, cursor, out);
}

enum err rating_put(struct subjects *s, const struct rating_row *row)
{
    struct stmt *q = s->q[RATING_PUT];
    bind_id(q, 1, row->subject);
    stmt_bind_u64(q, 2, row->from_date);
    stmt_bind_u64(q, 3, row->issued_ms);
    bind_id(q, 4, row->id);
    stmt_bind_u64(q, 5, row->seq);
    return stmt_run(q);
}

enum err rating_get(struct subjects *s, const uint8_t subject[static STORE_TOKEN_LEN],
                    uint64_t as_of, struct rating_row *out)
{
    struct stmt *q = s->q[RATING_GET];
    *out = (struct rating_row){0};
    bind_id(q, 1, subject);
    stmt_bind_u64(q, 2, as_of);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, out->subject, sizeof out->subject);
        out->from_date = stmt_u32(q, 1, &err);
        out->issued_ms = stmt_u64(q, 2);
        stmt_copy(q, 3, out->id, sizeof out->id);
        out->seq = stmt_u64(q, 4);
    }
    return stmt_end(q, err);
}
