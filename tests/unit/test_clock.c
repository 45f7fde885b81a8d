/* Checks the promises in base/clock.h and base/calendar.h. Dates are numbers we choose. */
#include "base/calendar.h"
#include "base/clock.h"

#include "fault/refusal.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>

static void only_gregorian_dates_are_valid(void **state)
{
    static const uint32_t good[] = {18000101, 20240229, 20000229, 99991231, 20261122};
    static const uint32_t bad[] = {0,        17991231, 19000229, 21000229, 20230229,
                                   20230431, 20231301, 20230001, 20230100, 100000101};
    (void)state;
    for (size_t i = 0; i < T_COUNT(good); i++)
        assert_true(date_valid(good[i]));
    for (size_t i = 0; i < T_COUNT(bad); i++)
        assert_false(date_valid(bad[i]));
}

static void days_begin_and_end_at_midnight_of_the_eighth_zone(void **state)
{
    (void)state;
    assert_int_equal(date_start_ms(20261122), 1795276800000);
    assert_int_equal(date_from_ms(1795276800000), 20261122);
    assert_int_equal(date_from_ms(1795276799999), 20261121);
    assert_int_equal(date_from_ms(0), 19700101);
    assert_int_equal(date_start_ms(19600101), 0);
    assert_int_equal(date_from_ms(UINT64_MAX), 0);
    for (uint32_t d = 19700102; d != 0 && d < 21010101; d = date_add_days(d, 1)) {
        assert_int_equal(date_from_ms(date_start_ms(d)), d);
        assert_int_equal(date_end_ms(d), date_start_ms(date_add_days(d, 1)));
        assert_int_equal(date_end_ms(d) - date_start_ms(d), DAY_MS);
    }
}

