/* Checks the promises of store/queue.h about rows and leases. Time is a number we choose. */
#include "unit/queue_place.h"

static void put_survives_restart(void **state)
{
    struct place *p = *state;
    struct queue_row row = row_of(9, 3);
    struct queue_row got;
    size_t count;

    id_of(row.conversation, 4);
    row.form = 2;
    row.number = 6;
    row.statement_leaf = 8;
    row.due_ms = 5;
    row.state = QUEUE_WAITING;
    row.expires_ms = 99;
    row.gated_at = 11;
    row.ref_len = 16;
    id_of(row.ref, 77);
    row.token_count = 2;
    id_of(row.tokens[0], 1);
    id_of(row.tokens[1], 2);
    put(p, &row);
    for (int again = 0; again < 2; again++) { /* a lease does not survive, the row does */
        place_reopen(p);
        assert_int_equal(queue_claim(p->s->queue, HEALTH, A, 5, 15, 3, &got, 1, &count), OK);
        assert_memory_equal(&got, &row, sizeof row);
        assert_int_equal(queue_lessee(p->s->queue, HEALTH, 9), A);
    }
}

static void a_row_is_stored_once_whatever_its_lane(void **state)
{
    struct place *p = *state;
    struct queue_row row = row_of(5, 2);
    put(p, &row);
    for (int restart = 0; restart < 2; restart++) {
        begin(p);
        assert_int_equal(queue_put(p->s->queue, &row), ERR_EXISTS);
        row.lane = 0;
        assert_int_equal(queue_put(p->s->queue, &row), ERR_EXISTS);
        row.state = QUEUE_HELD;
        assert_int_equal(queue_put(p->s->queue, &row), ERR_EXISTS);
        row = row_of(5, 2);
        commit(p);
        place_reopen(p);
    }
    snprintf(row.recipient, sizeof row.recipient, POLICE);
    put(p, &row); /* another recipient has its own */
}

/* More than there is room for at first: each keeps what is its own, also in the next life. */
static void a_nation_of_recipients_is_told_apart(void **state)
{
    enum { RECIPIENTS = 1100 };
    struct place *p = *state;
    begin(p);
    for (uint64_t i = 1; i <= RECIPIENTS; i++) {
        struct queue_row row = row_of(i, 1);
        snprintf(row.recipient, sizeof row.recipient, "health-%u.445100", (unsigned)i);
        assert_int_equal(queue_put(p->s->queue, &row), OK);
    }
    commit(p);
    for (int life = 0; life < 2; life++) {
        for (uint64_t i = 1; i <= RECIPIENTS; i++) {
            char name[STORE_MEMBER_MAX + 1];
            struct queue_row got;
            size_t count;
            snprintf(name, sizeof name, "health-%u.445100", (unsigned)i);
            assert_int_equal(queue_claim(p->s->queue, name, A, 5, 15, 3, &got, 1, &count), OK);
            assert_int_equal(count, 1);
            assert_int_equal(got.seq, i);
            assert_string_equal(got.recipient, name);
        }
        place_reopen(p);
    }
}

static void bad_rows_are_refused(void **state)
{
    struct place *p = *state;
    struct queue_row row = row_of(5, 4);
    begin(p);
    assert_int_equal(queue_put(p->s->queue, &row), ERR_FIELD_VALUE);
    row = row_of(5, 0);
    row.state = QUEUE_PARKED;
    assert_int_equal(queue_put(p->s->queue, &row), ERR_FIELD_VALUE);
    row = row_of(5, 0);
    row.number = 1; /* without a conversation */
    assert_int_equal(queue_put(p->s->queue, &row), ERR_FIELD_VALUE);
    row = row_of(5, 0);
    row.recipient[0] = '\0';
    assert_int_equal(queue_put(p->s->queue, &row), ERR_FIELD_VALUE);
    row = row_of(5, 0);
    row.ref_len = QUEUE_REF_MAX + 1;
    assert_int_equal(queue_put(p->s->queue, &row), ERR_FIELD_VALUE);
    row = row_of(5, 0);
    row.token_count = QUEUE_TOKENS_MAX + 1;
    assert_int_equal(queue_put(p->s->queue, &row), ERR_FIELD_VALUE);
    commit(p);
    assert_int_equal(claim(p, A, 0), 0);
}

