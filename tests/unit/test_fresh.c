/*
 * Rows put lately (store/fresh.h, 1 to 6): durable in their blocks, in one place only, undone with
 * their transaction, brought to their tables when they last, and named when a block is damaged.
 */
#include "unit/store_beside.h"

#define MARKET "market.445100"
#define HEALTH "health.445100"

/* Of a window of DEEP bytes some four messages are whole in memory. */
enum { WINDOW = 6000, DEEP = 60000, FRAME = 700, ROWS = 40, STEPS = 900, SEEDS = 6 };

static struct span frame_of(uint8_t out[static FRAME], uint32_t n)
{
    for (uint32_t i = 0; i < FRAME; i++)
        out[i] = (uint8_t)(n * 31 + i);
    return span_of(out, FRAME);
}

static enum err put(struct store *s, uint32_t n)
{
    uint8_t frame[FRAME];
    struct message_row m = {.seq = n, .type = 7, .open = 1, .accepted_ms = n, .last_leaf = n};
    struct queue_row q = {.seq = n, .expires_ms = STORE_NEVER, .bytes = FRAME};
    snprintf(m.sender, sizeof m.sender, MARKET);
    snprintf(q.sender, sizeof q.sender, MARKET);
    snprintf(q.recipient, sizeof q.recipient, HEALTH);
    id_of(m.id, n);
    id_of(q.message_id, n);
    enum err err = message_put(s->messages, &m, frame_of(frame, n));
    return err == OK ? queue_put(s->queue, &q) : err;
}

static void put_one(struct place *p, uint32_t n)
{
    begin(p);
    assert_int_equal(put(p->s, n), OK);
    commit(p);
}

static void settle_one(struct place *p, uint32_t n)
{
    begin(p);
    assert_int_equal(queue_done(p->s->queue, HEALTH, n), OK);
    assert_int_equal(message_settle(p->s->messages, MARKET, ID(n), 5, 100 + n, NULL), OK);
    commit(p);
}

/* The message waits, whole. */
static void assert_waits(struct store *s, uint32_t n)
{
    uint8_t want[FRAME];
    struct message_row m;
    struct queue_row q;
    struct span frame;
    assert_int_equal(message_get(s->messages, MARKET, ID(n), &m), OK);
    assert_int_equal(m.open, 1);
    assert_int_equal(m.accepted_ms, n);
    assert_int_equal(message_frame(s->messages, n, &frame), OK);
    assert_true(span_eq(frame, frame_of(want, n)));
    assert_int_equal(queue_get(s->queue, HEALTH, n, &q), OK);
    assert_memory_equal(q.message_id, ID(n), STORE_ID_LEN);
}

/* It is known, and nothing else of it is left. */
static void assert_settled(struct store *s, uint32_t n)
{
    struct message_row m;
    struct queue_row q;
    struct span frame;
    assert_int_equal(message_get(s->messages, MARKET, ID(n), &m), OK);
    assert_int_equal(m.open, 0);
    assert_int_equal(m.stage, 5);
    assert_int_equal(m.last_leaf, 100 + n);
    assert_int_equal(message_frame(s->messages, n, &frame), ERR_NOT_FOUND);
    assert_int_equal(queue_get(s->queue, HEALTH, n, &q), ERR_NOT_FOUND);
}

static void assert_tables(struct place *p, int messages, int frames, int queued)
{
    assert_int_equal(place_rows(p, "SELECT count(*) FROM message"), messages);
    assert_int_equal(place_rows(p, "SELECT count(*) FROM frame"), frames);
    assert_int_equal(place_rows(p, "SELECT count(*) FROM queue"), queued);
}

static void a_fresh_row_is_durable_and_is_no_row_of_its_table(void **state)
{
    struct place *p = *state;
    put_one(p, 1);
    put_one(p, 2);
    assert_tables(p, 0, 0, 0);
    place_reopen(p);
    assert_waits(p->s, 1);
    assert_waits(p->s, 2);
    assert_tables(p, 0, 0, 0); /* a start writes nothing */
    begin(p);
    assert_int_equal(put(p->s, 2), ERR_EXISTS);
    store_rollback(p->s);
}

