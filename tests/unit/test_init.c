/* Checks the promise in keys/init.h, with a libsodium that does not begin. */
#include "keys/init.h"

#include "t.h"

#include <stdbool.h>

static bool refused;

int __real_sodium_init(void);
int __wrap_sodium_init(void);

int __wrap_sodium_init(void)
{
    return refused ? -1 : __real_sodium_init();
}

static void without_libsodium_there_are_no_keys(void **state)
{
    (void)state;
    refused = true;
    assert_int_equal(keys_init(), ERR_INTERNAL);
    refused = false;
    assert_int_equal(keys_init(), OK);
    assert_int_equal(keys_init(), OK); /* as often as is asked */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_libsodium_there_are_no_keys),
    };
    return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
