/* Frames in and out: the adapter's side of the protocol, without a socket. */
#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"
#include "base/hex.h"
#include "base/log.h"

/* An error of a frame that must not stop the adapter: what a hub sends is input. */
static enum err survive(const char *what, enum err err)
{
    if (err == OK || err == ERR_REPEAT)
        return OK;
    if (err_class(err) == ERR_CLASS_FATAL || err_class(err) == ERR_CLASS_INTERNAL)
        return err;
    log_warn("frame_ignored", "what=%s code=%d", what, (int)err);
    return OK;
}

/* ---- receipts ---- */

static enum err take_member_receipt(struct sdk *s, const struct frame_receipt *entry,
                                    uint64_t now_ms)
{
    enum err err;
    lianshu_Receipt *r = s->receipt;

    if ((err = wire_decode(&lianshu_Receipt_msg, entry->receipt, r)) != OK)
        return err;
    const uint64_t time_ms = r->time_ms;
    if (time_ms > now_ms + 5 * SDK_RETRY_MAX_MS)
        return ERR_FUTURE;
    if ((err = receipt_verify(entry->receipt, entry->signature, s->registry, time_ms, s->verifier,
                              r)) != OK)
        return err;
    if (strcmp(r->by, s->hub) == 0)
        return ERR_RECEIPT_BY; /* a hub speaks through its log only */
    return outbox_receipt(s, r, entry->receipt, entry->signature, now_ms);
}

static enum err take_hub_receipt(struct sdk *s, const struct frame_receipt *entry,
                                 const struct checkpoint *checkpoint, struct span note,
                                 uint64_t now_ms)
{
    enum err err;
    uint8_t proof[FRAME_CHECKPOINT_MAX + FRAME_LOG_PATH_MAX * HASH_LEN];
    struct writer w = writer_of(proof, sizeof proof);

    if ((err = receipt_verify_hub(&s->log, checkpoint, entry->receipt,
                                  (const merkle_hash *)entry->path.data, entry->path.len / HASH_LEN,
                                  s->receipt)) != OK)
        return err;
    write_span(&w, entry->path);
    write_span(&w, note);
    if (w.full)
        return ERR_TOO_LARGE;
    return outbox_receipt(s, s->receipt, entry->receipt, writer_span(&w), now_ms);
}

/* One entry. What does not verify is passed over: it would block the stream for ever, and a
 * later hello asks for whatever is missing. */
static enum err take_receipt(struct sdk *s, const struct frame_receipt *entry,
                             const struct checkpoint *checkpoint, struct span note, uint64_t now_ms)
{
    enum err err;

    if (entry->form == FRAME_RECEIPT_MEMBER)
        err = take_member_receipt(s, entry, now_ms);
    else if (note.len == 0)
        err = ERR_CHECKPOINT;
    else
        err = take_hub_receipt(s, entry, checkpoint, note, now_ms);
    if (err == ERR_NOT_FOUND)
        return OK; /* of another adapter of this member, or long done */
    if (err_class(err) == ERR_CLASS_REJECT) {
        log_warn("receipt_ignored", "code=%d", (int)err);
        return OK;
    }
    return err;
}

static enum err take_receipts(struct sdk *s, struct span frame, uint64_t now_ms)
{
    enum err err;
    struct frame_receipts receipts;
    struct frame_receipt entry;
    struct checkpoint checkpoint;

    s->log.at_ms = now_ms;
    if ((err = frame_parse_receipts(frame, &receipts)) != OK)
        return err;
    if (receipts.checkpoint.len > 0 &&
        (err = log_reader_checkpoint(&s->log, receipts.checkpoint, &checkpoint)) != OK)
        return err;
    if (receipts.first > s->stream + 1)
        return ERR_SEQUENCE_GAP; /* not acknowledged, so the hub sends what is missing */
    if ((err = inner_begin(s)) != OK)
        return err;
    for (uint64_t number = receipts.first; frame_receipts_next(&receipts, &entry); number++) {
        if (receipts.first != 0 && number <= s->stream)
            continue;
        if ((err = take_receipt(s, &entry, &checkpoint, receipts.checkpoint, now_ms)) != OK)
            return err;
        if (receipts.first != 0)
            s->stream = number;
    }
    if (receipts.first == 0)
        return OK;
    s->ack_due = s->stream;
    return inner_value_set(s, "receipt_stream", s->stream);
}

