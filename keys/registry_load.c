#include "keys/registry_chain.h"

#include "check.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_PER_KEY = 2 };

/* A record lies within its registrar's region and types. */
static enum err check_scope(const struct loading *l, const struct registry_registrar *registrar,
                            const lianshu_MemberRecord *m)
{
    const char *region = strchr(m->member, '.') + 1; /* record_check has seen the dot */
    bool within = region_contains(registrar->region, region);
    for (pb_size_t i = 0; within && i < m->grants_count; i++)
        within = registrar_grants(registrar, m->grants[i].types);
    return within ? OK
                  : fault_set(l->fault, ERR_DELEGATION, 0, l->source->name,
                              "%s: not for %s to register", m->member, registrar->member);
}

static enum err decode_record(const struct loading *l, size_t n, struct span record,
                              lianshu_MemberRecord *m)
{
    enum err err = wire_decode(&lianshu_MemberRecord_msg, record, m);
    if (err == OK)
        err = record_check(m);
    return err == OK ? OK
                     : fault_set(l->fault, ERR_REGISTRY, 0, l->source->name, "record %zu: %s", n,
                                 err_en(err));
}

static enum err check_roots(struct loading *l, size_t count, unsigned registrar_count)
{
    l->vouching[0].seen = (uint32_t)count;
    for (unsigned i = 0; i < registrar_count; i++) {
        struct vouching *v = &l->vouching[i];
        merkle_hash root;
        frontier_root(&v->f, root);
        if (v->seen != v->count || memcmp(root, v->root, HASH_LEN) != 0)
            return fault_set(l->fault, ERR_REGISTRY, 0, l->source->name,
                             "the records are not those that %s signed",
                             l->registry->registrars[l->first + i].member);
    }
    return OK;
}

/* First pass over the records: canonical, plausible, sorted, within their registrar's scope, under
 * the signed roots. Counts keys and grants. */
static enum err check_records(struct loading *l, struct frame_registry records)
{
    merkle_hash hash;
    struct span record;
    unsigned tag;
    struct registry *r = l->registry;
    lianshu_MemberRecord m;
    char last[MEMBER_MAX + 1] = "";
    size_t n = 0;

    for (; frame_registry_next(&records, &tag, &record); n++) {
        enum err err = decode_record(l, n, record, &m);
        if (err != OK)
            return err;
        if (strcmp(last, m.member) >= 0)
            return fault_set(l->fault, ERR_REGISTRY, 0, l->source->name, "%s is out of order",
                             m.member);
        if ((err = check_scope(l, &r->registrars[l->first + tag], &m)) != OK)
            return err;
        memcpy(last, m.member, sizeof last);
        merkle_leaf(hash, record);
        frontier_append(&l->vouching[0].f, hash);
        if (tag > 0) {
            frontier_append(&l->vouching[tag].f, hash);
            l->vouching[tag].seen++;
        }
        r->key_count += m.keys_count;
        r->grant_count += m.grants_count;
    }
    r->member_count = n;
    return check_roots(l, n, records.registrar_count);
}

static enum err take_tables(struct registry *r)
{
    const size_t key_room = r->key_count + AMEND_KEY_MAX;
    size_t slots = 16;
    while (slots < key_room * SLOTS_PER_KEY)
        slots *= 2;
    r->slot_mask = slots - 1;
    r->slots = calloc(slots, sizeof r->slots[0]);
    r->members = calloc(r->member_count + 1, sizeof r->members[0]);
    r->keys = calloc(key_room + 1, sizeof r->keys[0]);
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
    key->roles = from->roles;
    key->revoked_ms = from->revoked_ms;
    key->revoked_for = (unsigned)from->revoked_for;
    key->member = member;
    memcpy(key->public_key, from->public_key, KEY_PUBLIC_LEN);
    kid_of(key->kid, key_use_alg(key->use), key->public_key);

    enum err err = key_check_public(key->use, key->public_key);
    if (err != OK)
        return fault_set(l->fault, err, 0, l->source->name, "%s, %s key", member->id,
                         key_use_name(key->use));
    const size_t slot = registry_slot(r, key->kid);
    if (r->slots[slot] != 0)
        return fault_set(l->fault, ERR_KEY_REUSED, 0, l->source->name, "%s, %s key, and %s",
                         member->id, key_use_name(key->use),
                         r->keys[r->slots[slot] - 1].member->id);
    r->slots[slot] = at + 1;
    return OK;
}

