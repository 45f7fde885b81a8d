#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"
#include "base/log.h"

enum { WAITING = 1, FETCHING = 2, APPLIED = 3, RETURNED = 4 };

/* A delivery that is being looked at: s->message holds it unpacked. */
struct delivery {
    uint64_t row; /* inbox row; 0: none yet */
    struct span statement, frame;
    bool ordered;
    uint64_t number;
    uint8_t conversation[SDK_ID_LEN];
};

/* ---- rows ---- */

static enum err put_row(struct sdk *s, struct delivery *d, unsigned state, enum err code)
{
    const struct unpacked *u = s->message;
    struct stmt *q = s->sql[SQL_INBOX_PUT];

    stmt_bind_text(q, 1, u->header.sender);
    stmt_bind_bytes(q, 2, u->header.message_id, SDK_ID_LEN);
    stmt_bind_bytes(q, 3, u->env_id, HASH_LEN);
    stmt_bind_u64(q, 4, u->header.type);
    stmt_bind_bytes(q, 5, d->conversation, SDK_ID_LEN);
    stmt_bind_u64(q, 6, d->number);
    stmt_bind_u64(q, 7, state);
    stmt_bind_u64(q, 8, (uint64_t)code);
    stmt_bind_u64(q, 9, (uint64_t)u->inner);
    if (state <= FETCHING) {
        stmt_bind_blob(q, 10, d->frame);
        stmt_bind_blob(q, 11, d->statement);
    }
    enum err err = stmt_step(q);
    if (err == OK)
        d->row = stmt_u64(q, 0);
    return stmt_end(q, err);
}

static enum err set_state(struct sdk *s, uint64_t row, unsigned state, enum err code)
{
    struct stmt *q = s->sql[SQL_INBOX_STATE];

    stmt_bind_u64(q, 1, row);
    stmt_bind_u64(q, 2, state);
    stmt_bind_u64(q, 3, (uint64_t)code);
    stmt_bind_u64(q, 4, state == RETURNED ? (uint64_t)s->message->inner : 0);
    return stmt_run(q);
}

static enum err received(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN], uint64_t *out)
{
    struct stmt *q = s->sql[SQL_CONVERSATION];

    *out = 0;
    stmt_bind_bytes(q, 1, conversation, SDK_ID_LEN);
    enum err err = stmt_step(q);
    if (err == OK)
        *out = stmt_u64(q, 1);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

static enum err set_received(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN],
                             uint64_t number)
{
    struct stmt *q = s->sql[SQL_CONVERSATION_RECEIVED];

    stmt_bind_bytes(q, 1, conversation, SDK_ID_LEN);
    stmt_bind_u64(q, 2, number);
    return stmt_run(q);
}

/* Remember the numbers that the hub declares empty. */
static enum err put_gaps(struct sdk *s, const struct delivery *d)
{
    enum err err;
    const lianshu_Statement *v = &s->message->statement;
    struct stmt *q = s->sql[SQL_GAP_PUT];

    for (size_t i = 0; i < v->tombstones_count && d->ordered; i++) {
        stmt_bind_bytes(q, 1, d->conversation, SDK_ID_LEN);
        stmt_bind_u64(q, 2, v->tombstones[i].number);
        if ((err = stmt_run(q)) != OK)
            return err;
    }
    return OK;
}

/* Pass every declared gap after *number. */
static enum err pass_gaps(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN],
                          uint64_t *number)
{
    struct stmt *q = s->sql[SQL_GAP_TAKE];
    uint64_t taken = 1;

    while (taken > 0) {
        stmt_bind_bytes(q, 1, conversation, SDK_ID_LEN);
        stmt_bind_u64(q, 2, *number + 1);
        const enum err err = stmt_run_changed(q, &taken);
        if (err != OK)
            return err;
        *number += taken;
    }
    return OK;
}

/* ---- receipts ---- */

