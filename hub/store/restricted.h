/*
 * restricted - what a gate asks for, packed: one row a subject, with all that is in force against
 * it now; and a filter in memory that knows most subjects against whom nothing is. Internal to
 * restriction.c, whose table it is made of.
 *
 * Guarantees:
 *   1. What restricted_find gives is what the table of justifications says, in its order, within
 *      the open transaction too: whom it does not know to be packed it leaves to the table.
 *   2. Rows are packed again just before the commit that changed them; a rollback leaves nothing
 *      behind but work.
 *   3. restricted_may is false only when nothing lives against the subject. What was there once
 *      may stay in the filter until the next start.
 *   4. A row that is not what was written is not believed: the table is asked.
 *
 * Memory: a filter (bloom.h), one row. Thread rule: that of the db.
 */
#ifndef STORE_RESTRICTED_H
#define STORE_RESTRICTED_H

#include "store/restriction.h"

enum {
    RESTRICTED_BYTES_MAX = 32 << 10, /* of a row; a subject with more is left to the table */
};

struct restricted;

MUST_USE enum err restricted_open(struct restricted **out, struct db *db, bool filter,
                                  struct fault *f);
void restricted_close(struct restricted **r);

/* What lives against the subject has changed in the open transaction. */
MUST_USE enum err restricted_touch(struct restricted *r,
                                   const uint8_t subject[static STORE_TOKEN_LEN]);
bool restricted_may(const struct restricted *r, const uint8_t subject[static STORE_TOKEN_LEN]);

/* OK: its justifications that live now, in order of measure, those in term on `date`.
 * ERR_NOT_FOUND: ask the table. */
MUST_USE enum err restricted_find(struct restricted *r,
                                  const uint8_t subject[static STORE_TOKEN_LEN], uint32_t date,
                                  restriction_fn *fn, void *arg);

/* Pack what was touched: each(ctx, subject, …) gives what lives against it. */
typedef enum err restricted_each_fn(void *ctx, const uint8_t subject[static STORE_TOKEN_LEN],
                                    restriction_fn *fn, void *arg);
MUST_USE enum err restricted_before_commit(struct restricted *r, restricted_each_fn *each,
                                           void *ctx);
/* Committed, or rolled back: nothing is touched. */
void restricted_settled(struct restricted *r);

#endif
