#include "store/obligation.h"

#include "store/box.h"
#include "store/columns.h"

#define COLUMNS                                                                                    \
    "seq, id, order_id, order_version, measure, member, subject, subject_index, force, rule, "     \
    "basis, start_date, end_date, episode, state, cause, answer_due_ms, execute_due_ms, "          \
    "next_due_ms, warned, created_ms, changed_ms, notice_seq, notice_id, sealed, department, "     \
    "begun_ms, ended_ms, lift_due_ms, answer_warned"
#define EXPANSION "seq, order_id, time_ms, walked, duty, last_member, done"

enum query {
    PUT,
    GET,
    MOVE,
    MOVE_SEALED,
    NOTICE,
    SET_DUE,
    SET_TERMS,
    SET_ENDED,
    NEXT,
    OF_ORDER,
    NEXT_DUE,
    FIRST_DUE,
    COUNT_ALL,
    COUNT_ORDER,
    COUNT_STANDING,
    COUNT_OVERDUE,
    OWED,
    EXPANSION_PUT,
    EXPANSION_PENDING,
    QUERY_COUNT
};

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO obligation (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
            "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, "
            "?28, ?29, ?30)",
    [GET] = "SELECT " COLUMNS " FROM obligation WHERE id = ?1",
    [MOVE] = "UPDATE obligation SET state = ?2, cause = ?3, changed_ms = ?4 WHERE id = ?1",
    [MOVE_SEALED] = "UPDATE obligation SET state = ?2, cause = ?3, changed_ms = ?4, sealed = ?5 "
                    "WHERE id = ?1",
    [NOTICE] = "UPDATE obligation SET notice_seq = ?2, notice_id = ?3 WHERE id = ?1",
    [SET_DUE] =
        "UPDATE obligation SET next_due_ms = ?2, warned = ?3, answer_warned = ?4 WHERE id = ?1",
    [SET_TERMS] = "UPDATE obligation SET next_due_ms = ?2, warned = ?3, answer_warned = ?4, "
                  "answer_due_ms = ?5, execute_due_ms = ?6, lift_due_ms = ?7 WHERE id = ?1",
    [SET_ENDED] = "UPDATE obligation SET state = ?2, cause = ?3, changed_ms = ?4, ended_ms = ?5, "
                  "lift_due_ms = ?6, next_due_ms = ?7, warned = ?8 WHERE seq = ?1",
    [NEXT] = "SELECT " COLUMNS " FROM obligation WHERE seq >= ?1 ORDER BY seq LIMIT 1",
    [OF_ORDER] = "SELECT " COLUMNS " FROM obligation WHERE order_id = ?2 AND seq >= ?1 "
                 "ORDER BY seq LIMIT 1",
    [NEXT_DUE] = "SELECT " COLUMNS " FROM obligation WHERE next_due_ms > 0 AND next_due_ms <= ?1 "
                 "ORDER BY next_due_ms, seq LIMIT 1",
    [FIRST_DUE] = "SELECT next_due_ms FROM obligation WHERE next_due_ms > 0 "
                  "ORDER BY next_due_ms LIMIT 1",
    [COUNT_ALL] = "SELECT state, count(*), sum(member = '') FROM obligation GROUP BY state",
    [COUNT_ORDER] = "SELECT state, count(*), sum(member = '') FROM obligation "
                    "WHERE order_id = ?1 GROUP BY state",
    [OWED] = "SELECT 1 FROM obligation WHERE order_id = ?1 AND member = ?2 "
             "AND (?3 = 0 OR state <= 5) LIMIT 1",
    [COUNT_STANDING] = "SELECT count(*) FROM obligation WHERE member = '' AND state = 1",
    [COUNT_OVERDUE] = "SELECT count(*) FROM obligation WHERE order_id = ?1 AND member <> '' AND "
                      "((state <= 2 AND answer_due_ms BETWEEN 1 AND ?2) OR "
                      "(state <= 3 AND execute_due_ms BETWEEN 1 AND ?2) OR "
                      "(state = 7 AND lift_due_ms BETWEEN 1 AND ?2))",
    [EXPANSION_PUT] = "INSERT INTO expansion (" EXPANSION ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
                      "ON CONFLICT DO UPDATE SET walked = ?4, duty = ?5, last_member = ?6, "
                      "done = ?7",
    [EXPANSION_PENDING] = "SELECT " EXPANSION " FROM expansion WHERE done = 0 AND seq > ?1 "
                          "ORDER BY seq LIMIT 1",
};

