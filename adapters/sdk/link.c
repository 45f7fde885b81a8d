#include "adapters/sdk/link.h"

#include "fold.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum {
    HEARTBEAT_MS = 5000,
    HEARTBEAT_TIMEOUT_MS = 15000,
    HANDSHAKE_MS = 2000,
    RECONNECT_MS = 100,
    RECONNECT_MAX_MS = 30000,
    EVENTS_PER_CALL = 64,
    MONITOR_NAME_MAX = 48,
};

struct link {
    void *context;
    void *socket;
    void *monitor;
    zmq_msg_t message;
    uint8_t unfolded[FRAME_MAX]; /* the frame that was lent last, if it came folded */
    uint8_t folded[FRAME_MAX];   /* the frame that is sent */
};

static bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static enum err configure(void *socket, const uint8_t secret[static 32],
                          const uint8_t own_public[static 32], const uint8_t server[static 32])
{
    const int64_t frame_max = FRAME_MAX;

    /* IMMEDIATE: nothing piles up in pipes to a hub that is not there. */
    if (!set_int(socket, ZMQ_IMMEDIATE, 1) || !set_int(socket, ZMQ_LINGER, LINK_LINGER_MS) ||
        !set_int(socket, ZMQ_SNDHWM, LINK_HWM) || !set_int(socket, ZMQ_RCVHWM, LINK_HWM) ||
        !set_int(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS) ||
        !set_int(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS) ||
        !set_int(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) ||
        !set_int(socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS) ||
        !set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS) ||
        zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, 32) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own_public, 32) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, 32) != 0)
        return ERR_INTERNAL;
    return OK;
}

static enum err watch(struct link *l)
{
    char name[MONITOR_NAME_MAX];

    (void)snprintf(name, sizeof name, "inproc://link-%p", (void *)l);
    if (zmq_socket_monitor(l->socket, name,
                           ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) != 0)
        return ERR_INTERNAL;
    l->monitor = zmq_socket(l->context, ZMQ_PAIR);
    if (l->monitor == NULL || !set_int(l->monitor, ZMQ_LINGER, 0) ||
        zmq_connect(l->monitor, name) != 0)
        return ERR_INTERNAL;
    return OK;
}

enum err link_open(struct link **out, const char *endpoint, const uint8_t secret[static 32],
                   const uint8_t own_public[static 32], const uint8_t server[static 32])
{
    enum err err = ERR_INTERNAL;
    struct link *l = calloc(1, sizeof *l);

    *out = NULL;
    if (l == NULL)
        return ERR_NO_MEMORY;
    (void)zmq_msg_init(&l->message); /* cannot fail */
    l->context = zmq_ctx_new();
    if (l->context == NULL)
        goto out;
    l->socket = zmq_socket(l->context, ZMQ_DEALER);
    if (l->socket == NULL)
        goto out;
    if ((err = configure(l->socket, secret, own_public, server)) != OK)
        goto out;
    if ((err = watch(l)) != OK)
        goto out;
    if (zmq_connect(l->socket, endpoint) != 0) {
        err = ERR_CONFIG;
        goto out;
    }
    *out = l;
    l = NULL;
    err = OK;

out:
    link_close(&l);
    return err;
}

void link_close(struct link **link)
{
    struct link *l = *link;

    if (l == NULL)
        return;
    (void)zmq_msg_close(&l->message); /* always initialised */
    if (l->monitor != NULL) {
        (void)zmq_socket_monitor(l->socket, NULL, 0); /* ends the events; closing follows */
        (void)zmq_close(l->monitor);
    }
    if (l->socket != NULL)
        (void)zmq_close(l->socket);
    if (l->context != NULL)
        (void)zmq_ctx_term(l->context); /* bounded by LINGER */
    free(l);
    *link = NULL;
}

enum err link_send(struct link *l, struct span frame)
{
    if (frame.len == 0 || frame.len > FRAME_MAX)
        return ERR_TOO_LARGE;
    const struct span bytes = fold_out(frame, l->folded);
    if (zmq_send(l->socket, bytes.data, bytes.len, ZMQ_DONTWAIT) >= 0)
        return OK;
    return errno == EAGAIN || errno == EINTR ? ERR_BUSY : ERR_INTERNAL;
}

/* Drop what is left of a multipart message. */
static void drop_rest(struct link *l)
{
    while (zmq_msg_more(&l->message))
        if (zmq_msg_recv(&l->message, l->socket, ZMQ_DONTWAIT) < 0)
            return;
}

bool link_recv(struct link *l, struct span *frame)
{
    for (int i = 0; i < EVENTS_PER_CALL; i++) {
        if (zmq_msg_recv(&l->message, l->socket, ZMQ_DONTWAIT) < 0)
            return false;
        if (!zmq_msg_more(&l->message)) {
            const size_t len = zmq_msg_size(&l->message);
            *frame = fold_in(span_of(zmq_msg_data(&l->message), len), l->unfolded);
            return true;
        }
        drop_rest(l);
    }
    return false;
}

enum err link_wait(struct link *l, bool want_send, int fd, uint32_t wait_ms, bool *fd_ready)
{
    zmq_pollitem_t items[3] = {
        {.socket = l->socket, .events = (short)(ZMQ_POLLIN | (want_send ? ZMQ_POLLOUT : 0))},
        {.socket = l->monitor, .events = ZMQ_POLLIN},
        {.fd = fd, .events = ZMQ_POLLIN},
    };

    *fd_ready = false;
    if (zmq_poll(items, fd >= 0 ? 3 : 2, (long)wait_ms) < 0)
        return errno == EINTR ? OK : ERR_INTERNAL;
    *fd_ready = fd >= 0 && (items[2].revents & ZMQ_POLLIN) != 0;
    return OK;
}

/* One event of the monitor: two parts, the first begins with the event's number. */
static bool next_event(struct link *l, uint16_t *event)
{
    zmq_msg_t part;
    bool got = false;

    (void)zmq_msg_init(&part); /* cannot fail */
    if (zmq_msg_recv(&part, l->monitor, ZMQ_DONTWAIT) >= 0 &&
        zmq_msg_size(&part) >= sizeof *event) {
        memcpy(event, zmq_msg_data(&part), sizeof *event);
        got = true;
    }
    while (got && zmq_msg_more(&part))
        if (zmq_msg_recv(&part, l->monitor, ZMQ_DONTWAIT) < 0)
            break;
    (void)zmq_msg_close(&part); /* initialised above */
    return got;
}

struct link_events link_events(struct link *l)
{
    struct link_events events = {false, false};
    uint16_t event;

    for (int i = 0; i < EVENTS_PER_CALL && next_event(l, &event); i++) {
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            events.up = true;
        if (event == ZMQ_EVENT_DISCONNECTED) {
            events.up = false; /* the last event counts */
            events.down = true;
        }
    }
    return events;
}
