/* Checks the bounds that frame.h promises: no frame of any kind is longer than its kind may be, and
 * none is read beyond what there is of it. */
#include "frame.h"
#include "frame_take.h"

#include "t.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = FRAME_REGISTRY_MAX + 64 };

static uint8_t *room;

static int setup(void **state)
{
    (void)state;
    room = calloc(1, ROOM);
    return room == NULL;
}

static int teardown(void **state)
{
    (void)state;
    free(room);
    return 0;
}

static enum err parse(struct span frame)
{
    static union {
        struct frame_envelope envelope;
        struct frame_bundle bundle;
        struct frame_receipts receipts;
        struct frame_document document;
        struct frame_registry registry;
    } out;
    enum frame_kind kind;
    assert_int_equal(frame_kind(frame, &kind), OK);
    switch (kind) {
    case FRAME_ENVELOPE:
        return frame_parse_envelope(frame, &out.envelope);
    case FRAME_BUNDLE:
        return frame_parse_bundle(frame, &out.bundle);
    case FRAME_RECEIPTS:
        return frame_parse_receipts(frame, &out.receipts);
    case FRAME_DOCUMENT:
        return frame_parse_document(frame, &out.document);
    default:
        return frame_parse_registry(frame, &out.registry);
    }
}

static void a_frame_that_is_longer_than_its_kind_is_refused(void **state)
{
    static const struct {
        const char *magic;
        size_t max;
    } rows[] = {
        {"LSE1", FRAME_MAX},          {"LSB1", FRAME_BUNDLE_MAX},
        {"LSR1", FRAME_MAX},          {"LSD1", FRAME_DOCUMENT_FRAME_MAX},
        {"LSG1", FRAME_REGISTRY_MAX},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("%s\n", rows[i].magic);
        memset(room, 1, rows[i].max + 1); /* lengths and counts that are not zero */
        memcpy(room, rows[i].magic, 4);
        assert_int_equal(parse(span_of(room, rows[i].max + 1)), ERR_FRAME_LENGTH);
    }
}

static void a_signature_that_breaks_off_anywhere_is_refused(void **state)
{
    static const uint8_t kid[FRAME_KID_LEN] = {1};
    static const uint8_t sig[FRAME_SIG_LEN] = {2};
    const struct frame_signature whole = {
        .alg = FRAME_ALG_ED25519, .kid = kid, .size = 1, .sig = sig};
    struct frame_signature out;
    struct writer w = writer_of(room, ROOM);
    (void)state;
    frame_write_signature(&w, &whole);
    for (size_t len = 0; len < w.len; len++)
        assert_int_equal(frame_parse_signature(span_of(room, len), &out), ERR_FRAME_LENGTH);
    assert_int_equal(frame_parse_signature(writer_span(&w), &out), OK);
}

static void a_part_has_one_wrap_for_each_of_so_many_readers(void **state)
{
    struct frame_envelope e;
    (void)state;
    for (size_t wraps = 0; wraps <= FRAME_AUDIENCE_MAX + 1; wraps += FRAME_AUDIENCE_MAX + 1) {
        struct writer w = writer_of(room, ROOM);
        static const uint8_t zeros[(FRAME_AUDIENCE_MAX + 1) * FRAME_WRAP_LEN];
        write_bytes(&w, "LSE1", 4);
        frame_write_sized(&w, 4, span_str("H"));
        write_uint(&w, 1, 1);
        write_uint(&w, 1, 1);
        frame_write_sized(&w, 4, span_of(zeros, wraps * FRAME_WRAP_LEN));
        assert_int_equal(frame_parse_envelope(writer_span(&w), &e), ERR_WRAP_COUNT);
    }
}

static void a_bundle_takes_what_fits_and_gives_it_once(void **state)
{
    struct frame_bundle b;
    struct frame_receipts r;
    struct frame_receipt receipt;
    struct span one;
    (void)state;
    struct writer w = writer_of(room, 4 + 1 + 4 + 7);
    frame_bundle_begin(&w);
    assert_false(frame_bundle_add(&w, 0, span_str("LSK1abcd"))); /* a byte too many */
    assert_true(frame_bundle_add(&w, 0, span_str("LSK1abc")));
    assert_false(frame_bundle_add(&w, 0, span_str(""))); /* no room for its length */
    assert_int_equal(frame_parse_bundle(writer_span(&w), &b), OK);
    assert_true(frame_bundle_next(&b, &one));
    assert_false(frame_bundle_next(&b, &one));
    w.full = true;
    assert_false(frame_bundle_add(&w, 0, span_str("")));
    b = (struct frame_bundle){.rest = span_str("LSK")};
    assert_false(frame_bundle_next(&b, &one));
    r = (struct frame_receipts){.rest = span_str("\x09")};
    assert_false(frame_receipts_next(&r, &receipt));
    r.rest.len = 0;
    assert_false(frame_receipts_next(&r, &receipt));
    assert_string_equal(frame_kind_name((enum frame_kind)99), "");
    assert_string_equal(frame_kind_name(FRAME_BUNDLE), "LSB1");
}

/* Those that hold frames of other kinds hold none of their own. */
static void what_travels_alone_is_in_no_bundle(void **state)
{
    static const struct {
        const char *frame;
        enum err want;
    } rows[] = {
        {"LSK1abcd", OK},          {"LSB1abcd", ERR_NESTING}, {"LSF1abcd", ERR_NESTING},
        {"LSG1abcd", ERR_NESTING}, {"LSP1abcd", ERR_NESTING}, {"none", ERR_FRAME_EMPTY},
    };
    struct frame_bundle b;
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct writer w = writer_of(room, ROOM);
        print_message("%s\n", rows[i].frame);
        frame_bundle_begin(&w);
        assert_true(frame_bundle_add(&w, 0, span_str(rows[i].frame)));
        assert_int_equal(frame_parse_bundle(writer_span(&w), &b), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_that_is_longer_than_its_kind_is_refused),
        cmocka_unit_test(a_signature_that_breaks_off_anywhere_is_refused),
        cmocka_unit_test(a_part_has_one_wrap_for_each_of_so_many_readers),
        cmocka_unit_test(a_bundle_takes_what_fits_and_gives_it_once),
        cmocka_unit_test(what_travels_alone_is_in_no_bundle),
    };
    return cmocka_run_group_tests_name("frame_bounds", tests, setup, teardown);
}
