/*
 * Checks the commands of two officials with real key files against a control socket in a child
 * process, which answers as a hub does and keeps the last act it was given.
 */
#include "base/file.h"
#include "base/hex.h"
#include "cli/act.h"
#include "keys/document.h"
#include "keys/keyfile.h"
#include "net/control.h"

#include "t.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGV_MAX = 40, TEXT_MAX = 64 << 10, NOW = 1700000000 };

#define ID    "018bcfe568000102030405060708090a"
#define OTHER "018bcfe5680001020304050607080f0f"

struct fixture {
    char dir[32];
    char before[512];
    char out[TEXT_MAX];
    char err[TEXT_MAX];
    pid_t child;
};

static uint64_t now_ms(void)
{
    return (uint64_t)NOW * 1000;
}

#define ROW(id, recipient, state)                                                                  \
    "{\"recipient\":\"" recipient "\",\"sender\":\"health.445100\",\"type\":\"honour\","           \
    "\"type_zh\":\"表彰奖励\",\"message_id\":\"" id "\","                                          \
    "\"since\":\"2023-11-14T10:00:00.123+08:00\",\"attempts\":20,\"code\":" state                  \
    ",\"expires\":\"2023-11-20T10:00:00.123+08:00\"}"

/* control_fn */
static enum err answer(void *ctx, enum control_verb verb, struct span request, struct writer *out,
                       struct fault *fault)
{
    uint8_t document[CONTROL_DOCUMENT_MAX];
    size_t len;
    (void)ctx;
    if (verb == CONTROL_ACT) {
        if (control_document(request, document, sizeof document, &len, fault) != OK ||
            file_write("given.lsd", span_of(document, len), 0644, 0, fault) != OK)
            return ERR_INTERNAL;
        write_span(out, span_str("{\"act\":\"done\"}"));
        return OK;
    }
    if (memmem(request.data, request.len, "\"status\"", 8) != NULL)
        write_span(out, span_str("{\"hub\":\"hub.445100\",\"realm\":\"demo\"}"));
    else if (memmem(request.data, request.len, "\"trace\"", 7) != NULL)
        write_span(out, span_str("{\"asked\":\"trace\"}"));
    else if (memmem(request.data, request.len, "police", 6) != NULL)
        write_span(out, span_str("{\"held\":[],\"parked\":[]}"));
    else
        write_span(out,
                   span_str("{\"held\":[" ROW(ID, "market.445100", "661") "],\"parked\":[" ROW(
                       ID, "market.445100", "710") "," ROW(OTHER, "market.445100", "710") "]}"));
    return OK;
}

static void serve(void)
{
    struct control *control;
    if (control_open(&control, "control", answer, NULL, NULL) != OK)
        _exit(1);
    for (;;) {
        struct pollfd fds[CONTROL_POLL_MAX];
        size_t count = control_poll(control, fds);
        if (poll(fds, (nfds_t)count, -1) < 0 || control_serve(control) != OK)
            _exit(1);
    }
}

/* Run a command line given as words separated by blanks. */
static int run(struct fixture *f, const char *line)
{
    static char words[8192];
    const char *argv[ARGV_MAX] = {"lianshu"};
    int argc = 1;
    char *rest = words;

    snprintf(words, sizeof words, "%s", line);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        assert_true(argc < ARGV_MAX);
        if (word[0] != '\0')
            argv[argc++] = word;
    }
    memset(f->out, 0, sizeof f->out);
    memset(f->err, 0, sizeof f->err);
    struct cli_world world = {
        .in = -1,
        .out = fmemopen(f->out, sizeof f->out - 1, "w"),
        .err = fmemopen(f->err, sizeof f->err - 1, "w"),
        .now_ms = now_ms,
        .kdf_memory = KEYFILE_MEMORY_MIN,
    };
    int code = cli_run(argc, argv, &world);
    fclose(world.out);
    fclose(world.err);
    return code;
}

static void must(struct fixture *f, const char *line)
{
    int code = run(f, line);
    if (code != CLI_DONE)
        fail_msg("%s: %d %s", line, code, f->err);
}

