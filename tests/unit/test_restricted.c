/* What is packed of restrictions, and the filter in memory, say what the table says: whatever
 * happens in a transaction, to it, or after it. store/restricted.h, each promise by its number. */
#include "unit/store_place.h"

#include "fault/vfs.h"
#include "store/restricted.h"

enum {
    SUBJECTS = 12,    /* so that they meet again and again … */
    STRANGERS = 2000, /* … and others, against whom nothing ever is */
    STEPS = 1000,
    ORDERS = 5,
};

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *d, uint32_t sides)
{
    d->state = d->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(d->state >> 33) % sides;
}

/* A token is a keyed hash; the last two subjects have the same head. */
static void token_of(uint32_t n, uint8_t out[static STORE_TOKEN_LEN])
{
    struct dice d = {n >= SUBJECTS - 2 && n < SUBJECTS ? 77 : 1000 + n};
    for (size_t i = 0; i < STORE_TOKEN_LEN; i++)
        out[i] = (uint8_t)roll(&d, 256);
    out[STORE_TOKEN_LEN - 1] = (uint8_t)n;
}

static const uint32_t dates[] = {20260101, 20260601, 20261231, 20270101};

static struct justification some(struct dice *d, uint64_t seq)
{
    static const char *const measures[] = {"M01", "M03", "M21", "M22"};
    struct justification j = {.order_version = 1 + roll(d, 3),
                              .subject_index = roll(d, 2),
                              .force = 1 + roll(d, 2),
                              .start_date = dates[roll(d, 2)],
                              .end_date = roll(d, 3) == 0 ? 0 : dates[1 + roll(d, 2)],
                              .begun_seq = seq};
    token_of(roll(d, SUBJECTS), j.subject);
    id_of(j.order_id, 1 + roll(d, ORDERS));
    snprintf(j.measure, sizeof j.measure, "%s", measures[roll(d, 4)]);
    snprintf(j.scope, sizeof j.scope, "%s", roll(d, 2) == 0 ? "445100" : "000000");
    snprintf(j.rule, sizeof j.rule, "R0%u", roll(d, 2));
    snprintf(j.basis, sizeof j.basis, "DL116 SAMR44-%u", roll(d, 20));
    snprintf(j.list, sizeof j.list, "serious_dishonesty");
    return j;
}

static void put_orders(struct place *p)
{
    begin(p);
    for (uint32_t n = 1; n <= ORDERS; n++) {
        struct order_row row = {.seq = n, .version = 1, .state = 2, .sealed = span_str("x")};
        id_of(row.id, n);
        snprintf(row.issuer, sizeof row.issuer, "market.4451%02u", n % 7);
        assert_int_equal(order_put(p->s->orders, &row), OK);
    }
    commit(p);
}

struct compare {
    struct place *p;
    const uint8_t *subject;
    uint32_t date;
    struct restriction_cursor cursor;
    unsigned rows;
};

/* The cursor reads the table, and nothing else. */
static enum err same_as_table(void *arg, const struct justification *row, bool *more)
{
    struct compare *c = arg;
    struct justification want;
    char issuer[STORE_MEMBER_MAX + 1];
    assert_int_equal(restriction_next(c->p->s->restrictions, c->subject, c->date, STORE_NEVER,
                                      &c->cursor, &want),
                     OK);
    assert_int_equal(order_issuer(c->p->s->orders, want.order_id, issuer), OK);
    assert_string_equal(row->issuer, issuer);
    assert_memory_equal(row->subject, want.subject, sizeof want.subject);
    assert_memory_equal(row->order_id, want.order_id, sizeof want.order_id);
    assert_string_equal(row->measure, want.measure);
    assert_string_equal(row->scope, want.scope);
    assert_string_equal(row->rule, want.rule);
    assert_string_equal(row->basis, want.basis);
    assert_string_equal(row->list, want.list);
    assert_int_equal(row->row, want.row);
    assert_int_equal(row->order_version, want.order_version);
    assert_int_equal(row->subject_index, want.subject_index);
    assert_int_equal(row->force, want.force);
    assert_int_equal(row->start_date, want.start_date);
    assert_int_equal(row->end_date, want.end_date);
    assert_int_equal(row->begun_seq, want.begun_seq);
    assert_int_equal(row->ended_seq, want.ended_seq);
    c->rows++;
    *more = true;
    return OK;
}

