/*
 * gate - what happens to a message that would give something to a restricted subject.
 *
 * gates.yaml is a table of document type × whom to look at × measure → action. The look-ups
 * are the subject, the persons that the message names, and (depth 1, as of the day asked)
 * those who hold a role at the subject.
 *
 * Guarantees:
 *   1. The strictest action of all rows that fire wins: refuse > hold > flag > copy > pass.
 *   2. The grounds are those of the winning action first, then the others, each
 *      order and measure once, with version, rule and basis; at most GATE_GROUNDS_MAX.
 *   3. A restriction counts only inside its scope and between its dates.
 *   4. Each authority that listed, where a row says so, is to be told of its own order, by the
 *      strictest row that fired; those beyond GATE_COPIES_MAX are counted.
 *   5. A gated type without a subject is refused (E650), and a look-up that fails is an
 *      error, never a pass.
 *   6. Pure and bounded like decide.
 *
 * Thread rule: pure functions.
 */
#ifndef POLICY_GATE_H
#define POLICY_GATE_H

#include "policy/ruleset.h"
#include "policy/view.h"

#include "base/err.h"

#include "sanction.pb.h"
#include "wire.pb.h"

#include <stdbool.h>
#include <stdint.h>

enum { GATE_GROUNDS_MAX = 4, GATE_COPIES_MAX = 12 };

struct calendar;

struct gate_message {
    uint32_t type; /* DocumentType */
    const lianshu_Subject *subject;
    const lianshu_Person *persons;
    uint32_t person_count;
    const char *region; /* where it would take effect: the recipient's */
    bool notice_and_commitment;
    bool ending; /* what it reports ends: a relation with a last day that has come */
    uint64_t now_ms;
    const struct calendar *calendar; /* for the deadline of a hold */
};

/* An authority that listed, and why it is told. */
struct gate_copy {
    char member[VIEW_MEMBER_MAX];
    lianshu_Ground ground;
    enum gate_action action;
};

struct verdict {
    enum gate_action action;
    enum err err; /* OK, ERR_RESTRICTED, ERR_HELD, ERR_FLAGGED, ERR_FACTS_MISSING */
    lianshu_Ground ground[GATE_GROUNDS_MAX];
    uint32_t ground_count;
    uint64_t deadline_ms;    /* of a hold; 0: none */
    enum gate_action breach; /* what a hold becomes then */
    uint32_t copy_departments;
    struct gate_copy copy[GATE_COPIES_MAX];
    uint32_t copy_count;
    uint32_t copies_left; /* rows of authorities that there was no room for */
};

/* True when any row of the set is for this type: facts with a subject are then needed. */
bool gate_applies(const struct ruleset *rs, uint32_t document_type);

/* Judge a message. record may be NULL, as in decide.h. */
MUST_USE enum err gate_check(const struct ruleset *rs, const struct view *view,
                             const struct gate_message *message, struct verdict *out,
                             lianshu_DecisionRecord *record);

const char *gate_action_word(enum gate_action action); /* "refuse" */

#endif
