/*
 * site - one client in memory: the adapter's side of the protocol without its disk.
 *
 *   site_open -> (site_greet | endpoint_recv -> site_control …)* -> site_close
 *
 * It verifies what an adapter verifies: checkpoints of the hub's log once each, inclusion of
 * every receipt and statement, batch signatures with a cache of nodes. What it does not do is
 * keep anything: so it measures the hub, not SQLite at both ends.
 *
 * Thread rule: one thread a site.
 */
#ifndef BENCH_SITE_H
#define BENCH_SITE_H

#include "bench/place.h"
#include "keys/receipt.h"
#include "net/endpoint.h"

enum { SITE_OUT_MAX = 512, SITE_HELLO_MS = 2000 };

struct site_frame {
    uint8_t *bytes; /* owns */
    size_t len;
};

struct site {
    char member[MEMBER_MAX + 1];
    const struct place *place; /* borrowed */
    struct keyring *keys;
    struct endpoint *endpoint;
    struct verifier *verifier;
    struct log_reader log;
    struct entropy_pool pool;
    struct entropy entropy; /* of the pool */
    uint64_t stream;        /* highest contiguous receipt number */
    uint64_t ack_due;       /* to be acknowledged; 0: nothing */
    uint32_t credit;        /* messages towards us */
    bool greeted;
    uint64_t hello_ms;
    struct site_frame out[SITE_OUT_MAX]; /* ring: what the library did not take yet */
    size_t out_first;
    size_t out_count;
};

MUST_USE enum err site_open(struct site *s, const struct place *place, struct net_context *net,
                            const char *address, const char *member, uint32_t credit,
                            struct fault *fault);
void site_close(struct site *s);

/* Say hello when it is due. */
MUST_USE enum err site_greet(struct site *s, uint64_t now_ms);
MUST_USE enum err site_say(struct site *s, const lianshu_Control *control);
/* Acknowledge the receipt stream when there is news. */
MUST_USE enum err site_ack(struct site *s);

/* Send a copy, now or by a later site_flush. ERR_BUSY when too much waits. */
MUST_USE enum err site_send(struct site *s, struct span frame);
MUST_USE enum err site_flush(struct site *s);
bool site_clear(const struct site *s); /* nothing waits */

#endif