static unsigned compare(struct place *p, uint32_t subject, uint32_t date)
{
    uint8_t token[STORE_TOKEN_LEN];
    struct justification none;
    struct compare c = {.p = p, .subject = token, .date = date};
    token_of(subject, token);
    assert_int_equal(
        restriction_each(p->s->restrictions, token, date, STORE_NEVER, same_as_table, &c), OK);
    assert_int_equal(
        restriction_next(p->s->restrictions, token, date, STORE_NEVER, &c.cursor, &none),
        ERR_NOT_FOUND);
    return c.rows;
}

static unsigned compare_all(struct place *p)
{
    unsigned rows = 0;
    for (uint32_t subject = 0; subject < SUBJECTS; subject++)
        for (size_t i = 0; i < T_COUNT(dates); i++)
            rows += compare(p, subject, dates[i]);
    return rows;
}

static void add(struct place *p, struct dice *d, uint64_t seq)
{
    const struct justification j = some(d, seq);
    const enum err err = restriction_add(p->s->restrictions, &j);
    assert_true(err == OK || err == ERR_EXISTS);
}

static void end(struct place *p, struct dice *d, uint64_t seq)
{
    struct justification ended;
    bool last;
    const enum err err =
        restriction_end_next(p->s->restrictions, ID(1 + roll(d, ORDERS)), seq, &ended, &last);
    assert_true(err == OK || err == ERR_NOT_FOUND);
}

/* Some changes, now and then undone to a savepoint; everything compared after each. */
static unsigned change(struct place *p, struct dice *d, uint64_t *seq)
{
    unsigned rows = 0;
    const bool savepoint = roll(d, 3) == 0;
    for (uint32_t part = 0; part < 2; part++) {
        if (part == 1 && savepoint)
            assert_int_equal(store_savepoint(p->s), OK);
        for (uint32_t n = roll(d, 4); n > 0; n--) {
            if (roll(d, 2) == 0)
                add(p, d, (*seq)++);
            else
                end(p, d, (*seq)++);
            rows += compare(p, roll(d, SUBJECTS), dates[roll(d, 4)]);
        }
    }
    if (!savepoint)
        return rows;
    if (roll(d, 2) == 0)
        assert_int_equal(store_release(p->s), OK);
    else
        assert_int_equal(store_rollback_to(p->s), OK);
    return rows + compare_all(p);
}

/* A commit for which the disk has no room: what it would have changed is not there. */
static void fail_to_commit(struct place *p)
{
    vfs_arm(&(struct vfs_plan){.ops = VFS_WRITE, .nth = 1, .kind = VFS_NO_SPACE, .sticky = true});
    const enum err err = store_commit(p->s);
    vfs_disarm();
    assert_true(err == OK || err == ERR_DISK_FULL);
}

static void what_is_packed_is_what_the_table_says(void **state)
{
    struct place *p = *state;
    unsigned rows = 0;
    uint64_t seq = 1000;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct dice d = {seed};
        if (seed == 1)
            put_orders(p);
        for (unsigned step = 0; step < STEPS / 10; step++) {
            begin(p);
            rows += change(p, &d, &seq);
            switch (roll(&d, 6)) {
            case 0:
                store_rollback(p->s);
                break;
            case 1:
                fail_to_commit(p);
                break;
            default:
                commit(p);
            }
            rows += compare_all(p);
            if (roll(&d, 20) == 0) {
                place_reopen(p);
                rows += compare_all(p);
            }
        }
    }
    assert_true(rows > STEPS); /* it was about something */
}

