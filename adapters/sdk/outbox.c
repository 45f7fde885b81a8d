/* What was sent, until its final receipt: rows, states, receipts. */
#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"

/* ---- rows ---- */

static enum err write_destinations(const struct sdk *s, const struct stage *stage,
                                   char out[static SDK_DESTINATIONS_TEXT_MAX], uint64_t *count)
{
    struct writer w = writer_of(out, SDK_DESTINATIONS_TEXT_MAX);

    *count = 0;
    write_bytes(&w, ",", 1);
    for (size_t i = 0; i < stage->to_count; i++) {
        if (strcmp(stage->to[i], s->hub) == 0)
            continue;
        write_span(&w, span_str(stage->to[i]));
        write_bytes(&w, ",", 1);
        ++*count;
    }
    write_bytes(&w, "", 1);
    return w.full ? ERR_TOO_LARGE : OK;
}

static enum err put_files(struct sdk *s, const struct stage *stage, uint64_t row)
{
    struct stmt *q = s->sql[SQL_FILE_PUT];

    for (size_t i = 0; i < stage->file_count; i++) {
        stmt_bind_bytes(q, 1, stage->files[i].root, HASH_LEN);
        stmt_bind_u64(q, 2, row);
        const enum err err = stmt_run(q);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err put_live(struct sdk *s, const struct stage *stage, uint64_t row)
{
    struct stmt *q = s->sql[SQL_LIVE_PUT];
    const bool urgent = type_find(stage->type)->lane == LANE_REPAIR;

    stmt_bind_u64(q, 1, row);
    stmt_bind_bytes(q, 2, stage->message_id, SDK_ID_LEN);
    stmt_bind_u64(q, 3, urgent);
    stmt_bind_u64(q, 4, stage->after);
    stmt_bind_u64(q, 5, stage->expires_ms);
    s->board_more = s->board_more || !urgent;
    s->board_urgent = s->board_urgent || urgent;
    return stmt_run(q);
}

/* The place of a message among the rows in memory: its own, else the oldest of its neighbours'. */
static struct outbox_row *slot_of(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN])
{
    /* The tail of a message id is random. */
    const size_t tail = (size_t)message_id[SDK_ID_LEN - 2] << 8 | message_id[SDK_ID_LEN - 1];
    struct outbox_row *set =
        &s->recent[tail % (SDK_RECENT_MAX / SDK_RECENT_WAYS) * SDK_RECENT_WAYS];
    struct outbox_row *oldest = set;

    for (size_t i = 0; i < SDK_RECENT_WAYS; i++) {
        if (set[i].id != 0 && memcmp(set[i].message_id, message_id, SDK_ID_LEN) == 0)
            return &set[i];
        if (set[i].id < oldest->id)
            oldest = &set[i];
    }
    return oldest;
}

static void set_destination(struct outbox_row *row, const char *destinations)
{
    const size_t len = strlen(destinations);

    row->destination[0] = '\0';
    if (row->destination_count != 1 || len < 3 || len - 2 >= sizeof row->destination)
        return;
    memcpy(row->destination, destinations + 1, len - 2);
    row->destination[len - 2] = '\0';
}

enum err outbox_put(struct sdk *s, const struct stage *stage, const uint8_t env_id[static HASH_LEN],
                    uint64_t *row)
{
    enum err err;
    struct stmt *q = s->sql[SQL_OUTBOX_PUT];
    char destinations[SDK_DESTINATIONS_TEXT_MAX];
    uint64_t count;

    if ((err = write_destinations(s, stage, destinations, &count)) != OK)
        return err;
    *row = ++s->outbox_last;
    stmt_bind_u64(q, 1, *row);
    stmt_bind_text(q, 2, stage->key);
    stmt_bind_u64(q, 3, stage->part);
    stmt_bind_bytes(q, 4, stage->content, HASH_LEN);
    stmt_bind_bytes(q, 5, stage->message_id, SDK_ID_LEN);
    stmt_bind_bytes(q, 6, env_id, HASH_LEN);
    stmt_bind_u64(q, 7, stage->type);
    stmt_bind_text(q, 8, destinations);
    stmt_bind_u64(q, 9, count);
    stmt_bind_u64(q, 10, stage->file_count);
    if ((err = stmt_run(q)) != OK || (err = put_live(s, stage, *row)) != OK ||
        (err = put_files(s, stage, *row)) != OK)
        return err;
    struct outbox_row *r = slot_of(s, stage->message_id);
    *r = (struct outbox_row){.id = *row,
                             .type = stage->type,
                             .destination_count = (uint32_t)count,
                             .files = (uint32_t)stage->file_count,
                             .state = SDK_QUEUED};
    memcpy(r->message_id, stage->message_id, SDK_ID_LEN);
    memcpy(r->told, stage->message_id, SDK_ID_LEN);
    memcpy(r->env_id, env_id, HASH_LEN);
    memcpy(r->key, stage->key, sizeof r->key);
    set_destination(r, destinations);
    return OK;
}

static enum err move(struct sdk *s, enum sql which, uint64_t from, uint64_t to)
{
    struct stmt *q = s->sql[which];

