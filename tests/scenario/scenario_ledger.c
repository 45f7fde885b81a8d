/* The ledger of obligations: terms and their warnings, stays, corrections, ends by the clock, and
 * members that come later. */
#include "scenario/ledgerbook.h"

#include "base/clock.h"
#include "core/state.h"

#include <stdlib.h>

#define ORDER_QUERY    "{\"cmd\":\"order\",\"id\":\"" ORDER_ID "\"}"
#define FINE_QUERY     "{\"cmd\":\"order\",\"id\":\"" FINE_ID "\"}"
#define SHORT_FINE     FINE_BODY(FINE_ID, "1", "潮市监罚〔2026〕8号", "2026-04-01", "", "2026-04-20")
#define EXPLAIN        "{\"cmd\":\"explain\",\"id\":\"" ORDER_ID "\"}"
#define OVERDUE        "{\"cmd\":\"obligations\",\"overdue\":\"yes\"}"
#define OVERDUE_POLICE "{\"cmd\":\"obligations\",\"overdue\":\"yes\",\"member\":\"police.445100\"}"

static const lianshu_WarningTerm ANY = lianshu_WarningTerm_TERM_NONE;

static int wide_setup(void **state)
{
    world_setup(state);
    world_widen(*state);
    acts_connect(*state);
    return 0;
}

static uint32_t order(struct world *w)
{
    uint8_t env_id[HASH_LEN];
    acts_order(w, env_id);
    return world_code(w, "market.445100", env_id);
}

static uint32_t change(struct world *w, const char *type, const char *body)
{
    return book_send(w, "market.445100", type, body, "AP48", NULL);
}

