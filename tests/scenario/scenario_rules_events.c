/* The rules of domain B.8 that other documents than orders set off, each from that document to the
 * last lift; who is told comes from the column of departments, read where the subject is (445102:
 * city and province). */
#include "scenario/rulebook.h"

#include <stdio.h>

#define MARKET "market.445100"
#define HSA    "insurance.445100"

enum { BODY_MAX = 4096 };

static void assert_ground(struct world *w, const char *from, const char *rule, const char *basis)
{
    const lianshu_Receipt *q = world_receipt(w, from, book_env_id);
    assert_non_null(q);
    assert_int_equal(q->grounds_count, 1);
    assert_string_equal(q->grounds[0].rule, rule);
    assert_string_equal(q->grounds[0].basis, basis);
}

/* ---- R08 ---- */

static uint32_t registers(struct world *w, size_t firm, char role, size_t person, const char *date)
{
    char subject[256];
    char who[160];
    char body[BODY_MAX];
    rulebook_subject(NULL, firm, subject);
    rulebook_person(role, person, who);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"persons\":[%s],\"trade\":\"pharmacy\",\"registered_date\":\"%s\","
             "\"reference\":\"S-1\"}",
             subject, who, date);
    return book_tell(w, MARKET, "subject.register", body);
}

static void
r08_before_july_2024_a_second_one_person_company_is_refused_and_its_registry_told(void **state)
{
    struct world *w = *state;
    assert_int_equal(registers(w, 1, 'S', 1, "2023-01-01"), 0);
    rulebook_put_away(w);
    assert_int_equal(registers(w, 2, 'S', 1, "2024-06-30"), ERR_RESTRICTED);
    assert_ground(w, MARKET, "R08-2018", "CL58");
    rulebook_assert_told(w, "R08-2018", GD_MARKET);
    rulebook_assert_told(w, "R08", "");
    assert_int_equal(world_status(w, "obligations.total"), 0);
    /* The refused one began nothing; when the first is somebody else's, there is no second. */
    rulebook_put_away(w);
    assert_int_equal(registers(w, 1, 'S', 2, "2024-06-01"), 0);
    rulebook_assert_told(w, "R08-2018", "");
    assert_int_equal(registers(w, 2, 'S', 1, "2024-06-30"), 0);
    rulebook_assert_told(w, "R08-2018", "");
    rulebook_assert_nothing_left(w);
}

static void r08_since_july_2024_it_is_registered_and_its_registry_told(void **state)
{
    struct world *w = *state;
    assert_int_equal(registers(w, 1, 'S', 1, "2023-01-01"), 0);
    rulebook_put_away(w);
    assert_int_equal(registers(w, 2, 'S', 1, "2024-07-01"), 0);
    rulebook_assert_told(w, "R08", GD_MARKET);
    rulebook_assert_told(w, "R08-2018", "");
    rulebook_assert_nothing_left(w);
}

/* ---- R10, R11, T30 ---- */

static uint32_t penalizes(struct world *w, const char *severity, const char *trigger)
{
    rulebook_put_away(w);
    return rulebook_says(w, MARKET, "penalty.decision",
                         "\"trigger\":\"%s\",\"decision_number\":\"示罚〔2026〕1号\","
                         "\"decision_date\":\"2026-04-01\",\"severity\":\"%s\","
                         "\"reference\":\"P-1\"",
                         trigger, severity);
}

static void r10_the_record_of_a_fine_reminds_its_publisher_and_takes_no_measure(void **state)
{
    struct world *w = *state;
    assert_int_equal(penalizes(w, "ordinary", "penalty_larger_fine"), 0);
    rulebook_assert_told(w, "R10-REC", MARKET " ");
    rulebook_assert_nothing_left(w);
    assert_int_equal(world_status(w, "obligations.total"), 0);
}

static void r11_a_warning_is_a_record_and_nothing_beyond_it(void **state)
{
    struct world *w = *state;
    assert_int_equal(penalizes(w, "light", "warning"), 0);
    for (size_t i = 0; i < RULEBOOK_MEMBERS; i++)
        assert_int_equal(world_has(w, rulebook_members[i], "hub.notice"), 0);
    rulebook_assert_nothing_left(w);
    assert_int_equal(world_status(w, "obligations.total"), 0);
}

static void t30_a_heavy_penalty_reminds_its_body_to_evaluate_and_the_hub_lists_nobody(void **state)
{
    struct world *w = *state;
    assert_int_equal(penalizes(w, "serious", "DL116_118"), 0);
    rulebook_assert_told(w, "T30-PENALTY", MARKET " ");
    assert_int_equal(penalizes(w, "serious", "parking"), 0); /* no list is for that */
    rulebook_assert_told(w, "T30-PENALTY", "");
    rulebook_assert_nothing_left(w);
    assert_int_equal(world_status(w, "obligations.total"), 0);
}

/* ---- R16 ---- */

static uint32_t scores(struct world *w, unsigned points, bool single, const char *until)
{
    char person[256];
    char date[16];
    char body[BODY_MAX];
    rulebook_date(w, date);
    rulebook_subject("person", 0, person);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"points\":%u,\"single\":%s,\"period_from_date\":\"%s\","
             "\"period_until_date\":\"%s\",\"reference\":\"Q-1\",\"date\":\"%s\"}",
             person, points, single ? "true" : "false", date, until, date);
    return book_tell(w, HSA, "insurance.qualification", body);
}

/* 医保发〔2024〕23号: 9 points suspend for one to six months, 12 end for a year, 12 at once for
 * three; below L2, so that the departments consider it. It follows the person everywhere. */
