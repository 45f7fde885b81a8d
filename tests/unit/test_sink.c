/* Checks the promises in adapters/runtime/sink.h and respond.h: what comes lies in the department's
 * folders, and obligations are entered and answered. */
#include "site_world.h"

#include "sanction.pb.h"
#include "subject.pb.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENVELOPES = 4, OBLIGATION_TEXT = 2 * SDK_ID_LEN + 1 };

static struct site_world w;
static struct sdk *hub, *market;
static uint8_t *kept[ENVELOPES];
static size_t kept_len[ENVELOPES], kept_count;
static uint64_t delivered;

static int setup(void **state)
{
    (void)state;
    site_world_open(&w, REALM_INSURANCE, "adapters/insurance");
    hub = exchange_sdk(w.e, REALM_HUB, NULL);
    market = exchange_sdk(w.e, REALM_MARKET, NULL);
    exchange_connect(w.e, hub);
    exchange_connect(w.e, market);
    kept_count = 0;
    delivered = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < ENVELOPES; i++) {
        free(kept[i]);
        kept[i] = NULL;
    }
    sdk_close(&hub);
    sdk_close(&market);
    site_world_close(&w);
    return 0;
}

static struct span keep(struct span frame)
{
    kept[kept_count] = malloc(frame.len);
    assert_non_null(kept[kept_count]);
    memcpy(kept[kept_count], frame.data, frame.len);
    kept_len[kept_count] = frame.len;
    kept_count++;
    return span_of(kept[kept_count - 1], kept_len[kept_count - 1]);
}

/* The order, signed by market, as the hub embeds it. */
static size_t order_document(uint8_t id, uint8_t *out, size_t cap)
{
    static lianshu_SanctionOrder order;
    static lianshu_Document d;
    uint8_t hash[HASH_LEN];
    const struct entropy entropy = entropy_system();
    const struct key *key = realm_key(w.e->realm, REALM_MARKET, KEY_USE_SIGN);
    struct writer body = writer_of(d.body.bytes, sizeof d.body.bytes);
    struct writer out_w = writer_of(out, cap);

    wire_clear(&lianshu_SanctionOrder_msg, &order);
    order.order_id[0] = id;
    wire_clear(&lianshu_Document_msg, &d);
    body = writer_of(d.body.bytes, sizeof d.body.bytes);
    assert_int_equal(wire_encode(&lianshu_SanctionOrder_msg, &order, &body), OK);
    d.body.size = (pb_size_t)body.len;
    d.type = lianshu_DocumentType_TYPE_SANCTION_ORDER;
    d.version = 1;
    d.issued_ms = w.e->now_ms;
    d.by_rule = true;
    document_prepare(&d, REALM_NAME, REALM_MARKET, key, w.e->now_ms, &entropy);
    assert_int_equal(document_make(&d, key, &out_w, hash), OK);
    return out_w.len;
}

struct notice {
    uint8_t obligation, order;
    uint8_t embedded; /* order in the embedded document */
    lianshu_NoticeStage stage;
    lianshu_Force force;
    bool still;
    bool spoil;
};

/* A notice from the hub, as an envelope of its own. */
static struct span notice_envelope(const struct notice *n)
{
    static lianshu_SanctionNotice m;
    static uint8_t bytes[20 << 10];
    static unsigned serial;
    static const char *const to[] = {REALM_INSURANCE};
    struct writer bw = writer_of(bytes, sizeof bytes);
    uint8_t order[SDK_ID_LEN] = {n->order}, id[SDK_ID_LEN];
    char key[16];

