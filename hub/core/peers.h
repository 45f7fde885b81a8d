/*
 * peers - adapters that have been heard, what each may have out, and what it did wrong.
 *
 * A peer is one transport key. Several peers may belong to one member and share its queue.
 *
 *   (unknown) ──core_peer──> KNOWN ──hello──> READY ──gone──> KNOWN
 *                                             ^   | full
 *                                             +───+ paused for a moment
 *
 * Guarantees:
 *   1. A peer's number never changes and is never given to another user id.
 *   2. A bucket never goes below zero and refills by time alone; time never runs backwards
 *      in it.
 *   3. Refusals are counted per peer, code and second; a count is taken once.
 *   4. peers_wake marks every peer of a member, and only those, in time that does not depend on
 *      how many other peers there are.
 *   5. A breaker opens after BREAKER_LEASES leases that ran out one after another and lets one
 *      envelope through at growing intervals until the adapter answers.
 *
 *   breaker: CLOSED ──BREAKER_LEASES overdue──> OPEN ──interval passed──> PROBING (one envelope)
 *              ^                                  ^                          |
 *              +────── any receipt, or hello ─────+────────── overdue ───────+
 *
 * Thread rule: the core's thread.
 */
#ifndef CORE_PEERS_H
#define CORE_PEERS_H

#include "base/err.h"
#include "core/core.h"

enum {
    PEER_REFUSAL_CODES = 8,
    PEER_MEMBER_MAX = 41,
    PEER_ADAPTER_LEN = 8,
    PEER_NONE = CORE_PEER_MAX,      /* no peer's number */
    PEER_SLOTS = 2 * CORE_PEER_MAX, /* of the table of members, a power of two */
    BREAKER_LEASES = 8,
    BREAKER_FIRST_MS = 1000,
    BREAKER_MAX_MS = 300 * 1000,
    DOOR_BURST = 3000,   /* connections of one key at once, and then … */
    DOOR_EACH_MS = 1000, /* … one in that time: T-07 */
};

/* What may have changed for a peer since it was looked at. */
enum {
    WAKE_QUEUE = 1 << 0,  /* envelopes */
    WAKE_STREAM = 1 << 1, /* receipts */
};

/* Plain value; zeros: full at its first use. */
struct bucket {
    uint64_t filled_ms;
    uint32_t level;
};

struct refusal_count {
    enum err code;
    uint32_t count;
};

/* The stream of receipts that comes from a link: numbers up to which all is taken in the open
 * batch, is in flight, has landed, was acknowledged. */
struct peer_stream {
    bool known; /* a frame of it has come on this connection */
    uint64_t taken;
    uint64_t flying;
    uint64_t landed;
    uint64_t acked;
};

struct peer {
    char user_id[CORE_USER_ID_MAX];
    char member[PEER_MEMBER_MAX];
    uint8_t adapter[PEER_ADAPTER_LEN]; /* what its user id says after the slash; zeros: not so */
    bool mirror;                       /* it keeps one, its hello says */
    bool hub;                          /* its member is another hub */
    bool dialled;                      /* by us, and the connection is there: we say hello first */
    uint32_t sibling;                  /* next peer of the same member, PEER_NONE: last */
    bool ready;                        /* said hello on its present connection */
    uint64_t hello_ms;                 /* when it did last */
    unsigned wake;                     /* WAKE_…: look there at the next commit */
    uint64_t look_ms;                  /* look into the queue at this moment in any case */
    uint32_t window_messages;          /* most envelopes out without a receipt */
    uint32_t window_bytes;
    uint32_t out_messages;
    uint32_t out_bytes;
    uint64_t paused_until_ms; /* it does not take more before that */
    uint64_t stream_sent;     /* highest receipt number sent on this connection */
    uint32_t overdue_count;   /* leases that ran out since it last answered */
    uint32_t breaker_step;    /* how often the breaker opened since */
    uint64_t breaker_ms;      /* when it lets the next probe through */
    uint64_t ack_number;      /* acknowledged by the adapter, not written yet; 0: none */
    struct bucket bucket;
    struct bucket door; /* connections that its key may make */
    bool heard;         /* it sent something in the open batch */
    /* Frames of receipts that came from it: in the open batch, in flight, to be acknowledged. */
    uint32_t acks_open;
    uint32_t acks_flying;
    uint32_t acks_due;
    struct peer_stream in;
    uint64_t unknown_ms; /* since when its stream waits for a key that is not known; 0: never did */
    uint64_t again_ms;   /* when it is asked for that part again; 0: not */
    bool barred;         /* its transport key is revoked … */
    bool barred_told;    /* … and it was told so */
    struct volume_row *volume; /* its member's: volumes.h; NULL: not counted yet */
    uint64_t revoked_ms;       /* when an envelope was last refused with E411 and a receipt */
    size_t amended;            /* amendments that it has, or was sent, in our order */
    uint8_t amendments[2][32]; /* digests of ours and its, when all was sent last */
    uint8_t equivocated[32];   /* second env_id of the last evidence */
    uint64_t refused_since_ms;
    size_t refused_count;
    struct refusal_count refused[PEER_REFUSAL_CODES];
};

struct peers {
    struct peer *rows; /* owns CORE_PEER_MAX */
    uint32_t *first;   /* owns PEER_SLOTS: the first peer of a member, by hash of its id */
    uint32_t count;
};

MUST_USE enum err peers_open(struct peers *peers);
void peers_close(struct peers *peers);

/* Find or add. ERR_FIELD_VALUE when the user id is not "<member>/<hex>"; ERR_BUSY when full. */
MUST_USE enum err peers_find(struct peers *peers, const char *user_id, uint32_t *number);

/* Mark the peers of a member; `what` is WAKE_…. A member without peers is nobody. */
void peers_wake(struct peers *peers, const char *member, unsigned what);

/* A lease of this peer ran out; jitter 0…65535 spreads the next probe. True: the breaker opened. */
bool peer_overdue(struct peer *peer, uint64_t now_ms, uint16_t jitter);
/* It answered, or connected anew. */
void peer_answered(struct peer *peer);
/* Its connection is another one: nothing is acknowledged on it. */
void peer_forget_acks(struct peer *peer);
/* How many envelopes the breaker lets out beside those that are out. */
uint32_t peer_allows(const struct peer *peer, uint64_t now_ms);

/* One more connection of this peer's key; ERR_BUSY: it has made too many. */
MUST_USE enum err peer_enters(struct peer *peer, uint64_t now_ms);

/* Take one token of rate_per_s; ERR_BUSY when no more than `reserve` are left. */
MUST_USE enum err bucket_take(struct bucket *bucket, uint32_t rate_per_s, uint32_t reserve,
                              uint64_t now_ms);
MUST_USE enum err peer_take_token(struct peer *peer, uint32_t rate_per_s, uint32_t reserve,
                                  uint64_t now_ms);

void peer_count_refusal(struct peer *peer, enum err code, uint64_t now_ms);

/* Refusals of a finished second, for one leaf. False when there are none yet. */
bool peer_take_refusals(struct peer *peer, uint64_t now_ms, struct refusal_count *out,
                        size_t *count);

#endif
