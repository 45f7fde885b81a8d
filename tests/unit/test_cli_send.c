/*
 * Checks cli/preview.h and cli/steps.h in-process: asking before acting, and what is said while a
 * document is on its way. The adapter is a child that moves files.
 */
#include "cli/cli.h"

#include "cli/preview.h"
#include "cli/steps.h"
#include "keys/keyfile.h"

#include "t.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGV_MAX = 32, TEXT_MAX = 256 << 10, NOW = 1700000000 };

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
    char command[64];
    pid_t child = fork();
    if (child == 0) {
        snprintf(command, sizeof command, "%s", f->dir);
        execlp("rm", "rm", "-rf", command, (char *)NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
    return chdir(f->before);
}

/* Run a command line given as words separated by blanks. */
static int run(struct fixture *f, const char *line)
{
    static char words[8192];
    const char *argv[ARGV_MAX] = {"lianshu"};
    int argc = 1;
    char *rest = words;

    snprintf(words, sizeof words, "%s", line);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        assert_true(argc < ARGV_MAX);
        if (word[0] != '\0')
            argv[argc++] = word;
    }
    memset(f->out, 0, sizeof f->out);
    memset(f->err, 0, sizeof f->err);
    struct cli_world world = {
        .in = -1,
        .out = fmemopen(f->out, sizeof f->out - 1, "w"),
        .err = fmemopen(f->err, sizeof f->err - 1, "w"),
        .now_ms = now_ms,
        .kdf_memory = KEYFILE_MEMORY_MIN,
    };
    int code = cli_run(argc, argv, &world);
    fclose(world.out);
    fclose(world.err);
    return code;
}

static void write_text(const char *path, const char *text)
{
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    assert_true(fputs(text, to) >= 0);
    assert_int_equal(fclose(to), 0);
}

#define ASKED "order.1700000000000.preview.json"

static void make_site(void)
{
    static const char *const folders[] = {"site", "site/source", "site/done", "site/refused"};
    for (size_t i = 0; i < T_COUNT(folders); i++)
        assert_int_equal(mkdir(folders[i], 0700), 0);
    write_text("order.json", "{\"type\":\"sanction.order\"}");
}

/* An adapter that moves one file, then writes what the rows say, one after the other. */
struct answer {
    const char *path, *text;
};

static pid_t adapter(const char *name, const char *folder, const struct answer answers[2])
{
    char from[128], to[128], events[4096];
    pid_t child = fork();
    if (child != 0)
        return child;
    int fd = inotify_init1(IN_CLOEXEC);
    if (fd < 0 || inotify_add_watch(fd, "site/source", IN_MOVED_TO) < 0)
        _exit(1);
    snprintf(from, sizeof from, "site/source/%s", name);
    snprintf(to, sizeof to, "site/%s/%s", folder, name);
    while (access(from, F_OK) != 0) {
        if (read(fd, events, sizeof events) < 0)
            _exit(1);
    }
    if (rename(from, to) != 0)
        _exit(1);
    for (size_t i = 0; i < 2 && answers[i].path != NULL; i++) {
        FILE *f = fopen("site/answer", "w");
        if (f == NULL || fputs(answers[i].text, f) < 0 || fclose(f) != 0 ||
            rename("site/answer", answers[i].path) != 0)
            _exit(1);
    }
    _exit(0);
}

static void join_adapter(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define RECEIPT                                                                                    \
    {                                                                                              \
        "site/done/" ASKED ".receipt.json",                                                        \
            "{\"messages\":[{\"row\":1,\"envelope\":\"ab\",\"state\":\"final\"}]}"                 \
    }

static const struct answer PASSES[] = {
    RECEIPT,
    {"site/done/" ASKED ".answer.1.json",
     "{\"passes\":true,\"grounds\":[],\"obligations\":12,\"members\":[\"health.445100\"],"
     "\"unassigned\":[\"M25\"],\"conflicts\":[],\"more\":false,\"time\":null}"},
};
static const struct answer REFUSED[] = {
    RECEIPT,
    {"site/done/" ASKED ".answer.1.json",
     "{\"passes\":false,\"code\":\"E660\",\"zh\":\"因现行限制而拒绝\",\"en\":\"refused because of "
     "a "
     "restriction in force\",\"grounds\":[{\"measure\":\"M03\",\"basis\":\"DL118\"}],"
     "\"obligations\":0,\"members\":[],\"unassigned\":[],\"conflicts\":[],\"more\":false}"},
};

static void what_would_pass_ends_with_0_and_says_what_follows(void **state)
{
    struct fixture *f = *state;
    make_site();
    pid_t child = adapter(ASKED, "done", PASSES);
    assert_int_equal(run(f, "send order.json --spool site --preview --timeout 20"), CLI_DONE);
    join_adapter(child);
    assert_non_null(strstr(f->out, "可以办理 / it would pass"));
    assert_non_null(strstr(f->out, "12"));
    assert_non_null(strstr(f->out, "health.445100"));
    assert_non_null(strstr(f->out, "M25"));
    assert_non_null(strstr(f->out, "nothing was sent"));
}

static void what_would_be_refused_ends_with_3_code_and_article(void **state)
{
    struct fixture *f = *state;
    make_site();
    pid_t child = adapter(ASKED, "done", REFUSED);
    assert_int_equal(run(f, "send order.json --spool site --preview --timeout 20"), CLI_RESTRICTED);
    join_adapter(child);
    assert_non_null(strstr(f->out, "E660 因现行限制而拒绝"));
    assert_non_null(strstr(f->out, "DL118"));
}

static void a_program_reads_the_answer_and_the_steps_line_by_line(void **state)
{
    struct fixture *f = *state;
    make_site();
    pid_t child = adapter(ASKED, "done", REFUSED);
    assert_int_equal(run(f, "send order.json --spool site --preview --timeout 20 --json"),
                     CLI_RESTRICTED);
    join_adapter(child);
    char *last = NULL;
    size_t steps = 0;
    char *rest = f->out;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && line[0] != '\0';) {
        struct json *j = NULL;
        assert_int_equal(json_parse(&j, span_str(line), "line", NULL), OK);
        steps += json_get_text(j, "step") != NULL;
        last = line;
        json_close(&j);
    }
    assert_true(steps >= 1);
    assert_non_null(strstr(last, "\"passes\":false"));
    assert_null(strstr(last, "\"step\""));
}

