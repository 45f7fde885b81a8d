/*
 * queue - durable store and forward: one row per (recipient, undelivered envelope).
 *
 *              queue_put           queue_claim            queue_done
 *   (nothing) ----------> READY ----------------> leased -----------> (gone)
 *       |                   ^                        |
 *       |                   |   queue_defer          |  queue_defer, lease runs out, peer gone
 *       |                 due +----- WAITING <-------+
 *       |                                            |
 *       +----> HELD --queue_release--> READY         +--queue_park--> PARKED -- queue_release
 *              (also queue_hold, of a row in any state but PARKED)
 *
 *   any state --queue_close--> (gone), a tombstone in the place of its delivery number
 *
 * A lease lives in memory only. It says which connected adapter has an envelope in flight, and
 * no connection survives a restart, so neither need the lease: a crash makes every row claimable
 * again, which at-least-once allows, and a delivery costs one row written less.
 *
 * Guarantees:
 *   1. (recipient, seq) is stored at most once, whatever its state and lane; again is ERR_EXISTS.
 *   2. Claims give a recipient its lanes in order (0 first), within a lane the oldest seq first,
 *      never a row that is leased, not due, held or parked.
 *   3. Within (recipient, conversation) a row with a delivery number is claimed only when every
 *      earlier outstanding number is leased to the same lessee: order holds, one adapter at a
 *      time. Held and parked rows do not count as outstanding: a tombstone closed their number.
 *      A row without a number waits for nobody: give its lease back once queue_seal gave it one.
 *   4. Delivery numbers are 1, 2, 3 … per (recipient, conversation), for ever. Each ends delivered
 *      or as a tombstone, which stays until queue_tombstones_done.
 *   5. Attempts survive a restart once deferred; a row is removed only by queue_done or
 * queue_close.
 *   6. A claim costs O(batch) whatever the backlog. ERR_BUSY: it looked at QUEUE_SCAN rows that
 *      cannot go now; call again, it goes on from there.
 *   7. A rollback returns every row it brings back to the claimable ones.
 *   8. Counts and loads are exact at any moment, over restarts, savepoints and rollbacks, and cost
 *      no look at rows.
 *   9. A row without a number that is put while its lane is empty is `fresh` (fresh.h): it is
 *      claimed, asked for (queue_get) and forgotten without a row of the table ever being written.
 *  10. A row whose leaf or statement is at or above queue_landed is not claimed, nor is what lies
 *      behind it in its lane.
 *
 * seq: see store.h. `ref` and `tokens` are the core's: what to seal at lease, whom to ask the
 * gate about.
 * Thread rule: that of the db. PROTOCOL.md 4.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/fresh.h"
#include "store/ids.h"

enum {
    QUEUE_LANES = 4,
    QUEUE_TOKENS_MAX = 17, /* subject and sixteen persons */
    QUEUE_REF_MAX = 32,
    QUEUE_LEASES_MAX = 16384,    /* in flight over all recipients; none is claimed beyond */
    QUEUE_MEMBERS_MAX = 32768,   /* recipients and senders that ever had anything queued */
    QUEUE_SCAN = 512,            /* rows one claim looks at in vain */
    QUEUE_CONVERSATION_MAX = 64, /* rows of one conversation in flight */
    QUEUE_TOMBSTONE_MAX = 16,    /* told in one statement: Statement.tombstones, wire.options */
    QUEUE_TOMBSTONE_PARKED = 10, /* ReceiptKind of the tombstone that queue_park leaves */
};

enum queue_state {
    QUEUE_READY = 0,
    QUEUE_WAITING = 1, /* due_ms lies ahead, or did when the row was deferred */
    QUEUE_HELD = 2,    /* for two officials */
    QUEUE_PARKED = 3,  /* attempts used up; never dropped */
};

struct queue;

struct queue_row {
    char recipient[STORE_MEMBER_MAX + 1];
    uint64_t seq;
    enum queue_state state; /* queue_put: READY (WAITING when due_ms > 0 lies ahead) or HELD */
    uint8_t lane;
    uint8_t form; /* 0: an envelope whose frame is message_frame(seq); else the core's */
    char sender[STORE_MEMBER_MAX + 1];
    uint8_t message_id[STORE_ID_LEN];
    uint8_t conversation[STORE_ID_LEN]; /* zeros: none */
    uint64_t number;                    /* delivery number; 0: none (yet) */
    uint64_t statement_leaf; /* log index of the hub's statement; meaningful with a number */
    uint32_t type;
    uint64_t due_ms; /* not before */
    uint64_t expires_ms;
    uint64_t gated_at; /* log size at which the gate was asked; 0: it never is */
    uint32_t attempts;
    uint32_t code;  /* why it is held, deferred or parked */
    uint32_t bytes; /* of the frame, for quotas */
    bool warned;    /* the sender was told that it will expire */
    uint8_t ref_len;
    uint8_t ref[QUEUE_REF_MAX];
    uint8_t token_count;
    uint8_t tokens[QUEUE_TOKENS_MAX][STORE_TOKEN_LEN];
};

