/*
 * Checks the promises in keys/tlog_proof.h: what is read is what is written, and one letter more or
 * less anywhere is none.
 */
#include "keys/tlog_proof.h"

#include "keys/merkle.h"

#include "t.h"

#include <stdlib.h>
#include <string.h>

#define HEAD  "c2sp.org/tlog-proof@v1\n"
#define LEAF  "extra bGVhZg==\n" /* "leaf" */
#define INDEX "index 7\n"
#define HASH  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define NOTE  "origin\n5\n"

static struct tlog_proof proof;

static enum err read_text(const char *text)
{
    return tlog_proof_read(&proof, span_str(text));
}

static void what_is_read_is_what_was_written(void **state)
{
    static uint8_t file[TLOG_PROOF_MAX + 8];
    merkle_hash path[MERKLE_PATH_MAX];
    static const uint64_t indexes[] = {0, 7, UINT64_MAX};
    (void)state;
    for (size_t i = 0; i < MERKLE_PATH_MAX; i++)
        memset(path[i], (int)i, HASH_LEN);
    for (size_t i = 0; i < T_COUNT(indexes); i++) {
        for (size_t count = 0; count <= MERKLE_PATH_MAX; count += MERKLE_PATH_MAX / 2) {
            struct writer w = writer_of(file, sizeof file);
            assert_int_equal(tlog_proof_write(&w, span_str("leaf"), indexes[i],
                                              (const merkle_hash *)path, count, span_str(NOTE)),
                             OK);
            assert_int_equal(tlog_proof_read(&proof, writer_span(&w)), OK);
            assert_int_equal(proof.index, indexes[i]);
            assert_int_equal(proof.count, count);
            assert_memory_equal(proof.path, path, count * HASH_LEN);
            assert_int_equal(proof.leaf_len, 4);
            assert_memory_equal(proof.leaf, "leaf", 4);
            assert_int_equal(proof.note.len, strlen(NOTE));
            assert_memory_equal(proof.note.data, NOTE, strlen(NOTE));
            struct writer small = writer_of(file, w.len - 1);
            assert_int_equal(tlog_proof_write(&small, span_str("leaf"), indexes[i],
                                              (const merkle_hash *)path, count, span_str(NOTE)),
                             ERR_TOO_LARGE);
        }
    }
}

static void what_is_no_proof_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum err want;
    } rows[] = {
        {HEAD LEAF INDEX HASH "\n" NOTE, OK},
        {HEAD LEAF INDEX "\n", OK},
        {"", ERR_INCLUSION},
        {"c2sp.org/tlog-proof@v1", ERR_INCLUSION},
        {"c2sp.org/tlog-proof@v1x\n" LEAF INDEX HASH "\n" NOTE, ERR_INCLUSION},
        {"c2sp.org/tlog-proof@v2\n" LEAF INDEX HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD, ERR_INCLUSION},
        {HEAD "extra bGVhZg=\n" INDEX HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD "extra bGVhZh==\n" INDEX HASH "\n" NOTE, ERR_INCLUSION}, /* bits that mean nothing */
        {HEAD "Extra bGVhZg==\n" INDEX HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD "ex\n" INDEX HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF "index \n" HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF "index 07\n" HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF "index +7\n" HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF "index  7\n" HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF "index 7 \n" HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF "index -1\n" HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF "index 18446744073709551615\n" HASH "\n" NOTE, OK},
        {HEAD LEAF "index 18446744073709551616\n" HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF "index 184467440737095516150\n" HASH "\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF INDEX "AAEC\n\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF INDEX "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF INDEX "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISE=\n\n" NOTE,
         ERR_INCLUSION},
        {HEAD LEAF INDEX "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=A\n\n" NOTE, ERR_INCLUSION},
        {HEAD LEAF INDEX HASH NOTE, ERR_INCLUSION},
        {HEAD LEAF INDEX HASH, ERR_INCLUSION},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(read_text(rows[i].text), rows[i].want);
    }
    static const char zero[] = HEAD "extra bGVh\0Zg==\n" INDEX "\n";
    assert_int_equal(tlog_proof_read(&proof, span_of((const uint8_t *)zero, sizeof zero - 1)),
                     ERR_INCLUSION);
}

/* One step more than there is in any tree; a file, and a leaf, longer than any. */
static void what_is_too_long_is_refused(void **state)
{
    static uint8_t file[2 * TLOG_PROOF_MAX];
    static uint8_t leaf[LOG_LEAF_MAX + 1];
    (void)state;
    for (size_t steps = MERKLE_PATH_MAX; steps <= MERKLE_PATH_MAX + 1; steps++) {
        struct writer w = writer_of(file, sizeof file);
        write_span(&w, span_str(HEAD LEAF INDEX));
        for (size_t i = 0; i < steps; i++)
            write_span(&w, span_str(HASH));
        write_span(&w, span_str("\n"));
        assert_int_equal(tlog_proof_read(&proof, writer_span(&w)),
                         steps == MERKLE_PATH_MAX ? OK : ERR_INCLUSION);
    }
    for (size_t len = LOG_LEAF_MAX; len <= sizeof leaf; len++) {
        struct writer w = writer_of(file, sizeof file);
        assert_int_equal(tlog_proof_write(&w, span_of(leaf, len), 7, NULL, 0, span_str(NOTE)),
                         len == LOG_LEAF_MAX ? OK : ERR_TOO_LARGE);
        if (len == LOG_LEAF_MAX)
            assert_int_equal(tlog_proof_read(&proof, writer_span(&w)), OK);
    }
    for (size_t more = 0; more <= 1; more++) {
        struct writer w = writer_of(file, sizeof file);
        write_span(&w, span_str(HEAD LEAF INDEX "\n"));
        w.len = TLOG_PROOF_MAX + more;
        assert_int_equal(tlog_proof_read(&proof, writer_span(&w)), more == 0 ? OK : ERR_INCLUSION);
    }
}

static void a_leaf_is_at_its_index_of_the_tree(void **state)
{
    struct checkpoint checkpoint = {.size = 2};
    merkle_hash leaves[2];
    (void)state;
    assert_int_equal(read_text(HEAD LEAF "index 0\n" HASH "\n" NOTE), OK);
    merkle_leaf(leaves[0], span_str("leaf"));
    memcpy(leaves[1], proof.path[0], HASH_LEN);
    merkle_node(checkpoint.root, leaves[0], leaves[1]);
    assert_int_equal(tlog_proof_verify(&proof, &checkpoint), OK);
    proof.index = 1;
    assert_int_equal(tlog_proof_verify(&proof, &checkpoint), ERR_INCLUSION);
    proof.index = 0;
    checkpoint.size = 1;
    assert_int_equal(tlog_proof_verify(&proof, &checkpoint), ERR_INCLUSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_what_was_written),
        cmocka_unit_test(what_is_no_proof_is_refused),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(a_leaf_is_at_its_index_of_the_tree),
    };
    return cmocka_run_group_tests_name("tlog_proof", tests, NULL, NULL);
}
