/* Every statutory clock of documents outside of cases runs out once: who must act is reminded at
 * half, four fifths and the end of the term, at the end its superior has a copy and who waits an
 * automatic negative receipt. Last days are counted from the calendar of 2026 by hand; everything
 * begins on Wednesday, 1 April. */
#include "scenario/acts.h"
#include "scenario/casepath.h"
#include "scenario/casework.h"
#include "scenario/realm.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define NATION "market.000000"
#define TALK   "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"

#define REMINDER   lianshu_HubNoticeKind_HUBNOTICE_REMINDER
#define OVERDUE    lianshu_HubNoticeKind_HUBNOTICE_OVERDUE
#define UNANSWERED lianshu_HubNoticeKind_HUBNOTICE_UNANSWERED

enum { FACTS_MAX = 1024 };

/* One document of a conversation; of a recall the grade is its class. */
struct word {
    const char *type;
    const char *grade;
    const char *from;
    const char *to;
};

#define AEFI(grade)                                                                                \
    {                                                                                              \
        "aefi.report", grade, HEALTH, MPA                                                          \
    }
#define ADR(grade)                                                                                 \
    {                                                                                              \
        "adr.report", grade, HEALTH, MPA                                                           \
    }
#define FEEDBACK(grade)                                                                            \
    {                                                                                              \
        "event.feedback", grade, MPA, HEALTH                                                       \
    }
#define NOTICE(class)                                                                              \
    {                                                                                              \
        "recall.notice", class, MPA, HEALTH                                                        \
    }

/* A clock that the last document starts. */
static const struct {
    const char *code;
    uint32_t hours;    /* of the term, or … */
    uint32_t last_day; /* … its last day */
    const char *owner;
    const char *superior;
    const char *waits;
    struct word word[3];
} expiries[] = {
    {"AEFI-START", 48, 0, HEALTH, HEALTH_UPPER, MPA, {AEFI("ordinary")}},
    {"AEFI-STUDY", 0, 20260408, HEALTH, HEALTH_UPPER, MPA, {AEFI("severe")}},
    {"ADR-REVIEW", 0, 20260423, MPA, MPA_UPPER, HEALTH, {ADR("ordinary")}},
    {"ADR-REVIEW-SERIOUS", 0, 20260407, MPA, MPA_UPPER, HEALTH, {ADR("serious")}},
    {"ADR-DEATH-STUDY", 0, 20260416, MPA, MPA_UPPER, HEALTH, {ADR("death")}},
    {"ADR-GROUP", 0, 20260408, MPA, MPA_UPPER, HEALTH, {ADR("group")}},
    {"ADR-REVIEW-PROVINCE",
     0,
     20260413,
     MPA_UPPER,
     NATION,
     MPA,
     {ADR("serious"), {"event.feedback", "reviewed_serious", MPA, MPA_UPPER}}},
    {"ADR-IDENTIFY", 0, 20260406, MPA, MPA_UPPER, HEALTH, {ADR("serious"), FEEDBACK("confirmed")}},
    {"ADR-DECIDE",
     0,
     20260416,
     MPA,
     MPA_UPPER,
     HEALTH,
     {ADR("serious"), FEEDBACK("confirmed"), FEEDBACK("identified")}},
    {"RECALL-PROGRESS-1", 0, 20260402, HEALTH, HEALTH_UPPER, MPA, {NOTICE("1")}},
    {"RECALL-PROGRESS-2", 0, 20260404, HEALTH, HEALTH_UPPER, MPA, {NOTICE("2")}},
    {"RECALL-PROGRESS-3", 0, 20260408, HEALTH, HEALTH_UPPER, MPA, {NOTICE("3")}},
    {"RECALL-PLAN-1", 0, 20260402, MPA, MPA_UPPER, HEALTH, {NOTICE("1")}},
    {"RECALL-PLAN-2", 0, 20260404, MPA, MPA_UPPER, HEALTH, {NOTICE("2")}},
    {"RECALL-PLAN-3", 0, 20260408, MPA, MPA_UPPER, HEALTH, {NOTICE("3")}},
    {"RECALL-REVIEW", 0, 20260411, MPA, MPA_UPPER, HEALTH, {{"recall.report", "1", HEALTH, MPA}}},
    {"CLUE-ANSWER", 0, 20260413, MPA, MPA_UPPER, HEALTH, {{"clue", "", HEALTH, MPA}}},
};

