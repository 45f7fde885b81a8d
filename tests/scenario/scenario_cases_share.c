/* Two hubs between which a step went know the same documents of its case up to it, whatever ended
 * on its way or was lost with a disk. */
#include "scenario/casehubs.h"
#include "scenario/texts.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 256 };

static void take(struct realm *r, const struct work *step)
{
    casehubs_take(r, step);
    casehubs_settle(r);
}

static struct sent take_for(struct realm *r, const struct work *step, uint64_t life_ms)
{
    struct world *home = realm_home(r, step->from);
    struct mail mail = work_mail(home, step);
    mail.expires_ms = r->now_ms + life_ms;
    const struct sent sent = realm_send(r, &mail);
    assert_int_equal(world_code(home, step->from, sent.env_id), 0);
    return sent;
}

static uint64_t counted(struct realm *r, const char *region, const char *name)
{
    return store_counter(realm_world(r, region)->store, name);
}

/* ---- what ended on its way ---- */

/* It ends at the hub that took it, and behind one that loses to another. */
static void
a_step_that_ended_on_its_way_and_was_built_on_what_lost_has_no_effect_there_either(void **state)
{
    struct realm *r = *state;
    take(r, &WORK_ASKED);
    realm_cut(r, "440000", "445100");
    realm_cut(r, "220000", "220100");
    casehubs_take(r, &WORK_WITHDRAWN); /* 2 here, stands */
    realm_live(r, SECOND_MS, SECOND_MS);
    casehubs_take(r, &WORK_ACCEPTED);                              /* 2 there, … */
    const struct sent built = take_for(r, &WORK_REPLIED, HOUR_MS); /* … and 3 */
    realm_live(r, 3 * (uint64_t)HOUR_MS, 10 * MINUTE_MS);
    assert_int_equal(realm_heard(r, CASE_GIVES, &built, lianshu_ReceiptKind_RECEIPT_EXPIRED), 1);
    realm_heal(r, "220000", "220100");
    realm_heal(r, "440000", "445100");
    casehubs_settle(r);
    casehubs_same(r, "445100", "220100", 3);
    assert_string_equal(work_says(realm_world(r, "445100"), "state"), "CLOSED");
    assert_int_equal(realm_has(r, CASE_ASKS, WORK_REPLIED.type), 0);
}

/* The first one of the case: the other hub knew nothing of it. */
static void a_case_whose_first_step_ended_on_its_way_is_known_there(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "220000", "220100");
    take_for(r, &WORK_ASKED, HOUR_MS);
    realm_live(r, 3 * (uint64_t)HOUR_MS, 10 * MINUTE_MS);
    realm_heal(r, "220000", "220100");
    casehubs_settle(r);
    casehubs_same(r, "445100", "220100", 1);
    assert_int_equal(realm_has(r, CASE_GIVES, WORK_ASKED.type), 0);
    take(r, &WORK_ACCEPTED); /* who should have got it may act on the card */
    casehubs_same(r, "445100", "220100", 2);
}

/* What its own hub refuses him has come to that hub: nothing is shown to it again. */
static void what_ended_at_the_recipients_own_hub_is_not_shown_to_it(void **state)
{
    struct realm *r = *state;
    take(r, &WORK_ASKED);
    const uint64_t before = counted(r, "445100", "cases.handed_on");
    struct world *w = realm_world(r, "220100");
    world_leave(w, CASE_GIVES);
    struct work late = WORK_REPORTED;
    late.from = CASE_ASKS;
    late.to[0] = CASE_GIVES;
    const struct sent ended = take_for(r, &late, HOUR_MS);
    realm_live(r, 3 * (uint64_t)HOUR_MS, 10 * MINUTE_MS);
    assert_int_equal(realm_heard(r, CASE_ASKS, &ended, lianshu_ReceiptKind_RECEIPT_EXPIRED), 1);
    casehubs_same(r, "445100", "220100", 2);
    assert_int_equal(counted(r, "445100", "cases.handed_on"), before);
}

/* ---- what was lost with a disk ---- */

