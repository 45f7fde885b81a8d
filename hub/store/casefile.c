#include "store/casefile.h"

#include "store/box.h"
#include "store/columns.h"

#include <stdlib.h>

#define CASE_COLUMNS "id, type, state, owner, opener, opened_ms, changed_ms, steps, closed"
#define STEP_COLUMNS                                                                               \
    "id, number, seq, type, transition, outcome, state, owner, by, time_ms, taken_ms, papers, "    \
    "message_id, document, code, lost"
#define CLOCK_COLUMNS                                                                              \
    "id, code, started_ms, owner, waits, due_ms, stopped_ms, suspended_ms, warned, next_ms, "      \
    "term, counted_ms"

enum query {
    PUT,
    GET,
    NEXT,
    STEP_PUT,
    STEP_NEXT,
    STEP_EACH,
    STEP_AT,
    STEP_LOST,
    STEP_STATE,
    STEP_LOSE,
    STEP_STAND,
    PAPER_PUT,
    PAPER,
    HOLDER_PUT,
    HOLDER_NEXT,
    ITEM_PUT,
    ITEM_NEXT,
    CLOCK_START,
    CLOCK_STOP,
    CLOCK_GET,
    CLOCK_SET,
    CLOCK_RECOUNTED,
    CLOCK_NEXT,
    CLOCK_DUE,
    CLOCK_FIRST,
    CLOCK_CLEAR,
    QUERY_COUNT
};

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO casefile (" CASE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
            "ON CONFLICT DO UPDATE SET type = ?2, state = ?3, owner = ?4, opener = ?5, "
            "opened_ms = ?6, changed_ms = ?7, steps = ?8, closed = ?9",
    [GET] = "SELECT " CASE_COLUMNS " FROM casefile WHERE id = ?1",
    [NEXT] = "SELECT " CASE_COLUMNS " FROM casefile WHERE id > ?1 ORDER BY id LIMIT 1",
    [STEP_PUT] = "INSERT INTO case_step (" STEP_COLUMNS ") "
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    [STEP_NEXT] = "SELECT " STEP_COLUMNS " FROM case_step WHERE id = ?1 AND number >= ?2 "
                  "AND lost = 0 ORDER BY number LIMIT 1",
    [STEP_EACH] = "SELECT " STEP_COLUMNS " FROM case_step WHERE id = ?1 "
                  "AND (number, document) > (?2, ?3) ORDER BY number, document LIMIT 1",
    [STEP_AT] = "SELECT " STEP_COLUMNS " FROM case_step WHERE seq = ?1",
    [STEP_LOST] = "SELECT EXISTS (SELECT 1 FROM case_step WHERE id = ?1 AND lost = 1)",
    [STEP_STATE] = "UPDATE case_step SET state = ?3, code = ?4 "
                   "WHERE id = ?1 AND number = ?2 AND lost = 0",
    [STEP_LOSE] = "UPDATE case_step SET lost = 1, code = ?3, state = '' "
                  "WHERE id = ?1 AND number = ?2 AND lost = 0",
    [STEP_STAND] = "UPDATE case_step SET lost = 0, code = 0 "
                   "WHERE id = ?1 AND number = ?2 AND document = ?3",
    [PAPER_PUT] = "INSERT INTO case_paper (id, number, document, sealed) VALUES (?1, ?2, ?3, ?4)",
    [PAPER] = "SELECT sealed FROM case_paper WHERE id = ?1 AND number = ?2 AND document = ?3",
    [HOLDER_PUT] = "INSERT INTO case_holder (id, seq, member) VALUES (?1, ?2, ?3) "
                   "ON CONFLICT DO NOTHING",
    [HOLDER_NEXT] = "SELECT member FROM case_holder WHERE id = ?1 AND seq = ?2 AND member > ?3 "
                    "ORDER BY member LIMIT 1",
    [ITEM_PUT] = "INSERT INTO case_item (id, seq, root, byte_count) VALUES (?1, ?2, ?3, ?4) "
                 "ON CONFLICT DO NOTHING",
    [ITEM_NEXT] = "SELECT root, byte_count FROM case_item WHERE id = ?1 AND seq = ?2 "
                  "AND root > ?3 ORDER BY root LIMIT 1",
    [CLOCK_START] = "INSERT INTO case_clock (" CLOCK_COLUMNS ") "
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [CLOCK_STOP] = "UPDATE case_clock SET stopped_ms = ?3, next_ms = 0 "
                   "WHERE id = ?1 AND code = ?2 AND stopped_ms = 0",
    [CLOCK_GET] = "SELECT " CLOCK_COLUMNS " FROM case_clock WHERE id = ?1 AND code = ?2 "
                  "ORDER BY started_ms DESC LIMIT 1",
    [CLOCK_SET] = "UPDATE case_clock SET owner = ?3, due_ms = ?4, suspended_ms = ?5, warned = ?6, "
                  "next_ms = ?7, waits = ?8, term = ?9, counted_ms = ?10 "
                  "WHERE id = ?1 AND code = ?2 AND stopped_ms = 0",
    [CLOCK_RECOUNTED] = "UPDATE case_clock SET due_ms = ?4, counted_ms = ?5, warned = ?6, "
                        "next_ms = ?7 WHERE id = ?1 AND code = ?2 AND started_ms = ?3",
    [CLOCK_NEXT] = "SELECT " CLOCK_COLUMNS " FROM case_clock WHERE id = ?1 "
                   "AND (started_ms, code) > (?2, ?3) ORDER BY started_ms, code LIMIT 1",
    [CLOCK_DUE] = "SELECT " CLOCK_COLUMNS " FROM case_clock WHERE stopped_ms = 0 "
                  "AND next_ms > 0 AND next_ms <= ?1 ORDER BY next_ms LIMIT 1",
    [CLOCK_FIRST] = "SELECT next_ms FROM case_clock WHERE stopped_ms = 0 AND next_ms > 0 "
                    "ORDER BY next_ms LIMIT 1",
    [CLOCK_CLEAR] = "DELETE FROM case_clock WHERE id = ?1",
};

