/* The rules of domain B.8 that other documents than orders set off, each from that document to the
 * last lift; who is told comes from the column of departments, read where the subject is (445102:
 * city and province). */
#include "scenario/gatebook.h"
#include "scenario/officials.h"
#include "scenario/rulebook.h"

#include "base/clock.h"
#include "wire.h"

#include <stdio.h>

#define MARKET     "market.445100"
#define HSA        "insurance.445100"
#define LOCAL_AMR  "market.440000 market.445100 "
#define REGULATORS "drug.440000 health.440000 health.445100 market.440000 market.445100 "

enum { BODY_MAX = 4096 };

/* From this member to the hub and nobody else. */
static uint32_t says(struct world *w, const char *from, const char *type, const char *facts)
{
    return book_send(w, from, type, facts, NULL, NULL);
}

static void assert_told(struct world *w, const char *rule, const char *who)
{
    char told[512];
    rulebook_alerted(w, rule, told);
    assert_string_equal(told, who);
}

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
    return says(w, MARKET, "subject.register", body);
}

static void
r08_before_july_2024_a_second_one_person_company_is_refused_and_its_registry_told(void **state)
{
    struct world *w = *state;
    assert_int_equal(registers(w, 1, 'S', 1, "2023-01-01"), 0);
    rulebook_put_away(w);
    assert_int_equal(registers(w, 2, 'S', 1, "2024-06-30"), ERR_RESTRICTED);
    assert_ground(w, MARKET, "R08-2018", "CL58");
    assert_told(w, "R08-2018", LOCAL_AMR);
    assert_told(w, "R08", "");
    assert_int_equal(world_status(w, "obligations.total"), 0);
    /* The refused one began nothing; when the first is somebody else's, there is no second. */
    rulebook_put_away(w);
    assert_int_equal(registers(w, 1, 'S', 2, "2024-06-01"), 0);
    assert_told(w, "R08-2018", "");
    assert_int_equal(registers(w, 2, 'S', 1, "2024-06-30"), 0);
    assert_told(w, "R08-2018", "");
    rulebook_assert_nothing_left(w);
}

static void r08_since_july_2024_it_is_registered_and_its_registry_told(void **state)
{
    struct world *w = *state;
    assert_int_equal(registers(w, 1, 'S', 1, "2023-01-01"), 0);
    rulebook_put_away(w);
    assert_int_equal(registers(w, 2, 'S', 1, "2024-07-01"), 0);
    assert_told(w, "R08", LOCAL_AMR);
    assert_told(w, "R08-2018", "");
    rulebook_assert_nothing_left(w);
}

/* ---- R10, R11, T30 ---- */

static uint32_t penalizes(struct world *w, const char *severity, const char *trigger)
{
    char subject[256];
    char body[BODY_MAX];
    rulebook_put_away(w);
    rulebook_subject(NULL, 0, subject);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"trigger\":\"%s\",\"decision_number\":\"示罚〔2026〕1号\","
             "\"decision_date\":\"2026-04-01\",\"severity\":\"%s\",\"reference\":\"P-1\"}",
             subject, trigger, severity);
    return says(w, MARKET, "penalty.decision", body);
}

