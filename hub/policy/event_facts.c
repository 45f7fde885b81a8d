#include "policy/event_facts.h"

#include "base/clock.h"
#include "case.pb.h"
#include "catalogue.h"
#include "credit.pb.h"
#include "safety.pb.h"
#include "subject.pb.h"

#include <assert.h>
#include <string.h>

_Static_assert((int)EVENT_HITS_MAX >=
                   (int)(sizeof((lianshu_SubjectRegister *)0)->persons / sizeof(lianshu_Person)),
               "a hit for every person");
_Static_assert(sizeof((lianshu_CreditRating *)0)->indices / sizeof(lianshu_IndexValue) <=
                   RULES_INDICES_MAX,
               "room for every index that a rating can have");

static void read_register(struct event_facts *out, const void *facts)
{
    const lianshu_SubjectRegister *body = facts;
    out->date = body->registered_date;
}

static void read_relation(struct event_facts *out, const void *facts)
{
    const lianshu_SubjectRelation *body = facts;
    out->date = body->from_date;
    out->until_date = body->to_date;
}

static void read_appointment(struct event_facts *out, const void *facts)
{
    const lianshu_Appointment *body = facts;
    out->date = body->from_date;
}

static void read_penalty(struct event_facts *out, const void *facts)
{
    const lianshu_Penalty *body = facts;
    out->date = body->decision_date;
    out->severity = body->severity;
    out->trigger = body->trigger;
}

static void read_rating(struct event_facts *out, const void *facts)
{
    const lianshu_CreditRating *body = facts;
    out->date = body->from_date;
    out->until_date = body->until_date;
    out->class = body->class;
    out->rated = true;
    for (pb_size_t i = 0; i < body->indices_count; i++)
        out->index[out->index_count++] =
            (struct rating_index){body->indices[i].code, body->indices[i].value};
}

static void read_incentive(struct event_facts *out, const void *facts)
{
    const lianshu_CreditIncentive *body = facts;
    out->date = body->from_date;
    out->until_date = body->until_date;
    out->measure = body->measure;
}

static void read_insurance(struct event_facts *out, const void *facts)
{
    const lianshu_Insurance *body = facts;
    out->date = body->date;
    out->until_date = body->period_until_date;
    out->scored = true;
    out->points = body->points;
    out->single = body->single;
}

static void read_batch(struct event_facts *out, const void *facts)
{
    const lianshu_BatchFacts *body = facts;
    out->date = body->report_date;
    out->batch = true;
    out->vaccine = body->vaccine;
    out->insured_until = body->insured_until_date;
}

static void read_trace(struct event_facts *out, const void *facts)
{
    const lianshu_Trace *body = facts;
    out->date = date_from_ms(body->event_ms);
}

static void read_case(struct event_facts *out, const void *facts)
{
    const lianshu_CaseClock *body = facts;
    out->date = date_from_ms(body->event_ms);
    out->trigger = body->trigger;
}

static const struct {
    const pb_msgdesc_t *desc;
    void (*read)(struct event_facts *out, const void *facts);
} bodies[] = {
    {&lianshu_SubjectRegister_msg, read_register},
    {&lianshu_SubjectRelation_msg, read_relation},
    {&lianshu_Appointment_msg, read_appointment},
    {&lianshu_Penalty_msg, read_penalty},
    {&lianshu_CreditRating_msg, read_rating},
    {&lianshu_CreditIncentive_msg, read_incentive},
    {&lianshu_Insurance_msg, read_insurance},
    {&lianshu_BatchFacts_msg, read_batch},
    {&lianshu_Trace_msg, read_trace},
    {&lianshu_CaseClock_msg, read_case},
};

void event_facts_read(struct event_facts *out, const pb_msgdesc_t *desc, const void *facts)
{
    *out = (struct event_facts){.trigger = "", .measure = ""};
    /* A case may be about nobody the hub knows; then no rule about a subject holds. */
    static const lianshu_Subject nobody = lianshu_Subject_init_zero;
    out->subject = facts_subject(desc, facts);
    if (out->subject == NULL)
        out->subject = &nobody;
    out->persons = facts_persons(desc, facts, &out->person_count);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        if (bodies[i].desc == desc)
            bodies[i].read(out, facts);
}

/* ---- conditions ---- */

static void add_hit(struct event_hits *hits, uint32_t subject_index, const uint8_t *order_id)
{
    assert(hits->count < EVENT_HITS_MAX);
    struct event_hit *hit = &hits->hit[hits->count++];
    *hit = (struct event_hit){.subject_index = subject_index};
    if (order_id != NULL)
        memcpy(hit->order_id, order_id, sizeof hit->order_id);
}

/* The first restriction in force on the day: of that measure, or, when NULL, any but those that a
 * document of that type ends. */
struct search {
    const struct rule_measure *measure;
    const struct ruleset *rs;
    uint32_t type;
    uint32_t date;
    bool found;
    uint8_t order_id[VIEW_ORDER_ID_LEN];
};

bool event_set_off(const struct rule *rule, uint32_t type)
{
    for (uint32_t i = 0; i < rule->type_count; i++)
        if (rule->type[i] == type)
            return true;
    return false;
}

static bool ended_by(const struct search *s, const struct view_restriction *row)
{
    const struct rule *rule = ruleset_rule(s->rs, row->rule);
    return rule != NULL && rule->until_next && event_set_off(rule, s->type);
}

static bool match_restriction(void *arg, const struct view_restriction *row)
{
    struct search *s = arg;
    bool in_force = row->start_date <= s->date && (row->end_date == 0 || s->date <= row->end_date);
    if (!in_force ||
        (s->measure != NULL ? strcmp(row->measure, s->measure->code) != 0 : ended_by(s, row)))
        return true;
    s->found = true;
    memcpy(s->order_id, row->order_id, sizeof s->order_id);
    return false;
}

