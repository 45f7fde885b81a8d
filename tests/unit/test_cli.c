/*
 * Checks the guarantees of cli/cli.h and cli/args.h in-process: the table of commands, what wrong
 * arguments and missing files are answered, and that the documents show commands that exist.
 */
#include "terminal.h"

#include <stdlib.h>

#define ID32 "00112233445566778899aabbccddeeff"

/* ---- arguments ---- */

static void wrong_arguments_are_one_line_with_code_and_place(void **state)
{
    struct terminal *t = *state;
    static const struct {
        const char *line;
        const char *says;
    } rows[] = {
        {"", "a command is missing"},
        {"frobnicate", "unknown command"},
        {"key", "a subcommand is missing"},
        {"key frobnicate", "unknown subcommand; one of passphrase, generate, token, show"},
        {"help frobnicate", "unknown command"},
        {"help key frobnicate", "unknown subcommand"},
        {"key passphrase", "FILE is missing"},
        {"key passphrase a b", "argument 4 is one too many"},
        {"key generate", "--member MEMBER is missing"},
        {"key generate --member", "--member needs a value"},
        {"key generate --member= --use hub", "--member is empty"},
        {"key generate --colour blue", "unknown option"},
        {"key generate -x", "unknown option"},
        {"key generate --member a --member b", "given twice"},
        {"key show f --json=yes", "--json takes no value"},
        {"key generate --member hub.445100 --use king --out k --passphrase-file p", "--use"},
        {"key generate --member hub.445100 --use hub --out k --passphrase-file p --days 0",
         "--days"},
        {"key generate --member hub.445100 --use hub --out k --passphrase-file p --days 1e3",
         "--days"},
        {"key generate --member hub.445100 --use hub --out k --passphrase-file p --adapter a/b",
         "--adapter"},
        {"key generate --member hub.445100 --use hub --out k --passphrase-file p --seal-from x",
         "--seal-from"},
        {"registry show r", "--anchor ANCHOR.yaml is missing"},
        {"registry build --realm demo", "--registrar KEY is missing"},
        {"send x.json", "--spool"},
        {"send x.json --spool a --adapter b", "--spool"},
        {"send x.json --spool a --timeout 0", "--timeout"},
        {"send .hidden --spool a", "no leading dot"},
        {"send evidence.pdf --spool a", "a .json, .csv or .lsd file"},
        {"send folder/ --spool a", "a name of 1 to"},
        {"send plain --spool a", "a .json, .csv or .lsd file"},
        {"status", "--control"},
        {"status --control s now", "argument 4 is one too many"},
        {"trace --control s", "ENVELOPE_ID is missing"},
        {"trace 0g0g0g0g --control s", "hexadecimal"},
        {"trace ABABABAB --control s", "hexadecimal"},
        {"trace abcdefab --control s", "64"},
        {"trace 00112233445566778899aabbccddeeff00 --control s", "64"},
        {"order show abcde --control s", "first 6"},
        {"order show 00112233445566778899aabbccddeeff00 --control s", "32"},
        {"explain 00112233445566778899aabbccddeeff00 --control s", "64"},
        {"explain xyz --control s", "ID"},
        {"order show --control s", "ORDER_ID is missing"},
        {"obligation list --order x --control s", "hexadecimal"},
        {"obligation list --state Open! --control s", "--state"},
        {"rule check", "DIR is missing"},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        refused(t, rows[i].line, CLI_USAGE, "E001 ", rows[i].says);
    }
}

/* systemd does not start again what ended with 2: a wrong configuration stays wrong. */
static void a_witness_with_a_wrong_configuration_ends_as_a_daemon_does(void **state)
{
    struct terminal *t = *state;
    refused(t, "witness serve --config none.yaml", CLI_USAGE, "E002 none.yaml", "");
    refused(t, "witness show --config none.yaml", CLI_REFUSED, "E002 none.yaml", "");
}

