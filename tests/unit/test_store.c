/* Checks the promises of store/store.h, each by its number; kills are simulated by opening a
 * copy of the files as they are at that moment. */
#include "keys/receipt.h"
#include "unit/store_place.h"

static void accept(struct place *p, uint32_t n)
{
    struct message_row m = {.type = 7, .open = 1};
    struct queue_row q = {.expires_ms = STORE_NEVER};
    uint64_t number;

    assert_int_equal(log_append(p->s->log, LOG_RECEIPT, 1000 + n, span_str("receipt"),
                                span_str("beside"), &m.seq),
                     OK);
    snprintf(m.sender, sizeof m.sender, "market.445100");
    id_of(m.id, n);
    q.seq = m.seq;
    snprintf(q.sender, sizeof q.sender, "market.445100");
    snprintf(q.recipient, sizeof q.recipient, "health.445100");
    memcpy(q.message_id, m.id, sizeof q.message_id);
    assert_int_equal(message_put(p->s->messages, &m, span_str("frame")), OK);
    assert_int_equal(queue_put(p->s->queue, &q), OK);
    assert_int_equal(stream_put(p->s->stream, "market.445100", m.seq, &number), OK);
    assert_int_equal(store_count(p->s, "receipt.accepted", 1), OK);
}

/* n messages, each with everything that belongs to it, and nothing else. */
static void assert_holds(struct place *p, uint64_t n)
{
    uint64_t known;
    uint64_t frames;
    uint64_t number;
    struct queue_counts counts;

    assert_int_equal(log_size(p->s->log), n);
    assert_int_equal(message_counts(p->s->messages, &known, &frames), OK);
    assert_int_equal(known, n);
    assert_int_equal(frames, n);
    assert_int_equal(queue_counts(p->s->queue, "health.445100", &counts), OK);
    assert_int_equal(counts.ready, n);
    assert_int_equal(stream_last(p->s->stream, "market.445100", &number), OK);
    assert_int_equal(number, n);
    assert_int_equal(store_counter(p->s, "receipt.accepted"), n);
}

static void a_commit_is_whole_or_nothing(void **state)
{
    struct place *p = *state;
    begin(p);
    accept(p, 1);
    assert_holds(p, 1); /* its own writes are seen inside */
    commit(p);
    begin(p);
    accept(p, 2);
    accept(p, 3);
    store_rollback(p->s);
    assert_holds(p, 1);
    place_reopen(p);
    assert_holds(p, 1);
}

static void a_savepoint_undoes_one_message(void **state)
{
    struct place *p = *state;
    begin(p);
    accept(p, 1);
    assert_int_equal(store_savepoint(p->s), OK);
    accept(p, 2);
    assert_int_equal(store_rollback_to(p->s), OK);
    assert_holds(p, 1);
    assert_int_equal(store_savepoint(p->s), OK);
    accept(p, 3);
    assert_int_equal(store_release(p->s), OK);
    commit(p);
    assert_holds(p, 2);
    place_reopen(p);
    assert_holds(p, 2);
}

/* After each step of a life, what a kill then leaves is what was committed before it. */
static void a_kill_at_any_step_leaves_what_was_committed(void **state)
{
    struct place *p = *state;
    struct place copy;
    uint64_t committed = 0;

    for (uint32_t n = 1; n <= 30; n++) {
        begin(p);
        accept(p, n);
        if (n % 3 == 0)
            assert_int_equal(store_savepoint(p->s), OK);
        place_kill_copy(p, &copy);
        assert_int_equal(place_try_open(&copy), OK);
        assert_holds(&copy, committed);
        place_close(&copy);
        if (n % 5 == 0) {
            store_rollback(p->s);
        } else {
            commit(p);
            committed++;
        }
        if (n % 7 == 0)
            assert_int_equal(store_idle(p->s), OK);
        place_kill_copy(p, &copy);
        assert_int_equal(place_try_open(&copy), OK);
        assert_holds(&copy, committed);
        begin(&copy);
        accept(&copy, 1000 + n); /* and it goes on from there */
        commit(&copy);
        assert_holds(&copy, committed + 1);
        place_close(&copy);
    }
}

