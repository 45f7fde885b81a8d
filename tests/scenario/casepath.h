/*
 * casepath - a case told as a list of documents: who sends what to whom, and where the case
 * stands afterwards. What is expected stands in the tables of the scenarios, written from the law
 * (domain C.3 to C.5); the rules are asked only whether the tables leave a step out.
 *
 * Each document is first tried as the law does not allow it - about a case that nobody knows, by
 * a department that may not, by somebody without a part in the case, without a mandatory copy,
 * without one of its documents - and after it was taken once more, from the new state.
 */
#ifndef TESTS_CASEPATH_H
#define TESTS_CASEPATH_H

#include "scenario/world.h"

/* Who takes part. */
#define HUB          "hub.445100"
#define MPA          "market.445100"
#define MPA_OTHER    "market.445200" /* of another city of the province */
#define MPA_UPPER    "market.440000" /* above both */
#define PS           "police.445100"
#define PS_OTHER     "police.445200"
#define PS_UPPER     "police.440000"
#define PP           "procuratorate.445100"
#define COURT        "court.445100"
#define DISCIPLINE   "discipline.445100"
#define MEDIA        "media.445100"
#define PP_UPPER     "procuratorate.440000"
#define JUSTICE      "justice.445100"
#define HEALTH       "health.445100"
#define HEALTH_UPPER "health.440000"
#define STRANGER     "market.440100" /* no part in anything */
#define ORDERS       "D04 D05 D06"   /* what a transfer brings */

enum leg_flags {
    LEG_AGAIN = 1 << 0,  /* it may follow itself */
    LEG_OPENS = 1 << 1,  /* it may begin a case */
    LEG_ANYONE = 1 << 2, /* every department may send it, if it has a part */
    LEG_JOINS = 1 << 3,  /* it needs no part in the case */
    LEG_BARRED = 1 << 4, /* the law forbids it here */
};

struct leg {
    const char *id;
    const char *outcome;
    const char *type;
    const char *by;
    const char *to[4];
    unsigned needed;   /* that many of `to`, the first ones, are mandatory */
    const char *owner; /* who has to act next */
    const char *state; /* afterwards */
    unsigned flags;
    const char *documents;  /* "D04 D05"; NULL: none are listed */
    const char *complexity; /* NULL: ordinary */
};

/* What many paths begin with. */
#define REFERRED                                                                                   \
    {                                                                                              \
        "T07", "", "case.referral", MPA, {PP, PS}, 2, PS, "TRANSFERRED", LEG_OPENS, ORDERS, NULL   \
    }
#define RECEIVED                                                                                   \
    {                                                                                              \
        "T08", "", "case.acknowledged", PS, {MPA}, 1, PS, "RECEIVED", 0, NULL, NULL                \
    }
#define FILED                                                                                      \
    {                                                                                              \
        "T13", "filed", "case.decision", PS, {PP, MPA}, 2, PS, "CRIM_FILED", 0, NULL, NULL         \
    }
#define NOT_FILED                                                                                  \
    {                                                                                              \
        "T13", "not_filed", "case.decision", PS, {PP, MPA}, 2, MPA, "NOT_FILED", 0, NULL, NULL     \
    }
#define TO_COURT                                                                                   \
    {                                                                                              \
        "T25", "prosecution", "case.result", PS, {PP}, 1, PP, "PROSECUTION", 0, NULL, NULL         \
    }
#define REGISTERED                                                                                 \
    {                                                                                              \
        "C01", "registered", "case.record", MPA, {HUB}, 0, MPA, "CLUE", LEG_OPENS, NULL, NULL      \
    }
#define WITHIN(id, outcome, owner, state)                                                          \
    {                                                                                              \
        id, outcome, "case.record", MPA, {HUB}, 0, owner, state, 0, NULL, NULL                     \
    }
#define SENT(kind)                                                                                 \
    {                                                                                              \
        "A02", kind, "assist.request", MPA, {MPA_OTHER}, 1, MPA_OTHER, "SENT", LEG_OPENS, NULL,    \
            NULL                                                                                   \
    }
#define SENT_POLICE(kind)                                                                          \
    {                                                                                              \
        "A02", kind, "assist.request", PS, {PS_OTHER}, 1, PS_OTHER, "SENT", LEG_OPENS, NULL, NULL  \
    }
#define ACCEPTED(by, from)                                                                         \
    {                                                                                              \
        "A04", "accepted", "assist.accept", by, {from}, 1, by, "ACCEPTED", LEG_ANYONE, NULL, NULL  \
    }
#define REPLIED                                                                                    \
    {                                                                                              \
        "A06", "", "assist.reply", MPA_OTHER, {MPA}, 1, MPA, "REPLIED", LEG_ANYONE, NULL, NULL     \
    }
#define REJECTED                                                                                   \
    {                                                                                              \
        "A03", "rejected", "assist.accept", MPA_OTHER, {MPA}, 1, MPA, "REJECTED", LEG_ANYONE,      \
            NULL, NULL                                                                             \
    }
#define DISPUTED                                                                                   \
    {                                                                                              \
        "A09", "disputed", "assist.request", MPA, {MPA_OTHER}, 1, MPA_OTHER, "ASSIST_DISPUTED",    \
            LEG_ANYONE, NULL, NULL                                                                 \
    }

enum { LEGS_MAX = 32 };

struct path {
    const char *name;
    struct leg leg[LEGS_MAX]; /* ends with one without id */
};

/* First letters of the steps of the rules, each walked by one scenario. */
#define CASEPATH_LETTERS  CASEPATH_REFERRAL CASEPATH_ASSIST
#define CASEPATH_REFERRAL "T"
#define CASEPATH_ASSIST   "ACS"

int casepath_setup(void **state);

/* The whole way, with everything that is refused on it. */
void casepath_walk(struct world *w, const struct path *path);
/* Only the documents, up to the n-th; 0: all. */
void casepath_go(struct world *w, const struct path *path, size_t n);
/* One document as it stands in the table; the code of the receipt. */
uint32_t casepath_send(struct world *w, const struct path *path, const struct leg *leg);
/* The same, of what happened earlier. */
uint32_t casepath_send_of(struct world *w, const struct path *path, const struct leg *leg,
                          uint64_t event_ms);
/* "TRANSFERRED"; "" for a case that the hub does not know. */
void casepath_state(struct world *w, const struct path *path, char out[static 32]);
/* One test for each path; then one that no step of the rules with one of these first letters was
 * left out. */
int casepath_run(const char *name, const struct path *paths, size_t count, const char *letters);

#endif
