/*
 * Attachments on their way: chunks in from senders, chunks out to readers.
 *
 * Both directions are windows of ranges (PROTOCOL: attachments): chunk_wanted asks for [first,
 * first + count), and a range that begins where the last one ended continues it, so that the next
 * window is on its way before the last one is in. The hub's memory is what lies in windows, so
 * all windows together are bounded and shared among those who use them.
 */
#include "core/state.h"

#include "keys/attachment.h"

#include <stdlib.h>
#include <string.h>

enum {
    WINDOW_MAX = 64,      /* chunks of one sender, or of one reader, on the wire */
    WINDOWS_TOTAL = 64,   /* of all senders, or of all readers: 16 MiB */
    WINDOW_MIN = 2,       /* what everybody may have */
    BATCH_SHARE = 16,     /* a chunk counts as so many envelopes of a batch */
    TURN_BYTES = 4 << 20, /* of outputs given to chunks in one turn */
    FULL_HOLD_MS = 500,   /* for a reader whose connection was full and that takes nothing */
    STALLED_MS = 5000,    /* without a chunk: may be asked for anew */
    IDLE_MS = 60 * 1000,  /* without a chunk: no longer counted */
};

_Static_assert((int)CHUNK_FRAME_MAX <= (int)STORE_CHUNK_FRAME_MAX, "a chunk fits into its slot");
_Static_assert((int)CHUNK_COUNT_MAX <= (int)STORE_CHUNK_COUNT_MAX, "a file fits into the store");

/* A file that a peer sends because we asked for it. */
struct upload {
    bool used;
    bool repeat; /* a chunk was lost: ask from the first one that is missing */
    bool told;   /* of the loss, since the last chunk that was good */
    uint8_t root[HASH_LEN];
    uint8_t message_id[STORE_ID_LEN]; /* the envelope that waits for it */
    uint64_t count, have, end;        /* end: asked for up to here */
    uint64_t heard_ms;                /* of its last chunk, or when it was first asked for */
};

/* A file that a peer reads. */
struct serving {
    bool used;
    uint8_t root[HASH_LEN];
    char sender[STORE_MEMBER_MAX + 1];
    uint64_t seq;
    uint64_t taken; /* the reader has those below, as far as we know */
    uint64_t next, end;
    uint64_t hold_ms; /* its connection was full: nothing before that, or before it took some */
    uint64_t seen;    /* those below were sent before: looked at again before they are sent again */
};

struct attach {
    struct upload upload[CORE_PEER_MAX];
    struct serving serving[CORE_PEER_MAX];
    uint32_t peers; /* numbers from here on were never used */
    uint32_t first; /* whom the next turn serves first */
};

enum err attach_open(struct core *core)
{
    core->attach = calloc(1, sizeof *core->attach);
    return core->attach == NULL ? ERR_NO_MEMORY : OK;
}

void attach_close(struct core *core)
{
    free(core->attach);
    core->attach = NULL;
}

void attach_gone(struct core *core, uint32_t number)
{
    core->attach->upload[number].used = false;
    core->attach->serving[number].used = false;
}

void attach_full(struct core *core, uint32_t number)
{
    struct serving *s = &core->attach->serving[number];
    /* What was not taken was dropped, some of it: to send all of it again at once would only fill
     * the connection with what is in it already. */
    s->seen = s->seen > s->next ? s->seen : s->next;
    s->next = s->taken;
    s->hold_ms = core->now_ms + FULL_HOLD_MS;
}

static void attach_saw(struct core *core, uint32_t number)
{
    if (number >= core->attach->peers)
        core->attach->peers = number + 1;
}

/* The share of one among `users`. */
static uint64_t window(uint64_t users)
{
    uint64_t share = users == 0 ? WINDOWS_TOTAL : WINDOWS_TOTAL / users;
    return share < WINDOW_MIN ? WINDOW_MIN : share > WINDOW_MAX ? WINDOW_MAX : share;
}

static uint64_t uploads(const struct attach *a)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < a->peers; i++)
        n += a->upload[i].used;
    return n;
}

