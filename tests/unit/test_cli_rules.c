/* Checks the commands of rules in-process: a set is checked, signed and tried, or its faults are
 * named and nothing is signed. */
#include "terminal.h"

#include "base/clock.h"

#include <stdio.h>
#include <sys/stat.h>

static void a_rule_set_is_checked_or_its_faults_are_named(void **state)
{
    struct terminal *t = *state;
    char line[600];
    snprintf(line, sizeof line, "rule check %s/hub/policy/rules --json", t->before);
    must(t, line);
    assert_json(t);
    assert_says(t, "\"sha256\"");
    assert_says(t, "\"complete\":true");
    assert_says(t, "\"transition\":\"T35\"");
    assert_says(t, "\"flow\":\"F01\"");
    for (unsigned i = 1; i <= 29; i++) {
        char id[16];
        snprintf(id, sizeof id, "\"id\":\"R%02u\"", i);
        assert_says(t, id);
    }
    snprintf(line, sizeof line, "rule check %s/hub/policy/rules", t->before);
    must(t, line);
    assert_says(t, "有效且完整");
    assert_says(t, "移送涉嫌犯罪案件 / referral of a suspected crime");
    refused(t, "rule check none", CLI_REFUSED, "E002 none", "");
    assert_int_equal(mkdir("empty", 0700), 0);
    assert_int_equal(run(t, "rule check empty"), CLI_REFUSED);
    assert_memory_equal(t->err, "E610 ", 5);
}

/* The calendar of the tree ends with 2026. */
static void a_calendar_that_runs_out_before_a_term_does_is_told(void **state)
{
    static const struct {
        uint32_t today;
        const char *ends;
        const char *json;
        bool short_;
    } rows[] = {
        {20260401, "ends with 2026-12-31", "\"until\":\"2026-12-31\",", false},
        {20261230, "ends with 2026-12-31", "\"until\":\"2026-12-31\",", true},
        {20270104, "ends with a day before today", "\"until\":null,", true},
    };
    struct terminal *t = *state;
    char line[1200];
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        t->now_ms = date_start_ms(rows[i].today);
        snprintf(line, sizeof line,
                 "rule check %s/hub/policy/rules --calendar %s/schemas/data/calendar.csv",
                 t->before, t->before);
        must(t, line);
        assert_says(t, rows[i].ends);
        assert_int_equal(strstr(t->out, "项期限超出日历") != NULL, rows[i].short_);
        assert_int_equal(strstr(t->out, "COMPLAINT-END: 45 working_days") != NULL, rows[i].short_);
        snprintf(line + strlen(line), sizeof line - strlen(line), " --json");
        must(t, line);
        assert_json(t);
        assert_says(t, rows[i].json);
        assert_int_equal(strstr(t->out, "\"beyond\":0,") == NULL, rows[i].short_);
    }
    snprintf(line, sizeof line, "rule check %s/hub/policy/rules --calendar none.csv", t->before);
    refused(t, line, CLI_REFUSED, "E002 none.csv", "");
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
    struct terminal *t = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char place[32];
        print_message("row %zu\n", i);
        copy_rules(t, rows[i].file, rows[i].from, rows[i].to);
        assert_int_equal(run(t, "rule check set"), CLI_REFUSED);
        snprintf(place, sizeof place, "E610 %s.yaml:", rows[i].file);
        assert_non_null(strstr(t->err, place));
        assert_non_null(strstr(t->err, rows[i].says));
        assert_string_equal(t->out, "");
        assert_int_equal(run(t, "rule sign set --key k --passphrase-file p --realm demo"),
                         CLI_REFUSED);
        assert_memory_equal(t->err, "E610 ", 5);
        assert_false(there_is("set/rules.sig"));
    }
}

/* A program that reads JSON gets all of them, in one object. */
static void with_json_every_fault_of_a_rule_set_is_in_one_object(void **state)
{
    struct terminal *t = *state;
    assert_int_equal(mkdir("empty", 0700), 0);
    assert_int_equal(run(t, "rule check empty --json"), CLI_REFUSED);
    assert_json(t);
    assert_memory_equal(t->out, "{\"error\":{\"code\":\"E610\"", 23);
    assert_says(t, "\"where\":\"bases.yaml\"");
    assert_says(t, "\"others\":[{\"code\":\"E610\"");
    assert_says(t, "\"where\":\"rules.yaml\"");
    copy_rules(t, "clocks", "term: 5 working_days", "term: 5 moons");
    assert_int_equal(run(t, "rule check set --json"), CLI_REFUSED);
    assert_json(t);
    assert_says(t, "\"where\":\"clocks.yaml\"");
    assert_null(strstr(t->out, "\"others\"")); /* there is one alone */
}

