/* Checks the promises in keys/enrol.h of invitations, requests and the keys that are asked for:
 * attacks K-01, K-02, K-07, K-12. */
#include "unit/enrol_desk.h"

#include "keys/enrol_parts.h"
#include "keys/init.h"
#include "keys/roles.h"

/* ---- K-01 ---- */

static void a_request_is_admitted_and_verified(void **state)
{
    (void)state;
    asked();
    assert_int_equal(admit(NOW), OK);
    assert_int_equal(verify(), OK);
    assert_int_equal(f.entry.wrong, 0);
}

static void a_code_serves_one_request(void **state)
{
    (void)state;
    asked();
    struct enrol_request r = request();
    assert_int_equal(enrol_admit(&f.entry, &r, NOW, &f.fault), OK);
    enrol_use(&f.entry, &r);
    /* The second official, also later than the invitation's end. */
    assert_int_equal(admit(f.entry.invitation.expires_ms + 1), OK);
    asked(); /* another salt: another request */
    assert_int_equal(admit(NOW), ERR_ENROL_CODE);
}

static void what_was_not_verified_uses_nothing_up(void **state)
{
    (void)state;
    asked();
    assert_int_equal(admit(NOW), OK);
    asked();
    assert_int_equal(admit(NOW), OK);
}

static void an_invitation_ends(void **state)
{
    struct enrol_wish w = wish();
    (void)state;
    assert_int_equal(ask(&w), OK);
    assert_int_equal(admit(f.entry.invitation.expires_ms - 1), OK);
    assert_int_equal(admit(f.entry.invitation.expires_ms), ERR_ENROL_CODE);
    w.now_ms = f.entry.invitation.expires_ms;
    assert_int_equal(ask(&w), ERR_ENROL_CODE);
}

static void wrong_codes_are_counted_and_lock_the_invitation_for_the_right_one_too(void **state)
{
    struct enrol_code *wrong = NULL;
    (void)state;
    for (unsigned i = 1; i <= ENROL_WRONG_MAX; i++) {
        assert_int_equal(enrol_code_make(&wrong, &f.entropy), OK);
        struct enrol_wish w = wish();
        w.code = wrong;
        assert_int_equal(ask(&w), OK);
        assert_int_equal(admit(NOW), ERR_ENROL_CODE);
        assert_int_equal(f.entry.wrong, i);
        enrol_code_close(&wrong);
    }
    asked();
    assert_int_equal(admit(NOW), ERR_ENROL_CODE);
    assert_int_equal(f.entry.wrong, ENROL_WRONG_MAX);
}

static void an_invitation_that_nobody_made_is_refused(void **state)
{
    (void)state;
    asked();
    const struct enrol_request r = request();
    assert_int_equal(enrol_admit(NULL, &r, NOW, &f.fault), ERR_ENROL_CODE);
    f.entry.invitation.id[3] ^= 1;
    assert_int_equal(admit(NOW), ERR_ENROL_CODE);
    assert_int_equal(f.entry.wrong, 0);
}

static void an_invitation_is_for_one_member_adapter_and_use(void **state)
{
    static const char *const fields[] = {"member", "adapter", "use"};
    (void)state;
    asked();
    for (size_t i = 0; i < T_COUNT(fields); i++) {
        const struct enrol_invitation was = f.entry.invitation;
        if (i == 0)
            snprintf(f.entry.invitation.member, sizeof was.member, "%s", REALM_HEALTH);
        else if (i == 1)
            snprintf(f.entry.invitation.adapter, sizeof was.adapter, "a2");
        else
            snprintf(f.entry.invitation.use, sizeof was.use, "hub");
        assert_int_equal(verify(), ERR_ENROL_CODE);
        f.entry.invitation = was;
    }
}

