/* Frames in and out: the adapter's side of the protocol, without a socket. */
#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"
#include "base/hex.h"
#include "base/log.h"
#include "keys/amend.h"

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
        return ERR_RECEIPT_BY; /* our hub speaks through its log only */
    return outbox_receipt(s, r, now_ms);
}

static enum err take_hub_receipt(struct sdk *s, const struct frame_receipt *entry,
                                 const struct checkpoint *checkpoint, uint64_t now_ms)
{
    const enum err err = receipt_verify_hub(&s->log, checkpoint, entry->receipt,
                                            (const merkle_hash *)entry->path.data,
                                            entry->path.len / HASH_LEN, s->receipt);

    return err == OK ? outbox_receipt(s, s->receipt, now_ms) : err;
}

/* Of a hub further on: under its own log key. That it is on the way is for the outbox to say, which
 * knows where the message went. */
static enum err take_other_receipt(struct sdk *s, const struct frame_receipt *entry,
                                   uint64_t now_ms)
{
    const enum err err = log_readers_receipt(s->logs, s->registry, now_ms, entry->receipt,
                                             entry->path, entry->checkpoint, s->receipt);

    if (err == OK && strcmp(s->receipt->by, s->hub) == 0)
        return ERR_RECEIPT_BY;
    return err == OK ? outbox_receipt(s, s->receipt, now_ms) : err;
}

/* One entry. What does not verify is passed over: it would block the stream for ever, and a
 * later hello asks for whatever is missing. */
static enum err take_receipt(struct sdk *s, const struct frame_receipt *entry,
                             const struct checkpoint *checkpoint, struct span note, uint64_t now_ms)
{
    enum err err;

    if (entry->form == FRAME_RECEIPT_MEMBER)
        err = take_member_receipt(s, entry, now_ms);
    else if (entry->form == FRAME_RECEIPT_OTHER_HUB)
        err = take_other_receipt(s, entry, now_ms);
    else if (note.len == 0)
        err = ERR_CHECKPOINT;
    else
        err = take_hub_receipt(s, entry, checkpoint, now_ms);
    if (err == ERR_NOT_FOUND)
        return OK; /* of another adapter of this member, or long done */
    if (err_class(err) == ERR_CLASS_REJECT) {
        log_warn("receipt_ignored", "code=%d", (int)err);
        return OK;
    }
    return err;
}

/* The frame as it came proves every receipt in it. */
static enum err put_proof(struct sdk *s, struct span frame, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_PROOF_PUT];

    stmt_bind_u64(q, 1, ++s->proof_last);
    stmt_bind_u64(q, 2, now_ms);
    stmt_bind_blob(q, 3, frame);
    return stmt_run(q);
}

/* Numbers were passed over: another adapter of this member has acknowledged them. What they said
 * about our own messages the hub tells again when a hello names these; not more often than it can
 * bear. */
static void note_gap(struct sdk *s, uint64_t now_ms)
{
    if (s->gap_hello_ms != 0)
        return;
    s->gap_hello_ms = now_ms < s->gap_allowed_ms ? s->gap_allowed_ms : now_ms;
}

static enum err take_entries(struct sdk *s, struct frame_receipts *receipts,
                             const struct checkpoint *checkpoint, uint64_t now_ms)
{
    enum err err;
    struct frame_receipt entry;

    s->proof_used = false;
    s->proof_place = 0;
    for (uint64_t number = receipts->first; frame_receipts_next(receipts, &entry); number++) {
        if (receipts->first == 0 || number > s->stream) {
            err = take_receipt(s, &entry, checkpoint, receipts->checkpoint, now_ms);
            if (err != OK)
                return err;
            if (receipts->first != 0)
                s->stream = number;
        }
        s->proof_place++;
    }
    return OK;
}

/* Which of the hub's logs is this? A later one: the hub lost its disk and was set back to a copy
 * (PROTOCOL 8.3). It counts its receipts anew, and what it had taken and not brought to an end is
 * with nobody: all of that is named and offered again. A log that it has given up says nothing. */
static enum err note_log(struct sdk *s, const struct checkpoint *checkpoint, uint64_t now_ms)
{
    enum err err;
    uint32_t number = 0;
    if (!note_origin_number(checkpoint->origin, s->hub, s->realm, &number) ||
        number < s->log_number)
        return ERR_CHECKPOINT;
    if (number == s->log_number)
        return OK;
    if (s->log_number != 0) {
        log_warn("hub_restored", "log=%u before=%u", (unsigned)number, (unsigned)s->log_number);
        s->stream = 0;
        s->unfinished_cursor = 0;
        s->gap_hello_ms = now_ms;
        flight_offer_all(s, now_ms, true);
        if ((err = kept_again(s)) != OK)
            return err;
    }
    if (number > 1 && ((err = inner_begin(s)) != OK || (err = reseal_from(s)) != OK))
        return err;
    s->log_number = number;
    return OK;
}

