#include "adapters/sdk/sdk.h"

#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"
#include "base/log.h"

enum err inner_value(struct sdk *s, const char *name, uint64_t *value)
{
    struct stmt *q = s->sql[SQL_VALUE];

    *value = 0;
    stmt_bind_text(q, 1, name);
    enum err err = stmt_step(q);
    if (err == OK)
        *value = stmt_u64(q, 0);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err inner_value_set(struct sdk *s, const char *name, uint64_t value)
{
    struct stmt *q = s->sql[SQL_VALUE_SET];

    stmt_bind_text(q, 1, name);
    stmt_bind_u64(q, 2, value);
    return stmt_run(q);
}

enum err inner_begin(struct sdk *s)
{
    return db_in_transaction(s->db) ? OK : db_begin(s->db);
}

enum err inner_savepoint(struct sdk *s, struct mark *mark)
{
    enum err err;

    if ((err = inner_begin(s)) != OK || (err = db_savepoint(s->db)) != OK)
        return err;
    *mark = (struct mark){s->stage_count, s->stage_len, s->receipt_stage_count, s->receipt_len,
                          s->totals};
    s->in_savepoint = true;
    return OK;
}

enum err inner_release(struct sdk *s)
{
    s->in_savepoint = false;
    return db_release(s->db);
}

enum err inner_rollback_to(struct sdk *s, const struct mark *mark)
{
    s->in_savepoint = false;
    s->stage_count = mark->stage_count;
    s->stage_len = mark->stage_len;
    s->receipt_stage_count = mark->receipt_stage_count;
    s->receipt_len = mark->receipt_len;
    s->totals = mark->totals;
    return db_rollback_to(s->db);
}

void inner_drop(struct sdk *s, const uint8_t root[static HASH_LEN], bool out)
{
    if (s->drop_count == SDK_DROP_MAX)
        return; /* the sweep at the next start takes it */
    memcpy(s->drop[s->drop_count].root, root, HASH_LEN);
    s->drop[s->drop_count++].out = out;
}

enum err sdk_begin(struct sdk *s)
{
    return inner_begin(s);
}

/* What is volatile follows the disk again: whatever is unanswered goes out anew. */
static void forget(struct sdk *s)
{
    s->stage_count = s->stage_len = 0;
    s->receipt_stage_count = s->receipt_len = 0;
    s->in_savepoint = false;
    s->drop_count = 0;
    s->totals = s->totals_stored;
    memset(s->recent, 0, SDK_RECENT_MAX * sizeof *s->recent);
    frames_forget(s);
    flight_forget(s);
    s->receipt_cursor = 0;
    s->sent_count = 0;
    s->ack_due = 0;
    s->stream = s->stream_stored;
    s->log_number = s->log_number_stored;
}

void sdk_rollback(struct sdk *s)
{
    db_rollback(s->db);
    forget(s);
}

/* Counters that have changed, by their names. */
enum err inner_totals(struct sdk *s, bool load)
{
    static const char *const names[] = {"count.final",    "count.rejected", "count.lapsed",
                                        "count.received", "count.returned", "count.withdrawn"};
    enum err err = OK;
    uint64_t *now = &s->totals.final;
    uint64_t *stored = &s->totals_stored.final;

    _Static_assert(sizeof s->totals == sizeof names / sizeof names[0] * sizeof *now,
                   "a counter a name");
    for (size_t i = 0; i < sizeof names / sizeof names[0] && err == OK; i++) {
        if (load)
            err = inner_value(s, names[i], &stored[i]);
        else if (now[i] != stored[i])
            err = inner_value_set(s, names[i], now[i]);
    }
    if (load)
        s->totals = s->totals_stored;
    else if (err == OK && s->stream != s->stream_stored)
        err = inner_value_set(s, "receipt_stream", s->stream);
    if (!load && err == OK && s->log_number != s->log_number_stored)
        err = inner_value_set(s, "receipt_log", s->log_number);
    return err;
}

enum err sdk_commit(struct sdk *s, uint64_t now_ms)
{
    enum err err;

    (void)now_ms; /* part of the interface: retention will need it */
    if (!db_in_transaction(s->db))
        return OK;
    if ((err = pack_flush(s)) != OK || (err = inbox_sign(s)) != OK ||
        (err = frames_flush(s, FRAME_APPLIED)) != OK || (err = inner_totals(s, false)) != OK) {
        sdk_rollback(s);
        return err;
    }
    s->stage_count = s->stage_len = 0;
    s->receipt_stage_count = s->receipt_len = 0;
    if ((err = db_commit(s->db)) != OK) {
        forget(s);
        return err;
    }
    s->totals_stored = s->totals;
    s->stream_stored = s->stream;
    s->log_number_stored = s->log_number;
    for (size_t i = 0; i < s->drop_count; i++)
        file_release(s, s->drop[i].root, s->drop[i].out);
    s->drop_count = 0;
    return OK;
}

struct db *sdk_db(struct sdk *s)
{
    return s->db;
}

const struct registry *sdk_registry(const struct sdk *s)
{
    return s->registry;
}

const char *sdk_member(const struct sdk *s)
{
    return s->member;
}

const char *sdk_hub(const struct sdk *s)
{
    return s->hub;
}

enum err sdk_document_verify(struct sdk *s, struct span frame, uint64_t as_of_ms,
                             lianshu_Document *d)
{
    uint8_t hash[HASH_LEN];

    return registry_verify_document(s->registry, as_of_ms, frame, s->verifier, d, hash);
}

static enum err count(struct sdk *s, enum sql which, uint64_t state, uint64_t *out)
{
    struct stmt *q = s->sql[which];

