/*
 * Every write, sync, truncation and read of a short life of the store fails in turn
 * (reliability R3, R11): a full disk costs the transaction and nothing else, anything worse ends
 * the handle, and what was acknowledged is there in each case.
 *
 * In some lives what no sync brought to disk is lost with the process, or a part of it.
 *
 * The ordinary run takes a sample of the points of each kind; with the argument `all` it takes
 * each.
 */
#include "fault/vfs.h"
#include "keys/receipt.h"
#include "unit/store_place.h"

enum { STEPS = 12, RUNS_MAX = 3000 };

static uint64_t stride = 67;

/* Of points of which a life has few. */
static uint64_t short_stride(void)
{
    return (stride + 9) / 10;
}

/* Of fresh rows: so small that some last and go to their tables, or never filled. */
static const uint32_t windows[] = {12000, 0};
static uint32_t window;

static enum err accept(struct store *s, uint32_t n)
{
    struct message_row m = {.type = 7, .open = 1};
    struct queue_row q = {.expires_ms = STORE_NEVER};
    uint8_t frame[3000];
    uint64_t number;

    memset(frame, (int)n, sizeof frame);
    enum err err =
        log_append(s->log, LOG_RECEIPT, 1000 + n, span_of(frame, 700), span_of(frame, 300), &m.seq);
    if (err != OK)
        return err;
    snprintf(m.sender, sizeof m.sender, "market.445100");
    id_of(m.id, n);
    q.seq = m.seq;
    snprintf(q.sender, sizeof q.sender, "market.445100");
    snprintf(q.recipient, sizeof q.recipient, "health.445100");
    memcpy(q.message_id, m.id, sizeof q.message_id);
    if ((err = message_put(s->messages, &m, span_of(frame, sizeof frame))) != OK)
        return err;
    if ((err = queue_put(s->queue, &q)) != OK)
        return err;
    if ((err = stream_put(s->stream, "market.445100", m.seq, &number)) != OK)
        return err;
    return store_count(s, "accepted", 1);
}

/* Deliver the oldest message: its queue row and frame go. */
static enum err deliver(struct store *s)
{
    struct queue_row row;
    size_t count;
    enum err err = queue_claim(s->queue, "health.445100", 1, 0, 10, 3, &row, 1, &count);
    if (err != OK)
        return err;
    err = queue_done(s->queue, row.recipient, row.seq);
    return err != OK ? err
                     : message_settle(s->messages, row.sender, row.message_id, 5, row.seq, NULL);
}

/* A chunk a step, and those before it that a restart forgot. */
static enum err put_chunks(struct store *s, uint32_t upto)
{
    static const uint8_t root[STORE_HASH_LEN] = {7};
    uint8_t frame[3000];
    uint64_t have;
    uint64_t count;
    enum err err = chunk_have(s->chunks, "market.445100", root, &have, &count);
    for (; err == OK && have < upto && have < STEPS; have++) {
        memset(frame, (int)have, sizeof frame);
        err = chunk_put(s->chunks, "market.445100", root, have, STEPS, span_of(frame, sizeof frame),
                        1000);
    }
    return err;
}

/* What is said to be there can be read, and is what was put. */
static void chunks_hold(struct store *s, uint32_t steps)
{
    static const uint8_t root[STORE_HASH_LEN] = {7};
    uint8_t want[3000];
    struct span frame;
    uint64_t have;
    uint64_t count;
    assert_int_equal(chunk_have(s->chunks, "market.445100", root, &have, &count), OK);
    assert_true(steps < STEPS || have == STEPS); /* complete: recorded with its last chunk */
    for (uint64_t i = 0; i < have; i++) {
        memset(want, (int)i, sizeof want);
        assert_int_equal(chunk_get(s->chunks, "market.445100", root, i, &frame), OK);
        assert_true(span_eq(frame, span_of(want, sizeof want)));
    }
}

/* One transaction of the life: odd steps accept three, even ones deliver one. */
static enum err fill(struct store *s, uint32_t i)
{
    enum err err = store_begin(s, 1000 + i);
    if (err == OK && i % 2 == 0) {
        err = deliver(s);
    } else if (err == OK) {
        for (uint32_t k = 0; k < 3 && err == OK; k++)
            err = accept(s, i * 10 + k);
        if (err == OK)
            err = store_savepoint(s);
        if (err == OK)
            err = accept(s, i * 10 + 9);
        if (err == OK)
            err = store_rollback_to(s);
    }
    return err == OK ? put_chunks(s, i) : err;
}

static enum err step(struct store *s, uint32_t i)
{
    enum err err = fill(s, i);
    if (err == OK)
        return store_commit(s);
    store_rollback(s);
    return err;
}

