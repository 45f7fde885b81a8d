/* Facts to every hub: national and other orders, what is refused of them on the way, and what two
 * hubs do that find that they do not know the same. */
#include "scenario/factsbook.h"

#include "base/clock.h"

#include <stdio.h>

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, facts_setup, facts_teardown)

#define SECOND_ID "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"

/* Another order against the same firm: a larger fine (R10), by number. */
#define FINE(id, number)                                                                           \
    "{\"subject\":" PUNISHED ",\"order_id\":\"" id "\",\"version\":1,"                             \
    "\"list\":\"penalty_record\",\"trigger\":\"penalty_larger_fine\",\"severity\":\"ordinary\","   \
    "\"decision_body\":\"示例机关\",\"decision_number\":\"" number "\","                           \
    "\"decision_date\":\"2026-04-01\",\"start_date\":\"2026-04-01\",\"max_date\":\"2027-03-31\","  \
    "\"served_date\":\"2026-04-01\",\"remedy\":\"60日内可申请复议\","                       \
    "\"remedy_deadline_date\":\"2026-05-31\",\"facts_summary\":\"罚款\",\"contact\":\"0768-1\"," \
    "\"act_date\":\"2026-01-15\",\"public_subject\":true}"

static void impose(struct realm *r, const char *from)
{
    const struct sent sent = facts_send(r, from, "sanction.order", ORDER_BODY("1"));
    assert_int_equal(facts_code(r, from, &sent), OK);
}

static void fine_of(char out[static 2048], int number)
{
    snprintf(out, 2048, FINE("c0c1c2c3c4c5c6c7c8c9cacbcccdc%03d", "罚〔2026〕%d号"), number,
             number);
}

static void a_national_order_reaches_every_hub_and_each_obliges_its_own_members_alone(void **state)
{
    struct realm *r = *state;
    impose(r, "market.000000");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_order(r, ORDER_ID, 1, ORDER_ACTIVE);
    for (size_t i = 0; i < FACTS_HUBS; i++)
        assert_true(facts_owed(r, facts_regions[i], ORDER_ID) >
                    0); /* own members: asserted there */
    for (size_t i = 0; i < FACTS_HUBS; i++) {
        char member[16];
        snprintf(member, sizeof member, "health.%s", facts_regions[i]);
        assert_true(realm_has(r, member, "sanction.notice") > 0);
    }
    facts_assert_rolls_equal(r);
}

static void an_order_of_a_city_goes_up_and_down_again(void **state)
{
    struct realm *r = *state;
    impose(r, "market.445100");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_order(r, ORDER_ID, 1, ORDER_ACTIVE);
    assert_true(facts_owed(r, "220100", ORDER_ID) > 0);
    /* Each neighbour has it once: three hubs pass it on, four take it. */
    assert_int_equal(facts_count(r, "220100", "facts.known"), 1);
    assert_int_equal(facts_count(r, "220100", "facts.repeated"), 0);
}

static void a_document_that_came_goes_not_back_where_it_came_from(void **state)
{
    struct realm *r = *state;
    impose(r, "market.445100");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(facts_count(r, "445100", "facts.relayed"), 1);
    assert_int_equal(facts_count(r, "440000", "facts.relayed"), 1);
    assert_int_equal(facts_count(r, "000000", "facts.relayed"), 1);
    assert_int_equal(facts_count(r, "220000", "facts.relayed"), 1);
    assert_int_equal(facts_count(r, "220100", "facts.relayed"), 0);
}

static void an_annulment_follows_its_order_everywhere(void **state)
{
    struct realm *r = *state;
    impose(r, "market.445100");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    const struct sent sent = facts_send(r, "market.445100", "sanction.annul", ANNUL_BODY("2"));
    assert_int_equal(facts_code(r, "market.445100", &sent), OK);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_order(r, ORDER_ID, 2, ORDER_ANNULLED);
    for (size_t i = 0; i < FACTS_HUBS; i++)
        assert_int_equal(facts_owed(r, facts_regions[i], ORDER_ID), 0);
}

/* The link is down, the order and its end are made; then the end goes first. */
static void a_lift_overtakes_its_order_and_waits_for_it_there(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "000000", "440000");
    impose(r, "market.445100");
    (void)facts_send(r, "market.445100", "sanction.annul", ANNUL_BODY("2"));
    realm_live(r, HOUR_MS, 10 * MINUTE_MS);
    assert_int_equal(facts_order(r, "000000", ORDER_ID).version, 0);
    realm_heal(r, "000000", "440000");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_order(r, ORDER_ID, 2, ORDER_ANNULLED);
    assert_int_equal(realm_has(r, "health.220100", "sanction.notice"), 0); /* nothing to undo */
}

