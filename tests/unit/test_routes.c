/* Checks the guarantees of net/routes.h. */
#include "net/routes.h"

#include "t.h"

#include <stdio.h>

struct world {
    struct routes *routes;
    enum err valid;
    uint32_t next;
    unsigned asked;
};

static enum err valid(void *ctx, const char *user, uint64_t now_ms)
{
    struct world *w = ctx;
    (void)user, (void)now_ms;
    w->asked++;
    return w->valid;
}

static enum err number(void *ctx, const char *user, uint32_t *peer)
{
    struct world *w = ctx;
    (void)user;
    *peer = w->next++;
    return OK;
}

static int setup(void **state)
{
    static struct world w;
    w = (struct world){.valid = OK};
    const struct routes_source source = {valid, number, &w};
    *state = &w;
    return routes_open(&w.routes, &source) == OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;
    routes_close(&w->routes);
    return 0;
}

static struct endpoint_in from(const char *user, uint8_t route)
{
    struct endpoint_in in = {.route = {5, {0, 0, 0, 0, route}}};
    snprintf(in.user, sizeof in.user, "%s", user);
    return in;
}

static void a_peer_keeps_its_number_and_is_answered_where_it_was_last_heard(void **state)
{
    struct world *w = *state;
    struct endpoint_in old = from("market.445100/01", 1);
    struct endpoint_in fresh = from("market.445100/01", 2);
    uint32_t first;
    uint32_t again;

    assert_int_equal(routes_admit(w->routes, &old, 0, &first), OK);
    assert_int_equal(routes_find(w->routes, first)->id[4], 1);
    assert_int_equal(routes_admit(w->routes, &fresh, 0, &again), OK);
    assert_int_equal(again, first);
    assert_int_equal(routes_find(w->routes, first)->id[4], 2);
}

static void every_message_is_asked_about_and_a_revoked_key_is_refused(void **state)
{
    struct world *w = *state;
    struct endpoint_in in = from("market.445100/01", 1);
    uint32_t peer;

    assert_int_equal(routes_admit(w->routes, &in, 0, &peer), OK);
    assert_int_equal(routes_admit(w->routes, &in, 0, &peer), OK);
    assert_int_equal(w->asked, 2);
    w->valid = ERR_REVOKED;
    in.route.id[4] = 9;
    assert_int_equal(routes_admit(w->routes, &in, 0, &peer), ERR_REVOKED);
    assert_int_equal(routes_refused(w->routes), 1);
    assert_int_equal(routes_find(w->routes, 0)->id[4], 1); /* the refused route is not taken */
}

static void a_refused_user_is_not_added(void **state)
{
    struct world *w = *state;
    struct endpoint_in in = from("market.445100/01", 1);
    uint32_t peer;
    w->valid = ERR_KEY_EXPIRED;
    assert_int_equal(routes_admit(w->routes, &in, 0, &peer), ERR_KEY_EXPIRED);
    assert_int_equal(w->next, 0);
    /* A class OK that is not OK is no admission either. */
    w->valid = ERR_REPEAT;
    assert_int_equal(routes_admit(w->routes, &in, 0, &peer), ERR_REVOKED);
    assert_int_equal(w->next, 0);
}

static void a_gone_peer_has_no_route_until_it_is_heard_again(void **state)
{
    struct world *w = *state;
    struct endpoint_in in = from("market.445100/01", 1);
    uint32_t peer;
    assert_null(routes_find(w->routes, 0));
    assert_null(routes_find(w->routes, UINT32_MAX));
    assert_int_equal(routes_admit(w->routes, &in, 0, &peer), OK);
    routes_gone(w->routes, peer);
    assert_null(routes_find(w->routes, peer));
    routes_gone(w->routes, UINT32_MAX);
    assert_int_equal(routes_admit(w->routes, &in, 0, &peer), OK);
    assert_non_null(routes_find(w->routes, peer));
}

static void the_table_is_bounded_and_keeps_users_apart(void **state)
{
    struct world *w = *state;
    char user[ENDPOINT_USER_MAX];
    uint32_t peer;
    for (unsigned i = 0; i < ROUTES_MAX; i++) {
        snprintf(user, sizeof user, "health.445100/%016x", i);
        struct endpoint_in in = from(user, (uint8_t)i);
        assert_int_equal(routes_admit(w->routes, &in, 0, &peer), OK);
        assert_int_equal(peer, i);
    }
    struct endpoint_in more = from("health.445100/one-too-many", 1);
    assert_int_equal(routes_admit(w->routes, &more, 0, &peer), ERR_BUSY);
    for (unsigned i = 0; i < ROUTES_MAX; i++)
        assert_int_equal(routes_find(w->routes, i)->id[4], (uint8_t)i);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_peer_keeps_its_number_and_is_answered_where_it_was_last_heard),
        CASE(every_message_is_asked_about_and_a_revoked_key_is_refused),
        CASE(a_refused_user_is_not_added),
        CASE(a_gone_peer_has_no_route_until_it_is_heard_again),
        CASE(the_table_is_bounded_and_keeps_users_apart),
    };
    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
