/* Checks the promises in keys/bundle.h. */
#include "keys/bundle.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>

static struct bundle *made(void)
{
    struct bundle *b = NULL;
    assert_int_equal(bundle_open(&b), OK);
    assert_int_equal(bundle_add(b, "log/2.leaf", span_str("two")), OK);
    assert_int_equal(bundle_add(b, "README.md", span_str("")), OK);
    assert_int_equal(bundle_add(b, "log/1.leaf", span_str("one")), OK);
    assert_int_equal(bundle_seal(b), OK);
    return b;
}

static uint8_t *packed(const struct bundle *b, size_t *len)
{
    *len = bundle_tar_len(b);
    uint8_t *bytes = malloc(*len);
    assert_non_null(bytes);
    struct writer w = writer_of(bytes, *len);
    bundle_tar(b, &w);
    assert_false(w.full);
    assert_int_equal(w.len, *len);
    return bytes;
}

/* Promise 3 */
static void names_that_lead_out_or_elsewhere_are_refused(void **state)
{
    static const char *const names[] = {"",     "/etc/passwd", "../x",    "a/../b",     "a//b",
                                        "a/",   "a/b/c/d",     ".hidden", "a/.git",     "a b",
                                        "a\nb", "a:b",         "a\\b",    "\xc3\xa9.md"};
    struct bundle *b = NULL;
    (void)state;
    assert_int_equal(bundle_open(&b), OK);
    for (size_t i = 0; i < T_COUNT(names); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(bundle_add(b, names[i], span_str("x")), ERR_FIELD_VALUE);
    }
    assert_int_equal(bundle_add(b, "a", span_str("x")), OK);
    assert_int_equal(bundle_add(b, "a", span_str("x")), ERR_EXISTS);
    bundle_close(&b);
}

/* Promise 1 */
static void a_list_names_every_file_once_with_its_bytes(void **state)
{
    struct fault fault = {.err = OK};
    struct bundle *b = made();
    (void)state;
    assert_int_equal(bundle_check(b, &fault), OK);
    bundle_drop(b, "log/1.leaf");
    assert_int_equal(bundle_check(b, &fault), ERR_EVIDENCE);
    assert_int_equal(bundle_add(b, "log/1.leaf", span_str("0ne")), OK);
    assert_int_equal(bundle_check(b, &fault), ERR_EVIDENCE);
    assert_string_equal(fault.where, "log/1.leaf");
    assert_int_equal(bundle_seal(b), OK);
    assert_int_equal(bundle_check(b, &fault), OK);
    assert_int_equal(bundle_add(b, "more", span_str("")), OK);
    assert_int_equal(bundle_check(b, &fault), ERR_EVIDENCE);
    bundle_drop(b, BUNDLE_MANIFEST);
    assert_int_equal(bundle_check(b, &fault), ERR_EVIDENCE);
    assert_string_equal(fault.where, BUNDLE_MANIFEST);
    bundle_close(&b);
}

/* Promise 2: a bit anywhere, a byte less or more, and it is another archive or none. */
static void an_archive_is_taken_only_as_it_is_written(void **state)
{
    struct bundle *b = made();
    struct bundle *again = NULL;
    struct fault fault;
    size_t len;
    uint8_t *bytes = packed(b, &len);
    (void)state;
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0x10;
        enum err err = bundle_untar(&again, span_of(bytes, len), &fault);
        if (err == OK)
            err = bundle_check(again, &fault);
        bundle_close(&again);
        if (err == OK)
            fail_msg("byte %zu", i);
        bytes[i] ^= 0x10;
    }
    for (size_t cut = 0; cut < len; cut += 37) {
        assert_int_not_equal(bundle_untar(&again, span_of(bytes, cut), &fault), OK);
        assert_null(again);
    }
    assert_int_equal(bundle_untar(&again, span_of(bytes, len), &fault), OK);
    assert_int_equal(bundle_check(again, &fault), OK);
    assert_int_equal(bundle_count(again), bundle_count(b));
    size_t second_len;
    uint8_t *second = packed(again, &second_len);
    assert_int_equal(second_len, len);
    assert_memory_equal(second, bytes, len);
    free(second);
    free(bytes);
    bundle_close(&again);
    bundle_close(&b);
}

/* Promise 2: each of these headers has its right sum. */
static void an_archive_in_another_order_or_with_a_file_twice_is_refused(void **state)
{
    enum { BLOCK = 512, ENTRY = 2 * BLOCK, SIZE_AT = 124 };
    struct bundle *b = made();
    struct bundle *again = NULL;
    struct fault fault = {.err = OK};
    uint8_t first[ENTRY];
    size_t len;
    uint8_t *bytes = packed(b, &len);
    uint8_t *one = memmem(bytes, len, "log/1.leaf", 10);
    (void)state;
    while ((size_t)(one - bytes) % BLOCK != 0) /* its header, not its line in the list */
        one = memmem(one + 1, len - (size_t)(one + 1 - bytes), "log/1.leaf", 10);
    memcpy(first, one, ENTRY);
    memcpy(one, one + ENTRY, ENTRY);
    assert_int_equal(bundle_untar(&again, span_of(bytes, len), &fault), ERR_EVIDENCE); /* 2, 2 */
    assert_null(again);
    memcpy(one + ENTRY, first, ENTRY);
    assert_int_equal(bundle_untar(&again, span_of(bytes, len), &fault), ERR_EVIDENCE); /* 2, 1 */
    assert_string_equal(fault.detail, "its files are not sorted");
    memcpy(one + ENTRY, one, ENTRY);
    memcpy(one, first, ENTRY);
    assert_int_equal(bundle_untar(&again, span_of(bytes, len), &fault), OK); /* 1, 2 */
    bundle_close(&again);
    memset(one + SIZE_AT, '7', 11);
    assert_int_equal(bundle_untar(&again, span_of(bytes, len), &fault), ERR_EVIDENCE);
    memset(one, 'a', 100); /* a name without an end */
    assert_int_equal(bundle_untar(&again, span_of(bytes, len), &fault), ERR_EVIDENCE);
    free(bytes);
    bundle_close(&b);
}

