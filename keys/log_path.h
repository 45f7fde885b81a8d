/*
 * log_path - inclusion proofs under one checkpoint, many at a time: what a verified path has shown
 * is remembered, so that the next one is hashed only up to the first nodes that are known.
 *
 * Guarantees:
 *   1. OK exactly when merkle_verify says so: every hash of the path counts, known or not.
 *   2. What is known of one root is never used for another.
 *   3. After OK the leaf, its path and every node between it and the root are known, as far as
 *      there is room.
 *
 * Thread rule: plain value, zeros to begin with.
 */
#ifndef KEYS_LOG_PATH_H
#define KEYS_LOG_PATH_H

#include "keys/merkle.h"

enum { LOG_NODES = 512 };

struct log_node {
    uint64_t place;
    uint32_t serial; /* of the root it belongs to; 0: empty */
    uint32_t level;
    merkle_hash hash;
};

struct log_nodes {
    uint32_t serial; /* 0: of no root yet */
    uint64_t size;
    merkle_hash root;
    struct log_node node[LOG_NODES];
};

/* ERR_INCLUSION. */
MUST_USE enum err log_path_verify(struct log_nodes *nodes, const merkle_hash leaf, uint64_t index,
                                  uint64_t size, const merkle_hash *path, size_t path_len,
                                  const merkle_hash root);

#endif
