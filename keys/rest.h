/*
 * rest - values and look-up columns at rest. PROTOCOL: at rest.
 *
 *   value   nonce 24 ‖ XChaCha20-Poly1305(storage key, nonce, aad = u8|table| ‖ table ‖ u16|row| ‖
 *           row ‖ u8|column| ‖ column, value)
 *   token   HMAC-SHA256(token key, L("token") ‖ u8 kind ‖ id)[0..16)
 *   id      SHA-256(L("rest.key") ‖ u8 use ‖ key)[0..16), for keys that have no public half
 *
 * Guarantees:
 *   1. A value moved to another table, row or column, or altered, does not open (ERR_CORRUPT).
 *   2. The same identifier gives the same token under one key and kind, and says nothing
 *      without the key.
 *
 * Thread rule: no shared state.
 */
#ifndef KEYS_REST_H
#define KEYS_REST_H

#include "keys/key.h"

enum { REST_TOKEN_LEN = 16, REST_OVERHEAD = 24 + 16, REST_KEY_ID_LEN = 16 };

/* Where a value lives. */
struct rest_place {
    const char *table;
    struct span row; /* the row's key, as bytes */
    const char *column;
};

/* Append value.len + REST_OVERHEAD bytes. The key is KEY_USE_STORAGE. */
MUST_USE enum err rest_seal(const struct key *storage, const struct rest_place *place,
                            struct span value, const struct entropy *entropy, struct writer *w);
/* Append the value. */
MUST_USE enum err rest_open(const struct key *storage, const struct rest_place *place,
                            struct span sealed, struct writer *w);

/* Names a storage or token key to those who know it: which one a database is under. */
void rest_key_id(const struct key *key, uint8_t out[static REST_KEY_ID_LEN]);

/* kind is lianshu_SubjectKind. The key is KEY_USE_TOKEN. */
MUST_USE enum err rest_token(uint8_t out[static REST_TOKEN_LEN], const struct key *token,
                             uint8_t kind, struct span id);

#endif
