/*
 * chunk - attachments in sealed chunks, stored once per (sender, root).
 *
 * Guarantees:
 *   1. A chunk is stored at most once: putting it again is OK and changes nothing.
 *   2. chunk_have is the number of chunks from 0 on without a gap; it is `count` exactly when
 *      all are there.
 *   3. A file is kept while an envelope refers to it; message_settle drops the references. One
 *      without references goes after CHUNK_ORPHAN_MS, in steps of bounded size.
 *   4. A put with another count than the first is ERR_CONFLICT.
 *
 * The caller has verified the chunk against root before it puts it; here bytes are bytes.
 * Ownership: the frame is borrowed until the next call on chunks.
 * Thread rule: that of the db. crypto.md, Attachments.
 */
#ifndef STORE_CHUNK_H
#define STORE_CHUNK_H

#include "store/db.h"
#include "store/ids.h"

enum {
    STORE_CHUNK_FRAME_MAX = 264 * 1024, /* LSC1 frame of a 256 KiB chunk with its path */
    STORE_CHUNK_COUNT_MAX = 1 << 20,    /* 256 GiB */
    CHUNK_ORPHAN_MS = 24 * 3600 * 1000,
    CHUNK_SWEEP_MAX = 64, /* chunks one sweep removes */
};

struct chunks;

MUST_USE enum err chunks_open(struct chunks **out, struct db *db, struct fault *f);
void chunks_close(struct chunks **c);

MUST_USE enum err chunk_put(struct chunks *c, const char *sender,
                            const uint8_t root[static STORE_HASH_LEN], uint64_t i, uint64_t count,
                            struct span frame, uint64_t now_ms);

/* Contiguous chunks there, and the count; both 0 when the file is unknown (OK). */
MUST_USE enum err chunk_have(struct chunks *c, const char *sender,
                             const uint8_t root[static STORE_HASH_LEN], uint64_t *have,
                             uint64_t *count);

MUST_USE enum err chunk_get(struct chunks *c, const char *sender,
                            const uint8_t root[static STORE_HASH_LEN], uint64_t i,
                            struct span *frame);

/* The message `seq` needs the file. ERR_NOT_FOUND when the file is unknown. Again is OK. */
MUST_USE enum err chunk_refer(struct chunks *c, const char *sender,
                              const uint8_t root[static STORE_HASH_LEN], uint64_t seq);

/* Remove up to CHUNK_SWEEP_MAX chunks of files that nothing refers to since CHUNK_ORPHAN_MS (or
 * whose last reference is gone). *removed 0: nothing left to do. */
MUST_USE enum err chunk_sweep(struct chunks *c, uint64_t now_ms, uint64_t *removed);

#endif
