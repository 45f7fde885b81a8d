#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"
#include "base/hex.h"
#include "base/log.h"

/* ---- rows ---- */

static enum err put_row(struct sdk *s, const struct stage *stage,
                        const uint8_t env_id[static HASH_LEN], struct span frame, uint64_t *row)
{
    struct stmt *q = s->sql[SQL_OUTBOX_PUT];
    char destinations[SDK_DESTINATIONS_TEXT_MAX];
    struct writer w = writer_of(destinations, sizeof destinations);
    uint64_t count = 0;

    write_bytes(&w, ",", 1);
    for (size_t i = 0; i < stage->to_count; i++) {
        if (strcmp(stage->to[i], s->hub) == 0)
            continue;
        write_span(&w, span_str(stage->to[i]));
        write_bytes(&w, ",", 1);
        count++;
    }
    write_bytes(&w, "", 1);
    if (w.full)
        return ERR_TOO_LARGE;
    stmt_bind_text(q, 1, stage->key);
    stmt_bind_bytes(q, 2, stage->content, HASH_LEN);
    stmt_bind_bytes(q, 3, stage->message_id, SDK_ID_LEN);
    stmt_bind_bytes(q, 4, env_id, HASH_LEN);
    stmt_bind_u64(q, 5, stage->type);
    stmt_bind_text(q, 6, destinations);
    stmt_bind_u64(q, 7, count);
    stmt_bind_u64(q, 8, stage->expires_ms);
    stmt_bind_blob(q, 9, frame);
    enum err err = stmt_step(q);
    if (err == OK)
        *row = stmt_u64(q, 0);
    return stmt_end(q, err);
}

enum err outbox_store(struct sdk *s, const struct stage *stage,
                      const uint8_t env_id[static HASH_LEN], struct span frame)
{
    enum err err;
    uint64_t row = 0;
    struct stmt *q = s->sql[SQL_FILE_PUT];

    if ((err = put_row(s, stage, env_id, frame, &row)) != OK)
        return err;
    for (size_t i = 0; i < stage->file_count; i++) {
        stmt_bind_bytes(q, 1, stage->files[i].root, HASH_LEN);
        stmt_bind_u64(q, 2, row);
        if ((err = stmt_run(q)) != OK)
            return err;
    }
    return OK;
}

bool outbox_known_root(struct sdk *s, const uint8_t root[static HASH_LEN])
{
    struct stmt *q = s->sql[SQL_FILE_KNOWN];

    stmt_bind_bytes(q, 1, root, HASH_LEN);
    const enum err err = stmt_step(q);
    return stmt_end(q, err) == OK;
}

/* ---- what became of a message ---- */

struct row {
    uint64_t id;
    uint8_t env_id[HASH_LEN];
    char key[SDK_KEY_MAX + 1];
    uint32_t type;
    char destinations[SDK_DESTINATIONS_TEXT_MAX];
    uint64_t destination_count;
    enum sdk_state state;
};

static enum err find_row(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN],
                         struct row *row)
{
    struct stmt *q = s->sql[SQL_OUTBOX_BY_MESSAGE];

    stmt_bind_bytes(q, 1, message_id, SDK_ID_LEN);
    enum err err = stmt_step(q);
    if (err == OK) {
        row->id = stmt_u64(q, 0);
        stmt_copy(q, 1, row->env_id, HASH_LEN);
        stmt_copy_text(q, 2, row->key, sizeof row->key);
        row->type = (uint32_t)stmt_u64(q, 3);
        stmt_copy_text(q, 4, row->destinations, sizeof row->destinations);
        row->destination_count = stmt_u64(q, 5);
        row->state = (enum sdk_state)stmt_u64(q, 6);
    }
    return stmt_end(q, err);
}

static bool is_destination(const struct row *row, const char *member)
{
    char needle[SDK_MEMBER_MAX + 2];
    struct writer w = writer_of(needle, sizeof needle);

    write_bytes(&w, ",", 1);
    write_span(&w, span_str(member));
    write_bytes(&w, ",", 2); /* with its NUL */
    return !w.full && strstr(row->destinations, needle) != NULL;
}

static enum err finals(struct sdk *s, uint64_t id, uint64_t *count)
{
    struct stmt *q = s->sql[SQL_RECEIPT_FINALS];

