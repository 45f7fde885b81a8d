/* Checks what keys/amend.h promises of amendments that are applied again: by the version that comes
 * after theirs, and where they were kept. */
#include "unit/amend_papers.h"

#include "keys/amend_table.h"
#include "keys/registry_table.h"

static void another_version_keeps_what_the_last_one_was_amended_by(void **state)
{
    const struct key *sign = realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN);
    const lianshu_Revocation body = of_key(1, REALM_HEALTH, sign, NOW - HOUR);
    const lianshu_MemberKey key = entry(f.key[0], NOW, NOW + REALM_DAY_MS);
    struct registry *next = NULL;
    (void)state;
    applied(revocation(&body, NULL));
    applied(record(1, &key, 1, 0));
    assert_int_equal(
        registry_open(&next, &f.realm->anchor, span_of(f.realm->file, f.realm->file_len), 0, NULL),
        OK);
    assert_int_equal(registry_amend_from(next, f.r, NULL), OK);
    assert_memory_equal(registry_amended(next).data, registry_amended(f.r).data, HASH_LEN);
    registry_close(&next);
    /* a version that neither has it nor lets it be verified would undo it: it must not be used */
    assert_int_equal(
        registry_open(&next, &f.realm->anchor, span_of(f.realm->file, f.realm->file_len), 0, NULL),
        OK);
    next->registrars[0].kid[0][0] ^= 1;
    assert_int_equal(registry_amend_from(next, f.r, NULL), ERR_REGISTRY);
    /* one that says that it holds it, and does not revoke the key, holds another one by that
     * number: whether the document verifies under it or not */
    next->registrars[0].revocations = 1;
    assert_int_equal(registry_amend_from(next, f.r, NULL), ERR_NUMBER_TWICE);
    next->registrars[0].kid[0][0] ^= 1;
    assert_int_equal(registry_amend_from(next, f.r, NULL), ERR_NUMBER_TWICE);
    /* one that has it in its records goes on with the numbers */
    const struct registry_key *found;
    assert_int_equal(registry_key(next, key_kid(sign), &found), OK);
    next->keys[found - next->keys].revoked_ms = NOW - HOUR;
    assert_int_equal(registry_amend_from(next, f.r, NULL), OK);
    assert_int_equal(registry_amendment_count(next), 1);
    registry_close(&next);
}

/* What was applied in advance meets another member's key later: it is void, and its number counts,
 * or no version would ever be taken again. */
static void an_applied_revocation_of_anothers_key_is_void_and_keeps_its_number(void **state)
{
    const struct key *market = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const struct key *health = realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN);
    lianshu_Revocation body = of_key(1, REALM_HEALTH, market, 0);
    (void)state;
    refused(revocation(&body, NULL), ERR_KEY_NOT_SENDERS);
    assert_int_equal(registry_amend_again(f.r, revocation(&body, NULL), NOW, &f.fault), OK);
    assert_int_equal(judged(market, REALM_MARKET, NOW), OK);
    body = of_key(2, REALM_HEALTH, health, 0);
    assert_int_equal(registry_amend_again(f.r, revocation(&body, NULL), NOW, &f.fault), OK);
    assert_int_equal(judged(health, REALM_HEALTH, NOW), ERR_REVOKED);
    assert_int_equal(judged(market, REALM_MARKET, NOW), OK);
}

/* Other officials now, and the version has the revocations in its records: they are not verified
 * again, and the version is taken. */
static void a_version_of_new_officials_that_has_the_revocations_is_taken(void **state)
{
    const struct key *sign = realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN);
    const lianshu_Revocation body = of_key(1, REALM_HEALTH, sign, NOW - HOUR);
    struct registry *next = NULL;
    (void)state;
    applied(revocation(&body, NULL));
    assert_int_equal(
        registry_open(&next, &f.realm->anchor, span_of(f.realm->file, f.realm->file_len), 0, NULL),
        OK);
    next->registrars[0].kid[0][0] ^= 1;
    assert_int_equal(registry_amend_from(next, f.r, NULL), ERR_REGISTRY);
    next->registrars[0].revocations = 1;
    assert_int_equal(registry_amend_from(next, f.r, NULL), ERR_NUMBER_TWICE);
    const struct registry_key *found;
    assert_int_equal(registry_key(next, key_kid(sign), &found), OK);
    next->keys[found - next->keys].revoked_ms = NOW - HOUR;
    assert_int_equal(registry_amend_from(next, f.r, NULL), OK);
    registry_close(&next);
}

