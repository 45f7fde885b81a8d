/* Every statutory clock of cases runs out once: who must act is reminded at half, four fifths and
 * the end of the term, and the end is told to those whom the law names. The last days are counted
 * from the calendar of 2026 by hand; every case begins on Wednesday, 1 April. */
#include "scenario/acts.h"
#include "scenario/casepath.h"
#include "scenario/casework.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define SUSPECTED                                                                                  \
    REGISTERED, WITHIN("T01", "accepted", MPA, "VERIFY"),                                          \
        WITHIN("T02", "filed", MPA, "ADMIN_FILED"),                                                \
        WITHIN("T04", "suspected", MPA, "CRIME_SUSPECTED"),                                        \
        WITHIN("T05", "reported", MPA, "HEAD_REVIEW")
#define RECONSIDER                                                                                 \
    {                                                                                              \
        "T16", "", "case.reconsider", MPA, {PS}, 1, PS, "RECONSIDER", 0, NULL, NULL                \
    }
#define SUPERVISE                                                                                  \
    {                                                                                              \
        "T18", "requested", "case.supervise", MPA, {PP}, 1, PP, "PP_SUPERVISION", 0, NULL, NULL    \
    }
#define EXPLAIN                                                                                    \
    {                                                                                              \
        "T19", "explain", "case.supervise", PP, {PS}, 1, PS, "PS_EXPLAINS", 0, NULL, NULL          \
    }
#define ORDER_FILING                                                                               \
    {                                                                                              \
        "T20", "order", "case.supervise", PP, {PS}, 1, PS, "FILING_ORDERED", 0, NULL, NULL         \
    }
#define HANDED_BACK                                                                                \
    {                                                                                              \
        "T27", "no_crime", "case.reverse", PS, {MPA}, 1, MPA, "REVERSE", LEG_OPENS, NULL, NULL     \
    }
#define NOT_PROSECUTED                                                                             \
    REFERRED, RECEIVED, FILED, TO_COURT,                                                           \
    {                                                                                              \
        "T25", "non_prosecuted", "case.result", PP, {PS}, 1, PP, "NON_PROSECUTED", 0, NULL, NULL   \
    }
/* Another department brought it in: it waits for the answer. */
#define COMPLAINT                                                                                  \
    {                                                                                              \
        "C02", "clue", "case.forward", HEALTH, {MPA}, 1, MPA, "CLUE", LEG_OPENS | LEG_ANYONE,      \
            NULL, NULL                                                                             \
    }
#define FINED                                                                                      \
    {                                                                                              \
        "T03", "fine", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL          \
    }

/* A clock that the last leg started, alone in what it is about. */
struct expiry {
    const char *code;
    uint32_t hours;    /* of the term, or … */
    uint32_t last_day; /* … its last day */
    const char *owner;
    const char *superior; /* told at the end; NULL: nobody */
    bool pp;              /* so is the procuratorate */
    const char *negative; /* who hears that nothing came; NULL: nobody */
    const char *also;     /* told too; NULL: nobody */
    struct path path;
};

