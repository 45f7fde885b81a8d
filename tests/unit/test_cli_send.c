/*
 * Checks `lianshu send` and cli/await.h in-process: a document goes through an adapter's folders
 * and comes back as a receipt or a reason. The adapter is a child that moves files.
 */
#include "cli/await.h"
#include "terminal.h"

#include <stdlib.h>
#include <sys/stat.h>

#define DIGEST "4776ed50"

#define ACCEPTED                                                                                   \
    "{\"file\":\"order.json\",\"messages\":[{\"row\":1,\"envelope\":\"abcd\",\"state\":"           \
    "\"accepted\"}]}"

/* An adapter that takes order.json, moves it to `to` and writes one answer. */
static pid_t answers(const char *to, const char *path, const char *text)
{
    const struct answer one[ANSWERS_MAX] = {{path, text}};
    return adapter("order.json", to, one);
}

static void an_accepted_document_ends_with_its_envelope(void **state)
{
    struct terminal *t = *state;
    make_site();
    write_text("evidence.pdf", "evidence");
    pid_t child = answers("site/done/order.json", "site/done/order.json.receipt.json", ACCEPTED);
    must(t, "send order.json --spool site --attach evidence.pdf --timeout 20");
    join_adapter(child);
    assert_says(t, "accepted abcd");
    assert_true(there_is("site/source/evidence.pdf"));
    assert_true(there_is("order.json")); /* copied, not taken away */
}

static void a_refused_document_ends_with_the_reason(void **state)
{
    struct terminal *t = *state;
    make_site();
    pid_t child =
        answers("site/refused/order.json", "site/refused/order.json.reason.json",
                "{\"file\":\"order.json\",\"code\":\"E014\",\"problems\":[{\"code\":\"E014\","
                "\"field\":\"subject.id\",\"line\":7,\"detail\":\"check digit\"}]}");
    assert_int_equal(run(t, "send order.json --spool site --timeout 20"), CLI_REFUSED);
    join_adapter(child);
    assert_memory_equal(t->err, "E014 ", 5);
    assert_non_null(strstr(t->err, "site/refused/order.json:7"));
    assert_non_null(strstr(t->err, "subject.id: check digit"));
}

static void an_older_file_of_the_same_name_is_not_mistaken_for_ours(void **state)
{
    struct terminal *t = *state;
    make_site();
    write_text("site/done/order.json", "another document");
    write_text("site/done/order.json.receipt.json",
               "{\"messages\":[{\"envelope\":\"0000\",\"state\":\"accepted\"}]}");
    write_text("site/refused/order.json", "a third one");
    write_text("site/refused/order.json.reason.json", "{\"code\":\"E014\"}");
    /* SHA-256 of the name, a zero byte and the content begins with these digits. */
    pid_t child =
        answers("site/done/order." DIGEST ".json", "site/done/order." DIGEST ".json.receipt.json",
                "{\"messages\":[{\"envelope\":\"abcd\",\"state\":\"final\"}]}");
    must(t, "send order.json --spool site --timeout 20");
    join_adapter(child);
    assert_says(t, "final abcd");

    /* The same file again is a repeat: the receipt that is there already counts. */
    child = answers("site/done/order." DIGEST ".json", "site/done/ignored", "{}");
    must(t, "send order.json --spool site --timeout 20");
    join_adapter(child);
}

static void a_gates_refusal_names_measure_and_basis(void **state)
{
    struct terminal *t = *state;
    make_site();
    pid_t child = answers("site/refused/order.json", "site/refused/order.json.reason.json",
                          "{\"file\":\"order.json\",\"code\":\"E660\",\"problems\":[],\"grounds\":"
                          "[{\"measure\":\"M03\",\"basis\":\"DL118\"}]}");
    assert_int_equal(run(t, "send order.json --spool site --timeout 20"), CLI_REFUSED);
    join_adapter(child);
    assert_memory_equal(t->err, "E660 ", 5);
    assert_non_null(strstr(t->err, "measure M03 basis DL118"));
}

