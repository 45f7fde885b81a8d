/* Checks the promises of store/casefile.h, each by its number. */
#include "unit/store_place.h"

static void cases_keep_every_step(void **state)
{
    struct place *p = *state;
    struct casefile row = {
        .type = 40, .state = "referred", .owner = "police.445100", .opened_ms = 1, .steps = 3};
    struct casefile_step step = {.number = 1,
                                 .seq = 5,
                                 .type = 40,
                                 .transition = "T07",
                                 .state = "referred",
                                 .owner = "police.445100",
                                 .by = "market.445100",
                                 .time_ms = 1,
                                 .taken_ms = 2,
                                 .papers = "D04 D05",
                                 .message_id = {7},
                                 .document = {8}};
    struct casefile got;
    struct casefile_step seen;
    uint64_t cursor = 0;

    id_of(row.id, 1);
    id_of(step.id, 1);
    begin(p);
    assert_int_equal(casefile_put(p->s->casefiles, &row, &step), OK);
    const struct casefile_step first = step;
    assert_int_equal(casefile_put(p->s->casefiles, &row, &step), ERR_EXISTS); /* same number */
    step.number = 3; /* the second went past this hub */
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
    assert_int_equal(got.steps, 3);
    assert_int_equal(casefile_get(c, ID(2), &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_step_next(c, ID(1), &cursor, &seen), OK);
    assert_memory_equal(&seen, &first, sizeof seen);
    assert_int_equal(casefile_step_next(c, ID(1), &cursor, &seen), OK);
    assert_string_equal(seen.transition, "T08");
    assert_int_equal(casefile_step_next(c, ID(1), &cursor, &seen), ERR_NOT_FOUND);
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
    clock.started_ms = 10;
    clock.warned = 50;
    clock.next_ms = 80;
    clock.counted_ms = 12;
    snprintf(clock.term, sizeof clock.term, "10 working_days");
    snprintf(clock.owner, sizeof clock.owner, "police.445102");
    assert_int_equal(casefile_clock_set(c, &clock), OK);
    assert_int_equal(casefile_clock_next_due(c, 79, &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_first_due(c, &due), OK);
    assert_int_equal(due, 80);
    assert_int_equal(casefile_clock_stop(c, ID(1), "T08", 0), ERR_FIELD_VALUE);
    assert_int_equal(casefile_clock_stop(c, ID(1), "T08", 60), OK);
    assert_int_equal(casefile_clock_stop(c, ID(1), "T08", 61), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_set(c, &clock), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_next_due(c, 1000, &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_first_due(c, &due), OK);
    assert_int_equal(due, STORE_NEVER);
    clock.due_ms = 120; /* its end is counted anew all the same */
    clock.next_ms = 0;
    assert_int_equal(casefile_clock_recounted(c, &clock), OK);
    assert_int_equal(casefile_clock_get(c, ID(1), "T08", &got), OK);
    clock.stopped_ms = 60;
    assert_memory_equal(&got, &clock, sizeof got);
    clock.stopped_ms = 0;
    clock.started_ms = 70;
    assert_int_equal(casefile_clock_recounted(c, &clock), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_start(c, &clock), OK); /* supplemented: it starts anew */
    commit(p);
    place_reopen(p);
    assert_int_equal(casefile_clock_get(p->s->casefiles, ID(1), "T08", &got), OK);
    assert_int_equal(got.started_ms, 70);
    assert_int_equal(got.stopped_ms, 0);
}

static void a_suspended_clock_is_not_due_and_clocks_come_in_order_of_their_start(void **state)
{
    struct place *p = *state;
    struct casefile row = {.state = "referred"};
    struct casefile_clock clock = {
        .code = "T22", .owner = "a", .waits = "b", .started_ms = 20, .due_ms = 100, .next_ms = 50};
    struct casefile_clock got = {.started_ms = 0};
    struct casefiles *c = p->s->casefiles;

    id_of(row.id, 1);
    id_of(clock.id, 1);
    begin(p);
    assert_int_equal(casefile_put(c, &row, NULL), OK);
    assert_int_equal(casefile_clock_start(c, &clock), OK);
    clock.suspended_ms = 30;
    clock.next_ms = 0;
    assert_int_equal(casefile_clock_set(c, &clock), OK);
    assert_int_equal(casefile_clock_next_due(c, 1000, &got), ERR_NOT_FOUND);
    struct casefile_clock other = clock;
    snprintf(other.code, sizeof other.code, "T03");
    other.started_ms = 20;
    assert_int_equal(casefile_clock_start(c, &other), OK);
    snprintf(other.code, sizeof other.code, "T15");
    other.started_ms = 10;
    assert_int_equal(casefile_clock_start(c, &other), OK);
    commit(p);
    place_reopen(p);
    static const char *const codes[] = {"T15", "T03", "T22"};
    c = p->s->casefiles;
    got = (struct casefile_clock){0};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(casefile_clock_next(c, ID(1), &got), OK);
        assert_string_equal(got.code, codes[i]);
    }
    assert_memory_equal(&got, &clock, sizeof got);
    assert_int_equal(casefile_clock_next(c, ID(1), &got), ERR_NOT_FOUND);
    got = (struct casefile_clock){0};
    assert_int_equal(casefile_clock_next(c, ID(2), &got), ERR_NOT_FOUND);
}

static void whom_a_step_went_to_and_what_went_with_it_is_kept_once(void **state)
{
    struct place *p = *state;
    struct casefile row = {.state = "referred"};
    struct casefile_item item = {.root = {9}, .byte_count = 100};
    struct casefile_item got = {.byte_count = 0};
    struct casefiles *c = p->s->casefiles;
    char member[STORE_MEMBER_MAX + 1] = "";

    id_of(row.id, 1);
    begin(p);
    assert_int_equal(casefile_item_put(c, ID(1), 5, &item), ERR_NOT_FOUND); /* no such case */
    assert_int_equal(casefile_put(c, &row, NULL), OK);
    assert_int_equal(casefile_item_put(c, ID(1), 5, &item), OK);
    assert_int_equal(casefile_item_put(c, ID(1), 5, &item), OK);
    item.root[0] = 3;
    assert_int_equal(casefile_item_put(c, ID(1), 5, &item), OK);
    assert_int_equal(casefile_holder_put(c, ID(1), 5, "police.445100"), OK);
    assert_int_equal(casefile_holder_put(c, ID(1), 5, "police.445100"), OK);
    assert_int_equal(casefile_holder_put(c, ID(1), 6, "market.445100"), OK);
    commit(p);
    place_reopen(p);
    c = p->s->casefiles;
    assert_int_equal(casefile_item_next(c, ID(1), 5, &got), OK);
    assert_memory_equal(&got, &item, sizeof got);
    assert_int_equal(casefile_item_next(c, ID(1), 5, &got), OK);
    assert_int_equal(got.root[0], 9);
    assert_int_equal(casefile_item_next(c, ID(1), 5, &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_holder_next(c, ID(1), 5, member), OK);
    assert_string_equal(member, "police.445100");
    assert_int_equal(casefile_holder_next(c, ID(1), 5, member), ERR_NOT_FOUND);
}

static void what_a_joining_hub_is_given_of_a_step_is_kept_once(void **state)
{
    struct place *p = *state;
    struct casefile row = {.state = "referred"};
    struct casefile_clock clock = {.code = "T08", .started_ms = 1, .due_ms = 2};
    struct casefile_step step = {.number = 1, .state = "received", .document = {8}};
    struct span sealed;
    struct casefiles *c = p->s->casefiles;

    id_of(row.id, 1);
    id_of(clock.id, 1);
    begin(p);
    id_of(step.id, 1);
    assert_int_equal(casefile_paper_put(c, &step, span_of("one", 3)), ERR_NOT_FOUND);
    assert_int_equal(casefile_put(c, &row, NULL), OK);
    assert_int_equal(casefile_paper_put(c, &step, span_of("one", 3)), OK);
    assert_int_equal(casefile_paper_put(c, &step, span_of("two", 3)), ERR_EXISTS);
    assert_int_equal(casefile_step_state(c, &step), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_start(c, &clock), OK);
    assert_int_equal(casefile_clock_clear(c, ID(1)), OK);
    assert_int_equal(casefile_clock_get(c, ID(1), "T08", &clock), ERR_NOT_FOUND);
    commit(p);
    place_reopen(p);
    c = p->s->casefiles;
    assert_int_equal(casefile_paper(c, &step, &sealed), OK);
    assert_int_equal(sealed.len, 3);
    assert_memory_equal(sealed.data, "one", 3);
    step.document[0] = 9; /* of another document of that number nothing is kept */
    assert_int_equal(casefile_paper(c, &step, &sealed), ERR_NOT_FOUND);
}

static void of_the_documents_of_one_number_one_stands(void **state)
{
    struct place *p = *state;
    struct casefile row = {.state = "referred", .steps = 1};
    struct casefile_step one = {.number = 1, .type = 40, .state = "referred", .document = {1}};
    struct casefile_step got = {.number = 0};
    struct casefiles *c = p->s->casefiles;
    uint64_t cursor = 0;
    bool any;

    id_of(row.id, 1);
    id_of(one.id, 1);
    begin(p);
    assert_int_equal(casefile_put(c, &row, &one), OK);
    assert_int_equal(casefile_step_lost(c, ID(1), &any), OK);
    assert_false(any);
    struct casefile_step other = one;
    other.document[0] = 2;
    assert_int_equal(casefile_put(c, &row, &other), ERR_EXISTS);
    other.lost = true;
    other.code = 644;
    assert_int_equal(casefile_put(c, &row, &other), OK);
    assert_int_equal(casefile_step_next(c, ID(1), &cursor, &got), OK);
    assert_int_equal(got.document[0], 1);
    assert_int_equal(casefile_step_next(c, ID(1), &cursor, &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_step_stand(c, &other, 644), OK);
    commit(p);
    place_reopen(p);
    c = p->s->casefiles;
    cursor = 0;
    assert_int_equal(casefile_step_next(c, ID(1), &cursor, &got), OK);
    assert_int_equal(got.document[0], 2);
    assert_int_equal(got.code, 0);
    got = (struct casefile_step){.number = 1};
    assert_int_equal(casefile_step_rival(c, ID(1), &got), OK);
    assert_int_equal(got.document[0], 1);
    assert_true(got.lost);
    assert_int_equal(got.code, 644);
    assert_string_equal(got.state, "");
    assert_int_equal(casefile_step_rival(c, ID(1), &got), OK);
    assert_int_equal(got.document[0], 2);
    assert_int_equal(casefile_step_rival(c, ID(1), &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_step_lost(c, ID(1), &any), OK);
    assert_true(any);
}

static void
documents_of_a_case_come_by_number_and_hash_and_one_by_the_leaf_of_its_acceptance(void **state)
{
    struct place *p = *state;
    static const struct casefile_step steps[] = {
        {.number = 2, .seq = 7, .document = {5}},
        {.number = 1, .seq = 9, .document = {8}, .lost = true},
        {.number = 1, .seq = 8, .document = {3}},
        {.number = 300, .seq = 11, .document = {1}},
    };
    static const size_t order[] = {2, 1, 0, 3};
    struct casefile row = {.state = "referred", .steps = 300};
    struct casefile_step at = {.number = 0};
    struct casefiles *c = p->s->casefiles;
    begin(p);
    for (uint8_t k = 1; k <= 2; k++) {
        id_of(row.id, k);
        for (size_t i = 0; i < T_COUNT(steps); i++) {
            struct casefile_step step = steps[i];
            id_of(step.id, k);
            step.seq += 100 * k;
            assert_int_equal(casefile_put(c, &row, &step), OK);
        }
    }
    commit(p);
    for (size_t i = 0; i < T_COUNT(steps); i++) {
        assert_int_equal(casefile_step_each(c, ID(1), &at), OK);
        assert_int_equal(at.seq, 100 + steps[order[i]].seq);
    }
    assert_int_equal(casefile_step_each(c, ID(1), &at), ERR_NOT_FOUND);
    at = (struct casefile_step){.number = 3};
    assert_int_equal(casefile_step_rival(c, ID(1), &at), ERR_NOT_FOUND);
    assert_int_equal(casefile_step_at(c, 209, &at), OK);
    assert_memory_equal(at.id, ID(2), STORE_ID_LEN);
    assert_int_equal(at.number, 1);
    assert_true(at.lost);
    assert_int_equal(casefile_step_at(c, 10, &at), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(cases_keep_every_step),
        CASE(one_clock_of_a_code_runs_at_a_time),
        CASE(a_suspended_clock_is_not_due_and_clocks_come_in_order_of_their_start),
        CASE(whom_a_step_went_to_and_what_went_with_it_is_kept_once),
        CASE(what_a_joining_hub_is_given_of_a_step_is_kept_once),
        CASE(of_the_documents_of_one_number_one_stands),
        CASE(documents_of_a_case_come_by_number_and_hash_and_one_by_the_leaf_of_its_acceptance),
    };
    return cmocka_run_group_tests_name("casefile", tests, NULL, NULL);
}
