/* Aligning obligations with an order as it stands: what it no longer causes
 * ends, what it causes now is made, what both have in common stays as it is.
 * One way for every cause: a first version, a correction, a lift, a stay and
 * its end, an expiry, a change of relations. */
#include "core/state.h"

#include <string.h>

enum {
    EXPAND_ROWS = 32,     /* obligations of one transaction, … */
    EXPAND_FLIGHT_MS = 4, /* … and as many for so long that the disk took for the last one, … */
    EXPAND_ROWS_MAX = 128,  /* … up to this many */
    EXPAND_ORDERS_MAX = 64, /* orders of one transaction */
    LOOKS = 4,              /* obligations looked at for each that may be ended or made */
    AT_ONCE = 16,           /* obligations of one order in the transaction of its cause, … */
    AT_ONCE_ALL = 1024,     /* … and of all orders in it */
};

static bool stands(const struct order_row *order)
{
    return order->state == ORDER_ACTIVE || order->state == ORDER_PENDING;
}

bool expansion_over(uint32_t end_date, uint32_t today)
{
    return end_date != 0 && end_date < today;
}

size_t expansion_owner(const struct core *core, const struct duty *duty, const char *issuer,
                       size_t from)
{
    const struct registry *registry = core->opt.registry;
    if (duty->owners.who == WHO_ISSUER) {
        const struct registry_member *m = registry_member(registry, issuer);
        size_t at = m == NULL ? SIZE_MAX : (size_t)(m - registry_member_at(registry, 0));
        const bool owes = m != NULL && at >= from && spread_ours(core, issuer);
        return owes && duty_owed_by(duty, issuer, issuer) ? at : SIZE_MAX;
    }
    uint32_t departments =
        duty->owners.who == WHO_EVERY ? UINT32_MAX : duty->owners.each | duty->owners.either;
    /* A competent member may stand above the scope: all of them are looked at. */
    const char *region = duty->competent ? "000000" : duty->scope;
    for (size_t at = from;; at++) {
        at = registry_next(registry, at, departments, region);
        if (at == SIZE_MAX)
            return at;
        const char *member = registry_member_at(registry, at)->id;
        if (duty_owed_by(duty, issuer, member) && spread_ours(core, member))
            return at;
    }
}

