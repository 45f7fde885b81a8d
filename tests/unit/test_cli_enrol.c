/* Checks cli/cli_enrol.c, cli/cli_enrol_desk.c and cli/ledger.h in-process: enrolment as people do
 * it, and what is refused on the way. */
#include "cli/ledger.h"
#include "terminal.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define INVITE                                                                                     \
    "enrol invite --member market.445100 --use adapter --adapter a1 --realm demo --desk "          \
    "desk.key.pub --ledger ledger --out invitation --code-out code"
#define REQUEST                                                                                    \
    "enrol request invitation --code-file code --key market.key --passphrase-file market.pass "    \
    "--out request"
#define SHOW "enrol show request --ledger ledger --desk desk.key --passphrase-file desk.pass"
#define APPROVE                                                                                    \
    "enrol approve request --ledger ledger --desk desk.key --desk-passphrase-file desk.pass "
#define BOTH                                                                                       \
    "--key one.key --passphrase-file one.pass --key two.key --passphrase-file two.pass --out "     \
    "approval "

static char fingerprint[2 * HASH_LEN + 1];

/* A registrar with a desk and two officials, a member with its keys, and an invitation. */
static void invited(struct terminal *t)
{
    make_key(t, "desk", "registrar.445100", "enrolment");
    make_key(t, "one", "registrar.445100", "registrar");
    make_key(t, "two", "registrar.445100", "registrar");
    must(t, "key passphrase market.pass");
    must(t, "key generate --member market.445100 --use adapter --adapter a1 --out market.key "
            "--passphrase-file market.pass");
    must(t, INVITE);
}

/* What `enrol request` said, or `enrol show`. */
static void take_fingerprint(const struct terminal *t)
{
    const char *at = strstr(t->out, "\"fingerprint\":\"");
    assert_non_null(at);
    memcpy(fingerprint, at + strlen("\"fingerprint\":\""), 2 * HASH_LEN);
    fingerprint[2 * HASH_LEN] = '\0';
}

static void requested(struct terminal *t)
{
    invited(t);
    must(t, REQUEST " --json");
    assert_json(t);
    take_fingerprint(t);
}

/* APPROVE with the right fingerprint and this behind it. */
static int approve(struct terminal *t, const char *rest)
{
    char line[1024];
    snprintf(line, sizeof line, APPROVE "--fingerprint %.20s %s", fingerprint, rest);
    return run(t, line);
}

static enum err open_approval(const char *path)
{
    static const char *const PUBS[] = {"one.key.pub", "two.key.pub"};
    uint8_t keys[2][KEY_PUBLIC_LEN];
    uint8_t *data = NULL;
    size_t len;
    lianshu_EnrolmentApproval body;
    for (size_t i = 0; i < T_COUNT(PUBS); i++) {
        char *text = read_text(PUBS[i]);
        const char *at = strstr(text, "public: \"");
        char hex[2 * KEY_PUBLIC_LEN + 1] = "";
        assert_non_null(at);
        memcpy(hex, at + strlen("public: \""), 2 * KEY_PUBLIC_LEN);
        assert_true(hex_decode(hex, keys[i], KEY_PUBLIC_LEN));
        free(text);
    }
    const struct enrol_officials officials = {2, keys};
    assert_int_equal(file_read(path, ENROL_FRAME_MAX, 0, &data, &len, NULL), OK);
    const enum err err =
        enrol_approval_open(span_of(data, len), "demo", &officials, TERMINAL_NOW_MS, &body, NULL);
    free(data);
    if (err == OK) {
        assert_string_equal(body.member, "market.445100");
        assert_int_equal(body.keys_count, 3);
    }
    return err;
}

static void two_officials_enrol_a_member(void **state)
{
    struct terminal *t = *state;
    requested(t);
    must(t, SHOW " --json");
    assert_json(t);
    assert_says(t, fingerprint);
    assert_says(t, "\"use\":\"transport\"");
    must(t, SHOW);
    assert_says(t, "指纹 fingerprint");
    assert_int_equal(approve(t, BOTH), CLI_DONE);
    assert_int_equal(open_approval("approval"), OK);
}

