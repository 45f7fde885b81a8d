/* What the files of the inbox share: inbox.c order, inbox_apply.c effects, inbox_receipt.c answers,
 * inbox_resume.c what waits.
 */
#ifndef ADAPTERS_SDK_INBOX_INNER_H
#define ADAPTERS_SDK_INBOX_INNER_H

#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"

enum { WAITING = 1, FETCHING = 2, APPLIED = 3, RETURNED = 4, WITHDRAWN = 5, HELD = 6 };

/* A delivery that is being looked at: s->message holds it unpacked. */
struct delivery {
    uint64_t row; /* inbox row; 0: none yet */
    struct span statement, frame;
    bool ordered;
    uint64_t number;
    uint8_t conversation[SDK_ID_LEN];
};

MUST_USE enum err inbox_put_row(struct sdk *s, struct delivery *d, unsigned state, enum err code,
                                uint64_t now_ms);
MUST_USE enum err inbox_set_state(struct sdk *s, uint64_t row, unsigned state, enum err code,
                                  uint64_t now_ms);

/* The last delivery number of a conversation that is done, or declared empty. */
MUST_USE enum err inbox_received(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN],
                                 uint64_t *out);
MUST_USE enum err inbox_set_received(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN],
                                     uint64_t number);
/* A stored delivery that may go on: it, and what waits behind it. */
MUST_USE enum err inbox_ready(struct sdk *s, struct delivery *d, uint64_t now_ms);

/* Apply what s->message holds, in a savepoint. ERR_BUSY: not now, nothing is changed. */
MUST_USE enum err inbox_apply(struct sdk *s, struct delivery *d, uint64_t now_ms);
/* Not usable: ids and the reason stay here, one code goes back. */
MUST_USE enum err inbox_give_back(struct sdk *s, struct delivery *d, enum err code,
                                  uint64_t now_ms);

/* What an act of two officials does with a held delivery. */
MUST_USE enum err inbox_release(struct sdk *s, struct delivery *d, uint64_t now_ms);
MUST_USE enum err inbox_reject(struct sdk *s, struct delivery *d, uint64_t now_ms);
/* amended.c: hold what s->message holds; and whether an act has let this row pass. */
MUST_USE enum err held_put(struct sdk *s, struct delivery *d, uint64_t now_ms);
MUST_USE enum err held_allowed(struct sdk *s, uint64_t row, bool *allowed);

/* Stage a receipt about s->message. */
MUST_USE enum err inbox_receipt_for(struct sdk *s, lianshu_ReceiptKind kind, enum err code,
                                    uint64_t now_ms);

/* Every attachment of s->message decrypts and has its hash. */
MUST_USE enum err inbox_check_files(struct sdk *s);

#endif
