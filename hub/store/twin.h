/*
 * twin - orders for one act by their rank, as far as this hub knows their first documents.
 *
 *   twin_put ──> TWIN_NEW ──twin_set──> TWIN_STANDS <──twin_set──> TWIN_LOST
 *
 * Guarantees:
 *   1. An order is here once; putting it again with another first document replaces the one before,
 *      and it is new again.
 *   2. twin_next answers by rank, whatever the order in which they were put: the lower level, then
 *      what was accepted first, then the lower hash.
 *   3. twin_above answers the first by rank of those that stand, go before this one and either were
 *      in force at one time with it (from accepted_ms, to the moment to_ms, which is not in it) or
 *      were annulled from above before it was accepted.
 *
 * `act`: what the core makes of list, subject and act; nothing here is readable without its
 * handles. Thread rule: that of the db. core/spread.h, guarantee 7.
 */
#ifndef STORE_TWIN_H
#define STORE_TWIN_H

#include "store/db.h"
#include "store/ids.h"

enum { TWIN_ACT_LEN = 16 };

enum twin_state { TWIN_NEW = 1, TWIN_STANDS = 2, TWIN_LOST = 3 };

struct twins;

struct twin_row {
    uint8_t order_id[STORE_ID_LEN];
    uint8_t act[TWIN_ACT_LEN];
    uint32_t level;
    uint64_t accepted_ms;
    uint8_t hash[STORE_HASH_LEN]; /* of its first document */
    uint64_t clock_ms;            /* when the clock ends it; STORE_NEVER: never */
    uint64_t to_ms;               /* when it is over, by its documents or by the clock */
    uint64_t annulled_ms;         /* by somebody other than its issuer; STORE_NEVER: it is not */
    enum twin_state state;
    uint8_t lost_to[STORE_HASH_LEN]; /* the first document of the one above it; zeros: none was */
};

MUST_USE enum err twins_open(struct twins **out, struct db *db, struct fault *f);
void twins_close(struct twins **t);

MUST_USE enum err twin_put(struct twins *t, const struct twin_row *row);
MUST_USE enum err twin_get(struct twins *t, const uint8_t order_id[static STORE_ID_LEN],
                           struct twin_row *out);
/* state, lost_to, to_ms and annulled_ms of the row. */
MUST_USE enum err twin_set(struct twins *t, const struct twin_row *row);
/* Those of one act by rank; the row is the cursor, and twin_begin makes the one to start with. */
struct twin_row twin_begin(const uint8_t act[static TWIN_ACT_LEN]);
MUST_USE enum err twin_next(struct twins *t, struct twin_row *row);
MUST_USE enum err twin_above(struct twins *t, const struct twin_row *row, struct twin_row *out);

#endif
