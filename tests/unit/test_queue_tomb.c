/* Checks what store/queue.h promises beside delivering: tombstones, loads, lanes held back, rows
 * that get their number late, several adapters of one member. */
#include "unit/store_place.h"

#define HEALTH "health.445100"
#define POLICE "police.445100"
#define MARKET "market.445100"

enum { A = 1, SUPERSEDED = 11, EXPIRED = 9 };

static void put(struct place *p, uint64_t seq, uint32_t conversation, enum queue_state state)
{
    struct queue_row row = {.seq = seq, .lane = 1, .state = state, .expires_ms = 9, .bytes = 100};
    snprintf(row.recipient, sizeof row.recipient, HEALTH);
    snprintf(row.sender, sizeof row.sender, MARKET);
    begin(p);
    if (conversation > 0) {
        id_of(row.conversation, conversation);
        if (state == QUEUE_READY)
            assert_int_equal(queue_number(p->s->queue, HEALTH, row.conversation, &row.number), OK);
    }
    row.due_ms = state == QUEUE_WAITING ? 50 : 0;
    assert_int_equal(queue_put(p->s->queue, &row), OK);
    commit(p);
}

static void end(struct place *p, uint64_t seq, uint8_t kind, uint64_t leaf)
{
    begin(p);
    assert_int_equal(queue_close(p->s->queue, HEALTH, seq, kind, leaf), OK);
    commit(p);
}

static uint64_t claim_lanes(struct place *p, uint64_t lessee, uint64_t now, unsigned lane_max)
{
    struct queue_row row;
    size_t count;
    enum err err =
        queue_claim(p->s->queue, HEALTH, lessee, now, now + 10, lane_max, &row, 1, &count);
    assert_true(err == OK || err == ERR_NOT_FOUND);
    return err == OK ? row.seq : 0;
}

struct want {
    uint64_t first;
    uint32_t count;
    uint8_t kind;
    uint64_t leaf;
};

static void told(struct place *p, uint64_t below, size_t cap, const struct want *want, size_t n)
{
    struct queue_tombstone got[8];
    size_t count;
    assert_int_equal(queue_tombstones(p->s->queue, HEALTH, ID(7), below, got, cap, &count), OK);
    assert_int_equal(count, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(got[i].first, want[i].first);
        assert_int_equal(got[i].count, want[i].count);
        assert_int_equal(got[i].kind, want[i].kind);
        assert_int_equal(got[i].leaf, want[i].leaf);
    }
}

static void closed_numbers_are_told_as_runs_down_to_the_first_gap(void **state)
{
    static const struct want runs[] = {{3, 3, EXPIRED, 55}, {6, 1, SUPERSEDED, 60}};
    static const struct want merged[] = {{3, 4, 0, 60}};
    struct place *p = *state;
    for (uint64_t seq = 1; seq <= 9; seq++)
        put(p, seq, 7, QUEUE_READY);
    end(p, 1, EXPIRED, 70);
    end(p, 3, EXPIRED, 53); /* in any order */
    end(p, 5, EXPIRED, 55);
    end(p, 4, EXPIRED, 54);
    end(p, 6, SUPERSEDED, 60);
    for (int restart = 0; restart < 2; restart++) {
        told(p, 7, 8, runs, 2);
        told(p, 7, 1, merged, 1); /* no room for all: one of no kind, nothing left out */
        told(p, 3, 8, NULL, 0);
        told(p, 8, 8, NULL, 0); /* 7 is outstanding: whoever gets 8 has seen it */
        told(p, 5, 8, (const struct want[]){{3, 2, EXPIRED, 55}}, 1);
        place_reopen(p);
    }
}

static void without_a_number_nothing_is_left(void **state)
{
    struct place *p = *state;
    put(p, 1, 0, QUEUE_READY);
    put(p, 2, 7, QUEUE_HELD);
    end(p, 1, EXPIRED, 1);
    end(p, 2, EXPIRED, 2);
    assert_false(queue_tombstones_any(p->s->queue, HEALTH));
}

