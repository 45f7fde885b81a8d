#include "core/state.h"

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
    return rest_open(core->storage_key, &place, sealed, w);
}

enum err apply_leaf(struct core *core, enum log_kind kind, const pb_msgdesc_t *desc,
                    const void *body, uint64_t *index)
{
    uint8_t bytes[LEAF_BODY_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    enum err err = wire_encode(desc, body, &w);
    if (err != OK)
        return err;
    return log_append(core->store->log, kind, core->now_ms, writer_span(&w), index);
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
    snprintf(q.realm, sizeof q.realm, "%s", core->opt.realm);
    snprintf(q.sender, sizeof q.sender, "%s", what->sender);
    snprintf(q.by, sizeof q.by, "%s", core->opt.member);
    snprintf(q.about, sizeof q.about, "%s", what->about);
    memcpy(q.message_id, what->message_id, sizeof q.message_id);
    memcpy(q.env_id, what->env_id, sizeof q.env_id);
    if (what->ground_count > 0)
        memcpy(q.grounds, what->grounds, what->ground_count * sizeof q.grounds[0]);
    enum err err = apply_leaf(core, LOG_RECEIPT, &lianshu_Receipt_msg, &q, index);
    if (err != OK)
        return err;
    err = count_kind(core, what->kind, what->code);
    if (err != OK || strcmp(what->sender, core->opt.member) == 0)
        return err;
    uint64_t number;
    return stream_put_leaf(core->store->stream, what->sender, *index, &number);
}

enum err apply_statement(struct core *core, const struct statement_about *what, uint64_t *index)
{
    lianshu_Statement v = {
        .accepted_ms = core->now_ms,
        .delivery_number = what->number,
        .advisories_count = (pb_size_t)what->advisory_count,
        .log_index = log_size(core->store->log),
    };
    snprintf(v.realm, sizeof v.realm, "%s", core->opt.realm);
    snprintf(v.recipient, sizeof v.recipient, "%s", what->recipient);
    v.env_id.size = HASH_LEN;
    memcpy(v.env_id.bytes, what->env_id, HASH_LEN);
    v.conversation.size = (pb_size_t)what->conversation.len;
    if (what->conversation.len > 0)
        memcpy(v.conversation.bytes, what->conversation.data, what->conversation.len);
    if (what->advisory_count > 0)
        memcpy(v.advisories, what->advisories, what->advisory_count * sizeof v.advisories[0]);
    return apply_leaf(core, LOG_STATEMENT, &lianshu_Statement_msg, &v, index);
}

static uint32_t recipients_of(const struct core *core, const lianshu_Header *h)
{
    uint32_t count = 0;
    for (pb_size_t i = 0; i < h->destination_count; i++)
        count += strcmp(h->destination[i], core->opt.member) != 0;
    return count;
}

static enum err queue_for(struct core *core, const struct incoming *in,
                          const struct judgement *judged, const struct message_row *message,
                          const char *recipient)
{
    const lianshu_Header *h = &in->header;
    struct queue_row row = {
        .seq = message->seq,
        .state = h->not_before_ms > core->now_ms ? QUEUE_WAITING : QUEUE_READY,
        .lane = message->lane,
        .form = FORM_FRAME,
        .type = h->type,
        .due_ms = h->not_before_ms,
        .expires_ms = h->expires_ms,
        .restriction_version = restriction_version(core->store->restrictions),
    };
    memcpy(row.recipient, recipient, sizeof row.recipient);
    memcpy(row.sender, h->sender, sizeof row.sender);
    memcpy(row.message_id, h->message_id, sizeof row.message_id);
    memcpy(row.conversation, h->conversation.bytes, h->conversation.size);
    enum err err = OK;
    if (h->conversation.size > 0)
        err = queue_number(core->store->queue, recipient, row.conversation, &row.number);
    if (err != OK)
        return err;
    const struct statement_about statement = {
        .recipient = recipient,
        .env_id = in->env_id,
        .conversation = span_of(h->conversation.bytes, h->conversation.size),
        .number = row.number,
        .advisories = judged->verdict.ground,
        .advisory_count = judged->verdict.action == GATE_FLAG ? judged->verdict.ground_count : 0,
    };
    err = apply_statement(core, &statement, &row.statement_leaf);
    if (err != OK)
        return err;
    return queue_put(core->store->queue, &row);
}

static enum err keep_record(struct core *core, const struct incoming *in, uint64_t message_seq,
                            const struct judgement *judged, uint64_t *seq)
{
    struct writer w = writer_of(core->frame, FRAME_MAX);
    enum err err = wire_encode(&lianshu_DecisionRecord_msg, &judged->record, &w);
    if (err != OK)
        return err;
    uint8_t hash[HASH_LEN];
    hash_bytes(hash, writer_span(&w));
    err = log_append(core->store->log, LOG_DECISION, core->now_ms, span_of(hash, HASH_LEN), seq);
    if (err != OK)
        return err;
    struct decision_row row = {
        .seq = *seq,
        .message_seq = message_seq,
        .type = in->header.type,
        .time_ms = core->now_ms,
        .code = (uint32_t)judged->err,
        .record = writer_span(&w),
    };
    memcpy(row.document, in->facts_hash, sizeof row.document);
    memcpy(row.env_id, in->env_id, sizeof row.env_id);
    return decision_put(core->store->decisions, &row);
}

static enum err put_subject(struct core *core, const struct incoming *in, uint64_t seq)
{
    struct subject_row row = {.seq = seq, .kind = (uint32_t)in->subject->kind};
    enum err err = orders_token(core, in->subject, in->persons, in->person_count, 0, row.token);
    if (err != OK)
        return err;
    struct writer w = writer_of(core->frame, FRAME_MAX);
    err = rest_put(core, "subject", span_of(row.token, sizeof row.token), "body",
                   span_of(in->document.body.bytes, in->document.body.size), &w);
    if (err != OK)
        return err;
    memcpy(row.region, in->subject->region, sizeof row.region);
    memcpy(row.document, in->facts_hash, sizeof row.document);
    row.sealed = writer_span(&w);
    return subject_put(core->store->subjects, &row);
}

/* The persons of a document as relations from..to of its subject. */
static enum err put_relations(struct core *core, const struct incoming *in, uint32_t from_date,
                              uint32_t to_date, uint64_t seq)
{
    for (uint32_t i = 0; i < in->person_count; i++) {
        struct relation_row row = {
            .role = (uint32_t)in->persons[i].role,
            .from_date = from_date,
            .to_date = to_date,
            .seq = seq,
        };
        enum err err =
            orders_token(core, in->subject, in->persons, in->person_count, 0, row.subject);
        if (err == OK)
            err = orders_token(core, in->subject, in->persons, in->person_count, i + 1, row.person);
        if (err != OK)
            return err;
        uint8_t plain[lianshu_Person_size];
        struct writer text = writer_of(plain, sizeof plain);
        struct writer w = writer_of(core->frame, FRAME_MAX);
        err = wire_encode(&lianshu_Person_msg, &in->persons[i], &text);
        if (err == OK)
            err = rest_put(core, "relation", span_of(row.person, sizeof row.person), "person",
                           writer_span(&text), &w);
        if (err != OK)
            return err;
        memcpy(row.document, in->facts_hash, sizeof row.document);
        row.sealed = writer_span(&w);
        err = relation_put(core->store->subjects, &row);
        if (err != OK)
            return err;
    }
    return OK;
}

/* The answer to a credit check, by the hub itself. */
static enum err send_certificate(struct core *core, const struct incoming *in)
{
    struct view_ctx ctx = {core, STORE_NEVER};
    lianshu_CreditCertificate body = {
        .has_subject = true,
        .subject = *in->subject,
        .at_ms = core->now_ms,
        .log_size = log_size(core->store->log),
    };
    uint8_t token[STORE_TOKEN_LEN];
    enum err err = orders_token(core, in->subject, in->persons, in->person_count, 0, token);
    struct restriction_cursor cursor = {0};
    struct justification row;
    uint32_t today = date_from_ms(core->now_ms);
    while (err == OK) {
        err = restriction_next(core->store->restrictions, token, today, ctx.as_of, &cursor, &row);
        if (err != OK)
            break;
        if (body.restrictions_count == sizeof body.restrictions / sizeof body.restrictions[0]) {
            body.more = true;
            break;
        }
        lianshu_RestrictionLine *line = &body.restrictions[body.restrictions_count++];
        *line = (lianshu_RestrictionLine){
            .force = (lianshu_Force)row.force,
            .order_version = row.order_version,
            .start_date = row.start_date,
            .end_date = row.end_date,
        };
        snprintf(line->measure, sizeof line->measure, "%.4s", row.measure);
        snprintf(line->list, sizeof line->list, "%s", row.list);
        snprintf(line->rule, sizeof line->rule, "%.16s", row.rule);
        memcpy(line->order_id, row.order_id, sizeof line->order_id);
        line->basis_count = 1;
        snprintf(line->basis[0], sizeof line->basis[0], "%.*s", (int)strcspn(row.basis, " "),
                 row.basis);
    }
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    body.clean = body.restrictions_count == 0;
    const struct outgoing out = {
        .type = lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE,
        .recipient = in->header.sender,
        .conversation = span_of(in->header.conversation.bytes, in->header.conversation.size),
        .in_reply_to = span_of(in->env_id, HASH_LEN),
        .in_reply_to_doc = span_of(in->document.id, sizeof in->document.id),
        .purpose = in->header.purpose,
        .body = &body,
    };
    return outgoing_send(core, &out);
}

static enum err put_case(struct core *core, const struct incoming *in,
                         const struct judgement *judged)
{
    const lianshu_CaseClock *body = &in->body.clock;
    const struct case_result *result = &judged->step;
    struct casefile row = {0};
    enum err err = casefile_get(core->store->casefiles, body->case_id, &row);
    if (err == ERR_NOT_FOUND) {
        memcpy(row.id, body->case_id, sizeof row.id);
        memcpy(row.opener, in->header.sender, sizeof row.opener);
        row.opened_ms = body->event_ms;
    } else if (err != OK) {
        return err;
    }
    snprintf(row.state, sizeof row.state, "%s", result->state);
    snprintf(row.owner, sizeof row.owner, "%s", body->owner);
    row.changed_ms = core->now_ms;
    struct casefile_step step = {.time_ms = body->event_ms, .seq = log_size(core->store->log)};
    memcpy(step.id, row.id, sizeof step.id);
    snprintf(step.transition, sizeof step.transition, "%s", body->transition);
    snprintf(step.outcome, sizeof step.outcome, "%s", body->outcome);
    memcpy(step.by, in->header.sender, sizeof step.by);
    err = casefile_put(core->store->casefiles, &row, &step);
    for (uint32_t i = 0; err == OK && i < result->stop_count; i++) {
        err = casefile_clock_stop(core->store->casefiles, row.id, result->stops[i], body->event_ms);
        /* A clock that does not run needs no stopping. */
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    for (uint32_t i = 0; err == OK && i < result->start_count; i++) {
        struct casefile_clock clock = {.started_ms = body->event_ms,
                                       .due_ms = result->starts[i].due_ms,
                                       .next_ms = result->starts[i].due_ms};
        memcpy(clock.id, row.id, sizeof clock.id);
        snprintf(clock.code, sizeof clock.code, "%s", result->starts[i].clock->id);
        snprintf(clock.owner, sizeof clock.owner, "%s", body->owner);
        err = casefile_clock_start(core->store->casefiles, &clock);
        err = err == ERR_EXISTS ? OK : err;
    }
    return err;
}

static enum err take_effect(struct core *core, struct incoming *in, struct judgement *judged,
                            uint64_t decision_seq, uint64_t seq)
{
    switch (in->header.type) {
    case lianshu_DocumentType_TYPE_SUBJECT_REGISTER: {
        enum err err = put_subject(core, in, seq);
        return err != OK
                   ? err
                   : put_relations(core, in, in->body.subject_register.registered_date, 0, seq);
    }
    case lianshu_DocumentType_TYPE_SUBJECT_RELATION:
        return put_relations(core, in, in->body.subject_relation.from_date,
                             in->body.subject_relation.to_date, seq);
    case lianshu_DocumentType_TYPE_SANCTION_ORDER:
        return orders_impose(core, in, judged, decision_seq);
    case lianshu_DocumentType_TYPE_SANCTION_LIFT:
    case lianshu_DocumentType_TYPE_SANCTION_ANNUL:
    case lianshu_DocumentType_TYPE_SANCTION_SUSPEND:
    case lianshu_DocumentType_TYPE_SANCTION_RESUME:
    case lianshu_DocumentType_TYPE_SANCTION_RESTORE:
        return orders_change(core, in, judged);
    case lianshu_DocumentType_TYPE_SANCTION_ANSWER:
        return obligations_answer(core, in, judged);
    case lianshu_DocumentType_TYPE_SANCTION_EXECUTED:
        return obligations_executed(core, in, judged);
    case lianshu_DocumentType_TYPE_CREDIT_CHECK:
        return send_certificate(core, in);
    default:
        return (in->type->flags & TYPE_CASE) != 0 ? put_case(core, in, judged) : OK;
    }
}

static enum err put_message(struct core *core, const struct incoming *in,
                            const struct judgement *judged, struct message_row *row)
{
    const lianshu_Header *h = &in->header;
    bool accepted = judged->err == OK;
    row->type = h->type;
    row->code = (uint32_t)judged->err;
    row->stage = (uint8_t)judged->kind;
    row->lane = (uint8_t)in->type->lane;
    row->created_ms = h->created_ms;
    /* Of a refused envelope the end may be any number at all. */
    row->expires_ms = h->expires_ms < STORE_NEVER ? h->expires_ms : STORE_NEVER;
    row->accepted_ms = core->now_ms;
    row->open = accepted ? recipients_of(core, h) : 0;
    row->attachments = h->attachments_count > 0;
    memcpy(row->sender, h->sender, sizeof row->sender);
    memcpy(row->id, h->message_id, sizeof row->id);
    memcpy(row->env_id, in->env_id, sizeof row->env_id);
    memcpy(row->conversation, h->conversation.bytes, h->conversation.size);
    /* A refused number counts as filled only when it was the next one. */
    uint64_t last = 0;
    enum err err = h->sequence == 0 ? OK
                                    : message_sequence(core->store->messages, row->sender,
                                                       row->conversation, &last);
    if (err != OK)
        return err;
    row->sequence = h->sequence == last + 1 ? h->sequence : 0;
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

enum err apply(struct core *core, struct incoming *in, struct judgement *judged)
{
    const lianshu_Header *h = &in->header;
    struct message_row message = {0};
    const struct receipt_about receipt = {
        .kind = judged->kind,
        .sender = h->sender,
        .message_id = h->message_id,
        .env_id = in->env_id,
        .about = "",
        .code = judged->err,
        .grounds = judged->verdict.ground,
        .ground_count = judged->err == ERR_RESTRICTED ? judged->verdict.ground_count : 0,
    };
    enum err err = apply_receipt(core, &receipt, &message.seq);
    if (err == OK)
        err = put_message(core, in, judged, &message);
    if (err == OK)
        err = store_count(core->store, "envelopes", 1);
    if (err == OK && judged->err == OK && in->has_facts)
        err = put_document(core, in, message.seq);
    uint64_t decision_seq = 0;
    if (err == OK && judged->recorded)
        err = keep_record(core, in, message.seq, judged, &decision_seq);
    if (err == OK && judged->err == ERR_RESTRICTED)
        err = store_count(core->store, "gate.refused", 1);
    if (err != OK || judged->err != OK)
        return err;
    if (judged->verdict.action == GATE_FLAG && judged->verdict.ground_count > 0)
        err = store_count(core->store, "gate.flagged", 1);
    for (pb_size_t i = 0; err == OK && i < h->destination_count; i++) {
        if (strcmp(h->destination[i], core->opt.member) != 0)
            err = queue_for(core, in, judged, &message, h->destination[i]);
    }
    if (err != OK || !in->has_facts)
        return err;
    return take_effect(core, in, judged, decision_seq, message.seq);
}
