#include "keys/registry.h"

#include "keys/amend_table.h"
#include "keys/registry_load.h"

#include "base/file.h"
#include "wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err open_source(struct registry **out, const struct anchor *anchor, struct span file,
                            const struct registry_source *source, struct fault *fault)
{
    *out = NULL;
    struct registry *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_NO_MEMORY;
    enum err err = registry_load(r, anchor, file, source, fault);
    if (err != OK)
        registry_close(&r);
    *out = r;
    return err;
}

enum err registry_open(struct registry **out, const struct anchor *anchor, struct span file,
                       uint64_t min_version, struct fault *fault)
{
    const struct registry_source source = {.name = "registry", .min_version = min_version};
    return open_source(out, anchor, file, &source, fault);
}

enum err registry_open_draft(struct registry **out, const struct anchor *anchor, struct span file,
                             uint32_t *signed_by, struct fault *fault)
{
    const struct registry_source source = {.name = "registry", .draft = signed_by};
    return open_source(out, anchor, file, &source, fault);
}

enum err registry_open_part(struct registry **out, const struct anchor *anchor,
                            const struct registry *above, struct span file, uint32_t *signed_by,
                            struct fault *fault)
{
    const struct registry_source source = {
        .name = "registry part", .draft = signed_by, .above = above};
    return open_source(out, anchor, file, &source, fault);
}

enum err registry_read(struct registry **out, const struct anchor *anchor, const char *path,
                       uint64_t min_version, struct fault *fault)
{
    const struct registry_source source = {.name = path, .min_version = min_version};
    uint8_t *data = NULL;
    size_t len;
    *out = NULL;
    enum err err = file_read(path, REGISTRY_FILE_MAX, 0, &data, &len, fault);
    if (err == OK)
        err = open_source(out, anchor, span_of(data, len), &source, fault);
    free(data);
    return err;
}

void registry_close(struct registry **registry)
{
    if (registry == NULL || *registry == NULL)
        return;
    struct registry *r = *registry;
    free(r->file);
    free(r->members);
    free(r->keys);
    free(r->grants);
    free(r->slots);
    topology_fini(r);
    amendments_fini(r);
    free(r->registrars);
    free(r);
    *registry = NULL;
}

size_t registry_registrar_count(const struct registry *registry)
{
    return registry->registrar_count;
}

const struct registry_registrar *registry_registrar_at(const struct registry *registry, size_t i)
{
    return i < registry->registrar_count ? &registry->registrars[i] : NULL;
}

struct span registry_registrar_document(const struct registry *registry, size_t i)
{
    struct frame_registry frame;
    struct frame_registrar one = {.document = {NULL, 0}};
    const enum err err = frame_parse_registry(registry_file(registry), &frame);
    assert(err == OK); /* when it was opened */
    for (size_t at = 0; frame_registry_registrar(&frame, &one); at++) {
        if (at == i)
            return one.document;
    }
    return span_of(NULL, 0);
}

unsigned registry_least_suite(const struct registry *registry)
{
    return registry->least_suite;
}

enum err registry_suite(const struct registry *registry, uint32_t suite, uint64_t at_ms)
{
    if (suite != 0 && suite < registry->least_suite && at_ms >= registry->valid_from_ms)
        return ERR_SUITE_LEAST;
    return suite == SUITE_CURRENT ? OK : ERR_SUITE;
}

const char *registry_realm(const struct registry *registry)
{
    return registry->realm;
}

struct span registry_file(const struct registry *registry)
{
    return span_of(registry->file, registry->file_len);
}

uint64_t registry_version(const struct registry *registry)
{
    return registry->version;
}

uint64_t registry_valid_until_ms(const struct registry *registry)
{
    return registry->valid_until_ms;
}

const uint8_t *registry_hash(const struct registry *registry)
{
    return registry->hash;
}

enum err registry_fresh(const struct registry *registry, uint64_t now_ms)
{
    return now_ms >= registry->valid_from_ms && now_ms < registry->valid_until_ms
               ? OK
               : ERR_REGISTRY_STALE;
}

size_t registry_member_count(const struct registry *registry)
{
    return registry->member_count;
}

const struct registry_member *registry_member_at(const struct registry *registry, size_t index)
{
    return index < registry->member_count ? &registry->members[index] : NULL;
}

static int order_of_id(const void *id, const void *member)
{
    return strcmp(id, ((const struct registry_member *)member)->id);
}

