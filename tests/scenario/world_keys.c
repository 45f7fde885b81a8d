/* Keys of all members, the signed registry, and the signer. */
#include "scenario/world_inner.h"

#include "base/clock.h"
#include "catalogue.h"
#include "keys/roles.h"

#include <stdio.h>
#include <stdlib.h>

struct key *world_add_key(struct world *w, struct keyring *ring, enum key_use use)
{
    struct key *key = NULL;
    assert_int_equal(key_make(&key, use, w->now_ms, &w->entropy), OK);
    struct key *lent = key;
    assert_int_equal(keyring_add(ring, &key), OK);
    return lent;
}

static uint64_t valid_days(const struct world *w)
{
    return w->years == 0 ? 365 : 366 * (uint64_t)w->years;
}

static void add_public(lianshu_MemberRecord *record, const struct world *w, const struct key *key)
{
    lianshu_MemberKey *row = &record->keys[record->keys_count++];
    row->use = (lianshu_KeyUse)key_use(key);
    memcpy(row->public_key, key_public(key), sizeof row->public_key);
    row->valid_from_ms = w->now_ms - DAY_MS;
    row->valid_until_ms = w->now_ms + (35 + valid_days(w)) * DAY_MS;
}

/* The first is an operator, the second the security officer, unless the world says otherwise. */
static void add_official(lianshu_MemberRecord *record, const struct world *w, const struct key *key,
                         size_t i)
{
    add_public(record, w, key);
    const uint32_t usual = i == 0 ? ROLES_OPERATOR : ROLES_SECURITY;
    record->keys[record->keys_count - 1].roles = w->roles[i] != 0 ? w->roles[i] : usual;
}

static const struct {
    const char *member;
    bool send;
    const char *types[12];
} grants[] = {
    {"hub.445100", true, {"sanction.notice", "credit.certificate", "preview.answer"}},
    {"hub.445100",
     false,
     {"subject.register", "subject.relation", "sanction.order", "sanction.lift", "sanction.annul",
      "sanction.suspend", "sanction.resume", "sanction.answer", "sanction.executed", "credit.check",
      "preview"}},
    {"market.445100",
     true,
     {"subject.register", "subject.relation", "sanction.order", "sanction.lift", "sanction.annul",
      "sanction.suspend", "sanction.resume", "sanction.answer", "sanction.executed", "credit.check",
      "case.referral"}},
    {"market.445100",
     false,
     {"appointment", "licence.application", "honour", "aefi.report", "sanction.notice",
      "credit.certificate", "case.acknowledged", "case.decision"}},
    {"health.445100",
     true,
     {"appointment", "licence.application", "aefi.report", "honour", "sanction.answer",
      "sanction.executed", "credit.check", "preview"}},
    {"health.445100",
     false,
     {"sanction.notice", "credit.certificate", "sanction.order", "preview.answer"}},
    {"insurance.445100", true, {"honour", "sanction.answer", "sanction.executed"}},
    {"insurance.445100", false, {"sanction.notice"}},
    {"police.445100",
     true,
     {"case.acknowledged", "case.decision", "sanction.answer", "sanction.executed"}},
    {"police.445100", false, {"sanction.notice", "case.referral"}},
    {"procuratorate.445100", true, {"sanction.answer", "sanction.executed"}},
    {"procuratorate.445100",
     false,
     {"sanction.notice", "case.referral", "case.acknowledged", "case.decision"}},
};

static void add_grants(lianshu_MemberRecord *record)
{
    for (size_t g = 0; g < T_COUNT(grants); g++) {
        if (strcmp(grants[g].member, record->member) != 0)
            continue;
        for (size_t t = 0; t < T_COUNT(grants[g].types) && grants[g].types[t] != NULL; t++) {
            lianshu_Grant *grant = &record->grants[record->grants_count++];
            const struct document_type *type = type_by_name(grants[g].types[t]);
            assert_non_null(type);
            grant_add(grant->types, type->number);
            grant->direction = grants[g].send ? lianshu_GrantDirection_GRANT_SEND
                                              : lianshu_GrantDirection_GRANT_RECEIVE;
            grant->departments = UINT32_MAX;
            strcpy(grant->region, "445100");
        }
    }
}