/* Applied once, it says; whoever kept it may be mistaken, and what cannot be looked at is not
 * passed over. */
static void only_a_revocation_that_the_version_has_is_passed_over(void **state)
{
    const struct key *registrar = f.realm->registrar;
    const struct key *sign = realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN);
    const uint32_t revokes = lianshu_DocumentType_TYPE_KEY_REVOCATION;
    const lianshu_Revocation body = of_key(1, REALM_HEALTH, sign, 0);
    const lianshu_MemberRecord none = f.realm->records[1];
    const struct {
        struct craft craft;
        const pb_msgdesc_t *desc;
        const void *body;
    } rows[] = {
        {{revokes, "registrar.445200", &registrar, 1, 0, NULL}, &lianshu_Revocation_msg, &body},
        {{revokes, "registrar.445100", &sign, 1, 0, NULL}, &lianshu_MemberRecord_msg, &none},
        {{lianshu_DocumentType_TYPE_REGISTRY, "registrar.445100", &sign, 1, 0, NULL},
         &lianshu_Revocation_msg,
         &body},
    };
    (void)state;
    f.r->registrars[0].revocations = 1;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_not_equal(
            registry_amend_again(f.r, document(&rows[i].craft, rows[i].desc, rows[i].body), NOW,
                                 NULL),
            OK);
    }
    assert_int_not_equal(registry_amend_again(f.r, span_str("LSD1"), NOW, NULL), OK);
    uint8_t bytes[sizeof f.bytes]; /* a document that is none, where one belongs */
    struct frame_document frame = {.document = span_str("none"), .count = 1};
    struct frame_document whole;
    assert_int_equal(frame_parse_document(revocation(&body, NULL), &whole), OK);
    frame.signatures[0] = whole.signatures[0];
    struct writer w = writer_of(bytes, sizeof bytes);
    frame_write_document(&w, &frame);
    assert_int_not_equal(registry_amend_again(f.r, writer_span(&w), NOW, NULL), OK);
    lianshu_Document *d = calloc(1, sizeof *d); /* and one that nobody issues */
    assert_non_null(d);
    assert_int_equal(frame_parse_document(revocation(&body, NULL), &whole), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, whole.document, d), OK);
    d->issuers_count = 0;
    uint8_t encoded[sizeof f.bytes];
    struct writer e = writer_of(encoded, sizeof encoded);
    assert_int_equal(wire_encode(&lianshu_Document_msg, d, &e), OK);
    free(d);
    frame.document = writer_span(&e);
    w = writer_of(bytes, sizeof bytes);
    frame_write_document(&w, &frame);
    assert_int_not_equal(registry_amend_again(f.r, writer_span(&w), NOW, NULL), OK);
    assert_int_equal(registry_amendment_count(f.r), 0);
}

/* The version has dropped the key with the revocation, or another member has it there. */
static void a_revocation_whose_key_is_gone_is_passed_over(void **state)
{
    const struct key *market = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const lianshu_Revocation gone = of_key(1, REALM_HEALTH, f.key[0], 0);
    const lianshu_Revocation moved = of_key(1, REALM_HEALTH, market, 0);
    (void)state;
    f.r->registrars[0].revocations = 1;
    assert_int_equal(registry_amend_again(f.r, revocation(&gone, NULL), NOW, NULL), OK);
    assert_int_equal(registry_amend_again(f.r, revocation(&moved, NULL), NOW, NULL), OK);
    assert_int_equal(registry_amendment_count(f.r), 0);
    assert_int_equal(judged(market, REALM_MARKET, NOW), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(another_version_keeps_what_the_last_one_was_amended_by),
        CASE(an_applied_revocation_of_anothers_key_is_void_and_keeps_its_number),
        CASE(a_version_of_new_officials_that_has_the_revocations_is_taken),
        CASE(only_a_revocation_that_the_version_has_is_passed_over),
        CASE(a_revocation_whose_key_is_gone_is_passed_over),
    };
    return cmocka_run_group_tests_name("amend_again", tests, NULL, NULL);
}
