/* The terms of redress from the desk where a request is handed in to the order's end: received,
 * decided, extended once, warned of, and told to the superior, by the law of the list and region.
 */
#include "scenario/ledgerbook.h"

#include "base/clock.h"

#include <stdio.h>

#define HEAVY_ID "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define MARKET   "market.445100"
#define CREDIT   "credit.445100"
#define POLICE   "police.445100"
#define RECEIVED "received"
#define EXTENDED "extended"

/* A larger fine (the clocks of the nation), and an entry by SAMR Order 44 (clocks of its own). */
#define FINE(repair)                                                                               \
    FINE_BODY(FINE_ID, "1", "潮市监罚〔2026〕8号", "2026-04-01",                                   \
              "\"earliest_repair_date\":\"" repair "\",", "2027-04-01")
#define HEAVY                                                                                                  \
    "{\"subject\":" PUNISHED ",\"order_id\":\"" HEAVY_ID "\",\"version\":1,"                                   \
    "\"list\":\"serious_dishonesty\",\"trigger\":\"SAMR44_6_1\",\"severity\":\"serious\","                     \
    "\"decision_body\":\"广东省市场监督管理局\",\"decision_number\":\"粤市监列〔2026〕3号\"," \
    "\"decision_date\":\"2026-04-01\",\"start_date\":\"2026-04-01\","                                          \
    "\"earliest_repair_date\":\"2027-04-01\",\"max_date\":\"2029-04-01\","                                     \
    "\"prior_notice_date\":\"2026-03-10\",\"served_date\":\"2026-04-01\","                                     \
    "\"remedy\":\"60日内可申请复议\",\"remedy_deadline_date\":\"2026-05-31\","                          \
    "\"facts_summary\":\"较重行政处罚\",\"contact\":\"020-1\",\"public_subject\":true}"

static const char *issuer;
static const char *about; /* the order */

static int setup(void **state)
{
    world_setup(state);
    world_enrol(*state, CREDIT);
    world_enrol(*state, "credit.440000");
    world_enrol(*state, "market.440000");
    acts_connect(*state);
    return 0;
}

static const char *query(void)
{
    static char text[96];
    snprintf(text, sizeof text, "{\"cmd\":\"order\",\"id\":\"%s\"}", about);
    return text;
}

static const char *says(struct world *w, const char *key)
{
    return book_first(w, query(), "redress", key);
}

static uint32_t fined(struct world *w, const char *by)
{
    issuer = by;
    about = FINE_ID;
    return book_send(w, by, "sanction.order", FINE("2026-07-01"), "AP48", NULL);
}

static void fined_and_repairable(struct world *w)
{
    assert_int_equal(fined(w, MARKET), 0);
    world_pass(w, 92 * (uint64_t)DAY_MS); /* 2026-07-02, a Thursday */
}

/* Handed in to `from` on that date; `to` besides the hub. */
static uint32_t ask(struct world *w, const char *from, const char *to, const char *type,
                    const char *date)
{
    char body[1024];
    snprintf(body, sizeof body,
             "{\"subject\":" PUNISHED ",\"order_id\":\"%s\",\"reference\":\"Q-1\","
             "\"date\":\"%s\",\"commitment\":%s}",
             about, date, strcmp(type, "repair.request") == 0 ? "true" : "false");
    return book_send(w, from, type, body, NULL, to);
}

static uint32_t reply(struct world *w, const char *from, const char *to, const char *type,
                      const char *what, const char *request)
{
    char body[1024];
    snprintf(body, sizeof body,
             "{\"subject\":" PUNISHED ",\"order_id\":\"%s\",\"reference\":\"D-1\","
             "\"date\":\"2026-07-02\",\"decision\":\"%s\",\"request_doc\":\"%s\"}",
             about, what, request);
    return book_send(w, from, type, body, NULL, to);
}

