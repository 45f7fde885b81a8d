/* A small table in a database file, with statements for it. */
#ifndef TESTS_UNIT_DB_TABLE_H
#define TESTS_UNIT_DB_TABLE_H

#include "unit/db_place.h"

static const char *const one_version[] = {
    "CREATE TABLE t (a INTEGER PRIMARY KEY CHECK (a >= 0), b BLOB, c TEXT UNIQUE) STRICT;"
    "CREATE TABLE child (a INTEGER NOT NULL REFERENCES t (a)) STRICT;"};

enum { PUT, GET, COUNT, CHILD, READ_TEXT, QUERIES };

static const char *const queries[QUERIES] = {
    [PUT] = "INSERT INTO t (a, b, c) VALUES (?1, ?2, ?3)",
    [GET] = "SELECT a, b, c FROM t WHERE a = ?1",
    [COUNT] = "SELECT count(*) FROM t",
    [CHILD] = "INSERT INTO child (a) VALUES (?1)",
    [READ_TEXT] = "SELECT c, -1, NULL FROM t WHERE a = ?1",
};

_Static_assert((int)QUERIES <= (int)FILE_QUERIES_MAX, "a file has room for them");

static inline enum err try_open(struct file *file, const char *const *migrations, size_t count,
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

static inline void open_it(struct file *file)
{
    assert_int_equal(try_open(file, one_version, 1, false), OK);
    assert_int_equal(db_prepare(file->db, queries, QUERIES, file->q, &file->f), OK);
}

static inline enum err put(struct file *file, uint64_t a, const char *text)
{
    stmt_bind_u64(file->q[PUT], 1, a);
    stmt_bind_blob(file->q[PUT], 2, span_str("bytes"));
    stmt_bind_text(file->q[PUT], 3, text);
    return stmt_run(file->q[PUT]);
}

static inline uint64_t rows(struct file *file)
{
    uint64_t n;
    assert_int_equal(stmt_step(file->q[COUNT]), OK);
    n = stmt_u64(file->q[COUNT], 0);
    assert_int_equal(stmt_end(file->q[COUNT], OK), OK);
    return n;
}

#define DB_CASE(fn) cmocka_unit_test_setup_teardown(fn, file_setup, file_teardown)

#endif
