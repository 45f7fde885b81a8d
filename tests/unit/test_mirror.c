/* Checks what mirror_in.h, mirror_table.h and sdk_mirror.h promise: which pages are taken, what is
 * in force then, and what is said of it. */
#include "adapters/sdk/mirror_table.h"
#include "base/clock.h"
#include "exchange.h"
#include "mirror_paper.h"
#include "sanction.pb.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GENERATION (REALM_NOW_MS - 1000)

struct fixture {
    struct exchange *e;
    struct sdk *s;
    struct paper paper;
    struct sdk_mirror_answer answer;
};

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.e = exchange_open(9);
    f.s = exchange_sdk(f.e, REALM_HEALTH, NULL);
    f.paper.member = REALM_HEALTH;
    memcpy(f.paper.adapter, key_kid(keyring_find(f.s->keys, KEY_USE_TRANSPORT)),
           sizeof f.paper.adapter);
    f.paper.now_ms = f.e->now_ms;
    paper_begin(&f.paper, GENERATION);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    paper_end(&f.paper);
    sdk_close(&f.s);
    exchange_close(&f.e);
    return 0;
}

static enum err take(struct span body)
{
    assert_int_equal(sdk_begin(f.s), OK);
    const enum err err = mirror_take(f.s->mirror_in, body, f.e->now_ms, f.e->now_ms);
    assert_int_equal(sdk_commit(f.s, f.e->now_ms), OK);
    return err;
}

static const struct sdk_mirror_answer *ask_at(unsigned company, uint64_t now_ms)
{
    struct sdk_mirror *mirror = NULL;

    assert_int_equal(sdk_mirror_of(f.s, &mirror), OK);
    assert_int_equal(sdk_mirror_check(mirror, lianshu_SubjectKind_SUBJECT_ENTERPRISE,
                                      paper_company(company), now_ms, &f.answer),
                     OK);
    return &f.answer;
}

static enum sdk_mirror_verdict verdict(unsigned company)
{
    return ask_at(company, f.e->now_ms)->verdict;
}

/* A snapshot of two pages: companies 1 and 2, then 3. In force. */
static void snapshot(void)
{
    (void)paper_row(&f.paper, 1, paper_company(1), false);
    (void)paper_row(&f.paper, 2, paper_company(2), false);
    assert_int_equal(take(paper_page(&f.paper, 100, false)), OK);
    (void)paper_row(&f.paper, 3, paper_company(3), false);
    assert_int_equal(take(paper_page(&f.paper, 100, true)), OK);
    assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
}

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

/* ---- refusals ---- */

enum spoil {
    ROLLED_BACK_GENERATION,
    FORKED_PAGE,
    FORKED_CHAIN,
    MISSING_PAGE,
    NO_FIRST_PAGE,
    OTHER_SIZE,
    OLDER_SIZE,
    ALTERED_ROW,
    WRONG_COUNT,
    EXPIRED,
    EXPIRED_BY_NOW,
    FUTURE_GENERATION,
    FUTURE_TIME,
    ENDLESS,
    KNOWS_AHEAD,
    BACKWARDS,
    OTHER_MEMBER,
    NO_KEY,
    KEY_AGAIN,
    OLDER_LOG,
    OLDER_TIME,
    NO_MEASURE,
    NO_SUCH_DATE,
    ENDED_IN_SNAPSHOT,
};

static bool begins_anew(enum spoil how)
{
    return how == ROLLED_BACK_GENERATION || how == NO_FIRST_PAGE || how == NO_KEY ||
           how == OLDER_LOG || how == OLDER_TIME || how == FUTURE_GENERATION ||
           how == EXPIRED_BY_NOW || how == ENDED_IN_SNAPSHOT;
}

