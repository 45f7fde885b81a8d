#include "keys/envelope.h"

#include "keys/guard.h"

#include "base/scratch.h"
#include "base/text.h"
#include "check.h"
#include "wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)ENVELOPE_PART_MAX == (int)FRAME_PARTS_MAX, "parts drifted");

struct envelope_batch {
    struct envelope_options options;
    struct sealer *sealer;
    struct batch *batch;
    bool finished;
    struct writer arena;
    size_t count;
    struct frame_envelope frames[ENVELOPE_BATCH_MAX]; /* but S; spans lie in the arena */
    uint8_t (*deks)[SEAL_DEK_LEN];                    /* guarded: of the envelope being made */
    uint8_t wraps_hash[ENVELOPE_PART_MAX][HASH_LEN];  /* as well */
    /* The audience looked up last, in this batch: the next message mostly has the same. */
    uint64_t readers_at_ms;
    size_t reader_count; /* 0: none */
    char members[SEAL_READER_MAX][MEMBER_MAX + 1];
    struct seal_reader readers[SEAL_READER_MAX];
};

enum err envelope_batch_open(struct envelope_batch **out, size_t bytes)
{
    enum err err = ERR_NO_MEMORY;
    *out = NULL;
    struct envelope_batch *b = calloc(1, sizeof *b);
    if (b == NULL)
        return err;
    b->deks = guard_alloc(ENVELOPE_PART_MAX * sizeof b->deks[0]);
    const size_t cap = bytes < FRAME_MAX ? FRAME_MAX : bytes; /* any one envelope fits */
    uint8_t *memory = malloc(cap);
    b->arena = writer_of(memory, cap);
    if (b->deks == NULL || memory == NULL)
        goto out;
    if ((err = sealer_open(&b->sealer)) != OK || (err = batch_open(&b->batch)) != OK)
        goto out;
    b->finished = true; /* nothing is added before the first begin */
    *out = b;
    b = NULL;
    err = OK;
out:
    envelope_batch_close(&b);
    return err;
}

void envelope_batch_close(struct envelope_batch **batch)
{
    if (batch == NULL || *batch == NULL)
        return;
    sealer_close(&(*batch)->sealer);
    batch_close(&(*batch)->batch);
    guard_free((*batch)->deks);
    free((*batch)->arena.data);
    free(*batch);
    *batch = NULL;
}

enum err envelope_batch_begin(struct envelope_batch *batch, const struct envelope_options *options)
{
    if (key_use(options->key) != KEY_USE_SIGN)
        return ERR_KEY_USE;
    batch->options = *options;
    batch->finished = false;
    batch->count = 0;
    batch->reader_count = 0;
    batch->arena = writer_of(batch->arena.data, batch->arena.cap);
    batch_reset(batch->batch);
    return sealer_begin(batch->sealer, options->realm, key_kid(options->key), options->entropy);
}

/* What the header says of itself and of its sender. */
static void fill_header(const struct envelope_options *o, lianshu_Header *h)
{
    static const uint8_t no_id[FRAME_ID_LEN];
    h->suite = SUITE_CURRENT;
    text_copy(h->realm, sizeof h->realm, o->realm);
    text_copy(h->sender, sizeof h->sender, o->sender);
    memcpy(h->sender_kid, key_kid(o->key), KID_LEN);
    h->registry_version = registry_version(o->registry);
    if (memcmp(h->message_id, no_id, sizeof no_id) == 0)
        entropy_id(o->entropy, h->created_ms, h->message_id);
}

/* Are these the members whose keys of that moment stand in b->readers? */
static bool same_readers(const struct envelope_batch *b, uint64_t at_ms,
                         const lianshu_PartHeader *part)
{
    if (b->readers_at_ms != at_ms || b->reader_count != part->audience_count)
        return false;
    for (pb_size_t i = 0; i < part->audience_count; i++) {
        if (strcmp(b->members[i], part->audience[i].member) != 0)
            return false;
    }
    return true;
}

/* Current seal keys of the audience into b->readers, and their kids into the header. */
static enum err fill_audience(struct envelope_batch *b, uint64_t at_ms, lianshu_PartHeader *part)
{
    if (part->audience_count == 0 || part->audience_count > SEAL_READER_MAX)
        return ERR_AUDIENCE;
    if (!same_readers(b, at_ms, part)) {
        b->reader_count = 0;
        for (pb_size_t i = 0; i < part->audience_count; i++) {
            const char *member = part->audience[i].member;
            const struct registry_key *key;
            enum err err = registry_current(b->options.registry, member, KEY_USE_SEAL, at_ms, &key);
            if (err != OK)
                return err;
            text_copy(b->members[i], sizeof b->members[i], member);
            memcpy(b->readers[i].kid, key->kid, KID_LEN);
            memcpy(b->readers[i].public_key, key->public_key, KEY_PUBLIC_LEN);
        }
        b->readers_at_ms = at_ms;
        b->reader_count = part->audience_count;
    }
    for (pb_size_t i = 0; i < part->audience_count; i++)
        memcpy(part->audience[i].kid, b->readers[i].kid, KID_LEN);
    return OK;
}

/* Where the arena stands now, to take out what is written from here on. */
static struct span arena_since(const struct envelope_batch *b, size_t begin)
{
    return span_of(b->arena.data + begin, b->arena.len - begin);
}

/* DEK and commitment of a part, and its wraps into the arena: rows of the sealer may give way
 * to later parts. */