static void what_is_settled_soon_leaves_one_row(void **state)
{
    struct place *p = *state;
    put_one(p, 1);
    settle_one(p, 1);
    assert_settled(p->s, 1);
    assert_tables(p, 0, 0, 0);
    assert_int_equal(store_idle(p->s), OK);
    assert_tables(p, 1, 0, 0);
    assert_int_equal(place_rows(p, "SELECT count(*) FROM fresh"), 0);
    assert_settled(p->s, 1);
}

static void what_lasts_goes_to_its_table_and_the_window_stays_small(void **state)
{
    struct place *p = *state;
    p->fresh_window = WINDOW;
    place_reopen(p);
    for (uint32_t n = 1; n <= 60; n++) {
        put_one(p, n);
        if (n % 3 == 0)
            settle_one(p, n);
        if (n > 20 && n % 4 == 0 && (n - 20) % 3 != 0)
            settle_one(p, n - 20); /* long in its table */
        assert_true(place_rows(p, "SELECT total(length(ops)) FROM fresh") <= WINDOW + 1200);
    }
    for (int again = 0; again < 2; again++) {
        for (uint32_t n = 1; n <= 60; n++) {
            if (n % 3 == 0 || (n <= 40 && n % 4 == 0))
                assert_settled(p->s, n);
            else
                assert_waits(p->s, n);
        }
        place_reopen(p);
    }
}

static void what_nothing_waits_in_goes_long_before_the_warm_part_is_full(void **state)
{
    enum { WIDE = 960000, MANY = WIDE / 12 / 8 }; /* more than twice MANY is too much */
    struct place *p = *state;
    p->fresh_window = WIDE;
    place_reopen(p);
    for (uint32_t n = 1; n <= 30; n++) {
        put_one(p, n);
        settle_one(p, n);
        assert_true(place_rows(p, "SELECT total(length(ops)) FROM fresh") <= 2 * MANY + 1200);
    }
    assert_int_not_equal(place_rows(p, "SELECT count(*) FROM message"), 0);
    assert_int_equal(store_idle(p->s), OK);
    put_one(p, 31); /* it waits, and all behind it with it */
    for (uint32_t n = 32; n <= 60; n++) {
        put_one(p, n);
        settle_one(p, n);
    }
    assert_tables(p, 30, 0, 0);
    place_reopen(p);
    assert_waits(p->s, 31);
    for (uint32_t n = 1; n <= 60; n++) {
        if (n != 31)
            assert_settled(p->s, n);
    }
}

