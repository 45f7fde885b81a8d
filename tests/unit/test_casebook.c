/*
 * Checks the promises in policy/casebook.h on the shipped case table.
 */
#include "policy/casebook.h"

#include "policy_world.h"

#include "case.pb.h"
#include "document.pb.h"
#include "safety.pb.h"

#include <stdlib.h>

enum {
    REFERRAL = lianshu_DocumentType_TYPE_CASE_REFERRAL,
    ACK = lianshu_DocumentType_TYPE_CASE_ACKNOWLEDGED,
    SUPPLEMENT = lianshu_DocumentType_TYPE_CASE_SUPPLEMENT,
    DECISION = lianshu_DocumentType_TYPE_CASE_DECISION,
    FORWARD = lianshu_DocumentType_TYPE_CASE_FORWARD,
    RECONSIDER = lianshu_DocumentType_TYPE_CASE_RECONSIDER,
    RESULT = lianshu_DocumentType_TYPE_CASE_RESULT,
    RECORD = lianshu_DocumentType_TYPE_CASE_RECORD,
    AEFI = lianshu_DocumentType_TYPE_AEFI_REPORT,
    ADR = lianshu_DocumentType_TYPE_ADR_REPORT,
    FEEDBACK = lianshu_DocumentType_TYPE_EVENT_FEEDBACK,
    BLOCK = lianshu_DocumentType_TYPE_BATCH_BLOCK,
    CLUE = lianshu_DocumentType_TYPE_CLUE,
    MARKET = 1 << DEPARTMENT_MARKET,
    POLICE = 1 << DEPARTMENT_POLICE,
    PROCURATORATE = 1 << DEPARTMENT_PROCURATORATE,
    HEALTH = 1 << DEPARTMENT_HEALTH,
};

/* What a transfer brings. */
static const char *const papers[] = {"D04", "D05", "D06", "D07"};

static struct case_event event_of(const char *state, const char *transition, const char *outcome,
                                  uint32_t type, uint32_t actor, uint32_t destinations)
{
    return (struct case_event){.state = state,
                               .transition = transition,
                               .type = type,
                               .outcome = outcome,
                               .complexity = "",
                               .papers = papers,
                               .paper_count = T_COUNT(papers),
                               .actor = actor,
                               .destinations = destinations,
                               .event_ms = noon(20260420)};
}

static void a_referral_goes_its_way(void **state)
{
    static const struct {
        const char *transition;
        const char *outcome;
        uint32_t type;
        uint32_t actor;
        uint32_t destinations;
        const char *want;
        unsigned starts;
        unsigned stops;
    } rows[] = {
        /* T08 and T03 begin, and it is kept in time for the platform (SHARE) */
        {"T07", "", REFERRAL, DEPARTMENT_MARKET, POLICE | PROCURATORATE, "TRANSFERRED", 3, 0},
        {"T08", "", ACK, DEPARTMENT_POLICE, MARKET, "RECEIVED", 4, 1},
        {"T09", "", SUPPLEMENT, DEPARTMENT_POLICE, MARKET, "SUPPLEMENT", 1, 4},
        {"T10", "", SUPPLEMENT, DEPARTMENT_MARKET, POLICE, "PS_REVIEW", 1, 1},
        /* T15 begins; kept in time: T14, SHARE */
        {"T13", "filed", DECISION, DEPARTMENT_POLICE, MARKET | PROCURATORATE, "CRIM_FILED", 3, 5},
    };
    char at[CASE_STATE_MAX] = "";
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct case_result out;
        struct case_event e = event_of(at, rows[i].transition, rows[i].outcome, rows[i].type,
                                       rows[i].actor, rows[i].destinations);
        print_message("%s\n", rows[i].transition);
        assert_int_equal(case_step(world.rules, world.calendar, &e, &out), OK);
        assert_int_equal(out.err, OK);
        assert_string_equal(out.state, rows[i].want);
        assert_int_equal(out.start_count, rows[i].starts);
        assert_int_equal(out.stop_count, rows[i].stops);
        snprintf(at, sizeof at, "%s", out.state);
    }
}

