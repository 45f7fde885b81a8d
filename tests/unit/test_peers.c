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
            err = peer_take_token(&peer, 10, 0, rows[i].at_ms);
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

static void a_reserve_of_the_bucket_is_only_for_those_who_may_take_it(void **state)
{
    (void)state;
    struct peer peer = {0};
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(peer_take_token(&peer, 10, 2, 1000), OK);
    assert_int_equal(peer_take_token(&peer, 10, 2, 1000), ERR_BUSY);
    assert_int_equal(peer_take_token(&peer, 10, 0, 1000), OK);
    assert_int_equal(peer_take_token(&peer, 10, 0, 1000), OK);
    assert_int_equal(peer_take_token(&peer, 10, 0, 1000), ERR_BUSY);
}

static void waking_a_member_marks_its_adapters_and_no_others(void **state)
{
    struct peers *peers = *state;
    uint32_t a, b, other;
    assert_int_equal(peers_find(peers, "market.445100/0011", &a), OK);
    assert_int_equal(peers_find(peers, "health.445100/0022", &other), OK);
    assert_int_equal(peers_find(peers, "market.445100/0033", &b), OK);
    peers_wake(peers, "market.445100", WAKE_QUEUE);
    peers_wake(peers, "police.445100", WAKE_QUEUE); /* nobody */
    assert_int_equal(peers->rows[a].wake, WAKE_QUEUE);
    assert_int_equal(peers->rows[b].wake, WAKE_QUEUE);
    assert_int_equal(peers->rows[other].wake, 0);
    peers_wake(peers, "market.445100", WAKE_STREAM);
    assert_int_equal(peers->rows[a].wake, WAKE_QUEUE | WAKE_STREAM);
}

static void every_member_of_a_full_table_is_found(void **state)
{
    struct peers *peers = *state;
    char user[CORE_USER_ID_MAX];
    uint32_t number;
    for (unsigned i = 0; i < CORE_PEER_MAX; i++) {
        snprintf(user, sizeof user, "market.%06u/0000", i);
        assert_int_equal(peers_find(peers, user, &number), OK);
    }
    for (unsigned i = 0; i < CORE_PEER_MAX; i++) {
        snprintf(user, sizeof user, "market.%06u", i);
        peers_wake(peers, user, WAKE_QUEUE);
        assert_int_equal(peers->rows[i].wake, WAKE_QUEUE);
    }
    peers_wake(peers, "market.999999", WAKE_QUEUE); /* an unknown one ends its search */
}

static struct peer with_window(uint32_t messages)
{
    return (struct peer){.window_messages = messages};
}

static void a_breaker_opens_after_so_many_leases_in_vain_and_lets_one_probe_out(void **state)
{
    (void)state;
    struct peer peer = with_window(64);
    for (unsigned i = 1; i < BREAKER_LEASES; i++)
        assert_false(peer_overdue(&peer, 1000, 0));
    assert_int_equal(peer_allows(&peer, 1000), 64);
    assert_true(peer_overdue(&peer, 1000, 0));
    assert_int_equal(peer_allows(&peer, 1000), 0);
    assert_int_equal(peer_allows(&peer, 1000 + BREAKER_FIRST_MS), 1);
    peer.out_messages = 1;
    assert_int_equal(peer_allows(&peer, 1000 + BREAKER_FIRST_MS), 0);
}

static void an_open_breaker_waits_longer_each_time_up_to_its_bound(void **state)
{
    (void)state;
    struct peer peer = with_window(1);
    uint64_t now_ms = 1000;
    uint64_t last_ms = 0;
    for (unsigned i = 0; i < BREAKER_LEASES - 1; i++)
        assert_false(peer_overdue(&peer, now_ms, UINT16_MAX));
    for (unsigned i = 0; i < 40; i++) {
        (void)peer_overdue(&peer, now_ms, UINT16_MAX);
        assert_true(peer.breaker_ms - now_ms >= last_ms);
        assert_true(peer.breaker_ms - now_ms <= BREAKER_MAX_MS);
        last_ms = peer.breaker_ms - now_ms;
        now_ms = peer.breaker_ms;
    }
    assert_int_equal(last_ms, BREAKER_MAX_MS);
}

