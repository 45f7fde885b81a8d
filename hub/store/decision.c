#include "store/decision.h"

#include "store/box.h"
#include "store/columns.h"

#define COLUMNS "seq, document, env_id, message_seq, type, time_ms, code, record"
#define FACTS   ", facts"

enum query { PUT, GET, NEXT, OF_DOCUMENT, OF_MESSAGE, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO decision (" COLUMNS FACTS ") "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [GET] = "SELECT " COLUMNS " FROM decision WHERE seq = ?1",
    [NEXT] = "SELECT " COLUMNS FACTS " FROM decision WHERE seq >= ?1 ORDER BY seq LIMIT 1",
    [OF_DOCUMENT] = "SELECT " COLUMNS " FROM decision WHERE document = ?1 "
                    "ORDER BY seq DESC LIMIT 1",
    [OF_MESSAGE] = "SELECT " COLUMNS " FROM decision WHERE message_seq = ?1 "
                   "ORDER BY seq DESC LIMIT 1",
};

struct decisions {
    struct stmt *q[QUERY_COUNT];
    struct box record;
    struct box facts;
};

enum err decisions_open(struct decisions **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct decisions *d = calloc(1, sizeof *d);
    if (d == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "decision", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, d->q, f);
    if (err != OK)
        decisions_close(&d);
    *out = d;
    return err;
}

void decisions_close(struct decisions **d)
{
    if (*d != NULL) {
        box_fini(&(*d)->record);
        box_fini(&(*d)->facts);
    }
    free(*d);
    *d = NULL;
}

enum err decision_put(struct decisions *d, const struct decision_row *row)
{
    struct stmt *q = d->q[PUT];
    stmt_bind_u64(q, 1, row->seq);
    stmt_bind_bytes(q, 2, row->document, STORE_HASH_LEN);
    stmt_bind_bytes(q, 3, row->env_id, STORE_HASH_LEN);
    if (row->message_seq == STORE_NEVER)
        stmt_bind_null(q, 4);
    else
        stmt_bind_u64(q, 4, row->message_seq);
    stmt_bind_u64(q, 5, row->type);
    stmt_bind_u64(q, 6, row->time_ms);
    stmt_bind_u64(q, 7, row->code);
    stmt_bind_blob(q, 8, row->record);
    stmt_bind_blob(q, 9, row->facts);
    return stmt_run(q);
}

/* Read the row that was stepped to. */
static enum err read_row(struct decisions *d, struct stmt *q, struct decision_row *out)
{
    enum err err = OK;
    out->seq = stmt_u64(q, 0);
    stmt_copy(q, 1, out->document, sizeof out->document);
    stmt_copy(q, 2, out->env_id, sizeof out->env_id);
    out->message_seq = stmt_is_null(q, 3) ? STORE_NEVER : stmt_u64(q, 3);
    out->type = stmt_u32(q, 4, &err);
    out->time_ms = stmt_u64(q, 5);
    out->code = stmt_u32(q, 6, &err);
    if (err == OK)
        err = box_keep(&d->record, stmt_blob(q, 7), &out->record);
    if (err == OK && store_is_erased(out->record))
        out->record = (struct span){NULL, 0};
    return err;
}

/* Step, read and end. */
static enum err take(struct decisions *d, struct stmt *q, struct decision_row *out)
{
    *out = (struct decision_row){0};
    enum err err = stmt_step(q);
    if (err == OK)
        err = read_row(d, q, out);
    if (err == OK && out->record.len == 0)
        err = ERR_ERASED;
    return stmt_end(q, err);
}

enum err decision_next(struct decisions *d, uint64_t *cursor, struct decision_row *out)
{
    struct stmt *q = d->q[NEXT];
    *out = (struct decision_row){0};
    stmt_bind_u64(q, 1, *cursor);
    enum err err = stmt_step(q);
    if (err == OK)
        err = read_row(d, q, out);
    if (err == OK)
        err = box_keep(&d->facts, stmt_blob(q, 8), &out->facts);
    if (err == OK)
        *cursor = out->seq + 1;
    return stmt_end(q, err);
}

enum err decision_get(struct decisions *d, uint64_t seq, struct decision_row *out)
{
    stmt_bind_u64(d->q[GET], 1, seq);
    return take(d, d->q[GET], out);
}

enum err decision_of_document(struct decisions *d, const uint8_t document[static STORE_HASH_LEN],
                              struct decision_row *out)
{
    stmt_bind_bytes(d->q[OF_DOCUMENT], 1, document, STORE_HASH_LEN);
    return take(d, d->q[OF_DOCUMENT], out);
}

enum err decision_of_message(struct decisions *d, uint64_t message_seq, struct decision_row *out)
{
    stmt_bind_u64(d->q[OF_MESSAGE], 1, message_seq);
    return take(d, d->q[OF_MESSAGE], out);
}
