/*
 * Checks the refusals promised in policy/decide.h: each is one change to an order that nothing is
 * wrong with, and beside them what is just within the bounds.
 */
#include "policy_world.h"

/* ---- refusals: one change to an order that nothing is wrong with ---- */

typedef void spoil_fn(lianshu_SanctionOrder *o, struct decide_input *in, struct world *w);

static const char *const old_law[] = {"CL146-4"};
static const char *const no_code[] = {"DL116", "药品管理法116"};
static const char *const beside[] = {"DL105"};
static const char *const local[] = {"DL116", "SH2017"};
static const char *const r09_basis[] = {"SAMR44-6"};
static const char *const r06_basis[] = {"DL126"};

#define SPOIL(name)                                                                                \
    static void name(lianshu_SanctionOrder *o __attribute__((unused)),                             \
                     struct decide_input *in __attribute__((unused)),                              \
                     struct world *w __attribute__((unused)))

SPOIL(bad_uscc)
{
    snprintf(o->subject.id, sizeof o->subject.id, "91445100DEMA00013X");
}
SPOIL(short_uscc)
{
    snprintf(o->subject.id, sizeof o->subject.id, "91445100DEMA");
}
SPOIL(bad_citizen)
{
    snprintf(o->persons[1].id, sizeof o->persons[1].id, "110105194912310021");
}
SPOIL(no_role)
{
    o->persons[1].role = lianshu_Role_ROLE_NONE;
}
SPOIL(no_region)
{
    o->subject.region[0] = '\0';
}
SPOIL(no_decision_date)
{
    o->decision_date = 0;
}
SPOIL(no_start)
{
    o->start_date = 0;
}
SPOIL(no_such_day)
{
    o->served_date = 20260431;
}
SPOIL(future)
{
    o->decision_date = o->start_date = 20260422;
}
SPOIL(back_dated)
{
    o->start_date = 20260419;
}
SPOIL(late_act)
{
    o->act_date = 20260421;
}
SPOIL(late_notice)
{
    o->prior_notice_date = 20260421;
}
SPOIL(early_service)
{
    o->served_date = 20260419;
}
SPOIL(ends_early)
{
    o->max_date = 20260419;
}
SPOIL(remedy_over)
{
    o->remedy_deadline_date = 20260419;
}
SPOIL(no_number)
{
    o->decision_number[0] = '\0';
}
SPOIL(no_body)
{
    o->decision_body[0] = '\0';
}
SPOIL(no_list)
{
    o->list[0] = '\0';
}
SPOIL(no_severity)
{
    o->severity = lianshu_Severity_SEVERITY_NONE;
}
SPOIL(other_severity)
{
    o->severity = lianshu_Severity_SEVERITY_ORDINARY;
}
SPOIL(no_remedy)
{
    o->remedy[0] = '\0';
}
SPOIL(unknown_list)
{
    snprintf(o->list, sizeof o->list, "black_list");
}
SPOIL(other_list)
{
    snprintf(o->list, sizeof o->list, "penalty_record");
}
SPOIL(unknown_trigger)
{
    snprintf(o->trigger, sizeof o->trigger, "DL999");
}
SPOIL(person_subject)
{
    o->subject.kind = lianshu_SubjectKind_SUBJECT_PERSON;
    snprintf(o->subject.id, sizeof o->subject.id, "%s", BOSS);
}
SPOIL(before_the_rule)
{
    o->decision_date = o->start_date = 20210831;
    o->prior_notice_date = 20210801;
    o->act_date = 20210701;
}
SPOIL(no_basis)
{
    in->basis_count = 0;
}
SPOIL(unknown_basis)
{
    in->basis = no_code;
}
SPOIL(repealed_basis)
{
    in->basis = old_law, in->basis_count = 1;
}
SPOIL(other_basis)
{
    in->basis = beside, in->basis_count = 1;
}
SPOIL(foreign_basis)
{
    in->basis = local;
}
SPOIL(by_health)
{
    in->issuer = "health.445100";
}
SPOIL(by_nobody)
{
    in->issuer = "nobody";
}
SPOIL(bribery_by_city)
{
    static const char *const basis[] = {"DL141a"};
    in->issuer = "health.445100";
    in->basis = basis, in->basis_count = 1;
    snprintf(o->list, sizeof o->list, "bribery_record");
    snprintf(o->trigger, sizeof o->trigger, "bribery_first");
}
SPOIL(version_two)
{
    o->version = 2;
}
SPOIL(version_zero)
{
    o->version = 0;
}
SPOIL(known_again)
{
    w->has_order = true;
    memcpy(w->order.id, o->order_id, sizeof w->order.id);
    w->order.state = ORDER_ACTIVE;
    w->order.version = 1;
    w->order.start_date = 20260420;
    snprintf(w->order.issuer, sizeof w->order.issuer, "%s", ISSUER);
    snprintf(w->order.list, sizeof w->order.list, "serious_dishonesty");
}
SPOIL(correction_skips)
{
    known_again(o, in, w), o->version = 3;
}
SPOIL(correction_by_other)
{
    known_again(o, in, w), o->version = 2;
    snprintf(w->order.issuer, sizeof w->order.issuer, "market.445102");
}
SPOIL(correction_of_lifted)
{
    known_again(o, in, w), o->version = 2, w->order.state = ORDER_LIFTED;
}
SPOIL(correction_to_other_list)
{
    known_again(o, in, w), o->version = 2;
    snprintf(w->order.list, sizeof w->order.list, "penalty_record");
}
SPOIL(correction_of_other_subject)
{
    known_again(o, in, w), o->version = 2;
    world_token_of(CLEAN, w->order.token);
}
SPOIL(start_in_a_year)
{
    o->start_date = 20270420;
}
SPOIL(too_short)
{
    o->max_date = 20260520;
}
SPOIL(early_repair)
{
    o->earliest_repair_date = 20270420;
}
SPOIL(r09)
{
    snprintf(o->trigger, sizeof o->trigger, "SAMR44_6_1");
    in->basis = r09_basis, in->basis_count = 1;
    o->max_date = 20290420;
    o->persons_count = 0;
}
SPOIL(r09_without_end)
{
    r09(o, in, w), o->max_date = 0;
}
SPOIL(r09_too_long)
{
    r09(o, in, w), o->max_date = 20290421;
}
SPOIL(r09_too_short)
{
    r09(o, in, w), o->max_date = 20270419;
}
SPOIL(r09_early)
{
    r09(o, in, w), o->earliest_repair_date = 20270419;
}
SPOIL(r06_nine_years)
{
    snprintf(o->trigger, sizeof o->trigger, "DL126");
    in->basis = r06_basis, in->basis_count = 1;
    o->max_date = 20350420;
}
SPOIL(no_notice)
{
    o->prior_notice_date = 0;
}
SPOIL(no_consent)
{
    o->consent_number[0] = '\0';
}
SPOIL(no_consent_county)
{
    in->issuer = "market.445102", o->consent_number[0] = '\0';
}
SPOIL(no_persons)
{
    o->persons_count = 0;
}
SPOIL(only_employees)
{
    o->persons[0].role = o->persons[1].role = lianshu_Role_ROLE_EMPLOYEE;
}
SPOIL(conflict)
{
    w->has_conflict = true;
}

