#include "frame.h"

#include "frame_take.h"

/* `1 ‖ u32|R| ‖ R ‖ u32|C| ‖ C` or `0 ‖ SHA-256(R) ‖ SHA-256(C)`. */
static enum err take_part(struct span *in, struct frame_part *out)
{
    uint64_t form;
    struct span hash;
    *out = (struct frame_part){0};
    if (!span_take_uint(in, 1, &form))
        return ERR_FRAME_LENGTH;
    if (form > 1)
        return ERR_FORM;
    out->form = (unsigned)form;
    if (form == 0) {
        if (!span_take(in, 2 * FRAME_HASH_LEN, &hash))
            return ERR_FRAME_LENGTH;
        out->wraps_hash = hash.data;
        out->cipher_hash = hash.data + FRAME_HASH_LEN;
        return OK;
    }
    if (!frame_take_sized(in, 4, 0, FRAME_MAX, &out->wraps))
        return ERR_FRAME_LENGTH;
    if (out->wraps.len == 0 || out->wraps.len % FRAME_WRAP_LEN != 0 ||
        out->wraps.len > (size_t)FRAME_WRAP_LEN * FRAME_AUDIENCE_MAX)
        return ERR_WRAP_COUNT;
    if (!frame_take_sized(in, 4, FRAME_CIPHER_MIN, FRAME_MAX, &out->cipher))
        return ERR_FRAME_LENGTH;
    return OK;
}

enum err frame_parse_envelope(struct span frame, struct frame_envelope *out)
{
    uint64_t count;
    struct frame_signature signature;
    size_t whole = frame.len;
    enum err err = frame_take_magic(&frame, FRAME_ENVELOPE);
    if (err != OK)
        return err;
    if (whole > FRAME_MAX || !frame_take_sized(&frame, 4, 1, FRAME_HEADER_MAX, &out->header) ||
        !span_take_uint(&frame, 1, &count) || count == 0)
        return ERR_FRAME_LENGTH;
    if (count > FRAME_PARTS_MAX)
        return ERR_NESTING;
    out->part_count = (unsigned)count;
    for (unsigned i = 0; i < out->part_count; i++) {
        if ((err = take_part(&frame, &out->parts[i])) != OK)
            return err;
    }
    if (!frame_take_sized(&frame, 2, FRAME_SIGNATURE_MIN, FRAME_SIGNATURE_MAX, &out->signature) ||
        frame.len != 0)
        return ERR_FRAME_LENGTH;
    return frame_parse_signature(out->signature, &signature);
}

void frame_write_envelope(struct writer *w, const struct frame_envelope *e)
{
    frame_write_magic(w, FRAME_ENVELOPE);
    frame_write_sized(w, 4, e->header);
    write_uint(w, e->part_count, 1);
    for (unsigned i = 0; i < e->part_count; i++) {
        const struct frame_part *part = &e->parts[i];
        write_uint(w, part->form, 1);
        if (part->form == 1) {
            frame_write_sized(w, 4, part->wraps);
            frame_write_sized(w, 4, part->cipher);
        } else {
            write_bytes(w, part->wraps_hash, FRAME_HASH_LEN);
            write_bytes(w, part->cipher_hash, FRAME_HASH_LEN);
        }
    }
    frame_write_sized(w, 2, e->signature);
}

size_t frame_envelope_size(const struct frame_envelope *e)
{
    size_t size = FRAME_MAGIC_LEN + 4 + e->header.len + 1 + 2 + e->signature.len;
    for (unsigned i = 0; i < e->part_count; i++) {
        const struct frame_part *part = &e->parts[i];
        size += part->form == 1 ? 1 + 4 + part->wraps.len + 4 + part->cipher.len
                                : 1 + 2 * (size_t)FRAME_HASH_LEN;
    }
    return size;
}

enum err frame_matches_header(const struct frame_envelope *e, const lianshu_Header *h)
{
    if (e->part_count != h->parts_count)
        return ERR_WRAP_COUNT;
    for (unsigned i = 0; i < e->part_count; i++) {
        const struct frame_part *part = &e->parts[i];
        size_t readers = h->parts[i].audience_count;
        if (part->form == 1 && part->wraps.len != readers * FRAME_WRAP_LEN)
            return ERR_WRAP_COUNT;
    }
    return OK;
}

enum err frame_all_here(const struct frame_envelope *e)
{
    for (unsigned i = 0; i < e->part_count; i++) {
        if (e->parts[i].form != 1)
            return ERR_FORM;
    }
    return OK;
}
