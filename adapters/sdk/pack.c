#include "adapters/sdk/inner.h"
#include "base/text.h"

#include <string.h>

/* Encode one document of a message into the stage; it is signed when the batch is. */
enum err pack_document(struct sdk *s, struct stage *stage, struct stage_document *out,
                       const struct sdk_message *m, uint32_t type, struct span body,
                       const uint8_t *facts_hash, uint8_t hash[static HASH_LEN])
{
    enum err err;
    lianshu_Document *d = s->document;
    const struct document_type *row = type_find(stage->type);
    const bool facts = out == &stage->facts;

    if (row == NULL || body.len > sizeof d->body.bytes || m->basis_count > SDK_BASIS_MAX)
        return ERR_TOO_LARGE;
    wire_clear(&lianshu_Document_msg, d);
    d->type = type;
    d->version = 1;
    d->issued_ms = stage->created_ms;
    if (stage->by_rule || (facts && (row->flags & TYPE_RULES) != 0)) {
        d->by_rule = true;
    } else {
        struct audience a;
        audience_of(s, stage, facts, &a);
        if (a.count > SDK_AUDIENCE_MAX)
            return ERR_AUDIENCE;
        for (size_t i = 0; i < a.count; i++)
            text_copy(d->addressees[d->addressees_count++], SDK_MEMBER_MAX, a.member[i]);
    }
    for (size_t i = 0; i < m->basis_count; i++) {
        if (strlen(m->basis[i]) >= sizeof d->basis[i])
            return ERR_FIELD_LONG;
        memcpy(d->basis[d->basis_count++], m->basis[i], strlen(m->basis[i]) + 1);
    }
    memcpy(d->purpose, stage->purpose, sizeof stage->purpose);
    d->conversation.size = SDK_ID_LEN;
    memcpy(d->conversation.bytes, stage->conversation, SDK_ID_LEN);
    if (facts_hash != NULL) {
        d->facts.size = HASH_LEN;
        memcpy(d->facts.bytes, facts_hash, HASH_LEN);
    }
    d->body.size = (pb_size_t)body.len;
    memcpy(d->body.bytes, body.data, body.len);
    document_prepare(d, s->realm, s->member, s->sign, stage->created_ms, &s->entropy);

    struct writer w = writer_of(s->stage_bytes + s->stage_len, SDK_STAGE_BYTES - s->stage_len);
    if ((err = document_encode(d, &w, hash)) != OK)
        return err;
    *out = (struct stage_document){.at = s->stage_len, .len = w.len};
    s->stage_len += w.len;
    return OK;
}

/* Complete, by this realm's keys of now, of this type and body, and addressed to every reader. */
static enum err check_signed(struct sdk *s, const struct stage *stage, const struct sdk_message *m,
                             uint8_t hash[static HASH_LEN], struct fault *fault)
{
    const lianshu_Document *d = s->document;
    struct frame_document frame;
    enum err err = frame_parse_document(m->document, &frame);
    if (err == OK)
        err = registry_verify_document(s->registry, stage->created_ms, m->document, s->verifier,
                                       s->document, hash);
    if (err != OK)
        return fault_set(fault, err, 0, "document",
                         "a signature is missing, not in its place, or does not verify");
    if (d->type != stage->type || d->facts.size != 0 ||
        !span_eq(span_of(d->body.bytes, d->body.size), m->facts))
        return fault_set(fault, ERR_POISON, 0, "document", "of another type or body");
    if (d->valid_until_ms != 0 && d->valid_until_ms <= stage->created_ms)
        return fault_set(fault, ERR_EXPIRED, 0, "document", "signed too long ago");
    err = document_check_addressed(d, s->hub, s->member, false);
    for (size_t i = 0; err == OK && i < stage->to_count; i++)
        err = document_check_addressed(d, stage->to[i], s->member, false);
    return err == OK ? OK : fault_set(fault, err, 0, "document", "not signed by us, or not to all");
}

