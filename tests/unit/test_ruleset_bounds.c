/*
 * Checks the bounds of policy/ruleset.h: what a table takes no more of, which keys and how long a
 * name; each mistake is named.
 */
#include "ruleset_copy.h"

#include <limits.h>

#define ITEM    "{code: M24, force: consider, term: list, basis: [SAMR44-15]}"
#define ITEM_4  ITEM ", " ITEM ", " ITEM ", " ITEM
#define ITEM_24 ITEM_4 ", " ITEM_4 ", " ITEM_4 ", " ITEM_4 ", " ITEM_4 ", " ITEM_4

/* One row more than a table holds; # is its number, in three digits. */
static const struct {
    const char *file;
    const char *after;
    const char *row;
    size_t count;
} floods[] = {
    /* clang-format off */
    {"cases.yaml", "\ndocuments:\n", "  - {id: #, zh: 多, en: more, mark: D}\n", RULES_PAPERS_MAX},
    {"cases.yaml", "\nstates:\n", "  - {id: X#, zh: 多, en: more}\n", RULES_STATES_MAX},
    {"cases.yaml", "\ngroups:\n", "  - {id: X#, states: [CLUE]}\n", 16},
    {"cases.yaml", "\nsteps:\n", "  - {id: #, zh: 多, en: more, type: case.record, from: [CLUE], to: CLUE, outcome: x#, actor: [market], basis: x, mark: D}\n", RULES_STEPS_MAX},
    {"cases.yaml", "\nflows:\n", "  - {id: X#, zh: 多, en: more, type: aefi.report, within: [AEFI], basis: x, mark: D}\n", RULES_FLOWS_MAX},
    {"clocks.yaml", "\nclocks:\n", "  - {id: X#, zh: 多, en: more, term: 1 day, owner: [market], basis: x, mark: D}\n", RULES_CLOCKS_MAX},
    {"credit.yaml", "\nindices:\n", "  - {code: x#, zh: 多, en: more, weight: 1, mark: D}\n", RULES_INDICES_MAX},
    {"credit.yaml", "\nclasses:\n", "  - {class: warned, zh: 多, en: more, least: 9, mark: D}\n", RULES_RATINGS_MAX},
    {"gates.yaml", "\ngates:\n", "  - {id: X#, zh: 多, en: more, type: appointment, look: persons, roles: [principal], needs: person, measure: M03, action: refuse, basis: CL178-4, rule: R07, copy_issuer: true, mark: V}\n", RULES_GATES_MAX},
    {"measures.yaml", "\nmeasures:\n", "  - {code: X#, zh: 多, en: more, kind: I, force: must, owes: every}\n", RULES_MEASURES_MAX},
    {"bases.yaml", "\nbases:\n", "  - {code: X#, zh: 多, en: more, level: 1, from: 2019-12-01, mark: V}\n", RULES_BASES_MAX},
    {"lists.yaml", "\nclasses:\n", "  - {severity: light, min: none, max: 5 years, earliest: none, from: 1999-01-01, to: 1999-01-02, basis: SAIC71, mark: M}\n", RULES_CLASSES_MAX},
    {"lists.yaml", "\nlists:\n", "  - {code: x#, zh: 多, en: more, issuers: [market], severity: serious, min: none, max: 3 years, start_within: 90 days}\n", RULES_LISTS_MAX},
    {"lists.yaml", "\noffences:\n", "  - {why: [], basis: [AP61], mark: D}\n", RULES_OFFENCES_MAX},
    {"rules.yaml", "\nrules:\n", "  - {id: X#, zh: 多, en: more, list: serious_dishonesty, triggers: [X#], subjects: [enterprise], severity: serious, term: 3 years, earliest_repair: none, basis: [SAMR44-15], from: 2021-09-01, mark: D, measures: [" ITEM "]}\n", RULES_RULES_MAX},
    /* so many of one rule that there is no room for those of the others */
    {"rules.yaml", "\nrules:\n", "  - {id: X#, zh: 多, en: more, list: serious_dishonesty, triggers: [X#], subjects: [enterprise], severity: serious, term: 3 years, earliest_repair: none, basis: [SAMR44-15], from: 2021-09-01, mark: D, measures: [" ITEM_24 "]}\n", RULES_ITEMS_MAX / RULE_ITEMS_MAX},
    {"rules.yaml", "\n    measures:\n", "      - {code: M24, force: consider, term: list, basis: [SAMR44-15], answer: 10 working_days, execute: 20 working_days}\n", RULE_ITEMS_MAX},
    {"rules.yaml", "\n    alerts:\n", "      - {to: {each: [market]}, scope: subject, clock: R08}\n", RULE_ALERTS_MAX},
    /* clang-format on */
};

static void put_row(FILE *out, const char *row, size_t number)
{
    for (const char *c = row; *c != '\0'; c++)
        if (*c == '#')
            (void)fprintf(out, "%03zu", number);
        else
            (void)fputc(*c, out);
}

