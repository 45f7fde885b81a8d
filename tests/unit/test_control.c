/* Checks the guarantees of net/control.h, in one process: both ends of AF_UNIX are ours. */
#include "net/control.h"
#include "net/local.h"

#include "folder.h"
#include "t.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 2000, ANSWER_MAX = 4096 };

struct fixture {
    char dir[FOLDER_MAX];
    char path[FOLDER_PATH_MAX];
    struct control *control;
    unsigned asked;
    enum control_verb verb;
    enum err err;
    size_t answer_len;
};

static enum err answer(void *ctx, enum control_verb verb, struct span request, struct writer *out,
                       struct fault *fault)
{
    struct fixture *f = ctx;
    (void)request;
    f->asked++;
    f->verb = verb;
    if (f->err != OK)
        return fault_set(fault, f->err, 0, "core", "said so");
    write_span(out, span_str("{\"text\":\""));
    for (size_t i = 0; i < f->answer_len; i++)
        write_bytes(out, "x", 1);
    write_span(out, span_str("\"}"));
    return OK;
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.err = OK};
    folder_make(f.dir, "control");
    snprintf(f.path, sizeof f.path, "%s/socket", f.dir);
    *state = &f;
    return control_open(&f.control, f.path, NULL, answer, &f, NULL) == OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    control_close(&f->control);
    assert_int_not_equal(access(f->path, F_OK), 0);
    return rmdir(f->dir);
}

static int dial(struct fixture *f)
{
    int fd;
    assert_int_equal(local_connect(&fd, f->path, WAIT_MS, NULL), OK);
    assert_int_equal(control_serve(f->control), OK);
    return fd;
}

static void say(struct fixture *f, int fd, const char *text)
{
    assert_int_equal(local_write_all(fd, span_str(text), WAIT_MS), OK);
    assert_int_equal(control_serve(f->control), OK);
}

/* One line of answer; serves as long as it takes. */
static void hear(struct fixture *f, int fd, char out[static ANSWER_MAX])
{
    size_t len = 0;
    while (len + 1 < ANSWER_MAX) {
        ssize_t got = read(fd, out + len, 1);
        if (got != 1) {
            assert_int_equal(control_serve(f->control), OK);
            continue;
        }
        if (out[len] == '\n')
            break;
        len++;
    }
    out[len] = '\0';
}

static void every_command_has_its_verb_and_anything_else_is_refused(void **state)
{
    static const struct {
        const char *line;
        enum err err;
        enum control_verb verb;
    } rows[] = {
        {"{\"cmd\":\"ping\"}", OK, CONTROL_PING},
        {"{\"cmd\":\"stop\"}", OK, CONTROL_STOP},
        {"{\"cmd\":\"reload\"}", OK, CONTROL_RELOAD},
        {"{\"cmd\":\"status\"}", OK, CONTROL_QUERY},
        {"{\"cmd\":\"trace\",\"id\":\"00\"}", OK, CONTROL_QUERY},
        {"{\"cmd\":\"order\",\"id\":\"00\"}", OK, CONTROL_QUERY},
        {"{\"cmd\":\"orders\"}", OK, CONTROL_QUERY},
        {"{\"cmd\":\"obligations\"}", OK, CONTROL_QUERY},
        {"{\"cmd\":\"restrictions\"}", OK, CONTROL_QUERY},
        {"{\"cmd\":\"explain\"}", OK, CONTROL_QUERY},
        {"{\"cmd\":\"checkpoint\"}", OK, CONTROL_QUERY},
        {"{\"cmd\":\"STOP\"}", ERR_FIELD_VALUE, CONTROL_PING},
        {"{\"cmd\":\"stop \"}", ERR_FIELD_VALUE, CONTROL_PING},
        {"{\"cmd\":\"\"}", ERR_FIELD_VALUE, CONTROL_PING},
        {"{\"cmd\":\"delete\"}", ERR_FIELD_VALUE, CONTROL_PING},
        {"{\"cmd\":1}", ERR_FIELD_MISSING, CONTROL_PING},
        {"{}", ERR_FIELD_MISSING, CONTROL_PING},
        {"[\"stop\"]", ERR_FIELD_MISSING, CONTROL_PING},
        {"{\"cmd\":\"stop\",\"cmd\":\"ping\"}", ERR_SYNTAX, CONTROL_PING},
        {"{\"cmd\":\"stop\"} x", ERR_SYNTAX, CONTROL_PING},
        {"{\"cmd\":\"stop\"", ERR_SYNTAX, CONTROL_PING},
        {"stop", ERR_SYNTAX, CONTROL_PING},
        {"", ERR_SYNTAX, CONTROL_PING},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        enum control_verb verb = CONTROL_PING;
        struct fault fault;
        print_message("row %zu: %s\n", i, rows[i].line);
        bool auditors;
        assert_int_equal(control_parse(span_str(rows[i].line), &verb, &auditors, &fault),
                         rows[i].err);
        assert_int_equal(verb, rows[i].verb);
    }
}

