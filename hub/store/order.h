/*
 * order - sanction orders, every state they ever had.
 *
 *   order_put appends (order id, seq); the newest row is the order as it stands.
 *
 * Guarantees:
 *   1. Rows are appended, never overwritten; order_get answers as of any log size.
 *   2. Versions of an order never go back, except by order_put_back: a lower version than the
 *      newest is ERR_ORDER_VERSION.
 *   3. order_conflict finds an order of the same list, subject and act that is not over, or else
 *      one that a document of somebody other than its issuer has annulled.
 *   4. A text of the order is a row whose change_document is its document: the first version, and
 *      every correction. order_text answers the text that a version rests on.
 *
 * `as_of`: log size; STORE_NEVER for now. Dates are yyyymmdd, 0: none.
 * Ownership: the sealed document is borrowed until the next call on orders.
 * Thread rule: that of the db. PROTOCOL.md 5.2.
 */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H

#include "store/db.h"
#include "store/ids.h"

struct orders;

struct order_row {
    uint8_t id[STORE_ID_LEN];
    uint64_t seq;
    uint32_t version;
    uint32_t
        state; /* the policy's order_state: 1 pending, 2 active, 3 suspended, others are over */
    uint32_t episode; /* + 1 at each resume or restore */
    char issuer[STORE_MEMBER_MAX + 1];
    char list[STORE_CODE_MAX + 1];
    char trigger[STORE_CODE_MAX + 1];
    char rule[STORE_CODE_MAX + 1];
    char changed_by[STORE_MEMBER_MAX + 1]; /* who brought it into this state; "": the clock */
    uint8_t act[STORE_ID_LEN];             /* token of what names the act: its decision number */
    uint32_t severity;
    uint32_t act_date;
    uint32_t decision_date;
    uint32_t changed_date;  /* of the newest decision about it; the clock decides nothing */
    uint32_t restored_date; /* of the newest restoration; 0: none was */
    uint32_t start_date;
    uint32_t repair_date; /* earliest */
    uint32_t max_date;    /* 0: for life */
    uint32_t end_date;    /* as decided; 0: for life */
    uint8_t subject[STORE_TOKEN_LEN];
    uint8_t rule_set[STORE_HASH_LEN];
    uint8_t document[STORE_HASH_LEN];        /* SHA-256(D) of the order */
    uint8_t change_document[STORE_HASH_LEN]; /* of what made this state; zeros: the order itself */
    uint64_t decision_seq;                   /* leaf of the decision of its text */
    uint64_t known_seq;                      /* relations as of this size; 0: as of the decision */
    struct span sealed; /* signed document (the order's; on a change, the change's); empty when
                           the clock made the state */
};

MUST_USE enum err orders_open(struct orders **out, struct db *db, struct fault *f);
void orders_close(struct orders **o);

MUST_USE enum err order_put(struct orders *o, const struct order_row *row);
/* The same for a row that goes back to an earlier version: another text or change of a version goes
 * before the one that stood. Its seq is the newest. */
MUST_USE enum err order_put_back(struct orders *o, const struct order_row *row);
MUST_USE enum err order_get(struct orders *o, const uint8_t id[static STORE_ID_LEN], uint64_t as_of,
                            struct order_row *out);

/* The newest text of a version or of one before it, as of a size: it holds the sealed order itself.
 */
MUST_USE enum err order_text(struct orders *o, const uint8_t id[static STORE_ID_LEN],
                             uint32_t version, uint64_t as_of, struct order_row *out);

/* Every state of one order, oldest first; *cursor 0 to start. */
MUST_USE enum err order_history(struct orders *o, const uint8_t id[static STORE_ID_LEN],
                                uint64_t *cursor, struct order_row *out);

/* Orders of a subject as they stand as of a size; id is the cursor, zeroed to start. */
MUST_USE enum err order_next_of_subject(struct orders *o,
                                        const uint8_t subject[static STORE_TOKEN_LEN],
                                        uint64_t as_of, uint8_t id[static STORE_ID_LEN],
                                        struct order_row *out);

/* All orders as they stand now; id is the cursor, zeroed to start. */
MUST_USE enum err order_next(struct orders *o, uint8_t id[static STORE_ID_LEN],
                             struct order_row *out);

/* The state that this document made of an order; ERR_NOT_FOUND: of none. */
MUST_USE enum err order_by_change(struct orders *o, const uint8_t document[static STORE_HASH_LEN],
                                  struct order_row *out);

/* Who imposed it: the same in every version. */
MUST_USE enum err order_issuer(struct orders *o, const uint8_t id[static STORE_ID_LEN],
                               char issuer[static STORE_MEMBER_MAX + 1]);

/* An order of this subject, list and act that is pending, active or suspended, or else one that was
 * annulled by another than its issuer; other than `id` (NULL: any). ERR_NOT_FOUND: there is none.
 */
MUST_USE enum err order_conflict(struct orders *o, const uint8_t subject[static STORE_TOKEN_LEN],
                                 const char *list, const uint8_t act[static STORE_ID_LEN],
                                 const uint8_t *id, uint64_t as_of, struct order_row *out);

/* When the clock looks at the order next; 0: never. */
MUST_USE enum err order_due(struct orders *o, const uint8_t id[static STORE_ID_LEN],
                            uint64_t next_ms);
/* The one with the earliest moment at or before now_ms; move it on before the next call. */
MUST_USE enum err order_next_due(struct orders *o, uint64_t now_ms,
                                 uint8_t id[static STORE_ID_LEN]);
/* The earliest of all; STORE_NEVER: none. */
MUST_USE enum err order_first_due(struct orders *o, uint64_t *next_ms);

#endif
