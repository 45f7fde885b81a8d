/* Checks the proofs that store/log.h gives. They are judged by keys/merkle. */
#include "unit/log_place.h"

static void verify_path(struct place *p, uint64_t i, uint64_t n, const merkle_hash root)
{
    merkle_hash path[MERKLE_PATH_MAX];
    merkle_hash leaf;
    unsigned len;
    assert_int_equal(log_path(p->s->log, i, n, path, &len), OK);
    assert_int_equal(log_leaf_hash(p->s->log, i, leaf), OK);
    assert_int_equal(merkle_verify(leaf, i, n, (const merkle_hash *)path, len, root), OK);
}

static void paths_hold_for_all_sizes_to_300(void **state)
{
    struct place *p = *state;
    append_committed(p, 300);
    for (uint64_t n = 1; n <= 300; n++) {
        merkle_hash root;
        true_root(n, root);
        for (uint64_t i = 0; i < n; i++)
            verify_path(p, i, n, root);
    }
}

static void consistency_holds_for_all_sizes_to_300(void **state)
{
    struct place *p = *state;
    static merkle_hash roots[301];
    merkle_hash proof[MERKLE_CONSISTENCY_MAX];
    unsigned len;

    append_committed(p, 300);
    for (uint64_t n = 0; n <= 300; n++)
        assert_int_equal(log_root(p->s->log, n, roots[n]), OK);
    for (uint64_t n = 0; n <= 300; n++) {
        for (uint64_t m = 0; m <= n; m++) {
            assert_int_equal(log_consistency(p->s->log, m, n, proof, &len), OK);
            assert_int_equal(merkle_verify_consistency(m, roots[m], n, roots[n],
                                                       (const merkle_hash *)proof, len),
                             OK);
        }
    }
}

/* Past two levels of tiles: 65536 leaves fill the first tile of level 1. */
static void random_paths_hold_in_a_large_tree(void **state)
{
    struct place *p = *state;
    uint64_t seed = 7;

    append_committed(p, 66000);
    for (int restart = 0; restart < 2; restart++) {
        for (int k = 0; k < 200; k++) {
            merkle_hash root;
            merkle_hash old;
            merkle_hash proof[MERKLE_CONSISTENCY_MAX];
            unsigned len;
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint64_t n = 1 + (seed >> 33) % 66000;
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint64_t i = (seed >> 33) % n;
            assert_int_equal(log_root(p->s->log, n, root), OK);
            verify_path(p, i, n, root);
            assert_int_equal(log_root(p->s->log, i, old), OK);
            assert_int_equal(log_consistency(p->s->log, i, n, proof, &len), OK);
            assert_int_equal(
                merkle_verify_consistency(i, old, n, root, (const merkle_hash *)proof, len), OK);
        }
        assert_root(p, 66000);
        place_reopen(p);
    }
}

static void proofs_beyond_the_tree_are_refused(void **state)
{
    struct place *p = *state;
    merkle_hash path[MERKLE_PATH_MAX];
    merkle_hash root;
    unsigned len;

    append_committed(p, 5);
    assert_int_equal(log_path(p->s->log, 5, 5, path, &len), ERR_NOT_FOUND);
    assert_int_equal(log_path(p->s->log, 0, 6, path, &len), ERR_NOT_FOUND);
    assert_int_equal(log_path(p->s->log, 0, 0, path, &len), ERR_NOT_FOUND);
    assert_int_equal(log_root(p->s->log, 6, root), ERR_NOT_FOUND);
    assert_int_equal(log_consistency(p->s->log, 4, 6, path, &len), ERR_NOT_FOUND);
    assert_int_equal(log_consistency(p->s->log, 4, 3, path, &len), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(paths_hold_for_all_sizes_to_300),
        CASE(consistency_holds_for_all_sizes_to_300),
        CASE(random_paths_hold_in_a_large_tree),
        CASE(proofs_beyond_the_tree_are_refused),
    };
    return cmocka_run_group_tests_name("log_proof", tests, NULL, NULL);
}
