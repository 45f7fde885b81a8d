/*
 * file - whole regular files: read within a bound, write so that a crash leaves the old
 * file or the new one, and check who may touch them.
 *
 * Guarantees:
 *   1. file_read refuses what is not a regular file, is larger than max, or (FILE_NOFOLLOW)
 *      whose last path element is a symbolic link; FILE_PRIVATE also refuses another
 *      owner or any permission for group or others. Questions go to the descriptor.
 *   2. file_write creates a temporary file in the same directory, fsyncs it, renames it
 *      over path and fsyncs the directory: OK means on disk under its name. On failure
 *      path is untouched and the temporary file is gone.
 *   3. FILE_NEW refuses (ERR_EXISTS) to replace an existing file, atomically.
 *   4. Errors: ERR_NOT_FOUND, ERR_PERMISSION, ERR_TOO_LARGE, ERR_DISK_FULL, ERR_FSYNC, ERR_IO.
 *
 * Not for secrets: key files are read by keys/ into guarded memory.
 * Ownership: *out of file_read is the caller's, free() it; out[len] is 0.
 * Thread rule: no state.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"
#include "base/span.h"

#include <sys/types.h>

enum {
    FILE_NOFOLLOW = 1 << 0,
    FILE_PRIVATE = 1 << 1,
    FILE_NEW = 1 << 2,
};

MUST_USE enum err file_read(const char *path, size_t max, unsigned flags, uint8_t **out,
                            size_t *len, struct fault *f);
MUST_USE enum err file_write(const char *path, struct span data, mode_t mode, unsigned flags,
                             struct fault *f);
/* Rename within one file system and fsync both directories. */
MUST_USE enum err file_rename(const char *from, const char *to, struct fault *f);
/* The directory exists (made with mode when missing), is ours and gives no more than mode. */
MUST_USE enum err file_private_dir(const char *path, mode_t mode, struct fault *f);
/* err from errno: ENOENT, EACCES, ENOSPC, … */
enum err file_errno(int number);

#endif
