/* Checks the promises of store/order.h, each by its number. */
#include "unit/store_place.h"

static struct order_row order_of(uint32_t id, uint64_t seq, uint32_t version, uint32_t state)
{
    struct order_row row = {.seq = seq,
                            .version = version,
                            .state = state,
                            .severity = 3,
                            .act_date = 20260101,
                            .decision_date = 20260201,
                            .start_date = 20260202,
                            .repair_date = 20260502,
                            .max_date = 20290202,
                            .end_date = 20290201};
    id_of(row.id, id);
    id_of(row.subject, 500);
    id_of(row.act, 600);
    snprintf(row.issuer, sizeof row.issuer, "market.445100");
    snprintf(row.list, sizeof row.list, "serious");
    snprintf(row.trigger, sizeof row.trigger, "fake-drugs");
    snprintf(row.rule, sizeof row.rule, "R01");
    memset(row.document, (int)id, sizeof row.document);
    if (version == 1) /* a text; later versions are changes */
        memset(row.change_document, (int)id, sizeof row.change_document);
    row.sealed = span_str("sealed document");
    return row;
}

static void put_order(struct place *p, const struct order_row *row)
{
    begin(p);
    assert_int_equal(order_put(p->s->orders, row), OK);
    commit(p);
}

static void orders_answer_as_of_any_size(void **state)
{
    static const struct {
        uint64_t as_of;
        enum err err;
        uint32_t state;
    } rows[] = {{0, ERR_NOT_FOUND, 0}, {10, ERR_NOT_FOUND, 0},
                {11, OK, 1},           {20, OK, 1},
                {21, OK, 2},           {30, OK, 2},
                {31, OK, 6},           {STORE_NEVER, OK, 6}};
    struct place *p = *state;
    struct order_row got;
    struct order_row row = order_of(1, 10, 1, 1);
    uint64_t cursor = 0;

    put_order(p, &row);
    row = order_of(1, 20, 1, 2);
    put_order(p, &row);
    row = order_of(1, 30, 2, 6);
    snprintf(row.changed_by, sizeof row.changed_by, "court.445100");
    row.sealed = span_str("sealed change");
    put_order(p, &row);
    place_reopen(p);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(order_get(p->s->orders, ID(1), rows[i].as_of, &got), rows[i].err);
        if (rows[i].err == OK)
            assert_int_equal(got.state, rows[i].state);
    }
    assert_string_equal(got.changed_by, "court.445100");
    assert_true(span_eq(got.sealed, span_str("sealed change")));
    assert_int_equal(got.repair_date, 20260502);
    assert_int_equal(got.end_date, 20290201);
    assert_string_equal(got.trigger, "fake-drugs");
    assert_memory_equal(got.act, row.act, sizeof got.act);
    assert_int_equal(order_text(p->s->orders, ID(1), 2, STORE_NEVER, &got), OK);
    assert_true(span_eq(got.sealed, span_str("sealed document")));
    for (uint64_t seq = 10; seq <= 30; seq += 10) {
        assert_int_equal(order_history(p->s->orders, ID(1), &cursor, &got), OK);
        assert_int_equal(got.seq, seq);
    }
    assert_int_equal(order_history(p->s->orders, ID(1), &cursor, &got), ERR_NOT_FOUND);
}

static void versions_never_go_back(void **state)
{
    struct place *p = *state;
    struct order_row row = order_of(1, 10, 2, 2);
    put_order(p, &row);
    begin(p);
    row = order_of(1, 20, 1, 4);
    assert_int_equal(order_put(p->s->orders, &row), ERR_ORDER_VERSION);
    row = order_of(1, 10, 3, 4);
    assert_int_equal(order_put(p->s->orders, &row), ERR_ORDER_VERSION); /* same moment */
    row = order_of(1, 9, 3, 4);
    assert_int_equal(order_put(p->s->orders, &row), ERR_ORDER_VERSION);
    row = order_of(1, 20, 2, 4); /* expiry by the clock keeps the version */
    assert_int_equal(order_put(p->s->orders, &row), OK);
    row = order_of(2, 21, 1, 9);
    assert_int_equal(order_put(p->s->orders, &row), ERR_FIELD_VALUE);
    commit(p);
}

