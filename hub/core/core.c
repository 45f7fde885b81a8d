#include "core/state.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum { IDLE_TICK_MS = 60 * 1000, PEER_PAUSE_MS = 10 };

void core_wake_at(struct core *core, uint64_t at_ms)
{
    if (at_ms < core->due_ms)
        core->due_ms = at_ms;
}

enum err core_begin(struct core *core)
{
    if (core->open_batch)
        return OK;
    enum err err = store_begin(core->store, core->now_ms);
    core->open_batch = err == OK;
    return err == OK && core->acks_waiting > 0 ? session_acknowledge(core) : err;
}

void core_set_now(struct core *core, uint64_t now_ms)
{
    uint64_t high = store_now_high(core->store);
    core->now_ms = now_ms > high ? now_ms : high;
    core->clock_back = now_ms < high && high - now_ms > CLOCK_BACK_MAX_MS;
    if (core->flight_over)
        core->flight_ms = core->now_ms - core->flight_began_ms;
    core->flight_over = false;
}

/* ---- frames in ---- */

enum err core_peer(struct core *core, const char *user_id, uint32_t *peer)
{
    return peers_find(&core->peers, user_id, peer);
}

enum err core_admits(struct core *core, const char *user_id, uint64_t now_ms)
{
    uint32_t peer;
    const enum err err = peers_find(&core->peers, user_id, &peer);
    return err == OK ? peer_enters(core_peer_at(core, peer), now_ms) : err;
}

bool core_full(const struct core *core)
{
    return core->batch_count >= CORE_BATCH_MAX ||
           core->output.cap - core->output.len < 2 * (size_t)FRAME_MAX;
}

bool core_may_wait(const struct core *core)
{
    return core->poison == OK && !core->gave_up && core->output.count == 0 && !core_full(core);
}

/* The disk may refuse at any write. Outside a savepoint nobody knows what was written, so the
 * whole batch is given up; its senders hear `busy` or nothing, and send again. */
static enum err survive(struct core *core, enum err err)
{
    if (err_class(err) != ERR_CLASS_RETRY)
        return err;
    core->poison = err;
    core_wake_at(core, core->now_ms + BUSY_RETRY_MS);
    return OK;
}

static enum err take_frame(struct core *core, uint32_t peer, struct span frame,
                           enum frame_kind kind)
{
    if (!links_admit(core, peer))
        return OK;
    /* Envelopes and chunks pay where they are known to be new. */
    bool pays = kind == FRAME_RECEIPTS || kind == FRAME_CONTROL;
    if (pays &&
        peer_take_token(core_peer_at(core, peer), core->opt.rate_per_s, 0, core->now_ms) != OK) {
        ingest_refuse(core, peer, ERR_BUSY, NULL);
        return OK;
    }
    switch (kind) {
    case FRAME_ENVELOPE:
        return ingest_envelope(core, peer, frame);
    case FRAME_STATEMENT:
        return relay_statement(core, peer, frame);
    case FRAME_RECEIPTS:
        return survive(core, receipts_take(core, peer, frame));
    case FRAME_CHUNK:
        return survive(core, attach_chunk(core, peer, frame));
    case FRAME_CONTROL:
        return survive(core, session_control(core, peer, frame));
    default: /* one that came folded and did not unfold, or none for a socket */
        ingest_refuse(core, peer, kind == FRAME_FOLDED ? ERR_FRAME_LENGTH : ERR_FRAME_EMPTY, NULL);
        return OK;
    }
}

static enum err take_frames(struct core *core, uint32_t peer, struct span frame)
{
    enum frame_kind kind;
    enum err err = frame_kind(frame, &kind);
    if (err != OK) {
        ingest_refuse(core, peer, err, NULL);
        return OK;
    }
    if (kind != FRAME_BUNDLE)
        return take_frame(core, peer, frame, kind);
    struct frame_bundle bundle;
    err = frame_parse_bundle(frame, &bundle);
    if (err != OK) {
        ingest_refuse(core, peer, err, NULL);
        return OK;
    }
    struct span inner;
    while (err == OK && frame_bundle_next(&bundle, &inner)) {
        if (frame_kind(inner, &kind) != OK)
            kind = FRAME_NONE;
        err = take_frame(core, peer, inner, kind);
    }
    return err;
}

enum err core_frame(struct core *core, uint32_t peer, struct span frame, uint64_t now_ms)
{
    core_set_now(core, now_ms);
    core->output_ready = false;
    core_peer_at(core, peer)->heard = true;
    const enum err err = amending_barred(core, peer) ? OK : take_frames(core, peer, frame);
    return err == OK ? receipts_repeated(core) : err;
}

