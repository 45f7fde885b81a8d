/* What adapters and other hubs say about themselves: hello, credit, acknowledgements. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

enum {
    CONTROL_FRAME_MAX = 512,
    PART_FRAME_MAX = LINK_PIECE + CONTROL_FRAME_MAX,
    WITNESS_FRAME_MAX = sizeof(lianshu_WitnessAsk) + CONTROL_FRAME_MAX,
    WINDOW_MESSAGES_MAX = 4096,
};

/* Room for the frame of a control. */
static size_t frame_room(const lianshu_Control *control)
{
    switch (control->which_body) {
    case lianshu_Control_registry_part_tag:
    case lianshu_Control_amendments_tag:
        return PART_FRAME_MAX;
    case lianshu_Control_witness_ask_tag:
    case lianshu_Control_witness_answer_tag:
        return WITNESS_FRAME_MAX;
    default:
        return CONTROL_FRAME_MAX;
    }
}

bool session_say(struct core *core, uint32_t peer, const lianshu_Control *control)
{
    struct writer w;
    if (!output_begin(&core->output, frame_room(control), &w))
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
    links_own_log(core, body->log);
    (void)session_say(core, number, &control);
}

static void set_window(struct peer *peer, uint32_t messages, uint32_t bytes)
{
    peer->window_messages = messages < WINDOW_MESSAGES_MAX ? messages : WINDOW_MESSAGES_MAX;
    peer->window_bytes = bytes;
    peer->wake |= WAKE_QUEUE;
}

/* An acknowledgement only lets us forget. It goes with the next batch, and makes one of its own
 * only when none comes for a while: lost with a kill it costs a receipt sent twice. */
static enum err acknowledge(struct core *core, struct peer *peer, uint64_t number)
{
    enum { LAZY_MS = 250 };
    if (number <= peer->ack_number)
        return OK;
    peer->ack_number = number;
    if (core->acks_waiting == 0)
        core->acks_due_ms = core->now_ms + LAZY_MS;
    core->acks_waiting++;
    core_wake_at(core, core->acks_due_ms);
    return core->open_batch ? session_acknowledge(core) : OK;
}

enum err session_acknowledge(struct core *core)
{
    enum err err = OK;
    core->acks_waiting = 0;
    for (uint32_t i = 0; err == OK && i < core->peers.count; i++) {
        struct peer *peer = core_peer_at(core, i);
        if (peer->ack_number == 0)
            continue;
        err = stream_ack(core->store->stream, peer->member, peer->ack_number);
        peer->ack_number = 0;
        /* More than we gave: an adapter that knew another hub. It says so in its own log. */
        err = err == ERR_FIELD_VALUE ? OK : err;
    }
    return err;
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
    relay_hello(core, number);
    attach_gone(core, number);
    peer->ready = true;
    peer->hello_ms = core->now_ms;
    peer->mirror = body->mirror;
    mirror_peers_changed(core);
    peer->out_messages = 0;
    peer->out_bytes = 0;
    peer->wake = WAKE_STREAM;
    peer_answered(peer);
    peers_wake(&core->peers, peer->member, WAKE_QUEUE);
    peer_forget_acks(peer);
    set_window(peer, body->credit_messages, body->credit_bytes);
    uint64_t last;
    enum err err = stream_last(core->store->stream, peer->member, &last);
    if (err != OK)
        return err;
    /* A number that we never gave is of another hub: it acknowledges nothing here. */
    const bool first = !peer->hub && body->receipt_log[0] == '\0'; /* it has none of ours yet */
    const bool ours = body->receipt_stream <= last && (first || links_streams(core, body));
    peer->stream_sent = ours ? body->receipt_stream : 0;
    err = acknowledge(core, peer, peer->stream_sent);
    if (!peer->dialled)
        welcome(core, number);
    if (err == OK && peer->hub)
        links_hello(core, number, body);
    cosigning_hello(core, number);
    amending_heard(core, number, span_of(body->amendments.bytes, body->amendments.size));
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
    case lianshu_Control_busy_tag:
        return relay_busy(core, number, &control.body.busy);
    case lianshu_Control_ack_tag:
        if (control.body.ack.receipt_stream > peer->stream_sent)
            return OK; /* of another log: it acknowledges nothing here */
        return acknowledge(core, peer, control.body.ack.receipt_stream);
    case lianshu_Control_chunk_wanted_tag:
        return attach_serve(core, number, &control.body.chunk_wanted);
    case lianshu_Control_chunk_have_tag:
        return attach_tell(core, number, &control.body.chunk_have);
    case lianshu_Control_amendments_tag:
        return amending_take(core, number, &control.body.amendments);
    case lianshu_Control_witness_answer_tag:
        return cosigning_answer(core, number, &control.body.witness_answer);
    default:
        return links_control(core, number, &control);
    }
}
