/* Cases that change hands between regions, and assistance across the country: one id, one history,
 * the same clocks at every hub that has a part in it. Domain C.5. */
#include "scenario/casehubs.h"

#include "base/clock.h"
#include "base/hex.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HERE     "market.445100"
#define THERE    "market.445200"
#define ABOVE    "market.440000"
#define HEALTH   "health.445100"
#define FAR_AWAY "market.220100"

/* Two cities of one province. */
static const struct realm_hub cities_plan[] = {
    {.region = "440000"}, {.region = "445100"}, {.region = "445200"}};
/* Two cities of two provinces. */
static const struct realm_hub country_plan[] = {{.region = "000000"},
                                                {.region = "440000"},
                                                {.region = "445100"},
                                                {.region = "220000"},
                                                {.region = "220100"}};

static int cities(void **state)
{
    *state = realm_new(cities_plan, T_COUNT(cities_plan));
    return 0;
}

static int country(void **state)
{
    *state = realm_new(country_plan, T_COUNT(country_plan));
    return 0;
}

static void take(struct realm *r, const struct work *step)
{
    casehubs_take(r, step);
    casehubs_settle(r);
}

/* These hubs say the same of the case and of a clock that runs in it. */
static void assert_same(struct realm *r, const char *const *regions, size_t count,
                        const char *clock)
{
    static const char *const said[] = {"state", "owner"};
    static const char *const of_clock[] = {"state", "owner", "due"};
    char want[128];
    for (size_t i = 0; i < T_COUNT(said); i++) {
        snprintf(want, sizeof want, "%s", work_says(realm_world(r, regions[0]), said[i]));
        for (size_t n = 1; n < count; n++)
            assert_string_equal(work_says(realm_world(r, regions[n]), said[i]), want);
    }
    for (size_t i = 0; i < T_COUNT(of_clock); i++) {
        snprintf(want, sizeof want, "%s",
                 work_clock(realm_world(r, regions[0]), clock, of_clock[i]));
        assert_true(want[0] != '\0');
        for (size_t n = 1; n < count; n++)
            assert_string_equal(work_clock(realm_world(r, regions[n]), clock, of_clock[i]), want);
    }
}

/* ---- competence ---- */

static void a_dispute_is_settled_by_the_common_superior_and_both_cities_hold_one_card(void **state)
{
    struct realm *r = *state;
    static const char *const regions[] = {"445100", "445200"};
    static const struct work clue = {.from = HEALTH,
                                     .to = {HERE, THERE},
                                     .type = "case.forward",
                                     .transition = "C02",
                                     .outcome = "clue",
                                     .owner = HERE,
                                     .papers = "\"D01\""};
    static const struct work disputed = {.from = HERE,
                                         .to = {HEALTH, ABOVE, THERE},
                                         .type = "case.forward",
                                         .transition = "C05",
                                         .outcome = "disputed",
                                         .owner = THERE};
    static const struct work designated = {.from = ABOVE,
                                           .to = {HEALTH, HERE, THERE},
                                           .type = "case.forward",
                                           .transition = "C07",
                                           .outcome = "designated",
                                           .owner = THERE};
    struct work stranger = designated;
    take(r, &clue);
    take(r, &disputed);
    assert_string_equal(work_says(realm_world(r, "445200"), "state"), "DISPUTED");
    assert_same(r, regions, T_COUNT(regions), "ASSIST-DISPUTE");
    stranger.from = "insurance.445200"; /* no superior of anybody */
    stranger.to[2] = NULL;
    const struct mail mail = work_mail(realm_home(r, stranger.from), &stranger);
    const struct sent sent = realm_send(r, &mail);
    assert_int_equal(world_code(realm_home(r, stranger.from), stranger.from, sent.env_id),
                     ERR_CASE_STATE);
    take(r, &designated);
    assert_string_equal(work_says(realm_world(r, "445100"), "state"), "CLUE");
    assert_string_equal(work_says(realm_world(r, "445100"), "owner"), THERE);
    assert_same(r, regions, T_COUNT(regions), "T01");
    casehubs_same(r, "445100", "445200", 3);
}

