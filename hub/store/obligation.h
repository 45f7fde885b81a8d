/*
 * obligation - the ledger: who owes which measure because of which order, and how far it is.
 *
 *   CREATED -> DELIVERED -> ACCEPTED | DECLINED -> EXECUTED
 *      |           +------------+---------+-----------+--> LIFT_DUE -> LIFTED
 *      +-> CANCELLED
 *
 * Guarantees:
 *   1. An obligation id is stored at most once: again is ERR_EXISTS, so expansion may resume.
 *   2. obligation_move refuses a step the picture does not have (ERR_OBLIGATION) and changes
 *      nothing.
 *   3. The expansion cursor and the rows it made are written in one transaction: after a kill
 *      expansion goes on where it stopped, nothing twice, nothing missing.
 *   4. Walks are cursors in order of creation (seq): one row a call, rows may change between.
 *
 * member "" is an unassigned measure: nobody in the region has it; shown, never queued.
 * Ownership: `sealed` borrowed until the next call on obligations.
 * Thread rule: that of the db. hub/README.md, The ledger of obligations.
 */
#ifndef STORE_OBLIGATION_H
#define STORE_OBLIGATION_H

#include "store/db.h"
#include "store/ids.h"

enum obligation_state {
    OBLIGATION_CREATED = 1,
    OBLIGATION_DELIVERED = 2,
    OBLIGATION_ACCEPTED = 3,
    OBLIGATION_DECLINED = 4,
    OBLIGATION_EXECUTED = 5,
    OBLIGATION_CANCELLED = 6,
    OBLIGATION_LIFT_DUE = 7,
    OBLIGATION_LIFTED = 8,
    OBLIGATION_STATES = 9, /* one more than the last */
};

enum {
    OBLIGATION_REFERENCE_MAX = 1024, /* plain */
    OBLIGATION_SEALED_MAX = 1280,    /* the same under the storage key */
};

struct obligations;

struct obligation {
    uint8_t id[STORE_ID_LEN];
    uint64_t seq; /* leaf of its creation: order of all walks */
    uint8_t order_id[STORE_ID_LEN];
    uint32_t order_version;
    char measure[STORE_MEASURE_MAX + 1];
    char member[STORE_MEMBER_MAX + 1]; /* "": unassigned */
    uint8_t subject[STORE_TOKEN_LEN];
    uint32_t subject_index; /* 0: the subject; n: the n-th person of the order */
    uint32_t force;
    char rule[STORE_CODE_MAX + 1];
    char basis[STORE_BASIS_MAX + 1];
    uint32_t start_date;
    uint32_t end_date;
    uint32_t episode;
    enum obligation_state state;
    uint32_t cause;      /* why it is LIFT_DUE or CANCELLED: the order_state that made it so */
    uint32_t department; /* that nobody holds, of an unassigned one; else 0 */
    uint64_t begun_ms; /* the term to answer runs from here, that to execute not before the start */
    uint64_t answer_due_ms;
    uint64_t execute_due_ms;
    uint64_t ended_ms;      /* LIFT_DUE or CANCELLED since; the term to undo runs from here */
    uint64_t lift_due_ms;   /* 0: no term */
    uint64_t next_due_ms;   /* next moment the core wants to look at it; 0: never */
    uint32_t answer_warned; /* percent of the term to answer already warned of */
    uint32_t warned;        /* of the term to execute or, once it is LIFT_DUE, to undo */
    uint64_t created_ms;
    uint64_t changed_ms;
    uint64_t notice_seq; /* seq of the queue row with its latest notice; 0 and no id: none */
    uint8_t notice_id[STORE_ID_LEN]; /* message id of the latest notice; zeros: not sealed yet */
    struct span sealed; /* reference and decision given by the member, sealed; may be empty */
};

/* Work to be done: the obligations of an order are aligned with one of its states. */
struct expansion {
    uint64_t seq; /* of the order's row */
    uint8_t order_id[STORE_ID_LEN];
    uint64_t time_ms;                       /* terms of new obligations run from here */
    uint64_t walked;                        /* obligations below this seq were looked at */
    uint32_t duty;                          /* next duty of the decision's outcome */
    char last_member[STORE_MEMBER_MAX + 1]; /* last member done in that duty; "": none */
    bool done;
};

MUST_USE enum err obligations_open(struct obligations **out, struct db *db, struct fault *f);
void obligations_close(struct obligations **o);

MUST_USE enum err obligation_put(struct obligations *o, const struct obligation *row);
MUST_USE enum err obligation_get(struct obligations *o, const uint8_t id[static STORE_ID_LEN],
                                 struct obligation *out);

/* Change the state; sealed (may be empty: kept) is the member's reference. */
MUST_USE enum err obligation_move(struct obligations *o, const uint8_t id[static STORE_ID_LEN],
                                  enum obligation_state to, uint32_t cause, struct span sealed,
                                  uint64_t now_ms);
bool obligation_may(enum obligation_state from, enum obligation_state to);

MUST_USE enum err obligation_notice(struct obligations *o, const uint8_t id[static STORE_ID_LEN],
                                    uint64_t notice_seq,
                                    const uint8_t notice_id[static STORE_ID_LEN]);
/* Write next_due_ms, answer_warned and warned of the row. */
MUST_USE enum err obligation_due(struct obligations *o, const struct obligation *row);
/* Its terms were counted anew: write answer_due_ms, execute_due_ms and lift_due_ms too. */
MUST_USE enum err obligation_recounted(struct obligations *o, const struct obligation *row);
/* It has become LIFT_DUE or CANCELLED, as obligation_may allows: write all that goes with it
 * (state, cause, changed_ms, ended_ms, lift_due_ms, next_due_ms, warned). */
MUST_USE enum err obligation_ended(struct obligations *o, const struct obligation *row);

/* Walks: *cursor 0 to start. ERR_NOT_FOUND at the end. */
MUST_USE enum err obligation_next(struct obligations *o, uint64_t *cursor, struct obligation *out);
MUST_USE enum err obligation_next_of_order(struct obligations *o,
                                           const uint8_t order_id[static STORE_ID_LEN],
                                           uint64_t *cursor, struct obligation *out);
/* Due at or before now_ms, earliest first; move its due on before the next call. */
MUST_USE enum err obligation_next_due(struct obligations *o, uint64_t now_ms,
                                      struct obligation *out);
/* The earliest due of all; STORE_NEVER: none. */
MUST_USE enum err obligation_first_due(struct obligations *o, uint64_t *due_ms);

/* Those that a member owes, per state; order_id NULL: all. [0] is the number of unassigned ones,
 * whatever their state. */
MUST_USE enum err obligation_counts(struct obligations *o, const uint8_t *order_id,
                                    uint64_t counts[static OBLIGATION_STATES]);

/* Of an order: those whose term to answer, to execute or to undo is over. */
MUST_USE enum err obligation_overdue(struct obligations *o,
                                     const uint8_t order_id[static STORE_ID_LEN], uint64_t now_ms,
                                     uint64_t *count);

/* Does the member owe anything of this order (live: that is not over)? */
MUST_USE enum err obligation_owed(struct obligations *o,
                                  const uint8_t order_id[static STORE_ID_LEN], const char *member,
                                  bool live, bool *owed);

/* Unassigned ones that stand. */
MUST_USE enum err obligation_unassigned(struct obligations *o, uint64_t *count);

MUST_USE enum err expansion_put(struct obligations *o, const struct expansion *e);
/* The oldest that is not done. ERR_NOT_FOUND: none. */
MUST_USE enum err expansion_pending(struct obligations *o, uint64_t after, struct expansion *out);

#endif