/* Terms that a document itself has to keep: it comes so long after what it reports. */
static const struct {
    const char *code;
    unsigned days_late;
    const char *superior;
    struct word word;
} lates[] = {
    {"AEFI", 3, HEALTH_UPPER, AEFI("ordinary")},
    {"AEFI-SEVERE", 1, HEALTH_UPPER, AEFI("severe")},
    {"ADR", 32, HEALTH_UPPER, ADR("ordinary")},
    {"ADR-SERIOUS", 17, HEALTH_UPPER, ADR("serious")},
    {"ADR-DEATH", 2, HEALTH_UPPER, ADR("death")},
    {"ADR-GROUP-NOW", 1, HEALTH_UPPER, ADR("group")},
    {"ADR-FOREIGN", 17, MPA_UPPER, {"adr.report", "foreign", MPA, MPA_UPPER}},
    {"ADR-FOREIGN-STOP", 2, MPA_UPPER, {"adr.report", "withdrawn", MPA, MPA_UPPER}},
    {"RECALL-1", 3, MPA_UPPER, NOTICE("1")},
    {"RECALL-2", 5, MPA_UPPER, NOTICE("2")},
    {"RECALL-3", 9, MPA_UPPER, NOTICE("3")},
    /* What happened before 1 November 2022 has the terms of then. */
    {"RECALL-1-2007", 1300, MPA_UPPER, NOTICE("1")},
    {"RECALL-2-2007", 1300, MPA_UPPER, NOTICE("2")},
    {"RECALL-3-2007", 1300, MPA_UPPER, NOTICE("3")},
    {"RECALL-END", 20, HEALTH_UPPER, {"recall.report", "1", HEALTH, MPA}},
};

static struct world *begin(void **world)
{
    assert_int_equal(casepath_setup(world), 0);
    struct world *w = *world;
    world_enrol(w, NATION);
    acts_connect(w);
    return w;
}

static const char *sealed_of(const char *type)
{
    if (strcmp(type, "aefi.report") == 0)
        return "{\"report_number\":\"1\",\"classification\":\"异常反应\",\"severity\":\"一般\","
               "\"patient_name\":\"示例丙\",\"patient_id\":\"999999199001010016\","
               "\"vaccination_date\":\"2020-03-30\",\"onset_ms\":\"2020-03-31T10:00:00+08:00\","
               "\"symptoms\":\"发热\",\"site\":\"示例接种点\",\"reporter\":\"示例丁\"}";
    if (strcmp(type, "adr.report") == 0)
        return "{\"report_number\":\"1\",\"classification\":\"一般\",\"severity\":\"一般\","
               "\"patient_name\":\"示例丙\",\"use_date\":\"2020-03-30\","
               "\"onset_ms\":\"2020-03-31T10:00:00+08:00\",\"symptoms\":\"皮疹\","
               "\"reporter\":\"示例丁\"}";
    if (strcmp(type, "clue") == 0)
        return "{\"number\":\"1\",\"source\":\"complaint\",\"suspect\":" PUNISHED
               ",\"facts\":\"略\",\"date\":\"2026-04-01\",\"officer\":\"承办人\"}";
    return "{\"text\":\"略\"}";
}

