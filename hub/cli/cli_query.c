#include "cli/ask.h"
#include "cli/show.h"
#include "cli/subject.h"

#include "base/hex.h"
#include "ident.h"

#include <stdlib.h>
#include <unistd.h>

enum { STATE_MAX = 32 };

/* Ask, and print: the hub's object unchanged, or for people. */
static enum err ask_and_print(const struct cli *cli, struct json *request, struct fault *fault)
{
    char *text = NULL;
    struct json *answer = NULL;
    enum err err = ask_hub(cli, request, &text, &answer, fault);
    if (err != OK)
        return err;
    if (cli->json)
        fprintf(cli->world->out, "%s\n", text);
    else
        show_words(cli->world->out, answer);
    free(text);
    json_close(&answer);
    return OK;
}

static struct json *request_of(const char *cmd)
{
    struct json *j = json_map();
    json_put_text(j, "cmd", cmd);
    return j;
}

/* Where the whole of an id is found that was given by its beginning. */
struct lookup {
    const char *cmd;
    const char *list;
    const char *key;
};

enum { LOOKUPS_MAX = 2 };

static const struct lookup ORDERS[LOOKUPS_MAX] = {{"orders", "orders", "order"}};
static const struct lookup ORDERS_AND_OBLIGATIONS[LOOKUPS_MAX] = {
    {"orders", "orders", "order"}, {"obligations", "obligations", "obligation"}};

/* The one entry `key` of a list that begins with the prefix; NULL when there is none or two. */
static const char *match_one(const struct json *list, const char *key, const char *prefix)
{
    const char *found = NULL;
    for (size_t i = 0; i < json_count(list); i++) {
        const char *id = json_get_text(json_item(list, i), key);
        if (id == NULL || strncmp(id, prefix, strlen(prefix)) != 0)
            continue;
        if (found != NULL && strcmp(found, id) != 0)
            return NULL;
        found = id;
    }
    return found;
}

/* Look in one of the hub's lists. */
static enum err expand_in(const struct cli *cli, const struct lookup *in, const char *prefix,
                          char out[static ARGS_ID_LEN + 1], struct fault *fault)
{
    char *text = NULL;
    struct json *answer = NULL;
    enum err err = ask_hub(cli, request_of(in->cmd), &text, &answer, fault);
    if (err != OK)
        return err;
    const char *id = match_one(json_get(answer, in->list), in->key, prefix);
    bool found = id != NULL && strlen(id) == ARGS_ID_LEN;
    if (found)
        memcpy(out, id, ARGS_ID_LEN + 1);
    free(text);
    json_close(&answer);
    return found ? OK
                 : fault_set(fault, ERR_NOT_FOUND, 0, "ID",
                             "none, or more than one, begins like this");
}

/* The beginning of an id becomes the whole of it, in `whole`; the hub is asked if need be. */
static enum err expand_id(const struct cli *cli, const char **id, const struct lookup *in,
                          char whole[static ARGS_ID_LEN + 1], struct fault *fault)
{
    enum err err = ERR_NOT_FOUND;
    if (strlen(*id) >= ARGS_ID_LEN)
        return OK;
    for (size_t i = 0; err == ERR_NOT_FOUND && i < LOOKUPS_MAX && in[i].cmd != NULL; i++)
        err = expand_in(cli, &in[i], *id, whole, fault);
    if (err == OK)
        *id = whole;
    return err;
}

static enum err ask_id(const struct cli *cli, const char *cmd, const char *id, struct fault *fault)
{
    struct json *request = request_of(cmd);
    json_put_text(request, "id", id);
    return ask_and_print(cli, request, fault);
}

enum err cli_status(const struct cli *cli, struct fault *fault)
{
    return ask_and_print(cli, request_of("status"), fault);
}

enum err cli_trace(const struct cli *cli, struct fault *fault)
{
    static const char EXPECTED[] =
        "an envelope's id is 64, a message's id 32 lower-case hexadecimal digits";
    const char *id = cli->args->operand[0];
    const size_t len = strlen(id) == ARGS_ID_LEN ? ARGS_ID_LEN : ARGS_ENVELOPE_ID_LEN;
    enum err err = args_id(id, len, len, "ENVELOPE_ID", EXPECTED, fault);
    return err != OK ? err : ask_id(cli, "trace", id, fault);
}

/* The group is the hub's command and the list's name. */
enum err cli_waiting_list(const struct cli *cli, struct fault *fault)
{
    static const struct {
        const char *option;
        const char *argument;
    } MEMBERS[] = {{"for", "recipient"}, {"sender", "sender"}};
    struct json *request = request_of(cli->args->command->group);
    for (size_t i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++) {
        const char *member;
        enum err err = args_member(cli->args, MEMBERS[i].option, &member, fault);
        if (err != OK) {
            json_close(&request);
            return err;
        }
        if (member != NULL)
            json_put_text(request, MEMBERS[i].argument, member);
    }
    return ask_and_print(cli, request, fault);
}

