/*
 * Checks net/endpoint.h, and guarantees 3 and 4 of net/zap.h, on loopback: the library's
 * behaviour is what matters here, so real sockets are used. Every wait is a poll with an end.
 */
#include "frame.h"
#include "net/endpoint.h"
#include "net/local.h"
#include "net/zap.h"

#include "t.h"
#include "unit/curve_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum { PATIENCE_MS = 5000, SILENCE_MS = 300, NOW = 1000 };

#define USER "market.445100/0011223344556677"

struct keypair {
    uint8_t public[32];
    uint8_t secret[32];
};

struct fixture {
    struct net_context *ctx;
    struct zap *zap;
    struct endpoint *server;
    struct endpoint *client;
    struct keypair server_key;
    struct keypair client_key;
    bool admit_all;
    char address[ENDPOINT_ADDRESS_MAX];
};

static enum err look(void *ctx, const uint8_t key[static ENDPOINT_KEY_LEN], uint64_t now_ms,
                     char user[static ENDPOINT_USER_MAX])
{
    const struct fixture *f = ctx;
    (void)now_ms;
    if (!f->admit_all && memcmp(key, f->client_key.public, ENDPOINT_KEY_LEN) != 0)
        return ERR_KID_UNKNOWN;
    snprintf(user, ENDPOINT_USER_MAX, "%s", USER);
    return OK;
}

