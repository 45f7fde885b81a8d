#include "core/state.h"

#include <string.h>

/* The record names what was judged; the rest of it the policy filled. */
static void record_done(struct core *core, const struct incoming *in, struct judgement *out)
{
    memcpy(out->record.document_sha256, in->facts_hash, HASH_LEN);
    out->record.type = in->header.type;
    out->record.log_size = log_size(core->store->log);
    out->recorded = true;
}

/* A correction would have to carry restrictions, obligations and notices over to the new version.
 * An order is corrected by annulling it and imposing another: both are told to everybody. */
static bool order_known(struct core *core, const lianshu_SanctionOrder *order, enum err *err)
{
    struct order_row row;
    *err = order_get(core->store->orders, order->order_id, STORE_NEVER, &row);
    bool known = *err == OK;
    *err = *err == ERR_NOT_FOUND ? OK : *err;
    return known;
}

static enum err judge_rules(struct core *core, struct incoming *in, struct view *view,
                            struct judgement *out)
{
    /* Every notice embeds this document. */
    if (in->facts_frame.len > sizeof((lianshu_SanctionNotice *)0)->issuer_document.bytes) {
        out->err = ERR_TOO_LARGE;
        return OK;
    }
    const char *basis[16];
    _Static_assert(sizeof basis / sizeof basis[0] ==
                       sizeof in->document.basis / sizeof in->document.basis[0],
                   "bound of Document.basis drifted");
    for (pb_size_t i = 0; i < in->document.basis_count; i++)
        basis[i] = in->document.basis[i];
    const struct decide_input input = {
        .issuer = in->document.issuers[0].member,
        .basis = basis,
        .basis_count = in->document.basis_count,
        .now_ms = core->now_ms,
        .calendar = core->opt.calendar,
        .regions = core->opt.regions,
    };
    enum err err = OK;
    if (change_of_type(in->header.type, &out->change)) {
        err = decide_change(core->opt.rules, view, &input, out->change, &in->body.change,
                            &out->decision, &out->record);
    } else if (order_known(core, &in->body.order, &err)) {
        out->err = ERR_ORDER_VERSION;
        return OK;
    } else if (err == OK) {
        err = decide_order(core->opt.rules, view, &input, &in->body.order, &out->decision,
                           &out->record);
    }
    if (err != OK)
        return err;
    record_done(core, in, out);
    out->err = out->decision.err;
    return OK;
}

/* One gate for each place where the message would take effect; the strictest answer counts. */
static enum err judge_gate(struct core *core, struct incoming *in, struct view *view,
                           struct judgement *out)
{
    const lianshu_Header *h = &in->header;
    bool licence = in->type->facts == &lianshu_Licence_msg;
    struct gate_message message = {
        .type = h->type,
        .subject = in->subject,
        .persons = in->persons,
        .person_count = (uint32_t)in->person_count,
        .notice_and_commitment = licence && in->body.licence.notice_and_commitment,
        .now_ms = core->now_ms,
        .calendar = core->opt.calendar,
    };
    for (pb_size_t i = 0; i < h->destination_count; i++) {
        struct member recipient;
        struct verdict verdict;
        enum err err = member_parse(h->destination[i], &recipient);
        message.region = recipient.region;
        if (err == OK)
            err = gate_check(core->opt.rules, view, &message, &verdict, &core->stored_record);
        if (err != OK)
            return err;
        if (i > 0 && verdict.action <= out->verdict.action)
            continue;
        out->verdict = verdict;
        out->record = core->stored_record;
    }
    record_done(core, in, out);
    /* A hold is accepted, and waits for two officials. */
    if (out->verdict.action == GATE_REFUSE)
        out->err = out->verdict.err == ERR_FACTS_MISSING ? ERR_FACTS_MISSING : ERR_RESTRICTED;
    return OK;
}

static uint32_t departments_of(const lianshu_Header *h)
{
    uint32_t bits = 0;
    struct member member;
    for (pb_size_t i = 0; i < h->destination_count; i++) {
        if (member_parse(h->destination[i], &member) == OK)
            bits |= UINT32_C(1) << member.department;
    }
    return bits;
}

/* A case is moved by who opened it, who must act next, and who has acted in it before: to know
 * its id is not enough. */
