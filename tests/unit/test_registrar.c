/* Checks the promises in keys/registrar.h: what appoints a registrar, for what, and for how long.
 */
#include "keys/registrar.h"
#include "realm.h"
#include "wire.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    struct realm *realm;
    struct key *official[REGISTRAR_KEYS_MAX + 1];
    lianshu_Document document;
    lianshu_Registrar body;
    struct registry_registrar out;
    struct fault fault;
    uint8_t bytes[8192];
} f;

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(3);
    for (size_t i = 0; i < T_COUNT(f.official); i++)
        assert_int_equal(key_make(&f.official[i], KEY_USE_REGISTRAR, 0, &f.realm->entropy), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(f.official); i++)
        key_close(&f.official[i]);
    realm_close(&f.realm);
    return 0;
}

static void good(void)
{
    f.document = (lianshu_Document)lianshu_Document_init_zero;
    f.document.type = lianshu_DocumentType_TYPE_REGISTRAR;
    f.document.issuers_count = 1;
    strcpy(f.document.issuers[0].member, "root.000000");
    f.body = (lianshu_Registrar)lianshu_Registrar_init_zero;
    strcpy(f.body.member, "registrar.445100");
    strcpy(f.body.region, "445100");
    f.body.public_keys_count = 2;
    for (size_t i = 0; i < 2; i++)
        memcpy(f.body.public_keys[i], key_public(f.official[i]), KEY_PUBLIC_LEN);
    f.body.threshold = 2;
    f.body.valid_from_ms = REALM_NOW_MS;
    f.body.valid_until_ms = REALM_NOW_MS + REALM_DAY_MS;
}

static enum err read_it(void)
{
    struct writer w = writer_of(f.document.body.bytes, sizeof f.document.body.bytes);
    assert_int_equal(wire_encode(&lianshu_Registrar_msg, &f.body, &w), OK);
    f.document.body.size = (pb_size_t)w.len;
    return registrar_read(&f.out, &f.document, "file", &f.fault);
}

