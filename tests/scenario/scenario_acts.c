/* Two officials decide on what a gate holds and on what is parked; nobody else does. */
#include "fault/vfs.h"
#include "scenario/acts.h"
#include "scenario/gatebook.h"
#include "scenario/officials.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "base/hex.h"

#include <stdio.h>
#include <stdlib.h>

enum { LEASE_AND_MORE_MS = 40 * 1000 };

#define HEALTH       "health.445100"
#define MARKET       "market.445100"
#define HUB          "hub.445100"
#define CONVERSATION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define RELEASE      lianshu_OfficialVerb_OFFICIAL_RELEASE
#define RETURN       lianshu_OfficialVerb_OFFICIAL_RETURN

static const uint8_t nobody[16] = {9};

/* ---- gates that hold ---- */

/* What is about a banned person waits for two officials; who is headed by one is flagged. */
#define PERSON_GATE(id, type, look, action)                                                        \
    "  - {id: " id ", zh: 关口, en: a gate, type: " type ", look: " look                           \
    ", roles: [legal_representative], measure: M02, action: " action                               \
    ", basis: BASIC-LIST, mark: D}\n"
#define HOLD "hold, deadline: 3 working_days, breach: refuse"

static const char gates[] = PERSON_GATE("G01", "honour", "persons", HOLD)
    PERSON_GATE("G02", "subject.register", "persons", HOLD)
        PERSON_GATE("G03", "licence.application", "related", "flag");

/* The head of an enterprise is banned; everybody has the notices, nothing is on its way. */
static void ban(struct world *w)
{
    acts_connect(w);
    gatebook_use(w, gates);
    acts_order(w, NULL);
    world_settle(w);
    assert_true(world_status(w, "restrictions") > 0);
    assert_int_equal(world_status(w, "held"), 0);
}

/* ---- what is sent ---- */

#define HONOURED                                                                                   \
    "{\"subject\":" CLEAN ",\"persons\":[" HEAD_PERSON "],\"title\":\"先进个人\","             \
    "\"date\":\"2026-04-01\"}"
#define REGISTERED                                                                                 \
    "{\"subject\":" CLEAN ",\"persons\":[" HEAD_PERSON "],\"trade\":\"pharmacy\","                 \
    "\"registered_date\":\"2026-03-01\",\"reference\":\"R-1\"}"

struct sent {
    uint8_t env_id[HASH_LEN];
    uint8_t id[16];
};

static struct sent post(struct world *w, const struct mail *mail)
{
    struct sent sent;
    world_make(w, mail, sent.env_id, sent.id);
    world_push(w, mail->from);
    world_turn(w);
    return sent;
}

static struct sent send_honour(struct world *w)
{
    const struct mail mail = {.from = HEALTH, .type = "honour", .to = {MARKET}, .facts = HONOURED};
    return post(w, &mail);
}

/* To the hub alone: only its effects wait. */
static struct sent send_register(struct world *w)
{
    const struct mail mail = {
        .from = MARKET, .type = "subject.register", .to = {HUB}, .facts = REGISTERED};
    return post(w, &mail);
}

static struct act act_on(lianshu_OfficialVerb verb, const struct sent *sent)
{
    return (struct act){
        .verb = verb, .recipient = MARKET, .sender = HEALTH, .message_id = sent->id};
}

static size_t heard(struct world *w, const char *member, const struct sent *sent,
                    lianshu_ReceiptKind kind)
{
    return world_heard(w, member, sent->env_id, kind);
}

static const lianshu_Receipt *last(struct world *w, const char *member, const struct sent *sent)
{
    const lianshu_Receipt *receipt = world_receipt(w, member, sent->env_id);
    assert_non_null(receipt);
    return receipt;
}

/* It is held as before, whatever was tried. */
static void assert_still_held(struct world *w, const struct sent *sent)
{
    assert_int_equal(world_status(w, "held"), 1);
    assert_int_equal(last(w, HEALTH, sent)->kind, lianshu_ReceiptKind_RECEIPT_HELD);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
}

/* ---- held ---- */

static void what_a_gate_holds_is_accepted_and_waits_with_its_grounds(void **state)
{
    struct world *w = *state;
    ban(w);
    const struct sent sent = send_honour(w);
    assert_int_equal(heard(w, HEALTH, &sent, lianshu_ReceiptKind_RECEIPT_ACCEPTED), 1);
    assert_still_held(w, &sent);
    const lianshu_Receipt *held = last(w, HEALTH, &sent);
    assert_int_equal(held->code, ERR_HELD);
    assert_string_equal(held->about, "");
    assert_true(held->grounds_count > 0);
    assert_string_equal(held->grounds[0].measure, "M02");
    world_restart(w);
    world_pass(w, 10 * 60 * 1000);
    assert_still_held(w, &sent);
}

