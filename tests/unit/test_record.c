/* Checks the promises in policy/record.h: what there is room for is written, and nothing beside. */
#include "policy/record.h"
#include "policy_world.h"

enum {
    TRACES =
        sizeof((lianshu_DecisionRecord *)0)->rules / sizeof((lianshu_DecisionRecord *)0)->rules[0],
    OUTCOMES = sizeof((lianshu_DecisionRecord *)0)->outcome /
               sizeof((lianshu_DecisionRecord *)0)->outcome[0],
};

static void what_is_beyond_the_bound_is_dropped(void **state)
{
    static lianshu_DecisionRecord record;
    const struct world *w = *state;
    record_begin(&record, w->rules, 7);
    for (unsigned i = 0; i <= TRACES; i++) {
        char rule[16];
        snprintf(rule, sizeof rule, "X%u", i);
        record_trace(&record, rule, i % 2 == 0 ? NULL : "M01", i % 3 == 0, "why");
    }
    assert_int_equal(record.rules_count, TRACES);
    assert_string_equal(record.rules[2].rule, "X2");
    assert_string_equal(record.rules[3].rule, "X3/M01");
    assert_true(record.rules[3].matched);
    assert_false(record.rules[4].matched);
    for (unsigned i = 0; i <= OUTCOMES; i++) {
        const lianshu_Outcome outcome = {.subject_index = i};
        record_outcome(&record, &outcome);
    }
    assert_int_equal(record.outcome_count, OUTCOMES);
    assert_int_equal(record.outcome[OUTCOMES - 1].subject_index, OUTCOMES - 1);
    record_begin(&record, w->rules, 8); /* as if new */
    assert_int_equal(record.rules_count + record.outcome_count, 0);
    assert_int_equal(record.now_ms, 8);
}

/* A trace holds the longest names that the loader takes. */
static void a_trace_says_rule_and_measure_whole(void **state)
{
    static lianshu_DecisionRecord record;
    const struct world *w = *state;
    char rule[RULE_ID_MAX + 1];
    char want[RULE_ID_MAX + 8];
    memset(rule, 'R', RULE_ID_MAX);
    rule[RULE_ID_MAX] = '\0';
    snprintf(want, sizeof want, "%s/M123", rule);
    record_begin(&record, w->rules, 7);
    record_trace(&record, rule, "M123", true, "why");
    assert_string_equal(record.rules[0].rule, want);
}

static void nobody_need_ask_whether_there_is_a_record(void **state)
{
    const struct world *w = *state;
    const lianshu_Outcome outcome = {.subject_index = 1};
    struct reader reader;
    record_begin(NULL, w->rules, 7);
    record_trace(NULL, "R01", NULL, true, "why");
    record_outcome(NULL, &outcome);
    record_no_outcome(NULL);
    record_dates(NULL, 20260420, 20260421);
    reader_init(&reader, &w->view);
    record_end(NULL, &reader, OK);
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_beyond_the_bound_is_dropped),
        CASE(a_trace_says_rule_and_measure_whole),
        CASE(nobody_need_ask_whether_there_is_a_record),
    };
    return cmocka_run_group_tests_name("record", tests, world_group_open, world_group_close);
}
