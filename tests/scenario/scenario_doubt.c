/*
 * Checks core/doubt.c: what a stolen key ordered stands, is marked, and is put before its issuer
 * and the one above with a term, once two officials of the hub say so.
 */
#include "core/state.h"
#include "scenario/acts.h"
#include "scenario/ledgerbook.h"
#include "scenario/officials.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "base/hex.h"
#include "keys/registrar.h"
#include "wire.h"

#include <stdio.h>

#define HUB         "hub.445100"
#define MARKET      "market.445100"
#define SUPERIOR    "market.440000"
#define ORDER_QUERY "{\"cmd\":\"order\",\"id\":\"" ORDER_ID "\"}"

static const struct key *stolen(struct world *w)
{
    return keyring_find(world_site(w, MARKET)->keys, KEY_USE_SIGN);
}

/* The registrar revokes the market's signing key as of then. */
static void revoke(struct world *w, uint64_t since_ms)
{
    static uint8_t bytes[4096];
    static uint8_t answer[4096];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    struct writer out = writer_of(answer, sizeof answer);
    const struct key *registrar = keyring_find(w->root, KEY_USE_REGISTRAR);
    lianshu_Revocation body = {.number = 1,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED,
                               .compromised_since_ms = since_ms,
                               .member = MARKET};
    const struct office_paper what = {.realm = "demo",
                                      .type = lianshu_DocumentType_TYPE_KEY_REVOCATION,
                                      .desc = &lianshu_Revocation_msg,
                                      .body = &body,
                                      .now_ms = w->now_ms,
                                      .entropy = &w->entropy};
    const struct office_signers by = {
        .member = "registrar.000000", .keys = &registrar, .key_count = 1};
    memcpy(body.kid, key_kid(stolen(w)), KID_LEN);
    assert_int_equal(office_document(&what, &by, &lsd1), OK);
    assert_int_equal(core_amend(w->core, writer_span(&lsd1), w->now_ms, &out), OK);
    world_turn(w);
}

static enum err review(struct world *w)
{
    return officials_act(w, &(struct act){.verb = lianshu_OfficialVerb_OFFICIAL_DOUBT,
                                          .recipient = HUB,
                                          .sender = MARKET,
                                          .message_id = key_kid(stolen(w))});
}

/* What `revocation effects` says of the order's review; "": nothing. */
static const char *reviewed(struct world *w)
{
    static char word[32];
    char request[96];
    char kid[2 * KID_LEN + 1];
    hex_encode(span_of(key_kid(stolen(w)), KID_LEN), kid);
    snprintf(request, sizeof request, "{\"cmd\":\"revocation.effects\",\"kid\":\"%s\"}", kid);
    struct json *answer = world_ask(w, request);
    const char *text = json_get_text(json_item(json_get(answer, "orders"), 0), "review");
    snprintf(word, sizeof word, "%s", text != NULL ? text : "");
    json_close(&answer);
    return word;
}

static bool marked(struct world *w)
{
    struct json *answer = world_ask(w, ORDER_QUERY);
    const bool is = json_flag(json_get(answer, "under_objection"));
    json_close(&answer);
    return is;
}

static int setup(void **state)
{
    world_setup(state);
    world_widen(*state);
    world_enrol(*state, SUPERIOR);
    acts_connect(*state);
    acts_order(*state, NULL);
    world_settle(*state);
    return 0;
}

static void an_order_of_a_stolen_key_stands_and_is_reviewed_by_two_officials(void **state)
{
    struct world *w = *state;
    const uint64_t restrictions = world_status(w, "restrictions");
    revoke(w, w->now_ms - HOUR_MS);
    assert_false(marked(w));
    assert_string_equal(reviewed(w), "");
    assert_int_equal(review(w), OK);
    assert_true(marked(w));
    assert_string_equal(reviewed(w), "open");
    assert_true(restrictions > 0);
    assert_int_equal(world_status(w, "restrictions"), restrictions); /* nothing vanishes */
    assert_int_equal(book_told(w, MARKET, lianshu_HubNoticeKind_HUBNOTICE_REMINDER), 1);
    assert_int_equal(book_told(w, SUPERIOR, lianshu_HubNoticeKind_HUBNOTICE_REMINDER), 1);
    assert_int_equal(review(w), OK); /* asked again: nothing is doubled */
    assert_int_equal(book_told(w, SUPERIOR, lianshu_HubNoticeKind_HUBNOTICE_REMINDER), 1);
    world_restart(w);
    assert_string_equal(reviewed(w), "open");
}

