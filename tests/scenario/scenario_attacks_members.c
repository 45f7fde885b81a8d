/* What an enrolled member may try with good signatures: times, numbers, receipts, and the
 * same again. tests/attacks R-*, A-*, C-13, L-12. Nobody else is harmed, nothing is lost. */
#include "scenario/acts.h"
#include "scenario/forge.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

#define CONVERSATION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct forge f;

/* a life that no clock will see the end of is too long, and nothing worse. */
static void an_end_beyond_all_numbers_is_refused(void **state)
{
    static const uint64_t ends[] = {UINT64_MAX, UINT64_C(1) << 63, (UINT64_C(1) << 63) - 1};
    struct world *w = *state;
    attack_connect(w);
    for (size_t i = 0; i < T_COUNT(ends); i++) {
        print_message("row %zu\n", i);
        const struct mail mail = acts_application(NULL);
        world_make(w, &mail, NULL, NULL);
        forge_take(w, &f);
        f.h.expires_ms = ends[i];
        forge_header(&f);
        forge_sign(w, &f, "health.445100");
        attack_is_rejected(w, "health.445100", f.env_id, ERR_LIFE);
    }
    attack_hub_works(w);
}

/* */
static void a_number_beyond_all_numbers_never_has_its_turn(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    struct mail mail = acts_numbered_application(CONVERSATION, UINT64_C(1) << 63);
    mail.created_ms = w->now_ms + 400000; /* what else is wrong with it is not looked at */
    world_make(w, &mail, NULL, NULL);
    attack_is_counted(w, "health.445100", ERR_SEQUENCE_GAP);
    attack_hub_works(w);
}

/* */
static void numbers_come_in_order_and_once(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    attack_connect(w);
    struct mail mail = acts_numbered_application(CONVERSATION, 3);
    world_make(w, &mail, NULL, NULL);
    attack_is_counted(w, "health.445100", ERR_SEQUENCE_GAP);
    mail.sequence = 1;
    world_send(w, &mail, env_id);
    assert_int_equal(world_code(w, "health.445100", env_id), 0);
    world_make(w, &mail, env_id, NULL);
    attack_is_rejected(w, "health.445100", env_id, ERR_SEQUENCE);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
    attack_hub_works(w);
}

/* a refusal far ahead does not use up the numbers before it. */
static void a_refused_number_closes_no_numbers_before_it(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    attack_connect(w);
    struct mail late = acts_numbered_application(CONVERSATION, 3);
    late.created_ms = w->now_ms - 2000;
    late.expires_ms = w->now_ms - 1000;
    world_send(w, &late, env_id); /* overtook 1 and 2, which still lie in the outbox */
    const struct mail first = acts_numbered_application(CONVERSATION, 1);
    world_send(w, &first, env_id);
    assert_int_equal(world_code(w, "health.445100", env_id), 0);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
}

/* */
static void an_envelope_without_purpose_is_refused(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    const struct mail mail = acts_application(NULL);
    world_make(w, &mail, NULL, NULL);
    forge_take(w, &f);
    f.h.purpose[0] = '\0';
    forge_header(&f);
    forge_sign(w, &f, "health.445100");
    attack_is_rejected(w, "health.445100", f.env_id, ERR_PURPOSE);
    attack_hub_works(w);
}

/* nobody reads who may not receive, and nobody receives an unknown member's. */
static void a_reader_without_the_right_spoils_the_envelope(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    const struct mail mail = acts_application(NULL);
    world_make(w, &mail, NULL, NULL);
    forge_take(w, &f);
    const struct key *key = keyring_find(world_site(w, "police.445100")->keys, KEY_USE_SEAL);
    lianshu_PartHeader *part = &f.h.parts[0];
    uint8_t wraps[3 * FRAME_WRAP_LEN] = {0};
    memcpy(wraps, f.env.parts[0].wraps.data, 2 * FRAME_WRAP_LEN);
    strcpy(part->audience[2].member, "police.445100");
    memcpy(part->audience[2].kid, key_kid(key), KID_LEN);
    part->audience_count = 3;
    f.env.parts[0].wraps = span_of(wraps, sizeof wraps);
    forge_header(&f);
    forge_sign(w, &f, "health.445100");
    attack_is_rejected(w, "health.445100", f.env_id, ERR_RECIPIENT_RIGHT);
    strcpy(part->audience[2].member, "police.999999");
    forge_header(&f);
    f.h.message_id[15] ^= 1;
    forge_header(&f);
    forge_sign(w, &f, "health.445100");
    attack_is_rejected(w, "health.445100", f.env_id, ERR_KEY_NOT_SENDERS);
    attack_hub_works(w);
}

/* R-02, L-12: the same second content again and again is one piece of evidence. */
static void equivocation_repeated_is_one_leaf(void **state)
{
    struct world *w = *state;
    uint8_t id[16];
    attack_connect(w);
    struct mail mail = acts_application(NULL);
    world_make(w, &mail, NULL, id);
    forge_give(w, "health.445100", span_of(w->frame, w->frame_len));
    world_turn(w);
    mail.message_id = id;
    mail.facts = LICENCE_BODY(PUNISHED);
    world_make(w, &mail, NULL, NULL);
    uint64_t size = world_status(w, "log_size");
    for (int i = 0; i < 100; i++)
        forge_give(w, "health.445100", span_of(w->frame, w->frame_len));
    world_turn(w);
    assert_in_range(world_status(w, "log_size"), size + 1, size + 2);
}