    if (which == SQL_LIVE_COUNT)
        stmt_bind_u64(q, 1, state);
    enum err err = stmt_step(q);
    if (err == OK)
        *out += stmt_u64(q, 0);
    return stmt_end(q, err);
}

enum err sdk_counts(struct sdk *s, struct sdk_counts *out)
{
    enum err err;

    *out = (struct sdk_counts){
        .final = s->totals.final,
        .rejected = s->totals.rejected,
        .lapsed = s->totals.lapsed,
        .received = s->totals.received,
        .returned = s->totals.returned,
        .withdrawn = s->totals.withdrawn,
        .busy_code = s->busy_code,
        .connected = s->greeted,
    };
    if ((err = count(s, SQL_LIVE_COUNT, SDK_QUEUED, &out->queued)) != OK ||
        (err = count(s, SQL_LIVE_COUNT, SDK_ACCEPTED, &out->open)) != OK ||
        (err = count(s, SQL_LIVE_COUNT, SDK_HELD, &out->held)) != OK ||
        (err = count(s, SQL_INBOX_COUNT, 0, &out->waiting)) != OK)
        return err;
    return count(s, SQL_OWED_COUNT, 0, &out->owed);
}

/* Move what has arrived into the engine. */
static enum err read_frames(struct sdk *s, uint64_t now_ms)
{
    enum err err = OK;
    struct span frame;

    for (int i = 0; i < SDK_INPUT_TURN_MAX && err == OK && link_recv(s->link, &frame); i++) {
        err = turn_input(s, frame, now_ms);
        /* Leave room: what apply sends must fit into the open batch. */
        if (s->stage_count > SDK_BATCH_MAX / 2 || s->stage_len > SDK_STAGE_BYTES / 2 ||
            s->receipt_stage_count > SDK_RECEIPT_STAGE_MAX / 2)
            break;
    }
    return err;
}

static enum err write_frames(struct sdk *s, uint64_t now_ms, bool *more)
{
    *more = false;
    for (int i = 0; i < SDK_OUTPUT_TURN_MAX; i++) {
        struct span frame;
        enum err err = turn_output(s, now_ms, &frame);
        if (err == ERR_NOT_FOUND)
            return OK;
        if (err != OK)
            return err;
        err = link_send(s->link, frame);
        if (err == ERR_BUSY) {
            *more = true; /* the frame stays; it goes when the socket can take it */
            return OK;
        }
        if (err != OK)
            return err;
        s->out_len = 0;
    }
    *more = true;
    return OK;
}

/* Nothing moved for a while: fold the log back, and give space back. Once a rest. */
static enum err idle(struct sdk *s, uint64_t now_ms)
{
    if (s->idle_ms == 0 || now_ms < s->idle_ms)
        return OK;
    s->idle_ms = now_ms + SDK_IDLE_AGAIN_MS;
    const enum err err = db_idle(s->db);
    return err_class(err) == ERR_CLASS_RETRY ? OK : err;
}

/* How long a turn may sleep: until something of ours is due. */
static uint32_t sleep_ms(const struct sdk *s, uint64_t now_ms, uint32_t wait_ms)
{
    uint64_t due = flight_due_ms(s);

    if (s->out_len > 0 || !s->greeted)
        return wait_ms;
    if (s->gap_hello_ms != 0 && s->gap_hello_ms < due)
        due = s->gap_hello_ms;
    if (due <= now_ms)
        return 0;
    return due - now_ms < wait_ms ? (uint32_t)(due - now_ms) : wait_ms;
}

enum err sdk_step(struct sdk *s, uint64_t now_ms, uint32_t wait_ms, struct sdk_watch *watch)
{
    enum err err;
    bool ready = false;
    bool more;

    if (s->link == NULL)
        return ERR_NOT_READY;
    if (watch != NULL)
        watch->ready = false;
    /* What was committed since the last turn goes before we sleep. */
    if ((err = write_frames(s, now_ms, &more)) != OK ||
        (err = link_wait(s->link, s->up && s->out_len > 0, watch == NULL ? -1 : watch->fd,
                         more && s->out_len == 0 ? 0 : sleep_ms(s, now_ms, wait_ms), &ready)) != OK)
        return err;
    if (watch != NULL)
        watch->ready = ready;
    struct link_events events = link_events(s->link);
    if (events.down)
        turn_connection(s, false, now_ms);
    if (events.up)
        turn_connection(s, true, now_ms);
    if ((err = read_frames(s, now_ms)) != OK || (err = turn_tick(s, now_ms)) != OK) {
        sdk_rollback(s);
        return err;
    }
    if (db_in_transaction(s->db))
        s->idle_ms = now_ms + SDK_IDLE_MS;
    if ((err = sdk_commit(s, now_ms)) != OK || (err = write_frames(s, now_ms, &more)) != OK)
        return err;
    return idle(s, now_ms);
}
