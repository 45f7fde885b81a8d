#include "store/message.h"

#include "store/box.h"
#include "store/columns.h"
#include "store/message_memory.h"

enum { CODE_MAX = 999, LANE_MAX = 3 }; /* hub-001.sql */

enum query {
    PUT,
    GET,
    TOP,
    STAGE,
    DECIDE,
    SETTLE,
    FRAME_PUT,
    FRAME_GET,
    FRAME_DROP,
    FRAME_ERASE,
    REF_DROP,
    SEQUENCE_PUT,
    SEQUENCE_GET,
    SENDER_NEXT,
    BY_ENV,
    COUNTS,
    QUERY_COUNT
};

#define COLUMNS                                                                                    \
    "sender, id, env_id, seq, type, code, stage, lane, created_ms, expires_ms, accepted_ms, "      \
    "conversation, sequence, open, attachments, last_leaf"

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO message (" COLUMNS ") "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    [GET] = "SELECT " COLUMNS " FROM message WHERE sender = ?1 AND id = ?2",
    [TOP] = "SELECT id FROM message WHERE sender = ?1 ORDER BY id DESC LIMIT 1",
    [STAGE] = "UPDATE message SET stage = ?3, last_leaf = ?4 WHERE sender = ?1 AND id = ?2",
    [DECIDE] = "UPDATE message SET code = ?3, open = ?4 WHERE sender = ?1 AND id = ?2",
    [SETTLE] = "UPDATE message SET stage = ?3, last_leaf = ?4, open = ?5 "
               "WHERE sender = ?1 AND id = ?2",
    [FRAME_PUT] = "INSERT INTO frame (seq, sum, bytes) VALUES (?1, ?2, ?3)",
    [FRAME_GET] = "SELECT bytes, sum FROM frame WHERE seq = ?1",
    [FRAME_DROP] = "DELETE FROM frame WHERE seq = ?1",
    [FRAME_ERASE] = "UPDATE frame SET bytes = x'00' WHERE seq = ?1 AND length(bytes) > 1",
    [REF_DROP] = "DELETE FROM chunk_ref WHERE seq = ?1",
    [SEQUENCE_PUT] = "INSERT INTO sequence (sender, conversation, last) VALUES (?1, ?2, ?3) "
                     "ON CONFLICT DO UPDATE SET last = max(last, ?3)",
    [SEQUENCE_GET] = "SELECT last FROM sequence WHERE sender = ?1 AND conversation = ?2",
    [SENDER_NEXT] = "SELECT sender FROM message WHERE sender > ?1 ORDER BY sender LIMIT 1",
    [BY_ENV] = "SELECT " COLUMNS " FROM message WHERE env_id = ?1 LIMIT 1",
    [COUNTS] = "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM frame)",
};

struct messages {
    struct stmt *q[QUERY_COUNT];
    struct db *db;
    struct box frame;
    struct message_memory memory;
};

