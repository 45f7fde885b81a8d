/* Checks the promises 1, 2 and 8 in adapters/sdk/sdk.h: what is sent, and what becomes of it. */
#include "exchange.h"

#include "t.h"

#include <stdio.h>
#include <string.h>

static const char *const TO_HEALTH[] = {REALM_HEALTH};
static const char *const TO_HUB[] = {REALM_HUB};
static const char *const TO_TWO[] = {REALM_HEALTH, REALM_POLICE};

struct fixture {
    struct exchange *e;
    struct sdk *market;
    struct sdk_handler handler;
    unsigned outcomes;
    struct sdk_outcome last;
    enum err answer; /* of the outcome handler */
};

static struct fixture f;

static enum err outcome(void *ctx, struct sdk *sdk, const struct sdk_outcome *o, uint64_t now_ms)
{
    (void)ctx, (void)sdk, (void)now_ms;
    f.outcomes++;
    f.last = *o;
    return f.answer;
}

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.e = exchange_open(1);
    f.handler.outcome = outcome;
    f.market = exchange_sdk(f.e, REALM_MARKET, &f.handler);
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
}

static struct sdk_message honour(const char *key, const char *const *to, size_t to_count)
{
    return (struct sdk_message){
        .key = key,
        .type = lianshu_DocumentType_TYPE_HONOUR,
        .to = to,
        .to_count = to_count,
        .facts = exchange_honour(key),
    };
}

static enum err send(const struct sdk_message *m, uint8_t id[static SDK_ID_LEN])
{
    struct fault fault = {0};
    bool repeat;
    return sdk_send(f.market, m, f.e->now_ms, id, &repeat, &fault);
}

static void send_and_commit(const char *key, const char *const *to, size_t to_count)
{
    uint8_t id[SDK_ID_LEN];
    const struct sdk_message m = honour(key, to, to_count);
    assert_int_equal(send(&m, id), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
}

static enum sdk_state state_of(const char *key)
{
    enum sdk_state state = SDK_QUEUED;
    uint8_t id[SDK_ID_LEN], env_id[SDK_ENV_ID_LEN];
    assert_int_equal(sdk_status(f.market, key, &state, id, env_id), OK);
    return state;
}

static struct span pull_envelope(void)
{
    assert_true(exchange_pull(f.e, f.market) > 0);
    const struct span frame = exchange_find(f.e, FRAME_ENVELOPE);
    assert_true(frame.len > 0);
    return frame;
}

/* Promise 1 */
static void what_is_committed_is_sent_after_any_restart_with_the_same_bytes(void **state)
{
    (void)state;
    static uint8_t first[1 << 16];

    send_and_commit("one", TO_HEALTH, 1);
    restart();
    exchange_connect(f.e, f.market);
    const struct span a = pull_envelope();
    const size_t len = a.len;
    assert_true(len < sizeof first);
    memcpy(first, a.data, len);
    restart();
    exchange_connect(f.e, f.market);
    const struct span b = pull_envelope();
    assert_int_equal(b.len, len);
    assert_memory_equal(b.data, first, len);
}

static void what_is_not_committed_is_not_sent(void **state)
{
    (void)state;
    uint8_t id[SDK_ID_LEN];
    const struct sdk_message m = honour("lost", TO_HEALTH, 1);

    assert_int_equal(send(&m, id), OK);
    sdk_rollback(f.market);
    exchange_connect(f.e, f.market);
    assert_int_equal(exchange_pull(f.e, f.market), 0);
    /* The key is free again. */
    send_and_commit("lost", TO_HEALTH, 1);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
}

static void nothing_but_hello_is_said_before_the_welcome(void **state)
{
    (void)state;
    send_and_commit("one", TO_HEALTH, 1);
    assert_int_equal(exchange_pull(f.e, f.market), 0); /* not connected */
    turn_connection(f.market, true, f.e->now_ms);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    assert_true(exchange_find(f.e, FRAME_CONTROL).len > 0);
}

static void silence_is_answered_by_sending_again_later_and_later(void **state)
{
    (void)state;
    send_and_commit("one", TO_HEALTH, 1);
    exchange_connect(f.e, f.market);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    assert_int_equal(exchange_pull(f.e, f.market), 0);
    f.e->now_ms += SDK_RETRY_MS * 2;
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    f.e->now_ms += SDK_RETRY_MS;
    assert_int_equal(exchange_pull(f.e, f.market), 0); /* two seconds by now, at least */
    f.e->now_ms += SDK_RETRY_MS * 2;
    assert_int_equal(exchange_pull(f.e, f.market), 1);
}

static void busy_keeps_the_message_until_the_hub_wants_it(void **state)
{
    (void)state;
    static lianshu_Control c;
    uint8_t bytes[FRAME_CONTROL_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);

    send_and_commit("one", TO_HEALTH, 1);
    exchange_connect(f.e, f.market);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    c = (lianshu_Control){.kind = lianshu_ControlKind_CONTROL_BUSY,
                          .which_body = lianshu_Control_busy_tag};
    c.body.busy.message_id.size = SDK_ID_LEN;
    memcpy(c.body.busy.message_id.bytes, f.market->flight[f.market->flight_head].message_id,
           SDK_ID_LEN);
    c.body.busy.code = ERR_BUSY;
    c.body.busy.retry_after_ms = 30000;
    assert_int_equal(frame_put_control(&w, &c), OK);
    exchange_give(f.e, f.market, writer_span(&w));
    f.e->now_ms += 29000;
    assert_int_equal(exchange_pull(f.e, f.market), 0);
    f.e->now_ms += 1000 + 30000 / 4; /* up to a quarter later: no two adapters in step */
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    assert_int_equal(state_of("one"), SDK_SENT);
}

/* Promise 2 */
static void one_key_is_one_message(void **state)
{
    (void)state;
    uint8_t a[SDK_ID_LEN], b[SDK_ID_LEN];
    struct fault fault = {0};
    bool repeat = false;
    struct sdk_message m = honour("key", TO_HEALTH, 1);

    assert_int_equal(send(&m, a), OK);
    /* Before the commit, after it, and after a restart. */
    assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, b, &repeat, &fault), OK);
    assert_true(repeat);
    assert_memory_equal(a, b, SDK_ID_LEN);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    restart();
    f.e->now_ms += 1000;
    assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, b, &repeat, &fault), OK);
    assert_true(repeat);
    assert_memory_equal(a, b, SDK_ID_LEN);
    m.facts = exchange_honour("another");
    assert_int_equal(send(&m, b), ERR_CONFLICT);
    m = honour("key", TO_TWO, 2);
    assert_int_equal(send(&m, b), ERR_CONFLICT);
    sdk_rollback(f.market);
    exchange_connect(f.e, f.market);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
}

