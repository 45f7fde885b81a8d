/*
 * enrolment - which members were ever in the registry, and how far the orders
 * in force were looked at for each that came later.
 *
 *   (unknown) -- enrolment_put --> pending -- cursor moves over the orders -->
 * done
 *
 * Guarantees:
 *   1. A member is stored once: again is ERR_EXISTS and changes nothing.
 *   2. The cursor and what was made for the member are written in one
 *      transaction: after a kill the work goes on where it stopped, nothing twice,
 *      nothing missing.
 *
 * Thread rule: that of the db. hub/README.md, The ledger of obligations.
 */
#ifndef STORE_ENROLMENT_H
#define STORE_ENROLMENT_H

#include "store/db.h"
#include "store/ids.h"

struct enrolments;

struct enrolment {
    char member[STORE_MEMBER_MAX + 1];
    uint8_t order_id[STORE_ID_LEN]; /* orders up to this id were looked at */
    bool done;
};

MUST_USE enum err enrolments_open(struct enrolments **out, struct db *db, struct fault *f);
void enrolments_close(struct enrolments **e);

MUST_USE enum err enrolment_put(struct enrolments *e, const struct enrolment *row);
MUST_USE enum err enrolment_move(struct enrolments *e, const struct enrolment *row);
/* The first that is not done. ERR_NOT_FOUND: none. */
MUST_USE enum err enrolment_pending(struct enrolments *e, struct enrolment *out);

/* The registry whose members are all stored; zeros: none yet. */
MUST_USE enum err enrolment_registry(struct enrolments *e, uint8_t hash[static STORE_HASH_LEN]);
MUST_USE enum err enrolment_registry_set(struct enrolments *e,
                                         const uint8_t hash[static STORE_HASH_LEN]);

#endif
