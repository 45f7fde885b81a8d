/*
 * The commands of rules, decisions, certificates and checks, in-process: what they refuse and how,
 * and that every command line the documents show is one that exists.
 */
#include "cli/cli.h"

#include "base/file.h"
#include "keys/keyfile.h"

#include "t.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 48, TEXT_MAX = 256 << 10, NOW = 1700000000 };

#define ID32    "00112233445566778899aabbccddeeff"
#define FIRM    "91445100DEMA00013Q"
#define ADAPTER "member: market.445100\nkey_file: m.key\npassphrase_file: p\nstate_dir: state\n"

struct fixture {
    char dir[32];
    char before[512];
    char out[TEXT_MAX];
    char err[TEXT_MAX];
};

static uint64_t now_ms(void)
{
    return (uint64_t)NOW * 1000;
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.dir = "/tmp/cli-XXXXXX"};
    if (mkdtemp(f.dir) == NULL || getcwd(f.before, sizeof f.before) == NULL || chdir(f.dir) != 0)
        return -1;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", f->dir, (char *)NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
    return chdir(f->before);
}

/* Words separated by blanks; how many. */
static int split(char *line, const char *argv[static WORDS_MAX])
{
    int argc = 0;
    for (char *word; (word = strsep(&line, " ")) != NULL;) {
        assert_true(argc < WORDS_MAX);
        if (word[0] != '\0')
            argv[argc++] = word;
    }
    return argc;
}

/* A command with a text on its standard input. */
static int run_with(struct fixture *f, const char *input, const char *line)
{
    char words[2048];
    const char *argv[WORDS_MAX];
    int pipe_of[2];
    snprintf(words, sizeof words, "lianshu %s", line);
    int argc = split(words, argv);
    memset(f->out, 0, sizeof f->out);
    memset(f->err, 0, sizeof f->err);
    assert_int_equal(pipe(pipe_of), 0);
    assert_true(write(pipe_of[1], input, strlen(input)) == (ssize_t)strlen(input));
    close(pipe_of[1]);
    struct cli_world world = {
        .in = pipe_of[0],
        .out = fmemopen(f->out, sizeof f->out - 1, "w"),
        .err = fmemopen(f->err, sizeof f->err - 1, "w"),
        .now_ms = now_ms,
        .kdf_memory = KEYFILE_MEMORY_MIN,
    };
    int code = cli_run(argc, argv, &world);
    fclose(world.out);
    fclose(world.err);
    close(pipe_of[0]);
    return code;
}

static int run(struct fixture *f, const char *line)
{
    return run_with(f, "", line);
}

static void write_text(const char *path, const char *text)
{
    assert_int_equal(file_write(path, span_str(text), 0600, 0, NULL), OK);
}

static char *read_text(const char *dir, const char *path)
{
    char full[1024];
    uint8_t *text = NULL;
    size_t len;
    snprintf(full, sizeof full, "%s/%s", dir, path);
    assert_int_equal(file_read(full, 1 << 20, 0, &text, &len, NULL), OK);
    return (char *)text;
}

/* One line: code, place, Chinese and English; no identifier, nothing on standard output. */
static void assert_told(const struct fixture *f, const char *code, const char *says)
{
    assert_string_equal(f->out, "");
    if (strncmp(f->err, code, strlen(code)) != 0 || strstr(f->err, says) == NULL)
        fail_msg("%s … %s: %s", code, says, f->err);
    assert_non_null(strstr(f->err, "。 / "));
    assert_null(strstr(f->err, FIRM));
    assert_ptr_equal(strchr(f->err, '\n'), f->err + strlen(f->err) - 1);
}

/* ---- arguments ---- */

