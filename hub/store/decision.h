/*
 * decision - the record of every evaluation, to explain it and to run it again.
 *
 * Guarantees:
 *   1. A record is stored once under the seq of its log leaf, and never changed.
 *   2. It is found by its seq, by the document it judged and by the message that brought it.
 *   3. What was judged stays with it, sealed by the caller, unless it is kept elsewhere: the
 *      decision can be made again. It goes when the record goes.
 *
 * Records hold ids, codes, dates and hashes only.
 * Ownership: record and facts are borrowed until the next call on decisions.
 * Thread rule: that of the db. sanctions.md, Deciding.
 */
#ifndef STORE_DECISION_H
#define STORE_DECISION_H

#include "store/db.h"
#include "store/ids.h"

enum { DECISION_RECORD_MAX = 64 * 1024 };

struct decisions;

struct decision_row {
    uint64_t seq; /* leaf of kind LEAF_DECISION */
    uint8_t document[STORE_HASH_LEN];
    uint8_t env_id[STORE_HASH_LEN]; /* zeros: not brought by an envelope (clock) */
    uint64_t message_seq;           /* seq of the message; STORE_NEVER: none */
    uint32_t type;
    uint64_t time_ms;
    uint32_t code;
    struct span record;
    struct span facts; /* sealed; empty: kept elsewhere. Read by decision_next alone */
};

MUST_USE enum err decisions_open(struct decisions **out, struct db *db, struct fault *f);
void decisions_close(struct decisions **d);

MUST_USE enum err decision_put(struct decisions *d, const struct decision_row *row);
/* These three answer ERR_ERASED, with an empty record, after its retention (retain.h). */
MUST_USE enum err decision_get(struct decisions *d, uint64_t seq, struct decision_row *out);

/* The latest about a document; of a message. */
MUST_USE enum err decision_of_document(struct decisions *d,
                                       const uint8_t document[static STORE_HASH_LEN],
                                       struct decision_row *out);
MUST_USE enum err decision_of_message(struct decisions *d, uint64_t message_seq,
                                      struct decision_row *out);

/* All in order; *cursor 0 to start. Of an erased one the record is empty. */
MUST_USE enum err decision_next(struct decisions *d, uint64_t *cursor, struct decision_row *out);

#endif
