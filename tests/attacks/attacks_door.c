/* The hub's door with the library as it is, when what stands behind it fails or lies: a ZAP handler
 * that is late, silent, gone or answers nonsense, connections without an identity, and two who
 * claim one routing id. tests/attacks T-02, T-03, T-06, T-11. */
#include "net/endpoint.h"
#include "net/local.h"
#include "net/zap.h"

#include "t.h"
#include "unit/curve_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum {
    PATIENCE_MS = 10000,
    SILENCE_MS = 150,
    NOW = 1000,
    PEERS = 2,
    ROUNDS = 1000,
    ROUND_MS = 25,
    NAMES = 4,
    PARTS = 8
};

static const char *const names[PEERS] = {"health.445100/0011223344556677",
                                         "market.445100/8899aabbccddeeff"};

struct keypair {
    uint8_t public[ENDPOINT_KEY_LEN];
    uint8_t secret[ENDPOINT_KEY_LEN];
};

/* An answer of a handler as it should not be. */
struct answer {
    const char *what;
    const char *version;
    const char *status;
    const char *user;
    bool other_request; /* it names a request that nobody made */
    size_t parts;       /* of six; more: empty ones behind */
    uint64_t late_ms;
};

struct fixture {
    struct net_context *ctx;
    struct zap *zap; /* ours, or */
    void *rogue;     /* another one that says `answer` */
    const struct answer *answer;
    unsigned asked;
    struct endpoint *server;
    struct keypair server_key;
    struct keypair key[PEERS];
    struct endpoint *client[PEERS];
    char address[ENDPOINT_ADDRESS_MAX];
};

static enum err look(void *ctx, const uint8_t key[static ENDPOINT_KEY_LEN], uint64_t now_ms,
                     char user[static ENDPOINT_USER_MAX])
{
    const struct fixture *f = ctx;
    (void)now_ms;
    for (size_t i = 0; i < PEERS; i++) {
        if (memcmp(key, f->key[i].public, ENDPOINT_KEY_LEN) == 0) {
            snprintf(user, ENDPOINT_USER_MAX, "%s", names[i]);
            return OK;
        }
    }
    return ERR_KID_UNKNOWN;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const struct zap_policy policy = {look, f};
    assert_non_null(f);
    curve_pair(f->server_key.public, f->server_key.secret);
    for (size_t i = 0; i < PEERS; i++)
        curve_pair(f->key[i].public, f->key[i].secret);
    assert_int_equal(net_context_open(&f->ctx, NULL), OK);
    assert_int_equal(zap_open(&f->zap, f->ctx, &policy, NULL), OK);
    assert_int_equal(
        endpoint_listen(&f->server, f->ctx, "tcp://127.0.0.1:*", f->server_key.secret, NULL), OK);
    assert_int_equal(endpoint_address(f->server, f->address), OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    const int now = 0;
    for (size_t i = 0; i < PEERS; i++)
        endpoint_close(&f->client[i]);
    endpoint_close(&f->server);
    zap_close(&f->zap);
    if (f->rogue != NULL) {
        assert_int_equal(zmq_setsockopt(f->rogue, ZMQ_LINGER, &now, sizeof now), 0);
        zmq_close(f->rogue);
    }
    net_context_close(&f->ctx);
    free(f);
    return 0;
}

static void dial(struct fixture *f, size_t who, const char *routing_id)
{
    const int now = 0;
    const struct endpoint_keys keys = {f->key[who].secret, f->key[who].public,
                                       f->server_key.public};
    assert_int_equal(endpoint_client(&f->client[who], f->ctx, f->address, &keys, NULL), OK);
    void *socket = endpoint_zmq(f->client[who]);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &now, sizeof now), 0);
    if (routing_id != NULL)
        assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing_id, strlen(routing_id)), 0);
    assert_int_equal(endpoint_dial(f->client[who], f->address, NULL), OK);
}

/* ---- another handler ---- */

static void take_the_place(struct fixture *f)
{
    zap_close(&f->zap);
    f->rogue = zmq_socket(net_context_zmq(f->ctx), ZMQ_REP);
    assert_non_null(f->rogue);
    uint64_t end = local_monotonic_ms() + PATIENCE_MS; /* the name is free a moment after its end */
    while (zmq_bind(f->rogue, "inproc://zeromq.zap.01") != 0) {
        assert_true(local_monotonic_ms() < end);
        assert_int_equal(zmq_poll(NULL, 0, 1), 0);
    }
}

