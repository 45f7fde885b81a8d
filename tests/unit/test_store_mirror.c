/* Checks the promises of store/mirror.h, each by its number. */
#include "unit/store_place.h"

#include <sqlite3.h>

#define HEALTH "health.445100"
#define POLICE "police.445100"

enum { ROWS = 5 };

/* Every field another value, so that none can stand in for another. */
static struct mirror_row row_of(const char *member, uint64_t n)
{
    struct mirror_row row = {.generation = n + 1,
                             .phase = MIRROR_BEGUN,
                             .size = n + 2,
                             .seen = n + 3,
                             .target = n + 4,
                             .cursor_seq = n + 5,
                             .cursor_row = n + 6,
                             .last_row = n + 7,
                             .page = n + 8,
                             .count = n + 9,
                             .first = n + 10,
                             .told = n + 11,
                             .unnamed = n + 12,
                             .as_of_ms = n + 13,
                             .sent_ms = n + 14,
                             .waiting = n + 15,
                             .version = n + 16,
                             .open = true,
                             .urgent = false,
                             .broken = true};
    snprintf(row.member, sizeof row.member, "%s", member);
    memset(row.adapter, 'a', sizeof row.adapter);
    memset(row.head, 'h', sizeof row.head);
    memset(row.concern, 'c', sizeof row.concern);
    return row;
}

static void assert_kept(struct place *p, const struct mirror_row *want)
{
    struct mirror_row got;
    assert_int_equal(mirror_get(p->s->mirrors, want->member, want->adapter, &got), OK);
    assert_string_equal(got.member, want->member);
    assert_memory_equal(got.adapter, want->adapter, sizeof got.adapter);
    assert_memory_equal(got.head, want->head, sizeof got.head);
    assert_memory_equal(got.concern, want->concern, sizeof got.concern);
    assert_int_equal(got.phase, want->phase);
    assert_int_equal(got.open, want->open);
    assert_int_equal(got.urgent, want->urgent);
    assert_int_equal(got.broken, want->broken);
    const uint64_t *const pairs[][2] = {
        {&got.generation, &want->generation},
        {&got.size, &want->size},
        {&got.seen, &want->seen},
        {&got.target, &want->target},
        {&got.cursor_seq, &want->cursor_seq},
        {&got.cursor_row, &want->cursor_row},
        {&got.last_row, &want->last_row},
        {&got.page, &want->page},
        {&got.count, &want->count},
        {&got.first, &want->first},
        {&got.told, &want->told},
        {&got.unnamed, &want->unnamed},
        {&got.as_of_ms, &want->as_of_ms},
        {&got.sent_ms, &want->sent_ms},
        {&got.waiting, &want->waiting},
        {&got.version, &want->version},
    };
    for (size_t i = 0; i < T_COUNT(pairs); i++)
        assert_int_equal(*pairs[i][0], *pairs[i][1]);
}

static void every_field_is_kept_in_one_row_an_adapter(void **state)
{
    struct place *p = *state;
    struct mirror_row health = row_of(HEALTH, 100);
    const struct mirror_row police = row_of(POLICE, 200);
    struct mirror_row got;
    assert_int_equal(mirror_get(p->s->mirrors, HEALTH, health.adapter, &got), ERR_NOT_FOUND);
    begin(p);
    assert_int_equal(mirror_put(p->s->mirrors, &health), OK);
    assert_int_equal(mirror_put(p->s->mirrors, &police), OK);
    health = row_of(HEALTH, 300); /* again: the same row */
    health.phase = MIRROR_REST;
    health.urgent = true;
    health.open = health.broken = false;
    assert_int_equal(mirror_put(p->s->mirrors, &health), OK);
    commit(p);
    place_reopen(p);
    assert_kept(p, &health);
    assert_kept(p, &police);
    struct mirror_row second = row_of(HEALTH, 400); /* another adapter of the same member */
    second.adapter[0] = 'b';
    begin(p);
    assert_int_equal(mirror_put(p->s->mirrors, &second), OK);
    commit(p);
    assert_kept(p, &health);
    assert_kept(p, &second);
    begin(p);
    health.size++;
    assert_int_equal(mirror_put(p->s->mirrors, &health), OK);
    store_rollback(p->s);
    health.size--;
    assert_kept(p, &health);
}