static void wrong_arguments_are_told_with_their_place_in_both_languages(void **state)
{
    static const struct {
        const char *line;
        const char *says;
    } rows[] = {
        {"check", "SUBJECT is missing"},
        {"check -", "--adapter ADAPTER.yaml is missing"},
        {"check " FIRM " --adapter a.yaml", "SUBJECT"},
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
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char line[256];
        print_message("row %zu: lianshu %s\n", i, rows[i].line);
        assert_int_equal(run(f, rows[i].line), CLI_USAGE);
        assert_told(f, "E001 ", rows[i].says);
        snprintf(line, sizeof line, "%s --json", rows[i].line);
        assert_int_equal(run(f, line), CLI_USAGE);
        assert_string_equal(f->err, "");
        assert_non_null(strstr(f->out, "{\"error\":{\"code\":\"E001\",\"zh\":\""));
        assert_non_null(strstr(f->out, "\"todo_en\":\""));
    }
}

/* ---- refusals ---- */

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
        {"rule check none", "E0", "none"},
        {"rule try --order none.json --control s", "E002 ", "none.json"},
        {"rule replay --rules none --since 2026-04-01 --control s", "E002 ", "--rules"},
        {"rule sign none --key k --passphrase-file p --realm demo", "E0", "none"},
        {"decision verify --control none", "E0", "none"},
        {"obligation list --overdue --control none", "E0", "none"},
        {"obligation list --overdue --member " FIRM " --control none", "E015 ", "--member"},
    };
    struct fixture *f = *state;
    struct stat st;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu: lianshu %s\n", i, rows[i].line);
        assert_int_equal(run(f, rows[i].line), CLI_REFUSED);
        assert_told(f, rows[i].code, rows[i].says);
    }
    assert_int_not_equal(stat("f.lsp", &st), 0);
}

static void a_check_refuses_what_is_no_subject_before_it_opens_anything(void **state)
{
    static const struct {
        const char *input;
        enum err code;
    } rows[] = {
        {"", ERR_FIELD_VALUE},
        {"\n", ERR_FIELD_VALUE},
        {"firm " FIRM "\n", ERR_FIELD_VALUE},
        {"enterprise 91445100DEMA00013R\n", ERR_CHECK_DIGIT},
        {"person 440524188001010015\n", ERR_CHECK_DIGIT},
        {"somebody\n", ERR_CHECK_DIGIT},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(run_with(f, rows[i].input, "check - --adapter none.yaml"), CLI_REFUSED);
        char label[ERR_LABEL_LEN + 1];
        err_label(rows[i].code, label);
        assert_told(f, label, "standard input");
        assert_null(strstr(f->err, "91445100"));
        assert_null(strstr(f->err, "440524"));
        assert_null(strstr(f->err, "none.yaml"));
    }
    assert_int_equal(run_with(f, "enterprise " FIRM "\n", "check - --adapter none.yaml"),
                     CLI_REFUSED);
    assert_told(f, "E002 ", "none.yaml");
    write_text("a.yaml", ADAPTER);
    assert_int_equal(run_with(f, "enterprise " FIRM "\n", "check - --adapter a.yaml"), CLI_REFUSED);
    assert_told(f, "E0", "p"); /* its key cannot be opened: no answer, above all not `clean` */
}