static void a_hub_that_lost_everything_is_given_what_it_knew_with_the_next_step(void **state)
{
    struct realm *r = *state;
    struct work joined = WORK_REPORTED;
    joined.from = CASE_ASKS;
    joined.to[0] = CASE_THIRD;
    take(r, &WORK_ASKED);
    take(r, &WORK_ACCEPTED);
    take(r, &joined); /* 3, before which two went past the third hub */
    casehubs_same(r, "445100", "445200", 3);
    take(r, &joined); /* 4 */
    realm_lose(r, "445200");
    casehubs_settle(r);
    take(r, &joined);
    casehubs_same(r, "445100", "445200", 5);
    assert_int_equal(counted(r, "445200", "cases.joined"), 4);
}

/* ---- as it was signed ---- */

/* The notice of what may follow from it is made before the step is kept. */
static void a_penalty_that_a_rule_tells_of_is_handed_on_as_it_was_signed(void **state)
{
    struct realm *r = *state;
    static const struct work filed[] = {
        {.from = CASE_ASKS,
         .to = {"hub.445100"},
         .type = "case.record",
         .transition = "C01",
         .outcome = "registered",
         .owner = CASE_ASKS},
        {.from = CASE_ASKS,
         .to = {"hub.445100"},
         .type = "case.record",
         .transition = "T01",
         .outcome = "accepted",
         .owner = CASE_ASKS},
        {.from = CASE_ASKS,
         .to = {"hub.445100"},
         .type = "case.record",
         .transition = "T02",
         .outcome = "filed",
         .owner = CASE_ASKS,
         .papers = "\"D02\""},
    };
    struct work joined = WORK_REPORTED;
    joined.from = CASE_ASKS;
    joined.to[0] = CASE_GIVES;
    for (size_t i = 0; i < T_COUNT(filed); i++) {
        struct mail mail = work_mail(realm_home(r, CASE_ASKS), &filed[i]);
        mail.sealed = NULL;
        const struct sent sent = realm_send(r, &mail);
        assert_int_equal(world_code(realm_home(r, CASE_ASKS), CASE_ASKS, sent.env_id), 0);
    }
    static const struct mail penalty = {
        .from = CASE_ASKS,
        .type = "penalty.decision",
        .to = {"hub.445100"},
        .facts = "{\"subject\":" PUNISHED ","
                 "\"trigger\":\"DL116_118\",\"severity\":\"serious\","
                 "\"decision_number\":\"示罚〔2026〕1号\",\"decision_date\":\"2026-04-01\","
                 "\"case_id\":\"" CASE_ID "\"}"};
    const struct sent decided = realm_send(r, &penalty);
    assert_int_equal(world_code(realm_home(r, CASE_ASKS), CASE_ASKS, decided.env_id), 0);
    assert_true(counted(r, "445100", "alerts") > 0);
    take(r, &joined);
    casehubs_same(r, "445100", "220100", 5);
}

/* ---- bounds ---- */

static void a_case_has_so_many_steps_and_no_more(void **state)
{
    struct realm *r = *state;
    struct world *home = realm_home(r, CASE_ASKS);
    struct work more = WORK_REPORTED;
    more.from = CASE_ASKS;
    more.to[0] = "market.440000";
    take(r, &WORK_ASKED);
    for (size_t i = 2; i <= STEPS_MAX; i++)
        casehubs_take(r, &more);
    const struct mail mail = work_mail(home, &more);
    const struct sent one_more = realm_send(r, &mail);
    assert_int_equal(world_code(home, CASE_ASKS, one_more.env_id), ERR_CASE_STATE);
    casehubs_settle(r);
    casehubs_same(r, "445100", "440000", STEPS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_step_that_ended_on_its_way_and_was_built_on_what_lost_has_no_effect_there_either,
            casehubs_tree, casehubs_end),
        cmocka_unit_test_setup_teardown(a_case_whose_first_step_ended_on_its_way_is_known_there,
                                        casehubs_tree, casehubs_end),
        cmocka_unit_test_setup_teardown(what_ended_at_the_recipients_own_hub_is_not_shown_to_it,
                                        casehubs_tree, casehubs_end),
        cmocka_unit_test_setup_teardown(
            a_hub_that_lost_everything_is_given_what_it_knew_with_the_next_step, casehubs_tree,
            casehubs_end),
        cmocka_unit_test_setup_teardown(
            a_penalty_that_a_rule_tells_of_is_handed_on_as_it_was_signed, casehubs_tree,
            casehubs_end),
        cmocka_unit_test_setup_teardown(a_case_has_so_many_steps_and_no_more, casehubs_tree,
                                        casehubs_end),
    };
    return cmocka_run_group_tests_name("cases_share", tests, NULL, NULL);
}
