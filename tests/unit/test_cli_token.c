/* Checks that keys on a token (SoftHSM) serve where key files do: a registry and an enrolment whose
 * officials and root hold theirs on tokens. */
#include "cli/pubfile.h"
#include "terminal.h"
#include "token.h"

#include "folder.h"
#include "keys/keyfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT       "?module-path=" TOKEN_MODULE
#define ROOT     "pkcs11:token=root;object=root.000000:root" AT
#define ONE      "pkcs11:token=one;object=registrar.445100:registrar" AT
#define SIGN     "pkcs11:token=one;object=market.445100:sign" AT
#define HUB_SIGN "pkcs11:token=two;object=hub.445100:sign" AT
#define TWO      "pkcs11:token=two;object=registrar.445100:registrar" AT

/* The module reads its configuration once in a process. */
static int setup_tokens(void **state)
{
    static char place[FOLDER_MAX];
    *state = place;
    folder_make(place, "token");
    token_place(place);
    token_make("root");
    token_make("one");
    token_make("two");
    return 0;
}

static int drop_tokens(void **state)
{
    folder_remove(*state);
    return 0;
}

static void write_pin(const char *path, const char *pin)
{
    write_text(path, pin);
    assert_int_equal(chmod(path, 0600), 0);
}

static void keys_are_made_on_tokens_and_found_again(void **state)
{
    struct terminal *t = *state;
    struct pubfile pub;
    struct pubfile again;
    write_pin("pin", TOKEN_PIN "\n");
    must(t, "key token " ROOT " --passphrase-file pin --out root.pub --json");
    assert_json(t);
    must(t, "key token " ONE " --passphrase-file pin --out one.pub");
    must(t, "key token " TWO " --passphrase-file pin --out two.pub");
    assert_int_equal(pubfile_read(&pub, "root.pub", NULL), OK);
    assert_string_equal(pub.member, "root.000000");
    assert_string_equal(pub.use, "root");
    must(t, "key token " ROOT " --passphrase-file pin --out again.pub --found");
    assert_int_equal(pubfile_read(&again, "again.pub", NULL), OK);
    assert_memory_equal(again.key[0].public_key, pub.key[0].public_key, KEY_PUBLIC_LEN);
    refused(t, "key token " ROOT " --passphrase-file pin --out third.pub", CLI_REFUSED,
            "E026 root.000000:root", "on token root");
    refused(t, "key token " ROOT " --passphrase-file pin --out root.pub --found", CLI_REFUSED,
            "E026 root.pub", "never replaced");
    refused(t, "key token key.file --passphrase-file pin --out x.pub", CLI_USAGE, "E001",
            "pkcs11:");
    assert_false(there_is("third.pub"));
    write_pin("wrong", "not-the-pin\n");
    refused(t, "key token " ROOT " --passphrase-file wrong --out x.pub --found", CLI_REFUSED,
            "E028 root.000000:root", "PIN");
    assert_null(strstr(t->err, "not-the-pin"));
    assert_int_equal(chmod("pin", 0644), 0);
    assert_int_equal(run(t, "key token " ROOT " --passphrase-file pin --out x.pub --found"),
                     CLI_REFUSED);
    assert_memory_equal(t->err, "E003 pin", 8);
}