static void a_list_that_names_more_than_is_here_is_refused(void **state)
{
    struct fault fault = {.err = OK};
    struct bundle *b = made();
    (void)state;
    bundle_drop(b, "log/2.leaf");
    assert_int_equal(bundle_check(b, &fault), ERR_EVIDENCE);
    assert_string_equal(fault.detail, "it names files that are not here");
    bundle_close(&b);
}

static void a_bundle_has_bounds(void **state)
{
    static const uint8_t byte;
    struct bundle *b = NULL;
    char name[BUNDLE_NAME_MAX];
    (void)state;
    assert_int_equal(bundle_open(&b), OK);
    assert_int_equal(bundle_lend(b, "a", span_of(&byte, (size_t)BUNDLE_FILE_MAX + 1)),
                     ERR_TOO_LARGE);
    for (size_t i = 0; i < BUNDLE_BYTES_MAX / BUNDLE_FILE_MAX; i++) {
        snprintf(name, sizeof name, "b/%zu", i);
        assert_int_equal(bundle_lend(b, name, span_of(&byte, BUNDLE_FILE_MAX)), OK);
    }
    assert_int_equal(bundle_lend(b, "a", span_of(&byte, 1)), ERR_TOO_LARGE);
    assert_int_equal(bundle_lend(b, "a", span_of(&byte, 0)), OK);
    bundle_close(&b);
    assert_int_equal(bundle_open(&b), OK);
    for (size_t i = 0; i < BUNDLE_FILES_MAX; i++) {
        snprintf(name, sizeof name, "b/%06zu", i);
        assert_int_equal(bundle_lend(b, name, span_of(&byte, 1)), OK);
    }
    assert_int_equal(bundle_lend(b, "a", span_of(&byte, 0)), ERR_TOO_LARGE);
    bundle_close(&b);
}

/* A header of a tar with the sum of what it says now. */
static void sum_again(uint8_t head[static 512])
{
    enum { SUM_AT = 148, SUM_LEN = 8 };
    unsigned sum = 0;
    memset(head + SUM_AT, ' ', SUM_LEN);
    for (size_t i = 0; i < 512; i++)
        sum += head[i];
    snprintf((char *)head + SUM_AT, SUM_LEN - 1, "%06o", sum);
}

static void an_archive_that_breaks_off_or_names_what_is_no_name_is_refused(void **state)
{
    enum { SIZE_AT = 124 };
    static const uint8_t file[2000];
    struct bundle *b = NULL;
    struct bundle *again = NULL;
    struct fault fault = {.err = OK};
    size_t len;
    (void)state;
    assert_int_equal(bundle_open(&b), OK);
    assert_int_equal(bundle_add(b, "a", span_of(file, 1100)), OK);
    assert_int_equal(bundle_add(b, "b", span_of(file, 2000)), OK);
    uint8_t *bytes = packed(b, &len);
    /* within the bytes of a file, and within what fills up its last block */
    assert_int_equal(bundle_untar(&again, span_of(bytes, 512 + 1090), &fault), ERR_EVIDENCE);
    assert_int_equal(bundle_untar(&again, span_of(bytes, 512 + 1300), &fault), ERR_EVIDENCE);
    uint8_t size[12];
    memcpy(size, bytes + SIZE_AT, sizeof size);
    memcpy(bytes + SIZE_AT, "00020000001", sizeof size); /* a byte more than a file may have */
    sum_again(bytes);
    assert_int_equal(bundle_untar(&again, span_of(bytes, len), &fault), ERR_EVIDENCE);
    memcpy(bytes + SIZE_AT, size, sizeof size);
    sum_again(bytes);
    assert_int_equal(bundle_untar(&again, span_of(bytes, len), &fault), OK);
    bundle_close(&again);
    memcpy(bytes, "..", 2);
    sum_again(bytes);
    assert_int_equal(bundle_untar(&again, span_of(bytes, len), &fault), ERR_EVIDENCE);
    assert_string_equal(fault.detail, "a name in it is none");
    assert_null(again);
    free(bytes);
    bundle_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_lead_out_or_elsewhere_are_refused),
        cmocka_unit_test(a_list_names_every_file_once_with_its_bytes),
        cmocka_unit_test(an_archive_is_taken_only_as_it_is_written),
        cmocka_unit_test(an_archive_in_another_order_or_with_a_file_twice_is_refused),
        cmocka_unit_test(a_list_that_names_more_than_is_here_is_refused),
        cmocka_unit_test(a_bundle_has_bounds),
        cmocka_unit_test(an_archive_that_breaks_off_or_names_what_is_no_name_is_refused),
    };
    return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