static void parking_leaves_one_tombstone_and_closing_no_second(void **state)
{
    static const struct want parked[] = {{1, 1, QUEUE_TOMBSTONE_PARKED, 31}};
    struct place *p = *state;
    struct queue_row row;
    put(p, 1, 7, QUEUE_READY);
    begin(p);
    assert_int_equal(queue_park(p->s->queue, HEALTH, 1, ERR_ATTEMPTS, 31), OK);
    commit(p);
    told(p, 2, 8, parked, 1);
    begin(p);
    assert_int_equal(queue_park(p->s->queue, HEALTH, 1, ERR_ATTEMPTS, 32), ERR_FIELD_VALUE);
    commit(p);
    end(p, 1, EXPIRED, 33);
    told(p, 2, 8, parked, 1);
    assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &row), ERR_NOT_FOUND);
}

/* Set aside by a gate: out of the way of those behind it, until it is released under a new number.
 */
static void holding_takes_a_row_out_of_its_conversation_and_keeps_the_reference(void **state)
{
    static const struct want held[] = {{1, 1, QUEUE_TOMBSTONE_PARKED, 31}};
    struct place *p = *state;
    struct queue_row row;
    put(p, 1, 7, QUEUE_READY);
    put(p, 2, 7, QUEUE_READY);
    assert_int_equal(claim_lanes(p, A, 0, 3), 1); /* a lease does not protect it */
    begin(p);
    assert_int_equal(queue_hold(p->s->queue, HEALTH, 1, ERR_HELD, 31, span_str("ref")), OK);
    assert_int_equal(queue_hold(p->s->queue, HEALTH, 1, ERR_HELD, 32, span_str("ref")),
                     ERR_FIELD_VALUE);
    commit(p);
    for (int restart = 0; restart < 2; restart++) {
        assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &row), OK);
        assert_int_equal(row.state, QUEUE_HELD);
        assert_int_equal(row.code, ERR_HELD);
        assert_int_equal(row.ref_len, 3);
        assert_memory_equal(row.ref, "ref", 3);
        assert_int_equal(queue_lessee(p->s->queue, HEALTH, 1), 0);
        told(p, 2, 8, held, 1);
        place_reopen(p);
    }
    assert_int_equal(claim_lanes(p, A + 1, 0, 3), 2);
    begin(p);
    uint64_t number = 0;
    uint8_t conversation[STORE_ID_LEN];
    id_of(conversation, 7);
    assert_int_equal(queue_number(p->s->queue, HEALTH, conversation, &number), OK);
    assert_int_equal(queue_release(p->s->queue, HEALTH, 1, number, 40), OK);
    commit(p);
    assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &row), OK);
    assert_int_equal(row.state, QUEUE_READY);
    assert_int_equal(row.number, 3);
    assert_int_equal(row.code, 0);
}

static void what_cannot_be_held_or_referred_to_stays_as_it_is(void **state)
{
    struct place *p = *state;
    struct queue_row before, after;
    uint8_t long_ref[QUEUE_REF_MAX + 1] = {0};
    put(p, 1, 7, QUEUE_READY);
    put(p, 2, 7, QUEUE_READY);
    begin(p);
    assert_int_equal(queue_park(p->s->queue, HEALTH, 2, ERR_ATTEMPTS, 4), OK);
    assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &before), OK);
    const struct span long_one = span_of(long_ref, sizeof long_ref);
    assert_int_equal(queue_hold(p->s->queue, HEALTH, 1, ERR_HELD, 5, long_one), ERR_FIELD_VALUE);
    assert_int_equal(queue_refer(p->s->queue, HEALTH, 1, long_one), ERR_FIELD_VALUE);
    assert_int_equal(queue_hold(p->s->queue, HEALTH, 2, ERR_HELD, 5, span_str("x")),
                     ERR_FIELD_VALUE); /* parked: it is set aside already */
    assert_int_equal(queue_hold(p->s->queue, HEALTH, 3, ERR_HELD, 5, span_str("x")), ERR_NOT_FOUND);
    assert_int_equal(queue_hold(p->s->queue, POLICE, 1, ERR_HELD, 5, span_str("x")), ERR_NOT_FOUND);
    assert_int_equal(queue_refer(p->s->queue, POLICE, 1, span_str("x")), ERR_NOT_FOUND);
    assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &after), OK);
    assert_int_equal(after.state, before.state);
    assert_int_equal(after.ref_len, before.ref_len);
    commit(p);
}

