/* Checks the promises of store/db.h, each by its number. */
#include "store/db.h"

#include "unit/store_place.h"

#include <sqlite3.h>
#include <sys/wait.h>

enum { APP = 0x54455354 };

static const char *const one_version[] = {
    "CREATE TABLE t (a INTEGER PRIMARY KEY CHECK (a >= 0), b BLOB, c TEXT UNIQUE) STRICT;"
    "CREATE TABLE child (a INTEGER NOT NULL REFERENCES t (a)) STRICT;"};
static const char *const two_versions[] = {
    "CREATE TABLE t (a INTEGER PRIMARY KEY CHECK (a >= 0), b BLOB, c TEXT UNIQUE) STRICT;"
    "CREATE TABLE child (a INTEGER NOT NULL REFERENCES t (a)) STRICT;",
    "ALTER TABLE t ADD COLUMN d INTEGER; INSERT INTO t (a, d) VALUES (77, 7);"};
static const char *const broken_second[] = {
    "CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT;",
    "CREATE TABLE u (a INTEGER) STRICT; SELECT no_such_function();"};

enum { PUT, GET, COUNT, CHILD, READ_TEXT, QUERIES };
static const char *const queries[QUERIES] = {
    [PUT] = "INSERT INTO t (a, b, c) VALUES (?1, ?2, ?3)",
    [GET] = "SELECT a, b, c FROM t WHERE a = ?1",
    [COUNT] = "SELECT count(*) FROM t",
    [CHILD] = "INSERT INTO child (a) VALUES (?1)",
    [READ_TEXT] = "SELECT c, -1, NULL FROM t WHERE a = ?1",
};

struct file {
    char dir[40];
    char path[64];
    struct db *db;
    struct stmt *q[QUERIES];
    struct fault f;
};

static enum err try_open(struct file *file, const char *const *migrations, size_t count,
                         bool read_only)
{
    const struct db_options options = {.path = file->path,
                                       .application_id = APP,
                                       .migrations = migrations,
                                       .migration_count = count,
                                       .read_only = read_only};
    memset(&file->f, 0, sizeof file->f);
    return db_open(&file->db, &options, &file->f);
}

static void open_it(struct file *file)
{
    assert_int_equal(try_open(file, one_version, 1, false), OK);
    assert_int_equal(db_prepare(file->db, queries, QUERIES, file->q, &file->f), OK);
}

static int setup(void **state)
{
    struct file *file = calloc(1, sizeof *file);
    place_dir(file->dir);
    snprintf(file->path, sizeof file->path, "%s/t.db", file->dir);
    *state = file;
    return 0;
}

static int teardown(void **state)
{
    struct file *file = *state;
    db_close(&file->db);
    place_wipe(file->dir);
    free(file);
    return 0;
}

static enum err put(struct file *file, uint64_t a, const char *text)
{
    stmt_bind_u64(file->q[PUT], 1, a);
    stmt_bind_blob(file->q[PUT], 2, span_str("bytes"));
    stmt_bind_text(file->q[PUT], 3, text);
    return stmt_run(file->q[PUT]);
}

static uint64_t rows(struct file *file)
{
    uint64_t n;
    assert_int_equal(stmt_step(file->q[COUNT]), OK);
    n = stmt_u64(file->q[COUNT], 0);
    assert_int_equal(stmt_end(file->q[COUNT], OK), OK);
    return n;
}

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