static enum err stage_receipt(struct sdk *s, uint64_t row, lianshu_ReceiptKind kind, enum err code,
                              const char *sender, const uint8_t message_id[static SDK_ID_LEN],
                              const uint8_t env_id[static HASH_LEN], const char *reference,
                              uint64_t now_ms)
{
    lianshu_Receipt *r = s->receipt;

    if (s->receipt_stage_count == SDK_RECEIPT_STAGE_MAX)
        return ERR_BUSY;
    wire_clear(&lianshu_Receipt_msg, r);
    memcpy(r->realm, s->realm, sizeof s->realm);
    r->kind = kind;
    memcpy(r->sender, sender, strlen(sender) + 1);
    memcpy(r->message_id, message_id, SDK_ID_LEN);
    memcpy(r->env_id, env_id, HASH_LEN);
    memcpy(r->by, s->member, sizeof s->member);
    r->code = (uint32_t)code;
    r->time_ms = now_ms;
    if (reference != NULL)
        memcpy(r->reference, reference, strlen(reference) + 1);
    struct writer w = writer_of(s->receipt_bytes + s->receipt_len, SDK_RECEIPT_BYTES - s->receipt_len);
    const enum err err = receipt_encode(r, &w);
    if (err != OK)
        return err;
    s->receipt_stage[s->receipt_stage_count++] = (struct stage_receipt){
        .inbox_id = row, .kind = (uint32_t)kind, .at = s->receipt_len, .len = w.len};
    s->receipt_len += w.len;
    return OK;
}

static enum err receipt_for(struct sdk *s, uint64_t row, lianshu_ReceiptKind kind, enum err code,
                            uint64_t now_ms)
{
    const struct unpacked *u = s->message;
    return stage_receipt(s, row, kind, code, u->header.sender, u->header.message_id, u->env_id, NULL,
                         now_ms);
}

enum err sdk_receipt(struct sdk *s, const uint8_t env_id[static SDK_ENV_ID_LEN], uint32_t kind,
                     const char *reference, uint64_t now_ms)
{
    enum err err;
    struct stmt *q = s->sql[SQL_INBOX_BY_ENV];
    uint64_t row = 0;
    char sender[SDK_MEMBER_MAX] = "";
    uint8_t message_id[SDK_ID_LEN];

    if (kind != lianshu_ReceiptKind_RECEIPT_OPENED && kind != lianshu_ReceiptKind_RECEIPT_ACTED)
        return ERR_FIELD_VALUE;
    if (reference != NULL && strlen(reference) >= SDK_REFERENCE_MAX)
        return ERR_FIELD_LONG;
    stmt_bind_bytes(q, 1, env_id, HASH_LEN);
    err = stmt_step(q);
    if (err == OK) {
        row = stmt_u64(q, 0);
        stmt_copy_text(q, 1, sender, sizeof sender);
        stmt_copy(q, 2, message_id, sizeof message_id);
        if (stmt_u64(q, 3) != APPLIED)
            err = ERR_NOT_FOUND;
    }
    if ((err = stmt_end(q, err)) != OK || (err = inner_begin(s)) != OK)
        return err;
    return stage_receipt(s, row, (lianshu_ReceiptKind)kind, OK, sender, message_id, env_id,
                         reference, now_ms);
}

enum err inbox_sign(struct sdk *s)
{
    enum err err;
    struct stmt *q = s->sql[SQL_OWED_PUT];

    if (s->receipt_stage_count == 0)
        return OK;
    batch_reset(s->batch);
    for (size_t i = 0; i < s->receipt_stage_count; i++) {
        merkle_hash leaf;
        size_t index;
        receipt_leaf(leaf, span_of(s->receipt_bytes + s->receipt_stage[i].at, s->receipt_stage[i].len));
        if ((err = batch_add(s->batch, leaf, &index)) != OK)
            return err;
    }
    if ((err = batch_sign(s->batch, keyring_find(s->keys, KEY_USE_SIGN))) != OK)
        return err;
    for (size_t i = 0; i < s->receipt_stage_count; i++) {
        const struct stage_receipt *r = &s->receipt_stage[i];
        uint8_t signature[BATCH_SIGNATURE_MAX];
        struct writer w = writer_of(signature, sizeof signature);
        if ((err = batch_write(s->batch, i, &w)) != OK)
            return err;
        stmt_bind_u64(q, 1, r->inbox_id);
        stmt_bind_u64(q, 2, r->kind);
        stmt_bind_bytes(q, 3, s->receipt_bytes + r->at, r->len);
        stmt_bind_blob(q, 4, writer_span(&w));
        if ((err = stmt_run(q)) != OK)
            return err;
    }
    return OK;
}