static uint32_t answer(struct world *w, const char *from, const char *to, const char *type,
                       const char *what)
{
    char request[64];
    snprintf(request, sizeof request, "%s", says(w, "document_id"));
    return reply(w, from, to, type, what, request);
}

/* Of the lift that is expected after an accepted repair. */
static const char *carried_out(struct world *w, const char *key)
{
    static char value[64];
    struct json *order = world_ask(w, query());
    const struct json *list = json_get(order, "redress");
    value[0] = '\0';
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *row = json_item(list, i);
        if (strcmp(json_get_text(row, "kind"), "lift_expected") == 0)
            snprintf(value, sizeof value, "%s", json_get_text(row, key));
    }
    json_close(&order);
    return value;
}

static uint32_t prolong(struct world *w, const char *from, const char *to, const char *type)
{
    return reply(w, from, to, type, EXTENDED, carried_out(w, "document_id"));
}

static size_t reminders(struct world *w, const char *member)
{
    return book_told(w, member, lianshu_HubNoticeKind_HUBNOTICE_REMINDER);
}

static size_t escalated(struct world *w, const char *member)
{
    return book_told(w, member, lianshu_HubNoticeKind_HUBNOTICE_OVERDUE);
}

/* ---- passed on by the credit office ---- */

static void what_the_credit_office_passes_on_in_time_is_decided_by_the_issuers_clock(void **state)
{
    struct world *w = *state;
    fined_and_repairable(w);
    assert_int_equal(ask(w, CREDIT, MARKET, "repair.request", "2026-07-01"), 0);
    assert_string_equal(says(w, "stage"), "answer");
    assert_string_equal(says(w, "clock"), "REPAIR");
    assert_string_equal(says(w, "owner"), MARKET);
    assert_int_equal(book_count(w, query(), "redress", "late", "false"), 1);
    assert_int_equal(reminders(w, CREDIT), 0);
}

static void what_the_credit_office_passes_on_late_is_told_to_its_superior(void **state)
{
    struct world *w = *state;
    fined_and_repairable(w);
    world_pass(w, 7 * (uint64_t)DAY_MS); /* 2026-07-09: more than three working days later */
    assert_int_equal(ask(w, CREDIT, MARKET, "repair.request", "2026-07-02"), 0);
    assert_int_equal(book_count(w, query(), "redress", "late", "true"), 1);
    assert_int_equal(reminders(w, CREDIT), 1);
    assert_int_equal(escalated(w, "credit.440000"), 1);
    assert_string_equal(says(w, "clock"), "REPAIR");
    assert_int_equal(escalated(w, "market.440000"), 0);
}

static void what_is_handed_in_tomorrow_is_not_handed_in(void **state)
{
    struct world *w = *state;
    fined_and_repairable(w);
    assert_int_equal(ask(w, CREDIT, MARKET, "repair.request", "2026-07-03"), ERR_TERM);
    assert_int_equal(ask(w, CREDIT, MARKET, "repair.request", "2099-01-01"), ERR_TERM);
    assert_int_equal(book_count(w, query(), "redress", NULL, ""), 0);
}

/* ---- received by another ---- */

static void the_credit_office_receives_what_the_issuer_hands_it(void **state)
{
    struct world *w = *state;
    fined_and_repairable(w);
    assert_int_equal(ask(w, MARKET, CREDIT, "repair.request", "2026-07-02"), 0);
    assert_string_equal(says(w, "stage"), "receipt");
    assert_string_equal(says(w, "clock"), "REPAIR-RECEIPT");
    assert_string_equal(says(w, "owner"), CREDIT);
    assert_int_equal(answer(w, POLICE, MARKET, "repair.decision", RECEIVED), ERR_REQUEST);
    assert_int_equal(answer(w, CREDIT, POLICE, "repair.decision", RECEIVED), ERR_COPY_MISSING);
    assert_int_equal(answer(w, CREDIT, MARKET, "objection.decision", RECEIVED), ERR_REQUEST);
    assert_int_equal(answer(w, CREDIT, MARKET, "repair.decision", RECEIVED), 0);
    assert_string_equal(says(w, "stage"), "answer");
    assert_string_equal(says(w, "clock"), "REPAIR");
    assert_string_equal(says(w, "owner"), MARKET);
    assert_string_equal(says(w, "outcome"), "open");
    assert_int_equal(answer(w, CREDIT, MARKET, "repair.decision", RECEIVED), ERR_REQUEST);
    assert_int_equal(answer(w, CREDIT, MARKET, "repair.decision", "accepted"), ERR_REQUEST);
}