static void the_document_of_an_act_is_hexadecimal_and_bounded(void **state)
{
    static const struct {
        const char *line;
        enum err err;
        size_t len;
    } rows[] = {
        {"{\"cmd\":\"act\",\"document\":\"4c534431\"}", OK, 4},
        {"{\"cmd\":\"act\",\"document\":\"\"}", OK, 0},
        {"{\"cmd\":\"act\"}", ERR_FIELD_MISSING, 0},
        {"{\"cmd\":\"act\",\"document\":7}", ERR_FIELD_MISSING, 0},
        {"{\"cmd\":\"act\",\"document\":\"4c5\"}", ERR_FIELD_VALUE, 0},
        {"{\"cmd\":\"act\",\"document\":\"4C53\"}", ERR_FIELD_VALUE, 0},
        {"{\"cmd\":\"act\",\"document\":\"4c53443100\"}", ERR_FIELD_VALUE, 0},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        uint8_t out[4] = {0};
        size_t len = 0;
        print_message("row %zu: %s\n", i, rows[i].line);
        assert_int_equal(control_document(span_str(rows[i].line), out, sizeof out, &len, NULL),
                         rows[i].err);
        if (rows[i].err == OK)
            assert_int_equal(len, rows[i].len);
        if (rows[i].len == sizeof out)
            assert_memory_equal(out, "LSD1", sizeof out);
    }
}

static void a_request_is_answered_with_one_line(void **state)
{
    struct fixture *f = *state;
    char text[ANSWER_MAX];
    int fd = dial(f);
    f->answer_len = 3;
    say(f, fd, "{\"cmd\":\"status\"}\n");
    hear(f, fd, text);
    assert_string_equal(text, "{\"text\":\"xxx\"}");
    assert_int_equal(f->verb, CONTROL_QUERY);

    say(f, fd, "{\"cmd\":\"ping\"}\n{\"cmd\":\"stop\"}\n"); /* two at once: two answers, in order */
    hear(f, fd, text);
    hear(f, fd, text);
    assert_int_equal(f->asked, 3);
    assert_int_equal(f->verb, CONTROL_STOP);
    close(fd);
}

static void a_request_in_pieces_waits_for_its_end(void **state)
{
    struct fixture *f = *state;
    char text[ANSWER_MAX];
    int fd = dial(f);
    say(f, fd, "{\"cmd\":");
    assert_int_equal(f->asked, 0);
    say(f, fd, "\"ping\"}\n");
    hear(f, fd, text);
    assert_int_equal(f->asked, 1);
    close(fd);
}

static void a_refusal_is_an_object_with_code_and_detail(void **state)
{
    struct fixture *f = *state;
    char text[ANSWER_MAX];
    int fd = dial(f);
    f->err = ERR_NOT_FOUND;
    say(f, fd, "{\"cmd\":\"trace\",\"id\":\"00\"}\n");
    hear(f, fd, text);
    assert_non_null(strstr(text, "\"error\":{\"code\":\"E002\""));
    assert_non_null(strstr(text, "said so"));
    say(f, fd, "nonsense\n");
    hear(f, fd, text);
    assert_non_null(strstr(text, "E008"));
    assert_null(strstr(text, "nonsense"));
    say(f, fd, "{\"cmd\":\"ping\"}\n"); /* and the connection lives on */
    f->err = OK;
    hear(f, fd, text);
    close(fd);
}

static void an_endless_line_is_refused_and_closed(void **state)
{
    struct fixture *f = *state;
    char text[ANSWER_MAX];
    char line[CONTROL_REQUEST_MAX + 2];
    memset(line, ' ', sizeof line);
    line[sizeof line - 1] = '\0';
    int fd = dial(f);
    say(f, fd, line);
    hear(f, fd, text);
    assert_non_null(strstr(text, "E027"));
    assert_int_equal(control_serve(f->control), OK);
    assert_int_equal(local_read_all(fd, text, 1, WAIT_MS), ERR_UNREACHABLE);
    assert_int_equal(f->asked, 0);
    close(fd);
}

static void a_client_that_does_not_read_holds_up_nobody(void **state)
{
    struct fixture *f = *state;
    char text[ANSWER_MAX];
    int deaf = dial(f);
    f->answer_len = 1 << 20;
    say(f, deaf, "{\"cmd\":\"status\"}\n");
    f->answer_len = 1;
    int fd = dial(f);
    say(f, fd, "{\"cmd\":\"status\"}\n");
    hear(f, fd, text);
    assert_string_equal(text, "{\"text\":\"x\"}");
    close(fd);
    close(deaf);
}

