/* Checks the promises of store/restriction.h, each by its number. */
#include "unit/store_place.h"

static struct justification justification_of(uint32_t order, const char *measure, uint64_t seq)
{
    struct justification j = {.order_version = 1,
                              .force = 1,
                              .start_date = 20260101,
                              .end_date = 20261231,
                              .begun_seq = seq};
    id_of(j.subject, 500);
    id_of(j.order_id, order);
    snprintf(j.measure, sizeof j.measure, "%s", measure);
    snprintf(j.scope, sizeof j.scope, "445100");
    snprintf(j.rule, sizeof j.rule, "R01");
    snprintf(j.basis, sizeof j.basis, "article 1");
    snprintf(j.list, sizeof j.list, "serious");
    return j;
}

static void add(struct place *p, uint32_t order, const char *measure, uint64_t seq)
{
    struct justification j = justification_of(order, measure, seq);
    begin(p);
    assert_int_equal(restriction_add(p->s->restrictions, &j), OK);
    commit(p);
}

static unsigned count_live(struct place *p, uint32_t date, uint64_t as_of)
{
    struct restriction_cursor c = {.row = 0};
    struct justification j;
    unsigned n = 0;
    while (restriction_next(p->s->restrictions, ID(500), date, as_of, &c, &j) == OK)
        n++;
    return n;
}

/* Two orders justify M03; it ends with the second, never earlier, never later. */
static void a_restriction_lives_exactly_while_a_justification_does(void **state)
{
    struct place *p = *state;
    struct justification j;
    struct restriction_cursor c = {.row = 0};
    bool last;
    bool alive;
    uint64_t restrictions;
    uint64_t justifications;

    add(p, 1, "M03", 10);
    add(p, 1, "M07", 10);
    add(p, 2, "M03", 20);
    place_reopen(p);
    struct restrictions *r = p->s->restrictions;
    assert_int_equal(restriction_counts(r, &restrictions, &justifications), OK);
    assert_int_equal(restrictions, 2);
    assert_int_equal(justifications, 3);
    assert_int_equal(restriction_next(r, ID(500), 0, STORE_NEVER, &c, &j), OK);
    assert_string_equal(j.measure, "M03");
    assert_string_equal(j.basis, "article 1");
    assert_string_equal(j.list, "serious");
    assert_int_equal(j.ended_seq, STORE_NEVER);

    begin(p);
    assert_int_equal(restriction_end_next(r, ID(1), 30, &j, &last), OK);
    assert_string_equal(j.measure, "M03");
    assert_false(last); /* order 2 keeps it */
    assert_int_equal(restriction_end_next(r, ID(1), 30, &j, &last), OK);
    assert_string_equal(j.measure, "M07");
    assert_true(last);
    assert_int_equal(restriction_end_next(r, ID(1), 30, &j, &last), ERR_NOT_FOUND);
    assert_int_equal(restriction_alive(r, ID(500), "M03", "445100", &alive), OK);
    assert_true(alive);
    assert_int_equal(restriction_alive(r, ID(500), "M03", "445102", &alive), OK);
    assert_false(alive);
    commit(p);
    begin(p);
    assert_int_equal(restriction_end_next(r, ID(2), 40, &j, &last), OK);
    assert_true(last);
    commit(p);
    place_reopen(p);
    assert_int_equal(restriction_counts(p->s->restrictions, &restrictions, &justifications), OK);
    assert_int_equal(restrictions, 0);
    assert_int_equal(justifications, 0);

    static const struct {
        uint64_t as_of;
        unsigned live;
    } rows[] = {{10, 0}, {11, 2}, {20, 2}, {21, 3}, {30, 3}, {31, 1}, {40, 1}, {41, 0}};
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(count_live(p, 0, rows[i].as_of), rows[i].live);
}

static void restrictions_are_asked_at_a_date(void **state)
{
    struct place *p = *state;
    struct justification j = justification_of(1, "M03", 10);
    add(p, 1, "M03", 10);
    j.end_date = 0; /* for life */
    id_of(j.order_id, 2);
    begin(p);
    assert_int_equal(restriction_add(p->s->restrictions, &j), OK);
    commit(p);
    static const struct {
        uint32_t date;
        unsigned live;
    } rows[] = {{20251231, 0}, {20260101, 2}, {20261231, 2}, {20270101, 1}, {20991231, 1}, {0, 2}};
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(count_live(p, rows[i].date, STORE_NEVER), rows[i].live);
}

static void a_justification_lives_once_and_may_come_again(void **state)
{
    struct place *p = *state;
    struct justification j = justification_of(1, "M03", 10);
    struct restrictions *r = p->s->restrictions;
    bool last;
    uint64_t cursor = 0;

    begin(p);
    assert_int_equal(restriction_add(r, &j), OK);
    assert_int_equal(restriction_add(r, &j), ERR_EXISTS);
    snprintf(j.rule, sizeof j.rule, "R02");
    assert_int_equal(restriction_add(r, &j), OK); /* another rule of the order */
    assert_int_equal(restriction_end_next(r, ID(1), 20, &j, &last), OK);
    assert_false(last);
    assert_int_equal(restriction_end_next(r, ID(1), 20, &j, &last), OK);
    assert_true(last);
    j = justification_of(1, "M03", 30); /* restored */
    assert_int_equal(restriction_add(r, &j), OK);
    commit(p);
    assert_int_equal(restriction_next_of_order(r, ID(1), &cursor, &j), OK);
    assert_int_equal(j.begun_seq, 30);
    assert_int_equal(restriction_next_of_order(r, ID(1), &cursor, &j), ERR_NOT_FOUND);
    begin(p);
    assert_int_equal(restriction_end_next(r, ID(1), 29, &j, &last),
                     ERR_FIELD_VALUE); /* before it began */
    store_rollback(p->s);
}

