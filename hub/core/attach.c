/*
 * Attachments on their way: chunks in from senders, chunks out to readers.
 *
 * A link is a sender and a reader like others: the chunks of an envelope are asked of the hub that
 * it came by, and a hub that an envelope waits for, or went to, reads them. One that has a file
 * whole says so, and gets the envelope at once.
 *
 * Both directions are windows of ranges (PROTOCOL: attachments): chunk_wanted asks for [first,
 * first + count), and a range that begins where the last one ended continues it, so that the next
 * window is on its way before the last one is in. The hub's memory is what lies in windows, so
 * all windows together are bounded and shared among those who use them.
 */
#include "core/attach_inner.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((int)CHUNK_FRAME_MAX <= (int)STORE_CHUNK_FRAME_MAX, "a chunk fits into its slot");
_Static_assert((int)CHUNK_COUNT_MAX <= (int)STORE_CHUNK_COUNT_MAX, "a file fits into the store");

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
    core->attach->upload[number].put_off_count = 0;
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

void attach_saw(struct core *core, uint32_t number)
{
    if (number >= core->attach->peers)
        core->attach->peers = number + 1;
}

uint64_t attach_window(uint64_t users)
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
    uint64_t most = attach_window(uploads(core->attach));
    uint64_t count;
    if (u->repeat && chunk_have(core->store->chunks, u->owner, u->root, &u->have, &count) == OK)
        u->end = u->have;
    uint64_t end = u->have + most < u->count ? u->have + most : u->count;
    if (!u->used || end <= u->end || (end < u->count && end - u->end < (most + 1) / 2))
        return;
    if (!ask(core, number, u->root, u->message_id, u->end, end - u->end))
        return; /* no room: at the next turn */
    u->end = end;
    u->repeat = false;
}

enum err attach_fetch(struct core *core, uint32_t number, const char *owner, const uint8_t *id,
                      const uint8_t root[static HASH_LEN], uint64_t have, uint64_t count)
{
    struct upload *u = &core->attach->upload[number];
    if (u->used && u->have < u->count && core->now_ms < u->heard_ms + STALLED_MS)
        return memcmp(u->root, root, HASH_LEN) == 0 ? OK : ERR_BUSY; /* it is coming */
    attach_saw(core, number);
    u->used = true;
    u->repeat = u->told = false;
    u->count = count;
    u->have = u->end = have;
    u->heard_ms = core->now_ms;
    memcpy(u->root, root, HASH_LEN);
    memcpy(u->message_id, id, STORE_ID_LEN);
    memcpy(u->owner, owner, sizeof u->owner);
    ask_more(core, number);
    return OK;
}

/* A link has one connection for many senders: what cannot be asked for yet is not refused, which
 * would hold up the rest. The link gives it again when it is told. */
static enum err put_off(struct core *core, const struct incoming *in, enum err why)
{
    struct upload *u = &core->attach->upload[in->peer];
    if (why != ERR_BUSY || link_of_peer(core, in->peer) == NULL)
        return why;
    for (size_t i = 0; i < u->put_off_count; i++) {
        if (memcmp(u->put_off[i], in->header.message_id, STORE_ID_LEN) == 0)
            return OK;
    }
    if (u->put_off_count < PUT_OFF_MAX) /* else at the end of its lease there */
        memcpy(u->put_off[u->put_off_count++], in->header.message_id, STORE_ID_LEN);
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
        err = attach_fetch(core, in->peer, h->sender, h->message_id, a->root, have, a->chunk_count);
        err = put_off(core, in, err);
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
    bool link = link_of_peer(core, number) != NULL;

    enum err err = frame_parse_chunk(frame, &chunk);
    bool asked = err == OK && u->used && memcmp(u->root, chunk.root, HASH_LEN) == 0;
    if (err == OK && link && !asked)
        err = ERR_NO_RIGHT; /* whose it is we know only of what we asked for */
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
        err = chunk_put(core->store->chunks, link ? u->owner : peer->member, chunk.root,
                        chunk.index, chunk.count, frame, core->now_ms);
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

static bool say_have(struct core *core, uint32_t number, const uint8_t id[static STORE_ID_LEN])
{
    const struct upload *u = &core->attach->upload[number];
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_CHUNK_HAVE,
                               .which_body = lianshu_Control_chunk_have_tag};
    lianshu_ChunkWanted *have = &control.body.chunk_have;
    memcpy(have->root, u->root, sizeof have->root);
    have->first = u->have;
    have->message_id.size = STORE_ID_LEN;
    memcpy(have->message_id.bytes, id, STORE_ID_LEN);
    return session_say(core, number, &control);
}

/* A link hears that its file is here, or has not come, and gives what waited for that. */
static bool say_over(struct core *core, uint32_t number)
{
    struct upload *u = &core->attach->upload[number];
    if (link_of_peer(core, number) == NULL)
        return true;
    for (; u->put_off_count > 0; u->put_off_count--) {
        if (!say_have(core, number, u->put_off[u->put_off_count - 1]))
            return false;
    }
    return u->have < u->count || say_have(core, number, u->message_id);
}

void attach_ask_senders(struct core *core)
{
    struct attach *a = core->attach;
    for (uint32_t i = 0; i < a->peers; i++) {
        struct upload *u = &a->upload[i];
        if (!u->used)
            continue;
        if (u->have >= u->count || core->now_ms > u->heard_ms + IDLE_MS)
            u->used = !say_over(core, i); /* the envelope follows of itself, now or some time */
        else if (core_peer_takes(core, i))
            ask_more(core, i);
    }
}

/* The next hub has the file: whatever envelope of that id is with it may come again at once. */
static enum err give_again(struct core *core, const char *link, const lianshu_ChunkWanted *have)
{
    char sender[STORE_MEMBER_MAX + 1] = "";
    struct message_row message;
    enum err err = have->message_id.size == STORE_ID_LEN ? OK : ERR_NOT_FOUND;
    while (err == OK) {
        struct queue_row row;
        err = message_next_of_id(core->store->messages, have->message_id.bytes, sender, &message);
        if (err != OK || queue_lessee(core->store->queue, link, message.seq) == 0)
            continue;
        err = queue_get(core->store->queue, link, message.seq, &row);
        if (err != OK)
            return err;
        deliver_released(core, link, row.seq, row.bytes);
        queue_unlease(core->store->queue, link, row.seq);
    }
    peers_wake(&core->peers, link, WAKE_QUEUE);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err attach_tell(struct core *core, uint32_t number, const lianshu_ChunkWanted *asked)
{
    uint64_t have;
    uint64_t count;
    if (link_of_peer(core, number) != NULL)
        return give_again(core, core_peer_at(core, number)->member, asked);
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
