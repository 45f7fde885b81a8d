#include "net/endpoint.h"

#include "fold.h"
#include "keys/entropy.h"
#include "net/parcel.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

/* Of the draft API in 4.3.4, stable in the library all the same; the header hides the name. */
enum { OPTION_ZAP_ENFORCE_DOMAIN = 93 };

enum { HANDSHAKE_BACKLOG = 1024, TCP_TIMEOUT_MS = 30000, WATCH_NAME_MAX = 48 };

struct net_context {
    void *zmq;
    unsigned watches; /* named so far: a name is free again only some time after its end */
};

struct endpoint {
    void *socket;
    void *monitor; /* of a client that is watched */
    bool server;
    bool skipping; /* inside a multipart message that is being read away */
    bool held;     /* `frame` holds a message that the caller may still read */
    zmq_msg_t frame;
    struct endpoint_drops drops;
    uint8_t unfolded[FRAME_MAX]; /* the frame that the caller reads, if it came folded */
    uint8_t folded[FRAME_MAX];   /* the frame that is sent */
    uint8_t bundle[FRAME_BUNDLE_MAX];
};

_Static_assert(ENDPOINT_KEY_LEN == 32, "a CURVE key is 32 bytes");

/* The library numbers the connections of a server from rand(), which begins the same everywhere,
 * and aborts the process when a peer has named its own connection as the next one is numbered. */
static void number_connections_from_anywhere(void)
{
    const struct entropy entropy = entropy_system();
    unsigned seed;
    entropy_fill(&entropy, &seed, sizeof seed);
    srandom(seed); /* rand() and random() are one generator here */
}

enum err net_context_open(struct net_context **out, struct fault *fault)
{
    *out = NULL;
    number_connections_from_anywhere();
    struct net_context *ctx = calloc(1, sizeof *ctx);
    if (ctx == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, "zeromq", "context");
    ctx->zmq = zmq_ctx_new();
    if (ctx->zmq == NULL || zmq_has("curve") != 1 || zmq_ctx_set(ctx->zmq, ZMQ_BLOCKY, 0) != 0) {
        net_context_close(&ctx);
        return fault_set(fault, ERR_ZAP_DOMAIN, 0, "zeromq", "the library is built without CURVE");
    }
    *out = ctx;
    return OK;
}

void net_context_close(struct net_context **ctx)
{
    if (ctx == NULL || *ctx == NULL)
        return;
    if ((*ctx)->zmq != NULL) {
        while (zmq_ctx_term((*ctx)->zmq) != 0 && errno == EINTR)
            continue;
    }
    free(*ctx);
    *ctx = NULL;
}

void *net_context_zmq(struct net_context *ctx)
{
    return ctx->zmq;
}

static bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

/* What both ends have in common. IPv6 only where the address asks for it: a machine
 * without it could not bind a wildcard otherwise. */
static bool set_common(void *socket, const char *address)
{
    const int64_t frame_max = FRAME_MAX;
    if (strchr(address, '[') != NULL && !set_int(socket, ZMQ_IPV6, 1))
        return false;
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max) == 0 &&
           set_int(socket, ZMQ_HANDSHAKE_IVL, ENDPOINT_HANDSHAKE_MS) &&
           set_int(socket, ZMQ_SNDHWM, ENDPOINT_HWM) && set_int(socket, ZMQ_RCVHWM, ENDPOINT_HWM) &&
           set_int(socket, ZMQ_LINGER, ENDPOINT_LINGER_MS) &&
           set_int(socket, ZMQ_HEARTBEAT_IVL, ENDPOINT_HEARTBEAT_MS) &&
           set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, 3 * ENDPOINT_HEARTBEAT_MS) &&
           set_int(socket, ZMQ_HEARTBEAT_TTL, 3 * ENDPOINT_HEARTBEAT_MS) &&
           set_int(socket, ZMQ_TCP_MAXRT, TCP_TIMEOUT_MS);
}

