/* What every target needs: its entry, and "writes back to the same bytes, or the run ends". */
#ifndef FUZZ_AGAIN_H
#define FUZZ_AGAIN_H

#include "base/err.h"
#include "base/span.h"
#include "frame.h"
#include "wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { AGAIN_MAX = FRAME_MAX + 1 };

static inline void must(bool promise)
{
    if (!promise)
        abort();
}

static inline struct writer again_writer(void)
{
    static uint8_t room[AGAIN_MAX];
    return writer_of(room, sizeof room);
}

static inline void must_equal(const struct writer *w, struct span in)
{
    must(!w->full && span_eq(writer_span(w), in));
}

/* Decode in as desc into msg; what decodes must encode back. */
static inline bool decodes(const pb_msgdesc_t *desc, struct span in, void *msg)
{
    static uint8_t room[AGAIN_MAX];
    if (wire_decode(desc, in, msg) != OK)
        return false;
    struct writer w = writer_of(room, sizeof room);
    must(wire_encode(desc, msg, &w) == OK);
    must_equal(&w, in);
    must(wire_size(desc, msg) == in.len);
    return true;
}

/* No refusal of input is our own fault. */
static inline enum err not_internal(enum err err)
{
    must(err_class(err) != ERR_CLASS_INTERNAL && err_class(err) != ERR_CLASS_FATAL);
    return err;
}

#endif
