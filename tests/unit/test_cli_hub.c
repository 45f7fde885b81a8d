/*
 * Checks the questions of the command-line tool against a control socket in a child process: what
 * is asked, what is printed, and how refusals come back.
 */
#include "json.h"
#include "paper_hub.h"
#include "terminal.h"

#include <stdio.h>
#include <unistd.h>

/* 11010519491231002X below is the published example of GB 11643: no person. */

#define ORDER    "abab0011000000000000000000000001"
#define OTHER    "abab0022000000000000000000000002"
#define THIRD    "abcdef00000000000000000000000003"
#define DUTY     "0123456789abcdef0123456789abcdef"
#define MATTER   "abab0044000000000000000000000004"
#define ENVELOPE ORDER THIRD
#define HUB      " --control " PAPER_HUB

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
                      "\"cases\":[{\"case\":\"" MATTER "\"}],\"text\":\"T07 -> TRANSFERRED\\n\","
                      "\"obligations\":[{\"obligation\":\"" DUTY "\",\"measure\":\"M03\","
                      "\"answer_due\":\"2026-11-22T10:00:00.123+08:00\"}],\"asked\":"));
    write_span(out, request);
    write_span(out, span_str("}"));
    return OK;
}

static int open_desk(void **state)
{
    if (terminal_open(state) != 0)
        return -1;
    struct terminal *t = *state;
    t->hub = paper_hub_start(echo);
    return 0;
}

#define DESK(fn) cmocka_unit_test_setup_teardown(fn, open_desk, terminal_close)

static void every_question_reaches_the_hub_as_its_command(void **state)
{
    struct terminal *t = *state;
    static const struct {
        const char *line;
        const char *asked;
    } rows[] = {
        {"status", "{\"cmd\":\"status\"}"},
        {"trace " ENVELOPE, "{\"cmd\":\"trace\",\"id\":\"" ENVELOPE "\"}"},
        {"trace " ORDER, "{\"cmd\":\"trace\",\"id\":\"" ORDER "\"}"},
        {"order show abab0011", "{\"cmd\":\"order\",\"id\":\"" ORDER "\"}"},
        {"order show " THIRD, "{\"cmd\":\"order\",\"id\":\"" THIRD "\"}"},
        {"order list", "{\"cmd\":\"orders\"}"},
        {"obligation list", "{\"cmd\":\"obligations\"}"},
        {"obligation list --order=abab0011", "{\"cmd\":\"obligations\",\"order\":\"" ORDER "\"}"},
        {"obligation list --state=open", "{\"cmd\":\"obligations\",\"state\":\"open\"}"},
        {"obligation list --overdue --member market.445100",
         "{\"cmd\":\"obligations\",\"member\":\"market.445100\",\"overdue\":\"yes\"}"},
        {"case list", "{\"cmd\":\"cases\"}"},
        {"case list --overdue --member police.445100",
         "{\"cmd\":\"cases\",\"member\":\"police.445100\",\"overdue\":\"yes\"}"},
        {"case show " ORDER, "{\"cmd\":\"case\",\"id\":\"" ORDER "\"}"},
        {"case show abab0044", "{\"cmd\":\"case\",\"id\":\"" MATTER "\"}"},
        {"case custody abab0044", "{\"cmd\":\"case.custody\",\"id\":\"" MATTER "\"}"},
        {"case graph", "{\"cmd\":\"case.graph\"}"},
        {"held list", "{\"cmd\":\"held\"}"},
        {"parked list --for market.445100 --sender health.445100",
         "{\"cmd\":\"parked\",\"recipient\":\"market.445100\",\"sender\":\"health.445100\"}"},
        {"parked show " ORDER, "{\"cmd\":\"trace\",\"id\":\"" ORDER "\"}"},
        {"explain " ORDER, "{\"cmd\":\"explain\",\"id\":\"" ORDER "\"}"},
        {"explain abab0011", "{\"cmd\":\"explain\",\"id\":\"" ORDER "\"}"},
        {"explain 012345678", "{\"cmd\":\"explain\",\"id\":\"" DUTY "\"}"},
        {"explain " ENVELOPE, "{\"cmd\":\"explain\",\"id\":\"" ENVELOPE "\"}"},
        {"log checkpoint", "{\"cmd\":\"checkpoint\"}"},
        {"hub stop", "{\"cmd\":\"stop\"}"},
        {"hub reload", "{\"cmd\":\"reload\"}"},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char line[256];
        print_message("row %zu: %s\n", i, rows[i].asked);
        snprintf(line, sizeof line, "%s --json" HUB, rows[i].line);
        must(t, line);
        assert_says(t, rows[i].asked);
        assert_json(t);
    }
}

