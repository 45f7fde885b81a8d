/*
 * Checks the promises in policy/audit.h: the shipped set is whole, and what a set leaves open is
 * found and told once.
 */
#include "policy/audit.h"

#include "policy/event.h"

#include "ruleset_copy.h"

static void count_finding(void *arg, const char *word, const char *what)
{
    unsigned *n = arg;
    print_message("%s: %s\n", word, what);
    assert_string_not_equal(audit_words(word), "");
    (*n)++;
}

static void the_shipped_set_is_whole(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    unsigned n = 0;
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), OK);
    assert_int_equal(audit_rules(rs, count_finding, &n), 0);
    assert_int_equal(n, 0);
    ruleset_close(&rs);
}

struct expected {
    const char *word;
    const char *what;
    unsigned told;
    unsigned others;
};

static void match_finding(void *arg, const char *word, const char *what)
{
    struct expected *e = arg;
    bool same = strcmp(word, e->word) == 0 && strcmp(what, e->what) == 0;
    e->told += same;
    e->others += !same;
}

/* What one change of the shipped set leaves open. */
static const struct {
    const char *file, *from, *to;
    const char *word, *what;
} rows[] = {
    /* a measure has a gate and a rule or says why not */
    {"measures.yaml", "M31, zh: 从严审慎授信", "M31, no_rule: 理由, zh: 从严审慎授信",
     "reason_idle", "M31"},
    {"measures.yaml", "M10, zh:", "M10, no_gate: 理由, zh:", "reason_idle", "M10"},
    {"gates.yaml", "measure: M10,", "measure: M24,", "measure_ungated", "M10"},
    {"measures.yaml", "  - {code: I01,",
     "  - {code: M34, zh: 某, en: some, kind: III, force: notify, owes: every, no_rule: "
     "理由}\n  - {code: I01,",
     "measure_ungated", "M34"},
    {"measures.yaml", "  - {code: I01,",
     "  - {code: M34, zh: 某, en: some, kind: III, force: notify, owes: every, no_gate: "
     "理由}\n  - {code: I01,",
     "measure_unruled", "M34"},
    {"gates.yaml", "type: batch.block", "type: batch.release", "type_open", "batch.block"},
    {"rules.yaml", "- id: R23\n", "- id: R2X\n", "rule_missing", "R23"},
    {"lists.yaml",
     "en: record of licensed pharmacists\n    issuers: [market, drug]\n    levels: [nation, "
     "province, city, county]",
     "en: record of licensed pharmacists\n    issuers: [market, drug]\n    levels: []",
     "trigger_closed", "pharmacist_hanging"},
    {"measures.yaml",
     "advertisement review for one year,\n     kind: statute, force: must, owes: {either: "
     "[market, drug]}, restricts: true}",
     "advertisement review for one year,\n     kind: statute, force: must, owes: {either: "
     "[market, drug]}}",
     "gate_idle", "G19"},
    {"lists.yaml", "{severity: light, min: none, max: 3 months, earliest: none, from: 2026-04-01,",
     "{severity: light, min: none, max: 3 months, earliest: none, from: 2026-04-01, to: "
     "2099-12-31,",
     "class_open", "light"},
    {"lists.yaml", "{why: [consent], basis: [SAMR44]",
     "{why: [consent], list: serious_dishonesty, basis: [SAMR44]", "offence_unnamed", "consent"},
    {"clocks.yaml", "{id: OBJ-000000,", "{id: OBJ-000001,", "objection_missing", "OBJ-000000"},
};

static void finds(struct fixture *f, const char *word, const char *what)
{
    struct ruleset *rs = NULL;
    struct expected e = {.word = word, .what = what};
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), OK);
    assert_int_equal(audit_rules(rs, match_finding, &e), 1);
    assert_int_equal(e.told, 1);
    assert_int_equal(e.others, 0);
    assert_string_not_equal(audit_words(e.word), "");
    ruleset_close(&rs);
}

static void what_a_set_leaves_open_is_found(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu: %s\n", i, rows[i].to);
        restore(f);
        spoil(f, rows[i].file, rows[i].from, rows[i].to);
        finds(f, rows[i].word, rows[i].what);
    }
    assert_string_equal(audit_words("mood"), "");
}

static void a_gate_that_asks_for_what_no_rule_imposes_is_idle(void **state)
{
    struct fixture *f = *state;
    spoil(
        f, "measures.yaml", "  - {code: I01,",
        "  - {code: M34, zh: 某, en: some, kind: III, force: notify, owes: every, restricts: true, "
        "no_rule: 理由}\n  - {code: I01,");
    spoil(
        f, "gates.yaml", "\ngates:\n",
        "\ngates:\n  - {id: G99, zh: 某, en: some, type: honour, measure: M34, action: flag, mark: "
        "D}\n");
    finds(f, "gate_idle", "G99");
}

/* A type is asked about by a gate, or by a rule. */
static void a_type_that_a_rule_asks_about_needs_no_gate(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    unsigned n = 0;
    spoil(f, "gates.yaml", "type: batch.release", "type: batch.block");
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), OK);
    assert_int_equal(audit_rules(rs, count_finding, &n), 0);
    ruleset_close(&rs);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_shipped_set_is_whole),
        CASE(what_a_set_leaves_open_is_found),
        CASE(a_gate_that_asks_for_what_no_rule_imposes_is_idle),
        CASE(a_type_that_a_rule_asks_about_needs_no_gate),
    };
    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
