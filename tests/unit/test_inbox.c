/* Checks the promises 3 to 7 in adapters/sdk/sdk.h: what comes, once, in order, complete. */
#include "unit/inbox_world.h"

#include "check.h"

static const char *const TO_BOTH[] = {REALM_HEALTH, REALM_POLICE};

/* n envelopes of one conversation (0: each of its own) to health. */
static void make(size_t n, uint8_t conversation)
{
    for (size_t i = 0; i < n; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "m%zu-%u", i, conversation);
        pair_send(&p, p.market, key, conversation);
    }
    pair_keep(&p, p.market, n);
}

/* Receipts that health sends now, as its own. */
static size_t receipts(lianshu_Receipt *last)
{
    const size_t n = exchange_receipts(p.e, p.health, last);
    if (n > 0)
        assert_string_equal(last->by, REALM_HEALTH);
    return n;
}

static void assert_one_receipt(lianshu_ReceiptKind want, enum err want_code)
{
    static lianshu_Receipt last;
    assert_int_equal(receipts(&last), 1);
    assert_int_equal(last.kind, want);
    assert_int_equal(last.code, want_code);
}

static size_t count_receipts(void)
{
    static lianshu_Receipt last;
    return receipts(&last);
}

/* Promises 3 and 5 */
static void a_message_is_applied_once_and_receipted_after_the_commit(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_ROOM];

    make(1, 0);
    const size_t n = exchange_delivery(p.e, REALM_HEALTH, envelope(0), 1, 0, bytes, sizeof bytes);
    assert_int_equal(turn_input(p.health, span_of(bytes, n), p.e->now_ms), OK);
    assert_int_equal(f.seen, 1);
    assert_int_equal(count_receipts(), 0); /* not on disk yet */
    assert_int_equal(sdk_commit(p.health, p.e->now_ms), OK);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
}

static void killed_before_the_commit_it_is_applied_again(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_ROOM];

    make(1, 0);
    const size_t n = exchange_delivery(p.e, REALM_HEALTH, envelope(0), 1, 0, bytes, sizeof bytes);
    assert_int_equal(turn_input(p.health, span_of(bytes, n), p.e->now_ms), OK);
    restart();
    assert_int_equal(count_receipts(), 0);
    exchange_give(p.e, p.health, span_of(bytes, n));
    assert_int_equal(f.seen, 2);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
}

static void a_repetition_is_answered_with_the_stored_receipt(void **state)
{
    (void)state;
    static uint8_t first[FRAME_ROOM];

    make(1, 0);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(exchange_pull(p.e, p.health), 1);
    const size_t len = p.e->frame_len[0];
    memcpy(first, p.e->frame[0], len);
    for (int i = 0; i < 3; i++) {
        if (i == 1)
            restart(), (void)exchange_pull(p.e, p.health); /* what is not acknowledged goes again */
        exchange_deliver(p.e, p.health, envelope(0), 1, 0);
        assert_int_equal(exchange_pull(p.e, p.health), 1);
        assert_int_equal(p.e->frame_len[0], len);
        assert_memory_equal(p.e->frame[0], first, len);
    }
    assert_int_equal(f.seen, 1);
}

static void receipts_are_repeated_until_acknowledged(void **state)
{
    (void)state;
    static lianshu_Control c;
    uint8_t bytes[FRAME_CONTROL_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);

    make(1, 0);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(count_receipts(), 1);
    exchange_connect(p.e, p.health);
    assert_int_equal(count_receipts(), 1);
    c = (lianshu_Control){.kind = lianshu_ControlKind_CONTROL_ACK,
                          .which_body = lianshu_Control_ack_tag};
    assert_int_equal(frame_put_control(&w, &c), OK);
    exchange_give(p.e, p.health, writer_span(&w));
    exchange_connect(p.e, p.health);
    assert_int_equal(count_receipts(), 0);
    restart();
    assert_int_equal(count_receipts(), 0);
}

