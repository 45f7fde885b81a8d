/* Checks the guarantees of keys/log_path.h: one verdict with merkle_verify, whatever is known. */
#include "keys/log_path.h"

#include "t.h"

#include <stdlib.h>

enum { SIZES_MAX = 70 };

static merkle_hash leaves[SIZES_MAX];

static enum err subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    (void)ctx;
    merkle_root(out, (const merkle_hash *)&leaves[index << level], (size_t)1 << level);
    return OK;
}

static void path_of(uint64_t index, uint64_t size, merkle_hash path[MERKLE_PATH_MAX], unsigned *len)
{
    assert_int_equal(merkle_inclusion(index, size, subtree, NULL, path, len), OK);
}

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES_MAX; i++)
        merkle_leaf(leaves[i], span_of(&i, sizeof i));
    return 0;
}

static void every_leaf_of_every_tree_is_included_with_the_nodes_of_the_trees_before(void **state)
{
    (void)state;
    struct log_nodes *nodes = calloc(1, sizeof *nodes);
    assert_non_null(nodes);
    for (uint64_t size = 1; size <= SIZES_MAX; size++) {
        merkle_hash root;
        merkle_root(root, (const merkle_hash *)leaves, (size_t)size);
        for (uint64_t index = 0; index < size; index++) {
            merkle_hash path[MERKLE_PATH_MAX];
            unsigned len;
            path_of(index, size, path, &len);
            assert_int_equal(log_path_verify(nodes, leaves[index], index, size,
                                             (const merkle_hash *)path, len, root),
                             OK);
        }
    }
    free(nodes);
}

/* A proof is kept as evidence: a part of it that we did not need must be right all the same. */
static void each_byte_of_leaf_path_and_root_counts_though_all_nodes_are_known(void **state)
{
    (void)state;
    enum { SIZE = 37 };
    struct log_nodes *nodes = calloc(1, sizeof *nodes);
    merkle_hash root;
    assert_non_null(nodes);
    merkle_root(root, (const merkle_hash *)leaves, SIZE);
    for (uint64_t index = 0; index < SIZE; index++) {
        merkle_hash bytes[MERKLE_PATH_MAX + 2]; /* leaf, root, path */
        unsigned len;
        memcpy(bytes[0], leaves[index], HASH_LEN);
        memcpy(bytes[1], root, HASH_LEN);
        path_of(index, SIZE, bytes + 2, &len);
        for (size_t at = 0; at < (len + 2) * HASH_LEN; at++) {
            uint8_t *byte = &bytes[at / HASH_LEN][at % HASH_LEN];
            assert_int_equal(log_path_verify(nodes, leaves[index], index, SIZE,
                                             (const merkle_hash *)bytes + 2, len, root),
                             OK);
            *byte ^= 0x10;
            assert_int_equal(log_path_verify(nodes, bytes[0], index, SIZE,
                                             (const merkle_hash *)bytes + 2, len, bytes[1]),
                             ERR_INCLUSION);
            *byte ^= 0x10;
        }
    }
    free(nodes);
}

static void a_path_too_long_too_short_or_of_another_leaf_is_refused(void **state)
{
    (void)state;
    enum { SIZE = 29 };
    struct log_nodes *nodes = calloc(1, sizeof *nodes);
    merkle_hash root, path[MERKLE_PATH_MAX] = {{0}};
    unsigned len;
    assert_non_null(nodes);
    merkle_root(root, (const merkle_hash *)leaves, SIZE);
    path_of(5, SIZE, path, &len);
    const merkle_hash *p = (const merkle_hash *)path;
    assert_int_equal(log_path_verify(nodes, leaves[5], 5, SIZE, p, len, root), OK);
    assert_int_equal(log_path_verify(nodes, leaves[5], 5, SIZE, p, len - 1, root), ERR_INCLUSION);
    assert_int_equal(log_path_verify(nodes, leaves[5], 5, SIZE, p, len + 1, root), ERR_INCLUSION);
    assert_int_equal(log_path_verify(nodes, leaves[5], 4, SIZE, p, len, root), ERR_INCLUSION);
    assert_int_equal(log_path_verify(nodes, leaves[4], 5, SIZE, p, len, root), ERR_INCLUSION);
    assert_int_equal(log_path_verify(nodes, leaves[5], SIZE, SIZE, p, len, root), ERR_INCLUSION);
    free(nodes);
}

