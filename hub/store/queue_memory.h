/*
 * queue_memory - what the queue remembers beside its rows: members with their counts, leases, who
 * has which conversation, where the next claim looks, and rows put lately.
 *
 * Counts are exact and written once a commit (table state). Everything else is either
 * rebuilt from rows when it is dropped or a hint that costs a look too many. A rollback drops it
 * for the members that the transaction touched. Thread rule: that of the queue; internal to it.
 */
#ifndef STORE_QUEUE_MEMORY_H
#define STORE_QUEUE_MEMORY_H

#include "store/queue.h"

enum {
    LEASE_TABLE = 2 * QUEUE_LEASES_MAX,
    VIEWS = 8,          /* adapters of one member that claim in turn without starting over */
    NODE_BYTES = 160,   /* a packed row; longer ones are read again */
    NODES = 16384,      /* rows kept: put lately, or in flight */
    RECENT_MAX = 1024,  /* of one lane of one member that nobody has claimed yet */
    ORDER_TABLE = 8192, /* hash buckets */
    NUMBERS = 4096,     /* conversations whose latest delivery number is kept */
    SEEN_WORDS = 8192,  /* bits of conversations that were numbered lately */
    SEEN_MAX = 40000,   /* of them, then it begins anew */
    CLAIM_STATES = 2,   /* READY and WAITING */
};

/* A packed row kept in memory. True while its generation is the member's. */
struct node {
    uint64_t seq;
    uint32_t next; /* index + 1 */
    uint32_t generation;
    uint16_t len;
    uint16_t place_len;
    uint8_t bytes[NODE_BYTES];
};

struct lease {
    uint64_t seq;
    uint64_t lessee; /* 0: free slot */
    uint64_t until_ms;
    uint64_t due_ms; /* of the row */
    uint64_t number; /* delivery number, 0: none */
    uint64_t bytes;  /* of the frame */
    uint32_t member; /* index */
    uint32_t sender; /* index + 1 */
    uint32_t node;   /* index + 1; 0: the row is not kept */
    uint32_t order;  /* index + 1; 0 without a number */
    uint8_t state;
    uint8_t lane;
};

/* A conversation of which one lessee has rows in flight. */
struct order {
    uint8_t conversation[STORE_ID_LEN];
    uint64_t lessee;
    uint64_t upto; /* every outstanding number up to here is leased to the lessee */
    uint32_t member;
    uint32_t generation; /* upto is 0 when it is not the member's */
    uint32_t count;      /* rows in flight; 0: free */
    uint32_t next;       /* index + 1, in the bucket or the free list */
};

/* The latest delivery number of a conversation. */
struct number {
    uint8_t conversation[STORE_ID_LEN];
    uint64_t last;
    uint32_t member; /* index + 1; 0: free */
    uint32_t epoch;  /* transaction that changed it last */
};

/* A position in the order of claiming: by due (0 for ready rows), then by seq. */
struct place {
    uint64_t due_ms;
    uint64_t seq;
};

struct lane {
    struct place at;       /* the next claim looks from here */
    struct place skipped;  /* first row passed over since, because of its conversation */
    uint64_t skipped_bits; /* conversation_bit of all that were passed over; 0: none */
    uint64_t dry_until_ms; /* of waiting rows: nothing to find before this moment */
};

/* Where one adapter of a member looks next. What may go depends on who asks: a conversation
 * that is closed to one lessee is open to the one that has it. */
struct view {
    uint64_t lessee;
    uint64_t stamp;
    struct lane lanes[CLAIM_STATES][QUEUE_LANES];
};

/* Rows of a ready lane in order of seq: all those from seq `from` on that are neither leased nor
 * passed over. Begun when the lane is empty, so that rows pass from the put to the claim unread. */
struct recent {
    uint64_t from; /* STORE_NEVER: nothing is kept */
    uint32_t head; /* node index + 1 */
    uint32_t tail;
    uint32_t count;
};

/* What is written of a member. */
struct tally {
    uint32_t count[4][QUEUE_LANES]; /* rows by state and lane */
    uint64_t bytes_in;              /* of their frames */
    uint64_t rows_out;              /* queued for others, from it */
    uint64_t bytes_out;
    uint64_t tombstones; /* runs */
};

struct queue_member {
    char name[STORE_MEMBER_MAX + 1]; /* "": a number that was never used */
    bool saved;                      /* its row exists */
    bool max_known;                  /* no row has a seq above max_seq */
    uint32_t epoch;                  /* transaction that touched it last */
    uint32_t save;                   /* savepoint after which it was touched last */
    uint32_t claimed;                /* transaction during which a row was leased after a touch */
    uint32_t generation;             /* one more with each rollback */
    struct tally now;
    struct tally marked;    /* at the savepoint, when `save` is that one */
    struct tally committed; /* when `epoch` is that of the open transaction */
    uint64_t max_seq;
    uint8_t numbered_before[STORE_ID_LEN]; /* highest conversation when `seen` began */
    uint8_t numbered[STORE_ID_LEN];        /* highest conversation ever numbered */
    uint32_t seen_round;                   /* of the two; 0: not known yet */
    uint32_t leased[CLAIM_STATES][QUEUE_LANES];
    struct recent recent[QUEUE_LANES];
    struct view *views; /* [VIEWS]; owns; NULL before the first claim */
};

