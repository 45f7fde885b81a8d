#include "store/queue.h"

#include "store/columns.h"
#include "store/queue_own.h"

#include <stdlib.h>

#define KEY " recipient = ?1 AND state = ?2 AND lane = ?3 AND seq = ?4"
#define COLUMNS                                                                                    \
    "recipient, state, lane, seq, form, sender, message_id, conversation, number, statement, "     \
    "type, due_ms, expires_ms, restriction_version, attempts, code, ref, tokens"

static const char *const queries[QUEUE_SQL_COUNT] = {
    [QUEUE_SQL_NUMBER_NEXT] =
        "INSERT INTO delivery (recipient, conversation, last) VALUES (?1, ?2, 1) "
        "ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last",
    [QUEUE_SQL_PUT] =
        "INSERT INTO queue (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
        "?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    [QUEUE_SQL_CLAIM_READY] = "SELECT " COLUMNS " FROM queue WHERE recipient = ?1 AND state = 0 "
                              "AND lane = ?2 AND seq >= ?3 ORDER BY seq",
    [QUEUE_SQL_CLAIM_WAITING] =
        "SELECT " COLUMNS " FROM queue INDEXED BY queue_waiting "
        "WHERE recipient = ?1 AND state = 1 AND lane = ?2 "
        "AND (due_ms, seq) >= (?3, ?4) AND due_ms <= ?5 ORDER BY due_ms, seq",
    [QUEUE_SQL_FIRST_DUE] = "SELECT due_ms FROM queue INDEXED BY queue_waiting "
                            "WHERE recipient = ?1 AND state = 1 AND lane = ?2 AND due_ms > ?3 "
                            "ORDER BY due_ms LIMIT 1",
    [QUEUE_SQL_EARLIER] =
        "SELECT seq FROM queue INDEXED BY queue_conversation WHERE recipient = ?1 "
        "AND conversation = ?2 AND number > 0 AND number < ?3 AND state <= 1 "
        "ORDER BY number",
    [QUEUE_SQL_FIND] =
        "SELECT " COLUMNS " FROM queue WHERE recipient = ?1 AND state IN (0, 1, 2, 3) "
        "AND lane IN (0, 1, 2, 3) AND seq = ?2 LIMIT 1",
    [QUEUE_SQL_DROP] = "DELETE FROM queue WHERE" KEY,
    [QUEUE_SQL_MOVE] =
        "UPDATE queue SET state = ?5, due_ms = ?6, attempts = ?7, code = ?8 WHERE" KEY,
    [QUEUE_SQL_RELEASE] = "UPDATE queue SET state = 0, number = ?5, statement = ?6, due_ms = 0, "
                          "attempts = 0, code = 0 WHERE" KEY,
    [QUEUE_SQL_SEAL] = "UPDATE queue SET message_id = ?5, number = ?6, statement = ?7 WHERE" KEY,
    [QUEUE_SQL_GATED] = "UPDATE queue SET restriction_version = ?5 WHERE" KEY,
    [QUEUE_SQL_NEXT] = "SELECT " COLUMNS " FROM queue "
                       "WHERE (recipient, state, lane, seq) > (?1, ?2, ?3, ?4) "
                       "ORDER BY recipient, state, lane, seq LIMIT 1",
    [QUEUE_SQL_NEXT_RECIPIENT] = "SELECT recipient FROM queue WHERE recipient > ?1 "
                                 "ORDER BY recipient LIMIT 1",
    [QUEUE_SQL_DUE] =
        "SELECT coalesce(min(d), 9223372036854775807) FROM (SELECT min(due_ms) AS d "
        "FROM queue INDEXED BY queue_waiting WHERE recipient = ?1 AND state = 1 AND lane = 0 "
        "UNION ALL SELECT min(due_ms) FROM queue INDEXED BY queue_waiting "
        "WHERE recipient = ?1 AND state = 1 AND lane = 1 "
        "UNION ALL SELECT min(due_ms) FROM queue INDEXED BY queue_waiting "
        "WHERE recipient = ?1 AND state = 1 AND lane = 2 "
        "UNION ALL SELECT min(due_ms) FROM queue INDEXED BY queue_waiting "
        "WHERE recipient = ?1 AND state = 1 AND lane = 3)",
    [QUEUE_SQL_COUNTS] = "SELECT count(*) FROM queue WHERE recipient = ?1 AND state = ?2",
    [QUEUE_SQL_MAX_SEQ] = "SELECT coalesce(max(seq), 0) FROM queue "
                          "WHERE recipient = ?1 AND state = ?2 AND lane = ?3",
};

