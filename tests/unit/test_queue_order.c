/* Checks the promises of store/queue.h about conversations and their numbers. */
#include "unit/queue_place.h"

static void a_conversation_goes_in_order_to_one_lessee(void **state)
{
    struct place *p = *state;
    for (uint64_t seq = 1; seq <= 4; seq++)
        put_ordered(p, seq, 1, 7);
    put_ordered(p, 5, 1, 8);
    assert_int_equal(claim(p, A, 0), 1);
    assert_int_equal(claim(p, B, 0), 5); /* another conversation */
    assert_int_equal(claim(p, B, 0), 0); /* the first is A's */
    assert_int_equal(claim(p, A, 0), 2); /* A may have several in flight */
    done(p, 1);
    assert_int_equal(claim(p, B, 0), 0); /* 2 is still with A */
    done(p, 2);
    assert_int_equal(claim(p, B, 0), 3);
    assert_int_equal(claim(p, A, 0), 0);
    done(p, 3);
    assert_int_equal(claim(p, A, 0), 4);
}

static void a_deferred_number_holds_back_the_later_ones(void **state)
{
    struct place *p = *state;
    for (uint64_t seq = 1; seq <= 3; seq++)
        put_ordered(p, seq, 1, 7);
    put_plain(p, 4, 1);
    assert_int_equal(claim(p, A, 0), 1);
    defer(p, 1, 100);
    assert_int_equal(claim(p, A, 0), 4); /* 2 and 3 wait for 1, 4 does not */
    assert_int_equal(claim(p, A, 99), 0);
    place_reopen(p);
    assert_int_equal(claim(p, A, 99), 4);
    assert_int_equal(claim(p, A, 99), 0);
    assert_int_equal(claim(p, A, 100), 1);
    assert_int_equal(claim(p, A, 100), 2);
    assert_int_equal(claim(p, A, 100), 3);
}

/* A number deferred while its successor is in flight: the third must not overtake it. */
static void a_gap_in_flight_lets_nothing_pass(void **state)
{
    struct place *p = *state;
    for (uint64_t seq = 1; seq <= 3; seq++)
        put_ordered(p, seq, 1, 7);
    assert_int_equal(claim(p, A, 0), 1);
    assert_int_equal(claim(p, A, 0), 2);
    defer(p, 1, 100);
    assert_int_equal(claim(p, A, 0), 0);
    done(p, 2);
    assert_int_equal(claim(p, A, 0), 0);
    assert_int_equal(claim(p, A, 100), 1);
    assert_int_equal(claim(p, A, 100), 3);
}

static void a_row_given_back_before_those_passed_over_is_found(void **state)
{
    struct place *p = *state;
    for (uint64_t seq = 1; seq <= 4; seq++)
        put_ordered(p, seq, 1, seq <= 2 ? 7 : 8);
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_int_equal(claim(p, A, 0), seq);
    assert_int_equal(claim(p, B, 0), 0); /* 4 is passed over */
    queue_unlease(p->s->queue, HEALTH, 2);
    assert_int_equal(claim(p, B, 0), 0); /* and now 2, which lies before it */
    done(p, 1);
    assert_int_equal(claim(p, B, 0), 2);
}

static void order_holds_across_lanes(void **state)
{
    struct place *p = *state;
    put_ordered(p, 1, 3, 7);
    put_ordered(p, 2, 0, 7); /* more urgent, but its number is later */
    put_plain(p, 3, 1);
    assert_int_equal(claim(p, A, 0), 3);
    assert_int_equal(claim(p, A, 0), 1);
    assert_int_equal(claim(p, A, 0), 2);
}

static void parked_and_held_rows_do_not_block_their_conversation(void **state)
{
    struct place *p = *state;
    for (uint64_t seq = 1; seq <= 3; seq++)
        put_ordered(p, seq, 1, 7);
    assert_int_equal(claim(p, A, 0), 1);
    begin(p);
    assert_int_equal(queue_park(p->s->queue, HEALTH, 1, ERR_ATTEMPTS, 1), OK);
    commit(p);
    assert_int_equal(claim(p, B, 0), 2);
    begin(p);
    uint64_t number;
    assert_int_equal(queue_number(p->s->queue, HEALTH, ID(7), &number), OK);
    assert_int_equal(number, 4);
    assert_int_equal(queue_release(p->s->queue, HEALTH, 1, number, 88), OK);
    commit(p);
    assert_int_equal(claim(p, B, 0), 3);
    assert_int_equal(claim(p, B, 0), 1); /* under its new number */
    struct queue_row row;
    assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &row), OK);
    assert_int_equal(row.number, 4);
    assert_int_equal(row.statement_leaf, 88);
    assert_int_equal(row.attempts, 0);
    begin(p);
    assert_int_equal(queue_release(p->s->queue, HEALTH, 1, 5, 88), ERR_FIELD_VALUE); /* not held */
    commit(p);
}

static void numbers_never_repeat(void **state)
{
    struct place *p = *state;
    uint64_t n;
    for (uint64_t want = 1; want <= 5; want++) {
        begin(p);
        assert_int_equal(queue_number(p->s->queue, HEALTH, ID(7), &n), OK);
        assert_int_equal(n, want);
        commit(p);
        begin(p);
        assert_int_equal(queue_number(p->s->queue, HEALTH, ID(7), &n), OK);
        store_rollback(p->s); /* not used up by what did not happen */
        place_reopen(p);
    }
    begin(p);
    assert_int_equal(queue_number(p->s->queue, POLICE, ID(7), &n), OK);
    assert_int_equal(n, 1);
    commit(p);
}

