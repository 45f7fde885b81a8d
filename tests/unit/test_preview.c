/* Checks what adapters/runtime/source.h, answer.h and sdk_preview promise about asking before
 * acting: the hub alone is asked, the document is not sent, and the answer stands beside the
 * record. */
#include "site_world.h"

#include "redress.pb.h"

#include "t.h"

#include <stdio.h>
#include <string.h>

#define RECORD                                                                                     \
    "{\"type\":\"honour\",\"to\":[\"health\"],\"facts\":{\"subject\":{\"kind\":\"enterprise\","    \
    "\"id\":\"91445100DEMA00013Q\",\"name\":\"n\",\"region\":\"445102\"},\"title\":\"t\","         \
    "\"date\":\"2025-11-01\"}}"

static struct site_world w;
static struct sdk *hub;

static int setup(void **state)
{
    (void)state;
    site_world_open(&w, REALM_MARKET, "adapters/market");
    hub = exchange_sdk(w.e, REALM_HUB, NULL);
    exchange_connect(w.e, hub);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sdk_close(&hub);
    site_world_close(&w);
    return 0;
}

/* The envelopes that would go now; the header of the last. */
static size_t going(lianshu_Header *header)
{
    size_t n = 0;

    (void)exchange_pull(w.e, site_world_sdk(&w));
    for (size_t i = 0; i < w.e->frame_count; i++) {
        struct frame_envelope frame;
        if (frame_parse_envelope(exchange_frame(w.e, i), &frame) != OK)
            continue;
        assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, header), OK);
        n++;
    }
    return n;
}

static uint64_t queued(void)
{
    struct sdk_counts counts;
    assert_int_equal(sdk_counts(site_world_sdk(&w), &counts), OK);
    return counts.queued;
}

static void ask(const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "source/%s", name);
    site_world_put(&w, path, RECORD);
    site_world_turn(&w);
}

/* The hub answers a question: code, one ground, an obligation. */
static void answer(const lianshu_Header *h, const uint8_t env_id[static HASH_LEN], enum err code)
{
    static lianshu_PreviewAnswer a;
    static uint8_t bytes[4096], parcel[1 << 16];
    static uint64_t number;
    static const char *const to[] = {REALM_MARKET};
    struct writer out = writer_of(bytes, sizeof bytes);
    struct fault fault = {0};
    uint8_t id[SDK_ID_LEN];
    char key[24];

    wire_clear(&lianshu_PreviewAnswer_msg, &a);
    a.code = (uint32_t)code;
    a.obligations = 3;
    a.grounds_count = code == OK ? 0 : 1;
    (void)snprintf(a.grounds[0].measure, sizeof a.grounds[0].measure, "M21");
    (void)snprintf(a.grounds[0].basis, sizeof a.grounds[0].basis, "DL118");
    a.grounds[0].order_version = 1;
    a.at_ms = w.e->now_ms;
    assert_int_equal(wire_encode(&lianshu_PreviewAnswer_msg, &a, &out), OK);
    (void)snprintf(key, sizeof key, "a%u", (unsigned)number);
    const struct sdk_message m = {.key = key,
                                  .type = lianshu_DocumentType_TYPE_PREVIEW_ANSWER,
                                  .to = to,
                                  .to_count = 1,
                                  .facts = writer_span(&out),
                                  .conversation = span_of(h->conversation.bytes, SDK_ID_LEN),
                                  .in_reply_to = span_of(env_id, HASH_LEN)};
    const enum err err = sdk_send(hub, &m, w.e->now_ms, id, NULL, &fault);
    if (err != OK)
        print_message("%s: %s\n", fault.where, fault.detail);
    assert_int_equal(err, OK);
    assert_int_equal(sdk_commit(hub, w.e->now_ms), OK);
    const size_t n = exchange_pull(w.e, hub);
    assert_true(n > 0);
    const struct span frame = exchange_frame(w.e, n - 1);
    assert_true(frame.len < sizeof parcel);
    memcpy(parcel, frame.data, frame.len);
    number++;
    exchange_deliver(w.e, site_world_sdk(&w), span_of(parcel, frame.len), 1, 0);
}

/* Of the last envelope that goes. */
static void question_id(uint8_t out[static HASH_LEN])
{
    struct frame_envelope e;
    uint8_t header_hash[HASH_LEN];
    assert_int_equal(frame_parse_envelope(exchange_frame(w.e, w.e->frame_count - 1), &e), OK);
    envelope_id(&e, header_hash, out);
}