static void the_table_of_steps_is_printed_as_the_hub_wrote_it(void **state)
{
    struct terminal *t = *state;
    must(t, "case graph" HUB);
    assert_says(t, "T07 -> TRANSFERRED\n");
    must(t, "case graph --form dot" HUB);
    assert_says(t, "T07 -> TRANSFERRED\n");
    refused(t, "case graph --form svg" HUB, CLI_USAGE, "E001 --form", "");
    refused(t, "case show xyz" HUB, CLI_USAGE, "E001 CASE_ID", "");
    refused(t, "case show abab9999" HUB, CLI_REFUSED, "E002", "");
    refused(t, "case list --member Nobody" HUB, CLI_USAGE, "E001 --member", "");
}

static void an_order_is_tried_by_the_hubs_rules_or_by_others(void **state)
{
    struct terminal *t = *state;
    write_text("order.json", "{\"member\":\"market.445100\",\"basis\":[\"DL116\"],\"order\":{}}");
    must(t, "rule try --order order.json --json" HUB);
    assert_json(t);
    assert_says(t, "{\"cmd\":\"rule.try\",\"member\":\"market.445100\",\"basis\":[\"DL116\"],"
                   "\"order\":{}}");
    must(t, "rule try --order order.json --rules . --json" HUB);
    assert_says(t, "\"rules\":\"/"); /* the hub reads it: the whole path */
    refused(t, "rule try --order order.json --rules none" HUB, CLI_REFUSED, "E002 --rules", "");
}

static void a_subject_is_read_from_standard_input_only(void **state)
{
    struct terminal *t = *state;
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
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(run_with(t, rows[i].in, "restriction list - --json" HUB), rows[i].code);
        assert_says(t, rows[i].has);
        if (rows[i].code != CLI_DONE)
            assert_null(strstr(t->out, "1101051949"));
    }
}

static void answers_for_people_are_tables_and_sentences(void **state)
{
    struct terminal *t = *state;
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
    must(t, "status" HUB);
    print_message("%s", t->out);
    for (size_t i = 0; i < T_COUNT(LINES); i++) {
        if (strstr(t->out, LINES[i]) == NULL)
            fail_msg("row %zu: %s", i, LINES[i]);
    }
}

static void the_beginning_of_an_id_must_name_one(void **state)
{
    struct terminal *t = *state;
    static const char *const IDS[] = {"abab00", "eeeeee", "0000000000"};
    for (size_t i = 0; i < T_COUNT(IDS); i++) {
        char line[64];
        snprintf(line, sizeof line, "order show %s" HUB, IDS[i]);
        refused(t, line, CLI_REFUSED, "E002 ID: ", "begins like this");
        assert_null(strstr(t->err, IDS[i]));
    }
}

static void the_hubs_refusal_is_the_commands_refusal(void **state)
{
    struct terminal *t = *state;
    refused(t, "trace ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" HUB,
            CLI_REFUSED, "E002 hub: ", "no such envelope");
}

static void the_socket_is_found_through_the_hubs_configuration(void **state)
{
    struct terminal *t = *state;
    refused(t, "status --config hub.yaml", CLI_REFUSED, "E002 hub.yaml: ", "");
    write_text("hub.yaml", "control_socket: " PAPER_HUB "\n");
    must(t, "status --config hub.yaml");
}

static void no_hub_is_told_with_the_place(void **state)
{
    struct terminal *t = *state;
    refused(t, "status --control none/here", CLI_REFUSED, "E024 none/here: ", "");
}

/* ---- a hub that answers wrongly, or no more ---- */

static void a_hub_that_falls_silent_is_told_with_the_place(void **state)
{
    static const struct {
        const char *bytes;
        const char *label;
    } rows[] = {
        {"", "E024 " PAPER_HUB},
        {"{\"hub\":\"hub.4451", "E024 " PAPER_HUB},
        {"no json\n", "E008 hub:1"},
        {"{\"error\":{\"code\":\"E999\"}}\n", "E006 hub"},
        {"{\"error\":{\"code\":\"E021\",\"detail\":\"x\"}}\n", "E021 hub"},
    };
    struct terminal *t = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        t->hub = paper_hub_fallen(rows[i].bytes);
        refused(t, "status" HUB, CLI_REFUSED, rows[i].label, "");
        join_adapter(t->hub);
        t->hub = 0;
        unlink(PAPER_HUB);
    }
}

/* ---- decisions made again, in steps ---- */

#define SET "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* Three steps of decisions: 128 and 128, then 10; `differing` is what the last one finds. */
static enum err verify(struct span request, struct writer *out, unsigned differing)
{
    struct json *j = NULL;
    uint64_t since = 0;
    uint64_t count = 0;
    char text[512];
    if (json_parse(&j, request, "request", NULL) != OK ||
        !json_uint(json_get(j, "since"), &since) || !json_uint(json_get(j, "count"), &count))
        return ERR_INTERNAL;
    json_close(&j);
    const uint64_t left = since < 266 ? 266 - since : 0;
    const uint64_t checked = left < count ? left : count;
    const bool last = checked < count;
    snprintf(text, sizeof text,
             "{\"checked\":%llu,\"same\":%llu,\"differing\":%u,\"total\":266,\"next\":%llu,"
             "\"end\":%s,\"missing_rules\":[],\"differences\":[%s]}",
             (unsigned long long)checked, (unsigned long long)(checked - (last ? differing : 0)),
             last ? differing : 0, (unsigned long long)(since + checked), last ? "true" : "false",
             last && differing > 0
                 ? "{\"seq\":260,\"type\":\"honour\",\"why\":\"record_missing\",\"code\":\"E706\"}"
                 : "");
    write_span(out, span_str(text));
    return OK;
}

