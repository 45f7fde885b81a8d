/* Proofs of a tree that is kept elsewhere: only complete subtrees are asked for. */
#include "keys/merkle.h"

#include <string.h>

/* What the tree is read through. */
struct source {
    merkle_subtree_fn *subtree;
    void *ctx;
};

/* Largest power of two below n; n >= 2. */
static uint64_t split_of(uint64_t n)
{
    uint64_t k = 1;
    while (k < n - k)
        k <<= 1;
    return k;
}

/* Root over the leaves [begin, end), where begin is a multiple of the range's largest complete
 * subtree, as it is for every range that RFC 6962 names. */
static enum err range_root(const struct source *s, uint64_t begin, uint64_t end, merkle_hash out)
{
    /* Complete subtrees of the range, largest first; then folded from the right. */
    merkle_hash peak[MERKLE_PATH_MAX];
    unsigned count = 0;
    uint64_t left = end - begin;
    uint64_t at = begin;

    for (unsigned bit = MERKLE_PATH_MAX; bit-- > 0;) {
        const uint64_t width = UINT64_C(1) << bit;
        if ((left & width) == 0)
            continue;
        enum err err = s->subtree(s->ctx, bit, at >> bit, peak[count]);
        if (err != OK)
            return err;
        count++;
        at += width;
    }
    if (count == 0) {
        merkle_root(out, NULL, 0);
        return OK;
    }
    memcpy(out, peak[--count], HASH_LEN);
    while (count > 0) {
        count--;
        merkle_node(out, peak[count], out);
    }
    return OK;
}

/* Proofs are found from the root down and written from the leaf up. */
static void reverse(merkle_hash *hashes, unsigned count)
{
    for (unsigned i = 0; i < count / 2; i++) {
        merkle_hash swap;
        memcpy(swap, hashes[i], HASH_LEN);
        memcpy(hashes[i], hashes[count - 1 - i], HASH_LEN);
        memcpy(hashes[count - 1 - i], swap, HASH_LEN);
    }
}

enum err merkle_prefix_root(merkle_hash out, uint64_t size, merkle_subtree_fn *subtree, void *ctx)
{
    const struct source s = {subtree, ctx};
    return range_root(&s, 0, size, out);
}

/* Nodes at the right end that are no complete subtrees, from the lowest level up. */
static enum err edge_make(struct merkle_edge *edge, uint64_t size, const struct source *s)
{
    bool ragged = false; /* something lies behind the last complete subtree of the level below */

    edge->size = 0;
    for (unsigned level = 1; size >> (level - 1) != 0; level++) {
        const uint64_t last = (size >> (level - 1)) - 1; /* index of the last complete one below */
        const bool odd = (last & 1) == 0;
        merkle_hash left;
        if (odd) {
            enum err err = s->subtree(s->ctx, level - 1, last, left);
            if (err != OK)
                return err;
        }
        if (odd && ragged)
            merkle_node(edge->node[level], left, edge->node[level - 1]);
        else if (odd || ragged)
            memcpy(edge->node[level], odd ? left : edge->node[level - 1], HASH_LEN);
        ragged = ragged || odd;
    }
    edge->size = size;
    return OK;
}

/* PATH(m, D[n]) of RFC 6962 2.1.1, from the leaf up. */
enum err merkle_inclusion_edge(uint64_t index, uint64_t size, merkle_subtree_fn *subtree, void *ctx,
                               struct merkle_edge *edge, merkle_hash path[static MERKLE_PATH_MAX],
                               unsigned *path_len)
{
    const struct source s = {subtree, ctx};
    unsigned count = 0;
    enum err err = OK;

    if (index >= size || size > MERKLE_SIZE_MAX)
        return ERR_INCLUSION;
    if (edge->size != size)
        err = edge_make(edge, size, &s);
    for (unsigned level = 0; err == OK && (size - 1) >> level != 0; level++) {
        const uint64_t sibling = (index >> level) ^ 1;
        const uint64_t complete = size >> level;
        if (sibling < complete)
            err = subtree(ctx, level, sibling, path[count++]);
        else if (sibling == complete && sibling << level < size)
            memcpy(path[count++], edge->node[level], HASH_LEN);
    }
    *path_len = count;
    return err;
}

enum err merkle_inclusion(uint64_t index, uint64_t size, merkle_subtree_fn *subtree, void *ctx,
                          merkle_hash path[static MERKLE_PATH_MAX], unsigned *path_len)
{
    struct merkle_edge edge;
    edge.size = 0;
    return merkle_inclusion_edge(index, size, subtree, ctx, &edge, path, path_len);
}

/* PROOF(m, D[n]) of RFC 6962 2.1.2. */
enum err merkle_consistency(uint64_t old_size, uint64_t size, merkle_subtree_fn *subtree, void *ctx,
                            merkle_hash proof[static MERKLE_CONSISTENCY_MAX], unsigned *proof_len)
{
    const struct source s = {subtree, ctx};
    uint64_t begin = 0;
    uint64_t end = size;
    unsigned count = 0;
    bool known = true; /* the reader knows the root over [begin, old_size) already */

    if (old_size > size || size > MERKLE_SIZE_MAX)
        return ERR_CONSISTENCY;
    if (old_size == 0 || old_size == size) {
        *proof_len = 0;
        return OK;
    }
    while (end != old_size) {
        const uint64_t middle = begin + split_of(end - begin);
        const bool right = old_size > middle;
        enum err err = right ? range_root(&s, begin, middle, proof[count])
                             : range_root(&s, middle, end, proof[count]);
        if (err != OK)
            return err;
        count++;
        if (right) {
            begin = middle;
            known = false;
        } else {
            end = middle;
        }
    }
    if (!known) {
        enum err err = range_root(&s, begin, end, proof[count]);
        if (err != OK)
            return err;
        count++;
    }
    reverse(proof, count);
    *proof_len = count;
    return OK;
}
