/* Envelopes: opened as a hub or a recipient does, and made at random. */
#include "peer.h"

#include "catalogue.h"
#include "check.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAIN_MAX = 64 << 10, BATCH_PLAIN_MAX = 8 << 20 };

/* ---- opening ---- */

static enum err verify_envelope(struct peer *p, bool from_sender, const char *reader,
                                const struct frame_envelope *frame, lianshu_Header *h,
                                uint8_t header_hash[static HASH_LEN],
                                uint8_t env_id[static ENVELOPE_ID_LEN])
{
    const struct registry_key *key;
    enum err err = wire_decode(&lianshu_Header_msg, frame->header, h);
    if (err != OK || (err = header_check(h)) != OK)
        return err;
    err = from_sender ? envelope_check_sender(h, frame) : envelope_check_reader(h, frame, reader);
    if (err != OK)
        return err;
    if (strcmp(h->realm, registry_realm(p->registry)) != 0)
        return ERR_REALM;
    if ((err = registry_signer(p->registry, h->sender, h->sender_kid, KEY_USE_SIGN, p->now_ms,
                               &key)) != OK)
        return err;
    envelope_id(frame, header_hash, env_id);
    return verifier_check(p->verifier, key->public_key, env_id, frame->signature);
}

/* Each part that the reader is in the audience of: u8 part ‖ u32|plain| ‖ plain ‖ DEK. */
static enum err open_parts(struct peer *p, const char *reader, const lianshu_Header *h,
                           const struct frame_envelope *frame,
                           const uint8_t header_hash[static HASH_LEN], struct writer *out)
{
    uint8_t *buffer = malloc(FRAME_MAX);
    enum err err = buffer == NULL ? ERR_NO_MEMORY : OK;
    for (size_t i = 0; err == OK && i < h->parts_count; i++) {
        struct span plain;
        uint8_t dek[SEAL_DEK_LEN];
        enum err inner;
        if (part_reader(&h->parts[i], reader) < 0)
            continue;
        err = envelope_open(p->opener, peer_ring(p, reader), reader, h, frame, header_hash, i,
                            buffer, FRAME_MAX, &plain, dek, &inner);
        if (err != OK)
            break;
        write_uint(out, i, 1);
        peer_block(out, plain);
        write_bytes(out, dek, sizeof dek);
    }
    free(buffer);
    return err;
}

/* u8 from_sender ‖ u8|reader| ‖ reader ‖ LSE1 -> env_id ‖ parts. */
enum err peer_envelope_open(struct peer *p, struct span in, struct writer *out)
{
    static lianshu_Header h;
    char reader[MEMBER_MAX + 1];
    uint64_t from_sender;
    struct frame_envelope frame;
    uint8_t header_hash[HASH_LEN];
    uint8_t env_id[ENVELOPE_ID_LEN];
    if (!span_take_uint(&in, 1, &from_sender) || !peer_text(&in, reader, sizeof reader) ||
        peer_ring(p, reader) == NULL)
        return ERR_USAGE;
    enum err err = frame_parse_envelope(in, &frame);
    if (err != OK ||
        (err = verify_envelope(p, from_sender != 0, reader, &frame, &h, header_hash, env_id)) != OK)
        return err;
    write_bytes(out, env_id, sizeof env_id);
    return open_parts(p, reader, &h, &frame, header_hash, out);
}

/* ---- making ---- */

static const struct document_type *pick_type(struct peer *p)
{
    size_t count = 0;
    while (type_at(count) != NULL)
        count++;
    for (;;) {
        const struct document_type *type = type_at(peer_pick(p, count));
        if (type->alone == NULL && (type->flags & TYPE_PART_ONLY) == 0)
            return type;
    }
}

/* `count` of the registry's members that are no hubs, rising. */
static void pick_audience(struct peer *p, lianshu_PartHeader *part, size_t count)
{
    size_t left = 0;
    const struct registry_member *m;
    for (size_t i = 0; (m = registry_member_at(p->registry, i)) != NULL; i++)
        left += !member_is_hub(m->id) && peer_ring(p, m->id) != NULL;
    for (size_t i = 0; count > 0 && (m = registry_member_at(p->registry, i)) != NULL; i++) {
        if (member_is_hub(m->id) || peer_ring(p, m->id) == NULL)
            continue;
        if (peer_pick(p, left--) >= count)
            continue;
        snprintf(part->audience[part->audience_count++].member, sizeof part->audience[0].member,
                 "%s", m->id);
        count--;
    }
}

