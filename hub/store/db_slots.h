/*
 * db_slots - a file of equal slots beside a database: what is too large for rows and needs no
 * transaction of its own, since a row says how many slots count.
 *
 * Goes through the same file system as the database (SQLite's VFS), so that what tests do to the
 * one they do to the other.
 *
 * Guarantees:
 *   1. slots_write touches one slot and nothing else; slots_sync returns OK only when everything
 *      written is on disk, the file's name in its directory included.
 *   2. slots_read gives exactly what slots_write was given, or ERR_NOT_FOUND: the file is too
 *      short, the slot was never written, or the device cannot read it. Changed bytes are for the
 *      caller to notice.
 *   3. The file is 0600, the caller's own and no symbolic link, else ERR_PERMISSION.
 *
 * Errors: ERR_DISK_FULL is survived and leaves the slot undefined. ERR_FSYNC (FATAL): a write or
 * sync failed, nobody knows what is on disk. Thread rule: that of the db.
 */
#ifndef STORE_DB_SLOTS_H
#define STORE_DB_SLOTS_H

#include "store/db.h"

enum {
    SLOT_BYTES = 260 * 1024, /* one slot, its length included */
    SLOT_FRAME_MAX = SLOT_BYTES - 4,
};

struct slots;

/* Open, or make when missing. ERR_NOT_FOUND: `make` is false and there is none. `db` is borrowed:
 * the database whose rows say what is here ends with a file that cannot be written (db_fatal). */
MUST_USE enum err slots_open(struct slots **out, struct db *db, const char *path, bool make);
void slots_close(struct slots **slots);

/* `bytes` holds 1 to SLOT_FRAME_MAX bytes; `room` is SLOT_BYTES of scratch. */
MUST_USE enum err slots_write(struct slots *slots, uint64_t slot, struct span bytes, uint8_t *room);
/* *bytes points into `room`. */
MUST_USE enum err slots_read(struct slots *slots, uint64_t slot, uint8_t *room, struct span *bytes);
/* Whole slots from the first on, as far as the file is long. */
MUST_USE enum err slots_present(struct slots *slots, uint64_t *count);
MUST_USE enum err slots_sync(struct slots *slots);
/* Cut off up to `max` slots at the end; *left is how many remain. */
MUST_USE enum err slots_cut(struct slots *slots, uint64_t max, uint64_t *left);
/* Missing is fine; what cannot be removed stays. */
void slots_remove(const char *path);

#endif
