#include "keys/certificate.h"

#include "frame_take.h"
#include "keys/registry_proof.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FUTURE_MS = 300 * 1000, VERIFIER_NODES = VERIFIER_NODES_MIN };

static const char MAGIC[] = "LSQ1";

/* ---- writing ---- */

enum err certificate_write(const struct registry *registry, struct span lsd1, struct writer *w)
{
    struct frame_document frame;
    enum err err = frame_parse_document(lsd1, &frame);
    lianshu_Document *d = calloc(1, sizeof *d);

    if (err == OK && d == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, d);
    if (err == OK && d->issuers_count != 1)
        err = ERR_MEMBER_UNKNOWN;
    if (err == OK) {
        write_bytes(w, MAGIC, FRAME_MAGIC_LEN);
        frame_write_sized(w, 4, lsd1);
        err = registry_prove(registry, d->issuers[0].member, w);
    }
    free(d);
    return err;
}

/* ---- verifying ---- */

/* The proof is what is left. */
static enum err parse(struct span *file, struct span *lsd1)
{
    struct span magic;
    if (!span_take(file, FRAME_MAGIC_LEN, &magic) || memcmp(magic.data, MAGIC, 3) != 0)
        return ERR_FRAME_EMPTY;
    if (magic.data[3] != (uint8_t)MAGIC[3])
        return ERR_FRAME_VERSION;
    return frame_take_sized(file, 4, 1, FRAME_DOCUMENT_FRAME_MAX, lsd1) ? OK : ERR_FRAME_LENGTH;
}

/* Keys of the one record that was proven, for the moment of signing. */
struct signer {
    const lianshu_MemberRecord *record;
    uint64_t at_ms;
};

static enum err find_signer(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                            uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const struct signer *s = ctx;
    uint8_t own[KID_LEN];
    if (strcmp(member, s->record->member) != 0)
        return ERR_KEY_NOT_SENDERS;
    for (pb_size_t i = 0; i < s->record->keys_count; i++) {
        const lianshu_MemberKey *key = &s->record->keys[i];
        kid_of(own, ALG_ED25519, key->public_key);
        if (key->use != lianshu_KeyUse_KEY_SIGN || memcmp(own, kid, KID_LEN) != 0)
            continue;
        memcpy(public_key, key->public_key, KEY_PUBLIC_LEN);
        if (s->at_ms < key->valid_from_ms)
            return ERR_KEY_NOT_YET;
        if (key->revoked_ms != 0 && s->at_ms >= key->revoked_ms)
            return ERR_REVOKED;
        return s->at_ms < key->valid_until_ms ? OK : ERR_KEY_EXPIRED;
    }
    return ERR_KID_UNKNOWN;
}

static enum err check_document(struct span lsd1, const char *realm,
                               const lianshu_MemberRecord *record, struct certificate *out)
{
    struct frame_document frame;
    struct verifier *verifier = NULL;
    enum err err = frame_parse_document(lsd1, &frame);
    /* Its own word on when it was signed chooses the key, which then has to have signed it. */
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, &out->document);
    if (err != OK)
        return err;
    struct signer signer = {record, out->document.issued_ms};
    const struct document_signers signers = {find_signer, &signer};
    err = verifier_open(&verifier, VERIFIER_NODES);
    if (err == OK)
        err = document_verify(lsd1, realm, &signers, verifier, &out->document, out->hash);
    verifier_close(&verifier);
    if (err != OK)
        return err;
    const lianshu_Document *d = &out->document;
    if (d->type != lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE)
        return ERR_TYPE_UNKNOWN;
    if (!member_is_hub(record->member)) /* nobody else has signed, and no member signs twice */
        return ERR_NO_RIGHT;
    const struct span body = span_of(d->body.bytes, d->body.size);
    if (wire_decode(&lianshu_CreditCertificate_msg, body, &out->body) != OK)
        return ERR_POISON;
    snprintf(out->issuer, sizeof out->issuer, "%s", record->member);
    /* What it says must be one statement: clean exactly when it lists nothing. */
    const bool lists = out->body.restrictions_count > 0 || out->body.more;
    return out->body.clean != lists && out->body.has_subject ? OK : ERR_POISON;
}

static enum err check_times(const struct certificate *c, uint64_t now_ms)
{
    const lianshu_Document *d = &c->document;
    if (d->issued_ms > now_ms + FUTURE_MS || c->body.at_ms > d->issued_ms)
        return ERR_FUTURE;
    return d->valid_until_ms == 0 || now_ms >= d->valid_until_ms ? ERR_EXPIRED : OK;
}

enum err certificate_verify(struct span file, const struct anchor *anchor, uint64_t now_ms,
                            struct certificate *out, struct fault *fault)
{
    static const char name[] = "certificate";
    struct span lsd1;
    struct registry_proof *proof = malloc(sizeof *proof);

    enum err err = proof == NULL ? ERR_NO_MEMORY : parse(&file, &lsd1);
    if (err != OK) {
        free(proof);
        return fault_set(fault, err, 0, name, "file");
    }
    err = registry_proof_open(file, anchor, proof, fault);
    if (err == OK) {
        out->registry_version = proof->version;
        err = check_document(lsd1, anchor->realm, &proof->record, out);
        if (err == OK && out->document.issued_ms >= proof->valid_until_ms)
            err = ERR_REGISTRY_STALE;
        if (err == OK)
            err = check_times(out, now_ms);
        if (err != OK)
            (void)fault_set(fault, err, 0, name, "document");
    }
    free(proof);
    return err;
}
