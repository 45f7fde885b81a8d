/* Checks what keys/registry.h promises of members, keys, rights and groups. */
#include "unit/registry_world.h"

#include "keys/roles.h"

#include "catalogue.h"

static void look_ups_find_what_was_registered(void **state)
{
    const struct registry *r = f.realm->registry;
    const struct key *seal = realm_key(f.realm, REALM_POLICE, KEY_USE_SEAL);
    const struct key *transport = realm_key(f.realm, REALM_POLICE, KEY_USE_TRANSPORT);
    const struct registry_key *key;
    const uint8_t nobody[KEY_PUBLIC_LEN] = {9};
    lianshu_MemberRecord record;
    (void)state;
    assert_string_equal(registry_realm(r), REALM_NAME);
    assert_int_equal(registry_version(r), 1);
    assert_int_equal(registry_member_count(r), REALM_MEMBERS);
    for (size_t i = 1; i < REALM_MEMBERS; i++)
        assert_true(strcmp(registry_member_at(r, i - 1)->id, registry_member_at(r, i)->id) < 0);
    const struct registry_member *police = registry_member(r, REALM_POLICE);
    assert_non_null(police);
    assert_int_equal(police->department, DEPARTMENT_POLICE);
    assert_string_equal(police->region, "445100");
    assert_int_equal(registry_record(police, &record), OK);
    assert_string_equal(record.name_en, "Member 4");
    assert_null(registry_member(r, "police.445199"));
    assert_null(registry_member_at(r, REALM_MEMBERS));

    assert_int_equal(registry_key(r, key_kid(seal), &key), OK);
    assert_memory_equal(key->public_key, key_public(seal), KEY_PUBLIC_LEN);
    assert_string_equal(key->member->id, REALM_POLICE);
    assert_int_equal(registry_transport(r, key_public(transport), &key), OK);
    assert_string_equal(key->member->id, REALM_POLICE);
    assert_int_equal(registry_transport(r, key_public(seal), &key), ERR_KEY_USE);
    assert_null(key);
    assert_int_equal(registry_transport(r, nobody, &key), ERR_KID_UNKNOWN);
    assert_int_equal(registry_key(r, nobody, &key), ERR_KID_UNKNOWN);
}

static void keys_are_judged_for_member_use_and_time(void **state)
{
    const struct key *sign = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const uint64_t from = REALM_NOW_MS - REALM_DAY_MS;
    const uint64_t until = REALM_NOW_MS + 365 * REALM_DAY_MS;
    const struct {
        const char *member;
        enum key_use use;
        uint64_t at;
        enum err want;
    } rows[] = {
        {REALM_MARKET, KEY_USE_SIGN, from, OK},
        {REALM_MARKET, KEY_USE_SIGN, until - 1, OK},
        {REALM_MARKET, KEY_USE_SIGN, from - 1, ERR_KEY_NOT_YET},
        {REALM_MARKET, KEY_USE_SIGN, until, ERR_KEY_EXPIRED},
        {REALM_MARKET, KEY_USE_LOG, from, ERR_KEY_USE},
        {REALM_MARKET, KEY_USE_SEAL, 0, ERR_KEY_USE},
        {REALM_HEALTH, KEY_USE_SIGN, from, ERR_KEY_NOT_SENDERS},
        {REALM_HEALTH, KEY_USE_LOG, 0, ERR_KEY_NOT_SENDERS},
        {"market.4451000", KEY_USE_SIGN, from, ERR_KEY_NOT_SENDERS},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct registry_key *key;
        print_message("row %zu\n", i);
        assert_int_equal(registry_signer(f.realm->registry, rows[i].member, key_kid(sign),
                                         rows[i].use, rows[i].at, &key),
                         rows[i].want);
        assert_true((rows[i].want == OK) == (key != NULL));
    }
}

/* A later key of that use, valid by then: the old one was replaced. An earlier one, or one of
 * another use, replaces nothing, and officials have each their own. */
