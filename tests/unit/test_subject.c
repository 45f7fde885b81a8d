/* Checks the promises of store/subject.h, each by its number. */
#include "unit/store_place.h"

static void subjects_answer_as_of_any_size(void **state)
{
    struct place *p = *state;
    struct subject_row row = {.seq = 5, .kind = 1, .region = "445100", .sealed = span_str("old")};
    struct subject_row got;

    id_of(row.token, 1);
    begin(p);
    assert_int_equal(subject_put(p->s->subjects, &row), OK);
    row.seq = 9;
    row.sealed = span_str("newer");
    assert_int_equal(subject_put(p->s->subjects, &row), OK);
    assert_int_equal(subject_put(p->s->subjects, &row), ERR_EXISTS);
    commit(p);
    place_reopen(p);
    assert_int_equal(subject_get(p->s->subjects, ID(1), 5, &got), ERR_NOT_FOUND);
    assert_int_equal(subject_get(p->s->subjects, ID(1), 9, &got), OK);
    assert_true(span_eq(got.sealed, span_str("old")));
    assert_int_equal(subject_get(p->s->subjects, ID(1), STORE_NEVER, &got), OK);
    assert_true(span_eq(got.sealed, span_str("newer")));
    assert_string_equal(got.region, "445100");
    assert_int_equal(got.kind, 1);
    assert_int_equal(subject_get(p->s->subjects, ID(2), STORE_NEVER, &got), ERR_NOT_FOUND);
}

static void put_relation(struct place *p, uint32_t subject, uint32_t person, uint32_t role,
                         uint32_t from, uint32_t to, uint64_t seq)
{
    struct relation_row row = {
        .role = role, .from_date = from, .to_date = to, .seq = seq, .sealed = span_str("sealed")};
    id_of(row.subject, subject);
    id_of(row.person, person);
    begin(p);
    assert_int_equal(relation_put(p->s->subjects, &row), OK);
    commit(p);
}

static void relations_are_found_from_both_ends_in_their_newest_state(void **state)
{
    struct place *p = *state;
    struct relation_cursor c = {.started = false};
    struct relation_row r;

    put_relation(p, 1, 10, 1, 20200101, 0, 1);
    put_relation(p, 1, 10, 2, 20200101, 0, 2);
    put_relation(p, 1, 11, 1, 20210101, 0, 3);
    put_relation(p, 2, 10, 1, 20220101, 0, 4);
    put_relation(p, 1, 10, 1, 20200101, 20231231, 5); /* ended */
    put_relation(p, 1, 10, 1, 20240101, 0, 6);        /* and begun again */
    place_reopen(p);
    static const uint64_t of_subject[] = {5, 6, 2, 3};
    for (size_t i = 0; i < T_COUNT(of_subject); i++) {
        assert_int_equal(relation_next_of_subject(p->s->subjects, ID(1), STORE_NEVER, &c, &r), OK);
        assert_int_equal(r.seq, of_subject[i]);
        assert_true(span_eq(r.sealed, span_str("sealed")));
    }
    assert_int_equal(relation_next_of_subject(p->s->subjects, ID(1), STORE_NEVER, &c, &r),
                     ERR_NOT_FOUND);
    c = (struct relation_cursor){.started = false};
    static const uint64_t of_person[] = {5, 6, 2, 4};
    for (size_t i = 0; i < T_COUNT(of_person); i++) {
        assert_int_equal(relation_next_of_person(p->s->subjects, ID(10), STORE_NEVER, &c, &r), OK);
        assert_int_equal(r.seq, of_person[i]);
    }
    assert_int_equal(relation_next_of_person(p->s->subjects, ID(10), STORE_NEVER, &c, &r),
                     ERR_NOT_FOUND);
    c = (struct relation_cursor){.started = false};
    assert_int_equal(relation_next_of_person(p->s->subjects, ID(10), 2, &c, &r), OK);
    assert_int_equal(r.seq, 1); /* as it was before it ended */
    assert_int_equal(r.to_date, 0);
    assert_int_equal(relation_next_of_person(p->s->subjects, ID(10), 2, &c, &r), ERR_NOT_FOUND);
}

static void put_rating(struct place *p, uint32_t from, uint64_t issued_ms, uint32_t id,
                       uint64_t seq)
{
    struct rating_row row = {.from_date = from, .issued_ms = issued_ms, .seq = seq};
    id_of(row.subject, 1);
    id_of(row.id, id);
    begin(p);
    assert_int_equal(rating_put(p->s->subjects, &row), OK);
    commit(p);
}

/* Guarantees 2 and 4 */
static void a_rating_stands_by_its_dates_and_not_by_when_it_came(void **state)
{
    static const struct {
        uint32_t from;
        uint64_t issued_ms;
        uint32_t id;
        uint32_t stands; /* the id that does, once it is there */
    } rows[] = {
        {20260301, 50, 7, 7},   {20260201, 90, 9, 7}, {20260301, 40, 8, 7}, {20260301, 50, 6, 7},
        {20260301, 50, 10, 10}, {20260301, 60, 1, 1}, {20260401, 5, 2, 2},
    };
    struct place *p = *state;
    struct rating_row got;
    for (size_t i = 0; i < T_COUNT(rows); i++)
        put_rating(p, rows[i].from, rows[i].issued_ms, rows[i].id, 10 + i);
    place_reopen(p);
    assert_int_equal(rating_get(p->s->subjects, ID(1), 10, &got), ERR_NOT_FOUND);
    assert_int_equal(rating_get(p->s->subjects, ID(2), STORE_NEVER, &got), ERR_NOT_FOUND);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(rating_get(p->s->subjects, ID(1), 11 + i, &got), OK);
        assert_memory_equal(got.id, ID(rows[i].stands), sizeof got.id);
    }
    assert_int_equal(got.from_date, 20260401);
    assert_int_equal(got.issued_ms, 5);
    assert_int_equal(got.seq, 16);
    begin(p);
    assert_int_equal(rating_put(p->s->subjects, &got), ERR_EXISTS);
    commit(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(subjects_answer_as_of_any_size),
        CASE(relations_are_found_from_both_ends_in_their_newest_state),
        CASE(a_rating_stands_by_its_dates_and_not_by_when_it_came),
    };
    return cmocka_run_group_tests_name("subject", tests, NULL, NULL);
}
