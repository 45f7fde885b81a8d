/*
 * sealed - a walk over every sealed value of the database, to seal them under another storage key.
 *
 * Guarantees:
 *   1. The walk gives every value that was there when it began, in an order of its own; a cursor
 *      that was kept goes on behind the row it stood at, also in another process. Erased values
 *      are left out.
 *   2. table, place and column are those under which rest.h sealed the value: what is sealed again
 *      under them is read by everybody as before.
 *   3. A step rewrites its one row, or leaves it as it is, in the caller's transaction.
 *   4. The table `handle` is not among them: its rows change place (store/handle.h).
 *
 * Bounds: a row holds at most DECISION_PACK's bytes. Thread rule: that of the db.
 * What is sealed and how: keys/rest.h.
 */
#ifndef STORE_SEALED_H
#define STORE_SEALED_H

#include "store/db.h"
#include "store/ids.h"

enum { SEALED_CURSOR_LEN = 2 + 2 * STORE_ID_LEN + 3 * 8, SEALED_TABLES = 8 };

struct sealed_walk;

/* Zeroed to start. */
struct sealed_cursor {
    uint8_t table;
    uint8_t started; /* within the table */
    uint8_t id[2][STORE_ID_LEN];
    uint64_t no[3];
};

struct sealed_value {
    const char *table;
    const char *column;
    struct span place;
    uint8_t *bytes; /* replaced in place, by as many */
    size_t len;
};

/* *changed: it has replaced the bytes. */
typedef enum err sealed_fn(void *ctx, const struct sealed_value *value, bool *changed);

/* decisions: is told when packed records changed. Both are borrowed. */
struct decisions;
MUST_USE enum err sealed_open(struct sealed_walk **out, struct db *db, struct decisions *decisions,
                              struct fault *f);
void sealed_close(struct sealed_walk **w);

/* fn for each value of the next row. *bytes: what was read. ERR_NOT_FOUND: there is none left. */
MUST_USE enum err sealed_step(struct sealed_walk *w, struct sealed_cursor *cursor, sealed_fn *fn,
                              void *ctx, size_t *bytes);

/* How far it is, 100 a table, of a log of that size: by keys, not by counting. */
uint64_t sealed_percent(const struct sealed_cursor *cursor, uint64_t log_size);

/* A cursor as bytes, and back: ERR_CORRUPT. */
void sealed_cursor_write(const struct sealed_cursor *cursor, uint8_t out[static SEALED_CURSOR_LEN]);
MUST_USE enum err sealed_cursor_read(struct sealed_cursor *out, struct span bytes);

#endif