static void who_does_not_receive_it_is_reminded_and_gains_no_time(void **state)
{
    struct world *w = *state;
    fined_and_repairable(w);
    assert_int_equal(ask(w, MARKET, CREDIT, "repair.request", "2026-07-02"), 0);
    book_days(w, 3); /* Sunday: one of three working days has passed */
    world_restart(w);
    assert_string_equal(says(w, "stage"), "receipt");
    assert_int_equal(escalated(w, "credit.440000"), 0);
    book_days(w, 3); /* Wednesday: over since Tuesday's end */
    assert_int_equal(reminders(w, CREDIT), 3);
    assert_int_equal(escalated(w, "credit.440000"), 1);
    assert_string_equal(says(w, "stage"), "answer");
    assert_string_equal(says(w, "owner"), MARKET);
    assert_int_equal(book_count(w, query(), "redress", "late", "true"), 1);
    assert_string_equal(says(w, "received"), "");
    book_days(w, 16);
    assert_int_equal(reminders(w, MARKET), 3);
    assert_int_equal(escalated(w, "market.440000"), 1);
}

/* The breach stays on record; the issuer's term, which began without it, is not moved. */
static void a_receipt_after_its_term_takes_effect_and_stays_late(void **state)
{
    struct world *w = *state;
    char due[40];
    fined_and_repairable(w);
    assert_int_equal(ask(w, MARKET, CREDIT, "repair.request", "2026-07-02"), 0);
    book_days(w, 6);
    snprintf(due, sizeof due, "%s", says(w, "due"));
    assert_int_equal(answer(w, POLICE, MARKET, "repair.decision", RECEIVED), ERR_REQUEST);
    assert_int_equal(answer(w, MARKET, CREDIT, "repair.decision", RECEIVED), ERR_REQUEST);
    assert_int_equal(answer(w, CREDIT, POLICE, "repair.decision", RECEIVED), ERR_COPY_MISSING);
    assert_int_equal(answer(w, CREDIT, MARKET, "repair.decision", RECEIVED), 0);
    world_restart(w);
    assert_int_equal(world_has(w, MARKET, "repair.decision"), 1);
    assert_int_equal(book_count(w, query(), "redress", "late", "true"), 1);
    assert_string_equal(says(w, "receiver"), CREDIT);
    assert_string_not_equal(says(w, "received"), "");
    assert_string_equal(says(w, "stage"), "answer");
    assert_string_equal(says(w, "owner"), MARKET);
    assert_string_equal(says(w, "due"), due);
    assert_int_equal(escalated(w, "credit.440000"), 1);
    assert_int_equal(answer(w, CREDIT, MARKET, "repair.decision", RECEIVED), ERR_REQUEST);
    assert_int_equal(answer(w, MARKET, CREDIT, "repair.decision", EXTENDED), 0);
}

static void nothing_is_received_that_was_passed_on_or_decided_already(void **state)
{
    struct world *w = *state;
    fined_and_repairable(w);
    assert_int_equal(ask(w, CREDIT, MARKET, "repair.request", "2026-07-01"), 0);
    assert_string_not_equal(says(w, "received"), "");
    assert_int_equal(answer(w, CREDIT, MARKET, "repair.decision", RECEIVED), ERR_REQUEST);
    assert_int_equal(answer(w, MARKET, CREDIT, "repair.decision", RECEIVED), ERR_REQUEST);
    assert_int_equal(answer(w, MARKET, CREDIT, "repair.decision", "refused"), 0);
    assert_int_equal(answer(w, CREDIT, MARKET, "repair.decision", RECEIVED), ERR_REQUEST);
}

