/* How an envelope ends when it is not simply delivered: expired, warned of, parked, withdrawn,
 * and what is heard after delivery. */
#include "scenario/acts.h"
#include "scenario/texts.h"
#include "scenario/world.h"

#include "base/clock.h"
#include "base/hex.h"

#include <stdio.h>

enum { LEASE_MS = 30 * 1000, WARN_MS = 45 * 60 * 1000 /* of an hour */ };

#define CONVERSATION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void send_in(struct world *w, const char *conversation, uint8_t env_id[HASH_LEN])
{
    const struct mail mail = acts_application(conversation);
    world_send(w, &mail, env_id);
}

/* ---- expiry ---- */

static void an_envelope_that_nobody_fetched_expires_and_its_sender_hears_it(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    world_hello(w, "health.445100");
    send_in(w, NULL, env_id);
    world_pass(w, 2 * (uint64_t)HOUR_MS);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_EXPIRED);
    assert_int_equal(world_code(w, "health.445100", env_id), ERR_EXPIRED);
    assert_string_equal(world_receipt(w, "health.445100", env_id)->about, "market.445100");
    assert_int_equal(world_status(w, "undelivered"), 0);
    world_hello(w, "market.445100");
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 0);
}

static void its_sender_is_warned_before_the_end_and_once(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    world_hello(w, "health.445100");
    send_in(w, NULL, env_id);
    world_pass(w, WARN_MS - 1000);
    assert_int_equal(world_heard(w, "health.445100", env_id, lianshu_ReceiptKind_RECEIPT_WARNED),
                     0);
    for (int i = 0; i < 10; i++)
        world_pass(w, 60 * 1000);
    assert_int_equal(world_heard(w, "health.445100", env_id, lianshu_ReceiptKind_RECEIPT_WARNED),
                     1);
    assert_int_equal(world_code(w, "health.445100", env_id), ERR_UNDELIVERED);
    assert_int_equal(world_status(w, "undelivered"), 1); /* a warning ends nothing */
    world_restart(w);
    world_pass(w, 60 * 1000);
    assert_int_equal(world_heard(w, "health.445100", env_id, lianshu_ReceiptKind_RECEIPT_WARNED),
                     1);
    world_hello(w, "market.445100");
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_DELIVERED);
}

static void what_was_delivered_in_time_is_not_warned_of(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect_both(w);
    send_in(w, NULL, env_id);
    world_pass(w, 2 * (uint64_t)HOUR_MS);
    assert_int_equal(world_heard(w, "health.445100", env_id, lianshu_ReceiptKind_RECEIPT_WARNED),
                     0);
    assert_int_equal(world_heard(w, "health.445100", env_id, lianshu_ReceiptKind_RECEIPT_EXPIRED),
                     0);
}

static void every_one_of_many_ends_and_is_told(void **state)
{
    enum { MANY = 600 }; /* more than one step of the walk */
    static uint8_t ids[MANY][HASH_LEN];
    struct world *w = *state;
    world_hello(w, "health.445100");
    for (int i = 0; i < MANY; i++)
        send_in(w, NULL, ids[i]);
    world_pass(w, 2 * (uint64_t)HOUR_MS);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(
            world_heard(w, "health.445100", ids[i], lianshu_ReceiptKind_RECEIPT_EXPIRED), 1);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void an_expired_number_leaves_a_tombstone_that_closes_the_gap(void **state)
{
    struct world *w = *state;
    world_hello(w, "health.445100");
    send_in(w, CONVERSATION, NULL);
    send_in(w, CONVERSATION, NULL);
    world_pass(w, 2 * (uint64_t)HOUR_MS);
    send_in(w, CONVERSATION, NULL);
    world_restart(w);
    world_hello(w, "market.445100");
    const struct got *got = world_got(w, "market.445100", "licence.application", 0);
    assert_int_equal(got->number, 3);
    assert_int_equal(got->tombstone_count, 1);
    assert_int_equal(got->tombstone[0].number, 1);
    assert_int_equal(got->tombstone[0].count, 2);
    assert_int_equal(got->tombstone[0].kind, lianshu_ReceiptKind_RECEIPT_EXPIRED);
}

static void a_gap_that_opens_after_the_statement_was_made_is_told_all_the_same(void **state)
{
    struct world *w = *state;
    world_hello(w, "health.445100");
    struct mail first = acts_application(CONVERSATION);
    first.expires_ms = w->now_ms + 120 * 1000;
    world_send(w, &first, NULL);
    send_in(w, CONVERSATION, NULL); /* its statement knows of no gap */
    world_pass(w, 180 * 1000);
    world_hello(w, "market.445100");
    const struct got *got = world_got(w, "market.445100", "licence.application", 0);
    assert_int_equal(got->number, 2);
    assert_int_equal(got->tombstone_count, 1);
    send_in(w, CONVERSATION, NULL);
    assert_int_equal(world_got(w, "market.445100", "licence.application", 1)->tombstone_count, 0);
}

/* Ten seconds of life, in the hands of a recipient that does not answer. */
static void send_short_lived(struct world *w, uint8_t env_id[HASH_LEN])
{
    acts_connect_both(w);
    world_site(w, "market.445100")->silent = true;
    struct mail mail = acts_application(NULL);
    mail.expires_ms = w->now_ms + 10 * 1000;
    world_send(w, &mail, env_id);
}

static void what_is_in_flight_does_not_end_under_its_recipients_hands(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    send_short_lived(w, env_id);
    world_pass(w, 15 * 1000);
    world_push_receipt(w, "market.445100", world_got(w, "market.445100", "licence.application", 0));
    world_turn(w);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_DELIVERED);
}

