/* A short life of the store on a disk that fails: what is written, and what has to be there. */
#ifndef TESTS_UNIT_STORE_LIFE_H
#define TESTS_UNIT_STORE_LIFE_H

#include "fault/vfs.h"
#include "keys/receipt.h"
#include "unit/store_place.h"

enum { STEPS = 12, RUNS_MAX = 3000 };

static uint32_t window; /* bytes of fresh rows; 0: as the store has it */

static inline enum err accept(struct store *s, uint32_t n)
{
    struct message_row m = {.type = 7, .open = 1};
    struct queue_row q = {.expires_ms = STORE_NEVER};
    uint8_t frame[3000];
    uint64_t number;

    memset(frame, (int)n, sizeof frame);
    enum err err =
        log_append(s->log, LOG_RECEIPT, 1000 + n, span_of(frame, 700), span_of(frame, 300), &m.seq);
    if (err != OK)
        return err;
    snprintf(m.sender, sizeof m.sender, "market.445100");
    id_of(m.id, n);
    q.seq = m.seq;
    snprintf(q.sender, sizeof q.sender, "market.445100");
    snprintf(q.recipient, sizeof q.recipient, "health.445100");
    memcpy(q.message_id, m.id, sizeof q.message_id);
    if ((err = message_put(s->messages, &m, span_of(frame, sizeof frame))) != OK)
        return err;
    if ((err = queue_put(s->queue, &q)) != OK)
        return err;
    if ((err = stream_put(s->stream, "market.445100", m.seq, &number)) != OK)
        return err;
    return store_count(s, "accepted", 1);
}

/* Deliver the oldest message: its queue row and frame go. */
static inline enum err deliver(struct store *s)
{
    struct queue_row row;
    size_t count;
    enum err err = queue_claim(s->queue, "health.445100", 1, 0, 10, 3, &row, 1, &count);
    if (err != OK)
        return err;
    err = queue_done(s->queue, row.recipient, row.seq);
    return err != OK ? err
                     : message_settle(s->messages, row.sender, row.message_id, 5, row.seq, NULL);
}

/* A chunk a step, and those before it that a restart forgot. */
static inline enum err put_chunks(struct store *s, uint32_t upto)
{
    static const uint8_t root[STORE_HASH_LEN] = {7};
    uint8_t frame[3000];
    uint64_t have;
    uint64_t count;
    enum err err = chunk_have(s->chunks, "market.445100", root, &have, &count);
    for (; err == OK && have < upto && have < STEPS; have++) {
        memset(frame, (int)have, sizeof frame);
        err = chunk_put(s->chunks, "market.445100", root, have, STEPS, span_of(frame, sizeof frame),
                        1000);
    }
    return err;
}

/* What is said to be there can be read, and is what was put. */
static inline void chunks_hold(struct store *s, uint32_t steps)
{
    static const uint8_t root[STORE_HASH_LEN] = {7};
    uint8_t want[3000];
    struct span frame;
    uint64_t have;
    uint64_t count;
    assert_int_equal(chunk_have(s->chunks, "market.445100", root, &have, &count), OK);
    assert_true(steps < STEPS || have == STEPS); /* complete: recorded with its last chunk */
    for (uint64_t i = 0; i < have; i++) {
        memset(want, (int)i, sizeof want);
        assert_int_equal(chunk_get(s->chunks, "market.445100", root, i, &frame), OK);
        assert_true(span_eq(frame, span_of(want, sizeof want)));
    }
}

/* One transaction of the life: odd steps accept three, even ones deliver one. */
static inline enum err fill(struct store *s, uint32_t i)
{
    enum err err = store_begin(s, 1000 + i);
    if (err == OK && i % 2 == 0) {
        err = deliver(s);
    } else if (err == OK) {
        for (uint32_t k = 0; k < 3 && err == OK; k++)
            err = accept(s, i * 10 + k);
        if (err == OK)
            err = store_savepoint(s);
        if (err == OK)
            err = accept(s, i * 10 + 9);
        if (err == OK)
            err = store_rollback_to(s);
    }
    return err == OK ? put_chunks(s, i) : err;
}

static inline enum err step(struct store *s, uint32_t i)
{
    enum err err = fill(s, i);
    if (err == OK)
        return store_commit(s);
    store_rollback(s);
    return err;
}

/* Exactly the first `steps` transactions happened. */
static inline bool holds(struct store *s, uint32_t steps)
{
    uint64_t accepted = (uint64_t)(steps + 1) / 2 * 3;
    uint64_t delivered = steps / 2;
    uint64_t known;
    uint64_t frames;
    uint64_t number;
    struct queue_counts counts;

    if (log_size(s->log) != accepted)
        return false;
    assert_int_equal(message_counts(s->messages, &known, &frames), OK);
    assert_int_equal(queue_counts(s->queue, "health.445100", &counts), OK);
    assert_int_equal(stream_last(s->stream, "market.445100", &number), OK);
    if (frames != accepted - delivered)
        return false;
    assert_int_equal(known, accepted);
    assert_int_equal(counts.ready, accepted - delivered);
    assert_int_equal(number, accepted);
    assert_int_equal(store_counter(s, "accepted"), accepted);
    chunks_hold(s, steps);
    return true;
}

static inline void fresh(struct place *p)
{
    vfs_disarm();
    /* So that commits fold back, too. */
    *p = (struct place){.checkpoint_pages = 12, .fresh_window = window};
    place_open(p);
}

#endif
