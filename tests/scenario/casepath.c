#include "scenario/casepath.h"

#include "scenario/acts.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "catalogue.h"

#include "case.pb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACTS_MAX = 1024, SEEN_MAX = 256, PATHS_MAX = 48, YEARS = 3 };

/* Beside those that every world has. */
static const char *const members[] = {MPA_OTHER, MPA_UPPER,  PS_OTHER,    PS_UPPER,
                                      COURT,     DISCIPLINE, MEDIA,       STRANGER,
                                      PP_UPPER,  JUSTICE,    HEALTH_UPPER};
/* Steps of the rules that a path took, or was refused. */
static bool taken[SEEN_MAX];

int casepath_setup(void **state)
{
    world_setup(state);
    world_enrol_all(*state, members, T_COUNT(members), YEARS);
    acts_connect(*state);
    return 0;
}

/* Of the path's name: every path has a case of its own. */
static void id_of(const struct path *path, bool other, char out[static 33])
{
    unsigned sum = 0;
    for (const char *c = path->name; *c != '\0'; c++)
        sum = sum * 31 + (unsigned char)*c;
    snprintf(out, 33, "%08x%024x", sum, other ? 0xbad : 1);
}

static void facts_of(const struct path *path, const struct leg *leg, const char *documents,
                     bool other, uint64_t event_ms, char out[static FACTS_MAX])
{
    char id[33];
    char when[CLOCK_TEXT_LEN + 1];
    char list[128] = "";
    id_of(path, other, id);
    clock_format(event_ms, when);
    for (const char *d = documents; d != NULL && *d != '\0'; d += strcspn(d, " ")) {
        d += strspn(d, " ");
        size_t len = strlen(list);
        snprintf(list + len, sizeof list - len, "%s\"%.3s\"", len == 0 ? "" : ",", d);
    }
    snprintf(out, FACTS_MAX,
             "{\"case_id\":\"%s\",\"transition\":\"%s\",\"outcome\":\"%s\",\"event_ms\":\"%s\","
             "\"owner\":\"%s\",\"complexity\":\"%s\",\"documents\":[%s]}",
             id, leg->id, leg->outcome, when, leg->owner == NULL ? "" : leg->owner,
             leg->complexity == NULL ? "" : leg->complexity, list);
}

static void penalty_of(const struct path *path, const struct leg *leg, bool other,
                       uint64_t event_ms, char out[static FACTS_MAX])
{
    char id[33];
    char when[CLOCK_TEXT_LEN + 1];
    id_of(path, other, id);
    clock_format(event_ms, when);
    snprintf(out, FACTS_MAX,
             "{\"subject\":" PUNISHED ",\"trigger\":\"DL116_118\",\"severity\":\"%s\","
             "\"decision_number\":\"示罚〔2026〕1号\",\"decision_date\":\"%.10s\","
             "\"case_id\":\"%s\"}",
             leg->outcome, when, id);
}

