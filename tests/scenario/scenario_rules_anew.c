/* What becomes of an order that has a life behind it: repaired by deceit and restored, lifted by a
 * court, stayed until its end, corrected to other days, annulled when it was over (domain B.3, B.4,
 * R26). Today is 2026-04-01. */
#include "scenario/rulebook.h"

#include "base/clock.h"
#include "base/hex.h"

#include <stdio.h>

#define MARKET   "market.445100"
#define COURT    "court.440000"
#define ID       FINE_ID
#define OTHER_ID "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define QUERY    "{\"cmd\":\"order\",\"id\":\"" ID "\"}"

/* An entry for a heavy penalty (R09), whose three years begin on `start`. */
#define HEAVY(until)                                                                               \
    LISTED(MARKET, until), {"M21", 0, MUST, N_MPA, until, false},                                  \
        {"M24", 0, CONSIDER, N_HEALTH N_MPA, until, false},                                        \
    {                                                                                              \
        "M25", 0, CONSIDER, N_TENDER, until, false                                                 \
    }

static const struct play until_2029 = {.rule = "R09", .line = {HEAVY("2029-04-01")}};
static const struct play until_2030 = {.rule = "R09", .line = {HEAVY("2030-06-01")}};

struct text {
    const char *id;
    uint32_t version;
    const char *start; /* NULL: today */
    const char *max;
    const char *repair;
    const char *decided; /* NULL: today */
};

/* Under one and the same decision number. */
static uint32_t lists(struct world *w, const struct text *text)
{
    char subject[256];
    char today[16];
    rulebook_subject(NULL, 0, subject);
    rulebook_date(w, today);
    const struct paper paper = {.subject = subject,
                                .order_id = text->id,
                                .version = text->version,
                                .list = "serious_dishonesty",
                                .trigger = "SAMR44_6_1",
                                .severity = "serious",
                                .decided = text->decided != NULL ? text->decided : today,
                                .start = text->start,
                                .max = text->max,
                                .repair = text->repair};
    return rulebook_order(w, MARKET, &paper, "SAMR44-6", NULL);
}

static uint32_t changes(struct world *w, const char *from, const char *type, uint32_t version)
{
    return rulebook_change(w, from, type, ID, version, NULL);
}

static void is_on(struct world *w, uint32_t day)
{
    rulebook_on(w, day);
    rulebook_put_away(w);
}

static void listed_and_obeyed(struct world *w)
{
    const struct text text = {.id = ID, .version = 1, .max = "2029-04-01", .repair = "2027-04-01"};
    assert_int_equal(lists(w, &text), 0);
    rulebook_assert_owed(w, &until_2029);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
}

static void repaired(struct world *w, const char *by)
{
    is_on(w, 20270401);
    assert_int_equal(changes(w, by, "sanction.lift", 2), 0);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    rulebook_assert_nothing_left(w);
}

/* How what the hub says of the last document that was sent begins. */
static void assert_explained(struct world *w, const char *zh)
{
    char id[2 * HASH_LEN + 1];
    char query[128];
    hex_encode(span_of(book_env_id, HASH_LEN), id);
    snprintf(query, sizeof query, "{\"cmd\":\"explain\",\"id\":\"%s\"}", id);
    assert_memory_equal(book_first(w, query, "explanation", "zh"), zh, strlen(zh));
}

/* ---- repair by deceit (B.3: the listing is restored, its term restarts) ---- */