static void an_official_is_enrolled_in_the_role_of_the_invitation(void **state)
{
    struct enrol_invitation *invitation = &f.entry.invitation;
    struct key *key = make(KEY_USE_OFFICIAL);
    struct enrol_wish w = wish();
    (void)state;
    snprintf(invitation->use, sizeof invitation->use, "official");
    row_of(&f.keys[0], key);
    w.key_count = 1;
    assert_int_equal(keyring_add(f.ring, &key), OK);
    assert_int_equal(ask(&w), ERR_FIELD_VALUE); /* no role */
    invitation->role = ROLES_OPERATOR;
    assert_int_equal(ask(&w), OK);
    assert_int_equal(admit(NOW), OK);
    assert_int_equal(verify(), OK);
    assert_int_equal(request().body.keys[0].key.roles, ROLES_OPERATOR);
    invitation->role = ROLES_SECURITY;
    assert_int_equal(verify(), ERR_ENROL_CODE);
    invitation->role = ROLES_OPERATOR | ROLES_SECURITY;
    assert_int_equal(ask(&w), ERR_FIELD_VALUE);
}

static void as_an_approval(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)body;
    d->type = lianshu_DocumentType_TYPE_ENROLMENT_APPROVAL;
}

static void what_is_no_request_or_longer_than_one_is_refused(void **state)
{
    static uint8_t longer[ENROL_FRAME_MAX + 1];
    struct enrol_request r;
    struct enrol_wish w = wish();
    (void)state;
    assert_int_equal(enrol_request_read(&r, span_of(longer, sizeof longer), &f.fault),
                     ERR_TOO_LARGE);
    assert_int_equal(enrol_request_read(&r, span_of(longer, 64), &f.fault), ERR_FRAME_EMPTY);
    asked();
    forge(as_an_approval, NULL, 0);
    assert_int_equal(enrol_request_read(&r, writer_span(&f.file), &f.fault), ERR_TYPE_UNKNOWN);
    w.key_count = ENROL_KEYS_MAX + 1;
    assert_int_equal(ask(&w), ERR_TOO_LARGE);
    lianshu_MemberKey key = f.keys[0];
    key.use = lianshu_KeyUse_KEY_NONE;
    assert_int_equal(enrol_key_check(&key, NOW, &f.fault), ERR_KEY_USE);
}

static void a_request_of_another_realm_is_refused(void **state)
{
    (void)state;
    asked();
    snprintf(f.entry.invitation.realm, sizeof f.entry.invitation.realm, "other");
    assert_int_equal(verify(), ERR_REALM);
}

/* ---- K-02 ---- */

static void no_key_is_asked_for_that_the_member_does_not_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        const lianshu_MemberKey was = f.keys[i];
        struct key *foreign = make((enum key_use)was.use);
        row_of(&f.keys[i], foreign);
        const struct enrol_wish w = wish();
        assert_int_equal(ask(&w), ERR_POSSESSION);
        key_close(&foreign);
        f.keys[i] = was;
    }
}

static size_t victim; /* which key the change is about */

static void without_proof(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    body->keys[victim].proof.size = 0;
}

static void wrong_proof(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    body->keys[victim].proof.bytes[7] ^= 1;
}

static void short_proof(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    body->keys[victim].proof.size = 31;
}

static void swapped_proofs(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    const lianshu_EnrolmentKey was = body->keys[1];
    body->keys[1].proof = body->keys[2].proof;
    body->keys[2].proof = was.proof;
}

static void unchanged(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    (void)body;
}

static void drop_key(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    body->keys[victim] = body->keys[body->keys_count - 1];
    body->keys_count--;
}

static void a_proof_missing_for_one_of_three_keys_is_refused(void **state)
{
    const struct key *signers[] = {keyring_find(f.ring, KEY_USE_SIGN), NULL};
    struct key *code = NULL;
    (void)state;
    assert_int_equal(enrol_code_key(f.code, &f.entry.invitation, &code), OK);
    signers[1] = code;
    asked();
    forge(unchanged, signers, 2);
    assert_int_equal(verify(), OK);
    for (victim = 1; victim < KEYS; victim++) {
        static change_fn *const changes[] = {without_proof, wrong_proof, short_proof,
                                             swapped_proofs};
        for (size_t i = 0; i < T_COUNT(changes); i++) {
            asked();
            forge(changes[i], signers, 2);
            assert_int_equal(verify(), ERR_POSSESSION);
        }
    }
    for (victim = 0; victim < KEYS; victim++) {
        asked();
        forge(drop_key, signers, 2);
        assert_int_not_equal(verify(), OK);
    }
    key_close(&code);
}

