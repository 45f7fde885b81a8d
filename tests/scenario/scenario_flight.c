/* What may be said while one batch is on its way to disk and signature and the next is open. */
#include "fault/vfs.h"
#include "scenario/acts.h"
#include "scenario/texts.h"
#include "scenario/world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEALTH       "health.445100"
#define MARKET       "market.445100"
#define CONVERSATION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void push_application(struct world *w, const char *conversation, uint8_t env_id[HASH_LEN])
{
    const struct mail mail = acts_application(conversation);
    world_make(w, &mail, env_id, NULL);
    world_push(w, HEALTH);
}

/* Commit what is open; it is in flight. */
static void set_out(struct world *w)
{
    assert_null(w->flight);
    assert_int_equal(core_write(w->core, w->now_ms, &w->flight), OK);
    assert_non_null(w->flight);
}

/* How many frames the hub says now, and of them how many of a kind to a member. */
struct said {
    size_t all;
    size_t wanted;
};

static struct said hear(struct world *w, const char *member, enum frame_kind wanted)
{
    struct said said = {0, 0};
    struct core_output out;
    assert_int_equal(core_speak(w->core, w->now_ms), OK);
    while (core_output(w->core, &out)) {
        enum frame_kind kind;
        assert_int_equal(frame_kind(out.frame, &kind), OK);
        said.all++;
        said.wanted += kind == wanted && out.peer == world_site(w, member)->peer;
    }
    return said;
}

/* Speak, and let the members take it. */
static size_t tell(struct world *w)
{
    assert_int_equal(core_speak(w->core, w->now_ms), OK);
    return world_take_outputs(w);
}

static void connect(struct world *w)
{
    acts_connect_both(w);
    world_site(w, MARKET)->silent = true;
}

static lianshu_ReceiptKind verdict(struct world *w, const uint8_t env_id[static HASH_LEN])
{
    return world_verdict(w, HEALTH, env_id);
}

/* An application is in flight. */
static void one_sets_out(struct world *w, const char *conversation, uint8_t env_id[HASH_LEN])
{
    connect(w);
    push_application(w, conversation, env_id);
    set_out(w);
}