static enum err find_banned(struct reader *reader, const struct event_facts *f,
                            const struct rule *rule, uint32_t date, struct event_hits *out)
{
    for (size_t i = 0; i < f->person_count; i++) {
        uint8_t token[VIEW_TOKEN_LEN];
        struct search s = {.measure = rule->when.banned, .date = date};
        if (rule->when.roles != 0 && (rule->when.roles & (UINT32_C(1) << f->persons[i].role)) == 0)
            continue;
        enum err err =
            reader_token(reader, lianshu_SubjectKind_SUBJECT_PERSON, f->persons[i].id, token);
        if (err == OK)
            err = reader_restrictions(reader, token, date, match_restriction, &s);
        if (err != OK)
            return err;
        if (s.found)
            add_hit(out, (uint32_t)i + 1, s.order_id);
    }
    out->why = "nobody_banned";
    return OK;
}

/* Another subject at which the person holds the role. */
struct holding {
    uint32_t roles;
    const uint8_t *subject;
    bool found;
};

static bool match_holding(void *arg, const struct view_relation *row)
{
    struct holding *h = arg;
    h->found = (h->roles & (UINT32_C(1) << row->role)) != 0 &&
               memcmp(row->token, h->subject, VIEW_TOKEN_LEN) != 0;
    return !h->found;
}

static enum err find_holders(struct reader *reader, const struct event_facts *f,
                             const struct rule *rule, uint32_t date, struct event_hits *out)
{
    uint8_t subject[VIEW_TOKEN_LEN];
    enum err err = reader_token(reader, f->subject->kind, f->subject->id, subject);
    for (size_t i = 0; err == OK && i < f->person_count; i++) {
        uint8_t token[VIEW_TOKEN_LEN];
        struct holding h = {.roles = rule->when.holds, .subject = subject};
        if ((rule->when.holds & (UINT32_C(1) << f->persons[i].role)) == 0)
            continue;
        err = reader_token(reader, lianshu_SubjectKind_SUBJECT_PERSON, f->persons[i].id, token);
        if (err == OK)
            err = reader_holdings(reader, token, date, match_holding, &h);
        if (h.found)
            add_hit(out, (uint32_t)i + 1, NULL);
    }
    out->why = "no_other";
    return err;
}

bool event_orders_by(const struct rule *rule, const char *trigger, uint32_t date)
{
    bool in_force = rule->from <= date && (rule->to == 0 || date <= rule->to);
    for (uint32_t k = 0; rule->event == EVENT_ORDER && in_force && k < rule->trigger_count; k++)
        if (strcmp(rule->trigger[k], trigger) == 0)
            return true;
    return false;
}

static bool trigger_of_orders(const struct ruleset *rs, const char *trigger, uint32_t date)
{
    size_t n = 0;
    const struct rule *rules = ruleset_rules(rs, &n);
    for (size_t i = 0; i < n; i++) {
        if (event_orders_by(&rules[i], trigger, date))
            return true;
    }
    return false;
}

static bool points_in(const struct rule_when *when, const struct event_facts *f)
{
    if (when->points_from == 0 && when->points_to == 0)
        return true;
    return f->scored && f->points >= when->points_from &&
           (when->points_to == 0 || f->points <= when->points_to) &&
           (when->single == 0 || (when->single > 0) == f->single);
}

/* The conditions that the body alone answers; the code of the first that does not hold. */
static const char *missed(const struct ruleset *rs, const struct event_facts *f,
                          const struct rule *rule, uint32_t date)
{
    const struct rule_when *when = &rule->when;
    if (rule->subjects != 0 && (rule->subjects & (UINT32_C(1) << f->subject->kind)) == 0)
        return "subject_kind";
    if (when->severities != 0 && (when->severities & (UINT32_C(1) << f->severity)) == 0)
        return "severity";
    if (when->classes != 0 && (!f->rated || (when->classes & (UINT32_C(1) << f->class)) == 0))
        return "class";
    if (!points_in(when, f))
        return "points";
    if (when->uninsured && !(f->batch && f->vaccine))
        return "no_vaccine";
    if (when->uninsured && f->insured_until >= date)
        return "insured";
    assert(!when->incentive || f->measure[0] != '\0'); /* event.c has refused what names none */
    if (when->order_trigger && !trigger_of_orders(rs, f->trigger, date))
        return "trigger";
    return NULL;
}

enum err event_hits_find(const struct ruleset *rs, struct reader *reader,
                         const struct event_facts *facts, const struct rule *rule, uint32_t date,
                         struct event_hits *out)
{
    *out = (struct event_hits){.why = missed(rs, facts, rule, date)};
    if (out->why != NULL)
        return OK;
    if (rule->when.banned != NULL)
        return find_banned(reader, facts, rule, date, out);
    if (rule->when.holds != 0)
        return find_holders(reader, facts, rule, date, out);
    add_hit(out, 0, NULL);
    return OK;
}

enum err event_listed(const struct ruleset *rs, struct reader *reader,
                      const struct event_facts *facts, uint32_t type, uint32_t date,
                      struct event_hit *by, bool *listed)
{
    uint8_t token[VIEW_TOKEN_LEN];
    struct search s = {.rs = rs, .type = type, .date = date};
    enum err err = reader_token(reader, facts->subject->kind, facts->subject->id, token);
    if (err == OK)
        err = reader_restrictions(reader, token, date, match_restriction, &s);
    memcpy(by->order_id, s.order_id, sizeof by->order_id);
    *listed = s.found;
    return err;
}
