/* Checks the promises of store/stream.h, each by its number. */
#include "unit/store_beside.h"

#define MARKET "market.445100"

static uint64_t put(struct place *p, const char *member, uint64_t leaf)
{
    uint64_t number;
    assert_int_equal(stream_put(p->s->stream, member, leaf, &number), OK);
    return number;
}

/* The entry after `after` is number `want` with this leaf. */
static void assert_next(struct place *p, uint64_t after, uint64_t want, uint64_t leaf)
{
    uint64_t number;
    uint64_t got;
    assert_int_equal(stream_next(p->s->stream, MARKET, after, &number, &got), OK);
    assert_int_equal(number, want);
    assert_int_equal(got, leaf);
}

static void assert_no_more(struct place *p, const char *member, uint64_t after)
{
    uint64_t number;
    uint64_t leaf;
    assert_int_equal(stream_next(p->s->stream, member, after, &number, &leaf), ERR_NOT_FOUND);
}

static void assert_position(struct place *p, const char *member, uint64_t last, uint64_t acked)
{
    uint64_t n;
    assert_int_equal(stream_last(p->s->stream, member, &n), OK);
    assert_int_equal(n, last);
    assert_int_equal(stream_acked(p->s->stream, member, &n), OK);
    assert_int_equal(n, acked);
}

static void numbers_are_contiguous_over_restarts_and_acks(void **state)
{
    struct place *p = *state;
    uint64_t want = 0;

    for (int round = 0; round < 4; round++) {
        begin(p);
        for (uint64_t i = 0; i < 5; i++)
            assert_int_equal(put(p, MARKET, 100 + i), ++want);
        assert_int_equal(put(p, "health.445100", 7), (uint64_t)round + 1);
        commit(p);
        place_reopen(p);
        begin(p);
        assert_int_equal(stream_ack(p->s->stream, MARKET, want), OK); /* all of them */
        commit(p);
        place_reopen(p);
        assert_position(p, MARKET, want, want);
    }
}

static void rolled_back_numbers_are_given_again(void **state)
{
    struct place *p = *state;
    begin(p);
    assert_int_equal(put(p, MARKET, 1), 1);
    commit(p);
    begin(p);
    assert_int_equal(put(p, MARKET, 2), 2);
    store_rollback(p->s);
    begin(p);
    assert_int_equal(put(p, MARKET, 3), 2);
    assert_int_equal(store_savepoint(p->s), OK);
    assert_int_equal(put(p, MARKET, 4), 3);
    assert_int_equal(put(p, "health.445100", 4), 1);
    assert_int_equal(store_rollback_to(p->s), OK);
    assert_position(p, "health.445100", 0, 0);
    assert_int_equal(put(p, MARKET, 5), 3);
    commit(p);
    for (int restart = 0; restart < 2; restart++) {
        assert_next(p, 1, 2, 3);
        assert_next(p, 2, 3, 5);
        assert_no_more(p, MARKET, 3);
        assert_no_more(p, "health.445100", 0);
        place_reopen(p);
    }
}

static void a_released_savepoint_keeps_its_entries(void **state)
{
    struct place *p = *state;
    begin(p);
    for (uint64_t i = 1; i <= 4; i++) {
        assert_int_equal(store_savepoint(p->s), OK);
        assert_int_equal(put(p, MARKET, 10 * i), i);
        assert_int_equal(store_release(p->s), OK);
    }
    assert_int_equal(store_savepoint(p->s), OK);
    (void)put(p, MARKET, 99);
    assert_int_equal(store_rollback_to(p->s), OK);
    commit(p);
    place_reopen(p);
    assert_position(p, MARKET, 4, 0);
    assert_next(p, 3, 4, 40);
    assert_no_more(p, MARKET, 4);
}

/* Entries of the open transaction are seen like any other. */
static void entries_come_in_order_as_often_as_asked(void **state)
{
    struct place *p = *state;

    begin(p);
    for (uint64_t i = 1; i <= 6; i++)
        assert_int_equal(put(p, MARKET, i * 10), i);
    for (int again = 0; again < 3; again++) {
        for (uint64_t i = 1; i <= 6; i++)
            assert_next(p, i - 1, i, i * 10);
        assert_no_more(p, MARKET, 6);
        assert_no_more(p, MARKET, UINT64_MAX);
        assert_no_more(p, "nobody.445100", 0);
        if (again == 0)
            commit(p);
        place_reopen(p);
    }
}

