/* Bundles of which a file is missing, has another name, or stands in the place of another: both
 * verifiers say the same of each, and neither believes what lacks its half. */
#include "scenario/both.h"

#include "cli/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NAMES_MAX = 400 };

static char names[NAMES_MAX][BUNDLE_NAME_MAX + 1];
static size_t name_count;

/* Files that nobody is to believe: who reads a bundle may do without them. */
static bool is_reading(const char *name)
{
    static const char *const reading[] = {"report.",     "README.",      "verify.py",
                                          "anchor.yaml", "custody.json", BUNDLE_MANIFEST};
    for (size_t i = 0; i < T_COUNT(reading); i++) {
        if (strncmp(name, reading[i], strlen(reading[i])) == 0)
            return true;
    }
    return false;
}

/* The names of the bundle's files that count. */
static void list_names(void)
{
    struct evidence_pack pack;
    const struct bundle_file *file;
    assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
    name_count = 0;
    for (size_t i = 0; (file = bundle_at(pack.bundle, i)) != NULL; i++) {
        if (is_reading(file->name))
            continue;
        assert_true(name_count < NAMES_MAX);
        snprintf(names[name_count++], sizeof names[0], "%s", file->name);
    }
    evidence_pack_close(&pack);
}

/* One of each kind of file: of the same folder and ending, the first. */
static bool is_first_of_its_kind(size_t at)
{
    const char *slash = strrchr(names[at], '/');
    const char *dot = strrchr(names[at], '.');
    for (size_t i = 0; slash != NULL && dot != NULL && i < at; i++) {
        const char *other = strrchr(names[i], '.');
        if (other != NULL && strcmp(other, dot) == 0 &&
            strncmp(names[i], names[at], (size_t)(slash - names[at]) + 1) == 0)
            return false;
    }
    return true;
}

/* The program's verdict: taken or not. The script's must be the same. */
static bool judged(struct book *b, bool script)
{
    book_fit("b");
    const bool taken = run(b->terminal, "evidence verify b --anchor anchor.yaml") == CLI_DONE;
    if (script)
        assert_int_equal(book_script(b, "b", "anchor.yaml"), taken ? 0 : 1);
    return taken;
}

typedef void change_fn(const char *name, const char *other);

static void without(const char *name, const char *other)
{
    char path[TERMINAL_PATH_MAX];
    (void)other;
    snprintf(path, sizeof path, "b/%s", name);
    assert_int_equal(unlink(path), 0);
}

static char free_name[TERMINAL_PATH_MAX]; /* what a file was renamed to; "": none was */

/* Its last letter or digit before the ending is another one, and no file has that name. */
static void renamed(const char *name, const char *other)
{
    static const char signs[] = "0123456789abcdef";
    char from[TERMINAL_PATH_MAX];
    (void)other;
    snprintf(from, sizeof from, "b/%s", name);
    snprintf(free_name, sizeof free_name, "b/%s", name);
    char *dot = strrchr(free_name, '.');
    char *last = dot != NULL ? dot - 1 : free_name + strlen(free_name) - 1;
    for (size_t i = 0; access(free_name, F_OK) == 0; i++) {
        assert_true(i < sizeof signs - 1);
        *last = signs[i];
    }
    assert_int_equal(rename(from, free_name), 0);
}

/* What stands in the other one. */
static void as_another(const char *name, const char *other)
{
    char path[TERMINAL_PATH_MAX];
    size_t len;
    snprintf(path, sizeof path, "b/%s", other);
    char *bytes = book_read(path, &len);
    book_put_file("b", name, span_of(bytes, len));
    free(bytes);
}

static void empty(const char *name, const char *other)
{
    (void)other;
    book_put_file("b", name, span_of("", 0));
}

static void set_back(const char *name)
{
    char path[TERMINAL_PATH_MAX];
    size_t len;
    if (free_name[0] != '\0')
        assert_int_equal(unlink(free_name), 0);
    free_name[0] = '\0';
    snprintf(path, sizeof path, "whole/%s", name);
    char *bytes = book_read(path, &len);
    book_put_file("b", name, span_of(bytes, len));
    free(bytes);
}

/* A text beside the bytes that it shows: our program compares them, the script needs none. */
static bool is_shown(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strcmp(name, "bundle.json") != 0 && dot != NULL && strcmp(dot, ".json") == 0;
}

/* Each file so, one after the other; the script, which is slow, looks at one of each kind. */
static void each(struct book *b, const char *what, change_fn *change)
{
    size_t taken = 0;
    for (size_t i = 0; i < name_count; i++) {
        change(names[i], names[(i + 1) % name_count]);
        if (judged(b, is_first_of_its_kind(i) && !is_shown(names[i]))) {
            print_message("%s: %s is taken\n", what, names[i]);
            taken++;
        }
        set_back(names[i]);
    }
    book_fit("b");
    assert_true(taken < name_count);
    both_take(b);
}

static void each_file_amiss(struct book *b)
{
    list_names();
    each(b, "missing", without);
    each(b, "another name", renamed);
    each(b, "of another", as_another);
    each(b, "empty", empty);
}

static void an_orders_bundle_is_judged_alike_whichever_file_is_amiss(void **state)
{
    struct book *b = *state;
    both_export(b);
    each_file_amiss(b);
}

static void a_referrals_bundle_is_judged_alike_whichever_file_is_amiss(void **state)
{
    struct book *b = *state;
    book_export_referral(b, "b");
    book_copy("b", "whole");
    each_file_amiss(b);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, book_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(an_orders_bundle_is_judged_alike_whichever_file_is_amiss),
        EACH(a_referrals_bundle_is_judged_alike_whichever_file_is_amiss),
    };
    return cmocka_run_group_tests_name("evidence_shape", tests, NULL, NULL);
}