static void what_cannot_be_sent_is_told_and_leaves_nothing_behind(void **state)
{
    struct terminal *t = *state;
    static const struct {
        const char *line;
        const char *code;
    } rows[] = {
        {"send none.json --spool site", "E002"},
        {"send order.json --spool nowhere", "E002"},
        {"send folder.json --spool site", "E011"},
        {"send order.json --spool site --attach evidence.pdf --attach none.pdf", "E002"},
        {"send order.json --spool site --attach evidence.pdf --attach folder.json", "E011"},
        {"send order.json --spool site --attach evidence.pdf --attach pipe.pdf", "E011"},
        {"send order.json --spool site --attach none.pdf", "E002"},
        {"send order.json --adapter none.yaml", "E002"},
    };
    make_site();
    write_text("evidence.pdf", "evidence");
    assert_int_equal(mkdir("folder.json", 0700), 0);
    assert_int_equal(mkfifo("pipe.pdf", 0600),
                     0); /* nobody writes to it: it must not be waited for */
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        refused(t, rows[i].line, CLI_REFUSED, rows[i].code, "");
        assert_false(there_is("site/source/evidence.pdf"));
        assert_false(there_is("site/source/order.json"));
        assert_false(there_is("site/source/.order.json.tmp"));
    }
    write_text("site/source/order.json", "waiting");
    assert_int_equal(run(t, "send order.json --spool site"), CLI_REFUSED);
    assert_memory_equal(t->err, "E026", 4);
}

/* After a kill or a time-out the same command goes on, instead of tripping over its own files. */
static void the_same_again_goes_on_with_what_waits_already(void **state)
{
    struct terminal *t = *state;
    make_site();
    write_text("evidence.pdf", "evidence");
    write_text("site/source/evidence.pdf", "evidence");
    write_text("site/source/.order.json.tmp", "half of an or");
    pid_t child = answers("site/done/order.json", "site/done/order.json.receipt.json", ACCEPTED);
    must(t, "send order.json --spool site --attach evidence.pdf --timeout 20");
    join_adapter(child);
    assert_says(t, "accepted abcd");
    assert_false(there_is("site/source/.order.json.tmp"));

    write_text("site/source/evidence.pdf", "evidencE");
    refused(t, "send order.json --spool site --attach evidence.pdf", CLI_REFUSED,
            "E026 site/source/evidence.pdf", "another file still waits there");
    char *waiting = read_text("site/source/evidence.pdf");
    assert_string_equal(waiting, "evidencE");
    free(waiting);
}

static void without_an_answer_in_time_nothing_is_lost(void **state)
{
    static const struct await_watch nobody = {.ctx = NULL};
    struct await a;
    struct fault fault = {.err = OK};
    enum await_outcome outcome;
    struct json *answer;
    const char *place;
    (void)state;
    make_site();
    assert_int_equal(await_open(&a, "site", "order.json", span_str("x"), &fault), OK);
    assert_int_equal(await_result(&a, 0, &nobody, &outcome, &answer, &place, &fault), ERR_TIMEOUT);
    assert_int_equal(outcome, AWAIT_WAITING);
    assert_null(answer);
    assert_string_equal(fault.where, "site/source/order.json");
    assert_non_null(strstr(fault.detail, "nothing is lost"));
    await_close(&a);
}

/* Steps first, one object a line; the receipt is the last. */
static void with_json_the_last_line_is_the_receipt(void **state)
{
    struct terminal *t = *state;
    make_site();
    pid_t child = answers("site/done/order.json", "site/done/order.json.receipt.json", ACCEPTED);
    must(t, "send order.json --spool site --timeout 20 --json");
    join_adapter(child);
    assert_memory_equal(t->out, "{\"step\":\"put\",\"file\":\"order.json\"", 33);
    const char *last = strstr(t->out, "{\"file\":\"order.json\",\"messages\":");
    assert_non_null(last);
    assert_ptr_equal(strchr(last, '\n'), t->out + strlen(t->out) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_accepted_document_ends_with_its_envelope),
        CASE(a_refused_document_ends_with_the_reason),
        CASE(an_older_file_of_the_same_name_is_not_mistaken_for_ours),
        CASE(a_gates_refusal_names_measure_and_basis),
        CASE(what_cannot_be_sent_is_told_and_leaves_nothing_behind),
        CASE(the_same_again_goes_on_with_what_waits_already),
        CASE(without_an_answer_in_time_nothing_is_lost),
        CASE(with_json_the_last_line_is_the_receipt),
    };
    return cmocka_run_group_tests_name("cli_send", tests, NULL, NULL);
}
