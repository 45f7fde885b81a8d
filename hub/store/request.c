#include "store/request.h"

#include "store/columns.h"

#include <stdlib.h>

#define COLUMNS                                                                                    \
    "seq, kind, document, order_id, obligation_id, asker, owner, clock, shown, "                   \
    "outcome, answer, "                                                                            \
    "opened_ms, due_ms, closed_ms, warned, next_ms, stage, late, begun_ms, receiver, received_ms"

enum query {
    PUT,
    OF_DOCUMENT,
    CLOSE,
    RESTAGE,
    DUE,
    OF_ORDER,
    NEXT_OPEN,
    NEXT_DUE,
    FIRST_DUE,
    QUERY_COUNT
};

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO request (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
            "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
    [OF_DOCUMENT] = "SELECT " COLUMNS " FROM request WHERE document = ?1",
    [CLOSE] = "UPDATE request SET outcome = ?2, answer = ?3, closed_ms = ?4, "
              "next_ms = 0 "
              "WHERE seq = ?1 AND outcome = 0",
    [RESTAGE] = "UPDATE request SET owner = ?2, clock = ?3, shown = ?4, due_ms = ?5, warned = ?6, "
                "next_ms = ?7, stage = ?8, late = ?9, begun_ms = ?10, received_ms = ?11 "
                "WHERE seq = ?1 AND outcome = 0",
    [DUE] = "UPDATE request SET warned = ?2, next_ms = ?3 WHERE seq = ?1",
    [OF_ORDER] = "SELECT " COLUMNS " FROM request WHERE order_id = ?2 AND seq >= ?1 "
                 "ORDER BY seq LIMIT 1",
    [NEXT_OPEN] = "SELECT " COLUMNS " FROM request WHERE seq >= ?1 AND outcome = 0 "
                  "ORDER BY seq LIMIT 1",
    [NEXT_DUE] = "SELECT " COLUMNS " FROM request WHERE next_ms > 0 AND next_ms <= ?1 "
                 "ORDER BY next_ms, seq LIMIT 1",
    [FIRST_DUE] = ("SELECT next_ms FROM request WHERE next_ms > 0 ORDER BY "
                   "next_ms LIMIT 1"),
};

struct requests {
    struct stmt *q[QUERY_COUNT];
};

enum err requests_open(struct requests **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct requests *r = calloc(1, sizeof *r);
    if (r == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "request", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, r->q, f);
    if (err != OK)
        requests_close(&r);
    *out = r;
    return err;
}

void requests_close(struct requests **r)
{
    free(*r);
    *r = NULL;
}

enum err request_put(struct requests *r, const struct request *row)
{
    struct stmt *q = r->q[PUT];
    stmt_bind_u64(q, 1, row->seq);
    stmt_bind_u64(q, 2, row->kind);
    bind_id(q, 3, row->document);
    bind_id(q, 4, row->order_id);
    bind_id(q, 5, row->obligation_id);
    stmt_bind_text(q, 6, row->asker);
    stmt_bind_text(q, 7, row->owner);
    stmt_bind_text(q, 8, row->clock);
    stmt_bind_u64(q, 9, row->shown);
    stmt_bind_u64(q, 10, row->outcome);
    bind_id(q, 11, row->answer);
    stmt_bind_u64(q, 12, row->opened_ms);
    stmt_bind_u64(q, 13, row->due_ms);
    stmt_bind_u64(q, 14, row->closed_ms);
    stmt_bind_u64(q, 15, row->warned);
    stmt_bind_u64(q, 16, row->next_ms);
    stmt_bind_u64(q, 17, row->stage);
    stmt_bind_u64(q, 18, row->late);
    stmt_bind_u64(q, 19, row->begun_ms);
    stmt_bind_text(q, 20, row->receiver);
    stmt_bind_u64(q, 21, row->received_ms);
    return stmt_run(q);
}