static void a_review_that_nobody_answers_is_told_to_the_superior_as_late(void **state)
{
    struct world *w = *state;
    revoke(w, w->now_ms - HOUR_MS);
    assert_int_equal(review(w), OK);
    book_days(w, 10);
    assert_true(book_told(w, SUPERIOR, lianshu_HubNoticeKind_HUBNOTICE_OVERDUE) > 0);
    assert_string_equal(reviewed(w), "open");
    assert_true(marked(w));
}

/* Its issuer cannot sign: who stands above decides. */
static void decides(struct world *w, const char *decision)
{
    char body[512];
    char id[33];
    struct request open;
    uint8_t order[STORE_ID_LEN];
    revoke(w, w->now_ms - HOUR_MS);
    assert_int_equal(review(w), OK);
    assert_true(hex_decode(ORDER_ID, order, sizeof order));
    assert_int_equal(doubt_review(w->core, key_kid(stolen(w)), order, &open), OK);
    hex_encode(span_of(open.document, sizeof open.document), id);
    snprintf(body, sizeof body,
             "{\"subject\":" PUNISHED ",\"order_id\":\"" ORDER_ID "\",\"reference\":\"D-1\","
             "\"date\":\"2026-04-01\",\"decision\":\"%s\",\"request_doc\":\"%s\"}",
             decision, id);
    assert_int_equal(book_send(w, SUPERIOR, "objection.decision", body, NULL, NULL), OK);
    assert_false(marked(w));
}

static void the_superior_confirms_and_the_mark_goes(void **state)
{
    struct world *w = *state;
    decides(w, "refused");
    assert_string_equal(reviewed(w), "confirmed");
    assert_true(world_status(w, "restrictions") > 0);
}

static void the_superior_gives_it_up_and_its_end_is_expected(void **state)
{
    struct world *w = *state;
    decides(w, "upheld");
    assert_string_equal(reviewed(w), "given up");
    assert_int_equal(book_count(w, ORDER_QUERY, "redress", "kind", "lift_expected"), 1);
}

static void what_was_ordered_before_the_doubt_or_by_a_good_key_is_not_reviewed(void **state)
{
    struct world *w = *state;
    assert_int_equal(review(w), ERR_KID_UNKNOWN); /* it is not revoked */
    world_pass(w, HOUR_MS);
    revoke(w, w->now_ms - MINUTE_MS);
    assert_int_equal(review(w), OK);
    assert_string_equal(reviewed(w), "");
    assert_false(marked(w));
}

static void one_official_or_two_operators_review_nothing(void **state)
{
    struct world *w = *state;
    struct act one = {.verb = lianshu_OfficialVerb_OFFICIAL_DOUBT,
                      .recipient = HUB,
                      .sender = MARKET,
                      .signatures = 1};
    revoke(w, w->now_ms - HOUR_MS);
    one.message_id = key_kid(stolen(w));
    assert_int_equal(officials_act(w, &one), ERR_TWO_OFFICIALS);
    one.signatures = 2;
    one.sender = "health.445100";
    assert_int_equal(officials_act(w, &one), ERR_KID_UNKNOWN); /* not that member's key */
    assert_false(marked(w));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_order_of_a_stolen_key_stands_and_is_reviewed_by_two_officials),
        CASE(a_review_that_nobody_answers_is_told_to_the_superior_as_late),
        CASE(the_superior_confirms_and_the_mark_goes),
        CASE(the_superior_gives_it_up_and_its_end_is_expected),
        CASE(what_was_ordered_before_the_doubt_or_by_a_good_key_is_not_reviewed),
        CASE(one_official_or_two_operators_review_nothing),
    };
    return cmocka_run_group_tests_name("doubt", tests, NULL, NULL);
}
