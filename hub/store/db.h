/*
 * db - one SQLite file: opened fail-closed, written by one connection, upgraded forward only.
 *
 *            db_begin              db_commit
 *   (idle) ------------> (open) ---------------> (idle)     OK: on disk, fsynced (guarantee 1)
 *      ^                 |    ^  \
 *      |  db_rollback    |    |   +-- db_savepoint / db_release / db_rollback_to (one level)
 *      +-----------------+    |
 *      any write failing may end the transaction by itself: db_in_transaction tells
 *
 * The only module that includes sqlite3.h. It knows nothing of hub or adapters: both give it
 * a path, an application id and their numbered schema texts.
 *
 * Guarantees:
 *   1. db_commit returns OK only after the transaction is on disk (WAL, synchronous=FULL); of a db
 *      that `syncs_apart` db_sync does, of every transaction committed before it began. Whatever is
 *      lost with the power is a tail of transactions, and the file is whole.
 *   2. At most one process has the file open for writing: the second gets ERR_BUSY_ELSEWHERE. Of a
 *      db that is `alone` SQLite's own locks keep out every other program, readers too.
 *   3. A file of another program is ERR_DB_FOREIGN, one of a newer version ERR_DB_NEWER, and
 *      neither is changed by a byte. Directory 0700, file 0600, both the caller's own, else
 *      ERR_PERMISSION.
 *   4. Migrations run in order, each in a transaction of its own with its version number: a
 *      kill at any moment leaves a whole version.
 *   5. A full disk is ERR_DISK_FULL and the database goes on working; what was not committed
 *      is not there. db_commit never leaves a transaction open, whatever it returns.
 *   6. After a failed write, fsync, or a sign of corruption (class FATAL) the handle refuses
 *      everything with that error: the process must end, not retry.
 *   7. A savepoint costs nothing until a statement runs in it.
 *   8. Nothing is written outside a transaction (ERR_INTERNAL).
 *   9. A column read as what it is not (type, length, sign) is ERR_CORRUPT, never a wrong value.
 *  10. db_open looks through the structure of the file (quick_check): the whole up to
 *      DB_CHECK_BYTES, beyond that all tables but `growing` ones. Their pages are checked when they
 *      are read, as all are (cell_size_check), so that a start does not take longer with the
 *      backlog; whoever keeps such a table has a sum or a hash with what it holds.
 *
 * Ownership: the db owns its statements; db_close finalises them. Bound spans are borrowed
 * until stmt_end or stmt_run; spans read from a row live until stmt_end.
 * Errors of constraints: unique → ERR_EXISTS, foreign key → ERR_NOT_FOUND, check → ERR_FIELD_VALUE.
 * Thread rule: a db and its statements belong to the thread that opened it. Only db_sync may run in
 * another one, meanwhile no db_commit, db_rollback, db_pause, db_idle and db_close here.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/err.h"
#include "base/span.h"

enum {
    DB_PATH_MAX = 1024,
    DB_CHECK_BYTES = 64 << 20,  /* a file up to this size is checked as a whole at open */
    DB_CACHE_KIB = 4096,        /* page cache when options.cache_kib is 0 */
    DB_PAGE_BYTES = 8 << 10,    /* of a new file: a commit writes whole blocks of messages */
    DB_CHECKPOINT_PAGES = 4000, /* WAL pages that make a commit run a passive checkpoint */
    DB_PAUSE_PAGES = 2048,      /* the same in a pause: rare enough that few messages meet one */
    DB_STEP_PAGES = 512,        /* the same between two steps of long work: each of them short */
    DB_SHRINK_PAGES = 256,      /* given back by one db_idle */
    DB_FREE_PAGES = 256,        /* kept for what comes next */
    DB_BUSY_MS = 2000,          /* wait for a tool's short read lock at a checkpoint */
};

struct db;
struct stmt;

struct db_options {
    const char *path;              /* of the file; its directory is made 0700 when missing */
    uint32_t application_id;       /* not 0; four ASCII letters read well in `file` */
    const char *const *migrations; /* SQL texts; the i-th leads from version i to i + 1 */
    size_t migration_count;        /* = the version this program writes */
    uint32_t cache_kib;            /* 0: DB_CACHE_KIB */
    uint32_t checkpoint_pages;     /* 0: DB_CHECKPOINT_PAGES */
    const char *const *growing;    /* tables that grow with traffic; see guarantee 10 */
    size_t growing_count;
    bool read_only;   /* for tools beside a running owner: never writes or checkpoints */
    bool shrinks;     /* a new file is made so that db_idle can give free pages back */
    bool syncs_apart; /* db_commit does not wait for the disk, db_sync does */
    bool alone;       /* while it is open no other program reads or writes the file */
};

