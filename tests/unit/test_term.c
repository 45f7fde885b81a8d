/*
 * Checks the promises in policy/term.h. The expected days were counted by hand on the official
 * calendars of 2025 and 2026 (schemas/data/calendar.csv).
 */
#include "policy/term.h"

#include "base/calendar.h"
#include "base/clock.h"

#include "t.h"

#include <string.h>

static int setup(void **state)
{
    struct calendar *calendar = NULL;
    struct fault fault = {0};
    assert_int_equal(calendar_open(&calendar, "schemas/data/calendar.csv", &fault), OK);
    *state = calendar;
    return 0;
}

static int teardown(void **state)
{
    struct calendar *calendar = *state;
    calendar_close(&calendar);
    return 0;
}

static void text_and_term_are_inverse(void **state)
{
    static const char *const good[] = {
        "none",   "life",          "order",           "list",      "24 hours", "1 hour",
        "3 days", "1 day",         "3 days roll",     "1 month",   "3 months", "10 years",
        "1 year", "1 working_day", "20 working_days", "36600 days"};
    char text[TERM_TEXT_MAX];
    struct term t;
    (void)state;
    for (size_t i = 0; i < T_COUNT(good); i++) {
        print_message("%s\n", good[i]);
        assert_true(term_parse(good[i], &t));
        term_print(&t, text);
        assert_string_equal(text, good[i]);
    }
}

static void other_texts_are_no_terms(void **state)
{
    static const char *const bad[] = {"",           " ",
                                      "3",          "3 ",
                                      "days",       "0 days",
                                      "03 days",    "-3 days",
                                      "3  days",    "3 day",
                                      "1 days",     "3 weeks",
                                      "3 days ",    "3 days rolls",
                                      "life roll",  "24 hours roll",
                                      "36601 days", "99999999 days",
                                      "3.5 days",   "roll"};
    struct term t;
    (void)state;
    for (size_t i = 0; i < T_COUNT(bad); i++) {
        print_message("row %zu: '%s'\n", i, bad[i]);
        assert_false(term_parse(bad[i], &t));
    }
}

/* Event at a moment of a day, term, last day. The term is over at 24:00 of the last day. */
static void days_months_and_years_end_at_24_of_the_last_day(void **state)
{
    static const struct {
        const char *term;
        uint32_t event;
        uint32_t last;
        const char *why;
    } rows[] = {
        {"1 day", 20260420, 20260421, "the day of the event does not count"},
        {"3 days", 20260430, 20260503, "calendar days run through the holiday"},
        {"3 days roll", 20260430, 20260506, "3 May is holiday until 5 May"},
        {"3 days roll", 20260420, 20260423, "a Thursday stays"},
        {"2 days roll", 20260424, 20260427, "26 April 2026 is an ordinary Sunday"},
        {"15 days", 20260420, 20260505, "15 calendar days"},
        {"1 working_day", 20260420, 20260421, "Monday to Tuesday"},
        {"3 working_days", 20260424, 20260429, "over a weekend: Mon 27, Tue 28, Wed 29"},
        {"5 working_days", 20260428, 20260508, "29, 30 April; 6, 7, 8 May after the holiday"},
        {"6 working_days", 20260428, 20260509, "Saturday 9 May is a make-up day"},
        {"1 working_day", 20260930, 20261008, "1 to 7 October are holidays"},
        {"1 working_day", 20250926, 20250928, "Sunday 28 September 2025 is a make-up day"},
        {"3 working_days", 20250930, 20251011, "1-8 October off; 9, 10; Saturday 11 makes up"},
        {"1 month", 20260131, 20260228, "February has no 31st"},
        {"1 month", 20240131, 20240229, "a leap year"},
        {"3 months", 20260420, 20260720, "the corresponding day"},
        {"1 year", 20240229, 20250228, "no 29 February in 2025"},
        {"3 years", 20260420, 20290420, "the corresponding day"},
        {"10 years", 20260420, 20360420, "the corresponding day"},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct term t;
        uint64_t due = 0;
        print_message("row %zu: %s from %u: %s\n", i, rows[i].term, rows[i].event, rows[i].why);
        assert_true(term_parse(rows[i].term, &t));
        /* Any moment of the day of the event gives the same end. */
        assert_int_equal(term_due(&t, date_start_ms(rows[i].event), *state, &due), OK);
        assert_int_equal(due, date_end_ms(rows[i].last));
        assert_int_equal(term_due(&t, date_end_ms(rows[i].event) - 1, *state, &due), OK);
        assert_int_equal(due, date_end_ms(rows[i].last));
        assert_int_equal(date_from_ms(due - 1), rows[i].last);
    }
}

