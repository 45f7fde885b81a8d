/* A member that is enrolled later owes what the orders in force would have
 * caused for it: they are looked at one by one, in bounded steps, once for each
 * member. */
#include "core/state.h"

#include <string.h>

enum { BACKFILL_ORDERS_MAX = 32 /* of one transaction */ };

enum err backfill_note(struct core *core)
{
    const uint8_t *hash = registry_hash(core->opt.registry);
    uint8_t known[STORE_HASH_LEN];
    enum err err = enrolment_registry(core->store->enrolments, known);
    if (err != OK || memcmp(known, hash, sizeof known) == 0)
        return err;
    uint8_t id[STORE_ID_LEN] = {0};
    struct order_row first;
    err = order_next(core->store->orders, id, &first);
    bool orders = err == OK;
    if (err == ERR_NOT_FOUND)
        err = OK;
    for (size_t i = 0; err == OK && i < registry_member_count(core->opt.registry); i++) {
        struct enrolment row = {.done = !orders};
        memcpy(row.member, registry_member_at(core->opt.registry, i)->id, sizeof row.member);
        err = enrolment_put(core->store->enrolments, &row);
        err = err == ERR_EXISTS ? OK : err;
    }
    return err == OK ? enrolment_registry_set(core->store->enrolments, hash) : err;
}

/* Somebody has it now: it is nobody's business that nobody had it. */
static enum err assign(struct core *core, const struct order_row *order, uint32_t index)
{
    const struct duty *duty = &core->plan.duty[index];
    uint32_t candidates = duty->owners.each | duty->owners.either;
    uint32_t missing = duty_unassigned(duty, expansion_present(core, duty));
    struct obligation at = {.episode = order->episode};
    memcpy(at.order_id, order->id, sizeof at.order_id);
    memcpy(at.measure, duty->measure, strnlen(duty->measure, STORE_MEASURE_MAX));
    memcpy(at.subject, core->plan_token[index], sizeof at.subject);
    for (uint32_t bit = 0; bit < 32; bit++) {
        at.department = bit;
        if ((candidates & ~missing) >> bit == 0)
            break;
        if (((candidates & ~missing) >> bit & 1) == 0)
            continue;
        for (uint32_t episode = 0; episode <= order->episode; episode++) {
            struct obligation row;
            at.episode = episode;
            obligations_id(&at, at.id);
            enum err err = obligation_get(core->store->obligations, at.id, &row);
            if (err == OK && obligations_live(&row))
                err = lifts_end(core, &row, order->state);
            if (err != OK && err != ERR_NOT_FOUND)
                return err;
        }
    }
    return OK;
}

static enum err fill_order(struct core *core, const struct order_row *order, const char *member)
{
    enum err err = plans_load(core, order->id, order->version);
    if (err == ERR_REEXECUTION) {
        core->expansion_stuck = true; /* an operator must look; the others go on */
        return OK;
    }
    uint32_t today = date_from_ms(core->now_ms);
    bool owes = false;
    for (uint32_t i = 0; err == OK && i < core->plan.duty_count; i++) {
        const struct duty *duty = &core->plan.duty[i];
        const struct owed what = {
            .order = order, .duty = i, .member = member, .from_ms = core->now_ms};
        if (expansion_over(duty->end_date, today) || !duty_owed_by(duty, order->issuer, member))
            continue;
        owes = true;
        err = obligations_make(core, &what);
        if (err == OK)
            err = assign(core, order, i);
    }
    struct order_row planned = *order;
    return err == OK && owes ? replan_record(core, &planned, member) : err;
}

enum err backfill_step(struct core *core, bool *more)
{
    struct enrolment row;
    *more = false;
    enum err err = enrolment_pending(core->store->enrolments, &row);
    if (err == ERR_NOT_FOUND)
        return OK;
    if (err == OK)
        err = core_begin(core);
    bool enrolled =
        registry_member(core->opt.registry, row.member) != NULL && spread_ours(core, row.member);
    for (size_t i = 0; err == OK && i < BACKFILL_ORDERS_MAX && !row.done; i++) {
        struct order_row order;
        err = enrolled ? order_next(core->store->orders, row.order_id, &order) : ERR_NOT_FOUND;
        row.done = err == ERR_NOT_FOUND;
        if (row.done)
            err = OK;
        else if (err == OK && (order.state == ORDER_ACTIVE || order.state == ORDER_PENDING))
            err = fill_order(core, &order, row.member);
    }
    *more = true; /* perhaps; the next step finds out */
    return err == OK ? enrolment_move(core->store->enrolments, &row) : err;
}