static void second_process_is_refused(void **state)
{
    struct file *file = *state;
    struct file other = *file;
    int status;

    open_it(file);
    assert_int_equal(try_open(&other, one_version, 1, false), ERR_BUSY_ELSEWHERE);
    assert_null(other.db);
    pid_t child = fork();
    if (child == 0)
        _exit(try_open(&other, one_version, 1, false) == ERR_BUSY_ELSEWHERE ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    db_close(&file->db);
    open_it(file);
}

static void killed_process_leaves_no_lock(void **state)
{
    struct file *file = *state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        open_it(file);
        if (db_begin(file->db) != OK || put(file, 1, "one") != OK || db_commit(file->db) != OK ||
            db_begin(file->db) != OK || put(file, 2, "two") != OK)
            _exit(1);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    open_it(file);
    assert_int_equal(rows(file), 1);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *raw;
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    chmod(path, 0600);
}

static size_t read_all(const char *path, char *out, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd == -1 ? 0 : read(fd, out, cap);
    close(fd);
    return n < 0 ? 0 : (size_t)n;
}

static void foreign_newer_and_older_files_are_refused_unchanged(void **state)
{
    static const struct {
        const char *sql;
        bool read_only;
        enum err want;
    } rows_[] = {
        {"CREATE TABLE x (a)", false, ERR_DB_FOREIGN}, /* nobody's id */
        {"PRAGMA application_id = 5; CREATE TABLE x (a)", false, ERR_DB_FOREIGN},
        {"PRAGMA application_id = 5", false, ERR_DB_FOREIGN}, /* even when empty */
        {"PRAGMA user_version = 1", false, ERR_DB_FOREIGN},
        {"PRAGMA application_id = 1413829460; PRAGMA user_version = 2", false, ERR_DB_NEWER},
        {"PRAGMA application_id = 1413829460; PRAGMA user_version = -1", false, ERR_DB_NEWER},
        {"PRAGMA journal_mode = WAL; PRAGMA application_id = 1413829460; PRAGMA user_version = 9",
         false, ERR_DB_NEWER},
        {"PRAGMA application_id = 1413829460; PRAGMA user_version = 0; CREATE TABLE x (a)", true,
         ERR_DB_FOREIGN}, /* older: a reader does not upgrade */
        {"PRAGMA journal_mode = WAL; CREATE TABLE x (a)", true, ERR_DB_FOREIGN},
    };
    struct file *file = *state;
    static char before[65536];
    static char after[65536];

    for (size_t i = 0; i < T_COUNT(rows_); i++) {
        print_message("row %zu\n", i);
        unlink(file->path);
        run_sql(file->path, rows_[i].sql);
        size_t len = read_all(file->path, before, sizeof before);
        assert_int_equal(try_open(file, one_version, 1, rows_[i].read_only), rows_[i].want);
        assert_null(file->db);
        assert_int_equal(file->f.err, rows_[i].want);
        assert_string_equal(file->f.where, file->path);
        assert_int_equal(read_all(file->path, after, sizeof after), len);
        assert_memory_equal(before, after, len);
    }
}

static void files_that_are_no_database_are_refused(void **state)
{
    struct file *file = *state;
    int fd = open(file->path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "a text file of some length", 26), 26);
    close(fd);
    assert_int_equal(try_open(file, one_version, 1, false), ERR_DB_FOREIGN);
    unlink(file->path);
    assert_int_equal(mkdir(file->path, 0700), 0);
    assert_int_equal(try_open(file, one_version, 1, false), ERR_IO); /* EISDIR */
    rmdir(file->path);
    assert_int_equal(mkfifo(file->path, 0600), 0);
    assert_int_equal(try_open(file, one_version, 1, false), ERR_DB_FOREIGN);
}

static void unsafe_modes_and_links_are_refused(void **state)
{
    struct file *file = *state;
    char other[80];

    open_it(file);
    db_close(&file->db);
    chmod(file->path, 0640);
    assert_int_equal(try_open(file, one_version, 1, false), ERR_PERMISSION);
    chmod(file->path, 0600);
    chmod(file->dir, 0750);
    assert_int_equal(try_open(file, one_version, 1, false), ERR_PERMISSION);
    assert_int_equal(try_open(file, one_version, 1, true), ERR_PERMISSION);
    chmod(file->dir, 0700);
    snprintf(other, sizeof other, "%s/other.db", file->dir);
    assert_int_equal(rename(file->path, other), 0);
    assert_int_equal(symlink(other, file->path), 0);
    assert_int_equal(try_open(file, one_version, 1, false), ERR_PERMISSION);
}