/* The police owes two measures; each has a term to answer and one to execute. */
static void each_term_is_warned_of_at_50_80_and_100_percent_once(void **state)
{
    struct world *w = *state;
    assert_int_equal(order(w), 0);
    assert_int_equal(book_warnings(w, "police.445100", NULL, 0, ANY), 0);
    book_days(w, 60);
    assert_int_equal(book_warnings(w, "police.445100", NULL, 50, ANY), 4);
    assert_int_equal(book_warnings(w, "police.445100", NULL, 80, ANY), 4);
    assert_int_equal(book_warnings(w, "police.445100", NULL, 100, ANY), 4);
    assert_int_equal(book_warnings(w, "police.445100", NULL, 100, lianshu_WarningTerm_TERM_ANSWER),
                     2);
    world_settle(w);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

static void warnings_come_once_also_after_restarts_and_after_a_step_of_the_clock(void **state)
{
    struct world *w = *state;
    assert_int_equal(order(w), 0);
    book_days(w, 5);
    world_restart(w);
    world_turn(w);
    size_t before = book_warnings(w, "police.445100", NULL, 0, ANY);
    assert_true(before > 0 && before < 12);
    w->now_ms -= 2 * (uint64_t)DAY_MS; /* set back: nothing is said again */
    world_turn(w);
    world_restart(w);
    assert_int_equal(book_warnings(w, "police.445100", NULL, 0, ANY), before);
    world_pass(w, 70 * (uint64_t)DAY_MS); /* set forward */
    world_restart(w);
    world_pass(w, DAY_MS);
    assert_int_equal(book_warnings(w, "police.445100", NULL, 0, ANY), 12);
}

static void what_is_answered_or_executed_is_not_warned_of(void **state)
{
    struct world *w = *state;
    static lianshu_SanctionNotice notice;
    uint8_t env_id[HASH_LEN];
    assert_int_equal(order(w), 0);
    for (size_t i = 0; i < 2; i++) {
        acts_read_notice(world_got(w, "police.445100", "sanction.notice", i), &notice);
        acts_answer(w, "police.445100", &notice, i == 0 ? "accepted" : "declined", env_id);
        assert_int_equal(world_code(w, "police.445100", env_id), 0);
    }
    book_days(w, 60);
    assert_int_equal(book_warnings(w, "police.445100", NULL, 0, lianshu_WarningTerm_TERM_ANSWER),
                     0);
    assert_int_equal(book_warnings(w, "police.445100", NULL, 0, lianshu_WarningTerm_TERM_EXECUTE),
                     3); /* the accepted one is not executed */
    assert_true(book_warnings(w, "health.445100", NULL, 0, ANY) > 0);
}

static void at_the_end_of_a_term_the_superior_hears_of_it_and_not_before(void **state)
{
    struct world *w = *state;
    assert_int_equal(order(w), 0);
    world_enrol(w, "market.440000");
    book_days(w, 60);
    size_t owed = book_warnings(w, "market.445100", "market.445100", 100, ANY);
    assert_true(owed > 0);
    assert_int_equal(book_warnings(w, "market.440000", "market.445100", 100, ANY), owed);
    assert_int_equal(book_warnings(w, "market.440000", "market.445100", 50, ANY), 0);
    assert_int_equal(book_warnings(w, "market.440000", "market.445100", 80, ANY), 0);
    assert_int_equal(book_warnings(w, "market.440000", "police.445100", 0, ANY), 0);
}

static void the_overdue_list_names_who_is_late_by_how_much_and_nobody_else(void **state)
{
    struct world *w = *state;
    assert_int_equal(order(w), 0);
    assert_int_equal(book_count(w, OVERDUE, "obligations", NULL, ""), 0);
    book_days(w, 30);
    size_t all = book_count(w, OVERDUE, "obligations", NULL, "");
    assert_int_equal(all, 22);
    assert_int_equal(book_count(w, OVERDUE_POLICE, "obligations", NULL, ""), 2);
    assert_int_equal(book_count(w, OVERDUE_POLICE, "obligations", "overdue_hours", "0"), 0);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    assert_int_equal(book_count(w, OVERDUE, "obligations", NULL, ""), 0);
}

static void who_sanctions_on_after_the_end_is_warned_and_stands_in_the_list(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    assert_int_equal(order(w), 0);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    acts_annul(w, env_id);
    assert_int_equal(world_code(w, "market.445100", env_id), 0);
    book_days(w, 14);
    assert_int_equal(book_warnings(w, "police.445100", NULL, 0, lianshu_WarningTerm_TERM_LIFT), 6);
    assert_int_equal(book_count(w, OVERDUE_POLICE, "obligations", "state", "lift_due"), 2);
    acts_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    assert_int_equal(book_count(w, OVERDUE, "obligations", NULL, ""), 0);
    book_days(w, 14);
    assert_int_equal(book_warnings(w, "police.445100", NULL, 0, lianshu_WarningTerm_TERM_LIFT), 6);
}

static void an_order_is_explained_also_when_it_is_stayed_or_over(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    assert_int_equal(order(w), 0);
    size_t sentences = book_count(w, EXPLAIN, "explanation", NULL, "");
    assert_true(sentences > 0);
    assert_int_equal(change(w, "sanction.suspend", ANNUL_BODY("2")), 0);
    assert_int_equal(book_count(w, EXPLAIN, "explanation", NULL, ""), sentences);
    acts_annul(w, env_id);
    assert_int_equal(book_count(w, EXPLAIN, "explanation", NULL, ""), sentences);
}

/* ---- stays ---- */

/* Of the three working days to answer M22 one has passed when the order is stayed. */
static void a_stay_stops_the_clocks_and_what_was_left_runs_on_after_it(void **state)
{
    struct world *w = *state;
    assert_int_equal(order(w), 0); /* Wednesday 1 April; answer until Tuesday 7 April, 24:00 */
    book_days(w, 1);
    assert_int_equal(change(w, "sanction.suspend", ANNUL_BODY("2")), 0);
    book_days(w, 40);
    assert_int_equal(book_warnings(w, "police.445100", NULL, 0, lianshu_WarningTerm_TERM_ANSWER),
                     0);
    assert_int_equal(change(w, "sanction.resume", ANNUL_BODY("3")), 0); /* Tuesday 12 May */
    assert_int_equal(book_count(w, ORDER_QUERY, "obligations", "episode", "1"), 22 + 3);
    /* two working days were left: Thursday 14 May, 24:00 */
    char due[CLOCK_TEXT_LEN + 1];
    clock_format(date_end_ms(20260514), due);
    assert_true(book_count(w, ORDER_QUERY, "obligations", "answer_due", due) > 0);
    acts_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    assert_int_equal(world_status(w, "obligations.lifted"), 22);
}

static void a_lift_notice_after_a_resumption_says_what_is_still_in_force(void **state)
{
    struct world *w = *state;
    static lianshu_SanctionNotice notice;
    assert_int_equal(order(w), 0);
    world_leave(w, "police.445100");
    assert_int_equal(change(w, "sanction.suspend", ANNUL_BODY("2")), 0);
    assert_int_equal(change(w, "sanction.resume", ANNUL_BODY("3")), 0);
    world_hello(w, "police.445100");
    size_t lifts = 0;
    for (size_t i = 0; i < world_has(w, "police.445100", "sanction.notice"); i++) {
        acts_read_notice(world_got(w, "police.445100", "sanction.notice", i), &notice);
        if (notice.stage != lianshu_NoticeStage_STAGE_LIFT)
            continue;
        lifts++;
        assert_true(notice.still_restricted);
    }
    assert_int_equal(lifts, 2);
}

/* ---- corrections ---- */

static uint32_t correct(struct world *w, const char *from, const char *body)
{
    const struct mail mail = {.from = from,
                              .type = "sanction.order",
                              .to = {"hub.445100"},
                              .facts = body,
                              .basis = {"DL116", "DL118"},
                              .conversation = ORDER_ID};
    world_send(w, &mail, book_env_id);
    return world_code(w, from, book_env_id);
}

static void a_correction_ends_what_it_drops_and_leaves_the_rest_as_it_is(void **state)
{
    struct world *w = *state;
    assert_int_equal(order(w), 0);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    uint64_t restrictions = world_status(w, "restrictions");
    assert_int_equal(correct(w, "market.445100", CORRECTED_BODY("2")), 0);
    assert_int_equal(world_status(w, "restrictions"), restrictions - 1); /* the manager's M02 */
    assert_int_equal(world_status(w, "obligations.lift_due"), 1);
    assert_int_equal(world_status(w, "obligations.executed"), 21);
    assert_int_equal(world_status(w, "obligations.total"), 22);
    acts_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    assert_int_equal(world_status(w, "obligations.lifted"), 1);
    assert_int_equal(book_count(w, ORDER_QUERY, "history", NULL, ""), 2);
}

static void what_a_correction_names_anew_begins_with_its_own_terms(void **state)
{
    struct world *w = *state;
    assert_int_equal(correct(w, "market.445100", CORRECTED_BODY("1")), 0);
    uint64_t before = world_status(w, "obligations.total");
    book_days(w, 9);
    assert_int_equal(correct(w, "market.445100", ORDER_BODY("2")), 0);
    assert_int_equal(world_status(w, "obligations.total"), before + 1);
    assert_int_equal(book_count(w, ORDER_QUERY, "obligations", "episode", "1"), 1);
    assert_int_equal(world_status(w, "obligations.lift_due"), 0);
    world_restart(w);
    world_turn(w);
    assert_int_equal(world_status(w, "obligations.total"), before + 1);
}

static void a_correction_that_was_interrupted_goes_on_after_a_restart(void **state)
{
    struct world *w = *state;
    assert_int_equal(order(w), 0);
    const struct mail mail = {.from = "market.445100",
                              .type = "sanction.order",
                              .to = {"hub.445100"},
                              .facts = CORRECTED_BODY("2"),
                              .basis = {"DL116", "DL118"},
                              .conversation = ORDER_ID};
    world_make(w, &mail, NULL, NULL);
    w->core->at_once = SIZE_MAX; /* the batch has aligned as much as it may */
    world_push(w, "market.445100");
    assert_int_equal(core_commit(w->core, w->now_ms), OK); /* decided, nothing aligned */
    assert_int_equal(world_status(w, "obligations.lift_due"), 0);
    world_restart(w);
    world_turn(w);
    assert_int_equal(world_status(w, "obligations.lift_due"), 1);
}

/* Orders as they may have been imposed long ago, against others. */
static void put_orders(struct world *w, uint64_t count)
{
    assert_int_equal(store_begin(w->store, w->now_ms), OK);
    for (uint64_t n = 1; n <= count; n++) {
        struct order_row row = acts_old_order();
        memcpy(row.id, &n, sizeof n);
        memcpy(row.subject, &n, sizeof n);
        assert_int_equal(order_put(w->store->orders, &row), OK);
    }
    assert_int_equal(store_commit(w->store), OK);
}

static void a_start_takes_as_many_steps_however_many_orders_there_are(void **state)
{
    enum { ORDERS = 12000, STEPS_MAX = 16 };
    struct world *w = *state;
    put_orders(w, ORDERS);
    assert_int_equal(world_try_restart(w), OK);
    int steps = 0;
    while (core_due_ms(w->core) <= w->now_ms) {
        assert_true(steps++ < STEPS_MAX);
        assert_int_equal(core_tick(w->core, w->now_ms), OK);
        assert_int_equal(core_commit(w->core, w->now_ms), OK);
    }
    /* What is looked through at leisure goes on soon. */
    assert_true(core_due_ms(w->core) < w->now_ms + 1000);
    int active = 0;
    uint8_t id[STORE_ID_LEN] = {0};
    struct order_row row;
    while (order_next(w->store->orders, id, &row) == OK)
        active += row.state == 2;
    assert_int_equal(active, ORDERS);
}

static void a_correction_is_refused_out_of_order_by_others_and_of_another_case(void **state)
{
    struct world *w = *state;
    assert_int_equal(correct(w, "market.445100", CORRECTED_BODY("2")), ERR_ORDER_VERSION);
    assert_int_equal(order(w), 0);
    assert_int_equal(correct(w, "market.445100", CORRECTED_BODY("1")), ERR_ORDER_VERSION);
    assert_int_equal(correct(w, "market.445100", CORRECTED_BODY("3")), ERR_ORDER_VERSION);
    assert_int_equal(correct(w, "health.445100", CORRECTED_BODY("2")), ERR_ORDER_AUTHORITY);
    assert_int_equal(
        book_send(w, "market.445100", "sanction.order",
                  FINE_BODY(ORDER_ID, "2", "潮市监罚〔2026〕1号", "2026-04-01", "", "2026-05-01"),
                  "AP48", NULL),
        ERR_ORDER_VERSION);
    assert_int_equal(change(w, "sanction.suspend", ANNUL_BODY("2")), 0);
    assert_int_equal(correct(w, "market.445100", CORRECTED_BODY("3")), ERR_ORDER_STATE);
    assert_int_equal(change(w, "sanction.annul", ANNUL_BODY("3")), 0);
    assert_int_equal(correct(w, "market.445100", CORRECTED_BODY("4")), ERR_ORDER_STATE);
    assert_true(err_todo_en(ERR_ORDER_VERSION)[0] != '\0');
    assert_true(err_todo_zh(ERR_ORDER_STATE)[0] != '\0');
}

/* ---- the clock ---- */

static void an_order_ends_at_midnight_after_its_last_day_and_everybody_undoes(void **state)
{
    struct world *w = *state;
    assert_int_equal(book_send(w, "market.445100", "sanction.order", SHORT_FINE, "AP48", NULL), 0);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    assert_int_equal(world_status(w, "obligations.executed"), 1);
    w->now_ms = date_end_ms(20260420) - 1;
    world_turn(w);
    assert_int_equal(book_count(w, FINE_QUERY, "history", NULL, ""), 1);
    world_pass(w, 1);
    assert_string_equal(book_first(w, FINE_QUERY, "obligations", "state"), "lift_due");
    assert_int_equal(book_count(w, FINE_QUERY, "history", "state", "expired"), 1);
    world_restart(w);
    world_pass(w, DAY_MS);
    assert_int_equal(book_count(w, FINE_QUERY, "history", NULL, ""), 2);
    acts_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    assert_int_equal(world_status(w, "obligations.lifted"), 1);
}

static void a_hub_that_slept_through_the_end_finds_it_at_its_start(void **state)
{
    struct world *w = *state;
    assert_int_equal(book_send(w, "market.445100", "sanction.order", SHORT_FINE, "AP48", NULL), 0);
    w->now_ms += 60 * (uint64_t)DAY_MS;
    world_restart(w);
    world_turn(w);
    assert_int_equal(book_count(w, FINE_QUERY, "history", "state", "expired"), 1);
    assert_int_equal(world_status(w, "obligations.lift_due"), 1);
}

static void an_order_that_begins_later_is_pending_until_its_first_day(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        book_send(w, "market.445100", "sanction.order",
                  FINE_BODY(FINE_ID, "1", "潮市监罚〔2026〕8号", "2026-04-08", "", "2026-05-20"),
                  "AP48", NULL),
        0);
    assert_int_equal(book_count(w, FINE_QUERY, "history", "state", "pending"), 1);
    w->now_ms = date_start_ms(20260408) - 1;
    world_turn(w);
    assert_int_equal(book_count(w, FINE_QUERY, "history", NULL, ""), 1);
    world_pass(w, 1);
    assert_int_equal(book_count(w, FINE_QUERY, "history", "state", "active"), 1);
    assert_int_equal(world_status(w, "obligations.total"), 1);
}

