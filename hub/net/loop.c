#include "net/loop.h"

#include "base/log.h"
#include "core/core.h"
#include "net/control.h"
#include "net/gather.h"
#include "net/lander.h"
#include "net/links.h"
#include "net/local.h"
#include "net/parcel.h"
#include "net/routes.h"
#include "net/zap.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zmq.h>

_Static_assert((int)ROUTES_MAX == (int)CORE_PEER_MAX &&
                   (int)ENDPOINT_USER_MAX == (int)CORE_USER_ID_MAX,
               "net and core number the same peers");

enum { REPORT_MS = 10000, SECOND_MS = 1000, IDLE_AFTER_MS = 500 };

/* What was refused before the core saw it, when it was last logged. */
struct refusals {
    uint64_t unknown_keys;
    uint64_t revoked;
    uint64_t multipart;
    uint64_t no_user;
};

struct loop {
    struct loop_options opt;
    bool stop;
    bool reload;
    enum err failed;            /* loop_fail */
    struct lander *lander;      /* owns; runs core_land */
    struct core_flight *flight; /* in flight; the worker's */
    struct gather gather;
    bool ticked;        /* core_tick has worked in the open batch */
    bool between;       /* no batch is open */
    uint64_t worked_ms; /* when something last happened */
    bool idle_done;     /* opt.idle has run since something happened */
    struct refusals logged;
    uint64_t logged_ms;
    uint64_t second_ms;                  /* when opt.second is due */
    bool signals, handshakes, questions; /* what the last wait has found, or may have */
    uint8_t gone[CORE_PEER_MAX];         /* peers that did not take an output in this turn */
    bool any_gone;
    struct parcel parcel; /* outputs of one peer, to be sent as one */
};

static struct refusals refusals_of(const struct loop *loop)
{
    const struct endpoint_drops *drops = endpoint_drops(loop->opt.endpoint);
    return (struct refusals){zap_refused(loop->opt.zap), routes_refused(loop->opt.routes),
                             drops->multipart, drops->no_user};
}

/* lander_fn */
static void land(void *flight)
{
    core_land(flight);
}

enum err loop_open(struct loop **out, const struct loop_options *options)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    (*out)->opt = *options;
    (*out)->logged = refusals_of(*out); /* the self-test's own strangers are no news */
    enum err err = lander_open(&(*out)->lander, land);
    if (err != OK)
        loop_close(out);
    return err;
}

void loop_close(struct loop **loop)
{
    if (loop == NULL || *loop == NULL)
        return;
    lander_close(&(*loop)->lander);
    free(*loop);
    *loop = NULL;
}

void loop_stop(struct loop *loop)
{
    loop->stop = true;
}

void loop_fail(struct loop *loop, enum err err)
{
    loop->failed = err;
}

void loop_reload(struct loop *loop)
{
    loop->reload = true;
}

static bool ends_process(enum err err)
{
    return err_class(err) == ERR_CLASS_FATAL || err_class(err) == ERR_CLASS_INTERNAL;
}

/* How long the open batch waits for more; 0: it does not. */
static uint64_t gathers_ms(const struct loop *loop)
{
    return loop->flight != NULL || loop->stop || loop->reload
               ? 0
               : gather_left_ms(&loop->gather, !core_may_wait(loop->opt.core),
                                local_monotonic_ms());
}

/* How long nothing is due. */
static long wait_ms(const struct loop *loop)
{
    const uint64_t now = loop->opt.now_ms();
    const uint64_t due = core_due_ms(loop->opt.core);
    const uint64_t gathers = gathers_ms(loop);
    uint64_t left = due <= now ? 0 : due - now;
    if (loop->stop || loop->reload)
        return 0;
    if (loop->ticked && (loop->flight != NULL || gathers > 0))
        left = LOOP_WAIT_MAX_MS;
    if (gathers > 0 && gathers < left)
        left = gathers;
    return left < LOOP_WAIT_MAX_MS ? (long)left : LOOP_WAIT_MAX_MS;
}

