/*
 * Checks the promises in policy/casebook.h on steps and flows that the shipped table has none of:
 * clocks of other times, terms that cannot be counted, and as many as there is room for.
 */
#include "policy/casebook.h"

#include "policy_world.h"
#include "ruleset_copy.h"

#include "case.pb.h"
#include "document.pb.h"
#include "safety.pb.h"

enum {
    RECORD = lianshu_DocumentType_TYPE_CASE_RECORD,
    AEFI = lianshu_DocumentType_TYPE_AEFI_REPORT,
    RECALL = lianshu_DocumentType_TYPE_RECALL_NOTICE,
    MARKET = 1 << DEPARTMENT_MARKET,
};

#define EVENT_DAY 20260420

struct law {
    struct fixture *copy;
    struct world world;
};

static int open_copy(void **state)
{
    struct law *law = calloc(1, sizeof *law);
    assert_int_equal(setup((void **)&law->copy), 0);
    *state = law;
    return 0;
}

static int close_copy(void **state)
{
    struct law *law = *state;
    if (law->world.rules != NULL)
        world_close(&law->world);
    assert_int_equal(teardown((void **)&law->copy), 0);
    free(law);
    return 0;
}

/* A clock of a table, a step X of a case, a flow: rows before all others. */
#define CLOCK(id, more)                                                                            \
    "  - {id: " id ", zh: 某, en: some, basis: b, mark: D, owner: [police], " more "}\n"
#define STEP(more)                                                                                  \
    "  - {id: X, zh: 某, en: some, type: case.record, from: [CLUE], to: same, outcome: x, actor: " \
    "[market], basis: b, mark: D" more "}\n"
#define FLOW(id, more) "  - {id: " id ", zh: 某, en: some, basis: b, mark: D, " more "}\n"

static void enact(struct law *law, const char *clocks, const char *steps, const char *flows)
{
    char text[4096];
    restore(law->copy);
    snprintf(text, sizeof text, "\nclocks:\n%s", clocks);
    spoil(law->copy, "clocks.yaml", "\nclocks:\n", text);
    snprintf(text, sizeof text, "\nsteps:\n%s", steps);
    spoil(law->copy, "cases.yaml", "\nsteps:\n", text);
    snprintf(text, sizeof text, "\nflows:\n%s", flows);
    spoil_more(law->copy, "cases.yaml", "\nflows:\n", text);
    if (law->world.rules != NULL)
        world_close(&law->world);
    world_open(&law->world, law->copy->dir);
}

static struct case_event event_x(const char *state)
{
    return (struct case_event){.state = state,
                               .transition = "X",
                               .type = RECORD,
                               .outcome = "x",
                               .complexity = "",
                               .actor = DEPARTMENT_MARKET,
                               .event_ms = noon(EVENT_DAY)};
}

static enum err step_x(const struct law *law, const struct case_event *e, struct case_result *out)
{
    return case_step(law->world.rules, law->world.calendar, e, out);
}

/* A clock runs from the first to the last day on which it is law. */
static void a_clock_of_another_time_does_not_run(void **state)
{
    static const struct {
        const char *more;
        bool runs;
    } rows[] = {
        {"term: 3 days, from: 2026-04-20", true},
        {"term: 3 days, from: 2026-04-21", false},
        {"term: 3 days, to: 2026-04-20", true},
        {"term: 3 days, to: 2026-04-19", false},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct case_result out;
        const struct case_event e = event_x("CLUE");
        const struct flow_event f = {
            .type = AEFI, .actor = DEPARTMENT_HEALTH, .event_ms = noon(EVENT_DAY)};
        char clock[256];
        snprintf(clock, sizeof clock, CLOCK("XC", "%s") CLOCK("XN", "%s"), rows[i].more,
                 rows[i].more);
        print_message("row %zu\n", i);
        enact(law, clock, STEP(", starts: [XC], within: [XN]"), "");
        assert_int_equal(step_x(law, &e, &out), OK);
        assert_int_equal(out.start_count, rows[i].runs ? 2 : 0);
        assert_int_equal(out.owner, rows[i].runs ? 1 << DEPARTMENT_POLICE : 0);
        struct case_result bare;
        enact(law, clock, "", "");
        assert_int_equal(flow_clocks(law->world.rules, law->world.calendar, &f, &bare), OK);
        enact(law, clock, "", FLOW("X1", "type: aefi.report, starts: [XC], within: [XN]"));
        assert_int_equal(flow_clocks(law->world.rules, law->world.calendar, &f, &out), OK);
        assert_int_equal(out.start_count, bare.start_count + (rows[i].runs ? 2 : 0));
    }
}

