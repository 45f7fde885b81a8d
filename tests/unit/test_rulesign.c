/*
 * Checks the promises in policy/rulesign.h: what a sheet of signatures says, what is none, and how
 * much it holds. That a set needs its officials is in test_rulesets.c.
 */
#include "policy/rulesign.h"

#include "base/clock.h"
#include "base/hex.h"
#include "keys/init.h"
#include "keys/roles.h"

#include "ruleset_copy.h"

#include <sys/stat.h>

#define REALM "demo"
#define HUB   "hub.445100"
#define KID   "0102030405060708090a0b0c0d0e0f10"
#define SIGNED                                                                                     \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"                             \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ROW(member, kid, ms, signature)                                                            \
    "  - {member: " member ", kid: '" kid "', signed_ms: " ms ", signature: '" signature "'}\n"
#define WHOLE ROW(HUB, KID, "1", SIGNED)

_Static_assert(sizeof KID == 2 * KID_LEN + 1, "a key's name in hex");

static struct ruleset *set_of(struct fixture *f)
{
    struct ruleset *rs = NULL;
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), OK);
    return rs;
}

/* @ is the hash of the set. */
static void write_sheet(const struct fixture *f, const struct ruleset *rs, const char *sheet)
{
    uint8_t hash[RULESET_HASH_LEN];
    char hex[2 * RULESET_HASH_LEN + 1];
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    ruleset_hash(rs, hash);
    hex_encode(span_of(hash, sizeof hash), hex);
    for (const char *c = sheet; *c != '\0'; c++)
        if (*c == '@')
            (void)fputs(hex, out);
        else
            (void)fputc(*c, out);
    assert_int_equal(fclose(out), 0);
    write_text(f->dir, RULESIGN_FILE, text, len);
    free(text);
}

#define HEAD "set: x\nsha256: '@'\n"

static void what_is_no_sheet_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *sheet;
        enum err err;
        unsigned line, count;
    } rows[] = {
        {HEAD "signatures:\n" WHOLE WHOLE, OK, 0, 2},
        {HEAD "signatures: []\n", OK, 0, 0},
        {"nonsense", ERR_FIELD_VALUE, 1, 0},
        {"set: [x\nsha256: 5\n", ERR_SYNTAX, 2, 0},
        {HEAD "colour: red\nsignatures: []\n", ERR_FIELD_UNKNOWN, 3, 0},
        {"set: x\nsignatures: []\n", ERR_FIELD_MISSING, 1, 0},
        {"set: x\nsha256: ['@']\nsignatures: []\n", ERR_FIELD_VALUE, 2, 0},
        {"set: x\nsha256: '@0'\nsignatures: []\n", ERR_RULE_SET, 2, 0},
        {"set: x\nsha256: 'x" SIGNED "'\nsignatures: []\n", ERR_RULE_SET, 2, 0},
        {HEAD, ERR_FIELD_MISSING, 1, 0},
        {HEAD "signatures: none\n", ERR_FIELD_VALUE, 3, 0},
        {HEAD "signatures:\n  - x\n", ERR_FIELD_VALUE, 4, 0},
        {HEAD "signatures:\n" WHOLE "  - {member: a, colour: red}\n", ERR_FIELD_UNKNOWN, 5, 0},
        {HEAD "signatures:\n  - {kid: '" KID "', signed_ms: 1, signature: '" SIGNED "'}\n",
         ERR_FIELD_MISSING, 4, 0},
        {HEAD "signatures:\n" ROW("hub.44510012345678901234567890123456789012", KID, "1", SIGNED),
         ERR_FIELD_LONG, 4, 0},
        {HEAD "signatures:\n" ROW("[hub]", KID, "1", SIGNED), ERR_FIELD_VALUE, 4, 0},
        {HEAD "signatures:\n  - {member: a, kid: '" KID "', signature: '" SIGNED "'}\n",
         ERR_FIELD_MISSING, 4, 0},
        {HEAD "signatures:\n" ROW(HUB, KID, "then", SIGNED), ERR_FIELD_VALUE, 4, 0},
        {HEAD "signatures:\n" ROW(HUB, KID, "9223372036854775808", SIGNED), ERR_FIELD_VALUE, 4, 0},
        {HEAD "signatures:\n  - {member: a, signed_ms: 1, signature: '" SIGNED "'}\n",
         ERR_FIELD_MISSING, 4, 0},
        {HEAD "signatures:\n" ROW(HUB, KID "0", "1", SIGNED), ERR_RULE_SET, 4, 0},
        {HEAD "signatures:\n" ROW(HUB, "0102030405060708090a0b0c0d0e0f1x", "1", SIGNED),
         ERR_RULE_SET, 4, 0},
        {HEAD "signatures:\n  - {member: a, kid: '" KID "', signed_ms: 1}\n", ERR_FIELD_MISSING, 4,
         0},
        {HEAD "signatures:\n" ROW(HUB, KID, "1", "00"), ERR_RULE_SET, 4, 0},
        {HEAD "signatures:\n" WHOLE WHOLE WHOLE WHOLE WHOLE WHOLE WHOLE WHOLE, OK, 0, 8},
        {HEAD "signatures:\n" WHOLE WHOLE WHOLE WHOLE WHOLE WHOLE WHOLE WHOLE WHOLE, ERR_TOO_LARGE,
         4, 0},
    };
    struct fixture *f = *state;
    struct ruleset *rs = set_of(f);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct fault fault = {0};
        unsigned count = 99;
        print_message("row %zu\n", i);
        write_sheet(f, rs, rows[i].sheet);
        const enum err err = rulesign_count(rs, f->dir, &count, &fault);
        if (err != rows[i].err || fault.line != rows[i].line)
            print_message("%s, line %u: %s\n", err_en(err), fault.line, fault.detail);
        assert_int_equal(err, rows[i].err);
        assert_int_equal(fault.line, rows[i].line);
        assert_int_equal(count, rows[i].count);
    }
    ruleset_close(&rs);
}

