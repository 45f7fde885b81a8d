/* Checks what mirror_in.h, mirror_table.h and sdk_mirror.h promise: what is in force once pages
 * were taken, what is said of it, and what stands on disk. */
#include "unit/mirror_world.h"

#include "adapters/sdk/mirror_table.h"
#include "sanction.pb.h"

static void reopen(void)
{
    sdk_close(&f.s);
    f.s = exchange_sdk(f.e, REALM_HEALTH, NULL);
}

/* ---- what is in force ---- */

static void nothing_is_known_before_a_snapshot_is_whole(void **state)
{
    (void)state;
    assert_int_equal(verdict(1), SDK_MIRROR_UNKNOWN);
    assert_int_equal(f.answer.state, SDK_MIRROR_ABSENT);
    (void)paper_row(&f.paper, 1, paper_company(1), false);
    assert_int_equal(take(paper_page(&f.paper, 100, false)), OK);
    assert_int_equal(verdict(1), SDK_MIRROR_UNKNOWN);
    assert_int_equal(f.answer.state, SDK_MIRROR_ABSENT);
    assert_int_equal(take(paper_page(&f.paper, 100, true)), OK);
    assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
    assert_int_equal(verdict(2), SDK_MIRROR_CLEAN);
}

static void an_answer_names_measure_order_basis_scope_dates_and_age(void **state)
{
    (void)state;
    snapshot();
    const struct sdk_mirror_answer *a = ask_at(3, f.e->now_ms + 5000);
    assert_int_equal(a->line_count, 1);
    assert_string_equal(a->line[0].measure, "M01");
    assert_string_equal(a->line[0].basis, "DL116");
    assert_string_equal(a->line[0].scope, "000000");
    assert_string_equal(a->line[0].list, "SERIOUS");
    assert_string_equal(a->line[0].rule, "R01");
    assert_int_equal(a->line[0].force, lianshu_Force_FORCE_MUST);
    assert_int_equal(a->line[0].order_id[0], 0x0d);
    assert_int_equal(a->age_ms, 5000);
    assert_int_equal(a->log_size, 100);
    assert_int_equal(a->row_count, 3);
}

static void an_increment_begins_and_ends_and_several_pages_count_as_one(void **state)
{
    (void)state;
    snapshot();
    (void)paper_row(&f.paper, 2, paper_company(2), true);
    assert_int_equal(take(paper_page(&f.paper, 120, false)), OK);
    assert_int_equal(verdict(2), SDK_MIRROR_RESTRICTED);
    assert_int_equal(f.answer.log_size, 100);
    (void)paper_row(&f.paper, 4, paper_company(4), false);
    assert_int_equal(take(paper_page(&f.paper, 120, true)), OK);
    assert_int_equal(verdict(2), SDK_MIRROR_CLEAN);
    assert_int_equal(verdict(4), SDK_MIRROR_RESTRICTED);
    assert_int_equal(f.answer.log_size, 120);
    assert_int_equal(f.answer.row_count, 3);
}

static void a_restart_finds_the_same_answers(void **state)
{
    (void)state;
    snapshot();
    (void)paper_row(&f.paper, 1, paper_company(1), true);
    assert_int_equal(take(paper_page(&f.paper, 120, true)), OK);
    reopen();
    assert_int_equal(verdict(1), SDK_MIRROR_CLEAN);
    assert_int_equal(verdict(3), SDK_MIRROR_RESTRICTED);
    (void)paper_row(&f.paper, 1, paper_company(1), false);
    assert_int_equal(take(paper_page(&f.paper, 130, true)), OK);
    assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
}