/* Make the page that is wrong; a snapshot of GENERATION is in force. */
static struct span spoilt(enum spoil how)
{
    struct paper *p = &f.paper;
    lianshu_MirrorUpdate *u = &p->update;
    if (begins_anew(how))
        paper_begin(p, how == ROLLED_BACK_GENERATION ? GENERATION - 1
                       : how == FUTURE_GENERATION    ? REALM_NOW_MS + 301 * 1000
                                                     : GENERATION + 1);
    p->page += how == MISSING_PAGE || how == NO_FIRST_PAGE;
    p->page -= how == FORKED_PAGE;
    p->size += how == OTHER_SIZE ? 5 : how == OLDER_SIZE ? UINT64_MAX : 0;
    (void)paper_row(p, how == ENDED_IN_SNAPSHOT ? 1 : 50, paper_company(5),
                    how == ENDED_IN_SNAPSHOT);
    p->count += how == WRONG_COUNT || how == ENDED_IN_SNAPSHOT;
    p->head[0] ^= how == FORKED_CHAIN;
    const struct span body = paper_page(p, how == OLDER_LOG ? 99 : 150, true);
    u->rows_count = 1;
    switch (how) {
    case EXPIRED:
        u->fresh_until_ms = u->as_of_ms -= 2 * (uint64_t)DAY_MS;
        u->valid_until_ms = f.e->now_ms;
        break;
    case EXPIRED_BY_NOW:
        u->valid_until_ms = u->fresh_until_ms = u->as_of_ms = f.e->now_ms;
        break;
    case FUTURE_TIME:
        u->as_of_ms = f.e->now_ms + 301 * 1000;
        break;
    case ENDLESS:
        u->valid_until_ms = u->as_of_ms + 9 * (uint64_t)DAY_MS;
        break;
    case KNOWS_AHEAD:
        u->known_ms = u->as_of_ms + 1;
        break;
    case BACKWARDS:
        u->to_size = u->from_size - 1;
        break;
    case OTHER_MEMBER:
        strcpy(u->member, REALM_POLICE);
        break;
    case NO_KEY:
        u->key.size = 0;
        break;
    case KEY_AGAIN:
        u->key.size = MIRROR_KEY_LEN;
        break;
    case OLDER_TIME:
        u->as_of_ms -= 1;
        break;
    case NO_MEASURE:
        u->rows[0].measure[0] = '\0';
        break;
    case NO_SUCH_DATE:
        u->rows[0].end_date = 20261301;
        break;
    case ALTERED_ROW:
        p->body[body.len - 30] ^= 1;
        return body;
    default:
        return body;
    }
    return paper_again(p);
}

static const struct {
    const char *what;
    enum spoil how;
    enum err want;
} wrong[] = {
    {"a generation before the one in force", ROLLED_BACK_GENERATION, ERR_LIST_ROLLBACK},
    {"another page of a number that is here", FORKED_PAGE, ERR_LIST_FORK},
    {"a page behind another one than ours", FORKED_CHAIN, ERR_LIST_FORK},
    {"a page is missing", MISSING_PAGE, ERR_LIST_MIXED},
    {"a snapshot without its first page", NO_FIRST_PAGE, ERR_LIST_MIXED},
    {"an increment from a size we do not have", OTHER_SIZE, ERR_LIST_MIXED},
    {"an increment from before", OLDER_SIZE, ERR_LIST_ROLLBACK},
    {"a count that is wrong", WRONG_COUNT, ERR_LIST_MIXED},
    {"a row that was altered", ALTERED_ROW, ERR_LIST_MIXED},
    {"expired when the hub took it", EXPIRED, ERR_LIST_EXPIRED},
    {"a snapshot that is expired now", EXPIRED_BY_NOW, ERR_LIST_EXPIRED},
    {"a generation in the future", FUTURE_GENERATION, ERR_LIST_FORWARD},
    {"made in the future", FUTURE_TIME, ERR_LIST_FORWARD},
    {"valid for too long", ENDLESS, ERR_LIST_FORWARD},
    {"knows of others what is not yet", KNOWS_AHEAD, ERR_LIST_FORWARD},
    {"a log that shrinks", BACKWARDS, ERR_LIST_FORWARD},
    {"another member's", OTHER_MEMBER, ERR_NOT_ADDRESSED},
    {"a snapshot without a key", NO_KEY, ERR_TOKEN},
    {"a second key", KEY_AGAIN, ERR_TOKEN},
    {"a new snapshot of an older log", OLDER_LOG, ERR_LIST_ROLLBACK},
    {"a new snapshot of an older time", OLDER_TIME, ERR_LIST_ROLLBACK},
    {"a row without a measure", NO_MEASURE, ERR_POISON},
    {"a row with a date that is none", NO_SUCH_DATE, ERR_POISON},
    {"an end in a snapshot", ENDED_IN_SNAPSHOT, ERR_LIST_MIXED},
};

