/*
 * archive - the keys that stand beside the frames of a pack. Inside adapters/sdk only; frames.c
 * keeps the frames, sdk_archive.h says what both promise.
 *
 *   keys   rest_seal(storage key, archive_place, of each frame in order: u8 bit i: part i is known
 * ‖ the DEKs of those parts); empty without a storage key
 *
 * One sealing serves a pack. A key in clear stands in guarded memory only.
 */
#ifndef ADAPTERS_SDK_ARCHIVE_H
#define ADAPTERS_SDK_ARCHIVE_H

#include "adapters/sdk/inner.h"
#include "keys/rest.h"

/* Where the keys of the pack that begins with row `first` stand; bytes live as long as the place.
 */
struct rest_place archive_place(enum frame_side side, uint64_t first, uint8_t bytes[static 8]);

/* The keys of one more frame of the open pack, which has room for it. */
void archive_add(struct pack_open *o, const struct kept_frame *kept);
void archive_clear(struct pack_open *o);
/* What was added, sealed. */
MUST_USE enum err archive_seal(struct sdk *s, enum frame_side side, uint64_t first,
                               struct writer *w);

/* Of opened keys those of frame number `index`: bit i of *known for part i, one after the other in
 * *deks. ERR_CORRUPT. */
MUST_USE enum err archive_at(struct span keys, uint64_t index, unsigned *known, struct span *deks);

/* Keys of a row of the outbox, bit i of *known for part i, into room for FRAME_PARTS_MAX of them
 * (guarded, wiped by the caller). ERR_NOT_FOUND: none are kept. */
MUST_USE enum err archive_get(struct sdk *s, uint64_t row, uint8_t (*deks)[SEAL_DEK_LEN],
                              unsigned *known);

#endif