/* Some of those who read `whole`, the hub never. */
static void pick_some(struct peer *p, const lianshu_PartHeader *whole, lianshu_PartHeader *part)
{
    while (part->audience_count == 0) {
        for (size_t i = 0; i < whole->audience_count; i++) {
            if (!member_is_hub(whole->audience[i].member) && peer_pick(p, 2) == 0)
                part->audience[part->audience_count++] = whole->audience[i];
        }
    }
}

static void put_hub(struct peer *p, lianshu_PartHeader *part)
{
    const struct registry_member *m;
    for (size_t i = 0; (m = registry_member_at(p->registry, i)) != NULL; i++) {
        if (!member_is_hub(m->id))
            continue;
        size_t at = 0;
        while (at < part->audience_count && strcmp(part->audience[at].member, m->id) < 0)
            at++;
        for (size_t j = part->audience_count++; j > at; j--)
            part->audience[j] = part->audience[j - 1];
        snprintf(part->audience[at].member, sizeof part->audience[at].member, "%s", m->id);
        return;
    }
}

static void fill_parts(struct peer *p, lianshu_Header *h, const struct document_type *type)
{
    const bool facts = (type->flags & (TYPE_FACTS | TYPE_GATED)) != 0 || peer_pick(p, 2) == 0;
    const size_t most[] = {1, 2, 4, facts ? 31 : 32};
    lianshu_PartHeader whole = lianshu_PartHeader_init_zero;
    pick_audience(p, &whole, 1 + peer_pick(p, most[peer_pick(p, 4)]));
    h->parts_count = (pb_size_t)(1 + peer_pick(p, ENVELOPE_PART_MAX));
    for (size_t i = 0; i < h->parts_count; i++) {
        lianshu_PartHeader *part = &h->parts[i];
        part->kind = facts && i == 0 ? lianshu_PartKind_PART_FACTS : lianshu_PartKind_PART_SEALED;
        if (i == 0) {
            memcpy(part->audience, whole.audience, sizeof whole.audience);
            part->audience_count = whole.audience_count;
        } else {
            pick_some(p, &whole, part);
        }
    }
    for (size_t i = 0; i < whole.audience_count; i++) {
        if (i == 0 || peer_pick(p, 2) == 0)
            snprintf(h->destination[h->destination_count++], sizeof h->destination[0], "%s",
                     whole.audience[i].member);
    }
    if (facts)
        put_hub(p, &h->parts[0]);
}

static void fill_attachments(struct peer *p, lianshu_Header *h)
{
    lianshu_PartHeader *last = &h->parts[h->parts_count - 1];
    if (last->kind != lianshu_PartKind_PART_SEALED)
        return;
    last->kind = lianshu_PartKind_PART_MANIFEST;
    h->attachments_count = (pb_size_t)(1 + peer_pick(p, 16));
    for (size_t i = 0; i < h->attachments_count; i++) {
        lianshu_AttachmentHeader *a = &h->attachments[i];
        a->part = h->parts_count - 1u;
        a->byte_count = peer_pick(p, 4 << 20);
        a->chunk_count = a->byte_count == 0 ? 1 : (a->byte_count - 1) / FRAME_CHUNK_TEXT_LEN + 1;
        peer_fill(p, a->root, sizeof a->root);
    }
}

static void fill_header(struct peer *p, lianshu_Header *h)
{
    static const char *const purposes[] = {"", "case", "supervision", "a_b.c-9"};
    const struct document_type *type = pick_type(p);
    *h = (lianshu_Header)lianshu_Header_init_zero;
    h->type = type->number;
    h->created_ms = p->now_ms - peer_pick(p, 3600 * 1000);
    h->expires_ms = h->created_ms + 1 + peer_pick(p, PEER_DAY_MS);
    h->priority = (uint32_t)peer_pick(p, 4);
    if (peer_pick(p, 2) == 0) {
        h->conversation.size = FRAME_ID_LEN;
        peer_fill(p, h->conversation.bytes, FRAME_ID_LEN);
        h->sequence = peer_pick(p, 1000);
    }
    if (peer_pick(p, 2) == 0) {
        h->in_reply_to.size = HASH_LEN;
        peer_fill(p, h->in_reply_to.bytes, HASH_LEN);
    }
    h->ext.size = (pb_size_t)(peer_pick(p, 4) == 0 ? peer_pick(p, 257) : 0);
    peer_fill(p, h->ext.bytes, h->ext.size);
    snprintf(h->purpose, sizeof h->purpose, "%s", purposes[peer_pick(p, 4)]);
    fill_parts(p, h, type);
    if ((type->flags & TYPE_ATTACHMENTS) != 0 && peer_pick(p, 2) == 0)
        fill_attachments(p, h);
}

