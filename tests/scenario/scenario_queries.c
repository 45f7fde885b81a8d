/* What an operator may ask the hub, rightly and wrongly. core/query.h: a wrong question is answered
 * with an error; no question ends the hub. */
#include "scenario/acts.h"
#include "scenario/texts.h"

#include "base/hex.h"
#include "keys/merkle.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const commands[] = {
    "status",
    "order",
    "orders",
    "obligations",
    "restrictions",
    "trace",
    "explain",
    "case",
    "cases",
    "case.graph",
    "case.custody",
    "checkpoint",
    "leaves",
    "log.admin",
    "log.scrub",
    "rekey",
    "evidence",
    "evidence.leaves",
    "evidence.consistency",
    "evidence.frame",
    "evidence.member",
    "evidence.document",
    "evidence.reads",
    "evidence.revocations",
    "evidence.registrar",
    "decision.verify",
    "rule.try",
    "rule.replay",
    "key.history",
    "revocation.effects",
    "held",
    "parked",
    "topology",
    "volume",
    "no.such.question",
};

/* Whole or an error; what it is said to be about is no reason to end. */
static bool is_answered(struct world *w, const char *request, struct json **answer)
{
    static uint8_t bytes[CORE_QUERY_BYTES];
    struct writer out = writer_of(bytes, sizeof bytes);
    const enum err err = core_query(w->core, span_str(request), w->now_ms, &out);
    *answer = NULL;
    if (err != OK || json_parse(answer, writer_span(&out), "answer", NULL) != OK)
        print_message("E%03d to %s\n", (int)err, request);
    return *answer != NULL;
}

static bool answers(struct world *w, const char *request)
{
    struct json *answer;
    const bool is = is_answered(w, request, &answer);
    json_close(&answer);
    return is;
}

static const char *error_of(struct world *w, const char *request)
{
    static char code[16];
    struct json *answer;
    assert_true(is_answered(w, request, &answer));
    const char *text = json_get_text(json_get(answer, "error"), "code");
    snprintf(code, sizeof code, "%s", text == NULL ? "" : text);
    json_close(&answer);
    return code;
}

/* The hub, an order of the market and what follows from it. */
static int begin(void **state)
{
    uint8_t env_id[HASH_LEN];
    if (world_setup(state) != 0)
        return -1;
    struct world *w = *state;
    acts_connect(w);
    acts_order(w, env_id);
    assert_int_equal(world_code(w, "market.445100", env_id), OK);
    return 0;
}

static void every_argument_may_be_anything(void **state)
{
    static const char *const keys[] = {
        "id",    "kid",        "list",    "message_id", "order", "member", "from",
        "size",  "since",      "overdue", "offset",     "kind",  "index",  "target",
        "state", "signatures", "sender",  "registrar",  "old",   "leaves", "from_ms",
        "form",  "count",      "basis",   "at_ms",
    };
    static const char *const values[] = {
        "null",
        "true",
        "-1",
        "1.5",
        "7",
        "18446744073709551615",
        "\"\"",
        "\"zz\"",
        "\"" ORDER_ID "\"",
        "\"0000000000000000000000000000000000000000000000000000000000000000\"",
        "\"market.445100\"",
        "[]",
        "[7, \"zz\", null, {}]",
        "{}",
        "{\"id\": 7}",
    };
    struct world *w = *state;
    char request[256];
    size_t asked = 0;
    for (size_t c = 0; c < T_COUNT(commands); c++)
        for (size_t k = 0; k < T_COUNT(keys); k++)
            for (size_t v = 0; v < T_COUNT(values); v++, asked++) {
                snprintf(request, sizeof request, "{\"cmd\":\"%s\",\"%s\":%s}", commands[c],
                         keys[k], values[v]);
                assert_true(answers(w, request));
            }
    print_message("%zu questions\n", asked);
}

