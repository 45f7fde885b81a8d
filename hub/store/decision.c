#include "store/decision.h"

#include "store/columns.h"
#include "store/decision_pack.h"

#define COLUMNS "seq, document, env_id, message_seq, type, time_ms, code, record"
#define FACTS   ", facts"

enum query { PUT, GET, NEXT, OF_MESSAGE, PACK_PUT, PACK_FROM, PACK_LAST, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO decision (" COLUMNS FACTS ") "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [GET] = "SELECT " COLUMNS " FROM decision WHERE seq = ?1",
    [NEXT] = "SELECT " COLUMNS FACTS " FROM decision WHERE seq >= ?1 ORDER BY seq LIMIT 1",
    [OF_MESSAGE] = "SELECT " COLUMNS " FROM decision WHERE message_seq = ?1 "
                   "ORDER BY seq DESC LIMIT 1",
    [PACK_PUT] = "INSERT INTO decision_pack (last, time_ms, heads, bodies) VALUES (?1, ?2, ?3, ?4)",
    [PACK_FROM] =
        "SELECT last, heads, bodies FROM decision_pack WHERE last >= ?1 ORDER BY last LIMIT 1",
    [PACK_LAST] = "SELECT last FROM decision_pack ORDER BY last DESC LIMIT 1",
};

/* Where the packed records stood at some moment. */
struct mark {
    size_t heads_len, bodies_len;
    uint64_t packed; /* every packed record has a lower seq than this */
};

struct decisions {
    struct db *db;
    struct stmt *q[QUERY_COUNT];
    struct box record;
    struct box facts;
    struct pack waiting; /* of the open transaction */
    struct mark now, savepoint, committed;
    struct pack read; /* the pack that was read last … */
    bool has_read;
    size_t at, offset; /* … and where in it */
    /* No row of the table has a seq in [gap_from, gap_to). */
    uint64_t gap_from, gap_to;
};

static enum err load_last(struct decisions *d)
{
    enum err err = stmt_step(d->q[PACK_LAST]);
    if (err == OK)
        d->committed.packed = stmt_u64(d->q[PACK_LAST], 0) + 1;
    d->now = d->savepoint = d->committed;
    return stmt_end(d->q[PACK_LAST], err == ERR_NOT_FOUND ? OK : err);
}

enum err decisions_open(struct decisions **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct decisions *d = calloc(1, sizeof *d);
    if (d == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "decision", "open");
    d->db = db;
    enum err err = db_prepare(db, queries, QUERY_COUNT, d->q, f);
    if (err == OK && (err = load_last(d)) != OK)
        fault_set(f, err, 0, "decision", "packs");
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
        pack_fini(&(*d)->waiting);
        pack_fini(&(*d)->read);
    }
    free(*d);
    *d = NULL;
}

/* ---- writing ---- */

/* The first packed record behind a message's leaf is the message's: no index is needed. */
static bool can_pack(const struct decisions *d, const struct decision_row *row)
{
    return row->packs && row->message_seq != STORE_NEVER && row->message_seq < row->seq &&
           row->message_seq >= d->now.packed && db_in_transaction(d->db) &&
           row->record.len + row->facts.len <= PACK_BYTES_MAX - d->now.bodies_len;
}

static enum err put_packed(struct decisions *d, const struct decision_row *row)
{
    enum err err = pack_add(&d->waiting, row);
    d->now.heads_len = d->waiting.heads_len;
    d->now.bodies_len = d->waiting.bodies_len;
    if (err == OK)
        d->now.packed = row->seq + 1;
    return err;
}

enum err decision_put(struct decisions *d, const struct decision_row *row)
{
    struct stmt *q = d->q[PUT];
    if (can_pack(d, row))
        return put_packed(d, row);
    d->gap_from = d->gap_to = 0;
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

/* As many of those that wait, from the i-th, as one row of the table is to hold. */
static enum err write_row(struct decisions *d, size_t *i, size_t *offset)
{
    struct stmt *q = d->q[PACK_PUT];
    const struct pack *p = &d->waiting;
    const size_t first = *i;
    const size_t from = *offset;
    struct decision_row row = {.seq = 0};
    while (*i < pack_count(p) && (*i == first || *offset - from < PACK_ROW_BYTES))
        pack_get(p, (*i)++, offset, &row);
    stmt_bind_u64(q, 1, row.seq);
    stmt_bind_u64(q, 2, row.time_ms);
    stmt_bind_bytes(q, 3, p->heads.data + first * PACK_HEAD_LEN, (*i - first) * PACK_HEAD_LEN);
    stmt_bind_bytes(q, 4, p->bodies.data + from, *offset - from);
    return stmt_run(q);
}

static void cut(struct decisions *d, const struct mark *to)
{
    d->now = *to;
    d->waiting.heads_len = to->heads_len;
    d->waiting.bodies_len = to->bodies_len;
    decisions_forget(d);
}

enum err decisions_before_commit(struct decisions *d)
{
    enum err err = OK;
    size_t offset = 0;
    for (size_t i = 0; err == OK && i < pack_count(&d->waiting);)
        err = write_row(d, &i, &offset);
    return err;
}

void decisions_committed(struct decisions *d)
{
    d->waiting.heads_len = d->waiting.bodies_len = 0;
    d->now.heads_len = d->now.bodies_len = 0;
    d->committed = d->savepoint = d->now;
}

void decisions_savepoint(struct decisions *d)
{
    d->savepoint = d->now;
}

void decisions_rolled_back(struct decisions *d)
{
    cut(d, &d->committed);
}

void decisions_rolled_back_to(struct decisions *d)
{
    cut(d, &d->savepoint);
}

void decisions_forget(struct decisions *d)
{
    d->has_read = false;
    d->gap_from = d->gap_to = 0;
}

/* ---- reading ---- */

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
    return stmt_end(q, err);
}

