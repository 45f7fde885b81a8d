/*
 * Checks the promises in policy/rulesets.h and rulesign.h: several sets, the newest active one
 * decides; a set is signed by as many officials as the hub asks for, announced in time and never
 * older than the one in use.
 */
#include "policy/rulesets.h"

#include "base/clock.h"
#include "base/file.h"
#include "keys/init.h"
#include "keys/roles.h"

#include "folder.h"
#include "t.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULES_DIR "hub/policy/rules"
#define REALM     "demo"
#define HUB       "hub.445100"

enum { OFFICIALS = 3, PATH_LEN = 512, TEXT_MAX = 1 << 20 };

#define DAY(date) date_start_ms(date)

struct fixture {
    char dir[FOLDER_MAX];
    struct key *key[OFFICIALS];
    unsigned known; /* officials that the registry knows: the first so many */
    uint32_t role[OFFICIALS];
    struct ruleset_faults faults;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const struct entropy entropy = entropy_system();
    folder_make(f->dir, "rulesets");
    for (size_t i = 0; i < OFFICIALS; i++)
        assert_int_equal(key_make(&f->key[i], KEY_USE_OFFICIAL, DAY(20260101), &entropy), OK);
    f->known = OFFICIALS;
    for (size_t i = 0; i < OFFICIALS; i++)
        f->role[i] = i == 0 ? ROLES_OPERATOR : ROLES_SECURITY;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    folder_remove(f->dir);
    for (size_t i = 0; i < OFFICIALS; i++)
        key_close(&f->key[i]);
    free(f);
    return 0;
}

static void write_file(const char *path, const char *text, size_t len)
{
    FILE *to = fopen(path, "we");
    assert_non_null(to);
    assert_int_equal(fwrite(text, 1, len, to), len);
    assert_int_equal(fclose(to), 0);
}

/* A copy of the shipped set with another day of activation ("2026-06-01"). */
static void make_set(const struct fixture *f, const char *name, const char *activate_at)
{
    char path[PATH_LEN];
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    (void)mkdir(path, 0700);
    DIR *d = opendir(RULES_DIR);
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        uint8_t *text = NULL;
        size_t len = 0;
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, RULES_DIR "/%s", e->d_name);
        assert_int_equal(file_read(path, TEXT_MAX, 0, &text, &len, NULL), OK);
        char *at = strcmp(e->d_name, "rules.yaml") == 0
                       ? strstr((char *)text, "activate_at: 2026-04-01")
                       : NULL;
        if (at != NULL)
            memcpy(at + strlen("activate_at: "), activate_at, strlen(activate_at));
        snprintf(path, sizeof path, "%s/%s/%s", f->dir, name, e->d_name);
        write_file(path, (const char *)text, len);
        free(text);
    }
    closedir(d);
}

static void sign(struct fixture *f, const char *name, unsigned official, uint64_t now_ms,
                 const char *realm)
{
    char path[PATH_LEN];
    struct ruleset *rs = NULL;
    struct fault fault = {0};
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    assert_int_equal(ruleset_open(&rs, path, &f->faults), OK);
    assert_int_equal(rulesign_add(rs, path, realm, HUB, f->key[official], now_ms, &fault), OK);
    ruleset_close(&rs);
}

static enum err find_official(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                              uint64_t at_ms, uint8_t public_key[static KEY_PUBLIC_LEN],
                              uint32_t *role)
{
    const struct fixture *f = ctx;
    if (strcmp(member, HUB) != 0 || at_ms < DAY(20260101))
        return ERR_KEY_NOT_YET;
    for (unsigned i = 0; i < f->known; i++) {
        if (memcmp(key_kid(f->key[i]), kid, KID_LEN) == 0) {
            memcpy(public_key, key_public(f->key[i]), KEY_PUBLIC_LEN);
            *role = f->role[i];
            return OK;
        }
    }
    return ERR_KID_UNKNOWN;
}

static enum err open_sets(struct fixture *f, const char *name, unsigned signatures,
                          struct rulesets **sets)
{
    char path[PATH_LEN];
    const struct rulesets_terms terms = {.realm = REALM,
                                         .signatures = signatures,
                                         .notice_ms = 7 * (uint64_t)DAY_MS,
                                         .find = find_official,
                                         .find_ctx = f};
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    return rulesets_open(sets, path, &terms, &f->faults);
}