void world_all_rights(lianshu_MemberRecord *record)
{
    record->grants_count = 0;
    for (int direction = 0; direction < 2; direction++) {
        lianshu_Grant *grant = &record->grants[record->grants_count++];
        for (size_t i = 0; type_at(i) != NULL; i++) {
            if (type_at(i)->number != lianshu_DocumentType_TYPE_MIRROR_UPDATE)
                grant_add(grant->types, type_at(i)->number);
        }
        grant->direction = direction == 0 ? lianshu_GrantDirection_GRANT_SEND
                                          : lianshu_GrantDirection_GRANT_RECEIVE;
        grant->departments = UINT32_MAX;
        strcpy(grant->region, "000000");
    }
}

/* The hub and everybody have it from now on. */
static void renew_registry(struct world *w)
{
    struct registry *old = w->registry;
    world_make_registry(w);
    w->reader.registry = w->registry;
    assert_int_equal(core_registry(w->core, w->registry), OK);
    registry_close(&old);
    world_turn(w);
}

void world_widen(struct world *w)
{
    w->wide = true;
    renew_registry(w);
}

void world_sealless(struct world *w, const char *member)
{
    w->sealless = member;
    renew_registry(w);
}

void world_roles(struct world *w, uint32_t first, uint32_t second)
{
    w->roles[0] = first;
    w->roles[1] = second;
    renew_registry(w);
}

static void add_mirror(lianshu_MemberRecord *record)
{
    const bool hub = strncmp(record->member, "hub.", 4) == 0;
    if (!hub && strcmp(record->member, "health.445100") != 0 &&
        strcmp(record->member, "police.445100") != 0)
        return;
    lianshu_Grant *grant = &record->grants[record->grants_count++];
    grant_add(grant->types, lianshu_DocumentType_TYPE_MIRROR_UPDATE);
    grant->direction =
        hub ? lianshu_GrantDirection_GRANT_SEND : lianshu_GrantDirection_GRANT_RECEIVE;
    grant->departments = UINT32_MAX;
    strcpy(grant->region, "445100");
}

void world_grant_mirrors(struct world *w)
{
    w->mirrors = true;
    renew_registry(w);
}

size_t world_add_records(struct world *w, lianshu_MemberRecord *records, size_t count)
{
    for (size_t i = 0; i < WORLD_SITES; i++) {
        if (w->sites[i].id == NULL || i == WORLD_MEMBERS)
            continue; /* not enrolled yet; the second adapter is no member */
        lianshu_MemberRecord *record = &records[count++];
        struct keyring *ring = w->sites[i].keys;
        snprintf(record->member, sizeof record->member, "%s", w->sites[i].id);
        strcpy(record->name_zh, "成员");
        strcpy(record->name_en, "<b>member</b>");
        add_public(record, w, keyring_find(ring, KEY_USE_SIGN));
        add_public(record, w, keyring_find(ring, KEY_USE_SEAL));
        if (w->sealless != NULL && strcmp(w->sealless, record->member) == 0)
            record->keys[record->keys_count - 1].valid_until_ms = w->now_ms - 1;
        add_public(record, w, keyring_find(ring, KEY_USE_TRANSPORT));
        if (i == 0) {
            add_public(record, w, keyring_find(w->signer, KEY_USE_LOG));
            if (keyring_find(ring, KEY_USE_WITNESS) != NULL)
                add_public(record, w, keyring_find(ring, KEY_USE_WITNESS));
            for (size_t o = 0; o < T_COUNT(w->officials); o++)
                add_official(record, w, keyring_find(w->officials[o], KEY_USE_OFFICIAL), o);
        }
        if (w->desk_member != NULL && strcmp(w->desk_member, record->member) == 0) {
            for (size_t o = 0; o < T_COUNT(w->desk); o++)
                add_official(record, w, keyring_find(w->desk[o], KEY_USE_OFFICIAL), o);
        }
        add_grants(record);
        if (w->wide)
            world_all_rights(record);
        if (w->mirrors)
            add_mirror(record);
    }
    return count;
}

