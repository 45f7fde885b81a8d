/* Checks the promises of store/db.h of the file: who may open which, and what is found in it. */
#include "unit/db_table.h"

#include <sys/wait.h>

static const char *const two_versions[] = {
    "CREATE TABLE t (a INTEGER PRIMARY KEY CHECK (a >= 0), b BLOB, c TEXT UNIQUE) STRICT;"
    "CREATE TABLE child (a INTEGER NOT NULL REFERENCES t (a)) STRICT;",
    "ALTER TABLE t ADD COLUMN d INTEGER; INSERT INTO t (a, d) VALUES (77, 7);"};

static const char *const broken_second[] = {
    "CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT;",
    "CREATE TABLE u (a INTEGER) STRICT; SELECT no_such_function();"};

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
    char other[FOLDER_PATH_MAX + 16];

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
    char name[FOLDER_PATH_MAX + 16];
    struct stat st;
    mode_t old = umask(0);

    folder_remove(file->dir); /* the directory is made too */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        DB_CASE(changed_bytes_are_found_at_open_or_at_use),
    };
    return cmocka_run_group_tests_name("db_files", tests, NULL, NULL);
}
