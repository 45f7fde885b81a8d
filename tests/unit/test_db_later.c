/* Checks what store/db.h says of recorded statements, savepoints, kept read locks and the look
 * through a large file. */
#include "unit/db_place.h"

enum { PAGE = DB_PAGE_BYTES };

static const char *const version[] = {
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB, c TEXT) STRICT;"
    "CREATE TABLE other (a INTEGER PRIMARY KEY) STRICT;"};
static const char *const growing[] = {"t"};

enum { PUT, SUM, OTHER_PUT, OTHER_COUNT, DROP, GET, QUERIES };
static const char *const queries[QUERIES] = {
    [PUT] = "INSERT INTO t (a, b, c) VALUES (?1, ?2, ?3)",
    [SUM] = "SELECT coalesce(sum(a), 0) FROM t",
    [OTHER_PUT] = "INSERT INTO other (a) VALUES (?1)",
    [OTHER_COUNT] = "SELECT count(*) FROM other",
    [DROP] = "DELETE FROM t WHERE a = ?1",
    [GET] = "SELECT b, c FROM t WHERE a = ?1",
};

_Static_assert((int)QUERIES <= (int)FILE_QUERIES_MAX, "a file has room for them");

static enum err try_open(struct file *file)
{
    const struct db_options options = {.path = file->path,
                                       .application_id = APP,
                                       .migrations = version,
                                       .migration_count = 1,
                                       .checkpoint_pages = 8,
                                       .growing = growing,
                                       .growing_count = 1};
    enum err err = db_open(&file->db, &options, &file->f);
    return err == OK ? db_prepare(file->db, queries, QUERIES, file->q, &file->f) : err;
}

static int setup(void **state)
{
    (void)file_setup(state);
    assert_int_equal(try_open(*state), OK);
    return 0;
}

static void put_later(struct file *file, uint64_t a)
{
    char text[16];
    snprintf(text, sizeof text, "t%llu", (unsigned long long)a);
    stmt_later(file->q[PUT]);
    stmt_bind_u64(file->q[PUT], 1, a);
    stmt_bind_blob(file->q[PUT], 2, span_of(text, a % 4)); /* an empty one now and then */
    if (a % 3 == 0)
        stmt_bind_null(file->q[PUT], 3);
    else
        stmt_bind_text(file->q[PUT], 3, text);
    assert_int_equal(stmt_run(file->q[PUT]), OK);
}

static enum err run_u64(struct file *file, int which, uint64_t a)
{
    stmt_bind_u64(file->q[which], 1, a);
    return stmt_run(file->q[which]);
}

static uint64_t number(struct file *file, int which)
{
    assert_int_equal(stmt_step(file->q[which]), OK);
    uint64_t n = stmt_u64(file->q[which], 0);
    assert_int_equal(stmt_end(file->q[which], OK), OK);
    return n;
}

static void recorded_values_are_stored_as_they_were_when_recorded(void **state)
{
    struct file *file = *state;
    char text[16];
    assert_int_equal(db_begin(file->db), OK);
    for (uint64_t a = 1; a <= 1000; a++)
        put_later(file, a);
    assert_true(db_wrote(file->db));
    assert_int_equal(db_commit(file->db), OK);
    for (uint64_t a = 1; a <= 1000; a++) {
        snprintf(text, sizeof text, "t%llu", (unsigned long long)a);
        assert_int_equal(run_u64(file, GET, a), ERR_INTERNAL); /* a row where none was expected */
        stmt_bind_u64(file->q[GET], 1, a);
        assert_int_equal(stmt_step(file->q[GET]), OK);
        assert_true(span_eq(stmt_blob(file->q[GET], 0), span_of(text, a % 4)));
        assert_int_equal(stmt_is_null(file->q[GET], 1), a % 3 == 0);
        assert_int_equal(stmt_end(file->q[GET], OK), OK);
    }
}

