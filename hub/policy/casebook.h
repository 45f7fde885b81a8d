/*
 * casebook - the case table: which step a document takes a case, what clocks it starts, stops,
 * suspends and resumes, which documents it needs and who must have a copy; and the clocks that
 * documents outside of cases start and stop (flows).
 *
 * The rows are data (cases.yaml, clocks.yaml); `lianshu case graph` prints them.
 *
 * Guarantees:
 *   1. A step that no row allows is ERR_CASE_STATE and changes nothing.
 *   2. A step whose addressee or mandatory copy is not among the destinations is
 *      ERR_COPY_MISSING; missing_copies names the departments.
 *   3. A step whose row needs documents that the facts do not list is ERR_CASE_DOCUMENT;
 *      missing_paper names the first.
 *   4. What the law forbids in a state (a fine before the criminal path ends) is ERR_CASE_BARRED;
 *      result.step names the article.
 *   5. A step whose right has lapsed, or an extension of a term that is over, is
 *      ERR_CASE_LAPSED.
 *   6. A clock's term follows the complexity; an unknown complexity is refused.
 *   7. No state is left without a document of the row's type by the row's actor.
 *   8. A document outside of cases is never refused because of a clock.
 *
 * Who of a department may act (rule_step.by, .parties) the caller knows, not this.
 * Thread rule: pure functions.
 */
#ifndef POLICY_CASEBOOK_H
#define POLICY_CASEBOOK_H

#include "policy/ruleset.h"

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CASE_STATE_MAX = 24, CASE_CLOCKS_MAX = RULE_CLOCKS_MAX };

struct calendar;
struct json;

/* A clock of the case that runs, or that is suspended. */
struct case_running {
    const char *clock; /* id */
    uint64_t started_ms;
    uint64_t due_ms;
};

/* Where the case is and what is said about it. */
struct case_event {
    const char *state;         /* "" for a case not known yet */
    const char *transition;    /* T07 */
    uint32_t type;             /* DocumentType of the document */
    const char *outcome;       /* of T13: filed, not_filed; "" elsewhere */
    const char *complexity;    /* "" is ordinary */
    const char *const *papers; /* documents that it brings: D04 … */
    size_t paper_count;
    uint32_t actor;        /* department of the sender, its value (not a bit) */
    uint32_t destinations; /* departments of the destinations, as bits */
    uint64_t event_ms;
    uint64_t now_ms; /* of the hub; 0: as event_ms */
    const struct case_running *running;
    size_t running_count;
};

struct case_clock {
    const struct rule_clock *clock;
    uint64_t from_ms; /* when it begins to run */
    struct term term; /* of the complexity: what due_ms was counted as */
    uint64_t due_ms;
    bool met; /* began before and ends with this very document: kept as stopped at now_ms */
};

struct case_result {
    enum err err;
    const struct rule_step *step; /* NULL when none was found */
    char state[CASE_STATE_MAX];
    bool closed;    /* the new state is final */
    uint32_t owner; /* departments that must act next, as bits */
    uint32_t missing_copies;
    const struct rule_paper *missing_paper;
    struct case_clock starts[CASE_CLOCKS_MAX]; /* after the stops */
    uint32_t start_count;
    const char *stops[CASE_CLOCKS_MAX]; /* clock ids */
    uint32_t stop_count;
    const char *suspends[CASE_CLOCKS_MAX]; /* after the starts; what runs stops, its rest is kept */
    uint32_t suspend_count;
    const char *resumes[CASE_CLOCKS_MAX]; /* before the starts */
    uint32_t resume_count;
    struct case_clock moves[CASE_CLOCKS_MAX]; /* running clocks with a new end */
    uint32_t move_count;
    const struct rule_clock *late[CASE_CLOCKS_MAX]; /* breached by this very step */
    uint32_t late_count;
};

/* Take one step. Returns out->err, so that a caller may use either. */
MUST_USE enum err case_step(const struct ruleset *rs, const struct calendar *calendar,
                            const struct case_event *event, struct case_result *out);

/* ---- clocks of documents outside of cases ---- */

struct flow_event {
    uint32_t type;
    const void *facts; /* body of the facts document, or NULL */
    uint32_t actor;    /* department of the sender, its value */
    uint64_t event_ms; /* when the hub accepted it; the facts may name an earlier moment */
};

/* Are there flow rows for this type at all? */
bool flow_applies(const struct ruleset *rs, uint32_t type);

/* What the document starts and stops in its conversation: starts, stops and late of out, whose
 * state and step stay empty. OK with nothing when no row fits. Errors: ERR_TERM. */
MUST_USE enum err flow_clocks(const struct ruleset *rs, const struct calendar *calendar,
                              const struct flow_event *event, struct case_result *out);

/* ---- for people ---- */

enum casebook_form { CASEBOOK_TABLE = 0, CASEBOOK_MERMAID, CASEBOOK_DOT };

/* The whole table: states, steps with documents, actors, copies, clocks and basis, in Chinese and
 * English. */
void casebook_graph(const struct ruleset *rs, enum casebook_form form, FILE *to);

/* The same as JSON: `states`, `graph` (the steps) and `flows` of the map. */
void casebook_describe(const struct ruleset *rs, struct json *to);

#endif
