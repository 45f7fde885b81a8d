#include "keys/restored.h"

#include "catalogue.h"
#include "check.h"
#include "keys/document.h"
#include "keys/roles.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FUTURE_MS = 300 * 1000 };

static enum err check_officials(const struct restored_reader *reader, const lianshu_Document *d)
{
    if (strcmp(d->realm, reader->realm) != 0)
        return ERR_REALM;
    if (d->type != lianshu_DocumentType_TYPE_OFFICIAL_ACT)
        return ERR_TYPE_UNKNOWN;
    for (pb_size_t i = 0; i < d->issuers_count; i++) {
        if (strcmp(d->issuers[i].member, reader->hub) != 0)
            return ERR_OTHER_HUB;
    }
    if (d->issuers_count != RESTORED_OFFICIALS ||
        memcmp(d->issuers[0].kid, d->issuers[1].kid, KID_LEN) == 0)
        return ERR_TWO_OFFICIALS;
    return OK;
}

static enum err take_body(const struct restored_reader *reader, const lianshu_Document *d,
                          struct restored *out)
{
    lianshu_OfficialAct body;
    enum err err =
        wire_decode(&lianshu_OfficialAct_msg, span_of(d->body.bytes, d->body.size), &body);
    if (err != OK)
        return err;
    if (body.verb != lianshu_OfficialVerb_OFFICIAL_RESTORED ||
        strcmp(body.recipient, reader->hub) != 0 || strcmp(body.sender, reader->hub) != 0 ||
        body.log_number < 2 || body.log_size == 0 || body.object.size != HASH_LEN ||
        body.signed_root.size != HASH_LEN)
        return ERR_HEADER;
    snprintf(out->realm, sizeof out->realm, "%s", d->realm);
    snprintf(out->hub, sizeof out->hub, "%s", reader->hub);
    out->log_number = body.log_number;
    out->size = body.log_size;
    memcpy(out->root, body.object.bytes, HASH_LEN);
    out->signed_size = body.signed_size;
    memcpy(out->signed_root, body.signed_root.bytes, HASH_LEN);
    memcpy(out->challenge, body.message_id, sizeof out->challenge);
    out->issued_ms = d->issued_ms;
    out->valid_until_ms = d->valid_until_ms;
    for (size_t i = 0; i < RESTORED_OFFICIALS; i++)
        memcpy(out->kid[i], d->issuers[i].kid, KID_LEN);
    return OK;
}

static enum err read(const struct restored_reader *reader, struct span lsd1, lianshu_Document *d,
                     struct restored *out)
{
    struct registry_at at = {.registry = reader->registry, .at_ms = 0, .use = KEY_USE_OFFICIAL};
    const struct document_signers signers = registry_signers(&at);
    struct frame_document frame;

    enum err err = lsd1.len > RESTORED_MAX ? ERR_TOO_LARGE : frame_parse_document(lsd1, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, d);
    if (err == OK)
        err = check_officials(reader, d);
    if (err == OK && frame.count < RESTORED_OFFICIALS)
        err = ERR_TWO_OFFICIALS; /* one has not signed yet */
    if (err == OK)
        err = take_body(reader, d, out);
    at.at_ms = d->issued_ms;
    if (err == OK)
        err = document_verify(lsd1, reader->realm, &signers, reader->verifier, d, out->document);
    if (err == OK)
        err = roles_check(reader->registry, d, lianshu_OfficialVerb_OFFICIAL_RESTORED);
    if (err != OK)
        return err;
    const uint64_t life = type_find(lianshu_DocumentType_TYPE_OFFICIAL_ACT)->life_ms;
    return d->valid_until_ms == 0 || d->valid_until_ms - d->issued_ms > life ? ERR_LIFE : OK;
}

enum err restored_read(const struct restored_reader *reader, struct span lsd1, struct restored *out)
{
    *out = (struct restored){0};
    lianshu_Document *d = calloc(1, sizeof *d);
    enum err err = d == NULL ? ERR_NO_MEMORY : read(reader, lsd1, d, out);
    free(d);
    return err;
}

enum err restored_timely(const struct restored *r, uint64_t now_ms)
{
    if (r->issued_ms > now_ms + FUTURE_MS)
        return ERR_FUTURE;
    return r->valid_until_ms <= now_ms ? ERR_EXPIRED : OK;
}

enum err restored_leaf(const struct restored *r, struct writer *body, merkle_hash leaf)
{
    lianshu_Restored b = {
        .size = r->size, .signed_size = r->signed_size, .officials_count = RESTORED_OFFICIALS};
    const size_t from = body->len;

    enum err err = note_origin(b.origin, r->hub, r->realm, r->log_number - 1);
    if (err != OK)
        return err;
    memcpy(b.root, r->root, HASH_LEN);
    memcpy(b.signed_root, r->signed_root, HASH_LEN);
    memcpy(b.document, r->document, HASH_LEN);
    memcpy(b.officials, r->kid, sizeof r->kid);
    err = wire_encode(&lianshu_Restored_msg, &b, body);
    return err == OK ? log_leaf(leaf, LOG_RESTORED, r->issued_ms,
                                span_of(body->data + from, body->len - from))
                     : err;
}
