#include "core/state.h"

#include "base/text.h"

#include <string.h>

/* What came from another hub is judged as of when its first hub took it. */
static struct hearing now_of(const struct core *core, const struct incoming *in,
                             const struct view *view)
{
    struct hearing h = evaluate_hearing(core, core->opt.rules, view,
                                        in->accepted_ms != 0 ? in->accepted_ms : core->now_ms,
                                        in->as_of != 0 ? in->as_of : log_size(core->store->log));
    h.elsewhere = in->accepted_ms != 0;
    return h;
}

/* What a refusal rests on, beside its code: the rule and the article that the document offends. */
static void name_offence(const struct rule *rule, const char *basis, struct verdict *v)
{
    if (basis[0] == '\0')
        return;
    lianshu_Ground *ground = &v->ground[0];
    *ground = (lianshu_Ground)lianshu_Ground_init_zero;
    text_copy(ground->rule, sizeof ground->rule, rule == NULL ? "" : rule->id);
    text_copy(ground->basis, sizeof ground->basis, basis);
    v->ground_count = 1;
}

static enum err judge_rules(struct core *core, struct incoming *in, struct view *view,
                            struct judgement *out)
{
    /* Every notice embeds this document. */
    if (in->facts_frame.len > sizeof((lianshu_SanctionNotice *)0)->issuer_document.bytes) {
        out->err = ERR_TOO_LARGE;
        return OK;
    }
    const struct hearing h = now_of(core, in, view);
    const struct matter m = evaluate_matter(in);
    (void)change_of_type(in->header.type, &out->change); /* of an order there is none */
    enum err err = hearing_rules(&h, &m, &out->decision, &out->record);
    if (err != OK)
        return err;
    out->recorded = true;
    out->err = out->decision.err;
    if (out->err != OK)
        name_offence(out->decision.rule, out->decision.basis, &out->verdict);
    return OK;
}

static enum err judge_gate(struct core *core, struct incoming *in, struct judgement *out)
{
    struct view_ctx ctx = {.core = core, .as_of = STORE_NEVER, .asked = &out->asked};
    const struct view view = view_of(&ctx);
    const struct hearing h = now_of(core, in, &view);
    out->gated = true;
    out->gated_at = h.log_size;
    out->asked = (struct view_asked){0};
    enum err err = evaluate_gates(core, &h, in, &out->verdict, &out->record);
    if (err != OK)
        return err;
    out->recorded = true;
    /* A hold is accepted, and waits for two officials. */
    if (out->verdict.action == GATE_REFUSE)
        out->err = out->verdict.err == ERR_FACTS_MISSING ? ERR_FACTS_MISSING : ERR_RESTRICTED;
    return OK;
}

/* A rule may hold a document that no restriction holds. */
static void take_hold(const struct consequence *c, struct verdict *v)
{
    if (v->action >= GATE_HOLD)
        return;
    v->action = GATE_HOLD;
    v->err = ERR_HELD;
    v->deadline_ms = c->duty.answer_due_ms;
    v->breach = (enum gate_action)c->breach;
    v->ground_count = 0;
    lianshu_Ground *ground = &v->ground[v->ground_count++];
    *ground = (lianshu_Ground)lianshu_Ground_init_zero;
    text_copy(ground->rule, sizeof ground->rule, c->duty.rule);
    if (c->duty.basis_count > 0)
        text_copy(ground->basis, sizeof ground->basis, c->duty.basis[0]);
    memcpy(ground->order_id, c->order_id, sizeof ground->order_id);
}

/* Also of a document that a gate refuses: its rules may tell somebody of it. */
static enum err judge_event(struct core *core, struct incoming *in, struct view *view,
                            struct judgement *out)
{
    const bool judged = out->err == OK || out->err == ERR_RESTRICTED;
    if (!judged || !in->has_facts || !event_applies(core->opt.rules, in->header.type))
        return OK;
    const struct hearing h = now_of(core, in, view);
    const struct matter m = evaluate_matter(in);
    enum err err = hearing_event(&h, &m, &out->events, &out->event_record);
    if (err != OK)
        return err;
    out->event_recorded = true;
    if (out->err != OK)
        return OK; /* the gate's refusal stands */
    out->err = out->events.err;
    if (out->err != OK) {
        out->verdict.ground_count = 0;
        name_offence(out->events.rule, out->events.basis, &out->verdict);
    }
    for (uint32_t i = 0; out->err == OK && i < out->events.count; i++) {
        if (out->events.consequence[i].kind == CONSEQUENCE_HOLD)
            take_hold(&out->events.consequence[i], &out->verdict);
    }
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
    else if (!lifting && in->body.answer.answer == lianshu_AnswerKind_ANSWER_ACCEPTED &&
             row->force == (uint32_t)lianshu_Force_FORCE_CONSIDER &&
             in->body.answer.decision[0] == '\0')
        out->err = ERR_FIELD_MISSING; /* `consider` records what was decided */
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
    if (spread_between(in->header.type))
        return spread_judge(core, in, out);
    if (in->header.type == lianshu_DocumentType_TYPE_RELAY_TALLY)
        return tally_judge(core, in, out);
    if (in->header.type == lianshu_DocumentType_TYPE_RELAY_FORK)
        return witnessing_judge(core, in, out);
    if (cases_apply(in)) {
        enum err err = cases_judge(core, in, out);
        out->case_stands = err == OK && out->err == OK;
        return err;
    }
    if (in->header.type == lianshu_DocumentType_TYPE_SANCTION_ANSWER ||
        in->header.type == lianshu_DocumentType_TYPE_SANCTION_EXECUTED)
        return judge_answer(core, in, out);
    if (in->header.type == lianshu_DocumentType_TYPE_WITHDRAW)
        return withdraw_judge(core, in, out);
    if (in->header.type == lianshu_DocumentType_TYPE_PREVIEW)
        return preview_judge(core, in, out);
    if (in->header.type == lianshu_DocumentType_TYPE_CREDIT_CHECK)
        return certificate_judge(core, in, out);
    if (reporters_apply(in->header.type))
        return reporters_judge(core, in, out);
    if (requests_apply(in->header.type))
        return requests_judge(core, in, out);
    if (gate_applies(core->opt.rules, in->header.type))
        return judge_gate(core, in, out);
    return OK;
}