/* control_fn: every decision comes out as it did. */
static enum err agrees(void *ctx, enum control_verb verb, struct span request, struct writer *out,
                       struct fault *fault)
{
    (void)ctx, (void)verb, (void)fault;
    return verify(request, out, 0);
}

/* control_fn: the last step finds one that does not. */
static enum err differs(void *ctx, enum control_verb verb, struct span request, struct writer *out,
                        struct fault *fault)
{
    (void)ctx, (void)verb, (void)fault;
    return verify(request, out, 1);
}

/* control_fn: a rule set that decided is not in the archive any more. */
static enum err lost(void *ctx, enum control_verb verb, struct span request, struct writer *out,
                     struct fault *fault)
{
    (void)ctx, (void)verb, (void)request, (void)fault;
    write_span(out, span_str("{\"checked\":5,\"same\":3,\"other_rules\":2,\"differing\":0,"
                             "\"total\":5,\"next\":9,\"end\":true,\"differences\":[],"
                             "\"missing_rules\":[\"" SET "\"]}"));
    return OK;
}

static void
decisions_by_rules_that_are_not_in_the_archive_are_an_error_that_names_them(void **state)
{
    struct terminal *t = *state;
    t->hub = paper_hub_start(lost);
    assert_int_equal(run(t, "decision verify" HUB), CLI_REFUSED);
    assert_memory_equal(t->err, "E613 state_dir/rules: ", 22);
    assert_non_null(strstr(t->err, "2 decisions not made again"));
    assert_says(t, SET);
    assert_int_equal(run(t, "decision verify --json" HUB), CLI_REFUSED);
    assert_json(t);
    assert_memory_equal(t->out, "{\"error\":{\"code\":\"E613\"", 23);
    assert_says(t, "\"missing_rules\":[\"" SET "\"]");
}

static void decisions_are_verified_step_by_step_to_the_end(void **state)
{
    struct terminal *t = *state;
    t->hub = paper_hub_start(agrees);
    must(t, "decision verify --all --json" HUB);
    assert_json(t);
    assert_says(t, "\"checked\":266,\"same\":266,");
    assert_says(t, "\"differing\":0");
    must(t, "decision verify --all" HUB);
    assert_labels(t);
    must(t, "decision verify --count 130 --json" HUB);
    assert_says(t, "\"checked\":130,");
    must(t, "decision verify --since 260 --json" HUB);
    assert_says(t, "\"checked\":6,");
    must(t, "rule replay --rules . --since 2026-04-01 --json" HUB);
    assert_json(t);
    assert_says(t, "\"same\":266,");
}

static void a_decision_that_comes_out_otherwise_is_listed_and_is_an_error(void **state)
{
    struct terminal *t = *state;
    t->hub = paper_hub_start(differs);
    assert_int_equal(run(t, "decision verify --all" HUB), CLI_REFUSED);
    assert_memory_equal(t->err, "E631 decision: ", 15);
    assert_non_null(strstr(t->err, "1 differ, the first: log entry 260, record_missing E706"));
    assert_says(t, "260");
    assert_says(t, "honour");
    assert_int_equal(run(t, "decision verify --all --json" HUB), CLI_REFUSED);
    assert_json(t);
    assert_memory_equal(t->out, "{\"error\":{\"code\":\"E631\"", 23);
    assert_says(t, "\"result\":{\"checked\":266,\"same\":265,");
    must(t, "rule replay --rules . --since 2026-04-01 --json" HUB); /* that is what it is for */
    assert_says(t, "\"differing\":1");
    assert_says(t, "\"seq\":260");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(every_question_reaches_the_hub_as_its_command),
        DESK(the_table_of_steps_is_printed_as_the_hub_wrote_it),
        DESK(an_order_is_tried_by_the_hubs_rules_or_by_others),
        DESK(a_subject_is_read_from_standard_input_only),
        DESK(answers_for_people_are_tables_and_sentences),
        DESK(the_beginning_of_an_id_must_name_one),
        DESK(the_hubs_refusal_is_the_commands_refusal),
        DESK(the_socket_is_found_through_the_hubs_configuration),
        DESK(no_hub_is_told_with_the_place),
        CASE(a_hub_that_falls_silent_is_told_with_the_place),
        CASE(decisions_are_verified_step_by_step_to_the_end),
        CASE(a_decision_that_comes_out_otherwise_is_listed_and_is_an_error),
        CASE(decisions_by_rules_that_are_not_in_the_archive_are_an_error_that_names_them),
    };
    return cmocka_run_group_tests_name("cli_hub", tests, NULL, NULL);
}