static void facts_of(const struct word *word, uint64_t event_ms, char out[static FACTS_MAX])
{
    char when[CLOCK_TEXT_LEN + 1];
    clock_format(event_ms, when);
    if (strncmp(word->type, "recall.", 7) == 0)
        snprintf(out, FACTS_MAX,
                 "{\"subject\":{\"kind\":\"product\",\"id\":\"国药准字H20067255\","
                 "\"name\":\"示范片\"},\"class\":%s,\"reference\":\"召字1号\","
                 "\"date\":\"%.10s\",\"batches\":[\"A1\"]}",
                 word->grade, when);
    else
        snprintf(out, FACTS_MAX,
                 "{\"subject\":{\"kind\":\"batch\",\"id\":\"国药准字S20200001/B-7\","
                 "\"name\":\"疫苗\",\"region\":\"445100\"},\"product_name\":\"疫苗\","
                 "\"approval_number\":\"国药准字S20200001\",\"batch_number\":\"B-7\","
                 "\"report_date\":\"%.10s\",\"grade\":\"%s\",\"event_ms\":\"%s\"}",
                 when, word->grade, when);
}

static struct mail mail_of(const struct word *word, uint64_t event_ms, char facts[static FACTS_MAX])
{
    facts_of(word, event_ms, facts);
    return (struct mail){.from = word->from,
                         .type = word->type,
                         .to = {word->to},
                         .conversation = TALK,
                         .facts = strcmp(word->type, "clue") == 0 ? NULL : facts,
                         .sealed = sealed_of(word->type)};
}

static void say(struct world *w, const struct word *word, unsigned days_ago)
{
    char facts[FACTS_MAX];
    uint8_t env_id[HASH_LEN];
    const struct mail mail = mail_of(word, w->now_ms - days_ago * (uint64_t)DAY_MS, facts);
    world_send(w, &mail, env_id);
    assert_int_equal(world_code(w, word->from, env_id), 0);
}

static void in_slices(struct world *w, uint64_t until_ms)
{
    enum { SLICES = 20 };
    const uint64_t slice = (until_ms - w->now_ms) / SLICES;
    for (unsigned i = 0; i < SLICES; i++)
        world_pass(w, slice);
    world_pass(w, until_ms - w->now_ms);
}

static void every_clock_that_runs_out_warns_tells_the_superior_and_answers_who_waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(expiries); i++) {
        void *world = NULL;
        print_message("  %s\n", expiries[i].code);
        struct world *w = begin(&world);
        const uint64_t begun_ms = w->now_ms;
        for (size_t k = 0; k < T_COUNT(expiries[i].word) && expiries[i].word[k].type != NULL; k++)
            say(w, &expiries[i].word[k], 0);
        const uint64_t due_ms = expiries[i].hours != 0
                                    ? begun_ms + expiries[i].hours * (uint64_t)HOUR_MS
                                    : date_end_ms(expiries[i].last_day);
        in_slices(w, due_ms - 1);
        assert_int_equal(work_told(w, expiries[i].owner, REMINDER, expiries[i].code), 2);
        assert_int_equal(work_told(w, expiries[i].superior, OVERDUE, expiries[i].code), 0);
        assert_int_equal(work_told(w, expiries[i].waits, UNANSWERED, expiries[i].code), 0);
        world_pass(w, MINUTE_MS);
        assert_int_equal(work_told(w, expiries[i].owner, REMINDER, expiries[i].code), 3);
        assert_int_equal(work_told(w, expiries[i].superior, OVERDUE, expiries[i].code), 1);
        assert_int_equal(work_told(w, expiries[i].waits, UNANSWERED, expiries[i].code), 1);
        assert_int_equal(world_teardown(&world), 0);
    }
}

static void what_is_reported_late_is_told_to_the_superior_when_it_comes(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(lates); i++) {
        for (unsigned late = 0; late < 2; late++) {
            void *world = NULL;
            print_message("  %s %s\n", lates[i].code, late ? "late" : "in time");
            struct world *w = begin(&world);
            say(w, &lates[i].word, late ? lates[i].days_late : 0);
            world_turn(w);
            assert_int_equal(work_told(w, lates[i].superior, OVERDUE, lates[i].code), late);
            assert_int_equal(world_teardown(&world), 0);
        }
    }
}

/* ---- over two hubs ---- */

#define FAR       "market.220100"
#define FAR_UPPER "market.220000"

static const struct realm_hub country[] = {{.region = "000000"},
                                           {.region = "440000"},
                                           {.region = "445100"},
                                           {.region = "220000"},
                                           {.region = "220100"}};