/* The first row of the table from `seq` on; only how far it is when that is beyond `end`. */
static enum err row_from(struct decisions *d, uint64_t seq, uint64_t end, struct decision_row *out)
{
    struct stmt *q = d->q[NEXT];
    *out = (struct decision_row){.seq = STORE_NEVER};
    if (seq >= d->gap_from && end <= d->gap_to)
        return ERR_NOT_FOUND;
    stmt_bind_u64(q, 1, seq);
    enum err err = stmt_step(q);
    d->gap_from = seq;
    d->gap_to = STORE_NEVER;
    if (err == OK) {
        d->gap_to = stmt_u64(q, 0);
        err = d->gap_to < end ? read_row(d, q, out) : ERR_NOT_FOUND;
    }
    if (err == OK)
        err = box_keep(&d->facts, stmt_blob(q, 8), &out->facts);
    if (err != OK && err != ERR_NOT_FOUND)
        d->gap_from = d->gap_to = 0;
    return stmt_end(q, err);
}

/* Make d->read the pack with the first packed record from `seq` on, and d->at that record. */
static enum err seek_stored(struct decisions *d, uint64_t seq)
{
    const size_t count = pack_count(&d->read);
    if (d->has_read && d->at < count && pack_seq(&d->read, d->at) == seq)
        return OK; /* one after the other */
    const bool here =
        d->has_read && pack_seq(&d->read, 0) <= seq && seq <= pack_seq(&d->read, count - 1);
    if (!here) {
        struct stmt *q = d->q[PACK_FROM];
        d->has_read = false;
        stmt_bind_u64(q, 1, seq);
        enum err err = stmt_step(q);
        if (err == OK)
            err = pack_take(&d->read, stmt_u64(q, 0), stmt_blob(q, 1), stmt_blob(q, 2));
        err = stmt_end(q, err);
        if (err != OK)
            return err;
        d->has_read = true;
    }
    d->at = pack_find(&d->read, seq); /* the row's key says that there is one */
    d->offset = pack_offset(&d->read, d->at);
    return OK;
}

/* The first packed record from `seq` on, also of the open transaction. */
static enum err packed_from(struct decisions *d, uint64_t seq, struct decision_row *out)
{
    *out = (struct decision_row){.seq = STORE_NEVER};
    enum err err = seek_stored(d, seq);
    if (err == OK)
        pack_get(&d->read, d->at++, &d->offset, out);
    if (err != ERR_NOT_FOUND)
        return err;
    const size_t i = pack_find(&d->waiting, seq);
    if (i == pack_count(&d->waiting))
        return ERR_NOT_FOUND;
    size_t offset = pack_offset(&d->waiting, i);
    pack_get(&d->waiting, i, &offset, out);
    return OK;
}

static enum err answer(enum err err, const struct decision_row *out)
{
    return err == OK && out->record.len == 0 ? ERR_ERASED : err;
}

enum err decision_next(struct decisions *d, uint64_t *cursor, struct decision_row *out)
{
    struct decision_row row;
    enum err err = packed_from(d, *cursor, out);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    const enum err in_table = row_from(d, *cursor, err == OK ? out->seq : STORE_NEVER, &row);
    if (in_table == OK)
        *out = row;
    if (in_table != ERR_NOT_FOUND)
        err = in_table;
    if (err == OK)
        *cursor = out->seq + 1;
    return err;
}

enum err decision_get(struct decisions *d, uint64_t seq, struct decision_row *out)
{
    stmt_bind_u64(d->q[GET], 1, seq);
    enum err err = take(d, d->q[GET], out);
    if (err == ERR_NOT_FOUND) {
        err = packed_from(d, seq, out);
        err = err == OK && out->seq != seq ? ERR_NOT_FOUND : err;
    }
    return answer(err, out);
}

enum err decision_of_message(struct decisions *d, uint64_t message_seq, struct decision_row *out)
{
    stmt_bind_u64(d->q[OF_MESSAGE], 1, message_seq);
    enum err err = take(d, d->q[OF_MESSAGE], out);
    if (err == ERR_NOT_FOUND) { /* what was decided on later is in the table */
        err = packed_from(d, message_seq, out);
        err = err == OK && out->message_seq != message_seq ? ERR_NOT_FOUND : err;
    }
    return answer(err, out);
}
