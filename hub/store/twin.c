#include "store/twin.h"

#include "store/columns.h"

#include <stdlib.h>

#define COLUMNS                                                                                    \
    "order_id, act, level, accepted_ms, hash, clock_ms, to_ms, annulled_ms, state, lost_to"

enum query { PUT, GET, SET, NEXT, ABOVE, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT OR REPLACE INTO twin (" COLUMNS ") "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [GET] = "SELECT " COLUMNS " FROM twin WHERE order_id = ?1",
    [SET] = "UPDATE twin SET to_ms = ?2, annulled_ms = ?3, state = ?4, lost_to = ?5 "
            "WHERE order_id = ?1",
    [NEXT] = "SELECT " COLUMNS " FROM twin WHERE act = ?1 "
             "AND (level, accepted_ms, hash) > (?2, ?3, ?4) "
             "ORDER BY level, accepted_ms, hash LIMIT 1",
    [ABOVE] = "SELECT " COLUMNS " FROM twin WHERE act = ?1 "
              "AND (level, accepted_ms, hash) < (?2, ?3, ?4) AND state = 2 "
              "AND ((to_ms > ?3 AND accepted_ms < ?5) OR annulled_ms < ?3) ORDER BY level, "
              "accepted_ms, hash LIMIT 1",
};

struct twins {
    struct stmt *q[QUERY_COUNT];
};

enum err twins_open(struct twins **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct twins *t = calloc(1, sizeof *t);
    if (t == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "twin", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, t->q, f);
    if (err != OK)
        twins_close(&t);
    *out = t;
    return err;
}

void twins_close(struct twins **t)
{
    free(*t);
    *t = NULL;
}

enum err twin_put(struct twins *t, const struct twin_row *row)
{
    struct stmt *q = t->q[PUT];
    bind_id(q, 1, row->order_id);
    stmt_bind_bytes(q, 2, row->act, TWIN_ACT_LEN);
    stmt_bind_u64(q, 3, row->level);
    stmt_bind_u64(q, 4, row->accepted_ms);
    stmt_bind_bytes(q, 5, row->hash, STORE_HASH_LEN);
    stmt_bind_u64(q, 6, row->clock_ms);
    stmt_bind_u64(q, 7, row->to_ms);
    stmt_bind_u64(q, 8, row->annulled_ms);
    stmt_bind_u64(q, 9, row->state);
    stmt_bind_bytes(q, 10, row->lost_to, STORE_HASH_LEN);
    return stmt_run(q);
}

/* Step, read and end. */
static enum err take(struct stmt *q, struct twin_row *out)
{
    struct twin_row row = {.level = 0};
    enum err err = stmt_step(q);
    if (err != OK)
        return stmt_end(q, err);
    stmt_copy(q, 0, row.order_id, sizeof row.order_id);
    stmt_copy(q, 1, row.act, sizeof row.act);
    row.level = stmt_u32(q, 2, &err);
    row.accepted_ms = stmt_u64(q, 3);
    stmt_copy(q, 4, row.hash, sizeof row.hash);
    row.clock_ms = stmt_u64(q, 5);
    row.to_ms = stmt_u64(q, 6);
    row.annulled_ms = stmt_u64(q, 7);
    row.state = (enum twin_state)stmt_u32(q, 8, &err);
    stmt_copy(q, 9, row.lost_to, sizeof row.lost_to);
    *out = row;
    return stmt_end(q, err);
}

enum err twin_get(struct twins *t, const uint8_t order_id[static STORE_ID_LEN],
                  struct twin_row *out)
{
    bind_id(t->q[GET], 1, order_id);
    return take(t->q[GET], out);
}

enum err twin_set(struct twins *t, const struct twin_row *row)
{
    struct stmt *q = t->q[SET];
    bind_id(q, 1, row->order_id);
    stmt_bind_u64(q, 2, row->to_ms);
    stmt_bind_u64(q, 3, row->annulled_ms);
    stmt_bind_u64(q, 4, row->state);
    stmt_bind_bytes(q, 5, row->lost_to, STORE_HASH_LEN);
    return stmt_run_one(q);
}

struct twin_row twin_begin(const uint8_t act[static TWIN_ACT_LEN])
{
    struct twin_row row = {.level = 0}; /* no document is hashed to zeros */
    memcpy(row.act, act, sizeof row.act);
    return row;
}

static void bind_rank(struct stmt *q, const struct twin_row *row)
{
    stmt_bind_bytes(q, 1, row->act, TWIN_ACT_LEN);
    stmt_bind_u64(q, 2, row->level);
    stmt_bind_u64(q, 3, row->accepted_ms);
    stmt_bind_bytes(q, 4, row->hash, STORE_HASH_LEN);
}

enum err twin_next(struct twins *t, struct twin_row *row)
{
    const struct twin_row cursor = *row; /* bound until the step */
    bind_rank(t->q[NEXT], &cursor);
    return take(t->q[NEXT], row);
}

enum err twin_above(struct twins *t, const struct twin_row *row, struct twin_row *out)
{
    struct stmt *q = t->q[ABOVE];
    const struct twin_row below = *row;
    bind_rank(q, &below);
    stmt_bind_u64(q, 5, below.to_ms);
    return take(q, out);
}
