/*
 * amended - revocations and key records that the hub has applied, in their order: what a registry
 * version is amended by at the next start. keys/amend.h.
 *
 * Guarantees: positions count from 1 without a gap; a document is kept once (ERR_EXISTS).
 * Thread rule: that of the db.
 */
#ifndef STORE_AMENDED_H
#define STORE_AMENDED_H

#include "store/db.h"
#include "store/ids.h"

struct amended;

struct amended_row {
    uint8_t hash[STORE_HASH_LEN]; /* SHA-256(D) */
    uint64_t applied_ms;
    uint64_t leaf;    /* of the log */
    struct span lsd1; /* read: lent until the next call */
};

MUST_USE enum err amended_open(struct amended **out, struct db *db, struct fault *f);
void amended_close(struct amended **a);

MUST_USE enum err amended_put(struct amended *a, const struct amended_row *row);
/* ERR_NOT_FOUND beyond the last. */
MUST_USE enum err amended_get(struct amended *a, uint64_t position, struct amended_row *out);
MUST_USE enum err amended_has(struct amended *a, const uint8_t hash[static STORE_HASH_LEN],
                              bool *has);

#endif
