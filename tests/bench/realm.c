/*
 * lianshu-bench-realm DIR COUNT: a realm of one hub, its signer, the departments that the rules
 * name and COUNT members to send and receive; keys, anchor and registry into DIR (bench/place.h).
 * The hub above stands in the registry only: nobody runs it.
 */
#include "base/clock.h"
#include "base/file.h"
#include "bench/place.h"
#include "catalogue.h"
#include "keys/init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMED = 8,
    REGISTRY_CAP = 1 << 20,
    CHEAP_OPS = 1,
    CHEAP_MEMORY = KEYFILE_MEMORY_MIN,
    VALID_DAYS = 90,
};

static const char *const named[NAMED] = {
    PLACE_HUB,       "market.445100",        "health.445100", "insurance.445100",
    "police.445100", "procuratorate.445100", "drug.445100",   PLACE_SUPERIOR,
};

static const char *const types[] = {
    "evidence.supply", "sanction.order",    "sanction.lift",      "sanction.annul",
    "sanction.notice", "sanction.suspend",  "sanction.resume",    "sanction.answer",
    "aefi.report",     "sanction.executed", "credit.certificate", "honour",
};

struct making {
    struct place place;
    struct entropy entropy;
    uint64_t now_ms;
    struct key *root;
    struct key *registrar;
    lianshu_MemberRecord *records;
    size_t count;
};

/* Whatever goes wrong here is told and ends the program: nothing is half made. */
static void must(enum err err, const char *what, const struct fault *fault)
{
    if (err == OK)
        return;
    fprintf(stderr, "lianshu-bench-realm: %s: E%03d %s %s\n", what, (int)err,
            fault == NULL ? "" : fault->where, fault == NULL ? "" : fault->detail);
    exit(1);
}

static void add_key(struct making *m, struct keyring *ring, lianshu_MemberRecord *record,
                    enum key_use use)
{
    struct key *key = NULL;
    must(key_make(&key, use, m->now_ms, &m->entropy), "key", NULL);
    if (key_use_alg(use) != ALG_NONE) {
        lianshu_MemberKey *row = &record->keys[record->keys_count++];
        row->use = (lianshu_KeyUse)use;
        memcpy(row->public_key, key_public(key), KEY_PUBLIC_LEN);
        row->valid_from_ms = m->now_ms - DAY_MS;
        row->valid_until_ms = m->now_ms + VALID_DAYS * (uint64_t)DAY_MS;
    }
    must(keyring_add(ring, &key), "keyring", NULL);
}

static void write_ring(const struct making *m, struct keyring **ring, const char *name, bool cheap)
{
    struct fault fault = {.err = OK};
    char path[PLACE_PATH_MAX];
    const struct keyfile_cost cost = {cheap ? CHEAP_OPS : 0, cheap ? CHEAP_MEMORY : 0};
    place_path(&m->place, name, path);
    must(keyfile_write(*ring, path, false, m->place.passphrase, cost, &m->entropy, &fault), path,
         &fault);
    keyring_close(ring);
}

static void add_grants(lianshu_MemberRecord *record)
{
    for (int direction = 1; direction <= 2; direction++) {
        lianshu_Grant *grant = &record->grants[record->grants_count++];
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
            grant_add(grant->types, type_by_name(types[i])->number);
        grant->direction = (lianshu_GrantDirection)direction;
        grant->departments = UINT32_MAX;
        (void)snprintf(grant->region, sizeof grant->region, "445100");
    }
}

