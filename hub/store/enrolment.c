#include "store/enrolment.h"

#include "store/columns.h"

#include <stdlib.h>

enum query { PUT, MOVE, PENDING, REGISTRY, REGISTRY_SET, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO enrolment (member, order_id, done) VALUES (?1, ?2, ?3)",
    [MOVE] = "UPDATE enrolment SET order_id = ?2, done = ?3 WHERE member = ?1",
    [PENDING] = "SELECT member, order_id, done FROM enrolment WHERE done = 0 "
                "ORDER BY member LIMIT 1",
    [REGISTRY] = "SELECT value FROM meta WHERE name = 'enrolment.registry'",
    [REGISTRY_SET] = ("INSERT INTO meta (name, value) VALUES ('enrolment.registry', ?1) "
                      "ON CONFLICT DO UPDATE SET value = ?1"),
};

struct enrolments {
    struct stmt *q[QUERY_COUNT];
};

enum err enrolments_open(struct enrolments **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct enrolments *e = calloc(1, sizeof *e);
    if (e == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "enrolment", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, e->q, f);
    if (err != OK)
        enrolments_close(&e);
    *out = e;
    return err;
}

void enrolments_close(struct enrolments **e)
{
    free(*e);
    *e = NULL;
}

static void bind_row(struct stmt *q, const struct enrolment *row)
{
    stmt_bind_text(q, 1, row->member);
    bind_id(q, 2, row->order_id);
    stmt_bind_u64(q, 3, row->done);
}

enum err enrolment_put(struct enrolments *e, const struct enrolment *row)
{
    bind_row(e->q[PUT], row);
    return stmt_run(e->q[PUT]);
}

enum err enrolment_move(struct enrolments *e, const struct enrolment *row)
{
    bind_row(e->q[MOVE], row);
    return stmt_run_one(e->q[MOVE]);
}

/* Step, read and end. */
static enum err take(struct stmt *q, struct enrolment *out)
{
    *out = (struct enrolment){0};
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy_text(q, 0, out->member, sizeof out->member);
        stmt_copy(q, 1, out->order_id, sizeof out->order_id);
        out->done = stmt_u64(q, 2) != 0;
    }
    return stmt_end(q, err);
}

enum err enrolment_pending(struct enrolments *e, struct enrolment *out)
{
    return take(e->q[PENDING], out);
}

enum err enrolment_registry(struct enrolments *e, uint8_t hash[static STORE_HASH_LEN])
{
    struct stmt *q = e->q[REGISTRY];
    memset(hash, 0, STORE_HASH_LEN);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy(q, 0, hash, STORE_HASH_LEN);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err enrolment_registry_set(struct enrolments *e, const uint8_t hash[static STORE_HASH_LEN])
{
    stmt_bind_bytes(e->q[REGISTRY_SET], 1, hash, STORE_HASH_LEN);
    return stmt_run(e->q[REGISTRY_SET]);
}
