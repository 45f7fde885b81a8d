#include "keys/registry_table.h"

#include "check.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_PER_KEY = 2, VERIFIER_NODES = VERIFIER_NODES_MIN };

/* What one load needs and drops again. */
struct loading {
    struct registry *registry;
    const struct anchor *anchor;
    const char *name;
    struct fault *fault;
    struct verifier *verifier;
    lianshu_Document *document;
    lianshu_Registrar registrar;
    uint8_t registrar_kid[KID_LEN];
    lianshu_RegistryVersion version;
};

/* Root keys of the anchor sign for ids of department root. */
static enum err find_root(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                          uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const struct anchor *anchor = ctx;
    struct member parsed;
    if (member_parse(member, &parsed) != OK || parsed.department != DEPARTMENT_ROOT)
        return ERR_KEY_NOT_SENDERS;
    for (unsigned i = 0; i < anchor->root_count; i++) {
        uint8_t root_kid[KID_LEN];
        kid_of(root_kid, ALG_ED25519, anchor->root[i]);
        if (memcmp(root_kid, kid, KID_LEN) == 0) {
            memcpy(public_key, anchor->root[i], KEY_PUBLIC_LEN);
            return OK;
        }
    }
    return ERR_KID_UNKNOWN;
}

static enum err find_registrar(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                               uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const struct loading *l = ctx;
    if (strcmp(member, l->registrar.member) != 0)
        return ERR_KEY_NOT_SENDERS;
    if (memcmp(kid, l->registrar_kid, KID_LEN) != 0)
        return ERR_KID_UNKNOWN;
    memcpy(public_key, l->registrar.public_key, KEY_PUBLIC_LEN);
    return OK;
}

/* Different root keys that signed; every issuer was verified before. */
static unsigned distinct_kids(const lianshu_Document *d)
{
    unsigned distinct = 0;
    for (pb_size_t i = 0; i < d->issuers_count; i++) {
        bool seen = false;
        for (pb_size_t j = 0; j < i; j++)
            seen |= memcmp(d->issuers[i].kid, d->issuers[j].kid, KID_LEN) == 0;
        distinct += !seen;
    }
    return distinct;
}

/* A document of the registry that does not verify: the reason goes into the detail. */
static enum err refuse_document(const struct loading *l, const char *which, enum err reason)
{
    char label[ERR_LABEL_LEN + 1];
    if (reason == ERR_REALM)
        return fault_set(l->fault, ERR_REALM, 0, l->name, "%s", which);
    err_label(reason, label);
    return fault_set(l->fault, ERR_REGISTRY, 0, l->name, "%s: %s %s", which, label, err_en(reason));
}

static enum err load_registrar(struct loading *l, struct span lsd1)
{
    uint8_t hash[HASH_LEN];
    struct registry *r = l->registry;
    const struct document_signers signers = {find_root, (void *)(uintptr_t)l->anchor};
    lianshu_Document *d = l->document;
    static const char which[] = "registrar document";

    enum err err = document_verify(lsd1, l->anchor->realm, &signers, l->verifier, d, hash);
    if (err != OK)
        return refuse_document(l, which, err);
    if (d->type != lianshu_DocumentType_TYPE_REGISTRAR)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->name, "%s has another type", which);
    if (distinct_kids(d) < l->anchor->threshold)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->name, "%s: %u of %u root signatures", which,
                         distinct_kids(d), l->anchor->threshold);
    err = wire_decode(&lianshu_Registrar_msg, span_of(d->body.bytes, d->body.size), &l->registrar);
    if (err != OK)
        return refuse_document(l, which, err);

    struct member member;
    const lianshu_Registrar *g = &l->registrar;
    if (member_parse(g->member, &member) != OK || member.department != DEPARTMENT_REGISTRAR ||
        !region_valid(g->region) || strcmp(g->region, member.region) != 0 ||
        g->valid_from_ms >= g->valid_until_ms)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->name, "%s: member, region or times", which);
    if ((err = key_check_public(KEY_USE_REGISTRAR, g->public_key)) != OK)
        return fault_set(l->fault, err, 0, l->name, "%s", which);
    kid_of(l->registrar_kid, ALG_ED25519, g->public_key);
    memcpy(r->registrar_region, g->region, sizeof r->registrar_region);
    r->valid_from_ms = g->valid_from_ms;
    r->valid_until_ms = g->valid_until_ms;
    return OK;
}

static enum err load_version(struct loading *l, struct span lsd1, uint64_t min_version)
{
    uint8_t hash[HASH_LEN];
    struct registry *r = l->registry;
    const struct document_signers signers = {find_registrar, l};
    lianshu_Document *d = l->document;
    lianshu_RegistryVersion *v = &l->version;
    static const char which[] = "registry document";

