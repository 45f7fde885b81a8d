#include "store/handle.h"

#include "store/box.h"
#include "store/columns.h"

enum query { PUT, FIND, SINCE, NEXT, MOVE, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO handle (token, handle, seq, sealed) VALUES (?1, ?2, ?3, ?4)",
    [FIND] = "SELECT handle FROM handle WHERE token = ?1 AND seq < ?2",
    [SINCE] = "SELECT 1 FROM handle WHERE token = ?1 AND seq >= ?2",
    [NEXT] = "SELECT token, handle, seq, sealed FROM handle WHERE token > ?1 "
             "ORDER BY token LIMIT 1",
    [MOVE] = "UPDATE handle SET token = ?2, sealed = ?3 WHERE token = ?1",
};

struct handles {
    struct stmt *q[QUERY_COUNT];
    struct box sealed;
};

enum err handles_open(struct handles **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct handles *h = calloc(1, sizeof *h);
    if (h == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "handle", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, h->q, f);
    if (err != OK)
        handles_close(&h);
    *out = h;
    return err;
}

void handles_close(struct handles **h)
{
    if (*h != NULL)
        box_fini(&(*h)->sealed);
    free(*h);
    *h = NULL;
}

enum err handle_put(struct handles *h, const struct handle_row *row)
{
    struct stmt *q = h->q[PUT];
    bind_id(q, 1, row->token);
    bind_id(q, 2, row->handle);
    stmt_bind_u64(q, 3, row->seq);
    stmt_bind_blob(q, 4, row->sealed);
    return stmt_run(q);
}

enum err handle_find(struct handles *h, const uint8_t token[static STORE_TOKEN_LEN], uint64_t as_of,
                     uint8_t out[static STORE_TOKEN_LEN])
{
    struct stmt *q = h->q[FIND];
    bind_id(q, 1, token);
    stmt_bind_u64(q, 2, as_of);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy(q, 0, out, STORE_TOKEN_LEN);
    return stmt_end(q, err);
}

enum err handle_since(struct handles *h, const uint8_t token[static STORE_TOKEN_LEN],
                      uint64_t since, bool *named)
{
    struct stmt *q = h->q[SINCE];
    bind_id(q, 1, token);
    stmt_bind_u64(q, 2, since);
    enum err err = stmt_step(q);
    *named = err == OK;
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err handle_next(struct handles *h, struct span after, struct handle_row *out)
{
    struct stmt *q = h->q[NEXT];
    *out = (struct handle_row){.seq = 0};
    stmt_bind_blob(q, 1, after);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, out->token, sizeof out->token);
        stmt_copy(q, 1, out->handle, sizeof out->handle);
        out->seq = stmt_u64(q, 2);
        err = box_keep(&h->sealed, stmt_blob(q, 3), &out->sealed);
    }
    return stmt_end(q, err);
}

enum err handle_move(struct handles *h, const uint8_t from[static STORE_TOKEN_LEN],
                     const uint8_t to[static STORE_TOKEN_LEN], struct span sealed)
{
    struct stmt *q = h->q[MOVE];
    bind_id(q, 1, from);
    bind_id(q, 2, to);
    stmt_bind_blob(q, 3, sealed);
    return stmt_run_one(q);
}
