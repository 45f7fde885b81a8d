/*
 * beside - the state and the keys of an adapter, opened read only beside it, for its tools. Inside
 * adapters/sdk only. Errors: those of db_open and keyfile_read; ERR_KEY_NOT_SENDERS another
 * member's keys, ERR_KEY_FILE no storage key.
 */
#ifndef ADAPTERS_SDK_BESIDE_H
#define ADAPTERS_SDK_BESIDE_H

#include "adapters/sdk/sdk_mirror.h"
#include "keys/keyfile.h"
#include "store/db.h"

/* Its state alone: no key is needed for what stands there in clear. */
MUST_USE enum err beside_db(struct db **db, const char *state_dir, struct fault *fault);

/* The keys of that member, for keyring_close whatever is returned. */
MUST_USE enum err beside_keys(struct keyring **keys, const char *key_file,
                              const char *passphrase_file, const char *member, struct fault *fault);

struct beside {
    struct db *db;
    struct keyring *keys;
};

/* *storage is lent by the key ring. After a refusal beside_close is all that is left to do. */
MUST_USE enum err beside_open(struct beside *b, const struct sdk_mirror_config *config,
                              const struct key **storage, struct fault *fault);
void beside_close(struct beside *b); /* also of one that is zero */

#endif