    enum err err = document_verify(lsd1, l->anchor->realm, &signers, l->verifier, d, hash);
    if (err != OK)
        return refuse_document(l, which, err);
    if (d->type != lianshu_DocumentType_TYPE_REGISTRY)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->name, "%s has another type", which);
    /* The registrar signed while it was one. */
    if (d->issued_ms < l->registrar.valid_from_ms || d->issued_ms >= l->registrar.valid_until_ms)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->name, "%s: outside the registrar's time",
                         which);
    err = wire_decode(&lianshu_RegistryVersion_msg, span_of(d->body.bytes, d->body.size), v);
    if (err != OK)
        return refuse_document(l, which, err);
    if (v->version < min_version)
        return fault_set(l->fault, ERR_REGISTRY_ROLLBACK, 0, l->name,
                         "version %llu, seen before: %llu", (unsigned long long)v->version,
                         (unsigned long long)min_version);
    r->version = v->version;
    if (d->issued_ms > r->valid_from_ms)
        r->valid_from_ms = d->issued_ms;
    if (v->valid_until_ms < r->valid_until_ms)
        r->valid_until_ms = v->valid_until_ms;
    return OK;
}

/* First pass over the records: canonical, plausible, sorted, within the registrar's region,
 * under the signed root. Counts keys and grants. */
static enum err check_records(struct loading *l, struct frame_registry records)
{
    struct merkle_frontier f;
    merkle_hash hash;
    struct span record;
    struct registry *r = l->registry;
    lianshu_MemberRecord m;
    char last[MEMBER_MAX + 1] = "";
    size_t n = 0;

    frontier_init(&f);
    for (; frame_registry_next(&records, &record); n++) {
        enum err err = wire_decode(&lianshu_MemberRecord_msg, record, &m);
        if (err == OK)
            err = record_check(&m);
        if (err != OK)
            return fault_set(l->fault, ERR_REGISTRY, 0, l->name, "record %zu: %s", n, err_en(err));
        if (strcmp(last, m.member) >= 0)
            return fault_set(l->fault, ERR_REGISTRY, 0, l->name, "%s is out of order", m.member);
        const char *region = strchr(m.member, '.') + 1; /* record_check has seen the dot */
        if (!region_contains(r->registrar_region, region))
            return fault_set(l->fault, ERR_DELEGATION, 0, l->name, "%s", m.member);
        memcpy(last, m.member, sizeof last);
        merkle_leaf(hash, record);
        frontier_append(&f, hash);
        r->key_count += m.keys_count;
        r->grant_count += m.grants_count;
    }
    frontier_root(&f, hash);
    if (n != l->version.member_count || memcmp(hash, l->version.root, HASH_LEN) != 0)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->name,
                         "the records are not those that were signed");
    r->member_count = n;
    return OK;
}

static enum err take_tables(struct registry *r)
{
    size_t slots = 16;
    while (slots < r->key_count * SLOTS_PER_KEY)
        slots *= 2;
    r->slot_mask = slots - 1;
    r->slots = calloc(slots, sizeof r->slots[0]);
    r->members = calloc(r->member_count + 1, sizeof r->members[0]);
    r->keys = calloc(r->key_count + 1, sizeof r->keys[0]);
    r->grants = calloc(r->grant_count + 1, sizeof r->grants[0]);
    return r->slots != NULL && r->members != NULL && r->keys != NULL && r->grants != NULL
               ? OK
               : ERR_NO_MEMORY;
}

static enum err add_key(struct loading *l, const struct registry_member *member, uint32_t at,
                        const lianshu_MemberKey *from)
{
    struct registry *r = l->registry;
    struct registry_key *key = &r->keys[at];
    key->use = (enum key_use)from->use;
    key->valid_from_ms = from->valid_from_ms;
    key->valid_until_ms = from->valid_until_ms;
    key->member = member;
    memcpy(key->public_key, from->public_key, KEY_PUBLIC_LEN);
    kid_of(key->kid, key_use_alg(key->use), key->public_key);

    enum err err = key_check_public(key->use, key->public_key);
    if (err != OK)
        return fault_set(l->fault, err, 0, l->name, "%s, %s key", member->id,
                         key_use_name(key->use));
    const size_t slot = registry_slot(r, key->kid);
    if (r->slots[slot] != 0)
        return fault_set(l->fault, ERR_KEY_REUSED, 0, l->name, "%s, %s key, and %s", member->id,
                         key_use_name(key->use), r->keys[r->slots[slot] - 1].member->id);
    r->slots[slot] = at + 1;
    return OK;
}

/* Second pass: the tables. */
static enum err fill_tables(struct loading *l, struct frame_registry records)
{
    struct registry *r = l->registry;
    struct span record;
    lianshu_MemberRecord m;
    uint32_t keys = 0;
    uint32_t grants = 0;

