/*
 * plan - from a rule that matched to its duties: whom each measure reaches, from when to
 * when, by which articles in force.
 *
 * Private to decide. Thread rule: pure functions.
 */
#ifndef POLICY_PLAN_H
#define POLICY_PLAN_H

#include "policy/decide.h"
#include "policy/reader.h"

/* Add the duties of rule to *out. ERR_NO_PERSON when a required person is not named,
 * ERR_PROPAGATION when there are more than DECIDE_DUTIES_MAX; errors of the view. */
MUST_USE enum err plan_rule(const struct ruleset *rs, struct reader *reader,
                            const struct decide_input *in, const lianshu_SanctionOrder *order,
                            const struct rule *rule, struct decision *out,
                            lianshu_DecisionRecord *record);

/* The longest that a measure "as the decision says" may last: what its articles allow, or the
 * rule's own term where they do not say. */
struct term plan_bound(const struct ruleset *rs, const struct rule *rule,
                       const struct rule_item *item);

/* The articles among the n codes that were in force on date, into out. */
uint32_t plan_basis(const struct ruleset *rs, const char *const *codes, uint32_t n, uint32_t date,
                    const char *out[static RULE_BASES_MAX]);

#endif