static void the_newest_active_set_decides(void **state)
{
    struct fixture *f = *state;
    struct rulesets *sets = NULL;
    make_set(f, "old", "2026-04-01");
    make_set(f, "new", "2026-06-01");
    assert_int_equal(open_sets(f, "", 0, &sets), OK);
    assert_null(rulesets_at(sets, DAY(20260401) - 1));
    const struct ruleset *old = rulesets_at(sets, DAY(20260401));
    assert_ptr_equal(rulesets_at(sets, DAY(20260601) - 1), old);
    const struct ruleset *new = rulesets_at(sets, DAY(20260601));
    assert_ptr_not_equal(new, old);
    assert_ptr_equal(rulesets_at(sets, DAY(20300101)), new);
    assert_non_null(strstr(rulesets_dir(sets, old), "/old"));
    assert_string_equal(rulesets_dir(sets, NULL), "");
    rulesets_close(&sets);
    assert_null(sets);
    rulesets_close(&sets);
}

static void two_sets_of_one_activation_are_refused(void **state)
{
    struct fixture *f = *state;
    struct rulesets *sets = NULL;
    make_set(f, "old", "2026-04-01");
    make_set(f, "new", "2026-04-01");
    assert_int_equal(open_sets(f, "", 0, &sets), ERR_RULE_SET);
    assert_null(sets);
    assert_int_equal(open_sets(f, "nowhere", 0, &sets), ERR_NOT_FOUND);
}

static void a_set_needs_its_officials(void **state)
{
    struct fixture *f = *state;
    struct rulesets *sets = NULL;
    make_set(f, "old", "2026-04-01");
    assert_int_equal(open_sets(f, "old", 2, &sets), ERR_TWO_OFFICIALS);
    sign(f, "old", 0, DAY(20260201), REALM);
    assert_int_equal(open_sets(f, "old", 2, &sets), ERR_TWO_OFFICIALS);
    sign(f, "old", 1, DAY(20260202), REALM);
    assert_int_equal(open_sets(f, "old", 2, &sets), OK);
    rulesets_close(&sets);
    assert_int_equal(open_sets(f, "old", 3, &sets), ERR_TWO_OFFICIALS);
    f->known = 1; /* the second is no official any more */
    assert_int_equal(open_sets(f, "old", 2, &sets), ERR_KID_UNKNOWN);
}

static void one_of_them_is_the_security_officer_and_none_an_auditor(void **state)
{
    static const struct {
        uint32_t role[2];
        enum err want;
    } rows[] = {
        {{ROLES_OPERATOR, ROLES_OPERATOR}, ERR_TWO_OFFICIALS},
        {{ROLES_OPERATOR, ROLES_AUDITOR}, ERR_TWO_OFFICIALS},
        {{ROLES_AUDITOR, ROLES_SECURITY}, ERR_TWO_OFFICIALS},
        {{ROLES_AUDITOR, ROLES_AUDITOR}, ERR_TWO_OFFICIALS},
        {{0, ROLES_SECURITY}, ERR_TWO_OFFICIALS},
        {{ROLES_OPERATOR | ROLES_AUDITOR, ROLES_SECURITY}, ERR_TWO_OFFICIALS},
        {{ROLES_SECURITY, ROLES_OPERATOR}, OK},
        {{ROLES_SECURITY, ROLES_SECURITY}, OK},
    };
    struct fixture *f = *state;
    make_set(f, "old", "2026-04-01");
    sign(f, "old", 0, DAY(20260201), REALM);
    sign(f, "old", 1, DAY(20260202), REALM);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct rulesets *sets = NULL;
        memcpy(f->role, rows[i].role, sizeof rows[i].role);
        print_message("row %zu\n", i);
        assert_int_equal(open_sets(f, "old", 2, &sets), rows[i].want);
        rulesets_close(&sets);
    }
    sign(f, "old", 2, DAY(20260203),
         REALM); /* the operators wait for a third, who answers for it */
    const uint32_t third[] = {ROLES_OPERATOR, ROLES_OPERATOR, ROLES_SECURITY};
    struct rulesets *sets = NULL;
    memcpy(f->role, third, sizeof third);
    assert_int_equal(open_sets(f, "old", 2, &sets), OK);
    rulesets_close(&sets);
}

static void an_official_signs_once_and_for_one_realm(void **state)
{
    struct fixture *f = *state;
    struct rulesets *sets = NULL;
    struct ruleset *rs = NULL;
    struct fault fault = {0};
    char path[PATH_LEN];
    make_set(f, "old", "2026-04-01");
    sign(f, "old", 0, DAY(20260201), REALM);
    snprintf(path, sizeof path, "%s/old", f->dir);
    assert_int_equal(ruleset_open(&rs, path, &f->faults), OK);
    assert_int_equal(rulesign_add(rs, path, REALM, HUB, f->key[0], DAY(20260203), &fault),
                     ERR_EXISTS);
    ruleset_close(&rs);
    sign(f, "old", 1, DAY(20260201), "other");
    assert_int_equal(open_sets(f, "old", 2, &sets), ERR_SIGNATURE);
}