    for (size_t n = 0; n < r->member_count && frame_registry_next(&records, &record); n++) {
        struct registry_member *member = &r->members[n];
        struct member parsed;
        enum err err = wire_decode(&lianshu_MemberRecord_msg, record, &m);
        if (err != OK || (err = member_parse(m.member, &parsed)) != OK)
            return err;
        snprintf(member->id, sizeof member->id, "%s", m.member);
        member->department = parsed.department;
        memcpy(member->region, parsed.region, sizeof member->region);
        member->record = record;
        member->key_first = keys;
        member->key_count = m.keys_count;
        member->grant_first = grants;
        member->grant_count = m.grants_count;
        for (pb_size_t i = 0; i < m.keys_count; i++) {
            if ((err = add_key(l, member, keys++, &m.keys[i])) != OK)
                return err;
        }
        for (pb_size_t i = 0; i < m.grants_count; i++) {
            struct registry_grant *grant = &r->grants[grants++];
            memcpy(grant->types, m.grants[i].types, sizeof grant->types);
            grant->departments = m.grants[i].departments;
            grant->direction = m.grants[i].direction;
            memcpy(grant->region, m.grants[i].region, sizeof grant->region);
        }
    }
    return OK;
}

static enum err load_with(struct loading *l, struct span file, uint64_t min_version)
{
    struct registry *r = l->registry;
    struct frame_registry frame;

    enum err err = frame_parse_registry(file, &frame);
    if (err != OK)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->name, "%s", err_en(err));
    memcpy(r->realm, l->anchor->realm, sizeof r->realm);
    hash_bytes(r->hash, file);
    if ((err = load_registrar(l, frame.registrar)) != OK)
        return err;
    if ((err = load_version(l, frame.version, min_version)) != OK)
        return err;
    if ((err = check_records(l, frame)) != OK)
        return err;
    if ((err = take_tables(r)) != OK)
        return err;
    err = fill_tables(l, frame);
    return err == OK ? topology_load(r) : err;
}

enum err registry_load(struct registry *registry, const struct anchor *anchor, struct span file,
                       uint64_t min_version, const char *name, struct fault *fault)
{
    struct loading l = {.registry = registry, .anchor = anchor, .name = name, .fault = fault};
    enum err err = ERR_NO_MEMORY;

    if (file.len > REGISTRY_FILE_MAX)
        return fault_set(fault, ERR_REGISTRY, 0, name, "longer than %d bytes", REGISTRY_FILE_MAX);
    registry->file = malloc(file.len + 1);
    l.document = calloc(1, sizeof *l.document);
    if (registry->file == NULL || l.document == NULL)
        goto out;
    if (file.len > 0)
        memcpy(registry->file, file.data, file.len);
    registry->file_len = file.len;
    if ((err = verifier_open(&l.verifier, VERIFIER_NODES)) != OK)
        goto out;
    err = load_with(&l, span_of(registry->file, file.len), min_version);
out:
    verifier_close(&l.verifier);
    free(l.document);
    return err;
}

static enum err load_part(struct loading *l, const struct registry_part *part,
                          lianshu_MemberRecord *out)
{
    merkle_hash leaf;
    struct registry *r = l->registry;

    memcpy(r->realm, l->anchor->realm, sizeof r->realm);
    enum err err = load_registrar(l, part->registrar);
    if (err == OK)
        err = load_version(l, part->version, 0);
    if (err != OK)
        return err;
    merkle_leaf(leaf, part->record);
    err = merkle_verify(leaf, part->index, l->version.member_count, part->path, part->path_len,
                        l->version.root);
    if (err == OK)
        err = wire_decode(&lianshu_MemberRecord_msg, part->record, out);
    if (err == OK)
        err = record_check(out);
    if (err != OK)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->name, "record: %s", err_en(err));
    const char *region = strchr(out->member, '.') + 1; /* record_check has seen the dot */
    if (!region_contains(r->registrar_region, region))
        return fault_set(l->fault, ERR_DELEGATION, 0, l->name, "%s", out->member);
    return OK;
}

enum err registry_load_part(struct registry *head, const struct anchor *anchor,
                            const struct registry_part *part, lianshu_MemberRecord *out,
                            struct fault *fault)
{
    struct loading l = {
        .registry = head, .anchor = anchor, .name = "registry proof", .fault = fault};
    enum err err = ERR_NO_MEMORY;

    l.document = calloc(1, sizeof *l.document);
    if (l.document != NULL && (err = verifier_open(&l.verifier, VERIFIER_NODES)) == OK)
        err = load_part(&l, part, out);
    verifier_close(&l.verifier);
    free(l.document);
    return err;
}
