/* The edges of the calendar: the end of a month, of a year, of February; long holidays and the
 * weekends that make up for them; a year that nobody has announced yet; a stay over a holiday; and
 * the last millisecond of an order. Days were counted by hand on the calendar of 2026: holidays
 * 25–27 September and 1–7 October, working Saturdays and Sundays 9 May, 20 September, 10 October.
 */
#include "scenario/rulebook.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

#define MARKET      "market.445100"
#define QUERY       "{\"cmd\":\"order\",\"id\":\"" FINE_ID "\"}"
#define OBLIGATIONS "{\"cmd\":\"obligations\"}"

/* ---- months and years ---- */

static const struct play plays[] = {
    /* 民法典 202: the corresponding day, or the last one of the month. */
    {PLAY("half_a_year_from_the_31st_ends_on_the_30th", "MI38", "insurance.445100",
          "insurance_fraud", "MI38", "MI38"),
     .kind = "institution", .decided = "2026-03-31", .max = "2026-09-30",
     .line = {NOT_INSURED("2026-09-30")}},
    {PLAY("half_a_year_from_the_31st_is_not_over_on_the_29th", "MI38", "insurance.445100",
          "insurance_fraud", "MI38", "MI38"),
     .kind = "institution", .decided = "2026-03-31", .max = "2026-09-29", .refused = ERR_TERM},
    {PLAY("eighteen_months_from_the_31st_end_with_february", "VL85", "health.440000", "statute_ban",
          "VL87", "VL87"),
     .kind = "institution", .decided = "2025-08-31", .max = "2027-02-28",
     .line = {REVOKED(0, "2027-02-28")}},
    {PLAY("eighteen_months_from_the_31st_are_over_on_the_first_of_march", "VL85", "health.440000",
          "statute_ban", "VL87", "VL87"),
     .kind = "institution", .decided = "2025-08-31", .max = "2027-03-01", .refused = ERR_TERM},
    {PLAY("three_years_from_a_leap_day_end_with_february", "R10-2023", MARKET, "penalty_record",
          "penalty_larger_fine", "AP48"),
     .decided = "2024-02-29", .max = "2027-02-28", .ordinary = true,
     .line = {PUBLISHED(MARKET, "2027-02-28")}},
    {PLAY("three_years_from_a_leap_day_are_over_on_the_first_of_march", "R10-2023", MARKET,
          "penalty_record", "penalty_larger_fine", "AP48"),
     .decided = "2024-02-29", .max = "2027-03-01", .ordinary = true, .refused = ERR_TERM},
    {PLAY("a_year_from_a_leap_day_is_repaired_at_the_end_of_february", "R10-2023", MARKET,
          "penalty_record", "penalty_larger_fine", "AP48"),
     .decided = "2024-02-29", .max = "2027-02-28", .repair = "2025-02-27", .ordinary = true,
     .refused = ERR_TERM},
    {PLAY("the_head_of_a_firm_revoked_on_a_leap_day_is_locked_out_until_february_ends", "R07-2018",
          MARKET, "licence_revoked", "licence_revoked", "CL146-4"),
     .persons = "L", .decided = "2024-02-29", .max = "2027-02-28",
     .line = {NO_POST(1, "2027-02-28"), PUBLISHED(MARKET, "2027-02-28")}},
    {PLAY("an_entry_ends_at_24_of_a_leap_day", "R21", MARKET, "serious_dishonesty", "SAMR44_11",
          "SAMR44-11"),
     .max = "2028-02-29", .line = {LISTED(MARKET, "2028-02-29")}},
    {PLAY("an_entry_ends_with_the_year", "R10", MARKET, "penalty_record", "penalty_larger_fine",
          "AP48"),
     .max = "2026-12-31", .ordinary = true, .line = {PUBLISHED(MARKET, "2026-12-31")}},
};

/* ---- sentences about one fine ---- */

