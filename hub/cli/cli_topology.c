/* The tree of hubs, and how long a way through it takes. */
#include "cli/ask.h"
#include "cli/show.h"

#include "base/clock.h"
#include "ident.h"
#include "net/local.h"

#include <stdlib.h>
#include <string.h>

enum { PROBE_WAIT_S = 30, PROBE_WAIT_MAX_S = 3600, LOOK_MS = 20, INDENT = 2 };

static const struct {
    const char *word;
    const char *zh;
} WORDS[] = {{"self", "本枢纽"}, {"superior", "上级"}, {"subordinate", "下级"},
             {"peer", "同组"},   {"up", "已连接"},     {"down", "未连接"}};

static const char *zh_of(const char *word)
{
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (strcmp(WORDS[i].word, word) == 0)
            return WORDS[i].zh;
    }
    return "";
}

static const char *text_of(const struct json *row, const char *key)
{
    const char *text = json_get_text(row, key);
    return text == NULL ? "" : text;
}

static void print_hub(FILE *to, const struct json *row)
{
    const char *link = text_of(row, "link");
    const char *state = text_of(row, "state");
    const char *equal = text_of(row, "list_equal");
    const int indent = INDENT * (int)ask_number(row, "depth");
    fprintf(to, "%*s%s  %s / %s", indent, "", text_of(row, "hub"), text_of(row, "name_zh"),
            text_of(row, "name_en"));
    if (strcmp(link, "self") == 0)
        fprintf(to, "  [%s / this hub]", zh_of(link));
    else if (link[0] != '\0')
        fprintf(to,
                "\n%*s  %s / %s, %s / %s, 自 since %s, 待送 waiting %llu + %llu, 登记册 registry "
                "%llu, 名录一致于 list equal at %s",
                indent, "", zh_of(link), link, zh_of(state), state, text_of(row, "since"),
                (unsigned long long)ask_number(row, "waiting"),
                (unsigned long long)ask_number(row, "documents_waiting"),
                (unsigned long long)ask_number(row, "registry_version"),
                equal[0] == '\0' ? "-" : equal);
    if (json_flag(json_get(row, "registry_differs")))
        fprintf(to, "\n%*s  ! 同版本登记册不同 / another registry of the same version: E437",
                indent, "");
    if (text_of(row, "log_fork")[0] != '\0')
        fprintf(to, "\n%*s  ! 日志分叉 / its log has forked: %s, %s, 证据 evidence: log %llu",
                indent, "", text_of(row, "log_fork"), text_of(row, "log_fork_at"),
                (unsigned long long)ask_number(row, "log_fork_leaf"));
    fprintf(to, "\n");
}

enum err cli_topology(const struct cli *cli, struct fault *fault)
{
    char *text = NULL;
    struct json *answer = NULL;
    struct json *request = json_map();
    json_put_text(request, "cmd", "topology");
    enum err err = ask_hub(cli, request, &text, &answer, fault);
    if (err != OK)
        return err;
    const struct json *hubs = json_get(answer, "hubs");
    if (cli->json)
        fprintf(cli->world->out, "%s\n", text);
    for (size_t i = 0; !cli->json && i < json_count(hubs); i++)
        print_hub(cli->world->out, json_item(hubs, i));
    free(text);
    json_close(&answer);
    return OK;
}

/* ---- probe ---- */

struct probe {
    const struct cli *cli;
    struct json *steps; /* owns; those that were seen */
    uint64_t begun_ms;
    uint64_t last_ms; /* of the newest step */
    bool over;
    uint64_t code; /* of a refusal */
};

static void take_step(struct probe *p, const struct json *item)
{
    const char *stage = text_of(item, "stage");
    uint64_t at_ms = p->begun_ms;
    (void)clock_parse(text_of(item, "time"), &at_ms);
    const uint64_t ms = at_ms > p->begun_ms ? at_ms - p->begun_ms : 0;
    struct json *step = json_map();
    json_put_text(step, "hub", text_of(item, "by"));
    json_put_text(step, "stage", stage);
    json_put_text(step, "time", text_of(item, "time"));
    json_put_uint(step, "ms", ms);
    json_add(p->steps, step);
    if (!p->cli->json)
        fprintf(p->cli->world->out, "%6llu ms  %s  %s / %s\n", (unsigned long long)ms,
                text_of(item, "by"), text_of(item, "stage_zh"), stage);
    fflush(p->cli->world->out);
    p->last_ms = ms;
    const bool passed = strcmp(stage, "accepted") == 0 || strcmp(stage, "relayed") == 0;
    p->over = p->over || !passed;
    if (!passed && strcmp(stage, "delivered") != 0)
        p->code = ask_number(item, "code");
}

