/*
 * Three lives of the hub, each with a disk that fails at its n-th write, sync, truncation, read,
 * open or lock, for every n (reliability R3, R11): nothing is lost, nothing happens twice.
 *
 *   sanction   from an order to the last confirmation of its end
 *   ledger     an order that is corrected, warned of and annulled
 *   delivery   expired, withdrawn, parked, acted on, in one conversation
 *
 * In turns the points are met by hubs that fill the next batch while one is in flight, or not, and
 * that fold back and bring rows to their tables whenever they can, or never. In some lives what no
 * sync brought to disk is lost with the process, or a part of it (fault/vfs.h). The ordinary run
 * takes a sample of the points; with the argument `all` it takes each, with a number n each n-th.
 */
#include "fault/vfs.h"
#include "scenario/acts.h"
#include "scenario/ledgerbook.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "base/hex.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MAX = 60000, SAMPLE_POINTS = 5, RETRY_MS = 2000, LEASE_MS = 30 * 1000 };

static uint64_t every; /* every so many points one; 0: a sample */
static uint64_t points_done;

struct life {
    const char *name;
    void (*live)(struct world *w);
    void (*check)(struct world *w);
};

/* ---- a sanction ---- */

static void sanction_live(struct world *w)
{
    acts_connect(w);
    acts_order(w, NULL);
    world_pass(w, RETRY_MS); /* a hub that found the disk full tries again after a second */
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

static void sanction_check(struct world *w)
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

/* ---- the ledger ---- */

static void ledger_live(struct world *w)
{
    const struct mail correction = {.from = "market.445100",
                                    .type = "sanction.order",
                                    .to = {"hub.445100"},
                                    .facts = CORRECTED_BODY("2"),
                                    .basis = {"DL116", "DL118"},
                                    .conversation = ORDER_ID};
    const struct mail annulment = {.from = "market.445100",
                                   .type = "sanction.annul",
                                   .to = {"hub.445100"},
                                   .facts = ANNUL_BODY("3"),
                                   .basis = {"AP48"},
                                   .conversation = ORDER_ID};
    acts_connect(w);
    acts_order(w, NULL);
    world_pass(w, RETRY_MS);
    world_send(w, &correction, NULL);
    for (int i = 0; i < 24; i++) {
        world_pass(w, 12 * (uint64_t)HOUR_MS);
        world_pass(w, RETRY_MS);
    }
    world_send(w, &annulment, NULL);
    world_pass(w, RETRY_MS);
    acts_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    world_settle(w);
}

/* Until 13 April the police was warned of M22, to answer and to execute, at 50, 80 and 100 %, and
 * of its answer about M21 at 50 %. */
static void ledger_check(struct world *w)
{
    assert_int_equal(world_status(w, "obligations.total"), 22);
    assert_int_equal(world_status(w, "obligations.lifted"), 22);
    assert_int_equal(world_status(w, "restrictions"), 0);
    assert_int_equal(world_status(w, "undelivered"), 0);
    assert_int_equal(world_has(w, "police.445100", "obligation.warning"), 7);
    assert_each_notice_once(w);
}

/* ---- deliveries ---- */

enum { ACTED_ON, EXPIRED, WITHDRAWN, DELIVERED, PARKED, LETTERS };
static uint8_t letters[LETTERS][HASH_LEN];

static void send_letter(struct world *w, int which, uint64_t life_ms)
{
    const struct mail mail = {.from = "health.445100",
                              .type = "licence.application",
                              .to = {"market.445100"},
                              .facts = LICENCE_BODY(CLEAN),
                              .conversation = "cccccccccccccccccccccccccccccccc",
                              .expires_ms = w->now_ms + life_ms};
    world_send(w, &mail, letters[which]);
}

static void withdraw_letter(struct world *w)
{
    char body[256];
    char id[33];
    char env_id[65];
    const lianshu_Receipt *q = world_receipt(w, "health.445100", letters[WITHDRAWN]);
    assert_non_null(q);
    hex_encode(span_of(q->message_id, 16), id);
    hex_encode(span_of(letters[WITHDRAWN], HASH_LEN), env_id);
    snprintf(body, sizeof body, "{\"message_id\":\"%s\",\"env_id\":\"%s\",\"reason\":1}", id,
             env_id);
    const struct mail mail = {.from = "health.445100",
                              .type = "withdraw",
                              .to = {"hub.445100", "market.445100"},
                              .facts = body};
    world_send(w, &mail, NULL);
}

static const struct got *find_letter(struct world *w, int which)
{
    const struct site *market = world_site(w, "market.445100");
    for (size_t i = 0; i < market->got_count; i++) {
        if (memcmp(market->got[i].env_id, letters[which], HASH_LEN) == 0)
            return &market->got[i];
    }
    return NULL;
}

static lianshu_ReceiptKind verdict(struct world *w, int which)
{
    return world_verdict(w, "health.445100", letters[which]);
}

static void delivery_live(struct world *w)
{
    w->limits.attempts_max = 2;
    world_restart(w);
    world_hello(w, "health.445100");
    send_letter(w, ACTED_ON, HOUR_MS);
    send_letter(w, EXPIRED, 2 * 60 * 1000);
    send_letter(w, WITHDRAWN, HOUR_MS);
    send_letter(w, DELIVERED, HOUR_MS);
    world_pass(w, 3 * 60 * 1000);
    withdraw_letter(w);
    world_pass(w, RETRY_MS);
    world_hello(w, "market.445100");
    world_settle(w);
    const struct got *got = find_letter(w, ACTED_ON);
    assert_non_null(got);
    for (int i = 0; i < 5 && verdict(w, ACTED_ON) != lianshu_ReceiptKind_RECEIPT_ACTED; i++) {
        world_say(w, "market.445100", got, lianshu_ReceiptKind_RECEIPT_ACTED, 0);
        world_pass(w, RETRY_MS);
    }
    world_site(w, "market.445100")->silent = true;
    send_letter(w, PARKED, HOUR_MS);
    for (int i = 0; i < 8 && verdict(w, PARKED) != lianshu_ReceiptKind_RECEIPT_PARKED; i++)
        world_pass(w, LEASE_MS + 5000);
    world_site(w, "market.445100")->silent = false;
    world_pass(w, 20 * RETRY_MS);
    world_settle(w);
}

static void delivery_check(struct world *w)
{
    static const lianshu_ReceiptKind want[LETTERS] = {
        [ACTED_ON] = lianshu_ReceiptKind_RECEIPT_ACTED,
        [EXPIRED] = lianshu_ReceiptKind_RECEIPT_EXPIRED,
        [WITHDRAWN] = lianshu_ReceiptKind_RECEIPT_SUPERSEDED,
        [DELIVERED] = lianshu_ReceiptKind_RECEIPT_DELIVERED,
        [PARKED] = lianshu_ReceiptKind_RECEIPT_PARKED,
    };
    for (int i = 0; i < LETTERS; i++)
        assert_int_equal(verdict(w, i), want[i]);
    assert_null(find_letter(w, EXPIRED));
    assert_null(find_letter(w, WITHDRAWN));
    assert_int_equal(find_letter(w, ACTED_ON)->number, 1);
    assert_int_equal(find_letter(w, DELIVERED)->number, 4);
    assert_int_equal(world_has(w, "market.445100", "withdraw"), 1);
    assert_int_equal(world_status(w, "envelopes"), LETTERS + 1);
    assert_int_equal(world_status(w, "undelivered"), 0);
    assert_int_equal(world_status(w, "parked"), 1);
}

static const struct life lives[] = {
    {"sanction", sanction_live, sanction_check},
    {"ledger", ledger_live, ledger_check},
    {"delivery", delivery_live, delivery_check},
};

/* ---- faults ---- */

/* How the hub works: the bits of a point's number. */
enum { OVERLAPS = 1, SMALL = 2, WAYS = 4 };

/* `cut`: what each file held that no sync had brought to disk is lost at the restart. */
struct fault_plan {
    struct vfs_plan vfs;
    bool cut;
};

static uint64_t point; /* which one is met, for the tail that a power cut leaves */

/* One that folds back and brings rows to their tables all the time, and one that never does. */
static struct world *begin(uint64_t way)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {7};
    struct world *w = world_new(seed);
    w->overlaps = (way & OVERLAPS) != 0;
    if ((way & SMALL) != 0) {
        w->checkpoint_pages = 40;
        w->fresh_window = 20000;
        w->idles = true;
        world_restart(w);
    }
    vfs_disarm();
    return w;
}

