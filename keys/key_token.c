#include "keys/key_token.h"

#include "keys/guard.h"
#include "keys/pkcs11.h"
#include "keys/private_file.h"

#include <string.h>

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

/* The link as it will be written. */
static enum err remember(struct keyring *ring, const char *uri, struct span pin)
{
    if (strlen(uri) > KEY_LINK_URI_MAX || pin.len > KEY_LINK_PIN_MAX)
        return ERR_TOO_LARGE;
    struct key_link *link = guard_alloc(sizeof *link);
    if (link == NULL)
        return ERR_NO_MEMORY;
    memcpy(link->uri, uri, strlen(uri));
    memcpy(link->pin, pin.data, pin.len);
    link->pin_len = pin.len;
    keyring_keep_link(ring, link);
    return OK;
}

enum err keyring_link_token(struct keyring *ring, const char *uri, const struct passphrase *pin,
                            struct fault *fault)
{
    struct pkcs11_uri parsed;
    struct pkcs11_key *token = NULL;
    struct key *key = NULL;
    if (keyring_link(ring) != NULL)
        return fault_set(fault, ERR_EXISTS, 0, "pkcs11:", "one key on a token in a key file");
    enum err err = pkcs11_uri_parse(&parsed, uri, fault);
    if (err == OK && strcmp(parsed.member, keyring_owner(ring)) != 0)
        err = fault_set(fault, ERR_KEY_FILE, 0, parsed.object, "the key file belongs to %s",
                        keyring_owner(ring));
    if (err == OK && keyring_find(ring, parsed.use) != NULL)
        err = fault_set(fault, ERR_KEY_REUSED, 0, parsed.object,
                        "the key file holds a key of this use itself");
    if (err == OK)
        err = pkcs11_key_open(&token, &parsed, pin, fault);
    if (err == OK)
        err = key_of_token(&key, parsed.use, &token);
    if (err == OK) {
        err = remember(ring, uri, passphrase_text(pin));
        err = err == OK
                  ? keyring_add(ring, &key)
                  : fault_set(fault, err, 0, parsed.object, "URI of %d, PIN of %d bytes at most",
                              KEY_LINK_URI_MAX, KEY_LINK_PIN_MAX);
    }
    key_close(&key);
    pkcs11_key_close(&token);
    return err;
}

enum err keyring_link_again(struct keyring *to, const struct keyring *from, struct fault *fault)
{
    const struct key_link *link = keyring_link(from);
    struct passphrase *pin = NULL;
    if (link == NULL)
        return OK;
    enum err err = passphrase_of(&pin, span_of(link->pin, link->pin_len));
    if (err == OK)
        err = keyring_link_token(to, link->uri, pin, fault);
    passphrase_close(&pin);
    return err;
}