static void a_conversation_is_numbered_without_a_gap(void **state)
{
    (void)state;
    static lianshu_Header h;
    struct frame_envelope frame;
    const uint8_t order[SDK_ID_LEN] = {7};
    uint8_t id[SDK_ID_LEN];
    char key[8];

    for (unsigned i = 1; i <= 3; i++) {
        (void)snprintf(key, sizeof key, "k%u", i);
        struct sdk_message m = honour(key, TO_HEALTH, 1);
        m.conversation = span_of(order, sizeof order);
        assert_int_equal(send(&m, id), OK);
        if (i == 2) { /* undone: its number must be given again */
            sdk_rollback(f.market);
            assert_int_equal(send(&m, id), OK);
        }
        assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    }
    exchange_connect(f.e, f.market);
    assert_int_equal(exchange_pull(f.e, f.market), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(frame_parse_envelope(exchange_frame(f.e, i), &frame), OK);
        assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &h), OK);
        assert_int_equal(h.sequence, i + 1);
    }
}

/* What is refused before it costs anything: one thing wrong with a good message. */
enum fault_kind {
    NO_KEY,
    EMPTY_KEY,
    NOT_REGISTERED,
    NO_MEMBER_ID,
    NO_DESTINATION,
    NO_SUCH_TYPE,
    NO_FACTS,
    FACTS_ARE_NO_MESSAGE,
    NO_SEALED_PART_HERE,
    SHORT_CONVERSATION,
    SHORT_IN_REPLY_TO,
    OVER_ALREADY,
    LONG_PURPOSE,
    FAULT_KINDS,
};

