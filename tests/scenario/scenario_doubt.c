/*
 * Checks core/doubt.c: what a stolen key ordered stands, is marked, and is put before its issuer
 * and the one above with a term, once two officials of the hub say so.
 */
#include "core/state.h"
#include "scenario/acts.h"
#include "scenario/ledgerbook.h"
#include "scenario/officials.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "base/hex.h"
#include "fault/vfs.h"
#include "keys/registrar.h"
#include "wire.h"

#include <stdio.h>

#define HUB         "hub.445100"
#define MARKET      "market.445100"
#define SUPERIOR    "market.440000"
#define HEALTH      "health.445100"
#define POLICE      "police.445100"
#define ORDER_QUERY "{\"cmd\":\"order\",\"id\":\"" ORDER_ID "\"}"

enum { STEPS_MAX = 2000 };

static const struct key *stolen(struct world *w)
{
    return keyring_find(world_site(w, MARKET)->keys, KEY_USE_SIGN);
}

/* The registrar revokes that key as of then. */
static void revoke_key(struct world *w, const char *member, const struct key *key,
                       uint64_t since_ms, uint64_t number)
{
    static uint8_t bytes[4096];
    static uint8_t answer[4096];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    struct writer out = writer_of(answer, sizeof answer);
    const struct key *registrar = keyring_find(w->root, KEY_USE_REGISTRAR);
    lianshu_Revocation body = {.number = number,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED,
                               .compromised_since_ms = since_ms};
    const struct office_paper what = {.realm = "demo",
                                      .type = lianshu_DocumentType_TYPE_KEY_REVOCATION,
                                      .desc = &lianshu_Revocation_msg,
                                      .body = &body,
                                      .now_ms = w->now_ms,
                                      .entropy = &w->entropy};
    const struct office_signers by = {
        .member = "registrar.000000", .keys = &registrar, .key_count = 1};
    snprintf(body.member, sizeof body.member, "%s", member);
    memcpy(body.kid, key_kid(key), KID_LEN);
    assert_int_equal(office_document(&what, &by, &lsd1), OK);
    assert_int_equal(core_amend(w->core, writer_span(&lsd1), w->now_ms, &out), OK);
    world_turn(w);
}

static void revoke(struct world *w, uint64_t since_ms)
{
    revoke_key(w, MARKET, stolen(w), since_ms, 1);
}

static struct act review_of(const char *member, const struct key *key)
{
    return (struct act){.verb = lianshu_OfficialVerb_OFFICIAL_DOUBT,
                        .recipient = HUB,
                        .sender = member,
                        .message_id = key_kid(key)};
}

static enum err review(struct world *w)
{
    const struct act act = review_of(MARKET, stolen(w));
    return officials_act(w, &act);
}

/* The act, and nothing after its commit. */
static enum err begin(struct world *w, const struct act *act)
{
    uint8_t bytes[2048];
    uint8_t room[4096];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    struct writer answer = writer_of(room, sizeof room);
    officials_make(w, act, &lsd1);
    assert_int_equal(core_act(w->core, writer_span(&lsd1), w->now_ms, &answer), OK);
    return officials_code(writer_span(&answer));
}

static struct json *effects_from(struct world *w, uint64_t from)
{
    char request[128];
    char rest[48] = "";
    char kid[2 * KID_LEN + 1];
    hex_encode(span_of(key_kid(stolen(w)), KID_LEN), kid);
    if (from != 0)
        snprintf(rest, sizeof rest, ",\"from\":%llu", (unsigned long long)from);
    snprintf(request, sizeof request, "{\"cmd\":\"revocation.effects\",\"kid\":\"%s\"%s}", kid,
             rest);
    return world_ask(w, request);
}

static struct json *effects(struct world *w)
{
    return effects_from(w, 0);
}

/* Of the orders of the stolen key those that were gone through, in a hundred; 100: it is over. */
static uint64_t percent(struct world *w)
{
    uint64_t value = 100;
    struct json *answer = effects(w);
    (void)json_uint(json_get(answer, "review_percent"), &value);
    json_close(&answer);
    return value;
}

/* What `revocation effects` says of the order's review; "": nothing. */
static const char *reviewed(struct world *w)
{
    static char word[32];
    struct json *answer = effects(w);
    const char *text = json_get_text(json_item(json_get(answer, "orders"), 0), "review");
    snprintf(word, sizeof word, "%s", text != NULL ? text : "");
    json_close(&answer);
    return word;
}

static bool marked(struct world *w)
{
    struct json *answer = world_ask(w, ORDER_QUERY);
    const bool is = json_flag(json_get(answer, "under_objection"));
    json_close(&answer);
    return is;
}

