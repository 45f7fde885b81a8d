#include "cli/copy.h"

#include "store/store.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static enum err open_copy(struct store **out, const char *path, struct fault *fault)
{
    char file[PATH_MAX];
    struct stat st;
    const bool dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    const int len = snprintf(file, sizeof file, "%s%s", path, dir ? "/hub.db" : "");
    *out = NULL;
    if (len < 0 || len >= (int)sizeof file)
        return fault_set(fault, ERR_FIELD_LONG, 0, path, "a shorter path");
    const struct store_options options = {.path = file, .read_only = true};
    return store_open(out, &options, fault);
}

static enum err scrub(struct leaf_log *log, struct fault *fault)
{
    enum err err = OK;
    for (uint64_t tile = 0; err == OK; tile++)
        err = log_scrub(log, tile, fault);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err copy_scrub(const char *path, uint64_t *entries, struct fault *fault)
{
    struct store *store;
    *entries = 0;
    enum err err = open_copy(&store, path, fault);
    if (err != OK)
        return err;
    *entries = log_size(store->log);
    err = scrub(store->log, fault);
    store_close(&store);
    return err;
}

enum err copy_tree(const char *path, struct merkle_frontier *out, struct fault *fault)
{
    struct store *store;
    merkle_hash hash;
    merkle_hash root;
    enum err err = open_copy(&store, path, fault);
    if (err != OK)
        return err;
    const uint64_t size = log_size(store->log);
    frontier_init(out);
    err = scrub(store->log, fault);
    for (uint64_t i = 0; err == OK && i < size; i++) {
        err = log_leaf_hash(store->log, i, hash);
        frontier_append(out, hash);
    }
    if (err == OK)
        err = log_root(store->log, size, root);
    if (err == OK) {
        frontier_root(out, hash);
        if (memcmp(hash, root, HASH_LEN) != 0)
            err = fault_set(fault, ERR_LOG_ENTRY, 0, path, "entries and tiles differ");
    }
    store_close(&store);
    return err;
}
