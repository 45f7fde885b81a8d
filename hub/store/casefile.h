/*
 * casefile - states, owners and statutory clocks of cases, and who got which files with which
 * step: ids, codes, hashes and times only.
 *
 * Guarantees:
 *   1. A case changes with the step that changed it, in one transaction; steps are never removed.
 *   2. At most one clock of a code runs in a case; starting one that runs is ERR_EXISTS. A
 *      suspended clock has no next moment until it is set again.
 *   3. Of the documents of one number one stands (ERR_EXISTS); those that lost to it are kept
 *      beside it. Steps that went past this hub leave gaps.
 *   4. Whom a step went to and what went with it is kept as long as the step.
 *
 * What a case is about the hub never learns.
 * Thread rule: that of the db. case.proto, CaseClock.
 */
#ifndef STORE_CASEFILE_H
#define STORE_CASEFILE_H

#include "store/db.h"
#include "store/ids.h"

struct casefiles;

enum {
    CASEFILE_WAITS_MAX = 8 * (STORE_MEMBER_MAX + 1) - 1,
    CASEFILE_TERM_MAX = 31, /* "10 working_days" */
};

struct casefile {
    uint8_t id[STORE_ID_LEN];
    uint32_t type; /* DocumentType that opened it */
    char state[STORE_CODE_MAX + 1];
    char owner[STORE_MEMBER_MAX + 1]; /* must act next; "": nobody */
    char opener[STORE_MEMBER_MAX + 1];
    uint64_t opened_ms;
    uint64_t changed_ms;
    uint64_t steps; /* the highest number of one */
    bool closed;
};

struct casefile_step {
    uint8_t id[STORE_ID_LEN];
    uint64_t number; /* in the case, from 1 on; the same at every hub */
    uint64_t seq;    /* log leaf of its acceptance here */
    uint32_t type;   /* DocumentType */
    char transition[STORE_CODE_MAX + 1];
    char outcome[STORE_CODE_MAX + 1];
    char state[STORE_CODE_MAX + 1];   /* that it led to … */
    char owner[STORE_MEMBER_MAX + 1]; /* … and who had to act then */
    char by[STORE_MEMBER_MAX + 1];
    uint64_t time_ms;                /* as its document says */
    uint64_t taken_ms;               /* when the hub took it */
    char papers[STORE_CODE_MAX + 1]; /* what it brought: "D04 D05" */
    uint8_t message_id[STORE_ID_LEN];
    uint8_t document[STORE_HASH_LEN]; /* zeros: it had no facts */
    uint32_t code;                    /* why it took no effect; 0: it took effect */
    bool lost;                        /* another document of its number stands */
};

struct casefile_item {
    uint8_t root[STORE_HASH_LEN];
    uint64_t byte_count;
};

struct casefile_clock {
    uint8_t id[STORE_ID_LEN];
    char code[STORE_CODE_MAX + 1];
    char owner[STORE_MEMBER_MAX + 1];   /* whose clock it is */
    char waits[CASEFILE_WAITS_MAX + 1]; /* who wait for it, between spaces */
    uint64_t started_ms;
    uint64_t due_ms; /* counted as this term … */
    char term[CASEFILE_TERM_MAX + 1];
    uint64_t counted_ms;   /* … from here: its start, the end of what it extends, a resumption */
    uint64_t stopped_ms;   /* 0: runs */
    uint64_t suspended_ms; /* 0: it is not suspended */
    uint32_t warned;       /* percent of the term already warned of */
    uint64_t next_ms;      /* next moment the core wants to look at it; 0: never */
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
/* Steps that stand in order of their numbers; *cursor 0 to start, or the lowest number wanted.
 * ERR_ERASED after their retention (retain.h). */
MUST_USE enum err casefile_step_next(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                     uint64_t *cursor, struct casefile_step *out);
/* All documents of the case, also those that lost, in order of their numbers and hashes; number and
 * document of *at are the cursor, zeroed to start. */
MUST_USE enum err casefile_step_each(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                     struct casefile_step *at);
/* Those of the cursor's number alone; its document zeroed to start. */
MUST_USE enum err casefile_step_rival(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                      struct casefile_step *at);
/* The document whose acceptance here has that leaf. */
MUST_USE enum err casefile_step_at(struct casefiles *c, uint64_t seq, struct casefile_step *out);
/* Has any document of the case lost to another? */
MUST_USE enum err casefile_step_lost(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                     bool *any);
/* The state that the standing one led to, once the steps before it are known, and its code.
 * ERR_NOT_FOUND: no such step. */
MUST_USE enum err casefile_step_state(struct casefiles *c, const struct casefile_step *step);
/* This document of the number stands from now on, and no other one: those have lost, with code. */
MUST_USE enum err casefile_step_stand(struct casefiles *c, const struct casefile_step *step,
                                      uint32_t code);
/* What a hub that joins the case is given of a step, by its number and document, sealed; *sealed is
 * borrowed until the next call. */
MUST_USE enum err casefile_paper_put(struct casefiles *c, const struct casefile_step *step,
                                     struct span sealed);
MUST_USE enum err casefile_paper(struct casefiles *c, const struct casefile_step *step,
                                 struct span *sealed);
/* Of the step with this seq: one more that it went to, one more file; again is OK. */
MUST_USE enum err casefile_holder_put(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                      uint64_t seq, const char *member);
MUST_USE enum err casefile_item_put(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                    uint64_t seq, const struct casefile_item *item);
/* In order of their names and roots; *member "" and *out zeroed to start. */
MUST_USE enum err casefile_holder_next(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                       uint64_t seq, char member[static STORE_MEMBER_MAX + 1]);
MUST_USE enum err casefile_item_next(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                     uint64_t seq, struct casefile_item *out);

/* A new clock, or one that is over at once (stopped_ms). */
MUST_USE enum err casefile_clock_start(struct casefiles *c, const struct casefile_clock *clock);
/* Stop the running clock of a code. ERR_NOT_FOUND when none runs. */
MUST_USE enum err casefile_clock_stop(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                      const char *code, uint64_t now_ms);
MUST_USE enum err casefile_clock_get(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                     const char *code, struct casefile_clock *out); /* the newest */
/* Write owner, term, suspension, warnings and who wait of the running clock. ERR_NOT_FOUND: none
 * runs. */
MUST_USE enum err casefile_clock_set(struct casefiles *c, const struct casefile_clock *clock);
/* Write term and warnings of that very clock, which may have been stopped. ERR_NOT_FOUND: there is
 * none. */
MUST_USE enum err casefile_clock_recounted(struct casefiles *c, const struct casefile_clock *clock);
/* Clocks of a case in order of their start; *clock is the cursor, zeroed to start. */
MUST_USE enum err casefile_clock_next(struct casefiles *c, const uint8_t id[static STORE_ID_LEN],
                                      struct casefile_clock *clock);
/* The running clock with the earliest next_ms at or before now_ms. Move it on before the next
 * call. */
MUST_USE enum err casefile_clock_next_due(struct casefiles *c, uint64_t now_ms,
                                          struct casefile_clock *out);
MUST_USE enum err casefile_clock_first_due(struct casefiles *c, uint64_t *next_ms);
/* None of them is left: they are made again from the steps. */
MUST_USE enum err casefile_clock_clear(struct casefiles *c, const uint8_t id[static STORE_ID_LEN]);

#endif
