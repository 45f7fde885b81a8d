/*
 * stream - receipts on their way to a member's adapters, numbered 1, 2, 3 … per member.
 *
 *   stream_put(leaf) -> waiting -> stream_ack(number) -> gone
 *
 * An entry is the index of the log leaf that holds the receipt. Entries of the open transaction
 * are in memory and are written just before the commit, all of a member in one row; the latest
 * stay in memory, so that sending them right after the commit reads no row.
 *
 * Guarantees:
 *   1. Numbers of a member are contiguous and never used twice, over restarts too.
 *   2. An entry stays until a number at or above its own is acknowledged; rows go when all they
 *      hold is.
 *   3. stream_next gives entries in order without gaps, as often as asked, none that is
 *      acknowledged.
 *   4. An acknowledgement beyond the last number is ERR_FIELD_VALUE and removes nothing.
 *   5. What a rollback takes back was never put or acknowledged.
 *   6. stream_last and stream_acked cost a look into memory once the member is known.
 *
 * Thread rule: that of the db. PROTOCOL.md 3.4 and 7.
 */
#ifndef STORE_STREAM_H
#define STORE_STREAM_H

#include "store/db.h"
#include "store/ids.h"

enum {
    STREAM_MEMBERS_MAX = 32768,  /* members with a stream asked about since start */
    STREAM_PENDING_MAX = 65536,  /* entries of a member in one transaction */
    STREAM_BLOCK_ENTRIES = 1024, /* of one row, at most */
};

struct stream;

MUST_USE enum err stream_open(struct stream **out, struct db *db, struct fault *f);
void stream_close(struct stream **s);

/* ERR_BUSY beyond STREAM_PENDING_MAX, ERR_TOO_LARGE beyond STREAM_MEMBERS_MAX. */
MUST_USE enum err stream_put(struct stream *s, const char *member, uint64_t leaf, uint64_t *number);

/* The first entry above `after`. ERR_NOT_FOUND: none. */
MUST_USE enum err stream_next(struct stream *s, const char *member, uint64_t after,
                              uint64_t *number, uint64_t *leaf);

MUST_USE enum err stream_ack(struct stream *s, const char *member, uint64_t number);

/* Last number given out; 0: none yet. */
MUST_USE enum err stream_last(struct stream *s, const char *member, uint64_t *number);

/* Highest number acknowledged; 0: none yet. */
MUST_USE enum err stream_acked(struct stream *s, const char *member, uint64_t *number);

/* For store.c only. */
MUST_USE enum err stream_before_commit(struct stream *s);
void stream_committed(struct stream *s);
void stream_savepoint(struct stream *s);
void stream_rolled_back(struct stream *s);
void stream_rolled_back_to(struct stream *s);

#endif
