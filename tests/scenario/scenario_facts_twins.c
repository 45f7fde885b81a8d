/* One act, punished under two orders on both sides of a cut: one of them stands at every hub
 * afterwards, the other is undone, and both issuers are told. And one order id, used twice at one
 * moment: the lower hash stands. */
#include "scenario/factsbook.h"
#include "scenario/papers.h"

#include "base/clock.h"
#include "wire.h"

#include <stdio.h>

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, facts_setup, facts_teardown)

#define OTHER_ID "ffeeddccbbaa99887766554433221100"
#define THIRD_ID "0f1e2d3c4b5a69788796a5b4c3d2e1f0"

enum { BODY_MAX = 4096 };

static void heal(struct realm *r, const char *one, const char *other)
{
    realm_heal(r, one, other);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
}

static void the_order_of_the_higher_region_stands(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "445100", "440000");
    const struct sent lost = facts_impose(r, "market.445100", ORDER_ID);
    realm_live(r, HOUR_MS, 10 * MINUTE_MS);
    const struct sent won = facts_impose(r, "market.000000", OTHER_ID);
    realm_live(r, 72 * HOUR_MS, 6 * HOUR_MS);
    assert_int_equal(facts_order(r, "445100", ORDER_ID).state, ORDER_ACTIVE);
    heal(r, "445100", "440000");
    facts_assert_stands(r, OTHER_ID, ORDER_ID);
    assert_int_equal(facts_code(r, "market.445100", &lost), ERR_ORDER_CONFLICT);
    assert_int_equal(realm_heard(r, "market.445100", &lost, lianshu_ReceiptKind_RECEIPT_REFUSED),
                     1);
    assert_int_equal(facts_code(r, "market.000000", &won), OK);
}

static void both_issuers_are_told_which_order_stands(void **state)
{
    struct realm *r = *state;
    const lianshu_HubNoticeKind kind = lianshu_HubNoticeKind_HUBNOTICE_ACT_TWICE;
    realm_cut(r, "445100", "440000");
    (void)facts_impose(r, "market.445100", ORDER_ID);
    (void)facts_impose(r, "market.000000", OTHER_ID);
    heal(r, "445100", "440000");
    assert_int_equal(facts_told(r, "market.445100", kind), 1);
    assert_int_equal(facts_told(r, "market.000000", kind), 1);
    assert_int_equal(facts_told(r, "market.440000", kind), 0);
    const struct got *got = world_got(realm_world(r, "445100"), "market.445100", "hub.notice", 0);
    lianshu_HubNotice body;
    assert_int_equal(
        wire_decode(&lianshu_HubNotice_msg, span_of(got->facts, got->facts_len), &body), OK);
    assert_string_equal(body.reference, "market.000000 " OTHER_ID);
    assert_string_equal(body.member, "market.000000");
}

static void of_equal_regions_the_order_accepted_first_stands(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "220100", "220000");
    (void)facts_impose(r, "market.220100", OTHER_ID);
    realm_live(r, HOUR_MS, 10 * MINUTE_MS);
    (void)facts_impose(r, "market.445100", ORDER_ID);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(facts_order(r, "000000", ORDER_ID).state, ORDER_ACTIVE);
    heal(r, "220100", "220000");
    facts_assert_stands(r, OTHER_ID, ORDER_ID);
}

/* What was built on the order that lost ends with it. */
static void a_stay_of_the_order_that_loses_is_over_with_it(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "445100", "440000");
    (void)facts_impose(r, "market.445100", ORDER_ID);
    (void)facts_send(r, "market.445100", "sanction.suspend",
                     CHANGE_BODY(ORDER_ID, "2", "潮2号", "2026-04-01", "样本"));
    (void)facts_impose(r, "market.000000", OTHER_ID);
    heal(r, "445100", "440000");
    facts_assert_stands(r, OTHER_ID, ORDER_ID);
}

static void an_order_that_was_over_before_the_other_began_is_no_conflict(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "445100", "440000");
    (void)facts_impose(r, "market.445100", ORDER_ID);
    (void)facts_send(r, "market.445100", "sanction.annul", ANNUL_BODY("2"));
    realm_live(r, HOUR_MS, 10 * MINUTE_MS);
    (void)facts_impose(r, "market.220100", OTHER_ID);
    realm_live(r, HOUR_MS, 10 * MINUTE_MS);
    heal(r, "445100", "440000");
    facts_assert_order(r, ORDER_ID, 2, ORDER_ANNULLED);
    facts_assert_order(r, OTHER_ID, 1, ORDER_ACTIVE);
    facts_assert_rolls_equal(r);
    const lianshu_HubNoticeKind kind = lianshu_HubNoticeKind_HUBNOTICE_ACT_TWICE;
    assert_int_equal(facts_told(r, "market.445100", kind), 0);
    assert_int_equal(facts_told(r, "market.220100", kind), 0);
}