static void conflict_is_the_same_act_that_is_not_over(void **state)
{
    static const uint32_t over[] = {4, 5, 6};
    struct place *p = *state;
    struct order_row row = order_of(1, 10, 1, 1);
    struct order_row got;

    put_order(p, &row);
    assert_int_equal(
        order_conflict(p->s->orders, row.subject, "serious", row.act, NULL, STORE_NEVER, &got), OK);
    assert_memory_equal(got.id, row.id, STORE_ID_LEN);
    assert_int_equal(
        order_conflict(p->s->orders, row.subject, "serious", row.act, ID(2), STORE_NEVER, &got),
        OK);
    assert_int_equal(
        order_conflict(p->s->orders, row.subject, "serious", row.act, ID(1), STORE_NEVER, &got),
        ERR_NOT_FOUND); /* itself */
    assert_int_equal(
        order_conflict(p->s->orders, row.subject, "light", row.act, NULL, STORE_NEVER, &got),
        ERR_NOT_FOUND);
    assert_int_equal(
        order_conflict(p->s->orders, row.subject, "serious", ID(601), NULL, STORE_NEVER, &got),
        ERR_NOT_FOUND);
    assert_int_equal(
        order_conflict(p->s->orders, ID(501), "serious", row.act, NULL, STORE_NEVER, &got),
        ERR_NOT_FOUND);
    uint64_t seq = 20;
    for (size_t i = 0; i < T_COUNT(over); i++) {
        struct order_row next = order_of(1, seq++, 2, over[i]);
        put_order(p, &next);
        assert_int_equal(
            order_conflict(p->s->orders, row.subject, "serious", row.act, NULL, STORE_NEVER, &got),
            ERR_NOT_FOUND);
        next = order_of(1, seq++, 2, 3); /* suspended: not over */
        put_order(p, &next);
        assert_int_equal(
            order_conflict(p->s->orders, row.subject, "serious", row.act, NULL, STORE_NEVER, &got),
            OK);
    }
}

static struct order_row annulled(uint32_t id, uint64_t seq, const char *by)
{
    struct order_row row = order_of(id, seq, 2, 6);
    snprintf(row.changed_by, sizeof row.changed_by, "%s", by);
    return row;
}

/* Its issuer may put right what it took back itself, and the hub itself annuls nothing. */
static void what_was_annulled_from_above_conflicts_behind_what_is_in_force(void **state)
{
    struct place *p = *state;
    struct order_row row = order_of(1, 10, 1, 2);
    struct order_row other = order_of(2, 40, 1, 2);
    struct order_row got;
    put_order(p, &row);
    row = annulled(1, 20, row.issuer);
    put_order(p, &row);
    assert_int_equal(order_conflict(p->s->orders, row.subject, row.list, row.act, NULL, 30, &got),
                     ERR_NOT_FOUND);
    row = annulled(1, 21, "");
    put_order(p, &row);
    assert_int_equal(order_conflict(p->s->orders, row.subject, row.list, row.act, NULL, 30, &got),
                     ERR_NOT_FOUND);
    row = annulled(1, 30, "court.440000");
    put_order(p, &row);
    put_order(p, &other);
    assert_int_equal(order_conflict(p->s->orders, row.subject, row.list, row.act, NULL, 30, &got),
                     ERR_NOT_FOUND);
    assert_int_equal(order_conflict(p->s->orders, row.subject, row.list, row.act, NULL, 31, &got),
                     OK);
    assert_memory_equal(got.id, row.id, STORE_ID_LEN);
    assert_int_equal(
        order_conflict(p->s->orders, row.subject, row.list, row.act, NULL, STORE_NEVER, &got), OK);
    assert_memory_equal(got.id, other.id, STORE_ID_LEN);
}

static void orders_are_walked_as_they_stand(void **state)
{
    struct place *p = *state;
    struct order_row got;
    uint8_t id[STORE_ID_LEN] = {0};
    unsigned active = 0;

    for (uint32_t n = 1; n <= 4; n++) {
        struct order_row row = order_of(n, 10 * n, 1, 1);
        if (n == 4)
            id_of(row.subject, 501);
        put_order(p, &row);
        row.seq++;
        row.state = n == 3 ? 6 : 2;
        put_order(p, &row);
    }
    for (uint32_t n = 1; n <= 3; n++) {
        assert_int_equal(order_next_of_subject(p->s->orders, ID(500), STORE_NEVER, id, &got), OK);
        assert_memory_equal(got.id, ID(n), STORE_ID_LEN);
        assert_int_equal(got.state, n == 3 ? 6 : 2);
    }
    assert_int_equal(order_next_of_subject(p->s->orders, ID(500), STORE_NEVER, id, &got),
                     ERR_NOT_FOUND);
    memset(id, 0, sizeof id);
    assert_int_equal(order_next_of_subject(p->s->orders, ID(500), 21, id, &got), OK);
    assert_int_equal(got.seq, 11);
    assert_int_equal(order_next_of_subject(p->s->orders, ID(500), 21, id, &got), OK);
    assert_int_equal(got.seq, 20);
    assert_int_equal(order_next_of_subject(p->s->orders, ID(500), 21, id, &got), ERR_NOT_FOUND);
    memset(id, 0, sizeof id);
    for (uint32_t n = 1; n <= 4; n++) {
        assert_int_equal(order_next(p->s->orders, id, &got), OK);
        assert_int_equal(got.seq, 10 * n + 1);
        active += got.state == 2;
    }
    assert_int_equal(order_next(p->s->orders, id, &got), ERR_NOT_FOUND);
    assert_int_equal(active, 3);
}

