/* NATS JetStream over its text protocol: a stream on disk with one replica for each queue, publish
 * acknowledgements to an inbox, a durable push consumer with explicit acknowledgement. */
#include "bench/peers.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_MAX = 1 << 20, OUT_MAX = 1 << 20, WAIT_MS = 5, LINE_MAX_LEN = 1024 };

struct client {
    int fd;
    SSL_CTX *tls;
    SSL *ssl;
    unsigned queue;
    struct peer_sink sink;
    uint64_t counted; /* messages since the last question */
    size_t in_len;
    size_t out_len;
    char in[IN_MAX];
    char out[OUT_MAX];
};

static bool write_all(struct client *c)
{
    size_t at = 0;
    while (at < c->out_len) {
        const ssize_t n = c->ssl != NULL ? SSL_write(c->ssl, c->out + at, (int)(c->out_len - at))
                                         : send(c->fd, c->out + at, c->out_len - at, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    c->out_len = 0;
    return true;
}

static bool put(struct client *c, const void *data, size_t len)
{
    if (c->out_len + len > OUT_MAX && !write_all(c))
        return false;
    memcpy(c->out + c->out_len, data, len);
    c->out_len += len;
    return true;
}

static bool put_text(struct client *c, const char *text)
{
    return put(c, text, strlen(text));
}

static bool put_message(struct client *c, const char *subject, const char *reply, const void *data,
                        size_t len)
{
    char head[512];
    (void)snprintf(head, sizeof head, "PUB %s %s %zu\r\n", subject, reply, len);
    return put_text(c, head) && put(c, data, len) && put_text(c, "\r\n");
}

/* All that is there: TLS hands it out record by record, and the server writes small ones. */
static bool read_some(struct client *c, int wait_ms)
{
    struct pollfd p = {c->fd, POLLIN, 0};
    for (; c->in_len < IN_MAX; wait_ms = 0) {
        if ((c->ssl == NULL || SSL_pending(c->ssl) == 0) && poll(&p, 1, wait_ms) <= 0)
            return true;
        const size_t room = IN_MAX - c->in_len;
        const ssize_t n = c->ssl != NULL ? SSL_read(c->ssl, c->in + c->in_len, (int)room)
                                         : recv(c->fd, c->in + c->in_len, room, 0);
        if (n <= 0)
            return false;
        c->in_len += (size_t)n;
    }
    return true;
}

/* "MSG subject sid [reply] length": count it, and take and acknowledge it where it asks for that.
 */
static bool take_message(struct client *c, const char *line, struct span body)
{
    char subject[256], sid[32], third[256], fourth[32];
    const int n = sscanf(line, "MSG %255s %31s %255s %31s", subject, sid, third, fourth);
    c->counted++;
    if (n != 4) /* an acknowledgement of a publication */
        return true;
    return c->sink.take(c->sink.ctx, body) && put_message(c, third, "", "+ACK", 4);
}

/* All whole lines and messages that are here. */
static bool take_input(struct client *c)
{
    size_t at = 0;
    for (;;) {
        char *end = memchr(c->in + at, '\n', c->in_len - at);
        if (end == NULL)
            break;
        const size_t next = (size_t)(end - c->in) + 1;
        char line[LINE_MAX_LEN];
        const size_t len = next - at < sizeof line ? next - at : sizeof line - 1;
        memcpy(line, c->in + at, len);
        line[len] = '\0';
        if (strncmp(line, "MSG ", 4) == 0) {
            const size_t body = strtoull(strrchr(line, ' '), NULL, 10) + 2;
            if (c->in_len - next < body)
                break;
            if (!take_message(c, line, span_of(c->in + next, body - 2)))
                return false;
            at = next + body;
            continue;
        }
        if (strncmp(line, "PING", 4) == 0 && !put_text(c, "PONG\r\n"))
            return false;
        if (strncmp(line, "-ERR", 4) == 0) {
            fprintf(stderr, "nats: %s", line);
            return false;
        }
        at = next;
    }
    memmove(c->in, c->in + at, c->in_len - at);
    c->in_len -= at;
    return true;
}

/* Both ends do the same: what the server sends is a confirmation here and a message there. */
static bool turn(void *peer, uint64_t *counted)
{
    struct client *c = peer;
    const bool good = write_all(c) && read_some(c, WAIT_MS) && take_input(c) && write_all(c);
    *counted = c->counted;
    c->counted = 0;
    return good;
}

/* One request to the JetStream interface; true when its answer holds no error. */
static bool ask(struct client *c, const char *subject, const char *json)
{
    char inbox[32];
    c->counted = 0;
    (void)snprintf(inbox, sizeof inbox, "answer.%u", c->queue);
    if (!put_message(c, subject, inbox, json, strlen(json)) || !write_all(c))
        return false;
    for (int i = 0; i < 1000; i++) {
        if (!read_some(c, WAIT_MS))
            return false;
        if (memmem(c->in, c->in_len, "\"error\"", 7) != NULL)
            return false;
        if (!take_input(c))
            return false;
        if (c->counted > 0) {
            c->counted = 0;
            return true;
        }
    }
    return false;
}

static int dial(const char *host, int port)
{
    char service[16];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    (void)snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return -1;
    const int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
    const bool good = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    if (good)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool start_tls(struct client *c, const char *ca)
{
    c->tls = SSL_CTX_new(TLS_client_method());
    if (c->tls == NULL || SSL_CTX_load_verify_locations(c->tls, ca, NULL) != 1)
        return false;
    SSL_CTX_set_verify(c->tls, SSL_VERIFY_PEER, NULL);
    c->ssl = SSL_new(c->tls);
    return c->ssl != NULL && SSL_set_fd(c->ssl, c->fd) == 1 && SSL_connect(c->ssl) == 1;
}

static void close_client(void *peer)
{
    struct client *c = peer;
    SSL_free(c->ssl);
    SSL_CTX_free(c->tls);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
}

static bool make_consumer(struct client *c)
{
    char json[512], subject[128];
    (void)snprintf(subject, sizeof subject, "$JS.API.STREAM.CREATE.bench%u", c->queue);
    (void)snprintf(json, sizeof json,
                   "{\"name\":\"bench%u\",\"subjects\":[\"bench.%u\"],\"storage\":\"file\","
                   "\"retention\":\"workqueue\",\"num_replicas\":1}",
                   c->queue, c->queue);
    if (!ask(c, subject, json))
        return false;
    (void)snprintf(subject, sizeof subject, "$JS.API.CONSUMER.DURABLE.CREATE.bench%u.d", c->queue);
    (void)snprintf(json, sizeof json,
                   "{\"stream_name\":\"bench%u\",\"config\":{\"durable_name\":\"d\","
                   "\"deliver_subject\":\"out.%u\",\"ack_policy\":\"explicit\","
                   "\"deliver_policy\":\"all\",\"max_ack_pending\":%d}}",
                   c->queue, c->queue, PEER_WINDOW);
    return ask(c, subject, json);
}

static void *open_client(const struct peer_target *t, bool consumer)
{
    char text[128];
    struct client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->queue = t->queue;
    c->sink = t->sink;
    c->fd = dial(t->host, t->port);
    /* The server speaks first, in clear; TLS begins after its greeting. */
    bool good = c->fd >= 0 && read_some(c, 1000);
    c->in_len = 0;
    good = good && (t->ca == NULL || start_tls(c, t->ca));
    good = good && put_text(c, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n");
    if (good && consumer) {
        /* An inbox of its own for answers: subjects are everybody's. */
        (void)snprintf(text, sizeof text, "SUB answer.%u 1\r\nSUB out.%u 2\r\n", t->queue,
                       t->queue);
        good = put_text(c, text) && make_consumer(c);
    } else if (good) {
        (void)snprintf(text, sizeof text, "SUB confirmed.%u 2\r\n", t->queue);
        good = put_text(c, text) && write_all(c);
    }
    if (good)
        return c;
    close_client(c);
    return NULL;
}

static bool publish(void *peer, struct span message)
{
    struct client *c = peer;
    char subject[32], reply[32];
    (void)snprintf(subject, sizeof subject, "bench.%u", c->queue);
    (void)snprintf(reply, sizeof reply, "confirmed.%u", c->queue);
    return put_message(c, subject, reply, message.data, message.len);
}

const struct peer_ops peer_nats = {"nats", open_client, close_client, publish, turn, turn};
