/*
 * Checks the promises in policy/retention.h: the shipped file loads and says what is kept how long;
 * a file with a mistake does not load, and the mistake is named with line and word.
 */
#include "policy/retention.h"

#include "base/file.h"

#include "folder.h"
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RULES_DIR "hub/policy/rules"
#define DAY_MS    UINT64_C(86400000)

static void the_shipped_file_keeps_every_class(void **state)
{
    (void)state;
    struct ruleset_faults faults;
    struct retention *r;
    assert_int_equal(retention_open(&r, RULES_DIR, &faults), OK);
    for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
        const struct retention_rule *rule = retention_rule(r, (enum retention_class)i);
        print_message("%s\n", rule->zh);
        assert_true(rule->zh[0] != '\0' && rule->en[0] != '\0' && rule->basis[0] != '\0');
        assert_non_null(strchr("VSMD", rule->mark));
    }
    /* Records of providing data: three years at least; a repeat is recognised for ten. */
    assert_true(retention_rule(r, RETENTION_DECISION)->days >= 3 * 365);
    assert_true(retention_rule(r, RETENTION_MESSAGE)->days >= 10 * 365);
    retention_close(&r);
}

static void the_rule_set_loads_beside_it(void **state)
{
    (void)state;
    static struct ruleset_faults faults;
    struct ruleset *rs;
    assert_int_equal(ruleset_open(&rs, RULES_DIR, &faults), OK);
    ruleset_close(&rs);
}

static enum err open_text(const char *text, struct retention **r, struct ruleset_faults *faults)
{
    char dir[FOLDER_MAX];
    char path[FOLDER_PATH_MAX];
    folder_make(dir, "retention");
    snprintf(path, sizeof path, "%s/retention.yaml", dir);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    enum err err = retention_open(r, dir, faults);
    folder_remove(dir);
    return err;
}

#define ROW(class, after, days)                                                                    \
    "  - {class: " class ", zh: 甲, en: a, after: " after ", days: " days ", basis: b, mark: D}\n"
#define REST                                                                                       \
    ROW("decision", "decided", "2")                                                                \
    ROW("subject", "replaced", "3")                                                                \
    ROW("order", "ended", "4")                                                                     \
    ROW("obligation", "ended", "5")                                                                \
    ROW("case", "closed", "6") ROW("message", "accepted", "0") ROW("reporter", "accepted", "7")

static void moments_lie_days_back_and_for_ever_is_zero(void **state)
{
    (void)state;
    struct ruleset_faults faults;
    struct retention *r;
    uint64_t before[RETENTION_CLASSES];
    assert_int_equal(open_text("retention:\n" ROW("parked", "expired", "1") REST, &r, &faults), OK);
    retention_before(r, 100 * DAY_MS, before);
    for (unsigned i = 0; i < RETENTION_MESSAGE; i++)
        assert_int_equal(before[i], (99 - i) * DAY_MS);
    assert_int_equal(before[RETENTION_MESSAGE], 0);
    assert_int_equal(before[RETENTION_REPORTER], 93 * DAY_MS);
    retention_before(r, 2 * DAY_MS, before); /* nothing is older than time itself */
    assert_int_equal(before[RETENTION_PARKED], DAY_MS);
    assert_int_equal(before[RETENTION_CASE], 0);
    retention_close(&r);
}

static void mistakes_are_named_with_line_and_word(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
        const char *word;
    } rows[] = {
        {"retention:\n" REST, 1, "missing_key: class: parked"},
        {"retention:\n" REST ROW("parked", "expired", "1") ROW("parked", "expired", "1"), 10,
         "duplicate: parked"},
        {"retention:\n" ROW("parked", "ended", "1") REST, 2, "bad_value: parked: after: expired"},
        {"retention:\n" ROW("parked", "expired", "-1") REST, 2, "bad_value: days"},
        {"retention:\n" ROW("parked", "expired", "36526") REST, 2, "bad_value: days"},
        {"retention:\n" ROW("parkt", "expired", "1") REST, 2, "bad_value: class: parkt"},
        {"retention:\n  - {class: parked, zh: 甲, en: a, after: expired, basis: b, mark: D}\n" REST,
         2, "missing_key: days"},
        {"retention:\n  - {class: parked, zh: 甲, en: a, after: expired, days: 1, mark: D}\n" REST,
         2, "missing_key: basis"},
        {"retention:\n" ROW("parked", "expired", "1") REST "more: 1\n", 10, "unknown_key: more"},
        {"retention:\n  - 5\n" REST, 2, "syntax"},
        {"retention: []\n", 1, "missing_key: retention"},
        {"retention: 5\n", 1, "syntax"},
        {"- 5\n", 1, "syntax"},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct ruleset_faults faults;
        struct retention *r;
        print_message("row %zu\n", i);
        assert_int_equal(open_text(rows[i].text, &r, &faults), ERR_RULE_SET);
        assert_null(r);
        assert_true(faults.count > 0);
        assert_int_equal(faults.fault[0].line, rows[i].line);
        assert_string_equal(faults.fault[0].where, "retention.yaml");
        assert_int_equal(strncmp(faults.fault[0].detail, rows[i].word, strlen(rows[i].word)), 0);
    }
}

static void a_missing_file_is_refused(void **state)
{
    (void)state;
    struct ruleset_faults faults;
    struct retention *r;
    assert_int_equal(retention_open(&r, "/nonexistent", &faults), ERR_RULE_SET);
    assert_int_equal(faults.total, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_file_keeps_every_class),
        cmocka_unit_test(the_rule_set_loads_beside_it),
        cmocka_unit_test(moments_lie_days_back_and_for_ever_is_zero),
        cmocka_unit_test(mistakes_are_named_with_line_and_word),
        cmocka_unit_test(a_missing_file_is_refused),
    };
    return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
