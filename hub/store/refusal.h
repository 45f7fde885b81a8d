/*
 * refusal - which messages were refused because of which orders, so that their senders can be told
 * when such an order is annulled.
 *
 *   refusal_put --> (kept) -- refusal_due --> due -- refusal_told --> (gone)
 *
 * Guarantees:
 *   1. One row per order and refused message: again changes nothing.
 *   2. Nothing of a subject: ids, members and hashes only.
 *
 * Thread rule: that of the db.
 */
#ifndef STORE_REFUSAL_H
#define STORE_REFUSAL_H

#include "store/db.h"
#include "store/ids.h"

struct refusals;

struct refusal {
    uint8_t order_id[STORE_ID_LEN];
    uint8_t env_id[STORE_HASH_LEN];
    char member[STORE_MEMBER_MAX + 1]; /* who had sent it */
};

MUST_USE enum err refusals_open(struct refusals **out, struct db *db, struct fault *f);
void refusals_close(struct refusals **r);

MUST_USE enum err refusal_put(struct refusals *r, const struct refusal *row);
/* The order is annulled: all of its rows are due. */
MUST_USE enum err refusal_due(struct refusals *r, const uint8_t order_id[static STORE_ID_LEN]);
/* One that is due. ERR_NOT_FOUND: none. */
MUST_USE enum err refusal_next_due(struct refusals *r, struct refusal *out);
MUST_USE enum err refusal_told(struct refusals *r, const struct refusal *row);

#endif
