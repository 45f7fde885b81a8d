/* Checks guarantee 10 of store/queue.h: what has not landed is not claimed. */
#include "unit/store_place.h"

#define HEALTH "health.445100"

enum { A = 1, LEASE = 10, REPAIR = 0, NORMAL = 2 };

static void put(struct place *p, uint64_t seq, uint8_t lane, uint64_t leaf, uint64_t due_ms)
{
    struct queue_row row = {.seq = seq,
                            .lane = lane,
                            .type = 7,
                            .expires_ms = STORE_NEVER,
                            .statement_leaf = leaf,
                            .due_ms = due_ms,
                            .state = due_ms > 0 ? QUEUE_WAITING : QUEUE_READY};
    snprintf(row.recipient, sizeof row.recipient, HEALTH);
    snprintf(row.sender, sizeof row.sender, "market.445100");
    id_of(row.message_id, (uint32_t)seq);
    begin(p);
    assert_int_equal(queue_put(p->s->queue, &row), OK);
    commit(p);
}

/* The next rows for A, as one decimal number of their seqs. */
static uint64_t claim(struct place *p, uint64_t now)
{
    struct queue_row rows[8];
    size_t count;
    uint64_t seqs = 0;
    enum err err = queue_claim(p->s->queue, HEALTH, A, now, now + LEASE, 3, rows, 8, &count);
    if (err == ERR_NOT_FOUND)
        return 0;
    assert_int_equal(err, OK);
    for (size_t i = 0; i < count; i++)
        seqs = seqs * 10 + rows[i].seq;
    return seqs;
}

static void before_the_first_word_everything_is_claimed(void **state)
{
    struct place *p = *state;
    put(p, 1, NORMAL, 9, 0);
    assert_int_equal(claim(p, 1), 1);
    assert_false(queue_held_back(p->s->queue));
}

static void a_row_waits_for_its_leaf_and_for_its_statement(void **state)
{
    static const struct {
        uint64_t leaf_end;
        uint64_t seqs;
        bool held_back;
    } rows[] = {
        {1, 0, true}, /* the leaf of the first */
        {2, 0, true}, /* its statement */
        {3, 1, true}, /* the second is another batch */
        {4, 0, true}, {5, 3, false}, {5, 0, false},
    };
    for (int again = 0; again < 2; again++) { /* from memory, and read from rows */
        struct place *p = *state;
        put(p, 1, NORMAL, 2, 0);
        put(p, 3, NORMAL, 4, 0);
        if (again == 1)
            place_reopen(p);
        for (size_t i = 0; i < T_COUNT(rows); i++) {
            queue_landed(p->s->queue, rows[i].leaf_end);
            assert_int_equal(claim(p, 1), rows[i].seqs);
            assert_int_equal(queue_held_back(p->s->queue), rows[i].held_back);
        }
        begin(p);
        assert_int_equal(queue_done(p->s->queue, HEALTH, 1), OK);
        assert_int_equal(queue_done(p->s->queue, HEALTH, 3), OK);
        commit(p);
    }
}

static void a_lane_that_is_held_back_does_not_stop_the_others(void **state)
{
    struct place *p = *state;
    put(p, 1, NORMAL, 2, 0);
    put(p, 3, REPAIR, 4, 0);
    put(p, 5, NORMAL, 6, 0);
    queue_landed(p->s->queue, 3);
    assert_int_equal(claim(p, 1), 1);
    assert_true(queue_held_back(p->s->queue));
    queue_landed(p->s->queue, 7);
    assert_int_equal(claim(p, 1), 35); /* and the repair is first again */
}

static void a_row_that_waits_for_a_moment_waits_for_its_batch_too(void **state)
{
    struct place *p = *state;
    put(p, 1, NORMAL, 2, 50);
    put(p, 3, NORMAL, 4, 60);
    queue_landed(p->s->queue, 3);
    assert_int_equal(claim(p, 49), 0);
    assert_int_equal(claim(p, 60), 1);
    assert_true(queue_held_back(p->s->queue));
    queue_landed(p->s->queue, 5);
    assert_int_equal(claim(p, 60), 3);
}

static void a_row_with_a_new_statement_waits_again_and_so_does_what_is_behind_it(void **state)
{
    struct place *p = *state;
    put(p, 1, NORMAL, 2, 0);
    put(p, 3, NORMAL, 4, 0);
    queue_landed(p->s->queue, 5);
    begin(p);
    assert_int_equal(queue_seal(p->s->queue, HEALTH, 1, ID(1), 0, 6), OK);
    commit(p);
    assert_int_equal(claim(p, 1), 0);
    queue_landed(p->s->queue, 7);
    assert_int_equal(claim(p, 1), 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(before_the_first_word_everything_is_claimed),
        CASE(a_row_waits_for_its_leaf_and_for_its_statement),
        CASE(a_lane_that_is_held_back_does_not_stop_the_others),
        CASE(a_row_that_waits_for_a_moment_waits_for_its_batch_too),
        CASE(a_row_with_a_new_statement_waits_again_and_so_does_what_is_behind_it),
    };
    return cmocka_run_group_tests_name("queue_landed", tests, NULL, NULL);
}