/* Far more than stays in memory, in commits of any size, read at any place. */
static void a_long_backlog_is_read_from_its_rows(void **state)
{
    struct place *p = *state;
    uint64_t n = 0;

    for (uint64_t commit_of = 1; n < 6000; commit_of = commit_of * 7 % 1531) {
        begin(p);
        for (uint64_t i = 0; i < commit_of; i++, n++)
            assert_int_equal(put(p, MARKET, 3 * n), n + 1);
        commit(p);
    }
    for (int restart = 0; restart < 2; restart++) {
        for (uint64_t at = 0; at < n; at += 1 + at % 5)
            assert_next(p, at, at + 1, 3 * at);
        for (uint64_t at = n; at-- > n - 700;)
            assert_next(p, at, at + 1, 3 * at);
        place_reopen(p);
    }
}

static void an_ack_removes_whole_rows_and_survives_a_restart(void **state)
{
    struct place *p = *state;

    for (uint64_t k = 0; k < 3; k++) {
        begin(p);
        for (uint64_t i = 1; i <= 4; i++)
            (void)put(p, MARKET, 4 * k + i);
        commit(p);
    }
    assert_int_equal(place_rows(p, "SELECT count(*) FROM stream_block"), 3);
    begin(p);
    assert_int_equal(stream_ack(p->s->stream, MARKET, 6), OK);
    assert_int_equal(stream_ack(p->s->stream, MARKET, 2), OK); /* late: changes nothing */
    assert_int_equal(stream_ack(p->s->stream, MARKET, 0), OK);
    commit(p);
    assert_int_equal(place_rows(p, "SELECT count(*) FROM stream_block"), 2);
    assert_int_equal(place_rows(p, "SELECT min(first) FROM stream_block"), 5);
    for (int restart = 0; restart < 2; restart++) {
        assert_position(p, MARKET, 12, 6);
        assert_next(p, 0, 7, 7); /* what is acknowledged does not come again */
        assert_next(p, 6, 7, 7);
        assert_next(p, 8, 9, 9);
        place_reopen(p);
    }
    begin(p);
    assert_int_equal(stream_ack(p->s->stream, MARKET, 12), OK);
    commit(p);
    assert_int_equal(place_rows(p, "SELECT count(*) FROM stream_block"), 0);
    place_reopen(p);
    assert_position(p, MARKET, 12, 12);
    assert_no_more(p, MARKET, 0);
    begin(p);
    assert_int_equal(put(p, MARKET, 13), 13);
    commit(p);
}

static void a_rolled_back_ack_was_never_given(void **state)
{
    struct place *p = *state;
    begin(p);
    for (uint64_t i = 1; i <= 6; i++)
        (void)put(p, MARKET, i);
    commit(p);
    begin(p);
    assert_int_equal(stream_ack(p->s->stream, MARKET, 2), OK);
    assert_int_equal(store_savepoint(p->s), OK);
    assert_int_equal(stream_ack(p->s->stream, MARKET, 5), OK);
    assert_int_equal(store_rollback_to(p->s), OK);
    assert_position(p, MARKET, 6, 2);
    store_rollback(p->s);
    assert_position(p, MARKET, 6, 0);
    assert_next(p, 0, 1, 1);
    place_reopen(p);
    assert_position(p, MARKET, 6, 0);
}

/* It was never sent, but the promise does not ask. */
static void an_entry_acknowledged_in_its_own_transaction_leaves_no_row(void **state)
{
    struct place *p = *state;
    begin(p);
    for (uint64_t i = 1; i <= 6; i++)
        (void)put(p, MARKET, i);
    assert_int_equal(stream_ack(p->s->stream, MARKET, 4), OK);
    commit(p);
    assert_int_equal(place_rows(p, "SELECT min(first) FROM stream_block"), 5);
    for (int restart = 0; restart < 2; restart++) {
        assert_position(p, MARKET, 6, 4);
        assert_next(p, 0, 5, 5);
        place_reopen(p);
    }
}

static void ack_beyond_the_last_is_refused(void **state)
{
    struct place *p = *state;
    begin(p);
    (void)put(p, MARKET, 1);
    assert_int_equal(stream_ack(p->s->stream, MARKET, 2), ERR_FIELD_VALUE);
    assert_int_equal(stream_ack(p->s->stream, MARKET, UINT64_MAX), ERR_FIELD_VALUE);
    assert_int_equal(stream_ack(p->s->stream, "nobody.445100", 1), ERR_FIELD_VALUE);
    commit(p);
    assert_next(p, 0, 1, 1);
}

