/* What a credit class brings and takes (B.8 R24, R25): duties towards who is warned, incentives for
 * who is in good standing. */
#include "scenario/rulebook.h"

#include <stdio.h>

#define MARKET "market.445100"

enum { BODY_MAX = 1024 };

static void rating(const char *class, unsigned value, const char *date, char out[static BODY_MAX])
{
    char subject[256];
    const unsigned risk = 1000 - value;
    rulebook_subject(NULL, 0, subject);
    snprintf(out, BODY_MAX,
             "{\"subject\":%s,\"indices\":[{\"code\":\"integrity\",\"value\":%u},"
             "{\"code\":\"industry_risk\",\"value\":%u},"
             "{\"code\":\"region_weight\",\"value\":%u},"
             "{\"code\":\"dynamic_alert\",\"value\":%u}],\"class\":\"%s\",\"from_date\":\"%s\","
             "\"until_date\":\"2028-03-31\",\"reference\":\"C-1\"}",
             subject, value, risk, risk, risk, class, date);
}

/* Issued a moment later than what was issued before. */
static uint32_t rates_from(struct world *w, const char *class, unsigned value, const char *date)
{
    char body[BODY_MAX];
    rating(class, value, date, body);
    world_pass(w, 1);
    return book_tell(w, MARKET, "credit.rating", body);
}

static uint32_t rates(struct world *w, const char *class, unsigned value)
{
    char date[16];
    rulebook_date(w, date);
    return rates_from(w, class, value, date);
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

static uint32_t lists_from(struct world *w, const char *start)
{
    return rulebook_fine(w, (struct paper){.decided = "2026-04-01",
                                           .start = start,
                                           .repair = "2026-07-20",
                                           .max = "2026-12-31"});
}

static uint32_t lists(struct world *w)
{
    return lists_from(w, "2026-04-01");
}

/* Does anybody owe that measure? */
static bool owes(struct world *w, const char *measure)
{
    struct json *json = world_ask(w, "{\"cmd\":\"obligations\"}");
    const struct json *rows = json_get(json, "obligations");
    bool found = false;
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        found = found || (strcmp(json_get_text(row, "measure"), measure) == 0 &&
                          strcmp(json_get_text(row, "state"), "delivered") == 0);
    }
    json_close(&json);
    return found;
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

/* ---- back and forth ---- */

static const struct play in_good_standing = {.rule = "R25", .line = {RED("2028-03-31")}};
static const struct play nothing = {.rule = "none", .line = {{.measure = NULL}}};

/* Members have all notices and have answered none. */
static void
r25_classes_that_change_back_and_forth_within_a_day_leave_what_the_last_one_brings(void **state)
{
    static const struct {
        const char *class;
        unsigned value;
        const struct play *brings;
    } day[] = {
        {"trustworthy", 900, &in_good_standing},
        {"warned", 700, &warned},
        {"trustworthy", 900, &in_good_standing},
        {"seriously", 100, &nothing},
        {"warned", 700, &warned},
        {"dishonest", 400, &nothing},
        {"trustworthy", 800, &in_good_standing},
    };
    struct world *w = *state;
    const uint64_t moment = w->now_ms;
    size_t begun = 0;
    for (size_t i = 0; i < T_COUNT(day); i++) {
        print_message("%s\n", day[i].class);
        assert_int_equal(rates(w, day[i].class, day[i].value), 0);
        assert_int_equal(w->now_ms - moment, i + 1);
        rulebook_assert_owed(w, day[i].brings);
        rulebook_assert_restricted(w, &warned, day[i].brings == &warned);
        begun += day[i].brings != &nothing;
    }
    /* Two of warned and three of good standing; of each but the last everybody hears the end. */
    assert_int_equal(begun, 5);
    const size_t red = world_status(w, "obligations.delivered");
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), 2 * red + 2 * 3);
    rulebook_assert_owed(w, &in_good_standing);
    assert_int_equal(rates(w, "dishonest", 400), 0);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), red);
    rulebook_assert_nothing_left(w);
}

static const struct play fine_of_2026 = {
    .rule = "R10", .line = {{"M27", 0, MUST, MARKET " ", "2026-12-31", false}}};

static uint32_t changes(struct world *w, const char *type, uint32_t version)
{
    char subject[256];
    char today[16];
    char body[PAPER_MAX];
    rulebook_subject(NULL, 0, subject);
    rulebook_date(w, today);
    const struct paper paper = {
        .subject = subject, .order_id = FINE_ID, .version = version, .decided = today};
    paper_change(&paper, body);
    return book_tell(w, MARKET, type, body);
}

/* The stay makes it unlisted for a while. */
static void r25_good_standing_of_a_stay_is_lost_when_the_order_resumes(void **state)
{
    struct world *w = *state;
    assert_int_equal(lists(w), 0);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    assert_int_equal(changes(w, "sanction.suspend", 2), 0);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    assert_int_equal(rates(w, "trustworthy", 900), 0);
    rulebook_assert_owed(w, &in_good_standing);
    assert_int_equal(changes(w, "sanction.resume", 3), 0);
    rulebook_assert_owed(w, &fine_of_2026);
}

