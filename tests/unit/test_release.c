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

#define DIGITS "0000000000000000000000000000000000000000000000000000000000000000"
#define KID    "00000000000000000000000000000000"

static void what_is_no_list_is_read_by_nobody(void **state)
{
    static const char sign[] = "sign " KID " " DIGITS DIGITS "\n";
    static const struct {
        const char *text;
        enum err want;
    } rows[] = {
        {"version 1\n" ROW(AS), OK},
        {"version 123456789\n" ROW(AS), OK},
        {"version 1234567890\n" ROW(AS), ERR_SYNTAX},
        {"version 01\n" ROW(AS), ERR_SYNTAX},
        {"version 1x\n" ROW(AS), ERR_SYNTAX},
        {"version \n" ROW(AS), ERR_SYNTAX},
        {"version 1\n", ERR_SYNTAX},
        {ROW(AS) "sign " KID " " DIGITS DIGITS "\n", OK},
        {ROW(AS) "sign " KID "  " DIGITS DIGITS "\n", ERR_SYNTAX},
        {ROW(AS) "sign " KID " " DIGITS DIGITS "\n" ROW(BS), ERR_SYNTAX},
    };
    struct release_signed what;
    char many[RELEASE_MAX + 2];
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(release_read(span_str(rows[i].text), &what), rows[i].want);
    }
    assert_int_equal(release_version(span_str("version 12\n" ROW(AS))), 12);
    assert_int_equal(release_version(span_str(ROW(AS))), 0);
    assert_int_equal(release_version(span_str("none")), 0);
    memset(many, 'a', sizeof many);
    assert_int_equal(release_read(span_of(many, RELEASE_MAX + 1), &what), ERR_TOO_LARGE);
    /* as many signatures as there is room for, and one more */
    size_t len = (size_t)snprintf(many, sizeof many, "%s", ROW(AS));
    for (size_t i = 0; i <= RELEASE_SIGNERS_MAX; i++) {
        assert_int_equal(release_read(span_of(many, len), &what), OK);
        assert_int_equal(what.signers, i);
        len += (size_t)snprintf(many + len, sizeof many - len, "%s", sign);
    }
    assert_int_equal(release_read(span_of(many, len), &what), ERR_SYNTAX);
}

static void nobody_signs_where_there_is_no_room_or_with_another_key(void **state)
{
    char many[RELEASE_MAX];
    struct writer w = writer_of(room[1], sizeof room[1]);
    size_t len = (size_t)snprintf(many, sizeof many, "%s", ROW(AS));
    (void)state;
    for (size_t i = 0; i < RELEASE_SIGNERS_MAX; i++)
        len +=
            (size_t)snprintf(many + len, sizeof many - len, "sign %s %s%s\n", KID, DIGITS, DIGITS);
    assert_int_equal(release_sign(span_of(many, len), REALM_NAME, realm_official(realm, 0), &w),
                     ERR_TOO_LARGE);
    assert_int_equal(
        release_sign(span_str(ROW(AS)), REALM_NAME, realm_key(realm, REALM_HUB, KEY_USE_SEAL), &w),
        ERR_KEY_USE);
    assert_int_equal(w.len, 0);
}

/* One line of one official, twice, is one official. */
static void a_signature_twice_counts_once(void **state)
{
    char text[RELEASE_MAX];
    const struct span list = signed_list(ROW(AS), realm_official(realm, 0), NULL);
    const size_t line = list.len - strlen(ROW(AS));
    (void)state;
    memcpy(text, list.data, list.len);
    memcpy(text + list.len, list.data + list.len - line, line);
    assert_int_equal(check(span_of(text, list.len + line), 0xaa), ERR_TWO_OFFICIALS);
}

static void a_program_has_its_whole_name(void **state)
{
    const struct key *one = realm_official(realm, 0);
    const struct key *two = realm_official(realm, 1);
    (void)state;
    assert_int_equal(check(signed_list(AS AS AS AS "  hub\n", one, two), 0xaa), ERR_NOT_FOUND);
    assert_int_equal(check(signed_list(AS AS AS AS "  lianshu-hug\n", one, two), 0xaa),
                     ERR_NOT_FOUND);
}

static void a_release_has_a_version_and_plain_names_each_once(void **state)
{
#define NAMED(name) "version 7\n" AS AS AS AS "  " name "\n"
#define LONG        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    static const struct {
        const char *text;
        enum err want;
    } rows[] = {
        {NAMED("bin/lianshu-hub"), OK},
        {ROW(AS), ERR_FIELD_MISSING},
        {NAMED("bin/"), ERR_FIELD_VALUE},
        {NAMED("../lianshu-hub"), ERR_FIELD_VALUE},
        {NAMED("bin//hub"), ERR_FIELD_VALUE},
        {NAMED("-rf"), ERR_FIELD_VALUE},
        {NAMED("a b"), ERR_FIELD_VALUE},
        {NAMED(LONG LONG LONG), ERR_FIELD_VALUE},
        {NAMED("a") AS AS AS AS "  a\n", ERR_FIELD_VALUE},
    };
    const struct release_reader reader = {realm->registry, REALM_HUB, REALM_NOW_MS};
    const struct key *one = realm_official(realm, 0);
    const struct key *two = realm_official(realm, 1);
    char name[RELEASE_NAME_MAX + 1];
    uint8_t hash[HASH_LEN];
    struct release out;
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(release_open(&reader, signed_list(rows[i].text, one, two), &out),
                         rows[i].want);
    }
    assert_int_equal(release_open(&reader, signed_list(ROW(AS), one, NULL), &out),
                     ERR_TWO_OFFICIALS);
    /* a NUL in a name makes no shorter one of it */
    struct span rows_of = span_of(AS AS AS AS "  a\0b\n", 70);
    assert_true(release_next(&rows_of, name, hash));
    assert_string_equal(name, "");
    assert_false(release_next(&rows_of, name, hash));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_is_released_by_two_officials_or_not_at_all),
        cmocka_unit_test(one_signs_once_and_what_is_no_list_is_signed_by_nobody),
        cmocka_unit_test(every_changed_byte_of_a_list_is_refused),
        cmocka_unit_test(what_is_no_list_is_read_by_nobody),
        cmocka_unit_test(nobody_signs_where_there_is_no_room_or_with_another_key),
        cmocka_unit_test(a_signature_twice_counts_once),
        cmocka_unit_test(a_program_has_its_whole_name),
        cmocka_unit_test(a_release_has_a_version_and_plain_names_each_once),
    };
    return cmocka_run_group_tests_name("release", tests, setup, teardown);
}