/* clang-format off */
static const struct expiry expiries[] = {
    {"T01", 0, 20260413, MPA, MPA_UPPER, false, HEALTH, NULL, {"T01", {COMPLAINT}}},
    {"T01", 0, 20260413, MPA, MPA_UPPER, false, MEDIA, NULL,
     {"T01 passed on", {{"C02", "clue", "case.forward", MEDIA, {MPA_OTHER}, 1, MPA_OTHER, "CLUE", LEG_OPENS | LEG_ANYONE, NULL, NULL},
      {"C03", "passed_on", "case.forward", MPA_OTHER, {MPA}, 1, MPA, "CLUE", LEG_ANYONE, NULL, NULL}}}},
    {"T02", 0, 20260423, MPA, MPA_UPPER, false, NULL, NULL,
     {"T02", {REGISTERED, WITHIN("T01", "accepted", MPA, "VERIFY")}}},
    {"T02-PLUS", 0, 20260518, MPA, MPA_UPPER, false, NULL, NULL,
     {"T02-PLUS", {REGISTERED, WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "extended", MPA, "VERIFY")}}},
    {"T03", 0, 20260630, MPA, MPA_UPPER, false, NULL, NULL,
     {"T03", {REGISTERED, WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "filed", MPA, "ADMIN_FILED")}}},
    {"COMPLAINT-REPORTER", 0, 20260409, MPA, MPA_UPPER, false, HEALTH, NULL,
     {"told", {COMPLAINT, WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "not_filed_tell", MPA, "CLOSED")}}},
    {"COMPLAINT-END", 0, 20260608, MPA, MPA_UPPER, false, HEALTH, NULL,
     {"C10", {COMPLAINT, WITHIN("C10", "mediation", MPA, "MEDIATION")}}},
    {"COMPLAINT-TELL", 0, 20260413, MPA, MPA_UPPER, false, HEALTH, NULL,
     {"C11", {COMPLAINT, WITHIN("C10", "mediation", MPA, "MEDIATION"), WITHIN("C11", "ended", MPA, "MEDIATED")}}},
    {"AD-MEDIA", 0, 20260409, MPA, MPA_UPPER, false, MEDIA, NULL,
     {"ad", {REGISTERED, WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "filed", MPA, "ADMIN_FILED"),
      {"T03", "advertising", "case.result", MPA, {HUB}, 0, MPA, "ADMIN_DECISION", 0, NULL, NULL}}}},
    {"T06", 0, 20260407, MPA, MPA_UPPER, true, NULL, NULL, {"T06", {SUSPECTED}}},
    {"T07", 24, 0, MPA, MPA_UPPER, true, NULL, NULL, {"T07", {SUSPECTED, WITHIN("T06", "approved", MPA, "APPROVED")}}},
    {"T08", 24, 0, PS, PS_UPPER, true, MPA, NULL, {"T08", {REFERRED}}},
    {"T10", 0, 20260407, MPA, MPA_UPPER, false, NULL, NULL,
     {"T10", {REFERRED, RECEIVED, {"T09", "", "case.supplement", PS, {MPA}, 1, MPA, "SUPPLEMENT", 0, NULL, NULL}}}},
    {"T13", 0, 20260407, PS, PS_UPPER, true, MPA, NULL, {"T13", {REFERRED, RECEIVED}}},
    {"T13", 0, 20260413, PS, PS_UPPER, true, MPA, NULL,
     {"T13 complex", {REFERRED, {"T08", "", "case.acknowledged", PS, {MPA}, 1, PS, "RECEIVED", 0, NULL, "complex"}}}},
    {"T13", 0, 20260506, PS, PS_UPPER, true, MPA, NULL,
     {"T13 major", {REFERRED, RECEIVED, {"T13", "prolonged", "case.record", PS, {MPA}, 1, PS, "RECEIVED", 0, NULL, "major"}}}},
    {"T13-PLUS", 0, 20260507, PS, PS_UPPER, true, MPA, NULL,
     {"T13-PLUS", {REFERRED, RECEIVED, {"T13", "extended", "case.record", PS_UPPER, {PS}, 1, PS, "RECEIVED", LEG_JOINS, NULL, NULL}}}},
    {"T14", 0, 20260407, PS, PS_UPPER, false, NULL, NULL,
     {"T14", {REFERRED, RECEIVED, {"T13", "filed", "case.record", PS, {PP}, 1, PS, "FILED_UNTOLD", 0, NULL, NULL}}}},
    {"T15", 0, 20260407, MPA, MPA_UPPER, false, NULL, NULL, {"T15", {REFERRED, RECEIVED, FILED}}},
    {"T17", 0, 20260407, PS, PS_UPPER, true, MPA, NULL, {"T17", {REFERRED, RECEIVED, NOT_FILED, RECONSIDER}}},
    {"T19", 0, 20260408, PS, PS_UPPER, true, PP, NULL, {"T19", {REFERRED, RECEIVED, NOT_FILED, SUPERVISE, EXPLAIN}}},
    {"T20", 0, 20260416, PS, PS_UPPER, true, PP, PP_UPPER,
     {"T20", {REFERRED, RECEIVED, NOT_FILED, SUPERVISE, EXPLAIN, ORDER_FILING}}},
    {"T21", 0, 20260407, PP, PP_UPPER, false, NULL, NULL,
     {"T21", {REFERRED, RECEIVED, NOT_FILED, SUPERVISE, EXPLAIN, ORDER_FILING}}},
    {"T26", 0, 20260601, MPA, MPA_UPPER, true, NULL, NULL,
     {"T26", {NOT_PROSECUTED, {"T26", "opinion", "case.reverse", PP, {MPA}, 1, MPA, "REVERSE", 0, NULL, NULL}}}},
    {"T27", 0, 20260416, MPA, MPA_UPPER, true, NULL, NULL, {"T27", {HANDED_BACK}}},
    {"T27-TELL", 0, 20260407, MPA, MPA_UPPER, false, NULL, NULL,
     {"T27-TELL", {HANDED_BACK, WITHIN("T27", "checked", MPA, "REVERSE")}}},
    {"T30", 0, 20260402, MPA, MPA_UPPER, false, NULL, NULL,
     {"T30", {REGISTERED, WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "filed", MPA, "ADMIN_FILED"), FINED}}},
    {"T30", 0, 20260402, MPA, MPA_UPPER, false, NULL, NULL,
     {"T30 after the judgment", {REFERRED, RECEIVED, FILED, TO_COURT,
      {"T25", "indicted", "case.result", PP, {COURT}, 1, COURT, "INDICTED", 0, NULL, NULL},
      {"T28", "judged", "case.result", COURT, {MPA}, 1, MPA, "JUDGED", 0, NULL, NULL}}}},
    {"T32", 0, 20260407, MPA, MPA_UPPER, true, NULL, JUSTICE,
     {"T32", {{"T32", "transfer", "case.supervise", PP, {MPA}, 1, MPA, "ORDERED_TRANSFER", LEG_OPENS, NULL, NULL}}}},
    {"SUPERVISED", 0, 20260423, MPA_OTHER, MPA_UPPER, false, MPA_UPPER, NULL,
     {"S01", {SENT("check"), {"S01", "supervised", "case.supervise", MPA_UPPER, {MPA_OTHER}, 1, MPA_OTHER, "SENT", LEG_JOINS, NULL, NULL}}}},
    {"ASSIST-CASE", 0, 20260423, MPA_OTHER, MPA_UPPER, false, MPA, NULL, {"case", {SENT("case"), ACCEPTED(MPA_OTHER, MPA)}}},
    {"ASSIST-CHECK", 0, 20260416, MPA_OTHER, MPA_UPPER, false, MPA, NULL, {"check", {SENT("check"), ACCEPTED(MPA_OTHER, MPA)}}},
    {"ASSIST-URGENT", 0, 20260409, MPA_OTHER, MPA_UPPER, false, MPA, NULL, {"urgent", {SENT("urgent"), ACCEPTED(MPA_OTHER, MPA)}}},
    {"ASSIST-PLATFORM", 0, 20260423, MPA_OTHER, MPA_UPPER, false, MPA, NULL, {"platform", {SENT("platform")}}},
    {"ASSIST-POLICE", 0, 20260408, PS_OTHER, PS_UPPER, false, PS, NULL, {"identity", {SENT_POLICE("identity")}}},
    {"ASSIST-POLICE", 0, 20260416, PS_OTHER, PS_UPPER, false, PS, NULL,
     {"remote", {{"A02", "identity", "assist.request", PS, {PS_OTHER}, 1, PS_OTHER, "SENT", LEG_OPENS, NULL, "complex"}}}},
    {"ASSIST-PROMPT", 0, 20260416, PS_OTHER, PS_UPPER, false, PS, NULL, {"evidence", {SENT_POLICE("evidence")}}},
    {"PUBLISH-ELSEWHERE", 0, 20260416, MPA_OTHER, MPA_UPPER, false, MPA, NULL, {"publish", {SENT("publish")}}},
    {"ASSIST-EXTENDED", 0, 20260518, MPA_OTHER, MPA_UPPER, false, MPA, NULL,
     {"extended", {SENT("case"), ACCEPTED(MPA_OTHER, MPA),
      {"A05", "", "assist.extend", MPA_OTHER, {MPA}, 1, MPA_OTHER, "EXTENDED", 0, NULL, NULL}}}},
    {"ASSIST-MORE", 0, 20260416, MPA_OTHER, MPA_UPPER, false, MPA, NULL,
     {"more", {SENT("case"), ACCEPTED(MPA_OTHER, MPA), REPLIED,
      {"A07", "more", "assist.request", MPA, {MPA_OTHER}, 1, MPA_OTHER, "SUPPLEMENT_ASKED", 0, NULL, NULL}}}},
    {"ASSIST-DISPUTE", 0, 20260413, MPA_OTHER, MPA_UPPER, false, MPA, NULL, {"disputed", {SENT("case"), REJECTED, DISPUTED}}},
};