const struct registry_member *registry_member(const struct registry *registry, const char *id)
{
    if (registry->member_count == 0)
        return NULL;
    return bsearch(id, registry->members, registry->member_count, sizeof registry->members[0],
                   order_of_id);
}

const struct registry_key *registry_member_key(const struct registry *registry,
                                               const struct registry_member *member, size_t index)
{
    if (index < member->key_count)
        return &registry->keys[member->key_first + index];
    uint32_t at = member->added;
    for (size_t i = member->key_count; i < index && at != 0; i++)
        at = registry->keys[at - 1].next;
    return at != 0 ? &registry->keys[at - 1] : NULL;
}

enum err registry_record(const struct registry_member *member, lianshu_MemberRecord *out)
{
    return wire_decode(&lianshu_MemberRecord_msg, member->record, out);
}

size_t registry_next(const struct registry *registry, size_t from, uint32_t departments,
                     const char *region)
{
    size_t kept = REGION_LEN; /* digits that all regions inside have in common */
    if (!region_valid(region))
        return SIZE_MAX;
    while (kept > 0 && region[kept - 2] == '0' && region[kept - 1] == '0')
        kept -= 2;
    for (size_t i = from; i < registry->member_count; i++) {
        const struct registry_member *member = &registry->members[i];
        if ((departments >> member->department & 1) != 0 &&
            memcmp(region, member->region, kept) == 0)
            return i;
    }
    return SIZE_MAX;
}

enum err registry_group(const struct registry *registry, const char *group, size_t *cursor,
                        const struct registry_member **out)
{
    char first[MEMBER_MAX + 1];
    struct member wanted;
    struct member parsed;

    *out = NULL;
    const char *slash = strchr(group, '/');
    if (slash == NULL || strcmp(slash, "/*") != 0 || slash - group > MEMBER_MAX)
        return ERR_IDENTIFIER;
    snprintf(first, sizeof first, "%.*s", (int)(slash - group), group);
    enum err err = member_parse(first, &wanted);
    if (err != OK)
        return err;
    for (;;) {
        const size_t at =
            registry_next(registry, *cursor, UINT32_C(1) << wanted.department, wanted.region);
        if (at == SIZE_MAX)
            return OK;
        *cursor = at + 1;
        const struct registry_member *member = &registry->members[at];
        const enum err named = member_parse(member->id, &parsed);
        assert(named == OK); /* when it was loaded */
        if (strcmp(parsed.unit, wanted.unit) == 0) {
            *out = member;
            return OK;
        }
    }
}

size_t registry_slot(const struct registry *registry, const uint8_t kid[static KID_LEN])
{
    uint64_t head;
    memcpy(&head, kid, sizeof head); /* a kid is a hash already */
    size_t at = (size_t)head & registry->slot_mask;
    while (registry->slots[at] != 0 &&
           memcmp(registry->keys[registry->slots[at] - 1].kid, kid, KID_LEN) != 0)
        at = (at + 1) & registry->slot_mask;
    return at;
}

enum err registry_key(const struct registry *registry, const uint8_t kid[static KID_LEN],
                      const struct registry_key **out)
{
    *out = NULL;
    const uint32_t slot = registry->slots[registry_slot(registry, kid)];
    if (slot == 0)
        return ERR_KID_UNKNOWN;
    *out = &registry->keys[slot - 1];
    return OK;
}

enum err registry_transport(const struct registry *registry,
                            const uint8_t public_key[static KEY_PUBLIC_LEN],
                            const struct registry_key **out)
{
    uint8_t kid[KID_LEN];
    kid_of(kid, ALG_X25519, public_key);
    enum err err = registry_key(registry, kid, out);
    if (err == OK && (*out)->use != KEY_USE_TRANSPORT) {
        *out = NULL;
        err = ERR_KEY_USE;
    }
    return err;
}

enum err registry_key_check(const struct registry_key *key, const char *member, enum key_use use,
                            uint64_t at_ms)
{
    if (strcmp(key->member->id, member) != 0)
        return ERR_KEY_NOT_SENDERS;
    if (key->use != use)
        return ERR_KEY_USE;
    if (key->revoked_ms != 0 && at_ms >= key->revoked_ms)
        return ERR_REVOKED;
    if (at_ms < key->valid_from_ms)
        return ERR_KEY_NOT_YET;
    return at_ms < key->valid_until_ms ? OK : ERR_KEY_EXPIRED;
}

