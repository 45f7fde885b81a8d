/* The policy's look-ups, answered from the store as of one log size. */
#include "core/state.h"

#include "base/text.h"

#include <stddef.h>
#include <string.h>

uint8_t view_kind(uint8_t kind)
{
    return kind == lianshu_SubjectKind_SUBJECT_INDIVIDUAL_BUSINESS ||
                   kind == lianshu_SubjectKind_SUBJECT_INSTITUTION
               ? lianshu_SubjectKind_SUBJECT_ENTERPRISE
               : kind;
}

enum err view_token(struct core *core, uint8_t kind, struct span id,
                    uint8_t out[static STORE_TOKEN_LEN])
{
    return names_look(core, kind, id, STORE_NEVER, out);
}

/* Remember whom a look-up was about. */
static void note(const struct view_ctx *ctx, const uint8_t token[static VIEW_TOKEN_LEN])
{
    struct view_asked *asked = ctx->asked;
    if (asked == NULL || names_nobody(token))
        return;
    for (uint8_t i = 0; i < asked->count; i++)
        if (memcmp(asked->token[i], token, VIEW_TOKEN_LEN) == 0)
            return;
    asked->more = asked->count == QUEUE_TOKENS_MAX;
    if (!asked->more)
        memcpy(asked->token[asked->count++], token, VIEW_TOKEN_LEN);
}

/* As of the later of both moments: relations that are known better may be of somebody who was named
 * since. Whoever nobody has named has no rows. */
static enum err look_token(void *arg, lianshu_SubjectKind kind, const char *id,
                           uint8_t out[static VIEW_TOKEN_LEN])
{
    struct view_ctx *ctx = arg;
    uint8_t unknown[STORE_TOKEN_LEN];
    const uint64_t as_of = ctx->known > ctx->as_of ? ctx->known : ctx->as_of;
    enum err err = names_look(ctx->core, (uint8_t)kind, span_str(id), as_of, out);
    if (err != OK || ctx->asked == NULL || !names_nobody(out))
        return err;
    err = names_unknown(ctx->core, (uint8_t)kind, span_str(id), unknown);
    if (err == OK)
        note(ctx, unknown);
    return err;
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
        .changed_date = row.changed_date,
        .restored_date = row.restored_date,
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
    enum err err =
        names_look(ctx->core, NAMES_DECISION, span_str(decision_number), ctx->as_of, act);
    if (err != OK)
        return err;
    err = order_conflict(ctx->core->store->orders, token, list, act, NULL, ctx->as_of, &found);
    if (err == OK)
        memcpy(order_id, found.id, VIEW_ORDER_ID_LEN);
    return err;
}

/* One pass over the restrictions of a token. */
struct pass {
    view_restriction_fn *fn;
    void *arg;
    size_t rows;
    struct view_restriction out;
};

static enum err pass_row(void *arg, const struct justification *row, bool *more)
{
    struct pass *pass = arg;
    struct view_restriction *out = &pass->out;
    if (pass->rows == VIEW_ROWS_MAX)
        return ERR_TOO_LARGE;
    pass->rows++;
    if (row->issuer[0] == '\0')
        return ERR_CORRUPT; /* a restriction without an order */
    text_copy(out->issuer, sizeof out->issuer, row->issuer);
    memcpy(out->order_id, row->order_id, sizeof out->order_id);
    out->force = (lianshu_Force)row->force;
    out->order_version = row->order_version;
    out->start_date = row->start_date;
    out->end_date = row->end_date;
    text_copy(out->measure, sizeof out->measure, row->measure);
    text_copy(out->rule, sizeof out->rule, row->rule);
    text_copy(out->scope, sizeof out->scope, row->scope);
    const size_t first = strcspn(row->basis, " ");
    const size_t len = first < sizeof out->basis ? first : sizeof out->basis - 1;
    memcpy(out->basis, row->basis, len);
    out->basis[len] = '\0';
    *more = pass->fn(pass->arg, out);
    return OK;
}

static enum err look_restrictions(void *arg, const uint8_t token[static VIEW_TOKEN_LEN],
                                  uint32_t date, view_restriction_fn *fn, void *fn_arg)
{
    struct view_ctx *ctx = arg;
    struct pass pass = {.fn = fn, .arg = fn_arg};
    note(ctx, token);
    return restriction_each(ctx->core->store->restrictions, token, date, ctx->as_of, pass_row,
                            &pass);
}

/* Relations of a token from one side of them or the other, those that hold on the date. */
typedef enum err relation_next_fn(struct subjects *s, const uint8_t token[static STORE_TOKEN_LEN],
                                  uint64_t as_of, struct relation_cursor *cursor,
                                  struct relation_row *out);
struct side {
    relation_next_fn *next;
    size_t other; /* offset of the other side's token in a row */
    uint64_t as_of;
};

static enum err each_relation(const struct view_ctx *ctx, const struct side *side,
                              const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                              view_relation_fn *fn, void *fn_arg)
{
    struct relation_cursor cursor = {0};
    struct relation_row row;
    for (size_t i = 0; i < VIEW_ROWS_MAX; i++) {
        enum err err = side->next(ctx->core->store->subjects, token, side->as_of, &cursor, &row);
        if (err == ERR_NOT_FOUND)
            return OK;
        if (err != OK)
            return err;
        if (row.from_date > date || (row.to_date != 0 && row.to_date < date))
            continue;
        struct view_relation out = {.role = (lianshu_Role)row.role};
        memcpy(out.token, (const uint8_t *)&row + side->other, sizeof out.token);
        if (!fn(fn_arg, &out))
            return OK;
    }
    return ERR_TOO_LARGE;
}

static enum err look_relations(void *arg, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                               view_relation_fn *fn, void *fn_arg)
{
    struct view_ctx *ctx = arg;
    const struct side side = {relation_next_of_subject, offsetof(struct relation_row, person),
                              ctx->known != 0 ? ctx->known : ctx->as_of};
    note(ctx, token);
    return each_relation(ctx, &side, token, date, fn, fn_arg);
}

static enum err look_holdings(void *arg, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                              view_relation_fn *fn, void *fn_arg)
{
    const struct view_ctx *ctx = arg;
    const struct side side = {relation_next_of_person, offsetof(struct relation_row, subject),
                              ctx->as_of};
    return each_relation(ctx, &side, token, date, fn, fn_arg);
}

static enum err look_rating(void *arg, const uint8_t token[static VIEW_TOKEN_LEN],
                            struct view_rating *out)
{
    const struct view_ctx *ctx = arg;
    struct rating_row row;
    enum err err = rating_get(ctx->core->store->subjects, token, ctx->as_of, &row);
    if (err != OK)
        return err;
    *out = (struct view_rating){.from_date = row.from_date, .issued_ms = row.issued_ms};
    memcpy(out->id, row.id, sizeof out->id);
    return OK;
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
        .holdings = look_holdings,
        .rating = look_rating,
    };
}
