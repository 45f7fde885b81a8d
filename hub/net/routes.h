/*
 * routes - which connection speaks for which adapter: User-Id -> (core's peer number, last
 * authenticated routing id).
 *
 * Guarantees:
 *   1. routes_admit asks the look-up for every message: a key that is no longer valid in the
 *      registry is refused (ERR_REVOKED) on a session that is still open, and counted.
 *   2. An answer goes to the routing id that last carried an admitted message of that User-Id;
 *      a routing id of another User-Id is never used.
 *   3. Nothing is added for a User-Id that the look-up refuses; at most ROUTES_MAX are known.
 *
 * Thread rule: the loop's thread.
 */
#ifndef NET_ROUTES_H
#define NET_ROUTES_H

#include "base/err.h"
#include "net/endpoint.h"

enum { ROUTES_MAX = 1024, ROUTES_SLOTS = 2048 };

/* Is this User-Id's transport key registered and valid now? */
typedef enum err routes_valid_fn(void *ctx, const char *user, uint64_t now_ms);
/* The core's number for it. */
typedef enum err routes_number_fn(void *ctx, const char *user, uint32_t *peer);

struct routes_source {
    routes_valid_fn *valid;
    routes_number_fn *number;
    void *ctx;
};

struct routes;

MUST_USE enum err routes_open(struct routes **out, const struct routes_source *source);
void routes_close(struct routes **routes);

/* Admit one message: its peer number, and its route remembered. Refused, *peer is its number all
 * the same when it was admitted before, else ROUTES_MAX. */
MUST_USE enum err routes_admit(struct routes *routes, const struct endpoint_in *in, uint64_t now_ms,
                               uint32_t *peer);

/* Where the peer was last heard; NULL when nowhere. */
const struct route *routes_find(struct routes *routes, uint32_t peer);

/* Forget the route: the connection is gone. */
void routes_gone(struct routes *routes, uint32_t peer);

uint64_t routes_refused(const struct routes *routes);

#endif