static void spoil(struct sdk_message *m, enum fault_kind kind)
{
    static const char *const nobody[] = {"market.999999"};
    static const char *const malformed[] = {"Market"};
    static const uint8_t junk[] = {0xff, 0xff};
    const struct span two = span_of(junk, sizeof junk);

    m->key = kind == NO_KEY ? NULL : kind == EMPTY_KEY ? "" : m->key;
    m->to = kind == NOT_REGISTERED ? nobody : kind == NO_MEMBER_ID ? malformed : m->to;
    m->to_count = kind == NO_DESTINATION ? 0 : m->to_count;
    m->type = kind == NO_SUCH_TYPE ? 9999 : m->type;
    m->facts = kind == NO_FACTS ? span_of(NULL, 0) : kind == FACTS_ARE_NO_MESSAGE ? two : m->facts;
    if (kind == NO_SEALED_PART_HERE)
        m->sealed = m->facts;
    if (kind == SHORT_CONVERSATION)
        m->conversation = two;
    if (kind == SHORT_IN_REPLY_TO)
        m->in_reply_to = two;
    m->expires_ms = kind == OVER_ALREADY ? 1 : 0;
    m->purpose = kind == LONG_PURPOSE ? "a purpose that is far too long" : NULL;
}

static void a_message_that_cannot_go_is_refused_with_its_place(void **state)
{
    (void)state;
    static const enum err want[FAULT_KINDS] = {
        ERR_FIELD_LONG,    ERR_FIELD_LONG,   ERR_MEMBER_UNKNOWN, ERR_MEMBER_UNKNOWN,
        ERR_FIELD_MISSING, ERR_TYPE_UNKNOWN, ERR_FIELD_MISSING,  ERR_NOT_CANONICAL,
        ERR_FIELD_UNKNOWN, ERR_FIELD_VALUE,  ERR_FIELD_VALUE,    ERR_LIFE,
        ERR_FIELD_LONG,
    };

    for (enum fault_kind i = 0; i < FAULT_KINDS; i++) {
        uint8_t id[SDK_ID_LEN];
        struct fault fault = {0};
        struct sdk_message m = honour("a", TO_HUB, 1);
        print_message("row %u\n", (unsigned)i);
        spoil(&m, i);
        assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, id, NULL, &fault), want[i]);
        assert_int_equal(fault.err, want[i]);
        assert_true(fault.where[0] != '\0');
    }
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    exchange_connect(f.e, f.market);
    assert_int_equal(exchange_pull(f.e, f.market), 0);
}

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