static void the_restriction_version_grows_and_survives(void **state)
{
    struct place *p = *state;
    struct justification j = justification_of(1, "M03", 10);
    bool last;

    assert_int_equal(restriction_version(p->s->restrictions), 0);
    add(p, 1, "M03", 10);
    assert_int_equal(restriction_version(p->s->restrictions), 1);
    begin(p);
    assert_int_equal(restriction_end_next(p->s->restrictions, ID(1), 20, &j, &last), OK);
    assert_int_equal(restriction_version(p->s->restrictions), 2); /* seen inside */
    store_rollback(p->s);
    assert_int_equal(restriction_version(p->s->restrictions), 1);
    begin(p);
    assert_int_equal(restriction_end_next(p->s->restrictions, ID(1), 20, &j, &last), OK);
    commit(p);
    place_reopen(p);
    assert_int_equal(restriction_version(p->s->restrictions), 2);
}

/* The live justification of an order, as it is read. */
static struct justification read_of(struct place *p, uint32_t order)
{
    struct justification j;
    uint64_t cursor = 0;
    assert_int_equal(restriction_next_of_order(p->s->restrictions, ID(order), &cursor, &j), OK);
    return j;
}

static void one_justification_is_ended_once_and_says_whether_it_was_the_last(void **state)
{
    struct place *p = *state;
    struct restrictions *r = p->s->restrictions;
    bool last = true;
    add(p, 1, "M03", 10);
    add(p, 2, "M03", 20);
    const struct justification one = read_of(p, 1);
    const struct justification two = read_of(p, 2);
    begin(p);
    assert_int_equal(restriction_end(r, &one, 30, &last), OK);
    assert_false(last); /* order 2 keeps it */
    assert_int_equal(restriction_end(r, &one, 31, &last), ERR_NOT_FOUND);
    assert_false(last);
    assert_int_equal(restriction_end(r, &two, 32, &last), OK);
    assert_true(last);
    commit(p);
    place_reopen(p);
    assert_int_equal(count_live(p, 0, STORE_NEVER), 0);
    assert_int_equal(count_live(p, 0, 31), 1);
    assert_int_equal(count_live(p, 0, 30), 2);
}

struct pass {
    unsigned seen;
    unsigned stop_at;
    char measures[32];
};

static enum err take_one(void *arg, const struct justification *row, bool *more)
{
    struct pass *pass = arg;
    strcat(pass->measures, row->measure);
    *more = ++pass->seen < pass->stop_at;
    return pass->stop_at == 0 ? ERR_HELD : OK;
}

static void one_pass_gives_what_the_cursor_gives_until_it_is_stopped(void **state)
{
    static const struct {
        uint32_t date;
        unsigned stop_at;
        enum err want;
        const char *measures;
    } rows[] = {
        {20260101, 9, OK, "M03M07M09"}, {20260101, 2, OK, "M03M07"},    {20251231, 9, OK, ""},
        {20270101, 9, OK, ""},          {20260101, 0, ERR_HELD, "M03"},
    };
    struct place *p = *state;
    add(p, 1, "M09", 10);
    add(p, 1, "M03", 10);
    add(p, 1, "M07", 10);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct pass pass = {.stop_at = rows[i].stop_at};
        print_message("row %zu\n", i);
        assert_int_equal(restriction_each(p->s->restrictions, ID(500), rows[i].date, STORE_NEVER,
                                          take_one, &pass),
                         rows[i].want);
        assert_string_equal(pass.measures, rows[i].measures);
    }
}

static void a_beginning_and_an_end_count_as_changes_from_their_size_on(void **state)
{
    static const struct {
        uint32_t subject;
        uint64_t since;
        bool changed;
    } rows[] = {
        {500, 0, true}, {500, 10, true}, {500, 30, true}, {500, 31, false}, {501, 0, false}};
    struct place *p = *state;
    bool changed;
    bool last;
    add(p, 1, "M03", 10);
    const struct justification j = read_of(p, 1);
    assert_int_equal(restriction_changed(p->s->restrictions, ID(500), 11, &changed), OK);
    assert_false(changed);
    begin(p);
    assert_int_equal(restriction_end(p->s->restrictions, &j, 30, &last), OK);
    commit(p);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(
            restriction_changed(p->s->restrictions, ID(rows[i].subject), rows[i].since, &changed),
            OK);
        assert_int_equal(changed, rows[i].changed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_restriction_lives_exactly_while_a_justification_does),
        CASE(restrictions_are_asked_at_a_date),
        CASE(a_justification_lives_once_and_may_come_again),
        CASE(the_restriction_version_grows_and_survives),
        CASE(one_justification_is_ended_once_and_says_whether_it_was_the_last),
        CASE(one_pass_gives_what_the_cursor_gives_until_it_is_stopped),
        CASE(a_beginning_and_an_end_count_as_changes_from_their_size_on),
    };
    return cmocka_run_group_tests_name("restriction", tests, NULL, NULL);
}