static void at_two_desks_each_verifies_for_himself(void **state)
{
    struct terminal *t = *state;
    requested(t);
    assert_int_equal(approve(t, "--key one.key --passphrase-file one.pass --second two.key.pub "
                                "--out half"),
                     CLI_DONE);
    assert_int_equal(open_approval("half"), ERR_TWO_OFFICIALS);
    /* The first cannot be the second too. */
    assert_int_equal(approve(t, "--key one.key --passphrase-file one.pass --add half --out whole"),
                     CLI_REFUSED);
    assert_memory_equal(t->err, "E421 half", 9);
    assert_int_equal(approve(t, "--key two.key --passphrase-file two.pass --add half --out whole"),
                     CLI_DONE);
    assert_int_equal(open_approval("whole"), OK);
}

static void one_official_is_not_enough(void **state)
{
    struct terminal *t = *state;
    requested(t);
    assert_int_equal(approve(t, "--key one.key --passphrase-file one.pass --out a"), CLI_REFUSED);
    assert_memory_equal(t->err, "E421", 4);
    assert_int_equal(approve(t, "--key one.key --passphrase-file one.pass --key one.key "
                                "--passphrase-file one.pass --out a"),
                     CLI_REFUSED);
    assert_memory_equal(t->err, "E421", 4);
    assert_int_equal(approve(t, "--key one.key --passphrase-file one.pass --second one.key.pub "
                                "--out a"),
                     CLI_REFUSED);
    assert_memory_equal(t->err, "E421", 4);
    assert_int_equal(approve(t, "--key one.key --passphrase-file one.pass --key market.key "
                                "--passphrase-file market.pass --out a"),
                     CLI_REFUSED);
    assert_memory_equal(t->err, "E408", 4);
    assert_false(there_is("a"));
}

static void nobody_approves_unread(void **state)
{
    struct terminal *t = *state;
    requested(t);
    refused(t, APPROVE "--fingerprint 0123456789abcdef " BOTH, CLI_REFUSED, "E011 --fingerprint",
            "compare it");
    refused(t, APPROVE "--fingerprint 0123 " BOTH, CLI_USAGE, "E001 --fingerprint", "16");
    refused(t, APPROVE BOTH, CLI_USAGE, "E001", "--fingerprint");
    assert_false(there_is("approval"));
}