static void each_wrong_page_is_refused_with_its_code_and_the_old_mirror_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(wrong); i++) {
        void *none = NULL;
        print_message("%s\n", wrong[i].what);
        snapshot();
        const struct span body = spoilt(wrong[i].how);
        enum err err = take(body);
        if (wrong[i].how == ALTERED_ROW && err == ERR_POISON)
            err = ERR_LIST_MIXED; /* the byte made it undecodable: refused all the same */
        assert_int_equal(err, wrong[i].want);
        assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
        assert_int_equal(verdict(5), SDK_MIRROR_CLEAN);
        assert_int_equal(f.answer.log_size, 100);
        (void)teardown(&none);
        (void)setup(&none);
    }
}

static void a_page_that_is_here_already_is_older_than_seen(void **state)
{
    (void)state;
    snapshot();
    const struct span body = span_of(f.paper.body, f.paper.body_len);
    assert_int_equal(take(body), ERR_LIST_ROLLBACK);
    assert_int_equal(verdict(3), SDK_MIRROR_RESTRICTED);
}

static void every_changed_byte_of_a_page_is_refused(void **state)
{
    uint8_t bytes[2048];

    (void)state;
    (void)paper_row(&f.paper, 1, paper_company(1), false);
    const struct span body = paper_page(&f.paper, 100, true);
    assert_true(body.len <= sizeof bytes);
    for (size_t i = 0; i < body.len; i++) {
        memcpy(bytes, body.data, body.len);
        bytes[i] ^= 0x10;
        assert_int_not_equal(take(span_of(bytes, body.len)), OK);
    }
    assert_int_equal(take(body), OK);
}

static void a_snapshot_begun_later_ends_one_that_was_not_whole(void **state)
{
    static struct paper late;

    (void)state;
    snapshot();
    paper_begin(&f.paper, GENERATION + 1);
    (void)paper_row(&f.paper, 9, paper_company(9), false);
    assert_int_equal(take(paper_page(&f.paper, 200, false)), OK);
    late = (struct paper){.member = REALM_HEALTH, .now_ms = f.e->now_ms};
    memcpy(late.adapter, f.paper.adapter, sizeof late.adapter);
    paper_begin(&late, GENERATION + 2);
    (void)paper_row(&late, 8, paper_company(8), false);
    assert_int_equal(take(paper_page(&late, 210, false)), OK);
    assert_int_equal(take(paper_page(&f.paper, 200, true)), ERR_LIST_ROLLBACK);
    assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
    assert_int_equal(take(paper_page(&late, 210, true)), OK);
    assert_int_equal(verdict(8), SDK_MIRROR_RESTRICTED);
    paper_end(&late);
}

static void a_page_of_another_adapter_of_the_member_is_refused(void **state)
{
    struct sdk *second = exchange_second(f.e, REALM_HEALTH, NULL);
    struct sdk_mirror *mirror = NULL;

    (void)state;
    snapshot();
    (void)paper_row(&f.paper, 4, paper_company(4), false);
    f.paper.adapter[0] ^= 1;
    const struct span other = paper_page(&f.paper, 120, true);
    assert_int_equal(sdk_begin(second), OK);
    assert_int_equal(mirror_take(second->mirror_in, other, f.e->now_ms, f.e->now_ms),
                     ERR_NOT_ADDRESSED);
    assert_int_equal(sdk_commit(second, f.e->now_ms), OK);
    assert_int_equal(sdk_mirror_of(second, &mirror), OK);
    assert_int_equal(sdk_mirror_check(mirror, lianshu_SubjectKind_SUBJECT_ENTERPRISE,
                                      paper_company(4), f.e->now_ms, &f.answer),
                     OK);
    assert_int_equal(f.answer.state, SDK_MIRROR_ABSENT);
    sdk_close(&second);
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

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

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
        CASE(each_wrong_page_is_refused_with_its_code_and_the_old_mirror_stays),
        CASE(a_page_that_is_here_already_is_older_than_seen),
        CASE(every_changed_byte_of_a_page_is_refused),
        CASE(a_snapshot_begun_later_ends_one_that_was_not_whole),
        CASE(a_page_of_another_adapter_of_the_member_is_refused),
        CASE(a_reader_beside_the_running_adapter_sees_what_is_committed),
        CASE(the_stored_mirror_holds_neither_key_nor_identifier),
        CASE(a_byte_changed_on_disk_is_found_before_anything_is_answered),
        cmocka_unit_test(the_table_agrees_with_a_list_after_any_course_of_begins_and_ends),
    };
    return cmocka_run_group_tests_name("mirror", tests, NULL, NULL);
}
