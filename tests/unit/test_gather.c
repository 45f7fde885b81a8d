/* Checks the guarantees of net/gather.h. */
#include "net/gather.h"

#include "t.h"

static void before_the_first_commit_nothing_waits(void **state)
{
    (void)state;
    const struct gather g = {0};
    assert_int_equal(gather_left_ms(&g, false, 0), 0);
    assert_int_equal(gather_left_ms(&g, false, 1), 0);
}

static void behind_a_small_batch_nothing_waits(void **state)
{
    (void)state;
    for (size_t leaves = 0; leaves < GATHER_LEAVES; leaves++) {
        struct gather g = {0};
        gather_committed(&g, leaves, 1000);
        assert_int_equal(gather_left_ms(&g, false, 1000), 0);
    }
}

static void behind_a_batch_the_next_waits_for_what_it_was_worth(void **state)
{
    (void)state;
    for (uint64_t worth = 1; worth <= GATHER_MS; worth++) {
        struct gather g = {0};
        gather_committed(&g, worth * GATHER_LEAVES, 1000);
        for (uint64_t ms = 0; ms <= worth; ms++)
            assert_int_equal(gather_left_ms(&g, false, 1000 + ms), worth - ms);
        gather_committed(&g, worth * GATHER_LEAVES - 1, 1000);
        assert_int_equal(gather_left_ms(&g, false, 1000), worth - 1);
    }
}

static void behind_the_largest_batch_nothing_waits_longer(void **state)
{
    (void)state;
    struct gather g = {0};
    gather_committed(&g, SIZE_MAX, 1000);
    assert_int_equal(gather_left_ms(&g, false, 1000), GATHER_MS);
    assert_int_equal(gather_left_ms(&g, false, 1000 + GATHER_MS), 0);
    assert_int_equal(gather_left_ms(&g, false, UINT64_MAX), 0);
}

static void a_batch_that_is_full_or_has_failed_does_not_wait(void **state)
{
    (void)state;
    struct gather g = {0};
    gather_committed(&g, 1000, 1000);
    assert_int_equal(gather_left_ms(&g, true, 1001), 0);
}

static void one_small_batch_ends_it(void **state)
{
    (void)state;
    struct gather g = {0};
    gather_committed(&g, 1000, 1000);
    gather_committed(&g, GATHER_LEAVES - 1, 1004);
    assert_int_equal(gather_left_ms(&g, false, 1004), 0);
}

static void a_clock_that_steps_back_makes_nobody_wait(void **state)
{
    (void)state;
    struct gather g = {0};
    gather_committed(&g, 1000, 1000);
    assert_int_equal(gather_left_ms(&g, false, 999), 0);
    assert_int_equal(gather_left_ms(&g, false, 0), 0);
}

/* Batches of what came meanwhile, the waits of the law and nothing else: how long the last waits.
 */
static uint64_t settles_at(size_t leaves_per_ms)
{
    enum { BATCHES = 50, CYCLE_MS = 1 };
    struct gather g = {0};
    uint64_t now = 0;
    uint64_t waited = GATHER_MS;
    for (int i = 0; i < BATCHES; i++) {
        gather_committed(&g, leaves_per_ms * (waited > CYCLE_MS ? waited : CYCLE_MS), now);
        waited = gather_left_ms(&g, false, now);
        now += waited + CYCLE_MS;
    }
    return waited;
}

/* 200 messages a second bring less than one leaf a millisecond, half of the peak about twenty. */
static void few_messages_end_up_waiting_for_nobody_and_many_for_the_longest(void **state)
{
    (void)state;
    assert_int_equal(settles_at(1), 0);
    assert_int_equal(settles_at(GATHER_LEAVES - 1), 0);
    assert_int_equal(settles_at(20), GATHER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_first_commit_nothing_waits),
        cmocka_unit_test(behind_a_small_batch_nothing_waits),
        cmocka_unit_test(behind_a_batch_the_next_waits_for_what_it_was_worth),
        cmocka_unit_test(behind_the_largest_batch_nothing_waits_longer),
        cmocka_unit_test(a_batch_that_is_full_or_has_failed_does_not_wait),
        cmocka_unit_test(one_small_batch_ends_it),
        cmocka_unit_test(a_clock_that_steps_back_makes_nobody_wait),
        cmocka_unit_test(few_messages_end_up_waiting_for_nobody_and_many_for_the_longest),
    };
    return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}
