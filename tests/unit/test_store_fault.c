/*
 * Every write, sync, truncation and read of a short life of the store fails in turn: a full disk
 * costs the transaction and nothing else, anything worse ends the handle, and what was acknowledged
 * is there in each case.
 *
 * In some lives what no sync brought to disk is lost with the process, or a part of it.
 *
 * The ordinary run takes a sample of the points of each kind; with the argument `all` it takes
 * each.
 */
#include "unit/store_life.h"

static uint64_t stride = 67;

/* Of points of which a life has few. */
static uint64_t short_stride(void)
{
    return (stride + 9) / 10;
}

/* Of fresh rows: so small that some last and go to their tables, or never filled. */
static const uint32_t windows[] = {12000, 0};

/* One life with a full disk at its n-th write; when `sticky`, full until the step was refused
 * three times. False when the life has fewer writes. */
static bool life_with_full_disk(uint64_t n, bool sticky)
{
    struct place p;
    bool fired = false;
    unsigned refused = 0;

    fresh(&p);
    vfs_arm(&(struct vfs_plan){.ops = VFS_WRITE, .nth = n, .kind = VFS_NO_SPACE, .sticky = sticky});
    for (uint32_t i = 1; i <= STEPS;) {
        enum err err = step(p.s, i);
        fired = fired || vfs_fired();
        if (err == OK) {
            i++;
            continue;
        }
        assert_int_equal(err, ERR_DISK_FULL);
        assert_true(fired);
        assert_true(holds(p.s, i - 1)); /* nothing of it is there, and reading goes on */
        if (!sticky || ++refused == 3)
            vfs_disarm();
    }
    vfs_disarm();
    assert_int_equal(store_idle(p.s), OK);
    assert_true(holds(p.s, STEPS));
    place_reopen(&p);
    assert_true(holds(p.s, STEPS));
    if (log_size(p.s->log) > 0)
        assert_int_equal(log_scrub(p.s->log, 0, &p.f), OK);
    place_close(&p);
    return fired;
}

/* One life whose n-th operation breaks, once or for good. The handle ends with it; after a
 * restart everything acknowledged is there, and nothing is there by half. */
static bool life_with_broken_disk(uint64_t n, const struct vfs_plan *kind)
{
    struct place p;
    struct vfs_plan plan = *kind;
    uint32_t acknowledged = 0;
    enum err err = OK;

    plan.nth = n;
    fresh(&p);
    vfs_arm(&plan);
    for (uint32_t i = 1; i <= STEPS && err == OK; i++) {
        err = step(p.s, i);
        acknowledged += err == OK;
    }
    if (err == OK)
        err = store_idle(p.s);
    bool fired = vfs_fired();
    if (fired && err == OK)
        err = db_fatal(p.s->db); /* in a checkpoint: the commit stood, the handle ended */
    if (fired) {
        assert_int_equal(err_class(err), ERR_CLASS_FATAL);
        assert_int_equal(store_begin(p.s, 1), err); /* and it stays ended */
        assert_int_equal(store_idle(p.s), err);
        assert_int_equal(db_fatal(p.s->db), err);
    }
    store_close(&p.s); /* the fault lasts while the process ends */
    vfs_disarm();
    assert_int_equal(place_try_open(&p), OK);
    assert_true(holds(p.s, acknowledged) || (acknowledged < STEPS && holds(p.s, acknowledged + 1)));
    if (log_size(p.s->log) > 0)
        assert_int_equal(log_scrub(p.s->log, 0, &p.f), OK);
    place_close(&p);
    return fired;
}

static void full_disk_once_at_every_write(void **state)
{
    uint64_t n = 1;
    (void)state;
    while (n < RUNS_MAX && life_with_full_disk(n, false))
        n += stride;
    print_message("up to point %llu\n", (unsigned long long)n);
    assert_true(n > 50 && n < RUNS_MAX);
}

static void full_disk_for_a_while_at_every_write(void **state)
{
    uint64_t n = 1 + stride / 2;
    (void)state;
    while (n < RUNS_MAX && life_with_full_disk(n, true))
        n += stride;
    print_message("up to point %llu\n", (unsigned long long)n);
    assert_true(n > 50 && n < RUNS_MAX);
}