static void a_newcomer_takes_the_place_of_the_oldest(void **state)
{
    struct fixture *f = *state;
    char text[ANSWER_MAX];
    int fd[CONTROL_CLIENTS_MAX + 1];
    for (size_t i = 0; i < T_COUNT(fd); i++)
        fd[i] = dial(f);
    say(f, fd[CONTROL_CLIENTS_MAX], "{\"cmd\":\"ping\"}\n");
    hear(f, fd[CONTROL_CLIENTS_MAX], text);
    unsigned closed = 0;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        closed += read(fd[i], text, 1) == 0;
    assert_int_equal(closed, 1);
    for (size_t i = 0; i < T_COUNT(fd); i++)
        close(fd[i]);
}

static void the_socket_is_private_and_never_doubled(void **state)
{
    struct fixture *f = *state;
    struct control *second;
    struct stat st;
    char other[FOLDER_PATH_MAX + 16];
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(control_open(&second, f->path, NULL, answer, f, NULL), ERR_ADDRESS_IN_USE);
    assert_null(second);

    assert_int_equal(chmod(f->dir, 0770), 0);
    snprintf(other, sizeof other, "%s/other", f->dir);
    assert_int_equal(control_open(&second, other, NULL, answer, f, NULL), ERR_PERMISSION);
    assert_int_equal(chmod(f->dir, 0700), 0);

    close(creat(other, 0600)); /* never something that is no socket */
    assert_int_equal(control_open(&second, other, NULL, answer, f, NULL), ERR_EXISTS);
    assert_int_equal(unlink(other), 0);
}

static void the_socket_of_a_dead_process_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct control *second;
    char other[FOLDER_PATH_MAX + 16];
    int fd;
    snprintf(other, sizeof other, "%s/other", f->dir);
    assert_int_equal(local_listen(&fd, other, LOCAL_NO_UID, NULL), OK);
    close(fd); /* as a killed process leaves it: the path stays */
    assert_int_equal(control_open(&second, other, NULL, answer, f, NULL), OK);
    control_close(&second);
}

/* ---- auditors ---- */

enum { AUDITOR = 65533, AUDIT_GROUP = 4242, OTHER = 65532 };

static void owners_do_everything_auditors_ask_and_strangers_are_not_answered(void **state)
{
    static const struct local_readers named = {.user_count = 1, .user = {AUDITOR}};
    static const struct local_readers grouped = {.has_group = true, .group = AUDIT_GROUP};
    static const struct local_readers none = {.user_count = 0};
    static const gid_t inside[] = {100, AUDIT_GROUP};
    static const gid_t outside[] = {100, 0};
    static const struct {
        const struct local_readers *readers;
        uid_t user;
        const gid_t *groups;
        enum local_peer who;
    } rows[] = {
        {&named, 1000, outside, LOCAL_OWNER}, /* the process's own */
        {&named, 0, outside, LOCAL_OWNER},
        {&named, AUDITOR, outside, LOCAL_READER},
        {&named, OTHER, inside, LOCAL_STRANGER},
        {&grouped, AUDITOR, inside, LOCAL_READER},
        {&grouped, AUDITOR, outside, LOCAL_STRANGER}, /* group 0 is nobody's by default */
        {&none, AUDITOR, inside, LOCAL_STRANGER},
        {&none, AUDITOR, outside, LOCAL_STRANGER},
        {NULL, AUDITOR, inside, LOCAL_STRANGER},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(
            local_peer_of(1000, rows[i].readers, rows[i].user, rows[i].groups, T_COUNT(inside)),
            rows[i].who);
    }
}

static void auditors_may_not_change_anything_nor_ask_after_persons(void **state)
{
    static const struct {
        const char *cmd;
        bool auditors;
    } rows[] = {
        {"ping", true},
        {"status", true},
        {"trace", true},
        {"explain", true},
        {"orders", true},
        {"obligations", true},
        {"leaves", true},
        {"log.admin", true},
        {"evidence", true},
        {"evidence.frame", true},
        {"key.history", true},
        {"decision.verify", true},
        {"stop", false},
        {"reload", false},
        {"act", false},
        {"amend", false},
        {"probe", false},
        {"restrictions", false},
        {"rule.try", false},
        {"evidence.document", false},
        {"evidence.reads", false},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char line[64];
        bool auditors = !rows[i].auditors;
        enum control_verb verb;
        snprintf(line, sizeof line, "{\"cmd\":\"%s\"}", rows[i].cmd);
        print_message("row %zu: %s\n", i, rows[i].cmd);
        assert_int_equal(control_parse(span_str(line), &verb, &auditors, NULL), OK);
        assert_int_equal(auditors, rows[i].auditors);
    }
}