static void a_step_that_no_row_allows_changes_nothing(void **state)
{
    static const struct {
        const char *state;
        const char *transition;
        const char *outcome;
        uint32_t type;
        uint32_t actor;
        uint32_t destinations;
        const char *why;
    } rows[] = {
        {"TRANSFERRED", "T07", "", REFERRAL, DEPARTMENT_MARKET, POLICE | PROCURATORATE, "again"},
        {"", "T08", "", ACK, DEPARTMENT_POLICE, MARKET, "no such case"},
        {"TRANSFERRED", "T13", "filed", DECISION, DEPARTMENT_POLICE, MARKET | PROCURATORATE,
         "not received"},
        {"RECEIVED", "T13", "", DECISION, DEPARTMENT_POLICE, MARKET | PROCURATORATE, "no outcome"},
        {"RECEIVED", "T13", "perhaps", DECISION, DEPARTMENT_POLICE, MARKET | PROCURATORATE,
         "other outcome"},
        {"RECEIVED", "T13", "filed", ACK, DEPARTMENT_POLICE, MARKET | PROCURATORATE, "other type"},
        {"RECEIVED", "T13", "filed", DECISION, DEPARTMENT_MARKET, MARKET | PROCURATORATE,
         "other actor"},
        {"", "T07", "", REFERRAL, DEPARTMENT_POLICE, POLICE | PROCURATORATE,
         "police refer nothing"},
        {"", "T07", "", REFERRAL, 32, POLICE | PROCURATORATE, "no department"},
        {"CRIM_FILED", "T13", "not_filed", DECISION, DEPARTMENT_POLICE, MARKET | PROCURATORATE,
         "decided"},
        {"", "T99", "", REFERRAL, DEPARTMENT_MARKET, POLICE | PROCURATORATE, "no such step"},
        {"", "", "", REFERRAL, DEPARTMENT_MARKET, POLICE | PROCURATORATE, "no step"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct case_result out;
        struct case_event e = event_of(rows[i].state, rows[i].transition, rows[i].outcome,
                                       rows[i].type, rows[i].actor, rows[i].destinations);
        print_message("row %zu: %s\n", i, rows[i].why);
        assert_int_equal(case_step(world.rules, world.calendar, &e, &out), ERR_CASE_STATE);
        assert_string_equal(out.state, rows[i].state);
        assert_int_equal(out.start_count, 0);
        assert_int_equal(out.stop_count, 0);
        assert_null(out.step);
    }
}

static void mandatory_copies_are_asked_for(void **state)
{
    static const struct {
        const char *state;
        const char *transition;
        const char *outcome;
        uint32_t type;
        uint32_t actor;
        uint32_t destinations;
        uint32_t missing;
    } rows[] = {
        {"", "T07", "", REFERRAL, DEPARTMENT_MARKET, POLICE, PROCURATORATE},
        {"", "T07", "", REFERRAL, DEPARTMENT_MARKET, PROCURATORATE, POLICE},
        {"", "T07", "", REFERRAL, DEPARTMENT_MARKET, 0, POLICE | PROCURATORATE},
        {"", "T07", "", REFERRAL, DEPARTMENT_MARKET, HEALTH | POLICE, PROCURATORATE},
        {"RECEIVED", "T13", "filed", DECISION, DEPARTMENT_POLICE, MARKET, PROCURATORATE},
        {"RECEIVED", "T13", "not_filed", DECISION, DEPARTMENT_POLICE, MARKET, PROCURATORATE},
        {"PS_REVIEW", "T13", "not_filed", DECISION, DEPARTMENT_POLICE, PROCURATORATE, MARKET},
        {"FILED_UNTOLD", "T14", "filed", DECISION, DEPARTMENT_POLICE, MARKET, PROCURATORATE},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct case_result out;
        struct case_event e = event_of(rows[i].state, rows[i].transition, rows[i].outcome,
                                       rows[i].type, rows[i].actor, rows[i].destinations);
        print_message("row %zu\n", i);
        assert_int_equal(case_step(world.rules, world.calendar, &e, &out), ERR_COPY_MISSING);
        assert_int_equal(out.missing_copies, rows[i].missing);
        assert_string_equal(out.state, rows[i].state);
        assert_int_equal(out.start_count, 0);
    }
}

static uint64_t due_of(const struct case_result *out, const char *clock)
{
    for (uint32_t i = 0; i < out->start_count; i++)
        if (strcmp(out->starts[i].clock->id, clock) == 0)
            return out->starts[i].due_ms;
    return 0;
}

/* Received at noon of Monday 2026-04-20: 3, 10 and 30 days; the 30th of April is a Thursday, the
 * 20th of May a Wednesday. From 2026-04-29 three days end on 2 May, a holiday until the 5th. */
static void the_term_to_file_follows_the_complexity(void **state)
{
    static const struct {
        uint32_t date;
        const char *complexity;
        uint32_t last;
    } rows[] = {
        {20260420, "", 20260423},        {20260420, "ordinary", 20260423},
        {20260420, "complex", 20260430}, {20260420, "major", 20260520},
        {20260429, "", 20260506},
    };
    struct case_result out;
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct case_event e = event_of("TRANSFERRED", "T08", "", ACK, DEPARTMENT_POLICE, MARKET);
        e.event_ms = noon(rows[i].date);
        e.complexity = rows[i].complexity;
        print_message("row %zu\n", i);
        assert_int_equal(case_step(world.rules, world.calendar, &e, &out), OK);
        assert_int_equal(due_of(&out, "T13"), date_end_ms(rows[i].last));
        assert_int_equal(due_of(&out, "T09"), e.event_ms + 24 * (uint64_t)HOUR_MS);
        assert_int_equal(out.owner, POLICE);
    }
    struct case_event e = event_of("TRANSFERRED", "T08", "", ACK, DEPARTMENT_POLICE, MARKET);
    e.complexity = "very";
    assert_int_equal(case_step(world.rules, world.calendar, &e, &out), ERR_FIELD_VALUE);
    assert_string_equal(out.state, "TRANSFERRED");
    assert_int_equal(out.start_count, 0);
}

