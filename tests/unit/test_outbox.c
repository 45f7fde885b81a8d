/* Checks the promises 1 and 2 in adapters/sdk/sdk.h: what is sent, once and for certain. */
#include "unit/outbox_world.h"

static void a_turn_without_a_connection_is_refused(void **state)
{
    (void)state;
    assert_int_equal(sdk_step(f.market, f.e->now_ms, 0, NULL), ERR_NOT_READY);
    send_and_commit("a", TO_HEALTH, 1); /* which needs none */
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
    LONG_KEY,
    TOO_MANY_BASES,
    FAULT_KINDS,
};

static void spoil(struct sdk_message *m, enum fault_kind kind)
{
    static const char *const nobody[] = {"market.999999"};
    static const char *const malformed[] = {"Market"};
    static const uint8_t junk[] = {0xff, 0xff};
    const struct span two = span_of(junk, sizeof junk);

    static char long_key[SDK_KEY_MAX + 2];
    memset(long_key, 'k', SDK_KEY_MAX + 1);

    m->key = kind == NO_KEY ? NULL : kind == EMPTY_KEY ? "" : kind == LONG_KEY ? long_key : m->key;
    if (kind == TOO_MANY_BASES) /* counted before they are looked at */
        m->basis_count = SDK_BASIS_MAX + 1;
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
        ERR_FIELD_LONG,    ERR_FIELD_LONG,   ERR_TOO_LARGE,
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_turn_without_a_connection_is_refused),
        CASE(what_is_committed_is_sent_after_any_restart_with_the_same_bytes),
        CASE(what_is_not_committed_is_not_sent),
        CASE(nothing_but_hello_is_said_before_the_welcome),
        CASE(silence_is_answered_by_sending_again_later_and_later),
        CASE(busy_keeps_the_message_until_the_hub_wants_it),
        CASE(one_key_is_one_message),
        CASE(a_conversation_is_numbered_without_a_gap),
        CASE(a_message_that_cannot_go_is_refused_with_its_place),
        CASE(what_is_accepted_but_open_is_named_in_hello_and_offered_again),
        CASE(a_key_keeps_its_first_message_and_receipts_also_when_it_was_rejected),
        CASE(a_batch_of_many_is_signed_once_and_all_arrive),
        CASE(a_state_of_another_program_or_time_is_refused),
        CASE(wrong_keys_and_passphrases_are_refused),
    };
    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