/* Two trees of one size that share leaves: a hub that forks its log. */
static void what_is_known_of_one_root_does_not_serve_another(void **state)
{
    (void)state;
    enum { SIZE = 16 };
    struct log_nodes *nodes = calloc(1, sizeof *nodes);
    merkle_hash root, other_root, path[MERKLE_PATH_MAX], forked[SIZE];
    unsigned len;
    assert_non_null(nodes);
    memcpy(forked, leaves, sizeof forked);
    memcpy(forked[9], leaves[40], HASH_LEN);
    merkle_root(root, (const merkle_hash *)leaves, SIZE);
    merkle_root(other_root, (const merkle_hash *)forked, SIZE);
    path_of(2, SIZE, path, &len);
    const merkle_hash *p = (const merkle_hash *)path;
    assert_int_equal(log_path_verify(nodes, leaves[2], 2, SIZE, p, len, root), OK);
    assert_int_equal(log_path_verify(nodes, leaves[2], 2, SIZE, p, len, other_root), ERR_INCLUSION);
    assert_int_equal(log_path_verify(nodes, leaves[2], 2, SIZE, p, len, root), OK);
    nodes->serial =
        UINT32_MAX; /* after that many roots the count begins anew, and nothing is known */
    assert_int_equal(log_path_verify(nodes, leaves[2], 2, SIZE, p, len, other_root), ERR_INCLUSION);
    assert_int_equal(nodes->serial, 1);
    assert_int_equal(log_path_verify(nodes, leaves[2], 2, SIZE, p, len, root), OK);
    free(nodes);
}

static size_t known(const struct log_nodes *nodes)
{
    size_t count = 0;
    for (size_t i = 0; i < LOG_NODES; i++)
        count += nodes->node[i].serial == nodes->serial;
    return count;
}

/* Guarantee 3; places are counted by hand: the last leaf rises alone but for two levels. */
static void after_one_path_every_node_of_it_is_known(void **state)
{
    static const struct {
        uint64_t index;
        uint64_t size;
        size_t known;
    } rows[] = {{0, 1, 1}, {36, 37, 7 + 2}, {0, 37, 7 + 6}, {4, 5, 4 + 1}, {31, 32, 6 + 5}};
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct log_nodes *nodes = calloc(1, sizeof *nodes);
        merkle_hash root, path[MERKLE_PATH_MAX];
        unsigned len;
        assert_non_null(nodes);
        merkle_root(root, (const merkle_hash *)leaves, (size_t)rows[i].size);
        path_of(rows[i].index, rows[i].size, path, &len);
        assert_int_equal(log_path_verify(nodes, leaves[rows[i].index], rows[i].index, rows[i].size,
                                         (const merkle_hash *)path, len, root),
                         OK);
        print_message("leaf %zu of %zu\n", (size_t)rows[i].index, (size_t)rows[i].size);
        assert_int_equal(known(nodes), rows[i].known);
        free(nodes);
    }
}

/* The first leaf of the largest tree there may be, and of one that is larger. */
static void the_longest_path_is_walked_to_its_end_and_a_larger_tree_is_refused(void **state)
{
    static const struct {
        uint64_t index;
        uint64_t size;
        enum err want;
    } rows[] = {
        {0, MERKLE_SIZE_MAX, OK},
        {MERKLE_SIZE_MAX - 1, MERKLE_SIZE_MAX, OK},
        {0, MERKLE_SIZE_MAX + 1, ERR_INCLUSION},
        {UINT64_MAX - 1, UINT64_MAX, ERR_INCLUSION},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        merkle_hash path[MERKLE_PATH_MAX];
        merkle_hash root;
        size_t len = 0;
        uint64_t place = rows[i].index;
        struct log_nodes *nodes = calloc(1, sizeof *nodes);
        assert_non_null(nodes);
        memcpy(root, leaves[0], HASH_LEN);
        for (uint64_t last = rows[i].size - 1; last > 0; last >>= 1, place >>= 1) {
            if ((place & 1) == 0 && place == last)
                continue;
            memset(path[len], (int)len, HASH_LEN);
            merkle_node(root, (place & 1) != 0 ? path[len] : root,
                        (place & 1) != 0 ? root : path[len]);
            len++;
        }
        print_message("row %zu: %zu hashes\n", i, len);
        for (unsigned again = 0; again < 2; again++)
            assert_int_equal(log_path_verify(nodes, leaves[0], rows[i].index, rows[i].size,
                                             (const merkle_hash *)path, len, root),
                             rows[i].want);
        assert_int_equal(merkle_verify(leaves[0], rows[i].index, rows[i].size,
                                       (const merkle_hash *)path, len, root),
                         rows[i].want);
        free(nodes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_leaf_of_every_tree_is_included_with_the_nodes_of_the_trees_before),
        cmocka_unit_test(each_byte_of_leaf_path_and_root_counts_though_all_nodes_are_known),
        cmocka_unit_test(a_path_too_long_too_short_or_of_another_leaf_is_refused),
        cmocka_unit_test(what_is_known_of_one_root_does_not_serve_another),
        cmocka_unit_test(the_longest_path_is_walked_to_its_end_and_a_larger_tree_is_refused),
        cmocka_unit_test(after_one_path_every_node_of_it_is_known),
    };
    return cmocka_run_group_tests_name("log_path", tests, setup, NULL);
}