/* ADR-REVIEW-SERIOUS: of the far market, until the end of 7 April. */
static const struct word REPORT = {"adr.report", "serious", HEALTH, FAR};
static const struct word REVIEW = {"event.feedback", "reviewed_serious", FAR, HEALTH};
#define REVIEW_CLOCK "ADR-REVIEW-SERIOUS"
#define REVIEW_END   20260407

static void say_far(struct realm *r, const struct word *word, unsigned days_ago)
{
    char facts[FACTS_MAX];
    struct world *home = realm_home(r, word->from);
    struct mail mail = mail_of(word, r->now_ms - days_ago * (uint64_t)DAY_MS, facts);
    mail.expires_ms = r->now_ms + 10 * (uint64_t)DAY_MS;
    const struct sent sent = realm_send(r, &mail);
    assert_int_equal(world_code(home, word->from, sent.env_id), 0);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
}

static size_t told(struct realm *r, const char *member, lianshu_HubNoticeKind kind,
                   const char *clock)
{
    return work_told(realm_home(r, member), member, kind, clock);
}

static void live_until(struct realm *r, uint64_t until_ms)
{
    realm_live(r, until_ms - r->now_ms, 2 * HOUR_MS);
    realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS); /* links that were silent are there again */
}

static void assert_breach_is_told_once(struct realm *r)
{
    assert_int_equal(told(r, FAR, REMINDER, REVIEW_CLOCK), 3);
    assert_int_equal(told(r, FAR_UPPER, OVERDUE, REVIEW_CLOCK), 1);
    assert_int_equal(told(r, HEALTH, UNANSWERED, REVIEW_CLOCK), 1);
    assert_int_equal(told(r, HEALTH, REMINDER, REVIEW_CLOCK), 0);
    assert_int_equal(told(r, HEALTH_UPPER, OVERDUE, REVIEW_CLOCK), 0);
    assert_int_equal(told(r, MPA_UPPER, OVERDUE, REVIEW_CLOCK), 0);
}

/* The one who must act, and whoever is above, hear from its hub; who waits from his own. */
static void a_term_that_runs_out_at_another_hub_is_told_once_by_the_right_hub(void **state)
{
    (void)state;
    struct realm *r = realm_new(country, T_COUNT(country));
    say_far(r, &REPORT, 0);
    live_until(r, date_end_ms(REVIEW_END) - 6 * HOUR_MS);
    assert_int_equal(told(r, FAR, REMINDER, REVIEW_CLOCK), 2);
    assert_int_equal(told(r, HEALTH, UNANSWERED, REVIEW_CLOCK), 0);
    live_until(r, date_end_ms(REVIEW_END) + HOUR_MS);
    assert_breach_is_told_once(r);
    const struct got *got = world_got(realm_home(r, HEALTH), HEALTH, "hub.notice", 0);
    assert_string_equal(got->sender, "hub.445100");
    realm_restart(r, "445100");
    realm_restart(r, "220100");
    live_until(r, r->now_ms + 2 * DAY_MS);
    assert_breach_is_told_once(r);
    say_far(r, &REVIEW, 0); /* late, it stops the term all the same */
    live_until(r, r->now_ms + DAY_MS);
    assert_breach_is_told_once(r);
    realm_free(r);
}

static void a_cut_road_neither_loses_nor_doubles_what_is_told_of_a_term(void **state)
{
    (void)state;
    struct realm *r = realm_new(country, T_COUNT(country));
    say_far(r, &REPORT, 0);
    realm_cut(r, "220000", "220100");
    live_until(r, date_end_ms(REVIEW_END) + HOUR_MS);
    assert_int_equal(told(r, HEALTH, UNANSWERED, REVIEW_CLOCK), 1);
    assert_int_equal(told(r, FAR_UPPER, OVERDUE, REVIEW_CLOCK), 0);
    realm_heal(r, "220000", "220100");
    realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
    assert_breach_is_told_once(r);
    realm_free(r);
}