    wire_clear(&lianshu_SanctionNotice_msg, &m);
    m.has_subject = true;
    m.subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    (void)snprintf(m.subject.id, sizeof m.subject.id, "91445100DEMA00013Q");
    (void)snprintf(m.subject.name, sizeof m.subject.name, "潮州示例药业有限公司");
    m.obligation_id[0] = n->obligation;
    m.order_id[0] = n->order;
    m.order_version = 1;
    m.stage = n->stage;
    m.force = n->force;
    m.still_restricted = n->still;
    (void)snprintf(m.measure, sizeof m.measure, "M07");
    (void)snprintf(m.rule, sizeof m.rule, "R01");
    m.start_date = 20251120;
    m.issuer_document.size = (pb_size_t)order_document(n->embedded, m.issuer_document.bytes,
                                                       sizeof m.issuer_document.bytes);
    if (n->spoil)
        m.issuer_document.bytes[m.issuer_document.size - 1] ^= 1;
    assert_int_equal(wire_encode(&lianshu_SanctionNotice_msg, &m, &bw), OK);
    (void)snprintf(key, sizeof key, "n%u", serial++);
    const struct sdk_message message = {.key = key,
                                        .type = lianshu_DocumentType_TYPE_SANCTION_NOTICE,
                                        .to = to,
                                        .to_count = 1,
                                        .facts = writer_span(&bw),
                                        .conversation = span_of(order, sizeof order)};
    struct fault fault = {0};
    const enum err err = sdk_send(hub, &message, w.e->now_ms, id, NULL, &fault);
    if (err != OK)
        print_message("%s: %s\n", fault.where, fault.detail);
    assert_int_equal(err, OK);
    assert_int_equal(sdk_commit(hub, w.e->now_ms), OK);
    const size_t n_frames = exchange_pull(w.e, hub); /* older ones may be repeated before it */
    assert_true(n_frames > 0);
    return keep(exchange_frame(w.e, n_frames - 1));
}

static struct span deliver(const struct notice *n)
{
    const struct span envelope = notice_envelope(n);
    exchange_deliver(w.e, site_world_sdk(&w), envelope, ++delivered, 0);
    return envelope;
}

/* Messages that the adapter would send, by type. */
static size_t sent(uint32_t type)
{
    static lianshu_Header h;
    size_t n = 0;

    (void)exchange_pull(w.e, site_world_sdk(&w));
    for (size_t i = 0; i < w.e->frame_count; i++) {
        struct frame_envelope frame;
        if (frame_parse_envelope(exchange_frame(w.e, i), &frame) != OK)
            continue;
        assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &h), OK);
        assert_string_equal(h.destination[0], REALM_HUB);
        n += type == 0 || h.type == type;
    }
    return n;
}

static const char *entry(const char *folder, uint8_t obligation)
{
    static char path[4][128];
    static unsigned next;
    char *out = path[next++ % 4];
    (void)snprintf(out, sizeof path[0], "register/%s/%02x000000000000000000000000000000.json",
                   folder, obligation);
    return out;
}

static void put_answer(const char *name, uint8_t obligation, const char *result, const char *rest)
{
    char path[64], text[512];
    (void)snprintf(path, sizeof path, "source/%s", name);
    (void)snprintf(
        text, sizeof text,
        "{\"ywlx\":\"CJDF\",\"ywbh\":\"%02x000000000000000000000000000000\",\"cljg\":\"%s\""
        "%s}",
        obligation, result, rest);
    site_world_put(&w, path, text);
    site_world_turn(&w);
}

static const struct notice MUST = {
    1, 7, 7, lianshu_NoticeStage_STAGE_IMPOSE, lianshu_Force_FORCE_MUST, false, false};
static const struct notice CONSIDER = {
    2, 7, 7, lianshu_NoticeStage_STAGE_IMPOSE, lianshu_Force_FORCE_CONSIDER, false, false};

static void what_must_be_done_is_accepted_entered_and_reported(void **state)
{
    (void)state;
    const char *first;
    char path[300];

    (void)deliver(&MUST);
    assert_true(site_world_has(&w, entry("M07", 1)));
    assert_int_equal(sent(0), 2);
    assert_int_equal(site_world_count(&w, "sink/sanction.notice", &first), 1);
    (void)snprintf(path, sizeof path, "sink/sanction.notice/%s", first);
    struct json *record = site_world_json(&w, path);
    assert_string_equal(json_get_text(record, "ywlx"), "CJTZ");
    assert_string_equal(json_get_text(record, "bsm"), "91445100DEMA00013Q");
    assert_string_equal(json_get_text(json_get(record, "lianshu"), "sender"), REALM_HUB);
    json_close(&record);
    record = site_world_json(&w, entry("M07", 1));
    assert_string_equal(json_get_text(json_get(record, "register"), "reference"),
                        "M07-010000000000");
    json_close(&record);
}