static void a_table_takes_no_row_more_than_it_holds(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(floods); i++) {
        struct ruleset *rs = NULL;
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        assert_non_null(out);
        (void)fputs(floods[i].after, out);
        for (size_t k = 0; k < floods[i].count; k++)
            put_row(out, floods[i].row, k);
        assert_int_equal(fclose(out), 0);
        restore(f);
        spoil(f, floods[i].file, floods[i].after, text);
        free(text);
        print_message("%s%s", floods[i].file, floods[i].after);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
        const bool found = has_fault(&f->faults, floods[i].file, 0, PROBLEM_TOO_MANY);
        for (size_t k = 0; !found && k < f->faults.count; k++)
            print_message("  got %s:%u %s\n", f->faults.fault[k].where, f->faults.fault[k].line,
                          f->faults.fault[k].detail);
        assert_true(found);
    }
}

/* Four more, each of the least weight, which the first gives. */
static void as_many_indices_as_a_rating_has_are_weighed(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    size_t count = 0;
    spoil(f, "credit.yaml", "weight: 50", "weight: 46");
    spoil_more(f, "credit.yaml", "\nclasses:\n",
               "\n  - {code: a, zh: 多, en: more, weight: 1, mark: D}"
               "\n  - {code: b, zh: 多, en: more, weight: 1, mark: D}"
               "\n  - {code: c, zh: 多, en: more, weight: 1, mark: D}"
               "\n  - {code: d, zh: 多, en: more, weight: 1, mark: D}\nclasses:\n");
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), OK);
    (void)ruleset_indices(rs, &count);
    assert_int_equal(count, RULES_INDICES_MAX);
    ruleset_close(&rs);
}

static void as_many_types_as_a_rule_has_are_looked_through(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    char types[8 + RULE_TYPES_MAX * sizeof "batch.release, "] = "types: [batch.release";
    for (size_t i = 1; i < RULE_TYPES_MAX; i++)
        strcat(types, ", batch.release");
    strcat(types, "]");
    spoil(f, "rules.yaml", "types: [batch.release]", types);
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), OK);
    assert_int_equal(ruleset_rule(rs, "R28")->type_count, RULE_TYPES_MAX);
    ruleset_close(&rs);
}

/* In a row of each table, and at the top of each file. */
static void a_key_that_nobody_knows_is_refused_everywhere(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(floods); i++) {
        struct ruleset *rs = NULL;
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        assert_non_null(out);
        (void)fputs(floods[i].after, out);
        put_row(out, floods[i].row, 0);
        assert_int_equal(fclose(out), 0);
        char *end = strrchr(text, '}');
        assert_non_null(end);
        char row[4096];
        snprintf(row, sizeof row, "%.*s, colour: red}\n", (int)(end - text), text);
        free(text);
        restore(f);
        const unsigned line =
            spoiled(f, floods[i].file, floods[i].after, row, strchr(row + 1, '\n') + 1);
        print_message("%s%s", floods[i].file, row);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
        assert_true(has_fault(&f->faults, floods[i].file, line, PROBLEM_KEY_UNKNOWN));
    }
    for (size_t i = 0; i < SET_FILES; i++) {
        struct ruleset *rs = NULL;
        size_t len = 0;
        restore(f);
        char *text = (char *)read_text(f->dir, names[i], &len);
        char *more = calloc(1, len + 16);
        assert_non_null(more);
        snprintf(more, len + 16, "%s\ncolour: red\n", text);
        write_text(f->dir, names[i], more, strlen(more));
        free(text);
        free(more);
        const unsigned line = line_of(f, names[i], "\ncolour: red") + 1;
        print_message("%s\n", names[i]);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
        assert_true(has_fault(&f->faults, names[i], line, PROBLEM_KEY_UNKNOWN));
    }
}

