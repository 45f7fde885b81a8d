/* What an accepted document changes at the hub itself: subjects, orders, answers. */
#include "core/state.h"

#include <string.h>

static enum err put_subject(struct core *core, const struct incoming *in, uint64_t seq)
{
    struct subject_row row = {.seq = seq, .kind = (uint32_t)in->subject->kind};
    enum err err = orders_name(core, in);
    if (err == OK)
        err = orders_token(core, in->subject, in->persons, in->person_count, 0, row.token);
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

/* It stands from now on, whether or not it makes anybody owe something. */
static enum err put_rating(struct core *core, const struct incoming *in,
                           const struct judgement *judged, uint64_t seq)
{
    struct rating_row row = {
        .from_date = in->body.rating.from_date, .issued_ms = in->document.issued_ms, .seq = seq};
    if (!judged->event_recorded)
        return OK;
    enum err err = orders_name(core, in);
    if (err == OK)
        err = orders_token(core, in->subject, in->persons, in->person_count, 0, row.subject);
    if (err != OK)
        return err;
    memcpy(row.id, in->document.id, sizeof row.id);
    return rating_put(core->store->subjects, &row);
}

static enum err run(struct core *core, struct incoming *in, struct judgement *judged,
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
    case lianshu_DocumentType_TYPE_CREDIT_RATING:
        return put_rating(core, in, judged, seq);
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
    case lianshu_DocumentType_TYPE_RELAY_TALLY:
        return tally_take(core, in, seq);
    case lianshu_DocumentType_TYPE_RELAY_FORK:
        return witnessing_take(core, in);
    default:
        if (cases_apply(in))
            return cases_take(core, in, judged, seq);
        if (reporters_apply(in->header.type))
            return reporters_take(core, in, seq);
        return requests_apply(in->header.type) ? requests_take(core, in, seq)
                                               : relations_take(core, in, seq);
    }
}

/* What goes to every hub is kept for that first: effects use the room that the document lies in. */
enum err effects_run(struct core *core, struct incoming *in, struct judgement *judged,
                     uint64_t decision_seq, uint64_t seq)
{
    if (spread_between(in->header.type))
        return spread_take(core, in, seq);
    enum err err = spread_local(core, in, seq);
    if (err == OK)
        err = run(core, in, judged, decision_seq, seq);
    return err == OK ? spread_followed(core, in) : err;
}
