/* Verifying and opening what the hub delivers. PROTOCOL: order of checks; facts. */
#include "adapters/sdk/inner.h"
#include "check.h"

#include <string.h>

enum { FUTURE_MS = 300 * 1000 };

enum err unpack_statement(struct sdk *s, struct unpacked *u, struct span statement,
                          struct span frame, uint64_t now_ms)
{
    enum err err;
    struct frame_statement v;
    struct checkpoint checkpoint;

    s->log.at_ms = now_ms;
    if ((err = frame_parse_statement(statement, &v)) != OK ||
        (err = log_reader_checkpoint(&s->log, v.checkpoint, &checkpoint)) != OK ||
        (err = statement_verify(&s->log, &checkpoint, v.statement, (const merkle_hash *)v.path.data,
                                v.path.len / HASH_LEN, &u->statement)) != OK)
        return err;
    if (strcmp(u->statement.realm, s->realm) != 0)
        return ERR_REALM;
    if (strcmp(u->statement.recipient, s->member) != 0)
        return ERR_NOT_ADDRESSED;
    if ((err = frame_parse_envelope(frame, &u->frame)) != OK ||
        (err = wire_decode(&lianshu_Header_msg, u->frame.header, &u->header)) != OK)
        return err;
    envelope_id(&u->frame, u->header_hash, u->env_id);
    if (u->statement.env_id.size != HASH_LEN ||
        memcmp(u->statement.env_id.bytes, u->env_id, HASH_LEN) != 0)
        return ERR_RECEIPT_OTHER;
    if (u->statement.conversation.size != u->header.conversation.size ||
        memcmp(u->statement.conversation.bytes, u->header.conversation.bytes,
               u->header.conversation.size) != 0)
        return ERR_HEADER;
    return OK;
}

/* The way it came, as our hub has it: from the sender's hub to ours, over hubs that lie between,
 * none twice. One that says nothing took it from the sender itself. */
static enum err check_hops(const struct sdk *s, const struct unpacked *u)
{
    const lianshu_Statement *v = &u->statement;
    const char *sender = u->header.sender;
    const struct registry_member *home = topology_home_of(s->registry, sender);
    const char *first = home == NULL ? s->hub : home->id;

    if (v->hops_count == 0)
        return strcmp(first, s->hub) == 0 ? OK : ERR_HOPS;
    if (strcmp(v->hops[0], first) != 0 || strcmp(v->hops[v->hops_count - 1], s->hub) != 0)
        return ERR_HOPS;
    for (size_t i = 0; i < v->hops_count; i++) {
        if (!topology_speaks(s->registry, v->hops[i], sender, s->member))
            return ERR_HOPS;
        for (size_t k = 0; k < i; k++)
            if (strcmp(v->hops[k], v->hops[i]) == 0)
                return ERR_HOPS_LOOP;
    }
    return OK;
}

/* Key of the sender, times and signature, as of the moment when the first hub accepted. */
static enum err check_sender(struct sdk *s, struct unpacked *u)
{
    enum err err;
    const lianshu_Header *h = &u->header;
    const struct registry_key *key;

    if ((err = header_check(h)) == OK || err == ERR_SUITE)
        err = registry_suite(s->registry, h->suite, u->statement.accepted_ms);
    if (err != OK || (err = frame_matches_header(&u->frame, h)) != OK)
        return err;
    if (strcmp(h->realm, s->realm) != 0)
        return ERR_REALM;
    if ((err = check_hops(s, u)) != OK)
        return err;
    if ((err = registry_key(s->registry, h->sender_kid, &key)) != OK)
        return h->registry_version > registry_version(s->registry) ? ERR_REGISTRY_STALE : err;
    err = registry_key_check(key, h->sender, KEY_USE_SIGN, u->statement.accepted_ms);
    if (err != OK && (err != ERR_REVOKED || !u->doubted))
        return err;
    if (h->created_ms > u->statement.accepted_ms + FUTURE_MS)
        return ERR_FUTURE;
    if (h->expires_ms <= u->statement.accepted_ms)
        return ERR_EXPIRED;
    return verifier_check(s->verifier, key->public_key, u->env_id, u->frame.signature);
}

static enum err check_rights(const struct sdk *s, const struct unpacked *u,
                             const struct document_type *row)
{
    /* Our own hub speaks for the rules; whom else we listen to, the registry says. */
    if ((row->flags & TYPE_BY_HUB) != 0)
        return strcmp(u->header.sender, s->hub) == 0 ? OK : ERR_NO_RIGHT;
    return registry_may(s->registry, u->header.sender, u->header.type, s->member);
}

/* Open part i into its buffer and verify the document in it. */
static enum err open_document(struct sdk *s, struct unpacked *u, size_t i, uint8_t *plain,
                              uint32_t type, lianshu_Document *d, uint8_t hash[static HASH_LEN],
                              struct span *lsd1)
{
    enum err err;
    const struct document_type *row = type_find(u->header.type);
    struct registry_at at = {
        .registry = s->registry, .at_ms = u->statement.accepted_ms, .revoked_too = u->doubted};
    const struct document_signers signers = registry_signers(&at);