/* No false answer, and few that cost a look for nothing. */
static void the_filter_never_forgets_and_seldom_errs(void **state)
{
    struct place *p = *state;
    struct restricted *r = NULL;
    uint8_t token[STORE_TOKEN_LEN];
    unsigned wrong = 0;
    put_orders(p);
    begin(p);
    for (uint32_t n = 0; n < STRANGERS; n++) {
        struct dice d = {n};
        struct justification j = some(&d, 1000 + n);
        token_of(n, j.subject);
        assert_int_equal(restriction_add(p->s->restrictions, &j), OK);
    }
    commit(p);
    place_reopen(p);
    assert_int_equal(restricted_open(&r, p->s->db, true, NULL), OK);
    for (uint32_t n = 0; n < 2 * STRANGERS; n++) {
        token_of(n, token);
        if (n < STRANGERS)
            assert_true(restricted_may(r, token));
        else
            wrong += restricted_may(r, token);
    }
    assert_in_range(wrong, 0, STRANGERS / 50);
    token_of(3 * STRANGERS, token);
    assert_int_equal(restricted_touch(r, token), OK);
    assert_true(restricted_may(r, token)); /* at once, before any commit */
    restricted_close(&r);
}

/* More than a row holds: the table is asked, and again when it is less. */
static void a_subject_with_more_than_a_row_holds_is_answered_all_the_same(void **state)
{
    enum { MANY = 400 };
    struct place *p = *state;
    struct dice d = {5};
    struct justification j;
    bool last;
    put_orders(p);
    begin(p);
    for (uint32_t n = 0; n < MANY; n++) {
        j = some(&d, 1000 + n);
        token_of(3, j.subject);
        j.start_date = dates[0];
        j.end_date = 0;
        snprintf(j.rule, sizeof j.rule, "R%u", n);
        assert_int_equal(restriction_add(p->s->restrictions, &j), OK);
    }
    commit(p);
    assert_int_equal(compare(p, 3, dates[1]), MANY);
    begin(p);
    for (uint32_t order = 2; order <= ORDERS; order++)
        while (restriction_end_next(p->s->restrictions, ID(order), 5000, &j, &last) == OK)
            continue;
    commit(p);
    const unsigned left = compare(p, 3, dates[1]);
    assert_in_range(left, 1, MANY / 4);
}

/* A byte of a packed row that the disk changed: the table is asked. */
static void a_row_that_the_disk_changed_is_not_believed(void **state)
{
    struct place *p = *state;
    static const char *const sql[] = {
        "UPDATE restricted SET packed = CAST(substr(packed, 1, 29) || x'ff' || "
        "substr(packed, 31) AS BLOB) WHERE length(packed) > 31"};
    struct dice d = {9};
    struct stmt *q[1];
    put_orders(p);
    begin(p);
    for (uint32_t n = 0; n < 60; n++)
        add(p, &d, 1000 + n);
    commit(p);
    assert_int_equal(db_prepare(p->s->db, sql, 1, q, NULL), OK);
    begin(p);
    assert_int_equal(stmt_run(q[0]), OK);
    commit(p);
    assert_true(compare_all(p) > 0);
}

/* Who only reads has no filter, and the same answers. */
static void a_reader_beside_the_owner_sees_the_same(void **state)
{
    struct place *p = *state;
    struct place reader = {.f = {0}};
    struct dice d = {13};
    put_orders(p);
    const struct store_options options = {.path = p->path, .read_only = true};
    assert_int_equal(store_open(&reader.s, &options, &reader.f), OK);
    begin(p);
    for (uint32_t n = 0; n < 60; n++)
        add(p, &d, 1000 + n);
    commit(p);
    assert_int_equal(compare_all(&reader), compare_all(p));
    store_close(&reader.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_packed_is_what_the_table_says),
        CASE(the_filter_never_forgets_and_seldom_errs),
        CASE(a_subject_with_more_than_a_row_holds_is_answered_all_the_same),
        CASE(a_row_that_the_disk_changed_is_not_believed),
        CASE(a_reader_beside_the_owner_sees_the_same),
    };
    vfs_install();
    return cmocka_run_group_tests_name("restricted", tests, NULL, NULL);
}
