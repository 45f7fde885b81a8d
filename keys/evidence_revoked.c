/* Registrars, their revocations since the version of the registry, and what those put in doubt. */
#include "keys/evidence_inner.h"

#include "keys/registrar.h"
#include "wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What one bundle's registrars need while they are looked at. */
struct offices {
    struct evidence_job *job;
    lianshu_Document *document;
    lianshu_RegistryVersion *version; /* of the realm's registrar */
    struct registry_registrar *row;   /* as many as job->out->registrars */
};

/* ---- the realm's registrar ---- */

static bool read_document(struct span lsd1, lianshu_Document *out)
{
    struct frame_document frame;
    return frame_parse_document(lsd1, &frame) == OK &&
           wire_decode(&lianshu_Document_msg, frame.document, out) == OK;
}

static enum err read_version(const struct offices *o, struct span lsd1,
                             lianshu_RegistryVersion *out)
{
    if (!read_document(lsd1, o->document))
        return ERR_EVIDENCE;
    return wire_decode(&lianshu_RegistryVersion_msg,
                       span_of(o->document->body.bytes, o->document->body.size), out);
}

static void add_office(const struct offices *o, uint64_t revocations)
{
    struct evidence *e = o->job->out;
    const struct registry_registrar *own = &o->row[e->registrar_count];
    struct evidence_registrar *row = &e->registrars[e->registrar_count++];
    row->known = revocations;
    memcpy(row->member, own->member, sizeof row->member);
}

/* It stands in every proof, and was verified with them. */
static enum err take_first(struct offices *o)
{
    struct frame_proof first;
    struct frame_proof other;
    struct fault why = {.err = OK};
    const struct evidence *e = o->job->out;
    if (e->member_count == 0)
        return evidence_bad(o->job, ERR_EVIDENCE, "registry", "no member is proven");
    const char *name = e->members[0].file->name;
    enum err err = frame_parse_proof(e->members[0].file->bytes, &first);
    for (size_t i = 1; err == OK && i < e->member_count; i++) {
        const struct bundle_file *file = e->members[i].file;
        err = frame_parse_proof(file->bytes, &other);
        if (err == OK && (!span_eq(first.registrar.document, other.registrar.document) ||
                          !span_eq(first.registrar.version, other.registrar.version)))
            return evidence_bad(o->job, ERR_EVIDENCE, file->name,
                                "of another version of the registry than the rest");
    }
    if (err == OK)
        err = read_version(o, first.registrar.version, o->version);
    if (err == OK && !read_document(first.registrar.document, o->document))
        err = ERR_EVIDENCE;
    if (err == OK)
        err = registrar_read(&o->row[0], o->document, name, &why);
    if (err != OK)
        return evidence_bad(o->job, err, name, "registrar");
    o->row[0].depth = 1;
    add_office(o, o->version->revocations);
    return OK;
}

/* ---- those below it ---- */

static struct registry_registrar *find_office(const struct offices *o, const char *member,
                                              size_t *number)
{
    for (size_t i = 0; i < o->job->out->registrar_count; i++) {
        *number = i;
        if (strcmp(o->row[i].member, member) == 0)
            return &o->row[i];
    }
    return NULL;
}

/* Appointed by one that is here already: names of registrars sort from above downwards. */
static enum err appoint(const struct offices *o, const struct bundle_file *file)
{
    char name[BUNDLE_NAME_MAX + 1];
    uint8_t hash[HASH_LEN];
    size_t number;
    struct evidence_job *job = o->job;
    struct registry_registrar *own = &o->row[job->out->registrar_count];
    if (!read_document(file->bytes, o->document) || o->document->issuers_count == 0)
        return evidence_bad(job, ERR_EVIDENCE, file->name, "no document");
    const struct registry_registrar *by = find_office(o, o->document->issuers[0].member, &number);
    if (by == NULL)
        return evidence_bad(job, ERR_CHAIN, file->name, "by no registrar that is here");
    enum err err = registrar_verify_document(by, job->anchor->realm, file->bytes, job->verifier,
                                             o->document, hash);
    if (err != OK)
        return evidence_bad(job, err, file->name, "appointment");
    err = registrar_read(own, o->document, file->name, job->fault);
    if (err != OK)
        return err;
    own->depth = by->depth + 1;
    if (own->depth > REGISTRAR_CHAIN_MAX)
        return evidence_bad(job, ERR_CHAIN, file->name, "too far below the root");
    snprintf(name, sizeof name, "registrars/%s.lsd", own->member);
    if (strcmp(name, file->name) != 0 || find_office(o, own->member, &number) != NULL)
        return evidence_bad(job, ERR_EVIDENCE, file->name, "it is of another registrar");
    return registrar_within(own, by, file->name, job->fault);
}

