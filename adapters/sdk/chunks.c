/* Chunks on their way: which are asked for, which are wanted. Both are windows of ranges
 * (PROTOCOL: attachments), so that the next chunks are on the wire before the last ones are in. */
#include "adapters/sdk/inner.h"
#include "keys/guard.h"

/* ---- wanted of us ---- */

enum err chunks_wanted(struct sdk *s, const lianshu_ChunkWanted *c, uint64_t now_ms)
{
    struct want *slot = NULL;

    if (!outbox_known_root(s, c->root))
        return ERR_NOT_FOUND;
    for (size_t i = 0; i < SDK_WANT_MAX; i++) {
        struct want *w = &s->want[i];
        if (w->used && memcmp(w->root, c->root, HASH_LEN) == 0) {
            slot = w;
            break;
        }
        if (!w->used && slot == NULL)
            slot = w;
    }
    if (slot == NULL || c->count == 0 || c->first >= CHUNK_COUNT_MAX)
        return OK; /* the envelope goes again, and with it comes the question */
    /* A range that begins where the last one ended continues it; any other begins anew. */
    if (!slot->used || c->first != slot->end)
        *slot = (struct want){.used = true, .next = c->first};
    slot->end = c->first + c->count;
    memcpy(slot->root, c->root, HASH_LEN);
    if (c->message_id.size == SDK_ID_LEN) {
        memcpy(slot->message_id, c->message_id.bytes, SDK_ID_LEN);
        flight_busy(s, slot->message_id, now_ms + SDK_STALL_MS);
    }
    return OK;
}

/* The next chunk of one file. Behind its last one the envelope goes again. */
static enum err serve(struct sdk *s, struct want *w, uint64_t now_ms)
{
    const enum err err = file_chunk(s, w->root, w->next);

    if (err == OK) {
        w->next++;
        file_progress(s, SDK_SENDING, w->root, w->next * CHUNK_PLAIN_LEN,
                      s->outgoing.count * CHUNK_PLAIN_LEN);
    }
    if (err != OK || w->next == s->outgoing.count) {
        w->used = false;
        flight_busy(s, w->message_id, now_ms);
    }
    return err;
}

enum err chunks_serve(struct sdk *s, uint64_t now_ms)
{
    for (size_t i = 0; i < SDK_WANT_MAX; i++) {
        struct want *w = &s->want[i];
        if (!w->used || w->next >= w->end)
            continue;
        const enum err err = serve(s, w, now_ms);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_NOT_FOUND;
}

/* ---- wanted by us ---- */

static enum err begin(struct sdk *s, uint64_t now_ms)
{
    enum err err;
    uint8_t root[HASH_LEN], message_id[SDK_ID_LEN];
    lianshu_ManifestFile entry;

    if ((err = inbox_fetch_next(s, root, &entry, message_id, now_ms)) != OK)
        return err;
    err = file_fetch(s, &entry);
    guard_wipe(&entry, sizeof entry);
    if (err != OK)
        return err_class(err) == ERR_CLASS_RETRY ? ERR_NOT_FOUND : err;
    memcpy(s->fetch.message_id, message_id, SDK_ID_LEN);
    return OK;
}

/* How many chunks to ask for from f->asked on; 0: enough are on their way. */
static uint64_t room(const struct incoming_fetch *f)
{
    const uint64_t left = f->count - f->asked;
    const uint64_t free = f->have + SDK_CHUNK_WINDOW - f->asked;

    if (left <= free)
        return left;
    return free >= SDK_CHUNK_ASK ? free : 0;
}

enum err chunks_ask(struct sdk *s, uint64_t now_ms)
{
    enum err err;
    struct incoming_fetch *f = &s->fetch;
    lianshu_Control *c = s->control;

    if (f->fd < 0 && (err = begin(s, now_ms)) != OK)
        return err;
    if (f->asked < f->have || (f->have < f->asked && now_ms >= f->reask_ms))
        f->asked = f->have; /* what did not come is asked for anew */
    const uint64_t count = room(f);
    if (count == 0)
        return ERR_NOT_FOUND;
    if (f->asked == f->have)
        f->reask_ms = now_ms + SDK_REASK_MS;
    wire_clear(&lianshu_Control_msg, c);
    c->kind = lianshu_ControlKind_CONTROL_CHUNK_WANTED;
    c->which_body = lianshu_Control_chunk_wanted_tag;
    c->body.chunk_wanted = (lianshu_ChunkWanted){
        .first = f->asked,
        .count = (uint32_t)count,
        .have = f->have,
    };
    memcpy(c->body.chunk_wanted.root, f->root, HASH_LEN);
    c->body.chunk_wanted.message_id.size = SDK_ID_LEN;
    memcpy(c->body.chunk_wanted.message_id.bytes, f->message_id, SDK_ID_LEN);
    f->asked += count;
    return turn_put_control(s);
}

enum err chunks_take(struct sdk *s, struct span frame, uint64_t now_ms)
{
    enum err err;
    struct frame_chunk chunk;
    uint8_t root[HASH_LEN];
    bool complete;

    if ((err = frame_parse_chunk(frame, &chunk)) != OK ||
        (err = file_take(s, &chunk, &complete)) != OK)
        return err;
    s->fetch.reask_ms = now_ms + SDK_REASK_MS;
    if (!complete)
        return OK;
    memcpy(root, chunk.root, HASH_LEN);
    return inbox_complete(s, root, now_ms);
}

void chunks_forget(struct sdk *s)
{
    s->fetch.asked = s->fetch.have;
    memset(s->want, 0, sizeof s->want);
}
