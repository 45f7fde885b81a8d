/* A step that waits for two officials is none of the case until they let it go: then it has the
 * next number and the moment of its release, or is refused when the case has gone past it. What
 * another hub has taken is a step at every hub, whatever that one's own rules hold or refuse. */
#include "scenario/casehubs.h"
#include "scenario/gatebook.h"
#include "scenario/officials.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define HERE       "445100"
#define FAR        "220100"
#define FURTHER    "445200"
#define FAR_POLICE "police.220100"
#define RELEASE    lianshu_OfficialVerb_OFFICIAL_RELEASE
#define RETURN     lianshu_OfficialVerb_OFFICIAL_RETURN
#define RULE_TYPES "types: [case.result, case.reverse]\n"
#define HOLDS(type, breach)                                                                        \
    "types: [" type "]\n    action: hold\n    deadline: 3 working_days\n    breach: " breach "\n"

static const struct realm_hub plan[] = {{.region = "000000"}, {.region = "440000"},
                                        {.region = HERE},     {.region = FURTHER},
                                        {.region = "220000"}, {.region = FAR}};

static const struct work FORWARDED = {.from = FAR_POLICE,
                                      .to = {CASE_MARKET, "police.445200"},
                                      .type = "case.forward",
                                      .transition = "T24",
                                      .outcome = "filed_case",
                                      .owner = "police.445200",
                                      .papers = "\"D11\""};
static const struct work REPORTED = {.from = CASE_MARKET,
                                     .to = {FAR_POLICE},
                                     .type = "case.result",
                                     .transition = "S02",
                                     .outcome = "reported",
                                     .owner = FAR_POLICE,
                                     .papers = "\"D27\""};

static int tree(void **state)
{
    *state = realm_new(plan, T_COUNT(plan));
    return 0;
}

/* At that hub these documents wait, or are refused. */
static void rule_at(struct realm *r, const char *region, const char *what)
{
    gatebook_reword(realm_world(r, region), RULE_TYPES, what);
    realm_restart(r, region);
}

static void refer(struct realm *r)
{
    struct work referred = WORK_REFERRED;
    struct work taken = WORK_TAKEN;
    referred.to[0] = taken.from = FAR_POLICE;
    referred.to[1] = CASE_PP;
    referred.owner = taken.owner = FAR_POLICE;
    casehubs_take(r, &referred);
    casehubs_take(r, &taken);
    casehubs_settle(r);
    casehubs_same(r, HERE, FAR, 2);
}

static struct work filed(void)
{
    struct work step = WORK_FILED;
    step.from = FAR_POLICE;
    return step;
}

static struct sent give(struct realm *r, const struct work *step)
{
    struct mail mail = work_mail(realm_home(r, step->from), step);
    mail.expires_ms = r->now_ms + 13 * (uint64_t)DAY_MS;
    const struct sent sent = realm_send(r, &mail);
    casehubs_settle(r);
    return sent;
}

/* A message under way, and for whom it waits: a recipient, or the next hub. */
struct waiting {
    const char *sender;
    const char *recipient;
    struct sent sent;
};

static enum err act(struct realm *r, const char *region, lianshu_OfficialVerb verb,
                    const struct waiting *w)
{
    char hub[16];
    snprintf(hub, sizeof hub, "hub.%s", region);
    const struct act what = {.verb = verb,
                             .recipient = w->recipient,
                             .sender = w->sender,
                             .message_id = w->sent.id,
                             .member = hub};
    const enum err err = officials_act(realm_world(r, region), &what);
    casehubs_settle(r);
    return err;
}

static size_t held(struct realm *r, const char *region)
{
    return world_status(realm_world(r, region), "held");
}

/* ---- held where it is sent ---- */

static void what_waits_for_officials_is_no_step_yet(void **state)
{
    struct realm *r = *state;
    rule_at(r, HERE, HOLDS("case.result", "refuse"));
    refer(r);
    const struct sent sent = give(r, &REPORTED);
    assert_int_equal(realm_heard(r, CASE_MARKET, &sent, lianshu_ReceiptKind_RECEIPT_HELD), 1);
    assert_int_equal(held(r, HERE), 1);
    casehubs_same(r, HERE, FAR, 2);
}

static void released_it_is_the_next_step_at_every_hub(void **state)
{
    struct realm *r = *state;
    const struct work then = filed();
    rule_at(r, HERE, HOLDS("case.result", "refuse"));
    refer(r);
    const struct sent sent = give(r, &REPORTED);
    realm_live(r, HOUR_MS, 10 * MINUTE_MS);
    give(r, &then);
    casehubs_same(r, HERE, FAR, 3);
    assert_int_equal(act(r, HERE, RELEASE, &(struct waiting){CASE_MARKET, "hub.440000", sent}), OK);
    casehubs_same(r, HERE, FAR, 4);
    assert_int_equal(realm_has(r, FAR_POLICE, "case.result"), 1);
    assert_int_equal(realm_heard(r, CASE_MARKET, &sent, lianshu_ReceiptKind_RECEIPT_REFUSED), 0);
    give(r, &FORWARDED); /* who joins is given all of it */
    casehubs_same(r, HERE, FAR, 5);
    casehubs_same(r, HERE, FURTHER, 5);
}