/* It is accepted, and so many applications have arrived. */
static void assert_accepted(struct world *w, const uint8_t env_id[static HASH_LEN], size_t arrived)
{
    assert_int_equal(verdict(w, env_id), lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    assert_int_equal(world_has(w, MARKET, "licence.application"), arrived);
}

/* The sender repeats what nobody told it of, and the hub has each once. */
static void assert_repeat_is_accepted(struct world *w, const uint8_t env_id[static HASH_LEN],
                                      size_t arrived)
{
    world_push(w, HEALTH);
    world_turn(w);
    assert_accepted(w, env_id, arrived);
    assert_int_equal(world_status(w, "envelopes"), arrived);
}

/* What is in flight lands on a disk that does not sync. */
static void land_without_sync(struct world *w)
{
    vfs_arm(&(struct vfs_plan){.ops = VFS_SYNC, .nth = 1, .kind = VFS_BROKEN});
    core_land(w->flight);
    assert_true(vfs_fired());
}

static void nothing_is_said_of_a_batch_in_flight_although_the_next_one_is_open(void **state)
{
    struct world *w = *state;
    uint8_t first[HASH_LEN];
    uint8_t second[HASH_LEN];
    one_sets_out(w, CONVERSATION, first);
    push_application(w, CONVERSATION, second); /* the next batch */
    assert_int_equal(hear(w, HEALTH, FRAME_RECEIPTS).all, 0);
    core_land(w->flight);
    assert_int_equal(hear(w, HEALTH, FRAME_RECEIPTS).all, 0); /* the core has not been told */
    assert_int_equal(core_landed(w->core, &w->flight), OK);
    assert_null(w->flight);
    set_out(w); /* the second, and the first is told of */
    tell(w);
    assert_accepted(w, first, 1);
    assert_memory_equal(world_got(w, MARKET, "licence.application", 0)->env_id, first, HASH_LEN);
    assert_int_equal(verdict(w, second), lianshu_ReceiptKind_RECEIPT_NONE);
    world_land(w);
    tell(w);
    assert_accepted(w, second, 2);
}

static void an_open_batch_is_not_spoken_of_either(void **state)
{
    struct world *w = *state;
    uint8_t first[HASH_LEN];
    uint8_t second[HASH_LEN];
    one_sets_out(w, NULL, first);
    push_application(w, NULL, second);
    world_land(w);
    tell(w); /* before the second is even committed */
    assert_int_equal(verdict(w, first), lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    assert_int_equal(verdict(w, second), lianshu_ReceiptKind_RECEIPT_NONE);
    assert_int_equal(world_has(w, MARKET, "licence.application"), 1);
    world_turn(w);
    assert_accepted(w, second, 2);
}

static void a_repeat_of_what_is_in_flight_is_answered_once_it_has_landed(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    one_sets_out(w, NULL, env_id);
    world_push(w, HEALTH); /* the same bytes again */
    assert_int_equal(hear(w, HEALTH, FRAME_RECEIPTS).all, 0);
    world_land(w);
    tell(w);
    assert_int_equal(world_heard(w, HEALTH, env_id, lianshu_ReceiptKind_RECEIPT_ACCEPTED), 1);
    world_push(w, HEALTH);
    world_turn(w);
    assert_int_equal(world_heard(w, HEALTH, env_id, lianshu_ReceiptKind_RECEIPT_ACCEPTED), 2);
    assert_int_equal(world_status(w, "envelopes"), 1);
}

static void the_repeats_of_a_bundle_are_answered_in_one_frame(void **state)
{
    enum { MESSAGES = 5 };
    struct world *w = *state;
    static uint8_t bytes[FRAME_BUNDLE_MAX];
    struct writer bundle = writer_of(bytes, sizeof bytes);
    uint8_t env_id[MESSAGES][HASH_LEN];
    connect(w);
    frame_bundle_begin(&bundle);
    for (size_t i = 0; i < MESSAGES; i++) {
        push_application(w, NULL, env_id[i]);
        assert_true(frame_bundle_add(&bundle, 0, span_of(w->frame, w->frame_len)));
    }
    world_turn(w);
    world_give(w, world_site(w, HEALTH)->peer, writer_span(&bundle));
    const struct said said = hear(w, HEALTH, FRAME_RECEIPTS);
    assert_int_equal(said.all, 1);
    assert_int_equal(said.wanted, 1);
    world_give(w, world_site(w, HEALTH)->peer, writer_span(&bundle));
    tell(w);
    for (size_t i = 0; i < MESSAGES; i++)
        assert_int_equal(world_heard(w, HEALTH, env_id[i], lianshu_ReceiptKind_RECEIPT_ACCEPTED),
                         2); /* the first time, and of the second bundle */
}

static void a_members_receipt_goes_on_to_the_sender_only_when_it_has_landed(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    connect(w);
    push_application(w, NULL, env_id);
    world_turn(w);
    world_push_receipt(w, MARKET, world_got(w, MARKET, "licence.application", 0));
    set_out(w);
    assert_int_equal(hear(w, HEALTH, FRAME_RECEIPTS).wanted, 0);
    world_push(w, HEALTH); /* a repeat tells what has landed, too */
    tell(w);
    assert_int_equal(verdict(w, env_id), lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    world_land(w);
    tell(w);
    assert_int_equal(verdict(w, env_id), lianshu_ReceiptKind_RECEIPT_DELIVERED);
}

static void acknowledgements_wait_for_their_batch(void **state)
{
    struct world *w = *state;
    connect(w);
    push_application(w, NULL, NULL);
    push_application(w, NULL, NULL);
    world_turn(w);
    world_push_receipt(w, MARKET, world_got(w, MARKET, "licence.application", 0));
    assert_int_equal(hear(w, MARKET, FRAME_CONTROL).wanted, 0); /* open */
    set_out(w);
    assert_int_equal(hear(w, MARKET, FRAME_CONTROL).wanted, 0); /* in flight */
    world_push_receipt(w, MARKET, world_got(w, MARKET, "licence.application", 1));
    world_land(w);
    assert_int_equal(hear(w, MARKET, FRAME_CONTROL).wanted, 1); /* of the first alone */
    set_out(w);
    world_land(w);
    assert_int_equal(hear(w, MARKET, FRAME_CONTROL).wanted, 1);
}

static void one_batch_is_in_flight_at_a_time(void **state)
{
    struct world *w = *state;
    struct core_flight *other = NULL;
    one_sets_out(w, NULL, NULL);
    push_application(w, NULL, NULL);
    assert_int_equal(core_write(w->core, w->now_ms, &other), ERR_INTERNAL);
    assert_null(other);
    assert_int_equal(core_commit(w->core, w->now_ms), ERR_INTERNAL);
    world_land(w);
    assert_int_equal(core_landed(w->core, &other), ERR_INTERNAL); /* nothing is in flight */
    world_turn(w);
    assert_int_equal(world_has(w, MARKET, "licence.application"), 2);
}

static void a_batch_that_changed_nothing_need_not_land(void **state)
{
    struct world *w = *state;
    struct core_flight *flight;
    connect(w);
    assert_int_equal(core_write(w->core, w->now_ms, &flight), OK);
    assert_null(flight);
}

static void killed_before_the_sync_the_next_start_tells_it(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    one_sets_out(w, NULL, env_id);
    world_restart(w); /* the file system still has it */
    assert_int_equal(verdict(w, env_id), lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    assert_repeat_is_accepted(w, env_id, 1);
}

static void copy_file(const char *from, const char *to)
{
    static uint8_t bytes[8 << 20];
    FILE *in = fopen(from, "rb");
    size_t len = in == NULL ? 0 : fread(bytes, 1, sizeof bytes, in);
    if (in != NULL)
        fclose(in);
    FILE *out = fopen(to, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    fclose(out);
}

/* The database as the disk has it: what was written since is lost with the power. */
static void keep_disk(const struct world *w, bool back)
{
    static const char *const parts[] = {"", "-wal"};
    char live[128];
    char kept[128];
    for (size_t i = 0; i < T_COUNT(parts); i++) {
        snprintf(live, sizeof live, "%s/hub.db%s", w->dir, parts[i]);
        snprintf(kept, sizeof kept, "%s/kept%s", w->dir, parts[i]);
        copy_file(back ? kept : live, back ? live : kept);
        if (back)
            unlink(kept);
    }
}

static void power_lost_before_the_sync_loses_nothing_that_was_told(void **state)
{
    struct world *w = *state;
    uint8_t first[HASH_LEN];
    uint8_t second[HASH_LEN];
    one_sets_out(w, CONVERSATION, first);
    world_land(w);
    keep_disk(w, false); /* synced up to here */
    push_application(w, CONVERSATION, second);
    set_out(w);
    tell(w); /* of the first, while the second is in flight */
    assert_int_equal(verdict(w, first), lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    core_close(&w->core);
    store_close(&w->store);
    keep_disk(w, true);
    world_restart(w); /* and the signer knows of no more than the disk */
    assert_int_equal(world_status(w, "envelopes"), 1);
    assert_int_equal(verdict(w, second), lianshu_ReceiptKind_RECEIPT_NONE);
    assert_repeat_is_accepted(w, second, 2);
}

static void a_sync_that_fails_is_signed_by_nobody_ends_the_process_and_loses_nothing(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    struct core_output out;
    connect(w);
    const uint64_t signed_before = w->log.size;
    push_application(w, NULL, env_id);
    set_out(w);
    land_without_sync(w);
    assert_int_equal(w->log.size, signed_before);
    assert_int_equal(core_landed(w->core, &w->flight), ERR_FSYNC);
    assert_int_equal(err_class(ERR_FSYNC), ERR_CLASS_FATAL);
    assert_false(core_output(w->core, &out));
    /* The next sync would say that all is well: there is none. */
    assert_int_equal(store_begin(w->store, w->now_ms), ERR_FSYNC);
    vfs_disarm();
    world_restart(w);
    assert_repeat_is_accepted(w, env_id, 1);
}

/* A closing checkpoint would take what the disk has lost for good. */
static void a_hub_that_ends_before_it_heard_of_a_failed_sync_writes_nothing_more(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    one_sets_out(w, NULL, env_id);
    land_without_sync(w);
    vfs_disarm();
    push_application(w, NULL, env_id); /* the next batch is open */
    core_close(&w->core);
    store_close(&w->store);
    assert_int_equal(vfs_count(VFS_WRITE), 0);
    world_restart(w);
}

static void a_full_disk_gives_up_the_open_batch_and_what_has_landed_is_told(void **state)
{
    struct world *w = *state;
    uint8_t first[HASH_LEN];
    uint8_t second[HASH_LEN];
    one_sets_out(w, NULL, first);
    push_application(w, NULL, second);
    world_land(w);
    vfs_arm(&(struct vfs_plan){.ops = VFS_WRITE, .nth = 1, .kind = VFS_NO_SPACE});
    assert_int_equal(core_write(w->core, w->now_ms, &w->flight), OK);
    vfs_disarm();
    assert_null(w->flight);
    tell(w);
    assert_accepted(w, first, 1);
    assert_int_equal(world_site(w, HEALTH)->last_busy_code, ERR_DISK_FULL);
    assert_int_equal(verdict(w, second), lianshu_ReceiptKind_RECEIPT_NONE);
    world_pass(w, 2000);
    world_push(w, HEALTH);
    world_turn(w);
    assert_int_equal(verdict(w, second), lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    assert_int_equal(world_status(w, "envelopes"), 2);
}

/* More leaves than one request to the signer takes: SIGN_LEAVES_MAX of core/state.h. */
static void a_batch_of_many_leaves_lands_in_several_requests(void **state)
{
    enum { LEAVES = 4096 + 200 };
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    uint64_t index;
    unsigned requests = 0;
    connect(w);
    push_application(w, NULL, env_id);
    for (int i = 0; i < LEAVES; i++)
        assert_int_equal(log_append(w->store->log, LOG_ADMIN, w->now_ms, span_str("leaf"),
                                    span_of(NULL, 0), &index),
                         OK);
    set_out(w);
    while (w->flight != NULL) {
        assert_int_equal(requests > 0 || hear(w, HEALTH, FRAME_RECEIPTS).all == 0, 1);
        core_land(w->flight);
        assert_int_equal(core_landed(w->core, &w->flight), OK);
        requests++;
        tell(w); /* on disk it is all of it, and of what is signed, too */
    }
    assert_int_equal(requests, 2);
    assert_int_equal(verdict(w, env_id), lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    assert_int_equal(w->log.size, log_size(w->store->log));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_said_of_a_batch_in_flight_although_the_next_one_is_open),
        CASE(an_open_batch_is_not_spoken_of_either),
        CASE(a_repeat_of_what_is_in_flight_is_answered_once_it_has_landed),
        CASE(the_repeats_of_a_bundle_are_answered_in_one_frame),
        CASE(a_members_receipt_goes_on_to_the_sender_only_when_it_has_landed),
        CASE(acknowledgements_wait_for_their_batch),
        CASE(one_batch_is_in_flight_at_a_time),
        CASE(a_batch_that_changed_nothing_need_not_land),
        CASE(killed_before_the_sync_the_next_start_tells_it),
        CASE(power_lost_before_the_sync_loses_nothing_that_was_told),
        CASE(a_sync_that_fails_is_signed_by_nobody_ends_the_process_and_loses_nothing),
        CASE(a_hub_that_ends_before_it_heard_of_a_failed_sync_writes_nothing_more),
        CASE(a_full_disk_gives_up_the_open_batch_and_what_has_landed_is_told),
        CASE(a_batch_of_many_leaves_lands_in_several_requests),
    };
    vfs_install();
    return cmocka_run_group_tests_name("flight", tests, NULL, NULL);
}
