#include "core/state.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { LEAF_BODY_MAX = 2048, COUNTER_NAME_MAX = 48 };

enum err rest_put(struct core *core, const char *table, struct span row, const char *column,
                  struct span value, struct writer *w)
{
    const struct rest_place place = {table, row, column};
    return rest_seal(core->storage_key, &place, value, core->opt.entropy, w);
}

enum err rest_get(struct core *core, const char *table, struct span row, const char *column,
                  struct span sealed, struct writer *w)
{
    const struct rest_place place = {table, row, column};
    if (store_is_erased(sealed))
        return ERR_ERASED; /* kept long enough: retention.yaml */
    enum err err = rest_open(core->storage_key, &place, sealed, w);
    if (err == ERR_CORRUPT && core->storage_before != NULL)
        err = rest_open(core->storage_before, &place, sealed, w); /* rekey.h */
    return err;
}

enum err apply_leaf_at(struct core *core, enum log_kind kind, uint64_t time_ms,
                       const pb_msgdesc_t *desc, const void *body, struct span beside,
                       uint64_t *index)
{
    uint8_t bytes[LEAF_BODY_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    enum err err = wire_encode(desc, body, &w);
    if (err != OK)
        return err;
    return log_append(core->store->log, kind, time_ms, writer_span(&w), beside, index);
}

enum err apply_leaf(struct core *core, enum log_kind kind, const pb_msgdesc_t *desc,
                    const void *body, uint64_t *index)
{
    return apply_leaf_at(core, kind, core->now_ms, desc, body, (struct span){NULL, 0}, index);
}

static enum err count_kind(struct core *core, lianshu_ReceiptKind kind, enum err code)
{
    char name[COUNTER_NAME_MAX];
    snprintf(name, sizeof name, "receipt.%s", receipt_kind_name(kind));
    enum err err = store_count(core->store, name, 1);
    if (err != OK || kind != lianshu_ReceiptKind_RECEIPT_REJECTED)
        return err;
    snprintf(name, sizeof name, "refused.%u", (unsigned)code);
    return store_count(core->store, name, 1);
}

enum err apply_receipt(struct core *core, const struct receipt_about *what, uint64_t *index)
{
    lianshu_Receipt q = {
        .kind = what->kind,
        .code = (uint32_t)what->code,
        .time_ms = core->now_ms,
        .log_index = log_size(core->store->log),
        .grounds_count = (pb_size_t)what->ground_count,
    };
    text_copy(q.realm, sizeof q.realm, core->opt.realm);
    text_copy(q.sender, sizeof q.sender, what->sender);
    text_copy(q.by, sizeof q.by, core->opt.member);
    text_copy(q.about, sizeof q.about, what->about);
    memcpy(q.message_id, what->message_id, sizeof q.message_id);
    memcpy(q.env_id, what->env_id, sizeof q.env_id);
    if (what->ground_count > 0)
        memcpy(q.grounds, what->grounds, what->ground_count * sizeof q.grounds[0]);
    uint8_t bytes[CHAIN_HEAD_LEN];
    struct writer beside = writer_of(bytes, sizeof bytes);
    chain_encode(&beside, what->previous == NULL ? CHAIN_END : *what->previous, NULL);
    enum err err = apply_leaf_at(core, LOG_RECEIPT, core->now_ms, &lianshu_Receipt_msg, &q,
                                 writer_span(&beside), index);
    if (err != OK)
        return err;
    err = count_kind(core, what->kind, what->code);
    return err == OK ? receipts_hand(core, what->sender, what->origin, *index) : err;
}

/* Behind us, here or further on; we ourselves are none of them. */
static uint32_t recipients_of(const struct core *core, const struct incoming *in,
                              const struct judgement *judged)
{
    const lianshu_Header *h = &in->header;
    uint32_t count = 0;
    for (pb_size_t i = 0; i < h->destination_count; i++) {
        const uint32_t bit = UINT32_C(1) << i;
        const bool goes =
            (relay_onward(in) & bit) != 0 || ((in->here & bit) != 0 && judged->err == OK);
        count += goes && strcmp(h->destination[i], core->opt.member) != 0;
    }
    return count;
}

/* It goes on, although it may be refused for our own recipients. */
static bool goes_on(const struct incoming *in, const struct judgement *judged)
{
    return judged->err == OK || (in->link != NULL && !judged->whole && relay_onward(in) != 0);
}

/* What was judged, sealed, behind the record: with it the decision can be made again. An order and
 * a change that are taken are kept with the order. */
static enum err keep_facts(struct core *core, const struct incoming *in, bool with_order,
                           const uint8_t record[static HASH_LEN], struct writer *w)
{
    return with_order
               ? OK
               : rest_put(core, "decision", span_of(record, HASH_LEN), "facts", in->facts_frame, w);
}

/* How a record is kept. */
struct keeping {
    uint64_t message_seq; /* STORE_NEVER: none brought it */
    bool with_order;      /* what was judged is kept with its order */
    bool packs;           /* no order rests on it */
    bool later;           /* made now, of a decision of then */
};

static enum err keep_record(struct core *core, const struct incoming *in,
                            const struct keeping *keeping, const lianshu_DecisionRecord *record,
                            uint64_t *seq)
{
    struct writer w = writer_of(core->frame, FRAME_MAX);
    enum err err = wire_encode(&lianshu_DecisionRecord_msg, record, &w);
    if (err != OK)
        return err;
    const size_t record_len = w.len;
    uint8_t hash[HASH_LEN];
    hash_bytes(hash, writer_span(&w));
    err = keep_facts(core, in, keeping->with_order, hash, &w);
    if (err == OK)
        err = log_append(core->store->log, LOG_DECISION, core->now_ms, span_of(hash, HASH_LEN),
                         (struct span){NULL, 0}, seq);
    if (err != OK)
        return err;
    struct decision_row row = {
        .seq = *seq,
        .message_seq = keeping->message_seq,
        .type = record->type,
        .time_ms = keeping->later ? core->now_ms : record->now_ms,
        .code = record->code,
        .packs = keeping->packs,
        .record = span_of(w.data, record_len),
        .facts = span_of(w.data + record_len, w.len - record_len),
    };
    memcpy(row.document, in->facts_hash, sizeof row.document);
    if (!keeping->later)
        memcpy(row.env_id, in->env_id, sizeof row.env_id);
    err = decision_put(core->store->decisions, &row);
    return err == OK ? store_count(core->store, "decisions", 1) : err;
}

enum err apply_records(struct core *core, const struct incoming *in, uint64_t message_seq,
                       struct judgement *judged, uint64_t *seq)
{
    *seq = 0;
    judged->event_seq = 0;
    const struct keeping keeping = {
        .message_seq = message_seq,
        .with_order = judged->err == OK && (in->type->flags & TYPE_RULES) != 0,
        .packs = !judged->event_recorded && strcmp(judged->record.kind, "gate") == 0,
    };
    enum err err = OK;
    if (judged->event_recorded)
        err = keep_record(core, in, &keeping, &judged->event_record, &judged->event_seq);
    if (err == OK && judged->recorded)
        err = keep_record(core, in, &keeping, &judged->record, seq);
    return err;
}

enum err apply_record_again(struct core *core, const struct incoming *in,
                            const lianshu_DecisionRecord *record, uint64_t *seq)
{
    const struct keeping keeping = {.message_seq = STORE_NEVER, .with_order = true, .later = true};
    return keep_record(core, in, &keeping, record, seq);
}

/* A hub may let its own go on later than others of their type, through every hub on the way. */
static uint8_t lane_of(const struct incoming *in)
{
    const bool by_hub = in->link != NULL && (in->type->flags & TYPE_BY_HUB) != 0;
    return (uint8_t)(by_hub && in->header.priority > in->type->lane ? in->header.priority
                                                                    : in->type->lane);
}

/* Of a paper of a case that is refused nothing stays but its receipts: they are found by the case,
 * in whatever conversation it was sent, unless the row has to keep a number of that. */
static void put_conversation(struct core *core, const struct incoming *in,
                             const struct judgement *judged, struct message_row *row)
{
    const lianshu_Header *h = &in->header;
    const bool refused = judged->err != OK && row->open == 0 && h->sequence == 0;
    memcpy(row->conversation, h->conversation.bytes, h->conversation.size);
    if (refused && in->has_facts && cases_apply(in) && cases_named(in))
        memcpy(row->conversation, cases_step_of(core, in).id, sizeof row->conversation);
}

static enum err put_message(struct core *core, const struct incoming *in,
                            const struct judgement *judged, struct message_row *row)
{
    const lianshu_Header *h = &in->header;
    row->type = h->type;
    row->code = (uint32_t)(apply_holds(judged) ? ERR_HELD : goes_on(in, judged) ? OK : judged->err);
    row->stage = (uint8_t)judged->kind;
    row->lane = lane_of(in);
    row->created_ms = h->created_ms;
    /* Of a refused envelope the end may be any number at all. */
    row->expires_ms = h->expires_ms < STORE_NEVER ? h->expires_ms : STORE_NEVER;
    row->accepted_ms = in->accepted_ms != 0 ? in->accepted_ms : core->now_ms;
    if (in->link == NULL) {
        row->last_leaf = row->seq;
    } else {
        text_copy(row->origin, sizeof row->origin, in->link->member);
        row->share = in->share;
    }
    row->open = goes_on(in, judged) ? recipients_of(core, in, judged) : 0;
    if (apply_holds(judged) && row->open == 0)
        row->open = 1; /* the hub itself: its frame is needed again on release */
    row->attachments = h->attachments_count > 0;
    memcpy(row->sender, h->sender, sizeof row->sender);
    memcpy(row->id, h->message_id, sizeof row->id);
    memcpy(row->env_id, in->env_id, sizeof row->env_id);
    put_conversation(core, in, judged, row);
    /* A refused number counts as filled only when it was the next one. */
    uint64_t last = 0;
    enum err err =
        h->sequence == 0 || in->link != NULL
            ? OK
            : message_sequence(core->store->messages, row->sender, row->conversation, &last);
    if (err != OK)
        return err;
    row->sequence = in->link == NULL && h->sequence == last + 1 ? h->sequence : 0;
    err = message_put(core->store->messages, row, row->open > 0 ? in->frame : span_of(NULL, 0));
    for (pb_size_t i = 0; err == OK && row->open > 0 && i < h->attachments_count; i++)
        err = chunk_refer(core->store->chunks, h->sender, h->attachments[i].root, row->seq);
    return err;
}

/* It has taken effect for each of its issuers; judge_known has seen that none knows another. */
static enum err put_document(struct core *core, const struct incoming *in, uint64_t seq)
{
    enum err err = OK;
    for (pb_size_t i = 0; err == OK && i < in->document.issuers_count; i++)
        err = document_put(core->store->documents, in->document.issuers[i].member, in->document.id,
                           in->facts_hash, seq);
    return err;
}

/* The second receipt, with the grounds. The hub's own row stands for its effects when nobody else
 * is to get it. */
static enum err hold(struct core *core, const struct incoming *in, const struct judgement *judged,
                     const struct message_row *message)
{
    uint64_t leaf;
    const struct receipt_about receipt = {
        .kind = lianshu_ReceiptKind_RECEIPT_HELD,
        .sender = in->header.sender,
        .origin = message->origin,
        .message_id = in->header.message_id,
        .env_id = in->env_id,
        .about = "",
        .code = ERR_HELD,
        .grounds = judged->verdict.ground,
        .ground_count = judged->verdict.ground_count,
        .previous = &message->last_leaf,
    };
    enum err err = apply_receipt(core, &receipt, &leaf);
    if (err == OK)
        err = message_stage(core->store->messages, in->header.sender, in->header.message_id,
                            (uint8_t)receipt.kind, leaf);
    if (err == OK)
        err = store_count(core->store, "gate.held", 1);
    const struct addressee us = {core->opt.member, 0};
    if (err == OK && recipients_of(core, in, judged) == 0)
        err = apply_queue(core, in, judged, message, &us);
    /* What the document says waits; what a rule finds in it does not, nor a step that another hub
     * has taken: only its recipients here wait for it. */
    if (err == OK && consequences_hold(judged))
        err = consequences_take(core, in, judged);
    return err == OK && in->link != NULL && judged->case_stands
               ? cases_take(core, in, judged, message->seq)
               : err;
}

enum err apply_released(struct core *core, struct incoming *in, const struct message_row *message)
{
    struct judgement *judged = &core->judged;
    const bool relayed = message->origin[0] != '\0';
    uint64_t decision_seq;
    judge_none(judged);
    if (relayed && (in->type->flags & TYPE_SPREAD) != 0)
        return OK; /* what it means here came by relay.facts */
    enum err err = judge_released(core, in, relayed, judged);
    if (err == OK)
        err = apply_records(core, in, message->seq, judged, &decision_seq);
    if (err == OK && consequences_hold(judged))
        err = consequences_release(core, in, judged);
    /* A step that another hub took has had its effect when it came. */
    return err == OK && in->has_facts && !(relayed && cases_apply(in))
               ? effects_run(core, in, judged, decision_seq, message->seq)
               : err;
}

/* accepted or rejected; of what a hub handed on, relayed or refused for each. */
static enum err first_receipts(struct core *core, const struct incoming *in,
                               const struct judgement *judged, struct message_row *message)
{
    const struct receipt_about receipt = {
        .kind = judged->kind,
        .sender = in->header.sender,
        .message_id = in->header.message_id,
        .env_id = in->env_id,
        .about = "",
        .code = judged->err,
        .grounds = judged->verdict.ground,
        .ground_count = judged->err != OK ? judged->verdict.ground_count : 0,
    };
    return in->link != NULL ? relay_receipts(core, in, judged, message)
                            : apply_receipt(core, &receipt, &message->seq);
}

/* Who else learns of a refusal. */
static enum err tell_refused(struct core *core, const struct incoming *in,
                             const struct judgement *judged, const struct message_row *message)
{
    enum err err = OK;
    if (in->link != NULL && !judged->whole)
        err = relay_refuse_ours(core, in, judged, message);
    if (err == OK && judged->err == ERR_RESTRICTED)
        err = tell_refusal(core, in->header.sender, in->env_id, judged->verdict.ground,
                           judged->verdict.ground_count);
    if (err == OK && judged->err == ERR_RESTRICTED)
        err = store_count(core->store, "gate.refused", 1);
    if (err == OK)
        err = cases_refused(core, in, judged, message->seq);
    return err == OK ? consequences_tell(core, in, judged) : err;
}

static enum err queue_ours(struct core *core, const struct incoming *in,
                           const struct judgement *judged, const struct message_row *message)
{
    const lianshu_Header *h = &in->header;
    enum err err = OK;
    for (pb_size_t i = 0; err == OK && i < h->destination_count; i++) {
        const struct addressee to = {h->destination[i], 0};
        uint64_t leaf;
        if ((in->here >> i & 1) == 0)
            continue;
        if (strcmp(to.member, core->opt.member) != 0)
            err = apply_queue(core, in, judged, message, &to);
        else if (in->link != NULL && h->type == lianshu_DocumentType_TYPE_PROBE)
            err = receipts_own(core, in, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK, &leaf);
    }
    return err;
}

/* What its document means here; of what a hub handed on and spreads otherwise, nothing. */
static bool has_effects(const struct incoming *in)
{
    return in->has_facts && (in->link == NULL || (in->type->flags & TYPE_SPREAD) == 0);
}

static enum err write_all(struct core *core, struct incoming *in, struct judgement *judged)
{
    struct message_row message = {0};
    enum err err = first_receipts(core, in, judged, &message);
    if (err == OK)
        err = put_message(core, in, judged, &message);
    if (err == OK && in->link != NULL)
        err = relay_took_turn(core, in);
    if (err == OK)
        err = store_count(core->store, "envelopes", 1);
    if (err == OK && judged->err == OK && has_effects(in))
        err = put_document(core, in, message.seq);
    uint64_t decision_seq = 0;
    if (err == OK)
        err = apply_records(core, in, message.seq, judged, &decision_seq);
    if (err == OK && goes_on(in, judged))
        err = relay_queue_all(core, in, judged, &message);
    if (err == OK && judged->err != OK)
        err = tell_refused(core, in, judged, &message);
    if (err != OK || judged->err != OK)
        return err;
    if (judged->verdict.action == GATE_FLAG && judged->verdict.ground_count > 0)
        err = store_count(core->store, "gate.flagged", 1);
    if (err == OK)
        err = queue_ours(core, in, judged, &message);
    if (err == OK && apply_holds(judged))
        return hold(core, in, judged, &message);
    if (err == OK && in->header.type == lianshu_DocumentType_TYPE_EVIDENCE)
        err = requests_supplied(core, in);
    if (err == OK)
        err = cases_flow(core, in, message.seq);
    if (err != OK || !has_effects(in))
        return err;
    return effects_run(core, in, judged, decision_seq, message.seq);
}

enum err apply(struct core *core, struct incoming *in, struct judgement *judged)
{
    enum err err = write_all(core, in, judged);
    return err == OK && judged->gated ? copies_send(core, in, &judged->verdict) : err;
}