static void the_code_stands_in_its_file_and_nowhere_else(void **state)
{
    static const char *const FILES[] = {"ledger", "invitation", "request"};
    struct terminal *t = *state;
    struct stat st;
    requested(t);
    assert_int_equal(stat("code", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat("ledger", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char *code = read_text("code");
    code[ENROL_CODE_TEXT_LEN] = '\0';
    for (size_t i = 0; i < T_COUNT(FILES); i++) {
        uint8_t *data = NULL;
        size_t len;
        assert_int_equal(file_read(FILES[i], 1 << 16, 0, &data, &len, NULL), OK);
        assert_null(memmem(data, len, code, 9)); /* two groups of it */
        free(data);
    }
    assert_null(strstr(t->out, code));
    free(code);
}

/* K-01 */
static void a_code_is_for_one_request(void **state)
{
    struct terminal *t = *state;
    requested(t);
    assert_int_equal(approve(t, BOTH), CLI_DONE);
    assert_int_equal(rename("request", "first"), 0);
    must(t, REQUEST " --json");
    take_fingerprint(t);
    refused(t, SHOW, CLI_REFUSED, "E430 request", "used for another");
    assert_int_equal(approve(t, "--key one.key --passphrase-file one.pass --second two.key.pub "
                                "--out again"),
                     CLI_REFUSED);
    assert_memory_equal(t->err, "E430", 4);
    assert_false(there_is("again"));
}

/* K-01 */
static void a_code_is_over_after_its_days(void **state)
{
    struct terminal *t = *state;
    requested(t);
    t->now_ms = TERMINAL_NOW_MS + 7 * (uint64_t)DAY_MS;
    refused(t, SHOW, CLI_REFUSED, "E430 request", "has ended");
    assert_int_equal(unlink("request"), 0);
    assert_int_equal(run(t, REQUEST), CLI_REFUSED);
    assert_memory_equal(t->err, "E430", 4);
}

/* K-01 */
static void wrong_codes_lock_an_invitation_whichever_command_asks(void **state)
{
    struct terminal *t = *state;
    invited(t);
    /* The code of another invitation stands for a guess. */
    assert_int_equal(rename("code", "right"), 0);
    assert_int_equal(rename("invitation", "mine"), 0);
    must(t, INVITE);
    assert_int_equal(unlink("invitation"), 0);
    assert_int_equal(rename("mine", "invitation"), 0);
    for (int i = 0; i < ENROL_WRONG_MAX; i++) {
        must(t, REQUEST " --json");
        take_fingerprint(t);
        if (i % 2 == 0)
            refused(t, SHOW, CLI_REFUSED, "E430 request", "wrong code");
        else
            assert_int_equal(approve(t, BOTH), CLI_REFUSED);
        assert_int_equal(unlink("request"), 0);
    }
    assert_int_equal(rename("right", "code"), 0);
    must(t, REQUEST);
    refused(t, SHOW, CLI_REFUSED, "E430 request", "locked");
}

static void a_mistyped_code_is_refused_at_the_member(void **state)
{
    struct terminal *t = *state;
    invited(t);
    char *code = read_text("code");
    code[0] = code[0] == '0' ? '1' : '0';
    assert_int_equal(run_with(t, code,
                              "enrol request invitation --code-file - --key market.key "
                              "--passphrase-file market.pass --out request"),
                     CLI_REFUSED);
    assert_memory_equal(t->err, "E430 -", 6);
    assert_false(there_is("request"));
    free(code);
    assert_int_equal(chmod("code", 0640), 0);
    assert_int_equal(run(t, REQUEST), CLI_REFUSED);
    assert_memory_equal(t->err, "E003 code", 9);
}

static void an_invitation_is_for_the_keys_that_it_names(void **state)
{
    struct terminal *t = *state;
    invited(t);
    make_key(t, "other", "health.445100", "adapter");
    refused(t,
            "enrol request invitation --code-file code --key other.key --passphrase-file "
            "other.pass --out request",
            CLI_REFUSED, "E430 --key", "market.445100");
    /* Somebody else's public keys beside one's own key file. */
    char *pub = read_text("other.key.pub");
    char *at = strstr(pub, "health.445100");
    assert_non_null(at);
    memcpy(at, "market.445100", strlen("market.445100"));
    at = strstr(pub, "use: adapter");
    assert_non_null(at);
    char text[4096];
    snprintf(text, sizeof text, "%.*sadapter: a1\n%s", (int)(at - pub), pub, at);
    write_text("forged.pub", text);
    free(pub);
    assert_int_equal(run(t, REQUEST " --public forged.pub"), CLI_REFUSED);
    assert_memory_equal(t->err, "E431", 4);
}

static void an_official_a_signer_and_a_witness_go_the_same_way(void **state)
{
    static const struct {
        const char *use, *member, *more;
    } rows[] = {
        {"official", "hub.445100", " --role security"},
        {"signer", "hub.445100", ""},
        {"hub", "hub.445100", ""},
        {"witness", "hub.440000", ""},
    };
    struct terminal *t = *state;
    char line[512];
    requested(t);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char name[16];
        snprintf(name, sizeof name, "k%zu", i);
        make_key(t, name, rows[i].member, rows[i].use);
        snprintf(line, sizeof line,
                 "enrol invite --member %s --use %s%s --realm demo --desk desk.key.pub --ledger "
                 "ledger --out i%zu --code-out c%zu",
                 rows[i].member, rows[i].use, rows[i].more, i, i);
        must(t, line);
        snprintf(line, sizeof line,
                 "enrol request i%zu --code-file c%zu --key %s.key --passphrase-file %s.pass --out "
                 "r%zu --json",
                 i, i, name, name, i);
        must(t, line);
        take_fingerprint(t);
        snprintf(line, sizeof line,
                 "enrol approve r%zu --fingerprint %s --ledger ledger --desk desk.key "
                 "--desk-passphrase-file desk.pass --key one.key --passphrase-file one.pass --key "
                 "two.key --passphrase-file two.pass --out a%zu --json",
                 i, fingerprint, i);
        must(t, line);
        assert_json(t);
        if (rows[i].more[0] != '\0')
            assert_says(t, "\"role\":\"security\"");
    }
    refused(t,
            "enrol invite --member hub.445100 --use official --realm demo --desk desk.key.pub "
            "--ledger ledger --out x --code-out y",
            CLI_USAGE, "E001 --role", "auditor");
    refused(t, INVITE "2 --role auditor", CLI_USAGE, "E001 --role", "official");
    refused(t,
            "enrol invite --member registrar.445100 --use registrar --realm demo --desk "
            "desk.key.pub --ledger ledger --out x --code-out y",
            CLI_USAGE, "E001 --use", "witness");
}

static void a_ledger_is_private_and_in_one_hand(void **state)
{
    struct terminal *t = *state;
    struct ledger *held = NULL;
    requested(t);
    assert_int_equal(ledger_open(&held, "ledger", false, NULL), OK);
    refused(t, SHOW, CLI_REFUSED, "E021 ledger", "ledger");
    ledger_close(&held);
    must(t, SHOW);
    assert_int_equal(chmod("ledger", 0644), 0);
    assert_int_equal(run(t, SHOW), CLI_REFUSED);
    assert_memory_equal(t->err, "E003 ledger", 11);
    assert_int_equal(unlink("ledger"), 0);
    assert_int_equal(run(t, SHOW), CLI_REFUSED);
    assert_memory_equal(t->err, "E002 ledger", 11);
}

/* A ledger or invitation that was tampered with is not read in part. */
static void both_files_are_read_strictly(void **state)
{
    static const struct {
        const char *from, *to, *label;
    } rows[] = {
        {"wrong: 0", "wrong: 6", "E011 ledger"},
        {"wrong: 0", "wrong: -1", "E011 ledger"},
        {"    use: adapter\n", "", "E010 ledger"},
        {"use: adapter", "use: root", "E011 ledger"},
        {"    wrong: 0", "    wrung: 0", "E009 ledger"},
        {"adapter: \"a1\"", "role: auditor", "E011 ledger"},
        {"realm: demo", "realm: De mo", "E313 ledger"},
    };
    struct terminal *t = *state;
    requested(t);
    char *whole = read_text("ledger");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[4096];
        print_message("row %zu\n", i);
        const char *at = strstr(whole, rows[i].from);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, rows[i].to,
                 at + strlen(rows[i].from));
        write_text("ledger", text);
        assert_int_equal(run(t, SHOW), CLI_REFUSED);
        assert_memory_equal(t->err, rows[i].label, strlen(rows[i].label));
    }
    free(whole);
}