static void the_clock_meets_orders_by_their_moment(void **state)
{
    struct place *p = *state;
    uint8_t id[STORE_ID_LEN];
    uint64_t first;
    assert_int_equal(order_first_due(p->s->orders, &first), OK);
    assert_int_equal(first, STORE_NEVER);
    for (uint32_t n = 1; n <= 3; n++) {
        struct order_row row = order_of(n, 10 * n, 1, 2);
        put_order(p, &row);
    }
    begin(p);
    assert_int_equal(order_due(p->s->orders, ID(1), 300), OK);
    assert_int_equal(order_due(p->s->orders, ID(2), 100), OK);
    assert_int_equal(order_due(p->s->orders, ID(3), 200), OK);
    commit(p);
    place_reopen(p);
    assert_int_equal(order_first_due(p->s->orders, &first), OK);
    assert_int_equal(first, 100);
    assert_int_equal(order_next_due(p->s->orders, 99, id), ERR_NOT_FOUND);
    assert_int_equal(order_next_due(p->s->orders, 100, id), OK);
    assert_memory_equal(id, ID(2), sizeof id);
    begin(p);
    assert_int_equal(order_due(p->s->orders, ID(2), 0), OK); /* never again */
    assert_int_equal(order_next_due(p->s->orders, 1000, id), OK);
    assert_memory_equal(id, ID(3), sizeof id);
    assert_int_equal(order_due(p->s->orders, ID(3), 400), OK); /* later */
    assert_int_equal(order_next_due(p->s->orders, 1000, id), OK);
    assert_memory_equal(id, ID(1), sizeof id);
    store_rollback(p->s);
    assert_int_equal(order_next_due(p->s->orders, 1000, id), OK);
    assert_memory_equal(id, ID(2), sizeof id); /* as before */
}

static void a_state_is_found_by_the_document_that_made_it(void **state)
{
    struct place *p = *state;
    struct order_row row = order_of(1, 10, 1, 2);
    struct order_row got;
    uint8_t annulment[STORE_HASH_LEN];
    char issuer[STORE_MEMBER_MAX + 1];
    put_order(p, &row);
    row = order_of(1, 20, 2, 6);
    memset(annulment, 0x77, sizeof annulment);
    memcpy(row.change_document, annulment, sizeof annulment);
    assert_int_equal(order_by_change(p->s->orders, annulment, &got), ERR_NOT_FOUND);
    put_order(p, &row);
    row = order_of(2, 30, 1, 2);
    snprintf(row.issuer, sizeof row.issuer, "health.440000");
    put_order(p, &row);
    assert_int_equal(order_by_change(p->s->orders, annulment, &got), OK);
    assert_memory_equal(got.id, ID(1), STORE_ID_LEN);
    assert_int_equal(got.seq, 20);
    assert_int_equal(got.state, 6);
    assert_int_equal(order_issuer(p->s->orders, ID(1), issuer), OK);
    assert_string_equal(issuer, "market.445100");
    assert_int_equal(order_issuer(p->s->orders, ID(2), issuer), OK);
    assert_string_equal(issuer, "health.440000");
    assert_int_equal(order_issuer(p->s->orders, ID(3), issuer), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(orders_answer_as_of_any_size),
        CASE(versions_never_go_back),
        CASE(conflict_is_the_same_act_that_is_not_over),
        CASE(what_was_annulled_from_above_conflicts_behind_what_is_in_force),
        CASE(orders_are_walked_as_they_stand),
        CASE(the_clock_meets_orders_by_their_moment),
        CASE(a_state_is_found_by_the_document_that_made_it),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