static void an_expired_key_that_was_replaced_is_told_apart(void **state)
{
    static const uint64_t START = REALM_NOW_MS - REALM_DAY_MS;
    static const uint64_t OVER = REALM_NOW_MS + 366 * REALM_DAY_MS;
    static const struct {
        const char *member;
        enum key_use use; /* of the key that comes beside the old one */
        uint64_t from_ms;
        uint64_t until_ms;
        uint64_t at_ms;
        enum err want; /* of the old one */
    } rows[] = {
        {REALM_MARKET, KEY_USE_SIGN, START + 9, OVER + 1, OVER, ERR_KEY_ROTATED},
        {REALM_MARKET, KEY_USE_SIGN, START + 9, OVER + 1, OVER - 2 * REALM_DAY_MS, OK},
        {REALM_MARKET, KEY_USE_SIGN, START + 9, OVER, OVER, ERR_KEY_EXPIRED},
        {REALM_MARKET, KEY_USE_SIGN, OVER + 1, OVER + 2, OVER, ERR_KEY_EXPIRED},
        {REALM_MARKET, KEY_USE_SIGN, START - 9, OVER + 1, OVER, ERR_KEY_EXPIRED},
        {REALM_MARKET, KEY_USE_SEAL, START + 9, OVER + 1, OVER, ERR_KEY_EXPIRED},
        {REALM_HUB, KEY_USE_OFFICIAL, START + 9, OVER + 1, OVER, ERR_KEY_EXPIRED},
    };
    const struct registry_make make = realm_make(f.realm, 2);
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const bool official = rows[i].use == KEY_USE_OFFICIAL;
        const struct key *old = official ? realm_official(f.realm, 0)
                                         : realm_key(f.realm, rows[i].member, KEY_USE_SIGN);
        struct key *next = NULL;
        struct registry *r = NULL;
        const struct registry_key *key;
        print_message("row %zu\n", i);
        assert_int_equal(key_make(&next, rows[i].use, 0, &f.realm->entropy), OK);
        lianshu_MemberRecord *record = record_of(rows[i].member);
        lianshu_MemberKey *mk = &record->keys[record->keys_count++];
        mk->use = (lianshu_KeyUse)rows[i].use;
        mk->valid_from_ms = rows[i].from_ms;
        mk->valid_until_ms = rows[i].until_ms;
        mk->roles = official ? ROLES_OPERATOR : 0;
        memcpy(mk->public_key, key_public(next), KEY_PUBLIC_LEN);
        assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
        record->keys_count--;
        assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault),
                         OK);
        assert_int_equal(registry_signer(r, rows[i].member, key_kid(old),
                                         official ? KEY_USE_OFFICIAL : KEY_USE_SIGN, rows[i].at_ms,
                                         &key),
                         rows[i].want);
        assert_true((rows[i].want == OK) == (key != NULL));
        registry_close(&r);
        key_close(&next);
    }
}

static void newest_is_current(bool first)
{
    struct key *next = NULL;
    const struct key *old = realm_key(f.realm, REALM_MARKET, KEY_USE_SEAL);
    const struct registry_make make = realm_make(f.realm, 2);
    struct registry *r = NULL;
    const struct registry_key *key;
    assert_int_equal(key_make(&next, KEY_USE_SEAL, 0, &f.realm->entropy), OK);
    lianshu_MemberRecord *market = record_of(REALM_MARKET);
    lianshu_MemberKey *mk = &market->keys[market->keys_count++];
    mk->use = lianshu_KeyUse_KEY_SEAL;
    mk->valid_from_ms = REALM_NOW_MS + 10 * REALM_DAY_MS;
    mk->valid_until_ms = REALM_NOW_MS + 20 * REALM_DAY_MS;
    memcpy(mk->public_key, key_public(next), KEY_PUBLIC_LEN);
    if (first) {
        const lianshu_MemberKey kept = market->keys[0];
        market->keys[0] = *mk;
        *mk = kept;
    }
    assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
    assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault), OK);

    assert_int_equal(registry_current(r, REALM_MARKET, KEY_USE_SEAL, REALM_NOW_MS, &key), OK);
    assert_memory_equal(key->kid, key_kid(old), KID_LEN);
    assert_int_equal(
        registry_current(r, REALM_MARKET, KEY_USE_SEAL, REALM_NOW_MS + 15 * REALM_DAY_MS, &key),
        OK);
    assert_memory_equal(key->kid, key_kid(next), KID_LEN);
    assert_int_equal(
        registry_current(r, REALM_MARKET, KEY_USE_SEAL, REALM_NOW_MS + 20 * REALM_DAY_MS, &key),
        OK);
    assert_memory_equal(key->kid, key_kid(old), KID_LEN);
    assert_int_equal(
        registry_current(r, REALM_MARKET, KEY_USE_SEAL, REALM_NOW_MS + 400 * REALM_DAY_MS, &key),
        ERR_KEY_EXPIRED);
    assert_int_equal(registry_current(r, REALM_MARKET, KEY_USE_LOG, REALM_NOW_MS, &key),
                     ERR_KEY_EXPIRED);
    assert_int_equal(registry_current(r, "market.440000", KEY_USE_SEAL, REALM_NOW_MS, &key),
                     ERR_MEMBER_UNKNOWN);
    registry_close(&r);
    key_close(&next);
}

