/* Chunks out: to readers of an envelope, and to the hubs that it goes on to. */
#include "core/attach_inner.h"

#include <string.h>

/* Is the message one of this peer's? Of a link: one that waits for it, or went out by it. */
static enum err is_peers(struct core *core, const char *member, bool link,
                         const struct message_row *message)
{
    char behind[RECEIPTS_BEHIND_MAX][STORE_MEMBER_MAX + 1];
    struct queue_row row;
    if (!link)
        return queue_get(core->store->queue, member, message->seq, &row);
    return receipts_behind(core, message, member, behind) > 0 ? OK : ERR_NOT_FOUND;
}

/* The message that waits for this peer and names the attachment in a part that it reads. */
static enum err find_served(struct core *core, const char *member, const lianshu_ChunkWanted *want,
                            struct message_row *message)
{
    /* An id is unique for its sender only: of all who used it, the one whose envelope waits. */
    char sender[STORE_MEMBER_MAX + 1] = "";
    const bool link = link_of_member(core, member) != NULL;
    struct span stored;
    struct frame_envelope env;
    enum err err;
    do {
        err = message_next_of_id(core->store->messages, want->message_id.bytes, sender, message);
        if (err != OK)
            return err;
        err = is_peers(core, member, link, message);
    } while (err == ERR_NOT_FOUND);
    if (err == OK)
        err = message_frame(core->store->messages, message->seq, &stored);
    if (err == OK)
        err = frame_parse_envelope(stored, &env);
    if (err == OK)
        err = wire_decode(&lianshu_Header_msg, env.header, &core->out_header);
    if (err != OK)
        return err;
    const lianshu_Header *h = &core->out_header;
    for (pb_size_t i = 0; i < h->attachments_count; i++) {
        const lianshu_AttachmentHeader *a = &h->attachments[i];
        if (memcmp(a->root, want->root, HASH_LEN) == 0 && a->part < h->parts_count &&
            (link || part_reader(&h->parts[a->part], member) >= 0))
            return OK;
    }
    return ERR_NOT_IN_AUDIENCE;
}

static void serve_range(struct serving *s, const lianshu_ChunkWanted *want,
                        const struct message_row *message)
{
    bool same = s->used && s->seq == message->seq && memcmp(s->root, want->root, HASH_LEN) == 0;
    uint64_t end = want->first + want->count;
    if (!same || want->first != s->end) {
        uint64_t seen = same ? (s->seen > s->next ? s->seen : s->next) : 0;
        *s = (struct serving){.used = true, .seq = message->seq, .next = want->first, .seen = seen};
        memcpy(s->root, want->root, HASH_LEN);
        memcpy(s->sender, message->sender, sizeof s->sender);
        memcpy(s->message_id, message->id, sizeof s->message_id);
        memcpy(s->from, message->origin[0] != '\0' ? message->origin : message->sender,
               sizeof s->from);
        s->taken = want->first;
    }
    uint64_t sent = s->seen > s->next ? s->seen : s->next;
    if (want->have > s->taken && want->have <= sent) {
        s->taken = want->have;
        s->next = s->next > s->taken ? s->next : s->taken;
        s->hold_ms = 0;
    }
    s->end = end - s->taken > WINDOW_MAX ? s->taken + WINDOW_MAX : end;
}

/* Who fetches chunks has the envelope and is at it: no lease of it runs out meanwhile. */
static void reader_works(struct core *core, struct peer *peer, uint64_t seq)
{
    queue_extend(core->store->queue, peer->member, seq, core->now_ms + core->opt.lease_ms);
    peer_answered(peer);
}

enum err attach_serve(struct core *core, uint32_t number, const lianshu_ChunkWanted *want)
{
    struct peer *peer = core_peer_at(core, number);
    struct serving *s = &core->attach->serving[number];
    struct message_row message;
    enum err err = ERR_FIELD_VALUE;
    if (s->used && want->first == s->end && memcmp(s->root, want->root, HASH_LEN) == 0) {
        /* What it may read was decided when it began. */
        memcpy(message.sender, s->sender, sizeof s->sender);
        message.seq = s->seq;
        serve_range(s, want, &message);
        reader_works(core, peer, s->seq);
        return OK;
    }
    if (want->message_id.size == STORE_ID_LEN && want->first < STORE_CHUNK_COUNT_MAX)
        err = find_served(core, peer->member, want, &message);
    if (err == OK) {
        attach_saw(core, number);
        serve_range(s, want, &message);
        reader_works(core, peer, message.seq);
        return OK;
    }
    if (err_class(err) != ERR_CLASS_REJECT)
        return err;
    ingest_refuse(core, number, err, NULL);
    return OK;
}

