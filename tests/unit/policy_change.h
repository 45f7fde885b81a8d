/*
 * An order under R09 in the world of the policy, and a change of it that nothing is wrong with.
 */
#ifndef TESTS_POLICY_CHANGE_H
#define TESTS_POLICY_CHANGE_H

#include "policy_world.h"

static inline int change_setup(void **state)
{
    world_setup(state);
    world.has_order = true;
    memset(world.order.id, 0xA1, sizeof world.order.id);
    world.order.state = ORDER_ACTIVE;
    world.order.version = 1;
    snprintf(world.order.issuer, sizeof world.order.issuer, "%s", ISSUER);
    snprintf(world.order.changed_by, sizeof world.order.changed_by, "%s", ISSUER);
    snprintf(world.order.list, sizeof world.order.list, "serious_dishonesty");
    snprintf(world.order.rule, sizeof world.order.rule, "R09");
    world.order.decision_date = 20260420;
    world.order.start_date = 20260420;
    world.order.earliest_repair_date = 20270420;
    world.order.end_date = 20290420;
    world_token_of(COMPANY, world.order.token);
    return 0;
}

static inline lianshu_SanctionChange change_ok(void)
{
    lianshu_SanctionChange c = lianshu_SanctionChange_init_zero;
    c.has_subject = true;
    c.subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    snprintf(c.subject.id, sizeof c.subject.id, "%s", COMPANY);
    memset(c.order_id, 0xA1, sizeof c.order_id);
    c.version = 2;
    snprintf(c.decision_body, sizeof c.decision_body, "潮州市市场监督管理局");
    snprintf(c.decision_number, sizeof c.decision_number, "潮市监信〔2027〕3号");
    c.decision_date = 20270501;
    snprintf(c.reason, sizeof c.reason, "已纠正");
    return c;
}

static inline struct decide_input input_change(const struct world *w)
{
    return (struct decide_input){
        .issuer = ISSUER, .now_ms = noon(20270502), .calendar = w->calendar};
}

#endif