/* What a step cannot count it refuses, whichever clock it is of. */
static void a_term_that_cannot_be_counted_refuses_the_step(void **state)
{
    static const struct {
        const char *step;
        const char *complexity;
        bool running, calendar;
        enum err want;
    } rows[] = {
        {", starts: [XC]", "", false, true, OK},
        {", starts: [XC]", "complex", false, true, OK},
        {", starts: [XC]", "huge", false, true, ERR_FIELD_VALUE},
        {", starts: [XC]", "", false, false, ERR_TERM},
        {", within: [XC]", "", false, true, OK},
        {", within: [XC]", "huge", false, true, ERR_FIELD_VALUE},
        {", within: [XC]", "", false, false, ERR_TERM},
        {", recounts: [XC]", "major", true, true, OK},
        {", recounts: [XC]", "huge", true, true, ERR_FIELD_VALUE},
        {", recounts: [XC]", "", true, false, ERR_TERM},
        {", recounts: [XC]", "", false, true, ERR_CASE_STATE}, /* it does not run */
        {", starts: [XE]", "", false, true, ERR_CASE_STATE}, /* what it would extend does not run */
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        static const struct case_running running = {"XC", UINT64_C(1776650400000),
                                                    UINT64_C(1777000000000)};
        struct case_result out;
        char step[512];
        struct case_event e = event_x("CLUE");
        e.complexity = rows[i].complexity;
        e.running = &running;
        e.running_count = rows[i].running;
        print_message("row %zu\n", i);
        snprintf(step, sizeof step, STEP("%s"), rows[i].step);
        enact(law, CLOCK("XC", "term: 3 working_days") CLOCK("XE", "term: 3 days, extends: [XC]"),
              step, "");
        assert_int_equal(
            case_step(law->world.rules, rows[i].calendar ? law->world.calendar : NULL, &e, &out),
            rows[i].want);
        assert_int_equal(out.start_count + out.move_count, rows[i].want == OK ? 1 : 0);
        assert_string_equal(out.state, "CLUE");
    }
}

static void a_flow_that_cannot_be_counted_says_so(void **state)
{
    static const char *const flows[] = {
        FLOW("X1", "type: aefi.report, starts: [XC]"),
        FLOW("X1", "type: aefi.report, within: [XC]"),
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(flows); i++) {
        struct case_result out;
        const struct flow_event f = {
            .type = AEFI, .actor = DEPARTMENT_HEALTH, .event_ms = noon(EVENT_DAY)};
        enact(law, CLOCK("XC", "term: 3 working_days"), "", flows[i]);
        assert_int_equal(flow_clocks(law->world.rules, NULL, &f, &out), ERR_TERM);
    }
}

/* An extension runs on from what it extends: of hours from the moment, of days from the day. */
static void an_extension_takes_the_place_of_what_it_extends(void **state)
{
    static const struct {
        const char *term;
        uint64_t due_ms;
    } rows[] = {
        {"24 hours", UINT64_C(24) * 3600000},
        {"3 days", UINT64_C(3) * 86400000},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const uint64_t due = date_end_ms(EVENT_DAY + 1);
        const struct case_running running = {"XC", noon(EVENT_DAY) - 1, due};
        struct case_result out;
        char clocks[512];
        struct case_event e = event_x("CLUE");
        e.running = &running;
        e.running_count = 1;
        print_message("row %zu\n", i);
        snprintf(clocks, sizeof clocks,
                 CLOCK("XC", "term: 3 days") CLOCK("XE", "term: %s, extends: [XC]"), rows[i].term);
        enact(law, clocks, STEP(", starts: [XE], meets: [XC]"),
              ""); /* stopped once, whoever says so */
        assert_int_equal(step_x(law, &e, &out), OK);
        assert_int_equal(out.start_count, 1);
        assert_int_equal(out.starts[0].due_ms, due + rows[i].due_ms);
        assert_int_equal(out.stop_count, 1);
        assert_string_equal(out.stops[0], "XC");
    }
}

/* What is done too late is told where the law has a word for it. */
static void a_clock_that_is_met_too_late(void **state)
{
    static const struct {
        const char *clock;
        uint32_t due; /* 0: it does not run */
        enum err want;
        unsigned late;
    } rows[] = {
        {"term: 3 days", EVENT_DAY - 1, OK, 0},
        {"term: 3 days, if_done: true", EVENT_DAY - 1, OK, 1},
        {"term: 3 days, if_done: true", EVENT_DAY, OK, 0},
        {"term: 3 days, if_done: true", 0, OK, 0},
        {"term: 3 days, breach: lapse", EVENT_DAY - 1, ERR_CASE_LAPSED, 0},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct case_running running = {"XC", 1, date_end_ms(rows[i].due)};
        struct case_result out;
        char clocks[512];
        struct case_event e = event_x("CLUE");
        e.running = &running;
        e.running_count = rows[i].due != 0;
        print_message("row %zu\n", i);
        snprintf(clocks, sizeof clocks, CLOCK("XC", "%s"), rows[i].clock);
        enact(law, clocks, STEP(", meets: [XC]"), "");
        assert_int_equal(step_x(law, &e, &out), rows[i].want);
        assert_int_equal(out.late_count, rows[i].late);
    }
}