static void a_repair_by_deceit_is_restored_and_a_correction_begins_its_term_anew(void **state)
{
    struct world *w = *state;
    static const struct text anew = {
        .id = ID, .version = 4, .max = "2030-06-01", .repair = "2028-06-01"};
    listed_and_obeyed(w);
    repaired(w, MARKET);
    is_on(w, 20270601);
    assert_int_equal(changes(w, MARKET, "sanction.restore", 3), 0);
    rulebook_assert_owed(w, &until_2029);
    rulebook_assert_restricted(w, &until_2029, true);
    assert_int_equal(lists(w, &anew), 0);
    rulebook_assert_owed(w, &until_2030);
    rulebook_assert_restricted(w, &until_2030, true);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT); /* of what the restored one had begun */
    assert_int_equal(changes(w, MARKET, "sanction.lift", 5), ERR_TERM);
    rulebook_until(w, "2029-04-01", 0); /* nothing ends with the first three years */
    rulebook_assert_restricted(w, &until_2030, true);
    rulebook_until(w, "2030-06-01", 1);
    rulebook_assert_restricted(w, &until_2030, true);
    world_pass(w, 1);
    rulebook_assert_restricted(w, &until_2030, false);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    rulebook_assert_nothing_left(w);
}

/* Restored on 2027-06-01: whoever deceived waits another year, whether or not the new days have
 * been written into the order, and is not heard before that. */
static void
after_deceit_no_repair_is_asked_for_or_given_until_a_term_of_its_own_is_over(void **state)
{
    struct world *w = *state;
    char body[512];
    char subject[256];
    listed_and_obeyed(w);
    repaired(w, MARKET);
    is_on(w, 20270601);
    assert_int_equal(changes(w, MARKET, "sanction.restore", 3), 0);
    world_restart(w);
    is_on(w, 20280531);
    assert_int_equal(changes(w, MARKET, "sanction.lift", 4), ERR_TERM);
    const lianshu_Receipt *refusal = world_receipt(w, MARKET, book_env_id);
    assert_int_equal(refusal->grounds_count, 1);
    assert_string_equal(refusal->grounds[0].basis, "SAMR44");
    assert_explained(w, "单据被拒绝：以虚假材料修复后，最早修复之日重新起算，尚未届至"
                        "（2028-05-31早于2028-06-01）");
    rulebook_subject(NULL, 0, subject);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"order_id\":\"" ID "\",\"reference\":\"Q-1\","
             "\"date\":\"2028-05-31\",\"commitment\":true}",
             subject);
    assert_int_equal(book_send(w, "credit.445100", "repair.request", body, NULL, MARKET), ERR_TERM);
    is_on(w, 20280601);
    assert_int_equal(changes(w, MARKET, "sanction.lift", 4), 0);
}

/* A correction to the old days does not shorten that. */
static void after_deceit_a_correction_to_the_old_days_gains_nothing(void **state)
{
    struct world *w = *state;
    static const struct text old = {.id = ID,
                                    .version = 4,
                                    .max = "2029-04-01",
                                    .repair = "2027-04-01",
                                    .decided = "2026-04-01"};
    listed_and_obeyed(w);
    repaired(w, MARKET);
    is_on(w, 20270601);
    assert_int_equal(changes(w, MARKET, "sanction.restore", 3), 0);
    assert_int_equal(lists(w, &old), 0);
    assert_int_equal(changes(w, MARKET, "sanction.lift", 5), ERR_TERM);
    assert_int_equal(changes(w, "market.440000", "sanction.lift", 5), ERR_TERM);
    assert_int_equal(changes(w, COURT, "sanction.annul", 5), 0); /* that is another matter */
}

static void deceit_that_shows_after_the_term_is_over_restores_nothing_but_lists_anew(void **state)
{
    struct world *w = *state;
    static const struct text anew = {.id = OTHER_ID, .version = 1, .max = "2032-04-02"};
    static const struct play until_2032 = {.rule = "R09", .line = {HEAVY("2032-04-02")}};
    listed_and_obeyed(w);
    repaired(w, MARKET);
    is_on(w, 20290402);
    assert_int_equal(changes(w, MARKET, "sanction.restore", 3), ERR_ORDER_STATE);
    rulebook_assert_nothing_left(w);
    assert_int_equal(lists(w, &anew), 0);
    rulebook_assert_owed(w, &until_2032);
}