static void a_certificate_is_saved_once_for_its_holder_alone(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(mkdir("site", 0700), 0);
    assert_int_equal(mkdir("site/certificates", 0700), 0);
    write_text("site/certificates/" ID32 ".lsp", "LSP1 as it came");
    assert_int_equal(run(f, "certificate save " ID32 " f.lsp --spool site"), CLI_DONE);
    char *saved = read_text(".", "f.lsp");
    assert_string_equal(saved, "LSP1 as it came");
    free(saved);
    assert_int_equal(stat("f.lsp", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(run(f, "certificate save " ID32 " f.lsp --spool site"), CLI_REFUSED);
    assert_told(f, "E0", "f.lsp");
}

/* ---- rules ---- */

/* A copy of the shipped rules in set/, one text of one file replaced. */
static void copy_rules(const struct fixture *f, const char *file, const char *from, const char *to)
{
    static const char *const names[] = {"bases", "cases", "clocks",   "credit",
                                        "gates", "lists", "measures", "rules"};
    (void)mkdir("set", 0700);
    for (size_t i = 0; i < T_COUNT(names); i++) {
        char path[64];
        snprintf(path, sizeof path, "hub/policy/rules/%s.yaml", names[i]);
        char *text = read_text(f->before, path);
        char *at = strcmp(file, names[i]) == 0 ? strstr(text, from) : NULL;
        assert_true(at != NULL || strcmp(file, names[i]) != 0);
        snprintf(path, sizeof path, "set/%s.yaml", names[i]);
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        if (at != NULL)
            fprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
        else
            fputs(text, out);
        assert_int_equal(fclose(out), 0);
        free(text);
    }
}

static void a_faulty_rule_set_is_named_by_file_and_line_and_is_not_signed(void **state)
{
    static const struct {
        const char *file;
        const char *from;
        const char *to;
        const char *says;
    } rows[] = {
        {"gates", "measure: M21", "measure: M99", "unknown_measure"},
        {"gates", "action: flag", "action: applaud", "bad_value"},
        {"rules", "basis: [DL140]", "basis: [DL999]", "unknown_basis"},
        {"clocks", "term: 5 working_days", "term: 5 moons", "bad_value"},
        {"credit", "\n", "\n  - : {", "syntax"},
    };
    struct fixture *f = *state;
    struct stat st;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char place[32];
        print_message("row %zu\n", i);
        copy_rules(f, rows[i].file, rows[i].from, rows[i].to);
        assert_int_equal(run(f, "rule check set"), CLI_REFUSED);
        snprintf(place, sizeof place, "E610 %s.yaml:", rows[i].file);
        assert_non_null(strstr(f->err, place));
        assert_non_null(strstr(f->err, rows[i].says));
        assert_string_equal(f->out, "");
        assert_int_equal(run(f, "rule sign set --key k --passphrase-file p --realm demo"),
                         CLI_REFUSED);
        assert_memory_equal(f->err, "E610 ", 5);
        assert_int_not_equal(stat("set/rules.sig", &st), 0);
    }
}

static void an_order_file_that_is_none_is_refused_before_anything_is_asked(void **state)
{
    static const char *const texts[] = {
        "",
        "no json",
        "[]",
        "{\"order\":{}}",
        "{\"member\":\"market\",\"order\":{}}",
        "{\"member\":\"market.445100\",\"order\":[]}",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(texts); i++) {
        print_message("row %zu\n", i);
        write_text("order.json", texts[i]);
        assert_int_equal(run(f, "rule try --order order.json --control none"), CLI_REFUSED);
        assert_told(f, "E0", "order.json");
    }
}

/* ---- the documents ---- */

/* Is this command line one of the table's, with all it needs? */
static void assert_shown(const char *where, char *line)
{
    const char *argv[WORDS_MAX];
    struct args args;
    struct fault fault = {0};
    char shown[1024];
    snprintf(shown, sizeof shown, "%s", line);
    if (args_parse(&args, cli_commands(), split(line, argv), argv, &fault) != OK)
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
        {"README.md", 15},
        {"deploy/README.md", 12},
        {"adapters/README.md", 1},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char *text = read_text(f->before, rows[i].path);
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

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(wrong_arguments_are_told_with_their_place_in_both_languages),
        CASE(what_is_not_there_is_named_and_nothing_is_written),
        CASE(a_check_refuses_what_is_no_subject_before_it_opens_anything),
        CASE(a_certificate_is_saved_once_for_its_holder_alone),
        CASE(a_faulty_rule_set_is_named_by_file_and_line_and_is_not_signed),
        CASE(an_order_file_that_is_none_is_refused_before_anything_is_asked),
        CASE(every_command_that_a_document_shows_exists),
    };
    return cmocka_run_group_tests_name("cli rules", tests, NULL, NULL);
}
