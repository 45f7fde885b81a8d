/* Checks what keys/amend.h promises of key records: what a member changes of its own keys. */
#include "unit/amend_papers.h"

#include "keys/amend_table.h"
#include "keys/registry_table.h"

static void a_key_record_brings_keys_and_ends_old_ones(void **state)
{
    const uint64_t until = NOW + 365 * REALM_DAY_MS;
    const struct key *old = realm_key(f.realm, REALM_MARKET, KEY_USE_SEAL);
    const struct registry_key *found;
    const lianshu_MemberKey keys[] = {
        entry(f.key[0], NOW, NOW + 60 * REALM_DAY_MS),
        entry(old, NOW - REALM_DAY_MS, NOW + AMEND_OVERLAP_MS),
        entry(f.key[2], NOW, NOW + 90 * REALM_DAY_MS),
    };
    (void)state;
    applied(record(1, keys, 3, 0));
    assert_int_equal(registry_current(f.r, REALM_MARKET, KEY_USE_SEAL, NOW, &found), OK);
    assert_memory_equal(found->kid, key_kid(f.key[0]), KID_LEN);
    assert_string_equal(found->member->id, REALM_MARKET);
    assert_int_equal(judged(old, REALM_MARKET, NOW + AMEND_OVERLAP_MS - 1), OK);
    assert_int_equal(judged(old, REALM_MARKET, NOW + AMEND_OVERLAP_MS), ERR_KEY_ROTATED);
    assert_int_equal(registry_transport(f.r, key_public(f.key[2]), &found), OK);
    const struct amendment *origin = registry_key_origin(f.r, found);
    assert_non_null(origin);
    assert_int_equal(origin->number, 1);
    assert_int_equal(judged(f.key[2], REALM_MARKET, NOW - 1), ERR_KEY_NOT_YET);
    /* the old transport key was not named: it stays as it was */
    assert_int_equal(
        judged(realm_key(f.realm, REALM_MARKET, KEY_USE_TRANSPORT), REALM_MARKET, until - 1), OK);
    const struct registry_member *member = registry_member(f.r, REALM_MARKET);
    size_t count = 0;
    while (registry_member_key(f.r, member, count) != NULL)
        count++;
    assert_int_equal(count, member->key_count + 2);
    assert_null(registry_key_origin(f.r, registry_member_key(f.r, member, 0)));
}

/* K-07, K-12 */
static void a_key_record_with_a_wrong_key_is_refused_as_a_whole(void **state)
{
    const uint64_t until = NOW + 60 * REALM_DAY_MS;
    const struct key *own = realm_key(f.realm, REALM_MARKET, KEY_USE_SEAL);
    const struct key *health = realm_key(f.realm, REALM_HEALTH, KEY_USE_SEAL);
    const struct key *sign = realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN);
    static const uint8_t WEAK[KEY_PUBLIC_LEN] = {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae,
                                                 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
                                                 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd,
                                                 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00};
    lianshu_MemberKey k[] = {
        entry(f.key[1], NOW, NOW),
        entry(f.key[1], NOW, NOW + AMEND_LIFE_MS + 1),
        entry(health, NOW, until),
        entry(sign, NOW, until),
        entry(own, NOW - REALM_DAY_MS, NOW + 366 * REALM_DAY_MS),
        entry(own, NOW, until),
        entry(f.key[0], NOW, until), /* twice in one */
        entry(f.key[1], NOW, until), /* weak */
        entry(f.key[1], NOW, until), /* zeros */
        entry(f.key[1], NOW, until), /* a role */
        entry(f.key[1], NOW, until), /* another use of an own key */
        entry(f.key[1], NOW, until), /* revoked */
        entry(f.key[1], NOW, until), /* and not, for a reason */
    };
    static const enum err want[] = {ERR_HEADER,     ERR_LIFE,       ERR_KEY_REUSED, ERR_KEY_USE,
                                    ERR_KEY_REUSED, ERR_KEY_REUSED, ERR_KEY_REUSED, ERR_KEY_WEAK,
                                    ERR_KEY_PUBLIC, ERR_HEADER,     ERR_KEY_REUSED, ERR_HEADER,
                                    ERR_HEADER};
    (void)state;
    memcpy(k[7].public_key, WEAK, KEY_PUBLIC_LEN);
    memset(k[8].public_key, 0, KEY_PUBLIC_LEN);
    k[9].roles = 1;
    memcpy(k[10].public_key, key_public(own), KEY_PUBLIC_LEN);
    k[10].use = lianshu_KeyUse_KEY_TRANSPORT;
    k[11].revoked_ms = NOW;
    k[12].revoked_for = lianshu_RevocationReason_REVOCATION_COMPROMISED;
    for (size_t i = 0; i < T_COUNT(k); i++) {
        const lianshu_MemberKey keys[] = {entry(f.key[0], NOW, until), k[i]};
        const struct registry_key *found;
        print_message("row %zu\n", i);
        refused(record(1, keys, 2, 0), want[i]);
        assert_int_equal(registry_key(f.r, key_kid(f.key[0]), &found), ERR_KID_UNKNOWN);
    }
    refused(record(1, k, 0, 0), ERR_HEADER);
}

