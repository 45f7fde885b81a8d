/* From the queue to outputs: leases, the recipient's version of a frame, redelivery. The queue
 * gives out only what has landed, so that every statement that is sent is under the signed head. */
#include "core/state.h"

#include "base/log.h"

#include <string.h>

enum {
    STATEMENT_FRAME_MAX = FRAME_STATEMENT_MAX + MERKLE_PATH_MAX * HASH_LEN + NOTE_LEN_MAX + 64,
    WINDOW_RESERVE = 8,    /* one part of so many of a window is kept for lane REPAIR */
    STATEMENT_COST = 1024, /* of a window, beside the frame: a statement with its proof */
};

enum err deliver_put(struct core *core, const struct queue_row *row)
{
    enum err err = queue_put(core->store->queue, row);
    if (err != OK)
        return err;
    peers_wake(&core->peers, row->recipient, WAKE_QUEUE);
    sweep_note(core, row);
    return OK;
}

void deliver_released(struct core *core, const char *recipient, uint64_t seq, uint32_t bytes)
{
    uint64_t lessee = queue_lessee(core->store->queue, recipient, seq);
    if (lessee == 0)
        return;
    struct peer *peer = core_peer_at(core, (uint32_t)lessee - 1);
    if (peer->out_messages > 0)
        peer->out_messages--;
    uint32_t cost = bytes + STATEMENT_COST;
    peer->out_bytes = peer->out_bytes > cost ? peer->out_bytes - cost : 0;
    peer->wake |= WAKE_QUEUE;
}

/* ---- one envelope ---- */

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

/* The recipient's version: its own parts, the hashes of the rest. One that reads every part gets
 * the frame as it came. */
static enum err take_envelope(struct core *core, const struct queue_row *row, struct span *frame)
{
    enum err err = message_frame(core->store->messages, row->seq, frame);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (row->form == FORM_WHOLE)
        return OK;
    struct frame_envelope env;
    struct writer w = writer_of(core->frame, FRAME_MAX);
    err = frame_parse_envelope(*frame, &env);
    if (err == OK)
        err = wire_decode(&lianshu_Header_msg, env.header, &core->out_header);
    if (err == OK)
        err = envelope_forward(&core->out_header, &env, row->recipient, &w);
    *frame = writer_span(&w);
    return err == OK ? OK : ERR_CORRUPT;
}

/* ---- frames of one peer, collected in bundles ---- */

struct bundle {
    struct core *core;
    uint32_t peer;
    struct writer w;
    bool open;
    bool repair_first; /* a repair waits to be prepared */
};

static void bundle_end(struct bundle *b)
{
    if (b->open)
        output_end(&b->core->output, b->peer, &b->w);
    b->open = false;
}

/* A statement and its envelope, next to each other. False: no room among the outputs. */
static bool bundle_pair(struct bundle *b, struct span statement, struct span envelope)
{
    size_t len = statement.len + envelope.len + 8;
    if (FRAME_MAGIC_LEN + 1 + len > FRAME_BUNDLE_MAX) {
        bundle_end(b);
        struct output *out = &b->core->output;
        return output_has_room(out, 2, statement.len + envelope.len) &&
               output_put(out, b->peer, statement) && output_put(out, b->peer, envelope);
    }
    if (b->open && (b->w.len + len > FRAME_BUNDLE_MAX ||
                    b->w.data[FRAME_MAGIC_LEN] + 2 > FRAME_BUNDLE_FRAMES_MAX))
        bundle_end(b);
    if (!b->open) {
        if (!output_begin(&b->core->output, FRAME_BUNDLE_MAX, &b->w))
            return false;
        frame_bundle_begin(&b->w);
        b->open = true;
    }
    return frame_bundle_add(&b->w, 0, statement) && frame_bundle_add(&b->w, 0, envelope);
}

static enum err send_row(struct core *core, struct bundle *b, const struct queue_row *row,
                         size_t *bytes, bool *sent)
{
    uint8_t room[STATEMENT_FRAME_MAX];
    struct writer statement = writer_of(room, sizeof room);
    struct span envelope;
    *sent = false;
    enum err err = write_statement(core, row->statement_leaf, &statement);
    if (err == OK)
        err = take_envelope(core, row, &envelope);
    if (err != OK)
        return err;
    *bytes = statement.len + envelope.len;
    *sent = bundle_pair(b, writer_span(&statement), envelope);
    return OK;
}

/* One claimed row: out, to those that must be prepared first, or back. A repair that must be
 * prepared is not overtaken meanwhile. */
static enum err place_row(struct core *core, struct bundle *b, const struct queue_row *row,
                          bool *full)
{
    struct peer *peer = core_peer_at(core, b->peer);
    if (*full || (b->repair_first && row->lane > LANE_REPAIR)) {
        queue_unlease(core->store->queue, row->recipient, row->seq);
        *full = true;
        return OK;
    }
    bool needed;
    enum err err = prepare_needed(core, row, &needed);
    if (err != OK)
        return err;
    if (needed) {
        *full = !prepare_add(core, row);
        b->repair_first = b->repair_first || row->lane == LANE_REPAIR;
        return OK;
    }
    size_t bytes = 0;
    bool sent;
    err = send_row(core, b, row, &bytes, &sent);
    if (err != OK)
        return err;
    if (!sent) {
        queue_unlease(core->store->queue, row->recipient, row->seq);
        core->work_waiting = true;
        *full = true;
        return OK;
    }
    peer->out_bytes += row->bytes + STATEMENT_COST;
    peer->out_messages++;
    /* One envelope always goes, so that a small window holds up nothing for ever. */
    *full = peer->out_bytes >= peer->window_bytes;
    core_wake_at(core, core->now_ms + core->opt.lease_ms);
    return OK;
}

