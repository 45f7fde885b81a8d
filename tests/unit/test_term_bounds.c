/*
 * Checks the errors of policy/term.h: what leaves the years that there are is no date, and without
 * a calendar no working day is counted.
 */
#include "policy/term.h"

#include "base/calendar.h"
#include "base/clock.h"

#include "t.h"

#include <string.h>

static struct calendar *calendar;

static int open_calendar(void **state)
{
    struct fault fault = {0};
    (void)state;
    assert_int_equal(calendar_open(&calendar, "schemas/data/calendar.csv", &fault), OK);
    return 0;
}

static int close_calendar(void **state)
{
    (void)state;
    calendar_close(&calendar);
    return 0;
}

#define END_OF_TIME (date_end_ms(99991230) + UINT64_C(3600000))

static void a_moment_outside_the_years_is_none(void **state)
{
    static const struct {
        const char *term;
        bool late; /* from the last day there is, or from beyond it */
        bool counted;
        enum err want;
    } rows[] = {
        {"1 hour", false, true, OK},
        {"1 hour", true, true, ERR_TERM},
        {"1 day", false, true, ERR_TERM},
        {"1 day", true, true, ERR_TERM},
        {"1 month", false, true, ERR_TERM},
        {"1 year", false, true, ERR_TERM},
        {"1 working_day", false, true, ERR_TERM},
        {"1 working_day", false, false, ERR_TERM},
        {"1 day roll", false, true, ERR_TERM},
        {"life", true, false, OK},
        {"none", true, false, OK},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct term t;
        uint64_t due = 1;
        const uint64_t from = rows[i].late ? UINT64_MAX : END_OF_TIME;
        print_message("row %zu: %s\n", i, rows[i].term);
        assert_true(term_parse(rows[i].term, &t));
        assert_int_equal(term_due(&t, from, rows[i].counted ? calendar : NULL, &due), rows[i].want);
        if (rows[i].want != OK)
            assert_int_equal(due, 0);
    }
}

static void the_last_day_of_all_ends_like_any_other(void **state)
{
    static const struct term day = {1, TERM_CALENDAR_DAYS, ROLL_NONE};
    uint64_t due;
    (void)state;
    assert_int_equal(term_due(&day, date_start_ms(99991229), NULL, &due), OK);
    assert_int_equal(due, date_start_ms(99991231));
    assert_int_equal(term_due(&day, date_start_ms(99991230), NULL, &due), OK);
    assert_int_equal(due, date_start_ms(99991231) + DAY_MS);
}

/* On an ordinary day: a calendar is needed for what goes by it. */
static void without_a_calendar_only_plain_days_are_counted(void **state)
{
    static const struct {
        const char *term;
        bool by_calendar;
    } rows[] = {{"3 days", false},        {"3 days roll", true},
                {"3 working_days", true}, {"3 working_days roll", true},
                {"1 month roll", true},   {"24 hours", false},
                {"life", false},          {"none", false}};
    const uint64_t from = date_start_ms(20260420);
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct term t;
        uint64_t due;
        print_message("row %zu: %s\n", i, rows[i].term);
        assert_true(term_parse(rows[i].term, &t));
        assert_int_equal(term_by_calendar(&t), rows[i].by_calendar);
        assert_int_equal(term_due(&t, from, NULL, &due), rows[i].by_calendar ? ERR_TERM : OK);
        assert_false(term_beyond(&t, from, NULL));
        /* What cannot be counted at all lies beyond what the calendar names. */
        assert_int_equal(term_beyond(&t, END_OF_TIME, calendar), rows[i].by_calendar);
    }
}

static void a_ban_ends_on_a_day_that_there_is(void **state)
{
    static const struct {
        struct term term;
        uint32_t date;
        uint32_t want; /* 0 with OK: for life */
        enum err err;
    } rows[] = {
        {{1, TERM_YEARS, ROLL_NONE}, 99981231, 99991231, OK},
        {{1, TERM_YEARS, ROLL_NONE}, 99990101, 0, ERR_TERM},
        {{12, TERM_MONTHS, ROLL_NONE}, 99990101, 0, ERR_TERM},
        {{1, TERM_CALENDAR_DAYS, ROLL_NONE}, 99991231, 0, ERR_TERM},
        {{1, TERM_HOURS, ROLL_NONE}, 20260420, 0, ERR_TERM},
        {{1, TERM_WORKING_DAYS, ROLL_NONE}, 20260420, 0, ERR_TERM},
        {{0, TERM_YEARS, ROLL_NONE}, 20260420, 0, ERR_TERM},
        {{TERM_N_MAX + 1, TERM_CALENDAR_DAYS, ROLL_NONE}, 20260420, 0, ERR_TERM},
        {{1, TERM_YEARS, ROLL_NONE}, 20260431, 0, ERR_TERM},
        {{1, TERM_YEARS, ROLL_NONE}, 0, 0, ERR_TERM},
        {{0, TERM_ORDER, ROLL_NONE}, 20260420, 0, ERR_TERM},
        {{0, TERM_LIST, ROLL_NONE}, 20260420, 0, ERR_TERM},
        {{0, TERM_NONE, ROLL_NONE}, 20260420, 0, ERR_TERM},
        {{0, TERM_LIFE, ROLL_NONE}, 20260420, 0, OK},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        uint32_t last = 7;
        print_message("row %zu\n", i);
        assert_int_equal(term_last_day(&rows[i].term, rows[i].date, &last), rows[i].err);
        assert_int_equal(last, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_outside_the_years_is_none),
        cmocka_unit_test(without_a_calendar_only_plain_days_are_counted),
        cmocka_unit_test(the_last_day_of_all_ends_like_any_other),
        cmocka_unit_test(a_ban_ends_on_a_day_that_there_is),
    };
    return cmocka_run_group_tests_name("term_bounds", tests, open_calendar, close_calendar);
}
