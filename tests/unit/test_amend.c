/* Checks what keys/amend.h promises of revocations and key records. */
#include "keys/amend.h"
#include "keys/amend_table.h"
#include "keys/registry_table.h"

#include "realm.h"

#include "t.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR = 3600 * 1000 };
#define NOW REALM_NOW_MS

struct fixture {
    struct realm *realm;
    struct registry *r;
    struct key *key[4]; /* new ones: seal, seal, transport, transport */
    uint8_t bytes[4096];
    struct span lsd1;
    struct fault fault;
};
static struct fixture f;

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(5);
    f.r = f.realm->registry;
    for (size_t i = 0; i < T_COUNT(f.key); i++)
        assert_int_equal(
            key_make(&f.key[i], i < 2 ? KEY_USE_SEAL : KEY_USE_TRANSPORT, NOW, &f.realm->entropy),
            OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(f.key); i++)
        key_close(&f.key[i]);
    realm_close(&f.realm);
    return 0;
}

/* What a test writes otherwise than it should be. */
struct craft {
    uint32_t type; /* 0: that of the body */
    const char *issuer;
    const struct key *const *keys;
    size_t key_count;
    uint64_t issued_ms; /* 0: NOW */
    const char *realm;
};

static struct span document(const struct craft *c, const pb_msgdesc_t *desc, const void *body)
{
    static lianshu_Document d;
    uint8_t encoded[2048];
    uint8_t hash[HASH_LEN];
    wire_clear(&lianshu_Document_msg, &d);
    document_prepare(&d, c->realm != NULL ? c->realm : REALM_NAME, c->issuer, c->keys[0],
                     c->issued_ms != 0 ? c->issued_ms : NOW, &f.realm->entropy);
    d.type = c->type;
    for (size_t i = 1; i < c->key_count; i++) {
        snprintf(d.issuers[i].member, sizeof d.issuers[i].member, "%s", c->issuer);
        memcpy(d.issuers[i].kid, key_kid(c->keys[i]), KID_LEN);
    }
    d.issuers_count = (pb_size_t)c->key_count;
    struct writer b = writer_of(d.body.bytes, sizeof d.body.bytes);
    assert_int_equal(wire_encode(desc, body, &b), OK);
    d.body.size = (pb_size_t)b.len;
    struct writer e = writer_of(encoded, sizeof encoded);
    assert_int_equal(document_encode(&d, &e, hash), OK);
    struct writer w = writer_of(f.bytes, sizeof f.bytes);
    assert_int_equal(document_sign(writer_span(&e), c->keys, c->key_count, &w), OK);
    return f.lsd1 = writer_span(&w);
}

static lianshu_Revocation of_key(uint64_t number, const char *member, const struct key *key,
                                 uint64_t since_ms)
{
    lianshu_Revocation body = {.number = number,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED,
                               .compromised_since_ms = since_ms};
    snprintf(body.member, sizeof body.member, "%s", member);
    memcpy(body.kid, key_kid(key), KID_LEN);
    return body;
}

static struct span revocation(const lianshu_Revocation *body, const struct craft *other)
{
    const struct key *const registrar = f.realm->registrar;
    struct craft c = {.type = lianshu_DocumentType_TYPE_KEY_REVOCATION,
                      .issuer = "registrar.445100",
                      .keys = &registrar,
                      .key_count = 1};
    return document(other != NULL ? other : &c, &lianshu_Revocation_msg, body);
}

static lianshu_MemberKey entry(const struct key *key, uint64_t from_ms, uint64_t until_ms)
{
    lianshu_MemberKey k = {
        .use = (lianshu_KeyUse)key_use(key), .valid_from_ms = from_ms, .valid_until_ms = until_ms};
    memcpy(k.public_key, key_public(key), KEY_PUBLIC_LEN);
    return k;
}