static void no_state_is_reached_without_document_and_actor(void **state)
{
    size_t n = 0;
    const struct rule_step *steps = ruleset_steps(world.rules, &n);
    (void)state;
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        print_message("%s %s\n", steps[i].id, steps[i].outcome);
        assert_true(steps[i].type != 0);
        assert_true(steps[i].actor != 0);
        assert_true(steps[i].basis[0] != '\0');
    }
}

/* ---- documents, lapse, extension, what is forbidden ---- */

static enum err take(struct case_event *e, struct case_result *out)
{
    enum err err = case_step(world.rules, world.calendar, e, out);
    assert_int_equal(out->err, err);
    return err;
}

static void a_transfer_without_one_of_its_documents_names_it(void **state)
{
    static const char *const lacking[] = {"D04", "D06"};
    struct case_result out;
    struct case_event e =
        event_of("", "T07", "", REFERRAL, DEPARTMENT_MARKET, POLICE | PROCURATORATE);
    (void)state;
    e.papers = lacking;
    e.paper_count = T_COUNT(lacking);
    assert_int_equal(take(&e, &out), ERR_CASE_DOCUMENT);
    assert_string_equal(out.missing_paper->id, "D05");
    assert_int_equal(out.start_count, 0);
    assert_string_equal(out.state, "");
}