static void broken_disk_at_every_operation(void **state)
{
    static const struct {
        const char *name;
        struct vfs_plan plan;
        uint64_t least;
    } rows[] = {
        {"write", {.ops = VFS_WRITE, .kind = VFS_BROKEN}, 50},
        {"write, for good", {.ops = VFS_WRITE, .kind = VFS_BROKEN, .sticky = true}, 50},
        {"torn write", {.ops = VFS_WRITE, .kind = VFS_BROKEN, .torn = true}, 50},
        {"sync", {.ops = VFS_SYNC, .kind = VFS_BROKEN}, STEPS},
        {"sync, for good", {.ops = VFS_SYNC, .kind = VFS_BROKEN, .sticky = true}, STEPS},
        {"truncate", {.ops = VFS_TRUNCATE, .kind = VFS_BROKEN}, 1},
        {"anything", {.ops = VFS_WRITE | VFS_SYNC | VFS_TRUNCATE, .kind = VFS_BROKEN}, 60},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        uint64_t by = rows[i].least > STEPS ? stride : short_stride();
        uint64_t n = 1 + i % (by < 4 ? by : 4);
        while (n < RUNS_MAX && life_with_broken_disk(n, &rows[i].plan))
            n += by;
        print_message("row %zu: %s, up to point %llu\n", i, rows[i].name, (unsigned long long)n);
        assert_true(n > rows[i].least && n < RUNS_MAX);
    }
}

/* The transactions of a life as the hub has them: the next one is filled while one is synced.
 * What has landed of them. */
static uint32_t live_overlapped(struct store *s, enum err *err)
{
    uint32_t landed = 0;
    bool flies = false;
    for (uint32_t i = 1; i <= STEPS && *err == OK; i++) {
        bool wrote;
        *err = fill(s, i);
        const enum err synced = flies ? store_sync(s) : OK;
        if (flies && store_landed(s, synced) == OK)
            landed = i - 1;
        if (*err == OK)
            *err = synced;
        if (*err == OK)
            *err = store_write(s, &wrote);
        flies = *err == OK;
        if (db_in_transaction(s->db))
            store_rollback(s);
    }
    if (*err == OK && (*err = store_landed(s, store_sync(s))) == OK)
        landed = STEPS;
    return landed;
}

static bool life_with_power_cut(uint64_t n, const struct vfs_plan *kind, bool overlapped)
{
    struct place p;
    struct vfs_plan plan = *kind;
    enum vfs_tail tail = plan.sticky ? (enum vfs_tail)(n % VFS_TAILS) : VFS_TAIL_LOST;
    uint32_t landed = 0;
    enum err err = OK;

    plan.nth = n;
    vfs_power_on();
    fresh(&p);
    vfs_arm(&plan);
    if (overlapped)
        landed = live_overlapped(p.s, &err);
    for (uint32_t i = 1; i <= STEPS && err == OK && !overlapped; i++) {
        err = step(p.s, i);
        landed += err == OK;
    }
    if (err == OK)
        err = store_idle(p.s);
    bool fired = vfs_fired();
    store_close(&p.s);
    vfs_power_off(tail, n);
    vfs_disarm();
    assert_int_equal(place_try_open(&p), OK);
    assert_true(holds(p.s, landed) || (landed < STEPS && holds(p.s, landed + 1)));
    if (log_size(p.s->log) > 0)
        assert_int_equal(log_scrub(p.s->log, 0, &p.f), OK);
    place_close(&p);
    return fired;
}

/* Nothing that has landed is lost with the power, and of what has not, a tail. */
static void power_lost_at_every_operation(void **state)
{
    static const struct vfs_plan cut = {
        .ops = VFS_WRITE | VFS_SYNC | VFS_TRUNCATE, .kind = VFS_BROKEN, .sticky = true};
    (void)state;
    for (unsigned overlapped = 0; overlapped < 2; overlapped++) {
        uint64_t n = 1 + overlapped;
        while (n < RUNS_MAX && life_with_power_cut(n, &cut, overlapped == 1))
            n += stride;
        print_message("overlapped %u: up to point %llu\n", overlapped, (unsigned long long)n);
        assert_true(n > 60 && n < RUNS_MAX);
    }
}

/* What it should have brought to disk never gets there, and the next sync says that all is well. */
static void what_a_failed_sync_lost_is_never_taken_for_landed(void **state)
{
    static const struct vfs_plan lost = {.ops = VFS_SYNC, .kind = VFS_BROKEN};
    (void)state;
    for (unsigned overlapped = 0; overlapped < 2; overlapped++) {
        uint64_t n = 1 + overlapped;
        while (n < RUNS_MAX && life_with_power_cut(n, &lost, overlapped == 1))
            n += short_stride();
        print_message("overlapped %u: up to point %llu\n", overlapped, (unsigned long long)n);
        assert_true(n > STEPS && n < RUNS_MAX);
    }
}