/* Rights that are lost: the document that comes after the term is refused. */
static const struct {
    const char *code;
    uint32_t last_day;
    const char *owner;
    struct leg leg;
    struct path path;
} lapses[] = {
    {"T16", 20260407, MPA, RECONSIDER, {"lapse 16", {REFERRED, RECEIVED, NOT_FILED}}},
    {"T18", 20260407, MPA, SUPERVISE,
     {"lapse 18", {REFERRED, RECEIVED, NOT_FILED, RECONSIDER,
      {"T17", "not_filed", "case.decision", PS, {MPA}, 1, MPA, "NOT_FILED_CONFIRMED", 0, NULL, NULL}}}},
    {"ASSIST-REJECT", 20260403, MPA_OTHER, REJECTED, {"lapse", {SENT("case")}}},
};

/* What the document itself comes late with: the event was long ago (within), or the step need not
 * have been taken at all. */
static const struct {
    const char *code;
    unsigned days; /* between the event, or the state before, and the document */
    bool step;     /* the step is late; otherwise the news of it */
    const char *superior;
    bool pp;
    struct leg leg;
    struct path path;
} lates[] = {
    {"T09", 2, true, PS_UPPER, false,
     {"T09", "", "case.supplement", PS, {MPA}, 1, MPA, "SUPPLEMENT", 0, NULL, NULL}, {"late 09", {REFERRED, RECEIVED}}},
    {"T11", 2, true, PS_UPPER, true,
     {"T11", "competent", "case.forward", PS, {PS_OTHER, MPA}, 2, PS_OTHER, "FORWARDED", 0, NULL, NULL}, {"late 11", {REFERRED, RECEIVED}}},
    {"T12", 2, true, PS_UPPER, true,
     {"T12", "not_police", "case.acknowledged", PS, {MPA}, 1, MPA, "RETURNED_NOT_PS", 0, NULL, NULL}, {"late 12", {REFERRED, RECEIVED}}},
    {"T33", 8, true, MPA_UPPER, false,
     {"T33", "detention", "case.referral", MPA, {PS}, 1, PS, "DETENTION_REFERRAL", 0, NULL, NULL},
     {"late 33", {REGISTERED, WITHIN("T01", "accepted", MPA, "VERIFY"), WITHIN("T02", "filed", MPA, "ADMIN_FILED"), FINED}}},
    {"T14", 8, false, PS_UPPER, false, FILED, {"late 14", {REFERRED, RECEIVED}}},
    {"SHARE", 12, false, PS_UPPER, false, FILED, {"late share", {REFERRED, RECEIVED}}},
    {"T23", 8, false, PS_UPPER, false,
     {"T23", "withdrawn", "case.result", PS, {MPA}, 1, PS, "CASE_WITHDRAWN", 0, NULL, NULL}, {"late 23", {REFERRED, RECEIVED, FILED}}},
    {"T24", 8, false, PS_UPPER, false,
     {"T24", "filed_case", "case.forward", PS, {PS_OTHER, MPA}, 2, PS_OTHER, "FORWARDED", 0, NULL, NULL},
     {"late 24", {REFERRED, RECEIVED, FILED}}},
    {"T35", 8, false, MPA_UPPER, false,
     {"T35", "duty", "case.forward", MPA, {DISCIPLINE}, 1, PS, "TRANSFERRED", 0, NULL, NULL}, {"late 35", {REFERRED}}},
    {"PUBLISH-PUSH", 20, false, MPA_UPPER, false, SENT("publish"),
     {"late push", {{"A01", "drafted", "case.record", MPA, {HUB}, 0, MPA, "DRAFT", 0, NULL, NULL}}}},
};
/* clang-format on */