static enum err takes_part(struct core *core, const struct casefile *row, const char *member,
                           bool *part)
{
    *part = strcmp(row->opener, member) == 0 || strcmp(row->owner, member) == 0;
    uint64_t cursor = 0;
    enum err err = OK;
    while (err == OK && !*part) {
        struct casefile_step step;
        err = casefile_step_next(core->store->casefiles, row->id, &cursor, &step);
        *part = err == OK && strcmp(step.by, member) == 0;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err judge_case(struct core *core, struct incoming *in, struct judgement *out)
{
    const lianshu_CaseClock *clock = &in->body.clock;
    struct casefile row = {0};
    enum err err = casefile_get(core->store->casefiles, clock->case_id, &row);
    bool part = err == ERR_NOT_FOUND;
    if (err == OK)
        err = takes_part(core, &row, in->header.sender, &part);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (!part) {
        out->err = ERR_CASE_STATE;
        return OK;
    }
    struct member actor;
    err = member_parse(in->header.sender, &actor);
    if (err != OK)
        return err;
    const struct case_event event = {
        .state = row.state,
        .transition = clock->transition,
        .type = in->header.type,
        .outcome = clock->outcome,
        .complexity = clock->complexity,
        .actor = actor.department,
        .destinations = departments_of(&in->header),
        .event_ms = clock->event_ms,
    };
    out->err = case_step(core->opt.rules, core->opt.calendar, &event, &out->step);
    return OK;
}

/* The obligation is the sender's and can take this answer. An answer that a lift has overtaken
 * is taken without effect. */
static enum err judge_answer(struct core *core, struct incoming *in, struct judgement *out)
{
    bool executed = in->header.type == lianshu_DocumentType_TYPE_SANCTION_EXECUTED;
    const uint8_t *id = executed ? in->body.executed.obligation_id : in->body.answer.obligation_id;
    enum err err = obligation_get(core->store->obligations, id, &out->obligation);
    if (err == ERR_NOT_FOUND) {
        out->err = ERR_OBLIGATION;
        return OK;
    }
    if (err != OK)
        return err;
    const struct obligation *row = &out->obligation;
    if (strcmp(row->member, in->header.sender) != 0) {
        out->err = ERR_OBLIGATION;
        return OK;
    }
    bool lifting = row->state == OBLIGATION_LIFT_DUE || row->state == OBLIGATION_LIFTED;
    if (executed) {
        bool fits = in->body.executed.stage == lianshu_NoticeStage_STAGE_LIFT
                        ? row->state == OBLIGATION_LIFT_DUE
                        : row->state == OBLIGATION_ACCEPTED || lifting;
        out->err = fits ? OK : ERR_OBLIGATION;
        return OK;
    }
    bool open = row->state == OBLIGATION_CREATED || row->state == OBLIGATION_DELIVERED || lifting;
    if (!open)
        out->err = ERR_OBLIGATION;
    else if (in->body.answer.answer == lianshu_AnswerKind_ANSWER_DECLINED &&
             row->force == (uint32_t)lianshu_Force_FORCE_MUST &&
             in->body.answer.legal_reason[0] == '\0')
        out->err = ERR_DECLINE_REASON;
    return OK;
}

/* Crypto, Document: an id with other bytes is equivocation; the receipt and its leaf keep it. */
static enum err judge_known(struct core *core, const struct incoming *in, struct judgement *out)
{
    for (pb_size_t i = 0; in->has_facts && i < in->document.issuers_count; i++) {
        uint8_t hash[HASH_LEN];
        enum err err = document_get(core->store->documents, in->document.issuers[i].member,
                                    in->document.id, hash);
        if (err == ERR_NOT_FOUND)
            continue;
        if (err != OK)
            return err;
        if (memcmp(hash, in->facts_hash, HASH_LEN) != 0)
            out->err = ERR_EQUIVOCATION;
    }
    return OK;
}

static enum err judge_type(struct core *core, struct incoming *in, struct view *view,
                           struct judgement *out)
{
    if ((in->type->flags & TYPE_RULES) != 0)
        return judge_rules(core, in, view, out);
    if ((in->type->flags & TYPE_CASE) != 0)
        return judge_case(core, in, out);
    if (in->header.type == lianshu_DocumentType_TYPE_SANCTION_ANSWER ||
        in->header.type == lianshu_DocumentType_TYPE_SANCTION_EXECUTED)
        return judge_answer(core, in, out);
    if (in->header.type == lianshu_DocumentType_TYPE_WITHDRAW)
        return withdraw_judge(core, in, out);
    if (gate_applies(core->opt.rules, in->header.type))
        return judge_gate(core, in, view, out);
    return OK;
}

enum err judge(struct core *core, struct incoming *in, struct judgement *out)
{
    struct view_ctx ctx = {core, STORE_NEVER};
    struct view view = view_of(&ctx);
    out->err = OK;
    out->recorded = false;
    out->verdict.ground_count = 0;
    out->verdict.action = GATE_PASS;
    enum err err = judge_known(core, in, out);
    if (err == OK && out->err == OK)
        err = judge_type(core, in, &view, out);
    out->kind = out->err == OK ? lianshu_ReceiptKind_RECEIPT_ACCEPTED
                               : lianshu_ReceiptKind_RECEIPT_REJECTED;
    return err;
}
