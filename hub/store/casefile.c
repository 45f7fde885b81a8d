#include "store/casefile.h"

#include "store/columns.h"

#include <stdlib.h>

#define CASE_COLUMNS  "id, state, owner, opener, opened_ms, changed_ms, closed"
#define STEP_COLUMNS  "id, seq, transition, outcome, by, time_ms"
#define CLOCK_COLUMNS "id, code, started_ms, owner, due_ms, stopped_ms, warned, next_ms"

enum query {
    PUT,
    GET,
    NEXT,
    STEP_PUT,
    STEP_NEXT,
    STEP_SEEN,
    CLOCK_START,
    CLOCK_STOP,
    CLOCK_GET,
    CLOCK_WARNED,
    CLOCK_DUE,
    CLOCK_FIRST,
    QUERY_COUNT
};

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO casefile (" CASE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
            "ON CONFLICT DO UPDATE SET state = ?2, owner = ?3, opener = ?4, opened_ms = ?5, "
            "changed_ms = ?6, closed = ?7",
    [GET] = "SELECT " CASE_COLUMNS " FROM casefile WHERE id = ?1",
    [NEXT] = "SELECT " CASE_COLUMNS " FROM casefile WHERE id > ?1 ORDER BY id LIMIT 1",
    [STEP_PUT] = "INSERT INTO case_step (" STEP_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [STEP_NEXT] = "SELECT " STEP_COLUMNS " FROM case_step WHERE id = ?1 AND seq >= ?2 "
                  "ORDER BY seq LIMIT 1",
    [STEP_SEEN] = "SELECT 1 FROM case_step WHERE id = ?1 AND transition = ?2 LIMIT 1",
    [CLOCK_START] = "INSERT INTO case_clock (" CLOCK_COLUMNS ") "
                    "VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)",
    [CLOCK_STOP] = "UPDATE case_clock SET stopped_ms = ?3, next_ms = 0 "
                   "WHERE id = ?1 AND code = ?2 AND stopped_ms = 0",
    [CLOCK_GET] = "SELECT " CLOCK_COLUMNS " FROM case_clock WHERE id = ?1 AND code = ?2 "
                  "ORDER BY started_ms DESC LIMIT 1",
    [CLOCK_WARNED] = "UPDATE case_clock SET warned = ?3, next_ms = ?4 "
                     "WHERE id = ?1 AND code = ?2 AND stopped_ms = 0",
    [CLOCK_DUE] = "SELECT " CLOCK_COLUMNS " FROM case_clock WHERE stopped_ms = 0 "
                  "AND next_ms > 0 AND next_ms <= ?1 ORDER BY next_ms LIMIT 1",
    [CLOCK_FIRST] = "SELECT next_ms FROM case_clock WHERE stopped_ms = 0 AND next_ms > 0 "
                    "ORDER BY next_ms LIMIT 1",
};

struct casefiles {
    struct stmt *q[QUERY_COUNT];
};

enum err casefiles_open(struct casefiles **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct casefiles *c = calloc(1, sizeof *c);
    if (c == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "casefile", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, c->q, f);
    if (err != OK)
        casefiles_close(&c);
    *out = c;
    return err;
}

void casefiles_close(struct casefiles **c)
{
    free(*c);
    *c = NULL;
}

static enum err step_put(struct casefiles *c, const struct casefile_step *step)
{
    struct stmt *q = c->q[STEP_PUT];
    bind_id(q, 1, step->id);
    stmt_bind_u64(q, 2, step->seq);
    stmt_bind_text(q, 3, step->transition);
    stmt_bind_text(q, 4, step->outcome);
    stmt_bind_text(q, 5, step->by);
    stmt_bind_u64(q, 6, step->time_ms);
    return stmt_run(q);
}

enum err casefile_put(struct casefiles *c, const struct casefile *row,
                      const struct casefile_step *step)
{
    struct stmt *q = c->q[PUT];
    if (step != NULL && memcmp(step->id, row->id, sizeof row->id) != 0)
        return ERR_FIELD_VALUE;
    bind_id(q, 1, row->id);
    stmt_bind_text(q, 2, row->state);
    stmt_bind_text(q, 3, row->owner);
    stmt_bind_text(q, 4, row->opener);
    stmt_bind_u64(q, 5, row->opened_ms);
    stmt_bind_u64(q, 6, row->changed_ms);
    stmt_bind_u64(q, 7, row->closed);
    enum err err = stmt_run(q);
    return err == OK && step != NULL ? step_put(c, step) : err;
}

/* Step, read and end. */
static enum err take_case(struct stmt *q, struct casefile *out)
{
    *out = (struct casefile){0};
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, out->id, sizeof out->id);
        stmt_copy_text(q, 1, out->state, sizeof out->state);
        stmt_copy_text(q, 2, out->owner, sizeof out->owner);
        stmt_copy_text(q, 3, out->opener, sizeof out->opener);
        out->opened_ms = stmt_u64(q, 4);
        out->changed_ms = stmt_u64(q, 5);
        out->closed = stmt_u64(q, 6) != 0;
    }
    return stmt_end(q, err);
}

