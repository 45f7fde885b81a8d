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
 *
 * Thread rule: the core's thread.
 */
#ifndef CORE_PEERS_H
#define CORE_PEERS_H

#include "base/err.h"
#include "core/core.h"

enum { PEER_REFUSAL_CODES = 8, PEER_MEMBER_MAX = 41 };

struct refusal_count {
    enum err code;
    uint32_t count;
};

struct peer {
    char user_id[CORE_USER_ID_MAX];
    char member[PEER_MEMBER_MAX];
    bool ready;               /* said hello on its present connection */
    uint32_t window_messages; /* most envelopes out without a receipt */
    uint32_t window_bytes;
    uint32_t out_messages;
    uint32_t out_bytes;
    uint64_t paused_until_ms; /* it does not take more before that */
    uint64_t stream_sent;     /* highest receipt number sent on this connection */
    uint64_t bucket_ms;       /* when the bucket was last filled */
    uint32_t bucket;
    bool heard;              /* it sent something in the open batch */
    uint32_t acks_due;       /* frames of receipts taken in the open transaction */
    uint8_t equivocated[32]; /* second env_id of the last evidence */
    uint64_t refused_since_ms;
    size_t refused_count;
    struct refusal_count refused[PEER_REFUSAL_CODES];
};

struct peers {
    struct peer *rows; /* owns CORE_PEER_MAX */
    uint32_t count;
};

MUST_USE enum err peers_open(struct peers *peers);
void peers_close(struct peers *peers);

/* Find or add. ERR_FIELD_VALUE when the user id is not "<member>/<hex>"; ERR_BUSY when full. */
MUST_USE enum err peers_find(struct peers *peers, const char *user_id, uint32_t *number);

/* Take one token of rate_per_s; ERR_BUSY when there is none. */
MUST_USE enum err peer_take_token(struct peer *peer, uint32_t rate_per_s, uint64_t now_ms);

void peer_count_refusal(struct peer *peer, enum err code, uint64_t now_ms);

/* Refusals of a finished second, for one leaf. False when there are none yet. */
bool peer_take_refusals(struct peer *peer, uint64_t now_ms, struct refusal_count *out,
                        size_t *count);

#endif
