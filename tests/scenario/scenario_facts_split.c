/* One order, issued on both sides of a cut: the same document stands at every hub afterwards,
 * whatever came to it first, and what lost is undone and told. */
#include "scenario/factsbook.h"

#include "base/clock.h"

#include <stdio.h>

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, facts_setup, facts_teardown)

/* A change of the order by whoever decides so under this number. */
#define CHANGE(version, number) CHANGE_BODY(ORDER_ID, version, number, "2026-04-01", "样本")

static void impose(struct realm *r)
{
    const struct sent sent = facts_send(r, "market.445100", "sanction.order", ORDER_BODY("1"));
    assert_int_equal(facts_code(r, "market.445100", &sent), OK);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_order(r, ORDER_ID, 1, ORDER_ACTIVE);
}

static struct sent change(struct realm *r, const char *from, const char *type, const char *facts)
{
    const struct sent sent = facts_send(r, from, type, facts);
    assert_int_equal(facts_code(r, from, &sent), OK);
    return sent;
}

static void heal(struct realm *r, const char *one, const char *other)
{
    realm_heal(r, one, other);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
}

static void the_higher_region_goes_before_and_what_lost_is_undone(void **state)
{
    struct realm *r = *state;
    impose(r);
    const size_t owed = facts_owed(r, "445100", ORDER_ID);
    realm_cut(r, "445100", "440000");
    change(r, "market.445100", "sanction.annul", CHANGE("2", "潮1号"));
    change(r, "market.440000", "sanction.suspend", CHANGE("2", "粤1号"));
    realm_live(r, 72 * HOUR_MS, 6 * HOUR_MS);
    assert_int_equal(facts_order(r, "445100", ORDER_ID).state, ORDER_ANNULLED);
    assert_int_equal(facts_order(r, "220100", ORDER_ID).state, ORDER_SUSPENDED);
    heal(r, "445100", "440000");
    facts_assert_order(r, ORDER_ID, 2, ORDER_SUSPENDED);
    facts_assert_rolls_equal(r);
    /* The stay ends: also where it had been annulled everybody owes again. */
    change(r, "market.440000", "sanction.resume", CHANGE("3", "粤2号"));
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_order(r, ORDER_ID, 3, ORDER_ACTIVE);
    assert_int_equal(facts_owed(r, "445100", ORDER_ID), owed);
}

static void the_loser_has_a_receipt_and_both_issuers_a_notice(void **state)
{
    struct realm *r = *state;
    impose(r);
    realm_cut(r, "445100", "440000");
    const struct sent lost = change(r, "market.445100", "sanction.annul", CHANGE("2", "潮1号"));
    const struct sent won = change(r, "market.440000", "sanction.suspend", CHANGE("2", "粤1号"));
    realm_live(r, HOUR_MS, 10 * MINUTE_MS);
    heal(r, "445100", "440000");
    assert_int_equal(facts_code(r, "market.445100", &lost), ERR_ORDER_SPLIT);
    assert_int_equal(realm_heard(r, "market.445100", &lost, lianshu_ReceiptKind_RECEIPT_REFUSED),
                     1);
    assert_int_equal(facts_code(r, "market.440000", &won), OK);
    const lianshu_HubNoticeKind kind = lianshu_HubNoticeKind_HUBNOTICE_VERSION_LOST;
    assert_int_equal(facts_told(r, "market.445100", kind), 1);
    assert_int_equal(facts_told(r, "market.440000", kind), 1);
    assert_int_equal(facts_told(r, "market.000000", kind), 0);
}

static void what_an_issuers_own_hub_refuses_displaces_nothing_elsewhere(void **state)
{
    struct realm *r = *state;
    impose(r);
    realm_cut(r, "445100", "440000");
    change(r, "market.445100", "sanction.annul", CHANGE("2", "潮1号"));
    /* The same issuer again, as from a second desk: its hub refuses what does not follow. */
    const struct sent again =
        facts_send(r, "market.445100", "sanction.suspend", CHANGE("2", "潮2号"));
    assert_int_equal(facts_code(r, "market.445100", &again), ERR_ORDER_VERSION);
    heal(r, "445100", "440000");
    facts_assert_order(r, ORDER_ID, 2, ORDER_ANNULLED);
}

