/* A gate of a far hub holds what the sender's hub let pass: the sender hears who holds it, and two
 * officials of that hub, and of no other, end it. */
#include "scenario/gatebook.h"
#include "scenario/heldbook.h"
#include "scenario/realm.h"

#include "base/clock.h"

#include <stdio.h>

#define FAR "220100"
#define TO  "market.220100"

static const struct realm_hub plan[] = {
    {.region = "000000"}, {.region = "445100"}, {.region = "220000"}, {.region = FAR}};

#define HOLDS(id, type, role)                                                                      \
    "  - {id: " id ", zh: 关口, en: a gate, type: " type ", look: persons, roles: [" role "], "    \
    "measure: M02, action: hold, deadline: 3 working_days, breach: refuse, basis: BASIC-LIST, "    \
    "mark: D}\n"
#define BANNED_AS(role)                                                                            \
    "{\"role\":\"" role "\",\"id\":\"999999199001010016\",\"name\":\"示例甲\","                 \
    "\"responsible\":true}"

/* The far hub alone holds what names a banned person, and knows of the ban. */
static int begin(void **state)
{
    static const char gates[] = HOLDS("G01", "honour", "legal_representative")
        HOLDS("G02", "subject.register", "quality_authorised");
    struct realm *r = realm_new(plan, T_COUNT(plan));
    const struct mail order = {.from = TO,
                               .type = "sanction.order",
                               .to = {"hub." FAR},
                               .facts = ORDER_BODY("1"),
                               .basis = {"DL116", "DL118"},
                               .conversation = ORDER_ID};
    gatebook_use(realm_world(r, FAR), gates);
    realm_restart(r, FAR);
    (void)realm_send(r, &order);
    assert_true(world_status(realm_world(r, FAR), "restrictions") > 0);
    *state = r;
    return 0;
}

static int end(void **state)
{
    realm_free(*state);
    return 0;
}

static struct sent honour(struct realm *r)
{
    const struct mail mail = {
        .from = HEALTH, .type = "honour", .to = {"market.220000", TO}, .facts = HONOURED};
    return realm_send(r, &mail);
}

static size_t heard(struct realm *r, const struct sent *sent, lianshu_ReceiptKind kind)
{
    return realm_heard(r, HEALTH, sent, kind);
}

/* Who said so. */
static void assert_by(struct realm *r, const struct sent *sent, lianshu_ReceiptKind kind,
                      const char *by)
{
    const struct site *site = world_site(realm_home(r, HEALTH), HEALTH);
    size_t count = 0;
    for (size_t i = 0; i < site->receipt_count; i++) {
        const lianshu_Receipt *q = &site->receipts[i];
        if (q->kind != kind || memcmp(q->env_id, sent->env_id, HASH_LEN) != 0)
            continue;
        assert_string_equal(q->by, by);
        count++;
    }
    assert_int_equal(count, 1);
}

static enum err act(struct realm *r, const char *region, lianshu_OfficialVerb verb,
                    const struct sent *sent)
{
    char hub[16];
    snprintf(hub, sizeof hub, "hub.%s", region);
    const struct act what = {
        .verb = verb, .recipient = TO, .sender = HEALTH, .message_id = sent->id, .member = hub};
    const enum err err = officials_act(realm_world(r, region), &what);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    return err;
}

static void what_a_far_hub_holds_waits_there_and_its_sender_hears_who_holds_it(void **state)
{
    struct realm *r = *state;
    const struct sent sent = honour(r);
    assert_by(r, &sent, lianshu_ReceiptKind_RECEIPT_HELD, "hub." FAR);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_ACCEPTED), 1);
    assert_int_equal(realm_has(r, TO, "honour"), 0);
    assert_int_equal(realm_has(r, "market.220000", "honour"), 1); /* holds up nobody else */
    assert_int_equal(world_status(realm_world(r, FAR), "held"), 1);
    assert_int_equal(world_status(realm_world(r, "445100"), "held"), 0);
}