enum err queue_open(struct queue **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct queue *q = calloc(1, sizeof *q);
    if (q == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "queue", "open");
    enum err err = queue_memory_init(&q->memory);
    if (err == OK)
        err = db_prepare(db, queries, QUEUE_SQL_COUNT, q->q, f);
    else
        fault_set(f, err, 0, "queue", "open");
    if (err != OK)
        queue_close(&q);
    *out = q;
    return err;
}

void queue_close(struct queue **q)
{
    if (*q != NULL)
        queue_memory_fini(&(*q)->memory);
    free(*q);
    *q = NULL;
}

static void bind_key(struct stmt *s, const char *recipient, unsigned state, unsigned lane,
                     uint64_t seq)
{
    stmt_bind_text(s, 1, recipient);
    stmt_bind_u64(s, 2, state);
    stmt_bind_u64(s, 3, lane);
    stmt_bind_u64(s, 4, seq);
}

enum err queue_read_row(struct stmt *s, struct queue_row *out)
{
    enum err err = OK;

    *out = (struct queue_row){0};
    stmt_copy_text(s, 0, out->recipient, sizeof out->recipient);
    uint64_t state = stmt_u64(s, 1);
    uint64_t lane = stmt_u64(s, 2);
    out->seq = stmt_u64(s, 3);
    out->form = (uint8_t)stmt_u64(s, 4);
    stmt_copy_text(s, 5, out->sender, sizeof out->sender);
    stmt_copy(s, 6, out->message_id, sizeof out->message_id);
    copy_id_or_zero(s, 7, out->conversation);
    out->number = stmt_u64(s, 8);
    out->statement_leaf = stmt_u64(s, 9);
    out->type = stmt_u32(s, 10, &err);
    out->due_ms = stmt_u64(s, 11);
    out->expires_ms = stmt_u64(s, 12);
    out->restriction_version = stmt_u64(s, 13);
    out->attempts = stmt_u32(s, 14, &err);
    out->code = stmt_u32(s, 15, &err);
    struct span ref = stmt_blob(s, 16);
    struct span tokens = stmt_blob(s, 17);
    if (state > QUEUE_PARKED || lane >= QUEUE_LANES || ref.len > sizeof out->ref ||
        tokens.len > sizeof out->tokens || tokens.len % STORE_TOKEN_LEN != 0)
        return ERR_CORRUPT;
    out->state = (enum queue_state)state;
    out->lane = (uint8_t)lane;
    out->ref_len = (uint8_t)ref.len;
    out->token_count = (uint8_t)(tokens.len / STORE_TOKEN_LEN);
    if (ref.len > 0)
        memcpy(out->ref, ref.data, ref.len);
    if (tokens.len > 0)
        memcpy(out->tokens, tokens.data, tokens.len);
    return err;
}

static enum err find(struct queue *q, const char *recipient, uint64_t seq, struct queue_row *out)
{
    struct stmt *s = q->q[QUEUE_SQL_FIND];
    stmt_bind_text(s, 1, recipient);
    stmt_bind_u64(s, 2, seq);
    enum err err = stmt_step(s);
    if (err == OK)
        err = queue_read_row(s, out);
    return stmt_end(s, err);
}

enum err queue_get(struct queue *q, const char *recipient, uint64_t seq, struct queue_row *out)
{
    return find(q, recipient, seq, out);
}

enum err queue_number(struct queue *q, const char *recipient,
                      const uint8_t conversation[static STORE_ID_LEN], uint64_t *number)
{
    struct stmt *s = q->q[QUEUE_SQL_NUMBER_NEXT];
    *number = 0;
    stmt_bind_text(s, 1, recipient);
    bind_id(s, 2, conversation);
    enum err err = stmt_step(s);
    if (err == OK)
        *number = stmt_u64(s, 0);
    return stmt_end(s, err);
}

/* The highest seq queued for the member, so that a higher one needs no look for a duplicate. */
static enum err learn_max(struct queue *q, struct queue_member *m)
{
    struct stmt *s = q->q[QUEUE_SQL_MAX_SEQ];

    for (unsigned i = 0; i < 4 * QUEUE_LANES && !m->max_known; i++) {
        stmt_bind_text(s, 1, m->name);
        stmt_bind_u64(s, 2, i / QUEUE_LANES);
        stmt_bind_u64(s, 3, i % QUEUE_LANES);
        enum err err = stmt_step(s);
        if (err == OK && stmt_u64(s, 0) > m->max_seq)
            m->max_seq = stmt_u64(s, 0);
        err = stmt_end(s, err);
        if (err != OK)
            return err;
    }
    m->max_known = true;
    return OK;
}

