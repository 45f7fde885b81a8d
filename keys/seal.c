#include "keys/seal.h"

#include "keys/guard.h"

#include "frame.h"

#include <sodium.h>

#include <string.h>

enum { STEP = 256, STEPPED_MAX = 4096, LENGTH_LEN = 4, PAYLOAD_LEN = 44 };

_Static_assert((int)SEAL_WRAP_LEN == (int)FRAME_WRAP_LEN, "wrap length drifted");
_Static_assert((int)SEAL_READER_MAX == (int)FRAME_AUDIENCE_MAX, "audience drifted");
_Static_assert(SEAL_TAG_LEN == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag length drifted");
_Static_assert(PAYLOAD_LEN == crypto_aead_chacha20poly1305_ietf_KEYBYTES +
                                  crypto_aead_chacha20poly1305_ietf_NPUBBYTES,
               "key and nonce drifted");

static unsigned log2_floor(size_t n)
{
    unsigned log = 0;
    while (n > 1) {
        n >>= 1;
        log++;
    }
    return log;
}

size_t seal_padded_len(size_t plain_len)
{
    const size_t len = LENGTH_LEN + plain_len;
    if (len <= STEPPED_MAX)
        return (len + STEP - 1) / STEP * STEP;
    /* Padmé: keep as many leading bits as the exponent has, at most 12 % more. */
    const unsigned exponent = log2_floor(len);
    const unsigned kept = log2_floor(exponent) + 1;
    const size_t mask = ((size_t)1 << (exponent - kept)) - 1;
    return (len + mask) & ~mask;
}

void seal_extract(struct hmac_key *extract, const uint8_t secret[static SEAL_SECRET_LEN])
{
    uint8_t prk[HASH_LEN];
    const struct span ikm = span_of(secret, SEAL_SECRET_LEN);
    hkdf_extract(prk, LABEL("env"), &ikm, 1);
    hmac_key_init(extract, span_of(prk, sizeof prk));
    guard_wipe(prk, sizeof prk);
}

void seal_dek(uint8_t dek[static SEAL_DEK_LEN], const struct hmac_key *extract,
              const struct seal_place *place)
{
    const struct span info[] = {LABEL("dek"), span_of(place->message_id, SEAL_MESSAGE_ID_LEN),
                                span_of(&place->part, 1)};
    hkdf_expand_key(dek, SEAL_DEK_LEN, extract, info, 3);
}

void seal_commitment(uint8_t out[static SEAL_COMMITMENT_LEN],
                     const uint8_t dek[static SEAL_DEK_LEN])
{
    const struct span info = LABEL("commit");
    hkdf_expand(out, SEAL_COMMITMENT_LEN, dek, &info, 1);
}

/* What the cipher of one part needs. */
struct payload {
    uint8_t key_nonce[PAYLOAD_LEN];
    uint8_t aad[HASH_LABEL_MAX + HASH_LEN + 1];
    size_t aad_len;
};

static void payload_init(struct payload *p, const uint8_t dek[static SEAL_DEK_LEN],
                         const uint8_t header_hash[static HASH_LEN], uint8_t part)
{
    const struct span info[] = {LABEL("payload"), span_of(header_hash, HASH_LEN)};
    hkdf_expand(p->key_nonce, PAYLOAD_LEN, dek, info, 2);

    struct writer w = writer_of(p->aad, sizeof p->aad);
    write_span(&w, LABEL("aead"));
    write_bytes(&w, header_hash, HASH_LEN);
    write_uint(&w, part, 1);
    p->aad_len = w.len;
}

static const uint8_t *payload_nonce(const struct payload *p)
{
    return p->key_nonce + crypto_aead_chacha20poly1305_ietf_KEYBYTES;
}

enum err seal_part(const uint8_t dek[static SEAL_DEK_LEN],
                   const uint8_t header_hash[static HASH_LEN], uint8_t part, struct span plain,
                   struct writer *w)
{
    struct payload p;
    if (plain.len > SEAL_PLAIN_MAX)
        return ERR_TOO_LARGE;
    const size_t padded = seal_padded_len(plain.len);
    if (w->full || w->cap - w->len < padded + SEAL_TAG_LEN)
        return ERR_TOO_LARGE;

    /* Padded where the ciphertext is to stand, then sealed in place. */
    uint8_t *c = w->data + w->len;
    struct writer text = writer_of(c, padded);
    write_uint(&text, plain.len, LENGTH_LEN);
    write_span(&text, plain);
    memset(c + text.len, 0, padded - text.len);

    payload_init(&p, dek, header_hash, part);
    int failed = crypto_aead_chacha20poly1305_ietf_encrypt(c, NULL, c, padded, p.aad, p.aad_len,
                                                           NULL, payload_nonce(&p), p.key_nonce);
    guard_wipe(&p, sizeof p);
    if (failed != 0) {
        guard_wipe(c, padded);
        return ERR_INTERNAL;
    }
    w->len += padded + SEAL_TAG_LEN;
    return OK;
}

/* The text inside its padding; ERR_PADDING unless it is the padding that seal_part makes. */
static enum err unpad(struct span padded, struct span *plain)
{
    struct span rest = padded;
    uint64_t len;
    uint8_t any = 0;

    if (!span_take_uint(&rest, LENGTH_LEN, &len) || len > rest.len ||
        seal_padded_len((size_t)len) != padded.len)
        return ERR_PADDING;
    for (size_t i = (size_t)len; i < rest.len; i++)
        any |= rest.data[i];
    if (any != 0)
        return ERR_PADDING;
    *plain = span_of(rest.data, (size_t)len);
    return OK;
}

enum err seal_open_dek(const uint8_t dek[static SEAL_DEK_LEN],
                       const uint8_t header_hash[static HASH_LEN], uint8_t part, struct span c,
                       uint8_t *buffer, size_t cap, struct span *plain)
{
    struct payload p;
    *plain = (struct span){NULL, 0};
    if (c.len < SEAL_TAG_LEN)
        return ERR_CIPHERTEXT;
    if (cap < c.len)
        return ERR_TOO_LARGE;

    payload_init(&p, dek, header_hash, part);
    int failed = crypto_aead_chacha20poly1305_ietf_decrypt(
        buffer, NULL, NULL, c.data, c.len, p.aad, p.aad_len, payload_nonce(&p), p.key_nonce);
    guard_wipe(&p, sizeof p);
    if (failed != 0)
        return ERR_CIPHERTEXT;
    enum err err = unpad(span_of(buffer, c.len - SEAL_TAG_LEN), plain);
    if (err != OK)
        guard_wipe(buffer, c.len);
    return err;
}
