/* A database file in a folder of its own, for the tests of store/db.h. */
#ifndef TESTS_UNIT_DB_PLACE_H
#define TESTS_UNIT_DB_PLACE_H

#include "store/db.h"

#include "unit/store_place.h"

#include <sqlite3.h>

enum { APP = 0x54455354, FILE_QUERIES_MAX = 6 };

struct file {
    char dir[FOLDER_MAX];
    char path[FOLDER_PATH_MAX];
    struct db *db;
    struct stmt *q[FILE_QUERIES_MAX];
    struct fault f;
};

/* No file is there yet. */
static inline int file_setup(void **state)
{
    struct file *file = calloc(1, sizeof *file);
    folder_make(file->dir, "db");
    snprintf(file->path, sizeof file->path, "%s/t.db", file->dir);
    *state = file;
    return 0;
}

static inline int file_teardown(void **state)
{
    struct file *file = *state;
    db_close(&file->db);
    folder_remove(file->dir);
    free(file);
    return 0;
}

#endif
