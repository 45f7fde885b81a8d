/* Checks what sdk.h promises of sending: bundles, order of lanes, back-off, what stays on disk. */
#include "exchange.h"

#include "adapters/sdk/inner_sql.h"

#include "t.h"

#include <stdio.h>
#include <string.h>

static const char *const TO_HEALTH[] = {REALM_HEALTH};

struct fixture {
    struct exchange *e;
    uint8_t withdrawal[SDK_ID_LEN];
    struct sdk *market;
    struct sdk_handler handler;
    unsigned outcomes;
};

static struct fixture f;

static enum err outcome(void *ctx, struct sdk *sdk, const struct sdk_outcome *o, uint64_t now_ms)
{
    (void)ctx, (void)sdk, (void)o, (void)now_ms;
    f.outcomes++;
    return OK;
}

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.e = exchange_open(3);
    f.handler.outcome = outcome;
    f.market = exchange_sdk(f.e, REALM_MARKET, &f.handler);
    exchange_connect(f.e, f.market);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sdk_close(&f.market);
    exchange_close(&f.e);
    return 0;
}

static void restart(void)
{
    sdk_close(&f.market);
    f.market = exchange_sdk(f.e, REALM_MARKET, &f.handler);
    exchange_connect(f.e, f.market);
}

static void send_some(unsigned from, unsigned to)
{
    uint8_t id[SDK_ID_LEN];
    char key[16];

    for (unsigned i = from; i < to; i++) {
        (void)snprintf(key, sizeof key, "m%u", i);
        const struct sdk_message m = {.key = key,
                                      .type = lianshu_DocumentType_TYPE_HONOUR,
                                      .to = TO_HEALTH,
                                      .to_count = 1,
                                      .facts = exchange_honour(key)};
        assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, id, NULL, NULL), OK);
    }
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
}

static const lianshu_Header *header(size_t i)
{
    static lianshu_Header h;
    struct frame_envelope frame;

    assert_int_equal(frame_parse_envelope(exchange_frame(f.e, i), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &h), OK);
    return &h;
}

static uint64_t rows(const char *sql)
{
    struct stmt *q = NULL;

    assert_int_equal(db_prepare(sdk_db(f.market), &sql, 1, &q, NULL), OK);
    assert_int_equal(stmt_step(q), OK);
    const uint64_t n = stmt_u64(q, 0);
    assert_int_equal(stmt_end(q, OK), OK);
    return n;
}

/* The hub's answers to the frames pulled last, kept before the next pull. */
static void answer_all(lianshu_ReceiptKind kind, bool backwards)
{
    static uint8_t bytes[EXCHANGE_FRAMES][FRAME_CONTROL_MAX];
    static size_t len[EXCHANGE_FRAMES];
    const size_t n = f.e->frame_count;

    for (size_t i = 0; i < n; i++)
        len[i] = exchange_verdict_frame(f.e, exchange_frame(f.e, i), kind, OK, "", 0, bytes[i],
                                        sizeof bytes[i]);
    for (size_t i = 0; i < n; i++) {
        const size_t k = backwards ? n - 1 - i : i;
        exchange_give(f.e, f.market, span_of(bytes[k], len[k]));
    }
}

static void busy(const uint8_t *id, enum err code, uint32_t retry_ms)
{
    lianshu_Control c = {.kind = lianshu_ControlKind_CONTROL_BUSY,
                         .which_body = lianshu_Control_busy_tag};
    uint8_t bytes[FRAME_CONTROL_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);

    if (id != NULL) {
        c.body.busy.message_id.size = SDK_ID_LEN;
        memcpy(c.body.busy.message_id.bytes, id, SDK_ID_LEN);
    }
    c.body.busy.code = code;
    c.body.busy.retry_after_ms = retry_ms;
    assert_int_equal(frame_put_control(&w, &c), OK);
    exchange_give(f.e, f.market, writer_span(&w));
}

static void many_go_as_bundles_in_the_order_of_sending(void **state)
{
    (void)state;
    uint8_t before[SDK_ID_LEN] = {0};

    send_some(0, 150);
    assert_int_equal(exchange_pull(f.e, f.market), 150);
    assert_int_equal(f.e->part_count, 3);
    for (size_t i = 0; i < 150; i++) {
        struct sdk_outcome o = {.type = header(i)->type};
        assert_int_equal(o.type, lianshu_DocumentType_TYPE_HONOUR);
        assert_true(i == 0 || memcmp(before, header(i)->message_id, 6) <= 0);
        memcpy(before, header(i)->message_id, SDK_ID_LEN);
    }
}

