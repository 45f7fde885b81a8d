/* What follows from a document that is no order, by the rules that it sets off: departments are
 * told, and measures are owed under the document as they are under an order, until its cause is
 * cleared.
 *
 * Such a document is kept as an order without a list: one row for each of its rules that makes
 * somebody owe something. Obligations, restrictions, clocks, back-fill and lifts are then the same
 * as those of orders (root_event_id). */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

enum { TOLD_MAX = 16 /* notices that one document may cause */ };

static bool owes(const struct consequence *c, const char *rule)
{
    return (c->kind == CONSEQUENCE_DUTY || c->kind == CONSEQUENCE_INCENTIVE) &&
           strcmp(c->duty.rule, rule) == 0;
}

/* The duties of one rule, as a plan. */
static void plan_of(const struct event_decision *events, const char *rule, struct decision *out)
{
    bool life = false;
    memset(out, 0, sizeof *out);
    out->version = 1;
    out->state = ORDER_ACTIVE;
    for (uint32_t i = 0; i < events->count && out->duty_count < DECIDE_DUTIES_MAX; i++) {
        const struct consequence *c = &events->consequence[i];
        if (!owes(c, rule))
            continue;
        out->duty[out->duty_count++] = c->duty;
        life = life || c->duty.end_date == 0;
        if (c->duty.end_date > out->end_date)
            out->end_date = c->duty.end_date;
    }
    if (life)
        out->end_date = 0;
}

/* The document's own id for its first rule; of further ones
 * SHA-256(L("root") ‖ document id ‖ rule)[0..16). */
static void root_id(const struct event_decision *events,
                    const uint8_t document[static STORE_ID_LEN], const char *rule,
                    uint8_t out[static STORE_ID_LEN])
{
    const char *first = NULL;
    for (uint32_t i = 0; first == NULL && i < events->count; i++) {
        const struct consequence *c = &events->consequence[i];
        if (c->kind == CONSEQUENCE_DUTY || c->kind == CONSEQUENCE_INCENTIVE)
            first = c->duty.rule;
    }
    memcpy(out, document, STORE_ID_LEN);
    if (first == NULL || strcmp(first, rule) == 0)
        return;
    uint8_t hash[HASH_LEN];
    const struct span parts[] = {LABEL("root"), span_of(document, STORE_ID_LEN), span_str(rule)};
    hash_spans(hash, parts, sizeof parts / sizeof parts[0]);
    memcpy(out, hash, STORE_ID_LEN);
}

enum err consequences_plan(struct core *core, const struct order_row *text, uint64_t log_size,
                           uint64_t now_ms, uint64_t known)
{
    struct view_ctx ctx = {.core = core, .as_of = log_size, .known = known};
    const struct view view = view_of(&ctx);
    const lianshu_Document *d = &core->stored;
    const struct document_type *type = type_find(d->type);
    if (type == NULL || type->facts == NULL)
        return ERR_CORRUPT;
    enum err err = wire_decode(type->facts, span_of(d->body.bytes, d->body.size), &core->root_body);
    if (err != OK)
        return ERR_CORRUPT;
    const char *basis[sizeof d->basis / sizeof d->basis[0]];
    for (pb_size_t i = 0; i < d->basis_count; i++)
        basis[i] = d->basis[i];
    const struct decide_input input = {
        .issuer = d->issuers[0].member,
        .basis = basis,
        .basis_count = d->basis_count,
        .issued_ms = d->issued_ms,
        .document_id = d->id,
        .now_ms = now_ms,
        .calendar = core->opt.calendar,
        .regions = core->opt.regions,
    };
    err = decide_event(core->opt.rules, &view, &input, d->type, &core->root_body,
                       &core->root_events, NULL);
    if (err != OK)
        return err;
    plan_of(&core->root_events, text->rule, &core->plan);
    size_t count = 0;
    const lianshu_Subject *subject = facts_subject(type->facts, &core->root_body);
    const lianshu_Person *persons = facts_persons(type->facts, &core->root_body, &count);
    wire_clear(&lianshu_SanctionOrder_msg, &core->plan_body);
    core->plan_body.subject = *subject;
    for (size_t i = 0; i < count && i < sizeof core->plan_body.persons / sizeof *persons; i++)
        core->plan_body.persons[core->plan_body.persons_count++] = persons[i];
    return core->plan.duty_count > 0 ? OK : ERR_REEXECUTION;
}

static enum err tell(struct core *core, const struct incoming *in, const struct consequence *c,
                     size_t *left)
{
    lianshu_HubNotice body = {
        .kind = c->kind == CONSEQUENCE_CLASS ? lianshu_HubNoticeKind_HUBNOTICE_CLASS
                                             : lianshu_HubNoticeKind_HUBNOTICE_ALERT,
        .due_ms = c->duty.answer_due_ms,
    };
    static const uint8_t none[STORE_ID_LEN] = {0};
    body.env_id.size = HASH_LEN;
    memcpy(body.env_id.bytes, in->env_id, HASH_LEN);
    if (memcmp(c->order_id, none, sizeof none) != 0)
        tell_order(&body, c->order_id);
    snprintf(body.rule, sizeof body.rule, "%.16s", c->duty.rule);
    snprintf(body.basis, sizeof body.basis, "%.48s",
             c->duty.basis_count > 0 ? c->duty.basis[0] : "");
    snprintf(body.reference, sizeof body.reference, "%.64s", c->reason != NULL ? c->reason : "");
    enum err err = store_count(core->store, "alerts", 1);
    for (size_t i = 0; err == OK; i++) {
        i = expansion_owner(core, &c->duty, in->document.issuers[0].member, i);
        if (i == SIZE_MAX)
            break;
        if (*left == 0)
            return store_count(core->store, "alerts.untold", 1);
        (*left)--;
        err = tell_notice(core, registry_member_at(core->opt.registry, i)->id, &body);
    }
    return err;
}