enum err inbox_acked(struct sdk *s, uint64_t first, uint64_t last)
{
    enum err err;
    struct stmt *q = s->sql[SQL_OWED_ACKED];

    if ((err = inner_begin(s)) != OK)
        return err;
    stmt_bind_u64(q, 1, first);
    stmt_bind_u64(q, 2, last);
    return stmt_run(q);
}

/* Append one entry from the row that q stands on. */
static bool add_entry(struct stmt *q, int column, struct writer *w)
{
    const struct frame_receipt entry = {
        .form = FRAME_RECEIPT_MEMBER,
        .receipt = stmt_blob(q, column),
        .signature = stmt_blob(q, column + 1),
    };
    frame_receipts_add(w, &entry);
    return !w->full;
}

/* Receipts that the hub asked for by delivering again. */
static enum err add_repeats(struct sdk *s, struct writer *w, unsigned *count)
{
    struct stmt *q = s->sql[SQL_OWED_OF];
    enum err err = OK;

    while (s->repeat_count > 0 && *count < SDK_RECEIPTS_PER_FRAME - 4) {
        const uint64_t row = s->repeat[--s->repeat_count];
        stmt_bind_u64(q, 1, row);
        for (err = stmt_step(q); err == OK; err = stmt_step(q))
            *count += add_entry(q, 0, w);
        if ((err = stmt_end(q, err)) != ERR_NOT_FOUND)
            return err;
    }
    return OK;
}

static enum err add_owed(struct sdk *s, struct writer *w, unsigned *count, uint64_t range[static 2])
{
    struct stmt *q = s->sql[SQL_OWED_NEXT];
    enum err err = OK;

    while (*count < SDK_RECEIPTS_PER_FRAME) {
        stmt_bind_u64(q, 1, s->receipt_cursor);
        err = stmt_step(q);
        if (err == OK) {
            s->receipt_cursor = stmt_u64(q, 0);
            if (range[0] == 0)
                range[0] = s->receipt_cursor;
            range[1] = s->receipt_cursor;
            *count += add_entry(q, 1, w);
        }
        if ((err = stmt_end(q, err)) != OK)
            return err == ERR_NOT_FOUND ? OK : err;
    }
    return OK;
}

enum err inbox_receipts_next(struct sdk *s)
{
    enum err err;
    struct writer entries = writer_of(s->frame, FRAME_MAX);
    struct writer w = writer_of(s->out, FRAME_MAX);
    uint64_t range[2] = {0, 0};
    unsigned count = 0;

    if ((err = add_repeats(s, &entries, &count)) != OK)
        return err;
    if (count == 0 && (err = add_owed(s, &entries, &count, range)) != OK)
        return err;
    if (count == 0)
        return ERR_NOT_FOUND;
    frame_receipts_begin(&w, 0, count);
    write_span(&w, writer_span(&entries));
    frame_receipts_end(&w, span_of(NULL, 0));
    if (w.full || entries.full)
        return ERR_INTERNAL;
    /* A hub that never acknowledges must not stop us: the oldest then simply stays unacknowledged. */
    if (s->sent_count == SDK_ACK_MAX)
        memmove(s->sent_receipts, s->sent_receipts + 1, --s->sent_count * sizeof s->sent_receipts[0]);
    memcpy(s->sent_receipts[s->sent_count++], range, sizeof range);
    s->out_len = w.len;
    return OK;
}

/* ---- applying ---- */

