#include "policy/decide.h"

#include "policy/judging.h"
#include "policy/plan.h"
#include "policy/record.h"

#include "base/clock.h"
#include "ident.h"

#include <assert.h>
#include <string.h>

static bool covers(uint32_t from, uint32_t to, uint32_t date)
{
    return from <= date && (to == 0 || date <= to);
}

static unsigned level_of(const struct decide_input *in, const char *region)
{
    const struct region *known = in->regions == NULL ? NULL : regions_find(in->regions, region);
    if (known != NULL)
        return 1u << known->level;
    if (strcmp(region, "000000") == 0)
        return LEVEL_NATION;
    if (strcmp(region + 2, "0000") == 0)
        return LEVEL_PROVINCE;
    return strcmp(region + 4, "00") == 0 ? LEVEL_CITY : LEVEL_COUNTY;
}

/* The first version founds the order; a later one corrects it while it may still be corrected. */
static enum err check_version(struct judging *j)
{
    struct view_order before;
    enum err err = reader_order(j->reader, j->order->order_id, &before);
    if (err == ERR_NOT_FOUND)
        return j->order->version == 1 ? OK : judging_refuse(j, ERR_ORDER_VERSION, "version", "");
    if (err != OK)
        return err;
    if (before.version == UINT32_MAX || j->order->version != before.version + 1)
        return judging_refuse(j, ERR_ORDER_VERSION, "version", "");
    if (strcmp(before.issuer, j->in->issuer) != 0)
        return judging_refuse(j, ERR_ORDER_AUTHORITY, "not_issuer", "");
    if (strcmp(before.list, j->order->list) != 0)
        return judging_refuse(j, ERR_ORDER_VERSION, "other_list", "");
    bool same;
    err = reader_same_subject(j->reader, &before, &j->order->subject, &same);
    if (err != OK)
        return err;
    if (!same)
        return judging_refuse(j, ERR_ORDER_VERSION, "other_subject", "");
    enum order_state state =
        order_state_on(before.state, before.start_date, before.end_date, j->today);
    if (state != ORDER_PENDING && state != ORDER_ACTIVE)
        return judging_refuse(j, ERR_ORDER_STATE, "state", "");
    /* A correction is no older than what it corrects. */
    if (j->order->decision_date >= before.decision_date)
        return OK;
    record_dates(j->record, j->order->decision_date, before.decision_date);
    return judging_refuse(j, ERR_TERM, "before_order", "");
}

static enum err check_basis(struct judging *j)
{
    if (j->in->basis_count == 0)
        return judging_refuse(j, ERR_BASIS, "basis_missing", "");
    for (uint32_t i = 0; i < j->in->basis_count; i++) {
        const struct rule_basis *b = ruleset_basis(j->rs, j->in->basis[i]);
        if (b == NULL)
            return judging_refuse(j, ERR_BASIS, "basis_unknown", "");
        if (!covers(b->from, b->to, j->order->decision_date))
            return judging_refuse(j, ERR_BASIS, "basis_not_in_force", b->code);
        if (!region_contains(b->region, j->issuer.region))
            return judging_refuse(j, ERR_BASIS, "basis_elsewhere", b->code);
    }
    return OK;
}

static bool has_trigger(const struct rule *rule, const char *trigger)
{
    for (uint32_t i = 0; i < rule->trigger_count; i++)
        if (strcmp(rule->trigger[i], trigger) == 0)
            return true;
    return false;
}

static bool names_basis(const struct judging *j, const struct rule *rule)
{
    for (uint32_t i = 0; i < rule->basis_count; i++)
        for (uint32_t k = 0; k < j->in->basis_count; k++)
            if (strcmp(rule->basis[i], j->in->basis[k]) == 0)
                return true;
    return rule->basis_count == 0;
}

/* Why a rule of this list or trigger does not decide; NULL when it does. Later reasons are
 * nearer misses. */
static const char *const misses[] = {"list",   "trigger",  "subject_kind", "not_in_force",
                                     "region", "severity", "basis"};
enum { MISS_KIND = 2, MISS_DATE, MISS_REGION, MISS_SEVERITY, MISS_BASIS, MISS_NONE };

static int miss_of(const struct judging *j, const struct rule *rule)
{
    const lianshu_SanctionOrder *o = j->order;
    if (rule->list != j->list)
        return 0;
    if (!has_trigger(rule, o->trigger))
        return 1;
    if ((rule->subjects & (UINT32_C(1) << o->subject.kind)) == 0)
        return MISS_KIND;
    if (!covers(rule->from, rule->to, o->decision_date))
        return MISS_DATE;
    if (!region_contains(rule->region, j->issuer.region))
        return MISS_REGION;
    if (rule->severity != o->severity)
        return MISS_SEVERITY;
    return names_basis(j, rule) ? MISS_NONE : MISS_BASIS;
}

