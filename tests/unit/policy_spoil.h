/* One change to an order that nothing is wrong with, its input or the world: for tests of what is
 * refused and of what is just within the bounds. */
#ifndef TESTS_POLICY_SPOIL_H
#define TESTS_POLICY_SPOIL_H

#include "policy_world.h"

typedef void spoil_fn(lianshu_SanctionOrder *o, struct decide_input *in, struct world *w);

#define SPOIL(name)                                                                                \
    static inline void name(lianshu_SanctionOrder *o __attribute__((unused)),                      \
                            struct decide_input *in __attribute__((unused)),                       \
                            struct world *w __attribute__((unused)))

SPOIL(known_again)
{
    w->has_order = true;
    memcpy(w->order.id, o->order_id, sizeof w->order.id);
    w->order.state = ORDER_ACTIVE;
    w->order.version = 1;
    w->order.start_date = 20260420;
    snprintf(w->order.issuer, sizeof w->order.issuer, "%s", ISSUER);
    snprintf(w->order.list, sizeof w->order.list, "serious_dishonesty");
}

SPOIL(r09)
{
    static const char *const basis[] = {"SAMR44-6"};
    snprintf(o->trigger, sizeof o->trigger, "SAMR44_6_1");
    in->basis = basis, in->basis_count = 1;
    o->max_date = 20290420;
    o->persons_count = 0;
}

SPOIL(r05)
{
    static const char *const basis[] = {"DL122"};
    snprintf(o->trigger, sizeof o->trigger, "DL122");
    in->basis = basis, in->basis_count = 1;
    o->max_date = 20290420;
}

#endif
