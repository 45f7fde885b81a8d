/* What adapters say about themselves: hello, credit, acknowledgements, chunks. */
#include "core/state.h"

#include "keys/attachment.h"

#include <stdio.h>
#include <string.h>

enum { CONTROL_FRAME_MAX = 512, CHUNKS_A_TIME = 16, WINDOW_MESSAGES_MAX = 4096 };

bool session_say(struct core *core, uint32_t peer, const lianshu_Control *control)
{
    struct writer w;
    if (!output_begin(&core->output, CONTROL_FRAME_MAX, &w))
        return false;
    if (frame_put_control(&w, control) != OK)
        return false;
    output_end(&core->output, peer, &w);
    return true;
}

static void welcome(struct core *core, uint32_t number)
{
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_WELCOME,
                               .which_body = lianshu_Control_welcome_tag};
    lianshu_Welcome *body = &control.body.welcome;
    snprintf(body->hub, sizeof body->hub, "%s", core->opt.member);
    snprintf(body->realm, sizeof body->realm, "%s", core->opt.realm);
    body->registry_version = registry_version(core->opt.registry);
    body->now_ms = core->now_ms;
    (void)session_say(core, number, &control);
}

static void set_window(struct peer *peer, uint32_t messages, uint32_t bytes)
{
    peer->window_messages = messages < WINDOW_MESSAGES_MAX ? messages : WINDOW_MESSAGES_MAX;
    peer->window_bytes = bytes;
}

static enum err acknowledge(struct core *core, const struct peer *peer, uint64_t number)
{
    if (number == 0)
        return OK;
    enum err err = core_begin(core);
    if (err == OK)
        err = stream_ack(core->store->stream, peer->member, number);
    /* More than we gave: an adapter that knew another hub. It says so in its own log. */
    return err == ERR_FIELD_VALUE ? OK : err;
}

static enum err hello(struct core *core, uint32_t number, const lianshu_Hello *body)
{
    struct peer *peer = core_peer_at(core, number);
    if (strcmp(body->member, peer->member) != 0 || strcmp(body->realm, core->opt.realm) != 0) {
        ingest_refuse(core, number,
                      strcmp(body->realm, core->opt.realm) != 0 ? ERR_REALM : ERR_WRONG_SENDER,
                      NULL);
        return OK;
    }
    (void)queue_unlease_all(core->store->queue, (uint64_t)number + 1);
    peer->ready = true;
    peer->out_messages = 0;
    peer->acks_due = 0;
    set_window(peer, body->credit_messages, body->credit_bytes);
    uint64_t last;
    enum err err = stream_last(core->store->stream, peer->member, &last);
    if (err != OK)
        return err;
    /* A number that we never gave is of another hub: it acknowledges nothing here. */
    peer->stream_sent = body->receipt_stream <= last ? body->receipt_stream : 0;
    err = acknowledge(core, peer, peer->stream_sent);
    welcome(core, number);
    for (pb_size_t i = 0; err == OK && i < body->unfinished_count; i++) {
        struct message_row known;
        err = message_get(core->store->messages, peer->member, body->unfinished[i], &known);
        if (err == OK)
            err = receipts_repeat(core, number, &known);
        else if (err == ERR_NOT_FOUND)
            err = OK;
    }
    return err;
}

/* A reader asks for chunks of an attachment that waits for it. */
static enum err serve_chunks(struct core *core, uint32_t number, const lianshu_ChunkWanted *want)
{
    struct peer *peer = core_peer_at(core, number);
    struct message_row message;
    if (want->message_id.size != STORE_ID_LEN) {
        ingest_refuse(core, number, ERR_FIELD_VALUE, NULL);
        return OK;
    }
    /* An id is unique for its sender only: of all who used it, the one whose envelope waits here.
     */
    char sender[STORE_MEMBER_MAX + 1] = "";
    struct queue_row row;
    enum err err;
    do {
        err = message_next_of_id(core->store->messages, want->message_id.bytes, sender, &message);
        if (err != OK)
            break;
        err = queue_get(core->store->queue, peer->member, message.seq, &row);
    } while (err == ERR_NOT_FOUND);
    struct span stored;
    struct frame_envelope env;
    if (err == OK)
        err = message_frame(core->store->messages, message.seq, &stored);
    if (err == OK)
        err = frame_parse_envelope(stored, &env);
    if (err == OK)
        err = wire_decode(&lianshu_Header_msg, env.header, &core->out_header);
    if (err == OK)
        err = ERR_NOT_IN_AUDIENCE;
    const lianshu_Header *h = &core->out_header;
    for (pb_size_t i = 0; err == ERR_NOT_IN_AUDIENCE && i < h->attachments_count; i++) {
        const lianshu_AttachmentHeader *a = &h->attachments[i];
        if (memcmp(a->root, want->root, HASH_LEN) == 0 && a->part < h->parts_count &&
            part_reader(&h->parts[a->part], peer->member) >= 0)
            err = OK;
    }
    if (err != OK) {
        if (err_class(err) != ERR_CLASS_REJECT)
            return err;
        ingest_refuse(core, number, err, NULL);
        return OK;
    }
    uint32_t count = want->count < CHUNKS_A_TIME ? want->count : CHUNKS_A_TIME;
    for (uint32_t i = 0; i < count; i++) {
        struct span chunk;
        err = chunk_get(core->store->chunks, message.sender, want->root, want->first + i, &chunk);
        if (err == ERR_NOT_FOUND)
            return OK; /* past the end */
        if (err != OK)
            return err;
        if (!output_put(&core->output, number, chunk))
            return OK; /* the reader asks again for what did not come */
    }
    return OK;
}

