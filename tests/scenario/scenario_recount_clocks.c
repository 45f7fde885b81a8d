/* Clocks of cases and of documents outside of them, whose last days were announced after they had
 * begun: they end where the law says, later than was told and never earlier. Ends are counted by
 * hand: until 2027 is announced its 1 January, a Friday, counts as a working day. */
#include "scenario/casepath.h"
#include "scenario/casework.h"
#include "scenario/gatebook.h"
#include "scenario/newyear.h"
#include "scenario/realm.h"

#include "base/clock.h"

#include <string.h>

#define OVERDUE_CASES "{\"cmd\":\"cases\",\"overdue\":\"yes\"}"

#define REMINDER   lianshu_HubNoticeKind_HUBNOTICE_REMINDER
#define OVERDUE    lianshu_HubNoticeKind_HUBNOTICE_OVERDUE
#define UNANSWERED lianshu_HubNoticeKind_HUBNOTICE_UNANSWERED

#define SUSPECTED                                                                                  \
    REGISTERED, WITHIN("T01", "accepted", MPA, "VERIFY"),                                          \
        WITHIN("T02", "filed", MPA, "ADMIN_FILED"),                                                \
        WITHIN("T04", "suspected", MPA, "CRIME_SUSPECTED"),                                        \
        WITHIN("T05", "reported", MPA, "HEAD_REVIEW"), WITHIN("T06", "approved", MPA, "APPROVED")

/* A clock that the documents of the first day start. */
struct term_of {
    const char *code;
    uint32_t first_day;
    uint32_t told; /* its last day, as long as nobody knows better, … */
    uint32_t last; /* … and by the law */
    const char *owner;
    const char *superior;
    const char *waits; /* NULL: nobody */
    struct path path;
};

/* clang-format off */
static const struct term_of check =
    {"ASSIST-CHECK", 20261230, 20270113, 20270114, MPA_OTHER, MPA_UPPER, MPA,
     {"check", {SENT("check"), ACCEPTED(MPA_OTHER, MPA)}}};

static const struct term_of terms[] = {
    {"ASSIST-CHECK", 20261230, 20270113, 20270114, MPA_OTHER, MPA_UPPER, MPA,
     {"working days", {SENT("check"), ACCEPTED(MPA_OTHER, MPA)}}},
    {"T13", 20261229, 20270101, 20270104, PS, PS_UPPER, MPA, {"moved from a holiday", {REFERRED, RECEIVED}}},
    /* What extends a term runs on from its end. */
    {"T02-PLUS", 20261230, 20270210, 20270211, MPA, MPA_UPPER, NULL,
     {"extended", {REGISTERED, WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "extended", MPA, "VERIFY")}}},
    {"T13-PLUS", 20261229, 20270201, 20270203, PS, PS_UPPER, MPA,
     {"extended from a holiday", {REFERRED, RECEIVED, {"T13", "extended", "case.record", PS_UPPER, {PS}, 1, PS, "RECEIVED", LEG_JOINS, NULL, NULL}}}},
};
/* clang-format on */

static void on(struct world *w, uint32_t day)
{
    world_pass(w, date_start_ms(day) + 10 * (uint64_t)HOUR_MS - w->now_ms);
}

/* Day after day. */
static void live_until(struct world *w, uint64_t until_ms)
{
    while (w->now_ms + DAY_MS < until_ms)
        world_pass(w, DAY_MS);
    world_pass(w, until_ms - w->now_ms);
}

static void assert_over(struct world *w, const struct term_of *term, size_t times)
{
    assert_int_equal(work_told(w, term->superior, OVERDUE, term->code), times);
    if (term->waits != NULL)
        assert_int_equal(work_told(w, term->waits, UNANSWERED, term->code), times);
}

/* Nothing is said of the end that was told; the end by the law is, once. */
static void assert_ends_as_the_law_says(struct world *w, const struct term_of *term)
{
    live_until(w, date_end_ms(term->told));
    assert_over(w, term, 0);
    live_until(w, date_end_ms(term->last) - 1);
    assert_over(w, term, 0);
    world_pass(w, 1);
    assert_over(w, term, 1);
    assert_int_equal(work_told(w, term->owner, REMINDER, term->code), 3);
    live_until(w, w->now_ms + 2 * (uint64_t)DAY_MS);
    assert_over(w, term, 1);
}

static void begin(struct world *w, const struct term_of *term)
{
    on(w, term->first_day);
    casepath_go(w, &term->path, 0);
}

static void a_clock_that_has_begun_ends_where_the_law_says_when_its_days_are_announced(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(terms); i++) {
        void *world = NULL;
        print_message("  %s: %s\n", terms[i].code, terms[i].path.name);
        assert_int_equal(casepath_setup(&world), 0);
        begin(world, &terms[i]);
        struct calendar *calendar = newyear_reload(world, NEW_YEAR);
        assert_ends_as_the_law_says(world, &terms[i]);
        assert_int_equal(world_teardown(&world), 0);
        calendar_close(&calendar);
    }
}