static void what_a_court_lifted_is_not_restored_by_who_imposed_it(void **state)
{
    struct world *w = *state;
    listed_and_obeyed(w);
    repaired(w, COURT);
    assert_int_equal(changes(w, MARKET, "sanction.restore", 3), ERR_ORDER_AUTHORITY);
    const lianshu_Receipt *refusal = world_receipt(w, MARKET, book_env_id);
    assert_int_equal(refusal->grounds_count, 1);
    assert_string_equal(refusal->grounds[0].basis, "AP75");
    assert_int_equal(changes(w, "market.440000", "sanction.restore", 3), ERR_ORDER_AUTHORITY);
    rulebook_assert_nothing_left(w);
}

/* ---- stays ---- */

static void an_order_that_is_stayed_at_its_end_is_over_and_is_not_resumed(void **state)
{
    struct world *w = *state;
    listed_and_obeyed(w);
    is_on(w, 20290320);
    assert_int_equal(changes(w, COURT, "sanction.suspend", 2), 0);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    rulebook_assert_nothing_left(w);
    rulebook_until(w, "2029-04-01", 1);
    assert_string_equal(book_first(w, QUERY, "history", "state"), "active");
    assert_int_equal(book_count(w, QUERY, "history", "state", "expired"), 0);
    world_pass(w, 1);
    assert_int_equal(book_count(w, QUERY, "history", "state", "expired"), 1);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), 0); /* undone already */
    assert_int_equal(changes(w, COURT, "sanction.resume", 3), ERR_ORDER_STATE);
    rulebook_assert_nothing_left(w);
}

/* Stayed in May: nothing that was decided in April resumes that. */
static void
a_resumption_that_is_older_than_its_stay_is_refused_and_both_days_are_named(void **state)
{
    struct world *w = *state;
    listed_and_obeyed(w);
    is_on(w, 20260520);
    assert_int_equal(rulebook_change(w, MARKET, "sanction.suspend", ID, 2, "2026-05-18"), 0);
    world_restart(w);
    is_on(w, 20260521);
    assert_int_equal(rulebook_change(w, MARKET, "sanction.resume", ID, 3, "2026-05-17"), ERR_TERM);
    const lianshu_Receipt *refusal = world_receipt(w, MARKET, book_env_id);
    assert_int_equal(refusal->grounds_count, 1);
    assert_string_equal(refusal->grounds[0].basis, "AP75");
    assert_explained(w, "单据被拒绝：变更早于此前的变更（2026-05-17早于2026-05-18），"
                        "违反行政处罚法第75条。");
    assert_int_equal(rulebook_change(w, MARKET, "sanction.resume", ID, 3, "2026-05-18"), 0);
    assert_int_equal(rulebook_change(w, MARKET, "sanction.suspend", ID, 4, "2026-05-17"), ERR_TERM);
    /* A correction may bear the day of the decision that it corrects. */
    const struct text text = {.id = ID, .version = 4, .max = "2029-03-31", .decided = "2026-04-01"};
    assert_int_equal(lists(w, &text), 0);
    assert_int_equal(rulebook_change(w, MARKET, "sanction.suspend", ID, 5, "2026-05-17"), ERR_TERM);
    /* What never was has no history. */
    assert_int_equal(rulebook_change(w, MARKET, "sanction.annul", ID, 5, "2026-05-02"), 0);
}

/* ---- corrections to other days ---- */

static void a_correction_to_an_earlier_last_day_ends_there(void **state)
{
    struct world *w = *state;
    static const struct text shorter = {.id = ID, .version = 2, .max = "2028-06-01"};
    static const struct play until_2028 = {.rule = "R09", .line = {HEAVY("2028-06-01")}};
    listed_and_obeyed(w);
    is_on(w, 20270601);
    assert_int_equal(lists(w, &shorter), 0);
    rulebook_assert_owed(w, &until_2028);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    rulebook_until(w, "2028-06-01", 0);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    rulebook_assert_nothing_left(w);
    assert_int_equal(book_count(w, QUERY, "history", "state", "expired"), 1);
}