static void another_reference_replaces_the_first_and_changes_nothing_else(void **state)
{
    static const char *const refs[] = {"first", "", "another"};
    struct place *p = *state;
    struct queue_row row;
    put(p, 1, 7, QUEUE_READY);
    for (size_t i = 0; i < T_COUNT(refs); i++) {
        begin(p);
        assert_int_equal(queue_refer(p->s->queue, HEALTH, 1, span_str(refs[i])), OK);
        commit(p);
        place_reopen(p);
        assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &row), OK);
        assert_int_equal(row.ref_len, strlen(refs[i]));
        assert_memory_equal(row.ref, refs[i], strlen(refs[i]));
        assert_int_equal(row.state, QUEUE_READY);
        assert_int_equal(row.number, 1);
    }
    assert_int_equal(claim_lanes(p, A, 0, 3), 1);
}

static void closing_ends_a_lease(void **state)
{
    struct place *p = *state;
    put(p, 1, 7, QUEUE_READY);
    put(p, 2, 7, QUEUE_READY);
    assert_int_equal(claim_lanes(p, A, 0, 3), 1);
    end(p, 1, EXPIRED, 5);
    assert_int_equal(queue_lessee(p->s->queue, HEALTH, 1), 0);
    assert_int_equal(queue_lease_due(p->s->queue), STORE_NEVER);
    assert_int_equal(claim_lanes(p, A + 1, 0, 3), 2); /* nobody has the conversation now */
    begin(p);
    assert_int_equal(queue_close(p->s->queue, HEALTH, 1, EXPIRED, 6), ERR_NOT_FOUND);
    assert_int_equal(queue_close(p->s->queue, POLICE, 1, EXPIRED, 6), ERR_NOT_FOUND);
    commit(p);
}

static void a_newer_tombstone_asks_for_a_new_statement(void **state)
{
    struct place *p = *state;
    bool newer;
    for (uint64_t seq = 1; seq <= 4; seq++)
        put(p, seq, 7, QUEUE_READY);
    assert_int_equal(queue_tombstones_newer(p->s->queue, HEALTH, ID(7), 4, 0, &newer), OK);
    assert_false(newer);
    end(p, 2, EXPIRED, 90);
    end(p, 3, SUPERSEDED, 80);
    static const struct {
        uint64_t number;
        uint64_t leaf;
        bool newer;
    } rows[] = {{4, 79, true}, {4, 89, true}, {4, 90, false}, {5, 1, false}, {2, 1, false}};
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(queue_tombstones_newer(p->s->queue, HEALTH, ID(7), rows[i].number,
                                                rows[i].leaf, &newer),
                         OK);
        assert_int_equal(newer, rows[i].newer);
    }
}

static void a_receipt_above_them_lets_tombstones_go(void **state)
{
    struct place *p = *state;
    for (uint64_t seq = 1; seq <= 5; seq++)
        put(p, seq, 7, QUEUE_READY);
    put(p, 6, 8, QUEUE_READY);
    end(p, 1, EXPIRED, 1);
    end(p, 4, EXPIRED, 4);
    end(p, 6, EXPIRED, 6);
    begin(p);
    assert_int_equal(queue_tombstones_done(p->s->queue, HEALTH, ID(7), 3), OK);
    store_rollback(p->s);
    told(p, 2, 8, (const struct want[]){{1, 1, EXPIRED, 1}}, 1);
    begin(p);
    assert_int_equal(queue_tombstones_done(p->s->queue, HEALTH, ID(7), 3), OK);
    assert_int_equal(queue_tombstones_done(p->s->queue, POLICE, ID(7), 3), OK);
    commit(p);
    told(p, 2, 8, NULL, 0);
    told(p, 5, 8, (const struct want[]){{4, 1, EXPIRED, 4}}, 1);
    begin(p);
    assert_int_equal(queue_tombstones_done(p->s->queue, HEALTH, ID(7), 5), OK);
    assert_true(queue_tombstones_any(p->s->queue, HEALTH)); /* of the other conversation */
    assert_int_equal(queue_tombstones_done(p->s->queue, HEALTH, ID(8), 9), OK);
    assert_false(queue_tombstones_any(p->s->queue, HEALTH));
    commit(p);
}

