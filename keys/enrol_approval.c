#include "keys/enrol.h"
#include "keys/enrol_parts.h"

#include "base/clock.h"
#include "base/text.h"
#include "check.h"
#include "wire.h"

#include <stdlib.h>

/* The body that these officials put their names to. */
static void body_of(const struct enrol_request *request, lianshu_EnrolmentApproval *body)
{
    const lianshu_Enrolment *asked = &request->body;
    *body = (lianshu_EnrolmentApproval){.keys_count = asked->keys_count};
    text_copy(body->member, sizeof body->member, asked->member);
    text_copy(body->adapter, sizeof body->adapter, asked->adapter);
    text_copy(body->use, sizeof body->use, asked->use);
    memcpy(body->invitation, asked->invitation, FRAME_ID_LEN);
    memcpy(body->request, request->hash, HASH_LEN);
    for (pb_size_t i = 0; i < asked->keys_count; i++)
        body->keys[i] = asked->keys[i].key;
}

static enum err check_officials(const struct enrol_approving *a, struct fault *fault)
{
    struct member member;
    for (size_t i = 0; i < ENROL_OFFICIALS; i++) {
        if (a->keys[i] != NULL && key_use(a->keys[i]) != KEY_USE_REGISTRAR)
            return fault_set(fault, ERR_KEY_USE, 0, "", "no key of an official of the registrar");
    }
    if (a->keys[0] == NULL)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, "", "nobody signs");
    if (member_parse(a->registrar, &member) != OK || member.department != DEPARTMENT_REGISTRAR)
        return fault_set(fault, ERR_KEY_USE, 0, "", "the key belongs to no registrar.<region>");
    const uint8_t *second = a->keys[1] != NULL ? key_kid(a->keys[1]) : a->second_kid;
    if (memcmp(key_kid(a->keys[0]), second, KID_LEN) == 0)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, "", "the same key twice");
    return OK;
}

static enum err make_approval(const struct enrol_approving *a, lianshu_Document *d, uint8_t *bytes,
                              struct writer *w)
{
    lianshu_EnrolmentApproval body;
    struct writer d_w = writer_of(bytes, ENROL_FRAME_MAX);
    uint8_t hash[HASH_LEN];

    d->type = lianshu_DocumentType_TYPE_ENROLMENT_APPROVAL;
    document_prepare(d, a->realm, a->registrar, a->keys[0], a->now_ms, a->entropy);
    d->valid_until_ms = a->now_ms + ENROL_APPROVAL_DAYS * (uint64_t)DAY_MS;
    d->issuers[1] = d->issuers[0];
    memcpy(d->issuers[1].kid, a->keys[1] != NULL ? key_kid(a->keys[1]) : a->second_kid, KID_LEN);
    d->issuers_count = ENROL_OFFICIALS;
    body_of(a->request, &body);
    struct writer body_w = writer_of(d->body.bytes, sizeof d->body.bytes);
    enum err err = wire_encode(&lianshu_EnrolmentApproval_msg, &body, &body_w);
    d->body.size = (pb_size_t)body_w.len;
    if (err == OK)
        err = document_encode(d, &d_w, hash);
    return err == OK ? document_sign(writer_span(&d_w), a->keys, a->keys[1] != NULL ? 2 : 1, w)
                     : err;
}

enum err enrol_approval_make(const struct enrol_approving *a, struct writer *w, struct fault *fault)
{
    enum err err = check_officials(a, fault);
    if (err != OK)
        return err;
    lianshu_Document *d = calloc(1, sizeof *d);
    uint8_t *bytes = malloc(ENROL_FRAME_MAX);
    err = d == NULL || bytes == NULL ? ERR_NO_MEMORY : make_approval(a, d, bytes, w);
    free(bytes);
    free(d);
    return err;
}

/* ---- the second official ---- */

/* An approval as it came, of which only the form is known. */
struct half {
    struct frame_document frame;
    lianshu_Document *document;
    lianshu_EnrolmentApproval body;
};

static enum err read_half(struct half *h, struct span lsd1, struct fault *fault)
{
    enum err err = lsd1.len > ENROL_FRAME_MAX ? ERR_TOO_LARGE : OK;
    if (err == OK)
        err = frame_parse_document(lsd1, &h->frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, h->frame.document, h->document);
    if (err == OK)
        err = document_check(h->document);
    if (err == OK && h->document->type != lianshu_DocumentType_TYPE_ENROLMENT_APPROVAL)
        err = ERR_TYPE_UNKNOWN;
    if (err == OK)
        err = wire_decode(&lianshu_EnrolmentApproval_msg,
                          span_of(h->document->body.bytes, h->document->body.size), &h->body);
    if (err == OK && (h->document->issuers_count != ENROL_OFFICIALS ||
                      strcmp(h->document->issuers[0].member, h->document->issuers[1].member) != 0))
        err = ERR_TWO_OFFICIALS;
    return err == OK ? OK : fault_set(fault, err, 0, "", "no approval of an enrolment");
}

static enum err add_signature(struct half *h, const struct enrol_approving *a, struct writer *w,
                              struct fault *fault)
{
    uint8_t bytes[ENROL_FRAME_MAX];
    struct writer alone = writer_of(bytes, sizeof bytes);
    struct frame_document signed_alone;
    lianshu_EnrolmentApproval expected;
    const uint8_t *kid = key_kid(a->keys[0]);