struct casefiles {
    struct stmt *q[QUERY_COUNT];
    struct box paper;
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
    if (*c != NULL)
        box_fini(&(*c)->paper);
    free(*c);
    *c = NULL;
}

static enum err step_put(struct casefiles *c, const struct casefile_step *step)
{
    struct stmt *q = c->q[STEP_PUT];
    bind_id(q, 1, step->id);
    stmt_bind_u64(q, 2, step->number);
    stmt_bind_u64(q, 3, step->seq);
    stmt_bind_u64(q, 4, step->type);
    stmt_bind_text(q, 5, step->transition);
    stmt_bind_text(q, 6, step->outcome);
    stmt_bind_text(q, 7, step->state);
    stmt_bind_text(q, 8, step->owner);
    stmt_bind_text(q, 9, step->by);
    stmt_bind_u64(q, 10, step->time_ms);
    stmt_bind_u64(q, 11, step->taken_ms);
    stmt_bind_text(q, 12, step->papers);
    bind_id(q, 13, step->message_id);
    stmt_bind_bytes(q, 14, step->document, sizeof step->document);
    stmt_bind_u64(q, 15, step->code);
    stmt_bind_u64(q, 16, step->lost);
    return stmt_run(q);
}

enum err casefile_put(struct casefiles *c, const struct casefile *row,
                      const struct casefile_step *step)
{
    struct stmt *q = c->q[PUT];
    if (step != NULL && memcmp(step->id, row->id, sizeof row->id) != 0)
        return ERR_FIELD_VALUE;
    bind_id(q, 1, row->id);
    stmt_bind_u64(q, 2, row->type);
    stmt_bind_text(q, 3, row->state);
    stmt_bind_text(q, 4, row->owner);
    stmt_bind_text(q, 5, row->opener);
    stmt_bind_u64(q, 6, row->opened_ms);
    stmt_bind_u64(q, 7, row->changed_ms);
    stmt_bind_u64(q, 8, row->steps);
    stmt_bind_u64(q, 9, row->closed);
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
        out->type = stmt_u32(q, 1, &err);
        stmt_copy_text(q, 2, out->state, sizeof out->state);
        stmt_copy_text(q, 3, out->owner, sizeof out->owner);
        stmt_copy_text(q, 4, out->opener, sizeof out->opener);
        out->opened_ms = stmt_u64(q, 5);
        out->changed_ms = stmt_u64(q, 6);
        out->steps = stmt_u64(q, 7);
        out->closed = stmt_u64(q, 8) != 0;
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

/* Step, read and end. */
static enum err take_step(struct stmt *q, struct casefile_step *out)
{
    *out = (struct casefile_step){0};
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, out->id, sizeof out->id);
        out->number = stmt_u64(q, 1);
        out->seq = stmt_u64(q, 2);
        out->type = stmt_u32(q, 3, &err);
        stmt_copy_text(q, 4, out->transition, sizeof out->transition);
        stmt_copy_text(q, 5, out->outcome, sizeof out->outcome);
        stmt_copy_text(q, 6, out->state, sizeof out->state);
        stmt_copy_text(q, 7, out->owner, sizeof out->owner);
        stmt_copy_text(q, 8, out->by, sizeof out->by);
        out->time_ms = stmt_u64(q, 9);
        out->taken_ms = stmt_u64(q, 10);
        stmt_copy_text(q, 11, out->papers, sizeof out->papers);
        stmt_copy(q, 12, out->message_id, sizeof out->message_id);
        stmt_copy(q, 13, out->document, sizeof out->document);
        out->code = stmt_u32(q, 14, &err);
        out->lost = stmt_u64(q, 15) != 0;
    }
    return stmt_end(q, err);
}

