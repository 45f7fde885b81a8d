/* Envelopes of the hub itself: one facts document, sealed to one member. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

static enum err make_document(struct core *core, const struct outgoing *what, struct writer *lsd1)
{
    lianshu_Document *d = &core->stored;
    wire_clear(&lianshu_Document_msg, d);
    memset(d->id, 0, sizeof d->id);
    document_prepare(d, core->opt.realm, core->opt.member, core->sign_key, core->now_ms,
                     core->opt.entropy);
    const struct document_type *type = type_find(what->type);
    d->type = what->type;
    d->version = 1;
    d->valid_until_ms = what->valid_until_ms;
    d->addressees_count = 1;
    snprintf(d->addressees[0], sizeof d->addressees[0], "%s", what->recipient);
    d->basis_count = (pb_size_t)what->basis_count;
    for (size_t i = 0; i < what->basis_count; i++)
        snprintf(d->basis[i], sizeof d->basis[i], "%s", what->basis[i]);
    snprintf(d->purpose, sizeof d->purpose, "%s", what->purpose);
    d->conversation.size = (pb_size_t)what->conversation.len;
    if (what->conversation.len > 0)
        memcpy(d->conversation.bytes, what->conversation.data, what->conversation.len);
    d->in_reply_to.size = (pb_size_t)what->in_reply_to_doc.len;
    if (what->in_reply_to_doc.len > 0)
        memcpy(d->in_reply_to.bytes, what->in_reply_to_doc.data, what->in_reply_to_doc.len);
    struct writer body = writer_of(d->body.bytes, sizeof d->body.bytes);
    enum err err = wire_encode(type->facts, what->body, &body);
    if (err != OK)
        return err;
    d->body.size = (pb_size_t)body.len;
    uint8_t hash[HASH_LEN];
    return document_make(d, core->sign_key, lsd1, hash);
}

enum err outgoing_make(struct core *core, const struct outgoing *what, lianshu_Header *header,
                       uint8_t env_id[static HASH_LEN], struct span *frame)
{
    struct writer lsd1 = writer_of(core->plain, SEAL_PLAIN_MAX);
    enum err err = make_document(core, what, &lsd1);
    if (err != OK)
        return err;
    const struct document_type *type = type_find(what->type);
    wire_clear(&lianshu_Header_msg, header);
    memset(header->message_id, 0, sizeof header->message_id);
    header->type = what->type;
    header->created_ms = core->now_ms;
    header->expires_ms = core->now_ms + type->life_ms;
    header->priority = (uint32_t)(what->lane != NULL ? *what->lane : type->lane);
    header->destination_count = 1;
    snprintf(header->destination[0], sizeof header->destination[0], "%s", what->recipient);
    header->conversation.size = (pb_size_t)what->conversation.len;
    if (what->conversation.len > 0)
        memcpy(header->conversation.bytes, what->conversation.data, what->conversation.len);
    header->in_reply_to.size = (pb_size_t)what->in_reply_to.len;
    if (what->in_reply_to.len > 0)
        memcpy(header->in_reply_to.bytes, what->in_reply_to.data, what->in_reply_to.len);
    snprintf(header->purpose, sizeof header->purpose, "%s", what->purpose);
    header->parts_count = 1;
    header->parts[0].kind = lianshu_PartKind_PART_FACTS;
    header->parts[0].audience_count = 1;
    snprintf(header->parts[0].audience[0].member, sizeof header->parts[0].audience[0].member, "%s",
             what->recipient);
    const struct envelope_options options = {
        .realm = core->opt.realm,
        .sender = core->opt.member,
        .key = core->sign_key,
        .registry = core->opt.registry,
        .entropy = core->opt.entropy,
    };
    const struct span plain = writer_span(&lsd1);
    err = envelope_batch_begin(core->envelopes, &options);
    if (err == OK)
        err = envelope_batch_add(core->envelopes, header, &plain, NULL, env_id);
    if (err == OK)
        err = envelope_batch_finish(core->envelopes);
    struct writer w = writer_of(core->frame, FRAME_MAX);
    if (err == OK)
        err = envelope_batch_frame(core->envelopes, 0, &w);
    *frame = writer_span(&w);
    return err;
}

enum err outgoing_send(struct core *core, const struct outgoing *what)
{
    lianshu_Header *header = &core->out_header;
    uint8_t env_id[HASH_LEN];
    struct span frame;
    enum err err = outgoing_make(core, what, header, env_id, &frame);
    if (err != OK)
        return err;
    struct queue_row row = {
        .state = QUEUE_READY,
        .lane = (uint8_t)header->priority,
        .form = FORM_WHOLE,
        .bytes = (uint32_t)frame.len,
        .type = what->type,
        .expires_ms = header->expires_ms,
    };
    snprintf(row.recipient, sizeof row.recipient, "%s", what->recipient);
    snprintf(row.sender, sizeof row.sender, "%s", core->opt.member);
    memcpy(row.message_id, header->message_id, sizeof row.message_id);
    if (what->conversation.len > 0)
        memcpy(row.conversation, what->conversation.data, what->conversation.len);
    const struct receipt_about receipt = {
        .kind = lianshu_ReceiptKind_RECEIPT_ACCEPTED,
        .sender = core->opt.member,
        .message_id = header->message_id,
        .env_id = env_id,
        .about = "",
        .code = OK,
    };
    err = apply_receipt(core, &receipt, &row.seq);
    if (err == OK)
        err = outgoing_store(core, header, env_id, row.seq, frame);
    if (err == OK && what->conversation.len > 0)
        err = queue_number(core->store->queue, row.recipient, row.conversation, &row.number);
    const struct statement_about statement = {
        .recipient = what->recipient,
        .env_id = env_id,
        .conversation = what->conversation,
        .number = row.number,
    };
    if (err == OK)
        err = apply_statement(core, &statement, &row.statement_leaf);
    return err == OK ? deliver_put(core, &row) : err;
}

enum err outgoing_store(struct core *core, const lianshu_Header *header,
                        const uint8_t env_id[static HASH_LEN], uint64_t seq, struct span frame)
{
    struct message_row row = {
        .seq = seq,
        .last_leaf = seq,
        .type = header->type,
        .stage = (uint8_t)lianshu_ReceiptKind_RECEIPT_ACCEPTED,
        .lane = (uint8_t)header->priority,
        .created_ms = header->created_ms,
        .expires_ms = header->expires_ms,
        .accepted_ms = core->now_ms,
        .open = 1,
    };
    snprintf(row.sender, sizeof row.sender, "%s", core->opt.member);
    memcpy(row.id, header->message_id, sizeof row.id);
    memcpy(row.env_id, env_id, sizeof row.env_id);
    memcpy(row.conversation, header->conversation.bytes, header->conversation.size);
    enum err err = message_put(core->store->messages, &row, frame);
    return err == OK ? store_count(core->store, "envelopes", 1) : err;
}