enum err consequences_tell(struct core *core, const struct incoming *in,
                           const struct judgement *judged)
{
    size_t left = TOLD_MAX;
    enum err err = OK;
    for (uint32_t i = 0; err == OK && judged->event_recorded && i < judged->events.count; i++) {
        const struct consequence *c = &judged->events.consequence[i];
        if (c->kind == CONSEQUENCE_ALERT || c->kind == CONSEQUENCE_CLASS)
            err = tell(core, in, c, &left);
    }
    return err;
}

static enum err begin(struct core *core, const struct incoming *in, const struct judgement *judged,
                      const char *rule)
{
    struct decision plan;
    plan_of(&judged->events, rule, &plan);
    uint32_t today = date_from_ms(core->now_ms);
    struct order_row row = {
        .version = 1,
        .state = ORDER_ACTIVE,
        .decision_date = today,
        .start_date = plan.duty[0].start_date,
        .end_date = plan.end_date,
        .decision_seq = judged->event_seq,
    };
    root_id(&judged->events, in->document.id, rule, row.id);
    memcpy(row.act, row.id, sizeof row.act);
    snprintf(row.issuer, sizeof row.issuer, "%s", in->document.issuers[0].member);
    memcpy(row.changed_by, row.issuer, sizeof row.changed_by);
    snprintf(row.trigger, sizeof row.trigger, "%s", in->type->name);
    snprintf(row.rule, sizeof row.rule, "%s", rule);
    memcpy(row.document, in->facts_hash, sizeof row.document);
    memcpy(row.change_document, in->facts_hash, sizeof row.change_document);
    ruleset_hash(core->opt.rules, row.rule_set);
    lianshu_SanctionOrder *who = &core->root_order;
    wire_clear(&lianshu_SanctionOrder_msg, who);
    who->subject = *in->subject;
    for (size_t i = 0; i < in->person_count && i < sizeof who->persons / sizeof *in->persons; i++)
        who->persons[who->persons_count++] = in->persons[i];
    enum err err = orders_name(core, in);
    if (err == OK)
        err = orders_token(core, in->subject, in->persons, in->person_count, 0, row.subject);
    return err == OK ? orders_begin(core, &row, in->facts_frame, &plan, who) : err;
}

enum err consequences_end(struct core *core, const uint8_t subject[static STORE_TOKEN_LEN],
                          const char *const *rules, uint32_t rule_count, const char *by,
                          const uint8_t document[static HASH_LEN])
{
    uint8_t id[STORE_ID_LEN] = {0};
    struct order_row row;
    enum err err;
    while ((err = order_next_of_subject(core->store->orders, subject, STORE_NEVER, id, &row)) ==
           OK) {
        bool ends = false;
        for (uint32_t i = 0; i < rule_count; i++)
            ends = ends || strcmp(row.rule, rules[i]) == 0;
        if (!ends || row.list[0] != '\0' || row.state != ORDER_ACTIVE)
            continue;
        row.version++;
        row.state = ORDER_LIFTED;
        snprintf(row.changed_by, sizeof row.changed_by, "%s", by);
        memcpy(row.change_document, document, sizeof row.change_document);
        err = orders_end(core, &row);
        if (err != OK)
            return err;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err consequences_take(struct core *core, const struct incoming *in,
                           const struct judgement *judged)
{
    const struct event_decision *events = &judged->events;
    if (!judged->event_recorded || in->subject == NULL)
        return OK;
    uint8_t subject[STORE_TOKEN_LEN];
    enum err err = orders_token(core, in->subject, in->persons, in->person_count, 0, subject);
    if (err == OK && events->end_count > 0)
        err = consequences_end(core, subject, events->ends, events->end_count,
                               in->document.issuers[0].member, in->facts_hash);
    for (uint32_t i = 0; err == OK && i < events->count; i++) {
        const struct consequence *c = &events->consequence[i];
        bool first = owes(c, c->duty.rule);
        for (uint32_t k = 0; k < i; k++)
            first = first && !owes(&events->consequence[k], c->duty.rule);
        if (first)
            err = begin(core, in, judged, c->duty.rule);
    }
    return err == OK ? consequences_tell(core, in, judged) : err;
}

bool consequences_hold(const struct judgement *judged)
{
    for (uint32_t i = 0; judged->event_recorded && i < judged->events.count; i++) {
        if (judged->events.consequence[i].kind == CONSEQUENCE_HOLD)
            return true;
    }
    return false;
}

enum err consequences_release(struct core *core, const struct incoming *in,
                              struct judgement *judged)
{
    static const uint8_t none[HASH_LEN] = {0}; /* no document of a member ended it */
    const char *rules[EVENT_ENDS_MAX];
    uint32_t count = 0;
    uint8_t subject[STORE_TOKEN_LEN];
    struct event_decision *events = &judged->events;
    for (uint32_t i = 0; i < events->count && count < EVENT_ENDS_MAX; i++) {
        if (events->consequence[i].kind == CONSEQUENCE_HOLD)
            rules[count++] = events->consequence[i].duty.rule;
    }
    events->count = 0;
    events->end_count = 0;
    if (in->subject == NULL)
        return OK; /* about nobody that the hub knows: nobody owes anything because of it */
    enum err err = orders_token(core, in->subject, in->persons, in->person_count, 0, subject);
    return err == OK ? consequences_end(core, subject, rules, count, core->opt.member, none) : err;
}