/* Lengths near those at which padding grows, and any other. */
static size_t pick_length(struct peer *p)
{
    switch (peer_pick(p, 4)) {
    case 0:
        return peer_pick(p, 300);
    case 1:
        return 252 * (1 + peer_pick(p, 16)) + peer_pick(p, 9) - 4;
    case 2:
        return 4080 + peer_pick(p, 64);
    default:
        return peer_pick(p, 12000);
    }
}

struct making {
    uint8_t *room; /* plaintexts of the batch */
    size_t used;
    struct span plain[ENVELOPE_BATCH_MAX][ENVELOPE_PART_MAX];
    uint8_t dek[ENVELOPE_BATCH_MAX][ENVELOPE_PART_MAX][SEAL_DEK_LEN];
    uint8_t env_id[ENVELOPE_BATCH_MAX][ENVELOPE_ID_LEN];
    size_t parts[ENVELOPE_BATCH_MAX];
};

static enum err add_one(struct peer *p, struct making *m, size_t index)
{
    static lianshu_Header h;
    fill_header(p, &h);
    m->parts[index] = h.parts_count;
    for (size_t i = 0; i < h.parts_count; i++) {
        size_t len = pick_length(p);
        if (len > BATCH_PLAIN_MAX - m->used)
            return ERR_BUSY;
        m->plain[index][i] = span_of(m->room + m->used, len);
        peer_fill(p, m->room + m->used, len);
        m->used += len;
    }
    return envelope_batch_add(p->envelopes, &h, m->plain[index], m->dek[index], m->env_id[index]);
}

/* u8 parts ‖ u32|LSE1| ‖ LSE1 ‖ env_id ‖ parts × (u32|plain| ‖ plain ‖ DEK) */
static enum err write_one(struct peer *p, const struct making *m, size_t index, struct writer *out)
{
    write_uint(out, m->parts[index], 1);
    write_uint(out, envelope_batch_frame_len(p->envelopes, index), 4);
    enum err err = envelope_batch_frame(p->envelopes, index, out);
    write_bytes(out, m->env_id[index], ENVELOPE_ID_LEN);
    for (size_t i = 0; i < m->parts[index]; i++) {
        peer_block(out, m->plain[index][i]);
        write_bytes(out, m->dek[index][i], SEAL_DEK_LEN);
    }
    return err;
}

/* u64 seed ‖ u16 count ‖ u8|sender| ‖ sender -> envelopes of one batch, as many as have room. */
enum err peer_envelopes_make(struct peer *p, struct span in, struct writer *out)
{
    char sender[MEMBER_MAX + 1];
    uint64_t count;
    if (!peer_seed(p, &in) || !span_take_uint(&in, 2, &count) ||
        !peer_text(&in, sender, sizeof sender) || peer_ring(p, sender) == NULL)
        return ERR_USAGE;
    struct making *m = calloc(1, sizeof *m);
    if (m == NULL || (m->room = malloc(BATCH_PLAIN_MAX)) == NULL) {
        free(m);
        return ERR_NO_MEMORY;
    }
    const struct envelope_options options = {
        registry_realm(p->registry),
        sender,
        keyring_find(peer_ring(p, sender), KEY_USE_SIGN),
        p->registry,
        &p->entropy,
    };
    enum err err = envelope_batch_begin(p->envelopes, &options);
    for (size_t i = 0; err == OK && i < count; i++)
        err = add_one(p, m, i);
    if (err == ERR_BUSY && envelope_batch_count(p->envelopes) > 0)
        err = OK;
    if (err == OK)
        err = envelope_batch_finish(p->envelopes);
    for (size_t i = 0; err == OK && i < envelope_batch_count(p->envelopes); i++)
        err = write_one(p, m, i, out);
    free(m->room);
    free(m);
    return err;
}