static uint32_t fines(struct world *w, uint32_t version, const char *max)
{
    return rulebook_fine(
        w, (struct paper){.order_id = ID, .version = version, .decided = "2026-04-01", .max = max});
}

/* The decision of April was written down with a wrong end: it was over yesterday. */
static void a_correction_to_a_last_day_that_has_passed_ends_the_order_at_once(void **state)
{
    struct world *w = *state;
    assert_int_equal(fines(w, 1, "2027-03-31"), 0);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    is_on(w, 20261001);
    assert_int_equal(fines(w, 2, "2026-09-30"), 0);
    assert_int_equal(book_count(w, QUERY, "history", "state", "expired"), 1);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), 1);
    rulebook_assert_nothing_left(w);
    assert_int_equal(fines(w, 3, "2027-03-31"), ERR_ORDER_STATE);
    world_pass(w, DAY_MS);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), 0);
}

/* What began is not in force any more, until the day that the correction says. */
static void a_correction_to_a_later_first_day_lets_go_until_then(void **state)
{
    struct world *w = *state;
    static const struct text later = {
        .id = ID, .version = 2, .start = "2026-05-01", .max = "2029-05-01"};
    static const struct play until_may = {
        .rule = "R09", .issuer = MARKET, .line = {HEAVY("2029-05-01")}};
    listed_and_obeyed(w);
    is_on(w, 20260410);
    assert_int_equal(lists(w, &later), 0);
    assert_int_equal(book_count(w, QUERY, "history", "state", "pending"), 1);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    rulebook_assert_gates(w, &until_may, false);
    rulebook_until(w, "2026-04-30", 1);
    rulebook_assert_gates(w, &until_may, false);
    rulebook_until(w, "2026-04-30", 0);
    rulebook_assert_restricted(w, &until_may, true);
    rulebook_assert_gates(w, &until_may, true);
    rulebook_assert_owed(w, &until_may);
}

/* ---- annulled when it was over ---- */

/* As if it had never been: who was refused because of it hears of that, and nobody undoes twice. */
static void an_order_that_is_annulled_after_its_end_is_told_to_who_was_refused(void **state)
{
    struct world *w = *state;
    static char facts[1024];
    char subject[256];
    listed_and_obeyed(w);
    rulebook_subject(NULL, 0, subject);
    snprintf(facts, sizeof facts, "{\"subject\":%s,\"title\":\"T\",\"date\":\"2026-04-01\"}",
             subject);
    assert_int_equal(rulebook_send(w, "honour", facts, "police.445100"), ERR_RESTRICTED);
    rulebook_until(w, "2029-04-01", 0);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    rulebook_assert_nothing_left(w);
    assert_int_equal(changes(w, COURT, "sanction.annul", 2), 0);
    assert_int_equal(
        book_told(w, "procuratorate.445100", lianshu_HubNoticeKind_HUBNOTICE_REFUSED_ANNULLED), 1);
    assert_int_equal(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT), 0);
    rulebook_assert_nothing_left(w);
    assert_int_equal(changes(w, COURT, "sanction.annul", 3), ERR_ORDER_STATE);
}

/* ---- what is left where (truth maintenance by place) ---- */

static void bribes(struct world *w, const char *id, const char *number, const char *trigger)
{
    char subject[256];
    rulebook_subject(NULL, 0, subject);
    const struct paper paper = {.subject = subject,
                                .order_id = id,
                                .list = "bribery_record",
                                .trigger = trigger,
                                .severity = "serious",
                                .number = number,
                                .decided = "2026-04-01",
                                .max = "2028-04-01"};
    assert_int_equal(rulebook_order(w, "health.440000", &paper, "NHC2013-50", NULL), 0);
}

