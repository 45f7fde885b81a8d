/* Envelopes of the hub itself: each one facts document, sealed to one member. Those that are made
 * together share two signatures, one of all documents and one of all envelopes, and one key
 * agreement for each recipient. PROTOCOL.md 3.1. */
#include "core/state.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OUTGOING_BYTES = 512 * 1024, /* of documents under one signature */
    DOCUMENT_BYTES = FRAME_DOCUMENT_MAX + BATCH_SIGNATURE_MAX + 64,
};

_Static_assert((int)OUTGOING_BYTES >= (int)FRAME_DOCUMENT_MAX, "any one document fits");

struct outgoings {
    struct batch *documents; /* owns: what signs them */
    struct writer text;      /* owns: their D */
    uint8_t lsd1[DOCUMENT_BYTES];
    size_t count;
    struct entry {
        struct outgoing what;
        struct span d;
        enum err err; /* why it cannot be made */
        size_t frame; /* its place among core->envelopes */
        struct message_row row;
    } entry[OUTGOING_MAX];
};

enum err outgoing_open(struct core *core)
{
    struct outgoings *o = calloc(1, sizeof *o);
    if (o == NULL)
        return ERR_NO_MEMORY;
    core->outgoings = o;
    uint8_t *room = malloc(OUTGOING_BYTES);
    o->text = writer_of(room, OUTGOING_BYTES);
    return room == NULL ? ERR_NO_MEMORY : batch_open(&o->documents);
}

void outgoing_close(struct core *core)
{
    if (core->outgoings == NULL)
        return;
    batch_close(&core->outgoings->documents);
    free(core->outgoings->text.data);
    free(core->outgoings);
    core->outgoings = NULL;
}

void outgoing_begin(struct core *core)
{
    struct outgoings *o = core->outgoings;
    batch_reset(o->documents);
    o->text = writer_of(o->text.data, o->text.cap);
    o->count = 0;
}

/* Who reads what goes to a recipient: one of another hub does not alone, as its hub judges what it
 * takes over. In order of their names. */
struct readers {
    const char *member[2];
    size_t count;
};

static struct readers readers_of(const struct core *core, const char *recipient)
{
    const struct registry_member *home =
        relay_hop(core, recipient) == NULL ? NULL : topology_home_of(core->opt.registry, recipient);
    if (home == NULL || strcmp(home->id, recipient) == 0)
        return (struct readers){{recipient}, 1};
    return strcmp(home->id, recipient) < 0 ? (struct readers){{home->id, recipient}, 2}
                                           : (struct readers){{recipient, home->id}, 2};
}

static enum err fill_document(struct core *core, const struct outgoing *what)
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
    struct readers who = readers_of(core, what->recipient);
    d->addressees_count = (pb_size_t)who.count;
    for (size_t i = 0; i < who.count; i++)
        text_copy(d->addressees[i], sizeof d->addressees[i], who.member[i]);
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
    d->body.size = (pb_size_t)body.len;
    return err;
}

enum err outgoing_add(struct core *core, const struct outgoing *what)
{
    struct outgoings *o = core->outgoings;
    uint8_t hash[HASH_LEN];
    merkle_hash leaf;
    size_t index;
    if (o->count == OUTGOING_MAX || o->text.cap - o->text.len < FRAME_DOCUMENT_MAX)
        return ERR_BUSY;
    enum err err = fill_document(core, what);
    const size_t begin = o->text.len;
    if (err == OK)
        err = document_encode(&core->stored, &o->text, hash);
    if (err == OK) {
        document_leaf(leaf, hash);
        err = batch_add(o->documents, leaf, &index);
    }
    if (err != OK) {
        o->text.len = begin;
        return err;
    }
    struct entry *e = &o->entry[o->count++];
    *e = (struct entry){.what = *what, .d = span_of(o->text.data + begin, o->text.len - begin)};
    return OK;
}

static void fill_header(const struct core *core, const struct outgoing *what,
                        lianshu_Header *header)
{
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
    struct readers who = readers_of(core, what->recipient);
    header->parts[0].audience_count = (pb_size_t)who.count;
    for (size_t i = 0; i < who.count; i++)
        text_copy(header->parts[0].audience[i].member, sizeof header->parts[0].audience[i].member,
                  who.member[i]);
}