static void the_code_and_every_signing_key_must_have_signed(void **state)
{
    const struct key *sign = keyring_find(f.ring, KEY_USE_SIGN);
    struct key *stranger = make(KEY_USE_SIGN);
    const struct key *both[] = {stranger, sign};
    struct key *code = NULL;
    (void)state;
    asked();
    assert_int_equal(enrol_code_key(f.code, &f.entry.invitation, &code), OK);
    forge(unchanged, &sign, 1); /* the code has not */
    assert_int_equal(admit(NOW), OK);
    assert_int_equal(verify(), ERR_POSSESSION);
    asked();
    forge(unchanged, (const struct key *const[]){code}, 1); /* the key has not */
    assert_int_equal(verify(), ERR_POSSESSION);
    asked();
    forge(unchanged, both, 2); /* another key in its place */
    assert_int_equal(verify(), ERR_POSSESSION);
    asked();
    forge(unchanged, (const struct key *const[]){stranger}, 1);
    assert_int_equal(verify(), ERR_POSSESSION);
    asked();
    victim = 1;
    forge(wrong_proof, NULL, 0); /* the old signatures under other bytes */
    assert_int_equal(verify(), ERR_POSSESSION);
    key_close(&code);
    key_close(&stranger);
}

/* A second invitation, whose code the attacker holds: he takes over what the member has proven. */
static struct enrol_request stolen;

static struct enrol_invitation second;

static uint8_t second_code_key[KEY_PUBLIC_LEN];

static void under_another_code(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    *body = stolen.body;
    memcpy(body->invitation, second.id, FRAME_ID_LEN);
    memcpy(body->code_key, second_code_key, KEY_PUBLIC_LEN);
}

static struct key *thief; /* his own signing key, beside what is not his */

static void beside_a_key_of_his_own(lianshu_Document *d, lianshu_Enrolment *body)
{
    under_another_code(d, body);
    row_of(&body->keys[0].key, thief);
}

static void a_proof_is_not_replayed_under_another_code(void **state)
{
    struct enrol_entry entry = {.invitation = invite(REALM_MARKET)};
    struct enrol_code *code = NULL;
    (void)state;
    asked();
    stolen = request();
    second = entry.invitation;
    assert_int_equal(enrol_code_make(&code, &f.entropy), OK);
    assert_int_equal(enrol_code_hash(code, &second, entry.code_hash), OK);

    /* His own request tells him the public key of his code. */
    struct enrol_wish w = wish();
    w.invitation = &second;
    w.code = code;
    assert_int_equal(ask(&w), OK);
    const struct enrol_request his = request();
    memcpy(second_code_key, his.body.code_key, KEY_PUBLIC_LEN);
    forge(under_another_code, NULL, 0);
    struct enrol_request r = request();
    assert_int_equal(enrol_admit(&entry, &r, NOW, &f.fault), OK);
    assert_int_equal(enrol_request_verify(&r, &second, f.desk, NOW, &f.fault), ERR_POSSESSION);

    /* And all that he can sign himself he has signed. */
    struct key *his_code = NULL;
    thief = make(KEY_USE_SIGN);
    assert_int_equal(enrol_code_key(code, &second, &his_code), OK);
    forge(beside_a_key_of_his_own, (const struct key *const[]){thief, his_code}, 2);
    r = request();
    assert_int_equal(enrol_request_verify(&r, &second, f.desk, NOW, &f.fault), ERR_POSSESSION);
    assert_string_equal(f.fault.detail, "seal");
    key_close(&his_code);
    key_close(&thief);

    /* The same bytes at the other invitation's line: that code is wrong there. */
    asked();
    r = request();
    assert_int_equal(enrol_admit(&entry, &r, NOW, &f.fault), ERR_ENROL_CODE);
    enrol_code_close(&code);
}