static void count_move(const struct queue *q, struct queue_member *m, int from, int to)
{
    m->touched = q->memory.epoch;
    if (from >= 0 && m->counted && m->count[from] > 0)
        m->count[from]--;
    if (to >= 0 && m->counted)
        m->count[to]++;
}

static void bind_row(struct stmt *s, const struct queue_row *row)
{
    bind_key(s, row->recipient, row->state, row->lane, row->seq);
    stmt_bind_u64(s, 5, row->form);
    stmt_bind_text(s, 6, row->sender);
    bind_id(s, 7, row->message_id);
    bind_id_or_null(s, 8, row->conversation);
    stmt_bind_u64(s, 9, row->number);
    stmt_bind_u64(s, 10, row->statement_leaf);
    stmt_bind_u64(s, 11, row->type);
    stmt_bind_u64(s, 12, row->due_ms);
    stmt_bind_u64(s, 13, row->expires_ms);
    stmt_bind_u64(s, 14, row->restriction_version);
    stmt_bind_u64(s, 15, row->attempts);
    stmt_bind_u64(s, 16, row->code);
    stmt_bind_bytes(s, 17, row->ref, row->ref_len);
    stmt_bind_bytes(s, 18, row->tokens, (size_t)row->token_count * STORE_TOKEN_LEN);
}

enum err queue_put(struct queue *q, const struct queue_row *row)
{
    uint32_t i;
    struct queue_row other;

    if (row->state == QUEUE_PARKED || row->lane >= QUEUE_LANES || row->ref_len > sizeof row->ref ||
        row->token_count > QUEUE_TOKENS_MAX || (row->number > 0 && id_is_zero(row->conversation)))
        return ERR_FIELD_VALUE;
    enum err err = member_index(&q->memory, row->recipient, &i);
    if (err != OK)
        return err;
    struct queue_member *m = &q->memory.member[i];
    err = learn_max(q, m);
    if (err == OK && row->seq <= m->max_seq) {
        err = find(q, row->recipient, row->seq, &other);
        err = err == OK ? ERR_EXISTS : err == ERR_NOT_FOUND ? OK : err;
    }
    if (err != OK)
        return err;
    bind_row(q->q[QUEUE_SQL_PUT], row);
    err = stmt_run(q->q[QUEUE_SQL_PUT]);
    if (err != OK)
        return err;
    if (row->seq > m->max_seq)
        m->max_seq = row->seq;
    count_move(q, m, -1, (int)row->state);
    lane_offer(m, (uint8_t)row->state, row->lane, (struct place){row->due_ms, row->seq});
    return OK;
}

/* A row as it is now, its recipient and its lease if it has one. */
struct hold {
    struct queue_member *member;
    struct lease *lease;
    struct queue_row row;
};

static enum err hold_row(struct queue *q, const char *recipient, uint64_t seq, struct hold *h)
{
    uint32_t i;
    enum err err = find(q, recipient, seq, &h->row);
    if (err == OK)
        err = member_index(&q->memory, recipient, &i);
    if (err != OK)
        return err;
    h->member = &q->memory.member[i];
    h->lease = lease_find(&q->memory, i, seq);
    return OK;
}

/* The row has left its place: whoever waited for its conversation may look again. */
static void let_go(struct queue *q, struct hold *h)
{
    if (h->lease != NULL)
        lease_remove(&q->memory, h->lease);
    if (h->row.number > 0)
        views_unblock(h->member, conversation_bit(h->row.conversation));
}

uint64_t queue_lessee(const struct queue *q, const char *recipient, uint64_t seq)
{
    uint32_t i;
    const struct lease *l = NULL;
    if (member_find(&q->memory, recipient, &i))
        l = lease_find(&q->memory, i, seq);
    return l != NULL ? l->lessee : 0;
}

enum err queue_done(struct queue *q, const char *recipient, uint64_t seq)
{
    struct hold h = {0};
    uint32_t i;
    uint64_t changed = 0;
    uint64_t conversation = 0;

    /* In flight, as nearly always: the lease knows the whole key. */
    if (member_find(&q->memory, recipient, &i))
        h.lease = lease_find(&q->memory, i, seq);
    if (h.lease != NULL) {
        h.member = &q->memory.member[i];
        h.row.state = (enum queue_state)h.lease->state;
        h.row.lane = h.lease->lane;
        conversation = h.lease->conversation;
    } else {
        enum err err = hold_row(q, recipient, seq, &h);
        if (err != OK)
            return err;
    }
    bind_key(q->q[QUEUE_SQL_DROP], recipient, h.row.state, h.row.lane, seq);
    enum err err = stmt_run_changed(q->q[QUEUE_SQL_DROP], &changed);
    if (err != OK)
        return err;
    count_move(q, h.member, changed > 0 ? (int)h.row.state : -1, -1);
    let_go(q, &h);
    views_unblock(h.member, conversation);
    return changed > 0 ? OK : ERR_NOT_FOUND;
}

