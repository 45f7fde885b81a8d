/* Checks what sdk.h promises of taking messages back, and of several adapters of one member. */
#include "pair.h"

enum { SEEN_MAX = 32 };

static const char *const TO_HEALTH[] = {REALM_HEALTH};

struct seen {
    struct sdk *by;
    uint8_t message_id[SDK_ID_LEN], env_id[SDK_ENV_ID_LEN];
    uint32_t type;
    bool withdraws;
    struct sdk_withdrawal withdrawal;
};

struct fixture {
    uint8_t withdrawal[SDK_ID_LEN];
    unsigned seen_count;
    struct seen seen[SEEN_MAX];
};

static struct pair p;
static struct fixture f;

static enum err apply(void *ctx, struct sdk *sdk, const struct sdk_incoming *m, uint64_t now_ms)
{
    (void)ctx, (void)now_ms;
    assert_true(f.seen_count < SEEN_MAX);
    struct seen *s = &f.seen[f.seen_count++];
    *s = (struct seen){.by = sdk, .type = m->type, .withdraws = m->withdrawal != NULL};
    memcpy(s->message_id, m->message_id, SDK_ID_LEN);
    memcpy(s->env_id, m->env_id, SDK_ENV_ID_LEN);
    if (m->withdrawal != NULL)
        s->withdrawal = *m->withdrawal;
    return OK;
}

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    memset(&p, 0, sizeof p);
    pair_open(&p, 4, apply);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pair_close(&p);
    return 0;
}

static struct span envelope(size_t i)
{
    return exchange_kept(p.e, i);
}

/* What the sender sends now, kept; the hub has accepted it. */
static void keep(struct sdk *sender, size_t want)
{
    pair_keep(&p, sender, want);
    for (size_t i = p.e->kept_count - want; i < p.e->kept_count; i++)
        exchange_verdict(p.e, sender, envelope(i), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 0);
}

static void send(struct sdk *sender, const char *key, uint8_t conversation)
{
    pair_send(&p, sender, key, conversation);
}

static void take_back(const char *key)
{
    assert_int_equal(sdk_withdraw(p.market, key, 0, p.e->now_ms, f.withdrawal, NULL), OK);
    keep(p.market, 1);
}

static void assert_receipt(struct sdk *s, lianshu_ReceiptKind want, enum err want_code)
{
    static lianshu_Receipt last;
    assert_true(exchange_receipts(p.e, s, &last) > 0);
    assert_int_equal(last.kind, want);
    assert_int_equal(last.code, want_code);
}

static enum err open_first(void)
{
    const enum err err = sdk_receipt(p.health, f.seen[0].message_id, f.seen[0].env_id,
                                     lianshu_ReceiptKind_RECEIPT_OPENED, NULL, p.e->now_ms);
    assert_int_equal(sdk_commit(p.health, p.e->now_ms), OK);
    return err;
}

