/*
 * document - which documents took effect: one row per (issuer, document id).
 *
 * Guarantees:
 *   1. (issuer, id) is stored at most once; putting the same hash again is OK and changes
 *      nothing, another hash is ERR_CONFLICT and changes nothing.
 *   2. Rows are keyed in order of time: document ids begin with it.
 *
 * Thread rule: that of the db. PROTOCOL.md 5.
 */
#ifndef STORE_DOCUMENT_H
#define STORE_DOCUMENT_H

#include "store/db.h"
#include "store/ids.h"

struct documents;

MUST_USE enum err documents_open(struct documents **out, struct db *db, struct fault *f);
void documents_close(struct documents **d);

/* ERR_NOT_FOUND when it never took effect. */
MUST_USE enum err document_get(struct documents *d, const char *issuer,
                               const uint8_t id[static STORE_ID_LEN],
                               uint8_t hash[static STORE_HASH_LEN]);
/* seq: of the message that brought it. */
MUST_USE enum err document_put(struct documents *d, const char *issuer,
                               const uint8_t id[static STORE_ID_LEN],
                               const uint8_t hash[static STORE_HASH_LEN], uint64_t seq);

#endif