    if ((err = envelope_open(s->opener, s->keys, s->member, &u->header, &u->frame, u->header_hash,
                             i, plain, SDK_PART_MAX, lsd1, s->deks[i], &u->inner)) != OK)
        return err;
    u->opened |= 1U << i;
    if ((err = document_verify(*lsd1, s->realm, &signers, s->verifier, d, hash)) != OK)
        return err;
    if (d->type != type)
        return ERR_POISON;
    return document_check_addressed(d, s->member, u->header.sender,
                                    (row->flags & TYPE_RELAYABLE) != 0);
}

static enum err open_part(struct sdk *s, struct unpacked *u, size_t i)
{
    struct span lsd1;

    switch (u->header.parts[i].kind) {
    case lianshu_PartKind_PART_FACTS:
        if (u->has_facts)
            return ERR_POISON;
        u->has_facts = true;
        return open_document(s, u, i, u->facts_plain, u->header.type, &u->facts, u->facts_hash,
                             &u->facts_document);
    case lianshu_PartKind_PART_SEALED:
        if (u->has_sealed)
            return ERR_POISON;
        u->has_sealed = true;
        return open_document(s, u, i, u->sealed_plain, u->header.type, &u->sealed, u->sealed_hash,
                             &lsd1);
    case lianshu_PartKind_PART_MANIFEST:
        if (u->has_manifest)
            return ERR_POISON;
        u->has_manifest = true;
        return open_document(s, u, i, u->manifest_plain, lianshu_DocumentType_TYPE_MANIFEST,
                             &u->manifest, u->manifest_hash, &lsd1);
    default:
        return ERR_POISON;
    }
}

/* The facts of this envelope, or none when it has none. */
static bool names_facts(const struct unpacked *u, const lianshu_Document *d)
{
    if (!u->has_facts)
        return d->facts.size == 0;
    return d->facts.size == HASH_LEN && memcmp(d->facts.bytes, u->facts_hash, HASH_LEN) == 0;
}

/* What is in clear for the hub and what is sealed for us belong together. */
static enum err check_facts(const struct unpacked *u, const struct document_type *row)
{
    if ((row->flags & TYPE_FACTS) != 0 && !u->has_facts)
        return ERR_FACTS_MISSING;
    if ((u->has_sealed && !names_facts(u, &u->sealed)) ||
        (u->has_manifest && !names_facts(u, &u->manifest)))
        return ERR_FACTS_MISMATCH;
    return OK;
}

static enum err check_bodies(struct unpacked *u, const struct document_type *row)
{
    enum err err;

    if (u->has_facts &&
        (row->facts == NULL ||
         (err = wire_decode(row->facts, span_of(u->facts.body.bytes, u->facts.body.size),
                            u->body)) != OK))
        return ERR_POISON;
    if (u->has_sealed &&
        (row->sealed == NULL ||
         (err = wire_decode(row->sealed, span_of(u->sealed.body.bytes, u->sealed.body.size),
                            u->body)) != OK))
        return ERR_POISON;
    return OK;
}

/* The manifest and the header name the same attachments, in the same order. */
static enum err check_manifest(struct unpacked *u)
{
    size_t n = 0;

    wire_clear(&lianshu_Manifest_msg, &u->files);
    if (u->has_manifest &&
        wire_decode(&lianshu_Manifest_msg, span_of(u->manifest.body.bytes, u->manifest.body.size),
                    &u->files) != OK)
        return ERR_POISON;
    for (size_t i = 0; i < u->header.attachments_count && u->has_manifest; i++) {
        const lianshu_AttachmentHeader *a = &u->header.attachments[i];
        if (a->part >= u->header.parts_count ||
            u->header.parts[a->part].kind != lianshu_PartKind_PART_MANIFEST)
            return ERR_POISON;
        if (n == u->files.files_count)
            return ERR_POISON;
        const lianshu_ManifestFile *f = &u->files.files[n++];
        if (memcmp(f->root, a->root, HASH_LEN) != 0 || f->chunk_count != a->chunk_count ||
            f->byte_count != a->byte_count || f->chunk_count != chunk_count_of(f->byte_count) ||
            f->name[0] == '\0')
            return ERR_POISON;
    }
    return n == u->files.files_count ? OK : ERR_POISON;
}

enum err unpack_open(struct sdk *s, struct unpacked *u)
{
    enum err err;

    u->has_facts = u->has_sealed = u->has_manifest = false;
    u->opened = 0;
    u->facts_document = span_of(NULL, 0);
    u->inner = OK;
    const struct document_type *row = type_find(u->header.type);
    if (row == NULL)
        return ERR_TYPE_UNKNOWN;
    if ((err = check_sender(s, u)) != OK || (err = check_rights(s, u, row)) != OK ||
        (err = envelope_check_reader(&u->header, &u->frame, s->member)) != OK)
        return err;
    for (size_t i = 0; i < u->header.parts_count; i++)
        if (part_reader(&u->header.parts[i], s->member) >= 0 && (err = open_part(s, u, i)) != OK)
            return err;
    if ((err = check_facts(u, row)) != OK || (err = check_bodies(u, row)) != OK)
        return err;
    return check_manifest(u);
}