struct queue_memory {
    uint32_t epoch;              /* one for each transaction; 0 never */
    uint32_t save;               /* one for each savepoint; 0 never */
    struct queue_member *member; /* owns; index is stable */
    uint32_t member_count;
    uint32_t member_cap;
    uint32_t *index;   /* owns; hash table of member + 1, 2 * member_cap long */
    uint32_t *touched; /* owns; members of the open transaction, member_cap long */
    uint32_t touched_count;
    struct lease *lease; /* owns; hash table, LEASE_TABLE long */
    uint32_t lease_count;
    uint32_t scan_at;
    uint64_t stamp;
    uint64_t lease_due_ms; /* not later than the earliest end */
    struct node *node;     /* owns; NODES */
    uint32_t node_used;    /* of the array */
    uint32_t node_free;    /* list */
    struct order *order;   /* owns; QUEUE_LEASES_MAX */
    uint32_t *order_head;  /* owns; ORDER_TABLE buckets */
    uint32_t order_used;
    uint32_t order_free;
    struct number *number;    /* owns; NUMBERS, each where its conversation hashes to */
    uint16_t *number_touched; /* owns; those of the open transaction */
    uint32_t number_touched_count;
    uint64_t *seen; /* owns; SEEN_WORDS: a filter of (member, conversation) numbered in a round */
    uint32_t seen_count;
    uint32_t seen_round;
};

MUST_USE enum err queue_memory_init(struct queue_memory *m);
void queue_memory_fini(struct queue_memory *m);

/* --- members */

/* The member's index, making it known. ERR_TOO_LARGE beyond QUEUE_MEMBERS_MAX. */
MUST_USE enum err member_index(struct queue_memory *m, const char *name, uint32_t *out);
/* As it stands in the database; false when the number or name is taken. */
MUST_USE enum err member_restore(struct queue_memory *m, uint64_t number, const char *name,
                                 const struct tally *tally);
/* False when nothing was ever queued for it. */
bool member_find(const struct queue_memory *m, const char *name, uint32_t *out);
/* Its rows or counts change now: remember what to go back to. */
struct queue_member *member_touch(struct queue_memory *m, uint32_t member);
uint64_t tally_rows(const struct tally *t, unsigned state);
/* The view of a lessee, made or taken from the one that asked longest ago. */
MUST_USE enum err member_view(struct queue_memory *m, struct queue_member *member, uint64_t lessee,
                              struct view **out);

/* --- views */

/* One bit that stands for a conversation; two may share it, which costs a look too many. */
uint64_t conversation_bit(const uint8_t conversation[static STORE_ID_LEN]);
/* Conversations are chosen by senders: all their bytes are mixed. */
uint64_t conversation_hash(uint32_t member, const uint8_t conversation[static STORE_ID_LEN]);
/* A row at this place may be claimed (again). */
void lane_offer(struct queue_member *member, unsigned state, unsigned lane, struct place place);
/* The row there was passed over because of its conversation. */
void lane_skip(struct lane *lane, struct place place, uint64_t conversation);
/* A conversation moved on: look again at what was passed over because of it. */
bool view_unblock(struct view *view, uint64_t conversation); /* true: there was something */
void views_unblock(struct queue_member *member, uint64_t conversation);
/* Forget every hint about the member's rows; leases stay. */
void member_forget(struct queue_memory *m, struct queue_member *member);

/* --- rows put lately */

/* Rows of the lane that nobody has. */
uint32_t lane_free(const struct queue_member *member, unsigned state, unsigned lane);
/* A kept row; 0 when there is no room. */
uint32_t node_make(struct queue_memory *m, const struct queue_member *member, uint64_t seq,
                   struct span place, struct span body);
void node_free(struct queue_memory *m, uint32_t node);
static inline struct span node_place(const struct node *n)
{
    return span_of(n->bytes, n->place_len);
}
static inline struct span node_body(const struct node *n)
{
    return span_of(n->bytes + n->place_len, (size_t)n->len - n->place_len);
}
/* A new ready row, before it is counted. False: it is not kept. */
bool recent_put(struct queue_memory *m, struct queue_member *member, unsigned lane, uint64_t seq,
                struct span place, struct span body);
/* A row is free again; takes the node (may be 0). */
void recent_back(struct queue_memory *m, struct queue_member *member, unsigned lane, uint64_t seq,
                 uint32_t node);
/* The row with this seq changed or went, unclaimed. */
void recent_without(struct queue_memory *m, struct queue_member *member, unsigned lane,
                    uint64_t seq);
/* Take the first row off the list; 0 when it is empty. */
uint32_t recent_take(struct queue_memory *m, struct recent *r);
void recent_drop(struct queue_memory *m, struct recent *r);

/* --- conversations in flight */

/* Of this lessee, or NULL. */
struct order *order_find(const struct queue_memory *m, uint32_t member,
                         const uint8_t conversation[static STORE_ID_LEN], uint64_t lessee);
/* Its numbers up to this one are all leased to it, as far as is known; 0: nothing is known. */
uint64_t order_upto(const struct queue_memory *m, const struct order *o);
/* One more row in flight; `proven`: every lower outstanding number is leased to the lessee. */
void order_join(struct queue_memory *m, struct lease *lease,
                const uint8_t conversation[static STORE_ID_LEN], bool proven);
/* The lease's row is not in flight any more; `back`: it is outstanding again. */
void order_leave(struct queue_memory *m, struct lease *lease, bool back);
/* A number became outstanding without a lease. */
void order_number(struct queue_memory *m, uint32_t member,
                  const uint8_t conversation[static STORE_ID_LEN], uint64_t number);

/* A rollback: delivery numbers that the transaction gave are read again. */
void numbers_forget(struct queue_memory *m);

/* --- leases */

struct lease *lease_find(const struct queue_memory *m, uint32_t member, uint64_t seq);
/* ERR_QUOTA when all are out. */
MUST_USE enum err lease_add(struct queue_memory *m, const struct lease *lease, struct lease **out);
/* Ends it; its node, if any, is the caller's. */
void lease_remove(struct queue_memory *m, struct lease *lease);
struct lease *lease_overdue(struct queue_memory *m, uint64_t now_ms);

#endif
