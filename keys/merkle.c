#include "keys/merkle.h"

#include <assert.h>
#include <string.h>

static const uint8_t leaf_prefix = 0x00;
static const uint8_t node_prefix = 0x01;

void merkle_leaf_spans(merkle_hash out, const struct span *spans, size_t span_count)
{
    struct span all[MERKLE_SPANS_MAX + 1] = {span_of(&leaf_prefix, 1)};
    assert(span_count <= MERKLE_SPANS_MAX);
    for (size_t i = 0; i < span_count; i++)
        all[i + 1] = spans[i];
    hash_spans(out, all, span_count + 1);
}

void merkle_leaf(merkle_hash out, struct span body)
{
    merkle_leaf_spans(out, &body, 1);
}

void merkle_node(merkle_hash out, const merkle_hash left, const merkle_hash right)
{
    const struct span spans[] = {span_of(&node_prefix, 1), span_of(left, HASH_LEN),
                                 span_of(right, HASH_LEN)};
    hash_spans(out, spans, 3);
}

void merkle_root(merkle_hash out, const merkle_hash *leaves, size_t leaf_count)
{
    struct merkle_frontier f;
    frontier_init(&f);
    for (size_t i = 0; i < leaf_count; i++)
        frontier_append(&f, leaves[i]);
    frontier_root(&f, out);
}

unsigned merkle_path_len(uint64_t index, uint64_t size)
{
    unsigned len = 0;
    if (index >= size)
        return 0;
    /* At each level a sibling exists unless the node is the last one and alone. */
    for (uint64_t last = size - 1; last > 0; last >>= 1, index >>= 1)
        len += (index & 1) != 0 || index < last;
    return len;
}

enum err merkle_path_root(merkle_hash out, const merkle_hash leaf, uint64_t index, uint64_t size,
                          const merkle_hash *path, size_t path_len)
{
    if (index >= size || size > MERKLE_SIZE_MAX || path_len != merkle_path_len(index, size))
        return ERR_INCLUSION;

    merkle_hash hash;
    memcpy(hash, leaf, HASH_LEN);
    for (uint64_t last = size - 1; last > 0; last >>= 1, index >>= 1) {
        if ((index & 1) != 0)
            merkle_node(hash, *path++, hash);
        else if (index < last)
            merkle_node(hash, hash, *path++);
    }
    memcpy(out, hash, HASH_LEN);
    return OK;
}

enum err merkle_verify(const merkle_hash leaf, uint64_t index, uint64_t size,
                       const merkle_hash *path, size_t path_len, const merkle_hash root)
{
    merkle_hash computed;
    enum err err = merkle_path_root(computed, leaf, index, size, path, path_len);
    if (err != OK)
        return err;
    return memcmp(computed, root, HASH_LEN) == 0 ? OK : ERR_INCLUSION;
}

/* The walk of RFC 9162 2.1.4.2, both roots at once. old_hash and new_hash begin as the first
 * hash of the proof; fn and sn are the indices of the last nodes. */
static enum err fold_consistency(uint64_t fn, uint64_t sn, const merkle_hash *proof,
                                 size_t proof_len, merkle_hash old_hash, merkle_hash new_hash)
{
    for (size_t i = 0; i < proof_len; i++) {
        if (sn == 0)
            return ERR_CONSISTENCY;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(old_hash, proof[i], old_hash);
            merkle_node(new_hash, proof[i], new_hash);
            while ((fn & 1) == 0) { /* it is sn, then, which is not 0 */
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(new_hash, new_hash, proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 ? OK : ERR_CONSISTENCY;
}

/* n is not 0. */
static bool power_of_two(uint64_t n)
{
    return (n & (n - 1)) == 0;
}

enum err merkle_verify_consistency(uint64_t old_size, const merkle_hash old_root, uint64_t size,
                                   const merkle_hash root, const merkle_hash *proof,
                                   size_t proof_len)
{
    merkle_hash old_hash;
    merkle_hash new_hash;

    if (old_size > size || proof_len > MERKLE_CONSISTENCY_MAX)
        return ERR_CONSISTENCY;
    if (old_size == size)
        return proof_len == 0 && memcmp(old_root, root, HASH_LEN) == 0 ? OK : ERR_CONSISTENCY;
    if (old_size == 0) {
        merkle_root(old_hash, NULL, 0);
        return proof_len == 0 && memcmp(old_root, old_hash, HASH_LEN) == 0 ? OK : ERR_CONSISTENCY;
    }
    if (proof_len == 0)
        return ERR_CONSISTENCY;

    uint64_t fn = old_size - 1;
    uint64_t sn = size - 1;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    /* An old tree that is one complete subtree is its own first hash. */
    if (power_of_two(old_size)) {
        memcpy(old_hash, old_root, HASH_LEN);
    } else {
        memcpy(old_hash, proof[0], HASH_LEN);
        proof++;
        proof_len--;
    }
    memcpy(new_hash, old_hash, HASH_LEN);
    enum err err = fold_consistency(fn, sn, proof, proof_len, old_hash, new_hash);
    if (err != OK)
        return err;
    return memcmp(old_hash, old_root, HASH_LEN) == 0 && memcmp(new_hash, root, HASH_LEN) == 0
               ? OK
               : ERR_CONSISTENCY;
}

struct merkle_tile merkle_tile_at(unsigned level, uint64_t index)
{
    const unsigned within = level % MERKLE_TILE_LEVELS;
    const uint64_t first = index << within; /* at the lowest level of the tile */
    return (struct merkle_tile){
        .tile_level = level / MERKLE_TILE_LEVELS,
        .tile_index = first / MERKLE_TILE_WIDTH,
        .first = (unsigned)(first % MERKLE_TILE_WIDTH),
        .count = 1u << within,
    };
}

void frontier_init(struct merkle_frontier *f)
{
    f->size = 0; /* peaks beyond the count are never read */
}

static unsigned frontier_count(const struct merkle_frontier *f)
{
    unsigned count = 0;
    for (uint64_t n = f->size; n != 0; n &= n - 1)
        count++;
    return count;
}

void frontier_append(struct merkle_frontier *f, const merkle_hash leaf)
{
    merkle_hash hash;
    unsigned count = frontier_count(f);
    memcpy(hash, leaf, HASH_LEN);
    /* Each trailing 1 bit is a subtree of the size that has just been completed. */
    for (uint64_t n = f->size; (n & 1) != 0; n >>= 1) {
        count--;
        merkle_node(hash, f->peak[count], hash);
    }
    memcpy(f->peak[count], hash, HASH_LEN);
    f->size++;
}

void frontier_root(const struct merkle_frontier *f, merkle_hash out)
{
    unsigned count = frontier_count(f);
    if (count == 0) {
        hash_bytes(out, (struct span){NULL, 0});
        return;
    }
    memcpy(out, f->peak[--count], HASH_LEN);
    while (count > 0) {
        count--;
        merkle_node(out, f->peak[count], out);
    }
}

void frontier_write(const struct merkle_frontier *f, struct writer *w)
{
    write_uint(w, f->size, 8);
    write_bytes(w, f->peak, (size_t)frontier_count(f) * HASH_LEN);
}

enum err frontier_read(struct merkle_frontier *f, struct span bytes)
{
    struct merkle_frontier read;
    frontier_init(&read);
    if (!span_take_uint(&bytes, 8, &read.size) ||
        bytes.len != (size_t)frontier_count(&read) * HASH_LEN)
        return ERR_CORRUPT;
    if (bytes.len > 0)
        memcpy(read.peak, bytes.data, bytes.len);
    *f = read;
    return OK;
}