    stmt_bind_u64(q, 1, id);
    enum err err = stmt_step(q);
    if (err == OK)
        *count = stmt_u64(q, 0);
    return stmt_end(q, err);
}

static bool closed(enum sdk_state state)
{
    return state == SDK_REJECTED || state == SDK_FINAL || state == SDK_LAPSED;
}

/* The state after a receipt of this kind; receipts may come in any order and again. */
static enum err next_state(struct sdk *s, const struct row *row, const lianshu_Receipt *r,
                           enum sdk_state *out)
{
    enum err err;
    uint64_t done = 0;

    *out = row->state;
    if (closed(row->state) && row->state != SDK_LAPSED)
        return OK;
    if (r->kind == lianshu_ReceiptKind_RECEIPT_REJECTED) {
        *out = SDK_REJECTED;
        return OK;
    }
    if (r->kind == lianshu_ReceiptKind_RECEIPT_HELD) {
        *out = SDK_HELD;
        return OK;
    }
    /* Whatever else comes implies that the hub has taken it. A repeated `accepted` does not
     * end a hold. */
    if (row->state != SDK_HELD || r->kind != lianshu_ReceiptKind_RECEIPT_ACCEPTED)
        *out = SDK_ACCEPTED;
    if ((err = finals(s, row->id, &done)) != OK)
        return err;
    if ((receipt_kind_final(r->kind) && receipt_kind_by_hub(r->kind) && r->about[0] == '\0' &&
         r->kind != lianshu_ReceiptKind_RECEIPT_ACCEPTED) ||
        (*out == SDK_ACCEPTED && done >= row->destination_count))
        *out = SDK_FINAL;
    return OK;
}

/* The message needs no frame and no attachments any more. */
static enum err finish(struct sdk *s, const struct row *row, enum sdk_state state)
{
    enum err err;
    struct stmt *q = s->sql[SQL_OUTBOX_FINAL];
    struct stmt *roots = s->sql[SQL_FILE_OF];
    struct stmt *files = s->sql[SQL_FILE_DROP];

    stmt_bind_u64(roots, 1, row->id);
    for (err = stmt_step(roots); err == OK; err = stmt_step(roots)) {
        uint8_t root[HASH_LEN];
        stmt_copy(roots, 0, root, sizeof root);
        inner_drop(s, root, true);
    }
    if ((err = stmt_end(roots, err)) != ERR_NOT_FOUND)
        return err;
    stmt_bind_u64(q, 1, row->id);
    stmt_bind_u64(q, 2, (uint64_t)state);
    if ((err = stmt_run(q)) != OK)
        return err;
    stmt_bind_u64(files, 1, row->id);
    return stmt_run(files);
}

static enum err set_state(struct sdk *s, const struct row *row, enum sdk_state state)
{
    struct stmt *q = s->sql[SQL_OUTBOX_STATE];

    if (state == row->state)
        return OK;
    if (closed(state))
        return finish(s, row, state);
    stmt_bind_u64(q, 1, row->id);
    stmt_bind_u64(q, 2, (uint64_t)state);
    return stmt_run(q);
}

static void land(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN])
{
    for (size_t i = 0; i < s->flight_count; i++)
        if (memcmp(s->flight[i].message_id, message_id, SDK_ID_LEN) == 0) {
            s->flight[i] = s->flight[--s->flight_count];
            return;
        }
}

static void copy_receipt(const lianshu_Receipt *r, struct sdk_receipt *out)
{
    *out = (struct sdk_receipt){.kind = (uint32_t)r->kind, .code = r->code, .time_ms = r->time_ms};
    memcpy(out->by, r->by, sizeof out->by);
    memcpy(out->about, r->about, sizeof out->about);
    memcpy(out->reference, r->reference, sizeof out->reference);
    for (size_t i = 0; i < r->grounds_count; i++) {
        struct sdk_ground *g = &out->grounds[out->ground_count++];
        memcpy(g->measure, r->grounds[i].measure, sizeof g->measure);
        memcpy(g->order_id, r->grounds[i].order_id, sizeof g->order_id);
        g->order_version = r->grounds[i].order_version;
        memcpy(g->rule, r->grounds[i].rule, sizeof g->rule);
        memcpy(g->basis, r->grounds[i].basis, sizeof g->basis);
    }
}