static void a_document_that_its_author_may_not_issue_displaces_nothing(void **state)
{
    struct realm *r = *state;
    impose(r);
    realm_cut(r, "445100", "440000");
    change(r, "market.445100", "sanction.suspend", CHANGE("2", "潮1号"));
    const struct sent wrong =
        facts_send(r, "health.000000", "sanction.annul", CHANGE("2", "卫1号"));
    assert_int_equal(facts_code(r, "health.000000", &wrong), ERR_ORDER_AUTHORITY);
    heal(r, "445100", "440000");
    facts_assert_order(r, ORDER_ID, 2, ORDER_SUSPENDED);
}

static void an_order_id_used_again_by_a_higher_region_displaces_nothing(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "445100", "440000");
    const struct sent first = facts_send(r, "market.445100", "sanction.order", ORDER_BODY("1"));
    assert_int_equal(facts_code(r, "market.445100", &first), OK);
    realm_live(r, HOUR_MS, 10 * MINUTE_MS);
    const struct sent second =
        facts_send(r, "market.000000", "sanction.order", CORRECTED_BODY("1"));
    assert_int_equal(facts_code(r, "market.000000", &second), OK);
    heal(r, "445100", "440000");
    facts_assert_order(r, ORDER_ID, 1, ORDER_ACTIVE);
    assert_string_equal(facts_order(r, "220100", ORDER_ID).issuer, "market.445100");
    assert_int_equal(facts_code(r, "market.000000", &second), ERR_ORDER_SPLIT);
}

static void a_later_version_on_what_lost_is_judged_on_what_stands(void **state)
{
    struct realm *r = *state;
    impose(r);
    realm_cut(r, "445100", "440000");
    change(r, "market.445100", "sanction.suspend", CHANGE("2", "潮1号"));
    const struct sent resumed = change(r, "market.445100", "sanction.resume", CHANGE("3", "潮2号"));
    change(r, "market.440000", "sanction.annul", CHANGE("2", "粤1号"));
    heal(r, "445100", "440000");
    facts_assert_order(r, ORDER_ID, 2, ORDER_ANNULLED); /* nothing is resumed of that */
    assert_int_equal(facts_code(r, "market.445100", &resumed), ERR_ORDER_SPLIT);
    facts_assert_rolls_equal(r);
}

/* ---- whatever the order in which they come ---- */

enum { LIVES = 5 };

/* Everybody issues while nobody hears anybody; then the roads heal in this life's order. */
static void live(uint32_t seed, uint8_t out[static HASH_LEN])
{
    struct realm *r = facts_realm();
    impose(r);
    facts_cut_all(r);
    change(r, "market.445100", "sanction.suspend", CHANGE("2", "潮1号"));
    change(r, "market.445100", "sanction.resume", CHANGE("3", "潮2号"));
    change(r, "market.445100", "sanction.annul", CHANGE("4", "潮3号"));
    change(r, "market.440000", "sanction.suspend", CHANGE("2", "粤1号"));
    change(r, "market.440000", "sanction.resume", CHANGE("3", "粤2号"));
    change(r, "market.000000", "sanction.suspend", CHANGE("2", "国1号"));
    realm_live(r, HOUR_MS, 30 * MINUTE_MS);
    facts_heal_all(r, seed);
    facts_assert_rolls_equal(r);
    facts_everywhere(r, ORDER_ID, out);
    print_message("seed %u: version %u in state %u\n", seed,
                  facts_order(r, "000000", ORDER_ID).version,
                  facts_order(r, "000000", ORDER_ID).state);
    realm_free(r);
}

static void all_hubs_come_to_the_same_order_in_whatever_way_the_country_heals(void **state)
{
    uint8_t first[HASH_LEN];
    uint8_t other[HASH_LEN];
    (void)state;
    live(1, first);
    for (uint32_t seed = 2; seed <= LIVES; seed++) {
        live(seed, other);
        assert_memory_equal(first, other, HASH_LEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_higher_region_goes_before_and_what_lost_is_undone),
        CASE(the_loser_has_a_receipt_and_both_issuers_a_notice),
        CASE(what_an_issuers_own_hub_refuses_displaces_nothing_elsewhere),
        CASE(a_document_that_its_author_may_not_issue_displaces_nothing),
        CASE(an_order_id_used_again_by_a_higher_region_displaces_nothing),
        CASE(a_later_version_on_what_lost_is_judged_on_what_stands),
        cmocka_unit_test(all_hubs_come_to_the_same_order_in_whatever_way_the_country_heals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