static void what_expired_in_flight_is_not_sent_again(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    send_short_lived(w, env_id);
    world_pass(w, LEASE_MS);
    world_pass(w, LEASE_MS);
    assert_int_equal(world_got(w, "market.445100", "licence.application", 0)->seen, 1);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_EXPIRED);
}

static void a_late_receipt_for_what_expired_changes_nothing(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    send_short_lived(w, env_id);
    world_pass(w, 2 * LEASE_MS);
    world_push_receipt(w, "market.445100", world_got(w, "market.445100", "licence.application", 0));
    world_turn(w);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_EXPIRED);
    assert_int_equal(world_heard(w, "health.445100", env_id, lianshu_ReceiptKind_RECEIPT_DELIVERED),
                     0);
}

static void a_clock_that_steps_back_revives_nothing(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    world_hello(w, "health.445100");
    send_in(w, NULL, env_id);
    world_pass(w, 2 * (uint64_t)HOUR_MS);
    w->now_ms -= 3 * (uint64_t)HOUR_MS;
    world_hello(w, "market.445100");
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 0);
    world_restart(w);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 0);
}

static void a_clock_a_year_ahead_ends_what_it_must_and_loses_nothing_else(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    world_hello(w, "health.445100");
    send_in(w, NULL, env_id);
    world_pass(w, 365 * (uint64_t)DAY_MS);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_EXPIRED);
}

/* ---- not before ---- */

static void what_waits_for_its_moment_holds_up_nobody_and_is_numbered_then(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    struct mail later = acts_application(CONVERSATION);
    later.not_before_ms = w->now_ms + 60 * 1000;
    world_send(w, &later, NULL);
    send_in(w, CONVERSATION, NULL);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
    assert_int_equal(world_got(w, "market.445100", "licence.application", 0)->number, 1);
    world_pass(w, 60 * 1000 - 1);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
    world_pass(w, 1);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 2);
    assert_int_equal(world_got(w, "market.445100", "licence.application", 1)->number, 2);
}

static void what_ends_before_it_began_is_refused(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    world_hello(w, "health.445100");
    struct mail mail = acts_application(NULL);
    mail.not_before_ms = w->now_ms + 2 * (uint64_t)HOUR_MS;
    world_send(w, &mail, env_id);
    assert_int_equal(world_code(w, "health.445100", env_id), ERR_LIFE);
}

/* ---- parked ---- */

static void park_one(struct world *w, const char *conversation, uint8_t env_id[HASH_LEN])
{
    world_limit(w, &(struct core_options){.attempts_max = 3});
    acts_connect_both(w);
    world_site(w, "market.445100")->silent = true;
    send_in(w, conversation, env_id);
    for (int i = 0; i < 8; i++)
        world_pass(w, LEASE_MS + 10 * 1000);
}

static void after_its_last_attempt_an_envelope_is_parked_and_its_sender_hears_it(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    park_one(w, NULL, env_id);
    assert_int_equal(world_got(w, "market.445100", "licence.application", 0)->seen, 3);
    assert_int_equal(world_verdict(w, "health.445100", env_id), lianshu_ReceiptKind_RECEIPT_PARKED);
    assert_int_equal(world_code(w, "health.445100", env_id), ERR_ATTEMPTS);
    assert_int_equal(world_status(w, "parked"), 1);
}