static void leases_that_end_together_open_a_breaker_once(void **state)
{
    (void)state;
    struct peer peer = with_window(64);
    for (unsigned i = 0; i < 64; i++)
        (void)peer_overdue(&peer, 1000, 0);
    assert_int_equal(peer.breaker_step, 1);
}

static void an_answer_closes_the_breaker(void **state)
{
    (void)state;
    struct peer peer = with_window(64);
    for (unsigned i = 0; i < BREAKER_LEASES; i++)
        (void)peer_overdue(&peer, 1000, 0);
    peer_answered(&peer);
    assert_int_equal(peer_allows(&peer, 1000), 64);
    assert_false(peer_overdue(&peer, 1000, 0));
}

static void nobody_gets_more_than_the_window(void **state)
{
    (void)state;
    struct peer peer = with_window(4);
    peer.out_messages = 3;
    assert_int_equal(peer_allows(&peer, 1000), 1);
    peer.out_messages = 4;
    assert_int_equal(peer_allows(&peer, 1000), 0);
    peer.out_messages = 5; /* the window was made smaller */
    assert_int_equal(peer_allows(&peer, 1000), 0);
}

/* T-07: so many at once, as after a network that was gone, and then one a second. */
static void a_key_makes_so_many_connections_and_then_one_a_second(void **state)
{
    uint32_t a;
    uint32_t b;
    uint64_t now = 1000000;
    assert_int_equal(peers_find(*state, "market.445100/0011", &a), OK);
    assert_int_equal(peers_find(*state, "market.445100/0022", &b), OK);
    struct peer *peer = &((struct peers *)*state)->rows[a];
    for (unsigned i = 0; i < DOOR_BURST; i++)
        assert_int_equal(peer_enters(peer, now), OK);
    assert_int_equal(peer_enters(peer, now), ERR_BUSY);
    assert_int_equal(peer_enters(&((struct peers *)*state)->rows[b], now), OK);
    for (unsigned i = 0; i < 10; i++) {
        now += DOOR_EACH_MS;
        assert_int_equal(peer_enters(peer, now - 1), ERR_BUSY);
        assert_int_equal(peer_enters(peer, now), OK);
        assert_int_equal(peer_enters(peer, now), ERR_BUSY);
    }
    assert_int_equal(peer_enters(peer, now - 10 * DOOR_EACH_MS), ERR_BUSY); /* a clock set back */
    now += 10 * (uint64_t)DOOR_BURST * DOOR_EACH_MS;
    for (unsigned i = 0; i < DOOR_BURST; i++)
        assert_int_equal(peer_enters(peer, now), OK);
    assert_int_equal(peer_enters(peer, now), ERR_BUSY);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_peer_keeps_its_number),
        CASE(malformed_user_ids_are_refused),
        CASE(more_peers_than_the_table_are_busy),
        CASE(a_bucket_empties_and_refills_by_time_alone),
        CASE(a_key_makes_so_many_connections_and_then_one_a_second),
        CASE(refusals_of_a_second_are_taken_once),
        CASE(more_kinds_than_columns_lose_no_count),
        CASE(a_reserve_of_the_bucket_is_only_for_those_who_may_take_it),
        CASE(waking_a_member_marks_its_adapters_and_no_others),
        CASE(every_member_of_a_full_table_is_found),
        CASE(a_breaker_opens_after_so_many_leases_in_vain_and_lets_one_probe_out),
        CASE(an_open_breaker_waits_longer_each_time_up_to_its_bound),
        CASE(leases_that_end_together_open_a_breaker_once),
        CASE(an_answer_closes_the_breaker),
        CASE(nobody_gets_more_than_the_window),
    };
    return cmocka_run_group_tests_name("peers", tests, NULL, NULL);
}
