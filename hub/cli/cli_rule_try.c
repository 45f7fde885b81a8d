/* Asking before acting: what an order would do, and what a new rule set would have decided. */
#include "cli/ask.h"
#include "cli/cli_rule.h"
#include "cli/show.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "check.h"
#include "ident.h"
#include "json.h"
#include "policy/trial.h"
#include "wire.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { BASIS_MAX = 16, STEP = 128, LISTED_MAX = 256 };

/* The hub reads the directory itself, so it needs the whole path. */
static enum err put_rules(struct json *request, const char *dir, struct fault *fault)
{
    char path[PATH_MAX];
    if (dir == NULL)
        return OK;
    if (realpath(dir, path) == NULL)
        return fault_set(fault, ERR_NOT_FOUND, 0, "--rules", "no such directory");
    json_put_text(request, "rules", path);
    return OK;
}

/* ---- without a hub: the plan alone ---- */

static enum err no_token(void *ctx, lianshu_SubjectKind kind, const char *id,
                         uint8_t out[static VIEW_TOKEN_LEN])
{
    (void)ctx, (void)kind, (void)id;
    memset(out, 0, VIEW_TOKEN_LEN);
    return OK;
}

static enum err no_order(void *ctx, const uint8_t id[static VIEW_ORDER_ID_LEN],
                         struct view_order *out)
{
    (void)ctx, (void)id, (void)out;
    return ERR_NOT_FOUND;
}

static enum err no_conflict(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], const char *list,
                            const char *number, uint8_t id[static VIEW_ORDER_ID_LEN])
{
    (void)ctx, (void)token, (void)list, (void)number, (void)id;
    return ERR_NOT_FOUND;
}

static enum err no_restrictions(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                                uint32_t date, view_restriction_fn *fn, void *arg)
{
    (void)ctx, (void)token, (void)date, (void)fn, (void)arg;
    return OK;
}

static enum err no_relations(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                             view_relation_fn *fn, void *arg)
{
    (void)ctx, (void)token, (void)date, (void)fn, (void)arg;
    return OK;
}

static enum err no_rating(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                          struct view_rating *out)
{
    (void)ctx, (void)token, (void)out;
    return ERR_NOT_FOUND;
}

static enum err plan_alone(const struct cli *cli, const struct json *file, struct json *answer,
                           struct fault *fault)
{
    static const struct view nothing = {.token = no_token,
                                        .order = no_order,
                                        .conflict = no_conflict,
                                        .restrictions = no_restrictions,
                                        .relations = no_relations,
                                        .holdings = no_relations,
                                        .rating = no_rating};
    const struct trial_members nobody = {.at = NULL};
    const struct json *list = json_get(file, "basis");
    const char *dir = args_value(cli->args, "rules");
    const char *calendar = args_value(cli->args, "calendar");
    const char *basis[BASIS_MAX];
    struct ruleset *rs = NULL;
    struct decide_input in = {
        .issuer = json_get_text(file, "member"), .basis = basis, .now_ms = cli->world->now_ms()};
    struct calendar *days = NULL;
    if (dir == NULL || calendar == NULL)
        return fault_set(fault, ERR_USAGE, 0, "--rules, --calendar",
                         "both are needed without --control or --config");
    for (size_t i = 0; i < json_count(list) && in.basis_count < BASIS_MAX; i++)
        if (json_text(json_item(list, i)) != NULL)
            basis[in.basis_count++] = json_text(json_item(list, i));
    lianshu_SanctionOrder *order = calloc(1, sizeof *order);
    if (order == NULL)
        return ERR_NO_MEMORY;
    enum err err =
        json_to_message(json_get(file, "order"), &lianshu_SanctionOrder_msg, order, fault);
    if (err == OK)
        err = rule_set_open(cli, dir, &rs, fault);
    if (err == OK)
        err = calendar_open(&days, calendar, fault);
    in.calendar = days;
    if (err == OK)
        err = trial_order(rs, &nothing, &in, order, &nobody, answer);
    calendar_close(&days);
    ruleset_close(&rs);
    wire_clear(&lianshu_SanctionOrder_msg, order);
    free(order);
    return err;
}