static void two_officials_of_the_far_hub_release_it(void **state)
{
    struct realm *r = *state;
    const struct sent sent = honour(r);
    assert_int_equal(act(r, FAR, RELEASE, &sent), OK);
    assert_by(r, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED, "hub." FAR);
    assert_int_equal(realm_has(r, TO, "honour"), 1);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED), 2);
    assert_int_equal(world_status(realm_world(r, FAR), "held"), 0);
}

static void two_officials_of_the_far_hub_return_it(void **state)
{
    struct realm *r = *state;
    const struct sent sent = honour(r);
    assert_int_equal(act(r, FAR, RETURN, &sent), OK);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_REFUSED), 1);
    assert_int_equal(realm_has(r, TO, "honour"), 0);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1); /* the other one */
}

static void officials_of_the_senders_hub_cannot_end_what_another_hub_holds(void **state)
{
    struct realm *r = *state;
    const struct sent sent = honour(r);
    assert_int_not_equal(act(r, "445100", RELEASE, &sent), OK);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 0);
    assert_int_equal(realm_has(r, TO, "honour"), 0);
    assert_int_equal(world_status(realm_world(r, FAR), "held"), 1);
}

/* Its facts went to every hub by themselves, and were decided on then. */
static void what_went_to_every_hub_has_no_effect_again_when_it_is_released(void **state)
{
    struct realm *r = *state;
    struct world *far = realm_world(r, FAR);
    const struct mail mail = {.from = MARKET,
                              .type = "subject.register",
                              .to = {TO},
                              .facts = REGISTER_BODY(CLEAN, BANNED_AS("quality_authorised"))};
    const struct sent sent = realm_send(r, &mail);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(world_status(far, "held"), 1);
    const uint64_t decided = store_counter(far->store, "decisions");
    const struct act what = {.verb = RELEASE,
                             .recipient = TO,
                             .sender = MARKET,
                             .message_id = sent.id,
                             .member = "hub." FAR};
    assert_int_equal(officials_act(far, &what), OK);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(realm_has(r, TO, "subject.register"), 1);
    assert_int_equal(store_counter(far->store, "decisions"), decided);
}

/* Nobody decides: the gate's own breach ends it at that hub, and its sender hears so. */
static void what_nobody_decides_ends_at_the_far_hub_in_time(void **state)
{
    struct realm *r = *state;
    const struct mail mail = {.from = HEALTH,
                              .type = "honour",
                              .to = {TO},
                              .facts = HONOURED,
                              .expires_ms = r->now_ms + 13 * (uint64_t)DAY_MS};
    const struct sent sent = realm_send(r, &mail);
    assert_by(r, &sent, lianshu_ReceiptKind_RECEIPT_HELD, "hub." FAR);
    realm_live(r, 10 * (uint64_t)DAY_MS, 6 * HOUR_MS);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_REFUSED), 1);
    assert_int_equal(world_status(realm_world(r, FAR), "held"), 0);
}

/* The word waits for the link as the message did. */
static void a_release_behind_a_link_that_is_down_is_heard_when_it_is_there_again(void **state)
{
    struct realm *r = *state;
    const struct sent sent = honour(r);
    realm_cut(r, FAR, "220000");
    assert_int_equal(act(r, FAR, RELEASE, &sent), OK);
    assert_int_equal(realm_has(r, TO, "honour"), 1);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 0);
    realm_heal(r, FAR, "220000");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED), 2);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_a_far_hub_holds_waits_there_and_its_sender_hears_who_holds_it),
        CASE(two_officials_of_the_far_hub_release_it),
        CASE(two_officials_of_the_far_hub_return_it),
        CASE(officials_of_the_senders_hub_cannot_end_what_another_hub_holds),
        CASE(what_went_to_every_hub_has_no_effect_again_when_it_is_released),
        CASE(what_nobody_decides_ends_at_the_far_hub_in_time),
        CASE(a_release_behind_a_link_that_is_down_is_heard_when_it_is_there_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
