#include "check.h"

#include "base/ascii.h"
#include "base/span.h"
#include "catalogue.h"
#include "frame.h"
#include "ident.h"

#include <string.h>

bool realm_valid(const char *realm)
{
    size_t len = ascii_word(realm, "-");
    return len >= 1 && len <= CHECK_REALM_MAX && realm[len] == '\0' && realm[0] != '-';
}

/* Codes stand in clear headers: nothing that could hold a name or a sentence. */
static bool code_valid(const char *code)
{
    return code[ascii_word(code, "_.-")] == '\0';
}

void message_id_make(uint64_t created_ms, const uint8_t random[static 10], uint8_t out[static 16])
{
    struct writer w = writer_of(out, FRAME_ID_LEN);
    write_uint(&w, created_ms, 6);
    write_bytes(&w, random, 10);
}

uint64_t message_id_ms(const uint8_t id[static 16])
{
    uint64_t ms = 0;
    struct span head = {id, 6};
    (void)span_take_uint(&head, 6, &ms); /* six bytes are there */
    return ms;
}

int header_facts_part(const lianshu_Header *h)
{
    for (int i = 0; i < (int)h->parts_count; i++) {
        if (h->parts[i].kind == lianshu_PartKind_PART_FACTS)
            return i;
    }
    return -1;
}