static void refused(struct fixture *f, const char *line, int code, const char *label)
{
    print_message("%s\n", line);
    assert_int_equal(run(f, line), code);
    if (strncmp(f->err, label, strlen(label)) != 0)
        fail_msg("%s", f->err);
    assert_string_equal(f->out, "");
}

static void make_key(struct fixture *f, const char *name, const char *member, const char *use)
{
    char line[256];
    snprintf(line, sizeof line, "key passphrase %s.pass", name);
    must(f, line);
    snprintf(line, sizeof line,
             "key generate --member %s --use %s --out %s.key --passphrase-file %s.pass", member,
             use, name, name);
    must(f, line);
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.dir = "/tmp/cli-XXXXXX"};
    if (mkdtemp(f.dir) == NULL || getcwd(f.before, sizeof f.before) == NULL || chdir(f.dir) != 0)
        return -1;
    f.child = fork();
    if (f.child == 0)
        serve();
    make_key(&f, "a", "hub.445100", "official");
    make_key(&f, "b", "hub.445100", "official");
    make_key(&f, "c", "hub.445100", "official");
    make_key(&f, "m", "hub.440000", "official");
    make_key(&f, "h", "hub.445100", "signer");
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kill(f->child, SIGKILL);
    waitpid(f->child, NULL, 0);
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", f->dir, (char *)NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
    return chdir(f->before);
}

#define TWO_KEYS  " --key a.key --passphrase-file a.pass --key b.key --passphrase-file b.pass"
#define FIRST_KEY " --key a.key --passphrase-file a.pass"
#define HUB       " --control control"
#define FOR       " --for market.445100"

/* What the hub was given: both kids, in order, and signatures that verify. */
static void read_given(struct act_file *act, const char *path, uint8_t **data)
{
    static const char *const NAMES[] = {"a.key", "b.key"};
    size_t len;
    assert_int_equal(file_read(path, ACT_FRAME_MAX, 0, data, &len, NULL), OK);
    assert_int_equal(act_read(act, span_of(*data, len), path, NULL), OK);
    assert_int_equal(act->frame.count, 2);
    for (size_t i = 0; i < 2; i++) {
        struct passphrase *passphrase = NULL;
        struct keyring *ring = NULL;
        struct verifier *verifier = NULL;
        merkle_hash leaf;
        uint8_t hash[HASH_LEN];
        assert_int_equal(passphrase_read(&passphrase, i == 0 ? "a.pass" : "b.pass", NULL), OK);
        assert_int_equal(keyfile_read(&ring, NAMES[i], passphrase, NULL), OK);
        const struct key *key = keyring_find(ring, KEY_USE_OFFICIAL);
        assert_memory_equal(act->document->issuers[i].kid, key_kid(key), KID_LEN);
        hash_bytes(hash, act->frame.document);
        document_leaf(leaf, hash);
        assert_int_equal(verifier_open(&verifier, VERIFIER_NODES_MIN), OK);
        assert_int_equal(verifier_check(verifier, key_public(key), leaf, act->frame.signatures[i]),
                         OK);
        verifier_close(&verifier);
        keyring_close(&ring);
        passphrase_close(&passphrase);
    }
}

static void both_at_one_desk_give_the_hub_a_signed_act(void **state)
{
    struct fixture *f = *state;
    struct act_file act;
    uint8_t *data;
    char id[33];
    must(f, "held release 018bcf" FOR " --reason E646" TWO_KEYS HUB);
    assert_non_null(strstr(f->out, "枢纽已办理 / the hub has carried it out"));
    read_given(&act, "given.lsd", &data);
    assert_string_equal(act.document->realm, "demo");
    assert_string_equal(act.document->issuers[0].member, "hub.445100");
    assert_int_equal(act.document->issued_ms, now_ms());
    assert_true(act.document->valid_until_ms > now_ms());
    assert_int_equal(act.body.verb, lianshu_OfficialVerb_OFFICIAL_RELEASE);
    assert_string_equal(act.body.recipient, "market.445100");
    assert_string_equal(act.body.sender, "health.445100");
    assert_int_equal(act.body.reason, 646);
    hex_encode(span_of(act.body.message_id, 16), id);
    assert_string_equal(id, ID);
    act_close(&act);
    free(data);
    must(f, "parked return " OTHER FOR " --reason 712 --json" TWO_KEYS HUB);
    assert_string_equal(f->out, "{\"act\":\"done\"}\n");
    read_given(&act, "given.lsd", &data);
    assert_int_equal(act.body.verb, lianshu_OfficialVerb_OFFICIAL_RETURN);
    act_close(&act);
    free(data);
}

