/*
 * Whatever asks for memory and does not get it says so, gives back what it had, and can be asked
 * again: the hub's store as it is opened, new and with rows in it, each place in turn
 * (fault/memory.h). The leak checker watches.
 */
#include "unit/queue_place.h"

#include "fault/memory.h"

static struct place *at;

static enum err life(void)
{
    enum err err = place_try_open(at);
    assert_true((err == OK) == (at->s != NULL));
    store_close(&at->s);
    return err;
}

/* A file of its own each time. */
static enum err first_life(void)
{
    (void)unlink(at->path);
    return life();
}

static void without_memory_a_store_is_opened_another_time(void **state)
{
    at = *state;
    put_plain(at, 1, 1);
    put_ordered(at, 2, 2, 7);
    store_close(&at->s);
    memory_hold("store", life);
    assert_int_equal(place_try_open(at), OK);
    assert_int_equal(claim(at, A, 0), 1); /* nothing is lost */
}

static void without_memory_a_store_is_made_another_time(void **state)
{
    at = *state;
    store_close(&at->s);
    memory_hold("new store", first_life);
    assert_int_equal(place_try_open(at), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_memory_a_store_is_opened_another_time),
        CASE(without_memory_a_store_is_made_another_time),
    };
    return cmocka_run_group_tests_name("no_memory_store", tests, NULL, NULL);
}
