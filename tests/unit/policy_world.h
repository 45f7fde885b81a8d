/*
 * What the tests of hub/policy share: a small world behind a view, an order under R01 that
 * nothing is wrong with, and moments in Chinese time.
 */
#ifndef TESTS_POLICY_WORLD_H
#define TESTS_POLICY_WORLD_H

#include "policy/decide.h"
#include "policy/gate.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "ident.h"

#include <stdio.h>
#include <string.h>

#include "t.h"

enum { WORLD_ROWS = 16 };

#define RULES_DIR "hub/policy/rules"
#define COMPANY   "91445100DEMA00013Q"
#define CLEAN     "91445100DEMA00021K"
#define BOSS      "440524188001010014"
#define MANAGER   "999999199001010016"

struct world {
    struct ruleset *rules;
    struct calendar *calendar;
    /* Behind the view. */
    struct view_order order;
    bool has_order;
    bool has_conflict;
    uint8_t conflict[VIEW_ORDER_ID_LEN];
    struct view_order other; /* under that id */
    struct {
        const char *of; /* identifier whose token the row stands against */
        struct view_restriction row;
    } restriction[WORLD_ROWS];
    size_t restriction_count;
    struct {
        const char *of;
        const char *person;
        lianshu_Role role;
        uint32_t from;
        uint32_t to;
    } relation[WORLD_ROWS];
    size_t relation_count;
    bool has_rating; /* of any subject */
    struct view_rating rating;
    enum err broken; /* what every look-up answers, when not OK */
    unsigned relations_asked;
    struct view view;
};

/* A token that is plain to read in a debugger; no cryptography is needed here. */
static inline void world_token_of(const char *id, uint8_t out[static VIEW_TOKEN_LEN])
{
    memset(out, 0, VIEW_TOKEN_LEN);
    size_t len = strlen(id);
    size_t skip = len > VIEW_TOKEN_LEN ? len - VIEW_TOKEN_LEN : 0;
    memcpy(out, id + skip, len - skip);
}

static inline enum err world_token(void *ctx, lianshu_SubjectKind kind, const char *id,
                                   uint8_t out[static VIEW_TOKEN_LEN])
{
    const struct world *w = ctx;
    (void)kind;
    world_token_of(id, out);
    return w->broken;
}

static inline enum err world_order(void *ctx, const uint8_t id[static VIEW_ORDER_ID_LEN],
                                   struct view_order *out)
{
    const struct world *w = ctx;
    if (w->broken != OK)
        return w->broken;
    const bool ours = w->has_order && memcmp(id, w->order.id, VIEW_ORDER_ID_LEN) == 0;
    if (!ours && (w->other.state == ORDER_NONE || memcmp(id, w->conflict, VIEW_ORDER_ID_LEN) != 0))
        return ERR_NOT_FOUND;
    *out = ours ? w->order : w->other;
    return OK;
}

static inline enum err world_conflict(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                                      const char *list, const char *number,
                                      uint8_t order_id[static VIEW_ORDER_ID_LEN])
{
    const struct world *w = ctx;
    (void)token, (void)list, (void)number;
    if (w->broken != OK)
        return w->broken;
    if (!w->has_conflict)
        return ERR_NOT_FOUND;
    memcpy(order_id, w->conflict, VIEW_ORDER_ID_LEN);
    return OK;
}

static inline enum err world_restrictions(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                                          uint32_t date, view_restriction_fn *fn, void *arg)
{
    const struct world *w = ctx;
    (void)date; /* the gate must not rely on the caller for dates */
    for (size_t i = 0; w->broken == OK && i < w->restriction_count; i++) {
        uint8_t of[VIEW_TOKEN_LEN];
        world_token_of(w->restriction[i].of, of);
        if (memcmp(of, token, VIEW_TOKEN_LEN) == 0 && !fn(arg, &w->restriction[i].row))
            return OK;
    }
    return w->broken;
}

static inline enum err world_relations(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                                       uint32_t date, view_relation_fn *fn, void *arg)
{
    struct world *w = ctx;
    w->relations_asked++;
    for (size_t i = 0; w->broken == OK && i < w->relation_count; i++) {
        uint8_t of[VIEW_TOKEN_LEN];
        struct view_relation row = {.role = w->relation[i].role};
        world_token_of(w->relation[i].of, of);
        world_token_of(w->relation[i].person, row.token);
        bool open =
            w->relation[i].from <= date && (w->relation[i].to == 0 || date <= w->relation[i].to);
        if (open && memcmp(of, token, VIEW_TOKEN_LEN) == 0 && !fn(arg, &row))
            return OK;
    }
    return w->broken;
}

/* The same rows from the other end: where that person holds a role. */
static inline enum err world_holdings(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                                      uint32_t date, view_relation_fn *fn, void *arg)
{
    const struct world *w = ctx;
    for (size_t i = 0; w->broken == OK && i < w->relation_count; i++) {
        uint8_t person[VIEW_TOKEN_LEN];
        struct view_relation row = {.role = w->relation[i].role};
        world_token_of(w->relation[i].person, person);
        world_token_of(w->relation[i].of, row.token);
        bool open =
            w->relation[i].from <= date && (w->relation[i].to == 0 || date <= w->relation[i].to);
        if (open && memcmp(person, token, VIEW_TOKEN_LEN) == 0 && !fn(arg, &row))
            return OK;
    }
    return w->broken;
}

