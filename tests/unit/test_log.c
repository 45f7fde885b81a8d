/* Checks the promises of store/log.h about leaves, each by its number: kept, rolled back, bounded.
 */
#include "unit/log_place.h"
#include "unit/store_beside.h"

static const struct span NONE = {NULL, 0};

static void leaves_are_kept_as_appended(void **state)
{
    struct place *p = *state;
    struct log_entry e;
    struct span body;
    uint8_t want[64];

    append_committed(p, 300);
    place_reopen(p);
    for (uint64_t i = 0; i < 300; i++) {
        merkle_hash a;
        merkle_hash b;
        assert_int_equal(log_get(p->s->log, i, &e), OK);
        assert_int_equal(e.index, i);
        assert_int_equal(e.kind, LOG_RECEIPT + i % 10);
        assert_int_equal(e.time_ms, 1000 + i);
        assert_true(span_eq(e.body, body_of(i, want)));
        assert_true(span_eq(e.beside, beside_of(i, want)));
        assert_int_equal(log_body(p->s->log, i, &body), OK);
        leaf_hash(i, a);
        assert_int_equal(log_leaf_hash(p->s->log, i, b), OK);
        assert_memory_equal(a, b, sizeof a);
    }
    assert_int_equal(log_get(p->s->log, 300, &e), ERR_NOT_FOUND);
    assert_int_equal(log_body(p->s->log, UINT64_MAX, &body), ERR_NOT_FOUND);
}

/* Every place where a tile may or may not fill. */
static void rollback_restores_size_and_root(void **state)
{
    static const struct {
        uint64_t before;
        uint64_t more;
    } rows[] = {{0, 1},   {0, 256}, {0, 700},   {255, 1}, {255, 2},
                {256, 0}, {256, 1}, {256, 256}, {511, 1}, {100, 100}};
    struct place *p = *state;

    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        store_close(&p->s);
        folder_remove(p->dir);
        assert_int_equal(place_try_open(p), OK);
        append_committed(p, rows[i].before);
        begin(p);
        append(p, rows[i].more);
        store_rollback(p->s);
        assert_root(p, rows[i].before);
        append_committed(p, 300);
        assert_root(p, rows[i].before + 300);
        place_reopen(p);
        assert_root(p, rows[i].before + 300);
    }
}

static void rollback_to_savepoint_restores_size_and_root(void **state)
{
    struct place *p = *state;
    append_committed(p, 250);
    for (uint64_t more = 0; more <= 520; more += 13) {
        uint64_t size = log_size(p->s->log);
        begin(p);
        append(p, 3);
        assert_int_equal(store_savepoint(p->s), OK);
        append(p, more);
        assert_int_equal(store_rollback_to(p->s), OK);
        assert_root(p, size + 3);
        assert_int_equal(store_savepoint(p->s), OK);
        append(p, 2);
        assert_int_equal(store_release(p->s), OK);
        commit(p);
        assert_root(p, size + 5);
    }
    place_reopen(p);
    assert_root(p, 250 + 41 * 5);
}

static void rollback_over_a_level_one_tile(void **state)
{
    struct place *p = *state;
    append_committed(p, 65530);
    begin(p);
    append(p, 300);
    store_rollback(p->s);
    assert_root(p, 65530);
    append_committed(p, 10);
    assert_root(p, 65540);
}

static void leaves_too_long_are_refused(void **state)
{
    struct place *p = *state;
    uint8_t *big = calloc(1, LOG_BODY_MAX + 1);
    uint64_t index;
    begin(p);
    assert_int_equal(
        log_append(p->s->log, LOG_RECEIPT, 1, span_of(big, LOG_BODY_MAX + 1), NONE, &index),
        ERR_TOO_LARGE);
    assert_int_equal(
        log_append(p->s->log, LOG_RECEIPT, 1, span_of(big, LOG_BODY_MAX), NONE, &index), OK);
    assert_int_equal(log_append(p->s->log, LOG_RECEIPT, 1, NONE, NONE, &index), OK);
    commit(p);
    assert_int_equal(log_size(p->s->log), 2);
    free(big);
}

static void append_outside_a_transaction_is_refused(void **state)
{
    struct place *p = *state;
    uint64_t index;
    assert_int_equal(log_append(p->s->log, LOG_RECEIPT, 1, span_of("x", 1), NONE, &index),
                     ERR_INTERNAL);
    assert_int_equal(log_size(p->s->log), 0);
}

/* The leaves of the open transaction are in no row yet. */
static void a_pending_leaf_is_readable_and_goes_with_the_rollback(void **state)
{
    struct place *p = *state;
    struct log_entry e;
    uint8_t want[64];

    append_committed(p, 10);
    begin(p);
    append(p, 3);
    assert_int_equal(store_savepoint(p->s), OK);
    append(p, 300);
    assert_int_equal(log_get(p->s->log, 300, &e), OK);
    assert_true(span_eq(e.body, body_of(300, want)));
    assert_true(span_eq(e.beside, beside_of(300, want)));
    assert_int_equal(store_rollback_to(p->s), OK);
    assert_int_equal(log_get(p->s->log, 13, &e), ERR_NOT_FOUND);
    append(p, 2); /* checks that the indexes are given again */
    assert_int_equal(log_get(p->s->log, 14, &e), OK);
    store_rollback(p->s);
    assert_int_equal(log_get(p->s->log, 10, &e), ERR_NOT_FOUND);
    assert_int_equal(log_get(p->s->log, 9, &e), OK);
    place_reopen(p);
    assert_root(p, 10);
}

