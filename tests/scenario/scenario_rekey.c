/*
 * Checks core/rekey.h: other storage and token keys, by two officials, while the hub serves: what
 * is read, found and decided again is the same before, while and after, whatever it is killed by.
 */
#include "core/state.h"

#include "fault/vfs.h"
#include "keys/roles.h"
#include "scenario/acts.h"
#include "scenario/officials.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "base/hex.h"

#include <stdio.h>
#include <stdlib.h>

#define HUB         "hub.445100"
#define PUNISHED_ID "91445100DEMA00013Q"
#define CLEAN_ID    "91445100DEMA00021K"
#define ALL         "{\"cmd\":\"decision.verify\",\"count\":1024}"

enum { STEPS_MAX = 2000 };

/* ---- what has happened, and that it is so ---- */

static void live(struct world *w)
{
    const struct mail appointment = acts_appointment();
    const struct mail referral = acts_referral();
    const struct mail honour = {.from = "health.445100",
                                .type = "honour",
                                .to = {"market.445100"},
                                .facts = HONOUR_BODY(CLEAN)};
    acts_connect(w);
    world_send(w, &honour, NULL);
    acts_order(w, NULL);
    world_send(w, &appointment, NULL);
    world_send(w, &referral, NULL);
    world_send(w, &honour, NULL); /* of somebody who is in no row */
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    world_settle(w);
}

static uint64_t number(const struct json *answer, const char *name)
{
    uint64_t value = 0;
    (void)json_uint(json_get(answer, name), &value);
    return value;
}

static size_t restrictions_of(struct world *w, const char *kind, const char *id)
{
    char request[128];
    snprintf(request, sizeof request, "{\"cmd\":\"restrictions\",\"kind\":\"%s\",\"id\":\"%s\"}",
             kind, id);
    struct json *answer = world_ask(w, request);
    const size_t count = json_count(json_get(answer, "restrictions"));
    json_close(&answer);
    return count;
}

/* Every decision is made the same again, and the punished are found, and nobody else. */
static void assert_whole(struct world *w)
{
    struct json *answer = world_ask(w, ALL);
    assert_true(number(answer, "checked") >= 3);
    assert_int_equal(number(answer, "same"), number(answer, "checked"));
    json_close(&answer);
    assert_true(restrictions_of(w, "enterprise", PUNISHED_ID) > 0);
    assert_int_equal(restrictions_of(w, "enterprise", CLEAN_ID), 0);
}

/* ---- keys ---- */

static struct keyring *hub_keys(struct world *w)
{
    return w->sites[0].keys;
}

static void add(struct world *w, enum key_use use)
{
    struct key *key = NULL;
    assert_int_equal(key_make(&key, use, w->now_ms, &w->entropy), OK);
    assert_int_equal(keyring_add(hub_keys(w), &key), OK);
}

/* The key file has another pair, and the hub has read it. */
static void add_pair(struct world *w)
{
    w->now_ms += HOUR_MS;
    add(w, KEY_USE_STORAGE);
    add(w, KEY_USE_TOKEN);
    world_restart(w);
    acts_connect(w);
}

/* A file that holds the newest pair alone, or all but it. */
static void leave(struct world *w, bool newest)
{
    struct keyring *ring = NULL;
    struct keyring *old = hub_keys(w);
    assert_int_equal(keyring_open(&ring, HUB, ""), OK);
    for (size_t i = 0; i < keyring_count(old); i++) {
        const struct key *key = keyring_at(old, i);
        struct key *copy = NULL;
        const bool pair = key_use(key) == KEY_USE_STORAGE || key_use(key) == KEY_USE_TOKEN;
        if (pair && (key == keyring_find(old, key_use(key))) != newest)
            continue;
        assert_int_equal(key_import(&copy, key_use(key), key_created_ms(key), key_secret(key)), OK);
        assert_int_equal(keyring_add(ring, &copy), OK);
    }
    core_close(&w->core); /* it has borrowed them */
    w->sites[0].keys = ring;
    keyring_close(&old);
}

static bool running(struct world *w)
{
    struct json *answer = world_ask(w, "{\"cmd\":\"rekey\"}");
    const bool is = json_flag(json_get(answer, "running"));
    json_close(&answer);
    return is;
}

/* What two officials sign: of the newest pair that the hub has read. */
static void make(struct world *w, struct writer *lsd1)
{
    uint8_t object[HASH_LEN] = {0};
    struct json *answer = world_ask(w, "{\"cmd\":\"rekey\"}");
    const char *text = json_get_text(answer, "object");
    if (text != NULL)
        assert_true(hex_decode(text, object, sizeof object));
    json_close(&answer);
    const struct act act = {.verb = lianshu_OfficialVerb_OFFICIAL_REKEY,
                            .recipient = HUB,
                            .sender = HUB,
                            .object = span_of(object, sizeof object)};
    officials_make(w, &act, lsd1);
}

