/*
 * links - connections to other hubs that are dialled from here: one DEALER for each, with this
 * hub's transport key and the other's from the registry. A hub that dials us comes in by the ROUTER
 * like any member.
 *
 *   links_open ─> links_tend ─> (dialling) ─handshake─> up ─lost─> (dialling) …
 *                      |            ^ new key: another connection, another peer number
 *                      +── the registry no longer confirms the link, or names no key ──> closed
 *
 * Guarantees:
 *   1. A link is dialled while links_source.key answers a key for it, and closed when it does not;
 *      when the key is another one, the connection is another one and so is the peer.
 *   2. The other hub has proven that key (CURVE) before anything of it is read or sent to it: what
 *      links_recv gives comes from the peer that it names.
 *   3. links_recv takes from every link in turn, and nothing here ever waits. The library dials
 *      again by itself with growing pauses (endpoint.h).
 *   4. Where both sides name an address, one connection serves: the hub whose id is the lesser
 *      dials (links_yield).
 *
 * PROTOCOL: hubs. Thread rule: the loop's thread.
 */
#ifndef NET_LINKS_H
#define NET_LINKS_H

#include "net/endpoint.h"
#include "net/federation.h"
#include "net/routes.h"

#include <zmq.h>

enum { LINKS_POLL_MAX = 2 * FEDERATION_DIALLED_MAX };

/* The other hub's transport key as of now, and the User-Id that it would have at our door. Any
 * error: it is not dialled. */
typedef enum err links_key_fn(void *ctx, const struct federation_link *link, uint64_t now_ms,
                              uint8_t key[static ENDPOINT_KEY_LEN],
                              char user[static ENDPOINT_USER_MAX]);

struct links_source {
    const struct federation *federation; /* borrowed for as long as the links are open */
    const char *self;
    const uint8_t *secret; /* 32 bytes each, of this hub's transport key; borrowed likewise */
    const uint8_t *public;
    links_key_fn *key;
    routes_number_fn *number;
    void *ctx; /* of both */
};

struct links;

MUST_USE enum err links_open(struct links **out, struct net_context *net,
                             const struct links_source *source);
void links_close(struct links **links);

/* Dial, hang up and dial anew as the registry has it now: at the start, after a reload, and now and
 * then, for keys end by time. Errors are of this process, not of the other side. */
MUST_USE enum err links_tend(struct links *links, uint64_t now_ms);

/* A connection is there, or is gone. */
struct links_event {
    uint32_t peer;
    bool up;
};
bool links_event(struct links *links, struct links_event *out);

/* What to poll for. */
size_t links_poll(struct links *links, zmq_pollitem_t out[static LINKS_POLL_MAX]);
/* The next frame of any link; false: none now. */
bool links_recv(struct links *links, uint32_t *peer, struct span *frame);

/* Where a peer's frames go out; NULL: it is none that is dialled from here. */
struct endpoint *links_find(struct links *links, uint32_t peer);

/* A frame of this peer came in by the ROUTER. False: we dial it, and that connection counts. */
bool links_yield(struct links *links, uint32_t peer);

#endif