static void what_is_no_question_is_answered_with_an_error(void **state)
{
    static const char *const requests[] = {
        "", "{", "[]", "7", "null", "{}", "{\"cmd\":7}", "{\"cmd\":\"\"}", "{\"cmd\":\"statu\"}",
    };
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(requests); i++) {
        print_message("row %zu\n", i);
        assert_string_not_equal(error_of(w, requests[i]), "");
    }
    assert_int_equal(world_status(w, "orders"), 1);
}

static void an_obligation_is_explained_in_both_languages(void **state)
{
    char request[256];
    struct world *w = *state;
    struct json *rows = world_ask(w, "{\"cmd\":\"obligations\",\"member\":\"market.445100\"}");
    const struct json *row = json_item(json_get(rows, "obligations"), 0);
    const char *id = json_get_text(row, "obligation");
    assert_non_null(id);
    snprintf(request, sizeof request, "{\"cmd\":\"explain\",\"id\":\"%s\"}", id);
    struct json *answer = world_ask(w, request);
    const struct json *said = json_item(json_get(answer, "explanation"), 0);
    assert_non_null(strstr(json_get_text(said, "zh"), json_get_text(row, "measure_zh")));
    assert_non_null(strstr(json_get_text(said, "en"), json_get_text(row, "measure_en")));
    assert_string_equal(json_get_text(answer, "member"), "market.445100");
    json_close(&answer);
    json_close(&rows);
}

#define TRY(version)                                                                               \
    "{\"cmd\":\"rule.try\",\"member\":\"market.445100\",\"basis\":[\"DL116\",\"DL118\"],"          \
    "\"order\":" ORDER_BODY(version) "}"

static void an_order_is_tried_without_being_kept(void **state)
{
    struct world *w = *state;
    uint64_t owed = 0;
    const uint64_t log_size = world_status(w, "log_size");
    struct json *answer = world_ask(w, TRY("2")); /* its correction */
    assert_string_equal(json_get_text(answer, "rule"), "R01");
    assert_true(json_uint(json_get(answer, "obligations"), &owed));
    assert_int_equal(owed, 22);
    json_close(&answer);
    answer = world_ask(w, TRY("3"));
    assert_string_equal(json_get_text(answer, "why"), "version");
    json_close(&answer);
    assert_int_equal(world_status(w, "log_size"), log_size);
    assert_string_equal(error_of(w, "{\"cmd\":\"rule.try\"}"), "E010");
    assert_string_not_equal(
        error_of(w, "{\"cmd\":\"rule.try\",\"member\":\"m\",\"order\":{\"list\":7}}"), "");
}

static void two_sizes_of_the_log_are_proven_to_be_one(void **state)
{
    char request[128];
    struct world *w = *state;
    const uint64_t size = world_status(w, "log_size");
    assert_true(size > 3);
    snprintf(request, sizeof request, "{\"cmd\":\"evidence.consistency\",\"old\":3,\"size\":%llu}",
             (unsigned long long)size);
    struct json *answer = world_ask(w, request);
    const char *path = json_get_text(answer, "path");
    assert_non_null(path);
    assert_true(strlen(path) > 0 && strlen(path) % (2 * (size_t)HASH_LEN) == 0);
    json_close(&answer);
    snprintf(request, sizeof request, "{\"cmd\":\"evidence.consistency\",\"old\":3,\"size\":%llu}",
             (unsigned long long)size + 1);
    assert_string_not_equal(error_of(w, request), "");
    assert_string_not_equal(error_of(w, "{\"cmd\":\"evidence.consistency\",\"old\":3,\"size\":2}"),
                            "");
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, begin, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(every_argument_may_be_anything),
        EACH(what_is_no_question_is_answered_with_an_error),
        EACH(an_obligation_is_explained_in_both_languages),
        EACH(an_order_is_tried_without_being_kept),
        EACH(two_sizes_of_the_log_are_proven_to_be_one),
    };
    return cmocka_run_group_tests_name("queries", tests, NULL, NULL);
}
