/*
 * Checks the promises in policy/casebook.h on the shipped case table.
 */
#include "policy/casebook.h"

#include "policy_world.h"

#include "document.pb.h"

enum {
    REFERRAL = lianshu_DocumentType_TYPE_CASE_REFERRAL,
    ACK = lianshu_DocumentType_TYPE_CASE_ACKNOWLEDGED,
    SUPPLEMENT = lianshu_DocumentType_TYPE_CASE_SUPPLEMENT,
    DECISION = lianshu_DocumentType_TYPE_CASE_DECISION,
    MARKET = 1 << DEPARTMENT_MARKET,
    POLICE = 1 << DEPARTMENT_POLICE,
    PROCURATORATE = 1 << DEPARTMENT_PROCURATORATE,
    HEALTH = 1 << DEPARTMENT_HEALTH,
};

static struct case_event event_of(const char *state, const char *transition, const char *outcome,
                                  uint32_t type, uint32_t actor, uint32_t destinations)
{
    return (struct case_event){.state = state,
                               .transition = transition,
                               .type = type,
                               .outcome = outcome,
                               .complexity = "",
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
        {"T07", "", REFERRAL, DEPARTMENT_MARKET, POLICE | PROCURATORATE, "TRANSFERRED", 1, 0},
        {"T08", "", ACK, DEPARTMENT_POLICE, MARKET, "RECEIVED", 2, 1},
        {"T09", "", SUPPLEMENT, DEPARTMENT_POLICE, MARKET, "SUPPLEMENT", 1, 2},
        {"T10", "", SUPPLEMENT, DEPARTMENT_MARKET, POLICE, "PS_REVIEW", 1, 1},
        {"T13", "filed", DECISION, DEPARTMENT_POLICE, MARKET | PROCURATORATE, "CRIM_FILED", 1, 2},
        {"T14", "filed", DECISION, DEPARTMENT_POLICE, MARKET | PROCURATORATE, "CRIM_FILED", 0, 0},
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
        {"CRIM_FILED", "T14", "filed", DECISION, DEPARTMENT_POLICE, MARKET, PROCURATORATE},
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
        assert_true(steps[i].addressee != 0);
        assert_true(steps[i].to[0] != '\0');
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
    };
    return cmocka_run_group_tests_name("casebook", tests, world_group_open, world_group_close);
}
