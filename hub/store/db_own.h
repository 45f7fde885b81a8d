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
    CONTROL_HOLD,
    CONTROL_PAGES,
    CONTROL_FREE,
    CONTROL_SHRINK,
    CONTROL_COUNT,
};

struct stmt {
    sqlite3_stmt *raw; /* NULL until it is used (stmt_wake) */
    const char *sql;   /* of its caller's table */
    struct db *db;
    struct stmt *next;
    enum err err; /* first thing that went wrong since the last end */
    bool has_row;
    bool control; /* begins or ends transactions itself */
    bool writes;
    bool recording;    /* its values go into the db's `later` */
    uint32_t recorded; /* of them so far */
    uint64_t tables;   /* that it touches, one bit each */
};

enum {
    TABLES_MAX = 64, /* of a schema with a bit of their own; the rest share the last */
    TABLE_NAME_MAX = 32,
    LATER_BYTES = 2 << 20, /* of recorded statements; more and they run */
};

enum later_kind { VALUE_INT, VALUE_BLOB, VALUE_TEXT, VALUE_NULL };

/* Statements that were recorded and did not run yet. */
struct later {
    uint8_t *bytes; /* owns */
    size_t cap;
    size_t len;      /* of whole records */
    size_t open;     /* of the one being recorded, behind them */
    size_t mark;     /* `len` at the savepoint */
    uint64_t tables; /* that they touch */
    enum err err;    /* one of them failed: the transaction cannot be committed */
};

struct db {
    sqlite3 *raw;
    struct stmt *statements; /* owns */
    size_t statement_count;
    struct stmt *control[CONTROL_COUNT];
    enum err fatal;
    enum err lost; /* why SQLite ended the transaction by itself */
    int lock_fd;
    sqlite3_file *log; /* the WAL, as the file system layer knows it; NULL when read-only */
    int64_t changes_at_begin;
    uint32_t checkpoint_pages;
    uint32_t wal_pages; /* in the log now */
    bool read_only;
    bool shrinks;
    bool syncs_apart;
    bool shrinking;
    bool freed; /* pages may have become free since db_idle looked */
    bool begun;
    bool savepoint;
    bool savepoint_real; /* SQLite knows of it: something ran since */
    bool held;           /* the read lock is kept from one read to the next */
    struct later later;
    size_t table_count;
    char table[TABLES_MAX - 1][TABLE_NAME_MAX];
    uint64_t preparing; /* tables of the statement being prepared */
    bool full;          /* the disk was, since the last rollback */
};

/* Every result of SQLite passes here, so that a fatal one can never be overlooked. */
MUST_USE enum err db_note(struct db *db, int rc);

/* The same as a fault: "<doing>: <what SQLite says>". */
MUST_USE enum err db_refuse(struct db *db, int rc, const char *path, const char *doing,
                            struct fault *f);

MUST_USE enum err db_checkpoint(struct db *db, int mode);

/* End the read lock that is kept from one read to the next. */
void db_let_go(struct db *db);

/* Keep the read lock until something is written or folded back. */
void db_hold(struct db *db);

/* Make it ready for its first use. A result of SQLite. */
int stmt_wake(struct stmt *s);

/* Reset and unbind, whatever it was doing. */
void stmt_reset(struct stmt *s);

/* sqlite3_set_authorizer: which tables a statement touches. */
int db_authorize(void *ctx, int action, const char *a, const char *b, const char *c, const char *d);

/* ---- db_later.c ---- */
/* A value of the statement being recorded; number: the integer, or how many bytes. */
MUST_USE enum err later_value(struct stmt *s, int index, enum later_kind kind, uint64_t number,
                              const void *bytes);
MUST_USE enum err later_end(struct stmt *s);
/* Make the savepoint a real one, before something runs in it. */
MUST_USE enum err later_savepoint(struct db *db);
/* Run what is recorded. */
MUST_USE enum err later_run(struct db *db);
/* Forget what is recorded behind the first `from` bytes. */
void later_drop(struct db *db, size_t from);

#endif
