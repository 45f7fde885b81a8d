/*
 * request - what one member asked for and another must answer in time: a
 * repair, an objection, evidence behind an order; and the lift that follows an
 * accepted repair.
 *
 *   request_put --> open -- request_close --> decided (outcome, answer)
 *
 * Guarantees:
 *   1. A request is stored once per document: again is ERR_EXISTS.
 *   2. request_close decides an open one once, request_restage changes an open one; of a decided
 *      one both are ERR_EXISTS and change nothing.
 *   3. Walks are cursors in order of creation (seq).
 *
 * Ids, codes, members and hashes of salted documents only.
 * Thread rule: that of the db. Law: domain B.4 (repair), B.8 (objection).
 */
#ifndef STORE_REQUEST_H
#define STORE_REQUEST_H

#include "store/db.h"
#include "store/ids.h"

enum request_kind {
    REQUEST_REPAIR = 1,
    REQUEST_OBJECTION = 2,
    REQUEST_EVIDENCE = 3,
    REQUEST_LIFT = 4, /* the issuer's lift after an accepted repair */
    REQUEST_KINDS = 5,
};

enum request_outcome {
    REQUEST_OPEN = 0,
    REQUEST_UPHELD = 1, /* of an objection: the entry was wrong */
    REQUEST_REFUSED = 2,
    REQUEST_ACCEPTED = 3, /* of a repair */
    REQUEST_ANSWERED = 4, /* evidence came, the order was lifted */
    REQUEST_OUTCOMES = 5,
};

/* Which term of an open one runs. */
enum request_stage {
    REQUEST_ANSWER = 0,   /* to decide, to supply, to lift */
    REQUEST_RECEIPT = 1,  /* to receive it and pass it on, before that */
    REQUEST_EXTENDED = 2, /* the longer term to decide: once */
    REQUEST_STAGES = 3,
};

struct requests;

struct request {
    uint64_t seq; /* leaf of its acceptance: order of all walks */
    enum request_kind kind;
    uint8_t document[STORE_ID_LEN]; /* id of the request's document */
    uint8_t order_id[STORE_ID_LEN];
    uint8_t obligation_id[STORE_ID_LEN]; /* evidence; else zeros */
    char asker[STORE_MEMBER_MAX + 1];
    char owner[STORE_MEMBER_MAX + 1]; /* who must act in this stage */
    enum request_stage stage;
    bool late;                           /* it was not received within its term */
    char receiver[STORE_MEMBER_MAX + 1]; /* who had to receive it; "": nobody had to */
    uint64_t received_ms;                /* when it did; 0: not, or nobody had to */
    char clock[STORE_CODE_MAX + 1];      /* of the table of clocks; "": none */
    bool shown;                          /* the order is marked while it is open */
    enum request_outcome outcome;
    uint8_t answer[STORE_ID_LEN]; /* id of the decision's document; zeros */
    uint64_t opened_ms;
    uint64_t begun_ms; /* of the term that runs */
    uint64_t due_ms;   /* 0: no term */
    uint64_t closed_ms;
    uint32_t warned;  /* percent of the term */
    uint64_t next_ms; /* next moment the core wants to look at it; 0: never */
};

MUST_USE enum err requests_open(struct requests **out, struct db *db, struct fault *f);
void requests_close(struct requests **r);

MUST_USE enum err request_put(struct requests *r, const struct request *row);
MUST_USE enum err request_of_document(struct requests *r,
                                      const uint8_t document[static STORE_ID_LEN],
                                      struct request *out);
/* outcome, answer and closed_ms of the row; its clock stops. */
MUST_USE enum err request_close(struct requests *r, const struct request *row);
/* Another term runs: owner, clock, shown, stage, late, received_ms and its moments are those of the
 * row. Of a decided one ERR_EXISTS. */
MUST_USE enum err request_restage(struct requests *r, const struct request *row);
/* warned and next_ms of the row. */
MUST_USE enum err request_due(struct requests *r, const struct request *row);

/* The requests about an order; *cursor 0 to start. ERR_NOT_FOUND at the end. */
MUST_USE enum err request_next_of_order(struct requests *r,
                                        const uint8_t order_id[static STORE_ID_LEN],
                                        uint64_t *cursor, struct request *out);
/* Those that are open; *cursor 0 to start. ERR_NOT_FOUND at the end. */
MUST_USE enum err request_next_open(struct requests *r, uint64_t *cursor, struct request *out);
/* Due at or before now_ms, earliest first; move it on before the next call. */
MUST_USE enum err request_next_due(struct requests *r, uint64_t now_ms, struct request *out);
/* The earliest of all; STORE_NEVER: none. */
MUST_USE enum err request_first_due(struct requests *r, uint64_t *next_ms);

#endif
