#include "keys/document.h"

#include "keys/batch_statement.h"

#include "base/text.h"
#include "check.h"
#include "wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(lianshu_Document_size <= FRAME_DOCUMENT_MAX, "a document fits its frame");

void document_prepare(lianshu_Document *document, const char *realm, const char *member,
                      const struct key *key, uint64_t now_ms, const struct entropy *entropy)
{
    static const uint8_t no_id[FRAME_ID_LEN];
    text_copy(document->realm, sizeof document->realm, realm);
    entropy_fill(entropy, document->salt, sizeof document->salt);
    if (document->version == 0)
        document->version = 1;
    document->issuers_count = 1;
    text_copy(document->issuers[0].member, sizeof document->issuers[0].member, member);
    memcpy(document->issuers[0].kid, key_kid(key), KID_LEN);
    document->issued_ms = now_ms;
    if (memcmp(document->id, no_id, sizeof no_id) == 0)
        entropy_id(entropy, now_ms, document->id);
}

enum err document_encode(const lianshu_Document *document, struct writer *w,
                         uint8_t hash[static HASH_LEN])
{
    const size_t begin = w->len;
    enum err err = wire_encode(&lianshu_Document_msg, document, w);
    if (err != OK)
        return err;
    hash_bytes(hash, span_of(w->data + begin, w->len - begin));
    return OK;
}

void document_leaf(merkle_hash leaf, const uint8_t hash[static HASH_LEN])
{
    const struct span spans[] = {LABEL("document"), span_of(hash, HASH_LEN)};
    merkle_leaf_spans(leaf, spans, 2);
}

enum err document_write(struct span d, const struct span *signatures, size_t signature_count,
                        struct writer *w)
{
    struct frame_document frame = {.document = d, .count = (unsigned)signature_count};
    if (signature_count > FRAME_ISSUERS_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < signature_count; i++)
        frame.signatures[i] = signatures[i];
    frame_write_document(w, &frame);
    return w->full ? ERR_TOO_LARGE : OK;
}

/* S over one leaf; a batch of one has no path. */
static enum err sign_alone(const struct key *key, const merkle_hash leaf, struct writer *s)
{
    uint8_t statement[BATCH_STATEMENT_MAX];
    uint8_t signature[FRAME_SIG_LEN];
    struct writer w = writer_of(statement, sizeof statement);

    batch_statement(&w, key_kid(key), 1, leaf);
    enum err err = key_sign(key, writer_span(&w), signature);
    if (err != OK)
        return err;
    const struct frame_signature sig = {
        .alg = FRAME_ALG_ED25519, .kid = key_kid(key), .size = 1, .sig = signature};
    frame_write_signature(s, &sig);
    assert(!s->full); /* callers have room for any */
    return OK;
}

enum err document_sign(struct span d, const struct key *const *keys, size_t key_count,
                       struct writer *w)
{
    uint8_t s[FRAME_ISSUERS_MAX][BATCH_SIGNATURE_MAX];
    struct span signatures[FRAME_ISSUERS_MAX];
    uint8_t hash[HASH_LEN];
    merkle_hash leaf;

    if (key_count == 0 || key_count > FRAME_ISSUERS_MAX)
        return ERR_TOO_LARGE;
    hash_bytes(hash, d);
    document_leaf(leaf, hash);
    for (size_t i = 0; i < key_count; i++) {
        struct writer one = writer_of(s[i], sizeof s[i]);
        enum err err = sign_alone(keys[i], leaf, &one);
        if (err != OK)
            return err;
        signatures[i] = writer_span(&one);
    }
    return document_write(d, signatures, key_count, w);
}

/* LSD1 in place: D is encoded where it stays, its length is filled in afterwards. The bytes are
 * those of document_write, without a second buffer for D. */
