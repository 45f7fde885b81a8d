#include "store/message.h"

#include "store/columns.h"
#include "store/message_own.h"

#define COLUMNS "sender, id, accepted_ms, open, body"

#define INSERT_ROW "INSERT INTO message (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5)"

#define INSERT_FRAME "INSERT INTO frame (seq, sum, bytes) VALUES (?1, ?2, ?3)"

static const char *const queries[MESSAGE_SQL_COUNT] = {
    [MESSAGE_SQL_PUT] = INSERT_ROW,
    [MESSAGE_SQL_KEEP] = INSERT_ROW,
    [MESSAGE_SQL_GET] = "SELECT " COLUMNS " FROM message WHERE sender = ?1 AND id = ?2",
    [MESSAGE_SQL_TOP] = "SELECT id FROM message WHERE sender = ?1 ORDER BY id DESC LIMIT 1",
    [MESSAGE_SQL_CHANGE] = "UPDATE message SET open = ?3, body = ?4 WHERE sender = ?1 AND id = ?2",
    [MESSAGE_SQL_FRAME_PUT] = INSERT_FRAME,
    [MESSAGE_SQL_FRAME_KEEP] = INSERT_FRAME,
    [MESSAGE_SQL_FRAME_GET] = "SELECT bytes, sum FROM frame WHERE seq = ?1",
    [MESSAGE_SQL_FRAME_NEXT] = "SELECT seq FROM frame WHERE seq > ?1 ORDER BY seq LIMIT 1",
    [MESSAGE_SQL_FRAME_DROP] = "DELETE FROM frame WHERE seq = ?1",
    [MESSAGE_SQL_FRAME_ERASE] =
        "UPDATE frame SET bytes = x'00' WHERE seq = ?1 AND length(bytes) > 1",
    [MESSAGE_SQL_REF_DROP] = "DELETE FROM chunk_ref WHERE seq = ?1",
    [MESSAGE_SQL_SEQUENCE_PUT] =
        "INSERT INTO sequence (sender, conversation, last) VALUES (?1, ?2, ?3) "
        "ON CONFLICT DO UPDATE SET last = max(last, ?3)",
    [MESSAGE_SQL_SEQUENCE_GET] =
        "SELECT last FROM sequence WHERE sender = ?1 AND conversation = ?2",
    [MESSAGE_SQL_SENDER_NEXT] =
        "SELECT sender FROM message WHERE sender > ?1 ORDER BY sender LIMIT 1",
    [MESSAGE_SQL_BY_ENV] = "SELECT " COLUMNS " FROM message WHERE substr(body, 1, 32) = ?1 LIMIT 1",
    [MESSAGE_SQL_COUNTS] = "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM frame)",
};

static fresh_keep_fn keep_row;
static fresh_keep_fn keep_frame;

enum err messages_open(struct messages **out, struct db *db, struct fresh *fresh, struct fault *f)
{
    *out = NULL;
    struct messages *m = calloc(1, sizeof *m);
    if (m == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "message", "open");
    m->db = db;
    m->fresh = fresh;
    fresh_home(fresh, FRESH_MESSAGE, keep_row, m);
    fresh_home(fresh, FRESH_FRAME, keep_frame, m);
    enum err err = kept_init(&m->memory);
    if (err == OK)
        err = db_prepare(db, queries, MESSAGE_SQL_COUNT, m->q, f);
    else
        fault_set(f, err, 0, "message", "open");
    if (err != OK)
        messages_close(&m);
    *out = m;
    return err;
}

void messages_close(struct messages **m)
{
    if (*m != NULL) {
        box_fini(&(*m)->frame);
        kept_fini(&(*m)->memory);
    }
    free(*m);
    *m = NULL;
}

static void bind_key(struct stmt *q, const char *sender, const uint8_t id[static STORE_ID_LEN])
{
    stmt_bind_text(q, 1, sender);
    bind_id(q, 2, id);
}

enum err message_sequence_put(struct messages *m, const char *sender,
                              const uint8_t conversation[static STORE_ID_LEN], uint64_t last)
{
    struct stmt *q = m->q[MESSAGE_SQL_SEQUENCE_PUT];
    stmt_later(q);
    bind_key(q, sender, conversation);
    stmt_bind_u64(q, 3, last);
    return stmt_run(q);
}

static enum err sequence_put(struct messages *m, const struct message_row *row)
{
    if (row->sequence == 0 || id_is_zero(row->conversation))
        return OK;
    return message_sequence_put(m, row->sender, row->conversation, row->sequence);
}

/* ---- to the tables ---- */