/* The longest name that is taken, and one letter more. */
static void names_are_as_long_as_their_records_hold(void **state)
{
    static const struct {
        const char *file;
        const char *lead;
        const char *name; /* made longer */
        const char *rest;
        size_t max;
    } rows[] = {
        {"cases.yaml", "{id: ", "A08", ", zh", 4},
        {"cases.yaml", "{id: ", "MEDIATED", ", zh", 23},
        {"cases.yaml", "{id: ", "D21", ", zh", 3},
        {"cases.yaml", "outcome: ", "non_prosecuted", ",", 16},
        {"clocks.yaml", "{id: ", "ADR-REVIEW", ", zh", 32},
        {"measures.yaml", "{code: ", "M27", ", zh", 4},
        {"bases.yaml", "{code: ", "DL105", ", zh", 48},
        {"lists.yaml", "code: ", "bribery_record", "\n", 32},
        {"rules.yaml", "id: ", "R05", "\n", 11},
        {"gates.yaml", "{id: ", "G06", ", zh", 11},
        {"cases.yaml", "{id: ", "after_refusal", ", states", 23},
        {"rules.yaml", "triggers: [", "DL122", "]", 32},
        {"rules.yaml", "reason: ", "second_one_person", "\n", 32},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < 2 * T_COUNT(rows); i++) {
        const size_t row = i / 2;
        const bool more = i % 2 == 1;
        const size_t len = rows[row].max + more;
        struct ruleset *rs = NULL;
        char name[64], find[96], replace[128];
        assert_true(len < sizeof name);
        memset(name, 'x', sizeof name);
        memcpy(name, rows[row].name, strlen(rows[row].name));
        name[len] = '\0';
        snprintf(find, sizeof find, "%s%s%s", rows[row].lead, rows[row].name, rows[row].rest);
        snprintf(replace, sizeof replace, "%s%s%s", rows[row].lead, name, rows[row].rest);
        restore(f);
        spoil(f, rows[row].file, find, replace);
        if (ruleset_open(&rs, f->dir, &f->faults) == OK)
            ruleset_close(&rs);
        print_message("%s of %zu: %s\n", rows[row].file, len, name);
        assert_int_equal(has_fault(&f->faults, rows[row].file, 0, PROBLEM_VALUE), more);
    }
}

/* Every state there may be, and none before the case; each once. */
static void a_step_begins_in_every_state_there_is(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    size_t n = 0;
    char from[4096] = "from: [''";
    char again[4096 + 64];
    assert_int_equal(ruleset_open(&rs, RULES_DIR, &f->faults), OK);
    const struct rule_state *states = ruleset_states(rs, &n);
    for (size_t i = 0; i < n; i++)
        snprintf(from + strlen(from), sizeof from - strlen(from), ", %s", states[i].id);
    for (; n < RULES_STATES_MAX; n++)
        snprintf(from + strlen(from), sizeof from - strlen(from), ", X%03zu", n);
    ruleset_close(&rs);
    char more[4096] = "\nstates:\n";
    for (n = 0; n < RULES_STATES_MAX; n++)
        if (snprintf(again, sizeof again, ", X%03zu", n) > 0 && strstr(from, again) != NULL)
            snprintf(more + strlen(more), sizeof more - strlen(more),
                     "  - {id: X%03zu, zh: 多, en: more, final: true}\n", n);
    spoil(f, "cases.yaml", "\nstates:\n", more);
    for (int twice = 0; twice <= 1; twice++) {
        snprintf(again, sizeof again, "%s%s], to: CLUE", from, twice ? ", ''" : "");
        spoil_more(f, "cases.yaml", "from: [\"\"], to: CLUE", again);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults),
                         ERR_RULE_SET); /* states unreached */
        assert_false(has_fault(&f->faults, "cases.yaml", 0, PROBLEM_STATE_UNKNOWN));
        assert_int_equal(has_fault(&f->faults, "cases.yaml", 0, PROBLEM_DUPLICATE), twice);
        spoil(f, "cases.yaml", "\nstates:\n", more);
    }
}

/* A path is as long as the system takes, with the names of the files behind it. */
static void a_path_that_is_too_long_is_told(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    char deep[PATH_MAX] = "";
    size_t len = (size_t)snprintf(deep, sizeof deep, "%s", f->dir);
    while (len + 2 < PATH_MAX - 4)
        len += (size_t)snprintf(deep + len, sizeof deep - len, "/.");
    assert_int_equal(ruleset_open(&rs, deep, &f->faults), ERR_RULE_SET);
    assert_null(rs);
    assert_int_equal(f->faults.total, SET_FILES);
    for (size_t i = 0; i < SET_FILES; i++)
        assert_string_equal(f->faults.fault[i].where, names[i]);
    /* The longest of the names fits, or is one byte too long. */
    for (size_t more = 0; more <= 1; more++) {
        static const char last[] = "/measures.yaml";
        len = (size_t)snprintf(deep, sizeof deep, "%s", f->dir);
        while (len + sizeof last < PATH_MAX + more)
            deep[len++] = '/';
        deep[len] = '\0';
        assert_int_equal(ruleset_open(&rs, deep, &f->faults), more == 0 ? OK : ERR_RULE_SET);
        assert_int_equal(f->faults.total, more);
        assert_true(more == 0 || strstr(f->faults.fault[0].detail, "too long") != NULL);
        ruleset_close(&rs);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_table_takes_no_row_more_than_it_holds),
        CASE(as_many_indices_as_a_rating_has_are_weighed),
        CASE(as_many_types_as_a_rule_has_are_looked_through),
        CASE(a_key_that_nobody_knows_is_refused_everywhere),
        CASE(names_are_as_long_as_their_records_hold),
        CASE(a_step_begins_in_every_state_there_is),
        CASE(a_path_that_is_too_long_is_told),
    };
    return cmocka_run_group_tests_name("ruleset_bounds", tests, NULL, NULL);
}
