/* Somebody with access to the disk, beside the hub: its database is changed by hand. */
#ifndef TESTS_SCENARIO_PEN_H
#define TESTS_SCENARIO_PEN_H

#include "scenario/world.h"

#include "t.h"

#include <sqlite3.h>
#include <stdio.h>

/* How many rows that changed. */
static inline int pen(const struct world *w, const char *sql)
{
    sqlite3 *db = NULL;
    char path[sizeof w->dir + sizeof "/hub.db"];
    snprintf(path, sizeof path, "%s/hub.db", w->dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    const int changes = sqlite3_changes(db);
    sqlite3_close(db);
    return changes;
}

#endif
