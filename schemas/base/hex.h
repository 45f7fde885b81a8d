/*
 * hex - bytes as lower-case hexadecimal text, and base64 (RFC 4648, padded), both ways.
 *
 * Guarantees: decoding accepts exactly what encoding writes (lower case, even length;
 * canonical padding) and exactly the stated number of bytes. Not for secrets.
 * Thread rule: no state.
 */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/span.h"

/* out has room for 2 * in.len + 1 characters. */
void hex_encode(struct span in, char *out);

/* text of exactly 2 * len characters into len bytes. */
bool hex_decode(const char *text, uint8_t *out, size_t len);

/* Characters of the base64 text of len bytes, without the NUL. */
static inline size_t base64_text_len(size_t len)
{
    return (len + 2) / 3 * 4;
}

/* out has room for base64_text_len(in.len) + 1 characters. */
void base64_encode(struct span in, char *out);

/* Decode text into out[cap]; false when malformed or too long. */
bool base64_decode(const char *text, uint8_t *out, size_t cap, size_t *len);

#endif
