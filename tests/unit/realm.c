#include "realm.h"

#include "base/file.h"
#include "catalogue.h"
#include "keys/init.h"
#include "keys/roles.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const members[REALM_MEMBERS] = {
    REALM_HUB, REALM_MARKET, REALM_HEALTH, REALM_INSURANCE, REALM_POLICE, REALM_PROCURATORATE,
};

static const uint32_t types[REALM_TYPES] = {
    lianshu_DocumentType_TYPE_SUBJECT_REGISTER,
    lianshu_DocumentType_TYPE_APPOINTMENT,
    lianshu_DocumentType_TYPE_HONOUR,
    lianshu_DocumentType_TYPE_SANCTION_ORDER,
    lianshu_DocumentType_TYPE_SANCTION_NOTICE,
    lianshu_DocumentType_TYPE_SANCTION_ANSWER,
    lianshu_DocumentType_TYPE_CASE_REFERRAL,
    lianshu_DocumentType_TYPE_AEFI_REPORT,
    lianshu_DocumentType_TYPE_CLUE,
    lianshu_DocumentType_TYPE_PREVIEW,
    lianshu_DocumentType_TYPE_PREVIEW_ANSWER,
};

static void add_key(struct realm *r, struct keyring *ring, lianshu_MemberRecord *record,
                    enum key_use use)
{
    struct key *key = NULL;
    assert_int_equal(key_make(&key, use, REALM_NOW_MS, &r->entropy), OK);
    if (key_use_alg(use) != ALG_NONE) {
        lianshu_MemberKey *mk = &record->keys[record->keys_count++];
        mk->use = (lianshu_KeyUse)use;
        memcpy(mk->public_key, key_public(key), KEY_PUBLIC_LEN);
        mk->valid_from_ms = REALM_NOW_MS - REALM_DAY_MS;
        mk->valid_until_ms = REALM_NOW_MS + 365 * REALM_DAY_MS;
        if (use == KEY_USE_OFFICIAL) /* an operator first, then a security officer */
            mk->roles = keyring_find(ring, use) == NULL ? ROLES_OPERATOR : ROLES_SECURITY;
    }
    assert_int_equal(keyring_add(ring, &key), OK);
}

static void add_grants(lianshu_MemberRecord *record)
{
    for (int direction = 1; direction <= 2; direction++) {
        lianshu_Grant *grant = &record->grants[record->grants_count++];
        for (size_t i = 0; i < REALM_TYPES; i++)
            grant_add(grant->types, types[i]);
        grant->direction = (lianshu_GrantDirection)direction;
        grant->departments = UINT32_MAX;
        snprintf(grant->region, sizeof grant->region, "445100");
    }
}

static void add_member(struct realm *r, size_t i)
{
    lianshu_MemberRecord *record = &r->records[i];
    snprintf(record->member, sizeof record->member, "%s", members[i]);
    snprintf(record->name_zh, sizeof record->name_zh, "成员%zu", i);
    snprintf(record->name_en, sizeof record->name_en, "Member %zu", i);
    assert_int_equal(keyring_open(&r->rings[i], members[i], "main"), OK);
    add_key(r, r->rings[i], record, KEY_USE_SIGN);
    add_key(r, r->rings[i], record, KEY_USE_SEAL);
    add_key(r, r->rings[i], record, KEY_USE_TRANSPORT);
    add_key(r, r->rings[i], record, KEY_USE_STORAGE);
    if (i == 0) {
        add_key(r, r->rings[i], record, KEY_USE_LOG);
        add_key(r, r->rings[i], record, KEY_USE_TOKEN);
    }
    add_grants(record);
}

struct registry_make realm_make(const struct realm *realm, uint64_t version)
{
    return (struct registry_make){
        .anchor = &realm->anchor,
        .roots = (const struct key *const *)&realm->root,
        .root_count = 1,
        .officials = (const struct key *const *)&realm->registrar,
        .official_count = 1,
        .region = "445100",
        .version = version,
        .now_ms = REALM_NOW_MS - REALM_DAY_MS,
        .valid_until_ms = REALM_NOW_MS + 30 * REALM_DAY_MS,
        .entropy = &realm->entropy,
    };
}