static void what_was_not_committed_never_was(void **state)
{
    (void)state;
    snapshot();
    (void)paper_row(&f.paper, 1, paper_company(1), true);
    assert_int_equal(sdk_begin(f.s), OK);
    assert_int_equal(
        mirror_take(f.s->mirror_in, paper_page(&f.paper, 120, true), f.e->now_ms, f.e->now_ms), OK);
    sdk_rollback(f.s);
    assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
    assert_int_equal(take(span_of(f.paper.body, f.paper.body_len)), OK);
    assert_int_equal(verdict(1), SDK_MIRROR_CLEAN);
}

static void the_old_mirror_stays_in_force_until_the_new_one_is_whole(void **state)
{
    bool more = true;

    (void)state;
    snapshot();
    paper_begin(&f.paper, GENERATION + 1);
    (void)paper_row(&f.paper, 9, paper_company(9), false);
    assert_int_equal(take(paper_page(&f.paper, 200, false)), OK);
    assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
    assert_int_equal(verdict(9), SDK_MIRROR_CLEAN);
    assert_int_equal(take(paper_page(&f.paper, 200, true)), OK);
    assert_int_equal(verdict(1), SDK_MIRROR_CLEAN);
    assert_int_equal(verdict(9), SDK_MIRROR_RESTRICTED);
    assert_int_equal(f.answer.generation, GENERATION + 1);
    for (int i = 0; i < 3 && more; i++) {
        assert_int_equal(sdk_begin(f.s), OK);
        assert_int_equal(mirror_trim(f.s->mirror_in, &more), OK);
        assert_int_equal(sdk_commit(f.s, f.e->now_ms), OK);
    }
    assert_false(more);
    reopen();
    assert_int_equal(verdict(9), SDK_MIRROR_RESTRICTED);
}

static void dates_are_judged_at_the_moment_that_is_asked_about(void **state)
{
    const uint64_t day = (uint64_t)DAY_MS;

    (void)state;
    f.paper.now_ms = f.e->now_ms;
    lianshu_MirrorRow *ends = paper_row(&f.paper, 1, paper_company(1), false);
    ends->end_date = date_from_ms(f.e->now_ms);
    lianshu_MirrorRow *begins = paper_row(&f.paper, 2, paper_company(2), false);
    begins->start_date = date_from_ms(f.e->now_ms + day);
    struct span body = paper_page(&f.paper, 100, true);
    f.paper.update.rows_count = 2;
    f.paper.update.valid_until_ms = f.e->now_ms + 4 * day;
    body = paper_again(&f.paper);
    assert_int_equal(take(body), OK);
    assert_int_equal(ask_at(1, f.e->now_ms)->verdict, SDK_MIRROR_RESTRICTED);
    assert_int_equal(ask_at(1, f.e->now_ms + day)->verdict, SDK_MIRROR_CLEAN);
    assert_int_equal(ask_at(2, f.e->now_ms)->verdict, SDK_MIRROR_CLEAN);
    assert_int_equal(ask_at(2, f.e->now_ms + day)->verdict, SDK_MIRROR_RESTRICTED);
}

static void age_makes_it_stale_then_expired_and_expired_is_never_clean(void **state)
{
    static const struct {
        int64_t after_ms;
        enum sdk_mirror_state state;
        enum sdk_mirror_verdict clean, restricted;
    } rows[] = {
        {0, SDK_MIRROR_FRESH, SDK_MIRROR_CLEAN, SDK_MIRROR_RESTRICTED},
        {2 * HOUR_MS - 1, SDK_MIRROR_FRESH, SDK_MIRROR_CLEAN, SDK_MIRROR_RESTRICTED},
        {2 * HOUR_MS, SDK_MIRROR_STALE, SDK_MIRROR_CLEAN, SDK_MIRROR_RESTRICTED},
        {DAY_MS - 1, SDK_MIRROR_STALE, SDK_MIRROR_CLEAN, SDK_MIRROR_RESTRICTED},
        {DAY_MS, SDK_MIRROR_EXPIRED, SDK_MIRROR_UNKNOWN, SDK_MIRROR_UNKNOWN},
        {-301 * 1000, SDK_MIRROR_EXPIRED, SDK_MIRROR_UNKNOWN, SDK_MIRROR_UNKNOWN}, /* clock */
    };

    (void)state;
    snapshot();
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const uint64_t at = (uint64_t)((int64_t)f.e->now_ms + rows[i].after_ms);
        print_message("row %zu\n", i);
        assert_int_equal(ask_at(7, at)->verdict, rows[i].clean);
        assert_int_equal(f.answer.state, rows[i].state);
        assert_int_equal(ask_at(1, at)->verdict, rows[i].restricted);
    }
}

