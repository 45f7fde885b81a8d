/*
 * Checks cli/preview.h and cli/steps.h in-process: asking before acting, and what is said while a
 * document is on its way. The adapter is a child that moves files.
 */
#include "cli/preview.h"
#include "cli/steps.h"
#include "terminal.h"

#include <stdio.h>

#define ASKED "order.1700000000000.preview.json"

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
    struct terminal *t = *state;
    make_site();
    pid_t child = adapter(ASKED, "site/done/" ASKED, PASSES);
    assert_int_equal(run(t, "send order.json --spool site --preview --timeout 20"), CLI_DONE);
    join_adapter(child);
    assert_says(t, "可以办理 / it would pass");
    assert_says(t, "12");
    assert_says(t, "health.445100");
    assert_says(t, "M25");
    assert_says(t, "nothing was sent");
}

static void what_would_be_refused_ends_with_3_code_and_article(void **state)
{
    struct terminal *t = *state;
    make_site();
    pid_t child = adapter(ASKED, "site/done/" ASKED, REFUSED);
    assert_int_equal(run(t, "send order.json --spool site --preview --timeout 20"), CLI_RESTRICTED);
    join_adapter(child);
    assert_says(t, "E660 因现行限制而拒绝");
    assert_says(t, "DL118");
}

static void a_program_reads_the_answer_and_the_steps_line_by_line(void **state)
{
    struct terminal *t = *state;
    make_site();
    pid_t child = adapter(ASKED, "site/done/" ASKED, REFUSED);
    assert_int_equal(run(t, "send order.json --spool site --preview --timeout 20 --json"),
                     CLI_RESTRICTED);
    join_adapter(child);
    char *last = NULL;
    size_t steps = 0;
    char *rest = t->out;
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
    struct terminal *t = *state;
    make_site();
    pid_t child = adapter(ASKED, "site/refused/" ASKED, refusal);
    assert_int_equal(run(t, "send order.json --spool site --preview --timeout 20"), CLI_REFUSED);
    join_adapter(child);
    assert_memory_equal(t->err, "E401 ", 5);
}

static void a_preview_takes_no_attachment_and_only_records(void **state)
{
    struct terminal *t = *state;
    make_site();
    write_text("a.txt", "x");
    assert_int_equal(run(t, "send order.json --spool site --preview --attach a.txt"), CLI_USAGE);
    assert_int_equal(run(t, "send a.txt --spool site --preview"), CLI_USAGE);
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
    return cmocka_run_group_tests_name("cli_preview", tests, NULL, NULL);
}
