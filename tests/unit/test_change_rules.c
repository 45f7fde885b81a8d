/*
 * Checks the promises in policy/decide.h of changes under rules that the shipped set has none of:
 * where the issuer may not change what it decided, and orders of rules without an article, or of
 * none that is known.
 */
#include "policy_change.h"
#include "ruleset_copy.h"

#define LIST                                                                                       \
    "  - {code: xl, zh: 某, en: some, issuers: [market], severity: serious, min: none, max: 3 "   \
    "years, start_within: 90 days}\n"
#define RULE                                                                                       \
    "  - {id: X1, zh: 某, en: some, list: xl, triggers: [XT], subjects: [enterprise], severity: " \
    "serious, from: 2021-09-01, mark: D, term: 3 years, earliest_repair: none, measures: [{code: " \
    "M24, force: consider, term: list, basis: [SAMR44-15]}]}\n"

static struct fixture *copy;

static int open_copy(void **state)
{
    assert_int_equal(setup((void **)&copy), 0);
    return change_setup(state);
}

static int close_copy(void **state)
{
    (void)state;
    return teardown((void **)&copy);
}

static void open_spoilt(struct ruleset **rs)
{
    assert_int_equal(ruleset_open(rs, copy->dir, &copy->faults), OK);
}

static enum err changed(const struct ruleset *rs, const char *by,
                        const lianshu_SanctionChange *change, struct decision *out)
{
    struct decide_input in = input_change(&world);
    in.issuer = by;
    assert_int_equal(decide_change(rs, &world.view, &in, CHANGE_LIFT, change, out, NULL), OK);
    return out->err;
}

static void who_may_change_an_order_is_what_the_table_says(void **state)
{
    static const struct {
        const char *who;
        bool issuer, superior, court;
    } rows[] = {{"[court]", false, false, true},
                {"[superior]", false, true, false},
                {"[issuer]", true, false, false}};
    const lianshu_SanctionChange change = change_ok();
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct ruleset *rs = NULL;
        struct decision out;
        char line[64];
        print_message("row %zu\n", i);
        snprintf(line, sizeof line, "\n  lift: %s\n", rows[i].who);
        spoil(copy, "lists.yaml", "\n  lift: [issuer, superior, court]\n", line);
        open_spoilt(&rs);
        assert_int_equal(changed(rs, ISSUER, &change, &out),
                         rows[i].issuer ? OK : ERR_ORDER_AUTHORITY);
        assert_int_equal(changed(rs, "market.440000", &change, &out),
                         rows[i].superior ? OK : ERR_ORDER_AUTHORITY);
        assert_int_equal(changed(rs, "court.440000", &change, &out),
                         rows[i].court ? OK : ERR_ORDER_AUTHORITY);
        ruleset_close(&rs);
    }
}

/* Not the department whose part it is, which stands beside it; nor anybody, where the issuer's name
 * is none. */
static void above_an_issuer_is_a_region_above_its_own(void **state)
{
    const lianshu_SanctionChange change = change_ok();
    struct decision out;
    (void)state;
    snprintf(world.order.issuer, sizeof world.order.issuer, "market-law.445100");
    snprintf(world.order.changed_by, sizeof world.order.changed_by, "market-law.445100");
    assert_int_equal(changed(world.rules, "market.440000", &change, &out), OK);
    assert_int_equal(changed(world.rules, "market.445100", &change, &out), ERR_ORDER_AUTHORITY);
    snprintf(world.order.issuer, sizeof world.order.issuer, "nobody");
    assert_int_equal(changed(world.rules, "market.440000", &change, &out), ERR_ORDER_AUTHORITY);
}

/* Of a refusal for which the set names no article, it is that of the order's rule, if it has one.
 */
static void a_refusal_offends_what_the_rule_rests_on_if_there_is_any(void **state)
{
    lianshu_SanctionChange change = change_ok();
    struct ruleset *rs = NULL;
    struct decision out;
    (void)state;
    spoil(copy, "lists.yaml", "\nlists:\n", "\nlists:\n" LIST);
    spoil(copy, "rules.yaml", "\nrules:\n", "\nrules:\n" RULE);
    open_spoilt(&rs);
    change.decision_date = 20270419; /* before a repair may be */
    assert_int_equal(changed(rs, ISSUER, &change, &out), ERR_TERM);
    assert_string_not_equal(out.basis, "");
    snprintf(world.order.list, sizeof world.order.list, "xl");
    snprintf(world.order.rule, sizeof world.order.rule, "X1");
    assert_int_equal(changed(rs, ISSUER, &change, &out), ERR_TERM);
    assert_string_equal(out.basis, "");
    snprintf(world.order.rule, sizeof world.order.rule, "R00");
    assert_int_equal(changed(rs, ISSUER, &change, &out), ERR_TERM);
    assert_string_equal(out.basis, "");
    ruleset_close(&rs);
}

static void what_would_end_after_the_last_year_begins_nothing_anew(void **state)
{
    (void)state;
    assert_int_equal(change_repair_from(world.rules, "R09", 20270420, 99990601), 20270420);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, open_copy, close_copy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(who_may_change_an_order_is_what_the_table_says),
        CASE(above_an_issuer_is_a_region_above_its_own),
        CASE(a_refusal_offends_what_the_rule_rests_on_if_there_is_any),
        CASE(what_would_end_after_the_last_year_begins_nothing_anew),
    };
    return cmocka_run_group_tests_name("change_rules", tests, world_group_open, world_group_close);
}