/* C-13: a document id with other bytes is equivocation, and a document again has no effect. */
static void fixed_id(lianshu_Document *d)
{
    memset(d->id, 0x77, sizeof d->id);
}

static void a_document_takes_effect_once(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    struct letter letter = {.from = "health.445100",
                            .type = "credit.check",
                            .to = "hub.445100",
                            .facts = "{\"subject\":" CLEAN ",\"question\":\"q\"}",
                            .document = fixed_id};
    attack_connect(w);
    forge_letter(w, &letter, env_id);
    forge_give(w, "health.445100", span_of(w->frame, w->frame_len));
    world_turn(w);
    letter.facts = "{\"subject\":" PUNISHED ",\"question\":\"q\"}";
    forge_letter(w, &letter, env_id); /* another document under the same id */
    forge_give(w, "health.445100", span_of(w->frame, w->frame_len));
    world_turn(w);
    assert_int_equal(world_code(w, "health.445100", env_id), ERR_EQUIVOCATION);
    assert_int_equal(world_has(w, "health.445100", "credit.certificate"), 1);
}

/* */
static void receipts_of_a_hubs_kind_settle_nothing(void **state)
{
    static const lianshu_ReceiptKind kinds[] = {
        lianshu_ReceiptKind_RECEIPT_NONE,       lianshu_ReceiptKind_RECEIPT_ACCEPTED,
        lianshu_ReceiptKind_RECEIPT_REJECTED,   lianshu_ReceiptKind_RECEIPT_EXPIRED,
        lianshu_ReceiptKind_RECEIPT_SUPERSEDED, lianshu_ReceiptKind_RECEIPT_REFUSED};
    struct world *w = *state;
    attack_connect(w);
    world_site(w, "market.445100")->silent = true;
    const struct mail mail = acts_application(NULL);
    world_send(w, &mail, NULL);
    struct got *got = world_got(w, "market.445100", "licence.application", 0);
    for (size_t i = 0; i < T_COUNT(kinds); i++)
        forge_receipt(w, &(struct said){"market.445100", kinds[i], 0}, got);
    world_turn(w);
    world_pass(w, 1000);
    assert_int_equal(world_status(w, "unverified.521"), T_COUNT(kinds));
    assert_int_equal(world_status(w, "undelivered"), 1);
    world_site(w, "market.445100")->silent = false;
    forge_receipt(w, &(struct said){"market.445100", lianshu_ReceiptKind_RECEIPT_RETURNED, 300},
                  got);
    forge_receipt(w, &(struct said){"market.445100", lianshu_ReceiptKind_RECEIPT_DELIVERED, 0},
                  got); /* too late */
    world_turn(w);
    assert_int_equal(world_verdict(w, "health.445100", got->env_id),
                     lianshu_ReceiptKind_RECEIPT_RETURNED);
    attack_hub_works(w);
}

static const struct got *certificate(struct world *w)
{
    const struct mail mail = {.from = "health.445100",
                              .type = "credit.check",
                              .to = {"hub.445100"},
                              .facts = "{\"subject\":" CLEAN ",\"question\":\"q\"}"};
    world_send(w, &mail, NULL);
    return world_got(w, "health.445100", "credit.certificate", 0);
}

/* L-12: a receipt that was taken is not taken again. */
static void a_returned_notice_is_parked_once(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    world_site(w, "health.445100")->silent = true;
    const struct got *got = certificate(w);
    const struct said said = {"health.445100", lianshu_ReceiptKind_RECEIPT_RETURNED, 300};
    forge_receipt(w, &said, got);
    world_turn(w);
    uint64_t size = world_status(w, "log_size");
    for (int i = 0; i < 50; i++)
        forge_receipt(w, &said, got);
    world_turn(w);
    assert_int_equal(world_status(w, "log_size"), size);
}

/* A code that no table has: no leaf without an effect, and no effect half done. */
static void a_returned_code_out_of_range_leaves_no_leaf_alone(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    world_site(w, "health.445100")->silent = true;
    const struct got *got = certificate(w);
    uint64_t size = world_status(w, "log_size");
    forge_receipt(w, &(struct said){"health.445100", lianshu_ReceiptKind_RECEIPT_RETURNED, 1000},
                  got);
    world_turn(w);
    assert_int_equal(world_status(w, "log_size"), size + world_status(w, "parked"));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_end_beyond_all_numbers_is_refused),
        CASE(a_number_beyond_all_numbers_never_has_its_turn),
        CASE(numbers_come_in_order_and_once),
        CASE(a_refused_number_closes_no_numbers_before_it),
        CASE(an_envelope_without_purpose_is_refused),
        CASE(a_reader_without_the_right_spoils_the_envelope),
        CASE(equivocation_repeated_is_one_leaf),
        CASE(a_document_takes_effect_once),
        CASE(receipts_of_a_hubs_kind_settle_nothing),
        CASE(a_returned_notice_is_parked_once),
        CASE(a_returned_code_out_of_range_leaves_no_leaf_alone),
    };
    return cmocka_run_group_tests_name("attacks of members", tests, NULL, NULL);
}