/* A process of another user dials and asks; so many lines of answer come back, or an end. */
static pid_t ask_as(const char *path, uid_t user, const char *text_in, size_t lines, int out)
{
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    const gid_t group = AUDIT_GROUP;
    char text[ANSWER_MAX];
    int fd = -1;
    ssize_t got = 0;
    if (setgroups(1, &group) != 0 || setresuid(user, user, user) != 0 ||
        local_connect(&fd, path, WAIT_MS, NULL) != OK)
        _exit(1);
    (void)!send(fd, text_in, strlen(text_in), MSG_NOSIGNAL);
    for (size_t i = 0; i < lines && (got = read(fd, text, 1)) != 0;) {
        if (got == 1 && write(out, text, 1) != 1)
            _exit(1);
        i += got == 1 && text[0] == '\n';
    }
    _exit(0);
}

static void serve_until_gone(struct control *control, pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, WNOHANG) == 0)
        assert_int_equal(control_serve(control), OK);
    assert_int_equal(status, 0);
}

static void an_auditor_is_answered_over_the_socket_and_refused_what_changes(void **state)
{
    static const char asked[] = "{\"cmd\":\"status\"}\n{\"cmd\":\"stop\"}\n{\"cmd\":\"ping\"}\n";
    static const struct {
        struct local_readers readers;
        uid_t user;
        unsigned answered;
    } rows[] = {
        {{.user_count = 1, .user = {AUDITOR}}, AUDITOR, 2},
        {{.has_group = true, .group = AUDIT_GROUP}, OTHER, 2},
        {{.user_count = 1, .user = {AUDITOR}}, OTHER, 0},
        {{.has_group = true, .group = AUDIT_GROUP + 1}, AUDITOR, 0},
    };
    struct fixture *f = *state;
    char path[FOLDER_PATH_MAX];
    if (geteuid() != 0)
        skip(); /* only root can become another user */
    assert_int_equal(chmod(f->dir, 0711), 0);
    snprintf(path, sizeof path, "%s/open", f->dir);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct control *control;
        char text[ANSWER_MAX] = "";
        int pipes[2];
        print_message("row %zu\n", i);
        f->asked = 0;
        f->verb = CONTROL_STOP;
        assert_int_equal(control_open(&control, path, &rows[i].readers, answer, f, NULL), OK);
        assert_int_equal(chmod(path, 0666), 0); /* as if the user were in the group */
        assert_int_equal(pipe2(pipes, O_NONBLOCK | O_CLOEXEC), 0);
        serve_until_gone(control, ask_as(path, rows[i].user, asked, 3, pipes[1]));
        (void)!read(pipes[0], text, sizeof text - 1);
        assert_int_equal(f->asked, rows[i].answered);
        assert_int_equal(strstr(text, "\"error\":{\"code\":\"E003\"") != NULL,
                         rows[i].answered > 0);
        if (rows[i].answered > 0)
            assert_int_equal(f->verb, CONTROL_PING); /* and never "stop" */
        close(pipes[0]);
        close(pipes[1]);
        control_close(&control);
    }
    assert_int_equal(chmod(f->dir, 0700), 0);
}

static void the_socket_is_opened_to_the_group_only_when_there_are_auditors(void **state)
{
    static const struct local_readers readers = {.user_count = 1, .user = {AUDITOR}};
    struct fixture *f = *state;
    struct control *control;
    struct stat st;
    char path[FOLDER_PATH_MAX];
    snprintf(path, sizeof path, "%s/open", f->dir);
    assert_int_equal(control_open(&control, path, &readers, answer, f, NULL), OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    control_close(&control);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_has_its_verb_and_anything_else_is_refused),
        CASE(the_document_of_an_act_is_hexadecimal_and_bounded),
        CASE(a_request_is_answered_with_one_line),
        CASE(a_request_in_pieces_waits_for_its_end),
        CASE(a_refusal_is_an_object_with_code_and_detail),
        CASE(an_endless_line_is_refused_and_closed),
        CASE(a_client_that_does_not_read_holds_up_nobody),
        CASE(a_newcomer_takes_the_place_of_the_oldest),
        CASE(the_socket_is_private_and_never_doubled),
        CASE(the_socket_of_a_dead_process_is_replaced),
        cmocka_unit_test(owners_do_everything_auditors_ask_and_strangers_are_not_answered),
        cmocka_unit_test(auditors_may_not_change_anything_nor_ask_after_persons),
        CASE(an_auditor_is_answered_over_the_socket_and_refused_what_changes),
        CASE(the_socket_is_opened_to_the_group_only_when_there_are_auditors),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
