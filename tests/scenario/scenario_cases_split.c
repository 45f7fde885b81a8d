/* Two sides of a cut road take one step of a case with two documents: the same one stands at every
 * hub, whichever road heals first; the other has no effect, and both sides are told. */
#include "scenario/casehubs.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define SPLIT lianshu_HubNoticeKind_HUBNOTICE_STEP_SPLIT

static struct sent take(struct realm *r, const struct work *step)
{
    struct world *home = realm_home(r, step->from);
    const struct mail mail = work_mail(home, step);
    const struct sent sent = realm_send(r, &mail);
    print_message("%s by %s\n", step->transition, step->from);
    assert_int_equal(world_code(home, step->from, sent.env_id), 0);
    realm_live(r, SECOND_MS, SECOND_MS);
    return sent;
}

static void cut(struct realm *r)
{
    realm_cut(r, "440000", "445100");
    realm_cut(r, "220000", "220100");
}

static void heal(struct realm *r, bool ours_first)
{
    static const char *const road[2][2] = {{"440000", "445100"}, {"220000", "220100"}};
    for (size_t i = 0; i < 2; i++) {
        const char *const *which = road[ours_first ? i : 1 - i];
        realm_heal(r, which[0], which[1]);
        casehubs_settle(r);
    }
}

static uint32_t code_of(struct realm *r, const struct work *step, const struct sent *sent)
{
    return world_code(realm_home(r, step->from), step->from, sent->env_id);
}

static size_t told(struct realm *r, const char *member)
{
    return work_told(realm_home(r, member), member, SPLIT, "");
}

/* Of the card of that hub: how many documents took no effect for another one's sake. */
static size_t lost(struct realm *r, const char *region)
{
    struct json *card = work_card(realm_world(r, region));
    const size_t count = json_count(json_get(card, "lost"));
    uint64_t code;
    for (size_t i = 0; i < count; i++)
        assert_true(json_uint(json_get(json_item(json_get(card, "lost"), i), "code"), &code) &&
                    code == ERR_CASE_STATE);
    json_close(&card);
    return count;
}

/* ---- one step ---- */

static void split_at_one_step(bool ours_stands, bool ours_first)
{
    void *state = NULL;
    casehubs_tree(&state);
    struct realm *r = state;
    take(r, &WORK_ASKED);
    casehubs_settle(r);
    cut(r);
    const struct work *one = ours_stands ? &WORK_WITHDRAWN : &WORK_ACCEPTED;
    const struct work *other = ours_stands ? &WORK_ACCEPTED : &WORK_WITHDRAWN;
    const struct sent stands = take(r, one);
    const struct sent loses = take(r, other);
    heal(r, ours_first);
    casehubs_same(r, "445100", "220100", 2);
    assert_string_equal(work_says(realm_world(r, "445100"), "state"),
                        ours_stands ? "CLOSED" : "ACCEPTED");
    assert_string_equal(work_clock(realm_world(r, "220100"), "ASSIST-CASE", "state"),
                        ours_stands ? "stopped" : "running");
    assert_int_equal(lost(r, "445100"), 1);
    assert_int_equal(code_of(r, other, &loses), ERR_CASE_STATE);
    assert_int_equal(code_of(r, one, &stands), 0);
    assert_int_equal(realm_heard(r, one->from, &stands, lianshu_ReceiptKind_RECEIPT_REFUSED), 0);
    assert_int_equal(told(r, CASE_ASKS), 1);
    assert_int_equal(told(r, CASE_GIVES), 1);
    assert_int_equal(realm_has(r, other->from, one->type), 1); /* what stands was delivered */
    assert_int_equal(realm_has(r, one->from, other->type), 0);
    casehubs_end(&state);
}

static void the_earlier_one_stands_at_both_hubs_whichever_road_heals_first(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        split_at_one_step((i & 1) != 0, (i & 2) != 0);
}

/* ---- and what was built on it ---- */