/* Exactly the first `steps` transactions happened. */
static bool holds(struct store *s, uint32_t steps)
{
    uint64_t accepted = (uint64_t)(steps + 1) / 2 * 3;
    uint64_t delivered = steps / 2;
    uint64_t known;
    uint64_t frames;
    uint64_t number;
    struct queue_counts counts;

    if (log_size(s->log) != accepted)
        return false;
    assert_int_equal(message_counts(s->messages, &known, &frames), OK);
    assert_int_equal(queue_counts(s->queue, "health.445100", &counts), OK);
    assert_int_equal(stream_last(s->stream, "market.445100", &number), OK);
    if (frames != accepted - delivered)
        return false;
    assert_int_equal(known, accepted);
    assert_int_equal(counts.ready, accepted - delivered);
    assert_int_equal(number, accepted);
    assert_int_equal(store_counter(s, "accepted"), accepted);
    chunks_hold(s, steps);
    return true;
}

static void fresh(struct place *p)
{
    vfs_disarm();
    /* So that commits fold back, too. */
    *p = (struct place){.checkpoint_pages = 12, .fresh_window = window};
    place_open(p);
}

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

/* ---- the power ---- */

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

/* Nothing waits for the disk but store_sync, and that does. */
static void what_is_written_is_on_disk_after_its_sync_and_not_before(void **state)
{
    struct place p = {.checkpoint_pages = 1000};
    bool wrote;
    (void)state;
    vfs_disarm();
    place_open(&p);
    assert_int_equal(step(p.s, 1), OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_begin(p.s, 2000), OK);
        assert_int_equal(accept(p.s, 100 + (uint32_t)i), OK);
        uint64_t before = vfs_count(VFS_SYNC);
        assert_int_equal(store_write(p.s, &wrote), OK);
        assert_true(wrote);
        assert_int_equal(vfs_count(VFS_SYNC), before);
        assert_int_equal(store_sync(p.s), OK);
        assert_int_equal(vfs_count(VFS_SYNC), before + 1);
        assert_int_equal(store_landed(p.s, OK), OK);
    }
    assert_int_equal(store_begin(p.s, 2000), OK);
    assert_int_equal(store_write(p.s, &wrote), OK);
    assert_false(wrote);
    uint64_t before = vfs_count(VFS_SYNC);
    assert_int_equal(store_begin(p.s, 2000), OK);
    assert_int_equal(accept(p.s, 200), OK);
    assert_int_equal(store_commit(p.s), OK); /* all three steps */
    assert_int_equal(vfs_count(VFS_SYNC), before + 1);
    place_close(&p);
}

/* What is in the file must be in the log, or a kill of the power between the two tears it. */
static void a_checkpoint_syncs_the_log_before_the_file(void **state)
{
    struct place p = {.checkpoint_pages = 1000};
    bool wrote;
    uint64_t leaf;
    (void)state;
    vfs_disarm();
    place_open(&p);
    assert_int_equal(store_begin(p.s, 1000), OK);
    /* Nothing fresh, which store_idle would write first. */
    assert_int_equal(log_append(p.s->log, LOG_RECEIPT, 1000, span_str("leaf"), span_str(""), &leaf),
                     OK);
    assert_int_equal(store_write(p.s, &wrote), OK);
    vfs_arm(&(struct vfs_plan){.ops = VFS_SYNC, .nth = 1, .kind = VFS_BROKEN});
    assert_int_equal(store_idle(p.s), ERR_FSYNC);
    assert_int_equal(vfs_count(VFS_WRITE), 0);
    vfs_disarm();
    store_close(&p.s);
    assert_int_equal(place_try_open(&p), OK);
    assert_int_equal(log_size(p.s->log), 1);
    place_close(&p);
}

/* The sync that follows would say that all is well. */
static void a_write_whose_checkpoint_could_not_sync_never_lands(void **state)
{
    struct place p = {.checkpoint_pages = 1};
    bool wrote = true;
    (void)state;
    vfs_disarm();
    place_open(&p);
    assert_int_equal(store_begin(p.s, 1000), OK);
    assert_int_equal(accept(p.s, 1), OK);
    vfs_arm(&(struct vfs_plan){.ops = VFS_SYNC, .nth = 2, .kind = VFS_BROKEN}); /* 1: its head */
    assert_int_equal(store_write(p.s, &wrote), ERR_FSYNC);
    assert_false(wrote);
    assert_int_equal(store_sync(p.s), OK);
    assert_int_equal(store_landed(p.s, OK), ERR_FSYNC);
    assert_int_equal(store_begin(p.s, 1000), ERR_FSYNC);
    store_close(&p.s);
    vfs_disarm();
    assert_int_equal(place_try_open(&p), OK);
    place_close(&p);
}