static void a_notice_is_acted_on_once_however_often_it_comes(void **state)
{
    (void)state;
    const struct span envelope = deliver(&MUST);

    exchange_deliver(w.e, site_world_sdk(&w), envelope, 1, 0); /* the same envelope */
    w.e->now_ms += 5000;
    (void)deliver(&MUST); /* renewed by the hub: another envelope, the same obligation */
    assert_int_equal(sent(0), 2);
    assert_int_equal(site_world_count(&w, "register/M07", NULL), 1);
    assert_int_equal(site_world_count(&w, "sink/sanction.notice", NULL), 2);
}

static void killed_before_the_commit_everything_is_done_again_with_the_same_names(void **state)
{
    (void)state;
    static uint8_t bytes[1 << 17];
    const struct span envelope = notice_envelope(&MUST);
    const size_t n = exchange_delivery(w.e, REALM_INSURANCE, envelope, 1, 0, bytes, sizeof bytes);

    assert_int_equal(turn_input(site_world_sdk(&w), span_of(bytes, n), w.e->now_ms), OK);
    assert_true(site_world_has(&w, entry("M07", 1)));
    site_world_restart(&w);
    assert_int_equal(sent(0), 0);
    exchange_give(w.e, site_world_sdk(&w), span_of(bytes, n));
    assert_int_equal(sent(0), 2);
    assert_int_equal(site_world_count(&w, "register/M07", NULL), 1);
    assert_int_equal(site_world_count(&w, "sink/sanction.notice", NULL), 1);
}

static void what_may_be_considered_waits_for_an_official(void **state)
{
    (void)state;
    (void)deliver(&CONSIDER);
    assert_true(site_world_has(&w, entry("pending", 2)));
    assert_int_equal(sent(0), 0);
    put_answer("a.json", 2, "1", ",\"jdnr\":\"停止结算\",\"jdwh\":\"医保〔2025〕3号\"");
    assert_true(site_world_has(&w, "done/a.json"));
    assert_false(site_world_has(&w, entry("pending", 2)));
    assert_true(site_world_has(&w, entry("M07", 2)));
    assert_int_equal(sent(lianshu_DocumentType_TYPE_SANCTION_ANSWER), 1);
    struct json *record = site_world_json(&w, entry("M07", 2));
    assert_string_equal(json_get_text(json_get(record, "register"), "reference"),
                        "医保〔2025〕3号");
    json_close(&record);
}

static void answer_and_execution_go_together_after_a_kill(void **state)
{
    (void)state;
    char from[512], to[512];

    (void)deliver(&CONSIDER);
    /* Killed after the entry was moved and before the commit. */
    (void)snprintf(from, sizeof from, "%s/register/M07", w.base);
    assert_int_equal(mkdir(from, 0750), 0);
    (void)snprintf(from, sizeof from, "%s/%s", w.base, entry("pending", 2));
    (void)snprintf(to, sizeof to, "%s/%s", w.base, entry("M07", 2));
    assert_int_equal(rename(from, to), 0);
    site_world_restart(&w);
    put_answer("a.json", 2, "1", ",\"jdnr\":\"停止结算\"");
    assert_true(site_world_has(&w, entry("M07", 2)));
    assert_int_equal(sent(0), 2);
}

static void declining_needs_a_legal_reason(void **state)
{
    (void)state;
    (void)deliver(&CONSIDER);
    put_answer("a.json", 2, "2", "");
    struct json *reason = site_world_json(&w, "refused/a.json.reason.json");
    assert_string_equal(json_get_text(reason, "code"), "E646");
    json_close(&reason);
    assert_int_equal(sent(0), 0);
    put_answer("b.json", 2, "2", ",\"flly\":\"未达到法定情形\"");
    assert_true(site_world_has(&w, entry("declined", 2)));
    assert_int_equal(sent(0), 1);
}