void core_barred(struct core *core, uint32_t peer, uint64_t now_ms)
{
    core_set_now(core, now_ms);
    core->output_ready = false;
    (void)amending_barred(core, peer);
}

/* ---- time ---- */

static enum err write_refusals(struct core *core, uint32_t number)
{
    struct peer *peer = core_peer_at(core, number);
    struct refusal_count counts[PEER_REFUSAL_CODES];
    size_t count;
    uint64_t since_ms = peer->refused_since_ms;
    if (!peer_take_refusals(peer, core->now_ms, counts, &count))
        return OK;
    lianshu_Refusals body = {.since_ms = since_ms, .counts_count = (pb_size_t)count};
    snprintf(body.peer, sizeof body.peer, "%s", peer->user_id);
    enum err err = core_begin(core);
    for (size_t i = 0; err == OK && i < count; i++) {
        char name[STORE_NAME_MAX];
        body.counts[i] = (lianshu_RefusalCount){(uint32_t)counts[i].code, counts[i].count};
        snprintf(name, sizeof name, "unverified.%u", (unsigned)counts[i].code);
        err = store_count(core->store, name, counts[i].count);
    }
    uint64_t index;
    return err == OK ? apply_leaf(core, LOG_REFUSALS, &lianshu_Refusals_msg, &body, &index) : err;
}

typedef enum err step_fn(struct core *core, bool *more);

enum err core_tick(struct core *core, uint64_t now_ms)
{
    core_set_now(core, now_ms);
    core->output_ready = false;
    core->due_ms = core->now_ms + IDLE_TICK_MS;
    core->work_waiting = false;
    enum err err = deliver_overdue(core);
    if (err == OK && core->acks_waiting > 0) {
        core_wake_at(core, core->acks_due_ms);
        err = core->now_ms >= core->acks_due_ms ? core_begin(core) : OK;
    }
    for (uint32_t i = 0; err == OK && i < core->peers.count; i++) {
        err = write_refusals(core, i);
        const struct peer *peer = core_peer_at(core, i);
        if (peer->refused_count > 0)
            core_wake_at(core, peer->refused_since_ms + SECOND_MS);
        if (peer->paused_until_ms > core->now_ms)
            core_wake_at(core, peer->paused_until_ms);
    }
    static step_fn *const steps[] = {recount_step,  orders_clock,  expansion_step,   backfill_step,
                                     warnings_step, redress_step,  case_clocks_step, tell_step,
                                     spread_step,   again_step,    links_step,       cosigning_step,
                                     amending_step, doubled_step,  rekey_step,       volumes_step,
                                     tally_step,    workdays_step, doubt_step};
    for (size_t i = 0; err == OK && i < sizeof steps / sizeof steps[0]; i++) {
        bool more = false;
        err = steps[i](core, &more);
        core->work_waiting = core->work_waiting || more;
    }
    if (err == OK)
        err = prepare_rows(core);
    if (err == OK)
        err = gates_step(core);
    if (err == OK)
        err = sweep_step(core);
    if (err == OK)
        err = sweep_retention(core);
    if (err == OK)
        err = attach_sweep(core);
    if (err == OK)
        err = sweep_log(core);
    if (err == OK)
        err = mirror_step(core);
    return survive(core, err);
}

/* ---- commit and outputs ---- */

static void send_acks(struct core *core)
{
    for (uint32_t i = 0; i < core->peers.count; i++) {
        struct peer *peer = core_peer_at(core, i);
        lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_ACK,
                                   .which_body = lianshu_Control_ack_tag};
        while (peer->acks_due > 0 && session_say(core, i, &control))
            peer->acks_due--;
        control.body.ack.receipt_stream = peer->in.landed;
        links_landed(core, peer);
        if (peer->in.landed > peer->in.acked && session_say(core, i, &control))
            peer->in.acked = peer->in.landed;
    }
}

/* Nothing of the batch is on disk, so nothing of it is said but that its senders try again. */
static enum err give_up_batch(struct core *core, enum err why)
{
    store_rollback(core->store);
    output_clear(&core->output);
    for (uint32_t i = 0; i < core->peers.count; i++) {
        struct peer *peer = core_peer_at(core, i);
        peer->acks_open = 0;
        peer->in.taken = peer->in.flying;
        if (peer->heard)
            ingest_refuse(core, i, why, NULL);
        peer->heard = false;
    }
    if (!core->refusing)
        log_warn("batch_refused", "code=%d", (int)why);
    core->refusing = true;
    core->gave_up = true;
    core->poison = OK;
    core->plan_loaded = false;
    mirror_wake(core);
    witnessing_given_up(core);
    amending_given_up(core);
    doubled_given_up(core);
    volumes_given_up(core);
    core->doubt_settled = false;
    core->work_waiting = true;
    core_wake_at(core, core->now_ms + BUSY_RETRY_MS);
    return rekey_look(core); /* its keys may have been those of a step that never was */
}

