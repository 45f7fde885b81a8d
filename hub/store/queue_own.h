/* queue_own - what the files of the queue share; internal to it. */
#ifndef STORE_QUEUE_OWN_H
#define STORE_QUEUE_OWN_H

#include "store/fresh.h"
#include "store/queue_memory.h"

enum queue_sql {
    QUEUE_SQL_MEMBER_NEXT,
    QUEUE_SQL_MEMBER_PUT,
    QUEUE_SQL_NUMBER_GET,
    QUEUE_SQL_NUMBER_PUT,
    QUEUE_SQL_NUMBER_TOP,
    QUEUE_SQL_PUT,  /* later */
    QUEUE_SQL_KEEP, /* the same, now: running what is recorded unbinds PUT */
    QUEUE_SQL_GET,
    QUEUE_SQL_RANGE,
    QUEUE_SQL_WAITING,
    QUEUE_SQL_NUMBERED,
    QUEUE_SQL_MAX,
    QUEUE_SQL_DROP,
    QUEUE_SQL_MOVE,
    QUEUE_SQL_TOMB_PUT,
    QUEUE_SQL_TOMB_BELOW,
    QUEUE_SQL_TOMB_DROP,
    QUEUE_SQL_TOMB_DONE,
    QUEUE_SQL_COUNT,
};

struct queue {
    struct stmt *q[QUEUE_SQL_COUNT];
    struct fresh *fresh;
    uint64_t leaf_end; /* queue_landed */
    bool held_back;    /* queue_held_back */
    queue_fits_fn *fits;
    void *fits_ctx;
    struct queue_memory memory;
};

/*
 * A row's key: member number, state, lane and seq in one integer, so that the table is in the order
 * of claiming and a row in flight is found and removed without reading.
 */
enum { KEY_SEQ_BITS = 40, KEY_LANE_BITS = 2, KEY_STATE_BITS = 2 };

#define KEY_SEQ_MAX ((UINT64_C(1) << KEY_SEQ_BITS) - 1)

static inline uint64_t key_of(uint32_t member, unsigned state, unsigned lane, uint64_t seq)
{
    return (((uint64_t)(member + 1) << KEY_STATE_BITS | state) << KEY_LANE_BITS | lane)
               << KEY_SEQ_BITS |
           seq;
}

static inline uint64_t key_seq(uint64_t key)
{
    return key & KEY_SEQ_MAX;
}

static inline unsigned key_lane(uint64_t key)
{
    return (unsigned)(key >> KEY_SEQ_BITS) & (QUEUE_LANES - 1);
}

static inline unsigned key_state(uint64_t key)
{
    return (unsigned)(key >> (KEY_SEQ_BITS + KEY_LANE_BITS)) & 3;
}

static inline uint64_t key_member(uint64_t key)
{
    return (key >> (KEY_SEQ_BITS + KEY_LANE_BITS + KEY_STATE_BITS)) - 1;
}

/* What stands beside the key: [place] body. The place is there when the row has a delivery number:
 * member ‖ conversation ‖ number, big-endian, a column of its own with a partial index. */
enum {
    PLACE_LEN = 2 + STORE_ID_LEN + 8,
    CONVERSATION_KEY_LEN = 2 + STORE_ID_LEN, /* the same without the number */
    WAKE_LEN = 2 + 1 + 8 + 5,                /* member ‖ lane ‖ due ‖ seq of a waiting row */
    BODY_MAX = 512,
};

struct packed {
    uint8_t bytes[PLACE_LEN + BODY_MAX];
    size_t place_len; /* PLACE_LEN or 0 */
    size_t len;       /* of all */
};

/* Values below 2^63, seven bits a byte, low ones first, in as few bytes as they need. */
void varint_write(struct writer *w, uint64_t value);
bool varint_take(struct span *from, uint64_t *value);

void place_write(uint8_t out[static PLACE_LEN], uint32_t member,
                 const uint8_t conversation[static STORE_ID_LEN], uint64_t number);
void wake_write(uint8_t out[static WAKE_LEN], uint32_t member, unsigned lane, struct place at);

/* `sender`: its member + 1, 0 when the row names none. */
void row_pack(const struct queue_row *row, uint32_t member, uint32_t sender, struct packed *out);
/* ERR_CORRUPT for anything that row_pack does not write. */
MUST_USE enum err row_unpack(const struct queue_memory *m, uint64_t key, struct span place,
                             struct span body, struct queue_row *out);
/* The row a statement stands at: key, place, body. */
MUST_USE enum err row_read(struct queue *q, struct stmt *s, struct queue_row *out);

/* ---- queue_scan.c: rows that are fresh (fresh.h), and both kinds in the order of their keys.
 * Fresh are only ready rows without a number: no other index names them. */
enum { ROW_KEY_LEN = 8 };

/* A row where a scan stands; borrowed until its next step. */
struct row_at {
    uint64_t key;
    struct span place;
    struct span body;
};

struct row_scan {
    struct queue *q;
    uint64_t fresh_at;
    uint64_t to;
    uint64_t stored_key; /* of the row the statement stands at */
    uint64_t fresh_key;
    bool stored;
    bool stored_end;
    bool fresh;
};

struct span row_key(uint8_t out[static ROW_KEY_LEN], uint64_t key);
bool row_fresh(const struct queue *q, uint64_t key, struct span *body);
MUST_USE enum err row_fresh_put(struct queue *q, uint64_t key, struct span body);
/* ERR_NOT_FOUND: it is in the table. */
MUST_USE enum err row_fresh_drop(struct queue *q, uint64_t key);
fresh_keep_fn row_keep;

/* Rows with a key in [from, to); scan_next is ERR_NOT_FOUND behind the last. One scan at a time. */
void scan_begin(struct queue *q, struct row_scan *scan, uint64_t from, uint64_t to);
MUST_USE enum err scan_next(struct row_scan *scan, struct row_at *out);
MUST_USE enum err scan_end(struct row_scan *scan, enum err err);

/* The first row with a key in [from, to). */
MUST_USE enum err row_first(struct queue *q, uint64_t from, uint64_t to, struct queue_row *out);
/* The row of a member by seq, whatever its state. */
MUST_USE enum err row_find(struct queue *q, uint32_t member, uint64_t seq, struct queue_row *out);

/* The row's delivery number is closed; nothing when it has none. */
MUST_USE enum err queue_tombstone_put(struct queue *q, const struct queue_row *row, uint8_t kind,
                                      uint64_t leaf);

#endif
