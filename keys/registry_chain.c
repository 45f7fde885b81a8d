#include "keys/registry_chain.h"

#include "wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { VERIFIER_NODES = VERIFIER_NODES_MIN };

enum err loading_open(struct loading *l)
{
    l->document = calloc(1, sizeof *l->document);
    l->head = calloc(1, sizeof *l->head);
    l->version = calloc(1, sizeof *l->version);
    if (l->document == NULL || l->head == NULL || l->version == NULL)
        return ERR_NO_MEMORY;
    return verifier_open(&l->verifier, VERIFIER_NODES);
}

void loading_close(struct loading *l)
{
    verifier_close(&l->verifier);
    free(l->vouching);
    free(l->version);
    free(l->head);
    free(l->document);
}

/* A document of the registry that does not verify: the reason goes into the detail. */
static enum err refuse_document(const struct loading *l, const char *which, enum err reason)
{
    char label[ERR_LABEL_LEN + 1];
    if (reason == ERR_REALM)
        return fault_set(l->fault, ERR_REALM, 0, l->source->name, "%s", which);
    err_label(reason, label);
    return fault_set(l->fault, ERR_REGISTRY, 0, l->source->name, "%s: %s %s", which, label,
                     err_en(reason));
}

/* The registrar that is said to have signed this one. */
static enum err find_issuer(const struct loading *l, struct span lsd1, size_t number,
                            const struct registry_registrar **out)
{
    const struct registry *r = l->registry;
    struct frame_document frame;
    enum err err = frame_parse_document(lsd1, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, l->document);
    if (err != OK)
        return refuse_document(l, "registrar document", err);
    const char *issuer = l->document->issuers_count > 0 ? l->document->issuers[0].member : "";
    for (size_t i = 0; i < number; i++) {
        if (strcmp(r->registrars[i].member, issuer) == 0) {
            *out = &r->registrars[i];
            return OK;
        }
    }
    return fault_set(l->fault, ERR_CHAIN, 0, l->source->name,
                     "registrar %zu is signed by %s, which is no registrar before it", number,
                     issuer);
}

/* One key, one use: no official is two, or a root as well. */
static enum err check_officials(const struct loading *l, size_t number)
{
    const struct registry *r = l->registry;
    const struct registry_registrar *own = &r->registrars[number];
    for (unsigned k = 0; k < own->key_count; k++) {
        const char *other = anchor_place(l->anchor, own->public_key[k]) != 0 ? "the root" : NULL;
        for (size_t i = 0; other == NULL && i < number; i++) {
            if (registrar_has(&r->registrars[i], own->kid[k]))
                other = r->registrars[i].member;
        }
        if (other != NULL)
            return fault_set(l->fault, ERR_KEY_REUSED, 0, l->source->name,
                             "an official of %s, and of %s", own->member, other);
    }
    return OK;
}

static enum err load_root_registrar(struct loading *l, struct span lsd1)
{
    uint8_t hash[HASH_LEN];
    static const char which[] = "registrar document";
    enum err err = anchor_verify_document(l->anchor, lsd1, l->verifier, l->document, hash);
    if (err == ERR_TWO_OFFICIALS)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->source->name, "%s: %u of %u root signatures",
                         which, document_key_count(l->document), l->anchor->threshold);
    if (err != OK)
        return refuse_document(l, which, err);
    struct registry_registrar *own = &l->registry->registrars[0];
    if ((err = registrar_read(own, l->document, l->source->name, l->fault)) != OK)
        return err;
    own->depth = 1;
    return check_officials(l, 0);
}

static enum err load_delegate(struct loading *l, size_t number, struct span lsd1)
{
    uint8_t hash[HASH_LEN];
    const struct registry_registrar *issuer;
    struct registry_registrar *own = &l->registry->registrars[number];
    const char *name = l->source->name;

    enum err err = find_issuer(l, lsd1, number, &issuer);
    if (err != OK)
        return err;
    err = registrar_verify_document(issuer, l->anchor->realm, lsd1, l->verifier, l->document, hash);
    if (err != OK)
        return refuse_document(l, "registrar document", err);
    if ((err = registrar_read(own, l->document, name, l->fault)) != OK)
        return err;
    own->depth = issuer->depth + 1;
    if (own->depth > REGISTRAR_CHAIN_MAX)
        return fault_set(l->fault, ERR_CHAIN, 0, name, "%s is %u registrars below the root",
                         own->member, own->depth);
    for (size_t i = 0; i < number; i++) {
        if (strcmp(l->registry->registrars[i].member, own->member) == 0)
            return fault_set(l->fault, ERR_REGISTRY, 0, name, "%s is there twice", own->member);
    }
    err = registrar_within(own, issuer, name, l->fault);
    return err == OK ? check_officials(l, number) : err;
}

static enum err verify_version(struct loading *l, size_t number, struct span lsd1,
                               lianshu_RegistryVersion *v)
{
    uint8_t hash[HASH_LEN];
    static const char which[] = "registry document";
    const struct registry_registrar *own = &l->registry->registrars[number];
    lianshu_Document *d = l->document;
    enum err err =
        number == l->first && l->source->draft
            ? registrar_verify_draft(own, l->anchor->realm, lsd1, l->verifier, d, hash,
                                     l->source->draft)
            : registrar_verify_document(own, l->anchor->realm, lsd1, l->verifier, d, hash);
    if (err == ERR_TWO_OFFICIALS)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->source->name,
                         "%s: %u of %u signatures of %s", which, document_key_count(d),
                         own->threshold, own->member);
    if (err != OK)
        return refuse_document(l, which, err);
    if (d->type != lianshu_DocumentType_TYPE_REGISTRY)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->source->name, "%s has another type", which);
    err = wire_decode(&lianshu_RegistryVersion_msg, span_of(d->body.bytes, d->body.size), v);
    return err == OK ? OK : refuse_document(l, which, err);
}

