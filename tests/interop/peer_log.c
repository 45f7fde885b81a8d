/* Checkpoints, and proofs of RFC 6962 over leaves that both sides know: leaf k is the hash of u64
 * k. */
#include "peer.h"

#include <stdlib.h>
#include <string.h>

/* ---- checkpoints ---- */

/* u8|origin| ‖ origin ‖ public key ‖ note -> u64 size ‖ root. */
enum err peer_note_verify(struct peer *p, struct span in, struct writer *out)
{
    char origin[NOTE_ORIGIN_MAX + 1];
    struct span key;
    struct checkpoint checkpoint;
    (void)p;
    if (!peer_text(&in, origin, sizeof origin) || !span_take(&in, KEY_PUBLIC_LEN, &key))
        return ERR_USAGE;
    enum err err = note_verify(in, origin, key.data, &checkpoint);
    if (err == OK) {
        write_uint(out, checkpoint.size, 8);
        write_bytes(out, checkpoint.root, sizeof checkpoint.root);
    }
    return err;
}

/* u8|hub| ‖ hub ‖ u64 size ‖ root -> note of its first log. */
enum err peer_note_make(struct peer *p, struct span in, struct writer *out)
{
    char hub[MEMBER_MAX + 1];
    struct checkpoint checkpoint;
    struct span root;
    if (!peer_text(&in, hub, sizeof hub) || !span_take_uint(&in, 8, &checkpoint.size) ||
        !span_take(&in, HASH_LEN, &root) || peer_ring(p, hub) == NULL)
        return ERR_USAGE;
    memcpy(checkpoint.root, root.data, HASH_LEN);
    enum err err = note_origin(checkpoint.origin, hub, registry_realm(p->registry), 1);
    return err != OK ? err
                     : note_sign(&checkpoint, keyring_find(peer_ring(p, hub), KEY_USE_LOG), out);
}

/* ---- proofs ---- */

static bool take_path(struct span *in, merkle_hash path[static MERKLE_PATH_MAX], size_t *len)
{
    uint64_t count;
    struct span hashes;
    if (!span_take_uint(in, 1, &count) || count > MERKLE_PATH_MAX ||
        !span_take(in, count * HASH_LEN, &hashes))
        return false;
    memcpy(path, hashes.data, hashes.len);
    *len = count;
    return true;
}

static bool take_hash(struct span *in, merkle_hash out)
{
    struct span hash;
    if (!span_take(in, HASH_LEN, &hash))
        return false;
    memcpy(out, hash.data, HASH_LEN);
    return true;
}

/* leaf ‖ u64 index ‖ u64 size ‖ root ‖ u8 n ‖ n hashes. */
enum err peer_inclusion_verify(struct peer *p, struct span in, struct writer *out)
{
    merkle_hash leaf;
    merkle_hash root;
    merkle_hash path[MERKLE_PATH_MAX];
    uint64_t index;
    uint64_t size;
    size_t len;
    (void)p;
    (void)out;
    if (!take_hash(&in, leaf) || !span_take_uint(&in, 8, &index) ||
        !span_take_uint(&in, 8, &size) || !take_hash(&in, root) || !take_path(&in, path, &len))
        return ERR_USAGE;
    return merkle_verify(leaf, index, size, path, len, root);
}

/* u64 old size ‖ old root ‖ u64 size ‖ root ‖ u8 n ‖ n hashes. */
enum err peer_consistency_verify(struct peer *p, struct span in, struct writer *out)
{
    merkle_hash old_root;
    merkle_hash root;
    merkle_hash proof[MERKLE_PATH_MAX];
    uint64_t old_size;
    uint64_t size;
    size_t len;
    (void)p;
    (void)out;
    if (!span_take_uint(&in, 8, &old_size) || !take_hash(&in, old_root) ||
        !span_take_uint(&in, 8, &size) || !take_hash(&in, root) || !take_path(&in, proof, &len))
        return ERR_USAGE;
    return merkle_verify_consistency(old_size, old_root, size, root, proof, len);
}

/* Every complete subtree over the leaves: level[l][i]. */
struct forest {
    uint64_t size;
    merkle_hash *level[MERKLE_PATH_MAX];
};

