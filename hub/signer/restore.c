#include "signer/restore.h"

#include "base/file.h"
#include "signer/state.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { NODES = 64 };

/* Still officials now: the statement's own date is its makers' word. */
static enum err check_now(const struct registry *registry, const struct restored *r,
                          uint64_t now_ms)
{
    enum err err = OK;
    const struct registry_key *key;
    for (size_t i = 0; err == OK && i < RESTORED_OFFICIALS; i++)
        err = registry_signer(registry, r->hub, r->kid[i], KEY_USE_OFFICIAL, now_ms, &key);
    return err;
}

static enum err read_statement(const struct signer_config *config, struct span lsd1,
                               const char *path, uint64_t now_ms, struct restored *out,
                               struct fault *fault)
{
    struct anchor anchor;
    struct registry *registry = NULL;
    struct verifier *verifier = NULL;
    if (config->anchor[0] == '\0' || config->registry[0] == '\0')
        return fault_set(fault, ERR_FIELD_MISSING, 0, "signer.yaml", "anchor and registry");
    enum err err = anchor_read(&anchor, config->anchor, fault);
    if (err == OK)
        err = registry_read(&registry, &anchor, config->registry, 0, fault);
    if (err != OK)
        goto out;
    err = verifier_open(&verifier, NODES);
    const struct restored_reader reader = {registry, config->realm, config->member, verifier};
    if (err == OK)
        err = registry_fresh(registry, now_ms);
    if (err == OK)
        err = restored_read(&reader, lsd1, out);
    if (err == OK)
        err = restored_timely(out, now_ms);
    if (err == OK)
        err = check_now(registry, out, now_ms);
    if (err != OK)
        (void)fault_set(fault, err, 0, path, "not a statement of two officials of this hub");
out:
    verifier_close(&verifier);
    registry_close(&registry);
    return err;
}

static enum err read_frontier(const char *path, struct merkle_frontier *out, struct fault *fault)
{
    char name[PATH_MAX];
    uint8_t *bytes = NULL;
    size_t len;
    const int wanted = snprintf(name, sizeof name, "%s.frontier", path);
    if (wanted < 0 || wanted >= (int)sizeof name)
        return fault_set(fault, ERR_FIELD_LONG, 0, path, "a shorter name");
    enum err err = file_read(name, MERKLE_FRONTIER_BYTES_MAX, 0, &bytes, &len, fault);
    if (err == OK && (err = frontier_read(out, span_of(bytes, len))) != OK)
        (void)fault_set(fault, err, 0, name, "not the tree of a copy");
    free(bytes);
    return err;
}

enum err signer_restore(const struct signer_config *config, const char *path, uint64_t now_ms,
                        struct fault *fault)
{
    struct restored restored;
    struct merkle_frontier frontier;
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum err err = file_read(path, RESTORED_MAX, 0, &bytes, &len, fault);
    if (err == OK)
        err = read_statement(config, span_of(bytes, len), path, now_ms, &restored, fault);
    if (err == OK)
        err = read_frontier(path, &frontier, fault);
    if (err == OK)
        err = state_restore(config->state_file, &restored, span_of(bytes, len), &frontier, fault);
    free(bytes);
    return err;
}