static void what_was_built_on_the_document_that_lost_is_judged_again(void **state)
{
    struct realm *r = *state;
    take(r, &WORK_ASKED);
    casehubs_settle(r);
    cut(r);
    take(r, &WORK_WITHDRAWN);
    take(r, &WORK_ACCEPTED);
    const struct sent built = take(r, &WORK_REPLIED);
    assert_string_equal(work_says(realm_world(r, "220100"), "state"), "REPLIED");
    heal(r, true);
    casehubs_same(r, "445100", "220100", 3);
    assert_string_equal(work_says(realm_world(r, "220100"), "state"), "CLOSED");
    assert_string_equal(work_clock(realm_world(r, "220100"), "ASSIST-CASE", "state"), "stopped");
    assert_int_equal(code_of(r, &WORK_REPLIED, &built), ERR_CASE_STATE);
    assert_int_equal(told(r, CASE_GIVES), 2); /* of both its steps */
}

static void what_both_sides_built_follows_what_stands(void **state)
{
    struct realm *r = *state;
    take(r, &WORK_ASKED);
    casehubs_settle(r);
    cut(r);
    take(r, &WORK_ACCEPTED);  /* 2 of theirs, stands */
    take(r, &WORK_WITHDRAWN); /* 2 of ours */
    take(r, &WORK_REPORTED);  /* 3 of theirs: no state forbids it */
    realm_restart(r, "220100");
    heal(r, false);
    take(r, &WORK_REPLIED);
    casehubs_settle(r);
    casehubs_same(r, "445100", "220100", 4);
    assert_string_equal(work_says(realm_world(r, "445100"), "state"), "REPLIED");
    assert_int_equal(lost(r, "220100"), 1);
}

/* Neither hub can make the case again from its beginning: the last step alone says where it is. */
static void hubs_that_lack_earlier_steps_agree_on_the_last_one(void **state)
{
    struct realm *r = *state;
    take(r, &WORK_ASKED);
    casehubs_settle(r);
    casehubs_lose_papers(r, "445100");
    casehubs_lose_papers(r, "220100");
    cut(r);
    const struct sent stands = take(r, &WORK_ACCEPTED);
    const struct sent loses = take(r, &WORK_WITHDRAWN);
    heal(r, true);
    static const char *const regions[] = {"445100", "220100"};
    for (size_t i = 0; i < T_COUNT(regions); i++) {
        assert_string_equal(work_says(realm_world(r, regions[i]), "state"), "ACCEPTED");
        assert_string_equal(work_says(realm_world(r, regions[i]), "owner"), CASE_GIVES);
        assert_int_equal(lost(r, regions[i]), 1);
    }
    assert_int_equal(code_of(r, &WORK_ACCEPTED, &stands), 0);
    assert_int_equal(code_of(r, &WORK_WITHDRAWN, &loses), ERR_CASE_STATE);
}

/* ---- other hubs ---- */

static void a_third_hub_that_got_the_one_that_lost_is_shown_the_other(void **state)
{
    struct realm *r = *state;
    struct work to_third = WORK_REPORTED;
    to_third.from = CASE_ASKS;
    to_third.to[0] = CASE_GIVES;
    to_third.to[1] = CASE_THIRD;
    take(r, &WORK_ASKED);
    casehubs_settle(r);
    realm_cut(r, "220000", "220100");
    take(r, &WORK_REPORTED);
    take(r, &to_third);
    casehubs_settle(r);
    casehubs_same(r, "445100", "445200", 2);
    realm_heal(r, "220000", "220100");
    casehubs_settle(r);
    casehubs_same(r, "445100", "220100", 2);
    casehubs_same(r, "445100", "445200", 2);
    assert_int_equal(lost(r, "445200"), 1);
    assert_int_equal(told(r, CASE_THIRD), 1); /* it holds a document without effect */
    assert_int_equal(told(r, CASE_ASKS), 1);
    assert_int_equal(told(r, CASE_GIVES), 1);
}

/* The third hub is cut off while the sides find out: what it is shown must not overtake the step
 * that it is shown about, and of one that lost it is told what went before, too. */
