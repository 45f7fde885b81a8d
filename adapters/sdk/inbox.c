/* Order: one message after the other within its conversation, gaps only where the hub says so. */
#include "adapters/sdk/inbox_inner.h"

/* ---- rows ---- */

enum err inbox_received(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN], uint64_t *out)
{
    struct stmt *q = s->sql[SQL_CONVERSATION];

    *out = 0;
    stmt_bind_bytes(q, 1, conversation, SDK_ID_LEN);
    enum err err = stmt_step(q);
    if (err == OK)
        *out = stmt_u64(q, 1);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err inbox_set_received(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN],
                            uint64_t number)
{
    struct stmt *q = s->sql[SQL_CONVERSATION_RECEIVED];

    stmt_bind_bytes(q, 1, conversation, SDK_ID_LEN);
    stmt_bind_u64(q, 2, number);
    return stmt_run(q);
}

static enum err put_gap(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN],
                        uint64_t first, uint64_t last)
{
    struct stmt *q = s->sql[SQL_GAP_PUT];

    stmt_bind_bytes(q, 1, conversation, SDK_ID_LEN);
    stmt_bind_u64(q, 2, first);
    stmt_bind_u64(q, 3, last);
    return stmt_run(q);
}

/* Remember the numbers that the hub declares empty: they lie below the one that it delivers. */
static enum err put_gaps(struct sdk *s, const struct delivery *d)
{
    const lianshu_Statement *v = &s->message->statement;

    for (size_t i = 0; i < v->tombstones_count && d->ordered; i++) {
        const uint64_t first = v->tombstones[i].number;
        const uint64_t count = v->tombstones[i].count;
        if (first == 0 || count == 0 || first >= d->number || count > d->number - first)
            return ERR_HEADER;
        const enum err err = put_gap(s, d->conversation, first, first + count - 1);
        if (err != OK)
            return err;
    }
    return OK;
}

/* Pass every declared gap after *number. */
static enum err pass_gaps(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN],
                          uint64_t *number)
{
    enum err err;
    struct stmt *q = s->sql[SQL_GAP_FIND];
    struct stmt *drop = s->sql[SQL_GAP_DROP];
    const uint64_t before = *number;

    for (uint64_t last = *number + 1; last > *number;) {
        last = 0;
        stmt_bind_bytes(q, 1, conversation, SDK_ID_LEN);
        stmt_bind_u64(q, 2, *number + 1);
        err = stmt_step(q);
        if (err == OK && !stmt_is_null(q, 0))
            last = stmt_u64(q, 0);
        if ((err = stmt_end(q, err)) != OK)
            return err;
        if (last > *number)
            *number = last;
        else
            break;
    }
    if (*number == before)
        return OK;
    stmt_bind_bytes(drop, 1, conversation, SDK_ID_LEN);
    stmt_bind_u64(drop, 2, *number);
    return stmt_run(drop);
}

/* ---- order ---- */

/* Load a stored delivery and unpack it again: from copies, for the row is left behind. */
static enum err load(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_WAIT_LOAD];

    stmt_bind_u64(q, 1, d->row);
    enum err err = stmt_step(q);
    if (err == OK) {
        const struct span statement = stmt_blob(q, 0);
        const struct span frame = stmt_blob(q, 1);
        if (statement.len > SDK_STATEMENT_MAX || frame.len > FRAME_MAX) {
            err = ERR_CORRUPT;
        } else {
            memcpy(s->stored_statement, statement.data, statement.len);
            memcpy(s->stored_frame, frame.data, frame.len);
            d->statement = span_of(s->stored_statement, statement.len);
            d->frame = span_of(s->stored_frame, frame.len);
        }
    }
    if ((err = stmt_end(q, err)) != OK)
        return err;
    return unpack_statement(s, s->message, d->statement, d->frame, now_ms);
}