static void a_desk_with_another_key_verifies_nothing(void **state)
{
    struct key *other = make(KEY_USE_SEAL);
    (void)state;
    asked();
    const struct enrol_request r = request();
    assert_int_equal(enrol_request_verify(&r, &f.entry.invitation, other, NOW, &f.fault),
                     ERR_KEY_USE);
    /* Somebody put his own key into the invitation on its way to the member. */
    struct enrol_invitation forged = f.entry.invitation;
    memcpy(forged.desk, key_public(other), KEY_PUBLIC_LEN);
    struct enrol_wish w = wish();
    w.invitation = &forged;
    assert_int_equal(ask(&w), OK);
    assert_int_equal(admit(NOW), OK);
    assert_int_equal(verify(), ERR_POSSESSION);
    key_close(&other);
}

/* ---- K-07, K-12 ---- */

static void same_key_for_two_uses(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    memcpy(body->keys[2].key.public_key, body->keys[1].key.public_key, KEY_PUBLIC_LEN);
}

static void published_key(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    memset(body->keys[victim].key.public_key, 0, KEY_PUBLIC_LEN);
}

static void weak_key(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    memset(body->keys[victim].key.public_key, 0, KEY_PUBLIC_LEN);
    body->keys[victim].key.public_key[0] = 1; /* of small order on both curves */
}

static void over(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    body->keys[victim].key.valid_from_ms = 1;
    body->keys[victim].key.valid_until_ms = NOW;
}

static void other_use(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    body->keys[victim].key.use = lianshu_KeyUse_KEY_LOG;
}

static void keys_that_nobody_may_use_are_refused(void **state)
{
    static const struct {
        change_fn *change;
        size_t victim;
        enum err want;
    } rows[] = {
        {same_key_for_two_uses, 0, ERR_KEY_REUSED},
        {published_key, 0, ERR_KEY_PUBLIC},
        {published_key, 1, ERR_KEY_PUBLIC},
        {published_key, 2, ERR_KEY_PUBLIC},
        {weak_key, 0, ERR_KEY_WEAK},
        {weak_key, 1, ERR_KEY_WEAK},
        {weak_key, 2, ERR_KEY_WEAK},
        {over, 1, ERR_KEY_EXPIRED},
        {other_use, 0, ERR_KEY_USE},
    };
    const struct key *sign = keyring_find(f.ring, KEY_USE_SIGN);
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        asked();
        victim = rows[i].victim;
        forge(rows[i].change, &sign, 1);
        assert_int_equal(verify(), rows[i].want);
    }
}

static uint8_t textbook[KEY_PUBLIC_LEN];

static void textbook_key(lianshu_Document *d, lianshu_Enrolment *body)
{
    (void)d;
    memcpy(body->keys[0].key.public_key, textbook, KEY_PUBLIC_LEN);
}

/* RFC 8032 7.1, test 1: the secret is in every textbook. */
static void the_keys_of_the_rfcs_are_refused_at_the_desk_too(void **state)
{
    static const uint8_t rfc8032[KEY_PUBLIC_LEN] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
                                                    0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
                                                    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
                                                    0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
    const struct key *sign = keyring_find(f.ring, KEY_USE_SIGN);
    (void)state;
    asked();
    memcpy(textbook, rfc8032, KEY_PUBLIC_LEN);
    forge(textbook_key, &sign, 1);
    assert_int_equal(verify(), ERR_KEY_PUBLIC);
}

