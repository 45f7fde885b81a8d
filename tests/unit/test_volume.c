/*
 * Checks the promises in policy/volume.h: every number stands in the file, a mistake is named with
 * its line, and what a day is measured by follows the days before it.
 */
#include "policy/volume.h"

#include "catalogue.h"
#include "document.pb.h"

#include "folder.h"
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES_DIR "hub/policy/rules"

#define NUMBERS "days: 28, least_days: 7, floor: 200, factor: 4, first: 2000"
#define ROW(word, numbers, weights)                                                                \
    "  - {measure: " word ", zh: 甲, en: a, " numbers ", basis: b, mark: D, weights: [" weights    \
    "]}\n"
#define CHECK   "{type: credit.check, weight: 3}"
#define QUERIES ROW("queries", NUMBERS, CHECK)

enum {
    CREDIT_CHECK = lianshu_DocumentType_TYPE_CREDIT_CHECK,
    HONOUR = lianshu_DocumentType_TYPE_HONOUR
};

static enum err open_text(const char *text, struct volume **out, struct ruleset_faults *faults)
{
    char dir[FOLDER_MAX];
    char path[FOLDER_PATH_MAX];
    folder_make(dir, "volume");
    snprintf(path, sizeof path, "%s/volume.yaml", dir);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    const enum err err = volume_open(out, dir, faults);
    folder_remove(dir);
    return err;
}

static void the_shipped_file_says_every_number_and_why(void **state)
{
    static struct ruleset_faults faults;
    struct volume *v;
    (void)state;
    assert_int_equal(volume_open(&v, RULES_DIR, &faults), OK);
    assert_true(volume_count(v) > 0);
    for (size_t i = 0; i < volume_count(v); i++) {
        const struct volume_measure *m = volume_measure(v, i);
        print_message("%s\n", m->word);
        assert_true(m->zh[0] != '\0' && m->en[0] != '\0' && m->basis[0] != '\0');
        assert_true(m->days > 0 && m->least_days > 0 && m->first >= m->floor && m->factor > 1);
        assert_non_null(strchr("VSMD", m->mark));
    }
    volume_close(&v);
    assert_null(v);
    volume_close(&v);
}

/* `*` is what is not listed, wherever it stands; what is listed with nothing counts for nothing. */
static void a_type_counts_as_it_is_listed(void **state)
{
    static const struct {
        const char *weights;
        uint32_t check, honour;
    } rows[] = {
        {CHECK, 3, 0},
        {"{type: \"*\", weight: 2}", 2, 2},
        {CHECK ", {type: \"*\", weight: 2}", 3, 2},
        {"{type: \"*\", weight: 2}, " CHECK, 3, 2},
        {"{type: credit.check, weight: 0}, {type: \"*\", weight: 2}", 0, 2},
        {"{type: \"*\", weight: 2}, {type: credit.check, weight: 0}", 0, 2},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        static struct ruleset_faults faults;
        struct volume *v;
        char text[512];
        snprintf(text, sizeof text, "volume:\n" ROW("queries", NUMBERS, "%s"), rows[i].weights);
        print_message("row %zu\n", i);
        assert_int_equal(open_text(text, &v, &faults), OK);
        assert_int_equal(volume_weight(volume_measure(v, 0), CREDIT_CHECK), rows[i].check);
        assert_int_equal(volume_weight(volume_measure(v, 0), HONOUR), rows[i].honour);
        assert_int_equal(volume_weight(volume_measure(v, 0), VOLUME_TYPES_MAX), 0);
        volume_close(&v);
    }
}

static void assert_mistake(const char *text, unsigned line, const char *word)
{
    static struct ruleset_faults faults;
    struct volume *v;
    assert_int_equal(open_text(text, &v, &faults), ERR_RULE_SET);
    assert_null(v);
    assert_true(faults.count > 0);
    assert_string_equal(faults.fault[0].where, "volume.yaml");
    bool found = false;
    for (size_t k = 0; k < faults.count; k++)
        found = found || (faults.fault[k].line == line &&
                          strncmp(faults.fault[k].detail, word, strlen(word)) == 0);
    if (!found)
        print_message("%s:%u\n", faults.fault[0].detail, faults.fault[0].line);
    assert_true(found);
}