static void
r25_good_standing_after_a_deceitful_repair_is_lost_when_the_order_is_restored(void **state)
{
    struct world *w = *state;
    assert_int_equal(lists(w), 0);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    rulebook_until(w, "2026-07-20", 0);
    assert_int_equal(changes(w, "sanction.lift", 2), 0);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    assert_int_equal(rates(w, "trustworthy", 900), 0);
    rulebook_assert_owed(w, &in_good_standing);
    assert_int_equal(changes(w, "sanction.restore", 3), 0);
    rulebook_assert_owed(w, &fine_of_2026);
}

/* Decided on 1 April, in force from 20 April on. */
static void r25_good_standing_given_before_an_order_begins_is_lost_on_its_first_day(void **state)
{
    struct world *w = *state;
    assert_int_equal(lists_from(w, "2026-04-20"), 0);
    assert_int_equal(rates(w, "trustworthy", 900), 0);
    rulebook_until(w, "2026-04-19", 1);
    assert_true(owes(w, "I05"));
    world_pass(w, 1);
    assert_false(owes(w, "I05"));
    rulebook_assert_owed(w, &fine_of_2026);
}

/* All in the batch of one commit. */
static void r24_of_ratings_that_come_together_the_last_one_counts(void **state)
{
    static const struct {
        const char *class;
        unsigned value;
    } ratings[] = {{"warned", 700}, {"trustworthy", 900}, {"warned", 600}};
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(ratings); i++) {
        char body[BODY_MAX];
        char date[16];
        rulebook_date(w, date);
        rating(ratings[i].class, ratings[i].value, date, body);
        w->now_ms++;
        const struct mail mail = {
            .from = MARKET, .type = "credit.rating", .to = {"hub.445100"}, .facts = body};
        world_make(w, &mail, NULL, NULL);
        world_push(w, MARKET);
    }
    world_turn(w);
    rulebook_assert_owed(w, &warned);
    rulebook_assert_restricted(w, &warned, true);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    rulebook_assert_owed(w, &warned);
}

/* ---- days ---- */

static void r24_a_rating_that_comes_late_changes_nothing(void **state)
{
    struct world *w = *state;
    assert_int_equal(rates_from(w, "warned", 700, "2026-03-20"), 0);
    assert_int_equal(rates_from(w, "trustworthy", 900, "2026-03-19"), ERR_RATING_OLDER);
    rulebook_assert_owed(w, &warned);
    rulebook_assert_restricted(w, &warned, true);
    world_restart(w);
    assert_int_equal(rates_from(w, "dishonest", 400, "2026-03-19"), ERR_RATING_OLDER);
    rulebook_assert_owed(w, &warned);
    assert_int_equal(rates_from(w, "trustworthy", 900, "2026-03-20"), 0); /* a correction */
    rulebook_assert_owed(w, &in_good_standing);
    rulebook_assert_restricted(w, &warned, false);
}

/* A class that makes nobody owe anything stands, too. */
static void r24_a_rating_that_comes_late_does_not_replace_a_class_without_measures(void **state)
{
    struct world *w = *state;
    assert_int_equal(rates_from(w, "dishonest", 400, "2026-03-20"), 0);
    assert_int_equal(rates_from(w, "warned", 700, "2026-03-19"), ERR_RATING_OLDER);
    rulebook_assert_owed(w, &nothing);
    rulebook_assert_restricted(w, &warned, false);
}

static void r24_a_rating_dated_ahead_leaves_the_class_as_it_is_until_it_is_issued(void **state)
{
    struct world *w = *state;
    assert_int_equal(rates(w, "warned", 700), 0);
    assert_int_equal(rates_from(w, "trustworthy", 900, "2026-04-02"), ERR_RATING_AHEAD);
    rulebook_assert_owed(w, &warned);
    rulebook_assert_restricted(w, &warned, true);
    rulebook_until(w, "2026-04-01", 0);
    assert_int_equal(rates_from(w, "trustworthy", 900, "2026-04-02"), 0);
    rulebook_assert_owed(w, &in_good_standing);
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
        CASE(r25_classes_that_change_back_and_forth_within_a_day_leave_what_the_last_one_brings),
        CASE(r25_good_standing_of_a_stay_is_lost_when_the_order_resumes),
        CASE(r25_good_standing_after_a_deceitful_repair_is_lost_when_the_order_is_restored),
        CASE(r25_good_standing_given_before_an_order_begins_is_lost_on_its_first_day),
        CASE(r24_of_ratings_that_come_together_the_last_one_counts),
        CASE(r24_a_rating_that_comes_late_changes_nothing),
        CASE(r24_a_rating_that_comes_late_does_not_replace_a_class_without_measures),
        CASE(r24_a_rating_dated_ahead_leaves_the_class_as_it_is_until_it_is_issued),
        CASE(r25_a_single_incentive_is_offered_for_its_time_and_refused_to_who_is_listed),
    };
    return cmocka_run_group_tests_name("credit", tests, NULL, NULL);
}