/* A set that was changed after it was signed is nobody's. */
static void a_change_after_the_signatures_is_seen(void **state)
{
    struct fixture *f = *state;
    struct rulesets *sets = NULL;
    make_set(f, "old", "2026-04-01");
    sign(f, "old", 0, DAY(20260201), REALM);
    sign(f, "old", 1, DAY(20260201), REALM);
    make_set(f, "old", "2026-04-02");
    assert_int_equal(open_sets(f, "old", 2, &sets), ERR_RULE_SET);
    /* Signing the new content begins the sheet anew. */
    sign(f, "old", 2, DAY(20260203), REALM);
    assert_int_equal(open_sets(f, "old", 2, &sets), ERR_TWO_OFFICIALS);
    assert_int_equal(open_sets(f, "old", 1, &sets), OK);
    rulesets_close(&sets);
}

static void a_spoiled_signature_file_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum err want;
    } rows[] = {
        {"nonsense", ERR_SYNTAX},
        {"set: x\nsha256: '00'\nsignatures: []\n", ERR_RULE_SET},
        {"set: x\nsha256: "
         "'0000000000000000000000000000000000000000000000000000000000000000'\n"
         "signatures: []\n",
         ERR_TWO_OFFICIALS},
    };
    struct fixture *f = *state;
    struct rulesets *sets = NULL;
    char path[PATH_LEN];
    make_set(f, "old", "2026-04-01");
    snprintf(path, sizeof path, "%s/old/rules.sig", f->dir);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        write_file(path, rows[i].text, strlen(rows[i].text));
        enum err err = open_sets(f, "old", 2, &sets);
        assert_int_not_equal(err, OK);
        if (i > 0)
            assert_int_equal(err, rows[i].want);
        assert_null(sets);
    }
}

static void a_later_set_is_announced_in_time(void **state)
{
    static const struct {
        uint32_t second; /* day on which the second official signs */
        enum err want;
    } rows[] = {{20260525, OK}, {20260526, ERR_RULE_NOTICE}};
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct rulesets *sets = NULL;
        make_set(f, "old", "2026-04-01");
        make_set(f, "new", "2026-06-01");
        char path[PATH_LEN];
        snprintf(path, sizeof path, "%s/new/rules.sig", f->dir);
        (void)unlink(path);
        snprintf(path, sizeof path, "%s/old/rules.sig", f->dir);
        (void)unlink(path);
        sign(f, "old", 0, DAY(20260331), REALM); /* the first set needs no notice */
        sign(f, "old", 1, DAY(20260331), REALM);
        sign(f, "new", 0, DAY(20260501), REALM);
        sign(f, "new", 1, DAY(rows[i].second), REALM);
        print_message("row %zu\n", i);
        assert_int_equal(open_sets(f, "", 2, &sets), rows[i].want);
        rulesets_close(&sets);
    }
}

static void the_set_in_use_is_followed_forwards_only(void **state)
{
    struct fixture *f = *state;
    struct rulesets *sets = NULL;
    struct fault fault = {0};
    uint8_t hash[RULESET_HASH_LEN];
    uint8_t other[RULESET_HASH_LEN] = {1};
    make_set(f, "new", "2026-06-01");
    sign(f, "new", 0, DAY(20260501), REALM);
    assert_int_equal(open_sets(f, "new", 1, &sets), OK);
    const struct ruleset *set = rulesets_at(sets, DAY(20260601));
    ruleset_hash(set, hash);
    assert_int_equal(rulesets_follow(sets, set, hash, DAY(20260601), &fault), OK);
    assert_int_equal(rulesets_follow(sets, set, other, DAY(20260401), &fault), OK);
    assert_int_equal(rulesets_follow(sets, set, other, DAY(20260602), &fault), ERR_RULE_ROLLBACK);
    assert_int_equal(rulesets_follow(sets, set, other, DAY(20260601), &fault), ERR_RULE_NOTICE);
    rulesets_close(&sets);
    make_set(f, "more", "2026-06-01");
    sign(f, "more", 0, DAY(20260530), REALM);
    assert_int_equal(open_sets(f, "more", 1, &sets), OK);
    set = rulesets_at(sets, DAY(20260601));
    assert_int_equal(rulesets_follow(sets, set, other, DAY(20260401), &fault), ERR_RULE_NOTICE);
    rulesets_close(&sets);
}

