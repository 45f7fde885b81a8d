/*
 * pkcs11 - an Ed25519 key whose secret stays in a token (smart card, HSM, SoftHSM): found, made,
 * and signed with. Internal to keys/, apart from the URI; key.h and keyfile.h are the way in.
 *
 *   pkcs11:token=LABEL;object=MEMBER:USE?module-path=/usr/lib/softhsm/libsofthsm2.so
 *
 * The label of the key on the token says whose it is and what for: `registrar.445100:registrar`.
 * So a configuration cannot make one key serve for another.
 *
 * Guarantees:
 *   1. A module is loaded only from a directory of the list that the build was given
 *      (LIANSHU_PKCS11_DIRS), and only when file and directory are root's and nobody else may
 *      write there: ERR_PERMISSION.
 *   2. The secret never leaves the token: a key that may be taken out of it, or read, is refused
 *      (ERR_PKCS11), and pkcs11_key_make makes none such.
 *   3. A signature is verified under the public key before it is given out.
 *   4. The PIN of every key is tried, also of a second one on the same token.
 *
 * Errors: ERR_SYNTAX the URI; ERR_NOT_FOUND the module; ERR_PERMISSION; ERR_PASSPHRASE the PIN;
 * ERR_EXISTS; ERR_PKCS11 (438) all else, with the step that failed and the token's own code in the
 * detail. PINs are never in a fault.
 * Ownership: *out is the caller's to close. A module stays loaded until the process ends.
 * Thread rule: signing opens a session of its own, so several threads may sign with one key;
 * opening and closing are the main thread's. PROTOCOL: keys on tokens.
 */
#ifndef KEYS_PKCS11_H
#define KEYS_PKCS11_H

#include "keys/keyfile.h"

enum {
    PKCS11_LABEL_MAX = 32, /* of a token */
    PKCS11_OBJECT_MAX = 64,
    PKCS11_PATH_MAX = 256,
};

struct pkcs11_uri {
    char token[PKCS11_LABEL_MAX + 1];
    char object[PKCS11_OBJECT_MAX + 1];
    char module[PKCS11_PATH_MAX + 1];
    char member[PKCS11_OBJECT_MAX + 1]; /* from object */
    enum key_use use;                   /* from object; always Ed25519 */
};

/* Does it begin like one? */
bool pkcs11_is_uri(const char *text);
/* token, object and module-path, each once, and nothing else. */
MUST_USE enum err pkcs11_uri_parse(struct pkcs11_uri *out, const char *text, struct fault *fault);

struct pkcs11_key;

MUST_USE enum err pkcs11_key_open(struct pkcs11_key **out, const struct pkcs11_uri *uri,
                                  const struct passphrase *pin, struct fault *fault);
void pkcs11_key_close(struct pkcs11_key **key);
/* Lent as long as the key is open. */
const uint8_t *pkcs11_key_public(const struct pkcs11_key *key);
MUST_USE enum err pkcs11_key_sign(const struct pkcs11_key *key, struct span message,
                                  uint8_t out[static 64]);

/* A key that signs there. Takes *token over. */
MUST_USE enum err key_of_token(struct key **out, enum key_use use, struct pkcs11_key **token);

/* Make the key pair on the token. ERR_EXISTS when there is one of this name. */
MUST_USE enum err pkcs11_key_make(const struct pkcs11_uri *uri, const struct passphrase *pin,
                                  struct fault *fault);

#endif