/* Apply a stored delivery. ERR_BUSY: it has to wait on. */
static enum err apply_stored(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    enum err err;

    if ((err = load(s, d, now_ms)) != OK)
        return err_class(err) == ERR_CLASS_REJECT ? ERR_CORRUPT : err;
    bool withdrawn = false;
    if ((err = held_allowed(s, d->row, &s->message->doubted)) != OK)
        return err;
    if ((err = unpack_open(s, s->message)) == OK && (err = recall_known(s, &withdrawn)) == OK &&
        withdrawn)
        return inbox_give_back(s, d, ERR_WITHDRAWN, now_ms);
    if (err == ERR_REVOKED) { /* good when it came, doubted since */
        err = held_put(s, d, now_ms);
        return err == OK ? ERR_BUSY : err;
    }
    if (err == OK)
        err = inbox_check_files(s);
    if (err == ERR_CIPHERTEXT && s->message->files.files_count > 0) {
        /* A chunk did not survive a power cut: fetch the attachments once more. */
        for (size_t i = 0; i < s->message->files.files_count; i++) {
            struct stmt *q = s->sql[SQL_FETCH_UNDO];
            file_drop(s, s->message->files.files[i].root, ".in");
            stmt_bind_bytes(q, 1, s->message->files.files[i].root, HASH_LEN);
            if ((err = stmt_run(q)) != OK)
                return err;
        }
        err = inbox_set_state(s, d->row, FETCHING, OK, now_ms);
        return err == OK ? ERR_BUSY : err;
    }
    switch (err_class(err)) {
    case ERR_CLASS_OK:
        return inbox_apply(s, d, now_ms);
    case ERR_CLASS_REJECT:
        return inbox_give_back(s, d, err, now_ms);
    case ERR_CLASS_RETRY:
        return ERR_BUSY;
    default:
        return err;
    }
}

