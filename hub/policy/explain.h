/*
 * explain - the path from law to effect in plain sentences, Chinese first.
 *
 *   rule → articles → measure → who owes it → until when
 *
 * Guarantees:
 *   1. Sentences hold codes, names of law, departments and dates; never a subject.
 *   2. An unknown code is shown as it is: an explanation never fails for what the rule set
 *      no longer has.
 *   3. Every reason code of decide.h has a sentence in both languages.
 *
 * Thread rule: pure functions.
 */
#ifndef POLICY_EXPLAIN_H
#define POLICY_EXPLAIN_H

#include "policy/decide.h"
#include "policy/ruleset.h"

#include "base/err.h"
#include "base/span.h"
#include "ident.h"

#include <stdint.h>

enum {
    EXPLAIN_TEXT_MAX = 4096,
    EXPLAIN_OWNERS = 2 * 32, /* each department twice */
    EXPLAIN_OWNERS_MAX = EXPLAIN_OWNERS * (DEPARTMENT_MAX + 1),
};

/* What is known of one effect; strings that are "" and dates that are 0 are left out. */
struct explain_item {
    const char *rule;
    const char *measure;
    const char *const *basis;
    uint32_t basis_count;
    lianshu_Force force;
    const char *member; /* who owes it, "" for all whom the rule names */
    uint32_t start_date;
    uint32_t end_date;
    bool life;
    uint64_t answer_due_ms;
    uint64_t execute_due_ms;
};

/* One line of Chinese, one of English, each ended by \n. Unknown codes are shown as they are.
 * ERR_TOO_LARGE when the writer is too small. */
MUST_USE enum err explain_item(const struct ruleset *rs, const struct explain_item *item,
                               struct writer *out);

/* What one outcome of a decision did: imposed what on whom until when, refused, held, flagged or
 * copied for which restriction, changed an order. An action that is unknown is shown as it is. */
MUST_USE enum err explain_outcome(const struct ruleset *rs, const lianshu_Outcome *outcome,
                                  struct writer *out);

/* Why the document of this record was refused, and the article that it offends; nothing when it
 * was not, or a restriction refused it: its outcomes say so. */
MUST_USE enum err explain_refusal(const struct ruleset *rs, const lianshu_DecisionRecord *record,
                                  struct writer *out);

/* The reason code of a refusal, or of a rule that was looked at, in both languages; "" when the
 * code is unknown. */
const char *explain_why_zh(const char *why);
const char *explain_why_en(const char *why);

/* Who owes a measure, as a rule file names them: "health market|drug", "every", "issuer". */
void explain_owners(const struct owners *o, char out[static EXPLAIN_OWNERS_MAX]);

#endif
