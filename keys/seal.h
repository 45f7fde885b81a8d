/*
 * seal - parts of envelopes: one secret for each (batch, exact audience), wrapped for each
 * reader by HPKE; a DEK and a key commitment for each part. PROTOCOL: sealing a part.
 *
 *   sealer_begin -> sealer_audience -> seal_dek -> (commitment into H) -> seal_part
 *   opener_part
 *
 * Guarantees:
 *   1. A secret never serves two audiences, nor two batches.
 *   2. Whatever is wrong when opening, the answer is ERR_CANNOT_OPEN; the reason stands in
 *      *inner (307 wrap, 308 commitment, 311 ciphertext, 312 padding) for the own log only.
 *   3. The plaintext handed out is exactly what was sealed: the commitment is compared before
 *      the ciphertext is tried, padding must be zeros and of the one right size.
 *   4. Extracts of opened secrets are kept in guarded memory, by SHA-256(info ‖ enc ‖ ct), a
 *      bounded number of them; the one used last is known by its bytes. Nothing is allocated
 *      after open.
 *
 * Thread rule: a sealer and an opener belong to one thread each.
 */
#ifndef KEYS_SEAL_H
#define KEYS_SEAL_H

#include "keys/hpke.h"

enum {
    SEAL_READER_MAX = 32,
    SEAL_SECRET_LEN = 32, /* R, as it is wrapped */
    SEAL_DEK_LEN = 32,
    SEAL_COMMITMENT_LEN = 32,
    SEAL_WRAP_LEN = HPKE_ENC_LEN + SEAL_SECRET_LEN + HPKE_TAG_LEN, /* one reader's share of R */
    SEAL_TAG_LEN = 16,
    SEAL_PLAIN_MAX = 1 << 20,
    SEAL_MESSAGE_ID_LEN = 16,
    SEALER_AUDIENCE_MAX = 64, /* audiences remembered within a batch */
    OPENER_SECRETS_DEFAULT = 1024,
};

struct seal_reader {
    uint8_t kid[KID_LEN];
    uint8_t public_key[KEY_PUBLIC_LEN];
};

/* Length of pad(p) for |p| = plain_len; |C| is SEAL_TAG_LEN more. */
size_t seal_padded_len(size_t plain_len);

struct sealer;
MUST_USE enum err sealer_open(struct sealer **out);
void sealer_close(struct sealer **sealer);
/* A new batch: every secret is forgotten. The entropy is borrowed until the next begin. */
MUST_USE enum err sealer_begin(struct sealer *sealer, const char *realm,
                               const uint8_t sender_kid[static KID_LEN],
                               const struct entropy *entropy);
/* Extract, wraps and SHA-256(wraps) of this audience, lent until the next call on this sealer. */
MUST_USE enum err sealer_audience(struct sealer *sealer, const struct seal_reader *readers,
                                  size_t reader_count, const struct hmac_key **extract,
                                  struct span *wraps, const uint8_t **wraps_hash);
/* From R to the extract that DEKs are expanded from, the same for all messages under R. */
void seal_extract(struct hmac_key *extract, const uint8_t secret[static SEAL_SECRET_LEN]);

/* Which part of which message. */
struct seal_place {
    uint8_t message_id[SEAL_MESSAGE_ID_LEN];
    uint8_t part;
};
void seal_dek(uint8_t dek[static SEAL_DEK_LEN], const struct hmac_key *extract,
              const struct seal_place *place);
void seal_commitment(uint8_t out[static SEAL_COMMITMENT_LEN],
                     const uint8_t dek[static SEAL_DEK_LEN]);
/* Appends C. ERR_TOO_LARGE when it does not fit. */
MUST_USE enum err seal_part(const uint8_t dek[static SEAL_DEK_LEN],
                            const uint8_t header_hash[static HASH_LEN], uint8_t part,
                            struct span plain, struct writer *w);
/* Opens C with a disclosed DEK (archive, court). `buffer` of cap >= |C|; *plain lies inside. */
MUST_USE enum err seal_open_dek(const uint8_t dek[static SEAL_DEK_LEN],
                                const uint8_t header_hash[static HASH_LEN], uint8_t part,
                                struct span c, uint8_t *buffer, size_t cap, struct span *plain);

struct opener;
MUST_USE enum err opener_open(struct opener **out, size_t secret_count);
void opener_close(struct opener **opener);

struct seal_opening {
    const struct key *key; /* own X25519 key, whose kid is in the audience */
    const char *realm;
    const uint8_t *sender_kid;  /* KID_LEN */
    const uint8_t *header_hash; /* HASH_LEN */
    const uint8_t *commitment;  /* from H */
    struct seal_place place;
    struct span wrap; /* own share of R: enc ‖ ct */
    struct span c;
};
/* `buffer` of cap >= |C| (else ERR_TOO_LARGE); *plain lies inside it. dek may be NULL. */
MUST_USE enum err opener_part(struct opener *opener, const struct seal_opening *what,
                              uint8_t *buffer, size_t cap, struct span *plain,
                              uint8_t dek[SEAL_DEK_LEN], enum err *inner);
/* Wraps opened by HPKE since open, the rest came from memory: for whoever measures what that saves.
 */
uint64_t opener_unwraps(const struct opener *opener);

#endif