static enum err move(struct queue *q, struct hold *h, enum queue_state to, uint64_t due_ms,
                     uint32_t attempts, uint32_t code)
{
    struct stmt *s = q->q[QUEUE_SQL_MOVE];
    bind_key(s, h->row.recipient, h->row.state, h->row.lane, h->row.seq);
    stmt_bind_u64(s, 5, to);
    stmt_bind_u64(s, 6, due_ms);
    stmt_bind_u64(s, 7, attempts);
    stmt_bind_u64(s, 8, code);
    enum err err = stmt_run(s);
    if (err != OK)
        return err;
    count_move(q, h->member, (int)h->row.state, (int)to);
    let_go(q, h);
    lane_offer(h->member, (uint8_t)to, h->row.lane, (struct place){due_ms, h->row.seq});
    return OK;
}

enum err queue_defer(struct queue *q, const char *recipient, uint64_t seq, uint64_t due_ms,
                     uint32_t code, uint32_t *attempts)
{
    struct hold h;
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    if (h.row.state > QUEUE_WAITING)
        return ERR_FIELD_VALUE;
    uint32_t next = h.row.attempts == UINT32_MAX ? UINT32_MAX : h.row.attempts + 1;
    err = move(q, &h, QUEUE_WAITING, due_ms, next, code);
    if (err == OK && attempts != NULL)
        *attempts = next;
    return err;
}

uint64_t queue_backoff_ms(uint64_t now_ms, uint32_t attempts, uint32_t first_ms, uint32_t max_ms,
                          uint16_t jitter)
{
    uint64_t interval = first_ms;
    for (uint32_t i = 1; i < attempts && interval < max_ms; i++)
        interval *= 2;
    if (interval > max_ms)
        interval = max_ms;
    return now_ms + interval / 2 + (interval - interval / 2) * jitter / UINT16_MAX;
}

enum err queue_park(struct queue *q, const char *recipient, uint64_t seq, uint32_t code)
{
    struct hold h;
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    return move(q, &h, QUEUE_PARKED, h.row.due_ms, h.row.attempts, code);
}

enum err queue_release(struct queue *q, const char *recipient, uint64_t seq, uint64_t number,
                       uint64_t statement_leaf)
{
    struct hold h;
    struct stmt *s = q->q[QUEUE_SQL_RELEASE];
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    if (h.row.state < QUEUE_HELD || (number > 0 && id_is_zero(h.row.conversation)))
        return ERR_FIELD_VALUE;
    bind_key(s, recipient, h.row.state, h.row.lane, seq);
    stmt_bind_u64(s, 5, number);
    stmt_bind_u64(s, 6, statement_leaf);
    err = stmt_run(s);
    if (err != OK)
        return err;
    count_move(q, h.member, (int)h.row.state, QUEUE_READY);
    lane_offer(h.member, QUEUE_READY, h.row.lane, (struct place){0, seq});
    return OK;
}

enum err queue_seal(struct queue *q, const char *recipient, uint64_t seq,
                    const uint8_t message_id[static STORE_ID_LEN], uint64_t number,
                    uint64_t statement_leaf)
{
    struct hold h;
    struct stmt *s = q->q[QUEUE_SQL_SEAL];
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    if (number > 0 && id_is_zero(h.row.conversation))
        return ERR_FIELD_VALUE;
    bind_key(s, recipient, h.row.state, h.row.lane, seq);
    bind_id(s, 5, message_id);
    stmt_bind_u64(s, 6, number);
    stmt_bind_u64(s, 7, statement_leaf);
    err = stmt_run(s);
    if (err == OK && h.lease != NULL)
        h.lease->conversation = number > 0 ? conversation_bit(h.row.conversation) : 0;
    return err;
}

enum err queue_gated(struct queue *q, const char *recipient, uint64_t seq,
                     uint64_t restriction_version)
{
    struct hold h;
    struct stmt *s = q->q[QUEUE_SQL_GATED];
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    bind_key(s, recipient, h.row.state, h.row.lane, seq);
    stmt_bind_u64(s, 5, restriction_version);
    return stmt_run(s);
}

void queue_committed(struct queue *q)
{
    q->memory.epoch++;
}

void queue_savepoint(struct queue *q)
{
    (void)q; /* counts that change are recounted after any rollback */
}

void queue_rolled_back(struct queue *q)
{
    queue_memory_drop(&q->memory);
    q->memory.epoch++;
}

void queue_rolled_back_to(struct queue *q)
{
    queue_memory_drop(&q->memory);
}
