/*
 * The mirror of restrictions from the order to the answer at the department's own desk: the real
 * core makes it, the real files of an adapter keep it, and either is killed in between.
 */
#include "fault/vfs.h"
#include "scenario/acts.h"
#include "scenario/texts.h"

#include "adapters/sdk/inner.h"
#include "base/clock.h"
#include "exchange.h"
#include "mirror.pb.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DESK "health.445100"

struct scene {
    struct world *w;
    struct exchange *e;
    struct sdk *s;
    size_t taken; /* pages that the desk has taken */
    struct sdk_mirror_answer answer;
};

static struct scene scene;
static const char *punished, *clean, *head;

/* The "id" of a subject in the texts. */
static const char *id_of(const char *json, char out[static 32])
{
    const char *at = strstr(json, "\"id\":\"");
    assert_non_null(at);
    (void)snprintf(out, 32, "%.*s", (int)strcspn(at + 6, "\""), at + 6);
    return out;
}

/* As the world names the adapters of a member: the first, and world_second. */
static const uint8_t FIRST[MIRROR_ADAPTER_LEN] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
static const uint8_t SECOND[MIRROR_ADAPTER_LEN] = {0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

/* The desk's keys are of another realm than the world's: it sits where this adapter would. */
static struct sdk *seated(struct sdk *s, const uint8_t adapter[static MIRROR_ADAPTER_LEN])
{
    struct mirror_in_options options = {.db = s->db,
                                        .member = s->member,
                                        .storage = keyring_find(s->keys, KEY_USE_STORAGE),
                                        .entropy = &s->entropy};
    memcpy(options.adapter, adapter, sizeof options.adapter);
    mirror_in_close(&s->mirror_in);
    assert_int_equal(mirror_in_open(&s->mirror_in, &options, NULL), OK);
    return s;
}

static int setup(void **state)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {4, 5, 6};
    static char ids[3][32];
    punished = id_of(PUNISHED, ids[0]);
    clean = id_of(CLEAN, ids[1]);
    head = id_of(HEAD_PERSON, ids[2]);
    memset(&scene, 0, sizeof scene);
    scene.w = world_new(seed);
    scene.e = exchange_open(3);
    scene.s = seated(exchange_sdk(scene.e, DESK, NULL), FIRST);
    world_grant_mirrors(scene.w);
    *state = &scene;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sdk_close(&scene.s);
    exchange_close(&scene.e);
    world_free(scene.w);
    return 0;
}

/* One page into the desk's state; anything but OK undoes it. The hub accepts its own envelopes at
 * the moment that it makes them. */
static enum err desk_take(const struct got *page)
{
    static lianshu_MirrorUpdate u;
    const struct span body = span_of(page->facts, page->facts_len);
    assert_int_equal(wire_decode(&lianshu_MirrorUpdate_msg, body, &u), OK);
    enum err err = sdk_begin(scene.s);
    if (err == OK)
        err = mirror_take(scene.s->mirror_in, body, u.as_of_ms, scene.w->now_ms);
    const enum err committed = err == OK ? sdk_commit(scene.s, scene.w->now_ms) : err;
    if (committed != OK)
        sdk_rollback(scene.s);
    return committed;
}

/* Whatever the hub has sent by now. */
static void desk_reads(void)
{
    const size_t count = world_has(scene.w, DESK, "mirror.update");
    for (; scene.taken < count; scene.taken++)
        assert_int_equal(desk_take(world_got(scene.w, DESK, "mirror.update", scene.taken)), OK);
}

static void desk_restarts(void)
{
    sdk_close(&scene.s);
    scene.s = seated(exchange_sdk(scene.e, DESK, NULL), FIRST);
}

static enum sdk_mirror_verdict desk_says(lianshu_SubjectKind kind, const char *id)
{
    struct sdk_mirror *mirror = NULL;
    assert_int_equal(sdk_mirror_of(scene.s, &mirror), OK);
    assert_int_equal(sdk_mirror_check(mirror, (uint32_t)kind, id, scene.w->now_ms, &scene.answer),
                     OK);
    return scene.answer.verdict;
}

static enum sdk_mirror_verdict of_company(const char *id)
{
    return desk_says(lianshu_SubjectKind_SUBJECT_ENTERPRISE, id);
}

static bool named(const char *measure)
{
    for (size_t i = 0; i < scene.answer.line_count; i++) {
        if (strcmp(scene.answer.line[i].measure, measure) == 0)
            return true;
    }
    return false;
}

/* ---- the course of an order ---- */

