#include "cli/cli.h"

#include "cli/commands_table.h"
#include "cli/show.h"
#include "keys/init.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1024 };

const struct args_command *cli_commands(void)
{
    return COMMANDS;
}

/* --json anywhere counts, also where parsing stopped before it. */
static bool wants_json(int argc, const char *const *argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            return true;
    }
    return false;
}

static struct json *fault_json(const struct fault *fault)
{
    char label[ERR_LABEL_LEN + 1];
    struct json *j = json_map();
    err_label(fault->err, label);
    json_put_text(j, "code", label);
    json_put_text(j, "zh", err_zh(fault->err));
    json_put_text(j, "en", err_en(fault->err));
    json_put_text(j, "todo_zh", err_todo_zh(fault->err));
    json_put_text(j, "todo_en", err_todo_en(fault->err));
    json_put_text(j, "where", fault->where);
    json_put_uint(j, "line", fault->line);
    json_put_text(j, "detail", fault->detail);
    return j;
}

static void print_line(FILE *to, const struct fault *fault)
{
    char line[LINE_BYTES];
    fault_print(fault, line, sizeof line);
    fprintf(to, "%s\n", line);
}

void cli_refuse_also(const struct cli *cli, const struct fault *fault)
{
    if (!cli->json) {
        print_line(cli->world->err, fault);
        return;
    }
    if (cli->beside->others == NULL)
        cli->beside->others = json_list();
    json_add(cli->beside->others, fault_json(fault));
}

void cli_refuse_with(const struct cli *cli, struct json *result)
{
    if (cli->json) {
        cli->beside->result = result;
        return;
    }
    show_words(cli->world->out, result);
    json_close(&result);
}

/* Takes what stands beside over. */
static int refuse(const struct cli_world *world, const struct fault *fault, bool json,
                  const struct cli_beside *beside)
{
    if (json) {
        struct json *j = json_map();
        json_put(j, "error", fault_json(fault));
        if (beside->others != NULL)
            json_put(j, "others", beside->others);
        if (beside->result != NULL)
            json_put(j, "result", beside->result);
        if (show_json(world->out, j) != OK)
            print_line(world->err, fault);
        json_close(&j);
    } else {
        print_line(world->err, fault);
    }
    return fault->err == ERR_USAGE ? CLI_USAGE : CLI_REFUSED;
}

int cli_run(int argc, const char *const *argv, const struct cli_world *world)
{
    struct args args;
    struct fault fault = {.err = OK};
    int status = CLI_DONE;
    struct cli_beside beside = {.others = NULL};

    enum err err = args_parse(&args, COMMANDS, argc - 1, argv + 1, &fault);
    if (err == OK && args.version) {
        fprintf(world->out, "lianshu %s\n", LIANSHU_VERSION);
    } else if (err == OK && args.help) {
        args_help(world->out, COMMANDS, &args);
    } else if (err == OK && (err = keys_init()) == OK) {
        const struct cli cli = {&args, world, args_flag(&args, "json"), &status, &beside};
        err = args.command->run(&cli, &fault);
    }
    if (err == OK && (fflush(world->out) != 0 || ferror(world->out) != 0))
        err = fault_set(&fault, ERR_IO, 0, "standard output", "it cannot be written");
    if (err == OK)
        return status;
    if (fault.err != err) /* the callee named no place */
        fault_set(&fault, err, 0, "", "%s", "");
    const int code = refuse(world, &fault, wants_json(argc, argv), &beside);
    return status == CLI_USAGE ? CLI_USAGE : code;
}