static void the_hub_is_asked_and_the_document_is_not_sent(void **state)
{
    lianshu_Header h;
    (void)state;
    ask("a.preview.json");
    assert_int_equal(going(&h), 1);
    assert_int_equal(h.type, lianshu_DocumentType_TYPE_PREVIEW);
    assert_int_equal(h.destination_count, 1);
    assert_string_equal(h.destination[0], REALM_HUB);
    assert_true(site_world_has(&w, "done/a.preview.json"));
}

static void only_the_ending_makes_a_question(void **state)
{
    static const char *const names[] = {"preview.json", "a.previews.json", "preview.a.json"};
    lianshu_Header h;
    (void)state;
    for (size_t i = 0; i < T_COUNT(names); i++) {
        ask(names[i]);
        assert_true(going(&h) > 0);
        assert_int_equal(h.type, lianshu_DocumentType_TYPE_HONOUR);
    }
}

static void the_answer_stands_beside_the_record(void **state)
{
    static const struct {
        enum err code;
        bool passes;
    } rows[] = {{OK, true}, {ERR_FLAGGED, true}, {ERR_HELD, false}, {ERR_RESTRICTED, false}};
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        lianshu_Header h;
        uint8_t env_id[HASH_LEN];
        char name[32], path[64];
        print_message("row %zu\n", i);
        (void)snprintf(name, sizeof name, "r%zu.preview.json", i);
        ask(name);
        assert_true(going(&h) > 0);
        question_id(env_id);
        answer(&h, env_id, rows[i].code);
        (void)snprintf(path, sizeof path, "done/%s.answer.1.json", name);
        struct json *a = site_world_json(&w, path);
        assert_true(json_flag(json_get(a, "passes")) == rows[i].passes);
        assert_true((json_get_text(a, "code") != NULL) == (rows[i].code != OK));
        assert_int_equal(json_count(json_get(a, "grounds")), rows[i].code != OK);
        if (rows[i].code != OK)
            assert_string_equal(json_get_text(json_item(json_get(a, "grounds"), 0), "basis"),
                                "DL118");
        json_close(&a);
    }
}

static void an_answer_to_nothing_of_ours_makes_no_file(void **state)
{
    lianshu_Header h;
    uint8_t env_id[HASH_LEN];
    (void)state;
    ask("a.preview.json");
    assert_int_equal(going(&h), 1);
    question_id(env_id);
    env_id[0] ^= 1;
    answer(&h, env_id, OK);
    assert_int_equal(site_world_count(&w, "sink/preview.answer", NULL), 1);
    assert_false(site_world_has(&w, "done/a.preview.json.answer.1.json"));
}

static void the_same_file_again_asks_again(void **state)
{
    lianshu_Header h;
    (void)state;
    ask("a.preview.json");
    assert_int_equal(queued(), 1);
    ask("a.preview.json");
    assert_int_equal(queued(), 2);
    ask("a.json"); /* and sending it afterwards is no repetition */
    assert_int_equal(queued(), 3);
    assert_true(going(&h) > 0);
    assert_int_equal(h.type, lianshu_DocumentType_TYPE_HONOUR);
}

static void what_cannot_be_asked_about_is_refused_here(void **state)
{
    static const char *const records[] = {
        "{\"type\":\"preview\",\"facts\":{\"type\":15,\"body\":\"AA==\"}}",
        "{\"type\":\"sanction.notice\",\"facts\":{}}",
        "{\"type\":\"honour\",\"to\":[\"health\"],\"facts\":{}}",
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(records); i++) {
        lianshu_Header h;
        char path[64];
        print_message("row %zu\n", i);
        (void)snprintf(path, sizeof path, "source/b%zu.preview.json", i);
        site_world_put(&w, path, records[i]);
        site_world_turn(&w);
        (void)snprintf(path, sizeof path, "refused/b%zu.preview.json.reason.json", i);
        assert_true(site_world_has(&w, path));
        assert_int_equal(going(&h), 0);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_hub_is_asked_and_the_document_is_not_sent),
        CASE(only_the_ending_makes_a_question),
        CASE(the_answer_stands_beside_the_record),
        CASE(an_answer_to_nothing_of_ours_makes_no_file),
        CASE(the_same_file_again_asks_again),
        CASE(what_cannot_be_asked_about_is_refused_here),
    };
    return cmocka_run_group_tests_name("preview", tests, NULL, NULL);
}
