/* Checks the promises in net/users.h: whose connection it is, and whether it is heard. */
#include "net/users.h"

#include "realm.h"

#include "t.h"

#include <stdio.h>

static struct realm *realm;

static int setup(void **state)
{
    (void)state;
    realm = realm_open(9);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    realm_close(&realm);
    return 0;
}

static void name_of(const char *member, char user[static ENDPOINT_USER_MAX])
{
    const struct key *key = realm_key(realm, member, KEY_USE_TRANSPORT);
    assert_int_equal(users_lookup(realm->registry, key_public(key), REALM_NOW_MS, user), OK);
}

static void a_registered_transport_key_has_a_name_that_is_heard(void **state)
{
    char user[ENDPOINT_USER_MAX];
    (void)state;
    name_of(REALM_MARKET, user);
    assert_memory_equal(user, REALM_MARKET "/", sizeof REALM_MARKET);
    assert_int_equal(strlen(user), sizeof REALM_MARKET + 16);
    assert_int_equal(users_check(realm->registry, user, REALM_NOW_MS), OK);
    assert_int_equal(users_check(realm->registry, user, REALM_NOW_MS + 400 * REALM_DAY_MS),
                     ERR_KEY_EXPIRED);
}

/* A connection whose name is missing or malformed is nobody's, whatever else it says. */
static void a_connection_without_an_identity_is_refused(void **state)
{
    static const char *const users[] = {
        "",
        "/",
        "market.445100",
        "market.445100/",
        "market.445100/0011223344556",
        "market.445100/00112233445566770",
        "market.445100/0011223344556677/",
        "market.445100/00112233445566zz",
        "market.445100 0011223344556677",
        "a-member-whose-name-is-longer-than-any-that-there-can-be.445100/0011223344556677",
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(users); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(users_check(realm->registry, users[i], REALM_NOW_MS), ERR_NO_USER_ID);
    }
}

/* Well formed, and no key of the registry: one that was taken out of it. */
static void a_name_that_the_registry_does_not_hold_is_revoked(void **state)
{
    char user[ENDPOINT_USER_MAX];
    char other[ENDPOINT_USER_MAX];
    (void)state;
    assert_int_equal(users_check(realm->registry, REALM_MARKET "/0011223344556677", REALM_NOW_MS),
                     ERR_REVOKED);
    assert_int_equal(users_check(realm->registry, "market.440000/0011223344556677", REALM_NOW_MS),
                     ERR_REVOKED);
    /* The key of one member under the name of another. */
    name_of(REALM_MARKET, user);
    snprintf(other, sizeof other, "%s%s", REALM_HEALTH, strchr(user, '/'));
    assert_int_equal(users_check(realm->registry, other, REALM_NOW_MS), ERR_REVOKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registered_transport_key_has_a_name_that_is_heard),
        cmocka_unit_test(a_connection_without_an_identity_is_refused),
        cmocka_unit_test(a_name_that_the_registry_does_not_hold_is_revoked),
    };
    return cmocka_run_group_tests_name("users", tests, setup, teardown);
}