/* Step, read and end. */
static enum err take(struct stmt *q, struct request *out)
{
    *out = (struct request){0};
    enum err err = stmt_step(q);
    if (err != OK)
        return stmt_end(q, err);
    out->seq = stmt_u64(q, 0);
    uint32_t kind = stmt_u32(q, 1, &err);
    stmt_copy(q, 2, out->document, sizeof out->document);
    stmt_copy(q, 3, out->order_id, sizeof out->order_id);
    stmt_copy(q, 4, out->obligation_id, sizeof out->obligation_id);
    stmt_copy_text(q, 5, out->asker, sizeof out->asker);
    stmt_copy_text(q, 6, out->owner, sizeof out->owner);
    stmt_copy_text(q, 7, out->clock, sizeof out->clock);
    out->shown = stmt_u64(q, 8) != 0;
    uint32_t outcome = stmt_u32(q, 9, &err);
    stmt_copy(q, 10, out->answer, sizeof out->answer);
    out->opened_ms = stmt_u64(q, 11);
    out->due_ms = stmt_u64(q, 12);
    out->closed_ms = stmt_u64(q, 13);
    out->warned = stmt_u32(q, 14, &err);
    out->next_ms = stmt_u64(q, 15);
    uint32_t stage = stmt_u32(q, 16, &err);
    out->late = stmt_u64(q, 17) != 0;
    out->begun_ms = stmt_u64(q, 18);
    stmt_copy_text(q, 19, out->receiver, sizeof out->receiver);
    out->received_ms = stmt_u64(q, 20);
    if (err == OK && (kind < REQUEST_REPAIR || kind >= REQUEST_KINDS ||
                      outcome >= REQUEST_OUTCOMES || stage >= REQUEST_STAGES))
        err = ERR_CORRUPT;
    out->kind = (enum request_kind)kind;
    out->outcome = (enum request_outcome)outcome;
    out->stage = (enum request_stage)stage;
    return stmt_end(q, err);
}

enum err request_of_document(struct requests *r, const uint8_t document[static STORE_ID_LEN],
                             struct request *out)
{
    bind_id(r->q[OF_DOCUMENT], 1, document);
    return take(r->q[OF_DOCUMENT], out);
}

enum err request_close(struct requests *r, const struct request *row)
{
    struct stmt *q = r->q[CLOSE];
    stmt_bind_u64(q, 1, row->seq);
    stmt_bind_u64(q, 2, row->outcome);
    bind_id(q, 3, row->answer);
    stmt_bind_u64(q, 4, row->closed_ms);
    enum err err = stmt_run_one(q);
    return err == ERR_NOT_FOUND ? ERR_EXISTS : err;
}

enum err request_restage(struct requests *r, const struct request *row)
{
    struct stmt *q = r->q[RESTAGE];
    stmt_bind_u64(q, 1, row->seq);
    stmt_bind_text(q, 2, row->owner);
    stmt_bind_text(q, 3, row->clock);
    stmt_bind_u64(q, 4, row->shown);
    stmt_bind_u64(q, 5, row->due_ms);
    stmt_bind_u64(q, 6, row->warned);
    stmt_bind_u64(q, 7, row->next_ms);
    stmt_bind_u64(q, 8, row->stage);
    stmt_bind_u64(q, 9, row->late);
    stmt_bind_u64(q, 10, row->begun_ms);
    stmt_bind_u64(q, 11, row->received_ms);
    enum err err = stmt_run_one(q);
    return err == ERR_NOT_FOUND ? ERR_EXISTS : err;
}

enum err request_due(struct requests *r, const struct request *row)
{
    struct stmt *q = r->q[DUE];
    stmt_bind_u64(q, 1, row->seq);
    stmt_bind_u64(q, 2, row->warned);
    stmt_bind_u64(q, 3, row->next_ms);
    return stmt_run_one(q);
}

/* The walks bind the cursor first and what they walk over second. */
static enum err walk(struct stmt *q, uint64_t *cursor, struct request *out)
{
    stmt_bind_u64(q, 1, *cursor);
    enum err err = take(q, out);
    if (err == OK)
        *cursor = out->seq + 1;
    return err;
}

enum err request_next_of_order(struct requests *r, const uint8_t order_id[static STORE_ID_LEN],
                               uint64_t *cursor, struct request *out)
{
    bind_id(r->q[OF_ORDER], 2, order_id);
    return walk(r->q[OF_ORDER], cursor, out);
}

enum err request_next_open(struct requests *r, uint64_t *cursor, struct request *out)
{
    return walk(r->q[NEXT_OPEN], cursor, out);
}

enum err request_next_due(struct requests *r, uint64_t now_ms, struct request *out)
{
    stmt_bind_u64(r->q[NEXT_DUE], 1, now_ms);
    return take(r->q[NEXT_DUE], out);
}

enum err request_first_due(struct requests *r, uint64_t *next_ms)
{
    struct stmt *q = r->q[FIRST_DUE];
    *next_ms = STORE_NEVER;
    enum err err = stmt_step(q);
    if (err == OK)
        *next_ms = stmt_u64(q, 0);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}
