/*
 * place - paths in configuration files, which are relative to the file that holds them.
 *
 * Guarantee: an absolute path stays as it is, and so do `credential:NAME` and pkcs11: URIs, which
 * stand for key and passphrase files (keys/keyfile.h); any other is put behind the directory of
 * `file`. ERR_FIELD_LONG when the result does not fit; nothing is looked up on disk. Thread rule:
 * no state.
 */
#ifndef NET_PLACE_H
#define NET_PLACE_H

#include "base/err.h"
#include "base/sandbox.h"
#include "base/yaml.h"

enum { PLACE_MAX = 1024, PLACE_LIST_MAX = 8, PLACE_SANDBOX_MAX = PLACE_LIST_MAX + 2 };

MUST_USE enum err place_resolve(const char *file, const char *path, char *out, size_t cap);

/* The entry `key` of a map as a path; missing is an error unless optional (then out is ""). */
MUST_USE enum err place_read(const struct yaml_node *map, const char *key, bool optional,
                             const char *file, char *out, size_t cap, struct fault *fault);

/* `token_paths`: what the PKCS#11 module of a token reads and writes. */
struct place_list {
    size_t count;
    char path[PLACE_LIST_MAX][PLACE_MAX];
};

/* The optional list `key` of a map; ERR_TOO_LARGE beyond PLACE_LIST_MAX. */
MUST_USE enum err place_list_read(const struct yaml_node *map, const char *key, const char *file,
                                  struct place_list *out, struct fault *fault);
/* Append them, and the libraries from which a module is loaded, to the places of a sandbox; how
 * many there are then. An empty list adds nothing. */
size_t place_list_allow(const struct place_list *list, struct sandbox_place *places, size_t count);

#endif
