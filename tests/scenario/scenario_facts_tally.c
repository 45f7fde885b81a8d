/* What the issuer's hub knows of its order at other hubs: numbers, their age, and nobody's name.
 * And documents whose text was kept long enough. */
#include "scenario/factsbook.h"

#include "base/clock.h"
#include "base/hex.h"
#include "json.h"
#include "wire.h"

#include <stdio.h>

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, facts_setup, facts_teardown)

static void impose(struct realm *r, const char *from)
{
    const struct sent sent = facts_send(r, from, "sanction.order", ORDER_BODY("1"));
    assert_int_equal(facts_code(r, from, &sent), OK);
}

/* The number that `region`'s hub has of `hub` under that word; UINT64_MAX: it does not know it. */
static uint64_t told(struct realm *r, const char *region, const char *hub, const char *word)
{
    struct json *answer =
        world_ask(realm_world(r, region), "{\"cmd\":\"order\",\"id\":\"" ORDER_ID "\"}");
    const struct json *hubs = json_get(answer, "hubs");
    uint64_t number = UINT64_MAX;
    for (size_t i = 0; i < json_count(hubs); i++) {
        const struct json *row = json_item(hubs, i);
        if (strcmp(json_get_text(row, "hub"), hub) == 0)
            assert_true(json_uint(json_get(row, word), &number));
    }
    json_close(&answer);
    return number;
}

/* The member does what its first notice says. */
static void obey(struct realm *r, const char *member, const char *hub)
{
    static lianshu_SanctionNotice notice;
    const struct got *got = world_got(realm_home(r, member), member, "sanction.notice", 0);
    char id[33];
    char when[CLOCK_TEXT_LEN + 1];
    char answer[512];
    char executed[512];
    assert_int_equal(
        wire_decode(&lianshu_SanctionNotice_msg, span_of(got->facts, got->facts_len), &notice), OK);
    hex_encode(span_of(notice.obligation_id, 16), id);
    clock_format(r->now_ms, when);
    snprintf(answer, sizeof answer,
             "{\"obligation_id\":\"%s\",\"answer\":\"accepted\",\"decision\":\"同意\","
             "\"reference\":\"R-1\"}",
             id);
    snprintf(executed, sizeof executed,
             "{\"obligation_id\":\"%s\",\"stage\":\"impose\",\"reference\":\"X-1\","
             "\"executed_ms\":\"%s\"}",
             id, when);
    const struct mail mails[] = {
        {.from = member, .type = "sanction.answer", .to = {hub}, .facts = answer},
        {.from = member, .type = "sanction.executed", .to = {hub}, .facts = executed},
    };
    for (size_t i = 0; i < T_COUNT(mails); i++) {
        const struct sent sent = realm_send(r, &mails[i]);
        assert_int_equal(facts_code(r, member, &sent), OK);
    }
}

static void the_issuers_hub_sees_the_numbers_of_every_other_hub(void **state)
{
    struct realm *r = *state;
    impose(r, "market.445100");
    realm_live(r, 3 * MINUTE_MS, 10 * SECOND_MS);
    for (size_t i = 0; i < FACTS_HUBS; i++) {
        char hub[16];
        snprintf(hub, sizeof hub, "hub.%s", facts_regions[i]);
        assert_int_equal(told(r, "445100", hub, "version"), 1);
        assert_int_equal(told(r, "445100", hub, "created") + told(r, "445100", hub, "delivered"),
                         facts_owed(r, facts_regions[i], ORDER_ID));
        assert_true(told(r, "445100", hub, "age_s") <= 180);
    }
    /* Nobody but the issuer's hub is told. */
    assert_int_equal(told(r, "440000", "hub.220100", "version"), UINT64_MAX);
    assert_int_equal(told(r, "220100", "hub.445100", "version"), UINT64_MAX);
}

