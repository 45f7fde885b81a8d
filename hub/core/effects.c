/* What an accepted document changes at the hub itself: subjects, orders, answers, cases. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

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

enum err effects_run(struct core *core, struct incoming *in, struct judgement *judged,
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
    case lianshu_DocumentType_TYPE_WITHDRAW:
        return withdraw_apply(core, in);
    case lianshu_DocumentType_TYPE_CREDIT_CHECK:
        return send_certificate(core, in);
    default:
        return (in->type->flags & TYPE_CASE) != 0 ? put_case(core, in, judged) : OK;
    }
}
