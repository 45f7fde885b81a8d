/*
 * decide - what an order, or a change of an order, does by the rules: a refusal with its
 * code, or the plan of everything that follows.
 *
 *                          decide_order
 *      (none) ──────────────────────────────────> PENDING ──clock──> ACTIVE
 *
 *   state \ change  lift     annul     suspend    resume   restore  clock (end)
 *   PENDING         E604     ANNULLED  SUSPENDED  E604     E604     EXPIRED
 *   ACTIVE          LIFTED   ANNULLED  SUSPENDED  E604     E604     EXPIRED
 *   SUSPENDED       LIFTED   ANNULLED  E604       ACTIVE   E604     EXPIRED
 *   LIFTED          E604     ANNULLED  E604       E604     ACTIVE   -
 *   EXPIRED         E604     ANNULLED  E604       E604     E604     -
 *   ANNULLED        E604     E604      E604       E604     E604     -
 *
 * (ACTIVE is PENDING while the order's start lies ahead.)
 *
 * Guarantees:
 *   1. Pure: the same document, view answers, rule set and time give the same decision and
 *      the same bytes of the record. Bounded, no allocation, no recursion.
 *   2. The rules of the decision date judge an order; a change is judged by its own date.
 *   3. A refused document has no duties; a plan has at most DECIDE_DUTIES_MAX.
 *   4. Propagation goes exactly one step, only to persons that the decision names, in the
 *      roles and on the basis that the rule states.
 *   5. A measure of the rule that the rule reaches nobody with is in the record with its
 *      reason, and so is every rule of the same list or trigger that did not match.
 *   6. Refusals, in the order they are looked for: identifier E014/E015, dates and needed
 *      fields E010/E606, list E601, version E603/E604, basis E602, rule E601, terms E606,
 *      consent and notice E641, persons E642, conflict E640 and E657.
 *
 * A fault of the view (an answer that is not known) is returned by the function itself; a
 * refusal is `decision.err` while the function returns OK.
 *
 * Pointers inside struct decision belong to the rule set.
 * Thread rule: pure functions.
 */
#ifndef POLICY_DECIDE_H
#define POLICY_DECIDE_H

#include "policy/ruleset.h"
#include "policy/view.h"

#include "base/err.h"

#include "sanction.pb.h"

#include <stdbool.h>
#include <stdint.h>

enum { DECIDE_DUTIES_MAX = 64, DECIDE_WHY_MAX = 33 };

struct calendar;
struct regions;

/* One measure that somebody owes: as many obligations as members owe it. */
struct duty {
    const char *measure;
    const char *rule;
    const char *basis[RULE_BASES_MAX];
    uint32_t basis_count;
    lianshu_Force force;
    uint32_t subject_index; /* 0: the subject; n: the n-th person of the document */
    lianshu_Role role;      /* of that person */
    struct owners owners;
    char scope[VIEW_REGION_MAX]; /* members and gates of this region; "000000": the nation */
    bool competent; /* owed instead by who is competent for scope: county to province */
    uint32_t start_date;
    uint32_t end_date;  /* last day; 0: for life */
    struct term answer; /* the terms, for notices … */
    struct term execute;
    uint64_t answer_due_ms;  /* … and as of `now`; 0: none */
    uint64_t execute_due_ms; /* as duty_runs_from says */
    bool restricts;
};

struct decision {
    enum err err;               /* OK, or why the document is refused */
    char why[DECIDE_WHY_MAX];   /* stable reason code of a refusal: "list_issuer" */
    char basis[VIEW_BASIS_MAX]; /* the article that a refused document offends, or "" */
    const struct rule *rule;    /* that decided; NULL for a refusal before it is known */
    enum order_state state;     /* of the order afterwards */
    uint32_t version;           /* of the order afterwards */
    uint32_t end_date;          /* of the longest duty: the order expires after it; 0: life */
    uint32_t duty_count;
    struct duty duty[DECIDE_DUTIES_MAX];
};

/* Everything around the document that a decision may depend on. */
struct decide_input {
    const char *issuer;       /* member that signed */
    const char *const *basis; /* basis codes of the document (D.basis) */
    uint32_t basis_count;
    uint64_t issued_ms;         /* of the document */
    const uint8_t *document_id; /* VIEW_ORDER_ID_LEN bytes */
    uint64_t now_ms;
    bool elsewhere; /* another hub took it: it has looked for other orders for the act of a
                       correction */
    const struct calendar *calendar;
    const struct regions *regions; /* may be NULL: regions are then only checked for form */
};

/* Reasons of refusal whose article the rule set names (lists.yaml, offences): those that do not lie
 * in one rule. NULL ends them. */
extern const char *const decide_offences[];

/* Judge an order (first version or a correction). record may be NULL; of it everything is
 * filled but document_sha256, type and log_size, which the caller knows. */
MUST_USE enum err decide_order(const struct ruleset *rs, const struct view *view,
                               const struct decide_input *in, const lianshu_SanctionOrder *order,
                               struct decision *out, lianshu_DecisionRecord *record);

enum change_kind {
    CHANGE_LIFT,
    CHANGE_ANNUL,
    CHANGE_SUSPEND,
    CHANGE_RESUME,
    CHANGE_RESTORE,
    CHANGE_KINDS,
};

/* The kind that a DocumentType carries; false when it carries none. */
bool change_of_type(uint32_t document_type, enum change_kind *kind);

/* Judge a change of an order. On OK, out->state and out->version are the order's new ones.
 * Resume and restore begin a new episode; the caller still has the duties of the order. */
MUST_USE enum err decide_change(const struct ruleset *rs, const struct view *view,
                                const struct decide_input *in, enum change_kind kind,
                                const lianshu_SanctionChange *change, struct decision *out,
                                lianshu_DecisionRecord *record);

/* The table above. ORDER_NONE when the change is not allowed in that state. */
enum order_state change_next(enum order_state state, enum change_kind kind);

/* From which day on an order by that rule may be repaired, whose decision says `earliest`: when it
 * was repaired by deceit and restored, the least time of the rule begins anew on that day. 0: it is
 * never repaired. */
uint32_t change_repair_from(const struct ruleset *rs, const char *rule, uint32_t earliest,
                            uint32_t restored_date);

/* What the clock makes of an order on that day; other states stay. */
enum order_state order_state_on(enum order_state state, uint32_t start_date, uint32_t end_date,
                                uint32_t today);

/* Who is told at told_ms can execute from then on, but not before the measure is in force. */
uint64_t duty_runs_from(uint32_t start_date, uint64_t told_ms);

/* Does member owe this duty of an order that issuer imposed? Depends on department and
 * region only; hubs, registrars and the root never owe. */
bool duty_owed_by(const struct duty *d, const char *issuer, const char *member);

/* The departments of the duty that nobody holds, given the set of departments that have a
 * member in the duty's scope. For `either` the lowest department stands when all miss. */
uint32_t duty_unassigned(const struct duty *d, uint32_t present);

#endif