static void prepare(struct world *w)
{
    world_widen(w);
    world_enrol(w, SUPERIOR);
    acts_connect(w);
    acts_order(w, NULL);
    world_settle(w);
}

static int setup(void **state)
{
    world_setup(state);
    prepare(*state);
    return 0;
}

static void an_order_of_a_stolen_key_stands_and_is_reviewed_by_two_officials(void **state)
{
    struct world *w = *state;
    const uint64_t restrictions = world_status(w, "restrictions");
    revoke(w, w->now_ms - HOUR_MS);
    assert_false(marked(w));
    assert_string_equal(reviewed(w), "");
    assert_int_equal(review(w), OK);
    assert_true(marked(w));
    assert_string_equal(reviewed(w), "open");
    assert_true(restrictions > 0);
    assert_int_equal(world_status(w, "restrictions"), restrictions); /* nothing vanishes */
    assert_int_equal(book_told(w, MARKET, lianshu_HubNoticeKind_HUBNOTICE_REMINDER), 1);
    assert_int_equal(book_told(w, SUPERIOR, lianshu_HubNoticeKind_HUBNOTICE_REMINDER), 1);
    assert_int_equal(review(w), OK); /* asked again: nothing is doubled */
    assert_int_equal(book_told(w, SUPERIOR, lianshu_HubNoticeKind_HUBNOTICE_REMINDER), 1);
    world_restart(w);
    assert_string_equal(reviewed(w), "open");
}

static void a_review_that_nobody_answers_is_told_to_the_superior_as_late(void **state)
{
    struct world *w = *state;
    revoke(w, w->now_ms - HOUR_MS);
    assert_int_equal(review(w), OK);
    book_days(w, 10);
    assert_true(book_told(w, SUPERIOR, lianshu_HubNoticeKind_HUBNOTICE_OVERDUE) > 0);
    assert_string_equal(reviewed(w), "open");
    assert_true(marked(w));
}

/* Its issuer cannot sign: who stands above decides. */
static void decides(struct world *w, const char *decision)
{
    char body[512];
    char id[33];
    struct request open;
    uint8_t order[STORE_ID_LEN];
    revoke(w, w->now_ms - HOUR_MS);
    assert_int_equal(review(w), OK);
    assert_true(hex_decode(ORDER_ID, order, sizeof order));
    assert_int_equal(doubt_review(w->core, key_kid(stolen(w)), order, &open), OK);
    hex_encode(span_of(open.document, sizeof open.document), id);
    snprintf(body, sizeof body,
             "{\"subject\":" PUNISHED ",\"order_id\":\"" ORDER_ID "\",\"reference\":\"D-1\","
             "\"date\":\"2026-04-01\",\"decision\":\"%s\",\"request_doc\":\"%s\"}",
             decision, id);
    assert_int_equal(book_send(w, SUPERIOR, "objection.decision", body, NULL, NULL), OK);
    assert_false(marked(w));
}

static void the_superior_confirms_and_the_mark_goes(void **state)
{
    struct world *w = *state;
    decides(w, "refused");
    assert_string_equal(reviewed(w), "confirmed");
    assert_true(world_status(w, "restrictions") > 0);
}

static void the_superior_gives_it_up_and_its_end_is_expected(void **state)
{
    struct world *w = *state;
    decides(w, "upheld");
    assert_string_equal(reviewed(w), "given up");
    assert_int_equal(book_count(w, ORDER_QUERY, "redress", "kind", "lift_expected"), 1);
}

static void what_was_ordered_before_the_doubt_or_by_a_good_key_is_not_reviewed(void **state)
{
    struct world *w = *state;
    assert_int_equal(review(w), ERR_KID_UNKNOWN); /* it is not revoked */
    world_pass(w, HOUR_MS);
    revoke(w, w->now_ms - MINUTE_MS);
    assert_int_equal(review(w), OK);
    assert_string_equal(reviewed(w), "");
    assert_false(marked(w));
}

static void one_official_or_two_operators_review_nothing(void **state)
{
    struct world *w = *state;
    struct act one = {.verb = lianshu_OfficialVerb_OFFICIAL_DOUBT,
                      .recipient = HUB,
                      .sender = MARKET,
                      .signatures = 1};
    revoke(w, w->now_ms - HOUR_MS);
    one.message_id = key_kid(stolen(w));
    assert_int_equal(officials_act(w, &one), ERR_TWO_OFFICIALS);
    one.signatures = 2;
    one.sender = HEALTH;
    assert_int_equal(officials_act(w, &one), ERR_KID_UNKNOWN); /* not that member's key */
    assert_false(marked(w));
}

