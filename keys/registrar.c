#include "keys/registrar.h"

#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err find_official(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                              uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const struct registry_registrar *registrar = ctx;
    if (strcmp(member, registrar->member) != 0)
        return ERR_KEY_NOT_SENDERS;
    for (unsigned i = 0; i < registrar->key_count; i++) {
        if (memcmp(registrar->kid[i], kid, KID_LEN) == 0) {
            memcpy(public_key, registrar->public_key[i], KEY_PUBLIC_LEN);
            return OK;
        }
    }
    return ERR_KID_UNKNOWN;
}

static struct document_signers signers_of(const struct registry_registrar *registrar)
{
    return (struct document_signers){find_official, (void *)(uintptr_t)registrar};
}

bool registrar_has(const struct registry_registrar *registrar, const uint8_t kid[static KID_LEN])
{
    for (unsigned i = 0; i < registrar->key_count; i++) {
        if (memcmp(registrar->kid[i], kid, KID_LEN) == 0)
            return true;
    }
    return false;
}

bool registrar_grants(const struct registry_registrar *registrar,
                      const uint8_t types[static GRANT_TYPES_LEN])
{
    for (size_t i = 0; i < GRANT_TYPES_LEN; i++) {
        if ((types[i] & ~registrar->types[i]) != 0)
            return false;
    }
    return true;
}

static enum err read_keys(struct registry_registrar *out, const lianshu_Registrar *body,
                          const char *name, struct fault *fault)
{
    if (body->public_keys_count == 0 || body->threshold == 0 ||
        body->threshold > body->public_keys_count)
        return fault_set(fault, ERR_REGISTRY, 0, name, "%s: %u of %u officials", body->member,
                         (unsigned)body->threshold, (unsigned)body->public_keys_count);
    out->threshold = body->threshold;
    for (pb_size_t i = 0; i < body->public_keys_count; i++) {
        enum err err = key_check_public(KEY_USE_REGISTRAR, body->public_keys[i]);
        if (err != OK)
            return fault_set(fault, err, 0, name, "%s, official %u", body->member, i + 1u);
        memcpy(out->public_key[i], body->public_keys[i], KEY_PUBLIC_LEN);
        kid_of(out->kid[i], ALG_ED25519, out->public_key[i]);
        if (registrar_has(out, out->kid[i]))
            return fault_set(fault, ERR_KEY_REUSED, 0, name, "%s: one key for two officials",
                             body->member);
        out->key_count = i + 1u;
    }
    return OK;
}

/* Bits of types that the catalogue lacks are for later versions of it, and grant nothing. */
static bool read_types(struct registry_registrar *out, const lianshu_Registrar *body)
{
    if (body->types.size == 0) {
        memset(out->types, 0xff, sizeof out->types);
        return true;
    }
    if (body->types.size != sizeof out->types)
        return false;
    memcpy(out->types, body->types.bytes, sizeof out->types);
    return true;
}

enum err registrar_read(struct registry_registrar *out, const lianshu_Document *document,
                        const char *name, struct fault *fault)
{
    static const char root[] = "root";
    struct member member;
    lianshu_Registrar body;

    *out = (struct registry_registrar){.threshold = 0};
    if (document->type != lianshu_DocumentType_TYPE_REGISTRAR)
        return fault_set(fault, ERR_REGISTRY, 0, name, "registrar document has another type");
    enum err err = wire_decode(&lianshu_Registrar_msg,
                               span_of(document->body.bytes, document->body.size), &body);
    if (err != OK)
        return fault_set(fault, ERR_REGISTRY, 0, name, "registrar document: %s", err_en(err));
    if (member_parse(body.member, &member) != OK || member.department != DEPARTMENT_REGISTRAR ||
        !region_valid(body.region) || strcmp(body.region, member.region) != 0 ||
        body.valid_from_ms >= body.valid_until_ms || !read_types(out, &body))
        return fault_set(fault, ERR_REGISTRY, 0, name,
                         "registrar document: member, region, types or times");
    memcpy(out->member, body.member, sizeof out->member);
    memcpy(out->region, body.region, sizeof out->region);
    out->valid_from_ms = body.valid_from_ms;
    out->valid_until_ms = body.valid_until_ms;
    out->number = body.number;
    if (strncmp(document->issuers[0].member, root, sizeof root - 1) != 0)
        memcpy(out->issuer, document->issuers[0].member, sizeof out->issuer);
    return read_keys(out, &body, name, fault);
}

enum err registrar_within(const struct registry_registrar *inner,
                          const struct registry_registrar *outer, const char *name,
                          struct fault *fault)
{
    const char *wider = NULL;
    if (!region_contains(outer->region, inner->region))
        wider = "region";
    else if (!registrar_grants(outer, inner->types))
        wider = "types";
    else if (inner->valid_from_ms < outer->valid_from_ms ||
             inner->valid_until_ms > outer->valid_until_ms)
        wider = "time";
    return wider == NULL
               ? OK
               : fault_set(fault, ERR_DELEGATION, 0, name, "%s: its %s is wider than %s's",
                           inner->member, wider, outer->member);
}

static enum err judge(const struct registry_registrar *registrar, const lianshu_Document *d)
{
    if (d->issued_ms < registrar->valid_from_ms)
        return ERR_KEY_NOT_YET;
    if (d->issued_ms >= registrar->valid_until_ms)
        return ERR_KEY_EXPIRED;
    return document_key_count(d) >= registrar->threshold ? OK : ERR_TWO_OFFICIALS;
}

