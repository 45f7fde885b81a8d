/*
 * view - what the policy may know about the world: look-ups that the caller supplies.
 *
 * The policy has no state. Whatever it needs beyond the document and the rule set it asks
 * for through this table, by token, never by identifier. Every answer is noted in a running
 * SHA-256 (reader.h), which becomes read_set_sha256 of the decision record.
 *
 * The caller promises:
 *   1. Answers depend only on committed state as of one log size.
 *   2. Rows of an iteration come in one fixed order (order id, measure, rule) and each once.
 *   3. An error other than ERR_NOT_FOUND means that the answer is not known; the policy
 *      returns it and decides nothing.
 *
 * Thread rule: a view belongs to the thread that made it.
 */
#ifndef POLICY_VIEW_H
#define POLICY_VIEW_H

#include "base/err.h"
#include "base/span.h"

#include "sanction.pb.h"
#include "subject.pb.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VIEW_TOKEN_LEN = 16,
    VIEW_ORDER_ID_LEN = 16,
    VIEW_MEMBER_MAX = 41, /* with NUL */
    VIEW_LIST_MAX = 33,   /* with NUL */
    VIEW_RULE_MAX = 17,   /* with NUL */
    VIEW_BASIS_MAX = 49,  /* with NUL */
    VIEW_MEASURE_MAX = 5, /* with NUL */
    VIEW_REGION_MAX = 7,  /* with NUL */
    VIEW_ROWS_MAX = 4096, /* rows of one iteration; more is ERR_TOO_LARGE */
};

enum order_state {
    ORDER_NONE = 0, /* there is no such order */
    ORDER_PENDING,
    ORDER_ACTIVE,
    ORDER_SUSPENDED,
    ORDER_LIFTED,
    ORDER_EXPIRED,
    ORDER_ANNULLED,
    ORDER_STATES,
};

struct view_order {
    uint8_t id[VIEW_ORDER_ID_LEN];
    enum order_state state;
    uint32_t version;
    char issuer[VIEW_MEMBER_MAX];     /* who imposed it */
    char changed_by[VIEW_MEMBER_MAX]; /* who brought it into this state; "" when the clock did */
    char list[VIEW_LIST_MAX];
    char rule[VIEW_RULE_MAX];
    uint32_t decision_date; /* of the order: its measures are judged by the rules of then */
    uint32_t changed_date;  /* of the newest decision about it, its own or that of a change */
    uint32_t restored_date; /* of the newest restoration; 0: none was */
    uint32_t start_date;
    uint32_t earliest_repair_date; /* 0: no early repair */
    uint32_t end_date;             /* decision.end_date; 0: for life */
    uint8_t token[VIEW_TOKEN_LEN]; /* of its subject; all zero: not known, not compared */
};

/* One justification of a restriction that is in force. */
struct view_restriction {
    char measure[VIEW_MEASURE_MAX];
    lianshu_Force force;
    uint8_t order_id[VIEW_ORDER_ID_LEN];
    uint32_t order_version;
    char issuer[VIEW_MEMBER_MAX];
    char rule[VIEW_RULE_MAX];
    char basis[VIEW_BASIS_MAX];  /* first basis of the duty */
    char scope[VIEW_REGION_MAX]; /* 000000: the nation */
    uint32_t start_date;
    uint32_t end_date; /* 0: for life */
};

struct view_relation {
    lianshu_Role role;
    uint8_t token[VIEW_TOKEN_LEN]; /* of the person (or subject) at the other end */
};

/* What ranks a credit rating among those of its subject: the greatest stands. */
struct view_rating {
    uint32_t from_date;
    uint64_t issued_ms;
    uint8_t id[VIEW_ORDER_ID_LEN]; /* of its document */
};

/* Called for each row; false stops the iteration. */
typedef bool view_restriction_fn(void *arg, const struct view_restriction *row);
typedef bool view_relation_fn(void *arg, const struct view_relation *row);

/* What one decision reads, written down: replay.h answers from it. A writer that is full has not
 * all of it. */
struct view_notes {
    struct writer tokens; /* VIEW_TOKEN_LEN bytes for each identifier, in the order of the asking */
    struct writer reads;  /* what read_set_sha256 is over, behind its label */
};

struct view {
    void *ctx;                /* passed to every function */
    struct view_notes *notes; /* NULL: what is read is hashed only */

    /* Token of an identifier of that kind. */
    enum err (*token)(void *ctx, lianshu_SubjectKind kind, const char *id,
                      uint8_t out[static VIEW_TOKEN_LEN]);

    /* The order with this id; ERR_NOT_FOUND when there is none. */
    enum err (*order)(void *ctx, const uint8_t id[static VIEW_ORDER_ID_LEN],
                      struct view_order *out);

    /* An order of that list against that subject for the same decision number, in state
     * PENDING, ACTIVE or SUSPENDED, or else one that somebody other than its issuer has ANNULLED;
     * ERR_NOT_FOUND when there is none. */
    enum err (*conflict)(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], const char *list,
                         const char *decision_number, uint8_t order_id[static VIEW_ORDER_ID_LEN]);

    /* Justifications in force against that token on that day. */
    enum err (*restrictions)(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                             view_restriction_fn *fn, void *arg);

    /* Who holds a role towards that subject on that day. */
    enum err (*relations)(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                          view_relation_fn *fn, void *arg);

    /* The rating of that subject that stands; ERR_NOT_FOUND when it has none. */
    enum err (*rating)(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                       struct view_rating *out);

    /* At which subjects that person holds a role on that day; row.token is the subject's. */
    enum err (*holdings)(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                         view_relation_fn *fn, void *arg);
};

#endif
