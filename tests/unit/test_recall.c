/* Checks what sdk.h promises of taking messages back, and of several adapters of one member. */
#include "exchange.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENVELOPES = 8, SEEN_MAX = 32 };

static const char *const TO_HEALTH[] = {REALM_HEALTH};

struct seen {
    struct sdk *by;
    uint8_t message_id[SDK_ID_LEN], env_id[SDK_ENV_ID_LEN];
    uint32_t type;
    bool withdraws;
    struct sdk_withdrawal withdrawal;
};

struct fixture {
    struct exchange *e;
    uint8_t withdrawal[SDK_ID_LEN];
    struct sdk *market, *health, *second;
    struct sdk_handler handler;
    unsigned seen_count;
    struct seen seen[SEEN_MAX];
    uint8_t *envelope[ENVELOPES];
    size_t envelope_len[ENVELOPES];
    size_t envelopes;
};

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
    f.e = exchange_open(4);
    f.handler.apply = apply;
    f.market = exchange_sdk(f.e, REALM_MARKET, NULL);
    f.health = exchange_sdk(f.e, REALM_HEALTH, &f.handler);
    exchange_connect(f.e, f.market);
    exchange_connect(f.e, f.health);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < ENVELOPES; i++)
        free(f.envelope[i]);
    sdk_close(&f.market);
    sdk_close(&f.health);
    sdk_close(&f.second);
    exchange_close(&f.e);
    return 0;
}

static struct span envelope(size_t i)
{
    return span_of(f.envelope[i], f.envelope_len[i]);
}

/* What the sender sends now, kept; the hub has accepted it. */
static void keep(struct sdk *sender, size_t want)
{
    assert_int_equal(sdk_commit(sender, f.e->now_ms), OK);
    assert_int_equal(exchange_pull(f.e, sender), want);
    for (size_t i = 0; i < want; i++) {
        const struct span frame = exchange_frame(f.e, i);
        f.envelope[f.envelopes] = malloc(frame.len);
        assert_non_null(f.envelope[f.envelopes]);
        memcpy(f.envelope[f.envelopes], frame.data, frame.len);
        f.envelope_len[f.envelopes++] = frame.len;
    }
    for (size_t i = f.envelopes - want; i < f.envelopes; i++)
        exchange_verdict(f.e, sender, envelope(i), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 0);
}

static void send(struct sdk *sender, const char *key, uint8_t conversation)
{
    const uint8_t id[SDK_ID_LEN] = {conversation};
    uint8_t message_id[SDK_ID_LEN];
    const struct sdk_message m = {.key = key,
                                  .type = lianshu_DocumentType_TYPE_HONOUR,
                                  .to = TO_HEALTH,
                                  .to_count = 1,
                                  .facts = exchange_honour(key),
                                  .conversation = span_of(id, conversation == 0 ? 0 : sizeof id)};
    assert_int_equal(sdk_send(sender, &m, f.e->now_ms, message_id, NULL, NULL), OK);
}

static void take_back(const char *key)
{
    assert_int_equal(sdk_withdraw(f.market, key, 0, f.e->now_ms, f.withdrawal, NULL), OK);
    keep(f.market, 1);
}

/* The last receipt that an adapter sends now. */
static size_t receipts(struct sdk *s, lianshu_ReceiptKind *kind, uint32_t *code)
{
    struct frame_receipts r;
    struct frame_receipt entry;
    static lianshu_Receipt q;
    size_t n = 0;

    (void)exchange_pull(f.e, s);
    for (size_t i = 0; i < f.e->frame_count; i++) {
        if (frame_parse_receipts(exchange_frame(f.e, i), &r) != OK)
            continue;
        while (frame_receipts_next(&r, &entry)) {
            assert_int_equal(wire_decode(&lianshu_Receipt_msg, entry.receipt, &q), OK);
            *kind = q.kind;
            *code = q.code;
            n++;
        }
    }
    return n;
}

static void assert_receipt(struct sdk *s, lianshu_ReceiptKind want, enum err want_code)
{
    lianshu_ReceiptKind kind = lianshu_ReceiptKind_RECEIPT_NONE;
    uint32_t code = 0;

    assert_true(receipts(s, &kind, &code) > 0);
    assert_int_equal(kind, want);
    assert_int_equal(code, want_code);
}

static enum err open_first(void)
{
    const enum err err = sdk_receipt(f.health, f.seen[0].message_id, f.seen[0].env_id,
                                     lianshu_ReceiptKind_RECEIPT_OPENED, NULL, f.e->now_ms);
    assert_int_equal(sdk_commit(f.health, f.e->now_ms), OK);
    return err;
}

