/*
 * Checks the promises in policy/event.h where something cannot be counted, is missing or is over:
 * on rules that the shipped set has none of.
 */
#include "event_world.h"
#include "ruleset_copy.h"

#define RULE(more)                                                                                 \
    "  - {id: X1, zh: 某, en: some, reason: listed, basis: [SAMR44-15], from: 2021-09-01, mark: " \
    "D, event: registration, types: [subject.register], " more "}\n"
#define M24(more) "{code: M24, force: consider, basis: [DL118], " more "}"
#define ALERT     "{to: {each: [market]}, clock: R08}"

enum { TODAY = 20260421 };

static struct {
    struct fixture *copy;
    struct world world;
    union body body;
    uint32_t today;
    bool uncounted; /* without a calendar */
    struct event_decision out;
    lianshu_DecisionRecord record;
} law;

static int open_copy(void **state)
{
    (void)state;
    memset(&law, 0, sizeof law);
    law.today = TODAY;
    return setup((void **)&law.copy);
}

static int close_copy(void **state)
{
    (void)state;
    if (law.world.rules != NULL)
        world_close(&law.world);
    return teardown((void **)&law.copy);
}

/* A rule before the shipped ones, and the registration of a company. */
static void enact(const char *rule)
{
    char text[2048];
    snprintf(text, sizeof text, "\nrules:\n%s", rule);
    spoil(law.copy, "rules.yaml", "\nrules:\n", text);
    if (law.world.rules != NULL)
        world_close(&law.world);
    world_open(&law.world, law.copy->dir);
    law.body = (union body){0};
    NAME_SUBJECT(law.body.registration, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
    law.body.registration.registered_date = law.today;
}

static enum err hear(uint32_t type)
{
    const uint8_t id[VIEW_ORDER_ID_LEN] = {1};
    const struct decide_input in = {.issuer = ISSUER,
                                    .issued_ms = noon(law.today),
                                    .document_id = id,
                                    .now_ms = noon(law.today),
                                    .calendar = law.uncounted ? NULL : law.world.calendar};
    return decide_event(law.world.rules, &law.world.view, &in, type, &law.body, &law.out,
                        &law.record);
}

static const char *why_of(const char *rule)
{
    for (pb_size_t i = 0; i < law.record.rules_count; i++)
        if (strcmp(law.record.rules[i].rule, rule) == 0)
            return law.record.rules[i].why;
    return "";
}

/* A deadline of working days without a calendar is none, and a term has an end that there is. */
static void what_cannot_be_counted_decides_nothing(void **state)
{
    static const struct {
        const char *rule;
        uint32_t today;
        bool uncounted;
    } rows[] = {
        {RULE("action: hold, deadline: 3 working_days, breach: refuse"), TODAY, true},
        {RULE("measures: [" M24("term: 1 year, answer: 3 working_days") "]"), TODAY, true},
        {RULE("measures: [" M24("term: 1 year, execute: 3 working_days") "]"), TODAY, true},
        {RULE("measures: [" M24("term: 1 year") "]"), 99990601, false},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        law.today = TODAY;
        law.uncounted = false;
        enact(rows[i].rule);
        assert_int_equal(hear(TYPE(SUBJECT_REGISTER)), OK);
        assert_int_not_equal(law.out.count, 0);
        law.today = rows[i].today;
        law.uncounted = rows[i].uncounted;
        law.body.registration.registered_date = law.today;
        assert_int_equal(hear(TYPE(SUBJECT_REGISTER)), ERR_TERM);
        assert_int_equal(law.out.count, 0);
    }
}

/* Who is refused owes nothing by it; whoever is to hear of it does. */
static void of_what_is_refused_the_refusal_and_the_alerts_are_left(void **state)
{
    (void)state;
    enact(RULE("action: refuse, alerts: [" ALERT "], measures: [" M24("term: 1 year") "]"));
    assert_int_equal(hear(TYPE(SUBJECT_REGISTER)), OK);
    assert_int_equal(law.out.err, ERR_RESTRICTED);
    assert_int_equal(law.out.count, 2);
    assert_non_null(find(&law.out, CONSEQUENCE_REFUSE, "X1"));
    assert_non_null(find(&law.out, CONSEQUENCE_ALERT, "X1"));
    assert_int_equal(law.record.outcome_count, 2);
}

static void a_rating_that_lacks_an_index_is_refused(void **state)
{
    (void)state;
    enact("");
    law.body = rating_of(GOOD, lianshu_CreditClass_CLASS_TRUSTWORTHY, 0);
    assert_int_equal(hear(TYPE(CREDIT_RATING)), OK);
    assert_int_equal(law.out.err, OK);
    law.body.rating.indices_count--;
    assert_int_equal(hear(TYPE(CREDIT_RATING)), OK);
    assert_int_equal(law.out.err, ERR_FIELD_MISSING);
    assert_string_equal(law.out.why, "indices");
}

static void a_trigger_of_orders_is_one_of_a_rule_in_force(void **state)
{
    static const char order_rule[] =
        "  - {id: X2, zh: 某, en: some, list: serious_dishonesty, triggers: [XT], subjects: "
        "[enterprise], severity: serious, from: %s, mark: D, term: 3 years, "
        "earliest_repair: none, measures: [{code: M24, force: consider, term: list, basis: "
        "[SAMR44-15]}]}\n";
    static const struct {
        const char *from;
        const char *why;
    } rows[] = {{"2021-09-01", "matched"},
                {"2026-04-20", "matched"},
                {"2026-04-21", "trigger"},
                {"2021-09-01, to: 2026-04-20", "matched"},
                {"2021-09-01, to: 2026-04-19", "trigger"}};
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char rules[2048] = "  - {id: X1, zh: 某, en: some, reason: listed, basis: [SAMR44-15], "
                           "from: 2021-09-01, mark: D, event: penalty, types: [penalty.decision], "
                           "when: {trigger: of_order}, alerts: [" ALERT "]}\n";
        snprintf(rules + strlen(rules), sizeof rules - strlen(rules), order_rule, rows[i].from);
        enact(rules);
        law.body = (union body){0};
        NAME_SUBJECT(law.body.penalty, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
        law.body.penalty.decision_date = 20260420;
        snprintf(law.body.penalty.trigger, sizeof law.body.penalty.trigger, "XT");
        print_message("row %zu\n", i);
        assert_int_equal(hear(TYPE(PENALTY_DECISION)), OK);
        assert_string_equal(why_of("X1"), rows[i].why);
    }
}

static void an_incentive_is_a_measure_that_the_document_names(void **state)
{
    (void)state;
    enact(RULE("when: {incentive: true}, measures: [" M24("term: 1 year") "]"));
    assert_int_equal(hear(TYPE(SUBJECT_REGISTER)), OK);
    assert_int_equal(law.out.err, ERR_FIELD_VALUE);
    assert_string_equal(law.out.why, "measure");
    assert_int_equal(law.out.count, 0);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, open_copy, close_copy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(what_cannot_be_counted_decides_nothing),
        EACH(of_what_is_refused_the_refusal_and_the_alerts_are_left),
        EACH(a_rating_that_lacks_an_index_is_refused),
        EACH(a_trigger_of_orders_is_one_of_a_rule_in_force),
        EACH(an_incentive_is_a_measure_that_the_document_names),
    };
    return cmocka_run_group_tests_name("event_bounds", tests, NULL, NULL);
}
