/* Checks the promises in cli/office.h: what is cosigned is on disk first, one process a folder. */
#include "cli/office.h"
#include "realm.h"
#include "terminal.h"

#include "base/file.h"
#include "keys/amend.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OFFICE REALM_MARKET /* any member may be a witness */

struct stage {
    struct realm *realm;
    struct key *witness;
    struct office_config config;
};

static struct stage s;

static void write_keys(void)
{
    struct keyring *ring = NULL;
    struct passphrase *passphrase = NULL;
    struct key *copy = NULL;
    const struct key *transport = realm_key(s.realm, OFFICE, KEY_USE_TRANSPORT);
    assert_int_equal(keyring_open(&ring, OFFICE, ""), OK);
    assert_int_equal(key_import(&copy, KEY_USE_WITNESS, 0, key_secret(s.witness)), OK);
    assert_int_equal(keyring_add(ring, &copy), OK);
    assert_int_equal(key_import(&copy, KEY_USE_TRANSPORT, 0, key_secret(transport)), OK);
    assert_int_equal(keyring_add(ring, &copy), OK);
    assert_int_equal(passphrase_of(&passphrase, span_str("of a test only")), OK);
    assert_int_equal(keyfile_write(ring, "w.key", false, passphrase,
                                   (struct keyfile_cost){1, KEYFILE_MEMORY_MIN}, &s.realm->entropy,
                                   NULL),
                     OK);
    assert_int_equal(file_write("w.pass", span_str("of a test only\n"), 0600, 0, NULL), OK);
    passphrase_close(&passphrase);
    keyring_close(&ring);
}

static int open_stage(void **state)
{
    struct fault fault = {0};
    if (terminal_open(state) != 0)
        return -1;
    s = (struct stage){.realm = realm_open(6)};
    assert_int_equal(key_make(&s.witness, KEY_USE_WITNESS, 0, &s.realm->entropy), OK);
    write_keys();
    assert_int_equal(
        file_write("registry.lsg", span_of(s.realm->file, s.realm->file_len), 0644, 0, NULL), OK);
    assert_int_equal(anchor_write(&s.realm->anchor, "anchor.yaml", false, NULL), OK);
    write_text("witness.yaml", "realm: test\nmember: " OFFICE "\nkey_file: w.key\n"
                               "passphrase_file: w.pass\nanchor: anchor.yaml\n"
                               "registry: registry.lsg\nstate_dir: state\nhubs:\n"
                               "  - {hub: " REALM_HUB ", address: \"tcp://127.0.0.1:1\"}\n");
    assert_int_equal(office_config_read(&s.config, "witness.yaml", &fault), OK);
    return 0;
}

static int close_stage(void **state)
{
    key_close(&s.witness);
    realm_close(&s.realm);
    return terminal_close(state);
}

/* The tree of size leaves that are all `fill`. */
static void make_ask(lianshu_WitnessAsk *ask, uint64_t size, uint8_t fill, unsigned number)
{
    merkle_hash leaves[8];
    struct checkpoint c = {.size = size};
    struct writer w = writer_of(ask->checkpoint.bytes, sizeof ask->checkpoint.bytes);
    memset(leaves, fill, sizeof leaves);
    merkle_root(c.root, (const merkle_hash *)leaves, (size_t)size);
    assert_int_equal(note_origin(c.origin, REALM_HUB, REALM_NAME, number), OK);
    assert_int_equal(note_sign(&c, realm_key(s.realm, REALM_HUB, KEY_USE_LOG), &w), OK);
    ask->checkpoint.size = (pb_size_t)w.len;
}

/* 4 leaves after 0, 8 after 4: the proof is one hash. */
static uint32_t asked(struct office *o, uint64_t old, uint64_t size, uint8_t fill, unsigned number)
{
    lianshu_WitnessAsk ask = {.old_size = old};
    lianshu_WitnessAnswer answer;
    struct fault fault = {0};
    make_ask(&ask, size, fill, number);
    if (old == 4 && size == 8) {
        merkle_hash half[4];
        memset(half, fill, sizeof half);
        ask.proof.size = HASH_LEN;
        merkle_root(ask.proof.bytes, (const merkle_hash *)half, 4);
    }
    assert_int_equal(office_take(o, REALM_HUB, &ask, REALM_NOW_MS, &answer, &fault), OK);
    assert_int_equal(answer.code == 0, answer.cosignature.size > 0);
    return answer.code;
}