static void two_officials_release_it_and_it_is_delivered_with_an_advisory(void **state)
{
    struct world *w = *state;
    ban(w);
    const struct sent sent = send_honour(w);
    struct act act = act_on(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(heard(w, HEALTH, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(last(w, HEALTH, &sent)->kind, lianshu_ReceiptKind_RECEIPT_DELIVERED);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
    const struct got *got = world_got(w, MARKET, "honour", 0);
    assert_true(got->advisory_count > 0);
    assert_string_equal(got->advisory[0].measure, "M02");
    assert_int_equal(world_status(w, "held"), 0);
    assert_int_equal(world_status(w, "undelivered"), 0);
    assert_int_equal(world_status(w, "acts.release"), 1);
}

static void two_officials_return_it_and_its_sender_hears_why(void **state)
{
    struct world *w = *state;
    ban(w);
    struct sent sent = send_honour(w);
    struct act act = act_on(RETURN, &sent);
    assert_int_equal(officials_act(w, &act), OK);
    const lianshu_Receipt *refused = last(w, HEALTH, &sent);
    assert_int_equal(refused->kind, lianshu_ReceiptKind_RECEIPT_REFUSED);
    assert_int_equal(refused->code, ERR_RESTRICTED); /* the gate's, when no other is given */
    assert_string_equal(refused->about, MARKET);
    assert_true(refused->grounds_count > 0);
    sent = send_honour(w);
    act = act_on(RETURN, &sent);
    act.reason = ERR_CONSENT;
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(last(w, HEALTH, &sent)->code, ERR_CONSENT);
    world_pass(w, 10 * 60 * 1000);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
    assert_int_equal(world_status(w, "held"), 0);
    assert_int_equal(world_status(w, "acts.return"), 2);
}

static void a_hold_survives_a_restart_and_is_released_after_it(void **state)
{
    struct world *w = *state;
    ban(w);
    const struct sent sent = send_honour(w);
    world_restart(w);
    struct act act = act_on(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), OK);
    world_restart(w);
    world_settle(w);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

static void what_is_released_still_waits_for_its_moment(void **state)
{
    struct world *w = *state;
    ban(w);
    const struct mail mail = {.from = HEALTH,
                              .type = "honour",
                              .to = {MARKET},
                              .facts = HONOURED,
                              .not_before_ms = w->now_ms + 60 * 1000};
    const struct sent sent = post(w, &mail);
    const struct act act = act_on(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), OK);
    world_pass(w, 59 * 1000);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
    world_pass(w, 1000);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

static void a_held_message_can_be_withdrawn(void **state)
{
    struct world *w = *state;
    char env_id[65];
    char id[33];
    char facts[192];
    ban(w);
    const struct sent sent = send_honour(w);
    hex_encode(span_of(sent.env_id, sizeof sent.env_id), env_id);
    hex_encode(span_of(sent.id, sizeof sent.id), id);
    snprintf(facts, sizeof facts, "{\"message_id\":\"%s\",\"env_id\":\"%s\"}", id, env_id);
    const struct mail mail = {.from = HEALTH, .type = "withdraw", .to = {MARKET}, .facts = facts};
    const struct sent withdrawal = post(w, &mail);
    assert_int_equal(heard(w, HEALTH, &withdrawal, lianshu_ReceiptKind_RECEIPT_ACCEPTED), 1);
    assert_int_equal(last(w, HEALTH, &sent)->kind, lianshu_ReceiptKind_RECEIPT_SUPERSEDED);
    assert_int_equal(last(w, HEALTH, &sent)->code, ERR_WITHDRAWN);
    const struct act act = act_on(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), ERR_NOT_FOUND);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
}

static void nobody_has_to_decide_on_what_has_expired(void **state)
{
    struct world *w = *state;
    ban(w);
    const struct sent sent = send_honour(w);
    world_pass(w, 2 * (uint64_t)HOUR_MS);
    assert_int_equal(last(w, HEALTH, &sent)->kind, lianshu_ReceiptKind_RECEIPT_EXPIRED);
    struct act act = act_on(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), ERR_NOT_FOUND);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
}

/* How many advisories an application of that enterprise gets: one when its head is a banned
 * person, which the hub knows only by the registration. */
static size_t advisories(struct world *w)
{
    const struct mail mail = {.from = HEALTH,
                              .type = "licence.application",
                              .to = {MARKET},
                              .facts = LICENCE_BODY(CLEAN)};
    const size_t before = world_has(w, MARKET, "licence.application");
    (void)post(w, &mail);
    assert_int_equal(world_has(w, MARKET, "licence.application"), before + 1);
    return world_got(w, MARKET, "licence.application", before)->advisory_count;
}

static void effects_wait_for_the_release_and_run_once(void **state)
{
    struct world *w = *state;
    uint8_t bytes[2048];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    ban(w);
    const struct sent sent = send_register(w);
    assert_int_equal(last(w, MARKET, &sent)->kind, lianshu_ReceiptKind_RECEIPT_HELD);
    assert_int_equal(world_status(w, "held"), 1);
    assert_int_equal(advisories(w), 0);
    const struct act act = {
        .verb = RELEASE, .recipient = HUB, .sender = MARKET, .message_id = sent.id};
    officials_make(w, &act, &lsd1);
    assert_int_equal(officials_give(w, writer_span(&lsd1)), OK);
    assert_int_equal(last(w, MARKET, &sent)->kind, lianshu_ReceiptKind_RECEIPT_RELEASED);
    assert_int_equal(world_status(w, "held"), 0);
    assert_int_equal(advisories(w), 1);
    const uint64_t size = world_status(w, "log_size");
    assert_int_equal(officials_give(w, writer_span(&lsd1)), OK);
    assert_int_equal(officials_act(w, &act), ERR_NOT_FOUND); /* a new act finds nothing to do */
    assert_int_equal(world_status(w, "log_size"), size);
    assert_int_equal(advisories(w), 1);
}

static void what_is_returned_has_no_effect(void **state)
{
    struct world *w = *state;
    ban(w);
    const struct sent sent = send_register(w);
    const struct act act = {
        .verb = RETURN, .recipient = HUB, .sender = MARKET, .message_id = sent.id};
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(last(w, MARKET, &sent)->kind, lianshu_ReceiptKind_RECEIPT_REFUSED);
    assert_int_equal(world_status(w, "held"), 0);
    assert_int_equal(advisories(w), 0);
}

/* ---- who may ---- */

static void one_official_is_not_enough(void **state)
{
    struct world *w = *state;
    ban(w);
    const struct sent sent = send_honour(w);
    const struct key *first = keyring_find(w->officials[0], KEY_USE_OFFICIAL);
    struct act act = act_on(RELEASE, &sent);
    act.issuers = 1;
    assert_int_equal(officials_act(w, &act), ERR_TWO_OFFICIALS);
    act = act_on(RELEASE, &sent);
    act.signatures = 1; /* both are named, one has signed */
    assert_int_equal(officials_act(w, &act), ERR_TWO_OFFICIALS);
    act = act_on(RELEASE, &sent);
    act.second = first;
    assert_int_equal(officials_act(w, &act), ERR_TWO_OFFICIALS);
    assert_still_held(w, &sent);
}

static void strangers_and_other_keys_are_no_officials(void **state)
{
    struct world *w = *state;
    struct key *stranger = NULL;
    ban(w);
    const struct sent sent = send_honour(w);
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
        struct act act = act_on(RELEASE, &sent);
        act.second = rows[i].second;
        act.member = rows[i].member;
        print_message("row %zu\n", i);
        assert_int_equal(officials_act(w, &act), rows[i].want);
    }
    key_close(&stranger);
    assert_still_held(w, &sent);
}

