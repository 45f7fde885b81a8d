/*
 * Checks `lianshu release sign, log, install` as typed: a list goes from sha256sum to an
 * installation, told in Chinese and English or as JSON, and what is wrong is refused with a code.
 * The hub is a child with a log on paper. U-04
 */
#include "base/file.h"
#include "base/hex.h"
#include "json.h"
#include "keys/keyfile.h"
#include "paper_hub.h"
#include "paper_release.h"
#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRUST   " --anchor anchor.yaml --registry registry.lsg --hub " REALM_HUB
#define INSTALL "release install from --into into" TRUST
#define LOG     "release log from/release.txt --control control"

static struct realm *realm;
static struct key *witness;

/* The hub's registry, with one witness, and officials' key files. */
static int open_desk(void **state)
{
    if (terminal_open(state) != 0)
        return -1;
    struct terminal *t = *state;
    t->now_ms = REALM_NOW_MS;
    realm = realm_open(11);
    assert_int_equal(key_make(&witness, KEY_USE_WITNESS, 0, &realm->entropy), OK);
    assert_int_equal(
        file_write("registry.lsg", span_of(realm->file, realm->file_len), 0644, 0, NULL), OK);
    assert_int_equal(anchor_write(&realm->anchor, "anchor.yaml", false, NULL), OK);
    assert_int_equal(mkdir("from", 0755), 0);
    assert_int_equal(mkdir("from/bin", 0755), 0);
    assert_int_equal(mkdir("into", 0755), 0);
    return 0;
}

static int close_desk(void **state)
{
    key_close(&witness);
    realm_close(&realm);
    return terminal_close(state);
}

#define DESK(fn) cmocka_unit_test_setup_teardown(fn, open_desk, close_desk)

