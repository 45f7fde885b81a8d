/* Evidence where registrars below the realm's vouch for members and revoke their keys, in a chain
 * of three: by both verifiers, and what both refuse. */
#include "scenario/both.h"
#include "scenario/delegation.h"

#include "base/clock.h"
#include "cli/evidence.h"
#include "fault/memory.h"
#include "fault/refusal.h"
#include "keys/evidence.h"
#include "keys/registrar.h"

#include <stdio.h>
#include <stdlib.h>

#define VERIFY     "evidence verify b --anchor anchor.yaml"
#define CITY       "b/registrars/registrar.445100"
#define REVOCATION lianshu_DocumentType_TYPE_KEY_REVOCATION

static void a_member_of_a_registrar_three_deep_is_proven_and_so_is_its_revocation(void **state)
{
    struct book *b = *state;
    delegation_export(b);
    must(b->terminal, VERIFY);
    assert_says(b->terminal, "1 are signed by their senders");
    assert_says(b->terminal, "by registrar.445100 up to number 1 are taken into account");
    assert_says(b->terminal, "by registrar.440000 after number 0 are not known here");
    assert_null(strstr(b->terminal->out, "other registrars after version")); /* they are all here */
    assert_int_equal(book_script(b, "b", "anchor.yaml"), 0);
    char *said = read_text("script.out");
    assert_non_null(strstr(said, "by registrar.445100 up to number 1"));
    free(said);
    assert_true(there_is(CITY ".lsd") && there_is("b/registrars/registrar.440000.version"));
}

static void one_byte_of_an_appointment_or_of_its_part_is_found_by_both(void **state)
{
    struct book *b = *state;
    delegation_export(b);
    book_flip(b, "b", "registrars/registrar.440000.lsd");
    book_flip(b, "b", "registrars/registrar.440000.version");
    book_flip(b, "b", "registrars/registrar.445100.lsd");
    book_flip(b, "b", "registrars/registrar.445100.version");
    book_flip(b, "b", "revocations/registrar.445100-00000001.lsd");
}

static void a_delegate_that_is_missing_is_named_by_both(void **state)
{
    struct book *b = *state;
    delegation_export(b);
    assert_int_equal(remove("b/registrars/registrar.440000.lsd"), 0);
    assert_int_equal(remove("b/registrars/registrar.440000.version"), 0);
    book_fit("b");
    both_refuse(b, "E407 registrars/registrar.445100.lsd");
}

/* the province's officials appoint beyond their region. */
static void a_delegate_outside_its_issuers_region_is_refused_by_both(void **state)
{
    struct book *b = *state;
    struct office far = {.member = "registrar.350000"};
    size_t len;
    delegation_export(b);
    assert_int_equal(key_make(&far.key, KEY_USE_REGISTRAR, 0, &b->world->entropy), OK);
    delegation_appoint(b, &far, &delegation_province, NULL);
    char *version = book_read(CITY ".version", &len);
    assert_int_equal(remove(CITY ".version"), 0);
    assert_int_equal(remove(CITY ".lsd"), 0);
    assert_int_equal(remove("b/revocations/registrar.445100-00000001.lsd"), 0);
    book_add_file("b", "registrars/registrar.350000.version", span_of(version, len));
    book_add_file("b", "registrars/registrar.350000.lsd", delegation_paper(&far));
    /* Names sort from above downwards: whoever appoints it stands behind it. */
    both_refuse(b, "E4");
    assert_int_equal(remove("b/registrars/registrar.350000.version"), 0);
    assert_int_equal(remove("b/registrars/registrar.350000.lsd"), 0);
    struct office other = {.member = "registrar.450000", .key = far.key};
    delegation_appoint(b, &other, &delegation_province, NULL);
    book_add_file("b", "registrars/registrar.450000.version", span_of(version, len));
    book_add_file("b", "registrars/registrar.450000.lsd", delegation_paper(&other));
    both_refuse(b, "E409 registrars/registrar.450000.lsd");
    free(version);
    key_close(&far.key);
}

/* wider in types than who appointed it. */
static void a_delegate_wider_in_types_than_its_issuer_is_refused_by_both(void **state)
{
    struct book *b = *state;
    uint8_t few[GRANT_TYPES_LEN] = {0};
    delegation_export(b);
    grant_add(few, lianshu_DocumentType_TYPE_SANCTION_ORDER);
    delegation_appoint(b, &delegation_province, &delegation_realm, few);
    book_add_file("b", "registrars/registrar.440000.lsd", delegation_paper(&delegation_province));
    both_refuse(b, "E409 registrars/registrar.445100.lsd");
}

