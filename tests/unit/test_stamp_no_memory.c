/*
 * Time stamps where libcrypto does not get its memory (keys/stamp.h): each allocation fails once,
 * and nothing is asked, read or believed that would not be otherwise. Then everything serves again.
 */
#include "keys/stamp.h"

#include "base/file.h"
#include "scenario/stamper.h"

#include "folder.h"
#include "t.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

enum { NOW_S = 1774000000, LIVES_MAX = 100000 };

#define NOTE  span_str("a note of a log")
#define OTHER span_str("another note")

static struct {
    char dir[FOLDER_MAX];
    char roots[FOLDER_PATH_MAX];
    struct stamper *stamper;
    uint8_t request[STAMP_REQUEST_MAX];
    size_t request_len;
    uint8_t *answer;
    size_t len;
    uint64_t calls; /* to libcrypto's memory, in this life */
    uint64_t nth;   /* of them fails; 0: none */
} f;

static bool is_refused(void)
{
    return ++f.calls == f.nth;
}

static void *take(size_t len, const char *file, int line)
{
    (void)file, (void)line;
    return is_refused() ? NULL : malloc(len);
}

static void *take_more(void *old, size_t len, const char *file, int line)
{
    (void)file, (void)line;
    return is_refused() ? NULL : realloc(old, len);
}

static void give_back(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    free(memory);
}

static int setup(void **state)
{
    char path[FOLDER_PATH_MAX];
    const struct entropy entropy = entropy_system();
    struct writer w = writer_of(f.request, sizeof f.request);
    (void)state;
    folder_make(f.dir, "stamp");
    snprintf(f.roots, sizeof f.roots, "%s/roots.pem", f.dir);
    snprintf(path, sizeof path, "%s/answer.tsr", f.dir);
    f.stamper = stamper_open(f.roots);
    assert_int_equal(stamp_request(NOTE, &entropy, &w), OK);
    f.request_len = w.len;
    const struct stamper_wish wish = {
        .request = span_of(f.request, f.request_len), .time_s = NOW_S, .seconds = 1};
    stamper_grant(f.stamper, &wish, path);
    assert_int_equal(file_read(path, STAMP_LEN_MAX, 0, &f.answer, &f.len, NULL), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(f.answer);
    stamper_close(f.stamper);
    folder_remove(f.dir);
    return 0;
}

/* ---- what is tried each time ---- */

static enum err ask(struct span data)
{
    uint8_t bytes[STAMP_REQUEST_MAX];
    const struct entropy entropy = entropy_system();
    struct writer w = writer_of(bytes, sizeof bytes);
    const enum err err = stamp_request(data, &entropy, &w);
    assert_true(err == OK || err == ERR_NO_MEMORY);
    assert_true((err == OK) == (w.len > 0));
    return err;
}

static enum err verify(struct span request, struct span data)
{
    struct stamp stamp;
    const enum err err =
        stamp_verify(span_of(f.answer, f.len), request, data, f.roots, &stamp, NULL);
    assert_true(err == OK || err == ERR_STAMP);
    assert_true(err != OK || stamp.time_ms == (uint64_t)NOW_S * 1000);
    return err;
}

static enum err verify_asked(struct span data)
{
    return verify(span_of(f.request, f.request_len), data);
}

static enum err verify_found(struct span data)
{
    return verify(span_of(NULL, 0), data);
}

static enum err read_it(struct span data)
{
    struct stamp stamp;
    return stamp_read(span_of(f.answer, f.len), data, &stamp, NULL);
}

/* With each allocation failing in turn, as long as there is one to fail. Some the library can do
 * without: then it is what it would have been. */
static void each_fails(enum err (*live)(struct span data), struct span data, enum err whole)
{
    unsigned failed = 0;
    f.nth = 0;
    assert_int_equal(live(data), whole);
    for (uint64_t nth = 1; nth < LIVES_MAX; nth++) {
        f.calls = 0;
        f.nth = nth;
        const enum err err = live(data);
        f.nth = 0;
        assert_true(err == whole || err != OK);
        failed += err != whole;
        if (f.calls < nth)
            break;
    }
    print_message("%llu allocations, %u without which it fails\n", (unsigned long long)f.calls,
                  failed);
    assert_int_equal(live(data), whole);
    if (whole == OK)
        assert_int_not_equal(failed, 0);
}

static void a_request_is_whole_or_none(void **state)
{
    (void)state;
    each_fails(ask, NOTE, OK);
}

static void an_answer_is_read_or_refused(void **state)
{
    (void)state;
    each_fails(read_it, NOTE, OK);
    each_fails(read_it, OTHER, ERR_STAMP);
}

static void a_stamp_is_verified_or_refused(void **state)
{
    (void)state;
    each_fails(verify_asked, NOTE, OK);
    each_fails(verify_found, NOTE, OK);
}

/* However much of the verification fails. */
static void a_stamp_about_other_bytes_is_never_believed(void **state)
{
    (void)state;
    each_fails(verify_asked, OTHER, ERR_STAMP);
    each_fails(verify_found, OTHER, ERR_STAMP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_whole_or_none),
        cmocka_unit_test(an_answer_is_read_or_refused),
        cmocka_unit_test(a_stamp_is_verified_or_refused),
        cmocka_unit_test(a_stamp_about_other_bytes_is_never_believed),
    };
    if (CRYPTO_set_mem_functions(take, take_more, give_back) != 1)
        return 1;
    return cmocka_run_group_tests_name("stamp_no_memory", tests, setup, teardown);
}
