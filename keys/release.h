/*
 * release - the list of programs that officials have released: lines as sha256sum writes them, and
 * under them who vouches for it.
 *
 *   64 hex digits ‖ two spaces ‖ name\n …
 *   sign ‖ space ‖ kid 32 hex ‖ space ‖ signature 128 hex\n …
 *   signed: L("release") ‖ u8|realm| ‖ realm ‖ SHA-256(all lines above the first signature)
 *
 * Guarantees:
 *   1. release_check is OK only if two officials of that member, with keys good at that moment and
 *      roles that suffice for a rule set (roles.h), have signed the list, no signature in it is
 *      bad, and the list has this hash under this name.
 *   2. What is no such list is ERR_SYNTAX; too few signatures ERR_TWO_OFFICIALS; a bad one
 *      ERR_SIGNATURE; another hash or none ERR_NOT_FOUND.
 *
 * Bounds: RELEASE_MAX bytes. Thread rule: no state.
 */
#ifndef KEYS_RELEASE_H
#define KEYS_RELEASE_H

#include "keys/registry.h"

enum { RELEASE_MAX = 16384, RELEASE_SIGNERS_MAX = 8 };

struct release_reader {
    const struct registry *registry;
    const char *member; /* whose officials */
    uint64_t now_ms;
};

MUST_USE enum err release_check(const struct release_reader *reader, struct span list,
                                const char *program, const uint8_t hash[static HASH_LEN]);

/* The list with one signature more. ERR_EXISTS: this key has signed it. */
MUST_USE enum err release_sign(struct span list, const char *realm, const struct key *key,
                               struct writer *w);

#endif
