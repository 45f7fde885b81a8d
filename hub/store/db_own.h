/* db_own - what db.c and db_open.c share. With them the only place of sqlite3.h. */
#ifndef STORE_DB_OWN_H
#define STORE_DB_OWN_H

#include "store/db.h"

#include <sqlite3.h>

/* Statements of the module itself. */
enum db_control {
    CONTROL_BEGIN,
    CONTROL_COMMIT,
    CONTROL_ROLLBACK,
    CONTROL_SAVE,
    CONTROL_RELEASE,
    CONTROL_BACK,
    CONTROL_COUNT,
};

struct stmt {
    sqlite3_stmt *raw;
    struct db *db;
    struct stmt *next;
    enum err err; /* first thing that went wrong since the last end */
    bool has_row;
    bool control; /* begins or ends transactions itself */
};

struct db {
    sqlite3 *raw;
    struct stmt *statements; /* owns */
    size_t statement_count;
    struct stmt *control[CONTROL_COUNT];
    enum err fatal;
    enum err lost; /* why SQLite ended the transaction by itself */
    int lock_fd;
    int64_t changes_at_begin;
    uint32_t checkpoint_pages;
    uint32_t wal_pages; /* in the log now */
    bool read_only;
    bool begun;
    bool savepoint;
    bool full; /* the disk was, since the last rollback */
};

/* Every result of SQLite passes here, so that a fatal one can never be overlooked. */
enum err db_note(struct db *db, int rc);

/* The same as a fault: "<doing>: <what SQLite says>". */
enum err db_refuse(struct db *db, int rc, const char *path, const char *doing, struct fault *f);

enum err db_checkpoint(struct db *db, int mode);

#endif
