/* Checks what sdk.h promises of groups: resolved once, split, one message to its sender. */
#include "exchange.h"

#include "base/file.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLINICS = 40 };

struct fixture {
    struct exchange *e;
    struct sdk *market;
    struct key *seal[CLINICS];
};

static struct fixture f;

/* health.445101 … health.445140, with an encryption key each; and a part of one, of its own. */
static void add_clinics(struct realm *r)
{
    static lianshu_MemberRecord records[REALM_MEMBERS + CLINICS + 1];

    memset(records, 0, sizeof records);
    memcpy(records, r->records, sizeof r->records);
    for (size_t i = 0; i <= CLINICS; i++) {
        lianshu_MemberRecord *record = &records[REALM_MEMBERS + i];
        struct key *key = NULL;
        (void)snprintf(record->member, sizeof record->member,
                       i < CLINICS ? "health.4451%02zu" : "health-cdc.4451%02zu", i + 1);
        (void)snprintf(record->name_zh, sizeof record->name_zh, "成员%zu", i);
        (void)snprintf(record->name_en, sizeof record->name_en, "Member %zu", i);
        assert_int_equal(key_make(&key, KEY_USE_SEAL, REALM_NOW_MS, &r->entropy), OK);
        record->keys_count = 1;
        record->keys[0].use = lianshu_KeyUse_KEY_SEAL;
        memcpy(record->keys[0].public_key, key_public(key), KEY_PUBLIC_LEN);
        record->keys[0].valid_from_ms = REALM_NOW_MS - REALM_DAY_MS;
        record->keys[0].valid_until_ms = REALM_NOW_MS + 365 * REALM_DAY_MS;
        key_close(&key);
    }
    const struct registry_make make = realm_make(r, 2);
    realm_write(&make, records, REALM_MEMBERS + CLINICS + 1, exchange_path(f.e, "registry.lsg"));
}

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.e = exchange_open(5);
    add_clinics(f.e->realm);
    f.market = exchange_sdk(f.e, REALM_MARKET, NULL);
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

static enum err send(const char *key, const char *const *to, size_t to_count, struct fault *fault)
{
    uint8_t id[SDK_ID_LEN];
    const struct sdk_message m = {.key = key,
                                  .type = lianshu_DocumentType_TYPE_HONOUR,
                                  .to = to,
                                  .to_count = to_count,
                                  .facts = exchange_honour("to all")};
    enum err err = sdk_send(f.market, &m, f.e->now_ms, id, NULL, fault);
    if (err == OK)
        err = sdk_commit(f.market, f.e->now_ms);
    return err;
}

static void header(size_t i, lianshu_Header *h)
{
    struct frame_envelope frame;

    assert_int_equal(frame_parse_envelope(exchange_frame(f.e, i), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, h), OK);
}

static enum sdk_state state_of(const char *key)
{
    enum sdk_state state = SDK_QUEUED;
    uint8_t id[SDK_ID_LEN], env_id[SDK_ENV_ID_LEN];
    assert_int_equal(sdk_status(f.market, key, &state, id, env_id), OK);
    return state;
}

static void
a_group_is_split_into_envelopes_that_share_conversation_and_reach_each_once(void **state)
{
    (void)state;
    static lianshu_Header h[2];
    /* The department of the city itself is one of them; naming a member twice is once. */
    static const char *const to[] = {"health.445100/*", "health.445107"};
    unsigned seen[CLINICS + 1] = {0};

    assert_int_equal(send("all", to, 2, NULL), OK);
    assert_int_equal(exchange_pull(f.e, f.market), 2);
    for (size_t i = 0; i < 2; i++) {
        header(i, &h[i]);
        assert_in_range(h[i].destination_count, 1, SDK_DESTINATION_MAX);
        assert_in_range(h[i].parts[0].audience_count, 2, 32);
        assert_int_equal(h[i].sequence, i + 1);
        for (size_t k = 0; k < h[i].destination_count; k++) {
            unsigned n = 0;
            assert_int_equal(sscanf(h[i].destination[k], "health.4451%2u", &n), 1);
            assert_in_range(n, 0, CLINICS);
            seen[n]++;
        }
    }
    for (size_t i = 0; i <= CLINICS; i++)
        assert_int_equal(seen[i], 1);
    assert_memory_equal(h[0].conversation.bytes, h[1].conversation.bytes, SDK_ID_LEN);
    assert_memory_not_equal(h[0].message_id, h[1].message_id, SDK_ID_LEN);
    assert_memory_not_equal(h[0].conversation.bytes, h[0].message_id, SDK_ID_LEN);
}

