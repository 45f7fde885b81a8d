/*
 * trial - what an order would do, told before anybody decides it: the blast radius, as JSON.
 *
 *   {"code": 0, "why": "", "rule": "R01", "obligations": 22, "members": 5, "until": "2036-04-20",
 *    "duties": [{"measure", "force", "on", "from", "until", "departments", "basis",
 *                "obligations", "unassigned"}], "gates": [{"gate", "type", "measure", "action"}],
 *    "related": [{"person", "posts"}], "conflicts": [{"measure", "order", "rule", "until"}]}
 *
 * Guarantees: nothing is stored; the order is judged exactly as decide_order judges it; without
 * members (no hub at hand) all that depends on state is left out. No identifier is in it.
 *
 * Errors: those of the view. Ownership: the answer is the caller's. Thread rule: pure functions.
 */
#ifndef POLICY_TRIAL_H
#define POLICY_TRIAL_H

#include "policy/decide.h"

#include "json.h"

/* The i-th member, NULL beyond the end. */
typedef const char *trial_member_fn(void *ctx, size_t i);

struct trial_members {
    trial_member_fn *at; /* NULL: nobody is known */
    void *ctx;
};

MUST_USE enum err trial_order(const struct ruleset *rs, const struct view *view,
                              const struct decide_input *in, const lianshu_SanctionOrder *order,
                              const struct trial_members *members, struct json *answer);

#endif
