/*
 * An adapter that starts without the memory it asks for says so, leaves nothing behind, and starts
 * the next time as if nothing had been: each place in turn (fault/memory.h). The leak checker
 * watches.
 */
#include "exchange.h"

#include "fault/memory.h"

#include "t.h"

static struct exchange *exchange;

static enum err start(void)
{
    const struct sdk_config config = exchange_config(exchange, REALM_MARKET);
    static const struct sdk_handler handler;
    struct sdk *s = NULL;
    struct fault fault = {0};
    enum err err = sdk_open(&s, &config, &handler, exchange->now_ms, &fault);
    assert_true((err == OK) == (s != NULL));
    sdk_close(&s);
    return err;
}

static void without_memory_an_adapter_starts_another_time(void **state)
{
    exchange = *state;
    memory_hold("adapter", start);
}

static int setup(void **state)
{
    *state = exchange_open(11);
    return 0;
}

static int teardown(void **state)
{
    struct exchange *e = *state;
    exchange_close(&e);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_memory_an_adapter_starts_another_time, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("no_memory_sdk", tests, NULL, NULL);
}