static void a_sheet_of_other_content_counts_for_nothing(void **state)
{
    struct fixture *f = *state;
    struct fault fault = {0};
    unsigned count = 99;
    struct ruleset *rs = set_of(f);
    assert_int_equal(rulesign_count(rs, f->dir, &count, &fault), OK);
    assert_int_equal(count, 0); /* there is none */
    write_sheet(f, rs, HEAD "signatures:\n" WHOLE);
    ruleset_close(&rs);
    spoil(f, "rules.yaml", "fake drugs", "fake drugs ");
    rs = set_of(f);
    count = 99;
    assert_int_equal(rulesign_count(rs, f->dir, &count, &fault), OK);
    assert_int_equal(count, 0);
    ruleset_close(&rs);
}

static void as_many_sign_as_a_sheet_holds(void **state)
{
    struct fixture *f = *state;
    struct fault fault = {0};
    const struct entropy entropy = entropy_system();
    /* The name of the set stands in the sheet, whatever it is. */
    spoil(f, "rules.yaml", "name: national-2026-04", "name: \"o'clock: #1 'x'\"");
    struct ruleset *rs = set_of(f);
    for (unsigned i = 0; i <= RULESIGN_MAX; i++) {
        struct key *key = NULL;
        unsigned count = 0;
        assert_int_equal(key_make(&key, KEY_USE_OFFICIAL, 1, &entropy), OK);
        assert_int_equal(rulesign_add(rs, f->dir, REALM, HUB, key, 1, &fault),
                         i < RULESIGN_MAX ? OK : ERR_TOO_LARGE);
        assert_int_equal(rulesign_count(rs, f->dir, &count, &fault), OK);
        assert_int_equal(count, i < RULESIGN_MAX ? i + 1 : RULESIGN_MAX);
        key_close(&key);
    }
    ruleset_close(&rs);
}

static enum err nobody(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                       uint64_t at_ms, uint8_t public_key[static KEY_PUBLIC_LEN], uint32_t *role)
{
    (void)ctx, (void)member, (void)kid, (void)at_ms, (void)public_key, (void)role;
    return ERR_KID_UNKNOWN;
}

/* A place that is none, is no file, or has a sheet that is none, is told by whatever asks for it.
 */
