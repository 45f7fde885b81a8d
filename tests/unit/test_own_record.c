/* Checks what adapters/sdk/sdk.h promises of a member's own key record: said to the hub at each
 * connection until the hub says it back, and of no effect before. */
#include "unit/outbox_world.h"

#include "keys/amend.h"
#include "keys/registrar.h"

static struct span record(uint32_t type, uint64_t number, const char *issuer, const struct key *by)
{
    static uint8_t bytes[4096];
    struct writer w = writer_of(bytes, sizeof bytes);
    lianshu_KeyRecord body = {.number = number, .keys_count = 1};
    struct key *fresh = NULL;
    assert_int_equal(key_make(&fresh, KEY_USE_TRANSPORT, f.e->now_ms, &f.e->realm->entropy), OK);
    body.keys[0] = (lianshu_MemberKey){.use = lianshu_KeyUse_KEY_TRANSPORT,
                                       .valid_from_ms = f.e->now_ms,
                                       .valid_until_ms = f.e->now_ms + 60 * REALM_DAY_MS};
    memcpy(body.keys[0].public_key, key_public(fresh), KEY_PUBLIC_LEN);
    key_close(&fresh);
    const struct office_paper paper = {.realm = REALM_NAME,
                                       .type = type,
                                       .desc = &lianshu_KeyRecord_msg,
                                       .body = &body,
                                       .now_ms = f.e->now_ms,
                                       .entropy = &f.e->realm->entropy};
    const struct office_signers signers = {.member = issuer, .keys = &by, .key_count = 1};
    assert_int_equal(office_document(&paper, &signers, &w), OK);
    return writer_span(&w);
}

static const struct key *own(void)
{
    return realm_key(f.e->realm, REALM_MARKET, KEY_USE_SIGN);
}

static struct span good(uint64_t number)
{
    return record(lianshu_DocumentType_TYPE_KEY_RECORD, number, REALM_MARKET, own());
}

static enum err give(struct span lsd1)
{
    struct fault fault = {.err = OK};
    const enum err err = sdk_key_record(f.market, lsd1, f.e->now_ms, &fault);
    if (err == OK)
        assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    else
        sdk_rollback(f.market);
    return err;
}

/* How many of what goes out now are records; the last of them stands in out. */
static size_t said(lianshu_Amendments *out)
{
    static lianshu_Control c;
    const size_t count = exchange_pull(f.e, f.market);
    size_t records = 0;
    for (size_t i = 0; i < count; i++)
        if (frame_read_control(exchange_frame(f.e, i), &c) == OK &&
            c.which_body == lianshu_Control_amendments_tag) {
            *out = c.body.amendments;
            records++;
        }
    return records;
}

static void it_is_said_at_each_connection_until_the_hub_says_it_back(void **state)
{
    static lianshu_Amendments body;
    static uint8_t bytes[4096];
    (void)state;
    const struct span lsd1 = good(1);
    memcpy(bytes, lsd1.data, lsd1.len);
    const struct span kept = span_of(bytes, lsd1.len);
    assert_int_equal(give(kept), OK); /* nobody is connected */
    for (int i = 0; i < 2; i++) {
        restart();
        exchange_connect(f.e, f.market);
        assert_int_equal(said(&body), 1);
        assert_int_equal(body.documents_count, 1);
        assert_true(span_eq(span_of(body.documents[0].bytes, body.documents[0].size), kept));
        assert_int_equal(said(&body), 0);
        assert_int_equal(registry_amendment_count(f.market->registry), 0);
    }
    exchange_amend(f.e, f.market, kept);
    assert_int_equal(registry_amendment_count(f.market->registry), 1);
    restart();
    exchange_connect(f.e, f.market);
    assert_int_equal(said(&body), 0);
}

static void while_connected_it_goes_at_once(void **state)
{
    static lianshu_Amendments body;
    (void)state;
    exchange_connect(f.e, f.market);
    assert_int_equal(said(&body), 0);
    assert_int_equal(give(good(1)), OK);
    assert_int_equal(said(&body), 1);
}

static void several_go_in_the_order_of_their_numbers(void **state)
{
    static lianshu_Amendments body;
    (void)state;
    assert_int_equal(give(good(2)), OK);
    assert_int_equal(give(good(1)), OK);
    exchange_connect(f.e, f.market);
    assert_int_equal(said(&body), 2); /* the later one last */
    static lianshu_Document d;
    static lianshu_KeyRecord last;
    struct frame_document frame;
    assert_int_equal(
        frame_parse_document(span_of(body.documents[0].bytes, body.documents[0].size), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, frame.document, &d), OK);
    assert_int_equal(wire_decode(&lianshu_KeyRecord_msg, span_of(d.body.bytes, d.body.size), &last),
                     OK);
    assert_int_equal(last.number, 2);
}

static void what_is_no_record_of_this_member_is_refused(void **state)
{
    static lianshu_Amendments body;
    static uint8_t bytes[4096];
    const uint32_t type = lianshu_DocumentType_TYPE_KEY_RECORD;
    (void)state;
    assert_int_equal(
        give(record(type, 1, REALM_HEALTH, realm_key(f.e->realm, REALM_HEALTH, KEY_USE_SIGN))),
        ERR_KEY_NOT_SENDERS);
    assert_int_not_equal(
        give(record(type, 1, REALM_MARKET, realm_key(f.e->realm, REALM_HEALTH, KEY_USE_SIGN))), OK);
    assert_int_equal(give(record(lianshu_DocumentType_TYPE_HONOUR, 1, REALM_MARKET, own())),
                     ERR_HEADER);
    const struct span lsd1 = good(1);
    memcpy(bytes, lsd1.data, lsd1.len);
    bytes[lsd1.len - 1] ^= 1;
    assert_int_equal(give(span_of(bytes, lsd1.len)), ERR_SIGNATURE);
    assert_int_not_equal(give(span_of(bytes, 3)), OK);
    exchange_connect(f.e, f.market);
    assert_int_equal(said(&body), 0);
}

static void a_number_that_is_in_effect_is_refused(void **state)
{
    static uint8_t bytes[4096];
    (void)state;
    const struct span lsd1 = good(1);
    memcpy(bytes, lsd1.data, lsd1.len);
    exchange_amend(f.e, f.market, span_of(bytes, lsd1.len));
    assert_int_equal(give(good(1)), ERR_REGISTRY_ROLLBACK);
    assert_int_equal(give(good(2)), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_is_said_at_each_connection_until_the_hub_says_it_back),
        CASE(while_connected_it_goes_at_once),
        CASE(several_go_in_the_order_of_their_numbers),
        CASE(what_is_no_record_of_this_member_is_refused),
        CASE(a_number_that_is_in_effect_is_refused),
    };
    return cmocka_run_group_tests_name("own_record", tests, NULL, NULL);
}
