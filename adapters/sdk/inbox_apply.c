/* Effects: a verified message is handed to the application, or given back. */
#include "adapters/sdk/inbox_inner.h"
#include "base/log.h"

enum err inbox_put_row(struct sdk *s, struct delivery *d, unsigned state, enum err code)
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

enum err inbox_set_state(struct sdk *s, uint64_t row, unsigned state, enum err code)
{
    struct stmt *q = s->sql[SQL_INBOX_STATE];

    stmt_bind_u64(q, 1, row);
    stmt_bind_u64(q, 2, state);
    stmt_bind_u64(q, 3, (uint64_t)code);
    stmt_bind_u64(q, 4, state == RETURNED ? (uint64_t)s->message->inner : 0);
    return stmt_run(q);
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
    return file_open(s, &s->message->files.files[i], fd);
}

enum err inbox_check_files(struct sdk *s)
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

    err = d->row == 0 ? inbox_put_row(s, d, APPLIED, OK) : inbox_set_state(s, d->row, APPLIED, OK);
    if (err != OK || (err = call_apply(s, now_ms)) != OK)
        return err;
    return inbox_receipt_for(s, d->row, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK, now_ms);
}

enum err inbox_give_back(struct sdk *s, struct delivery *d, enum err code, uint64_t now_ms)
{
    enum err err;

    log_warn("returned", "sender=%s type=%u code=%d inner=%d", s->message->header.sender,
             (unsigned)s->message->header.type, (int)code, (int)s->message->inner);
    err = d->row == 0 ? inbox_put_row(s, d, RETURNED, code)
                      : inbox_set_state(s, d->row, RETURNED, code);
    if (err != OK)
        return err;
    return inbox_receipt_for(s, d->row, lianshu_ReceiptKind_RECEIPT_RETURNED, code, now_ms);
}

enum err inbox_apply(struct sdk *s, struct delivery *d, uint64_t now_ms)
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
        return inbox_give_back(s, d, err, now_ms);
    log_warn("apply_later", "type=%u code=%d", (unsigned)s->message->header.type, (int)err);
    return ERR_BUSY;
}