/* Store; *fresh is false when it was known. */
static enum err put_receipt(struct sdk *s, uint64_t row, const lianshu_Receipt *r, struct span q,
                            struct span proof, bool *fresh)
{
    struct stmt *put = s->sql[SQL_RECEIPT_PUT];
    uint64_t changed = 0;

    stmt_bind_u64(put, 1, row);
    stmt_bind_u64(put, 2, (uint64_t)r->kind);
    stmt_bind_text(put, 3, r->by);
    stmt_bind_text(put, 4, r->about);
    stmt_bind_u64(put, 5, r->code);
    stmt_bind_u64(put, 6, r->time_ms);
    stmt_bind_blob(put, 7, q);
    stmt_bind_blob(put, 8, proof);
    enum err err = stmt_run_changed(put, &changed);
    *fresh = changed > 0;
    return err;
}

static enum err tell(struct sdk *s, const struct row *row, const uint8_t id[static SDK_ID_LEN],
                     enum sdk_state state, const lianshu_Receipt *r, uint64_t now_ms)
{
    struct sdk_outcome outcome = {.key = row->key, .type = row->type, .state = state};

    if (s->handler.outcome == NULL)
        return OK;
    memcpy(outcome.message_id, id, SDK_ID_LEN);
    memcpy(outcome.env_id, row->env_id, HASH_LEN);
    copy_receipt(r, &outcome.receipt);
    enum err err = s->handler.outcome(s->handler.ctx, s, &outcome, now_ms);
    return err_class(err) == ERR_CLASS_REJECT ? OK : err;
}

enum err outbox_receipt(struct sdk *s, const lianshu_Receipt *r, struct span q, struct span proof,
                        uint64_t now_ms)
{
    enum err err;
    struct row row;
    enum sdk_state state;
    bool fresh;

    if (strcmp(r->sender, s->member) != 0)
        return ERR_RECEIPT_OTHER;
    if ((err = find_row(s, r->message_id, &row)) != OK)
        return err; /* another adapter's, or forgotten: nothing to do */
    if (memcmp(row.env_id, r->env_id, HASH_LEN) != 0)
        return ERR_RECEIPT_OTHER;
    if (strcmp(r->by, s->hub) != 0 && !is_destination(&row, r->by))
        return ERR_RECEIPT_BY;
    if ((err = put_receipt(s, row.id, r, q, proof, &fresh)) != OK)
        return err;
    land(s, r->message_id);
    if (!fresh)
        return OK;
    if ((err = next_state(s, &row, r, &state)) != OK || (err = set_state(s, &row, state)) != OK)
        return err;
    return tell(s, &row, r->message_id, state, r, now_ms);
}

/* A message that the hub never took and that is over. Told like a receipt of our own. */
static enum err lapse_one(struct sdk *s, const uint8_t id[static SDK_ID_LEN], uint64_t now_ms)
{
    enum err err;
    struct row row;
    lianshu_Receipt *r = s->receipt;

    if ((err = find_row(s, id, &row)) != OK || (err = set_state(s, &row, SDK_LAPSED)) != OK)
        return err;
    land(s, id);
    wire_clear(&lianshu_Receipt_msg, r);
    r->kind = lianshu_ReceiptKind_RECEIPT_EXPIRED;
    r->code = ERR_EXPIRED;
    r->time_ms = now_ms;
    memcpy(r->by, s->member, sizeof s->member);
    return tell(s, &row, id, SDK_LAPSED, r, now_ms);
}

enum err outbox_lapse(struct sdk *s, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_OUTBOX_LAPSED];

    for (int i = 0; i < SDK_BATCH_MAX; i++) {
        uint8_t id[SDK_ID_LEN];
        stmt_bind_u64(q, 1, now_ms);
        enum err err = stmt_step(q);
        if (err == OK)
            stmt_copy(q, 0, id, sizeof id);
        if ((err = stmt_end(q, err)) != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        if ((err = inner_begin(s)) != OK || (err = lapse_one(s, id, now_ms)) != OK)
            return err;
    }
    return OK;
}

/* ---- sending ---- */

static uint64_t backoff_ms(uint32_t attempt)
{
    const uint64_t ms = (uint64_t)SDK_RETRY_MS << (attempt < 16 ? attempt : 16);
    return ms < SDK_RETRY_MAX_MS ? ms : SDK_RETRY_MAX_MS;
}