static void what_is_parked_is_never_dropped(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    park_one(w, NULL, env_id);
    world_pass(w, 40 * (uint64_t)DAY_MS);
    world_restart(w);
    world_pass(w, 40 * (uint64_t)DAY_MS);
    assert_int_equal(world_status(w, "parked"), 1);
    assert_int_equal(world_verdict(w, "health.445100", env_id), lianshu_ReceiptKind_RECEIPT_PARKED);
}

static void a_parked_number_does_not_hold_up_its_conversation(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    park_one(w, CONVERSATION, env_id);
    world_site(w, "market.445100")->silent = false;
    world_site(w, "market.445100")->lines[0].last = 0; /* it never kept the one it did not answer */
    send_in(w, CONVERSATION, NULL);
    const struct got *got = world_got(w, "market.445100", "licence.application", 1);
    assert_non_null(got);
    assert_int_equal(got->number, 2);
    assert_int_equal(got->tombstone[0].kind, lianshu_ReceiptKind_RECEIPT_PARKED);
}

static void what_was_parked_too_long_loses_its_contents_and_stays_known(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    struct span frame;
    park_one(w, NULL, env_id);
    const lianshu_Receipt *q = world_receipt(w, "health.445100", env_id);
    struct message_row row;
    assert_int_equal(message_get(w->store->messages, "health.445100", q->message_id, &row), OK);
    for (int day = 0; day < 29; day++)
        world_pass(w, DAY_MS);
    assert_int_equal(message_frame(w->store->messages, row.seq, &frame), OK);
    for (int day = 0; day < 3; day++)
        world_pass(w, DAY_MS);
    assert_int_equal(message_frame(w->store->messages, row.seq, &frame), ERR_ERASED);
    assert_int_equal(world_status(w, "parked"), 1);
    assert_int_equal(message_get(w->store->messages, "health.445100", q->message_id, &row), OK);
}

/* ---- after delivery ---- */

static struct got *delivered(struct world *w)
{
    acts_connect_both(w);
    send_in(w, NULL, NULL);
    return world_got(w, "market.445100", "licence.application", 0);
}

static void opened_and_acted_reach_the_sender_after_delivered(void **state)
{
    struct world *w = *state;
    const struct got *got = delivered(w);
    world_say(w, "market.445100", got, lianshu_ReceiptKind_RECEIPT_OPENED, 0);
    world_turn(w);
    assert_int_equal(world_verdict(w, "health.445100", got->env_id),
                     lianshu_ReceiptKind_RECEIPT_OPENED);
    world_restart(w);
    world_say(w, "market.445100", got, lianshu_ReceiptKind_RECEIPT_ACTED, 0);
    world_turn(w);
    assert_int_equal(world_verdict(w, "health.445100", got->env_id),
                     lianshu_ReceiptKind_RECEIPT_ACTED);
}

