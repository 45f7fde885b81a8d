/* The row by which an envelope goes to a recipient or to the next hub: in whose order, when, and
 * what a gate found about it. */
#include "core/state.h"

#include "base/text.h"

#include <string.h>

static bool reads_all(const lianshu_Header *h, const char *recipient)
{
    for (pb_size_t i = 0; i < h->parts_count; i++) {
        if (part_reader(&h->parts[i], recipient) < 0)
            return false;
    }
    return true;
}

/* PROTOCOL, Statement: a conversation that is the message's own id, without a sequence, is nobody
 * else's; it has no order to keep. */
static bool is_ordered(const lianshu_Header *h)
{
    bool own = h->conversation.size == sizeof h->message_id &&
               memcmp(h->conversation.bytes, h->message_id, sizeof h->message_id) == 0;
    return h->conversation.size > 0 && (h->sequence > 0 || !own);
}

/* In whose order a row goes; empty: in none. To another hub the steps of a case go in the order in
 * which hubs show each other steps of it, whatever conversation they are part of, and hubs on the
 * way keep to that: what is shown overtakes no step. PROTOCOL 15, Cases. */
static struct span order_of(const struct core *core, const struct incoming *in,
                            const struct addressee *to, uint8_t case_id[static STORE_ID_LEN])
{
    const lianshu_Header *h = &in->header;
    if (to->share != 0 && in->link != NULL && in->said->delivery_number > 0)
        return span_of(in->said->conversation.bytes, in->said->conversation.size);
    if (to->share != 0 && in->link == NULL && in->has_facts && cases_apply(in) && cases_named(in)) {
        memcpy(case_id, cases_step_of(core, in).id, STORE_ID_LEN);
        return span_of(case_id, STORE_ID_LEN);
    }
    return is_ordered(h) ? span_of(h->conversation.bytes, h->conversation.size) : span_of(NULL, 0);
}

/* What the gate found goes with the row. */
static void note_gate(const struct judgement *judged, struct queue_row *row)
{
    if (judged->gated) {
        row->gated_at = judged->gated_at;
        row->token_count = judged->asked.more ? 0 : judged->asked.count;
        memcpy(row->tokens, judged->asked.token, row->token_count * sizeof row->tokens[0]);
    }
    if (apply_holds(judged)) {
        row->state = QUEUE_HELD;
        row->code = ERR_HELD;
        holds_note(row, &judged->verdict);
    }
}

enum err apply_queue(struct core *core, const struct incoming *in, const struct judgement *judged,
                     const struct message_row *message, const struct addressee *to)
{
    const lianshu_Header *h = &in->header;
    const char *recipient = to->member;
    /* The hub of the recipients sees to the moment; and our gate is no matter of theirs when their
     * sender's has let it pass. */
    const bool waits = to->share == 0 && h->not_before_ms > core->now_ms;
    const bool gate = to->share == 0 || in->link == NULL;
    struct queue_row row = {
        .seq = message->seq,
        .state = waits ? QUEUE_WAITING : QUEUE_READY,
        .lane = message->lane,
        .form = to->share != 0 || reads_all(h, recipient) ? FORM_WHOLE : FORM_FRAME,
        .bytes = (uint32_t)in->frame.len,
        .type = h->type,
        .due_ms = to->share == 0 ? h->not_before_ms : 0,
        .expires_ms = h->expires_ms,
    };
    if (gate)
        note_gate(judged, &row);
    text_copy(row.recipient, sizeof row.recipient, recipient);
    memcpy(row.sender, h->sender, sizeof row.sender);
    memcpy(row.message_id, h->message_id, sizeof row.message_id);
    uint8_t case_id[STORE_ID_LEN];
    const struct span order = order_of(core, in, to, case_id);
    if (order.len > 0)
        memcpy(row.conversation, order.data, order.len);
    enum err err = OK;
    /* What waits for a moment gets its number then, so that it holds up nobody meanwhile. */
    if (order.len > 0 && row.state == QUEUE_READY)
        err = queue_number(core->store->queue, recipient, row.conversation, &row.number);
    if (err != OK)
        return err;
    const struct statement_about statement = {
        .recipient = recipient,
        .env_id = in->env_id,
        .conversation =
            order.len > 0 ? order : span_of(h->conversation.bytes, h->conversation.size),
        .number = row.number,
        .advisories = judged->verdict.ground,
        .advisory_count =
            gate && apply_advises(&judged->verdict) ? judged->verdict.ground_count : 0,
        .came = in->said,
        .share = to->share,
        .case_step = judged->case_step != 0 ? judged->case_step : in->case_step,
    };
    err = apply_statement(core, &statement, &row.statement_leaf);
    if (err != OK)
        return err;
    return deliver_put(core, &row);
}
