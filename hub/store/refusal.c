#include "store/refusal.h"

#include "store/columns.h"

#include <stdlib.h>

enum query { PUT, DUE, NEXT_DUE, TOLD, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO refusal (order_id, env_id, member, due) VALUES (?1, ?2, ?3, 0) "
            "ON CONFLICT DO NOTHING",
    [DUE] = "UPDATE refusal SET due = 1 WHERE order_id = ?1",
    [NEXT_DUE] = "SELECT order_id, env_id, member FROM refusal WHERE due = 1 "
                 "ORDER BY order_id, env_id LIMIT 1",
    [TOLD] = "DELETE FROM refusal WHERE order_id = ?1 AND env_id = ?2",
};

struct refusals {
    struct stmt *q[QUERY_COUNT];
};

enum err refusals_open(struct refusals **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct refusals *r = calloc(1, sizeof *r);
    if (r == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "refusal", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, r->q, f);
    if (err != OK)
        refusals_close(&r);
    *out = r;
    return err;
}

void refusals_close(struct refusals **r)
{
    free(*r);
    *r = NULL;
}

enum err refusal_put(struct refusals *r, const struct refusal *row)
{
    struct stmt *q = r->q[PUT];
    bind_id(q, 1, row->order_id);
    stmt_bind_bytes(q, 2, row->env_id, STORE_HASH_LEN);
    stmt_bind_text(q, 3, row->member);
    return stmt_run(q);
}

enum err refusal_due(struct refusals *r, const uint8_t order_id[static STORE_ID_LEN])
{
    bind_id(r->q[DUE], 1, order_id);
    return stmt_run(r->q[DUE]);
}

enum err refusal_next_due(struct refusals *r, struct refusal *out)
{
    struct stmt *q = r->q[NEXT_DUE];
    *out = (struct refusal){0};
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, out->order_id, sizeof out->order_id);
        stmt_copy(q, 1, out->env_id, sizeof out->env_id);
        stmt_copy_text(q, 2, out->member, sizeof out->member);
    }
    return stmt_end(q, err);
}

enum err refusal_told(struct refusals *r, const struct refusal *row)
{
    bind_id(r->q[TOLD], 1, row->order_id);
    stmt_bind_bytes(r->q[TOLD], 2, row->env_id, STORE_HASH_LEN);
    return stmt_run_one(r->q[TOLD]);
}