static void answer_request(struct fixture *f)
{
    char request[PARTS][ENDPOINT_USER_MAX];
    int len[PARTS] = {0};
    size_t count = 0;
    int more = 1;
    size_t more_len = sizeof more;
    for (; more == 1; count++) {
        assert_true(count < PARTS);
        len[count] = zmq_recv(f->rogue, request[count], sizeof request[count], 0);
        assert_in_range(len[count], 0, sizeof request[count]);
        assert_int_equal(zmq_getsockopt(f->rogue, ZMQ_RCVMORE, &more, &more_len), 0);
    }
    f->asked++;
    const struct answer *a = f->answer;
    zmq_pollitem_t nothing = {f->rogue, 0, ZMQ_POLLIN, 0};
    if (a->late_ms > 0)
        assert_true(zmq_poll(&nothing, 1, (long)a->late_ms) >= 0);
    const struct span said[PARTS] = {
        span_str(a->version),
        a->other_request ? span_str("nobody") : span_of(request[1], (size_t)len[1]),
        span_str(a->status),
        span_str("OK"),
        span_str(a->user),
        span_str(""),
    };
    for (size_t i = 0; i < a->parts; i++)
        assert_true(
            zmq_send(f->rogue, said[i].data, said[i].len, i + 1 < a->parts ? ZMQ_SNDMORE : 0) >= 0);
}

static void pump(struct fixture *f, long wait_ms)
{
    zmq_pollitem_t items[3] = {{endpoint_zmq(f->server), 0, ZMQ_POLLIN, 0}};
    int count = 1;
    if (f->zap != NULL || f->rogue != NULL)
        items[count++].socket = f->zap != NULL ? zap_zmq(f->zap) : f->rogue;
    items[1].events = ZMQ_POLLIN;
    assert_true(zmq_poll(items, count, wait_ms) >= 0);
    if (f->zap != NULL)
        assert_int_equal(zap_serve(f->zap, NOW), OK);
    if (f->rogue != NULL && (items[1].revents & ZMQ_POLLIN) != 0)
        answer_request(f);
}

/* Who knocks says hello as soon as it may; true when the hub hears it. */
static bool is_heard(struct fixture *f, size_t who, uint64_t wait_ms)
{
    struct endpoint_in in;
    bool sent = false;
    const uint64_t end = local_monotonic_ms() + wait_ms;
    while (local_monotonic_ms() < end) {
        sent = sent || endpoint_send(f->client[who], NULL, span_str("hello")) == OK;
        if (endpoint_recv(f->server, &in) == OK)
            return true;
        pump(f, 10);
    }
    return false;
}

/* T-03: what the handler says counts only whole, in its form, to the request that was made, and
 * while the handshake lasts. T-11: nobody is admitted without a name. */
static void an_answer_that_is_not_whole_admits_nobody(void **state)
{
    static const struct answer rows[] = {
        {"status 300", "1.0", "300", names[0], false, 6, 0},
        {"status 400", "1.0", "400", names[0], false, 6, 0},
        {"status 500", "1.0", "500", names[0], false, 6, 0},
        {"no status", "1.0", "", names[0], false, 6, 0},
        {"status 20", "1.0", "20", names[0], false, 6, 0},
        {"status 2000", "1.0", "2000", names[0], false, 6, 0},
        {"status ok", "1.0", "OK!", names[0], false, 6, 0},
        {"another version", "2.0", "200", names[0], false, 6, 0},
        {"no version", "", "200", names[0], false, 6, 0},
        {"another request", "1.0", "200", names[0], true, 6, 0},
        {"a part too few", "1.0", "200", names[0], false, 5, 0},
        {"one part", "1.0", "200", names[0], false, 1, 0},
        {"a part too many", "1.0", "200", names[0], false, 7, 0},
        {"after the handshake", "1.0", "200", names[0], false, 6, ENDPOINT_HANDSHAKE_MS + 500},
    };
    struct fixture *f = *state;
    take_the_place(f);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("%s\n", rows[i].what);
        f->answer = &rows[i];
        f->asked = 0;
        dial(f, 0, NULL);
        assert_false(is_heard(f, 0, SILENCE_MS + 2 * rows[i].late_ms));
        assert_true(f->asked >= 1);
        endpoint_close(&f->client[0]);
    }
    static const struct answer good = {"as it should be", "1.0", "200", names[0], false, 6, 0};
    f->answer = &good;
    dial(f, 0, NULL);
    assert_true(is_heard(f, 0, PATIENCE_MS));
}