/* A log whose last commit was torn: the commit before it is what is there. */
static void a_torn_log_loses_only_what_was_not_acknowledged(void **state)
{
    struct place *p = *state;
    struct place copy;
    char wal[FOLDER_PATH_MAX + 16];
    struct stat st;

    begin(p);
    accept(p, 1);
    commit(p);
    snprintf(wal, sizeof wal, "%s-wal", p->path);
    assert_int_equal(stat(wal, &st), 0);
    off_t before = st.st_size;
    begin(p);
    accept(p, 2);
    commit(p);
    assert_int_equal(stat(wal, &st), 0);
    for (off_t at = before; at < st.st_size; at += 1021) {
        place_kill_copy(p, &copy);
        snprintf(wal, sizeof wal, "%s-wal", copy.path);
        assert_int_equal(truncate(wal, at), 0);
        assert_int_equal(place_try_open(&copy), OK);
        assert_holds(&copy, 1);
        place_close(&copy);
    }
}

static void now_high_never_goes_back(void **state)
{
    static const struct {
        uint64_t now;
        bool writes;
        bool commits;
        uint64_t want;
    } rows[] = {
        {1000, true, true, 1000}, {2000, true, false, 1000}, {2000, false, true, 1000},
        {3000, true, true, 3000}, {1500, true, true, 3000},  {3000, true, true, 3000},
        {4000, true, true, 4000},
    };
    struct place *p = *state;
    assert_int_equal(store_now_high(p->s), 0);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(store_begin(p->s, rows[i].now), OK);
        if (rows[i].writes)
            assert_int_equal(store_meta_put_u64(p->s, "x", i), OK);
        if (rows[i].commits)
            assert_int_equal(store_commit(p->s), OK);
        else
            store_rollback(p->s);
        assert_int_equal(store_now_high(p->s), rows[i].want);
        place_reopen(p);
        assert_int_equal(store_now_high(p->s), rows[i].want);
    }
    assert_int_equal(store_begin(p->s, UINT64_MAX), ERR_TOO_LARGE);
}

/* Pages that the write-ahead log has now. */
static long wal_pages(const struct place *p)
{
    enum { HEAD = 32, PAGE_HEAD = 24, PAGE = DB_PAGE_BYTES };
    char wal[FOLDER_PATH_MAX + 16];
    struct stat st;
    snprintf(wal, sizeof wal, "%s-wal", p->path);
    assert_int_equal(stat(wal, &st), 0);
    return st.st_size == 0 ? 0 : ((long)st.st_size - HEAD) / (PAGE + PAGE_HEAD);
}

static void a_commit_of_one_message_writes_few_pages(void **state)
{
    enum { PAGES = 4 }; /* leaf, all rows of the message, stream, and one for all that is counted */
    struct place *p = *state;
    uint64_t number;
    for (uint32_t n = 1; n <= 20; n++) {
        assert_int_equal(store_idle(p->s), OK); /* the log is empty */
        assert_int_equal(wal_pages(p), 0);
        assert_int_equal(store_begin(p->s, 1000 + n), OK);
        accept(p, n);
        assert_int_equal(stream_last(p->s->stream, "market.445100", &number), OK);
        assert_int_equal(stream_ack(p->s->stream, "market.445100", number - 1), OK);
        assert_int_equal(log_checkpoint_set(p->s->log, n - (n > 1), span_str("head")),
                         n > 1 ? OK : ERR_LOG_ROLLBACK);
        commit(p);
        if (n > 2) /* tables have their pages, and the checkpoint its row */
            assert_int_equal(wal_pages(p), PAGES);
    }
}

/* Times in the database's own row: 0 when it was never written. */
static uint64_t now_in_meta(struct place *p)
{
    uint64_t value;
    enum err err = store_meta_get_u64(p->s, "now.high", &value);
    assert_true(err == OK || err == ERR_NOT_FOUND);
    return value;
}