static void describe(struct unpacked *u, struct sdk_incoming *m,
                     struct sdk_incoming_file files[static SDK_FILE_MAX],
                     struct sdk_ground advisories[static SDK_GROUND_MAX])
{
    *m = (struct sdk_incoming){
        .type = u->header.type,
        .sender = u->header.sender,
        .created_ms = u->header.created_ms,
        .accepted_ms = u->statement.accepted_ms,
        .conversation = span_of(u->header.conversation.bytes, u->header.conversation.size),
        .delivery_number = u->statement.delivery_number,
        .in_reply_to = span_of(u->header.in_reply_to.bytes, u->header.in_reply_to.size),
        .facts_document = u->facts_document,
        .files = files,
        .advisories = advisories,
    };
    memcpy(m->env_id, u->env_id, HASH_LEN);
    memcpy(m->message_id, u->header.message_id, SDK_ID_LEN);
    if (u->has_facts)
        m->facts = span_of(u->facts.body.bytes, u->facts.body.size);
    if (u->has_sealed)
        m->sealed = span_of(u->sealed.body.bytes, u->sealed.body.size);
    for (size_t i = 0; i < u->files.files_count; i++) {
        struct sdk_incoming_file *f = &files[m->file_count++];
        memcpy(f->name, u->files.files[i].name, sizeof f->name);
        memcpy(f->media_type, u->files.files[i].media_type, sizeof f->media_type);
        memcpy(f->role, u->files.files[i].role, sizeof f->role);
        f->byte_count = u->files.files[i].byte_count;
    }
    for (size_t i = 0; i < u->statement.advisories_count && i < SDK_GROUND_MAX; i++) {
        const lianshu_Ground *a = &u->statement.advisories[i];
        struct sdk_ground *g = &advisories[m->advisory_count++];
        memcpy(g->measure, a->measure, sizeof g->measure);
        memcpy(g->order_id, a->order_id, sizeof g->order_id);
        g->order_version = a->order_version;
        memcpy(g->rule, a->rule, sizeof g->rule);
        memcpy(g->basis, a->basis, sizeof g->basis);
    }
}

_Static_assert(sizeof((struct sdk_incoming_file *)0)->name == sizeof((lianshu_ManifestFile *)0)->name,
               "names drifted");

enum err sdk_file_save(struct sdk *s, const struct sdk_incoming *m, size_t i, int fd)
{
    if (s->applying != m || m == NULL || i >= m->file_count)
        return ERR_NOT_FOUND;
    return file_open(s, &s->message->files.files[i], fd);
}