static void names_that_are_none_are_refused(void **state)
{
    static const char long_name[] = "a234567890123456789012345678901234.445100";
    struct place *p = *state;
    uint64_t n;
    begin(p);
    assert_int_equal(stream_put(p->s->stream, "", 1, &n), ERR_FIELD_VALUE);
    assert_int_equal(stream_put(p->s->stream, long_name, 1, &n), ERR_FIELD_VALUE);
    assert_int_equal(stream_last(p->s->stream, "", &n), ERR_FIELD_VALUE);
    assert_int_equal(stream_ack(p->s->stream, long_name, 0), ERR_FIELD_VALUE);
    commit(p);
}

static void nothing_is_put_or_acknowledged_outside_a_transaction(void **state)
{
    struct place *p = *state;
    uint64_t n;
    assert_int_equal(stream_put(p->s->stream, MARKET, 1, &n), ERR_INTERNAL);
    assert_int_equal(stream_ack(p->s->stream, MARKET, 0), ERR_INTERNAL);
    assert_position(p, MARKET, 0, 0);
}

static void one_transaction_takes_a_bounded_number(void **state)
{
    struct place *p = *state;
    uint64_t n;
    begin(p);
    for (uint64_t i = 1; i <= STREAM_PENDING_MAX; i++)
        assert_int_equal(put(p, MARKET, i), i);
    assert_int_equal(stream_put(p->s->stream, MARKET, 1, &n), ERR_BUSY);
    commit(p);
    begin(p);
    assert_int_equal(put(p, MARKET, 5), STREAM_PENDING_MAX + 1);
    commit(p);
    place_reopen(p);
    assert_position(p, MARKET, STREAM_PENDING_MAX + 1, 0);
    assert_next(p, 1023, 1024, 1024);
}

static void many_members_have_numbers_of_their_own(void **state)
{
    struct place *p = *state;
    char name[STORE_MEMBER_MAX + 1];
    begin(p);
    for (uint64_t k = 1; k <= 3; k++) {
        for (unsigned i = 0; i < 500; i++) {
            snprintf(name, sizeof name, "market-%u.445100", i);
            assert_int_equal(put(p, name, i + k), k);
        }
    }
    commit(p);
    place_reopen(p);
    for (unsigned i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "market-%u.445100", i);
        assert_position(p, name, 3, 0);
    }
}

static void one_member_more_than_there_may_be_is_refused_and_the_others_go_on(void **state)
{
    struct place *p = *state;
    char name[STORE_MEMBER_MAX + 1];
    uint64_t n;
    for (unsigned i = 0; i < STREAM_MEMBERS_MAX; i++) {
        snprintf(name, sizeof name, "market-%05u.445100", i);
        assert_int_equal(stream_last(p->s->stream, name, &n), OK);
    }
    begin(p);
    assert_int_equal(stream_put(p->s->stream, "police.445100", 1, &n), ERR_TOO_LARGE);
    assert_int_equal(put(p, "market-00000.445100", 2), 1);
    commit(p);
    assert_position(p, "market-00000.445100", 1, 0);
}

/* Two rows that a fault left without the one between them. */
static void a_missing_row_is_corruption_and_not_the_end(void **state)
{
    struct place *p = *state;
    uint64_t n;
    uint64_t leaf;
    for (uint64_t i = 1; i <= 3; i++) {
        begin(p);
        (void)put(p, MARKET, i);
        commit(p);
    }
    store_close(&p->s);
    place_tamper(p, "DELETE FROM stream_block WHERE first = 2");
    assert_int_equal(place_try_open(p), OK);
    assert_next(p, 0, 1, 1);
    assert_int_equal(stream_next(p->s->stream, MARKET, 1, &n, &leaf), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(numbers_are_contiguous_over_restarts_and_acks),
        CASE(rolled_back_numbers_are_given_again),
        CASE(a_released_savepoint_keeps_its_entries),
        CASE(entries_come_in_order_as_often_as_asked),
        CASE(a_long_backlog_is_read_from_its_rows),
        CASE(an_ack_removes_whole_rows_and_survives_a_restart),
        CASE(a_rolled_back_ack_was_never_given),
        CASE(an_entry_acknowledged_in_its_own_transaction_leaves_no_row),
        CASE(ack_beyond_the_last_is_refused),
        CASE(names_that_are_none_are_refused),
        CASE(nothing_is_put_or_acknowledged_outside_a_transaction),
        CASE(one_transaction_takes_a_bounded_number),
        CASE(many_members_have_numbers_of_their_own),
        CASE(one_member_more_than_there_may_be_is_refused_and_the_others_go_on),
        CASE(a_missing_row_is_corruption_and_not_the_end),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
