/*
 * key - one key with its secret in guarded memory, and the set of keys a process holds.
 *
 * Guarantees:
 *   1. Secret bytes exist in guarded memory only, and are wiped on close.
 *   2. A key that is published test material (libzmq's documentation, RFC vectors, zeros) is
 *      refused with ERR_KEY_PUBLIC; a public key of small or mixed order, or not canonical,
 *      with ERR_KEY_WEAK.
 *   3. A keyring holds a secret once: the same key for a second use is ERR_KEY_REUSED.
 *
 * Ownership: keyring_add takes the key over; keyring_find lends it until the ring closes.
 * Bounds: KEYRING_MAX keys. Thread rule: a key is read-only once made; a ring is filled by one
 * thread and may then be read by several.
 */
#ifndef KEYS_KEY_H
#define KEYS_KEY_H

#include "keys/entropy.h"
#include "keys/hash.h"

#include <stdbool.h>

enum {
    KEY_PUBLIC_LEN = 32,
    KEY_SECRET_LEN = 32, /* Ed25519 seed, X25519 scalar, or symmetric key */
    KEYRING_MAX = 32,
    KEYRING_NAME_MAX = 64,
};

/* 1 to 6 are lianshu_KeyUse. */
enum key_use {
    KEY_USE_NONE = 0,
    KEY_USE_SIGN = 1,       /* Ed25519 */
    KEY_USE_SEAL = 2,       /* X25519 */
    KEY_USE_TRANSPORT = 3,  /* X25519, CURVE */
    KEY_USE_LOG = 4,        /* Ed25519 */
    KEY_USE_OFFICIAL = 5,   /* Ed25519 */
    KEY_USE_WITNESS = 6,    /* Ed25519 */
    KEY_USE_ROOT = 16,      /* Ed25519 */
    KEY_USE_REGISTRAR = 17, /* Ed25519 */
    KEY_USE_STORAGE = 32,   /* 32 bytes, no public key */
    KEY_USE_TOKEN = 33,     /* 32 bytes, no public key */
};

struct key;

/* ALG_NONE for symmetric keys and unknown uses. */
enum key_alg key_use_alg(enum key_use use);
/* "sign", "seal", …; NULL for an unknown use. And back: KEY_USE_NONE for an unknown name. */
const char *key_use_name(enum key_use use);
enum key_use key_use_of(const char *name);

/* What one key file holds, by whom it is for (adapter, hub, signer, official, witness, registrar,
 * enrolment, root, storage): ends with KEY_USE_NONE. NULL for an unknown purpose. */
const enum key_use *key_purpose(const char *name);

/* A new key. */
MUST_USE enum err key_make(struct key **out, enum key_use use, uint64_t created_ms,
                           const struct entropy *entropy);
/* From its 32 secret bytes, which are copied. */
MUST_USE enum err key_import(struct key **out, enum key_use use, uint64_t created_ms,
                             const uint8_t secret[static KEY_SECRET_LEN]);
void key_close(struct key **key);

enum key_use key_use(const struct key *key);
uint64_t key_created_ms(const struct key *key);
/* Zeros for a symmetric key. Both are lent as long as the key lives. */
const uint8_t *key_kid(const struct key *key);
const uint8_t *key_public(const struct key *key);
/* The 32 secret bytes, lent, in guarded memory: for the key file, and for CURVE sockets. NULL when
 * they are in a token, as only those of Ed25519 keys may be (keyfile.h). */
const uint8_t *key_secret(const struct key *key);

/* Is this a public key that may be registered for this use? ERR_KEY_WEAK, ERR_KEY_PUBLIC. */
MUST_USE enum err key_check_public(enum key_use use,
                                   const uint8_t public_key[static KEY_PUBLIC_LEN]);

/* X25519 of the secret half and another public key. ERR_KEY_USE, ERR_KEY_WEAK. Wipe *out. */
MUST_USE enum err key_agree(const struct key *key, const uint8_t public_key[static KEY_PUBLIC_LEN],
                            uint8_t out[static 32]);
/* Is the X25519 key the one that follows from the secret of the Ed25519 key? Said, too, where none
 * follows from it: what cannot be told apart is not taken for two keys. */
bool key_same_secret(const uint8_t ed25519[static KEY_PUBLIC_LEN],
                     const uint8_t x25519[static KEY_PUBLIC_LEN]);

/* Plain Ed25519, for the few places that sign without a batch (checkpoints). */
/* ERR_KEY_USE; ERR_PKCS11 when the token of the key does not sign. */
MUST_USE enum err key_sign(const struct key *key, struct span message, uint8_t out[static 64]);
MUST_USE enum err key_verify(const uint8_t public_key[static KEY_PUBLIC_LEN], struct span message,
                             const uint8_t signature[static 64]);

struct keyring;

/* Empty ring of `owner` (member id, may be "") and `name` (of the adapter, may be "").
 * ERR_TOO_LARGE when a name is longer than its bound. */
MUST_USE enum err keyring_open(struct keyring **out, const char *owner, const char *name);
void keyring_close(struct keyring **ring);
/* Takes *key over and sets it to NULL. ERR_KEY_REUSED, ERR_TOO_LARGE when full. */
MUST_USE enum err keyring_add(struct keyring *ring, struct key **key);

const char *keyring_owner(const struct keyring *ring);
const char *keyring_name(const struct keyring *ring);
size_t keyring_count(const struct keyring *ring);
const struct key *keyring_at(const struct keyring *ring, size_t index);
/* The newest key of that use; NULL when there is none. */
const struct key *keyring_find(const struct keyring *ring, enum key_use use);
/* By key id, any use; NULL when there is none. */
const struct key *keyring_kid(const struct keyring *ring, const uint8_t kid[static KID_LEN]);

#endif