static void a_stage_is_passed_on_once_and_never_backwards(void **state)
{
    struct world *w = *state;
    const struct got *got = delivered(w);
    static const lianshu_ReceiptKind said[] = {
        lianshu_ReceiptKind_RECEIPT_ACTED, lianshu_ReceiptKind_RECEIPT_ACTED,
        lianshu_ReceiptKind_RECEIPT_OPENED, lianshu_ReceiptKind_RECEIPT_DELIVERED};
    for (size_t i = 0; i < T_COUNT(said); i++) {
        world_say(w, "market.445100", got, said[i], 0);
        world_turn(w);
    }
    assert_int_equal(
        world_heard(w, "health.445100", got->env_id, lianshu_ReceiptKind_RECEIPT_ACTED), 1);
    assert_int_equal(
        world_heard(w, "health.445100", got->env_id, lianshu_ReceiptKind_RECEIPT_OPENED), 0);
    assert_int_equal(
        world_heard(w, "health.445100", got->env_id, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1);
}

static void nobody_opens_what_another_received(void **state)
{
    struct world *w = *state;
    const struct got *got = delivered(w);
    world_hello(w, "police.445100");
    world_say(w, "police.445100", got, lianshu_ReceiptKind_RECEIPT_OPENED, 0);
    world_turn(w);
    assert_int_equal(
        world_heard(w, "health.445100", got->env_id, lianshu_ReceiptKind_RECEIPT_OPENED), 0);
}

static void what_was_returned_is_not_opened_afterwards(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    world_site(w, "market.445100")->silent = true;
    send_in(w, NULL, NULL);
    const struct got *got = world_got(w, "market.445100", "licence.application", 0);
    world_say(w, "market.445100", got, lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_CANNOT_OPEN);
    world_say(w, "market.445100", got, lianshu_ReceiptKind_RECEIPT_OPENED, 0);
    world_turn(w);
    assert_int_equal(world_verdict(w, "health.445100", got->env_id),
                     lianshu_ReceiptKind_RECEIPT_RETURNED);
}

static void a_receipt_for_another_envelope_settles_nothing(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    world_site(w, "market.445100")->silent = true;
    send_in(w, NULL, NULL);
    struct got other = *world_got(w, "market.445100", "licence.application", 0);
    other.env_id[0] ^= 1;
    world_say(w, "market.445100", &other, lianshu_ReceiptKind_RECEIPT_DELIVERED, 0);
    world_turn(w);
    world_pass(w, 1000);
    assert_int_equal(world_status(w, "unverified.520"), 1);
    assert_int_equal(world_status(w, "undelivered"), 1);
}

static void a_repeat_is_answered_with_everything_that_was_receipted(void **state)
{
    struct world *w = *state;
    struct site *health = world_site(w, "health.445100");
    acts_connect_both(w);
    const struct mail mail = acts_application(NULL);
    uint8_t env_id[HASH_LEN];
    world_make(w, &mail, env_id, NULL);
    static uint8_t frame[FRAME_MAX];
    size_t len = w->frame_len;
    memcpy(frame, w->frame, len);
    world_give(w, health->peer, span_of(frame, len));
    world_turn(w);
    world_say(w, "market.445100", world_got(w, "market.445100", "licence.application", 0),
              lianshu_ReceiptKind_RECEIPT_OPENED, 0);
    world_turn(w);
    health->receipt_count = 0; /* an outbox that was restored from an old copy */
    world_give(w, health->peer, span_of(frame, len));
    world_turn(w);
    static const lianshu_ReceiptKind all[] = {lianshu_ReceiptKind_RECEIPT_ACCEPTED,
                                              lianshu_ReceiptKind_RECEIPT_DELIVERED,
                                              lianshu_ReceiptKind_RECEIPT_OPENED};
    assert_int_equal(health->receipt_count, T_COUNT(all));
    for (size_t i = 0; i < T_COUNT(all); i++)
        assert_int_equal(health->receipts[i].kind, all[i]);
}

/* ---- withdrawn ---- */

static void withdraw_as(struct world *w, const char *from, const uint8_t *env_id,
                        const uint8_t id[16], uint8_t answer[HASH_LEN])
{
    char body[256];
    char id_hex[33];
    char env_hex[65];
    hex_encode(span_of(id, 16), id_hex);
    hex_encode(span_of(env_id, HASH_LEN), env_hex);
    snprintf(body, sizeof body, "{\"message_id\":\"%s\",\"env_id\":\"%s\",\"reason\":1}", id_hex,
             env_hex);
    const struct mail mail = {
        .from = from, .type = "withdraw", .to = {"hub.445100", "market.445100"}, .facts = body};
    world_send(w, &mail, answer);
}

static void send_and_keep_id(struct world *w, uint8_t env_id[HASH_LEN], uint8_t id[16])
{
    const struct mail mail = acts_application(CONVERSATION);
    world_make(w, &mail, env_id, id);
    world_push(w, "health.445100");
    world_turn(w);
}

static void what_is_withdrawn_before_it_is_fetched_is_never_delivered(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN], answer[HASH_LEN], id[16];
    world_hello(w, "health.445100");
    send_and_keep_id(w, env_id, id);
    send_in(w, CONVERSATION, NULL);
    withdraw_as(w, "health.445100", env_id, id, answer);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_SUPERSEDED);
    assert_int_equal(world_code(w, "health.445100", env_id), ERR_WITHDRAWN);
    world_hello(w, "market.445100");
    assert_int_equal(world_has(w, "market.445100", "withdraw"), 1);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
    const struct got *got = world_got(w, "market.445100", "licence.application", 0);
    assert_int_equal(got->number, 2);
    assert_int_equal(got->tombstone[0].kind, lianshu_ReceiptKind_RECEIPT_SUPERSEDED);
}

