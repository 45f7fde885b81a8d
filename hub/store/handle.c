#include "store/handle.h"

#include "store/box.h"
#include "store/columns.h"
#include "store/handle_memory.h"

enum query { PUT, FIND, RESEAL, SINCE, NEXT, MOVE, COUNT, ALL, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO handle (token, handle, seq, sealed) VALUES (?1, ?2, ?3, ?4)",
    [FIND] = "SELECT handle, length(sealed) = 1 FROM handle WHERE token = ?1 AND seq < ?2",
    [RESEAL] = "UPDATE handle SET sealed = ?2 WHERE handle = ?1",
    [SINCE] = "SELECT 1 FROM handle WHERE token = ?1 AND seq >= ?2",
    [NEXT] = ("SELECT token, handle, seq, sealed FROM handle WHERE token > ?1 "
              "ORDER BY token LIMIT 1"),
    [MOVE] = "UPDATE handle SET token = ?2, sealed = ?3 WHERE token = ?1",
    [COUNT] = "SELECT count(*) FROM handle",
    [ALL] = "SELECT token, handle, seq FROM handle ORDER BY token",
};

struct handles {
    struct stmt *q[QUERY_COUNT];
    struct box sealed;
    struct handle_memory memory;
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

static enum err load(struct handles *h)
{
    struct stmt *q = h->q[COUNT];
    struct handle_memory_row row;
    uint64_t rows = 0;
    enum err err = stmt_step(q);
    if (err == OK)
        rows = stmt_u64(q, 0);
    err = stmt_end(q, err);
    if (err == OK)
        err = handle_memory_open(&h->memory, rows);
    if (err != OK)
        return err;
    q = h->q[ALL];
    while ((err = stmt_step(q)) == OK) {
        stmt_copy(q, 0, row.token, sizeof row.token);
        stmt_copy(q, 1, row.handle, sizeof row.handle);
        row.seq = stmt_u64(q, 2);
        handle_memory_add(&h->memory, &row);
    }
    handle_memory_seal(&h->memory);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err handles_remember(struct handles *h, struct fault *f)
{
    const enum err err = load(h);
    return err == OK ? OK : fault_set(f, err, 0, "handle", "memory");
}

void handles_close(struct handles **h)
{
    if (*h != NULL) {
        box_fini(&(*h)->sealed);
        handle_memory_close(&(*h)->memory);
    }
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
    handle_memory_put(&h->memory, row->token);
    return stmt_run(q);
}

enum err handle_find(struct handles *h, const uint8_t token[static STORE_TOKEN_LEN], uint64_t as_of,
                     uint8_t out[static STORE_TOKEN_LEN], bool *erased)
{
    struct stmt *q = h->q[FIND];
    if (erased != NULL)
        *erased = false;
    if (!handle_memory_may(&h->memory, token))
        return ERR_NOT_FOUND;
    const struct handle_memory_row *row =
        erased == NULL ? handle_memory_find(&h->memory, token) : NULL;
    if (row != NULL) {
        memcpy(out, row->handle, STORE_TOKEN_LEN);
        return row->seq < as_of ? OK : ERR_NOT_FOUND;
    }
    bind_id(q, 1, token);
    stmt_bind_u64(q, 2, as_of);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, out, STORE_TOKEN_LEN);
        if (erased != NULL)
            *erased = stmt_u64(q, 1) != 0;
    }
    return stmt_end(q, err);
}

enum err handle_reseal(struct handles *h, const uint8_t handle[static STORE_TOKEN_LEN],
                       struct span sealed)
{
    struct stmt *q = h->q[RESEAL];
    bind_id(q, 1, handle);
    stmt_bind_blob(q, 2, sealed);
    return stmt_run_one(q);
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
    handle_memory_forget(&h->memory);
    handle_memory_put(&h->memory, to);
    return stmt_run_one(q);
}
