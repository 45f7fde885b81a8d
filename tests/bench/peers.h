/*
 * peers - the bench's load through other brokers: what a back end must do for one of them.
 *
 * A publisher sends messages to its own queue and learns, in order, how many the broker has
 * confirmed. A consumer reads its queue, gives every message to its sink, and acknowledges it. Both
 * are used by one thread each.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include "base/span.h"

enum { PEER_BODY = 1024, PEER_WINDOW = 1024, PEER_PAIRS = 4 };

/* False: this is no message that was sent; the run fails. */
struct peer_sink {
    bool (*take)(void *ctx, struct span message);
    void *ctx;
};

struct peer_target {
    const char *host;
    int port;
    const char *ca;        /* certificate file; NULL: no TLS */
    unsigned queue;        /* 0 … PEER_PAIRS - 1 */
    struct peer_sink sink; /* of a consumer */
};

struct peer_ops {
    const char *name;
    /* NULL when the broker does not answer; `consumer` declares the queue. */
    void *(*open)(const struct peer_target *target, bool consumer);
    void (*close)(void *peer);
    bool (*publish)(void *peer, struct span message);
    /* Send what waits, wait a little for confirmations; more of them in *confirmed. */
    bool (*confirm)(void *peer, uint64_t *confirmed);
    /* Take what is there, acknowledge it; more of them in *consumed. */
    bool (*consume)(void *peer, uint64_t *consumed);
};

extern const struct peer_ops peer_nats;
extern const struct peer_ops peer_rabbitmq;
extern const struct peer_ops peer_mosquitto;

#endif
