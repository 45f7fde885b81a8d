/*
 * audit - is a rule set that loads also whole? What the law asks of the set as shipped, beyond
 * what every set must keep to (ruleset.h).
 *
 * Findings:
 *   rule_missing      a rule R01 … R29 is not there
 *   trigger_closed    nobody may impose the list of a trigger: at no level
 *   gate_idle         a gate asks for a measure that no rule imposes
 *   measure_ungated   no gate asks for a measure, and it does not say why
 *   measure_unruled   no rule imposes a measure, and it does not say why
 *   reason_idle       a measure says why it has no gate or no rule, and has one
 *   type_open         a gated type of the catalogue that no gate and no rule asks about
 *   offence_unnamed   a reason of refusal that names no article
 *   class_open        a class of severity without bounds on a day from the first rule on
 *   objection_missing no clock for objections of the nation
 *
 * Guarantees: each finding is told once; a set with none is complete. Pure.
 * Thread rule: pure functions.
 */
#ifndef POLICY_AUDIT_H
#define POLICY_AUDIT_H

#include "policy/ruleset.h"

enum { AUDIT_RULES = 29 };

/* word: one of the above; what: the code it is about. Both live while the call lasts. */
typedef void audit_fn(void *arg, const char *word, const char *what);

/* Answers how many findings there are. */
size_t audit_rules(const struct ruleset *rs, audit_fn *fn, void *arg);

/* What a finding's word means, in both languages. */
const char *audit_words(const char *word);

#endif