/* The version has the hash of what each of them vouched for. */
static enum err take_part(const struct offices *o, const struct bundle_file *file)
{
    uint8_t hash[HASH_LEN];
    struct evidence_job *job = o->job;
    const struct registry_registrar *own = &o->row[job->out->registrar_count];
    const lianshu_RegistryVersion *v = o->version;
    lianshu_RegistryVersion *part;
    bool listed = false;
    hash_bytes(hash, file->bytes);
    for (pb_size_t i = 0; !listed && i < v->parts_count; i++)
        listed = memcmp(v->parts[i], hash, HASH_LEN) == 0;
    if (!listed)
        return evidence_bad(job, ERR_REGISTRY, file->name, "the version names no such part");
    part = malloc(sizeof *part);
    enum err err = part == NULL ? ERR_NO_MEMORY : read_version(o, file->bytes, part);
    if (err == OK && strcmp(o->document->issuers[0].member, own->member) != 0)
        err = ERR_EVIDENCE;
    if (err == OK)
        add_office(o, part->revocations);
    free(part);
    return err == OK ? OK : evidence_bad(job, err, file->name, "part of another registrar");
}

static enum err take_offices(const struct offices *o)
{
    const struct bundle_file *file;
    size_t at = 0;
    enum err err = OK;
    while (err == OK && (file = evidence_next(o->job, "registrars", &at)) != NULL) {
        const bool version = evidence_ends(file, ".version");
        const struct bundle_file *other =
            evidence_beside(o->job, file->name, "registrars", version ? ".lsd" : ".version");
        if (other == NULL)
            return evidence_bad(o->job, ERR_EVIDENCE, file->name, "the other half is missing");
        if (version)
            continue;
        err = appoint(o, file);
        if (err == OK)
            err = take_part(o, other);
    }
    o->job->out->registrars_elsewhere = o->version->parts_count + 1 - o->job->out->registrar_count;
    return err;
}

/* ---- revocations ---- */

static enum err read_revocation(const struct offices *o, const struct registry_registrar *by,
                                struct evidence_revocation *out)
{
    struct member member;
    lianshu_Revocation body;
    const lianshu_Document *d = o->document;
    if (d->type != lianshu_DocumentType_TYPE_KEY_REVOCATION)
        return ERR_REGISTRY;
    const enum err err =
        wire_decode(&lianshu_Revocation_msg, span_of(d->body.bytes, d->body.size), &body);
    if (err != OK)
        return err;
    if (member_parse(body.member, &member) != OK)
        return ERR_HEADER;
    if (!region_contains(by->region, member.region))
        return ERR_REGION_RIGHT;
    /* Whoever may not register a member does not revoke its keys either. */
    const lianshu_MemberRecord *record = evidence_record(o->job, body.member);
    for (pb_size_t i = 0; record != NULL && i < record->grants_count; i++) {
        if (!registrar_grants(by, record->grants[i].types))
            return ERR_DELEGATION;
    }
    if (body.compromised_since_ms > d->issued_ms)
        return ERR_FIELD_VALUE;
    out->number = body.number;
    out->from_ms = body.compromised_since_ms != 0 ? body.compromised_since_ms : d->issued_ms;
    memcpy(out->registrar, by->member, sizeof out->registrar);
    memcpy(out->member, body.member, sizeof out->member);
    memcpy(out->kid, body.kid, KID_LEN);
    return OK;
}

/* Files of one registrar stand one after another, by number. */
static enum err take_revocation(const struct offices *o, const struct bundle_file *file)
{
    char name[BUNDLE_NAME_MAX + 1];
    uint8_t hash[HASH_LEN];
    size_t number = 0;
    struct evidence_job *job = o->job;
    struct evidence *e = job->out;
    struct evidence_revocation *row = &e->revocations[e->revocation_count];
    if (!read_document(file->bytes, o->document) || o->document->issuers_count == 0)
        return evidence_bad(job, ERR_EVIDENCE, file->name, "no document");
    const struct registry_registrar *by = find_office(o, o->document->issuers[0].member, &number);
    if (by == NULL)
        return evidence_bad(job, ERR_REGISTRY, file->name, "by no registrar that is here");
    enum err err = registrar_verify_document(by, job->anchor->realm, file->bytes, job->verifier,
                                             o->document, hash);
    if (err == OK)
        err = read_revocation(o, by, row);
    if (err != OK)
        return evidence_bad(job, err, file->name, by->member);
    snprintf(name, sizeof name, "revocations/%s-%08" PRIu64 ".lsd", by->member, row->number);
    if (strcmp(name, file->name) != 0)
        return evidence_bad(job, ERR_EVIDENCE, file->name, "it has another number or registrar");
    struct evidence_registrar *office = &e->registrars[number];
    if (row->number != office->known + 1)
        return evidence_bad(job, ERR_AMENDMENT_GAP, file->name, "one before it is missing");
    office->known = row->number;
    row->file = file;
    e->revocation_count++;
    return OK;
}