/* A document that opens a case and leads it nowhere leaves it unknown. */
static void a_case_that_is_led_nowhere_is_not_closed(void **state)
{
    struct law *law = *state;
    struct case_result out;
    const struct case_event e = event_x("");
    enact(law, "",
          "  - {id: X, zh: 某, en: some, type: case.record, from: [\"\"], to: same, outcome: x, "
          "actor: "
          "[market], basis: b, mark: D}\n",
          "");
    assert_int_equal(step_x(law, &e, &out), OK);
    assert_string_equal(out.state, "");
    assert_false(out.closed);
    for (int final = 0; final <= 1; final++) {
        char step[512];
        snprintf(
            step, sizeof step,
            "  - {id: X, zh: 某, en: some, type: case.record, from: [\"\"], to: %s, outcome: x, "
            "actor: [market], basis: b, mark: D}\n",
            final ? "CLOSED" : "CLUE");
        enact(law, "", step, "");
        assert_int_equal(step_x(law, &e, &out), OK);
        assert_int_equal(out.closed, final);
    }
}

/* One of the addressees, and one of those beside them; which is missing is said. */
static void a_step_goes_to_one_of_each(void **state)
{
    enum {
        HEALTH = 1 << DEPARTMENT_HEALTH,
        DRUG = 1 << DEPARTMENT_DRUG,
        POLICE = 1 << DEPARTMENT_POLICE
    };
    static const struct {
        uint32_t to, missing;
    } rows[] = {{0, POLICE | HEALTH},
                {POLICE, HEALTH},
                {HEALTH, POLICE},
                {POLICE | HEALTH, 0},
                {POLICE | DRUG, 0}};
    struct law *law = *state;
    enact(law, "", STEP(", to_one: [police], also_one: [health, drug]"), "");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct case_result out;
        struct case_event e = event_x("CLUE");
        e.destinations = rows[i].to;
        print_message("row %zu\n", i);
        assert_int_equal(step_x(law, &e, &out), rows[i].missing == 0 ? OK : ERR_COPY_MISSING);
        assert_int_equal(out.missing_copies, rows[i].missing);
    }
}

/* Grade and department choose the row; facts may say an earlier moment, or nothing. */
static void a_flow_fits_by_grade_department_and_moment(void **state)
{
    static const struct {
        const char *more;
        const char *grade;
        uint32_t actor;
        bool fits;
    } rows[] = {
        {"", "", DEPARTMENT_HEALTH, true},
        {", actor: [health, drug]", "", DEPARTMENT_HEALTH, true},
        {", actor: [drug]", "", DEPARTMENT_HEALTH, false},
        {", actor: [drug]", "", 32, false},
        {", grade: fatal", "fatal", DEPARTMENT_HEALTH, true},
        {", grade: fatal", "ordinary", DEPARTMENT_HEALTH, false},
        {", grade: ordinary", "", DEPARTMENT_HEALTH, true},
        {", grade: ordinary", "ordinary", DEPARTMENT_HEALTH, true},
        {", grade: ordinary", "fatal", DEPARTMENT_HEALTH, false},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct case_result with, without;
        char flow[512];
        lianshu_BatchFacts facts = lianshu_BatchFacts_init_zero;
        snprintf(facts.grade, sizeof facts.grade, "%s", rows[i].grade);
        facts.event_ms = noon(EVENT_DAY - 2);
        const struct flow_event f = {
            .type = AEFI, .facts = &facts, .actor = rows[i].actor, .event_ms = noon(EVENT_DAY)};
        print_message("row %zu\n", i);
        enact(law, CLOCK("XC", "term: 3 days"), "", "");
        assert_int_equal(flow_clocks(law->world.rules, law->world.calendar, &f, &without), OK);
        snprintf(flow, sizeof flow, FLOW("X1", "type: aefi.report, starts: [XC]%s"), rows[i].more);
        enact(law, CLOCK("XC", "term: 3 days"), "", flow);
        assert_int_equal(flow_clocks(law->world.rules, law->world.calendar, &f, &with), OK);
        assert_int_equal(with.start_count, without.start_count + rows[i].fits);
        if (rows[i].fits)
            assert_int_equal(with.starts[0].from_ms, noon(EVENT_DAY - 2));
    }
}

