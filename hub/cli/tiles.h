/*
 * tiles - a log in a folder, in the layout of C2SP tlog-tiles:
 *
 *   DIR/checkpoint              the newest checkpoint with its cosignatures
 *   DIR/tile/<L>/<N>[.p/<W>]    hashes of level 8 L, 256 to a tile
 *   DIR/tile/entries/<N>[.p/<W>]  u16|leaf| ‖ leaf, 256 to a bundle
 *   DIR/checkpoints/<size>      cosigned checkpoints of then: bounds of time (beside it <size>.tsr)
 *
 * <N> is x001/x234/067 for 1234067, .p/<W> a tile of W < 256 entries.
 *
 * Guarantees:
 *   1. tiles_add writes bundles and tiles, each whole under its name or not at all; the checkpoint
 * is written by tiles_seal alone, after the root of what lies there was found to be its root.
 *   2. An export that was cut short is taken up by the next one.
 *   3. tiles_verify reads every byte that belongs to the checkpoint's tree, and names the first
 * index that is wrong.
 *
 * Errors: ERR_LOG_ENTRY (801), ERR_LOG_TRUNCATED (802) something is missing, ERR_LOG_FORK (803) the
 * root is another, ERR_CHECKPOINT (807), those of base/file.h. Thread rule: none of its own.
 */
#ifndef CLI_TILES_H
#define CLI_TILES_H

#include "keys/note.h"

#include <stdbool.h>

enum {
    TILES_PATH_MAX = 1024,
    TILES_BUNDLE_MAX = MERKLE_TILE_WIDTH * (2 + 0xffff),
    TILES_TOP = 8, /* levels of tiles that may be there: 2^62 leaves */
};

/* "tile/0/x001/x234/067" or with ".p/12"; level TILES_ENTRIES is "entries". */
enum { TILES_ENTRIES = -1 };
void tiles_name(char out[static TILES_PATH_MAX], const char *dir, int level, uint64_t index,
                unsigned width);

/* The checkpoint in the folder; ERR_NOT_FOUND when there is none. */
MUST_USE enum err tiles_checkpoint(const char *dir, struct checkpoint *out,
                                   uint8_t note[static NOTE_LEN_MAX], size_t *len,
                                   struct fault *fault);

/* Entries of an export, from a multiple of 256 on, in order. */
struct tiles_writer {
    const char *dir;
    uint64_t next; /* index of the next leaf */
    unsigned count;
    size_t len;
    uint8_t *bundle; /* owns TILES_BUNDLE_MAX */
    merkle_hash hash[MERKLE_TILE_WIDTH];
};
MUST_USE enum err tiles_begin(struct tiles_writer *t, const char *dir, uint64_t from,
                              struct fault *fault);
MUST_USE enum err tiles_add(struct tiles_writer *t, struct span leaf, struct fault *fault);
void tiles_end(struct tiles_writer *t);
/* The rest of the tree up to the checkpoint's size, compared, and then the checkpoint. `before`:
 * the one that lies there, which must be a prefix (803); NULL: none. */
MUST_USE enum err tiles_seal(struct tiles_writer *t, const struct checkpoint *before,
                             struct span note, struct fault *fault);

/* A leaf that was read. */
typedef enum err tiles_leaf_fn(void *ctx, uint64_t index, struct span leaf, struct fault *fault);
/* Every bundle and every tile below `size` against each other and the root. */
MUST_USE enum err tiles_verify(const char *dir, const struct checkpoint *checkpoint,
                               tiles_leaf_fn *each, void *ctx, struct fault *fault);

/* One leaf and its bytes in a bundle; *bundle is the caller's to free, *leaf lies in it. */
MUST_USE enum err tiles_leaf(const char *dir, uint64_t size, uint64_t index, uint8_t **bundle,
                             struct span *leaf, struct fault *fault);

/* A tree of tiles as a source of subtrees (merkle.h): ctx is a struct tiles_tree. */
struct tiles_tree {
    const char *dir;
    uint64_t size;
};
MUST_USE enum err tiles_subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out);

#endif