static void what_apply_sends_is_committed_with_it_or_not_at_all(void **state)
{
    (void)state;
    struct sdk_counts counts;

    make(2, 0);
    f.reply = true;
    f.answer = ERR_FIELD_VALUE;
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_FIELD_VALUE);
    assert_int_equal(sdk_counts(p.health, &counts), OK);
    assert_int_equal(counts.queued, 0);
    assert_int_equal(counts.returned, 1);
    f.answer = OK;
    exchange_deliver(p.e, p.health, envelope(1), 1, 0);
    assert_int_equal(sdk_counts(p.health, &counts), OK);
    assert_int_equal(counts.queued, 1);
    assert_int_equal(counts.received, 1);
    assert_true(exchange_pull(p.e, p.health) >= 2);
    assert_true(exchange_find(p.e, FRAME_ENVELOPE).len > 0);
}

static void not_now_means_not_receipted_and_taken_when_it_comes_again(void **state)
{
    (void)state;
    make(1, 0);
    f.answer = ERR_DISK_FULL;
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(count_receipts(), 0);
    f.answer = OK;
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
    assert_int_equal(f.seen, 2);
}

/* Promise 4: order. Each row delivers the numbers in turn; `after` tells how many were applied. */
static void order_is_that_of_the_delivery_numbers(void **state)
{
    (void)state;
    static const struct {
        size_t i;        /* envelope */
        uint64_t number; /* delivered as */
        uint64_t gap;    /* tombstone */
        unsigned after;
    } steps[] = {
        {1, 2, 0, 0}, /* early: kept */
        {3, 5, 4, 0}, /* 4 was superseded; 1 and 3 are missing */
        {1, 2, 0, 0}, /* again: still not its turn */
        {0, 1, 0, 2}, /* 1, then 2 */
        {2, 3, 0, 4}, /* 3, over the tombstone, 5 */
        {4, 6, 0, 5},
    };
    static const size_t order[] = {0, 1, 2, 3, 4};
    uint8_t want[HASH_LEN], header_hash[HASH_LEN];
    struct frame_envelope frame;

    make(5, 9);
    for (size_t k = 0; k < T_COUNT(steps); k++) {
        print_message("step %zu\n", k);
        exchange_deliver(p.e, p.health, envelope(steps[k].i), steps[k].number, steps[k].gap);
        assert_int_equal(f.seen, steps[k].after);
        if (k == 1)
            restart(); /* what waits, waits on disk */
    }
    for (size_t k = 0; k < T_COUNT(order); k++) {
        assert_int_equal(frame_parse_envelope(envelope(order[k]), &frame), OK);
        envelope_id(&frame, header_hash, want);
        assert_memory_equal(f.env_id[k], want, HASH_LEN);
    }
}

static void conversations_do_not_wait_for_each_other(void **state)
{
    (void)state;
    make(2, 1);
    make(2, 2);
    exchange_deliver(p.e, p.health, envelope(1), 2, 0);
    exchange_deliver(p.e, p.health, envelope(2), 1, 0);
    exchange_deliver(p.e, p.health, envelope(3), 2, 0);
    assert_int_equal(f.seen, 2);
}

static void a_returned_message_does_not_stop_those_behind_it(void **state)
{
    (void)state;
    make(3, 5);
    exchange_deliver(p.e, p.health, envelope(1), 2, 0);
    exchange_deliver(p.e, p.health, envelope(2), 3, 0);
    f.answer = ERR_FIELD_VALUE; /* all three are refused by apply, in order */
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(f.seen, 3);
    assert_int_equal(count_receipts(), 3);
}

static void a_message_put_off_is_taken_up_by_time_alone(void **state)
{
    (void)state;
    make(2, 6);
    f.answer = ERR_DISK_FULL;
    exchange_deliver(p.e, p.health, envelope(1), 2, 0);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0); /* put off; not kept */
    f.answer = OK;
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(count_receipts(), 2);
    make(2, 7);
    exchange_deliver(p.e, p.health, envelope(3), 2, 0);
    f.answer = ERR_DISK_FULL;
    f.seen = 0;
    exchange_deliver(p.e, p.health, envelope(3), 2, 0);
    assert_int_equal(f.seen, 0);
    f.answer = OK;
    exchange_deliver(p.e, p.health, envelope(2), 1, 0);
    assert_int_equal(f.seen, 2);
}