/* Consecutive delivery numbers that nothing will fill any more, and how they ended. */
struct queue_tombstone {
    uint64_t first;
    uint32_t count;
    uint8_t kind;  /* ReceiptKind: refused, expired, parked, superseded; 0: several */
    uint64_t leaf; /* log index of the newest receipt that ended one of them */
};

/* What is stored in the queue for or from a member, whatever its state. */
struct queue_load {
    uint64_t rows;
    uint64_t bytes;
};

struct queue_counts {
    uint64_t ready; /* READY and WAITING: the backlog */
    uint64_t held;
    uint64_t parked;
    uint64_t leased; /* of ready */
};

MUST_USE enum err queue_open(struct queue **out, struct db *db, struct fresh *fresh,
                             struct fault *f);
void queue_free(struct queue **q);

/* The next delivery number of (recipient, conversation), used up by this call. */
MUST_USE enum err queue_number(struct queue *q, const char *recipient,
                               const uint8_t conversation[static STORE_ID_LEN], uint64_t *number);

MUST_USE enum err queue_put(struct queue *q, const struct queue_row *row);

/* Lease up to cap rows of the lanes up to lane_max to `lessee` (not 0; a peer number) until
 * `until_ms`. OK with *count >= 1;
 * ERR_NOT_FOUND: nothing can go now; ERR_BUSY: call again. Reads only. */
MUST_USE enum err queue_claim(struct queue *q, const char *recipient, uint64_t lessee,
                              uint64_t now_ms, uint64_t until_ms, unsigned lane_max,
                              struct queue_row *rows, size_t cap, size_t *count);

/* May this lessee have this row at all? Asked of every row before it is leased; what one may not
 * have waits for another, in nobody's way. NULL: everybody may have everything. */
typedef bool queue_fits_fn(void *ctx, uint64_t lessee, const struct queue_row *row);
void queue_fits(struct queue *q, queue_fits_fn *fits, void *ctx);

/* Only rows whose seq and statement lie below this log index may be claimed; before the first call
 * all. */
void queue_landed(struct queue *q, uint64_t leaf_end);
/* Did the last claim come to rows that have not landed? */
bool queue_held_back(const struct queue *q);

/* The row, whatever its state. */
MUST_USE enum err queue_get(struct queue *q, const char *recipient, uint64_t seq,
                            struct queue_row *out);

/* Who has it in flight; 0: nobody. */
uint64_t queue_lessee(const struct queue *q, const char *recipient, uint64_t seq);

/* Forget a row that is final. ERR_NOT_FOUND when it was forgotten before. */
MUST_USE enum err queue_done(struct queue *q, const char *recipient, uint64_t seq);

/* Give it back: attempts + 1, due again at due_ms. *attempts may be NULL. */
MUST_USE enum err queue_defer(struct queue *q, const char *recipient, uint64_t seq, uint64_t due_ms,
                              uint32_t code, uint32_t *attempts);

/* Moment of the next attempt after `attempts`: the interval doubles from first_ms up to max_ms;
 * jitter 0…65535 spreads the moment over its upper half. */
uint64_t queue_backoff_ms(uint64_t now_ms, uint32_t attempts, uint32_t first_ms, uint32_t max_ms,
                          uint16_t jitter);

/* Forget a row that ends without having been delivered: as queue_done, and when it had a delivery
 * number, that is a tombstone of this kind (a ReceiptKind) from now on. `leaf`: log index of the
 * receipt that says so. */
MUST_USE enum err queue_close(struct queue *q, const char *recipient, uint64_t seq, uint8_t kind,
                              uint64_t leaf);

/* The sender was warned that this row will expire. */
MUST_USE enum err queue_warned(struct queue *q, const char *recipient, uint64_t seq);

/* The closed numbers directly below `below`, down to the first that is not closed, as runs in
 * ascending order: what a statement with that number has to tell. When there are more than cap (not
 * 0) runs, the lowest are one of kind 0. */
MUST_USE enum err queue_tombstones(struct queue *q, const char *recipient,
                                   const uint8_t conversation[static STORE_ID_LEN], uint64_t below,
                                   struct queue_tombstone *out, size_t cap, size_t *count);

