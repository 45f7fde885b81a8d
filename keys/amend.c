#include "keys/amend.h"

#include "keys/amend_table.h"
#include "keys/registrar.h"
#include "keys/registry_table.h"

#include "wire.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* What one amendment needs. */
struct amending {
    struct registry *registry;
    struct amendments *amendments;
    struct registry_registrar *registrar; /* of its issuers; NULL: a member issued it */
    const struct registry_key *signer;    /* a member's */
    uint64_t now_ms;
    bool known;
    const lianshu_Document *document;
    struct amendment row;
    struct fault *fault;
};

static enum err refuse(const struct amending *a, enum err err, const char *why)
{
    return fault_set(a->fault, err, 0, "amendment", "%s", why);
}

/* ---- who signed it ---- */

static enum err find_official(struct amending *a, const char *member,
                              const uint8_t kid[static KID_LEN],
                              uint8_t public_key[static KEY_PUBLIC_LEN])
{
    struct registry_registrar *r = registrar_of(a->registry, member);
    if (r == NULL || (a->registrar != NULL && a->registrar != r))
        return ERR_KEY_NOT_SENDERS;
    a->registrar = r;
    for (unsigned i = 0; i < r->key_count; i++) {
        if (memcmp(r->kid[i], kid, KID_LEN) == 0) {
            memcpy(public_key, r->public_key[i], KEY_PUBLIC_LEN);
            return OK;
        }
    }
    return ERR_KID_UNKNOWN;
}

/* A member's signing key; one that is revoked only where another hub has taken it (guarantee 5). */
static enum err find_member(struct amending *a, const char *member,
                            const uint8_t kid[static KID_LEN],
                            uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const struct registry_key *key;
    enum err err = registry_key(a->registry, kid, &key);
    if (err == OK)
        err = registry_key_check(key, member, KEY_USE_SIGN, a->now_ms);
    if (err == ERR_REVOKED && a->known)
        err = OK;
    if (err != OK)
        return err;
    a->signer = key;
    memcpy(public_key, key->public_key, KEY_PUBLIC_LEN);
    return OK;
}

/* document_signer_fn */
static enum err find_signer(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                            uint8_t public_key[static KEY_PUBLIC_LEN])
{
    struct member parsed;
    if (member_parse(member, &parsed) != OK)
        return ERR_KEY_NOT_SENDERS;
    return parsed.department == DEPARTMENT_REGISTRAR ? find_official(ctx, member, kid, public_key)
                                                     : find_member(ctx, member, kid, public_key);
}

/* Too few of them, or outside the time for which they are appointed. Each issuer has signed, and
 * none is named twice with one key. */
static enum err check_officials(const struct amending *a)
{
    const lianshu_Document *d = a->document;
    const struct registry_registrar *r = a->registrar;
    assert(r != NULL); /* somebody has signed, and no member */
    if (d->type != lianshu_DocumentType_TYPE_KEY_REVOCATION)
        return refuse(a, ERR_REGISTRY, "not signed as its type asks");
    if (d->issuers_count < r->threshold)
        return refuse(a, ERR_TWO_OFFICIALS, r->member);
    if (d->issued_ms < r->valid_from_ms || d->issued_ms >= r->valid_until_ms)
        return refuse(a, ERR_REGISTRY, "outside the registrar's time");
    return OK;
}

static enum err check_member(const struct amending *a)
{
    return a->document->issuers_count == 1 &&
                   a->document->type == lianshu_DocumentType_TYPE_KEY_RECORD
               ? OK
               : refuse(a, ERR_REGISTRY, "not signed as its type asks");
}

static enum err verify(struct amending *a, struct span lsd1)
{
    const struct document_signers signers = {find_signer, a};
    const lianshu_Document *d = a->document;
    struct amendment *row = &a->row;
    char label[ERR_LABEL_LEN + 1];

    if (lsd1.len > AMEND_DOCUMENT_MAX)
        return refuse(a, ERR_TOO_LARGE, "longer than an amendment");
    enum err err = document_verify(lsd1, a->registry->realm, &signers, a->amendments->verifier,
                                   a->amendments->document, row->hash);
    err_label(err, label);
    if (err != OK && a->registrar != NULL)
        return fault_set(a->fault, ERR_REGISTRY, 0, "amendment", "%s %s", label, err_en(err));
    if (err != OK)
        return refuse(a, err, err_en(err));
    if ((err = a->signer == NULL ? check_officials(a) : check_member(a)) != OK)
        return err;
    if (d->issued_ms > a->now_ms + AMEND_SKEW_MS)
        return refuse(a, ERR_FUTURE, "issued in the future");
    row->type = d->type;
    row->issued_ms = d->issued_ms;
    row->applied_ms = a->now_ms;
    row->lsd1 = lsd1;
    snprintf(row->issuer, sizeof row->issuer, "%s", d->issuers[0].member);
    for (size_t i = 0; i < 2 && i < d->issuers_count; i++)
        memcpy(row->signers[row->signer_count++], d->issuers[i].kid, KID_LEN);
    return OK;
}

