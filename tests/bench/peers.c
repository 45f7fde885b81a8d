/* lianshu-bench-peers BROKER HOST PORT MS [--ca FILE] [--seal DIR]: four publishers to four
 * consumers, each pair with a queue of its own, a thread each; messages a second that were
 * confirmed to the publisher and acknowledged by the consumer. Clients in memory, as ours are. They
 * neither sign nor seal, unless
 * --seal names the realm of lianshu-bench-realm: then each message is signed and sealed by its
 * publisher, verified and opened by its consumer before it is acknowledged. */
#include "bench/peers.h"

#include "bench/peer_seal.h"
#include "keys/init.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { WARM_MS = 2000 };

static const struct peer_ops *const brokers[] = {&peer_nats, &peer_rabbitmq, &peer_mosquitto};

struct load {
    const struct peer_ops *ops;
    struct peer_target target;
    const struct place *place; /* NULL: messages in clear */
    _Atomic bool *stop;
    _Atomic unsigned *ready;
    int failure_fd; /* eventfd of all */
    _Atomic uint64_t published, confirmed, consumed;
    _Atomic bool failed;
};

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Until a thread failed, so long at most. */
static void wait_ms(const struct load *l, int ms)
{
    struct pollfd p = {l->failure_fd, POLLIN, 0};
    (void)poll(&p, 1, ms); /* the threads' flags say what happened */
}

static void fail(struct load *l)
{
    const uint64_t one = 1;
    atomic_store(&l->failed, true);
    if (write(l->failure_fd, &one, sizeof one) != (ssize_t)sizeof one)
        return; /* seen when the time is over */
}

static bool take_clear(void *ctx, struct span message)
{
    (void)ctx;
    return message.len == PEER_BODY;
}

/* The window counts what the consumer has not acknowledged, as that of our senders does. */
static void *publish(void *arg)
{
    struct load *l = arg;
    uint8_t body[PEER_BODY];
    struct span message = span_of(body, sizeof body);
    struct peer_seal *seal =
        l->place == NULL ? NULL : peer_seal_open(l->place, l->target.queue, false);
    memset(body, 'x', sizeof body);
    void *peer = l->ops->open(&l->target, false);
    bool good = peer != NULL && (l->place == NULL || seal != NULL);
    atomic_fetch_add(l->ready, 1);
    while (good && !atomic_load(l->stop)) {
        uint64_t confirmed = 0;
        for (int i = 0; good && i < PEER_WINDOW / 4 &&
                        atomic_load(&l->published) < atomic_load(&l->consumed) + PEER_WINDOW;
             i++) {
            if (seal != NULL)
                good = peer_seal_make(seal, span_of(body, sizeof body), &message);
            good = good && l->ops->publish(peer, message);
            atomic_fetch_add(&l->published, 1);
        }
        good = good && l->ops->confirm(peer, &confirmed);
        atomic_fetch_add(&l->confirmed, confirmed);
    }
    if (!good)
        fail(l);
    if (peer != NULL)
        l->ops->close(peer);
    peer_seal_close(&seal);
    return NULL;
}

static void *consume(void *arg)
{
    struct load *l = arg;
    struct peer_seal *seal =
        l->place == NULL ? NULL : peer_seal_open(l->place, l->target.queue, true);
    l->target.sink = seal == NULL ? (struct peer_sink){take_clear, NULL}
                                  : (struct peer_sink){peer_seal_take, seal};
    void *peer = l->ops->open(&l->target, true);
    bool good = peer != NULL && (l->place == NULL || seal != NULL);
    atomic_fetch_add(l->ready, 1);
    while (good && !atomic_load(l->stop)) {
        uint64_t consumed = 0;
        good = l->ops->consume(peer, &consumed);
        atomic_fetch_add(&l->consumed, consumed);
    }
    if (!good)
        fail(l);
    if (peer != NULL)
        l->ops->close(peer);
    peer_seal_close(&seal);
    return NULL;
}

