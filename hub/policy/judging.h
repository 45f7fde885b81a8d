/*
 * judging - what the parts of decide_order share: one order under judgement.
 *
 * Private to decide. Thread rule: one evaluation, one thread.
 */
#ifndef POLICY_JUDGING_H
#define POLICY_JUDGING_H

#include "policy/decide.h"
#include "policy/reader.h"

#include "ident.h"

/* One evaluation under way. */
struct judging {
    const struct ruleset *rs;
    struct reader *reader;
    const struct decide_input *in;
    const lianshu_SanctionOrder *order;
    struct decision *out;
    lianshu_DecisionRecord *record;
    const struct rule_list *list;
    struct member issuer;
    uint32_t today;
};

/* Refuse for this reason, offending that article; "": the one that the rule set names for it. */
MUST_USE enum err judging_refuse(struct judging *j, enum err err, const char *why,
                                 const char *basis);

/* What the paper itself must say: valid identifiers, dates in their order, and all that whoever is
 * listed must be told (B.9). Finds list and issuer. */
MUST_USE enum err judging_paper(struct judging *j);

#endif