static void modes_of_what_is_made_are_narrow(void **state)
{
    struct file *file = *state;
    char name[80];
    struct stat st;
    mode_t old = umask(0);

    place_wipe(file->dir); /* the directory is made too */
    open_it(file);
    assert_int_equal(db_begin(file->db), OK);
    assert_int_equal(put(file, 1, "one"), OK);
    assert_int_equal(db_commit(file->db), OK);
    umask(old);
    static const char *const suffix[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < T_COUNT(suffix); i++) {
        snprintf(name, sizeof name, "%s%s", file->path, suffix[i]);
        assert_int_equal(stat(name, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    assert_int_equal(stat(file->dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void bad_paths_are_refused(void **state)
{
    struct file *file = *state;
    char path[2000];
    struct db_options options = {
        .path = path, .application_id = APP, .migrations = one_version, .migration_count = 1};

    path[0] = '\0';
    assert_int_equal(db_open(&file->db, &options, NULL), ERR_CONFIG);
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_int_equal(db_open(&file->db, &options, NULL), ERR_CONFIG);
    snprintf(path, sizeof path, "%s/no/such/t.db", file->dir);
    assert_int_equal(db_open(&file->db, &options, NULL), ERR_NOT_FOUND);
}

static void migrations_run_in_order_and_once(void **state)
{
    struct file *file = *state;
    open_it(file);
    db_close(&file->db);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(try_open(file, two_versions, 2, false), OK);
        assert_int_equal(db_prepare(file->db, queries, QUERIES, file->q, &file->f), OK);
        assert_int_equal(rows(file), 1);
        db_close(&file->db);
    }
    assert_int_equal(try_open(file, one_version, 1, false), ERR_DB_NEWER);
}

static void failed_migration_leaves_the_version_before(void **state)
{
    struct file *file = *state;
    assert_int_not_equal(try_open(file, broken_second, 2, false), OK);
    assert_null(file->db);
    assert_int_equal(try_open(file, broken_second, 1, false), OK); /* version 1, whole */
    db_close(&file->db);
    run_sql(file->path, "CREATE TABLE u (a)"); /* nothing of the second is there */
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
        place_wipe(file->dir);
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

/* What another program's SQLite says to each of these. */
static const char *const INTRUSIONS[] = {
    "SELECT count(*) FROM t",
    "BEGIN IMMEDIATE",
    "INSERT INTO t VALUES (9, '')",
    "DELETE FROM t",
    "PRAGMA user_version = 99",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "VACUUM",
};

/* S-03 */
static void of_one_that_is_alone_no_other_program_reads_or_writes_a_byte(void **state)
{
    struct file *file = *state;
    const struct db_options options = {.path = file->path,
                                       .application_id = APP,
                                       .migrations = one_version,
                                       .migration_count = 1,
                                       .syncs_apart = true,
                                       .alone = true};
    assert_int_equal(db_open(&file->db, &options, &file->f), OK);
    assert_int_equal(db_prepare(file->db, queries, QUERIES, file->q, &file->f), OK);
    for (uint64_t turn = 0; turn < 2; turn++) { /* before and after a checkpoint */
        for (size_t i = 0; i < T_COUNT(INTRUSIONS); i++) {
            sqlite3 *raw;
            assert_int_equal(sqlite3_open(file->path, &raw), SQLITE_OK);
            if (sqlite3_exec(raw, INTRUSIONS[i], NULL, NULL, NULL) != SQLITE_BUSY)
                fail_msg("%s: %s", INTRUSIONS[i], sqlite3_errmsg(raw));
            sqlite3_close(raw);
        }
        assert_int_equal(db_begin(file->db), OK);
        assert_int_equal(put(file, turn, turn == 0 ? "one" : "two"), OK);
        assert_int_equal(db_commit(file->db), OK);
        assert_int_equal(db_synced(file->db, db_sync(file->db)), OK);
        assert_int_equal(rows(file), turn + 1);
        assert_int_equal(db_idle(file->db), OK);
    }
    db_close(&file->db);
    open_it(file);
    assert_int_equal(rows(file), 2);
}

static void idle_folds_the_log_back(void **state)
{
    struct file *file = *state;
    char wal[80];
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
    char wal[80];
    struct stat grown;
    struct stat st;
    uint64_t row = 0;

    open_it(file);
    snprintf(wal, sizeof wal, "%s-wal", file->path);
    commit_pages(file, &row, LITTLE);
    assert_int_equal(db_pause(file->db), OK);
    assert_int_equal(stat(wal, &st), 0);
    commit_pages(file, &row, DB_PAUSE_PAGES);
    assert_int_equal(stat(wal, &grown), 0); /* the little there was is still in front */
    assert_true(grown.st_size >= st.st_size + DB_PAUSE_PAGES * (DB_PAGE_BYTES + FRAME_HEAD));
    assert_int_equal(db_begin(file->db), OK);
    assert_int_equal(db_pause(file->db), OK); /* not inside a transaction */
    assert_int_equal(db_commit(file->db), OK);
    assert_int_equal(db_pause(file->db), OK);
    commit_pages(file, &row, LITTLE);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_size, grown.st_size); /* written from its beginning again */
    db_close(&file->db);
    open_it(file);
    assert_int_equal(rows(file), row);
}

static void changed_bytes_are_found_at_open_or_at_use(void **state)
{
    struct file *file = *state;
    char page[DB_PAGE_BYTES];

    open_it(file);
    assert_int_equal(db_begin(file->db), OK);
    for (uint64_t i = 1; i < 500; i++) {
        char text[16];
        snprintf(text, sizeof text, "t%llu", (unsigned long long)i);
        assert_int_equal(put(file, i, text), OK);
    }
    assert_int_equal(db_commit(file->db), OK);
    db_close(&file->db);
    int fd = open(file->path, O_RDWR | O_CLOEXEC);
    memset(page, 0xa5, sizeof page);
    assert_int_equal(pwrite(fd, page, sizeof page, DB_PAGE_BYTES), (ssize_t)sizeof page);
    close(fd);
    assert_int_equal(try_open(file, one_version, 1, false), ERR_CORRUPT);
    assert_int_equal(err_class(file->f.err), ERR_CLASS_FATAL);
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

#define DB_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DB_CASE(commit_survives_reopen_and_rollback_leaves_nothing),
        DB_CASE(closing_rolls_back_what_is_open),
        DB_CASE(savepoint_undoes_only_what_came_after_it),
        DB_CASE(nothing_is_written_outside_a_transaction),
        DB_CASE(second_process_is_refused),
        DB_CASE(of_one_that_is_alone_no_other_program_reads_or_writes_a_byte),
        DB_CASE(killed_process_leaves_no_lock),
        DB_CASE(foreign_newer_and_older_files_are_refused_unchanged),
        DB_CASE(files_that_are_no_database_are_refused),
        DB_CASE(unsafe_modes_and_links_are_refused),
        DB_CASE(modes_of_what_is_made_are_narrow),
        DB_CASE(bad_paths_are_refused),
        DB_CASE(migrations_run_in_order_and_once),
        DB_CASE(failed_migration_leaves_the_version_before),
        DB_CASE(wrong_columns_are_corrupt_never_a_wrong_value),
        DB_CASE(a_statement_that_cannot_run_is_refused_before_anyone_uses_it),
        DB_CASE(constraints_have_their_errors),
        DB_CASE(reader_sees_commits_and_cannot_write),
        DB_CASE(idle_folds_the_log_back),
        DB_CASE(a_pause_folds_back_a_log_that_has_grown_and_no_other),
        DB_CASE(changed_bytes_are_found_at_open_or_at_use),
        DB_CASE(empty_blob_is_not_null),
    };
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