static void so_it_does_when_the_hub_is_stopped_before_it_was_counted(void **state)
{
    struct world *w = *state;
    begin(w, &check);
    struct calendar *calendar = newyear_take(w, NEW_YEAR);
    world_restart(w);
    world_turn(w);
    world_restart(w);
    world_turn(w);
    assert_int_equal(world_status(w, "terms_recounted"), 1);
    assert_ends_as_the_law_says(w, &check);
    calendar_close(&calendar);
}

/* What was said of the shorter term is not true of the longer one. */
static void what_was_called_overdue_too_early_is_not_and_is_said_again_at_the_true_end(void **state)
{
    struct world *w = *state;
    begin(w, &check);
    live_until(w, date_end_ms(check.told));
    assert_over(w, &check, 1);
    assert_int_equal(book_count(w, OVERDUE_CASES, "cases", NULL, ""), 1);
    struct calendar *calendar = newyear_restart(w, NEW_YEAR);
    assert_int_equal(book_count(w, OVERDUE_CASES, "cases", NULL, ""), 0);
    live_until(w, date_end_ms(check.last) - 1);
    assert_over(w, &check, 1);
    world_pass(w, 1);
    assert_over(w, &check, 2);
    assert_int_equal(book_count(w, OVERDUE_CASES, "cases", NULL, ""), 1);
    live_until(w, w->now_ms + 2 * (uint64_t)DAY_MS);
    assert_over(w, &check, 2);
    calendar_close(&calendar);
}

/* The law's term would end on the 12th. */
static void a_clock_is_not_made_shorter_than_it_was_told(void **state)
{
    struct world *w = *state;
    begin(w, &check);
    struct calendar *calendar = newyear_reload(w, WORKING_SATURDAY);
    live_until(w, date_end_ms(check.told) - 1);
    assert_over(w, &check, 0);
    world_pass(w, 1);
    assert_over(w, &check, 1);
    assert_int_equal(world_status(w, "terms_recounted"), 0);
    calendar_close(&calendar);
}

/* ---- suspended ---- */

/* The term of a penalty decision, which a referral suspends, in working days. */
static const struct term_of penalty = {"T03", 20261228,  20270105, 20270106,
                                       MPA,   MPA_UPPER, NULL,     {"penalty", {SUSPECTED}}};
static const struct leg referral[] = {REFERRED, RECEIVED};
static const struct leg not_filed = NOT_FILED;

static void begin_penalty(struct world *w)
{
    gatebook_reword(w, "en: penalty decision, term: 90 days",
                    "en: penalty decision, term: 5 working_days");
    begin(w, &penalty);
    on(w, 20261229);
    for (size_t i = 0; i < T_COUNT(referral); i++)
        assert_int_equal(casepath_send(w, &penalty.path, &referral[i]), 0);
}

static void resume_penalty(struct world *w)
{
    on(w, 20261230);
    assert_int_equal(casepath_send(w, &penalty.path, &not_filed), 0);
}

/* Four of the five working days were left on 29 December. */
static void what_a_suspension_left_is_counted_with_the_days_announced_meanwhile(void **state)
{
    struct world *w = *state;
    begin_penalty(w);
    struct calendar *calendar = newyear_reload(w, NEW_YEAR);
    resume_penalty(w);
    assert_ends_as_the_law_says(w, &penalty);
    calendar_close(&calendar);
}

static void what_ran_on_after_a_suspension_is_counted_anew_too(void **state)
{
    struct world *w = *state;
    begin_penalty(w);
    resume_penalty(w);
    struct calendar *calendar = newyear_reload(w, NEW_YEAR);
    assert_ends_as_the_law_says(w, &penalty);
    calendar_close(&calendar);
}

/* ---- over already ---- */

static void a_right_that_was_lost_too_early_is_there_again(void **state)
{
    static const struct path path = {"right", {REFERRED, RECEIVED, NOT_FILED}};
    static const struct leg reconsider = {
        "T16", "", "case.reconsider", MPA, {PS}, 1, PS, "RECONSIDER", 0, NULL, NULL};
    struct world *w = *state;
    on(w, 20261229);
    casepath_go(w, &path, 0);
    on(w, 20270102);
    assert_int_equal(casepath_send(w, &path, &reconsider), ERR_CASE_LAPSED);
    struct calendar *calendar = newyear_reload(w, NEW_YEAR);
    assert_int_equal(casepath_send(w, &path, &reconsider), 0);
    calendar_close(&calendar);
}

