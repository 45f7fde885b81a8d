/* Days that are announced after a term has begun: it is counted anew, and never made shorter than
 * it was told. */
#include "scenario/newyear.h"
#include "scenario/rulebook.h"

#include "base/clock.h"

#include <stdio.h>

#define MARKET  "market.445100"
#define QUERY   "{\"cmd\":\"order\",\"id\":\"" FINE_ID "\"}"
#define OVERDUE "{\"cmd\":\"obligations\",\"overdue\":\"yes\"}"

enum { MANY = 40 };

static void fines(struct world *w, const char *max, const char *repair)
{
    assert_int_equal(rulebook_fine(w, (struct paper){.max = max, .repair = repair}), 0);
}

static uint32_t changes(struct world *w, const char *type, uint32_t version)
{
    return rulebook_change(w, MARKET, type, FINE_ID, version, NULL);
}

/* Answered by 4 January, as weekends alone say; 1 to 3 January are holidays, and nobody is late on
 * Monday the 4th. */
static void a_term_that_has_begun_is_counted_anew_when_its_days_are_announced(void **state)
{
    struct world *w = *state;
    const lianshu_WarningTerm answer = lianshu_WarningTerm_TERM_ANSWER;
    rulebook_on(w, 20261230);
    fines(w, "2027-12-30", NULL);
    rulebook_assert_due(w, 20270104, 1);
    struct calendar *calendar = newyear_reload(w, NEW_YEAR);
    rulebook_assert_due(w, 20270105, 1);
    rulebook_until(w, "2027-01-05", 1);
    assert_int_equal(book_warnings(w, MARKET, NULL, 100, answer), 0);
    world_pass(w, 1);
    assert_int_equal(book_warnings(w, MARKET, NULL, 100, answer), 1);
    calendar_close(&calendar);
}

/* What was said of the shorter term is not true of the longer one. */
static void
who_was_called_late_too_early_is_not_late_and_is_warned_again_at_the_true_end(void **state)
{
    struct world *w = *state;
    const lianshu_WarningTerm answer = lianshu_WarningTerm_TERM_ANSWER;
    rulebook_on(w, 20261230);
    fines(w, "2027-12-30", NULL);
    rulebook_on(w, 20270105);
    assert_int_equal(book_warnings(w, MARKET, NULL, 100, answer), 1);
    assert_int_equal(book_count(w, OVERDUE, "obligations", NULL, ""), 1);
    struct calendar *calendar = newyear_restart(w, NEW_YEAR);
    rulebook_assert_due(w, 20270105, 1);
    assert_int_equal(book_count(w, OVERDUE, "obligations", NULL, ""), 0);
    rulebook_until(w, "2027-01-05", 0);
    assert_int_equal(book_warnings(w, MARKET, NULL, 100, answer), 2);
    assert_int_equal(book_count(w, OVERDUE, "obligations", NULL, ""), 1);
    calendar_close(&calendar);
}

/* The law's term would end on Saturday the 2nd: whoever was told the 4th may rely on that. */
static void a_term_that_was_told_is_not_made_shorter(void **state)
{
    struct world *w = *state;
    rulebook_on(w, 20261230);
    fines(w, "2027-12-30", NULL);
    rulebook_assert_due(w, 20270104, 1);
    rulebook_on(w, 20261231);
    struct calendar *calendar = newyear_reload(w, WORKING_SATURDAY);
    rulebook_assert_due(w, 20270104, 1);
    assert_int_equal(world_status(w, "terms_recounted"), 0);
    calendar_close(&calendar);
}

/* Two of the three working days were left on 30 December. */
static void what_a_stay_left_of_a_term_is_counted_with_the_days_announced_meanwhile(void **state)
{
    struct world *w = *state;
    rulebook_on(w, 20261229);
    fines(w, "2027-12-29", NULL);
    rulebook_on(w, 20261230);
    assert_int_equal(changes(w, "sanction.suspend", 2), 0);
    struct calendar *calendar = newyear_reload(w, NEW_YEAR);
    rulebook_on(w, 20270104);
    assert_int_equal(changes(w, "sanction.resume", 3), 0);
    rulebook_assert_due(w, 20270106, 1);
    calendar_close(&calendar);
}

static void what_ran_on_after_a_stay_is_counted_anew_too(void **state)
{
    struct world *w = *state;
    rulebook_on(w, 20261229);
    fines(w, "2027-12-29", NULL);
    rulebook_on(w, 20261230);
    assert_int_equal(changes(w, "sanction.suspend", 2), 0);
    rulebook_on(w, 20261231);
    assert_int_equal(changes(w, "sanction.resume", 3), 0);
    rulebook_assert_due(w, 20270104, 1);
    struct calendar *calendar = newyear_reload(w, NEW_YEAR);
    rulebook_assert_due(w, 20270105, 1);
    calendar_close(&calendar);
}

/* A repair is received within two working days and decided within ten. */
static void the_terms_of_a_request_are_counted_anew_too(void **state)
{
    struct world *w = *state;
    char body[1024];
    char subject[256];
    char before[CLOCK_TEXT_LEN + 1];
    rulebook_on(w, 20260930);
    fines(w, "2027-09-30", "2026-12-30");
    rulebook_on(w, 20261230);
    rulebook_subject(NULL, 0, subject);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"order_id\":\"" FINE_ID "\",\"reference\":\"Q-1\","
             "\"date\":\"2026-12-30\",\"commitment\":true}",
             subject);
    assert_int_equal(book_send(w, "credit.445100", "repair.request", body, NULL, MARKET), 0);
    snprintf(before, sizeof before, "%s", book_first(w, QUERY, "redress", "due"));
    struct calendar *calendar = newyear_reload(w, NEW_YEAR);
    char after[CLOCK_TEXT_LEN + 1];
    snprintf(after, sizeof after, "%s", book_first(w, QUERY, "redress", "due"));
    assert_true(strcmp(before, after) < 0);
    calendar_close(&calendar);
}

/* However many they are: in steps, and again from the beginning when the hub is stopped between. */
static void every_term_is_counted_anew_though_the_hub_is_stopped_meanwhile(void **state)
{
    struct world *w = *state;
    rulebook_on(w, 20261230);
    for (unsigned i = 0; i < MANY; i++) {
        char id[33];
        snprintf(id, sizeof id, "%08x%024u", i + 1, 0);
        assert_int_equal(rulebook_fine(w, (struct paper){.order_id = id, .max = "2027-12-30"}), 0);
        rulebook_put_away(w);
    }
    struct calendar *calendar = newyear_take(w, NEW_YEAR);
    world_restart(w);
    world_turn(w);
    rulebook_assert_due(w, 20270105, MANY);
    world_restart(w);
    world_turn(w);
    rulebook_assert_due(w, 20270105, MANY);
    assert_int_equal(world_status(w, "terms_recounted"), MANY);
    calendar_close(&calendar);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, rulebook_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_term_that_has_begun_is_counted_anew_when_its_days_are_announced),
        CASE(who_was_called_late_too_early_is_not_late_and_is_warned_again_at_the_true_end),
        CASE(a_term_that_was_told_is_not_made_shorter),
        CASE(what_a_stay_left_of_a_term_is_counted_with_the_days_announced_meanwhile),
        CASE(what_ran_on_after_a_stay_is_counted_anew_too),
        CASE(the_terms_of_a_request_are_counted_anew_too),
        CASE(every_term_is_counted_anew_though_the_hub_is_stopped_meanwhile),
    };
    return cmocka_run_group_tests_name("recount", tests, NULL, NULL);
}
