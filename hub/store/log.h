/*
 * log - the audit log: an RFC 6962 tree over leaves written in the transaction of their effect.
 *
 *   leaves      0 1 2 … 255 | 256 …          for ever, packed: many to a row
 *   tiles       [level 0 no 0][level 0 no 1]   256 hashes each, written when complete
 *               [ level 1 no 0: roots of 256 level-0 tiles ] …
 *   right edge  hashes that fill no tile yet: in memory, rebuilt from rows after a rollback
 *
 * Leaf: L("log") ‖ u8 kind ‖ u64 time_ms ‖ u16|body| ‖ body; its hash SHA-256(0x00 ‖ leaf).
 * `beside` are bytes that are kept as long as the leaf and are no part of the tree.
 *
 * Leaves of the open transaction are in memory and are written, many to a row, just before the
 * commit; the latest stay there after it, so that proofs right after a commit read no row.
 *
 * Guarantees:
 *   1. A leaf is appended in the caller's transaction or not at all; after a rollback size and
 *      root are those of the last commit (of the savepoint).
 *   2. Indexes are 0, 1, 2 … without gaps; a leaf is never changed or removed.
 *   3. log_path and log_consistency answer for every size up to the present one, also old ones,
 *      and cost O(log size) hashes.
 *   4. log_load recomputes the right edge from rows and refuses a tree that is shorter than its
 *      last checkpoint (ERR_LOG_TRUNCATED) or does not contain it (ERR_LOG_FORK).
 *   5. log_scrub finds any changed byte of a leaf, of what is beside it, or of a tile, and names
 *      its index (ERR_LOG_ENTRY).
 *   6. A leaf that is read from the disk is compared with the tree before it is given out.
 *
 * Ownership: spans borrowed until the next call on the log.
 * Thread rule: that of the db. PROTOCOL.md 8.
 */
#ifndef STORE_LOG_H
#define STORE_LOG_H

#include "keys/merkle.h"
#include "store/db.h"
#include "store/ids.h"

enum {
    LOG_LEVELS = 5,            /* of tiles: up to 2^40 leaves, ERR_TOO_LARGE beyond */
    LOG_CHECKPOINT_MAX = 8192, /* text of a signed checkpoint with cosignatures */
    LOG_BESIDE_MAX = 34 * 1024,
    LOG_HEAD_COMMITS = 64, /* from one writing of the checkpoint's row to the next */
};

struct leaf_log;

struct log_entry {
    uint64_t index;
    unsigned kind; /* enum log_kind of keys/receipt.h */
    uint64_t time_ms;
    struct span body;   /* borrowed until the next call on the log */
    struct span beside; /* the same */
};

MUST_USE enum err log_load(struct leaf_log **out, struct db *db, struct fault *f);
void log_unload(struct leaf_log **log);

/* Leaves so far, those of the open transaction included: the index the next leaf gets. */
uint64_t log_size(const struct leaf_log *log);
/* Time of the last of them; 0 when there is none. */
uint64_t log_time(const struct leaf_log *log);

/* ERR_TOO_LARGE: body above LOG_BODY_MAX or beside above LOG_BESIDE_MAX. ERR_BUSY: more than a
 * mebibyte of leaves since the savepoint. */
MUST_USE enum err log_append(struct leaf_log *log, unsigned kind, uint64_t time_ms,
                             struct span body, struct span beside, uint64_t *index);

MUST_USE enum err log_get(struct leaf_log *log, uint64_t index, struct log_entry *out);
MUST_USE enum err log_body(struct leaf_log *log, uint64_t index, struct span *body);
/* The first leaf of that time or a later one; log_size when there is none. Times do not fall, but
 * that a statement made again tells that of its acceptance: then it is one close by. */
MUST_USE enum err log_since(struct leaf_log *log, uint64_t time_ms, uint64_t *index);
/* The first leaf of that kind from `from` on and before `to` (at most log_size), as it is stored:
 * whether it is the one of the tree log_get and log_scrub say. ERR_NOT_FOUND. */
MUST_USE enum err log_find(struct leaf_log *log, unsigned kind, uint64_t from, uint64_t to,
                           uint64_t *index);
MUST_USE enum err log_leaf_hash(struct leaf_log *log, uint64_t index, merkle_hash out);

/* Root of the first `size` leaves; size 0 is SHA-256 of nothing. */
MUST_USE enum err log_root(struct leaf_log *log, uint64_t size, merkle_hash out);

/* Inclusion path of leaf index in the tree of `size` leaves, index < size <= log_size. */
MUST_USE enum err log_path(struct leaf_log *log, uint64_t index, uint64_t size,
                           merkle_hash path[static MERKLE_PATH_MAX], unsigned *path_len);

/* Consistency proof, old_size <= new_size <= log_size; empty when old_size is 0 or both equal. */
MUST_USE enum err log_consistency(struct leaf_log *log, uint64_t old_size, uint64_t new_size,
                                  merkle_hash proof[static MERKLE_CONSISTENCY_MAX],
                                  unsigned *proof_len);

/* The signer's last checkpoint. Valid at once in memory; its row is written with every
 * LOG_HEAD_COMMITS-th commit that appends, beginning with the first, and by log_unload: the signer
 * keeps the newest and is asked for it at the start. So the row may be older than this, and is
 * never newer. `size` never goes back and is at most the committed size. ERR_NOT_FOUND before the
 * first.
 */
MUST_USE enum err log_checkpoint_set(struct leaf_log *log, uint64_t size, struct span text);
MUST_USE enum err log_checkpoint(const struct leaf_log *log, uint64_t *size, struct span *text);

/* Recompute level-0 tile number `tile` (also the incomplete last) from its leaves and compare,
 * and its root with the tile above. ERR_NOT_FOUND past the end. *f names the first bad index. */
MUST_USE enum err log_scrub(struct leaf_log *log, uint64_t tile, struct fault *f);

/* For store.c only. */
MUST_USE enum err log_before_commit(struct leaf_log *log);
void log_committed(struct leaf_log *log);
MUST_USE enum err log_savepoint(struct leaf_log *log);
void log_released(struct leaf_log *log);
void log_rolled_back(struct leaf_log *log);                 /* to the last commit */
MUST_USE enum err log_rolled_back_to(struct leaf_log *log); /* to the savepoint */

#endif