struct obligations {
    struct stmt *q[QUERY_COUNT];
    struct box sealed;
};

enum err obligations_open(struct obligations **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct obligations *o = calloc(1, sizeof *o);
    if (o == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "obligation", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, o->q, f);
    if (err != OK)
        obligations_close(&o);
    *out = o;
    return err;
}

void obligations_close(struct obligations **o)
{
    if (*o != NULL)
        box_fini(&(*o)->sealed);
    free(*o);
    *o = NULL;
}

static void bind_row(struct stmt *q, const struct obligation *row)
{
    stmt_bind_u64(q, 1, row->seq);
    bind_id(q, 2, row->id);
    bind_id(q, 3, row->order_id);
    stmt_bind_u64(q, 4, row->order_version);
    stmt_bind_text(q, 5, row->measure);
    stmt_bind_text(q, 6, row->member);
    bind_id(q, 7, row->subject);
    stmt_bind_u64(q, 8, row->subject_index);
    stmt_bind_u64(q, 9, row->force);
    stmt_bind_text(q, 10, row->rule);
    stmt_bind_text(q, 11, row->basis);
    stmt_bind_u64(q, 12, row->start_date);
    stmt_bind_u64(q, 13, row->end_date);
    stmt_bind_u64(q, 14, row->episode);
    stmt_bind_u64(q, 15, row->state);
    stmt_bind_u64(q, 16, row->cause);
    stmt_bind_u64(q, 17, row->answer_due_ms);
    stmt_bind_u64(q, 18, row->execute_due_ms);
    stmt_bind_u64(q, 19, row->next_due_ms);
    stmt_bind_u64(q, 20, row->warned);
    stmt_bind_u64(q, 21, row->created_ms);
    stmt_bind_u64(q, 22, row->changed_ms);
    stmt_bind_u64(q, 23, row->notice_seq);
    bind_id(q, 24, row->notice_id);
    stmt_bind_blob(q, 25, row->sealed);
    stmt_bind_u64(q, 26, row->department);
    stmt_bind_u64(q, 27, row->begun_ms);
    stmt_bind_u64(q, 28, row->ended_ms);
    stmt_bind_u64(q, 29, row->lift_due_ms);
    stmt_bind_u64(q, 30, row->answer_warned);
}

enum err obligation_put(struct obligations *o, const struct obligation *row)
{
    bind_row(o->q[PUT], row);
    return stmt_run(o->q[PUT]);
}

/* Step, read and end. */
static enum err take(struct obligations *o, struct stmt *q, struct obligation *out)
{
    *out = (struct obligation){0};
    enum err err = stmt_step(q);
    if (err != OK)
        return stmt_end(q, err);
    out->seq = stmt_u64(q, 0);
    stmt_copy(q, 1, out->id, sizeof out->id);
    stmt_copy(q, 2, out->order_id, sizeof out->order_id);
    out->order_version = stmt_u32(q, 3, &err);
    stmt_copy_text(q, 4, out->measure, sizeof out->measure);
    stmt_copy_text(q, 5, out->member, sizeof out->member);
    stmt_copy(q, 6, out->subject, sizeof out->subject);
    out->subject_index = stmt_u32(q, 7, &err);
    out->force = stmt_u32(q, 8, &err);
    stmt_copy_text(q, 9, out->rule, sizeof out->rule);
    stmt_copy_text(q, 10, out->basis, sizeof out->basis);
    out->start_date = stmt_u32(q, 11, &err);
    out->end_date = stmt_u32(q, 12, &err);
    out->episode = stmt_u32(q, 13, &err);
    uint32_t state = stmt_u32(q, 14, &err);
    out->cause = stmt_u32(q, 15, &err);
    out->answer_due_ms = stmt_u64(q, 16);
    out->execute_due_ms = stmt_u64(q, 17);
    out->next_due_ms = stmt_u64(q, 18);
    out->warned = stmt_u32(q, 19, &err);
    out->created_ms = stmt_u64(q, 20);
    out->changed_ms = stmt_u64(q, 21);
    out->notice_seq = stmt_u64(q, 22);
    stmt_copy(q, 23, out->notice_id, sizeof out->notice_id);
    out->department = stmt_u32(q, 25, &err);
    out->begun_ms = stmt_u64(q, 26);
    out->ended_ms = stmt_u64(q, 27);
    out->lift_due_ms = stmt_u64(q, 28);
    out->answer_warned = stmt_u32(q, 29, &err);
    if (err == OK && (state < OBLIGATION_CREATED || state >= OBLIGATION_STATES))
        err = ERR_CORRUPT;
    out->state = (enum obligation_state)state;
    if (err == OK)
        err = box_keep(&o->sealed, stmt_blob(q, 24), &out->sealed);
    return stmt_end(q, err);
}

