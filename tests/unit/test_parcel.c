/* Checks the guarantees of net/parcel.h. */
#include "net/parcel.h"

#include "t.h"

#include <stdlib.h>

static uint8_t bytes[FRAME_BUNDLE_MAX + 64];

/* A frame of this kind and length whose bytes are told apart by `fill`. */
static struct span frame_at(size_t at, const char *magic, size_t len, uint8_t fill)
{
    memset(bytes + at, fill, len);
    memcpy(bytes + at, magic, FRAME_MAGIC_LEN);
    return span_of(bytes + at, len);
}

static size_t write_parcel(const struct parcel *p, uint8_t *out, size_t cap)
{
    struct writer w = writer_of(out, cap);
    parcel_write(p, &w);
    assert_false(w.full);
    assert_int_equal(w.len, parcel_len(p));
    return w.len;
}

static void an_empty_parcel_is_nothing(void **state)
{
    (void)state;
    struct parcel p = {.piece_count = 0};
    uint8_t out[1];
    assert_int_equal(write_parcel(&p, out, 0), 0);
}

static void a_frame_alone_stays_as_it_is(void **state)
{
    (void)state;
    struct parcel p = {.piece_count = 0};
    uint8_t out[64];
    const struct span one = frame_at(0, "LSK1", 40, 7);
    assert_true(parcel_add(&p, 3, one));
    assert_true(span_eq(span_of(out, write_parcel(&p, out, sizeof out)), one));
}

static void the_peer_reads_the_frames_in_their_order_and_bundles_do_not_nest(void **state)
{
    (void)state;
    struct parcel p = {.piece_count = 0};
    static uint8_t inner[256], out[1024];
    const struct span frames[] = {frame_at(0, "LSR1", 50, 1), frame_at(100, "LSV1", 60, 2),
                                  frame_at(200, "LSE1", 70, 3), frame_at(300, "LSK1", 20, 4)};
    struct writer w = writer_of(inner, sizeof inner);
    frame_bundle_begin(&w);
    assert_true(frame_bundle_add(&w, 0, frames[1]));
    assert_true(frame_bundle_add(&w, 0, frames[2]));
    assert_true(parcel_add(&p, 9, frames[0]));
    assert_true(parcel_add(&p, 9, writer_span(&w)));
    assert_true(parcel_add(&p, 9, frames[3]));

    struct frame_bundle bundle;
    struct span got;
    assert_int_equal(frame_parse_bundle(span_of(out, write_parcel(&p, out, sizeof out)), &bundle),
                     OK);
    for (size_t i = 0; i < T_COUNT(frames); i++) {
        assert_true(frame_bundle_next(&bundle, &got));
        assert_true(span_eq(got, frames[i]));
    }
    assert_false(frame_bundle_next(&bundle, &got));
}

static void another_peer_needs_another_parcel(void **state)
{
    (void)state;
    struct parcel p = {.piece_count = 0};
    const struct span one = frame_at(0, "LSK1", 20, 1);
    assert_true(parcel_add(&p, 1, one));
    assert_false(parcel_add(&p, 2, one));
    parcel_clear(&p);
    assert_true(parcel_add(&p, 2, one));
    assert_int_equal(p.peer, 2);
}

static void a_bundle_holds_no_more_frames_than_the_protocol_allows(void **state)
{
    (void)state;
    struct parcel p = {.piece_count = 0};
    static uint8_t out[FRAME_BUNDLE_MAX];
    struct frame_bundle bundle;
    const struct span one = frame_at(0, "LSK1", 20, 1);
    for (int i = 0; i < FRAME_BUNDLE_FRAMES_MAX; i++)
        assert_true(parcel_add(&p, 1, one));
    assert_false(parcel_add(&p, 1, one));
    assert_int_equal(frame_parse_bundle(span_of(out, write_parcel(&p, out, sizeof out)), &bundle),
                     OK);
}

/* Two frames that fill a bundle to the byte, and one byte more. */
static void a_bundle_is_no_longer_than_the_protocol_allows(void **state)
{
    (void)state;
    static uint8_t out[FRAME_BUNDLE_MAX];
    struct frame_bundle bundle;
    const size_t first_len = 1000;
    const size_t rest = FRAME_BUNDLE_MAX - (FRAME_MAGIC_LEN + 1) - (4 + first_len) - 4;
    for (size_t more = 0; more <= 1; more++) {
        struct parcel p = {.piece_count = 0};
        assert_true(parcel_add(&p, 1, frame_at(0, "LSE1", first_len, 1)));
        assert_int_equal(parcel_add(&p, 1, frame_at(first_len, "LSE1", rest + more, 2)), more == 0);
        if (more == 0)
            assert_int_equal(
                frame_parse_bundle(span_of(out, write_parcel(&p, out, sizeof out)), &bundle), OK);
    }
}

static void a_frame_that_fits_no_bundle_travels_alone(void **state)
{
    (void)state;
    struct parcel p = {.piece_count = 0};
    const struct span big = frame_at(0, "LSE1", FRAME_BUNDLE_MAX - 8, 1);
    const struct span small = frame_at(FRAME_BUNDLE_MAX - 8, "LSK1", 20, 2);
    assert_true(parcel_add(&p, 1, small));
    assert_false(parcel_add(&p, 1, big));
    parcel_clear(&p);
    assert_true(parcel_add(&p, 1, big));
    assert_false(parcel_add(&p, 1, small));
    assert_int_equal(parcel_len(&p), big.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_parcel_is_nothing),
        cmocka_unit_test(a_frame_alone_stays_as_it_is),
        cmocka_unit_test(the_peer_reads_the_frames_in_their_order_and_bundles_do_not_nest),
        cmocka_unit_test(another_peer_needs_another_parcel),
        cmocka_unit_test(a_bundle_holds_no_more_frames_than_the_protocol_allows),
        cmocka_unit_test(a_bundle_is_no_longer_than_the_protocol_allows),
        cmocka_unit_test(a_frame_that_fits_no_bundle_travels_alone),
    };
    return cmocka_run_group_tests_name("parcel", tests, NULL, NULL);
}