/* Every attachment decrypts and has its hash. */
static enum err check_files(struct sdk *s)
{
    for (size_t i = 0; i < s->message->files.files_count; i++) {
        const enum err err = file_open(s, &s->message->files.files[i], -1);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err call_apply(struct sdk *s, uint64_t now_ms)
{
    struct sdk_incoming message;
    struct sdk_incoming_file files[SDK_FILE_MAX];
    struct sdk_ground advisories[SDK_GROUND_MAX];

    if (s->handler.apply == NULL)
        return OK;
    memset(advisories, 0, sizeof advisories);
    describe(s->message, &message, files, advisories);
    s->applying = &message;
    const enum err err = s->handler.apply(s->handler.ctx, s, &message, now_ms);
    s->applying = NULL;
    return err;
}

/* The row in its final state, apply, and the receipt: all of it in the open savepoint. */
static enum err apply_inside(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    enum err err;

    err = d->row == 0 ? put_row(s, d, APPLIED, OK) : set_state(s, d->row, APPLIED, OK);
    if (err != OK || (err = call_apply(s, now_ms)) != OK)
        return err;
    return receipt_for(s, d->row, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK, now_ms);
}

/* Not usable: ids and the reason stay here, one code goes back. */
static enum err give_back(struct sdk *s, struct delivery *d, enum err code, uint64_t now_ms)
{
    enum err err;

    log_warn("returned", "sender=%s type=%u code=%d inner=%d", s->message->header.sender,
             (unsigned)s->message->header.type, (int)code, (int)s->message->inner);
    err = d->row == 0 ? put_row(s, d, RETURNED, code) : set_state(s, d->row, RETURNED, code);
    if (err != OK)
        return err;
    return receipt_for(s, d->row, lianshu_ReceiptKind_RECEIPT_RETURNED, code, now_ms);
}

/* Apply what s->message holds. ERR_BUSY: not now, nothing is changed. */
static enum err apply(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    enum err err;
    struct mark mark;
    const uint64_t row = d->row;

    if ((err = inner_savepoint(s, &mark)) != OK)
        return err;
    err = apply_inside(s, d, now_ms);
    if (err == OK) {
        for (size_t i = 0; i < s->message->files.files_count; i++)
            inner_drop(s, s->message->files.files[i].root, false);
        return inner_release(s);
    }
    const enum err_class class = err_class(err);
    const enum err undone = db_in_transaction(s->db) ? inner_rollback_to(s, &mark) : ERR_BUSY;
    if (class == ERR_CLASS_FATAL || class == ERR_CLASS_INTERNAL)
        return err;
    if (undone != OK)
        return undone;
    d->row = row;
    if (class == ERR_CLASS_REJECT)
        return give_back(s, d, err, now_ms);
    log_warn("apply_later", "type=%u code=%d", (unsigned)s->message->header.type, (int)err);
    return ERR_BUSY;
}

/* ---- order ---- */

/* Load a stored delivery and unpack it again: from copies, for the row is left behind. */
static enum err load(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_INBOX_LOAD];

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
    err = unpack_open(s, s->message);
    if (err == OK)
        err = check_files(s);
    if (err == ERR_CIPHERTEXT && s->message->files.files_count > 0) {
        /* A chunk did not survive a power cut: fetch the attachments once more. */
        for (size_t i = 0; i < s->message->files.files_count; i++) {
            struct stmt *q = s->sql[SQL_FETCH_UNDO];
            file_drop(s, s->message->files.files[i].root, ".in");
            stmt_bind_bytes(q, 1, s->message->files.files[i].root, HASH_LEN);
            if ((err = stmt_run(q)) != OK)
                return err;
        }
        err = set_state(s, d->row, FETCHING, OK);
        return err == OK ? ERR_BUSY : err;
    }
    switch (err_class(err)) {
    case ERR_CLASS_OK:
        return apply(s, d, now_ms);
    case ERR_CLASS_REJECT:
        return give_back(s, d, err, now_ms);
    case ERR_CLASS_RETRY:
        return ERR_BUSY;
    default:
        return err;
    }
}

/* After `number` was done: pass gaps, and apply what waits behind them. */
static enum err advance(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN], uint64_t number,
                        uint64_t now_ms)
{
    enum err err;
    struct stmt *q = s->sql[SQL_INBOX_WAITING];

    for (int i = 0; i < SDK_DRAIN_MAX; i++) {
        struct delivery d = {.ordered = true};
        uint64_t state = 0;
        if ((err = pass_gaps(s, conversation, &number)) != OK ||
            (err = set_received(s, conversation, number)) != OK)
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
        if ((err = put_row(s, d, FETCHING, OK)) != OK)
            return err;
        return put_files(s, d, &open);
    }
    if (!in_turn)
        return put_row(s, d, WAITING, OK);
    return apply(s, d, now_ms);
}

/* Known already? Then the hub lacks our receipt, or waits with us. */
static enum err known(struct sdk *s, struct delivery *d, unsigned *state)
{
    const struct unpacked *u = s->message;
    struct stmt *q = s->sql[SQL_INBOX_FIND];
    uint8_t env_id[HASH_LEN];

    stmt_bind_text(q, 1, u->header.sender);
    stmt_bind_bytes(q, 2, u->header.message_id, SDK_ID_LEN);
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

    if (state >= APPLIED) {
        if (s->repeat_count < SDK_RECEIPT_STAGE_MAX)
            s->repeat[s->repeat_count++] = d->row;
        return OK;
    }
    /* It waits: perhaps what stopped it has passed. */
    if ((err = inner_begin(s)) != OK || (err = received(s, d->conversation, &number)) != OK)
        return err;
    return advance(s, d->conversation, number, now_ms);
}

