/* Two officials decide on what is parked; the lists say what waits for them and why. */
#include "scenario/acts.h"
#include "scenario/heldbook.h"

#include "base/clock.h"
#include "base/hex.h"

#include <stdio.h>

#define CONVERSATION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

enum { LEASE_AND_MORE_MS = 40 * 1000 };

/* ---- parked ---- */

static struct sent park(struct world *w)
{
    const struct mail mail = acts_application(CONVERSATION);
    world_limit(w, &(struct core_options){.attempts_max = 2});
    acts_connect_both(w);
    world_site(w, MARKET)->silent = true;
    const struct sent sent = world_post(w, &mail);
    for (int i = 0; i < 6; i++)
        world_pass(w, LEASE_AND_MORE_MS);
    assert_int_equal(world_status(w, "parked"), 1);
    assert_int_equal(held_last(w, HEALTH, &sent)->kind, lianshu_ReceiptKind_RECEIPT_PARKED);
    world_site(w, MARKET)->silent = false;
    world_forget(w, MARKET); /* it never kept what it did not answer */
    return sent;
}

static void a_parked_message_goes_again_under_a_new_number_that_closes_the_gap(void **state)
{
    struct world *w = *state;
    const struct sent sent = park(w);
    struct act act = held_act(RELEASE, &sent);
    act.reason = ERR_TIMEOUT;
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(held_heard(w, HEALTH, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(held_last(w, HEALTH, &sent)->kind, lianshu_ReceiptKind_RECEIPT_DELIVERED);
    const struct got *got = world_got(w, MARKET, "licence.application", 0);
    assert_non_null(got);
    assert_int_equal(got->number, 2);
    assert_int_equal(got->tombstone_count, 1);
    assert_int_equal(got->tombstone[0].number, 1);
    assert_int_equal(got->tombstone[0].count, 1);
    assert_int_equal(got->tombstone[0].kind, lianshu_ReceiptKind_RECEIPT_PARKED);
    assert_int_equal(world_status(w, "parked"), 0);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void a_released_message_has_all_its_attempts_again(void **state)
{
    struct world *w = *state;
    const struct sent sent = park(w);
    const struct act act = held_act(RELEASE, &sent);
    world_site(w, MARKET)->silent = true;
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(world_got(w, MARKET, "licence.application", 0)->seen, 1);
    for (int i = 0; i < 2; i++)
        world_pass(w, LEASE_AND_MORE_MS);
    assert_int_equal(world_got(w, MARKET, "licence.application", 0)->seen, 2);
    for (int i = 0; i < 6; i++)
        world_pass(w, LEASE_AND_MORE_MS);
    assert_int_equal(world_status(w, "parked"), 1);
    assert_int_equal(held_heard(w, HEALTH, &sent, lianshu_ReceiptKind_RECEIPT_PARKED), 2);
}

static void a_parked_message_is_returned_to_its_sender(void **state)
{
    struct world *w = *state;
    const struct sent sent = park(w);
    const struct act act = held_act(RETURN, &sent);
    assert_int_equal(officials_act(w, &act), OK);
    const lianshu_Receipt *refused = held_last(w, HEALTH, &sent);
    assert_int_equal(refused->kind, lianshu_ReceiptKind_RECEIPT_REFUSED);
    assert_int_equal(refused->code, ERR_ATTEMPTS); /* why it was parked */
    assert_string_equal(refused->about, MARKET);
    assert_int_equal(world_status(w, "parked"), 0);
    world_pass(w, LEASE_AND_MORE_MS);
    assert_int_equal(world_has(w, MARKET, "licence.application"), 0);
}

static void what_is_parked_beyond_its_end_can_only_be_returned(void **state)
{
    struct world *w = *state;
    const struct sent sent = park(w);
    world_pass(w, 2 * (uint64_t)HOUR_MS);
    struct act act = held_act(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), ERR_EXPIRED);
    assert_int_equal(world_status(w, "parked"), 1);
    act.verb = RETURN;
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(world_status(w, "parked"), 0);
}

/* ---- lists ---- */

static void assert_answer(struct world *w, const char *request, const char *has, bool wanted)
{
    static char text[CORE_QUERY_BYTES + 1];
    struct writer answer = writer_of(text, CORE_QUERY_BYTES);
    assert_int_equal(core_query(w->core, span_str(request), w->now_ms, &answer), OK);
    text[answer.len] = '\0';
    if ((strstr(text, has) != NULL) != wanted)
        fail_msg("%s: %s", has, text);
}

static void lists_show_what_waits_and_why_and_nothing_else(void **state)
{
    struct world *w = *state;
    char id[33];
    char request[96];
    held_ban(w);
    const struct sent sent = held_honour(w);
    hex_encode(span_of(sent.id, sizeof sent.id), id);
    assert_answer(w, "{\"cmd\":\"held\"}", id, true);
    assert_answer(w, "{\"cmd\":\"held\"}", "\"type\":\"honour\"", true);
    assert_answer(w, "{\"cmd\":\"held\"}", "\"code\":661", true);
    assert_answer(w, "{\"cmd\":\"held\",\"recipient\":\"" MARKET "\"}", id, true);
    assert_answer(w, "{\"cmd\":\"held\",\"recipient\":\"police.445100\"}", id, false);
    assert_answer(w, "{\"cmd\":\"held\",\"sender\":\"" MARKET "\"}", id, false);
    assert_answer(w, "{\"cmd\":\"held\",\"sender\":\"" HEALTH "\"}", id, true);
    assert_answer(w, "{\"cmd\":\"parked\"}", id, false);
    assert_answer(w, "{\"cmd\":\"status\"}", "\"held\":1", true);
    assert_answer(w, "{\"cmd\":\"status\"}", "\"held_by_gate\":1", true);
    assert_answer(w, "{\"cmd\":\"status\"}", "\"breakers\":[]", true);
    assert_answer(w, "{\"cmd\":\"status\"}", "\"disk_low\":false", true);
    /* Whom it is about is not said. */
    assert_answer(w, "{\"cmd\":\"held\"}", "999999199001010016", false);
    assert_answer(w, "{\"cmd\":\"held\"}", "示例", false);
    snprintf(request, sizeof request, "{\"cmd\":\"trace\",\"id\":\"%s\"}", id);
    assert_answer(w, request, "\"state\":\"held\"", true);
    assert_answer(w, request, "\"stage\":\"accepted\"", true);
    struct act act = held_act(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), OK);
    assert_answer(w, "{\"cmd\":\"held\"}", id, false);
    assert_answer(w, request, "\"stage\":\"released\"", true);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_parked_message_goes_again_under_a_new_number_that_closes_the_gap),
        CASE(a_released_message_has_all_its_attempts_again),
        CASE(a_parked_message_is_returned_to_its_sender),
        CASE(what_is_parked_beyond_its_end_can_only_be_returned),
        CASE(lists_show_what_waits_and_why_and_nothing_else),
    };
    return cmocka_run_group_tests_name("acts_parked", tests, NULL, NULL);
}
