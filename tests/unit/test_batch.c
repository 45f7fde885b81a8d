/* Checks the promises in keys/batch.h. */
#include "keys/batch.h"
#include "keys/batch_statement.h"
#include "keys/init.h"

#include "t.h"

#include <string.h>

enum { SIZE_TOP = 70 };

struct fixture {
    struct key *key;
    struct key *other;
    struct batch *batch;
    struct verifier *verifier;
};

static struct fixture f;

static int setup(void **state)
{
    const struct entropy e = entropy_system();
    (void)state;
    assert_int_equal(key_make(&f.key, KEY_USE_SIGN, 0, &e), OK);
    assert_int_equal(key_make(&f.other, KEY_USE_SIGN, 0, &e), OK);
    assert_int_equal(batch_open(&f.batch), OK);
    assert_int_equal(verifier_open(&f.verifier, VERIFIER_NODES_DEFAULT), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    key_close(&f.key);
    key_close(&f.other);
    batch_close(&f.batch);
    verifier_close(&f.verifier);
    return 0;
}

static void fresh_verifier(void)
{
    verifier_close(&f.verifier);
    assert_int_equal(verifier_open(&f.verifier, VERIFIER_NODES_DEFAULT), OK);
}

static void leaf_of(merkle_hash leaf, size_t i)
{
    const uint8_t body[2] = {(uint8_t)(i >> 8), (uint8_t)i};
    merkle_leaf(leaf, span_of(body, sizeof body));
}

/* Sign leaves 0 … size-1. */
static void sign(size_t size)
{
    batch_reset(f.batch);
    for (size_t i = 0; i < size; i++) {
        merkle_hash leaf;
        size_t index;
        leaf_of(leaf, i);
        assert_int_equal(batch_add(f.batch, leaf, &index), OK);
        assert_int_equal(index, i);
    }
    assert_int_equal(batch_sign(f.batch, f.key), OK);
}

static size_t s_of(size_t index, uint8_t *s)
{
    struct writer w = writer_of(s, BATCH_SIGNATURE_MAX);
    assert_int_equal(batch_write(f.batch, index, &w), OK);
    assert_int_equal(w.len, batch_signature_len(f.batch, index));
    return w.len;
}

static enum err check(size_t leaf_index, const uint8_t *s, size_t len)
{
    merkle_hash leaf;
    leaf_of(leaf, leaf_index);
    return verifier_check(f.verifier, key_public(f.key), leaf, span_of(s, len));
}

static void every_leaf_of_every_batch_verifies_alone(void **state)
{
    static const size_t sizes[] = {255, 256, 257, 1000, BATCH_LEAF_MAX};
    uint8_t s[BATCH_SIGNATURE_MAX];
    (void)state;
    for (size_t n = 1; n < SIZE_TOP + T_COUNT(sizes); n++) {
        const size_t size = n < SIZE_TOP ? n : sizes[n - SIZE_TOP];
        sign(size);
        for (size_t i = 0; i < size; i += size < SIZE_TOP ? 1 : 61) {
            const size_t len = s_of(i, s);
            if (size < 20)
                fresh_verifier();
            assert_int_equal(check(i, s, len), OK);
        }
    }
}

static void lone_message_has_an_empty_path(void **state)
{
    uint8_t s[BATCH_SIGNATURE_MAX];
    (void)state;
    sign(1);
    assert_int_equal(s_of(0, s), FRAME_SIGNATURE_MIN);
    assert_int_equal(check(0, s, FRAME_SIGNATURE_MIN), OK);
}

/* Guarantee 3, with nothing known and with everything known. C-01. */
static void every_changed_byte_is_refused_warm_or_cold(void **state)
{
    uint8_t s[BATCH_SIGNATURE_MAX];
    (void)state;
    for (int warm = 0; warm < 2; warm++) {
        sign(13);
        for (size_t i = 0; i < 13; i++) {
            const size_t len = s_of(i, s);
            for (size_t at = 0; at < len; at++) {
                if (!warm)
                    fresh_verifier();
                s[at] ^= 0x41;
                assert_int_not_equal(check(i, s, len), OK);
                s[at] ^= 0x41;
            }
            assert_int_equal(check(i, s, len), OK);
            assert_int_not_equal(check(i, s, len - 1), OK);
        }
    }
}

static void path_of_wrong_shape_is_218(void **state)
{
    uint8_t s[BATCH_SIGNATURE_MAX];
    (void)state;
    sign(4);
    const size_t len = s_of(1, s);
    s[1 + KID_LEN + 7] = 200; /* size: the path would be longer */
    assert_int_equal(check(1, s, len), ERR_PATH_SHAPE);
    (void)s_of(1, s);
    s[1 + KID_LEN + 8 + 7] = 4; /* index >= size */
    assert_int_equal(check(1, s, len), ERR_PATH_SHAPE);
    (void)s_of(1, s);
    s[1 + KID_LEN + 7] = 0; /* size 0 */
    assert_int_equal(check(1, s, len), ERR_PATH_SHAPE);
    (void)s_of(1, s);
    s[1 + KID_LEN + 5] = 0x20; /* size > 2^20 */
    assert_int_equal(check(1, s, len), ERR_PATH_SHAPE);
}

static void other_algorithm_is_301(void **state)
{
    uint8_t s[BATCH_SIGNATURE_MAX];
    (void)state;
    sign(2);
    const size_t len = s_of(0, s);
    s[0] = 2;
    assert_int_equal(check(0, s, len), ERR_SUITE);
}

static void right_key_under_another_kid_is_303(void **state)
{
    uint8_t s[BATCH_SIGNATURE_MAX];
    merkle_hash leaf;
    (void)state;
    sign(2);
    size_t len = s_of(0, s);
    leaf_of(leaf, 0);
    /* kid of the signer, key of another; and the kid replaced by that other's */
    assert_int_equal(verifier_check(f.verifier, key_public(f.other), leaf, span_of(s, len)),
                     ERR_SIGNATURE);
    assert_int_equal(check(0, s, len), OK); /* nor once the batch is known */
    assert_int_equal(verifier_check(f.verifier, key_public(f.other), leaf, span_of(s, len)),
                     ERR_SIGNATURE);
    memcpy(s + 1, key_kid(f.other), KID_LEN);
    assert_int_equal(check(0, s, len), ERR_SIGNATURE);
    assert_int_equal(verifier_check(f.verifier, key_public(f.other), leaf, span_of(s, len)),
                     ERR_SIGNATURE);
}

/* C-14: index swapped, path of another batch; known signature, so 310; unknown, so 303. */
static void path_that_leads_elsewhere_is_310_once_the_batch_is_known(void **state)
{
    uint8_t a[BATCH_SIGNATURE_MAX], b[BATCH_SIGNATURE_MAX];
    (void)state;
    sign(8);
    const size_t len = s_of(2, a);
    assert_int_equal(s_of(5, b), len);
    assert_int_equal(check(5, a, len), ERR_SIGNATURE);
    assert_int_equal(check(2, a, len), OK);
    assert_int_equal(check(5, a, len), ERR_BATCH_PATH);
    assert_int_equal(check(2, b, len), ERR_BATCH_PATH);
    assert_int_equal(check(5, b, len), OK);
}

/* C-15: an inner node offered as a leaf of a smaller tree under the same root. */
static void inner_node_is_no_leaf(void **state)
{
    uint8_t s[BATCH_SIGNATURE_MAX], forged[BATCH_SIGNATURE_MAX];
    merkle_hash l0, l1, inner;
    struct frame_signature sig;
    (void)state;
    sign(4);
    const size_t len = s_of(0, s);
    assert_int_equal(check(0, s, len), OK);
    leaf_of(l0, 0);
    leaf_of(l1, 1);
    merkle_node(inner, l0, l1);
    assert_int_equal(frame_parse_signature(span_of(s, len), &sig), OK);
    sig.size = 2;
    sig.n = 1;
    sig.path = span_of(sig.path.data + HASH_LEN, HASH_LEN);
    struct writer w = writer_of(forged, sizeof forged);
    frame_write_signature(&w, &sig);
    assert_int_equal(verifier_check(f.verifier, key_public(f.key), inner, writer_span(&w)),
                     ERR_SIGNATURE);
}

/* The duplicate-leaf tree of CVE-2012-2459: three leaves, and four of which two are equal. */
static void tree_with_a_leaf_twice_is_another_tree(void **state)
{
    uint8_t s[BATCH_SIGNATURE_MAX], forged[BATCH_SIGNATURE_MAX];
    struct frame_signature sig;
    merkle_hash path[2], l0, l1;
    (void)state;
    sign(3);
    const size_t len = s_of(2, s);
    assert_int_equal(frame_parse_signature(span_of(s, len), &sig), OK);
    leaf_of(l0, 0);
    leaf_of(l1, 1);
    leaf_of(path[0], 2); /* leaf 2 again, as leaf 3 */
    merkle_node(path[1], l0, l1);
    sig.size = 4;
    sig.n = 2;
    sig.path = span_of(path, sizeof path);
    struct writer w = writer_of(forged, sizeof forged);
    frame_write_signature(&w, &sig);
    assert_int_equal(check(2, forged, w.len), ERR_SIGNATURE);
}

/* Of the first leaf of as many as a batch may have: known the second time. */
static void the_longest_path_is_walked_to_its_end(void **state)
{
    uint8_t signature[FRAME_SIG_LEN], s[FRAME_SIGNATURE_MAX], bytes[BATCH_STATEMENT_MAX];
    merkle_hash path[BATCH_PATH_MAX], root;
    struct writer statement = writer_of(bytes, sizeof bytes);
    struct writer out = writer_of(s, sizeof s);
    (void)state;
    leaf_of(root, 0);
    for (unsigned i = 0; i < BATCH_PATH_MAX; i++) {
        memset(path[i], (int)i, HASH_LEN);
        merkle_node(root, root, path[i]);
    }
    batch_statement(&statement, key_kid(f.key), FRAME_BATCH_MAX, root);
    assert_int_equal(key_sign(f.key, writer_span(&statement), signature), OK);
    const struct frame_signature sig = {.alg = 1,
                                        .kid = key_kid(f.key),
                                        .size = FRAME_BATCH_MAX,
                                        .n = BATCH_PATH_MAX,
                                        .path = span_of(path, sizeof path),
                                        .sig = signature};
    frame_write_signature(&out, &sig);
    assert_int_equal(check(0, s, out.len), OK);
    assert_int_equal(check(0, s, out.len), OK);
    assert_int_equal(verifier_stats(f.verifier).known, 1);
    assert_int_equal(check(1, s, out.len), ERR_BATCH_PATH);
}

/* C-05: what was signed under another label is no batch. */
static void signature_of_another_context_is_refused(void **state)
{
    uint8_t signature[64], s[BATCH_SIGNATURE_MAX];
    merkle_hash leaf;
    uint8_t statement[HASH_LABEL_MAX + KID_LEN + 8 + HASH_LEN];
    const struct span labels[] = {LABEL("log"), LABEL("document"), LABEL("receipt"),
                                  LABEL("envelope"), LABEL("batch")};
    (void)state;
    leaf_of(leaf, 0);
    for (size_t i = 0; i < T_COUNT(labels); i++) {
        struct writer w = writer_of(statement, sizeof statement);
        write_span(&w, labels[i]);
        write_bytes(&w, key_kid(f.key), KID_LEN);
        write_uint(&w, 1, 8);
        write_bytes(&w, leaf, HASH_LEN);
        assert_int_equal(key_sign(f.key, writer_span(&w), signature), OK);
        const struct frame_signature sig = {
            .alg = 1, .kid = key_kid(f.key), .size = 1, .sig = signature};
        struct writer out = writer_of(s, sizeof s);
        frame_write_signature(&out, &sig);
        /* the last row is the real one: the test itself is right */
        assert_int_equal(check(0, s, out.len), i + 1 == T_COUNT(labels) ? OK : ERR_SIGNATURE);
    }
}

/* Guarantee 4 */
static void batch_costs_one_signature_and_each_node_once(void **state)
{
    uint8_t s[BATCH_SIGNATURE_MAX];
    (void)state;
    sign(256);
    for (size_t i = 0; i < 256; i++)
        assert_int_equal(check(i, s, s_of(i, s)), OK);
    const struct verifier_stats stats = verifier_stats(f.verifier);
    assert_int_equal(stats.signatures, 1);
    assert_int_equal(stats.known, 255);
    assert_true(stats.nodes < 400); /* 255 nodes in the tree; full paths would be 2,048 */
}

/* Of as many as went by before: each is found where it was put. */
static void the_last_batch_is_always_known(void **state)
{
    enum { BATCHES = 200 };
    uint8_t s[BATCH_SIGNATURE_MAX];
    (void)state;
    verifier_close(&f.verifier);
    assert_int_equal(verifier_open(&f.verifier, 1), OK);
    for (size_t batch = 1; batch <= BATCHES; batch++) {
        sign(1 + batch);
        assert_int_equal(check(0, s, s_of(0, s)), OK);
        assert_int_equal(check(1, s, s_of(1, s)), OK);
        assert_int_equal(verifier_stats(f.verifier).signatures, batch);
        assert_int_equal(verifier_stats(f.verifier).known, batch);
    }
}

/* Guarantee 5: with room for next to nothing, the answers are the same. */
static void small_memory_changes_no_answer(void **state)
{
    uint8_t s[BATCH_SIGNATURE_MAX];
    (void)state;
    verifier_close(&f.verifier);
    assert_int_equal(verifier_open(&f.verifier, 1), OK);
    for (size_t round = 0; round < 3; round++) {
        sign(700 + round);
        for (size_t i = 0; i < 700; i += 7) {
            const size_t len = s_of(i, s);
            assert_int_equal(check(i, s, len), OK);
            assert_int_not_equal(check(i + 1, s, len), OK);
            s[len - FRAME_SIG_LEN - 1] ^= 1; /* below the root, where little is remembered */
            assert_int_not_equal(check(i, s, len), OK);
        }
    }
}

static void full_or_unsigned_batch_says_so(void **state)
{
    merkle_hash leaf = {0};
    uint8_t s[BATCH_SIGNATURE_MAX];
    struct writer w = writer_of(s, sizeof s);
    size_t index;
    (void)state;
    assert_int_equal(batch_sign(f.batch, f.key), ERR_INTERNAL);
    for (size_t i = 0; i < BATCH_LEAF_MAX; i++)
        assert_int_equal(batch_add(f.batch, leaf, &index), OK);
    assert_int_equal(batch_add(f.batch, leaf, &index), ERR_TOO_LARGE);
    assert_int_equal(batch_write(f.batch, 0, &w), ERR_INTERNAL);
    assert_int_equal(batch_sign(f.batch, f.key), OK);
    assert_int_equal(batch_sign(f.batch, f.key), ERR_INTERNAL);
    assert_int_equal(batch_add(f.batch, leaf, &index), ERR_INTERNAL);
    assert_int_equal(batch_write(f.batch, BATCH_LEAF_MAX, &w), ERR_INTERNAL);
    batch_reset(f.batch);
    assert_int_equal(batch_count(f.batch), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_leaf_of_every_batch_verifies_alone),
        CASE(lone_message_has_an_empty_path),
        CASE(every_changed_byte_is_refused_warm_or_cold),
        CASE(path_of_wrong_shape_is_218),
        CASE(other_algorithm_is_301),
        CASE(right_key_under_another_kid_is_303),
        CASE(path_that_leads_elsewhere_is_310_once_the_batch_is_known),
        CASE(inner_node_is_no_leaf),
        CASE(tree_with_a_leaf_twice_is_another_tree),
        CASE(the_longest_path_is_walked_to_its_end),
        CASE(signature_of_another_context_is_refused),
        CASE(batch_costs_one_signature_and_each_node_once),
        CASE(the_last_batch_is_always_known),
        CASE(small_memory_changes_no_answer),
        CASE(full_or_unsigned_batch_says_so),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("batch", tests, NULL, NULL) : 1;
}