/* What the lift notice of this member says of what remains in force of M08. */
static bool still_there(struct world *w, const char *member, size_t *orders)
{
    static lianshu_SanctionNotice notice;
    for (size_t i = 0; i < world_has(w, member, "sanction.notice"); i++) {
        acts_read_notice(world_got(w, member, "sanction.notice", i), &notice);
        *orders = notice.still_orders_count;
        if (notice.stage == lianshu_NoticeStage_STAGE_LIFT && strcmp(notice.measure, "M08") == 0)
            return notice.still_restricted;
    }
    fail_msg("%s was not told of the end", member);
    return false;
}

/* 国卫法制发〔2013〕50号: once in the province, twice in the nation. */
static void what_ends_in_the_nation_and_stays_in_a_province_is_undone_elsewhere(void **state)
{
    struct world *w = *state;
    size_t orders = 0;
    bribes(w, OTHER_ID, "甲1号", "bribery_first");
    bribes(w, ID, "乙1号", "bribery_second");
    rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    assert_int_equal(changes(w, COURT, "sanction.annul", 2), 0);
    assert_false(still_there(w, "procurement.310000", &orders));
    assert_int_equal(orders, 0);
    assert_true(still_there(w, "procurement.440000", &orders));
    assert_int_equal(orders, 1);
    assert_true(still_there(w, "procurement.445100", &orders));
}

/* ---- one person, however often he is named ---- */

/* Vaccine law 85: the staff; the order is about one of them, who is named among them as well. */
static void who_is_named_twice_owes_and_is_told_once(void **state)
{
    struct world *w = *state;
    static const struct play suspended = {
        .rule = "VL85",
        .kind = "person",
        .line = {{"M06", 0, MUST, N_HEALTH, "2027-04-01", false}}};
    char subject[256];
    char one[160];
    char persons[400];
    rulebook_subject("person", 1, subject);
    rulebook_person('D', 1, one);
    snprintf(persons, sizeof persons, "%s,", one);
    rulebook_person('O', 1, one);
    strcat(persons, one);
    const struct paper paper = {.subject = subject,
                                .persons = persons,
                                .order_id = ID,
                                .list = "statute_ban",
                                .trigger = "VL85",
                                .severity = "serious",
                                .decided = "2026-04-01",
                                .max = "2027-04-01"};
    assert_int_equal(rulebook_order(w, "health.440000", &paper, "VL85", NULL), 0);
    assert_int_equal(world_status(w, "obligations.total"), 2); /* two health commissions */
    assert_int_equal(world_status(w, "restrictions"), 1);
    assert_int_equal(world_has(w, "health.445100", "sanction.notice"), 1);
    rulebook_assert_owed(w, &suspended);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, rulebook_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_repair_by_deceit_is_restored_and_a_correction_begins_its_term_anew),
        CASE(after_deceit_no_repair_is_asked_for_or_given_until_a_term_of_its_own_is_over),
        CASE(after_deceit_a_correction_to_the_old_days_gains_nothing),
        CASE(deceit_that_shows_after_the_term_is_over_restores_nothing_but_lists_anew),
        CASE(what_a_court_lifted_is_not_restored_by_who_imposed_it),
        CASE(an_order_that_is_stayed_at_its_end_is_over_and_is_not_resumed),
        CASE(a_resumption_that_is_older_than_its_stay_is_refused_and_both_days_are_named),
        CASE(a_correction_to_an_earlier_last_day_ends_there),
        CASE(a_correction_to_a_last_day_that_has_passed_ends_the_order_at_once),
        CASE(a_correction_to_a_later_first_day_lets_go_until_then),
        CASE(an_order_that_is_annulled_after_its_end_is_told_to_who_was_refused),
        CASE(what_ends_in_the_nation_and_stays_in_a_province_is_undone_elsewhere),
        CASE(who_is_named_twice_owes_and_is_told_once),
    };
    return cmocka_run_group_tests_name("anew", tests, NULL, NULL);
}
