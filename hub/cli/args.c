#include "cli/args.h"

#include "ident.h"

#include <string.h>

enum { NUMBER_DIGITS_MAX = 18, VERBS_TEXT_MAX = 96 };

static const struct args_option *option_find(const struct args_command *command, const char *name,
                                             size_t len)
{
    for (const struct args_option *o = command->options; o->name != NULL; o++) {
        if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
            return o;
    }
    return NULL;
}

static bool group_exists(const struct args_command *table, const char *group)
{
    for (const struct args_command *c = table; c->group != NULL; c++) {
        if (strcmp(c->group, group) == 0)
            return true;
    }
    return false;
}

static bool is_help(const char *text)
{
    return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0 || strcmp(text, "help") == 0;
}

/* "passphrase, generate, show" */
static void verbs_of(const struct args_command *table, const char *group,
                     char out[static VERBS_TEXT_MAX])
{
    size_t len = 0;
    out[0] = '\0';
    for (const struct args_command *c = table; c->group != NULL; c++) {
        if (strcmp(c->group, group) != 0 || c->verb == NULL || len >= VERBS_TEXT_MAX)
            continue;
        len += (size_t)snprintf(out + len, VERBS_TEXT_MAX - len, "%s%s", len == 0 ? "" : ", ",
                                c->verb);
    }
}

/* Find the command; *used is how many words named it. */
static enum err find_command(struct args *out, const struct args_command *table, int argc,
                             const char *const *argv, int *used, struct fault *fault)
{
    char verbs[VERBS_TEXT_MAX];
    if (!group_exists(table, argv[0]))
        return fault_set(fault, ERR_USAGE, 0, "lianshu", "unknown command; see lianshu --help");
    for (const struct args_command *c = table; c->group != NULL; c++) {
        if (strcmp(c->group, argv[0]) != 0)
            continue;
        if (c->verb == NULL || (argc > 1 && strcmp(c->verb, argv[1]) == 0)) {
            out->command = c;
            *used = c->verb == NULL ? 1 : 2;
            return OK;
        }
    }
    if (argc > 1 && is_help(argv[1])) {
        out->help = true;
        out->group = argv[0];
        return OK;
    }
    verbs_of(table, argv[0], verbs);
    return fault_set(fault, ERR_USAGE, 0, argv[0],
                     argc > 1 ? "unknown subcommand; one of %s" : "a subcommand is missing: %s",
                     verbs);
}

static void where_of(const struct args_command *c, char *out, size_t cap)
{
    snprintf(out, cap, "lianshu %s%s%s", c->group, c->verb == NULL ? "" : " ",
             c->verb == NULL ? "" : c->verb);
}

static size_t count_of(const struct args *args, const struct args_option *option)
{
    size_t count = 0;
    for (size_t i = 0; i < args->value_count; i++)
        count += args->value[i].option == option;
    return count;
}

/* argv[*at] is an option; *at moves over its value. */
static enum err take_option(struct args *out, int argc, const char *const *argv, int *at,
                            const char *where, struct fault *fault)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals == NULL ? strlen(name) : (size_t)(equals - name);
    const struct args_option *option = option_find(out->command, name, len);
    if (option == NULL)
        return fault_set(fault, ERR_USAGE, 0, where, "argument %d: unknown option; see --help",
                         *at + 1);

    const char *text = equals == NULL ? NULL : equals + 1;
    if (option->value == NULL && text != NULL)
        return fault_set(fault, ERR_USAGE, 0, where, "--%s takes no value", option->name);
    if (option->value != NULL && text == NULL) {
        if (*at + 1 >= argc)
            return fault_set(fault, ERR_USAGE, 0, where, "--%s needs a value: --%s %s",
                             option->name, option->name, option->value);
        *at += 1;
        text = argv[*at];
    }
    if (text != NULL && text[0] == '\0')
        return fault_set(fault, ERR_USAGE, 0, where, "--%s is empty", option->name);
    if (!option->many && count_of(out, option) > 0)
        return fault_set(fault, ERR_USAGE, 0, where, "--%s is given twice", option->name);
    if (out->value_count >= ARGS_VALUES_MAX)
        return fault_set(fault, ERR_USAGE, 0, where, "more than %d options", ARGS_VALUES_MAX);
    out->value[out->value_count].option = option;
    out->value[out->value_count].text = text == NULL ? "" : text;
    out->value_count++;
    return OK;
}

static enum err check_complete(const struct args *args, size_t operands, const char *where,
                               struct fault *fault)
{
    if (args->command->operands[operands] != NULL)
        return fault_set(fault, ERR_USAGE, 0, where, "%s is missing",
                         args->command->operands[operands]);
    for (const struct args_option *o = args->command->options; o->name != NULL; o++) {
        if (o->required && count_of(args, o) == 0)
            return fault_set(fault, ERR_USAGE, 0, where, "--%s %s is missing", o->name, o->value);
    }
    return OK;
}

/* help, help GROUP, help GROUP VERB */
static enum err ask_for_help(struct args *out, const struct args_command *table, int argc,
                             const char *const *argv, struct fault *fault)
{
    int used = 0;
    out->help = true;
    if (argc < 1)
        return OK;
    for (const struct args_command *c = table; argc == 1 && c->group != NULL; c++) {
        if (strcmp(c->group, argv[0]) != 0)
            continue;
        if (c->verb == NULL)
            out->command = c;
        else
            out->group = c->group;
        return OK;
    }
    return find_command(out, table, argc, argv, &used, fault);
}