static enum err insert_row(struct messages *m, struct stmt *q, const struct message_row *row)
{
    uint8_t packed[MESSAGE_PACKED_MAX];
    struct span body = message_pack(packed, row);
    bind_key(q, row->sender, row->id);
    stmt_bind_u64(q, 3, row->accepted_ms);
    stmt_bind_u64(q, 4, row->open);
    stmt_bind_bytes(q, 5, body.data + MESSAGE_COLUMNS, body.len - MESSAGE_COLUMNS);
    /* What is in the table is below this, so that what is above needs no look. */
    if (kept_top_find(&m->memory, row->sender) != NULL)
        kept_top_put(&m->memory, row->sender, row->id);
    return stmt_run(q);
}

static enum err insert_frame(struct stmt *q, uint64_t seq, uint64_t sum, struct span bytes)
{
    stmt_bind_u64(q, 1, seq);
    stmt_bind_u64(q, 2, sum);
    stmt_bind_blob(q, 3, bytes);
    return stmt_run(q);
}

/* fresh_keep_fn: they lasted. */
static enum err keep_row(void *ctx, const struct fresh_row *fresh)
{
    struct messages *m = ctx;
    struct message_row row;
    return message_unpack(fresh->key, fresh->head, &row)
               ? insert_row(m, m->q[MESSAGE_SQL_KEEP], &row)
               : ERR_CORRUPT;
}

static enum err keep_frame(void *ctx, const struct fresh_row *fresh)
{
    struct messages *m = ctx;
    struct span key = fresh->key;
    struct span head = fresh->head;
    uint64_t seq;
    uint64_t sum;
    return span_take_uint(&key, FRAME_KEY_LEN, &seq) && span_take_uint(&head, 4, &sum)
               ? insert_frame(m->q[MESSAGE_SQL_FRAME_KEEP], seq, sum, fresh->body)
               : ERR_CORRUPT;
}

/* ---- fresh ---- */

static bool fresh_row(struct messages *m, const char *sender, const uint8_t id[static STORE_ID_LEN],
                      struct fresh_row *out)
{
    uint8_t key[MESSAGE_KEY_MAX];
    return fresh_find(m->fresh, FRESH_MESSAGE, message_key(key, sender, id), out);
}

/* What a database stores as a number. */
static bool in_bounds(const struct message_row *row)
{
    return (row->seq | row->created_ms | row->expires_ms | row->accepted_ms | row->sequence |
            row->last_leaf) <= STORE_NEVER;
}

static enum err put_fresh_row(struct messages *m, const struct message_row *row)
{
    uint8_t key[MESSAGE_KEY_MAX];
    uint8_t packed[MESSAGE_PACKED_MAX];
    if (!in_bounds(row))
        return ERR_TOO_LARGE;
    const struct fresh_row fresh = {.key = message_key(key, row->sender, row->id),
                                    .head = message_pack(packed, row)};
    return fresh_put(m->fresh, FRESH_MESSAGE, &fresh);
}

/* A row as it is now, where it is. */
static enum err update_row(struct messages *m, const struct message_row *row)
{
    struct stmt *q = m->q[MESSAGE_SQL_CHANGE];
    struct fresh_row fresh;
    if (fresh_row(m, row->sender, row->id, &fresh))
        return put_fresh_row(m, row);
    uint8_t packed[MESSAGE_PACKED_MAX];
    struct span body = message_pack(packed, row);
    if (!in_bounds(row))
        return ERR_TOO_LARGE;
    stmt_later(q); /* the row was seen; and a savepoint stays free of cost */
    bind_key(q, row->sender, row->id);
    stmt_bind_u64(q, 3, row->open);
    stmt_bind_bytes(q, 4, body.data + MESSAGE_COLUMNS, body.len - MESSAGE_COLUMNS);
    return stmt_run(q);
}

static enum err frame_put(struct messages *m, uint64_t seq, struct span frame)
{
    uint8_t key[FRAME_KEY_LEN];
    uint8_t sum[4];
    struct writer w = writer_of(sum, sizeof sum);
    if (frame.len == 0)
        return OK;
    uint32_t value = store_sum(frame);
    write_uint(&w, value, sizeof sum);
    if (!fresh_room(m->fresh, frame.len)) {
        stmt_later(m->q[MESSAGE_SQL_FRAME_PUT]);
        return insert_frame(m->q[MESSAGE_SQL_FRAME_PUT], seq, value, frame);
    }
    const struct fresh_row fresh = {
        .key = frame_key(key, seq), .head = writer_span(&w), .body = frame};
    return fresh_put(m->fresh, FRESH_FRAME, &fresh);
}

