/* Checks net/links.h: which connections stand as keys come, change and end, and which of two sides
 * dials. Nobody listens where they are dialled to: a connection is one as soon as it is tried. */
#include "net/links.h"

#include "t.h"
#include "unit/curve_pair.h"

#include <stdio.h>
#include <zmq.h>

#define SELF "hub.130000"

enum { NOW = 1000, FIRST_PEER = 7, SECOND_PEER = 9 };

static const uint8_t keys[2][ENDPOINT_KEY_LEN] = {{1}, {2}};

static struct fixture {
    struct net_context *net;
    struct federation federation;
    struct links *links;
    uint8_t secret[ENDPOINT_KEY_LEN];
    uint8_t public[ENDPOINT_KEY_LEN];
    int key; /* which one the registry names; < 0: none */
} f;

/* links_key_fn */
static enum err key_of(void *ctx, const struct federation_link *link, uint64_t now_ms,
                       uint8_t key[static ENDPOINT_KEY_LEN], char user[static ENDPOINT_USER_MAX])
{
    (void)ctx;
    (void)now_ms;
    if (f.key < 0)
        return ERR_NOT_FEDERATED;
    memcpy(key, keys[f.key], ENDPOINT_KEY_LEN);
    snprintf(user, ENDPOINT_USER_MAX, "%s/%d", link->member, f.key);
    return OK;
}

/* routes_number_fn */
static enum err number_of(void *ctx, const char *user, uint32_t *peer)
{
    (void)ctx;
    *peer = strchr(user, '/')[1] == '0' ? FIRST_PEER : SECOND_PEER;
    return OK;
}

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    curve_pair(f.public, f.secret);
    assert_int_equal(net_context_open(&f.net, NULL), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    links_close(&f.links);
    assert_null(f.links);
    net_context_close(&f.net);
    return 0;
}

static void open_to(const char *member, const char *address)
{
    const struct links_source source = {
        .federation = &f.federation,
        .self = SELF,
        .secret = f.secret,
        .public = f.public,
        .key = key_of,
        .number = number_of,
        .ctx = &f,
    };
    struct federation_link *link = &f.federation.link[f.federation.count++];
    *link = (struct federation_link){.kind = LINK_PEER};
    snprintf(link->member, sizeof link->member, "%s", member);
    snprintf(link->address, sizeof link->address, "%s", address);
    assert_int_equal(links_open(&f.links, f.net, &source), OK);
    assert_int_equal(links_tend(f.links, NOW), OK);
}

static size_t polled(void)
{
    zmq_pollitem_t items[LINKS_POLL_MAX];
    return links_poll(f.links, items);
}

/* The connection of this peer is told to be gone, once. */
static void is_told_gone(uint32_t peer)
{
    struct links_event event;
    assert_true(links_event(f.links, &event));
    assert_int_equal(event.peer, peer);
    assert_false(event.up);
    assert_false(links_event(f.links, &event));
}

/* 1 */
static void a_link_is_dialled_while_the_registry_names_a_key(void **state)
{
    struct links_event event;
    (void)state;
    f.key = -1;
    open_to("hub.110000", "tcp://127.0.0.1:9");
    assert_int_equal(polled(), 0);
    f.key = 0;
    assert_int_equal(links_tend(f.links, NOW), OK);
    struct endpoint *dialled = links_find(f.links, FIRST_PEER);
    assert_non_null(dialled);
    assert_int_equal(polled(), 2);
    assert_int_equal(links_tend(f.links, NOW), OK);
    assert_ptr_equal(links_find(f.links, FIRST_PEER), dialled); /* the same one */
    assert_false(links_event(f.links, &event));
    f.key = -1;
    assert_int_equal(links_tend(f.links, NOW), OK);
    assert_null(links_find(f.links, FIRST_PEER));
    assert_int_equal(polled(), 0);
    is_told_gone(FIRST_PEER);
}

static void another_key_is_another_connection_and_another_peer(void **state)
{
    (void)state;
    open_to("hub.110000", "tcp://127.0.0.1:9");
    assert_non_null(links_find(f.links, FIRST_PEER));
    f.key = 1;
    assert_int_equal(links_tend(f.links, NOW), OK);
    assert_null(links_find(f.links, FIRST_PEER));
    assert_non_null(links_find(f.links, SECOND_PEER));
    assert_int_equal(polled(), 2);
    is_told_gone(FIRST_PEER);
}

static void a_link_without_an_address_is_not_dialled(void **state)
{
    (void)state;
    open_to("hub.110000", "");
    assert_int_equal(polled(), 0);
    assert_null(links_find(f.links, FIRST_PEER));
}

static void an_address_that_cannot_be_dialled_is_left_alone(void **state)
{
    (void)state;
    open_to("hub.110000", "tcp://127.0.0.1:port");
    assert_int_equal(polled(), 0);
    assert_int_equal(links_tend(f.links, NOW), OK);
    assert_int_equal(polled(), 0);
}

/* 4 */
static void of_two_that_dial_the_lesser_one_goes_on(void **state)
{
    (void)state;
    open_to("hub.310000", "tcp://127.0.0.1:9");
    assert_false(links_yield(f.links, FIRST_PEER));
    assert_non_null(links_find(f.links, FIRST_PEER));
    assert_true(links_yield(f.links, SECOND_PEER)); /* whom we do not dial */
    assert_true(links_yield(f.links, ROUTES_MAX));
}

static void of_two_that_dial_the_greater_one_hangs_up_for_good(void **state)
{
    struct links_event event;
    (void)state;
    open_to("hub.110000", "tcp://127.0.0.1:9");
    assert_true(links_yield(f.links, FIRST_PEER));
    assert_null(links_find(f.links, FIRST_PEER));
    assert_false(links_event(f.links, &event)); /* it is there, by its own connection */
    f.key = 1;
    assert_int_equal(links_tend(f.links, NOW), OK);
    assert_int_equal(polled(), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_link_is_dialled_while_the_registry_names_a_key),
        CASE(another_key_is_another_connection_and_another_peer),
        CASE(a_link_without_an_address_is_not_dialled),
        CASE(an_address_that_cannot_be_dialled_is_left_alone),
        CASE(of_two_that_dial_the_lesser_one_goes_on),
        CASE(of_two_that_dial_the_greater_one_hangs_up_for_good),
    };
    return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
