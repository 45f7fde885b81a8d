/* Checks the promises in keys/merkle.h: every (index, size) up to SIZE_TOP. */
#include "keys/merkle.h"

#include "vectors.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE_TOP = 512, PAIR_TOP = 160, TILE_TOP = 70000 };

/* A tree kept as all of its complete subtrees, level by level: what a store answers from. */
struct tree {
    size_t size;
    merkle_hash *level[32];
    unsigned calls;
};

static void leaf_of(merkle_hash out, size_t i)
{
    const uint8_t body[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
    merkle_leaf(out, span_of(body, sizeof body));
}

static void tree_make(struct tree *t, size_t size)
{
    *t = (struct tree){.size = size};
    t->level[0] = malloc((size + 1) * sizeof(merkle_hash));
    for (size_t i = 0; i < size; i++)
        leaf_of(t->level[0][i], i);
    for (unsigned l = 1; size >> l > 0; l++) {
        t->level[l] = malloc((size >> l) * sizeof(merkle_hash));
        for (size_t i = 0; i < size >> l; i++)
            merkle_node(t->level[l][i], t->level[l - 1][2 * i], t->level[l - 1][2 * i + 1]);
    }
}

static void tree_free(struct tree *t)
{
    for (size_t l = 0; l < T_COUNT(t->level); l++)
        free(t->level[l]);
}

static enum err tree_subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    struct tree *t = ctx;
    assert_true(index < t->size >> level); /* guarantee 2: complete subtrees only */
    t->calls++;
    memcpy(out, t->level[level][index], HASH_LEN);
    return OK;
}

static void roots_match_the_published_ones(void **state)
{
    merkle_hash leaves[8];
    merkle_hash root;
    uint8_t buffer[64];
    char name[16];
    (void)state;
    for (size_t n = 0; n <= 8; n++) {
        snprintf(name, sizeof name, "root%zu", n);
        struct span want = vector_get("merkle.txt", name, buffer, sizeof buffer);
        merkle_root(root, (const merkle_hash *)leaves, n);
        assert_memory_equal(root, want.data, HASH_LEN);
        if (n == 8)
            break;
        snprintf(name, sizeof name, "leaf%zu", n);
        merkle_leaf(leaves[n], vector_get("merkle.txt", name, buffer, sizeof buffer));
    }
}

static void path_matches_the_published_one(void **state)
{
    merkle_hash leaves[8], path[3], root;
    uint8_t buffer[64];
    char name[16];
    (void)state;
    for (size_t n = 0; n < 8; n++) {
        snprintf(name, sizeof name, "leaf%zu", n);
        merkle_leaf(leaves[n], vector_get("merkle.txt", name, buffer, sizeof buffer));
    }
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "path5of8.%zu", i + 1);
        memcpy(path[i], vector_get("merkle.txt", name, buffer, sizeof buffer).data, HASH_LEN);
    }
    merkle_root(root, (const merkle_hash *)leaves, 8);
    assert_int_equal(merkle_verify(leaves[5], 5, 8, (const merkle_hash *)path, 3, root), OK);
}

static void every_leaf_of_every_tree_proves_itself_and_nothing_else(void **state)
{
    struct tree t;
    merkle_hash path[MERKLE_PATH_MAX];
    (void)state;
    tree_make(&t, SIZE_TOP);
    for (size_t n = 1; n <= SIZE_TOP; n++) {
        merkle_hash root;
        t.size = n;
        merkle_root(root, (const merkle_hash *)t.level[0], n);
        for (size_t i = 0; i < n; i++) {
            unsigned len;
            const merkle_hash *leaf = (const merkle_hash *)&t.level[0][i];
            assert_int_equal(merkle_inclusion(i, n, tree_subtree, &t, path, &len), OK);
            assert_int_equal(len, merkle_path_len(i, n));
            const merkle_hash *p = (const merkle_hash *)path;
            assert_int_equal(merkle_verify(*leaf, i, n, p, len, root), OK);
            /* L-09: index off by one, another leaf, another size, a path too short */
            if (n > 1) {
                assert_int_equal(merkle_verify(*leaf, (i + 1) % n, n, p, len, root), ERR_INCLUSION);
                assert_int_equal(merkle_verify(t.level[0][(i + 1) % n], i, n, p, len, root),
                                 ERR_INCLUSION);
                assert_int_equal(merkle_verify(*leaf, i, n, p, len - 1, root), ERR_INCLUSION);
            }
            assert_int_equal(merkle_verify(*leaf, i, n, p, len + 1, root), ERR_INCLUSION);
        }
    }
    t.size = SIZE_TOP;
    tree_free(&t);
}