enum err cli_waiting_show(const struct cli *cli, struct fault *fault)
{
    const char *group = cli->args->command->group;
    const struct lookup waiting[LOOKUPS_MAX] = {{group, group, "message_id"}};
    const char *id = cli->args->operand[0];
    char whole[ARGS_ID_LEN + 1];
    enum err err =
        args_id(id, ARGS_ID_PREFIX_MIN, ARGS_ID_LEN, "MESSAGE_ID",
                "32 lower-case hexadecimal digits, or the first 6 or more of them", fault);
    if (err == OK)
        err = expand_id(cli, &id, waiting, whole, fault);
    return err != OK ? err : ask_id(cli, "trace", id, fault);
}

enum err cli_order_show(const struct cli *cli, struct fault *fault)
{
    const char *id = cli->args->operand[0];
    char whole[ARGS_ID_LEN + 1];
    enum err err = args_id(id, ARGS_ID_PREFIX_MIN, ARGS_ID_LEN, "ORDER_ID",
                           "an order's id is 32 lower-case hexadecimal digits, or the first 6 or "
                           "more of them",
                           fault);
    if (err == OK)
        err = expand_id(cli, &id, ORDERS, whole, fault);
    return err != OK ? err : ask_id(cli, "order", id, fault);
}

enum err cli_order_list(const struct cli *cli, struct fault *fault)
{
    return ask_and_print(cli, request_of("orders"), fault);
}

enum err cli_explain(const struct cli *cli, struct fault *fault)
{
    static const char EXPECTED[] =
        "the id of an envelope is 64, of an order, obligation or case 32 lower-case hexadecimal "
        "digits; of an order or obligation also the first 6 or more";
    const char *id = cli->args->operand[0];
    char whole[ARGS_ID_LEN + 1];
    const bool envelope = strlen(id) > ARGS_ID_LEN;
    enum err err = args_id(id, envelope ? ARGS_ENVELOPE_ID_LEN : ARGS_ID_PREFIX_MIN,
                           ARGS_ENVELOPE_ID_LEN, "ID", EXPECTED, fault);
    if (err == OK)
        err = expand_id(cli, &id, ORDERS_AND_OBLIGATIONS, whole, fault);
    return err != OK ? err : ask_id(cli, "explain", id, fault);
}

enum err cli_log_checkpoint(const struct cli *cli, struct fault *fault)
{
    return ask_and_print(cli, request_of("checkpoint"), fault);
}

enum err cli_hub_stop(const struct cli *cli, struct fault *fault)
{
    return ask_and_print(cli, request_of("stop"), fault);
}

enum err cli_hub_reload(const struct cli *cli, struct fault *fault)
{
    return ask_and_print(cli, request_of("reload"), fault);
}

enum err cli_obligation_list(const struct cli *cli, struct fault *fault)
{
    const char *order = args_value(cli->args, "order");
    const char *state = args_value(cli->args, "state");
    const char *member;
    char whole[ARGS_ID_LEN + 1];
    enum err err = args_member(cli->args, "member", &member, fault);
    if (err == OK && order != NULL)
        err = args_id(order, ARGS_ID_PREFIX_MIN, ARGS_ID_LEN, "--order",
                      "6 to 32 lower-case hexadecimal digits", fault);
    if (err == OK && state != NULL &&
        (strlen(state) > STATE_MAX ||
         strspn(state, "abcdefghijklmnopqrstuvwxyz_") != strlen(state)))
        err = fault_set(fault, ERR_USAGE, 0, "--state", "a word like open, accepted, executed");
    if (err == OK && order != NULL)
        err = expand_id(cli, &order, ORDERS, whole, fault);
    if (err != OK)
        return err;
    struct json *request = request_of("obligations");
    if (member != NULL)
        json_put_text(request, "member", member);
    if (args_flag(cli->args, "overdue"))
        json_put_text(request, "overdue", "yes");
    if (order != NULL)
        json_put_text(request, "order", order);
    if (state != NULL)
        json_put_text(request, "state", state);
    return ask_and_print(cli, request, fault);
}

enum err cli_restriction_list(const struct cli *cli, struct fault *fault)
{
    struct subject_line subject;
    enum err err = subject_read(cli, &subject, fault);
    if (err != OK)
        return err;
    struct json *request = request_of("restrictions");
    json_put_text(request, "kind", subject.word);
    json_put_text(request, "id", subject.id);
    return ask_and_print(cli, request, fault);
}