/* Served while the road was cut: the term runs from its acceptance, and is over when it comes. */
static void what_arrives_when_its_term_is_over_is_told_once_too(void **state)
{
    (void)state;
    struct realm *r = realm_new(country, T_COUNT(country));
    realm_cut(r, "220000", "220100");
    say_far(r, &REPORT, 0);
    live_until(r, date_end_ms(REVIEW_END) + HOUR_MS);
    assert_int_equal(told(r, HEALTH, UNANSWERED, REVIEW_CLOCK), 1);
    realm_heal(r, "220000", "220100");
    realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(realm_has(r, FAR, "adr.report"), 1);
    assert_int_equal(told(r, FAR, REMINDER, REVIEW_CLOCK), 1); /* the end alone */
    assert_int_equal(told(r, FAR_UPPER, OVERDUE, REVIEW_CLOCK), 1);
    assert_int_equal(told(r, HEALTH, UNANSWERED, REVIEW_CLOCK), 1);
    realm_free(r);
}

static void an_answer_in_time_from_another_hub_leaves_nothing_to_tell(void **state)
{
    (void)state;
    struct realm *r = realm_new(country, T_COUNT(country));
    say_far(r, &REPORT, 0);
    say_far(r, &REVIEW, 0);
    live_until(r, date_end_ms(REVIEW_END) + HOUR_MS);
    assert_int_equal(told(r, FAR, REMINDER, REVIEW_CLOCK), 0);
    assert_int_equal(told(r, FAR_UPPER, OVERDUE, REVIEW_CLOCK), 0);
    assert_int_equal(told(r, HEALTH, UNANSWERED, REVIEW_CLOCK), 0);
    realm_free(r);
}

/* A report that came too late: whoever is above its sender hears of it from the sender's hub. */
static void a_late_report_to_another_hub_is_told_to_the_senders_superior_once(void **state)
{
    (void)state;
    struct realm *r = realm_new(country, T_COUNT(country));
    say_far(r, &REPORT, 17);
    realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(told(r, HEALTH_UPPER, OVERDUE, "ADR-SERIOUS"), 1);
    assert_int_equal(told(r, "health.220000", OVERDUE, "ADR-SERIOUS"), 0);
    assert_int_equal(told(r, FAR_UPPER, OVERDUE, "ADR-SERIOUS"), 0);
    realm_free(r);
}

static const struct casework_rows tables[] = {CASEWORK_ROWS(expiries), CASEWORK_ROWS(lates)};

/* A row of the rules that is new has to run out here, too. */
static void no_clock_of_the_flows_was_left_out(void **state)
{
    const struct world *w = *state;
    size_t n = 0;
    unsigned missing = 0;
    const struct rule_flow *flows = ruleset_flows(w->rules, &n);
    for (size_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < flows[i].start_count + flows[i].within_count; k++) {
            const bool starts = k < flows[i].start_count;
            const struct rule_clock *clock =
                starts ? flows[i].starts[k] : flows[i].within[k - flows[i].start_count];
            if (starts && !clock->negative) {
                missing++;
                print_message("%s has no automatic negative receipt\n", clock->id);
            }
            if (casework_has_clock(tables, T_COUNT(tables), clock->id))
                continue;
            missing++;
            print_message("nobody let %s of %s run out\n", clock->id, flows[i].id);
        }
    }
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_clock_that_runs_out_warns_tells_the_superior_and_answers_who_waits),
        cmocka_unit_test(what_is_reported_late_is_told_to_the_superior_when_it_comes),
        cmocka_unit_test(a_term_that_runs_out_at_another_hub_is_told_once_by_the_right_hub),
        cmocka_unit_test(a_cut_road_neither_loses_nor_doubles_what_is_told_of_a_term),
        cmocka_unit_test(what_arrives_when_its_term_is_over_is_told_once_too),
        cmocka_unit_test(an_answer_in_time_from_another_hub_leaves_nothing_to_tell),
        cmocka_unit_test(a_late_report_to_another_hub_is_told_to_the_senders_superior_once),
        cmocka_unit_test_setup_teardown(no_clock_of_the_flows_was_left_out, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests_name("flow_clocks", tests, NULL, NULL);
}
