/*
 * Checks what policy/ruleset.h says of rules side by side: two that decide one order agree, or the
 * set does not load; two that never meet may differ. And of a rule beside its list, its class, its
 * articles and its area.
 */
#include "ruleset_copy.h"

/* A rule on a trigger of its own, with what is different in it. */
#define RULE(id, more, area, basis, items)                                                         \
    "  - id: " id "\n    zh: 某\n    en: some\n    triggers: [XT]\n" more "\n    basis: [" basis   \
    "]\n" area "    mark: D\n    measures:\n" items
#define PLAIN                                                                                      \
    "    list: serious_dishonesty\n    subjects: [enterprise]\n    severity: serious\n    term: "  \
    "3 years\n    earliest_repair: none"
#define SINCE     "    from: 2021-09-01\n"
#define M24(more) "      - {code: M24, force: consider, term: list, basis: [SAMR44-15]" more "}\n"
#define FIRST                                                                                      \
    RULE("X1", PLAIN, SINCE, "SAMR44-15",                                                          \
         M24(", answer: 10 working_days, execute: 20 working_days"))
#define SECOND(more, area, items) FIRST RULE("X2", more, area, "SAMR44-15", items)
#define M07                       "      - {code: M07, force: consider, term: list}\n"
#define SAME                      M24(", answer: 10 working_days, execute: 20 working_days")