static uint64_t operations(const struct life *life, unsigned ops)
{
    uint64_t most = 0;
    for (uint64_t way = 0; way < WAYS; way++) {
        uint64_t count = 0;
        struct world *w = begin(way);
        life->live(w);
        life->check(w);
        for (unsigned op = VFS_WRITE; op <= VFS_LOCK; op <<= 1)
            count += (ops & op) != 0 ? vfs_count((enum vfs_op)op) : 0;
        world_free(w);
        most = count > most ? count : most;
    }
    return most;
}

/* The power comes back. */
static void lose_what_was_not_synced(void)
{
    if (!vfs_fired())
        return;
    vfs_disarm();
    vfs_power_off((enum vfs_tail)(points_done / WAYS % VFS_TAILS), point);
}

/* Run the life with one fault; dead hubs are restarted as a supervisor does. True: a sender was
 * told that the disk is full. */
static bool fail_at(const struct life *life, const struct fault_plan *plan)
{
    bool told = false;
    if (plan->cut)
        vfs_power_on();
    struct world *w = begin(points_done % WAYS);
    w->may_die = true;
    w->restarts_from = plan->cut ? lose_what_was_not_synced : NULL;
    point = plan->vfs.nth;
    vfs_arm(&plan->vfs);
    life->live(w);
    if (plan->cut && vfs_fired())
        world_restart(w); /* it ended at the last moment */
    vfs_disarm();
    for (size_t m = 0; m < ACTS_EVERYBODY; m++)
        told = told || world_site(w, acts_everybody[m])->last_busy_code == ERR_DISK_FULL;
    world_settle(w);
    life->check(w);
    world_free(w);
    vfs_power_off(VFS_TAIL_LOST, 0);
    points_done++;
    return told;
}