/* ---- its number ---- */

/* Another document of this issuer has the number, and is here: whoever has that one and whoever has
 * this one were told different things. */
static enum err check_twice(const struct amending *a)
{
    const struct amendment *row;
    struct twice *twice = a->amendments->twice;
    for (size_t i = 0; (row = registry_amendment(a->registry, i)) != NULL; i++) {
        if (row->number != a->row.number || row->type != a->row.type ||
            strcmp(row->issuer, a->row.issuer) != 0)
            continue;
        memcpy(twice->issuer, row->issuer, sizeof twice->issuer);
        twice->type = row->type;
        twice->number = row->number;
        twice_keep(&twice->held, row->hash, row->lsd1);
        twice_keep(&twice->offered, a->row.hash, a->row.lsd1);
        return fault_set(a->fault, ERR_NUMBER_TWICE, 0, row->issuer,
                         "number %llu is another document here", (unsigned long long)row->number);
    }
    return OK;
}

const struct twice *registry_twice(const struct registry *registry)
{
    return registry->amendments->twice;
}

static enum err check_number(const struct amending *a, uint64_t last)
{
    if (amendments_hold(a->amendments, a->row.hash))
        return ERR_REPEAT;
    const enum err err = a->row.number <= last ? check_twice(a) : OK;
    if (err != OK)
        return err;
    if (a->row.number <= last)
        return fault_set(a->fault, ERR_REGISTRY_ROLLBACK, 0, a->row.issuer,
                         "number %llu, but %llu is in effect", (unsigned long long)a->row.number,
                         (unsigned long long)last);
    if (a->row.number != last + 1)
        return fault_set(a->fault, ERR_AMENDMENT_GAP, 0, a->row.issuer,
                         "number %llu, but the next one is %llu", (unsigned long long)a->row.number,
                         (unsigned long long)last + 1);
    return OK;
}

/* ---- a revocation ---- */

static struct registry_key *key_of(const struct amending *a, const uint8_t kid[static KID_LEN])
{
    const uint32_t slot = a->registry->slots[registry_slot(a->registry, kid)];
    return slot == 0 ? NULL : &a->registry->keys[slot - 1];
}

static void revoke(struct registry_key *key, uint64_t from_ms, unsigned reason)
{
    if (key->revoked_ms != 0 && key->revoked_ms <= from_ms)
        return;
    key->revoked_ms = from_ms;
    key->revoked_for = reason;
}

/* Room that others cannot use up: half is out of reach of members' own records, and the last
 * quarter of delegates, so that the realm's registrar can always revoke. */
static enum err check_room(const struct amending *a)
{
    const struct amendment *row;
    const size_t count = registry_amendment_count(a->registry);
    size_t own = 0;
    if (a->registrar != NULL)
        return a->registrar->depth > 1 && count >= AMEND_MAX - AMEND_MAX / 4
                   ? refuse(a, ERR_TOO_LARGE, "as many documents as delegates may issue")
                   : OK;
    for (size_t i = 0; (row = registry_amendment(a->registry, i)) != NULL; i++)
        own += row->type == lianshu_DocumentType_TYPE_KEY_RECORD &&
               strcmp(row->member, a->row.member) == 0;
    return own >= AMEND_MEMBER_RECORDS_MAX || count >= AMEND_MAX / 2
               ? refuse(a, ERR_TOO_LARGE, "as many key records as a version takes")
               : OK;
}

/* What a signing key has introduced since it is doubted goes with it. */
static void revoke_introduced(const struct amending *a, const struct registry_key *by)
{
    const struct amendment *row;
    for (size_t i = 0; (row = registry_amendment(a->registry, i)) != NULL; i++) {
        if (row->type != lianshu_DocumentType_TYPE_KEY_RECORD || row->applied_ms < by->revoked_ms ||
            memcmp(row->kid, by->kid, KID_LEN) != 0)
            continue;
        for (uint32_t k = 0; k < row->key_count; k++)
            revoke(&a->registry->keys[row->key_first + k], by->revoked_ms, by->revoked_for);
    }
}

/* Whoever may not register a member does not revoke its keys either. Where it has been applied, a
 * key of another member is passed over (guarantee 6): the number counts. */
