/*
 * registry_diff - what a new version of the registry changes: what its officials read before they
 * sign.
 *
 * Guarantees: every member that is added, removed or whose record differs by a byte has its line,
 * with the keys and grants that differ; nothing that is the same is shown.
 * Ownership: nothing is kept. Thread rule: no state.
 */
#ifndef CLI_REGISTRY_DIFF_H
#define CLI_REGISTRY_DIFF_H

#include "cli/cli.h"
#include "keys/registry.h"

struct registry_diff {
    const struct registry *before; /* NULL: nothing was there */
    const struct registry *after;
    const char *registrar; /* of its members only; NULL: of all */
};

/* {"added": [...], "removed": [...], "changed": [...], "same": n}. The caller closes it. */
MUST_USE enum err registry_diff_json(const struct registry_diff *diff, struct json **out);
void registry_diff_show(FILE *to, const struct json *diff);

#endif
