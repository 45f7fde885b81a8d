/* What is done with an envelope after it was made: by the hub that passes it on and by its
 * reader. */
#include "keys/envelope.h"

#include "base/scratch.h"
#include "check.h"

#include <string.h>

/* Both hashes of a part, whatever its form. */
static void part_hashes(const struct frame_part *part, merkle_hash wraps, merkle_hash cipher)
{
    if (part->form == 1) {
        if (part->wraps_hash != NULL)
            memcpy(wraps, part->wraps_hash, HASH_LEN);
        else
            hash_bytes(wraps, part->wraps);
        hash_bytes(cipher, part->cipher);
    } else {
        memcpy(wraps, part->wraps_hash, HASH_LEN);
        memcpy(cipher, part->cipher_hash, HASH_LEN);
    }
}

void envelope_id(const struct frame_envelope *frame, uint8_t header_hash[static HASH_LEN],
                 uint8_t env_id[static ENVELOPE_ID_LEN])
{
    hash_bytes(header_hash, frame->header);
    envelope_id_under(frame, header_hash, env_id);
}

void envelope_id_under(const struct frame_envelope *frame,
                       const uint8_t header_hash[static HASH_LEN],
                       uint8_t env_id[static ENVELOPE_ID_LEN])
{
    SCRATCH uint8_t statement[HASH_LABEL_MAX + HASH_LEN + 1 + ENVELOPE_PART_MAX * 2 * HASH_LEN];
    struct writer w = writer_of(statement, sizeof statement);

    write_span(&w, LABEL("envelope"));
    write_bytes(&w, header_hash, HASH_LEN);
    write_uint(&w, frame->part_count, 1);
    for (unsigned i = 0; i < frame->part_count; i++) {
        merkle_hash wraps;
        merkle_hash cipher;
        part_hashes(&frame->parts[i], wraps, cipher);
        write_bytes(&w, wraps, HASH_LEN);
        write_bytes(&w, cipher, HASH_LEN);
    }
    merkle_leaf(env_id, writer_span(&w));
}

enum err envelope_check_sender(const lianshu_Header *header, const struct frame_envelope *frame)
{
    enum err err = frame_matches_header(frame, header);
    return err != OK ? err : frame_all_here(frame);
}

enum err envelope_check_reader(const lianshu_Header *header, const struct frame_envelope *frame,
                               const char *reader)
{
    bool reads = false;
    enum err err = frame_matches_header(frame, header);
    if (err != OK)
        return err;
    for (unsigned i = 0; i < frame->part_count; i++) {
        if (part_reader(&header->parts[i], reader) < 0)
            continue;
        reads = true;
        if (frame->parts[i].form != 1)
            return ERR_PART_WITHHELD;
    }
    return reads ? OK : ERR_NOT_IN_AUDIENCE;
}

/* The reader's version. `hashes` gives room to the withheld parts' hashes. */
static struct frame_envelope version_for(const lianshu_Header *header,
                                         const struct frame_envelope *frame, const char *reader,
                                         merkle_hash (*hashes)[2])
{
    struct frame_envelope out = *frame;
    for (unsigned i = 0; i < frame->part_count && i < header->parts_count; i++) {
        if (frame->parts[i].form != 1 || part_reader(&header->parts[i], reader) >= 0)
            continue;
        part_hashes(&frame->parts[i], hashes[i][0], hashes[i][1]);
        out.parts[i] =
            (struct frame_part){.form = 0, .wraps_hash = hashes[i][0], .cipher_hash = hashes[i][1]};
    }
    return out;
}

enum err envelope_forward(const lianshu_Header *header, const struct frame_envelope *frame,
                          const char *reader, struct writer *w)
{
    merkle_hash hashes[ENVELOPE_PART_MAX][2];
    const struct frame_envelope out = version_for(header, frame, reader, hashes);
    frame_write_envelope(w, &out);
    return w->full ? ERR_TOO_LARGE : OK;
}

enum err envelope_open(struct opener *opener, const struct keyring *keys, const char *reader,
                       const lianshu_Header *header, const struct frame_envelope *frame,
                       const uint8_t header_hash[static HASH_LEN], size_t part, uint8_t *buffer,
                       size_t cap, struct span *plain, uint8_t dek[SEAL_DEK_LEN], enum err *inner)
{
    *plain = (struct span){NULL, 0};
    *inner = ERR_NOT_IN_AUDIENCE;
    if (part >= frame->part_count || part >= header->parts_count)
        return ERR_NOT_IN_AUDIENCE;
    const lianshu_PartHeader *ph = &header->parts[part];
    const struct frame_part *fp = &frame->parts[part];
    const int at = part_reader(ph, reader);
    if (at < 0)
        return ERR_NOT_IN_AUDIENCE;
    *inner = ERR_PART_WITHHELD;
    if (fp->form != 1)
        return ERR_PART_WITHHELD;

    *inner = ERR_WRAP_COUNT;
    if (fp->wraps.len != (size_t)ph->audience_count * SEAL_WRAP_LEN)
        return ERR_WRAP_COUNT;
    *inner = ERR_UNWRAP;
    const struct key *key = keyring_kid(keys, ph->audience[at].kid);
    if (key == NULL || key_use(key) != KEY_USE_SEAL)
        return ERR_CANNOT_OPEN;
    struct seal_opening what = {
        .key = key,
        .realm = header->realm,
        .sender_kid = header->sender_kid,
        .header_hash = header_hash,
        .commitment = ph->commitment,
        .place = {.part = (uint8_t)part},
        .wrap = span_of(fp->wraps.data + (size_t)at * SEAL_WRAP_LEN, SEAL_WRAP_LEN),
        .c = fp->cipher,
    };
    memcpy(what.place.message_id, header->message_id, sizeof what.place.message_id);
    return opener_part(opener, &what, buffer, cap, plain, dek, inner);
}
