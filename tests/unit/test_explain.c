/*
 * Checks the promises in policy/explain.h: sentences that an official can read, in both languages.
 */
#include "policy/explain.h"

#include "policy_world.h"

static void a_duty_is_told_from_law_to_term(void **state)
{
    static const char *const basis[] = {"DL116"};
    char text[EXPLAIN_TEXT_MAX];
    struct writer w = writer_of(text, sizeof text - 1);
    const struct explain_item item = {.rule = "R01",
                                      .measure = "M01",
                                      .basis = basis,
                                      .basis_count = 1,
                                      .force = lianshu_Force_FORCE_MUST,
                                      .member = "market.445100",
                                      .start_date = 20260420,
                                      .end_date = 20360420,
                                      .answer_due_ms = date_end_ms(20260424)};
    (void)state;
    assert_int_equal(explain_item(world.rules, &item, &w), OK);
    text[w.len] = '\0';
    assert_string_equal(
        text,
        "规则 R01“生产销售假药，吊销许可证”，依据药品管理法第116条：市场监督管理（market.445100）"
        "必须执行 M01“不受理申请、限制市场或行业准入”；自2026-04-20起，至2036-04-20二十四时止；"
        "答复期限2026-04-24 24:00。\n"
        "Rule R01 (fake drugs, permit revoked), by Drug Administration Law art. 116: "
        "market supervision (market.445100) must carry out M01 (applications not accepted, no "
        "entry "
        "to market or trade); from 2026-04-20 to 2036-04-20, 24:00; answer by 2026-04-24 24:00.\n");
}

static void unknown_codes_are_shown_as_they_are(void **state)
{
    char text[EXPLAIN_TEXT_MAX];
    struct writer w = writer_of(text, sizeof text - 1);
    const struct explain_item item = {.rule = "R99", .measure = "M99", .member = "", .life = true};
    (void)state;
    assert_int_equal(explain_item(world.rules, &item, &w), OK);
    text[w.len] = '\0';
    assert_non_null(strstr(text, "R99"));
    assert_non_null(strstr(text, "M99"));
    assert_non_null(strstr(text, "终身"));
    assert_non_null(strstr(text, "for life"));
}

static void a_small_buffer_is_an_error(void **state)
{
    char text[40];
    struct writer w = writer_of(text, sizeof text);
    const struct explain_item item = {.rule = "R01", .measure = "M01", .member = ""};
    (void)state;
    assert_int_equal(explain_item(world.rules, &item, &w), ERR_TOO_LARGE);
}

static lianshu_Outcome outcome_of(const char *action, const char *measure, const char *rule,
                                  const char *basis)
{
    lianshu_Outcome o = lianshu_Outcome_init_zero;
    snprintf(o.action, sizeof o.action, "%s", action);
    snprintf(o.measure, sizeof o.measure, "%s", measure);
    snprintf(o.rule, sizeof o.rule, "%s", rule);
    snprintf(o.basis, sizeof o.basis, "%s", basis);
    o.force = lianshu_Force_FORCE_MUST;
    return o;
}

static void a_gate_names_measure_gate_and_article(void **state)
{
    char text[EXPLAIN_TEXT_MAX];
    struct writer w = writer_of(text, sizeof text - 1);
    const lianshu_Outcome o = outcome_of("refuse", "M03", "G01", "CL178-4");
    (void)state;
    assert_int_equal(explain_outcome(world.rules, &o, &w), OK);
    text[w.len] = '\0';
    assert_string_equal(
        text,
        "单据被拒绝：现行限制 M03“限制担任法定代表人、董事、监事、高级管理人员”，"
        "关口 G01“被限制任职者不得任职”，依据公司法第178条第1款第4项。\n"
        "The document was refused: restriction in force M03 (no post as legal representative, "
        "director, supervisor or executive), gate G01 (a person with a post ban is not "
        "appointed), by Company Law art. 178(1)(4).\n");
}

static void an_order_says_what_it_imposes_on_whom_until_when(void **state)
{
    char text[EXPLAIN_TEXT_MAX];
    struct writer w = writer_of(text, sizeof text - 1);
    lianshu_Outcome o = outcome_of("impose", "M02", "R01", "DL118");
    (void)state;
    o.subject_index = 2;
    o.start_date = 20260420;
    assert_int_equal(explain_outcome(world.rules, &o, &w), OK);
    text[w.len] = '\0';
    assert_string_equal(
        text,
        "本决定对单据所列第2人必须采取措施 M02“个人禁业”，规则 R01“生产销售假药，吊销许可证”，"
        "依据药品管理法第118条；自2026-04-20起，终身。\n"
        "The decision imposes measure M02 (personal practice ban), which must be carried "
        "out, against person 2 of the document, rule R01 (fake drugs, permit revoked), by "
        "Drug Administration Law art. 118; from 2026-04-20, for life.\n");
    w = writer_of(text, sizeof text - 1);
    o = outcome_of("impose", "M01", "R01", "DL116");
    o.start_date = 20260420, o.end_date = 20360420;
    assert_int_equal(explain_outcome(world.rules, &o, &w), OK);
    text[w.len] = '\0';
    assert_non_null(strstr(text, "本决定对主体必须采取措施 M01"));
    assert_non_null(strstr(text, "against the subject"));
    assert_non_null(strstr(text, "至2036-04-20二十四时止"));
}

