/*
 * Checks the promises in policy/explain.h word for word: what is known is said, what is not is left
 * out or shown as it is, and what does not fit is an error.
 */
#include "policy/explain.h"

#include "policy_world.h"

/* What must stand in the text; "": nothing else is asked. */
static void says(const char *text, const char *const want[static 4])
{
    for (size_t i = 0; i < 4 && want[i] != NULL; i++) {
        if (strstr(text, want[i]) == NULL)
            print_message("not there: %s\nin: %s", want[i], text);
        assert_non_null(strstr(text, want[i]));
    }
}

static void what_is_not_known_of_a_duty_is_left_out(void **state)
{
    static const char *const two[] = {"DL116", "XX1"};
    static const struct {
        struct explain_item item;
        const char *want[4];
        const char * not ;
    } rows[] = {
        {{.rule = "R01", .measure = "M01", .member = "", .force = lianshu_Force_FORCE_CONSIDER},
         {"规则所列部门酌情执行 M01", "whom the rule names considers whether to carry out M01"},
         "依据"},
        {{.rule = "R01", .measure = "M01", .member = NULL}, {"规则所列部门执行 M01"}, "from"},
        {{.rule = "R01", .measure = "M01", .member = "market.4451"}, {"规则所列部门"}, "（"},
        {{.rule = "R01", .measure = "M01", .member = "market.445100", .force = (lianshu_Force)9},
         {"市场监督管理（market.445100）执行 M01", "market supervision (market.445100)  carry out"},
         "必须"},
        {{.rule = "R01", .measure = "M01", .member = "", .basis = two, .basis_count = 2},
         {"依据药品管理法第116条、XX1：", "by Drug Administration Law art. 116, XX1: "},
         "；"},
        {{.rule = "R01", .measure = "M01", .member = "", .end_date = 20360420},
         {"，至2036-04-20二十四时止", " to 2036-04-20, 24:00"},
         "；自"},
        {{.rule = "R01", .measure = "M01", .member = "", .start_date = 20260420, .life = true},
         {"；自2026-04-20起，终身。", "; from 2026-04-20, for life."},
         "至"},
        /* noon in China; minutes are enough */
        {{.rule = "R01",
          .measure = "M01",
          .member = "",
          .answer_due_ms = UINT64_C(1776657659999),
          .execute_due_ms = UINT64_C(1776700800000)},
         {"；答复期限2026-04-20 12:00", "；办结期限2026-04-20 24:00",
          "; answer by 2026-04-20 12:00", "; done by 2026-04-20 24:00"},
         "12:00:59"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[EXPLAIN_TEXT_MAX];
        struct writer w = writer_of(text, sizeof text - 1);
        print_message("row %zu\n", i);
        assert_int_equal(explain_item(world.rules, &rows[i].item, &w), OK);
        text[w.len] = '\0';
        says(text, rows[i].want);
        assert_null(strstr(text, rows[i].not ));
    }
}

static void an_outcome_says_what_it_has(void **state)
{
    static const struct {
        lianshu_Outcome o;
        const char *want[4];
        const char * not ;
    } rows[] = {
        {{.action = "impose",
          .measure = "M24",
          .force = lianshu_Force_FORCE_CONSIDER,
          .end_date = 20290420},
         {"本决定对主体酌情采取措施 M24", "to be considered, against the subject to 2029-04-20"},
         "规则"},
        {{.action = "owe",
          .measure = "M24",
          .force = lianshu_Force_FORCE_NOTIFY,
          .subject_index = 3,
          .rule = "R99",
          .basis = "XX1"},
         {"对单据所列第3人知悉采取措施 M24", "，规则 R99，依据XX1，终身。",
          ", against person 3 of the document, rule R99, by XX1"},
         "关口"},
        {{.action = "hold", .rule = "R28"}, {"单据待两名人员处理，规则 R28“"}, "现行限制"},
        {{.action = "flag", .measure = "M99", .rule = "G01"},
         {"：现行限制 M99，关口 G01“", ": restriction in force M99, gate G01 ("},
         "规则"},
        {{.action = "burn", .measure = "M24"},
         {"burn：现行限制 M24", "burn: restriction in force M24"},
         "规则"},
        {{.action = "lift", .measure = "M24"}, {"惩戒解除。", "The order is lifted."}, "M24"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[EXPLAIN_TEXT_MAX];
        struct writer w = writer_of(text, sizeof text - 1);
        print_message("row %zu\n", i);
        assert_int_equal(explain_outcome(world.rules, &rows[i].o, &w), OK);
        text[w.len] = '\0';
        says(text, rows[i].want);
        assert_null(strstr(text, rows[i].not ));
        char small[8];
        w = writer_of(small, sizeof small);
        assert_int_equal(explain_outcome(world.rules, &rows[i].o, &w), ERR_TOO_LARGE);
    }
}

/* Why a document was refused is the last word of its record, if that is one of ours. */
static void a_refusal_is_the_last_word_of_the_record(void **state)
{
    static const struct {
        uint32_t code;
        const char *rule, *why; /* NULL: no rule was looked at */
        bool matched;
        const char *want[4];
    } rows[] = {
        {OK, "R01", "conflict", false, {NULL}},
        {ERR_TERM, NULL, NULL, false, {NULL}},
        {ERR_TERM, "R01", "matched", true, {NULL}},
        {ERR_TERM, "R01", "mood", false, {NULL}},
        {ERR_ORDER_CONFLICT,
         "",
         "conflict",
         false,
         {"单据被拒绝：同一决定已有生效惩戒，违反",
          "The document was refused: an order for the same decision is in force, against "}},
        {ERR_TERM,
         "R01",
         "repair_too_early",
         false,
         {"早于最早修复日期，违反药品管理法第116条。",
          "before the earliest date of repair, against Drug Administration Law art. 116."}},
        {ERR_TERM,
         "R99",
         "repair_too_early",
         false,
         {"早于最早修复日期。", "before the earliest date of repair."}},
        {ERR_RESTRICTED,
         "R28",
         "uninsured_vaccine",
         false,
         {"疫苗未在责任强制保险期内，违反", ", against "}},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        static lianshu_DecisionRecord record;
        char text[EXPLAIN_TEXT_MAX];
        struct writer w = writer_of(text, sizeof text - 1);
        record = (lianshu_DecisionRecord)lianshu_DecisionRecord_init_zero;
        record.code = rows[i].code;
        record.now_ms = noon(20260421);
        record.rules_count = rows[i].rule != NULL ? 2 : 0;
        if (rows[i].rule != NULL) {
            lianshu_RuleTrace *last = &record.rules[1];
            snprintf(last->rule, sizeof last->rule, "%s", rows[i].rule);
            snprintf(last->why, sizeof last->why, "%s", rows[i].why);
            last->matched = rows[i].matched;
        }
        print_message("row %zu\n", i);
        assert_int_equal(explain_refusal(world.rules, &record, &w), OK);
        text[w.len] = '\0';
        assert_int_equal(w.len == 0, rows[i].want[0] == NULL);
        says(text, rows[i].want);
        w = writer_of(text, 10);
        assert_int_equal(explain_refusal(world.rules, &record, &w),
                         rows[i].want[0] == NULL ? OK : ERR_TOO_LARGE);
    }
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_not_known_of_a_duty_is_left_out),
        CASE(an_outcome_says_what_it_has),
        CASE(a_refusal_is_the_last_word_of_the_record),
    };
    return cmocka_run_group_tests_name("explain_words", tests, world_group_open, world_group_close);
}