static void what_is_no_request_is_refused_and_nothing_is_replaced(void **state)
{
    struct terminal *t = *state;
    requested(t);
    refused(t, INVITE, CLI_REFUSED, "E026 invitation", "never replaced");
    assert_int_equal(run(t, REQUEST), CLI_REFUSED);
    assert_memory_equal(t->err, "E026 request", 12);
    must(t, "key show market.key.pub");
    refused(t,
            "enrol show market.key.pub --ledger ledger --desk desk.key --passphrase-file desk.pass",
            CLI_REFUSED, "E201 market.key.pub", "enrolment");
    refused(t, "enrol show request --ledger ledger --desk market.key --passphrase-file market.pass",
            CLI_REFUSED, "E408 request", "another key of the desk");
    refused(t,
            "enrol invite --member market.445100 --use adapter --realm demo --desk market.key.pub "
            "--ledger ledger --out x --code-out y",
            CLI_REFUSED, "E408 market.key.pub", "enrolment");
    assert_false(there_is("x"));
}

/* K-07 */
static void a_key_in_service_elsewhere_is_refused(void **state)
{
    struct terminal *t = *state;
    requested(t);
    make_key(t, "root", "root.000000", "root");
    char *pub = read_text("market.key.pub");
    char *at = strstr(pub, "market.445100");
    assert_non_null(at);
    memcpy(at, "health.445100", strlen("health.445100"));
    write_text("stolen.pub", pub);
    free(pub);
    write_text("members.yaml", "members:\n  - member: health.445100\n    name_zh: 甲\n    name_en: "
                               "a\n    keys: [stolen.pub]\n");
    must(t, "key passphrase reg.pass");
    must(t, "key generate --member root.000000 --use root --out r.key --passphrase-file reg.pass");
    must(t, "key generate --member registrar.445100 --use registrar --out g.key --passphrase-file "
            "reg.pass");
    must(t, "registry build --realm demo --root r.key --registrar g.key --passphrase-file reg.pass "
            "--members members.yaml --anchor-out anchor.yaml --out registry.lsg");
    assert_int_equal(approve(t, BOTH "--registry registry.lsg --anchor anchor.yaml"), CLI_REFUSED);
    assert_memory_equal(t->err, "E435 request", 12);
    assert_int_equal(approve(t, BOTH "--registry registry.lsg"), CLI_USAGE);
    assert_int_equal(approve(t, BOTH), CLI_DONE);
}