static void lanes_go_in_order_and_oldest_first(void **state)
{
    static const uint64_t want[] = {4, 6, 2, 5, 1, 3};
    struct place *p = *state;
    static const uint8_t lanes[] = {3, 1, 3, 0, 1, 0};
    for (uint64_t seq = 1; seq <= T_COUNT(lanes); seq++)
        put_plain(p, seq, lanes[seq - 1]);
    for (size_t i = 0; i < T_COUNT(want); i++)
        assert_int_equal(claim(p, A, 0), want[i]);
    assert_int_equal(claim(p, A, 0), 0);
    put_plain(p, 7, 2); /* and what comes later overtakes what is still there */
    put_plain(p, 8, 0);
    assert_int_equal(claim(p, A, 0), 8);
    assert_int_equal(claim(p, A, 0), 7);
}

static void an_urgent_row_overtakes_a_backlog(void **state)
{
    struct place *p = *state;
    begin(p);
    for (uint64_t seq = 1; seq <= 5000; seq++) {
        struct queue_row row = row_of(seq, 2);
        assert_int_equal(queue_put(p->s->queue, &row), OK);
    }
    commit(p);
    assert_int_equal(claim(p, A, 0), 1);
    put_plain(p, 6000, 0);
    assert_int_equal(claim(p, A, 0), 6000);
    assert_int_equal(claim(p, A, 0), 2);
}

static void leased_waiting_held_and_parked_rows_are_not_claimed(void **state)
{
    struct place *p = *state;
    struct queue_row row = row_of(1, 0);
    put(p, &row);
    row = row_of(2, 0);
    row.state = QUEUE_WAITING;
    row.due_ms = 50;
    put(p, &row);
    row = row_of(3, 0);
    row.state = QUEUE_HELD;
    put(p, &row);
    put_plain(p, 4, 0);
    begin(p);
    assert_int_equal(queue_park(p->s->queue, HEALTH, 4, ERR_ATTEMPTS, 1), OK);
    commit(p);
    assert_int_equal(claim(p, A, 49), 1);
    assert_int_equal(claim(p, B, 49), 0);
    assert_int_equal(claim(p, A, 50), 2); /* due */
    assert_int_equal(claim(p, A, 1000), 0);
    place_reopen(p);
    assert_int_equal(claim(p, A, 49), 1);
    assert_int_equal(claim(p, A, 49), 0);
}

static void a_batch_is_claimed_in_one_call(void **state)
{
    struct place *p = *state;
    struct queue_row rows[8];
    size_t count;
    for (uint64_t seq = 1; seq <= 10; seq++)
        put_plain(p, seq, seq % 2 == 0);
    assert_int_equal(queue_claim(p->s->queue, HEALTH, A, 0, LEASE, 3, rows, 8, &count), OK);
    assert_int_equal(count, 8);
    static const uint64_t want[] = {1, 3, 5, 7, 9, 2, 4, 6};
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(rows[i].seq, want[i]);
    assert_int_equal(queue_claim(p->s->queue, HEALTH, B, 0, LEASE, 3, rows, 8, &count), OK);
    assert_int_equal(count, 2);
    assert_int_equal(queue_claim(p->s->queue, HEALTH, 0, 0, LEASE, 3, rows, 8, &count),
                     ERR_FIELD_VALUE);
    assert_int_equal(queue_claim(p->s->queue, "nobody.445100", A, 0, LEASE, 3, rows, 8, &count),
                     ERR_NOT_FOUND);
}