static enum err decide(struct world *w)
{
    uint8_t bytes[2048];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    make(w, &lsd1);
    return officials_give(w, writer_span(&lsd1));
}

/* The next hub has the new pair alone: nothing needs the old one. */
static void assert_forgotten(struct world *w)
{
    assert_false(running(w));
    struct json *answer = world_ask(w, "{\"cmd\":\"rekey\"}");
    assert_int_equal(number(answer, "unreadable"), 0);
    json_close(&answer);
    leave(w, true);
    world_restart(w);
    assert_whole(w);
}

/* ---- tests ---- */

static void a_new_pair_in_the_file_is_not_used_before_two_officials_decide(void **state)
{
    struct world *w = *state;
    live(w);
    add_pair(w);
    assert_whole(w);
    assert_false(running(w));
    leave(w, false);
    assert_int_equal(world_try_restart(w), OK);
    assert_whole(w);
}

static void a_file_without_the_keys_of_the_database_is_refused_at_the_start(void **state)
{
    struct world *w = *state;
    live(w);
    add_pair(w);
    leave(w, true);
    assert_int_equal(world_try_restart(w), ERR_KEY_FILE);
}

static void two_officials_replace_both_keys_and_the_old_pair_is_forgotten(void **state)
{
    struct world *w = *state;
    live(w);
    add_pair(w);
    assert_int_equal(decide(w), OK);
    assert_forgotten(w);
    assert_int_equal(decide(w), ERR_KEY_FILE); /* there is no other pair */
}

static void one_official_other_keys_or_another_hub_begin_nothing(void **state)
{
    struct world *w = *state;
    static const uint8_t wrong[HASH_LEN] = {1};
    const struct act act = {.verb = lianshu_OfficialVerb_OFFICIAL_REKEY,
                            .recipient = HUB,
                            .sender = HUB,
                            .object = span_of(wrong, sizeof wrong)};
    struct act one = act;
    struct act other = act;
    live(w);
    assert_int_equal(officials_act(w, &act), ERR_KEY_FILE); /* none has been added */
    add_pair(w);
    assert_int_equal(officials_act(w, &act), ERR_KEY_FILE);
    one.signatures = 1;
    assert_int_equal(officials_act(w, &one), ERR_TWO_OFFICIALS);
    other.recipient = "market.445100";
    assert_int_equal(officials_act(w, &other), ERR_OTHER_HUB);
    world_roles(w, ROLES_OPERATOR, ROLES_OPERATOR);
    assert_int_equal(decide(w), ERR_TWO_OFFICIALS);
    assert_false(running(w));
}

/* Killed with every step, before its commit and after it; meanwhile people ask, and orders come. */
static void killed_at_every_step_it_goes_on_and_serves(void **state)
{
    struct world *w = *state;
    uint8_t bytes[2048];
    uint8_t room[4096];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    struct writer answer = writer_of(room, sizeof room);
    size_t steps = 0;
    live(w);
    world_limit(w, &(struct core_options){.rekey_rows = 1});
    add_pair(w);
    make(w, &lsd1);
    assert_int_equal(core_act(w->core, writer_span(&lsd1), w->now_ms, &answer), OK);
    for (; running(w) && steps < STEPS_MAX; steps++) {
        assert_whole(w);
        assert_int_equal(core_tick(w->core, w->now_ms), OK);
        if (steps % 2 == 0)
            assert_int_equal(core_commit(w->core, w->now_ms), OK);
        assert_int_equal(world_try_restart(w), OK);
    }
    assert_in_range(steps, 20, STEPS_MAX - 1);
    acts_connect(w);
    assert_forgotten(w);
    uint8_t env_id[HASH_LEN];
    acts_annul(w, env_id);
    assert_int_equal(world_code(w, "market.445100", env_id), OK);
    assert_int_equal(restrictions_of(w, "enterprise", PUNISHED_ID), 0);
}

static void an_order_that_comes_meanwhile_is_found_by_everybody(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    const struct mail appointment = acts_appointment();
    world_send(w, &appointment, NULL);
    world_limit(w, &(struct core_options){.rekey_rows = 1});
    add_pair(w);
    assert_int_equal(decide(w), OK);
    acts_order(w, NULL);
    world_settle(w);
    assert_whole(w);
    assert_forgotten(w);
    uint8_t env_id[HASH_LEN];
    acts_annul(w, env_id);
    assert_int_equal(world_code(w, "market.445100", env_id), OK);
    assert_int_equal(restrictions_of(w, "enterprise", PUNISHED_ID), 0);
}

/* The sealed identifiers of everybody, as retention erases them. How many there are. */
static size_t erase_names(struct world *w)
{
    static const uint8_t gone[1];
    struct handle_row row;
    uint8_t at[STORE_TOKEN_LEN];
    struct span after = span_of(at, 0);
    size_t count = 0;
    assert_int_equal(core_begin(w->core), OK);
    for (; handle_next(w->store->handles, after, &row) == OK; count++) {
        memcpy(at, row.token, sizeof at);
        after = span_of(at, sizeof at);
        assert_int_equal(handle_reseal(w->store->handles, row.handle, span_of(gone, sizeof gone)),
                         OK);
    }
    assert_int_equal(core_commit(w->core, w->now_ms), OK);
    return count;
}

