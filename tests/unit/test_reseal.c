/* Checks what adapters/sdk/sdk.h promises (guarantee 11) of a message that its hub refused for a
 * reader's key: sealed again to the key of now, and one message to its caller. */
#include "unit/outbox_world.h"

#include "adapters/sdk/sdk_archive.h"
#include "keys/amend.h"
#include "keys/registrar.h"

enum { HOUR = 3600 * 1000 };

static struct key *fresh; /* health's next seal key */

static struct span office(uint32_t type, const pb_msgdesc_t *desc, const void *body,
                          const char *issuer, const struct key *key)
{
    return exchange_office(
        f.e, (struct office_paper){.type = type, .desc = desc, .body = body},
        &(struct office_signers){.member = issuer, .keys = &key, .key_count = 1});
}

/* Health's own record: its next seal key. */
static void renewed(void)
{
    lianshu_KeyRecord body = {.number = 1, .keys_count = 1};
    key_close(&fresh);
    assert_int_equal(key_make(&fresh, KEY_USE_SEAL, f.e->now_ms, &f.e->realm->entropy), OK);
    body.keys[0] = (lianshu_MemberKey){.use = lianshu_KeyUse_KEY_SEAL,
                                       .valid_from_ms = f.e->now_ms,
                                       .valid_until_ms = f.e->now_ms + 60 * REALM_DAY_MS};
    memcpy(body.keys[0].public_key, key_public(fresh), KEY_PUBLIC_LEN);
    exchange_amend(f.e, f.market,
                   office(lianshu_DocumentType_TYPE_KEY_RECORD, &lianshu_KeyRecord_msg, &body,
                          REALM_HEALTH, realm_key(f.e->realm, REALM_HEALTH, KEY_USE_SIGN)));
}

static void revoked(uint64_t number, const char *member, enum key_use use)
{
    lianshu_Revocation body = {.number = number,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED};
    (void)snprintf(body.member, sizeof body.member, "%s", member);
    memcpy(body.kid, key_kid(realm_key(f.e->realm, member, use)), KID_LEN);
    exchange_amend(f.e, f.market,
                   office(lianshu_DocumentType_TYPE_KEY_REVOCATION, &lianshu_Revocation_msg, &body,
                          "registrar.445100", f.e->realm->registrar));
}

static void clear(void)
{
    key_close(&fresh);
}

static struct span header_of(struct span frame, lianshu_Header *h)
{
    struct frame_envelope env;
    assert_int_equal(frame_parse_envelope(frame, &env), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, env.header, h), OK);
    return env.header;
}

