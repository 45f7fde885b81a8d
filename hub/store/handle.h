/*
 * handle - what stands for an identifier in every other table: 16 bytes drawn at random when a row
 * is first written about it, and never changed.
 *
 *   identifier ──keyed token──> handle ──> subjects, relations, orders, obligations, restrictions
 *
 * So another token key changes this table alone, and what was read, decided and hashed of then is
 * the same afterwards.
 *
 * Guarantees:
 *   1. A token has one handle, a handle one token (ERR_EXISTS). handle_find answers as of any log
 *      size: who was named later is ERR_NOT_FOUND.
 *   2. Nothing here is readable without the keys: keyed tokens, random bytes, and the identifier
 *      sealed by the caller, for the next token key.
 *   3. handle_move changes token and sealed text of one row and nothing else of it.
 *   4. Retention erases the sealed identifier, a decision number too, and not the row (retain.h):
 *      what was decided of then is made again as before. Who is named again gets it back
 *      (handle_reseal); what was erased stays under its old token when the token key is replaced.
 *
 * `as_of`: log size; STORE_NEVER for now.
 * Ownership: sealed is borrowed until the next call on handles. Thread rule: that of the db.
 * What is sealed and how: keys/rest.h.
 */
#ifndef STORE_HANDLE_H
#define STORE_HANDLE_H

#include "store/db.h"
#include "store/ids.h"

enum { HANDLE_SEALED_MAX = 256 };

struct handles;

struct handle_row {
    uint8_t token[STORE_TOKEN_LEN];
    uint8_t handle[STORE_TOKEN_LEN];
    uint64_t seq; /* named since: the log's last leaf by then */
    struct span sealed;
};

MUST_USE enum err handles_open(struct handles **out, struct db *db, struct fault *f);
void handles_close(struct handles **h);

MUST_USE enum err handle_put(struct handles *h, const struct handle_row *row);
/* *erased: its sealed identifier is; NULL: nobody asks, and memory may answer. */
MUST_USE enum err handle_find(struct handles *h, const uint8_t token[static STORE_TOKEN_LEN],
                              uint64_t as_of, uint8_t out[static STORE_TOKEN_LEN], bool *erased);
MUST_USE enum err handle_reseal(struct handles *h, const uint8_t handle[static STORE_TOKEN_LEN],
                                struct span sealed);
/* Was it named at this log size or later? */
MUST_USE enum err handle_since(struct handles *h, const uint8_t token[static STORE_TOKEN_LEN],
                               uint64_t since, bool *named);
/* The next behind this token, in order; empty to start. It is not the one in *out. */
MUST_USE enum err handle_next(struct handles *h, struct span after, struct handle_row *out);
MUST_USE enum err handle_move(struct handles *h, const uint8_t from[static STORE_TOKEN_LEN],
                              const uint8_t to[static STORE_TOKEN_LEN], struct span sealed);

#endif
