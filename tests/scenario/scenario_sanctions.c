/* A sanction from the order to the last confirmation of its end. */
#include "scenario/acts.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "base/hex.h"
#include "catalogue.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

static void appoint(struct world *w, uint8_t env_id[HASH_LEN])
{
    const struct mail mail = acts_appointment();
    world_send(w, &mail, env_id);
}

/* Everybody is there, and the order stands. */
static void punish(struct world *w)
{
    uint8_t env_id[HASH_LEN];
    acts_connect(w);
    acts_order(w, env_id);
    assert_int_equal(world_code(w, "market.445100", env_id), 0);
}

/* What the market decides about its order later. */
static uint32_t changes(struct world *w, const char *type, const char *facts)
{
    uint8_t env_id[HASH_LEN];
    const struct mail mail = {.from = "market.445100",
                              .type = type,
                              .to = {"hub.445100"},
                              .facts = facts,
                              .basis = {"AP48"}};
    world_send(w, &mail, env_id);
    return world_code(w, "market.445100", env_id);
}

/* The health commission asks for a certificate, which is its index-th one. */
static const lianshu_CreditCertificate *certifies(struct world *w, const char *facts, size_t index)
{
    static lianshu_CreditCertificate certificate;
    const struct mail mail = {
        .from = "health.445100", .type = "credit.check", .to = {"hub.445100"}, .facts = facts};
    world_send(w, &mail, NULL);
    const struct got *got = world_got(w, "health.445100", "credit.certificate", index);
    assert_non_null(got);
    assert_int_equal(wire_decode(&lianshu_CreditCertificate_msg,
                                 span_of(got->facts, got->facts_len), &certificate),
                     OK);
    return &certificate;
}

/* Derived by hand from R01 for two persons and five departments: M01 1, M02 2, M03 1, M22 5,
 * M23 2, M27 1, M07 1, M08 2, M21 5, M24 2; nobody has M08/procurement, M20, M25. */
