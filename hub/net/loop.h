/*
 * loop - the hub's thread at work: wait, read, let the core decide, commit, send.
 *
 *            a batch is in flight:   frames ──> core_tick if due ─────────────────────────────+
 *            it has landed:          core_landed ──────────────+                              |
 *   poll ──> none was in flight:     frames ──> core_tick ─────+──> core_write ──> worker ──> |
 *    ^                                                              core_speak ──> send       |
 *    +────────────────────────────────────────────────────────────────── control <────────────+
 *
 * The worker (lander.h) waits for the disk and the signer, and the loop reads and judges the next
 * batch meanwhile. So a batch takes what came while the one before it was in flight. Behind a batch
 * that was not small the open one waits a little for more (gather.h): then core_speak comes first,
 * in the open batch, and core_write in a later turn.
 *
 * Guarantees:
 *   1. Nothing is sent before the transaction that justifies it is on disk and its log head is
 *      signed: outputs are made and fetched only when nothing is in flight but what core_write has
 *      just begun, and core_speak leaves that out.
 *   2. The loop never blocks outside poll (loop_settle excepted, which has the signer's deadline)
 *      and never spins: with nothing to do it waits for the core's next date; with a batch that is
 *      full, or whose time has had its turn, for the one in flight.
 *   3. At most LOOP_BATCH_MAX frames are read per turn, so that time, control and outputs get
 *      their turn under any load.
 *   4. A frame that a peer does not take (queue full, connection gone) is left to redelivery:
 *      the core is told that the peer is gone. Nobody waits for a slow consumer.
 *   5. SIGTERM and SIGINT end it in order: what was read is committed, landed and answered, then it
 *      returns OK.
 *   6. Any FATAL or INTERNAL error of the core, and a dead ZAP handler, is returned at once.
 *
 * Thread rule: the thread that opened sockets and core; the worker's job is core_land.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/err.h"
#include "net/endpoint.h"

enum { LOOP_BATCH_MAX = 256, LOOP_WAIT_MAX_MS = 1000 };

struct control;
struct core;
struct links;
struct routes;
struct zap;

/* Milliseconds since 1970; a function so that tests hold the clock. */
typedef uint64_t loop_now_fn(void);

/* Called between turns, outside any transaction. */
typedef enum err loop_call_fn(void *ctx, struct fault *fault);

struct loop_options {
    struct core *core;
    struct endpoint *endpoint;
    struct zap *zap;
    struct routes *routes;
    struct links *links; /* to other hubs, dialled from here */
    struct control *control;
    int signal_fd; /* signalfd of SIGTERM, SIGINT; SIGHUP reloads */
    loop_now_fn *now_ms;
    loop_call_fn *reload; /* take the registry that another hub offers, or read it again; its
                             refusal is logged, the old one stays */
    loop_call_fn *pause;  /* whenever nothing is open or in flight */
    loop_call_fn *idle; /* when nothing has happened for half a second, once until something does */
    loop_call_fn *second; /* about once a second: what only the system knows, as free space */
    void *ctx;            /* of all four */
};

struct loop;

MUST_USE enum err loop_open(struct loop **out, const struct loop_options *options);
/* Waits for the worker: before core, store and signer are closed. */
void loop_close(struct loop **loop);

/* Until a signal or loop_stop. */
MUST_USE enum err loop_run(struct loop *loop);

/* Let what is in flight land, commit and land what is open, and send what that justifies: for a
 * question whose answer must hold, and for whoever commits on his own. */
MUST_USE enum err loop_settle(struct loop *loop);

/* End after the present turn (control's "stop"). */
void loop_stop(struct loop *loop);

/* End after the present turn with this error: a request of control's met it. */
void loop_fail(struct loop *loop, enum err err);

/* Reload after the present turn (control's "reload"). */
void loop_reload(struct loop *loop);

#endif