static void what_was_considered_is_answered_with_what_was_decided(void **state)
{
    (void)state;
    (void)deliver(&CONSIDER);
    put_answer("a.json", 2, "1", ",\"jdwh\":\"医保〔2025〕3号\"");
    struct json *reason = site_world_json(&w, "refused/a.json.reason.json");
    assert_string_equal(json_get_text(reason, "code"), "E010");
    json_close(&reason);
    assert_int_equal(sent(0), 0);
    assert_true(site_world_has(&w, entry("pending", 2)));
}

static void an_obligation_is_answered_once_and_only_if_it_is_ours(void **state)
{
    (void)state;
    (void)deliver(&MUST);
    (void)deliver(&CONSIDER);
    put_answer("a.json", 2, "1", ",\"jdnr\":\"停止结算\"");
    put_answer("b.json", 2, "1", ",\"jdnr\":\"x\"");
    assert_true(site_world_has(&w, "refused/b.json.reason.json"));
    put_answer("c.json", 1, "1", "");
    assert_true(site_world_has(&w, "refused/c.json.reason.json"));
    put_answer("d.json", 9, "1", "");
    struct json *reason = site_world_json(&w, "refused/d.json.reason.json");
    assert_string_equal(json_get_text(reason, "code"), "E645");
    json_close(&reason);
}

static void a_lift_ends_the_entry_unless_another_order_keeps_it(void **state)
{
    (void)state;
    struct notice lift = MUST;

    lift.stage = lianshu_NoticeStage_STAGE_LIFT;
    lift.still = true;
    (void)deliver(&MUST);
    assert_int_equal(sent(0), 2);
    (void)deliver(&lift);
    assert_true(site_world_has(&w, entry("M07", 1)));
    assert_int_equal(sent(lianshu_DocumentType_TYPE_SANCTION_EXECUTED), 1);
    (void)deliver(&lift); /* again: nothing more to say */
    assert_int_equal(sent(0), 0);
    lift.still = false;
    (void)deliver(&lift);
    assert_false(site_world_has(&w, entry("M07", 1)));
    assert_true(site_world_has(&w, entry("ended", 1)));
}

static void a_lift_of_what_was_never_imposed_is_confirmed(void **state)
{
    (void)state;
    struct notice lift = MUST, pending = CONSIDER;

    lift.stage = lianshu_NoticeStage_STAGE_LIFT;
    (void)deliver(&lift);
    assert_true(site_world_has(&w, entry("ended", 1)));
    assert_int_equal(sent(0), 1);
    (void)deliver(&CONSIDER);
    pending.stage = lianshu_NoticeStage_STAGE_LIFT;
    (void)deliver(&pending);
    assert_false(site_world_has(&w, entry("pending", 2)));
    assert_true(site_world_has(&w, entry("ended", 2)));
    put_answer("late.json", 2, "1", "");
    assert_true(site_world_has(&w, "refused/late.json.reason.json"));
}

static void a_notice_whose_order_does_not_hold_goes_back_unseen(void **state)
{
    (void)state;
    struct notice forged = MUST, other = CONSIDER;
    struct sdk_counts counts;

    forged.spoil = true;
    (void)deliver(&forged);
    other.embedded = 8; /* signed, but about another order */
    (void)deliver(&other);
    assert_int_equal(sdk_counts(site_world_sdk(&w), &counts), OK);
    assert_int_equal(counts.returned, 2);
    assert_int_equal(sent(0), 0);
    assert_int_equal(site_world_count(&w, "sink/sanction.notice", NULL), 0);
    assert_int_equal(site_world_count(&w, "register", NULL), 0);
}

