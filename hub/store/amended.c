#include "store/amended.h"

#include "store/columns.h"

#include <stdlib.h>

enum query { PUT, GET, HAS, QUERY_COUNT };
enum { DOCUMENT_MAX = 2048 };

static const char *const queries[QUERY_COUNT] = {
    [PUT] = ("INSERT INTO amended (position, hash, applied_ms, leaf, lsd1) "
             "VALUES ((SELECT count(*) + 1 FROM amended), ?1, ?2, ?3, ?4)"),
    [GET] = "SELECT hash, applied_ms, leaf, lsd1 FROM amended WHERE position = ?1",
    [HAS] = "SELECT position FROM amended WHERE hash = ?1",
};

struct amended {
    struct stmt *q[QUERY_COUNT];
    uint8_t lsd1[DOCUMENT_MAX];
};

enum err amended_open(struct amended **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct amended *a = calloc(1, sizeof *a);
    if (a == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "amended", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, a->q, f);
    if (err != OK)
        amended_close(&a);
    *out = a;
    return err;
}

void amended_close(struct amended **a)
{
    free(*a);
    *a = NULL;
}

enum err amended_put(struct amended *a, const struct amended_row *row)
{
    struct stmt *q = a->q[PUT];
    stmt_bind_bytes(q, 1, row->hash, STORE_HASH_LEN);
    stmt_bind_u64(q, 2, row->applied_ms);
    stmt_bind_u64(q, 3, row->leaf);
    stmt_bind_bytes(q, 4, row->lsd1.data, row->lsd1.len);
    return stmt_run(q);
}

enum err amended_get(struct amended *a, uint64_t position, struct amended_row *out)
{
    struct stmt *q = a->q[GET];
    *out = (struct amended_row){0};
    stmt_bind_u64(q, 1, position);
    enum err err = stmt_step(q);
    if (err == OK) {
        const struct span lsd1 = stmt_blob(q, 3);
        stmt_copy(q, 0, out->hash, sizeof out->hash);
        out->applied_ms = stmt_u64(q, 1);
        out->leaf = stmt_u64(q, 2);
        if (lsd1.len > sizeof a->lsd1)
            err = ERR_CORRUPT;
        else
            memcpy(a->lsd1, lsd1.data, lsd1.len);
        out->lsd1 = span_of(a->lsd1, lsd1.len);
    }
    return stmt_end(q, err);
}

enum err amended_has(struct amended *a, const uint8_t hash[static STORE_HASH_LEN], bool *has)
{
    struct stmt *q = a->q[HAS];
    stmt_bind_bytes(q, 1, hash, STORE_HASH_LEN);
    enum err err = stmt_step(q);
    *has = err == OK;
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}