/* Up to a quarter later, so that adapters do not return in step. */
static uint64_t jitter(struct sdk *s, uint64_t ms)
{
    uint8_t byte;
    entropy_fill(&s->entropy, &byte, sizeof byte);
    return ms + ms * byte / 1024;
}

void outbox_busy(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN], uint64_t due_ms)
{
    for (size_t i = 0; i < s->flight_count; i++)
        if (memcmp(s->flight[i].message_id, message_id, SDK_ID_LEN) == 0)
            s->flight[i].due_ms = due_ms;
}

void outbox_reconnected(struct sdk *s, uint64_t now_ms)
{
    for (size_t i = 0; i < s->flight_count; i++)
        s->flight[i].due_ms = now_ms;
    s->offer_ms = now_ms + SDK_OFFER_GRACE_MS;
    s->offer_cursor = 0;
}

/* Take the next unanswered row into flight. ERR_NOT_FOUND: none, or the window is full. */
static enum err board(struct sdk *s, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_OUTBOX_NEXT];

    if (s->flight_count == SDK_FLIGHT_MAX)
        return ERR_NOT_FOUND;
    stmt_bind_u64(q, 1, s->flight_cursor);
    enum err err = stmt_step(q);
    if (err == OK) {
        struct flight *f = &s->flight[s->flight_count++];
        *f = (struct flight){.id = stmt_u64(q, 0), .due_ms = now_ms};
        stmt_copy(q, 1, f->message_id, SDK_ID_LEN);
        s->flight_cursor = f->id;
    }
    return stmt_end(q, err);
}

static enum err load_frame(struct sdk *s, enum sql which, uint64_t key, int column, uint64_t *id)
{
    struct stmt *q = s->sql[which];

    stmt_bind_u64(q, 1, key);
    enum err err = stmt_step(q);
    if (err == OK) {
        const struct span frame = stmt_is_null(q, column) ? span_of(NULL, 0) : stmt_blob(q, column);
        if (id != NULL)
            *id = stmt_u64(q, 0);
        if (frame.len == 0) {
            err = ERR_NOT_FOUND;
        } else if (frame.len > FRAME_MAX) {
            err = ERR_CORRUPT;
        } else {
            memcpy(s->out, frame.data, frame.len);
            s->out_len = frame.len;
        }
    }
    return stmt_end(q, err);
}

/* The oldest flight that is due. Oldest first keeps conversations in order. */
static struct flight *due_flight(struct sdk *s, uint64_t now_ms)
{
    struct flight *best = NULL;

    for (size_t i = 0; i < s->flight_count; i++)
        if (s->flight[i].due_ms <= now_ms && (best == NULL || s->flight[i].id < best->id))
            best = &s->flight[i];
    return best;
}

/* What was accepted and has no end yet is offered again some time after a welcome: a hub that
 * was restored from a backup learns of it, any other answers with the receipt it has. */
static enum err offer(struct sdk *s, uint64_t now_ms)
{
    uint64_t id = 0;

    if (s->offer_ms == 0 || now_ms < s->offer_ms)
        return ERR_NOT_FOUND;
    enum err err = load_frame(s, SQL_OUTBOX_OPEN, s->offer_cursor, 1, &id);
    if (err == ERR_NOT_FOUND)
        s->offer_ms = 0;
    if (err == OK) {
        s->offer_cursor = id;
        s->offer_ms = now_ms + SDK_OFFER_EVERY_MS;
    }
    return err;
}

enum err outbox_next(struct sdk *s, uint64_t now_ms)
{
    enum err err;

    while ((err = board(s, now_ms)) == OK)
        continue;
    if (err != ERR_NOT_FOUND)
        return err;
    struct flight *f = due_flight(s, now_ms);
    if (f == NULL)
        return offer(s, now_ms);
    if ((err = load_frame(s, SQL_OUTBOX_FRAME, f->id, 0, NULL)) == ERR_NOT_FOUND)
        *f = s->flight[--s->flight_count]; /* done, or undone, since it was taken aboard */
    if (err != OK)
        return err;
    f->due_ms = now_ms + jitter(s, backoff_ms(f->attempt++));
    return OK;
}

uint64_t outbox_due_ms(const struct sdk *s)
{
    uint64_t due = s->offer_ms == 0 ? UINT64_MAX : s->offer_ms;

    for (size_t i = 0; i < s->flight_count; i++)
        if (s->flight[i].due_ms < due)
            due = s->flight[i].due_ms;
    return due;
}