static void within_one_hub_the_second_order_is_refused_at_once(void **state)
{
    struct realm *r = *state;
    (void)facts_impose(r, "market.445100", ORDER_ID);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    const struct sent again =
        facts_send(r, "market.220100", "sanction.order", facts_with_id(ORDER_BODY("1"), OTHER_ID));
    assert_int_equal(facts_code(r, "market.220100", &again), ERR_ORDER_CONFLICT);
    facts_assert_order(r, ORDER_ID, 1, ORDER_ACTIVE);
    assert_int_equal(facts_told(r, "market.445100", lianshu_HubNoticeKind_HUBNOTICE_ACT_TWICE), 0);
}

static void an_act_is_the_same_however_the_number_of_its_decision_is_written(void **state)
{
    static const char usual[] = "〔2026〕";
    static const char other[] = "［2026］";
    struct realm *r = *state;
    char text[4096];
    (void)facts_impose(r, "market.445100", ORDER_ID);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    snprintf(text, sizeof text, "%s", facts_with_id(ORDER_BODY("1"), OTHER_ID));
    char *at = strstr(text, usual);
    assert_non_null(at);
    _Static_assert(sizeof usual == sizeof other, "one takes the other's place");
    memcpy(at, other, sizeof other - 1);
    const struct sent again = facts_send(r, "market.220100", "sanction.order", text);
    assert_int_equal(facts_code(r, "market.220100", &again), ERR_ORDER_CONFLICT);
}

/* After a restart the order that displaced another one is still explained by its decision. */
static void the_order_that_stands_is_decided_again_after_a_restart(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "445100", "440000");
    (void)facts_impose(r, "market.445100", ORDER_ID);
    (void)facts_impose(r, "market.000000", OTHER_ID);
    heal(r, "445100", "440000");
    realm_restart(r, "445100");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    const struct sent stayed =
        facts_send(r, "market.000000", "sanction.suspend",
                   CHANGE_BODY(OTHER_ID, "2", "国2号", "2026-04-01", "样本"));
    assert_int_equal(facts_code(r, "market.000000", &stayed), OK);
    (void)facts_send(r, "market.000000", "sanction.resume",
                     CHANGE_BODY(OTHER_ID, "3", "国3号", "2026-04-01", "样本"));
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_order(r, OTHER_ID, 3, ORDER_ACTIVE);
    assert_true(facts_owed(r, "445100", OTHER_ID) > 0);
}

/* ---- however many they are ---- */

enum { LIVES_OF_ONE_ACT = 20 };

static void nth_id(unsigned n, char out[static 33])
{
    snprintf(out, 33, "d0%028u%02u", 0, n);
}

/* Imposed and annulled at once. */
static struct sent impose_and_annul(struct realm *r, unsigned n)
{
    char id[33];
    char body[BODY_MAX];
    nth_id(n, id);
    const struct sent sent = facts_impose(r, "market.445100", id);
    const struct paper change = {.subject = PUNISHED,
                                 .order_id = id,
                                 .version = 2,
                                 .number = "潮撤号",
                                 .decided = "2026-04-01"};
    paper_change(&change, body);
    const struct sent annulled = facts_send(r, "market.445100", "sanction.annul", body);
    assert_int_equal(facts_code(r, "market.445100", &annulled), OK);
    realm_live(r, MINUTE_MS, 30 * SECOND_MS);
    return sent;
}

/* The nation's order was in force all the while: each of the others goes, the last one too. */
static void of_however_many_orders_for_one_act_none_is_left_out(void **state)
{
    struct realm *r = *state;
    struct sent sent[LIVES_OF_ONE_ACT];
    realm_cut(r, "445100", "440000");
    (void)facts_impose(r, "market.000000", OTHER_ID);
    realm_live(r, MINUTE_MS, 30 * SECOND_MS);
    for (unsigned n = 0; n < LIVES_OF_ONE_ACT; n++)
        sent[n] = impose_and_annul(r, n);
    heal(r, "445100", "440000");
    realm_live(r, HOUR_MS, MINUTE_MS);
    for (unsigned n = 0; n < LIVES_OF_ONE_ACT; n++) {
        char id[33];
        nth_id(n, id);
        assert_int_equal(facts_code(r, "market.445100", &sent[n]), ERR_ORDER_CONFLICT);
        facts_assert_stands(r, OTHER_ID, id);
    }
    const lianshu_HubNoticeKind kind = lianshu_HubNoticeKind_HUBNOTICE_ACT_TWICE;
    assert_int_equal(facts_told(r, "market.445100", kind), LIVES_OF_ONE_ACT);
    assert_int_equal(facts_told(r, "market.000000", kind), LIVES_OF_ONE_ACT);
}

