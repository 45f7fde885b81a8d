/* Redress and evidence: who may ask whom, by when an answer is due, and what never happens by
 * itself. */
#include "scenario/ledgerbook.h"

#include "base/clock.h"
#include "base/hex.h"

#include <stdio.h>

#define FINE_QUERY "{\"cmd\":\"order\",\"id\":\"" FINE_ID "\"}"
#define FINE                                                                                       \
    FINE_BODY(FINE_ID, "1", "潮市监罚〔2026〕8号", "2026-04-01",                                   \
              "\"earliest_repair_date\":\"2026-07-01\",", "2027-04-01")
#define ORDER_QUERY "{\"cmd\":\"order\",\"id\":\"" ORDER_ID "\"}"
#define MARKET      "market.445100"
#define CREDIT      "credit.445100"
#define HEALTH      "health.445100"

static const uint64_t QUARTER_DAYS = 92;

static int redress_setup(void **state)
{
    world_setup(state);
    world_enrol(*state, CREDIT);
    acts_connect(*state);
    assert_int_equal(book_send(*state, MARKET, "sanction.order", FINE, "AP48", NULL), 0);
    return 0;
}

static uint32_t ask(struct world *w, const char *from, const char *type, const char *date,
                    const char *more)
{
    char body[1024];
    snprintf(body, sizeof body,
             "{\"subject\":" PUNISHED ",\"order_id\":\"" FINE_ID "\",\"reference\":\"Q-1\","
             "\"date\":\"%s\"%s}",
             date, more);
    return book_send(w, from, type, body, NULL, strcmp(from, MARKET) == 0 ? NULL : MARKET);
}

static uint32_t ask_repair(struct world *w, const char *from, const char *date)
{
    return ask(w, from, "repair.request", date, ",\"commitment\":true");
}

static uint32_t decide(struct world *w, const char *from, const char *type, const char *decision,
                       const char *to)
{
    char body[1024];
    char request[64];
    snprintf(request, sizeof request, "%s", book_first(w, FINE_QUERY, "redress", "document_id"));
    if (request[0] == '\0')
        snprintf(request, sizeof request, FINE_ID); /* of no request */
    snprintf(body, sizeof body,
             "{\"subject\":" PUNISHED ",\"order_id\":\"" FINE_ID "\",\"reference\":\"D-1\","
             "\"date\":\"2026-07-02\",\"decision\":\"%s\",\"request_doc\":\"%s\"}",
             decision, request);
    return book_send(w, from, type, body, NULL, to);
}

static void wait_for_the_least_time(struct world *w)
{
    world_pass(w, QUARTER_DAYS * DAY_MS);
}

/* ---- repair ---- */

static void a_repair_is_asked_for_by_who_may_and_not_before_its_earliest_date(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask_repair(w, CREDIT, "2026-05-01"), ERR_TERM);
    wait_for_the_least_time(w);
    assert_int_equal(ask_repair(w, "police.445100", "2026-07-02"), ERR_REQUEST);
    assert_int_equal(ask(w, CREDIT, "repair.request", "2026-07-02", ""), ERR_FIELD_MISSING);
    assert_int_equal(book_count(w, FINE_QUERY, "redress", NULL, ""), 0);
    assert_int_equal(ask_repair(w, CREDIT, "2026-07-02"), 0);
    assert_int_equal(world_has(w, MARKET, "repair.request"), 1);
    assert_int_equal(book_count(w, FINE_QUERY, "redress", "outcome", "open"), 1);
    assert_int_equal(ask_repair(w, CREDIT, "2026-07-02"), ERR_REQUEST); /* one at a time */
}

#define REPAIR_OF(subject, id)                                                                     \
    "{\"subject\":" subject ",\"order_id\":\"" id "\",\"reference\":\"Q-1\","                      \
    "\"date\":\"2026-07-02\",\"commitment\":true}"

static void a_request_that_does_not_reach_the_issuer_is_refused(void **state)
{
    static const struct {
        const char *body;
        const char *to;
        uint32_t code;
    } rows[] = {
        {REPAIR_OF(PUNISHED, FINE_ID), HEALTH, ERR_COPY_MISSING},
        {REPAIR_OF(CLEAN, FINE_ID), MARKET, ERR_REQUEST},     /* the order is about another one */
        {REPAIR_OF(PUNISHED, ORDER_ID), MARKET, ERR_REQUEST}, /* no such order */
        {REPAIR_OF(PUNISHED, FINE_ID), MARKET, 0},
    };
    struct world *w = *state;
    wait_for_the_least_time(w);
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(book_send(w, CREDIT, "repair.request", rows[i].body, NULL, rows[i].to),
                         rows[i].code);
}