static void a_recall_counts_from_the_end_of_its_day_or_from_now(void **state)
{
    static const struct {
        bool said;
        uint32_t date;
        const char *by;
        uint64_t from_ms;
    } rows[] = {
        {false, 0, "", UINT64_C(0)},
        {true, 0, "", UINT64_C(0)},
        {true, EVENT_DAY - 1, "", UINT64_C(1)},
        {true, EVENT_DAY + 1, "", UINT64_C(0)}, /* not from what is to come */
        {true, EVENT_DAY - 1, ", by_notice: true", UINT64_C(0)},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct case_result out;
        char clock[256];
        lianshu_Recall recall = lianshu_Recall_init_zero;
        recall.date = rows[i].date;
        recall.class = 1;
        const struct flow_event f = {.type = RECALL,
                                     .facts = rows[i].said ? &recall : NULL,
                                     .actor = DEPARTMENT_DRUG,
                                     .event_ms = noon(EVENT_DAY)};
        print_message("row %zu\n", i);
        snprintf(clock, sizeof clock, CLOCK("XC", "term: 3 days%s"), rows[i].by);
        enact(law, clock, "", FLOW("X1", "type: recall.notice, starts: [XC]"));
        assert_int_equal(flow_clocks(law->world.rules, law->world.calendar, &f, &out), OK);
        assert_string_equal(out.starts[0].clock->id, "XC");
        assert_int_equal(out.starts[0].from_ms,
                         rows[i].from_ms == 0 ? noon(EVENT_DAY) : date_end_ms(EVENT_DAY - 1) - 1);
    }
}

/* A clock that there is no room for would never run: such a table does not load. */
static void more_clocks_than_a_document_sets_going_do_not_load(void **state)
{
    static const struct {
        const char *step, *flow;
        bool loads;
    } rows[] = {
        {", starts: [A, B, C, D, E, F], within: [A, B, C, D, E, F]", "", true},
        {", starts: [A, B, C, D, E, F], within: [A, B, C, D, E, F, G]", "", false},
        {", starts: [A, B, C, D, E, F], stops: [A, B, C, D, E, F]", "", true},
        {", starts: [A, B, C, D, E, F], stops: [A, B, C, D, E, F, G]", "", false},
        {", meets: [A, B, C, D, E, F], within: [A, B, C, D, E, F]", "", true},
        {", meets: [A, B, C, D, E, F], within: [A, B, C, D, E, F, G]", "", false},
        {"",
         FLOW("X1", "type: trace.query, starts: [A, B, C, D, E, F]")
             FLOW("X2", "type: trace.query, within: [A, B, C, D, E, F]"),
         true},
        {"",
         FLOW("X1", "type: trace.query, starts: [A, B, C, D, E, F]")
             FLOW("X2", "type: trace.query, within: [A, B, C, D, E, F, G]"),
         false},
        {"",
         FLOW("X1", "type: trace.query, grade: a, starts: [A, B, C, D, E, F]")
             FLOW("X2", "type: trace.query, grade: b, within: [A, B, C, D, E, F, G]"),
         true},
        {"",
         FLOW("X1", "type: trace.query, stops: [A, B, C, D, E, F]")
             FLOW("X2", "type: trace.query, stops: [A, B, C, D, E, F, G]"),
         false},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct ruleset *rs = NULL;
        char text[4096] = "\nclocks:\n";
        for (char id = 'A'; id <= 'G'; id++)
            snprintf(text + strlen(text), sizeof text - strlen(text), CLOCK("%c", "term: 3 days"),
                     id);
        print_message("row %zu\n", i);
        restore(law->copy);
        spoil(law->copy, "clocks.yaml", "\nclocks:\n", text);
        snprintf(text, sizeof text, "\nsteps:\n" STEP("%s"), rows[i].step);
        spoil(law->copy, "cases.yaml", "\nsteps:\n", text);
        snprintf(text, sizeof text, "\nflows:\n%s", rows[i].flow);
        spoil_more(law->copy, "cases.yaml", "\nflows:\n", text);
        const enum err err = ruleset_open(&rs, law->copy->dir, &law->copy->faults);
        assert_int_equal(err, rows[i].loads ? OK : ERR_RULE_SET);
        ruleset_close(&rs);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, open_copy, close_copy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_clock_of_another_time_does_not_run),
        CASE(a_term_that_cannot_be_counted_refuses_the_step),
        CASE(a_flow_that_cannot_be_counted_says_so),
        CASE(an_extension_takes_the_place_of_what_it_extends),
        CASE(a_clock_that_is_met_too_late),
        CASE(a_case_that_is_led_nowhere_is_not_closed),
        CASE(a_step_goes_to_one_of_each),
        CASE(a_flow_fits_by_grade_department_and_moment),
        CASE(a_recall_counts_from_the_end_of_its_day_or_from_now),
        CASE(more_clocks_than_a_document_sets_going_do_not_load),
    };
    return cmocka_run_group_tests_name("casebook_rules", tests, NULL, NULL);
}
