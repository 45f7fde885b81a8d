/* A message that its hub refused because a key that it was sealed to is no longer good: sealed
 * again to the keys of now, the same documents under another message id. PROTOCOL 5.1, overlap. */
#include "adapters/sdk/archive.h"
#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"
#include "base/log.h"
#include "keys/guard.h"
#include "keys/seal.h"

/* Refused by our hub at the door, for a key. What any hub took once is never sealed again. */
static bool refused_for_a_key(const struct sdk *s, const struct outbox_row *row,
                              const lianshu_Receipt *r)
{
    const enum err code = err_from_code(r->code);
    return r->kind == lianshu_ReceiptKind_RECEIPT_REJECTED && row->state == SDK_QUEUED &&
           strcmp(r->by, s->hub) == 0 &&
           (code == ERR_KEY_EXPIRED || code == ERR_REVOKED || code == ERR_KEY_ROTATED);
}

/* A reader's key is over, and every reader has one that counts now. */
static bool replaced(const struct sdk *s, const lianshu_Header *h, uint64_t now_ms)
{
    const struct registry_key *key;
    bool over = false;

    for (pb_size_t p = 0; p < h->parts_count; p++)
        for (pb_size_t i = 0; i < h->parts[p].audience_count; i++) {
            const lianshu_Reader *reader = &h->parts[p].audience[i];
            if (registry_current(s->registry, reader->member, KEY_USE_SEAL, now_ms, &key) != OK)
                return false;
            over = over || registry_signer(s->registry, reader->member, reader->kid, KEY_USE_SEAL,
                                           now_ms, &key) != OK;
        }
    return over;
}

/* A withdrawal of it waits for its answer: it names the old id, and its reader must not get a new
 * one behind it. */
static enum err taken_back(struct sdk *s, uint64_t row, bool *is)
{
    struct stmt *q = s->sql[SQL_LIVE_AFTER];

    stmt_bind_u64(q, 1, row);
    enum err err = stmt_step(q);
    *is = err == OK;
    err = stmt_end(q, err);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* The last row of the outbox when the hub's new log was met first. */
#define LOG_ROW "log_row"

enum err reseal_from(struct sdk *s)
{
    return inner_value_set(s, LOG_ROW, s->outbox_last);
}

/* Header and documents of the frame that was refused. ERR_NOT_FOUND: its keys were not kept. */
static enum err open_parts(struct sdk *s, const struct outbox_row *row,
                           const struct frame_envelope *frame,
                           const uint8_t header_hash[static HASH_LEN],
                           struct span plain[static SDK_PARTS])
{
    uint8_t *const room[SDK_PARTS] = {s->message->facts_plain, s->message->sealed_plain,
                                      s->message->manifest_plain};
    unsigned known = 0;
    enum err err = archive_get(s, row->id, s->deks, &known);

    for (unsigned i = 0; err == OK && i < frame->part_count; i++)
        err = i >= SDK_PARTS || (known >> i & 1) == 0
                  ? ERR_NOT_FOUND
                  : seal_open_dek(s->deks[i], header_hash, (uint8_t)i, frame->parts[i].cipher,
                                  room[i], SDK_PART_MAX, &plain[i]);
    guard_wipe(s->deks, FRAME_PARTS_MAX * sizeof *s->deks);
    return err;
}

/* The new envelope into s->frame; its keys into s->deks. */
static enum err seal(struct sdk *s, const struct span plain[static SDK_PARTS], uint64_t now_ms,
                     uint8_t env_id[static HASH_LEN], struct writer *w)
{
    lianshu_Header *h = s->header;
    const struct envelope_options options = {
        .realm = s->realm,
        .sender = s->member,
        .key = s->sign,
        .registry = s->registry,
        .entropy = &s->entropy,
    };
    uint64_t last = 0;
    enum err err = h->sequence == 0 ? OK : send_last_number(s, h->conversation.bytes, &last);

    if (err != OK)
        return err;
    h->created_ms = now_ms;
    memset(h->message_id, 0, sizeof h->message_id);
    h->sequence = h->sequence == 0 ? 0 : last + 1;
    if ((err = envelope_batch_begin(s->envelopes, &options)) != OK ||
        (err = envelope_batch_add(s->envelopes, h, plain, s->deks, env_id)) != OK ||
        (err = envelope_batch_finish(s->envelopes)) != OK)
        return err;
    *w = writer_of(s->frame, FRAME_MAX);
    return envelope_batch_frame(s->envelopes, 0, w);
}

/* In the place of the old one, under a row that goes last. */
static enum err store(struct sdk *s, struct outbox_row *row, const uint8_t env_id[static HASH_LEN],
                      struct span frame, uint64_t now_ms)
{
    const lianshu_Header *h = s->header;
    uint64_t number;
    enum err err = h->sequence == 0 ? OK : send_next_number(s, h->conversation.bytes, &number);

    if (err != OK)
        return err;
    flight_land(s, row->message_id, now_ms);
    if ((err = outbox_replace(s, row, h->message_id, env_id)) != OK)
        return err;
    const struct kept_frame kept = {
        .row = s->outbox_last,
        .time_ms = now_ms,
        .frame = frame,
        .known = (1U << h->parts_count) - 1,
        .deks = (const uint8_t(*)[SEAL_DEK_LEN])s->deks,
    };
    err = frames_put(s, FRAME_SENT, &kept);
    return err == OK ? frames_flush(s, FRAME_SENT) : err;
}

static enum err seal_again(struct sdk *s, struct outbox_row *row,
                           const struct frame_envelope *frame,
                           const uint8_t header_hash[static HASH_LEN], uint64_t now_ms, bool *again)
{
    struct span plain[SDK_PARTS];
    uint8_t env_id[HASH_LEN];
    struct writer w;
    enum err err = open_parts(s, row, frame, header_hash, plain);

    if (err == OK)
        err = seal(s, plain, now_ms, env_id, &w);
    if (err == OK) {
        *again = true;
        log_info("sealed_again", "type=%u", (unsigned)row->type);
        err = store(s, row, env_id, writer_span(&w), now_ms);
    }
    guard_wipe(s->deks, FRAME_PARTS_MAX * sizeof *s->deks);
    return err;
}

enum err reseal(struct sdk *s, struct outbox_row *row, const lianshu_Receipt *r, uint64_t now_ms,
                bool *again)
{
    struct span bytes;
    struct frame_envelope frame;
    uint8_t header_hash[HASH_LEN];
    uint8_t env_id[HASH_LEN];
    bool withdrawn = false;

    *again = false;
    if (!refused_for_a_key(s, row, r))
        return OK;
    uint64_t log_row;
    enum err err = inner_value(s, LOG_ROW, &log_row);
    if (err != OK || row->id <= log_row)
        return err;
    err = taken_back(s, row->id, &withdrawn);
    if (err != OK || withdrawn)
        return err;
    if ((err = frames_get(s, row->id, &bytes)) == OK &&
        (err = frame_parse_envelope(bytes, &frame)) == OK &&
        (err = wire_decode(&lianshu_Header_msg, frame.header, s->header)) == OK) {
        envelope_id(&frame, header_hash, env_id);
        if (!replaced(s, s->header, now_ms) || s->header->expires_ms <= now_ms)
            return OK;
        err = seal_again(s, row, &frame, header_hash, now_ms, again);
    }
    /* Its keys are not here, or it cannot be sealed: then it was refused. */
    return err_class(err) == ERR_CLASS_REJECT && !*again ? OK : err;
}
