/* Our receipts: staged, signed in one batch at the commit, sent until acknowledged. */
#include "adapters/sdk/inbox_inner.h"

struct about {
    lianshu_ReceiptKind kind;
    enum err code;
    const char *sender;
    const uint8_t *message_id, *env_id;
    const char *reference;
    uint64_t time_ms;
};

/* Q, appended. The same facts give the same bytes, whenever. */
static enum err write_receipt(struct sdk *s, const struct about *a, struct writer *w)
{
    lianshu_Receipt *r = s->receipt;

    wire_clear(&lianshu_Receipt_msg, r);
    memcpy(r->realm, s->realm, sizeof s->realm);
    r->kind = a->kind;
    memcpy(r->sender, a->sender, strlen(a->sender) + 1);
    memcpy(r->message_id, a->message_id, SDK_ID_LEN);
    memcpy(r->env_id, a->env_id, HASH_LEN);
    memcpy(r->by, s->member, sizeof s->member);
    r->code = (uint32_t)a->code;
    r->time_ms = a->time_ms;
    memcpy(r->reference, a->reference, strlen(a->reference) + 1);
    return receipt_encode(r, w);
}

static enum err stage_receipt(struct sdk *s, const struct about *a)
{
    if (s->receipt_stage_count == SDK_RECEIPT_STAGE_MAX)
        return ERR_BUSY;
    struct writer w =
        writer_of(s->receipt_bytes + s->receipt_len, SDK_RECEIPT_BYTES - s->receipt_len);
    const enum err err = write_receipt(s, a, &w);
    if (err != OK)
        return err;
    s->receipt_stage[s->receipt_stage_count++] =
        (struct stage_receipt){.at = s->receipt_len, .len = w.len};
    s->receipt_len += w.len;
    return OK;
}

enum err inbox_receipt_for(struct sdk *s, lianshu_ReceiptKind kind, enum err code, uint64_t now_ms)
{
    const struct unpacked *u = s->message;
    const struct about about = {.kind = kind,
                                .code = code,
                                .sender = u->header.sender,
                                .message_id = u->header.message_id,
                                .env_id = u->env_id,
                                .reference = "",
                                .time_ms = now_ms};
    return stage_receipt(s, &about);
}

/* ---- opened and acted ---- */

static enum err put_mark(struct sdk *s, uint64_t row, const struct about *a, bool *fresh)
{
    struct stmt *q = s->sql[SQL_MARK_PUT];
    uint64_t changed = 0;

    stmt_bind_u64(q, 1, row);
    stmt_bind_u64(q, 2, (uint64_t)a->kind);
    stmt_bind_u64(q, 3, a->time_ms);
    stmt_bind_text(q, 4, a->reference);
    const enum err err = stmt_run_changed(q, &changed);
    *fresh = changed > 0;
    return err;
}

enum err sdk_receipt(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN],
                     const uint8_t env_id[static SDK_ENV_ID_LEN], uint32_t kind,
                     const char *reference, uint64_t now_ms)
{
    enum err err;
    struct stmt *q = s->sql[SQL_INBOX_BY_MESSAGE];
    uint64_t row = 0;
    char sender[SDK_MEMBER_MAX] = "";
    bool fresh = false;

    if (kind != lianshu_ReceiptKind_RECEIPT_OPENED && kind != lianshu_ReceiptKind_RECEIPT_ACTED)
        return ERR_FIELD_VALUE;
    if (reference != NULL && strlen(reference) >= SDK_REFERENCE_MAX)
        return ERR_FIELD_LONG;
    if (s->receipt_stage_count == SDK_RECEIPT_STAGE_MAX)
        return ERR_BUSY;
    stmt_bind_bytes(q, 1, message_id, SDK_ID_LEN);
    stmt_bind_bytes(q, 2, env_id, HASH_LEN);
    err = stmt_step(q);
    if (err == OK) {
        row = stmt_u64(q, 0);
        stmt_copy_text(q, 1, sender, sizeof sender);
        const uint64_t state = stmt_u64(q, 3);
        err = state == APPLIED ? OK : state == WITHDRAWN ? ERR_WITHDRAWN : ERR_NOT_FOUND;
    }
    if ((err = stmt_end(q, err)) != OK || (err = inner_begin(s)) != OK)
        return err;
    const struct about about = {.kind = (lianshu_ReceiptKind)kind,
                                .sender = sender,
                                .message_id = message_id,
                                .env_id = env_id,
                                .reference = reference == NULL ? "" : reference,
                                .time_ms = now_ms};
    if ((err = put_mark(s, row, &about, &fresh)) != OK || !fresh)
        return err; /* said before: once is enough */
    return stage_receipt(s, &about);
}