enum err casefile_get(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                      struct casefile *out)
{
    bind_id(c->q[GET], 1, id);
    return take_case(c->q[GET], out);
}

enum err casefile_next(struct casefiles *c, uint8_t id[static STORE_ID_LEN], struct casefile *out)
{
    bind_id(c->q[NEXT], 1, id);
    enum err err = take_case(c->q[NEXT], out);
    if (err == OK)
        memcpy(id, out->id, STORE_ID_LEN);
    return err;
}

enum err casefile_step_next(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                            uint64_t *cursor, struct casefile_step *out)
{
    struct stmt *q = c->q[STEP_NEXT];
    *out = (struct casefile_step){0};
    bind_id(q, 1, id);
    stmt_bind_u64(q, 2, *cursor);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, out->id, sizeof out->id);
        out->seq = stmt_u64(q, 1);
        stmt_copy_text(q, 2, out->transition, sizeof out->transition);
        stmt_copy_text(q, 3, out->outcome, sizeof out->outcome);
        stmt_copy_text(q, 4, out->by, sizeof out->by);
        out->time_ms = stmt_u64(q, 5);
        *cursor = out->seq + 1;
    }
    err = stmt_end(q, err);
    if (err != ERR_NOT_FOUND || *cursor != 0)
        return err;
    /* A case begins with a step: a closed one without any is over for longer than they are kept. */
    struct casefile row;
    return casefile_get(c, id, &row) == OK && row.closed ? ERR_ERASED : err;
}

enum err casefile_step_seen(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                            const char *transition, bool *seen)
{
    struct stmt *q = c->q[STEP_SEEN];
    bind_id(q, 1, id);
    stmt_bind_text(q, 2, transition);
    enum err err = stmt_step(q);
    *seen = err == OK;
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err casefile_clock_start(struct casefiles *c, const struct casefile_clock *clock)
{
    struct stmt *q = c->q[CLOCK_START];
    bind_id(q, 1, clock->id);
    stmt_bind_text(q, 2, clock->code);
    stmt_bind_u64(q, 3, clock->started_ms);
    stmt_bind_text(q, 4, clock->owner);
    stmt_bind_u64(q, 5, clock->due_ms);
    stmt_bind_u64(q, 6, clock->warned);
    stmt_bind_u64(q, 7, clock->next_ms);
    return stmt_run(q);
}

enum err casefile_clock_stop(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                             const char *code, uint64_t now_ms)
{
    struct stmt *q = c->q[CLOCK_STOP];
    if (now_ms == 0)
        return ERR_FIELD_VALUE; /* 0 means that it runs */
    bind_id(q, 1, id);
    stmt_bind_text(q, 2, code);
    stmt_bind_u64(q, 3, now_ms);
    return stmt_run_one(q);
}

/* Step, read and end. */
static enum err take_clock(struct stmt *q, struct casefile_clock *out)
{
    *out = (struct casefile_clock){0};
    enum err err = stmt_step(q);
    if (err != OK)
        return stmt_end(q, err);
    stmt_copy(q, 0, out->id, sizeof out->id);
    stmt_copy_text(q, 1, out->code, sizeof out->code);
    out->started_ms = stmt_u64(q, 2);
    stmt_copy_text(q, 3, out->owner, sizeof out->owner);
    out->due_ms = stmt_u64(q, 4);
    out->stopped_ms = stmt_u64(q, 5);
    out->warned = stmt_u32(q, 6, &err);
    out->next_ms = stmt_u64(q, 7);
    return stmt_end(q, err);
}

enum err casefile_clock_get(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                            const char *code, struct casefile_clock *out)
{
    bind_id(c->q[CLOCK_GET], 1, id);
    stmt_bind_text(c->q[CLOCK_GET], 2, code);
    return take_clock(c->q[CLOCK_GET], out);
}

enum err casefile_clock_warned(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                               const char *code, uint32_t warned, uint64_t next_ms)
{
    struct stmt *q = c->q[CLOCK_WARNED];
    bind_id(q, 1, id);
    stmt_bind_text(q, 2, code);
    stmt_bind_u64(q, 3, warned);
    stmt_bind_u64(q, 4, next_ms);
    return stmt_run_one(q);
}

enum err casefile_clock_next_due(struct casefiles *c, uint64_t now_ms, struct casefile_clock *out)
{
    stmt_bind_u64(c->q[CLOCK_DUE], 1, now_ms);
    return take_clock(c->q[CLOCK_DUE], out);
}

enum err casefile_clock_first_due(struct casefiles *c, uint64_t *next_ms)
{
    struct stmt *q = c->q[CLOCK_FIRST];
    *next_ms = STORE_NEVER;
    enum err err = stmt_step(q);
    if (err == OK)
        *next_ms = stmt_u64(q, 0);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}