/* The review of what the stolen key made has begun, and each step looks at one leaf. */
static void begin_slowly(struct world *w, uint64_t number)
{
    const struct act act = review_of(MARKET, stolen(w));
    revoke_key(w, MARKET, stolen(w), w->now_ms - HOUR_MS, number);
    world_limit(w, &(struct core_options){.doubt_leaves = 1});
    acts_connect(w);
    assert_int_equal(begin(w, &act), OK);
    assert_int_equal(world_status(w, "reviews_running"), 1);
}

static void assert_reviewed_once(struct world *w)
{
    assert_int_equal(world_status(w, "reviews_running"), 0);
    assert_int_equal(percent(w), 100);
    assert_string_equal(reviewed(w), "open");
    assert_int_equal(book_told(w, MARKET, lianshu_HubNoticeKind_HUBNOTICE_REMINDER), 1);
}

/* Before the commit of a step, and after it; meanwhile people ask. */
static void killed_at_every_step_the_review_goes_on(void **state)
{
    struct world *w = *state;
    uint64_t before = 0;
    size_t steps = 0;
    begin_slowly(w, 1);
    for (; world_status(w, "reviews_running") > 0 && steps < STEPS_MAX; steps++) {
        const uint64_t now = percent(w);
        assert_in_range(now, before, 99);
        before = now;
        assert_int_equal(core_tick(w->core, w->now_ms), OK);
        if (steps % 2 == 0)
            assert_int_equal(core_commit(w->core, w->now_ms), OK);
        assert_int_equal(world_try_restart(w), OK);
    }
    assert_in_range(steps, 10, STEPS_MAX - 1);
    assert_true(before > 50);
    world_restart(w);
    acts_connect(w);
    world_pass(w, MINUTE_MS); /* what was leased when it was killed comes again */
    assert_reviewed_once(w);
}

static void while_a_review_is_under_way_envelopes_are_accepted(void **state)
{
    struct world *w = *state;
    const struct mail honour = {
        .from = HEALTH, .type = "honour", .to = {MARKET}, .facts = HONOUR_BODY(CLEAN)};
    uint8_t env_id[HASH_LEN];
    begin_slowly(w, 1);
    const uint64_t accepted = world_status(w, "receipts.accepted");
    world_make(w, &honour, env_id, NULL);
    assert_int_equal(core_frame(w->core, world_site(w, HEALTH)->peer,
                                span_of(w->frame, w->frame_len), w->now_ms),
                     OK);
    assert_int_equal(core_tick(w->core, w->now_ms), OK);
    assert_int_equal(core_commit(w->core, w->now_ms), OK);
    assert_int_equal(world_status(w, "receipts.accepted"), accepted + 1);
    assert_int_equal(world_status(w, "reviews_running"), 1);
    world_turn(w);
    assert_reviewed_once(w);
}

static void asked_again_in_the_midst_it_begins_anew_and_doubles_nothing(void **state)
{
    struct world *w = *state;
    begin_slowly(w, 1);
    while (strcmp(reviewed(w), "open") != 0) {
        assert_int_equal(core_tick(w->core, w->now_ms), OK);
        assert_int_equal(core_commit(w->core, w->now_ms), OK);
    }
    const uint64_t before = percent(w);
    const struct act act = review_of(MARKET, stolen(w));
    assert_int_equal(begin(w, &act), OK);
    assert_true(percent(w) < before);
    world_turn(w);
    assert_reviewed_once(w);
}

/* The batch with its last step, and one more look at what is under way, are given up. */
static void a_last_step_that_was_given_up_is_done_again(void **state)
{
    struct world *w = *state;
    struct vfs_plan plan = {.ops = VFS_WRITE, .kind = VFS_NO_SPACE, .nth = 1};
    const struct act act = review_of(MARKET, stolen(w));
    revoke(w, w->now_ms - HOUR_MS);
    assert_int_equal(begin(w, &act), OK);
    assert_int_equal(core_tick(w->core, w->now_ms), OK);
    assert_int_equal(core_tick(w->core, w->now_ms), OK);
    assert_int_equal(world_status(w, "reviews_running"), 0);
    vfs_arm(&plan);
    assert_int_equal(core_commit(w->core, w->now_ms), OK);
    assert_true(vfs_fired());
    vfs_disarm();
    assert_int_equal(world_status(w, "reviews_running"), 1);
    world_pass(w, 2000);
    assert_reviewed_once(w);
}

