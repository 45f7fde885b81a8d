/*
 * Target: merkle_path_root, merkle_verify, merkle_verify_consistency, frontier_read.
 * Corpus: tests/fuzz/corpus/proof.
 * Input: u64 a ‖ u64 b ‖ leaf or old root 32 ‖ root 32 ‖ n × hash 32.
 *
 * Holds for every input: a path that leads to a root is taken for that root, and for no other one,
 * leaf, index or length; a consistency proof is taken for no other root; a frontier that reads
 * writes back.
 */
#include "fuzz/again.h"

#include "keys/init.h"
#include "keys/merkle.h"

#include <string.h>

enum { HEAD_LEN = 8 + 8 + 32 + 32, HASHES_MAX = 80 };

static void inclusion(uint64_t index, uint64_t size, const uint8_t *leaf, const merkle_hash *path,
                      size_t count)
{
    merkle_hash root;
    merkle_hash other;
    if (not_internal(merkle_path_root(root, leaf, index, size, path, count)) != OK) {
        must(merkle_verify(leaf, index, size, path, count, leaf) != OK);
        return;
    }
    must(index < size && count == merkle_path_len(index, size));
    must(merkle_verify(leaf, index, size, path, count, root) == OK);
    memcpy(other, root, sizeof other);
    other[index % sizeof other] ^= 1;
    must(merkle_verify(leaf, index, size, path, count, other) != OK);
    memcpy(other, leaf, sizeof other);
    other[size % sizeof other] ^= 0x80;
    must(merkle_verify(other, index, size, path, count, root) != OK);
    must(count == 0 || merkle_verify(leaf, index, size, path, count - 1, root) != OK);
}

static void consistency(uint64_t old_size, uint64_t size, const uint8_t *old_root,
                        const uint8_t *root, const merkle_hash *proof, size_t count)
{
    merkle_hash other;
    if (not_internal(merkle_verify_consistency(old_size, old_root, size, root, proof, count)) != OK)
        return;
    must(old_size <= size);
    memcpy(other, root, sizeof other);
    other[0] ^= 1;
    must(old_size == 0 ||
         merkle_verify_consistency(old_size, old_root, size, other, proof, count) != OK);
}

static void frontier(struct span in)
{
    struct merkle_frontier f;
    merkle_hash root;
    const enum err err = frontier_read(&f, in); /* of a file: refused, it is corrupt */
    must(err == OK || err == ERR_CORRUPT);
    if (err != OK)
        return;
    struct writer w = again_writer();
    frontier_write(&f, &w);
    must_equal(&w, in);
    frontier_root(&f, root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct span a;
    struct span b;
    uint64_t one;
    uint64_t two;
    merkle_hash hashes[HASHES_MAX];
    must(keys_init() == OK);
    frontier(in);
    if (len < HEAD_LEN || (len - HEAD_LEN) / sizeof *hashes > HASHES_MAX ||
        !span_take_uint(&in, 8, &one) || !span_take_uint(&in, 8, &two) || !span_take(&in, 32, &a) ||
        !span_take(&in, 32, &b))
        return 0;
    const size_t count = in.len / sizeof *hashes;
    memcpy(hashes, in.data, count * sizeof *hashes);
    inclusion(one, two, a.data, (const merkle_hash *)hashes, count);
    consistency(one, two, a.data, b.data, (const merkle_hash *)hashes, count);
    return 0;
}