static void only_the_issuer_decides_once_and_about_an_open_request(void **state)
{
    struct world *w = *state;
    wait_for_the_least_time(w);
    assert_int_equal(decide(w, MARKET, "repair.decision", "accepted", CREDIT), ERR_REQUEST);
    assert_int_equal(ask_repair(w, CREDIT, "2026-07-02"), 0);
    assert_int_equal(decide(w, HEALTH, "repair.decision", "accepted", CREDIT), ERR_REQUEST);
    assert_int_equal(decide(w, MARKET, "objection.decision", "upheld", CREDIT), ERR_REQUEST);
    assert_int_equal(decide(w, MARKET, "repair.decision", "upheld", CREDIT), ERR_REQUEST);
    assert_int_equal(decide(w, MARKET, "repair.decision", "accepted", HEALTH), ERR_COPY_MISSING);
    assert_int_equal(decide(w, MARKET, "repair.decision", "refused", CREDIT), 0);
    assert_int_equal(decide(w, MARKET, "repair.decision", "accepted", CREDIT), ERR_REQUEST);
    assert_int_equal(book_count(w, FINE_QUERY, "redress", "outcome", "refused"), 1);
    assert_int_equal(book_count(w, FINE_QUERY, "redress", NULL, ""), 1); /* no lift is expected */
}

static void a_decision_that_is_late_is_reminded_of_and_told_to_the_superior(void **state)
{
    struct world *w = *state;
    world_enrol(w, "market.440000");
    wait_for_the_least_time(w);
    assert_int_equal(ask_repair(w, CREDIT, "2026-07-02"), 0);
    size_t before = book_told(w, MARKET, lianshu_HubNoticeKind_HUBNOTICE_REMINDER);
    book_days(w, 8);
    world_restart(w);
    book_days(w, 12);
    assert_int_equal(book_told(w, MARKET, lianshu_HubNoticeKind_HUBNOTICE_REMINDER), before + 3);
    assert_int_equal(book_told(w, "market.440000", lianshu_HubNoticeKind_HUBNOTICE_OVERDUE), 1);
    assert_int_equal(book_count(w, FINE_QUERY, "redress", "overdue", "true"), 1);
}

static void an_accepted_repair_lifts_nothing_until_the_issuer_does_and_it_is_reminded(void **state)
{
    struct world *w = *state;
    wait_for_the_least_time(w);
    assert_int_equal(ask_repair(w, CREDIT, "2026-07-02"), 0);
    assert_int_equal(decide(w, MARKET, "repair.decision", "accepted", CREDIT), 0);
    assert_int_equal(book_count(w, FINE_QUERY, "redress", "kind", "lift_expected"), 1);
    book_days(w, 7);
    assert_true(book_told(w, MARKET, lianshu_HubNoticeKind_HUBNOTICE_REMINDER) >= 3);
    assert_int_equal(book_count(w, FINE_QUERY, "history", "state", "lifted"), 0);
    size_t told = book_told(w, MARKET, lianshu_HubNoticeKind_HUBNOTICE_REMINDER);
    assert_int_equal(
        book_send(w, MARKET, "sanction.lift",
                  CHANGE_BODY(FINE_ID, "2", "潮市监修〔2026〕1号", "2026-07-05", "修复"), "AP48",
                  NULL),
        0);
    assert_int_equal(book_count(w, FINE_QUERY, "redress", "outcome", "open"), 0);
    book_days(w, 7);
    assert_int_equal(book_told(w, MARKET, lianshu_HubNoticeKind_HUBNOTICE_REMINDER), told);
}

/* ---- objection ---- */

static void an_objection_has_the_nations_clock_where_no_local_law_has_one(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask(w, "police.445100", "objection.request", "2026-04-01", ""), ERR_REQUEST);
    assert_int_equal(ask(w, MARKET, "objection.request", "2026-04-01", ""), 0);
    assert_string_equal(book_first(w, FINE_QUERY, "redress", "clock"), "OBJ-000000");
    assert_int_equal(ask(w, CREDIT, "objection.request", "2026-04-01", ""), ERR_REQUEST);
    assert_int_equal(decide(w, MARKET, "objection.decision", "accepted", NULL), ERR_REQUEST);
    assert_int_equal(decide(w, MARKET, "objection.decision", "upheld", NULL), 0);
    assert_int_equal(book_count(w, FINE_QUERY, "redress", "kind", "lift_expected"), 1);
    assert_int_equal(book_count(w, FINE_QUERY, "history", NULL, ""), 1); /* it stands as it was */
}

static void an_annulled_order_cannot_be_objected_to(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        book_send(w, MARKET, "sanction.annul",
                  CHANGE_BODY(FINE_ID, "2", "潮市监撤〔2026〕1号", "2026-04-01", "原决定撤销"),
                  "AP48", NULL),
        0);
    assert_int_equal(ask(w, MARKET, "objection.request", "2026-04-01", ""), ERR_ORDER_STATE);
}

/* ---- annulment ---- */

