/*
 * Checks the commands of two officials with real key files against a control socket in a child
 * process, which answers as a hub does and keeps the last act it was given.
 */
#include "base/file.h"
#include "base/hex.h"
#include "cli/act.h"
#include "keys/document.h"
#include "keys/keyfile.h"
#include "keys/receipt.h"
#include "paper_hub.h"
#include "store/store.h"
#include "terminal.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID    "018bcfe568000102030405060708090a"
#define OTHER "018bcfe5680001020304050607080f0f"

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

static int open_desk(void **state)
{
    if (terminal_open(state) != 0)
        return -1;
    struct terminal *t = *state;
    t->hub = paper_hub_start(answer);
    make_key(t, "a", "hub.445100", "official");
    make_key(t, "b", "hub.445100", "official");
    make_key(t, "c", "hub.445100", "official");
    make_key(t, "m", "hub.440000", "official");
    make_key(t, "h", "hub.445100", "signer");
    return 0;
}

#define DESK(fn) cmocka_unit_test_setup_teardown(fn, open_desk, terminal_close)

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
    struct terminal *t = *state;
    struct act_file act;
    uint8_t *data;
    char id[33];
    must(t, "held release 018bcf" FOR " --reason E646" TWO_KEYS HUB);
    assert_says(t, "枢纽已办理 / the hub has carried it out");
    read_given(&act, "given.lsd", &data);
    assert_string_equal(act.document->realm, "demo");
    assert_string_equal(act.document->issuers[0].member, "hub.445100");
    assert_int_equal(act.document->issued_ms, TERMINAL_NOW_MS);
    assert_true(act.document->valid_until_ms > TERMINAL_NOW_MS);
    assert_int_equal(act.body.verb, lianshu_OfficialVerb_OFFICIAL_RELEASE);
    assert_string_equal(act.body.recipient, "market.445100");
    assert_string_equal(act.body.sender, "health.445100");
    assert_int_equal(act.body.reason, 646);
    hex_encode(span_of(act.body.message_id, 16), id);
    assert_string_equal(id, ID);
    act_close(&act);
    free(data);
    must(t, "parked return " OTHER FOR " --reason 712 --json" TWO_KEYS HUB);
    assert_string_equal(t->out, "{\"act\":\"done\"}\n");
    read_given(&act, "given.lsd", &data);
    assert_int_equal(act.body.verb, lianshu_OfficialVerb_OFFICIAL_RETURN);
    act_close(&act);
    free(data);
}

static void at_two_desks_the_second_sees_it_and_signs(void **state)
{
    struct terminal *t = *state;
    struct act_file act;
    uint8_t *data;
    must(t, "parked release " ID FOR " --sender health.445100 --realm demo --second b.key.pub"
            " --reason E025 --out act.lsd" FIRST_KEY); /* the hub is not asked */
    assert_says(t, "未签 / not signed");
    refused(t, "act submit act.lsd" HUB, CLI_REFUSED, "E421", "");
    must(t, "act show act.lsd");
    assert_says(t, "放行 / release");
    assert_says(t, "market.445100");
    assert_says(t, ID);
    assert_says(t, "E025 ");
    must(t, "act sign act.lsd --key b.key --passphrase-file b.pass");
    assert_null(strstr(t->out, "未签"));
    must(t, "act show act.lsd --json");
    assert_says(t, "\"act\":\"release\"");
    assert_null(strstr(t->out, "\"signed\":false"));
    refused(t, "act sign act.lsd --key b.key --passphrase-file b.pass", CLI_REFUSED, "E026", "");
    must(t, "act submit act.lsd" HUB);
    read_given(&act, "given.lsd", &data);
    act_close(&act);
    free(data);
}

static void two_officials_are_two_keys_of_the_hubs_member(void **state)
{
    struct terminal *t = *state;
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
        refused(t, rows[i].line, CLI_REFUSED, rows[i].label, "");
    assert_false(there_is("given.lsd"));
    assert_false(there_is("x.lsd"));
    must(t, "held release " ID FOR " --second b.key.pub --out act.lsd" FIRST_KEY HUB);
    refused(t, "act sign act.lsd --key a.key --passphrase-file a.pass", CLI_REFUSED, "E421", "");
    refused(t, "act sign act.lsd --key c.key --passphrase-file c.pass", CLI_REFUSED, "E421", "");
    refused(t, "act sign act.lsd --key m.key --passphrase-file m.pass", CLI_REFUSED, "E421", "");
    refused(t, "act sign a.key.pub --key b.key --passphrase-file b.pass", CLI_REFUSED, "E2", "");
    refused(t, "held release " ID FOR " --second b.key.pub --out act.lsd" FIRST_KEY HUB,
            CLI_REFUSED, "E026", "");
}

