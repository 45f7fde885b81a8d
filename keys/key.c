#include "keys/key.h"

#include "keys/guard.h"
#include "keys/key_public.h"
#include "keys/pkcs11.h"

#include <assert.h>
#include <sodium.h>

#include <string.h>

_Static_assert(KEY_SECRET_LEN == crypto_sign_SEEDBYTES, "Ed25519 seed length drifted");
_Static_assert(KEY_SECRET_LEN == crypto_scalarmult_SCALARBYTES, "X25519 length drifted");
_Static_assert(KEY_PUBLIC_LEN == crypto_sign_PUBLICKEYBYTES, "Ed25519 length drifted");
_Static_assert(crypto_sign_BYTES == 64, "signature length drifted");

/* All of it in guarded memory. */
struct key {
    enum key_use use;
    enum key_alg alg;
    uint64_t created_ms;
    uint8_t kid[KID_LEN];
    uint8_t public_key[KEY_PUBLIC_LEN];
    uint8_t secret[KEY_SECRET_LEN];
    uint8_t expanded[crypto_sign_SECRETKEYBYTES]; /* Ed25519 only */
    struct pkcs11_key *token;                     /* owns; then there is no secret here */
};

static const struct {
    enum key_use use;
    enum key_alg alg;
    const char *name;
} uses[] = {
    {KEY_USE_SIGN, ALG_ED25519, "sign"},          {KEY_USE_SEAL, ALG_X25519, "seal"},
    {KEY_USE_TRANSPORT, ALG_X25519, "transport"}, {KEY_USE_LOG, ALG_ED25519, "log"},
    {KEY_USE_OFFICIAL, ALG_ED25519, "official"},  {KEY_USE_WITNESS, ALG_ED25519, "witness"},
    {KEY_USE_ROOT, ALG_ED25519, "root"},          {KEY_USE_REGISTRAR, ALG_ED25519, "registrar"},
    {KEY_USE_STORAGE, ALG_NONE, "storage"},       {KEY_USE_TOKEN, ALG_NONE, "token"},
};
enum { USE_COUNT = sizeof uses / sizeof uses[0] };

enum key_alg key_use_alg(enum key_use use)
{
    for (size_t i = 0; i < USE_COUNT; i++) {
        if (uses[i].use == use)
            return uses[i].alg;
    }
    return ALG_NONE;
}

const char *key_use_name(enum key_use use)
{
    for (size_t i = 0; i < USE_COUNT; i++) {
        if (uses[i].use == use)
            return uses[i].name;
    }
    return NULL;
}

enum key_use key_use_of(const char *name)
{
    for (size_t i = 0; i < USE_COUNT; i++) {
        if (strcmp(uses[i].name, name) == 0)
            return uses[i].use;
    }
    return KEY_USE_NONE;
}

/* X25519 ignores the top bit and reduces: one spelling of each key is enough. */
static bool x25519_canonical(const uint8_t public_key[static KEY_PUBLIC_LEN])
{
    if ((public_key[31] & 0x80) != 0)
        return false;
    if (public_key[31] != 0x7f || public_key[0] < 0xed)
        return true;
    for (int i = 1; i < 31; i++) {
        if (public_key[i] != 0xff)
            return true;
    }
    return false;
}

enum err key_check_public(enum key_use use, const uint8_t public_key[static KEY_PUBLIC_LEN])
{
    static const uint8_t scalar[crypto_scalarmult_SCALARBYTES] = {8};
    uint8_t shared[crypto_scalarmult_BYTES];

    if (key_is_published(public_key))
        return ERR_KEY_PUBLIC;
    const enum key_alg alg = key_use_alg(use);
    if (alg == ALG_ED25519)
        return crypto_core_ed25519_is_valid_point(public_key) == 1 ? OK : ERR_KEY_WEAK;
    if (alg != ALG_X25519)
        return ERR_KEY_USE;
    /* A point of small order gives the zero secret under any scalar, and is refused. */
    return x25519_canonical(public_key) && crypto_scalarmult(shared, scalar, public_key) == 0
               ? OK
               : ERR_KEY_WEAK;
}

/* Public part and kid from the secret. */
static enum err derive(struct key *key)
{
    if (key->alg == ALG_NONE)
        return OK;
    if ((key->alg == ALG_ED25519
             ? crypto_sign_seed_keypair(key->public_key, key->expanded, key->secret)
             : crypto_scalarmult_base(key->public_key, key->secret)) != 0)
        return ERR_KEY_WEAK;
    kid_of(key->kid, key->alg, key->public_key);
    return key_check_public(key->use, key->public_key);
}