static void at_two_desks_the_second_sees_it_and_signs(void **state)
{
    struct fixture *f = *state;
    struct act_file act;
    uint8_t *data;
    must(f, "parked release " ID FOR " --sender health.445100 --realm demo --second b.key.pub"
            " --reason E025 --out act.lsd" FIRST_KEY); /* the hub is not asked */
    assert_non_null(strstr(f->out, "未签 / not signed"));
    refused(f, "act submit act.lsd" HUB, CLI_REFUSED, "E421");
    must(f, "act show act.lsd");
    assert_non_null(strstr(f->out, "放行 / release"));
    assert_non_null(strstr(f->out, "market.445100"));
    assert_non_null(strstr(f->out, ID));
    assert_non_null(strstr(f->out, "E025 "));
    must(f, "act sign act.lsd --key b.key --passphrase-file b.pass");
    assert_null(strstr(f->out, "未签"));
    must(f, "act show act.lsd --json");
    assert_non_null(strstr(f->out, "\"act\":\"release\""));
    assert_null(strstr(f->out, "\"signed\":false"));
    refused(f, "act sign act.lsd --key b.key --passphrase-file b.pass", CLI_REFUSED, "E026");
    must(f, "act submit act.lsd" HUB);
    read_given(&act, "given.lsd", &data);
    act_close(&act);
    free(data);
}

static void two_officials_are_two_keys_of_the_hubs_member(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *line;
        const char *label;
    } rows[] = {
        {"held release " ID FOR FIRST_KEY HUB, "E421 --key"},
        {"held release " ID FOR FIRST_KEY " --second b.key.pub" HUB, "E421 --key"},
        {"held release " ID FOR FIRST_KEY " --out x.lsd" HUB, "E421 --key"},
        {"held release " ID FOR FIRST_KEY FIRST_KEY HUB, "E421 a.key"},
        {"held release " ID FOR FIRST_KEY " --second a.key.pub --out x.lsd" HUB, "E421 a.key.pub"},
        {"held release " ID FOR FIRST_KEY " --second m.key.pub --out x.lsd" HUB, "E421 m.key.pub"},
        {"held release " ID FOR FIRST_KEY " --second h.key.pub --out x.lsd" HUB, "E408 h.key.pub"},
        {"held release " ID FOR FIRST_KEY " --key m.key --passphrase-file m.pass" HUB,
         "E421 m.key"},
        {"held release " ID FOR FIRST_KEY " --key h.key --passphrase-file h.pass" HUB,
         "E408 h.key"},
        {"held release " ID FOR FIRST_KEY " --key b.key --passphrase-file a.pass" HUB,
         "E028 b.key"},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++)
        refused(f, rows[i].line, CLI_REFUSED, rows[i].label);
    assert_int_not_equal(access("given.lsd", F_OK), 0);
    assert_int_not_equal(access("x.lsd", F_OK), 0);
    must(f, "held release " ID FOR " --second b.key.pub --out act.lsd" FIRST_KEY HUB);
    refused(f, "act sign act.lsd --key a.key --passphrase-file a.pass", CLI_REFUSED, "E421");
    refused(f, "act sign act.lsd --key c.key --passphrase-file c.pass", CLI_REFUSED, "E421");
    refused(f, "act sign act.lsd --key m.key --passphrase-file m.pass", CLI_REFUSED, "E421");
    refused(f, "act sign a.key.pub --key b.key --passphrase-file b.pass", CLI_REFUSED, "E2");
    refused(f, "held release " ID FOR " --second b.key.pub --out act.lsd" FIRST_KEY HUB,
            CLI_REFUSED, "E026");
}

