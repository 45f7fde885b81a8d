/* Truth maintenance: the justifications of an order are exactly those that its
 * plan causes while it stands. What both have in common lives on untouched. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

static void justification_of(const struct core *core, const struct order_row *order, uint32_t index,
                             struct justification *out)
{
    const struct duty *duty = &core->plan.duty[index];
    *out = (struct justification){
        .order_version = order->version,
        .subject_index = duty->subject_index,
        .force = (uint32_t)duty->force,
        .start_date = duty->start_date,
        .end_date = duty->end_date,
        .begun_seq = order->seq,
    };
    memcpy(out->subject, core->plan_token[index], sizeof out->subject);
    memcpy(out->order_id, order->id, sizeof out->order_id);
    memcpy(out->scope, duty->scope, sizeof out->scope);
    snprintf(out->measure, sizeof out->measure, "%s", duty->measure);
    snprintf(out->rule, sizeof out->rule, "%s", duty->rule);
    snprintf(out->list, sizeof out->list, "%s", order->list);
    orders_basis(duty, out->basis);
}

static bool same(const struct justification *a, const struct justification *b)
{
    return memcmp(a->subject, b->subject, sizeof a->subject) == 0 &&
           strcmp(a->measure, b->measure) == 0 && strcmp(a->scope, b->scope) == 0 &&
           strcmp(a->rule, b->rule) == 0 && a->force == b->force &&
           a->start_date == b->start_date && a->end_date == b->end_date;
}

/* Does the duty restrict, on that day or from a later one on? */
static bool restricts(const struct duty *duty, uint32_t today)
{
    return duty->restricts && !expansion_over(duty->end_date, today);
}

static bool wanted(const struct core *core, const struct order_row *order, uint32_t today,
                   const struct justification *row)
{
    for (uint32_t i = 0; i < core->plan.duty_count; i++) {
        struct justification at;
        if (!restricts(&core->plan.duty[i], today))
            continue;
        justification_of(core, order, i, &at);
        if (same(&at, row))
            return true;
    }
    return false;
}

static enum err end_unwanted(struct core *core, const struct order_row *order, bool stands,
                             uint32_t today)
{
    uint64_t cursor = 0;
    struct justification row;
    enum err err;
    while ((err = restriction_next_of_order(core->store->restrictions, order->id, &cursor, &row)) ==
           OK) {
        bool last;
        if (stands && wanted(core, order, today, &row))
            continue;
        err = restriction_end(core->store->restrictions, &row, order->seq, &last);
        if (err != OK)
            return err;
        gates_changed(core, row.subject);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err justify_align(struct core *core, const struct order_row *order, bool stands)
{
    uint32_t today = date_from_ms(core->now_ms);
    enum err err = end_unwanted(core, order, stands, today);
    for (uint32_t i = 0; err == OK && stands && i < core->plan.duty_count; i++) {
        struct justification row;
        if (!restricts(&core->plan.duty[i], today))
            continue;
        justification_of(core, order, i, &row);
        err = restriction_add(core->store->restrictions, &row);
        /* It lives already, or two departments owe the same measure: one
         * justification. */
        if (err == OK)
            gates_changed(core, row.subject);
        err = err == ERR_EXISTS ? OK : err;
    }
    return err;
}