static void newest_key_that_is_valid_is_the_current_one(void **state)
{
    (void)state;
    newest_is_current(false);
    memcpy(f.records, f.realm->records, sizeof f.realm->records);
    newest_is_current(true); /* wherever it stands */
}

/* A document of before is still read: registry_at.revoked_too. */
static void a_revoked_key_is_found_where_it_is_asked_for(void **state)
{
    const struct registry_make make = realm_make(f.realm, 2);
    const struct key *key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    struct registry *r = NULL;
    uint8_t found[KEY_PUBLIC_LEN];
    lianshu_MemberRecord *market = record_of(REALM_MARKET);
    (void)state;
    for (pb_size_t i = 0; i < market->keys_count; i++) {
        if (market->keys[i].use == lianshu_KeyUse_KEY_SIGN) {
            market->keys[i].revoked_ms = REALM_NOW_MS;
            market->keys[i].revoked_for = lianshu_RevocationReason_REVOCATION_COMPROMISED;
        }
    }
    assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
    assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault), OK);
    struct registry_at at = {.registry = r, .at_ms = REALM_NOW_MS};
    const struct document_signers signers = registry_signers(&at);
    assert_int_equal(signers.find(signers.ctx, REALM_MARKET, key_kid(key), found), ERR_REVOKED);
    at.revoked_too = true;
    assert_int_equal(signers.find(signers.ctx, REALM_MARKET, key_kid(key), found), OK);
    assert_memory_equal(found, key_public(key), KEY_PUBLIC_LEN);
    assert_int_equal(signers.find(signers.ctx, REALM_POLICE, key_kid(key), found),
                     ERR_KEY_NOT_SENDERS);
    registry_close(&r);
}

/* Guarantee 3 */
static void rights_are_default_deny(void **state)
{
    const uint32_t all = UINT32_MAX;
    const struct {
        uint32_t type;    /* asked for */
        uint32_t send_to; /* departments of the sender's grant */
        const char *send_region;
        uint32_t receive_from; /* departments of the recipient's grant; 0: no grant */
        const char *receive_region;
        enum err want;
    } rows[] = {
        {lianshu_DocumentType_TYPE_HONOUR, all, "445100", all, "445100", OK},
        {lianshu_DocumentType_TYPE_HONOUR, 1u << DEPARTMENT_POLICE, "445100",
         1u << DEPARTMENT_MARKET, "445100", OK},
        {lianshu_DocumentType_TYPE_HONOUR, all, "000000", all, "440000", OK},
        {lianshu_DocumentType_TYPE_APPOINTMENT, all, "445100", all, "445100", ERR_NO_RIGHT},
        /* whoever may send something may take it back, as far and no further */
        {lianshu_DocumentType_TYPE_WITHDRAW, all, "445100", all, "445100", OK},
        {lianshu_DocumentType_TYPE_WITHDRAW, all, "445200", all, "445100", ERR_REGION_RIGHT},
        {lianshu_DocumentType_TYPE_WITHDRAW, all, "445100", 0, "445100", ERR_RECIPIENT_RIGHT},
        {lianshu_DocumentType_TYPE_WITHDRAW, all & ~(1u << DEPARTMENT_POLICE), "445100", all,
         "445100", ERR_RECIPIENT_RIGHT},
        {lianshu_DocumentType_TYPE_HONOUR, all & ~(1u << DEPARTMENT_POLICE), "445100", all,
         "445100", ERR_RECIPIENT_RIGHT},
        {lianshu_DocumentType_TYPE_HONOUR, all, "445200", all, "445100", ERR_REGION_RIGHT},
        {lianshu_DocumentType_TYPE_HONOUR, all, "445102", all, "445100", ERR_REGION_RIGHT},
        {lianshu_DocumentType_TYPE_HONOUR, all, "445100", 0, "445100", ERR_RECIPIENT_RIGHT},
        {lianshu_DocumentType_TYPE_HONOUR, all, "445100", 1u << DEPARTMENT_HEALTH, "445100",
         ERR_RECIPIENT_RIGHT},
        {lianshu_DocumentType_TYPE_HONOUR, all, "445100", all, "440100", ERR_RECIPIENT_RIGHT},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct registry_make make = realm_make(f.realm, 2);
        struct registry *r = NULL;
        print_message("row %zu\n", i);
        memcpy(f.records, f.realm->records, sizeof f.realm->records);
        lianshu_MemberRecord *from = record_of(REALM_MARKET), *to = record_of(REALM_POLICE);
        from->grants_count = 1;
        from->grants[0] = (lianshu_Grant){.direction = lianshu_GrantDirection_GRANT_SEND,
                                          .departments = rows[i].send_to};
        grant_add(from->grants[0].types, lianshu_DocumentType_TYPE_HONOUR);
        grant_add(from->grants[0].types, lianshu_DocumentType_TYPE_SUBSIDY);
        snprintf(from->grants[0].region, sizeof from->grants[0].region, "%s", rows[i].send_region);
        to->grants_count = rows[i].receive_from != 0;
        to->grants[0] = (lianshu_Grant){.direction = lianshu_GrantDirection_GRANT_RECEIVE,
                                        .departments = rows[i].receive_from};
        grant_add(to->grants[0].types, lianshu_DocumentType_TYPE_HONOUR);
        snprintf(to->grants[0].region, sizeof to->grants[0].region, "%s", rows[i].receive_region);
        assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
        assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault),
                         OK);
        assert_int_equal(registry_may(r, REALM_MARKET, rows[i].type, REALM_POLICE), rows[i].want);
        assert_int_equal(registry_may(r, REALM_POLICE, rows[i].type, REALM_MARKET), ERR_NO_RIGHT);
        assert_int_equal(registry_may(r, REALM_MARKET, rows[i].type, "police.440000"),
                         ERR_MEMBER_UNKNOWN);
        registry_close(&r);
    }
}

