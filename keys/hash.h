/*
 * hash - SHA-256, HMAC, HKDF (RFC 5869), the labels L(x) and the key id. PROTOCOL: labels.
 *
 * Guarantees:
 *   1. No function here allocates; a struct sha256 lives where the caller puts it.
 *   2. Intermediate key material is wiped before return.
 *
 * Bounds: HKDF output at most 255 × 32 bytes; a label at most HASH_LABEL_MAX bytes.
 * Thread rule: plain values; no shared state.
 */
#ifndef KEYS_HASH_H
#define KEYS_HASH_H

#include "base/err.h"
#include "base/span.h"

enum {
    HASH_LEN = 32,
    KID_LEN = 16,
    HASH_LABEL_MAX = 32,
    HASH_STATE_LEN = 112,
    HKDF_OUT_MAX = 255 * HASH_LEN,
    SUITE_CURRENT = 0x0001,
};

/* `alg` of keys and signatures. */
enum key_alg { ALG_NONE = 0, ALG_ED25519 = 1, ALG_X25519 = 2 };

struct sha256 {
    _Alignas(16) uint8_t state[HASH_STATE_LEN];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, struct span bytes);
/* Ends and wipes *s. */
void sha256_done(struct sha256 *s, uint8_t out[static HASH_LEN]);

/* SHA-256 of the joined spans, which are no secrets: what is hashed may stay on the stack. */
void hash_spans(uint8_t out[static HASH_LEN], const struct span *spans, size_t span_count);
void hash_bytes(uint8_t out[static HASH_LEN], struct span bytes);
/* The same of secrets: nothing of them is left. */
void hash_secret(uint8_t out[static HASH_LEN], const struct span *spans, size_t span_count);

/* A key after HMAC's two pads, for several messages under it. As secret as the key: wipe it. */
struct hmac_key {
    uint32_t inner[HASH_LEN / 4];
    uint32_t outer[HASH_LEN / 4];
};
void hmac_key_init(struct hmac_key *k, struct span key);
void hmac_key_spans(uint8_t out[static HASH_LEN], const struct hmac_key *k,
                    const struct span *spans, size_t span_count);

/* HMAC-SHA256 over the joined spans. */
void hmac_spans(uint8_t out[static HASH_LEN], struct span key, const struct span *spans,
                size_t span_count);

void hkdf_extract(uint8_t prk[static HASH_LEN], struct span salt, const struct span *ikm,
                  size_t ikm_count);
/* out_len <= HKDF_OUT_MAX; info is the joined spans. */
void hkdf_expand(uint8_t *out, size_t out_len, const uint8_t prk[static HASH_LEN],
                 const struct span *info, size_t info_count);

/* The same for a prk that is used several times. */
void hkdf_expand_key(uint8_t *out, size_t out_len, const struct hmac_key *prk,
                     const struct span *info, size_t info_count);

/* L(name) = "lianshu." ‖ name ‖ ".v1\0" ‖ u16 suite, as a span; name is a literal. */
#define LABEL_TEXT(name) "lianshu." name ".v1\0\0\1"
#define LABEL(name)      span_of(LABEL_TEXT(name), sizeof LABEL_TEXT(name) - 1)
_Static_assert((int)SUITE_CURRENT == 1, "the suite stands at the end of every label");

/* kid(alg, pk) for a public key of 32 bytes. */
void kid_of(uint8_t out[static KID_LEN], enum key_alg alg, const uint8_t public_key[static 32]);

#endif
