/* What a gate does to a message on its way: refuse, hold, flag, copy; and again when a restriction
 * begins or ends while it waits. */
#include "fault/vfs.h"
#include "scenario/acts.h"
#include "scenario/gatebook.h"
#include "scenario/officials.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "base/hex.h"

#include <stdio.h>
#include <stdlib.h>

#define HEALTH       "health.445100"
#define MARKET       "market.445100"
#define HUB          "hub.445100"
#define INSURANCE    "insurance.445100"
#define CONVERSATION "abababababababababababababababab"

/* One row: an honour to a subject under M21, at the will of the granting body. */
#define ROW(id, type, look, measure, action)                                                       \
    "  - {id: " id ", zh: 关口, en: a gate, type: " type ", look: " look ", measure: " measure     \
    ", action: " action ", basis: BASIC-LIST, mark: D}\n"
#define HONOUR_GATE(action) ROW("G01", "honour", "subject", "M21", action)
#define HOLD_THEN(breach)   "hold, deadline: 24 hours, breach: " breach

static struct mail honour_of(const struct world *w, const char *facts)
{
    return (struct mail){.from = HEALTH,
                         .type = "honour",
                         .to = {MARKET},
                         .facts = facts,
                         .conversation = CONVERSATION,
                         .expires_ms = w->now_ms + 10 * (uint64_t)DAY_MS};
}

static struct sent send_honour(struct world *w)
{
    const struct mail mail = honour_of(w, HONOUR_BODY(PUNISHED));
    return world_post(w, &mail);
}

static struct sent send_clean(struct world *w)
{
    const struct mail mail = honour_of(w, HONOUR_BODY(CLEAN));
    return world_post(w, &mail);
}

static size_t heard(struct world *w, const struct sent *sent, lianshu_ReceiptKind kind)
{
    return world_heard(w, HEALTH, sent->env_id, kind);
}

static const lianshu_Receipt *last(struct world *w, const struct sent *sent)
{
    const lianshu_Receipt *q = world_receipt(w, HEALTH, sent->env_id);
    assert_non_null(q);
    return q;
}

static void assert_grounds(const lianshu_Receipt *q, const char *measure)
{
    char id[33];
    assert_true(q->grounds_count > 0);
    assert_string_equal(q->grounds[0].measure, measure);
    assert_true(q->grounds[0].basis[0] != '\0');
    hex_encode(span_of(q->grounds[0].order_id, 16), id);
    assert_string_equal(id, ORDER_ID);
}

/* Everybody is there, the gates are these, and the order stands. */
static void begin(struct world *w, const char *gates)
{
    acts_connect(w);
    gatebook_use(w, gates);
    acts_connect(w);
}

static void punish(struct world *w)
{
    acts_order(w, NULL);
    world_turn(w);
    assert_true(world_status(w, "restrictions") > 0);
}

static void pardon(struct world *w)
{
    acts_annul(w, NULL);
    world_turn(w);
    assert_int_equal(world_status(w, "restrictions"), 0);
}

/* ---- the end of a hold ---- */