static void wrong_arguments_are_told_with_their_place_in_both_languages(void **state)
{
    static const struct {
        const char *line;
        const char *says;
    } rows[] = {
        {"check", "SUBJECT is missing"},
        {"check -", "--adapter ADAPTER.yaml is missing"},
        {"check " FIRM " --adapter a.yaml", "SUBJECT"},
        {"obligation list --overdue --member " FIRM " --control none", "--member"},
        {"check - - --adapter a.yaml", "one too many"},
        {"certificate", "a subcommand is missing"},
        {"certificate print", "unknown subcommand"},
        {"certificate save", "MESSAGE_ID is missing"},
        {"certificate save " ID32, "FILE is missing"},
        {"certificate save 0011 f.lsp --spool s", "MESSAGE_ID"},
        {"certificate save 00112233445566778899AABBCCDDEEFF f.lsp --spool s", "MESSAGE_ID"},
        {"certificate save " ID32 " f.lsp", "--adapter"},
        {"certificate save " ID32 " f.lsp --spool s --adapter a.yaml", "--adapter"},
        {"certificate verify --anchor a", "FILE is missing"},
        {"certificate verify f.lsp", "--anchor ANCHOR.yaml is missing"},
        {"decision", "a subcommand is missing"},
        {"decision verify", "--control"},

        {"decision verify --since first --control s", "--since"},
        {"decision verify --count 0 --control s", "--count"},
        {"decision verify --all=yes --control s", "--all takes no value"},
        {"rule", "a subcommand is missing"},
        {"rule check", "DIR is missing"},
        {"rule try", "--order FILE is missing"},
        {"rule replay --since 2026-04-01", "--rules DIR is missing"},
        {"rule replay --rules .", "--since DATE is missing"},
        {"rule replay --rules . --since yesterday --control s", "--since"},
        {"rule replay --rules . --since 2026-02-30 --control s", "--since"},
        {"rule replay --rules . --since 2026-04-01", "--control"},
        {"rule sign", "DIR is missing"},
        {"rule sign .", "--key KEY is missing"},
        {"rule sign . --key k --passphrase-file p", "--realm REALM is missing"},
        {"obligation list --overdue=yes --control s", "--overdue takes no value"},
        {"obligation list --overdue", "--control"},
    };
    struct terminal *t = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char line[256];
        refused(t, rows[i].line, CLI_USAGE, "E001 ", rows[i].says);
        snprintf(line, sizeof line, "%s --json", rows[i].line);
        assert_int_equal(run(t, line), CLI_USAGE);
        assert_json(t);
        assert_says(t, "{\"error\":{\"code\":\"E001\",\"zh\":\"");
        assert_says(t, "\"todo_en\":\"");
    }
}

static void identifiers_on_the_command_line_are_refused_and_not_repeated(void **state)
{
    struct terminal *t = *state;
    static const char *const LINES[] = {
        "restriction list 91445100MA4W0000XX --control s",
        "restriction list enterprise:91445100MA4W0000XX --control s",
        "restriction list - 91445100MA4W0000XX --control s",
        "restriction list --subject 91445100MA4W0000XX --control s",
        "order show 91445100MA4W0000XX --control s",
        "91445100MA4W0000XX",
        "status --91445100MA4W0000XX",
        "obligation list --state 91445100MA4W0000XX --control s",
    };
    for (size_t i = 0; i < T_COUNT(LINES); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(run(t, LINES[i]), CLI_USAGE);
        assert_null(strstr(t->err, "91445100MA4W0000XX"));
        assert_string_equal(t->out, "");
    }
}

static void every_command_explains_itself_in_both_languages(void **state)
{
    struct terminal *t = *state;
    must(t, "--help");
    for (const struct args_command *c = cli_commands(); c->group != NULL; c++)
        assert_says(t, c->zh);
    for (const struct args_command *c = cli_commands(); c->group != NULL; c++) {
        char line[64];
        snprintf(line, sizeof line, "%s %s --help", c->group, c->verb == NULL ? "" : c->verb);
        must(t, line);
        assert_says(t, c->zh);
        assert_says(t, c->en);
        assert_true(strlen(c->en) > 0 && c->run != NULL);
        for (const struct args_option *o = c->options; o->name != NULL; o++) {
            assert_says(t, o->zh);
            assert_says(t, o->en);
        }
    }
    must(t, "--version");
    assert_memory_equal(t->out, "lianshu ", 8);
}

static void help_is_about_what_was_asked(void **state)
{
    static const struct {
        const char *line;
        const char *has;
        const char *hasnt;
    } rows[] = {
        {"--help", "  registry     build ", "--anchor-out"},
        {"help", "  registry     build ", "--anchor-out"},
        {"key --help", "  key          show ", "registry"},
        {"key help", "  key          show ", "registry"},
        {"key -h", "  key          show ", "registry"},
        {"help key", "  key          show ", "registry"},
        {"--help key generate", "lianshu key generate --member MEMBER", "passphrase files"},
        {"help key generate", "lianshu key generate --member MEMBER", "  key          show"},
        {"key generate --member a --help", "lianshu key generate --member MEMBER",
         "  key          "},
        {"help status", "lianshu status [--control SOCKET]", "registry"},
        {"help send", "lianshu send FILE", "registry"},
    };
    struct terminal *t = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu: lianshu %s\n", i, rows[i].line);
        must(t, rows[i].line);
        assert_says(t, rows[i].has);
        assert_null(strstr(t->out, rows[i].hasnt));
        assert_string_equal(t->err, "");
    }
}

/* Whatever its own tests say: no command takes more than its table names. */
static void no_command_takes_what_its_table_does_not_name(void **state)
{
    static const char *const MORE[] = {"--no-such-option", "-x", "--no-such-option=1", "a b c d"};
    struct terminal *t = *state;
    for (const struct args_command *c = cli_commands(); c->group != NULL; c++) {
        for (size_t i = 0; i < T_COUNT(MORE); i++) {
            char line[96];
            char place[96];
            snprintf(line, sizeof line, "%s%s%s %s", c->group, c->verb == NULL ? "" : " ",
                     c->verb == NULL ? "" : c->verb, MORE[i]);
            snprintf(place, sizeof place, "E001 lianshu %s%s%s: ", c->group,
                     c->verb == NULL ? "" : " ", c->verb == NULL ? "" : c->verb);
            refused(t, line, CLI_USAGE, place, MORE[i][0] == '-' ? "unknown option" : "too many");
        }
    }
}

