#include "keys/hpke.h"

#include "keys/guard.h"

#include <sodium.h>

#include <string.h>

enum { NONCE_LEN = 12, CONTEXT_LEN = 1 + 2 * HASH_LEN };

_Static_assert(HPKE_ENC_LEN == crypto_scalarmult_BYTES, "X25519 length drifted");
_Static_assert(HPKE_TAG_LEN == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag length drifted");
_Static_assert(NONCE_LEN == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "nonce length drifted");

/* suite_id of the KEM and of HPKE, RFC 9180 4.1 and 5.1. */
static const uint8_t kem_suite[] = {'K', 'E', 'M', 0x00, 0x20};
static const uint8_t hpke_suite[] = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x03};
static const char version[] = "HPKE-v1";

#define SPAN_OF_ARRAY(a) span_of((a), sizeof(a))

static void labeled_extract(uint8_t prk[static HASH_LEN], struct span salt, struct span suite,
                            const char *label, struct span ikm)
{
    const struct span spans[] = {span_str(version), suite, span_str(label), ikm};
    hkdf_extract(prk, salt, spans, 4);
}

static void labeled_expand(uint8_t *out, size_t out_len, const uint8_t prk[static HASH_LEN],
                           struct span suite, const char *label, struct span info)
{
    const uint8_t len[2] = {(uint8_t)(out_len >> 8), (uint8_t)out_len};
    const struct span spans[] = {SPAN_OF_ARRAY(len), span_str(version), suite, span_str(label),
                                 info};
    hkdf_expand(out, out_len, prk, spans, 5);
}

/* Everything secret of one exchange, wiped as one. */
struct schedule {
    uint8_t dh[HPKE_ENC_LEN];
    uint8_t prk[HASH_LEN];
    uint8_t shared[HASH_LEN];
    uint8_t secret[HASH_LEN];
    uint8_t key[crypto_aead_chacha20poly1305_ietf_KEYBYTES];
    uint8_t nonce[NONCE_LEN];
};

/* From the raw agreement in s->dh to key and nonce: ExtractAndExpand, then KeySchedule in base
 * mode. The nonce of the first message is the base nonce. */
static void derive(struct schedule *s, const uint8_t enc[static HPKE_ENC_LEN],
                   const uint8_t public_key[static KEY_PUBLIC_LEN], struct span info)
{
    const struct span none = {NULL, 0};
    const struct span kem = SPAN_OF_ARRAY(kem_suite);
    const struct span hpke = SPAN_OF_ARRAY(hpke_suite);
    uint8_t kem_context[HPKE_ENC_LEN + KEY_PUBLIC_LEN];
    uint8_t context[CONTEXT_LEN] = {0}; /* mode_base */

    memcpy(kem_context, enc, HPKE_ENC_LEN);
    memcpy(kem_context + HPKE_ENC_LEN, public_key, KEY_PUBLIC_LEN);
    labeled_extract(s->prk, none, kem, "eae_prk", SPAN_OF_ARRAY(s->dh));
    labeled_expand(s->shared, sizeof s->shared, s->prk, kem, "shared_secret",
                   SPAN_OF_ARRAY(kem_context));

    labeled_extract(context + 1, none, hpke, "psk_id_hash", none);
    labeled_extract(context + 1 + HASH_LEN, none, hpke, "info_hash", info);
    labeled_extract(s->secret, SPAN_OF_ARRAY(s->shared), hpke, "secret", none);
    labeled_expand(s->key, sizeof s->key, s->secret, hpke, "key", SPAN_OF_ARRAY(context));
    labeled_expand(s->nonce, sizeof s->nonce, s->secret, hpke, "base_nonce",
                   SPAN_OF_ARRAY(context));
}

enum err hpke_seal(const uint8_t public_key[static KEY_PUBLIC_LEN], struct span info,
                   struct span aad, struct span plain, const struct entropy *entropy,
                   struct writer *w)
{
    enum err err = ERR_TOO_LARGE;
    struct schedule s;
    uint8_t ephemeral[KEY_SECRET_LEN];

    if (plain.len > HPKE_PLAIN_MAX || w->full ||
        w->cap - w->len < HPKE_ENC_LEN + plain.len + HPKE_TAG_LEN)
        return err;
    uint8_t *enc = w->data + w->len;
    uint8_t *ct = enc + HPKE_ENC_LEN;

    entropy_fill(entropy, ephemeral, sizeof ephemeral);
    /* A result of zeros, from a key of small order, is refused by scalarmult. */
    if (crypto_scalarmult_base(enc, ephemeral) != 0 ||
        crypto_scalarmult(s.dh, ephemeral, public_key) != 0) {
        err = ERR_KEY_WEAK;
        goto out;
    }
    derive(&s, enc, public_key, info);
    if (crypto_aead_chacha20poly1305_ietf_encrypt(ct, NULL, plain.data, plain.len, aad.data,
                                                  aad.len, NULL, s.nonce, s.key) != 0) {
        err = ERR_INTERNAL;
        goto out;
    }
    w->len += HPKE_ENC_LEN + plain.len + HPKE_TAG_LEN;
    err = OK;
out:
    guard_wipe(ephemeral, sizeof ephemeral);
    guard_wipe(&s, sizeof s);
    return err;
}

enum err hpke_open(const uint8_t secret[static KEY_SECRET_LEN],
                   const uint8_t public_key[static KEY_PUBLIC_LEN],
                   const uint8_t enc[static HPKE_ENC_LEN], struct span info, struct span aad,
                   struct span ct, uint8_t *out)
{
    enum err err = ERR_UNWRAP;
    struct schedule s;

    if (ct.len < HPKE_TAG_LEN || ct.len > HPKE_PLAIN_MAX + HPKE_TAG_LEN)
        return err;
    if (crypto_scalarmult(s.dh, secret, enc) != 0)
        goto out;
    derive(&s, enc, public_key, info);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, ct.data, ct.len, aad.data,
                                                  aad.len, s.nonce, s.key) != 0)
        goto out;
    err = OK;
out:
    guard_wipe(&s, sizeof s);
    return err;
}