    stmt_bind_u64(q, 1, from);
    stmt_bind_u64(q, 2, to);
    return stmt_run(q);
}

enum err outbox_replace(struct sdk *s, struct outbox_row *row,
                        const uint8_t message_id[static SDK_ID_LEN],
                        const uint8_t env_id[static HASH_LEN])
{
    static const enum sql both[] = {SQL_OUTBOX_REPLACE, SQL_LIVE_REPLACE};
    const uint64_t old = row->id;
    const uint64_t id = ++s->outbox_last;
    struct stmt *past = s->sql[SQL_PAST_PUT];
    enum err err = move(s, SQL_FILE_MOVE, old, id);

    if (err != OK)
        return err;
    stmt_bind_u64(past, 1, old);
    err = stmt_run(past);
    for (size_t i = 0; err == OK && i < sizeof both / sizeof both[0]; i++) {
        struct stmt *q = s->sql[both[i]];
        stmt_bind_bytes(q, 3, message_id, SDK_ID_LEN);
        if (i == 0)
            stmt_bind_bytes(q, 4, env_id, HASH_LEN);
        err = move(s, both[i], old, id);
    }
    row->id = 0; /* of the rows in memory */
    s->board_more = s->board_urgent = true;
    return err;
}

bool outbox_known_root(struct sdk *s, const uint8_t root[static HASH_LEN])
{
    struct stmt *q = s->sql[SQL_FILE_KNOWN];

    stmt_bind_bytes(q, 1, root, HASH_LEN);
    const enum err err = stmt_step(q);
    return stmt_end(q, err) == OK;
}

/* ---- what became of a message ---- */

/* The row of a message, in its place in memory. */
static enum err find_row(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN],
                         struct outbox_row **out)
{
    struct stmt *q = s->sql[SQL_OUTBOX_BY_MESSAGE];
    struct outbox_row *row = slot_of(s, message_id);
    char destinations[SDK_DESTINATIONS_TEXT_MAX];

    *out = row;
    if (row->id != 0 && memcmp(row->message_id, message_id, SDK_ID_LEN) == 0)
        return OK;
    *row = (struct outbox_row){0};
    stmt_bind_bytes(q, 1, message_id, SDK_ID_LEN);
    enum err err = stmt_step(q);
    if (err == OK) {
        row->id = stmt_u64(q, 0);
        stmt_copy(q, 1, row->env_id, HASH_LEN);
        stmt_copy_text(q, 2, row->key, sizeof row->key);
        row->type = (uint32_t)stmt_u64(q, 3);
        row->destination_count = (uint32_t)stmt_u64(q, 4);
        row->state = (enum sdk_state)stmt_u64(q, 5);
        row->files = (uint32_t)stmt_u64(q, 6);
        stmt_copy_text(q, 7, destinations, sizeof destinations);
        set_destination(row, destinations);
        stmt_copy(q, 8, row->told, SDK_ID_LEN);
        memcpy(row->message_id, message_id, SDK_ID_LEN);
    }
    if ((err = stmt_end(q, err)) != OK)
        row->id = 0;
    return err;
}