static enum err add_member(struct loading *l, struct registry_member *member,
                           const lianshu_MemberRecord *m)
{
    struct registry *r = l->registry;
    struct member parsed;
    enum err err = member_parse(m->member, &parsed);
    if (err != OK)
        return err;
    snprintf(member->id, sizeof member->id, "%s", m->member);
    member->department = parsed.department;
    memcpy(member->region, parsed.region, sizeof member->region);
    member->key_records = m->key_records;
    member->key_count = m->keys_count;
    member->grant_count = m->grants_count;
    for (pb_size_t i = 0; i < m->keys_count; i++) {
        if ((err = add_key(l, member, member->key_first + i, &m->keys[i])) != OK)
            return err;
    }
    for (pb_size_t i = 0; i < m->grants_count; i++) {
        struct registry_grant *grant = &r->grants[member->grant_first + i];
        memcpy(grant->types, m->grants[i].types, sizeof grant->types);
        grant->departments = m->grants[i].departments;
        grant->direction = m->grants[i].direction;
        memcpy(grant->region, m->grants[i].region, sizeof grant->region);
    }
    return OK;
}

/* Second pass: the tables. */
static enum err fill_tables(struct loading *l, struct frame_registry records)
{
    struct registry *r = l->registry;
    struct span record;
    lianshu_MemberRecord m;
    unsigned tag;
    uint32_t keys = 0;
    uint32_t grants = 0;

    for (size_t n = 0; frame_registry_next(&records, &tag, &record); n++) { /* member_count times */
        struct registry_member *member = &r->members[n];
        enum err err = wire_decode(&lianshu_MemberRecord_msg, record, &m);
        if (err != OK)
            return err;
        member->record = record;
        member->registrar = (unsigned)(l->first + tag);
        member->key_first = keys;
        member->grant_first = grants;
        keys += m.keys_count;
        grants += m.grants_count;
        if ((err = add_member(l, member, &m)) != OK)
            return err;
    }
    return OK;
}

/* No official of a registrar has a key that a member has. */
static enum err check_strangers(const struct loading *l)
{
    const struct registry *r = l->registry;
    for (size_t i = 0; i < r->registrar_count; i++) {
        const struct registry_registrar *registrar = &r->registrars[i];
        for (unsigned k = 0; k < registrar->key_count; k++) {
            const struct registry_key *key;
            if (registry_key(r, registrar->kid[k], &key) == OK)
                return fault_set(l->fault, ERR_KEY_REUSED, 0, l->source->name,
                                 "an official of %s, and %s", registrar->member, key->member->id);
        }
    }
    return OK;
}

static enum err load_with(struct loading *l, struct span file)
{
    struct registry *r = l->registry;
    struct frame_registry frame;

    enum err err = frame_parse_registry(file, &frame);
    if (err == OK && l->source->above != NULL && frame.registrar_count != 1)
        err = ERR_FORM;
    if (err != OK)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->source->name, "%s", err_en(err));
    memcpy(r->realm, l->anchor->realm, sizeof r->realm);
    hash_bytes(r->hash, file);
    if ((err = loading_registrars(l, frame)) != OK || (err = check_records(l, frame)) != OK ||
        (err = take_tables(r)) != OK || (err = fill_tables(l, frame)) != OK)
        return err;
    err = check_strangers(l);
    return err == OK ? topology_load(r) : err;
}

enum err registry_load(struct registry *registry, const struct anchor *anchor, struct span file,
                       const struct registry_source *source, struct fault *fault)
{
    struct loading l = {.registry = registry, .source = source, .anchor = anchor, .fault = fault};

    if (file.len > REGISTRY_FILE_MAX)
        return fault_set(fault, ERR_REGISTRY, 0, source->name, "longer than %d bytes",
                         REGISTRY_FILE_MAX);
    registry->file = malloc(file.len + 1);
    enum err err = registry->file == NULL ? ERR_NO_MEMORY : loading_open(&l);
    if (err == OK) {
        if (file.len > 0)
            memcpy(registry->file, file.data, file.len);
        registry->file_len = file.len;
        err = load_with(&l, span_of(registry->file, file.len));
    }
    loading_close(&l);
    return err;
}

static enum err load_proof(struct loading *l, const struct frame_proof *proof,
                           lianshu_MemberRecord *out)
{
    merkle_hash leaf;
    struct registry *r = l->registry;

    memcpy(r->realm, l->anchor->realm, sizeof r->realm);
    enum err err = loading_registrar(l, &proof->registrar);
    if (err != OK)
        return err;
    merkle_leaf(leaf, proof->record);
    err = merkle_verify(leaf, proof->index, l->head->member_count,
                        (const merkle_hash *)proof->path.data, proof->path.len / HASH_LEN,
                        l->head->root);
    if (err != OK)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->source->name, "record: %s", err_en(err));
    err = decode_record(l, (size_t)proof->index, proof->record, out);
    return err == OK ? check_scope(l, &r->registrars[0], out) : err;
}

enum err registry_load_proof(struct registry *head, const struct anchor *anchor,
                             const struct frame_proof *proof, lianshu_MemberRecord *out,
                             struct fault *fault)
{
    static const struct registry_source source = {.name = "registry proof"};
    struct loading l = {.registry = head, .source = &source, .anchor = anchor, .fault = fault};
    enum err err = loading_open(&l);
    if (err == OK)
        err = load_proof(&l, proof, out);
    loading_close(&l);
    return err;
}
