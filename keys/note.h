/*
 * note - checkpoints of the log: C2SP signed notes (tlog-checkpoint, signed-note).
 *
 *   hub.445100.demo/audit/1\n
 *   1234\n
 *   base64(root)\n
 *   \n
 *   — hub.445100.demo/audit/1 base64(key hash 4 ‖ Ed25519 signature 64)\n
 *
 * key hash = SHA-256(name ‖ "\n" ‖ 0x01 ‖ public key)[0..4); the key's name is the origin.
 *
 * Guarantees:
 *   1. note_parse accepts only what note_sign writes, followed by at most NOTE_EXTRA_MAX
 *      further signature lines (witnesses), each well formed; anything else is ERR_CHECKPOINT.
 *   2. note_verify is OK only if the line of this origin and key verifies, once.
 *
 * Thread rule: plain values.
 */
#ifndef KEYS_NOTE_H
#define KEYS_NOTE_H

#include "keys/key.h"
#include "keys/merkle.h"

enum {
    NOTE_ORIGIN_MAX = 80,
    NOTE_LEN_MAX = 2048,
    NOTE_SIGNED_MAX = 512, /* a note with our signature alone */
    NOTE_EXTRA_MAX = 7,
};

struct checkpoint {
    char origin[NOTE_ORIGIN_MAX + 1];
    uint64_t size;
    merkle_hash root;
};

/* "hub.<region>.<realm>/audit/<n>" for a hub member id, a realm and a log number. */
MUST_USE enum err note_origin(char out[static NOTE_ORIGIN_MAX + 1], const char *hub,
                              const char *realm, uint32_t log_number);

/* Append the signed note. The key is KEY_USE_LOG. */
MUST_USE enum err note_sign(const struct checkpoint *checkpoint, const struct key *key,
                            struct writer *w);
MUST_USE enum err note_parse(struct span note, struct checkpoint *out);
/* Parse, compare the origin, verify the signature by this log key. */
MUST_USE enum err note_verify(struct span note, const char *origin,
                              const uint8_t public_key[static KEY_PUBLIC_LEN],
                              struct checkpoint *out);

#endif