static void what_may_not_be_asked_is_refused_with_its_code(void **state)
{
    static const struct answer refusal[] = {
        {"site/refused/" ASKED ".reason.json", "{\"code\":\"E401\",\"problems\":[]}"}, {0}};
    struct fixture *f = *state;
    make_site();
    pid_t child = adapter(ASKED, "refused", refusal);
    assert_int_equal(run(f, "send order.json --spool site --preview --timeout 20"), CLI_REFUSED);
    join_adapter(child);
    assert_memory_equal(f->err, "E401 ", 5);
}

static void a_preview_takes_no_attachment_and_only_records(void **state)
{
    struct fixture *f = *state;
    make_site();
    write_text("a.txt", "x");
    assert_int_equal(run(f, "send order.json --spool site --preview --attach a.txt"), CLI_USAGE);
    assert_int_equal(run(f, "send a.txt --spool site --preview"), CLI_USAGE);
}

static void a_question_has_a_name_of_its_own_and_a_bound(void **state)
{
    char out[32];
    struct fault fault = {0};
    (void)state;
    assert_int_equal(preview_name("a.csv", 7, out, sizeof out, &fault), OK);
    assert_string_equal(out, "a.7.preview.csv");
    assert_int_equal(preview_name("a.csv", 8, out, sizeof out, &fault), OK);
    assert_string_equal(out, "a.8.preview.csv");
    assert_int_equal(preview_name("a", 7, out, sizeof out, &fault), ERR_USAGE);
    assert_int_equal(preview_name("aaaaaaaaaaaaaaaaaaaaaaa.json", 7, out, sizeof out, &fault),
                     ERR_USAGE);
}

/* What steps_look says when the adapter's note is `note`. */
static const char *said(struct steps *s, char *text, size_t cap, const char *note)
{
    if (note != NULL)
        write_text("progress.json", note);
    memset(text, 0, cap);
    s->json = fmemopen(text, cap, "w");
    assert_non_null(s->json);
    steps_look(s, 0);
    fclose(s->json);
    s->json = NULL;
    return text;
}

static void steps_are_said_when_something_changed_and_of_this_file_only(void **state)
{
    static char text[4096];
    struct steps s;
    (void)state;
    const struct cli_world world = {.out = stdout, .err = stderr};
    const struct cli cli = {.world = &world, .json = true};
    steps_open(&s, &cli, ".", "a.json");
    assert_string_equal(said(&s, text, sizeof text, NULL), "{\"step\":\"waiting\"}\n");
    assert_string_equal(said(&s, text, sizeof text, NULL), "");
    assert_string_equal(said(&s, text, sizeof text,
                             "{\"file\":\"b.json\",\"phase\":\"sealing\",\"bytes\":1,"
                             "\"total\":2}"),
                        "");
    assert_string_equal(said(&s, text, sizeof text,
                             "{\"file\":\"a.json\",\"phase\":\"sealing\",\"bytes\":1,"
                             "\"total\":2}"),
                        "{\"step\":\"sealing\",\"bytes\":1,\"total\":2}\n");
    assert_string_equal(said(&s, text, sizeof text, NULL), "");
    assert_string_equal(said(&s, text, sizeof text,
                             "{\"file\":\"a.json\",\"phase\":\"sending\",\"root\":\"ab\","
                             "\"bytes\":2,\"total\":2}"),
                        "{\"step\":\"sending\",\"root\":\"ab\",\"bytes\":2,\"total\":2}\n"
                        "{\"step\":\"waiting\"}\n");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_would_pass_ends_with_0_and_says_what_follows),
        CASE(what_would_be_refused_ends_with_3_code_and_article),
        CASE(a_program_reads_the_answer_and_the_steps_line_by_line),
        CASE(what_may_not_be_asked_is_refused_with_its_code),
        CASE(a_preview_takes_no_attachment_and_only_records),
        CASE(a_question_has_a_name_of_its_own_and_a_bound),
        CASE(steps_are_said_when_something_changed_and_of_this_file_only),
    };
    return cmocka_run_group_tests_name("cli_send", tests, NULL, NULL);
}