enum err message_put(struct messages *m, const struct message_row *row, struct span frame)
{
    struct message_row known;

    if (frame.len > STORE_FRAME_MAX)
        return ERR_TOO_LARGE;
    if (row->sender[0] == '\0' || row->code > MESSAGE_CODE_MAX || row->lane > MESSAGE_LANE_MAX)
        return ERR_FIELD_VALUE;
    if (!in_bounds(row))
        return ERR_TOO_LARGE;
    enum err err = message_get(m, row->sender, row->id, &known);
    if (err != ERR_NOT_FOUND)
        return err == OK ? ERR_EXISTS : err;
    /* What is final already changes seldom: its row can be written at once. */
    if (row->open > 0 && fresh_room(m->fresh, MESSAGE_PACKED_MAX)) {
        err = put_fresh_row(m, row);
    } else {
        stmt_later(m->q[MESSAGE_SQL_PUT]);
        err = insert_row(m, m->q[MESSAGE_SQL_PUT], row);
    }
    if (err == OK)
        err = frame_put(m, row->seq, frame);
    if (err == OK)
        err = sequence_put(m, row);
    if (err != OK)
        return err;
    kept_row_put(&m->memory, row);
    return OK;
}

enum err message_read(struct stmt *q, struct message_row *out)
{
    char sender[STORE_MEMBER_MAX + 1];
    uint8_t id[STORE_ID_LEN];
    uint8_t key[MESSAGE_KEY_MAX];
    uint8_t packed[MESSAGE_PACKED_MAX];
    struct writer w = writer_of(packed, sizeof packed);
    stmt_copy_text(q, 0, sender, sizeof sender);
    stmt_copy(q, 1, id, sizeof id);
    write_uint(&w, stmt_u64(q, 2), 8);
    write_uint(&w, stmt_u64(q, 3), 4);
    const struct span body = stmt_blob(q, 4);
    write_bytes(&w, body.data, body.len);
    return !w.full && message_unpack(message_key(key, sender, id), writer_span(&w), out)
               ? OK
               : ERR_CORRUPT;
}

/* Ids begin with their time, so nearly every new message is above all of its sender that are in
 * the table: that it is new is then known without a look at the disk. */
static enum err is_new(struct messages *m, const char *sender,
                       const uint8_t id[static STORE_ID_LEN], bool *yes)
{
    struct stmt *q = m->q[MESSAGE_SQL_TOP];
    const struct sender_top *top = kept_top_find(&m->memory, sender);
    *yes = false;
    if (top == NULL) {
        uint8_t highest[STORE_ID_LEN] = {0};
        stmt_bind_text(q, 1, sender);
        enum err err = stmt_step(q);
        if (err == OK)
            stmt_copy(q, 0, highest, sizeof highest);
        err = stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
        if (err != OK)
            return err;
        kept_top_put(&m->memory, sender, highest);
        top = kept_top_find(&m->memory, sender);
    }
    *yes = top != NULL && memcmp(id, top->id, STORE_ID_LEN) > 0;
    return OK;
}

enum err message_get(struct messages *m, const char *sender, const uint8_t id[static STORE_ID_LEN],
                     struct message_row *out)
{
    struct stmt *q = m->q[MESSAGE_SQL_GET];
    const struct message_row *kept = kept_row_find(&m->memory, sender, id);
    /* A reader beside the owner keeps nothing: the owner goes on. */
    bool owner = db_in_transaction(m->db);
    bool new = false;

    if (kept != NULL) {
        *out = *kept;
        return OK;
    }
    struct fresh_row fresh;
    if (fresh_row(m, sender, id, &fresh))
        return message_unpack(fresh.key, fresh.head, out) ? OK : ERR_CORRUPT;
    enum err err = owner ? is_new(m, sender, id, &new) : OK;
    if (err != OK || new)
        return err != OK ? err : ERR_NOT_FOUND;
    bind_key(q, sender, id);
    err = stmt_step(q);
    if (err == OK)
        err = message_read(q, out);
    err = stmt_end(q, err);
    if (err == OK && owner)
        kept_row_put(&m->memory, out);
    return err;
}

enum err message_frame(struct messages *m, uint64_t seq, struct span *frame)
{
    struct stmt *q = m->q[MESSAGE_SQL_FRAME_GET];
    uint8_t key[FRAME_KEY_LEN];
    struct fresh_row fresh;
    uint64_t sum;

