/*
 * pubfile - the public half of a key file, as YAML: what a member sends to the registrar.
 *
 *   member: market.445100
 *   adapter: a1
 *   use: adapter
 *   keys:
 *     - use: sign
 *       public: 64 hex digits
 *       kid: 32 hex digits
 *       valid_from_ms: …
 *       valid_until_ms: …
 *
 * Guarantees: pubfile_read refuses unknown keys, weak and published keys, and a kid that is not
 * that of its key, with file and line; what pubfile_write writes, pubfile_read gives back.
 * Thread rule: plain values.
 */
#ifndef CLI_PUBFILE_H
#define CLI_PUBFILE_H

#include "ident.h"
#include "keys/key.h"

enum { PUBFILE_KEYS_MAX = 8, PUBFILE_NAME_MAX = 32 };

struct pubfile_key {
    enum key_use use;
    uint8_t public_key[KEY_PUBLIC_LEN];
    uint64_t valid_from_ms;
    uint64_t valid_until_ms;
};

struct pubfile {
    char member[MEMBER_MAX + 1];
    char adapter[PUBFILE_NAME_MAX + 1]; /* "" when it is no adapter's */
    char use[PUBFILE_NAME_MAX + 1];     /* adapter, hub, signer, … */
    struct pubfile_key key[PUBFILE_KEYS_MAX];
    size_t key_count;
};

MUST_USE enum err pubfile_read(struct pubfile *out, const char *path, struct fault *fault);

/* ERR_EXISTS when there is a file. */
MUST_USE enum err pubfile_write(const struct pubfile *p, const char *path, struct fault *fault);

/* [A-Za-z0-9][A-Za-z0-9_-]{0,31}: names of adapters stand in files, logs and the registry. */
bool pubfile_name_valid(const char *name);

#endif
