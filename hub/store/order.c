#include "store/order.h"

#include "store/box.h"
#include "store/columns.h"

#define COLUMNS                                                                                    \
    "id, seq, version, state, episode, issuer, list, trigger, rule, changed_by, act, severity, "   \
    "act_date, decision_date, changed_date, restored_date, start_date, repair_date, max_date, "    \
    "end_date, subject, rule_set, document, change_document, decision_seq, known_seq, sealed"

enum query {
    PUT,
    GET,
    TEXT,
    HISTORY,
    OF_SUBJECT,
    BY_CHANGE,
    ISSUER,
    NEXT,
    CONFLICT,
    DUE,
    DUE_NOT,
    NEXT_DUE,
    FIRST_DUE,
    QUERY_COUNT
};

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO sanction (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
            "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)",
    [GET] = "SELECT " COLUMNS " FROM sanction WHERE id = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1",
    [TEXT] = "SELECT " COLUMNS " FROM sanction WHERE id = ?1 AND version <= ?2 "
             "AND seq < ?3 AND change_document = document ORDER BY seq DESC LIMIT 1",
    [HISTORY] = "SELECT " COLUMNS " FROM sanction WHERE id = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1",
    [OF_SUBJECT] = "SELECT " COLUMNS " FROM sanction WHERE subject = ?1 AND id > ?2 AND seq < ?3 "
                   "ORDER BY id, seq DESC LIMIT 1",
    [BY_CHANGE] = "SELECT " COLUMNS " FROM sanction WHERE change_document = ?1 "
                  "ORDER BY seq LIMIT 1",
    [ISSUER] = "SELECT issuer FROM sanction WHERE id = ?1 ORDER BY seq LIMIT 1",
    [NEXT] = "SELECT " COLUMNS " FROM sanction WHERE id > ?1 ORDER BY id, seq DESC LIMIT 1",
    [CONFLICT] = "SELECT " COLUMNS " FROM sanction AS o WHERE subject = ?1 AND list = ?2 "
                 "AND act = ?3 AND id != ?4 "
                 "AND (state <= 3 OR (state = 6 AND changed_by NOT IN ('', issuer))) AND seq = "
                 "(SELECT max(seq) FROM sanction WHERE id = o.id AND seq < ?5) "
                 "ORDER BY state > 3, id LIMIT 1",
    [DUE] = ("INSERT INTO sanction_clock (id, next_ms) VALUES (?1, ?2) "
             "ON CONFLICT DO UPDATE SET next_ms = ?2"),
    [DUE_NOT] = "DELETE FROM sanction_clock WHERE id = ?1",
    [NEXT_DUE] = "SELECT id FROM sanction_clock WHERE next_ms <= ?1 ORDER BY next_ms, id LIMIT 1",
    [FIRST_DUE] = "SELECT next_ms FROM sanction_clock ORDER BY next_ms LIMIT 1",
};

struct orders {
    struct stmt *q[QUERY_COUNT];
    struct box sealed;
};

enum err orders_open(struct orders **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct orders *o = calloc(1, sizeof *o);
    if (o == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "order", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, o->q, f);
    if (err != OK)
        orders_close(&o);
    *out = o;
    return err;
}

void orders_close(struct orders **o)
{
    if (*o != NULL)
        box_fini(&(*o)->sealed);
    free(*o);
    *o = NULL;
}

