/* Holds core/peers.h to its guarantees. Time is a number. */
#include "core/peers.h"

#include "t.h"

#include <stdio.h>

static int setup(void **state)
{
    static struct peers peers;
    assert_int_equal(peers_open(&peers), OK);
    *state = &peers;
    return 0;
}

static int teardown(void **state)
{
    peers_close(*state);
    return 0;
}

static void a_peer_keeps_its_number(void **state)
{
    uint32_t a;
    uint32_t b;
    uint32_t again;
    assert_int_equal(peers_find(*state, "market.445100/0011", &a), OK);
    assert_int_equal(peers_find(*state, "market.445100/0022", &b), OK);
    assert_int_equal(peers_find(*state, "market.445100/0011", &again), OK);
    assert_int_not_equal(a, b);
    assert_int_equal(a, again);
    assert_string_equal(((struct peers *)*state)->rows[a].member, "market.445100");
}

static void malformed_user_ids_are_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "market.445100",
        "/0011",
        "a-member-whose-name-is-longer-than-any.445100/0011",
        "market.445100/00112233445566778899001122334455667788990011223344556677",
    };
    uint32_t number;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(peers_find(*state, rows[i], &number), ERR_FIELD_VALUE);
    }
}

static void more_peers_than_the_table_are_busy(void **state)
{
    char user[CORE_USER_ID_MAX];
    uint32_t number;
    for (unsigned i = 0; i < CORE_PEER_MAX; i++) {
        snprintf(user, sizeof user, "market.445100/%04x", i);
        assert_int_equal(peers_find(*state, user, &number), OK);
    }
    assert_int_equal(peers_find(*state, "market.445100/ffff", &number), ERR_BUSY);
    assert_int_equal(peers_find(*state, "market.445100/0000", &number), OK);
}

static void a_bucket_empties_and_refills_by_time_alone(void **state)
{
    (void)state;
    static const struct {
        uint64_t at_ms;
        unsigned take;
        enum err last;
    } rows[] = {
        {1000, 10, OK},                                               /* full at first */
        {1000, 1, ERR_BUSY}, {1099, 1, ERR_BUSY},                     /* not a whole token yet */
        {1100, 1, OK},       {1100, 1, ERR_BUSY}, {900, 1, ERR_BUSY}, /* the clock stepped back */
        {9000, 10, OK}, /* never more than a second's worth */
        {9000, 1, ERR_BUSY},
    };
    struct peer peer = {0};
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        enum err err = OK;
        print_message("row %zu\n", i);
        for (unsigned n = 0; n < rows[i].take; n++)
            err = peer_take_token(&peer, 10, rows[i].at_ms);
        assert_int_equal(err, rows[i].last);
    }
}

static void refusals_of_a_second_are_taken_once(void **state)
{
    (void)state;
    struct peer peer = {0};
    struct refusal_count counts[PEER_REFUSAL_CODES];
    size_t count;
    peer_count_refusal(&peer, ERR_SIGNATURE, 5000);
    peer_count_refusal(&peer, ERR_SIGNATURE, 5500);
    peer_count_refusal(&peer, ERR_REALM, 5999);
    assert_false(peer_take_refusals(&peer, 5999, counts, &count));
    assert_true(peer_take_refusals(&peer, 6000, counts, &count));
    assert_int_equal(count, 2);
    assert_int_equal(counts[0].code, ERR_SIGNATURE);
    assert_int_equal(counts[0].count, 2);
    assert_int_equal(counts[1].count, 1);
    assert_false(peer_take_refusals(&peer, 9000, counts, &count));
}

static void more_kinds_than_columns_lose_no_count(void **state)
{
    (void)state;
    struct peer peer = {0};
    struct refusal_count counts[PEER_REFUSAL_CODES];
    size_t count;
    uint32_t sum = 0;
    for (unsigned i = 0; i < 20; i++)
        peer_count_refusal(&peer, err_from_code(201 + i), 1000);
    assert_true(peer_take_refusals(&peer, 3000, counts, &count));
    for (size_t i = 0; i < count; i++)
        sum += counts[i].count;
    assert_int_equal(sum, 20);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_peer_keeps_its_number),
        CASE(malformed_user_ids_are_refused),
        CASE(more_peers_than_the_table_are_busy),
        CASE(a_bucket_empties_and_refills_by_time_alone),
        CASE(refusals_of_a_second_are_taken_once),
        CASE(more_kinds_than_columns_lose_no_count),
    };
    return cmocka_run_group_tests_name("peers", tests, NULL, NULL);
}
