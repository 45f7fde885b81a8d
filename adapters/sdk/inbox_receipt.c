/* Our receipts: staged, signed in one batch at the commit, sent until acknowledged. */
#include "adapters/sdk/inbox_inner.h"

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
    struct writer w =
        writer_of(s->receipt_bytes + s->receipt_len, SDK_RECEIPT_BYTES - s->receipt_len);
    const enum err err = receipt_encode(r, &w);
    if (err != OK)
        return err;
    s->receipt_stage[s->receipt_stage_count++] = (struct stage_receipt){
        .inbox_id = row, .kind = (uint32_t)kind, .at = s->receipt_len, .len = w.len};
    s->receipt_len += w.len;
    return OK;
}

enum err inbox_receipt_for(struct sdk *s, uint64_t row, lianshu_ReceiptKind kind, enum err code,
                           uint64_t now_ms)
{
    const struct unpacked *u = s->message;
    return stage_receipt(s, row, kind, code, u->header.sender, u->header.message_id, u->env_id,
                         NULL, now_ms);
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
        receipt_leaf(leaf,
                     span_of(s->receipt_bytes + s->receipt_stage[i].at, s->receipt_stage[i].len));
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
    /* A hub that never acknowledges must not stop us: the oldest then simply stays unacknowledged.
     */
    if (s->sent_count == SDK_ACK_MAX)
        memmove(s->sent_receipts, s->sent_receipts + 1,
                --s->sent_count * sizeof s->sent_receipts[0]);
    memcpy(s->sent_receipts[s->sent_count++], range, sizeof range);
    s->out_len = w.len;
    return OK;
}