/* Whoever may not register a member does not revoke its keys either. */
static void a_revocation_beyond_the_delegates_types_is_refused_by_both(void **state)
{
    struct book *b = *state;
    uint8_t few[GRANT_TYPES_LEN] = {0};
    delegation_export(b);
    grant_add(few, lianshu_DocumentType_TYPE_SANCTION_ORDER);
    delegation_appoint(b, &delegation_city, &delegation_province, few);
    book_add_file("b", "registrars/registrar.445100.lsd", delegation_paper(&delegation_city));
    both_refuse(b, "E409 revocations/registrar.445100-00000001.lsd");
}

static void a_revocation_outside_the_delegates_region_is_refused_by_both(void **state)
{
    struct book *b = *state;
    delegation_export(b);
    book_add_file("b", "revocations/registrar.445100-00000001.lsd",
                  delegation_revocation(b, &delegation_city, "market.440000", 1));
    both_refuse(b, "E402 revocations/registrar.445100-00000001.lsd");
}

static void a_fourth_registrar_in_a_chain_is_refused_by_both(void **state)
{
    struct book *b = *state;
    struct office district = {.member = "registrar.445102"};
    size_t len;
    delegation_export(b);
    assert_int_equal(key_make(&district.key, KEY_USE_REGISTRAR, 0, &b->world->entropy), OK);
    delegation_appoint(b, &district, &delegation_city, NULL);
    char *version = book_read(CITY ".version", &len);
    book_add_file("b", "registrars/registrar.445102.version", span_of(version, len));
    book_add_file("b", "registrars/registrar.445102.lsd", delegation_paper(&district));
    both_refuse(b, "E407 registrars/registrar.445102.lsd");
    free(version);
    key_close(&district.key);
}

/* An empty document would name nobody whose officials could have signed it. */
static void what_is_no_revocation_is_refused_by_both(void **state)
{
    struct book *b = *state;
    delegation_export(b);
    book_add_file("b", "revocations/registrar.445100-00000002.lsd", span_str("no document"));
    both_refuse(b, "E814 revocations/registrar.445100-00000002.lsd");
    /* signed, and about nothing that could be revoked */
    const lianshu_RegistryVersion other = {.version = 2, .valid_until_ms = 7};
    book_add_file(
        "b", "revocations/registrar.445100-00000002.lsd",
        delegation_called(b, &delegation_city, REVOCATION, &lianshu_RegistryVersion_msg, &other));
    both_refuse(b, "E210 revocations/registrar.445100-00000002.lsd");
}

static struct {
    struct evidence_pack pack;
    const struct anchor *anchor;
} found;

static enum err verified(void)
{
    struct evidence_reader *reader = NULL;
    struct evidence *evidence = NULL;
    struct fault fault = {0};
    enum err err = evidence_reader_open(&reader, found.anchor);
    assert_true((err == OK) == (reader != NULL));
    if (err == OK)
        err = evidence_verify(reader, found.pack.bundle, &evidence, &fault);
    assert_true((err == OK) == (evidence != NULL));
    evidence_close(&evidence);
    evidence_reader_close(&reader);
    return err;
}

/* A bundle that memory did not suffice for is not called forged, nor is one called good of which
 * not all could be read. */
static void without_what_it_needs_nothing_is_said_of_a_bundle(void **state)
{
    struct book *b = *state;
    delegation_export(b);
    found.anchor = &b->world->anchor;
    assert_int_equal(evidence_pack_read(&found.pack, "b", NULL), OK);
    memory_hold("evidence", verified);
    refusal_hold("evidence", verified);
    evidence_pack_close(&found.pack);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, delegation_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_member_of_a_registrar_three_deep_is_proven_and_so_is_its_revocation),
        EACH(one_byte_of_an_appointment_or_of_its_part_is_found_by_both),
        EACH(a_delegate_that_is_missing_is_named_by_both),
        EACH(a_delegate_outside_its_issuers_region_is_refused_by_both),
        EACH(a_delegate_wider_in_types_than_its_issuer_is_refused_by_both),
        EACH(a_revocation_beyond_the_delegates_types_is_refused_by_both),
        EACH(a_revocation_outside_the_delegates_region_is_refused_by_both),
        EACH(a_fourth_registrar_in_a_chain_is_refused_by_both),
        EACH(what_is_no_revocation_is_refused_by_both),
        EACH(without_what_it_needs_nothing_is_said_of_a_bundle),
    };
    return cmocka_run_group_tests_name("evidence_delegates", tests, NULL, NULL);
}
