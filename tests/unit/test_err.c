/* Checks the promises in base/err.h. */
#include "base/err.h"

#include "t.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

static const enum err all[] = {
#define VALUE(name, number, class, en, zh, todo_en, todo_zh) name,
    ERR_TABLE(VALUE)
#undef VALUE
};

static void every_value_has_name_class_and_both_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(all); i++) {
        assert_true(strlen(err_name(all[i])) > 0);
        assert_true(strlen(err_en(all[i])) > 0);
        assert_true(strlen(err_zh(all[i])) > 0);
        /* What to do is said in both languages or in none. */
        assert_int_equal(err_todo_en(all[i])[0] == '\0', err_todo_zh(all[i])[0] == '\0');
        assert_true(utf8_allowed(span_str(err_zh(all[i]))));
        assert_true(err_class(all[i]) <= ERR_CLASS_FATAL);
    }
}

static void numbers_are_unique_rising_and_of_three_digits(void **state)
{
    (void)state;
    for (size_t i = 1; i < T_COUNT(all); i++) {
        assert_true(all[i] > all[i - 1]);
        assert_true(all[i] < 1000);
    }
}

static void from_code_inverts_and_unknown_is_internal(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(all); i++)
        assert_int_equal(err_from_code((uint32_t)all[i]), all[i]);
    assert_int_equal(err_from_code(999), ERR_INTERNAL);
    assert_int_equal(err_from_code(UINT32_MAX), ERR_INTERNAL);
    assert_int_equal(err_class((enum err)998), ERR_CLASS_INTERNAL);
}

static void label_is_e_and_three_digits(void **state)
{
    char label[ERR_LABEL_LEN + 1];
    (void)state;
    err_label(ERR_SIGNATURE, label);
    assert_string_equal(label, "E303");
    err_label(ERR_USAGE, label);
    assert_string_equal(label, "E001");
}

static void fault_keeps_place_and_detail(void **state)
{
    struct fault f;
    char text[512];
    (void)state;
    assert_int_equal(fault_set(&f, ERR_FIELD_LONG, 12, "a.json", "at most %d bytes", 64),
                     ERR_FIELD_LONG);
    fault_print(&f, text, sizeof text);
    assert_string_equal(text, "E012 a.json:12: 取值过长，请缩短至所示上限。 / a value is too long; "
                              "shorten it to the bound that is named (at most 64 bytes)");
    assert_int_equal(fault_set(NULL, ERR_IO, 0, NULL, "x"), ERR_IO);
    assert_int_equal(fault_set(&f, ERR_IO, 7, NULL, "%s", ""), ERR_IO);
    fault_print(&f, text, sizeof text);
    assert_memory_equal(text, "E004 :7: ", 9);
    assert_int_equal(fault_set(&f, ERR_IO, 0, NULL, "%s", ""), ERR_IO);
    fault_print(&f, text, sizeof text);
    assert_null(strchr(text, ':'));
}

/* Cut at every length: the text stays valid UTF-8 and within its room. */
static void long_texts_are_cut_between_characters(void **state)
{
    struct fault f;
    char text[512];
    char where[400];
    (void)state;
    static const char *const letters[] = {"潮", "é", "𠀀"}; /* of three, two and four bytes */
    for (size_t shift = 0; shift < 4 * T_COUNT(letters); shift++) {
        const char *letter = letters[shift / 4];
        size_t len = shift % 4;
        memset(where, 'a', sizeof where);
        while (len + strlen(letter) < sizeof where) {
            memcpy(where + len, letter, strlen(letter));
            len += strlen(letter);
        }
        where[len] = '\0';
        assert_int_equal(fault_set(&f, ERR_IO, 1, where, "%s", where), ERR_IO);
        assert_true(strlen(f.where) < sizeof f.where);
        assert_true(strlen(f.where) >= sizeof f.where - 4);
        assert_true(utf8_allowed(span_str(f.where)));
        assert_true(utf8_allowed(span_str(f.detail)));
        for (size_t cap = 1; cap < sizeof text; cap++) {
            fault_print(&f, text, cap);
            assert_true(strlen(text) < cap);
            assert_true(utf8_allowed(span_str(text)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_has_name_class_and_both_texts),
        cmocka_unit_test(numbers_are_unique_rising_and_of_three_digits),
        cmocka_unit_test(from_code_inverts_and_unknown_is_internal),
        cmocka_unit_test(label_is_e_and_three_digits),
        cmocka_unit_test(fault_keeps_place_and_detail),
        cmocka_unit_test(long_texts_are_cut_between_characters),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