/* One file, one passphrase: the signing key on the token, the others in the file. */
static void a_members_signing_key_is_on_a_token_beside_its_key_file(void **state)
{
    struct terminal *t = *state;
    struct keyring *ring = NULL;
    struct pubfile pub;
    uint8_t signature[64];
    const struct span message = span_str("decided");
    write_pin("pin", TOKEN_PIN "\n");
    must(t, "key token " SIGN " --passphrase-file pin --out sign.pub");
    must(t, "key passphrase own.pass");
    must(t, "key generate --member market.445100 --use adapter --out own.key --passphrase-file "
            "own.pass --sign-token " SIGN " --sign-pin-file pin");
    assert_int_equal(pubfile_read(&pub, "own.key.pub", NULL), OK);
    assert_int_equal(pub.key_count, 3);
    assert_int_equal(keyfile_open(&ring, "own.key", "own.pass", NULL), OK);
    assert_int_equal(keyring_count(ring), 4);
    const struct key *key = keyring_find(ring, KEY_USE_SIGN);
    assert_null(key_secret(key));
    assert_int_equal(key_sign(key, message, signature), OK);
    assert_int_equal(pubfile_read(&pub, "sign.pub", NULL), OK);
    assert_int_equal(key_verify(pub.key[0].public_key, message, signature), OK);
    keyring_close(&ring);

    /* It is enrolled like any other, the token proving its part. */
    make_key(t, "desk", "registrar.445100", "enrolment");
    must(t, "enrol invite --member market.445100 --use adapter --realm demo --desk desk.key.pub "
            "--ledger ledger --out invitation --code-out code");
    must(t, "enrol request invitation --code-file code --key own.key --passphrase-file own.pass "
            "--out request");
    must(t, "enrol show request --ledger ledger --desk desk.key --passphrase-file desk.pass");

    write_pin("wrong", "not-the-pin\n");
    refused(t,
            "key generate --member market.445100 --use adapter --out x.key --passphrase-file "
            "own.pass --sign-token " SIGN " --sign-pin-file wrong",
            CLI_REFUSED, "E028 market.445100:sign", "PIN");
    refused(t,
            "key generate --member health.445100 --use adapter --out x.key --passphrase-file "
            "own.pass --sign-token " SIGN " --sign-pin-file pin",
            CLI_REFUSED, "E434 market.445100:sign", "health.445100");
    refused(t,
            "key generate --member registrar.445100 --use adapter --out x.key --passphrase-file "
            "own.pass --sign-token " ONE " --sign-pin-file pin",
            CLI_REFUSED, "E408 --sign-token", "MEMBER:sign");
    refused(t,
            "key generate --member market.445100 --use official --out x.key --passphrase-file "
            "own.pass --sign-token " SIGN " --sign-pin-file pin",
            CLI_USAGE, "E001 --sign-token", "hub");
    assert_false(there_is("x.key"));
    assert_false(there_is("x.key.pub"));
}

/* Storage key of a hub whose signing key is on a token; passphrase and PIN of an adapter's. */
static void a_key_file_that_names_a_token_is_renewed_like_any_other(void **state)
{
    struct terminal *t = *state;
    struct keyring *ring = NULL;
    uint8_t signature[64];
    write_pin("pin", TOKEN_PIN "\n");
    must(t, "key token " HUB_SIGN " --passphrase-file pin --out hub.pub");
    must(t, "key passphrase hub.pass");
    must(t, "key passphrase new.pass");
    must(t, "key generate --member hub.445100 --use hub --out hub.key --passphrase-file hub.pass "
            "--sign-token " HUB_SIGN " --sign-pin-file pin");
    assert_int_equal(keyfile_open(&ring, "hub.key", "hub.pass", NULL), OK);
    const size_t count = keyring_count(ring);
    keyring_close(&ring);

    must(t, "key renew --key hub.key --passphrase-file hub.pass");
    must(t, "key rewrap hub.key --passphrase-file hub.pass --new-passphrase-file new.pass --json");
    assert_json(t);
    refused(t, "key rewrap hub.key --passphrase-file hub.pass", CLI_REFUSED, "E028 hub.key", "");
    assert_int_equal(keyfile_open(&ring, "hub.key", "new.pass", NULL), OK);
    assert_int_equal(keyring_count(ring), count + 2); /* storage and token key */
    const struct key *key = keyring_find(ring, KEY_USE_SIGN);
    assert_null(key_secret(key));
    assert_int_equal(key_sign(key, span_str("x"), signature), OK);
    keyring_close(&ring);

    /* A PIN that the token does not know is not written into the file. */
    write_pin("wrong", "not-the-pin\n");
    refused(t, "key rewrap hub.key --passphrase-file new.pass --new-pin-file wrong", CLI_REFUSED,
            "E028", "PIN");
    assert_null(strstr(t->err, "not-the-pin"));
    must(t, "key rewrap hub.key --passphrase-file new.pass --new-pin-file pin");
    assert_labels(t);
    assert_int_equal(keyfile_open(&ring, "hub.key", "new.pass", NULL), OK);
    keyring_close(&ring);

    refused(t, "key rewrap " HUB_SIGN " --passphrase-file pin", CLI_REFUSED, "E408",
            "renewed where they are made");
    make_key(t, "plain", "police.445100", "official");
    refused(t, "key rewrap plain.key --passphrase-file plain.pass --new-pin-file pin", CLI_REFUSED,
            "E408 plain.key", "no key on a token");
    must(t, "key rewrap plain.key --passphrase-file plain.pass --new-passphrase-file new.pass");
    assert_int_equal(keyfile_open(&ring, "plain.key", "new.pass", NULL), OK);
    keyring_close(&ring);
    refused(t, "key rewrap", CLI_USAGE, "E001", "KEY");
    refused(t, "key rewrap plain.key", CLI_USAGE, "E001", "--passphrase-file");
}