static void a_member_with_the_grant_gets_an_empty_mirror_and_others_get_none(void **state)
{
    (void)state;
    acts_connect(scene.w);
    desk_reads();
    assert_int_equal(of_company(punished), SDK_MIRROR_CLEAN);
    assert_int_equal(scene.answer.state, SDK_MIRROR_FRESH);
    /* No hub above it: what this one knows is all there is. */
    assert_int_equal(scene.answer.known_ms, scene.answer.as_of_ms);
    assert_int_equal(world_has(scene.w, DESK, "mirror.update"), 1);
    assert_int_equal(world_has(scene.w, "market.445100", "mirror.update"), 0);
    assert_int_equal(world_has(scene.w, "insurance.445100", "mirror.update"), 0);
}

static void an_order_shows_and_its_annulment_takes_it_away_again(void **state)
{
    (void)state;
    acts_connect(scene.w);
    acts_order(scene.w, NULL);
    desk_reads();
    assert_int_equal(of_company(punished), SDK_MIRROR_RESTRICTED);
    assert_true(named("M01"));
    assert_true(scene.answer.line[0].basis[0] != '\0');
    assert_int_equal(of_company(clean), SDK_MIRROR_CLEAN);
    assert_int_equal(desk_says(lianshu_SubjectKind_SUBJECT_PERSON, head), SDK_MIRROR_RESTRICTED);
    assert_true(named("M02") || named("M03"));
    assert_int_equal(scene.answer.unnamed, 0);
    acts_annul(scene.w, NULL);
    desk_reads();
    assert_int_equal(of_company(punished), SDK_MIRROR_CLEAN);
    assert_int_equal(desk_says(lianshu_SubjectKind_SUBJECT_PERSON, head), SDK_MIRROR_CLEAN);
    assert_int_equal(scene.answer.row_count, 0);
}

static void a_snapshot_says_the_same_as_the_increments_did(void **state)
{
    (void)state;
    acts_connect(scene.w);
    acts_order(scene.w, NULL);
    desk_reads();
    assert_int_equal(of_company(punished), SDK_MIRROR_RESTRICTED);
    const size_t lines = scene.answer.line_count;
    const uint64_t rows = scene.answer.row_count;
    const uint64_t generation = scene.answer.generation;
    world_pass(scene.w, 31 * (uint64_t)DAY_MS); /* a new key, and with it a new snapshot */
    desk_reads();
    assert_int_equal(of_company(punished), SDK_MIRROR_RESTRICTED);
    assert_true(scene.answer.generation > generation);
    assert_int_equal(scene.answer.line_count, lines);
    assert_int_equal(scene.answer.row_count, rows);
}

static void hub_and_desk_may_start_again_at_any_time(void **state)
{
    (void)state;
    acts_connect(scene.w);
    world_restart(scene.w);
    acts_order(scene.w, NULL);
    desk_reads();
    desk_restarts();
    world_restart(scene.w);
    assert_int_equal(of_company(punished), SDK_MIRROR_RESTRICTED);
    acts_annul(scene.w, NULL);
    world_restart(scene.w);
    desk_reads();
    assert_int_equal(of_company(punished), SDK_MIRROR_CLEAN);
}

static void two_members_cannot_join_their_mirrors(void **state)
{
    static lianshu_MirrorUpdate a;
    static lianshu_MirrorUpdate b;
    (void)state;
    acts_connect(scene.w);
    acts_order(scene.w, NULL);
    const struct got *one = world_got(scene.w, DESK, "mirror.update", 1);
    const struct got *two = world_got(scene.w, "police.445100", "mirror.update", 1);
    assert_int_equal(
        wire_decode(&lianshu_MirrorUpdate_msg, span_of(one->facts, one->facts_len), &a), OK);
    assert_int_equal(
        wire_decode(&lianshu_MirrorUpdate_msg, span_of(two->facts, two->facts_len), &b), OK);
    assert_true(a.rows_count > 0 && b.rows_count > 0);
    for (pb_size_t i = 0; i < a.rows_count; i++) {
        for (pb_size_t k = 0; k < b.rows_count; k++)
            assert_memory_not_equal(a.rows[i].token, b.rows[k].token, sizeof a.rows[i].token);
    }
    assert_int_equal(desk_take(two), ERR_NOT_ADDRESSED);
}

/* ---- when nothing happens, and when something goes wrong ---- */

static void an_idle_hub_keeps_the_mirror_fresh(void **state)
{
    (void)state;
    acts_connect(scene.w);
    acts_order(scene.w, NULL);
    for (int hour = 0; hour < 30; hour++) {
        world_pass(scene.w, (uint64_t)HOUR_MS);
        desk_reads();
        assert_int_equal(of_company(punished), SDK_MIRROR_RESTRICTED);
        assert_int_equal(scene.answer.state, SDK_MIRROR_FRESH);
    }
}

