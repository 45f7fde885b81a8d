/* Checks the promises of store/twin.h. */
#include "unit/store_place.h"

#define T(p) ((p)->s->twins)

static const uint8_t act[TWIN_ACT_LEN] = {7};
static const uint8_t other_act[TWIN_ACT_LEN] = {8};

static struct twin_row order(uint32_t number, uint32_t level, uint64_t from_ms, uint64_t to_ms)
{
    struct twin_row row = {.level = level,
                           .accepted_ms = from_ms,
                           .clock_ms = STORE_NEVER,
                           .to_ms = to_ms,
                           .annulled_ms = STORE_NEVER,
                           .state = TWIN_NEW};
    id_of(row.order_id, number);
    memcpy(row.act, act, sizeof row.act);
    row.hash[0] = (uint8_t)number;
    return row;
}

static void put(struct place *p, const struct twin_row *row)
{
    begin(p);
    assert_int_equal(twin_put(T(p), row), OK);
    commit(p);
}

static void set(struct place *p, struct twin_row *row, enum twin_state state)
{
    row->state = state;
    begin(p);
    assert_int_equal(twin_set(T(p), row), OK);
    commit(p);
}

static void orders_of_one_act_come_by_rank_whatever_was_put_first(void **state)
{
    struct place *p = *state;
    const struct twin_row rows[] = {order(4, 2, 20, 30), order(2, 2, 10, 30), order(3, 2, 10, 30),
                                    order(1, 0, 90, 99)};
    struct twin_row strange = order(5, 0, 1, 2);
    memcpy(strange.act, other_act, sizeof strange.act);
    put(p, &strange);
    for (size_t i = 0; i < T_COUNT(rows); i++)
        put(p, &rows[i]);
    place_reopen(p);
    struct twin_row row = twin_begin(act);
    for (uint8_t i = 1; i <= T_COUNT(rows); i++) {
        assert_int_equal(twin_next(T(p), &row), OK);
        assert_int_equal(row.hash[0], i);
    }
    assert_int_equal(twin_next(T(p), &row), ERR_NOT_FOUND);
}

static void another_first_document_takes_the_place_of_the_one_before(void **state)
{
    struct place *p = *state;
    struct twin_row row = order(1, 2, 10, 30);
    struct twin_row found;
    put(p, &row);
    set(p, &row, TWIN_LOST);
    row.state = TWIN_NEW;
    row.accepted_ms = 5;
    row.hash[0] = 9;
    put(p, &row);
    assert_int_equal(twin_get(T(p), row.order_id, &found), OK);
    assert_int_equal(found.state, TWIN_NEW);
    found = twin_begin(act);
    assert_int_equal(twin_next(T(p), &found), OK);
    assert_int_equal(found.hash[0], 9);
    assert_int_equal(twin_next(T(p), &found), ERR_NOT_FOUND);
}

static void only_who_stands_goes_before_and_was_in_force_meanwhile_is_above(void **state)
{
    struct place *p = *state;
    static const struct {
        uint32_t level;
        uint64_t from_ms;
        uint64_t to_ms;
        enum twin_state state;
        bool above;
    } cases[] = {
        {0, 30, 40, TWIN_STANDS, true},          {2, 10, 21, TWIN_STANDS, true},
        {2, 10, 20, TWIN_STANDS, false}, /* over at that moment */
        {0, 50, 60, TWIN_STANDS, false}, /* begins when ours is over */
        {0, 49, 60, TWIN_STANDS, true},          {2, 30, 40, TWIN_STANDS, false}, /* later */
        {0, 30, 40, TWIN_LOST, false},           {0, 30, 40, TWIN_NEW, false},
        {1, 10, STORE_NEVER, TWIN_STANDS, true},
    };
    for (uint32_t i = 0; i < T_COUNT(cases); i++) {
        struct twin_row ours = order(100 + i, 2, 20, 50);
        struct twin_row theirs = order(i, cases[i].level, cases[i].from_ms, cases[i].to_ms);
        struct twin_row found;
        ours.act[1] = theirs.act[1] = (uint8_t)i;
        theirs.state = cases[i].state;
        put(p, &ours);
        put(p, &theirs);
        const enum err err = twin_above(T(p), &ours, &found);
        if (err != (cases[i].above ? OK : ERR_NOT_FOUND))
            fail_msg("row %u", i);
        if (err == OK)
            assert_memory_equal(found.order_id, theirs.order_id, STORE_ID_LEN);
    }
}

static void what_was_annulled_from_above_is_above_all_that_comes_after_that(void **state)
{
    struct place *p = *state;
    struct twin_row theirs = order(1, 2, 10, 20);
    struct twin_row ours = order(2, 2, 30, 50);
    struct twin_row found;
    theirs.annulled_ms = 30;
    put(p, &ours);
    put(p, &theirs);
    set(p, &theirs, TWIN_STANDS);
    assert_int_equal(twin_above(T(p), &ours, &found), ERR_NOT_FOUND);
    theirs.annulled_ms = 29;
    set(p, &theirs, TWIN_STANDS);
    place_reopen(p);
    assert_int_equal(twin_above(T(p), &ours, &found), OK);
    assert_int_equal(found.annulled_ms, 29);
    set(p, &theirs, TWIN_LOST);
    assert_int_equal(twin_above(T(p), &ours, &found), ERR_NOT_FOUND);
}

static void of_several_above_the_first_by_rank_is_named(void **state)
{
    struct place *p = *state;
    struct twin_row first = order(1, 1, 40, 50);
    struct twin_row second = order(2, 2, 10, 30);
    struct twin_row ours = order(3, 2, 20, 50);
    struct twin_row found;
    put(p, &ours);
    put(p, &second);
    put(p, &first);
    assert_int_equal(twin_above(T(p), &ours, &found), ERR_NOT_FOUND);
    set(p, &second, TWIN_STANDS);
    set(p, &first, TWIN_STANDS);
    assert_int_equal(twin_above(T(p), &ours, &found), OK);
    assert_int_equal(found.hash[0], 1);
    first.to_ms = 20;
    set(p, &first, TWIN_STANDS);
    assert_int_equal(twin_above(T(p), &ours, &found), OK);
    assert_int_equal(found.hash[0], 2);
}

static void what_was_set_is_there_after_a_restart(void **state)
{
    struct place *p = *state;
    struct twin_row row = order(1, 4, 10, STORE_NEVER);
    struct twin_row found;
    put(p, &row);
    row.to_ms = 77;
    row.lost_to[31] = 1;
    set(p, &row, TWIN_LOST);
    place_reopen(p);
    assert_int_equal(twin_get(T(p), row.order_id, &found), OK);
    assert_int_equal(found.state, TWIN_LOST);
    assert_int_equal(found.to_ms, 77);
    assert_int_equal(found.clock_ms, STORE_NEVER);
    assert_memory_equal(found.lost_to, row.lost_to, STORE_HASH_LEN);
    assert_int_equal(twin_get(T(p), ID(2), &found), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(orders_of_one_act_come_by_rank_whatever_was_put_first),
        CASE(another_first_document_takes_the_place_of_the_one_before),
        CASE(only_who_stands_goes_before_and_was_in_force_meanwhile_is_above),
        CASE(what_was_annulled_from_above_is_above_all_that_comes_after_that),
        CASE(of_several_above_the_first_by_rank_is_named),
        CASE(what_was_set_is_there_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
