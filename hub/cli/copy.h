/*
 * copy - the log in a hub's database at rest: a copy, or the data of a stopped hub.
 *
 * Guarantees:
 *   1. Nothing is written; the file is opened read-only.
 *   2. copy_scrub reads every entry and every tile: a changed one is ERR_LOG_ENTRY with its index.
 *   3. copy_tree is the tree over the entries themselves, and the one that their tiles say.
 * Thread rule: no state. store/log.h.
 */
#ifndef CLI_COPY_H
#define CLI_COPY_H

#include "base/err.h"
#include "keys/merkle.h"

/* A directory with hub.db in it, or the file. *entries: of the log. */
MUST_USE enum err copy_scrub(const char *path, uint64_t *entries, struct fault *fault);
MUST_USE enum err copy_tree(const char *path, struct merkle_frontier *out, struct fault *fault);

#endif
