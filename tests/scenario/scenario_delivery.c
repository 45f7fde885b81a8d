/* Store and forward: once, in order, again until receipted, over restarts. */
#include "scenario/acts.h"
#include "scenario/texts.h"
#include "scenario/world.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEASE_MS = 30 * 1000 };

#define CONVERSATION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void send_application(struct world *w, uint8_t env_id[HASH_LEN])
{
    const struct mail mail = acts_application(NULL);
    world_send(w, &mail, env_id);
}

static void an_accepted_envelope_arrives_once_and_its_receipts_come_back(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect_both(w);
    send_application(w, env_id);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
    assert_int_equal(world_got(w, "market.445100", "licence.application", 0)->seen, 1);
    const struct site *health = world_site(w, "health.445100");
    assert_int_equal(health->receipt_count, 2);
    assert_int_equal(health->receipts[0].kind, lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    assert_string_equal(health->receipts[0].by, "hub.445100");
    assert_int_equal(health->receipts[1].kind, lianshu_ReceiptKind_RECEIPT_DELIVERED);
    assert_string_equal(health->receipts[1].by, "market.445100");
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void nothing_leaves_before_the_commit(void **state)
{
    struct world *w = *state;
    struct core_output out;
    world_hello(w, "health.445100");
    const struct mail mail = acts_application(NULL);
    world_make(w, &mail, NULL, NULL);
    world_push(w, "health.445100");
    assert_false(core_output(w->core, &out));
    assert_int_equal(core_commit(w->core, w->now_ms), OK);
    assert_true(core_output(w->core, &out));
}

static void without_a_signed_head_there_is_no_receipt(void **state)
{
    struct world *w = *state;
    struct core_output out;
    world_hello(w, "health.445100");
    const struct mail mail = acts_application(NULL);
    world_make(w, &mail, NULL, NULL);
    world_push(w, "health.445100");
    w->sign_fails = ERR_SIGNER;
    assert_int_equal(core_commit(w->core, w->now_ms), ERR_SIGNER);
    assert_false(core_output(w->core, &out));
    w->sign_fails = OK;
    world_restart(w); /* the supervisor; the signer gets what it lacks */
    world_turn(w);
    world_push(w, "health.445100");
    world_turn(w);
    assert_int_equal(world_status(w, "envelopes"), 1);
    assert_int_equal(world_site(w, "health.445100")->receipts[0].kind,
                     lianshu_ReceiptKind_RECEIPT_ACCEPTED);
}

static void what_was_not_committed_never_was(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    world_hello(w, "health.445100");
    const struct mail mail = acts_application(NULL);
    world_make(w, &mail, env_id, NULL);
    world_push(w, "health.445100");
    world_restart(w); /* killed before the commit */
    assert_int_equal(world_status(w, "envelopes"), 0);
    world_push(w, "health.445100"); /* the sender kept its frame */
    world_turn(w);
    assert_int_equal(world_status(w, "envelopes"), 1);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_ACCEPTED);
}

static void assert_same_receipt(const lianshu_Receipt *a, const lianshu_Receipt *b)
{
    uint8_t bytes[2][FRAME_RECEIPT_MAX];
    struct writer w[2] = {writer_of(bytes[0], sizeof bytes[0]),
                          writer_of(bytes[1], sizeof bytes[1])};
    assert_int_equal(receipt_encode(a, &w[0]), OK);
    assert_int_equal(receipt_encode(b, &w[1]), OK);
    assert_int_equal(w[0].len, w[1].len);
    assert_memory_equal(bytes[0], bytes[1], w[0].len);
}

static void a_repeat_gets_the_first_receipt_and_is_not_delivered_again(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect_both(w);
    send_application(w, env_id);
    struct site *health = world_site(w, "health.445100");
    size_t before = health->receipt_count;
    for (int i = 0; i < 3; i++) {
        world_push(w, "health.445100");
        world_turn(w);
    }
    assert_int_equal(health->receipt_count, before + 6); /* accepted and delivered each time */
    for (size_t i = 0; i < 6; i++)
        assert_same_receipt(&health->receipts[before + i], &health->receipts[i % 2]);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
    assert_int_equal(world_status(w, "envelopes"), 1);
}

static void a_repeat_is_answered_whatever_the_time_is_now(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    world_hello(w, "health.445100");
    send_application(w, env_id);
    world_pass(w, 30 * (uint64_t)DAY_MS); /* long after its end */
    struct site *health = world_site(w, "health.445100");
    size_t before = health->receipt_count;
    world_push(w, "health.445100");
    world_turn(w);
    assert_int_equal(health->receipt_count, before + 2);
    assert_int_equal(health->receipts[before].kind, lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    assert_int_equal(health->receipts[before + 1].kind, lianshu_ReceiptKind_RECEIPT_EXPIRED);
}

static void an_absent_member_gets_everything_in_order_when_it_returns(void **state)
{
    struct world *w = *state;
    world_hello(w, "health.445100");
    for (uint64_t i = 1; i <= 5; i++) {
        const struct mail mail = acts_numbered_application(CONVERSATION, i);
        world_send(w, &mail, NULL);
    }
    assert_int_equal(world_status(w, "undelivered"), 5);
    world_restart(w);
    world_hello(w, "market.445100");
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 5);
    for (size_t i = 0; i < 5; i++) {
        const struct got *got = world_got(w, "market.445100", "licence.application", i);
        assert_int_equal(got->number, i + 1);
        assert_int_equal(got->seen, 1);
    }
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void a_member_that_gives_no_receipt_is_sent_it_again_with_growing_pauses(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    world_site(w, "market.445100")->silent = true;
    send_application(w, NULL);
    struct got *got = world_got(w, "market.445100", "licence.application", 0);
    assert_int_equal(got->seen, 1);
    world_pass(w, LEASE_MS - 1);
    assert_int_equal(got->seen, 1);
    world_pass(w, 1);
    world_pass(w, 1000);
    assert_int_equal(got->seen, 2);
    world_pass(w, LEASE_MS);
    world_pass(w, 999); /* the second pause is longer */
    assert_int_equal(got->seen, 2);
    world_pass(w, 1001);
    assert_int_equal(got->seen, 3);
    world_site(w, "market.445100")->silent = false;
    world_pass(w, LEASE_MS);
    world_pass(w, 10 * 1000);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void what_an_adapter_held_is_due_at_once_when_it_is_gone(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    world_site(w, "market.445100")->silent = true;
    send_application(w, NULL);
    world_leave(w, "market.445100");
    world_site(w, "market.445100")->silent = false;
    world_hello(w, "market.445100");
    assert_int_equal(world_got(w, "market.445100", "licence.application", 0)->seen, 2);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void an_adapter_that_is_full_gets_everything_after_a_pause(void **state)
{
    struct world *w = *state;
    struct site *market = world_site(w, "market.445100");
    acts_connect_both(w);
    market->silent = true;
    send_application(w, NULL);
    send_application(w, NULL);
    assert_int_equal(core_peer_full(w->core, market->peer, w->now_ms), OK);
    market->silent = false;
    world_turn(w);
    assert_int_equal(world_status(w, "undelivered"), 2);
    world_pass(w, 100);
    assert_int_equal(world_status(w, "undelivered"), 0);
    assert_int_equal(world_got(w, "market.445100", "licence.application", 1)->seen, 2);
}

static void no_more_is_out_than_the_window_that_an_adapter_gave(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    world_site(w, "market.445100")->silent = true;
    for (int i = 0; i < 70; i++)
        send_application(w, NULL);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 56); /* 8 for lifts */
}

static void an_envelope_waits_for_its_not_before(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    struct mail mail = acts_application(NULL);
    mail.not_before_ms = w->now_ms + 5000;
    world_send(w, &mail, NULL);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 0);
    world_pass(w, 4999);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 0);
    world_pass(w, 1);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
}

static void a_number_that_comes_early_waits_at_its_sender(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    const struct mail second = acts_numbered_application(CONVERSATION, 2);
    const struct mail first = acts_numbered_application(CONVERSATION, 1);
    world_send(w, &second, NULL);
    assert_int_equal(world_site(w, "health.445100")->last_busy_code, ERR_SEQUENCE_GAP);
    assert_int_equal(world_status(w, "envelopes"), 0);
    world_send(w, &first, NULL);
    world_send(w, &second, NULL);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 2);
    uint8_t env_id[HASH_LEN];
    world_send(w, &second, env_id); /* another envelope with a used number */
    assert_int_equal(world_code(w, "health.445100", env_id), ERR_SEQUENCE);
}