static void an_order_of_r01_makes_22_obligations_and_shows_3_that_nobody_has(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect(w);
    acts_order(w, env_id);
    assert_int_equal(world_code(w, "market.445100", env_id), 0);
    assert_int_equal(world_verdict(w, "market.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    assert_int_equal(world_status(w, "obligations.total"), 22);
    assert_int_equal(world_status(w, "unassigned"), 3);
    assert_int_equal(acts_notices(w), 22);
    assert_int_equal(world_status(w, "obligations.delivered"), 22);
    assert_int_equal(world_has(w, "market.445100", "sanction.notice"), 9);
    assert_int_equal(world_has(w, "police.445100", "sanction.notice"), 2);
}

static void a_notice_embeds_the_order_as_its_issuer_signed_it(void **state)
{
    struct world *w = *state;
    static lianshu_SanctionNotice notice;
    static lianshu_Document document;
    uint8_t hash[HASH_LEN];
    punish(w);
    acts_read_notice(world_got(w, "police.445100", "sanction.notice", 0), &notice);
    assert_int_equal(
        registry_verify_document(w->registry, w->now_ms,
                                 span_of(notice.issuer_document.bytes, notice.issuer_document.size),
                                 w->verifier, &document, hash),
        OK);
    assert_string_equal(document.issuers[0].member, "market.445100");
    assert_int_equal(document.type, type_by_name("sanction.order")->number);
}

static void an_order_goes_all_the_way_to_executed(void **state)
{
    struct world *w = *state;
    punish(w);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    assert_int_equal(world_status(w, "obligations.executed"), 22);
    assert_true(world_status(w, "restrictions") > 0);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void the_gate_refuses_the_banned_persons_appointment_with_its_grounds(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    punish(w);
    appoint(w, env_id);
    const lianshu_Receipt *q = world_receipt(w, "health.445100", env_id);
    assert_non_null(q);
    assert_int_equal(q->kind, lianshu_ReceiptKind_RECEIPT_REJECTED);
    assert_int_equal(q->code, ERR_RESTRICTED);
    assert_true(q->grounds_count >= 1);
    bool m03 = false;
    for (pb_size_t i = 0; i < q->grounds_count; i++) {
        char id[33];
        hex_encode(span_of(q->grounds[i].order_id, 16), id);
        assert_string_equal(id, ORDER_ID);
        assert_true(q->grounds[i].basis[0] != '\0');
        m03 = m03 || strcmp(q->grounds[i].measure, "M03") == 0;
    }
    assert_true(m03);
    assert_int_equal(world_has(w, "market.445100", "appointment"), 0);
}

static void before_the_order_and_after_its_annulment_the_same_appointment_passes(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect(w);
    appoint(w, env_id);
    assert_int_equal(world_has(w, "market.445100", "appointment"), 1);
    acts_order(w, env_id);
    appoint(w, env_id);
    assert_int_equal(world_has(w, "market.445100", "appointment"), 1);
    acts_annul(w, env_id);
    assert_int_equal(world_code(w, "market.445100", env_id), 0);
    appoint(w, env_id);
    assert_int_equal(world_has(w, "market.445100", "appointment"), 2);
}

static void a_licence_application_of_the_punished_is_refused_and_of_the_clean_passes(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    punish(w);
    const struct mail punished = {.from = "health.445100",
                                  .type = "licence.application",
                                  .to = {"market.445100"},
                                  .facts = LICENCE_BODY(PUNISHED)};
    world_send(w, &punished, env_id);
    assert_int_equal(world_code(w, "health.445100", env_id), ERR_RESTRICTED);
    const struct mail clean = acts_application(NULL);
    world_send(w, &clean, env_id);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_DELIVERED);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
}

/* Who may consider says what it decided; who must need not. */
static void accepting_what_may_be_considered_names_the_decision(void **state)
{
    static lianshu_SanctionNotice notice;
    struct world *w = *state;
    size_t considered = 0;
    acts_connect(w);
    acts_order(w, NULL);
    world_turn(w);
    const size_t count = world_has(w, "market.445100", "sanction.notice");
    for (size_t i = 0; i < count; i++) {
        uint8_t env_id[HASH_LEN];
        char id[33];
        char body[128];
        acts_read_notice(world_got(w, "market.445100", "sanction.notice", i), &notice);
        hex_encode(span_of(notice.obligation_id, 16), id);
        snprintf(body, sizeof body, "{\"obligation_id\":\"%s\",\"answer\":\"accepted\"}", id);
        const struct mail mail = {.from = "market.445100",
                                  .type = "sanction.answer",
                                  .to = {"hub.445100"},
                                  .facts = body};
        world_send(w, &mail, env_id);
        const bool free_to = notice.force == lianshu_Force_FORCE_CONSIDER;
        considered += free_to;
        assert_int_equal(world_code(w, "market.445100", env_id), free_to ? ERR_FIELD_MISSING : OK);
        if (!free_to)
            continue;
        acts_answer(w, "market.445100", &notice, "accepted", env_id);
        assert_int_equal(world_code(w, "market.445100", env_id), OK);
    }
    assert_true(considered > 0 && considered < count);
}

static void an_honour_under_a_measure_to_consider_arrives_with_an_advisory(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    punish(w);
    const struct mail mail = {.from = "insurance.445100",
                              .type = "honour",
                              .to = {"market.445100"},
                              .facts = HONOUR_BODY(PUNISHED)};
    world_send(w, &mail, env_id);
    const struct got *got = world_got(w, "market.445100", "honour", 0);
    assert_non_null(got);
    assert_int_equal(got->advisory_count, 1);
    assert_string_equal(got->advisory[0].measure, "M21");
}

static void annulment_ends_every_restriction_and_everybody_confirms(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    punish(w);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    acts_annul(w, env_id);
    assert_int_equal(world_status(w, "restrictions"), 0);
    assert_int_equal(acts_notices(w), 44);
    assert_int_equal(world_status(w, "obligations.lift_due"), 22);
    acts_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    assert_int_equal(world_status(w, "obligations.lifted"), 22);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void an_annulment_cancels_notices_that_nobody_has_seen(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    world_hello(w, "market.445100");
    acts_order(w, env_id);
    assert_int_equal(acts_notices(w), 9);
    acts_annul(w, env_id);
    assert_int_equal(world_status(w, "obligations.cancelled"), 13);
    assert_int_equal(world_status(w, "obligations.lift_due"), 9);
    acts_connect(w);
    assert_int_equal(world_has(w, "police.445100", "sanction.notice"), 0);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void suspension_ends_the_restrictions_and_resumption_begins_a_new_episode(void **state)
{
    struct world *w = *state;
    punish(w);
    uint64_t before = world_status(w, "restrictions");
    assert_int_equal(changes(w, "sanction.suspend", ANNUL_BODY("2")), 0);
    assert_int_equal(world_status(w, "restrictions"), 0);
    assert_int_equal(changes(w, "sanction.resume", ANNUL_BODY("3")), 0);
    assert_int_equal(world_status(w, "restrictions"), before);
    assert_int_equal(world_status(w, "obligations.total"), 44);
}

static void versions_never_go_back_and_never_skip(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    punish(w);
    acts_order(w, env_id); /* another envelope, the same version */
    assert_int_equal(world_verdict(w, "market.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_REJECTED);
    assert_int_equal(world_code(w, "market.445100", env_id), ERR_ORDER_VERSION);
    assert_int_equal(changes(w, "sanction.annul", ANNUL_BODY("4")), ERR_ORDER_VERSION);
    assert_int_equal(world_status(w, "obligations.total"), 22);
}

static void another_member_cannot_answer_an_obligation(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    static lianshu_SanctionNotice notice;
    punish(w);
    acts_read_notice(world_got(w, "police.445100", "sanction.notice", 0), &notice);
    acts_answer(w, "health.445100", &notice, "accepted", env_id);
    assert_int_equal(world_code(w, "health.445100", env_id), ERR_OBLIGATION);
    acts_executed(w, "police.445100", &notice, "impose", env_id); /* not accepted yet */
    assert_int_equal(world_code(w, "police.445100", env_id), ERR_OBLIGATION);
}

static void an_answer_that_the_lift_has_overtaken_changes_nothing(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    static lianshu_SanctionNotice notice;
    punish(w);
    acts_read_notice(world_got(w, "police.445100", "sanction.notice", 0), &notice);
    acts_annul(w, env_id);
    acts_answer(w, "police.445100", &notice, "accepted", env_id);
    assert_int_equal(world_code(w, "police.445100", env_id), 0);
    assert_int_equal(world_status(w, "obligations.lift_due"), 22);
}

static void a_credit_check_names_restrictions_or_certifies_that_there_are_none(void **state)
{
    struct world *w = *state;
    punish(w);
    const lianshu_CreditCertificate *punished =
        certifies(w, "{\"subject\":" PUNISHED ",\"question\":\"采购\"}", 0);
    assert_false(punished->clean);
    assert_true(punished->restrictions_count > 0);
    const lianshu_CreditCertificate *clean =
        certifies(w, "{\"subject\":" CLEAN ",\"question\":\"采购\"}", 1);
    assert_true(clean->clean);
    assert_int_equal(clean->restrictions_count, 0);
}

static void expansion_goes_on_after_a_restart_where_it_stopped(void **state)
{
    struct world *w = *state;
    const struct mail mail = {.from = "market.445100",
                              .type = "sanction.order",
                              .to = {"hub.445100"},
                              .facts = ORDER_BODY("1"),
                              .basis = {"DL116", "DL118"},
                              .conversation = ORDER_ID};
    acts_connect(w);
    world_make(w, &mail, NULL, NULL);
    world_push(w, "market.445100");
    assert_int_equal(core_commit(w->core, w->now_ms), OK); /* decided, nothing expanded */
    world_restart(w);
    world_turn(w);
    assert_int_equal(world_status(w, "obligations.total"), 22);
    assert_int_equal(acts_notices(w), 22);
    world_restart(w);
    world_turn(w);
    assert_int_equal(world_status(w, "obligations.total"), 22);
    assert_int_equal(acts_notices(w), 22);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_order_of_r01_makes_22_obligations_and_shows_3_that_nobody_has),
        CASE(a_notice_embeds_the_order_as_its_issuer_signed_it),
        CASE(an_order_goes_all_the_way_to_executed),
        CASE(the_gate_refuses_the_banned_persons_appointment_with_its_grounds),
        CASE(before_the_order_and_after_its_annulment_the_same_appointment_passes),
        CASE(a_licence_application_of_the_punished_is_refused_and_of_the_clean_passes),
        CASE(accepting_what_may_be_considered_names_the_decision),
        CASE(an_honour_under_a_measure_to_consider_arrives_with_an_advisory),
        CASE(annulment_ends_every_restriction_and_everybody_confirms),
        CASE(an_annulment_cancels_notices_that_nobody_has_seen),
        CASE(suspension_ends_the_restrictions_and_resumption_begins_a_new_episode),
        CASE(versions_never_go_back_and_never_skip),
        CASE(another_member_cannot_answer_an_obligation),
        CASE(an_answer_that_the_lift_has_overtaken_changes_nothing),
        CASE(a_credit_check_names_restrictions_or_certifies_that_there_are_none),
        CASE(expansion_goes_on_after_a_restart_where_it_stopped),
    };
    return cmocka_run_group_tests_name("sanctions", tests, NULL, NULL);
}
