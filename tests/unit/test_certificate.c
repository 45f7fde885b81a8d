/* Checks what keys/certificate.h promises: believed with anchor and file alone, or refused. */
#include "keys/certificate.h"
#include "keys/registry_proof.h"
#include "realm.h"
#include "wire.h"

#include "t.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
    struct realm *realm;
    struct registry *other; /* another version */
    lianshu_Document document;
    lianshu_CreditCertificate body;
    struct certificate out;
    uint8_t lsd1[FRAME_DOCUMENT_FRAME_MAX];
    uint8_t file[CERTIFICATE_FILE_MAX];
    size_t len;
    size_t cut; /* bytes that the body lacks at its end */
};

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(5);
    f.body.has_subject = true;
    f.body.subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    strcpy(f.body.subject.id, "91445100DEMA00021K");
    f.body.at_ms = REALM_NOW_MS - 5000;
    f.body.log_size = 77;
    f.body.clean = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    registry_close(&f.other);
    realm_close(&f.realm);
    return 0;
}

/* The next version, in which the hub's signing key is as the records say now. */
static void next_version(void)
{
    static uint8_t file[256 << 10];
    const struct registry_make make = realm_make(f.realm, 2);
    struct writer w = writer_of(file, sizeof file);
    struct fault fault;
    assert_int_equal(registry_write(&make, f.realm->records, REALM_MEMBERS, &w, &fault), OK);
    registry_close(&f.other);
    assert_int_equal(registry_open(&f.other, &f.realm->anchor, writer_span(&w), 1, &fault), OK);
}

static lianshu_MemberKey *hubs_key(void)
{
    lianshu_MemberKey *key = f.realm->records[0].keys;
    while (key->use != lianshu_KeyUse_KEY_SIGN)
        key++;
    return key;
}

/* A certificate by that member, and its file. */
static void make_by(const char *member, uint32_t type, uint64_t issued_ms, uint64_t valid_until_ms)
{
    const struct key *key = realm_key(f.realm, member, KEY_USE_SIGN);
    uint8_t hash[HASH_LEN];
    lianshu_Document *d = &f.document;
    memset(d, 0, sizeof *d);
    document_prepare(d, REALM_NAME, member, key, issued_ms, &f.realm->entropy);
    d->type = type;
    d->version = 1;
    d->valid_until_ms = valid_until_ms;
    d->addressees_count = 1;
    strcpy(d->addressees[0], REALM_HEALTH);
    struct writer body = writer_of(d->body.bytes, sizeof d->body.bytes);
    assert_int_equal(wire_encode(&lianshu_CreditCertificate_msg, &f.body, &body), OK);
    d->body.size = (pb_size_t)(body.len - f.cut);
    struct writer lsd1 = writer_of(f.lsd1, sizeof f.lsd1);
    assert_int_equal(document_make(d, key, &lsd1, hash), OK);
    struct writer file = writer_of(f.file, sizeof f.file);
    const struct registry *registry = f.other != NULL ? f.other : f.realm->registry;
    assert_int_equal(certificate_write(registry, writer_span(&lsd1), &file), OK);
    f.len = file.len;
}

static void make(void)
{
    make_by(REALM_HUB, lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE, REALM_NOW_MS,
            REALM_NOW_MS + 30 * REALM_DAY_MS);
}

static enum err verify_at(uint64_t now_ms)
{
    return certificate_verify(span_of(f.file, f.len), &f.realm->anchor, now_ms, &f.out, NULL);
}

static void anchor_and_file_alone_tell_who_about_whom_and_when(void **state)
{
    (void)state;
    make();
    assert_int_equal(verify_at(REALM_NOW_MS + REALM_DAY_MS), OK);
    assert_string_equal(f.out.issuer, REALM_HUB);
    assert_string_equal(f.out.body.subject.id, "91445100DEMA00021K");
    assert_int_equal(f.out.body.at_ms, REALM_NOW_MS - 5000);
    assert_int_equal(f.out.body.log_size, 77);
    assert_true(f.out.body.clean);
    assert_int_equal(f.out.registry_version, 1);
}

static void every_changed_byte_is_refused(void **state)
{
    (void)state;
    make();
    for (size_t i = 0; i < f.len; i++) {
        f.file[i] ^= 0x04;
        if (verify_at(REALM_NOW_MS) == OK)
            fail_msg("byte %zu", i);
        f.file[i] ^= 0x04;
    }
    assert_int_equal(verify_at(REALM_NOW_MS), OK);
}