static bool set_server(void *socket, const uint8_t *secret)
{
    return set_int(socket, ZMQ_ROUTER_MANDATORY, 1) && set_int(socket, ZMQ_ROUTER_HANDOVER, 0) &&
           set_int(socket, ZMQ_BACKLOG, HANDSHAKE_BACKLOG) &&
           set_int(socket, ZMQ_CURVE_SERVER, 1) &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, ENDPOINT_KEY_LEN) == 0 &&
           zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, ENDPOINT_ZAP_DOMAIN,
                          sizeof ENDPOINT_ZAP_DOMAIN - 1) == 0 &&
           set_int(socket, OPTION_ZAP_ENFORCE_DOMAIN, 1);
}

/* The library accepts options it does not honour: read back what safety hangs on. */
static bool server_is_safe(void *socket)
{
    char domain[32];
    size_t domain_len = sizeof domain;
    int mechanism = -1;
    int enforced = 0;
    size_t int_len = sizeof mechanism;
    if (zmq_getsockopt(socket, ZMQ_MECHANISM, &mechanism, &int_len) != 0 || mechanism != ZMQ_CURVE)
        return false;
    int_len = sizeof enforced;
    if (zmq_getsockopt(socket, OPTION_ZAP_ENFORCE_DOMAIN, &enforced, &int_len) != 0 ||
        enforced != 1)
        return false;
    return zmq_getsockopt(socket, ZMQ_ZAP_DOMAIN, domain, &domain_len) == 0 &&
           domain_len == sizeof ENDPOINT_ZAP_DOMAIN &&
           memcmp(domain, ENDPOINT_ZAP_DOMAIN, domain_len) == 0;
}

static enum err bind_error(int number, const char *address, struct fault *fault)
{
    switch (number) {
    case EADDRINUSE:
        return fault_set(fault, ERR_ADDRESS_IN_USE, 0, address, "%s", zmq_strerror(number));
    case EACCES:
        return fault_set(fault, ERR_PERMISSION, 0, address, "%s", zmq_strerror(number));
    default:
        return fault_set(fault, ERR_CONFIG, 0, address, "bind: expected tcp://ADDRESS:PORT: %s",
                         zmq_strerror(number));
    }
}

static enum err endpoint_new(struct endpoint **out, struct net_context *ctx, int type,
                             struct fault *fault)
{
    struct endpoint *ep = calloc(1, sizeof *ep);
    if (ep == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, "zeromq", "socket");
    ep->socket = zmq_socket(ctx->zmq, type);
    if (ep->socket == NULL) {
        free(ep);
        return fault_set(fault, ERR_NO_MEMORY, 0, "zeromq", "%s", zmq_strerror(errno));
    }
    *out = ep;
    return OK;
}

enum err endpoint_listen(struct endpoint **out, struct net_context *ctx, const char *address,
                         const uint8_t secret[static 32], struct fault *fault)
{
    struct endpoint *ep = NULL;

    *out = NULL;
    if (strncmp(address, "tcp://", 6) != 0)
        return fault_set(fault, ERR_CONFIG, 0, address, "bind: expected tcp://ADDRESS:PORT");
    enum err err = endpoint_new(&ep, ctx, ZMQ_ROUTER, fault);
    if (err != OK)
        return err;
    ep->server = true;

    if (!set_common(ep->socket, address) || !set_server(ep->socket, secret) ||
        !server_is_safe(ep->socket)) {
        err = fault_set(fault, ERR_ZAP_DOMAIN, 0, "zeromq", "a safety option is not accepted: %s",
                        zmq_strerror(errno));
        goto out;
    }
    if (zmq_bind(ep->socket, address) != 0) {
        err = bind_error(errno, address, fault);
        goto out;
    }
    *out = ep;
    ep = NULL;
    err = OK;

out:
    endpoint_close(&ep);
    return err;
}

static bool set_client(void *socket, const struct endpoint_keys *keys)
{
    if (!set_int(socket, ZMQ_IMMEDIATE, 1) || !set_int(socket, ZMQ_RECONNECT_IVL, 100) ||
        !set_int(socket, ZMQ_RECONNECT_IVL_MAX, 30000))
        return false;
    if (keys->server == NULL)
        return true;
    return zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys->server, ENDPOINT_KEY_LEN) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public, ENDPOINT_KEY_LEN) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret, ENDPOINT_KEY_LEN) == 0;
}