/* ---- control ---- */

static enum err take_welcome(struct sdk *s, const lianshu_Welcome *w, uint64_t now_ms)
{
    if (strcmp(w->realm, s->realm) != 0 || strcmp(w->hub, s->hub) != 0)
        return ERR_REALM;
    if (w->registry_version > registry_version(s->registry))
        log_warn("registry_old", "have=%llu hub=%llu",
                 (unsigned long long)registry_version(s->registry),
                 (unsigned long long)w->registry_version);
    if (s->greeted)
        return OK;
    s->greeted = true;
    outbox_reconnected(s, now_ms);
    if (s->handler.connected != NULL)
        s->handler.connected(s->handler.ctx, true);
    return OK;
}

static enum err take_busy(struct sdk *s, const lianshu_Busy *b, uint64_t now_ms)
{
    char id[2 * SDK_ID_LEN + 1] = "";

    if (b->message_id.size == SDK_ID_LEN) {
        hex_encode(span_of(b->message_id.bytes, SDK_ID_LEN), id);
        outbox_busy(s, b->message_id.bytes, now_ms + b->retry_after_ms);
    }
    log_warn("busy", "code=%u message=%s retry_ms=%u", (unsigned)b->code, id,
             (unsigned)b->retry_after_ms);
    return OK;
}

static enum err take_ack(struct sdk *s)
{
    uint64_t range[2];

    if (s->sent_count == 0)
        return OK;
    memcpy(range, s->sent_receipts[0], sizeof range);
    memmove(s->sent_receipts, s->sent_receipts + 1, --s->sent_count * sizeof s->sent_receipts[0]);
    return range[1] == 0 ? OK : inbox_acked(s, range[0], range[1]);
}

/* The hub lacks chunks of an attachment of ours. */
static enum err take_wanted(struct sdk *s, const lianshu_ChunkWanted *c, uint64_t now_ms)
{
    struct want *free_slot = NULL;

    if (!outbox_known_root(s, c->root))
        return ERR_NOT_FOUND;
    for (size_t i = 0; i < SDK_WANT_MAX; i++) {
        if (s->want[i].used && memcmp(s->want[i].root, c->root, HASH_LEN) == 0)
            free_slot = &s->want[i]; /* asked again: begin anew where the hub says */
        if (!s->want[i].used && free_slot == NULL)
            free_slot = &s->want[i];
    }
    if (free_slot == NULL || c->count == 0 || c->first >= CHUNK_COUNT_MAX)
        return OK; /* the envelope comes again, and with it the question */
    *free_slot = (struct want){.used = true, .next = c->first, .end = c->first + c->count};
    memcpy(free_slot->root, c->root, HASH_LEN);
    if (c->message_id.size == SDK_ID_LEN) {
        memcpy(free_slot->message_id, c->message_id.bytes, SDK_ID_LEN);
        outbox_busy(s, c->message_id.bytes, now_ms + SDK_RETRY_MAX_MS);
    }
    return OK;
}

static enum err take_control(struct sdk *s, struct span frame, uint64_t now_ms)
{
    enum err err;
    lianshu_Control *c = s->control;

    if ((err = frame_read_control(frame, c)) != OK)
        return err;
    switch (c->which_body) {
    case lianshu_Control_welcome_tag:
        return take_welcome(s, &c->body.welcome, now_ms);
    case lianshu_Control_busy_tag:
        return take_busy(s, &c->body.busy, now_ms);
    case lianshu_Control_ack_tag:
        return take_ack(s);
    case lianshu_Control_chunk_wanted_tag:
        return take_wanted(s, &c->body.chunk_wanted, now_ms);
    default:
        return OK; /* nothing for us */
    }
}

/* ---- chunks for us ---- */

static enum err take_chunk(struct sdk *s, struct span frame, uint64_t now_ms)
{
    enum err err;
    struct frame_chunk chunk;
    uint8_t root[HASH_LEN];
    bool complete;

    if ((err = frame_parse_chunk(frame, &chunk)) != OK ||
        (err = file_take(s, &chunk, &complete)) != OK)
        return err;
    s->fetch.reask_ms = now_ms + SDK_REASK_MS;
    if (!complete)
        return OK;
    memcpy(root, chunk.root, HASH_LEN);
    return inbox_complete(s, root, now_ms);
}