static void answers_four_links_away_are_counted_at_the_issuers_hub(void **state)
{
    struct realm *r = *state;
    impose(r, "market.445100");
    realm_live(r, 3 * MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(told(r, "445100", "hub.220100", "executed"), 0);
    obey(r, "health.220100", "hub.220100");
    realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(told(r, "445100", "hub.220100", "executed"), 1);
    assert_int_equal(told(r, "445100", "hub.220000", "executed"), 0);
    (void)facts_send(r, "market.445100", "sanction.annul", ANNUL_BODY("2"));
    realm_live(r, 3 * MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(told(r, "445100", "hub.220100", "version"), 2);
    assert_true(told(r, "445100", "hub.220100", "lift_due") > 0);
}

static void what_is_overdue_elsewhere_is_counted_too(void **state)
{
    struct realm *r = *state;
    impose(r, "market.445100");
    realm_live(r, 3 * MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(told(r, "445100", "hub.220100", "overdue"), 0);
    realm_live(r, 60 * (uint64_t)DAY_MS, 6 * HOUR_MS);
    realm_live(r, 3 * MINUTE_MS, 10 * SECOND_MS);
    assert_true(told(r, "445100", "hub.220100", "overdue") > 0);
}

/* One word about many changes, and none while nobody hears it. */
static void numbers_wait_for_the_link_and_are_told_once(void **state)
{
    struct realm *r = *state;
    impose(r, "market.445100");
    realm_live(r, 3 * MINUTE_MS, 10 * SECOND_MS);
    const uint64_t said = facts_count(r, "220100", "tally.told");
    realm_cut(r, "220100", "220000");
    obey(r, "health.220100", "hub.220100");
    realm_live(r, 72 * (uint64_t)HOUR_MS, HOUR_MS);
    assert_int_equal(facts_count(r, "220100", "tally.told"), said);
    assert_true(told(r, "445100", "hub.220100", "age_s") >= 72 * 3600);
    realm_heal(r, "220100", "220000");
    realm_live(r, 3 * MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(facts_count(r, "220100", "tally.told"), said + 1);
    assert_int_equal(told(r, "445100", "hub.220100", "executed"), 1);
}

static void what_is_to_be_told_survives_a_restart(void **state)
{
    struct realm *r = *state;
    impose(r, "market.445100");
    realm_live(r, 3 * MINUTE_MS, 10 * SECOND_MS);
    obey(r, "health.220100", "hub.220100");
    realm_restart(r, "220100");
    realm_live(r, 3 * MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(told(r, "445100", "hub.220100", "executed"), 1);
}

/* ---- texts that were kept long enough ---- */

enum { LONG_AGO_DAYS = 1828, OF_LATE_DAYS = 1826 };

static void a_text_that_was_erased_is_known_by_its_hash_alone(void **state)
{
    struct realm *r = *state;
    impose(r, "market.000000");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_erase(r, "220000", ORDER_ID, LONG_AGO_DAYS);
    facts_lose(r, "220100", ORDER_ID);
    realm_live(r, 13 * MINUTE_MS, 10 * SECOND_MS);
    facts_assert_rolls_equal(r);
    assert_int_equal(facts_order(r, "220100", ORDER_ID).version, 0);
    assert_int_equal(facts_count(r, "220100", "facts.erased"), 1);
    /* Both lists are the same again, so what one knows is fresh. */
    struct roll_link link;
    realm_live(r, 11 * MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(roll_link_get(realm_world(r, "220100")->store->roll, "hub.220000", &link), OK);
    assert_in_range(link.equal_ms, r->now_ms - 11 * MINUTE_MS, r->now_ms);
}

static void a_text_that_is_said_to_be_erased_too_early_is_refused(void **state)
{
    struct realm *r = *state;
    impose(r, "market.000000");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_erase(r, "220000", ORDER_ID, OF_LATE_DAYS);
    facts_lose(r, "220100", ORDER_ID);
    realm_live(r, 13 * MINUTE_MS, 10 * SECOND_MS);
    assert_false(facts_rolls_equal(r));
    assert_int_equal(facts_roll_size(r, "220100"), 0);
    assert_true(facts_said(r, "220100", lianshu_ReceiptKind_RECEIPT_REFUSED, ERR_FACTS_MISSING) >
                0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_issuers_hub_sees_the_numbers_of_every_other_hub),
        CASE(answers_four_links_away_are_counted_at_the_issuers_hub),
        CASE(what_is_overdue_elsewhere_is_counted_too),
        CASE(numbers_wait_for_the_link_and_are_told_once),
        CASE(what_is_to_be_told_survives_a_restart),
        CASE(a_text_that_was_erased_is_known_by_its_hash_alone),
        CASE(a_text_that_is_said_to_be_erased_too_early_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