static void months_keep_the_day_or_take_the_last(void **state)
{
    static const struct {
        uint32_t date;
        int32_t months;
        uint32_t want;
    } rows[] = {
        {20260131, 1, 20260228},  {20240131, 1, 20240229},  {20261115, 2, 20270115},
        {20260331, -1, 20260228}, {20260115, -1, 20251215}, {20240229, 12, 20250228},
        {20240229, 48, 20280229}, {99991231, 1, 0},         {18000101, -1, 0},
        {20260230, 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(date_add_months(rows[i].date, rows[i].months), rows[i].want);
    assert_int_equal(date_add_years(20240229, 10), 20340228);
    assert_int_equal(date_add_years(20240229, INT32_MAX), 0);
    assert_int_equal(date_add_days(20261231, 1), 20270101);
    assert_int_equal(date_add_days(20260101, -1), 20251231);
    assert_int_equal(date_add_days(20260101, INT32_MAX), 0);
    assert_int_equal(date_days_between(20260101, 20270101), 365);
    assert_int_equal(date_days_between(20270101, 20260101), -365);
    assert_int_equal(date_add_days(18000101, -1), 0);
    assert_int_equal(date_add_years(20240229, INT32_MIN), 0);
}

static void weekdays_follow_the_calendar(void **state)
{
    (void)state;
    assert_int_equal(date_weekday(20261122), 7); /* a Sunday */
    assert_int_equal(date_weekday(19700101), 4);
    assert_int_equal(date_weekday(19000101), 1);
    assert_int_equal(date_weekday(18000101), 3);
    assert_int_equal(date_weekday(20240229), 4);
}

static void texts_of_instants_go_both_ways(void **state)
{
    char text[CLOCK_TEXT_LEN + 1];
    uint64_t back;
    static const uint64_t instants[] = {0, 1, 1795312800123, 253402271999999};
    (void)state;
    clock_format(1795312800123, text);
    assert_string_equal(text, "2026-11-22T10:00:00.123+08:00");
    for (size_t i = 0; i < T_COUNT(instants); i++) {
        clock_format(instants[i], text);
        assert_true(clock_parse(text, &back));
        assert_int_equal(back, instants[i]);
    }
    clock_format(UINT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999+08:00");
    assert_true(clock_parse("2026-11-22T02:00:00Z", &back));
    assert_int_equal(back, 1795312800000);
    assert_true(clock_parse("2026-11-21T21:00:00-05:00", &back));
    assert_int_equal(back, 1795312800000);
}

static void other_forms_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-11-22",
        "2026-11-22 10:00:00+08:00",
        "2026-11-22T10:00:00",
        "2026-11-22T24:00:00+08:00",
        "2026-11-22T10:60:00+08:00",
        "2026-11-22T10:00:60+08:00",
        "2026-11-22T10:00:00.1+08:00",
        "2026-11-22T10:00:00+0800",
        "2026-11-22T10:00:00+08:00 ",
        "2026-02-30T10:00:00+08:00",
        "1960-01-01T00:00:00+08:00",
        "2026-11-22T10:00:00+15:00",
        "2026-11-22T10:00:00+08:60",
        "2026-11-22T10:00:00+x8:00",
        "2026-11-22T10:00:00+08-00",
        "2026-11-22T10:00:00+08:x0",
        "2026-11-22Tx0:00:00+08:00",
        "2026-11-22T10-00:00+08:00",
        "2026-11-22T10:x0:00+08:00",
        "9999-12-31T23:59:59Z", /* the year 10000 in China */
        "2026-11-22T10:00-00+08:00",
        "2026-11-22T10:00:x0+08:00",
    };
    static const char *const bad_dates[] = {"",           "2026-11-2",   "2026-1-22",  "20261122",
                                            "2026/11/22", "2026-11-22x", "2026-02-29", "2026-11/22",
                                            "2026-x1-22", "2026-11-x2"};
    uint64_t ms;
    uint32_t date;
    (void)state;
    for (size_t i = 0; i < T_COUNT(bad); i++)
        assert_false(clock_parse(bad[i], &ms));
    for (size_t i = 0; i < T_COUNT(bad_dates); i++)
        assert_false(date_parse(bad_dates[i], &date));
    assert_true(date_parse("2024-02-29", &date));
    assert_int_equal(date, 20240229);
}

static struct calendar *load(const char *text, enum err want, unsigned line)
{
    struct calendar *c;
    struct fault f = {.line = 0};
    assert_int_equal(calendar_parse(&c, span_str(text), "calendar.csv", &f), want);
    assert_int_equal(f.line, line);
    return c;
}

static void working_days_follow_table_then_weekday(void **state)
{
    (void)state;
    struct calendar *c =
        load("date,kind,name\n2026-10-01,holiday,国庆节\n2026-10-02,holiday,国庆节\n"
             "2026-10-10,workday,国庆节\n",
             OK, 0);
    assert_false(calendar_is_workday(c, 20261001)); /* Thursday */
    assert_true(calendar_is_workday(c, 20261010));  /* Saturday, made up */
    assert_false(calendar_is_workday(c, 20261003)); /* Saturday */
    assert_int_equal(calendar_roll_forward(c, 20261001), 20261005);
    assert_int_equal(calendar_roll_forward(c, 20261005), 20261005);
    assert_int_equal(calendar_add_workdays(c, 20260930, 0), 20260930);
    assert_int_equal(calendar_add_workdays(c, 20260930, 1), 20261005);
    assert_int_equal(calendar_add_workdays(c, 20260930, 6), 20261010);
    assert_int_equal(calendar_add_workdays(c, 20260930, 7), 20261012);
    assert_true(calendar_covers(c, 20260101));
    assert_false(calendar_covers(c, 20270101));
    assert_int_equal(calendar_add_workdays(c, 99991230, 10), 0);
    calendar_close(&c);
    assert_null(c);
}

/* Announced year by year; nobody has announced 2027 here. */
static void a_calendar_says_how_far_it_goes_without_a_gap(void **state)
{
    static const struct {
        uint32_t date;
        uint32_t until;
    } rows[] = {{20250101, 20261231}, {20251231, 20261231}, {20261231, 20261231}, {20270101, 0},
                {20280229, 20281231}, {20290101, 0},        {20241231, 0},        {99991231, 0}};
    (void)state;
    struct calendar *c =
        load("date,kind,name\n2025-10-01,holiday,国庆节\n2026-10-10,workday,国庆节\n"
             "2028-01-01,holiday,元旦\n",
             OK, 0);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("%u\n", rows[i].date);
        assert_int_equal(calendar_until(c, rows[i].date), rows[i].until);
        assert_int_equal(calendar_covers(c, rows[i].date), rows[i].until != 0);
    }
    calendar_close(&c);
}

static void another_table_has_another_mark(void **state)
{
    static const char *const others[] = {
        "date,kind,name\n2025-10-01,workday,国庆节\n2026-10-10,workday,国庆节\n",
        "date,kind,name\n2025-10-02,holiday,国庆节\n2026-10-10,workday,国庆节\n",
        "date,kind,name\n2025-10-01,holiday,国庆节\n",
        "date,kind,name\n2025-10-01,holiday,国庆节\n2026-10-10,workday,国庆节\n"
        "2027-01-01,holiday,元旦\n",
        "date,kind,name\n",
    };
    (void)state;
    struct calendar *c =
        load("date,kind,name\n2025-10-01,holiday,国庆节\n2026-10-10,workday,国庆节\n", OK, 0);
    struct calendar *same =
        load("date,kind,name\n2025-10-01,holiday,another\n2026-10-10,workday,name\n", OK, 0);
    assert_int_equal(calendar_mark(c), calendar_mark(same));
    assert_int_not_equal(calendar_mark(c), 0);
    for (size_t i = 0; i < T_COUNT(others); i++) {
        struct calendar *other = load(others[i], OK, 0);
        assert_int_not_equal(calendar_mark(c), calendar_mark(other));
        calendar_close(&other);
    }
    calendar_close(&c);
    calendar_close(&same);
}