static enum err keep_statement(struct sdk *s, struct span frame)
{
    if (frame.len > SDK_STATEMENT_MAX)
        return ERR_FRAME_LENGTH;
    memcpy(s->last_statement, frame.data, frame.len);
    s->last_statement_len = frame.len;
    return OK;
}

static enum err take_envelope(struct sdk *s, struct span frame, uint64_t now_ms)
{
    const struct span statement = span_of(s->last_statement, s->last_statement_len);

    if (statement.len == 0)
        return ERR_HEADER; /* nothing says that the hub accepted it */
    s->last_statement_len = 0;
    return inbox_take(s, statement, frame, now_ms);
}

static enum err take_one(struct sdk *s, struct span frame, uint64_t now_ms)
{
    enum frame_kind kind;
    enum err err = frame_kind(frame, &kind);

    if (err != OK)
        return survive("unknown", err);
    switch (kind) {
    case FRAME_STATEMENT:
        return survive("LSV1", keep_statement(s, frame));
    case FRAME_ENVELOPE:
        return survive("LSE1", take_envelope(s, frame, now_ms));
    case FRAME_RECEIPTS:
        err = take_receipts(s, frame, now_ms);
        /* What was put off with the transaction open would be acknowledged with it. */
        return err_class(err) == ERR_CLASS_RETRY && err != ERR_SEQUENCE_GAP ? err
                                                                            : survive("LSR1", err);
    case FRAME_CHUNK:
        return survive("LSC1", take_chunk(s, frame, now_ms));
    case FRAME_CONTROL:
        return survive("LSK1", take_control(s, frame, now_ms));
    default:
        return survive(frame_kind_name(kind), ERR_FRAME_EMPTY);
    }
}

enum err turn_input(struct sdk *s, struct span frame, uint64_t now_ms)
{
    enum frame_kind kind;
    struct frame_bundle bundle;
    struct span inner;
    enum err err = frame_kind(frame, &kind);

    if (err != OK || kind != FRAME_BUNDLE)
        return take_one(s, frame, now_ms);
    if ((err = frame_parse_bundle(frame, &bundle)) != OK)
        return survive("LSB1", err);
    while (frame_bundle_next(&bundle, &inner))
        if ((err = take_one(s, inner, now_ms)) != OK)
            return err;
    return OK;
}

/* ---- output ---- */

static enum err put_control(struct sdk *s)
{
    struct writer w = writer_of(s->out, FRAME_MAX);
    const enum err err = frame_put_control(&w, s->control);

    if (err != OK)
        return err;
    s->out_len = w.len;
    return OK;
}

static enum err say_hello(struct sdk *s, uint64_t now_ms)
{
    lianshu_Control *c = s->control;
    struct stmt *q = s->sql[SQL_OUTBOX_UNFINISHED];
    enum err err;

    wire_clear(&lianshu_Control_msg, c);
    c->kind = lianshu_ControlKind_CONTROL_HELLO;
    c->which_body = lianshu_Control_hello_tag;
    lianshu_Hello *h = &c->body.hello;
    memset(h, 0, sizeof *h); /* a member of a union: wire_clear does not reach it */
    memcpy(h->member, s->member, sizeof s->member);
    memcpy(h->realm, s->realm, sizeof s->realm);
    h->registry_version = registry_version(s->registry);
    h->receipt_stream = s->stream;
    h->credit_messages = s->window_messages;
    h->credit_bytes = s->window_bytes;
    const size_t max = sizeof h->unfinished / sizeof h->unfinished[0];
    for (err = stmt_step(q); err == OK && h->unfinished_count < max; err = stmt_step(q))
        stmt_copy(q, 0, h->unfinished[h->unfinished_count++], SDK_ID_LEN);
    if ((err = stmt_end(q, err)) != OK && err != ERR_NOT_FOUND)
        return err;
    s->hello_ms = now_ms + SDK_HELLO_AGAIN_MS;
    return put_control(s);
}

static enum err say_ack(struct sdk *s)
{
    lianshu_Control *c = s->control;

    wire_clear(&lianshu_Control_msg, c);
    c->kind = lianshu_ControlKind_CONTROL_ACK;
    c->which_body = lianshu_Control_ack_tag;
    c->body.ack = (lianshu_Ack){.receipt_stream = s->ack_due};
    s->ack_due = 0;
    return put_control(s);
}

