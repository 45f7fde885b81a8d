#include "policy/plan.h"

#include "policy/record.h"

#include "base/clock.h"
#include "ident.h"

#include <assert.h>
#include <string.h>

uint32_t plan_basis(const struct ruleset *rs, const char *const *codes, uint32_t n, uint32_t date,
                    const char *out[static RULE_BASES_MAX])
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < n && found < RULE_BASES_MAX; i++) {
        const struct rule_basis *b = ruleset_basis(rs, codes[i]);
        assert(b != NULL); /* the loader knew it */
        if (b->from <= date && (b->to == 0 || date <= b->to))
            out[found++] = b->code;
    }
    return found;
}

static void scope_of(const struct rule_item *item, const char *issuer, char out[VIEW_REGION_MAX])
{
    struct member member;
    const enum err err = member_parse(issuer, &member);
    assert(err == OK); /* decide looked at who signed first */
    text_copy(out, VIEW_REGION_MAX,
              item->scope == SCOPE_REGION   ? item->region
              : item->scope == SCOPE_NATION ? "000000"
                                            : member.region);
    if (item->scope == SCOPE_PROVINCE)
        memcpy(out + 2, "0000", 4);
}

struct term plan_bound(const struct ruleset *rs, const struct rule *rule,
                       const struct rule_item *item)
{
    struct term longest = {0};
    for (uint32_t i = 0; i < item->basis_count; i++) {
        const struct rule_basis *b = ruleset_basis(rs, item->basis[i]);
        assert(b != NULL);
        if (term_compare(&b->longest, &longest) > 0)
            longest = b->longest;
    }
    return longest.unit == TERM_NONE ? rule->term : longest;
}

/* Last day of a measure; 0 for life. */
static uint32_t end_of(const struct ruleset *rs, const struct rule *rule,
                       const struct rule_item *item, const lianshu_SanctionOrder *order)
{
    uint32_t end;
    struct term term = item->term.unit == TERM_ORDER  ? plan_bound(rs, rule, item)
                       : item->term.unit == TERM_LIST ? rule->term
                                                      : item->term;
    const enum err err = term_last_day(&term, order->start_date, &end);
    assert(err == OK); /* decide counted all of them for the bounds of the order */
    if (item->term.unit != TERM_ORDER && item->term.unit != TERM_LIST)
        return end;
    /* The decision may say less than rule and article allow, never more. */
    const bool less = order->max_date != 0 && (end == 0 || order->max_date < end);
    return less ? order->max_date : end;
}

static enum err duty_of(const struct ruleset *rs, const struct decide_input *in,
                        const lianshu_SanctionOrder *order, const struct rule *rule,
                        const struct rule_item *item, struct duty *d)
{
    *d = (struct duty){
        .measure = item->measure->code,
        .rule = rule->id,
        .force = item->force,
        .owners = item->owners,
        .start_date = order->start_date,
        .answer = item->answer,
        .execute = item->execute,
        .restricts = item->measure->restricts,
    };
    d->basis_count = plan_basis(rs, item->basis, item->basis_count, order->decision_date, d->basis);
    assert(d->basis_count > 0); /* on every day of its rule */
    scope_of(item, in->issuer, d->scope);
    d->end_date = end_of(rs, rule, item, order);
    enum err err = term_due(&item->answer, in->now_ms, in->calendar, &d->answer_due_ms);
    if (err == OK)
        err = term_due(&item->execute, duty_runs_from(d->start_date, in->now_ms), in->calendar,
                       &d->execute_due_ms);
    return err;
}

/* Two rules may ask for one measure: it is owed once, for the longer time. */
static bool merge(struct decision *out, const struct duty *d)
{
    for (uint32_t i = 0; i < out->duty_count; i++) {
        struct duty *have = &out->duty[i];
        if (have->measure != d->measure || have->subject_index != d->subject_index)
            continue;
        if (have->end_date != 0 && (d->end_date == 0 || d->end_date > have->end_date))
            have->end_date = d->end_date;
        return true;
    }
    return false;
}

static enum err add(struct decision *out, const struct duty *d, lianshu_DecisionRecord *record)
{
    lianshu_Outcome outcome = lianshu_Outcome_init_zero;

    if (merge(out, d))
        return OK;
    if (out->duty_count == DECIDE_DUTIES_MAX)
        return ERR_PROPAGATION;
    out->duty[out->duty_count++] = *d;
    text_copy(outcome.measure, sizeof outcome.measure, d->measure);
    outcome.force = d->force;
    text_copy(outcome.rule, sizeof outcome.rule, d->rule);
    text_copy(outcome.basis, sizeof outcome.basis, d->basis[0]);
    outcome.subject_index = d->subject_index;
    outcome.start_date = d->start_date;
    outcome.end_date = d->end_date;
    text_copy(outcome.action, sizeof outcome.action, "impose");
    record_outcome(record, &outcome);
    return OK;
}

/* Does the register know that the person held the role when the act was done? */
struct role_search {
    const uint8_t *token;
    lianshu_Role role;
    bool found;
};