enum err registrar_verify_document(const struct registry_registrar *registrar, const char *realm,
                                   struct span lsd1, struct verifier *verifier,
                                   lianshu_Document *out, uint8_t hash[static HASH_LEN])
{
    const struct document_signers signers = signers_of(registrar);
    enum err err = document_verify(lsd1, realm, &signers, verifier, out, hash);
    if (err == OK)
        err = judge(registrar, out);
    return err;
}

enum err registrar_verify_draft(const struct registry_registrar *registrar, const char *realm,
                                struct span lsd1, struct verifier *verifier, lianshu_Document *out,
                                uint8_t hash[static HASH_LEN], uint32_t *signed_by)
{
    const struct document_signers signers = signers_of(registrar);
    enum err err = document_verify_draft(lsd1, realm, &signers, verifier, out, hash, signed_by);
    if (err == OK)
        err = judge(registrar, out);
    return err;
}

/* ---- making ---- */

/* A root that is in both anchors is named by its place in the older one. */
static enum err name_issuer(const struct office_signers *signers,
                            const uint8_t public_key[static KEY_PUBLIC_LEN], lianshu_Issuer *issuer)
{
    kid_of(issuer->kid, ALG_ED25519, public_key);
    if (signers->member != NULL) {
        snprintf(issuer->member, sizeof issuer->member, "%s", signers->member);
        return OK;
    }
    unsigned place = anchor_place(signers->anchor, public_key);
    if (place == 0 && signers->next != NULL)
        place = anchor_place(signers->next, public_key);
    if (place == 0)
        return ERR_KEY_NOT_SENDERS;
    anchor_member(place, issuer->member);
    return OK;
}

static enum err name_issuers(const struct office_signers *signers, lianshu_Document *d)
{
    if (signers->key_count == 0 || signers->key_count + signers->later_count > FRAME_ISSUERS_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < signers->key_count + signers->later_count; i++) {
        const uint8_t *public_key = i < signers->key_count ? key_public(signers->keys[i])
                                                           : signers->later[i - signers->key_count];
        lianshu_Issuer *issuer = &d->issuers[i];
        enum err err = name_issuer(signers, public_key, issuer);
        if (err != OK)
            return err;
        for (size_t j = 0; j < i; j++) {
            if (memcmp(d->issuers[j].kid, issuer->kid, KID_LEN) == 0)
                return ERR_KEY_REUSED;
        }
        d->issuers_count = (pb_size_t)(i + 1);
    }
    return OK;
}

static enum err fill(lianshu_Document *d, const struct office_paper *paper)
{
    snprintf(d->realm, sizeof d->realm, "%s", paper->realm);
    entropy_fill(paper->entropy, d->salt, sizeof d->salt);
    entropy_id(paper->entropy, paper->now_ms, d->id);
    d->type = paper->type;
    d->version = 1;
    d->issued_ms = paper->now_ms;
    d->valid_until_ms = paper->valid_until_ms;
    struct writer w = writer_of(d->body.bytes, sizeof d->body.bytes);
    enum err err = wire_encode(paper->desc, paper->body, &w);
    d->body.size = (pb_size_t)w.len;
    return err;
}

enum err office_document(const struct office_paper *paper, const struct office_signers *signers,
                         struct writer *w)
{
    uint8_t hash[HASH_LEN];
    lianshu_Document *d = calloc(1, sizeof *d);
    struct writer d_w = writer_of(malloc(FRAME_DOCUMENT_MAX), FRAME_DOCUMENT_MAX);
    enum err err = d == NULL || d_w.data == NULL ? ERR_NO_MEMORY : name_issuers(signers, d);
    if (err == OK)
        err = fill(d, paper);
    if (err == OK)
        err = document_encode(d, &d_w, hash);
    if (err == OK)
        err = document_sign(writer_span(&d_w), signers->keys, signers->key_count, w);
    free(d_w.data);
    free(d);
    return err;
}

enum err registrar_appoint(const struct registrar_make *make, const struct office_signers *signers,
                           struct writer *w)
{
    lianshu_Registrar r = lianshu_Registrar_init_zero;
    const size_t count = make->key_count + make->more_count;
    if (count > REGISTRAR_KEYS_MAX)
        return ERR_TOO_LARGE;
    snprintf(r.member, sizeof r.member, "%s", make->member);
    snprintf(r.region, sizeof r.region, "%s", make->region);
    for (size_t i = 0; i < count; i++)
        memcpy(r.public_keys[i],
               i < make->key_count ? key_public(make->keys[i]) : make->more[i - make->key_count],
               KEY_PUBLIC_LEN);
    r.public_keys_count = (pb_size_t)count;
    r.threshold = make->threshold != 0 ? make->threshold : (uint32_t)count;
    r.valid_from_ms = make->valid_from_ms != 0 ? make->valid_from_ms : make->now_ms;
    r.valid_until_ms = make->valid_until_ms;
    r.number = make->number;
    if (make->types != NULL) {
        memcpy(r.types.bytes, make->types, GRANT_TYPES_LEN);
        r.types.size = GRANT_TYPES_LEN;
    }
    const struct office_paper paper = {
        .realm = make->realm,
        .type = lianshu_DocumentType_TYPE_REGISTRAR,
        .desc = &lianshu_Registrar_msg,
        .body = &r,
        .now_ms = make->now_ms,
        .valid_until_ms = make->valid_until_ms,
        .entropy = make->entropy,
    };
    return office_document(&paper, signers, w);
}