/* Number 2 of the conversation, with something wrong; it lies in w->frame. */
struct wrong {
    const char *what, *to;
    uint64_t life_ms; /* 0: it has time */
    const char *sealless;
    enum err code;
};

static void send_number(struct world *w, uint64_t number)
{
    const struct mail mail = acts_numbered_application(CONVERSATION, number);
    uint8_t env_id[HASH_LEN];
    world_send(w, &mail, env_id);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_DELIVERED);
}

static void refuse_early(struct world *w, const struct wrong *row)
{
    struct site *health = world_site(w, "health.445100");
    struct mail second = acts_numbered_application(CONVERSATION, 2);
    static uint8_t frame[FRAME_MAX];
    uint8_t env_id[HASH_LEN];

    second.to[0] = row->to;
    second.expires_ms = row->life_ms == 0 ? 0 : w->now_ms + row->life_ms;
    world_make(w, &second, env_id, NULL);
    const size_t len = w->frame_len;
    memcpy(frame, w->frame, len);
    w->now_ms += row->life_ms;
    for (int turn = 0; turn < 2; turn++) {
        world_sealless(w, row->sealless);
        memcpy(w->frame, frame, len);
        w->frame_len = len;
        world_push(w, "health.445100");
        world_turn(w);
        world_sealless(w, NULL);
        if (turn == 1)
            break;
        assert_int_equal(health->last_busy_code, ERR_SEQUENCE_GAP);
        assert_int_equal(world_verdict(w, "health.445100", env_id),
                         lianshu_ReceiptKind_RECEIPT_NONE);
        send_number(w, 1);
    }
    assert_int_equal(world_code(w, "health.445100", env_id), row->code);
}