static void a_link_that_was_down_for_72_hours_ends_with_equal_lists(void **state)
{
    struct realm *r = *state;
    impose(r, "market.445100");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    realm_cut(r, "000000", "440000");
    for (int i = 0; i < 6; i++) {
        char fine[2048];
        snprintf(fine, sizeof fine, FINE("c0c1c2c3c4c5c6c7c8c9cacbcccdc%03d", "罚〔2026〕%d号"), i,
                 i);
        const char *from = i % 2 == 0 ? "market.440000" : "market.220100"; /* on both sides */
        const struct sent sent = facts_send(r, from, "sanction.order", fine);
        assert_int_equal(facts_code(r, from, &sent), OK);
        realm_live(r, 12 * HOUR_MS, HOUR_MS);
    }
    (void)facts_send(r, "market.445100", "sanction.annul", ANNUL_BODY("2"));
    assert_false(facts_rolls_equal(r));
    realm_heal(r, "000000", "440000");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_rolls_equal(r);
    facts_assert_order(r, ORDER_ID, 2, ORDER_ANNULLED);
    for (int i = 0; i < 6; i++) {
        char id[40];
        snprintf(id, sizeof id, "c0c1c2c3c4c5c6c7c8c9cacbcccdc%03d", i);
        facts_assert_order(r, id, 1, ORDER_ACTIVE);
    }
}

static void equal_lists_are_known_to_be_equal_on_both_sides(void **state)
{
    struct realm *r = *state;
    struct roll_link link;
    impose(r, "market.445100");
    realm_live(r, 20 * MINUTE_MS, MINUTE_MS);
    for (size_t i = 0; i < FACTS_HUBS; i++) {
        struct world *w = realm_world(r, facts_regions[i]);
        for (size_t k = 0; k < w->link_count; k++) {
            assert_int_equal(roll_link_get(w->store->roll, w->links[k].member, &link), OK);
            assert_in_range(link.equal_ms, r->now_ms - 11 * MINUTE_MS, r->now_ms);
        }
    }
    struct json *answer = world_ask(realm_world(r, "440000"), "{\"cmd\":\"orders\"}");
    const struct json *lists = json_get(answer, "lists");
    assert_int_equal(json_count(lists), 2);
    assert_non_null(json_get_text(json_item(lists, 0), "list_equal"));
    json_close(&answer);
    /* Cut off, the moment stays what it was. */
    realm_cut(r, "220100", "220000");
    realm_live(r, HOUR_MS, 10 * MINUTE_MS);
    struct world *w = realm_world(r, "220100");
    assert_int_equal(roll_link_get(w->store->roll, "hub.220000", &link), OK);
    assert_true(link.equal_ms < r->now_ms - 50 * MINUTE_MS);
}

/* When 220100 last knew all that any hub had spread. */
static uint64_t known_at_changchun(struct realm *r)
{
    struct roll_link link;
    assert_int_equal(roll_link_get(realm_world(r, "220100")->store->roll, "hub.220000", &link), OK);
    return link.known_ms;
}

static void a_list_is_as_fresh_as_the_way_up_to_the_nation(void **state)
{
    struct realm *r = *state;
    impose(r, "market.445100");
    realm_live(r, HOUR_MS, MINUTE_MS);
    const uint64_t known = known_at_changchun(r);
    assert_in_range(known, r->now_ms - 25 * MINUTE_MS, r->now_ms);
    /* Cut off above the province, its own list still equals the province's: that says nothing. */
    realm_cut(r, "220000", "000000");
    realm_live(r, 3 * HOUR_MS, 5 * MINUTE_MS);
    struct roll_link link;
    assert_int_equal(roll_link_get(realm_world(r, "220100")->store->roll, "hub.220000", &link), OK);
    assert_in_range(link.equal_ms, r->now_ms - 20 * MINUTE_MS, r->now_ms);
    assert_true(link.known_ms < r->now_ms - 2 * HOUR_MS);
    realm_heal(r, "220000", "000000");
    realm_live(r, HOUR_MS, MINUTE_MS);
    assert_in_range(known_at_changchun(r), r->now_ms - 25 * MINUTE_MS, r->now_ms);
}

static void a_hub_that_joins_late_is_told_everything(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "220100", "220000");
    impose(r, "market.000000");
    (void)facts_send(r, "market.440000", "sanction.order", FINE(SECOND_ID, "罚〔2026〕9号"));
    realm_live(r, DAY_MS, HOUR_MS);
    assert_int_equal(facts_roll_size(r, "220100"), 0);
    realm_heal(r, "220100", "220000");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_order(r, ORDER_ID, 1, ORDER_ACTIVE);
    facts_assert_order(r, SECOND_ID, 1, ORDER_ACTIVE);
    facts_assert_rolls_equal(r);
}