static enum err tell_chunks(struct core *core, uint32_t number, const lianshu_ChunkWanted *asked)
{
    uint64_t have;
    uint64_t count;
    enum err err = chunk_have(core->store->chunks, core_peer_at(core, number)->member, asked->root,
                              &have, &count);
    if (err != OK)
        return err;
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_CHUNK_HAVE,
                               .which_body = lianshu_Control_chunk_have_tag};
    control.body.chunk_have = *asked;
    control.body.chunk_have.first = have;
    (void)session_say(core, number, &control);
    return OK;
}

enum err session_control(struct core *core, uint32_t number, struct span frame)
{
    struct peer *peer = core_peer_at(core, number);
    lianshu_Control control;
    enum err err = frame_read_control(frame, &control);
    if (err != OK) {
        ingest_refuse(core, number, err, NULL);
        return OK;
    }
    switch (control.which_body) {
    case lianshu_Control_hello_tag:
        return hello(core, number, &control.body.hello);
    case lianshu_Control_credit_tag:
        set_window(peer, control.body.credit.messages, control.body.credit.bytes);
        return OK;
    case lianshu_Control_ack_tag:
        return acknowledge(core, peer, control.body.ack.receipt_stream);
    case lianshu_Control_chunk_wanted_tag:
        return serve_chunks(core, number, &control.body.chunk_wanted);
    case lianshu_Control_chunk_have_tag:
        return tell_chunks(core, number, &control.body.chunk_have);
    default:
        ingest_refuse(core, number, ERR_WIRE_ENUM, NULL);
        return OK;
    }
}

enum err session_chunk(struct core *core, uint32_t number, struct span frame)
{
    struct peer *peer = core_peer_at(core, number);
    struct frame_chunk chunk;
    enum err err = frame_parse_chunk(frame, &chunk);
    merkle_hash path[CHUNK_PATH_MAX];
    if (err == OK && chunk.path.len > sizeof path)
        err = ERR_PATH_SHAPE;
    if (err == OK) {
        memcpy(path, chunk.path.data, chunk.path.len);
        err = chunk_verify(chunk.root, chunk.index, chunk.count, (const merkle_hash *)path,
                           chunk.path.len / HASH_LEN, chunk.cipher);
    }
    if (err == OK)
        err = peer_take_token(peer, core->opt.rate_per_s, core->now_ms);
    if (err == OK)
        err = core_begin(core);
    if (err == OK)
        err = chunk_put(core->store->chunks, peer->member, chunk.root, chunk.index, chunk.count,
                        frame, core->now_ms);
    if (err_class(err) == ERR_CLASS_REJECT || err_class(err) == ERR_CLASS_RETRY) {
        ingest_refuse(core, number, err, NULL);
        return OK;
    }
    core->batch_count++;
    return err;
}

enum err session_want(struct core *core, const struct incoming *in, bool *missing)
{
    const lianshu_Header *h = &in->header;
    *missing = false;
    for (pb_size_t i = 0; i < h->attachments_count; i++) {
        const lianshu_AttachmentHeader *a = &h->attachments[i];
        uint64_t have;
        uint64_t count;
        enum err err = chunk_have(core->store->chunks, h->sender, a->root, &have, &count);
        if (err != OK)
            return err;
        if (count != 0 && count != a->chunk_count)
            return ERR_CONFLICT;
        if (have == a->chunk_count)
            continue;
        *missing = true;
        lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_CHUNK_WANTED,
                                   .which_body = lianshu_Control_chunk_wanted_tag};
        lianshu_ChunkWanted *want = &control.body.chunk_wanted;
        memcpy(want->root, a->root, sizeof want->root);
        want->first = have;
        want->count = CHUNKS_A_TIME;
        want->message_id.size = STORE_ID_LEN;
        memcpy(want->message_id.bytes, h->message_id, STORE_ID_LEN);
        (void)session_say(core, in->peer, &control);
    }
    return OK;
}