static void in_slices(struct world *w, uint64_t until_ms)
{
    enum { SLICES = 20 };
    const uint64_t slice = (until_ms - w->now_ms) / SLICES;
    for (unsigned i = 0; i < SLICES; i++)
        world_pass(w, slice);
    world_pass(w, until_ms - w->now_ms);
}

static size_t overdue(struct world *w, const char *member, const char *code)
{
    return work_told(w, member, lianshu_HubNoticeKind_HUBNOTICE_OVERDUE, code);
}

static void run_out(struct world *w, const struct expiry *line)
{
    const uint64_t begun_ms = w->now_ms;
    casepath_go(w, &line->path, 0);
    const uint64_t due_ms =
        line->hours != 0 ? begun_ms + line->hours * (uint64_t)HOUR_MS : date_end_ms(line->last_day);
    in_slices(w, due_ms - 1);
    assert_int_equal(
        work_told(w, line->owner, lianshu_HubNoticeKind_HUBNOTICE_REMINDER, line->code), 2);
    assert_int_equal(overdue(w, line->superior, line->code), 0);
    world_pass(w, line->hours != 0 ? 60000 : 1);
    assert_int_equal(
        work_told(w, line->owner, lianshu_HubNoticeKind_HUBNOTICE_REMINDER, line->code), 3);
    assert_int_equal(overdue(w, line->superior, line->code), 1);
    assert_int_equal(overdue(w, PP, line->code), line->pp ? 1 : 0);
    if (line->negative != NULL)
        assert_int_equal(
            work_told(w, line->negative, lianshu_HubNoticeKind_HUBNOTICE_UNANSWERED, line->code),
            1);
    if (line->also != NULL)
        assert_int_equal(overdue(w, line->also, line->code), 1);
    assert_int_equal(overdue(w, MEDIA, line->code), 0);
}

