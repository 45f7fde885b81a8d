/*
 * A sanction goes all the way through while the disk refuses at the n-th write, for every n
 * (reliability R3, R11): nothing is lost, nothing happens twice, whatever the hub was doing.
 *
 * The ordinary run takes a sample of the points; with the argument `all` it takes each.
 */
#include "fault/vfs.h"
#include "scenario/acts.h"

#include "wire.h"

#include <stdio.h>
#include <string.h>

enum { POINTS_MAX = 20000, SAMPLE = 97 };

static uint64_t stride = SAMPLE;

/* Everything from the order to the last confirmation of its end. */
static void live(struct world *w)
{
    enum { RETRY_MS = 2000 }; /* a hub that found the disk full tries again after a second */
    acts_connect(w);
    acts_order(w, NULL);
    world_pass(w, RETRY_MS);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    acts_annul(w, NULL);
    world_pass(w, RETRY_MS);
    acts_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    world_settle(w);
}

/* No member holds two notices of one obligation and stage. */
static void assert_each_notice_once(struct world *w)
{
    static lianshu_SanctionNotice a;
    static lianshu_SanctionNotice b;
    for (size_t m = 0; m < ACTS_EVERYBODY; m++) {
        size_t count = world_has(w, acts_everybody[m], "sanction.notice");
        for (size_t i = 0; i < count; i++) {
            acts_read_notice(world_got(w, acts_everybody[m], "sanction.notice", i), &a);
            for (size_t k = i + 1; k < count; k++) {
                acts_read_notice(world_got(w, acts_everybody[m], "sanction.notice", k), &b);
                assert_false(a.stage == b.stage &&
                             memcmp(a.obligation_id, b.obligation_id, 16) == 0);
            }
        }
    }
}

static void assert_end_state(struct world *w)
{
    assert_int_equal(world_status(w, "obligations.total"), 22);
    assert_int_equal(world_status(w, "obligations.lifted"), 22);
    assert_int_equal(world_status(w, "obligations_executed"), 22);
    assert_int_equal(world_status(w, "restrictions"), 0);
    assert_int_equal(world_status(w, "undelivered"), 0);
    assert_int_equal(world_status(w, "orders"), 1);
    assert_int_equal(acts_notices(w), 44);
    assert_each_notice_once(w);
}

static uint64_t operations(enum vfs_op op)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {7};
    vfs_disarm();
    struct world *w = world_new(seed);
    live(w);
    assert_end_state(w);
    uint64_t count = vfs_count(op);
    world_free(w);
    return count;
}

/* Run the life with one fault for each n-th point; dead hubs are restarted as a supervisor does. */
static void fail_at_every_point(struct vfs_plan plan)
{
    uint64_t count = operations((enum vfs_op)plan.ops);
    uint64_t fired = 0;
    uint64_t told = 0;
    assert_true(count > 0 && count < POINTS_MAX);
    for (uint64_t n = 1 + stride / 2; n <= count; n += stride) {
        static const uint8_t seed[ENTROPY_SEED_LEN] = {7};
        vfs_disarm();
        struct world *w = world_new(seed);
        w->may_die = true;
        plan.nth = n;
        vfs_arm(&plan);
        live(w);
        fired += vfs_fired();
        vfs_disarm();
        for (size_t m = 0; m < ACTS_EVERYBODY; m++)
            told += world_site(w, acts_everybody[m])->last_busy_code == ERR_DISK_FULL;
        world_settle(w);
        print_message("point %llu of %llu, restarts %u\n", (unsigned long long)n,
                      (unsigned long long)count, w->restarts);
        assert_end_state(w);
        world_free(w);
    }
    assert_true(fired > 0);
    /* A full disk is told to those who sent, by its code. */
    assert_true(plan.kind != VFS_NO_SPACE || told > 0);
}

static void a_disk_that_is_full_for_a_moment_loses_and_doubles_nothing(void **state)
{
    (void)state;
    fail_at_every_point((struct vfs_plan){.ops = VFS_WRITE, .kind = VFS_NO_SPACE});
}

static void a_write_that_fails_ends_the_process_and_the_next_start_goes_on(void **state)
{
    (void)state;
    fail_at_every_point((struct vfs_plan){.ops = VFS_WRITE, .kind = VFS_BROKEN});
}

static void a_torn_write_loses_and_doubles_nothing(void **state)
{
    (void)state;
    fail_at_every_point((struct vfs_plan){.ops = VFS_WRITE, .kind = VFS_BROKEN, .torn = true});
}

static void a_failed_fsync_is_never_taken_for_success(void **state)
{
    (void)state;
    fail_at_every_point((struct vfs_plan){.ops = VFS_SYNC, .kind = VFS_BROKEN});
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_is_full_for_a_moment_loses_and_doubles_nothing),
        cmocka_unit_test(a_write_that_fails_ends_the_process_and_the_next_start_goes_on),
        cmocka_unit_test(a_torn_write_loses_and_doubles_nothing),
        cmocka_unit_test(a_failed_fsync_is_never_taken_for_success),
    };
    if (argc > 1 && strcmp(argv[1], "all") == 0)
        stride = 1;
    vfs_install();
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