void world_make_registry(struct world *w)
{
    static lianshu_MemberRecord records[WORLD_SITES];
    memset(records, 0, sizeof records);
    keyring_close(&w->root);
    assert_int_equal(keyring_open(&w->root, "root.000000", ""), OK);
    const struct key *root_key = world_add_key(w, w->root, KEY_USE_ROOT);
    const struct key *registrar = world_add_key(w, w->root, KEY_USE_REGISTRAR);
    const size_t count = world_add_records(w, records, 0);
    struct anchor anchor = {.threshold = 1, .root_count = 1};
    strcpy(anchor.realm, "demo");
    memcpy(anchor.root[0], key_public(root_key), KEY_PUBLIC_LEN);
    const struct registry_make make = {
        .anchor = &anchor,
        .roots = &root_key,
        .root_count = 1,
        .officials = &registrar,
        .official_count = 1,
        .region = "000000",
        .version = 1,
        .now_ms = w->now_ms,
        .valid_until_ms = w->now_ms + valid_days(w) * DAY_MS,
        .entropy = &w->entropy,
    };
    static uint8_t bytes[64 << 10];
    struct writer out = writer_of(bytes, sizeof bytes);
    struct fault fault = {0};
    enum err err = registry_write(&make, records, count, &out, &fault);
    if (err == OK)
        err = registry_open(&w->registry, &anchor, writer_span(&out), 0, &fault);
    if (err != OK)
        fail_msg("registry: E%03d %s %s", (int)err, fault.where, fault.detail);
    w->anchor = anchor;
}

static void make_site_keys(struct world *w, size_t i, const char *id)
{
    w->sites[i].id = id;
    assert_int_equal(keyring_open(&w->sites[i].keys, id, "a"), OK);
    (void)world_add_key(w, w->sites[i].keys, KEY_USE_SIGN);
    (void)world_add_key(w, w->sites[i].keys, KEY_USE_SEAL);
    (void)world_add_key(w, w->sites[i].keys, KEY_USE_TRANSPORT);
    assert_int_equal(opener_open(&w->openers[i], 64), OK);
}

void world_add_later(struct world *w, const char *member)
{
    size_t at = WORLD_MEMBERS + 1;
    while (at < WORLD_SITES && w->sites[at].id != NULL && strcmp(w->sites[at].id, member) != 0)
        at++;
    assert_true(at < WORLD_SITES);
    if (w->sites[at].id == NULL)
        make_site_keys(w, at, member);
}

void world_make_keys(struct world *w)
{
    assert_int_equal(keyring_open(&w->signer, w->ids[0], "signer"), OK);
    (void)world_add_key(w, w->signer, KEY_USE_LOG);
    for (size_t i = 0; i < WORLD_MEMBERS; i++) {
        make_site_keys(w, i, w->ids[i]);
        if (i == 0) {
            (void)world_add_key(w, w->sites[i].keys, KEY_USE_STORAGE);
            (void)world_add_key(w, w->sites[i].keys, KEY_USE_TOKEN);
        }
    }
    for (size_t i = 0; i < T_COUNT(w->officials); i++) {
        assert_int_equal(keyring_open(&w->officials[i], w->ids[0], ""), OK);
        (void)world_add_key(w, w->officials[i], KEY_USE_OFFICIAL);
    }
}
enum err world_sign(void *ctx, uint64_t old_size, const uint8_t (*leaves)[32], size_t count,
                    struct writer *out)
{
    struct world *w = ctx;
    if (w->sign_fails != OK)
        return w->sign_fails;
    if (old_size != w->log.size)
        return ERR_LOG_FORK;
    for (size_t i = 0; i < count; i++)
        frontier_append(&w->log, leaves[i]);
    struct checkpoint c = {.size = w->log.size};
    assert_int_equal(note_origin(c.origin, w->ids[0], "demo", 1 + w->logs_lost), OK);
    frontier_root(&w->log, c.root);
    return note_sign(&c, keyring_find(w->signer, KEY_USE_LOG), out);
}

enum err world_head(void *ctx, uint64_t *size, uint8_t root[static 32], struct writer *statement)
{
    struct world *w = ctx;
    write_span(statement, span_of(w->restored, w->log.size == w->copy_size ? w->restored_len : 0));
    *size = w->log.size;
    frontier_root(&w->log, root);
    return OK;
}

void world_desk(struct world *w, const char *member)
{
    w->desk_member = member;
    for (size_t i = 0; i < T_COUNT(w->desk); i++) {
        assert_int_equal(keyring_open(&w->desk[i], member, ""), OK);
        (void)world_add_key(w, w->desk[i], KEY_USE_OFFICIAL);
    }
    renew_registry(w);
}