static void no_more_is_leased_than_may_be_in_flight(void **state)
{
    enum { MORE = 5 };
    struct place *p = *state;
    struct queue_row rows[64];
    size_t count = 0;
    size_t leased = 0;
    enum err err;
    begin(p);
    for (uint64_t seq = 1; seq <= QUEUE_LEASES_MAX + MORE; seq++) {
        const struct queue_row row = row_of(seq, 0);
        assert_int_equal(queue_put(p->s->queue, &row), OK);
    }
    commit(p);
    while ((err = queue_claim(p->s->queue, HEALTH, A, 0, LEASE, 3, rows, T_COUNT(rows), &count)) ==
           OK)
        leased += count;
    assert_int_equal(err, ERR_NOT_FOUND); /* nothing can go now */
    assert_int_equal(leased, QUEUE_LEASES_MAX);
    done(p, 1); /* one place is free again */
    assert_int_equal(queue_claim(p->s->queue, HEALTH, A, 0, LEASE, 3, rows, T_COUNT(rows), &count),
                     OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].seq, QUEUE_LEASES_MAX + 1);
}

/* One row per moment: claim at `at`, expect the row or none. */
static void leases_run_out_and_attempts_are_counted(void **state)
{
    struct place *p = *state;
    char who[STORE_MEMBER_MAX + 1];
    uint64_t seq;
    uint32_t attempts;
    struct queue_row row;

    put_plain(p, 1, 0);
    assert_int_equal(queue_lease_due(p->s->queue), STORE_NEVER);
    assert_int_equal(claim(p, A, 100), 1);
    assert_true(queue_lease_due(p->s->queue) <= 110);
    assert_false(queue_overdue(p->s->queue, 109, who, &seq));
    assert_int_equal(claim(p, A, 109), 0);
    assert_true(queue_overdue(p->s->queue, 110, who, &seq));
    assert_string_equal(who, HEALTH);
    assert_int_equal(seq, 1);
    for (uint32_t want = 1; want <= 3; want++) {
        begin(p);
        assert_int_equal(queue_defer(p->s->queue, HEALTH, 1, 200 * want, ERR_TIMEOUT, &attempts),
                         OK);
        commit(p);
        assert_int_equal(attempts, want);
        assert_false(queue_overdue(p->s->queue, 10000, who, &seq));
        place_reopen(p);
        assert_int_equal(claim(p, A, 200 * want - 1), 0);
        assert_int_equal(claim(p, A, 200 * want), 1);
        assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &row), OK);
        assert_int_equal(row.attempts, want);
        assert_int_equal(row.code, ERR_TIMEOUT);
    }
}

static void many_leases_that_end_together_are_all_found(void **state)
{
    struct place *p = *state;
    char who[STORE_MEMBER_MAX + 1];
    uint64_t seq;
    size_t found = 0;
    static struct queue_row rows[2000];
    size_t count;

    begin(p);
    for (uint64_t s = 1; s <= 2000; s++) {
        struct queue_row row = row_of(s, 1);
        assert_int_equal(queue_put(p->s->queue, &row), OK);
    }
    commit(p);
    assert_int_equal(queue_claim(p->s->queue, HEALTH, A, 0, 10, 3, rows, 1000, &count), OK);
    enum err err;
    while ((err = queue_claim(p->s->queue, HEALTH, B, 0, 20, 3, rows, 1000, &count)) == ERR_BUSY)
        continue; /* it passes over the thousand that A has */
    assert_int_equal(err, OK);
    assert_int_equal(count, 1000);
    while (queue_overdue(p->s->queue, 15, who, &seq)) {
        queue_unlease(p->s->queue, who, seq);
        assert_true(seq <= 1000);
        found++;
    }
    assert_int_equal(found, 1000);
    assert_int_equal(queue_lease_due(p->s->queue), 20);
    assert_int_equal(queue_unlease_all(p->s->queue, A), 0);
    assert_int_equal(queue_unlease_all(p->s->queue, B), 1000);
    assert_int_equal(queue_lease_due(p->s->queue), STORE_NEVER);
    for (uint64_t s = 1; s <= 2000; s++)
        assert_int_equal(queue_lessee(p->s->queue, HEALTH, s), 0);
    assert_int_equal(queue_claim(p->s->queue, HEALTH, A, 0, 10, 3, rows, 2000, &count), OK);
    assert_int_equal(count, 2000);
    assert_int_equal(rows[0].seq, 1);
    assert_int_equal(rows[1999].seq, 2000);
}