static void whoever_could_see_it_sees_it(void **state)
{
    struct file *file = *state;
    assert_int_equal(db_begin(file->db), OK);
    put_later(file, 1);
    put_later(file, 2);
    assert_int_equal(number(file, OTHER_COUNT), 0); /* another table: nobody had to hurry */
    assert_int_equal(number(file, SUM), 3);
    put_later(file, 4);
    assert_int_equal(run_u64(file, DROP, 4), OK); /* runs after what was recorded before it */
    assert_int_equal(number(file, SUM), 3);
    assert_int_equal(db_commit(file->db), OK);
    assert_int_equal(number(file, SUM), 3);
}

/* Each digit of `what` is a step: p a recorded put, w a statement that runs, r a read of the
 * table, [ a savepoint, ] its release, < back to it. The k-th put is of 2^k. */
static void savepoints_hold_in_any_mixture(void **state)
{
    static const struct {
        const char *what;
        uint64_t sum;
        uint64_t others;
    } rows[] = {
        {"p[p]p", 7, 0},   {"p[p<p", 5, 0},       {"p[pr<p", 5, 0},        {"p[pw<p", 5, 0},
        {"p[wp<p", 5, 0},  {"p[wpr<rp", 5, 0},    {"pw[wp<p", 5, 1},       {"[p<p", 2, 0},
        {"[p]r[p<", 1, 0}, {"p[p][p<[p]", 11, 0}, {"p[p]w[p<[wp]", 11, 2}, {"p[<p[r<p", 7, 0},
        {"pr[p<r", 1, 0},  {"[w<[p]", 1, 0},      {"[pr]p[rp<", 3, 0},     {"p[p", 3, 0},
        {"p[pw", 3, 1},
    };
    struct file *file = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        uint64_t next = 1;
        uint64_t other = 1;
        print_message("row %zu: %s\n", i, rows[i].what);
        for (int commit = 0; commit < 2; commit++) {
            assert_int_equal(db_begin(file->db), OK);
            for (const char *c = rows[i].what; *c != '\0'; c++) {
                switch (*c) {
                case 'p':
                    put_later(file, next);
                    next *= 2;
                    break;
                case 'w':
                    assert_int_equal(run_u64(file, OTHER_PUT, other++), OK);
                    break;
                case 'r':
                    (void)number(file, SUM);
                    break;
                case '[':
                    assert_int_equal(db_savepoint(file->db), OK);
                    break;
                case ']':
                    assert_int_equal(db_release(file->db), OK);
                    break;
                default:
                    assert_int_equal(db_rollback_to(file->db), OK);
                }
            }
            if (commit == 0)
                db_rollback(file->db); /* as if it had never been */
            else
                assert_int_equal(db_commit(file->db), OK);
            assert_int_equal(number(file, SUM), commit == 0 ? 0 : rows[i].sum);
            assert_int_equal(number(file, OTHER_COUNT), commit == 0 ? 0 : rows[i].others);
            next = 1;
            other = 1;
        }
        file_teardown(state);
        setup(state);
        file = *state;
    }
}

static void a_recorded_statement_that_fails_takes_the_transaction_with_it(void **state)
{
    struct file *file = *state;
    for (int seen = 0; seen < 2; seen++) {
        assert_int_equal(db_begin(file->db), OK);
        put_later(file, 1);
        put_later(file, 1); /* against its promise */
        if (seen == 1) {
            assert_int_equal(stmt_step(file->q[SUM]), ERR_INTERNAL);
            assert_int_equal(stmt_end(file->q[SUM], OK), ERR_INTERNAL);
            assert_int_equal(run_u64(file, OTHER_PUT, 5), ERR_INTERNAL);
        }
        assert_int_equal(db_commit(file->db), ERR_INTERNAL);
        assert_false(db_in_transaction(file->db));
        assert_int_equal(number(file, SUM), 0);
        assert_int_equal(number(file, OTHER_COUNT), 0);
    }
    assert_int_equal(db_begin(file->db), OK); /* and the next one is well */
    put_later(file, 1);
    assert_int_equal(db_commit(file->db), OK);
}

static void a_value_that_cannot_be_stored_is_told_at_once(void **state)
{
    struct file *file = *state;
    assert_int_equal(db_begin(file->db), OK);
    stmt_later(file->q[OTHER_PUT]);
    stmt_bind_u64(file->q[OTHER_PUT], 1, UINT64_MAX);
    assert_int_equal(stmt_run(file->q[OTHER_PUT]), ERR_TOO_LARGE);
    assert_int_equal(db_commit(file->db), OK);
    assert_int_equal(number(file, OTHER_COUNT), 0);
}