    *frame = (struct span){NULL, 0};
    if (fresh_find(m->fresh, FRESH_FRAME, frame_key(key, seq), &fresh)) {
        if (!span_take_uint(&fresh.head, 4, &sum))
            return ERR_CORRUPT;
        /* It may have been read from a block. */
        enum err read = fresh_body(m->fresh, &fresh, frame);
        return read == OK && store_sum(*frame) != sum ? ERR_CORRUPT : read;
    }
    stmt_bind_u64(q, 1, seq);
    enum err err = stmt_step(q);
    if (err == OK)
        err = box_keep(&m->frame, stmt_blob(q, 0), frame);
    sum = err == OK ? stmt_u64(q, 1) : 0;
    err = stmt_end(q, err);
    if (err == OK && store_is_erased(*frame))
        return ERR_ERASED;
    return err == OK && store_sum(*frame) != sum ? ERR_CORRUPT : err;
}

enum err message_erase(struct messages *m, uint64_t seq)
{
    uint8_t key[FRAME_KEY_LEN];
    struct fresh_row fresh;
    enum err err = OK;
    /* No block may keep what is erased. */
    if (fresh_find(m->fresh, FRESH_FRAME, frame_key(key, seq), &fresh))
        err = fresh_drain(m->fresh);
    stmt_bind_u64(m->q[MESSAGE_SQL_FRAME_ERASE], 1, seq);
    return err == OK ? stmt_run_one(m->q[MESSAGE_SQL_FRAME_ERASE]) : err;
}

enum err message_stage(struct messages *m, const char *sender,
                       const uint8_t id[static STORE_ID_LEN], uint8_t stage, uint64_t last_leaf)
{
    struct message_row row;
    enum err err = message_get(m, sender, id, &row);
    if (err != OK)
        return err;
    row.stage = stage;
    row.last_leaf = last_leaf;
    err = update_row(m, &row);
    if (err == OK)
        kept_row_put(&m->memory, &row);
    return err;
}

enum err message_decide(struct messages *m, const char *sender,
                        const uint8_t id[static STORE_ID_LEN], uint32_t code, uint32_t open)
{
    struct message_row row;
    enum err err = message_get(m, sender, id, &row);
    if (err != OK)
        return err;
    if (code > MESSAGE_CODE_MAX)
        return ERR_FIELD_VALUE;
    row.code = code;
    row.open = open;
    err = update_row(m, &row);
    if (err == OK)
        kept_row_put(&m->memory, &row);
    return err;
}

static enum err drop_payload(struct messages *m, uint64_t seq, bool attachments)
{
    uint8_t key[FRAME_KEY_LEN];
    enum err err = fresh_drop(m->fresh, FRESH_FRAME, frame_key(key, seq));
    if (err == ERR_NOT_FOUND) {
        stmt_later(m->q[MESSAGE_SQL_FRAME_DROP]);
        stmt_bind_u64(m->q[MESSAGE_SQL_FRAME_DROP], 1, seq);
        err = stmt_run(m->q[MESSAGE_SQL_FRAME_DROP]);
    }
    if (err != OK || !attachments)
        return err;
    stmt_bind_u64(m->q[MESSAGE_SQL_REF_DROP], 1, seq);
    return stmt_run(m->q[MESSAGE_SQL_REF_DROP]);
}

enum err message_settle(struct messages *m, const char *sender,
                        const uint8_t id[static STORE_ID_LEN], uint8_t stage, uint64_t last_leaf,
                        uint32_t *open)
{
    struct message_row row;

    enum err err = message_get(m, sender, id, &row);
    if (err != OK)
        return err;
    if (row.open == 0)
        return ERR_FIELD_VALUE;
    row.open--;
    row.stage = stage;
    row.last_leaf = last_leaf;
    err = update_row(m, &row);
    if (err != OK)
        return err;
    if (row.open > 0)
        kept_row_put(&m->memory, &row);
    else
        kept_row_drop(&m->memory, sender, id); /* what is final is seldom asked for again */
    if (open != NULL)
        *open = row.open;
    return row.open == 0 ? drop_payload(m, row.seq, row.attachments) : OK;
}

enum err message_sequence(struct messages *m, const char *sender,
                          const uint8_t conversation[static STORE_ID_LEN], uint64_t *last)
{
    struct stmt *q = m->q[MESSAGE_SQL_SEQUENCE_GET];
    *last = 0;
    bind_key(q, sender, conversation);
    enum err err = stmt_step(q);
    if (err == OK)
        *last = stmt_u64(q, 0);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

void messages_committed(struct messages *m)
{
    kept_committed(&m->memory);
}

void messages_rolled_back(struct messages *m)
{
    kept_rolled_back(&m->memory);
}
