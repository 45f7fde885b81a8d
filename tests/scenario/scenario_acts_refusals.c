/* Nobody but two officials of the hub decides on what a gate holds, and on nothing else. */
#include "scenario/acts.h"
#include "scenario/heldbook.h"

#include "base/clock.h"
#include "keys/roles.h"

static const uint8_t nobody[16] = {9};

static void one_official_is_not_enough(void **state)
{
    struct world *w = *state;
    held_ban(w);
    const struct sent sent = held_honour(w);
    const struct key *first = keyring_find(w->officials[0], KEY_USE_OFFICIAL);
    struct act act = held_act(RELEASE, &sent);
    act.issuers = 1;
    assert_int_equal(officials_act(w, &act), ERR_TWO_OFFICIALS);
    act = held_act(RELEASE, &sent);
    act.signatures = 1; /* both are named, one has signed */
    assert_int_equal(officials_act(w, &act), ERR_TWO_OFFICIALS);
    act = held_act(RELEASE, &sent);
    act.second = first;
    assert_int_equal(officials_act(w, &act), ERR_TWO_OFFICIALS);
    held_assert_still(w, &sent);
}

static void strangers_and_other_keys_are_no_officials(void **state)
{
    struct world *w = *state;
    struct key *stranger = NULL;
    held_ban(w);
    const struct sent sent = held_honour(w);
    assert_int_equal(key_make(&stranger, KEY_USE_OFFICIAL, w->now_ms, &w->entropy), OK);
    const struct {
        const struct key *second;
        const char *member;
        enum err want;
    } rows[] = {
        {stranger, NULL, ERR_KID_UNKNOWN}, /* so is a revoked one: the registry has it no more */
        {keyring_find(w->sites[0].keys, KEY_USE_SIGN), NULL, ERR_KEY_USE},
        {keyring_find(w->signer, KEY_USE_LOG), NULL, ERR_KEY_USE},
        {keyring_find(world_site(w, MARKET)->keys, KEY_USE_SIGN), NULL, ERR_KEY_NOT_SENDERS},
        {NULL, "hub.440000", ERR_OTHER_HUB},
        {NULL, MARKET, ERR_OTHER_HUB},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct act act = held_act(RELEASE, &sent);
        act.second = rows[i].second;
        act.member = rows[i].member;
        print_message("row %zu\n", i);
        assert_int_equal(officials_act(w, &act), rows[i].want);
    }
    key_close(&stranger);
    held_assert_still(w, &sent);
}