static void a_restriction_without_a_token_makes_clean_unknown(void **state)
{
    (void)state;
    (void)paper_row(&f.paper, 1, paper_company(1), false);
    struct span body = paper_page(&f.paper, 100, true);
    f.paper.update.rows_count = 1;
    f.paper.update.unnamed = 1;
    body = paper_again(&f.paper);
    assert_int_equal(take(body), OK);
    assert_int_equal(verdict(2), SDK_MIRROR_UNKNOWN);
    assert_int_equal(f.answer.state, SDK_MIRROR_FRESH);
    assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
}

static void what_is_asked_is_checked(void **state)
{
    struct sdk_mirror *mirror = NULL;

    (void)state;
    snapshot();
    assert_int_equal(sdk_mirror_of(f.s, &mirror), OK);
    assert_int_equal(sdk_mirror_check(mirror, lianshu_SubjectKind_SUBJECT_ENTERPRISE,
                                      "914451000000000000", f.e->now_ms, &f.answer),
                     ERR_CHECK_DIGIT);
    assert_int_equal(f.answer.verdict, SDK_MIRROR_UNKNOWN);
    assert_int_equal(sdk_mirror_check(mirror, 99, paper_company(1), f.e->now_ms, &f.answer),
                     ERR_IDENTIFIER);
}

/* ---- beside the adapter, and at rest ---- */

static void a_reader_beside_the_running_adapter_sees_what_is_committed(void **state)
{
    struct sdk_mirror *mirror = NULL;
    const struct sdk_config c = exchange_config(f.e, REALM_HEALTH);
    const struct sdk_mirror_config config = {REALM_HEALTH, c.key_file, c.passphrase_file,
                                             c.state_dir};

    (void)state;
    snapshot();
    assert_int_equal(sdk_mirror_open(&mirror, &config, NULL), OK);
    assert_int_equal(sdk_mirror_check(mirror, lianshu_SubjectKind_SUBJECT_INSTITUTION,
                                      paper_company(2), f.e->now_ms, &f.answer),
                     OK);
    assert_int_equal(f.answer.verdict, SDK_MIRROR_RESTRICTED);
    (void)paper_row(&f.paper, 2, paper_company(2), true);
    assert_int_equal(take(paper_page(&f.paper, 120, true)), OK);
    assert_int_equal(sdk_mirror_refresh(mirror), OK);
    assert_int_equal(sdk_mirror_check(mirror, lianshu_SubjectKind_SUBJECT_INSTITUTION,
                                      paper_company(2), f.e->now_ms, &f.answer),
                     OK);
    assert_int_equal(f.answer.verdict, SDK_MIRROR_CLEAN);
    sdk_mirror_close(&mirror);
}

static void the_stored_mirror_holds_neither_key_nor_identifier(void **state)
{
    struct stmt *q[1];
    static const char *const text[] = {"SELECT body FROM mirror_page ORDER BY row"};

    (void)state;
    snapshot();
    assert_int_equal(db_prepare(sdk_db(f.s), text, 1, q, NULL), OK);
    size_t pages = 0;
    while (stmt_step(q[0]) == OK) {
        const struct span body = stmt_blob(q[0], 0);
        pages++;
        assert_null(memmem(body.data, body.len, f.paper.key, sizeof f.paper.key));
        assert_null(memmem(body.data, body.len, paper_company(1), 18));
    }
    assert_int_equal(stmt_end(q[0], OK), OK);
    assert_int_equal(pages, 2);
}

