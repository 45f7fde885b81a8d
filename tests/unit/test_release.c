/* Checks keys/release.h: a program is released by two officials of the hub, or not at all. I-03. */
#include "keys/release.h"

#include "realm.h"

#include "t.h"

#include <stdio.h>

#define ROW(c) c c c c "  lianshu-hub\n"
#define AS     "aaaaaaaaaaaaaaaa"
#define BS     "bbbbbbbbbbbbbbbb"

static struct realm *realm;
static uint8_t room[2][RELEASE_MAX];

static int setup(void **state)
{
    (void)state;
    realm = realm_open(7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    realm_close(&realm);
    return 0;
}

/* The list with the signatures of these officials, in room[0]. */
static struct span signed_list(const char *text, const struct key *first, const struct key *second)
{
    struct writer w = writer_of(room[0], sizeof room[0]);
    struct writer w2 = writer_of(room[1], sizeof room[1]);
    write_span(&w, span_str(text));
    if (first != NULL) {
        assert_int_equal(release_sign(writer_span(&w), REALM_NAME, first, &w2), OK);
        w = writer_of(room[0], sizeof room[0]);
        write_span(&w, writer_span(&w2));
    }
    if (second != NULL) {
        w2 = writer_of(room[1], sizeof room[1]);
        assert_int_equal(release_sign(writer_span(&w), REALM_NAME, second, &w2), OK);
        w = writer_of(room[0], sizeof room[0]);
        write_span(&w, writer_span(&w2));
    }
    return writer_span(&w);
}

static enum err check(struct span list, uint8_t with)
{
    const struct release_reader reader = {realm->registry, REALM_HUB, REALM_NOW_MS};
    uint8_t hash[HASH_LEN];
    memset(hash, with, sizeof hash);
    return release_check(&reader, list, "lianshu-hub", hash);
}

static void a_program_is_released_by_two_officials_or_not_at_all(void **state)
{
    const struct key *one = realm_official(realm, 0);
    const struct key *two = realm_official(realm, 1);
    (void)state;
    assert_int_equal(check(signed_list(ROW(AS), NULL, NULL), 0xaa), ERR_TWO_OFFICIALS);
    assert_int_equal(check(signed_list(ROW(AS), one, NULL), 0xaa), ERR_TWO_OFFICIALS);
    assert_int_equal(check(signed_list(ROW(AS), two, NULL), 0xaa), ERR_TWO_OFFICIALS);
    assert_int_equal(
        check(signed_list(ROW(AS), one, realm_key(realm, REALM_HUB, KEY_USE_SIGN)), 0xaa),
        ERR_KEY_USE);
    assert_int_equal(check(signed_list(ROW(AS), one, two), 0xaa), OK);
    assert_int_equal(check(signed_list(ROW(AS), one, two), 0xbb), ERR_NOT_FOUND);
    assert_int_equal(check(signed_list(ROW(BS) ROW(AS), one, two), 0xaa), OK);
    assert_int_equal(
        check(signed_list("version 3\n" AS AS AS AS "  bin/lianshu-hub\n", one, two), 0xaa), OK);
    assert_int_equal(check(signed_list(AS AS AS AS "  bin/not-lianshu-hub\n", one, two), 0xaa),
                     ERR_NOT_FOUND);
}

static void one_signs_once_and_what_is_no_list_is_signed_by_nobody(void **state)
{
    static const char *const wrong[] = {"",
                                        "\n",
                                        ROW(AS) "\n",
                                        AS "  lianshu-hub\n",
                                        AS AS AS AS "  \n",
                                        AS AS AS AS "  lianshu-hub"};
    const struct key *one = realm_official(realm, 0);
    struct writer w = writer_of(room[1], sizeof room[1]);
    (void)state;
    assert_int_equal(release_sign(signed_list(ROW(AS), one, NULL), REALM_NAME, one, &w),
                     ERR_EXISTS);
    for (size_t i = 0; i < T_COUNT(wrong); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(release_sign(span_str(wrong[i]), REALM_NAME, one, &w), ERR_SYNTAX);
    }
}

static void every_changed_byte_of_a_list_is_refused(void **state)
{
    const struct span list =
        signed_list(ROW(AS), realm_official(realm, 0), realm_official(realm, 1));
    (void)state;
    for (size_t i = 0; i < list.len; i++) {
        room[0][i] ^= 1;
        assert_int_not_equal(check(list, 0xaa), OK);
        room[0][i] ^= 1;
    }
    assert_int_equal(check(list, 0xaa), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_is_released_by_two_officials_or_not_at_all),
        cmocka_unit_test(one_signs_once_and_what_is_no_list_is_signed_by_nobody),
        cmocka_unit_test(every_changed_byte_of_a_list_is_refused),
    };
    return cmocka_run_group_tests_name("release", tests, setup, teardown);
}
