#include "cli/ask.h"
#include "cli/show.h"
#include "cli/subject.h"

#include "base/hex.h"
#include "ident.h"

#include <stdlib.h>
#include <unistd.h>

enum { STATE_MAX = 32 };

static const struct ask_lookup ORDERS[ASK_LOOKUPS_MAX] = {{"orders", "orders", "order"}};
static const struct ask_lookup ORDERS_AND_OBLIGATIONS[ASK_LOOKUPS_MAX] = {
    {"orders", "orders", "order"}, {"obligations", "obligations", "obligation"}};

enum err cli_status(const struct cli *cli, struct fault *fault)
{
    return ask_print(cli, ask_request("status"), fault);
}

enum err cli_volume(const struct cli *cli, struct fault *fault)
{
    return ask_print(cli, ask_request("volume"), fault);
}

enum err cli_trace(const struct cli *cli, struct fault *fault)
{
    static const char EXPECTED[] =
        "an envelope's id is 64, a message's id 32 lower-case hexadecimal digits";
    const char *id = cli->args->operand[0];
    const size_t len = strlen(id) == ARGS_ID_LEN ? ARGS_ID_LEN : ARGS_ENVELOPE_ID_LEN;
    enum err err = args_id(id, len, len, "ENVELOPE_ID", EXPECTED, fault);
    return err != OK ? err : ask_by_id(cli, "trace", id, fault);
}

/* The group is the hub's command and the list's name. */
enum err cli_waiting_list(const struct cli *cli, struct fault *fault)
{
    static const struct {
        const char *option;
        const char *argument;
    } MEMBERS[] = {{"for", "recipient"}, {"sender", "sender"}};
    struct json *request = ask_request(cli->args->command->group);
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
    return ask_print(cli, request, fault);
}

enum err cli_waiting_show(const struct cli *cli, struct fault *fault)
{
    const char *group = cli->args->command->group;
    const struct ask_lookup waiting[ASK_LOOKUPS_MAX] = {{group, group, "message_id"}};
    const char *id = cli->args->operand[0];
    char whole[ARGS_ID_LEN + 1];
    enum err err =
        args_id(id, ARGS_ID_PREFIX_MIN, ARGS_ID_LEN, "MESSAGE_ID",
                "32 lower-case hexadecimal digits, or the first 6 or more of them", fault);
    if (err == OK)
        err = ask_expand(cli, &id, waiting, whole, fault);
    return err != OK ? err : ask_by_id(cli, "trace", id, fault);
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
        err = ask_expand(cli, &id, ORDERS, whole, fault);
    return err != OK ? err : ask_by_id(cli, "order", id, fault);
}

enum err cli_order_list(const struct cli *cli, struct fault *fault)
{
    return ask_print(cli, ask_request("orders"), fault);
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
        err = ask_expand(cli, &id, ORDERS_AND_OBLIGATIONS, whole, fault);
    return err != OK ? err : ask_by_id(cli, "explain", id, fault);
}

enum err cli_log_checkpoint(const struct cli *cli, struct fault *fault)
{
    return ask_print(cli, ask_request("checkpoint"), fault);
}

enum err cli_hub_stop(const struct cli *cli, struct fault *fault)
{
    return ask_print(cli, ask_request("stop"), fault);
}

enum err cli_hub_reload(const struct cli *cli, struct fault *fault)
{
    return ask_print(cli, ask_request("reload"), fault);
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
        err = ask_expand(cli, &order, ORDERS, whole, fault);
    if (err != OK)
        return err;
    struct json *request = ask_request("obligations");
    if (member != NULL)
        json_put_text(request, "member", member);
    if (args_flag(cli->args, "overdue"))
        json_put_text(request, "overdue", "yes");
    if (order != NULL)
        json_put_text(request, "order", order);
    if (state != NULL)
        json_put_text(request, "state", state);
    return ask_print(cli, request, fault);
}

enum err cli_restriction_list(const struct cli *cli, struct fault *fault)
{
    struct subject_line subject;
    enum err err = subject_read(cli, &subject, fault);
    if (err != OK)
        return err;
    struct json *request = ask_request("restrictions");
    json_put_text(request, "kind", subject.word);
    json_put_text(request, "id", subject.id);
    return ask_print(cli, request, fault);
}