static void a_file_that_is_shorter_or_longer_is_refused(void **state)
{
    (void)state;
    make();
    const size_t whole = f.len;
    for (f.len = 0; f.len < whole; f.len += 1 + f.len / 40)
        assert_int_not_equal(verify_at(REALM_NOW_MS), OK);
    f.len = whole + 1;
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_FRAME_LENGTH);
}

static void times_are_judged(void **state)
{
    (void)state;
    make();
    assert_int_equal(verify_at(REALM_NOW_MS + 30 * REALM_DAY_MS - 1), OK);
    assert_int_equal(verify_at(REALM_NOW_MS + 30 * REALM_DAY_MS), ERR_EXPIRED);
    assert_int_equal(verify_at(REALM_NOW_MS - 301 * 1000), ERR_FUTURE);
    f.body.at_ms = REALM_NOW_MS + 1; /* it speaks of what had not come */
    make();
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_FUTURE);
    f.body.at_ms = REALM_NOW_MS;
    make_by(REALM_HUB, lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE, REALM_NOW_MS, 0);
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_EXPIRED); /* without an end there is none */
}

static void only_a_hub_certifies_and_only_certificates_count(void **state)
{
    (void)state;
    make_by(REALM_MARKET, lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE, REALM_NOW_MS,
            REALM_NOW_MS + REALM_DAY_MS);
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_NO_RIGHT);
    make_by(REALM_HUB, lianshu_DocumentType_TYPE_CREDIT_CHECK, REALM_NOW_MS,
            REALM_NOW_MS + REALM_DAY_MS);
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_TYPE_UNKNOWN);
}

static void clean_with_a_restriction_is_no_statement(void **state)
{
    (void)state;
    f.body.restrictions_count = 1;
    strcpy(f.body.restrictions[0].measure, "M01");
    make();
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_POISON);
    f.body.restrictions_count = 0;
    f.body.clean = false;
    make();
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_POISON);
    f.body.more = true;
    make();
    assert_int_equal(verify_at(REALM_NOW_MS), OK);
    f.body.clean = true;
    make();
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_POISON);
    f.body.more = false;
    f.body.has_subject = false; /* and about nobody it is none either */
    make();
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_POISON);
}

static void a_body_that_is_none_is_refused(void **state)
{
    (void)state;
    f.cut = 1;
    make();
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_POISON);
}

/* Its own word on when it was signed chooses key and registry: those must have been in force. */
static void a_signature_outside_its_key_or_its_registry_is_refused(void **state)
{
    (void)state;
    f.body.at_ms = 0;
    make_by(REALM_HUB, lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE,
            REALM_NOW_MS - REALM_DAY_MS - 1, REALM_NOW_MS + REALM_DAY_MS);
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_KEY_NOT_YET);
    const uint64_t later_ms = REALM_NOW_MS + 31 * REALM_DAY_MS; /* the registry ends after 30 */
    make_by(REALM_HUB, lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE, later_ms,
            later_ms + REALM_DAY_MS);
    assert_int_equal(verify_at(later_ms), ERR_REGISTRY_STALE);
    hubs_key()->valid_until_ms = REALM_NOW_MS;
    next_version();
    f.body.at_ms = REALM_NOW_MS - 1;
    make();
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_KEY_EXPIRED);
}

/* What vouches for the key may itself say from when on it counts no more. */
static void a_key_that_was_revoked_by_then_certifies_nothing(void **state)
{
    (void)state;
    hubs_key()->revoked_ms = REALM_NOW_MS;
    hubs_key()->revoked_for = lianshu_RevocationReason_REVOCATION_COMPROMISED;
    next_version();
    make();
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_REVOKED);
    f.body.at_ms = REALM_NOW_MS - 1;
    make_by(REALM_HUB, lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE, REALM_NOW_MS - 1,
            REALM_NOW_MS + REALM_DAY_MS);
    assert_int_equal(verify_at(REALM_NOW_MS), OK); /* issued before */
}

