/*
 * utf8 - which text is allowed anywhere in the system.
 *
 * Allowed is valid UTF-8 (shortest form, no surrogates, at most U+10FFFF) without NUL,
 * other control characters (tab, line feed and carriage return excepted), U+FEFF (byte order mark),
 * the bidirectional controls U+061C, U+200E, U+200F, U+202A–U+202E, U+2066–U+2069, the invisible
 * U+200B–U+200D, U+2060, and noncharacters: text that looks like another text to the person who
 * decides on it.
 *
 * Guarantees:
 *   1. utf8_allowed is the one rule for text on the wire, in JSON, in YAML and in tables.
 *   2. No function reads beyond its span; a malformed byte is never part of a character.
 *
 * Thread rule: no state.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/span.h"

bool utf8_allowed(struct span text);

/* Decode one character at *at (advanced); 0 at the end or on a malformed byte. */
uint32_t utf8_next(struct span text, size_t *at);

/* Write one character as 1..4 bytes; answers the count, 0 for no character. */
size_t utf8_put(uint32_t c, char out[static 4]);

/* Length at most max that does not cut a character of (valid) text. */
size_t utf8_cut(struct span text, size_t max);

#endif
