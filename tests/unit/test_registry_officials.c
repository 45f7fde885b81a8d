/* Checks what keys/registry.h and keys/registrar.h promise of k of n officials: who signs, who does
 * not count, and drafts that wait for the others' signatures. */
#include "unit/registry_offices.h"

static void any_two_of_three_officials_sign(void **state)
{
    static const size_t pairs[][2] = {{0, 1}, {1, 2}, {2, 0}};
    (void)state;
    for (size_t i = 0; i < T_COUNT(pairs); i++) {
        const struct key *two[] = {w.realm.key[pairs[i][0]], w.realm.key[pairs[i][1]]};
        struct registry_make make = version_of(&w.realm, 1);
        make.officials = two;
        assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), OK);
        assert_int_equal(open_now(), OK);
    }
}

/* The first by its key, the second by its public key alone. */
static void who_is_named_by_key_and_who_by_public_key_sign_alike(void **state)
{
    struct registrar_make both = appointment(&w.realm);
    struct registry_make make;
    (void)state;
    both.keys = keys_of(&w.realm);
    both.key_count = 1;
    both.more = (const uint8_t(*)[KEY_PUBLIC_LEN])w.realm.public_key + 1;
    both.more_count = 1;
    appoint(&w.realm, &both, NULL);
    make = version_of(&w.realm, 1);
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), OK);
    assert_int_equal(open_now(), OK);
}

/* */
static void fewer_officials_than_the_threshold_are_410(void **state)
{
    struct registry_make make = version_of(&w.realm, 1);
    (void)state;
    make.official_count = 1;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_REGISTRY);
    assert_non_null(strstr(f.fault.detail, "1 of 2 signatures of registrar.000000"));
    assert_int_equal(open_now(), ERR_REGISTRY);
    /* One who is none of them does not count: the fourth key was not appointed. */
    const struct key *stranger[] = {w.realm.key[0], w.realm.key[3]};
    make.officials = stranger;
    make.official_count = 2;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_REGISTRY);
    /* Nor does another registrar's official. */
    const struct key *other[] = {w.realm.key[0], w.province.key[0]};
    make.officials = other;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_REGISTRY);
    /* One official twice is one: it cannot even be written. */
    const struct key *twice[] = {w.realm.key[0], w.realm.key[0]};
    make.officials = twice;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_KEY_REUSED);
}

/* D names one key twice and carries its signature twice. */
static void one_signer_twice_is_410(void **state)
{
    lianshu_Document *d = calloc(1, sizeof *d);
    static uint8_t bytes[FRAME_DOCUMENT_MAX], lsd[DOCUMENT_FRAME_MAX];
    struct writer d_w = writer_of(bytes, sizeof bytes), lsd_w = writer_of(lsd, sizeof lsd);
    const struct key *twice[] = {w.realm.key[0], w.realm.key[0]};
    struct frame_registry frame;
    struct frame_document document;
    struct span record;
    uint8_t hash[HASH_LEN], *old = malloc(FILE_CAP);
    unsigned number;
    (void)state;
    make_above();
    memcpy(old, f.file, f.len);
    assert_int_equal(frame_parse_registry(span_of(old, f.len), &frame), OK);
    assert_int_equal(frame_parse_document(first_of(&frame).version, &document), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, document.document, d), OK);
    d->issuers[1] = d->issuers[0];
    assert_int_equal(document_encode(d, &d_w, hash), OK);
    assert_int_equal(document_sign(writer_span(&d_w), twice, 2, &lsd_w), OK);
    struct writer out = writer_of(f.file, sizeof f.file);
    begin_file(&out, first_of(&frame).document, writer_span(&lsd_w), frame.count);
    while (frame_registry_next(&frame, &number, &record))
        frame_registry_add(&out, number, record);
    f.len = out.len;
    assert_int_equal(open_now(), ERR_REGISTRY);
    assert_non_null(strstr(f.fault.detail, "registry document: E221"));
    free(old);
    free(d);
}

static void a_registrar_is_refused_for_each_fault(void **state)
{
    static const struct {
        unsigned threshold;
        size_t keys;
        unsigned twice; /* key 1 is that of official 0 */
        const char *region;
        enum err want;
    } rows[] = {
        {1, 1, 0, "000000", OK},
        {7, 7, 0, "000000", OK},
        {2, 1, 0, "000000", ERR_REGISTRY},
        {8, 7, 0, "000000", ERR_REGISTRY},
        {1, 2, 1, "000000", ERR_KEY_REUSED},
        {1, 1, 0, "440000", ERR_REGISTRY},
        {1, 1, 0, "00", ERR_REGISTRY},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct registrar_make appoint_make = appointment(&w.realm);
        uint8_t keep[KEY_PUBLIC_LEN];
        print_message("row %zu\n", i);
        memcpy(keep, w.realm.public_key[1], sizeof keep);
        if (rows[i].twice != 0)
            memcpy(w.realm.public_key[1], w.realm.public_key[0], sizeof keep);
        appoint_make.threshold = rows[i].threshold;
        appoint_make.more_count = rows[i].keys;
        appoint_make.region = rows[i].region;
        appoint(&w.realm, &appoint_make, NULL);
        struct registry_make make = version_of(&w.realm, 1);
        make.official_count = rows[i].threshold < rows[i].keys ? rows[i].threshold : rows[i].keys;
        assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), rows[i].want);
        memcpy(w.realm.public_key[1], keep, sizeof keep);
    }
}