/* A chunk that was asked for again may have rotted here: then it is asked of its sender. */
static enum err look_again(struct core *core, const struct serving *s, struct span frame)
{
    struct frame_chunk chunk;
    merkle_hash path[CHUNK_PATH_MAX];
    if (frame_parse_chunk(frame, &chunk) == OK && chunk.path.len <= sizeof path &&
        chunk.index == s->next && memcmp(chunk.root, s->root, HASH_LEN) == 0) {
        memcpy(path, chunk.path.data, chunk.path.len);
        if (chunk_verify(chunk.root, chunk.index, chunk.count, (const merkle_hash *)path,
                         chunk.path.len / HASH_LEN, chunk.cipher) == OK)
            return OK;
    }
    chunk_spoilt(core->store->chunks, s->sender, s->root, s->next);
    return ERR_NOT_FOUND;
}

/* An accepted attachment is damaged here: its sender still has it. */
static void ask_owner(struct core *core, const struct serving *s)
{
    uint64_t have;
    uint64_t count;
    if (chunk_have(core->store->chunks, s->sender, s->root, &have, &count) != OK || have >= count ||
        s->next < have)
        return;
    for (uint32_t i = 0; i < core->peers.count; i++) {
        static const uint8_t nobody[STORE_ID_LEN];
        const uint8_t *id = link_of_peer(core, i) == NULL ? nobody : s->message_id;
        bool his = strcmp(core_peer_at(core, i)->member, s->from) == 0 && core_peer_takes(core, i);
        if (his && attach_fetch(core, i, s->sender, id, s->root, have, count) != OK)
            continue; /* busy: another time */
    }
}

/* Chunks for one reader, within its share. *bytes is what they took of the turn. */
static enum err serve_reader(struct core *core, uint32_t number, uint64_t share, size_t *bytes)
{
    struct serving *s = &core->attach->serving[number];
    if (core->now_ms < s->hold_ms) {
        core_wake_at(core, s->hold_ms);
        return OK;
    }
    while (s->next < s->end && s->next < s->taken + share && *bytes < TURN_BYTES) {
        struct span frame;
        enum err err = chunk_get(core->store->chunks, s->sender, s->root, s->next, &frame);
        if (err == OK && s->next < s->seen)
            err = look_again(core, s, frame);
        if (err_class(err) == ERR_CLASS_FATAL || err_class(err) == ERR_CLASS_INTERNAL)
            return err;
        if (err != OK) {
            ask_owner(core, s);
            s->end = s->next; /* past the end, or not here: the reader asks again */
            return OK;
        }
        if (!output_put(&core->output, number, frame)) {
            *bytes = TURN_BYTES;
            return OK;
        }
        *bytes += frame.len;
        s->next++;
    }
    return OK;
}

enum err attach_pump(struct core *core)
{
    struct attach *a = core->attach;
    size_t bytes = 0;
    uint64_t readers = 0;
    enum err err = OK;

    if (a->peers == 0)
        return OK;
    attach_ask_senders(core);
    for (uint32_t i = 0; i < a->peers; i++)
        readers += a->serving[i].used && a->serving[i].next < a->serving[i].end;
    /* Another one begins each turn, so that the first do not take every turn's bytes. */
    for (uint32_t k = 0; err == OK && readers > 0 && k < a->peers; k++) {
        uint32_t i = (uint32_t)((a->first + k) % a->peers);
        if (a->serving[i].used && core_peer_takes(core, i))
            err = serve_reader(core, i, attach_window(readers), &bytes);
    }
    a->first++;
    if (bytes >= TURN_BYTES)
        core_wake_at(core, core->now_ms);
    return err;
}
