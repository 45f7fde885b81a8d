/*
 * reserve - disk space kept back beside the database, for what must still be committed when the
 * disk is full.
 *
 *   reserve_open -> held --reserve_release--> given back --reserve_restore--> held
 *
 * Guarantees:
 *   1. Held means allocated and on disk: after reserve_release at least `bytes` are free that were
 *      not before, unless another process takes them.
 *   2. A reserve that cannot be made is no error of opening: reserve_held tells, and
 *      reserve_restore may be tried again at any time.
 *   3. reserve_restore that finds no space (ERR_DISK_FULL) leaves nothing behind.
 *
 * The file is <database>.reserve, mode 0600; its content means nothing.
 * Thread rule: that of the db.
 */
#ifndef STORE_RESERVE_H
#define STORE_RESERVE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct reserve;

/* The file must be a regular one, 0600 and the caller's own (ERR_PERMISSION). bytes 0: none is kept
 * and one that is there is removed. */
MUST_USE enum err reserve_open(struct reserve **out, const char *database, uint64_t bytes,
                               struct fault *f);
/* The file stays. */
void reserve_close(struct reserve **r);

/* Give the space back to the file system. Also when there is none. */
MUST_USE enum err reserve_release(struct reserve *r);
MUST_USE enum err reserve_restore(struct reserve *r);
bool reserve_held(const struct reserve *r);

#endif