static void index_beyond_the_tree_is_refused(void **state)
{
    merkle_hash h = {0};
    unsigned len;
    merkle_hash path[MERKLE_PATH_MAX];
    (void)state;
    assert_int_equal(merkle_verify(h, 1, 1, NULL, 0, h), ERR_INCLUSION);
    assert_int_equal(merkle_verify(h, 0, 0, NULL, 0, h), ERR_INCLUSION);
    assert_int_equal(merkle_verify(h, 0, 1, NULL, 0, h), OK); /* one leaf is its own root */
    assert_int_equal(merkle_inclusion(3, 3, tree_subtree, NULL, path, &len), ERR_INCLUSION);
    assert_int_equal(merkle_inclusion(0, UINT64_MAX, tree_subtree, NULL, path, &len),
                     ERR_INCLUSION);
    assert_int_equal(merkle_path_len(5, 5), 0);
}

static void inner_node_does_not_pass_as_a_leaf(void **state)
{
    struct tree t;
    merkle_hash root, leaf;
    uint8_t body[2 * HASH_LEN];
    (void)state;
    tree_make(&t, 4);
    merkle_root(root, (const merkle_hash *)t.level[0], 4);
    /* The two leaves' hashes offered as the body of one leaf of a tree of two. */
    memcpy(body, t.level[0], sizeof body);
    merkle_leaf(leaf, span_of(body, sizeof body));
    assert_int_equal(merkle_verify(leaf, 0, 2, (const merkle_hash *)&t.level[1][1], 1, root),
                     ERR_INCLUSION);
    tree_free(&t);
}

static void every_prefix_is_consistent_with_every_longer_tree(void **state)
{
    struct tree t;
    merkle_hash proof[MERKLE_CONSISTENCY_MAX];
    (void)state;
    tree_make(&t, PAIR_TOP);
    for (size_t n = 0; n <= PAIR_TOP; n++) {
        merkle_hash root;
        t.size = n;
        merkle_root(root, (const merkle_hash *)t.level[0], n);
        for (size_t m = 0; m <= n; m++) {
            merkle_hash old;
            unsigned len;
            merkle_root(old, (const merkle_hash *)t.level[0], m);
            assert_int_equal(merkle_consistency(m, n, tree_subtree, &t, proof, &len), OK);
            const merkle_hash *p = (const merkle_hash *)proof;
            assert_int_equal(merkle_verify_consistency(m, old, n, root, p, len), OK);
            old[0] ^= 1;
            assert_int_equal(merkle_verify_consistency(m, old, n, root, p, len), ERR_CONSISTENCY);
            old[0] ^= 1;
            assert_int_equal(merkle_verify_consistency(m, old, n, root, p, len + 1),
                             ERR_CONSISTENCY);
            if (len > 0) {
                assert_int_equal(merkle_verify_consistency(m, old, n, root, p, len - 1),
                                 ERR_CONSISTENCY);
                proof[len / 2][5] ^= 1;
                assert_int_equal(merkle_verify_consistency(m, old, n, root, p, len),
                                 ERR_CONSISTENCY);
            }
        }
    }
    t.size = PAIR_TOP;
    tree_free(&t);
}

static void proofs_of_consistency_that_say_nothing_are_refused(void **state)
{
    merkle_hash a = {1}, b = {2}, proof[MERKLE_CONSISTENCY_MAX + 2] = {{0}};
    unsigned len;
    const merkle_hash *p = (const merkle_hash *)proof;
    (void)state;
    assert_int_equal(merkle_verify_consistency(3, a, 5, b, p, 0), ERR_CONSISTENCY);
    assert_int_equal(merkle_verify_consistency(5, a, 3, b, p, 1), ERR_CONSISTENCY);
    assert_int_equal(merkle_verify_consistency(3, a, 3, b, p, 0), ERR_CONSISTENCY);
    assert_int_equal(merkle_verify_consistency(0, a, 3, b, p, 0), ERR_CONSISTENCY);
    assert_int_equal(merkle_verify_consistency(3, a, UINT64_MAX, b, p, MERKLE_CONSISTENCY_MAX + 1),
                     ERR_CONSISTENCY);
    assert_int_equal(merkle_consistency(5, 3, tree_subtree, NULL, proof, &len), ERR_CONSISTENCY);
}