/* Ask for the next window of the attachment that is being fetched. */
static enum err ask_chunks(struct sdk *s, uint64_t now_ms)
{
    enum err err;
    struct incoming_fetch *f = &s->fetch;
    lianshu_Control *c = s->control;

    if (f->fd < 0) {
        uint8_t root[HASH_LEN], message_id[SDK_ID_LEN];
        uint64_t count;
        if ((err = inbox_fetch_next(s, root, &count, message_id)) != OK)
            return err;
        if ((err = file_fetch(s, root, count)) != OK)
            return err_class(err) == ERR_CLASS_RETRY ? ERR_NOT_FOUND : err;
        memcpy(f->message_id, message_id, SDK_ID_LEN);
    }
    if (f->have < f->asked && now_ms < f->reask_ms)
        return ERR_NOT_FOUND;
    const uint64_t left = f->count - f->have;
    wire_clear(&lianshu_Control_msg, c);
    c->kind = lianshu_ControlKind_CONTROL_CHUNK_WANTED;
    c->which_body = lianshu_Control_chunk_wanted_tag;
    c->body.chunk_wanted = (lianshu_ChunkWanted){
        .first = f->have,
        .count = (uint32_t)(left < SDK_CHUNK_WINDOW ? left : SDK_CHUNK_WINDOW),
    };
    memcpy(c->body.chunk_wanted.root, f->root, HASH_LEN);
    c->body.chunk_wanted.message_id.size = SDK_ID_LEN;
    memcpy(c->body.chunk_wanted.message_id.bytes, f->message_id, SDK_ID_LEN);
    f->asked = f->have + c->body.chunk_wanted.count;
    f->reask_ms = now_ms + SDK_REASK_MS;
    return put_control(s);
}

/* The next chunk that the hub wants. After the last of a range its envelope goes again. */
static enum err serve_chunk(struct sdk *s, uint64_t now_ms)
{
    for (size_t i = 0; i < SDK_WANT_MAX; i++) {
        struct want *w = &s->want[i];
        if (!w->used)
            continue;
        const enum err err = file_chunk(s, w->root, w->next++);
        if (err != OK || w->next == w->end) {
            w->used = false;
            outbox_busy(s, w->message_id, now_ms);
        }
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_NOT_FOUND;
}

enum err turn_output(struct sdk *s, uint64_t now_ms, struct span *frame)
{
    enum err err = ERR_NOT_FOUND;

    if (s->out_len > 0) {
        *frame = span_of(s->out, s->out_len);
        return OK;
    }
    if (!s->up)
        return ERR_NOT_FOUND;
    if (!s->greeted) {
        if (now_ms < s->hello_ms)
            return ERR_NOT_FOUND;
        err = say_hello(s, now_ms);
    } else if (s->ack_due != 0) {
        err = say_ack(s);
    } else if ((err = inbox_receipts_next(s)) == ERR_NOT_FOUND &&
               (err = outbox_next(s, now_ms)) == ERR_NOT_FOUND &&
               (err = ask_chunks(s, now_ms)) == ERR_NOT_FOUND) {
        err = serve_chunk(s, now_ms);
    }
    if (err == OK)
        *frame = span_of(s->out, s->out_len);
    return err;
}

void turn_connection(struct sdk *s, bool up, uint64_t now_ms)
{
    if (s->greeted && s->handler.connected != NULL)
        s->handler.connected(s->handler.ctx, false);
    s->up = up;
    s->greeted = false;
    s->hello_ms = now_ms;
    s->out_len = 0;
    s->last_statement_len = 0;
    s->sent_count = 0;
    s->receipt_cursor = 0; /* what was not acknowledged goes again */
    s->repeat_count = 0;
    s->ack_due = 0;
    s->fetch.asked = 0;
    memset(s->want, 0, sizeof s->want);
}

enum err turn_tick(struct sdk *s, uint64_t now_ms)
{
    enum err err;

    if (now_ms < s->lapse_ms)
        return OK;
    s->lapse_ms = now_ms + SDK_LAPSE_EVERY_MS;
    if ((err = outbox_lapse(s, now_ms)) != OK)
        return err;
    return inbox_resume(s, now_ms);
}
