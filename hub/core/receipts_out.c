/* Receipts out: through the numbered stream of each member and each link, and again whenever
 * somebody asks. */
#include "core/state.h"

#include <string.h>

enum {
    STREAM_FRAME_ENTRIES = 64,
    REPEAT_MAX = 128, /* newest receipts of a message that a repeat tells */
    ENTRY_BYTES_MAX = CHAIN_BESIDE_MAX,
};

enum err receipts_hand(struct core *core, const char *sender, const char *origin, uint64_t leaf)
{
    const char *to = origin != NULL && origin[0] != '\0' ? origin : sender;
    if (strcmp(to, core->opt.member) == 0)
        return OK;
    peers_wake(&core->peers, to, WAKE_STREAM);
    uint64_t number;
    return stream_put(core->store->stream, to, leaf, &number);
}

/* One entry of a stream frame: a receipt as it came, or a leaf of our log with its path. */
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
    if (receipt.entry.form == FRAME_RECEIPT_HUB)
        return add_leaf(core, leaf, w);
    frame_receipts_add(w, &receipt.entry);
    return OK;
}

/* The entries of the next frame, by their leaves: what waits and has landed. */
static enum err next_entries(struct core *core, const struct peer *peer, uint64_t *first,
                             uint64_t leaves[static STREAM_FRAME_ENTRIES], unsigned *count)
{
    uint64_t at = peer->stream_sent;
    for (*count = 0; *count < STREAM_FRAME_ENTRIES; *count += 1) {
        enum err err = stream_next(core->store->stream, peer->member, at, &at, &leaves[*count]);
        if (err != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        if (leaves[*count] >= core->signed_size)
            return OK;
        if (*count == 0)
            *first = at;
    }
    return OK;
}

static enum err send_frame(struct core *core, uint32_t number, bool *more)
{
    struct peer *peer = core_peer_at(core, number);
    uint64_t leaves[STREAM_FRAME_ENTRIES];
    uint64_t first;
    unsigned count;
    *more = false;
    enum err err = next_entries(core, peer, &first, leaves, &count);
    if (err != OK || count == 0)
        return err;
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
        err = add_entry(core, leaves[i], &w);
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
    struct repeats *r = &core->repeats;
    uint64_t leaves[REPEAT_MAX];
    size_t count;
    enum err err = collect(core, known, leaves, &count);
    for (size_t i = 0; err == OK && i < count; i++) {
        if (r->count == RECEIPTS_REPEAT_ENTRIES || (r->count > 0 && r->peer != number))
            err = receipts_repeated(core);
        r->peer = number;
        r->leaves[r->count++] = leaves[i];
    }
    return err;
}

enum err receipts_repeated(struct core *core)
{
    struct repeats *r = &core->repeats;
    const unsigned count = r->count;
    struct writer w;
    enum err err = OK;
    r->count = 0;
    if (count == 0 ||
        !output_begin(&core->output, count * (size_t)ENTRY_BYTES_MAX + NOTE_LEN_MAX + 64, &w))
        return OK; /* whoever asked asks again */
    frame_receipts_begin(&w, 0, count);
    for (unsigned i = 0; err == OK && i < count; i++)
        err = add_entry(core, r->leaves[i], &w);
    frame_receipts_end(&w, span_of(core->checkpoint, core->checkpoint_len));
    if (err == OK && w.full)
        err = ERR_INTERNAL;
    if (err == OK)
        output_end(&core->output, r->peer, &w);
    return err;
}