static void key_records_follow_each_other_for_each_member(void **state)
{
    const lianshu_MemberKey keys[] = {entry(f.key[0], NOW, NOW + REALM_DAY_MS),
                                      entry(f.key[1], NOW, NOW + REALM_DAY_MS)};
    (void)state;
    refused(record(2, keys, 1, 0), ERR_AMENDMENT_GAP);
    applied(record(1, keys, 1, 0));
    refused(record(1, &keys[1], 1, 0), ERR_NUMBER_TWICE);
    refused(record(3, &keys[1], 1, 0), ERR_AMENDMENT_GAP);
    refused(record(2, &keys[1], 1, NOW + AMEND_SKEW_MS + 1), ERR_FUTURE);
    applied(record(2, &keys[1], 1, 0));
    assert_int_equal(registry_member(f.r, REALM_MARKET)->key_records, 2);
    assert_int_equal(registry_member(f.r, REALM_HEALTH)->key_records, 0);
}

static void a_key_record_is_signed_by_its_member_alone(void **state)
{
    lianshu_KeyRecord body = {.number = 1, .keys_count = 1};
    const struct key *sign[] = {realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN),
                                realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN)};
    const struct key *registrar = f.realm->registrar;
    const uint32_t type = lianshu_DocumentType_TYPE_KEY_RECORD;
    const struct {
        struct craft craft;
        enum err want;
    } rows[] = {
        {{type, REALM_MARKET, &sign[1], 1, 0, NULL}, ERR_KEY_NOT_SENDERS},
        {{type, "market.445200", &sign[0], 1, 0, NULL}, ERR_KEY_NOT_SENDERS},
        {{type, "registrar.445100", &registrar, 1, 0, NULL}, ERR_REGISTRY},
        {{lianshu_DocumentType_TYPE_KEY_REVOCATION, REALM_MARKET, &sign[0], 1, 0, NULL},
         ERR_REGISTRY},
    };
    (void)state;
    body.keys[0] = entry(f.key[0], NOW, NOW + REALM_DAY_MS);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        refused(document(&rows[i].craft, &lianshu_KeyRecord_msg, &body), rows[i].want);
    }
}