/* ---- one peer ---- */

/* How many it may be given now, and of which lanes. */
static size_t share_of(const struct core *core, const struct peer *peer, unsigned *lane_max)
{
    uint32_t allowed = peer_allows(peer, core->now_ms);
    uint32_t reserve = peer->breaker_step > 0 ? 0 : peer->window_messages / WINDOW_RESERVE;
    *lane_max = allowed > reserve ? LANE_BULK : LANE_REPAIR;
    if (peer->out_messages > 0 && peer->out_bytes >= peer->window_bytes)
        return 0;
    size_t share = allowed > reserve ? allowed - reserve : allowed;
    return share < CLAIM_MAX ? share : CLAIM_MAX;
}

static enum err deliver_peer(struct core *core, uint32_t number)
{
    struct peer *peer = core_peer_at(core, number);
    struct bundle bundle = {.core = core, .peer = number};
    bool full = false;
    bool more = false; /* that has not landed */
    enum err err = OK;
    while (err == OK && !full) {
        unsigned lane_max;
        size_t count = 0;
        size_t cap = share_of(core, peer, &lane_max);
        if (cap == 0)
            break;
        err = queue_claim(core->store->queue, peer->member, (uint64_t)number + 1, core->now_ms,
                          core->now_ms + core->opt.lease_ms, lane_max, core->claimed, cap, &count);
        more = queue_held_back(core->store->queue);
        for (size_t i = 0; err == OK && i < count; i++)
            err = place_row(core, &bundle, &core->claimed[i], &full);
    }
    bundle_end(&bundle);
    if (!full && !more && err != ERR_BUSY)
        peer->wake &= ~(unsigned)WAKE_QUEUE;
    core->work_waiting = core->work_waiting || err == ERR_BUSY;
    return err == ERR_NOT_FOUND || err == ERR_BUSY ? OK : err;
}

/* When to look again although nobody wakes it: a row falls due, or the breaker lets a probe
 * through. */
static enum err plan_look(struct core *core, struct peer *peer)
{
    uint64_t due;
    enum err err = queue_due(core->store->queue, peer->member, &due);
    if (err != OK)
        return err;
    if (due <= core->now_ms)
        due = STORE_NEVER; /* it waits for room, not for time */
    if (peer->breaker_step > 0 && peer->breaker_ms > core->now_ms && peer->breaker_ms < due)
        due = peer->breaker_ms;
    peer->look_ms = due;
    if (due != STORE_NEVER)
        core_wake_at(core, due);
    return OK;
}

enum err deliver_all(struct core *core)
{
    for (uint32_t i = 0; i < core->peers.count; i++) {
        struct peer *peer = core_peer_at(core, i);
        if ((peer->wake & WAKE_QUEUE) == 0 && peer->look_ms > core->now_ms) {
            core_wake_at(core, peer->look_ms);
            continue;
        }
        if (!core_peer_takes(core, i))
            continue;
        enum err err = deliver_peer(core, i);
        if (err == OK)
            err = plan_look(core, peer);
        if (err != OK)
            return err;
    }
    return OK;
}

/* ---- leases that ran out ---- */

static enum err give_back(struct core *core, const char *recipient, uint64_t seq)
{
    struct queue_row row;
    enum err err = queue_get(core->store->queue, recipient, seq, &row);
    if (err != OK)
        return err;
    uint16_t jitter[2];
    entropy_fill(core->opt.entropy, jitter, sizeof jitter);
    uint64_t lessee = queue_lessee(core->store->queue, recipient, seq);
    deliver_released(core, recipient, seq, row.bytes);
    if (lessee > 0) {
        struct peer *peer = core_peer_at(core, (uint32_t)lessee - 1);
        if (peer_overdue(peer, core->now_ms, jitter[1]))
            log_warn("breaker_open", "peer=%s", peer->user_id);
    }
    /* A link that is down is no dead recipient: what waits for it keeps its place. */
    if (core->opt.link_count > 0 && link_of_member(core, recipient) != NULL) {
        queue_unlease(core->store->queue, recipient, seq);
        return OK;
    }
    if (row.attempts + 1 >= core->opt.attempts_max)
        return ending_park(core, &row, ERR_ATTEMPTS);
    return queue_defer(core->store->queue, recipient, seq,
                       queue_backoff_ms(core->now_ms, row.attempts + 1, core->opt.backoff_ms,
                                        BACKOFF_MAX_MS, jitter[0]),
                       ERR_TIMEOUT, NULL);
}

enum err deliver_overdue(struct core *core)
{
    char recipient[STORE_MEMBER_MAX + 1];
    uint64_t seq;
    for (size_t i = 0; i < QUEUE_LEASES_MAX; i++) {
        if (!queue_overdue(core->store->queue, core->now_ms, recipient, &seq))
            break;
        enum err err = core_begin(core);
        if (err == OK)
            err = give_back(core, recipient, seq);
        if (err != OK)
            return err;
        peers_wake(&core->peers, recipient, WAKE_QUEUE); /* it has something to wait for now */
    }
    uint64_t due = queue_lease_due(core->store->queue);
    if (due != STORE_NEVER)
        core_wake_at(core, due);
    return OK;
}
