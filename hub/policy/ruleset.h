/*
 * ruleset - the rules as data: loaded once, checked whole, never changed afterwards.
 *
 * A rule set is a directory of YAML files (hub/policy/rules/): measures, lists, bases, rules,
 * gates, clocks, cases, credit. README.md tells officials how to read and change them.
 *
 * Guarantees:
 *   1. A set that loads is complete and free of contradiction: every code that it names
 *      exists, every `must` rests on an article of level L1 or L2, every propagation has a
 *      basis of its own, no local measure, list or law leaves its region, no term leaves the
 *      bounds of its class, no two rules of overlapping validity demand the same measure for one
 *      trigger and list with different force, owners, scope or deadlines or give the entry
 *      different lengths, and no rule triggers itself through others.
 *   2. Loading reports all problems (up to RULESET_FAULTS_MAX), each with file, line, code
 *      and a detail that begins with a stable word (enum ruleset_problem); a set with a
 *      problem is not returned.
 *   3. The hash of the set is SHA-256 over its files, sorted by name:
 *      for each: u16 name length, name, u32 length, bytes.
 *   4. Nothing is written after ruleset_open; every pointer found stays valid until
 *      ruleset_close.
 *
 * Ownership: ruleset_open owns all strings of the set; look-ups lend.
 * Thread rule: immutable; any thread may read.
 */
#ifndef POLICY_RULESET_H
#define POLICY_RULESET_H

#include "policy/rules.h"

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { RULESET_HASH_LEN = 32, RULESET_FAULTS_MAX = 64, RULESET_FILE_MAX = 1 << 20 };

struct ruleset;

/* The word a problem's detail begins with. */
enum ruleset_problem {
    PROBLEM_SYNTAX, /* the file is no YAML of the expected shape */
    PROBLEM_KEY_UNKNOWN,
    PROBLEM_KEY_MISSING,
    PROBLEM_VALUE, /* a value of the wrong form */
    PROBLEM_TOO_MANY,
    PROBLEM_DUPLICATE,
    PROBLEM_MEASURE_UNKNOWN,
    PROBLEM_LIST_UNKNOWN,
    PROBLEM_DEPARTMENT_UNKNOWN,
    PROBLEM_BASIS_UNKNOWN,
    PROBLEM_TYPE_UNKNOWN,
    PROBLEM_ROLE_UNKNOWN,
    PROBLEM_RULE_UNKNOWN,
    PROBLEM_CLOCK_UNKNOWN,
    PROBLEM_REGION_UNKNOWN,
    PROBLEM_STATE_UNKNOWN,
    PROBLEM_STATE_UNREACHED,    /* no way from the beginning of a case leads there */
    PROBLEM_STATE_WITHOUT_EXIT, /* not final, and nothing leads out of it */
    PROBLEM_TWO_SIDES,          /* different sides may lead a case different ways at one moment */
    PROBLEM_NEXT_UNTOLD,        /* who acts next need not get the document that leads there */
    PROBLEM_DOCUMENT_UNKNOWN,
    PROBLEM_MUST_WITHOUT_BASIS,
    PROBLEM_BASIS_NOT_IN_FORCE, /* no basis of the measure covers the rule's validity */
    PROBLEM_MEASURE_OUTSIDE_REGION,
    PROBLEM_TERM_OUT_OF_BOUNDS,
    PROBLEM_PROPAGATION_WITHOUT_BASIS,
    PROBLEM_CONTRADICTION,
    PROBLEM_CYCLE,
    PROBLEMS,
};

/* "must_without_basis" and the like; stable. */
const char *ruleset_problem_word(enum ruleset_problem problem);

struct ruleset_faults {
    struct fault fault[RULESET_FAULTS_MAX];
    size_t count; /* stored */
    size_t total; /* found */
};

/* Load a directory. On failure *out is NULL, the error is ERR_RULE_SET (or ERR_NOT_FOUND,
 * ERR_IO, ERR_NO_MEMORY) and *faults says why. */
MUST_USE enum err ruleset_open(struct ruleset **out, const char *dir,
                               struct ruleset_faults *faults);
void ruleset_close(struct ruleset **rs);

void ruleset_hash(const struct ruleset *rs, uint8_t out[static RULESET_HASH_LEN]);
uint64_t ruleset_activate_at_ms(const struct ruleset *rs);
const char *ruleset_name(const struct ruleset *rs);

/* Look-ups by code; NULL when the set does not have it. */
const struct rule_measure *ruleset_measure(const struct ruleset *rs, const char *code);
const struct rule_list *ruleset_list(const struct ruleset *rs, const char *code);
const struct rule_basis *ruleset_basis(const struct ruleset *rs, const char *code);
const struct rule *ruleset_rule(const struct ruleset *rs, const char *id);
const struct rule_clock *ruleset_clock(const struct ruleset *rs, const char *id);
const struct rule_state *ruleset_state(const struct ruleset *rs, const char *id);
const struct rule_paper *ruleset_paper(const struct ruleset *rs, const char *id);

/* Everything of a kind, in file order: for `rule check`, tests and consoles. */
const struct rule_measure *ruleset_measures(const struct ruleset *rs, size_t *n);
const struct rule_list *ruleset_lists(const struct ruleset *rs, size_t *n);
const struct rule *ruleset_rules(const struct ruleset *rs, size_t *n);
const struct rule_clock *ruleset_clocks(const struct ruleset *rs, size_t *n);
const struct rule_gate *ruleset_gates(const struct ruleset *rs, size_t *n);
const struct rule_step *ruleset_steps(const struct ruleset *rs, size_t *n);
const struct rule_state *ruleset_states(const struct ruleset *rs, size_t *n);
const struct rule_flow *ruleset_flows(const struct ruleset *rs, size_t *n);
const struct rule_class *ruleset_classes(const struct ruleset *rs, size_t *n);

const struct rule_index *ruleset_indices(const struct ruleset *rs, size_t *n);
const struct rule_rating *ruleset_ratings(const struct ruleset *rs, size_t *n);
/* When obligations are warned of. */
const struct rule_warnings *ruleset_warnings(const struct ruleset *rs);

/* The article that offends a document of this list ("": of none) which is refused for that reason;
 * of several the first in force on the day. "" when the set names none. */
const char *ruleset_offence(const struct ruleset *rs, const char *why, const char *list,
                            uint32_t date);

/* Who may make this change (enum change_kind of decide.h). */
const struct rule_change *ruleset_change(const struct ruleset *rs, unsigned kind);

#endif