static void bind_row(struct stmt *q, const struct order_row *row)
{
    bind_id(q, 1, row->id);
    stmt_bind_u64(q, 2, row->seq);
    stmt_bind_u64(q, 3, row->version);
    stmt_bind_u64(q, 4, row->state);
    stmt_bind_u64(q, 5, row->episode);
    stmt_bind_text(q, 6, row->issuer);
    stmt_bind_text(q, 7, row->list);
    stmt_bind_text(q, 8, row->trigger);
    stmt_bind_text(q, 9, row->rule);
    stmt_bind_text(q, 10, row->changed_by);
    bind_id(q, 11, row->act);
    stmt_bind_u64(q, 12, row->severity);
    stmt_bind_u64(q, 13, row->act_date);
    stmt_bind_u64(q, 14, row->decision_date);
    stmt_bind_u64(q, 15, row->changed_date);
    stmt_bind_u64(q, 16, row->restored_date);
    stmt_bind_u64(q, 17, row->start_date);
    stmt_bind_u64(q, 18, row->repair_date);
    stmt_bind_u64(q, 19, row->max_date);
    stmt_bind_u64(q, 20, row->end_date);
    bind_id(q, 21, row->subject);
    stmt_bind_bytes(q, 22, row->rule_set, STORE_HASH_LEN);
    stmt_bind_bytes(q, 23, row->document, STORE_HASH_LEN);
    stmt_bind_bytes(q, 24, row->change_document, STORE_HASH_LEN);
    stmt_bind_u64(q, 25, row->decision_seq);
    stmt_bind_u64(q, 26, row->known_seq);
    stmt_bind_blob(q, 27, row->sealed);
}

/* Step, read and end. */
static enum err take(struct orders *o, struct stmt *q, struct order_row *out)
{
    *out = (struct order_row){0};
    enum err err = stmt_step(q);
    if (err != OK)
        return stmt_end(q, err);
    stmt_copy(q, 0, out->id, sizeof out->id);
    out->seq = stmt_u64(q, 1);
    out->version = stmt_u32(q, 2, &err);
    out->state = stmt_u32(q, 3, &err);
    out->episode = stmt_u32(q, 4, &err);
    stmt_copy_text(q, 5, out->issuer, sizeof out->issuer);
    stmt_copy_text(q, 6, out->list, sizeof out->list);
    stmt_copy_text(q, 7, out->trigger, sizeof out->trigger);
    stmt_copy_text(q, 8, out->rule, sizeof out->rule);
    stmt_copy_text(q, 9, out->changed_by, sizeof out->changed_by);
    stmt_copy(q, 10, out->act, sizeof out->act);
    out->severity = stmt_u32(q, 11, &err);
    out->act_date = stmt_u32(q, 12, &err);
    out->decision_date = stmt_u32(q, 13, &err);
    out->changed_date = stmt_u32(q, 14, &err);
    out->restored_date = stmt_u32(q, 15, &err);
    out->start_date = stmt_u32(q, 16, &err);
    out->repair_date = stmt_u32(q, 17, &err);
    out->max_date = stmt_u32(q, 18, &err);
    out->end_date = stmt_u32(q, 19, &err);
    stmt_copy(q, 20, out->subject, sizeof out->subject);
    stmt_copy(q, 21, out->rule_set, sizeof out->rule_set);
    stmt_copy(q, 22, out->document, sizeof out->document);
    stmt_copy(q, 23, out->change_document, sizeof out->change_document);
    out->decision_seq = stmt_u64(q, 24);
    out->known_seq = stmt_u64(q, 25);
    if (err == OK)
        err = box_keep(&o->sealed, stmt_blob(q, 26), &out->sealed);
    return stmt_end(q, err);
}

enum err order_put(struct orders *o, const struct order_row *row)
{
    struct order_row newest;
    enum err err = order_get(o, row->id, STORE_NEVER, &newest);
    if (err == OK && (row->version < newest.version || row->seq <= newest.seq))
        return ERR_ORDER_VERSION;
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    return order_put_back(o, row);
}

enum err order_put_back(struct orders *o, const struct order_row *row)
{
    bind_row(o->q[PUT], row);
    return stmt_run(o->q[PUT]);
}

enum err order_get(struct orders *o, const uint8_t id[static STORE_ID_LEN], uint64_t as_of,
                   struct order_row *out)
{
    bind_id(o->q[GET], 1, id);
    stmt_bind_u64(o->q[GET], 2, as_of);
    return take(o, o->q[GET], out);
}