/* T-11 */
static void a_connection_without_an_identity_is_dropped_and_counted(void **state)
{
    static const struct answer nameless = {"no name", "1.0", "200", "", false, 6, 0};
    struct fixture *f = *state;
    struct endpoint_in in;
    take_the_place(f);
    f->answer = &nameless;
    dial(f, 0, NULL);
    uint64_t end = local_monotonic_ms() + PATIENCE_MS;
    while (local_monotonic_ms() < end && endpoint_drops(f->server)->no_user == 0) {
        enum err sent = endpoint_send(f->client[0], NULL, span_str("hello"));
        assert_true(sent == OK || sent == ERR_BUSY);
        assert_int_equal(endpoint_recv(f->server, &in), ERR_NOT_FOUND);
        pump(f, 10);
    }
    assert_true(endpoint_drops(f->server)->no_user > 0);
}

/* T-02: while it hangs nobody comes in, when it is gone nobody comes in, and that it is gone is an
 * error of the loop's turn, which ends the process. */
static void without_its_handler_the_door_stays_shut_and_the_loop_ends(void **state)
{
    struct fixture *f = *state;
    struct zap *hangs = f->zap;
    f->zap = NULL; /* it is there, and nobody serves it */
    dial(f, 0, NULL);
    assert_false(is_heard(f, 0, SILENCE_MS));
    f->zap = hangs;
    assert_true(is_heard(f, 0, PATIENCE_MS)); /* within its handshake it is let in */
    zap_close(&f->zap);
    dial(f, 1, NULL);
    assert_false(is_heard(f, 1, SILENCE_MS));

    const struct zap_policy policy = {look, f};
    assert_int_equal(zap_open(&f->zap, f->ctx, &policy, NULL), OK);
    assert_int_equal(zmq_ctx_shutdown(net_context_zmq(f->ctx)), 0);
    assert_int_equal(zap_serve(f->zap, NOW), ERR_ZAP_DOMAIN);
}

/* ---- one routing id, two members ---- */

static void answer_by_name(struct fixture *f)
{
    struct endpoint_in in;
    while (endpoint_recv(f->server, &in) == OK) {
        const struct route route = in.route;
        char mine[ENDPOINT_USER_MAX];
        snprintf(mine, sizeof mine, "%s", in.user);
        assert_true(span_eq(in.frame, span_str(mine)));
        enum err sent = endpoint_send(f->server, &route, span_str(mine));
        assert_true(sent == OK || sent == ERR_UNREACHABLE);
    }
}

/* Nobody reads what was meant for another; how many were answered. */
static unsigned read_answers(struct fixture *f, bool answered[static PEERS])
{
    struct endpoint_in in;
    unsigned count = 0;
    for (size_t i = 0; i < PEERS; i++) {
        while (endpoint_recv(f->client[i], &in) == OK) {
            assert_true(span_eq(in.frame, span_str(names[i])));
            answered[i] = true;
        }
        count += answered[i];
    }
    return count;
}

/* T-06: two members under one routing id of their choice, a thousand times, while those who had it
 * a moment ago are still leaving. Who is second may wait in vain; nobody hears another's. */
static void two_members_under_one_routing_id_never_hear_each_other(void **state)
{
    struct fixture *f = *state;
    unsigned served = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        char id[16];
        bool answered[PEERS] = {false, false};
        snprintf(id, sizeof id, "name-%u", round / 2 % NAMES);
        for (size_t i = 0; i < PEERS; i++)
            dial(f, (i + round) % PEERS, id);
        uint64_t end = local_monotonic_ms() + ROUND_MS;
        while (read_answers(f, answered) == 0 && local_monotonic_ms() < end) {
            for (size_t i = 0; i < PEERS; i++) {
                enum err sent = endpoint_send(f->client[i], NULL, span_str(names[i]));
                assert_true(sent == OK || sent == ERR_BUSY);
            }
            answer_by_name(f);
            pump(f, 1);
        }
        served += read_answers(f, answered) > 0;
        for (size_t i = 0; i < PEERS; i++)
            endpoint_close(&f->client[i]);
    }
    print_message("%u rounds, somebody was served in %u\n", ROUNDS, served);
    assert_true(served > ROUNDS / 4);
    dial(f, 0, NULL);
    assert_true(is_heard(f, 0, PATIENCE_MS));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_answer_that_is_not_whole_admits_nobody),
        CASE(a_connection_without_an_identity_is_dropped_and_counted),
        CASE(without_its_handler_the_door_stays_shut_and_the_loop_ends),
        CASE(two_members_under_one_routing_id_never_hear_each_other),
    };
    return cmocka_run_group_tests_name("attacks at the door", tests, NULL, NULL);
}
