/*
 * link - one authenticated connection to a hub: a ZeroMQ DEALER under CURVE.
 *
 * Guarantees:
 *   1. One part is one frame, on the way folded where that is shorter (schemas/fold.h); a
 *      multipart message from the hub is dropped whole.
 *   2. link_send never blocks. OK means only that the frame was handed over: it may still
 *      be lost, so whoever needs it there sends it again until a receipt comes.
 *   3. While there is no connection nothing is queued (ZMQ_IMMEDIATE): link_send is ERR_BUSY.
 *   4. Reconnecting is done by ZeroMQ: 100 ms to 30 s with jitter; heartbeats end a dead
 *      connection within 15 s. link_events tells connects and losses.
 *   5. link_close ends within LINK_LINGER_MS.
 *
 * The frames are the caller's business, right or wrong: tests use a link to send bytes that
 * no adapter would.
 *
 * Errors: ERR_BUSY (try again when writable), ERR_TOO_LARGE, ERR_CONFIG (endpoint), ERR_INTERNAL.
 * Thread rule: a link is opened, used and closed by one thread.
 */
#ifndef ADAPTERS_SDK_LINK_H
#define ADAPTERS_SDK_LINK_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>

enum {
    LINK_HWM = 100,
    LINK_LINGER_MS = 500,
};

struct link;

/* secret: own CURVE key, 32 bytes, borrowed for the call; server: the hub's public one. */
MUST_USE enum err link_open(struct link **out, const char *endpoint,
                            const uint8_t secret[static 32], const uint8_t own_public[static 32],
                            const uint8_t server[static 32]);
void link_close(struct link **link);

MUST_USE enum err link_send(struct link *link, struct span frame);

/* The next frame, lent until the next call on this link; false when none waits. */
bool link_recv(struct link *link, struct span *frame);

/* Wait at most wait_ms until a frame can be read, or (when want_send) one can be sent, or
 * `fd` (-1: none) can be read; *fd_ready tells the last. */
MUST_USE enum err link_wait(struct link *link, bool want_send, int fd, uint32_t wait_ms,
                            bool *fd_ready);

/* What happened to the connection since the last call. Both may be true (lost, then up). */
struct link_events {
    bool up;
    bool down;
};
struct link_events link_events(struct link *link);

#endif