static void a_complaint_sent_to_the_wrong_city_goes_on_under_its_id(void **state)
{
    struct realm *r = *state;
    static const char *const regions[] = {"445100", "445200"};
    static const struct work clue = {.from = HEALTH,
                                     .to = {HERE},
                                     .type = "case.forward",
                                     .transition = "C02",
                                     .outcome = "clue",
                                     .owner = HERE,
                                     .papers = "\"D01\""};
    static const struct work missent = {.from = HERE,
                                        .to = {HEALTH},
                                        .type = "case.acknowledged",
                                        .transition = "C04",
                                        .outcome = "missent",
                                        .owner = HEALTH};
    static const struct work passed_on = {.from = HEALTH,
                                          .to = {HERE, THERE},
                                          .type = "case.forward",
                                          .transition = "C03",
                                          .outcome = "passed_on",
                                          .owner = THERE,
                                          .papers = "\"D01\""};
    static const struct work again = {.from = THERE,
                                      .to = {HEALTH, HERE},
                                      .type = "case.acknowledged",
                                      .transition = "C04",
                                      .outcome = "missent",
                                      .owner = HEALTH};
    take(r, &clue);
    take(r, &missent);
    take(r, &passed_on);
    assert_string_equal(work_says(realm_world(r, "445200"), "owner"), THERE);
    assert_same(r, regions, T_COUNT(regions), "T01");
    casehubs_same(r, "445100", "445200", 3);
    take(r, &again);
    assert_same(r, regions, T_COUNT(regions), "T01");
    assert_string_equal(work_says(realm_world(r, "445100"), "state"), "MISSENT");
    assert_int_equal(casehubs_steps(r, "445100"), 4);
}

/* ---- assistance ---- */

static void assistance_across_the_country_is_asked_given_and_closed(void **state)
{
    struct realm *r = *state;
    static const char *const regions[] = {"445100", "220100"};
    static const struct work asked = {.from = HERE,
                                      .to = {FAR_AWAY},
                                      .type = "assist.request",
                                      .transition = "A02",
                                      .outcome = "case",
                                      .owner = FAR_AWAY,
                                      .papers = "\"D29\""};
    static const struct work accepted = {.from = FAR_AWAY,
                                         .to = {HERE},
                                         .type = "assist.accept",
                                         .transition = "A04",
                                         .outcome = "accepted",
                                         .owner = FAR_AWAY};
    static const struct work replied = {.from = FAR_AWAY,
                                        .to = {HERE},
                                        .type = "assist.reply",
                                        .transition = "A06",
                                        .owner = HERE,
                                        .papers = "\"D30\""};
    static const struct work closed = {
        .from = HERE, .to = {FAR_AWAY}, .type = "assist.close", .transition = "A08"};
    take(r, &asked);
    assert_same(r, regions, T_COUNT(regions), "ASSIST-CASE");
    assert_string_equal(work_clock(realm_world(r, "220100"), "ASSIST-CASE", "state"), "running");
    take(r, &accepted);
    assert_string_equal(work_clock(realm_world(r, "445100"), "ASSIST-REJECT", "state"), "stopped");
    take(r, &replied);
    assert_string_equal(work_clock(realm_world(r, "445100"), "ASSIST-CASE", "state"), "stopped");
    take(r, &closed);
    assert_string_equal(work_says(realm_world(r, "220100"), "state"), "CLOSED");
    casehubs_same(r, "445100", "220100", 4);
    struct casefile row; /* a hub that it only passed knows nothing of it */
    uint8_t none[STORE_ID_LEN] = {0};
    assert_int_equal(casefile_next(realm_world(r, "000000")->store->casefiles, none, &row),
                     ERR_NOT_FOUND);
}

/* ---- in order ---- */

/* What that hub said of an envelope to the next one; there is one statement. */
static void said_on(struct realm *r, const char *region, const struct sent *sent,
                    lianshu_Statement *out)
{
    struct leaf_log *log = realm_world(r, region)->store->log;
    size_t found = 0;
    for (uint64_t at = 0; at < log_size(log); at++) {
        lianshu_Statement v;
        struct log_entry leaf;
        assert_int_equal(log_get(log, at, &leaf), OK);
        if (leaf.kind != LOG_STATEMENT)
            continue;
        assert_int_equal(wire_decode(&lianshu_Statement_msg, leaf.body, &v), OK);
        if (v.share == 0 || memcmp(v.env_id.bytes, sent->env_id, HASH_LEN) != 0)
            continue;
        *out = v;
        found++;
    }
    assert_int_equal(found, 1);
}

