/* Checks what adapters/sdk/sdk.h promises of messages whose signing key is revoked: held for two
 * officials; and that an adapter keeps what its registry was amended by. */
#include "unit/inbox_world.h"

#include "keys/amend.h"
#include "keys/registrar.h"
#include "keys/roles.h"

enum { HOUR = 3600 * 1000 };

static struct span office(uint32_t type, const pb_msgdesc_t *desc, const void *body,
                          const char *issuer, const struct key *const *keys, size_t count,
                          uint64_t valid_until_ms)
{
    return exchange_office(
        p.e,
        (struct office_paper){
            .type = type, .desc = desc, .body = body, .valid_until_ms = valid_until_ms},
        &(struct office_signers){.member = issuer, .keys = keys, .key_count = count});
}

/* Health is told that a key of this member is revoked. */
static void revoked(uint64_t number, const char *member, enum key_use use, uint64_t since_ms)
{
    const struct key *registrar = p.e->realm->registrar;
    lianshu_Revocation body = {.number = number,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED,
                               .compromised_since_ms = since_ms};
    (void)snprintf(body.member, sizeof body.member, "%s", member);
    memcpy(body.kid, key_kid(realm_key(p.e->realm, member, use)), KID_LEN);
    const struct span lsd1 =
        office(lianshu_DocumentType_TYPE_KEY_REVOCATION, &lianshu_Revocation_msg, &body,
               "registrar.445100", &registrar, 1, 0);
    exchange_amend(p.e, p.health, lsd1);
}

/* What a test does otherwise than it should. */
struct other {
    lianshu_OfficialVerb verb;
    const char *recipient;
    const char *issuer;
    const struct key *second; /* official */
    size_t keys;
    bool over, other_id;
};

static struct span act_on(size_t kept, const struct other *o)
{
    static struct frame_envelope env;
    static lianshu_Header h;
    const struct key *keys[] = {realm_official(p.e->realm, 0),
                                o->second != NULL ? o->second : realm_official(p.e->realm, 1)};
    lianshu_OfficialAct body = {.verb = o->verb};
    assert_int_equal(frame_parse_envelope(envelope(kept), &env), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, env.header, &h), OK);
    (void)snprintf(body.recipient, sizeof body.recipient, "%s",
                   o->recipient != NULL ? o->recipient : REALM_HEALTH);
    (void)snprintf(body.sender, sizeof body.sender, "%s", h.sender);
    memcpy(body.message_id, h.message_id, SDK_ID_LEN);
    body.message_id[0] ^= o->other_id;
    return office(lianshu_DocumentType_TYPE_OFFICIAL_ACT, &lianshu_OfficialAct_msg, &body,
                  o->issuer != NULL ? o->issuer : REALM_HUB, keys, o->keys != 0 ? o->keys : 2,
                  p.e->now_ms + (o->over ? 1 : HOUR));
}

static enum err decide(size_t kept, const struct other *o)
{
    struct fault fault = {.err = OK};
    const struct span lsd1 = act_on(kept, o);
    p.e->now_ms += o->over;
    const enum err err = sdk_act(p.health, lsd1, p.e->now_ms, &fault);
    assert_int_equal(sdk_commit(p.health, p.e->now_ms), OK);
    return err;
}

static size_t held(void)
{
    struct sdk_held row;
    uint64_t cursor = 0;
    size_t count = 0;
    while (sdk_held(p.health, &cursor, &row) == OK) {
        assert_string_equal(row.sender, REALM_MARKET);
        assert_int_equal(row.type, lianshu_DocumentType_TYPE_HONOUR);
        count++;
    }
    return count;
}

static enum err count_one(void *ctx, const struct sdk_held *row)
{
    assert_string_equal(row->sender, REALM_MARKET);
    ++*(size_t *)ctx;
    return OK;
}

/* As the command line sees it, beside the adapter that runs. */
static size_t held_beside(void)
{
    struct fault fault = {.err = OK};
    size_t count = 0;
    const struct sdk_config config = exchange_config(p.e, REALM_HEALTH);
    assert_int_equal(sdk_held_beside(config.state_dir, count_one, &count, &fault), OK);
    return count;
}