enum err messages_open(struct messages **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct messages *m = calloc(1, sizeof *m);
    if (m == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "message", "open");
    m->db = db;
    enum err err = kept_init(&m->memory);
    if (err == OK)
        err = db_prepare(db, queries, QUERY_COUNT, m->q, f);
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

static enum err sequence_put(struct messages *m, const struct message_row *row)
{
    if (row->sequence == 0 || id_is_zero(row->conversation))
        return OK;
    struct stmt *q = m->q[SEQUENCE_PUT];
    stmt_later(q);
    bind_key(q, row->sender, row->conversation);
    stmt_bind_u64(q, 3, row->sequence);
    return stmt_run(q);
}

static enum err frame_put(struct messages *m, uint64_t seq, struct span frame)
{
    if (frame.len == 0)
        return OK;
    stmt_later(m->q[FRAME_PUT]);
    stmt_bind_u64(m->q[FRAME_PUT], 1, seq);
    stmt_bind_u64(m->q[FRAME_PUT], 2, store_sum(frame));
    stmt_bind_blob(m->q[FRAME_PUT], 3, frame);
    enum err err = stmt_run(m->q[FRAME_PUT]);
    if (err == OK)
        kept_frame_put(&m->memory, seq, frame);
    return err;
}

enum err message_put(struct messages *m, const struct message_row *row, struct span frame)
{
    struct stmt *q = m->q[PUT];
    struct message_row known;

    if (frame.len > STORE_FRAME_MAX)
        return ERR_TOO_LARGE;
    if (row->sender[0] == '\0' || row->code > CODE_MAX || row->lane > LANE_MAX)
        return ERR_FIELD_VALUE;
    enum err err = message_get(m, row->sender, row->id, &known);
    if (err != ERR_NOT_FOUND)
        return err == OK ? ERR_EXISTS : err;
    stmt_later(q);
    bind_key(q, row->sender, row->id);
    stmt_bind_bytes(q, 3, row->env_id, STORE_HASH_LEN);
    stmt_bind_u64(q, 4, row->seq);
    stmt_bind_u64(q, 5, row->type);
    stmt_bind_u64(q, 6, row->code);
    stmt_bind_u64(q, 7, row->stage);
    stmt_bind_u64(q, 8, row->lane);
    stmt_bind_u64(q, 9, row->created_ms);
    stmt_bind_u64(q, 10, row->expires_ms);
    stmt_bind_u64(q, 11, row->accepted_ms);
    bind_id_or_null(q, 12, row->conversation);
    stmt_bind_u64(q, 13, row->sequence);
    stmt_bind_u64(q, 14, row->open);
    stmt_bind_u64(q, 15, row->attachments);
    stmt_bind_u64(q, 16, row->last_leaf);
    err = stmt_run(q);
    if (err == OK)
        err = frame_put(m, row->seq, frame);
    if (err == OK)
        err = sequence_put(m, row);
    if (err != OK)
        return err;
    kept_row_put(&m->memory, row);
    if (kept_top_find(&m->memory, row->sender) != NULL)
        kept_top_put(&m->memory, row->sender, row->id);
    return OK;
}

static enum err read_row(struct stmt *q, struct message_row *out)
{
    enum err err = OK;

    stmt_copy_text(q, 0, out->sender, sizeof out->sender);
    stmt_copy(q, 1, out->id, sizeof out->id);
    stmt_copy(q, 2, out->env_id, sizeof out->env_id);
    out->seq = stmt_u64(q, 3);
    out->type = stmt_u32(q, 4, &err);
    out->code = stmt_u32(q, 5, &err);
    out->stage = (uint8_t)stmt_u64(q, 6);
    out->lane = (uint8_t)stmt_u64(q, 7);
    out->created_ms = stmt_u64(q, 8);
    out->expires_ms = stmt_u64(q, 9);
    out->accepted_ms = stmt_u64(q, 10);
    copy_id_or_zero(q, 11, out->conversation);
    out->sequence = stmt_u64(q, 12);
    out->open = stmt_u32(q, 13, &err);
    out->attachments = stmt_u64(q, 14) != 0;
    out->last_leaf = stmt_u64(q, 15);
    return err;
}

/* Ids begin with their time, so nearly every new message is above all that its sender sent: that
 * it is new is then known without a look at the disk. */
static enum err is_new(struct messages *m, const char *sender,
                       const uint8_t id[static STORE_ID_LEN], bool *yes)
{
    struct stmt *q = m->q[TOP];
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
    struct stmt *q = m->q[GET];
    const struct message_row *kept = kept_row_find(&m->memory, sender, id);
    /* A reader beside the owner keeps nothing: the owner goes on. */
    bool owner = db_in_transaction(m->db);
    bool new = false;

    if (kept != NULL) {
        *out = *kept;
        return OK;
    }
    enum err err = owner ? is_new(m, sender, id, &new) : OK;
    if (err != OK || new)
        return err != OK ? err : ERR_NOT_FOUND;
    bind_key(q, sender, id);
    err = stmt_step(q);
    if (err == OK)
        err = read_row(q, out);
    err = stmt_end(q, err);
    if (err == OK && owner)
        kept_row_put(&m->memory, out);
    return err;
}

enum err message_frame(struct messages *m, uint64_t seq, struct span *frame)
{
    struct stmt *q = m->q[FRAME_GET];
    *frame = (struct span){NULL, 0};
    if (kept_frame_find(&m->memory, seq, frame))
        return OK;
    stmt_bind_u64(q, 1, seq);
    enum err err = stmt_step(q);
    if (err == OK)
        err = box_keep(&m->frame, stmt_blob(q, 0), frame);
    uint64_t sum = err == OK ? stmt_u64(q, 1) : 0;
    err = stmt_end(q, err);
    if (err == OK && store_is_erased(*frame))
        return ERR_ERASED;
    return err == OK && store_sum(*frame) != sum ? ERR_CORRUPT : err;
}

enum err message_erase(struct messages *m, uint64_t seq)
{
    kept_frame_drop(&m->memory, seq);
    stmt_bind_u64(m->q[FRAME_ERASE], 1, seq);
    return stmt_run_one(m->q[FRAME_ERASE]);
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
    stmt_later(m->q[STAGE]); /* as in message_settle */
    bind_key(m->q[STAGE], sender, id);
    stmt_bind_u64(m->q[STAGE], 3, stage);
    stmt_bind_u64(m->q[STAGE], 4, last_leaf);
    err = stmt_run(m->q[STAGE]);
    if (err == OK)
        kept_row_put(&m->memory, &row);
    return err;
}

enum err message_decide(struct messages *m, const char *sender,
                        const uint8_t id[static STORE_ID_LEN], uint32_t code, uint32_t open)
{
    kept_row_drop(&m->memory, sender, id);
    bind_key(m->q[DECIDE], sender, id);
    stmt_bind_u64(m->q[DECIDE], 3, code);
    stmt_bind_u64(m->q[DECIDE], 4, open);
    return stmt_run_one(m->q[DECIDE]);
}

static enum err drop_payload(struct messages *m, uint64_t seq, bool attachments)
{
    kept_frame_drop(&m->memory, seq);
    stmt_later(m->q[FRAME_DROP]);
    stmt_bind_u64(m->q[FRAME_DROP], 1, seq);
    enum err err = stmt_run(m->q[FRAME_DROP]);
    if (err != OK || !attachments)
        return err;
    stmt_bind_u64(m->q[REF_DROP], 1, seq);
    return stmt_run(m->q[REF_DROP]);
}

enum err message_settle(struct messages *m, const char *sender,
                        const uint8_t id[static STORE_ID_LEN], uint8_t stage, uint64_t last_leaf,
                        uint32_t *open)
{
    struct stmt *q = m->q[SETTLE];
    struct message_row row;

    enum err err = message_get(m, sender, id, &row);
    if (err != OK)
        return err;
    if (row.open == 0)
        return ERR_FIELD_VALUE;
    row.open--;
    row.stage = stage;
    row.last_leaf = last_leaf;
    stmt_later(q); /* the row was seen; and a savepoint stays free of cost */
    bind_key(q, sender, id);
    stmt_bind_u64(q, 3, stage);
    stmt_bind_u64(q, 4, last_leaf);
    stmt_bind_u64(q, 5, row.open);
    err = stmt_run(q);
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
    struct stmt *q = m->q[SEQUENCE_GET];
    *last = 0;
    bind_key(q, sender, conversation);
    enum err err = stmt_step(q);
    if (err == OK)
        *last = stmt_u64(q, 0);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

static enum err sender_next(struct messages *m, char sender[static STORE_MEMBER_MAX + 1])
{
    struct stmt *q = m->q[SENDER_NEXT];
    char after[STORE_MEMBER_MAX + 1];
    memcpy(after, sender, sizeof after);
    stmt_bind_text(q, 1, after);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy_text(q, 0, sender, STORE_MEMBER_MAX + 1);
    return stmt_end(q, err);
}

enum err message_next_of_id(struct messages *m, const uint8_t id[static STORE_ID_LEN],
                            char sender[static STORE_MEMBER_MAX + 1], struct message_row *out)
{
    enum err err = sender_next(m, sender);
    while (err == OK) {
        err = message_get(m, sender, id, out);
        if (err != ERR_NOT_FOUND)
            return err;
        err = sender_next(m, sender);
    }
    return err;
}

enum err message_find(struct messages *m, struct span id, struct message_row *out)
{
    if (id.len == STORE_HASH_LEN) {
        stmt_bind_blob(m->q[BY_ENV], 1, id);
        enum err err = stmt_step(m->q[BY_ENV]);
        if (err == OK)
            err = read_row(m->q[BY_ENV], out);
        return stmt_end(m->q[BY_ENV], err);
    }
    if (id.len != STORE_ID_LEN)
        return ERR_FIELD_VALUE;
    char sender[STORE_MEMBER_MAX + 1] = "";
    enum err err = sender_next(m, sender);
    while (err == OK) {
        err = message_get(m, sender, id.data, out);
        if (err != ERR_NOT_FOUND)
            return err;
        err = sender_next(m, sender);
    }
    return err;
}

enum err message_counts(struct messages *m, uint64_t *known, uint64_t *frames)
{
    struct stmt *q = m->q[COUNTS];
    enum err err = stmt_step(q);
    if (err == OK) {
        *known = stmt_u64(q, 0);
        *frames = stmt_u64(q, 1);
    }
    return stmt_end(q, err);
}

void messages_committed(struct messages *m)
{
    kept_committed(&m->memory);
}

void messages_savepoint(struct messages *m)
{
    kept_savepoint(&m->memory);
}

void messages_rolled_back(struct messages *m)
{
    kept_rolled_back(&m->memory);
}

void messages_rolled_back_to(struct messages *m)
{
    kept_rolled_back_to(&m->memory);
}