/* The first member behind this id. */
static size_t place_after(const struct registry *registry, const char *id)
{
    size_t low = 0;
    size_t high = registry_member_count(registry);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(registry_member_at(registry, middle)->id, id) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t expansion_present(const struct core *core, const struct duty *duty)
{
    uint32_t present = 0;
    if (duty->owners.who != WHO_DEPARTMENTS)
        return 0; /* nobody asks: there is always somebody, or nobody is needed */
    uint32_t wanted = duty->owners.each | duty->owners.either;
    for (size_t at = 0; !duty->competent && (wanted & ~present) != 0; at++) {
        at = registry_next(core->opt.registry, at, wanted & ~present, duty->scope);
        if (at == SIZE_MAX)
            return present;
        present |= UINT32_C(1) << registry_member_at(core->opt.registry, at)->department;
    }
    if (!duty->competent)
        return present;
    for (size_t i = 0; i < registry_member_count(core->opt.registry); i++) {
        const struct registry_member *m = registry_member_at(core->opt.registry, i);
        if (region_contains(m->region, duty->scope))
            present |= UINT32_C(1) << m->department;
    }
    return present;
}

/* Is this obligation one of the plan's, by its terms and by who owes it? */
static bool caused(const struct core *core, const struct order_row *order,
                   const struct obligation *row)
{
    for (uint32_t i = 0; i < core->plan.duty_count; i++) {
        const struct duty *duty = &core->plan.duty[i];
        if (strcmp(duty->measure, row->measure) != 0 ||
            memcmp(core->plan_token[i], row->subject, STORE_TOKEN_LEN) != 0 ||
            (uint32_t)duty->force != row->force || duty->start_date != row->start_date ||
            duty->end_date != row->end_date || strcmp(duty->rule, row->rule) != 0)
            continue;
        if (row->member[0] == '\0'
                ? ((duty->owners.each | duty->owners.either) >> row->department & 1) != 0
                : duty_owed_by(duty, order->issuer, row->member))
            return true;
    }
    return false;
}

/* End what the order does not cause any more. *budget: obligations that may
 * still be ended. */
static enum err prune(struct core *core, const struct order_row *order, uint32_t today,
                      struct expansion *expansion, size_t *budget)
{
    const size_t looks = LOOKS * *budget;
    for (size_t i = 0; i<looks && * budget> 0; i++) {
        struct obligation row;
        enum err err =
            obligation_next_of_order(core->store->obligations, order->id, &expansion->walked, &row);
        if (err == ERR_NOT_FOUND) {
            expansion->walked = STORE_NEVER;
            return OK;
        }
        if (err != OK)
            return err;
        if (!obligations_live(&row))
            continue;
        bool over = expansion_over(row.end_date, today);
        if (stands(order) && !over && caused(core, order, &row))
            continue;
        uint32_t cause = stands(order) && over ? (uint32_t)ORDER_EXPIRED : order->state;
        err = lifts_end(core, &row, cause);
        if (err != OK)
            return err;
        (*budget)--;
    }
    return OK;
}

/* Departments of the duty that have no member here: shown, owed by nobody yet.
 */
static enum err make_unassigned(struct core *core, struct owed *what)
{
    const struct duty *duty = &core->plan.duty[what->duty];
    if (!spread_ours(core, what->order->issuer))
        return OK; /* the issuer's hub shows it, once */
    uint32_t missing = duty_unassigned(duty, expansion_present(core, duty));
    what->member = "";
    for (uint32_t bit = 0; bit < 32; bit++) {
        what->department = bit;
        enum err err = (missing >> bit & 1) != 0 ? obligations_make(core, what) : OK;
        if (err != OK)
            return err;
    }
    return OK;
}

/* One duty from the cursor on, at most *budget obligations. *done: no member is
 * left. */
static enum err expand_duty(struct core *core, const struct order_row *order,
                            struct expansion *expansion, size_t *budget, bool *done)
{
    const struct duty *duty = &core->plan.duty[expansion->duty];
    struct owed what = {.order = order, .duty = expansion->duty, .from_ms = expansion->time_ms};
    size_t at = place_after(core->opt.registry, expansion->last_member);
    *done = false;
    while (*budget > 0) {
        at = expansion_owner(core, duty, order->issuer, at);
        if (at == SIZE_MAX) {
            *done = true;
            return make_unassigned(core, &what);
        }
        const struct registry_member *member = registry_member_at(core->opt.registry, at++);
        what.member = member->id;
        enum err err = obligations_make(core, &what);
        if (err != OK)
            return err;
        memcpy(expansion->last_member, member->id, sizeof expansion->last_member);
        (*budget)--;
    }
    return OK;
}

static enum err expand(struct core *core, const struct order_row *order, uint32_t today,
                       struct expansion *expansion, size_t *budget)
{
    while (*budget > 0 && expansion->duty < core->plan.duty_count) {
        bool done = expansion_over(core->plan.duty[expansion->duty].end_date, today);
        enum err err = done ? OK : expand_duty(core, order, expansion, budget, &done);
        if (err != OK)
            return err;
        if (!done)
            continue;
        expansion->last_member[0] = '\0';
        expansion->duty++;
    }
    expansion->done = expansion->duty >= core->plan.duty_count;
    return OK;
}

/* What the order does not cause any more, then what it does. */
static enum err align(struct core *core, const struct order_row *order, struct expansion *expansion,
                      size_t *budget)
{
    uint32_t today = date_from_ms(core->now_ms);
    enum err err = stands(order) ? plans_load(core, order->id, order->version) : OK;
    if (err == OK && expansion->walked != STORE_NEVER)
        err = prune(core, order, today, expansion, budget);
    if (err != OK || expansion->walked != STORE_NEVER)
        return err;
    if (!stands(order)) {
        expansion->done = true;
        return OK;
    }
    return expand(core, order, today, expansion, budget);
}

/* How many obligations may be aligned in the transaction of their cause. None while an older
 * expansion waits: what a stay ends must not come after what its end renews. */
static enum err at_once(struct core *core, size_t *given)
{
    struct expansion older;
    const size_t left = core->at_once < AT_ONCE_ALL ? AT_ONCE_ALL - core->at_once : 0;
    *given = 0;
    enum err err = expansion_pending(core->store->obligations, core->stuck_seq, &older);
    if (err != ERR_NOT_FOUND)
        return err;
    *given = left < AT_ONCE ? left : AT_ONCE;
    return OK;
}

enum err expansion_begin(struct core *core, const struct order_row *order)
{
    struct expansion expansion = {.seq = order->seq, .time_ms = core->now_ms};
    size_t given;
    memcpy(expansion.order_id, order->id, sizeof expansion.order_id);
    enum err err = at_once(core, &given);
    if (err != OK)
        return err;
    size_t budget = given;
    err = given == 0 ? OK : align(core, order, &expansion, &budget);
    core->at_once += given - budget;
    core->work_waiting = core->work_waiting || !expansion.done;
    return err == OK ? expansion_put(core->store->obligations, &expansion) : err;
}

/* A bounded step of one expansion. The order as it stood in that state: what
 * one state ended is undone although a later one renewed it; what it imposed is
 * left to the later one. */
static enum err step(struct core *core, struct expansion *expansion, size_t *budget)
{
    struct order_row newest;
    struct order_row order;
    enum err err = order_get(core->store->orders, expansion->order_id, STORE_NEVER, &newest);
    if (err == OK)
        err = order_get(core->store->orders, expansion->order_id, expansion->seq + 1, &order);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (stands(&order) && order.seq != newest.seq) {
        expansion->done = true;
        return OK;
    }
    return align(core, &order, expansion, budget);
}

/* Others wait for the disk far longer than for a step: where it is slow, longer steps mean fewer
 * waits, and hardly longer ones. */
static size_t step_rows(const struct core *core)
{
    const uint64_t rows = EXPAND_ROWS * (1 + core->flight_ms / EXPAND_FLIGHT_MS);
    return rows < EXPAND_ROWS_MAX ? (size_t)rows : EXPAND_ROWS_MAX;
}

enum err expansion_step(struct core *core, bool *more)
{
    size_t budget = step_rows(core);
    *more = false;
    for (int orders = 0; orders < EXPAND_ORDERS_MAX && budget > 0; orders++) {
        struct expansion expansion;
        enum err err = expansion_pending(core->store->obligations, core->stuck_seq, &expansion);
        *more = err == OK; /* perhaps; the next step finds out */
        if (err != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        err = core_begin(core);
        if (err == OK)
            err = step(core, &expansion, &budget);
        if (err == ERR_REEXECUTION) {
            /* The rules no longer explain the order: an operator must look, the hub
             * goes on. */
            core->expansion_stuck = true;
            core->stuck_seq = expansion.seq; /* the others go on behind it */
            continue;
        }
        if (err == OK)
            err = expansion_put(core->store->obligations, &expansion);
        if (err != OK || !expansion.done)
            return err;
    }
    return OK;
}
