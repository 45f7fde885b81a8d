/*
 * hpke - RFC 9180, base mode, single shot: KEM 0x0020 (X25519, HKDF-SHA256), KDF 0x0001,
 * AEAD 0x0003 (ChaCha20-Poly1305).
 *
 * Guarantees:
 *   1. Matches the vectors of RFC 9180 A.2.1.
 *   2. A public key or encapsulation of small order is refused.
 *   3. Ephemeral keys and shared secrets are wiped before return.
 *
 * Errors: ERR_KEY_WEAK (sealing to a bad key), ERR_UNWRAP (opening, whatever the reason),
 * ERR_TOO_LARGE. Thread rule: no shared state.
 */
#ifndef KEYS_HPKE_H
#define KEYS_HPKE_H

#include "keys/key.h"

enum { HPKE_ENC_LEN = 32, HPKE_TAG_LEN = 16, HPKE_PLAIN_MAX = 1 << 16 };

/* Appends enc ‖ ct, ct being plain.len + HPKE_TAG_LEN long. */
MUST_USE enum err hpke_seal(const uint8_t public_key[static KEY_PUBLIC_LEN], struct span info,
                            struct span aad, struct span plain, const struct entropy *entropy,
                            struct writer *w);
/* out holds ct.len - HPKE_TAG_LEN bytes. The pair is key_secret and key_public of an X25519 key. */
MUST_USE enum err hpke_open(const uint8_t secret[static KEY_SECRET_LEN],
                            const uint8_t public_key[static KEY_PUBLIC_LEN],
                            const uint8_t enc[static HPKE_ENC_LEN], struct span info,
                            struct span aad, struct span ct, uint8_t *out);

#endif