static void forest_close(struct forest *f)
{
    for (size_t l = 0; l < MERKLE_PATH_MAX; l++)
        free(f->level[l]);
    *f = (struct forest){0};
}

static enum err forest_grow(struct forest *f, uint64_t size)
{
    forest_close(f);
    f->size = size;
    for (unsigned l = 0; size >> l > 0; l++) {
        f->level[l] = malloc((size >> l) * sizeof(merkle_hash));
        if (f->level[l] == NULL)
            return ERR_NO_MEMORY;
        for (uint64_t i = 0; i < size >> l; i++) {
            uint8_t number[8];
            struct writer w = writer_of(number, sizeof number);
            write_uint(&w, i, 8);
            if (l == 0)
                merkle_leaf(f->level[0][i], writer_span(&w));
            else
                merkle_node(f->level[l][i], f->level[l - 1][2 * i], f->level[l - 1][2 * i + 1]);
        }
    }
    return OK;
}

static enum err forest_at(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    const struct forest *f = ctx;
    if (level >= MERKLE_PATH_MAX || f->level[level] == NULL || index >= f->size >> level)
        return ERR_INTERNAL;
    memcpy(out, f->level[level][index], HASH_LEN);
    return OK;
}

static void put_path(struct writer *out, const merkle_hash *path, unsigned len)
{
    write_uint(out, len, 1);
    write_bytes(out, path, len * sizeof *path);
}

/* u64 leaves ‖ u16 count ‖ count × (u64 index ‖ u64 size), size ≤ leaves
 * -> count × (root of size ‖ u8 n ‖ n hashes). */
enum err peer_inclusion_make(struct peer *p, struct span in, struct writer *out)
{
    struct forest f = {0};
    uint64_t leaves;
    uint64_t count;
    (void)p;
    if (!span_take_uint(&in, 8, &leaves) || !span_take_uint(&in, 2, &count))
        return ERR_USAGE;
    enum err err = forest_grow(&f, leaves);
    for (uint64_t i = 0; err == OK && i < count; i++) {
        merkle_hash root;
        merkle_hash path[MERKLE_PATH_MAX];
        uint64_t index;
        uint64_t size;
        unsigned len;
        if (!span_take_uint(&in, 8, &index) || !span_take_uint(&in, 8, &size))
            err = ERR_USAGE;
        else if ((err = merkle_prefix_root(root, size, forest_at, &f)) == OK &&
                 (err = merkle_inclusion(index, size, forest_at, &f, path, &len)) == OK) {
            write_bytes(out, root, sizeof root);
            put_path(out, path, len);
        }
    }
    forest_close(&f);
    return err;
}

/* u64 leaves ‖ u16 count ‖ count × (u64 old size ‖ u64 size) -> count × (old root ‖ root ‖ u8 n ‖
 * n hashes). */
enum err peer_consistency_make(struct peer *p, struct span in, struct writer *out)
{
    struct forest f = {0};
    uint64_t leaves;
    uint64_t count;
    (void)p;
    if (!span_take_uint(&in, 8, &leaves) || !span_take_uint(&in, 2, &count))
        return ERR_USAGE;
    enum err err = forest_grow(&f, leaves);
    for (uint64_t i = 0; err == OK && i < count; i++) {
        merkle_hash old_root;
        merkle_hash root;
        merkle_hash proof[MERKLE_CONSISTENCY_MAX];
        uint64_t old_size;
        uint64_t size;
        unsigned len;
        if (!span_take_uint(&in, 8, &old_size) || !span_take_uint(&in, 8, &size))
            err = ERR_USAGE;
        else if ((err = merkle_prefix_root(old_root, old_size, forest_at, &f)) == OK &&
                 (err = merkle_prefix_root(root, size, forest_at, &f)) == OK &&
                 (err = merkle_consistency(old_size, size, forest_at, &f, proof, &len)) == OK) {
            write_bytes(out, old_root, sizeof old_root);
            write_bytes(out, root, sizeof root);
            put_path(out, proof, len);
        }
    }
    forest_close(&f);
    return err;
}
