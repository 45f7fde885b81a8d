/* Checks the promises of store/stream.h, each by its number. */
#include "unit/store_place.h"

#define MARKET "market.445100"

static uint64_t put_leaf(struct place *p, const char *member, uint64_t leaf)
{
    uint64_t number;
    assert_int_equal(stream_put_leaf(p->s->stream, member, leaf, &number), OK);
    return number;
}

static void numbers_are_contiguous_over_restarts_and_acks(void **state)
{
    struct place *p = *state;
    uint64_t want = 0;
    uint64_t n;

    for (int round = 0; round < 4; round++) {
        begin(p);
        for (uint64_t i = 0; i < 5; i++)
            assert_int_equal(put_leaf(p, MARKET, 100 + i), ++want);
        assert_int_equal(put_leaf(p, "health.445100", 7), (uint64_t)round + 1);
        commit(p);
        place_reopen(p);
        begin(p);
        assert_int_equal(stream_ack(p->s->stream, MARKET, want), OK); /* all of them */
        commit(p);
        place_reopen(p);
        assert_int_equal(stream_last(p->s->stream, MARKET, &n), OK);
        assert_int_equal(n, want);
        assert_int_equal(stream_acked(p->s->stream, MARKET, &n), OK);
        assert_int_equal(n, want);
    }
}

static void rolled_back_numbers_are_given_again(void **state)
{
    struct place *p = *state;
    begin(p);
    assert_int_equal(put_leaf(p, MARKET, 1), 1);
    commit(p);
    begin(p);
    assert_int_equal(put_leaf(p, MARKET, 2), 2);
    store_rollback(p->s);
    begin(p);
    assert_int_equal(put_leaf(p, MARKET, 3), 2);
    assert_int_equal(store_savepoint(p->s), OK);
    assert_int_equal(put_leaf(p, MARKET, 4), 3);
    assert_int_equal(store_rollback_to(p->s), OK);
    assert_int_equal(put_leaf(p, MARKET, 5), 3);
    commit(p);
}

static void entries_come_in_order_as_often_as_asked(void **state)
{
    struct place *p = *state;
    struct stream_entry e;
    uint64_t number;

    begin(p);
    for (uint64_t i = 1; i <= 6; i++) {
        if (i % 2 == 0)
            assert_int_equal(put_leaf(p, MARKET, i * 10), i);
        else
            assert_int_equal(stream_put_receipt(p->s->stream, MARKET, span_str("question"),
                                                span_str("signature"), &number),
                             OK);
    }
    commit(p);
    place_reopen(p);
    for (int again = 0; again < 2; again++) {
        for (uint64_t i = 1; i <= 6; i++) {
            assert_int_equal(stream_next(p->s->stream, MARKET, i - 1, &e), OK);
            assert_int_equal(e.number, i);
            assert_int_equal(e.is_leaf, i % 2 == 0);
            if (e.is_leaf) {
                assert_int_equal(e.leaf, i * 10);
                continue;
            }
            assert_true(span_eq(e.q, span_str("question")));
            assert_true(span_eq(e.s, span_str("signature")));
        }
        assert_int_equal(stream_next(p->s->stream, MARKET, 6, &e), ERR_NOT_FOUND);
        assert_int_equal(stream_next(p->s->stream, MARKET, UINT64_MAX, &e), ERR_NOT_FOUND);
    }
    assert_int_equal(stream_next(p->s->stream, "nobody.445100", 0, &e), ERR_NOT_FOUND);
}

static void only_acknowledged_entries_go(void **state)
{
    struct place *p = *state;
    struct stream_entry e;
    uint64_t n;

    begin(p);
    for (uint64_t i = 1; i <= 6; i++)
        (void)put_leaf(p, MARKET, i);
    assert_int_equal(stream_ack(p->s->stream, MARKET, 4), OK);
    assert_int_equal(stream_ack(p->s->stream, MARKET, 2), OK); /* late: changes nothing */
    assert_int_equal(stream_ack(p->s->stream, MARKET, 0), OK);
    commit(p);
    place_reopen(p);
    assert_int_equal(stream_acked(p->s->stream, MARKET, &n), OK);
    assert_int_equal(n, 4);
    assert_int_equal(stream_next(p->s->stream, MARKET, 4, &e), OK);
    assert_int_equal(e.number, 5);
    assert_int_equal(stream_next(p->s->stream, MARKET, 0, &e), OK);
    assert_int_equal(e.number, 4); /* the memory of the count */
}

static void ack_beyond_the_last_is_refused(void **state)
{
    struct place *p = *state;
    struct stream_entry e;
    begin(p);
    (void)put_leaf(p, MARKET, 1);
    assert_int_equal(stream_ack(p->s->stream, MARKET, 2), ERR_FIELD_VALUE);
    assert_int_equal(stream_ack(p->s->stream, MARKET, UINT64_MAX), ERR_FIELD_VALUE);
    assert_int_equal(stream_ack(p->s->stream, "nobody.445100", 1), ERR_FIELD_VALUE);
    commit(p);
    assert_int_equal(stream_next(p->s->stream, MARKET, 0, &e), OK);
}

static void long_receipts_are_kept_whole_and_longer_ones_refused(void **state)
{
    struct place *p = *state;
    struct stream_entry e;
    uint64_t number;
    static uint8_t big[STREAM_RECEIPT_MAX + 1];

    memset(big, 0x5a, sizeof big);
    begin(p);
    assert_int_equal(
        stream_put_receipt(p->s->stream, MARKET, span_of(big, sizeof big), span_str("s"), &number),
        ERR_TOO_LARGE);
    assert_int_equal(
        stream_put_receipt(p->s->stream, MARKET, span_str("q"), span_of(big, sizeof big), &number),
        ERR_TOO_LARGE);
    assert_int_equal(stream_put_receipt(p->s->stream, MARKET, span_of(big, STREAM_RECEIPT_MAX),
                                        span_of(big, 3000), &number),
                     OK);
    assert_int_equal(number, 1);
    commit(p);
    assert_int_equal(stream_next(p->s->stream, MARKET, 0, &e), OK);
    assert_true(span_eq(e.q, span_of(big, STREAM_RECEIPT_MAX)));
    assert_true(span_eq(e.s, span_of(big, 3000)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(numbers_are_contiguous_over_restarts_and_acks),
        CASE(rolled_back_numbers_are_given_again),
        CASE(entries_come_in_order_as_often_as_asked),
        CASE(only_acknowledged_entries_go),
        CASE(ack_beyond_the_last_is_refused),
        CASE(long_receipts_are_kept_whole_and_longer_ones_refused),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
