/*
 * release - the list of programs that officials have released: lines as sha256sum writes them, and
 * under them who vouches for it.
 *
 *   version ‖ space ‖ number\n                  of what is installed from it; may be left out
 *   64 hex digits ‖ two spaces ‖ name\n …
 *   sign ‖ space ‖ kid 32 hex ‖ space ‖ signature 128 hex\n …
 *   signed: L("release") ‖ u8|realm| ‖ realm ‖ SHA-256(all lines above the first signature)
 *
 * Guarantees:
 *   1. release_check is OK only if two officials of that member, with keys good at that moment and
 *      roles that suffice for a rule set (roles.h), have signed the list, no signature in it is
 *      bad, and the list has this hash under this name.
 *   2. release_open asks the same of a whole list: its files are plain paths below a folder, none
 *      twice, and its version is not 0.
 *   3. What is no such list is ERR_SYNTAX; too few signatures ERR_TWO_OFFICIALS; a bad one
 *      ERR_SIGNATURE; another hash or none ERR_NOT_FOUND.
 *   4. release_vouched asks what release_check asks of the signatures, of the list's hash alone:
 *      for the hub that writes it into its log (release_log.h).
 *
 * Bounds: RELEASE_MAX bytes. Thread rule: no state.
 */
#ifndef KEYS_RELEASE_H
#define KEYS_RELEASE_H

#include "keys/registry.h"

enum {
    RELEASE_MAX = 16384,
    RELEASE_SIGNERS_MAX = 8,
    RELEASE_NAME_MAX = 200,
    RELEASE_SIGNATURE_LEN = 64,
};

/* What is signed, and by whom it says it is. */
struct release_signed {
    uint8_t hash[HASH_LEN]; /* SHA-256 of all lines above the first signature */
    size_t signers;
    struct release_signer {
        uint8_t kid[KID_LEN];
        uint8_t signature[RELEASE_SIGNATURE_LEN];
    } signer[RELEASE_SIGNERS_MAX];
};

struct release_reader {
    const struct registry *registry;
    const char *member; /* whose officials */
    uint64_t now_ms;
};

MUST_USE enum err release_check(const struct release_reader *reader, struct span list,
                                const char *program, const uint8_t hash[static HASH_LEN]);

/* Of a list, not verified. ERR_SYNTAX, ERR_TOO_LARGE. */
MUST_USE enum err release_read(struct span list, struct release_signed *out);
/* Every signature is good, and two of them suffice: their key ids. */
MUST_USE enum err release_vouched(const struct release_reader *reader,
                                  const struct release_signed *what,
                                  uint8_t officials[static 2][KID_LEN]);

/* A list that officials have signed; spans of its text. */
struct release {
    uint64_t version;
    struct span rows;
};
/* Those of release_check; ERR_FIELD_MISSING: no version, ERR_FIELD_VALUE: a name. */
MUST_USE enum err release_open(const struct release_reader *reader, struct span list,
                               struct release *out);
/* Its version, and nothing of who signed it; 0: it has none, or is no list. */
uint64_t release_version(struct span list);
/* The next file; false at the end. Start with a copy of release.rows. */
bool release_next(struct span *rows, char name[static RELEASE_NAME_MAX + 1],
                  uint8_t hash[static HASH_LEN]);

/* The list with one signature more. ERR_EXISTS: this key has signed it. */
MUST_USE enum err release_sign(struct span list, const char *realm, const struct key *key,
                               struct writer *w);

#endif