/* from/ with one program, and its list with so many signatures. */
static void make_release(unsigned version, const char *program, size_t officials)
{
    uint8_t hash[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    char text[256];
    uint8_t room[2][RELEASE_MAX];
    struct writer w = writer_of(room[0], sizeof room[0]);
    hash_bytes(hash, span_str(program));
    hex_encode(span_of(hash, sizeof hash), hex);
    snprintf(text, sizeof text, "version %u\n%s  bin/lianshu-hub\n", version, hex);
    write_span(&w, span_str(text));
    for (size_t i = 0; i < officials; i++) {
        struct writer next = writer_of(room[(i + 1) % 2], sizeof room[0]);
        assert_int_equal(release_sign(writer_span(&w), REALM_NAME, realm_official(realm, i), &next),
                         OK);
        w = next;
    }
    write_text("from/bin/lianshu-hub", program);
    assert_int_equal(file_write("from/release.txt", writer_span(&w), 0644, 0, NULL), OK);
}

/* The log that has the list, with or without the witness. */
static void make_log(struct paper_log *log, bool cosigned)
{
    char *list = read_text("from/release.txt");
    const struct paper_way way = {.witness = {cosigned ? witness : NULL, NULL}};
    paper_log(log, realm, span_str(list), &way);
    free(list);
}

/* ---- the hub ---- */

/* Its answers, as files of the working directory; it keeps the request. control_fn */
static enum err answer(void *ctx, enum control_verb verb, struct span request, struct writer *out,
                       struct fault *fault)
{
    const char *name = verb == CONTROL_RELEASE ? "a.release"
                       : memmem(request.data, request.len, "checkpoint", 10) != NULL
                           ? "a.checkpoint"
                           : "a.leaves";
    uint8_t *text = NULL;
    size_t len = 0;
    (void)ctx;
    if (verb == CONTROL_RELEASE && file_write("asked", request, 0644, 0, fault) != OK)
        return ERR_INTERNAL;
    const enum err err = file_read(name, CONTROL_ANSWER_MAX - 1, 0, &text, &len, fault);
    if (err == OK)
        write_span(out, span_of(text, len));
    free(text);
    return err == OK ? OK : ERR_TWO_OFFICIALS;
}

static void put_json(const char *name, struct json *j)
{
    char *text = NULL;
    size_t len;
    assert_int_equal(json_print(j, false, &text, &len), OK);
    assert_int_equal(text[len - 1], '\n');
    text[len - 1] = '\0';
    write_text(name, text);
    free(text);
    json_close(&j);
}

static struct json *head_json(const struct paper_log *log, uint64_t size)
{
    char note[NOTE_LEN_MAX + 1];
    struct json *j = json_map();
    snprintf(note, sizeof note, "%.*s", (int)log->note_len, (const char *)log->note);
    json_put_uint(j, "size", size);
    json_put_text(j, "checkpoint", note);
    return j;
}

/* A hub with this log; cosigned: what it holds as such, NULL: nothing. */
static void open_hub(struct terminal *t, const struct paper_log *log, unsigned needed,
                     const struct paper_log *cosigned)
{
    struct json *entered = json_map();
    struct json *head = head_json(log, PAPER_LOG_SIZE);
    struct json *leaves = json_map();
    struct json *list = json_list();
    struct json *row = json_map();
    json_put_uint(entered, "index", PAPER_LOG_INDEX);
    json_put_flag(entered, "repeated", false);
    put_json("a.release", entered);
    json_put_uint(head, "needed", needed);
    if (cosigned != NULL)
        json_put(head, "cosigned", head_json(cosigned, PAPER_LOG_SIZE));
    put_json("a.checkpoint", head);
    json_put_hex(row, "leaf", span_of(log->leaf, log->leaf_len));
    json_put_hex(row, "path", span_of(log->path, (size_t)log->path_len * HASH_LEN));
    json_add(list, row);
    json_put(leaves, "leaves", list);
    put_json("a.leaves", leaves);
    if (t->hub == 0)
        t->hub = paper_hub_start(answer);
}

/* ---- all the way ---- */

static void a_list_is_entered_proven_and_installed(void **state)
{
    struct terminal *t = *state;
    struct paper_log log;
    make_release(1, "one", 2);
    make_log(&log, false);
    open_hub(t, &log, 0, NULL);
    must(t, LOG);
    assert_labels(t);
    assert_says(t, "release.txt.tlog-proof");
    assert_true(there_is("from/release.txt.tlog-proof"));
    char *asked = read_text("asked");
    assert_non_null(strstr(asked, "\"signatures\":[\""));
    free(asked);
    must(t, INSTALL);
    assert_labels(t);
    assert_says(t, "version: 1");
    assert_says(t, REALM_HUB "." REALM_NAME "/audit/1");
    char *program = read_text("into/current/bin/lianshu-hub");
    assert_string_equal(program, "one");
    free(program);
    must(t, INSTALL); /* again: it says so */
    assert_says(t, "repeated: 是");
}

static void with_json_each_is_one_object(void **state)
{
    struct terminal *t = *state;
    struct paper_log log;
    make_release(2, "two", 2);
    make_log(&log, true);
    open_hub(t, &log, 1, &log);
    must(t, LOG " --out p --json");
    assert_json(t);
    assert_says(t, "\"cosigned\":true");
    assert_false(there_is("from/release.txt.tlog-proof"));
    assert_int_equal(rename("p", "from/release.txt.tlog-proof"), 0);
    must(t, INSTALL " --json");
    assert_json(t);
    assert_says(t, "\"version\":2");
    assert_says(t, "\"repeated\":false");
    assert_says(t, "\"index\":3");
    assert_int_equal(run(t, INSTALL " --needed 1 --json"),
                     CLI_REFUSED); /* unknown to the registry */
    assert_says(t, "\"code\":\"E812\"");
    /* whom to believe may stand in a file */
    char policy[512];
    char name[WITNESS_NAME_MAX + 1];
    char hex[2 * KEY_PUBLIC_LEN + 1];
    paper_witness(name, 0);
    hex_encode(span_of(key_public(witness), KEY_PUBLIC_LEN), hex);
    snprintf(policy, sizeof policy,
             "needed: 1\nwithin_s: 60\nwitnesses:\n  - {name: %s, key: \"%s\"}\n", name, hex);
    write_text("witnesses.yaml", policy);
    must(t, INSTALL " --policy witnesses.yaml --json");
    assert_says(t, "\"cosigners\":1");
    refused(t, INSTALL " --policy witnesses.yaml --needed 2", CLI_REFUSED, "E812", "1 of 2");
}

/* ---- refused ---- */

static void what_the_log_does_not_show_is_refused_with_its_code(void **state)
{
    struct terminal *t = *state;
    struct paper_log log;
    make_release(1, "one", 2);
    refused(t, INSTALL, CLI_REFUSED, "E443", "release.txt.tlog-proof");
    make_log(&log, false);
    paper_proof(&log, "from/release.txt.tlog-proof");
    refused(t, INSTALL " --needed 1", CLI_REFUSED, "E812", "0 of 1");
    make_release(2, "two", 2);
    refused(t, INSTALL, CLI_REFUSED, "E443", "entry of the log of " REALM_HUB);
    write_text("from/release.txt.tlog-proof", "c2sp.org/tlog-proof@v1\n");
    refused(t, INSTALL, CLI_REFUSED, "E808", "release.txt.tlog-proof");
    make_release(2, "two", 1);
    refused(t, INSTALL, CLI_REFUSED, "E421", "release.txt");
    assert_false(there_is("into/current"));
}

static void a_proof_that_the_hub_gets_wrong_is_not_written(void **state)
{
    struct terminal *t = *state;
    struct paper_log log, cosigned;
    make_release(1, "one", 2);
    make_log(&log, false);
    cosigned = log;
    open_hub(t, &log, 1, NULL);
    refused(t, LOG " --wait 0", CLI_REFUSED, "E812", "entry 3");
    assert_false(there_is("from/release.txt.tlog-proof"));
    log.path[0][3] ^= 1;
    open_hub(t, &log, 0, NULL);
    refused(t, LOG, CLI_REFUSED, "E808", "proof");
    log.path[0][3] ^= 1;
    cosigned.note[log.note_len / 3] ^= 1; /* of its root */
    open_hub(t, &log, 1, &cosigned);
    assert_int_equal(run(t, LOG), CLI_REFUSED);
    write_text("a.leaves", "{\"leaves\":[]}");
    refused(t, LOG " --wait 0", CLI_REFUSED, "E008", "proof");
    assert_int_equal(unlink("a.release"), 0);
    refused(t, LOG, CLI_REFUSED, "E421", "");
    write_text("a.release", "{\"done\":1}");
    refused(t, LOG, CLI_REFUSED, "E008", "answer");
    assert_false(there_is("from/release.txt.tlog-proof"));
}

static void wrong_arguments_are_usage_and_change_nothing(void **state)
{
    static const struct {
        const char *line;
        int code;
        const char *label;
        const char *says;
    } rows[] = {
        {"release install from --into into --anchor anchor.yaml --registry registry.lsg", CLI_USAGE,
         "E001", "--hub"},
        {"release install --into into" TRUST, CLI_USAGE, "E001", "DIR"},
        {"release install from" TRUST, CLI_USAGE, "E001", "--into"},
        {INSTALL " --needed x", CLI_USAGE, "E001", "--needed"},
        {INSTALL " --needed 8", CLI_USAGE, "E001", "--needed"},
        {INSTALL " --policy none.yaml", CLI_REFUSED, "E002 none.yaml", ""},
        {"release install none --into into" TRUST, CLI_REFUSED, "E002 none/release.txt", ""},
        {"release install from --into into --anchor anchor.yaml --registry registry.lsg --hub Hub",
         CLI_USAGE, "E001", "--hub"},
        {"release log from/release.txt --control control --wait soon", CLI_USAGE, "E001", "--wait"},
        {"release log --control control", CLI_USAGE, "E001", "LIST"},
        {"release log none --control control", CLI_REFUSED, "E002 none", ""},
        {"release log anchor.yaml --control control", CLI_REFUSED, "E", "sha256sum"},
        {"release sign from/release.txt --realm UP --key k --passphrase-file p", CLI_USAGE, "E001",
         "--realm"},
        {"release sign from/release.txt --realm test --key none.key --passphrase-file none.pass",
         CLI_REFUSED, "E002", "none.pass"},
        {"release sing from/release.txt", CLI_USAGE, "E001", ""},
    };
    struct terminal *t = *state;
    struct paper_log log;
    make_release(1, "one", 2);
    make_log(&log, false);
    open_hub(t, &log, 0, NULL);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        refused(t, rows[i].line, rows[i].code, rows[i].label, rows[i].says);
    }
    assert_false(there_is("into/current"));
    assert_false(there_is("from/release.txt.tlog-proof"));
}