static void the_ninety_days_rest_from_the_transfer_until_it_is_not_filed(void **state)
{
    struct case_result out;
    struct case_event e =
        event_of("APPROVED", "T07", "", REFERRAL, DEPARTMENT_MARKET, POLICE | PROCURATORATE);
    (void)state;
    assert_int_equal(take(&e, &out), OK);
    assert_int_equal(out.suspend_count, 1);
    assert_string_equal(out.suspends[0], "T03");
    assert_int_equal(due_of(&out, "T03"), 0); /* it runs already */
    e = event_of("", "T07", "", REFERRAL, DEPARTMENT_MARKET, POLICE | PROCURATORATE);
    assert_int_equal(take(&e, &out), OK);
    assert_int_equal(due_of(&out, "T03"), date_end_ms(20260719));
    assert_string_equal(out.suspends[0], "T03");
    e = event_of("PS_REVIEW", "T13", "not_filed", DECISION, DEPARTMENT_POLICE,
                 MARKET | PROCURATORATE);
    assert_int_equal(take(&e, &out), OK);
    assert_int_equal(out.resume_count, 1);
    assert_string_equal(out.resumes[0], "T03");
}

/* Every state in which the criminal path has not ended; 国务院令第310号第11条. */
static void a_fine_waits_for_the_end_of_the_criminal_path_and_other_measures_do_not(void **state)
{
    static const char *const open[] = {
        "TRANSFERRED",  "RECEIVED",         "SUPPLEMENT",     "FORWARDED",   "PS_REVIEW",
        "FILED_UNTOLD", "NOT_FILED_UNTOLD", "CRIM_FILED",     "RECONSIDER",  "PP_SUPERVISION",
        "PS_EXPLAINS",  "EXPLAINED",        "FILING_ORDERED", "PROSECUTION", "INDICTED"};
    static const char *const before[] = {"CRIME_SUSPECTED", "HEAD_REVIEW", "APPROVED",
                                         "ORDERED_TRANSFER"};
    struct case_result out;
    (void)state;
    for (size_t i = 0; i < T_COUNT(open); i++) {
        struct case_event e = event_of(open[i], "T03", "fine", RESULT, DEPARTMENT_MARKET, 0);
        assert_int_equal(take(&e, &out), ERR_CASE_BARRED);
        assert_non_null(strstr(out.step->basis, "第11条"));
        assert_string_equal(out.state, open[i]);
        e.outcome = "measure";
        assert_int_equal(take(&e, &out), OK);
        assert_string_equal(out.state, open[i]);
    }
    for (size_t i = 0; i < T_COUNT(before); i++) {
        struct case_event e = event_of(before[i], "T03", "other", RESULT, DEPARTMENT_MARKET, 0);
        assert_int_equal(take(&e, &out), ERR_CASE_BARRED);
        e.outcome = "none";
        assert_int_equal(take(&e, &out), ERR_CASE_BARRED);
    }
    struct case_event e = event_of("NOT_FILED", "T22", "fine", RESULT, DEPARTMENT_MARKET, 0);
    assert_int_equal(take(&e, &out), OK);
    assert_string_equal(out.state, "ADMIN_DECISION");
}

/* Three days from the notice of Monday 2026-04-20. */
static void the_right_to_reconsideration_lapses_after_three_days(void **state)
{
    const struct case_running runs[] = {{"T16", noon(20260420), date_end_ms(20260423)}};
    struct case_result out;
    struct case_event e = event_of("NOT_FILED", "T16", "", RECONSIDER, DEPARTMENT_MARKET, POLICE);
    (void)state;
    e.running = runs;
    e.running_count = 1;
    e.event_ms = date_end_ms(20260423) - 1;
    assert_int_equal(take(&e, &out), OK);
    e.event_ms = date_end_ms(20260423);
    assert_int_equal(take(&e, &out), ERR_CASE_LAPSED);
    /* The administration decides instead, and may do so late. */
    e = event_of("NOT_FILED", "T22", "other", RESULT, DEPARTMENT_MARKET, 0);
    e.running = runs;
    e.running_count = 1;
    e.event_ms = date_end_ms(20260430);
    assert_int_equal(take(&e, &out), OK);
}