static void nothing_is_recorded_outside_a_transaction(void **state)
{
    struct file *file = *state;
    stmt_later(file->q[OTHER_PUT]);
    assert_int_equal(run_u64(file, OTHER_PUT, 1), ERR_INTERNAL);
    assert_int_equal(number(file, OTHER_COUNT), 0);
}

/* The kept read lock must not keep the log from starting over. */
static void reads_between_commits_do_not_make_the_log_grow(void **state)
{
    struct file *file = *state;
    char wal[FOLDER_PATH_MAX + 16];
    struct stat st;
    for (uint64_t a = 1; a <= 300; a++) {
        assert_int_equal(db_begin(file->db), OK);
        assert_int_equal(run_u64(file, OTHER_PUT, a), OK);
        assert_int_equal(db_commit(file->db), OK);
        assert_int_equal(number(file, OTHER_COUNT), a); /* takes the lock, and keeps it */
    }
    snprintf(wal, sizeof wal, "%s-wal", file->path);
    assert_int_equal(stat(wal, &st), 0);
    assert_true(st.st_size <= 32 * PAGE);
}

/* A page of this table, by number from 1. */
static int64_t page_of(const struct file *file, const char *table)
{
    sqlite3 *raw;
    sqlite3_stmt *q;
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
    assert_int_equal(sqlite3_open(file->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(raw, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t page = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(raw);
    return page;
}

static void spoil(const struct file *file, const char *table)
{
    char page[PAGE];
    memset(page, 0xa5, sizeof page);
    off_t at = (page_of(file, table) - 1) * PAGE;
    int fd = open(file->path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pwrite(fd, page, sizeof page, at), (ssize_t)sizeof page);
    close(fd);
}

static void a_large_file_is_looked_through_but_for_what_grows(void **state)
{
    static const struct {
        const char *spoilt;
        bool large;
        enum err open;
    } rows[] = {
        {"t", false, ERR_CORRUPT},
        {"other", false, ERR_CORRUPT},
        {"other", true, ERR_CORRUPT},
        {"t", true, OK}, /* and found when it is read */
    };
    struct file *file = *state;
    uint8_t *big = calloc(1, 1 << 20);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(db_begin(file->db), OK);
        for (uint64_t a = 1; a <= (rows[i].large ? DB_CHECK_BYTES >> 20 : 1); a++) {
            stmt_bind_u64(file->q[PUT], 1, a);
            stmt_bind_bytes(file->q[PUT], 2, big, 1 << 20);
            assert_int_equal(stmt_run(file->q[PUT]), OK);
        }
        assert_int_equal(run_u64(file, OTHER_PUT, 1), OK);
        assert_int_equal(db_commit(file->db), OK);
        db_close(&file->db);
        spoil(file, rows[i].spoilt);
        assert_int_equal(try_open(file), rows[i].open);
        if (rows[i].open == OK) {
            assert_int_equal(stmt_step(file->q[SUM]), ERR_CORRUPT);
            assert_int_equal(db_fatal(file->db), ERR_CORRUPT);
        }
        file_teardown(state);
        setup(state);
        file = *state;
    }
    free(big);
}

#define LATER_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, file_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LATER_CASE(recorded_values_are_stored_as_they_were_when_recorded),
        LATER_CASE(whoever_could_see_it_sees_it),
        LATER_CASE(savepoints_hold_in_any_mixture),
        LATER_CASE(a_recorded_statement_that_fails_takes_the_transaction_with_it),
        LATER_CASE(a_value_that_cannot_be_stored_is_told_at_once),
        LATER_CASE(nothing_is_recorded_outside_a_transaction),
        LATER_CASE(reads_between_commits_do_not_make_the_log_grow),
        LATER_CASE(a_large_file_is_looked_through_but_for_what_grows),
    };
    return cmocka_run_group_tests_name("db_later", tests, NULL, NULL);
}