static enum err take_receipts(struct sdk *s, struct span frame, uint64_t now_ms)
{
    enum err err;
    struct frame_receipts receipts;
    struct checkpoint checkpoint;

    s->log.at_ms = now_ms;
    if ((err = frame_parse_receipts(frame, &receipts)) != OK)
        return err;
    if (receipts.checkpoint.len > 0 &&
        ((err = log_reader_checkpoint(&s->log, receipts.checkpoint, &checkpoint)) != OK ||
         (err = note_log(s, &checkpoint, now_ms)) != OK))
        return err;
    if (receipts.first > s->stream + 1)
        note_gap(s, now_ms);
    const uint64_t first = receipts.first;
    if ((err = inner_begin(s)) != OK ||
        (err = take_entries(s, &receipts, &checkpoint, now_ms)) != OK ||
        (s->proof_used && (err = put_proof(s, frame, now_ms)) != OK) || first == 0)
        return err;
    s->ack_due = s->stream;
    return OK;
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
    /* Only a name until a checkpoint says so: but nobody may wait for what is lost. */
    uint32_t number = 0;
    enum err err = OK;
    const bool later = s->log_number != 0 &&
                       note_origin_number(w->log, s->hub, s->realm, &number) &&
                       number > s->log_number;
    if (later && (err = kept_again(s)) != OK)
        return err;
    s->greeted = true;
    s->up_ms = now_ms;
    if (s->down_ms == 0 || now_ms > s->down_ms + SDK_GAP_CUT_MS)
        s->together_ms = now_ms;
    s->hello_attempt = 0;
    flight_reconnected(s, now_ms);
    if (later)
        flight_offer_all(s, now_ms, true);
    if (s->handler.connected != NULL)
        s->handler.connected(s->handler.ctx, true);
    return OK;
}

/* Put off, by a message's id or as a whole. Nothing of ours waits longer than its own back-off
 * would let it. */
static enum err take_busy(struct sdk *s, const lianshu_Busy *b, uint64_t now_ms)
{
    char id[2 * SDK_ID_LEN + 1] = "";
    const uint64_t wait_ms =
        b->retry_after_ms < SDK_RETRY_MAX_MS ? b->retry_after_ms : SDK_RETRY_MAX_MS;
    const uint64_t due_ms = now_ms + flight_jitter(s, wait_ms);

    if (b->message_id.size == SDK_ID_LEN) {
        hex_encode(span_of(b->message_id.bytes, SDK_ID_LEN), id);
        flight_busy(s, b->message_id.bytes, due_ms);
    } else if (err_class(err_from_code(b->code)) == ERR_CLASS_RETRY) {
        flight_quiet(s, due_ms);
    }
    if (b->code != s->busy_code) /* once, not for each of a thousand */
        log_warn("busy", "code=%u message=%s retry_ms=%u", (unsigned)b->code, id,
                 (unsigned)b->retry_after_ms);
    s->busy_code = b->code;
    return OK;
}

/* One LSR1 of ours is on the hub's disk: the one it names, else the oldest. */
static enum err take_ack(struct sdk *s, uint64_t named)
{
    uint64_t owed = named;
    size_t at = 0;

    while (named != 0 && at < s->sent_count && s->sent_receipts[at] != named)
        at++;
    if (at >= s->sent_count)
        return named == 0 ? OK : inbox_acked(s, named);
    owed = s->sent_receipts[at];
    memmove(s->sent_receipts + at, s->sent_receipts + at + 1,
            (--s->sent_count - at) * sizeof s->sent_receipts[0]);
    return owed == 0 ? OK : inbox_acked(s, owed);
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
        return take_ack(s, c->body.ack.receipt_stream);
    case lianshu_Control_chunk_wanted_tag:
        return chunks_wanted(s, &c->body.chunk_wanted, now_ms);
    case lianshu_Control_amendments_tag:
        return amends_take(s, &c->body.amendments, now_ms);
    default:
        return OK; /* nothing for us */
    }
}

/* ---- deliveries ---- */

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
        return err_class(err) == ERR_CLASS_RETRY ? err : survive("LSR1", err);
    case FRAME_CHUNK:
        return survive("LSC1", chunks_take(s, frame, now_ms));
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