/* Version and times of the whole: those of its first registrar. */
static enum err take_head(struct loading *l, uint64_t min_version)
{
    struct registry *r = l->registry;
    const struct registry_registrar *own = &r->registrars[l->first];
    const lianshu_RegistryVersion *v = l->head;
    if (v->version < min_version)
        return fault_set(l->fault, ERR_REGISTRY_ROLLBACK, 0, l->source->name,
                         "version %llu, seen before: %llu", (unsigned long long)v->version,
                         (unsigned long long)min_version);
    r->version = v->version;
    r->least_suite = v->least_suite;
    l->head_issued_ms = l->document->issued_ms;
    r->valid_from_ms = l->head_issued_ms; /* not before its registrar's: it was verified */
    r->valid_until_ms =
        v->valid_until_ms < own->valid_until_ms ? v->valid_until_ms : own->valid_until_ms;
    return OK;
}

/* What a delegate vouches for is in the head, as it is here, and lasts as long. */
static enum err check_part(const struct loading *l, size_t number, struct span lsd1)
{
    const struct registry *r = l->registry;
    const struct registry_registrar *own = &r->registrars[number];
    uint8_t hash[HASH_LEN];
    hash_bytes(hash, lsd1);
    if (memcmp(l->head->parts[number - 1], hash, HASH_LEN) != 0)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->source->name,
                         "the part of %s is not the one that was signed", own->member);
    if (l->version->parts_count > 0 || l->version->least_suite != 0 ||
        l->document->issued_ms > l->head_issued_ms)
        return fault_set(l->fault, ERR_REGISTRY, 0, l->source->name,
                         "the part of %s: parts, suite or time", own->member);
    if (l->version->valid_until_ms < r->valid_until_ms || own->valid_until_ms < r->valid_until_ms)
        return fault_set(l->fault, ERR_DELEGATION, 0, l->source->name,
                         "the registry's time is longer than that of %s", own->member);
    return OK;
}

static enum err load_registrar(struct loading *l, size_t at, const struct frame_registrar *frame)
{
    const size_t number = l->first + at;
    lianshu_RegistryVersion *v = at == 0 ? l->head : l->version;
    struct vouching *vouching = &l->vouching[at];

    enum err err = number == 0 ? load_root_registrar(l, frame->document)
                               : load_delegate(l, number, frame->document);
    if (err == OK)
        err = verify_version(l, number, frame->version, v);
    if (err == OK)
        err =
            at == 0 ? take_head(l, l->source->min_version) : check_part(l, number, frame->version);
    if (err != OK)
        return err;
    struct registry_registrar *own = &l->registry->registrars[number];
    own->version = v->version;
    own->version_until_ms = v->valid_until_ms;
    own->member_count = v->member_count;
    own->revocations = v->revocations;
    memcpy(vouching->root, v->root, HASH_LEN);
    vouching->count = v->member_count;
    frontier_init(&vouching->f);
    return OK;
}

/* Whose part this is. */
static enum err peek_member(struct loading *l, struct frame_registry frame,
                            char out[static MEMBER_MAX + 1])
{
    struct frame_registrar first;
    struct frame_document document;
    lianshu_Registrar body;
    const bool there = frame_registry_registrar(&frame, &first);
    assert(there); /* load_with has read the whole frame */
    enum err err = frame_parse_document(first.document, &document);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, document.document, l->document);
    if (err == OK)
        err = wire_decode(&lianshu_Registrar_msg,
                          span_of(l->document->body.bytes, l->document->body.size), &body);
    if (err == OK)
        memcpy(out, body.member, sizeof body.member);
    return err == OK ? OK : refuse_document(l, "registrar document", err);
}

/* Those of the registry that the file is a part for stand before the file's own. */
static enum err take_registrars(struct loading *l, unsigned count, const char *member)
{
    struct registry *r = l->registry;
    const struct registry *above = l->source->above;
    const size_t room = count + (above == NULL ? 0 : above->registrar_count);
    r->registrars = calloc(room, sizeof r->registrars[0]);
    l->vouching = calloc(count, sizeof l->vouching[0]);
    if (r->registrars == NULL || l->vouching == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; above != NULL && i < above->registrar_count; i++) {
        /* One that is there already is read anew. */
        if (strcmp(above->registrars[i].member, member) != 0)
            r->registrars[l->first++] = above->registrars[i];
    }
    r->registrar_count = l->first + count;
    return OK;
}

enum err loading_registrar(struct loading *l, const struct frame_registrar *first)
{
    enum err err = take_registrars(l, 1, "");
    return err == OK ? load_registrar(l, 0, first) : err;
}

enum err loading_registrars(struct loading *l, struct frame_registry frame)
{
    char member[MEMBER_MAX + 1] = "";
    struct frame_registrar one;
    enum err err = l->source->above == NULL ? OK : peek_member(l, frame, member);
    if (err == OK)
        err = take_registrars(l, frame.registrar_count, member);
    for (size_t at = 0; err == OK && frame_registry_registrar(&frame, &one); at++) {
        err = load_registrar(l, at, &one);
        /* Before anything of another registrar is read: are they as many as were signed? */
        if (err == OK && at == 0 && l->head->parts_count != frame.registrar_count - 1)
            err = fault_set(l->fault, ERR_REGISTRY, 0, l->source->name,
                            "%u parts of other registrars, %u were signed",
                            frame.registrar_count - 1, (unsigned)l->head->parts_count);
    }
    return err;
}