static void one_message_goes_without_a_bundle(void **state)
{
    (void)state;
    struct span frame;
    enum frame_kind kind;

    send_some(0, 1);
    assert_int_equal(turn_output(f.market, f.e->now_ms, &frame), OK);
    assert_int_equal(frame_kind(frame, &kind), OK);
    assert_int_equal(kind, FRAME_ENVELOPE);
}

static void a_frame_goes_again_from_the_disk_and_no_more_once_its_message_is_final(void **state)
{
    (void)state;
    send_some(0, 40);
    assert_int_equal(exchange_pull(f.e, f.market), 40);
    assert_int_equal(rows("SELECT count(*) FROM outbox_pack"), 2);
    answer_all(lianshu_ReceiptKind_RECEIPT_ACCEPTED, false); /* is not enough */
    restart();
    f.e->now_ms += SDK_OFFER_GRACE_MS;
    assert_int_equal(exchange_pull(f.e, f.market), 1); /* offered again, from the disk */
    for (int i = 1; i < 40; i++) {
        f.e->now_ms += SDK_OFFER_EVERY_MS;
        assert_int_equal(exchange_pull(f.e, f.market), 1);
    }
    sdk_close(&f.market);
    f.market = exchange_sdk(f.e, REALM_MARKET, &f.handler);
    exchange_connect(f.e, f.market);
    f.e->now_ms += SDK_OFFER_GRACE_MS;
    for (int i = 0; i < 40; i++) {
        assert_int_equal(exchange_pull(f.e, f.market), 1);
        answer_all(lianshu_ReceiptKind_RECEIPT_EXPIRED, false);
        f.e->now_ms += SDK_OFFER_EVERY_MS;
    }
    f.e->now_ms += SDK_OFFER_GRACE_MS;
    assert_int_equal(exchange_pull(f.e, f.market), 0);
    assert_int_equal(rows("SELECT count(*) FROM outbox_pack"), 2); /* the archive: test_archive.c */
    assert_int_equal(rows("SELECT count(*) FROM outbox_live"), 0);
    assert_int_equal(rows("SELECT count(*) FROM outbox"), 40);
    assert_int_equal(rows("SELECT count(*) FROM outbox_receipt"), 80);
}

static void answers_in_any_order_leave_nothing_in_the_air(void **state)
{
    (void)state;
    struct sdk_counts counts;
    size_t got = 0;

    send_some(0, 1500);
    for (int i = 0; i < 4; i++) {
        const size_t n = exchange_pull(f.e, f.market);
        assert_true(n <= SDK_FLIGHT_MAX - SDK_FLIGHT_RESERVED);
        got += n;
        answer_all(lianshu_ReceiptKind_RECEIPT_REJECTED, i % 2 == 0);
    }
    assert_int_equal(got, 1500);
    assert_int_equal(f.outcomes, 1500);
    assert_int_equal(sdk_counts(f.market, &counts), OK);
    assert_int_equal(counts.rejected, 1500);
    assert_int_equal(counts.queued, 0);
    assert_int_equal(f.market->flight_count, 0);
    f.e->now_ms += 10 * SDK_RETRY_MAX_MS;
    assert_int_equal(exchange_pull(f.e, f.market), 0);
}