/* What the rules are, and the problem of the second; PROBLEMS: they load. */
static const struct {
    const char *rules;
    enum ruleset_problem want;
} rows[] = {
    /* clang-format off */
    {SECOND(PLAIN, SINCE, SAME), PROBLEMS},
    /* who owes it, how it is owed, until when it is answered and done, and where */
    {SECOND(PLAIN, SINCE, M24(", answer: 10 working_days, execute: 20 working_days, owes: {each: [health], either: [market]}")), PROBLEM_CONTRADICTION},
    {SECOND(PLAIN, SINCE, M24(", answer: 10 working_days, execute: 20 working_days, owes: {each: [health], either: [market, drug]}")), PROBLEMS},
    {SECOND(PLAIN, SINCE, M24(", answer: 10 working_days, execute: 20 working_days, owes: {each: [health, media], either: [market, drug]}")), PROBLEM_CONTRADICTION},
    {SECOND(PLAIN, SINCE, M24(", answer: 10 working_days, execute: 20 working_days, owes: every")), PROBLEM_CONTRADICTION},
    {SECOND(PLAIN, SINCE, M24(", answer: 9 working_days, execute: 20 working_days")), PROBLEM_CONTRADICTION},
    {SECOND(PLAIN, SINCE, M24(", answer: 10 working_days, execute: 19 working_days")), PROBLEM_CONTRADICTION},
    {SECOND(PLAIN, SINCE, M24(", answer: 10 working_days, execute: 20 working_days, scope: province")), PROBLEM_CONTRADICTION},
    {RULE("X1", PLAIN, SINCE, "SAMR44-15", M24(", scope: '440000'")) RULE("X2", PLAIN, SINCE, "SAMR44-15", M24(", scope: '440000'")), PROBLEMS},
    {RULE("X1", PLAIN, SINCE, "SAMR44-15", M24(", scope: '440000'")) RULE("X2", PLAIN, SINCE, "SAMR44-15", M24(", scope: '450000'")), PROBLEM_CONTRADICTION},
    {SECOND(PLAIN, SINCE, "      - {code: M24, force: notify, term: list, basis: [SAMR44-15], answer: 10 working_days, execute: 20 working_days}\n"), PROBLEM_CONTRADICTION},
    {SECOND(PLAIN, SINCE, "      - {code: M07, force: consider, term: list, basis: [SAMR44-15]}\n"), PROBLEMS},
    /* on persons of other roles it is another measure, of one role in common the same */
    {RULE("X1", PLAIN, SINCE, "SAMR44-15", "      - {code: M24, force: consider, on: persons, roles: [sole_shareholder], term: list, basis: [CL63, CL23]}\n")
     RULE("X2", PLAIN, SINCE, "SAMR44-15", "      - {code: M24, force: notify, term: list, basis: [SAMR44-15]}\n"), PROBLEMS},
    {RULE("X1", PLAIN, SINCE, "SAMR44-15", "      - {code: M02, force: must, on: persons, roles: [principal], term: 3 years, basis: [DL118]}\n")
     RULE("X2", PLAIN, SINCE, "SAMR44-15", "      - {code: M02, force: consider, on: persons, roles: [other_responsible], term: 3 years, basis: [DL118]}\n"), PROBLEMS},
    {RULE("X1", PLAIN, SINCE, "SAMR44-15", "      - {code: M02, force: must, on: persons, roles: [principal], term: 3 years, basis: [DL118]}\n")
     RULE("X2", PLAIN, SINCE, "SAMR44-15", "      - {code: M02, force: consider, on: persons, roles: [principal, other_responsible], term: 3 years, basis: [DL118]}\n"), PROBLEM_CONTRADICTION},
    /* of one rule: the same measure next to itself, of the same force and of another, and two that differ */
    {RULE("X1", PLAIN, SINCE, "SAMR44-15", SAME SAME), PROBLEM_DUPLICATE},
    {RULE("X1", PLAIN, SINCE, "SAMR44-15", SAME M07 SAME), PROBLEM_DUPLICATE},
    {RULE("X1", PLAIN, SINCE, "SAMR44-15", SAME "      - {code: M24, force: notify, term: list, basis: [SAMR44-15]}\n"), PROBLEM_CONTRADICTION},
    {RULE("X1", PLAIN, SINCE, "SAMR44-15", SAME M07), PROBLEMS},
    /* the length of the entry and its earliest repair */
    {SECOND("    list: serious_dishonesty\n    subjects: [enterprise]\n    severity: serious\n    term: 2 years\n    earliest_repair: none", SINCE, SAME), PROBLEM_CONTRADICTION},
    {SECOND("    list: serious_dishonesty\n    subjects: [enterprise]\n    severity: serious\n    term: 3 years\n    earliest_repair: 1 year", SINCE, SAME), PROBLEM_CONTRADICTION},
    {SECOND("    list: serious_dishonesty\n    subjects: [enterprise]\n    severity: ordinary\n    term: 1 year\n    earliest_repair: none", SINCE, SAME), PROBLEM_VALUE},
    /* they never meet: another kind of subject, another time, another region */
    {SECOND("    list: serious_dishonesty\n    subjects: [institution]\n    severity: serious\n    term: 2 years\n    earliest_repair: none", SINCE, M24("")), PROBLEMS},
    {RULE("X1", PLAIN, "    from: 2021-09-01\n    to: 2021-12-31\n", "SAMR44-15", SAME) RULE("X2", PLAIN, "    from: 2022-01-01\n", "SAMR44-15", M24("")), PROBLEMS},
    {RULE("X1", PLAIN, "    from: 2021-09-01\n    to: 2022-01-01\n", "SAMR44-15", SAME) RULE("X2", PLAIN, "    from: 2022-01-01\n", "SAMR44-15", M24("")), PROBLEM_CONTRADICTION},
    {RULE("X1", PLAIN, "    from: 2022-01-01\n", "SAMR44-15", SAME) RULE("X2", PLAIN, "    from: 2021-09-01\n    to: 2021-12-31\n", "SAMR44-15", M24("")), PROBLEMS},
    {RULE("X1", PLAIN, "    from: 2022-01-01\n", "SAMR44-15", SAME) RULE("X2", PLAIN, "    from: 2021-09-01\n    to: 2022-01-01\n", "SAMR44-15", M24("")), PROBLEM_CONTRADICTION},
    {SECOND(PLAIN, "    from: 2021-09-01\n    region: '440000'\n", M24("")), PROBLEM_CONTRADICTION},
    {RULE("X1", PLAIN, "    from: 2021-09-01\n    region: '440100'\n", "SAMR44-15", SAME) RULE("X2", PLAIN, "    from: 2021-09-01\n    region: '440000'\n", "SAMR44-15", M24("")), PROBLEM_CONTRADICTION},
    {RULE("X1", PLAIN, "    from: 2021-09-01\n    region: '450000'\n", "SAMR44-15", SAME) RULE("X2", PLAIN, "    from: 2021-09-01\n    region: '440000'\n", "SAMR44-15", M24("")), PROBLEMS},
    /* a term that its unit cannot be */
    {SECOND(PLAIN, SINCE, "      - {code: M03, force: must, term: 10 working_days, basis: [CL178-4]}\n"), PROBLEM_TERM_OUT_OF_BOUNDS},
    {SECOND(PLAIN, SINCE, "      - {code: M01, force: must, term: 24 hours, basis: [DL116]}\n"), PROBLEM_TERM_OUT_OF_BOUNDS},
    {SECOND(PLAIN, SINCE, "      - {code: M01, force: must, term: 90 days, basis: [DL116]}\n"), PROBLEMS},
    {SECOND(PLAIN, SINCE, "      - {code: M01, force: must, term: 3 months, basis: [DL116]}\n"), PROBLEMS},
    /* a measure on subjects without articles of its own rests on those of its rule */
    {SECOND(PLAIN, SINCE, "      - {code: M07, force: consider, term: list}\n"), PROBLEMS},
    /* clang-format on */
};