static void fines(struct world *w, const char *max, const char *repair)
{
    assert_int_equal(rulebook_fine(w, (struct paper){.max = max, .repair = repair}), 0);
}

static struct mail change_of(struct world *w, const char *type, uint32_t version,
                             char body[static PAPER_MAX])
{
    char subject[256];
    char today[16];
    rulebook_subject(NULL, 0, subject);
    rulebook_date(w, today);
    const struct paper paper = {
        .subject = subject, .order_id = FINE_ID, .version = version, .decided = today};
    paper_change(&paper, body);
    return (struct mail){.from = MARKET, .type = type, .to = {"hub.445100"}, .facts = body};
}

static uint32_t changes(struct world *w, const char *type, uint32_t version)
{
    char body[PAPER_MAX];
    const struct mail mail = change_of(w, type, version, body);
    world_send(w, &mail, book_env_id);
    return world_code(w, MARKET, book_env_id);
}

/* ---- long holidays ---- */

/* Three working days from the eve of the national holiday: 8, 9, and Saturday 10 October. */
static void a_term_over_a_long_holiday_counts_the_saturday_that_makes_up_for_it(void **state)
{
    struct world *w = *state;
    const lianshu_WarningTerm answer = lianshu_WarningTerm_TERM_ANSWER;
    rulebook_on(w, 20260930);
    fines(w, "2027-09-30", NULL);
    rulebook_assert_due(w, 20261010, 1);
    rulebook_until(w, "2026-10-10", 1);
    assert_int_equal(book_warnings(w, MARKET, NULL, 100, answer), 0);
    world_pass(w, 1);
    assert_int_equal(book_warnings(w, MARKET, NULL, 100, answer), 1);
    assert_int_equal(book_warnings(w, "market.440000", MARKET, 100, answer), 1);
}

static void what_begins_on_a_working_sunday_counts_from_the_monday_on(void **state)
{
    struct world *w = *state;
    rulebook_on(w, 20260920);
    fines(w, "2027-09-20", NULL);
    rulebook_assert_due(w, 20260923, 1);
}

/* ---- orders that begin later ---- */

static void fines_from(struct world *w, const char *start)
{
    const struct paper paper = {.start = start, .max = "2026-12-31"};
    assert_int_equal(rulebook_fine(w, paper), 0);
}

static void assert_executed_until(struct world *w, uint32_t last)
{
    char due[CLOCK_TEXT_LEN + 1];
    clock_format(date_end_ms(last), due);
    assert_string_equal(book_first(w, OBLIGATIONS, "obligations", "execute_due"), due);
}

/* It is answered from its notice on; nobody can execute before 20 April what begins then: twenty
 * working days from there, with Saturday 9 May, are over on 20 May. */
static void what_begins_later_is_to_be_executed_from_its_first_day_on(void **state)
{
    struct world *w = *state;
    const lianshu_WarningTerm execute = lianshu_WarningTerm_TERM_EXECUTE;
    fines_from(w, "2026-04-20");
    rulebook_assert_due(w, 20260407, 1);
    assert_executed_until(w, 20260520);
    rulebook_until(w, "2026-04-30", 0); /* twenty working days from the notice */
    assert_int_equal(book_warnings(w, MARKET, NULL, 80, execute), 0);
    rulebook_until(w, "2026-05-20", 1);
    assert_int_equal(book_warnings(w, MARKET, NULL, 80, execute), 1);
    assert_int_equal(book_warnings(w, MARKET, NULL, 100, execute), 0);
    world_pass(w, 1);
    assert_int_equal(book_warnings(w, MARKET, NULL, 100, execute), 1);
}