static void the_issuer_decides_before_it_was_received(void **state)
{
    struct world *w = *state;
    fined_and_repairable(w);
    assert_int_equal(ask(w, MARKET, CREDIT, "repair.request", "2026-07-02"), 0);
    assert_int_equal(answer(w, MARKET, NULL, "repair.decision", "refused"), 0);
    assert_string_equal(says(w, "outcome"), "refused");
    book_days(w, 10);
    assert_int_equal(reminders(w, CREDIT), 0);
}

/* ---- extended ---- */

static void the_term_to_decide_is_extended_once_with_notice_to_who_asked(void **state)
{
    struct world *w = *state;
    fined_and_repairable(w);
    assert_int_equal(ask(w, CREDIT, MARKET, "repair.request", "2026-07-02"), 0);
    book_days(w, 8); /* more than half of ten working days */
    assert_int_equal(reminders(w, MARKET), 1);
    assert_int_equal(answer(w, CREDIT, MARKET, "repair.decision", EXTENDED), ERR_REQUEST);
    assert_int_equal(answer(w, MARKET, POLICE, "repair.decision", EXTENDED), ERR_COPY_MISSING);
    assert_int_equal(answer(w, MARKET, CREDIT, "repair.decision", EXTENDED), 0);
    assert_int_equal(world_has(w, CREDIT, "repair.decision"), 1);
    assert_string_equal(says(w, "stage"), "extended");
    assert_string_equal(says(w, "outcome"), "open");
    assert_int_equal(answer(w, MARKET, CREDIT, "repair.decision", EXTENDED), ERR_REQUEST);
    book_days(w, 8); /* past the tenth working day */
    world_restart(w);
    assert_int_equal(escalated(w, "market.440000"), 0);
    assert_int_equal(book_count(w, query(), "redress", "overdue", "false"), 1);
    book_days(w, 14);                          /* past the twentieth */
    assert_int_equal(reminders(w, MARKET), 4); /* 50; then 50, 80, 100 of the longer one */
    assert_int_equal(escalated(w, "market.440000"), 1);
    assert_int_equal(answer(w, MARKET, CREDIT, "repair.decision", "refused"), 0);
}

static void a_term_that_is_over_is_not_extended(void **state)
{
    struct world *w = *state;
    fined_and_repairable(w);
    assert_int_equal(ask(w, CREDIT, MARKET, "repair.request", "2026-07-02"), 0);
    book_days(w, 15);
    assert_int_equal(escalated(w, "market.440000"), 1);
    assert_int_equal(answer(w, MARKET, CREDIT, "repair.decision", EXTENDED), ERR_TERM);
    assert_string_equal(says(w, "stage"), "answer");
    assert_int_equal(answer(w, MARKET, CREDIT, "repair.decision", "accepted"), 0);
}

/* ---- the list's own clocks ---- */

static void order_44_has_two_days_to_receive_and_fifteen_to_decide(void **state)
{
    struct world *w = *state;
    issuer = "market.440000";
    about = HEAVY_ID;
    assert_int_equal(book_send(w, issuer, "sanction.order", HEAVY, "SAMR44-6", NULL), 0);
    world_pass(w, 365 * (uint64_t)DAY_MS); /* 2027-04-01 */
    assert_int_equal(ask(w, "credit.440000", issuer, "repair.request", "2027-04-01"), 0);
    assert_string_equal(says(w, "stage"), "receipt");
    assert_string_equal(says(w, "clock"), "REPAIR-44-TAKEN");
    assert_string_equal(says(w, "owner"), issuer);
    assert_int_equal(answer(w, issuer, "credit.440000", "repair.decision", EXTENDED), ERR_REQUEST);
    assert_int_equal(answer(w, issuer, "credit.440000", "repair.decision", RECEIVED), 0);
    assert_string_equal(says(w, "clock"), "REPAIR-44");
    /* Order 44 knows no longer term. */
    assert_int_equal(answer(w, issuer, "credit.440000", "repair.decision", EXTENDED), ERR_REQUEST);
    assert_int_equal(answer(w, issuer, "credit.440000", "repair.decision", "accepted"), 0);
}

