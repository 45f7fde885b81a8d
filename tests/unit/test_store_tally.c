/* Checks the promises of store/tally.h. */
#include "unit/store_place.h"

#define NORTH "hub.220100"
#define SOUTH "hub.445100"

static struct tally_row word(uint32_t order, const char *hub, uint64_t at_ms, uint32_t executed)
{
    struct tally_row row = {.seq = at_ms, .at_ms = at_ms, .version = 1, .state = 2};
    id_of(row.order_id, order);
    snprintf(row.hub, sizeof row.hub, "%s", hub);
    row.count[OBLIGATION_EXECUTED] = executed;
    return row;
}

static enum err put(struct place *p, const struct tally_row *row)
{
    begin(p);
    const enum err err = tally_put(p->s->tallies, row);
    commit(p);
    return err;
}

static void the_later_word_of_a_hub_stays_whatever_came_last(void **state)
{
    struct place *p = *state;
    const struct tally_row first = word(1, NORTH, 10, 3);
    const struct tally_row second = word(1, NORTH, 20, 5);
    assert_int_equal(put(p, &second), OK);
    assert_int_equal(put(p, &first), ERR_REPEAT);
    assert_int_equal(put(p, &second), ERR_REPEAT);
    struct tally_row row = {.hub = ""};
    assert_int_equal(tally_next(p->s->tallies, ID(1), &row), OK);
    assert_int_equal(row.at_ms, 20);
    assert_int_equal(row.count[OBLIGATION_EXECUTED], 5);
}

static void each_hub_has_its_own_word_about_each_order(void **state)
{
    struct place *p = *state;
    const struct tally_row rows[] = {word(1, SOUTH, 10, 1), word(1, NORTH, 11, 2),
                                     word(2, NORTH, 12, 3)};
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(put(p, &rows[i]), OK);
    struct tally_row row = {.hub = ""};
    assert_int_equal(tally_next(p->s->tallies, ID(1), &row), OK);
    assert_string_equal(row.hub, NORTH);
    assert_int_equal(row.count[OBLIGATION_EXECUTED], 2);
    assert_int_equal(tally_next(p->s->tallies, ID(1), &row), OK);
    assert_string_equal(row.hub, SOUTH);
    assert_int_equal(tally_next(p->s->tallies, ID(1), &row), ERR_NOT_FOUND);
}

static void due(struct place *p, const char *hub, uint32_t order, uint64_t due_ms)
{
    begin(p);
    assert_int_equal(tally_due_put(p->s->tallies, hub, ID(order), due_ms), OK);
    commit(p);
}

static void an_order_is_due_once_at_the_first_moment_and_after_a_restart(void **state)
{
    struct place *p = *state;
    char hub[STORE_MEMBER_MAX + 1];
    uint64_t due_ms;
    uint8_t order[STORE_ID_LEN] = {0};
    due(p, NORTH, 1, 60);
    due(p, SOUTH, 2, 50);
    due(p, NORTH, 1, 90);
    place_reopen(p);
    assert_int_equal(tally_due_first(p->s->tallies, hub, &due_ms), OK);
    assert_string_equal(hub, SOUTH);
    assert_int_equal(due_ms, 50);
    assert_int_equal(tally_due_next(p->s->tallies, NORTH, 59, order), ERR_NOT_FOUND);
    assert_int_equal(tally_due_next(p->s->tallies, NORTH, 60, order), OK);
    assert_memory_equal(order, ID(1), sizeof order);
    assert_int_equal(tally_due_next(p->s->tallies, NORTH, 60, order), ERR_NOT_FOUND);
    begin(p);
    assert_int_equal(tally_due_done(p->s->tallies, SOUTH, ID(2)), OK);
    assert_int_equal(tally_due_defer(p->s->tallies, NORTH, 60, 120), OK);
    commit(p);
    assert_int_equal(tally_due_first(p->s->tallies, hub, &due_ms), OK);
    assert_string_equal(hub, NORTH);
    assert_int_equal(due_ms, 120);
}

static void what_was_rolled_back_is_not_noted(void **state)
{
    struct place *p = *state;
    char hub[STORE_MEMBER_MAX + 1];
    uint64_t due_ms;
    due(p, NORTH, 1, 60);
    assert_true(tally_noted(p->s->tallies, ID(1)));
    assert_false(tally_noted(p->s->tallies, ID(2)));
    begin(p);
    assert_int_equal(store_savepoint(p->s), OK);
    assert_int_equal(tally_due_put(p->s->tallies, SOUTH, ID(2), 10), OK);
    assert_true(tally_noted(p->s->tallies, ID(2)));
    assert_int_equal(store_rollback_to(p->s), OK);
    assert_false(tally_noted(p->s->tallies, ID(2)));
    commit(p);
    assert_int_equal(tally_due_first(p->s->tallies, hub, &due_ms), OK);
    assert_int_equal(due_ms, 60);
    begin(p); /* told: the next change makes it due again */
    assert_int_equal(tally_due_put(p->s->tallies, NULL, ID(3), 10), OK);
    assert_true(tally_noted(p->s->tallies, ID(3)));
    assert_int_equal(tally_due_done(p->s->tallies, NORTH, ID(1)), OK);
    assert_false(tally_noted(p->s->tallies, ID(3)));
    commit(p);
    assert_int_equal(tally_due_first(p->s->tallies, hub, &due_ms), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_later_word_of_a_hub_stays_whatever_came_last),
        CASE(each_hub_has_its_own_word_about_each_order),
        CASE(an_order_is_due_once_at_the_first_moment_and_after_a_restart),
        CASE(what_was_rolled_back_is_not_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
