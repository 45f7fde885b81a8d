/*
 * chunk - attachments in sealed chunks, stored once per (sender, root): rows that say how much is
 * there, and beside the database one file of slots for each, chunks/<hash of sender and root>.
 *
 *                chunk_put                    commit                       chunk_sweep, commit
 *   (nothing) ─────────────> growing ─────────────────────> recorded ─────────────────────> (gone)
 *                         slots in order,    a dirty file is synced first     the row goes, then
 *                         in memory how far  then the row says how far        the file, in steps
 *
 * Guarantees:
 *   1. Chunks come in order from 0. One that is there already is OK and changes nothing, one that
 *      comes early is ERR_SEQUENCE_GAP, one of another count than the first is ERR_CONFLICT.
 *   2. chunk_have is the number of chunks that chunk_get can give, from 0 on without a gap. After a
 *      kill it is at most CHUNK_RECORD_EVERY less than it was; a complete file is recorded by the
 *      commit of its last chunk, so what a committed chunk_refer names is on disk.
 *   3. A file that is missing, short or unreadable costs its chunks from there on, nothing else:
 *      chunk_have is less and chunk_get is ERR_NOT_FOUND until they are put again.
 *   4. A file is kept while an envelope refers to it (message_settle drops references) and goes
 *      when the last reference has gone; one never referred to goes CHUNK_ORPHAN_MS after its last
 *      record. What is removed from disk was dropped by a transaction that is on it.
 *   5. The files of one sender have at most the quota's bytes, counted whole from their first
 * chunk: ERR_QUOTA before anything is written.
 *   6. Files without a row, rests of a kill, are removed by chunks_open.
 *
 * The caller has verified the chunk against root before it puts it, and verifies what it gets if
 * it must know; here bytes are bytes.
 * Ownership: the frame is borrowed until the next call on chunks.
 * Thread rule: that of the db. PROTOCOL.md 4.2.
 */
#ifndef STORE_CHUNK_H
#define STORE_CHUNK_H

#include "store/db_slots.h"
#include "store/ids.h"

enum {
    STORE_CHUNK_FRAME_MAX = SLOT_FRAME_MAX, /* LSC1 frame of a 256 KiB chunk with its path */
    STORE_CHUNK_COUNT_MAX = 1 << 20,        /* 256 GiB */
    CHUNK_RECORD_EVERY = 16,                /* chunks between two syncs of a growing file */
    CHUNK_OPEN_MAX = 64,                    /* files open at once */
    CHUNK_ORPHAN_MS = 24 * 3600 * 1000,
    CHUNK_SWEEP_ROWS = 256, /* rows one sweep looks at */
    CHUNK_GONE_MAX = 64,    /* files being removed at once */
    CHUNK_CUT_SLOTS = 1024, /* of a removed file in one step */
};

/* Bytes of one sender's files when nothing else is configured: 64 GiB. */
static const uint64_t CHUNK_QUOTA_BYTES = (uint64_t)64 << 30;

struct chunks;

struct chunks_options {
    const char *db_path;  /* chunks/ is made beside it, 0700 */
    bool read_only;       /* nothing is written or removed; chunk_get works */
    uint64_t quota_bytes; /* of each sender; 0: CHUNK_QUOTA_BYTES */
};

MUST_USE enum err chunks_open(struct chunks **out, struct db *db,
                              const struct chunks_options *options, struct fault *f);
void chunks_close(struct chunks **c);

MUST_USE enum err chunk_put(struct chunks *c, const char *sender,
                            const uint8_t root[static STORE_HASH_LEN], uint64_t i, uint64_t count,
                            struct span frame, uint64_t now_ms);

/* Contiguous chunks there, and the count; both 0 when the file is unknown (OK). */
MUST_USE enum err chunk_have(struct chunks *c, const char *sender,
                             const uint8_t root[static STORE_HASH_LEN], uint64_t *have,
                             uint64_t *count);

/* May a file of that many chunks come? OK when it is known; ERR_QUOTA. */
MUST_USE enum err chunk_admit(struct chunks *c, const char *sender,
                              const uint8_t root[static STORE_HASH_LEN], uint64_t count);

/* ERR_NOT_FOUND: not here, or not any more. */
MUST_USE enum err chunk_get(struct chunks *c, const char *sender,
                            const uint8_t root[static STORE_HASH_LEN], uint64_t i,
                            struct span *frame);

/* Chunk i is not what was put: it and those after it are wanted again. */
void chunk_spoilt(struct chunks *c, const char *sender, const uint8_t root[static STORE_HASH_LEN],
                  uint64_t i);

/* The message `seq` needs the file. ERR_NOT_FOUND when the file is unknown. Again is OK. */
MUST_USE enum err chunk_refer(struct chunks *c, const char *sender,
                              const uint8_t root[static STORE_HASH_LEN], uint64_t seq);

/* Look at CHUNK_SWEEP_ROWS rows, in turns, and drop what nothing needs. *more: there is more to do
 * right now. */
MUST_USE enum err chunk_sweep(struct chunks *c, uint64_t now_ms, bool *more);

/* Are there files at all? From memory. */
bool chunk_any(const struct chunks *c);

/* For store.c only. */
MUST_USE enum err chunk_before_commit(struct chunks *c);
void chunk_committed(struct chunks *c);
void chunk_landed(struct chunks *c);
void chunk_savepoint(struct chunks *c);
void chunk_rolled_back(struct chunks *c);
void chunk_rolled_back_to(struct chunks *c);

#endif