static void make(size_t n, uint8_t conversation)
{
    for (size_t i = 0; i < n; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "m%zu-%u", i, conversation);
        pair_send(&p, p.market, key, conversation);
    }
    pair_keep(&p, p.market, n);
}

static size_t receipts(lianshu_Receipt *last)
{
    return exchange_receipts(p.e, p.health, last);
}

static void what_a_doubted_key_signed_is_held_and_neither_shown_nor_receipted(void **state)
{
    static lianshu_Receipt last;
    (void)state;
    make(1, 0);
    revoked(1, REALM_MARKET, KEY_USE_SIGN, p.e->now_ms - HOUR);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(f.seen, 0);
    assert_int_equal(receipts(&last), 0);
    assert_int_equal(held(), 1);
    assert_int_equal(held_beside(), 1);
    /* again, and after a kill */
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    restart();
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(f.seen, 0);
    assert_int_equal(held(), 1);
    assert_int_equal(receipts(&last), 0);
}

static void two_officials_release_it_to_the_application(void **state)
{
    static lianshu_Receipt last;
    (void)state;
    make(1, 0);
    revoked(1, REALM_MARKET, KEY_USE_SIGN, p.e->now_ms - HOUR);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(decide(0, &(struct other){.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE}), OK);
    assert_int_equal(f.seen, 1);
    assert_int_equal(held(), 0);
    assert_int_equal(held_beside(), 0);
    assert_int_equal(receipts(&last), 1);
    assert_int_equal(last.kind, lianshu_ReceiptKind_RECEIPT_DELIVERED);
    /* once */
    assert_int_equal(decide(0, &(struct other){.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE}),
                     ERR_NOT_FOUND);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(f.seen, 1);
}

static void two_officials_return_it_to_its_sender(void **state)
{
    static lianshu_Receipt last;
    (void)state;
    make(1, 0);
    revoked(1, REALM_MARKET, KEY_USE_SIGN, p.e->now_ms - HOUR);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(decide(0, &(struct other){.verb = lianshu_OfficialVerb_OFFICIAL_RETURN}), OK);
    assert_int_equal(f.seen, 0);
    assert_int_equal(held(), 0);
    assert_int_equal(receipts(&last), 1);
    assert_int_equal(last.kind, lianshu_ReceiptKind_RECEIPT_RETURNED);
    assert_int_equal(last.code, ERR_REVOKED);
    assert_int_equal(decide(0, &(struct other){.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE}),
                     ERR_NOT_FOUND);
}

static void nobody_else_decides_on_it(void **state)
{
    const struct key *market = realm_key(p.e->realm, REALM_MARKET, KEY_USE_SIGN);
    const lianshu_OfficialVerb release = lianshu_OfficialVerb_OFFICIAL_RELEASE;
    const struct {
        struct other other;
        enum err want;
    } rows[] = {
        {{.verb = release, .keys = 1}, ERR_TWO_OFFICIALS},
        {{.verb = release, .issuer = REALM_POLICE}, ERR_KEY_NOT_SENDERS},
        {{.verb = release, .second = market}, ERR_KEY_NOT_SENDERS},
        {{.verb = release, .recipient = REALM_POLICE}, ERR_HEADER},
        {{.verb = lianshu_OfficialVerb_OFFICIAL_UNMASK}, ERR_HEADER},
        {{.verb = release, .other_id = true}, ERR_NOT_FOUND},
        {{.verb = release, .over = true}, ERR_EXPIRED},
    };
    (void)state;
    make(1, 0);
    revoked(1, REALM_MARKET, KEY_USE_SIGN, p.e->now_ms - HOUR);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(decide(0, &rows[i].other), rows[i].want);
        assert_int_equal(f.seen, 0);
        assert_int_equal(held(), 1);
    }
}