/* README: every command has --help and --json. */
static void every_command_takes_json(void **state)
{
    (void)state;
    for (const struct args_command *c = cli_commands(); c->group != NULL; c++) {
        const struct args_option *o = c->options;
        while (o->name != NULL && strcmp(o->name, "json") != 0)
            o++;
        if (o->name == NULL)
            fail_msg("%s %s", c->group, c->verb == NULL ? "" : c->verb);
    }
}

/* ---- refusals ---- */

static void with_json_a_refusal_is_one_object(void **state)
{
    struct terminal *t = *state;
    assert_int_equal(run(t, "key show none.pub --json"), CLI_REFUSED);
    assert_json(t);
    assert_memory_equal(t->out, "{\"error\":{\"code\":\"E002\"", 23);
    assert_says(t, "\"where\":\"none.pub\"");
    assert_int_equal(run(t, "key frobnicate --json"), CLI_USAGE);
    assert_json(t);
    assert_says(t, "\"code\":\"E001\"");
}

static void what_is_not_there_is_named_and_nothing_is_written(void **state)
{
    static const struct {
        const char *line;
        const char *code;
        const char *says;
    } rows[] = {
        {"certificate save " ID32 " f.lsp --spool site", "E002 ", "site/certificates/"},
        {"certificate save " ID32 " f.lsp --adapter none.yaml", "E002 ", "none.yaml"},
        {"certificate verify f.lsp --anchor none.yaml", "E002 ", "none.yaml"},
        {"rule check none", "E002 ", "none"},
        {"rule try --order none.json --control s", "E002 ", "none.json"},
        {"rule replay --rules none --since 2026-04-01 --control s", "E002 ", "--rules"},
        {"rule sign none --key k --passphrase-file p --realm demo", "E002 ", "none"},
        {"decision verify --control none", "E024 ", "none"},
        {"obligation list --overdue --control none", "E024 ", "none"},
    };
    struct terminal *t = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        refused(t, rows[i].line, CLI_REFUSED, rows[i].code, rows[i].says);
    }
    assert_false(there_is("f.lsp"));
}

/* ---- the documents ---- */

/* Is this command line one of the table's, with all it needs? */
static void assert_shown(const char *where, char *line)
{
    const char *argv[TERMINAL_WORDS_MAX];
    struct args args;
    struct fault fault = {0};
    char shown[1024];
    snprintf(shown, sizeof shown, "%s", line);
    if (args_parse(&args, cli_commands(), split_words(line, argv), argv, &fault) != OK)
        fail_msg("%s: lianshu%s: %s %s", where, shown, fault.where, fault.detail);
}

/* The command that begins at `at`, up to a comment, a pipe or the end of its line. */
static void take_command(const char *at, char line[static 1024])
{
    size_t len = 0;
    for (; len + 1 < 1024 && *at != '\0'; at++) {
        if (at[0] == '\\' && at[1] == '\n')
            at++;
        else if (strchr("\n#|<;`", *at) != NULL)
            break;
        else
            line[len++] = *at;
    }
    line[len] = '\0';
}

static void every_command_that_a_document_shows_exists(void **state)
{
    static const struct {
        const char *path;
        size_t least; /* commands in it */
    } rows[] = {
        {"README.md", 17},
        {"deploy/README.md", 12},
        {"adapters/README.md", 1},
    };
    struct terminal *t = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char *text = read_tree(t, rows[i].path);
        size_t found = 0;
        /* At the beginning of a line, indented, or behind a pipe: not in running text. */
        for (char *at = text; (at = strstr(at, "lianshu ")) != NULL; at++) {
            char line[1024];
            const char *before = at;
            while (before > text && before[-1] == ' ')
                before--;
            if (before > text && before[-1] != '\n' && before[-1] != '|')
                continue;
            take_command(at + strlen("lianshu"), line);
            if (strstr(line, " --") == NULL)
                continue; /* a row of a table */
            assert_shown(rows[i].path, line);
            found++;
        }
        free(text);
        if (found < rows[i].least)
            fail_msg("%s: only %zu", rows[i].path, found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(wrong_arguments_are_one_line_with_code_and_place),
        CASE(a_witness_with_a_wrong_configuration_ends_as_a_daemon_does),
        CASE(wrong_arguments_are_told_with_their_place_in_both_languages),
        CASE(identifiers_on_the_command_line_are_refused_and_not_repeated),
        CASE(every_command_explains_itself_in_both_languages),
        CASE(help_is_about_what_was_asked),
        CASE(no_command_takes_what_its_table_does_not_name),
        CASE(every_command_takes_json),
        CASE(with_json_a_refusal_is_one_object),
        CASE(what_is_not_there_is_named_and_nothing_is_written),
        CASE(every_command_that_a_document_shows_exists),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
