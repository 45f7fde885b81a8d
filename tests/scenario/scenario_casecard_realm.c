/* A case between two regions: each side's hub shows the same card, and everybody hears once. */
#include "scenario/casehubs.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define FAR_POLICE "police.220100"

#define REMINDER   lianshu_HubNoticeKind_HUBNOTICE_REMINDER
#define OVERDUE    lianshu_HubNoticeKind_HUBNOTICE_OVERDUE
#define UNANSWERED lianshu_HubNoticeKind_HUBNOTICE_UNANSWERED

static const struct realm_hub plan[] = {{.region = "000000"},
                                        {.region = "440000"},
                                        {.region = "445100"},
                                        {.region = "220000"},
                                        {.region = "220100"}};

static int tree(void **state)
{
    *state = realm_new(plan, T_COUNT(plan));
    return 0;
}

static size_t told(struct realm *r, const char *member, lianshu_HubNoticeKind kind,
                   const char *clock)
{
    return work_told(realm_home(r, member), member, kind, clock);
}

/* In long steps, after which links that were silent are there again. */
static void a_day_goes_by(struct realm *r)
{
    realm_live(r, 26 * (uint64_t)HOUR_MS, HOUR_MS);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
}

static void refer(struct realm *r)
{
    struct work referred = WORK_REFERRED;
    referred.to[0] = FAR_POLICE;
    referred.to[1] = CASE_PP;
    referred.owner = FAR_POLICE;
    casehubs_take(r, &referred);
}

static void receive(struct realm *r)
{
    struct work taken = WORK_TAKEN;
    taken.from = FAR_POLICE;
    taken.owner = FAR_POLICE;
    casehubs_take(r, &taken);
}

static void both_sides_hubs_show_the_same_card(void **state)
{
    struct realm *r = *state;
    refer(r);
    receive(r);
    char *one = casehubs_card(r, "445100");
    char *other = casehubs_card(r, "220100");
    assert_non_null(strstr(one, "\"RECEIVED\""));
    assert_string_equal(one, other);
    free(one);
    free(other);
}

static void each_side_is_told_once_of_a_term(void **state)
{
    struct realm *r = *state;
    refer(r); /* T08: 24 hours of the police */
    a_day_goes_by(r);
    assert_int_equal(told(r, FAR_POLICE, REMINDER, "T08"), 3);     /* 50, 80, 100 */
    assert_int_equal(told(r, "police.220000", OVERDUE, "T08"), 1); /* its hub has no such case */
    assert_int_equal(told(r, "procuratorate.220100", OVERDUE, "T08"), 1);
    assert_int_equal(told(r, CASE_MARKET, UNANSWERED, "T08"), 1);
    assert_int_equal(told(r, CASE_MARKET, REMINDER, ""), 0);
    assert_int_equal(told(r, CASE_PP, OVERDUE, ""), 0);
    realm_restart(r, "445100");
    realm_restart(r, "220100");
    a_day_goes_by(r);
    assert_int_equal(told(r, FAR_POLICE, REMINDER, "T08"), 3);
    assert_int_equal(told(r, "police.220000", OVERDUE, "T08"), 1);
    assert_int_equal(told(r, CASE_MARKET, UNANSWERED, "T08"), 1);
}

static void a_cut_road_delays_the_word_of_a_breach_and_does_not_double_it(void **state)
{
    struct realm *r = *state;
    refer(r);
    realm_cut(r, "220000", "220100");
    a_day_goes_by(r);
    assert_int_equal(told(r, CASE_MARKET, UNANSWERED, "T08"), 1); /* by its own hub */
    assert_int_equal(told(r, FAR_POLICE, REMINDER, "T08"), 3);
    assert_int_equal(told(r, "police.220000", OVERDUE, "T08"), 0);
    realm_heal(r, "220000", "220100");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(told(r, "police.220000", OVERDUE, "T08"), 1);
    assert_int_equal(told(r, CASE_MARKET, UNANSWERED, "T08"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_sides_hubs_show_the_same_card, tree, casehubs_end),
        cmocka_unit_test_setup_teardown(each_side_is_told_once_of_a_term, tree, casehubs_end),
        cmocka_unit_test_setup_teardown(
            a_cut_road_delays_the_word_of_a_breach_and_does_not_double_it, tree, casehubs_end),
    };
    return cmocka_run_group_tests_name("casecard_realm", tests, NULL, NULL);
}