/* A stay that is over before the first day has taken nothing of that term. */
static void a_stay_before_the_first_day_takes_nothing_of_the_term_to_execute(void **state)
{
    struct world *w = *state;
    fines_from(w, "2026-04-20");
    rulebook_on(w, 20260403);
    assert_int_equal(changes(w, "sanction.suspend", 2), 0);
    rulebook_on(w, 20260410);
    assert_int_equal(changes(w, "sanction.resume", 3), 0);
    struct json *json = world_ask(w, OBLIGATIONS);
    const struct json *rows = json_get(json, "obligations");
    char due[CLOCK_TEXT_LEN + 1];
    size_t found = 0;
    clock_format(date_end_ms(20260520), due);
    for (size_t i = 0; i < json_count(rows); i++)
        found += strcmp(json_get_text(json_item(rows, i), "state"), "delivered") == 0 &&
                 strcmp(json_get_text(json_item(rows, i), "execute_due"), due) == 0;
    json_close(&json);
    assert_int_equal(found, 1);
}

/* ---- stays ---- */

/* Of three working days from 28 September the 29th has begun: the 30th and 8 October are left. */
static void what_a_stay_left_of_a_term_is_counted_from_within_a_holiday(void **state)
{
    struct world *w = *state;
    rulebook_on(w, 20260928);
    fines(w, "2027-09-28", NULL);
    rulebook_assert_due(w, 20261008, 1);
    rulebook_on(w, 20260929);
    assert_int_equal(changes(w, "sanction.suspend", 2), 0);
    rulebook_on(w, 20261003);
    assert_int_equal(changes(w, "sanction.resume", 3), 0);
    rulebook_assert_due(w, 20261009, 1);
}

/* What was left was the rest of one working day: it is a working day that it ends on. */
static void a_stay_on_the_last_day_that_ends_in_a_holiday_leaves_the_next_working_day(void **state)
{
    struct world *w = *state;
    rulebook_on(w, 20260924);
    fines(w, "2027-09-24", NULL);
    rulebook_assert_due(w, 20260930, 1);
    rulebook_on(w, 20260930);
    assert_int_equal(changes(w, "sanction.suspend", 2), 0);
    rulebook_on(w, 20261002);
    assert_int_equal(changes(w, "sanction.resume", 3), 0);
    rulebook_assert_due(w, 20261008, 1);
}

static void a_stay_that_ends_on_a_working_day_leaves_that_day(void **state)
{
    struct world *w = *state;
    rulebook_on(w, 20260924);
    fines(w, "2027-09-24", NULL);
    rulebook_on(w, 20260930);
    assert_int_equal(changes(w, "sanction.suspend", 2), 0);
    rulebook_on(w, 20261010);
    assert_int_equal(changes(w, "sanction.resume", 3), 0);
    rulebook_assert_due(w, 20261010, 1);
}

/* ---- a year that nobody has announced ---- */

/* The hub starts anew with another calendar. */
static struct calendar *announce(struct world *w, const char *text)
{
    struct calendar *calendar = NULL;
    assert_int_equal(calendar_parse(&calendar, span_str(text), "calendar.csv", NULL), OK);
    w->calendar = calendar;
    world_restart(w);
    return calendar;
}

#define NEW_YEAR                                                                                   \
    "date,kind,name\n2026-10-10,workday,国庆节\n2027-01-01,holiday,元旦\n"                    \
    "2027-01-02,holiday,元旦\n2027-01-03,holiday,元旦\n"

static void a_term_over_the_new_year_leaves_its_holidays_out_once_they_are_announced(void **state)
{
    struct world *w = *state;
    rulebook_on(w, 20261230);
    struct calendar *calendar = announce(w, NEW_YEAR);
    fines(w, "2027-12-30", NULL);
    rulebook_assert_due(w, 20270105, 1); /* Thursday 31 December, Monday 4 and Tuesday 5 January */
    assert_int_equal(world_status(w, "terms_beyond_calendar"), 0);
    rulebook_until(w, "2027-01-05", 1);
    assert_int_equal(book_warnings(w, MARKET, NULL, 100, lianshu_WarningTerm_TERM_ANSWER), 0);
    calendar_close(&calendar);
}

