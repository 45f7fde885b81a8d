/*
 * merkle - trees of RFC 6962: roots, paths, consistency, and the frontier of a growing log.
 *
 * A tree is (size, leaf hashes). A *complete subtree* (level, index) has 2^level leaves, the
 * first of which is leaf index << level. A store that keeps tiles of 256 hashes answers for
 * any complete subtree with merkle_tile_at and merkle_root over the slice it names.
 *
 * Guarantees:
 *   1. A path is exactly as long as RFC 6962 gives for (index, size); any other length is
 *      refused, as is index >= size.
 *   2. merkle_inclusion and merkle_consistency make the proofs of RFC 6962 for any sizes,
 *      asking only for complete subtrees.
 *   3. No recursion and no allocation; work is O(log size) calls of the callback.
 *
 * Thread rule: plain values; no shared state.
 */
#ifndef KEYS_MERKLE_H
#define KEYS_MERKLE_H

#include "keys/hash.h"

#include <stdbool.h>

enum {
    MERKLE_PATH_MAX = 64,
    MERKLE_CONSISTENCY_MAX = 64,
    MERKLE_TILE_WIDTH = 256,
    MERKLE_TILE_LEVELS = 8, /* levels of the tree that one level of tiles spans */
};

/* Larger trees are refused: no path is longer than MERKLE_PATH_MAX. */
#define MERKLE_SIZE_MAX (UINT64_C(1) << 62)

typedef uint8_t merkle_hash[HASH_LEN];

void merkle_leaf(merkle_hash out, struct span body);
/* The same over joined spans, at most MERKLE_SPANS_MAX of them. */
enum { MERKLE_SPANS_MAX = 4 };
void merkle_leaf_spans(merkle_hash out, const struct span *spans, size_t span_count);
void merkle_node(merkle_hash out, const merkle_hash left, const merkle_hash right);

/* Root of n leaf hashes; n = 0 gives SHA-256 of nothing. */
void merkle_root(merkle_hash out, const merkle_hash *leaves, size_t leaf_count);

unsigned merkle_path_len(uint64_t index, uint64_t size);
/* Root that this path leads to; ERR_INCLUSION when its length is not that of (index, size). */
MUST_USE enum err merkle_path_root(merkle_hash out, const merkle_hash leaf, uint64_t index,
                                   uint64_t size, const merkle_hash *path, size_t path_len);
/* ERR_INCLUSION unless the leaf is at index in the tree (size, root). */
MUST_USE enum err merkle_verify(const merkle_hash leaf, uint64_t index, uint64_t size,
                                const merkle_hash *path, size_t path_len, const merkle_hash root);
/* ERR_CONSISTENCY unless (old_size, old_root) is a prefix of (size, root). old_size 0 needs an
 * empty proof. */
MUST_USE enum err merkle_verify_consistency(uint64_t old_size, const merkle_hash old_root,
                                            uint64_t size, const merkle_hash root,
                                            const merkle_hash *proof, size_t proof_len);

/* Gives the hash of the complete subtree (level, index). An error ends the proof with it. */
typedef enum err merkle_subtree_fn(void *ctx, unsigned level, uint64_t index, merkle_hash out);

MUST_USE enum err merkle_inclusion(uint64_t index, uint64_t size, merkle_subtree_fn *subtree,
                                   void *ctx, merkle_hash path[static MERKLE_PATH_MAX],
                                   unsigned *path_len);
/* The nodes at the right end of a tree that are no complete subtrees: the same for all its paths.
 * Plain value; size 0: of no tree yet. Whoever keeps one sets size to 0 when leaves change. */
struct merkle_edge {
    uint64_t size;
    merkle_hash node[MERKLE_PATH_MAX]; /* by level; undefined where there is none */
};
/* As merkle_inclusion; *edge is made anew unless it is of this size. */
MUST_USE enum err merkle_inclusion_edge(uint64_t index, uint64_t size, merkle_subtree_fn *subtree,
                                        void *ctx, struct merkle_edge *edge,
                                        merkle_hash path[static MERKLE_PATH_MAX],
                                        unsigned *path_len);
MUST_USE enum err merkle_consistency(uint64_t old_size, uint64_t size, merkle_subtree_fn *subtree,
                                     void *ctx, merkle_hash proof[static MERKLE_CONSISTENCY_MAX],
                                     unsigned *proof_len);
/* Root of the first `size` leaves. */
MUST_USE enum err merkle_prefix_root(merkle_hash out, uint64_t size, merkle_subtree_fn *subtree,
                                     void *ctx);

/* Where (level, index) lies in tiles: the root over `count` hashes from `first` in the tile. */
struct merkle_tile {
    unsigned tile_level; /* 0: hashes of leaves; each further level spans 8 tree levels */
    uint64_t tile_index;
    unsigned first;
    unsigned count; /* a power of two, 1 to 128 */
};
struct merkle_tile merkle_tile_at(unsigned level, uint64_t index);

/* The right edge of a growing tree: one hash for each 1 bit of size, largest subtree first. */
struct merkle_frontier {
    uint64_t size;
    merkle_hash peak[MERKLE_PATH_MAX];
};

enum { MERKLE_FRONTIER_BYTES_MAX = 8 + MERKLE_PATH_MAX * HASH_LEN };

void frontier_init(struct merkle_frontier *f);
void frontier_append(struct merkle_frontier *f, const merkle_hash leaf);
void frontier_root(const struct merkle_frontier *f, merkle_hash out);
/* u64 size ‖ peaks. Reading refuses any other length (ERR_CORRUPT). */
void frontier_write(const struct merkle_frontier *f, struct writer *w);
MUST_USE enum err frontier_read(struct merkle_frontier *f, struct span bytes);

#endif