static void a_registry_is_built_with_keys_on_tokens(void **state)
{
    struct terminal *t = *state;
    write_pin("pin", TOKEN_PIN "\n");
    make_key(t, "market", "market.445100", "adapter");
    write_text("members.yaml", "members:\n  - member: market.445100\n    name_zh: 甲\n    name_en: "
                               "a\n    keys: [market.key.pub]\n");
    must(t, "registry build --realm demo --root " ROOT " --registrar " ONE
            " --passphrase-file pin --members members.yaml --anchor-out anchor.yaml --out "
            "registry.lsg");
    must(t, "registry check registry.lsg --anchor anchor.yaml");
    refused(t,
            "registry build --realm demo --root " ONE " --registrar " ONE
            " --passphrase-file pin --members members.yaml --anchor-out a.yaml --out r.lsg",
            CLI_REFUSED, "E408", "--use root");
}

static void officials_approve_with_tokens(void **state)
{
    struct terminal *t = *state;
    char fingerprint[65] = "";
    char line[1024];
    write_pin("pin", TOKEN_PIN "\n");
    make_key(t, "desk", "registrar.445100", "enrolment");
    make_key(t, "market", "market.445100", "adapter");
    must(t, "enrol invite --member market.445100 --use adapter --realm demo --desk desk.key.pub "
            "--ledger ledger --out invitation --code-out code");
    must(t, "enrol request invitation --code-file code --key market.key --passphrase-file "
            "market.pass --out request --json");
    memcpy(fingerprint, strstr(t->out, "\"fingerprint\":\"") + 15, 64);
    snprintf(line, sizeof line,
             "enrol approve request --fingerprint %s --ledger ledger --desk desk.key "
             "--desk-passphrase-file desk.pass --key " ONE " --passphrase-file pin --key " TWO
             " --passphrase-file pin --out approval",
             fingerprint);
    must(t, line);
    assert_true(there_is("approval"));
    snprintf(line, sizeof line,
             "enrol approve request --fingerprint %s --ledger ledger --desk desk.key "
             "--desk-passphrase-file desk.pass --key " ONE " --passphrase-file pin --key " ONE
             " --passphrase-file pin --out again",
             fingerprint);
    refused(t, line, CLI_REFUSED, "E421", "twice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(keys_are_made_on_tokens_and_found_again),
        CASE(a_members_signing_key_is_on_a_token_beside_its_key_file),
        CASE(a_key_file_that_names_a_token_is_renewed_like_any_other),
        CASE(a_registry_is_built_with_keys_on_tokens),
        CASE(officials_approve_with_tokens),
    };
    return cmocka_run_group_tests_name("cli_token", tests, setup_tokens, drop_tokens);
}
