/*
 * Random steps on the queue against a model that knows only rows, lessees and closed numbers:
 * nothing is claimed twice, nothing that may go is missed, conversations keep their order, counts,
 * loads and tombstones are right; with restarts, rollbacks, savepoints and vanished adapters in
 * between (store/queue.h, 1 to 9).
 */
#include "unit/store_place.h"

#define HEALTH "health.445100"

#define MARKET "market.445100"

enum {
    ROWS = 60,
    SEEDS = 8,
    STEPS = 1500,
    LEASE = 10,
    TALKS = 4,
    NUMBERS = STEPS + 1,
    LESSEES = 3,
    SMALL_WINDOW = 1000 /* bytes of fresh rows: most go to the table while they wait */
};

struct model_row {
    bool there;
    uint64_t lessee;
    uint64_t due;
    uint32_t conversation; /* 0: none */
    uint64_t number;
    uint32_t bytes;
    bool parked;
};

struct model {
    struct place *p;
    struct model_row row[ROWS + 1];
    uint8_t closed[TALKS][NUMBERS + 1]; /* kind of the tombstone of a number, 0: none */
    uint64_t next;                      /* seq of the next row */
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
    uint32_t conversation = dice(m, TALKS);

    if (m->next > ROWS)
        return;
    row.lane = (uint8_t)dice(m, QUEUE_LANES);
    row.bytes = dice(m, 5000);
    snprintf(row.recipient, sizeof row.recipient, HEALTH);
    snprintf(row.sender, sizeof row.sender, MARKET);
    id_of(row.message_id, (uint32_t)m->next);
    begin(m->p);
    if (conversation > 0) {
        id_of(row.conversation, conversation);
        assert_int_equal(queue_number(m->p->s->queue, HEALTH, row.conversation, &row.number), OK);
    }
    assert_int_equal(queue_put(m->p->s->queue, &row), OK);
    commit(m->p);
    m->row[m->next++] = (struct model_row){
        .there = true, .conversation = conversation, .number = row.number, .bytes = row.bytes};
}

/* May the row go to the lessee, by the promises alone? */
static bool may_go(const struct model *m, uint64_t seq, uint64_t lessee)
{
    const struct model_row *row = &m->row[seq];
    if (!row->there || row->parked || row->lessee != 0 || row->due > m->now)
        return false;
    for (uint64_t i = 1; i < m->next && row->conversation > 0; i++) {
        const struct model_row *other = &m->row[i];
        if (other->there && !other->parked && other->conversation == row->conversation &&
            other->number < row->number && other->lessee != lessee)
            return false;
    }
    return true;
}

static void claim(struct model *m)
{
    uint64_t lessee = 1 + dice(m, LESSEES);
    struct queue_row got = {.seq = 0};
    size_t count;
    bool any = false;
    enum err err =
        queue_claim(m->p->s->queue, HEALTH, lessee, m->now, m->now + LEASE, 3, &got, 1, &count);

    for (uint64_t i = 1; i < m->next; i++)
        any = any || may_go(m, i, lessee);
    assert_int_equal(err, any ? OK : ERR_NOT_FOUND);
    if (!any)
        return;
    assert_true(may_go(m, got.seq, lessee));
    m->row[got.seq].lessee = lessee;
}

/* How a change of one row ends. */
enum fate { KEPT, UNDONE, UNDONE_TO };

static enum fate any_fate(struct model *m)
{
    uint32_t n = dice(m, 8);
    return n == 0 ? UNDONE : n == 1 ? UNDONE_TO : KEPT;
}

static void fate_begin(struct model *m, enum fate fate)
{
    begin(m->p);
    if (fate == UNDONE_TO)
        assert_int_equal(store_savepoint(m->p->s), OK);
}

static void fate_end(struct model *m, enum fate fate)
{
    if (fate == UNDONE) {
        store_rollback(m->p->s);
        return;
    }
    if (fate == UNDONE_TO)
        assert_int_equal(store_rollback_to(m->p->s), OK);
    commit(m->p);
}

static struct model_row *any_row(struct model *m, uint64_t *seq)
{
    *seq = 1 + dice(m, ROWS);
    return *seq < m->next && m->row[*seq].there ? &m->row[*seq] : NULL;
}

/* Gone, delivered or not; or, undone, there again, and free. */
static void finish(struct model *m)
{
    uint64_t seq;
    struct model_row *row = any_row(m, &seq);
    enum fate fate = any_fate(m);
    uint8_t kind = dice(m, 2) == 0 ? 0 : (uint8_t)(9 + 2 * dice(m, 2));
    if (row == NULL)
        return;
    fate_begin(m, fate);
    if (kind == 0)
        assert_int_equal(queue_done(m->p->s->queue, HEALTH, seq), OK);
    else
        assert_int_equal(queue_close(m->p->s->queue, HEALTH, seq, kind, seq), OK);
    fate_end(m, fate);
    row->lessee = 0;
    if (fate != KEPT)
        return;
    row->there = false;
    if (row->number > 0 && !row->parked && kind > 0)
        m->closed[row->conversation][row->number] = kind;
}

static void park(struct model *m)
{
    uint64_t seq;
    struct model_row *row = any_row(m, &seq);
    enum fate fate = any_fate(m);
    if (row == NULL || row->parked)
        return;
    fate_begin(m, fate);
    assert_int_equal(queue_park(m->p->s->queue, HEALTH, seq, ERR_ATTEMPTS, seq), OK);
    fate_end(m, fate);
    row->lessee = 0;
    if (fate != KEPT)
        return;
    row->parked = true;
    if (row->number > 0)
        m->closed[row->conversation][row->number] = QUEUE_TOMBSTONE_PARKED;
}