static void held_back_lanes_are_not_claimed(void **state)
{
    struct place *p = *state;
    put(p, 1, 0, QUEUE_READY); /* lane 1 */
    assert_int_equal(claim_lanes(p, A, 0, 0), 0);
    assert_int_equal(claim_lanes(p, A, 0, 1), 1);
}

static void a_row_that_waits_gets_its_number_when_it_goes(void **state)
{
    struct place *p = *state;
    uint64_t number;
    put(p, 1, 7, QUEUE_WAITING); /* of a conversation, without a number, due at 50 */
    put(p, 2, 7, QUEUE_READY);
    assert_int_equal(claim_lanes(p, A, 49, 3), 2); /* number 1: the waiting one holds up nobody */
    assert_int_equal(claim_lanes(p, A + 1, 50, 3), 1);
    begin(p);
    assert_int_equal(queue_number(p->s->queue, HEALTH, ID(7), &number), OK);
    assert_int_equal(number, 2);
    assert_int_equal(queue_seal(p->s->queue, HEALTH, 1, ID(1), number, 9), OK);
    commit(p);
    queue_unlease(p->s->queue, HEALTH, 1);
    assert_int_equal(claim_lanes(p, A + 1, 50, 3), 0); /* now the order rule holds for it */
    begin(p);
    assert_int_equal(queue_done(p->s->queue, HEALTH, 2), OK);
    commit(p);
    assert_int_equal(claim_lanes(p, A + 1, 50, 3), 1);
}

static void many_adapters_share_a_queue_and_one_may_die(void **state)
{
    enum { ADAPTERS = 12, ROWS = 120 };
    struct place *p = *state;
    bool seen[ROWS + 1] = {false};
    for (uint64_t seq = 1; seq <= ROWS; seq++)
        put(p, seq, 0, QUEUE_READY);
    for (uint64_t turn = 0; turn < ROWS; turn++) {
        uint64_t seq = claim_lanes(p, 1 + turn % ADAPTERS, 0, 3);
        assert_true(seq > 0 && !seen[seq]); /* each row once, whoever asks */
        seen[seq] = true;
    }
    assert_int_equal(claim_lanes(p, A, 0, 3), 0);
    assert_int_equal(queue_unlease_all(p->s->queue, 3), ROWS / ADAPTERS);
    for (uint64_t turn = 0; turn < ROWS / ADAPTERS; turn++)
        assert_int_equal(claim_lanes(p, 4 + turn % 2, 0, 3), 3 + turn * ADAPTERS);
    assert_int_equal(claim_lanes(p, 4, 0, 3), 0);
}

static void only_rows_of_a_state_are_listed(void **state)
{
    struct place *p = *state;
    struct queue_row row = {.seq = 0};
    for (uint64_t seq = 1; seq <= 6; seq++)
        put(p, seq, 0, seq % 2 == 0 ? QUEUE_HELD : QUEUE_READY);
    for (uint64_t seq = 2; seq <= 6; seq += 2) {
        assert_int_equal(queue_next_in(p->s->queue, QUEUE_HELD, &row), OK);
        assert_int_equal(row.seq, seq);
    }
    assert_int_equal(queue_next_in(p->s->queue, QUEUE_HELD, &row), ERR_NOT_FOUND);
    row = (struct queue_row){.seq = 0};
    assert_int_equal(queue_next_in(p->s->queue, QUEUE_PARKED, &row), ERR_NOT_FOUND);
}

