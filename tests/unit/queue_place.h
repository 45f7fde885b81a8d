/* A queue and its rows, for the tests of store/queue.h. */
#ifndef TESTS_UNIT_QUEUE_PLACE_H
#define TESTS_UNIT_QUEUE_PLACE_H

#include "unit/store_place.h"

#define HEALTH "health.445100"

#define POLICE "police.445100"

enum { A = 1, B = 2, LEASE = 10 };

static inline struct queue_row row_of(uint64_t seq, uint8_t lane)
{
    struct queue_row row = {.seq = seq, .lane = lane, .type = 7, .expires_ms = STORE_NEVER};
    snprintf(row.recipient, sizeof row.recipient, HEALTH);
    snprintf(row.sender, sizeof row.sender, "market.445100");
    id_of(row.message_id, (uint32_t)seq);
    return row;
}

static inline void put(struct place *p, const struct queue_row *row)
{
    begin(p);
    assert_int_equal(queue_put(p->s->queue, row), OK);
    commit(p);
}

static inline void put_plain(struct place *p, uint64_t seq, uint8_t lane)
{
    struct queue_row row = row_of(seq, lane);
    put(p, &row);
}

/* The seq-th row of conversation c, with the delivery number the queue gives it. */
static inline void put_ordered(struct place *p, uint64_t seq, uint8_t lane, uint32_t c)
{
    struct queue_row row = row_of(seq, lane);
    id_of(row.conversation, c);
    begin(p);
    assert_int_equal(queue_number(p->s->queue, HEALTH, row.conversation, &row.number), OK);
    assert_int_equal(queue_put(p->s->queue, &row), OK);
    commit(p);
}

/* The next row for a lessee; 0 when there is none. */
static inline uint64_t claim(struct place *p, uint64_t lessee, uint64_t now)
{
    struct queue_row row;
    size_t count;
    enum err err = queue_claim(p->s->queue, HEALTH, lessee, now, now + LEASE, 3, &row, 1, &count);
    if (err == ERR_NOT_FOUND)
        return 0;
    assert_int_equal(err, OK);
    assert_int_equal(count, 1);
    return row.seq;
}

static inline void done(struct place *p, uint64_t seq)
{
    begin(p);
    assert_int_equal(queue_done(p->s->queue, HEALTH, seq), OK);
    commit(p);
}

static inline void defer(struct place *p, uint64_t seq, uint64_t due)
{
    begin(p);
    assert_int_equal(queue_defer(p->s->queue, HEALTH, seq, due, ERR_TIMEOUT, NULL), OK);
    commit(p);
}

#endif