enum err endpoint_client(struct endpoint **out, struct net_context *ctx, const char *address,
                         const struct endpoint_keys *keys, struct fault *fault)
{
    *out = NULL;
    enum err err = endpoint_new(out, ctx, ZMQ_DEALER, fault);
    if (err != OK)
        return err;
    if (set_common((*out)->socket, address) && set_client((*out)->socket, keys))
        return OK;
    err = fault_set(fault, ERR_CONFIG, 0, address, "client: %s", zmq_strerror(errno));
    endpoint_close(out);
    return err;
}

enum err endpoint_dial(struct endpoint *ep, const char *address, struct fault *fault)
{
    if (zmq_connect(ep->socket, address) != 0)
        return fault_set(fault, ERR_CONFIG, 0, address, "connect: %s", zmq_strerror(errno));
    return OK;
}

enum err endpoint_watch(struct endpoint *ep, struct net_context *ctx, int events)
{
    char name[WATCH_NAME_MAX];
    snprintf(name, sizeof name, "inproc://watch-%u", ctx->watches++);
    if (zmq_socket_monitor(ep->socket, name, events) != 0)
        return ERR_INTERNAL;
    ep->monitor = zmq_socket(ctx->zmq, ZMQ_PAIR);
    return ep->monitor != NULL && set_int(ep->monitor, ZMQ_LINGER, 0) &&
                   zmq_connect(ep->monitor, name) == 0
               ? OK
               : ERR_INTERNAL;
}

unsigned endpoint_event(struct endpoint *ep)
{
    uint8_t bytes[6];
    char address[ENDPOINT_ADDRESS_MAX];
    if (zmq_recv(ep->monitor, bytes, sizeof bytes, ZMQ_DONTWAIT) != (int)sizeof bytes ||
        zmq_recv(ep->monitor, address, sizeof address, ZMQ_DONTWAIT) < 0)
        return 0;
    uint16_t event;
    memcpy(&event, bytes, sizeof event); /* the library writes host order */
    return event;
}

void *endpoint_monitor(struct endpoint *ep)
{
    return ep->monitor;
}

enum err endpoint_connect(struct endpoint **out, struct net_context *ctx, const char *address,
                          const struct endpoint_keys *keys, struct fault *fault)
{
    enum err err = endpoint_client(out, ctx, address, keys, fault);
    if (err == OK)
        err = endpoint_dial(*out, address, fault);
    if (err != OK)
        endpoint_close(out);
    return err;
}

static void let_go(struct endpoint *ep)
{
    if (ep->held)
        zmq_msg_close(&ep->frame);
    ep->held = false;
}

void endpoint_close(struct endpoint **ep)
{
    if (ep == NULL || *ep == NULL)
        return;
    let_go(*ep);
    if ((*ep)->monitor != NULL) {
        zmq_socket_monitor((*ep)->socket, NULL, 0); /* ends the events */
        zmq_close((*ep)->monitor);
    }
    if ((*ep)->socket != NULL)
        zmq_close((*ep)->socket);
    free(*ep);
    *ep = NULL;
}

/* One part into ep->frame. False: nothing waits. */
static bool take_part(struct endpoint *ep)
{
    let_go(ep);
    if (zmq_msg_init(&ep->frame) != 0)
        return false;
    if (zmq_msg_recv(&ep->frame, ep->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&ep->frame);
        return false;
    }
    ep->held = true;
    return true;
}

/* Read the rest of an unwanted message away. True when its end was reached. A peer may send
 * a million parts: the bound keeps others' turn, `skipping` remembers where we were. */
static bool skip_parts(struct endpoint *ep)
{
    for (int i = 0; ep->skipping && i < ENDPOINT_SKIP_MAX; i++) {
        if (!take_part(ep))
            return false;
        ep->skipping = zmq_msg_more(&ep->frame) == 1;
    }
    let_go(ep);
    return !ep->skipping;
}

