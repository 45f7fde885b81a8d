/* Checks the promises of store/db.h of transactions, statements and values, and of its log. */
#include "unit/db_table.h"

static void commit_survives_reopen_and_rollback_leaves_nothing(void **state)
{
    struct file *file = *state;
    open_it(file);
    assert_int_equal(db_begin(file->db), OK);
    assert_int_equal(put(file, 1, "one"), OK);
    assert_true(db_wrote(file->db));
    assert_int_equal(db_commit(file->db), OK);
    assert_int_equal(db_begin(file->db), OK);
    assert_int_equal(put(file, 2, "two"), OK);
    db_rollback(file->db);
    assert_int_equal(rows(file), 1);
    db_close(&file->db);
    open_it(file);
    assert_int_equal(rows(file), 1);
}

static void closing_rolls_back_what_is_open(void **state)
{
    struct file *file = *state;
    open_it(file);
    assert_int_equal(db_begin(file->db), OK);
    assert_int_equal(put(file, 1, "one"), OK);
    db_close(&file->db);
    db_close(&file->db); /* NULL is fine */
    open_it(file);
    assert_int_equal(rows(file), 0);
}

static void savepoint_undoes_only_what_came_after_it(void **state)
{
    struct file *file = *state;
    open_it(file);
    assert_int_equal(db_savepoint(file->db), ERR_INTERNAL); /* outside a transaction */
    assert_int_equal(db_begin(file->db), OK);
    assert_int_equal(put(file, 1, "one"), OK);
    assert_int_equal(db_savepoint(file->db), OK);
    assert_int_equal(db_savepoint(file->db), ERR_INTERNAL); /* one level */
    assert_int_equal(put(file, 2, "two"), OK);
    assert_int_equal(db_rollback_to(file->db), OK);
    assert_int_equal(db_release(file->db), ERR_INTERNAL);
    assert_int_equal(db_savepoint(file->db), OK);
    assert_int_equal(put(file, 3, "three"), OK);
    assert_int_equal(db_release(file->db), OK);
    assert_int_equal(db_commit(file->db), OK);
    assert_int_equal(rows(file), 2);
}

static void nothing_is_written_outside_a_transaction(void **state)
{
    struct file *file = *state;
    open_it(file);
    assert_int_equal(put(file, 1, "one"), ERR_INTERNAL);
    assert_int_equal(rows(file), 0);
    assert_int_equal(db_commit(file->db), ERR_INTERNAL);
    assert_int_equal(db_begin(file->db), OK);
    assert_int_equal(db_begin(file->db), ERR_INTERNAL);
    db_rollback(file->db);
    db_rollback(file->db);
}

static void wrong_columns_are_corrupt_never_a_wrong_value(void **state)
{
    static const struct {
        int column;
        char how;
    } rows_[] = {{0, 'u'}, {1, 'u'}, {2, 'u'}, {0, 'b'}, {1, 't'}, {0, 'c'}, {0, 's'}};
    struct file *file = *state;

    for (size_t i = 0; i < T_COUNT(rows_); i++) {
        char text[4];
        uint8_t bytes[3];
        print_message("row %zu\n", i);
        folder_remove(file->dir);
        open_it(file);
        struct stmt *q = file->q[READ_TEXT];
        assert_int_equal(db_begin(file->db), OK);
        assert_int_equal(put(file, 1, "word"), OK);
        assert_int_equal(db_commit(file->db), OK);
        stmt_bind_u64(q, 1, 1);
        assert_int_equal(stmt_step(q), OK);
        if (rows_[i].how == 'u')
            assert_int_equal(stmt_u64(q, rows_[i].column), 0);
        if (rows_[i].how == 'b')
            assert_int_equal(stmt_blob(q, rows_[i].column).len, 0);
        if (rows_[i].how == 'c')
            stmt_copy(q, rows_[i].column, bytes, sizeof bytes);
        if (rows_[i].how == 't' || rows_[i].how == 's')
            stmt_copy_text(q, rows_[i].column, text, sizeof text); /* "word" needs five */
        assert_int_equal(stmt_end(q, OK), ERR_CORRUPT);
        assert_int_equal(db_fatal(file->db), ERR_CORRUPT);
        assert_int_equal(db_begin(file->db), ERR_CORRUPT); /* and it stays so */
        db_close(&file->db);
    }
}

static void a_statement_that_cannot_run_is_refused_before_anyone_uses_it(void **state)
{
    struct file *file = *state;
    static const char *const wrong[] = {"SELECT 1", "SELECT nothing FROM nowhere"};
    struct stmt *q[2];
    open_it(file);
    assert_int_not_equal(db_prepare(file->db, wrong, 2, q, &file->f), OK);
    assert_non_null(strstr(file->f.detail, "nowhere"));
    assert_int_equal(db_prepare(file->db, wrong, 1, q, &file->f), OK);
    assert_int_equal(stmt_step(q[0]), OK);
    assert_int_equal(stmt_u64(q[0], 0), 1);
    assert_int_equal(stmt_end(q[0], OK), OK);
}

static void constraints_have_their_errors(void **state)
{
    struct file *file = *state;
    open_it(file);
    assert_int_equal(db_begin(file->db), OK);
    assert_int_equal(put(file, 1, "one"), OK);
    assert_int_equal(put(file, 1, "two"), ERR_EXISTS);
    assert_int_equal(put(file, 2, "one"), ERR_EXISTS);
    assert_int_equal(put(file, (uint64_t)INT64_MAX + 1, "three"), ERR_TOO_LARGE);
    stmt_bind_u64(file->q[CHILD], 1, 5);
    assert_int_equal(stmt_run(file->q[CHILD]), ERR_NOT_FOUND);
    stmt_bind_null(file->q[CHILD], 1);
    assert_int_equal(stmt_run(file->q[CHILD]), ERR_FIELD_VALUE);
    assert_int_equal(put(file, 3, "three"), OK); /* a refused row ends nothing */
    assert_int_equal(db_commit(file->db), OK);
    assert_int_equal(rows(file), 2);
}