static void an_official_whose_key_is_revoked_decides_nothing(void **state)
{
    (void)state;
    make(1, 0);
    revoked(1, REALM_MARKET, KEY_USE_SIGN, p.e->now_ms - HOUR);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    revoked(2, REALM_HUB, KEY_USE_OFFICIAL, 0);
    assert_int_equal(decide(0, &(struct other){.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE}),
                     ERR_REVOKED);
    assert_int_equal(held(), 1);
}

static void what_was_accepted_before_the_doubt_is_shown(void **state)
{
    (void)state;
    make(2, 0);
    p.e->now_ms += HOUR;
    revoked(1, REALM_MARKET, KEY_USE_SIGN, 0); /* from now on */
    p.e->now_ms -= HOUR;
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(f.seen, 1);
    p.e->now_ms += HOUR;
    exchange_deliver(p.e, p.health, envelope(1), 1, 0);
    assert_int_equal(f.seen, 1);
    assert_int_equal(held(), 1);
}

/* Nobody is to look through what never was good. */
static void what_does_not_verify_is_returned_and_not_held(void **state)
{
    static lianshu_Receipt last;
    static uint8_t bytes[FRAME_ROOM];
    (void)state;
    make(1, 0);
    revoked(1, REALM_MARKET, KEY_USE_SIGN, p.e->now_ms - HOUR);
    const struct span good = envelope(0);
    memcpy(bytes, good.data, good.len);
    bytes[good.len - 1] ^= 1; /* of the signature */
    exchange_deliver(p.e, p.health, span_of(bytes, good.len), 1, 0);
    assert_int_equal(held(), 0);
    assert_int_equal(f.seen, 0);
    assert_int_equal(receipts(&last), 1);
    assert_int_equal(last.kind, lianshu_ReceiptKind_RECEIPT_RETURNED);
    assert_int_equal(last.code, ERR_SIGNATURE);
}

static void what_follows_in_its_conversation_waits_and_goes_on(void **state)
{
    static const lianshu_OfficialVerb verbs[] = {lianshu_OfficialVerb_OFFICIAL_RELEASE,
                                                 lianshu_OfficialVerb_OFFICIAL_RETURN};
    (void)state;
    for (size_t i = 0; i < T_COUNT(verbs); i++) {
        const uint8_t conversation = (uint8_t)(i + 1);
        const unsigned before = f.seen;
        const size_t at = p.e->kept_count;
        make(3, conversation);
        if (i == 0) {
            revoked(1, REALM_MARKET, KEY_USE_SIGN, p.e->now_ms - HOUR);
        }
        exchange_deliver(p.e, p.health, envelope(at), 1, 0);
        exchange_deliver(p.e, p.health, envelope(at + 1), 2, 0);
        assert_int_equal(f.seen, before);
        assert_int_equal(held(), 2);
        assert_int_equal(decide(at, &(struct other){.verb = verbs[i]}), OK);
        assert_int_equal(f.seen, before + (i == 0));
        assert_int_equal(held(), 1);
        assert_int_equal(
            decide(at + 1, &(struct other){.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE}), OK);
        assert_int_equal(f.seen, before + 1 + (i == 0));
        assert_int_equal(held(), 0);
    }
}

static void a_later_one_that_is_released_first_waits_for_the_earlier(void **state)
{
    (void)state;
    make(2, 7);
    revoked(1, REALM_MARKET, KEY_USE_SIGN, p.e->now_ms - HOUR);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    exchange_deliver(p.e, p.health, envelope(1), 2, 0);
    assert_int_equal(decide(1, &(struct other){.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE}), OK);
    assert_int_equal(f.seen, 0);
    assert_int_equal(decide(0, &(struct other){.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE}), OK);
    assert_int_equal(f.seen, 2);
}

static void what_waited_for_its_turn_when_the_doubt_came_is_held(void **state)
{
    (void)state;
    make(2, 8);
    exchange_deliver(p.e, p.health, envelope(1), 2, 0);
    assert_int_equal(held(), 0);
    revoked(1, REALM_MARKET, KEY_USE_SIGN, p.e->now_ms - HOUR);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(decide(0, &(struct other){.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE}), OK);
    assert_int_equal(f.seen, 1);
    assert_int_equal(held(), 1);
    assert_int_equal(decide(1, &(struct other){.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE}), OK);
    assert_int_equal(f.seen, 2);
}