/* Of two grants that do not reach it the nearer one says why, whichever stands first. */
static void the_nearest_miss_says_why(void **state)
{
    const struct registry_make make = realm_make(f.realm, 2);
    (void)state;
    for (size_t first = 0; first < 2; first++) {
        lianshu_MemberRecord *from = record_of(REALM_MARKET);
        struct registry *r = NULL;
        from->grants_count = 2;
        for (size_t i = 0; i < 2; i++) {
            const bool region = i == first;
            lianshu_Grant *grant = &from->grants[i];
            *grant = (lianshu_Grant){.direction = lianshu_GrantDirection_GRANT_SEND,
                                     .departments =
                                         region ? UINT32_MAX : UINT32_C(1) << DEPARTMENT_HEALTH};
            grant_add(grant->types, lianshu_DocumentType_TYPE_HONOUR);
            snprintf(grant->region, sizeof grant->region, region ? "445200" : "445100");
        }
        assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
        assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault),
                         OK);
        assert_int_equal(
            registry_may(r, REALM_MARKET, lianshu_DocumentType_TYPE_HONOUR, REALM_POLICE),
            ERR_REGION_RIGHT);
        registry_close(&r);
    }
}

static void a_registry_of_nobody_has_nobody(void **state)
{
    const struct registry_make make = realm_make(f.realm, 2);
    struct registry *r = NULL;
    (void)state;
    assert_int_equal(write_file(&make, 0), OK);
    assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault), OK);
    assert_int_equal(registry_member_count(r), 0);
    assert_null(registry_member(r, REALM_MARKET));
    assert_true(registry_next(r, 0, UINT32_MAX, "000000") == SIZE_MAX);
    registry_close(&r);
    assert_int_equal(registry_read(&r, &f.realm->anchor, "there/is/none", 0, &f.fault),
                     ERR_NOT_FOUND);
    assert_null(r);
}

static void members_are_walked_in_order(void **state)
{
    const struct registry *r = f.realm->registry;
    const char *want[] = {REALM_HEALTH, REALM_INSURANCE, REALM_POLICE};
    const uint32_t set =
        1u << DEPARTMENT_HEALTH | 1u << DEPARTMENT_INSURANCE | 1u << DEPARTMENT_POLICE;
    size_t n = 0;
    (void)state;
    for (size_t i = registry_next(r, 0, set, "440000"); i != SIZE_MAX;
         i = registry_next(r, i + 1, set, "440000"))
        assert_string_equal(registry_member_at(r, i)->id, want[n++]);
    assert_int_equal(n, 3);
    assert_true(registry_next(r, 0, set, "445200") == SIZE_MAX);
    assert_true(registry_next(r, 0, 0, "000000") == SIZE_MAX);
    assert_true(registry_next(r, 0, set, "44510x") == SIZE_MAX);
}