static void reader_sees_commits_and_cannot_write(void **state)
{
    struct file *file = *state;
    struct file reader = *file;

    open_it(file);
    assert_int_equal(db_begin(file->db), OK);
    assert_int_equal(put(file, 1, "one"), OK);
    assert_int_equal(db_commit(file->db), OK);
    assert_int_equal(try_open(&reader, one_version, 1, true), OK);
    assert_int_equal(db_prepare(reader.db, queries, QUERIES, reader.q, &reader.f), OK);
    assert_int_equal(rows(&reader), 1);
    assert_int_equal(db_begin(reader.db), ERR_PERMISSION);
    assert_int_equal(put(&reader, 2, "two"), ERR_INTERNAL);
    assert_int_equal(db_idle(reader.db), OK);
    assert_int_equal(db_begin(file->db), OK);
    assert_int_equal(put(file, 2, "two"), OK);
    assert_int_equal(db_commit(file->db), OK);
    assert_int_equal(rows(&reader), 2);
    db_close(&reader.db);
}

static void idle_folds_the_log_back(void **state)
{
    struct file *file = *state;
    char wal[FOLDER_PATH_MAX + 16];
    struct stat st;

    open_it(file);
    snprintf(wal, sizeof wal, "%s-wal", file->path);
    assert_int_equal(db_begin(file->db), OK);
    assert_int_equal(put(file, 1, "one"), OK);
    assert_int_equal(db_idle(file->db), OK); /* not inside a transaction */
    assert_int_equal(db_commit(file->db), OK);
    assert_int_equal(stat(wal, &st), 0);
    assert_true(st.st_size > 0);
    assert_int_equal(db_idle(file->db), OK);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(db_idle(file->db), OK);
}

static void commit_pages(struct file *file, uint64_t *row, size_t pages)
{
    static const uint8_t bytes[DB_PAGE_BYTES];
    assert_int_equal(db_begin(file->db), OK);
    for (size_t i = 0; i < pages; i++) {
        stmt_bind_u64(file->q[PUT], 1, ++*row);
        stmt_bind_bytes(file->q[PUT], 2, bytes, sizeof bytes);
        assert_int_equal(stmt_run(file->q[PUT]), OK);
    }
    assert_int_equal(db_commit(file->db), OK);
}

static void a_pause_folds_back_a_log_that_has_grown_and_no_other(void **state)
{
    enum { LITTLE = 16, FRAME_HEAD = 24 };
    struct file *file = *state;
    char wal[FOLDER_PATH_MAX + 16];
    struct stat grown;
    struct stat st;
    uint64_t row = 0;

    open_it(file);
    snprintf(wal, sizeof wal, "%s-wal", file->path);
    commit_pages(file, &row, LITTLE);
    assert_int_equal(db_pause(file->db, DB_PAUSE_PAGES), OK);
    assert_int_equal(stat(wal, &st), 0);
    commit_pages(file, &row, DB_PAUSE_PAGES);
    assert_int_equal(stat(wal, &grown), 0); /* the little there was is still in front */
    assert_true(grown.st_size >= st.st_size + DB_PAUSE_PAGES * (DB_PAGE_BYTES + FRAME_HEAD));
    assert_int_equal(db_begin(file->db), OK);
    assert_int_equal(db_pause(file->db, DB_PAUSE_PAGES), OK); /* not inside a transaction */
    assert_int_equal(db_commit(file->db), OK);
    assert_int_equal(db_pause(file->db, DB_PAUSE_PAGES), OK);
    commit_pages(file, &row, LITTLE);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_size, grown.st_size); /* written from its beginning again */
    db_close(&file->db);
    open_it(file);
    assert_int_equal(rows(file), row);
}

static void empty_blob_is_not_null(void **state)
{
    struct file *file = *state;
    open_it(file);
    assert_int_equal(db_begin(file->db), OK);
    stmt_bind_u64(file->q[PUT], 1, 1);
    stmt_bind_blob(file->q[PUT], 2, (struct span){NULL, 0});
    assert_int_equal(stmt_run(file->q[PUT]), OK);
    assert_int_equal(db_commit(file->db), OK);
    stmt_bind_u64(file->q[GET], 1, 1);
    assert_int_equal(stmt_step(file->q[GET]), OK);
    assert_false(stmt_is_null(file->q[GET], 1));
    assert_true(stmt_is_null(file->q[GET], 2)); /* unbound is NULL: bindings do not linger */
    assert_int_equal(stmt_blob(file->q[GET], 1).len, 0);
    assert_int_equal(stmt_end(file->q[GET], OK), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DB_CASE(commit_survives_reopen_and_rollback_leaves_nothing),
        DB_CASE(closing_rolls_back_what_is_open),
        DB_CASE(savepoint_undoes_only_what_came_after_it),
        DB_CASE(nothing_is_written_outside_a_transaction),
        DB_CASE(wrong_columns_are_corrupt_never_a_wrong_value),
        DB_CASE(a_statement_that_cannot_run_is_refused_before_anyone_uses_it),
        DB_CASE(constraints_have_their_errors),
        DB_CASE(reader_sees_commits_and_cannot_write),
        DB_CASE(idle_folds_the_log_back),
        DB_CASE(a_pause_folds_back_a_log_that_has_grown_and_no_other),
        DB_CASE(empty_blob_is_not_null),
    };
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
