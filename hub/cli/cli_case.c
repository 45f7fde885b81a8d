/* Questions about cases: the list, the card of one, the table of steps, who held which file. */
#include "cli/ask.h"

#include <stdlib.h>
#include <string.h>

static const struct ask_lookup CASES[ASK_LOOKUPS_MAX] = {{"cases", "cases", "case"}};

enum err cli_case_list(const struct cli *cli, struct fault *fault)
{
    const char *member;
    enum err err = args_member(cli->args, "member", &member, fault);
    if (err != OK)
        return err;
    struct json *request = ask_request("cases");
    if (member != NULL)
        json_put_text(request, "member", member);
    if (args_flag(cli->args, "overdue"))
        json_put_text(request, "overdue", "yes");
    return ask_print(cli, request, fault);
}

static enum err ask_case(const struct cli *cli, const char *cmd, struct fault *fault)
{
    const char *id = cli->args->operand[0];
    char whole[ARGS_ID_LEN + 1];
    enum err err = args_id(id, ARGS_ID_PREFIX_MIN, ARGS_ID_LEN, "CASE_ID",
                           "a case's id is 32 lower-case hexadecimal digits, or the first 6 or "
                           "more of them",
                           fault);
    if (err == OK)
        err = ask_expand(cli, &id, CASES, whole, fault);
    return err != OK ? err : ask_by_id(cli, cmd, id, fault);
}

enum err cli_case_show(const struct cli *cli, struct fault *fault)
{
    return ask_case(cli, "case", fault);
}

enum err cli_case_custody(const struct cli *cli, struct fault *fault)
{
    return ask_case(cli, "case.custody", fault);
}

/* For people the table as the rules print it, or a drawing for another program. */
enum err cli_case_graph(const struct cli *cli, struct fault *fault)
{
    const char *form = args_value(cli->args, "form");
    char *text = NULL;
    struct json *answer = NULL;
    if (form != NULL && strcmp(form, "table") != 0 && strcmp(form, "mermaid") != 0 &&
        strcmp(form, "dot") != 0)
        return fault_set(fault, ERR_USAGE, 0, "--form", "table, mermaid or dot");
    struct json *request = ask_request("case.graph");
    if (cli->json)
        return ask_print(cli, request, fault);
    json_put_text(request, "form", form == NULL ? "table" : form);
    enum err err = ask_hub(cli, request, &text, &answer, fault);
    if (err != OK)
        return err;
    const char *graph = json_get_text(answer, "text");
    if (graph == NULL)
        err = fault_set(fault, ERR_FIELD_MISSING, 0, "text", "no table in the hub's answer");
    else
        fputs(graph, cli->world->out);
    free(text);
    json_close(&answer);
    return err;
}