enum err key_import(struct key **out, enum key_use use, uint64_t created_ms,
                    const uint8_t secret[static KEY_SECRET_LEN])
{
    enum err err = ERR_KEY_USE;
    *out = NULL;
    if (key_use_name(use) == NULL)
        return err;
    if (key_is_published(secret))
        return ERR_KEY_PUBLIC;

    struct key *key = guard_alloc(sizeof *key);
    if (key == NULL)
        return ERR_NO_MEMORY;
    key->use = use;
    key->alg = key_use_alg(use);
    key->created_ms = created_ms;
    memcpy(key->secret, secret, KEY_SECRET_LEN);
    if ((err = derive(key)) != OK)
        goto out;
    /* From here on a stray write is a fault, not another key. */
    if (sodium_mprotect_readonly(key) != 0) {
        err = ERR_INTERNAL;
        goto out;
    }
    *out = key;
    key = NULL;
    err = OK;
out:
    guard_free(key);
    return err;
}

enum err key_of_token(struct key **out, enum key_use use, struct pkcs11_key **token)
{
    *out = NULL;
    assert(key_use_alg(use) == ALG_ED25519); /* a URI names no other */
    struct key *key = guard_alloc(sizeof *key);
    if (key == NULL)
        return ERR_NO_MEMORY;
    key->use = use;
    key->alg = ALG_ED25519;
    memcpy(key->public_key, pkcs11_key_public(*token), KEY_PUBLIC_LEN);
    kid_of(key->kid, key->alg, key->public_key);
    key->token = *token;
    if (sodium_mprotect_readonly(key) != 0) {
        guard_free(key);
        return ERR_INTERNAL;
    }
    *token = NULL;
    *out = key;
    return OK;
}

enum err key_make(struct key **out, enum key_use use, uint64_t created_ms,
                  const struct entropy *entropy)
{
    *out = NULL;
    uint8_t *secret = guard_alloc(KEY_SECRET_LEN);
    if (secret == NULL)
        return ERR_NO_MEMORY;
    entropy_fill(entropy, secret, KEY_SECRET_LEN);
    enum err err = key_import(out, use, created_ms, secret);
    guard_free(secret);
    return err;
}

void key_close(struct key **key)
{
    if (key == NULL || *key == NULL)
        return;
    struct pkcs11_key *token = (*key)->token;
    pkcs11_key_close(&token);
    guard_free(*key);
    *key = NULL;
}

enum key_use key_use(const struct key *key)
{
    return key->use;
}

uint64_t key_created_ms(const struct key *key)
{
    return key->created_ms;
}

const uint8_t *key_kid(const struct key *key)
{
    return key->kid;
}

const uint8_t *key_public(const struct key *key)
{
    return key->public_key;
}

const uint8_t *key_secret(const struct key *key)
{
    return key->token == NULL ? key->secret : NULL;
}

enum err key_sign(const struct key *key, struct span message, uint8_t out[static 64])
{
    if (key->alg != ALG_ED25519)
        return ERR_KEY_USE;
    if (key->token != NULL)
        return pkcs11_key_sign(key->token, message, out);
    return crypto_sign_detached(out, NULL, message.data, message.len, key->expanded) == 0
               ? OK
               : ERR_INTERNAL;
}

enum err key_agree(const struct key *key, const uint8_t public_key[static KEY_PUBLIC_LEN],
                   uint8_t out[static 32])
{
    if (key->alg != ALG_X25519)
        return ERR_KEY_USE;
    return crypto_scalarmult(out, key->secret, public_key) == 0 ? OK : ERR_KEY_WEAK;
}

bool key_same_secret(const uint8_t ed25519[static KEY_PUBLIC_LEN],
                     const uint8_t x25519[static KEY_PUBLIC_LEN])
{
    uint8_t converted[crypto_scalarmult_BYTES];
    return crypto_sign_ed25519_pk_to_curve25519(converted, ed25519) != 0 ||
           memcmp(converted, x25519, KEY_PUBLIC_LEN) == 0;
}

enum err key_verify(const uint8_t public_key[static KEY_PUBLIC_LEN], struct span message,
                    const uint8_t signature[static 64])
{
    return crypto_sign_verify_detached(signature, message.data, message.len, public_key) == 0
               ? OK
               : ERR_SIGNATURE;
}