#define BUILD                                                                                      \
    "registry build --realm demo --root root.key --registrar one.key --passphrase-file one.pass "  \
    "--registrar two.key --passphrase-file two.pass --members "                                    \
    "members.yaml --anchor-out anchor.yaml --out registry.lsg --enrolment "

static void a_registry_takes_what_its_own_officials_have_approved(void **state)
{
    struct terminal *t = *state;
    requested(t);
    must(t,
         "key generate --member root.000000 --use root --out root.key --passphrase-file one.pass");
    make_key(t, "three", "registrar.445100", "registrar");
    write_text("members.yaml", "members:\n  - member: market.445100\n    name_zh: 甲\n    name_en: "
                               "a\n    keys: []\n");
    assert_int_equal(approve(t, "--key one.key --passphrase-file one.pass --second two.key.pub "
                                "--out half"),
                     CLI_DONE);
    assert_int_equal(approve(t, "--key one.key --passphrase-file one.pass --key three.key "
                                "--passphrase-file three.pass --out foreign"),
                     CLI_DONE);
    assert_int_equal(approve(t, BOTH), CLI_DONE);
    assert_int_equal(run(t, BUILD "half"), CLI_REFUSED);

    assert_memory_equal(t->err, "E421", 4);
    assert_int_equal(run(t, BUILD "foreign"), CLI_REFUSED);
    assert_memory_equal(t->err, "E304", 4);
    assert_int_equal(run(t, BUILD "request"), CLI_REFUSED);
    assert_memory_equal(t->err, "E017", 4);
    assert_false(there_is("registry.lsg"));
    must(t, BUILD "approval");
    must(t, "registry list registry.lsg --anchor anchor.yaml");
    assert_says(t, "3 密钥");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(two_officials_enrol_a_member),
        CASE(at_two_desks_each_verifies_for_himself),
        CASE(one_official_is_not_enough),
        CASE(nobody_approves_unread),
        CASE(the_code_stands_in_its_file_and_nowhere_else),
        CASE(a_code_is_for_one_request),
        CASE(a_code_is_over_after_its_days),
        CASE(wrong_codes_lock_an_invitation_whichever_command_asks),
        CASE(a_mistyped_code_is_refused_at_the_member),
        CASE(an_invitation_is_for_the_keys_that_it_names),
        CASE(an_official_a_signer_and_a_witness_go_the_same_way),
        CASE(a_ledger_is_private_and_in_one_hand),
        CASE(both_files_are_read_strictly),
        CASE(what_is_no_request_is_refused_and_nothing_is_replaced),
        CASE(a_key_in_service_elsewhere_is_refused),
        CASE(a_registry_takes_what_its_own_officials_have_approved),
    };
    return cmocka_run_group_tests_name("cli_enrol", tests, NULL, NULL);
}