enum err turn_put_control(struct sdk *s)
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
    struct stmt *q = s->sql[SQL_LIVE_UNFINISHED];
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
    h->mirror = true;
    const struct span amended = registry_amended(s->registry);
    h->amendments.size = (pb_size_t)amended.len;
    if (amended.len > 0)
        memcpy(h->amendments.bytes, amended.data, amended.len);
    if (s->log_number != 0 &&
        (err = note_origin(h->receipt_log, s->hub, s->realm, (uint32_t)s->log_number)) != OK)
        return err;
    const size_t max = sizeof h->unfinished / sizeof h->unfinished[0];
    stmt_bind_u64(q, 1, s->unfinished_cursor);
    for (err = stmt_step(q); err == OK && h->unfinished_count < max; err = stmt_step(q)) {
        stmt_copy(q, 0, h->unfinished[h->unfinished_count++], SDK_ID_LEN);
        s->unfinished_cursor = stmt_u64(q, 1);
    }
    if ((err = stmt_end(q, err)) != OK && err != ERR_NOT_FOUND)
        return err;
    const uint64_t wait_ms = (uint64_t)SDK_HELLO_AGAIN_MS
                             << (s->hello_attempt < 4 ? s->hello_attempt++ : 4);
    s->hello_ms =
        now_ms + flight_jitter(s, wait_ms < SDK_RETRY_MAX_MS ? wait_ms : SDK_RETRY_MAX_MS);
    /* More than one hello can name: the others in the next one. */
    s->gap_allowed_ms = now_ms + SDK_GAP_HELLO_MS;
    s->gap_hello_ms = h->unfinished_count == max ? s->gap_allowed_ms : 0;
    if (h->unfinished_count < max)
        s->unfinished_cursor = 0;
    return turn_put_control(s);
}

static enum err say_ack(struct sdk *s)
{
    lianshu_Control *c = s->control;

    wire_clear(&lianshu_Control_msg, c);
    c->kind = lianshu_ControlKind_CONTROL_ACK;
    c->which_body = lianshu_Control_ack_tag;
    c->body.ack = (lianshu_Ack){.receipt_stream = s->ack_due};
    s->ack_due = 0;
    return turn_put_control(s);
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
    } else if (s->gap_hello_ms != 0 && now_ms >= s->gap_hello_ms) {
        s->sent_count = 0;
        s->receipt_cursor = 0; /* the hub forgets what it has not acknowledged */
        err = say_hello(s, now_ms);
    } else if (s->ack_due != 0) {
        err = say_ack(s);
    } else if ((err = own_record_say(s)) == ERR_NOT_FOUND &&
               (err = inbox_receipts_next(s)) == ERR_NOT_FOUND &&
               (err = flight_next(s, now_ms)) == ERR_NOT_FOUND &&
               (err = chunks_ask(s, now_ms)) == ERR_NOT_FOUND) {
        err = chunks_serve(s, now_ms);
    }
    if (err == OK)
        *frame = span_of(s->out, s->out_len);
    return err;
}

/* A connection that comes and goes must not cost the hub a greeting each time. */
static uint64_t greeting_wait(struct sdk *s, uint64_t now_ms)
{
    const bool flapped = s->linked_ms != 0 && now_ms < s->linked_ms + SDK_FLAP_MS;
    uint64_t wait_ms = SDK_FLAP_WAIT_MS;

    s->linked_ms = now_ms;
    s->flaps = flapped ? s->flaps + 1 : 0;
    if (s->flaps < SDK_FLAPS_FREE)
        return 0;
    for (uint32_t i = SDK_FLAPS_FREE; i < s->flaps && wait_ms < SDK_FLAP_WAIT_MAX_MS; i++)
        wait_ms *= 2;
    return flight_jitter(s, wait_ms < SDK_FLAP_WAIT_MAX_MS ? wait_ms : SDK_FLAP_WAIT_MAX_MS);
}

void turn_connection(struct sdk *s, bool up, uint64_t now_ms)
{
    if (s->greeted && s->handler.connected != NULL)
        s->handler.connected(s->handler.ctx, false);
    if (s->greeted)
        s->down_ms = now_ms;
    s->up = up;
    s->greeted = false;
    s->hello_ms = now_ms + (up ? greeting_wait(s, now_ms) : 0);
    s->hello_attempt = 0;
    s->out_len = 0;
    s->last_statement_len = 0;
    s->sent_count = 0;
    s->receipt_cursor = 0; /* what was not acknowledged goes again */
    s->record_cursor = 0;
    s->records_more = true;
    s->repeat_count = 0;
    s->ack_due = 0;
    chunks_forget(s);
}

enum err turn_tick(struct sdk *s, uint64_t now_ms)
{
    enum err err;

    if (now_ms < s->lapse_ms)
        return OK;
    s->lapse_ms = now_ms + SDK_LAPSE_EVERY_MS;
    if ((err = outbox_lapse(s, now_ms)) != OK || (err = trim_some(s, now_ms)) != OK ||
        (err = trim_mirror(s)) != OK)
        return err;
    return inbox_resume(s, now_ms);
}