/* The words that records use: decide, event, gate and change write no others. */
static void every_action_has_a_sentence(void **state)
{
    static const char *const words[] = {"impose", "refuse",  "hold",   "flag",      "copy",
                                        "alert",  "owe",     "class",  "incentive", "lift",
                                        "annul",  "suspend", "resume", "restore"};
    (void)state;
    for (size_t i = 0; i < T_COUNT(words); i++) {
        char text[EXPLAIN_TEXT_MAX];
        struct writer w = writer_of(text, sizeof text - 1);
        const lianshu_Outcome o = outcome_of(words[i], "M21", "R09", "SAMR44-15");
        print_message("%s\n", words[i]);
        assert_int_equal(explain_outcome(world.rules, &o, &w), OK);
        text[w.len] = '\0';
        const size_t zh = strcspn(text, "\n");
        for (size_t k = 0; k + strlen(words[i]) <= zh; k++) /* no code word in the Chinese line */
            assert_true(strncmp(text + k, words[i], strlen(words[i])) != 0);
    }
}

static void a_refusal_names_its_reason_and_the_article(void **state)
{
    char text[EXPLAIN_TEXT_MAX];
    struct writer w = writer_of(text, sizeof text - 1);
    struct decide_input in = input_r01(&world);
    lianshu_SanctionOrder order = order_r01();
    lianshu_DecisionRecord record;
    struct decision out;
    (void)state;
    order.remedy[0] = '\0';
    assert_int_equal(decide(&world, &in, &order, &out, &record), OK);
    assert_int_equal(explain_refusal(world.rules, &record, &w), OK);
    text[w.len] = '\0';
    assert_string_equal(text, "单据被拒绝：未告知救济途径，违反行政处罚法第59条。\n"
                              "The document was refused: the remedy is not stated, against "
                              "Administrative Penalty Law art. 59.\n");
    w = writer_of(text, sizeof text - 1);
    record.rules[record.rules_count - 1] = (lianshu_RuleTrace){.why = "before_change"};
    record.date = 20260401;
    record.against_date = 20260415;
    assert_int_equal(explain_refusal(world.rules, &record, &w), OK);
    text[w.len] = '\0';
    assert_string_equal(text,
                        "单据被拒绝：变更早于此前的变更（2026-04-01早于2026-04-15），"
                        "违反行政处罚法第75条。\n"
                        "The document was refused: the change is older than the one before it "
                        "(2026-04-01 is before 2026-04-15), against "
                        "Administrative Penalty Law art. 75.\n");
    w = writer_of(text, sizeof text - 1);
    order = order_r01();
    assert_int_equal(decide(&world, &in, &order, &out, &record), OK);
    assert_int_equal(explain_refusal(world.rules, &record, &w), OK);
    assert_int_equal(w.len, 0);
}

static void who_owes_is_said_as_a_rule_file_names_them(void **state)
{
    static const struct {
        struct owners owners;
        const char *want;
    } rows[] = {
        {{.who = WHO_EVERY}, "every"},
        {{.who = WHO_ISSUER}, "issuer"},
        {{.each = 1u << DEPARTMENT_HEALTH | 1u << DEPARTMENT_MARKET}, "market health"},
        {{.either = 1u << DEPARTMENT_DRUG | 1u << DEPARTMENT_MARKET}, "market|drug"},
        {{.each = 1u << DEPARTMENT_HEALTH,
          .either = 1u << DEPARTMENT_DRUG | 1u << DEPARTMENT_MARKET},
         "health market|drug"},
    };
    char text[EXPLAIN_OWNERS_MAX];
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        explain_owners(&rows[i].owners, text);
        assert_string_equal(text, rows[i].want);
    }
}

/* Beside those of decide_offences. */
static const char *const whys[] = {"subject_kind",
                                   "rule_not_in_force",
                                   "rule_region",
                                   "basis_of_rule",
                                   "basis_not_in_force",
                                   "basis_elsewhere",
                                   "matched",
                                   "list",
                                   "trigger",
                                   "not_in_force",
                                   "region",
                                   "basis",
                                   "role",
                                   "not_responsible",
                                   "not_registered",
                                   "no_restriction",
                                   "not_asked",
                                   "nobody_banned",
                                   "no_other",
                                   "points",
                                   "no_vaccine",
                                   "insured",
                                   "start_too_late",
                                   "term",
                                   "term_without_end",
                                   "term_too_short",
                                   "term_too_long",
                                   "no_early_repair",
                                   "repair_too_early",
                                   "repair_after_end",
                                   "no_person",
                                   "too_many_duties"};

static void assert_words(const char *why)
{
    print_message("%s\n", why);
    assert_true(explain_why_zh(why)[0] != '\0');
    assert_true(explain_why_en(why)[0] != '\0');
    assert_true(strlen(why) < DECIDE_WHY_MAX);
}

static void every_reason_is_known_in_both_languages(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(whys); i++)
        assert_words(whys[i]);
    for (size_t i = 0; decide_offences[i] != NULL; i++)
        assert_words(decide_offences[i]);
    assert_string_equal(explain_why_zh("nonsense"), "");
}

#define CASE(fn) cmocka_unit_test(fn)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_duty_is_told_from_law_to_term),
        CASE(unknown_codes_are_shown_as_they_are),
        CASE(a_small_buffer_is_an_error),
        CASE(a_gate_names_measure_gate_and_article),
        CASE(an_order_says_what_it_imposes_on_whom_until_when),
        CASE(every_action_has_a_sentence),
        CASE(a_refusal_names_its_reason_and_the_article),
        CASE(who_owes_is_said_as_a_rule_file_names_them),
        CASE(every_reason_is_known_in_both_languages),
    };
    return cmocka_run_group_tests_name("explain", tests, world_group_open, world_group_close);
}