static void a_thief_cannot_outlive_the_key_that_he_took(void **state)
{
    const struct key *sign = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const lianshu_MemberKey before = entry(f.key[0], NOW - 9 * HOUR, NOW + REALM_DAY_MS);
    const lianshu_MemberKey after = entry(f.key[2], NOW, NOW + REALM_DAY_MS);
    const lianshu_MemberKey late = entry(f.key[3], NOW, NOW + REALM_DAY_MS);
    const lianshu_Revocation body = of_key(1, REALM_MARKET, sign, NOW - 5 * HOUR);
    (void)state;
    /* the member's own before the theft, the thief's after it, dated back */
    assert_int_equal(registry_amend(f.r, record(1, &before, 1, NOW - 8 * HOUR), NOW - 8 * HOUR,
                                    false, NULL, NULL),
                     OK);
    applied(record(2, &after, 1, NOW - 8 * HOUR));
    assert_int_equal(judged(f.key[2], REALM_MARKET, NOW), OK);
    applied(revocation(&body, NULL));
    assert_int_equal(judged(f.key[0], REALM_MARKET, NOW), OK);
    assert_int_equal(judged(f.key[2], REALM_MARKET, NOW), ERR_REVOKED);
    refused(record(3, &late, 1, 0), ERR_REVOKED);
    /* another hub took it before it knew: the number counts, the key does not */
    assert_int_equal(registry_amend(f.r, record(3, &late, 1, 0), NOW, true, NULL, NULL), OK);
    assert_int_equal(judged(f.key[3], REALM_MARKET, NOW), ERR_REVOKED);
    assert_int_equal(registry_member(f.r, REALM_MARKET)->key_records, 3);
}

/* The registrar has put the member's new key into the version himself: the record is not needed,
 * and nobody fails to start for it. */
static void a_key_record_that_a_version_contradicts_is_passed_over(void **state)
{
    const struct key *seal = realm_key(f.realm, REALM_MARKET, KEY_USE_SEAL);
    const struct key *sign = realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN);
    const lianshu_MemberKey listed = entry(seal, NOW, NOW + REALM_DAY_MS); /* as of another time */
    const lianshu_Revocation body = of_key(1, REALM_HEALTH, sign, 0);
    (void)state;
    refused(record(1, &listed, 1, 0), ERR_KEY_REUSED);
    assert_int_equal(registry_amend_again(f.r, record(1, &listed, 1, 0), NOW, NULL), OK);
    assert_int_equal(registry_amendment_count(f.r), 0);
    assert_int_equal(judged(seal, REALM_MARKET, NOW), OK);
    /* a revocation is not passed over */
    f.r->registrars[0].kid[0][0] ^= 1;
    assert_int_equal(registry_amend_again(f.r, revocation(&body, NULL), NOW, NULL), ERR_REGISTRY);
}

static void a_record_is_folded_with_all_its_keys(void **state)
{
    const struct key *sign = realm_key(f.realm, REALM_MARKET, KEY_USE_TRANSPORT);
    const lianshu_Revocation body = of_key(1, REALM_MARKET, sign, NOW - HOUR);
    const lianshu_MemberKey key = entry(f.key[0], NOW, NOW + REALM_DAY_MS);
    const struct registry_member *member = registry_member(f.r, REALM_MARKET);
    lianshu_MemberRecord out;
    (void)state;
    applied(revocation(&body, NULL));
    applied(record(1, &key, 1, 0));
    assert_int_equal(registry_record_amended(f.r, member, NOW, &out), OK);
    assert_int_equal(out.keys_count, member->key_count + 1);
    assert_int_equal(out.key_records, 1);
    assert_memory_equal(out.keys[member->key_count].public_key, key_public(f.key[0]),
                        KEY_PUBLIC_LEN);
    size_t revoked = 0;
    for (pb_size_t i = 0; i < out.keys_count; i++)
        revoked += out.keys[i].revoked_ms == (uint64_t)(NOW - HOUR);
    assert_int_equal(revoked, 1);
    assert_string_equal(out.name_en, "Member 1");
}

static void a_member_cannot_fill_a_version_with_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i <= AMEND_MEMBER_KEYS_MAX / 4; i++) {
        lianshu_MemberKey keys[4];
        for (size_t k = 0; k < 4; k++) {
            struct key *key = NULL;
            assert_int_equal(key_make(&key, KEY_USE_SEAL, NOW, &f.realm->entropy), OK);
            keys[k] = entry(key, NOW, NOW + REALM_DAY_MS);
            key_close(&key);
        }
        const struct span lsd1 = record(i + 1, keys, 4, 0);
        if (i < AMEND_MEMBER_KEYS_MAX / 4)
            applied(lsd1);
        else
            refused(lsd1, ERR_TOO_LARGE);
    }
}