static enum err no_rule(struct judging *j, int nearest, const struct rule *rule)
{
    const char *article = rule != NULL && rule->basis_count > 0 ? rule->basis[0] : "";
    switch (nearest) {
    case MISS_KIND:
        return judging_refuse(j, ERR_LIST_RIGHT, "subject_kind", article);
    case MISS_DATE:
        return judging_refuse(j, ERR_BASIS, "rule_not_in_force", article);
    case MISS_REGION:
        return judging_refuse(j, ERR_LIST_RIGHT, "rule_region", article);
    case MISS_SEVERITY:
        return judging_refuse(j, ERR_FIELD_VALUE, "severity", article);
    case MISS_BASIS:
        return judging_refuse(j, ERR_BASIS, "basis_of_rule", article);
    default:
        return judging_refuse(j, ERR_LIST_RIGHT, "trigger_unknown", "");
    }
}

/* The first rule that matches leads; the others that match add their measures. */
static enum err find_rules(struct judging *j, const struct rule *matched[static RULES_RULES_MAX],
                           size_t *matched_count)
{
    size_t n = 0;
    int nearest = 0;
    const struct rule *near = NULL;
    const struct rule *rules = ruleset_rules(j->rs, &n);

    *matched_count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct rule *rule = &rules[i];
        if (rule->event != EVENT_ORDER)
            continue;
        int miss = miss_of(j, rule);
        if (miss == MISS_NONE)
            matched[(*matched_count)++] = rule;
        /* A rule that shares neither list nor trigger is no near miss. */
        if (miss > 0 || has_trigger(rule, j->order->trigger))
            record_trace(j->record, rule->id, NULL, miss == MISS_NONE,
                         miss == MISS_NONE ? "matched" : misses[miss]);
        if (miss > nearest) {
            nearest = miss;
            near = rule;
        }
    }
    if (*matched_count == 0)
        return no_rule(j, nearest, near);
    j->out->rule = matched[0];
    return OK;
}

/* When and where the list is in force needs no look: no rule of it loads that reaches further. */
static enum err check_issuer(struct judging *j)
{
    const struct rule_list *list = j->list;
    if ((list->issuers & (UINT32_C(1) << j->issuer.department)) == 0)
        return judging_refuse(j, ERR_LIST_RIGHT, "list_department", "");
    if ((list->levels & level_of(j->in, j->issuer.region)) == 0)
        return judging_refuse(j, ERR_LIST_RIGHT, "list_level", "");
    if (list->jurisdiction == JURISDICTION_OWN &&
        !region_contains(j->issuer.region, j->order->subject.region))
        return judging_refuse(j, ERR_LIST_RIGHT, "subject_elsewhere", "");
    return OK;
}

/* How far a measure of the matched rules may last, and the least that the decision must say. */
struct bounds {
    bool life;
    uint32_t latest;
    uint32_t least;
};

static enum err widen(const struct judging *j, const struct term *term, struct bounds *b)
{
    uint32_t last = 0;
    enum err err = term_last_day(term, j->order->start_date, &last);
    b->life = b->life || term->unit == TERM_LIFE;
    if (err == OK && last > b->latest)
        b->latest = last;
    return err;
}

static enum err bound_item(const struct judging *j, const struct rule *rule,
                           const struct rule_item *item, struct bounds *b)
{
    uint32_t least = 0;
    struct term term = item->term;
    if (term.unit == TERM_LIST)
        return OK;
    if (term.unit == TERM_ORDER)
        term = plan_bound(j->rs, rule, item);
    enum err err = widen(j, &term, b);
    bool reached = item->reach == ON_SUBJECT || j->order->persons_count > 0;
    if (err == OK && item->least.unit != TERM_NONE && reached)
        err = term_last_day(&item->least, j->order->start_date, &least);
    if (least > b->least)
        b->least = least;
    return err;
}

static enum err find_bounds(const struct judging *j, const struct rule *const *matched, size_t n,
                            struct bounds *b)
{
    *b = (struct bounds){0};
    enum err err = OK;
    if (j->list->min.unit != TERM_NONE)
        err = term_last_day(&j->list->min, j->order->start_date, &b->least);
    for (size_t i = 0; i < n && err == OK; i++) {
        err = widen(j, &matched[i]->term, b);
        for (uint32_t k = 0; err == OK && k < matched[i]->item_count; k++)
            err = bound_item(j, matched[i], &matched[i]->item[k], b);
    }
    return err;
}