enum err obligation_get(struct obligations *o, const uint8_t id[static STORE_ID_LEN],
                        struct obligation *out)
{
    bind_id(o->q[GET], 1, id);
    return take(o, o->q[GET], out);
}

bool obligation_may(enum obligation_state from, enum obligation_state to)
{
#define TO(state) (1u << OBLIGATION_##state)
    static const unsigned next[OBLIGATION_STATES] = {
        [OBLIGATION_CREATED] = TO(DELIVERED) | TO(CANCELLED),
        [OBLIGATION_DELIVERED] = TO(ACCEPTED) | TO(DECLINED) | TO(LIFT_DUE),
        [OBLIGATION_ACCEPTED] = TO(EXECUTED) | TO(LIFT_DUE),
        [OBLIGATION_DECLINED] = TO(LIFT_DUE),
        [OBLIGATION_EXECUTED] = TO(LIFT_DUE),
        [OBLIGATION_LIFT_DUE] = TO(LIFTED),
    };
#undef TO
    return from < OBLIGATION_STATES && to < OBLIGATION_STATES && (next[from] >> to & 1u) != 0;
}

enum err obligation_move(struct obligations *o, const uint8_t id[static STORE_ID_LEN],
                         enum obligation_state to, uint32_t cause, struct span sealed,
                         uint64_t now_ms)
{
    struct obligation row;
    struct stmt *q = o->q[sealed.len > 0 ? MOVE_SEALED : MOVE];

    if (sealed.len > OBLIGATION_SEALED_MAX)
        return ERR_TOO_LARGE;
    enum err err = obligation_get(o, id, &row);
    if (err != OK)
        return err;
    if (!obligation_may(row.state, to))
        return ERR_OBLIGATION;
    bind_id(q, 1, id);
    stmt_bind_u64(q, 2, to);
    stmt_bind_u64(q, 3, cause);
    stmt_bind_u64(q, 4, now_ms);
    if (sealed.len > 0)
        stmt_bind_blob(q, 5, sealed);
    return stmt_run_one(q);
}

enum err obligation_notice(struct obligations *o, const uint8_t id[static STORE_ID_LEN],
                           uint64_t notice_seq, const uint8_t notice_id[static STORE_ID_LEN])
{
    struct stmt *q = o->q[NOTICE];
    bind_id(q, 1, id);
    stmt_bind_u64(q, 2, notice_seq);
    bind_id(q, 3, notice_id);
    return stmt_run_one(q);
}

static void bind_due(struct stmt *q, const struct obligation *row)
{
    bind_id(q, 1, row->id);
    stmt_bind_u64(q, 2, row->next_due_ms);
    stmt_bind_u64(q, 3, row->warned);
    stmt_bind_u64(q, 4, row->answer_warned);
}

enum err obligation_due(struct obligations *o, const struct obligation *row)
{
    bind_due(o->q[SET_DUE], row);
    return stmt_run_one(o->q[SET_DUE]);
}

enum err obligation_recounted(struct obligations *o, const struct obligation *row)
{
    struct stmt *q = o->q[SET_TERMS];
    bind_due(q, row);
    stmt_bind_u64(q, 5, row->answer_due_ms);
    stmt_bind_u64(q, 6, row->execute_due_ms);
    stmt_bind_u64(q, 7, row->lift_due_ms);
    return stmt_run_one(q);
}

enum err obligation_ended(struct obligations *o, const struct obligation *row)
{
    struct stmt *q = o->q[SET_ENDED];
    stmt_bind_u64(q, 1, row->seq);
    stmt_bind_u64(q, 2, row->state);
    stmt_bind_u64(q, 3, row->cause);
    stmt_bind_u64(q, 4, row->changed_ms);
    stmt_bind_u64(q, 5, row->ended_ms);
    stmt_bind_u64(q, 6, row->lift_due_ms);
    stmt_bind_u64(q, 7, row->next_due_ms);
    stmt_bind_u64(q, 8, row->warned);
    return stmt_run_one(q);
}

/* The walks bind the cursor first and what they walk over second. */
static enum err walk(struct obligations *o, struct stmt *q, uint64_t *cursor,
                     struct obligation *out)
{
    stmt_bind_u64(q, 1, *cursor);
    enum err err = take(o, q, out);
    if (err == OK)
        *cursor = out->seq + 1;
    return err;
}