static void the_state_of_the_key_is_that_of_all_its_envelopes(void **state)
{
    (void)state;
    static const char *const to[] = {"health.445100/*"};
    static uint8_t kept[2][1 << 15];
    size_t len[2];

    assert_int_equal(send("all", to, 1, NULL), OK);
    assert_int_equal(exchange_pull(f.e, f.market), 2);
    for (size_t i = 0; i < 2; i++) {
        len[i] = f.e->frame_len[i];
        assert_true(len[i] <= sizeof kept[i]);
        memcpy(kept[i], f.e->frame[i], len[i]);
    }
    assert_int_equal(state_of("all"), SDK_SENT);
    exchange_verdict(f.e, f.market, span_of(kept[0], len[0]), lianshu_ReceiptKind_RECEIPT_REJECTED,
                     ERR_NO_RIGHT, 0);
    assert_int_equal(state_of("all"), SDK_SENT); /* one of them is still to be answered */
    exchange_verdict(f.e, f.market, span_of(kept[1], len[1]), lianshu_ReceiptKind_RECEIPT_ACCEPTED,
                     OK, 0);
    assert_int_equal(state_of("all"), SDK_ACCEPTED);
    exchange_verdict(f.e, f.market, span_of(kept[1], len[1]), lianshu_ReceiptKind_RECEIPT_EXPIRED,
                     ERR_EXPIRED, 0);
    assert_int_equal(state_of("all"), SDK_REJECTED); /* over, and it did not go well */
}

static void a_key_to_a_group_is_one_message_whoever_has_joined_since(void **state)
{
    (void)state;
    static const char *const to[] = {"health.445100/*"};
    static const char *const other[] = {"health.445101/*"};

    assert_int_equal(send("all", to, 1, NULL), OK);
    assert_int_equal(send("all", to, 1, NULL), OK);
    assert_int_equal(exchange_pull(f.e, f.market), 2);
    assert_int_equal(send("all", other, 1, NULL), ERR_CONFLICT);
    sdk_rollback(f.market);
}

static void a_small_group_is_one_envelope_like_any_other(void **state)
{
    (void)state;
    static const char *const to[] = {"health.445103/*", REALM_HUB};
    static lianshu_Header h;

    assert_int_equal(send("few", to, 2, NULL), OK);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    header(0, &h);
    assert_int_equal(h.destination_count, 2);
    assert_string_equal(h.destination[0], "health.445103");
    assert_string_equal(h.destination[1], REALM_HUB);
    assert_memory_equal(h.conversation.bytes, h.message_id, SDK_ID_LEN);
    assert_int_equal(h.sequence, 0);
}

static void a_group_of_nobody_is_refused_and_named(void **state)
{
    (void)state;
    static const char *const rows[] = {"insurance.445103/*", "market.445100/*", "nobody.445100/*",
                                       "health.445103/",     "health/*",        "/*"};

    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct fault fault = {0};
        print_message("row %s\n", rows[i]);
        assert_int_equal(send("x", &rows[i], 1, &fault), ERR_MEMBER_UNKNOWN);
        assert_string_equal(fault.where, "to");
        assert_non_null(strstr(fault.detail, rows[i]));
    }
    assert_int_equal(exchange_pull(f.e, f.market), 0);
}

static void not_before_travels_in_the_header_and_is_part_of_the_content(void **state)
{
    (void)state;
    static const char *const to[] = {REALM_HEALTH};
    static lianshu_Header h;
    uint8_t id[SDK_ID_LEN];
    struct fault fault = {0};
    struct sdk_message m = {.key = "later",
                            .type = lianshu_DocumentType_TYPE_HONOUR,
                            .to = to,
                            .to_count = 1,
                            .facts = exchange_honour("later"),
                            .not_before_ms = f.e->now_ms + 3600000};

    assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, id, NULL, &fault), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    header(0, &h);
    assert_int_equal(h.not_before_ms, m.not_before_ms);
    m.not_before_ms++;
    assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, id, NULL, &fault), ERR_CONFLICT);
    m.key = "never";
    m.expires_ms = f.e->now_ms + 1000;
    m.not_before_ms = m.expires_ms;
    assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, id, NULL, &fault), ERR_LIFE);
    assert_string_equal(fault.where, "not_before");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_group_is_split_into_envelopes_that_share_conversation_and_reach_each_once),
        CASE(the_state_of_the_key_is_that_of_all_its_envelopes),
        CASE(a_key_to_a_group_is_one_message_whoever_has_joined_since),
        CASE(a_small_group_is_one_envelope_like_any_other),
        CASE(a_group_of_nobody_is_refused_and_named),
        CASE(not_before_travels_in_the_header_and_is_part_of_the_content),
    };
    return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