static void a_third_hub_hears_last(struct realm *r, bool holds_the_case)
{
    struct work asked = WORK_ASKED;
    struct work to_third = WORK_REPORTED;
    to_third.from = CASE_ASKS;
    to_third.to[0] = CASE_GIVES;
    to_third.to[1] = CASE_THIRD;
    if (holds_the_case)
        asked.to[1] = CASE_THIRD;
    take(r, &asked);
    casehubs_settle(r);
    realm_cut(r, "220000", "220100");
    realm_cut(r, "440000", "445200");
    take(r, &WORK_REPORTED);
    take(r, &to_third);
    casehubs_settle(r);
    realm_heal(r, "220000", "220100");
    casehubs_settle(r);
    casehubs_same(r, "445100", "220100", 2);
    realm_heal(r, "440000", "445200");
    casehubs_settle(r);
    casehubs_same(r, "445100", "445200", 2);
    assert_int_equal(lost(r, "445200"), 1);
    assert_int_equal(told(r, CASE_ASKS), 1);
    assert_int_equal(told(r, CASE_GIVES), 1);
}

static void a_third_hub_that_was_cut_off_sees_both_as_well(void **state)
{
    a_third_hub_hears_last(*state, true);
}

static void a_hub_that_joins_with_the_document_that_lost_is_given_what_went_before(void **state)
{
    a_third_hub_hears_last(*state, false);
}

/* A hub whose member went on before it had all that went before passes the rest on when it comes.
 */
static void who_joins_with_a_step_gets_also_what_came_late_to_the_hub_that_took_it(void **state)
{
    struct realm *r = *state;
    struct work unseen = WORK_REPORTED;
    struct work to_third = WORK_REPORTED;
    unseen.to[0] = "market.220000";
    to_third.from = CASE_ASKS;
    to_third.to[0] = CASE_THIRD;
    take(r, &WORK_ASKED);
    casehubs_settle(r);
    realm_cut(r, "000000", "220000");
    take(r, &unseen);
    take(r, &WORK_ACCEPTED);
    casehubs_settle(r);
    realm_cut(r, "220000", "220100");
    realm_heal(r, "000000", "220000");
    casehubs_settle(r); /* the third step is there, and the second one asked for */
    take(r, &to_third);
    casehubs_settle(r);
    realm_heal(r, "220000", "220100");
    casehubs_settle(r);
    casehubs_same(r, "445100", "445200", 4);
    assert_int_equal(lost(r, "445200"), 0);
}

/* Each side goes on alone, and nobody gets both documents. The first step that crosses over shows
 * it, and then every hub that holds the case knows. */
static void two_sides_that_share_no_recipient_meet_with_the_first_step_that_crosses(void **state)
{
    struct realm *r = *state;
    struct work ours = WORK_REPORTED;
    struct work theirs = WORK_REPORTED;
    ours.from = CASE_ASKS;
    ours.to[0] = CASE_THIRD;
    theirs.to[0] = "market.220000";
    take(r, &WORK_ASKED);
    casehubs_settle(r);
    const struct sent stands = take(r, &ours);
    const struct sent loses = take(r, &theirs);
    casehubs_settle(r);
    assert_int_equal(lost(r, "445100") + lost(r, "220100"), 0); /* nobody has both */
    take(r, &WORK_ACCEPTED);
    casehubs_settle(r);
    casehubs_same(r, "445100", "220100", 3);
    casehubs_same(r, "445200", "220000", 2);
    static const char *const regions[] = {"445100", "220100", "445200", "220000"};
    for (size_t i = 0; i < T_COUNT(regions); i++)
        assert_int_equal(lost(r, regions[i]), 1);
    assert_int_equal(code_of(r, &ours, &stands), 0);
    assert_int_equal(code_of(r, &theirs, &loses), ERR_CASE_STATE);
}

static void a_hub_that_joins_later_shows_also_what_lost(void **state)
{
    struct realm *r = *state;
    struct work to_third = WORK_REPORTED;
    to_third.to[1] = CASE_THIRD;
    take(r, &WORK_ASKED);
    casehubs_settle(r);
    cut(r);
    take(r, &WORK_ACCEPTED);
    take(r, &WORK_WITHDRAWN);
    heal(r, true);
    take(r, &to_third);
    casehubs_settle(r);
    casehubs_same(r, "445100", "445200", 3);
    casehubs_same(r, "220100", "445200", 3);
    assert_int_equal(lost(r, "445200"), 1);
    assert_int_equal(told(r, CASE_THIRD), 0);
}