static void a_repair_goes_before_what_waits_and_past_a_full_window(void **state)
{
    (void)state;
    send_some(0, 1);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    answer_all(lianshu_ReceiptKind_RECEIPT_ACCEPTED, false);
    send_some(1, 1200);
    assert_int_equal(sdk_withdraw(f.market, "m0", 0, f.e->now_ms, f.withdrawal, NULL), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    (void)exchange_pull(f.e, f.market);
    assert_int_equal(header(0)->type, lianshu_DocumentType_TYPE_WITHDRAW);
    assert_int_equal(header(1)->type, lianshu_DocumentType_TYPE_HONOUR);
    /* Nothing of it is answered: the window is full, and yet there is room. */
    assert_int_equal(exchange_pull(f.e, f.market), 0);
    restart();
    assert_int_equal(exchange_pull(f.e, f.market), SDK_FLIGHT_MAX - SDK_FLIGHT_RESERVED + 1);
    assert_int_equal(header(0)->type, lianshu_DocumentType_TYPE_WITHDRAW);
}

static void a_busy_hub_is_left_alone_for_a_bounded_time(void **state)
{
    (void)state;
    struct sdk_counts counts;

    send_some(0, 10);
    assert_int_equal(exchange_pull(f.e, f.market), 10);
    busy(NULL, ERR_DISK_FULL, UINT32_MAX);
    send_some(10, 20);
    f.e->now_ms += SDK_RETRY_MAX_MS - 1;
    assert_int_equal(exchange_pull(f.e, f.market), 0);
    assert_int_equal(sdk_counts(f.market, &counts), OK);
    assert_int_equal(counts.busy_code, ERR_DISK_FULL);
    f.e->now_ms += SDK_RETRY_MAX_MS / 4 + 1;
    assert_int_equal(exchange_pull(f.e, f.market), 20);
    answer_all(lianshu_ReceiptKind_RECEIPT_ACCEPTED, false);
    assert_int_equal(sdk_counts(f.market, &counts), OK);
    assert_int_equal(counts.busy_code, 0);
}

static void busy_about_one_message_holds_back_that_one_alone(void **state)
{
    (void)state;
    uint8_t waits[SDK_ID_LEN];

    send_some(0, 3);
    assert_int_equal(exchange_pull(f.e, f.market), 3);
    memcpy(waits, header(1)->message_id, sizeof waits);
    busy(waits, ERR_BUSY, 10000);
    send_some(3, 5);
    assert_int_equal(exchange_pull(f.e, f.market), 2); /* others go on */
    f.e->now_ms += 10000 - 1;
    for (size_t n = exchange_pull(f.e, f.market), i = 0; i < n; i++)
        assert_memory_not_equal(header(i)->message_id, waits, sizeof waits);
    f.e->now_ms += 10000 / 4 + 1;
    size_t again = 0;
    for (size_t n = exchange_pull(f.e, f.market), i = 0; i < n; i++)
        again += memcmp(header(i)->message_id, waits, sizeof waits) == 0;
    assert_int_equal(again, 1);
}

static void a_refusal_without_a_message_silences_nothing(void **state)
{
    (void)state;
    busy(NULL, ERR_FRAME_LENGTH, 1000);
    send_some(0, 1);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
}

static void repetition_slows_down_to_its_bound_and_no_further(void **state)
{
    (void)state;
    send_some(0, 1);
    for (uint64_t wait = SDK_RETRY_MS; wait < SDK_RETRY_MAX_MS; wait *= 2) {
        assert_int_equal(exchange_pull(f.e, f.market), 1);
        f.e->now_ms += wait - 1;
        assert_int_equal(exchange_pull(f.e, f.market), 0);
        f.e->now_ms += wait / 4 + 1;
    }
    for (int i = 0; i < 5; i++) {
        assert_int_equal(exchange_pull(f.e, f.market), 1);
        f.e->now_ms += SDK_RETRY_MAX_MS + SDK_RETRY_MAX_MS / 4;
    }
}

/* The hub answers in the order of sending: as long as it answers what went before, what went later
 * is waited for, not sent again. */
static void a_message_waits_in_line_before_it_is_repeated(void **state)
{
    (void)state;
    const uint64_t began = f.e->now_ms;
    static uint8_t answers[4][FRAME_CONTROL_MAX];
    size_t len[4];

    for (unsigned i = 0; i < 4; i++) { /* each sent a little after the one before */
        send_some(i, i + 1);
        assert_int_equal(exchange_pull(f.e, f.market), 1);
        len[i] = exchange_verdict_frame(f.e, exchange_frame(f.e, 0),
                                        lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, "", 0, answers[i],
                                        sizeof answers[i]);
        f.e->now_ms += 10;
    }
    /* One answer just before the others would go again, and again one: all that time in line. */
    for (unsigned i = 0; i < 2; i++) {
        f.e->now_ms = began + 30 + (i + 1) * (SDK_RETRY_MS - 40);
        exchange_give(f.e, f.market, span_of(answers[i], len[i]));
        f.e->now_ms += SDK_RETRY_MS / 2;
        assert_int_equal(exchange_pull(f.e, f.market), 0);
    }
    /* The hub falls silent: what is left goes again, once the time since its last answer is over.
     */
    f.e->now_ms += 2 * SDK_RETRY_MS;
    assert_int_equal(exchange_pull(f.e, f.market), 2);
}

/* What went later was answered: the hub has passed this one over, or never had it. */
static void a_message_that_was_passed_over_is_repeated_at_its_time(void **state)
{
    (void)state;
    uint8_t answer[FRAME_CONTROL_MAX];
    size_t len = 0;

    for (unsigned i = 0; i < 2; i++) {
        send_some(i, i + 1);
        assert_int_equal(exchange_pull(f.e, f.market), 1);
        len = exchange_verdict_frame(f.e, exchange_frame(f.e, 0),
                                     lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, "", 0, answer,
                                     sizeof answer);
        f.e->now_ms += 10;
    }
    f.e->now_ms += SDK_RETRY_MS - 30;                   /* none is due */
    exchange_give(f.e, f.market, span_of(answer, len)); /* the second */
    f.e->now_ms += SDK_RETRY_MS / 4 + 30;
    assert_int_equal(exchange_pull(f.e, f.market), 1); /* the first, not in line behind it */
}

static void no_welcome_means_hello_later_and_later(void **state)
{
    (void)state;
    unsigned said = 0;

    turn_connection(f.market, false, f.e->now_ms);
    turn_connection(f.market, true, f.e->now_ms);
    for (int i = 0; i < 600; i++, f.e->now_ms += 1000) /* ten minutes */
        said += exchange_pull(f.e, f.market) > 0;
    assert_in_range(said, 8, 16);
}

static void a_connection_that_comes_and_goes_is_greeted_later_and_later(void **state)
{
    (void)state;
    unsigned said = 0;

    for (int i = 0; i < 100; i++, f.e->now_ms += 1000) { /* up for a second, each second */
        turn_connection(f.market, false, f.e->now_ms);
        turn_connection(f.market, true, f.e->now_ms);
        said += exchange_pull(f.e, f.market) > 0;
    }
    assert_in_range(said, 1, 6);
    f.e->now_ms += SDK_FLAP_MS + SDK_FLAP_WAIT_MAX_MS * 2;
    turn_connection(f.market, true, f.e->now_ms);
    assert_int_equal(exchange_pull(f.e, f.market), 1); /* a while of peace, and all is forgotten */
}

static void hello_names_what_is_open_a_page_at_a_time(void **state)
{
    (void)state;
    static lianshu_Control c;
    size_t named = 0;
    unsigned pages = 0;

    send_some(0, 600);
    assert_int_equal(exchange_pull(f.e, f.market), 600);
    answer_all(lianshu_ReceiptKind_RECEIPT_ACCEPTED, false);
    exchange_connect(f.e, f.market);
    for (int i = 0; i < 200; i++, f.e->now_ms += 1000) {
        (void)exchange_pull(f.e, f.market);
        for (size_t k = 0; k < f.e->frame_count; k++)
            if (frame_read_control(exchange_frame(f.e, k), &c) == OK &&
                c.which_body == lianshu_Control_hello_tag) {
                named += c.body.hello.unfinished_count;
                pages++;
            }
    }
    assert_int_equal(pages, 2); /* after the one of the connection */
    assert_int_equal(named, 600 - 256);
}

static void after_its_time_a_message_is_forgotten_and_not_before(void **state)
{
    (void)state;
    uint8_t id[SDK_ID_LEN], env_id[SDK_ENV_ID_LEN];
    enum sdk_state s;

    send_some(0, 100);
    assert_int_equal(exchange_pull(f.e, f.market), 100);
    answer_all(lianshu_ReceiptKind_RECEIPT_EXPIRED, false);
    send_some(100, 101); /* never answered */
    for (int day = 0; day < 410; day += 10) {
        for (int i = 0; i < 8; i++) {
            f.e->now_ms += i == 0 ? 10 * REALM_DAY_MS : SDK_LAPSE_EVERY_MS;
            assert_int_equal(turn_tick(f.market, f.e->now_ms), OK);
            assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
        }
        const enum err want = day + 10 < SDK_KEEP_DAYS ? OK : ERR_NOT_FOUND;
        assert_int_equal(sdk_status(f.market, "m0", &s, id, env_id), want);
    }
    assert_int_equal(rows("SELECT count(*) FROM outbox_receipt"), 0);
    assert_int_equal(sdk_status(f.market, "m100", &s, id, env_id), OK);
    assert_int_equal(s, SDK_LAPSED);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(many_go_as_bundles_in_the_order_of_sending),
        CASE(one_message_goes_without_a_bundle),
        CASE(a_frame_goes_again_from_the_disk_and_no_more_once_its_message_is_final),
        CASE(answers_in_any_order_leave_nothing_in_the_air),
        CASE(a_repair_goes_before_what_waits_and_past_a_full_window),
        CASE(a_busy_hub_is_left_alone_for_a_bounded_time),
        CASE(busy_about_one_message_holds_back_that_one_alone),
        CASE(a_refusal_without_a_message_silences_nothing),
        CASE(repetition_slows_down_to_its_bound_and_no_further),
        CASE(a_message_waits_in_line_before_it_is_repeated),
        CASE(a_message_that_was_passed_over_is_repeated_at_its_time),
        CASE(no_welcome_means_hello_later_and_later),
        CASE(a_connection_that_comes_and_goes_is_greeted_later_and_later),
        CASE(hello_names_what_is_open_a_page_at_a_time),
        CASE(after_its_time_a_message_is_forgotten_and_not_before),
    };
    return cmocka_run_group_tests_name("flight", tests, NULL, NULL);
}