/* However they lie in the directory. */
static void sets_stand_in_the_order_of_their_activation(void **state)
{
    static const uint32_t days[] = {20260401, 20260501, 20260601, 20260701, 20260801, 20260901};
    struct fixture *f = *state;
    struct rulesets *sets = NULL;
    for (size_t i = 0; i < T_COUNT(days); i++) {
        char day[16], name[16];
        date_format(days[i], day);
        snprintf(name, sizeof name, "s%zu", (i * 5 + 2) % T_COUNT(days));
        make_set(f, name, day);
    }
    assert_int_equal(open_sets(f, "", 0, &sets), OK);
    for (size_t i = 0; i < T_COUNT(days); i++)
        assert_int_equal(ruleset_activate_at_ms(rulesets_at(sets, DAY(days[i]))), DAY(days[i]));
    rulesets_close(&sets);
}

static void more_sets_than_a_hub_holds_are_refused(void **state)
{
    struct fixture *f = *state;
    struct rulesets *sets = NULL;
    for (unsigned i = 0; i <= RULESETS_MAX; i++) {
        char day[16], name[16];
        snprintf(day, sizeof day, "2026-05-%02u", i + 1);
        snprintf(name, sizeof name, "s%u", i);
        make_set(f, name, day);
        if (i + 1 == RULESETS_MAX) {
            assert_int_equal(open_sets(f, "", 0, &sets), OK);
            rulesets_close(&sets);
        }
    }
    assert_int_equal(open_sets(f, "", 0, &sets), ERR_TOO_LARGE);
    assert_null(sets);
}

/* Every problem of every set is told, as many as there is room for. */
static void a_place_without_a_set_is_told(void **state)
{
    struct fixture *f = *state;
    struct rulesets *sets = NULL;
    char deep[PATH_MAX + 8] = "";
    char path[PATH_LEN];
    const struct rulesets_terms terms = {.realm = REALM};
    assert_int_equal(open_sets(f, "", 0, &sets), ERR_NOT_FOUND); /* nothing in it */
    snprintf(path, sizeof path, "%s/empty", f->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(open_sets(f, "", 0, &sets), ERR_NOT_FOUND);
    make_set(f, "set", "2026-04-01");
    /* The way to a set is a path, too: of one that is too long there is no set. */
    for (size_t len = strlen(f->dir); strlen(deep) + len < PATH_MAX - 2;)
        memcpy(deep + strlen(deep), "/.", 3);
    memmove(deep + strlen(f->dir), deep, strlen(deep) + 1);
    memcpy(deep, f->dir, strlen(f->dir));
    assert_int_equal(rulesets_open(&sets, deep, &terms, &f->faults), ERR_NOT_FOUND);
    assert_null(sets);
    assert_int_equal(f->faults.count, 1);
}

static void a_set_of_no_other_shelf_is_followed(void **state)
{
    struct fixture *f = *state;
    struct rulesets *sets = NULL;
    struct ruleset *other = NULL;
    struct fault fault = {0};
    uint8_t hash[RULESET_HASH_LEN];
    make_set(f, "set", "2026-04-01");
    assert_int_equal(open_sets(f, "set", 0, &sets), OK);
    assert_int_equal(ruleset_open(&other, RULES_DIR, &f->faults), OK);
    ruleset_hash(other, hash);
    assert_int_equal(rulesets_follow(sets, other, hash, 0, &fault), ERR_NOT_FOUND);
    assert_string_equal(rulesets_dir(sets, other), "");
    /* Nobody signs: nobody is told of a change on the day it is made. */
    memset(hash, 0, sizeof hash);
    const struct ruleset *set = rulesets_at(sets, DAY(20260401));
    assert_int_equal(rulesets_follow(sets, set, hash, DAY(20260401), &fault), OK);
    assert_int_equal(rulesets_follow(sets, set, hash, DAY(20260402), &fault), ERR_RULE_ROLLBACK);
    ruleset_close(&other);
    rulesets_close(&sets);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_newest_active_set_decides),
        CASE(two_sets_of_one_activation_are_refused),
        CASE(a_set_needs_its_officials),
        CASE(one_of_them_is_the_security_officer_and_none_an_auditor),
        CASE(an_official_signs_once_and_for_one_realm),
        CASE(a_change_after_the_signatures_is_seen),
        CASE(a_spoiled_signature_file_is_refused),
        CASE(a_later_set_is_announced_in_time),
        CASE(the_set_in_use_is_followed_forwards_only),
        CASE(sets_stand_in_the_order_of_their_activation),
        CASE(more_sets_than_a_hub_holds_are_refused),
        CASE(a_place_without_a_set_is_told),
        CASE(a_set_of_no_other_shelf_is_followed),
    };
    if (keys_init() != OK)
        return 1;
    return cmocka_run_group_tests_name("rulesets", tests, NULL, NULL);
}