static void what_two_have_signed_is_no_certificate(void **state)
{
    static uint8_t d[FRAME_DOCUMENT_MAX];
    const struct key *key = realm_key(f.realm, REALM_HUB, KEY_USE_SIGN);
    const struct key *const keys[] = {key, key};
    uint8_t hash[HASH_LEN];
    struct writer d_w = writer_of(d, sizeof d);
    struct writer lsd1 = writer_of(f.lsd1, sizeof f.lsd1);
    struct writer file = writer_of(f.file, sizeof f.file);
    (void)state;
    make();
    f.document.issuers_count = 2;
    f.document.issuers[1] = f.document.issuers[0];
    assert_int_equal(document_encode(&f.document, &d_w, hash), OK);
    assert_int_equal(document_sign(writer_span(&d_w), keys, 2, &lsd1), OK);
    assert_int_equal(certificate_write(f.realm->registry, writer_span(&lsd1), &file),
                     ERR_MEMBER_UNKNOWN);
    assert_int_equal(file.len, 0);
}

/* Put together by hand: the writer refuses. */
static void two_keys_of_one_hub_make_no_certificate_either(void **state)
{
    static uint8_t d[FRAME_DOCUMENT_MAX];
    struct key *second = NULL;
    uint8_t hash[HASH_LEN];
    struct writer d_w = writer_of(d, sizeof d);
    struct writer lsd1 = writer_of(f.lsd1, sizeof f.lsd1);
    struct writer file = writer_of(f.file, sizeof f.file);
    (void)state;
    assert_int_equal(key_make(&second, KEY_USE_SIGN, REALM_NOW_MS, &f.realm->entropy), OK);
    lianshu_MemberRecord *m = &f.realm->records[0];
    m->keys[m->keys_count] = *hubs_key();
    memcpy(m->keys[m->keys_count++].public_key, key_public(second), KEY_PUBLIC_LEN);
    next_version();
    make();
    f.document.issuers_count = 2;
    f.document.issuers[1] = f.document.issuers[0];
    memcpy(f.document.issuers[1].kid, key_kid(second), KID_LEN);
    const struct key *const keys[] = {realm_key(f.realm, REALM_HUB, KEY_USE_SIGN), second};
    assert_int_equal(document_encode(&f.document, &d_w, hash), OK);
    assert_int_equal(document_sign(writer_span(&d_w), keys, 2, &lsd1), OK);
    write_bytes(&file, "LSQ1", 4);
    write_uint(&file, lsd1.len, 4);
    write_span(&file, writer_span(&lsd1));
    assert_int_equal(registry_prove(f.other, REALM_HUB, &file), OK);
    f.len = file.len;
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_HEADER);
    key_close(&second);
}

static void another_realms_anchor_does_not_vouch(void **state)
{
    struct realm *other = realm_open(6);
    (void)state;
    make();
    assert_int_equal(
        certificate_verify(span_of(f.file, f.len), &other->anchor, REALM_NOW_MS, &f.out, NULL),
        ERR_REGISTRY);
    realm_close(&other);
    struct anchor renamed = f.realm->anchor;
    strcpy(renamed.realm, "other");
    assert_int_equal(
        certificate_verify(span_of(f.file, f.len), &renamed, REALM_NOW_MS, &f.out, NULL),
        ERR_REALM);
}

static void a_record_from_another_registry_does_not_fit(void **state)
{
    static uint8_t good[CERTIFICATE_FILE_MAX];
    struct realm *other = realm_open(6);
    struct realm *own = f.realm;
    (void)state;
    make();
    const size_t len = f.len;
    memcpy(good, f.file, len);
    f.realm = other;
    make();
    /* Their whole chain under our document, and under our anchor. */
    f.realm = own;
    memcpy(f.file, good, 8);
    assert_int_not_equal(verify_at(REALM_NOW_MS), OK);
    realm_close(&other);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(anchor_and_file_alone_tell_who_about_whom_and_when),
        CASE(every_changed_byte_is_refused),
        CASE(a_file_that_is_shorter_or_longer_is_refused),
        CASE(times_are_judged),
        CASE(only_a_hub_certifies_and_only_certificates_count),
        CASE(clean_with_a_restriction_is_no_statement),
        CASE(a_body_that_is_none_is_refused),
        CASE(a_signature_outside_its_key_or_its_registry_is_refused),
        CASE(a_key_that_was_revoked_by_then_certifies_nothing),
        CASE(two_keys_of_one_hub_make_no_certificate_either),
        CASE(what_two_have_signed_is_no_certificate),
        CASE(another_realms_anchor_does_not_vouch),
        CASE(a_record_from_another_registry_does_not_fit),
    };
    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