/* Without them it ends a day too early: the hub counts, and has told it. */
static void a_term_beyond_the_calendar_is_counted_by_weekends_and_never_in_silence(void **state)
{
    struct world *w = *state;
    rulebook_on(w, 20261230);
    assert_true(world_status(w, "terms_beyond_calendar") > 100);
    fines(w, "2027-12-30", NULL);
    rulebook_assert_due(w, 20270104, 1);
}

static bool status_says(struct world *w, const char *key, const char *text)
{
    struct json *json = world_ask(w, "{\"cmd\":\"status\"}");
    const char *value = json_get_text(json, key);
    const bool flag = value == NULL && json_flag(json_get(json, key));
    const bool same = strcmp(value != NULL ? value : flag ? "true" : "", text) == 0;
    json_close(&json);
    return same;
}

struct heard {
    int ends[2];
};

static struct heard listen_to_log(void)
{
    struct heard heard;
    assert_int_equal(pipe(heard.ends), 0);
    log_open(heard.ends[1], LOG_LEVEL_WARN);
    return heard;
}

/* How often the event was logged since; nobody listens any more. */
static size_t logged(struct heard *heard, const char *event, const char *says)
{
    static char text[64 << 10];
    size_t count = 0;
    log_open(STDERR_FILENO, LOG_LEVEL_WARN);
    close(heard->ends[1]);
    const ssize_t len = read(heard->ends[0], text, sizeof text - 1);
    assert_true(len >= 0);
    close(heard->ends[0]);
    text[len] = '\0';
    for (const char *at = text; (at = strstr(at, event)) != NULL; at += strlen(event)) {
        count++;
        assert_non_null(strstr(at, says));
    }
    return count;
}

static void a_calendar_that_ends_before_a_term_does_is_told_each_day(void **state)
{
    struct world *w = *state;
    assert_true(status_says(w, "calendar_until", "2026-12-31"));
    assert_true(status_says(w, "calendar_short", ""));
    struct heard heard = listen_to_log();
    rulebook_on(w, 20261001); /* every term that begins today still ends within the year */
    assert_int_equal(logged(&heard, "calendar_short", ""), 0);
    heard = listen_to_log();
    rulebook_on(w, 20261228);
    world_pass(w, HOUR_MS);
    world_restart(w);
    rulebook_on(w, 20261229);
    world_pass(w, HOUR_MS);
    assert_int_equal(logged(&heard, "calendar_short", "until=2026-12-31"), 3); /* and its start */
    assert_true(status_says(w, "calendar_short", "true"));
    heard = listen_to_log();
    rulebook_on(w, 20270101);
    assert_int_equal(logged(&heard, "calendar_short", "until=none"), 1);
    assert_true(status_says(w, "calendar_until", ""));
}

static void a_new_calendar_ends_the_alarm(void **state)
{
    struct world *w = *state;
    rulebook_on(w, 20261230);
    assert_true(status_says(w, "calendar_short", "true"));
    struct calendar *calendar = NULL;
    assert_int_equal(calendar_parse(&calendar, span_str(NEW_YEAR), "calendar.csv", NULL), OK);
    w->calendar = calendar; /* as after a reload */
    assert_int_equal(core_rules(w->core, w->rules, w->retention, w->volume, calendar), OK);
    world_turn(w);
    assert_true(status_says(w, "calendar_short", ""));
    assert_true(status_says(w, "calendar_until", "2027-12-31"));
    fines(w, "2027-12-30", NULL);
    rulebook_assert_due(w, 20270105, 1);
    calendar_close(&calendar);
}

/* ---- the last millisecond ---- */

static void assert_history(struct world *w, const char *state, size_t rows)
{
    assert_int_equal(book_count(w, QUERY, "history", NULL, ""), rows);
    assert_int_equal(book_count(w, QUERY, "history", "state", state), 1);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), 1); /* told once */
    rulebook_assert_nothing_left(w);
}