/* The envelope around document `index`, and what the store keeps of it. */
static enum err add_envelope(struct core *core, size_t index)
{
    struct entry *e = &core->outgoings->entry[index];
    struct message_row *row = &e->row;
    lianshu_Header *header = &core->out_header;
    uint8_t s[BATCH_SIGNATURE_MAX];
    struct writer s_w = writer_of(s, sizeof s);
    struct writer lsd1 = writer_of(core->outgoings->lsd1, sizeof core->outgoings->lsd1);
    enum err err = batch_write(core->outgoings->documents, index, &s_w);
    const struct span signature = writer_span(&s_w);
    if (err == OK)
        err = document_write(e->d, &signature, 1, &lsd1);
    if (err != OK)
        return err;
    fill_header(core, &e->what, header);
    const struct span plain = writer_span(&lsd1);
    e->frame = envelope_batch_count(core->envelopes);
    err = envelope_batch_add(core->envelopes, header, &plain, NULL, row->env_id);
    if (err != OK)
        return err;
    row->type = header->type;
    row->stage = (uint8_t)lianshu_ReceiptKind_RECEIPT_ACCEPTED;
    row->lane = (uint8_t)header->priority;
    row->created_ms = header->created_ms;
    row->expires_ms = header->expires_ms;
    row->accepted_ms = core->now_ms;
    row->open = 1;
    snprintf(row->sender, sizeof row->sender, "%s", core->opt.member);
    memcpy(row->id, header->message_id, sizeof row->id);
    memcpy(row->conversation, header->conversation.bytes, header->conversation.size);
    return OK;
}

enum err outgoing_sign(struct core *core)
{
    struct outgoings *o = core->outgoings;
    const struct envelope_options options = {
        .realm = core->opt.realm,
        .sender = core->opt.member,
        .key = core->sign_key,
        .registry = core->opt.registry,
        .entropy = core->opt.entropy,
    };
    if (o->count == 0)
        return OK;
    enum err err = batch_sign(o->documents, core->sign_key);
    if (err == OK)
        err = envelope_batch_begin(core->envelopes, &options);
    if (err != OK)
        return err;
    for (size_t i = 0; i < o->count; i++)
        o->entry[i].err = add_envelope(core, i);
    return envelope_batch_count(core->envelopes) == 0 ? OK : envelope_batch_finish(core->envelopes);
}

enum err outgoing_made(struct core *core, size_t index, struct message_row **row,
                       struct span *frame)
{
    struct entry *e = &core->outgoings->entry[index];
    *row = &e->row;
    struct writer w = writer_of(core->frame, FRAME_MAX);
    enum err err = e->err != OK ? e->err : envelope_batch_frame(core->envelopes, e->frame, &w);
    *frame = writer_span(&w);
    return err;
}

enum err outgoing_store(struct core *core, struct message_row *row, uint64_t seq, struct span frame)
{
    row->seq = row->last_leaf = seq;
    enum err err = message_put(core->store->messages, row, frame);
    return err == OK ? store_count(core->store, "envelopes", 1) : err;
}

/* Accepted from ourselves, stored, and a row for its recipient. */
static enum err queue_one(struct core *core, size_t index)
{
    const struct outgoing *what = &core->outgoings->entry[index].what;
    struct message_row *message;
    struct span frame;
    enum err err = outgoing_made(core, index, &message, &frame);
    if (err != OK)
        return err;
    struct queue_row row = {
        .state = QUEUE_READY,
        .lane = message->lane,
        .form = FORM_WHOLE,
        .bytes = (uint32_t)frame.len,
        .type = what->type,
        .expires_ms = message->expires_ms,
    };
    const char *hop = relay_hop(core, what->recipient); /* NULL: nobody is between */
    snprintf(row.recipient, sizeof row.recipient, "%s", hop != NULL ? hop : what->recipient);
    snprintf(row.sender, sizeof row.sender, "%s", core->opt.member);
    memcpy(row.message_id, message->id, sizeof row.message_id);
    memcpy(row.conversation, message->conversation, sizeof row.conversation);
    const struct receipt_about receipt = {
        .kind = lianshu_ReceiptKind_RECEIPT_ACCEPTED,
        .sender = core->opt.member,
        .message_id = message->id,
        .env_id = message->env_id,
        .about = "",
        .code = OK,
    };
    err = apply_receipt(core, &receipt, &row.seq);
    if (err == OK)
        err = outgoing_store(core, message, row.seq, frame);
    if (err == OK && what->conversation.len > 0)
        err = queue_number(core->store->queue, row.recipient, row.conversation, &row.number);
    const struct statement_about statement = {
        .recipient = row.recipient,
        .env_id = message->env_id,
        .conversation = what->conversation,
        .number = row.number,
        .share = hop != NULL, /* its only destination */
    };
    if (err == OK)
        err = apply_statement(core, &statement, &row.statement_leaf);
    return err == OK ? deliver_put(core, &row) : err;
}

enum err outgoing_queue(struct core *core)
{
    enum err err = outgoing_sign(core);
    for (size_t i = 0; err == OK && i < core->outgoings->count; i++) {
        err = queue_one(core, i);
        if (err_class(err) == ERR_CLASS_REJECT)
            err = store_count(core->store, "outgoing.unmade", 1);
    }
    return err;
}

enum err outgoing_send(struct core *core, const struct outgoing *what)
{
    outgoing_begin(core);
    enum err err = outgoing_add(core, what);
    if (err == OK)
        err = outgoing_sign(core);
    return err == OK ? queue_one(core, 0) : err;
}