/* Open or create. Fills *f (may be NULL) with path and reason on refusal. */
MUST_USE enum err db_open(struct db **out, const struct db_options *options, struct fault *f);

/* Close and set *db to NULL; an open transaction is rolled back. Accepts a pointer to NULL. */
void db_close(struct db **db);

MUST_USE enum err db_begin(struct db *db); /* BEGIN IMMEDIATE */
MUST_USE enum err db_commit(struct db *db);
void db_rollback(struct db *db); /* also when there is none */
/* Wait until all that was committed is on disk: OK or ERR_FSYNC. Changes nothing in the db. */
MUST_USE enum err db_sync(const struct db *db);
/* What db_sync said, to the owner's thread; not OK: guarantee 6. Returns `synced`. */
MUST_USE enum err db_synced(struct db *db, enum err synced);
MUST_USE enum err db_savepoint(struct db *db);
MUST_USE enum err db_release(struct db *db);
MUST_USE enum err db_rollback_to(struct db *db); /* undo to the savepoint and forget it */
bool db_in_transaction(const struct db *db);
bool db_wrote(const struct db *db); /* this transaction has changed a row */

/* Nothing to do just now: fold the WAL back and truncate it, and give some free pages back to the
 * file system when many are free. Cheap when there is nothing to do. A reader in the way is no
 * error. */
MUST_USE enum err db_idle(struct db *db);

/* Nothing to do for a moment, and nothing is being synced: fold the WAL back if it has so many
 * pages. So the one of DB_CHECKPOINT_PAGES, which holds up a commit, is for those who never pause.
 */
MUST_USE enum err db_pause(struct db *db, uint32_t pages);

/* What is read from here on comes from the disk and not from memory. */
void db_refresh(struct db *db);

/* Give up to DB_SHRINK_PAGES free pages back when many are free; not within a transaction. */
MUST_USE enum err db_shrink(struct db *db);

/* The error of class FATAL that ended this handle, or OK. */
enum err db_fatal(const struct db *db);

/* Check `count` statements of a const table, which stays, into out[]; they belong to db. Each is
 * prepared when it is used first. */
MUST_USE enum err db_prepare(struct db *db, const char *const sql[], size_t count,
                             struct stmt *out[], struct fault *f);

/* Bind parameter `index`, from 1. What does not fit is told by the next stmt_step. Values above
 * INT64_MAX are ERR_TOO_LARGE. A NULL text binds NULL. */
void stmt_bind_u64(struct stmt *s, int index, uint64_t value);
void stmt_bind_blob(struct stmt *s, int index, struct span bytes); /* len 0: an empty blob */
void stmt_bind_bytes(struct stmt *s, int index, const void *bytes, size_t len);
void stmt_bind_text(struct stmt *s, int index, const char *text);
void stmt_bind_null(struct stmt *s, int index);

/* OK: a row is there. ERR_NOT_FOUND: no (further) row. Follow with stmt_end. */
MUST_USE enum err stmt_step(struct stmt *s);

/* Columns of the present row, from 0. */
uint64_t stmt_u64(struct stmt *s, int column);
struct span stmt_blob(struct stmt *s, int column);
bool stmt_is_null(struct stmt *s, int column);
void stmt_copy(struct stmt *s, int column, void *out, size_t len); /* exactly len bytes */
void stmt_copy_text(struct stmt *s, int column, char *out, size_t cap);

/* Reset and unbind. Returns err when it is not OK, else what went wrong while reading. */
MUST_USE enum err stmt_end(struct stmt *s, enum err err);

/* The values bound from here on and the stmt_run that follows are recorded. It runs just before
 * what could see it: a statement on one of its tables, or the commit; a rollback forgets it. Only
 * for what no constraint can stand against and whose number of changes nobody asks: if it fails
 * then, the transaction cannot be committed any more (ERR_INTERNAL). */
void stmt_later(struct stmt *s);

/* Run a statement that gives no rows, and end it. */
MUST_USE enum err stmt_run(struct stmt *s);

/* As stmt_run; *changed tells how many rows it changed. */
MUST_USE enum err stmt_run_changed(struct stmt *s, uint64_t *changed);

/* As stmt_run; ERR_NOT_FOUND when it changed no row. */
MUST_USE enum err stmt_run_one(struct stmt *s);

#endif
