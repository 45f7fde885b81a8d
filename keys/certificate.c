#include "keys/certificate.h"

#include "frame_take.h"
#include "keys/registry_table.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FUTURE_MS = 300 * 1000, VERIFIER_NODES = VERIFIER_NODES_MIN };

static const char MAGIC[] = "LSP1";

/* ---- writing ---- */

struct leaves {
    merkle_hash *hash;
    size_t count;
};

static enum err subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    const struct leaves *l = ctx;
    const size_t first = (size_t)index << level;
    const size_t width = (size_t)1 << level;
    if (first + width > l->count)
        return ERR_INTERNAL;
    merkle_root(out, (const merkle_hash *)l->hash + first, width);
    return OK;
}

static enum err write_proof(const struct registry *registry, const struct registry_member *member,
                            struct writer *w)
{
    merkle_hash path[MERKLE_PATH_MAX];
    unsigned path_len;
    const size_t index = (size_t)(member - registry_member_at(registry, 0));
    struct leaves l = {.count = registry_member_count(registry)};
    l.hash = malloc(l.count * sizeof *l.hash);
    if (l.hash == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < l.count; i++)
        merkle_leaf(l.hash[i], registry_member_at(registry, i)->record);
    const enum err err = merkle_inclusion(index, l.count, subtree, &l, path, &path_len);
    free(l.hash);
    if (err != OK)
        return err;
    frame_write_sized(w, 2, member->record);
    write_uint(w, index, 4);
    frame_write_path(w, span_of(path, path_len * sizeof path[0]));
    return OK;
}

enum err certificate_write(const struct registry *registry, struct span lsd1, struct writer *w)
{
    struct frame_document frame;
    struct frame_registry parts;
    enum err err = frame_parse_document(lsd1, &frame);
    lianshu_Document *d = calloc(1, sizeof *d);

    if (err == OK && d == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, d);
    const struct registry_member *member =
        err == OK && d->issuers_count == 1 ? registry_member(registry, d->issuers[0].member) : NULL;
    free(d);
    if (err == OK && member == NULL)
        err = ERR_MEMBER_UNKNOWN;
    if (err == OK)
        err = frame_parse_registry(span_of(registry->file, registry->file_len), &parts);
    if (err != OK)
        return err;
    write_bytes(w, MAGIC, FRAME_MAGIC_LEN);
    frame_write_sized(w, 4, lsd1);
    frame_write_sized(w, 4, parts.registrar);
    frame_write_sized(w, 4, parts.version);
    err = write_proof(registry, member, w);
    return err == OK && w->full ? ERR_TOO_LARGE : err;
}

/* ---- verifying ---- */

static enum err parse(struct span file, struct span *lsd1, struct registry_part *part)
{
    struct span magic;
    struct span path;
    if (!span_take(&file, FRAME_MAGIC_LEN, &magic) || memcmp(magic.data, MAGIC, 3) != 0)
        return ERR_FRAME_EMPTY;
    if (magic.data[3] != (uint8_t)MAGIC[3])
        return ERR_FRAME_VERSION;
    if (!frame_take_sized(&file, 4, 1, FRAME_DOCUMENT_FRAME_MAX, lsd1) ||
        !frame_take_sized(&file, 4, 1, FRAME_DOCUMENT_FRAME_MAX, &part->registrar) ||
        !frame_take_sized(&file, 4, 1, FRAME_DOCUMENT_FRAME_MAX, &part->version) ||
        !frame_take_sized(&file, 2, 1, FRAME_RECORD_MAX, &part->record) ||
        !span_take_uint(&file, 4, &part->index) ||
        !frame_take_path(&file, MERKLE_PATH_MAX, &path) || file.len != 0)
        return ERR_FRAME_LENGTH;
    part->path = (const merkle_hash *)path.data;
    part->path_len = path.len / HASH_LEN;
    return OK;
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
    if (d->issuers_count != 1 || !member_is_hub(record->member))
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
    struct registry head = {0};
    struct registry_part part = {0};
    lianshu_MemberRecord *record = malloc(sizeof *record);

    enum err err = record == NULL ? ERR_NO_MEMORY : parse(file, &lsd1, &part);
    if (err != OK) {
        free(record);
        return fault_set(fault, err, 0, name, "file");
    }
    err = registry_load_part(&head, anchor, &part, record, fault);
    if (err == OK) {
        out->registry_version = head.version;
        err = check_document(lsd1, anchor->realm, record, out);
        if (err == OK && out->document.issued_ms >= head.valid_until_ms)
            err = ERR_REGISTRY_STALE;
        if (err == OK)
            err = check_times(out, now_ms);
        if (err != OK)
            (void)fault_set(fault, err, 0, name, "document");
    }
    free(record);
    return err;
}