/* The third hub is shown the rival of a step that has not come to it, and never does. */
static void a_rival_of_a_step_that_ended_on_its_way_is_known_wherever_the_case_goes_on(void **state)
{
    struct realm *r = *state;
    struct work asked = WORK_ASKED;
    struct work ours = WORK_REPORTED;
    struct work theirs = WORK_REPORTED;
    asked.to[1] = ours.to[1] = CASE_THIRD;
    ours.from = CASE_ASKS;
    ours.to[0] = CASE_GIVES;
    take(r, &asked);
    casehubs_settle(r);
    cut(r);
    realm_cut(r, "440000", "445200");
    take(r, &theirs); /* 2, to the first hub alone */
    struct mail mail = work_mail(realm_home(r, CASE_ASKS), &ours);
    mail.expires_ms = r->now_ms + HOUR_MS;
    const struct sent lost_on_its_way = realm_send(r, &mail); /* 2 as well, to both others */
    heal(r, true);
    theirs.to[1] = CASE_THIRD;
    take(r, &theirs); /* 3, to both others */
    realm_live(r, 3 * (uint64_t)HOUR_MS, 10 * MINUTE_MS);
    assert_int_equal(
        realm_heard(r, CASE_ASKS, &lost_on_its_way, lianshu_ReceiptKind_RECEIPT_EXPIRED), 1);
    realm_heal(r, "440000", "445200");
    casehubs_settle(r);
    casehubs_same(r, "445100", "220100", 3);
    casehubs_same(r, "220100", "445200", 3);
    assert_int_equal(lost(r, "445200"), 1);
}

static void an_hour_later_nothing_more_is_said(void **state)
{
    struct realm *r = *state;
    take(r, &WORK_ASKED);
    casehubs_settle(r);
    cut(r);
    take(r, &WORK_ACCEPTED);
    take(r, &WORK_WITHDRAWN);
    heal(r, true);
    const size_t heard = realm_has(r, CASE_ASKS, "hub.notice");
    realm_restart(r, "445100");
    realm_restart(r, "220100");
    realm_live(r, HOUR_MS, MINUTE_MS);
    assert_int_equal(realm_has(r, CASE_ASKS, "hub.notice"), heard);
    casehubs_same(r, "445100", "220100", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earlier_one_stands_at_both_hubs_whichever_road_heals_first),
        cmocka_unit_test_setup_teardown(what_was_built_on_the_document_that_lost_is_judged_again,
                                        casehubs_tree, casehubs_end),
        cmocka_unit_test_setup_teardown(what_both_sides_built_follows_what_stands, casehubs_tree,
                                        casehubs_end),
        cmocka_unit_test_setup_teardown(hubs_that_lack_earlier_steps_agree_on_the_last_one,
                                        casehubs_tree, casehubs_end),
        cmocka_unit_test_setup_teardown(a_third_hub_that_got_the_one_that_lost_is_shown_the_other,
                                        casehubs_tree, casehubs_end),
        cmocka_unit_test_setup_teardown(a_third_hub_that_was_cut_off_sees_both_as_well,
                                        casehubs_tree, casehubs_end),
        cmocka_unit_test_setup_teardown(
            a_hub_that_joins_with_the_document_that_lost_is_given_what_went_before, casehubs_tree,
            casehubs_end),
        cmocka_unit_test_setup_teardown(
            who_joins_with_a_step_gets_also_what_came_late_to_the_hub_that_took_it, casehubs_tree,
            casehubs_end),
        cmocka_unit_test_setup_teardown(
            two_sides_that_share_no_recipient_meet_with_the_first_step_that_crosses, casehubs_tree,
            casehubs_end),
        cmocka_unit_test_setup_teardown(a_hub_that_joins_later_shows_also_what_lost, casehubs_tree,
                                        casehubs_end),
        cmocka_unit_test_setup_teardown(
            a_rival_of_a_step_that_ended_on_its_way_is_known_wherever_the_case_goes_on,
            casehubs_tree, casehubs_end),
        cmocka_unit_test_setup_teardown(an_hour_later_nothing_more_is_said, casehubs_tree,
                                        casehubs_end),
    };
    return cmocka_run_group_tests_name("cases_split", tests, NULL, NULL);
}
