/* Checks the promises of adapters/sdk/link.h that need no hub: 3 and 5, and what is refused; and 1
 * with a socket in place of the hub. */
#include "adapters/sdk/link.h"
#include "base/clock.h"

#include "frame.h"

#include "t.h"
#include "unit/curve_pair.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum { WAIT_MS = 2000, ADDRESS_MAX = 64 };

struct fixture {
    void *context;
    void *hub; /* ROUTER with the hub's key; NULL: nobody listens */
    uint8_t public[2][32];
    uint8_t secret[2][32];
    char address[ADDRESS_MAX];
    struct link *link;
    uint8_t *bytes; /* FRAME_MAX + 1 of them */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    for (int i = 0; i < 2; i++)
        curve_pair(f->public[i], f -> secret[i]);
    f->bytes = calloc(1, FRAME_MAX + 1);
    assert_non_null(f->bytes);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    link_close(&f->link);
    if (f->hub != NULL)
        zmq_close(f->hub);
    if (f->context != NULL)
        zmq_ctx_term(f->context);
    free(f->bytes);
    free(f);
    return 0;
}

static void listen_here(struct fixture *f)
{
    const int yes = 1;
    const int none = 0;
    size_t len = sizeof f->address;
    f->context = zmq_ctx_new();
    f->hub = zmq_socket(f->context, ZMQ_ROUTER);
    assert_int_equal(zmq_setsockopt(f->hub, ZMQ_LINGER, &none, sizeof none), 0);
    assert_int_equal(zmq_setsockopt(f->hub, ZMQ_CURVE_SERVER, &yes, sizeof yes), 0);
    assert_int_equal(zmq_setsockopt(f->hub, ZMQ_CURVE_SECRETKEY, f->secret[0], 32), 0);
    assert_int_equal(zmq_bind(f->hub, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(f->hub, ZMQ_LAST_ENDPOINT, f->address, &len), 0);
}

static enum err open_to(struct fixture *f, const char *address)
{
    return link_open(&f->link, address, f->secret[1], f->public[1], f -> public[0]);
}

/* Wait until the hub has a part and take it; its length, -1: nothing comes. */
static int hub_takes(struct fixture *f, void *part, size_t cap)
{
    zmq_pollitem_t item = {f->hub, 0, ZMQ_POLLIN, 0};
    return zmq_poll(&item, 1, WAIT_MS) == 1 ? zmq_recv(f->hub, part, cap, 0) : -1;
}

static void wait_for_connection(struct fixture *f)
{
    enum { PATIENCE_MS = 5000 };
    const uint64_t end_ms = clock_real_ms() + PATIENCE_MS;
    bool ready;
    /* A wait may end at once again and again: time alone says that nobody came. */
    while (clock_real_ms() < end_ms) {
        assert_int_equal(link_wait(f->link, true, -1, 50, &ready), OK);
        if (link_events(f->link).up)
            return;
    }
    fail_msg("no connection");
}

/* 3 */
static void without_a_connection_nothing_is_queued(void **state)
{
    struct fixture *f = *state;
    bool ready = true;
    assert_int_equal(open_to(f, "tcp://127.0.0.1:1"), OK); /* nobody listens there */
    for (int i = 0; i < 3; i++)
        assert_int_equal(link_send(f->link, span_str("frame")), ERR_BUSY);
    assert_int_equal(link_wait(f->link, true, -1, 20, &ready), OK);
    assert_false(ready);
    assert_int_equal(link_send(f->link, span_str("frame")), ERR_BUSY);
    const struct link_events events = link_events(f->link);
    assert_false(events.up);
}

static void an_empty_frame_and_one_beyond_the_bound_are_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_to(f, "tcp://127.0.0.1:1"), OK);
    assert_int_equal(link_send(f->link, span_of(f->bytes, 0)), ERR_TOO_LARGE);
    assert_int_equal(link_send(f->link, span_of(f->bytes, FRAME_MAX + 1)), ERR_TOO_LARGE);
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const rows[] = {"", "hub", "tcp://", "tcp://127.0.0.1",
                                       "carrier-pigeon://127.0.0.1:1"};
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(open_to(f, rows[i]), ERR_CONFIG);
        assert_null(f->link);
    }
}

/* 1 */
static void a_frame_arrives_as_one_part_and_a_multipart_answer_is_dropped_whole(void **state)
{
    struct fixture *f = *state;
    uint8_t identity[32];
    char part[64];
    struct span frame;
    bool ready;
    listen_here(f);
    assert_int_equal(open_to(f, f->address), OK);
    wait_for_connection(f);
    assert_int_equal(link_send(f->link, span_str("one frame")), OK);
    const int id = hub_takes(f, identity, sizeof identity);
    assert_in_range(id, 1, sizeof identity);
    assert_int_equal(hub_takes(f, part, sizeof part), 9);
    assert_memory_equal(part, "one frame", 9);
    int more = 1;
    size_t len = sizeof more;
    assert_int_equal(zmq_getsockopt(f->hub, ZMQ_RCVMORE, &more, &len), 0);
    assert_int_equal(more, 0);
    for (int parts = 2; parts >= 1; parts--) { /* in two parts, then whole */
        assert_int_equal(zmq_send(f->hub, identity, (size_t)id, ZMQ_SNDMORE), id);
        if (parts == 2)
            assert_int_equal(zmq_send(f->hub, "half", 4, ZMQ_SNDMORE), 4);
        assert_int_equal(zmq_send(f->hub, "whole", 5, 0), 5);
    }
    bool got = false;
    for (int i = 0; i < 40 && !got; i++) {
        assert_int_equal(link_wait(f->link, false, -1, 50, &ready), OK);
        got = link_recv(f->link, &frame);
    }
    assert_true(got);
    assert_int_equal(frame.len, 5);
    assert_memory_equal(frame.data, "whole", 5);
    assert_false(link_recv(f->link, &frame));
}

/* 5 */
static void closing_does_not_wait_for_a_hub_that_reads_nothing(void **state)
{
    struct fixture *f = *state;
    struct timespec from;
    struct timespec to;
    listen_here(f);
    assert_int_equal(open_to(f, f->address), OK);
    wait_for_connection(f);
    enum err err = OK;
    for (int i = 0; i < 8 * LINK_HWM && err == OK; i++)
        err = link_send(f->link, span_of(f->bytes, 1000));
    assert_true(err == OK || err == ERR_BUSY); /* never blocks */
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &from), 0);
    link_close(&f->link);
    assert_null(f->link);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &to), 0);
    assert_true(to.tv_sec - from.tv_sec < 10); /* a machine may be slow; for ever is longer */
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_a_connection_nothing_is_queued),
        CASE(an_empty_frame_and_one_beyond_the_bound_are_refused),
        CASE(what_is_no_address_is_refused),
        CASE(a_frame_arrives_as_one_part_and_a_multipart_answer_is_dropped_whole),
        CASE(closing_does_not_wait_for_a_hub_that_reads_nothing),
    };
    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
