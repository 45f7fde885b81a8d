/*
 * endpoint - the only place that opens ZeroMQ sockets: the hub's ROUTER and DEALER clients, for
 * links to other hubs, the start-up self-test and tests. No default of the library is trusted.
 *
 * Guarantees, in the order they matter:
 *   1. A server socket speaks CURVE only, names the ZAP domain "lianshu" and enforces it
 *      (option 93); endpoint_listen fails with ERR_ZAP_DOMAIN when the library refuses any of
 *      these, and with ERR_ADDRESS_IN_USE, ERR_CONFIG when it cannot bind.
 *   2. One message is one frame: anything but (routing id, one part) is dropped and counted,
 *      over several calls if it has very many parts, and never reaches the caller.
 *   3. A frame is never larger than FRAME_MAX; a peer that claims more is cut off.
 *   4. A message without a User-Id is dropped and counted (E102): identity is what the ZAP
 *      handler said about this connection, never what the peer says.
 *   5. endpoint_send never blocks: ERR_BUSY when the peer's queue is full, ERR_UNREACHABLE when
 *      its connection is gone. OK means nothing more than "handed to the library".
 *   6. Routing ids are never set and never taken over: each connection has its own, numbered from a
 *      random beginning, so that no peer can name itself as the next one will be.
 *
 * Received frames are borrowed until the next call on the same endpoint.
 * PROTOCOL.md: Transport. Thread rule: a socket is born, used and closed in one thread.
 */
#ifndef NET_ENDPOINT_H
#define NET_ENDPOINT_H

#include "base/err.h"
#include "base/span.h"

enum {
    ENDPOINT_KEY_LEN = 32,
    ENDPOINT_ROUTE_MAX = 16, /* ours are 5 bytes: the library makes them */
    ENDPOINT_USER_MAX = 64,  /* with NUL */
    ENDPOINT_HWM = 100,
    ENDPOINT_HANDSHAKE_MS = 2000,
    ENDPOINT_LINGER_MS = 500,
    ENDPOINT_HEARTBEAT_MS = 5000,
    ENDPOINT_ADDRESS_MAX = 256,
    ENDPOINT_SKIP_MAX = 256, /* unwanted parts read away per call */
};

#define ENDPOINT_ZAP_DOMAIN "lianshu"

struct endpoint;
struct net_context;

struct route {
    uint8_t len;
    uint8_t id[ENDPOINT_ROUTE_MAX];
};

struct endpoint_in {
    struct route route;           /* all zero on a client */
    char user[ENDPOINT_USER_MAX]; /* User-Id of the connection; "" on a client */
    struct span frame;            /* borrowed: valid until the next call on this endpoint */
};

/* What was dropped before anyone looked at it. */
struct endpoint_drops {
    uint64_t multipart;
    uint64_t no_user;
};

struct endpoint_keys {
    const uint8_t *secret; /* 32 bytes each, borrowed for the call; the library copies them */
    const uint8_t *public;
    const uint8_t *server; /* client only: the key that the server must have; NULL: no CURVE */
};

/* The library's context. All sockets of a process live in one. */
MUST_USE enum err net_context_open(struct net_context **out, struct fault *fault);
void net_context_close(struct net_context **ctx);
void *net_context_zmq(struct net_context *ctx);

/* Bind a CURVE server. The ZAP handler (net/zap.h) must be bound before. */
MUST_USE enum err endpoint_listen(struct endpoint **out, struct net_context *ctx,
                                  const char *address, const uint8_t secret[static 32],
                                  struct fault *fault);

/* A client that is not connected yet, so that it can be watched from its
 * first moment; and connecting it, which returns at once: the handshake goes on behind. */
MUST_USE enum err endpoint_client(struct endpoint **out, struct net_context *ctx,
                                  const char *address, const struct endpoint_keys *keys,
                                  struct fault *fault);
MUST_USE enum err endpoint_dial(struct endpoint *ep, const char *address, struct fault *fault);

/* Watch its connection, before it dials; and the next event, ZMQ_EVENT_…, of those that are given,
 * 0: none now. */
MUST_USE enum err endpoint_watch(struct endpoint *ep, struct net_context *ctx, int events);
unsigned endpoint_event(struct endpoint *ep);
void *endpoint_monitor(struct endpoint *ep); /* for zmq_poll in net/; NULL: not watched */

/* Both in one. */
MUST_USE enum err endpoint_connect(struct endpoint **out, struct net_context *ctx,
                                   const char *address, const struct endpoint_keys *keys,
                                   struct fault *fault);

void endpoint_close(struct endpoint **ep);

/* The next whole message. ERR_NOT_FOUND: none now (or only ones that were dropped). */
MUST_USE enum err endpoint_recv(struct endpoint *ep, struct endpoint_in *in);

/* Hand one frame to the library, folded (schemas/fold.h) where that is shorter. route is ignored
 * on a client. */
MUST_USE enum err endpoint_send(struct endpoint *ep, const struct route *route, struct span frame);

/* The same for a parcel. */
struct parcel;
MUST_USE enum err endpoint_send_parcel(struct endpoint *ep, const struct route *route,
                                       const struct parcel *parcel);

/* The address that is really bound, with a wildcard host made loopback: where a process of
 * this machine can reach it. */
MUST_USE enum err endpoint_address(const struct endpoint *ep,
                                   char out[static ENDPOINT_ADDRESS_MAX]);

const struct endpoint_drops *endpoint_drops(const struct endpoint *ep);
void *endpoint_zmq(struct endpoint *ep); /* for zmq_poll in net/ */

#endif