static void every_clock_that_runs_out_is_told_to_whom_the_law_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(expiries); i++) {
        void *world = NULL;
        print_message("  %s: %s\n", expiries[i].code, expiries[i].path.name);
        assert_int_equal(casepath_setup(&world), 0);
        run_out(world, &expiries[i]);
        assert_int_equal(world_teardown(&world), 0);
    }
}

static void a_right_is_lost_with_its_term_and_nobody_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(lapses); i++) {
        void *world = NULL;
        print_message("  %s\n", lapses[i].code);
        assert_int_equal(casepath_setup(&world), 0);
        struct world *w = world;
        casepath_go(w, &lapses[i].path, 0);
        in_slices(w, date_end_ms(lapses[i].last_day));
        assert_int_equal(overdue(w, MPA_UPPER, lapses[i].code), 0);
        assert_int_equal(overdue(w, PP, lapses[i].code), 0);
        assert_int_equal(
            work_told(w, lapses[i].owner, lianshu_HubNoticeKind_HUBNOTICE_REMINDER, lapses[i].code),
            3);
        assert_int_equal(casepath_send(w, &lapses[i].path, &lapses[i].leg), ERR_CASE_LAPSED);
        assert_int_equal(world_teardown(&world), 0);
    }
}

static void what_comes_late_by_itself_is_a_breach_when_it_comes(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(lates); i++) {
        void *world = NULL;
        print_message("  %s\n", lates[i].code);
        assert_int_equal(casepath_setup(&world), 0);
        struct world *w = world;
        casepath_go(w, &lates[i].path, 0);
        const uint64_t event_ms = w->now_ms;
        in_slices(w, event_ms + lates[i].days * (uint64_t)DAY_MS);
        assert_int_equal(overdue(w, lates[i].superior, lates[i].code), 0);
        assert_int_equal(casepath_send_of(w, &lates[i].path, &lates[i].leg,
                                          lates[i].step ? w->now_ms : event_ms),
                         OK);
        world_turn(w);
        assert_int_equal(overdue(w, lates[i].superior, lates[i].code), 1);
        assert_int_equal(overdue(w, PP, lates[i].code), lates[i].pp ? 1 : 0);
        assert_int_equal(world_teardown(&world), 0);
    }
}