/* The bytes of a registry, for the caller to free. */
static uint8_t *lay_out(const struct registry_make *make, const lianshu_MemberRecord *records,
                        size_t count, size_t *len)
{
    enum { FILE_CAP = 256 << 10 };
    struct fault fault = {0};
    uint8_t *file = malloc(FILE_CAP);
    assert_non_null(file);
    struct writer w = writer_of(file, FILE_CAP);
    if (registry_write(make, records, count, &w, &fault) != OK)
        fail_msg("%s: %s", fault.where, fault.detail);
    *len = w.len;
    return file;
}

void realm_write(const struct registry_make *make, const lianshu_MemberRecord *records,
                 size_t count, const char *path)
{
    size_t len;
    uint8_t *file = lay_out(make, records, count, &len);
    assert_int_equal(file_write(path, (struct span){file, len}, 0600, 0, NULL), OK);
    free(file);
}

struct realm *realm_open(uint8_t seed)
{
    uint8_t bytes[ENTROPY_SEED_LEN] = {seed};
    struct fault fault = {0};
    assert_int_equal(keys_init(), OK);
    struct realm *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->entropy = entropy_replay_init(&r->replay, bytes);
    assert_int_equal(key_make(&r->root, KEY_USE_ROOT, REALM_NOW_MS, &r->entropy), OK);
    assert_int_equal(key_make(&r->registrar, KEY_USE_REGISTRAR, REALM_NOW_MS, &r->entropy), OK);
    snprintf(r->anchor.realm, sizeof r->anchor.realm, REALM_NAME);
    r->anchor.threshold = 1;
    r->anchor.root_count = 1;
    memcpy(r->anchor.root[0], key_public(r->root), KEY_PUBLIC_LEN);
    for (size_t i = 0; i < REALM_MEMBERS; i++)
        add_member(r, i);
    for (size_t i = 0; i < REALM_OFFICIALS; i++)
        add_key(r, r->rings[0], &r->records[0], KEY_USE_OFFICIAL);

    const struct registry_make make = realm_make(r, 1);
    r->file = lay_out(&make, r->records, REALM_MEMBERS, &r->file_len);
    const struct span file = {r->file, r->file_len};
    assert_int_equal(registry_open(&r->registry, &r->anchor, file, 1, &fault), OK);
    return r;
}

void realm_close(struct realm **realm)
{
    struct realm *r = *realm;
    if (r == NULL)
        return;
    registry_close(&r->registry);
    for (size_t i = 0; i < REALM_MEMBERS; i++)
        keyring_close(&r->rings[i]);
    key_close(&r->root);
    key_close(&r->registrar);
    free(r->file);
    free(r);
    *realm = NULL;
}

const struct keyring *realm_ring(const struct realm *realm, const char *member)
{
    for (size_t i = 0; i < REALM_MEMBERS; i++) {
        if (strcmp(keyring_owner(realm->rings[i]), member) == 0)
            return realm->rings[i];
    }
    fail_msg("no member %s", member);
    return NULL;
}

const struct key *realm_key(const struct realm *realm, const char *member, enum key_use use)
{
    const struct key *key = keyring_find(realm_ring(realm, member), use);
    assert_non_null(key);
    return key;
}

const struct key *realm_official(const struct realm *realm, size_t index)
{
    const struct keyring *ring = realm_ring(realm, REALM_HUB);
    for (size_t i = 0; i < keyring_count(ring); i++) {
        if (key_use(keyring_at(ring, i)) == KEY_USE_OFFICIAL && index-- == 0)
            return keyring_at(ring, i);
    }
    fail_msg("no such official");
    return NULL;
}