/* ---- signing ---- */

/* Sign Q number 0 … count - 1 of receipt_stage and append them as entries of an LSR1. */
static enum err sign(struct sdk *s, const struct stage_receipt *stage, size_t count)
{
    enum err err;

    batch_reset(s->batch);
    for (size_t i = 0; i < count; i++) {
        merkle_hash leaf;
        size_t index;
        receipt_leaf(leaf, span_of(s->receipt_bytes + stage[i].at, stage[i].len));
        if ((err = batch_add(s->batch, leaf, &index)) != OK)
            return err;
    }
    return batch_sign(s->batch, s->sign);
}

static enum err add_entry(struct sdk *s, const struct stage_receipt *stage, size_t index,
                          struct writer *w)
{
    enum err err;
    uint8_t signature[BATCH_SIGNATURE_MAX];
    struct writer sw = writer_of(signature, sizeof signature);

    if ((err = batch_write(s->batch, index, &sw)) != OK)
        return err;
    const struct frame_receipt entry = {
        .form = FRAME_RECEIPT_MEMBER,
        .receipt = span_of(s->receipt_bytes + stage->at, stage->len),
        .signature = writer_span(&sw),
    };
    frame_receipts_add(w, &entry);
    return w->full ? ERR_INTERNAL : OK;
}

static enum err put_owed(struct sdk *s, size_t count, struct span entries)
{
    struct stmt *q = s->sql[SQL_OWED_PUT];

    stmt_bind_u64(q, 1, ++s->owed_last);
    stmt_bind_u64(q, 2, count);
    stmt_bind_blob(q, 3, entries);
    return stmt_run(q);
}

enum err inbox_sign(struct sdk *s)
{
    enum err err;

    if (s->receipt_stage_count == 0)
        return OK;
    if ((err = sign(s, s->receipt_stage, s->receipt_stage_count)) != OK)
        return err;
    for (size_t i = 0; i < s->receipt_stage_count;) {
        struct writer w = writer_of(s->frame, FRAME_MAX);
        const size_t first = i;
        for (; i < s->receipt_stage_count && i - first < SDK_RECEIPTS_PER_FRAME; i++)
            if ((err = add_entry(s, &s->receipt_stage[i], i, &w)) != OK)
                return err;
        if ((err = put_owed(s, i - first, writer_span(&w))) != OK)
            return err;
    }
    return OK;
}

/* ---- sending ---- */

enum err inbox_acked(struct sdk *s, uint64_t owed)
{
    enum err err;
    struct stmt *q = s->sql[SQL_OWED_DROP];

    if ((err = inner_begin(s)) != OK)
        return err;
    stmt_bind_u64(q, 1, owed);
    return stmt_run(q);
}

/* What an inbox row has been answered with, in the order of saying; Q's are put behind what is
 * staged, and stay there until they are signed. */
struct again {
    struct stage_receipt stage[SDK_RECEIPTS_PER_FRAME];
    size_t count, len;
};

static enum err add_again(struct sdk *s, struct again *g, const struct about *a)
{
    struct writer w = writer_of(s->receipt_bytes + g->len, SDK_RECEIPT_BYTES - g->len);
    const enum err err = write_receipt(s, a, &w);

    if (err != OK)
        return err;
    g->stage[g->count++] = (struct stage_receipt){.at = g->len, .len = w.len};
    g->len += w.len;
    return OK;
}

static enum err add_marks(struct sdk *s, struct again *g, uint64_t row, struct about *a)
{
    struct stmt *q = s->sql[SQL_MARKS_OF];
    char reference[SDK_REFERENCE_MAX];
    enum err err;