    body_of(a->request, &expected);
    if (strcmp(h->document->realm, a->realm) != 0)
        return fault_set(fault, ERR_REALM, 0, "", "the approval is for another realm");
    if (memcmp(h->body.request, expected.request, HASH_LEN) != 0 ||
        memcmp(h->body.invitation, expected.invitation, FRAME_ID_LEN) != 0)
        return fault_set(fault, ERR_CONFLICT, 0, "", "the approval is of another request");
    uint8_t said[sizeof expected];
    struct writer said_w = writer_of(said, sizeof said);
    enum err err = wire_encode(&lianshu_EnrolmentApproval_msg, &expected, &said_w);
    if (err != OK)
        return err;
    if (!span_eq(writer_span(&said_w), span_of(h->document->body.bytes, h->document->body.size)))
        return fault_set(fault, ERR_CONFLICT, 0, "", "the approval says other than the request");
    if (strcmp(h->document->issuers[1].member, a->registrar) != 0 ||
        memcmp(h->document->issuers[1].kid, kid, KID_LEN) != 0)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, "", "it names another second official");
    if (h->frame.count != 1)
        return fault_set(fault, ERR_EXISTS, 0, "", "both officials have signed it");
    err = document_sign(h->frame.document, a->keys, 1, &alone);
    if (err == OK)
        err = frame_parse_document(writer_span(&alone), &signed_alone);
    if (err != OK)
        return err;
    const struct span both[] = {h->frame.signatures[0], signed_alone.signatures[0]};
    return document_write(h->frame.document, both, ENROL_OFFICIALS, w);
}

enum err enrol_approval_sign(struct span lsd1, const struct enrol_approving *a, struct writer *w,
                             struct fault *fault)
{
    struct half h = {.document = calloc(1, sizeof *h.document)};
    if (h.document == NULL)
        return ERR_NO_MEMORY;
    enum err err = ERR_KEY_USE;
    if (a->keys[0] == NULL || key_use(a->keys[0]) != KEY_USE_REGISTRAR)
        err = fault_set(fault, err, 0, "", "no key of an official of the registrar");
    else
        err = read_half(&h, lsd1, fault);
    if (err == OK)
        err = add_signature(&h, a, w, fault);
    free(h.document);
    return err;
}

/* ---- whoever makes the registry ---- */

static enum err find_official(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                              uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const struct enrol_officials *officials = ctx;
    struct member parsed;
    if (member_parse(member, &parsed) != OK || parsed.department != DEPARTMENT_REGISTRAR)
        return ERR_KEY_NOT_SENDERS;
    for (size_t i = 0; i < officials->count; i++) {
        uint8_t own[KID_LEN];
        kid_of(own, ALG_ED25519, officials->public_key[i]);
        if (memcmp(own, kid, KID_LEN) != 0)
            continue;
        memcpy(public_key, officials->public_key[i], KEY_PUBLIC_LEN);
        return OK;
    }
    return ERR_KID_UNKNOWN;
}

static enum err check_approved(const struct half *h, uint64_t now_ms, struct fault *fault)
{
    const lianshu_EnrolmentApproval *body = &h->body;
    if (!member_valid(body->member) || body->keys_count == 0 || !enrol_use_known(body->use))
        return fault_set(fault, ERR_HEADER, 0, "", "member, use and keys");
    if (now_ms >= h->document->valid_until_ms)
        return fault_set(fault, ERR_EXPIRED, 0, "", "the approval is older than %d days",
                         ENROL_APPROVAL_DAYS);
    for (pb_size_t i = 0; i < body->keys_count; i++) {
        enum err err = enrol_key_check(&body->keys[i], now_ms, fault);
        for (pb_size_t k = 0; err == OK && k < i; k++)
            err = enrol_keys_differ(&body->keys[k], &body->keys[i], fault);
        if (err != OK)
            return err;
    }
    return OK;
}

enum err enrol_approval_open(struct span lsd1, const char *realm,
                             const struct enrol_officials *officials, uint64_t now_ms,
                             lianshu_EnrolmentApproval *out, struct fault *fault)
{
    const struct document_signers signers = {find_official, (void *)officials};
    struct half h = {.document = calloc(1, sizeof *h.document)};
    struct verifier *verifier = NULL;
    uint8_t hash[HASH_LEN];

    if (h.document == NULL)
        return ERR_NO_MEMORY;
    enum err err = read_half(&h, lsd1, fault);
    if (err == OK && h.frame.count != ENROL_OFFICIALS)
        err = fault_set(fault, ERR_TWO_OFFICIALS, 0, "", "the second official has not signed it");
    if (err == OK)
        err = verifier_open(&verifier, VERIFIER_NODES_MIN);
    if (err == OK) {
        err = document_verify(lsd1, realm, &signers, verifier, h.document, hash);
        err = err == OK ? check_approved(&h, now_ms, fault)
                        : fault_set(fault, err, 0, "", "signatures of the approval");
    }
    if (err == OK)
        *out = h.body;
    verifier_close(&verifier);
    free(h.document);
    return err;
}
