/* Checks the promises in keys/stamp.h. */
#include "keys/stamp.h"

#include "base/file.h"
#include "scenario/stamper.h"

#include "folder.h"
#include "t.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MAX = 2 * STAMP_LEN_MAX, NOW_S = 1774000000 };

#define NOTE  span_str("a note of a log")
#define OTHER span_str("another note")

static struct {
    char dir[FOLDER_MAX];
    char roots[FOLDER_PATH_MAX];
    char file[FOLDER_PATH_MAX];
    struct stamper *stamper;
    uint8_t request[STAMP_REQUEST_MAX];
    size_t request_len;
    uint8_t answer[ANSWER_MAX];
    size_t len;
} f;

static struct span request(void)
{
    return span_of(f.request, f.request_len);
}

static struct span answer(void)
{
    return span_of(f.answer, f.len);
}

static void ask(struct span data)
{
    const struct entropy entropy = entropy_system();
    struct writer w = writer_of(f.request, sizeof f.request);
    assert_int_equal(stamp_request(data, &entropy, &w), OK);
    f.request_len = w.len;
}

static void grant(int64_t time_s, int seconds, int millis)
{
    uint8_t *bytes = NULL;
    const struct stamper_wish wish = {
        .request = request(), .time_s = time_s, .seconds = seconds, .millis = millis};
    stamper_grant(f.stamper, &wish, f.file);
    assert_int_equal(file_read(f.file, sizeof f.answer, 0, &bytes, &f.len, NULL), OK);
    memcpy(f.answer, bytes, f.len);
    free(bytes);
}

static int setup(void **state)
{
    (void)state;
    folder_make(f.dir, "stamp");
    snprintf(f.roots, sizeof f.roots, "%s/roots.pem", f.dir);
    snprintf(f.file, sizeof f.file, "%s/answer.tsr", f.dir);
    f.stamper = stamper_open(f.roots);
    ask(NOTE);
    grant(NOW_S, 1, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stamper_close(f.stamper);
    folder_remove(f.dir);
    return 0;
}

static enum err verified(struct span asked, struct span data)
{
    struct stamp stamp;
    return stamp_verify(answer(), asked, data, f.roots, &stamp, NULL);
}

static enum err read_it(struct span data)
{
    struct stamp stamp;
    return stamp_read(answer(), data, &stamp, NULL);
}

/* Promises 2 and 3 */
static void an_answer_is_about_what_was_asked_and_carries_its_number(void **state)
{
    const struct span none = span_of(NULL, 0);
    (void)state;
    assert_int_equal(verified(request(), NOTE), OK);
    assert_int_equal(verified(none, NOTE), OK);
    assert_int_equal(read_it(NOTE), OK);
    assert_int_equal(verified(request(), OTHER), ERR_STAMP);
    assert_int_equal(verified(none, OTHER), ERR_STAMP);
    assert_int_equal(read_it(OTHER), ERR_STAMP);
    ask(NOTE); /* another number */
    assert_int_equal(verified(request(), NOTE), ERR_STAMP);
    ask(OTHER);
    assert_int_equal(verified(request(), NOTE), ERR_STAMP);
}

static void a_request_that_is_none_is_refused(void **state)
{
    /* SHA-256 of two bytes */
    static const uint8_t shorter[] = {0x30, 0x16, 2, 1,    1,    0x30, 0x11, 0x30,
                                      0x0b, 6,    9, 0x60, 0x86, 0x48, 1,    0x65,
                                      3,    4,    2, 1,    4,    2,    0xaa, 0xbb};
    static const uint8_t sha256[] = {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1};
    (void)state;
    assert_int_equal(verified(span_str("none"), NOTE), ERR_STAMP);
    assert_int_equal(verified(span_of(shorter, sizeof shorter), NOTE), ERR_STAMP);
    uint8_t *algorithm = memmem(f.request, f.request_len, sha256, sizeof sha256);
    assert_non_null(algorithm);
    algorithm[sizeof sha256 - 1] = 2; /* SHA-384 */
    assert_int_equal(verified(request(), NOTE), ERR_STAMP);
}

static void nobody_refused(struct span bytes)
{
    struct stamp stamp;
    assert_int_equal(stamp_read(bytes, NOTE, &stamp, NULL), ERR_STAMP);
    assert_int_equal(stamp_verify(bytes, span_of(NULL, 0), NOTE, f.roots, &stamp, NULL), ERR_STAMP);
}

static void an_answer_that_is_none_is_refused(void **state)
{
    static const uint8_t rejection[] = {0x30, 5, 0x30, 3, 2, 1, 2};
    static uint8_t larger[STAMP_LEN_MAX + 1];
    (void)state;
    nobody_refused(span_of(NULL, 0));
    nobody_refused(span_str("none"));
    nobody_refused(span_of(rejection, sizeof rejection));
    nobody_refused(span_of(larger, sizeof larger));
    f.answer[f.len] = 0;
    nobody_refused(span_of(f.answer, f.len + 1));
    nobody_refused(span_of(f.answer, f.len - 1));
}

static void the_time_is_what_the_authority_states(void **state)
{
    static const struct {
        int seconds, millis;
        uint64_t accuracy_ms;
    } rows[] = {{0, 0, 0}, {3, 0, 3000}, {0, 700, 700}, {2, 500, 2500}, {-1, 0, 0}, {1, -1, 0}};
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct stamp stamp;
        print_message("row %zu\n", i);
        grant(NOW_S, rows[i].seconds, rows[i].millis);
        assert_int_equal(stamp_read(answer(), NOTE, &stamp, NULL), OK);
        assert_int_equal(stamp.time_ms, (uint64_t)NOW_S * 1000);
        assert_int_equal(stamp.accuracy_ms, rows[i].accuracy_ms);
    }
    grant(-1, 0, 0);
    nobody_refused(answer());
    grant(NOW_S, 0, 0);
    uint8_t *year = memmem(f.answer, f.len, "20260320", 8);
    assert_non_null(year);
    memcpy(year, "20261320", 8);
    nobody_refused(answer());
}

static void without_roots_or_under_others_it_is_refused(void **state)
{
    struct stamp stamp;
    struct fault fault = {.err = OK};
    const struct span none = span_of(NULL, 0);
    (void)state;
    assert_int_equal(stamp_verify(answer(), none, NOTE, "no.pem", &stamp, &fault), ERR_STAMP);
    assert_non_null(strstr(fault.detail, "root certificates"));
    stamper_close(f.stamper);
    f.stamper = stamper_open(f.roots);
    assert_int_equal(stamp_verify(answer(), none, NOTE, f.roots, &stamp, &fault), ERR_STAMP);
    assert_non_null(strstr(fault.detail, "not signed"));
}

static void a_request_needs_its_room(void **state)
{
    const struct entropy entropy = entropy_system();
    uint8_t room[8];
    struct writer w = writer_of(room, sizeof room);
    (void)state;
    assert_int_equal(stamp_request(NOTE, &entropy, &w), ERR_TOO_LARGE);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(an_answer_is_about_what_was_asked_and_carries_its_number),
        EACH(a_request_that_is_none_is_refused),
        EACH(an_answer_that_is_none_is_refused),
        EACH(the_time_is_what_the_authority_states),
        EACH(without_roots_or_under_others_it_is_refused),
        EACH(a_request_needs_its_room),
    };
    return cmocka_run_group_tests_name("stamp", tests, NULL, NULL);
}