static void done_forgets_and_says_when_there_is_nothing(void **state)
{
    struct place *p = *state;
    struct queue_row row;
    put_plain(p, 1, 0);
    put_plain(p, 2, 0);
    assert_int_equal(claim(p, A, 0), 1);
    done(p, 1); /* leased */
    done(p, 2); /* never leased: its receipt came over a restart */
    begin(p);
    assert_int_equal(queue_done(p->s->queue, HEALTH, 1), ERR_NOT_FOUND);
    assert_int_equal(queue_done(p->s->queue, POLICE, 1), ERR_NOT_FOUND);
    assert_int_equal(queue_defer(p->s->queue, HEALTH, 1, 5, 0, NULL), ERR_NOT_FOUND);
    assert_int_equal(queue_park(p->s->queue, HEALTH, 1, 0, 1), ERR_NOT_FOUND);
    assert_int_equal(queue_release(p->s->queue, HEALTH, 1, 0, 0), ERR_NOT_FOUND);
    assert_int_equal(queue_gated(p->s->queue, HEALTH, 1, 0, NULL, 0), ERR_NOT_FOUND);
    assert_int_equal(queue_seal(p->s->queue, HEALTH, 1, ID(1), 0, 0), ERR_NOT_FOUND);
    commit(p);
    assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &row), ERR_NOT_FOUND);
    queue_unlease(p->s->queue, HEALTH, 1); /* harmless */
    place_reopen(p);
    assert_int_equal(claim(p, A, 0), 0);
}

static void rolled_back_changes_make_rows_claimable_again(void **state)
{
    struct place *p = *state;
    struct queue_counts counts;

    for (uint64_t seq = 1; seq <= 3; seq++)
        put_ordered(p, seq, 1, 7);
    assert_int_equal(queue_counts(p->s->queue, HEALTH, &counts), OK);
    assert_int_equal(claim(p, A, 0), 1);
    begin(p);
    assert_int_equal(queue_done(p->s->queue, HEALTH, 1), OK);
    store_rollback(p->s);
    assert_int_equal(claim(p, B, 0), 1);
    begin(p);
    assert_int_equal(store_savepoint(p->s), OK);
    assert_int_equal(queue_defer(p->s->queue, HEALTH, 1, 500, 0, NULL), OK);
    assert_int_equal(store_rollback_to(p->s), OK);
    commit(p);
    assert_int_equal(claim(p, B, 0), 1);
    begin(p);
    struct queue_row row = row_of(9, 0);
    assert_int_equal(queue_put(p->s->queue, &row), OK);
    store_rollback(p->s);
    assert_int_equal(claim(p, B, 0), 2);
    begin(p);
    assert_int_equal(queue_put(p->s->queue, &row), OK); /* it is not there already */
    commit(p);
    assert_int_equal(queue_counts(p->s->queue, HEALTH, &counts), OK);
    assert_int_equal(counts.ready, 4);
    assert_int_equal(counts.leased, 2);
}

static void counts_follow_every_move_and_rollback(void **state)
{
    struct place *p = *state;
    struct queue_counts c;

    for (int warm = 0; warm < 2; warm++) { /* counted from rows, then kept in memory */
        store_close(&p->s);
        folder_remove(p->dir);
        assert_int_equal(place_try_open(p), OK);
        if (warm)
            assert_int_equal(queue_counts(p->s->queue, HEALTH, &c), OK);
        for (uint64_t seq = 1; seq <= 5; seq++)
            put_plain(p, seq, 1);
        struct queue_row row = row_of(6, 0);
        row.state = QUEUE_HELD;
        put(p, &row);
        assert_int_equal(claim(p, A, 0), 1);
        assert_int_equal(claim(p, A, 0), 2);
        defer(p, 1, 100);
        done(p, 2);
        begin(p);
        assert_int_equal(queue_park(p->s->queue, HEALTH, 3, 0, 1), OK);
        commit(p);
        begin(p);
        assert_int_equal(queue_park(p->s->queue, HEALTH, 4, 0, 1), OK);
        assert_int_equal(queue_done(p->s->queue, HEALTH, 5), OK);
        store_rollback(p->s);
        assert_int_equal(claim(p, A, 0), 4);
        assert_int_equal(queue_counts(p->s->queue, HEALTH, &c), OK);
        assert_int_equal(c.ready, 3);
        assert_int_equal(c.held, 1);
        assert_int_equal(c.parked, 1);
        assert_int_equal(c.leased, 1);
    }
    assert_int_equal(queue_counts(p->s->queue, POLICE, &c), OK);
    assert_int_equal(c.ready + c.held + c.parked + c.leased, 0);
}

