/* Vaccines without insurance (B.8 R28): their release waits, their sale stops, and only cover or
 * two officials end that. */
#include "scenario/officials.h"
#include "scenario/rulebook.h"

#include "base/clock.h"

#include <stdio.h>

#define REGULATORS GD_MPA GD_HEALTH

enum { BODY_MAX = 4096 };

static uint8_t release_id[16]; /* message of the last release */

/* A release, which would wait for a decision for ten days. */
static uint32_t releases(struct world *w, const char *insured)
{
    char date[16];
    char facts[BODY_MAX];
    rulebook_date(w, date);
    rulebook_put_away(w);
    snprintf(facts, sizeof facts,
             "{\"subject\":" BATCH ",\"product_name\":\"样本疫苗\","
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
        "{\"subject\":" BATCH ",\"kind\":\"province\",\"reference\":\"T-1\","
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
    rulebook_assert_told(w, "R28", REGULATORS);
    rulebook_assert_owed(w, &uninsured);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE), UNINSURED_OWE);
    assert_stopped(w, true);
    world_restart(w);
    assert_int_equal(releases(w, ",\"insured_until_date\":\"2026-04-01\""), 0);
    rulebook_assert_told(w, "R28", "");
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
    rulebook_assert_told(w, "R28", "");
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), UNINSURED_OWE);
    assert_stopped(w, false);
    rulebook_assert_nothing_left(w);
}

static void r28_is_for_vaccines_alone(void **state)
{
    struct world *w = *state;
    static const char facts[] = "{\"subject\":" BATCH ",\"product_name\":\"样本\","
                                "\"approval_number\":\"国药准字S20200001\",\"batch_number\":\"A1\","
                                "\"report_date\":\"2026-04-01\",\"reference\":\"B-1\"}";
    assert_int_equal(rulebook_send(w, "batch.release", facts, "police.445100"), 0);
    rulebook_assert_told(w, "R28", "");
    assert_int_equal(world_status(w, "obligations.total"), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, rulebook_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(r28_an_uninsured_vaccine_is_stopped_at_once_and_until_a_release_with_cover),
        CASE(r28_a_release_that_nobody_decides_on_goes_back_and_the_stop_remains),
        CASE(r28_what_two_officials_release_is_stopped_no_longer),
        CASE(r28_is_for_vaccines_alone),
    };
    return cmocka_run_group_tests_name("batches", tests, NULL, NULL);
}
