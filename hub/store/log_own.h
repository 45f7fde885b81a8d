/* log_own - what the files of the log share; internal to it. */
#ifndef STORE_LOG_OWN_H
#define STORE_LOG_OWN_H

#include "store/box.h"
#include "store/log.h"

enum {
    SLOTS = 8, /* completed tiles kept expanded: what one group commit touches */
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

enum log_sql {
    LOG_SQL_APPEND,
    LOG_SQL_GET,
    LOG_SQL_LAST,
    LOG_SQL_TILE_PUT,
    LOG_SQL_TILE_GET,
    LOG_SQL_RANGE,
    LOG_SQL_HEAD_PUT,
    LOG_SQL_HEAD_GET,
    LOG_SQL_COUNT
};

struct leaf_log {
    struct stmt *q[LOG_SQL_COUNT];
    struct db *db;
    struct box body;
    uint64_t size;
    uint64_t committed;
    uint64_t mark; /* size at the savepoint */
    bool stale;    /* an append failed half way: only a rollback helps */
    uint64_t stamp;
    uint64_t head_size;
    size_t head_len;
    bool head_dirty;   /* newer than the row */
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
enum err log_subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out);
/* A completed tile, expanded. */
enum err log_tile(struct leaf_log *log, unsigned level, uint64_t number, struct slot **out);
void log_slots_drop(struct leaf_log *log);

/* Visit leaves [from, to) with their hashes; *at is where it stopped. A gap in their numbers is
 * a changed log. */
typedef enum err log_visit_fn(void *ctx, uint64_t index, const merkle_hash hash);
enum err log_visit(struct leaf_log *log, uint64_t from, uint64_t to, log_visit_fn *visit, void *ctx,
                   uint64_t *at);

/* Make the tree that of `size` leaves, whose rows are there. */
enum err log_rewind(struct leaf_log *log, uint64_t size);

#endif