static void the_day_is_chinas_day(void **state)
{
    struct term t = {.n = 1, .unit = TERM_CALENDAR_DAYS};
    uint64_t due = 0;
    /* 2026-04-20T15:59:59Z is 23:59:59 of the 20th in China, a second later it is the 21st. */
    uint64_t late = UINT64_C(1776700799000);
    assert_int_equal(date_from_ms(late), 20260420);
    assert_int_equal(term_due(&t, late, *state, &due), OK);
    assert_int_equal(date_from_ms(due - 1), 20260421);
    assert_int_equal(term_due(&t, late + 1000, *state, &due), OK);
    assert_int_equal(date_from_ms(due - 1), 20260422);
}

static void hours_end_to_the_millisecond(void **state)
{
    struct term t = {.n = 24, .unit = TERM_HOURS};
    uint64_t due = 0;
    assert_int_equal(term_due(&t, 1776700799123, *state, &due), OK);
    assert_int_equal(due, UINT64_C(1776700799123) + 24 * (uint64_t)HOUR_MS);
}

static void no_term_and_life_are_never_due(void **state)
{
    static const enum term_unit units[] = {TERM_NONE, TERM_LIFE};
    for (size_t i = 0; i < T_COUNT(units); i++) {
        struct term t = {.unit = units[i]};
        uint64_t due = 1;
        assert_int_equal(term_due(&t, 1776700799123, *state, &due), OK);
        assert_int_equal(due, 0);
    }
}

static void what_cannot_be_counted_is_refused(void **state)
{
    static const struct term bad[] = {
        {.unit = TERM_ORDER},
        {.unit = TERM_LIST},
        {.n = 0, .unit = TERM_CALENDAR_DAYS},
        {.n = TERM_N_MAX + 1, .unit = TERM_CALENDAR_DAYS},
        {.n = 9000, .unit = TERM_YEARS},
    };
    uint64_t due = 1;
    for (size_t i = 0; i < T_COUNT(bad); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(term_due(&bad[i], 1776700799123, *state, &due), ERR_TERM);
        assert_int_equal(due, 0);
    }
    struct term working = {.n = 1, .unit = TERM_WORKING_DAYS};
    assert_int_equal(term_due(&working, 1776700799123, NULL, &due), ERR_TERM);
}

static void last_days_of_bans(void **state)
{
    struct term t;
    uint32_t last = 1;
    (void)state;
    assert_true(term_parse("life", &t));
    assert_int_equal(term_last_day(&t, 20260420, &last), OK);
    assert_int_equal(last, 0);
    assert_true(term_parse("3 years", &t));
    assert_int_equal(term_last_day(&t, 20260420, &last), OK);
    assert_int_equal(last, 20290420);
    assert_true(term_parse("3 working_days", &t));
    assert_int_equal(term_last_day(&t, 20260420, &last), ERR_TERM);
    assert_true(term_parse("3 years", &t));
    assert_int_equal(term_last_day(&t, 20261399, &last), ERR_TERM);
    assert_int_equal(last, 0);
}

static void shares_of_a_term(void **state)
{
    (void)state;
    assert_int_equal(term_share(1000, 2000, 50), 1500);
    assert_int_equal(term_share(1000, 2000, 80), 1800);
    assert_int_equal(term_share(1000, 2000, 100), 2000);
    assert_int_equal(term_share(1000, 2000, 0), 1000);
    assert_int_equal(term_share(2000, 1000, 50), 1000);
    assert_int_equal(term_share(0, UINT64_MAX, 50) > UINT64_MAX / 3, 1);
}

static void terms_compare_across_units(void **state)
{
    static const char *const rising[] = {"none",    "24 hours", "2 days", "2 working_days",
                                         "1 month", "3 months", "1 year", "18 months",
                                         "3 years", "life"};
    struct term a;
    struct term b;
    (void)state;
    for (size_t i = 0; i + 1 < T_COUNT(rising); i++) {
        print_message("%s < %s\n", rising[i], rising[i + 1]);
        assert_true(term_parse(rising[i], &a));
        assert_true(term_parse(rising[i + 1], &b));
        assert_true(term_compare(&a, &b) < 0);
        assert_true(term_compare(&b, &a) > 0);
        assert_int_equal(term_compare(&a, &a), 0);
    }
    assert_true(term_parse("12 months", &a));
    assert_true(term_parse("1 year", &b));
    assert_int_equal(term_compare(&a, &b), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(text_and_term_are_inverse),
        CASE(other_texts_are_no_terms),
        CASE(days_months_and_years_end_at_24_of_the_last_day),
        CASE(the_day_is_chinas_day),
        CASE(hours_end_to_the_millisecond),
        CASE(no_term_and_life_are_never_due),
        CASE(what_cannot_be_counted_is_refused),
        CASE(last_days_of_bans),
        CASE(shares_of_a_term),
        CASE(terms_compare_across_units),
    };
    return cmocka_run_group_tests_name("term", tests, NULL, NULL);
}