/* Its member has a later one of that use: who signs with this has an old copy, or is not its
 * member. Officials have each their own. */
static bool is_replaced(const struct registry *registry, const struct registry_key *key,
                        uint64_t at_ms)
{
    const struct registry_key *current;
    return key->use != KEY_USE_OFFICIAL &&
           registry_current(registry, key->member->id, key->use, at_ms, &current) == OK &&
           current->valid_from_ms > key->valid_from_ms;
}

enum err registry_signer(const struct registry *registry, const char *member,
                         const uint8_t kid[static KID_LEN], enum key_use use, uint64_t at_ms,
                         const struct registry_key **out)
{
    enum err err = registry_key(registry, kid, out);
    if (err != OK)
        return err;
    err = registry_key_check(*out, member, use, at_ms);
    if (err == ERR_KEY_EXPIRED && is_replaced(registry, *out, at_ms))
        err = ERR_KEY_ROTATED;
    if (err != OK)
        *out = NULL;
    return err;
}

enum err registry_current(const struct registry *registry, const char *member, enum key_use use,
                          uint64_t at_ms, const struct registry_key **out)
{
    *out = NULL;
    const struct registry_member *row = registry_member(registry, member);
    if (row == NULL)
        return ERR_MEMBER_UNKNOWN;
    const struct registry_key *key;
    for (size_t i = 0; (key = registry_member_key(registry, row, i)) != NULL; i++) {
        if (registry_key_check(key, member, use, at_ms) != OK)
            continue;
        if (*out == NULL || key->valid_from_ms > (*out)->valid_from_ms)
            *out = key;
    }
    return *out != NULL ? OK : ERR_KEY_EXPIRED;
}

/* How far a member's grants for one direction and type reach the other side. */
static enum err reach(const struct registry *registry, const struct registry_member *member,
                      lianshu_GrantDirection direction, uint32_t type,
                      const struct registry_member *other)
{
    enum err err = ERR_NO_RIGHT;
    for (uint32_t i = 0; i < member->grant_count; i++) {
        const struct registry_grant *grant = &registry->grants[member->grant_first + i];
        if (grant->direction != direction)
            continue;
        /* Whoever may send something may take it back. */
        if (type != lianshu_DocumentType_TYPE_WITHDRAW && !grant_names(grant->types, type))
            continue;
        if ((grant->departments >> other->department & 1) == 0) {
            if (err == ERR_NO_RIGHT)
                err = ERR_RECIPIENT_RIGHT;
        } else if (region_contains(grant->region, other->region)) {
            return OK;
        } else {
            err = ERR_REGION_RIGHT; /* the nearest miss is the most useful answer */
        }
    }
    return err;
}

enum err registry_may(const struct registry *registry, const char *sender, uint32_t type,
                      const char *recipient)
{
    const struct registry_member *from = registry_member(registry, sender);
    const struct registry_member *to = registry_member(registry, recipient);
    if (from == NULL || to == NULL)
        return ERR_MEMBER_UNKNOWN;
    enum err err = reach(registry, from, lianshu_GrantDirection_GRANT_SEND, type, to);
    if (err != OK)
        return err;
    return reach(registry, to, lianshu_GrantDirection_GRANT_RECEIVE, type, from) == OK
               ? OK
               : ERR_RECIPIENT_RIGHT;
}

static enum err find_signer(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                            uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const struct registry_at *at = ctx;
    const struct registry_key *key;
    const enum key_use use = at->use == KEY_USE_NONE ? KEY_USE_SIGN : at->use;
    enum err err = registry_signer(at->registry, member, kid, use, at->at_ms, &key);
    if (err == ERR_REVOKED && at->revoked_too)
        err = registry_key(at->registry, kid, &key);
    if (err == OK)
        memcpy(public_key, key->public_key, KEY_PUBLIC_LEN);
    return err;
}

struct document_signers registry_signers(struct registry_at *at)
{
    return (struct document_signers){find_signer, at};
}

enum err registry_verify_document(const struct registry *registry, uint64_t at_ms, struct span lsd1,
                                  struct verifier *verifier, lianshu_Document *out,
                                  uint8_t hash[static HASH_LEN])
{
    struct registry_at at = {.registry = registry, .at_ms = at_ms};
    const struct document_signers signers = registry_signers(&at);
    return document_verify(lsd1, registry->realm, &signers, verifier, out, hash);
}