static void r10_the_record_of_a_fine_reminds_its_publisher_and_takes_no_measure(void **state)
{
    struct world *w = *state;
    assert_int_equal(penalizes(w, "ordinary", "penalty_larger_fine"), 0);
    assert_told(w, "R10-REC", MARKET " ");
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
    assert_told(w, "T30-PENALTY", MARKET " ");
    assert_int_equal(penalizes(w, "serious", "parking"), 0); /* no list is for that */
    assert_told(w, "T30-PENALTY", "");
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
    return says(w, HSA, "insurance.qualification", body);
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

/* ---- R24, R25 ---- */

static uint32_t rates(struct world *w, const char *class, unsigned value)
{
    char subject[256];
    char body[BODY_MAX];
    char date[16];
    const unsigned risk = 1000 - value;
    rulebook_date(w, date);
    rulebook_subject(NULL, 0, subject);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"indices\":[{\"code\":\"integrity\",\"value\":%u},"
             "{\"code\":\"industry_risk\",\"value\":%u},{\"code\":\"region_weight\",\"value\":%u},"
             "{\"code\":\"dynamic_alert\",\"value\":%u}],\"class\":\"%s\",\"from_date\":\"%s\","
             "\"until_date\":\"2028-03-31\",\"reference\":\"C-1\"}",
             subject, value, risk, risk, risk, class, date);
    return says(w, MARKET, "credit.rating", body);
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
    assert_told(w, "R24", REGULATORS);
    rulebook_assert_owed(w, &warned);
    rulebook_assert_restricted(w, &warned, true);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE), 3);
    rulebook_assert_gates(w, &warned, true);
    assert_int_equal(rates(w, "dishonest", 400), 0); /* worse, and no longer merely warned */
    assert_told(w, "R24", "");
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
    char body[BODY_MAX];
    rulebook_subject(NULL, 0, subject);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"order_id\":\"" FINE_ID "\",\"version\":1,"
             "\"list\":\"penalty_record\",\"trigger\":\"penalty_larger_fine\","
             "\"severity\":\"ordinary\",\"decision_body\":\"示例机关\","
             "\"decision_number\":\"示〔2026〕9号\",\"decision_date\":\"2026-04-01\","
             "\"start_date\":\"2026-04-01\",\"max_date\":\"2026-12-31\","
             "\"remedy\":\"60日内可申请复议\",\"facts_summary\":\"样本\"}",
             subject);
    return book_send(w, MARKET, "sanction.order", body, "AP48", NULL);
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
    char subject[256];
    char body[BODY_MAX];
    rulebook_subject(NULL, 0, subject);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"measure\":\"%s\",\"from_date\":\"2026-04-01\","
             "\"until_date\":\"2027-03-31\",\"reference\":\"I-1\"}",
             subject, measure);
    return says(w, MARKET, "credit.incentive", body);
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
        assert_told(w, "R27", REGULATORS);
    }
    acts_annul(w, env_id);
    for (size_t i = 0; i < T_COUNT(types); i++) {
        assert_int_equal(hires(w, types[i]), 0);
        assert_told(w, "R27", "");
    }
}

/* ---- R28 ---- */

#define BATCH "国药准字S20200001/A1"

static uint8_t release_id[16]; /* message of the last release */

/* The health commission's release, which would wait for a decision for ten days. */
static uint32_t releases(struct world *w, const char *insured)
{
    char date[16];
    char facts[BODY_MAX];
    rulebook_date(w, date);
    rulebook_put_away(w);
    snprintf(facts, sizeof facts,
             "{\"subject\":{\"kind\":\"batch\",\"id\":\"" BATCH "\",\"name\":\"样本疫苗\","
             "\"region\":\"445102\"},\"product_name\":\"样本疫苗\","
             "\"approval_number\":\"国药准字S20200001\",\"batch_number\":\"A1\","
             "\"report_date\":\"%s\",\"vaccine\":true,\"reference\":\"B-1\"%s}",
             date, insured);
    const struct mail mail = {.from = "procuratorate.445100",
                              .type = "batch.release",
                              .to = {"police.445100"},
                              .facts = facts,
                              .expires_ms = w->now_ms + 10 * (uint64_t)DAY_MS};
    world_make(w, &mail, book_env_id, release_id);
    world_push(w, mail.from);
    world_turn(w);
    return world_code(w, mail.from, book_env_id);
}

static uint32_t awards_batch(struct world *w)
{
    static const char facts[] =
        "{\"subject\":{\"kind\":\"batch\",\"id\":\"" BATCH "\",\"name\":\"样本疫苗\","
        "\"region\":\"445102\"},\"kind\":\"province\",\"reference\":\"T-1\","
        "\"date\":\"2026-04-01\"}";
    return rulebook_send(w, "procurement.award", facts, "police.445100");
}

/* Vaccine Law 68, 73: no sale while uninsured, whoever looks at it; no end but the cover. */
static const struct play uninsured = {.rule = "R28",
                                      .line = {{"M09", 0, MUST, N_HEALTH N_MPA, "", false}}};
enum { UNINSURED_OWE = 6 };

static void assert_stopped(struct world *w, bool stopped)
{
    assert_int_equal(world_status(w, "restrictions"), stopped ? 1 : 0);
    assert_int_equal(awards_batch(w), stopped ? ERR_RESTRICTED : 0);
    assert_int_equal(rulebook_named(w, "M09"), stopped);
}

