/* Several orders for one act, of which some overlap in time and others do not: the same ones stand
 * at every hub, whatever the order in which their documents come there. */
#include "scenario/factsbook.h"

#include "base/clock.h"
#include "wire.h"

/* By rank, as all are of cities: the one accepted first. */
#define A_ID ORDER_ID
#define B_ID "ffeeddccbbaa99887766554433221100"
#define C_ID "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define D_ID "dddddddddddddddddddddddddddddddd"

/* Cities without a hub of their own. */
#define SHANTOU "market.440500"
#define SIPING  "market.220300"

static const struct realm_hub plan[FACTS_HUBS] = {{.region = "000000"},
                                                  {.region = "440000", .extra = {SHANTOU}},
                                                  {.region = "445100"},
                                                  {.region = "220000", .extra = {SIPING}},
                                                  {.region = "220100"}};

static void later(struct realm *r)
{
    realm_live(r, MINUTE_MS, 30 * SECOND_MS);
}

static void annul(struct realm *r, const char *from, const char *order_id)
{
    const struct sent sent =
        facts_send(r, from, "sanction.annul", facts_with_id(ANNUL_BODY("2"), order_id));
    assert_int_equal(facts_code(r, from, &sent), OK);
}

static void impose(struct realm *r, const char *from, const char *order_id)
{
    (void)facts_impose(r, from, order_id);
    later(r);
}

/* The last thing that its issuer was told of it, if anything: that it stands. */
static void assert_told_that_it_stands(struct realm *r, const char *issuer)
{
    struct world *w = realm_home(r, issuer);
    const size_t count = world_has(w, issuer, "hub.notice");
    lianshu_HubNotice body = {.kind = lianshu_HubNoticeKind_HUBNOTICE_NONE};
    for (size_t i = 0; i < count; i++) {
        const struct got *got = world_got(w, issuer, "hub.notice", i);
        lianshu_HubNotice one;
        assert_int_equal(
            wire_decode(&lianshu_HubNotice_msg, span_of(got->facts, got->facts_len), &one), OK);
        if (one.kind == lianshu_HubNoticeKind_HUBNOTICE_ACT_TWICE)
            body = one;
    }
    if (body.kind != lianshu_HubNoticeKind_HUBNOTICE_NONE)
        assert_string_equal(body.member, issuer);
}

/* A was over before C began, and B was in force with either of them. */
static void chain(struct realm *r)
{
    impose(r, "market.445100", A_ID);
    impose(r, "market.220100", B_ID);
    annul(r, "market.445100", A_ID);
    later(r);
    impose(r, SHANTOU, C_ID);
}

static void chain_stands(struct realm *r)
{
    facts_assert_order(r, A_ID, 2, ORDER_ANNULLED);
    facts_assert_stands(r, C_ID, B_ID);
    assert_told_that_it_stands(r, SHANTOU);
    assert_int_equal(facts_told(r, "market.220100", lianshu_HubNoticeKind_HUBNOTICE_ACT_TWICE) > 0,
                     true);
}

/* The end of A comes behind C at hubs that know A. */
static void late_end(struct realm *r)
{
    realm_heal(r, "445100", "440000");
    impose(r, "market.445100", A_ID);
    realm_cut(r, "445100", "440000");
    annul(r, "market.445100", A_ID);
    later(r);
    impose(r, SIPING, C_ID);
}

static void late_end_stands(struct realm *r)
{
    facts_assert_order(r, A_ID, 2, ORDER_ANNULLED);
    facts_assert_order(r, C_ID, 1, ORDER_ACTIVE);
    for (size_t i = 0; i < FACTS_HUBS; i++)
        assert_true(facts_owed(r, facts_regions[i], C_ID) > 0);
    facts_assert_rolls_equal(r);
    assert_told_that_it_stands(r, SIPING);
}

/* Both at once, and a fourth one that only C bars. */
static void long_chain(struct realm *r)
{
    realm_heal(r, "445100", "440000");
    impose(r, "market.445100", A_ID);
    realm_cut(r, "445100", "440000");
    impose(r, "market.220100", B_ID);
    annul(r, "market.445100", A_ID);
    later(r);
    impose(r, SIPING, C_ID);
    annul(r, "market.220100", B_ID);
    later(r);
    impose(r, "market.220100", D_ID);
}

static void long_chain_stands(struct realm *r)
{
    facts_assert_order(r, A_ID, 2, ORDER_ANNULLED);
    facts_assert_stands(r, C_ID, B_ID);
    facts_assert_stands(r, C_ID, D_ID);
    assert_told_that_it_stands(r, SIPING);
}

static void an_order_that_lost_bars_nobody_whatever_came_first(void **state)
{
    (void)state;
    facts_in_every_order(plan, chain, chain_stands);
}

static void what_was_over_before_bars_nobody_also_when_that_is_heard_last(void **state)
{
    (void)state;
    facts_in_every_order(plan, late_end, late_end_stands);
}

static void every_second_order_of_a_chain_stands_whatever_came_first(void **state)
{
    (void)state;
    facts_in_every_order(plan, long_chain, long_chain_stands);
}

/* What takes effect after all goes on as any order does: after a restart, and to its end. */
static void an_order_that_rose_can_be_stayed_resumed_and_annulled(void **state)
{
    (void)state;
    static const char *const types[] = {"sanction.suspend", "sanction.resume", "sanction.annul"};
    static const char *const texts[] = {CHANGE_BODY(ORDER_ID, "2", "汕2号", "2026-04-01", "样本"),
                                        CHANGE_BODY(ORDER_ID, "3", "汕3号", "2026-04-01", "样本"),
                                        CHANGE_BODY(ORDER_ID, "4", "汕4号", "2026-04-01", "样本")};
    static const enum order_state states[] = {ORDER_SUSPENDED, ORDER_ACTIVE, ORDER_ANNULLED};
    struct realm *r = realm_new(plan, FACTS_HUBS);
    facts_cut_all(r);
    chain(r);
    realm_heal(r, "440000", "000000"); /* B and C are everywhere before A is */
    realm_heal(r, "220000", "000000");
    realm_heal(r, "220100", "220000");
    realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(facts_order(r, "440000", C_ID).state, ORDER_ANNULLED);
    realm_heal(r, "445100", "440000");
    realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(facts_order(r, "440000", C_ID).state, ORDER_ACTIVE);
    for (size_t i = 0; i < FACTS_HUBS; i++)
        realm_restart(r, facts_regions[i]);
    for (size_t i = 0; i < T_COUNT(types); i++) {
        const struct sent sent = facts_send(r, SHANTOU, types[i], facts_with_id(texts[i], C_ID));
        assert_int_equal(facts_code(r, SHANTOU, &sent), OK);
        later(r);
        facts_assert_order(r, C_ID, 2 + (uint32_t)i, states[i]);
        for (size_t k = 0; k < FACTS_HUBS; k++)
            assert_int_equal(facts_owed(r, facts_regions[k], C_ID) > 0, states[i] == ORDER_ACTIVE);
    }
    facts_assert_rolls_equal(r);
    realm_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_that_lost_bars_nobody_whatever_came_first),
        cmocka_unit_test(what_was_over_before_bars_nobody_also_when_that_is_heard_last),
        cmocka_unit_test(every_second_order_of_a_chain_stands_whatever_came_first),
        cmocka_unit_test(an_order_that_rose_can_be_stayed_resumed_and_annulled),
    };
    return cmocka_run_group_tests_name("facts_acts", tests, NULL, NULL);
}