enum err casefile_step_next(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                            uint64_t *cursor, struct casefile_step *out)
{
    bind_id(c->q[STEP_NEXT], 1, id);
    stmt_bind_u64(c->q[STEP_NEXT], 2, *cursor);
    enum err err = take_step(c->q[STEP_NEXT], out);
    if (err == OK)
        *cursor = out->number + 1;
    if (err != ERR_NOT_FOUND || *cursor != 0)
        return err;
    /* A case begins with a step: a closed one without any is over for longer than they are kept. */
    struct casefile row;
    return casefile_get(c, id, &row) == OK && row.closed ? ERR_ERASED : err;
}

static void bind_step(struct stmt *q, const struct casefile_step *step)
{
    bind_id(q, 1, step->id);
    stmt_bind_u64(q, 2, step->number);
}

enum err casefile_step_each(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                            struct casefile_step *at)
{
    struct stmt *q = c->q[STEP_EACH];
    const struct casefile_step after = *at;
    bind_id(q, 1, id);
    stmt_bind_u64(q, 2, after.number);
    stmt_bind_bytes(q, 3, after.document, sizeof after.document);
    return take_step(q, at);
}

enum err casefile_step_rival(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                             struct casefile_step *at)
{
    struct casefile_step next = *at;
    enum err err = casefile_step_each(c, id, &next);
    if (err == OK && next.number != at->number)
        return ERR_NOT_FOUND;
    if (err == OK)
        *at = next;
    return err;
}

enum err casefile_step_at(struct casefiles *c, uint64_t seq, struct casefile_step *out)
{
    stmt_bind_u64(c->q[STEP_AT], 1, seq);
    return take_step(c->q[STEP_AT], out);
}

enum err casefile_step_lost(struct casefiles *c, const uint8_t id[static STORE_ID_LEN], bool *any)
{
    struct stmt *q = c->q[STEP_LOST];
    *any = false;
    bind_id(q, 1, id);
    enum err err = stmt_step(q);
    if (err == OK)
        *any = stmt_u64(q, 0) != 0;
    return stmt_end(q, err);
}

enum err casefile_step_state(struct casefiles *c, const struct casefile_step *step)
{
    struct stmt *q = c->q[STEP_STATE];
    bind_step(q, step);
    stmt_bind_text(q, 3, step->state);
    stmt_bind_u64(q, 4, step->code);
    return stmt_run_one(q);
}

enum err casefile_step_stand(struct casefiles *c, const struct casefile_step *step, uint32_t code)
{
    bind_step(c->q[STEP_LOSE], step);
    stmt_bind_u64(c->q[STEP_LOSE], 3, code);
    enum err err = stmt_run(c->q[STEP_LOSE]);
    bind_step(c->q[STEP_STAND], step);
    stmt_bind_bytes(c->q[STEP_STAND], 3, step->document, sizeof step->document);
    return err == OK ? stmt_run_one(c->q[STEP_STAND]) : err;
}

enum err casefile_paper_put(struct casefiles *c, const struct casefile_step *step,
                            struct span sealed)
{
    struct stmt *q = c->q[PAPER_PUT];
    bind_step(q, step);
    stmt_bind_bytes(q, 3, step->document, sizeof step->document);
    stmt_bind_blob(q, 4, sealed);
    return stmt_run(q);
}

enum err casefile_paper(struct casefiles *c, const struct casefile_step *step, struct span *sealed)
{
    struct stmt *q = c->q[PAPER];
    *sealed = span_of(NULL, 0);
    bind_step(q, step);
    stmt_bind_bytes(q, 3, step->document, sizeof step->document);
    enum err err = stmt_step(q);
    if (err == OK)
        err = box_keep(&c->paper, stmt_blob(q, 0), sealed);
    return stmt_end(q, err);
}

enum err casefile_holder_put(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                             uint64_t seq, const char *member)
{
    struct stmt *q = c->q[HOLDER_PUT];
    bind_id(q, 1, id);
    stmt_bind_u64(q, 2, seq);
    stmt_bind_text(q, 3, member);
    return stmt_run(q);
}

enum err casefile_holder_next(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                              uint64_t seq, char member[static STORE_MEMBER_MAX + 1])
{
    struct stmt *q = c->q[HOLDER_NEXT];
    bind_id(q, 1, id);
    stmt_bind_u64(q, 2, seq);
    stmt_bind_text(q, 3, member);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy_text(q, 0, member, STORE_MEMBER_MAX + 1);
    return stmt_end(q, err);
}