/* Release and return: an operator, and another or the security officer. */
static void the_roles_of_the_two_must_fit(void **state)
{
    static const uint32_t refused[][2] = {
        {ROLES_AUDITOR, ROLES_OPERATOR},  {ROLES_OPERATOR, ROLES_AUDITOR},
        {ROLES_SECURITY, ROLES_SECURITY}, {ROLES_AUDITOR, ROLES_AUDITOR},
        {ROLES_SECURITY, ROLES_AUDITOR},
    };
    struct world *w = *state;
    held_ban(w);
    const struct sent sent = held_honour(w);
    struct act act = held_act(RELEASE, &sent);
    for (size_t i = 0; i < T_COUNT(refused); i++) {
        world_roles(w, refused[i][0], refused[i][1]);
        print_message("row %zu\n", i);
        assert_int_equal(officials_act(w, &act), ERR_TWO_OFFICIALS);
        act.verb = act.verb == RELEASE ? RETURN : RELEASE;
    }
    held_assert_still(w, &sent);
    world_roles(w, ROLES_OPERATOR, ROLES_OPERATOR);
    act.verb = RELEASE;
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

static void every_byte_of_an_act_counts(void **state)
{
    struct world *w = *state;
    uint8_t bytes[2048];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    held_ban(w);
    const struct sent sent = held_honour(w);
    const struct act act = held_act(RELEASE, &sent);
    officials_make(w, &act, &lsd1);
    for (size_t i = 0; i < lsd1.len; i++) {
        bytes[i] ^= 0x20;
        assert_int_not_equal(officials_give(w, writer_span(&lsd1)), OK);
        bytes[i] ^= 0x20;
    }
    for (size_t len = 0; len < lsd1.len; len += 13)
        assert_int_not_equal(officials_give(w, span_of(bytes, len)), OK);
    held_assert_still(w, &sent);
    assert_int_equal(officials_give(w, writer_span(&lsd1)), OK);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

static void an_act_is_of_this_realm_this_type_and_this_time(void **state)
{
    struct world *w = *state;
    held_ban(w);
    const struct sent sent = held_honour(w);
    const struct {
        struct act with;
        enum err want;
    } rows[] = {
        {{.realm = "prod"}, ERR_REALM},
        {{.type = lianshu_DocumentType_TYPE_REGISTRY}, ERR_TYPE_UNKNOWN},
        {{.issued_ms = w->now_ms - 2 * (uint64_t)DAY_MS}, ERR_EXPIRED},
        {{.issued_ms = w->now_ms + 301 * 1000}, ERR_FUTURE},
        {{.valid_ms = 15 * (uint64_t)DAY_MS}, ERR_LIFE},
        {{.valid_ms = UINT64_MAX}, ERR_LIFE},
        {{.reason = 999}, ERR_HEADER}, /* no code of the table */
        {{.reason = 1000000}, ERR_HEADER},
        {{.recipient = "market"}, ERR_HEADER},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct act act = rows[i].with;
        act.verb = RELEASE;
        act.sender = HEALTH;
        act.message_id = sent.id;
        act.recipient = act.recipient != NULL ? act.recipient : MARKET;
        print_message("row %zu\n", i);
        assert_int_equal(officials_act(w, &act), rows[i].want);
    }
    struct act act = held_act(lianshu_OfficialVerb_OFFICIAL_NONE, &sent);
    assert_int_equal(officials_act(w, &act), ERR_HEADER);
    held_assert_still(w, &sent);
}

static void an_officials_key_has_an_end(void **state)
{
    struct world *w = *state;
    const struct act act = {
        .verb = RELEASE, .recipient = MARKET, .sender = HEALTH, .message_id = nobody};
    world_pass(w, 399 * (uint64_t)DAY_MS);
    assert_int_equal(officials_act(w, &act), ERR_NOT_FOUND);
    world_pass(w, 2 * (uint64_t)DAY_MS);
    assert_int_equal(officials_act(w, &act), ERR_KEY_EXPIRED);
}

static void only_what_waits_for_that_recipient_can_be_decided(void **state)
{
    struct world *w = *state;
    held_ban(w);
    const struct sent held = held_honour(w);
    const struct mail mail = acts_application(NULL);
    const struct sent delivered = world_post(w, &mail);
    world_leave(w, MARKET);
    const struct sent waiting = world_post(w, &mail);
    const struct act rows[] = {
        {.recipient = MARKET, .sender = HEALTH, .message_id = nobody},
        {.recipient = MARKET, .sender = HEALTH, .message_id = delivered.id},
        {.recipient = MARKET, .sender = HEALTH, .message_id = waiting.id},
        {.recipient = "police.445100", .sender = HEALTH, .message_id = held.id},
        {.recipient = MARKET, .sender = MARKET, .message_id = held.id},
        {.recipient = HUB, .sender = HEALTH, .message_id = held.id},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct act act = rows[i];
        print_message("row %zu\n", i);
        act.verb = RELEASE;
        assert_int_equal(officials_act(w, &act), ERR_NOT_FOUND);
        act.verb = RETURN;
        assert_int_equal(officials_act(w, &act), ERR_NOT_FOUND);
    }
    held_assert_still(w, &held);
    assert_int_equal(world_status(w, "acts.release"), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_roles_of_the_two_must_fit),
        CASE(one_official_is_not_enough),
        CASE(strangers_and_other_keys_are_no_officials),
        CASE(every_byte_of_an_act_counts),
        CASE(an_act_is_of_this_realm_this_type_and_this_time),
        CASE(an_officials_key_has_an_end),
        CASE(only_what_waits_for_that_recipient_can_be_decided),
    };
    return cmocka_run_group_tests_name("acts_refusals", tests, NULL, NULL);
}
