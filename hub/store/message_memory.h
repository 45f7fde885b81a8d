/*
 * message_memory - what messages keep in memory: the rows put, read or changed lately, and
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
    ROWS = 4096, /* by hash, in pairs: one takes the place of an older one */
    TOPS = 256,  /* senders by hash */
};

/* The highest id of a sender's rows; of a rolled back one it may be too high. */
struct sender_top {
    char sender[STORE_MEMBER_MAX + 1]; /* "": free */
    uint8_t id[STORE_ID_LEN];
};

struct message_memory {
    struct message_row *row; /* owns ROWS */
    uint64_t *row_time;      /* owns ROWS; transaction in which it was put here; 0: free */
    uint64_t transaction;
    struct sender_top *top; /* owns TOPS */
};

MUST_USE enum err kept_init(struct message_memory *m);
void kept_fini(struct message_memory *m);

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
void kept_rolled_back(struct message_memory *m);

#endif
