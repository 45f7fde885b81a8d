/* Checks the promises of store/obligation.h, each by its number. */
#include "unit/store_place.h"

#include <sqlite3.h>

static struct obligation obligation_of_(uint32_t n, uint32_t order, const char *member)
{
    struct obligation o = {.seq = n,
                           .order_version = 1,
                           .force = 1,
                           .state = OBLIGATION_CREATED,
                           .start_date = 20260101,
                           .next_due_ms = 1000 - n,
                           .created_ms = 5,
                           .changed_ms = 5};
    id_of(o.id, 1000 - n); /* ids and creation order differ */
    id_of(o.order_id, order);
    id_of(o.subject, 500);
    snprintf(o.measure, sizeof o.measure, "M%02u", n % 30 + 1);
    snprintf(o.member, sizeof o.member, "%s", member);
    snprintf(o.rule, sizeof o.rule, "R01");
    snprintf(o.basis, sizeof o.basis, "a b c");
    return o;
}

static void put_obligation(struct place *p, uint32_t n, uint32_t order, const char *member)
{
    struct obligation o = obligation_of_(n, order, member);
    begin(p);
    assert_int_equal(obligation_put(p->s->obligations, &o), OK);
    commit(p);
}

static void obligation_survives_restart_and_is_stored_once(void **state)
{
    struct place *p = *state;
    struct obligation o = obligation_of_(1, 7, "health.445100");
    struct obligation got;

    put_obligation(p, 1, 7, "health.445100");
    place_reopen(p);
    begin(p);
    o.seq = 2;
    assert_int_equal(obligation_put(p->s->obligations, &o), ERR_EXISTS);
    commit(p);
    assert_int_equal(obligation_get(p->s->obligations, o.id, &got), OK);
    assert_int_equal(got.seq, 1);
    assert_string_equal(got.member, "health.445100");
    assert_string_equal(got.measure, o.measure);
    assert_string_equal(got.basis, "a b c");
    assert_int_equal(got.next_due_ms, 999);
    assert_int_equal(got.start_date, 20260101);
    assert_int_equal(got.sealed.len, 0);
    assert_int_equal(obligation_get(p->s->obligations, ID(1), &got), ERR_NOT_FOUND);
}

/* Every pair of states against the picture in the header. */
static void obligations_move_only_along_the_picture(void **state)
{
    static const char *const may[OBLIGATION_STATES] = {
        [OBLIGATION_CREATED] = "26", [OBLIGATION_DELIVERED] = "347", [OBLIGATION_ACCEPTED] = "57",
        [OBLIGATION_DECLINED] = "7", [OBLIGATION_EXECUTED] = "7",    [OBLIGATION_CANCELLED] = "",
        [OBLIGATION_LIFT_DUE] = "8", [OBLIGATION_LIFTED] = "",
    };
    struct place *p = *state;
    struct obligation got;
    uint32_t n = 1;

    for (int from = OBLIGATION_CREATED; from < OBLIGATION_STATES; from++) {
        for (int to = 0; to < OBLIGATION_STATES; to++, n++) {
            struct obligation o = obligation_of_(n, 7, "health.445100");
            o.state = (enum obligation_state)from;
            bool want = strchr(may[from], '0' + to) != NULL;
            begin(p);
            assert_int_equal(obligation_put(p->s->obligations, &o), OK);
            assert_int_equal(obligation_move(p->s->obligations, o.id, (enum obligation_state)to, 9,
                                             span_str("reference"), 77),
                             want ? OK : ERR_OBLIGATION);
            commit(p);
            assert_int_equal(obligation_get(p->s->obligations, o.id, &got), OK);
            assert_int_equal(got.state, want ? to : from);
            assert_int_equal(got.changed_ms, want ? 77 : 5);
            assert_int_equal(got.cause, want ? 9 : 0);
            assert_int_equal(got.sealed.len, want ? 9 : 0);
        }
    }
    begin(p);
    assert_int_equal(
        obligation_move(p->s->obligations, ID(5), OBLIGATION_DELIVERED, 0, span_str(""), 1),
        ERR_NOT_FOUND);
    commit(p);
}

