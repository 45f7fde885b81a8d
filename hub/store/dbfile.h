/*
 * dbfile - the directory, file and lock of a database, before SQLite sees them.
 *
 * Guarantees:
 *   1. The directory is 0700 and the file 0600, both the caller's own and no symbolic links, or
 *      nothing is opened (ERR_PERMISSION).
 *   2. The lock is held by one open file description until dbfile_unlock or the end of the process.
 *   3. A file that is neither empty nor an SQLite file is ERR_DB_FOREIGN.
 *
 * Thread rule: no state.
 */
#ifndef STORE_DBFILE_H
#define STORE_DBFILE_H

#include "base/err.h"

#include <stdbool.h>

/* Check, and unless read_only make, directory and file. */
MUST_USE enum err dbfile_check(const char *path, bool read_only, struct fault *f);

/* Take <path>.lock. *fd is the caller's to give to dbfile_unlock. */
MUST_USE enum err dbfile_lock(int *fd, const char *path, struct fault *f);

/* Release and set *fd to -1. Accepts -1. */
void dbfile_unlock(int *fd);

#endif
