/*
 * A hub that starts without the memory it asks for says so, leaves nothing behind, and starts the
 * next time as if nothing had been: each place in turn (fault/memory.h). The leak checker watches.
 */
#include "scenario/acts.h"

#include "fault/memory.h"

static struct world *hub;

static enum err start(void)
{
    enum err err = world_try_restart(hub);
    assert_true((err == OK) == (hub->core != NULL));
    return err;
}

static void without_memory_a_hub_starts_another_time(void **state)
{
    uint8_t env_id[HASH_LEN];
    hub = *state;
    acts_connect(hub);
    acts_order(hub, env_id);
    const uint64_t restrictions = world_status(hub, "restrictions");
    memory_hold("hub", start);
    world_restart(hub);
    assert_int_equal(world_status(hub, "restrictions"), restrictions);
    assert_int_equal(world_code(hub, "market.445100", env_id), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_memory_a_hub_starts_another_time, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests_name("no_memory", tests, NULL, NULL);
}