static void officials_sign_a_rule_set_once_each(void **state)
{
    struct terminal *t = *state;
    copy_rules(t, "bases", "", "");
    must(t, "key passphrase op");
    must(t, "key generate --member hub.445100 --use official --out o1.key --passphrase-file op");
    must(t, "key generate --member market.445100 --adapter a1 --use adapter --out m.key "
            "--passphrase-file op");
    refused(t, "rule sign set --key m.key --passphrase-file op --realm demo", CLI_REFUSED,
            "E408 m.key", "");
    must(t, "rule sign set --key o1.key --passphrase-file op --realm demo");
    assert_says(t, "已签 1 人");
    refused(t, "rule sign set --key o1.key --passphrase-file op --realm demo", CLI_REFUSED, "E026",
            "");
    refused(t, "rule sign set --key o1.key --passphrase-file op --realm a/b", CLI_USAGE,
            "E001 --realm", "");
}

#define ORDER_FILE                                                                                 \
    "{\"member\":\"market.445100\",\"basis\":[\"DL116\"],\"order\":{\"subject\":{\"kind\":"        \
    "\"enterprise\",\"id\":\"91445100DEMA00013Q\",\"region\":\"445102\"},\"persons\":[{\"role\":"  \
    "\"legal_representative\",\"id\":\"440524188001010014\",\"responsible\":true}],\"order_id\":"  \
    "\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\",\"version\":1,\"list\":\"serious_dishonesty\","          \
    "\"trigger\":\"DL116_118\",\"severity\":\"serious\",\"decision_body\":\"b\",\"decision_"       \
    "number\":"                                                                                    \
    "\"%s\",\"decision_date\":\"2023-04-20\",\"start_date\":\"2023-04-20\",\"prior_notice_date\":" \
    "\"2023-04-01\",\"consent_number\":\"7\",\"remedy\":\"r\","                                    \
    "\"remedy_deadline_date\":\"2023-06-19\",\"served_date\":\"2023-04-20\",\"facts_summary\":"    \
    "\"f\","                                                                                       \
    "\"contact\":\"c\"}}"

static void an_order_is_tried_without_a_hub(void **state)
{
    struct terminal *t = *state;
    char line[1400];
    char text[1200];
    snprintf(text, sizeof text, ORDER_FILE, "1");
    write_text("order.json", text);
    snprintf(line, sizeof line,
             "rule try --order order.json --rules %s/hub/policy/rules --calendar "
             "%s/schemas/data/calendar.csv --json",
             t->before, t->before);
    must(t, line);
    assert_says(t, "\"rule\":\"R01\"");
    assert_says(t, "\"code\":0");
    assert_says(t, "\"gate\":\"G03\"");
    assert_null(strstr(t->out, "91445100")); /* no identifier in it */
    snprintf(text, sizeof text, ORDER_FILE, "");
    write_text("order.json", text);
    must(t, line);
    assert_says(t, "\"why\":\"decision_number\"");
    refused(t, "rule try --order order.json", CLI_USAGE, "E001 --rules, --calendar", "");
    write_text("order.json", "{\"member\":\"market.445100\"}");
    assert_int_equal(run(t, line), CLI_REFUSED);
    assert_says(t, "\"code\":\"E010\"");
    assert_says(t, "\"where\":\"order.json\"");
}

static void an_order_file_that_is_none_is_refused_before_anything_is_asked(void **state)
{
    static const struct {
        const char *text;
        const char *label;
    } rows[] = {
        {"", "E008 order.json:1"},
        {"no json", "E008 order.json:1"},
        {"[]", "E010 order.json"},
        {"{\"order\":{}}", "E010 order.json"},
        {"{\"member\":\"market\",\"order\":{}}", "E010 order.json"},
        {"{\"member\":\"market.445100\",\"order\":[]}", "E010 order.json"},
    };
    struct terminal *t = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        write_text("order.json", rows[i].text);
        refused(t, "rule try --order order.json --control none", CLI_REFUSED, rows[i].label, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_rule_set_is_checked_or_its_faults_are_named),
        CASE(a_calendar_that_runs_out_before_a_term_does_is_told),
        CASE(a_faulty_rule_set_is_named_by_file_and_line_and_is_not_signed),
        CASE(with_json_every_fault_of_a_rule_set_is_in_one_object),
        CASE(officials_sign_a_rule_set_once_each),
        CASE(an_order_is_tried_without_a_hub),
        CASE(an_order_file_that_is_none_is_refused_before_anything_is_asked),
    };
    return cmocka_run_group_tests_name("cli_rules", tests, NULL, NULL);
}