static void the_last_leaf_says_now_high_and_meta_what_it_does_not(void **state)
{
    static const struct {
        uint64_t now;
        uint64_t leaf[2]; /* their times; 0: none */
        bool commits;
        uint64_t want;
        uint64_t meta;
    } rows[] = {
        {1000, {1000}, true, 1000, 0},
        {2000, {2000}, false, 1000, 0},
        {2000, {900, 2000}, true, 2000, 0},    /* a statement made again, before the last */
        {3000, {3000, 900}, true, 3000, 3000}, /* and as the last */
        {2500, {2500}, true, 3000, 3000},      /* the clock went back */
        {4000, {4000}, true, 4000, 3000},
        {5000, {0}, true, 5000, 5000}, /* no leaf */
        {5000, {5000}, true, 5000, 5000},
        {6000, {6100}, true, 6100, 5000}, /* begun before the leaf's frame came */
        {6050, {6050}, true, 6100, 6100},
    };
    struct place *p = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        uint64_t index;
        print_message("row %zu\n", i);
        assert_int_equal(store_begin(p->s, rows[i].now), OK);
        assert_int_equal(store_meta_put_u64(p->s, "x", i), OK);
        for (size_t k = 0; k < 2 && rows[i].leaf[k] != 0; k++)
            assert_int_equal(log_append(p->s->log, LOG_STATEMENT, rows[i].leaf[k], span_str("body"),
                                        (struct span){NULL, 0}, &index),
                             OK);
        assert_int_equal(store_savepoint(p->s), OK);
        assert_int_equal(log_append(p->s->log, LOG_STATEMENT, 9999, span_str("gone"),
                                    (struct span){NULL, 0}, &index),
                         OK);
        assert_int_equal(store_rollback_to(p->s), OK);
        if (rows[i].commits)
            assert_int_equal(store_commit(p->s), OK);
        else
            store_rollback(p->s);
        assert_int_equal(store_now_high(p->s), rows[i].want);
        place_reopen(p);
        assert_int_equal(store_now_high(p->s), rows[i].want);
        assert_int_equal(now_in_meta(p), rows[i].meta);
    }
}

static void meta_values_are_kept(void **state)
{
    struct place *p = *state;
    uint8_t out[8];
    size_t len;
    uint64_t n;
    static uint8_t big[STORE_META_MAX + 1];

    begin(p);
    assert_int_equal(store_meta_get(p->s, "a", out, sizeof out, &len), ERR_NOT_FOUND);
    assert_int_equal(store_meta_put(p->s, "a", span_str("first")), OK);
    assert_int_equal(store_meta_put(p->s, "a", span_str("second")), OK);
    assert_int_equal(store_meta_put(p->s, "empty", span_str("")), OK);
    assert_int_equal(store_meta_put_u64(p->s, "n", UINT64_MAX), OK);
    assert_int_equal(store_meta_put(p->s, "big", span_of(big, sizeof big)), ERR_TOO_LARGE);
    assert_int_equal(store_meta_put(p->s, "", span_str("x")), ERR_FIELD_VALUE);
    commit(p);
    place_reopen(p);
    assert_int_equal(store_meta_get(p->s, "a", out, sizeof out, &len), OK);
    assert_int_equal(len, 6);
    assert_memory_equal(out, "second", 6);
    assert_int_equal(store_meta_get(p->s, "a", out, 5, &len), ERR_TOO_LARGE);
    assert_int_equal(store_meta_get(p->s, "empty", out, sizeof out, &len), OK);
    assert_int_equal(len, 0);
    assert_int_equal(store_meta_get_u64(p->s, "n", &n), OK);
    assert_true(n == UINT64_MAX);
    assert_int_equal(store_meta_get_u64(p->s, "a", &n), ERR_FIELD_VALUE);
    assert_int_equal(store_meta_put_u64(p->s, "n", 1), ERR_INTERNAL); /* outside a transaction */
}