static void a_warning_is_remembered(void **state)
{
    struct place *p = *state;
    struct queue_row row;
    put(p, 1, 7, QUEUE_READY);
    assert_int_equal(claim_lanes(p, A, 0, 3), 1); /* also while it is in flight */
    begin(p);
    assert_int_equal(queue_warned(p->s->queue, HEALTH, 1), OK);
    assert_int_equal(queue_warned(p->s->queue, HEALTH, 2), ERR_NOT_FOUND);
    commit(p);
    for (int restart = 0; restart < 2; restart++) {
        assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &row), OK);
        assert_true(row.warned);
        assert_int_equal(row.bytes, 100);
        place_reopen(p);
    }
}

/* A claim inside a transaction that is undone: the row was never there, nor is its lease. */
static void a_lease_on_a_row_that_never_was_ends_with_it(void **state)
{
    struct place *p = *state;
    struct queue_row row = {.seq = 5, .expires_ms = 9};
    struct queue_counts counts;
    snprintf(row.recipient, sizeof row.recipient, HEALTH);
    begin(p);
    assert_int_equal(queue_put(p->s->queue, &row), OK);
    assert_int_equal(claim_lanes(p, A, 0, 3), 5);
    store_rollback(p->s);
    assert_int_equal(queue_lessee(p->s->queue, HEALTH, 5), 0);
    assert_int_equal(queue_counts(p->s->queue, HEALTH, &counts), OK);
    assert_int_equal(counts.ready + counts.leased, 0);
    assert_int_equal(claim_lanes(p, A, 0, 3), 0);
}

/* Old and new conversations in any order, more than the memory knows, with undone transactions and
 * a restart: each counts 1, 2, 3 … */
static void numbers_count_for_any_number_of_conversations(void **state)
{
    enum { TALKS = 48000, ROUNDS = 3, BATCH = 4000 };
    struct place *p = *state;
    static uint8_t last[TALKS];
    uint64_t number;
    memset(last, 0, sizeof last);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < TALKS; i++) {
            /* Every other round in falling order; in each a quarter stays away. */
            uint32_t talk = round % 2 == 0 ? i : TALKS - 1 - i;
            bool undone = i / BATCH == round;
            if (i % BATCH == 0)
                begin(p);
            if (talk % 4 != round % 4) {
                assert_int_equal(queue_number(p->s->queue, HEALTH, ID(talk + 1), &number), OK);
                assert_int_equal(number, last[talk] + 1);
                last[talk] = (uint8_t)(last[talk] + !undone);
            }
            if (i % BATCH == BATCH - 1 && undone)
                store_rollback(p->s);
            else if (i % BATCH == BATCH - 1)
                commit(p);
        }
        if (round == 1)
            place_reopen(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(closed_numbers_are_told_as_runs_down_to_the_first_gap),
        CASE(without_a_number_nothing_is_left),
        CASE(parking_leaves_one_tombstone_and_closing_no_second),
        CASE(holding_takes_a_row_out_of_its_conversation_and_keeps_the_reference),
        CASE(what_cannot_be_held_or_referred_to_stays_as_it_is),
        CASE(another_reference_replaces_the_first_and_changes_nothing_else),
        CASE(closing_ends_a_lease),
        CASE(a_newer_tombstone_asks_for_a_new_statement),
        CASE(a_receipt_above_them_lets_tombstones_go),
        CASE(held_back_lanes_are_not_claimed),
        CASE(a_row_that_waits_gets_its_number_when_it_goes),
        CASE(many_adapters_share_a_queue_and_one_may_die),
        CASE(only_rows_of_a_state_are_listed),
        CASE(a_warning_is_remembered),
        CASE(a_lease_on_a_row_that_never_was_ends_with_it),
        CASE(numbers_count_for_any_number_of_conversations),
    };
    return cmocka_run_group_tests_name("queue_tomb", tests, NULL, NULL);
}