static bool is_erased(struct world *w, const uint8_t handle[static STORE_TOKEN_LEN])
{
    struct handle_row row;
    uint8_t at[STORE_TOKEN_LEN];
    struct span after = span_of(at, 0);
    while (handle_next(w->store->handles, after, &row) == OK) {
        if (memcmp(row.handle, handle, STORE_TOKEN_LEN) == 0)
            return store_is_erased(row.sealed);
        memcpy(at, row.token, sizeof at);
        after = span_of(at, sizeof at);
    }
    fail_msg("no such handle");
    return false;
}

static void name(struct world *w, uint8_t out[static STORE_TOKEN_LEN])
{
    assert_int_equal(core_begin(w->core), OK);
    assert_int_equal(names_give(w->core, (uint8_t)lianshu_SubjectKind_SUBJECT_ENTERPRISE,
                                span_str(PUNISHED_ID), out),
                     OK);
    assert_int_equal(core_commit(w->core, w->now_ms), OK);
}

/* Retention leaves the handle: who is named again is the same one, and is sealed again. */
static void an_identifier_that_was_erased_comes_back_when_it_is_named_again(void **state)
{
    struct world *w = *state;
    uint8_t before[STORE_TOKEN_LEN], after[STORE_TOKEN_LEN], renamed[STORE_TOKEN_LEN];
    live(w);
    name(w, before);
    assert_true(erase_names(w) > 1);
    assert_true(is_erased(w, before));
    name(w, after);
    assert_memory_equal(after, before, sizeof after);
    assert_false(is_erased(w, before));
    /* another token key moves who is known, and passes over who is erased */
    add_pair(w);
    assert_int_equal(decide(w), OK);
    world_settle(w);
    assert_false(running(w));
    name(w, renamed);
    assert_memory_equal(renamed, before, sizeof renamed);
}

static bool replace_with_fault(const struct vfs_plan *plan)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {9};
    struct world *w = world_new(seed);
    live(w);
    world_limit(w, &(struct core_options){.rekey_rows = 8});
    add_pair(w);
    w->may_die = true;
    vfs_arm(plan);
    for (int i = 0; i < 3 && decide(w) != OK; i++)
        w->now_ms += 2000;
    for (int i = 0; i < 20 && running(w); i++)
        world_pass(w, 2000);
    const bool fired = vfs_fired();
    vfs_disarm();
    world_pass(w, 2000);
    assert_forgotten(w);
    world_free(w);
    return fired;
}

static void whatever_fails_on_the_disk_the_keys_are_replaced_whole(void **state)
{
    (void)state;
    assert_true(vfs_each_life(5, replace_with_fault) > 20);
}

/* The batch with its last step, and one more look at what is under way, are given up. */
static void a_last_step_that_was_given_up_is_done_again(void **state)
{
    struct world *w = *state;
    struct vfs_plan plan = {.ops = VFS_WRITE, .kind = VFS_NO_SPACE, .nth = 1};
    uint8_t bytes[2048];
    uint8_t room[4096];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    struct writer answer = writer_of(room, sizeof room);
    live(w);
    add_pair(w);
    make(w, &lsd1);
    assert_int_equal(core_act(w->core, writer_span(&lsd1), w->now_ms, &answer), OK);
    for (int i = 0; running(w) && i < STEPS_MAX; i++)
        assert_int_equal(core_tick(w->core, w->now_ms), OK);
    assert_int_equal(core_tick(w->core, w->now_ms), OK);
    vfs_arm(&plan);
    assert_int_equal(core_commit(w->core, w->now_ms), OK);
    assert_true(vfs_fired());
    vfs_disarm();
    assert_true(running(w));
    world_pass(w, 2000);
    assert_whole(w);
    assert_forgotten(w);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_new_pair_in_the_file_is_not_used_before_two_officials_decide),
        CASE(a_file_without_the_keys_of_the_database_is_refused_at_the_start),
        CASE(two_officials_replace_both_keys_and_the_old_pair_is_forgotten),
        CASE(one_official_other_keys_or_another_hub_begin_nothing),
        CASE(killed_at_every_step_it_goes_on_and_serves),
        CASE(an_order_that_comes_meanwhile_is_found_by_everybody),
        CASE(an_identifier_that_was_erased_comes_back_when_it_is_named_again),
        CASE(a_last_step_that_was_given_up_is_done_again),
        cmocka_unit_test(whatever_fails_on_the_disk_the_keys_are_replaced_whole),
    };
    vfs_install();
    return cmocka_run_group_tests_name("rekey", tests, NULL, NULL);
}