static void rules_that_meet_agree(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct ruleset *rs = NULL;
        char text[4096];
        snprintf(text, sizeof text, "\nrules:\n%s", rows[i].rules);
        spoil(f, "rules.yaml", "\nrules:\n", text);
        const enum err err = ruleset_open(&rs, f->dir, &f->faults);
        const bool loads = rows[i].want == PROBLEMS;
        const bool named = loads || has_fault(&f->faults, "rules.yaml", 0, rows[i].want);
        print_message("row %zu\n", i);
        for (size_t k = 0; (loads || !named) && k < f->faults.count; k++)
            print_message("  got %s:%u %s\n", f->faults.fault[k].where, f->faults.fault[k].line,
                          f->faults.fault[k].detail);
        ruleset_close(&rs);
        assert_int_equal(err, loads ? OK : ERR_RULE_SET);
        assert_true(named);
    }
}

#define LIST(more)                                                                                 \
    "  - {code: xl, zh: 某, en: some, issuers: [market], severity: serious, min: 1 year, max: 3 " \
    "years, start_within: 90 days" more "}\n"
#define BASIS(more)                                                                                \
    "  - {code: XB, zh: 某, en: some, level: 2, mark: D, longest: 3 years, " more "}\n"
#define LOCAL                                                                                      \
    "  - {code: M34, zh: 某, en: some, kind: III, force: consider, owes: every, region: "         \
    "'440000'}\n"
#define ON_LIST                                                                                    \
    "    list: xl\n    subjects: [enterprise]\n    severity: serious\n    term: 3 years\n    "     \
    "earliest_repair: none"
#define TIMED(to) RULE("X1", ON_LIST, SINCE to, "SAMR44-15", SAME)
#define RESTS(from, to, term)                                                                      \
    RULE("X1", PLAIN, "    from: " from "\n" to, "SAMR44-15",                                      \
         "      - {code: M21, force: consider, term: " term ", basis: [XB]}\n")
#define OWN(area, scope)                                                                           \
    RULE("X1", PLAIN, SINCE area, "SAMR44-15",                                                     \
         "      - {code: M34, term: list, basis: [SAMR44-15]" scope "}\n")
#define EVENT(basis, to)                                                                           \
    "  - id: X1\n    zh: 某\n    en: some\n    event: result\n    types: [case.result]\n    "     \
    "reason: x\n    basis: [" basis "]\n    from: 2021-09-01\n" to "    mark: D\n"