/* ---- local law ---- */

static void an_objection_has_the_terms_of_the_region(void **state)
{
    static const struct {
        const char *issuer;
        const char *credit;
        const char *stage;
        const char *clock;
        const char *then;
        bool shown;
        uint32_t extended;
    } rows[] = {
        {"market.310000", "credit.310000", "receipt", "OBJ-FORWARD-310000", "OBJ-310000", true,
         ERR_REQUEST}, /* seven days are for private bodies */
        {"market.410000", "credit.410000", "answer", "OBJ-410000", "OBJ-410000", true, 0},
        {"market.370000", "credit.370000", "answer", "OBJ-370000", "OBJ-370000", false, 0},
        {"market.440300", "credit.440300", "receipt", "OBJ-FORWARD-440300", "OBJ-440300", true, 0},
        {MARKET, CREDIT, "answer", "OBJ-000000", "OBJ-000000", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        void *at = NULL;
        world_setup(&at);
        struct world *w = at;
        print_message("%s\n", rows[i].issuer);
        world_enrol(w, CREDIT);
        if (strcmp(rows[i].issuer, MARKET) != 0) {
            world_enrol(w, rows[i].issuer);
            world_enrol(w, rows[i].credit);
        }
        acts_connect(w);
        assert_int_equal(fined(w, rows[i].issuer), 0);
        assert_int_equal(ask(w, issuer, rows[i].credit, "objection.request", "2026-04-01"), 0);
        assert_string_equal(says(w, "stage"), rows[i].stage);
        assert_string_equal(says(w, "clock"), rows[i].clock);
        struct json *order = world_ask(w, query());
        assert_int_equal(json_flag(json_get(order, "under_objection")), rows[i].shown);
        json_close(&order);
        if (strcmp(rows[i].stage, "receipt") == 0)
            assert_int_equal(answer(w, rows[i].credit, issuer, "objection.decision", RECEIVED), 0);
        assert_string_equal(says(w, "clock"), rows[i].then);
        assert_string_equal(says(w, "stage"), "answer");
        assert_int_equal(answer(w, issuer, NULL, "objection.decision", EXTENDED), rows[i].extended);
        assert_string_equal(says(w, "stage"), rows[i].extended == 0 ? "extended" : "answer");
        assert_int_equal(answer(w, issuer, NULL, "objection.decision", "refused"), 0);
        world_teardown(&at);
    }
}

/* Three working days to carry a repair out in Shenzhen, and three more with notice. */
static void the_time_to_hide_a_repaired_entry_is_extended_where_the_region_knows_it(void **state)
{
    static const struct {
        const char *issuer;
        const char *credit;
        const char *clock;
        uint32_t extended;
    } rows[] = {
        {"market.440300", "credit.440300", "OBJ-REPAIR-440300", 0},
        {"market.310000", "credit.310000", "OBJ-REPAIR-310000", ERR_REQUEST},
        {MARKET, CREDIT, "REPAIR-LIFT", ERR_REQUEST},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        void *at = NULL;
        world_setup(&at);
        struct world *w = at;
        print_message("%s\n", rows[i].issuer);
        if (strcmp(rows[i].issuer, MARKET) != 0)
            world_enrol(w, rows[i].issuer);
        world_enrol(w, rows[i].credit);
        acts_connect(w);
        assert_int_equal(fined(w, rows[i].issuer), 0);
        world_pass(w, 92 * (uint64_t)DAY_MS);
        assert_int_equal(ask(w, rows[i].credit, issuer, "repair.request", "2026-07-02"), 0);
        assert_int_equal(answer(w, issuer, rows[i].credit, "repair.decision", "accepted"), 0);
        assert_string_equal(carried_out(w, "clock"), rows[i].clock);
        assert_int_equal(prolong(w, POLICE, rows[i].credit, "repair.decision"), ERR_REQUEST);
        assert_int_equal(prolong(w, issuer, rows[i].credit, "objection.decision"), ERR_REQUEST);
        assert_int_equal(prolong(w, issuer, rows[i].credit, "repair.decision"), rows[i].extended);
        assert_int_equal(prolong(w, issuer, rows[i].credit, "repair.decision"), ERR_REQUEST);
        book_days(w, 6); /* past the third working day */
        assert_int_equal(reminders(w, issuer), rows[i].extended == 0 ? 1 : 3);
        book_days(w, 6);
        assert_int_equal(reminders(w, issuer), 3);
        world_teardown(&at);
    }
}

static void the_time_to_hide_is_not_extended_once_it_is_over(void **state)
{
    struct world *w = *state;
    world_enrol(w, "market.440300");
    world_enrol(w, "credit.440300");
    acts_connect(w);
    assert_int_equal(fined(w, "market.440300"), 0);
    world_pass(w, 92 * (uint64_t)DAY_MS);
    assert_int_equal(ask(w, "credit.440300", issuer, "repair.request", "2026-07-02"), 0);
    assert_int_equal(answer(w, issuer, "credit.440300", "repair.decision", "accepted"), 0);
    book_days(w, 6);
    assert_int_equal(prolong(w, issuer, "credit.440300", "repair.decision"), ERR_TERM);
}

/* ---- the order's end ---- */

static void the_end_of_the_order_ends_what_was_asked_about_it(void **state)
{
    struct world *w = *state;
    assert_int_equal(fined(w, MARKET), 0);
    assert_int_equal(ask(w, CREDIT, MARKET, "objection.request", "2026-04-01"), 0);
    assert_int_equal(book_send(w, MARKET, "sanction.annul",
                               "{\"subject\":" PUNISHED ",\"order_id\":\"" FINE_ID "\","
                               "\"version\":2,\"decision_body\":\"潮州市市场监督管理局\","
                               "\"decision_number\":\"潮市监撤〔2026〕1号\","
                               "\"decision_date\":\"2026-04-01\",\"reason\":\"原决定撤销\"}",
                               "AP48", NULL),
                     0);
    assert_int_equal(book_count(w, query(), "redress", "outcome", "open"), 0);
    assert_int_equal(book_count(w, query(), "redress", "outcome", "answered"), 1);
    book_days(w, 10);
    assert_int_equal(reminders(w, MARKET), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_the_credit_office_passes_on_in_time_is_decided_by_the_issuers_clock),
        CASE(what_the_credit_office_passes_on_late_is_told_to_its_superior),
        CASE(what_is_handed_in_tomorrow_is_not_handed_in),
        CASE(the_credit_office_receives_what_the_issuer_hands_it),
        CASE(who_does_not_receive_it_is_reminded_and_gains_no_time),
        CASE(a_receipt_after_its_term_takes_effect_and_stays_late),
        CASE(nothing_is_received_that_was_passed_on_or_decided_already),
        CASE(the_issuer_decides_before_it_was_received),
        CASE(the_term_to_decide_is_extended_once_with_notice_to_who_asked),
        CASE(a_term_that_is_over_is_not_extended),
        CASE(order_44_has_two_days_to_receive_and_fifteen_to_decide),
        CASE(the_end_of_the_order_ends_what_was_asked_about_it),
        CASE(the_time_to_hide_is_not_extended_once_it_is_over),
        cmocka_unit_test(an_objection_has_the_terms_of_the_region),
        cmocka_unit_test(the_time_to_hide_a_repaired_entry_is_extended_where_the_region_knows_it),
    };
    return cmocka_run_group_tests_name("redress_terms", tests, NULL, NULL);
}