static void listen_here(struct fixture *f)
{
    assert_int_equal(
        endpoint_listen(&f->server, f->ctx, "tcp://127.0.0.1:*", f->server_key.secret, NULL), OK);
    assert_int_equal(endpoint_address(f->server, f->address), OK);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const struct zap_policy policy = {look, f};
    assert_non_null(f);
    curve_pair(f->server_key.public, f->server_key.secret);
    curve_pair(f->client_key.public, f->client_key.secret);
    assert_int_equal(net_context_open(&f->ctx, NULL), OK);
    assert_int_equal(zap_open(&f->zap, f->ctx, &policy, NULL), OK);
    listen_here(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    endpoint_close(&f->client);
    endpoint_close(&f->server);
    zap_close(&f->zap);
    net_context_close(&f->ctx);
    free(f);
    return 0;
}

static void connect_as(struct fixture *f, const struct keypair *pair)
{
    const struct endpoint_keys keys = {pair->secret, pair->public, f->server_key.public};
    assert_int_equal(endpoint_connect(&f->client, f->ctx, f->address, &keys, NULL), OK);
}

/* Wait for either side to have something, and answer handshakes meanwhile. */
static void pump(struct fixture *f, long wait_ms)
{
    zmq_pollitem_t items[] = {
        {endpoint_zmq(f->server), 0, ZMQ_POLLIN, 0},
        {endpoint_zmq(f->client), 0, ZMQ_POLLIN, 0},
        {f->zap == NULL ? NULL : zap_zmq(f->zap), -1, ZMQ_POLLIN, 0},
    };
    assert_true(zmq_poll(items, f->zap == NULL ? 2 : 3, wait_ms) >= 0);
    if (f->zap != NULL)
        assert_int_equal(zap_serve(f->zap, NOW), OK);
}

/* Send a frame once the connection stands; false when it never does. */
static bool send_within(struct fixture *f, struct span frame, uint64_t wait_ms)
{
    uint64_t end = local_monotonic_ms() + wait_ms;
    while (local_monotonic_ms() < end) {
        if (endpoint_send(f->client, NULL, frame) == OK)
            return true;
        pump(f, 10);
    }
    return false;
}

static enum err recv_within(struct fixture *f, struct endpoint *ep, struct endpoint_in *in,
                            uint64_t wait_ms)
{
    uint64_t end = local_monotonic_ms() + wait_ms;
    while (local_monotonic_ms() < end) {
        if (endpoint_recv(ep, in) == OK)
            return OK;
        pump(f, 10);
    }
    return ERR_TIMEOUT;
}

static void a_known_key_is_heard_under_its_user_id_and_answered(void **state)
{
    struct fixture *f = *state;
    struct endpoint_in in;
    connect_as(f, &f->client_key);
    assert_true(send_within(f, span_str("hello"), PATIENCE_MS));
    assert_int_equal(recv_within(f, f->server, &in, PATIENCE_MS), OK);
    assert_string_equal(in.user, USER);
    assert_true(span_eq(in.frame, span_str("hello")));

    const struct route route = in.route;
    assert_int_equal(endpoint_send(f->server, &route, span_str("welcome")), OK);
    assert_int_equal(recv_within(f, f->client, &in, PATIENCE_MS), OK);
    assert_true(span_eq(in.frame, span_str("welcome")));
}

static void the_self_test_passes_on_a_server_that_refuses_strangers(void **state)
{
    struct fixture *f = *state;
    struct fault fault = {.err = OK};
    enum err err = zap_selftest(f->zap, f->ctx, f->server, f->server_key.public, NOW, &fault);
    assert_string_equal(fault.detail, "");
    assert_int_equal(err, OK);
    assert_true(zap_refused(f->zap) >= 1);
}

static void the_self_test_fails_on_a_server_that_admits_a_stranger(void **state)
{
    struct fixture *f = *state;
    struct fault fault = {.err = OK};
    f->admit_all = true;
    assert_int_equal(zap_selftest(f->zap, f->ctx, f->server, f->server_key.public, NOW, &fault),
                     ERR_ZAP_DOMAIN);
    assert_string_equal(fault.detail, "an unknown key was not refused");
}

static void an_unknown_key_is_never_heard(void **state)
{
    struct fixture *f = *state;
    struct keypair stranger;
    struct endpoint_in in;
    curve_pair(stranger.public, stranger.secret);
    connect_as(f, &stranger);
    assert_false(send_within(f, span_str("hello"), SILENCE_MS));
    assert_int_equal(recv_within(f, f->server, &in, SILENCE_MS), ERR_TIMEOUT);
    assert_true(zap_refused(f->zap) >= 1);
}

/* S16: libzmq admits everybody here unless the domain is enforced. */
static void without_a_handler_nobody_is_heard(void **state)
{
    struct fixture *f = *state;
    struct endpoint_in in;
    zap_close(&f->zap);
    connect_as(f, &f->client_key);
    assert_false(send_within(f, span_str("hello"), SILENCE_MS));
    assert_int_equal(recv_within(f, f->server, &in, SILENCE_MS), ERR_TIMEOUT);
}

static void a_client_without_curve_is_never_heard(void **state)
{
    struct fixture *f = *state;
    const struct endpoint_keys none = {NULL, NULL, NULL};
    struct endpoint_in in;
    assert_int_equal(endpoint_connect(&f->client, f->ctx, f->address, &none, NULL), OK);
    (void)send_within(f, span_str("hello"), SILENCE_MS);
    assert_int_equal(recv_within(f, f->server, &in, SILENCE_MS), ERR_TIMEOUT);
}

static void send_parts(struct fixture *f, int parts)
{
    for (int i = 0; i < parts; i++)
        assert_true(zmq_send(endpoint_zmq(f->client), "part", 4, i + 1 < parts ? ZMQ_SNDMORE : 0) >=
                    0);
}

static void multipart_is_dropped_counted_and_harms_nobody(void **state)
{
    struct fixture *f = *state;
    struct endpoint_in in;
    connect_as(f, &f->client_key);
    assert_true(send_within(f, span_str("first"), PATIENCE_MS));
    send_parts(f, 2);
    send_parts(f, 3 * ENDPOINT_SKIP_MAX); /* longer than one call reads away */
    assert_true(send_within(f, span_str("last"), PATIENCE_MS));

    assert_int_equal(recv_within(f, f->server, &in, PATIENCE_MS), OK);
    assert_true(span_eq(in.frame, span_str("first")));
    assert_int_equal(recv_within(f, f->server, &in, PATIENCE_MS), OK);
    assert_true(span_eq(in.frame, span_str("last")));
    assert_int_equal(endpoint_drops(f->server)->multipart, 2);
}

static void the_largest_frame_passes_and_a_larger_one_does_not(void **state)
{
    struct fixture *f = *state;
    struct endpoint_in in;
    uint8_t *bytes = calloc(1, FRAME_MAX + 1);
    assert_non_null(bytes);
    connect_as(f, &f->client_key);
    assert_true(send_within(f, span_of(bytes, FRAME_MAX - 64), PATIENCE_MS));
    assert_int_equal(recv_within(f, f->server, &in, PATIENCE_MS), OK);
    assert_int_equal(in.frame.len, FRAME_MAX - 64);

    assert_true(zmq_send(endpoint_zmq(f->client), bytes, FRAME_MAX + 1, 0) >= 0);
    assert_int_equal(recv_within(f, f->server, &in, SILENCE_MS), ERR_TIMEOUT);
    free(bytes);
}

static void sending_nowhere_is_told_at_once(void **state)
{
    struct fixture *f = *state;
    const struct route nowhere = {5, {0, 1, 2, 3, 4}};
    assert_int_equal(endpoint_send(f->server, &nowhere, span_str("x")), ERR_UNREACHABLE);
}

static void a_peer_that_does_not_read_is_busy_and_blocks_nothing(void **state)
{
    struct fixture *f = *state;
    struct endpoint_in in;
    uint8_t *bytes = calloc(1, 1 << 20);
    assert_non_null(bytes);
    connect_as(f, &f->client_key);
    assert_true(send_within(f, span_str("hello"), PATIENCE_MS));
    assert_int_equal(recv_within(f, f->server, &in, PATIENCE_MS), OK);
    const struct route route = in.route;

    enum err err = OK;
    int sent = 0;
    for (; err == OK && sent < 20 * ENDPOINT_HWM; sent++)
        err = endpoint_send(f->server, &route, span_of(bytes, 1 << 20));
    assert_int_equal(err, ERR_BUSY);
    free(bytes);
}

static void a_bad_address_is_refused_with_its_reason(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *address;
        enum err err;
    } rows[] = {
        {f->address, ERR_ADDRESS_IN_USE},   {"inproc://hub", ERR_CONFIG},
        {"ipc:///hub", ERR_CONFIG},         {"tcp://127.0.0.1", ERR_CONFIG},
        {"tcp://nowhere:port", ERR_CONFIG}, {"", ERR_CONFIG},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct endpoint *ep = (struct endpoint *)&rows; /* must be reset to NULL */
        struct fault fault = {.err = OK};
        print_message("row %zu: %s\n", i, rows[i].address);
        assert_int_equal(
            endpoint_listen(&ep, f->ctx, rows[i].address, f->server_key.secret, &fault),
            rows[i].err);
        assert_null(ep);
        assert_string_equal(fault.where, rows[i].address);
    }
}

static void a_second_handler_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct zap_policy policy = {look, f};
    struct zap *zap;
    assert_int_equal(zap_open(&zap, f->ctx, &policy, NULL), ERR_ZAP_DOMAIN);
    assert_null(zap);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_known_key_is_heard_under_its_user_id_and_answered),
        CASE(the_self_test_passes_on_a_server_that_refuses_strangers),
        CASE(the_self_test_fails_on_a_server_that_admits_a_stranger),
        CASE(an_unknown_key_is_never_heard),
        CASE(without_a_handler_nobody_is_heard),
        CASE(a_client_without_curve_is_never_heard),
        CASE(multipart_is_dropped_counted_and_harms_nobody),
        CASE(the_largest_frame_passes_and_a_larger_one_does_not),
        CASE(sending_nowhere_is_told_at_once),
        CASE(a_peer_that_does_not_read_is_busy_and_blocks_nothing),
        CASE(a_bad_address_is_refused_with_its_reason),
        CASE(a_second_handler_is_refused),
    };
    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