static void mistakes_are_named_with_line_and_word(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *word;
    } rows[] = {
        {"- 5\n", 1, "syntax"},
        {"volume: 5\n", 1, "syntax"},
        {"volume: []\n", 1, "missing_key: volume"},
        {"days: 5\n", 1, "unknown_key: days"},
        {"volume:\n" QUERIES "more: 1\n", 3, "unknown_key: more"},
        {"volume:\n  - 5\n", 2, "syntax"},
        {"volume:\n  - {measure: queries, colour: red}\n", 2, "unknown_key: colour"},
        {"volume:\n" QUERIES QUERIES, 3, "duplicate: queries"},
        {"volume:\n" QUERIES ROW("b", NUMBERS, CHECK) ROW("c", NUMBERS, CHECK)
             ROW("d", NUMBERS, CHECK) ROW("e", NUMBERS, CHECK),
         6, "too_many: measure: 4"},
        {"volume:\n" ROW("aaaaaaaaaaaaaaaaa", NUMBERS, CHECK), 2, "bad_value: measure: 1..16"},
        {"volume:\n" ROW("''", NUMBERS, CHECK), 2, "bad_value: measure"},
        {"volume:\n" ROW("q", "days: 0, least_days: 7, floor: 1, factor: 4, first: 1", CHECK), 2,
         "bad_value: days: 1..366"},
        {"volume:\n" ROW("q", "days: 367, least_days: 7, floor: 1, factor: 4, first: 1", CHECK), 2,
         "bad_value: days: 0..366"},
        {"volume:\n" ROW("q", "least_days: 7, floor: 1, factor: 4, first: 1", CHECK), 2,
         "bad_value: days: 1..366"},
        {"volume:\n" ROW("q", "days: 1, least_days: x, floor: 1, factor: 4, first: 1", CHECK), 2,
         "bad_value: least_days"},
        {"volume:\n" ROW("q", "days: 1, least_days: 1, floor: 0, factor: 4, first: 1", CHECK), 2,
         "bad_value: floor"},
        {"volume:\n" ROW("q", "days: 1, least_days: 1, floor: 1, factor: 1001, first: 1", CHECK), 2,
         "bad_value: factor"},
        {"volume:\n" ROW("q", "days: 1, least_days: 1, floor: 1, factor: 1", CHECK), 2,
         "bad_value: first"},
        {"volume:\n" ROW("q", NUMBERS, ""), 2, "missing_key: weights"},
        {"volume:\n" ROW("q", NUMBERS, "5"), 2, "syntax"},
        {"volume:\n" ROW("q", NUMBERS, "{type: credit.check, colour: 1}"), 2,
         "unknown_key: colour"},
        {"volume:\n" ROW("q", NUMBERS, "{type: credit.cheque, weight: 1}"), 2,
         "bad_value: type: credit.cheque"},
        {"volume:\n" ROW("q", NUMBERS, "{weight: 1}"), 2, "missing_key: type"},
        {"volume:\n" ROW("q", NUMBERS, "{type: credit.check, weight: 1001}"), 2,
         "bad_value: weight"},
        {"volume:\n" ROW("q", NUMBERS, CHECK ", " CHECK), 2, "duplicate: credit.check"},
        {"volume:\n" ROW("q", NUMBERS, "{type: \"*\", weight: 1}, {type: \"*\", weight: 1}"), 2,
         "duplicate: *"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_mistake(rows[i].text, rows[i].line, rows[i].word);
    }
}

static void a_file_that_is_not_there_is_told(void **state)
{
    static struct ruleset_faults faults;
    static char deep[8192];
    struct volume *v;
    (void)state;
    assert_int_equal(volume_open(&v, "/nonexistent", &faults), ERR_RULE_SET);
    assert_int_equal(faults.total, 1);
    memset(deep, 'd', sizeof deep - 1);
    assert_int_equal(volume_open(&v, deep, &faults), ERR_RULE_SET);
    assert_int_equal(faults.total, 1);
    assert_null(v);
}

/* The day that ends: what it may reach, and what the usual day is after it. */
static void a_day_is_measured_by_the_days_before_it(void **state)
{
    static const struct {
        uint32_t days; /* behind it */
        uint64_t usual_milli, count;
        uint64_t limit, usual_after;
    } rows[] = {
        {0, 0, 0, 2000, 0},
        {0, 0, 50, 2000, 50000},       /* the first day is the usual one */
        {0, 0, 9000, 2000, 2000000},   /* as far as it counts */
        {6, 50000, 57, 2000, 51000},   /* a seventh of the difference */
        {7, 50000, 58, 200, 51000},    /* an eighth; the floor is the larger */
        {7, 50001, 300, 200, 68750},   /* no day counts for more than its limit */
        {100, 60000, 260, 240, 66428}, /* a share of 28 at least */
        {100, 60000, 0, 240, 57858},
        {100, 50000, 50, 200, 50000},
    };
    static struct ruleset_faults faults;
    struct volume *v;
    (void)state;
    assert_int_equal(open_text("volume:\n" QUERIES, &v, &faults), OK);
    const struct volume_measure *m = volume_measure(v, 0);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(volume_limit(m, rows[i].days, rows[i].usual_milli), rows[i].limit);
        assert_int_equal(volume_usual(m, rows[i].days, rows[i].usual_milli, rows[i].count),
                         rows[i].usual_after);
    }
    volume_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_file_says_every_number_and_why),
        cmocka_unit_test(a_type_counts_as_it_is_listed),
        cmocka_unit_test(mistakes_are_named_with_line_and_word),
        cmocka_unit_test(a_file_that_is_not_there_is_told),
        cmocka_unit_test(a_day_is_measured_by_the_days_before_it),
    };
    return cmocka_run_group_tests_name("volume", tests, NULL, NULL);
}