enum err obligation_next(struct obligations *o, uint64_t *cursor, struct obligation *out)
{
    return walk(o, o->q[NEXT], cursor, out);
}

enum err obligation_next_of_order(struct obligations *o,
                                  const uint8_t order_id[static STORE_ID_LEN], uint64_t *cursor,
                                  struct obligation *out)
{
    bind_id(o->q[OF_ORDER], 2, order_id);
    return walk(o, o->q[OF_ORDER], cursor, out);
}

enum err obligation_next_due(struct obligations *o, uint64_t now_ms, struct obligation *out)
{
    stmt_bind_u64(o->q[NEXT_DUE], 1, now_ms);
    return take(o, o->q[NEXT_DUE], out);
}

enum err obligation_first_due(struct obligations *o, uint64_t *due_ms)
{
    struct stmt *q = o->q[FIRST_DUE];
    *due_ms = STORE_NEVER;
    enum err err = stmt_step(q);
    if (err == OK)
        *due_ms = stmt_u64(q, 0);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err obligation_counts(struct obligations *o, const uint8_t *order_id,
                           uint64_t counts[static OBLIGATION_STATES])
{
    struct stmt *q = o->q[order_id == NULL ? COUNT_ALL : COUNT_ORDER];
    enum err err = OK;

    memset(counts, 0, OBLIGATION_STATES * sizeof counts[0]);
    if (order_id != NULL)
        bind_id(q, 1, order_id);
    while ((err = stmt_step(q)) == OK) {
        uint64_t state = stmt_u64(q, 0);
        if (state == 0 || state >= OBLIGATION_STATES) {
            err = ERR_CORRUPT;
            break;
        }
        counts[state] = stmt_u64(q, 1) - stmt_u64(q, 2);
        counts[0] += stmt_u64(q, 2);
    }
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err obligation_overdue(struct obligations *o, const uint8_t order_id[static STORE_ID_LEN],
                            uint64_t now_ms, uint64_t *count)
{
    struct stmt *q = o->q[COUNT_OVERDUE];
    bind_id(q, 1, order_id);
    stmt_bind_u64(q, 2, now_ms);
    enum err err = stmt_step(q);
    if (err == OK)
        *count = stmt_u64(q, 0);
    return stmt_end(q, err);
}

enum err obligation_owed(struct obligations *o, const uint8_t order_id[static STORE_ID_LEN],
                         const char *member, bool live, bool *owed)
{
    struct stmt *q = o->q[OWED];
    bind_id(q, 1, order_id);
    stmt_bind_text(q, 2, member);
    stmt_bind_u64(q, 3, live);
    enum err err = stmt_step(q);
    *owed = err == OK;
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err obligation_unassigned(struct obligations *o, uint64_t *count)
{
    struct stmt *q = o->q[COUNT_STANDING];
    enum err err = stmt_step(q);
    if (err == OK)
        *count = stmt_u64(q, 0);
    return stmt_end(q, err);
}

enum err expansion_put(struct obligations *o, const struct expansion *e)
{
    struct stmt *q = o->q[EXPANSION_PUT];
    stmt_bind_u64(q, 1, e->seq);
    bind_id(q, 2, e->order_id);
    stmt_bind_u64(q, 3, e->time_ms);
    stmt_bind_u64(q, 4, e->walked);
    stmt_bind_u64(q, 5, e->duty);
    stmt_bind_text(q, 6, e->last_member);
    stmt_bind_u64(q, 7, e->done);
    return stmt_run(q);
}

static enum err take_expansion(struct stmt *q, struct expansion *out)
{
    *out = (struct expansion){0};
    enum err err = stmt_step(q);
    if (err != OK)
        return stmt_end(q, err);
    out->seq = stmt_u64(q, 0);
    stmt_copy(q, 1, out->order_id, sizeof out->order_id);
    out->time_ms = stmt_u64(q, 2);
    out->walked = stmt_u64(q, 3);
    out->duty = stmt_u32(q, 4, &err);
    stmt_copy_text(q, 5, out->last_member, sizeof out->last_member);
    out->done = stmt_u64(q, 6) != 0;
    return stmt_end(q, err);
}

enum err expansion_pending(struct obligations *o, uint64_t after, struct expansion *out)
{
    stmt_bind_u64(o->q[EXPANSION_PENDING], 1, after);
    return take_expansion(o->q[EXPANSION_PENDING], out);
}