enum err args_parse(struct args *out, const struct args_command *table, int argc,
                    const char *const *argv, struct fault *fault)
{
    char where[ERR_WHERE_MAX];
    size_t operands = 0;
    bool only_operands = false;
    int at = 0;

    *out = (struct args){0};
    if (argc < 1)
        return fault_set(fault, ERR_USAGE, 0, "lianshu",
                         "a command is missing; see lianshu --help");
    out->version = strcmp(argv[0], "--version") == 0;
    if (out->version)
        return OK;
    if (is_help(argv[0]))
        return ask_for_help(out, table, argc - 1, argv + 1, fault);
    enum err err = find_command(out, table, argc, argv, &at, fault);
    if (err != OK || out->command == NULL)
        return err;
    where_of(out->command, where, sizeof where);

    for (; at < argc; at++) {
        if (!only_operands && (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)) {
            out->help = true;
            return OK;
        }
        if (!only_operands && strcmp(argv[at], "--") == 0) {
            only_operands = true;
            continue;
        }
        if (!only_operands && strncmp(argv[at], "--", 2) == 0) {
            if ((err = take_option(out, argc, argv, &at, where, fault)) != OK)
                return err;
            continue;
        }
        if (!only_operands && argv[at][0] == '-' && argv[at][1] != '\0')
            return fault_set(fault, ERR_USAGE, 0, where, "argument %d: unknown option; see --help",
                             at + 1);
        if (operands >= ARGS_OPERANDS_MAX || out->command->operands[operands] == NULL)
            return fault_set(fault, ERR_USAGE, 0, where, "argument %d is one too many", at + 1);
        out->operand[operands++] = argv[at];
    }
    return check_complete(out, operands, where, fault);
}

const char *args_value_at(const struct args *args, const char *name, size_t i)
{
    for (size_t k = 0; k < args->value_count; k++) {
        if (strcmp(args->value[k].option->name, name) == 0 && i-- == 0)
            return args->value[k].text;
    }
    return NULL;
}

const char *args_value(const struct args *args, const char *name)
{
    return args_value_at(args, name, 0);
}

bool args_flag(const struct args *args, const char *name)
{
    return args_value(args, name) != NULL;
}

enum err args_number(const struct args *args, const char *name, uint64_t min, uint64_t max,
                     uint64_t otherwise, uint64_t *out, struct fault *fault)
{
    char where[64];
    const char *text = args_value(args, name);

    *out = otherwise;
    if (text == NULL)
        return OK;
    snprintf(where, sizeof where, "--%s", name);
    uint64_t value = 0;
    size_t len = strlen(text);
    bool good = len <= NUMBER_DIGITS_MAX;
    for (size_t i = 0; good && i < len; i++) {
        good = text[i] >= '0' && text[i] <= '9';
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (!good || value < min || value > max)
        return fault_set(fault, ERR_USAGE, 0, where, "a number from %llu to %llu",
                         (unsigned long long)min, (unsigned long long)max);
    *out = value;
    return OK;
}

enum err args_member(const struct args *args, const char *name, const char **out,
                     struct fault *fault)
{
    char where[64];
    *out = args_value(args, name);
    if (*out == NULL || member_valid(*out))
        return OK;
    snprintf(where, sizeof where, "--%s", name);
    return fault_set(fault, ERR_USAGE, 0, where, "a member like market.445100");
}

enum err args_id(const char *id, size_t least, size_t most, const char *where, const char *expected,
                 struct fault *fault)
{
    const size_t len = strlen(id);
    if (len >= least && len <= most && strspn(id, "0123456789abcdef") == len)
        return OK;
    return fault_set(fault, ERR_USAGE, 0, where, "%s", expected);
}

static void print_usage(FILE *to, const struct args_command *c)
{
    fprintf(to, "lianshu %s%s%s", c->group, c->verb == NULL ? "" : " ",
            c->verb == NULL ? "" : c->verb);
    for (size_t i = 0; c->operands[i] != NULL; i++)
        fprintf(to, " %s", c->operands[i]);
    for (const struct args_option *o = c->options; o->name != NULL; o++)
        fprintf(to, " %s--%s%s%s%s%s", o->required ? "" : "[", o->name, o->value == NULL ? "" : " ",
                o->value == NULL ? "" : o->value, o->required ? "" : "]", o->many ? "…" : "");
    fprintf(to, "\n");
}

static void help_command(FILE *to, const struct args_command *command)
{
    fprintf(to, "%s。\n%s.\n\n", command->zh, command->en);
    print_usage(to, command);
    for (const struct args_option *o = command->options; o->name != NULL; o++)
        fprintf(to, "  --%s%s%s\n      %s / %s\n", o->name, o->value == NULL ? "" : " ",
                o->value == NULL ? "" : o->value, o->zh, o->en);
    if (command->example != NULL)
        fprintf(to, "\n例 / Example:\n  %s\n", command->example);
    fprintf(to, "\n退出码 / Exit code: 0 完成 done, 1 被拒绝 refused, 2 用法有误 usage\n");
}

void args_help(FILE *to, const struct args_command *table, const struct args *args)
{
    const char *group = args->group;
    if (args->command != NULL) {
        help_command(to, args->command);
        return;
    }
    if (group == NULL)
        fprintf(to, "联枢命令行工具。用法：lianshu 命令 …；每个命令都有 --help。\n"
                    "Command-line tool of Lianshu. Usage: lianshu COMMAND …; each command has "
                    "--help.\n\n");
    for (const struct args_command *c = table; c->group != NULL; c++) {
        if (group == NULL || strcmp(c->group, group) == 0)
            fprintf(to, "  %-12s %-12s %s / %s\n", c->group, c->verb == NULL ? "" : c->verb, c->zh,
                    c->en);
    }
}