static const struct {
    spoil_fn *spoil;
    enum err want;
    const char *why;
} refusals[] = {
    /* clang-format off */
    {bad_uscc, ERR_CHECK_DIGIT, "subject_id"},
    {short_uscc, ERR_IDENTIFIER, "subject_id"},
    {bad_citizen, ERR_CHECK_DIGIT, "person_id"},
    {no_role, ERR_FIELD_MISSING, "person_role"},
    {no_region, ERR_REGION, "subject_region"},
    {no_decision_date, ERR_FIELD_MISSING, "dates"},
    {no_start, ERR_FIELD_MISSING, "dates"},
    {no_such_day, ERR_FIELD_VALUE, "dates"},
    {future, ERR_TERM, "decision_in_future"},
    {back_dated, ERR_TERM, "back_dated"},
    {late_act, ERR_TERM, "act_after_decision"},
    {late_notice, ERR_TERM, "notice_after_decision"},
    {early_service, ERR_TERM, "served_before_decision"},
    {ends_early, ERR_TERM, "ends_before_start"},
    {remedy_over, ERR_TERM, "remedy_before_decision"},
    {no_number, ERR_FIELD_MISSING, "decision_number"},
    {no_body, ERR_FIELD_MISSING, "decision_number"},
    {no_list, ERR_FIELD_MISSING, "list_trigger"},
    {no_severity, ERR_FIELD_MISSING, "severity"},
    {other_severity, ERR_FIELD_VALUE, "severity"},
    {no_remedy, ERR_FIELD_MISSING, "remedy"},
    {unknown_list, ERR_LIST_RIGHT, "list_unknown"},
    {other_list, ERR_LIST_RIGHT, "trigger_unknown"},
    {unknown_trigger, ERR_LIST_RIGHT, "trigger_unknown"},
    {person_subject, ERR_LIST_RIGHT, "subject_kind"},
    {before_the_rule, ERR_BASIS, "rule_not_in_force"},
    {no_basis, ERR_BASIS, "basis_missing"},
    {unknown_basis, ERR_BASIS, "basis_unknown"},
    {repealed_basis, ERR_BASIS, "basis_not_in_force"},
    {other_basis, ERR_BASIS, "basis_of_rule"},
    {foreign_basis, ERR_BASIS, "basis_elsewhere"},
    {by_health, ERR_LIST_RIGHT, "list_department"},
    {by_nobody, ERR_LIST_RIGHT, "issuer"},
    {bribery_by_city, ERR_LIST_RIGHT, "list_level"},
    {version_two, ERR_ORDER_VERSION, "version"},
    {version_zero, ERR_ORDER_VERSION, "version"},
    {known_again, ERR_ORDER_VERSION, "version"},
    {correction_skips, ERR_ORDER_VERSION, "version"},
    {correction_by_other, ERR_ORDER_AUTHORITY, "not_issuer"},
    {correction_of_lifted, ERR_ORDER_STATE, "state"},
    {correction_to_other_list, ERR_ORDER_VERSION, "other_list"},
    {correction_of_other_subject, ERR_ORDER_VERSION, "other_subject"},
    {start_in_a_year, ERR_TERM, "start_too_late"},
    {too_short, ERR_TERM, "term_too_short"},
    {early_repair, ERR_TERM, "no_early_repair"},
    {r09_without_end, ERR_TERM, "term_without_end"},
    {r09_too_long, ERR_TERM, "term_too_long"},
    {r09_too_short, ERR_TERM, "term_too_short"},
    {r09_early, ERR_TERM, "repair_too_early"},
    {r06_nine_years, ERR_TERM, "term_too_short"},
    {no_notice, ERR_CONSENT, "prior_notice"},
    {no_consent, ERR_CONSENT, "consent"},
    {no_consent_county, ERR_CONSENT, "consent"},
    {no_persons, ERR_NO_PERSON, "no_person"},
    {only_employees, ERR_NO_PERSON, "no_person"},
    {conflict, ERR_ORDER_CONFLICT, "conflict"},
    /* clang-format on */
};

