/* Checks the promise 8 in adapters/sdk/sdk.h: what becomes of what was sent. */
#include "unit/outbox_world.h"

/* Promise 8, states */
static void a_verdict_is_final_where_it_should_be(void **state)
{
    (void)state;
    static const struct {
        const char *const *to;
        size_t to_count;
        lianshu_ReceiptKind kind;
        enum sdk_state want;
    } rows[] = {
        {TO_HUB, 1, lianshu_ReceiptKind_RECEIPT_ACCEPTED, SDK_FINAL},
        {TO_HEALTH, 1, lianshu_ReceiptKind_RECEIPT_ACCEPTED, SDK_ACCEPTED},
        {TO_HEALTH, 1, lianshu_ReceiptKind_RECEIPT_REJECTED, SDK_REJECTED},
        {TO_HUB, 1, lianshu_ReceiptKind_RECEIPT_REJECTED, SDK_REJECTED},
        {TO_HEALTH, 1, lianshu_ReceiptKind_RECEIPT_HELD, SDK_HELD},
        {TO_HEALTH, 1, lianshu_ReceiptKind_RECEIPT_PARKED, SDK_ACCEPTED},
        {TO_HEALTH, 1, lianshu_ReceiptKind_RECEIPT_WARNED, SDK_ACCEPTED},
        {TO_HEALTH, 1, lianshu_ReceiptKind_RECEIPT_EXPIRED, SDK_FINAL},
        {TO_HEALTH, 1, lianshu_ReceiptKind_RECEIPT_SUPERSEDED, SDK_FINAL},
        {TO_HEALTH, 1, lianshu_ReceiptKind_RECEIPT_REFUSED, SDK_FINAL},
        {TO_TWO, 2, lianshu_ReceiptKind_RECEIPT_REFUSED, SDK_FINAL},
    };
    exchange_connect(f.e, f.market);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "row%zu", i);
        print_message("%s: %s\n", key, receipt_kind_name(rows[i].kind));
        send_and_commit(key, rows[i].to, rows[i].to_count);
        exchange_verdict(f.e, f.market, pull_envelope(), rows[i].kind, OK, i + 1);
        assert_int_equal(state_of(key), rows[i].want);
        assert_int_equal(f.outcomes, i + 1);
        assert_int_equal(f.last.receipt.kind, rows[i].kind);
        assert_string_equal(f.last.key, key);
    }
}

static void after_a_verdict_nothing_is_sent_again(void **state)
{
    (void)state;
    exchange_connect(f.e, f.market);
    send_and_commit("one", TO_HUB, 1);
    exchange_verdict(f.e, f.market, pull_envelope(), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 1);
    assert_int_equal(exchange_pull(f.e, f.market), 1); /* the acknowledgement */
    f.e->now_ms += 10 * SDK_RETRY_MAX_MS;
    assert_int_equal(exchange_pull(f.e, f.market), 0);
    restart();
    exchange_connect(f.e, f.market);
    assert_int_equal(exchange_pull(f.e, f.market), 0);
}

static void the_same_receipt_again_changes_nothing(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_CONTROL_MAX];

    exchange_connect(f.e, f.market);
    send_and_commit("one", TO_HEALTH, 1);
    const size_t n = exchange_verdict_frame(
        f.e, pull_envelope(), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, "", 1, bytes, sizeof bytes);
    exchange_give(f.e, f.market, span_of(bytes, n));
    exchange_give(f.e, f.market, span_of(bytes, n));
    assert_int_equal(f.outcomes, 1);
    assert_int_equal(f.market->stream, 1);
}

static size_t hellos(lianshu_Control *c)
{
    size_t n = 0;
    (void)exchange_pull(f.e, f.market);
    for (size_t i = 0; i < f.e->frame_count; i++)
        if (frame_read_control(exchange_frame(f.e, i), c) == OK &&
            c->which_body == lianshu_Control_hello_tag)
            n++;
    return n;
}

