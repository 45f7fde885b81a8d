/*
 * Checks the promises in policy/coverage.h on the shipped rules and the calendar of the tree, which
 * ends with 2026, and on calendars with a gap.
 */
#include "policy/coverage.h"

#include "policy_world.h"
#include "ruleset_copy.h"

/* A term of the shipped set: its longest by working days is 45 (end of a mediation). */
static void nothing_is_said_while_every_term_ends_within_the_calendar(void **state)
{
    const struct world *w = *state;
    struct coverage c;
    coverage_of(w->rules, w->calendar, 20260401, &c);
    assert_int_equal(c.until, 20261231);
    assert_true(c.counted > 100);
    assert_int_equal(c.beyond, 0);
    assert_string_equal(c.of, "");
}

/* The mediation of 45 working days ends on the last working day of the year, or beyond it. */
static void the_first_term_that_leaves_the_calendar_is_named_on_its_day(void **state)
{
    const struct world *w = *state;
    struct coverage c;
    uint32_t day = 20261001;
    coverage_of(w->rules, w->calendar, day, &c);
    for (; c.beyond == 0 && day < 20261231; coverage_of(w->rules, w->calendar, day, &c))
        day = date_add_days(day, 1);
    assert_int_equal(c.beyond, 1);
    assert_string_equal(c.of, "COMPLAINT-END");
    assert_int_equal(c.term.n, 45);
    /* The day before it would just have ended on the last working day of the year. */
    assert_int_equal(calendar_add_workdays(w->calendar, date_add_days(day, -1), 45), 20261231);
    assert_true(calendar_add_workdays(w->calendar, day, 45) > 20261231);
}

static void at_the_end_of_the_year_every_term_by_the_calendar_leaves_it(void **state)
{
    const struct world *w = *state;
    struct coverage c;
    coverage_of(w->rules, w->calendar, 20261231, &c);
    assert_int_equal(c.until, 20261231);
    assert_int_equal(c.beyond, c.counted);
    coverage_of(w->rules, w->calendar, 20270101, &c);
    assert_int_equal(c.until, 0);
    assert_int_equal(c.beyond, c.counted);
}

static void of_several_that_have_the_longest_the_first_is_named(void **state)
{
    const struct world *w = *state;
    struct fixture *copy = NULL;
    struct ruleset *rules = NULL;
    struct coverage c;
    assert_int_equal(setup((void **)&copy), 0);
    spoil(copy, "gates.yaml", "deadline: 3 working_days", "deadline: 45 working_days");
    assert_int_equal(ruleset_open(&rules, copy->dir, &copy->faults), OK);
    coverage_of(rules, w->calendar, 20261231, &c);
    assert_int_equal(c.term.n, 45);
    assert_string_equal(c.of, "COMPLAINT-END");
    ruleset_close(&rules);
    assert_int_equal(teardown((void **)&copy), 0);
}

static void a_year_that_is_missing_is_the_end(void **state)
{
    static const char text[] =
        "date,kind,name\n2025-10-01,holiday,国庆节\n2027-10-01,holiday,国庆节\n";
    const struct world *w = *state;
    struct calendar *gap = NULL;
    struct coverage c;
    assert_int_equal(calendar_parse(&gap, span_str(text), "gap.csv", NULL), OK);
    coverage_of(w->rules, gap, 20251201, &c);
    assert_int_equal(c.until, 20251231);
    assert_true(c.beyond > 0);
    coverage_of(w->rules, gap, 20260701, &c);
    assert_int_equal(c.until, 0);
    assert_int_equal(c.beyond, c.counted);
    coverage_of(w->rules, gap, 20270104, &c);
    assert_int_equal(c.beyond, 0);
    calendar_close(&gap);
}

/* What is no working day is not asked for, and a day that is moved asks for the day it goes to. */
static void only_what_is_counted_by_the_calendar_leaves_it(void **state)
{
    static const struct {
        const char *term;
        uint32_t from;
        bool beyond;
    } rows[] = {
        {"3 days", 20261231, false},         {"10 years", 20261231, false},
        {"48 hours", 20261231, false},       {"life", 20261231, false},
        {"3 days roll", 20261228, false},    {"3 days roll", 20261229, true},
        {"1 month roll", 20261130, false},   {"1 month roll", 20261201, true},
        {"1 working_day", 20261230, false},  {"1 working_day", 20261231, true},
        {"3 working_days", 20261228, false}, {"3 working_days", 20261229, true},
        {"1 working_day", 20181231, false},  {"2 working_days", 20181228, true},
    };
    const struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct term t;
        print_message("%s from %u\n", rows[i].term, rows[i].from);
        assert_true(term_parse(rows[i].term, &t));
        assert_int_equal(term_beyond(&t, noon(rows[i].from), w->calendar), rows[i].beyond);
    }
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_said_while_every_term_ends_within_the_calendar),
        CASE(the_first_term_that_leaves_the_calendar_is_named_on_its_day),
        CASE(at_the_end_of_the_year_every_term_by_the_calendar_leaves_it),
        CASE(of_several_that_have_the_longest_the_first_is_named),
        CASE(a_year_that_is_missing_is_the_end),
        CASE(only_what_is_counted_by_the_calendar_leaves_it),
    };
    return cmocka_run_group_tests_name("coverage", tests, world_group_open, world_group_close);
}