static void a_hold_that_nobody_decides_is_refused_once_at_its_deadline(void **state)
{
    struct world *w = *state;
    begin(w, HONOUR_GATE(HOLD_THEN("refuse")));
    punish(w);
    const struct sent sent = send_honour(w);
    assert_int_equal(last(w, &sent)->kind, lianshu_ReceiptKind_RECEIPT_HELD);
    world_pass(w, 17 * (uint64_t)HOUR_MS);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_WARNED), 0);
    world_pass(w, 2 * (uint64_t)HOUR_MS); /* three quarters of its time are over */
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_WARNED), 1);
    assert_int_equal(last(w, &sent)->code, ERR_HELD);
    world_pass(w, 5 * (uint64_t)HOUR_MS - 60 * 1000);
    assert_int_equal(world_status(w, "held"), 1);
    world_pass(w, 2 * 60 * 1000);
    const lianshu_Receipt *q = last(w, &sent);
    assert_int_equal(q->kind, lianshu_ReceiptKind_RECEIPT_REFUSED);
    assert_int_equal(q->code, ERR_HOLD_OVER);
    assert_grounds(q, "M21");
    assert_int_equal(world_status(w, "held"), 0);
    world_restart(w);
    acts_connect(w);
    world_pass(w, 2 * (uint64_t)DAY_MS);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_REFUSED), 1);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_WARNED), 1);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void a_hold_that_nobody_decides_is_released_once_when_its_rule_says_so(void **state)
{
    struct world *w = *state;
    begin(w, HONOUR_GATE(HOLD_THEN("flag")));
    punish(w);
    const struct sent sent = send_honour(w);
    world_pass(w, 25 * (uint64_t)HOUR_MS);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(last(w, &sent)->kind, lianshu_ReceiptKind_RECEIPT_DELIVERED);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
    assert_true(world_got(w, MARKET, "honour", 0)->advisory_count > 0);
    world_restart(w);
    acts_connect(w);
    world_pass(w, 2 * (uint64_t)DAY_MS);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

/* Stopped long before, started long after; and a clock that jumps and comes back. */
static void a_deadline_that_passed_while_the_hub_was_down_is_kept_once(void **state)
{
    struct world *w = *state;
    begin(w, HONOUR_GATE(HOLD_THEN("refuse")));
    punish(w);
    const struct sent sent = send_honour(w);
    const uint64_t before = w->now_ms;
    w->now_ms += 5 * (uint64_t)DAY_MS;
    world_restart(w);
    world_turn(w);
    w->now_ms = before; /* set right again: what was said stays said */
    acts_connect(w);
    world_pass(w, 60 * 1000);
    world_restart(w);
    acts_connect(w);
    world_pass(w, 6 * (uint64_t)DAY_MS);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_REFUSED), 1);
    assert_int_equal(last(w, &sent)->code, ERR_HOLD_OVER);
    assert_int_equal(world_status(w, "held"), 0);
}

static void what_two_officials_decided_has_no_deadline_any_more(void **state)
{
    struct world *w = *state;
    begin(w, HONOUR_GATE(HOLD_THEN("refuse")));
    punish(w);
    const struct sent sent = send_honour(w);
    world_leave(w, MARKET);
    const struct act act = {.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE,
                            .recipient = MARKET,
                            .sender = HEALTH,
                            .message_id = sent.id};
    assert_int_equal(officials_act(w, &act), OK);
    world_pass(w, 30 * (uint64_t)HOUR_MS);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_REFUSED), 0);
    world_hello(w, MARKET);
    world_turn(w);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
    assert_true(world_got(w, MARKET, "honour", 0)->advisory_count > 0);
}

static void an_envelope_that_ends_before_its_hold_expires(void **state)
{
    struct world *w = *state;
    begin(w, HONOUR_GATE(HOLD_THEN("flag")));
    punish(w);
    struct mail mail = honour_of(w, HONOUR_BODY(PUNISHED));
    mail.expires_ms = w->now_ms + 12 * (uint64_t)HOUR_MS;
    const struct sent sent = world_post(w, &mail);
    world_pass(w, 30 * (uint64_t)HOUR_MS);
    assert_int_equal(last(w, &sent)->kind, lianshu_ReceiptKind_RECEIPT_EXPIRED);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 0);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
}

/* ---- begins or ends while it waits ---- */

/* The market says it without hearing the answer: it is not there to take anything. */
static void say(struct world *w, const char *type, const char *facts, const char *basis)
{
    const struct mail mail = {
        .from = MARKET, .type = type, .to = {HUB}, .facts = facts, .basis = {basis, "DL118"}};
    world_make(w, &mail, NULL, NULL);
    world_push(w, MARKET);
    world_turn(w);
}

static void punish_unheard(struct world *w)
{
    say(w, "sanction.order", ORDER_BODY("1"), "DL116");
    assert_true(world_status(w, "restrictions") > 0);
}

static void pardon_unheard(struct world *w)
{
    say(w, "sanction.annul", ANNUL_BODY("2"), "AP48");
    assert_int_equal(world_status(w, "restrictions"), 0);
}

