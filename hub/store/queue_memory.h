/*
 * queue_memory - what the queue remembers about rows without writing it: leases, and per
 * recipient where the next claim looks and how much is queued.
 *
 * All of it is either rebuilt from rows when it is dropped or a hint that costs a look too many.
 * Thread rule: that of the queue; internal to it.
 */
#ifndef STORE_QUEUE_MEMORY_H
#define STORE_QUEUE_MEMORY_H

#include "store/queue.h"

struct lease {
    uint64_t seq;
    uint64_t lessee; /* 0: free slot */
    uint64_t until_ms;
    uint64_t due_ms;       /* of the row */
    uint64_t number;       /* delivery number, 0: none */
    uint64_t conversation; /* conversation_bit, 0 without a number */
    uint32_t member;       /* index */
    uint8_t state;
    uint8_t lane;
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
    uint64_t dry_until_ms; /* nothing to find before this moment */
};

/* Where one adapter of a member looks next. What may go depends on who asks: a conversation
 * that is closed to one lessee is open to the one that has it. */
struct view {
    uint64_t lessee;
    uint64_t stamp;
    struct lane lanes[2][QUEUE_LANES]; /* ready and waiting */
};

enum { VIEWS = 4 }; /* adapters of one member that claim in turn without starting over */

struct queue_member {
    char name[STORE_MEMBER_MAX + 1];
    bool counted;      /* count[] is true */
    bool max_known;    /* no row has a seq above max_seq */
    uint32_t touched;  /* epoch in which count[] changed last */
    uint64_t count[4]; /* by state */
    uint64_t max_seq;
    uint32_t leased;
    struct view *views; /* [VIEWS]; owns; NULL before the first claim */
};

enum { LEASE_TABLE = 2 * QUEUE_LEASES_MAX };

struct queue_memory {
    uint32_t epoch;              /* one for each transaction; 0 never */
    struct queue_member *member; /* owns; index is stable */
    uint32_t member_count;
    uint32_t member_cap;
    uint32_t *index;     /* owns; hash table of member + 1, 2 * member_cap long */
    struct lease *lease; /* owns; hash table, LEASE_TABLE long */
    uint32_t lease_count;
    uint32_t scan_at;
    uint64_t stamp;
    uint64_t lease_due_ms; /* not later than the earliest end */
};

MUST_USE enum err queue_memory_init(struct queue_memory *m);
void queue_memory_fini(struct queue_memory *m);

/* The member's index, making it known. ERR_TOO_LARGE beyond QUEUE_MEMBERS_MAX. */
MUST_USE enum err member_index(struct queue_memory *m, const char *name, uint32_t *out);
/* False when nothing was ever queued for it since start. */
bool member_find(const struct queue_memory *m, const char *name, uint32_t *out);
/* The view of a lessee, made or taken from the one that asked longest ago. */
MUST_USE enum err member_view(struct queue_memory *m, struct queue_member *member, uint64_t lessee,
                              struct view **out);

/* One bit that stands for a conversation; two may share it, which costs a look too many. */
uint64_t conversation_bit(const uint8_t conversation[static STORE_ID_LEN]);

/* A row at this place may be claimed (again). */
void lane_offer(struct queue_member *member, uint8_t state, uint8_t lane, struct place place);
/* The row there was passed over because of its conversation. */
void lane_skip(struct lane *lane, struct place place, uint64_t conversation);
/* A conversation moved on: look again at what was passed over because of it. */
bool view_unblock(struct view *view, uint64_t conversation); /* true: there was something */
void views_unblock(struct queue_member *member, uint64_t conversation);
/* Forget every hint, and counts that the transaction changed. */
void queue_memory_drop(struct queue_memory *m);

struct lease *lease_find(const struct queue_memory *m, uint32_t member, uint64_t seq);
/* ERR_QUOTA when all are out. */
MUST_USE enum err lease_add(struct queue_memory *m, const struct lease *lease);
void lease_remove(struct queue_memory *m, struct lease *lease);
struct lease *lease_overdue(struct queue_memory *m, uint64_t now_ms);

#endif
