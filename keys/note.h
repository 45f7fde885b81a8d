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
 *   3. note_open and note_line give the lines of a note that note_parse accepts; whether they are
 *      true, keys/cosign.h says.
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
    NOTE_NAME_MAX = 128,
    NOTE_PROOF_MAX = 256, /* of a witness, whose algorithm we need not know */
    NOTE_KEY_HASH_LEN = 4,
};

/* The algorithm of a line's key, a part of the key's hash. */
enum note_type { NOTE_ED25519 = 0x01, NOTE_COSIGNATURE = 0x04 };

struct checkpoint {
    char origin[NOTE_ORIGIN_MAX + 1];
    uint64_t size;
    merkle_hash root;
};

/* "hub.<region>.<realm>/audit/<n>" for a hub member id, a realm and a log number. */
MUST_USE enum err note_origin(char out[static NOTE_ORIGIN_MAX + 1], const char *hub,
                              const char *realm, uint32_t log_number);
/* Is this the origin of a log of that hub and realm? Then its number. */
bool note_origin_number(const char *origin, const char *hub, const char *realm,
                        uint32_t *log_number);

/* Append the signed note. The key is KEY_USE_LOG. */
MUST_USE enum err note_sign(const struct checkpoint *checkpoint, const struct key *key,
                            struct writer *w);
MUST_USE enum err note_parse(struct span note, struct checkpoint *out);
/* Parse, compare the origin, verify the signature by this log key. */
MUST_USE enum err note_verify(struct span note, const char *origin,
                              const uint8_t public_key[static KEY_PUBLIC_LEN],
                              struct checkpoint *out);

/* A note's parts: the text that is signed, and the lines behind the log's own. Both borrowed. */
MUST_USE enum err note_open(struct span note, struct checkpoint *out, struct span *text,
                            struct span *lines);
struct note_line {
    char name[NOTE_NAME_MAX + 1];
    size_t proof_len;
    uint8_t proof[NOTE_PROOF_MAX]; /* key hash ‖ what the algorithm says */
};
/* The next line; false: none, or none that is well formed. */
bool note_line(struct span *lines, struct note_line *out);
/* SHA-256(name ‖ "\n" ‖ type ‖ public key)[0..4) */
void note_key_hash(uint8_t out[static NOTE_KEY_HASH_LEN], const char *name, enum note_type type,
                   const uint8_t public_key[static KEY_PUBLIC_LEN]);
/* Append "— name base64(proof)\n". */
void note_put_line(struct writer *w, const char *name, struct span proof);

#endif