static const char *sealed_of(const struct leg *leg, const char *id, char out[static FACTS_MAX])
{
    const struct document_type *type = type_by_name(leg->type);
    assert_non_null(type);
    if (type->sealed == &lianshu_CaseReferral_msg)
        snprintf(out, FACTS_MAX,
                 "{\"case_id\":\"%s\",\"case_number\":\"1\",\"cause\":\"涉嫌销售假药\","
                 "\"suspect\":" PUNISHED ",\"offence\":\"销售假药罪\",\"facts\":\"略\","
                 "\"officer\":\"承办人\"}",
                 id);
    else
        snprintf(out, FACTS_MAX,
                 "{\"case_id\":\"%s\",\"number\":\"1\",\"date\":\"2026-04-01\","
                 "\"officer\":\"承办人\"}",
                 id);
    return out;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What differs from the table is said here. */
struct
try {
    const char *by;
    const char *without; /* this destination becomes the hub */
    const char *documents;
    bool other;        /* about another case */
    uint64_t event_ms; /* 0: now */
};

static uint32_t send(struct world *w, const struct path *path, const struct leg *leg,
                     const struct try *try)
{
    char facts[FACTS_MAX];
    char sealed[FACTS_MAX];
    char id[33];
    uint8_t env_id[HASH_LEN];
    struct mail mail = {.from = try->by == NULL ? leg->by : try->by, .type = leg->type};
    id_of(path, try->other, id);
    const uint64_t event_ms = try->event_ms == 0 ? w->now_ms : try->event_ms;
    if (strcmp(leg->type, "penalty.decision") == 0)
        penalty_of(path, leg, try->other, event_ms, facts);
    else
        facts_of(path, leg, try->documents, try->other, event_ms, facts);
    mail.facts = facts;
    mail.sealed = sealed_of(leg, id, sealed);
    size_t n = 0;
    for (size_t i = 0; i < T_COUNT(leg->to) && leg->to[i] != NULL; i++) {
        const bool dropped = try->without != NULL && strcmp(leg->to[i], try->without) == 0;
        /* Nobody writes to himself. */
        if (!dropped && strcmp(leg->to[i], mail.from) != 0)
            mail.to[n++] = leg->to[i];
    }
    if (n == 0)
        mail.to[n++] = HUB;
    qsort(mail.to, n, sizeof mail.to[0], by_name);
    if (n == 1 && strcmp(mail.to[0], HUB) == 0)
        mail.sealed = NULL; /* nobody else may read it */
    world_send(w, &mail, env_id);
    return world_code(w, mail.from, env_id);
}

uint32_t casepath_send(struct world *w, const struct path *path, const struct leg *leg)
{
    const struct try plain = {.documents = leg->documents};
    return send(w, path, leg, &plain);
}

uint32_t casepath_send_of(struct world *w, const struct path *path, const struct leg *leg,
                          uint64_t event_ms)
{
    const struct try earlier = {.documents = leg->documents, .event_ms = event_ms};
    return send(w, path, leg, &earlier);
}

void casepath_state(struct world *w, const struct path *path, char out[static 32])
{
    char id[33];
    char ask[96];
    id_of(path, false, id);
    snprintf(ask, sizeof ask, "{\"cmd\":\"case\",\"id\":\"%s\"}", id);
    struct json *json = world_ask(w, ask);
    const char *state = json_get_text(json, "state");
    snprintf(out, 32, "%s", state == NULL ? "" : state);
    json_close(&json);
}

static void assert_state(struct world *w, const struct path *path, const char *want)
{
    char state[32];
    casepath_state(w, path, state);
    assert_string_equal(state, want);
}

/* The media regulator: the law gives it no step that not every department has. */
static const char *wrong_department(const struct leg *leg)
{
    return (leg->flags & LEG_ANYONE) != 0 ? NULL : MEDIA;
}

static void try_refused(struct world *w, const struct path *path, const struct leg *leg)
{
    struct try try = {.documents = leg->documents, .other = true};
    if ((leg->flags & LEG_OPENS) == 0)
        assert_int_equal(send(w, path, leg, &try), ERR_CASE_STATE);
    try = (struct try){.documents = leg->documents, .by = wrong_department(leg)};
    if (try.by != NULL)
        assert_int_equal(send(w, path, leg, &try), ERR_CASE_STATE);
    try.by = STRANGER;
    if ((leg->flags & (LEG_OPENS | LEG_JOINS)) == 0)
        assert_int_equal(send(w, path, leg, &try), ERR_CASE_STATE);
    for (unsigned i = 0; i < leg->needed; i++) {
        try = (struct try){.documents = leg->documents, .without = leg->to[i]};
        assert_int_equal(send(w, path, leg, &try), ERR_COPY_MISSING);
    }
    if (leg->documents != NULL && strchr(leg->documents, ' ') != NULL) {
        try = (struct try){.documents = strchr(leg->documents, ' ') + 1};
        assert_int_equal(send(w, path, leg, &try), ERR_CASE_DOCUMENT);
        try.documents = NULL;
        assert_int_equal(send(w, path, leg, &try), ERR_CASE_DOCUMENT);
    }
}

static bool from_state(const struct rule_step *step, const char *state)
{
    bool found = false;
    for (uint32_t i = 0; i < step->from_count; i++)
        found = found || strcmp(step->from[i], state) == 0;
    return found;
}

/* The row of the rules that this document of the table is, from where the case stands. */
static void note(const struct world *w, const struct leg *leg, const char *state)
{
    size_t n = 0;
    const struct rule_step *steps = ruleset_steps(w->rules, &n);
    assert_true(n <= SEEN_MAX);
    for (size_t i = 0; i < n; i++)
        if (strcmp(steps[i].id, leg->id) == 0 && strcmp(steps[i].outcome, leg->outcome) == 0 &&
            steps[i].type == type_by_name(leg->type)->number && from_state(&steps[i], state) &&
            steps[i].barred == ((leg->flags & LEG_BARRED) != 0))
            taken[i] = true;
}

void casepath_walk(struct world *w, const struct path *path)
{
    const char *state = "";
    for (size_t i = 0; path->leg[i].id != NULL; i++) {
        const struct leg *leg = &path->leg[i];
        print_message("  %s %s\n", leg->id, leg->outcome);
        note(w, leg, state);
        if ((leg->flags & LEG_BARRED) != 0) {
            assert_int_equal(casepath_send(w, path, leg), ERR_CASE_BARRED);
            assert_state(w, path, state);
            continue;
        }
        try_refused(w, path, leg);
        if (i > 0)
            assert_state(w, path, state);
        assert_int_equal(casepath_send(w, path, leg), OK);
        assert_state(w, path, leg->state);
        state = leg->state;
        if ((leg->flags & LEG_AGAIN) == 0)
            assert_int_equal(casepath_send(w, path, leg), ERR_CASE_STATE);
        world_pass(w, 60000);
    }
}

void casepath_go(struct world *w, const struct path *path, size_t n)
{
    for (size_t i = 0; path->leg[i].id != NULL && (n == 0 || i < n); i++) {
        const uint32_t code = casepath_send(w, path, &path->leg[i]);
        if (code != OK)
            print_message("%s %s: E%03u\n", path->leg[i].id, path->leg[i].outcome, code);
        assert_int_equal(code, OK);
    }
}

static const struct path *walked;
static const char *wanted;

static void walk_one(void **state)
{
    static size_t at;
    struct world *w = *state;
    casepath_walk(w, &walked[at++]);
}

static void no_step_of_the_rules_was_left_out(void **state)
{
    const struct world *w = *state;
    size_t n = 0;
    unsigned missing = 0;
    const struct rule_step *steps = ruleset_steps(w->rules, &n);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(strchr(CASEPATH_LETTERS, steps[i].id[0])); /* some scenario walks it */
        if (strchr(wanted, steps[i].id[0]) == NULL || taken[i])
            continue;
        missing++;
        print_message("nobody took %s %s (line %u)\n", steps[i].id, steps[i].outcome,
                      steps[i].line);
    }
    assert_int_equal(missing, 0);
}

int casepath_run(const char *name, const struct path *paths, size_t count, const char *letters)
{
    struct CMUnitTest tests[PATHS_MAX + 1];
    assert_true(count <= PATHS_MAX);
    walked = paths;
    wanted = letters;
    for (size_t i = 0; i < count; i++)
        tests[i] =
            (struct CMUnitTest){paths[i].name, walk_one, casepath_setup, world_teardown, NULL};
    tests[count] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(
        no_step_of_the_rules_was_left_out, world_setup, world_teardown);
    return _cmocka_run_group_tests(name, tests, count + 1, NULL, NULL);
}