static void two_members_sign_no_key_record_together(void **state)
{
    static const char *const issuers[] = {REALM_HEALTH, REALM_MARKET};
    const struct key *keys[] = {realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN),
                                realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN)};
    const struct craft c = {lianshu_DocumentType_TYPE_KEY_RECORD, issuers[0], keys, 2, 0, NULL};
    lianshu_KeyRecord body = {.number = 1, .keys_count = 1};
    (void)state;
    body.keys[0] = entry(f.key[0], NOW, NOW + REALM_DAY_MS);
    refused(document_by(&c, issuers, &lianshu_KeyRecord_msg, &body), ERR_REGISTRY);
}

/* One number of each kind and of each issuer: only the same kind of the same issuer is told two
 * things by it. */
static void a_number_is_one_issuers_and_one_kinds(void **state)
{
    const lianshu_MemberKey keys[] = {
        entry(f.key[0], NOW, NOW + REALM_DAY_MS), entry(f.key[1], NOW, NOW + REALM_DAY_MS),
        entry(f.key[2], NOW, NOW + REALM_DAY_MS), entry(f.key[3], NOW, NOW + REALM_DAY_MS)};
    const lianshu_Revocation body =
        of_key(1, REALM_POLICE, realm_key(f.realm, REALM_POLICE, KEY_USE_SEAL), 0);
    (void)state;
    applied(record(1, keys, 1, 0));
    applied(revocation(&body, NULL));
    applied(record_of(REALM_HEALTH, 1, &keys[1], 1, 0));
    applied(record_of(REALM_HEALTH, 2, &keys[2], 1, 0));
    refused(record_of(REALM_HEALTH, 1, &keys[3], 1, 0), ERR_NUMBER_TWICE);
    const struct twice *twice = registry_twice(f.r);
    assert_string_equal(twice->issuer, REALM_HEALTH);
    assert_int_equal(twice->type, lianshu_DocumentType_TYPE_KEY_RECORD);
    refused(record_of(REALM_HEALTH, 2, &keys[3], 1, 0), ERR_NUMBER_TWICE);
    assert_int_equal(registry_twice(f.r)->number, 2);
    /* each key comes from the record that brought it */
    for (size_t i = 0; i < 3; i++) {
        const struct registry_key *found;
        assert_int_equal(registry_key(f.r, key_kid(f.key[i]), &found), OK);
        const struct amendment *origin = registry_key_origin(f.r, found);
        assert_non_null(origin);
        assert_int_equal(origin->number, i == 2 ? 2 : 1);
        assert_string_equal(origin->member, i == 0 ? REALM_MARKET : REALM_HEALTH);
    }
}

static void the_keys_of_all_records_together_are_bounded(void **state)
{
    const lianshu_MemberKey keys[] = {entry(f.key[0], NOW, NOW + REALM_DAY_MS),
                                      entry(f.key[1], NOW, NOW + REALM_DAY_MS)};
    (void)state;
    applied(record(1, keys, 1, 0));
    const uint32_t added = f.r->amendments->keys_added;
    f.r->amendments->keys_added = AMEND_KEY_MAX;
    refused(record(2, &keys[1], 1, 0), ERR_TOO_LARGE);
    f.r->amendments->keys_added = added;
    applied(record(2, &keys[1], 1, 0));
}

/* What it brought before it was doubted stays, wherever it is applied again. */
static void a_record_from_before_the_doubt_keeps_its_keys(void **state)
{
    const struct key *sign = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const lianshu_MemberKey before = entry(f.key[0], NOW - 9 * HOUR, NOW + REALM_DAY_MS);
    const lianshu_Revocation body = of_key(1, REALM_MARKET, sign, NOW - 5 * HOUR);
    (void)state;
    applied(revocation(&body, NULL));
    assert_int_equal(registry_amend(f.r, record(1, &before, 1, NOW - 8 * HOUR), NOW - 8 * HOUR,
                                    true, NULL, NULL),
                     OK);
    assert_int_equal(judged(f.key[0], REALM_MARKET, NOW), OK);
}

