/* Who waits for whom: lanes, windows, several adapters of a member, breakers, quotas, a full disk.
 */
#include "scenario/acts.h"
#include "scenario/texts.h"
#include "scenario/world.h"

#include "base/clock.h"

#include <stdio.h>

enum { LEASE_MS = 30 * 1000, WINDOW = 64 /* of world_hello */ };

#define CONVERSATION "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void send_many(struct world *w, size_t count)
{
    const struct mail mail = acts_application(NULL);
    for (size_t i = 0; i < count; i++)
        world_send(w, &mail, NULL);
}

/* ---- lanes ---- */

static void a_lift_goes_ahead_of_a_backlog(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    acts_order(w, NULL);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    world_leave(w, "market.445100");
    send_many(w, 200);
    struct site *market = world_site(w, "market.445100");
    const struct mail annul = {.from = "market.445100",
                               .type = "sanction.annul",
                               .to = {"hub.445100"},
                               .facts = ANNUL_BODY("2"),
                               .basis = {"AP48"},
                               .conversation = ORDER_ID};
    world_send(w, &annul, NULL); /* its frame comes from a connection that says no hello */
    size_t before = market->got_count;
    market->silent = true;
    world_hello(w, "market.445100");
    assert_true(market->got_count > before);
    assert_int_equal(market->got[before].type, lianshu_DocumentType_TYPE_SANCTION_NOTICE);
}

static void the_last_part_of_a_window_is_kept_for_lifts(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    acts_order(w, NULL);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    struct site *market = world_site(w, "market.445100");
    market->silent = true;
    send_many(w, 2 * WINDOW);
    size_t applications = world_has(w, "market.445100", "licence.application");
    assert_int_equal(applications, WINDOW - WINDOW / 8);
    size_t notices = world_has(w, "market.445100", "sanction.notice");
    acts_annul(w, NULL);
    assert_true(world_has(w, "market.445100", "sanction.notice") > notices);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), applications);
}

static void a_lift_supersedes_what_was_not_fetched_and_is_told_nevertheless(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    world_leave(w, "police.445100");
    struct site *insurance = world_site(w, "insurance.445100");
    insurance->silent = true; /* its notices are sealed and sent, but never answered */
    acts_order(w, NULL);
    size_t imposed = world_has(w, "insurance.445100", "sanction.notice");
    assert_true(imposed > 0);
    world_leave(w, "insurance.445100");
    insurance->silent = false;
    world_forget(w, "insurance.445100"); /* what it had not answered */
    acts_annul(w, NULL);
    assert_true(world_status(w, "receipts.superseded") >= imposed);
    world_hello(w, "insurance.445100");
    assert_int_equal(world_has(w, "insurance.445100", "sanction.notice"), imposed);
    for (size_t i = 0; i < imposed; i++) {
        lianshu_SanctionNotice notice;
        acts_read_notice(world_got(w, "insurance.445100", "sanction.notice", i), &notice);
        assert_int_equal(notice.stage, lianshu_NoticeStage_STAGE_LIFT);
    }
    world_hello(w, "police.445100"); /* what was never even sealed is not told at all */
    assert_int_equal(world_has(w, "police.445100", "sanction.notice"), 0);
}

static void a_notice_outlives_its_envelope(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    struct site *insurance = world_site(w, "insurance.445100");
    insurance->silent = true;
    acts_order(w, NULL);
    size_t imposed = world_has(w, "insurance.445100", "sanction.notice");
    world_leave(w, "insurance.445100");
    for (int day = 0; day < 100; day++)
        world_pass(w, DAY_MS);
    insurance->silent = false;
    world_forget(w, "insurance.445100");
    world_hello(w, "insurance.445100");
    assert_int_equal(world_has(w, "insurance.445100", "sanction.notice"), imposed);
}

/* ---- several adapters of a member ---- */

static void two_adapters_of_a_member_share_its_queue(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    struct site *first = world_site(w, "market.445100");
    struct site *second = world_second(w, "market.445100");
    first->silent = second->silent = true;
    send_many(w, 2 * (WINDOW - WINDOW / 8));
    assert_int_equal(first->got_count, WINDOW - WINDOW / 8);
    assert_int_equal(second->got_count, WINDOW - WINDOW / 8);
    for (size_t i = 0; i < first->got_count; i++) {
        for (size_t j = 0; j < second->got_count; j++)
            assert_memory_not_equal(first->got[i].env_id, second->got[j].env_id, HASH_LEN);
    }
}

