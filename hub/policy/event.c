#include "policy/event.h"

#include "policy/event_facts.h"
#include "policy/gate.h"
#include "policy/plan.h"
#include "policy/record.h"

#include "base/clock.h"
#include "catalogue.h"
#include "ident.h"

#include <assert.h>
#include <string.h>

/* One evaluation under way. */
struct happening {
    const struct ruleset *rs;
    struct reader *reader;
    const struct decide_input *in;
    uint32_t type;
    struct event_facts facts;
    struct event_decision *out;
    lianshu_DecisionRecord *record;
    struct member issuer;
    uint32_t today;
    uint32_t date; /* by whose rules the document is judged */
};

const char *consequence_word(enum consequence_kind kind)
{
    static const char *const words[] = {"none", "refuse", "hold",     "alert",
                                        "owe",  "class",  "incentive"};
    return (unsigned)kind < sizeof words / sizeof words[0] ? words[kind] : "";
}

static bool is_event(const struct rule *rule)
{
    return rule->event != EVENT_ORDER && rule->event != EVENT_CHANGE;
}

static bool names_type(const struct rule *rule, uint32_t type)
{
    return is_event(rule) && event_set_off(rule, type);
}

bool event_applies(const struct ruleset *rs, uint32_t document_type)
{
    size_t n = 0;
    const struct rule *rules = ruleset_rules(rs, &n);
    for (size_t i = 0; i < n; i++)
        if (names_type(&rules[i], document_type))
            return true;
    return false;
}

static void refuse(struct happening *h, enum err err, const char *why, const struct rule *rule)
{
    assert(h->out->err == OK); /* nothing is judged behind a refusal */
    h->out->err = err;
    h->out->rule = rule;
    text_copy(h->out->why, sizeof h->out->why, why);
    assert(rule == NULL || rule->basis_count > 0); /* check.c: a rule of events has an article */
    text_copy(h->out->basis, sizeof h->out->basis, rule != NULL ? rule->basis[0] : "");
}

static void record_consequence(const struct happening *h, const struct consequence *c)
{
    lianshu_Outcome outcome = lianshu_Outcome_init_zero;
    text_copy(outcome.measure, sizeof outcome.measure, c->duty.measure);
    outcome.force = c->duty.force;
    text_copy(outcome.rule, sizeof outcome.rule, c->duty.rule);
    text_copy(outcome.basis, sizeof outcome.basis,
              c->duty.basis_count == 0 ? "" : c->duty.basis[0]);
    outcome.subject_index = c->duty.subject_index;
    outcome.start_date = c->duty.start_date;
    outcome.end_date = c->duty.end_date;
    text_copy(outcome.action, sizeof outcome.action, consequence_word(c->kind));
    record_outcome(h->record, &outcome);
}

static enum err add(struct happening *h, const struct consequence *c)
{
    if (h->out->count == EVENT_CONSEQUENCES_MAX)
        return ERR_PROPAGATION;
    h->out->consequence[h->out->count++] = *c;
    record_consequence(h, c);
    return OK;
}

/* Where it happened: a batch or a case may name no region, then where the document comes from. */
static const char *place_of(const struct happening *h)
{
    const char *region = h->facts.subject->region;
    return region_valid(region) ? region : h->issuer.region;
}

/* Where the members are that a scope means. */
static void scope_of(const struct happening *h, enum scope scope, const char *region,
                     struct duty *d)
{
    text_copy(d->scope, sizeof d->scope, "000000");
    if (scope == SCOPE_NATION)
        return;
    d->competent = scope == SCOPE_SUBJECT;
    text_copy(d->scope, sizeof d->scope,
              scope == SCOPE_REGION ? region
              : scope == SCOPE_OWN  ? h->issuer.region
                                    : place_of(h));
    if (scope == SCOPE_PROVINCE)
        memcpy(d->scope + 2, "0000", 4);
}