/* ---- in ---- */

static bool ask(struct core *core, uint32_t number, const uint8_t root[static HASH_LEN],
                const uint8_t id[static STORE_ID_LEN], uint64_t first, uint64_t count)
{
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_CHUNK_WANTED,
                               .which_body = lianshu_Control_chunk_wanted_tag};
    lianshu_ChunkWanted *want = &control.body.chunk_wanted;
    memcpy(want->root, root, sizeof want->root);
    want->first = first;
    want->count = (uint32_t)count;
    want->have = core->attach->upload[number].have;
    want->message_id.size = STORE_ID_LEN;
    memcpy(want->message_id.bytes, id, STORE_ID_LEN);
    return session_say(core, number, &control);
}

/* The next range for a sender: what is left of its window, in halves, so that few frames ask. */
static void ask_more(struct core *core, uint32_t number)
{
    struct upload *u = &core->attach->upload[number];
    uint64_t most = window(uploads(core->attach));
    uint64_t count;
    if (u->repeat && chunk_have(core->store->chunks, core_peer_at(core, number)->member, u->root,
                                &u->have, &count) == OK)
        u->end = u->have;
    uint64_t end = u->have + most < u->count ? u->have + most : u->count;
    if (!u->used || end <= u->end || (end < u->count && end - u->end < (most + 1) / 2))
        return;
    if (!ask(core, number, u->root, u->message_id, u->end, end - u->end))
        return; /* no room: at the next turn */
    u->end = end;
    u->repeat = false;
}

/* Ask the sender for a file from `have` on. One file a peer at a time: ERR_BUSY for another. */
static enum err upload_begin(struct core *core, uint32_t number, const uint8_t *id,
                             const uint8_t root[static HASH_LEN], uint64_t have, uint64_t count)
{
    struct upload *u = &core->attach->upload[number];
    if (u->used && u->have < u->count && core->now_ms < u->heard_ms + STALLED_MS)
        return memcmp(u->root, root, HASH_LEN) == 0 ? OK : ERR_BUSY; /* it is coming */
    attach_saw(core, number);
    *u = (struct upload){.used = true, .count = count, .have = have, .end = have};
    u->heard_ms = core->now_ms;
    memcpy(u->root, root, HASH_LEN);
    memcpy(u->message_id, id, STORE_ID_LEN);
    ask_more(core, number);
    return OK;
}

