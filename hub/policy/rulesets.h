/*
 * rulesets - the rule sets of one hub: the one that decides now, those before and those to come.
 *
 * A directory that holds rules.yaml is one set; any other holds one set in each of its
 * subdirectories. The newest set whose activate_at has come decides.
 *
 * Guarantees:
 *   1. All sets load and are signed by `signatures` officials, or none is used: faults as
 *      ruleset_open, or *fault.
 *   2. A set beside an older one was signed at least notice_ms before its activation, otherwise
 *      ERR_RULE_NOTICE (E611): nobody is judged by rules that were not announced.
 *   3. rulesets_follow: against what was in use before (hash and activation), an older set is
 *      ERR_RULE_ROLLBACK (E612), another set of the same activation ERR_RULE_NOTICE, and a newer
 *      one needs its notice.
 *   4. Two sets with one activation are ERR_RULE_SET (duplicate).
 *
 * Ownership: sets are lent until rulesets_close. Bounds: RULESETS_MAX sets.
 * Thread rule: immutable once open.
 */
#ifndef POLICY_RULESETS_H
#define POLICY_RULESETS_H

#include "policy/rulesign.h"

enum { RULESETS_MAX = 16 };

struct rulesets;

struct rulesets_terms {
    const char *realm;
    unsigned signatures; /* of officials; 0: unsigned sets are taken, and no notice is kept */
    uint64_t notice_ms;
    rulesign_find_fn *find; /* not asked when signatures is 0 */
    void *find_ctx;
};

MUST_USE enum err rulesets_open(struct rulesets **out, const char *dir,
                                const struct rulesets_terms *terms, struct ruleset_faults *faults);
void rulesets_close(struct rulesets **sets);

/* The set that decides at that moment; NULL when the first is still to come. */
const struct ruleset *rulesets_at(const struct rulesets *sets, uint64_t now_ms);
/* The directory of a set of these; "" of another one. */
const char *rulesets_dir(const struct rulesets *sets, const struct ruleset *set);

/* May `set` be used after the one with that hash and activation? */
MUST_USE enum err rulesets_follow(const struct rulesets *sets, const struct ruleset *set,
                                  const uint8_t last_hash[static RULESET_HASH_LEN],
                                  uint64_t last_activate_ms, struct fault *fault);

#endif