/* K-12: one key, one purpose. */
static void an_official_has_no_other_key(void **state)
{
    struct registrar_make appoint_make = appointment(&w.realm);
    struct registry_make make;
    struct office_signers signers;
    (void)state;
    /* A member's. */
    memcpy(w.realm.public_key[2], f.realm->records[1].keys[0].public_key, KEY_PUBLIC_LEN);
    appoint(&w.realm, &appoint_make, NULL);
    make = version_of(&w.realm, 1);
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_KEY_REUSED);
    assert_non_null(strstr(f.fault.detail, f.realm->records[1].member));
    /* The root's. */
    memcpy(w.realm.public_key[2], key_public(f.realm->root), KEY_PUBLIC_LEN);
    appoint(&w.realm, &appoint_make, NULL);
    make = version_of(&w.realm, 1);
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_KEY_REUSED);
    assert_non_null(strstr(f.fault.detail, "the root"));
    /* Another registrar's. */
    memcpy(w.realm.public_key[2], w.realm.public_key[3], KEY_PUBLIC_LEN);
    appoint(&w.realm, &appoint_make, NULL);
    memcpy(w.province.public_key[2], w.realm.public_key[0], KEY_PUBLIC_LEN);
    appoint_make = appointment(&w.province);
    signers = (struct office_signers){
        .member = w.realm.member, .keys = keys_of(&w.realm), .key_count = 2};
    appoint_as(&w.province, &appoint_make, &signers);
    const struct span part = city_part(0, &w.province, 2);
    assert_int_equal(build_with(&part, 1), ERR_KEY_REUSED);
}

/* ---- drafts ---- */

static struct registry_make draft_make(void)
{
    struct registry_make make = version_of(&w.realm, 1);
    make.official_count = 1;
    make.later = (const uint8_t(*)[KEY_PUBLIC_LEN])w.realm.public_key + 1;
    make.later_count = 1;
    return make;
}

static enum err sign_file(const struct key *key)
{
    static uint8_t lsd[DOCUMENT_FRAME_MAX], old[FILE_CAP];
    struct writer g = writer_of(lsd, sizeof lsd);
    struct mix m;
    memcpy(old, f.file, f.len);
    read_mix(&m, span_of(old, f.len));
    enum err err = document_add_signature(m.registrar[0].version, key, &g);
    if (err != OK)
        return err;
    m.registrar[0].version = writer_span(&g);
    (void)open_mix(&m);
    return OK;
}

static void a_draft_waits_for_those_it_names_and_nobody_else_believes_it(void **state)
{
    struct registry *r = NULL;
    uint32_t signed_by = 0;
    const struct registry_make make = draft_make();
    (void)state;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), OK);
    assert_int_equal(open_now(), ERR_REGISTRY);
    assert_int_equal(
        registry_open_draft(&r, &f.realm->anchor, span_of(f.file, f.len), &signed_by, &f.fault),
        OK);
    assert_int_equal(signed_by, 1);
    assert_int_equal(registry_member_count(r), REALM_MEMBERS);
    registry_close(&r);
    assert_int_equal(sign_file(w.realm.key[2]),
                     ERR_KEY_NOT_SENDERS); /* an official, but not named */
    assert_int_equal(sign_file(w.realm.key[0]), ERR_EXISTS);
    assert_int_equal(sign_file(w.realm.key[1]), OK);
    assert_int_equal(open_now(), OK);
}

static void every_changed_byte_of_a_draft_is_refused(void **state)
{
    const struct registry_make make = draft_make();
    (void)state;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), OK);
    for (size_t at = 0; at < f.len; at += 3) {
        struct registry *r = NULL;
        uint32_t signed_by;
        f.file[at] ^= 0x02;
        assert_int_not_equal(
            registry_open_draft(&r, &f.realm->anchor, span_of(f.file, f.len), &signed_by, &f.fault),
            OK);
        assert_null(r);
        f.file[at] ^= 0x02;
    }
}

static void a_draft_names_enough_officials(void **state)
{
    struct registry_make make = draft_make();
    (void)state;
    make.later_count = 0; /* one alone, of two */
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_REGISTRY);
    make = draft_make();
    make.later = (const uint8_t(*)[KEY_PUBLIC_LEN])w.province.public_key;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_REGISTRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHAIN_CASE(any_two_of_three_officials_sign),
        CHAIN_CASE(who_is_named_by_key_and_who_by_public_key_sign_alike),
        CHAIN_CASE(fewer_officials_than_the_threshold_are_410),
        CHAIN_CASE(one_signer_twice_is_410),
        CHAIN_CASE(a_registrar_is_refused_for_each_fault),
        CHAIN_CASE(an_official_has_no_other_key),
        CHAIN_CASE(a_draft_waits_for_those_it_names_and_nobody_else_believes_it),
        CHAIN_CASE(every_changed_byte_of_a_draft_is_refused),
        CHAIN_CASE(a_draft_names_enough_officials),
    };
    return cmocka_run_group_tests_name("registry_officials", tests, NULL, NULL);
}