/* An honour waits for the market, which is not there, and a harmless one behind it. */
struct waiting {
    struct sent honour;
    struct sent behind;
};

static struct waiting wait_for_market(struct world *w)
{
    struct waiting waiting;
    world_leave(w, MARKET);
    waiting.honour = send_honour(w);
    waiting.behind = send_clean(w);
    return waiting;
}

static void come_back(struct world *w, bool restart)
{
    if (restart) {
        world_restart(w);
        acts_connect(w);
    }
    world_hello(w, MARKET);
    world_settle(w);
}

/* Of two honours the second alone arrived, and it knows how the first ended. */
static void assert_only_behind(struct world *w, lianshu_ReceiptKind kind)
{
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
    const struct got *got = world_got(w, MARKET, "honour", 0);
    assert_int_equal(got->number, 2);
    assert_int_equal(got->advisory_count, 0);
    assert_int_equal(got->tombstone_count, 1);
    assert_int_equal(got->tombstone[0].number, 1);
    assert_int_equal(got->tombstone[0].kind, kind);
}

static void a_restriction_that_begins_refuses_what_still_waits(struct world *w, bool restart)
{
    begin(w, HONOUR_GATE("refuse"));
    const struct waiting waiting = wait_for_market(w);
    punish_unheard(w);
    assert_int_equal(last(w, &waiting.honour)->kind, lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    come_back(w, restart);
    const lianshu_Receipt *q = last(w, &waiting.honour);
    assert_int_equal(q->kind, lianshu_ReceiptKind_RECEIPT_REFUSED);
    assert_int_equal(q->code, ERR_RESTRICTED);
    assert_string_equal(q->about, MARKET);
    assert_grounds(q, "M21");
    assert_int_equal(heard(w, &waiting.honour, lianshu_ReceiptKind_RECEIPT_REFUSED), 1);
    assert_only_behind(w, lianshu_ReceiptKind_RECEIPT_REFUSED);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void a_restriction_that_begins_refuses_what_is_queued(void **state)
{
    a_restriction_that_begins_refuses_what_still_waits(*state, false);
}

static void also_when_the_hub_was_started_anew_in_between(void **state)
{
    a_restriction_that_begins_refuses_what_still_waits(*state, true);
}

static void a_restriction_that_begins_holds_what_waits_and_others_go_on(void **state)
{
    struct world *w = *state;
    begin(w, HONOUR_GATE(HOLD_THEN("flag")));
    const struct waiting waiting = wait_for_market(w);
    punish_unheard(w);
    come_back(w, false);
    const lianshu_Receipt *q = last(w, &waiting.honour);
    assert_int_equal(q->kind, lianshu_ReceiptKind_RECEIPT_HELD);
    assert_grounds(q, "M21");
    assert_int_equal(world_status(w, "held"), 1);
    assert_only_behind(w, lianshu_ReceiptKind_RECEIPT_PARKED);
    world_pass(w, 25 * (uint64_t)HOUR_MS);
    assert_int_equal(heard(w, &waiting.honour, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(world_has(w, MARKET, "honour"), 2);
    const struct got *got = world_got(w, MARKET, "honour", 1);
    assert_int_equal(got->number, 3);
    assert_true(got->advisory_count > 0);
}

static void a_restriction_that_begins_adds_an_advisory_to_what_waits(void **state)
{
    struct world *w = *state;
    begin(w, HONOUR_GATE("flag"));
    (void)wait_for_market(w);
    punish_unheard(w);
    come_back(w, false);
    assert_int_equal(world_has(w, MARKET, "honour"), 2);
    const struct got *got = world_got(w, MARKET, "honour", 0);
    assert_int_equal(got->number, 1);
    assert_int_equal(got->advisory_count, 1);
    assert_string_equal(got->advisory[0].measure, "M21");
    assert_int_equal(world_got(w, MARKET, "honour", 1)->advisory_count, 0);
}

static void a_restriction_that_ends_takes_its_advisory_away(void **state)
{
    struct world *w = *state;
    begin(w, HONOUR_GATE("flag"));
    punish(w);
    const struct waiting waiting = wait_for_market(w);
    pardon_unheard(w);
    come_back(w, true);
    assert_int_equal(last(w, &waiting.honour)->kind, lianshu_ReceiptKind_RECEIPT_DELIVERED);
    assert_int_equal(world_has(w, MARKET, "honour"), 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(world_got(w, MARKET, "honour", i)->advisory_count, 0);
}

static void a_restriction_that_ends_releases_what_it_held(void **state)
{
    struct world *w = *state;
    begin(w, HONOUR_GATE(HOLD_THEN("refuse")));
    punish(w);
    const struct sent sent = send_honour(w);
    assert_int_equal(last(w, &sent)->kind, lianshu_ReceiptKind_RECEIPT_HELD);
    pardon(w);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(last(w, &sent)->kind, lianshu_ReceiptKind_RECEIPT_DELIVERED);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
    assert_int_equal(world_got(w, MARKET, "honour", 0)->advisory_count, 0);
    world_pass(w, 30 * (uint64_t)HOUR_MS); /* its deadline has no meaning any more */
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_REFUSED), 0);
}

/* Stopped between the end of the restriction and the look at what it held. */
static void what_ended_is_seen_by_the_next_start(void **state)
{
    struct world *w = *state;
    const struct mail annul = {.from = MARKET,
                               .type = "sanction.annul",
                               .to = {HUB},
                               .facts = ANNUL_BODY("2"),
                               .basis = {"AP48"}};
    begin(w, HONOUR_GATE(HOLD_THEN("refuse")));
    punish(w);
    const struct sent sent = send_honour(w);
    world_make(w, &annul, NULL, NULL);
    world_push(w, MARKET);
    assert_int_equal(core_commit(w->core, w->now_ms), OK);
    assert_int_equal(world_status(w, "held"), 1);
    world_restart(w);
    acts_connect(w);
    world_settle(w);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

static void a_change_about_somebody_else_is_no_reason_to_ask_again(void **state)
{
    struct world *w = *state;
    begin(w, HONOUR_GATE("refuse"));
    world_leave(w, MARKET);
    const struct sent sent = send_clean(w);
    punish_unheard(w);
    const uint64_t decisions = world_status(w, "decisions");
    come_back(w, true);
    assert_int_equal(last(w, &sent)->kind, lianshu_ReceiptKind_RECEIPT_DELIVERED);
    assert_int_equal(world_status(w, "decisions"), decisions);
}

/* What is in the recipient's hands is not recalled; what comes back is asked about again. */
static void what_is_in_flight_stays_and_what_was_lost_is_asked_again(void **state)
{
    struct world *w = *state;
    begin(w, HONOUR_GATE("refuse"));
    world_site(w, MARKET)->silent = true;
    const struct sent sent = send_honour(w);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
    punish_unheard(w);
    assert_int_equal(last(w, &sent)->kind, lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    world_site(w, MARKET)->silent = false;
    for (int i = 0; i < 4; i++)
        world_pass(w, 60 * 1000); /* its lease runs out, and it would go again */
    assert_int_equal(last(w, &sent)->kind, lianshu_ReceiptKind_RECEIPT_REFUSED);
    assert_int_equal(world_got(w, MARKET, "honour", 0)->seen, 1);
}

/* Nobody says anything at midnight: the date alone begins it. */
static void what_waits_over_midnight_is_judged_by_the_new_day(void **state)
{
    struct world *w = *state;
    char facts[2048];
    static const char ORDER[] = ORDER_BODY("1");
    const char *start = strstr(ORDER, "\"start_date\":\"");
    char date[32];
    const uint32_t day = date_from_ms(w->now_ms + DAY_MS);
    snprintf(date, sizeof date, "%04u-%02u-%02u", day / 10000, day / 100 % 100, day % 100);
    assert_non_null(start);
    start += strlen("\"start_date\":\"");
    snprintf(facts, sizeof facts, "%.*s%s%s", (int)(start - ORDER), ORDER, date, start + 10);
    begin(w, HONOUR_GATE("refuse"));
    const struct waiting waiting = wait_for_market(w);
    say(w, "sanction.order", facts, "DL116");
    world_pass(w, DAY_MS);
    come_back(w, false);
    assert_int_equal(last(w, &waiting.honour)->kind, lianshu_ReceiptKind_RECEIPT_REFUSED);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

/* By relation, one step: the head of the applicant becomes known, and is banned. */
static void a_relation_that_begins_counts_as_well(void **state)
{
    struct world *w = *state;
    begin(w,
          "  - {id: G01, zh: 关口, en: a gate, type: licence.application, look: related, "
          "roles: [legal_representative], measure: M02, action: refuse, basis: DL118, mark: D}\n");
    punish(w);
    world_leave(w, MARKET);
    const struct mail mail = acts_application(NULL);
    const struct sent sent = world_post(w, &mail);
    say(w, "subject.register", REGISTER_BODY(CLEAN, HEAD_PERSON), NULL);
    come_back(w, false);
    assert_int_equal(last(w, &sent)->kind, lianshu_ReceiptKind_RECEIPT_REFUSED);
    assert_grounds(last(w, &sent), "M02");
    assert_int_equal(world_has(w, MARKET, "licence.application"), 0);
}

/* ---- faults ---- */

/* From sending to the end that its rule gives it, with one fault on the way: the hub says busy or
 * is started again, and everything comes out as without. */
static bool hold_with_fault(const struct vfs_plan *plan)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {6};
    struct world *w = world_new(seed);
    struct sent sent;
    begin(w, HONOUR_GATE(HOLD_THEN("pass")));
    punish(w);
    const struct mail mail = honour_of(w, HONOUR_BODY(PUNISHED));
    w->may_die = true;
    vfs_arm(plan);
    world_send(w, &mail, sent.env_id);
    for (int i = 0; i < 3; i++) /* a warning, then the deadline */
        world_pass(w, 9 * (uint64_t)HOUR_MS);
    const bool fired = vfs_fired();
    vfs_disarm();
    acts_connect(w);
    world_pass(w, HOUR_MS);
    world_settle(w);
    assert_int_equal(world_status(w, "held"), 0);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_HELD), 1);
    /* The warning is lost when its only moment before the deadline was a full disk. */
    assert_in_range(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_WARNED), !fired, 1);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(heard(w, &sent, lianshu_ReceiptKind_RECEIPT_REFUSED), 0);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
    world_free(w);
    return fired;
}

static void a_hold_comes_to_its_end_whichever_write_fails(void **state)
{
    (void)state;
    assert_true(vfs_each_life(3, hold_with_fault) > 20);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_hold_that_nobody_decides_is_refused_once_at_its_deadline),
        CASE(a_hold_that_nobody_decides_is_released_once_when_its_rule_says_so),
        CASE(a_deadline_that_passed_while_the_hub_was_down_is_kept_once),
        CASE(what_two_officials_decided_has_no_deadline_any_more),
        CASE(an_envelope_that_ends_before_its_hold_expires),
        CASE(a_restriction_that_begins_refuses_what_is_queued),
        CASE(also_when_the_hub_was_started_anew_in_between),
        CASE(a_restriction_that_begins_holds_what_waits_and_others_go_on),
        CASE(a_restriction_that_begins_adds_an_advisory_to_what_waits),
        CASE(a_restriction_that_ends_takes_its_advisory_away),
        CASE(a_restriction_that_ends_releases_what_it_held),
        CASE(what_ended_is_seen_by_the_next_start),
        CASE(a_change_about_somebody_else_is_no_reason_to_ask_again),
        CASE(what_is_in_flight_stays_and_what_was_lost_is_asked_again),
        CASE(what_waits_over_midnight_is_judged_by_the_new_day),
        CASE(a_relation_that_begins_counts_as_well),
        cmocka_unit_test(a_hold_comes_to_its_end_whichever_write_fails),
    };
    vfs_install();
    return cmocka_run_group_tests_name("gates", tests, NULL, NULL);
}
