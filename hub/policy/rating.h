/*
 * rating - the credit class that follows from the four indices of a subject (credit.yaml).
 *
 *   score = Σ weight% × index, an index that falls counted as 1000 less its value, rounded down
 *   class = the highest whose bound the score reaches
 *
 * Guarantees:
 *   1. Pure integer arithmetic: the same indices and rule set give the same class everywhere.
 *   2. Every index of the set is given exactly once, 0..RATING_VALUE_MAX, and no other:
 *      otherwise ERR_FIELD_MISSING or ERR_FIELD_VALUE and no class.
 *
 * Thread rule: pure functions.
 */
#ifndef POLICY_RATING_H
#define POLICY_RATING_H

#include "policy/ruleset.h"

enum { RATING_VALUE_MAX = 1000 };

struct rating_index {
    const char *code; /* "integrity" */
    uint32_t value;
};

MUST_USE enum err rating_score(const struct ruleset *rs, const struct rating_index *indices,
                               size_t n, uint32_t *score);
MUST_USE enum err rating_class(const struct ruleset *rs, const struct rating_index *indices,
                               size_t n, lianshu_CreditClass *class);

#endif