/* A decision of the 3rd kept the term that ended on the 4th. */
static void a_clock_that_was_stopped_shows_the_end_that_the_law_says(void **state)
{
    struct world *w = *state;
    char end[CLOCK_TEXT_LEN + 1];
    on(w, 20261229);
    work_take(w, &WORK_REFERRED);
    work_take(w, &WORK_TAKEN);
    on(w, 20270103);
    work_take(w, &WORK_FILED);
    clock_format(date_end_ms(20270101), end);
    assert_string_equal(work_clock(w, "T13", "due"), end);
    struct calendar *calendar = newyear_reload(w, NEW_YEAR);
    clock_format(date_end_ms(20270104), end);
    assert_string_equal(work_clock(w, "T13", "due"), end);
    assert_string_equal(work_clock(w, "T13", "state"), "stopped");
    calendar_close(&calendar);
}

/* ---- outside of cases ---- */

static const char CLUE[] = "{\"number\":\"1\",\"source\":\"complaint\",\"suspect\":" PUNISHED
                           ",\"facts\":\"略\",\"date\":\"2026-12-30\",\"officer\":\"承办人\"}";

static struct mail clue_to(const char *member)
{
    return (struct mail){.from = HEALTH,
                         .type = "clue",
                         .to = {member},
                         .conversation = "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5",
                         .sealed = CLUE};
}

static void the_clock_of_a_conversation_follows_too(void **state)
{
    static const struct term_of answer = {"CLUE-ANSWER", 20261230,  20270108, 20270111,
                                          MPA,           MPA_UPPER, HEALTH,   {.name = ""}};
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    const struct mail mail = clue_to(MPA);
    on(w, answer.first_day);
    world_send(w, &mail, env_id);
    assert_int_equal(world_code(w, HEALTH, env_id), 0);
    struct calendar *calendar = newyear_reload(w, NEW_YEAR);
    assert_ends_as_the_law_says(w, &answer);
    calendar_close(&calendar);
}

/* ---- over several hubs ---- */

static size_t told(struct realm *r, const char *member, lianshu_HubNoticeKind kind)
{
    return work_told(realm_home(r, member), member, kind, "CLUE-ANSWER");
}

static void assert_told(struct realm *r, size_t times)
{
    assert_int_equal(told(r, MPA_UPPER, OVERDUE), times);
    assert_int_equal(told(r, HEALTH, UNANSWERED), times);
}

/* Each hub has a calendar of its own and takes the new one when it gets it. */
static void a_clock_that_several_hubs_keep_comes_to_the_same_end_at_each(void **state)
{
    static const struct realm_hub country[] = {
        {.region = "440000"}, {.region = "445100"}, {.region = "445200"}};
    struct calendar *calendar[T_COUNT(country)];
    (void)state;
    struct realm *r = realm_new(country, T_COUNT(country));
    realm_pass(r, date_start_ms(20261230) + 10 * (uint64_t)HOUR_MS - r->now_ms);
    realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
    struct mail mail = clue_to(MPA_OTHER);
    mail.expires_ms = r->now_ms + 10 * (uint64_t)DAY_MS;
    const struct sent sent = realm_send(r, &mail);
    assert_int_equal(world_code(realm_home(r, HEALTH), HEALTH, sent.env_id), 0);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    for (size_t i = 0; i < T_COUNT(country); i++) {
        calendar[i] = newyear_take(realm_world(r, country[i].region), NEW_YEAR);
        realm_live(r, DAY_MS, 2 * HOUR_MS);
    }
    realm_live(r, date_end_ms(20270108) + HOUR_MS - r->now_ms, 2 * HOUR_MS);
    realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
    assert_told(r, 0);
    realm_live(r, date_end_ms(20270111) + HOUR_MS - r->now_ms, 2 * HOUR_MS);
    realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
    assert_told(r, 1);
    realm_live(r, DAY_MS, 2 * HOUR_MS);
    assert_told(r, 1);
    realm_free(r);
    for (size_t i = 0; i < T_COUNT(country); i++)
        calendar_close(&calendar[i]);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, casepath_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_clock_that_has_begun_ends_where_the_law_says_when_its_days_are_announced),
        CASE(so_it_does_when_the_hub_is_stopped_before_it_was_counted),
        CASE(what_was_called_overdue_too_early_is_not_and_is_said_again_at_the_true_end),
        CASE(a_clock_is_not_made_shorter_than_it_was_told),
        CASE(what_a_suspension_left_is_counted_with_the_days_announced_meanwhile),
        CASE(what_ran_on_after_a_suspension_is_counted_anew_too),
        CASE(a_right_that_was_lost_too_early_is_there_again),
        CASE(a_clock_that_was_stopped_shows_the_end_that_the_law_says),
        CASE(the_clock_of_a_conversation_follows_too),
        cmocka_unit_test(a_clock_that_several_hubs_keep_comes_to_the_same_end_at_each),
    };
    return cmocka_run_group_tests_name("recount_clocks", tests, NULL, NULL);
}
