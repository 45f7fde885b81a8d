#include "keys/root.h"

#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERIFIER_NODES = VERIFIER_NODES_MIN };

static const char NAME[] = "root document";

static unsigned number_of(const struct anchor *anchor)
{
    return anchor->number == 0 ? 1 : anchor->number;
}

/* Keys of the roots before and of those after. */
struct both {
    const struct anchor *from;
    const struct anchor *to;
};

static enum err find_either(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                            uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const struct both *both = ctx;
    const struct document_signers before = anchor_signers(both->from);
    const struct document_signers after = anchor_signers(both->to);
    enum err err = before.find(before.ctx, member, kid, public_key);
    return err == OK ? OK : after.find(after.ctx, member, kid, public_key);
}

/* How many different roots of this anchor issue it. */
static unsigned count_roots(const struct anchor *anchor, const lianshu_Document *d)
{
    unsigned count = 0;
    for (unsigned i = 0; i < anchor->root_count; i++) {
        uint8_t kid[KID_LEN];
        bool named = false;
        kid_of(kid, ALG_ED25519, anchor->root[i]);
        for (pb_size_t k = 0; k < d->issuers_count; k++)
            named |= memcmp(d->issuers[k].kid, kid, KID_LEN) == 0;
        count += named;
    }
    return count;
}

static enum err refuse(struct fault *fault, const char *why, enum err reason)
{
    char label[ERR_LABEL_LEN + 1];
    err_label(reason, label);
    return fault_set(fault, ERR_ROOT_ROTATION, 0, NAME, "%s: %s %s", why, label, err_en(reason));
}

static enum err read_body(const struct anchor *from, const lianshu_Root *body, struct anchor *out,
                          struct fault *fault)
{
    struct anchor to = {.number = body->number, .threshold = body->threshold};
    memcpy(to.realm, from->realm, sizeof to.realm);
    if (body->number != number_of(from) + 1)
        return fault_set(fault, ERR_ROOT_ROTATION, 0, NAME, "number %u does not follow %u",
                         (unsigned)body->number, number_of(from));
    if (body->public_keys_count == 0 || body->threshold == 0 ||
        body->threshold > body->public_keys_count || body->valid_from_ms >= body->valid_until_ms)
        return fault_set(fault, ERR_ROOT_ROTATION, 0, NAME, "%u of %u roots, or its times",
                         (unsigned)body->threshold, (unsigned)body->public_keys_count);
    for (pb_size_t i = 0; i < body->public_keys_count; i++) {
        enum err err = key_check_public(KEY_USE_ROOT, body->public_keys[i]);
        if (err == OK && anchor_place(&to, body->public_keys[i]) != 0)
            err = ERR_KEY_REUSED;
        if (err != OK)
            return fault_set(fault, err, 0, NAME, "root %u", i + 1u);
        memcpy(to.root[i], body->public_keys[i], KEY_PUBLIC_LEN);
        to.root_count = i + 1u;
    }
    *out = to;
    return OK;
}

/* The new roots are what the document says: it is believed only when it verifies. */
static enum err read_rotation(const struct anchor *from, struct span lsd1, lianshu_Document *d,
                              lianshu_Root *body, struct anchor *to, struct fault *fault)
{
    struct frame_document frame;
    enum err err = frame_parse_document(lsd1, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, d);
    if (err == OK && d->type != lianshu_DocumentType_TYPE_ROOT)
        err = ERR_TYPE_UNKNOWN;
    if (err == OK)
        err = wire_decode(&lianshu_Root_msg, span_of(d->body.bytes, d->body.size), body);
    return err == OK ? read_body(from, body, to, fault) : refuse(fault, "document", err);
}

static enum err check_counts(const struct anchor *from, const struct anchor *to,
                             const lianshu_Document *d, struct fault *fault)
{
    const unsigned old = count_roots(from, d);
    const unsigned new = count_roots(to, d);
    if (old < from->threshold || new < to->threshold)
        return fault_set(fault, ERR_ROOT_ROTATION, 0, NAME,
                         "signed by %u of %u old roots and %u of %u new ones", old, from->threshold,
                         new, to->threshold);
    return OK;
}