static void fail_at_every_point(struct fault_plan plan)
{
    uint64_t told = 0;
    for (size_t l = 0; l < T_COUNT(lives); l++) {
        uint64_t count = operations(&lives[l], plan.vfs.ops);
        uint64_t sample = count < SAMPLE_POINTS ? 1 : count / SAMPLE_POINTS;
        uint64_t stride = every > 0 ? every : sample;
        assert_true(count < POINTS_MAX);
        for (uint64_t n = 1 + stride / 2; n <= count; n += stride) {
            plan.vfs.nth = n;
            print_message("%s, point %llu of %llu\n", lives[l].name, (unsigned long long)n,
                          (unsigned long long)count);
            told += fail_at(&lives[l], &plan);
        }
        print_message("%s: %llu operations, %llu points so far\n", lives[l].name,
                      (unsigned long long)count, (unsigned long long)points_done);
    }
    /* A full disk is told to those who sent, by its code. */
    assert_true(plan.vfs.kind != VFS_NO_SPACE || told > 0);
}

static void a_disk_that_is_full_for_a_moment_loses_and_doubles_nothing(void **state)
{
    (void)state;
    fail_at_every_point((struct fault_plan){.vfs = {.ops = VFS_WRITE, .kind = VFS_NO_SPACE}});
}

static void a_disk_that_is_full_for_a_while_loses_and_doubles_nothing(void **state)
{
    (void)state;
    fail_at_every_point(
        (struct fault_plan){.vfs = {.ops = VFS_WRITE, .kind = VFS_NO_SPACE, .times = 3}});
}

static void a_write_that_fails_ends_the_process_and_the_next_start_goes_on(void **state)
{
    (void)state;
    fail_at_every_point((struct fault_plan){.vfs = {.ops = VFS_WRITE, .kind = VFS_BROKEN}});
}

static void a_torn_write_loses_and_doubles_nothing(void **state)
{
    (void)state;
    fail_at_every_point(
        (struct fault_plan){.vfs = {.ops = VFS_WRITE, .kind = VFS_BROKEN, .torn = true}});
}

static void a_failed_fsync_is_never_taken_for_success(void **state)
{
    (void)state;
    fail_at_every_point((struct fault_plan){.vfs = {.ops = VFS_SYNC, .kind = VFS_BROKEN}});
}

/* What it should have brought to disk is lost for good. */
static void what_a_failed_fsync_lost_was_never_acknowledged(void **state)
{
    (void)state;
    fail_at_every_point(
        (struct fault_plan){.vfs = {.ops = VFS_SYNC, .kind = VFS_BROKEN}, .cut = true});
}

static void power_lost_at_any_operation_loses_and_doubles_nothing(void **state)
{
    const struct vfs_plan cut = {
        .ops = VFS_WRITE | VFS_SYNC | VFS_TRUNCATE, .kind = VFS_BROKEN, .sticky = true};
    (void)state;
    fail_at_every_point((struct fault_plan){.vfs = cut, .cut = true});
}

static void a_failed_truncation_loses_nothing(void **state)
{
    (void)state;
    fail_at_every_point((struct fault_plan){.vfs = {.ops = VFS_TRUNCATE, .kind = VFS_BROKEN}});
}

static void a_failed_read_is_never_taken_for_an_absent_row(void **state)
{
    (void)state;
    fail_at_every_point((struct fault_plan){.vfs = {.ops = VFS_READ, .kind = VFS_BROKEN}});
}

static void a_failed_open_or_lock_stops_the_start_and_nothing_else(void **state)
{
    (void)state;
    fail_at_every_point((struct fault_plan){.vfs = {.ops = VFS_OPEN, .kind = VFS_BROKEN}});
    fail_at_every_point((struct fault_plan){.vfs = {.ops = VFS_LOCK, .kind = VFS_BROKEN}});
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_is_full_for_a_moment_loses_and_doubles_nothing),
        cmocka_unit_test(a_disk_that_is_full_for_a_while_loses_and_doubles_nothing),
        cmocka_unit_test(a_write_that_fails_ends_the_process_and_the_next_start_goes_on),
        cmocka_unit_test(a_torn_write_loses_and_doubles_nothing),
        cmocka_unit_test(a_failed_fsync_is_never_taken_for_success),
        cmocka_unit_test(what_a_failed_fsync_lost_was_never_acknowledged),
        cmocka_unit_test(power_lost_at_any_operation_loses_and_doubles_nothing),
        cmocka_unit_test(a_failed_truncation_loses_nothing),
        cmocka_unit_test(a_failed_read_is_never_taken_for_an_absent_row),
        cmocka_unit_test(a_failed_open_or_lock_stops_the_start_and_nothing_else),
    };
    if (argc > 1)
        every = strcmp(argv[1], "all") == 0 ? 1 : strtoul(argv[1], NULL, 10);
    vfs_install();
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