static void frontier_grows_to_the_same_root_and_survives_writing(void **state)
{
    struct merkle_frontier f, again;
    struct tree t;
    uint8_t bytes[MERKLE_FRONTIER_BYTES_MAX];
    (void)state;
    tree_make(&t, SIZE_TOP);
    frontier_init(&f);
    for (size_t n = 0; n < SIZE_TOP; n++) {
        merkle_hash a, b, c;
        struct writer w = writer_of(bytes, sizeof bytes);
        t.size = n;
        frontier_root(&f, a);
        assert_int_equal(merkle_prefix_root(b, n, tree_subtree, &t), OK);
        assert_memory_equal(a, b, HASH_LEN);
        frontier_write(&f, &w);
        assert_false(w.full);
        assert_int_equal(frontier_read(&again, writer_span(&w)), OK);
        frontier_root(&again, c);
        assert_memory_equal(a, c, HASH_LEN);
        assert_int_equal(frontier_read(&again, span_of(bytes, w.len - 1)), ERR_CORRUPT);
        frontier_append(&f, t.level[0][n]);
    }
    t.size = SIZE_TOP;
    tree_free(&t);
}

/* What a store does: tiles of 256 hashes at tree levels 0, 8, 16. */
static enum err tile_subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    struct tree *t = ctx;
    const struct merkle_tile tile = merkle_tile_at(level, index);
    assert_true(tile.first + tile.count <= MERKLE_TILE_WIDTH);
    const merkle_hash *row = (const merkle_hash *)t->level[tile.tile_level * MERKLE_TILE_LEVELS] +
                             tile.tile_index * MERKLE_TILE_WIDTH;
    merkle_root(out, row + tile.first, tile.count);
    return OK;
}

static void tiles_answer_for_any_complete_subtree(void **state)
{
    static const size_t indices[] = {0, 1, 255, 256, 65535, 65536, TILE_TOP - 1};
    struct tree t;
    merkle_hash root, path[MERKLE_PATH_MAX];
    (void)state;
    tree_make(&t, TILE_TOP);
    assert_int_equal(merkle_prefix_root(root, TILE_TOP, tree_subtree, &t), OK);
    for (size_t i = 0; i < T_COUNT(indices); i++) {
        unsigned len;
        assert_int_equal(merkle_inclusion(indices[i], TILE_TOP, tile_subtree, &t, path, &len), OK);
        assert_int_equal(merkle_verify(t.level[0][indices[i]], indices[i], TILE_TOP,
                                       (const merkle_hash *)path, len, root),
                         OK);
    }
    tree_free(&t);
}

/* The nth node, from 0, that is asked for cannot be had. */
static struct {
    struct tree tree;
    unsigned nth;
} torn;

static enum err torn_subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    return torn.nth-- == 0 ? ERR_IO : tree_subtree(ctx, level, index, out);
}

static enum err prove(unsigned how)
{
    merkle_hash proof[MERKLE_CONSISTENCY_MAX];
    struct merkle_edge edge = {.size = 0};
    unsigned len;
    switch (how) {
    case 0:
        return merkle_inclusion(9, torn.tree.size, torn_subtree, &torn.tree, proof, &len);
    case 1:
        return merkle_inclusion_edge(0, torn.tree.size, torn_subtree, &torn.tree, &edge, proof,
                                     &len);
    case 2:
        return merkle_consistency(5, torn.tree.size, torn_subtree, &torn.tree, proof, &len);
    case 3:
        return merkle_consistency(8, torn.tree.size, torn_subtree, &torn.tree, proof, &len);
    default:
        return merkle_prefix_root(proof[0], torn.tree.size, torn_subtree, &torn.tree);
    }
}

static void a_node_that_cannot_be_had_is_said_whichever_it_is(void **state)
{
    (void)state;
    tree_make(&torn.tree, 13);
    for (unsigned how = 0; how < 5; how++) {
        unsigned nth = 0;
        enum err err;
        do {
            torn.nth = nth++;
            err = prove(how);
            assert_true(err == OK || err == ERR_IO);
        } while (err != OK);
        print_message("proof %u: %u nodes\n", how, nth - 1);
        assert_true(nth > 2);
    }
    tree_free(&torn.tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_match_the_published_ones),
        cmocka_unit_test(path_matches_the_published_one),
        cmocka_unit_test(every_leaf_of_every_tree_proves_itself_and_nothing_else),
        cmocka_unit_test(index_beyond_the_tree_is_refused),
        cmocka_unit_test(inner_node_does_not_pass_as_a_leaf),
        cmocka_unit_test(every_prefix_is_consistent_with_every_longer_tree),
        cmocka_unit_test(proofs_of_consistency_that_say_nothing_are_refused),
        cmocka_unit_test(frontier_grows_to_the_same_root_and_survives_writing),
        cmocka_unit_test(tiles_answer_for_any_complete_subtree),
        cmocka_unit_test(a_node_that_cannot_be_had_is_said_whichever_it_is),
    };
    return cmocka_run_group_tests_name("merkle", tests, NULL, NULL);
}
