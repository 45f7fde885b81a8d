/* AMQP 0-9-1 through librabbitmq: quorum queues, publisher confirms, consumer acknowledgements. */
#include "bench/peers.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNEL = 1, PREFETCH = 512, ACK_EVERY = 64, WAIT_US = 5000, FRAME_BYTES = 131072 };

struct client {
    amqp_connection_state_t connection;
    char queue[32];
    struct peer_sink sink;
    uint64_t confirmed; /* highest delivery tag that was confirmed */
    uint64_t ack_tag;   /* to be acknowledged */
    uint64_t ack_count;
};

static bool went_well(struct client *c)
{
    return amqp_get_rpc_reply(c->connection).reply_type == AMQP_RESPONSE_NORMAL;
}

static void close_client(void *peer)
{
    struct client *c = peer;
    (void)amqp_destroy_connection(c->connection); /* the broker notices */
    free(c);
}

static amqp_socket_t *open_socket(struct client *c, const struct peer_target *t)
{
    amqp_socket_t *s =
        t->ca == NULL ? amqp_tcp_socket_new(c->connection) : amqp_ssl_socket_new(c->connection);
    if (s == NULL)
        return NULL;
    if (t->ca != NULL) {
        if (amqp_ssl_socket_set_cacert(s, t->ca) != AMQP_STATUS_OK)
            return NULL;
        amqp_ssl_socket_set_verify_hostname(s, 0);
    }
    return amqp_socket_open(s, t->host, t->port) == AMQP_STATUS_OK ? s : NULL;
}

static bool declare(struct client *c)
{
    amqp_table_entry_t entry = {
        amqp_cstring_bytes("x-queue-type"),
        {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = amqp_cstring_bytes("quorum")}}};
    const amqp_table_t arguments = {1, &entry};
    (void)amqp_queue_declare(c->connection, CHANNEL, amqp_cstring_bytes(c->queue), 0, 1, 0, 0,
                             arguments);
    if (!went_well(c))
        return false;
    (void)amqp_basic_qos(c->connection, CHANNEL, 0, PREFETCH, 0);
    if (!went_well(c))
        return false;
    (void)amqp_basic_consume(c->connection, CHANNEL, amqp_cstring_bytes(c->queue), amqp_empty_bytes,
                             0, 0, 0, amqp_empty_table);
    return went_well(c);
}

static void *open_client(const struct peer_target *t, bool consumer)
{
    struct client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->connection = amqp_new_connection();
    c->sink = t->sink;
    (void)snprintf(c->queue, sizeof c->queue, "bench-%u", t->queue);
    bool good = open_socket(c, t) != NULL && amqp_login(c->connection, "/", 0, FRAME_BYTES, 0,
                                                        AMQP_SASL_METHOD_PLAIN, "guest", "guest")
                                                     .reply_type == AMQP_RESPONSE_NORMAL;
    if (good) {
        (void)amqp_channel_open(c->connection, CHANNEL);
        good = went_well(c);
    }
    if (good && consumer)
        good = declare(c);
    if (good && !consumer) {
        (void)amqp_confirm_select(c->connection, CHANNEL);
        good = went_well(c);
    }
    if (good)
        return c;
    close_client(c);
    return NULL;
}

static bool publish(void *peer, struct span message)
{
    struct client *c = peer;
    amqp_basic_properties_t p = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2};
    const amqp_bytes_t bytes = {message.len, (void *)(uintptr_t)message.data};
    return amqp_basic_publish(c->connection, CHANNEL, amqp_empty_bytes,
                              amqp_cstring_bytes(c->queue), 0, 0, &p, bytes) == AMQP_STATUS_OK;
}

/* Frames of acknowledgement until none waits. */
static bool confirm(void *peer, uint64_t *confirmed)
{
    struct client *c = peer;
    struct timeval wait = {0, WAIT_US};
    const uint64_t before = c->confirmed;
    for (;;) {
        amqp_frame_t frame;
        const int status = amqp_simple_wait_frame_noblock(c->connection, &frame, &wait);
        if (status == AMQP_STATUS_TIMEOUT)
            break;
        if (status != AMQP_STATUS_OK)
            return false;
        wait.tv_usec = 0;
        if (frame.frame_type != AMQP_FRAME_METHOD ||
            frame.payload.method.id != AMQP_BASIC_ACK_METHOD)
            continue;
        const amqp_basic_ack_t *ack = frame.payload.method.decoded;
        /* Quorum queues confirm in order, one by one or up to a tag. */
        if (ack->delivery_tag > c->confirmed)
            c->confirmed = ack->delivery_tag;
    }
    amqp_maybe_release_buffers(c->connection);
    *confirmed = c->confirmed - before;
    return true;
}

static bool acknowledge(struct client *c, uint64_t *consumed)
{
    *consumed = c->ack_count;
    if (c->ack_count == 0)
        return true;
    c->ack_count = 0;
    return amqp_basic_ack(c->connection, CHANNEL, c->ack_tag, 1) == AMQP_STATUS_OK;
}

static bool consume(void *peer, uint64_t *consumed)
{
    struct client *c = peer;
    while (c->ack_count < ACK_EVERY) {
        struct timeval wait = {0, WAIT_US};
        amqp_envelope_t envelope;
        amqp_maybe_release_buffers(c->connection);
        const amqp_rpc_reply_t r = amqp_consume_message(c->connection, &envelope, &wait, 0);
        if (r.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
            r.library_error == AMQP_STATUS_TIMEOUT)
            break;
        if (r.reply_type != AMQP_RESPONSE_NORMAL)
            return false;
        c->ack_tag = envelope.delivery_tag;
        c->ack_count++;
        const bool good = c->sink.take(
            c->sink.ctx, span_of(envelope.message.body.bytes, envelope.message.body.len));
        amqp_destroy_envelope(&envelope);
        if (!good)
            return false;
    }
    return acknowledge(c, consumed);
}

const struct peer_ops peer_rabbitmq = {"rabbitmq", open_client, close_client,
                                       publish,    confirm,     consume};