static void what_one_adapter_held_goes_to_the_other_when_it_dies(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    struct site *first = world_site(w, "market.445100");
    first->silent = true;
    send_many(w, 10);
    assert_int_equal(first->got_count, 10);
    struct site *second = world_second(w, "market.445100");
    assert_int_equal(second->got_count, 0);
    world_leave(w, "market.445100");
    world_turn(w);
    assert_int_equal(second->got_count, 10);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void a_conversation_stays_with_one_adapter(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    struct site *first = world_site(w, "market.445100");
    struct site *second = world_second(w, "market.445100");
    first->silent = second->silent = true;
    for (int i = 0; i < 6; i++) {
        const struct mail mail = acts_application(CONVERSATION);
        world_send(w, &mail, NULL);
    }
    assert_true(first->got_count == 0 || second->got_count == 0);
    assert_int_equal(first->got_count + second->got_count, 6);
}

static void anothers_acknowledgement_hides_no_final_receipt(void **state)
{
    struct world *w = *state;
    struct site *first = world_site(w, "health.445100");
    uint8_t env_id[HASH_LEN], id[16];
    acts_connect_both(w);
    world_site(w, "market.445100")->silent = true;
    const struct mail mail = acts_application(NULL);
    world_make(w, &mail, env_id, id);
    world_push(w, "health.445100");
    world_turn(w);
    struct site *second = world_second(w, "health.445100");
    world_leave(w, "health.445100");
    world_push_receipt(w, "market.445100", world_got(w, "market.445100", "licence.application", 0));
    world_turn(w); /* taken and acknowledged by the second adapter */
    assert_int_equal(second->receipts[second->receipt_count - 1].kind,
                     lianshu_ReceiptKind_RECEIPT_DELIVERED);
    lianshu_Control hello = {.kind = lianshu_ControlKind_CONTROL_HELLO,
                             .which_body = lianshu_Control_hello_tag};
    strcpy(hello.body.hello.member, "health.445100");
    strcpy(hello.body.hello.realm, "demo");
    hello.body.hello.receipt_stream = first->stream;
    hello.body.hello.credit_messages = WINDOW;
    hello.body.hello.unfinished_count = 1;
    memcpy(hello.body.hello.unfinished[0], id, sizeof id);
    uint8_t frame[512];
    struct writer out = writer_of(frame, sizeof frame);
    assert_int_equal(frame_put_control(&out, &hello), OK);
    world_give(w, first->peer, writer_span(&out));
    world_turn(w);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_DELIVERED);
}

/* ---- breakers ---- */

static void an_adapter_that_never_answers_gets_one_at_a_time(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    struct site *market = world_site(w, "market.445100");
    market->silent = true;
    send_many(w, 40);
    uint64_t seen = 0;
    for (int i = 0; i < 4; i++)
        world_pass(w, LEASE_MS + 10 * 1000);
    for (size_t i = 0; i < market->got_count; i++)
        seen += market->got[i].seen;
    uint64_t before = seen;
    for (int i = 0; i < 10; i++)
        world_pass(w, LEASE_MS + 10 * 1000);
    seen = 0;
    for (size_t i = 0; i < market->got_count; i++)
        seen += market->got[i].seen;
    assert_in_range(seen - before, 1, 10); /* 40 each time without the breaker */
    assert_int_equal(world_status(w, "parked"), 0);
}

static void one_answer_closes_the_breaker(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    struct site *market = world_site(w, "market.445100");
    market->silent = true;
    send_many(w, 40);
    for (int i = 0; i < 6; i++)
        world_pass(w, LEASE_MS + 10 * 1000);
    market->silent = false;
    for (int i = 0; i < 12 && world_status(w, "undelivered") > 0; i++)
        world_pass(w, 60 * 1000);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void a_silent_member_delays_nobody_else(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    world_site(w, "market.445100")->silent = true;
    send_many(w, 100);
    const struct mail mail = acts_referral();
    world_send(w, &mail, NULL);
    assert_int_equal(world_has(w, "police.445100", "case.referral"), 1);
}

/* ---- quotas ---- */

static void a_sender_with_too_much_undelivered_is_told_to_wait(void **state)
{
    struct world *w = *state;
    world_limit(w, &(struct core_options){.sender_rows_max = 16});
    world_hello(w, "health.445100");
    send_many(w, 17);
    assert_int_equal(world_site(w, "health.445100")->last_busy_code, ERR_QUOTA);
    assert_int_equal(world_status(w, "undelivered"), 16);
    world_site(w, "health.445100")->last_busy_code = 0;
    world_hello(w, "market.445100"); /* it fetches them, and there is room again */
    send_many(w, 1);
    assert_int_equal(world_site(w, "health.445100")->last_busy_code, 0);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 17);
}

