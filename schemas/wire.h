/*
 * wire - the strict canonical codec of every protobuf message (PROTOCOL.md 2).
 *
 * A decoder of protobuf accepts many encodings of one message; signatures and hashes need
 * exactly one. So wire_decode looks on its way at whatever encoding again would have written
 * otherwise, at texts and at enumerations, and refuses what differs by a byte.
 *
 * Guarantees:
 *   1. What wire_decode accepts, wire_encode gives back byte for byte, and the reverse.
 *   2. Refused: ERR_NOT_CANONICAL repeated, reordered or explicitly default fields,
 *      overlong integers, NUL in text, a truncated message; ERR_VARINT integers out of
 *      range; ERR_WIRE_FIELD unknown fields; ERR_WIRE_TEXT text that base/utf8.h does not
 *      allow; ERR_WIRE_ENUM values outside their enumeration; ERR_NESTING elements too many
 *      or longer than their bound in .options.
 *   3. No allocation, no recursion beyond the fixed depth of our messages, time linear in
 *      the size. After a refusal *msg holds nothing to rely on.
 *   4. An empty input is the message of defaults only where it has no fixed-length field:
 *      fixed-length bytes are always present.
 *
 * desc is nanopb's descriptor, `&lianshu_Header_msg`, and must be one of ours (message.h).
 * Thread rule: no state.
 */
#ifndef SCHEMAS_WIRE_H
#define SCHEMAS_WIRE_H

#include "base/err.h"
#include "base/span.h"

#include <pb.h>

MUST_USE enum err wire_decode(const pb_msgdesc_t *desc, struct span in, void *msg);

/* Append the encoding. ERR_TOO_LARGE when it does not fit, ERR_WIRE_TEXT or ERR_WIRE_ENUM when
 * the message holds what wire_decode would refuse. */
MUST_USE enum err wire_encode(const pb_msgdesc_t *desc, const void *msg, struct writer *w);

/* Bytes of the encoding; 0 when it cannot be encoded. */
size_t wire_size(const pb_msgdesc_t *desc, const void *msg);

/* Set every field to its default; elements of repeated fields and byte strings above 256 bytes stay
 * as they are behind their count and length. */
void wire_clear(const pb_msgdesc_t *desc, void *msg);

#endif