/* Flip one byte of the block `no`, found by what stands around it. */
static void damage(struct place *p, int no, size_t from_end)
{
    sqlite3 *raw;
    sqlite3_blob *blob;
    uint8_t byte;
    assert_int_equal(sqlite3_open(p->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_blob_open(raw, "main", "fresh", "ops", no, 1, &blob), SQLITE_OK);
    int at = from_end == 0 ? 12 : sqlite3_blob_bytes(blob) - (int)from_end;
    assert_int_equal(sqlite3_blob_read(blob, &byte, 1, at), SQLITE_OK);
    byte ^= 4;
    assert_int_equal(sqlite3_blob_write(blob, &byte, 1, at), SQLITE_OK);
    sqlite3_blob_close(blob);
    sqlite3_close(raw);
}

static void reopen_deep(struct place *p)
{
    p->fresh_window = DEEP;
    place_reopen(p);
}

static void a_backlog_stays_in_its_blocks_and_is_read_from_there(void **state)
{
    struct place *p = *state;
    reopen_deep(p);
    for (uint32_t n = 1; n <= ROWS; n++)
        put_one(p, n);
    for (int again = 0; again < 2; again++) {
        for (uint32_t n = ROWS; n >= 1; n--)
            assert_waits(p->s, n);
        assert_tables(p, 0, 0, 0);
        place_reopen(p); /* reads all of it, keeps as much */
    }
    begin(p);
    assert_int_equal(queue_done(p->s->queue, HEALTH, 2), OK);
    assert_int_equal(message_settle(p->s->messages, MARKET, ID(2), 5, 102, NULL), OK);
    assert_settled(p->s, 2);
    store_rollback(p->s);
    assert_waits(p->s, 2);
    assert_int_equal(store_idle(p->s), OK); /* too much for one step */
    assert_tables(p, 0, 0, 0);
}

static void a_backlog_that_is_settled_takes_its_blocks_along(void **state)
{
    struct place *p = *state;
    reopen_deep(p);
    for (uint32_t n = 1; n <= ROWS; n++)
        put_one(p, n);
    assert_true(place_rows(p, "SELECT total(length(ops)) FROM fresh") > DEEP / 2);
    for (uint32_t n = 1; n <= ROWS; n++)
        settle_one(p, n);
    assert_true(place_rows(p, "SELECT total(length(ops)) FROM fresh") < DEEP / 8);
    assert_int_equal(place_rows(p, "SELECT count(*) FROM frame"), 0); /* none was ever written */
    for (uint32_t n = 1; n <= ROWS; n++)
        assert_settled(p->s, n);
}

static void a_backlog_beyond_the_window_goes_to_the_tables_whole(void **state)
{
    struct place *p = *state;
    reopen_deep(p);
    for (uint32_t n = 1; n <= 3 * ROWS; n++)
        put_one(p, n);
    assert_true(place_rows(p, "SELECT total(length(ops)) FROM fresh") <= DEEP + 1200);
    assert_true(place_rows(p, "SELECT count(*) FROM frame") > ROWS);
    for (int again = 0; again < 2; again++) {
        for (uint32_t n = 1; n <= 3 * ROWS; n++)
            assert_waits(p->s, n);
        place_reopen(p);
    }
}

static void a_block_that_changed_meanwhile_costs_its_frame_only(void **state)
{
    struct place *p = *state;
    struct span frame;
    reopen_deep(p);
    for (uint32_t n = 1; n <= ROWS; n++)
        put_one(p, n);
    store_close(&p->s);
    damage(p, 2, 200);
    assert_int_equal(place_try_open(p), OK);
    assert_int_equal(message_frame(p->s->messages, 2, &frame), ERR_CORRUPT);
    assert_waits(p->s, 1);
    assert_waits(p->s, 3);
}

static void rows_in_both_places_are_claimed_in_their_order(void **state)
{
    struct place *p = *state;
    struct queue_row rows[8];
    size_t count;
    for (uint32_t n = 1; n <= 3; n++)
        put_one(p, n);
    assert_int_equal(store_idle(p->s), OK);
    place_reopen(p);
    for (uint32_t n = 4; n <= 6; n++)
        put_one(p, n);
    place_reopen(p); /* nothing is kept beside table and blocks */
    put_one(p, 7);
    assert_int_equal(queue_claim(p->s->queue, HEALTH, 1, 0, 10, 3, rows, 8, &count), OK);
    assert_int_equal(count, 7);
    for (uint32_t n = 1; n <= 7; n++)
        assert_int_equal(rows[n - 1].seq, n);
    (void)queue_unlease_all(p->s->queue, 1);
    struct queue_row at = {.seq = 0};
    for (uint32_t n = 1; n <= 7; n++) {
        assert_int_equal(queue_next(p->s->queue, &at), OK);
        assert_int_equal(at.seq, n);
    }
    assert_int_equal(queue_next(p->s->queue, &at), ERR_NOT_FOUND);
}

static void an_erased_frame_is_in_no_block(void **state)
{
    struct place *p = *state;
    struct span frame;
    put_one(p, 1);
    put_one(p, 2);
    begin(p);
    assert_int_equal(message_erase(p->s->messages, 1), OK);
    store_rollback(p->s);
    assert_waits(p->s, 1); /* and fresh again */
    assert_true(fresh_count(p->s->fresh, FRESH_FRAME) == 2);
    begin(p);
    assert_int_equal(message_erase(p->s->messages, 1), OK);
    commit(p);
    assert_int_equal(message_frame(p->s->messages, 1, &frame), ERR_ERASED);
    assert_waits(p->s, 2);
    assert_int_equal(place_rows(p, "SELECT count(*) FROM fresh"), 0);
    assert_int_equal(place_rows(p, "SELECT length(bytes) FROM frame WHERE seq = 1"), 1);
    place_reopen(p);
    assert_int_equal(message_frame(p->s->messages, 1, &frame), ERR_ERASED);
}

static void a_damaged_frame_costs_itself_only(void **state)
{
    struct place *p = *state;
    struct span frame;
    for (uint32_t n = 1; n <= 3; n++)
        put_one(p, n);
    store_close(&p->s);
    damage(p, 2, 200); /* behind the frame come some sixty bytes of its queue row */
    assert_int_equal(place_try_open(p), OK);
    assert_int_equal(message_frame(p->s->messages, 2, &frame), ERR_CORRUPT);
    assert_waits(p->s, 1);
    assert_waits(p->s, 3);
    assert_int_equal(store_idle(p->s), OK); /* in its table it is no better */
    assert_int_equal(message_frame(p->s->messages, 2, &frame), ERR_CORRUPT);
}

static void a_damaged_row_ends_the_start_and_its_block_is_named(void **state)
{
    struct place *p = *state;
    for (uint32_t n = 1; n <= 3; n++)
        put_one(p, n);
    store_close(&p->s);
    damage(p, 2, 0);
    assert_int_equal(place_try_open(p), ERR_CORRUPT);
    assert_non_null(strstr(p->f.detail, "block 2, row 1"));
    damage(p, 2, 0);
    assert_int_equal(place_try_open(p), OK);
}

static void a_reader_sees_what_is_fresh(void **state)
{
    struct place *p = *state;
    const struct store_options options = {.path = p->path, .read_only = true};
    struct store *reader;
    put_one(p, 1);
    assert_int_equal(store_open(&reader, &options, &p->f), OK);
    assert_waits(reader, 1);
    put_one(p, 2);
    assert_waits(reader, 2);
    settle_one(p, 1);
    assert_settled(reader, 1);
    assert_int_equal(store_idle(p->s), OK);
    assert_settled(reader, 1);
    assert_waits(reader, 2);
    store_close(&reader);
}

static void a_reader_sees_a_backlog_in_its_blocks(void **state)
{
    struct place *p = *state;
    const struct store_options options = {.path = p->path, .read_only = true, .fresh_window = DEEP};
    struct store *reader;
    reopen_deep(p);
    for (uint32_t n = 1; n <= ROWS; n++)
        put_one(p, n);
    assert_int_equal(store_open(&reader, &options, &p->f), OK);
    for (uint32_t n = 1; n <= ROWS; n++)
        assert_waits(reader, n);
    settle_one(p, 1);
    assert_settled(reader, 1);
    assert_waits(reader, 2);
    store_close(&reader);
}

static void nothing_is_put_outside_a_transaction(void **state)
{
    struct place *p = *state;
    const struct fresh_row row = {.key = span_str("12345678"), .head = span_str("x")};
    static uint8_t big[FRESH_ROW_BYTES + 1];
    assert_int_equal(fresh_put(p->s->fresh, FRESH_FRAME, &row), ERR_INTERNAL);
    assert_false(fresh_room(p->s->fresh, 1));
    begin(p);
    assert_false(fresh_room(p->s->fresh, sizeof big));
    const struct fresh_row large = {.key = row.key, .body = span_of(big, sizeof big)};
    assert_int_equal(fresh_put(p->s->fresh, FRESH_FRAME, &large), ERR_TOO_LARGE);
    const struct fresh_row head = {.key = row.key, .head = span_of(big, FRESH_HEAD_MAX + 1)};
    assert_int_equal(fresh_put(p->s->fresh, FRESH_FRAME, &head), ERR_TOO_LARGE);
    assert_int_equal(fresh_drop(p->s->fresh, FRESH_FRAME, row.key), ERR_NOT_FOUND);
    store_rollback(p->s);
}

/* ---- random lives, each commit copied as a kill would leave it ---- */

enum fate { NEVER, WAITS, SETTLED };

struct model {
    struct place *p;
    enum fate now[ROWS + 1];
    enum fate committed[ROWS + 1];
    enum fate saved[ROWS + 1];
    uint32_t next;
    uint32_t next_committed;
    uint32_t next_saved;
    uint32_t seed;
};

static uint32_t dice(struct model *m, uint32_t sides)
{
    m->seed = m->seed * 1664525u + 1013904223u;
    return (m->seed >> 16) % sides;
}

static void assert_model(struct store *s, const enum fate *fate)
{
    struct message_row row;
    for (uint32_t n = 1; n <= ROWS; n++) {
        if (fate[n] == WAITS)
            assert_waits(s, n);
        else if (fate[n] == SETTLED)
            assert_settled(s, n);
        else
            assert_int_equal(message_get(s->messages, MARKET, ID(n), &row), ERR_NOT_FOUND);
    }
}

static void change(struct model *m)
{
    uint32_t n = 1 + dice(m, ROWS);
    if (dice(m, 3) > 0 && m->next <= ROWS) {
        assert_int_equal(put(m->p->s, m->next), OK);
        m->now[m->next++] = WAITS;
    } else if (m->now[n] == WAITS) {
        assert_int_equal(queue_done(m->p->s->queue, HEALTH, n), OK);
        assert_int_equal(message_settle(m->p->s->messages, MARKET, ID(n), 5, 100 + n, NULL), OK);
        m->now[n] = SETTLED;
    } else if (dice(m, 40) == 0) {
        assert_int_equal(fresh_drain(m->p->s->fresh), OK);
    }
}

static void transaction(struct model *m)
{
    begin(m->p);
    for (uint32_t i = dice(m, 4); i > 0; i--)
        change(m);
    if (dice(m, 2) == 0) {
        assert_int_equal(store_savepoint(m->p->s), OK);
        memcpy(m->saved, m->now, sizeof m->saved);
        m->next_saved = m->next;
        for (uint32_t i = dice(m, 4); i > 0; i--)
            change(m);
        if (dice(m, 2) == 0) {
            assert_int_equal(store_rollback_to(m->p->s), OK);
            memcpy(m->now, m->saved, sizeof m->now);
            m->next = m->next_saved;
            assert_model(m->p->s, m->now);
        } else {
            assert_int_equal(store_release(m->p->s), OK);
        }
    }
    if (dice(m, 4) == 0) {
        store_rollback(m->p->s);
        memcpy(m->now, m->committed, sizeof m->now);
        m->next = m->next_committed;
    } else {
        commit(m->p);
        memcpy(m->committed, m->now, sizeof m->committed);
        m->next_committed = m->next;
    }
}

static void random_lives_and_kills_keep_every_row(void **state)
{
    static struct model m;
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %u\n", seed);
        m = (struct model){.p = *state, .next = 1, .next_committed = 1, .seed = seed};
        store_close(&m.p->s);
        folder_remove(m.p->dir);
        m.p->fresh_window = seed % 3 == 0 ? 0 : seed % 3 == 1 ? WINDOW : DEEP;
        assert_int_equal(place_try_open(m.p), OK);
        for (int i = 0; i < STEPS / SEEDS; i++) {
            struct place copy;
            transaction(&m);
            assert_model(m.p->s, m.now);
            if (dice(&m, 12) == 0)
                place_reopen(m.p);
            if (dice(&m, 12) == 0)
                assert_int_equal(store_idle(m.p->s), OK);
            if (dice(&m, 4) > 0)
                continue;
            place_kill_copy(m.p, &copy);
            assert_int_equal(place_try_open(&copy), OK);
            assert_model(copy.s, m.committed);
            place_close(&copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_fresh_row_is_durable_and_is_no_row_of_its_table),
        CASE(what_is_settled_soon_leaves_one_row),
        CASE(what_lasts_goes_to_its_table_and_the_window_stays_small),
        CASE(what_nothing_waits_in_goes_long_before_the_warm_part_is_full),
        CASE(a_backlog_stays_in_its_blocks_and_is_read_from_there),
        CASE(a_backlog_that_is_settled_takes_its_blocks_along),
        CASE(a_backlog_beyond_the_window_goes_to_the_tables_whole),
        CASE(a_block_that_changed_meanwhile_costs_its_frame_only),
        CASE(rows_in_both_places_are_claimed_in_their_order),
        CASE(an_erased_frame_is_in_no_block),
        CASE(a_damaged_frame_costs_itself_only),
        CASE(a_damaged_row_ends_the_start_and_its_block_is_named),
        CASE(a_reader_sees_what_is_fresh),
        CASE(a_reader_sees_a_backlog_in_its_blocks),
        CASE(nothing_is_put_outside_a_transaction),
        CASE(random_lives_and_kills_keep_every_row),
    };
    return cmocka_run_group_tests_name("fresh", tests, NULL, NULL);
}
