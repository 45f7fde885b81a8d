/*
 * store - the hub's database with all its modules, and its one transaction.
 *
 *   store_begin(now) -> { store_savepoint -> … -> store_release | store_rollback_to }*
 *                    -> store_commit | store_rollback
 *
 *   store_commit  =  store_write  ->  store_sync  ->  store_landed
 *                    (no sync)        (any thread)    (owner)
 *
 * Guarantees:
 *   1. store_commit returns OK only after everything since store_begin is on disk. Whatever else it
 *      returns, no transaction is left open, and nothing of it is there; of class FATAL, the next
 *      start tells what is. store_write returns OK when it can be read and is not on disk yet: it
 *      is after a store_sync that began later and returned OK. Transactions reach the disk in
 *      their order.
 *   2. Caches in memory (log edge, counts, counters) change for good only with the commit; a
 *      rollback drops them. What is read inside the transaction sees its own writes.
 *   3. store_now_high never goes back: it is the highest time given to store_begin of a
 *      transaction that was committed or borne by its last leaf, and it survives a restart (the
 *      last leaf says it, `meta` where that does not).
 *   4. Counters are exact over restarts: they are written in the transaction that changed them.
 *
 * `seq` in every module is the index of the log leaf that recorded the row: unique, ordered by
 * time of acceptance, never used twice. So no table needs a counter of its own.
 *
 * Ownership: the store owns its modules; the pointers are borrowed until store_close.
 * Errors: those of db.h. Class FATAL ends the process.
 * Thread rule: one thread, but store_sync may run in another while the owner reads and writes;
 * meanwhile no store_commit, store_write, store_rollback, store_pause, store_step, store_idle or
 * store_close.
 * hub/README.md, Nothing is acknowledged before it is on disk; PROTOCOL.md 8.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/amended.h"
#include "store/casefile.h"
#include "store/chunk.h"
#include "store/db.h"
#include "store/decision.h"
#include "store/document.h"
#include "store/enrolment.h"
#include "store/fresh.h"
#include "store/handle.h"
#include "store/ids.h"
#include "store/log.h"
#include "store/message.h"
#include "store/mirror.h"
#include "store/obligation.h"
#include "store/order.h"
#include "store/queue.h"
#include "store/refusal.h"
#include "store/reporter.h"
#include "store/request.h"
#include "store/reserve.h"
#include "store/restriction.h"
#include "store/retain.h"
#include "store/roll.h"
#include "store/sealed.h"
#include "store/stream.h"
#include "store/subject.h"
#include "store/tally.h"
#include "store/twin.h"

enum {
    STORE_APPLICATION_ID = 0x4c534855, /* "LSHU" */
    STORE_NAME_MAX = 48,               /* name of a meta value or counter */
    STORE_META_MAX = 4096,             /* bytes of a meta value */
    STORE_COUNTERS_MAX = 512,          /* names of counters */
};

struct store {
    struct db *db;
    struct leaf_log *log;
    struct fresh *fresh;
    struct messages *messages;
    struct queue *queue;
    struct stream *stream;
    struct chunks *chunks;
    struct handles *handles;
    struct subjects *subjects;
    struct orders *orders;
    struct obligations *obligations;
    struct restrictions *restrictions;
    struct mirrors *mirrors;
    struct decisions *decisions;
    struct documents *documents;
    struct casefiles *casefiles;
    struct enrolments *enrolments;
    struct amended *amended;
    struct requests *requests;
    struct refusals *refusals;
    struct reporters *reporters;
    struct roll *roll;
    struct sealed_walk *sealed;
    struct tallies *tallies;
    struct twins *twins;
    struct reserve *reserve;   /* NULL when read-only */
    struct retainer *retainer; /* internal */
    struct store_cache *cache; /* internal */
};

struct store_options {
    const char *path;          /* …/hub.db */
    bool read_only;            /* for tools; every write is refused with ERR_PERMISSION */
    bool alone;                /* nobody else reads or writes the file meanwhile */
    uint32_t cache_kib;        /* 0: default of db.h */
    uint32_t checkpoint_pages; /* 0: default of db.h */
    uint32_t fresh_window;     /* bytes of rows kept packed; 0: default of fresh.h */
    uint64_t reserve_bytes;    /* disk space kept back, see reserve.h; 0: none */
    uint64_t chunk_quota;      /* bytes of one sender's attachments; 0: default of chunk.h */
};

MUST_USE enum err store_open(struct store **out, const struct store_options *options,
                             struct fault *f);
void store_close(struct store **store);

MUST_USE enum err store_begin(struct store *s, uint64_t now_ms);
MUST_USE enum err store_commit(struct store *s);
/* Commit without waiting for the disk. *wrote: there was something to commit. */
MUST_USE enum err store_write(struct store *s, bool *wrote);
/* Wait for the disk: OK or ERR_FSYNC. Changes nothing in the store. */
MUST_USE enum err store_sync(const struct store *s);
/* What store_sync said, to the owner: what was written is on disk; otherwise the store is at its
 * end. Returns `synced`, or what had ended the store before. */
MUST_USE enum err store_landed(struct store *s, enum err synced);
void store_rollback(struct store *s);
MUST_USE enum err store_savepoint(struct store *s);
MUST_USE enum err store_release(struct store *s);
MUST_USE enum err store_rollback_to(struct store *s);

/* Time does not go back: `now` is max(clock, this). */
uint64_t store_now_high(const struct store *s);

/* Nothing to do for a moment: fold the WAL back if it has grown. */
MUST_USE enum err store_pause(struct store *s);
/* The same where long work has no such moment, between two of its steps: sooner, for a shorter
 * time. */
MUST_USE enum err store_step(struct store *s);
/* Nothing to do just now: fold the WAL back. */
MUST_USE enum err store_idle(struct store *s);
/* A step of giving back free space; for about once a second, also when there is much to do. */
MUST_USE enum err store_shrink(struct store *s);

/* When a commit that only takes receipts meets ERR_DISK_FULL: give the reserve's space to it; and
 * take it back once there is room again (ERR_DISK_FULL: not yet). Outside a transaction. */
MUST_USE enum err store_reserve_release(struct store *s);
MUST_USE enum err store_reserve_restore(struct store *s);
bool store_reserve_held(const struct store *s);

/* Small values by name, written in the transaction. ERR_NOT_FOUND when never written. */
MUST_USE enum err store_meta_put(struct store *s, const char *name, struct span value);
MUST_USE enum err store_meta_get(struct store *s, const char *name, uint8_t *out, size_t cap,
                                 size_t *len);
MUST_USE enum err store_meta_put_u64(struct store *s, const char *name, uint64_t value);
MUST_USE enum err store_meta_get_u64(struct store *s, const char *name, uint64_t *value);

/* Counters by name ("receipt.accepted", "refused.303"): kept in memory, written once a commit. */
MUST_USE enum err store_count(struct store *s, const char *name, uint64_t more);
uint64_t store_counter(const struct store *s, const char *name); /* 0 when never counted */
/* The i-th counter in no particular order; false when there are no more. */
bool store_counter_at(const struct store *s, size_t i, const char **name, uint64_t *value);

#endif