static void what_no_table_names_lies_in_the_sink_as_it_is(void **state)
{
    (void)state;
    static const char *const to[] = {REALM_INSURANCE};
    uint8_t id[SDK_ID_LEN];
    const char *first;
    char path[300];
    const struct sdk_message m = {.key = "h",
                                  .type = lianshu_DocumentType_TYPE_HONOUR,
                                  .to = to,
                                  .to_count = 1,
                                  .facts = exchange_honour("诚信企业")};

    assert_int_equal(sdk_send(market, &m, w.e->now_ms, id, NULL, NULL), OK);
    assert_int_equal(sdk_commit(market, w.e->now_ms), OK);
    assert_int_equal(exchange_pull(w.e, market), 1);
    exchange_deliver(w.e, site_world_sdk(&w), keep(exchange_frame(w.e, 0)), 1, 0);
    assert_int_equal(site_world_count(&w, "sink/honour", &first), 1);
    (void)snprintf(path, sizeof path, "sink/honour/%s", first);
    struct json *record = site_world_json(&w, path);
    assert_string_equal(json_get_text(record, "type"), "honour");
    assert_string_equal(json_get_text(json_get(record, "facts"), "title"), "诚信企业");
    assert_int_equal(strlen(json_get_text(json_get(record, "lianshu"), "envelope")), 64);
    json_close(&record);
}

static void what_its_sender_takes_back_is_marked_beside_the_record(void **state)
{
    (void)state;
    static const char *const to[] = {REALM_INSURANCE};
    uint8_t id[SDK_ID_LEN];
    char path[300];
    const char *first;
    const struct sdk_message m = {.key = "h",
                                  .type = lianshu_DocumentType_TYPE_HONOUR,
                                  .to = to,
                                  .to_count = 1,
                                  .facts = exchange_honour("误发")};

    assert_int_equal(sdk_send(market, &m, w.e->now_ms, id, NULL, NULL), OK);
    assert_int_equal(sdk_commit(market, w.e->now_ms), OK);
    assert_int_equal(exchange_pull(w.e, market), 1);
    const struct span envelope = keep(exchange_frame(w.e, 0));
    exchange_verdict(w.e, market, envelope, lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 0);
    exchange_deliver(w.e, site_world_sdk(&w), envelope, 1, 0);
    assert_int_equal(site_world_count(&w, "sink/honour", &first), 1);
    (void)snprintf(path, sizeof path, "sink/honour/%.64s.withdrawn.json", first);
    assert_int_equal(sdk_withdraw(market, "h", 0, w.e->now_ms, id, NULL), OK);
    assert_int_equal(sdk_commit(market, w.e->now_ms), OK);
    assert_int_equal(exchange_pull(w.e, market), 1);
    exchange_deliver(w.e, site_world_sdk(&w), keep(exchange_frame(w.e, 0)), 1, 0);
    assert_true(site_world_has(&w, path));
    assert_int_equal(site_world_count(&w, "sink/honour", &first), 2);
    assert_int_equal(site_world_count(&w, "sink/withdraw", &first), 1);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_must_be_done_is_accepted_entered_and_reported),
        CASE(a_notice_is_acted_on_once_however_often_it_comes),
        CASE(killed_before_the_commit_everything_is_done_again_with_the_same_names),
        CASE(what_may_be_considered_waits_for_an_official),
        CASE(answer_and_execution_go_together_after_a_kill),
        CASE(declining_needs_a_legal_reason),
        CASE(what_was_considered_is_answered_with_what_was_decided),
        CASE(an_obligation_is_answered_once_and_only_if_it_is_ours),
        CASE(a_lift_ends_the_entry_unless_another_order_keeps_it),
        CASE(a_lift_of_what_was_never_imposed_is_confirmed),
        CASE(a_notice_whose_order_does_not_hold_goes_back_unseen),
        CASE(what_no_table_names_lies_in_the_sink_as_it_is),
        CASE(what_its_sender_takes_back_is_marked_beside_the_record),
    };
    return cmocka_run_group_tests_name("sink", tests, NULL, NULL);
}
