/*
 * Checks the questions of the command-line tool against a control socket in a child process: what
 * is asked, what is printed, and how refusals come back.
 */
#include "base/clock.h"
#include "cli/cli.h"
#include "net/control.h"
#include "net/local.h"

#include "t.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_MAX = 64 << 10 };

/* 11010519491231002X below is the published example of GB 11643: no person. */

struct fixture {
    char dir[32];
    char socket[64];
    char out[TEXT_MAX];
    char err[TEXT_MAX];
    pid_t child;
};

#define ORDER    "abab0011000000000000000000000001"
#define OTHER    "abab0022000000000000000000000002"
#define THIRD    "abcdef00000000000000000000000003"
#define DUTY     "0123456789abcdef0123456789abcdef"
#define ENVELOPE ORDER THIRD

/* The child answers with the request itself, or refuses what asks for an id of ff… . */
static enum err echo(void *ctx, enum control_verb verb, struct span request, struct writer *out,
                     struct fault *fault)
{
    (void)ctx;
    if (request.len > 40 && memmem(request.data, request.len, "ffffffff", 8) != NULL)
        return fault_set(fault, ERR_NOT_FOUND, 0, "core", "no such envelope");
    write_span(out, span_str("{\"verb\":"));
    write_span(out, span_str(verb == CONTROL_QUERY ? "\"query\"" : "\"net\""));
    write_span(
        out, span_str(",\"members\":[{\"member\":\"market.445100\",\"queued\":3,\"lists\":[1,2]}],"
                      "\"refused\":{\"303\":2},\"code\":660,\"orders\":[{\"order\":\"" ORDER
                      "\",\"state\":\"lifted\"},"
                      "{\"order\":\"" OTHER "\"},{\"order\":\"" THIRD "\"}],"
                      "\"obligations\":[{\"obligation\":\"" DUTY "\",\"measure\":\"M03\","
                      "\"answer_due\":\"2026-11-22T10:00:00.123+08:00\"}],\"asked\":"));
    write_span(out, request);
    write_span(out, span_str("}"));
    return OK;
}

static void serve(const struct fixture *f)
{
    struct control *control;
    if (control_open(&control, f->socket, echo, NULL, NULL) != OK)
        _exit(1);
    for (;;) {
        struct pollfd fds[CONTROL_POLL_MAX];
        size_t count = control_poll(control, fds);
        if (poll(fds, (nfds_t)count, -1) < 0 || control_serve(control) != OK)
            _exit(1);
    }
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.dir = "/tmp/cli-XXXXXX"};
    if (mkdtemp(f.dir) == NULL)
        return -1;
    snprintf(f.socket, sizeof f.socket, "%s/control", f.dir);
    f.child = fork();
    if (f.child == 0)
        serve(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char config[64];
    kill(f->child, SIGKILL);
    waitpid(f->child, NULL, 0);
    unlink(f->socket);
    snprintf(config, sizeof config, "%s/hub.yaml", f->dir);
    unlink(config);
    return rmdir(f->dir);
}

/* Run with `text` on standard input. */
static int run(struct fixture *f, const char *text, int argc, const char *const *argv)
{
    int in[2];
    assert_int_equal(pipe(in), 0);
    assert_int_equal(write(in[1], text, strlen(text)), (ssize_t)strlen(text));
    close(in[1]);
    memset(f->out, 0, sizeof f->out);
    memset(f->err, 0, sizeof f->err);
    const struct cli_world world = {
        .in = in[0],
        .out = fmemopen(f->out, sizeof f->out - 1, "w"),
        .err = fmemopen(f->err, sizeof f->err - 1, "w"),
        .now_ms = clock_real_ms,
    };
    int code = cli_run(argc, argv, &world);
    fclose(world.out);
    fclose(world.err);
    close(in[0]);
    return code;
}

static void every_question_reaches_the_hub_as_its_command(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *argv[5];
        int argc;
        const char *asked;
    } rows[] = {
        {{"lianshu", "status"}, 2, "{\"cmd\":\"status\"}"},
        {{"lianshu", "trace", ENVELOPE}, 3, "{\"cmd\":\"trace\",\"id\":\"" ENVELOPE "\"}"},
        {{"lianshu", "trace", ORDER}, 3, "{\"cmd\":\"trace\",\"id\":\"" ORDER "\"}"},
        {{"lianshu", "order", "show", "abab0011"}, 4, "{\"cmd\":\"order\",\"id\":\"" ORDER "\"}"},
        {{"lianshu", "order", "show", THIRD}, 4, "{\"cmd\":\"order\",\"id\":\"" THIRD "\"}"},
        {{"lianshu", "order", "list"}, 3, "{\"cmd\":\"orders\"}"},
        {{"lianshu", "obligation", "list"}, 3, "{\"cmd\":\"obligations\"}"},
        {{"lianshu", "obligation", "list", "--order=abab0011"},
         4,
         "{\"cmd\":\"obligations\",\"order\":\"" ORDER "\"}"},
        {{"lianshu", "obligation", "list", "--state=open"},
         4,
         "{\"cmd\":\"obligations\",\"state\":\"open\"}"},
        {{"lianshu", "explain", "abab0011"}, 3, "{\"cmd\":\"explain\",\"id\":\"" ORDER "\"}"},
        {{"lianshu", "explain", "012345678"}, 3, "{\"cmd\":\"explain\",\"id\":\"" DUTY "\"}"},
        {{"lianshu", "explain", ENVELOPE}, 3, "{\"cmd\":\"explain\",\"id\":\"" ENVELOPE "\"}"},
        {{"lianshu", "log", "checkpoint"}, 3, "{\"cmd\":\"checkpoint\"}"},
        {{"lianshu", "hub", "stop"}, 3, "{\"cmd\":\"stop\"}"},
        {{"lianshu", "hub", "reload"}, 3, "{\"cmd\":\"reload\"}"},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const char *argv[8];
        memcpy(argv, rows[i].argv, sizeof rows[i].argv);
        argv[rows[i].argc] = "--json";
        argv[rows[i].argc + 1] = "--control";
        argv[rows[i].argc + 2] = f->socket;
        print_message("row %zu: %s\n", i, rows[i].asked);
        assert_int_equal(run(f, "", rows[i].argc + 3, argv), CLI_DONE);
        assert_non_null(strstr(f->out, rows[i].asked));
        assert_ptr_equal(strchr(f->out, '\n'), f->out + strlen(f->out) - 1);
    }
}