/* ---- signed ---- */

static void an_official_signs_a_list_once(void **state)
{
    struct terminal *t = *state;
    make_key(t, "a", REALM_HUB, "official");
    make_key(t, "h", REALM_HUB, "signer");
    make_release(1, "one", 0);
    must(t, "release sign from/release.txt --realm " REALM_NAME
            " --key a.key --passphrase-file a.pass");
    assert_says(t, "已签署 / signed: from/release.txt");
    char *list = read_text("from/release.txt");
    assert_non_null(strstr(list, "\nsign "));
    free(list);
    refused(t,
            "release sign from/release.txt --realm " REALM_NAME
            " --key a.key --passphrase-file a.pass",
            CLI_REFUSED, "E", "from/release.txt");
    refused(t,
            "release sign from/release.txt --realm " REALM_NAME
            " --key h.key --passphrase-file h.pass",
            CLI_REFUSED, "E408", "h.key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(a_list_is_entered_proven_and_installed),
        DESK(with_json_each_is_one_object),
        DESK(what_the_log_does_not_show_is_refused_with_its_code),
        DESK(a_proof_that_the_hub_gets_wrong_is_not_written),
        DESK(wrong_arguments_are_usage_and_change_nothing),
        DESK(an_official_signs_a_list_once),
    };
    return cmocka_run_group_tests_name("cli_release", tests, NULL, NULL);
}