enum err pack_signed(struct sdk *s, struct stage *stage, const struct sdk_message *m,
                     struct fault *fault)
{
    enum err err = check_signed(s, stage, m, stage->facts_hash, fault);
    if (err != OK)
        return err;
    struct writer w = writer_of(s->stage_bytes + s->stage_len, SDK_STAGE_BYTES - s->stage_len);
    write_span(&w, m->document);
    if (w.full)
        return fault_set(fault, ERR_TOO_LARGE, 0, "document", "too much at once");
    stage->facts = (struct stage_document){.at = s->stage_len, .len = w.len, .whole = true};
    s->stage_len += w.len;
    return OK;
}

static struct span stage_span(const struct sdk *s, const struct stage_document *d)
{
    return span_of(s->stage_bytes + d->at, d->len);
}

static enum err add_leaf(struct sdk *s, struct stage_document *d)
{
    uint8_t hash[HASH_LEN];
    merkle_hash leaf;

    if (d->len == 0 || d->whole)
        return OK;
    hash_bytes(hash, stage_span(s, d));
    document_leaf(leaf, hash);
    return batch_add(s->batch, leaf, &d->leaf);
}

static enum err sign_documents(struct sdk *s)
{
    enum err err;

    batch_reset(s->batch);
    for (size_t i = 0; i < s->stage_count; i++) {
        struct stage *stage = &s->stage[i];
        if (stage->part > 0) { /* the parts of a group share their documents */
            stage->facts.leaf = s->stage[i - 1].facts.leaf;
            stage->sealed.leaf = s->stage[i - 1].sealed.leaf;
        } else if ((err = add_leaf(s, &stage->facts)) != OK ||
                   (err = add_leaf(s, &stage->sealed)) != OK) {
            return err;
        }
        if ((err = add_leaf(s, &stage->manifest)) != OK)
            return err;
    }
    return batch_count(s->batch) == 0 ? OK : batch_sign(s->batch, s->sign);
}

/* LSD1 of a staged document into plain[slot]. */
static enum err write_document(struct sdk *s, const struct stage_document *d, size_t slot,
                               struct span *out)
{
    enum err err;
    uint8_t signature[BATCH_SIGNATURE_MAX];
    struct writer sw = writer_of(signature, sizeof signature);
    struct writer w = writer_of(s->plain[slot], FRAME_DOCUMENT_FRAME_MAX);

    if (d->whole) {
        *out = stage_span(s, d);
        return OK;
    }
    if ((err = batch_write(s->batch, d->leaf, &sw)) != OK)
        return err;
    struct span one = writer_span(&sw);
    if ((err = document_write(stage_span(s, d), &one, 1, &w)) != OK)
        return err;
    *out = writer_span(&w);
    return OK;
}

static enum err set_readers(const struct sdk *s, const struct stage *stage, bool facts,
                            lianshu_PartHeader *part)
{
    struct audience a;

    audience_of(s, stage, facts, &a);
    if (a.count > SDK_AUDIENCE_MAX)
        return ERR_AUDIENCE;
    for (size_t i = 0; i < a.count; i++)
        text_copy(part->audience[part->audience_count++].member, SDK_MEMBER_MAX, a.member[i]);
    return OK;
}

static void fill_header(struct sdk *s, const struct stage *stage)
{
    lianshu_Header *h = s->header;
    const struct document_type *row = type_find(stage->type);

    wire_clear(&lianshu_Header_msg, h);
    h->type = stage->type;
    memcpy(h->message_id, stage->message_id, SDK_ID_LEN);
    h->created_ms = stage->created_ms;
    h->expires_ms = stage->expires_ms;
    h->not_before_ms = stage->not_before_ms;
    h->priority = row == NULL ? 0 : (uint32_t)row->lane;
    for (size_t i = 0; i < stage->to_count; i++)
        memcpy(h->destination[h->destination_count++], stage->to[i], SDK_MEMBER_MAX);
    h->conversation.size = SDK_ID_LEN;
    memcpy(h->conversation.bytes, stage->conversation, SDK_ID_LEN);
    h->sequence = stage->sequence;
    if (stage->replies) {
        h->in_reply_to.size = SDK_ENV_ID_LEN;
        memcpy(h->in_reply_to.bytes, stage->in_reply_to, SDK_ENV_ID_LEN);
    }
    memcpy(h->purpose, stage->purpose, sizeof stage->purpose);
    for (size_t i = 0; i < stage->file_count; i++)
        h->attachments[h->attachments_count++] = stage->files[i];
}