static void a_subject_is_read_from_standard_input_only(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *in;
        int code;
        const char *has;
    } rows[] = {
        {"person 11010519491231002X\n", CLI_DONE,
         "\"kind\":\"person\",\"id\":\"11010519491231002X\""},
        {"11010519491231002X", CLI_DONE, "\"kind\":\"person\""},
        {"11010519491231002X\nsecond line", CLI_DONE, "\"kind\":\"person\""},
        {"person 110105194912310021\n", CLI_REFUSED, "E014"},
        {"enterprise 110105194912310\n", CLI_REFUSED, "E015"},
        {"king 110105194912310021\n", CLI_REFUSED, "E011"},
        {"110105194912310021\n", CLI_REFUSED, "E014"},
        {"", CLI_REFUSED, "E011"},
        {"\n", CLI_REFUSED, "E011"},
    };
    const char *argv[] = {"lianshu", "restriction", "list", "-", "--json", "--control", f->socket};
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(run(f, rows[i].in, 7, argv), rows[i].code);
        assert_non_null(strstr(f->out, rows[i].has));
        if (rows[i].code != CLI_DONE)
            assert_null(strstr(f->out, "1101051949"));
    }
}

static void answers_for_people_are_tables_and_sentences(void **state)
{
    struct fixture *f = *state;
    const char *argv[] = {"lianshu", "status", "--control", f->socket};
    static const char *const LINES[] = {
        "成员 members:\n",
        "  成员 member    连接 connected  待投递 queued",
        "\n  market.445100  –               3  ",
        "E303 签名验证失败 / signature does not verify: 2\n",
        "代码 code: E660 因现行限制而拒绝 / refused because of a restriction in force\n",
        "  惩戒 order    版本 version  状态 state     ",
        "\n  abab00110000  –             已解除 lifted  ",
        "\n  0123456789ab     –            M03 ",
        "2026-11-22 10:00",
        "cmd: status\n",
    };
    assert_int_equal(run(f, "", 4, argv), CLI_DONE);
    print_message("%s", f->out);
    for (size_t i = 0; i < T_COUNT(LINES); i++) {
        if (strstr(f->out, LINES[i]) == NULL)
            fail_msg("row %zu: %s", i, LINES[i]);
    }
}

static void the_beginning_of_an_id_must_name_one(void **state)
{
    struct fixture *f = *state;
    static const char *const IDS[] = {"abab00", "eeeeee", "0000000000"};
    for (size_t i = 0; i < T_COUNT(IDS); i++) {
        const char *argv[] = {"lianshu", "order", "show", IDS[i], "--control", f->socket};
        assert_int_equal(run(f, "", 6, argv), CLI_REFUSED);
        assert_memory_equal(f->err, "E002 ID: ", 9);
        assert_null(strstr(f->err, IDS[i]));
    }
}

static void the_hubs_refusal_is_the_commands_refusal(void **state)
{
    struct fixture *f = *state;
    const char *argv[] = {"lianshu", "trace",
                          "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                          "--control", f->socket};
    assert_int_equal(run(f, "", 5, argv), CLI_REFUSED);
    assert_memory_equal(f->err, "E002 hub: ", 10);
    assert_non_null(strstr(f->err, "no such envelope"));
}

static void the_socket_is_found_through_the_hubs_configuration(void **state)
{
    struct fixture *f = *state;
    char config[64];
    snprintf(config, sizeof config, "%s/hub.yaml", f->dir);
    const char *argv[] = {"lianshu", "status", "--json", "--config", config};

    assert_int_equal(run(f, "", 5, argv), CLI_REFUSED);
    FILE *to = fopen(config, "w");
    assert_non_null(to);
    fputs("control_socket: control\n", to);
    assert_int_equal(fclose(to), 0);
    assert_int_equal(run(f, "", 5, argv), CLI_DONE);
}

static void no_hub_is_told_with_the_place(void **state)
{
    struct fixture *f = *state;
    const char *argv[] = {"lianshu", "status", "--control", "none/here"};
    assert_int_equal(run(f, "", 4, argv), CLI_REFUSED);
    assert_memory_equal(f->err, "E024 none/here: ", 16);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_question_reaches_the_hub_as_its_command),
        CASE(a_subject_is_read_from_standard_input_only),
        CASE(answers_for_people_are_tables_and_sentences),
        CASE(the_beginning_of_an_id_must_name_one),
        CASE(the_hubs_refusal_is_the_commands_refusal),
        CASE(the_socket_is_found_through_the_hubs_configuration),
        CASE(no_hub_is_told_with_the_place),
    };
    return cmocka_run_group_tests_name("cli_hub", tests, NULL, NULL);
}