static void broken_calendars_are_refused_with_their_line(void **state)
{
    (void)state;
    assert_null(load("", ERR_SYNTAX, 1));
    assert_null(load("day,kind,name\n", ERR_SYNTAX, 1));
    assert_null(load("date,kind,name\n2026-02-30,holiday,x\n", ERR_SYNTAX, 2));
    assert_null(load("date,kind,name\n2026-01-01,holidays,x\n", ERR_SYNTAX, 2));
    assert_null(
        load("date,kind,name\n2026-01-02,holiday,x\n2026-01-01,holiday,x\n", ERR_SYNTAX, 3));
    assert_null(
        load("date,kind,name\n2026-01-01,holiday,x\n2026-01-01,holiday,x\n", ERR_SYNTAX, 3));
    assert_null(load("date,kind,name\n2026-01-01,holiday,\xff\n", ERR_UTF8, 2));
    assert_null(load("date,kind,name\n\n", ERR_SYNTAX, 2));
    assert_null(load("date,kind,name\n2026-01-001,holiday,x\n", ERR_SYNTAX, 2));
}

/* Guarantee 1 */
static void what_is_no_date_gives_none(void **state)
{
    static const uint32_t bad = 20260230;
    struct calendar *c = load("date,kind,name\n2026-10-01,holiday,x\n", OK, 0);
    (void)state;
    assert_int_equal(date_start_ms(bad), 0);
    assert_int_equal(date_end_ms(bad), 0);
    assert_int_equal(date_end_ms(18000101), 0); /* before the count of instants begins */
    assert_int_equal(date_add_days(bad, 1), 0);
    assert_int_equal(date_days_between(bad, 20260101), 0);
    assert_int_equal(date_days_between(20260101, bad), 0);
    assert_int_equal(date_weekday(bad), 0);
    assert_false(calendar_is_workday(c, bad));
    calendar_close(&c);
}

static void a_calendar_has_so_many_days(void **state)
{
    enum { LINE = 21 };
    char *text = malloc((CALENDAR_DAYS_MAX + 2) * (size_t)LINE);
    size_t len = 0;
    uint32_t date = 18000101;
    (void)state;
    assert_non_null(text);
    len += (size_t)snprintf(text, LINE, "date,kind,name\n");
    for (size_t i = 0; i <= CALENDAR_DAYS_MAX; i++, date = date_add_days(date, 1)) {
        char day[DATE_TEXT_LEN + 1];
        date_format(date, day);
        len += (size_t)snprintf(text + len, LINE, "%s,holiday,\n", day);
    }
    assert_null(load(text, ERR_TOO_LARGE, CALENDAR_DAYS_MAX + 2));
    text[len - (LINE - 1)] = '\0';
    struct calendar *c = load(text, OK, 0);
    calendar_close(&c);
    free(text);
}

static void the_table_of_the_tree_loads(void **state)
{
    struct calendar *c;
    struct fault f;
    (void)state;
    assert_int_equal(calendar_open(&c, "schemas/data/calendar.csv", &f), OK);
    assert_true(calendar_covers(c, 20190101));
    assert_false(calendar_is_workday(c, 20190101));
    assert_true(calendar_is_workday(c, 20190202)); /* a Saturday made up for the Spring Festival */
    calendar_close(&c);
    assert_int_equal(calendar_open(&c, "schemas/data/none.csv", &f), ERR_NOT_FOUND);
}

static enum err asked(void)
{
    return clock_real_ms() == 0 ? ERR_IO : OK;
}

static void a_clock_that_cannot_be_read_gives_none(void **state)
{
    (void)state;
    refusal_hold("clock", asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_gregorian_dates_are_valid),
        cmocka_unit_test(days_begin_and_end_at_midnight_of_the_eighth_zone),
        cmocka_unit_test(months_keep_the_day_or_take_the_last),
        cmocka_unit_test(weekdays_follow_the_calendar),
        cmocka_unit_test(texts_of_instants_go_both_ways),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(working_days_follow_table_then_weekday),
        cmocka_unit_test(a_calendar_says_how_far_it_goes_without_a_gap),
        cmocka_unit_test(another_table_has_another_mark),
        cmocka_unit_test(broken_calendars_are_refused_with_their_line),
        cmocka_unit_test(what_is_no_date_gives_none),
        cmocka_unit_test(a_calendar_has_so_many_days),
        cmocka_unit_test(the_table_of_the_tree_loads),
        cmocka_unit_test(a_clock_that_cannot_be_read_gives_none),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
