/* Orders that are changed, annulled and done again where not everybody hears of it: the same stands
 * at every hub, whatever the order in which the documents come there. */
#include "scenario/factsbook.h"

#include "base/clock.h"

#include <stdio.h>

#define A_ID ORDER_ID
#define B_ID "ffeeddccbbaa99887766554433221100"

static const struct realm_hub plan[FACTS_HUBS] = {{.region = "000000"},
                                                  {.region = "440000"},
                                                  {.region = "445100"},
                                                  {.region = "220000"},
                                                  {.region = "220100"}};

static void later(struct realm *r)
{
    realm_live(r, MINUTE_MS, 30 * SECOND_MS);
}

static struct sent sends(struct realm *r, const char *from, const char *type, const char *text)
{
    const struct sent sent = facts_send(r, from, type, text);
    assert_int_equal(facts_code(r, from, &sent), OK);
    later(r);
    return sent;
}

/* The superior annuls A where its issuer does not hear of it. The issuer takes A back, too, which
 * loses, and does the same again under the same number. */
static struct sent done_again;

static void again_unaware(struct realm *r)
{
    realm_heal(r, "445100", "440000");
    sends(r, "market.445100", "sanction.order", ORDER_BODY("1"));
    realm_cut(r, "445100", "440000");
    sends(r, "market.440000", "sanction.annul", ANNUL_BODY("2"));
    sends(r, "market.445100", "sanction.annul", ANNUL_BODY("2"));
    done_again = sends(r, "market.445100", "sanction.order", facts_with_id(ORDER_BODY("1"), B_ID));
}

static void nothing_is_done_again(struct realm *r)
{
    facts_assert_order(r, A_ID, 2, ORDER_ANNULLED);
    for (size_t i = 0; i < FACTS_HUBS; i++) {
        assert_string_equal(facts_order(r, facts_regions[i], A_ID).changed_by, "market.440000");
        const struct order_row again = facts_order(r, facts_regions[i], B_ID);
        assert_true(again.version == 0 || again.state == ORDER_ANNULLED);
        assert_int_equal(facts_owed(r, facts_regions[i], B_ID), 0);
    }
    facts_assert_rolls_equal(r);
    assert_int_equal(facts_code(r, "market.445100", &done_again), ERR_ACT_ANNULLED);
}

/* The nation stays an order that its province has stayed, and resumed, without hearing of that: by
 * what stands then, that resumption is older than the stay. */
static struct sent resumed;

static void stayed_twice(struct realm *r)
{
    realm_heal(r, "445100", "440000");
    realm_heal(r, "440000", "000000");
    sends(r, "market.440000", "sanction.order", ORDER_BODY("1"));
    realm_cut(r, "440000", "000000");
    realm_cut(r, "445100", "440000");
    realm_live(r, 96 * HOUR_MS, 12 * HOUR_MS);
    sends(r, "market.440000", "sanction.suspend",
          CHANGE_BODY(A_ID, "2", "粤2号", "2026-04-02", "样本"));
    resumed = sends(r, "market.440000", "sanction.resume",
                    CHANGE_BODY(A_ID, "3", "粤3号", "2026-04-03", "样本"));
    sends(r, "market.000000", "sanction.suspend",
          CHANGE_BODY(A_ID, "2", "国2号", "2026-04-04", "样本"));
}

static void the_nations_stay_stands(struct realm *r)
{
    facts_assert_order(r, A_ID, 2, ORDER_SUSPENDED);
    facts_assert_rolls_equal(r);
    assert_int_equal(facts_code(r, "market.440000", &resumed), ERR_ORDER_SPLIT);
}

/* B has a number of its own. It is corrected to that of A where nobody has heard that A is
 * annulled: its own hub has taken that, and so it stands everywhere. */
static const char *with_another_number(const char *text)
{
    static const char usual[] = "罚〔2026〕1号";
    static char out[4096];
    snprintf(out, sizeof out, "%s", facts_with_id(text, B_ID));
    char *at = strstr(out, usual);
    assert_non_null(at);
    at[strlen("罚〔2026〕")] = '2';
    return out;
}

static void corrected_unaware(struct realm *r)
{
    realm_heal(r, "445100", "440000");
    sends(r, "market.445100", "sanction.order", ORDER_BODY("1"));
    sends(r, "market.445100", "sanction.order", with_another_number(ORDER_BODY("1")));
    realm_cut(r, "445100", "440000");
    sends(r, "market.440000", "sanction.annul", ANNUL_BODY("2"));
    sends(r, "market.445100", "sanction.annul", ANNUL_BODY("2"));
    sends(r, "market.445100", "sanction.order", facts_with_id(CORRECTED_BODY("2"), B_ID));
}

static void the_correction_stands(struct realm *r)
{
    facts_assert_order(r, A_ID, 2, ORDER_ANNULLED);
    facts_assert_order(r, B_ID, 2, ORDER_ACTIVE);
    facts_assert_rolls_equal(r);
}

static void what_a_superior_annulled_is_not_done_again_by_who_had_not_heard_of_it(void **state)
{
    (void)state;
    facts_in_every_order(plan, again_unaware, nothing_is_done_again);
}

static void a_change_follows_what_stands_before_it_whatever_came_first(void **state)
{
    (void)state;
    facts_in_every_order(plan, stayed_twice, the_nations_stay_stands);
}

static void a_correction_stands_everywhere_as_its_own_hub_has_taken_it(void **state)
{
    (void)state;
    facts_in_every_order(plan, corrected_unaware, the_correction_stands);
}

/* It is decided again with what was asked then, and goes on after a restart. */
static void what_stands_so_is_proven_and_goes_on(void **state)
{
    (void)state;
    struct realm *r = realm_new(plan, FACTS_HUBS);
    facts_cut_all(r);
    corrected_unaware(r);
    facts_heal_by(r, 0);
    realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
    for (size_t i = 0; i < FACTS_HUBS; i++) {
        uint64_t differing = 1;
        realm_restart(r, facts_regions[i]);
        struct json *json = world_ask(realm_world(r, facts_regions[i]),
                                      "{\"cmd\":\"decision.verify\",\"count\":1024}");
        assert_true(json_uint(json_get(json, "differing"), &differing));
        assert_int_equal(differing, 0);
        json_close(&json);
    }
    sends(r, "market.445100", "sanction.suspend",
          CHANGE_BODY(B_ID, "3", "潮3号", "2026-04-01", "样本"));
    sends(r, "market.445100", "sanction.resume",
          CHANGE_BODY(B_ID, "4", "潮4号", "2026-04-01", "样本"));
    facts_assert_order(r, B_ID, 4, ORDER_ACTIVE);
    for (size_t i = 0; i < FACTS_HUBS; i++)
        assert_true(facts_owed(r, facts_regions[i], B_ID) > 0);
    realm_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_superior_annulled_is_not_done_again_by_who_had_not_heard_of_it),
        cmocka_unit_test(a_change_follows_what_stands_before_it_whatever_came_first),
        cmocka_unit_test(a_correction_stands_everywhere_as_its_own_hub_has_taken_it),
        cmocka_unit_test(what_stands_so_is_proven_and_goes_on),
    };
    return cmocka_run_group_tests_name("facts_changes", tests, NULL, NULL);
}
