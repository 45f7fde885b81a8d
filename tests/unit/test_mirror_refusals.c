/* Checks what mirror_in.h promises of pages that are not as they should be: each is refused with
 * its code, and the old mirror stays in force. */
#include "unit/mirror_world.h"

#include "sanction.pb.h"

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
        (void)setup_begun(&none);
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

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup_begun, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_wrong_page_is_refused_with_its_code_and_the_old_mirror_stays),
        CASE(a_page_that_is_here_already_is_older_than_seen),
        CASE(every_changed_byte_of_a_page_is_refused),
        CASE(a_snapshot_begun_later_ends_one_that_was_not_whole),
        CASE(a_page_of_another_adapter_of_the_member_is_refused),
    };
    return cmocka_run_group_tests_name("mirror_refusals", tests, NULL, NULL);
}