static enum err check_repair(struct judging *j, const struct rule *rule, const char *article)
{
    uint32_t earliest;
    if (j->order->earliest_repair_date == 0)
        return OK;
    if (rule->earliest_repair.unit == TERM_NONE)
        return judging_refuse(j, ERR_TERM, "no_early_repair", article);
    if (term_last_day(&rule->earliest_repair, j->order->start_date, &earliest) != OK ||
        j->order->earliest_repair_date < earliest)
        return judging_refuse(j, ERR_TERM, "repair_too_early", article);
    if (j->order->max_date != 0 && j->order->earliest_repair_date > j->order->max_date)
        return judging_refuse(j, ERR_TERM, "repair_after_end", article);
    return OK;
}

/* A rule may ask for one measure of the subject and of persons, for another time. The subject's
 * role is ROLE_NONE, which no item names. */
static bool item_is(const struct rule_item *item, const struct duty *d)
{
    const bool reached = item->reach == ON_PERSONS ? (item->roles & UINT32_C(1) << d->role) != 0
                                                   : d->subject_index == 0;
    return reached && strcmp(item->measure->code, d->measure) == 0;
}

/* No rule asks for one measure twice of the same: check_pair. */
static const struct rule_item *item_of(const struct rule *const *matched, size_t n,
                                       const struct duty *d)
{
    const struct rule_item *found = NULL;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(matched[i]->id, d->rule) != 0)
            continue;
        for (uint32_t k = 0; k < matched[i]->item_count; k++) {
            if (item_is(&matched[i]->item[k], d))
                found = &matched[i]->item[k];
        }
    }
    assert(found != NULL); /* plan.c made the duty of it */
    return found;
}

/* An early removal waits until what a statute itself imposes is over; to stop a product is no
 * punishment that could be. */
static enum err check_bans(struct judging *j, const struct rule *const *matched, size_t n)
{
    const uint32_t earliest = j->order->earliest_repair_date;
    for (uint32_t i = 0; earliest != 0 && j->list->repaired_after_bans && i < j->out->duty_count;
         i++) {
        const struct duty *d = &j->out->duty[i];
        const struct rule_item *item = item_of(matched, n, d);
        if (item->term.unit == TERM_LIST || item->measure->kind == KIND_PRODUCT)
            continue;
        if (d->end_date == 0 || d->end_date >= earliest)
            return judging_refuse(j, ERR_TERM, "ban_outlasts_repair", d->basis[0]);
    }
    return OK;
}

static enum err check_terms(struct judging *j, const struct rule *const *matched, size_t n)
{
    const lianshu_SanctionOrder *o = j->order;
    const char *article = matched[0]->basis_count > 0 ? matched[0]->basis[0] : "";
    uint32_t latest_start;
    struct bounds b;

    if (term_last_day(&j->list->start_within, o->decision_date, &latest_start) != OK ||
        find_bounds(j, matched, n, &b) != OK)
        return judging_refuse(j, ERR_TERM, "term", article);
    if (o->start_date > latest_start)
        return judging_refuse(j, ERR_TERM, "start_too_late", article);
    if (o->max_date == 0 && !b.life)
        return judging_refuse(j, ERR_TERM, "term_without_end", article);
    if (o->max_date != 0 && o->max_date < b.least)
        return judging_refuse(j, ERR_TERM, "term_too_short", article);
    /* Beside a ban for life the entry may be said to last as long as any date. */
    if (o->max_date > b.latest && !b.life)
        return judging_refuse(j, ERR_TERM, "term_too_long", article);
    return check_repair(j, matched[0], article);
}

static enum err check_procedure(struct judging *j)
{
    unsigned needs = j->list->needs;
    if ((needs & NEEDS_PRIOR_NOTICE) != 0 && j->order->prior_notice_date == 0)
        return judging_refuse(j, ERR_CONSENT, "prior_notice", "");
    if ((needs & NEEDS_CONSENT) != 0 && j->order->consent_number[0] == '\0' &&
        (j->list->consent_levels & level_of(j->in, j->issuer.region)) != 0)
        return judging_refuse(j, ERR_CONSENT, "consent", "");
    return OK;
}

/* It is in force; or it was annulled by somebody above its issuer, who shall not do the same again
 * on the day on which he tries to. */