/* Justifications of ROWS orders, begun at 10, 20 … */
static void add_rows(struct place *p)
{
    begin(p);
    for (uint32_t n = 1; n <= ROWS; n++) {
        struct justification j = {
            .order_version = n, .force = 1, .start_date = 20260101, .begun_seq = 10 * n};
        id_of(j.subject, 500 + n);
        id_of(j.order_id, n);
        snprintf(j.measure, sizeof j.measure, "M%02u", n);
        snprintf(j.scope, sizeof j.scope, "445100");
        snprintf(j.rule, sizeof j.rule, "R01");
        snprintf(j.basis, sizeof j.basis, "article %u", n);
        snprintf(j.list, sizeof j.list, "serious");
        assert_int_equal(restriction_add(p->s->restrictions, &j), OK);
    }
    commit(p);
}

static void end_row(struct place *p, uint32_t n, uint64_t at)
{
    struct justification j;
    bool last;
    begin(p);
    assert_int_equal(restriction_end_next(p->s->restrictions, ID(n), at, &j, &last), OK);
    commit(p);
}

static void every_justification_is_given_once_in_the_order_of_entry_ended_ones_too(void **state)
{
    struct place *p = *state;
    struct justification j;
    uint64_t row = 0;
    add_rows(p);
    end_row(p, 2, 70);
    place_reopen(p);
    for (uint32_t n = 1; n <= ROWS; n++) {
        assert_int_equal(mirror_next_row(p->s->mirrors, &row, &j), OK);
        assert_memory_equal(j.order_id, ID(n), STORE_ID_LEN);
        assert_memory_equal(j.subject, ID(500 + n), STORE_ID_LEN);
        assert_int_equal(j.order_version, n);
        assert_int_equal(j.begun_seq, 10 * n);
        assert_int_equal(j.ended_seq, n == 2 ? 70 : STORE_NEVER);
    }
    assert_int_equal(mirror_next_row(p->s->mirrors, &row, &j), ERR_NOT_FOUND);
    assert_int_equal(mirror_next_row(p->s->mirrors, &row, &j), ERR_NOT_FOUND);
}

static void what_ended_before_a_size_is_given_once_in_the_order_of_its_end(void **state)
{
    static const struct {
        uint64_t to;
        uint32_t want[ROWS + 1]; /* orders; 0: no more */
    } rows[] = {
        {60, {0}},
        {61, {4}},
        {71, {4, 2, 3}},
        {90, {4, 2, 3, 1}},
        {1000, {4, 2, 3, 1}},
        {STORE_NEVER, {4, 2, 3, 1}},
    };
    struct place *p = *state;
    add_rows(p);
    end_row(p, 4, 60);
    end_row(p, 3, 70); /* at one size in the order of entry */
    end_row(p, 2, 70);
    end_row(p, 1, 80); /* 5 lives */
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct justification j;
        uint64_t seq = 0;
        uint64_t row = 0;
        print_message("row %zu\n", i);
        for (const uint32_t *n = rows[i].want; *n != 0; n++) {
            assert_int_equal(mirror_next_ended(p->s->mirrors, rows[i].to, &seq, &row, &j), OK);
            assert_memory_equal(j.order_id, ID(*n), STORE_ID_LEN);
        }
        assert_int_equal(mirror_next_ended(p->s->mirrors, rows[i].to, &seq, &row, &j),
                         ERR_NOT_FOUND);
    }
}

/* The schema takes no such row, and so its check is put aside; it is another process that writes.
 */
static void a_phase_that_no_row_may_have_is_corrupt(void **state)
{
    struct place *p = *state;
    const struct mirror_row row = row_of(HEALTH, 1);
    struct mirror_row got;
    sqlite3 *raw = NULL;
    begin(p);
    assert_int_equal(mirror_put(p->s->mirrors, &row), OK);
    commit(p);
    assert_int_equal(sqlite3_open(p->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw,
                                  "PRAGMA ignore_check_constraints = ON; "
                                  "UPDATE mirror SET phase = 4",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(raw), SQLITE_OK);
    assert_int_equal(mirror_get(p->s->mirrors, row.member, row.adapter, &got), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_field_is_kept_in_one_row_an_adapter),
        CASE(a_phase_that_no_row_may_have_is_corrupt),
        CASE(every_justification_is_given_once_in_the_order_of_entry_ended_ones_too),
        CASE(what_ended_before_a_size_is_given_once_in_the_order_of_its_end),
    };
    return cmocka_run_group_tests_name("store_mirror", tests, NULL, NULL);
}
