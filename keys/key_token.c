#include "keys/key_token.h"

#include "keys/pkcs11.h"

enum err key_token_ring(struct keyring **out, const char *uri, const struct passphrase *pin,
                        struct fault *fault)
{
    struct pkcs11_uri parsed;
    struct pkcs11_key *token = NULL;
    struct keyring *ring = NULL;
    struct key *key = NULL;

    *out = NULL;
    enum err err = pkcs11_uri_parse(&parsed, uri, fault);
    if (err == OK)
        err = pkcs11_key_open(&token, &parsed, pin, fault);
    if (err == OK)
        err = key_of_token(&key, parsed.use, &token);
    if (err == OK)
        err = keyring_open(&ring, parsed.member, "");
    if (err == OK)
        err = keyring_add(ring, &key);
    if (err == OK) {
        *out = ring;
        ring = NULL;
    }
    keyring_close(&ring);
    key_close(&key);
    pkcs11_key_close(&token);
    return err;
}

enum err keyfile_make_on_token(const char *uri, const struct passphrase *pin, struct fault *fault)
{
    struct pkcs11_uri parsed;
    const enum err err = pkcs11_uri_parse(&parsed, uri, fault);
    return err == OK ? pkcs11_key_make(&parsed, pin, fault) : err;
}