static bool take_route(struct endpoint *ep, struct endpoint_in *in)
{
    size_t len = zmq_msg_size(&ep->frame);
    if (len == 0 || len > sizeof in->route.id)
        return false;
    in->route.len = (uint8_t)len;
    memcpy(in->route.id, zmq_msg_data(&ep->frame), len);
    return true;
}

static bool take_user(struct endpoint *ep, struct endpoint_in *in)
{
    const char *user = zmq_msg_gets(&ep->frame, "User-Id");
    if (user == NULL || user[0] == '\0' || strlen(user) >= sizeof in->user)
        return false;
    memcpy(in->user, user, strlen(user) + 1);
    return true;
}

enum err endpoint_recv(struct endpoint *ep, struct endpoint_in *in)
{
    *in = (struct endpoint_in){.frame = {NULL, 0}};
    if (!skip_parts(ep) || !take_part(ep))
        return ERR_NOT_FOUND;

    bool good = true;
    if (ep->server) {
        good = take_route(ep, in) && zmq_msg_more(&ep->frame) == 1;
        ep->skipping = zmq_msg_more(&ep->frame) == 1;
        if (!ep->skipping || !take_part(ep))
            return ERR_NOT_FOUND; /* a routing id alone: no message */
    }
    ep->skipping = zmq_msg_more(&ep->frame) == 1;
    if (!good || ep->skipping) {
        ep->drops.multipart++;
        let_go(ep);
        return ERR_NOT_FOUND;
    }
    if (ep->server && !take_user(ep, in)) {
        ep->drops.no_user++;
        let_go(ep);
        return ERR_NOT_FOUND;
    }
    in->frame = fold_in(span_of(zmq_msg_data(&ep->frame), zmq_msg_size(&ep->frame)), ep->unfolded);
    return OK;
}

static enum err send_error(void)
{
    return errno == EAGAIN ? ERR_BUSY : ERR_UNREACHABLE;
}

static bool send_route(struct endpoint *ep, const struct route *route)
{
    return !ep->server ||
           zmq_send(ep->socket, route->id, route->len, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0;
}

enum err endpoint_send(struct endpoint *ep, const struct route *route, struct span frame)
{
    assert(frame.len <= FRAME_MAX);
    const struct span bytes = fold_out(frame, ep->folded);
    if (!send_route(ep, route) || zmq_send(ep->socket, bytes.data, bytes.len, ZMQ_DONTWAIT) < 0)
        return send_error();
    return OK;
}

enum err endpoint_send_parcel(struct endpoint *ep, const struct route *route,
                              const struct parcel *parcel)
{
    struct writer w = writer_of(ep->bundle, sizeof ep->bundle);
    if (parcel->piece_count == 1)
        return endpoint_send(ep, route, parcel->pieces[0]);
    parcel_write(parcel, &w);
    assert(!w.full && w.len == parcel_len(parcel));
    return endpoint_send(ep, route, writer_span(&w));
}

enum err endpoint_address(const struct endpoint *ep, char out[static ENDPOINT_ADDRESS_MAX])
{
    char bound[ENDPOINT_ADDRESS_MAX];
    size_t len = sizeof bound;
    if (zmq_getsockopt(ep->socket, ZMQ_LAST_ENDPOINT, bound, &len) != 0)
        return ERR_INTERNAL;
    const char *port = strrchr(bound, ':');
    if (port == NULL)
        return ERR_INTERNAL;
    bool any4 = strncmp(bound, "tcp://0.0.0.0:", 14) == 0;
    bool any6 = strncmp(bound, "tcp://[::]:", 11) == 0;
    int wanted = any4   ? snprintf(out, ENDPOINT_ADDRESS_MAX, "tcp://127.0.0.1%s", port)
                 : any6 ? snprintf(out, ENDPOINT_ADDRESS_MAX, "tcp://[::1]%s", port)
                        : snprintf(out, ENDPOINT_ADDRESS_MAX, "%s", bound);
    return wanted > 0 && wanted < ENDPOINT_ADDRESS_MAX ? OK : ERR_INTERNAL;
}

const struct endpoint_drops *endpoint_drops(const struct endpoint *ep)
{
    return &ep->drops;
}

void *endpoint_zmq(struct endpoint *ep)
{
    return ep->socket;
}