static void what_is_accepted_but_open_is_named_in_hello_and_offered_again(void **state)
{
    (void)state;
    static lianshu_Control c;

    exchange_connect(f.e, f.market);
    send_and_commit("one", TO_HEALTH, 1);
    exchange_verdict(f.e, f.market, pull_envelope(), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 1);
    restart();
    turn_connection(f.market, true, f.e->now_ms);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    assert_int_equal(frame_read_control(exchange_frame(f.e, 0), &c), OK);
    assert_int_equal(c.body.hello.unfinished_count, 1);
    assert_int_equal(c.body.hello.receipt_stream, 1);
    /* A hub restored from a backup knows neither receipt nor message: it is offered again. */
    exchange_connect(f.e, f.market);
    assert_int_equal(exchange_pull(f.e, f.market), 0);
    f.e->now_ms += SDK_OFFER_GRACE_MS;
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    assert_true(exchange_find(f.e, FRAME_ENVELOPE).len > 0);
    f.e->now_ms += SDK_OFFER_GRACE_MS;
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

static void a_batch_of_many_is_signed_once_and_all_arrive(void **state)
{
    (void)state;
    char key[16];
    uint8_t id[SDK_ID_LEN];
    struct sdk_counts counts;

    for (unsigned i = 0; i < 600; i++) { /* more than two batches, one transaction */
        (void)snprintf(key, sizeof key, "m%u", i);
        const struct sdk_message m = honour(key, TO_HEALTH, 1);
        assert_int_equal(send(&m, id), OK);
    }
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_int_equal(sdk_counts(f.market, &counts), OK);
    assert_int_equal(counts.queued, 600);
}

static void a_state_of_another_program_or_time_is_refused(void **state)
{
    (void)state;
    struct sdk *second = NULL;
    struct fault fault = {0};
    const struct sdk_config config = exchange_config(f.e, REALM_MARKET);

    assert_int_equal(sdk_open(&second, &config, &f.handler, f.e->now_ms, &fault),
                     ERR_BUSY_ELSEWHERE);
    assert_null(second);
}

static void wrong_keys_and_passphrases_are_refused(void **state)
{
    (void)state;
    struct sdk *s = NULL;
    struct fault fault = {0};
    struct sdk_config config = exchange_config(f.e, REALM_HEALTH);
    char path[EXCHANGE_PATH];

    (void)snprintf(path, sizeof path, "%s", exchange_path(f.e, "market.445100.key"));
    config.key_file = path;
    assert_int_equal(sdk_open(&s, &config, NULL, f.e->now_ms, &fault), ERR_KEY_NOT_SENDERS);
    config.key_file = exchange_path(f.e, "nothing.key");
    assert_int_equal(sdk_open(&s, &config, NULL, f.e->now_ms, &fault), ERR_NOT_FOUND);
    config = exchange_config(f.e, REALM_HEALTH);
    config.member = "health.445102";
    assert_int_equal(sdk_open(&s, &config, NULL, f.e->now_ms, &fault), ERR_KEY_NOT_SENDERS);
    config = exchange_config(f.e, REALM_HEALTH);
    config.realm = "other";
    assert_int_equal(sdk_open(&s, &config, NULL, f.e->now_ms, &fault), ERR_REALM);
    config = exchange_config(f.e, REALM_HEALTH);
    assert_int_equal(sdk_open(&s, &config, NULL, f.e->now_ms + 400 * REALM_DAY_MS, &fault),
                     ERR_REGISTRY_STALE);
}

static void a_key_keeps_its_first_message_and_receipts_also_when_it_was_rejected(void **state)
{
    (void)state;
    uint8_t first[SDK_ID_LEN], again[SDK_ID_LEN];
    struct fault fault = {0};
    bool repeat = false;
    struct sdk_message m = honour("key", TO_HEALTH, 1);

    exchange_connect(f.e, f.market);
    assert_int_equal(send(&m, first), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    exchange_verdict(f.e, f.market, pull_envelope(), lianshu_ReceiptKind_RECEIPT_REJECTED,
                     ERR_NO_RIGHT, 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, again, &repeat, &fault), OK);
        assert_true(repeat);
        assert_memory_equal(first, again, SDK_ID_LEN);
        assert_int_equal(state_of("key"), SDK_REJECTED);
        m.facts = exchange_honour("other");
        assert_int_equal(send(&m, again), ERR_CONFLICT);
        assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
        m = honour("key", TO_HEALTH, 1);
        restart();
        exchange_connect(f.e, f.market);
        assert_int_equal(exchange_pull(f.e, f.market), 0);
    }
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

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_committed_is_sent_after_any_restart_with_the_same_bytes),
        CASE(what_is_not_committed_is_not_sent),
        CASE(nothing_but_hello_is_said_before_the_welcome),
        CASE(silence_is_answered_by_sending_again_later_and_later),
        CASE(busy_keeps_the_message_until_the_hub_wants_it),
        CASE(one_key_is_one_message),
        CASE(a_conversation_is_numbered_without_a_gap),
        CASE(a_message_that_cannot_go_is_refused_with_its_place),
        CASE(a_verdict_is_final_where_it_should_be),
        CASE(after_a_verdict_nothing_is_sent_again),
        CASE(what_is_accepted_but_open_is_named_in_hello_and_offered_again),
        CASE(the_same_receipt_again_changes_nothing),
        CASE(a_gap_in_the_receipts_is_taken_and_asked_about_once),
        CASE(a_key_keeps_its_first_message_and_receipts_also_when_it_was_rejected),
        CASE(each_receipt_means_what_it_says_and_nothing_more),
        CASE(a_chain_of_receipts_that_comes_again_changes_nothing),
        CASE(a_hold_that_ended_before_it_was_heard_of_is_no_hold),
        CASE(a_receipt_outside_the_stream_counts_but_is_not_acknowledged),
        CASE(a_spoilt_receipt_never_counts),
        CASE(receipts_of_another_adapter_are_acknowledged_and_ignored),
        CASE(a_handler_that_fails_keeps_the_receipt_for_later),
        CASE(what_expires_before_the_hub_took_it_is_told),
        CASE(a_batch_of_many_is_signed_once_and_all_arrive),
        CASE(a_state_of_another_program_or_time_is_refused),
        CASE(wrong_keys_and_passphrases_are_refused),
    };
    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