/* So many leaves of others behind what the stolen key made. */
static void grow_log(struct world *w, size_t leaves)
{
    enum { AT_A_TIME = 5000 };
    for (size_t i = 0; i < leaves; i++) {
        uint64_t index;
        if (i % AT_A_TIME == 0)
            assert_int_equal(core_begin(w->core), OK);
        assert_int_equal(log_append(w->store->log, LOG_ADMIN, w->now_ms, span_str("leaf"),
                                    span_of(NULL, 0), &index),
                         OK);
        if (i % AT_A_TIME == AT_A_TIME - 1)
            assert_int_equal(core_commit(w->core, w->now_ms), OK);
    }
}

static void one_question_looks_at_so_many_leaves_and_says_where_to_go_on(void **state)
{
    enum { LEAVES = 60000 };
    struct world *w = *state;
    uint64_t next = 0;
    uint64_t size = 0;
    revoke(w, w->now_ms - HOUR_MS);
    grow_log(w, LEAVES);
    struct json *answer = effects(w);
    assert_true(json_uint(json_get(answer, "next"), &next));
    json_close(&answer);
    size = world_status(w, "log_size");
    assert_in_range(next, size - LEAVES, size - 1);
    assert_int_equal(json_count(json_get((answer = effects_from(w, next)), "orders")), 0);
    assert_null(json_get(answer, "next"));
    json_close(&answer);
    answer = effects_from(w, INT64_MAX); /* there is nothing */
    assert_null(json_get(answer, "next"));
    json_close(&answer);
}

/* Of several keys at a time, each to its end; of one more than there is room for none begins. */
static void more_reviews_at_a_time_than_there_is_room_for_are_refused_as_busy(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *member;
        enum key_use use;
        enum err expected;
    } rows[] = {{HEALTH, KEY_USE_SIGN, OK},
                {HEALTH, KEY_USE_SEAL, OK},
                {POLICE, KEY_USE_SIGN, OK},
                {POLICE, KEY_USE_SEAL, ERR_BUSY}};
    struct act acts[T_COUNT(rows)];
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct key *key = keyring_find(world_site(w, rows[i].member)->keys, rows[i].use);
        revoke_key(w, rows[i].member, key, w->now_ms - HOUR_MS, i + 1);
        acts[i] = review_of(rows[i].member, key);
    }
    begin_slowly(w, T_COUNT(rows) + 1);
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(begin(w, &acts[i]), rows[i].expected);
    assert_int_equal(world_status(w, "reviews_running"), DOUBT_JOBS_MAX);
    world_limit(w, &(struct core_options){0});
    acts_connect(w);
    assert_reviewed_once(w);
    assert_int_equal(officials_act(w, &acts[T_COUNT(rows) - 1]), OK);
}

static bool review_with_fault(const struct vfs_plan *plan)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {9};
    struct world *w = world_new(seed);
    prepare(w);
    revoke(w, w->now_ms - HOUR_MS);
    world_limit(w, &(struct core_options){.doubt_leaves = 8});
    acts_connect(w);
    w->may_die = true;
    vfs_arm(plan);
    for (int i = 0; i < 3 && review(w) != OK; i++)
        w->now_ms += 2000;
    for (int i = 0; i < 20 && world_status(w, "reviews_running") > 0; i++)
        world_pass(w, 2000);
    const bool fired = vfs_fired();
    vfs_disarm();
    world_pass(w, 2000);
    assert_reviewed_once(w);
    world_free(w);
    return fired;
}

static void whatever_fails_on_the_disk_the_review_comes_to_its_end(void **state)
{
    (void)state;
    assert_true(vfs_each_life(9, review_with_fault) > 20);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_order_of_a_stolen_key_stands_and_is_reviewed_by_two_officials),
        CASE(a_review_that_nobody_answers_is_told_to_the_superior_as_late),
        CASE(the_superior_confirms_and_the_mark_goes),
        CASE(the_superior_gives_it_up_and_its_end_is_expected),
        CASE(what_was_ordered_before_the_doubt_or_by_a_good_key_is_not_reviewed),
        CASE(one_official_or_two_operators_review_nothing),
        CASE(killed_at_every_step_the_review_goes_on),
        CASE(while_a_review_is_under_way_envelopes_are_accepted),
        CASE(asked_again_in_the_midst_it_begins_anew_and_doubles_nothing),
        CASE(a_last_step_that_was_given_up_is_done_again),
        CASE(one_question_looks_at_so_many_leaves_and_says_where_to_go_on),
        CASE(more_reviews_at_a_time_than_there_is_room_for_are_refused_as_busy),
        cmocka_unit_test(whatever_fails_on_the_disk_the_review_comes_to_its_end),
    };
    vfs_install();
    return cmocka_run_group_tests_name("doubt", tests, NULL, NULL);
}