/* After `number` was done: pass gaps, and apply what waits behind them. */
static enum err advance(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN],
                        uint64_t number, uint64_t now_ms)
{
    enum err err;
    struct stmt *q = s->sql[SQL_INBOX_WAITING];

    for (int i = 0; i < SDK_DRAIN_MAX; i++) {
        struct delivery d = {.ordered = true};
        uint64_t state = 0;
        if ((err = pass_gaps(s, conversation, &number)) != OK ||
            (err = inbox_set_received(s, conversation, number)) != OK)
            return err;
        stmt_bind_bytes(q, 1, conversation, SDK_ID_LEN);
        stmt_bind_u64(q, 2, number + 1);
        err = stmt_step(q);
        if (err == OK) {
            d.row = stmt_u64(q, 0);
            state = stmt_u64(q, 1);
        }
        if ((err = stmt_end(q, err)) != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        if (state != WAITING || s->stage_count > SDK_BATCH_MAX / 2 ||
            s->receipt_stage_count > SDK_RECEIPT_STAGE_MAX / 2)
            return OK; /* inbox_resume goes on after the commit */
        d.number = number + 1;
        memcpy(d.conversation, conversation, SDK_ID_LEN);
        err = apply_stored(s, &d, now_ms);
        if (err == ERR_BUSY)
            return OK;
        if (err != OK)
            return err;
        number++;
    }
    return OK;
}

/* Note the attachments to be fetched; *open tells how many are. */
static enum err put_files(struct sdk *s, const struct delivery *d, uint64_t *open)
{
    enum err err;
    struct stmt *q = s->sql[SQL_FETCH_PUT];
    struct stmt *count = s->sql[SQL_FETCH_OPEN_OF];

    for (size_t i = 0; i < s->message->files.files_count; i++) {
        stmt_bind_u64(q, 1, d->row);
        stmt_bind_bytes(q, 2, s->message->files.files[i].root, HASH_LEN);
        stmt_bind_u64(q, 3, s->message->files.files[i].chunk_count);
        if ((err = stmt_run(q)) != OK)
            return err;
    }
    stmt_bind_u64(count, 1, d->row);
    err = stmt_step(count);
    if (err == OK)
        *open = stmt_u64(count, 0);
    return stmt_end(count, err);
}

/* Good and new: apply it now, or keep it until its turn. */
static enum err take_good(struct sdk *s, struct delivery *d, bool in_turn, uint64_t now_ms)
{
    enum err err;
    uint64_t open = 0;

    if (s->message->files.files_count > 0) {
        if ((err = inbox_put_row(s, d, FETCHING, OK, now_ms)) != OK)
            return err;
        return put_files(s, d, &open);
    }
    if (!in_turn)
        return inbox_put_row(s, d, WAITING, OK, now_ms);
    return inbox_apply(s, d, now_ms);
}

/* Known already? Then the hub lacks our receipt, or waits with us. */
static enum err known(struct sdk *s, struct delivery *d, unsigned *state)
{
    const struct unpacked *u = s->message;
    struct stmt *q = s->sql[SQL_INBOX_FIND];
    uint8_t env_id[HASH_LEN];

    stmt_bind_bytes(q, 1, u->header.message_id, SDK_ID_LEN);
    stmt_bind_text(q, 2, u->header.sender);
    enum err err = stmt_step(q);
    if (err == OK) {
        d->row = stmt_u64(q, 0);
        stmt_copy(q, 1, env_id, sizeof env_id);
        *state = (unsigned)stmt_u64(q, 2);
    }
    if ((err = stmt_end(q, err)) != OK)
        return err;
    return memcmp(env_id, u->env_id, HASH_LEN) == 0 ? OK : ERR_EQUIVOCATION;
}

static enum err again(struct sdk *s, const struct delivery *d, unsigned state, uint64_t now_ms)
{
    enum err err;
    uint64_t number;

    if (state == HELD)
        return OK; /* until two officials have decided */
    if (state >= APPLIED) {
        if (s->repeat_count < SDK_REPEAT_MAX)
            s->repeat[s->repeat_count++] = d->row;
        return OK;
    }
    /* It waits: perhaps what stopped it has passed. */
    if ((err = inner_begin(s)) != OK || (err = inbox_received(s, d->conversation, &number)) != OK)
        return err;
    return advance(s, d->conversation, number, now_ms);
}

/* Bad: give it back, and let its number count as done when its turn comes. */
static enum err refuse(struct sdk *s, struct delivery *d, bool early, enum err code,
                       uint64_t now_ms)
{
    const enum err err = inbox_give_back(s, d, code, now_ms);

    if (err != OK || !early || !d->ordered)
        return err;
    return put_gap(s, d->conversation, d->number, d->number);
}

enum err inbox_take(struct sdk *s, struct span statement, struct span frame, uint64_t now_ms)
{
    enum err err;
    struct unpacked *u = s->message;
    struct delivery d = {.statement = statement, .frame = frame};
    unsigned state = 0;
    uint64_t last = 0;

    if (s->receipt_stage_count == SDK_RECEIPT_STAGE_MAX)
        return ERR_BUSY; /* no room for an answer; the hub sends it again */
    if ((err = unpack_statement(s, u, statement, frame, now_ms)) != OK)
        return err; /* not from the hub as it should be: nobody to answer */
    if (u->header.conversation.size != SDK_ID_LEN)
        memcpy(d.conversation, u->header.message_id, SDK_ID_LEN);
    else
        memcpy(d.conversation, u->header.conversation.bytes, SDK_ID_LEN);
    d.ordered = memcmp(d.conversation, u->header.message_id, SDK_ID_LEN) != 0;
    d.number = u->statement.delivery_number;
    err = known(s, &d, &state);
    if (err == OK)
        return again(s, &d, state, now_ms);
    if (err != ERR_NOT_FOUND || (err = inner_begin(s)) != OK)
        return err;
    if ((err = put_gaps(s, &d)) != OK)
        return err;
    if (d.ordered && ((err = inbox_received(s, d.conversation, &last)) != OK ||
                      (err = pass_gaps(s, d.conversation, &last)) != OK))
        return err;
    bool withdrawn = false;
    u->doubted = false;
    err = unpack_open(s, u);
    if (err == ERR_REVOKED) { /* who else has the key may have signed it: held when it is sound */
        u->doubted = true;
        err = unpack_open(s, u);
    }
    if (err == OK)
        err = recall_known(s, &withdrawn);
    if (err == OK && u->doubted && !withdrawn)
        return held_put(s, &d, now_ms);
    if (err_class(err) == ERR_CLASS_REJECT || withdrawn)
        err = refuse(s, &d, d.number > last + 1, withdrawn ? ERR_WITHDRAWN : err, now_ms);
    else if (err == OK)
        err = take_good(s, &d, !d.ordered || d.number <= last + 1, now_ms);
    if (err == ERR_BUSY || err_class(err) == ERR_CLASS_RETRY)
        return d.ordered ? inbox_set_received(s, d.conversation, last)
                         : OK; /* the hub sends it again */
    if (err != OK)
        return err;
    if (!d.ordered)
        return OK;
    if (d.number == last + 1 && (s->message->files.files_count == 0 || withdrawn))
        last = d.number;
    return advance(s, d.conversation, last, now_ms);
}

/* ---- attachments ---- */

bool inbox_known_root(struct sdk *s, const uint8_t root[static HASH_LEN])
{
    struct stmt *q = s->sql[SQL_FETCH_KNOWN];

    stmt_bind_bytes(q, 1, root, HASH_LEN);
    const enum err err = stmt_step(q);
    return stmt_end(q, err) == OK;
}

/* What the manifest of a waiting message says about the attachment `root`. */
static enum err manifest_of(struct sdk *s, const uint8_t root[static HASH_LEN],
                            lianshu_ManifestFile *entry, uint64_t now_ms)
{
    struct delivery d = {0};
    struct stmt *q = s->sql[SQL_FETCH_OF];

    stmt_bind_bytes(q, 1, root, HASH_LEN);
    enum err err = stmt_step(q);
    if (err == OK)
        d.row = stmt_u64(q, 0);
    if ((err = stmt_end(q, err)) != OK || (err = load(s, &d, now_ms)) != OK ||
        (err = unpack_open(s, s->message)) != OK)
        return err;
    for (size_t i = 0; i < s->message->files.files_count; i++)
        if (memcmp(s->message->files.files[i].root, root, HASH_LEN) == 0) {
            *entry = s->message->files.files[i];
            return OK;
        }
    return ERR_NOT_FOUND;
}

enum err inbox_fetch_next(struct sdk *s, uint8_t root[static HASH_LEN], lianshu_ManifestFile *entry,
                          uint8_t message_id[static SDK_ID_LEN], uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_FETCH_NEXT];
    uint64_t count = 0;
    enum err err = stmt_step(q);

    if (err == OK) {
        stmt_copy(q, 0, root, HASH_LEN);
        count = stmt_u64(q, 1);
        stmt_copy(q, 2, message_id, SDK_ID_LEN);
    }
    if ((err = stmt_end(q, err)) != OK)
        return err;
    err = manifest_of(s, root, entry, now_ms);
    if (err_class(err) != ERR_CLASS_REJECT)
        return err;
    /* It opened when it came and does not now (a key that is no more): what it names is fetched all
     * the same, and then the message is returned. */
    wire_clear(&lianshu_ManifestFile_msg, entry);
    memcpy(entry->root, root, HASH_LEN);
    entry->chunk_count = count;
    return OK;
}

