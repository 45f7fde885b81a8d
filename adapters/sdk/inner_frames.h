/*
 * inner_frames - frames on disk, what was sent and what was applied, many a row (frames.c). A part
 * of inner.h, which includes it; nobody else does. Thread rule: that of sdk.h.
 */
#ifndef ADAPTERS_SDK_INNER_FRAMES_H
#define ADAPTERS_SDK_INNER_FRAMES_H

#include "base/err.h"
#include "base/span.h"
#include "keys/seal.h"

struct sdk;

/* Frames of neighbouring rows, as outbox_pack and inbox_pack have them. */
struct pack {
    uint64_t first, last; /* first 0: none */
    size_t len;
    uint64_t used;  /* when, for the choice of a victim */
    uint8_t *bytes; /* SDK_PACK_BYTES, of pack_bytes */
};
enum frame_side { FRAME_SENT, FRAME_APPLIED, FRAME_SIDES };
/* The pack that this transaction is filling, with the keys of its frames. */
struct pack_open {
    struct pack *pack; /* NULL: none */
    uint64_t time_ms;  /* of its last frame */
    size_t keys_len;
    uint8_t *keys; /* owned, guarded, SDK_PACK_KEYS */
};

struct kept_frame {
    uint64_t row; /* of outbox or inbox */
    uint64_t time_ms;
    struct span frame;
    unsigned known; /* bit i: the key of part i is deks[i] */
    const uint8_t (*deks)[SEAL_DEK_LEN];
};
/* Keep a frame, with its keys, for as long as the archive promises; stored with frames_flush. */
MUST_USE enum err frames_put(struct sdk *s, enum frame_side side, const struct kept_frame *kept);
MUST_USE enum err frames_flush(struct sdk *s, enum frame_side side);
/* The frame of a row of the outbox, lent until the next call; ERR_NOT_FOUND. */
MUST_USE enum err frames_get(struct sdk *s, uint64_t id, struct span *frame);
/* Frame number `index` of the bytes of a pack. */
MUST_USE enum err frames_at(struct span bytes, uint64_t index, struct span *frame);
/* The pack that begins with that row goes. */
MUST_USE enum err frames_drop(struct sdk *s, enum frame_side side, uint64_t first);
void frames_forget(struct sdk *s);

#endif