static void what_the_case_has_gone_past_meanwhile_is_refused(void **state)
{
    struct realm *r = *state;
    const struct work first = filed();
    rule_at(r, FAR, HOLDS("case.decision", "refuse"));
    refer(r);
    const struct sent waits = give(r, &first);
    const struct sent also = give(r, &first);
    assert_int_equal(held(r, FAR), 2);
    assert_int_equal(act(r, FAR, RELEASE, &(struct waiting){FAR_POLICE, "hub.220000", also}), OK);
    casehubs_same(r, HERE, FAR, 3);
    assert_int_equal(act(r, FAR, RELEASE, &(struct waiting){FAR_POLICE, "hub.220000", waits}),
                     ERR_CASE_STATE);
    casehubs_same(r, HERE, FAR, 3);
    assert_int_equal(realm_has(r, CASE_MARKET, "case.decision"), 1);
}

static void what_officials_return_was_never_a_step(void **state)
{
    struct realm *r = *state;
    const struct work then = filed();
    rule_at(r, HERE, HOLDS("case.result", "refuse"));
    refer(r);
    const struct sent sent = give(r, &REPORTED);
    give(r, &then);
    assert_int_equal(act(r, HERE, RETURN, &(struct waiting){CASE_MARKET, "hub.440000", sent}), OK);
    casehubs_same(r, HERE, FAR, 3);
    assert_int_equal(realm_heard(r, CASE_MARKET, &sent, lianshu_ReceiptKind_RECEIPT_REFUSED), 1);
}

/* Nobody decides. */
static void its_term_lets_it_go_as_officials_would(void **state)
{
    struct realm *r = *state;
    const struct work then = filed();
    rule_at(r, HERE, HOLDS("case.result", "take"));
    refer(r);
    const struct sent sent = give(r, &REPORTED);
    give(r, &then);
    realm_live(r, 10 * (uint64_t)DAY_MS, 6 * HOUR_MS);
    casehubs_settle(r);
    assert_int_equal(held(r, HERE), 0);
    casehubs_same(r, HERE, FAR, 4);
    assert_int_equal(realm_heard(r, CASE_MARKET, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
}

/* ---- held, or refused, where it arrives ---- */

static void what_another_hub_took_is_a_step_here_while_it_is_held(void **state)
{
    struct realm *r = *state;
    const struct work step = filed();
    rule_at(r, HERE, HOLDS("case.decision", "refuse"));
    refer(r);
    const struct sent sent = give(r, &step);
    assert_int_equal(held(r, HERE), 2); /* for each of its recipients */
    casehubs_same(r, HERE, FAR, 3);
    assert_int_equal(realm_has(r, CASE_MARKET, "case.decision"), 0);
    assert_int_equal(act(r, HERE, RELEASE, &(struct waiting){FAR_POLICE, CASE_MARKET, sent}), OK);
    assert_int_equal(realm_has(r, CASE_MARKET, "case.decision"), 1);
    casehubs_same(r, HERE, FAR, 3);
    give(r, &FORWARDED);
    casehubs_same(r, HERE, FAR, 4);
    casehubs_same(r, HERE, FURTHER, 4);
}

static void returned_to_its_sender_it_is_a_step_all_the_same(void **state)
{
    struct realm *r = *state;
    const struct work step = filed();
    rule_at(r, HERE, HOLDS("case.decision", "refuse"));
    refer(r);
    const struct sent sent = give(r, &step);
    assert_int_equal(act(r, HERE, RETURN, &(struct waiting){FAR_POLICE, CASE_MARKET, sent}), OK);
    assert_int_equal(realm_has(r, CASE_MARKET, "case.decision"), 0);
    give(r, &FORWARDED);
    casehubs_same(r, HERE, FAR, 4);
    casehubs_same(r, HERE, FURTHER, 4);
}

static void what_rules_here_refuse_to_hand_over_is_a_step_all_the_same(void **state)
{
    struct realm *r = *state;
    const struct work step = filed();
    rule_at(r, HERE, "types: [case.decision]\n    action: refuse\n");
    refer(r);
    const struct sent sent = give(r, &step);
    assert_int_equal(realm_heard(r, FAR_POLICE, &sent, lianshu_ReceiptKind_RECEIPT_REFUSED), 2);
    assert_int_equal(realm_has(r, CASE_MARKET, "case.decision"), 0);
    casehubs_same(r, HERE, FAR, 3);
    give(r, &FORWARDED);
    casehubs_same(r, HERE, FAR, 4);
    casehubs_same(r, HERE, FURTHER, 4);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, tree, casehubs_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_waits_for_officials_is_no_step_yet),
        CASE(released_it_is_the_next_step_at_every_hub),
        CASE(what_the_case_has_gone_past_meanwhile_is_refused),
        CASE(what_officials_return_was_never_a_step),
        CASE(its_term_lets_it_go_as_officials_would),
        CASE(what_another_hub_took_is_a_step_here_while_it_is_held),
        CASE(returned_to_its_sender_it_is_a_step_all_the_same),
        CASE(what_rules_here_refuse_to_hand_over_is_a_step_all_the_same),
    };
    return cmocka_run_group_tests_name("cases_held", tests, NULL, NULL);
}
