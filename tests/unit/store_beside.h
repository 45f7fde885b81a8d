/* The file of a store, seen and changed from beside. */
#ifndef TESTS_STORE_BESIDE_H
#define TESTS_STORE_BESIDE_H

#include "unit/store_place.h"

#include <sqlite3.h>

/* The number that a query answers. */
static inline int64_t place_rows(const struct place *p, const char *sql)
{
    sqlite3 *raw;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open(p->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(raw, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    const int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(raw);
    return n;
}

static inline void place_tamper(const struct place *p, const char *sql)
{
    sqlite3 *raw;
    assert_int_equal(sqlite3_open(p->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
}

#endif