/* What stands in the tables before, and what the rule says beside it. */
static const struct {
    const char *file, *head; /* rows of that table */
    const char *text;
    const char *rule;
    enum ruleset_problem want; /* PROBLEMS: it loads */
} beside[] = {
    /* clang-format off */
    /* a list is in force as long as its rules are */
    {"lists.yaml", "\nlists:\n", LIST(""), TIMED(""), PROBLEMS},
    {"lists.yaml", "\nlists:\n", LIST(", from: 2021-09-02"), TIMED(""), PROBLEM_LIST_UNKNOWN},
    {"lists.yaml", "\nlists:\n", LIST(", to: 2030-12-31"), TIMED(""), PROBLEM_LIST_UNKNOWN},
    {"lists.yaml", "\nlists:\n", LIST(", to: 2030-12-31"), TIMED("    to: 2031-01-01\n"), PROBLEM_LIST_UNKNOWN},
    {"lists.yaml", "\nlists:\n", LIST(", to: 2030-12-31"), TIMED("    to: 2030-12-31\n"), PROBLEMS},
    {"lists.yaml", "\nlists:\n", LIST(", region: '440000'"), TIMED(""), PROBLEM_MEASURE_OUTSIDE_REGION},
    {"lists.yaml", "\nlists:\n", LIST(", region: '440000'"), TIMED("    region: '440100'\n"), PROBLEMS},
    /* an article is in force on every day of the rule that rests on it */
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-01"), RESTS("2021-09-01", "", "list"), PROBLEMS},
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-02"), RESTS("2021-09-01", "", "list"), PROBLEM_BASIS_NOT_IN_FORCE},
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-01, to: 2030-12-31"), RESTS("2021-09-01", "", "list"), PROBLEM_BASIS_NOT_IN_FORCE},
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-01, to: 2030-12-31"), RESTS("2021-09-01", "    to: 2030-12-31\n", "list"), PROBLEMS},
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-01, to: 2030-12-31"), RESTS("2021-09-01", "    to: 2031-01-01\n", "list"), PROBLEM_BASIS_NOT_IN_FORCE},
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-01, to: 9999-12-31"), RESTS("2021-09-01", "", "list"), PROBLEMS},
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-01"), EVENT("XB", ""), PROBLEMS},
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-02"), EVENT("XB", ""), PROBLEM_BASIS_NOT_IN_FORCE},
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-01, to: 2030-12-31"), EVENT("XB", ""), PROBLEM_BASIS_NOT_IN_FORCE},
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-01, to: 2030-12-31"), EVENT("XB", "    to: 2030-12-31\n"), PROBLEMS},
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-01, to: 2030-12-31"), EVENT("XB", "    to: 2031-01-01\n"), PROBLEM_BASIS_NOT_IN_FORCE},
    /* a measure lasts as its article allows */
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-01"), RESTS("2021-09-01", "", "3 years"), PROBLEMS},
    {"bases.yaml", "\nbases:\n", BASIS("from: 2021-09-01"), RESTS("2021-09-01", "", "37 months"), PROBLEM_TERM_OUT_OF_BOUNDS},
    /* a local measure stays in its region */
    {"measures.yaml", "\nmeasures:\n", LOCAL, OWN("", ""), PROBLEM_MEASURE_OUTSIDE_REGION},
    {"measures.yaml", "\nmeasures:\n", LOCAL, OWN("    region: '450000'\n", ", scope: '440000'"), PROBLEM_MEASURE_OUTSIDE_REGION},
    {"measures.yaml", "\nmeasures:\n", LOCAL, OWN("    region: '440000'\n", ""), PROBLEM_MEASURE_OUTSIDE_REGION},
    {"measures.yaml", "\nmeasures:\n", LOCAL, OWN("    region: '440000'\n", ", scope: '440000'"), PROBLEMS},
    {"measures.yaml", "\nmeasures:\n", LOCAL, OWN("    region: '440000'\n", ", scope: '450000'"), PROBLEM_MEASURE_OUTSIDE_REGION},
    {"measures.yaml", "\nmeasures:\n", LOCAL, OWN("    region: '440100'\n", ", scope: own"), PROBLEMS},
    /* a term "as long as listed" is an order's */
    {"measures.yaml", "\nmeasures:\n", LOCAL, EVENT("SAMR44-15", "    measures:\n      - {code: M21, term: list, basis: [SAMR44-15]}\n"), PROBLEM_VALUE},
    /* clang-format on */
};

static void a_rule_keeps_to_its_list_its_articles_and_its_area(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(beside); i++) {
        struct ruleset *rs = NULL;
        char text[4096];
        restore(f);
        snprintf(text, sizeof text, "%s%s", beside[i].head, beside[i].text);
        spoil(f, beside[i].file, beside[i].head, text);
        snprintf(text, sizeof text, "\nrules:\n%s", beside[i].rule);
        spoil(f, "rules.yaml", "\nrules:\n", text);
        const enum err err = ruleset_open(&rs, f->dir, &f->faults);
        const bool loads = beside[i].want == PROBLEMS;
        const bool named = loads || has_fault(&f->faults, "rules.yaml", 0, beside[i].want);
        print_message("row %zu\n", i);
        for (size_t k = 0; k < f->faults.count && (loads || !named); k++)
            print_message("  got %s:%u %s\n", f->faults.fault[k].where, f->faults.fault[k].line,
                          f->faults.fault[k].detail);
        ruleset_close(&rs);
        assert_int_equal(err, loads ? OK : ERR_RULE_SET);
        assert_true(named);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(rules_that_meet_agree),
        CASE(a_rule_keeps_to_its_list_its_articles_and_its_area),
    };
    return cmocka_run_group_tests_name("ruleset_pairs", tests, NULL, NULL);
}