/* Bad: give it back, and let its number count as done when its turn comes. */
static enum err refuse(struct sdk *s, struct delivery *d, bool early, enum err code, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_GAP_PUT];
    const enum err err = give_back(s, d, code, now_ms);

    if (err != OK || !early || !d->ordered)
        return err;
    stmt_bind_bytes(q, 1, d->conversation, SDK_ID_LEN);
    stmt_bind_u64(q, 2, d->number);
    return stmt_run(q);
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
    if (d.ordered && ((err = received(s, d.conversation, &last)) != OK ||
                      (err = pass_gaps(s, d.conversation, &last)) != OK))
        return err;
    err = unpack_open(s, u);
    if (err_class(err) == ERR_CLASS_REJECT)
        err = refuse(s, &d, d.number > last + 1, err, now_ms);
    else if (err == OK)
        err = take_good(s, &d, !d.ordered || d.number <= last + 1, now_ms);
    if (err == ERR_BUSY || err_class(err) == ERR_CLASS_RETRY)
        return d.ordered ? set_received(s, d.conversation, last) : OK; /* the hub sends it again */
    if (err != OK)
        return err;
    if (!d.ordered)
        return OK;
    if (d.number == last + 1 && s->message->files.files_count == 0)
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

enum err inbox_fetch_next(struct sdk *s, uint8_t root[static HASH_LEN], uint64_t *count)
{
    struct stmt *q = s->sql[SQL_FETCH_NEXT];
    enum err err = stmt_step(q);

    if (err == OK) {
        stmt_copy(q, 0, root, HASH_LEN);
        *count = stmt_u64(q, 1);
    }
    return stmt_end(q, err);
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
static enum err ready(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    enum err err;
    uint64_t number;

    if ((err = set_state(s, d->row, WAITING, OK)) != OK)
        return err;
    if (!d->ordered) {
        err = apply_stored(s, d, now_ms);
        return err == ERR_BUSY ? OK : err;
    }
    if ((err = received(s, d->conversation, &number)) != OK)
        return err;
    return advance(s, d->conversation, number, now_ms);
}

static bool unordered(struct sdk *s, struct delivery *d)
{
    struct stmt *q = s->sql[SQL_INBOX_ORDERED];
    bool same = false;

    stmt_bind_u64(q, 1, d->row);
    const enum err err = stmt_step(q);
    if (err == OK)
        same = stmt_u64(q, 0) == 1;
    return stmt_end(q, err) == OK && same;
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
        uint64_t open = 0;
        stmt_bind_bytes(q, 1, root, HASH_LEN);
        stmt_bind_u64(q, 2, cursor);
        err = stmt_step(q);
        if (err == OK) {
            d.row = cursor = stmt_u64(q, 0);
            stmt_copy(q, 1, d.conversation, SDK_ID_LEN);
            d.number = stmt_u64(q, 2);
        }
        if ((err = stmt_end(q, err)) != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        d.ordered = !unordered(s, &d);
        if ((err = files_open(s, d.row, &open)) != OK)
            return err;
        if (open == 0 && (err = ready(s, &d, now_ms)) != OK)
            return err;
    }
    return OK;
}

/* Messages whose turn came while there was no room for what they cause, or that apply put off. */
enum err inbox_resume(struct sdk *s, uint64_t now_ms)
{
    enum err err;
    struct stmt *q = s->sql[SQL_INBOX_STUCK];
    struct delivery d = {0};
    uint64_t last = 0;

    stmt_bind_u64(q, 1, s->resume_cursor);
    err = stmt_step(q);
    if (err == OK) {
        d.row = stmt_u64(q, 0);
        stmt_copy(q, 1, d.conversation, SDK_ID_LEN);
        d.number = stmt_u64(q, 2);
    }
    if ((err = stmt_end(q, err)) != OK) {
        s->resume_cursor = 0;
        return err == ERR_NOT_FOUND ? OK : err;
    }
    s->resume_cursor = d.row;
    d.ordered = !unordered(s, &d);
    if (d.ordered && (err = received(s, d.conversation, &last)) != OK)
        return err;
    if (d.ordered && d.number != last + 1)
        return OK; /* not its turn: nothing to write */
    if ((err = inner_begin(s)) != OK)
        return err;
    return ready(s, &d, now_ms);
}
