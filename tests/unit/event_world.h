/* Documents that are events to the shipped rules, asked of the policy. */
#ifndef TESTS_UNIT_EVENT_WORLD_H
#define TESTS_UNIT_EVENT_WORLD_H

#include "unit/policy_world.h"

#include "case.pb.h"
#include "document.pb.h"
#include "policy/event.h"
#include "policy/rating.h"
#include "safety.pb.h"
#include "wire.h"

#define TYPE(name) lianshu_DocumentType_TYPE_##name

/* The body of one test, whichever it is. */
union body {
    lianshu_SubjectRegister registration;
    lianshu_SubjectRelation relation;
    lianshu_Appointment appointment;
    lianshu_Penalty penalty;
    lianshu_CreditRating rating;
    lianshu_CreditIncentive incentive;
    lianshu_Insurance insurance;
    lianshu_BatchFacts batch;
    lianshu_Trace trace;
    lianshu_CaseClock clock;
};

#define NAME_SUBJECT(body, kind_, id_)                                                             \
    ((body).has_subject = true, name_subject(&(body).subject, kind_, id_))

static inline void name_subject(lianshu_Subject *s, lianshu_SubjectKind kind, const char *id)
{
    s->kind = kind;
    snprintf(s->id, sizeof s->id, "%s", id);
    snprintf(s->region, sizeof s->region, "445102");
}

static inline void name_person(lianshu_Person *p, lianshu_Role role, const char *id)
{
    p->role = role;
    snprintf(p->id, sizeof p->id, "%s", id);
}

static inline void ask(const struct world *w, uint32_t type, const union body *body, uint32_t today,
                       struct event_decision *out)
{
    static const uint8_t id[VIEW_ORDER_ID_LEN] = {5};
    struct decide_input in = {.issuer = ISSUER,
                              .issued_ms = noon(today),
                              .document_id = id,
                              .now_ms = noon(today),
                              .calendar = w->calendar};
    assert_int_equal(decide_event(w->rules, &w->view, &in, type, body, out, NULL), OK);
}

static inline const struct consequence *find(const struct event_decision *out,
                                             enum consequence_kind kind, const char *rule)
{
    for (uint32_t i = 0; i < out->count; i++)
        if (out->consequence[i].kind == kind && strcmp(out->consequence[i].duty.rule, rule) == 0)
            return &out->consequence[i];
    return NULL;
}

static inline unsigned count(const struct event_decision *out, enum consequence_kind kind)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < out->count; i++)
        n += out->consequence[i].kind == kind;
    return n;
}

/* Which of these members a consequence is for, as a string of letters. */
static inline const char *whom(const struct consequence *c)
{
    static const struct {
        char letter;
        const char *member;
    } members[] = {
        {'m', "market.445100"},    {'M', "market.440000"}, {'x', "market.220100"},
        {'n', "market.000000"},    {'d', "drug.440000"},   {'h', "health.445100"},
        {'i', "insurance.445100"}, {'p', "police.445100"}, {'b', "procurement.440000"},
    };
    static char text[T_COUNT(members) + 1];
    size_t len = 0;
    assert_non_null(c);
    for (size_t i = 0; i < T_COUNT(members); i++)
        if (duty_owed_by(&c->duty, ISSUER, members[i].member))
            text[len++] = members[i].letter;
    text[len] = '\0';
    return text;
}

static inline union body rating_of(const uint32_t value[static 4], lianshu_CreditClass class,
                                   uint32_t until)
{
    static const char *const codes[] = {"integrity", "industry_risk", "region_weight",
                                        "dynamic_alert"};
    union body body = {0};
    NAME_SUBJECT(body.rating, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
    body.rating.indices_count = 4;
    for (size_t i = 0; i < 4; i++) {
        snprintf(body.rating.indices[i].code, sizeof body.rating.indices[i].code, "%s", codes[i]);
        body.rating.indices[i].value = value[i];
    }
    body.rating.class = class;
    body.rating.from_date = 20260420;
    body.rating.until_date = until;
    return body;
}

/* Score: (50 a + 15 (1000 - b) + 10 (1000 - c) + 25 (1000 - d)) / 100. */
static const uint32_t GOOD[4] = {1000, 0, 0, 0};           /* 1000 */
static const uint32_t EDGE[4] = {500, 0, 0, 0};            /* 750 */
static const uint32_t BELOW[4] = {499, 0, 0, 0};           /* 749 */
static const uint32_t WARN_LOW[4] = {600, 500, 500, 500};  /* 300 + 250 = 550 */
static const uint32_t DISHONEST[4] = {599, 500, 500, 500}; /* 549 */
static const uint32_t LOWEST[4] = {0, 1000, 1000, 1000};   /* 0 */

static inline struct view_restriction restriction(const char *measure, uint32_t from, uint32_t to)
{
    struct view_restriction r = {.force = lianshu_Force_FORCE_MUST,
                                 .start_date = from,
                                 .end_date = to,
                                 .scope = "000000",
                                 .rule = "R09"};
    snprintf(r.measure, sizeof r.measure, "%s", measure);
    memset(r.order_id, 0xB2, sizeof r.order_id);
    return r;
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

#endif