static void without_the_hub_the_mirror_ages_and_says_so(void **state)
{
    (void)state;
    acts_connect(scene.w);
    acts_order(scene.w, NULL);
    desk_reads();
    scene.w->now_ms += 3 * (uint64_t)HOUR_MS;
    assert_int_equal(of_company(clean), SDK_MIRROR_CLEAN);
    assert_int_equal(scene.answer.state, SDK_MIRROR_STALE);
    scene.w->now_ms += (uint64_t)DAY_MS;
    assert_int_equal(of_company(clean), SDK_MIRROR_UNKNOWN);
    assert_int_equal(of_company(punished), SDK_MIRROR_UNKNOWN);
    assert_true(scene.answer.line_count > 0);
}

static void a_member_that_is_away_finds_one_update_and_then_all_that_changed(void **state)
{
    (void)state;
    acts_connect(scene.w);
    desk_reads();
    world_leave(scene.w, DESK);
    for (int hour = 0; hour < 48; hour++)
        world_pass(scene.w, (uint64_t)HOUR_MS);
    acts_order(scene.w, NULL);
    const size_t before = world_has(scene.w, DESK, "mirror.update");
    world_hello(scene.w, DESK);
    world_settle(scene.w);
    assert_true(world_has(scene.w, DESK, "mirror.update") <= before + 3);
    desk_reads();
    assert_int_equal(of_company(punished), SDK_MIRROR_RESTRICTED);
    assert_int_equal(scene.answer.state, SDK_MIRROR_FRESH);
}

/* The desk gives its next page back; how many it has by then. */
static size_t give_one_back(void)
{
    struct world *w = scene.w;
    acts_connect(w);
    desk_reads();
    world_site(w, DESK)->silent = true;
    acts_order(w, NULL);
    const size_t count = world_has(w, DESK, "mirror.update");
    struct got *page = world_got(w, DESK, "mirror.update", count - 1);
    world_say(w, DESK, page, lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_LIST_MIXED);
    page->receipted = true;
    world_site(w, DESK)->silent = false;
    world_turn(w);
    assert_int_equal(world_has(w, DESK, "mirror.update"), count);
    return count;
}

static void assert_begun_anew(size_t count)
{
    world_settle(scene.w);
    assert_true(world_has(scene.w, DESK, "mirror.update") > count);
    scene.taken = count; /* what was returned is not there */
    desk_reads();
    assert_int_equal(of_company(punished), SDK_MIRROR_RESTRICTED);
    assert_int_equal(world_status(scene.w, "undelivered"), 0);
}

static void a_page_that_is_returned_brings_a_new_snapshot_after_a_while(void **state)
{
    (void)state;
    const size_t count = give_one_back();
    world_pass(scene.w, 9 * 60 * 1000);
    assert_int_equal(world_has(scene.w, DESK, "mirror.update"), count);
    world_pass(scene.w, 2 * 60 * 1000);
    assert_begun_anew(count);
}

/* It has been given the officials' statement meanwhile, or another mirror. */
static void an_adapter_that_comes_back_after_a_refusal_is_told_in_seconds(void **state)
{
    (void)state;
    const size_t count = give_one_back();
    world_pass(scene.w, 1000);
    world_leave(scene.w, DESK);
    world_hello(scene.w, DESK);
    world_pass(scene.w, 1000); /* however often it comes back */
    assert_int_equal(world_has(scene.w, DESK, "mirror.update"), count);
    world_pass(scene.w, 10 * 1000);
    assert_begun_anew(count);
}

/* Its restored hub has written that its log is another one (renewal.c). */
static void after_a_restore_every_mirror_begins_anew_at_once(void **state)
{
    struct world *w = scene.w;
    (void)state;
    acts_connect(w);
    acts_order(w, NULL);
    desk_reads();
    const uint64_t before = scene.taken;
    assert_int_equal(of_company(punished), SDK_MIRROR_RESTRICTED);
    const uint64_t generation = scene.answer.generation;
    assert_int_equal(store_begin(w->store, w->now_ms), OK);
    assert_int_equal(mirror_break_all(w->store->mirrors), OK);
    assert_int_equal(store_commit(w->store), OK);
    world_restart(w);
    world_hello(w, DESK);
    world_pass(w, 1000);
    assert_true(world_has(w, DESK, "mirror.update") > before);
    desk_reads();
    assert_int_equal(of_company(punished), SDK_MIRROR_RESTRICTED);
    assert_true(scene.answer.generation > generation);
}