/* A nation of members without keys. */
static struct registry *nation(void)
{
    static const char *const ids[] = {
        "health-cdc.445100", "health.000000", "health.110000", "health.440000",
        "health.440100",     "health.445100", "health.445102", "health.445122",
        "health.450000",     "market.440000", "market.445100", "registrar.445100",
    };
    static lianshu_MemberRecord records[T_COUNT(ids)];
    static uint8_t file[FILE_CAP];
    struct registry *r = NULL;
    struct writer w = writer_of(file, sizeof file);
    struct registry_make make = realm_make(f.realm, 1);
    make.region = "000000";
    memset(records, 0, sizeof records);
    for (size_t i = 0; i < T_COUNT(ids); i++)
        snprintf(records[i].member, sizeof records[i].member, "%s", ids[T_COUNT(ids) - 1 - i]);
    assert_int_equal(registry_write(&make, records, T_COUNT(ids), &w, &f.fault), OK);
    assert_int_equal(registry_open(&r, &f.realm->anchor, writer_span(&w), 1, &f.fault), OK);
    return r;
}

static void a_group_is_a_department_in_a_subtree_in_the_order_of_ids(void **state)
{
    static const struct {
        const char *group;
        const char *want[9];
    } rows[] = {
        {"health.445122/*", {"health.445122"}},
        {"health.445100/*", {"health.445100", "health.445102", "health.445122"}},
        {"health.440000/*",
         {"health.440000", "health.440100", "health.445100", "health.445102", "health.445122"}},
        {"health.000000/*",
         {"health.000000", "health.110000", "health.440000", "health.440100", "health.445100",
          "health.445102", "health.445122", "health.450000"}},
        {"health-cdc.440000/*", {"health-cdc.445100"}}, /* a part is named, or not meant */
        {"health-cdc.450000/*", {NULL}},
        {"market.000000/*", {"market.440000", "market.445100"}},
        {"police.000000/*", {NULL}},
        {"health.999999/*", {NULL}},
        {"health.440103/*", {NULL}}, /* no zeros are left out but both of a pair */
    };
    struct registry *r = nation();
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct registry_member *member;
        size_t cursor = 0;
        size_t n = 0;
        print_message("row %zu: %s\n", i, rows[i].group);
        for (;; n++) {
            assert_int_equal(registry_group(r, rows[i].group, &cursor, &member), OK);
            if (member == NULL)
                break;
            assert_non_null(rows[i].want[n]);
            assert_string_equal(member->id, rows[i].want[n]);
        }
        assert_null(rows[i].want[n]);
        assert_int_equal(registry_group(r, rows[i].group, &cursor, &member), OK);
        assert_null(member); /* the end stays the end */
    }
    registry_close(&r);
}

static void what_is_no_group_is_refused(void **state)
{
    static const struct {
        const char *group;
        enum err want;
    } rows[] = {
        {"", ERR_IDENTIFIER},
        {"/*", ERR_IDENTIFIER},
        {"health.440000", ERR_IDENTIFIER},
        {"health.440000/", ERR_IDENTIFIER},
        {"health.440000/**", ERR_IDENTIFIER},
        {"health.440000/x", ERR_IDENTIFIER},
        {"health.440000/*/*", ERR_IDENTIFIER},
        {"health.44/*", ERR_IDENTIFIER},
        {"health/*", ERR_IDENTIFIER},
        {"*.440000/*", ERR_IDENTIFIER},
        {"Health.440000/*", ERR_IDENTIFIER},
        {"health-.440000/*", ERR_IDENTIFIER},
        {"healthhealthhealthhealthhealthhealthhealth.440000/*", ERR_IDENTIFIER},
        {"weather.440000/*", ERR_MEMBER_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct registry_member *member = registry_member_at(f.realm->registry, 0);
        size_t cursor = 0;
        print_message("row %zu: %s\n", i, rows[i].group);
        assert_int_equal(registry_group(f.realm->registry, rows[i].group, &cursor, &member),
                         rows[i].want);
        assert_null(member);
        assert_int_equal(cursor, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(look_ups_find_what_was_registered),
        CASE(keys_are_judged_for_member_use_and_time),
        CASE(an_expired_key_that_was_replaced_is_told_apart),
        CASE(newest_key_that_is_valid_is_the_current_one),
        CASE(a_revoked_key_is_found_where_it_is_asked_for),
        CASE(the_nearest_miss_says_why),
        CASE(a_registry_of_nobody_has_nobody),
        CASE(rights_are_default_deny),
        CASE(members_are_walked_in_order),
        CASE(a_group_is_a_department_in_a_subtree_in_the_order_of_ids),
        CASE(what_is_no_group_is_refused),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