enum err outbox_destinations(struct sdk *s, uint64_t row,
                             char out[static SDK_DESTINATIONS_TEXT_MAX])
{
    struct stmt *q = s->sql[SQL_OUTBOX_DESTINATIONS];

    stmt_bind_u64(q, 1, row);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy_text(q, 0, out, SDK_DESTINATIONS_TEXT_MAX);
    return stmt_end(q, err);
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

/* A hold that ended at that time or later, as far as we know. */
static enum err released_since(struct sdk *s, uint64_t id, uint64_t time_ms, bool *released)
{
    struct stmt *q = s->sql[SQL_RECEIPT_RELEASED];

    stmt_bind_u64(q, 1, id);
    stmt_bind_u64(q, 2, time_ms);
    enum err err = stmt_step(q);
    *released = err == OK;
    err = stmt_end(q, err);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Every destination has an end: by its own receipt, or by the hub about it. */
static enum err all_ended(struct sdk *s, const struct outbox_row *row, const lianshu_Receipt *r,
                          bool *ended)
{
    enum err err = OK;
    uint64_t done = 0;
    const bool ends =
        r->kind != lianshu_ReceiptKind_RECEIPT_ACCEPTED && receipt_kind_final(r->kind);

    if (ends && receipt_kind_by_hub(r->kind) && r->about[0] == '\0') {
        *ended = true; /* about all of them */
    } else if (row->destination_count <= 1) {
        *ended = row->destination_count == 0 || ends;
    } else {
        err = ends ? finals(s, row->id, &done) : OK;
        *ended = done >= row->destination_count;
    }
    return err;
}

/* The state after a receipt of this kind; receipts may come in any order and again. */
static enum err next_state(struct sdk *s, const struct outbox_row *row, const lianshu_Receipt *r,
                           enum sdk_state *out)
{
    enum err err;
    bool is = false;

    *out = row->state;
    if (closed(row->state) && row->state != SDK_LAPSED)
        return OK;
    if (r->kind == lianshu_ReceiptKind_RECEIPT_REJECTED) {
        /* That it is over was told already. */
        *out = row->state == SDK_LAPSED && r->code == ERR_EXPIRED ? SDK_LAPSED : SDK_REJECTED;
        return OK;
    }
    if (r->kind == lianshu_ReceiptKind_RECEIPT_HELD) {
        err = released_since(s, row->id, r->time_ms, &is);
        *out = is ? SDK_ACCEPTED : SDK_HELD;
        return err;
    }
    /* Whatever else comes implies that the hub has taken it. Neither a repeated `accepted` nor a
     * warning ends a hold, nor that it went on to another hub. */
    if (row->state != SDK_HELD || (r->kind != lianshu_ReceiptKind_RECEIPT_ACCEPTED &&
                                   r->kind != lianshu_ReceiptKind_RECEIPT_WARNED &&
                                   r->kind != lianshu_ReceiptKind_RECEIPT_RELAYED))
        *out = SDK_ACCEPTED;
    if ((err = all_ended(s, row, r, &is)) == OK && is && *out == SDK_ACCEPTED)
        *out = SDK_FINAL;
    return err;
}

enum err outbox_drop_files(struct sdk *s, uint64_t row)
{
    enum err err;
    struct stmt *roots = s->sql[SQL_FILE_OF];
    struct stmt *files = s->sql[SQL_FILE_DROP];

    stmt_bind_u64(roots, 1, row);
    for (err = stmt_step(roots); err == OK; err = stmt_step(roots)) {
        uint8_t root[HASH_LEN];
        stmt_copy(roots, 0, root, sizeof root);
        inner_drop(s, root, true);
    }
    if ((err = stmt_end(roots, err)) != ERR_NOT_FOUND)
        return err;
    stmt_bind_u64(files, 1, row);
    return stmt_run(files);
}

static void count_end(struct sdk *s, enum sdk_state before, enum sdk_state state)
{
    if (before == SDK_LAPSED)
        s->totals.lapsed--; /* the hub had taken it after all */
    s->totals.final += state == SDK_FINAL;
    s->totals.rejected += state == SDK_REJECTED;
    s->totals.lapsed += state == SDK_LAPSED;
}

/* What the hub itself takes in may be lost with its disk after we were told of its end. */
static bool keeps(const struct outbox_row *row, enum sdk_state state)
{
    const struct document_type *type = type_find(row->type);
    return state == SDK_FINAL && type != NULL && (type->flags & TYPE_TO_HUB) != 0;
}

/* The message needs no attachments any more, but of those that are kept. */
static enum err finish(struct sdk *s, const struct outbox_row *row, enum sdk_state state,
                       uint64_t now_ms)
{
    enum err err;
    struct stmt *q = s->sql[SQL_OUTBOX_FINAL];
    struct stmt *drop = s->sql[SQL_LIVE_DROP];

    stmt_bind_u64(q, 1, row->id);
    stmt_bind_u64(q, 2, (uint64_t)state);
    stmt_bind_u64(q, 3, now_ms);
    if ((err = stmt_run(q)) != OK)
        return err;
    stmt_bind_u64(drop, 1, row->id);
    if ((err = stmt_run(drop)) != OK)
        return err;
    count_end(s, row->state, state);
    if (keeps(row, state))
        return kept_put(s, row->id, row->message_id, now_ms);
    return row->files > 0 ? outbox_drop_files(s, row->id) : OK;
}

static enum err set_state(struct sdk *s, struct outbox_row *row, enum sdk_state state,
                          uint64_t now_ms)
{
    enum err err;
    struct stmt *q = s->sql[SQL_LIVE_STATE];

    if (state == row->state)
        return OK;
    if (closed(state)) {
        err = finish(s, row, state, now_ms);
    } else if (row->state == SDK_LAPSED) {
        return OK; /* over for us; what comes is shown */
    } else {
        stmt_bind_u64(q, 1, row->id);
        stmt_bind_u64(q, 2, (uint64_t)state);
        err = stmt_run(q);
    }
    if (err == OK)
        row->state = state;
    return err;
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

/* What may happen to a message several times. */
static bool repeats(lianshu_ReceiptKind kind)
{
    return kind == lianshu_ReceiptKind_RECEIPT_HELD ||
           kind == lianshu_ReceiptKind_RECEIPT_RELEASED ||
           kind == lianshu_ReceiptKind_RECEIPT_PARKED || kind == lianshu_ReceiptKind_RECEIPT_WARNED;
}

/* Store; *fresh is false when it was known. */
static enum err put_receipt(struct sdk *s, uint64_t row, const lianshu_Receipt *r, bool *fresh)
{
    struct stmt *put = s->sql[SQL_RECEIPT_PUT];
    uint64_t changed = 0;

    stmt_bind_u64(put, 1, row);
    stmt_bind_u64(put, 2, (uint64_t)r->kind);
    stmt_bind_text(put, 3, r->by);
    stmt_bind_text(put, 4, r->about);
    stmt_bind_u64(put, 5, repeats(r->kind) ? r->time_ms : 0);
    stmt_bind_u64(put, 6, r->code);
    stmt_bind_u64(put, 7, r->time_ms);
    stmt_bind_u64(put, 8, s->proof_last + 1);
    stmt_bind_u64(put, 9, s->proof_place);
    enum err err = stmt_run_changed(put, &changed);
    *fresh = changed > 0;
    s->proof_used = s->proof_used || *fresh;
    return err;
}

static enum err tell(struct sdk *s, const struct outbox_row *row, enum sdk_state state,
                     const lianshu_Receipt *r, uint64_t now_ms)
{
    struct sdk_outcome outcome = {.key = row->key, .type = row->type, .state = state};

    if (s->handler.outcome == NULL)
        return OK;
    memcpy(outcome.message_id, row->told, SDK_ID_LEN);
    memcpy(outcome.env_id, row->env_id, HASH_LEN);
    copy_receipt(r, &outcome.receipt);
    enum err err = s->handler.outcome(s->handler.ctx, s, &outcome, now_ms);
    return err_class(err) == ERR_CLASS_REJECT ? OK : err;
}

enum err outbox_receipt(struct sdk *s, const lianshu_Receipt *r, uint64_t now_ms)
{
    enum err err;
    struct outbox_row *row;
    enum sdk_state state;
    bool fresh;
    bool again;

    if (strcmp(r->sender, s->member) != 0)
        return ERR_RECEIPT_OTHER;
    if ((err = find_row(s, r->message_id, &row)) != OK)
        return err; /* another adapter's, or forgotten: nothing to do */
    if (memcmp(row->env_id, r->env_id, HASH_LEN) != 0)
        return ERR_RECEIPT_OTHER;
    if ((err = outbox_check_by(s, row, r)) != OK ||
        (err = reseal(s, row, r, now_ms, &again)) != OK || again)
        return err;
    if ((err = put_receipt(s, row->id, r, &fresh)) != OK)
        return err;
    if (row->state == SDK_QUEUED || row->state == SDK_LAPSED)
        flight_land(s, r->message_id, now_ms);
    if (closed(row->state) && (err = kept_known(s, row->id)) != OK)
        return err;
    if (!fresh)
        return OK;
    if ((err = next_state(s, row, r, &state)) != OK ||
        (err = set_state(s, row, state, now_ms)) != OK)
        return err;
    return tell(s, row, row->state, r, now_ms);
}

enum err outbox_over(struct sdk *s, const uint8_t id[static SDK_ID_LEN], uint64_t now_ms,
                     struct outbox_row **out)
{
    enum err err;
    struct outbox_row *row;
    lianshu_Receipt *r = s->receipt;

    if ((err = find_row(s, id, &row)) != OK || (err = set_state(s, row, SDK_LAPSED, now_ms)) != OK)
        return err;
    wire_clear(&lianshu_Receipt_msg, r);
    r->kind = lianshu_ReceiptKind_RECEIPT_EXPIRED;
    r->code = ERR_EXPIRED;
    r->time_ms = now_ms;
    memcpy(r->by, s->member, sizeof s->member);
    *out = row;
    return tell(s, row, SDK_LAPSED, r, now_ms);
}
