/* Checks the promises in adapters/runtime/csv.h. */
#include "adapters/runtime/csv.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct report report;
static unsigned lines[CSV_ROWS_MAX];

static enum err read_csv(struct span text, struct json **list)
{
    memset(&report, 0, sizeof report);
    return csv_records(text, list, lines, &report);
}

static void rows_become_records_with_their_lines(void **state)
{
    (void)state;
    struct json *list = NULL;

    assert_int_equal(read_csv(span_str("\xef\xbb\xbf"
                                       "姓名,日期,说明\r\n"
                                       "张三,2026/11/22,\"一,\"\"二\"\"\n三\"\r\n"
                                       "\r\n"
                                       ",,\r\n"
                                       "李四,,x"),
                              &list),
                     OK);
    assert_int_equal(json_count(list), 2);
    assert_string_equal(json_get_text(json_item(list, 0), "说明"), "一,\"二\"\n三");
    assert_string_equal(json_get_text(json_item(list, 1), "姓名"), "李四");
    assert_null(json_get(json_item(list, 1), "日期")); /* an empty cell is an absent field */
    assert_int_equal(lines[0], 2);
    assert_int_equal(lines[1], 6); /* the record before it spans two lines */
    json_close(&list);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err want;
        unsigned line;
        size_t problems;
    } rows[] = {
        {"", ERR_SYNTAX, 1, 1},
        {"a,b\n", ERR_SYNTAX, 1, 1},
        {"a,a\n1,2\n", ERR_SYNTAX, 1, 1},
        {"a,\n1,2\n", ERR_SYNTAX, 1, 1},
        {"a,b\n1,2\n1\n", ERR_SYNTAX, 3, 1},
        {"a,b\n1,2,3\n1,2\n1,2,3\n", ERR_SYNTAX, 2, 2},
        {"a,b\n1,x\"y\n", ERR_SYNTAX, 2, 1},
        {"a,b\n1,\"y\"z\n", ERR_SYNTAX, 2, 1},
        {"a,b\n1,\"open\n2,3\n", ERR_SYNTAX, 2, 1},
        {"a,b\n1,\xff\n2,\xc0\x80\n", ERR_UTF8, 2, 2},
        {"a,\xff\n1,2\n", ERR_UTF8, 1, 1},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct json *list = NULL;
        print_message("row %zu\n", i);
        assert_int_equal(read_csv(span_str(rows[i].text), &list), rows[i].want);
        assert_null(list);
        assert_int_equal(report.item[0].line, rows[i].line);
        assert_int_equal(report.count, rows[i].problems);
    }
}

static void nul_bytes_are_refused(void **state)
{
    (void)state;
    struct json *list = NULL;
    assert_int_equal(read_csv(span_of("a\n1\0002\n", 7), &list), ERR_UTF8);
}

static void a_file_has_a_bound_of_rows_and_columns(void **state)
{
    (void)state;
    const size_t cap = 64 << 10;
    char *text = malloc(cap);
    struct json *list = NULL;
    size_t n = (size_t)snprintf(text, cap, "a\n");

    assert_non_null(text);
    for (size_t i = 0; i < CSV_ROWS_MAX; i++)
        n += (size_t)snprintf(text + n, cap - n, "%zu\n", i);
    assert_int_equal(read_csv(span_of(text, n), &list), OK);
    assert_int_equal(json_count(list), CSV_ROWS_MAX);
    json_close(&list);
    n += (size_t)snprintf(text + n, cap - n, "x\n");
    assert_int_equal(read_csv(span_of(text, n), &list), ERR_TOO_LARGE);
    assert_int_equal(report.item[0].line, CSV_ROWS_MAX + 2);
    n = 0;
    for (size_t i = 0; i <= CSV_COLUMNS_MAX; i++)
        n += (size_t)snprintf(text + n, cap - n, "%sc%zu", i == 0 ? "" : ",", i);
    n += (size_t)snprintf(text + n, cap - n, "\n");
    assert_int_equal(read_csv(span_of(text, n), &list), ERR_TOO_LARGE);
    free(text);
}

static void more_problems_than_fit_are_said_to_be_there(void **state)
{
    (void)state;
    char text[4096] = "a,b\n";
    struct json *list = NULL;

    for (size_t i = 0; i < REPORT_MAX + 5; i++)
        memcpy(text + 4 + 2 * i, "1\n", 3);
    assert_int_equal(read_csv(span_str(text), &list), ERR_SYNTAX);
    assert_int_equal(report.count, REPORT_MAX);
    assert_true(report.more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_records_with_their_lines),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(a_file_has_a_bound_of_rows_and_columns),
        cmocka_unit_test(more_problems_than_fit_are_said_to_be_there),
    };
    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