/* Adapters wait in their commits: nobody else works meanwhile. */
static void a_commit_waits_for_the_disk_unless_its_db_syncs_apart(void **state)
{
    static const char *const schema[] = {"CREATE TABLE t (a INTEGER) STRICT;"};
    static const char *const sql[] = {"INSERT INTO t VALUES (1)"};
    (void)state;
    for (uint64_t apart = 0; apart < 2; apart++) {
        struct place p = {.s = NULL};
        struct db *db;
        struct stmt *insert;
        place_dir(p.dir);
        snprintf(p.path, sizeof p.path, "%s/own.db", p.dir);
        const struct db_options options = {.path = p.path,
                                           .application_id = 0x4c535454,
                                           .migrations = schema,
                                           .migration_count = 1,
                                           .syncs_apart = apart == 1};
        assert_int_equal(db_open(&db, &options, NULL), OK);
        assert_int_equal(db_prepare(db, sql, 1, &insert, NULL), OK);
        assert_int_equal(db_begin(db), OK);
        assert_int_equal(stmt_run(insert), OK);
        assert_int_equal(db_commit(db), OK); /* the log begins: its head is synced in any case */
        uint64_t before = vfs_count(VFS_SYNC);
        assert_int_equal(db_begin(db), OK);
        assert_int_equal(stmt_run(insert), OK);
        assert_int_equal(db_commit(db), OK);
        assert_int_equal(vfs_count(VFS_SYNC), before + 1 - apart);
        db_close(&db);
        place_wipe(p.dir);
    }
}

/* Of two syncs at a time the kernel tells one alone that it failed. */
static void shrinking_on_a_full_disk_folds_nothing_back(void **state)
{
    static const char *const schema[] = {"CREATE TABLE t (a BLOB) STRICT;"};
    static const char *const sql[] = {"INSERT INTO t VALUES (zeroblob(16000))", "DELETE FROM t"};
    enum { ROWS = 4 * DB_FREE_PAGES };
    struct place p = {.s = NULL};
    struct stmt *q[2];
    struct db *db;
    (void)state;
    vfs_disarm();
    place_dir(p.dir);
    snprintf(p.path, sizeof p.path, "%s/own.db", p.dir);
    const struct db_options options = {.path = p.path,
                                       .application_id = 0x4c535454,
                                       .migrations = schema,
                                       .migration_count = 1,
                                       .checkpoint_pages = 1 << 20,
                                       .shrinks = true,
                                       .syncs_apart = true};
    assert_int_equal(db_open(&db, &options, NULL), OK);
    assert_int_equal(db_prepare(db, sql, 2, q, NULL), OK);
    assert_int_equal(db_begin(db), OK);
    for (int i = 0; i < ROWS; i++)
        assert_int_equal(stmt_run(q[0]), OK);
    assert_int_equal(db_commit(db), OK);
    assert_int_equal(db_begin(db), OK);
    assert_int_equal(stmt_run(q[1]), OK);
    assert_int_equal(db_commit(db), OK);
    vfs_arm(&(struct vfs_plan){.ops = VFS_WRITE, .nth = 1, .kind = VFS_NO_SPACE});
    assert_int_equal(db_shrink(db), OK); /* later, then */
    assert_true(vfs_fired());
    assert_int_equal(vfs_count(VFS_SYNC), 0);
    vfs_disarm();
    assert_int_equal(db_shrink(db), OK);
    assert_true(vfs_count(VFS_WRITE) > 0);
    db_close(&db);
    place_wipe(p.dir);
}

static void after_a_sync_that_failed_the_store_refuses_everything(void **state)
{
    struct place p = {.checkpoint_pages = 1000};
    bool wrote;
    (void)state;
    vfs_disarm();
    place_open(&p);
    assert_int_equal(store_begin(p.s, 1000), OK);
    assert_int_equal(accept(p.s, 1), OK);
    assert_int_equal(store_write(p.s, &wrote), OK);
    vfs_arm(&(struct vfs_plan){.ops = VFS_SYNC, .nth = 1, .kind = VFS_NO_SPACE});
    const enum err synced = store_sync(p.s);
    assert_int_equal(synced, ERR_FSYNC);   /* whatever the reason, nobody knows what is there */
    assert_int_equal(store_sync(p.s), OK); /* so it is, and so it means nothing */
    assert_int_equal(store_landed(p.s, synced), ERR_FSYNC);
    assert_int_equal(store_begin(p.s, 1000), ERR_FSYNC);
    assert_int_equal(store_idle(p.s), ERR_FSYNC);
    store_close(&p.s);
    vfs_disarm();
    assert_int_equal(place_try_open(&p), OK);
    assert_int_equal(log_size(p.s->log), 1);
    place_close(&p);
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
            place_dir(p.dir);
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
        cmocka_unit_test(what_is_written_is_on_disk_after_its_sync_and_not_before),
        cmocka_unit_test(a_checkpoint_syncs_the_log_before_the_file),
        cmocka_unit_test(a_write_whose_checkpoint_could_not_sync_never_lands),
        cmocka_unit_test(a_commit_waits_for_the_disk_unless_its_db_syncs_apart),
        cmocka_unit_test(shrinking_on_a_full_disk_folds_nothing_back),
        cmocka_unit_test(after_a_sync_that_failed_the_store_refuses_everything),
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