/* ---- several adapters of one member ---- */

static size_t pages_of(const struct site *site)
{
    size_t count = 0;
    for (size_t i = 0; i < site->got_count; i++)
        count += site->got[i].type == lianshu_DocumentType_TYPE_MIRROR_UPDATE;
    return count;
}

/* Every page that an adapter got is its own. */
static void assert_own_pages(const struct site *site, const uint8_t *adapter)
{
    static lianshu_MirrorUpdate u;
    for (size_t i = 0; i < site->got_count; i++) {
        const struct got *got = &site->got[i];
        if (got->type != lianshu_DocumentType_TYPE_MIRROR_UPDATE)
            continue;
        assert_int_equal(
            wire_decode(&lianshu_MirrorUpdate_msg, span_of(got->facts, got->facts_len), &u), OK);
        assert_memory_equal(u.adapter, adapter, MIRROR_ADAPTER_LEN);
    }
}

/* What the second desk has got, into its own state; what it says then. */
static enum sdk_mirror_verdict second_says(struct sdk *second, const struct site *site,
                                           const char *id)
{
    struct sdk *first = scene.s;
    scene.s = second;
    for (size_t i = 0; i < site->got_count; i++) {
        if (site->got[i].type == lianshu_DocumentType_TYPE_MIRROR_UPDATE)
            (void)desk_take(&site->got[i]); /* those that it has are older than seen */
    }
    const enum sdk_mirror_verdict verdict = of_company(id);
    scene.s = first;
    return verdict;
}

static void each_adapter_of_a_member_has_a_whole_mirror_of_its_own(void **state)
{
    struct sdk *desk = seated(exchange_second(scene.e, DESK, NULL), SECOND);
    (void)state;
    acts_connect(scene.w);
    const struct site *second = world_second(scene.w, DESK);
    world_settle(scene.w);
    assert_int_equal(second_says(desk, second, punished), SDK_MIRROR_CLEAN);
    acts_order(scene.w, NULL);
    world_settle(scene.w);
    desk_reads();
    assert_int_equal(of_company(punished), SDK_MIRROR_RESTRICTED);
    assert_int_equal(second_says(desk, second, punished), SDK_MIRROR_RESTRICTED);
    assert_int_equal(scene.answer.state, SDK_MIRROR_FRESH);
    world_restart(scene.w);
    acts_annul(scene.w, NULL);
    world_settle(scene.w);
    desk_reads();
    assert_int_equal(of_company(punished), SDK_MIRROR_CLEAN);
    assert_own_pages(world_site(scene.w, DESK), FIRST);
    assert_own_pages(second, SECOND);
    sdk_close(&desk);
}

static void an_adapter_that_is_gone_or_new_leaves_the_other_ones_mirror_alone(void **state)
{
    struct world *w = scene.w;
    (void)state;
    acts_connect(w);
    struct site *second = world_second(w, DESK);
    world_settle(w);
    assert_int_equal(pages_of(second), 1);
    desk_reads();
    const uint64_t generation = (of_company(punished), scene.answer.generation);
    second->silent = true; /* it takes a page and never answers */
    acts_order(w, NULL);
    for (int hour = 0; hour < 30; hour++) {
        world_pass(w, (uint64_t)HOUR_MS);
        desk_reads();
        assert_int_equal(of_company(punished), SDK_MIRROR_RESTRICTED);
        assert_int_equal(scene.answer.state, SDK_MIRROR_FRESH);
        assert_int_equal(scene.answer.generation, generation);
    }
    assert_own_pages(world_site(w, DESK), FIRST);
    assert_own_pages(second, SECOND);
}

/* A tool, or an attacker with a member's key: nothing may wait for it for ever. */
static void an_adapter_that_keeps_none_is_told_none_until_it_says_otherwise(void **state)
{
    struct site *site = world_site(scene.w, DESK);
    (void)state;
    site->keeps_no_mirror = true;
    acts_connect(scene.w);
    acts_order(scene.w, NULL);
    world_settle(scene.w);
    assert_int_equal(pages_of(site), 0);
    site->keeps_no_mirror = false;
    world_hello(scene.w, DESK);
    world_settle(scene.w);
    desk_reads();
    assert_int_equal(of_company(punished), SDK_MIRROR_RESTRICTED);
    assert_int_equal(scene.answer.state, SDK_MIRROR_FRESH);
}

/* ---- the disks ---- */

/* The desk's disk fails at every n-th write or sync of taking the pages; it is started again and
 * takes them again. Between old and new there is nothing. */
