/* Asking the gate again, because a restriction began or ended since it was asked: what it refuses
 * now ends here, what it holds is set aside, what it only flags says so, and what it has nothing
 * against any more goes as if it never had. */
#include "core/state.h"

#include <string.h>

enum { OUTCOME_MAX = lianshu_Outcome_size };

static enum err mark(struct core *core, const struct queue_row *row, const struct judgement *judged)
{
    return queue_gated(core->store->queue, row->recipient, row->seq, judged->gated_at,
                       judged->asked.token, judged->asked.more ? 0 : judged->asked.count);
}

/* It cannot be asked about: officials look at it. What is held waits for them anyway. */
static enum err set_aside(struct core *core, const struct queue_row *row, enum err why)
{
    enum err err = queue_gated(core->store->queue, row->recipient, row->seq,
                               log_size(core->store->log), row->tokens, row->token_count);
    return err == OK && row->state != QUEUE_HELD ? ending_park(core, row, why) : err;
}

static enum err refuse(struct core *core, const struct queue_row *row,
                       const struct message_row *message, const struct judgement *judged)
{
    const struct ending what = {
        .kind = lianshu_ReceiptKind_RECEIPT_REFUSED,
        .code = judged->verdict.err,
        .grounds = judged->verdict.ground,
        .ground_count = judged->verdict.ground_count,
    };
    const struct hold_end end = {.code = ERR_RESTRICTED, .newer = &judged->verdict};
    enum err err = store_count(core->store, "gate.refused", 1);
    if (err != OK)
        return err;
    return row->state == QUEUE_HELD ? holds_end(core, row, message, &end)
                                    : ending_close(core, row, &what);
}

/* Nothing holds it any more: to its recipient, with what there is still to be said. */
static enum err let_go(struct core *core, const struct queue_row *row,
                       const struct message_row *message, const struct verdict *verdict)
{
    const struct hold_end end = {.release = true, .code = OK, .newer = verdict};
    return holds_end(core, row, message, &end);
}

/* The statement says what the gate says now. */
static enum err restate(struct core *core, const struct queue_row *row,
                        const struct verdict *verdict)
{
    uint64_t leaf;
    enum err err = apply_restate(core, row, row->number, verdict, &leaf);
    return err == OK ? queue_seal(core->store->queue, row->recipient, row->seq, row->message_id,
                                  row->number, leaf)
                     : err;
}

static enum err carry_out(struct core *core, const struct queue_row *row,
                          const struct message_row *message, struct judgement *judged)
{
    struct verdict *v = &judged->verdict;
    /* Who decided on the hold decided with this restriction in sight. */
    if (v->action == GATE_HOLD && holds_decided(row))
        v->action = GATE_FLAG;
    if (v->action == GATE_REFUSE)
        return refuse(core, row, message, judged);
    enum err err = mark(core, row, judged);
    if (err != OK)
        return err;
    if (row->state == QUEUE_HELD)
        return v->action == GATE_HOLD ? OK : let_go(core, row, message, v);
    return v->action == GATE_HOLD ? holds_begin(core, row, message, v) : restate(core, row, v);
}

/* Does the gate find what it found when it was asked last? Then nobody is told again. */
static enum err same_as_before(struct core *core, uint64_t message_seq,
                               const struct judgement *judged, bool *same)
{
    lianshu_DecisionRecord *before = &core->stored_record;
    struct decision_row row;
    *same = false;
    enum err err = decision_of_message(core->store->decisions, message_seq, &row);
    if (err == ERR_NOT_FOUND || err == ERR_ERASED)
        return OK;
    if (err == OK)
        err = wire_decode(&lianshu_DecisionRecord_msg, row.record, before);
    if (err != OK || before->outcome_count != judged->record.outcome_count)
        return err;
    *same = true;
    for (pb_size_t i = 0; err == OK && *same && i < before->outcome_count; i++) {
        uint8_t bytes[2][OUTCOME_MAX];
        struct writer was = writer_of(bytes[0], OUTCOME_MAX);
        struct writer is = writer_of(bytes[1], OUTCOME_MAX);
        err = wire_encode(&lianshu_Outcome_msg, &before->outcome[i], &was);
        if (err == OK)
            err = wire_encode(&lianshu_Outcome_msg, &judged->record.outcome[i], &is);
        *same = err == OK && span_eq(writer_span(&was), writer_span(&is));
    }
    return err;
}

enum err regate(struct core *core, const struct queue_row *row)
{
    struct incoming *in = &core->in;
    struct judgement *judged = &core->judged;
    struct message_row message;
    struct span frame;
    uint64_t seq;
    enum err err = message_get(core->store->messages, row->sender, row->message_id, &message);
    if (err == OK)
        err = message_frame(core->store->messages, message.seq, &frame);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    bool same = false;
    err = ingest_reopen(core, in, frame, message.accepted_ms);
    if (err == OK)
        err = judge_again(core, in, judged);
    if (err_class(err) == ERR_CLASS_REJECT)
        return set_aside(core, row, err);
    if (err == OK)
        err = same_as_before(core, message.seq, judged, &same);
    if (err == OK)
        err = apply_records(core, in, message.seq, judged, &seq);
    if (err == OK)
        err = carry_out(core, row, &message, judged);
    if (err == OK && judged->verdict.action == GATE_REFUSE)
        err = tell_refusal(core, row->sender, in->env_id, judged->verdict.ground,
                           judged->verdict.ground_count);
    return err == OK && !same ? copies_send(core, in, &judged->verdict) : err;
}