static enum err take_all(struct offices *o)
{
    const struct bundle_file *file;
    size_t at = 0;
    enum err err = take_first(o);
    if (err == OK)
        err = take_offices(o);
    while (err == OK && (file = evidence_next(o->job, "revocations", &at)) != NULL)
        err = take_revocation(o, file);
    return err;
}

enum err evidence_revocations(struct evidence_job *job)
{
    struct evidence *e = job->out;
    const size_t offices = 1 + evidence_count(job, "registrars") / 2;
    struct offices o = {.job = job,
                        .document = malloc(sizeof *o.document),
                        .version = malloc(sizeof *o.version),
                        .row = calloc(offices + 1, sizeof *o.row)};
    e->registrars = calloc(offices + 1, sizeof *e->registrars);
    e->revocations = calloc(evidence_count(job, "revocations") + 1, sizeof *e->revocations);
    enum err err = ERR_NO_MEMORY;
    if (o.document != NULL && o.version != NULL && o.row != NULL && e->registrars != NULL &&
        e->revocations != NULL)
        err = take_all(&o);
    free(o.row);
    free(o.version);
    free(o.document);
    return err;
}

/* ---- keys ---- */

const lianshu_MemberRecord *evidence_record(const struct evidence_job *job, const char *member)
{
    for (size_t i = 0; i < job->out->member_count; i++) {
        if (strcmp(job->out->members[i].record->member, member) == 0)
            return job->out->members[i].record;
    }
    return NULL;
}

uint64_t evidence_revoked(const struct evidence_job *job, const char *member,
                          const lianshu_MemberKey *key, const struct evidence_revocation **by)
{
    uint8_t kid[KID_LEN];
    uint64_t from_ms = key->revoked_ms != 0 ? key->revoked_ms : UINT64_MAX;
    kid_of(kid, key_use_alg((enum key_use)key->use), key->public_key);
    *by = NULL;
    for (size_t i = 0; i < job->out->revocation_count; i++) {
        const struct evidence_revocation *r = &job->out->revocations[i];
        if (r->from_ms < from_ms && memcmp(r->kid, kid, KID_LEN) == 0 &&
            strcmp(r->member, member) == 0) {
            from_ms = r->from_ms;
            *by = r;
        }
    }
    return from_ms;
}

static enum err add_doubt(const struct evidence_job *job, const struct evidence_doubt *doubt,
                          const struct evidence_revocation *by)
{
    struct evidence *e = job->out;
    struct evidence_doubt *grown = realloc(e->doubts, (e->doubt_count + 1) * sizeof *e->doubts);
    if (grown == NULL)
        return ERR_NO_MEMORY;
    e->doubts = grown;
    struct evidence_doubt *row = &e->doubts[e->doubt_count++];
    *row = *doubt;
    if (by != NULL) {
        memcpy(row->registrar, by->registrar, sizeof row->registrar);
        row->number = by->number;
    }
    return OK;
}

static const lianshu_MemberKey *find_key(const lianshu_MemberRecord *record,
                                         const uint8_t kid[static KID_LEN])
{
    uint8_t own[KID_LEN];
    for (pb_size_t i = 0; i < record->keys_count; i++) {
        kid_of(own, key_use_alg((enum key_use)record->keys[i].use), record->keys[i].public_key);
        if (memcmp(own, kid, KID_LEN) == 0)
            return &record->keys[i];
    }
    return NULL;
}

enum err evidence_signer(const struct evidence_job *job, const struct evidence_said *said,
                         const char *member, const uint8_t kid[static KID_LEN],
                         uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const struct evidence_revocation *by;
    const lianshu_MemberRecord *record = evidence_record(job, member);
    if (record == NULL)
        return ERR_MEMBER_UNKNOWN;
    const lianshu_MemberKey *key = find_key(record, kid);
    if (key == NULL)
        return ERR_KID_UNKNOWN;
    if (key->use != lianshu_KeyUse_KEY_SIGN)
        return ERR_KEY_USE;
    if (said->at_ms < key->valid_from_ms)
        return ERR_KEY_NOT_YET;
    if (said->at_ms >= key->valid_until_ms)
        return ERR_KEY_EXPIRED;
    memcpy(public_key, key->public_key, KEY_PUBLIC_LEN);
    struct evidence_doubt doubt = {.file = said->file, .taken_ms = said->taken_ms};
    doubt.from_ms = evidence_revoked(job, member, key, &by);
    memcpy(doubt.member, record->member, sizeof doubt.member);
    return doubt.from_ms <= said->taken_ms ? add_doubt(job, &doubt, by) : OK;
}