static enum err wait_for_work(struct loop *loop, long timeout_ms)
{
    enum { FIXED = 4 };
    struct pollfd fds[CONTROL_POLL_MAX];
    const bool reads = loop->flight == NULL || !core_full(loop->opt.core);
    zmq_pollitem_t items[FIXED + CONTROL_POLL_MAX + LINKS_POLL_MAX] = {
        {endpoint_zmq(loop->opt.endpoint), 0, reads ? ZMQ_POLLIN : 0, 0},
        {zap_zmq(loop->opt.zap), 0, ZMQ_POLLIN, 0},
        {NULL, loop->opt.signal_fd, ZMQ_POLLIN, 0},
        {NULL, lander_fd(loop->lander), ZMQ_POLLIN, 0},
    };
    size_t count = control_poll(loop->opt.control, fds);
    for (size_t i = 0; i < count; i++)
        items[FIXED + i] = (zmq_pollitem_t){NULL, fds[i].fd,
                                            (short)((fds[i].events & POLLIN ? ZMQ_POLLIN : 0) |
                                                    (fds[i].events & POLLOUT ? ZMQ_POLLOUT : 0)),
                                            0};
    const size_t links = reads ? links_poll(loop->opt.links, &items[FIXED + count]) : 0;
    const bool known = zmq_poll(items, (int)(FIXED + count + links), timeout_ms) >= 0;
    if (!known && errno != EINTR)
        return ERR_INTERNAL;
    loop->handshakes = !known || items[1].revents != 0;
    loop->signals = !known || items[2].revents != 0;
    /* Of a client that is connected a whole question may be in our buffer already. */
    loop->questions = !known || count > 1 || items[FIXED].revents != 0;
    return OK;
}

