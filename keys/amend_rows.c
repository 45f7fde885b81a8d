/* The rows of what was applied: kept, found, and folded into the next version. */
#include "keys/amend_table.h"
#include "keys/registry_table.h"

#include "wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { VERIFIER_NODES = VERIFIER_NODES_MIN };

enum err amendments_need(struct registry *registry)
{
    if (registry->amendments != NULL)
        return OK;
    struct amendments *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_NO_MEMORY;
    registry->amendments = a;
    a->rows = calloc(AMEND_MAX, sizeof a->rows[0]);
    a->sorted = calloc(AMEND_MAX, sizeof a->sorted[0]);
    a->document = calloc(1, sizeof *a->document);
    a->twice = calloc(1, sizeof *a->twice);
    enum err err = a->rows == NULL || a->sorted == NULL || a->document == NULL || a->twice == NULL
                       ? ERR_NO_MEMORY
                       : verifier_open(&a->verifier, VERIFIER_NODES);
    if (err != OK)
        amendments_fini(registry);
    return err;
}

void amendments_fini(struct registry *registry)
{
    struct amendments *a = registry->amendments;
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->count; i++)
        free((void *)(uintptr_t)a->rows[i].lsd1.data);
    verifier_close(&a->verifier);
    free(a->document);
    free(a->twice);
    free(a->sorted);
    free(a->rows);
    free(a);
    registry->amendments = NULL;
}

