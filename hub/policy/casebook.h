/*
 * casebook - the case table: which step a document takes a referral, what clocks it starts
 * and stops, and who must have a copy.
 *
 *   "" ──T07──> TRANSFERRED ──T08──> RECEIVED ──T09──> SUPPLEMENT ──T10──> PS_REVIEW
 *                                        └──────────T13──────────────> CRIM_FILED | NOT_FILED
 *
 * The rows are data (cases.yaml, clocks.yaml); this picture is the part used by documents of
 * the catalogue so far.
 *
 * Guarantees:
 *   1. A step that no row allows is ERR_CASE_STATE and changes nothing.
 *   2. A step whose mandatory copy is not among the destinations is ERR_COPY_MISSING and
 *      the detail names the department.
 *   3. A clock's term follows the complexity; an unknown complexity is refused.
 *   4. No state is left without a document of the row's type by the row's actor.
 *
 * Thread rule: pure functions.
 */
#ifndef POLICY_CASEBOOK_H
#define POLICY_CASEBOOK_H

#include "policy/ruleset.h"

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { CASE_STATE_MAX = 24, CASE_CLOCKS_MAX = RULE_CLOCKS_MAX };

struct calendar;

/* Where the case is and what is said about it. */
struct case_event {
    const char *state;      /* "" for a case not known yet */
    const char *transition; /* T07 */
    uint32_t type;          /* DocumentType of the document */
    const char *outcome;    /* of T13: filed, not_filed; "" elsewhere */
    const char *complexity; /* "" is ordinary */
    uint32_t actor;         /* department of the sender, its value (not a bit) */
    uint32_t destinations;  /* departments of the destinations, as bits */
    uint64_t event_ms;
};

struct case_clock {
    const struct rule_clock *clock;
    uint64_t due_ms;
};

struct case_result {
    enum err err;
    const struct rule_step *step; /* NULL when none was found */
    char state[CASE_STATE_MAX];
    uint32_t owner; /* departments that must act next, as bits */
    uint32_t missing_copies;
    struct case_clock starts[CASE_CLOCKS_MAX];
    uint32_t start_count;
    const char *stops[CASE_CLOCKS_MAX]; /* clock ids */
    uint32_t stop_count;
};

/* Take one step. Returns out->err, so that a caller may use either. */
MUST_USE enum err case_step(const struct ruleset *rs, const struct calendar *calendar,
                            const struct case_event *event, struct case_result *out);

#endif