static uint64_t finished(struct load *loads)
{
    uint64_t done = 0;
    for (size_t i = 0; i < PEER_PAIRS; i++) {
        const uint64_t confirmed = atomic_load(&loads[i].confirmed);
        const uint64_t consumed = atomic_load(&loads[i].consumed);
        done += confirmed < consumed ? confirmed : consumed;
    }
    return done;
}

static bool any_failed(struct load *loads)
{
    for (size_t i = 0; i < PEER_PAIRS; i++)
        if (atomic_load(&loads[i].failed))
            return true;
    return false;
}

static int run(struct load *loads, uint64_t ms)
{
    pthread_t threads[2 * PEER_PAIRS];
    _Atomic unsigned *ready = loads[0].ready;
    /* Consumers first: they declare the queues. */
    for (size_t i = 0; i < PEER_PAIRS; i++)
        if (pthread_create(&threads[i], NULL, consume, &loads[i]) != 0)
            return 1;
    while (atomic_load(ready) < PEER_PAIRS)
        wait_ms(loads, 10);
    for (size_t i = 0; i < PEER_PAIRS; i++)
        if (pthread_create(&threads[PEER_PAIRS + i], NULL, publish, &loads[i]) != 0)
            return 1;
    wait_ms(loads, WARM_MS);
    const uint64_t begin = now_ms();
    const uint64_t before = finished(loads);
    wait_ms(loads, (int)ms);
    const uint64_t done = finished(loads) - before;
    const uint64_t took = now_ms() - begin;
    const bool failed = any_failed(loads);
    atomic_store(loads[0].stop, true);
    for (size_t i = 0; i < 2 * (size_t)PEER_PAIRS; i++)
        (void)pthread_join(threads[i], NULL); /* ends by `stop` */
    printf("{\"broker\": \"%s\", \"tls\": %s, \"sealed\": %s, \"per_s\": %.1f}\n",
           loads[0].ops->name, loads[0].target.ca != NULL ? "true" : "false",
           loads[0].place != NULL ? "true" : "false", (double)done * 1000 / (double)took);
    return failed || done == 0 ? 1 : 0;
}

static int usage_text(void)
{
    fprintf(stderr,
            "lianshu-bench-peers nats|rabbitmq|mosquitto HOST PORT MS [--ca FILE] [--seal DIR]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static struct load loads[PEER_PAIRS];
    static struct place place;
    static _Atomic bool stop;
    static _Atomic unsigned ready;
    const struct peer_ops *ops = NULL;
    const char *ca = NULL, *realm = NULL;
    struct fault fault = {.err = OK};
    const int failure_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    for (size_t i = 0; argc >= 5 && i < sizeof brokers / sizeof brokers[0]; i++)
        if (strcmp(brokers[i]->name, argv[1]) == 0)
            ops = brokers[i];
    for (int a = 5; ops != NULL && a < argc; a += 2) {
        const char **value = strcmp(argv[a], "--ca") == 0     ? &ca
                             : strcmp(argv[a], "--seal") == 0 ? &realm
                                                              : NULL;
        if (value == NULL || a + 1 == argc)
            return usage_text();
        *value = argv[a + 1];
    }
    if (ops == NULL)
        return usage_text();
    if (realm != NULL && (keys_init() != OK || place_open(&place, realm, &fault) != OK)) {
        fprintf(stderr, "lianshu-bench-peers: %s %s\n", fault.where, fault.detail);
        return 1;
    }
    for (unsigned i = 0; i < PEER_PAIRS; i++) {
        loads[i].ops = ops;
        loads[i].target = (struct peer_target){
            .host = argv[2], .port = (int)strtol(argv[3], NULL, 10), .ca = ca, .queue = i};
        loads[i].place = realm == NULL ? NULL : &place;
        loads[i].stop = &stop;
        loads[i].ready = &ready;
        loads[i].failure_fd = failure_fd;
    }
    const int code = run(loads, strtoull(argv[4], NULL, 10));
    place_close(&place);
    return code;
}