enum err document_make(const lianshu_Document *document, const struct key *key, struct writer *w,
                       uint8_t hash[static HASH_LEN])
{
    const size_t begin = w->len;
    uint8_t s[BATCH_SIGNATURE_MAX];
    struct writer s_w = writer_of(s, sizeof s);
    merkle_hash leaf;

    write_bytes(w, "LSD1", FRAME_MAGIC_LEN);
    write_uint(w, 0, 4);
    enum err err = document_encode(document, w, hash);
    if (err != OK)
        goto out;
    const size_t d_len = w->len - begin - FRAME_MAGIC_LEN - 4;
    struct writer length = writer_of(w->data + begin + FRAME_MAGIC_LEN, 4);
    write_uint(&length, d_len, 4);

    document_leaf(leaf, hash);
    if ((err = sign_alone(key, leaf, &s_w)) != OK)
        goto out;
    write_uint(w, 1, 1);
    write_uint(w, s_w.len, 2);
    write_span(w, writer_span(&s_w));
    err = w->full ? ERR_TOO_LARGE : OK;
out:
    if (err != OK)
        w->len = begin;
    return err;
}

/* Every issuer's key and signature, in order. */
static enum err verify_issuers(const lianshu_Document *document, const struct frame_document *frame,
                               const struct document_signers *signers, struct verifier *verifier,
                               const uint8_t hash[static HASH_LEN])
{
    merkle_hash leaf;
    document_leaf(leaf, hash);
    for (unsigned i = 0; i < frame->count; i++) {
        const lianshu_Issuer *issuer = &document->issuers[i];
        uint8_t public_key[KEY_PUBLIC_LEN];
        enum err err = signers->find(signers->ctx, issuer->member, issuer->kid, public_key);
        if (err != OK)
            return err;
        if ((err = verifier_check(verifier, public_key, leaf, frame->signatures[i])) != OK)
            return err;
    }
    return OK;
}

enum err document_verify(struct span lsd1, const char *realm,
                         const struct document_signers *signers, struct verifier *verifier,
                         lianshu_Document *out, uint8_t hash[static HASH_LEN])
{
    struct frame_document frame;
    enum err err = frame_parse_document(lsd1, &frame);
    if (err != OK)
        return err;
    if ((err = wire_decode(&lianshu_Document_msg, frame.document, out)) != OK)
        goto out;
    if ((err = document_check(out)) != OK)
        goto out;
    err = ERR_REALM;
    if (strcmp(out->realm, realm) != 0)
        goto out;
    err = ERR_FRAME_LENGTH;
    if (frame.count != out->issuers_count)
        goto out;
    hash_bytes(hash, frame.document);
    err = verify_issuers(out, &frame, signers, verifier, hash);
out:
    if (err != OK)
        wire_clear(&lianshu_Document_msg, out); /* nobody reads what did not verify */
    return err;
}

/* Each signature belongs to the next issuer that its key id names: place[i] is that of issuer i, or
 * NULL. What is left over is a stranger's, a second one, or in the wrong place. */
static enum err place_signatures(const lianshu_Document *d, const struct frame_document *frame,
                                 const struct span *place[static FRAME_ISSUERS_MAX])
{
    size_t next = 0;
    for (size_t i = 0; i < FRAME_ISSUERS_MAX; i++)
        place[i] = NULL;
    for (unsigned i = 0; i < frame->count; i++) {
        struct frame_signature s;
        enum err err = frame_parse_signature(frame->signatures[i], &s);
        if (err != OK)
            return err;
        while (next < d->issuers_count && memcmp(d->issuers[next].kid, s.kid, KID_LEN) != 0)
            next++;
        if (next == d->issuers_count)
            return ERR_SIGNATURE;
        place[next++] = &frame->signatures[i];
    }
    return OK;
}

