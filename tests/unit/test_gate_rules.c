/*
 * Checks the promises in policy/gate.h on gates that the shipped set has none of: two that ask for
 * one measure, of other days, and with deadlines of their own.
 */
#include "policy_world.h"
#include "ruleset_copy.h"

#include "document.pb.h"

enum { HONOUR = lianshu_DocumentType_TYPE_HONOUR };

#define TODAY 20260501
#define GATE(id, more)                                                                             \
    "  - {id: " id ", zh: 某, en: some, type: honour, measure: M09, mark: D, " more "}\n"
#define FLAG(id)      GATE(id, "action: flag")
#define HOLD(id, due) GATE(id, "action: hold, deadline: " due)

struct law {
    struct fixture *copy;
    struct world world;
};

static int open_copy(void **state)
{
    struct law *law = calloc(1, sizeof *law);
    assert_int_equal(setup((void **)&law->copy), 0);
    *state = law;
    return 0;
}

static int close_copy(void **state)
{
    struct law *law = *state;
    if (law->world.rules != NULL)
        world_close(&law->world);
    assert_int_equal(teardown((void **)&law->copy), 0);
    free(law);
    return 0;
}

/* Honours are asked about M09 by these gates only. */
static void enact(struct law *law, const char *gates)
{
    char text[2048];
    snprintf(text, sizeof text, "\ngates:\n%s", gates);
    spoil(law->copy, "gates.yaml", "\ngates:\n", text);
    if (law->world.rules != NULL)
        world_close(&law->world);
    world_open(&law->world, law->copy->dir);
    law->world.restriction_count = 2;
    for (size_t i = 0; i < 2; i++) {
        law->world.restriction[i].of = COMPANY;
        law->world.restriction[i].row = (struct view_restriction){.measure = "M09",
                                                                  .force = lianshu_Force_FORCE_MUST,
                                                                  .order_id = {(uint8_t)(i + 1)},
                                                                  .scope = "000000",
                                                                  .rule = "R01",
                                                                  .issuer = ISSUER,
                                                                  .start_date = 20200101};
    }
}

static struct gate_message honour(const struct law *law, const lianshu_Subject *subject)
{
    return (struct gate_message){.type = HONOUR,
                                 .subject = subject,
                                 .region = "445100",
                                 .now_ms = noon(TODAY),
                                 .calendar = law->world.calendar};
}

static void judge(struct law *law, struct verdict *out)
{
    const lianshu_Subject subject = {.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE, .id = COMPANY};
    const struct gate_message m = honour(law, &subject);
    assert_int_equal(gate_check(law->world.rules, &law->world.view, &m, out, NULL), OK);
}

/* However many gates ask, in whichever order: each order is a ground once, by the strictest. */
static void an_order_is_one_ground_of_its_strictest_gate(void **state)
{
    static const struct {
        const char *gates;
        enum gate_action want;
    } rows[] = {
        {FLAG("X1"), GATE_FLAG},
        {FLAG("X1") FLAG("X2"), GATE_FLAG},
        {FLAG("X1") HOLD("X2", "3 working_days, breach: refuse"), GATE_HOLD},
        {HOLD("X1", "3 working_days, breach: refuse") FLAG("X2"), GATE_HOLD},
        {FLAG("X1") HOLD("X2", "3 working_days, breach: refuse") GATE("X3", "action: refuse"),
         GATE_REFUSE},
        {GATE("X1", "action: copy") GATE("X2", "action: refuse") FLAG("X3"), GATE_REFUSE},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct verdict v;
        print_message("row %zu\n", i);
        enact(law, rows[i].gates);
        judge(law, &v);
        assert_int_equal(v.action, rows[i].want);
        assert_int_equal(v.ground_count, 2);
        for (uint32_t k = 0; k < 2; k++) {
            assert_string_equal(v.ground[k].measure, "M09");
            assert_int_equal(v.ground[k].order_id[0], k + 1);
        }
    }
}

static void of_two_holds_the_first_deadline_counts_and_what_it_says(void **state)
{
    static const struct {
        const char *gates;
        enum gate_action breach;
        uint32_t last;
    } rows[] = {
        {HOLD("X1", "3 days, breach: refuse"), GATE_REFUSE, 20260504},
        {HOLD("X1", "3 days, breach: refuse") HOLD("X2", "1 day, breach: pass"), GATE_PASS,
         20260502},
        {HOLD("X1", "1 day, breach: pass") HOLD("X2", "3 days, breach: refuse"), GATE_PASS,
         20260502},
        {HOLD("X1", "3 days, breach: flag") HOLD("X2", "3 days, breach: refuse"), GATE_FLAG,
         20260504},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct verdict v;
        print_message("row %zu\n", i);
        enact(law, rows[i].gates);
        judge(law, &v);
        assert_int_equal(v.action, GATE_HOLD);
        assert_int_equal(v.deadline_ms, date_end_ms(rows[i].last));
        assert_int_equal(v.breach, rows[i].breach);
    }
}

static void a_gate_stands_from_its_first_to_its_last_day(void **state)
{
    static const struct {
        const char *gate;
        bool stands;
    } rows[] = {
        {GATE("X1", "action: flag, from: 2026-05-01"), true},
        {GATE("X1", "action: flag, from: 2026-05-02"), false},
        {GATE("X1", "action: flag, to: 2026-05-01"), true},
        {GATE("X1", "action: flag, to: 2026-04-30"), false},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct verdict v;
        print_message("row %zu\n", i);
        enact(law, rows[i].gate);
        judge(law, &v);
        assert_int_equal(v.action, rows[i].stands ? GATE_FLAG : GATE_PASS);
    }
}

static void a_subject_without_kind_or_identifier_is_none(void **state)
{
    static const lianshu_Subject nobody[] = {
        {.kind = lianshu_SubjectKind_SUBJECT_NONE, .id = COMPANY},
        {.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE, .id = ""},
    };
    struct law *law = *state;
    enact(law, "");
    assert_string_equal(gate_action_word((enum gate_action)(GATE_REFUSE + 1)), "");
    for (size_t i = 0; i < T_COUNT(nobody); i++) {
        struct verdict v;
        const struct gate_message m = honour(law, &nobody[i]);
        assert_int_equal(gate_check(law->world.rules, &law->world.view, &m, &v, NULL), OK);
        assert_int_equal(v.action, GATE_REFUSE);
        assert_int_equal(v.err, ERR_FACTS_MISSING);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, open_copy, close_copy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_order_is_one_ground_of_its_strictest_gate),
        CASE(of_two_holds_the_first_deadline_counts_and_what_it_says),
        CASE(a_gate_stands_from_its_first_to_its_last_day),
        CASE(a_subject_without_kind_or_identifier_is_none),
    };
    return cmocka_run_group_tests_name("gate_rules", tests, NULL, NULL);
}
