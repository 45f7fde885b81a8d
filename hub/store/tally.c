#include "store/tally.h"

#include "store/columns.h"

#include <stdlib.h>

#define COLUMNS                                                                                    \
    "order_id, hub, seq, at_ms, version, state, unassigned, created, delivered, accepted, "        \
    "declined, executed, cancelled, lift_due, lifted, overdue"

enum query { PUT, NEXT, DUE_PUT, DUE_FIRST, DUE_NEXT, DUE_DONE, DUE_DEFER, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO tally (" COLUMNS ") "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) "
            "ON CONFLICT DO UPDATE SET seq = ?3, at_ms = ?4, version = ?5, state = ?6, "
            "unassigned = ?7, created = ?8, delivered = ?9, accepted = ?10, declined = ?11, "
            "executed = ?12, cancelled = ?13, lift_due = ?14, lifted = ?15, overdue = ?16 "
            "WHERE at_ms < ?4",
    [NEXT] = "SELECT " COLUMNS " FROM tally WHERE order_id = ?1 AND hub > ?2 ORDER BY hub LIMIT 1",
    [DUE_PUT] = "INSERT INTO tally_due (hub, order_id, due_ms) VALUES (?1, ?2, ?3) "
                "ON CONFLICT DO NOTHING",
    [DUE_FIRST] = "SELECT hub, due_ms FROM tally_due ORDER BY due_ms LIMIT 1",
    [DUE_NEXT] = "SELECT order_id FROM tally_due WHERE hub = ?1 AND order_id > ?2 "
                 "AND due_ms <= ?3 ORDER BY order_id LIMIT 1",
    [DUE_DONE] = "DELETE FROM tally_due WHERE hub = ?1 AND order_id = ?2",
    [DUE_DEFER] = "UPDATE tally_due SET due_ms = ?3 WHERE hub = ?1 AND due_ms <= ?2",
};

struct tallies {
    struct stmt *q[QUERY_COUNT];
    bool noted;
    uint8_t last[STORE_ID_LEN];
};

void tally_rolled_back(struct tallies *t)
{
    t->noted = false;
}

enum err tallies_open(struct tallies **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct tallies *t = calloc(1, sizeof *t);
    if (t == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "tally", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, t->q, f);
    if (err != OK)
        tallies_close(&t);
    *out = t;
    return err;
}

void tallies_close(struct tallies **t)
{
    free(*t);
    *t = NULL;
}

enum err tally_put(struct tallies *t, const struct tally_row *row)
{
    struct stmt *q = t->q[PUT];
    uint64_t changed;
    bind_id(q, 1, row->order_id);
    stmt_bind_text(q, 2, row->hub);
    stmt_bind_u64(q, 3, row->seq);
    stmt_bind_u64(q, 4, row->at_ms);
    stmt_bind_u64(q, 5, row->version);
    stmt_bind_u64(q, 6, row->state);
    for (int i = 0; i < OBLIGATION_STATES; i++)
        stmt_bind_u64(q, 7 + i, row->count[i]);
    stmt_bind_u64(q, 7 + OBLIGATION_STATES, row->overdue);
    enum err err = stmt_run_changed(q, &changed);
    return err == OK && changed == 0 ? ERR_REPEAT : err;
}

enum err tally_next(struct tallies *t, const uint8_t order_id[static STORE_ID_LEN],
                    struct tally_row *row)
{
    struct stmt *q = t->q[NEXT];
    bind_id(q, 1, order_id);
    stmt_bind_text(q, 2, row->hub);
    enum err err = stmt_step(q);
    if (err != OK)
        return stmt_end(q, err);
    stmt_copy(q, 0, row->order_id, sizeof row->order_id);
    stmt_copy_text(q, 1, row->hub, sizeof row->hub);
    row->seq = stmt_u64(q, 2);
    row->at_ms = stmt_u64(q, 3);
    row->version = stmt_u32(q, 4, &err);
    row->state = stmt_u32(q, 5, &err);
    for (int i = 0; i < OBLIGATION_STATES; i++)
        row->count[i] = stmt_u32(q, 6 + i, &err);
    row->overdue = stmt_u32(q, 6 + OBLIGATION_STATES, &err);
    return stmt_end(q, err);
}

enum err tally_due_put(struct tallies *t, const char *hub,
                       const uint8_t order_id[static STORE_ID_LEN], uint64_t due_ms)
{
    struct stmt *q = t->q[DUE_PUT];
    enum err err = OK;
    if (hub != NULL) {
        stmt_bind_text(q, 1, hub);
        bind_id(q, 2, order_id);
        stmt_bind_u64(q, 3, due_ms);
        err = stmt_run(q);
    }
    t->noted = err == OK;
    memcpy(t->last, order_id, sizeof t->last);
    return err;
}

bool tally_noted(const struct tallies *t, const uint8_t order_id[static STORE_ID_LEN])
{
    return t->noted && memcmp(t->last, order_id, sizeof t->last) == 0;
}

enum err tally_due_first(struct tallies *t, char hub[static STORE_MEMBER_MAX + 1], uint64_t *due_ms)
{
    struct stmt *q = t->q[DUE_FIRST];
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy_text(q, 0, hub, STORE_MEMBER_MAX + 1);
        *due_ms = stmt_u64(q, 1);
    }
    return stmt_end(q, err);
}

enum err tally_due_next(struct tallies *t, const char *hub, uint64_t now_ms,
                        uint8_t order_id[static STORE_ID_LEN])
{
    struct stmt *q = t->q[DUE_NEXT];
    stmt_bind_text(q, 1, hub);
    bind_id(q, 2, order_id);
    stmt_bind_u64(q, 3, now_ms);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy(q, 0, order_id, STORE_ID_LEN);
    return stmt_end(q, err);
}

enum err tally_due_done(struct tallies *t, const char *hub,
                        const uint8_t order_id[static STORE_ID_LEN])
{
    struct stmt *q = t->q[DUE_DONE];
    stmt_bind_text(q, 1, hub);
    bind_id(q, 2, order_id);
    t->noted = false;
    return stmt_run(q);
}

enum err tally_due_defer(struct tallies *t, const char *hub, uint64_t now_ms, uint64_t due_ms)
{
    struct stmt *q = t->q[DUE_DEFER];
    stmt_bind_text(q, 1, hub);
    stmt_bind_u64(q, 2, now_ms);
    stmt_bind_u64(q, 3, due_ms);
    uint64_t changed;
    return stmt_run_changed(q, &changed);
}