static bool match_role(void *arg, const struct view_relation *row)
{
    struct role_search *s = arg;
    s->found = row->role == s->role && memcmp(row->token, s->token, VIEW_TOKEN_LEN) == 0;
    return !s->found;
}

static enum err role_registered(struct reader *reader, const lianshu_SanctionOrder *order,
                                const lianshu_Person *person, bool *found)
{
    uint8_t subject[VIEW_TOKEN_LEN];
    uint8_t token[VIEW_TOKEN_LEN];
    struct role_search search = {.token = token, .role = person->role};
    uint32_t date = order->act_date != 0 ? order->act_date : order->decision_date;

    *found = false;
    enum err err = reader_token(reader, order->subject.kind, order->subject.id, subject);
    if (err == OK)
        err = reader_token(reader, lianshu_SubjectKind_SUBJECT_PERSON, person->id, token);
    if (err == OK)
        err = reader_relations(reader, subject, date, match_role, &search);
    *found = search.found;
    return err;
}

/* Reason why a measure does not reach a named person, or NULL. */
static const char *unreached(const struct rule_item *item, const lianshu_Person *person)
{
    if ((item->roles & (UINT32_C(1) << person->role)) == 0)
        return "role";
    if (item->responsible && !person->responsible)
        return "not_responsible";
    return NULL;
}

static bool is_among(const lianshu_SanctionOrder *order, const uint32_t *reached, uint32_t count,
                     const char *id)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(order->persons[reached[i]].id, id) == 0)
            return true;
    return false;
}

/* The item's duties towards persons. A person named in several roles is reached once. */
static enum err plan_persons(struct reader *reader, const lianshu_SanctionOrder *order,
                             const struct rule_item *item, struct duty *d, struct decision *out,
                             lianshu_DecisionRecord *record)
{
    uint32_t reached[sizeof order->persons / sizeof order->persons[0]];
    uint32_t reached_count = 0;
    const char *why = "no_person";

    for (pb_size_t i = 0; i < order->persons_count; i++) {
        const lianshu_Person *person = &order->persons[i];
        const char *not_reached = unreached(item, person);
        bool registered = true;
        if (not_reached != NULL) {
            why = not_reached;
            continue;
        }
        if (is_among(order, reached, reached_count, person->id))
            continue;
        if (item->registered) {
            enum err err = role_registered(reader, order, person, &registered);
            if (err != OK)
                return err;
        }
        if (!registered) {
            why = "not_registered";
            continue;
        }
        reached[reached_count++] = (uint32_t)i;
        d->subject_index = (uint32_t)i + 1;
        d->role = person->role;
        enum err err = add(out, d, record);
        if (err != OK)
            return err;
    }
    if (reached_count == 0) {
        record_trace(record, d->rule, d->measure, false, why);
        if (item->required)
            return ERR_NO_PERSON;
    }
    return OK;
}

enum err plan_rule(const struct ruleset *rs, struct reader *reader, const struct decide_input *in,
                   const lianshu_SanctionOrder *order, const struct rule *rule,
                   struct decision *out, lianshu_DecisionRecord *record)
{
    for (uint32_t i = 0; i < rule->item_count; i++) {
        const struct rule_item *item = &rule->item[i];
        struct duty d;
        enum err err = duty_of(rs, in, order, rule, item, &d);
        if (err != OK)
            return err;
        err = item->reach == ON_SUBJECT ? add(out, &d, record)
                                        : plan_persons(reader, order, item, &d, out, record);
        if (err != OK)
            return err;
    }
    return OK;
}

uint64_t duty_runs_from(uint32_t start_date, uint64_t told_ms)
{
    const uint64_t start_ms = date_start_ms(start_date);
    return start_ms > told_ms ? start_ms : told_ms;
}

bool duty_owed_by(const struct duty *d, const char *issuer, const char *member)
{
    static const uint32_t outside =
        UINT32_C(1) << DEPARTMENT_HUB | UINT32_C(1) << DEPARTMENT_REGISTRAR |
        UINT32_C(1) << DEPARTMENT_ROOT | UINT32_C(1) << DEPARTMENT_WITNESS;
    struct member m;
    if (member_parse(member, &m) != OK)
        return false;
    uint32_t bit = UINT32_C(1) << m.department;
    if ((bit & outside) != 0)
        return false;
    if (d->owners.who == WHO_ISSUER)
        return strcmp(issuer, member) == 0;
    const bool inside = d->competent
                            ? strcmp(m.region, "000000") != 0 && region_contains(m.region, d->scope)
                            : region_contains(d->scope, m.region);
    if (!inside)
        return false;
    return d->owners.who == WHO_EVERY || ((d->owners.each | d->owners.either) & bit) != 0;
}

uint32_t duty_unassigned(const struct duty *d, uint32_t present)
{
    if (d->owners.who != WHO_DEPARTMENTS)
        return 0;
    uint32_t missing = d->owners.each & ~present;
    if (d->owners.either != 0 && (d->owners.either & present) == 0)
        missing |= d->owners.either & (~d->owners.either + 1);
    return missing;
}