static void a_byte_changed_on_disk_is_found_before_anything_is_answered(void **state)
{
    struct stmt *q[1];
    struct sdk_mirror *mirror = NULL;
    static const char *const text[] = {
        "UPDATE mirror_page SET body = CAST(substr(body, 1, length(body) - 8) || x'ff' ||"
        " substr(body, length(body) - 6) AS BLOB) WHERE page = 1"};

    (void)state;
    snapshot();
    assert_int_equal(db_prepare(sdk_db(f.s), text, 1, q, NULL), OK);
    assert_int_equal(sdk_begin(f.s), OK);
    assert_int_equal(stmt_run(q[0]), OK);
    assert_int_equal(sdk_commit(f.s, f.e->now_ms), OK);
    reopen();
    assert_int_equal(sdk_mirror_of(f.s, &mirror), ERR_CORRUPT);
    assert_null(mirror);
}

/* ---- the table ---- */

static void the_table_agrees_with_a_list_after_any_course_of_begins_and_ends(void **state)
{
    enum { SUBJECTS = 97, STEPS = 60000, NUMBERS = 4096 };
    static uint8_t lives[NUMBERS];
    struct mirror_table *table = NULL;
    uint64_t count = 0;
    uint32_t seed = 1;

    (void)state;
    memset(lives, 0, sizeof lives);
    assert_int_equal(mirror_table_open(&table, 0), OK);
    for (int i = 0; i < STEPS; i++) {
        seed = seed * 1664525u + 1013904223u;
        lianshu_MirrorRow row = {.number = (seed >> 12) % NUMBERS + 1, .ended = (seed >> 4) % 2};
        const uint8_t subject = (uint8_t)(row.number % SUBJECTS);
        uint8_t *live = &lives[row.number - 1];
        row.token[0] = row.token[5] = subject;
        const enum err want = row.ended == *live ? OK : ERR_LIST_MIXED;
        assert_int_equal(mirror_table_apply(table, &row), want);
        if (want == OK)
            *live = !row.ended;
        count += want == OK ? (row.ended ? UINT64_MAX : 1) : 0;
    }
    assert_int_equal(mirror_table_count(table), count);
    uint64_t found = 0;
    for (unsigned i = 0; i < SUBJECTS; i++) {
        const uint8_t token[REST_TOKEN_LEN] = {[0] = (uint8_t)i, [5] = (uint8_t)i};
        for (const struct mirror_entry *e = mirror_table_first(table, token); e != NULL;
             e = mirror_table_next(table, e)) {
            assert_true(lives[e->number - 1]);
            found++;
        }
    }
    assert_int_equal(found, count);
    mirror_table_close(&table);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup_begun, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_known_before_a_snapshot_is_whole),
        CASE(an_answer_names_measure_order_basis_scope_dates_and_age),
        CASE(an_increment_begins_and_ends_and_several_pages_count_as_one),
        CASE(a_restart_finds_the_same_answers),
        CASE(what_was_not_committed_never_was),
        CASE(the_old_mirror_stays_in_force_until_the_new_one_is_whole),
        CASE(dates_are_judged_at_the_moment_that_is_asked_about),
        CASE(age_makes_it_stale_then_expired_and_expired_is_never_clean),
        CASE(a_restriction_without_a_token_makes_clean_unknown),
        CASE(what_is_asked_is_checked),
        CASE(a_reader_beside_the_running_adapter_sees_what_is_committed),
        CASE(the_stored_mirror_holds_neither_key_nor_identifier),
        CASE(a_byte_changed_on_disk_is_found_before_anything_is_answered),
        cmocka_unit_test(the_table_agrees_with_a_list_after_any_course_of_begins_and_ends),
    };
    return cmocka_run_group_tests_name("mirror", tests, NULL, NULL);
}
