/* What the parsers of frames share: magic, and fields with a length in front. */
#ifndef SCHEMAS_FRAME_TAKE_H
#define SCHEMAS_FRAME_TAKE_H

#include "frame.h"

/* Split the magic of this kind off *in. */
MUST_USE static inline enum err frame_take_magic(struct span *in, enum frame_kind kind)
{
    enum frame_kind found;
    enum err err = frame_kind(*in, &found);
    if (err != OK)
        return err;
    if (found != kind)
        return ERR_FRAME_EMPTY;
    in->data += FRAME_MAGIC_LEN;
    in->len -= FRAME_MAGIC_LEN;
    return OK;
}

/* Split a field of min..max bytes off *in, whose length stands in front as n bytes. */
static inline bool frame_take_sized(struct span *in, size_t n, size_t min, size_t max,
                                    struct span *out)
{
    uint64_t len;
    return span_take_uint(in, n, &len) && len >= min && len <= max && span_take(in, len, out);
}

/* Split `u8 m ‖ m × hash` off *in. */
static inline bool frame_take_path(struct span *in, unsigned max, struct span *out)
{
    uint64_t n;
    return span_take_uint(in, 1, &n) && n <= max && span_take(in, n * FRAME_HASH_LEN, out);
}

static inline void frame_write_magic(struct writer *w, enum frame_kind kind)
{
    write_bytes(w, frame_kind_name(kind), FRAME_MAGIC_LEN);
}

static inline void frame_write_sized(struct writer *w, size_t n, struct span field)
{
    write_uint(w, field.len, n);
    write_span(w, field);
}

static inline void frame_write_path(struct writer *w, struct span path)
{
    write_uint(w, path.len / FRAME_HASH_LEN, 1);
    write_span(w, path);
}

#endif