static void a_lessee_that_is_gone_gives_everything_back_in_order(void **state)
{
    struct place *p = *state;
    for (uint64_t seq = 1; seq <= 3; seq++)
        put_ordered(p, seq, 1, 7);
    put_plain(p, 4, 1);
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_int_equal(claim(p, A, 0), seq);
    assert_int_equal(claim(p, B, 0), 4);
    assert_int_equal(queue_unlease_all(p->s->queue, A), 3);
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_int_equal(claim(p, B, 0), seq);
    struct queue_row row;
    assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &row), OK);
    assert_int_equal(row.attempts, 0); /* it counts no attempt */
}

static void sealing_gives_message_number_and_statement(void **state)
{
    struct place *p = *state;
    static const uint8_t TOKENS[1][STORE_TOKEN_LEN] = {{21}};
    struct queue_row row = row_of(1, 1);
    struct queue_row got;

    row.form = 1;
    id_of(row.conversation, 7);
    memset(row.message_id, 0, sizeof row.message_id);
    put(p, &row);
    assert_int_equal(claim(p, A, 0), 1);
    begin(p);
    assert_int_equal(queue_seal(p->s->queue, HEALTH, 1, ID(55), 3, 44), OK);
    assert_int_equal(queue_gated(p->s->queue, HEALTH, 1, 12, TOKENS, 1), OK);
    commit(p);
    place_reopen(p);
    assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &got), OK);
    assert_memory_equal(got.message_id, ID(55), STORE_ID_LEN);
    assert_int_equal(got.number, 3);
    assert_int_equal(got.statement_leaf, 44);
    assert_int_equal(got.gated_at, 12);
    assert_int_equal(got.token_count, 1);
    assert_memory_equal(got.tokens[0], TOKENS[0], STORE_TOKEN_LEN);
}

static void a_number_given_at_sealing_keeps_order(void **state)
{
    struct place *p = *state;
    struct queue_row row = row_of(1, 1);
    row.form = 1;
    id_of(row.conversation, 7);
    put(p, &row);
    assert_int_equal(claim(p, A, 0), 1);
    begin(p);
    assert_int_equal(queue_seal(p->s->queue, HEALTH, 1, ID(55), 1, 44), OK);
    commit(p);
    row = row_of(2, 1);
    id_of(row.conversation, 7);
    row.number = 2;
    put(p, &row);
    assert_int_equal(claim(p, B, 0), 0);
    done(p, 1);
    assert_int_equal(claim(p, B, 0), 2);
}

/* A claim looks at no more than QUEUE_SCAN rows in vain, and still reaches what lies behind. */
static void a_blocked_backlog_costs_a_bounded_look(void **state)
{
    struct place *p = *state;
    struct queue_row row;
    size_t count;
    int looks = 0;
    enum err err;

    begin(p);
    for (uint64_t seq = 1; seq <= 3000; seq++) {
        row = row_of(seq, 1);
        id_of(row.conversation, 7);
        row.number = seq;
        assert_int_equal(queue_put(p->s->queue, &row), OK);
    }
    row = row_of(4000, 1);
    assert_int_equal(queue_put(p->s->queue, &row), OK);
    commit(p);
    assert_int_equal(claim(p, A, 0), 1);
    while ((err = queue_claim(p->s->queue, HEALTH, B, 0, LEASE, 3, &row, 1, &count)) == ERR_BUSY)
        looks++;
    assert_int_equal(err, OK);
    assert_int_equal(row.seq, 4000);
    assert_int_equal(looks, 2999 / QUEUE_SCAN);
    assert_int_equal(claim(p, B, 0), 0);
    done(p, 1);
    assert_int_equal(claim(p, B, 0), 2);
}

static void a_conversation_in_flight_is_bounded(void **state)
{
    struct place *p = *state;
    for (uint64_t seq = 1; seq <= QUEUE_CONVERSATION_MAX + 2; seq++)
        put_ordered(p, seq, 1, 7);
    for (uint64_t seq = 1; seq <= QUEUE_CONVERSATION_MAX; seq++)
        assert_int_equal(claim(p, A, 0), seq);
    assert_int_equal(claim(p, A, 0), 0);
    done(p, 1);
    assert_int_equal(claim(p, A, 0), QUEUE_CONVERSATION_MAX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_conversation_goes_in_order_to_one_lessee),
        CASE(a_deferred_number_holds_back_the_later_ones),
        CASE(a_gap_in_flight_lets_nothing_pass),
        CASE(a_row_given_back_before_those_passed_over_is_found),
        CASE(order_holds_across_lanes),
        CASE(parked_and_held_rows_do_not_block_their_conversation),
        CASE(numbers_never_repeat),
        CASE(a_number_given_at_sealing_keeps_order),
        CASE(a_blocked_backlog_costs_a_bounded_look),
        CASE(a_conversation_in_flight_is_bounded),
        CASE(a_lessee_that_is_gone_gives_everything_back_in_order),
        CASE(sealing_gives_message_number_and_statement),
    };
    return cmocka_run_group_tests_name("queue_order", tests, NULL, NULL);
}
