/*
 * witness - what a witness decides about a checkpoint that it is asked to cosign: C2SP tlog-witness
 * (add-checkpoint), apart from how it travels. The hub of another region and `lianshu witness`
 * decide by this and nothing else.
 *
 *   ask{old_size, proof, checkpoint} ─ witness_read ─> whose log, which head
 *                                    ─ witness_judge(held) ─> OK: keep, then cosign
 *
 *   the log's key did not sign it, other origin      ERR_CHECKPOINT (807)          HTTP 403, 404
 *   the size that is held, another root              ERR_LOG_FORK (803)            409
 *   smaller than what is held                        ERR_LOG_ROLLBACK (804)        409
 *   old_size is not the size that is held            ERR_OLD_SIZE (811)            409
 *   the proof does not lead from held to offered     ERR_CONSISTENCY (806)         422
 *
 * Guarantees:
 *   1. OK only if the checkpoint is signed by a log key of the hub that its origin names, valid
 * then, and what is held is a prefix of it.
 *   2. What is refused changes nothing: witness_take alone makes the offered head the held one.
 *   3. E803 is proof in itself: two notes by one key, of one size, with two roots.
 *
 * Whoever uses it keeps the held head on disk before a cosignature leaves, and judges one ask after
 * the other. Thread rule: plain values. PROTOCOL 8.
 */
#ifndef KEYS_WITNESS_H
#define KEYS_WITNESS_H

#include "keys/cosign.h"
#include "wire.pb.h"

#include <stdbool.h>

/* The latest checkpoint of one log; note_len 0: none. */
struct witness_head {
    struct checkpoint checkpoint;
    size_t note_len;
    uint8_t note[NOTE_SIGNED_MAX]; /* with the log's signature alone */
};

/* Verify what `hub` offers as a checkpoint of its own log, by its log keys of that moment.
 * ERR_CHECKPOINT, ERR_MEMBER_UNKNOWN. */
MUST_USE enum err witness_read(const lianshu_WitnessAsk *ask, const char *hub,
                               const struct registry *registry, uint64_t now_ms,
                               struct witness_head *offered);
/* A signed note as a head, by whoever signed it: for what lies in a file. ERR_CHECKPOINT. */
MUST_USE enum err witness_head(struct span note, struct witness_head *out);

MUST_USE enum err witness_judge(const struct witness_head *held, const struct witness_head *offered,
                                const lianshu_WitnessAsk *ask);
/* Is this refusal evidence against the log: 803 and 806? */
bool witness_evidence(enum err err);

/* The answer: a cosignature of what is held now (err OK), or the refusal with what is held. */
MUST_USE enum err witness_answer(const struct witness_head *held, const char *origin, enum err err,
                                 const char *name, const struct key *key, uint64_t now_ms,
                                 lianshu_WitnessAnswer *out);

/* What a hub makes of an answer's refusal by what its own log is: OK, nothing is wrong; else
 * ERR_LOG_ROLLBACK or ERR_LOG_FORK: our log key has signed `held`, and our log is not that. `root`
 * gives the root of our first `size` leaves. */
typedef enum err witness_root_fn(void *ctx, uint64_t size, merkle_hash root);
MUST_USE enum err witness_look_back(struct span held, const char *origin,
                                    const struct registry *registry, const char *hub,
                                    uint64_t now_ms, uint64_t size, witness_root_fn *root,
                                    void *ctx);

#endif