static void the_own_key_is_the_newest_in_whatever_order_they_are_held(void **state)
{
    const lianshu_MemberKey keys[] = {entry(f.key[0], NOW - HOUR, NOW + REALM_DAY_MS),
                                      entry(f.key[1], NOW, NOW + REALM_DAY_MS)};
    (void)state;
    applied(record(1, keys, 2, 0));
    for (size_t first = 0; first < 2; first++) {
        struct keyring *ring = NULL;
        assert_int_equal(keyring_open(&ring, REALM_MARKET, "a"), OK);
        for (size_t i = 0; i < 2; i++) {
            struct key *copy = NULL;
            assert_int_equal(
                key_import(&copy, KEY_USE_SEAL, NOW, key_secret(f.key[i == 0 ? first : 1 - first])),
                OK);
            assert_int_equal(keyring_add(ring, &copy), OK);
        }
        const struct key *own = registry_own_key(f.r, ring, REALM_MARKET, KEY_USE_SEAL, NOW);
        assert_non_null(own);
        assert_memory_equal(key_kid(own), key_kid(f.key[1]), KID_LEN);
        own = registry_own_key(f.r, ring, REALM_MARKET, KEY_USE_SEAL, NOW - 1);
        assert_non_null(own);
        assert_memory_equal(key_kid(own), key_kid(f.key[0]), KID_LEN);
        assert_null(registry_own_key(f.r, ring, REALM_MARKET, KEY_USE_TRANSPORT, NOW));
        keyring_close(&ring);
    }
}

/* More keys than a record holds: those whose time is over go first, and never a revoked one. */
static void a_record_that_is_too_small_leaves_out_what_is_over(void **state)
{
    enum { MORE = 12 }; /* with the three that it has already */
    const struct registry_member *member = registry_member(f.r, REALM_MARKET);
    const uint64_t later = NOW + 2 * REALM_DAY_MS;
    lianshu_MemberRecord out;
    lianshu_Revocation body;
    (void)state;
    for (size_t i = 0; i < MORE; i++) {
        struct key *key = NULL;
        assert_int_equal(key_make(&key, KEY_USE_SEAL, NOW, &f.realm->entropy), OK);
        const lianshu_MemberKey row =
            entry(key, NOW, NOW + (i < 5 ? REALM_DAY_MS : 9 * REALM_DAY_MS));
        applied(record(i + 1, &row, 1, 0));
        if (i == 4) { /* of those that are over it is looked at first */
            body = of_key(1, REALM_MARKET, key, 0);
            applied(revocation(&body, NULL));
        }
        key_close(&key);
    }
    assert_int_equal(registry_record_amended(f.r, member, NOW, &out), ERR_TOO_LARGE);
    assert_int_equal(registry_record_amended(f.r, member, later, &out), OK);
    assert_int_equal(out.keys_count, T_COUNT(out.keys));
    size_t over = 0, revoked = 0;
    for (pb_size_t i = 0; i < out.keys_count; i++) {
        over += out.keys[i].valid_until_ms <= later;
        revoked += out.keys[i].revoked_ms != 0;
    }
    assert_int_equal(revoked, 1);
    assert_int_equal(over, 5 - (member->key_count + MORE - T_COUNT(out.keys)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_key_record_brings_keys_and_ends_old_ones),
        CASE(a_key_record_with_a_wrong_key_is_refused_as_a_whole),
        CASE(key_records_follow_each_other_for_each_member),
        CASE(a_key_record_is_signed_by_its_member_alone),
        CASE(a_thief_cannot_outlive_the_key_that_he_took),
        CASE(a_key_record_that_a_version_contradicts_is_passed_over),
        CASE(a_record_is_folded_with_all_its_keys),
        CASE(a_member_cannot_fill_a_version_with_keys),
        CASE(two_members_sign_no_key_record_together),
        CASE(a_number_is_one_issuers_and_one_kinds),
        CASE(the_keys_of_all_records_together_are_bounded),
        CASE(a_record_from_before_the_doubt_keeps_its_keys),
        CASE(the_own_key_is_the_newest_in_whatever_order_they_are_held),
        CASE(a_record_that_is_too_small_leaves_out_what_is_over),
    };
    return cmocka_run_group_tests_name("amend_records", tests, NULL, NULL);
}