static enum err files_open(struct sdk *s, uint64_t row, uint64_t *open)
{
    struct stmt *q = s->sql[SQL_FETCH_OPEN_OF];

    stmt_bind_u64(q, 1, row);
    enum err err = stmt_step(q);
    if (err == OK)
        *open = stmt_u64(q, 0);
    return stmt_end(q, err);
}

/* A message whose last attachment came. */
enum err inbox_ready(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    enum err err;
    uint64_t number;

    if ((err = inbox_set_state(s, d->row, WAITING, OK, now_ms)) != OK)
        return err;
    if (!d->ordered) {
        err = apply_stored(s, d, now_ms);
        return err == ERR_BUSY ? OK : err;
    }
    if ((err = inbox_received(s, d->conversation, &number)) != OK)
        return err;
    return advance(s, d->conversation, number, now_ms);
}

enum err inbox_complete(struct sdk *s, const uint8_t root[static HASH_LEN], uint64_t now_ms)
{
    enum err err;
    struct stmt *done = s->sql[SQL_FETCH_DONE];
    struct stmt *q = s->sql[SQL_FETCH_WAITERS];
    uint64_t cursor = 0;

    if ((err = inner_begin(s)) != OK)
        return err;
    stmt_bind_bytes(done, 1, root, HASH_LEN);
    if ((err = stmt_run(done)) != OK)
        return err;
    for (int i = 0; i < SDK_DRAIN_MAX; i++) {
        struct delivery d = {0};
        uint8_t message_id[SDK_ID_LEN];
        uint64_t open = 0;
        stmt_bind_bytes(q, 1, root, HASH_LEN);
        stmt_bind_u64(q, 2, cursor);
        err = stmt_step(q);
        if (err == OK) {
            d.row = cursor = stmt_u64(q, 0);
            stmt_copy(q, 1, d.conversation, SDK_ID_LEN);
            d.number = stmt_u64(q, 2);
            stmt_copy(q, 3, message_id, SDK_ID_LEN);
        }
        if ((err = stmt_end(q, err)) != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        d.ordered = memcmp(message_id, d.conversation, SDK_ID_LEN) != 0;
        if ((err = files_open(s, d.row, &open)) != OK)
            return err;
        if (open == 0 && (err = inbox_ready(s, &d, now_ms)) != OK)
            return err;
    }
    return OK;
}

/* ---- acts of two officials ---- */

/* What a held delivery has, to be looked at again. */
static enum err open_held(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    enum err err = load(s, d, now_ms);

    if (err != OK)
        return err;
    s->message->doubted = true;
    return unpack_open(s, s->message);
}

enum err inbox_release(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    enum err err;
    uint64_t open = 0;

    if ((err = open_held(s, d, now_ms)) != OK)
        return err;
    if (s->message->files.files_count == 0)
        return inbox_ready(s, d, now_ms);
    err = inbox_set_state(s, d->row, FETCHING, OK, now_ms);
    return err == OK ? put_files(s, d, &open) : err;
}

enum err inbox_reject(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    enum err err;
    uint64_t last = 0;

    if ((err = open_held(s, d, now_ms)) != OK && err_class(err) != ERR_CLASS_REJECT)
        return err;
    if ((err = inbox_give_back(s, d, ERR_REVOKED, now_ms)) != OK || !d->ordered)
        return err;
    if ((err = put_gap(s, d->conversation, d->number, d->number)) != OK ||
        (err = inbox_received(s, d->conversation, &last)) != OK ||
        (err = pass_gaps(s, d->conversation, &last)) != OK)
        return err;
    return advance(s, d->conversation, last, now_ms);
}