static struct office *opened(void)
{
    struct office *o = NULL;
    struct fault fault = {0};
    enum err err = office_open(&o, &s.config, &fault);
    if (err != OK)
        fail_msg("%s %s", fault.where, fault.detail);
    return o;
}

static uint64_t held(struct office *o)
{
    struct witness_head head;
    assert_int_equal(office_held(o, REALM_HUB, &head, NULL), OK);
    return head.checkpoint.size;
}

static void a_folder_is_made_once_and_never_silently(void **state)
{
    struct office *o = NULL;
    struct fault fault = {0};
    (void)state;
    assert_int_equal(office_open(&o, &s.config, &fault), ERR_NOT_FOUND);
    assert_null(o);
    assert_int_equal(office_init(&s.config, &fault), OK);
    assert_int_equal(office_init(&s.config, &fault), ERR_EXISTS);
    snprintf(s.config.realm, sizeof s.config.realm, "other");
    assert_int_equal(office_open(&o, &s.config, &fault), ERR_CONFIG);
}

static void one_process_at_a_time(void **state)
{
    struct office *second = NULL;
    struct fault fault = {0};
    (void)state;
    assert_int_equal(office_init(&s.config, &fault), OK);
    struct office *o = opened();
    assert_int_equal(office_open(&second, &s.config, &fault), ERR_BUSY_ELSEWHERE);
    office_close(&o);
    o = opened();
    office_close(&o);
}

