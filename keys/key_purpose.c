#include "keys/key.h"

#include <string.h>

enum { USES_MAX = 7 };

static const struct {
    const char *name;
    enum key_use use[USES_MAX]; /* ends with KEY_USE_NONE */
} purposes[] = {
    {"adapter", {KEY_USE_SIGN, KEY_USE_SEAL, KEY_USE_TRANSPORT, KEY_USE_STORAGE}},
    {"hub",
     {KEY_USE_SIGN, KEY_USE_SEAL, KEY_USE_TRANSPORT, KEY_USE_WITNESS, KEY_USE_STORAGE,
      KEY_USE_TOKEN}},
    {"signer", {KEY_USE_LOG}},
    {"official", {KEY_USE_OFFICIAL}},
    {"witness", {KEY_USE_WITNESS, KEY_USE_TRANSPORT}},
    {"registrar", {KEY_USE_REGISTRAR}},
    {"enrolment", {KEY_USE_SEAL}}, /* the registrar's desk, for proofs of X25519 keys */
    {"root", {KEY_USE_ROOT}},
    {"storage", {KEY_USE_STORAGE, KEY_USE_TOKEN}},
};

const enum key_use *key_purpose(const char *name)
{
    for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++) {
        if (strcmp(purposes[i].name, name) == 0)
            return purposes[i].use;
    }
    return NULL;
}