static void r28_an_uninsured_vaccine_is_stopped_at_once_and_until_a_release_with_cover(void **state)
{
    struct world *w = *state;
    assert_int_equal(releases(w, ",\"insured_until_date\":\"2026-03-31\""), ERR_HELD);
    assert_told(w, "R28", REGULATORS);
    rulebook_assert_owed(w, &uninsured);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE), UNINSURED_OWE);
    assert_stopped(w, true);
    world_restart(w);
    assert_int_equal(releases(w, ",\"insured_until_date\":\"2026-04-01\""), 0);
    assert_told(w, "R28", "");
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), UNINSURED_OWE);
    assert_stopped(w, false);
    world_pass(w, 10 * (uint64_t)DAY_MS); /* the first release has gone back meanwhile */
    rulebook_assert_nothing_left(w);
}

/* Three working days from 2026-04-01; 4 to 6 April are the holiday: until Tuesday 7 April. */
static void r28_a_release_that_nobody_decides_on_goes_back_and_the_stop_remains(void **state)
{
    struct world *w = *state;
    assert_int_equal(releases(w, ""), ERR_HELD);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE), UNINSURED_OWE);
    rulebook_until(w, "2026-04-07", 60 * 1000);
    assert_int_equal(world_status(w, "held"), 1);
    world_pass(w, 60 * 1000);
    assert_int_equal(world_code(w, "procuratorate.445100", book_env_id), ERR_HOLD_OVER);
    assert_int_equal(world_status(w, "held"), 0);
    rulebook_assert_owed(w, &uninsured);
    assert_stopped(w, true);
    /* again without cover: the new finding takes the place of the old one */
    assert_int_equal(releases(w, ""), ERR_HELD);
    rulebook_assert_owed(w, &uninsured);
    assert_stopped(w, true);
}

static void r28_what_two_officials_release_is_stopped_no_longer(void **state)
{
    struct world *w = *state;
    assert_int_equal(releases(w, ""), ERR_HELD);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE), UNINSURED_OWE);
    const struct act act = {.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE,
                            .recipient = "police.445100",
                            .sender = "procuratorate.445100",
                            .message_id = release_id};
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(world_has(w, "police.445100", "batch.release"), 1);
    assert_told(w, "R28", "");
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), UNINSURED_OWE);
    assert_stopped(w, false);
    rulebook_assert_nothing_left(w);
}

static void r28_is_for_vaccines_alone(void **state)
{
    struct world *w = *state;
    static const char facts[] =
        "{\"subject\":{\"kind\":\"batch\",\"id\":\"" BATCH "\",\"name\":\"样本\","
        "\"region\":\"445102\"},\"product_name\":\"样本\","
        "\"approval_number\":\"国药准字S20200001\",\"batch_number\":\"A1\","
        "\"report_date\":\"2026-04-01\",\"reference\":\"B-1\"}";
    assert_int_equal(rulebook_send(w, "batch.release", facts, "police.445100"), 0);
    assert_told(w, "R28", "");
    assert_int_equal(world_status(w, "obligations.total"), 0);
}

/* ---- R29 ---- */

static void r29_one_code_sold_twice_is_for_three_departments_to_look_into(void **state)
{
    struct world *w = *state;
    static const char facts[] =
        "{\"subject\":{\"kind\":\"batch\",\"id\":\"" BATCH "\",\"name\":\"样本\","
        "\"region\":\"445102\"},\"code_sha256\":\"00112233445566778899aabbccddeeff"
        "00112233445566778899aabbccddeeff\",\"event\":\"settled\","
        "\"event_ms\":\"2026-04-01T09:30:00.000+08:00\",\"reference\":\"T-9\"}";
    assert_int_equal(says(w, HSA, "trace.duplicate", facts), 0);
    assert_told(w, "R29",
                "drug.440000 insurance.440000 insurance.445100 market.440000 market.445100 "
                "police.445100 ");
    rulebook_assert_nothing_left(w);
    assert_int_equal(world_status(w, "obligations.total"), 0);
}

/* ---- the mark of an objection (B.8, local parameters) ---- */

