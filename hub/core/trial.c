/* Asking before acting: what an order would do by the rules in force or by others; nothing is
 * stored. */
#include "core/query.h"

#include "policy/trial.h"

#include "base/text.h"

#include <stdlib.h>

enum { BASIS_MAX = 16 };

void core_trial(struct core *core, const struct ruleset *rules)
{
    core->trial = rules;
}

/* trial_member_fn */
static const char *member_at(void *ctx, size_t i)
{
    const struct registry_member *m = registry_member_at(ctx, i);
    return m == NULL ? NULL : m->id;
}

static uint32_t basis_of(const struct json *list, const char *basis[static BASIS_MAX])
{
    uint32_t n = 0;
    for (size_t i = 0; i < json_count(list) && n < BASIS_MAX; i++)
        if (json_text(json_item(list, i)) != NULL)
            basis[n++] = json_text(json_item(list, i));
    return n;
}

enum err query_rule_try(struct query *q)
{
    struct core *core = q->core;
    const char *basis[BASIS_MAX];
    const char *issuer = json_get_text(q->args, "member");
    struct view_ctx ctx = {.core = core, .as_of = log_size(core->store->log)};
    const struct view view = view_of(&ctx);
    const struct trial_members members = {member_at, (void *)(uintptr_t)core->opt.registry};
    const struct decide_input in = {
        .issuer = issuer,
        .basis = basis,
        .basis_count = basis_of(json_get(q->args, "basis"), basis),
        .now_ms = core->now_ms,
        .calendar = core->opt.calendar,
        .regions = core->opt.regions,
    };
    struct fault fault = {0};
    if (issuer == NULL || json_get(q->args, "order") == NULL)
        return ERR_FIELD_MISSING;
    lianshu_SanctionOrder *order = calloc(1, sizeof *order);
    if (order == NULL)
        return ERR_NO_MEMORY;
    enum err err =
        json_to_message(json_get(q->args, "order"), &lianshu_SanctionOrder_msg, order, &fault);
    if (err != OK) {
        query_error(q, err, fault.detail);
        err = OK;
    } else {
        err = trial_order(core->trial != NULL ? core->trial : core->opt.rules, &view, &in, order,
                          &members, q->answer);
    }
    wire_clear(&lianshu_SanctionOrder_msg, order);
    free(order);
    return err;
}
