/*
 * tally - how far an order is at other hubs: how many obligations are in which state there, as each
 * hub says of its own members; and which orders issued elsewhere are to be told of so from here.
 *
 *   tally_put       the newest word of a hub about an order of ours
 *   tally_due_put   the numbers of an order of theirs change ──> told ──> tally_due_done
 *
 * Guarantees:
 *   1. Of two words of one hub about one order the later one stays (at_ms), whatever came last.
 *   2. An order is due once for its hub, however often its numbers change, at the first moment that
 *      was given; what is due survives a restart.
 *   3. tally_noted is true only while the order is due, or was said to be nobody's, in this
 *      transaction or a committed one: a rollback forgets it.
 *
 * Numbers, ids and hubs only. Thread rule: that of the db. PROTOCOL 15, Tally.
 */
#ifndef STORE_TALLY_H
#define STORE_TALLY_H

#include "store/db.h"
#include "store/obligation.h"

struct tallies;

struct tally_row {
    uint8_t order_id[STORE_ID_LEN];
    char hub[STORE_MEMBER_MAX + 1];
    uint64_t seq;   /* log leaf of the message that said so */
    uint64_t at_ms; /* by that hub's clock */
    uint32_t version;
    uint32_t state;                    /* order_state there */
    uint32_t count[OBLIGATION_STATES]; /* by obligation_state; [0]: unassigned, also in theirs */
    uint32_t overdue;
};

MUST_USE enum err tallies_open(struct tallies **out, struct db *db, struct fault *f);
void tallies_close(struct tallies **t);

/* ERR_REPEAT: a later word is known. */
MUST_USE enum err tally_put(struct tallies *t, const struct tally_row *row);
/* Of one order, by hub; row->hub is the cursor, "" to start. ERR_NOT_FOUND at the end. */
MUST_USE enum err tally_next(struct tallies *t, const uint8_t order_id[static STORE_ID_LEN],
                             struct tally_row *row);

/* hub NULL: it is nobody's to be told. */
MUST_USE enum err tally_due_put(struct tallies *t, const char *hub,
                                const uint8_t order_id[static STORE_ID_LEN], uint64_t due_ms);
/* Was tally_due_put called of this order last? */
bool tally_noted(const struct tallies *t, const uint8_t order_id[static STORE_ID_LEN]);
/* The hub that waits longest, and since when it is due; ERR_NOT_FOUND: none. */
MUST_USE enum err tally_due_first(struct tallies *t, char hub[static STORE_MEMBER_MAX + 1],
                                  uint64_t *due_ms);
/* What is due of that hub by now_ms; order_id is the cursor, zeroed to start. */
MUST_USE enum err tally_due_next(struct tallies *t, const char *hub, uint64_t now_ms,
                                 uint8_t order_id[static STORE_ID_LEN]);
MUST_USE enum err tally_due_done(struct tallies *t, const char *hub,
                                 const uint8_t order_id[static STORE_ID_LEN]);
/* All that is due of that hub by now_ms is due later. */
MUST_USE enum err tally_due_defer(struct tallies *t, const char *hub, uint64_t now_ms,
                                  uint64_t due_ms);

/* For store.c only: also to the savepoint. */
void tally_rolled_back(struct tallies *t);

#endif