enum err casefile_item_put(struct casefiles *c, const uint8_t id[static STORE_ID_LEN], uint64_t seq,
                           const struct casefile_item *item)
{
    struct stmt *q = c->q[ITEM_PUT];
    bind_id(q, 1, id);
    stmt_bind_u64(q, 2, seq);
    stmt_bind_bytes(q, 3, item->root, sizeof item->root);
    stmt_bind_u64(q, 4, item->byte_count);
    return stmt_run(q);
}

enum err casefile_item_next(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                            uint64_t seq, struct casefile_item *out)
{
    struct stmt *q = c->q[ITEM_NEXT];
    bind_id(q, 1, id);
    stmt_bind_u64(q, 2, seq);
    stmt_bind_bytes(q, 3, out->root, sizeof out->root);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, out->root, sizeof out->root);
        out->byte_count = stmt_u64(q, 1);
    }
    return stmt_end(q, err);
}

enum err casefile_clock_start(struct casefiles *c, const struct casefile_clock *clock)
{
    struct stmt *q = c->q[CLOCK_START];
    bind_id(q, 1, clock->id);
    stmt_bind_text(q, 2, clock->code);
    stmt_bind_u64(q, 3, clock->started_ms);
    stmt_bind_text(q, 4, clock->owner);
    stmt_bind_text(q, 5, clock->waits);
    stmt_bind_u64(q, 6, clock->due_ms);
    stmt_bind_u64(q, 7, clock->stopped_ms);
    stmt_bind_u64(q, 8, clock->suspended_ms);
    stmt_bind_u64(q, 9, clock->warned);
    stmt_bind_u64(q, 10, clock->next_ms);
    stmt_bind_text(q, 11, clock->term);
    stmt_bind_u64(q, 12, clock->counted_ms);
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
    stmt_copy_text(q, 4, out->waits, sizeof out->waits);
    out->due_ms = stmt_u64(q, 5);
    out->stopped_ms = stmt_u64(q, 6);
    out->suspended_ms = stmt_u64(q, 7);
    out->warned = stmt_u32(q, 8, &err);
    out->next_ms = stmt_u64(q, 9);
    stmt_copy_text(q, 10, out->term, sizeof out->term);
    out->counted_ms = stmt_u64(q, 11);
    return stmt_end(q, err);
}

enum err casefile_clock_get(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                            const char *code, struct casefile_clock *out)
{
    bind_id(c->q[CLOCK_GET], 1, id);
    stmt_bind_text(c->q[CLOCK_GET], 2, code);
    return take_clock(c->q[CLOCK_GET], out);
}

enum err casefile_clock_set(struct casefiles *c, const struct casefile_clock *clock)
{
    struct stmt *q = c->q[CLOCK_SET];
    bind_id(q, 1, clock->id);
    stmt_bind_text(q, 2, clock->code);
    stmt_bind_text(q, 3, clock->owner);
    stmt_bind_u64(q, 4, clock->due_ms);
    stmt_bind_u64(q, 5, clock->suspended_ms);
    stmt_bind_u64(q, 6, clock->warned);
    stmt_bind_u64(q, 7, clock->next_ms);
    stmt_bind_text(q, 8, clock->waits);
    stmt_bind_text(q, 9, clock->term);
    stmt_bind_u64(q, 10, clock->counted_ms);
    return stmt_run_one(q);
}

enum err casefile_clock_recounted(struct casefiles *c, const struct casefile_clock *clock)
{
    struct stmt *q = c->q[CLOCK_RECOUNTED];
    bind_id(q, 1, clock->id);
    stmt_bind_text(q, 2, clock->code);
    stmt_bind_u64(q, 3, clock->started_ms);
    stmt_bind_u64(q, 4, clock->due_ms);
    stmt_bind_u64(q, 5, clock->counted_ms);
    stmt_bind_u64(q, 6, clock->warned);
    stmt_bind_u64(q, 7, clock->next_ms);
    return stmt_run_one(q);
}

enum err casefile_clock_next(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                             struct casefile_clock *clock)
{
    const struct casefile_clock cursor = *clock;
    struct stmt *q = c->q[CLOCK_NEXT];
    bind_id(q, 1, id);
    stmt_bind_u64(q, 2, cursor.started_ms);
    stmt_bind_text(q, 3, cursor.code);
    return take_clock(q, clock);
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

enum err casefile_clock_clear(struct casefiles *c, const uint8_t id[static STORE_ID_LEN])
{
    bind_id(c->q[CLOCK_CLEAR], 1, id);
    return stmt_run(c->q[CLOCK_CLEAR]);
}
