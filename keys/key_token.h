/*
 * key_token - rings with a key that is on a token. Internal to keys/; keyfile.h is the way in.
 *
 * Guarantee: a PIN that a ring remembers, to write it into its key file again, is in guarded
 * memory. Thread rule: that of pkcs11.h.
 */
#ifndef KEYS_KEY_TOKEN_H
#define KEYS_KEY_TOKEN_H

#include "keys/keyfile.h"

enum { KEY_LINK_URI_MAX = 384, KEY_LINK_PIN_MAX = 128 };

/* Where the key of a ring is that its file does not hold. */
struct key_link {
    char uri[KEY_LINK_URI_MAX + 1];
    size_t pin_len;
    uint8_t pin[KEY_LINK_PIN_MAX];
};

/* The ring of a pkcs11: URI: owner and use as the token's label has them. Errors of pkcs11.h. */
MUST_USE enum err key_token_ring(struct keyring **out, const char *uri,
                                 const struct passphrase *pin, struct fault *fault);

/* The ring takes *link over; NULL, or its link. */
void keyring_keep_link(struct keyring *ring, struct key_link *link);
const struct key_link *keyring_link(const struct keyring *ring);

#endif