static struct span record(uint64_t number, const lianshu_MemberKey *keys, size_t count,
                          uint64_t issued_ms)
{
    lianshu_KeyRecord body = {.number = number, .keys_count = (pb_size_t)count};
    const struct key *sign = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const struct craft c = {.type = lianshu_DocumentType_TYPE_KEY_RECORD,
                            .issuer = REALM_MARKET,
                            .keys = &sign,
                            .key_count = 1,
                            .issued_ms = issued_ms};
    memcpy(body.keys, keys, count * sizeof keys[0]);
    return document(&c, &lianshu_KeyRecord_msg, &body);
}

/* Nothing of it is in effect. */
static void refused(struct span lsd1, enum err want)
{
    const size_t count = registry_amendment_count(f.r);
    uint8_t digest[HASH_LEN] = {0};
    if (count > 0)
        memcpy(digest, registry_amended(f.r).data, HASH_LEN);
    const struct amendment *out;
    assert_int_equal(registry_amend(f.r, lsd1, NOW, false, &out, &f.fault), want);
    assert_null(out);
    assert_int_equal(registry_amendment_count(f.r), count);
    if (count > 0)
        assert_memory_equal(digest, registry_amended(f.r).data, HASH_LEN);
}

static void applied(struct span lsd1)
{
    const enum err err = registry_amend(f.r, lsd1, NOW, false, NULL, &f.fault);
    if (err != OK)
        print_message("%s: %s\n", f.fault.where, f.fault.detail);
    assert_int_equal(err, OK);
}

static enum err judged(const struct key *key, const char *member, uint64_t at_ms)
{
    const struct registry_key *found;
    return registry_signer(f.r, member, key_kid(key), key_use(key), at_ms, &found);
}

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
}

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
    };
    static const enum err want[] = {ERR_HEADER,     ERR_LIFE,       ERR_KEY_REUSED, ERR_KEY_USE,
                                    ERR_KEY_REUSED, ERR_KEY_REUSED, ERR_KEY_REUSED, ERR_KEY_WEAK,
                                    ERR_KEY_PUBLIC, ERR_HEADER,     ERR_KEY_REUSED};
    (void)state;
    memcpy(k[7].public_key, WEAK, KEY_PUBLIC_LEN);
    memset(k[8].public_key, 0, KEY_PUBLIC_LEN);
    k[9].roles = 1;
    memcpy(k[10].public_key, key_public(own), KEY_PUBLIC_LEN);
    k[10].use = lianshu_KeyUse_KEY_TRANSPORT;
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

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_revoked_key_serves_nothing_from_its_doubt_on),
        CASE(without_a_doubt_it_counts_from_its_issue_or_its_application),
        CASE(numbers_follow_each_other),
        CASE(a_revocation_is_signed_by_the_registrars_officials_alone),
        CASE(fewer_officials_than_the_threshold_revoke_nothing),
        CASE(a_revocation_that_makes_no_sense_is_refused),
        CASE(every_changed_byte_of_a_revocation_is_refused),
        CASE(a_later_revocation_only_moves_the_doubt_back),
        CASE(a_key_record_brings_keys_and_ends_old_ones),
        CASE(a_key_record_with_a_wrong_key_is_refused_as_a_whole),
        CASE(key_records_follow_each_other_for_each_member),
        CASE(a_key_record_is_signed_by_its_member_alone),
        CASE(a_thief_cannot_outlive_the_key_that_he_took),
        CASE(a_key_that_comes_after_its_revocation_is_revoked),
        CASE(the_digest_does_not_depend_on_the_order),
        CASE(another_version_keeps_what_the_last_one_was_amended_by),
        CASE(a_key_record_that_a_version_contradicts_is_passed_over),
        CASE(a_record_is_folded_with_all_its_keys),
        CASE(a_member_cannot_fill_a_version_with_keys),
        CASE(a_member_cannot_use_up_the_room_of_revocations),
        CASE(members_and_delegates_leave_room_for_the_realms_registrar),
        CASE(a_revocation_in_advance_touches_no_key_of_another_member),
        CASE(an_applied_revocation_of_anothers_key_is_void_and_keeps_its_number),
        CASE(a_delegate_revokes_no_keys_of_members_beyond_its_types),
        CASE(a_version_of_new_officials_that_has_the_revocations_is_taken),
    };
    return cmocka_run_group_tests_name("amend", tests, NULL, NULL);
}