/* Another adapter of the member has acknowledged numbers 1 and 2. */
static void a_gap_in_the_receipts_is_taken_and_asked_about_once(void **state)
{
    (void)state;
    static lianshu_Control c;
    exchange_connect(f.e, f.market);
    send_and_commit("one", TO_HEALTH, 1);
    send_and_commit("two", TO_HEALTH, 1);
    const struct span one = pull_envelope();
    exchange_verdict(f.e, f.market, one, lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 3);
    assert_int_equal(f.outcomes, 1);
    assert_int_equal(f.market->stream, 3);
    assert_int_equal(hellos(&c), 0); /* one was said a moment ago */
    f.e->now_ms += SDK_GAP_HELLO_MS;
    assert_int_equal(hellos(&c), 1);
    assert_int_equal(frame_read_control(exchange_find(f.e, FRAME_CONTROL), &c), OK);
    assert_int_equal(c.body.hello.unfinished_count, 1);
    assert_int_equal(c.body.hello.receipt_stream, 3);
    f.e->now_ms += SDK_GAP_HELLO_MS;
    assert_int_equal(hellos(&c), 0);
}

static void a_receipt_outside_the_stream_counts_but_is_not_acknowledged(void **state)
{
    (void)state;
    exchange_connect(f.e, f.market);
    send_and_commit("one", TO_HUB, 1);
    exchange_verdict(f.e, f.market, pull_envelope(), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 0);
    assert_int_equal(state_of("one"), SDK_FINAL);
    assert_int_equal(exchange_pull(f.e, f.market), 0);
}

static void a_spoilt_receipt_never_counts(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_CONTROL_MAX], spoilt[FRAME_CONTROL_MAX];

    exchange_connect(f.e, f.market);
    send_and_commit("one", TO_HUB, 1);
    const size_t n = exchange_verdict_frame(
        f.e, pull_envelope(), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, "", 0, bytes, sizeof bytes);
    for (size_t i = 0; i < n; i++) {
        if (i >= 4 && i < 12)
            continue; /* the stream number is the transport's, it is not proven */
        memcpy(spoilt, bytes, n);
        spoilt[i] ^= 0x01;
        exchange_give(f.e, f.market, span_of(spoilt, n));
        assert_int_equal(f.outcomes, 0);
    }
    exchange_give(f.e, f.market, span_of(bytes, n));
    assert_int_equal(f.outcomes, 1);
}

static void receipts_of_another_adapter_are_acknowledged_and_ignored(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_CONTROL_MAX];

    exchange_connect(f.e, f.market);
    send_and_commit("one", TO_HUB, 1);
    const size_t n = exchange_verdict_frame(
        f.e, pull_envelope(), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, "", 1, bytes, sizeof bytes);
    sdk_close(&f.market);
    /* The same member with another state: it never sent that. */
    struct sdk_config config = exchange_config(f.e, REALM_MARKET);
    config.state_dir = exchange_path(f.e, "other.state");
    assert_int_equal(sdk_open(&f.market, &config, &f.handler, f.e->now_ms, NULL), OK);
    exchange_connect(f.e, f.market);
    exchange_give(f.e, f.market, span_of(bytes, n));
    assert_int_equal(f.outcomes, 0);
    assert_int_equal(f.market->stream, 1);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
}

static void a_handler_that_fails_keeps_the_receipt_for_later(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_CONTROL_MAX];

    exchange_connect(f.e, f.market);
    send_and_commit("one", TO_HUB, 1);
    const size_t n = exchange_verdict_frame(
        f.e, pull_envelope(), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, "", 1, bytes, sizeof bytes);
    f.answer = ERR_DISK_FULL;
    assert_int_equal(turn_input(f.market, span_of(bytes, n), f.e->now_ms), ERR_DISK_FULL);
    sdk_rollback(f.market);
    assert_int_equal(f.market->stream, 0);
    assert_int_equal(state_of("one"), SDK_QUEUED);
    f.answer = OK;
    exchange_give(f.e, f.market, span_of(bytes, n));
    assert_int_equal(state_of("one"), SDK_FINAL);
}