/* Does the certificate of the listed firm mark its restrictions? */
static bool marked(struct world *w)
{
    static lianshu_CreditCertificate certificate;
    char subject[256];
    char body[BODY_MAX];
    rulebook_subject(NULL, 0, subject);
    snprintf(body, sizeof body, "{\"subject\":%s,\"question\":\"demo\"}", subject);
    rulebook_put_away(w);
    assert_int_equal(says(w, "police.445100", "credit.check", body), 0);
    const struct got *got = world_got(w, "police.445100", "credit.certificate", 0);
    assert_non_null(got);
    assert_int_equal(wire_decode(&lianshu_CreditCertificate_msg,
                                 span_of(got->facts, got->facts_len), &certificate),
                     OK);
    assert_true(certificate.restrictions_count > 0);
    for (pb_size_t i = 1; i < certificate.restrictions_count; i++)
        assert_int_equal(certificate.restrictions[i].disputed,
                         certificate.restrictions[0].disputed);
    return certificate.restrictions[0].disputed;
}

static uint32_t fines(struct world *w, const char *issuer)
{
    char subject[256];
    char body[BODY_MAX];
    rulebook_subject(NULL, 0, subject);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"order_id\":\"" FINE_ID "\",\"version\":1,"
             "\"list\":\"serious_dishonesty\",\"trigger\":\"SAMR44_6_1\","
             "\"severity\":\"serious\",\"decision_body\":\"示例机关\","
             "\"decision_number\":\"示〔2026〕9号\",\"decision_date\":\"2026-04-01\","
             "\"start_date\":\"2026-04-01\",\"max_date\":\"2029-04-01\","
             "\"prior_notice_date\":\"2026-03-01\",\"remedy\":\"60日内可申请复议\","
             "\"facts_summary\":\"样本\"}",
             subject);
    return book_send(w, issuer, "sanction.order", body, "SAMR44-6", NULL);
}

static void objects(struct world *w, const char *issuer)
{
    char subject[256];
    char body[BODY_MAX];
    rulebook_subject(NULL, 0, subject);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"order_id\":\"" FINE_ID "\",\"reference\":\"O-1\","
             "\"date\":\"2026-04-01\"}",
             subject);
    assert_int_equal(book_send(w, "police.445100", "objection.request", body, NULL, issuer), 0);
}

/* Shanghai marks an entry that is objected to (2017, art. 35) until the objection is decided. */
static void an_entry_under_objection_in_shanghai_is_shown_as_such_until_it_is_decided(void **state)
{
    struct world *w = *state;
    char subject[256];
    char request[64];
    char body[BODY_MAX];
    assert_int_equal(fines(w, "market.310000"), 0);
    assert_false(marked(w));
    objects(w, "market.310000");
    assert_true(marked(w));
    world_restart(w);
    assert_true(marked(w));
    /* who is told of it only now is told that it is disputed */
    static lianshu_SanctionNotice notice;
    world_enrol(w, "tax.310000");
    acts_read_notice(world_got(w, "tax.310000", "sanction.notice", 0), &notice);
    assert_true(notice.disputed);
    rulebook_subject(NULL, 0, subject);
    snprintf(request, sizeof request, "%s",
             book_first(w, "{\"cmd\":\"order\",\"id\":\"" FINE_ID "\"}", "redress", "document_id"));
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"order_id\":\"" FINE_ID "\",\"reference\":\"D-1\","
             "\"date\":\"2026-04-01\",\"decision\":\"refused\",\"request_doc\":\"%s\"}",
             subject, request);
    assert_int_equal(
        book_send(w, "market.310000", "objection.decision", body, NULL, "police.445100"), 0);
    assert_false(marked(w));
}

/* Guangdong outside Shenzhen has no such rule: the national clock runs, and nothing is shown. */
static void an_entry_under_objection_in_chaozhou_is_not_marked(void **state)
{
    struct world *w = *state;
    assert_int_equal(fines(w, "drug.440000"), 0);
    objects(w, "drug.440000");
    assert_false(marked(w));
}

/* ---- roles that the register must know (B.8, propagation 1 and 4) ---- */

/* The shipped set, but DL125 reaches only whom the register knows in that role. */
static void use_register(struct world *w)
{
    gatebook_reword(w, "required: true, term: order, least: 10 years, basis: [DL125]",
                    "required: true, registered: true, term: order, least: 10 years, "
                    "basis: [DL125]");
}