static void every_byte_of_an_act_counts(void **state)
{
    struct world *w = *state;
    uint8_t bytes[2048];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    ban(w);
    const struct sent sent = send_honour(w);
    const struct act act = act_on(RELEASE, &sent);
    officials_make(w, &act, &lsd1);
    for (size_t i = 0; i < lsd1.len; i++) {
        bytes[i] ^= 0x20;
        assert_int_not_equal(officials_give(w, writer_span(&lsd1)), OK);
        bytes[i] ^= 0x20;
    }
    for (size_t len = 0; len < lsd1.len; len += 13)
        assert_int_not_equal(officials_give(w, span_of(bytes, len)), OK);
    assert_still_held(w, &sent);
    assert_int_equal(officials_give(w, writer_span(&lsd1)), OK);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

static void an_act_is_of_this_realm_this_type_and_this_time(void **state)
{
    struct world *w = *state;
    ban(w);
    const struct sent sent = send_honour(w);
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
    struct act act = act_on(lianshu_OfficialVerb_OFFICIAL_NONE, &sent);
    assert_int_equal(officials_act(w, &act), ERR_HEADER);
    assert_still_held(w, &sent);
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
    ban(w);
    const struct sent held = send_honour(w);
    const struct mail mail = {.from = HEALTH,
                              .type = "licence.application",
                              .to = {MARKET},
                              .facts = LICENCE_BODY(CLEAN)};
    const struct sent delivered = post(w, &mail);
    world_leave(w, MARKET);
    const struct sent waiting = post(w, &mail);
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
    assert_still_held(w, &held);
    assert_int_equal(world_status(w, "acts.release"), 0);
}

/* ---- the same act again ---- */

static void an_act_repeated_has_the_same_answer_and_changes_nothing(void **state)
{
    struct world *w = *state;
    uint8_t bytes[2048];
    char answer[OFFICIALS_ANSWER_MAX];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    ban(w);
    const struct sent sent = send_honour(w);
    const struct act act = act_on(RELEASE, &sent);
    officials_make(w, &act, &lsd1);
    assert_int_equal(officials_give(w, writer_span(&lsd1)), OK);
    memcpy(answer, officials_answer, sizeof answer);
    const uint64_t size = world_status(w, "log_size");
    assert_int_equal(officials_give(w, writer_span(&lsd1)), OK);
    assert_string_equal(officials_answer, answer);
    world_restart(w);
    const uint64_t restarted = world_status(w, "log_size");
    world_pass(w, 30 * (uint64_t)DAY_MS); /* long after its own end */
    assert_int_equal(officials_give(w, writer_span(&lsd1)), OK);
    assert_string_equal(officials_answer, answer);
    assert_true(restarted >= size);
    assert_int_equal(world_status(w, "acts.release"), 1);
    assert_int_equal(heard(w, HEALTH, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

static void one_document_id_with_two_contents_is_equivocation_and_kept(void **state)
{
    struct world *w = *state;
    static const uint8_t id[16] = {1, 2, 3};
    ban(w);
    const struct sent first = send_honour(w);
    struct act act = act_on(RELEASE, &first);
    act.document_id = id;
    assert_int_equal(officials_act(w, &act), OK);
    const struct sent second = send_honour(w);
    act = act_on(RELEASE, &second);
    act.document_id = id;
    const uint64_t size = world_status(w, "log_size");
    assert_int_equal(officials_act(w, &act), ERR_EQUIVOCATION);
    assert_int_equal(world_status(w, "log_size"), size + 1);
    assert_int_equal(world_status(w, "held"), 1);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

/* ---- parked ---- */

static struct sent park(struct world *w)
{
    const struct mail mail = {.from = HEALTH,
                              .type = "licence.application",
                              .to = {MARKET},
                              .facts = LICENCE_BODY(CLEAN),
                              .conversation = CONVERSATION};
    world_limit(w, &(struct core_options){.attempts_max = 2});
    world_hello(w, HEALTH);
    world_hello(w, MARKET);
    world_site(w, MARKET)->silent = true;
    const struct sent sent = post(w, &mail);
    for (int i = 0; i < 6; i++)
        world_pass(w, LEASE_AND_MORE_MS);
    assert_int_equal(world_status(w, "parked"), 1);
    assert_int_equal(last(w, HEALTH, &sent)->kind, lianshu_ReceiptKind_RECEIPT_PARKED);
    world_site(w, MARKET)->silent = false;
    world_forget(w, MARKET); /* it never kept what it did not answer */
    return sent;
}

static void a_parked_message_goes_again_under_a_new_number_that_closes_the_gap(void **state)
{
    struct world *w = *state;
    const struct sent sent = park(w);
    struct act act = act_on(RELEASE, &sent);
    act.reason = ERR_TIMEOUT;
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(heard(w, HEALTH, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(last(w, HEALTH, &sent)->kind, lianshu_ReceiptKind_RECEIPT_DELIVERED);
    const struct got *got = world_got(w, MARKET, "licence.application", 0);
    assert_non_null(got);
    assert_int_equal(got->number, 2);
    assert_int_equal(got->tombstone_count, 1);
    assert_int_equal(got->tombstone[0].number, 1);
    assert_int_equal(got->tombstone[0].count, 1);
    assert_int_equal(got->tombstone[0].kind, lianshu_ReceiptKind_RECEIPT_PARKED);
    assert_int_equal(world_status(w, "parked"), 0);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void a_released_message_has_all_its_attempts_again(void **state)
{
    struct world *w = *state;
    const struct sent sent = park(w);
    const struct act act = act_on(RELEASE, &sent);
    world_site(w, MARKET)->silent = true;
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(world_got(w, MARKET, "licence.application", 0)->seen, 1);
    for (int i = 0; i < 2; i++)
        world_pass(w, LEASE_AND_MORE_MS);
    assert_int_equal(world_got(w, MARKET, "licence.application", 0)->seen, 2);
    for (int i = 0; i < 6; i++)
        world_pass(w, LEASE_AND_MORE_MS);
    assert_int_equal(world_status(w, "parked"), 1);
    assert_int_equal(heard(w, HEALTH, &sent, lianshu_ReceiptKind_RECEIPT_PARKED), 2);
}

static void a_parked_message_is_returned_to_its_sender(void **state)
{
    struct world *w = *state;
    const struct sent sent = park(w);
    const struct act act = act_on(RETURN, &sent);
    assert_int_equal(officials_act(w, &act), OK);
    const lianshu_Receipt *refused = last(w, HEALTH, &sent);
    assert_int_equal(refused->kind, lianshu_ReceiptKind_RECEIPT_REFUSED);
    assert_int_equal(refused->code, ERR_ATTEMPTS); /* why it was parked */
    assert_string_equal(refused->about, MARKET);
    assert_int_equal(world_status(w, "parked"), 0);
    world_pass(w, LEASE_AND_MORE_MS);
    assert_int_equal(world_has(w, MARKET, "licence.application"), 0);
}

static void what_is_parked_beyond_its_end_can_only_be_returned(void **state)
{
    struct world *w = *state;
    const struct sent sent = park(w);
    world_pass(w, 2 * (uint64_t)HOUR_MS);
    struct act act = act_on(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), ERR_EXPIRED);
    assert_int_equal(world_status(w, "parked"), 1);
    act.verb = RETURN;
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(world_status(w, "parked"), 0);
}

/* ---- lists ---- */

static void assert_answer(struct world *w, const char *request, const char *has, bool wanted)
{
    static char text[CORE_QUERY_BYTES + 1];
    struct writer answer = writer_of(text, CORE_QUERY_BYTES);
    assert_int_equal(core_query(w->core, span_str(request), w->now_ms, &answer), OK);
    text[answer.len] = '\0';
    if ((strstr(text, has) != NULL) != wanted)
        fail_msg("%s: %s", has, text);
}

static void lists_show_what_waits_and_why_and_nothing_else(void **state)
{
    struct world *w = *state;
    char id[33];
    char request[96];
    ban(w);
    const struct sent sent = send_honour(w);
    hex_encode(span_of(sent.id, sizeof sent.id), id);
    assert_answer(w, "{\"cmd\":\"held\"}", id, true);
    assert_answer(w, "{\"cmd\":\"held\"}", "\"type\":\"honour\"", true);
    assert_answer(w, "{\"cmd\":\"held\"}", "\"code\":661", true);
    assert_answer(w, "{\"cmd\":\"held\",\"recipient\":\"" MARKET "\"}", id, true);
    assert_answer(w, "{\"cmd\":\"held\",\"recipient\":\"police.445100\"}", id, false);
    assert_answer(w, "{\"cmd\":\"held\",\"sender\":\"" MARKET "\"}", id, false);
    assert_answer(w, "{\"cmd\":\"held\",\"sender\":\"" HEALTH "\"}", id, true);
    assert_answer(w, "{\"cmd\":\"parked\"}", id, false);
    assert_answer(w, "{\"cmd\":\"status\"}", "\"held\":1", true);
    assert_answer(w, "{\"cmd\":\"status\"}", "\"held_by_gate\":1", true);
    assert_answer(w, "{\"cmd\":\"status\"}", "\"breakers\":[]", true);
    assert_answer(w, "{\"cmd\":\"status\"}", "\"disk_low\":false", true);
    /* Whom it is about is not said. */
    assert_answer(w, "{\"cmd\":\"held\"}", "999999199001010016", false);
    assert_answer(w, "{\"cmd\":\"held\"}", "示例", false);
    snprintf(request, sizeof request, "{\"cmd\":\"trace\",\"id\":\"%s\"}", id);
    assert_answer(w, request, "\"state\":\"held\"", true);
    assert_answer(w, request, "\"stage\":\"accepted\"", true);
    struct act act = act_on(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), OK);
    assert_answer(w, "{\"cmd\":\"held\"}", id, false);
    assert_answer(w, request, "\"stage\":\"released\"", true);
}

/* ---- faults ---- */

/* All of the act or nothing, and then it is done when it is given again. */
static void check_fault(struct world *w, const struct sent *sent, struct span lsd1)
{
    const bool done = world_status(w, "acts.release") == 1;
    assert_int_equal(world_status(w, "held"), done ? 0 : 1);
    world_settle(w);
    assert_int_equal(world_has(w, MARKET, "honour"), done ? 1 : 0);
    assert_int_equal(heard(w, HEALTH, sent, lianshu_ReceiptKind_RECEIPT_RELEASED), done ? 1 : 0);
    assert_int_equal(officials_give(w, lsd1), OK);
    world_settle(w);
    assert_int_equal(world_status(w, "acts.release"), 1);
    assert_int_equal(world_status(w, "held"), 0);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

static void a_fault_in_the_middle_leaves_nothing_half_done(void **state)
{
    static const struct vfs_plan plans[] = {
        {.ops = VFS_WRITE, .kind = VFS_NO_SPACE},
        {.ops = VFS_WRITE, .kind = VFS_BROKEN},
        {.ops = VFS_WRITE, .kind = VFS_BROKEN, .torn = true},
        {.ops = VFS_SYNC, .kind = VFS_BROKEN},
    };
    static const uint8_t seed[ENTROPY_SEED_LEN] = {5};
    unsigned faults = 0;
    (void)state;
    for (size_t p = 0; p < T_COUNT(plans); p++) {
        for (uint64_t n = 1, fired = 1; fired > 0; n++) {
            uint8_t bytes[2048];
            struct writer lsd1 = writer_of(bytes, sizeof bytes);
            struct vfs_plan plan = plans[p];
            struct world *w = world_new(seed);
            ban(w);
            const struct sent sent = send_honour(w);
            const struct act act = act_on(RELEASE, &sent);
            officials_make(w, &act, &lsd1);
            w->may_die = true;
            plan.nth = n;
            vfs_arm(&plan);
            const enum err err = officials_give(w, writer_span(&lsd1));
            fired = vfs_fired();
            vfs_disarm();
            print_message("plan %zu point %llu: E%03d\n", p, (unsigned long long)n, (int)err);
            check_fault(w, &sent, writer_span(&lsd1));
            world_free(w);
            faults += fired > 0;
        }
    }
    assert_true(faults > 8);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_a_gate_holds_is_accepted_and_waits_with_its_grounds),
        CASE(two_officials_release_it_and_it_is_delivered_with_an_advisory),
        CASE(two_officials_return_it_and_its_sender_hears_why),
        CASE(a_hold_survives_a_restart_and_is_released_after_it),
        CASE(what_is_released_still_waits_for_its_moment),
        CASE(a_held_message_can_be_withdrawn),
        CASE(nobody_has_to_decide_on_what_has_expired),
        CASE(effects_wait_for_the_release_and_run_once),
        CASE(what_is_returned_has_no_effect),
        CASE(one_official_is_not_enough),
        CASE(strangers_and_other_keys_are_no_officials),
        CASE(every_byte_of_an_act_counts),
        CASE(an_act_is_of_this_realm_this_type_and_this_time),
        CASE(an_officials_key_has_an_end),
        CASE(only_what_waits_for_that_recipient_can_be_decided),
        CASE(an_act_repeated_has_the_same_answer_and_changes_nothing),
        CASE(one_document_id_with_two_contents_is_equivocation_and_kept),
        CASE(a_parked_message_goes_again_under_a_new_number_that_closes_the_gap),
        CASE(a_released_message_has_all_its_attempts_again),
        CASE(a_parked_message_is_returned_to_its_sender),
        CASE(what_is_parked_beyond_its_end_can_only_be_returned),
        CASE(lists_show_what_waits_and_why_and_nothing_else),
        cmocka_unit_test(a_fault_in_the_middle_leaves_nothing_half_done),
    };
    vfs_install();
    return cmocka_run_group_tests_name("acts", tests, NULL, NULL);
}