static enum err add_envelope(struct sdk *s, size_t place, uint8_t env_id[static HASH_LEN])
{
    enum err err;
    struct span plain[SDK_PARTS];
    lianshu_Header *h = s->header;
    const struct stage *stage = &s->stage[place];
    const struct stage_document *documents[] = {&stage->facts, &stage->sealed, &stage->manifest};
    static const lianshu_PartKind kinds[] = {
        lianshu_PartKind_PART_FACTS, lianshu_PartKind_PART_SEALED, lianshu_PartKind_PART_MANIFEST};

    fill_header(s, stage);
    for (size_t i = 0; i < SDK_PARTS; i++) {
        if (documents[i]->len == 0)
            continue;
        lianshu_PartHeader *part = &h->parts[h->parts_count];
        wire_clear(&lianshu_PartHeader_msg, part);
        part->kind = kinds[i];
        if ((err = set_readers(s, stage, i == 0, part)) != OK ||
            (err = write_document(s, documents[i], i, &plain[h->parts_count])) != OK)
            return err;
        h->parts_count++;
    }
    for (size_t i = 0; i < h->attachments_count; i++)
        h->attachments[i].part = (uint32_t)(h->parts_count - 1); /* the manifest is the last */
    s->stage[place].parts = (unsigned)h->parts_count;
    return envelope_batch_add(s->envelopes, h, plain, &s->sealed_deks[place * SDK_PARTS], env_id);
}

/* The frame, to be sent; and the keys beside it: what we sealed we can show later, too. */
static enum err keep(struct sdk *s, size_t place, uint64_t row, struct span frame)
{
    const struct stage *stage = &s->stage[place];
    const struct kept_frame kept = {
        .row = row,
        .time_ms = stage->created_ms,
        .frame = frame,
        .known = (1U << stage->parts) - 1,
        .deks = (const uint8_t(*)[SEAL_DEK_LEN]) & s->sealed_deks[place * SDK_PARTS],
    };
    return frames_put(s, FRAME_SENT, &kept);
}

/* Sign what is in the envelope batch and store it; stage[first] is its first message. */
static enum err store_batch(struct sdk *s, size_t first, uint8_t (*env_ids)[HASH_LEN])
{
    enum err err;
    const size_t n = envelope_batch_count(s->envelopes);

    if (n == 0)
        return OK;
    if ((err = envelope_batch_finish(s->envelopes)) != OK)
        return err;
    for (size_t i = 0; i < n; i++) {
        struct writer w = writer_of(s->frame, FRAME_MAX);
        uint64_t row = 0;
        if ((err = envelope_batch_frame(s->envelopes, i, &w)) != OK ||
            (err = outbox_put(s, &s->stage[first + i], env_ids[first + i], &row)) != OK ||
            (err = keep(s, first + i, row, writer_span(&w))) != OK)
            return err;
    }
    return OK;
}

enum err pack_flush(struct sdk *s)
{
    enum err err;
    uint8_t env_ids[SDK_BATCH_MAX][HASH_LEN];
    const struct envelope_options options = {
        .realm = s->realm,
        .sender = s->member,
        .key = s->sign,
        .registry = s->registry,
        .entropy = &s->entropy,
    };
    size_t first = 0;

    if (s->stage_count == 0)
        return OK;
    if ((err = sign_documents(s)) != OK ||
        (err = envelope_batch_begin(s->envelopes, &options)) != OK)
        return err;
    for (size_t i = 0; i < s->stage_count; i++) {
        err = add_envelope(s, i, env_ids[i]);
        if ((err == ERR_TOO_LARGE || err == ERR_BUSY) && i > first) {
            if ((err = store_batch(s, first, env_ids)) != OK ||
                (err = envelope_batch_begin(s->envelopes, &options)) != OK)
                return err;
            first = i;
            err = add_envelope(s, i, env_ids[i]);
        }
        if (err != OK)
            return err;
    }
    if ((err = store_batch(s, first, env_ids)) != OK || (err = frames_flush(s, FRAME_SENT)) != OK)
        return err;
    s->stage_count = s->stage_len = 0;
    return OK;
}