/* Promise 6: nothing altered gets through. */
static void an_altered_delivery_is_never_applied(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_ROOM], spoilt[FRAME_ROOM];

    make(1, 0);
    const size_t n = exchange_delivery(p.e, REALM_HEALTH, envelope(0), 1, 0, bytes, sizeof bytes);
    for (size_t i = 0; i < n; i += 3) {
        memcpy(spoilt, bytes, n);
        spoilt[i] ^= 0x20;
        assert_int_equal(turn_input(p.health, span_of(spoilt, n), p.e->now_ms), OK);
        sdk_rollback(p.health);
        assert_int_equal(f.seen, 0);
    }
    exchange_give(p.e, p.health, span_of(bytes, n));
    assert_int_equal(f.seen, 1);
}

static void an_envelope_without_its_statement_is_ignored(void **state)
{
    (void)state;
    make(1, 0);
    exchange_give(p.e, p.health, envelope(0));
    assert_int_equal(f.seen, 0);
    assert_int_equal(count_receipts(), 0);
}

static void a_statement_for_somebody_else_is_ignored(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_ROOM];
    uint8_t id[SDK_ID_LEN];
    const struct sdk_message m = {.key = "both",
                                  .type = lianshu_DocumentType_TYPE_HONOUR,
                                  .to = TO_BOTH,
                                  .to_count = 2,
                                  .facts = exchange_honour("both")};

    assert_int_equal(sdk_send(p.market, &m, p.e->now_ms, id, NULL, NULL), OK);
    assert_int_equal(sdk_commit(p.market, p.e->now_ms), OK);
    assert_int_equal(exchange_pull(p.e, p.market), 1);
    exchange_keep(p.e, exchange_frame(p.e, 0));
    const size_t n = exchange_delivery(p.e, REALM_POLICE, envelope(0), 1, 0, bytes, sizeof bytes);
    exchange_give(p.e, p.health, span_of(bytes, n));
    assert_int_equal(f.seen, 0);
    assert_int_equal(count_receipts(), 0);
}

static void what_expired_before_it_was_accepted_is_returned(void **state)
{
    (void)state;
    make(1, 0);
    p.e->now_ms +=
        20 * REALM_DAY_MS; /* the hub would not do this: its clock says so, it signs it */
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(f.seen, 0);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_EXPIRED);
    struct sdk_counts counts;
    assert_int_equal(sdk_counts(p.health, &counts), OK);
    assert_int_equal(counts.returned, 1);
}

/* Receipts come back to the sender. */
static void a_members_receipt_ends_the_senders_duty(void **state)
{
    (void)state;
    enum sdk_state s = SDK_QUEUED;
    uint8_t id[SDK_ID_LEN], env_id[SDK_ENV_ID_LEN];

    make(1, 0);
    exchange_verdict(p.e, p.market, envelope(0), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 1);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(exchange_pull(p.e, p.health), 1);
    exchange_relay(p.e, p.market, exchange_frame(p.e, 0), 2);
    assert_int_equal(sdk_status(p.market, "m0-0", &s, id, env_id), OK);
    assert_int_equal(s, SDK_FINAL);
}

static void opened_and_acted_are_said_for_what_was_applied_only(void **state)
{
    (void)state;
    const uint8_t unknown[SDK_ENV_ID_LEN] = {1};
    char overlong[SDK_REFERENCE_MAX + 1];

    memset(overlong, 'x', sizeof overlong - 1);
    overlong[sizeof overlong - 1] = '\0';
    make(1, 0);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(count_receipts(), 1);
    assert_int_equal(sdk_receipt(p.health, unknown, unknown, lianshu_ReceiptKind_RECEIPT_ACTED, "r",
                                 p.e->now_ms),
                     ERR_NOT_FOUND);
    assert_int_equal(sdk_receipt(p.health, f.message_id[0], f.env_id[0],
                                 lianshu_ReceiptKind_RECEIPT_ACCEPTED, "r", p.e->now_ms),
                     ERR_FIELD_VALUE);
    assert_int_equal(sdk_receipt(p.health, f.message_id[0], f.env_id[0],
                                 lianshu_ReceiptKind_RECEIPT_ACTED, overlong, p.e->now_ms),
                     ERR_FIELD_LONG);
    assert_int_equal(sdk_receipt(p.health, f.message_id[0], f.env_id[0],
                                 lianshu_ReceiptKind_RECEIPT_ACTED, "REG-1", p.e->now_ms),
                     OK);
    assert_int_equal(sdk_commit(p.health, p.e->now_ms), OK);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_ACTED, OK);
}

