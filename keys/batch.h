/*
 * batch - many statements under one Ed25519 signature. PROTOCOL: batch signature.
 *
 *   batch_add ... batch_add -> batch_sign -> batch_write(0) ... batch_write(n-1) -> batch_reset
 *
 * Guarantees of the signer:
 *   1. S of leaf i verifies alone; a batch of one has an empty path.
 *   2. Nothing is allocated after batch_open.
 * Guarantees of the verifier:
 *   3. OK only if exactly these bytes S sign this leaf under this key: each byte of S counts,
 *      whether or not the batch is known already.
 *   4. A signature is checked once per batch, and a path is hashed only up to the first node
 *      that is known; what is known of one key and batch is never used for another.
 *   5. Memory is fixed at verifier_open; old knowledge is dropped, never trusted longer.
 *
 * Errors of verifying: ERR_PATH_SHAPE (218) shape of S; ERR_SUITE (301) other alg;
 * ERR_SIGNATURE (303) does not verify; ERR_BATCH_PATH (310) the signature is known to be good
 * and this path leads elsewhere. An unknown kid (304) is the registry's answer.
 *
 * Thread rule: a batch and a verifier belong to one thread each.
 */
#ifndef KEYS_BATCH_H
#define KEYS_BATCH_H

#include "frame.h"
#include "keys/key.h"
#include "keys/merkle.h"

enum {
    BATCH_LEAF_MAX = 1024,                     /* leaves that we sign at once */
    BATCH_PATH_MAX = 20,                       /* of batches that we accept: 2^20 leaves */
    BATCH_SIGNATURE_MAX = FRAME_SIGNATURE_MAX, /* S */
    VERIFIER_NODES_MIN = 64,
    VERIFIER_NODES_DEFAULT = 1 << 14,
};

struct batch;

MUST_USE enum err batch_open(struct batch **out);
void batch_close(struct batch **batch);
void batch_reset(struct batch *batch);
/* ERR_TOO_LARGE when BATCH_LEAF_MAX are waiting. */
MUST_USE enum err batch_add(struct batch *batch, const merkle_hash leaf, size_t *index);
size_t batch_count(const struct batch *batch);
/* ERR_KEY_USE unless the key is Ed25519. An empty batch is ERR_INTERNAL. */
MUST_USE enum err batch_sign(struct batch *batch, const struct key *key);
/* Length of S for this index, known before signing. */
size_t batch_signature_len(const struct batch *batch, size_t index);
/* Append S of leaf `index`. Only between batch_sign and batch_reset. */
MUST_USE enum err batch_write(const struct batch *batch, size_t index, struct writer *w);

struct verifier;

/* node_count nodes are remembered; VERIFIER_NODES_DEFAULT is 1 MiB. */
MUST_USE enum err verifier_open(struct verifier **out, size_t node_count);
void verifier_close(struct verifier **verifier);
MUST_USE enum err verifier_check(struct verifier *verifier,
                                 const uint8_t public_key[static KEY_PUBLIC_LEN],
                                 const merkle_hash leaf, struct span s);

/* Counters since open, for status and tests. */
struct verifier_stats {
    uint64_t signatures; /* Ed25519 verifications done */
    uint64_t nodes;      /* path nodes hashed */
    uint64_t known;      /* checks that needed no Ed25519 */
};
struct verifier_stats verifier_stats(const struct verifier *verifier);

#endif
