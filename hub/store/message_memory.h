/*
 * message_memory - what messages keep in memory: the frames and rows put or changed lately, and
 * the highest id of each sender. Internal to message.c.
 *
 * Everything here may be missing; nothing here is ever wrong. What a transaction put or changed
 * goes with its rollback, and the rows on the disk are asked instead.
 *
 * Thread rule: that of the db.
 */
#ifndef STORE_MESSAGE_MEMORY_H
#define STORE_MESSAGE_MEMORY_H

#include "store/message.h"

enum {
    FRAME_RING_BYTES = 8 << 20, /* of frames, oldest first out */
    FRAME_RING_FRAMES = 16384,  /* a power of two */
    ROWS = 4096,                /* by hash, in pairs: one takes the place of an older one */
    TOPS = 256,                 /* senders by hash */
};

struct ring_frame {
    uint64_t seq; /* ascending over the ring */
    uint32_t at;
    uint32_t len;
    bool dropped; /* its row is gone, or was when a rollback brought it back */
};

struct frame_ring {
    uint8_t *bytes;           /* owns FRAME_RING_BYTES */
    struct ring_frame *frame; /* owns FRAME_RING_FRAMES; the i-th put is at i % of that */
    uint64_t first;           /* puts that are still here: first … next - 1 */
    uint64_t next;
    uint64_t mark;      /* `next` at the savepoint */
    uint64_t committed; /* `next` at the last commit */
};

/* The highest id of a sender's rows; of a rolled back one it may be too high. */
struct sender_top {
    char sender[STORE_MEMBER_MAX + 1]; /* "": free */
    uint8_t id[STORE_ID_LEN];
};

struct message_memory {
    struct frame_ring ring;
    struct message_row *row; /* owns ROWS */
    uint64_t *row_time;      /* owns ROWS; transaction in which it was put here; 0: free */
    uint64_t transaction;
    struct sender_top *top; /* owns TOPS */
};

MUST_USE enum err kept_init(struct message_memory *m);
void kept_fini(struct message_memory *m);

/* Keep a copy of a frame. */
void kept_frame_put(struct message_memory *m, uint64_t seq, struct span frame);
/* False: ask the disk. */
bool kept_frame_find(const struct message_memory *m, uint64_t seq, struct span *frame);
void kept_frame_drop(struct message_memory *m, uint64_t seq);

void kept_row_put(struct message_memory *m, const struct message_row *row);
const struct message_row *kept_row_find(const struct message_memory *m, const char *sender,
                                        const uint8_t id[static STORE_ID_LEN]);
void kept_row_drop(struct message_memory *m, const char *sender,
                   const uint8_t id[static STORE_ID_LEN]);

/* NULL: not known; ask the disk and say it with kept_top_put. */
const struct sender_top *kept_top_find(const struct message_memory *m, const char *sender);
void kept_top_put(struct message_memory *m, const char *sender,
                  const uint8_t id[static STORE_ID_LEN]);

void kept_committed(struct message_memory *m);
void kept_savepoint(struct message_memory *m);
void kept_rolled_back(struct message_memory *m);
void kept_rolled_back_to(struct message_memory *m);

#endif
