/* Checks what keys/amend.h promises of revocations, and of what follows from all amendments
 * together. */
#include "unit/amend_papers.h"

#include "keys/amend_table.h"
#include "keys/registry_table.h"

static void a_revoked_key_serves_nothing_from_its_doubt_on(void **state)
{
    static const uint64_t SINCE = NOW - 5 * (uint64_t)HOUR;
    const struct key *key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const lianshu_Revocation body = of_key(1, REALM_MARKET, key, SINCE);
    const struct registry_key *found;
    (void)state;
    applied(revocation(&body, NULL));
    assert_int_equal(judged(key, REALM_MARKET, SINCE - 1), OK);
    assert_int_equal(judged(key, REALM_MARKET, SINCE), ERR_REVOKED);
    assert_int_equal(judged(key, REALM_MARKET, NOW), ERR_REVOKED);
    assert_int_equal(judged(key, REALM_MARKET, NOW + 900 * REALM_DAY_MS), ERR_REVOKED);
    assert_int_equal(judged(key, REALM_HEALTH, NOW), ERR_KEY_NOT_SENDERS);
    assert_int_equal(registry_current(f.r, REALM_MARKET, KEY_USE_SIGN, NOW, &found),
                     ERR_KEY_EXPIRED);
    assert_int_equal(judged(realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN), REALM_HEALTH, NOW), OK);
    const struct amendment *row = registry_revocation(f.r, REALM_MARKET, key_kid(key));
    assert_non_null(row);
    assert_int_equal(row->from_ms, SINCE);
    assert_string_equal(row->issuer, "registrar.445100");
}

/* Issued in the future of a clock that is behind, it counts from when it is applied. */
static void without_a_doubt_it_counts_from_its_issue_or_its_application(void **state)
{
    static const struct {
        uint64_t issued_ms;
        uint64_t from_ms;
    } rows[] = {{NOW - 9, NOW - 9}, {NOW, NOW}, {NOW + 9, NOW}, {NOW + AMEND_SKEW_MS, NOW}};
    static const char *const members[] = {REALM_MARKET, REALM_HEALTH, REALM_POLICE,
                                          REALM_INSURANCE};
    const struct key *registrar = f.realm->registrar;
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct key *key = realm_key(f.realm, members[i], KEY_USE_TRANSPORT);
        const lianshu_Revocation body = of_key(i + 1, members[i], key, 0);
        const struct craft c = {lianshu_DocumentType_TYPE_KEY_REVOCATION,
                                "registrar.445100",
                                &registrar,
                                1,
                                rows[i].issued_ms,
                                NULL};
        print_message("row %zu\n", i);
        applied(revocation(&body, &c));
        assert_int_equal(judged(key, members[i], rows[i].from_ms - 1), OK);
        assert_int_equal(judged(key, members[i], rows[i].from_ms), ERR_REVOKED);
    }
}

static void numbers_follow_each_other(void **state)
{
    const struct key *one = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const struct key *two = realm_key(f.realm, REALM_MARKET, KEY_USE_SEAL);
    lianshu_Revocation body = of_key(2, REALM_MARKET, one, 0);
    uint8_t first[sizeof f.bytes];
    uint64_t last;
    (void)state;
    refused(revocation(&body, NULL), ERR_AMENDMENT_GAP);
    body.number = 0;
    refused(revocation(&body, NULL), ERR_REGISTRY_ROLLBACK);
    body.number = 1;
    const struct span lsd1 = revocation(&body, NULL);
    memcpy(first, lsd1.data, lsd1.len);
    applied(lsd1);
    /* the same again, and another one under its number (K-04) */
    refused(span_of(first, lsd1.len), ERR_REPEAT);
    body = of_key(1, REALM_MARKET, two, 0);
    refused(revocation(&body, NULL), ERR_NUMBER_TWICE);
    const struct twice *twice = registry_twice(f.r);
    assert_string_equal(twice->issuer, "registrar.445100");
    assert_int_equal(twice->number, 1);
    assert_true(span_eq(span_of(twice->held.lsd1, twice->held.len), span_of(first, lsd1.len)));
    assert_true(span_eq(span_of(twice->offered.lsd1, twice->offered.len), f.lsd1));
    assert_memory_not_equal(twice->held.hash, twice->offered.hash, HASH_LEN);
    body.number = 3;
    refused(revocation(&body, NULL), ERR_AMENDMENT_GAP);
    assert_int_equal(judged(two, REALM_MARKET, NOW), OK);
    body.number = 2;
    applied(revocation(&body, NULL));
    assert_int_equal(judged(two, REALM_MARKET, NOW), ERR_REVOKED);
    assert_int_equal(registry_revocations(f.r, "registrar.445100", &last), OK);
    assert_int_equal(last, 2);
    assert_int_equal(registry_revocations(f.r, REALM_MARKET, &last), ERR_MEMBER_UNKNOWN);
}