static void who_was_refused_because_of_an_order_hears_of_its_annulment_once(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    const struct mail mail = acts_appointment();
    acts_order(w, env_id);
    world_send(w, &mail, env_id);
    assert_int_equal(world_code(w, HEALTH, env_id), ERR_RESTRICTED);
    assert_int_equal(book_told(w, HEALTH, lianshu_HubNoticeKind_HUBNOTICE_REFUSED_ANNULLED), 0);
    acts_annul(w, env_id);
    assert_int_equal(book_told(w, HEALTH, lianshu_HubNoticeKind_HUBNOTICE_REFUSED_ANNULLED), 1);
    world_restart(w);
    world_pass(w, DAY_MS);
    assert_int_equal(book_told(w, HEALTH, lianshu_HubNoticeKind_HUBNOTICE_REFUSED_ANNULLED), 1);
    assert_int_equal(
        book_told(w, "police.445100", lianshu_HubNoticeKind_HUBNOTICE_REFUSED_ANNULLED), 0);
}

/* ---- evidence ---- */

static uint32_t ask_evidence(struct world *w, const char *from, const char *to, const char *id)
{
    char body[512];
    uint8_t env_id[HASH_LEN];
    snprintf(body, sizeof body,
             "{\"order_id\":\"" ORDER_ID "\",\"obligation_id\":\"%s\",\"reason\":\"核实\"}", id);
    const struct mail mail = {.from = from,
                              .type = "evidence.request",
                              .to = {to},
                              .facts = body,
                              .sealed = "{\"number\":\"E-1\",\"text\":\"请提供证据\"}"};
    world_send(w, &mail, env_id);
    return world_code(w, from, env_id);
}

/* The order stands, and this is what the police owes by it. */
static void police_owes(struct world *w, char id[static 33])
{
    static lianshu_SanctionNotice notice;
    acts_order(w, NULL);
    acts_read_notice(world_got(w, "police.445100", "sanction.notice", 0), &notice);
    hex_encode(span_of(notice.obligation_id, 16), id);
}

static void evidence_is_for_who_owes_a_measure_of_the_order_and_goes_to_its_issuer(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    char mine[33];
    police_owes(w, mine);
    assert_int_equal(ask_evidence(w, HEALTH, MARKET, mine), ERR_EVIDENCE_RIGHT);
    assert_int_equal(ask_evidence(w, "police.445100", HEALTH, mine), ERR_EVIDENCE_RIGHT);
    assert_int_equal(ask_evidence(w, "police.445100", MARKET, FINE_ID), ERR_EVIDENCE_RIGHT);
    assert_int_equal(ask_evidence(w, "police.445100", MARKET, mine), 0);
    assert_int_equal(world_has(w, MARKET, "evidence.request"), 1);
    acts_annul(w, env_id);
    assert_int_equal(ask_evidence(w, "police.445100", MARKET, mine), ERR_EVIDENCE_RIGHT);
}

static void
evidence_that_comes_closes_the_request_and_until_then_the_issuer_is_reminded(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    char mine[33];
    police_owes(w, mine);
    assert_int_equal(ask_evidence(w, "police.445100", MARKET, mine), 0);
    book_days(w, 14);
    assert_int_equal(book_told(w, MARKET, lianshu_HubNoticeKind_HUBNOTICE_REMINDER), 3);
    const struct mail supply = {.from = MARKET,
                                .type = "evidence.supply",
                                .to = {"police.445100"},
                                .sealed =
                                    "{\"order_id\":\"" ORDER_ID "\",\"summary\":\"检验报告\"}",
                                .conversation = ORDER_ID};
    assert_int_equal(book_count(w, ORDER_QUERY, "redress", "outcome", "open"), 1);
    world_send(w, &supply, env_id);
    assert_int_equal(world_has(w, "police.445100", "evidence.supply"), 1);
    assert_int_equal(book_count(w, ORDER_QUERY, "redress", "outcome", "answered"), 1);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, redress_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_repair_is_asked_for_by_who_may_and_not_before_its_earliest_date),
        CASE(a_request_that_does_not_reach_the_issuer_is_refused),
        CASE(only_the_issuer_decides_once_and_about_an_open_request),
        CASE(a_decision_that_is_late_is_reminded_of_and_told_to_the_superior),
        CASE(an_accepted_repair_lifts_nothing_until_the_issuer_does_and_it_is_reminded),
        CASE(an_objection_has_the_nations_clock_where_no_local_law_has_one),
        CASE(an_annulled_order_cannot_be_objected_to),
        CASE(who_was_refused_because_of_an_order_hears_of_its_annulment_once),
        CASE(evidence_is_for_who_owes_a_measure_of_the_order_and_goes_to_its_issuer),
        CASE(evidence_that_comes_closes_the_request_and_until_then_the_issuer_is_reminded),
    };
    return cmocka_run_group_tests_name("redress", tests, NULL, NULL);
}