static void the_term_from_the_notice_counts_from_its_arrival(void **state)
{
    struct case_result out;
    struct case_event e = event_of("PS_REVIEW", "T13", "not_filed", DECISION, DEPARTMENT_POLICE,
                                   MARKET | PROCURATORATE);
    (void)state;
    e.now_ms = noon(20260422); /* decided on the 20th */
    assert_int_equal(take(&e, &out), OK);
    assert_int_equal(due_of(&out, "T16"), date_end_ms(20260427)); /* 25, 26: a weekend */
    assert_int_equal(out.late_count, 0);
    /* The notice is owed in three days, the entry in the platform in seven. */
    e.now_ms = date_end_ms(20260423);
    assert_int_equal(take(&e, &out), OK);
    assert_int_equal(out.late_count, 1);
    assert_string_equal(out.late[0]->id, "T14");
    for (uint32_t i = 0; i < out.start_count; i++)
        assert_int_equal(out.starts[i].met, strcmp(out.starts[i].clock->id, "T16") != 0);
}

static void an_extension_runs_on_from_the_end_of_the_term(void **state)
{
    const struct case_running runs[] = {{"T13", noon(20260420), date_end_ms(20260520)}};
    struct case_result out;
    struct case_event e =
        event_of("RECEIVED", "T13", "extended", RECORD, DEPARTMENT_POLICE, POLICE);
    (void)state;
    assert_int_equal(take(&e, &out), ERR_CASE_STATE); /* nothing runs */
    e.running = runs;
    e.running_count = 1;
    e.event_ms = noon(20260518);
    assert_int_equal(take(&e, &out), OK);
    assert_int_equal(due_of(&out, "T13-PLUS"), date_end_ms(20260622)); /* 19 June: a holiday */
    assert_int_equal(out.stop_count, 1);
    assert_string_equal(out.stops[0], "T13");
    e.event_ms = date_end_ms(20260520);
    assert_int_equal(take(&e, &out), ERR_CASE_LAPSED);
}

static void a_case_that_proves_complex_is_counted_anew_from_its_beginning(void **state)
{
    const struct case_running runs[] = {{"T13", noon(20260420), date_end_ms(20260423)}};
    struct case_result out;
    struct case_event e =
        event_of("PS_REVIEW", "T13", "prolonged", RECORD, DEPARTMENT_POLICE, MARKET);
    (void)state;
    e.running = runs;
    e.running_count = 1;
    e.event_ms = noon(20260422);
    e.complexity = "complex";
    assert_int_equal(take(&e, &out), OK);
    assert_int_equal(out.move_count, 1);
    assert_int_equal(out.moves[0].due_ms, date_end_ms(20260430));
    e.complexity = "major";
    assert_int_equal(take(&e, &out), OK);
    assert_int_equal(out.moves[0].due_ms, date_end_ms(20260520));
    e.event_ms = date_end_ms(20260423);
    assert_int_equal(take(&e, &out), ERR_CASE_LAPSED);
}

/* 24 hours for what may not have to be done at all. */
static void forwarding_late_is_a_breach_and_not_forwarding_is_none(void **state)
{
    const struct case_running runs[] = {{"T11", noon(20260420), noon(20260421)},
                                        {"T13", noon(20260420), date_end_ms(20260423)}};
    struct case_result out;
    struct case_event e =
        event_of("RECEIVED", "T11", "competent", FORWARD, DEPARTMENT_POLICE, POLICE | MARKET);
    (void)state;
    e.running = runs;
    e.running_count = T_COUNT(runs);
    e.event_ms = noon(20260421) - 1;
    assert_int_equal(take(&e, &out), OK);
    assert_int_equal(out.late_count, 0);
    e.event_ms = noon(20260421);
    assert_int_equal(take(&e, &out), OK);
    assert_int_equal(out.late_count, 1);
    assert_string_equal(out.late[0]->id, "T11");
    e = event_of("RECEIVED", "T13", "filed", DECISION, DEPARTMENT_POLICE, MARKET | PROCURATORATE);
    e.running = runs;
    e.running_count = T_COUNT(runs);
    e.event_ms = noon(20260422);
    assert_int_equal(take(&e, &out), OK);
    assert_int_equal(out.late_count, 0);
}

