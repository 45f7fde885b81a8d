/* Effects: a verified message is handed to the application, or given back. */
#include "adapters/sdk/inbox_inner.h"
#include "base/log.h"

static enum err put_wait(struct sdk *s, const struct delivery *d)
{
    struct stmt *q = s->sql[SQL_WAIT_PUT];

    stmt_bind_u64(q, 1, d->row);
    stmt_bind_blob(q, 2, d->frame);
    stmt_bind_blob(q, 3, d->statement);
    return stmt_run(q);
}

static void count_state(struct sdk *s, unsigned state)
{
    s->totals.received += state == APPLIED;
    s->totals.returned += state == RETURNED;
    s->totals.withdrawn += state == WITHDRAWN;
}

enum err inbox_put_row(struct sdk *s, struct delivery *d, unsigned state, enum err code,
                       uint64_t now_ms)
{
    const struct unpacked *u = s->message;
    struct stmt *q = s->sql[SQL_INBOX_PUT];

    d->row = ++s->inbox_last;
    stmt_bind_u64(q, 1, d->row);
    stmt_bind_bytes(q, 2, u->header.message_id, SDK_ID_LEN);
    stmt_bind_text(q, 3, u->header.sender);
    stmt_bind_bytes(q, 4, u->env_id, HASH_LEN);
    stmt_bind_u64(q, 5, u->header.type);
    stmt_bind_bytes(q, 6, d->conversation, SDK_ID_LEN);
    stmt_bind_u64(q, 7, d->number);
    stmt_bind_u64(q, 8, state);
    stmt_bind_u64(q, 9, (uint64_t)code);
    stmt_bind_u64(q, 10, (uint64_t)u->inner);
    stmt_bind_u64(q, 11, now_ms);
    count_state(s, state);
    const enum err err = stmt_run(q);
    return err == OK && (state <= FETCHING || state == HELD) ? put_wait(s, d) : err;
}

enum err inbox_set_state(struct sdk *s, uint64_t row, unsigned state, enum err code,
                         uint64_t now_ms)
{
    enum err err;
    struct stmt *q = s->sql[SQL_INBOX_STATE];
    struct stmt *drop = s->sql[SQL_WAIT_DROP];

    stmt_bind_u64(q, 1, row);
    stmt_bind_u64(q, 2, state);
    stmt_bind_u64(q, 3, (uint64_t)code);
    stmt_bind_u64(q, 4, state == RETURNED ? (uint64_t)s->message->inner : 0);
    stmt_bind_u64(q, 5, now_ms);
    count_state(s, state);
    if ((err = stmt_run(q)) != OK || state <= FETCHING || state == HELD)
        return err;
    stmt_bind_u64(drop, 1, row);
    return stmt_run(drop);
}

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

_Static_assert(sizeof((struct sdk_incoming_file *)0)->name ==
                   sizeof((lianshu_ManifestFile *)0)->name,
               "names drifted");

enum err sdk_file_save(struct sdk *s, const struct sdk_incoming *m, size_t i, int fd)
{
    if (s->applying != m || m == NULL || i >= m->file_count)
        return ERR_NOT_FOUND;
    return file_save(s, &s->message->files.files[i], fd);
}

enum err inbox_check_files(struct sdk *s)
{
    for (size_t i = 0; i < s->message->files.files_count; i++) {
        const enum err err = file_check(s, &s->message->files.files[i]);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err call_apply(struct sdk *s, const struct sdk_withdrawal *withdrawal, uint64_t now_ms)
{
    struct sdk_incoming message;
    struct sdk_incoming_file files[SDK_FILE_MAX];
    struct sdk_ground advisories[SDK_GROUND_MAX];

    if (s->handler.apply == NULL)
        return OK;
    memset(advisories, 0, sizeof advisories);
    describe(s->message, &message, files, advisories);
    message.withdrawal = withdrawal;
    s->applying = &message;
    const enum err err = s->handler.apply(s->handler.ctx, s, &message, now_ms);
    s->applying = NULL;
    return err;
}

enum err inbox_give_back(struct sdk *s, struct delivery *d, enum err code, uint64_t now_ms)
{
    enum err err;

    log_warn("returned", "sender=%s type=%u code=%d inner=%d", s->message->header.sender,
             (unsigned)s->message->header.type, (int)code, (int)s->message->inner);
    err = d->row == 0 ? inbox_put_row(s, d, RETURNED, code, now_ms)
                      : inbox_set_state(s, d->row, RETURNED, code, now_ms);
    if (err != OK)
        return err;
    return inbox_receipt_for(s, lianshu_ReceiptKind_RECEIPT_RETURNED, code, now_ms);
}

/* The row as applied, before the savepoint: most messages then need no savepoint on disk. */
static enum err take_row(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_INBOX_STATE];

    if (d->row == 0)
        return inbox_put_row(s, d, APPLIED, OK, now_ms);
    stmt_bind_u64(q, 1, d->row);
    stmt_bind_u64(q, 2, APPLIED);
    stmt_bind_u64(q, 3, OK);
    stmt_bind_u64(q, 4, OK);
    stmt_bind_u64(q, 5, now_ms);
    count_state(s, APPLIED);
    return stmt_run(q);
}

/* As it was before take_row. */
static enum err undo_row(struct sdk *s, struct delivery *d, uint64_t before, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_TRIM_INBOX_DROP];

