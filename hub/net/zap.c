#include "net/zap.h"

#include "net/local.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"

enum {
    REQUEST_VERSION,
    REQUEST_ID,
    REQUEST_DOMAIN,
    REQUEST_ADDRESS,
    REQUEST_ROUTE,
    REQUEST_MECHANISM,
    REQUEST_CREDENTIAL,
    REQUEST_PARTS
};

struct zap {
    void *socket;
    struct zap_policy policy;
    uint64_t refused;
    zmq_msg_t part[ZAP_PARTS_MAX];
};

static bool is(struct span part, const char *text)
{
    return span_eq(part, span_str(text));
}

/* Why this request cannot be granted whoever asks; NULL when the look-up may be asked. */
static const char *refuse_shape(const struct span *parts, size_t part_count)
{
    if (part_count != REQUEST_PARTS)
        return "parts";
    if (!is(parts[REQUEST_VERSION], "1.0"))
        return "version";
    if (parts[REQUEST_ID].len == 0 || parts[REQUEST_ID].len > ZAP_PART_BYTES_MAX)
        return "request_id";
    if (!is(parts[REQUEST_DOMAIN], ENDPOINT_ZAP_DOMAIN))
        return "domain";
    if (!is(parts[REQUEST_MECHANISM], "CURVE"))
        return "mechanism";
    if (parts[REQUEST_CREDENTIAL].len != ENDPOINT_KEY_LEN)
        return "credential";
    return NULL;
}

void zap_decide(const struct zap_policy *policy, const struct span *parts, size_t part_count,
                uint64_t now_ms, struct zap_answer *out)
{
    *out = (struct zap_answer){.status = 400};
    if (part_count > REQUEST_ID && parts[REQUEST_ID].len <= ZAP_PART_BYTES_MAX)
        out->request_id = parts[REQUEST_ID];
    out->reason = refuse_shape(parts, part_count);
    if (out->reason != NULL)
        return;

    char user[ENDPOINT_USER_MAX] = "";
    enum err err = policy->lookup(policy->ctx, parts[REQUEST_CREDENTIAL].data, now_ms, user);
    if (err != OK || user[0] == '\0' || memchr(user, '\0', sizeof user) == NULL) {
        out->reason = err == OK ? "no_user" : err_name(err);
        return;
    }
    memcpy(out->user, user, sizeof user);
    out->reason = "";
    out->status = 200;
}

enum err zap_open(struct zap **out, struct net_context *ctx, const struct zap_policy *policy,
                  struct fault *fault)
{
    const int linger = 0;
    const int hwm = 1000;
    const int64_t part_max = ZAP_PART_BYTES_MAX;
    enum err err = ERR_ZAP_DOMAIN;

    *out = NULL;
    struct zap *zap = calloc(1, sizeof *zap);
    if (zap == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, "zap", "handler");
    zap->policy = *policy;
    zap->socket = zmq_socket(net_context_zmq(ctx), ZMQ_REP);
    if (zap->socket == NULL ||
        zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
        zmq_setsockopt(zap->socket, ZMQ_RCVHWM, &hwm, sizeof hwm) != 0 ||
        zmq_setsockopt(zap->socket, ZMQ_MAXMSGSIZE, &part_max, sizeof part_max) != 0 ||
        zmq_bind(zap->socket, ZAP_ENDPOINT) != 0) {
        err = fault_set(fault, ERR_ZAP_DOMAIN, 0, ZAP_ENDPOINT, "%s", zmq_strerror(errno));
        goto out;
    }
    *out = zap;
    zap = NULL;
    err = OK;

out:
    zap_close(&zap);
    return err;
}

void zap_close(struct zap **zap)
{
    if (zap == NULL || *zap == NULL)
        return;
    if ((*zap)->socket != NULL)
        zmq_close((*zap)->socket);
    free(*zap);
    *zap = NULL;
}

/* Read one request whole; parts beyond ZAP_PARTS_MAX are read away, which the count shows. */
static enum err read_request(struct zap *zap, struct span parts[static ZAP_PARTS_MAX], size_t *held,
                             size_t *total)
{
    *held = 0;
    *total = 0;
    for (int more = 1; more == 1;) {
        zmq_msg_t rest;
        zmq_msg_t *part = *held < ZAP_PARTS_MAX ? &zap->part[*held] : &rest;
        if (zmq_msg_init(part) != 0)
            return ERR_ZAP_DOMAIN;
        if (zmq_msg_recv(part, zap->socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(part);
            return *total == 0 && errno == EAGAIN ? ERR_NOT_FOUND : ERR_ZAP_DOMAIN;
        }
        more = zmq_msg_more(part);
        *total += 1;
        if (part == &rest) {
            zmq_msg_close(part);
            continue;
        }
        parts[*held] = span_of(zmq_msg_data(part), zmq_msg_size(part));
        *held += 1;
    }
    return OK;
}

static enum err write_answer(struct zap *zap, const struct zap_answer *answer)
{
    const struct span parts[] = {
        span_str("1.0"),        answer->request_id, span_str(answer->status == 200 ? "200" : "400"),
        span_str(""), /* the reason stays here: a stranger learns nothing */
        span_str(answer->user), span_str(""),
    };
    const size_t part_count = sizeof parts / sizeof parts[0];
    for (size_t i = 0; i < part_count; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < part_count ? ZMQ_SNDMORE : 0);
        if (zmq_send(zap->socket, parts[i].data, parts[i].len, flags) < 0)
            return ERR_ZAP_DOMAIN;
    }
    return OK;
}

