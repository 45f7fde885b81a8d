/* Checks the promises of store/decision.h, each by its number. */
#include "unit/store_place.h"

#include "store/retain.h"
#include "store/sealed.h"

static struct decision_row row_of(uint64_t seq, uint64_t message_seq, bool packs)
{
    struct decision_row row = {.seq = seq,
                               .message_seq = message_seq,
                               .type = 3,
                               .time_ms = 5 + seq,
                               .packs = packs,
                               .record = span_str("record"),
                               .facts = span_str("facts")};
    memset(row.document, (int)seq, sizeof row.document);
    memset(row.env_id, (int)seq + 1, sizeof row.env_id);
    return row;
}

static void decisions_are_found_by_leaf_and_message(void **state)
{
    struct place *p = *state;
    struct decision_row got;
    uint64_t cursor = 0;

    begin(p);
    for (uint64_t n = 1; n <= 3; n++) {
        struct decision_row row = row_of(10 * n, n == 3 ? STORE_NEVER : 10 * n + 1, false);
        row.code = n == 2 ? ERR_RESTRICTED : OK;
        assert_int_equal(decision_put(p->s->decisions, &row), OK);
        assert_int_equal(decision_put(p->s->decisions, &row), ERR_EXISTS);
    }
    commit(p);
    place_reopen(p);
    struct decisions *d = p->s->decisions;
    assert_int_equal(decision_get(d, 20, &got), OK);
    assert_int_equal(got.code, ERR_RESTRICTED);
    assert_true(span_eq(got.record, span_str("record")));
    assert_int_equal(decision_get(d, 21, &got), ERR_NOT_FOUND);
    assert_int_equal(decision_of_message(d, 21, &got), OK);
    assert_int_equal(got.seq, 20);
    assert_int_equal(decision_of_message(d, 20, &got), ERR_NOT_FOUND);
    for (uint64_t n = 1; n <= 3; n++) {
        assert_int_equal(decision_next(d, &cursor, &got), OK);
        assert_int_equal(got.seq, 10 * n);
        assert_true(span_eq(got.record, span_str("record")));
        assert_true(span_eq(got.facts, span_str("facts")));
    }
    assert_int_equal(decision_next(d, &cursor, &got), ERR_NOT_FOUND);
}

static enum err shout(void *ctx, const struct sealed_value *value, bool *changed)
{
    size_t *count = ctx;
    value->bytes[0] = '!';
    *changed = true;
    (*count)++;
    return OK;
}

/* What was read before it was sealed anew is not remembered: its key is about to be dropped. */
static void a_decision_that_is_sealed_anew_is_read_as_it_is_then(void **state)
{
    struct place *p = *state;
    struct sealed_cursor cursor = {0};
    struct decision_row got;
    size_t count = 0;
    size_t len;
    begin(p);
    for (uint64_t n = 1; n <= 4; n++) {
        const struct decision_row row = row_of(10 * n + 1, 10 * n, n % 2 == 0);
        assert_int_equal(decision_put(p->s->decisions, &row), OK);
    }
    commit(p);
    for (uint64_t at = 0; decision_next(p->s->decisions, &at, &got) == OK;)
        assert_true(span_eq(got.facts, span_str("facts")));
    begin(p);
    enum err err = OK;
    while (err == OK) {
        err = sealed_step(p->s->sealed, &cursor, shout, &count, &len);
        uint64_t at = 40; /* a pack's, which is at hand for the next one too */
        assert_int_equal(decision_next(p->s->decisions, &at, &got), OK);
    }
    assert_int_equal(err, ERR_NOT_FOUND);
    assert_int_equal(count, 4);
    for (int committed = 0; committed < 2; committed++) {
        for (uint64_t n = 4; n >= 1; n--) {
            uint64_t at = 10 * n;
            print_message("%u\n", (unsigned)n);
            assert_int_equal(decision_next(p->s->decisions, &at, &got), OK);
            assert_int_equal(got.seq, 10 * n + 1);
            assert_true(span_eq(got.facts, span_str("!acts")));
        }
        if (committed == 0)
            commit(p);
    }
}

/* Messages have the leaves 10, 20, 30 …; each third decision is an order's. */
static void put_some(struct place *p, uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n < to; n++) {
        struct decision_row row = row_of(10 * n + 1, 10 * n, n % 3 != 0);
        assert_int_equal(decision_put(p->s->decisions, &row), OK);
    }
}

