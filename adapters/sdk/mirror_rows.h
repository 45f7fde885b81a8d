/*
 * mirror_rows - the two tables of the mirror in adapter-001.sql, as values. Internal to the
 * mirror's files: mirror_in.c writes, mirror.c reads. Thread rule: that of the db.
 */
#ifndef ADAPTERS_SDK_MIRROR_ROWS_H
#define ADAPTERS_SDK_MIRROR_ROWS_H

#include "keys/hash.h"
#include "keys/mirror.h"
#include "store/db.h"

enum { MIRROR_SEALED_LEN = REST_OVERHEAD + MIRROR_KEY_LEN };

/* One generation. Pages up to `step` are in force once it is current. */
struct mirror_state {
    uint64_t generation;
    bool current, whole;
    uint64_t page, step;
    uint64_t size, target; /* log sizes: of step, of the pages behind it */
    uint64_t count, unnamed;
    uint64_t step_count, step_unnamed;
    uint64_t as_of_ms, fresh_until_ms, valid_until_ms, known_ms; /* of step */
    uint8_t head[HASH_LEN];                                      /* of page */
    uint8_t step_head[HASH_LEN];
    uint8_t key[MIRROR_SEALED_LEN];
};

enum mirror_sql {
    MIRROR_SQL_CURRENT,
    MIRROR_SQL_OF,
    MIRROR_SQL_NEWEST,
    MIRROR_SQL_PAGE,
    MIRROR_SQL_PAGE_HEAD,
    MIRROR_SQL_READ_COUNT, /* those before are all that a reader needs */
    MIRROR_SQL_PUT = MIRROR_SQL_READ_COUNT,
    MIRROR_SQL_DROP_BELOW,
    MIRROR_SQL_FLOOR, /* snapshots before this moment are the old log's; no row: none was renewed */
    MIRROR_SQL_FORGET,
    MIRROR_SQL_FORGET_PAGES,
    MIRROR_SQL_PAGE_PUT,
    MIRROR_SQL_PAGE_DROP,
    MIRROR_SQL_COUNT,
};
extern const char *const mirror_sql_text[MIRROR_SQL_COUNT];

/* By MIRROR_SQL_CURRENT, _NEWEST (no argument) or _OF. ERR_NOT_FOUND. */
MUST_USE enum err mirror_state_get(struct stmt *q, const uint64_t *generation,
                                   struct mirror_state *out);
MUST_USE enum err mirror_state_put(struct stmt *q, const struct mirror_state *s);
/* Body of a page, without its key, copied into room (cap bytes). */
MUST_USE enum err mirror_page_get(struct stmt *q, uint64_t generation, uint64_t page, uint8_t *room,
                                  size_t cap, size_t *len);

/* Where the key of a generation is sealed for. */
struct rest_place mirror_key_place(uint64_t generation, uint8_t bytes[static 8]);

#endif
