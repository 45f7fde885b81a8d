/* Checks the promises in policy/rulearchive.h: a set that was kept is found by its hash as it was,
 * or not at all. */
#include "policy/rulearchive.h"

#include "base/file.h"
#include "base/hex.h"
#include "keys/init.h"

#include "folder.h"
#include "t.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULES_DIR "hub/policy/rules"

enum { PATH_LEN = 512 };

struct fixture {
    char dir[FOLDER_MAX];
    char archive[PATH_LEN / 4]; /* directory of the archive */
    char kept[PATH_LEN];        /* of the shipped set in it */
    uint8_t hash[RULESET_HASH_LEN];
    struct ruleset *set;
    struct rulearchive *a;
    struct ruleset_faults faults;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct fault fault = {0};
    char hex[2 * RULESET_HASH_LEN + 1];
    assert_non_null(f);
    folder_make(f->dir, "rulearchive");
    snprintf(f->archive, sizeof f->archive, "%s/rules", f->dir);
    assert_int_equal(ruleset_open(&f->set, RULES_DIR, &f->faults), OK);
    ruleset_hash(f->set, f->hash);
    hex_encode(span_of(f->hash, sizeof f->hash), hex);
    snprintf(f->kept, sizeof f->kept, "%s/%s", f->archive, hex);
    assert_int_equal(archive_open(&f->a, f->archive, &fault), OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    archive_close(&f->a);
    ruleset_close(&f->set);
    folder_remove(f->dir);
    free(f);
    return 0;
}

static void keep(struct fixture *f)
{
    struct fault fault = {0};
    assert_int_equal(archive_keep(f->a, RULES_DIR, f->set, &fault), OK);
}

static void reopen(struct fixture *f)
{
    struct fault fault = {0};
    archive_close(&f->a);
    assert_int_equal(archive_open(&f->a, f->archive, &fault), OK);
}

static void append(const struct fixture *f, const char *name, const char *text)
{
    char path[PATH_LEN + 32];
    snprintf(path, sizeof path, "%s/%s", f->kept, name);
    FILE *to = fopen(path, "a");
    assert_non_null(to);
    assert_true(fputs(text, to) >= 0);
    assert_int_equal(fclose(to), 0);
}

static void what_was_kept_is_found_by_its_hash_also_after_a_restart(void **state)
{
    struct fixture *f = *state;
    uint8_t have[RULESET_HASH_LEN];
    assert_null(archive_find(f->a, f->hash));
    keep(f);
    for (int i = 0; i < 2; i++) {
        const struct ruleset *found = archive_find(f->a, f->hash);
        assert_non_null(found);
        ruleset_hash(found, have);
        assert_memory_equal(have, f->hash, sizeof have);
        reopen(f);
    }
}

static void another_hash_is_not_found(void **state)
{
    struct fixture *f = *state;
    keep(f);
    for (size_t i = 0; i < RULESET_HASH_LEN; i++) {
        f->hash[i] ^= 1;
        assert_null(archive_find(f->a, f->hash));
        f->hash[i] ^= 1;
    }
    assert_non_null(archive_find(f->a, f->hash)); /* more were asked for than are held open */
}

static void a_set_that_somebody_changed_counts_as_missing(void **state)
{
    struct fixture *f = *state;
    keep(f);
    append(f, "gates.yaml", "# one line more\n");
    reopen(f);
    assert_null(archive_find(f->a, f->hash));
}

static void a_kill_while_it_is_kept_is_made_good(void **state)
{
    static const char *const names[] = {"bases.yaml", "rules.yaml", "measures.yaml"};
    struct fixture *f = *state;
    char path[PATH_LEN + 32];
    for (size_t i = 0; i < T_COUNT(names); i++) {
        keep(f);
        snprintf(path, sizeof path, "%s/%s", f->kept, names[i]);
        assert_int_equal(unlink(path), 0);
        reopen(f);
        assert_null(archive_find(f->a, f->hash));
        keep(f); /* the next start */
        assert_non_null(archive_find(f->a, f->hash));
    }
}

static void files_that_changed_since_they_were_loaded_are_not_kept_as_the_set(void **state)
{
    struct fixture *f = *state;
    struct fault fault = {0};
    struct ruleset *set = NULL;
    keep(f);
    append(f, "gates.yaml", "# one line more\n");
    assert_int_equal(ruleset_open(&set, f->kept, &f->faults), OK);
    append(f, "gates.yaml", "# and another\n"); /* loaded, then changed again */
    assert_int_equal(archive_keep(f->a, f->kept, set, &fault), ERR_RULE_SET);
    ruleset_hash(set, f->hash);
    assert_null(archive_find(f->a, f->hash));
    char hex[2 * RULESET_HASH_LEN + 1];
    char path[PATH_LEN];
    hex_encode(span_of(f->hash, sizeof f->hash), hex);
    snprintf(path, sizeof path, "%s/%s", f->archive, hex);
    folder_remove(path);
    ruleset_close(&set);
}

static void a_place_that_is_none_is_no_archive(void **state)
{
    struct fixture *f = *state;
    struct rulearchive *a = NULL;
    struct fault fault = {0};
    char path[2 * ARCHIVE_DIR_MAX];
    memset(path, 'd', sizeof path);
    path[ARCHIVE_DIR_MAX] = '\0';
    assert_int_equal(archive_open(&a, path, &fault), ERR_FIELD_LONG);
    assert_null(a);
    snprintf(path, sizeof path, "%s/no/where", f->dir);
    assert_int_equal(archive_open(&a, path, &fault), ERR_NOT_FOUND);
    assert_null(a);
    archive_close(&a);
}

/* What is kept is what was loaded: a directory that is not there any more keeps nothing. */
static void a_set_whose_files_are_gone_is_not_kept(void **state)
{
    struct fixture *f = *state;
    struct fault fault = {0};
    char path[PATH_LEN];
    char deep[4 * PATH_LEN];
    memset(deep, 'd', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    assert_int_equal(archive_keep(f->a, deep, f->set, &fault), ERR_FIELD_LONG);
    snprintf(path, sizeof path, "%s/gone", f->dir);
    assert_int_equal(archive_keep(f->a, path, f->set, &fault), ERR_NOT_FOUND);
    assert_null(archive_find(f->a, f->hash));
    folder_remove(f->archive);
    fault = (struct fault){0};
    assert_int_equal(archive_keep(f->a, RULES_DIR, f->set, &fault), ERR_NOT_FOUND);
    assert_string_equal(fault.where, f->kept); /* nowhere to make it in */
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_was_kept_is_found_by_its_hash_also_after_a_restart),
        CASE(another_hash_is_not_found),
        CASE(a_set_that_somebody_changed_counts_as_missing),
        CASE(a_kill_while_it_is_kept_is_made_good),
        CASE(files_that_changed_since_they_were_loaded_are_not_kept_as_the_set),
        CASE(a_place_that_is_none_is_no_archive),
        CASE(a_set_whose_files_are_gone_is_not_kept),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("rulearchive", tests, NULL, NULL) : 1;
}