static void what_was_cosigned_is_known_after_a_kill(void **state)
{
    struct fault fault = {0};
    (void)state;
    assert_int_equal(office_init(&s.config, &fault), OK);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* it dies the moment that it has its answer, and closes nothing */
        struct office *mine = NULL;
        lianshu_WitnessAsk ask = {.old_size = 0};
        lianshu_WitnessAnswer answer;
        make_ask(&ask, 4, 1, 1);
        const bool done = office_open(&mine, &s.config, &fault) == OK &&
                          office_take(mine, REALM_HUB, &ask, REALM_NOW_MS, &answer, &fault) == OK &&
                          answer.code == 0;
        _exit(done ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct office *o = opened();
    assert_int_equal(held(o), 4);
    assert_int_equal(asked(o, 0, 4, 2, 1), ERR_LOG_FORK);
    assert_int_equal(asked(o, 4, 8, 1, 1), OK);
    assert_int_equal(held(o), 8);
    office_close(&o);
}

/* The disk refuses: nothing is cosigned. */
static void a_head_that_cannot_be_kept_is_not_cosigned(void **state)
{
    struct fault fault = {0};
    lianshu_WitnessAsk ask = {.old_size = 0};
    lianshu_WitnessAnswer answer = {0};
    (void)state;
    assert_int_equal(office_init(&s.config, &fault), OK);
    struct office *o = opened();
    assert_int_equal(asked(o, 0, 4, 1, 1), OK);
    assert_int_equal(rename("state", "away"), 0);
    make_ask(&ask, 8, 1, 2);
    assert_int_not_equal(office_take(o, REALM_HUB, &ask, REALM_NOW_MS, &answer, &fault), OK);
    assert_int_equal(answer.cosignature.size, 0);
    assert_int_equal(rename("away", "state"), 0);
    assert_int_equal(held(o), 4);
    office_close(&o);
}

/* What a crash leaves beside the file is not the file. */
static void a_torn_head_is_an_alarm_and_not_an_empty_one(void **state)
{
    struct fault fault = {0};
    lianshu_WitnessAsk ask = {.old_size = 0};
    lianshu_WitnessAnswer answer = {0};
    (void)state;
    assert_int_equal(office_init(&s.config, &fault), OK);
    struct office *o = opened();
    assert_int_equal(asked(o, 0, 4, 1, 1), OK);
    assert_int_equal(truncate("state/" REALM_HUB "-1.note", 30), 0);
    make_ask(&ask, 4, 1, 1);
    assert_int_not_equal(office_take(o, REALM_HUB, &ask, REALM_NOW_MS, &answer, &fault), OK);
    assert_int_equal(answer.cosignature.size, 0);
    office_close(&o);
}

/* L-04 */
static void a_fork_is_kept_once_with_both_notes(void **state)
{
    struct fault fault = {0};
    struct stat st;
    (void)state;
    assert_int_equal(office_init(&s.config, &fault), OK);
    struct office *o = opened();
    assert_int_equal(asked(o, 0, 4, 1, 1), OK);
    assert_int_equal(asked(o, 4, 4, 2, 1), ERR_LOG_FORK);
    char *first = read_text("state/" REALM_HUB "-1.E803");
    assert_int_equal(asked(o, 4, 4, 3, 1), ERR_LOG_FORK);
    char *second = read_text("state/" REALM_HUB "-1.E803");
    assert_string_equal(first, second);
    assert_non_null(strstr(strstr(first, "audit/1\n4\n") + 1, "audit/1\n4\n"));
    assert_int_equal(asked(o, 4, 8, 2, 1), ERR_CONSISTENCY);
    assert_int_equal(stat("state/" REALM_HUB "-1.E806", &st), 0);
    assert_int_equal(held(o), 4);
    free(first);
    free(second);
    office_close(&o);
}

static void an_older_log_is_over_when_a_newer_one_was_cosigned(void **state)
{
    struct fault fault = {0};
    (void)state;
    assert_int_equal(office_init(&s.config, &fault), OK);
    struct office *o = opened();
    assert_int_equal(asked(o, 0, 4, 1, 1), OK);
    assert_int_equal(asked(o, 0, 4, 2, 2), OK); /* restored: log 2 begins */
    assert_int_equal(asked(o, 4, 8, 1, 1), ERR_LOG_ROLLBACK);
    assert_int_equal(asked(o, 4, 8, 2, 2), OK);
    office_close(&o);
}

static void a_hub_that_is_not_named_gets_nothing(void **state)
{
    struct fault fault = {0};
    lianshu_WitnessAsk ask = {.old_size = 0};
    lianshu_WitnessAnswer answer = {0};
    (void)state;
    assert_int_equal(office_init(&s.config, &fault), OK);
    struct office *o = opened();
    make_ask(&ask, 4, 1, 1);
    assert_int_equal(office_take(o, "hub.440000", &ask, REALM_NOW_MS, &answer, &fault), OK);
    assert_int_equal(answer.code, ERR_CHECKPOINT);
    assert_int_equal(answer.cosignature.size, 0);
    office_close(&o);
}

static void a_configuration_names_its_fault_and_line(void **state)
{
    static const char *const bad[] = {
        "realm: test\n",
        "realm: test\nmember: nobody\nkey_file: a\npassphrase_file: a\nanchor: a\nregistry: a\n"
        "state_dir: a\nhubs:\n  - {hub: hub.445100, address: x}\n",
        "realm: test\nmember: " OFFICE "\nkey_file: a\npassphrase_file: a\nanchor: a\nregistry: a\n"
        "state_dir: a\nhubs: []\n",
        "realm: test\nmember: " OFFICE "\nkey_file: a\npassphrase_file: a\nanchor: a\nregistry: a\n"
        "state_dir: a\nhubs:\n  - {hub: " OFFICE ", address: x}\n",
        "realm: test\nmore: 1\n",
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(bad); i++) {
        struct fault fault = {0};
        write_text("bad.yaml", bad[i]);
        assert_int_not_equal(office_config_read(&s.config, "bad.yaml", &fault), OK);
        assert_int_not_equal(fault.line, 0);
    }
}

#define STAGE(fn) cmocka_unit_test_setup_teardown(fn, open_stage, close_stage)

/* The registrar's officials revoke the hub's log key. */
static struct span revocation(uint64_t number, enum key_use use, uint8_t out[static 2048])
{
    const struct key *official = s.realm->registrar;
    lianshu_Revocation body = {.number = number,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED};
    snprintf(body.member, sizeof body.member, "%s", REALM_HUB);
    memcpy(body.kid, key_kid(realm_key(s.realm, REALM_HUB, use)), KID_LEN);
    const struct office_paper paper = {.realm = REALM_NAME,
                                       .type = lianshu_DocumentType_TYPE_KEY_REVOCATION,
                                       .desc = &lianshu_Revocation_msg,
                                       .body = &body,
                                       .now_ms = REALM_NOW_MS,
                                       .entropy = &s.realm->entropy};
    const struct office_signers by = {
        .member = "registrar.445100", .keys = &official, .key_count = 1};
    struct writer w = writer_of(out, 2048);
    assert_int_equal(office_document(&paper, &by, &w), OK);
    return writer_span(&w);
}

static void told(struct office *o, struct span lsd1)
{
    static lianshu_Amendments body;
    struct fault fault = {0};
    body = (lianshu_Amendments){.documents_count = 1};
    body.documents[0].size = (pb_size_t)lsd1.len;
    memcpy(body.documents[0].bytes, lsd1.data, lsd1.len);
    assert_int_equal(office_amend(o, &body, REALM_NOW_MS, &fault), OK);
}

static void a_log_key_that_is_revoked_is_cosigned_no_more_also_after_a_restart(void **state)
{
    uint8_t bytes[2048];
    (void)state;
    assert_int_equal(office_init(&s.config, NULL), OK);
    struct office *o = opened();
    assert_int_equal(asked(o, 0, 4, 1, 1), OK);
    const struct span lsd1 = revocation(1, KEY_USE_LOG, bytes);
    bytes[lsd1.len - 1] ^= 1;
    told(o, lsd1); /* nobody signed it like this */
    assert_int_equal(asked(o, 4, 4, 1, 1), OK);
    bytes[lsd1.len - 1] ^= 1;
    told(o, lsd1);
    assert_int_equal(asked(o, 4, 8, 1, 1), ERR_CHECKPOINT);
    told(o, lsd1); /* again: no harm */
    office_refresh(o);
    assert_int_equal(asked(o, 4, 8, 1, 1), ERR_CHECKPOINT);
    office_close(&o);
    o = opened();
    assert_int_equal(asked(o, 4, 8, 1, 1), ERR_CHECKPOINT);
    assert_int_equal(held(o), 4);
    /* a later registry that does not have it does not undo it */
    const struct registry_make make = realm_make(s.realm, 2);
    realm_write(&make, s.realm->records, REALM_MEMBERS, "registry.lsg");
    office_refresh(o);
    assert_int_equal(registry_version(office_registry(o)), 2);
    assert_int_equal(asked(o, 4, 8, 1, 1), ERR_CHECKPOINT);
    office_close(&o);
}

static void amendments_that_were_changed_on_disk_open_nothing(void **state)
{
    uint8_t bytes[2048];
    uint8_t *kept = NULL;
    size_t len;
    struct fault fault = {0};
    struct office *o = NULL;
    (void)state;
    assert_int_equal(office_init(&s.config, NULL), OK);
    o = opened();
    told(o, revocation(1, KEY_USE_TRANSPORT, bytes));
    told(o, revocation(2, KEY_USE_LOG, bytes));
    office_close(&o);
    assert_int_equal(file_read("state/amendments", 1 << 16, 0, &kept, &len, NULL), OK);
    for (size_t i = 8; i < len; i += 97) {
        kept[i] ^= 1;
        assert_int_equal(file_write("state/amendments", span_of(kept, len), 0600, 0, NULL), OK);
        assert_int_not_equal(office_open(&o, &s.config, &fault), OK);
        kept[i] ^= 1;
    }
    assert_int_equal(file_write("state/amendments", span_of(kept, len - 1), 0600, 0, NULL), OK);
    assert_int_equal(office_open(&o, &s.config, &fault), ERR_CORRUPT);
    free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE(a_folder_is_made_once_and_never_silently),
        STAGE(one_process_at_a_time),
        STAGE(what_was_cosigned_is_known_after_a_kill),
        STAGE(a_head_that_cannot_be_kept_is_not_cosigned),
        STAGE(a_torn_head_is_an_alarm_and_not_an_empty_one),
        STAGE(a_fork_is_kept_once_with_both_notes),
        STAGE(a_log_key_that_is_revoked_is_cosigned_no_more_also_after_a_restart),
        STAGE(amendments_that_were_changed_on_disk_open_nothing),
        STAGE(an_older_log_is_over_when_a_newer_one_was_cosigned),
        STAGE(a_hub_that_is_not_named_gets_nothing),
        STAGE(a_configuration_names_its_fault_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