static enum err refuse_conflict(struct judging *j, const uint8_t id[static VIEW_ORDER_ID_LEN])
{
    struct view_order other;
    struct member by;
    enum err err = reader_order(j->reader, id, &other);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (other.state != ORDER_ANNULLED)
        return judging_refuse(j, ERR_ORDER_CONFLICT, "conflict", "");
    const bool court =
        member_parse(other.changed_by, &by) == OK && by.department == DEPARTMENT_COURT;
    const char *why = court ? "annulled_by_court" : "annulled_by_superior";
    return judging_refuse(j, ERR_ACT_ANNULLED, why,
                          ruleset_offence(j->rs, why, j->order->list, j->today));
}

/* Which of several first versions stands is settled by rank, whatever came first (spread.h); of a
 * correction its own hub alone says whether it may take this number, or it would stand at one hub
 * and not at another. */
static bool asked_elsewhere(const struct judging *j)
{
    return j->in->elsewhere && j->order->version > 1;
}

static enum err check_conflict(struct judging *j)
{
    if (asked_elsewhere(j))
        return OK;
    uint8_t token[VIEW_TOKEN_LEN];
    uint8_t other[VIEW_ORDER_ID_LEN];
    enum err err = reader_token(j->reader, j->order->subject.kind, j->order->subject.id, token);
    if (err == OK)
        err = reader_conflict(j->reader, token, j->order->list, j->order->decision_number, other);
    if (err == ERR_NOT_FOUND)
        return OK;
    if (err == OK && memcmp(other, j->order->order_id, VIEW_ORDER_ID_LEN) != 0)
        return refuse_conflict(j, other);
    return err;
}

static enum err plan(struct judging *j, const struct rule *const *matched, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum err err = plan_rule(j->rs, j->reader, j->in, j->order, matched[i], j->out, j->record);
        const char *article = matched[i]->basis_count > 0 ? matched[i]->basis[0] : "";
        if (err == ERR_NO_PERSON)
            return judging_refuse(j, err, "no_person", article);
        if (err == ERR_PROPAGATION)
            return judging_refuse(j, err, "too_many_duties", article);
        if (err == ERR_TERM)
            return judging_refuse(j, err, "term", article);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err judge(struct judging *j)
{
    const struct rule *matched[RULES_RULES_MAX];
    size_t n = 0;
    enum err err;

    if ((err = judging_paper(j)) != OK || (err = check_version(j)) != OK ||
        (err = check_basis(j)) != OK || (err = find_rules(j, matched, &n)) != OK ||
        (err = check_issuer(j)) != OK || (err = check_terms(j, matched, n)) != OK ||
        (err = check_procedure(j)) != OK || (err = plan(j, matched, n)) != OK ||
        (err = check_bans(j, matched, n)) != OK)
        return err;
    return check_conflict(j);
}

static void conclude(struct judging *j)
{
    struct decision *out = j->out;
    bool life = false;
    out->version = j->order->version;
    for (uint32_t i = 0; i < out->duty_count; i++) {
        life = life || out->duty[i].end_date == 0;
        if (out->duty[i].end_date > out->end_date)
            out->end_date = out->duty[i].end_date;
    }
    if (life)
        out->end_date = 0;
    out->state = order_state_on(ORDER_PENDING, j->order->start_date, out->end_date, j->today);
}

enum err decide_order(const struct ruleset *rs, const struct view *view,
                      const struct decide_input *in, const lianshu_SanctionOrder *order,
                      struct decision *out, lianshu_DecisionRecord *record)
{
    struct reader reader;
    struct judging j = {.rs = rs,
                        .reader = &reader,
                        .in = in,
                        .order = order,
                        .out = out,
                        .record = record,
                        .today = date_from_ms(in->now_ms)};

    memset(out, 0, sizeof *out);
    reader_init(&reader, view);
    record_begin(record, rs, in->now_ms);
    if (record != NULL)
        record->elsewhere = asked_elsewhere(&j);
    enum err err = judge(&j);
    /* A refusal says why; an error without a reason is the view's: nothing is decided. */
    bool refused = err != OK && out->why[0] != '\0';
    if (err == OK)
        conclude(&j);
    if (err != OK) {
        out->duty_count = 0;
        record_no_outcome(record);
    }
    out->err = err;
    if (refused)
        record_trace(record, out->rule == NULL ? "" : out->rule->id, NULL, false, out->why);
    record_end(record, &reader, err);
    return refused ? OK : err;
}
