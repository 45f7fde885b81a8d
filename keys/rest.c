#include "keys/rest.h"

#include <sodium.h>

#include <string.h>

enum { NONCE_LEN = 24, TAG_LEN = 16, AAD_MAX = 1 + 64 + 2 + 256 + 1 + 64 };

_Static_assert(NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce drifted");
_Static_assert(TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag drifted");
_Static_assert(REST_OVERHEAD == NONCE_LEN + TAG_LEN, "overhead drifted");

/* Lengths in front: no two places have the same bytes. */
static enum err place_write(struct writer *w, const struct rest_place *place)
{
    const size_t table_len = strlen(place->table);
    const size_t column_len = strlen(place->column);
    if (table_len > UINT8_MAX || column_len > UINT8_MAX || place->row.len > UINT16_MAX)
        return ERR_TOO_LARGE;
    write_uint(w, table_len, 1);
    write_bytes(w, place->table, table_len);
    write_uint(w, place->row.len, 2);
    write_span(w, place->row);
    write_uint(w, column_len, 1);
    write_bytes(w, place->column, column_len);
    return w->full ? ERR_TOO_LARGE : OK;
}

enum err rest_seal(const struct key *storage, const struct rest_place *place, struct span value,
                   const struct entropy *entropy, struct writer *w)
{
    uint8_t aad[AAD_MAX];
    struct writer aad_w = writer_of(aad, sizeof aad);
    if (key_use(storage) != KEY_USE_STORAGE)
        return ERR_KEY_USE;
    enum err err = place_write(&aad_w, place);
    if (err != OK)
        return err;
    if (w->full || w->cap - w->len < REST_OVERHEAD || w->cap - w->len - REST_OVERHEAD < value.len)
        return ERR_TOO_LARGE;

    uint8_t *nonce = w->data + w->len;
    entropy_fill(entropy, nonce, NONCE_LEN);
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_LEN, NULL, value.data, value.len,
                                                   aad, aad_w.len, NULL, nonce,
                                                   key_secret(storage)) != 0)
        return ERR_INTERNAL;
    w->len += value.len + REST_OVERHEAD;
    return OK;
}

enum err rest_open(const struct key *storage, const struct rest_place *place, struct span sealed,
                   struct writer *w)
{
    uint8_t aad[AAD_MAX];
    struct writer aad_w = writer_of(aad, sizeof aad);
    if (key_use(storage) != KEY_USE_STORAGE)
        return ERR_KEY_USE;
    enum err err = place_write(&aad_w, place);
    if (err != OK)
        return err;
    if (sealed.len < REST_OVERHEAD)
        return ERR_CORRUPT;
    const size_t len = sealed.len - REST_OVERHEAD;
    if (w->full || w->cap - w->len < len)
        return ERR_TOO_LARGE;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            w->data + w->len, NULL, NULL, sealed.data + NONCE_LEN, sealed.len - NONCE_LEN, aad,
            aad_w.len, sealed.data, key_secret(storage)) != 0)
        return ERR_CORRUPT;
    w->len += len;
    return OK;
}

void rest_key_id(const struct key *key, uint8_t out[static REST_KEY_ID_LEN])
{
    uint8_t hash[HASH_LEN];
    const uint8_t use = (uint8_t)key_use(key);
    const struct span spans[] = {LABEL("rest.key"), span_of(&use, 1),
                                 span_of(key_secret(key), KEY_SECRET_LEN)};
    hash_secret(hash, spans, 3);
    memcpy(out, hash, REST_KEY_ID_LEN);
}

enum err rest_token(uint8_t out[static REST_TOKEN_LEN], const struct key *token, uint8_t kind,
                    struct span id)
{
    uint8_t mac[HASH_LEN];
    if (key_use(token) != KEY_USE_TOKEN)
        return ERR_KEY_USE;
    const struct span spans[] = {LABEL("token"), span_of(&kind, 1), id};
    hmac_spans(mac, span_of(key_secret(token), KEY_SECRET_LEN), spans, 3);
    memcpy(out, mac, REST_TOKEN_LEN);
    return OK;
}