static void a_hub_that_lost_documents_is_given_just_those_back(void **state)
{
    struct realm *r = *state;
    impose(r, "market.000000");
    for (int i = 0; i < 5; i++) {
        char body[2048];
        fine_of(body, i);
        (void)facts_send(r, "market.440000", "sanction.order", body);
    }
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_rolls_equal(r);
    const uint64_t told = facts_count(r, "220000", "facts.relayed");
    facts_lose(r, "220100", "c0c1c2c3c4c5c6c7c8c9cacbcccdc003");
    facts_lose(r, "220100", ORDER_ID);
    assert_int_equal(facts_roll_size(r, "220100"), 4);
    assert_int_equal(facts_order(r, "220100", ORDER_ID).version, 0);
    realm_live(r, 11 * MINUTE_MS, MINUTE_MS); /* nobody says hello: they compare by interval */
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_rolls_equal(r);
    facts_assert_order(r, ORDER_ID, 1, ORDER_ACTIVE);
    assert_int_equal(facts_count(r, "220000", "facts.relayed"), told + 2);
    assert_int_equal(facts_count(r, "220100", "facts.repeated"), 0);
}

/* The first hub of a document gets it back from above, although it lies in its own region. */
static void a_hub_that_lost_what_began_there_is_given_it_back(void **state)
{
    struct realm *r = *state;
    impose(r, "market.445100");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_lose(r, "445100", ORDER_ID);
    realm_cut(r, "445100", "440000");
    realm_heal(r, "445100", "440000");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_order(r, ORDER_ID, 1, ORDER_ACTIVE);
    facts_assert_rolls_equal(r);
    assert_int_equal(facts_said(r, "445100", lianshu_ReceiptKind_RECEIPT_REFUSED, ERR_HOPS_LOOP),
                     0);
}

/* ---- what is refused ---- */

/* A refusal of Guangdong's hub with this code, and the order is nothing there. */
static void assert_refused(struct realm *r, enum err code)
{
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_true(facts_said(r, "440000", lianshu_ReceiptKind_RECEIPT_REFUSED, code) > 0);
    assert_int_equal(facts_roll_size(r, "440000"), 0);
    assert_int_equal(facts_order(r, "440000", ORDER_ID).version, 0);
}

static void a_link_that_speaks_for_a_region_that_is_not_its_own_is_refused(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "220100", "220000"); /* only the lie could bring it to the others */
    impose(r, "market.220100");
    facts_forge(r, "220100", "445100", ORDER_ID, "");
    assert_refused(r, ERR_REGION_NOT_OWNED);
}

static void a_superior_that_speaks_for_our_region_is_refused(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "445100", "440000");
    impose(r, "market.445100");
    facts_forge(r, "445100", "000000", ORDER_ID, "");
    assert_refused(r, ERR_REGION_NOT_OWNED);
}

static void hops_that_begin_elsewhere_than_at_the_issuers_hub_are_refused(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "220100", "220000");
    impose(r, "market.220100");
    facts_forge(r, "220100", "000000", ORDER_ID, "hub.220000");
    assert_refused(r, ERR_HOPS);
}

static void hops_that_leave_a_hub_out_are_refused(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "220100", "220000");
    impose(r, "market.220100");
    facts_forge(r, "220100", "000000", ORDER_ID, "hub.220100");
    assert_refused(r, ERR_HOPS);
}

static void hops_that_name_a_hub_twice_are_refused(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "220100", "220000");
    impose(r, "market.220100");
    facts_forge(r, "220100", "000000", ORDER_ID, "hub.220100 hub.220000 hub.000000 hub.220000");
    assert_refused(r, ERR_HOPS_LOOP);
}

static void a_document_that_its_issuer_did_not_sign_so_is_refused(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "445100", "440000");
    impose(r, "market.445100");
    facts_forge_byte(r, "445100", ORDER_ID);
    realm_heal(r, "445100", "440000");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(facts_order(r, "440000", ORDER_ID).version, 0);
    assert_int_equal(facts_roll_size(r, "440000"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_national_order_reaches_every_hub_and_each_obliges_its_own_members_alone),
        CASE(an_order_of_a_city_goes_up_and_down_again),
        CASE(a_document_that_came_goes_not_back_where_it_came_from),
        CASE(an_annulment_follows_its_order_everywhere),
        CASE(a_lift_overtakes_its_order_and_waits_for_it_there),
        CASE(a_link_that_was_down_for_72_hours_ends_with_equal_lists),
        CASE(equal_lists_are_known_to_be_equal_on_both_sides),
        CASE(a_list_is_as_fresh_as_the_way_up_to_the_nation),
        CASE(a_hub_that_joins_late_is_told_everything),
        CASE(a_hub_that_lost_documents_is_given_just_those_back),
        CASE(a_hub_that_lost_what_began_there_is_given_it_back),
        CASE(a_link_that_speaks_for_a_region_that_is_not_its_own_is_refused),
        CASE(a_superior_that_speaks_for_our_region_is_refused),
        CASE(hops_that_begin_elsewhere_than_at_the_issuers_hub_are_refused),
        CASE(hops_that_leave_a_hub_out_are_refused),
        CASE(hops_that_name_a_hub_twice_are_refused),
        CASE(a_document_that_its_issuer_did_not_sign_so_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