static void assert_there(struct place *p, uint64_t n)
{
    struct decision_row got;
    const struct decision_row want = row_of(10 * n + 1, 10 * n, false);
    for (unsigned by = 0; by < 3; by++) {
        uint64_t cursor = 10 * n - 3;
        const enum err err = by == 0   ? decision_get(p->s->decisions, want.seq, &got)
                             : by == 1 ? decision_of_message(p->s->decisions, 10 * n, &got)
                                       : decision_next(p->s->decisions, &cursor, &got);
        assert_int_equal(err, OK);
        assert_int_equal(got.seq, want.seq);
        assert_int_equal(got.message_seq, want.message_seq);
        assert_int_equal(got.type, want.type);
        assert_int_equal(got.time_ms, want.time_ms);
        assert_int_equal(got.code, want.code);
        assert_memory_equal(got.document, want.document, sizeof want.document);
        assert_memory_equal(got.env_id, want.env_id, sizeof want.env_id);
        assert_true(span_eq(got.record, want.record));
    }
    assert_true(span_eq(got.facts, want.facts));
}

static void assert_gone(struct place *p, uint64_t n)
{
    struct decision_row got;
    assert_int_equal(decision_get(p->s->decisions, 10 * n + 1, &got), ERR_NOT_FOUND);
    assert_int_equal(decision_of_message(p->s->decisions, 10 * n, &got), ERR_NOT_FOUND);
}

static uint64_t count_rows(struct place *p, const char *table)
{
    char sql[64];
    const char *const text[] = {sql};
    struct stmt *q[1];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    assert_int_equal(db_prepare(p->s->db, text, 1, q, NULL), OK);
    assert_int_equal(stmt_step(q[0]), OK);
    const uint64_t count = stmt_u64(q[0], 0);
    assert_int_equal(stmt_end(q[0], OK), OK);
    return count;
}

static void records_of_a_commit_are_packed_and_read_as_if_they_were_not(void **state)
{
    struct place *p = *state;
    for (uint64_t part = 0; part < 4; part++) {
        begin(p);
        put_some(p, 1 + 30 * part, 31 + 30 * part);
        for (uint64_t n = 1; n < 31 + 30 * part; n++)
            assert_there(p, n); /* before the commit, too */
        commit(p);
    }
    place_reopen(p);
    for (uint64_t n = 120; n > 0; n--)
        assert_there(p, n);
    assert_gone(p, 121);
    assert_int_equal(count_rows(p, "decision_pack"), 4);
    assert_int_equal(count_rows(p, "decision"), 40);
    struct decision_row got;
    uint64_t cursor = 0;
    for (uint64_t n = 1; n <= 120; n++) {
        assert_int_equal(decision_next(p->s->decisions, &cursor, &got), OK);
        assert_int_equal(got.seq, 10 * n + 1);
    }
    assert_int_equal(decision_next(p->s->decisions, &cursor, &got), ERR_NOT_FOUND);
}

static void a_rollback_takes_back_what_was_not_committed(void **state)
{
    struct place *p = *state;
    begin(p);
    put_some(p, 1, 5);
    assert_int_equal(store_savepoint(p->s), OK);
    put_some(p, 5, 9);
    assert_there(p, 8);
    assert_int_equal(store_rollback_to(p->s), OK);
    assert_gone(p, 7);
    put_some(p, 5, 7); /* their numbers are given again */
    commit(p);
    begin(p);
    put_some(p, 7, 11);
    store_rollback(p->s);
    assert_gone(p, 7);
    for (uint64_t n = 1; n < 7; n++)
        assert_there(p, n);
    begin(p);
    put_some(p, 7, 9);
    commit(p);
    place_reopen(p);
    for (uint64_t n = 1; n < 9; n++)
        assert_there(p, n);
    assert_gone(p, 9);
}

/* Decided again much later: the first record lies in its pack, the latest is what is found. */
static void what_is_decided_again_is_found_first(void **state)
{
    struct place *p = *state;
    struct decision_row got;
    begin(p);
    put_some(p, 1, 9);
    commit(p);
    for (uint64_t again = 0; again < 2; again++) {
        const struct decision_row row = row_of(500 + again, 40, true);
        begin(p);
        assert_int_equal(decision_put(p->s->decisions, &row), OK);
        assert_int_equal(decision_of_message(p->s->decisions, 40, &got), OK);
        assert_int_equal(got.seq, 500 + again);
        commit(p);
    }
    assert_int_equal(decision_of_message(p->s->decisions, 40, &got), OK);
    assert_int_equal(got.seq, 501);
    assert_int_equal(decision_get(p->s->decisions, 41, &got), OK);
    assert_int_equal(decision_of_message(p->s->decisions, 50, &got), OK);
    assert_int_equal(got.seq, 51);
}