static enum err check_revoked_key(const struct amending *a)
{
    const struct registry *r = a->registry;
    const struct registry_key *key = key_of(a, a->row.kid);
    const struct registry_member *member = registry_member(r, a->row.member);
    if (!a->known && key != NULL && strcmp(key->member->id, a->row.member) != 0)
        return refuse(a, ERR_KEY_NOT_SENDERS, a->row.member);
    for (uint32_t i = 0; member != NULL && i < member->grant_count; i++) {
        if (!registrar_grants(a->registrar, r->grants[member->grant_first + i].types))
            return refuse(a, ERR_DELEGATION, a->row.member);
    }
    return OK;
}

static enum err check_revocation(struct amending *a, const lianshu_Revocation *body)
{
    struct amendment *row = &a->row;
    struct member member;
    if (member_parse(body->member, &member) != OK)
        return refuse(a, ERR_HEADER, "member");
    if (body->reason == lianshu_RevocationReason_REVOCATION_NONE)
        return refuse(a, ERR_WIRE_ENUM, "reason");
    if (body->compromised_since_ms > row->issued_ms)
        return refuse(a, ERR_FIELD_VALUE, "compromised_since_ms is after its issue");
    row->number = body->number;
    row->reason = body->reason;
    snprintf(row->member, sizeof row->member, "%s", body->member);
    memcpy(row->kid, body->kid, KID_LEN);
    if (!region_contains(a->registrar->region, member.region))
        return refuse(a, ERR_REGION_RIGHT, row->member);
    enum err err = check_number(a, a->registrar->revocations);
    if (err != OK)
        return err;
    if ((err = check_revoked_key(a)) != OK || (err = check_room(a)) != OK)
        return err;
    row->from_ms = row->issued_ms < row->applied_ms ? row->issued_ms : row->applied_ms;
    if (body->compromised_since_ms != 0)
        row->from_ms = body->compromised_since_ms;
    return OK;
}

/* A key that is not in this version yet is revoked when it comes. */
static enum err apply_revocation(struct amending *a, const struct amendment **out)
{
    lianshu_Revocation body;
    const lianshu_Document *d = a->document;
    enum err err =
        wire_decode(&lianshu_Revocation_msg, span_of(d->body.bytes, d->body.size), &body);
    if (err != OK)
        return refuse(a, err, "body");
    if ((err = check_revocation(a, &body)) != OK ||
        (err = amendments_add(a->amendments, &a->row, out)) != OK)
        return err;
    a->registrar->revocations = a->row.number;
    struct registry_key *key = key_of(a, a->row.kid);
    if (key != NULL && strcmp(key->member->id, a->row.member) == 0) {
        revoke(key, a->row.from_ms, a->row.reason);
        revoke_introduced(a, key);
    }
    return OK;
}

/* ---- a key record ---- */

/* One of the member's own that is listed again: it may only end earlier. */
static enum err check_listed(const struct amending *a, const struct registry_key *key,
                             const lianshu_MemberKey *from)
{
    if (strcmp(key->member->id, a->row.member) != 0 || key->use != (enum key_use)from->use ||
        key->valid_from_ms != from->valid_from_ms || from->valid_until_ms > key->valid_until_ms)
        return fault_set(a->fault, ERR_KEY_REUSED, 0, a->row.member, "%s key, and %s",
                         key_use_name((enum key_use)from->use), key->member->id);
    return OK;
}

static enum err check_key(const struct amending *a, const lianshu_MemberKey *from)
{
    uint8_t kid[KID_LEN];
    const enum key_use use = (enum key_use)from->use;
    if (use != KEY_USE_SEAL && use != KEY_USE_TRANSPORT)
        return refuse(a, ERR_KEY_USE, "only seal and transport keys");
    if (from->valid_from_ms >= from->valid_until_ms || from->roles != 0 || from->revoked_ms != 0 ||
        from->revoked_for != lianshu_RevocationReason_REVOCATION_NONE)
        return refuse(a, ERR_HEADER, "times, roles or revocation of a key");
    enum err err = key_check_public(use, from->public_key);
    if (err != OK)
        return refuse(a, err, key_use_name(use));
    kid_of(kid, key_use_alg(use), from->public_key);
    const struct registry_key *known = key_of(a, kid);
    if (known != NULL)
        return check_listed(a, known, from);
    return from->valid_until_ms - from->valid_from_ms > AMEND_LIFE_MS
               ? refuse(a, ERR_LIFE, key_use_name(use))
               : OK;
}