static void a_withdrawal_reaches_who_has_it_already(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN], answer[HASH_LEN], id[16];
    acts_connect_both(w);
    send_and_keep_id(w, env_id, id);
    withdraw_as(w, "health.445100", env_id, id, answer);
    assert_int_equal(world_verdict(w, "health.445100", answer),
                     lianshu_ReceiptKind_RECEIPT_DELIVERED);
    assert_int_equal(world_has(w, "market.445100", "withdraw"), 1);
}

static void nobody_withdraws_anothers_or_an_unknown_envelope(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN], answer[HASH_LEN], id[16];
    world_hello(w, "health.445100");
    world_hello(w, "insurance.445100");
    send_and_keep_id(w, env_id, id);
    withdraw_as(w, "insurance.445100", env_id, id, answer);
    assert_int_equal(world_code(w, "insurance.445100", answer), ERR_NOT_FOUND);
    uint8_t other[HASH_LEN];
    memcpy(other, env_id, HASH_LEN);
    other[0] ^= 1;
    withdraw_as(w, "health.445100", other, id, answer);
    assert_int_equal(world_code(w, "health.445100", answer), ERR_NOT_FOUND);
    assert_int_equal(world_status(w, "undelivered"), 1);
}

static void an_order_is_not_withdrawn_but_annulled(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN], answer[HASH_LEN], id[16];
    world_hello(w, "market.445100");
    const struct mail order = {.from = "market.445100",
                               .type = "sanction.order",
                               .to = {"hub.445100"},
                               .facts = ORDER_BODY("1"),
                               .basis = {"DL116", "DL118"},
                               .conversation = ORDER_ID};
    world_make(w, &order, env_id, id);
    world_push(w, "market.445100");
    world_turn(w);
    char body[256];
    char id_hex[33];
    char env_hex[65];
    hex_encode(span_of(id, 16), id_hex);
    hex_encode(span_of(env_id, HASH_LEN), env_hex);
    snprintf(body, sizeof body, "{\"message_id\":\"%s\",\"env_id\":\"%s\",\"reason\":1}", id_hex,
             env_hex);
    const struct mail mail = {
        .from = "market.445100", .type = "withdraw", .to = {"hub.445100"}, .facts = body};
    world_send(w, &mail, answer);
    assert_int_equal(world_code(w, "market.445100", answer), ERR_WITHDRAW_LATE);
    assert_true(world_status(w, "restrictions") > 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_envelope_that_nobody_fetched_expires_and_its_sender_hears_it),
        CASE(its_sender_is_warned_before_the_end_and_once),
        CASE(what_was_delivered_in_time_is_not_warned_of),
        CASE(every_one_of_many_ends_and_is_told),
        CASE(an_expired_number_leaves_a_tombstone_that_closes_the_gap),
        CASE(a_gap_that_opens_after_the_statement_was_made_is_told_all_the_same),
        CASE(what_is_in_flight_does_not_end_under_its_recipients_hands),
        CASE(what_expired_in_flight_is_not_sent_again),
        CASE(a_late_receipt_for_what_expired_changes_nothing),
        CASE(a_clock_that_steps_back_revives_nothing),
        CASE(a_clock_a_year_ahead_ends_what_it_must_and_loses_nothing_else),
        CASE(what_waits_for_its_moment_holds_up_nobody_and_is_numbered_then),
        CASE(what_ends_before_it_began_is_refused),
        CASE(after_its_last_attempt_an_envelope_is_parked_and_its_sender_hears_it),
        CASE(what_is_parked_is_never_dropped),
        CASE(what_was_parked_too_long_loses_its_contents_and_stays_known),
        CASE(a_parked_number_does_not_hold_up_its_conversation),
        CASE(opened_and_acted_reach_the_sender_after_delivered),
        CASE(a_stage_is_passed_on_once_and_never_backwards),
        CASE(nobody_opens_what_another_received),
        CASE(what_was_returned_is_not_opened_afterwards),
        CASE(a_receipt_for_another_envelope_settles_nothing),
        CASE(a_repeat_is_answered_with_everything_that_was_receipted),
        CASE(what_is_withdrawn_before_it_is_fetched_is_never_delivered),
        CASE(a_withdrawal_reaches_who_has_it_already),
        CASE(nobody_withdraws_anothers_or_an_unknown_envelope),
        CASE(an_order_is_not_withdrawn_but_annulled),
    };
    return cmocka_run_group_tests_name("ends", tests, NULL, NULL);
}