static void what_expires_before_the_hub_took_it_is_told(void **state)
{
    (void)state;
    uint8_t id[SDK_ID_LEN];
    struct sdk_message m = honour("short", TO_HUB, 1);

    m.expires_ms = f.e->now_ms + 60000;
    assert_int_equal(send(&m, id), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    exchange_connect(f.e, f.market);
    f.e->now_ms += 60000;
    assert_int_equal(turn_tick(f.market, f.e->now_ms), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_int_equal(state_of("short"), SDK_LAPSED);
    assert_int_equal(f.last.receipt.code, ERR_EXPIRED);
    assert_int_equal(exchange_pull(f.e, f.market), 0);
}

/* The hub alone can close its number: what follows waits for that (E508). */
static void what_expires_with_a_number_goes_on_to_the_hub_until_that_has_closed_it(void **state)
{
    static const uint8_t order[SDK_ID_LEN] = {9};
    static lianshu_Header h;
    struct frame_envelope env;
    struct sdk_message m = honour("short", TO_HEALTH, 1);
    struct sdk_counts counts;
    uint8_t id[SDK_ID_LEN];
    (void)state;

    m.conversation = span_of(order, sizeof order);
    m.expires_ms = f.e->now_ms + 60000;
    assert_int_equal(send(&m, id), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    f.e->now_ms += 60000;
    assert_int_equal(turn_tick(f.market, f.e->now_ms), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_int_equal(state_of("short"), SDK_LAPSED);
    assert_int_equal(f.outcomes, 1);
    for (int kill = 0; kill < 2; kill++) { /* before any connection, and over a kill */
        exchange_connect(f.e, f.market);
        assert_int_equal(exchange_pull(f.e, f.market), 1);
        restart();
    }
    exchange_connect(f.e, f.market);
    const struct span frame = pull_envelope();
    assert_int_equal(frame_parse_envelope(frame, &env), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, env.header, &h), OK);
    assert_memory_equal(h.message_id, id, SDK_ID_LEN);
    exchange_verdict(f.e, f.market, frame, lianshu_ReceiptKind_RECEIPT_REJECTED, ERR_EXPIRED, 1);
    assert_int_equal(state_of("short"), SDK_LAPSED); /* as it was told */
    assert_int_equal(sdk_counts(f.market, &counts), OK);
    assert_int_equal(counts.lapsed, 1);
    assert_int_equal(counts.rejected, 0);
    assert_int_equal(counts.queued, 0);
    f.e->now_ms += SDK_RETRY_MAX_MS * 2;
    assert_int_equal(turn_tick(f.market, f.e->now_ms), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    exchange_pull(f.e, f.market);
    assert_int_equal(exchange_find(f.e, FRAME_ENVELOPE).len, 0);
}

static void each_receipt_means_what_it_says_and_nothing_more(void **state)
{
    (void)state;
    static const struct {
        lianshu_ReceiptKind kind;
        enum sdk_state want;
    } rows[] = {
        {lianshu_ReceiptKind_RECEIPT_ACCEPTED, SDK_ACCEPTED},
        {lianshu_ReceiptKind_RECEIPT_HELD, SDK_HELD},
        {lianshu_ReceiptKind_RECEIPT_WARNED, SDK_HELD}, /* shown, ends nothing */
        {lianshu_ReceiptKind_RECEIPT_RELEASED, SDK_ACCEPTED},
        {lianshu_ReceiptKind_RECEIPT_PARKED, SDK_ACCEPTED}, /* never dropped: not final */
        {lianshu_ReceiptKind_RECEIPT_RELEASED, SDK_ACCEPTED},
        {lianshu_ReceiptKind_RECEIPT_PARKED, SDK_ACCEPTED}, /* a second time */
        {lianshu_ReceiptKind_RECEIPT_WARNED, SDK_ACCEPTED},
        {lianshu_ReceiptKind_RECEIPT_EXPIRED, SDK_FINAL},
        {lianshu_ReceiptKind_RECEIPT_WARNED, SDK_FINAL}, /* late: shown, changes nothing */
    };
    static uint8_t kept[FRAME_CONTROL_MAX];

    exchange_connect(f.e, f.market);
    send_and_commit("one", TO_HEALTH, 1);
    const struct span envelope = pull_envelope();
    assert_true(envelope.len <= sizeof kept);
    memcpy(kept, envelope.data, envelope.len);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu: %s\n", i, receipt_kind_name(rows[i].kind));
        f.e->now_ms += 1000;
        exchange_verdict(f.e, f.market, span_of(kept, envelope.len), rows[i].kind, OK, i + 1);
        assert_int_equal(f.outcomes, i + 1);
        assert_int_equal(f.last.receipt.kind, rows[i].kind);
        assert_int_equal(f.last.state, rows[i].want);
        assert_int_equal(state_of("one"), rows[i].want);
    }
    restart();
    assert_int_equal(state_of("one"), SDK_FINAL);
}

static void a_chain_of_receipts_that_comes_again_changes_nothing(void **state)
{
    (void)state;
    static const lianshu_ReceiptKind chain[] = {
        lianshu_ReceiptKind_RECEIPT_ACCEPTED,
        lianshu_ReceiptKind_RECEIPT_HELD,
        lianshu_ReceiptKind_RECEIPT_RELEASED,
        lianshu_ReceiptKind_RECEIPT_PARKED,
    };
    static uint8_t bytes[T_COUNT(chain)][FRAME_CONTROL_MAX], kept[FRAME_CONTROL_MAX];
    size_t len[T_COUNT(chain)];

    exchange_connect(f.e, f.market);
    send_and_commit("one", TO_HEALTH, 1);
    const struct span envelope = pull_envelope();
    memcpy(kept, envelope.data, envelope.len);
    for (size_t i = 0; i < T_COUNT(chain); i++) {
        f.e->now_ms += 1000;
        len[i] = exchange_verdict_frame(f.e, span_of(kept, envelope.len), chain[i], OK, "", 0,
                                        bytes[i], sizeof bytes[i]);
    }
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < T_COUNT(chain); i++)
            exchange_give(f.e, f.market, span_of(bytes[i], len[i]));
        assert_int_equal(f.outcomes, T_COUNT(chain));
        assert_int_equal(state_of("one"), SDK_ACCEPTED);
        restart();
        exchange_connect(f.e, f.market);
    }
}

static void a_hold_that_ended_before_it_was_heard_of_is_no_hold(void **state)
{
    (void)state;
    static uint8_t held[FRAME_CONTROL_MAX], kept[FRAME_CONTROL_MAX];

    exchange_connect(f.e, f.market);
    send_and_commit("one", TO_HEALTH, 1);
    const struct span envelope = pull_envelope();
    memcpy(kept, envelope.data, envelope.len);
    const size_t n =
        exchange_verdict_frame(f.e, span_of(kept, envelope.len), lianshu_ReceiptKind_RECEIPT_HELD,
                               OK, "", 0, held, sizeof held);
    f.e->now_ms += 1000;
    exchange_verdict(f.e, f.market, span_of(kept, envelope.len),
                     lianshu_ReceiptKind_RECEIPT_RELEASED, OK, 0);
    exchange_give(f.e, f.market, span_of(held, n));
    assert_int_equal(f.outcomes, 2);
    assert_int_equal(state_of("one"), SDK_ACCEPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_verdict_is_final_where_it_should_be),
        CASE(after_a_verdict_nothing_is_sent_again),
        CASE(the_same_receipt_again_changes_nothing),
        CASE(a_gap_in_the_receipts_is_taken_and_asked_about_once),
        CASE(a_receipt_outside_the_stream_counts_but_is_not_acknowledged),
        CASE(a_spoilt_receipt_never_counts),
        CASE(receipts_of_another_adapter_are_acknowledged_and_ignored),
        CASE(a_handler_that_fails_keeps_the_receipt_for_later),
        CASE(what_expires_before_the_hub_took_it_is_told),
        CASE(what_expires_with_a_number_goes_on_to_the_hub_until_that_has_closed_it),
        CASE(each_receipt_means_what_it_says_and_nothing_more),
        CASE(a_chain_of_receipts_that_comes_again_changes_nothing),
        CASE(a_hold_that_ended_before_it_was_heard_of_is_no_hold),
    };
    return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