static void the_desk_killed_at_every_write_has_the_old_mirror_or_the_new_one(void **state)
{
    bool fired = true;
    (void)state;
    acts_connect(scene.w);
    acts_order(scene.w, NULL);
    acts_annul(scene.w, NULL);
    const size_t count = world_has(scene.w, DESK, "mirror.update");
    assert_int_equal(count, 3);
    for (uint64_t nth = 1; fired && nth < 400; nth++) {
        const struct vfs_plan plan = {
            .ops = VFS_WRITE | VFS_SYNC, .nth = nth, .kind = VFS_BROKEN, .torn = nth % 2 == 0};
        exchange_close(&scene.e);
        scene.e = exchange_open(3);
        desk_restarts();
        vfs_arm(&plan);
        fired = false;
        for (size_t i = 0; i < count; i++) {
            const struct got *page = world_got(scene.w, DESK, "mirror.update", i);
            enum err err = desk_take(page);
            if (err != OK) {
                fired = true;
                vfs_disarm();
                desk_restarts();
                const enum sdk_mirror_verdict now = of_company(punished);
                const bool old = i == 0   ? scene.answer.state == SDK_MIRROR_ABSENT
                                 : i == 1 ? now == SDK_MIRROR_CLEAN
                                          : now == SDK_MIRROR_RESTRICTED;
                const bool new = i == 1 ? now == SDK_MIRROR_RESTRICTED : now == SDK_MIRROR_CLEAN;
                assert_true(old || new);
                err = desk_take(page);
                assert_true(err == OK || (new &&err == ERR_LIST_ROLLBACK));
            }
            (void)of_company(punished);
            assert_int_equal(scene.answer.verdict,
                             i == 1 ? SDK_MIRROR_RESTRICTED : SDK_MIRROR_CLEAN);
        }
        fired = fired || vfs_fired();
        vfs_disarm();
    }
    assert_false(fired); /* the last round met no failure: every point was tried */
}

/* The hub's disk fails at some writes of the same course. */
static void a_hub_whose_disk_fails_still_tells_everything_once(void **state)
{
    enum { POINTS = 24, STEP = 11 };
    (void)state;
    for (uint64_t point = 1; point <= POINTS; point++) {
        const struct vfs_plan plan = {.ops = VFS_WRITE | VFS_SYNC,
                                      .nth = point * STEP,
                                      .kind = point % 2 == 0 ? VFS_BROKEN : VFS_NO_SPACE};
        void *none = NULL;
        (void)teardown(&none);
        (void)setup(&none);
        scene.w->may_die = true;
        vfs_arm(&plan);
        acts_connect(scene.w);
        acts_order(scene.w, NULL);
        world_pass(scene.w, 2000);
        acts_annul(scene.w, NULL);
        world_pass(scene.w, 2000);
        vfs_disarm();
        world_pass(scene.w, 2000);
        world_settle(scene.w);
        desk_reads();
        assert_int_equal(of_company(punished), SDK_MIRROR_CLEAN);
        assert_int_equal(scene.answer.row_count, 0);
        assert_int_equal(scene.answer.unnamed, 0);
        assert_int_equal(world_status(scene.w, "undelivered"), 0);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_member_with_the_grant_gets_an_empty_mirror_and_others_get_none),
        CASE(an_order_shows_and_its_annulment_takes_it_away_again),
        CASE(a_snapshot_says_the_same_as_the_increments_did),
        CASE(hub_and_desk_may_start_again_at_any_time),
        CASE(two_members_cannot_join_their_mirrors),
        CASE(an_idle_hub_keeps_the_mirror_fresh),
        CASE(without_the_hub_the_mirror_ages_and_says_so),
        CASE(a_member_that_is_away_finds_one_update_and_then_all_that_changed),
        CASE(a_page_that_is_returned_brings_a_new_snapshot_after_a_while),
        CASE(an_adapter_that_comes_back_after_a_refusal_is_told_in_seconds),
        CASE(after_a_restore_every_mirror_begins_anew_at_once),
        CASE(each_adapter_of_a_member_has_a_whole_mirror_of_its_own),
        CASE(an_adapter_that_is_gone_or_new_leaves_the_other_ones_mirror_alone),
        CASE(an_adapter_that_keeps_none_is_told_none_until_it_says_otherwise),
        CASE(the_desk_killed_at_every_write_has_the_old_mirror_or_the_new_one),
        CASE(a_hub_whose_disk_fails_still_tells_everything_once),
    };
    vfs_install();
    return cmocka_run_group_tests_name("mirror of restrictions", tests, NULL, NULL);
}
