/* Asking before acting: what the hub would answer to a document if it came now. Nothing is kept but
 * the question itself, and nobody learns more than a refusal would tell: who may not send the
 * document may not ask about it. PROTOCOL.md, Preview. */
#include "core/state.h"

#include "base/text.h"
#include "validate.h"

#include <string.h>

enum {
    MEMBERS_MAX = sizeof((lianshu_PreviewAnswer *)0)->members /
                  sizeof((lianshu_PreviewAnswer *)0)->members[0],
    UNASSIGNED_MAX = sizeof((lianshu_PreviewAnswer *)0)->unassigned /
                     sizeof((lianshu_PreviewAnswer *)0)->unassigned[0],
};

/* May it send the document to anybody at all? */
static enum err check_right(struct core *core, const char *sender, uint32_t type)
{
    const struct registry *registry = core->opt.registry;
    enum err err = registry_may(registry, sender, type, core->opt.member);
    for (size_t i = 0; err != OK && i < registry_member_count(registry); i++) {
        if (registry_may(registry, sender, type, registry_member_at(registry, i)->id) == OK)
            err = OK;
    }
    return err;
}

enum err preview_judge(struct core *core, const struct incoming *in, struct judgement *out)
{
    const struct document_type *type = type_find(in->body.preview.type);
    const bool asks = type != NULL && type->facts != NULL && type->alone == NULL &&
                      type->number != lianshu_DocumentType_TYPE_PREVIEW;
    if (!asks)
        out->err = ERR_TYPE_UNKNOWN;
    else if ((type->flags & TYPE_BY_HUB) != 0)
        out->err = ERR_NO_RIGHT;
    else
        out->err = check_right(core, in->header.sender, type->number);
    return OK;
}

/* The document as it would come: from the same sender and issuers, to this hub. */
static enum err imagine(struct core *core, const struct incoming *in, struct incoming *trial)
{
    struct fault fault = {0};
    const lianshu_Preview *body = &in->body.preview;
    *trial = *in;
    trial->document.type = body->type;
    trial->document.body.size = 0;
    trial->header.destination_count = 1;
    text_copy(trial->header.destination[0], sizeof trial->header.destination[0], core->opt.member);
    enum err err = evaluate_body(trial, body->type, span_of(body->body.bytes, body->body.size));
    return err == OK ? facts_validate(trial->type, &trial->body, core->opt.regions, &fault) : err;
}

static void add_member(lianshu_PreviewAnswer *a, const char *member)
{
    for (pb_size_t i = 0; i < a->members_count; i++) {
        if (strcmp(a->members[i], member) == 0)
            return;
    }
    a->more = a->more || a->members_count == MEMBERS_MAX;
    if (a->members_count < MEMBERS_MAX)
        text_copy(a->members[a->members_count++], sizeof a->members[0], member);
}

static void add_unassigned(lianshu_PreviewAnswer *a, const char *measure)
{
    for (pb_size_t i = 0; i < a->unassigned_count; i++) {
        if (strcmp(a->unassigned[i], measure) == 0)
            return;
    }
    a->more = a->more || a->unassigned_count == UNASSIGNED_MAX;
    if (a->unassigned_count < UNASSIGNED_MAX)
        text_copy(a->unassigned[a->unassigned_count++], sizeof a->unassigned[0], measure);
}

static void add_duty(struct core *core, const char *issuer, const struct duty *duty,
                     lianshu_PreviewAnswer *a)
{
    const struct registry *registry = core->opt.registry;
    for (size_t i = 0; i < registry_member_count(registry); i++) {
        const char *member = registry_member_at(registry, i)->id;
        if (!duty_owed_by(duty, issuer, member))
            continue;
        a->obligations++;
        add_member(a, member);
    }
    if (duty_unassigned(duty, expansion_present(core, duty)) != 0)
        add_unassigned(a, duty->measure);
}

static void add_plan(struct core *core, const struct incoming *trial,
                     const struct judgement *judged, lianshu_PreviewAnswer *a)
{
    const char *issuer = trial->document.issuers[0].member;
    const bool order = trial->header.type == lianshu_DocumentType_TYPE_SANCTION_ORDER;
    for (uint32_t i = 0; order && i < judged->decision.duty_count; i++)
        add_duty(core, issuer, &judged->decision.duty[i], a);
    for (uint32_t i = 0; judged->event_recorded && i < judged->events.count; i++) {
        const struct consequence *c = &judged->events.consequence[i];
        if (c->kind == CONSEQUENCE_DUTY || c->kind == CONSEQUENCE_INCENTIVE)
            add_duty(core, issuer, &c->duty, a);
    }
}

/* The order that stands in the way. */
static enum err add_conflict(struct core *core, const struct incoming *trial,
                             lianshu_PreviewAnswer *a)
{
    struct view_ctx ctx = {.core = core, .as_of = STORE_NEVER};
    const struct view view = view_of(&ctx);
    uint8_t token[STORE_TOKEN_LEN];
    const lianshu_SanctionOrder *order = &trial->body.order;
    enum err err =
        orders_token(core, trial->subject, trial->persons, trial->person_count, 0, token);
    if (err == OK)
        err = view.conflict(view.ctx, token, order->list, order->decision_number, a->conflicts[0]);
    a->conflicts_count = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err preview_answer(struct core *core, const struct incoming *in)
{
    struct incoming *trial = &core->previewed;
    struct judgement *judged = &core->tried;
    lianshu_PreviewAnswer *a = &core->preview;
    enum err err = imagine(core, in, trial);
    *a = (lianshu_PreviewAnswer)lianshu_PreviewAnswer_init_zero;
    a->at_ms = core->now_ms;
    a->code = (uint32_t)err;
    if (err == OK)
        err = judge(core, trial, judged);
    if (err_class(err) != ERR_CLASS_OK && err_class(err) != ERR_CLASS_REJECT)
        return err;
    if (err != OK) {
        a->code = (uint32_t)err;
    } else {
        a->code = (uint32_t)(judged->err != OK ? judged->err : judged->verdict.err);
        a->grounds_count = (pb_size_t)judged->verdict.ground_count;
        memcpy(a->grounds, judged->verdict.ground, a->grounds_count * sizeof a->grounds[0]);
        if (judged->err == OK)
            add_plan(core, trial, judged, a);
        err = judged->err == ERR_ORDER_CONFLICT ? add_conflict(core, trial, a) : OK;
        if (err != OK)
            return err;
    }
    const struct outgoing out = {
        .type = lianshu_DocumentType_TYPE_PREVIEW_ANSWER,
        .recipient = in->header.sender,
        .conversation = span_of(in->header.conversation.bytes, in->header.conversation.size),
        .in_reply_to = span_of(in->env_id, HASH_LEN),
        .in_reply_to_doc = span_of(in->document.id, sizeof in->document.id),
        .purpose = in->header.purpose,
        .body = a,
    };
    return outgoing_send(core, &out);
}
