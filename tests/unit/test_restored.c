/* Checks the promises in keys/restored.h: which statements of two officials are taken, and by what
 * each other one is refused. */
#include "catalogue.h"
#include "keys/document.h"
#include "keys/registry_table.h"
#include "keys/restored.h"
#include "keys/roles.h"
#include "realm.h"
#include "wire.h"

#include "t.h"

#include <stdio.h>
#include <string.h>

enum { HOUR = 3600 * 1000 };

static struct {
    struct realm *realm;
    struct verifier *verifier;
    lianshu_Document d;
    lianshu_OfficialAct act;
    uint8_t encoded[4096];
    uint8_t half[4096];
    uint8_t whole[4096];
    struct restored read;
} f;

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(4);
    assert_int_equal(verifier_open(&f.verifier, VERIFIER_NODES_MIN), OK);
    f.d.type = lianshu_DocumentType_TYPE_OFFICIAL_ACT;
    document_prepare(&f.d, REALM_NAME, REALM_HUB, realm_official(f.realm, 0), REALM_NOW_MS,
                     &f.realm->entropy);
    f.d.valid_until_ms = f.d.issued_ms + HOUR;
    f.d.issuers_count = 2;
    f.d.issuers[1] = f.d.issuers[0];
    memcpy(f.d.issuers[1].kid, key_kid(realm_official(f.realm, 1)), KID_LEN);
    f.act = (lianshu_OfficialAct){.verb = lianshu_OfficialVerb_OFFICIAL_RESTORED,
                                  .log_number = 2,
                                  .log_size = 7,
                                  .object = {.size = HASH_LEN},
                                  .signed_root = {.size = HASH_LEN}};
    snprintf(f.act.recipient, sizeof f.act.recipient, REALM_HUB);
    snprintf(f.act.sender, sizeof f.act.sender, REALM_HUB);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    verifier_close(&f.verifier);
    realm_close(&f.realm);
    return 0;
}

static enum err read_signed(struct span lsd1)
{
    const struct restored_reader reader = {f.realm->registry, REALM_NAME, REALM_HUB, f.verifier};
    return restored_read(&reader, lsd1, &f.read);
}

/* As both officials signed it. */
static enum err read_it(void)
{
    const struct key *first[] = {realm_official(f.realm, 0)};
    uint8_t hash[HASH_LEN];
    struct writer body = writer_of(f.d.body.bytes, sizeof f.d.body.bytes);
    struct writer e = writer_of(f.encoded, sizeof f.encoded);
    struct writer half = writer_of(f.half, sizeof f.half);
    struct writer whole = writer_of(f.whole, sizeof f.whole);
    assert_int_equal(wire_encode(&lianshu_OfficialAct_msg, &f.act, &body), OK);
    f.d.body.size = (pb_size_t)body.len;
    assert_int_equal(document_encode(&f.d, &e, hash), OK);
    assert_int_equal(document_sign(writer_span(&e), first, 1, &half), OK);
    assert_int_equal(document_add_signature(writer_span(&half), realm_official(f.realm, 1), &whole),
                     OK);
    return read_signed(writer_span(&whole));
}

static void a_statement_of_two_officials_is_read(void **state)
{
    (void)state;
    assert_int_equal(read_it(), OK);
    assert_int_equal(f.read.log_number, 2);
    assert_int_equal(f.read.size, 7);
    assert_string_equal(f.read.hub, REALM_HUB);
}

#define ROW(change, back, want)                                                                    \
    {                                                                                              \
        change;                                                                                    \
        print_message("%s\n", #change);                                                            \
        assert_int_equal(read_it(), want);                                                         \
        back;                                                                                      \
        assert_int_equal(read_it(), OK);                                                           \
    }

static void what_says_less_than_the_whole_is_refused(void **state)
{
    (void)state;
    ROW(f.act.log_number = 1, f.act.log_number = 2, ERR_HEADER)
    ROW(f.act.log_size = 0, f.act.log_size = 7, ERR_HEADER)
    ROW(f.act.object.size = 31, f.act.object.size = 32, ERR_HEADER)
    ROW(f.act.signed_root.size = 31, f.act.signed_root.size = 32, ERR_HEADER)
    ROW(f.act.verb = lianshu_OfficialVerb_OFFICIAL_REKEY,
        f.act.verb = lianshu_OfficialVerb_OFFICIAL_RESTORED, ERR_HEADER)
    ROW(f.act.sender[0] = 'x', f.act.sender[0] = 'h', ERR_HEADER)
    ROW(f.act.recipient[0] = 'x', f.act.recipient[0] = 'h', ERR_HEADER)
    ROW(f.d.valid_until_ms = 0, f.d.valid_until_ms = f.d.issued_ms + HOUR, ERR_LIFE)
    const uint64_t life = type_find(lianshu_DocumentType_TYPE_OFFICIAL_ACT)->life_ms;
    ROW(f.d.valid_until_ms = f.d.issued_ms + life + 1, f.d.valid_until_ms = f.d.issued_ms + life,
        ERR_LIFE)
}

/* The clocks of two machines may differ. */
static void a_statement_has_its_time(void **state)
{
    enum { LATE = 300 * 1000 };
    const struct restored r = {.issued_ms = REALM_NOW_MS, .valid_until_ms = REALM_NOW_MS + HOUR};
    (void)state;
    assert_int_equal(restored_timely(&r, REALM_NOW_MS - LATE - 1), ERR_FUTURE);
    assert_int_equal(restored_timely(&r, REALM_NOW_MS - LATE), OK);
    assert_int_equal(restored_timely(&r, REALM_NOW_MS + HOUR - 1), OK);
    assert_int_equal(restored_timely(&r, REALM_NOW_MS + HOUR), ERR_EXPIRED);
}

static void two_officials_whose_roles_do_not_suffice_restore_nothing(void **state)
{
    struct registry *r = f.realm->registry;
    (void)state;
    assert_int_equal(read_it(), OK);
    for (size_t i = 0; i < r->key_count; i++) {
        if (r->keys[i].use == KEY_USE_OFFICIAL)
            r->keys[i].roles = ROLES_OPERATOR;
    }
    assert_int_equal(read_it(), ERR_TWO_OFFICIALS);
}

static void what_is_longer_than_a_statement_is_not_read(void **state)
{
    static const uint8_t bytes[RESTORED_MAX + 1];
    (void)state;
    assert_int_equal(read_signed(span_of(bytes, sizeof bytes)), ERR_TOO_LARGE);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_statement_of_two_officials_is_read),
        CASE(what_says_less_than_the_whole_is_refused),
        CASE(a_statement_has_its_time),
        CASE(two_officials_whose_roles_do_not_suffice_restore_nothing),
        CASE(what_is_longer_than_a_statement_is_not_read),
    };
    return cmocka_run_group_tests_name("restored", tests, NULL, NULL);
}
