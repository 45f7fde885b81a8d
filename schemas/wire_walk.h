/*
 * wire_walk - the two walks of the codec over our own tables (message.h); wire.h is the interface.
 *
 * nanopb generates the structs and the field lists; its interpreter, which reads every descriptor
 * again for every field and encodes a submessage twice, takes six times as long. A test holds both
 * to the same verdict on every input.
 *
 * Guarantees: no allocation, no recursion; nothing is read or written beyond `in`, the struct and
 * the sink. Thread rule: no state.
 */
#ifndef SCHEMAS_WIRE_WALK_H
#define SCHEMAS_WIRE_WALK_H

#include "base/err.h"
#include "base/span.h"
#include "message.h"

/* Where an encoding goes. */
struct wire_sink {
    uint8_t *out;
    size_t cap;
    size_t at;
    bool full; /* it did not fit */
};

/* Encode, checking texts and enumerations on the way: ERR_WIRE_TEXT, ERR_WIRE_ENUM, whatever the
 * sink says; OK with sink->full when the bytes do not fit. */
MUST_USE enum err wire_put(const struct message *type, const void *msg, struct wire_sink *sink);

/* Decode what wire_put would have written, and nothing else. ERR_VARINT, ERR_NESTING; of what is
 * read to its end ERR_WIRE_TEXT, ERR_WIRE_ENUM, ERR_NOT_CANONICAL, also for unknown fields. */
MUST_USE enum err wire_take(const struct message *type, struct span in, void *msg);

/* Every field its default; elements of repeated fields and long byte strings stay as they are
 * behind their count and length. */
void wire_reset(const struct message *type, void *msg);

#endif
