/*
 * hub_registry - the registry this hub runs by: read, judged, taken from another hub, remembered.
 *
 * Guarantees:
 *   1. What is opened is of its time, amended as the one in use is, and names this hub's keys:
 * nobody could seal to, verify or connect to a hub whose keys it does not name.
 *   2. A registry that another hub handed over takes the place of the file once it is verified,
 *      unless the operator has put it, or a newer one, there himself.
 *   3. A version below one that this database has seen is ERR_REGISTRY_ROLLBACK, over restarts too;
 *      so is one with a registrar's document that a newer one has replaced here, and another
 *      document under a number that was seen is ERR_NUMBER_TWICE (keys/twice.h).
 *
 * Ownership: what hub_trust points to is borrowed. Thread rule: the loop's thread.
 */
#ifndef NET_HUB_REGISTRY_H
#define NET_HUB_REGISTRY_H

#include "keys/key.h"
#include "keys/registry.h"
#include "net/config.h"

struct store;

struct hub_trust {
    const struct hub_config *config;
    const struct anchor *anchor;
    const struct keyring *keys;
    const struct registry *in_use; /* NULL at the start: what amends it is in the store */
    struct store *store;           /* the same: which registrars' documents were in use */
    struct twice *twice;           /* what ERR_NUMBER_TWICE is about; NULL: at the start */
};

MUST_USE enum err hub_registry_own_keys(const struct hub_trust *trust,
                                        const struct registry *registry, struct fault *fault);
MUST_USE enum err hub_registry_open(const struct hub_trust *trust, uint64_t min_version,
                                    struct registry **out, struct fault *fault);
MUST_USE enum err hub_registry_take(const struct hub_trust *trust, struct span file,
                                    uint64_t version, struct registry **out, struct fault *fault);
/* Remember the version in use, and its registrars' documents. */
MUST_USE enum err hub_registry_note(const struct hub_trust *trust, struct store *store,
                                    struct fault *fault);

#endif