/* Is one of those that queue_tombstones would tell for `number` newer than this log index? */
MUST_USE enum err queue_tombstones_newer(struct queue *q, const char *recipient,
                                         const uint8_t conversation[static STORE_ID_LEN],
                                         uint64_t number, uint64_t leaf, bool *newer);

/* Are there tombstones for the recipient at all? From memory. */
bool queue_tombstones_any(const struct queue *q, const char *recipient);

/* The recipient has proven (by a receipt) that it knows of everything below this number. */
MUST_USE enum err queue_tombstones_done(struct queue *q, const char *recipient,
                                        const uint8_t conversation[static STORE_ID_LEN],
                                        uint64_t upto);

/* What is queued for the member (`in`) and from it (`out`). From memory. */
MUST_USE enum err queue_load(struct queue *q, const char *member, struct queue_load *in,
                             struct queue_load *out);

/* Set aside with a reason; its number, if any, becomes a tombstone (see queue_close). */
MUST_USE enum err queue_park(struct queue *q, const char *recipient, uint64_t seq, uint32_t code,
                             uint64_t leaf);

/* A held or parked row goes on its way, under a new number and statement leaf. */
MUST_USE enum err queue_release(struct queue *q, const char *recipient, uint64_t seq,
                                uint64_t number, uint64_t statement_leaf);

/* A row whose envelope is made only at lease: its message, delivery number (0: none) and statement
 * once it is sealed. A number given only now leaves no gap when the row is dropped before. */
MUST_USE enum err queue_seal(struct queue *q, const char *recipient, uint64_t seq,
                             const uint8_t message_id[static STORE_ID_LEN], uint64_t number,
                             uint64_t statement_leaf);

/* Set aside for two officials, with the core's reference; its number, if any, becomes a tombstone
 * of the kind that queue_park leaves: it comes later under another one, or not at all. */
MUST_USE enum err queue_hold(struct queue *q, const char *recipient, uint64_t seq, uint32_t code,
                             uint64_t leaf, struct span ref);

/* Another reference; empty: none. */
MUST_USE enum err queue_refer(struct queue *q, const char *recipient, uint64_t seq,
                              struct span ref);

/* The gate was asked again, at this log size and about these tokens. */
MUST_USE enum err queue_gated(struct queue *q, const char *recipient, uint64_t seq,
                              uint64_t gated_at, const uint8_t (*tokens)[STORE_TOKEN_LEN],
                              size_t token_count);

/* A lease that is held now lasts until then at least: its row is being worked on. From memory. */
void queue_extend(struct queue *q, const char *recipient, uint64_t seq, uint64_t until_ms);

/* Take one lease back without counting an attempt (adapter gone before it was sent). */
void queue_unlease(struct queue *q, const char *recipient, uint64_t seq);

/* The lessee is gone: all its leases end, nothing is written. Returns how many. */
size_t queue_unlease_all(struct queue *q, uint64_t lessee);

/* One lease that ran out at now_ms; it is still leased: defer, park or unlease it. False: none. */
bool queue_overdue(struct queue *q, uint64_t now_ms, char recipient[static STORE_MEMBER_MAX + 1],
                   uint64_t *seq);

/* Earliest end of a lease, STORE_NEVER when there is none. */
uint64_t queue_lease_due(const struct queue *q);

/* Walk all rows for expiry and re-deciding, recipient by recipient: *row is also the cursor, zeroed
 * to start, and must not be changed between calls. ERR_NOT_FOUND at the end. */
MUST_USE enum err queue_next(struct queue *q, struct queue_row *row);

/* As queue_next, only the rows in this state; the others cost nothing. */
MUST_USE enum err queue_next_in(struct queue *q, enum queue_state state, struct queue_row *row);

/* Earliest moment at which a waiting row of recipient that nobody has in flight falls due, or fell;
 * STORE_NEVER: none. Reads nothing when none waits. */
MUST_USE enum err queue_due(struct queue *q, const char *recipient, uint64_t *due_ms);

/* From memory, exact. */
MUST_USE enum err queue_counts(struct queue *q, const char *recipient, struct queue_counts *out);

/* Recipients that have rows, each once: *recipient is the cursor, "" to start. */
MUST_USE enum err queue_next_recipient(struct queue *q,
                                       char recipient[static STORE_MEMBER_MAX + 1]);

/* For store.c only. */
MUST_USE enum err queue_before_commit(struct queue *q);
void queue_committed(struct queue *q);
void queue_savepoint(struct queue *q);
void queue_rolled_back(struct queue *q);
void queue_rolled_back_to(struct queue *q);

#endif