static void an_adapter_knows_after_a_restart_and_says_so(void **state)
{
    const struct registry_key *key;
    static lianshu_Control c;
    const struct key *sign = realm_key(p.e->realm, REALM_MARKET, KEY_USE_SIGN);
    uint8_t digest[HASH_LEN];
    (void)state;
    revoked(1, REALM_MARKET, KEY_USE_SIGN, 0);
    memcpy(digest, registry_amended(p.health->registry).data, HASH_LEN);
    sdk_close(&p.health);
    p.health = exchange_sdk(p.e, REALM_HEALTH, &p.handler);
    assert_int_equal(registry_signer(p.health->registry, REALM_MARKET, key_kid(sign), KEY_USE_SIGN,
                                     p.e->now_ms, &key),
                     ERR_REVOKED);
    turn_connection(p.health, true, p.e->now_ms);
    assert_int_equal(exchange_pull(p.e, p.health), 1);
    assert_int_equal(frame_read_control(exchange_frame(p.e, 0), &c), OK);
    assert_int_equal(c.which_body, lianshu_Control_hello_tag);
    assert_int_equal(c.body.hello.amendments.size, HASH_LEN);
    assert_memory_equal(c.body.hello.amendments.bytes, digest, HASH_LEN);
}

static void an_adapter_believes_no_hub_that_no_registrar_has_signed_for(void **state)
{
    static uint8_t bytes[4096];
    const struct key *hub = realm_key(p.e->realm, REALM_HUB, KEY_USE_SIGN);
    lianshu_Revocation body = {.number = 1,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED};
    lianshu_Control c = {.kind = lianshu_ControlKind_CONTROL_AMENDMENTS,
                         .which_body = lianshu_Control_amendments_tag};
    (void)state;
    (void)snprintf(body.member, sizeof body.member, REALM_MARKET);
    memcpy(body.kid, key_kid(realm_key(p.e->realm, REALM_MARKET, KEY_USE_SIGN)), KID_LEN);
    static const char *const issuers[] = {REALM_HUB, "registrar.445100"};
    for (size_t i = 0; i < T_COUNT(issuers); i++) {
        const struct span lsd1 = office(lianshu_DocumentType_TYPE_KEY_REVOCATION,
                                        &lianshu_Revocation_msg, &body, issuers[i], &hub, 1, 0);
        struct writer w = writer_of(bytes, sizeof bytes);
        c.body.amendments.documents_count = 1;
        c.body.amendments.documents[0].size = (pb_size_t)lsd1.len;
        memcpy(c.body.amendments.documents[0].bytes, lsd1.data, lsd1.len);
        assert_int_equal(frame_put_control(&w, &c), OK);
        exchange_give(p.e, p.health, writer_span(&w));
        assert_int_equal(registry_amendment_count(p.health->registry), 0);
    }
    make(1, 0);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(f.seen, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_a_doubted_key_signed_is_held_and_neither_shown_nor_receipted),
        CASE(two_officials_release_it_to_the_application),
        CASE(two_officials_return_it_to_its_sender),
        CASE(nobody_else_decides_on_it),
        CASE(an_official_whose_key_is_revoked_decides_nothing),
        CASE(what_was_accepted_before_the_doubt_is_shown),
        CASE(what_does_not_verify_is_returned_and_not_held),
        CASE(what_follows_in_its_conversation_waits_and_goes_on),
        CASE(a_later_one_that_is_released_first_waits_for_the_earlier),
        CASE(what_waited_for_its_turn_when_the_doubt_came_is_held),
        CASE(an_adapter_knows_after_a_restart_and_says_so),
        CASE(an_adapter_believes_no_hub_that_no_registrar_has_signed_for),
    };
    return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