static void an_appointment_is_refused_for_each_of_its_faults(void **state)
{
#define ROW(statement, want)                                                                       \
    do {                                                                                           \
        good();                                                                                    \
        statement;                                                                                 \
        print_message("%s\n", #statement);                                                         \
        assert_int_equal(read_it(), want);                                                         \
    } while (0)
    (void)state;
    ROW((void)0, OK);
    assert_int_equal(f.out.key_count, 2);
    assert_string_equal(f.out.issuer, "");
    ROW(f.document.type = lianshu_DocumentType_TYPE_ROOT, ERR_REGISTRY);
    ROW(strcpy(f.body.member, "Registrar.445100"), ERR_REGISTRY);
    ROW(strcpy(f.body.member, "market.445100"), ERR_REGISTRY);
    ROW(strcpy(f.body.region, "44510x"), ERR_REGISTRY);
    ROW(strcpy(f.body.region, "440000"), ERR_REGISTRY);
    ROW(f.body.valid_until_ms = f.body.valid_from_ms, ERR_REGISTRY);
    ROW(f.body.types.size = GRANT_TYPES_LEN - 1, ERR_REGISTRY);
    ROW(f.body.types.size = GRANT_TYPES_LEN, OK);
    ROW(f.body.public_keys_count = 0, ERR_REGISTRY);
    ROW(f.body.threshold = 0, ERR_REGISTRY);
    ROW(f.body.threshold = 3, ERR_REGISTRY);
    ROW(memset(f.body.public_keys[1], 0, KEY_PUBLIC_LEN), ERR_KEY_PUBLIC);
    ROW(memcpy(f.body.public_keys[1], f.body.public_keys[0], KEY_PUBLIC_LEN), ERR_KEY_REUSED);
#undef ROW
    good();
    f.document.body.size = 1;
    f.document.body.bytes[0] = 0xff;
    assert_int_equal(registrar_read(&f.out, &f.document, "file", &f.fault), ERR_REGISTRY);
    good();
    strcpy(f.document.issuers[0].member, "registrar.440000");
    assert_int_equal(read_it(), OK);
    assert_string_equal(f.out.issuer, "registrar.440000");
}

/* Issued at that moment by so many of its officials. */
static enum err issued(uint64_t at_ms, size_t count)
{
    static lianshu_Document out;
    struct verifier *verifier = NULL;
    uint8_t hash[HASH_LEN];
    lianshu_Revocation body = {.number = 1,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED};
    const struct office_paper paper = {.realm = REALM_NAME,
                                       .type = lianshu_DocumentType_TYPE_KEY_REVOCATION,
                                       .desc = &lianshu_Revocation_msg,
                                       .body = &body,
                                       .now_ms = at_ms,
                                       .entropy = &f.realm->entropy};
    const struct office_signers signers = {.member = "registrar.445100",
                                           .keys = (const struct key *const *)f.official,
                                           .key_count = count};
    struct writer w = writer_of(f.bytes, sizeof f.bytes);
    assert_int_equal(office_document(&paper, &signers, &w), OK);
    assert_int_equal(verifier_open(&verifier, VERIFIER_NODES_MIN), OK);
    const enum err err =
        registrar_verify_document(&f.out, REALM_NAME, writer_span(&w), verifier, &out, hash);
    verifier_close(&verifier);
    return err;
}

static void its_documents_are_of_its_time_and_of_enough_officials(void **state)
{
    (void)state;
    good();
    assert_int_equal(read_it(), OK);
    assert_int_equal(issued(REALM_NOW_MS, 2), OK);
    assert_int_equal(issued(REALM_NOW_MS - 1, 2), ERR_KEY_NOT_YET);
    assert_int_equal(issued(REALM_NOW_MS + REALM_DAY_MS, 2), ERR_KEY_EXPIRED);
    assert_int_equal(issued(REALM_NOW_MS, 1), ERR_TWO_OFFICIALS);
    assert_int_equal(issued(REALM_NOW_MS, 3), ERR_KID_UNKNOWN);
}

static void nobody_and_too_many_appoint_nobody(void **state)
{
    const struct key *root[] = {f.realm->root};
    static const uint8_t later[FRAME_ISSUERS_MAX][KEY_PUBLIC_LEN];
    struct office_signers signers = {.anchor = &f.realm->anchor, .keys = root};
    struct registrar_make make = {.realm = REALM_NAME,
                                  .member = "registrar.445100",
                                  .region = "445100",
                                  .keys = (const struct key *const *)f.official,
                                  .key_count = 2,
                                  .now_ms = REALM_NOW_MS,
                                  .valid_until_ms = REALM_NOW_MS + REALM_DAY_MS,
                                  .entropy = &f.realm->entropy};
    struct writer w = writer_of(f.bytes, sizeof f.bytes);
    (void)state;
    assert_int_equal(registrar_appoint(&make, &signers, &w), ERR_TOO_LARGE);
    signers.key_count = 1;
    signers.later = later;
    signers.later_count = FRAME_ISSUERS_MAX;
    assert_int_equal(registrar_appoint(&make, &signers, &w), ERR_TOO_LARGE);
    signers.later_count = 0;
    make.key_count = REGISTRAR_KEYS_MAX + 1;
    assert_int_equal(registrar_appoint(&make, &signers, &w), ERR_TOO_LARGE);
    assert_int_equal(w.len, 0);
    make.key_count = REGISTRAR_KEYS_MAX;
    assert_int_equal(registrar_appoint(&make, &signers, &w), OK);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_appointment_is_refused_for_each_of_its_faults),
        CASE(its_documents_are_of_its_time_and_of_enough_officials),
        CASE(nobody_and_too_many_appoint_nobody),
    };
    return cmocka_run_group_tests_name("registrar", tests, NULL, NULL);
}