static void what_was_shown_and_not_opened_is_marked_and_cannot_be_opened_any_more(void **state)
{
    (void)state;
    send(f.market, "one", 0);
    keep(f.market, 1);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_receipt(f.health, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
    take_back("one");
    exchange_deliver(f.e, f.health, envelope(1), 1, 0);
    assert_receipt(f.health, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
    assert_int_equal(f.seen_count, 2);
    assert_true(f.seen[1].withdraws);
    assert_true(f.seen[1].withdrawal.shown);
    assert_memory_equal(f.seen[1].withdrawal.env_id, f.seen[0].env_id, SDK_ENV_ID_LEN);
    assert_int_equal(open_first(), ERR_WITHDRAWN);
    /* The hub asks again: it was delivered, and that stays true. */
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_receipt(f.health, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
    assert_int_equal(f.seen_count, 2);
}

static void what_was_opened_cannot_be_taken_back(void **state)
{
    (void)state;
    send(f.market, "one", 0);
    keep(f.market, 1);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(open_first(), OK);
    assert_int_equal(open_first(), OK); /* said once */
    take_back("one");
    exchange_deliver(f.e, f.health, envelope(1), 1, 0);
    assert_receipt(f.health, lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_WITHDRAW_LATE);
    assert_int_equal(f.seen_count, 1);
    assert_int_equal(open_first(), OK);
}

static void what_comes_after_its_withdrawal_goes_back_unseen_also_after_a_restart(void **state)
{
    (void)state;
    send(f.market, "one", 0);
    keep(f.market, 1);
    take_back("one");
    exchange_deliver(f.e, f.health, envelope(1), 1, 0);
    assert_int_equal(f.seen_count, 1);
    assert_true(f.seen[0].withdraws);
    assert_false(f.seen[0].withdrawal.shown);
    sdk_close(&f.health);
    f.health = exchange_sdk(f.e, REALM_HEALTH, &f.handler);
    exchange_connect(f.e, f.health);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_receipt(f.health, lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_WITHDRAWN);
    assert_int_equal(f.seen_count, 1);
}

static void what_waits_for_its_turn_is_taken_back_and_holds_up_nothing(void **state)
{
    (void)state;
    send(f.market, "one", 7);
    send(f.market, "two", 7);
    send(f.market, "three", 7);
    keep(f.market, 3);
    exchange_deliver(f.e, f.health, envelope(1), 2, 0);
    take_back("two");
    exchange_deliver(f.e, f.health, envelope(3), 1, 0);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    exchange_deliver(f.e, f.health, envelope(2), 3, 0);
    assert_int_equal(f.seen_count, 3); /* the withdrawal, one, three */
    assert_true(f.seen[0].withdraws);
    assert_int_equal(f.seen[2].type, lianshu_DocumentType_TYPE_HONOUR);
    assert_int_equal(sdk_receipt(f.health, f.seen[0].withdrawal.message_id,
                                 f.seen[0].withdrawal.env_id, lianshu_ReceiptKind_RECEIPT_OPENED,
                                 NULL, f.e->now_ms),
                     ERR_NOT_FOUND);
}

static void nobody_takes_back_what_another_has_sent(void **state)
{
    (void)state;
    static lianshu_Withdraw body;
    uint8_t bytes[256], id[SDK_ID_LEN];
    struct writer w = writer_of(bytes, sizeof bytes);

    f.second = exchange_sdk(f.e, REALM_POLICE, NULL);
    exchange_connect(f.e, f.second);
    send(f.market, "one", 0);
    keep(f.market, 1);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    memcpy(body.message_id, f.seen[0].message_id, SDK_ID_LEN);
    memcpy(body.env_id, f.seen[0].env_id, SDK_ENV_ID_LEN);
    assert_int_equal(wire_encode(&lianshu_Withdraw_msg, &body, &w), OK);
    const struct sdk_message m = {.key = "forged",
                                  .type = lianshu_DocumentType_TYPE_WITHDRAW,
                                  .to = TO_HEALTH,
                                  .to_count = 1,
                                  .facts = writer_span(&w)};
    assert_int_equal(sdk_send(f.second, &m, f.e->now_ms, id, NULL, NULL), OK);
    keep(f.second, 1);
    exchange_deliver(f.e, f.health, envelope(1), 1, 0);
    assert_receipt(f.health, lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_NO_RIGHT);
    assert_int_equal(f.seen_count, 1);
    assert_int_equal(open_first(), OK);
}

static void a_withdrawal_waits_until_the_hub_has_met_the_message(void **state)
{
    (void)state;
    static lianshu_Header h;
    static uint8_t kept[1 << 14];
    struct frame_envelope frame;

    send(f.market, "one", 0);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_int_equal(sdk_withdraw(f.market, "one", 0, f.e->now_ms, f.withdrawal, NULL), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    const size_t len = f.e->frame_len[0];
    memcpy(kept, f.e->frame[0], len);
    assert_int_equal(frame_parse_envelope(span_of(kept, len), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &h), OK);
    assert_int_equal(h.type, lianshu_DocumentType_TYPE_HONOUR);
    exchange_verdict(f.e, f.market, span_of(kept, len), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK,
                     0);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    assert_int_equal(frame_parse_envelope(exchange_frame(f.e, 0), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &h), OK);
    assert_int_equal(h.type, lianshu_DocumentType_TYPE_WITHDRAW);
    assert_int_equal(h.destination_count, 1);
    assert_string_equal(h.destination[0], REALM_HEALTH);
}

static void there_must_be_something_to_take_back(void **state)
{
    (void)state;
    struct fault fault = {0};
    lianshu_ReceiptKind kind;
    uint32_t code;

    assert_int_equal(sdk_withdraw(f.market, "none", 0, f.e->now_ms, f.withdrawal, &fault),
                     ERR_NOT_FOUND);
    assert_string_equal(fault.where, "key");
    send(f.market, "refused", 0);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    exchange_verdict(f.e, f.market, exchange_frame(f.e, 0), lianshu_ReceiptKind_RECEIPT_REJECTED,
                     ERR_NO_RIGHT, 0);
    assert_int_equal(sdk_withdraw(f.market, "refused", 0, f.e->now_ms, f.withdrawal, &fault),
                     ERR_NOT_FOUND);
    send(f.market, "opened", 0);
    keep(f.market, 1);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(open_first(), OK);
    assert_int_equal(receipts(f.health, &kind, &code), 2); /* delivered, opened: a frame each */
    exchange_relay(f.e, f.market, exchange_frame(f.e, 0), 0);
    exchange_relay(f.e, f.market, exchange_frame(f.e, 1), 0);
    assert_int_equal(sdk_withdraw(f.market, "opened", 0, f.e->now_ms, f.withdrawal, &fault),
                     ERR_WITHDRAW_LATE);
}

static void taking_back_twice_is_once(void **state)
{
    (void)state;
    send(f.market, "one", 0);
    keep(f.market, 1);
    take_back("one");
    assert_int_equal(sdk_withdraw(f.market, "one", 0, f.e->now_ms, f.withdrawal, NULL), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_int_equal(exchange_pull(f.e, f.market), 0);
}

/* ---- several adapters of one member ---- */

static void each_inbox_applies_once_and_a_sink_tells_the_same_message_by_its_env_id(void **state)
{
    (void)state;
    send(f.market, "one", 7);
    keep(f.market, 1);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    /* It dies after the commit, before its receipt leaves: the hub moves the lease. */
    sdk_close(&f.health);
    f.second = exchange_second(f.e, REALM_HEALTH, &f.handler);
    exchange_connect(f.e, f.second);
    exchange_deliver(f.e, f.second, envelope(0), 1, 0);
    exchange_deliver(f.e, f.second, envelope(0), 1, 0);
    assert_receipt(f.second, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
    assert_int_equal(f.seen_count, 2);
    assert_memory_equal(f.seen[0].env_id, f.seen[1].env_id, SDK_ENV_ID_LEN);
    /* Back again, the first says what it did; nothing is applied a third time. */
    f.health = exchange_sdk(f.e, REALM_HEALTH, &f.handler);
    exchange_connect(f.e, f.health);
    assert_receipt(f.health, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(f.seen_count, 2);
}

static void tick(struct sdk *s, uint64_t ms)
{
    f.e->now_ms += ms;
    for (int i = 0; i < 3; i++) { /* once around what waits */
        f.e->now_ms += SDK_LAPSE_EVERY_MS;
        assert_int_equal(turn_tick(s, f.e->now_ms), OK);
        assert_int_equal(sdk_commit(s, f.e->now_ms), OK);
    }
}

static void numbers_that_another_adapter_took_are_waited_for_no_longer_than_a_lease(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        send(f.market, (const char *[]){"a", "b", "c", "d"}[i], 7);
    keep(f.market, 4);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    exchange_deliver(f.e, f.health, envelope(1), 2, 0);
    f.second = exchange_second(f.e, REALM_HEALTH, &f.handler);
    exchange_connect(f.e, f.second);
    exchange_deliver(f.e, f.second, envelope(3), 4, 0);
    exchange_deliver(f.e, f.second, envelope(2), 3, 0);
    tick(f.second, SDK_GAP_WAIT_MS / 2);
    assert_int_equal(f.seen_count, 2); /* it may be a loss, then the hub delivers again */
    tick(f.second, SDK_GAP_WAIT_MS / 2);
    assert_int_equal(f.seen_count, 4);
    assert_ptr_equal(f.seen[2].by, f.second);
    struct frame_envelope third;
    static lianshu_Header h;
    assert_int_equal(frame_parse_envelope(envelope(2), &third), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, third.header, &h), OK);
    assert_memory_equal(f.seen[2].message_id, h.message_id, SDK_ID_LEN); /* 3 before 4 */
}

static void an_adapter_alone_waits_for_a_missing_number_for_ever(void **state)
{
    (void)state;
    send(f.market, "a", 7);
    send(f.market, "b", 7);
    keep(f.market, 2);
    exchange_deliver(f.e, f.health, envelope(1), 2, 0);
    tick(f.health, 20 * SDK_GAP_WAIT_MS);
    assert_int_equal(f.seen_count, 0);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
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
        CASE(an_adapter_alone_waits_for_a_missing_number_for_ever),
    };
    return cmocka_run_group_tests_name("recall", tests, NULL, NULL);
}