static void one_secret_as_signing_and_as_sealing_key_is_refused(void **state)
{
    struct key *twin = NULL;
    struct keyring *ring = NULL;
    struct key *sign = NULL;
    (void)state;
    /* The scalar of an Ed25519 key is the first half of SHA-512 of its seed; 32 bytes of 7 here,
     * computed with another program. */
    uint8_t seed[KEY_SECRET_LEN];
    memset(seed, 7, sizeof seed);
    static const uint8_t scalar[KEY_SECRET_LEN] = {0x2f, 0xad, 0x39, 0xfe, 0xfd, 0x7f, 0xa3, 0xe2,
                                                   0x00, 0xa9, 0xc6, 0x26, 0xee, 0xf5, 0x99, 0xe6,
                                                   0x1a, 0x2d, 0x05, 0x5c, 0x48, 0xa8, 0x28, 0x8a,
                                                   0x4e, 0x7e, 0x4c, 0x4b, 0xca, 0x39, 0x28, 0xf8};
    assert_int_equal(key_import(&sign, KEY_USE_SIGN, NOW, seed), OK);
    assert_int_equal(key_import(&twin, KEY_USE_SEAL, NOW, scalar), OK);
    row_of(&f.keys[0], sign);
    row_of(&f.keys[1], twin);
    struct key *transport = make(KEY_USE_TRANSPORT);
    row_of(&f.keys[2], transport);
    assert_int_equal(keyring_open(&ring, REALM_MARKET, "a1"), OK);
    assert_int_equal(keyring_add(ring, &sign), OK);
    assert_int_equal(keyring_add(ring, &twin), OK);
    assert_int_equal(keyring_add(ring, &transport), OK);
    struct enrol_wish w = wish();
    w.ring = ring;
    assert_int_equal(ask(&w), ERR_KEY_REUSED);
    keyring_close(&ring);
}

static void keys_of_another_member_or_use_are_refused(void **state)
{
    struct realm *realm = realm_open(3);
    (void)state;
    asked();
    struct enrol_request r = request();
    assert_int_equal(enrol_request_new_to(&r, realm->registry, &f.fault), OK);
    for (size_t i = 0; i < KEYS; i++) {
        const enum key_use use = (enum key_use)f.keys[i].use;
        r = request();
        memcpy(r.body.keys[i].key.public_key, key_public(realm_key(realm, REALM_HEALTH, use)),
               KEY_PUBLIC_LEN);
        assert_int_equal(enrol_request_new_to(&r, realm->registry, &f.fault), ERR_KEY_REUSED);
        /* Its own again: the encryption key that adapters of one member share. */
        memcpy(r.body.keys[i].key.public_key, key_public(realm_key(realm, REALM_MARKET, use)),
               KEY_PUBLIC_LEN);
        assert_int_equal(enrol_request_new_to(&r, realm->registry, &f.fault), OK);
    }
    r = request();
    memcpy(r.body.keys[1].key.public_key,
           key_public(realm_key(realm, REALM_MARKET, KEY_USE_TRANSPORT)), KEY_PUBLIC_LEN);
    assert_int_equal(enrol_request_new_to(&r, realm->registry, &f.fault), ERR_KEY_REUSED);
    realm_close(&realm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_request_is_admitted_and_verified),
        CASE(a_code_serves_one_request),
        CASE(what_was_not_verified_uses_nothing_up),
        CASE(an_invitation_ends),
        CASE(wrong_codes_are_counted_and_lock_the_invitation_for_the_right_one_too),
        CASE(an_invitation_that_nobody_made_is_refused),
        CASE(an_invitation_is_for_one_member_adapter_and_use),
        CASE(an_official_is_enrolled_in_the_role_of_the_invitation),
        CASE(what_is_no_request_or_longer_than_one_is_refused),
        CASE(a_request_of_another_realm_is_refused),
        CASE(no_key_is_asked_for_that_the_member_does_not_hold),
        CASE(a_proof_missing_for_one_of_three_keys_is_refused),
        CASE(the_code_and_every_signing_key_must_have_signed),
        CASE(a_proof_is_not_replayed_under_another_code),
        CASE(a_desk_with_another_key_verifies_nothing),
        CASE(keys_that_nobody_may_use_are_refused),
        CASE(the_keys_of_the_rfcs_are_refused_at_the_desk_too),
        CASE(one_secret_as_signing_and_as_sealing_key_is_refused),
        CASE(keys_of_another_member_or_use_are_refused),
    };
    if (keys_init() != OK)
        return 1;
    return cmocka_run_group_tests_name("enrol", tests, NULL, NULL);
}