static void begin(struct judgement *out)
{
    out->err = OK;
    out->whole = false;
    out->kind = lianshu_ReceiptKind_RECEIPT_ACCEPTED;
    out->recorded = false;
    out->event_recorded = false;
    out->gated = false;
    out->asked.count = 0;
    out->case_step = 0;
    out->case_place = CASE_NEXT;
    out->case_stands = false;
    out->events.count = 0;
    out->events.end_count = 0;
    out->verdict = (struct verdict){.action = GATE_PASS};
}

/* What another hub handed on: our rules are for our own recipients, and what its document means
 * for us comes by relay.facts when it is of a type that does; then there is the gate alone. */
static enum err judge_relayed(struct core *core, struct incoming *in, struct view *view,
                              struct judgement *out)
{
    enum err err = OK;
    if (in->here == 0)
        return OK;
    if ((in->type->flags & TYPE_SPREAD) != 0)
        return gate_applies(core->opt.rules, in->header.type) ? judge_gate(core, in, out) : OK;
    err = judge_known(core, in, out);
    if (err == OK && out->err == OK)
        err = judge_type(core, in, view, out);
    return err == OK ? judge_event(core, in, view, out) : err;
}

enum err judge(struct core *core, struct incoming *in, struct judgement *out)
{
    struct view_ctx ctx = {.core = core, .as_of = STORE_NEVER};
    struct view view = view_of(&ctx);
    begin(out);
    if (in->link != NULL) {
        enum err err = judge_relayed(core, in, &view, out);
        out->kind = out->err != OK ? lianshu_ReceiptKind_RECEIPT_REFUSED
                                   : lianshu_ReceiptKind_RECEIPT_RELAYED;
        return err;
    }
    enum err err = judge_known(core, in, out);
    if (err == OK && out->err == OK)
        err = judge_type(core, in, &view, out);
    if (err == OK)
        err = judge_event(core, in, &view, out);
    if (out->err != OK)
        out->kind = lianshu_ReceiptKind_RECEIPT_REJECTED;
    return err;
}

void judge_none(struct judgement *out)
{
    begin(out);
}

enum err judge_spread(struct core *core, struct incoming *in, struct judgement *out)
{
    struct view_ctx ctx = {.core = core, .as_of = in->as_of != 0 ? in->as_of : STORE_NEVER};
    struct view view = view_of(&ctx);
    begin(out);
    enum err err = (in->type->flags & TYPE_RULES) != 0 ? judge_rules(core, in, &view, out) : OK;
    return err == OK ? judge_event(core, in, &view, out) : err;
}

enum err judge_again(struct core *core, struct incoming *in, struct judgement *out)
{
    struct view_ctx ctx = {.core = core, .as_of = STORE_NEVER};
    struct view view = view_of(&ctx);
    begin(out);
    enum err err = judge_gate(core, in, out);
    return err == OK ? judge_event(core, in, &view, out) : err;
}

/* A step takes its place in the case now: it is signed with keys that are good now, and the state
 * allows it. */
static enum err judge_step_released(struct core *core, struct incoming *in, struct judgement *out)
{
    const lianshu_Header *h = &in->header;
    const struct registry_key *key;
    enum err err = registry_signer(core->opt.registry, h->sender, h->sender_kid, KEY_USE_SIGN,
                                   core->now_ms, &key);
    if (err == OK)
        err = registry_verify_document(core->opt.registry, core->now_ms, in->facts_frame,
                                       core->verifier, &in->document, in->facts_hash);
    if (err == OK)
        err = cases_judge(core, in, out);
    return err == OK ? out->err : err;
}

enum err judge_released(struct core *core, struct incoming *in, bool relayed, struct judgement *out)
{
    struct view_ctx ctx = {.core = core, .as_of = STORE_NEVER};
    struct view view = view_of(&ctx);
    begin(out);
    enum err err = OK;
    if (!relayed && in->has_facts && cases_apply(in))
        err = judge_step_released(core, in, out);
    if (err == OK)
        err = judge_event(core, in, &view, out);
    out->verdict = (struct verdict){.action = GATE_PASS};
    return err == OK ? out->err : err;
}
