/*
 * event - what a document that is no order sets off by the rules: second one-person companies
 * (R08), penalty records (R10, R11), insurance points (R16), credit classes (R24, R25), banned
 * persons hired (R27), uninsured vaccines (R28), trace codes sold twice (R29), final results of
 * cases.
 *
 *   document of a type that rules of another event than `order` name
 *        │ decide_event
 *        ├─ REFUSE     the document is not taken (err, why, basis)
 *        ├─ HOLD       it waits for two officials until duty.answer_due_ms, then `breach`
 *        ├─ ALERT      departments are told (hub.notice), with a clock
 *        ├─ DUTY       a measure is owed, like a duty of an order
 *        ├─ CLASS      the subject's credit class is now this one
 *        └─ INCENTIVE  a measure of the red list is offered, like a duty with force consider
 *
 * Guarantees:
 *   1. Pure: the same facts, view answers, rule set and time give the same decision and the same
 *      bytes of the record. Bounded, no allocation, no recursion.
 *   2. A document is judged by the rules of its own date (of registration, of the rating, …);
 *      of one without a date, by those of `now`.
 *   3. A refused document (err != OK) has exactly its refusal and the alerts of its rules;
 *      nobody owes anything because of it.
 *   4. Every rule for the type is in the record: matched, or why not.
 *   5. A type that no rule names, and a light record (R11), have no consequences.
 *   6. What ends: decision.ends names the rules whose earlier duties and incentives for the same
 *      subject end with this document (a rating that is no warning ends those of R24). What the
 *      first listing ends is event_ends_on_order's answer (R25).
 *   7. A rating begins on the day of its issue or before, and counts when no other of its subject
 *      begins later; of one day the one issued last, then the higher id.
 *   8. Depth 1: a consequence reaches the subject and the persons that the document names.
 *
 * The caller (core) makes of a DUTY or INCENTIVE what it makes of a duty of an order: obligations
 * of the members for which duty_owed_by holds, under the id of the document in place of an order
 * id; of an ALERT one hub.notice for each such member, due at duty.answer_due_ms.
 *
 * A fault of the view is returned by the function itself; a refusal is `out->err` while the
 * function returns OK.
 *
 * Pointers inside struct event_decision belong to the rule set.
 * Thread rule: pure functions.
 */
#ifndef POLICY_EVENT_H
#define POLICY_EVENT_H

#include "policy/decide.h"

#include "credit.pb.h"

enum { EVENT_CONSEQUENCES_MAX = 64, EVENT_ENDS_MAX = 8 };

enum consequence_kind {
    CONSEQUENCE_NONE = 0,
    CONSEQUENCE_REFUSE,
    CONSEQUENCE_HOLD,
    CONSEQUENCE_ALERT,
    CONSEQUENCE_DUTY,
    CONSEQUENCE_CLASS,
    CONSEQUENCE_INCENTIVE,
};

struct consequence {
    enum consequence_kind kind;
    enum err code;             /* REFUSE, HOLD: why */
    unsigned breach;           /* HOLD: enum gate_action after its deadline */
    const char *reason;        /* why this follows: a code with words in explain.h */
    lianshu_CreditClass class; /* CLASS */
    /* Who, what, until when: rule, basis, subject_index, owners, scope, answer_due_ms of all;
     * measure "" for REFUSE, HOLD, ALERT and CLASS. */
    struct duty duty;
    uint8_t order_id[VIEW_ORDER_ID_LEN]; /* that caused it (R27: the ban), or all zero */
};

struct event_decision {
    enum err err;               /* OK, or why the document is refused */
    char why[DECIDE_WHY_MAX];   /* stable reason code of a refusal */
    char basis[VIEW_BASIS_MAX]; /* the article that a refused document offends, or "" */
    const struct rule *rule;    /* of the refusal; NULL otherwise */
    uint32_t count;
    struct consequence consequence[EVENT_CONSEQUENCES_MAX];
    const char *ends[EVENT_ENDS_MAX]; /* rules whose standing consequences for the subject end */
    uint32_t end_count;
};

/* Is there a rule for this type of document at all? The caller asks before it decodes. */
bool event_applies(const struct ruleset *rs, uint32_t document_type);

/* Judge the facts body of a document (the message that the catalogue names for the type).
 * in->issuer is the member that signed. record may be NULL, as in decide.h. */
MUST_USE enum err decide_event(const struct ruleset *rs, const struct view *view,
                               const struct decide_input *in, uint32_t document_type,
                               const void *facts, struct event_decision *out,
                               lianshu_DecisionRecord *record);

/* Would an order with that trigger, decided on that day, stand under this rule? */
bool event_orders_by(const struct rule *rule, const char *trigger, uint32_t date);

/* The rules whose standing consequences end when an order against the subject begins. */
uint32_t event_ends_on_order(const struct ruleset *rs, const char *out[static EVENT_ENDS_MAX]);

const char *consequence_word(enum consequence_kind kind); /* "alert" */

#endif
