/*
 * cosign - cosignatures of witnesses under a checkpoint (C2SP tlog-cosignature v1, Ed25519), and
 * the policy that says how many are needed.
 *
 *   — hub.440000.demo/witness base64(key hash 4 ‖ u64 timestamp_s ‖ Ed25519 signature 64)\n
 *
 * over "cosignature/v1\n" ‖ "time <timestamp_s>\n" ‖ the note's text. A witness is a member that
 * has a key of use KEY_WITNESS; its name is "<member>.<realm>/witness".
 *
 * Guarantees:
 *   1. cosign_count counts a line only if its name is of the policy, its key hash is that of type
 *      0x04 and of a key which that witness has, valid at the line's time, its signature verifies,
 * and its time is not beyond now. A witness counts once, however many lines and keys it has.
 *   2. A note that note_parse refuses, or that more lines follow than NOTE_EXTRA_MAX, counts
 * nothing.
 *   3. The log's own hub is no witness of itself (cosign_policy).
 *
 * Errors: ERR_CHECKPOINT (807), ERR_KEY_USE (408), ERR_CONFIG (026, with line), ERR_TOO_LARGE.
 * Bounds: WITNESSES_MAX keys. Thread rule: plain values. PROTOCOL 8.
 */
#ifndef KEYS_COSIGN_H
#define KEYS_COSIGN_H

#include "keys/note.h"
#include "keys/registry.h"

enum {
    WITNESSES_MAX = 64,
    WITNESS_NAME_MAX = 80,
    COSIGNATURE_LINE_MAX = 256,
    COSIGN_AHEAD_S = 5, /* so far may a witness's clock be before ours */
};

/* A key of a witness. */
struct witness_key {
    char name[WITNESS_NAME_MAX + 1];
    uint8_t public_key[KEY_PUBLIC_LEN];
    uint64_t valid_from_ms;
    uint64_t valid_until_ms; /* first moment at which it is over */
};

struct witness_policy {
    unsigned needed;    /* different witnesses; 0: none is asked for */
    uint64_t within_ms; /* a checkpoint is to have them so long after it was signed */
    size_t count;
    struct witness_key row[WITNESSES_MAX];
};

/* "<member>.<realm>/witness". */
MUST_USE enum err cosign_name(char out[static WITNESS_NAME_MAX + 1], const char *member,
                              const char *realm);

/* Set the witnesses that the registry knows, without `hub`, whose log it is; needed and within_ms
 * stay. More than WITNESSES_MAX: the first. */
void cosign_policy(struct witness_policy *policy, const struct registry *registry, const char *hub);
/* From a file, for who has no registry:
 *   needed: 2
 *   within_s: 60
 *   witnesses:
 *     - {name: hub.440000.demo/witness, key: "64 hexadecimal digits"} */
MUST_USE enum err cosign_policy_read(struct witness_policy *policy, const char *path,
                                     struct fault *fault);

/* Append the cosignature of this note's text; the key is KEY_USE_WITNESS. */
MUST_USE enum err cosign(struct span note, const char *name, const struct key *key, uint64_t time_s,
                         struct writer *w);

/* Who has cosigned. */
struct cosigners {
    unsigned count; /* different witnesses */
    struct cosigner {
        const char *name; /* borrowed of the policy */
        uint64_t time_ms;
    } by[NOTE_EXTRA_MAX];
};
MUST_USE enum err cosign_count(struct span note, const struct witness_policy *policy,
                               uint64_t now_ms, struct cosigners *out);
/* As many as needed? */
bool cosign_met(const struct witness_policy *policy, const struct cosigners *cosigners);

/* Is this one line a cosignature of the note's text by the witness of that name? */
MUST_USE enum err cosign_check(struct span note, struct span line, const char *name,
                               const struct witness_policy *policy, uint64_t now_ms,
                               uint64_t *time_ms);

#endif