    if (before != 0)
        return inbox_set_state(s, before, WAITING, OK, now_ms);
    stmt_bind_u64(q, 1, d->row);
    d->row = 0;
    return stmt_run(q);
}

#define MIRROR_TYPE lianshu_DocumentType_TYPE_MIRROR_UPDATE

static enum err effects(struct sdk *s, uint64_t now_ms)
{
    enum err err;
    struct sdk_withdrawal withdrawal;

    /* The mirror is the SDK's own: the application asks it, and is not told of its pages. */
    s->mirror_trims = s->mirror_trims || s->message->header.type == MIRROR_TYPE;
    if (s->message->header.type == MIRROR_TYPE)
        return mirror_take(s->mirror_in,
                           span_of(s->message->facts.body.bytes, s->message->facts.body.size),
                           s->message->statement.accepted_ms, now_ms);
    if (s->message->header.type != lianshu_DocumentType_TYPE_WITHDRAW)
        return call_apply(s, NULL, now_ms);
    err = recall_take(s, &withdrawal, now_ms);
    return err == OK ? call_apply(s, &withdrawal, now_ms) : err;
}

/* It was applied: the receipt, and what is not needed any more goes. */
static enum err settle(struct sdk *s, const struct delivery *d, uint64_t before, uint64_t now_ms)
{
    enum err err;
    const struct unpacked *u = s->message;
    const struct kept_frame kept = {
        .row = d->row,
        .time_ms = now_ms,
        .frame = d->frame,
        .known = u->opened,
        .deks = (const uint8_t(*)[SEAL_DEK_LEN])s->deks,
    };
    struct stmt *drop = s->sql[SQL_WAIT_DROP];

    for (size_t i = 0; i < s->message->files.files_count; i++)
        inner_drop(s, s->message->files.files[i].root, false);
    if ((err = inner_release(s)) != OK)
        return err;
    if (u->header.type != MIRROR_TYPE && (err = frames_put(s, FRAME_APPLIED, &kept)) != OK)
        return err;
    if (before != 0) {
        stmt_bind_u64(drop, 1, before);
        if ((err = stmt_run(drop)) != OK)
            return err;
    }
    return inbox_receipt_for(s, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK, now_ms);
}

enum err inbox_apply(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    enum err err;
    struct mark mark;
    const uint64_t before = d->row;

    if ((err = inner_begin(s)) != OK || (err = take_row(s, d, now_ms)) != OK ||
        (err = inner_savepoint(s, &mark)) != OK)
        return err;
    mark.totals.received--;
    err = effects(s, now_ms);
    if (err == OK)
        return settle(s, d, before, now_ms);
    const enum err_class class = err_class(err);
    const enum err undone = db_in_transaction(s->db) ? inner_rollback_to(s, &mark) : ERR_BUSY;
    if (class == ERR_CLASS_FATAL || class == ERR_CLASS_INTERNAL)
        return err;
    if (undone != OK)
        return undone;
    if (class == ERR_CLASS_REJECT)
        return inbox_give_back(s, d, err, now_ms);
    log_warn("apply_later", "type=%u code=%d", (unsigned)s->message->header.type, (int)err);
    err = undo_row(s, d, before, now_ms);
    return err == OK ? ERR_BUSY : err;
}