    for (uint64_t kind = 0;;) {
        stmt_bind_u64(q, 1, row);
        stmt_bind_u64(q, 2, kind);
        err = stmt_step(q);
        if (err == OK) {
            kind = stmt_u64(q, 0);
            a->time_ms = stmt_u64(q, 1);
            stmt_copy_text(q, 2, reference, sizeof reference);
        }
        if ((err = stmt_end(q, err)) != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        a->kind = (lianshu_ReceiptKind)kind;
        a->code = OK;
        a->reference = reference;
        if ((err = add_again(s, g, a)) != OK)
            return err;
    }
}

static enum err add_row(struct sdk *s, struct again *g, uint64_t row)
{
    struct stmt *q = s->sql[SQL_INBOX_ROW];
    char sender[SDK_MEMBER_MAX] = "";
    uint8_t message_id[SDK_ID_LEN], env_id[HASH_LEN];
    struct about a = {
        .sender = sender, .message_id = message_id, .env_id = env_id, .reference = ""};
    uint64_t state = 0;

    stmt_bind_u64(q, 1, row);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy_text(q, 0, sender, sizeof sender);
        stmt_copy(q, 1, message_id, sizeof message_id);
        stmt_copy(q, 2, env_id, sizeof env_id);
        state = stmt_u64(q, 3);
        a.code = (enum err)stmt_u64(q, 4);
        a.time_ms = stmt_u64(q, 5);
    }
    if ((err = stmt_end(q, err)) != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    a.kind = state == RETURNED ? lianshu_ReceiptKind_RECEIPT_RETURNED
                               : lianshu_ReceiptKind_RECEIPT_DELIVERED;
    if ((err = add_again(s, g, &a)) != OK)
        return err;
    return add_marks(s, g, row, &a);
}

/* Receipts that the hub asked for by delivering again: the same Q, proven anew. */
static enum err add_repeats(struct sdk *s, struct writer *w, size_t *count)
{
    enum err err;
    struct again g = {.len = s->receipt_len};

    while (s->repeat_count > 0 && g.count + 3 <= SDK_RECEIPTS_PER_FRAME)
        if ((err = add_row(s, &g, s->repeat[--s->repeat_count])) != OK)
            return err;
    *count = g.count;
    if (g.count == 0)
        return OK;
    if ((err = sign(s, g.stage, g.count)) != OK)
        return err;
    for (size_t i = 0; i < g.count; i++)
        if ((err = add_entry(s, &g.stage[i], i, w)) != OK)
            return err;
    return OK;
}

static enum err add_owed(struct sdk *s, struct writer *w, size_t *count)
{
    struct stmt *q = s->sql[SQL_OWED_NEXT];

    stmt_bind_u64(q, 1, s->receipt_cursor);
    enum err err = stmt_step(q);
    if (err == OK) {
        s->receipt_cursor = stmt_u64(q, 0);
        *count = (size_t)stmt_u64(q, 1);
        write_span(w, stmt_blob(q, 2));
    }
    err = stmt_end(q, err);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err inbox_receipts_next(struct sdk *s)
{
    enum err err;
    struct writer entries = writer_of(s->frame, FRAME_MAX);
    struct writer w = writer_of(s->out, FRAME_MAX);
    uint64_t owed = 0;
    size_t count = 0;

    if (s->repeat_count > 0 && (err = add_repeats(s, &entries, &count)) != OK)
        return err;
    /* A hub that never acknowledges does not stop us: it delivers again and gets repeats. */
    if (count == 0 && s->receipt_cursor < s->owed_last && s->sent_count < SDK_ACK_MAX) {
        if ((err = add_owed(s, &entries, &count)) != OK)
            return err;
        owed = s->receipt_cursor;
        if (count == 0)
            s->receipt_cursor = s->owed_last; /* all of them were acknowledged before */
    }
    if (count == 0)
        return ERR_NOT_FOUND;
    frame_receipts_begin(&w, 0, (unsigned)count);
    write_span(&w, writer_span(&entries));
    frame_receipts_end(&w, span_of(NULL, 0));
    if (w.full || entries.full)
        return ERR_INTERNAL;
    if (s->sent_count == SDK_ACK_MAX)
        memmove(s->sent_receipts, s->sent_receipts + 1,
                --s->sent_count * sizeof s->sent_receipts[0]);
    s->sent_receipts[s->sent_count++] = owed;
    s->out_len = w.len;
    return OK;
}
