/* Checks the promises of store/casefile.h, each by its number. */
#include "unit/store_place.h"

static void cases_keep_every_step(void **state)
{
    struct place *p = *state;
    struct casefile row = {.state = "referred", .owner = "police.445100", .opened_ms = 1};
    struct casefile_step step = {.seq = 5, .transition = "T07", .by = "market.445100"};
    struct casefile got;
    struct casefile_step seen;
    uint64_t cursor = 0;
    bool is_seen;

    id_of(row.id, 1);
    id_of(step.id, 1);
    begin(p);
    assert_int_equal(casefile_put(p->s->casefiles, &row, &step), OK);
    assert_int_equal(casefile_put(p->s->casefiles, &row, &step), ERR_EXISTS); /* same leaf */
    step.seq = 6;
    snprintf(step.transition, sizeof step.transition, "T08");
    snprintf(row.state, sizeof row.state, "accepted");
    assert_int_equal(casefile_put(p->s->casefiles, &row, &step), OK);
    row.closed = true;
    assert_int_equal(casefile_put(p->s->casefiles, &row, NULL), OK);
    id_of(step.id, 2);
    assert_int_equal(casefile_put(p->s->casefiles, &row, &step), ERR_FIELD_VALUE);
    commit(p);
    place_reopen(p);
    struct casefiles *c = p->s->casefiles;
    assert_int_equal(casefile_get(c, ID(1), &got), OK);
    assert_string_equal(got.state, "accepted");
    assert_string_equal(got.owner, "police.445100");
    assert_true(got.closed);
    assert_int_equal(casefile_get(c, ID(2), &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_step_next(c, ID(1), &cursor, &seen), OK);
    assert_string_equal(seen.transition, "T07");
    assert_int_equal(casefile_step_next(c, ID(1), &cursor, &seen), OK);
    assert_string_equal(seen.transition, "T08");
    assert_int_equal(casefile_step_next(c, ID(1), &cursor, &seen), ERR_NOT_FOUND);
    assert_int_equal(casefile_step_seen(c, ID(1), "T07", &is_seen), OK);
    assert_true(is_seen);
    assert_int_equal(casefile_step_seen(c, ID(1), "T09", &is_seen), OK);
    assert_false(is_seen);
    uint8_t id[STORE_ID_LEN] = {0};
    assert_int_equal(casefile_next(c, id, &got), OK);
    assert_int_equal(casefile_next(c, id, &got), ERR_NOT_FOUND);
}

static void one_clock_of_a_code_runs_at_a_time(void **state)
{
    struct place *p = *state;
    struct casefile row = {.state = "referred"};
    struct casefile_clock clock = {.code = "T08", .started_ms = 10, .due_ms = 100, .next_ms = 50};
    struct casefile_clock got;
    struct casefiles *c = p->s->casefiles;
    uint64_t due;

    id_of(row.id, 1);
    id_of(clock.id, 1);
    begin(p);
    assert_int_equal(casefile_clock_start(c, &clock), ERR_NOT_FOUND); /* no such case */
    assert_int_equal(casefile_put(c, &row, NULL), OK);
    assert_int_equal(casefile_clock_start(c, &clock), OK);
    clock.started_ms = 11;
    assert_int_equal(casefile_clock_start(c, &clock), ERR_EXISTS);
    assert_int_equal(casefile_clock_next_due(c, 49, &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_next_due(c, 50, &got), OK);
    assert_int_equal(casefile_clock_warned(c, ID(1), "T08", 50, 80), OK);
    assert_int_equal(casefile_clock_next_due(c, 79, &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_first_due(c, &due), OK);
    assert_int_equal(due, 80);
    assert_int_equal(casefile_clock_stop(c, ID(1), "T08", 0), ERR_FIELD_VALUE);
    assert_int_equal(casefile_clock_stop(c, ID(1), "T08", 60), OK);
    assert_int_equal(casefile_clock_stop(c, ID(1), "T08", 61), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_warned(c, ID(1), "T08", 80, 90), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_next_due(c, 1000, &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_first_due(c, &due), OK);
    assert_int_equal(due, STORE_NEVER);
    clock.started_ms = 70;
    assert_int_equal(casefile_clock_start(c, &clock), OK); /* supplemented: it starts anew */
    commit(p);
    place_reopen(p);
    assert_int_equal(casefile_clock_get(p->s->casefiles, ID(1), "T08", &got), OK);
    assert_int_equal(got.started_ms, 70);
    assert_int_equal(got.stopped_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(cases_keep_every_step),
        CASE(one_clock_of_a_code_runs_at_a_time),
    };
    return cmocka_run_group_tests_name("casefile", tests, NULL, NULL);
}
