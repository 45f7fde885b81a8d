/* Checks the promises in adapters/runtime/value.h. */
#include "adapters/runtime/value.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>

/* One value out and back. */
static const struct value_row {
    enum value_kind as;
    const char *in;   /* JSON */
    const char *ours; /* JSON; NULL: refused */
    const char *back; /* JSON; NULL: the same as in */
} value_rows[] = {
    {VALUE_TEXT, "\"x\"", "\"x\"", NULL},
    {VALUE_TEXT, "5", NULL, NULL},
    {VALUE_TEXT, "[]", NULL, NULL},
    {VALUE_DATE, "\"22.11.2026\"", "\"2026-11-22\"", NULL},
    {VALUE_DATE, "\"2.1.2026\"", "\"2026-01-02\"", NULL},
    {VALUE_DATE, "\"31.4.2026\"", NULL, NULL},
    {VALUE_DATE, "\"0.1.2026\"", NULL, NULL},
    {VALUE_DATE, "\"22.11.2026 \"", NULL, NULL},
    {VALUE_DATE, "\"22.11.26\"", NULL, NULL},
    {VALUE_DATE, "\"\"", NULL, NULL},
    {VALUE_TIME, "\"2026/11/22 07:05\"", "\"2026-11-22T07:05:00.000+08:00\"", NULL},
    {VALUE_TIME, "\"2026/11/22 24:05\"", NULL, NULL},
    {VALUE_TIME, "\"2026/11/22 7:05\"", NULL, NULL},
    {VALUE_YUAN, "\"12.5\"", "1250", "\"12.50\""},
    {VALUE_YUAN, "\"0.05\"", "5", NULL},
    {VALUE_YUAN, "7", "700", "\"7.00\""},
    {VALUE_YUAN, "\"1.234\"", NULL, NULL},
    {VALUE_YUAN, "\"-1\"", NULL, NULL},
    {VALUE_YUAN, "\".5\"", NULL, NULL},
    {VALUE_YUAN, "\"99999999999999999999\"", NULL, NULL},
    {VALUE_WHOLE, "\"42\"", "42", "42"},
    {VALUE_WHOLE, "\"4.2\"", NULL, NULL},
    {VALUE_FLAG, "true", "true", NULL},
    {VALUE_FLAG, "\"否\"", "false", "false"},
    {VALUE_FLAG, "\"maybe\"", NULL, NULL},
    {VALUE_LIST, "[\"a\",\"b\"]", "[\"a\",\"b\"]", NULL},
    {VALUE_LIST, "\"a; b、c\"", "[\"a\",\"b\",\"c\"]", "[\"a\",\"b\",\"c\"]"},
    {VALUE_LIST, "[1]", NULL, NULL},
    {VALUE_LIST, "5", NULL, NULL},
    {VALUE_ID, "\" ９１a \"", "\"91A\"", "\"91A\""},
    {VALUE_DERIVE, "\"000102030405060708090a0b0c0d0e0f\"", "\"000102030405060708090a0b0c0d0e0f\"",
     NULL},
    {VALUE_DERIVE, "5", NULL, NULL},
};

static struct json *value_of(const char *text)
{
    struct json *map = NULL;
    char whole[256];

    (void)snprintf(whole, sizeof whole, "{\"v\":%s}", text);
    assert_int_equal(json_parse(&map, span_str(whole), "t", NULL), OK);
    return map;
}

static void assert_value(const struct json *map, const char *want)
{
    char whole[256], *printed = NULL;
    size_t len;

    (void)snprintf(whole, sizeof whole, "{\"v\":%s}\n", want);
    assert_int_equal(json_print(map, false, &printed, &len), OK);
    assert_string_equal(printed, whole);
    free(printed);
}

static void values_convert_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(value_rows); i++) {
        const struct value_row *row = &value_rows[i];
        struct json *in = value_of(row->in), *out = json_map(), *back = json_map();
        const char *expected = NULL;
        const struct value_rule rule = {row->as, NULL, "D.M.YYYY", "YYYY/MM/DD hh:mm",
                                        "market.445100"};
        print_message("row %zu: %s\n", i, row->in);
        const enum err err = value_out(&rule, json_get(in, "v"), out, "v", &expected);
        assert_int_equal(err == OK, row->ours != NULL);
        assert_non_null(expected);
        if (err == OK) {
            assert_value(out, row->ours);
            value_in(&rule, json_get(out, "v"), back, "v");
            assert_value(back, row->back != NULL ? row->back : row->in);
        }
        json_close(&in);
        json_close(&out);
        json_close(&back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_convert_both_ways),
    };
    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