static void everybody_who_waits_hears_that_nothing_came(void **state)
{
    static const char nation[] = "market.000000";
    static const struct path path = {"two superiors",
                                     {SENT("check"),
                                      {"S01",
                                       "supervised",
                                       "case.supervise",
                                       MPA_UPPER,
                                       {MPA_OTHER},
                                       1,
                                       MPA_OTHER,
                                       "SENT",
                                       LEG_JOINS,
                                       NULL,
                                       NULL},
                                      {"S01",
                                       "supervised",
                                       "case.supervise",
                                       nation,
                                       {MPA_OTHER},
                                       1,
                                       MPA_OTHER,
                                       "SENT",
                                       LEG_JOINS,
                                       NULL,
                                       NULL}}};
    void *world = NULL;
    (void)state;
    assert_int_equal(casepath_setup(&world), 0);
    struct world *w = world;
    world_enrol(w, nation);
    acts_connect(w);
    casepath_go(w, &path, 0);
    in_slices(w, date_end_ms(20260423));
    static const char *const waiting[] = {MPA_UPPER, nation};
    for (size_t i = 0; i < T_COUNT(waiting); i++)
        assert_int_equal(
            work_told(w, waiting[i], lianshu_HubNoticeKind_HUBNOTICE_UNANSWERED, "SUPERVISED"), 1);
    assert_int_equal(work_told(w, MPA, lianshu_HubNoticeKind_HUBNOTICE_UNANSWERED, "SUPERVISED"),
                     0);
    assert_int_equal(world_teardown(&world), 0);
}

static const struct casework_rows tables[] = {CASEWORK_ROWS(expiries), CASEWORK_ROWS(lapses),
                                              CASEWORK_ROWS(lates)};

/* A row of the rules that is new has to run out here, too. */
static void no_clock_of_the_steps_was_left_out(void **state)
{
    const struct world *w = *state;
    size_t n = 0;
    unsigned missing = 0;
    const struct rule_step *steps = ruleset_steps(w->rules, &n);
    for (size_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < steps[i].start_count + steps[i].within_count; k++) {
            const struct rule_clock *clock = k < steps[i].start_count
                                                 ? steps[i].starts[k]
                                                 : steps[i].within[k - steps[i].start_count];
            if (casework_has_clock(tables, T_COUNT(tables), clock->id))
                continue;
            missing++;
            print_message("nobody let %s of %s run out\n", clock->id, steps[i].id);
        }
    }
    for (size_t i = 0; i < T_COUNT(expiries); i++) {
        if (ruleset_clock(w->rules, expiries[i].code)->negative == (expiries[i].negative != NULL))
            continue;
        missing++;
        print_message("%s: who waits for it?\n", expiries[i].code);
    }
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_clock_that_runs_out_is_told_to_whom_the_law_names),
        cmocka_unit_test(a_right_is_lost_with_its_term_and_nobody_is_told),
        cmocka_unit_test(what_comes_late_by_itself_is_a_breach_when_it_comes),
        cmocka_unit_test(everybody_who_waits_hears_that_nothing_came),
        cmocka_unit_test_setup_teardown(no_clock_of_the_steps_was_left_out, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests_name("cases_clocks", tests, NULL, NULL);
}
