/* Receipts out: through each member's numbered stream, and again whenever somebody asks. */
#include "core/state.h"

#include <string.h>

enum {
    STREAM_FRAME_ENTRIES = 64,
    REPEAT_ENTRIES = 32, /* of one frame */
    REPEAT_MAX = 128,    /* newest receipts of a message that a repeat tells */
    ENTRY_BYTES_MAX = FRAME_RECEIPT_MAX + FRAME_SIGNATURE_MAX + MERKLE_PATH_MAX * HASH_LEN + 64,
};

/* One entry of a stream frame: a member's receipt, or a leaf of the log with its path. */
static enum err add_leaf(struct core *core, uint64_t leaf, struct writer *w)
{
    struct leaf_proof proof;
    enum err err = proof_of(core, leaf, &proof);
    if (err != OK)
        return err;
    const struct frame_receipt entry = {
        .form = FRAME_RECEIPT_HUB, .receipt = proof.body, .path = proof.path};
    frame_receipts_add(w, &entry);
    return OK;
}

static enum err add_entry(struct core *core, uint64_t leaf, struct writer *w)
{
    uint64_t at = leaf;
    struct chain_receipt receipt;
    enum err err = chain_next(core, &at, &receipt);
    if (err != OK)
        return err;
    if (!receipt.by_member)
        return add_leaf(core, leaf, w);
    const struct frame_receipt entry = {
        .form = FRAME_RECEIPT_MEMBER,
        .receipt = receipt.q,
        .signature = receipt.s,
    };
    frame_receipts_add(w, &entry);
    return OK;
}

/* Entries that go into the next frame: how many of those that wait. */
static enum err count_entries(struct core *core, const struct peer *peer, unsigned *count)
{
    uint64_t last;
    enum err err = stream_last(core->store->stream, peer->member, &last);
    uint64_t waiting = err == OK && last > peer->stream_sent ? last - peer->stream_sent : 0;
    *count = waiting > STREAM_FRAME_ENTRIES ? STREAM_FRAME_ENTRIES : (unsigned)waiting;
    return err;
}

static enum err send_frame(struct core *core, uint32_t number, bool *more)
{
    struct peer *peer = core_peer_at(core, number);
    unsigned count;
    *more = false;
    enum err err = count_entries(core, peer, &count);
    if (err != OK || count == 0)
        return err;
    uint64_t first;
    uint64_t leaf;
    err = stream_next(core->store->stream, peer->member, peer->stream_sent, &first, &leaf);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if (first != peer->stream_sent + 1) {
        peer->stream_sent = first - 1; /* acknowledged by another adapter */
        *more = true;
        return OK;
    }
    struct writer w;
    if (!output_begin(&core->output, count * (size_t)ENTRY_BYTES_MAX + NOTE_LEN_MAX + 64, &w)) {
        core->work_waiting = true;
        return OK;
    }
    frame_receipts_begin(&w, first, count);
    for (unsigned i = 0; i < count; i++) {
        uint64_t at;
        err = stream_next(core->store->stream, peer->member, peer->stream_sent + i, &at, &leaf);
        if (err == OK)
            err = add_entry(core, leaf, &w);
        if (err != OK)
            return err;
    }
    frame_receipts_end(&w, span_of(core->checkpoint, core->checkpoint_len));
    if (w.full)
        return ERR_INTERNAL;
    output_end(&core->output, number, &w);
    peer->stream_sent += count;
    *more = true;
    return OK;
}

enum err receipts_send(struct core *core)
{
    for (uint32_t i = 0; i < core->peers.count; i++) {
        struct peer *peer = core_peer_at(core, i);
        if ((peer->wake & WAKE_STREAM) == 0 || !core_peer_takes(core, i))
            continue;
        bool more = true;
        while (more) {
            enum err err = send_frame(core, i, &more);
            if (err != OK)
                return err;
        }
        uint64_t last;
        enum err err = stream_last(core->store->stream, peer->member, &last);
        if (err != OK)
            return err;
        if (peer->stream_sent >= last)
            peer->wake &= ~(unsigned)WAKE_STREAM;
    }
    return OK;
}

/* The receipts of a message that are under the signed head, oldest first. */
static enum err collect(struct core *core, const struct message_row *known,
                        uint64_t leaves[static REPEAT_MAX], size_t *count)
{
    uint64_t leaf = known->last_leaf;
    size_t from = REPEAT_MAX;
    enum err err = OK;
    while (from > 0) {
        uint64_t at = leaf;
        struct chain_receipt link;
        err = chain_next(core, &leaf, &link);
        if (err != OK)
            break;
        if (at < core->signed_size) /* else it is on its way through the stream */
            leaves[--from] = at;
    }
    *count = REPEAT_MAX - from;
    memmove(leaves, leaves + from, *count * sizeof *leaves);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err receipts_repeat(struct core *core, uint32_t number, const struct message_row *known)
{
    uint64_t leaves[REPEAT_MAX];
    size_t count;
    enum err err = collect(core, known, leaves, &count);
    for (size_t at = 0; err == OK && at < count; at += REPEAT_ENTRIES) {
        unsigned some = (unsigned)(count - at < REPEAT_ENTRIES ? count - at : REPEAT_ENTRIES);
        struct writer w;
        if (!output_begin(&core->output, some * (size_t)ENTRY_BYTES_MAX + NOTE_LEN_MAX + 64, &w))
            return OK; /* whoever asked asks again */
        frame_receipts_begin(&w, 0, some);
        for (unsigned i = 0; err == OK && i < some; i++)
            err = add_entry(core, leaves[at + i], &w);
        frame_receipts_end(&w, span_of(core->checkpoint, core->checkpoint_len));
        if (err == OK && w.full)
            err = ERR_INTERNAL;
        if (err == OK)
            output_end(&core->output, number, &w);
    }
    return err;
}
