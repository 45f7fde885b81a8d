/* fresh_own - what the files of `fresh` share; internal to it.
 *
 *   fresh.c         rows by key: put, find, drop, undo
 *   fresh_blocks.c  their bytes: segments of memory, blocks as rows
 *   fresh_retire.c  the way to the tables
 */
#ifndef STORE_FRESH_OWN_H
#define STORE_FRESH_OWN_H

#include "store/box.h"
#include "store/fresh.h"

enum {
    BUCKETS = 32768,    /* of rows by key */
    LANES = 1024,       /* counts of queue keys by what stands above their seq */
    LANE_SHIFT = 40,    /* of a queue key: queue_own.h */
    BLOCKS = 16384,     /* a ring; more than the window and a transaction ever have */
    SPARE_SEGMENTS = 2, /* kept although nothing is in them */
    SPENT_SHARE = 8,    /* of the warm bytes: what spent blocks may take */
    FEW_SHARE = 512, /* bodies in a block that are less than this part of the warm bytes are few */
};

/*
 * An operation, as it stands in memory and in a block:
 *
 *   u8 kind (| DROP) ‖ u8|key| ‖ u16|head| ‖ u32|body| ‖ key ‖ head ‖ u32 sum ‖ u32 slot ‖ body
 *
 * sum is of all before it. slot is the entry's index and is for memory only: what a block says
 * there means nothing. In memory only, too: OP_AWAY in the first byte of |body|, and then in place
 * of the body u64 block ‖ u32 offset in it.
 */
enum { OP_HEAD = 8, OP_SUM = 4, OP_SLOT = 4, OP_DROP = 0x80, OP_AWAY = 0x80, OP_AWAY_LEN = 12 };

struct op {
    unsigned kind;
    bool drop;
    struct fresh_row row;
    size_t len; /* of the operation, where it stands */
};

/* A row that is fresh; where its latest values are. */
struct entry {
    const uint8_t *op; /* NULL: free */
    uint32_t hash;
    uint32_t next; /* index + 1, in the bucket or the free list */
};

enum undo_kind { UNDO_NEW, UNDO_CHANGED, UNDO_GONE };

struct undo {
    struct entry was;
    uint32_t index;
    enum undo_kind kind;
};

struct segment {
    struct segment *next; /* later bytes */
    uint32_t used;
    uint8_t bytes[FRESH_SEGMENT_BYTES];
};

/* The operations of a commit, or a part of them: one row. In memory all of them, or once it is cold
 * those whose row is fresh. */
struct block {
    uint64_t no;  /* 0: it is no row yet */
    uint64_t end; /* bytes of all rows up to this one */
    struct segment *segment;
    uint32_t from;
    uint32_t len;
};

/* Where everything stood: at the last commit, at the savepoint. */
struct fresh_mark {
    struct segment *segment; /* the last one; NULL: none */
    uint32_t used;           /* of it */
    uint32_t from;           /* where its open block begins */
    uint64_t first;
    uint64_t next;
    uint64_t added;
    size_t undo;
};

enum fresh_sql {
    FRESH_SQL_PUT,
    FRESH_SQL_DROP,
    FRESH_SQL_GET,
    FRESH_SQL_NEXT,
    FRESH_SQL_ENDS,
    FRESH_SQL_COUNT
};

struct fresh {
    struct stmt *q[FRESH_SQL_COUNT];
    struct db *db;
    uint32_t window;
    bool reader;
    struct {
        fresh_keep_fn *keep;
        void *ctx;
    } home[FRESH_KINDS];

    struct entry *entry; /* owns; FRESH_ROWS_MAX */
    uint32_t *bucket;    /* owns; BUCKETS, index + 1 */
    uint32_t entry_used; /* of the array */
    uint32_t entry_free; /* list */
    uint64_t count[FRESH_KINDS];
    uint32_t lane[LANES]; /* queue keys of lanes that share a place here */
    uint64_t seed;        /* of the hash: keys are partly the sender's choice */
    struct undo *undo;    /* owns */
    size_t undo_len;
    size_t undo_cap;

    struct segment *head;      /* owns; in order of their bytes */
    struct segment *tail;      /* operations go here */
    struct segment *cold_head; /* owns; of the blocks before `warm` */
    struct segment *cold_tail;
    struct segment *spare;
    unsigned spare_count;
    uint32_t from;       /* where the open block of the tail begins */
    struct block *block; /* owns; the i-th is at i % BLOCKS */
    uint64_t first;      /* blocks that are still here: first … next - 1 */
    uint64_t next;
    uint64_t warm;   /* those before it are cold; moves at commits only */
    uint64_t added;  /* bytes of new rows in this transaction */
    uint64_t no;     /* of the last row */
    uint64_t far_no; /* the block whose bytes are in `far`; 0: none */
    struct span far_bytes;
    struct box far;
    struct fresh_mark base;
    struct fresh_mark save;

    uint64_t *keys; /* owns; queue keys in order, of `keys_version` */
    size_t key_count;
    size_t key_cap;
    uint64_t version; /* changes with every queue key that comes or goes */
    uint64_t keys_version;
    uint64_t ends[2]; /* of the rows, as a reader saw them last */
};

static inline struct block *block_at(const struct fresh *f, uint64_t i)
{
    return &f->block[i & (BLOCKS - 1)];
}

/* Bytes of the i-th block and all after it. */
static inline uint64_t bytes_from(const struct fresh *f, uint64_t i)
{
    return block_at(f, f->next - 1)->end - block_at(f, i - 1)->end;
}

static inline uint64_t warm_max(const struct fresh *f)
{
    return f->window / FRESH_WARM_SHARE;
}

/* Of blocks that nothing waits in, before they go. */
static inline uint64_t spent_max(const struct fresh *f)
{
    return warm_max(f) / SPENT_SHARE;
}

/* One that this module wrote and that is in memory. */
void op_at(const uint8_t *at, struct op *out);

/* The row is not fresh any more; undone with the transaction. */
MUST_USE enum err entry_remove(struct fresh *f, uint32_t index);
/* What an operation does to the rows. */
MUST_USE enum err entry_apply(struct fresh *f, uint8_t *at, const struct op *op);
/* The entry whose latest values stand there; false when it is another or gone. */
bool entry_at(const struct fresh *f, const uint8_t *at, const struct op *op, uint32_t *index);

/* Put an operation behind the others; *at is where it is. */
MUST_USE enum err ops_append(struct fresh *f, const struct op *op, uint8_t **at);
/* What the tail holds beyond its last block becomes one. */
MUST_USE enum err block_close(struct fresh *f);
/* The next row of a block that is still fresh; *at is the cursor. */
bool block_next(const struct fresh *f, const struct block *b, const uint8_t **at, struct op *op,
                uint32_t *index);
struct fresh_mark ops_mark(const struct fresh *f);
void ops_rewind(struct fresh *f, const struct fresh_mark *mark);
/* A reader beside the owner: read the blocks again if they changed. */
void blocks_refresh(struct fresh *f);
void segments_free(struct segment *s);
/* Blocks beyond the warm part get cold: nothing of it can be undone any more. */
void blocks_cool(struct fresh *f);
/* Of blocks that went. */
void segments_release(struct fresh *f);

#endif
