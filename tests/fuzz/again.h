/* What every target needs: its entry, and "writes back to the same bytes, or the run ends". */
#ifndef FUZZ_AGAIN_H
#define FUZZ_AGAIN_H

#include "base/err.h"
#include "base/span.h"
#include "frame.h"
#include "message.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

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

/* What stands before the next 0, which is passed over. */
static inline struct span until_zero(struct span *rest)
{
    struct span word = *rest;
    const uint8_t *zero = rest->len == 0 ? NULL : memchr(rest->data, 0, rest->len);
    if (zero != NULL)
        word.len = (size_t)(zero - rest->data);
    const size_t past = word.len + (zero != NULL);
    *rest = span_of(rest->data + past, rest->len - past);
    return word;
}

/* The message of this name, or NULL. An input names it: a number would mean another one as soon as
 * one more is added. */
static inline const struct message *message_named(struct span name)
{
    const struct message *m = NULL;
    for (size_t i = 0; (m = message_at(i)) != NULL; i++) {
        if (span_eq(name, span_str(m->name)))
            break;
    }
    return m;
}

/* No refusal of input is our own fault. */
static inline enum err not_internal(enum err err)
{
    must(err_class(err) != ERR_CLASS_INTERNAL && err_class(err) != ERR_CLASS_FATAL);
    return err;
}

#endif