static enum err verify_placed(const lianshu_Document *d, const struct frame_document *frame,
                              const struct document_signers *signers, struct verifier *verifier,
                              const uint8_t hash[static HASH_LEN], uint32_t *signed_by)
{
    const struct span *place[FRAME_ISSUERS_MAX];
    merkle_hash leaf;
    enum err err = place_signatures(d, frame, place);
    document_leaf(leaf, hash);
    *signed_by = 0;
    for (pb_size_t i = 0; err == OK && i < d->issuers_count; i++) {
        uint8_t public_key[KEY_PUBLIC_LEN];
        err = signers->find(signers->ctx, d->issuers[i].member, d->issuers[i].kid, public_key);
        if (err != OK || place[i] == NULL)
            continue;
        err = verifier_check(verifier, public_key, leaf, *place[i]);
        *signed_by |= UINT32_C(1) << i;
    }
    return err;
}

enum err document_verify_draft(struct span lsd1, const char *realm,
                               const struct document_signers *signers, struct verifier *verifier,
                               lianshu_Document *out, uint8_t hash[static HASH_LEN],
                               uint32_t *signed_by)
{
    struct frame_document frame;
    enum err err = frame_parse_document(lsd1, &frame);
    if (err != OK)
        return err;
    if ((err = wire_decode(&lianshu_Document_msg, frame.document, out)) == OK)
        err = document_check(out);
    if (err == OK && strcmp(out->realm, realm) != 0)
        err = ERR_REALM;
    if (err == OK) {
        hash_bytes(hash, frame.document);
        err = verify_placed(out, &frame, signers, verifier, hash, signed_by);
    }
    if (err != OK)
        wire_clear(&lianshu_Document_msg, out); /* nobody reads what did not verify */
    return err;
}

/* One more, at the place of its key. */
static enum err insert_signature(const lianshu_Document *d, const struct frame_document *frame,
                                 const struct key *key, struct writer *w)
{
    const struct span *place[FRAME_ISSUERS_MAX];
    struct span signatures[FRAME_ISSUERS_MAX];
    uint8_t s[BATCH_SIGNATURE_MAX];
    uint8_t hash[HASH_LEN];
    merkle_hash leaf;
    struct writer one = writer_of(s, sizeof s);
    size_t count = 0;
    size_t own = 0;

    while (own < d->issuers_count && memcmp(d->issuers[own].kid, key_kid(key), KID_LEN) != 0)
        own++;
    if (own == d->issuers_count)
        return ERR_KEY_NOT_SENDERS;
    enum err err = place_signatures(d, frame, place);
    if (err == OK && place[own] != NULL)
        err = ERR_EXISTS;
    if (err != OK)
        return err;
    hash_bytes(hash, frame->document);
    document_leaf(leaf, hash);
    if ((err = sign_alone(key, leaf, &one)) != OK)
        return err;
    for (size_t i = 0; i < d->issuers_count; i++) {
        if (i == own)
            signatures[count++] = writer_span(&one);
        else if (place[i] != NULL)
            signatures[count++] = *place[i];
    }
    return document_write(frame->document, signatures, count, w);
}

enum err document_add_signature(struct span lsd1, const struct key *key, struct writer *w)
{
    struct frame_document frame;
    lianshu_Document *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NO_MEMORY;
    enum err err = frame_parse_document(lsd1, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, d);
    if (err == OK)
        err = insert_signature(d, &frame, key, w);
    free(d);
    return err;
}

unsigned document_key_count(const lianshu_Document *document)
{
    unsigned distinct = 0;
    for (pb_size_t i = 0; i < document->issuers_count; i++) {
        bool seen = false;
        for (pb_size_t j = 0; j < i; j++)
            seen |= memcmp(document->issuers[i].kid, document->issuers[j].kid, KID_LEN) == 0;
        distinct += !seen;
    }
    return distinct;
}

enum err document_check_addressed(const lianshu_Document *document, const char *reader,
                                  const char *sender, bool relayable)
{
    bool addressed = document->by_rule;
    bool issued = relayable;
    for (pb_size_t i = 0; i < document->addressees_count; i++)
        addressed |= strcmp(document->addressees[i], reader) == 0;
    for (pb_size_t i = 0; i < document->issuers_count; i++)
        issued |= strcmp(document->issuers[i].member, sender) == 0;
    return addressed && issued ? OK : ERR_NOT_ADDRESSED;
}