static struct consequence begin(const struct happening *h, const struct rule *rule,
                                enum consequence_kind kind, const struct event_hit *hit)
{
    struct consequence c = {.kind = kind, .reason = rule->reason};
    c.duty.measure = "";
    c.duty.rule = rule->id;
    c.duty.start_date = h->date;
    c.duty.basis_count = plan_basis(h->rs, rule->basis, rule->basis_count, h->date, c.duty.basis);
    text_copy(c.duty.scope, sizeof c.duty.scope, "000000");
    c.duty.subject_index = hit->subject_index;
    memcpy(c.order_id, hit->order_id, sizeof c.order_id);
    if (hit->subject_index > 0)
        c.duty.role = h->facts.persons[hit->subject_index - 1].role;
    return c;
}

static enum err add_action(struct happening *h, const struct rule *rule,
                           const struct event_hit *hit)
{
    if (rule->action == GATE_PASS)
        return OK;
    bool hold = rule->action == GATE_HOLD;
    struct consequence c = begin(h, rule, hold ? CONSEQUENCE_HOLD : CONSEQUENCE_REFUSE, hit);
    c.code = hold ? ERR_HELD : ERR_RESTRICTED;
    c.breach = rule->breach;
    if (hold) {
        enum err err =
            term_due(&rule->deadline, h->in->now_ms, h->in->calendar, &c.duty.answer_due_ms);
        if (err != OK)
            return err;
    } else {
        refuse(h, c.code, rule->reason, rule);
    }
    return add(h, &c);
}

static enum err add_alert(struct happening *h, const struct rule *rule,
                          const struct rule_alert *alert, const struct event_hit *hit)
{
    struct consequence c = begin(h, rule, CONSEQUENCE_ALERT, hit);
    c.duty.owners = alert->owners;
    c.duty.force = lianshu_Force_FORCE_NOTIFY;
    c.duty.answer = alert->clock->ordinary;
    scope_of(h, alert->scope, alert->region, &c.duty);
    enum err err = term_due(&c.duty.answer, h->in->now_ms, h->in->calendar, &c.duty.answer_due_ms);
    return err == OK ? add(h, &c) : err;
}

/* Last day of a measure; 0 while nothing ends it. The document may say less than the rule
 * allows, never more. */
static enum err end_of(const struct happening *h, const struct rule *rule,
                       const struct rule_item *item, uint32_t *end)
{
    const struct term *term = item->term.unit == TERM_ORDER ? &rule->term : &item->term;
    *end = 0;
    if (term->unit != TERM_NONE) {
        enum err err = term_last_day(term, h->date, end);
        if (err != OK)
            return err;
    }
    uint32_t until = h->facts.until_date;
    if (item->term.unit == TERM_ORDER && until >= h->date && (*end == 0 || until < *end))
        *end = until;
    return OK;
}

static enum err add_item(struct happening *h, const struct rule *rule, const struct rule_item *item,
                         const struct event_hit *hit)
{
    const bool incentive = item->measure->kind == KIND_RED;
    if (rule->when.incentive && strcmp(item->measure->code, h->facts.measure) != 0)
        return OK;
    if (item->reach == ON_PERSONS && hit->subject_index == 0)
        return OK;
    struct event_hit whom = item->reach == ON_PERSONS ? *hit : (struct event_hit){0};
    struct consequence c =
        begin(h, rule, incentive ? CONSEQUENCE_INCENTIVE : CONSEQUENCE_DUTY, &whom);
    struct duty *d = &c.duty;
    d->measure = item->measure->code;
    d->force = item->force;
    d->owners = item->owners;
    d->answer = item->answer;
    d->execute = item->execute;
    d->restricts = item->measure->restricts;
    d->basis_count = plan_basis(h->rs, item->basis, item->basis_count, h->date, d->basis);
    scope_of(h, item->scope, item->region, d);
    enum err err = end_of(h, rule, item, &d->end_date);
    if (err == OK)
        err = term_due(&d->answer, h->in->now_ms, h->in->calendar, &d->answer_due_ms);
    if (err == OK)
        err = term_due(&d->execute, duty_runs_from(d->start_date, h->in->now_ms), h->in->calendar,
                       &d->execute_due_ms);
    return err == OK ? add(h, &c) : err;
}