static void a_sheet_that_cannot_be_read_is_nobodys_signature(void **state)
{
    struct fixture *f = *state;
    const struct entropy entropy = entropy_system();
    char deep[5000];
    char path[PATH_LEN];
    struct key *key = NULL;
    struct ruleset *rs = set_of(f);
    assert_int_equal(key_make(&key, KEY_USE_OFFICIAL, 1, &entropy), OK);
    memset(deep, 'd', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    snprintf(path, sizeof path, "%s/%s", f->dir, RULESIGN_FILE);
    for (int i = 0; i < 3; i++) {
        const char *dir = i == 0 ? deep : f->dir;
        struct fault fault = {0};
        uint64_t signed_ms = 9;
        unsigned count = 9;
        if (i == 1)
            assert_int_equal(mkdir(path, 0700), 0);
        if (i == 2) {
            assert_int_equal(rmdir(path), 0);
            write_sheet(f, rs, "nonsense");
        }
        print_message("row %d\n", i);
        const enum err err = rulesign_count(rs, dir, &count, &fault);
        assert_int_not_equal(err, OK);
        assert_int_equal(count, 0);
        assert_int_equal(rulesign_check(rs, dir, REALM, 1, nobody, NULL, &signed_ms, &fault), err);
        assert_int_equal(signed_ms, 0);
        assert_int_equal(rulesign_add(rs, dir, REALM, HUB, key, 1, &fault), err);
    }
    key_close(&key);
    ruleset_close(&rs);
}

enum { OFFICIALS = 4 };

struct office {
    struct key *key[OFFICIALS];
    uint32_t role[OFFICIALS];
};

static enum err find_official(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                              uint64_t at_ms, uint8_t public_key[static KEY_PUBLIC_LEN],
                              uint32_t *role)
{
    const struct office *office = ctx;
    (void)at_ms;
    assert_string_equal(member, HUB);
    for (size_t i = 0; i < OFFICIALS; i++) {
        if (memcmp(key_kid(office->key[i]), kid, KID_LEN) != 0)
            continue;
        memcpy(public_key, key_public(office->key[i]), KEY_PUBLIC_LEN);
        *role = office->role[i];
        return OK;
    }
    return ERR_KID_UNKNOWN;
}

/* The moment at which there were enough: who signs later changes nothing about it, and an official
 * who stands there twice is one. */
static void a_set_is_signed_when_enough_have_signed(void **state)
{
    enum { O = ROLES_OPERATOR, S = ROLES_SECURITY, A = ROLES_AUDITOR };
    static const struct {
        uint32_t role[OFFICIALS];
        uint64_t signed_ms[OFFICIALS]; /* in the order of the sheet; 0: not at all */
        unsigned threshold;
        bool twice; /* the first row once more */
        enum err want;
        uint64_t when;
    } rows[] = {
        {{S, O, O, O}, {5, 0, 0, 0}, 1, false, OK, 5},
        {{S, O, O, O}, {5, 0, 0, 0}, 2, true, ERR_TWO_OFFICIALS, 5},
        {{S, O, O, O}, {5, 3, 0, 0}, 2, false, OK, 5},
        {{S, O, O, O}, {3, 5, 0, 0}, 2, false, OK, 5},
        {{S, O, O, O}, {3, 5, 9, 0}, 2, false, OK, 5},
        {{S, O, O, O}, {3, 5, 9, 0}, 2, true, OK, 5},
        {{S, O, O, O}, {3, 5, 9, 0}, 3, false, OK, 9},
        {{O, O, S, O}, {3, 5, 9, 0}, 2, false, OK, 9},
        {{O, O, S, O}, {3, 5, 4, 9}, 2, false, OK, 5},
        {{O, A, S, O}, {3, 8, 5, 9}, 2, false, OK, 5},
        {{O, O, O, O}, {3, 5, 9, 0}, 2, false, ERR_TWO_OFFICIALS, 9},
    };
    struct fixture *f = *state;
    struct ruleset *rs = set_of(f);
    struct office office = {.key = {NULL}};
    const struct entropy entropy = entropy_system();
    char path[PATH_LEN];
    snprintf(path, sizeof path, "%s/%s", f->dir, RULESIGN_FILE);
    for (size_t i = 0; i < OFFICIALS; i++)
        assert_int_equal(key_make(&office.key[i], KEY_USE_OFFICIAL, 1, &entropy), OK);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct fault fault = {0};
        uint64_t signed_ms = 0;
        print_message("row %zu\n", i);
        (void)remove(path);
        memcpy(office.role, rows[i].role, sizeof office.role);
        for (size_t k = 0; k < OFFICIALS && rows[i].signed_ms[k] != 0; k++)
            assert_int_equal(
                rulesign_add(rs, f->dir, REALM, HUB, office.key[k], rows[i].signed_ms[k], &fault),
                OK);
        if (rows[i].twice) {
            size_t len = 0;
            char *text = (char *)read_text(f->dir, RULESIGN_FILE, &len);
            const char *row = strstr(text, "  - {");
            const char *end = strstr(row, "}\n") + 2;
            char first[1024];
            snprintf(first, sizeof first, "signatures:\n%.*s", (int)(end - row), row);
            spoil_more(f, RULESIGN_FILE, "signatures:\n", first);
            free(text);
        }
        assert_int_equal(rulesign_check(rs, f->dir, REALM, rows[i].threshold, find_official,
                                        &office, &signed_ms, &fault),
                         rows[i].want);
        assert_int_equal(signed_ms, rows[i].when);
    }
    for (size_t i = 0; i < OFFICIALS; i++)
        key_close(&office.key[i]);
    ruleset_close(&rs);
}

/* A key that signs nothing of the kind leaves the sheet as it was. */
static void a_key_of_another_use_signs_no_set(void **state)
{
    struct fixture *f = *state;
    struct fault fault = {0};
    struct key *key = NULL;
    unsigned count = 9;
    const struct entropy entropy = entropy_system();
    struct ruleset *rs = set_of(f);
    assert_int_equal(key_make(&key, KEY_USE_SEAL, 1, &entropy), OK);
    assert_int_not_equal(rulesign_add(rs, f->dir, REALM, HUB, key, 1, &fault), OK);
    assert_int_equal(rulesign_count(rs, f->dir, &count, &fault), OK);
    assert_int_equal(count, 0);
    key_close(&key);
    ruleset_close(&rs);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_no_sheet_is_refused_with_its_line),
        CASE(a_sheet_of_other_content_counts_for_nothing),
        CASE(as_many_sign_as_a_sheet_holds),
        CASE(a_sheet_that_cannot_be_read_is_nobodys_signature),
        CASE(a_set_is_signed_when_enough_have_signed),
        CASE(a_key_of_another_use_signs_no_set),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("rulesign", tests, NULL, NULL) : 1;
}
