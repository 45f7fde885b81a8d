/* The policy's look-ups, answered from the store as of one log size. */
#include "core/state.h"

#include <string.h>

enum err view_token(struct core *core, uint8_t kind, struct span id,
                    uint8_t out[static STORE_TOKEN_LEN])
{
    /* One USCC is one body, whatever kind of body the sender calls it. */
    if (kind == lianshu_SubjectKind_SUBJECT_INDIVIDUAL_BUSINESS ||
        kind == lianshu_SubjectKind_SUBJECT_INSTITUTION)
        kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    return rest_token(out, core->token_key, kind, id);
}

static enum err look_token(void *arg, lianshu_SubjectKind kind, const char *id,
                           uint8_t out[static VIEW_TOKEN_LEN])
{
    struct view_ctx *ctx = arg;
    return view_token(ctx->core, (uint8_t)kind, span_str(id), out);
}

static enum err look_order(void *arg, const uint8_t id[static VIEW_ORDER_ID_LEN],
                           struct view_order *out)
{
    struct view_ctx *ctx = arg;
    struct order_row row;
    enum err err = order_get(ctx->core->store->orders, id, ctx->as_of, &row);
    if (err != OK)
        return err;
    *out = (struct view_order){
        .state = (enum order_state)row.state,
        .version = row.version,
        .decision_date = row.decision_date,
        .start_date = row.start_date,
        .earliest_repair_date = row.repair_date,
        .end_date = row.end_date,
    };
    memcpy(out->id, id, sizeof out->id);
    memcpy(out->token, row.subject, sizeof out->token);
    memcpy(out->issuer, row.issuer, sizeof out->issuer);
    memcpy(out->changed_by, row.changed_by, sizeof out->changed_by);
    memcpy(out->list, row.list, sizeof out->list);
    memcpy(out->rule, row.rule, strnlen(row.rule, sizeof out->rule - 1));
    return OK;
}

static enum err look_conflict(void *arg, const uint8_t token[static VIEW_TOKEN_LEN],
                              const char *list, const char *decision_number,
                              uint8_t order_id[static VIEW_ORDER_ID_LEN])
{
    struct view_ctx *ctx = arg;
    struct order_row found;
    uint8_t act[STORE_ID_LEN];
    enum err err = view_token(ctx->core, 0, span_str(decision_number), act);
    if (err != OK)
        return err;
    err = order_conflict(ctx->core->store->orders, token, list, act, NULL, &found);
    if (err == OK && found.seq >= ctx->as_of)
        return ERR_NOT_FOUND;
    if (err == OK)
        memcpy(order_id, found.id, VIEW_ORDER_ID_LEN);
    return err;
}

static enum err look_restrictions(void *arg, const uint8_t token[static VIEW_TOKEN_LEN],
                                  uint32_t date, view_restriction_fn *fn, void *fn_arg)
{
    struct view_ctx *ctx = arg;
    struct restriction_cursor cursor = {0};
    struct justification row;
    for (size_t i = 0; i < VIEW_ROWS_MAX; i++) {
        enum err err = restriction_next(ctx->core->store->restrictions, token, date, ctx->as_of,
                                        &cursor, &row);
        if (err == ERR_NOT_FOUND)
            return OK;
        if (err != OK)
            return err;
        struct order_row order;
        err = order_get(ctx->core->store->orders, row.order_id, ctx->as_of, &order);
        if (err != OK)
            return err;
        struct view_restriction out = {
            .force = (lianshu_Force)row.force,
            .order_version = row.order_version,
            .start_date = row.start_date,
            .end_date = row.end_date,
        };
        memcpy(out.measure, row.measure, strnlen(row.measure, sizeof out.measure - 1));
        memcpy(out.order_id, row.order_id, sizeof out.order_id);
        memcpy(out.issuer, order.issuer, strnlen(order.issuer, sizeof out.issuer - 1));
        memcpy(out.rule, row.rule, strnlen(row.rule, sizeof out.rule - 1));
        size_t first = strcspn(row.basis, " ");
        memcpy(out.basis, row.basis, first < sizeof out.basis ? first : sizeof out.basis - 1);
        memcpy(out.scope, row.scope, sizeof out.scope);
        if (!fn(fn_arg, &out))
            return OK;
    }
    return ERR_TOO_LARGE;
}

static enum err look_relations(void *arg, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                               view_relation_fn *fn, void *fn_arg)
{
    struct view_ctx *ctx = arg;
    struct relation_cursor cursor = {0};
    struct relation_row row;
    for (size_t i = 0; i < VIEW_ROWS_MAX; i++) {
        enum err err =
            relation_next_of_subject(ctx->core->store->subjects, token, ctx->as_of, &cursor, &row);
        if (err == ERR_NOT_FOUND)
            return OK;
        if (err != OK)
            return err;
        if (row.from_date > date || (row.to_date != 0 && row.to_date < date))
            continue;
        struct view_relation out = {.role = (lianshu_Role)row.role};
        memcpy(out.token, row.person, sizeof out.token);
        if (!fn(fn_arg, &out))
            return OK;
    }
    return ERR_TOO_LARGE;
}

struct view view_of(struct view_ctx *ctx)
{
    return (struct view){
        .ctx = ctx,
        .token = look_token,
        .order = look_order,
        .conflict = look_conflict,
        .restrictions = look_restrictions,
        .relations = look_relations,
    };
}
