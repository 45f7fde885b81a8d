/*
 * fresh - rows put lately: written packed, all of a commit in one row, and brought to their own
 * tables only if they last. Most envelopes are delivered before that: what they needed meanwhile
 * (frame, queue row, the changes of their message row) never was a row of a table.
 *
 *               fresh_put                             few of its block lasted, the window is full,
 * fresh_drain (nothing) ------------> fresh, in a commit's block -------------------------------->
 * in its table |         |      ^ |         +------+ fresh_put again: changed
 *                             +--> (gone) by fresh_drop
 *
 * Guarantees:
 *   1. What was put, changed or dropped is durable with its commit: the block is a row of the same
 *      transaction. A rollback, also one to the savepoint, undoes it.
 *   2. A row is fresh, or in its table, or nowhere; never in two places. Whoever puts one knows
 *      that its table has no such key.
 *   3. A start reads the blocks that are there and writes nothing; every row is as it was at the
 *      last commit.
 *   4. A changed byte in a block is ERR_CORRUPT at the start and the block and row are named; in
 *      the `body` of a row it is left to the sum that its owner keeps in the `head`.
 *   5. Memory: one part of FRESH_WARM_SHARE of the window, key and head of what is fresh in the
 *      rest of it, and one transaction; a `body` of the rest is read from its block (fresh_body).
 *      Rows that come when there is no room (fresh_room) are their owner's to write. A window is
 *      read at a start and never more.
 *   6. What fresh_drain leaves behind is in tables only; no block holds a byte of it any more.
 *
 * The oldest blocks go, many at a time, once nothing in them waits to be sent any more, and
 * one whose rows are mostly gone when it leaves the warm part. That of a backlog stays: to write
 * its rows into their tables and take them out again costs more than all else that is done for a
 * message.
 *
 * Ownership: spans are borrowed until the next commit.
 * Thread rule: that of the db.
 */
#ifndef STORE_FRESH_H
#define STORE_FRESH_H

#include "store/db.h"

enum {
    FRESH_WINDOW = 96 << 20,           /* bytes of blocks when fresh_open is given 0 */
    FRESH_WARM_SHARE = 12,             /* one part of so many is whole in memory */
    FRESH_BLOCKS_MAX = 4096,           /* and as many blocks, at least one a commit */
    FRESH_BLOCK_BYTES = 128 << 10,     /* a commit begins another block beyond that */
    FRESH_TRANSACTION_BYTES = 2 << 20, /* new rows of one transaction: a full batch of 2 KiB each */
    FRESH_ROW_BYTES = 128 << 10,       /* a larger one is not taken */
    FRESH_SEGMENT_BYTES = 512 << 10,   /* of memory at a time */
    FRESH_ROWS_MAX = 131072,           /* at a time */
    FRESH_KEY_MAX = 64,
    FRESH_HEAD_MAX = 1024,
};

/* Which table. The numbers stand in the blocks. */
enum fresh_kind {
    FRESH_MESSAGE = 1,
    FRESH_FRAME = 2,
    FRESH_QUEUE = 3, /* its key is a number in eight big-endian bytes */
    FRESH_KINDS,
};

struct fresh;

/* head: under the block's sum; body: has its own. One that is not in memory has data NULL:
 * fresh_body. */
struct fresh_row {
    struct span key;
    struct span head;
    struct span body;
    uint64_t away; /* its block; 0: in memory */
    uint32_t away_at;
};

/* Insert the row into its table, now. */
typedef enum err fresh_keep_fn(void *ctx, const struct fresh_row *row);

/* `window`: bytes of blocks, 0: FRESH_WINDOW. `reader`: beside the owner, never in a transaction;
 * it looks for new blocks at each call. */
MUST_USE enum err fresh_open(struct fresh **out, struct db *db, uint32_t window, bool reader,
                             struct fault *f);
void fresh_close(struct fresh **f);
/* Who brings rows of this kind to their table; ctx is borrowed until fresh_close. */
void fresh_home(struct fresh *f, enum fresh_kind kind, fresh_keep_fn *keep, void *ctx);
/* Read the blocks that are there, once every kind has its home. */
MUST_USE enum err fresh_load(struct fresh *f, struct fault *fault);

/* Is there room for a new row of so many bytes? */
bool fresh_room(const struct fresh *f, size_t len);

/* A new row, or the present values of one that is fresh. ERR_TOO_LARGE beyond the bounds above;
 * ERR_BUSY: too many at a time; ERR_INTERNAL outside a transaction. */
MUST_USE enum err fresh_put(struct fresh *f, enum fresh_kind kind, const struct fresh_row *row);

/* False: not fresh; it is in its table or nowhere. */
bool fresh_find(struct fresh *f, enum fresh_kind kind, struct span key, struct fresh_row *out);

/* The body of a row that was found; borrowed until the next call. A reader's may be gone meanwhile:
 * ERR_NOT_FOUND. */
MUST_USE enum err fresh_body(struct fresh *f, const struct fresh_row *row, struct span *body);

/* Forget a row that is fresh; ERR_NOT_FOUND when it is not. */
MUST_USE enum err fresh_drop(struct fresh *f, enum fresh_kind kind, struct span key);

/* The least FRESH_QUEUE key in [from, to); false: none, or no memory to look, which *err tells. */
bool fresh_next(struct fresh *f, uint64_t from, uint64_t to, uint64_t *key, enum err *err);

/* Walk the rows of a kind in no order: *at is the cursor, 0 to start. False at the end. */
bool fresh_walk(struct fresh *f, enum fresh_kind kind, uint32_t *at, struct fresh_row *out);
uint64_t fresh_count(struct fresh *f, enum fresh_kind kind);
/* Is there a block for fresh_drain, and no more than the warm part holds? */
bool fresh_few(const struct fresh *f);

/* Bring everything to its table, in the open transaction. */
MUST_USE enum err fresh_drain(struct fresh *f);

/* For store.c only. */
MUST_USE enum err fresh_before_commit(struct fresh *f);
void fresh_committed(struct fresh *f);
void fresh_savepoint(struct fresh *f);
void fresh_rolled_back(struct fresh *f);
void fresh_rolled_back_to(struct fresh *f);

#endif