int part_reader(const lianshu_PartHeader *part, const char *member)
{
    int low = 0;
    int high = (int)part->audience_count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = strcmp(part->audience[middle].member, member);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* Member ids, rising. */
static enum err check_members(const char *first, size_t stride, size_t count, enum err refusal)
{
    for (size_t i = 0; i < count; i++) {
        const char *member = first + i * stride;
        if (!member_valid(member))
            return ERR_WIRE_TEXT;
        if (i > 0 && strcmp(member - stride, member) >= 0)
            return refusal;
    }
    return OK;
}

static bool audience_has_hub(const lianshu_PartHeader *part)
{
    for (size_t i = 0; i < part->audience_count; i++) {
        if (member_is_hub(part->audience[i].member))
            return true;
    }
    return false;
}

static enum err check_part(const lianshu_Header *h, const lianshu_PartHeader *part)
{
    if (part->kind == lianshu_PartKind_PART_NONE)
        return ERR_WIRE_ENUM;
    if (part->audience_count == 0)
        return ERR_AUDIENCE;
    enum err err = check_members(part->audience[0].member, sizeof part->audience[0],
                                 part->audience_count, ERR_AUDIENCE);
    if (err != OK)
        return err;
    bool facts = part->kind == lianshu_PartKind_PART_FACTS;
    if (facts && !audience_has_hub(part) && !member_is_hub(h->sender))
        return ERR_FACTS_MISSING;
    if (!facts && audience_has_hub(part))
        return ERR_AUDIENCE;
    return OK;
}

/* Every reader of any other part reads the facts, and the facts are there when the type needs
 * them: otherwise a sender could show the hub clean facts and the recipient another person. */
static enum err check_facts(const lianshu_Header *h, const struct document_type *type)
{
    int at = header_facts_part(h);
    if (at < 0)
        return (type->flags & (TYPE_FACTS | TYPE_GATED)) != 0 ? ERR_FACTS_MISSING : OK;
    const lianshu_PartHeader *facts = &h->parts[at];
    for (int i = 0; i < (int)h->parts_count; i++) {
        const lianshu_PartHeader *part = &h->parts[i];
        if (i == at)
            continue;
        if (part->kind == lianshu_PartKind_PART_FACTS)
            return ERR_HEADER;
        for (size_t r = 0; r < part->audience_count; r++) {
            if (part_reader(facts, part->audience[r].member) < 0)
                return ERR_FACTS_MISSING;
        }
    }
    return OK;
}

static enum err check_parts(const lianshu_Header *h, const struct document_type *type)
{
    if (h->parts_count == 0)
        return ERR_HEADER;
    for (size_t i = 0; i < h->parts_count; i++) {
        enum err err = check_part(h, &h->parts[i]);
        if (err != OK)
            return err;
    }
    return check_facts(h, type);
}

static enum err check_destination(const lianshu_Header *h)
{
    if (h->destination_count == 0)
        return ERR_AUDIENCE;
    enum err err = check_members(h->destination[0], sizeof h->destination[0], h->destination_count,
                                 ERR_AUDIENCE);
    for (size_t i = 0; err == OK && i < h->destination_count; i++) {
        bool reads = false;
        for (size_t p = 0; p < h->parts_count && !reads; p++)
            reads = part_reader(&h->parts[p], h->destination[i]) >= 0;
        if (!reads)
            err = ERR_AUDIENCE;
    }
    return err;
}

static enum err check_attachments(const lianshu_Header *h, const struct document_type *type)
{
    if (h->attachments_count > 0 && (type->flags & TYPE_ATTACHMENTS) == 0)
        return ERR_HEADER;
    for (size_t i = 0; i < h->attachments_count; i++) {
        const lianshu_AttachmentHeader *a = &h->attachments[i];
        if (a->part >= h->parts_count || h->parts[a->part].kind != lianshu_PartKind_PART_MANIFEST)
            return ERR_HEADER;
        if (a->chunk_count == 0 || a->chunk_count > FRAME_CHUNKS_MAX)
            return ERR_HEADER;
        /* As many chunks as the bytes need; no bytes are one empty chunk. */
        uint64_t least = (a->chunk_count - 1) * FRAME_CHUNK_TEXT_LEN;
        if (a->byte_count > least + FRAME_CHUNK_TEXT_LEN ||
            (a->byte_count <= least && a->chunk_count > 1))
            return ERR_HEADER;
    }
    return OK;
}

/* Fields that may be there or not, but never in part. */
static bool length_is(pb_size_t size, size_t whole)
{
    return size == 0 || size == whole;
}

enum err header_check(const lianshu_Header *h)
{
    if (h->suite != FRAME_SUITE)
        return ERR_SUITE;
    if (!realm_valid(h->realm) || !member_valid(h->sender) || !code_valid(h->purpose))
        return ERR_WIRE_TEXT;
    const struct document_type *type = type_find(h->type);
    if (type == NULL || type->alone != NULL || (type->flags & TYPE_PART_ONLY) != 0)
        return ERR_WIRE_ENUM;
    if (message_id_ms(h->message_id) != h->created_ms || h->priority >= LANE_COUNT ||
        !length_is(h->conversation.size, FRAME_ID_LEN) ||
        !length_is(h->in_reply_to.size, FRAME_HASH_LEN) ||
        (h->sequence > 0 && h->conversation.size == 0))
        return ERR_HEADER;
    enum err err = check_parts(h, type);
    if (err == OK)
        err = check_destination(h);
    return err == OK ? check_attachments(h, type) : err;
}

/* A member signs once; where several of its keys sign, each of them once. */
static bool same_issuer(const lianshu_Document *d, const struct document_type *type, size_t i,
                        size_t j)
{
    return strcmp(d->issuers[j].member, d->issuers[i].member) == 0 &&
           ((type->flags & TYPE_OFFICIALS) == 0 ||
            memcmp(d->issuers[j].kid, d->issuers[i].kid, sizeof d->issuers[i].kid) == 0);
}

static enum err check_issuers(const lianshu_Document *d, const struct document_type *type)
{
    const bool joint = (type->flags & TYPE_JOINT) != 0;
    if (d->issuers_count < (joint ? 2 : 1))
        return ERR_HEADER;
    for (size_t i = 0; i < d->issuers_count; i++) {
        if (!member_valid(d->issuers[i].member))
            return ERR_WIRE_TEXT;
        for (size_t j = 0; j < i; j++) {
            if (same_issuer(d, type, i, j))
                return ERR_HEADER;
        }
    }
    return OK;
}

enum err document_check(const lianshu_Document *d)
{
    if (!realm_valid(d->realm) || !code_valid(d->purpose))
        return ERR_WIRE_TEXT;
    const struct document_type *type = type_find(d->type);
    if (type == NULL)
        return ERR_WIRE_ENUM;
    if (d->version == 0 || d->issued_ms == 0 ||
        (d->valid_until_ms != 0 && d->valid_until_ms <= d->issued_ms) ||
        !length_is(d->conversation.size, FRAME_ID_LEN) ||
        !length_is(d->in_reply_to.size, FRAME_ID_LEN) || !length_is(d->facts.size, FRAME_HASH_LEN))
        return ERR_HEADER;
    /* Registry documents speak to everybody; every other one says to whom, in one way. */
    bool named = d->addressees_count > 0;
    if (named == d->by_rule && (named || type->alone == NULL))
        return ERR_HEADER;
    enum err err = check_issuers(d, type);
    if (err != OK)
        return err;
    return check_members(d->addressees[0], sizeof d->addressees[0], d->addressees_count,
                         ERR_HEADER);
}

/* At least one, and none that the catalogue lacks. */
static bool types_known(const uint8_t types[static GRANT_TYPES_LEN])
{
    size_t known = 0;
    size_t named = 0;
    for (size_t i = 0; type_at(i) != NULL; i++)
        known += grant_names(types, type_at(i)->number);
    for (uint32_t number = 0; number < GRANT_TYPES_LEN * 8; number++)
        named += grant_names(types, number);
    return named > 0 && named == known;
}

enum err record_check(const lianshu_MemberRecord *r)
{
    if (!member_valid(r->member))
        return ERR_WIRE_TEXT;
    for (size_t i = 0; i < r->keys_count; i++) {
        const lianshu_MemberKey *key = &r->keys[i];
        if (key->use == lianshu_KeyUse_KEY_NONE)
            return ERR_WIRE_ENUM;
        if (key->valid_from_ms >= key->valid_until_ms)
            return ERR_HEADER;
        /* An official has one role of the three, nobody else has any: PROTOCOL 5.3. */
        const bool official = key->use == lianshu_KeyUse_KEY_OFFICIAL;
        if (official ? key->roles != 1 && key->roles != 2 && key->roles != 4 : key->roles != 0)
            return ERR_HEADER;
    }
    for (size_t i = 0; i < r->grants_count; i++) {
        const lianshu_Grant *grant = &r->grants[i];
        if (grant->direction == lianshu_GrantDirection_GRANT_NONE || !types_known(grant->types))
            return ERR_WIRE_ENUM;
        if (!region_valid(grant->region) || grant->departments == 0)
            return ERR_HEADER;
    }
    return OK;
}