/* Where the hash stands, or would. */
static size_t place_of(const struct amendments *a, const uint8_t hash[static HASH_LEN])
{
    size_t low = 0;
    size_t high = a->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (memcmp(a->sorted[middle], hash, HASH_LEN) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool amendments_hold(const struct amendments *a, const uint8_t hash[static HASH_LEN])
{
    const size_t at = place_of(a, hash);
    return at < a->count && memcmp(a->sorted[at], hash, HASH_LEN) == 0;
}

enum err amendments_add(struct amendments *a, const struct amendment *row,
                        const struct amendment **out)
{
    assert(row->lsd1.len <= AMEND_DOCUMENT_MAX);
    if (a->count == AMEND_MAX)
        return ERR_TOO_LARGE;
    uint8_t *copy = malloc(row->lsd1.len + 1);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    memcpy(copy, row->lsd1.data, row->lsd1.len);
    const size_t at = place_of(a, row->hash);
    memmove(a->sorted[at + 1], a->sorted[at], (a->count - at) * HASH_LEN);
    memcpy(a->sorted[at], row->hash, HASH_LEN);
    struct amendment *kept = &a->rows[a->count++];
    *kept = *row;
    kept->lsd1 = span_of(copy, row->lsd1.len);
    hash_bytes(a->digest, span_of(a->sorted[0], a->count * HASH_LEN));
    *out = kept;
    return OK;
}

size_t registry_amendment_count(const struct registry *registry)
{
    return registry->amendments != NULL ? registry->amendments->count : 0;
}

const struct amendment *registry_amendment(const struct registry *registry, size_t index)
{
    return index < registry_amendment_count(registry) ? &registry->amendments->rows[index] : NULL;
}

struct span registry_amended(const struct registry *registry)
{
    return registry_amendment_count(registry) > 0 ? span_of(registry->amendments->digest, HASH_LEN)
                                                  : span_of(NULL, 0);
}

const struct amendment *registry_revocation(const struct registry *registry, const char *member,
                                            const uint8_t kid[static KID_LEN])
{
    const struct amendment *first = NULL;
    const struct amendment *row;
    for (size_t i = 0; (row = registry_amendment(registry, i)) != NULL; i++) {
        if (row->type == lianshu_DocumentType_TYPE_KEY_REVOCATION &&
            memcmp(row->kid, kid, KID_LEN) == 0 && strcmp(row->member, member) == 0 &&
            (first == NULL || row->from_ms < first->from_ms))
            first = row;
    }
    return first;
}

const struct amendment *registry_key_origin(const struct registry *registry,
                                            const struct registry_key *key)
{
    const size_t at = (size_t)(key - registry->keys);
    const struct amendment *row;
    for (size_t i = 0; (row = registry_amendment(registry, i)) != NULL; i++) {
        if (row->key_count > 0 && at >= row->key_first && at - row->key_first < row->key_count)
            return row;
    }
    return NULL;
}

const struct key *registry_own_key(const struct registry *registry, const struct keyring *keys,
                                   const char *member, enum key_use use, uint64_t at_ms)
{
    const struct key *newest = NULL;
    uint64_t from_ms = 0;
    for (size_t i = 0; i < keyring_count(keys); i++) {
        const struct key *key = keyring_at(keys, i);
        const struct registry_key *row;
        if (key_use(key) != use ||
            registry_signer(registry, member, key_kid(key), use, at_ms, &row) != OK ||
            (newest != NULL && row->valid_from_ms <= from_ms))
            continue;
        newest = key;
        from_ms = row->valid_from_ms;
    }
    return newest;
}

struct registry_registrar *registrar_of(const struct registry *registry, const char *member)
{
    for (size_t i = 0; i < registry->registrar_count; i++) {
        if (strcmp(registry->registrars[i].member, member) == 0)
            return &registry->registrars[i];
    }
    return NULL;
}

enum err registry_revocations(const struct registry *registry, const char *registrar,
                              uint64_t *number)
{
    const struct registry_registrar *found = registrar_of(registry, registrar);
    if (found == NULL)
        return ERR_MEMBER_UNKNOWN;
    *number = found->revocations;
    return OK;
}

/* Does the version have it in its records, as its registrar's number says? By what it says of
 * itself: it was verified when it was applied, and its signers' keys may be gone since. */
static bool is_folded(const struct registry *registry, const lianshu_Document *d,
                      const lianshu_Revocation *body)
{
    const struct registry_registrar *by =
        d->issuers_count > 0 ? registrar_of(registry, d->issuers[0].member) : NULL;
    return by != NULL && body->number <= by->revocations;
}

/* Its number is in the version. Is what it revokes revoked there, or gone? Otherwise the version's
 * officials mean another document by that number. */
static enum err check_folded(const struct registry *registry, const lianshu_Revocation *body,
                             struct fault *fault)
{
    const struct registry_key *key;
    const bool lacks = registry_key(registry, body->kid, &key) == OK && key->revoked_ms == 0 &&
                       strcmp(key->member->id, body->member) == 0;
    return lacks ? fault_set(fault, ERR_NUMBER_TWICE, 0, body->member,
                             "revocation %llu is in the version, and its key is not revoked there",
                             (unsigned long long)body->number)
                 : OK;
}

static bool read_document(struct span lsd1, lianshu_Document *out)
{
    struct frame_document frame;
    return frame_parse_document(lsd1, &frame) == OK &&
           wire_decode(&lianshu_Document_msg, frame.document, out) == OK;
}

/* What is refused now and was applied once: does the version have it, or do without? */
static enum err pass_over(const struct registry *registry, struct span lsd1, enum err refusal,
                          struct fault *fault)
{
    lianshu_Revocation body;
    enum err err = refusal;
    lianshu_Document *d = malloc(sizeof *d);
    if (d == NULL)
        return ERR_NO_MEMORY; /* unseen it is not believed */
    if (!read_document(lsd1, d))
        goto out;
    const struct span bytes = span_of(d->body.bytes, d->body.size);
    if (d->type == lianshu_DocumentType_TYPE_KEY_RECORD)
        err = OK;
    else if (d->type == lianshu_DocumentType_TYPE_KEY_REVOCATION &&
             wire_decode(&lianshu_Revocation_msg, bytes, &body) == OK &&
             (refusal == ERR_REGISTRY_ROLLBACK || is_folded(registry, d, &body)))
        err = check_folded(registry, &body, fault);
out:
    free(d);
    return err;
}

/* What cannot be verified any more and is not in the version either would be lost: then the version
 * must not be used. A member's own key record may lose its signing key with the version, or its
 * keys to it; that is the registrar's decision. */
enum err registry_amend_again(struct registry *registry, struct span lsd1, uint64_t applied_ms,
                              struct fault *fault)
{
    const enum err err = registry_amend(registry, lsd1, applied_ms, true, NULL, fault);
    if (err == OK || err == ERR_REPEAT)
        return OK;
    return err_class(err) == ERR_CLASS_REJECT ? pass_over(registry, lsd1, err, fault) : err;
}

enum err registry_amend_from(struct registry *registry, const struct registry *older,
                             struct fault *fault)
{
    const struct amendment *row;
    enum err err = OK;
    for (size_t i = 0; err == OK && (row = registry_amendment(older, i)) != NULL; i++)
        err = registry_amend_again(registry, row->lsd1, row->applied_ms, fault);
    return err;
}

static enum err put_key(lianshu_MemberRecord *out, const struct registry_key *key)
{
    if (out->keys_count == sizeof out->keys / sizeof out->keys[0])
        return ERR_TOO_LARGE;
    lianshu_MemberKey *to = &out->keys[out->keys_count++];
    *to = (lianshu_MemberKey){.use = (lianshu_KeyUse)key->use,
                              .valid_from_ms = key->valid_from_ms,
                              .valid_until_ms = key->valid_until_ms,
                              .roles = key->roles,
                              .revoked_ms = key->revoked_ms,
                              .revoked_for = (lianshu_RevocationReason)key->revoked_for};
    memcpy(to->public_key, key->public_key, KEY_PUBLIC_LEN);
    return OK;
}

enum err registry_record_amended(const struct registry *registry,
                                 const struct registry_member *member, uint64_t now_ms,
                                 lianshu_MemberRecord *out)
{
    const struct registry_key *key;
    size_t count = 0;
    enum err err = registry_record(member, out);
    if (err != OK)
        return err;
    while (registry_member_key(registry, member, count) != NULL)
        count++;
    size_t over = count > sizeof out->keys / sizeof out->keys[0]
                      ? count - sizeof out->keys / sizeof out->keys[0]
                      : 0;
    out->keys_count = 0;
    out->key_records = member->key_records;
    for (size_t i = 0; err == OK && i < count; i++) {
        key = registry_member_key(registry, member, i);
        if (over > 0 && key->valid_until_ms <= now_ms && key->revoked_ms == 0)
            over--;
        else
            err = put_key(out, key);
    }
    return err;
}
