/* What a credit class brings and takes (B.8 R24, R25): duties towards who is warned, incentives for
 * who is in good standing. */
#include "scenario/rulebook.h"

#define MARKET "market.445100"

static uint32_t rates(struct world *w, const char *class, unsigned value)
{
    char date[16];
    const unsigned risk = 1000 - value;
    rulebook_date(w, date);
    return rulebook_says(
        w, MARKET, "credit.rating",
        "\"indices\":[{\"code\":\"integrity\",\"value\":%u},"
        "{\"code\":\"industry_risk\",\"value\":%u},{\"code\":\"region_weight\",\"value\":%u},"
        "{\"code\":\"dynamic_alert\",\"value\":%u}],\"class\":\"%s\",\"from_date\":\"%s\","
        "\"until_date\":\"2028-03-31\",\"reference\":\"C-1\"",
        value, risk, risk, risk, class, date);
}

/* Policy 000 §九: the drug regulators of the province consider it; an answer is asked of them. */
static const struct play warned = {
    .rule = "R24",
    .issuer = MARKET,
    .line = {{"M23", 0, CONSIDER, GD_MPA, "2028-03-31", true}},
};

static void r24_who_is_warned_is_watched_until_the_class_is_another(void **state)
{
    struct world *w = *state;
    assert_int_equal(rates(w, "warned", 700), 0);
    rulebook_assert_told(w, "R24", GD_MPA GD_HEALTH);
    rulebook_assert_owed(w, &warned);
    rulebook_assert_restricted(w, &warned, true);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE), 3);
    rulebook_assert_gates(w, &warned, true);
    assert_int_equal(rates(w, "dishonest", 400), 0); /* worse, and no longer merely warned */
    rulebook_assert_told(w, "R24", "");
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), 3);
    rulebook_assert_nothing_left(w);
    rulebook_assert_gates(w, &warned, false);
}

static void r24_that_nobody_clears_runs_out_with_the_rating(void **state)
{
    struct world *w = *state;
    assert_int_equal(rates(w, "warned", 700), 0);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    rulebook_until(w, "2028-03-31", 1);
    rulebook_assert_restricted(w, &warned, true);
    world_pass(w, 1);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), 3);
    rulebook_assert_nothing_left(w);
}

/* I01 everybody; I02 the treasury; I03 tenders; I04 who inspects; I05 the catalogue and
 * procurement; I06 the media, of which there are none here, and the platform. At most three
 * years, here until the rating ends. */
#define RED(until)                                                                                 \
    {"I01", 0, CONSIDER, EVERY_MEMBER, until, false},                                              \
        {"I02", 0, CONSIDER, FUNDS_ONE, until, false},                                             \
        {"I03", 0, CONSIDER, N_TENDER, until, false},                                              \
        {"I04", 0, CONSIDER, N_HEALTH N_MPA, until, false},                                        \
        {"I05", 0, CONSIDER, N_HSA N_TENDER, until, false},                                        \
    {                                                                                              \
        "I06", 0, CONSIDER, CREDIT_ONE, until, false                                               \
    }

static uint32_t lists(struct world *w)
{
    char subject[256];
    rulebook_subject(NULL, 0, subject);
    const struct paper paper = {.subject = subject,
                                .order_id = FINE_ID,
                                .list = "penalty_record",
                                .trigger = "penalty_larger_fine",
                                .severity = "ordinary",
                                .decided = "2026-04-01",
                                .max = "2026-12-31"};
    return rulebook_order(w, MARKET, &paper, "AP48", NULL);
}

static void r25_good_standing_is_offered_to_everybody_and_lost_on_any_listing(void **state)
{
    struct world *w = *state;
    static const struct play red = {.rule = "R25", .line = {RED("2028-03-31")}};
    static const struct play fine = {.rule = "R10",
                                     .line = {{"M27", 0, MUST, MARKET " ", "2026-12-31", false}}};
    assert_int_equal(rates(w, "trustworthy", 900), 0);
    assert_int_equal(world_status(w, "unassigned"), 1); /* the media */
    rulebook_assert_owed(w, &red);
    const size_t offered = rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    assert_int_equal(lists(w), 0);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), offered);
    rulebook_assert_owed(w, &fine);
    assert_int_equal(world_status(w, "unassigned"), 0);
    assert_int_equal(rates(w, "trustworthy", 900), 0); /* not while listed */
    rulebook_assert_owed(w, &fine);
    rulebook_until(w, "2026-12-31", 0);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
}

static uint32_t offers(struct world *w, const char *measure)
{
    return rulebook_says(w, MARKET, "credit.incentive",
                         "\"measure\":\"%s\",\"from_date\":\"2026-04-01\","
                         "\"until_date\":\"2027-03-31\",\"reference\":\"I-1\"",
                         measure);
}

static void
r25_a_single_incentive_is_offered_for_its_time_and_refused_to_who_is_listed(void **state)
{
    struct world *w = *state;
    static const struct play bonus = {
        .rule = "R25-OFFER", .line = {{"I03", 0, CONSIDER, N_TENDER, "2027-03-31", false}}};
    assert_int_equal(offers(w, "I03"), 0);
    rulebook_assert_owed(w, &bonus);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE), 3);
    assert_int_equal(lists(w), 0);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), 3);
    assert_int_equal(offers(w, "I03"), ERR_RESTRICTED);
    assert_int_equal(offers(w, "M01"), ERR_FIELD_VALUE);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, rulebook_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(r24_who_is_warned_is_watched_until_the_class_is_another),
        CASE(r24_that_nobody_clears_runs_out_with_the_rating),
        CASE(r25_good_standing_is_offered_to_everybody_and_lost_on_any_listing),
        CASE(r25_a_single_incentive_is_offered_for_its_time_and_refused_to_who_is_listed),
    };
    return cmocka_run_group_tests_name("credit", tests, NULL, NULL);
}