static uint32_t relates(struct world *w, char role, size_t person, const char *from, const char *to)
{
    char subject[256];
    char who[160];
    char body[BODY_MAX];
    rulebook_subject(NULL, 0, subject);
    rulebook_person(role, person, who);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"persons\":[%s],\"from_date\":\"%s\",%s\"reference\":\"S-1\"}",
             subject, who, from, to);
    return says(w, MARKET, "subject.relation", body);
}

static uint32_t punishes(struct world *w)
{
    char subject[256];
    char head[160];
    char other[160];
    char body[BODY_MAX];
    rulebook_subject(NULL, 0, subject);
    rulebook_person('L', 1, head);
    rulebook_person('L', 2, other);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"persons\":[%s,%s],\"order_id\":\"" FINE_ID "\",\"version\":1,"
             "\"list\":\"statute_ban\",\"trigger\":\"DL125\",\"severity\":\"serious\","
             "\"decision_body\":\"示例机关\",\"decision_number\":\"示〔2026〕9号\","
             "\"decision_date\":\"2026-04-01\",\"start_date\":\"2026-04-01\","
             "\"prior_notice_date\":\"2026-03-01\",\"remedy\":\"60日内可申请复议\","
             "\"facts_summary\":\"样本\",\"act_date\":\"2026-01-15\"}",
             subject, head, other);
    return book_send(w, "drug.440000", "sanction.order", body, "DL125", NULL);
}

static void
a_role_is_judged_by_the_register_as_of_the_act_also_when_it_learns_of_it_later(void **state)
{
    struct world *w = *state;
    static const struct play one = {
        .rule = "DL125", .persons = "LL", .line = {{"M02", 1, MUST, N_MPA, "", false}}};
    static const struct play both = {
        .rule = "DL125",
        .persons = "LL",
        .line = {{"M02", 1, MUST, N_MPA, "", false}, {"M02", 2, MUST, N_MPA, "", false}}};
    use_register(w);
    assert_int_equal(relates(w, 'L', 1, "2025-01-01", ""), 0);
    assert_int_equal(punishes(w), 0); /* 2 held the role as well, as far as nobody said */
    rulebook_assert_owed(w, &one);
    rulebook_assert_restricted(w, &one, true);
    /* a transfer after the act does not clear the former one, nor reach the next */
    assert_int_equal(relates(w, 'L', 3, "2026-02-01", ""), 0);
    rulebook_assert_owed(w, &one);
    /* the register learns who else it was on the day of the act */
    assert_int_equal(relates(w, 'L', 2, "2026-01-01", "\"to_date\":\"2026-01-31\","), 0);
    rulebook_assert_owed(w, &both);
    rulebook_assert_restricted(w, &both, true);
    world_restart(w);
    world_turn(w);
    rulebook_assert_owed(w, &both);
}

static void a_required_person_whom_the_register_does_not_know_is_no_person(void **state)
{
    struct world *w = *state;
    use_register(w);
    assert_int_equal(relates(w, 'L', 1, "2026-02-01", ""), 0); /* after the act */
    assert_int_equal(punishes(w), ERR_NO_PERSON);
    assert_int_equal(world_status(w, "restrictions"), 0);
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
        CASE(r24_who_is_warned_is_watched_until_the_class_is_another),
        CASE(r24_that_nobody_clears_runs_out_with_the_rating),
        CASE(r25_good_standing_is_offered_to_everybody_and_lost_on_any_listing),
        CASE(r25_a_single_incentive_is_offered_for_its_time_and_refused_to_who_is_listed),
        CASE(r27_who_hires_a_banned_person_is_refused_and_its_regulators_told),
        CASE(r28_an_uninsured_vaccine_is_stopped_at_once_and_until_a_release_with_cover),
        CASE(r28_a_release_that_nobody_decides_on_goes_back_and_the_stop_remains),
        CASE(r28_what_two_officials_release_is_stopped_no_longer),
        CASE(r28_is_for_vaccines_alone),
        CASE(r29_one_code_sold_twice_is_for_three_departments_to_look_into),
        CASE(an_entry_under_objection_in_shanghai_is_shown_as_such_until_it_is_decided),
        CASE(an_entry_under_objection_in_chaozhou_is_not_marked),
        CASE(a_role_is_judged_by_the_register_as_of_the_act_also_when_it_learns_of_it_later),
        CASE(a_required_person_whom_the_register_does_not_know_is_no_person),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