/* A type without facts: the hub reads nothing, so it is no destination either. */
static void what_the_hub_cannot_read_goes_sealed_alone(void **state)
{
    uint8_t id[SDK_ID_LEN], room[512];
    static lianshu_Header header;
    struct frame_envelope frame;
    struct fault fault = {0};
    static const char *const to_hub[] = {REALM_HEALTH, REALM_HUB};
    static const lianshu_Clue clue = {.number = "1",
                                      .source = lianshu_ClueSource_SOURCE_DUTY,
                                      .facts = "x",
                                      .date = 20261122,
                                      .officer = "x"};
    struct writer w = writer_of(room, sizeof room);
    (void)state;

    assert_int_equal(wire_encode(&lianshu_Clue_msg, &clue, &w), OK);
    struct sdk_message m = {
        .key = "clue", .type = lianshu_DocumentType_TYPE_CLUE, .to = TO_HEALTH, .to_count = 1};
    assert_int_equal(sdk_send(p.market, &m, p.e->now_ms, id, NULL, &fault), ERR_FIELD_MISSING);
    assert_string_equal(fault.where, "sealed");
    m.sealed = writer_span(&w);
    m.facts = exchange_honour("x");
    assert_int_equal(sdk_send(p.market, &m, p.e->now_ms, id, NULL, &fault), ERR_FIELD_UNKNOWN);
    m.facts = span_of(NULL, 0);
    m.to = to_hub;
    m.to_count = 2;
    assert_int_equal(sdk_send(p.market, &m, p.e->now_ms, id, NULL, &fault), ERR_AUDIENCE);
    m.to = TO_HEALTH;
    m.to_count = 1;
    assert_int_equal(sdk_send(p.market, &m, p.e->now_ms, id, NULL, &fault), OK);
    assert_int_equal(sdk_commit(p.market, p.e->now_ms), OK);
    assert_int_equal(exchange_pull(p.e, p.market), 1);
    exchange_keep(p.e, exchange_frame(p.e, 0));

    assert_int_equal(frame_parse_envelope(envelope(0), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &header), OK);
    assert_int_equal(header_check(&header), OK);
    assert_int_equal(header.parts_count, 1);
    assert_int_equal(part_reader(&header.parts[0], REALM_HUB), -1);

    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(f.seen, 1);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_message_is_applied_once_and_receipted_after_the_commit),
        CASE(killed_before_the_commit_it_is_applied_again),
        CASE(a_repetition_is_answered_with_the_stored_receipt),
        CASE(receipts_are_repeated_until_acknowledged),
        CASE(what_apply_sends_is_committed_with_it_or_not_at_all),
        CASE(not_now_means_not_receipted_and_taken_when_it_comes_again),
        CASE(order_is_that_of_the_delivery_numbers),
        CASE(conversations_do_not_wait_for_each_other),
        CASE(a_returned_message_does_not_stop_those_behind_it),
        CASE(a_message_put_off_is_taken_up_by_time_alone),
        CASE(an_altered_delivery_is_never_applied),
        CASE(an_envelope_without_its_statement_is_ignored),
        CASE(a_statement_for_somebody_else_is_ignored),
        CASE(what_expired_before_it_was_accepted_is_returned),
        CASE(a_members_receipt_ends_the_senders_duty),
        CASE(opened_and_acted_are_said_for_what_was_applied_only),
        CASE(what_the_hub_cannot_read_goes_sealed_alone),
    };
    return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