/* What a rule that matched causes: the verdict on the document, alerts, and what is owed. */
static enum err apply(struct happening *h, const struct rule *rule, const struct event_hits *hits)
{
    enum err err = add_action(h, rule, &hits->hit[0]);
    for (uint32_t i = 0; err == OK && i < hits->count; i++) {
        for (uint32_t k = 0; err == OK && k < rule->alert_count; k++)
            err = add_alert(h, rule, &rule->alert[k], &hits->hit[i]);
        for (uint32_t k = 0; err == OK && k < rule->item_count; k++)
            if (i == 0 || rule->item[k].reach == ON_PERSONS)
                err = add_item(h, rule, &rule->item[k], &hits->hit[i]);
    }
    return err;
}

static bool in_force(const struct rule *rule, uint32_t date)
{
    return rule->from <= date && (rule->to == 0 || date <= rule->to);
}

/* A benefit is not for one who is listed: no incentive, and an offer of one is refused. */
static enum err bar_listed(struct happening *h, const struct rule *rule, bool *barred)
{
    struct event_hit by = {0};
    *barred = false;
    if (!rule->lost_on_order)
        return OK;
    enum err err = event_listed(h->rs, h->reader, &h->facts, h->type, h->date, &by, barred);
    if (err == OK && *barred && rule->when.incentive) {
        struct consequence c = begin(h, rule, CONSEQUENCE_REFUSE, &by);
        c.code = ERR_RESTRICTED;
        refuse(h, ERR_RESTRICTED, "listed", rule);
        err = add(h, &c);
    }
    return err;
}

static void note_end(struct happening *h, const struct rule *rule)
{
    if (!rule->until_next)
        return;
    assert(h->out->end_count < EVENT_ENDS_MAX); /* the loader's bound */
    h->out->ends[h->out->end_count++] = rule->id;
}

static enum err judge_rule(struct happening *h, const struct rule *rule)
{
    struct event_hits hits;
    bool barred = false;

    note_end(h, rule);
    if (!in_force(rule, h->date)) {
        record_trace(h->record, rule->id, NULL, false, "not_in_force");
        return OK;
    }
    if (!region_contains(rule->region, place_of(h))) {
        record_trace(h->record, rule->id, NULL, false, "region");
        return OK;
    }
    enum err err = event_hits_find(h->rs, h->reader, &h->facts, rule, h->date, &hits);
    if (err == OK && hits.count > 0)
        err = bar_listed(h, rule, &barred);
    if (err != OK)
        return err;
    const bool matched = hits.count > 0 && !barred;
    record_trace(h->record, rule->id, NULL, matched,
                 matched  ? "matched"
                 : barred ? "listed"
                          : hits.why);
    return matched ? apply(h, rule, &hits) : OK;
}

/* Does a rating of the subject stand that goes before this one? Wherever and in whatever order they
 * come, the same one stands. */
static enum err rated_since(struct happening *h, bool *since)
{
    uint8_t token[VIEW_TOKEN_LEN];
    struct view_rating last;
    *since = false;
    enum err err = reader_token(h->reader, h->facts.subject->kind, h->facts.subject->id, token);
    if (err == OK)
        err = reader_rating(h->reader, token, &last);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if (last.from_date != h->date)
        *since = last.from_date > h->date;
    else if (last.issued_ms != h->in->issued_ms)
        *since = last.issued_ms > h->in->issued_ms;
    else
        *since = memcmp(last.id, h->in->document_id, sizeof last.id) > 0;
    return OK;
}

/* A rating says the class that its indices come to, from a day on that has come. */
static enum err judge_rating(struct happening *h)
{
    lianshu_CreditClass class = lianshu_CreditClass_CLASS_NONE;
    if (!h->facts.rated)
        return OK;
    enum err err = rating_class(h->rs, h->facts.index, h->facts.index_count, &class);
    if (err != OK)
        refuse(h, err, "indices", NULL);
    else if (class != h->facts.class)
        refuse(h, ERR_CREDIT_CLASS, "class", NULL);
    else if (h->date > date_from_ms(h->in->issued_ms))
        refuse(h, ERR_RATING_AHEAD, "rated_ahead", NULL);
    if (h->out->err != OK)
        return OK;
    bool since;
    err = rated_since(h, &since);
    if (err == OK && since)
        refuse(h, ERR_RATING_OLDER, "rated_since", NULL);
    if (err != OK || since)
        return err;
    struct consequence c = {.kind = CONSEQUENCE_CLASS, .reason = "class", .class = class};
    c.duty.measure = "";
    c.duty.rule = "";
    c.duty.start_date = h->date;
    c.duty.end_date = h->facts.until_date;
    text_copy(c.duty.scope, sizeof c.duty.scope, "000000");
    return add(h, &c);
}