/* Two leaves of each moment. */
static void the_first_leaf_of_a_moment_or_of_the_next_one_is_found(void **state)
{
    static const struct {
        uint64_t time_ms;
        uint64_t index;
    } rows[] = {{0, 0}, {10, 0}, {11, 2}, {20, 2}, {30, 4}, {31, 6}, {UINT64_MAX, 6}};
    struct place *p = *state;
    uint64_t index;
    assert_int_equal(log_since(p->s->log, 5, &index), OK);
    assert_int_equal(index, 0);
    begin(p);
    for (uint64_t i = 0; i < 6; i++)
        assert_int_equal(log_append(p->s->log, LOG_ADMIN, (i / 2 + 1) * 10, span_str("leaf"),
                                    span_of(NULL, 0), &index),
                         OK);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        assert_int_equal(log_since(p->s->log, rows[i].time_ms, &index), OK);
        assert_int_equal(index, rows[i].index);
    }
    store_rollback(p->s);
}

/* A transaction with far more leaves than memory holds, big ones among them. */
static void a_long_transaction_is_written_as_it_goes(void **state)
{
    enum { COUNT = 400 };
    struct place *p = *state;
    uint8_t *big = calloc(1, LOG_BODY_MAX);
    uint64_t index;
    struct log_entry e;

    for (int round = 0; round < 3; round++) {
        begin(p);
        for (uint64_t i = 0; i < COUNT; i++) {
            memset(big, (int)i, LOG_BODY_MAX);
            assert_int_equal(log_append(p->s->log, LOG_ADMIN, i, span_of(big, i * 163 % 65536),
                                        span_of(big, i * 91 % LOG_BESIDE_MAX), &index),
                             OK);
            if (i % 50 == 49) {
                assert_int_equal(store_savepoint(p->s), OK);
                for (int k = 0; k < 9; k++)
                    assert_int_equal(log_append(p->s->log, LOG_ADMIN, 1, span_of(big, LOG_BODY_MAX),
                                                span_of(big, LOG_BESIDE_MAX), &index),
                                     OK);
                assert_int_equal(store_rollback_to(p->s), OK);
            }
        }
        if (round == 0)
            store_rollback(p->s);
        else
            commit(p);
        assert_int_equal(log_size(p->s->log), COUNT * round);
        if (round == 1)
            place_reopen(p);
    }
    for (uint64_t i = 0; i < 2 * COUNT; i++) {
        uint64_t n = i % COUNT;
        memset(big, (int)n, LOG_BODY_MAX);
        assert_int_equal(log_get(p->s->log, i, &e), OK);
        assert_true(span_eq(e.body, span_of(big, n * 163 % 65536)));
        assert_true(span_eq(e.beside, span_of(big, n * 91 % LOG_BESIDE_MAX)));
    }
    for (uint64_t t = 0; t < 4; t++)
        assert_int_equal(log_scrub(p->s->log, t, &p->f), OK);
    free(big);
}

static void one_savepoint_takes_a_bounded_number_of_bytes(void **state)
{
    struct place *p = *state;
    uint8_t *big = calloc(1, LOG_BODY_MAX);
    uint64_t index;
    unsigned count = 0;
    enum err err = OK;

    append_committed(p, 5);
    begin(p);
    append(p, 5);
    assert_int_equal(store_savepoint(p->s), OK);
    for (; err == OK && count < 1000; count++)
        err = log_append(p->s->log, LOG_ADMIN, 1, span_of(big, LOG_BODY_MAX), NONE, &index);
    assert_int_equal(err, ERR_BUSY);
    assert_true(count > 16); /* a mebibyte */
    assert_int_equal(store_rollback_to(p->s), OK);
    append(p, 5);
    commit(p);
    place_reopen(p);
    assert_root(p, 15);
    free(big);
}

static void too_much_beside_is_refused(void **state)
{
    struct place *p = *state;
    uint8_t *big = calloc(1, LOG_BESIDE_MAX + 1);
    uint64_t index;
    begin(p);
    assert_int_equal(
        log_append(p->s->log, LOG_RECEIPT, 1, NONE, span_of(big, LOG_BESIDE_MAX + 1), &index),
        ERR_TOO_LARGE);
    commit(p);
    assert_int_equal(log_size(p->s->log), 0);
    free(big);
}

static void the_leaves_of_a_commit_share_rows(void **state)
{
    struct place *p = *state;
    append_committed(p, 200);
    assert_int_equal(place_rows(p, "SELECT count(*) FROM leaf_block"), 1);
    append_committed(p, 100); /* over the end of a tile */
    assert_int_equal(place_rows(p, "SELECT count(*) FROM leaf_block"), 3);
    assert_int_equal(place_rows(p, "SELECT max(first) FROM leaf_block"), 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(leaves_are_kept_as_appended),
        CASE(rollback_restores_size_and_root),
        CASE(rollback_to_savepoint_restores_size_and_root),
        CASE(rollback_over_a_level_one_tile),
        CASE(leaves_too_long_are_refused),
        CASE(append_outside_a_transaction_is_refused),
        CASE(a_pending_leaf_is_readable_and_goes_with_the_rollback),
        CASE(the_first_leaf_of_a_moment_or_of_the_next_one_is_found),
        CASE(a_long_transaction_is_written_as_it_goes),
        CASE(one_savepoint_takes_a_bounded_number_of_bytes),
        CASE(too_much_beside_is_refused),
        CASE(the_leaves_of_a_commit_share_rows),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