static enum err write_batch(struct core *core, bool *wrote)
{
    core->open_batch = false;
    core->batch_count = 0;
    core->at_once = 0;
    enum err err = core->poison != OK ? core->poison : store_write(core->store, wrote);
    if (err_class(err) == ERR_CLASS_RETRY) {
        const enum err looked = give_up_batch(core, err);
        const enum err room = err == ERR_DISK_FULL ? room_disk_full(core) : OK;
        if (looked != OK || room != OK)
            return looked != OK ? looked : room;
        return err;
    }
    if (err == OK && core->refusing)
        log_info("batch_accepted", "code=0");
    core->refusing = core->refusing && err != OK;
    return err;
}

enum err core_write(struct core *core, uint64_t now_ms, struct core_flight **flight)
{
    bool wrote = false;
    *flight = NULL;
    if (core->flying)
        return ERR_INTERNAL;
    core_set_now(core, now_ms);
    core->gave_up = false;
    enum err err = core->open_batch ? write_batch(core, &wrote) : OK;
    if (err_class(err) == ERR_CLASS_RETRY)
        return OK;
    core->poison = OK;
    /* Steps that follow each other leave the loop no pause: the log is folded back between them,
     * while it is short. All at once would hold up everybody for ten times as long. */
    if (err == OK && core->work_waiting)
        err = store_step(core->store);
    if (err != OK)
        return err;
    for (uint32_t i = 0; i < core->peers.count; i++) {
        struct peer *peer = core_peer_at(core, i);
        peer->heard = false;
        peer->acks_flying = peer->acks_open;
        peer->acks_open = 0;
        peer->in.flying = peer->in.taken;
    }
    witnessing_flying(core);
    return flight_begin(core, wrote, flight);
}

enum err core_commit(struct core *core, uint64_t now_ms)
{
    struct core_flight *flight;
    enum err err = core_write(core, now_ms, &flight);
    if (err == OK)
        err = flight_wait(core, flight);
    return err == OK ? core_speak(core, now_ms) : err;
}

enum err core_speak(struct core *core, uint64_t now_ms)
{
    core_set_now(core, now_ms);
    amending_speak(core); /* before a refusal that they explain: its sender seals again */
    enum err err = receipts_send(core);
    if (err == OK)
        err = deliver_all(core);
    if (err == OK)
        err = attach_pump(core);
    send_acks(core);
    witnessing_speak(core);
    if (core->work_waiting && !core->gave_up)
        core_wake_at(core, core->now_ms);
    core->output_ready = err == OK;
    return err;
}

bool core_output(struct core *core, struct core_output *out)
{
    if (!core->output_ready)
        return false;
    if (output_next(&core->output, &out->peer, &out->frame))
        return true;
    output_clear(&core->output);
    return false;
}

void core_peer_gone(struct core *core, uint32_t number, uint64_t now_ms)
{
    core_set_now(core, now_ms);
    struct peer *peer = core_peer_at(core, number);
    attach_gone(core, number);
    peer->ready = false;
    peer->paused_until_ms = 0;
    peer->out_messages = 0;
    peer->out_bytes = 0;
    peers_wake(&core->peers, peer->member, WAKE_QUEUE);
    peer_forget_acks(peer);
    (void)queue_unlease_all(core->store->queue, (uint64_t)number + 1);
    links_gone(core, number);
    cosigning_gone(core, number);
}

enum err core_peer_full(struct core *core, uint32_t number, uint64_t now_ms)
{
    core_set_now(core, now_ms);
    struct peer *peer = core_peer_at(core, number);
    attach_full(core, number);
    amending_again(core, number);
    peer->out_messages = 0;
    peer->out_bytes = 0;
    peer->wake |= WAKE_STREAM;
    peers_wake(&core->peers, peer->member, WAKE_QUEUE);
    peer->paused_until_ms = core->now_ms + PEER_PAUSE_MS;
    core_wake_at(core, peer->paused_until_ms);
    (void)queue_unlease_all(core->store->queue, (uint64_t)number + 1);
    return stream_acked(core->store->stream, peer->member, &peer->stream_sent);
}

bool core_peer_takes(const struct core *core, uint32_t number)
{
    const struct peer *peer = &core->peers.rows[number];
    return peer->ready && peer->paused_until_ms <= core->now_ms;
}

uint64_t core_due_ms(const struct core *core)
{
    return core->due_ms;
}