static void add_member(struct making *m, const char *id)
{
    char name[MEMBER_MAX + 8];
    struct keyring *ring = NULL;
    lianshu_MemberRecord *record = &m->records[m->count++];
    const bool hub = member_is_hub(id);
    const bool ours = strcmp(id, PLACE_HUB) == 0;

    (void)snprintf(record->member, sizeof record->member, "%s", id);
    (void)snprintf(record->name_zh, sizeof record->name_zh, "成员");
    (void)snprintf(record->name_en, sizeof record->name_en, "member");
    must(keyring_open(&ring, id, "a1"), id, NULL);
    add_key(m, ring, record, KEY_USE_SIGN);
    add_key(m, ring, record, KEY_USE_SEAL);
    add_key(m, ring, record, KEY_USE_TRANSPORT);
    add_key(m, ring, record, KEY_USE_STORAGE);
    if (hub)
        add_key(m, ring, record, KEY_USE_TOKEN);
    (void)snprintf(name, sizeof name, "%s.key", ours ? "hub" : id);
    write_ring(m, &ring, name, !ours);
    if (ours) {
        must(keyring_open(&ring, id, ""), id, NULL);
        add_key(m, ring, record, KEY_USE_LOG);
        write_ring(m, &ring, "signer.key", false);
    }
    add_grants(record);
}

static void write_registry(struct making *m)
{
    struct fault fault = {.err = OK};
    char path[PLACE_PATH_MAX];
    uint8_t *bytes = malloc(REGISTRY_CAP);
    struct anchor *anchor = &m->place.anchor;

    must(bytes == NULL ? ERR_NO_MEMORY : OK, "registry", NULL);
    (void)snprintf(anchor->realm, sizeof anchor->realm, PLACE_REALM);
    anchor->threshold = 1;
    anchor->root_count = 1;
    memcpy(anchor->root[0], key_public(m->root), KEY_PUBLIC_LEN);
    place_path(&m->place, "anchor.yaml", path);
    must(anchor_write(anchor, path, false, &fault), path, &fault);

    const struct key *root = m->root;
    const struct key *official = m->registrar;
    const struct registry_make make = {
        .anchor = anchor,
        .roots = &root,
        .root_count = 1,
        .officials = &official,
        .official_count = 1,
        .region = "000000",
        .version = 1,
        .now_ms = m->now_ms - DAY_MS,
        .valid_until_ms = m->now_ms + VALID_DAYS * (uint64_t)DAY_MS,
        .entropy = &m->entropy,
    };
    struct writer w = writer_of(bytes, REGISTRY_CAP);
    must(registry_write(&make, m->records, m->count, &w, &fault), "registry", &fault);
    place_path(&m->place, "registry.lsg", path);
    must(file_write(path, writer_span(&w), 0600, 0, &fault), path, &fault);
    free(bytes);
}

int main(int argc, char **argv)
{
    struct making m = {.now_ms = clock_real_ms(), .entropy = entropy_system()};
    struct fault fault = {.err = OK};
    char path[PLACE_PATH_MAX];
    const long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

    if (count < 1 || count > PLACE_MEMBERS_MAX) {
        fprintf(stderr, "lianshu-bench-realm DIR COUNT: 1 … %d members\n", PLACE_MEMBERS_MAX);
        return 2;
    }
    must(keys_init(), "keys", NULL);
    (void)snprintf(m.place.dir, sizeof m.place.dir, "%.400s", argv[1]);
    place_path(&m.place, "passphrase", path);
    must(passphrase_read(&m.place.passphrase, path, &fault), path, &fault);
    m.records = calloc(NAMED + (size_t)count, sizeof *m.records);
    must(m.records == NULL ? ERR_NO_MEMORY : OK, "records", NULL);
    must(key_make(&m.root, KEY_USE_ROOT, m.now_ms, &m.entropy), "root", NULL);
    must(key_make(&m.registrar, KEY_USE_REGISTRAR, m.now_ms, &m.entropy), "registrar", NULL);
    for (size_t i = 0; i < NAMED; i++)
        add_member(&m, named[i]);
    for (unsigned i = 0; i < (unsigned)count; i++) {
        char id[MEMBER_MAX + 1];
        place_member(i, id);
        add_member(&m, id);
    }
    write_registry(&m);
    key_close(&m.root);
    key_close(&m.registrar);
    passphrase_close(&m.place.passphrase);
    free(m.records);
    return 0;
}
