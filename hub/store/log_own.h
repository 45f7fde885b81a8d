/*
 * log_own - what the files of the log share; internal to it.
 *
 *   log.c         the tree: append, proofs, rolling back
 *   log_leaves.c  the leaves: the latest in a ring in memory, all of them in packed rows
 *   log_check.c   start, signed head, looking for changed bytes
 */
#ifndef STORE_LOG_OWN_H
#define STORE_LOG_OWN_H

#include "store/box.h"
#include "store/columns.h"
#include "store/log.h"

enum {
    SLOTS = 8,                   /* completed tiles kept expanded: what one group commit touches */
    LEAF_HEAD = 17,              /* bytes of a packed leaf before its body */
    RING_BYTES = 2 << 20,        /* of the latest leaves; those not written yet are among them */
    RING_LEAVES = 16384,         /* a power of two */
    BLOCK_BYTES = 16 * 1024,     /* a row is closed with the leaf that reaches this */
    PENDING_BYTES = 1024 * 1024, /* unwritten bytes that are written before the commit asks */
};

/* A tile with its inner nodes as a heap: root at 1, the 256 hashes from 256 on. */
typedef merkle_hash tile_nodes[2 * MERKLE_TILE_WIDTH];

struct edge {
    unsigned count; /* hashes of the incomplete tile; inner nodes are there as far as complete */
    tile_nodes node;
};

struct slot {
    bool used;
    unsigned level;
    uint64_t number;
    uint64_t stamp;
    tile_nodes node;
};

/*
 * The latest leaves, packed as in a block row, so that a row is written from here as it stands:
 *
 *   u8 kind ‖ u64 time_ms ‖ u16|body| ‖ u16|beside| ‖ u32 sum ‖ body ‖ beside
 *
 * sum is of `beside`, which no hash covers.
 */
struct leaf_ring {
    uint8_t *bytes; /* owns RING_BYTES */
    uint32_t *at;   /* owns RING_LEAVES: where leaf i begins, at i % RING_LEAVES */
    uint64_t first; /* the oldest leaf in it; the newest is the log's last */
    uint32_t head;  /* where the next leaf goes, unless it has to start over at 0 */
};

/* The block row read last, and how far it was walked. */
struct leaf_block {
    struct box bytes;
    bool used;
    uint64_t first;
    uint64_t next; /* the leaf at next_at, first <= next */
    size_t next_at;
    size_t len;
};

struct leaf {
    unsigned kind;
    uint64_t time_ms;
    struct span body;
    struct span beside;
    uint32_t sum;
};

enum log_sql {
    LOG_SQL_BLOCK_PUT,
    LOG_SQL_BLOCK_GET,
    LOG_SQL_BLOCK_LAST,
    LOG_SQL_TILE_PUT,
    LOG_SQL_TILE_GET,
    LOG_SQL_HEAD_PUT,
    LOG_SQL_HEAD_GET,
    LOG_SQL_COUNT
};

struct leaf_log {
    struct stmt *q[LOG_SQL_COUNT];
    struct db *db;
    struct leaf_ring ring;
    struct leaf_block block;
    uint64_t size;
    uint64_t written; /* leaves in rows, those of the open transaction included */
    uint64_t committed;
    uint64_t mark;            /* size at the savepoint */
    uint64_t time_ms;         /* of the last leaf */
    uint64_t time_committed;  /* the same at the last commit */
    uint64_t time_mark;       /* the same at the savepoint */
    bool marked;              /* a savepoint is open: nothing is written before it ends */
    bool stale;               /* an append failed half way: only a rollback helps */
    struct merkle_edge right; /* of the size that paths were asked for last */
    uint64_t stamp;
    uint64_t head_size;
    size_t head_len;
    bool head_dirty;   /* newer than the row */
    unsigned head_age; /* commits that appended since the row was written */
    bool head_written; /* by the open transaction */
    uint8_t head[LOG_CHECKPOINT_MAX];
    struct edge edge[LOG_LEVELS];
    struct slot slot[SLOTS];
};

/* Tiles of a level that are complete in a tree of this size. */
static inline uint64_t tiles_of(unsigned level, uint64_t size)
{
    return size >> (8 * (level + 1));
}

/* merkle_subtree_fn: from the right edge in memory or from a completed tile. */
MUST_USE enum err log_subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out);
/* A completed tile, expanded. */
MUST_USE enum err log_tile(struct leaf_log *log, unsigned level, uint64_t number,
                           struct slot **out);
void log_slots_drop(struct leaf_log *log);

/* Put a leaf behind the others and count nothing yet. ERR_BUSY: the savepoint keeps too many. */
MUST_USE enum err leaves_add(struct leaf_log *log, const struct leaf *leaf);
/* Write what is not in rows yet. */
MUST_USE enum err leaves_flush(struct leaf_log *log);
/* Nothing at or above `size` exists any more, and `written` leaves are in rows. */
void leaves_cut(struct leaf_log *log, uint64_t size, uint64_t written);
/* Unwritten leaves are so many that they should be written before more come. */
bool leaves_crowded(const struct leaf_log *log);
/* From memory, or from its row; `stored`: from its row if it has one. */
MUST_USE enum err leaves_get(struct leaf_log *log, uint64_t index, bool stored, struct leaf *out);
bool leaves_in_memory(const struct leaf_log *log, uint64_t index);
/* How many there are in rows, and the time of the last. */
MUST_USE enum err leaves_count(struct leaf_log *log, uint64_t *size, uint64_t *time_ms);

/* Visit leaves [from, to) with their hashes; *at is where it stopped. A gap in their numbers is
 * a changed log. */
typedef enum err log_visit_fn(void *ctx, uint64_t index, const merkle_hash hash);
MUST_USE enum err log_visit(struct leaf_log *log, uint64_t from, uint64_t to, log_visit_fn *visit,
                            void *ctx, uint64_t *at);

/* Make the tree that of `size` leaves, which are in rows or in memory. */
MUST_USE enum err log_rewind(struct leaf_log *log, uint64_t size);

#endif