static void what_was_shown_and_not_opened_is_marked_and_cannot_be_opened_any_more(void **state)
{
    (void)state;
    send(p.market, "one", 0);
    keep(p.market, 1);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_receipt(p.health, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
    take_back("one");
    exchange_deliver(p.e, p.health, envelope(1), 1, 0);
    assert_receipt(p.health, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
    assert_int_equal(f.seen_count, 2);
    assert_true(f.seen[1].withdraws);
    assert_true(f.seen[1].withdrawal.shown);
    assert_memory_equal(f.seen[1].withdrawal.env_id, f.seen[0].env_id, SDK_ENV_ID_LEN);
    assert_int_equal(open_first(), ERR_WITHDRAWN);
    /* The hub asks again: it was delivered, and that stays true. */
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_receipt(p.health, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
    assert_int_equal(f.seen_count, 2);
}

static void what_was_opened_cannot_be_taken_back(void **state)
{
    (void)state;
    send(p.market, "one", 0);
    keep(p.market, 1);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(open_first(), OK);
    assert_int_equal(open_first(), OK); /* said once */
    take_back("one");
    exchange_deliver(p.e, p.health, envelope(1), 1, 0);
    assert_receipt(p.health, lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_WITHDRAW_LATE);
    assert_int_equal(f.seen_count, 1);
    assert_int_equal(open_first(), OK);
}

static void what_comes_after_its_withdrawal_goes_back_unseen_also_after_a_restart(void **state)
{
    (void)state;
    send(p.market, "one", 0);
    keep(p.market, 1);
    take_back("one");
    exchange_deliver(p.e, p.health, envelope(1), 1, 0);
    assert_int_equal(f.seen_count, 1);
    assert_true(f.seen[0].withdraws);
    assert_false(f.seen[0].withdrawal.shown);
    sdk_close(&p.health);
    p.health = exchange_sdk(p.e, REALM_HEALTH, &p.handler);
    exchange_connect(p.e, p.health);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_receipt(p.health, lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_WITHDRAWN);
    assert_int_equal(f.seen_count, 1);
}

static void what_waits_for_its_turn_is_taken_back_and_holds_up_nothing(void **state)
{
    (void)state;
    send(p.market, "one", 7);
    send(p.market, "two", 7);
    send(p.market, "three", 7);
    keep(p.market, 3);
    exchange_deliver(p.e, p.health, envelope(1), 2, 0);
    take_back("two");
    exchange_deliver(p.e, p.health, envelope(3), 1, 0);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    exchange_deliver(p.e, p.health, envelope(2), 3, 0);
    assert_int_equal(f.seen_count, 3); /* the withdrawal, one, three */
    assert_true(f.seen[0].withdraws);
    assert_int_equal(f.seen[2].type, lianshu_DocumentType_TYPE_HONOUR);
    assert_int_equal(sdk_receipt(p.health, f.seen[0].withdrawal.message_id,
                                 f.seen[0].withdrawal.env_id, lianshu_ReceiptKind_RECEIPT_OPENED,
                                 NULL, p.e->now_ms),
                     ERR_NOT_FOUND);
}

static void nobody_takes_back_what_another_has_sent(void **state)
{
    (void)state;
    static lianshu_Withdraw body;
    uint8_t bytes[256], id[SDK_ID_LEN];
    struct writer w = writer_of(bytes, sizeof bytes);

    p.second = exchange_sdk(p.e, REALM_POLICE, NULL);
    exchange_connect(p.e, p.second);
    send(p.market, "one", 0);
    keep(p.market, 1);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    memcpy(body.message_id, f.seen[0].message_id, SDK_ID_LEN);
    memcpy(body.env_id, f.seen[0].env_id, SDK_ENV_ID_LEN);
    assert_int_equal(wire_encode(&lianshu_Withdraw_msg, &body, &w), OK);
    const struct sdk_message m = {.key = "forged",
                                  .type = lianshu_DocumentType_TYPE_WITHDRAW,
                                  .to = TO_HEALTH,
                                  .to_count = 1,
                                  .facts = writer_span(&w)};
    assert_int_equal(sdk_send(p.second, &m, p.e->now_ms, id, NULL, NULL), OK);
    keep(p.second, 1);
    exchange_deliver(p.e, p.health, envelope(1), 1, 0);
    assert_receipt(p.health, lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_NO_RIGHT);
    assert_int_equal(f.seen_count, 1);
    assert_int_equal(open_first(), OK);
}

static void a_withdrawal_waits_until_the_hub_has_met_the_message(void **state)
{
    (void)state;
    static lianshu_Header h;
    static uint8_t kept[1 << 14];
    struct frame_envelope frame;

    send(p.market, "one", 0);
    assert_int_equal(sdk_commit(p.market, p.e->now_ms), OK);
    assert_int_equal(sdk_withdraw(p.market, "one", 0, p.e->now_ms, f.withdrawal, NULL), OK);
    assert_int_equal(sdk_commit(p.market, p.e->now_ms), OK);
    assert_int_equal(exchange_pull(p.e, p.market), 1);
    const size_t len = p.e->frame_len[0];
    memcpy(kept, p.e->frame[0], len);
    assert_int_equal(frame_parse_envelope(span_of(kept, len), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &h), OK);
    assert_int_equal(h.type, lianshu_DocumentType_TYPE_HONOUR);
    exchange_verdict(p.e, p.market, span_of(kept, len), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK,
                     0);
    assert_int_equal(exchange_pull(p.e, p.market), 1);
    assert_int_equal(frame_parse_envelope(exchange_frame(p.e, 0), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &h), OK);
    assert_int_equal(h.type, lianshu_DocumentType_TYPE_WITHDRAW);
    assert_int_equal(h.destination_count, 1);
    assert_string_equal(h.destination[0], REALM_HEALTH);
}

static void there_must_be_something_to_take_back(void **state)
{
    (void)state;
    struct fault fault = {0};

    assert_int_equal(sdk_withdraw(p.market, "none", 0, p.e->now_ms, f.withdrawal, &fault),
                     ERR_NOT_FOUND);
    assert_string_equal(fault.where, "key");
    send(p.market, "refused", 0);
    assert_int_equal(sdk_commit(p.market, p.e->now_ms), OK);
    assert_int_equal(exchange_pull(p.e, p.market), 1);
    exchange_verdict(p.e, p.market, exchange_frame(p.e, 0), lianshu_ReceiptKind_RECEIPT_REJECTED,
                     ERR_NO_RIGHT, 0);
    assert_int_equal(sdk_withdraw(p.market, "refused", 0, p.e->now_ms, f.withdrawal, &fault),
                     ERR_NOT_FOUND);
    send(p.market, "opened", 0);
    keep(p.market, 1);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(open_first(), OK);
    assert_int_equal(exchange_receipts(p.e, p.health, NULL),
                     2); /* delivered, opened: a frame each */
    exchange_relay(p.e, p.market, exchange_frame(p.e, 0), 0);
    exchange_relay(p.e, p.market, exchange_frame(p.e, 1), 0);
    assert_int_equal(sdk_withdraw(p.market, "opened", 0, p.e->now_ms, f.withdrawal, &fault),
                     ERR_WITHDRAW_LATE);
}

static void taking_back_twice_is_once(void **state)
{
    (void)state;
    send(p.market, "one", 0);
    keep(p.market, 1);
    take_back("one");
    assert_int_equal(sdk_withdraw(p.market, "one", 0, p.e->now_ms, f.withdrawal, NULL), OK);
    assert_int_equal(sdk_commit(p.market, p.e->now_ms), OK);
    assert_int_equal(exchange_pull(p.e, p.market), 0);
}

/* ---- several adapters of one member ---- */

static void each_inbox_applies_once_and_a_sink_tells_the_same_message_by_its_env_id(void **state)
{
    (void)state;
    send(p.market, "one", 7);
    keep(p.market, 1);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    /* It dies after the commit, before its receipt leaves: the hub moves the lease. */
    sdk_close(&p.health);
    p.second = exchange_second(p.e, REALM_HEALTH, &p.handler);
    exchange_connect(p.e, p.second);
    exchange_deliver(p.e, p.second, envelope(0), 1, 0);
    exchange_deliver(p.e, p.second, envelope(0), 1, 0);
    assert_receipt(p.second, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
    assert_int_equal(f.seen_count, 2);
    assert_memory_equal(f.seen[0].env_id, f.seen[1].env_id, SDK_ENV_ID_LEN);
    /* Back again, the first says what it did; nothing is applied a third time. */
    p.health = exchange_sdk(p.e, REALM_HEALTH, &p.handler);
    exchange_connect(p.e, p.health);
    assert_receipt(p.health, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(f.seen_count, 2);
}

static void tick(struct sdk *s, uint64_t ms)
{
    p.e->now_ms += ms;
    for (int i = 0; i < 3; i++) { /* once around what waits */
        p.e->now_ms += SDK_LAPSE_EVERY_MS;
        assert_int_equal(turn_tick(s, p.e->now_ms), OK);
        assert_int_equal(sdk_commit(s, p.e->now_ms), OK);
    }
}

static void numbers_that_another_adapter_took_are_waited_for_no_longer_than_a_lease(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        send(p.market, (const char *[]){"a", "b", "c", "d"}[i], 7);
    keep(p.market, 4);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    exchange_deliver(p.e, p.health, envelope(1), 2, 0);
    p.second = exchange_second(p.e, REALM_HEALTH, &p.handler);
    exchange_connect(p.e, p.second);
    exchange_deliver(p.e, p.second, envelope(3), 4, 0);
    exchange_deliver(p.e, p.second, envelope(2), 3, 0);
    tick(p.second, SDK_GAP_WAIT_MS / 2);
    assert_int_equal(f.seen_count, 2); /* it may be a loss, then the hub delivers again */
    tick(p.second, SDK_GAP_WAIT_MS / 2);
    assert_int_equal(f.seen_count, 4);
    assert_ptr_equal(f.seen[2].by, p.second);
    struct frame_envelope third;
    static lianshu_Header h;
    assert_int_equal(frame_parse_envelope(envelope(2), &third), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, third.header, &h), OK);
    assert_memory_equal(f.seen[2].message_id, h.message_id, SDK_ID_LEN); /* 3 before 4 */
}

/* After a cut the hub gives again what was lost, so that is waited for; but a connection that is
 * cut now and then must not put it off for ever. */
static void short_cuts_do_not_begin_the_wait_anew_and_a_long_one_does(void **state)
{
    (void)state;
    for (unsigned outage = 0; outage < 2; outage++) {
        const uint64_t cut_ms = outage == 0 ? 500 : SDK_GAP_CUT_MS + 1;
        send(p.market, "a", 7);
        send(p.market, "b", 7);
        keep(p.market, 2);
        p.second = exchange_second(p.e, REALM_HEALTH, &p.handler);
        exchange_connect(p.e, p.second);
        exchange_deliver(p.e, p.second, envelope(1), 2, 0);
        for (int i = 0; i < 3; i++) {
            tick(p.second, SDK_FLAP_MS);
            turn_connection(p.second, false, p.e->now_ms);
            p.e->now_ms += cut_ms;
            exchange_connect(p.e, p.second);
        }
        assert_int_equal(f.seen_count, 0);
        tick(p.second, SDK_GAP_CUT_MS);
        assert_int_equal(f.seen_count, outage == 0 ? 1 : 0);
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

static void an_adapter_alone_waits_for_a_missing_number_for_ever(void **state)
{
    (void)state;
    send(p.market, "a", 7);
    send(p.market, "b", 7);
    keep(p.market, 2);
    exchange_deliver(p.e, p.health, envelope(1), 2, 0);
    tick(p.health, 20 * SDK_GAP_WAIT_MS);
    assert_int_equal(f.seen_count, 0);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(f.seen_count, 2);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_was_shown_and_not_opened_is_marked_and_cannot_be_opened_any_more),
        CASE(what_was_opened_cannot_be_taken_back),
        CASE(what_comes_after_its_withdrawal_goes_back_unseen_also_after_a_restart),
        CASE(what_waits_for_its_turn_is_taken_back_and_holds_up_nothing),
        CASE(nobody_takes_back_what_another_has_sent),
        CASE(a_withdrawal_waits_until_the_hub_has_met_the_message),
        CASE(there_must_be_something_to_take_back),
        CASE(taking_back_twice_is_once),
        CASE(each_inbox_applies_once_and_a_sink_tells_the_same_message_by_its_env_id),
        CASE(numbers_that_another_adapter_took_are_waited_for_no_longer_than_a_lease),
        CASE(short_cuts_do_not_begin_the_wait_anew_and_a_long_one_does),
        CASE(an_adapter_alone_waits_for_a_missing_number_for_ever),
    };
    return cmocka_run_group_tests_name("recall", tests, NULL, NULL);
}