static enum err verify(const struct anchor *from, struct span lsd1, lianshu_Document *d,
                       lianshu_Root *body, struct anchor *to, uint32_t *signed_by,
                       struct fault *fault)
{
    uint8_t hash[HASH_LEN];
    struct verifier *verifier = NULL;
    struct both both = {from, to};
    const struct document_signers signers = {find_either, &both};
    enum err err = read_rotation(from, lsd1, d, body, to, fault);
    if (err == OK)
        err = verifier_open(&verifier, VERIFIER_NODES);
    if (err != OK)
        return err;
    err = signed_by == NULL
              ? document_verify(lsd1, from->realm, &signers, verifier, d, hash)
              : document_verify_draft(lsd1, from->realm, &signers, verifier, d, hash, signed_by);
    verifier_close(&verifier);
    return err == OK ? check_counts(from, to, d, fault) : refuse(fault, "signatures", err);
}

enum err root_accept(const struct anchor *from, struct span lsd1, uint64_t now_ms,
                     struct anchor *out, struct fault *fault)
{
    struct anchor to = {.number = 0};
    lianshu_Root body;
    lianshu_Document *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NO_MEMORY;
    enum err err = verify(from, lsd1, d, &body, &to, NULL, fault);
    free(d);
    if (err != OK)
        return err;
    if (now_ms < body.valid_from_ms || now_ms >= body.valid_until_ms)
        return fault_set(fault, now_ms < body.valid_from_ms ? ERR_KEY_NOT_YET : ERR_KEY_EXPIRED, 0,
                         NAME, "the time of the new roots");
    *out = to;
    return OK;
}

enum err root_draft(const struct anchor *from, struct span lsd1, struct anchor *out,
                    lianshu_Document *document, uint32_t *signed_by, struct fault *fault)
{
    struct anchor to = {.number = 0};
    lianshu_Root body;
    enum err err = verify(from, lsd1, document, &body, &to, signed_by, fault);
    if (err == OK)
        *out = to;
    return err;
}

enum err root_rotate(const struct root_make *make, struct writer *w, struct fault *fault)
{
    lianshu_Root body = lianshu_Root_init_zero;
    const size_t begin = w->len;
    struct anchor accepted;

    body.number = number_of(make->from) + 1;
    body.threshold = make->to->threshold;
    body.valid_from_ms = make->now_ms;
    body.valid_until_ms = make->valid_until_ms;
    body.public_keys_count = (pb_size_t)make->to->root_count;
    for (unsigned i = 0; i < make->to->root_count; i++)
        memcpy(body.public_keys[i], make->to->root[i], KEY_PUBLIC_LEN);
    const struct office_paper paper = {
        .realm = make->from->realm,
        .type = lianshu_DocumentType_TYPE_ROOT,
        .desc = &lianshu_Root_msg,
        .body = &body,
        .now_ms = make->now_ms,
        .valid_until_ms = make->valid_until_ms,
        .entropy = make->entropy,
    };
    const struct office_signers signers = {
        .anchor = make->from,
        .next = make->to,
        .keys = make->keys,
        .key_count = make->key_count,
        .later = make->later,
        .later_count = make->later_count,
    };
    enum err err = office_document(&paper, &signers, w);
    if (err != OK)
        return fault_set(fault, err, 0, NAME, "its signers");
    const struct span lsd1 = span_of(w->data + begin, w->len - begin);
    if (make->later_count == 0)
        return root_accept(make->from, lsd1, make->now_ms, &accepted, fault);
    uint32_t signed_by;
    lianshu_Document *d = calloc(1, sizeof *d);
    err = d == NULL ? ERR_NO_MEMORY : root_draft(make->from, lsd1, &accepted, d, &signed_by, fault);
    free(d);
    return err;
}
