/* Checks what adapters/sdk promises of what the hub itself has taken in: for as long as a copy of
 * the hub's disk may be old it is kept, and a hub that goes on with another log is offered it
 * again. PROTOCOL 8.3. */
#include "unit/outbox_world.h"

#include "base/clock.h"

#include <stdlib.h>

static const uint64_t KEPT_MS = SDK_KEPT_HOURS * (uint64_t)HOUR_MS;

/* A registration, which the hub itself reads. */
static void send_to_hub(const char *key)
{
    static uint8_t bytes[1024];
    static lianshu_SubjectRegister body;
    uint8_t id[SDK_ID_LEN];
    struct writer w = writer_of(bytes, sizeof bytes);
    wire_clear(&lianshu_SubjectRegister_msg, &body);
    body.has_subject = true;
    body.subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    (void)snprintf(body.subject.id, sizeof body.subject.id, "91445100DEMA00013Q");
    (void)snprintf(body.subject.region, sizeof body.subject.region, "445100");
    (void)snprintf(body.trade, sizeof body.trade, "drug_maker");
    body.registered_date = 20251101;
    assert_int_equal(wire_encode(&lianshu_SubjectRegister_msg, &body, &w), OK);
    struct sdk_message m = honour(key, TO_HUB, 1);
    m.type = lianshu_DocumentType_TYPE_SUBJECT_REGISTER;
    m.facts = writer_span(&w);
    assert_int_equal(send(&m, id), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
}

static bool offers_no_envelope(void)
{
    (void)exchange_pull(f.e, f.market); /* it acknowledges what it was told */
    return exchange_find(f.e, FRAME_ENVELOPE).len == 0;
}

/* Taken by the hub and thereby at its end; its bytes are kept as number 0. */
static void take_first(const char *key)
{
    exchange_connect(f.e, f.market);
    send_to_hub(key);
    exchange_keep(f.e, pull_envelope());
    exchange_verdict(f.e, f.market, exchange_kept(f.e, 0), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK,
                     1);
    assert_int_equal(state_of(key), SDK_FINAL);
    assert_true(offers_no_envelope());
}

/* The hub has lost its disk: the first receipt of its next log is about this message. */
static void begin_next_log(const char *key)
{
    f.e->logs_lost++;
    f.e->leaf_count = 0;
    send_to_hub(key);
    const struct span frame = pull_envelope();
    exchange_verdict(f.e, f.market, frame, lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 0);
}

static bool is_among_pulled(struct span want)
{
    (void)exchange_pull(f.e, f.market);
    for (size_t i = 0; i < f.e->frame_count; i++) {
        const struct span frame = exchange_frame(f.e, i);
        if (frame.len == want.len && memcmp(frame.data, want.data, want.len) == 0)
            return true;
    }
    return false;
}

/* It is named first; after a restart it is offered once the answer to that should have come. */
static bool is_offered(size_t kept)
{
    for (size_t i = 0; i < 2 + SDK_OFFER_GRACE_MS / 1000; i++) {
        if (is_among_pulled(exchange_kept(f.e, kept)))
            return true;
        assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
        f.e->now_ms += 1000;
    }
    return false;
}

static void what_the_hub_took_is_offered_to_its_next_log_byte_by_byte(void **state)
{
    (void)state;
    take_first("one");
    begin_next_log("two");
    assert_true(is_offered(0));
}

static void it_is_offered_after_a_restart_as_well(void **state)
{
    (void)state;
    take_first("one");
    restart();
    exchange_connect(f.e, f.market);
    assert_true(offers_no_envelope());
    begin_next_log("two");
    restart();
    exchange_connect(f.e, f.market);
    assert_true(is_offered(0));
}

static void the_same_log_is_offered_nothing_again(void **state)
{
    (void)state;
    take_first("one");
    send_to_hub("two");
    exchange_verdict(f.e, f.market, pull_envelope(), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 0);
    restart();
    exchange_connect(f.e, f.market);
    assert_false(is_offered(0));
}

/* Who has it again has said so once more: it is at its end, and stays there. */
static void what_the_next_log_has_taken_is_not_offered_to_it_again(void **state)
{
    (void)state;
    take_first("one");
    begin_next_log("two");
    assert_true(is_offered(0));
    exchange_verdict(f.e, f.market, exchange_kept(f.e, 0), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK,
                     0);
    restart();
    exchange_connect(f.e, f.market);
    assert_false(is_offered(0));
    assert_int_equal(state_of("one"), SDK_FINAL);
}

static void it_is_kept_so_long_and_not_longer(void **state)
{
    for (uint64_t late = 0; late < 2; late++) {
        (void)state;
        take_first("one");
        f.e->now_ms += KEPT_MS - (late == 0 ? HOUR_MS : 0);
        assert_int_equal(turn_tick(f.market, f.e->now_ms), OK);
        assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
        begin_next_log("two");
        if (is_offered(0) != (late == 0))
            fail_msg("%s", late == 0 ? "dropped too early" : "kept too long");
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

/* What a member was brought is with that member: it does not concern the hub's disk. */
static void what_went_to_a_member_is_not_kept_once_it_is_there(void **state)
{
    (void)state;
    exchange_connect(f.e, f.market);
    send_and_commit("one", TO_HEALTH, 1);
    exchange_keep(f.e, pull_envelope());
    exchange_verdict(f.e, f.market, exchange_kept(f.e, 0), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK,
                     1);
    exchange_verdict(f.e, f.market, exchange_kept(f.e, 0), lianshu_ReceiptKind_RECEIPT_EXPIRED,
                     ERR_EXPIRED, 2);
    begin_next_log("two");
    assert_false(is_offered(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_the_hub_took_is_offered_to_its_next_log_byte_by_byte),
        CASE(it_is_offered_after_a_restart_as_well),
        CASE(the_same_log_is_offered_nothing_again),
        CASE(what_the_next_log_has_taken_is_not_offered_to_it_again),
        CASE(it_is_kept_so_long_and_not_longer),
        CASE(what_went_to_a_member_is_not_kept_once_it_is_there),
    };
    return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