/* The officials' signature makes no revocation of what is none. */
static void a_body_that_is_no_revocation_is_refused_as_such(void **state)
{
    const struct key *registrar = f.realm->registrar;
    const struct craft c = {.type = lianshu_DocumentType_TYPE_KEY_REVOCATION,
                            .issuer = "registrar.445100",
                            .keys = &registrar,
                            .key_count = 1};
    const lianshu_MemberRecord body = f.realm->records[1];
    (void)state;
    refused(document(&c, &lianshu_MemberRecord_msg, &body), ERR_NOT_CANONICAL);
    assert_non_null(strstr(f.fault.detail, "body"));
}

static void a_revocation_is_signed_by_the_registrars_officials_alone(void **state)
{
    const struct key *registrar = f.realm->registrar;
    const struct key *market = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const struct key *official = realm_official(f.realm, 0);
    const uint32_t revokes = lianshu_DocumentType_TYPE_KEY_REVOCATION;
    const struct {
        struct craft craft;
        enum err want;
    } rows[] = {
        {{revokes, REALM_MARKET, &market, 1, 0, NULL}, ERR_REGISTRY},
        {{revokes, "registrar.445100", &market, 1, 0, NULL}, ERR_REGISTRY},
        {{revokes, "registrar.445200", &registrar, 1, 0, NULL}, ERR_KEY_NOT_SENDERS},
        {{revokes, REALM_HUB, &official, 1, 0, NULL}, ERR_KEY_USE},
        {{revokes, "root.000000", (const struct key *const *)&f.realm->root, 1, 0, NULL},
         ERR_KID_UNKNOWN},
        {{lianshu_DocumentType_TYPE_KEY_RECORD, "registrar.445100", &registrar, 1, 0, NULL},
         ERR_REGISTRY},
        {{lianshu_DocumentType_TYPE_REGISTRY, "registrar.445100", &registrar, 1, 0, NULL},
         ERR_REGISTRY},
        {{revokes, "registrar.445100", &registrar, 1, NOW + AMEND_SKEW_MS + 1, NULL}, ERR_FUTURE},
        {{revokes, "registrar.445100", &registrar, 1, NOW - 2 * REALM_DAY_MS, NULL}, ERR_REGISTRY},
        {{revokes, "registrar.445100", &registrar, 1, 0, "other"}, ERR_REALM},
    };
    const lianshu_Revocation body = of_key(1, REALM_MARKET, market, 0);
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        refused(revocation(&body, &rows[i].craft), rows[i].want);
        assert_int_equal(judged(market, REALM_MARKET, NOW), OK);
    }
}

static void fewer_officials_than_the_threshold_revoke_nothing(void **state)
{
    struct registry_registrar *row = &f.r->registrars[0];
    struct key *second = NULL;
    const struct key *market = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const lianshu_Revocation body = of_key(1, REALM_MARKET, market, 0);
    (void)state;
    assert_int_equal(key_make(&second, KEY_USE_REGISTRAR, NOW, &f.realm->entropy), OK);
    memcpy(row->public_key[row->key_count], key_public(second), KEY_PUBLIC_LEN);
    memcpy(row->kid[row->key_count++], key_kid(second), KID_LEN);
    row->threshold = 2;
    refused(revocation(&body, NULL), ERR_TWO_OFFICIALS);
    const struct key *both[] = {f.realm->registrar, second};
    const struct craft c = {
        lianshu_DocumentType_TYPE_KEY_REVOCATION, "registrar.445100", both, 2, 0, NULL};
    const struct key *stranger[] = {f.realm->registrar, f.realm->root};
    const struct craft other = {
        lianshu_DocumentType_TYPE_KEY_REVOCATION, "registrar.445100", stranger, 2, 0, NULL};
    refused(revocation(&body, &other), ERR_REGISTRY);
    applied(revocation(&body, &c));
    assert_int_equal(judged(market, REALM_MARKET, NOW), ERR_REVOKED);
    key_close(&second);
}