/* ---- whatever the order in which they come ---- */

enum { LIVES = 4 };

static void live(uint32_t seed)
{
    struct realm *r = facts_realm();
    facts_cut_all(r);
    (void)facts_impose(r, "market.445100", ORDER_ID);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    (void)facts_impose(r, "market.220100", OTHER_ID);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    (void)facts_impose(r, "market.440000", THIRD_ID);
    realm_live(r, HOUR_MS, 30 * MINUTE_MS);
    facts_heal_all(r, seed);
    facts_assert_stands(r, THIRD_ID, ORDER_ID);
    facts_assert_stands(r, THIRD_ID, OTHER_ID);
    realm_free(r);
}

static void the_same_one_of_three_stands_in_whatever_way_the_country_heals(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= LIVES; seed++)
        live(seed);
}

/* ---- one order id at one moment ---- */

enum { CONTESTS = 6 };

/* The documents of a first version that this hub knows: the lower hash of all. */
static void lowest(struct realm *r, const char *region, const char *id, uint8_t out[HASH_LEN])
{
    uint8_t order[16];
    uint8_t cursor[HASH_LEN] = {0};
    struct roll_row row;
    size_t count = 0;
    for (size_t i = 0; i < sizeof order; i++)
        assert_int_equal(sscanf(id + 2 * i, "%2hhx", &order[i]), 1);
    while (roll_next_of_version(realm_world(r, region)->store->roll, order, 1, cursor, &row) == OK)
        if (count++ == 0) /* they come by hash */
            memcpy(out, row.hash, HASH_LEN);
    assert_int_equal(count, 2);
}

static void fine(char out[static BODY_MAX], unsigned number)
{
    snprintf(out, BODY_MAX,
             "{\"subject\":" PUNISHED ",\"order_id\":\"c0%028u%02u\",\"version\":1,"
             "\"list\":\"penalty_record\",\"trigger\":\"penalty_larger_fine\","
             "\"severity\":\"ordinary\",\"decision_body\":\"示例机关\","
             "\"decision_number\":\"罚%u号\",\"decision_date\":\"2026-04-01\","
             "\"start_date\":\"2026-04-01\",\"max_date\":\"2027-03-31\","
             "\"served_date\":\"2026-04-01\",\"remedy\":\"60日内可申请复议\","
             "\"remedy_deadline_date\":\"2026-05-31\",\"facts_summary\":\"罚款\","
             "\"contact\":\"0768-1\",\"act_date\":\"2026-01-15\",\"public_subject\":true}",
             0, number, number);
}

static void of_two_documents_of_one_moment_the_lower_hash_stands(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "445100", "440000");
    for (unsigned i = 0; i < CONTESTS; i++) {
        char body[BODY_MAX];
        fine(body, i);
        const uint64_t now_ms = r->now_ms;
        (void)facts_send(r, "market.445100", "sanction.order", body);
        (void)facts_send(r, "market.220100", "sanction.order", body);
        assert_int_equal(r->now_ms, now_ms);
    }
    realm_live(r, HOUR_MS, 10 * MINUTE_MS);
    heal(r, "445100", "440000");
    facts_assert_rolls_equal(r);
    for (unsigned i = 0; i < CONTESTS; i++) {
        char id[33];
        uint8_t hash[HASH_LEN];
        snprintf(id, sizeof id, "c0%028u%02u", 0, i);
        facts_assert_order(r, id, 1, ORDER_ACTIVE);
        for (size_t k = 0; k < FACTS_HUBS; k++) {
            lowest(r, facts_regions[k], id, hash);
            assert_memory_equal(facts_order(r, facts_regions[k], id).document, hash, HASH_LEN);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_order_of_the_higher_region_stands),
        CASE(both_issuers_are_told_which_order_stands),
        CASE(of_equal_regions_the_order_accepted_first_stands),
        CASE(a_stay_of_the_order_that_loses_is_over_with_it),
        CASE(an_order_that_was_over_before_the_other_began_is_no_conflict),
        CASE(within_one_hub_the_second_order_is_refused_at_once),
        CASE(an_act_is_the_same_however_the_number_of_its_decision_is_written),
        CASE(the_order_that_stands_is_decided_again_after_a_restart),
        CASE(of_however_many_orders_for_one_act_none_is_left_out),
        cmocka_unit_test(the_same_one_of_three_stands_in_whatever_way_the_country_heals),
        CASE(of_two_documents_of_one_moment_the_lower_hash_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