static inline enum err world_rating(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                                    struct view_rating *out)
{
    const struct world *w = ctx;
    (void)token;
    if (w->broken != OK)
        return w->broken;
    if (!w->has_rating)
        return ERR_NOT_FOUND;
    *out = w->rating;
    return OK;
}

static inline void world_open(struct world *w, const char *rules_dir)
{
    static struct ruleset_faults faults;
    struct fault fault = {0};
    memset(w, 0, sizeof *w);
    enum err err = ruleset_open(&w->rules, rules_dir, &faults);
    for (size_t i = 0; i < faults.count; i++) {
        char text[1024];
        fault_print(&faults.fault[i], text, sizeof text);
        print_message("%s\n", text);
    }
    assert_int_equal(err, OK);
    assert_int_equal(calendar_open(&w->calendar, "schemas/data/calendar.csv", &fault), OK);
    w->view = (struct view){.ctx = w,
                            .token = world_token,
                            .order = world_order,
                            .conflict = world_conflict,
                            .restrictions = world_restrictions,
                            .relations = world_relations,
                            .holdings = world_holdings,
                            .rating = world_rating};
}

static inline void world_close(struct world *w)
{
    ruleset_close(&w->rules);
    calendar_close(&w->calendar);
}

/* Forget what tests put behind the view. */
static inline void world_reset(struct world *w)
{
    struct world fresh = {.rules = w->rules, .calendar = w->calendar, .view = w->view};
    *w = fresh;
}

/* The one world of a test program: opened with the shipped rules, forgotten before each test. */
static struct world world;

static inline int world_group_open(void **state)
{
    (void)state;
    world_open(&world, RULES_DIR);
    return 0;
}

static inline int world_group_close(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

static inline int world_setup(void **state)
{
    world_reset(&world);
    *state = &world;
    return 0;
}

/* Noon of a day, China time. */
static inline uint64_t noon(uint32_t date)
{
    return date_start_ms(date) + 12 * (uint64_t)HOUR_MS;
}

/* An order under R01 by market.445100, decided 2026-04-20, with the legal representative and a
 * directly responsible manager. */
static inline lianshu_SanctionOrder order_r01(void)
{
    lianshu_SanctionOrder o = lianshu_SanctionOrder_init_zero;
    o.has_subject = true;
    o.subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    snprintf(o.subject.id, sizeof o.subject.id, "%s", COMPANY);
    snprintf(o.subject.region, sizeof o.subject.region, "445102");
    o.persons_count = 2;
    o.persons[0].role = lianshu_Role_ROLE_LEGAL_REPRESENTATIVE;
    o.persons[0].responsible = true;
    snprintf(o.persons[0].id, sizeof o.persons[0].id, "%s", BOSS);
    o.persons[1].role = lianshu_Role_ROLE_DIRECTLY_RESPONSIBLE;
    o.persons[1].responsible = true;
    snprintf(o.persons[1].id, sizeof o.persons[1].id, "%s", MANAGER);
    memset(o.order_id, 0xA1, sizeof o.order_id);
    o.version = 1;
    snprintf(o.list, sizeof o.list, "serious_dishonesty");
    snprintf(o.trigger, sizeof o.trigger, "DL116_118");
    o.severity = lianshu_Severity_SEVERITY_SERIOUS;
    snprintf(o.decision_body, sizeof o.decision_body, "潮州市市场监督管理局");
    snprintf(o.decision_number, sizeof o.decision_number, "潮市监处罚〔2026〕1号");
    o.decision_date = 20260420;
    o.start_date = 20260420;
    o.prior_notice_date = 20260401;
    snprintf(o.consent_number, sizeof o.consent_number, "粤市监信〔2026〕7号");
    snprintf(o.remedy, sizeof o.remedy, "六十日内申请复议");
    o.remedy_deadline_date = 20260619;
    o.served_date = 20260420;
    snprintf(o.facts_summary, sizeof o.facts_summary, "销售假药");
    snprintf(o.contact, sizeof o.contact, "0768-0000000");
    o.act_date = 20260110;
    return o;
}

static inline enum err decide(struct world *w, const struct decide_input *in,
                              const lianshu_SanctionOrder *order, struct decision *out,
                              lianshu_DecisionRecord *record)
{
    return decide_order(w->rules, &w->view, in, order, out, record);
}

static inline const struct duty *duty_find(const struct decision *d, const char *measure,
                                           uint32_t index)
{
    for (uint32_t i = 0; i < d->duty_count; i++)
        if (strcmp(d->duty[i].measure, measure) == 0 && d->duty[i].subject_index == index)
            return &d->duty[i];
    return NULL;
}

#define ISSUER "market.445100"
static const char *const BASIS_R01[] = {"DL116", "DL118"};

static inline struct decide_input input_r01(const struct world *w)
{
    return (struct decide_input){.issuer = ISSUER,
                                 .basis = BASIS_R01,
                                 .basis_count = 2,
                                 .now_ms = noon(20260421),
                                 .calendar = w->calendar};
}

#endif