/* ---- clocks of documents outside of cases (D.1 to D.3) ---- */

static void flows_start_and_stop_their_clocks(void **state)
{
    static const struct {
        uint32_t type;
        const char *grade;
        uint32_t class;
        const char *starts; /* with the hours until they are over, from noon of 2026-04-20 */
        uint64_t due_ms;
        const char *stops;
    } rows[] = {
        {AEFI, "", 0, "AEFI-START", 48, ""},
        {AEFI, "severe", 0, "AEFI-SEVERE", 2, ""},
        {AEFI, "ordinary", 0, "AEFI", 48, ""},
        {FEEDBACK, "begun", 0, "", 0, "AEFI-START"},
        {FEEDBACK, "preliminary", 0, "", 0, "AEFI-STUDY"},
        {ADR, "death", 0, "ADR-DEATH", 24, ""},
        {ADR, "group", 0, "ADR-GROUP-NOW", 2, ""},
        {ADR, "withdrawn", 0, "ADR-FOREIGN-STOP", 24, ""},
        {FEEDBACK, "death_study", 0, "", 0, "ADR-DEATH-STUDY"},
        {FEEDBACK, "reviewed", 0, "", 0, "ADR-REVIEW"},
        {BLOCK, "", 0, "", 0, "ADR-DECIDE"},
        {CLUE, "", 0, "CLUE-ANSWER", 0, ""},
        {RECORD, "", 0, "", 0, "CLUE-ANSWER"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct case_result out;
        lianshu_BatchFacts facts = lianshu_BatchFacts_init_zero;
        const struct flow_event e = {.type = rows[i].type,
                                     .facts = &facts,
                                     .actor = DEPARTMENT_HEALTH,
                                     .event_ms = noon(20260420)};
        snprintf(facts.grade, sizeof facts.grade, "%s", rows[i].grade);
        print_message("row %zu\n", i);
        assert_true(flow_applies(world.rules, e.type));
        assert_int_equal(flow_clocks(world.rules, world.calendar, &e, &out), OK);
        if (rows[i].starts[0] != '\0')
            assert_true(due_of(&out, rows[i].starts) > 0);
        if (rows[i].due_ms != 0)
            assert_int_equal(due_of(&out, rows[i].starts),
                             e.event_ms + rows[i].due_ms * (uint64_t)HOUR_MS);
        bool stops = rows[i].stops[0] == '\0';
        for (uint32_t k = 0; k < out.stop_count; k++)
            stops = stops || strcmp(out.stops[k], rows[i].stops) == 0;
        assert_true(stops);
        assert_int_equal(out.late_count, 0);
    }
    assert_false(flow_applies(world.rules, REFERRAL));
}

static void a_severe_reaction_reported_after_three_hours_is_late(void **state)
{
    struct case_result out;
    lianshu_BatchFacts facts = lianshu_BatchFacts_init_zero;
    struct flow_event e = {.type = AEFI, .facts = &facts, .actor = DEPARTMENT_HEALTH};
    (void)state;
    snprintf(facts.grade, sizeof facts.grade, "severe");
    facts.event_ms = noon(20260420);
    e.event_ms = noon(20260420) + 3 * (uint64_t)HOUR_MS;
    assert_int_equal(flow_clocks(world.rules, world.calendar, &e, &out), OK);
    assert_int_equal(out.late_count, 1);
    assert_string_equal(out.late[0]->id, "AEFI-SEVERE");
    facts.event_ms = e.event_ms + 1; /* of the future: from now on */
    assert_int_equal(flow_clocks(world.rules, world.calendar, &e, &out), OK);
    assert_int_equal(out.late_count, 0);
}

/* A recall is judged by the rule of the day of its decision. */
static void both_versions_of_the_recall_rule_have_their_time(void **state)
{
    static const struct {
        uint32_t class;
        uint32_t decided;
        uint32_t days; /* until the notice */
        const char *late;
    } rows[] = {
        {1, 20260420, 1, NULL},
        {1, 20260420, 2, "RECALL-1"},
        {2, 20260420, 3, NULL},
        {2, 20260420, 4, "RECALL-2"},
        {3, 20260420, 7, NULL},
        {3, 20260420, 8, "RECALL-3"},
        {1, 20221031, 1, NULL},
        {1, 20221031, 2, "RECALL-1-2007"},
        {2, 20221031, 3, "RECALL-2-2007"},
        {3, 20221031, 4, "RECALL-3-2007"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct case_result out;
        lianshu_Recall facts = lianshu_Recall_init_zero;
        facts.class = rows[i].class;
        facts.date = rows[i].decided;
        const struct flow_event e = {
            .type = lianshu_DocumentType_TYPE_RECALL_NOTICE,
            .facts = &facts,
            .actor = DEPARTMENT_MARKET,
            .event_ms = noon(date_add_days(rows[i].decided, (int32_t)rows[i].days))};
        print_message("row %zu\n", i);
        assert_int_equal(flow_clocks(world.rules, world.calendar, &e, &out), OK);
        assert_int_equal(out.late_count, rows[i].late == NULL ? 0 : 1);
        if (rows[i].late != NULL)
            assert_string_equal(out.late[0]->id, rows[i].late);
    }
}

/* ---- the whole table ---- */

static bool stands_in(const char *const *ids, uint32_t n, const char *id)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(ids[i], id) == 0)
            return true;
    return false;
}

