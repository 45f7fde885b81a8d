/* Checks what the store promises of syncs: what is on disk after which, in which order, and what is
 * said when one fails. hub/README.md, Nothing is acknowledged before it is on disk. */
#include "unit/store_life.h"

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
        folder_make(p.dir, "store");
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
        folder_remove(p.dir);
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
    folder_make(p.dir, "store");
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
    folder_remove(p.dir);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_on_disk_after_its_sync_and_not_before),
        cmocka_unit_test(a_checkpoint_syncs_the_log_before_the_file),
        cmocka_unit_test(a_write_whose_checkpoint_could_not_sync_never_lands),
        cmocka_unit_test(a_commit_waits_for_the_disk_unless_its_db_syncs_apart),
        cmocka_unit_test(shrinking_on_a_full_disk_folds_nothing_back),
        cmocka_unit_test(after_a_sync_that_failed_the_store_refuses_everything),
    };
    vfs_install();
    return cmocka_run_group_tests_name("store_sync", tests, NULL, NULL);
}