static void counters_are_exact_over_restarts_and_rollbacks(void **state)
{
    struct place *p = *state;
    const char *name;
    uint64_t value;
    char text[80];

    assert_int_equal(store_count(p->s, "a", 1), ERR_INTERNAL); /* outside a transaction */
    begin(p);
    assert_int_equal(store_count(p->s, "a", 2), OK);
    assert_int_equal(store_count(p->s, "b", 5), OK);
    commit(p);
    begin(p);
    assert_int_equal(store_count(p->s, "a", 7), OK);
    store_rollback(p->s);
    begin(p);
    assert_int_equal(store_count(p->s, "a", 1), OK);
    assert_int_equal(store_savepoint(p->s), OK);
    assert_int_equal(store_count(p->s, "a", 1), OK);
    assert_int_equal(store_count(p->s, "c", 1), OK);
    assert_int_equal(store_rollback_to(p->s), OK);
    commit(p);
    place_reopen(p);
    assert_int_equal(store_counter(p->s, "a"), 3);
    assert_int_equal(store_counter(p->s, "b"), 5);
    assert_int_equal(store_counter(p->s, "c"), 0);
    assert_true(store_counter_at(p->s, 0, &name, &value));
    assert_true(store_counter_at(p->s, 1, &name, &value));
    assert_false(store_counter_at(p->s, 2, &name, &value));

    begin(p);
    memset(text, 'x', sizeof text);
    text[STORE_NAME_MAX + 1] = '\0';
    assert_int_equal(store_count(p->s, text, 1), ERR_FIELD_VALUE);
    assert_int_equal(store_count(p->s, "", 1), ERR_FIELD_VALUE);
    for (int i = 0; i < STORE_COUNTERS_MAX - 2; i++) {
        snprintf(text, sizeof text, "counter.%d", i);
        assert_int_equal(store_count(p->s, text, 1), OK);
    }
    assert_int_equal(store_count(p->s, "one too many", 1), ERR_TOO_LARGE);
    commit(p);
    place_reopen(p);
    for (int i = 0; i < STORE_COUNTERS_MAX - 2; i++) {
        snprintf(text, sizeof text, "counter.%d", i);
        assert_int_equal(store_counter(p->s, text), 1);
    }
}

static void a_reader_beside_the_hub_sees_commits_and_writes_nothing(void **state)
{
    struct place *p = *state;
    const struct store_options options = {.path = p->path, .read_only = true};
    struct store *reader;

    begin(p);
    accept(p, 1);
    commit(p);
    assert_int_equal(store_open(&reader, &options, &p->f), OK);
    assert_int_equal(log_size(reader->log), 1);
    assert_int_equal(store_counter(reader, "receipt.accepted"), 1);
    assert_int_equal(store_begin(reader, 1), ERR_PERMISSION);
    begin(p);
    accept(p, 2);
    commit(p);
    uint64_t known;
    uint64_t frames;
    assert_int_equal(message_counts(reader->messages, &known, &frames), OK);
    assert_int_equal(known, 2);
    store_close(&reader);
    assert_holds(p, 2);
}

static void a_second_hub_on_the_same_file_is_refused(void **state)
{
    struct place *p = *state;
    struct place other = *p;
    assert_int_equal(place_try_open(&other), ERR_BUSY_ELSEWHERE);
    assert_null(other.s);
}

static void errors_in_a_transaction_leave_the_store_usable(void **state)
{
    struct place *p = *state;
    assert_int_equal(store_commit(p->s), ERR_INTERNAL);
    assert_int_equal(store_release(p->s), ERR_INTERNAL);
    assert_int_equal(store_rollback_to(p->s), ERR_INTERNAL);
    store_rollback(p->s);
    begin(p);
    assert_int_equal(store_begin(p->s, 1), ERR_INTERNAL);
    accept(p, 1);
    commit(p);
    assert_holds(p, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_commit_is_whole_or_nothing),
        CASE(a_savepoint_undoes_one_message),
        CASE(a_kill_at_any_step_leaves_what_was_committed),
        CASE(a_torn_log_loses_only_what_was_not_acknowledged),
        CASE(now_high_never_goes_back),
        CASE(a_commit_of_one_message_writes_few_pages),
        CASE(the_last_leaf_says_now_high_and_meta_what_it_does_not),
        CASE(meta_values_are_kept),
        CASE(counters_are_exact_over_restarts_and_rollbacks),
        CASE(a_reader_beside_the_hub_sees_commits_and_writes_nothing),
        CASE(a_second_hub_on_the_same_file_is_refused),
        CASE(errors_in_a_transaction_leave_the_store_usable),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