/* ---- members that come later ---- */

static void a_member_enrolled_later_owes_what_orders_in_force_cause_once(void **state)
{
    struct world *w = *state;
    assert_int_equal(order(w), 0);
    assert_int_equal(world_status(w, "unassigned"), 3); /* M08, M20, M25 */
    world_enrol(w, "procurement.445100");
    assert_int_equal(world_status(w, "obligations.total"), 22 + 4); /* M08 M25 M21 M22 */
    assert_int_equal(world_has(w, "procurement.445100", "sanction.notice"), 4);
    assert_int_equal(world_status(w, "unassigned"), 1);
    world_restart(w);
    world_turn(w);
    world_enrol(w, "procurement.445100");
    assert_int_equal(world_status(w, "obligations.total"), 22 + 4);
    world_enrol(w, "credit.445100");
    assert_int_equal(world_status(w, "unassigned"), 0);
}

static void a_member_enrolled_later_owes_nothing_of_what_is_over(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    assert_int_equal(order(w), 0);
    acts_annul(w, env_id);
    world_enrol(w, "procurement.445100");
    assert_int_equal(world_status(w, "obligations.total"), 22);
    assert_int_equal(world_has(w, "procurement.445100", "sanction.notice"), 0);
}

static void who_was_enrolled_later_is_told_of_the_end_as_well(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    assert_int_equal(order(w), 0);
    world_enrol(w, "procurement.445100");
    acts_annul(w, env_id);
    assert_int_equal(world_has(w, "procurement.445100", "sanction.notice"), 8);
    assert_int_equal(world_status(w, "obligations.lift_due"), 26);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, wide_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_term_is_warned_of_at_50_80_and_100_percent_once),
        CASE(warnings_come_once_also_after_restarts_and_after_a_step_of_the_clock),
        CASE(what_is_answered_or_executed_is_not_warned_of),
        CASE(at_the_end_of_a_term_the_superior_hears_of_it_and_not_before),
        CASE(the_overdue_list_names_who_is_late_by_how_much_and_nobody_else),
        CASE(who_sanctions_on_after_the_end_is_warned_and_stands_in_the_list),
        CASE(an_order_is_explained_also_when_it_is_stayed_or_over),
        CASE(a_stay_stops_the_clocks_and_what_was_left_runs_on_after_it),
        CASE(a_lift_notice_after_a_resumption_says_what_is_still_in_force),
        CASE(a_correction_ends_what_it_drops_and_leaves_the_rest_as_it_is),
        CASE(what_a_correction_names_anew_begins_with_its_own_terms),
        CASE(a_correction_that_was_interrupted_goes_on_after_a_restart),
        CASE(a_start_takes_as_many_steps_however_many_orders_there_are),
        CASE(a_correction_is_refused_out_of_order_by_others_and_of_another_case),
        CASE(an_order_ends_at_midnight_after_its_last_day_and_everybody_undoes),
        CASE(a_hub_that_slept_through_the_end_finds_it_at_its_start),
        CASE(an_order_that_begins_later_is_pending_until_its_first_day),
        CASE(a_member_enrolled_later_owes_what_orders_in_force_cause_once),
        CASE(a_member_enrolled_later_owes_nothing_of_what_is_over),
        CASE(who_was_enrolled_later_is_told_of_the_end_as_well),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