/* One message to health is on its way; it is kept as 0. */
static void under_way(uint8_t id[static SDK_ID_LEN], struct span conversation)
{
    struct sdk_message m = honour("one", TO_HEALTH, 1);
    m.conversation = conversation;
    m.expires_ms = f.e->now_ms + 3 * HOUR;
    assert_int_equal(send(&m, id), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    exchange_connect(f.e, f.market);
    exchange_keep(f.e, pull_envelope());
    f.e->now_ms += HOUR;
}

static void refuse(enum err code, uint64_t number)
{
    exchange_verdict(f.e, f.market, exchange_kept(f.e, 0), lianshu_ReceiptKind_RECEIPT_REJECTED,
                     code, number);
}

/* What goes out now: an envelope, sealed to health's next key alone of its old. Kept as 1. */
static void goes_again(lianshu_Header *h)
{
    exchange_keep(f.e, pull_envelope());
    (void)header_of(exchange_kept(f.e, 1), h);
    bool found = false;
    for (pb_size_t i = 0; i < h->parts[0].audience_count; i++)
        if (strcmp(h->parts[0].audience[i].member, REALM_HEALTH) == 0) {
            assert_memory_equal(h->parts[0].audience[i].kid, key_kid(fresh), KID_LEN);
            found = true;
        }
    assert_true(found);
}

static struct span opened(struct span frame, const struct keyring *keys, const char *reader,
                          uint8_t *room, size_t cap)
{
    static lianshu_Header h;
    struct frame_envelope env;
    struct opener *opener = NULL;
    struct span plain = span_of(NULL, 0);
    uint8_t hash[HASH_LEN], env_id[HASH_LEN];
    enum err inner;
    (void)header_of(frame, &h);
    assert_int_equal(frame_parse_envelope(frame, &env), OK);
    envelope_id(&env, hash, env_id);
    assert_int_equal(opener_open(&opener, OPENER_SECRETS_DEFAULT), OK);
    assert_int_equal(
        envelope_open(opener, keys, reader, &h, &env, hash, 0, room, cap, &plain, NULL, &inner),
        OK);
    opener_close(&opener);
    return plain;
}

static void it_goes_again_to_the_new_key_and_its_caller_is_told_nothing(void **state)
{
    static lianshu_Header first, second;
    static uint8_t a[SDK_PART_MAX], b[SDK_PART_MAX];
    uint8_t id[SDK_ID_LEN];
    (void)state;
    under_way(id, span_of(NULL, 0));
    (void)header_of(exchange_kept(f.e, 0), &first);
    renewed();
    revoked(1, REALM_HEALTH, KEY_USE_SEAL);
    refuse(ERR_REVOKED, 1);
    assert_int_equal(f.outcomes, 0);
    goes_again(&second);
    assert_memory_not_equal(first.message_id, second.message_id, SDK_ID_LEN);
    assert_int_equal(second.created_ms, f.e->now_ms);
    assert_int_equal(second.expires_ms, first.expires_ms);
    /* the same signed documents */
    const struct keyring *hub = realm_ring(f.e->realm, REALM_HUB);
    const struct span before = opened(exchange_kept(f.e, 0), hub, REALM_HUB, a, sizeof a);
    const struct span after = opened(exchange_kept(f.e, 1), hub, REALM_HUB, b, sizeof b);
    assert_true(span_eq(before, after));
    clear();
}

static void its_caller_sees_one_message_under_the_id_it_was_given(void **state)
{
    static lianshu_Header h;
    uint8_t id[SDK_ID_LEN], again[SDK_ID_LEN], env_id[HASH_LEN];
    char key[SDK_KEY_MAX + 1];
    enum sdk_state now;
    (void)state;
    under_way(id, span_of(NULL, 0));
    renewed();
    revoked(1, REALM_HEALTH, KEY_USE_SEAL);
    refuse(ERR_REVOKED, 1);
    goes_again(&h);
    struct sdk_message same = honour("one", TO_HEALTH, 1);
    same.expires_ms = f.e->now_ms + 2 * HOUR;
    assert_int_equal(send(&same, again), OK);
    assert_memory_equal(again, id, SDK_ID_LEN);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_int_equal(exchange_pull(f.e, f.market), 0);
    exchange_verdict(f.e, f.market, exchange_kept(f.e, 1), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK,
                     2);
    assert_int_equal(f.outcomes, 1);
    assert_memory_equal(f.last.message_id, id, SDK_ID_LEN);
    assert_string_equal(f.last.key, "one");
    assert_int_equal(sdk_status(f.market, "one", &now, again, env_id), OK);
    assert_int_equal(now, SDK_ACCEPTED);
    assert_memory_equal(again, id, SDK_ID_LEN);
    assert_memory_equal(env_id, f.last.env_id, HASH_LEN);
    assert_int_equal(sdk_key_of(f.market, id, key), OK);
    assert_string_equal(key, "one");
    assert_int_equal(sdk_key_of(f.market, h.message_id, key), OK);
    assert_string_equal(key, "one");
    clear();
}

static void it_is_kept_over_a_kill_and_the_refusal_said_again_changes_nothing(void **state)
{
    static lianshu_Header h;
    static uint8_t bytes[1 << 16];
    uint8_t id[SDK_ID_LEN];
    (void)state;
    under_way(id, span_of(NULL, 0));
    renewed();
    revoked(1, REALM_HEALTH, KEY_USE_SEAL);
    refuse(ERR_REVOKED, 1);
    refuse(ERR_REVOKED, 0);
    goes_again(&h);
    const struct span sent = exchange_kept(f.e, 1);
    assert_true(sent.len <= sizeof bytes);
    memcpy(bytes, sent.data, sent.len);
    restart();
    exchange_connect(f.e, f.market);
    refuse(ERR_REVOKED, 0);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    const struct span again = exchange_find(f.e, FRAME_ENVELOPE);
    assert_true(span_eq(again, span_of(bytes, sent.len)));
    assert_int_equal(f.outcomes, 0);
    clear();
}

static void in_a_conversation_it_takes_the_next_number(void **state)
{
    static const uint8_t order[SDK_ID_LEN] = {7};
    static lianshu_Header h;
    uint8_t id[SDK_ID_LEN];
    (void)state;
    under_way(id, span_of(order, sizeof order));
    renewed();
    revoked(1, REALM_HEALTH, KEY_USE_SEAL);
    refuse(ERR_REVOKED, 1);
    goes_again(&h);
    assert_int_equal(h.sequence, 2);
    assert_memory_equal(h.conversation.bytes, order, SDK_ID_LEN);
    struct sdk_message next = honour("two", TO_HEALTH, 1);
    next.conversation = span_of(order, sizeof order);
    assert_int_equal(send(&next, id), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    (void)header_of(pull_envelope(), &h);
    assert_int_equal(h.sequence, 3);
    clear();
}

static void a_key_that_ended_is_replaced_as_well(void **state)
{
    static lianshu_Header h;
    uint8_t id[SDK_ID_LEN];
    (void)state;
    under_way(id, span_of(NULL, 0));
    renewed();
    revoked(1, REALM_HEALTH, KEY_USE_SEAL);
    refuse(ERR_KEY_EXPIRED, 1);
    goes_again(&h);
    clear();
}

/* This message among what goes now, whatever else is repeated. */
static struct span pull_that(const uint8_t id[static SDK_ID_LEN])
{
    static lianshu_Header h;
    assert_true(exchange_pull(f.e, f.market) > 0);
    for (size_t i = 0; i < f.e->frame_count; i++) {
        enum frame_kind kind;
        if (frame_kind(exchange_frame(f.e, i), &kind) != OK || kind != FRAME_ENVELOPE)
            continue;
        (void)header_of(exchange_frame(f.e, i), &h);
        if (memcmp(h.message_id, id, SDK_ID_LEN) == 0)
            return exchange_frame(f.e, i);
    }
    fail_msg("it does not go");
    return span_of(NULL, 0);
}

static void put(const char *key, const char *const *to, uint8_t id[static SDK_ID_LEN])
{
    struct sdk_message m = honour(key, to, 1);
    m.expires_ms = f.e->now_ms + 3 * HOUR;
    assert_int_equal(send(&m, id), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
}

/* It may have been taken and delivered there: sealed again it would be another message, and its
 * reader would get it twice. */
static void what_may_have_gone_to_a_log_that_was_lost_is_not_sealed_again(void **state)
{
    static lianshu_Header h;
    uint8_t id[SDK_ID_LEN];
    (void)state;
    for (unsigned kill = 0; kill < 2; kill++) {
        exchange_connect(f.e, f.market);
        put("before", TO_HUB, id); /* so that it knows the log */
        exchange_verdict(f.e, f.market, pull_that(id), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 1);
        under_way(id, span_of(NULL, 0)); /* taken and delivered, but its receipt was lost */
        f.e->logs_lost = 1;
        f.e->leaf_count = 0;
        put("other", TO_HUB, id); /* its receipt is the first of the new log */
        exchange_verdict(f.e, f.market, pull_that(id), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 0);
        put("two", TO_HEALTH, id); /* to the new log */
        exchange_keep(f.e, pull_that(id));
        if (kill == 1)
            restart();
        exchange_connect(f.e, f.market);
        renewed();
        revoked(1, REALM_HEALTH, KEY_USE_SEAL);
        refuse(ERR_REVOKED, 0);
        assert_int_equal(state_of("one"), SDK_REJECTED);
        exchange_verdict(f.e, f.market, exchange_kept(f.e, 1), lianshu_ReceiptKind_RECEIPT_REJECTED,
                         ERR_REVOKED, 0);
        (void)header_of(pull_envelope(), &h);
        assert_int_equal(f.e->frame_count, 1); /* nothing else goes */
        assert_memory_not_equal(h.message_id, id, SDK_ID_LEN);
        assert_int_equal(state_of("two"), SDK_SENT);
        clear();
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

static void both_envelopes_can_be_shown_later_each_under_its_own_id(void **state)
{
    static lianshu_Header first, second;
    struct sdk_archive *archive = NULL;
    struct sdk_archived found;
    uint8_t id[SDK_ID_LEN], dek[SEAL_DEK_LEN], commitment[SEAL_COMMITMENT_LEN];
    (void)state;
    under_way(id, span_of(NULL, 0));
    (void)header_of(exchange_kept(f.e, 0), &first);
    renewed();
    revoked(1, REALM_HEALTH, KEY_USE_SEAL);
    refuse(ERR_REVOKED, 1);
    goes_again(&second);
    const struct sdk_config c = exchange_config(f.e, REALM_MARKET);
    const struct sdk_mirror_config config = {REALM_MARKET, c.key_file, c.passphrase_file,
                                             c.state_dir};
    assert_int_equal(sdk_archive_open(&archive, &config, NULL), OK);
    for (size_t i = 0; i < 2; i++) {
        const lianshu_Header *h = i == 0 ? &first : &second;
        assert_int_equal(sdk_archive_find(archive, h->message_id, &found), OK);
        assert_true(span_eq(found.frame, exchange_kept(f.e, i)));
        assert_int_equal(sdk_archive_key(archive, 0, dek), OK);
        seal_commitment(commitment, dek);
        assert_memory_equal(commitment, h->parts[0].commitment, sizeof commitment);
    }
    sdk_archive_close(&archive);
    clear();
}

/* What must stay refused. */
enum why { NO_NEW_KEY, KEY_STILL_GOOD, OTHER_CODE, TAKEN_BEFORE, TAKEN_BACK, OVER, WHYS };

static void what_no_new_key_can_mend_stays_refused(void **state)
{
    uint8_t id[SDK_ID_LEN], other[SDK_ID_LEN];
    for (enum why why = 0; why < WHYS; why++) {
        print_message("row %d\n", (int)why);
        under_way(id, span_of(NULL, 0));
        if (why != NO_NEW_KEY)
            renewed();
        if (why != KEY_STILL_GOOD)
            revoked(1, REALM_HEALTH, KEY_USE_SEAL);
        if (why == TAKEN_BEFORE)
            exchange_verdict(f.e, f.market, exchange_kept(f.e, 0),
                             lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 0);
        if (why == TAKEN_BACK) {
            assert_int_equal(sdk_withdraw(f.market, "one", 0, f.e->now_ms, other, NULL), OK);
            assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
        }
        if (why == OVER)
            f.e->now_ms += 3 * HOUR;
        refuse(why == OTHER_CODE ? ERR_NO_RIGHT : ERR_REVOKED, 1);
        assert_int_equal(state_of("one"), SDK_REJECTED);
        assert_int_equal(f.last.receipt.kind, lianshu_ReceiptKind_RECEIPT_REJECTED);
        clear();
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_goes_again_to_the_new_key_and_its_caller_is_told_nothing),
        CASE(its_caller_sees_one_message_under_the_id_it_was_given),
        CASE(it_is_kept_over_a_kill_and_the_refusal_said_again_changes_nothing),
        CASE(in_a_conversation_it_takes_the_next_number),
        CASE(a_key_that_ended_is_replaced_as_well),
        CASE(what_may_have_gone_to_a_log_that_was_lost_is_not_sealed_again),
        CASE(both_envelopes_can_be_shown_later_each_under_its_own_id),
        CASE(what_no_new_key_can_mend_stays_refused),
    };
    return cmocka_run_group_tests_name("reseal", tests, NULL, NULL);
}