static void every_wrong_argument_has_its_code_and_place(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *line;
        int code;
        const char *label;
    } rows[] = {
        {"held release " ID TWO_KEYS HUB, CLI_USAGE, "E001 lianshu held release: "},
        {"held release" FOR TWO_KEYS HUB, CLI_USAGE, "E001 lianshu held release: "},
        {"held release " ID FOR HUB, CLI_USAGE, "E001 lianshu held release: "},
        {"held release " ID " --for market" TWO_KEYS HUB, CLI_REFUSED, "E015 --for: "},
        {"held release " ID FOR " --sender x" TWO_KEYS HUB, CLI_REFUSED, "E015 --sender: "},
        {"held release 018b" FOR TWO_KEYS HUB, CLI_USAGE, "E001 MESSAGE_ID: "},
        {"held release 018BCF" FOR TWO_KEYS HUB, CLI_USAGE, "E001 MESSAGE_ID: "},
        {"held release " ID "00" FOR TWO_KEYS HUB, CLI_USAGE, "E001 MESSAGE_ID: "},
        {"held release eeeeee" FOR TWO_KEYS HUB, CLI_REFUSED, "E002 MESSAGE_ID: "},
        {"parked release 018bcf" FOR TWO_KEYS HUB, CLI_REFUSED, "E002 MESSAGE_ID: "},
        {"held release " ID FOR " --reason 64" TWO_KEYS HUB, CLI_USAGE, "E001 --reason: "},
        {"held release " ID FOR " --reason E998" TWO_KEYS HUB, CLI_USAGE, "E001 --reason: "},
        {"held release " ID FOR " --realm Demo --sender health.445100" TWO_KEYS HUB, CLI_REFUSED,
         "E313 --realm: "},
        {"held release " ID FOR " --key a.key --key b.key --passphrase-file a.pass" HUB, CLI_USAGE,
         "E001 --passphrase-file: "},
        {"held release " ID FOR " --passphrase-file b.pass" FIRST_KEY HUB, CLI_USAGE,
         "E001 --passphrase-file: "},
        {"held release " ID FOR " --second b.key.pub" TWO_KEYS HUB, CLI_USAGE, "E001 --second: "},
        {"held release " ID FOR TWO_KEYS, CLI_USAGE, "E001 --control: "},
        {"held list --for market" HUB, CLI_REFUSED, "E015 --for: "},
        {"held list --sender 1" HUB, CLI_REFUSED, "E015 --sender: "},
        {"held show 018b" HUB, CLI_USAGE, "E001 MESSAGE_ID: "},
        {"act show none.lsd", CLI_REFUSED, "E002 none.lsd"},
        {"act sign a.key.pub", CLI_USAGE, "E001 lianshu act sign: "},
        {"act release", CLI_USAGE, "E001 act: "},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++)
        refused(f, rows[i].line, rows[i].code, rows[i].label);
    assert_int_not_equal(access("given.lsd", F_OK), 0);
}

static void lists_are_tables_with_the_code_in_words(void **state)
{
    struct fixture *f = *state;
    must(f, "parked list" HUB);
    assert_non_null(strstr(f->out, "收件方 recipient"));
    assert_non_null(strstr(f->out, "表彰奖励"));
    assert_non_null(strstr(f->out, "E710 投递次数已用尽 / delivery attempts are used up"));
    assert_non_null(strstr(f->out, "2023-11-14 10:00"));
    must(f, "held list" HUB);
    assert_non_null(strstr(f->out, "E661 待两名人员处理 / held for two officials"));
    must(f, "held list --for police.445100 --json" HUB);
    assert_string_equal(f->out, "{\"held\":[],\"parked\":[]}\n");
    must(f, "held show 018bcf --json" HUB);
    assert_string_equal(f->out, "{\"asked\":\"trace\"}\n");
    refused(f, "parked show 018bcf" HUB, CLI_REFUSED, "E002 ID: "); /* two begin like this */
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(both_at_one_desk_give_the_hub_a_signed_act),
        CASE(at_two_desks_the_second_sees_it_and_signs),
        CASE(two_officials_are_two_keys_of_the_hubs_member),
        CASE(every_wrong_argument_has_its_code_and_place),
        CASE(lists_are_tables_with_the_code_in_words),
    };
    return cmocka_run_group_tests_name("cli_act", tests, NULL, NULL);
}
