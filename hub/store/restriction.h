/*
 * restriction - what is in force against a subject, kept as its justifications.
 *
 * There is no restriction row. A restriction (subject, measure, scope) is the set of its live
 * justifications, so it exists exactly while one of them lives: none can be forgotten, none can
 * stay behind.
 *
 * Guarantees:
 *   1. A justification is (subject, measure, scope, order, rule, force) and lives once at a time:
 * adding a live one again is ERR_EXISTS.
 *   2. Ending keeps the row with the seq that ended it: every answer can be given again as of
 *      any log size.
 *   3. restriction_end_next says of each whether it was the last of its restriction.
 *   4. The restriction version grows with every add and end, and survives restarts.
 *
 * `as_of`: log size; STORE_NEVER for now. Dates are yyyymmdd; end_date 0: for life.
 * Thread rule: that of the db.
 */
#ifndef STORE_RESTRICTION_H
#define STORE_RESTRICTION_H

#include "store/db.h"
#include "store/ids.h"

struct restrictions;

struct justification {
    uint64_t row; /* its number, of those that were read */
    uint8_t subject[STORE_TOKEN_LEN];
    char measure[STORE_MEASURE_MAX + 1];
    char scope[STORE_REGION_LEN + 1]; /* region prefix written in full: 445100, 000000 */
    uint8_t order_id[STORE_ID_LEN];
    uint32_t order_version;
    uint32_t subject_index;
    char rule[STORE_CODE_MAX + 1];
    uint32_t force;
    char basis[STORE_BASIS_MAX + 1];
    char list[STORE_CODE_MAX + 1];
    uint32_t start_date;
    uint32_t end_date;
    uint64_t begun_seq;
    uint64_t ended_seq;                /* STORE_NEVER while it lives */
    char issuer[STORE_MEMBER_MAX + 1]; /* of its order; restriction_each alone reads it */
};

/* Cursor of a walk; zeroed to start. */
struct restriction_cursor {
    char measure[STORE_MEASURE_MAX + 1];
    uint64_t row;
};

/* writes: for the one who does; others have no filter in memory. */
MUST_USE enum err restrictions_open(struct restrictions **out, struct db *db, bool writes,
                                    struct fault *f);
void restrictions_close(struct restrictions **r);

/* ended_seq is ignored. */
MUST_USE enum err restriction_add(struct restrictions *r, const struct justification *row);

/* End one live justification of the order; *last: the restriction ended with it. ERR_NOT_FOUND
 * when none of the order lives any more. */
MUST_USE enum err restriction_end_next(struct restrictions *r,
                                       const uint8_t order_id[static STORE_ID_LEN],
                                       uint64_t ended_seq, struct justification *out, bool *last);

/* End this one, which was read; *last: the restriction ended with it. ERR_NOT_FOUND when it has
 * ended before. */
MUST_USE enum err restriction_end(struct restrictions *r, const struct justification *row,
                                  uint64_t ended_seq, bool *last);

/* Justifications of a subject live as of a size and in term on `date` (0: whatever the date), in
 * order of measure. */
MUST_USE enum err restriction_next(struct restrictions *r,
                                   const uint8_t subject[static STORE_TOKEN_LEN], uint32_t date,
                                   uint64_t as_of, struct restriction_cursor *cursor,
                                   struct justification *out);

/* The same of a day, all in one pass: fn must not use the restrictions; *more false ends it. Now,
 * a subject against whom nothing is mostly costs no statement, and any other costs one row
 * (restricted.h). */
typedef enum err restriction_fn(void *arg, const struct justification *row, bool *more);
MUST_USE enum err restriction_each(struct restrictions *r,
                                   const uint8_t subject[static STORE_TOKEN_LEN], uint32_t date,
                                   uint64_t as_of, restriction_fn *fn, void *arg);

/* Does another order's justification keep (subject, measure, scope) alive now? */
MUST_USE enum err restriction_alive(struct restrictions *r,
                                    const uint8_t subject[static STORE_TOKEN_LEN],
                                    const char *measure, const char *scope, bool *alive);

/* Did anything against the subject begin or end at this log size or later? */
MUST_USE enum err restriction_changed(struct restrictions *r,
                                      const uint8_t subject[static STORE_TOKEN_LEN], uint64_t since,
                                      bool *changed);

/* Live justifications of one order, in order of entry: *cursor 0 to start. */
MUST_USE enum err restriction_next_of_order(struct restrictions *r,
                                            const uint8_t order_id[static STORE_ID_LEN],
                                            uint64_t *cursor, struct justification *out);

/* Restrictions (subject, measure, scope) and justifications that live now. Counted by walking. */
MUST_USE enum err restriction_counts(struct restrictions *r, uint64_t *restriction_count,
                                     uint64_t *justification_count);

/* Grows with every change. Sees the open transaction. */
uint64_t restriction_version(const struct restrictions *r);

/* For store.c only. */
MUST_USE enum err restriction_before_commit(struct restrictions *r);
void restriction_committed(struct restrictions *r);
void restriction_rolled_back(struct restrictions *r);

#endif