static void every_wrong_argument_has_its_code_and_place(void **state)
{
    struct terminal *t = *state;
    static const struct {
        const char *line;
        int code;
        const char *label;
    } rows[] = {
        {"held release " ID TWO_KEYS HUB, CLI_USAGE, "E001 lianshu held release: "},
        {"held release" FOR TWO_KEYS HUB, CLI_USAGE, "E001 lianshu held release: "},
        {"held release " ID FOR HUB, CLI_USAGE, "E001 lianshu held release: "},
        {"held release " ID " --for market" TWO_KEYS HUB, CLI_USAGE, "E001 --for: "},
        {"held release " ID FOR " --sender x" TWO_KEYS HUB, CLI_USAGE, "E001 --sender: "},
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
        {"held list --for market" HUB, CLI_USAGE, "E001 --for: "},
        {"held list --sender 1" HUB, CLI_USAGE, "E001 --sender: "},
        {"held show 018b" HUB, CLI_USAGE, "E001 MESSAGE_ID: "},
        {"act show none.lsd", CLI_REFUSED, "E002 none.lsd"},
        {"act sign a.key.pub", CLI_USAGE, "E001 lianshu act sign: "},
        {"act release", CLI_USAGE, "E001 act: "},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++)
        refused(t, rows[i].line, rows[i].code, rows[i].label, "");
    assert_false(there_is("given.lsd"));
}

#define UNMASK    "reporter unmask " ID " --asker police.445100 --realm demo --out unmask.lsd"
#define OF_MARKET " --key x.key --passphrase-file x.pass --key y.key --passphrase-file y.pass"

static void
that_a_reporter_may_be_named_is_said_by_two_officials_of_the_unit_that_knows(void **state)
{
    static const struct {
        const char *line;
        int code;
        const char *label;
    } rows[] = {
        {UNMASK " --key x.key --passphrase-file x.pass", CLI_REFUSED, "E421 --key"},
        {UNMASK " --key x.key --passphrase-file x.pass --key x.key --passphrase-file x.pass",
         CLI_REFUSED, "E421 x.key"},
        {UNMASK " --key x.key --passphrase-file x.pass" FIRST_KEY, CLI_REFUSED, "E421 a.key"},
        {"reporter unmask " ID " --asker market.445100 --realm demo --out unmask.lsd" OF_MARKET,
         CLI_REFUSED, "E654 --asker"},
        {"reporter unmask 018bcf --asker police.445100 --realm demo --out unmask.lsd" OF_MARKET,
         CLI_USAGE, "E001 MESSAGE_ID"},
        {"reporter unmask " ID " --realm demo --out unmask.lsd" OF_MARKET, CLI_USAGE,
         "E001 lianshu reporter unmask"},
        {"reporter unmask " ID " --asker police.445100 --realm demo" OF_MARKET, CLI_USAGE,
         "E001 lianshu reporter unmask"},
    };
    struct terminal *t = *state;
    make_key(t, "x", "market.445100", "official");
    make_key(t, "y", "market.445100", "official");
    for (size_t i = 0; i < T_COUNT(rows); i++)
        refused(t, rows[i].line, rows[i].code, rows[i].label, "");
    assert_false(there_is("unmask.lsd"));
    must(t, UNMASK OF_MARKET); /* the hub is not asked: it gets the act with the answer */
    assert_says(t, "告知举报人身份 / the asker may learn who reported");
    assert_says(t, "recipient: market.445100");
    assert_says(t, "sender: police.445100");
    must(t, "act show unmask.lsd --json");
    assert_says(t, "\"act\":\"unmask\"");
    assert_json(t);
}

enum { COPY = 300 /* entries */ };

/* A hub's database at rest, and what its signer had signed last. */
static void make_copy(const char *origin)
{
    const struct store_options options = {.path = "copy/hub.db"};
    struct store *store = NULL;
    struct passphrase *passphrase = NULL;
    struct keyring *ring = NULL;
    struct checkpoint head = {.size = COPY + 9};
    uint8_t bytes[NOTE_SIGNED_MAX];
    struct writer note = writer_of(bytes, sizeof bytes);
    uint64_t index;
    snprintf(head.origin, sizeof head.origin, "%s", origin);
    assert_int_equal(passphrase_read(&passphrase, "h.pass", NULL), OK);
    assert_int_equal(keyfile_read(&ring, "h.key", passphrase, NULL), OK);
    assert_int_equal(note_sign(&head, keyring_find(ring, KEY_USE_LOG), &note), OK);
    assert_int_equal(file_write("head", writer_span(&note), 0644, 0, NULL), OK);
    keyring_close(&ring);
    passphrase_close(&passphrase);
    if (mkdir("copy", 0700) != 0)
        return;
    assert_int_equal(store_open(&store, &options, NULL), OK);
    assert_int_equal(store_begin(store, 1), OK);
    for (int i = 0; i < COPY; i++)
        assert_int_equal(
            log_append(store->log, LOG_ADMIN, 1, span_str("leaf"), span_of(NULL, 0), &index), OK);
    assert_int_equal(store_commit(store), OK);
    store_close(&store);
}

