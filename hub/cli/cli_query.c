#include "cli/ask.h"
#include "cli/subject.h"

#include "base/hex.h"
#include "ident.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    ID_PREFIX_MIN = 6,
    ID_SHORT_LEN = 32, /* orders, obligations, cases, messages */
    ID_LONG_LEN = 64,  /* envelopes */
    STATE_MAX = 32,
};

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
        ask_print(cli->world->out, answer);
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

/* Ids are hex; nothing else gets through, and no value is repeated. */
static enum err check_id(const char *id, size_t least, size_t most, const char *where,
                         const char *expected, struct fault *fault)
{
    size_t len = strlen(id);
    if (len >= least && len <= most && strspn(id, "0123456789abcdef") == len)
        return OK;
    return fault_set(fault, ERR_USAGE, 0, where, "%s", expected);
}

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

/* Tables show the first characters of an id; find the whole of it in one of the hub's lists. */
static enum err expand_in(const struct cli *cli, const char *cmd, const char *list, const char *key,
                          const char *prefix, char out[static ID_SHORT_LEN + 1],
                          struct fault *fault)
{
    char *text = NULL;
    struct json *answer = NULL;
    enum err err = ask_hub(cli, request_of(cmd), &text, &answer, fault);
    if (err != OK)
        return err;
    const char *id = match_one(json_get(answer, list), key, prefix);
    bool found = id != NULL && strlen(id) == ID_SHORT_LEN;
    if (found)
        memcpy(out, id, ID_SHORT_LEN + 1);
    free(text);
    json_close(&answer);
    return found ? OK
                 : fault_set(fault, ERR_NOT_FOUND, 0, "ID",
                             "none, or more than one, begins like this");
}

static enum err expand_id(const struct cli *cli, const char *prefix, bool obligations,
                          char out[static ID_SHORT_LEN + 1], struct fault *fault)
{
    enum err err = expand_in(cli, "orders", "orders", "order", prefix, out, fault);
    return err == ERR_NOT_FOUND && obligations
               ? expand_in(cli, "obligations", "obligations", "obligation", prefix, out, fault)
               : err;
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
        "an envelope's id is 64, a message's id 32 lower-case hexadecimal "
        "digits";
    const char *id = cli->args->operand[0];
    enum err err = check_id(id, ID_SHORT_LEN, ID_LONG_LEN, "ENVELOPE_ID", EXPECTED, fault);
    if (err == OK && strlen(id) != ID_SHORT_LEN && strlen(id) != ID_LONG_LEN)
        err = fault_set(fault, ERR_USAGE, 0, "ENVELOPE_ID", "%s", EXPECTED);
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
        const char *member = args_value(cli->args, MEMBERS[i].option);
        if (member != NULL && !member_valid(member)) {
            json_close(&request);
            return fault_set(fault, ERR_IDENTIFIER, 0, i == 0 ? "--for" : "--sender",
                             "a member like market.445100");
        }
        if (member != NULL)
            json_put_text(request, MEMBERS[i].argument, member);
    }
    return ask_and_print(cli, request, fault);
}

enum err cli_waiting_show(const struct cli *cli, struct fault *fault)
{
    const char *group = cli->args->command->group;
    const char *given = cli->args->operand[0];
    char id[ID_SHORT_LEN + 1];
    enum err err =
        check_id(given, ID_PREFIX_MIN, ID_SHORT_LEN, "MESSAGE_ID",
                 "32 lower-case hexadecimal digits, or the first 6 or more of them", fault);
    if (err == OK && strlen(given) < ID_SHORT_LEN &&
        (err = expand_in(cli, group, group, "message_id", given, id, fault)) == OK)
        given = id;
    return err != OK ? err : ask_id(cli, "trace", given, fault);
}

enum err cli_order_show(const struct cli *cli, struct fault *fault)
{
    char id[ID_SHORT_LEN + 1];
    const char *given = cli->args->operand[0];
    enum err err = check_id(given, ID_PREFIX_MIN, ID_SHORT_LEN, "ORDER_ID",
                            "an order's id is 32 lower-case hexadecimal digits, or the first 6 or "
                            "more of them",
                            fault);
    if (err == OK && strlen(given) < ID_SHORT_LEN &&
        (err = expand_id(cli, given, false, id, fault)) == OK)
        given = id;
    return err != OK ? err : ask_id(cli, "order", given, fault);
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
    char id[ID_SHORT_LEN + 1];
    const char *given = cli->args->operand[0];
    enum err err = check_id(given, ID_PREFIX_MIN, ID_LONG_LEN, "ID", EXPECTED, fault);
    if (err == OK && strlen(given) > ID_SHORT_LEN && strlen(given) != ID_LONG_LEN)
        err = fault_set(fault, ERR_USAGE, 0, "ID", "%s", EXPECTED);
    if (err == OK && strlen(given) < ID_SHORT_LEN &&
        (err = expand_id(cli, given, true, id, fault)) == OK)
        given = id;
    return err != OK ? err : ask_id(cli, "explain", given, fault);
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
    char id[ID_SHORT_LEN + 1];
    if (order != NULL) {
        enum err err = check_id(order, ID_PREFIX_MIN, ID_SHORT_LEN, "--order",
                                "6 to 32 lower-case hexadecimal digits", fault);
        if (err == OK && strlen(order) < ID_SHORT_LEN &&
            (err = expand_id(cli, order, false, id, fault)) == OK)
            order = id;
        if (err != OK)
            return err;
    }
    if (state != NULL && (strlen(state) > STATE_MAX ||
                          strspn(state, "abcdefghijklmnopqrstuvwxyz_") != strlen(state)))
        return fault_set(fault, ERR_USAGE, 0, "--state", "a word like open, accepted, executed");
    const char *member = args_value(cli->args, "member");
    if (member != NULL && !member_valid(member))
        return fault_set(fault, ERR_IDENTIFIER, 0, "--member", "a member like market.445100");
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