/* What has been receipted since the last look; the list has the newest first. */
static enum err look(struct probe *p, const char *id, struct fault *fault)
{
    char *text = NULL;
    struct json *answer = NULL;
    struct json *request = json_map();
    json_put_text(request, "cmd", "trace");
    json_put_text(request, "id", id);
    enum err err = ask_hub(p->cli, request, &text, &answer, fault);
    if (err != OK)
        return err;
    const struct json *course = json_get(answer, "course");
    for (size_t i = json_count(p->steps); i < json_count(course); i++)
        take_step(p, json_item(course, json_count(course) - 1 - i));
    free(text);
    json_close(&answer);
    return OK;
}

static enum err follow(struct probe *p, const char *id, uint64_t wait_ms, struct fault *fault)
{
    const uint64_t end = local_monotonic_ms() + wait_ms;
    enum err err = look(p, id, fault);
    while (err == OK && !p->over && local_monotonic_ms() < end) {
        local_pause(LOOK_MS);
        err = look(p, id, fault);
    }
    if (err != OK)
        return err;
    const size_t count = json_count(p->steps);
    const struct json *last = count == 0 ? NULL : json_item(p->steps, count - 1);
    if (!p->over)
        return fault_set(fault, ERR_TIMEOUT, 0, "probe",
                         "nothing further came behind %s; the probe is still on its way",
                         last == NULL ? "this hub" : text_of(last, "hub"));
    if (p->code != 0) {
        const enum err why = err_from_code((uint32_t)p->code);
        return fault_set(fault, why == OK ? ERR_INTERNAL : why, 0, "probe", "refused by %s",
                         text_of(last, "hub"));
    }
    return OK;
}

static enum err check_target(const char *target, struct fault *fault)
{
    struct member member;
    if (region_valid(target) || member_parse(target, &member) == OK)
        return OK;
    return fault_set(fault, ERR_USAGE, 0, "REGION|MEMBER",
                     "six digits, like 220100, or a member, like market.220100");
}

/* The result as one object; takes the steps. */
static enum err print_json(struct probe *p, const struct json *answer)
{
    struct json *j = json_clone(answer);
    json_put_uint(j, "ms", p->last_ms);
    json_put(j, "steps", p->steps);
    p->steps = NULL;
    enum err err = show_json(p->cli->world->out, j);
    json_close(&j);
    return err;
}

enum err cli_probe(const struct cli *cli, struct fault *fault)
{
    const char *target = cli->args->operand[0];
    struct probe p = {.cli = cli};
    char *text = NULL;
    struct json *answer = NULL;
    uint64_t wait_s;
    enum err err =
        args_number(cli->args, "timeout", 1, PROBE_WAIT_MAX_S, PROBE_WAIT_S, &wait_s, fault);
    if (err == OK)
        err = check_target(target, fault);
    if (err != OK)
        return err;
    struct json *request = json_map();
    json_put_text(request, "cmd", "probe");
    json_put_text(request, "target", target);
    if ((err = ask_hub(cli, request, &text, &answer, fault)) != OK)
        return err;
    p.steps = json_list();
    (void)clock_parse(text_of(answer, "begun"), &p.begun_ms);
    const char *id = json_get_text(answer, "message_id"); /* NULL: this hub serves it itself */
    if (id != NULL)
        err = follow(&p, id, wait_s * SECOND_MS, fault);
    if (err == OK && cli->json)
        err = print_json(&p, answer);
    else if (err == OK)
        fprintf(cli->world->out, "%s 由 %s 服务，%llu 毫秒 / %s is served by %s, %llu ms\n", target,
                text_of(answer, "hub"), (unsigned long long)p.last_ms, target,
                text_of(answer, "hub"), (unsigned long long)p.last_ms);
    free(text);
    json_close(&p.steps);
    json_close(&answer);
    return err;
}