static void release(struct model *m)
{
    uint64_t seq;
    struct model_row *row = any_row(m, &seq);
    enum fate fate = any_fate(m);
    uint64_t number = 0;
    if (row == NULL || !row->parked)
        return;
    fate_begin(m, fate);
    if (row->conversation > 0)
        assert_int_equal(queue_number(m->p->s->queue, HEALTH, ID(row->conversation), &number), OK);
    assert_int_equal(queue_release(m->p->s->queue, HEALTH, seq, number, seq), OK);
    fate_end(m, fate);
    if (fate != KEPT)
        return;
    row->parked = false;
    row->due = 0;
    row->number = number;
}

/* What stays in place: the flag, the version of the restrictions. */
static void touch(struct model *m)
{
    uint64_t seq;
    struct model_row *row = any_row(m, &seq);
    enum fate fate = any_fate(m);
    if (row == NULL)
        return;
    fate_begin(m, fate);
    assert_int_equal(queue_warned(m->p->s->queue, HEALTH, seq), OK);
    assert_int_equal(queue_gated(m->p->s->queue, HEALTH, seq, m->now, NULL, 0), OK);
    fate_end(m, fate);
}

static void learn(struct model *m)
{
    uint32_t conversation = 1 + dice(m, TALKS - 1);
    uint64_t upto = dice(m, 40);
    /* Only what lies below a number that was given: runs end there. */
    while (upto > 0 && m->closed[conversation][upto] != 0)
        upto--;
    begin(m->p);
    assert_int_equal(queue_tombstones_done(m->p->s->queue, HEALTH, ID(conversation), upto), OK);
    commit(m->p);
    for (uint64_t n = 0; n < upto; n++)
        m->closed[conversation][n] = 0;
}

static void defer(struct model *m)
{
    uint64_t seq;
    struct model_row *row = any_row(m, &seq);
    enum fate fate = any_fate(m);
    if (row == NULL || row->parked)
        return;
    fate_begin(m, fate);
    assert_int_equal(queue_defer(m->p->s->queue, HEALTH, seq, m->now + 3, 0, NULL), OK);
    fate_end(m, fate);
    row->lessee = 0;
    if (fate == KEPT)
        row->due = m->now + 3;
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
    struct queue_load in;
    struct queue_load out;
    uint64_t ready = 0;
    uint64_t parked = 0;
    uint64_t leased = 0;
    uint64_t bytes = 0;
    for (uint64_t i = 1; i < m->next; i++) {
        const struct model_row *row = &m->row[i];
        if (!row->there)
            continue;
        ready += !row->parked;
        parked += row->parked;
        leased += row->lessee != 0;
        bytes += row->bytes;
    }
    assert_int_equal(queue_counts(m->p->s->queue, HEALTH, &counts), OK);
    assert_int_equal(counts.ready, ready);
    assert_int_equal(counts.parked, parked);
    assert_int_equal(counts.leased, leased);
    assert_int_equal(queue_load(m->p->s->queue, HEALTH, &in, &out), OK);
    assert_int_equal(in.rows, ready + parked);
    assert_int_equal(in.bytes, bytes);
    assert_int_equal(out.rows + out.bytes, 0);
    assert_int_equal(queue_load(m->p->s->queue, MARKET, &in, &out), OK);
    assert_int_equal(out.rows, ready + parked);
    assert_int_equal(out.bytes, bytes);
    assert_int_equal(in.rows + in.bytes, 0);
}

/* The runs below a number, told one number at a time. */
static void check_tombstones(struct model *m)
{
    uint32_t conversation = 1 + dice(m, TALKS - 1);
    const uint8_t *closed = m->closed[conversation];
    uint64_t below = dice(m, 200);
    static struct queue_tombstone runs[NUMBERS];
    size_t count;
    bool any = false;

    for (size_t i = 0; i < sizeof m->closed; i++)
        any = any || ((const uint8_t *)m->closed)[i] != 0;
    assert_int_equal(queue_tombstones_any(m->p->s->queue, HEALTH), any);
    assert_int_equal(queue_tombstones(m->p->s->queue, HEALTH, ID(conversation), below, runs,
                                      T_COUNT(runs), &count),
                     OK);
    uint64_t at = below;
    for (size_t i = count; i-- > 0;) {
        assert_int_equal(runs[i].first + runs[i].count, at);
        while (at > runs[i].first)
            assert_int_equal(closed[--at], runs[i].kind);
    }
    assert_true(at == 0 || closed[at - 1] == 0);
}

static void step(struct model *m)
{
    uint32_t kind = dice(m, 40);
    if (kind < 9)
        put(m);
    else if (kind < 18)
        claim(m);
    else if (kind < 24)
        finish(m);
    else if (kind < 28)
        defer(m);
    else if (kind < 30)
        park(m);
    else if (kind < 33)
        release(m);
    else if (kind < 34)
        touch(m);
    else if (kind < 35)
        learn(m);
    else if (kind < 38)
        m->now++;
    else if (kind < 39)
        vanish(m, dice(m, LESSEES + 1));
    else
        begin_again(m);
    check_tombstones(m);
    check_counts(m);
}

static void random_steps_keep_every_promise(void **state)
{
    static struct model m;
    m = (struct model){.p = *state};
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %u\n", seed);
        store_close(&m.p->s);
        folder_remove(m.p->dir);
        m.p->fresh_window = seed % 2 == 0 ? 0 : SMALL_WINDOW;
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
