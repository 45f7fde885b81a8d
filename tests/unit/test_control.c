/* Checks the guarantees of net/control.h, in one process: both ends of AF_UNIX are ours. */
#include "net/control.h"
#include "net/local.h"

#include "t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAIT_MS = 2000, ANSWER_MAX = 4096 };

struct fixture {
    char dir[32];
    char path[64];
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
    f = (struct fixture){.dir = "/tmp/control-XXXXXX", .err = OK};
    if (mkdtemp(f.dir) == NULL)
        return -1;
    snprintf(f.path, sizeof f.path, "%s/socket", f.dir);
    *state = &f;
    return control_open(&f.control, f.path, answer, &f, NULL) == OK ? 0 : -1;
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
        assert_int_equal(control_parse(span_str(rows[i].line), &verb, &fault), rows[i].err);
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
    char other[80];
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(control_open(&second, f->path, answer, f, NULL), ERR_ADDRESS_IN_USE);
    assert_null(second);

    assert_int_equal(chmod(f->dir, 0770), 0);
    snprintf(other, sizeof other, "%s/other", f->dir);
    assert_int_equal(control_open(&second, other, answer, f, NULL), ERR_PERMISSION);
    assert_int_equal(chmod(f->dir, 0700), 0);

    close(creat(other, 0600)); /* never something that is no socket */
    assert_int_equal(control_open(&second, other, answer, f, NULL), ERR_EXISTS);
    assert_int_equal(unlink(other), 0);
}

static void the_socket_of_a_dead_process_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct control *second;
    char other[80];
    int fd;
    snprintf(other, sizeof other, "%s/other", f->dir);
    assert_int_equal(local_listen(&fd, other, LOCAL_NO_UID, NULL), OK);
    close(fd); /* as a killed process leaves it: the path stays */
    assert_int_equal(control_open(&second, other, answer, f, NULL), OK);
    control_close(&second);
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
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
