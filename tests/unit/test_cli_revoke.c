/* Checks `lianshu key revoke`, `key sign` and `key rotate`: what they write is believed by the
 * registry, and what is wrong is told. */
#include "keys/amend.h"
#include "keys/keyfile.h"

#include "base/file.h"

#include "unit/registry_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TRUST " --anchor anchor.yaml --registry registry.lsg"
#define REVOKE                                                                                     \
    "key revoke %s --reason compromised --key reg.key --passphrase-file p --out r.lsd" TRUST

static void make_realm(struct terminal *t)
{
    make_keys(t);
    must(
        t,
        "key generate --member registrar.445100 --use registrar --out two.key --passphrase-file p");
    must(t, BUILD);
}

static struct registry *open_registry(void)
{
    struct anchor anchor;
    struct registry *r = NULL;
    assert_int_equal(anchor_read(&anchor, "anchor.yaml", NULL), OK);
    assert_int_equal(registry_read(&r, &anchor, "registry.lsg", 0, NULL), OK);
    return r;
}

/* The market's key of that use, as text. */
static const char *kid_of_use(const struct registry *r, enum key_use use)
{
    static char text[2 * KID_LEN + 1];
    const struct registry_key *key;
    assert_int_equal(registry_current(r, "market.445100", use, TERMINAL_NOW_MS + 1, &key), OK);
    for (size_t i = 0; i < KID_LEN; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", key->kid[i]);
    return text;
}

static enum err amend(struct registry *r, const char *path, uint64_t now_ms)
{
    uint8_t *data = NULL;
    size_t len;
    assert_int_equal(file_read(path, AMEND_DOCUMENT_MAX, 0, &data, &len, NULL), OK);
    const enum err err = registry_amend(r, span_of(data, len), now_ms, false, NULL, NULL);
    free(data);
    return err;
}

static void what_an_official_writes_revokes_the_key(void **state)
{
    struct terminal *t = *state;
    char line[512];
    make_realm(t);
    struct registry *r = open_registry();
    (void)snprintf(line, sizeof line, REVOKE " --json", kid_of_use(r, KEY_USE_SIGN));
    must(t, line);
    assert_json(t);
    assert_int_equal(amend(r, "r.lsd", t->now_ms), OK);
    const struct registry_key *key;
    assert_int_equal(registry_current(r, "market.445100", KEY_USE_SIGN, TERMINAL_NOW_MS + 1, &key),
                     ERR_KEY_EXPIRED);
    line[strlen(line) - strlen(" --json")] = '\0';
    refused(t, line, CLI_REFUSED, "E026 r.lsd", ""); /* nothing is written over */
    registry_close(&r);
}

static void a_draft_waits_for_the_second_official(void **state)
{
    struct terminal *t = *state;
    char line[512];
    make_realm(t);
    struct registry *r = open_registry();
    (void)snprintf(line, sizeof line, REVOKE " --with two.key.pub", kid_of_use(r, KEY_USE_SIGN));
    must(t, line);
    /* one of two signatures is none */
    assert_int_equal(err_class(amend(r, "r.lsd", t->now_ms)), ERR_CLASS_REJECT);
    refused(t, "key sign r.lsd --key reg.key --passphrase-file p --out s.lsd", CLI_REFUSED,
            "E026 r.lsd", "has signed it");
    must(t, "key sign r.lsd --key two.key --passphrase-file p --out s.lsd");
    assert_says(t, "market.445100");
    /* the second is none of this registrar's officials: what it signed is not believed */
    assert_int_equal(amend(r, "s.lsd", t->now_ms), ERR_REGISTRY);
    registry_close(&r);
}

static void what_is_wrong_is_told_and_writes_nothing(void **state)
{
    struct terminal *t = *state;
    char line[512];
    make_realm(t);
    struct registry *r = open_registry();
    const char *kid = kid_of_use(r, KEY_USE_SIGN);
    static const struct {
        const char *kid, *more, *label;
        int code;
    } rows[] = {
        {"00", "", "E001 KID", CLI_USAGE},
        {"00112233445566778899aabbccddeeff", "", "E304 00112233445566778899aabbccddeeff",
         CLI_REFUSED},
        {NULL, " --compromised-since yesterday", "E001 compromised-since", CLI_USAGE},
        {NULL, " --compromised-since 2093-01-01T00:00:00.000Z", "E001 --compromised-since",
         CLI_USAGE},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        (void)snprintf(line, sizeof line, REVOKE "%s", rows[i].kid != NULL ? rows[i].kid : kid,
                       rows[i].more);
        refused(t, line, rows[i].code, rows[i].label, "");
        assert_false(there_is("r.lsd"));
    }
    (void)snprintf(line, sizeof line,
                   "key revoke %s --reason compromised --key market.key --passphrase-file p --out "
                   "r.lsd" TRUST,
                   kid);
    assert_int_equal(run(t, line), CLI_REFUSED);
    assert_false(there_is("r.lsd"));
    registry_close(&r);
}

static void a_member_renews_its_keys_by_a_record_of_its_own(void **state)
{
    struct terminal *t = *state;
    struct passphrase *passphrase = NULL;
    struct keyring *ring = NULL;
    make_realm(t);
    struct registry *r = open_registry();
    t->now_ms += 1000;
    must(t, "key rotate --key market.key --passphrase-file p --out k.lsd" TRUST);
    assert_int_equal(passphrase_read(&passphrase, "p", NULL), OK);
    assert_int_equal(keyfile_read(&ring, "market.key", passphrase, NULL), OK);
    /* until the record is applied the old keys are the member's, although the file has newer ones
     */
    const struct key *old =
        registry_own_key(r, ring, "market.445100", KEY_USE_SEAL, TERMINAL_NOW_MS + 1);
    assert_non_null(old);
    assert_ptr_not_equal(old, keyring_find(ring, KEY_USE_SEAL));
    assert_int_equal(amend(r, "k.lsd", t->now_ms), OK);
    const uint64_t later = TERMINAL_NOW_MS + 2 * 3600 * 1000;
    static const enum key_use uses[] = {KEY_USE_SEAL, KEY_USE_TRANSPORT};
    for (size_t i = 0; i < T_COUNT(uses); i++) {
        assert_ptr_equal(registry_own_key(r, ring, "market.445100", uses[i], later),
                         keyring_find(ring, uses[i]));
        const struct registry_key *row;
        assert_int_equal(registry_key(r, key_kid(old), &row), OK);
        assert_int_equal(row->valid_until_ms, t->now_ms + 3600 * 1000 + AMEND_OVERLAP_MS);
    }
    /* the second one follows the first */
    must(
        t,
        "key rotate --key market.key --passphrase-file p --out k2.lsd --number 2 --use seal" TRUST);
    assert_int_equal(amend(r, "k2.lsd", t->now_ms), OK);
    refused(t, "key rotate --key market.key --passphrase-file p --out k2.lsd" TRUST, CLI_REFUSED,
            "E026 k2.lsd", "");
    refused(t, "key rotate --key market.key --passphrase-file p --out k3.lsd --use sign" TRUST,
            CLI_USAGE, "E001 --use", "");
    keyring_close(&ring);
    passphrase_close(&passphrase);
    registry_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_an_official_writes_revokes_the_key),
        CASE(a_draft_waits_for_the_second_official),
        CASE(what_is_wrong_is_told_and_writes_nothing),
        CASE(a_member_renews_its_keys_by_a_record_of_its_own),
    };
    return cmocka_run_group_tests_name("cli_revoke", tests, NULL, NULL);
}
