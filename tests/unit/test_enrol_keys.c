/* Checks what keys/enrol.h promises of the keys that are asked for, one by one and two by two, and
 * of requests that a member's own program would not write. */
#include "unit/enrol_desk.h"

#include "keys/enrol_parts.h"
#include "keys/init.h"
#include "keys/roles.h"

#include <sodium.h>

static void an_officials_key_has_one_role_and_no_other_has_any(void **state)
{
    struct key *official = make(KEY_USE_OFFICIAL);
    lianshu_MemberKey rows[2];
    (void)state;
    row_of(&rows[0], official);
    rows[1] = f.keys[0];
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const bool needs = i == 0;
        rows[i].roles = 0;
        assert_int_equal(enrol_key_check(&rows[i], NOW, &f.fault), needs ? ERR_FIELD_VALUE : OK);
        rows[i].roles = ROLES_OPERATOR;
        assert_int_equal(enrol_key_check(&rows[i], NOW, &f.fault), needs ? OK : ERR_FIELD_VALUE);
        rows[i].roles = needs ? ROLES_OPERATOR : 0;
        rows[i].revoked_ms = NOW;
        assert_int_equal(enrol_key_check(&rows[i], NOW, &f.fault), ERR_FIELD_VALUE);
    }
    key_close(&official);
}

/* In either order, whichever came first. */
static void two_keys_of_one_secret_are_told_apart_from_two_keys(void **state)
{
    lianshu_MemberKey sign = f.keys[0];
    lianshu_MemberKey follows = f.keys[1];
    lianshu_MemberKey log = f.keys[0];
    (void)state;
    assert_int_equal(crypto_sign_ed25519_pk_to_curve25519(follows.public_key, sign.public_key), 0);
    log.use = lianshu_KeyUse_KEY_LOG;
    const struct {
        const lianshu_MemberKey *a, *b;
        enum err want;
    } rows[] = {
        {&f.keys[0], &f.keys[1], OK},         {&f.keys[1], &f.keys[0], OK},
        {&f.keys[1], &f.keys[2], OK},         {&sign, &follows, ERR_KEY_REUSED},
        {&follows, &sign, ERR_KEY_REUSED},    {&sign, &log, ERR_KEY_REUSED},
        {&follows, &follows, ERR_KEY_REUSED},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(enrol_keys_differ(rows[i].a, rows[i].b, &f.fault), rows[i].want);
    }
    struct key *other = make(KEY_USE_SIGN);
    row_of(&log, other);
    assert_int_equal(enrol_keys_differ(&sign, &log, &f.fault), OK); /* of two secrets */
    key_close(&other);
}

static void a_wish_is_of_a_known_purpose_and_of_keys_as_they_are(void **state)
{
    struct enrol_wish w = wish();
    (void)state;
    f.entry.invitation.use[0] = 'A';
    assert_int_equal(ask(&w), ERR_KEY_USE);
    f.entry.invitation.use[0] = 'a';
    f.keys[0].use = lianshu_KeyUse_KEY_LOG; /* it is in the key file, for another use */
    assert_int_equal(ask(&w), ERR_POSSESSION);
    f.keys[0].use = lianshu_KeyUse_KEY_SIGN;
    f.keys[0].valid_until_ms = NOW;
    assert_int_equal(ask(&w), ERR_KEY_EXPIRED);
    f.keys[0].valid_until_ms = NOW + 1;
    assert_int_equal(ask(&w), OK);
}

static void proof_of_a_signing_key(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    body->keys[0].proof.size = HASH_LEN;
}

static void nameless_use(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    body->keys[0].key.use = lianshu_KeyUse_KEY_NONE;
}

/* The request anew, in the name of another member than the one that is to be enrolled. */
static void sign_as_another(const struct key *const *signers)
{
    static lianshu_Document d;
    uint8_t bytes[ENROL_FRAME_MAX];
    uint8_t hash[HASH_LEN];
    struct frame_document frame;
    struct writer w = writer_of(bytes, sizeof bytes);
    assert_int_equal(frame_parse_document(writer_span(&f.file), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, frame.document, &d), OK);
    for (pb_size_t i = 0; i < d.issuers_count; i++)
        strcpy(d.issuers[i].member, REALM_HEALTH);
    assert_int_equal(document_encode(&d, &w, hash), OK);
    f.file.len = 0;
    assert_int_equal(document_sign(writer_span(&w), signers, d.issuers_count, &f.file), OK);
}

/* Signed with what the member holds: the code, and the signing key. */
static void what_no_members_program_writes_is_refused(void **state)
{
    static const struct {
        change_fn *change;
        enum err want;
    } rows[] = {
        {proof_of_a_signing_key, ERR_POSSESSION},
        {nameless_use, ERR_KEY_USE},
    };
    struct key *code = NULL;
    (void)state;
    assert_int_equal(enrol_code_key(f.code, &f.entry.invitation, &code), OK);
    const struct key *const signers[] = {code, keyring_find(f.ring, KEY_USE_SIGN)};
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        asked();
        forge(rows[i].change, signers, T_COUNT(signers));
        assert_int_equal(verify(), rows[i].want);
    }
    asked();
    assert_int_equal(verify(), OK);
    sign_as_another(signers);
    assert_int_equal(verify(), ERR_POSSESSION);
    key_close(&code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_officials_key_has_one_role_and_no_other_has_any),
        CASE(two_keys_of_one_secret_are_told_apart_from_two_keys),
        CASE(a_wish_is_of_a_known_purpose_and_of_keys_as_they_are),
        CASE(what_no_members_program_writes_is_refused),
    };
    if (keys_init() != OK)
        return 1;
    return cmocka_run_group_tests_name("enrol_keys", tests, NULL, NULL);
}