static void walking_meets_every_row_once(void **state)
{
    struct place *p = *state;
    struct queue_row row;
    char who[STORE_MEMBER_MAX + 1] = "";
    unsigned seen = 0;

    for (uint64_t seq = 1; seq <= 12; seq++) {
        row = row_of(seq, (uint8_t)(seq % 4));
        snprintf(row.recipient, sizeof row.recipient, "%s", seq % 3 == 0 ? POLICE : HEALTH);
        row.state = seq % 2 == 0 ? QUEUE_HELD : QUEUE_READY;
        put(p, &row);
    }
    memset(&row, 0, sizeof row);
    enum err err;
    while ((err = queue_next(p->s->queue, &row)) == OK)
        seen |= 1u << row.seq;
    assert_int_equal(err, ERR_NOT_FOUND);
    assert_int_equal(seen, 0x1ffe);
    assert_int_equal(queue_next_recipient(p->s->queue, who), OK);
    assert_string_equal(who, HEALTH);
    assert_int_equal(queue_next_recipient(p->s->queue, who), OK);
    assert_string_equal(who, POLICE);
    assert_int_equal(queue_next_recipient(p->s->queue, who), ERR_NOT_FOUND);
}

static void due_is_the_earliest_waiting_moment(void **state)
{
    struct place *p = *state;
    uint64_t due;
    assert_int_equal(queue_due(p->s->queue, HEALTH, &due), OK);
    assert_int_equal(due, STORE_NEVER);
    for (uint64_t seq = 1; seq <= 4; seq++) {
        struct queue_row row = row_of(seq, (uint8_t)(seq - 1));
        row.state = QUEUE_WAITING;
        row.due_ms = 500 - 100 * seq;
        put(p, &row);
        assert_int_equal(queue_due(p->s->queue, HEALTH, &due), OK);
        assert_int_equal(due, 500 - 100 * seq);
    }
    assert_int_equal(queue_due(p->s->queue, POLICE, &due), OK);
    assert_int_equal(due, STORE_NEVER);
}

static void backoff_doubles_to_its_bound_and_spreads(void **state)
{
    (void)state;
    static const struct {
        uint32_t attempts;
        uint16_t jitter;
        uint64_t want;
    } rows[] = {
        {0, 0, 500},
        {1, 0, 500},
        {1, UINT16_MAX, 1000},
        {2, 0, 1000},
        {2, UINT16_MAX, 2000},
        {5, 0, 8000},
        {20, 0, 150000},
        {20, UINT16_MAX, 300000},
        {UINT32_MAX, 0, 150000},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(queue_backoff_ms(7, rows[i].attempts, 1000, 300000, rows[i].jitter),
                         7 + rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(put_survives_restart),
        CASE(a_row_is_stored_once_whatever_its_lane),
        CASE(a_nation_of_recipients_is_told_apart),
        CASE(bad_rows_are_refused),
        CASE(lanes_go_in_order_and_oldest_first),
        CASE(an_urgent_row_overtakes_a_backlog),
        CASE(leased_waiting_held_and_parked_rows_are_not_claimed),
        CASE(a_batch_is_claimed_in_one_call),
        CASE(no_more_is_leased_than_may_be_in_flight),
        CASE(leases_run_out_and_attempts_are_counted),
        CASE(many_leases_that_end_together_are_all_found),
        CASE(done_forgets_and_says_when_there_is_nothing),
        CASE(rolled_back_changes_make_rows_claimable_again),
        CASE(counts_follow_every_move_and_rollback),
        CASE(walking_meets_every_row_once),
        CASE(due_is_the_earliest_waiting_moment),
        CASE(backoff_doubles_to_its_bound_and_spreads),
    };
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
