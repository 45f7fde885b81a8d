/* A case from inspectors to police, and an adverse event that the hub never sees. */
#include "scenario/texts.h"
#include "scenario/world.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define CLOCK(transition, when, more)                                                              \
    "{\"case_id\":\"" CASE_ID "\",\"transition\":\"" transition "\",\"event_ms\":\"" when          \
    "\",\"owner\":\"police.445100\"" more "}"
#define ANSWER                                                                                     \
    "{\"case_id\":\"" CASE_ID "\",\"number\":\"潮公受〔2026〕1号\",\"decision\":\"受理\"," \
    "\"date\":\"2026-04-01\",\"officer\":\"承办人\"}"

static const struct mail referral = {
    .from = "market.445100",
    .type = "case.referral",
    .to = {"police.445100", "procuratorate.445100"},
    .facts = CLOCK("T07", "2026-04-01T10:00:00+08:00", ",\"documents\":[\"D04\",\"D05\",\"D06\"]"),
    .sealed = REFERRAL_OF(CASE_ID)};

static const struct mail acknowledged = {.from = "police.445100",
                                         .type = "case.acknowledged",
                                         .to = {"market.445100", "procuratorate.445100"},
                                         .facts = CLOCK("T08", "2026-04-01T11:00:00+08:00", ""),
                                         .sealed = ANSWER};

static const struct mail filed = {
    .from = "police.445100",
    .type = "case.decision",
    .to = {"market.445100", "procuratorate.445100"},
    .facts = CLOCK("T13", "2026-04-02T10:00:00+08:00", ",\"outcome\":\"filed\""),
    .sealed = ANSWER};

static void all_connect(struct world *w)
{
    world_hello(w, "market.445100");
    world_hello(w, "police.445100");
    world_hello(w, "procuratorate.445100");
}

static void assert_passes(struct world *w, const struct mail *mail)
{
    uint8_t env_id[HASH_LEN];
    world_send(w, mail, env_id);
    assert_int_equal(world_code(w, mail->from, env_id), 0);
}

static void assert_refused(struct world *w, const struct mail *mail, enum err code)
{
    uint8_t env_id[HASH_LEN];
    world_send(w, mail, env_id);
    assert_int_equal(world_code(w, mail->from, env_id), code);
}

static const struct json *ask_case(struct world *w, struct json **json)
{
    *json = world_ask(w, "{\"cmd\":\"case\",\"id\":\"" CASE_ID "\"}");
    return *json;
}

static void a_case_goes_from_referral_to_filing_within_its_clock(void **state)
{
    struct world *w = *state;
    struct json *json = NULL;
    all_connect(w);
    assert_passes(w, &referral);
    assert_string_equal(json_get_text(ask_case(w, &json), "state"), "TRANSFERRED");
    json_close(&json);
    world_pass(w, HOUR_MS);
    assert_passes(w, &acknowledged);
    world_pass(w, 23 * (uint64_t)HOUR_MS);
    assert_passes(w, &filed);
    assert_string_equal(json_get_text(ask_case(w, &json), "state"), "CRIM_FILED");
    const struct json *step = json_item(json_get(json, "steps"), 2);
    assert_string_equal(json_get_text(step, "transition"), "T13");
    assert_true(json_flag(json_get(step, "in_time")));
    json_close(&json);
    assert_int_equal(world_has(w, "market.445100", "case.decision"), 1);
    assert_int_equal(world_has(w, "procuratorate.445100", "case.referral"), 1);
    assert_int_equal(world_has(w, "procuratorate.445100", "case.decision"), 1);
}

static void a_referral_without_the_procuratorates_copy_is_refused(void **state)
{
    struct world *w = *state;
    struct mail mail = referral;
    mail.to[1] = NULL;
    all_connect(w);
    assert_refused(w, &mail, ERR_COPY_MISSING);
    assert_int_equal(world_has(w, "police.445100", "case.referral"), 0);
}

static void a_step_from_the_wrong_state_is_refused(void **state)
{
    struct world *w = *state;
    all_connect(w);
    assert_refused(w, &filed, ERR_CASE_STATE);
    assert_passes(w, &referral);
    assert_refused(w, &filed, ERR_CASE_STATE);    /* not acknowledged yet */
    assert_refused(w, &referral, ERR_CASE_STATE); /* referred already */
}

static void
sealed_parts_reach_their_readers_and_the_hub_forwards_only_hashes_to_others(void **state)
{
    struct world *w = *state;
    all_connect(w);
    assert_passes(w, &referral);
    assert_int_equal(world_got(w, "police.445100", "case.referral", 0)->parts_open, 2);
    assert_int_equal(world_got(w, "procuratorate.445100", "case.referral", 0)->parts_open, 2);
}

static void a_member_that_has_no_part_in_a_case_cannot_move_it(void **state)
{
    struct world *w = *state;
    struct mail mail = referral;
    mail.facts = "{\"case_id\":\"" CASE_ID "\",\"transition\":\"T07\","
                 "\"event_ms\":\"2026-04-01T10:00:00+08:00\",\"owner\":\"police-x.445100\","
                 "\"documents\":[\"D04\",\"D05\",\"D06\"]}";
    all_connect(w);
    assert_passes(w, &mail); /* another police unit is to act */
    assert_refused(w, &acknowledged, ERR_CASE_STATE);
}

static void an_adverse_event_reaches_market_sealed(void **state)
{
    struct world *w = *state;
    world_hello(w, "market.445100");
    world_hello(w, "health.445100");
    const struct mail mail = {
        .from = "health.445100",
        .type = "aefi.report",
        .to = {"market.445100"},
        .facts = "{\"subject\":{\"kind\":\"batch\",\"id\":\"国药准字S20200001/B-7\","
                 "\"name\":\"疫苗\",\"region\":\"445100\"},\"product_name\":\"疫苗\","
                 "\"approval_number\":\"国药准字S20200001\",\"batch_number\":\"B-7\","
                 "\"report_date\":\"2026-04-01\"}",
        .sealed = "{\"report_number\":\"AEFI-1\",\"classification\":\"异常反应\","
                  "\"severity\":\"严重\",\"patient_name\":\"示例丙\","
                  "\"patient_id\":\"999999199001010016\",\"vaccination_date\":\"2026-03-30\","
                  "\"onset_ms\":\"2026-03-31T10:00:00+08:00\",\"symptoms\":\"发热\","
                  "\"outcome\":\"好转\",\"site\":\"示例接种点\",\"reporter\":\"示例丁\"}"};
    assert_passes(w, &mail);
    assert_int_equal(world_got(w, "market.445100", "aefi.report", 0)->parts_open, 2);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_case_goes_from_referral_to_filing_within_its_clock),
        CASE(a_referral_without_the_procuratorates_copy_is_refused),
        CASE(a_step_from_the_wrong_state_is_refused),
        CASE(a_member_that_has_no_part_in_a_case_cannot_move_it),
        CASE(sealed_parts_reach_their_readers_and_the_hub_forwards_only_hashes_to_others),
        CASE(an_adverse_event_reaches_market_sealed),
    };
    return cmocka_run_group_tests_name("cases", tests, NULL, NULL);
}
