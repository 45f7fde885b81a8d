/*
 * Checks the chronology of changes in policy/decide.h: what is decided about an order follows what
 * was decided before, and of a refusal both dates are in the record.
 */
#include "policy_change.h"

/* Of one order that was changed on 2027-05-01 by some member. */
static void a_change_does_not_come_before_the_one_that_it_follows(void **state)
{
    static const struct {
        enum order_state from;
        enum change_kind kind;
        const char *by;
        const char *changed_by;
        bool allowed;
    } rows[] = {
        {ORDER_SUSPENDED, CHANGE_RESUME, ISSUER, ISSUER, false},
        {ORDER_ACTIVE, CHANGE_SUSPEND, ISSUER, ISSUER, false},
        {ORDER_ACTIVE, CHANGE_SUSPEND, "court.440000", ISSUER, false},
        {ORDER_LIFTED, CHANGE_RESTORE, ISSUER, ISSUER, false},
        {ORDER_LIFTED, CHANGE_RESTORE, "market.440000", ISSUER, false},
        {ORDER_ACTIVE, CHANGE_LIFT, ISSUER, ISSUER, false},
        {ORDER_ACTIVE, CHANGE_LIFT, ISSUER, "", false}, /* the clock decides nothing */
        /* Who is above need not have known; what never was has no chronology. */
        {ORDER_ACTIVE, CHANGE_LIFT, "court.440000", ISSUER, true},
        {ORDER_ACTIVE, CHANGE_LIFT, "court.440000", "court.445100", true},
        {ORDER_SUSPENDED, CHANGE_LIFT, "market.440000", "", true},
        {ORDER_SUSPENDED, CHANGE_ANNUL, ISSUER, ISSUER, true},
        {ORDER_LIFTED, CHANGE_ANNUL, "court.440000", "court.440000", true},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct decision out;
        lianshu_DecisionRecord record;
        (void)change_setup(state);
        struct decide_input in = input_change(&world);
        lianshu_SanctionChange change = change_ok();
        in.issuer = rows[i].by;
        world.order.state = rows[i].from;
        world.order.changed_date = 20270501;
        snprintf(world.order.changed_by, sizeof world.order.changed_by, "%s", rows[i].changed_by);
        change.decision_date = 20270430;
        print_message("row %zu\n", i);
        assert_int_equal(
            decide_change(world.rules, &world.view, &in, rows[i].kind, &change, &out, &record), OK);
        assert_int_equal(out.err, rows[i].allowed ? OK : ERR_TERM);
        assert_string_equal(out.why, rows[i].allowed ? "" : "before_change");
        assert_string_equal(out.basis, rows[i].allowed ? "" : "AP75");
        assert_int_equal(record.date, rows[i].allowed ? 0 : 20270430);
        assert_int_equal(record.against_date, rows[i].allowed ? 0 : 20270501);
        change.decision_date = 20270501; /* of one day the version says what came first */
        assert_int_equal(
            decide_change(world.rules, &world.view, &in, rows[i].kind, &change, &out, &record), OK);
        assert_int_equal(out.err, OK);
    }
}

/* The same of what has bounds of its own. */
static void a_refusal_because_of_dates_names_both(void **state)
{
    struct decision out;
    lianshu_DecisionRecord record;
    (void)change_setup(state);
    struct decide_input in = input_change(&world);
    lianshu_SanctionChange change = change_ok();
    change.decision_date = 20270419;
    assert_int_equal(
        decide_change(world.rules, &world.view, &in, CHANGE_LIFT, &change, &out, &record), OK);
    assert_string_equal(out.why, "repair_too_early");
    assert_int_equal(record.date, 20270419);
    assert_int_equal(record.against_date, 20270420);
    change.decision_date = 20260419;
    assert_int_equal(
        decide_change(world.rules, &world.view, &in, CHANGE_ANNUL, &change, &out, &record), OK);
    assert_string_equal(out.why, "before_order");
    assert_int_equal(record.date, 20260419);
    assert_int_equal(record.against_date, 20260420);
}

/* R09 is repaired after a year at the earliest: of a restored one that year begins anew. */
static void after_deceit_the_least_time_begins_anew(void **state)
{
    static const struct {
        uint32_t restored;
        uint32_t lifted;
        const char *why; /* "": it is lifted */
        uint32_t from;
    } rows[] = {
        {0, 20270420, "", 20270420},        {20270501, 20280430, "repair_after_deceit", 20280501},
        {20270501, 20280501, "", 20280501}, {20270501, 20270419, "repair_too_early", 20280501},
        {20260420, 20270420, "", 20270420}, /* the decision says no earlier day */
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct decision out;
        lianshu_DecisionRecord record;
        (void)change_setup(state);
        struct decide_input in = input_change(&world);
        lianshu_SanctionChange change = change_ok();
        in.now_ms = noon(20280601);
        change.decision_date = rows[i].lifted;
        world.order.restored_date = rows[i].restored;
        print_message("row %zu\n", i);
        assert_int_equal(
            decide_change(world.rules, &world.view, &in, CHANGE_LIFT, &change, &out, &record), OK);
        assert_string_equal(out.why, rows[i].why);
        assert_int_equal(change_repair_from(world.rules, "R09", 20270420, rows[i].restored),
                         rows[i].from);
        if (strcmp(out.why, "repair_after_deceit") == 0) {
            assert_string_equal(out.basis, "SAMR44");
            assert_int_equal(record.against_date, rows[i].from);
        }
    }
    assert_int_equal(change_repair_from(world.rules, "R09", 0, 20270501), 0);
    assert_int_equal(change_repair_from(world.rules, "R00", 20270420, 20270501), 20270420);
}

#define CASE(fn) cmocka_unit_test(fn)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_change_does_not_come_before_the_one_that_it_follows),
        CASE(a_refusal_because_of_dates_names_both),
        CASE(after_deceit_the_least_time_begins_anew),
    };
    return cmocka_run_group_tests_name("change_dates", tests, world_group_open, world_group_close);
}