static enum err prepare_part(struct envelope_batch *b, lianshu_Header *h, size_t i,
                             struct frame_part *out)
{
    lianshu_PartHeader *part = &h->parts[i];
    const struct hmac_key *extract;
    struct span wraps;
    const uint8_t *wraps_hash;

    enum err err = fill_audience(b, h->created_ms, part);
    if (err != OK)
        return err;
    if ((err = sealer_audience(b->sealer, b->readers, part->audience_count, &extract, &wraps,
                               &wraps_hash)) != OK)
        return err;
    struct seal_place place = {.part = (uint8_t)i};
    memcpy(place.message_id, h->message_id, sizeof place.message_id);
    seal_dek(b->deks[i], extract, &place);
    seal_commitment(part->commitment, b->deks[i]);

    const size_t begin = b->arena.len;
    write_span(&b->arena, wraps);
    if (b->arena.full)
        return ERR_BUSY;
    memcpy(b->wraps_hash[i], wraps_hash, HASH_LEN);
    *out = (struct frame_part){
        .form = 1, .wraps = arena_since(b, begin), .wraps_hash = b->wraps_hash[i]};
    return OK;
}

/* All of the frame but S, into the arena; and the hash of H. */
static enum err build(struct envelope_batch *b, lianshu_Header *h, const struct span *plain,
                      struct frame_envelope *out, uint8_t header_hash[static HASH_LEN])
{
    enum err err;

    if (h->parts_count == 0 || h->parts_count > ENVELOPE_PART_MAX)
        return ERR_NESTING;
    out->part_count = h->parts_count;
    for (size_t i = 0; i < h->parts_count; i++) {
        if ((err = prepare_part(b, h, i, &out->parts[i])) != OK)
            return err;
    }
    if ((err = header_check(h)) != OK)
        return err;
    size_t begin = b->arena.len;
    if ((err = wire_encode(&lianshu_Header_msg, h, &b->arena)) != OK)
        return err == ERR_TOO_LARGE ? ERR_BUSY : err;
    assert(b->arena.len - begin <= FRAME_HEADER_MAX); /* header_check: of so many names, so long */
    out->header = arena_since(b, begin);

    hash_bytes(header_hash, out->header);
    for (size_t i = 0; i < h->parts_count; i++) {
        begin = b->arena.len;
        if (plain[i].len > SEAL_PLAIN_MAX)
            return ERR_TOO_LARGE;
        if ((err = seal_part(b->deks[i], header_hash, (uint8_t)i, plain[i], &b->arena)) != OK)
            return err == ERR_TOO_LARGE ? ERR_BUSY : err;
        out->parts[i].cipher = arena_since(b, begin);
    }
    /* The longest S that this batch can come to counts, so that no frame turns out too long. */
    return frame_envelope_size(out) + FRAME_SIGNATURE_MAX > FRAME_MAX ? ERR_TOO_LARGE : OK;
}

enum err envelope_batch_add(struct envelope_batch *batch, lianshu_Header *header,
                            const struct span *plain, uint8_t (*deks)[SEAL_DEK_LEN],
                            uint8_t env_id[static ENVELOPE_ID_LEN])
{
    uint8_t header_hash[HASH_LEN];
    size_t index;
    enum err err = ERR_INTERNAL;

    if (batch->finished)
        return err;
    if (batch->count == ENVELOPE_BATCH_MAX)
        return ERR_BUSY;
    const size_t begin = batch->arena.len;
    struct frame_envelope *frame = &batch->frames[batch->count];
    *frame = (struct frame_envelope){0};
    fill_header(&batch->options, header);
    if ((err = build(batch, header, plain, frame, header_hash)) != OK)
        goto out;
    envelope_id_under(frame, header_hash, env_id);
    for (unsigned i = 0; i < frame->part_count; i++)
        frame->parts[i].wraps_hash = NULL; /* lent for the id alone */
    if ((err = batch_add(batch->batch, env_id, &index)) != OK)
        goto out;
    if (deks != NULL)
        memcpy(deks, batch->deks, frame->part_count * sizeof deks[0]);
    batch->count++;
    err = OK;
out:
    guard_wipe(batch->deks, ENVELOPE_PART_MAX * sizeof batch->deks[0]);
    if (err != OK) {
        batch->arena.len = begin;
        batch->arena.full = false;
        /* With nothing else in the arena there is nothing to wait for. */
        if (err == ERR_BUSY && batch->count == 0)
            err = ERR_TOO_LARGE;
    }
    return err;
}

size_t envelope_batch_count(const struct envelope_batch *batch)
{
    return batch->count;
}

enum err envelope_batch_finish(struct envelope_batch *batch)
{
    enum err err = batch_sign(batch->batch, batch->options.key);
    batch->finished = err == OK;
    return err;
}

size_t envelope_batch_frame_len(const struct envelope_batch *batch, size_t index)
{
    return frame_envelope_size(&batch->frames[index]) + batch_signature_len(batch->batch, index);
}

enum err envelope_batch_frame(const struct envelope_batch *batch, size_t index, struct writer *w)
{
    SCRATCH uint8_t s[BATCH_SIGNATURE_MAX];
    struct writer s_w = writer_of(s, sizeof s);
    if (!batch->finished || index >= batch->count)
        return ERR_INTERNAL;
    enum err err = batch_write(batch->batch, index, &s_w);
    if (err != OK)
        return err;
    struct frame_envelope frame = batch->frames[index];
    frame.signature = writer_span(&s_w);
    frame_write_envelope(w, &frame);
    return w->full ? ERR_TOO_LARGE : OK;
}