/* A read that fails is never taken for an absent row. */
static void broken_read_at_every_read_of_a_restarted_store(void **state)
{
    uint64_t n = 1;
    bool fired = true;
    (void)state;

    for (; fired && n < RUNS_MAX; n += stride) {
        struct place p;
        struct queue_row row;
        size_t count;
        fresh(&p);
        for (uint32_t i = 1; i <= STEPS; i++)
            assert_int_equal(step(p.s, i), OK);
        store_close(&p.s);
        vfs_arm(&(struct vfs_plan){.ops = VFS_READ, .nth = n, .kind = VFS_BROKEN});
        enum err err = place_try_open(&p);
        if (err == OK)
            err = queue_claim(p.s->queue, "health.445100", 1, 0, 10, 3, &row, 1, &count);
        if (err == OK)
            err = step(p.s, STEPS + 1);
        fired = vfs_fired();
        if (fired)
            assert_int_not_equal(err, ERR_NOT_FOUND);
        else
            assert_int_equal(err, OK);
        store_close(&p.s);
        vfs_disarm();
        assert_int_equal(place_try_open(&p), OK);
        assert_true(holds(p.s, STEPS) || holds(p.s, STEPS + 1));
        place_close(&p);
    }
    print_message("up to point %llu\n", (unsigned long long)n);
    assert_true(n > 10 && n < RUNS_MAX);
}

/* The first start, killed by a fault at each point, leaves something the next start accepts. */
static void faults_at_every_point_of_the_first_start(void **state)
{
    static const struct vfs_plan kinds[] = {
        {.ops = VFS_WRITE | VFS_SYNC | VFS_TRUNCATE, .kind = VFS_BROKEN, .sticky = true},
        {.ops = VFS_WRITE | VFS_SYNC | VFS_TRUNCATE, .kind = VFS_BROKEN, .torn = true},
        {.ops = VFS_WRITE, .kind = VFS_NO_SPACE, .sticky = true},
        {.ops = VFS_OPEN, .kind = VFS_BROKEN},
        {.ops = VFS_LOCK, .kind = VFS_BROKEN},
    };
    (void)state;
    for (size_t k = 0; k < T_COUNT(kinds); k++) {
        uint64_t by = k < 3 ? stride : short_stride();
        uint64_t n = 1 + k % by;
        bool fired = true;
        for (; fired && n < RUNS_MAX; n += by) {
            struct place p = {.s = NULL};
            struct vfs_plan plan = kinds[k];
            plan.nth = n;
            folder_make(p.dir, "store");
            snprintf(p.path, sizeof p.path, "%s/hub.db", p.dir);
            vfs_arm(&plan);
            enum err err = place_try_open(&p);
            fired = vfs_fired();
            if (err != OK)
                assert_null(p.s);
            if (!fired)
                assert_int_equal(err, OK);
            store_close(&p.s);
            vfs_disarm();
            assert_int_equal(place_try_open(&p), OK);
            assert_true(holds(p.s, 0));
            assert_int_equal(step(p.s, 1), OK);
            place_close(&p);
        }
        print_message("row %zu: up to point %llu\n", k, (unsigned long long)n);
        assert_true(n > 2 && n < RUNS_MAX);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest lives[] = {
        cmocka_unit_test(full_disk_once_at_every_write),
        cmocka_unit_test(full_disk_for_a_while_at_every_write),
        cmocka_unit_test(broken_disk_at_every_operation),
        cmocka_unit_test(power_lost_at_every_operation),
        cmocka_unit_test(what_a_failed_sync_lost_is_never_taken_for_landed),
        cmocka_unit_test(broken_read_at_every_read_of_a_restarted_store),
    };
    const struct CMUnitTest once[] = {
        cmocka_unit_test(faults_at_every_point_of_the_first_start),
    };
    if (argc > 1 && strcmp(argv[1], "all") == 0)
        stride = 1;
    vfs_install();
    int failed = 0;
    for (size_t i = 0; i < T_COUNT(windows) && failed == 0; i++) {
        window = windows[i];
        print_message("window of %u bytes\n", window);
        failed = cmocka_run_group_tests_name("store_fault", lives, NULL, NULL);
    }
    return failed != 0 ? failed : cmocka_run_group_tests_name("store_fault", once, NULL, NULL);
}