static void take_signals(struct loop *loop)
{
    struct signalfd_siginfo info;
    while (read(loop->opt.signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            loop->reload = true;
        else
            loop->stop = true;
    }
}

/* Connections to other hubs that came up or went. */
static void take_link_events(struct loop *loop)
{
    struct links_event event;
    while (links_event(loop->opt.links, &event)) {
        if (event.up)
            core_link_up(loop->opt.core, event.peer, loop->opt.now_ms());
        else
            core_peer_gone(loop->opt.core, event.peer, loop->opt.now_ms());
    }
}

/* The next frame, of another hub while those have had less than half of the batch: neither side
 * keeps the other waiting. False: none now. *err: nobody is to see it. */
static bool next_frame(struct loop *loop, size_t count, uint32_t *peer, struct span *frame,
                       enum err *err)
{
    struct endpoint_in in;
    *err = OK;
    if (count < LOOP_BATCH_MAX / 2 && links_recv(loop->opt.links, peer, frame))
        return true;
    if (endpoint_recv(loop->opt.endpoint, &in) != OK)
        return false;
    *frame = in.frame;
    *err = routes_admit(loop->opt.routes, &in, loop->opt.now_ms(), peer);
    if (*err == ERR_REVOKED && *peer < ROUTES_MAX) /* of a session that is still open */
        core_barred(loop->opt.core, *peer, loop->opt.now_ms());
    if (*err == OK && !links_yield(loop->opt.links, *peer))
        *err = ERR_NOT_FEDERATED;
    return true;
}

/* Read one batch. *count is how many frames came; the rest waits for the next turn. */
static enum err take_frames(struct loop *loop, size_t *count)
{
    struct span frame;
    uint32_t peer;
    enum err err;
    *count = 0;
    take_link_events(loop);
    while (*count < LOOP_BATCH_MAX && !core_full(loop->opt.core) &&
           next_frame(loop, *count, &peer, &frame, &err)) {
        *count += 1;
        if (err == OK)
            err = core_frame(loop->opt.core, peer, frame, loop->opt.now_ms());
        if (ends_process(err))
            return err;
    }
    return OK;
}

enum { PEER_GONE = 1, PEER_FULL = 2 };

/* Send what was gathered for one peer, unless it did not take something earlier in this turn. */
static enum err send_parcel(struct loop *loop, struct parcel *parcel)
{
    const uint32_t peer = parcel->peer;
    enum err err = OK;
    if (parcel_len(parcel) > 0 && loop->gone[peer] == 0) {
        struct endpoint *link = links_find(loop->opt.links, peer);
        const struct route *route = link == NULL ? routes_find(loop->opt.routes, peer) : NULL;
        err = link != NULL    ? endpoint_send_parcel(link, NULL, parcel)
              : route != NULL ? endpoint_send_parcel(loop->opt.endpoint, route, parcel)
                              : ERR_UNREACHABLE;
        if (err == ERR_UNREACHABLE)
            routes_gone(loop->opt.routes, peer);
        if (err == ERR_UNREACHABLE || err == ERR_BUSY) {
            loop->gone[peer] = err == ERR_UNREACHABLE ? PEER_GONE : PEER_FULL;
            loop->any_gone = true;
            err = OK;
        }
    }
    parcel_clear(parcel);
    return err;
}

/* Tell the core who did not take its frames. */
static enum err report_gone(struct loop *loop)
{
    enum err err = OK;
    for (uint32_t peer = 0; loop->any_gone && err == OK && peer < CORE_PEER_MAX; peer++) {
        if (loop->gone[peer] == PEER_GONE)
            core_peer_gone(loop->opt.core, peer, loop->opt.now_ms());
        else if (loop->gone[peer] == PEER_FULL)
            err = core_peer_full(loop->opt.core, peer, loop->opt.now_ms());
        loop->gone[peer] = 0;
    }
    loop->any_gone = false;
    return err;
}

/* Send what the commit has justified. A peer that does not take a frame gets no further one in
 * this turn: order within its queue must not break. */
static enum err send_outputs(struct loop *loop, size_t *count)
{
    struct core_output output;
    enum err err = OK;

    *count = 0;
    while (err == OK && core_output(loop->opt.core, &output)) {
        assert(output.peer < CORE_PEER_MAX);
        *count += 1;
        if (parcel_add(&loop->parcel, output.peer, output.frame))
            continue;
        err = send_parcel(loop, &loop->parcel);
        if (!parcel_add(&loop->parcel, output.peer, output.frame))
            return ERR_INTERNAL; /* an empty one takes any frame */
    }
    if (err == OK)
        err = send_parcel(loop, &loop->parcel);
    return err == OK ? report_gone(loop) : err;
}

/* Strangers are counted, not logged one by one: nobody may fill the disk from outside. */
static void report_refusals(struct loop *loop)
{
    const struct refusals seen = refusals_of(loop);
    uint64_t now = local_monotonic_ms();
    if (memcmp(&seen, &loop->logged, sizeof seen) == 0 || now < loop->logged_ms + REPORT_MS)
        return;
    log_warn("refused_at_the_door",
             "unknown_key=%llu no_longer_valid=%llu multipart=%llu no_user=%llu",
             (unsigned long long)seen.unknown_keys, (unsigned long long)seen.revoked,
             (unsigned long long)seen.multipart, (unsigned long long)seen.no_user);
    loop->logged = seen;
    loop->logged_ms = now;
}

static enum err call(loop_call_fn *fn, const struct loop *loop, const char *event)
{
    struct fault fault = {.err = OK};
    if (fn == NULL)
        return OK;
    enum err err = fn(loop->opt.ctx, &fault);
    if (err != OK && fault.err == err)
        log_fault(event, &fault);
    return ends_process(err) ? err : OK;
}

static enum err call_second(struct loop *loop)
{
    const uint64_t now = local_monotonic_ms();
    if (now < loop->second_ms)
        return OK;
    loop->second_ms = now + SECOND_MS;
    enum err err = links_tend(loop->opt.links, loop->opt.now_ms());
    return err != OK ? err : call(loop->opt.second, loop, "second_failed");
}

/* Take what has landed; what needs another flight begins it. */
static enum err take_landed(struct loop *loop, bool *landed)
{
    *landed = loop->flight != NULL && lander_take(loop->lander);
    if (!*landed)
        return OK;
    enum err err = core_landed(loop->opt.core, &loop->flight);
    return err == OK && loop->flight != NULL ? lander_begin(loop->lander, loop->flight) : err;
}

static enum err read_and_tick(struct loop *loop, size_t *frames)
{
    enum err err = take_frames(loop, frames);
    uint64_t now = loop->opt.now_ms();
    if (err != OK || loop->ticked || now < core_due_ms(loop->opt.core))
        return err;
    /* Once a batch: its steps are bounded so that a batch is. */
    loop->ticked = true;
    err = core_tick(loop->opt.core, now);
    return ends_process(err) ? err : OK;
}

static enum err commit(struct loop *loop)
{
    enum err err = core_write(loop->opt.core, loop->opt.now_ms(), &loop->flight);
    if (err == OK && loop->flight != NULL) {
        gather_committed(&loop->gather, core_flight_leaves(loop->flight), local_monotonic_ms());
        err = lander_begin(loop->lander, loop->flight);
    }
    loop->ticked = false;
    loop->between = true;
    return err;
}

/* What is open sets out, then what has landed is told: the worker does not wait for that. */
static enum err commit_and_speak(struct loop *loop, bool landed, size_t *outputs)
{
    enum err err = OK;
    const bool gathers = gathers_ms(loop) > 0;
    if (!gathers)
        err = commit(loop);
    else if (!landed)
        return OK;
    if (err == OK)
        err = core_speak(loop->opt.core, loop->opt.now_ms());
    return err == OK ? send_outputs(loop, outputs) : err;
}

enum err loop_settle(struct loop *loop)
{
    enum err err = OK;
    size_t outputs;
    while (err == OK && loop->flight != NULL) {
        bool landed;
        (void)poll(&(struct pollfd){lander_fd(loop->lander), POLLIN, 0}, 1, -1);
        err = take_landed(loop, &landed);
    }
    if (err == OK)
        err = core_commit(loop->opt.core, loop->opt.now_ms());
    loop->ticked = false;
    loop->between = true;
    return err == OK ? send_outputs(loop, &outputs) : err;
}

static enum err turn(struct loop *loop, size_t *work)
{
    size_t frames = 0;
    size_t outputs = 0;
    bool landed;

    /* Before frames: a handshake that waits holds up a member's first message. */
    enum err err = loop->handshakes ? zap_serve(loop->opt.zap, loop->opt.now_ms()) : OK;
    if (err != OK)
        return ERR_ZAP_DOMAIN;
    if (loop->signals)
        take_signals(loop);
    loop->between = false;
    if ((err = take_landed(loop, &landed)) == OK && !landed)
        err = read_and_tick(loop, &frames);
    if (err == OK && loop->flight == NULL)
        err = commit_and_speak(loop, landed, &outputs);
    if (ends_process(err))
        return err;
    if (loop->questions && control_serve(loop->opt.control) != OK)
        return ERR_INTERNAL;
    *work = frames + outputs;
    return OK;
}

/* Folding the write-ahead log back costs milliseconds: only where nothing has happened for a
 * while, not in every gap between two messages. */
static enum err call_idle(struct loop *loop, size_t work)
{
    uint64_t now_ms = local_monotonic_ms();
    if (work > 0) {
        loop->worked_ms = now_ms;
        loop->idle_done = false;
    }
    if (loop->idle_done || now_ms < loop->worked_ms + IDLE_AFTER_MS)
        return OK;
    loop->idle_done = true;
    return call(loop->opt.idle, loop, "idle_failed");
}

enum err loop_run(struct loop *loop)
{
    enum err err = OK;
    size_t work = 1;
    uint64_t offered;
    while (err == OK && !loop->stop) {
        err = wait_for_work(loop, wait_ms(loop));
        if (err == OK)
            err = turn(loop, &work);
        if (err == OK)
            err = loop->failed;
        if (err == OK &&
            (loop->reload || core_registry_offered(loop->opt.core, &offered).len > 0)) {
            loop->reload = false;
            loop->second_ms = 0; /* other keys: dial again */
            err = loop_settle(loop);
            if (err == OK)
                err = call(loop->opt.reload, loop, "reload_refused");
        }
        if (err == OK && loop->between && loop->flight == NULL)
            err = call(loop->opt.pause, loop, "pause_failed");
        if (err == OK && loop->between && loop->flight == NULL)
            err = call_idle(loop, work);
        if (err == OK && loop->between)
            err = call_second(loop);
        report_refusals(loop);
    }
    if (err == OK)
        err = loop_settle(loop);
    /* Answers that control still owes, "stop" itself among them. */
    if (err == OK)
        err = control_serve(loop->opt.control);
    return err;
}