static void a_recipient_with_a_full_backlog_makes_its_senders_wait_and_no_others(void **state)
{
    struct world *w = *state;
    world_limit(w, &(struct core_options){.backlog_rows_max = 16});
    world_hello(w, "health.445100");
    world_hello(w, "police.445100");
    send_many(w, 17);
    assert_int_equal(world_site(w, "health.445100")->last_busy_code, ERR_BACKLOG);
    world_hello(w, "market.445100");
    world_restart(w);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void quotas_are_exact_over_a_restart(void **state)
{
    struct world *w = *state;
    world_limit(w, &(struct core_options){.sender_rows_max = 16});
    world_hello(w, "health.445100");
    send_many(w, 10);
    world_restart(w);
    send_many(w, 7);
    assert_int_equal(world_site(w, "health.445100")->last_busy_code, ERR_QUOTA);
    assert_int_equal(world_status(w, "undelivered"), 16);
}

static void bytes_count_as_well_as_envelopes(void **state)
{
    struct world *w = *state;
    world_limit(w, &(struct core_options){.backlog_bytes_max = 8000});
    world_hello(w, "health.445100");
    send_many(w, 40);
    assert_int_equal(world_site(w, "health.445100")->last_busy_code, ERR_BACKLOG);
    assert_in_range(world_status(w, "undelivered"), 1, 20);
}

static void a_repair_passes_when_the_rate_is_used_up(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    acts_order(w, NULL);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    world_limit(w, &(struct core_options){.rate_per_s = 80});
    const struct mail honour = {.from = "market.445100",
                                .type = "subject.register",
                                .to = {"hub.445100"},
                                .facts =
                                    "{\"subject\":" CLEAN ",\"registered_date\":\"2020-01-01\"}"};
    struct site *market = world_site(w, "market.445100");
    for (int i = 0; i < 100 && market->last_busy_code == 0; i++)
        world_send(w, &honour, NULL);
    assert_int_equal(market->last_busy_code, ERR_BUSY);
    uint8_t env_id[HASH_LEN];
    acts_annul(w, env_id);
    assert_int_equal(world_verdict(w, "market.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_ACCEPTED);
}

/* ---- disk ---- */

#define GIB (UINT64_C(1) << 30)

static void a_disk_that_is_nearly_full_takes_nothing_new_and_delivers_on(void **state)
{
    struct world *w = *state;
    world_hello(w, "health.445100");
    send_many(w, 5);
    assert_int_equal(core_disk(w->core, 100 << 20, 100 * GIB), OK);
    send_many(w, 1);
    assert_int_equal(world_site(w, "health.445100")->last_busy_code, ERR_DISK_FULL);
    world_hello(w, "market.445100");
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 5);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void a_repair_passes_on_a_disk_that_is_nearly_full(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    acts_order(w, NULL);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    assert_int_equal(core_disk(w->core, 100 << 20, 100 * GIB), OK);
    uint8_t env_id[HASH_LEN];
    acts_annul(w, env_id);
    assert_int_equal(world_verdict(w, "market.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_ACCEPTED);
}

static void a_disk_with_room_again_takes_everything_and_does_not_swing(void **state)
{
    static const struct {
        uint64_t free_mib;
        uint32_t code;
    } rows[] = {
        {129, 0}, {127, ERR_DISK_FULL}, {129, ERR_DISK_FULL}, {255, ERR_DISK_FULL}, {256, 0},
        {129, 0}};
    struct world *w = *state;
    struct site *health = world_site(w, "health.445100");
    world_hello(w, "health.445100");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        health->last_busy_code = 0;
        assert_int_equal(core_disk(w->core, rows[i].free_mib << 20, 100 * GIB), OK);
        send_many(w, 1);
        assert_int_equal(health->last_busy_code, rows[i].code);
    }
}

static void a_repeat_is_answered_on_a_full_disk(void **state)
{
    struct world *w = *state;
    struct site *health = world_site(w, "health.445100");
    world_hello(w, "health.445100");
    send_many(w, 1);
    assert_int_equal(core_disk(w->core, 0, GIB), OK);
    size_t before = health->receipt_count;
    world_push(w, "health.445100");
    world_turn(w);
    assert_int_equal(health->receipt_count, before + 1);
    assert_int_equal(health->last_busy_code, 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_lift_goes_ahead_of_a_backlog),
        CASE(the_last_part_of_a_window_is_kept_for_lifts),
        CASE(a_lift_supersedes_what_was_not_fetched_and_is_told_nevertheless),
        CASE(a_notice_outlives_its_envelope),
        CASE(two_adapters_of_a_member_share_its_queue),
        CASE(what_one_adapter_held_goes_to_the_other_when_it_dies),
        CASE(a_conversation_stays_with_one_adapter),
        CASE(anothers_acknowledgement_hides_no_final_receipt),
        CASE(an_adapter_that_never_answers_gets_one_at_a_time),
        CASE(one_answer_closes_the_breaker),
        CASE(a_silent_member_delays_nobody_else),
        CASE(a_sender_with_too_much_undelivered_is_told_to_wait),
        CASE(a_recipient_with_a_full_backlog_makes_its_senders_wait_and_no_others),
        CASE(quotas_are_exact_over_a_restart),
        CASE(bytes_count_as_well_as_envelopes),
        CASE(a_repair_passes_when_the_rate_is_used_up),
        CASE(a_disk_that_is_nearly_full_takes_nothing_new_and_delivers_on),
        CASE(a_repair_passes_on_a_disk_that_is_nearly_full),
        CASE(a_disk_with_room_again_takes_everything_and_does_not_swing),
        CASE(a_repeat_is_answered_on_a_full_disk),
    };
    return cmocka_run_group_tests_name("fairness", tests, NULL, NULL);
}