static void a_revocation_that_makes_no_sense_is_refused(void **state)
{
    const struct key *key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    lianshu_Revocation body = of_key(1, "market.445200", key, 0);
    (void)state;
    refused(revocation(&body, NULL), ERR_REGION_RIGHT);
    body = of_key(1, "market.440000", key, 0); /* above it */
    refused(revocation(&body, NULL), ERR_REGION_RIGHT);
    body = of_key(1, REALM_HEALTH, key, 0);
    refused(revocation(&body, NULL), ERR_KEY_NOT_SENDERS);
    body = of_key(1, REALM_MARKET, key, NOW + 1);
    refused(revocation(&body, NULL), ERR_FIELD_VALUE);
    body = of_key(1, "Market", key, 0);
    refused(revocation(&body, NULL), ERR_HEADER);
    body = of_key(1, REALM_MARKET, key, 0);
    body.reason = lianshu_RevocationReason_REVOCATION_NONE;
    refused(revocation(&body, NULL), ERR_WIRE_ENUM);
    assert_int_equal(judged(key, REALM_MARKET, NOW), OK);
}

static void every_changed_byte_of_a_revocation_is_refused(void **state)
{
    const struct key *key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const lianshu_Revocation body = of_key(1, REALM_MARKET, key, 0);
    const struct span lsd1 = revocation(&body, NULL);
    (void)state;
    for (size_t i = 0; i < lsd1.len; i++) {
        f.bytes[i] ^= 0x41;
        const enum err err = registry_amend(f.r, lsd1, NOW, false, NULL, NULL);
        assert_int_equal(err_class(err), ERR_CLASS_REJECT);
        f.bytes[i] ^= 0x41;
    }
    for (size_t len = 0; len < lsd1.len; len += 7)
        assert_int_equal(
            err_class(registry_amend(f.r, span_of(f.bytes, len), NOW, false, NULL, NULL)),
            ERR_CLASS_REJECT);
    assert_int_equal(registry_amendment_count(f.r), 0);
    assert_int_equal(registry_amended(f.r).len, 0);
    assert_int_equal(judged(key, REALM_MARKET, NOW), OK);
    applied(lsd1);
}

static void a_later_revocation_only_moves_the_doubt_back(void **state)
{
    const struct key *key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    lianshu_Revocation body = of_key(1, REALM_MARKET, key, NOW - HOUR);
    (void)state;
    applied(revocation(&body, NULL));
    body = of_key(2, REALM_MARKET, key, 0);
    applied(revocation(&body, NULL));
    assert_int_equal(judged(key, REALM_MARKET, NOW - HOUR), ERR_REVOKED);
    body = of_key(3, REALM_MARKET, key, NOW - 2 * HOUR);
    applied(revocation(&body, NULL));
    assert_int_equal(judged(key, REALM_MARKET, NOW - 2 * HOUR), ERR_REVOKED);
    assert_int_equal(judged(key, REALM_MARKET, NOW - 2 * HOUR - 1), OK);
    assert_int_equal(registry_revocation(f.r, REALM_MARKET, key_kid(key))->number, 3);
}

static void a_key_that_comes_after_its_revocation_is_revoked(void **state)
{
    const lianshu_Revocation body = of_key(1, REALM_MARKET, f.key[0], 0);
    const lianshu_MemberKey key = entry(f.key[0], NOW, NOW + REALM_DAY_MS);
    (void)state;
    applied(revocation(&body, NULL));
    applied(record(1, &key, 1, 0));
    assert_int_equal(judged(f.key[0], REALM_MARKET, NOW), ERR_REVOKED);
}

static void the_digest_does_not_depend_on_the_order(void **state)
{
    const struct key *sign = realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN);
    const lianshu_Revocation body = of_key(1, REALM_HEALTH, sign, 0);
    const lianshu_MemberKey key = entry(f.key[0], NOW, NOW + REALM_DAY_MS);
    uint8_t one[2048];
    uint8_t two[2048];
    uint8_t digest[HASH_LEN];
    struct registry *other = NULL;
    (void)state;
    const size_t one_len = revocation(&body, NULL).len;
    memcpy(one, f.bytes, one_len);
    const size_t two_len = record(1, &key, 1, 0).len;
    memcpy(two, f.bytes, two_len);
    applied(span_of(one, one_len));
    memcpy(digest, registry_amended(f.r).data, HASH_LEN);
    applied(span_of(two, two_len));
    assert_int_equal(
        registry_open(&other, &f.realm->anchor, span_of(f.realm->file, f.realm->file_len), 0, NULL),
        OK);
    assert_int_equal(registry_amend(other, span_of(two, two_len), NOW, false, NULL, NULL), OK);
    assert_memory_not_equal(registry_amended(other).data, digest, HASH_LEN);
    assert_int_equal(registry_amend(other, span_of(one, one_len), NOW, false, NULL, NULL), OK);
    assert_memory_equal(registry_amended(other).data, registry_amended(f.r).data, HASH_LEN);
    registry_close(&other);
}