static void moving_without_a_reference_keeps_the_old_one(void **state)
{
    struct place *p = *state;
    struct obligation got;
    static uint8_t big[OBLIGATION_SEALED_MAX + 1];
    const uint8_t *id = ID(999);

    put_obligation(p, 1, 7, "health.445100");
    begin(p);
    struct obligations *o = p->s->obligations;
    assert_int_equal(obligation_move(o, id, OBLIGATION_DELIVERED, 0, span_str(""), 6), OK);
    assert_int_equal(obligation_move(o, id, OBLIGATION_ACCEPTED, 0, span_of(big, sizeof big), 6),
                     ERR_TOO_LARGE);
    assert_int_equal(
        obligation_move(o, id, OBLIGATION_ACCEPTED, 0, span_of(big, sizeof big - 1), 6), OK);
    assert_int_equal(obligation_move(o, id, OBLIGATION_EXECUTED, 0, span_str(""), 7), OK);
    commit(p);
    assert_int_equal(obligation_get(o, id, &got), OK);
    assert_int_equal(got.sealed.len, OBLIGATION_SEALED_MAX);
    begin(p);
    assert_int_equal(obligation_notice(o, id, 44, ID(3)), OK);
    struct obligation due = {.warned = 80, .answer_warned = 50};
    memcpy(due.id, id, sizeof due.id);
    assert_int_equal(obligation_due(o, &due), OK);
    assert_int_equal(obligation_notice(o, ID(5), 44, ID(3)), ERR_NOT_FOUND);
    id_of(due.id, 5);
    assert_int_equal(obligation_due(o, &due), ERR_NOT_FOUND);
    assert_int_equal(obligation_ended(o, &due), ERR_NOT_FOUND);
    assert_int_equal(obligation_recounted(o, &due), ERR_NOT_FOUND);
    commit(p);
    assert_int_equal(obligation_get(o, id, &got), OK);
    assert_int_equal(got.notice_seq, 44);
    assert_memory_equal(got.notice_id, ID(3), STORE_ID_LEN);
    assert_int_equal(got.warned, 80);
}

static void terms_that_were_counted_anew_are_kept_and_nothing_else_is_changed(void **state)
{
    struct place *p = *state;
    struct obligation before;
    struct obligation got;
    put_obligation(p, 1, 7, "health.445100");
    assert_int_equal(obligation_get(p->s->obligations, ID(999), &before), OK);
    struct obligation anew = {.answer_due_ms = 11,
                              .execute_due_ms = 12,
                              .lift_due_ms = 13,
                              .next_due_ms = 14,
                              .warned = 80,
                              .answer_warned = 50};
    memcpy(anew.id, before.id, sizeof anew.id);
    begin(p);
    assert_int_equal(obligation_recounted(p->s->obligations, &anew), OK);
    commit(p);
    assert_int_equal(obligation_get(p->s->obligations, before.id, &got), OK);
    assert_int_equal(got.answer_due_ms, 11);
    assert_int_equal(got.execute_due_ms, 12);
    assert_int_equal(got.lift_due_ms, 13);
    assert_int_equal(got.next_due_ms, 14);
    assert_int_equal(got.warned, 80);
    assert_int_equal(got.answer_warned, 50);
    assert_int_equal(got.state, before.state);
    assert_int_equal(got.begun_ms, before.begun_ms);
    assert_string_equal(got.member, before.member);
}

static void obligations_are_walked_by_order_member_due_and_counted(void **state)
{
    struct place *p = *state;
    struct obligation got;
    uint64_t cursor = 0;
    uint64_t counts[OBLIGATION_STATES];
    uint64_t due;

    assert_int_equal(obligation_first_due(p->s->obligations, &due), OK);
    assert_int_equal(due, STORE_NEVER);
    for (uint32_t n = 1; n <= 12; n++)
        put_obligation(p, n, n % 2 + 1,
                       n % 4 == 0   ? ""
                       : n % 3 == 0 ? "health.445100"
                                    : "police.445100");
    place_reopen(p);
    struct obligations *o = p->s->obligations;
    for (uint64_t n = 1; n <= 12; n++) {
        assert_int_equal(obligation_next(o, &cursor, &got), OK);
        assert_int_equal(got.seq, n);
    }
    assert_int_equal(obligation_next(o, &cursor, &got), ERR_NOT_FOUND);
    cursor = 0;
    for (uint64_t n = 2; n <= 12; n += 2) {
        assert_int_equal(obligation_next_of_order(o, ID(1), &cursor, &got), OK);
        assert_int_equal(got.seq, n);
    }
    assert_int_equal(obligation_next_of_order(o, ID(1), &cursor, &got), ERR_NOT_FOUND);
    assert_int_equal(obligation_counts(o, NULL, counts), OK);
    assert_int_equal(counts[OBLIGATION_CREATED], 9); /* the three without a member are apart */
    assert_int_equal(counts[0], 3);
    assert_int_equal(obligation_counts(o, ID(1), counts), OK);
    assert_int_equal(counts[OBLIGATION_CREATED] + counts[0], 6);
    assert_int_equal(obligation_counts(o, ID(9), counts), OK);
    assert_int_equal(counts[OBLIGATION_CREATED], 0);

    assert_int_equal(obligation_first_due(o, &due), OK);
    assert_int_equal(due, 988);
    for (uint64_t n = 12; n >= 11; n--) { /* due 988 and 989, earliest first */
        assert_int_equal(obligation_next_due(o, 989, &got), OK);
        assert_int_equal(got.seq, n);
        begin(p);
        got.next_due_ms = n == 12 ? 0 : 5000;
        got.warned = 50;
        assert_int_equal(obligation_due(o, &got), OK);
        commit(p);
    }
    assert_int_equal(obligation_next_due(o, 989, &got), ERR_NOT_FOUND);
}