/* Whatever conversation their senders name, so that nothing that hubs show each other of the case
 * goes past them, when a link is busy with something else. */
static void steps_go_from_hub_to_hub_in_the_order_of_their_case(void **state)
{
    static const char *const way[] = {"445100", "440000", "000000", "220000"};
    struct realm *r = *state;
    uint8_t id[STORE_ID_LEN];
    assert_true(hex_decode(CASE_ID, id, sizeof id));
    const struct work asked[] = {{.from = HERE,
                                  .to = {FAR_AWAY},
                                  .type = "assist.request",
                                  .transition = "A02",
                                  .outcome = "case",
                                  .owner = FAR_AWAY,
                                  .papers = "\"D29\""},
                                 {.from = HERE,
                                  .to = {FAR_AWAY},
                                  .type = "assist.close",
                                  .transition = "A08",
                                  .outcome = "withdrawn"}};
    for (size_t i = 0; i < T_COUNT(asked); i++) {
        struct mail mail = work_mail(realm_home(r, HERE), &asked[i]);
        mail.conversation = i == 0 ? NULL : "0123456789abcdef0123456789abcdef";
        const struct sent sent = realm_send(r, &mail);
        for (size_t hub = 0; hub < T_COUNT(way); hub++) {
            lianshu_Statement said;
            said_on(r, way[hub], &sent, &said);
            assert_int_equal(said.delivery_number, i + 1);
            assert_memory_equal(said.conversation.bytes, id, sizeof id);
        }
    }
    casehubs_same(r, "445100", "220100", 2);
}

/* It lost its disk before it had given the step on, and is given that again: it stays the step that
 * it is, whatever was taken behind it elsewhere meanwhile. */
static void a_hub_on_the_way_that_lost_everything_is_given_the_same_step_again(void **state)
{
    struct realm *r = *state;
    const struct work asked = {.from = HERE,
                               .to = {FAR_AWAY},
                               .type = "assist.request",
                               .transition = "A02",
                               .outcome = "case",
                               .owner = FAR_AWAY,
                               .papers = "\"D29\""};
    const struct work withdrawn = {.from = HERE,
                                   .to = {FAR_AWAY},
                                   .type = "assist.close",
                                   .transition = "A08",
                                   .outcome = "withdrawn"};
    const struct work taken = {.from = FAR_AWAY,
                               .to = {HERE},
                               .type = "assist.accept",
                               .transition = "A04",
                               .outcome = "accepted",
                               .owner = FAR_AWAY};
    casehubs_take(r, &asked);
    casehubs_settle(r);
    realm_cut(r, "000000", "440000");
    casehubs_take(r, &withdrawn);
    realm_live(r, 5 * MINUTE_MS, MINUTE_MS);
    casehubs_take(r, &taken);
    realm_lose(r, "440000");
    casehubs_settle(r);
    casehubs_same(r, "445100", "220100", 2);
    assert_string_equal(work_says(realm_world(r, "220100"), "state"), "CLOSED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_dispute_is_settled_by_the_common_superior_and_both_cities_hold_one_card, cities,
            casehubs_end),
        cmocka_unit_test_setup_teardown(a_complaint_sent_to_the_wrong_city_goes_on_under_its_id,
                                        cities, casehubs_end),
        cmocka_unit_test_setup_teardown(assistance_across_the_country_is_asked_given_and_closed,
                                        country, casehubs_end),
        cmocka_unit_test_setup_teardown(
            a_hub_on_the_way_that_lost_everything_is_given_the_same_step_again, country,
            casehubs_end),
        cmocka_unit_test_setup_teardown(steps_go_from_hub_to_hub_in_the_order_of_their_case,
                                        country, casehubs_end),
    };
    return cmocka_run_group_tests_name("cases_realm", tests, NULL, NULL);
}
