/* MQTT 3.1.1, QoS 1 both ways, through libmosquitto: PUBLISH/PUBACK and a session that stays. */
#include "bench/peers.h"

#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEEP_ALIVE_S = 60, WAIT_MS = 5 };

struct client {
    struct mosquitto *m;
    char topic[32];
    struct peer_sink sink;
    uint64_t confirmed, consumed;
    bool up, bad;
};

static void on_publish(struct mosquitto *m, void *ctx, int id)
{
    struct client *c = ctx;
    (void)m, (void)id;
    c->confirmed++;
}

/* The library acknowledges once this returns. */
static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *message)
{
    struct client *c = ctx;
    (void)m;
    if (c->sink.take(c->sink.ctx, span_of(message->payload, (size_t)message->payloadlen)))
        c->consumed++;
    else
        c->bad = true;
}

static void on_subscribe(struct mosquitto *m, void *ctx, int id, int count, const int *qos)
{
    struct client *c = ctx;
    (void)m, (void)id;
    c->up = count == 1 && qos[0] == 1;
}

static void on_connect(struct mosquitto *m, void *ctx, int code)
{
    struct client *c = ctx;
    (void)m;
    c->up = code == 0;
}

static bool turn(struct client *c, int ms)
{
    return mosquitto_loop(c->m, ms, 1) == MOSQ_ERR_SUCCESS;
}

static bool until_up(struct client *c)
{
    for (int i = 0; !c->up && i < 1000; i++)
        if (!turn(c, WAIT_MS))
            return false;
    return c->up;
}

static void close_client(void *peer)
{
    struct client *c = peer;
    mosquitto_destroy(c->m);
    free(c);
}

static void *open_client(const struct peer_target *t, bool consumer)
{
    char id[32];
    struct client *c = calloc(1, sizeof *c);
    if (c == NULL || mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
        free(c);
        return NULL;
    }
    (void)snprintf(id, sizeof id, "%s-%u", consumer ? "consumer" : "publisher", t->queue);
    c->sink = t->sink;
    (void)snprintf(c->topic, sizeof c->topic, "bench/%u", t->queue);
    c->m = mosquitto_new(id, !consumer, c);
    bool good = c->m != NULL;
    if (good) {
        mosquitto_connect_callback_set(c->m, on_connect);
        mosquitto_publish_callback_set(c->m, on_publish);
        mosquitto_message_callback_set(c->m, on_message);
        mosquitto_subscribe_callback_set(c->m, on_subscribe);
        mosquitto_max_inflight_messages_set(c->m, PEER_WINDOW);
    }
    if (good && t->ca != NULL)
        good = mosquitto_tls_set(c->m, t->ca, NULL, NULL, NULL, NULL) == MOSQ_ERR_SUCCESS;
    good = good && mosquitto_connect(c->m, t->host, t->port, KEEP_ALIVE_S) == MOSQ_ERR_SUCCESS &&
           until_up(c);
    if (good && consumer) {
        c->up = false;
        good = mosquitto_subscribe(c->m, NULL, c->topic, 1) == MOSQ_ERR_SUCCESS && until_up(c);
    }
    if (good)
        return c;
    close_client(c);
    return NULL;
}

static bool publish(void *peer, struct span message)
{
    struct client *c = peer;
    return mosquitto_publish(c->m, NULL, c->topic, (int)message.len, message.data, 1, false) ==
           MOSQ_ERR_SUCCESS;
}

static bool confirm(void *peer, uint64_t *confirmed)
{
    struct client *c = peer;
    const bool good = turn(c, WAIT_MS);
    *confirmed = c->confirmed;
    c->confirmed = 0;
    return good;
}

static bool consume(void *peer, uint64_t *consumed)
{
    struct client *c = peer;
    const bool good = turn(c, WAIT_MS) && !c->bad;
    *consumed = c->consumed;
    c->consumed = 0;
    return good;
}

const struct peer_ops peer_mosquitto = {"mosquitto", open_client, close_client,
                                        publish,     confirm,     consume};
