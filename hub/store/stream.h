/*
 * stream - receipts on their way to a member's adapters, numbered 1, 2, 3 … per member.
 *
 *   stream_put_leaf / stream_put_receipt -> waiting -> stream_ack(number) -> gone
 *
 * Guarantees:
 *   1. Numbers of a member are contiguous and never used twice, over restarts too.
 *   2. An entry stays until a number at or above its own is acknowledged.
 *   3. stream_next gives entries in order without gaps, as often as asked.
 *   4. An acknowledgement beyond the last number is ERR_FIELD_VALUE and removes nothing.
 *
 * The highest acknowledged entry is kept as the memory of the count; there is no counter row to
 * write with each receipt.
 * Ownership: spans borrowed until the next call on the stream.
 * Thread rule: that of the db. crypto.md, Receipts; PROTOCOL.md, LSR1.
 */
#ifndef STORE_STREAM_H
#define STORE_STREAM_H

#include "store/db.h"
#include "store/ids.h"

enum { STREAM_RECEIPT_MAX = 16 * 1024 };

struct stream;

struct stream_entry {
    uint64_t number;
    bool is_leaf;  /* the hub's own: body and path come from the log */
    uint64_t leaf; /* log index */
    struct span q; /* a member's receipt, borrowed until the next call */
    struct span s; /* its batch signature */
};

MUST_USE enum err stream_open(struct stream **out, struct db *db, struct fault *f);
void stream_close(struct stream **s);

MUST_USE enum err stream_put_leaf(struct stream *s, const char *member, uint64_t leaf,
                                  uint64_t *number);
MUST_USE enum err stream_put_receipt(struct stream *s, const char *member, struct span q,
                                     struct span sig, uint64_t *number);

/* The first entry above `after`. ERR_NOT_FOUND: none. */
MUST_USE enum err stream_next(struct stream *s, const char *member, uint64_t after,
                              struct stream_entry *out);

MUST_USE enum err stream_ack(struct stream *s, const char *member, uint64_t number);

/* Last number given out; 0: none yet. */
MUST_USE enum err stream_last(struct stream *s, const char *member, uint64_t *number);

/* Highest number acknowledged; 0: none yet. */
MUST_USE enum err stream_acked(struct stream *s, const char *member, uint64_t *number);

/* For store.c only: caches are dropped. */
void stream_rolled_back(struct stream *s);

#endif