static void every_refusal_has_its_code_and_no_duties(void **state)
{
    for (size_t i = 0; i < T_COUNT(refusals); i++) {
        struct world *w = *state;
        world_reset(w);
        struct decide_input in = input_r01(w);
        lianshu_SanctionOrder order = order_r01();
        lianshu_DecisionRecord record;
        struct decision out;

        refusals[i].spoil(&order, &in, w);
        print_message("row %zu: %s\n", i, refusals[i].why);
        assert_int_equal(decide(w, &in, &order, &out, &record), OK);
        assert_string_equal(out.why, refusals[i].why);
        assert_int_equal(out.err, refusals[i].want);
        assert_int_equal(out.duty_count, 0);
        assert_int_equal(record.outcome_count, 0);
        assert_int_equal(record.code, refusals[i].want);
        const char *last = record.rules[record.rules_count - 1].why;
        assert_string_equal(last, refusals[i].why);
    }
}

static void the_offended_article_is_named(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    order.persons_count = 0;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_string_equal(out.basis, "DL116");
}

static void what_a_province_decides_needs_no_consent(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    in.issuer = "market.440000";
    order.consent_number[0] = '\0';
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, OK);
}

static void a_correction_follows_its_version(void **state)
{
    struct world *w = *state;
    struct decide_input in = input_r01(w);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    known_again(&order, &in, w);
    world_token_of(COMPANY, w->order.token);
    order.version = 2;
    assert_int_equal(decide(w, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, OK);
    assert_int_equal(out.version, 2);
    assert_int_equal(out.duty_count, 13);
}

static void r09_reaches_the_enterprise_alone(void **state)
{
    struct world *w = *state;
    struct decide_input in = input_r01(w);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    r09(&order, &in, w);
    order.persons_count = 2; /* named, but no law reaches them */
    order.earliest_repair_date = 20270420;
    assert_int_equal(decide(w, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, OK);
    assert_string_equal(out.rule->id, "R09");
    assert_int_equal(out.duty_count, 6);
    for (uint32_t i = 0; i < out.duty_count; i++)
        assert_int_equal(out.duty[i].subject_index, 0);
    assert_int_equal(out.end_date, 20290420);
    assert_int_equal(duty_find(&out, "M21", 0)->force, lianshu_Force_FORCE_MUST);
    assert_false(duty_owed_by(duty_find(&out, "M21", 0), ISSUER, "health.445100"));
}

static void an_unknown_answer_decides_nothing(void **state)
{
    struct world *w = *state;
    struct decide_input in = input_r01(w);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    w->broken = ERR_IO;
    assert_int_equal(decide(w, &in, &order, &out, NULL), ERR_IO);
    assert_int_equal(out.err, ERR_IO);
    assert_int_equal(out.duty_count, 0);
}

static void with_a_region_table_the_region_must_exist(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct regions *regions = NULL;
    struct fault fault = {0};
    struct decision out;
    assert_int_equal(regions_open(&regions, "schemas/data/regions.csv", &fault), OK);
    in.regions = regions;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, OK);
    snprintf(order.subject.region, sizeof order.subject.region, "445199");
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, ERR_REGION);
    regions_close(&regions);
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_refusal_has_its_code_and_no_duties),
        CASE(the_offended_article_is_named),
        CASE(what_a_province_decides_needs_no_consent),
        CASE(a_correction_follows_its_version),
        CASE(r09_reaches_the_enterprise_alone),
        CASE(with_a_region_table_the_region_must_exist),
        CASE(an_unknown_answer_decides_nothing),
    };
    return cmocka_run_group_tests_name("decide_refusals", tests, world_group_open,
                                       world_group_close);
}