/* Keys of records that the member has added on this version. */
static size_t added_of(const struct registry *registry, const struct registry_member *member)
{
    size_t count = 0;
    for (uint32_t at = member->added; at != 0; at = registry->keys[at - 1].next)
        count++;
    return count;
}

static enum err check_record(struct amending *a, const lianshu_KeyRecord *body)
{
    struct amendment *row = &a->row;
    const struct registry_member *member = a->signer->member;
    row->number = body->number;
    snprintf(row->member, sizeof row->member, "%s", member->id);
    memcpy(row->kid, a->signer->kid, KID_LEN);
    enum err err = check_number(a, member->key_records);
    if (err == OK)
        err = check_room(a);
    if (err != OK)
        return err;
    if (body->keys_count == 0)
        return refuse(a, ERR_HEADER, "no key");
    for (pb_size_t i = 0; i < body->keys_count; i++) {
        if ((err = check_key(a, &body->keys[i])) != OK)
            return err;
        for (pb_size_t j = 0; j < i; j++) {
            if (memcmp(body->keys[i].public_key, body->keys[j].public_key, KEY_PUBLIC_LEN) == 0)
                return refuse(a, ERR_KEY_REUSED, "one key twice");
        }
    }
    if (added_of(a->registry, member) + body->keys_count > AMEND_MEMBER_KEYS_MAX ||
        a->amendments->keys_added + body->keys_count > AMEND_KEY_MAX)
        return refuse(a, ERR_TOO_LARGE, "as many keys as a version takes");
    return OK;
}

/* There is room: check_record has seen to it. */
static void add_key(struct amending *a, const lianshu_MemberKey *from)
{
    struct registry *r = a->registry;
    uint8_t kid[KID_LEN];
    const enum key_use use = (enum key_use)from->use;
    kid_of(kid, key_use_alg(use), from->public_key);
    const size_t slot = registry_slot(r, kid);
    if (r->slots[slot] != 0) {
        r->keys[r->slots[slot] - 1].valid_until_ms = from->valid_until_ms;
        return;
    }
    const uint32_t at = (uint32_t)r->key_count + a->amendments->keys_added++;
    struct registry_key *key = &r->keys[at];
    struct registry_member *member = &r->members[a->signer->member - r->members];
    *key = (struct registry_key){.use = use,
                                 .valid_from_ms = from->valid_from_ms,
                                 .valid_until_ms = from->valid_until_ms,
                                 .member = member,
                                 .next = member->added};
    memcpy(key->public_key, from->public_key, KEY_PUBLIC_LEN);
    memcpy(key->kid, kid, KID_LEN);
    member->added = at + 1;
    r->slots[slot] = at + 1;
    a->row.key_count++;
    const struct amendment *revoked = registry_revocation(r, member->id, kid);
    if (revoked != NULL)
        revoke(key, revoked->from_ms, revoked->reason);
    if (a->signer->revoked_ms != 0 && a->row.applied_ms >= a->signer->revoked_ms)
        revoke(key, a->signer->revoked_ms, a->signer->revoked_for);
}

static enum err apply_record(struct amending *a, const struct amendment **out)
{
    lianshu_KeyRecord body;
    const lianshu_Document *d = a->document;
    enum err err = wire_decode(&lianshu_KeyRecord_msg, span_of(d->body.bytes, d->body.size), &body);
    if (err != OK)
        return refuse(a, err, "body");
    if ((err = check_record(a, &body)) != OK)
        return err;
    struct amendments *rows = a->amendments;
    a->row.key_first = (uint32_t)a->registry->key_count + rows->keys_added;
    if ((err = amendments_add(rows, &a->row, out)) != OK)
        return err;
    for (pb_size_t i = 0; i < body.keys_count; i++)
        add_key(a, &body.keys[i]);
    rows->rows[rows->count - 1].key_count = a->row.key_count;
    a->registry->members[a->signer->member - a->registry->members].key_records = body.number;
    return OK;
}

enum err registry_amend(struct registry *registry, struct span lsd1, uint64_t now_ms, bool known,
                        const struct amendment **out, struct fault *fault)
{
    const struct amendment *row = NULL;
    enum err err = amendments_need(registry);
    if (out != NULL)
        *out = NULL;
    if (err != OK)
        return err;
    struct amending a = {.registry = registry,
                         .amendments = registry->amendments,
                         .document = registry->amendments->document,
                         .now_ms = now_ms,
                         .known = known,
                         .fault = fault};
    if ((err = verify(&a, lsd1)) != OK)
        return err;
    err = a.signer == NULL ? apply_revocation(&a, &row) : apply_record(&a, &row);
    if (err == OK && out != NULL)
        *out = row;
    return err;
}
