/*
 * casefile - states, owners and statutory clocks of cases: ids, codes and times only.
 *
 * Guarantees:
 *   1. A case changes with the step that changed it, in one transaction; steps are never removed.
 *   2. At most one clock of a code runs in a case; starting one that runs is ERR_EXISTS.
 *
 * What a case is about the hub never learns.
 * Thread rule: that of the db. case.proto, CaseClock.
 */
#ifndef STORE_CASEFILE_H
#define STORE_CASEFILE_H

#include "store/db.h"
#include "store/ids.h"

struct casefiles;

struct casefile {
    uint8_t id[STORE_ID_LEN];
    char state[STORE_CODE_MAX + 1];
    char owner[STORE_MEMBER_MAX + 1]; /* must act next; "": nobody */
    char opener[STORE_MEMBER_MAX + 1];
    uint64_t opened_ms;
    uint64_t changed_ms;
    bool closed;
};

struct casefile_step {
    uint8_t id[STORE_ID_LEN];
    uint64_t seq;
    char transition[STORE_CODE_MAX + 1];
    char outcome[STORE_CODE_MAX + 1];
    char by[STORE_MEMBER_MAX + 1];
    uint64_t time_ms;
};

struct casefile_clock {
    uint8_t id[STORE_ID_LEN];
    char code[STORE_CODE_MAX + 1];
    char owner[STORE_MEMBER_MAX + 1]; /* whose clock it is */
    uint64_t started_ms;
    uint64_t due_ms;
    uint64_t stopped_ms; /* 0: runs */
    uint32_t warned;     /* percent of the term already warned of */
    uint64_t next_ms;    /* next moment the core wants to look at it; 0: never */
};

MUST_USE enum err casefiles_open(struct casefiles **out, struct db *db, struct fault *f);
void casefiles_close(struct casefiles **c);

/* Insert or replace the case as it stands, and append the step (may be NULL). */
MUST_USE enum err casefile_put(struct casefiles *c, const struct casefile *row,
                               const struct casefile_step *step);
MUST_USE enum err casefile_get(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                               struct casefile *out);
/* Cases in order of id; id is the cursor, zeroed to start. */
MUST_USE enum err casefile_next(struct casefiles *c, uint8_t id[static STORE_ID_LEN],
                                struct casefile *out);
/* Steps in order; *cursor 0 to start. ERR_ERASED after their retention (retain.h). */
MUST_USE enum err casefile_step_next(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                     uint64_t *cursor, struct casefile_step *out);
/* Was this transition seen in the case? */
MUST_USE enum err casefile_step_seen(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                     const char *transition, bool *seen);

MUST_USE enum err casefile_clock_start(struct casefiles *c, const struct casefile_clock *clock);
/* Stop the running clock of a code. ERR_NOT_FOUND when none runs. */
MUST_USE enum err casefile_clock_stop(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                      const char *code, uint64_t now_ms);
MUST_USE enum err casefile_clock_get(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                     const char *code, struct casefile_clock *out); /* the newest */
MUST_USE enum err casefile_clock_warned(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                        const char *code, uint32_t warned, uint64_t next_ms);
/* The running clock with the earliest next_ms at or before now_ms. Move it on before the next
 * call. */
MUST_USE enum err casefile_clock_next_due(struct casefiles *c, uint64_t now_ms,
                                          struct casefile_clock *out);
MUST_USE enum err casefile_clock_first_due(struct casefiles *c, uint64_t *next_ms);

#endif