static void every_document_of_the_law_has_its_step_and_every_clock_its_end(void **state)
{
    size_t steps = 0;
    size_t flows = 0;
    const struct rule_step *step = ruleset_steps(world.rules, &steps);
    const struct rule_flow *flow = ruleset_flows(world.rules, &flows);
    (void)state;
    for (unsigned i = 1; i <= 33; i++) {
        char id[8];
        snprintf(id, sizeof id, "D%02u", i);
        const struct rule_paper *paper = ruleset_paper(world.rules, id);
        /* D07 and D08 go with a transfer as the case has them. */
        bool named = i == 7 || i == 8;
        for (size_t k = 0; k < steps; k++)
            for (uint32_t p = 0; p < step[k].paper_count; p++)
                named = named || step[k].paper[p] == paper;
        print_message("%s\n", id);
        assert_non_null(paper);
        assert_true(named);
    }
    for (size_t k = 0; k < steps; k++)
        for (uint32_t c = 0; c < step[k].start_count; c++) {
            const char *id = step[k].starts[c]->id;
            bool ends = false;
            for (size_t j = 0; j < steps; j++)
                ends = ends || stands_in(step[j].stops, step[j].stop_count, id);
            print_message("%s starts %s\n", step[k].id, id);
            assert_true(ends);
        }
    for (size_t k = 0; k < flows; k++)
        for (uint32_t c = 0; c < flow[k].start_count; c++) {
            const char *id = flow[k].starts[c]->id;
            bool ends = false;
            for (size_t j = 0; j < flows; j++)
                ends = ends || stands_in(flow[j].stops, flow[j].stop_count, id);
            print_message("%s starts %s\n", flow[k].id, id);
            assert_true(ends);
        }
}