/* ---- with a hub ---- */

static enum err ask_try(const struct cli *cli, const struct json *file, struct json **answer,
                        struct fault *fault)
{
    char *text = NULL;
    struct json *request = json_map();
    json_put_text(request, "cmd", "rule.try");
    json_put_text(request, "member", json_get_text(file, "member"));
    if (json_get(file, "basis") != NULL)
        json_put(request, "basis", json_clone(json_get(file, "basis")));
    json_put(request, "order", json_clone(json_get(file, "order")));
    enum err err = put_rules(request, args_value(cli->args, "rules"), fault);
    if (err != OK) {
        json_close(&request);
        return err;
    }
    err = ask_hub(cli, request, &text, answer, fault);
    free(text);
    return err;
}

enum err cli_rule_try(const struct cli *cli, struct fault *fault)
{
    const char *path = args_value(cli->args, "order");
    const bool hub =
        args_value(cli->args, "control") != NULL || args_value(cli->args, "config") != NULL;
    struct json *file = NULL;
    struct json *answer = NULL;
    enum err err = json_open(&file, path, fault);
    if (err != OK)
        return err;
    if (json_get_text(file, "member") == NULL || !member_valid(json_get_text(file, "member")) ||
        json_kind(json_get(file, "order")) != JSON_KIND_MAP) {
        err = fault_set(fault, ERR_FIELD_MISSING, 0, path,
                        "member: like market.445100, order: {…}; basis: [codes]");
    } else if (hub) {
        err = ask_try(cli, file, &answer, fault);
    } else {
        answer = json_map();
        err = plan_alone(cli, file, answer, fault);
    }
    if (err == OK)
        err = show_result(cli, answer);
    json_close(&answer);
    json_close(&file);
    return err;
}

/* ---- recorded decisions against other rules ---- */

static enum err replay_step(const struct cli *cli, uint64_t from_ms, uint64_t *next, bool *end,
                            struct json *total, struct json *rows, struct fault *fault)
{
    static const char *const sums[] = {"same", "erased", "differing"};
    struct json *request = json_map();
    struct json *answer = NULL;
    char *text = NULL;
    json_put_text(request, "cmd", "rule.replay");
    json_put_uint(request, "since", *next);
    json_put_uint(request, "count", STEP);
    json_put_uint(request, "from_ms", from_ms);
    enum err err = put_rules(request, args_value(cli->args, "rules"), fault);
    if (err != OK) {
        json_close(&request);
        return err;
    }
    err = ask_hub(cli, request, &text, &answer, fault);
    free(text);
    if (err != OK)
        return err;
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
        json_put_uint(total, sums[i], ask_number(total, sums[i]) + ask_number(answer, sums[i]));
    const struct json *found = json_get(answer, "differences");
    for (size_t i = 0; i < json_count(found) && json_count(rows) < LISTED_MAX; i++)
        json_add(rows, json_clone(json_item(found, i)));
    *next = ask_number(answer, "next");
    *end = json_flag(json_get(answer, "end"));
    json_close(&answer);
    return OK;
}

enum err cli_rule_replay(const struct cli *cli, struct fault *fault)
{
    uint32_t date = 0;
    uint64_t next = 0;
    bool end = false;
    enum err err = OK;
    if (!date_parse(args_value(cli->args, "since"), &date))
        return fault_set(fault, ERR_USAGE, 0, "--since", "a date: 2026-04-01");
    struct json *total = json_map();
    struct json *rows = json_list();
    while (err == OK && !end)
        err = replay_step(cli, date_start_ms(date), &next, &end, total, rows, fault);
    json_put(total, "differences", rows);
    if (err == OK)
        err = show_result(cli, total);
    json_close(&total);
    return err;
}
