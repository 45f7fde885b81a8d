/*
 * decision - the record of every evaluation, to explain it and to run it again.
 *
 * Most of them say what a gate found when a message came in: no order rests on them. Those of one
 * commit are packed into rows of their own: heads, and bodies that go together after retention.
 *
 * Guarantees:
 *   1. A record is stored once under the seq of its log leaf, and never changed.
 *   2. It is found by its seq and by the message that brought it.
 *   3. What was judged stays with it, sealed by the caller, unless it is kept elsewhere: the
 *      decision can be made again. It goes when the record goes.
 *   4. What was put is read as if it were stored, also before the commit; a rollback, also one to
 *      the savepoint, takes it back.
 *   5. A changed byte in a pack makes one record out of it that fits no leaf: whoever compares
 *      records with the log finds it, and nobody else is disturbed.
 *
 * Records hold ids, codes, dates and hashes only.
 * Ownership: record and facts are borrowed until the next call on decisions.
 * Thread rule: that of the db. PROTOCOL.md 16.1.
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
    bool packs; /* put: no order rests on it. It is packed when it is its message's first */
    struct span record;
    struct span facts; /* sealed; empty: kept elsewhere. Read by decision_next alone */
};

MUST_USE enum err decisions_open(struct decisions **out, struct db *db, struct fault *f);
void decisions_close(struct decisions **d);

MUST_USE enum err decision_put(struct decisions *d, const struct decision_row *row);
/* Both answer ERR_ERASED, with an empty record, after its retention (retain.h). */
MUST_USE enum err decision_get(struct decisions *d, uint64_t seq, struct decision_row *out);
/* The latest of a message. */
MUST_USE enum err decision_of_message(struct decisions *d, uint64_t message_seq,
                                      struct decision_row *out);

/* All in order; *cursor 0 to start. Of an erased one the record is empty. */
MUST_USE enum err decision_next(struct decisions *d, uint64_t *cursor, struct decision_row *out);

/* For store.c and retain.c only. */
MUST_USE enum err decisions_before_commit(struct decisions *d);
void decisions_committed(struct decisions *d);
void decisions_savepoint(struct decisions *d);
void decisions_rolled_back(struct decisions *d);
void decisions_rolled_back_to(struct decisions *d);
/* Rows were erased: what was read of them is not remembered. */
void decisions_forget(struct decisions *d);

#endif
