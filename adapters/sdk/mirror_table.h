/*
 * mirror_table - restrictions in memory, found by the token of their subject.
 *
 * Guarantees:
 *   1. After add(row) table_first/next give the row, after end(number, token) they do not.
 *   2. A row is added once and ended once: anything else is ERR_LIST_MIXED and changes nothing.
 *   3. A look-up is one probe of a table that is at most half full, and the chain of its subject.
 *
 * Bounds: MIRROR_TEXTS_MAX different codes of lists, rules and bases; 2^31 rows. Grows by doubling.
 * Ownership: texts and rows are lent until the next change.
 * Thread rule: plain memory, one thread.
 */
#ifndef ADAPTERS_SDK_MIRROR_TABLE_H
#define ADAPTERS_SDK_MIRROR_TABLE_H

#include "base/err.h"
#include "keys/rest.h"
#include "mirror.pb.h"

enum { MIRROR_TEXTS_MAX = 4096, MIRROR_NONE = 0 };

struct mirror_entry {
    uint8_t token[REST_TOKEN_LEN];
    uint8_t order_id[16];
    uint64_t number;
    uint32_t next; /* of the same subject: place + 1 */
    uint32_t order_version;
    uint32_t start_date, end_date;
    uint16_t list, rule, basis; /* texts */
    uint8_t force;
    char measure[5];
    char scope[7];
};

struct mirror_table;

/* room: rows that are expected. */
MUST_USE enum err mirror_table_open(struct mirror_table **out, uint64_t room);
void mirror_table_close(struct mirror_table **table);

/* A row of a page, begun or ended. */
MUST_USE enum err mirror_table_apply(struct mirror_table *table, const lianshu_MirrorRow *row);

uint64_t mirror_table_count(const struct mirror_table *table);
/* The first row of a subject, and the one after it; NULL at the end. */
const struct mirror_entry *mirror_table_first(const struct mirror_table *table,
                                              const uint8_t token[static REST_TOKEN_LEN]);
const struct mirror_entry *mirror_table_next(const struct mirror_table *table,
                                             const struct mirror_entry *entry);
const char *mirror_table_text(const struct mirror_table *table, uint16_t text);

#endif
