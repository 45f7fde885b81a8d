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
    enum err followed = consequences_take(core, in, judged);
    if (followed != OK)
        return followed;
    switch (in->header.type) {
    case lianshu_DocumentType_TYPE_SUBJECT_REGISTER: {
        enum err err = put_subject(core, in, seq);
        return err != OK ? err : relations_take(core, in, seq);
    }
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
    case lianshu_DocumentType_TYPE_PREVIEW:
        return preview_answer(core, in);
    case lianshu_DocumentType_TYPE_CREDIT_CHECK:
        return certificate_send(core, in);
    default:
        if ((in->type->flags & TYPE_CASE) != 0)
            return put_case(core, in, judged);
        return requests_apply(in->header.type) ? requests_take(core, in, seq)
                                               : relations_take(core, in, seq);
    }
}