enum err attach_want(struct core *core, const struct incoming *in, bool *missing)
{
    const lianshu_Header *h = &in->header;
    *missing = false;
    for (pb_size_t i = 0; i < h->attachments_count; i++) {
        const lianshu_AttachmentHeader *a = &h->attachments[i];
        uint64_t have;
        uint64_t count;
        enum err err = chunk_have(core->store->chunks, h->sender, a->root, &have, &count);
        if (err == OK && have != a->chunk_count && core->disk_low)
            err = ERR_DISK_FULL;
        if (err == OK && count == 0)
            err = chunk_admit(core->store->chunks, h->sender, a->root, a->chunk_count);
        if (err != OK)
            return err;
        if (count != 0 && count != a->chunk_count)
            return ERR_CONFLICT;
        if (have == a->chunk_count || *missing)
            continue;
        *missing = true;
        err = upload_begin(core, in->peer, h->message_id, a->root, have, a->chunk_count);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err take_chunk(struct core *core, uint32_t number, struct span frame)
{
    struct peer *peer = core_peer_at(core, number);
    struct upload *u = &core->attach->upload[number];
    struct frame_chunk chunk;
    merkle_hash path[CHUNK_PATH_MAX];

    enum err err = frame_parse_chunk(frame, &chunk);
    if (err == OK && chunk.path.len > sizeof path)
        err = ERR_PATH_SHAPE;
    if (err != OK)
        return err;
    memcpy(path, chunk.path.data, chunk.path.len);
    err = chunk_verify(chunk.root, chunk.index, chunk.count, (const merkle_hash *)path,
                       chunk.path.len / HASH_LEN, chunk.cipher);
    if (err == OK)
        err = core->disk_low ? ERR_DISK_FULL
                             : peer_take_token(peer, core->opt.rate_per_s, 0, core->now_ms);
    if (err == OK)
        err = core_begin(core);
    if (err == OK)
        err = chunk_put(core->store->chunks, peer->member, chunk.root, chunk.index, chunk.count,
                        frame, core->now_ms);
    bool asked = u->used && memcmp(u->root, chunk.root, HASH_LEN) == 0;
    if (err == OK && asked && chunk.index == u->have) {
        u->have++;
        u->told = false;
        u->heard_ms = core->now_ms;
    }
    if (err_class(err) == ERR_CLASS_RETRY && asked && !u->told)
        u->repeat = u->told = true;
    return err == ERR_SEQUENCE_GAP ? OK : err; /* one before it was lost: asked for again */
}

enum err attach_chunk(struct core *core, uint32_t number, struct span frame)
{
    enum err err = take_chunk(core, number, frame);
    if (err_class(err) == ERR_CLASS_REJECT || err_class(err) == ERR_CLASS_RETRY) {
        ingest_refuse(core, number, err, NULL);
        return OK;
    }
    core->batch_count += BATCH_SHARE;
    return err;
}

/* After the commit: those whose chunks came get their next range. */
static void ask_senders(struct core *core)
{
    struct attach *a = core->attach;
    for (uint32_t i = 0; i < a->peers; i++) {
        struct upload *u = &a->upload[i];
        if (!u->used)
            continue;
        if (u->have >= u->count || core->now_ms > u->heard_ms + IDLE_MS)
            u->used = false; /* the envelope follows of itself, now or some time */
        else if (core_peer_takes(core, i))
            ask_more(core, i);
    }
}

enum err attach_tell(struct core *core, uint32_t number, const lianshu_ChunkWanted *asked)
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

/* ---- out ---- */

/* The message that waits for this peer and names the attachment in a part that it reads. */
static enum err find_served(struct core *core, const char *member, const lianshu_ChunkWanted *want,
                            struct message_row *message)
{
    /* An id is unique for its sender only: of all who used it, the one whose envelope waits. */
    char sender[STORE_MEMBER_MAX + 1] = "";
    struct queue_row row;
    struct span stored;
    struct frame_envelope env;
    enum err err;
    do {
        err = message_next_of_id(core->store->messages, want->message_id.bytes, sender, message);
        if (err != OK)
            return err;
        err = queue_get(core->store->queue, member, message->seq, &row);
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
            part_reader(&h->parts[a->part], member) >= 0)
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
        if (strcmp(core_peer_at(core, i)->member, s->sender) == 0 && core_peer_takes(core, i))
            (void)upload_begin(core, i, nobody, s->root, have, count); /* busy: another time */
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
    ask_senders(core);
    for (uint32_t i = 0; i < a->peers; i++)
        readers += a->serving[i].used && a->serving[i].next < a->serving[i].end;
    /* Another one begins each turn, so that the first do not take every turn's bytes. */
    for (uint32_t k = 0; err == OK && readers > 0 && k < a->peers; k++) {
        uint32_t i = (uint32_t)((a->first + k) % a->peers);
        if (a->serving[i].used && core_peer_takes(core, i))
            err = serve_reader(core, i, window(readers), &bytes);
    }
    a->first++;
    if (bytes >= TURN_BYTES)
        core_wake_at(core, core->now_ms);
    return err;
}

/* ---- what nothing needs any more ---- */

enum err attach_sweep(struct core *core)
{
    bool more = false;
    if (!chunk_any(core->store->chunks))
        return OK;
    if (core->now_ms >= core->sweep_ms) {
        enum err err = core_begin(core);
        if (err == OK)
            err = chunk_sweep(core->store->chunks, core->now_ms, &more);
        if (err != OK)
            return err;
        if (!more)
            core->sweep_ms = core->now_ms + SECOND_MS;
    }
    core->work_waiting = core->work_waiting || more;
    core_wake_at(core, core->sweep_ms);
    return OK;
}
