/* Holds core/output.h to its guarantees. */
#include "core/output.h"

#include "t.h"

static int setup(void **state)
{
    static struct output out;
    assert_int_equal(output_open(&out, 1000), OK);
    *state = &out;
    return 0;
}

static int teardown(void **state)
{
    output_close(*state);
    return 0;
}

static void frames_come_out_in_the_order_they_went_in(void **state)
{
    struct output *out = *state;
    uint32_t peer;
    struct span frame;

    assert_true(output_put(out, 7, span_str("one")));
    assert_true(output_put(out, 8, span_str("two")));
    assert_true(output_next(out, &peer, &frame));
    assert_int_equal(peer, 7);
    assert_true(span_eq(frame, span_str("one")));
    assert_true(output_next(out, &peer, &frame));
    assert_int_equal(peer, 8);
    assert_false(output_next(out, &peer, &frame));
}

static void a_frame_that_does_not_fit_is_refused_and_changes_nothing(void **state)
{
    struct output *out = *state;
    static const uint8_t big[600];
    uint32_t peer;
    struct span frame;

    assert_true(output_put(out, 1, span_of(big, sizeof big)));
    assert_false(output_put(out, 2, span_of(big, sizeof big)));
    assert_true(output_put(out, 3, span_of(big, 400)));
    assert_true(output_next(out, &peer, &frame));
    assert_true(output_next(out, &peer, &frame));
    assert_int_equal(peer, 3);
    assert_int_equal(frame.len, 400);
    assert_false(output_next(out, &peer, &frame));
}

static void clearing_gives_all_the_room_back(void **state)
{
    struct output *out = *state;
    static const uint8_t all[1000];

    for (int i = 0; i < 3; i++) {
        assert_true(output_put(out, 1, span_of(all, sizeof all)));
        assert_false(output_put(out, 1, span_of(all, 1)));
        output_clear(out);
    }
}

static void frames_beyond_the_table_are_refused(void **state)
{
    struct output *out = *state;
    for (size_t i = 0; i < OUTPUT_FRAME_MAX; i++)
        assert_true(output_put(out, 1, span_of(NULL, 0)));
    assert_false(output_put(out, 1, span_of(NULL, 0)));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(frames_come_out_in_the_order_they_went_in),
        CASE(a_frame_that_does_not_fit_is_refused_and_changes_nothing),
        CASE(clearing_gives_all_the_room_back),
        CASE(frames_beyond_the_table_are_refused),
    };
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