static void fined_and_obeyed(struct world *w)
{
    fines(w, "2026-12-31", "2026-07-01");
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE), 1);
}

static void a_lift_in_the_last_millisecond_lifts_and_nothing_expires_after_it(void **state)
{
    struct world *w = *state;
    fined_and_obeyed(w);
    rulebook_until(w, "2026-12-31", 1);
    assert_int_equal(changes(w, "sanction.lift", 2), 0);
    world_pass(w, 1);
    world_pass(w, DAY_MS);
    assert_history(w, "lifted", 2);
}

/* The millisecond after it is another day, whichever the hub looks at first. */
static void a_lift_in_the_millisecond_of_the_end_finds_the_order_over(void **state)
{
    struct world *w = *state;
    fined_and_obeyed(w);
    rulebook_until(w, "2026-12-31", 0); /* the clock has been looked at */
    assert_int_equal(changes(w, "sanction.lift", 2), ERR_ORDER_STATE);
    assert_history(w, "expired", 2);
}

static void a_lift_that_arrives_before_the_clock_is_looked_at_finds_the_order_over_too(void **state)
{
    struct world *w = *state;
    char body[PAPER_MAX];
    fined_and_obeyed(w);
    rulebook_until(w, "2026-12-31", 1);
    w->now_ms += 1; /* nobody has ticked */
    const struct mail mail = change_of(w, "sanction.lift", 2, body);
    world_make(w, &mail, book_env_id, NULL);
    world_push(w, MARKET);
    world_turn(w);
    assert_int_equal(world_code(w, MARKET, book_env_id), ERR_ORDER_STATE);
    assert_history(w, "expired", 2);
}

/* Taken in the last millisecond, committed in the next one: it was in time. */
static void a_lift_whose_batch_lands_on_the_next_day_was_in_time(void **state)
{
    struct world *w = *state;
    char body[PAPER_MAX];
    fined_and_obeyed(w);
    rulebook_until(w, "2026-12-31", 1);
    const struct mail mail = change_of(w, "sanction.lift", 2, body);
    world_make(w, &mail, book_env_id, NULL);
    world_push(w, MARKET);
    w->now_ms += 1;
    world_turn(w);
    assert_int_equal(world_code(w, MARKET, book_env_id), 0);
    assert_history(w, "lifted", 2);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, rulebook_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_term_over_a_long_holiday_counts_the_saturday_that_makes_up_for_it),
        CASE(what_begins_on_a_working_sunday_counts_from_the_monday_on),
        CASE(what_begins_later_is_to_be_executed_from_its_first_day_on),
        CASE(a_stay_before_the_first_day_takes_nothing_of_the_term_to_execute),
        CASE(what_a_stay_left_of_a_term_is_counted_from_within_a_holiday),
        CASE(a_stay_on_the_last_day_that_ends_in_a_holiday_leaves_the_next_working_day),
        CASE(a_stay_that_ends_on_a_working_day_leaves_that_day),
        CASE(a_term_over_the_new_year_leaves_its_holidays_out_once_they_are_announced),
        CASE(a_term_beyond_the_calendar_is_counted_by_weekends_and_never_in_silence),
        CASE(a_calendar_that_ends_before_a_term_does_is_told_each_day),
        CASE(a_new_calendar_ends_the_alarm),
        CASE(a_lift_in_the_last_millisecond_lifts_and_nothing_expires_after_it),
        CASE(a_lift_in_the_millisecond_of_the_end_finds_the_order_over),
        CASE(a_lift_that_arrives_before_the_clock_is_looked_at_finds_the_order_over_too),
        CASE(a_lift_whose_batch_lands_on_the_next_day_was_in_time),
    };
    const int failed = cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
    return failed + rulebook_run("months and years", plays, T_COUNT(plays));
}