/* Listing its own key again costs a member nothing: it must not cost everybody the revocations. */
static void a_member_cannot_use_up_the_room_of_revocations(void **state)
{
    const struct key *seal = realm_key(f.realm, REALM_MARKET, KEY_USE_SEAL);
    const struct key *sign = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const struct registry_key *row;
    (void)state;
    assert_int_equal(registry_key(f.r, key_kid(seal), &row), OK);
    const lianshu_MemberKey listed = entry(seal, row->valid_from_ms, row->valid_until_ms);
    for (uint64_t number = 1; number <= AMEND_MEMBER_RECORDS_MAX; number++)
        applied(record(number, &listed, 1, 0));
    refused(record(AMEND_MEMBER_RECORDS_MAX + 1, &listed, 1, 0), ERR_TOO_LARGE);
    const lianshu_Revocation body = of_key(1, REALM_MARKET, sign, 0);
    applied(revocation(&body, NULL));
    assert_int_equal(judged(sign, REALM_MARKET, NOW), ERR_REVOKED);
}

static void members_and_delegates_leave_room_for_the_realms_registrar(void **state)
{
    const struct key *seal = realm_key(f.realm, REALM_MARKET, KEY_USE_SEAL);
    const struct key *sign = realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN);
    const lianshu_MemberKey key = entry(f.key[0], NOW, NOW + REALM_DAY_MS);
    lianshu_Revocation body = of_key(1, REALM_MARKET, seal, 0);
    (void)state;
    applied(revocation(&body, NULL));
    const size_t count = f.r->amendments->count;
    f.r->amendments->count = AMEND_MAX / 2; /* rows of zeros */
    refused(record(1, &key, 1, 0), ERR_TOO_LARGE);
    f.r->amendments->count = AMEND_MAX - AMEND_MAX / 4;
    body = of_key(2, REALM_HEALTH, sign, 0);
    f.r->registrars[0].depth = 2;
    refused(revocation(&body, NULL), ERR_TOO_LARGE);
    f.r->registrars[0].depth = 1;
    applied(revocation(&body, NULL));
    /* the rows of zeros go again */
    f.r->amendments->rows[count] = f.r->amendments->rows[f.r->amendments->count - 1];
    f.r->amendments->count = count + 1;
}

/* A kid is public before its key is registered: naming it under another member revokes nothing. */
static void a_revocation_in_advance_touches_no_key_of_another_member(void **state)
{
    const lianshu_MemberKey key = entry(f.key[0], NOW, NOW + REALM_DAY_MS);
    const lianshu_Revocation body = of_key(1, REALM_HEALTH, f.key[0], NOW - HOUR);
    (void)state;
    applied(revocation(&body, NULL));
    applied(record(1, &key, 1, 0));
    assert_int_equal(judged(f.key[0], REALM_MARKET, NOW), OK);
}

static void a_delegate_revokes_no_keys_of_members_beyond_its_types(void **state)
{
    struct registry_registrar *row = &f.r->registrars[0];
    const struct key *key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const lianshu_Revocation body = of_key(1, REALM_MARKET, key, 0);
    (void)state;
    memset(row->types, 0, sizeof row->types);
    refused(revocation(&body, NULL), ERR_DELEGATION);
    memset(row->types, 0xff, sizeof row->types);
    applied(revocation(&body, NULL));
}

