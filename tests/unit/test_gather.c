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
    for (size_t leaves = 0; leaves < GATHER_FROM; leaves++) {
        struct gather g = {0};
        gather_committed(&g, leaves, 1000);
        assert_int_equal(gather_left_ms(&g, false, 1000), 0);
    }
}

static void behind_a_large_batch_the_next_waits_for_more_and_no_longer(void **state)
{
    (void)state;
    struct gather g = {0};
    gather_committed(&g, GATHER_FROM, 1000);
    for (uint64_t ms = 0; ms < GATHER_MS; ms++)
        assert_int_equal(gather_left_ms(&g, false, 1000 + ms), GATHER_MS - ms);
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
    gather_committed(&g, GATHER_FROM - 1, 1004);
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

/* One message each five milliseconds, with the receipts of both ends: what 200 a second are. Even
 * behind a full batch it is back to waiting for nobody after one more. */
static void at_few_messages_nothing_waits(void **state)
{
    (void)state;
    struct gather g = {0};
    uint64_t waited = 0;
    gather_committed(&g, 1000, 0);
    for (uint64_t now = 5; now < 1000; now += 5) {
        waited += gather_left_ms(&g, false, now);
        gather_committed(&g, 2, now);
    }
    assert_int_equal(waited, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_first_commit_nothing_waits),
        cmocka_unit_test(behind_a_small_batch_nothing_waits),
        cmocka_unit_test(behind_a_large_batch_the_next_waits_for_more_and_no_longer),
        cmocka_unit_test(a_batch_that_is_full_or_has_failed_does_not_wait),
        cmocka_unit_test(one_small_batch_ends_it),
        cmocka_unit_test(a_clock_that_steps_back_makes_nobody_wait),
        cmocka_unit_test(at_few_messages_nothing_waits),
    };
    return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}
