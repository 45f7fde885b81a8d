/*
 * Three lives of the hub, each with a disk that fails at its n-th write, sync, truncation, read,
 * open or lock, for every n (reliability R3, R11): nothing is lost, nothing happens twice.
 *
 *   sanction   from an order to the last confirmation of its end
 *   ledger     an order that is corrected, warned of and annulled
 *   delivery   expired, withdrawn, parked, acted on, in one conversation
 *
 * Every second point is met by a hub that fills the next batch while one is in flight. The ordinary
 * run takes a sample of the points; with the argument `all` it takes each.
 */
#include "fault/vfs.h"
#include "scenario/acts.h"
#include "scenario/ledgerbook.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "base/hex.h"
#include "wire.h"

#include <stdio.h>
#include <string.h>

enum { POINTS_MAX = 60000, SAMPLE_POINTS = 9, RETRY_MS = 2000, LEASE_MS = 30 * 1000 };

static bool all_points;
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

static struct world *begin(void)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {7};
    vfs_disarm();
    return world_new(seed);
}

static uint64_t operations(const struct life *life, enum vfs_op op)
{
    struct world *w = begin();
    life->live(w);
    life->check(w);
    uint64_t count = vfs_count(op);
    world_free(w);
    return count;
}

/* Run the life with one fault; dead hubs are restarted as a supervisor does. True: a sender was
 * told that the disk is full. */
static bool fail_at(const struct life *life, const struct vfs_plan *plan)
{
    bool told = false;
    struct world *w = begin();
    w->may_die = true;
    w->overlaps = points_done % 2 == 1;
    vfs_arm(plan);
    life->live(w);
    vfs_disarm();
    for (size_t m = 0; m < ACTS_EVERYBODY; m++)
        told = told || world_site(w, acts_everybody[m])->last_busy_code == ERR_DISK_FULL;
    world_settle(w);
    life->check(w);
    world_free(w);
    points_done++;
    return told;
}

static void fail_at_every_point(struct vfs_plan plan)
{
    for (size_t l = 0; l < T_COUNT(lives); l++) {
        uint64_t count = operations(&lives[l], (enum vfs_op)plan.ops);
        uint64_t stride = all_points || count < SAMPLE_POINTS ? 1 : count / SAMPLE_POINTS;
        uint64_t told = 0;
        assert_true(count < POINTS_MAX);
        for (uint64_t n = 1 + stride / 2; n <= count; n += stride) {
            plan.nth = n;
            print_message("%s, point %llu of %llu\n", lives[l].name, (unsigned long long)n,
                          (unsigned long long)count);
            told += fail_at(&lives[l], &plan);
        }
        print_message("%s: %llu operations, %llu points so far\n", lives[l].name,
                      (unsigned long long)count, (unsigned long long)points_done);
        /* A full disk is told to those who sent, by its code. */
        assert_true(plan.kind != VFS_NO_SPACE || told > 0);
    }
}

static void a_disk_that_is_full_for_a_moment_loses_and_doubles_nothing(void **state)
{
    (void)state;
    fail_at_every_point((struct vfs_plan){.ops = VFS_WRITE, .kind = VFS_NO_SPACE});
}

static void a_disk_that_is_full_for_a_while_loses_and_doubles_nothing(void **state)
{
    (void)state;
    fail_at_every_point((struct vfs_plan){.ops = VFS_WRITE, .kind = VFS_NO_SPACE, .times = 3});
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

static void a_failed_truncation_loses_nothing(void **state)
{
    (void)state;
    fail_at_every_point((struct vfs_plan){.ops = VFS_TRUNCATE, .kind = VFS_BROKEN});
}

static void a_failed_read_is_never_taken_for_an_absent_row(void **state)
{
    (void)state;
    fail_at_every_point((struct vfs_plan){.ops = VFS_READ, .kind = VFS_BROKEN});
}

static void a_failed_open_or_lock_stops_the_start_and_nothing_else(void **state)
{
    (void)state;
    fail_at_every_point((struct vfs_plan){.ops = VFS_OPEN, .kind = VFS_BROKEN});
    fail_at_every_point((struct vfs_plan){.ops = VFS_LOCK, .kind = VFS_BROKEN});
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_is_full_for_a_moment_loses_and_doubles_nothing),
        cmocka_unit_test(a_disk_that_is_full_for_a_while_loses_and_doubles_nothing),
        cmocka_unit_test(a_write_that_fails_ends_the_process_and_the_next_start_goes_on),
        cmocka_unit_test(a_torn_write_loses_and_doubles_nothing),
        cmocka_unit_test(a_failed_fsync_is_never_taken_for_success),
        cmocka_unit_test(a_failed_truncation_loses_nothing),
        cmocka_unit_test(a_failed_read_is_never_taken_for_an_absent_row),
        cmocka_unit_test(a_failed_open_or_lock_stops_the_start_and_nothing_else),
    };
    all_points = argc > 1 && strcmp(argv[1], "all") == 0;
    vfs_install();
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
