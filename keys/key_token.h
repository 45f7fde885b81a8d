/*
 * key_token - a ring of one key that is on a token. Internal to keys/; keyfile_read is the way in.
 *
 * Thread rule: that of pkcs11.h.
 */
#ifndef KEYS_KEY_TOKEN_H
#define KEYS_KEY_TOKEN_H

#include "keys/keyfile.h"

/* The ring of a pkcs11: URI: owner and use as the token's label has them. Errors of pkcs11.h. */
MUST_USE enum err key_token_ring(struct keyring **out, const char *uri,
                                 const struct passphrase *pin, struct fault *fault);

#endif
