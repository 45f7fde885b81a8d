/*
 * config - adapter.yaml, read strictly.
 *
 * Keys: realm, member, adapter, hub, endpoint, key_file, passphrase_file, anchor, registry,
 * regions, state_dir, directory, department; and, optional: window_messages, window_bytes,
 * keep_days, shared, log_level. Relative paths are relative to the file's folder.
 *
 * Guarantees: a key that is missing, unknown, repeated or wrong is refused with file and line.
 * Thread rule: plain values; texts live as long as the config.
 */
#ifndef ADAPTERS_RUNTIME_CONFIG_H
#define ADAPTERS_RUNTIME_CONFIG_H

#include "adapters/sdk/sdk.h"
#include "base/log.h"

enum { CONFIG_TEXT_MAX = 512, CONFIG_TEXTS = 13, CONFIG_TOKEN_PATHS_MAX = 8 };

struct config {
    char text[CONFIG_TEXTS][CONFIG_TEXT_MAX];
    struct sdk_config sdk; /* borrows from text */
    const char *regions, *directory, *department;
    char token_path[CONFIG_TOKEN_PATHS_MAX][CONFIG_TEXT_MAX]; /* of the module of a token */
    size_t token_path_count;
    enum log_level log_level;
};

MUST_USE enum err config_read(struct config *out, const char *path, struct fault *f);

#endif
