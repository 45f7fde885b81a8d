/*
 * state - what the signer remembers: the frontier of the log as it signed it last, in its own
 * file, so that no hub, taken or restored from an old copy, gets a fork signed.
 *
 *   extend(old_size, leaves)
 *     old_size == size                           append, persist, then sign
 *     the last request once more                 the same head again, nothing changes
 *     old_size == size before it, other leaves   ERR_LOG_FORK (803)
 *     any other older size                       ERR_LOG_ROLLBACK (804)
 *     newer than anything seen                   ERR_CONSISTENCY (806)
 *
 * Guarantees:
 *   1. A head is on disk (fdatasync) before state_extend returns OK, so before it is signed.
 *   2. The root is computed twice, leaf by leaf and level by level; if the two differ, nothing
 *      is stored or signed (ERR_INTERNAL): a flipped bit in memory is not signed over.
 *   3. Repeating the last request is safe at any time, also across a crash.
 *   4. The file holds two slots, written in turn, each with its own checksum. Whatever a crash
 *      leaves of the slot being written, the other one is whole: the state is the last or
 *      the one before it, and the latter was answered to nobody.
 *   5. One process at a time (ERR_BUSY_ELSEWHERE); a file of another hub's log is refused
 *      (ERR_CHECKPOINT); without a whole slot ERR_CORRUPT; a missing file ERR_NOT_FOUND: it is
 *      never made silently.
 *   6. A state that was lost is begun anew as one that signs nothing (state_lose: `challenge`), and
 *      of which nothing comes but the next log, by a statement of two officials that names this
 *      very challenge: no older statement, nor one for another loss, does (ERR_LOG_ROLLBACK).
 *   7. A log that goes on from a copy begins with the copy's tree and goes on with the one entry
 *      that follows from the officials' statement (keys/restored.h), or not at all
 *      (ERR_LOG_FORK). The file of the log before it is kept, as <file>.audit-<n>.
 *
 * Thread rule: one thread.
 */
#ifndef SIGNER_STATE_H
#define SIGNER_STATE_H

#include "base/err.h"
#include "keys/merkle.h"
#include "keys/note.h"
#include "keys/restored.h"

enum { STATE_SLOT_LEN = 4096, STATE_FILE_LEN = 2 * STATE_SLOT_LEN, STATE_CHALLENGE_LEN = 16 };

struct state;

/* Where a log goes on from: a copy of an older one. Zeros: it began empty. */
struct state_copy {
    uint64_t size;
    merkle_hash first; /* the leaf that comes at `size` */
    size_t statement_len;
    uint8_t statement[RESTORED_MAX];
};

/* Make the file of an empty log, once. ERR_EXISTS. */
MUST_USE enum err state_create(const char *path, const char *origin, struct fault *fault);

/* The file is lost: make one that signs nothing. ERR_EXISTS. */
MUST_USE enum err state_lose(const char *path, const uint8_t challenge[static STATE_CHALLENGE_LEN],
                             struct fault *fault);

/* Put the file of log n+1 in the place of that of log n. The statement was verified by the caller;
 * f is the copy's tree. ERR_CONSISTENCY: the tree is not the one of the statement;
 * ERR_LOG_ROLLBACK: the officials were told of another head than the one signed last, the log of
 * that number has begun, or the state was lost and they answer another challenge; ERR_NOT_FOUND:
 * it is lost, and state_lose comes first. */
MUST_USE enum err state_restore(const char *path, const struct restored *restored,
                                struct span statement, const struct merkle_frontier *f,
                                struct fault *fault);

MUST_USE enum err state_open(struct state **out, const char *path, const char *hub,
                             const char *realm, struct fault *fault);
void state_close(struct state **s);

/* See the table above. ERR_FSYNC and ERR_DISK_FULL leave the state as it was. */
MUST_USE enum err state_extend(struct state *s, uint64_t old_size, const merkle_hash *leaves,
                               size_t leaf_count);

/* What two officials must answer, of a state that was lost; NULL: it was not. Borrowed. */
const uint8_t *state_challenge(const struct state *s);

/* The present head. */
void state_head(const struct state *s, struct checkpoint *out);

/* The statement of a log that has nothing of its own yet; else empty. Borrowed from the state. */
struct span state_statement(const struct state *s);

/* Root of a tree that continues f by these leaves, computed level by level: the second path.
 * scratch has room for leaf_count + 1 hashes. */
void state_second_root(const struct merkle_frontier *f, const merkle_hash *leaves,
                       size_t leaf_count, merkle_hash *scratch, merkle_hash out);

#endif
