/* Checks the promises in store/enrolment.h, store/request.h and store/refusal.h. */
#include "store_place.h"

#include <stdio.h>

static void a_member_is_enrolled_once_and_its_cursor_survives(void **state)
{
    struct place *p = *state;
    struct enrolment row = {.member = "health.445100"};
    struct enrolment got;
    begin(p);
    assert_int_equal(enrolment_put(p->s->enrolments, &row), OK);
    assert_int_equal(enrolment_put(p->s->enrolments, &row), ERR_EXISTS);
    id_of(row.order_id, 7);
    assert_int_equal(enrolment_move(p->s->enrolments, &row), OK);
    commit(p);
    place_reopen(p);
    assert_int_equal(enrolment_pending(p->s->enrolments, &got), OK);
    assert_memory_equal(got.order_id, row.order_id, sizeof got.order_id);
    begin(p);
    row.done = true;
    assert_int_equal(enrolment_move(p->s->enrolments, &row), OK);
    commit(p);
    assert_int_equal(enrolment_pending(p->s->enrolments, &got), ERR_NOT_FOUND);
}

static void a_request_is_decided_once_and_its_clock_stops(void **state)
{
    struct place *p = *state;
    struct request row = {
        .seq = 5, .kind = REQUEST_REPAIR, .opened_ms = 10, .due_ms = 90, .next_ms = 50};
    struct request got;
    uint64_t first;
    snprintf(row.asker, sizeof row.asker, "credit.445100");
    snprintf(row.owner, sizeof row.owner, "market.445100");
    id_of(row.document, 1);
    id_of(row.order_id, 2);
    begin(p);
    assert_int_equal(request_put(p->s->requests, &row), OK);
    row.seq = 6;
    assert_int_equal(request_put(p->s->requests, &row), ERR_EXISTS); /* the same document */
    commit(p);
    assert_int_equal(request_next_due(p->s->requests, 49, &got), ERR_NOT_FOUND);
    assert_int_equal(request_next_due(p->s->requests, 50, &got), OK);
    begin(p);
    got.outcome = REQUEST_REFUSED;
    got.closed_ms = 60;
    assert_int_equal(request_close(p->s->requests, &got), OK);
    assert_int_equal(request_close(p->s->requests, &got), ERR_EXISTS);
    commit(p);
    place_reopen(p);
    assert_int_equal(request_of_document(p->s->requests, row.document, &got), OK);
    assert_int_equal(got.outcome, REQUEST_REFUSED);
    assert_string_equal(got.owner, "market.445100");
    assert_int_equal(request_first_due(p->s->requests, &first), OK);
    assert_true(first == STORE_NEVER);
}

static void those_that_are_open_are_walked_in_the_order_of_their_making(void **state)
{
    struct place *p = *state;
    struct request got = {.seq = 0};
    uint64_t cursor = 0;
    begin(p);
    for (uint32_t i = 5; i <= 7; i++) {
        struct request row = {.seq = i, .kind = REQUEST_REPAIR, .next_ms = i == 7 ? 0 : 100 - i};
        snprintf(row.asker, sizeof row.asker, "credit.445100");
        snprintf(row.owner, sizeof row.owner, "market.445100");
        id_of(row.document, i);
        id_of(row.order_id, 2);
        assert_int_equal(request_put(p->s->requests, &row), OK);
        row.outcome = REQUEST_REFUSED;
        if (i == 6)
            assert_int_equal(request_close(p->s->requests, &row), OK);
    }
    commit(p);
    assert_int_equal(request_next_open(p->s->requests, &cursor, &got), OK);
    assert_int_equal(got.seq, 5);
    assert_int_equal(request_next_open(p->s->requests, &cursor, &got), OK);
    assert_int_equal(got.seq, 7);
    assert_int_equal(request_next_open(p->s->requests, &cursor, &got), ERR_NOT_FOUND);
}