enum err order_text(struct orders *o, const uint8_t id[static STORE_ID_LEN], uint32_t version,
                    uint64_t as_of, struct order_row *out)
{
    bind_id(o->q[TEXT], 1, id);
    stmt_bind_u64(o->q[TEXT], 2, version);
    stmt_bind_u64(o->q[TEXT], 3, as_of);
    return take(o, o->q[TEXT], out);
}

enum err order_history(struct orders *o, const uint8_t id[static STORE_ID_LEN], uint64_t *cursor,
                       struct order_row *out)
{
    bind_id(o->q[HISTORY], 1, id);
    stmt_bind_u64(o->q[HISTORY], 2, *cursor);
    enum err err = take(o, o->q[HISTORY], out);
    if (err == OK)
        *cursor = out->seq + 1;
    return err;
}

enum err order_next_of_subject(struct orders *o, const uint8_t subject[static STORE_TOKEN_LEN],
                               uint64_t as_of, uint8_t id[static STORE_ID_LEN],
                               struct order_row *out)
{
    struct stmt *q = o->q[OF_SUBJECT];
    bind_id(q, 1, subject);
    bind_id(q, 2, id);
    stmt_bind_u64(q, 3, as_of);
    enum err err = take(o, q, out);
    if (err == OK)
        memcpy(id, out->id, STORE_ID_LEN);
    return err;
}

enum err order_next(struct orders *o, uint8_t id[static STORE_ID_LEN], struct order_row *out)
{
    bind_id(o->q[NEXT], 1, id);
    enum err err = take(o, o->q[NEXT], out);
    if (err == OK)
        memcpy(id, out->id, STORE_ID_LEN);
    return err;
}

enum err order_by_change(struct orders *o, const uint8_t document[static STORE_HASH_LEN],
                         struct order_row *out)
{
    stmt_bind_bytes(o->q[BY_CHANGE], 1, document, STORE_HASH_LEN);
    return take(o, o->q[BY_CHANGE], out);
}

enum err order_issuer(struct orders *o, const uint8_t id[static STORE_ID_LEN],
                      char issuer[static STORE_MEMBER_MAX + 1])
{
    struct stmt *q = o->q[ISSUER];
    bind_id(q, 1, id);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy_text(q, 0, issuer, STORE_MEMBER_MAX + 1);
    return stmt_end(q, err);
}

enum err order_conflict(struct orders *o, const uint8_t subject[static STORE_TOKEN_LEN],
                        const char *list, const uint8_t act[static STORE_ID_LEN], const uint8_t *id,
                        uint64_t as_of, struct order_row *out)
{
    struct stmt *q = o->q[CONFLICT];
    bind_id(q, 1, subject);
    stmt_bind_text(q, 2, list);
    bind_id(q, 3, act);
    stmt_bind_bytes(q, 4, id, id == NULL ? 0 : STORE_ID_LEN);
    stmt_bind_u64(q, 5, as_of);
    return take(o, q, out);
}

enum err order_due(struct orders *o, const uint8_t id[static STORE_ID_LEN], uint64_t next_ms)
{
    struct stmt *q = o->q[next_ms == 0 ? DUE_NOT : DUE];
    bind_id(q, 1, id);
    if (next_ms != 0)
        stmt_bind_u64(q, 2, next_ms);
    return stmt_run(q);
}

enum err order_next_due(struct orders *o, uint64_t now_ms, uint8_t id[static STORE_ID_LEN])
{
    struct stmt *q = o->q[NEXT_DUE];
    stmt_bind_u64(q, 1, now_ms);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy(q, 0, id, STORE_ID_LEN);
    return stmt_end(q, err);
}

enum err order_first_due(struct orders *o, uint64_t *next_ms)
{
    struct stmt *q = o->q[FIRST_DUE];
    *next_ms = STORE_NEVER;
    enum err err = stmt_step(q);
    if (err == OK)
        *next_ms = stmt_u64(q, 0);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}