static void plays_points(struct world *w, const struct play *play, unsigned points, bool single,
                         const char *period)
{
    assert_int_equal(scores(w, points, single, period), 0);
    rulebook_assert_owed(w, play);
    rulebook_assert_restricted(w, play, true);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    rulebook_assert_gates(w, play, true);
    rulebook_until(w, play->line[0].until, 1);
    rulebook_assert_restricted(w, play, true);
    world_pass(w, 1);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), 2);
    rulebook_assert_restricted(w, play, false);
    rulebook_assert_nothing_left(w);
    rulebook_assert_gates(w, play, false);
}

#define POINTS(id, until)                                                                          \
    {                                                                                              \
        .rule = (id), .kind = "person", .line = { {"M07", 0, CONSIDER, N_HSA, until, false} }      \
    }

static void r16_nine_points_suspend_until_the_day_that_the_document_says(void **state)
{
    static const struct play play = POINTS("R16", "2026-06-30");
    plays_points(*state, &play, 9, false, "2026-06-30");
}

static void r16_nine_points_suspend_for_six_months_at_most(void **state)
{
    static const struct play play = POINTS("R16", "2026-10-01");
    plays_points(*state, &play, 11, false, "2026-12-31");
}

static void r16_twelve_points_end_the_qualification_for_a_year(void **state)
{
    static const struct play play = POINTS("R16-12", "2027-04-01");
    plays_points(*state, &play, 12, false, "2026-12-31");
}

static void r16_twelve_points_at_once_end_it_for_three_years(void **state)
{
    static const struct play play = POINTS("R16-SINGLE", "2029-04-01");
    plays_points(*state, &play, 12, true, "2026-12-31");
}

static void r16_eight_points_cause_nothing(void **state)
{
    struct world *w = *state;
    assert_int_equal(scores(w, 8, false, "2026-12-31"), 0);
    assert_int_equal(world_status(w, "obligations.total"), 0);
    rulebook_assert_nothing_left(w);
}

static void r16_points_that_add_up_are_held_against_the_person_until_the_longer_term(void **state)
{
    struct world *w = *state;
    static const struct play year = POINTS("R16-12", "2027-04-01");
    assert_int_equal(scores(w, 9, false, "2026-06-30"), 0);
    assert_int_equal(scores(w, 12, false, "2026-12-31"), 0);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE), 4);
    rulebook_until(w, "2026-06-30", 0);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), 2);
    rulebook_assert_owed(w, &year);
    rulebook_assert_restricted(w, &year, true);
    rulebook_until(w, "2027-04-01", 0);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), 2);
    rulebook_assert_nothing_left(w);
}

/* ---- R27 ---- */

static uint32_t hires(struct world *w, const char *type)
{
    char subject[256];
    char facts[BODY_MAX];
    rulebook_subject(NULL, 1, subject);
    snprintf(facts, sizeof facts,
             "{\"subject\":%s,\"persons\":[" MANAGER_PERSON "],\"from_date\":\"2026-04-02\","
             "\"reference\":\"A-1\"}",
             subject);
    return rulebook_send(w, type, facts, "police.445100");
}

static void r27_who_hires_a_banned_person_is_refused_and_its_regulators_told(void **state)
{
    static const char *const types[] = {"employment", "appointment"};
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_order(w, env_id); /* the manager is banned for life */
    for (size_t i = 0; i < T_COUNT(types); i++) {
        assert_int_equal(hires(w, types[i]), ERR_RESTRICTED);
        assert_true(rulebook_named(w, "M02"));
        rulebook_assert_told(w, "R27", GD_MPA GD_HEALTH);
    }
    acts_annul(w, env_id);
    for (size_t i = 0; i < T_COUNT(types); i++) {
        assert_int_equal(hires(w, types[i]), 0);
        rulebook_assert_told(w, "R27", "");
    }
}

/* ---- R29 ---- */

static void r29_one_code_sold_twice_is_for_three_departments_to_look_into(void **state)
{
    struct world *w = *state;
    static const char facts[] =
        "{\"subject\":" BATCH ",\"code_sha256\":\"00112233445566778899aabbccddeeff"
        "00112233445566778899aabbccddeeff\",\"event\":\"settled\","
        "\"event_ms\":\"2026-04-01T09:30:00.000+08:00\",\"reference\":\"T-9\"}";
    assert_int_equal(book_tell(w, HSA, "trace.duplicate", facts), 0);
    rulebook_assert_told(w, "R29", GD_MPA GD_HSA "police.445100 ");
    rulebook_assert_nothing_left(w);
    assert_int_equal(world_status(w, "obligations.total"), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, rulebook_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(r08_before_july_2024_a_second_one_person_company_is_refused_and_its_registry_told),
        CASE(r08_since_july_2024_it_is_registered_and_its_registry_told),
        CASE(r10_the_record_of_a_fine_reminds_its_publisher_and_takes_no_measure),
        CASE(r11_a_warning_is_a_record_and_nothing_beyond_it),
        CASE(t30_a_heavy_penalty_reminds_its_body_to_evaluate_and_the_hub_lists_nobody),
        CASE(r16_nine_points_suspend_until_the_day_that_the_document_says),
        CASE(r16_nine_points_suspend_for_six_months_at_most),
        CASE(r16_twelve_points_end_the_qualification_for_a_year),
        CASE(r16_twelve_points_at_once_end_it_for_three_years),
        CASE(r16_eight_points_cause_nothing),
        CASE(r16_points_that_add_up_are_held_against_the_person_until_the_longer_term),
        CASE(r27_who_hires_a_banned_person_is_refused_and_its_regulators_told),
        CASE(r29_one_code_sold_twice_is_for_three_departments_to_look_into),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