/* Whatever is wrong with it: refused before its turn, its number would be missing for ever. */
static void a_refused_number_leaves_no_hole_though_it_came_early(void **state)
{
    static const struct wrong rows[] = {
        {"no right", "police.445100", 0, NULL, ERR_RECIPIENT_RIGHT},
        {"a reader's key is over", "market.445100", 0, "market.445100", ERR_KEY_EXPIRED},
        {"it is over", "market.445100", 1000, NULL, ERR_EXPIRED},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct world *w = *state;
        print_message("row %zu: %s\n", i, rows[i].what);
        acts_connect_both(w);
        refuse_early(w, &rows[i]);
        send_number(w, 3);
        assert_int_equal(world_teardown(state), 0);
        assert_int_equal(world_setup(state), 0);
    }
}

static void receipts_wait_for_a_sender_that_was_away(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    world_hello(w, "market.445100");
    world_hello(w, "health.445100");
    world_leave(w, "health.445100");
    send_application(w, env_id); /* its frame came before the connection broke */
    assert_int_equal(world_site(w, "health.445100")->receipt_count, 0);
    world_restart(w);
    world_hello(w, "health.445100");
    assert_int_equal(world_site(w, "health.445100")->receipt_count, 2);
}

/* The database with its write-ahead log, as a backup between two commits would have them. */
static void copy_database(const struct world *w, const char *from, const char *to)
{
    static const char *const parts[] = {"", "-wal"};
    static uint8_t bytes[8 << 20];
    char path[128];
    for (size_t i = 0; i < T_COUNT(parts); i++) {
        snprintf(path, sizeof path, "%s/%s%s", w->dir, from, parts[i]);
        FILE *in = fopen(path, "rb");
        size_t len = in == NULL ? 0 : fread(bytes, 1, sizeof bytes, in);
        if (in != NULL)
            fclose(in);
        snprintf(path, sizeof path, "%s/%s%s", w->dir, to, parts[i]);
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(bytes, 1, len, out), len);
        fclose(out);
    }
}

static void a_restored_database_does_not_start(void **state)
{
    struct world *w = *state;
    char path[128];
    world_hello(w, "health.445100");
    send_application(w, NULL);
    copy_database(w, "hub.db", "copy.db");
    send_application(w, NULL); /* its receipt is out */
    core_close(&w->core);
    store_close(&w->store);
    copy_database(w, "copy.db", "hub.db");
    assert_int_equal(world_try_restart(w), ERR_LOG_ROLLBACK);
    snprintf(path, sizeof path, "%s/copy.db", w->dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/copy.db-wal", w->dir);
    unlink(path);
}

static void the_same_inputs_give_the_same_bytes(void **state)
{
    (void)state;
    static const uint8_t seed[ENTROPY_SEED_LEN] = {42};
    uint8_t first[HASH_LEN];
    uint8_t second[HASH_LEN];
    for (int run = 0; run < 2; run++) {
        struct world *w = world_new(seed);
        acts_connect_both(w);
        for (uint64_t i = 1; i <= 3; i++) {
            const struct mail mail = acts_numbered_application(CONVERSATION, i);
            world_send(w, &mail, NULL);
        }
        sha256_done(&w->transcript, run == 0 ? first : second);
        world_free(w);
    }
    assert_memory_equal(first, second, HASH_LEN);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_accepted_envelope_arrives_once_and_its_receipts_come_back),
        CASE(nothing_leaves_before_the_commit),
        CASE(without_a_signed_head_there_is_no_receipt),
        CASE(what_was_not_committed_never_was),
        CASE(a_repeat_gets_the_first_receipt_and_is_not_delivered_again),
        CASE(a_repeat_is_answered_whatever_the_time_is_now),
        CASE(an_absent_member_gets_everything_in_order_when_it_returns),
        CASE(a_member_that_gives_no_receipt_is_sent_it_again_with_growing_pauses),
        CASE(what_an_adapter_held_is_due_at_once_when_it_is_gone),
        CASE(an_adapter_that_is_full_gets_everything_after_a_pause),
        CASE(no_more_is_out_than_the_window_that_an_adapter_gave),
        CASE(an_envelope_waits_for_its_not_before),
        CASE(a_number_that_comes_early_waits_at_its_sender),
        CASE(a_refused_number_leaves_no_hole_though_it_came_early),
        CASE(receipts_wait_for_a_sender_that_was_away),
        CASE(a_restored_database_does_not_start),
        cmocka_unit_test(the_same_inputs_give_the_same_bytes),
    };
    return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
