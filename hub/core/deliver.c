/* From the queue to outputs: leases, the recipient's version of a frame, redelivery. Runs after
 * the commit, so that every statement it sends is under the signed head. */
#include "core/state.h"

#include <string.h>

enum { STATEMENT_FRAME_MAX = FRAME_STATEMENT_MAX + MERKLE_PATH_MAX * HASH_LEN + NOTE_LEN_MAX + 64 };

static enum err write_statement(struct core *core, uint64_t leaf, struct writer *w)
{
    struct leaf_proof proof;
    enum err err = proof_of(core, leaf, &proof);
    if (err != OK)
        return err;
    const struct frame_statement statement = {proof.body, proof.path, proof.checkpoint};
    frame_write_statement(w, &statement);
    return w->full ? ERR_INTERNAL : OK;
}

/* The recipient's version: its own parts, the hashes of the rest. */
static enum err write_envelope(struct core *core, const struct queue_row *row, struct writer *w)
{
    struct span stored;
    enum err err = message_frame(core->store->messages, row->seq, &stored);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    struct frame_envelope env;
    err = frame_parse_envelope(stored, &env);
    if (err == OK)
        err = wire_decode(&lianshu_Header_msg, env.header, &core->out_header);
    if (err == OK)
        err = envelope_forward(&core->out_header, &env, row->recipient, w);
    return err == OK ? OK : ERR_CORRUPT;
}

/* Statement and envelope, in one bundle when they fit. *sent false: no room among the outputs. */
static enum err send_row(struct core *core, uint32_t peer, const struct queue_row *row,
                         size_t *bytes, bool *sent)
{
    *sent = false;
    uint8_t room[STATEMENT_FRAME_MAX];
    struct writer statement = writer_of(room, sizeof room);
    struct writer envelope = writer_of(core->frame, FRAME_MAX);
    enum err err = write_statement(core, row->statement_leaf, &statement);
    if (err == OK)
        err = write_envelope(core, row, &envelope);
    if (err != OK)
        return err;
    *bytes = statement.len + envelope.len;
    size_t bundle_len = FRAME_MAGIC_LEN + 1 + 8 + *bytes;
    struct writer w;
    if (bundle_len <= FRAME_BUNDLE_MAX) {
        if (!output_begin(&core->output, bundle_len, &w))
            return OK;
        size_t begin = w.len;
        frame_bundle_begin(&w);
        *sent = frame_bundle_add(&w, begin, writer_span(&statement)) &&
                frame_bundle_add(&w, begin, writer_span(&envelope));
        if (!*sent)
            return ERR_INTERNAL;
        output_end(&core->output, peer, &w);
        return OK;
    }
    if (!output_begin(&core->output, *bytes, &w))
        return OK;
    *sent = output_put(&core->output, peer, writer_span(&statement)) &&
            output_put(&core->output, peer, writer_span(&envelope));
    return OK;
}

static bool needs_sealing(const struct queue_row *row)
{
    return row->form != FORM_FRAME && !notices_sealed(row->message_id);
}

/* One claimed row: out, to the sealing list, or back. */
static enum err place_row(struct core *core, uint32_t number, const struct queue_row *row,
                          bool *full)
{
    struct peer *peer = core_peer_at(core, number);
    if (needs_sealing(row)) {
        if (core->to_seal_count == NOTICE_BATCH_MAX) {
            queue_unlease(core->store->queue, row->recipient, row->seq);
            *full = true;
            return OK;
        }
        core->to_seal[core->to_seal_count++] = *row;
        core->work_waiting = true;
        return OK;
    }
    size_t bytes = 0;
    bool sent;
    enum err err = send_row(core, number, row, &bytes, &sent);
    if (err != OK)
        return err;
    if (!sent) {
        queue_unlease(core->store->queue, row->recipient, row->seq);
        core->work_waiting = true;
        *full = true;
        return OK;
    }
    peer->out_bytes = (peer->out_messages == 0 ? 0 : peer->out_bytes) + (uint32_t)bytes;
    peer->out_messages++;
    /* One envelope always goes, so that a small window holds up nothing for ever. */
    *full = peer->out_bytes >= peer->window_bytes;
    core_wake_at(core, core->now_ms + core->opt.lease_ms);
    return OK;
}

static enum err deliver_peer(struct core *core, uint32_t number)
{
    struct peer *peer = core_peer_at(core, number);
    bool full = false;
    if (peer->out_messages > 0 && peer->out_bytes >= peer->window_bytes)
        return OK;
    while (!full && peer->out_messages < peer->window_messages) {
        size_t cap = peer->window_messages - peer->out_messages;
        size_t count = 0;
        enum err err = queue_claim(core->store->queue, peer->member, (uint64_t)number + 1,
                                   core->now_ms, core->now_ms + core->opt.lease_ms, core->claimed,
                                   cap < CLAIM_MAX ? cap : CLAIM_MAX, &count);
        if (err == ERR_BUSY) {
            core->work_waiting = true;
            return OK;
        }
        if (err == ERR_NOT_FOUND)
            return OK;
        for (size_t i = 0; err == OK && i < count; i++) {
            if (full)
                queue_unlease(core->store->queue, core->claimed[i].recipient, core->claimed[i].seq);
            else
                err = place_row(core, number, &core->claimed[i], &full);
        }
        if (err != OK)
            return err;
    }
    return OK;
}

enum err deliver_all(struct core *core)
{
    for (uint32_t i = 0; i < core->peers.count; i++) {
        if (!core_peer_takes(core, i))
            continue;
        enum err err = deliver_peer(core, i);
        if (err != OK)
            return err;
        uint64_t due;
        err = queue_due(core->store->queue, core_peer_at(core, i)->member, &due);
        if (err != OK)
            return err;
        if (due != STORE_NEVER)
            core_wake_at(core, due > core->now_ms ? due : core->now_ms + 1);
    }
    return OK;
}

enum err deliver_overdue(struct core *core)
{
    char recipient[STORE_MEMBER_MAX + 1];
    uint64_t seq;
    for (size_t i = 0; i < QUEUE_LEASES_MAX; i++) {
        if (!queue_overdue(core->store->queue, core->now_ms, recipient, &seq))
            break;
        uint64_t lessee = queue_lessee(core->store->queue, recipient, seq);
        if (lessee > 0 && core_peer_at(core, (uint32_t)lessee - 1)->out_messages > 0)
            core_peer_at(core, (uint32_t)lessee - 1)->out_messages--;
        struct queue_row row;
        enum err err = core_begin(core);
        if (err == OK)
            err = queue_get(core->store->queue, recipient, seq, &row);
        uint16_t jitter;
        entropy_fill(core->opt.entropy, &jitter, sizeof jitter);
        if (err == OK)
            err = queue_defer(core->store->queue, recipient, seq,
                              queue_backoff_ms(core->now_ms, row.attempts + 1, core->opt.backoff_ms,
                                               BACKOFF_MAX_MS, jitter),
                              ERR_TIMEOUT, NULL);
        if (err != OK)
            return err;
    }
    uint64_t due = queue_lease_due(core->store->queue);
    if (due != STORE_NEVER)
        core_wake_at(core, due);
    return OK;
}