/* Each of them signs for itself: together they are no registrar. */
static void officials_of_two_registrars_revoke_nothing_together(void **state)
{
    static const char *const issuers[] = {"registrar.445100", "registrar.445102"};
    const struct key *keys[] = {f.realm->registrar, realm_official(f.realm, 0)};
    const struct craft c = {lianshu_DocumentType_TYPE_KEY_REVOCATION, issuers[0], keys, 2, 0, NULL};
    struct registry_registrar *rows = calloc(2, sizeof rows[0]);
    struct registry_registrar *own = f.r->registrars;
    const struct key *market = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const lianshu_Revocation body = of_key(1, REALM_MARKET, market, 0);
    (void)state;
    assert_non_null(rows);
    rows[0] = own[0];
    rows[1] = own[0];
    snprintf(rows[1].member, sizeof rows[1].member, "%s", issuers[1]);
    memcpy(rows[1].public_key[0], key_public(keys[1]), KEY_PUBLIC_LEN);
    memcpy(rows[1].kid[0], key_kid(keys[1]), KID_LEN);
    f.r->registrars = rows;
    f.r->registrar_count = 2;
    refused(document_by(&c, issuers, &lianshu_Revocation_msg, &body), ERR_REGISTRY);
    assert_non_null(strstr(f.fault.detail, "E306"));
    f.r->registrars = own;
    f.r->registrar_count = 1;
    free(rows);
    assert_int_equal(judged(market, REALM_MARKET, NOW), OK);
}

static void a_registrar_whose_time_is_over_revokes_nothing(void **state)
{
    const struct key *key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const lianshu_Revocation body = of_key(1, REALM_MARKET, key, 0);
    struct registry_registrar *row = &f.r->registrars[0];
    (void)state;
    row->valid_until_ms = NOW;
    refused(revocation(&body, NULL), ERR_REGISTRY);
    row->valid_until_ms = NOW + 1;
    applied(revocation(&body, NULL));
}

static void what_is_longer_than_an_amendment_is_refused_unread(void **state)
{
    static const uint8_t bytes[AMEND_DOCUMENT_MAX + 1];
    (void)state;
    refused(span_of(bytes, AMEND_DOCUMENT_MAX + 1), ERR_TOO_LARGE);
    refused(span_of(bytes, AMEND_DOCUMENT_MAX), ERR_FRAME_EMPTY);
}

/* Its number counts: whoever joins later under that name finds it. */
static void a_revocation_of_a_member_that_is_not_here_is_applied(void **state)
{
    const lianshu_Revocation body = of_key(1, "market.445102", f.key[0], 0);
    uint64_t last;
    (void)state;
    applied(revocation(&body, NULL));
    assert_int_equal(registry_revocations(f.r, "registrar.445100", &last), OK);
    assert_int_equal(last, 1);
}

static void a_full_version_takes_not_even_a_revocation(void **state)
{
    const struct key *key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const lianshu_Revocation body = of_key(1, REALM_MARKET, key, 0);
    (void)state;
    assert_int_equal(registry_amend(f.r, span_of(NULL, 0), NOW, false, NULL, NULL),
                     ERR_FRAME_EMPTY);
    f.r->amendments->count = AMEND_MAX; /* rows of zeros */
    refused(revocation(&body, NULL), ERR_TOO_LARGE);
    assert_int_equal(judged(key, REALM_MARKET, NOW), OK);
    f.r->amendments->count = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_revoked_key_serves_nothing_from_its_doubt_on),
        CASE(without_a_doubt_it_counts_from_its_issue_or_its_application),
        CASE(numbers_follow_each_other),
        CASE(a_body_that_is_no_revocation_is_refused_as_such),
        CASE(a_revocation_is_signed_by_the_registrars_officials_alone),
        CASE(fewer_officials_than_the_threshold_revoke_nothing),
        CASE(a_revocation_that_makes_no_sense_is_refused),
        CASE(every_changed_byte_of_a_revocation_is_refused),
        CASE(a_later_revocation_only_moves_the_doubt_back),
        CASE(a_key_that_comes_after_its_revocation_is_revoked),
        CASE(the_digest_does_not_depend_on_the_order),
        CASE(a_member_cannot_use_up_the_room_of_revocations),
        CASE(members_and_delegates_leave_room_for_the_realms_registrar),
        CASE(a_revocation_in_advance_touches_no_key_of_another_member),
        CASE(a_delegate_revokes_no_keys_of_members_beyond_its_types),
        CASE(officials_of_two_registrars_revoke_nothing_together),
        CASE(a_registrar_whose_time_is_over_revokes_nothing),
        CASE(what_is_longer_than_an_amendment_is_refused_unread),
        CASE(a_revocation_of_a_member_that_is_not_here_is_applied),
        CASE(a_full_version_takes_not_even_a_revocation),
    };
    return cmocka_run_group_tests_name("amend", tests, NULL, NULL);
}