/* A transaction of more than one row holds, and of more than waits in memory. */
static void large_records_are_kept_like_small_ones(void **state)
{
    enum { MANY = 40, LEN = 60000 };
    static uint8_t record[LEN];
    struct place *p = *state;
    struct decision_row got;
    begin(p);
    for (uint64_t n = 1; n <= MANY; n++) {
        struct decision_row row = row_of(10 * n + 1, 10 * n, true);
        memset(record, (int)n, sizeof record);
        row.record = span_of(record, sizeof record);
        assert_int_equal(decision_put(p->s->decisions, &row), OK);
    }
    commit(p);
    uint64_t cursor = 0;
    for (uint64_t n = 1; n <= MANY; n++) {
        memset(record, (int)n, sizeof record);
        assert_int_equal(decision_next(p->s->decisions, &cursor, &got), OK);
        assert_int_equal(got.seq, 10 * n + 1);
        assert_true(span_eq(got.record, span_of(record, sizeof record)));
    }
    assert_true(count_rows(p, "decision") > 0 && count_rows(p, "decision_pack") > 1);
}

static void erase(struct place *p, uint64_t before_ms)
{
    const uint64_t moments[RETAIN_CLASSES] = {[RETAIN_DECISION] = before_ms};
    struct retain_report report;
    do {
        begin(p);
        assert_int_equal(store_retain_step(p->s, moments, &report), OK);
        commit(p);
    } while (report.more);
}

static void packed_records_go_with_their_time_and_what_they_are_stays(void **state)
{
    struct place *p = *state;
    struct decision_row got;
    begin(p);
    put_some(p, 1, 9);
    commit(p);
    begin(p);
    put_some(p, 20, 22);
    commit(p);
    assert_there(p, 1); /* it is in memory now */
    erase(p, 150);
    for (unsigned again = 0; again < 2; again++) {
        for (uint64_t n = 1; n < 9; n++) {
            assert_int_equal(decision_get(p->s->decisions, 10 * n + 1, &got), ERR_ERASED);
            assert_int_equal(got.record.len, 0);
            assert_int_equal(got.facts.len, 0);
            assert_int_equal(got.time_ms, 5 + 10 * n + 1);
            assert_int_equal(got.document[0], 10 * n + 1);
        }
        assert_there(p, 20);
        place_reopen(p);
    }
}

/* Whatever byte of a pack is changed, only the records of that pack are not what they were; nobody
 * gets a wrong one for a right one without its hash telling. */
static void a_changed_byte_breaks_one_pack_only(void **state)
{
    static const char *const columns[] = {"heads", "bodies"};
    struct place *p = *state;
    for (size_t i = 0; i < 2 * 60; i++) {
        char sql[256];
        const char *const text[] = {sql};
        struct stmt *q[1];
        struct decision_row got;
        uint64_t cursor = 0;
        const size_t at = 1 + i / 2 * 5;
        const char *column = columns[i % 2];
        place_close(p);
        place_open(p);
        begin(p);
        put_some(p, 1, 9);
        commit(p);
        begin(p);
        put_some(p, 20, 22);
        commit(p);
        snprintf(sql, sizeof sql,
                 "UPDATE decision_pack SET %s = CAST(substr(%s, 1, %zu) || x'ff' || substr(%s, "
                 "%zu) AS BLOB) WHERE last < 100 AND length(%s) > %zu",
                 column, column, at - 1, column, at + 1, column, at);
        assert_int_equal(db_prepare(p->s->db, text, 1, q, NULL), OK);
        begin(p);
        assert_int_equal(stmt_run(q[0]), OK);
        commit(p);
        place_reopen(p);
        while (decision_next(p->s->decisions, &cursor, &got) == OK)
            assert_true(got.record.len > 0);
        assert_true(cursor > 211);
        assert_there(p, 20);
        assert_there(p, 21);
        assert_there(p, 3); /* a row of its own */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(decisions_are_found_by_leaf_and_message),
        CASE(a_decision_that_is_sealed_anew_is_read_as_it_is_then),
        CASE(records_of_a_commit_are_packed_and_read_as_if_they_were_not),
        CASE(a_rollback_takes_back_what_was_not_committed),
        CASE(what_is_decided_again_is_found_first),
        CASE(large_records_are_kept_like_small_ones),
        CASE(packed_records_go_with_their_time_and_what_they_are_stays),
        CASE(a_changed_byte_breaks_one_pack_only),
    };
    return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