static void the_graph_shows_every_step_and_state(void **state)
{
    static const enum casebook_form forms[] = {CASEBOOK_TABLE, CASEBOOK_MERMAID, CASEBOOK_DOT};
    size_t n = 0;
    const struct rule_state *states = ruleset_states(world.rules, &n);
    (void)state;
    for (size_t i = 0; i < T_COUNT(forms); i++) {
        char *text = NULL;
        size_t len = 0;
        FILE *to = open_memstream(&text, &len);
        assert_non_null(to);
        casebook_graph(world.rules, forms[i], to);
        assert_int_equal(fclose(to), 0);
        for (size_t k = 0; k < n; k++)
            assert_non_null(strstr(text, states[k].id));
        assert_non_null(strstr(text, "T08 24 hours"));
        assert_non_null(strstr(text, "移送涉嫌犯罪案件"));
        if (forms[i] == CASEBOOK_TABLE) {
            assert_non_null(strstr(text, "D05 涉嫌犯罪案件情况的调查报告"));
            assert_non_null(strstr(text, "cc:procuratorate"));
            assert_non_null(strstr(text, "referral of a suspected crime"));
            assert_non_null(strstr(text, "APPROVED ORDERED_TRANSFER -> TRANSFERRED"));
        } else if (forms[i] == CASEBOOK_MERMAID) {
            assert_non_null(strstr(text, "APPROVED --> TRANSFERRED: T07"));
        } else {
            assert_non_null(strstr(text, "APPROVED -> TRANSFERRED [label="));
        }
        free(text);
    }
}

/* One line for each state that a step may start from; a step that may happen in many states and
 * leads to no other is left out of the drawings. */
static void a_drawing_has_a_line_for_each_way(void **state)
{
    static const struct {
        enum casebook_form form;
        const char *arrow;
    } forms[] = {{CASEBOOK_MERMAID, " --> "}, {CASEBOOK_DOT, " -> "}};
    size_t n = 0;
    size_t ways = 0;
    const struct rule_step *steps = ruleset_steps(world.rules, &n);
    (void)state;
    for (size_t i = 0; i < n; i++)
        if (!steps[i].barred && (steps[i].to[0] != '\0' || steps[i].from_count <= 2))
            ways += steps[i].from_count;
    for (size_t i = 0; i < T_COUNT(forms); i++) {
        char *text = NULL;
        size_t len = 0;
        size_t drawn = 0;
        FILE *to = open_memstream(&text, &len);
        assert_non_null(to);
        casebook_graph(world.rules, forms[i].form, to);
        assert_int_equal(fclose(to), 0);
        for (const char *at = text; (at = strstr(at, forms[i].arrow)) != NULL; at++)
            drawn++;
        assert_int_equal(drawn, ways);
        free(text);
    }
}

#define CASE(fn) cmocka_unit_test(fn)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_referral_goes_its_way),
        CASE(a_step_that_no_row_allows_changes_nothing),
        CASE(mandatory_copies_are_asked_for),
        CASE(the_term_to_file_follows_the_complexity),
        CASE(no_state_is_reached_without_document_and_actor),
        CASE(a_transfer_without_one_of_its_documents_names_it),
        CASE(the_ninety_days_rest_from_the_transfer_until_it_is_not_filed),
        CASE(a_fine_waits_for_the_end_of_the_criminal_path_and_other_measures_do_not),
        CASE(the_right_to_reconsideration_lapses_after_three_days),
        CASE(the_term_from_the_notice_counts_from_its_arrival),
        CASE(an_extension_runs_on_from_the_end_of_the_term),
        CASE(a_case_that_proves_complex_is_counted_anew_from_its_beginning),
        CASE(forwarding_late_is_a_breach_and_not_forwarding_is_none),
        CASE(flows_start_and_stop_their_clocks),
        CASE(a_severe_reaction_reported_after_three_hours_is_late),
        CASE(both_versions_of_the_recall_rule_have_their_time),
        CASE(every_document_of_the_law_has_its_step_and_every_clock_its_end),
        CASE(the_graph_shows_every_step_and_state),
        CASE(a_drawing_has_a_line_for_each_way),
    };
    return cmocka_run_group_tests_name("casebook", tests, world_group_open, world_group_close);
}
