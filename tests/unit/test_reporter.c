/* Checks the promises of store/reporter.h, each by its number. */
#include "unit/store_place.h"

static void a_pseudonym_has_one_holder(void **state)
{
    struct place *p = *state;
    struct reporter row = {.holder = "market.445100", .seq = 7};
    struct reporter got;
    id_of(row.pseudonym, 1);
    begin(p);
    assert_int_equal(reporter_get(p->s->reporters, ID(1), &got), ERR_NOT_FOUND);
    assert_int_equal(reporter_put(p->s->reporters, &row), OK);
    snprintf(row.holder, sizeof row.holder, "health.445100");
    assert_int_equal(reporter_put(p->s->reporters, &row), ERR_EXISTS);
    commit(p);
    place_reopen(p);
    assert_int_equal(reporter_get(p->s->reporters, ID(1), &got), OK);
    assert_string_equal(got.holder, "market.445100");
    assert_int_equal(got.seq, 7);
}

static void a_request_is_told_once(void **state)
{
    struct place *p = *state;
    struct reporter row = {.holder = "market.445100", .seq = 7};
    struct reporter_ask ask = {.asker = "police.445100"};
    struct reporter_ask got;
    id_of(row.pseudonym, 1);
    id_of(ask.pseudonym, 1);
    id_of(ask.message_id, 2);
    begin(p);
    assert_int_equal(reporter_ask_put(p->s->reporters, &ask), ERR_NOT_FOUND); /* of nobody */
    assert_int_equal(reporter_put(p->s->reporters, &row), OK);
    assert_int_equal(reporter_ask_put(p->s->reporters, &ask), OK);
    assert_int_equal(reporter_ask_put(p->s->reporters, &ask), ERR_EXISTS);
    ask.told_seq = 9;
    assert_int_equal(reporter_ask_told(p->s->reporters, &ask), OK);
    assert_int_equal(reporter_ask_told(p->s->reporters, &ask), ERR_NOT_FOUND);
    commit(p);
    place_reopen(p);
    assert_int_equal(reporter_ask_get(p->s->reporters, "police.445100", ID(2), &got), OK);
    assert_memory_equal(&got, &ask, sizeof got);
    assert_int_equal(reporter_ask_get(p->s->reporters, "health.445100", ID(2), &got),
                     ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_pseudonym_has_one_holder),
        CASE(a_request_is_told_once),
    };
    return cmocka_run_group_tests_name("reporter", tests, NULL, NULL);
}