static void expansion_resumes_where_it_stopped(void **state)
{
    struct place *p = *state;
    struct expansion e = {.seq = 10, .time_ms = 77};
    struct expansion got;

    assert_int_equal(expansion_pending(p->s->obligations, 0, &got), ERR_NOT_FOUND);
    begin(p);
    id_of(e.order_id, 2);
    e.seq = 20;
    assert_int_equal(expansion_put(p->s->obligations, &e), OK);
    id_of(e.order_id, 1);
    e.seq = 10;
    assert_int_equal(expansion_put(p->s->obligations, &e), OK);
    commit(p);
    assert_int_equal(expansion_pending(p->s->obligations, 0, &got), OK);
    assert_int_equal(got.seq, 10); /* the oldest */
    begin(p);
    e.duty = 3;
    snprintf(e.last_member, sizeof e.last_member, "health.445100");
    assert_int_equal(expansion_put(p->s->obligations, &e), OK);
    commit(p);
    begin(p); /* a batch that does not reach the disk moves nothing */
    e.duty = 4;
    assert_int_equal(expansion_put(p->s->obligations, &e), OK);
    struct obligation o = obligation_of_(1, 1, "health.445100");
    assert_int_equal(obligation_put(p->s->obligations, &o), OK);
    store_rollback(p->s);
    place_reopen(p);
    assert_int_equal(expansion_pending(p->s->obligations, 0, &got), OK);
    assert_int_equal(got.seq, 10);
    assert_int_equal(got.duty, 3);
    assert_int_equal(got.time_ms, 77);
    assert_string_equal(got.last_member, "health.445100");
    assert_int_equal(expansion_pending(p->s->obligations, 10, &got), OK);
    assert_int_equal(got.seq, 20);
    assert_int_equal(expansion_pending(p->s->obligations, 20, &got), ERR_NOT_FOUND);
    begin(p);
    e.done = true;
    assert_int_equal(expansion_put(p->s->obligations, &e), OK);
    commit(p);
    assert_int_equal(expansion_pending(p->s->obligations, 0, &got), OK);
    assert_int_equal(got.seq, 20);
}

/* A store with such a row is not opened; what changes under an open one is found when it is read,
 * as a state is a place in a table of counts. */
static void a_state_that_no_row_may_have_is_corrupt(void **state)
{
    static const char *const changes[] = {
        "PRAGMA ignore_check_constraints = ON; UPDATE obligation SET state = 0",
        "PRAGMA ignore_check_constraints = ON; UPDATE obligation SET state = 9",
        "PRAGMA ignore_check_constraints = ON; UPDATE obligation SET state = 4000",
    };
    struct place *p = *state;
    uint64_t counts[OBLIGATION_STATES];
    for (size_t i = 0; i < T_COUNT(changes); i++) {
        sqlite3 *raw = NULL;
        place_close(p);
        place_open(p);
        put_obligation(p, 1, 7, "health.445100");
        assert_int_equal(sqlite3_open(p->path, &raw), SQLITE_OK);
        assert_int_equal(sqlite3_exec(raw, changes[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(obligation_counts(p->s->obligations, NULL, counts), ERR_CORRUPT);
        assert_int_equal(obligation_counts(p->s->obligations, ID(7), counts), ERR_CORRUPT);
        assert_int_equal(sqlite3_close(raw), SQLITE_OK);
    }
    store_close(&p->s);
    assert_int_equal(place_try_open(p), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(obligation_survives_restart_and_is_stored_once),
        CASE(a_state_that_no_row_may_have_is_corrupt),
        CASE(obligations_move_only_along_the_picture),
        CASE(moving_without_a_reference_keeps_the_old_one),
        CASE(terms_that_were_counted_anew_are_kept_and_nothing_else_is_changed),
        CASE(obligations_are_walked_by_order_member_due_and_counted),
        CASE(expansion_resumes_where_it_stopped),
    };
    return cmocka_run_group_tests_name("obligation", tests, NULL, NULL);
}