/* An incentive that is none of the rules' is refused before any rule is asked. */
static void judge_offer(struct happening *h)
{
    size_t n = 0;
    const struct rule *rules = ruleset_rules(h->rs, &n);
    bool offers = false;
    for (size_t i = 0; i < n; i++) {
        const struct rule *rule = &rules[i];
        if (!names_type(rule, h->type) || !rule->when.incentive)
            continue;
        offers = true;
        for (uint32_t k = 0; k < rule->item_count; k++)
            if (strcmp(rule->item[k].measure->code, h->facts.measure) == 0)
                return;
    }
    if (offers)
        refuse(h, ERR_FIELD_VALUE, "measure", NULL);
}

static enum err judge(struct happening *h)
{
    size_t n = 0;
    const struct rule *rules = ruleset_rules(h->rs, &n);

    enum err err = judge_rating(h);
    if (err == OK && h->out->err == OK)
        judge_offer(h);
    for (size_t i = 0; err == OK && h->out->err == OK && i < n; i++)
        if (names_type(&rules[i], h->type))
            err = judge_rule(h, &rules[i]);
    return err;
}

/* A document that is refused for what it says itself causes nothing at all. */
static void conclude(struct happening *h)
{
    uint32_t kept = 0;
    if (h->out->err == OK)
        return;
    h->out->end_count = 0;
    record_no_outcome(h->record);
    for (uint32_t i = 0; i < h->out->count; i++) {
        const enum consequence_kind kind = h->out->consequence[i].kind;
        if (kind != CONSEQUENCE_REFUSE && kind != CONSEQUENCE_ALERT)
            continue;
        h->out->consequence[kept] = h->out->consequence[i];
        record_consequence(h, &h->out->consequence[kept++]);
    }
    h->out->count = kept;
    record_trace(h->record, h->out->rule == NULL ? "" : h->out->rule->id, NULL, false, h->out->why);
}

enum err decide_event(const struct ruleset *rs, const struct view *view,
                      const struct decide_input *in, uint32_t document_type, const void *facts,
                      struct event_decision *out, lianshu_DecisionRecord *record)
{
    struct reader reader;
    struct happening h = {.rs = rs,
                          .reader = &reader,
                          .in = in,
                          .type = document_type,
                          .out = out,
                          .record = record,
                          .today = date_from_ms(in->now_ms)};
    const struct document_type *type = type_find(document_type);
    enum err err = OK;

    memset(out, 0, sizeof *out);
    reader_init(&reader, view);
    record_begin(record, rs, in->now_ms);
    if (type != NULL && type->facts != NULL && event_applies(rs, document_type)) {
        const enum err known = member_parse(in->issuer, &h.issuer);
        assert(known == OK); /* its document is signed by a member */
        event_facts_read(&h.facts, type->facts, facts);
        h.date = h.facts.date != 0 ? h.facts.date : h.today;
        err = judge(&h);
    }
    if (err == OK) {
        conclude(&h);
    } else {
        memset(out, 0, sizeof *out);
        record_no_outcome(record);
    }
    record_end(record, &reader, err != OK ? err : out->err);
    return err;
}

uint32_t event_ends_on_order(const struct ruleset *rs, const char *out[static EVENT_ENDS_MAX])
{
    size_t n = 0;
    uint32_t found = 0;
    const struct rule *rules = ruleset_rules(rs, &n);
    for (size_t i = 0; i < n; i++)
        if (rules[i].lost_on_order) {
            assert(found < EVENT_ENDS_MAX); /* the loader's bound */
            out[found++] = rules[i].id;
        }
    return found;
}
