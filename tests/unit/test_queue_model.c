/*
 * Random steps on the queue against a model that knows only rows and lessees: nothing is claimed
 * twice, nothing that may go is missed, conversations keep their order, counts are right; with
 * restarts, rollbacks and vanished adapters in between (store/queue.h, 1 to 7).
 */
#include "unit/store_place.h"

#define HEALTH "health.445100"

enum { ROWS = 60, SEEDS = 8, STEPS = 1500, LEASE = 10 };

struct model_row {
    bool there;
    uint64_t lessee;
    uint64_t due;
    uint32_t conversation; /* 0: none */
    uint64_t number;
};

struct model {
    struct place *p;
    struct model_row row[ROWS + 1];
    uint64_t next; /* seq of the next row */
    uint64_t now;
    uint32_t seed;
};

static uint32_t dice(struct model *m, uint32_t sides)
{
    m->seed = m->seed * 1664525u + 1013904223u;
    return (m->seed >> 16) % sides;
}

static void put(struct model *m)
{
    struct queue_row row = {.seq = m->next, .expires_ms = STORE_NEVER};
    uint32_t conversation = dice(m, 4);

    if (m->next > ROWS)
        return;
    row.lane = (uint8_t)dice(m, QUEUE_LANES);
    snprintf(row.recipient, sizeof row.recipient, HEALTH);
    snprintf(row.sender, sizeof row.sender, "market.445100");
    id_of(row.message_id, (uint32_t)m->next);
    begin(m->p);
    if (conversation > 0) {
        id_of(row.conversation, conversation);
        assert_int_equal(queue_number(m->p->s->queue, HEALTH, row.conversation, &row.number), OK);
    }
    assert_int_equal(queue_put(m->p->s->queue, &row), OK);
    commit(m->p);
    m->row[m->next++] =
        (struct model_row){.there = true, .conversation = conversation, .number = row.number};
}

/* May the row go to the lessee, by the promises alone? */
static bool may_go(const struct model *m, uint64_t seq, uint64_t lessee)
{
    const struct model_row *row = &m->row[seq];
    if (!row->there || row->lessee != 0 || row->due > m->now)
        return false;
    for (uint64_t i = 1; i < m->next && row->conversation > 0; i++) {
        const struct model_row *other = &m->row[i];
        if (other->there && other->conversation == row->conversation &&
            other->number < row->number && other->lessee != lessee)
            return false;
    }
    return true;
}

static void claim(struct model *m)
{
    uint64_t lessee = 1 + dice(m, 2);
    struct queue_row got = {.seq = 0};
    size_t count;
    bool any = false;
    enum err err =
        queue_claim(m->p->s->queue, HEALTH, lessee, m->now, m->now + LEASE, &got, 1, &count);

    for (uint64_t i = 1; i < m->next; i++)
        any = any || may_go(m, i, lessee);
    assert_int_equal(err, any ? OK : ERR_NOT_FOUND);
    if (!any)
        return;
    assert_true(may_go(m, got.seq, lessee));
    m->row[got.seq].lessee = lessee;
}

static void finish(struct model *m, bool keep)
{
    uint64_t seq = 1 + dice(m, ROWS);
    if (seq >= m->next || !m->row[seq].there)
        return;
    begin(m->p);
    assert_int_equal(queue_done(m->p->s->queue, HEALTH, seq), OK);
    if (keep)
        commit(m->p);
    else
        store_rollback(m->p->s); /* it is there again, and free */
    m->row[seq].there = !keep;
    m->row[seq].lessee = 0;
}

static void defer(struct model *m)
{
    uint64_t seq = 1 + dice(m, ROWS);
    if (seq >= m->next || !m->row[seq].there)
        return;
    begin(m->p);
    assert_int_equal(queue_defer(m->p->s->queue, HEALTH, seq, m->now + 3, 0, NULL), OK);
    commit(m->p);
    m->row[seq].due = m->now + 3;
    m->row[seq].lessee = 0;
}

static void vanish(struct model *m, uint64_t lessee)
{
    if (lessee == 0)
        place_reopen(m->p);
    else
        (void)queue_unlease_all(m->p->s->queue, lessee);
    for (uint64_t i = 1; i < m->next; i++) {
        if (lessee == 0 || m->row[i].lessee == lessee)
            m->row[i].lessee = 0;
    }
}

/* When all are gone, seqs may be used again. */
static void begin_again(struct model *m)
{
    for (uint64_t i = 1; i < m->next; i++) {
        if (m->row[i].there)
            return;
    }
    if (m->next > ROWS)
        m->next = 1;
}

static void check_counts(struct model *m)
{
    struct queue_counts counts;
    uint64_t there = 0;
    uint64_t leased = 0;
    for (uint64_t i = 1; i < m->next; i++) {
        there += m->row[i].there;
        leased += m->row[i].there && m->row[i].lessee != 0;
    }
    assert_int_equal(queue_counts(m->p->s->queue, HEALTH, &counts), OK);
    assert_int_equal(counts.ready, there);
    assert_int_equal(counts.leased, leased);
}

static void step(struct model *m)
{
    uint32_t kind = dice(m, 32);
    if (kind < 8)
        put(m);
    else if (kind < 16)
        claim(m);
    else if (kind < 21)
        finish(m, true);
    else if (kind < 25)
        defer(m);
    else if (kind < 26)
        finish(m, false);
    else if (kind < 30)
        m->now++;
    else if (kind < 31)
        vanish(m, dice(m, 3));
    else
        begin_again(m);
    check_counts(m);
}

static void random_steps_keep_every_promise(void **state)
{
    struct model m = {.p = *state};
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %u\n", seed);
        store_close(&m.p->s);
        place_wipe(m.p->dir);
        assert_int_equal(place_try_open(m.p), OK);
        m = (struct model){.p = m.p, .next = 1, .seed = seed};
        for (int i = 0; i < STEPS; i++)
            step(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(random_steps_keep_every_promise)};
    return cmocka_run_group_tests_name("queue_model", tests, NULL, NULL);
}