static void an_open_request_enters_another_stage_and_a_decided_one_does_not(void **state)
{
    struct place *p = *state;
    struct request row = {.seq = 5,
                          .kind = REQUEST_REPAIR,
                          .stage = REQUEST_RECEIPT,
                          .opened_ms = 10,
                          .begun_ms = 10,
                          .due_ms = 90,
                          .next_ms = 50};
    struct request got;
    snprintf(row.asker, sizeof row.asker, "market.445100");
    snprintf(row.owner, sizeof row.owner, "credit.445100");
    snprintf(row.receiver, sizeof row.receiver, "credit.445100");
    id_of(row.document, 1);
    id_of(row.order_id, 2);
    begin(p);
    assert_int_equal(request_put(p->s->requests, &row), OK);
    row.stage = REQUEST_EXTENDED;
    row.late = true;
    row.begun_ms = 90;
    row.due_ms = 200;
    row.warned = 50;
    row.next_ms = 150;
    row.received_ms = 95;
    snprintf(row.owner, sizeof row.owner, "market.445100");
    snprintf(row.clock, sizeof row.clock, "REPAIR");
    assert_int_equal(request_restage(p->s->requests, &row), OK);
    commit(p);
    place_reopen(p);
    assert_int_equal(request_of_document(p->s->requests, row.document, &got), OK);
    assert_int_equal(got.stage, REQUEST_EXTENDED);
    assert_true(got.late);
    assert_int_equal(got.opened_ms, 10);
    assert_int_equal(got.begun_ms, 90);
    assert_int_equal(got.due_ms, 200);
    assert_int_equal(got.warned, 50);
    assert_string_equal(got.owner, "market.445100");
    assert_string_equal(got.receiver, "credit.445100");
    assert_int_equal(got.received_ms, 95);
    assert_string_equal(got.clock, "REPAIR");
    assert_int_equal(request_next_due(p->s->requests, 149, &got), ERR_NOT_FOUND);
    assert_int_equal(request_next_due(p->s->requests, 150, &got), OK);
    begin(p);
    got.outcome = REQUEST_REFUSED;
    assert_int_equal(request_close(p->s->requests, &got), OK);
    assert_int_equal(request_restage(p->s->requests, &row), ERR_EXISTS);
    commit(p);
    assert_int_equal(request_next_due(p->s->requests, 1000, &got), ERR_NOT_FOUND);
}

static void a_refusal_is_due_with_its_order_and_told_once(void **state)
{
    struct place *p = *state;
    struct refusal row = {.env_id = {9}};
    struct refusal got;
    snprintf(row.member, sizeof row.member, "health.445100");
    id_of(row.order_id, 1);
    begin(p);
    assert_int_equal(refusal_put(p->s->refusals, &row), OK);
    assert_int_equal(refusal_put(p->s->refusals, &row), OK);
    assert_int_equal(refusal_due(p->s->refusals, ID(2)), OK);
    assert_int_equal(refusal_next_due(p->s->refusals, &got), ERR_NOT_FOUND);
    assert_int_equal(refusal_due(p->s->refusals, ID(1)), OK);
    assert_int_equal(refusal_next_due(p->s->refusals, &got), OK);
    assert_string_equal(got.member, "health.445100");
    assert_int_equal(refusal_told(p->s->refusals, &got), OK);
    assert_int_equal(refusal_next_due(p->s->refusals, &got), ERR_NOT_FOUND);
    commit(p);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_member_is_enrolled_once_and_its_cursor_survives),
        CASE(a_request_is_decided_once_and_its_clock_stops),
        CASE(those_that_are_open_are_walked_in_the_order_of_their_making),
        CASE(an_open_request_enters_another_stage_and_a_decided_one_does_not),
        CASE(a_refusal_is_due_with_its_order_and_told_once),
    };
    return cmocka_run_group_tests_name("redress", tests, NULL, NULL);
}