#define RESTORED "restore draft --backup copy --head head --out restored.lsd"

static void that_a_hub_was_restored_is_stated_by_two_of_its_officials_or_not_at_all(void **state)
{
    static const struct {
        const char *line;
        int code;
        const char *label;
    } rows[] = {
        {RESTORED FIRST_KEY, CLI_REFUSED, "E421 --key"},
        {RESTORED FIRST_KEY FIRST_KEY, CLI_REFUSED, "E421 a.key"},
        {RESTORED FIRST_KEY " --key m.key --passphrase-file m.pass", CLI_REFUSED, "E421 m.key"},
        {RESTORED FIRST_KEY " --key h.key --passphrase-file h.pass", CLI_REFUSED, "E408 h.key"},
        {RESTORED " --key x.key --passphrase-file x.pass --key y.key --passphrase-file y.pass",
         CLI_REFUSED, "E509 --key"},
        {RESTORED TWO_KEYS " --second c.key.pub", CLI_USAGE, "E001 --second"},
        {RESTORED TWO_KEYS " 018bcf", CLI_USAGE, "E001 lianshu restore draft"},
        {"restore draft --backup nowhere --head head --out x.lsd" TWO_KEYS, CLI_REFUSED, "E002"},
        {"restore draft --backup copy --head nowhere --out x.lsd" TWO_KEYS, CLI_REFUSED, "E002"},
        {"restore draft --backup copy --head a.key.pub --out x.lsd" TWO_KEYS, CLI_REFUSED,
         "E807 a.key.pub"},
        {"restore draft --backup copy --head other --out x.lsd" TWO_KEYS, CLI_REFUSED,
         "E807 other"}, /* the head of another hub's log */
        {"restore draft --backup empty --head head --out x.lsd" TWO_KEYS, CLI_REFUSED, "E0"},
        {"restore draft --backup copy --head head" TWO_KEYS, CLI_USAGE,
         "E001 lianshu restore draft"},
    };
    struct terminal *t = *state;
    make_key(t, "x", "market.445100", "official");
    make_key(t, "y", "market.445100", "official");
    make_copy("hub.440000.demo/audit/1");
    assert_int_equal(file_rename("head", "other", NULL), OK);
    make_copy("hub.445100.demo/audit/1");
    assert_int_equal(file_write("empty", span_str("no database"), 0600, 0, NULL), OK);
    for (size_t i = 0; i < T_COUNT(rows); i++)
        refused(t, rows[i].line, rows[i].code, rows[i].label, "");
    assert_false(there_is("restored.lsd"));
    assert_false(there_is("x.lsd"));
    must(t, RESTORED TWO_KEYS); /* the hub is not asked: it may not run yet */
    assert_says(t, "枢纽已由备份恢复 / the hub was restored from a copy");
    assert_says(t, "300");
    assert_says(t, "须由 / needs: 安全员一名");
    must(t, "act show restored.lsd --json");
    assert_json(t);
    assert_says(t, "\"act\":\"restored\"");
    assert_says(t, "\"log_number\":2,\"log_size\":300,\"log_root\":");
    assert_says(t, "\"signed_size\":309");
    assert_true(there_is("restored.lsd.frontier"));
    assert_null(strstr(t->out, "\"signed\":false"));
    refused(t, RESTORED TWO_KEYS, CLI_REFUSED, "E026 restored.lsd", "");
}

static void lists_are_tables_with_the_code_in_words(void **state)
{
    struct terminal *t = *state;
    must(t, "parked list" HUB);
    assert_says(t, "收件方 recipient");
    assert_says(t, "表彰奖励");
    assert_says(t, "E710 投递次数已用尽 / delivery attempts are used up");
    assert_says(t, "2023-11-14 10:00");
    must(t, "held list" HUB);
    assert_says(t, "E661 待两名人员处理 / held for two officials");
    must(t, "held list --for police.445100 --json" HUB);
    assert_string_equal(t->out, "{\"held\":[],\"parked\":[]}\n");
    must(t, "held show 018bcf --json" HUB);
    assert_string_equal(t->out, "{\"asked\":\"trace\"}\n");
    refused(t, "parked show 018bcf" HUB, CLI_REFUSED, "E002 ID: ", ""); /* two begin like this */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(both_at_one_desk_give_the_hub_a_signed_act),
        DESK(at_two_desks_the_second_sees_it_and_signs),
        DESK(two_officials_are_two_keys_of_the_hubs_member),
        DESK(every_wrong_argument_has_its_code_and_place),
        DESK(that_a_hub_was_restored_is_stated_by_two_of_its_officials_or_not_at_all),
        DESK(that_a_reporter_may_be_named_is_said_by_two_officials_of_the_unit_that_knows),
        DESK(lists_are_tables_with_the_code_in_words),
    };
    return cmocka_run_group_tests_name("cli_act", tests, NULL, NULL);
}