enum err zap_serve(struct zap *zap, uint64_t now_ms)
{
    for (int i = 0; i < ZAP_BATCH_MAX; i++) {
        struct span parts[ZAP_PARTS_MAX];
        struct zap_answer answer;
        size_t held;
        size_t total;

        enum err err = read_request(zap, parts, &held, &total);
        if (err == OK) {
            /* A request with too many parts is judged by its true count: refused. */
            zap_decide(&zap->policy, parts, total > held ? 0 : held, now_ms, &answer);
            if (answer.status != 200)
                zap->refused++;
            if (total > held && held > REQUEST_ID)
                answer.request_id = parts[REQUEST_ID];
            err = write_answer(zap, &answer);
        }
        for (size_t k = 0; k < held; k++)
            zmq_msg_close(&zap->part[k]);
        if (err == ERR_NOT_FOUND)
            return OK;
        if (err != OK)
            return err;
    }
    return OK;
}

uint64_t zap_refused(const struct zap *zap)
{
    return zap->refused;
}

void *zap_zmq(struct zap *zap)
{
    return zap->socket;
}

/* ---- the self-test: a stranger at the door ---- */

enum {
    MONITOR_EVENTS = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                     ZMQ_EVENT_DISCONNECTED
};

/* Serve ZAP until the stranger's fate is known. OK: refused as `wanted` says. */
static enum err await_refusal(struct zap *zap, struct endpoint *client, unsigned wanted,
                              uint64_t now_ms)
{
    const uint64_t deadline = local_monotonic_ms() + ZAP_SELFTEST_MS;
    for (uint64_t t = local_monotonic_ms(); t < deadline; t = local_monotonic_ms()) {
        zmq_pollitem_t items[] = {{zap->socket, 0, ZMQ_POLLIN, 0},
                                  {endpoint_monitor(client), 0, ZMQ_POLLIN, 0}};
        if (zmq_poll(items, 2, (long)(deadline - t)) < 0 && errno != EINTR)
            return ERR_ZAP_DOMAIN;
        enum err err = zap_serve(zap, now_ms);
        if (err != OK)
            return err;
        for (unsigned event; (event = endpoint_event(client)) != 0;) {
            if ((event & ZMQ_EVENT_HANDSHAKE_SUCCEEDED) != 0)
                return ERR_ZAP_DOMAIN;
            if ((event & wanted) != 0)
                return OK;
        }
    }
    return ERR_ZAP_DOMAIN;
}

static enum err try_stranger(struct zap *zap, struct net_context *ctx, const char *address,
                             const struct endpoint_keys *keys, unsigned wanted, uint64_t now_ms)
{
    struct endpoint *client = NULL;
    enum err err = endpoint_client(&client, ctx, address, keys, NULL);
    if (err != OK)
        return err;

    /* Watched before it dials: a refusal without CURVE comes at once and only once. */
    err = ERR_ZAP_DOMAIN;
    const int linger = 0;
    if (zmq_setsockopt(endpoint_zmq(client), ZMQ_LINGER, &linger, sizeof linger) == 0 &&
        endpoint_watch(client, ctx, MONITOR_EVENTS) == OK &&
        endpoint_dial(client, address, NULL) == OK)
        err = await_refusal(zap, client, wanted, now_ms);
    endpoint_close(&client);
    return err;
}

enum err zap_selftest(struct zap *zap, struct net_context *ctx, const struct endpoint *server,
                      const uint8_t server_key[static 32], uint64_t now_ms, struct fault *fault)
{
    char address[ENDPOINT_ADDRESS_MAX];
    char z85_public[41];
    char z85_secret[41];
    uint8_t public[ENDPOINT_KEY_LEN];
    uint8_t secret[ENDPOINT_KEY_LEN];

    enum err err = endpoint_address(server, address);
    if (err != OK || zmq_curve_keypair(z85_public, z85_secret) != 0 ||
        zmq_z85_decode(public, z85_public) == NULL || zmq_z85_decode(secret, z85_secret) == NULL)
        return fault_set(fault, ERR_ZAP_DOMAIN, 0, "zap", "the self-test could not be prepared");

    const struct endpoint_keys unknown = {secret, public, server_key};
    const struct endpoint_keys none = {NULL, NULL, NULL};
    err = try_stranger(zap, ctx, address, &unknown, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, now_ms);
    if (err != OK)
        return fault_set(fault, ERR_ZAP_DOMAIN, 0, address, "an unknown key was not refused");
    /* Without CURVE the server just hangs up, whatever the library calls that. */
    err = try_stranger(zap, ctx, address, &none,
                       ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                           ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED,
                       now_ms);
    if (err != OK)
        return fault_set(fault, ERR_ZAP_DOMAIN, 0, address,
                         "a client without CURVE was not refused");
    return OK;
}
