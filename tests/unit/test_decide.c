/*
 * Checks the promises in policy/decide.h for orders. The obligations of R01 were derived by hand
 * from the rule and the members of Chaozhou. Refusals are in test_decide_refusals.c.
 */
#include "policy_world.h"

#include "wire.h"

/* measure, subject index, force, restricted until (0: life), first article */
static const struct {
    const char *measure;
    uint32_t subject_index;
    lianshu_Force force;
    uint32_t end_date;
    const char *basis;
    unsigned members; /* of the five that owe it */
    uint32_t unassigned;
} r01[] = {
    {"M01", 0, lianshu_Force_FORCE_MUST, 20360420, "DL116", 1, 0},
    {"M02", 1, lianshu_Force_FORCE_MUST, 0, "DL118", 1, 0},
    {"M02", 2, lianshu_Force_FORCE_MUST, 0, "DL118", 1, 0},
    {"M03", 1, lianshu_Force_FORCE_MUST, 20290420, "CL178-4", 1, 0},
    {"M22", 0, lianshu_Force_FORCE_MUST, 20290420, "SAMR44-15", 5, 0},
    {"M23", 0, lianshu_Force_FORCE_MUST, 20290420, "SAMR44-15", 2, 0},
    {"M27", 0, lianshu_Force_FORCE_MUST, 20290420, "SAMR44-15", 1, 0},
    {"M07", 0, lianshu_Force_FORCE_CONSIDER, 20290420, "MI33", 1, 0},
    {"M08", 0, lianshu_Force_FORCE_CONSIDER, 20290420, "NHSA-CREDIT", 2,
     1u << DEPARTMENT_PROCUREMENT},
    {"M20", 0, lianshu_Force_FORCE_CONSIDER, 20290420, "GBF2020-49", 0, 1u << DEPARTMENT_CREDIT},
    {"M21", 0, lianshu_Force_FORCE_CONSIDER, 20290420, "SAMR44-15", 5, 0},
    {"M24", 0, lianshu_Force_FORCE_CONSIDER, 20290420, "SAMR44-15", 2, 0},
    {"M25", 0, lianshu_Force_FORCE_CONSIDER, 20290420, "EI18", 0, 1u << DEPARTMENT_PROCUREMENT},
};

static const char *const members[] = {"market.445100", "health.445100", "insurance.445100",
                                      "police.445100", "procuratorate.445100"};

static uint32_t present(void)
{
    uint32_t set = 0;
    for (size_t i = 0; i < T_COUNT(members); i++) {
        struct member m;
        assert_int_equal(member_parse(members[i], &m), OK);
        set |= UINT32_C(1) << m.department;
    }
    return set;
}

static void r01_makes_22_obligations_and_3_are_unassigned(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    unsigned obligations = 0;
    unsigned unassigned = 0;

    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, OK);
    assert_string_equal(out.rule->id, "R01");
    assert_int_equal(out.duty_count, T_COUNT(r01));
    for (size_t i = 0; i < T_COUNT(r01); i++) {
        unsigned owed = 0;
        print_message("%s on %u\n", r01[i].measure, r01[i].subject_index);
        const struct duty *d = duty_find(&out, r01[i].measure, r01[i].subject_index);
        assert_non_null(d);
        assert_int_equal(d->force, r01[i].force);
        assert_int_equal(d->start_date, 20260420);
        assert_int_equal(d->end_date, r01[i].end_date);
        assert_string_equal(d->basis[0], r01[i].basis);
        assert_string_equal(d->scope, "000000");
        assert_true(d->restricts);
        for (size_t k = 0; k < T_COUNT(members); k++)
            owed += duty_owed_by(d, ISSUER, members[k]);
        assert_int_equal(owed, r01[i].members);
        assert_int_equal(duty_unassigned(d, present()), r01[i].unassigned);
        obligations += owed;
        unassigned += r01[i].unassigned != 0;
        assert_false(duty_owed_by(d, ISSUER, "hub.445100"));
        assert_false(duty_owed_by(d, ISSUER, "registrar.440000"));
        assert_false(duty_owed_by(d, ISSUER, "root.000000"));
    }
    assert_int_equal(obligations, 22);
    assert_int_equal(unassigned, 3);
    assert_int_equal(out.state, ORDER_ACTIVE);
    assert_int_equal(out.version, 1);
    assert_int_equal(out.end_date, 0); /* M02 is for life */
}

static void roles_of_the_duties_are_those_of_the_persons(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_int_equal(duty_find(&out, "M02", 2)->role, lianshu_Role_ROLE_DIRECTLY_RESPONSIBLE);
    assert_int_equal(duty_find(&out, "M03", 1)->role, lianshu_Role_ROLE_LEGAL_REPRESENTATIVE);
    assert_int_equal(duty_find(&out, "M01", 0)->role, lianshu_Role_ROLE_NONE);
}

/* Decided on at noon of Tuesday 2026-04-21; 1 to 5 May are holidays, Saturday the 9th is worked. */
static void deadlines_are_in_working_days(void **state)
{
    static const struct {
        const char *measure;
        uint32_t index;
        uint32_t answer;
        uint32_t execute;
    } rows[] = {
        {"M01", 0, 20260424, 20260428}, /* 3 and 5 */
        {"M03", 1, 20260422, 20260424}, /* 1 and 3 */
        {"M27", 0, 20260424, 20260521}, /* 3 and 20 */
        {"M07", 0, 20260508, 20260521}, /* 10 and 20 */
    };
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct duty *d = duty_find(&out, rows[i].measure, rows[i].index);
        print_message("%s\n", rows[i].measure);
        assert_int_equal(d->answer_due_ms, date_end_ms(rows[i].answer));
        assert_int_equal(d->execute_due_ms, date_end_ms(rows[i].execute));
    }
}

static void members_elsewhere_owe_by_scope(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    const struct duty *d = duty_find(&out, "M07", 0);
    assert_true(duty_owed_by(d, ISSUER, "insurance.220000")); /* the nation */
    struct duty local = *d;
    snprintf(local.scope, sizeof local.scope, "440000");
    assert_true(duty_owed_by(&local, ISSUER, "insurance.445122"));
    assert_false(duty_owed_by(&local, ISSUER, "insurance.220000"));
    assert_false(duty_owed_by(&local, ISSUER, "insurance"));
    const struct duty *publish = duty_find(&out, "M27", 0);
    assert_true(duty_owed_by(publish, "market.440000", "market.440000"));
    assert_false(duty_owed_by(publish, "market.440000", ISSUER));
}

static void a_drug_administration_owes_where_there_is_one(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    const struct duty *d = duty_find(&out, "M01", 0);
    assert_true(duty_owed_by(d, ISSUER, "drug.440000"));
    assert_int_equal(duty_unassigned(d, 1u << DEPARTMENT_DRUG), 0);
    assert_int_equal(duty_unassigned(d, 1u << DEPARTMENT_HEALTH), 1u << DEPARTMENT_MARKET);
    const struct duty *m23 = duty_find(&out, "M23", 0);
    assert_int_equal(duty_unassigned(m23, 1u << DEPARTMENT_DRUG), 1u << DEPARTMENT_HEALTH);
}

static void personal_measures_reach_only_their_roles(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    lianshu_DecisionRecord record;
    struct decision out;

    /* Not personally responsible: life ban yes, post ban no. */
    order.persons[0].responsible = false;
    assert_int_equal(decide(*state, &in, &order, &out, &record), OK);
    assert_int_equal(out.err, OK);
    assert_non_null(duty_find(&out, "M02", 1));
    assert_null(duty_find(&out, "M03", 1));
    assert_int_equal(out.duty_count, T_COUNT(r01) - 1);

    /* An employee is none of the four roles: no duty, and the trace says why. */
    order = order_r01();
    order.persons[1].role = lianshu_Role_ROLE_EMPLOYEE;
    assert_int_equal(decide(*state, &in, &order, &out, &record), OK);
    assert_null(duty_find(&out, "M02", 2));

    /* The legal representative who is named twice is banned once. */
    order = order_r01();
    order.persons[1] = order.persons[0];
    order.persons[1].role = lianshu_Role_ROLE_PRINCIPAL;
    assert_int_equal(decide(*state, &in, &order, &out, &record), OK);
    assert_non_null(duty_find(&out, "M02", 1));
    assert_null(duty_find(&out, "M02", 2));
}

static const char *trace_of(const lianshu_DecisionRecord *record, const char *rule, bool *matched)
{
    for (pb_size_t i = 0; i < record->rules_count; i++) {
        if (strcmp(record->rules[i].rule, rule) == 0) {
            *matched = record->rules[i].matched;
            return record->rules[i].why;
        }
    }
    return NULL;
}

static void the_record_explains_matches_and_near_misses(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    lianshu_DecisionRecord record;
    struct decision out;
    bool matched = false;
    uint8_t hash[RULESET_HASH_LEN];

    order.persons[0].responsible = false;
    assert_int_equal(decide(*state, &in, &order, &out, &record), OK);
    assert_string_equal(trace_of(&record, "R01", &matched), "matched");
    assert_true(matched);
    assert_string_equal(trace_of(&record, "R02", &matched), "trigger");
    assert_false(matched);
    assert_string_equal(trace_of(&record, "R01/M03", &matched), "role");
    assert_null(trace_of(&record, "R22", &matched)); /* neither list nor trigger */
    assert_int_equal(record.outcome_count, out.duty_count);
    assert_string_equal(record.outcome[0].action, "impose");
    assert_int_equal(record.code, OK);
    assert_int_equal(record.now_ms, in.now_ms);
    ruleset_hash(world.rules, hash);
    assert_memory_equal(record.rule_set_sha256, hash, sizeof hash);
}

static void same_inputs_same_bytes(void **state)
{
    static uint8_t first[1 << 16];
    static uint8_t again[1 << 16];
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    lianshu_DecisionRecord record;
    struct decision out;

    struct writer w = writer_of(first, sizeof first);
    assert_int_equal(decide(*state, &in, &order, &out, &record), OK);
    assert_int_equal(wire_encode(&lianshu_DecisionRecord_msg, &record, &w), OK);
    memset(&record, 0xEE, sizeof record);
    memset(&out, 0xEE, sizeof out);
    struct writer v = writer_of(again, sizeof again);
    assert_int_equal(decide(*state, &in, &order, &out, &record), OK);
    assert_int_equal(wire_encode(&lianshu_DecisionRecord_msg, &record, &v), OK);
    assert_int_equal(w.len, v.len);
    assert_memory_equal(first, again, w.len);
}

static void what_is_read_changes_the_read_set(void **state)
{
    struct world *w = *state;
    struct decide_input in = input_r01(w);
    lianshu_SanctionOrder order = order_r01();
    lianshu_DecisionRecord a;
    lianshu_DecisionRecord b;
    struct decision out;

    assert_int_equal(decide(w, &in, &order, &out, &a), OK);
    w->has_conflict = true;
    memcpy(w->conflict, order.order_id, sizeof w->conflict);
    assert_int_equal(decide(w, &in, &order, &out, &b), OK);
    assert_int_equal(out.err, OK); /* its own earlier version is no conflict */
    assert_memory_not_equal(a.read_set_sha256, b.read_set_sha256, 32);
}

/* Its own hub has asked; of a first version rank decides, and so every hub asks. */
static void of_a_correction_that_another_hub_took_no_other_order_is_looked_for(void **state)
{
    struct world *w = *state;
    struct decide_input in = input_r01(w);
    lianshu_SanctionOrder order = order_r01();
    lianshu_DecisionRecord record;
    struct decision out;
    w->has_conflict = true;
    w->other.state = ORDER_ACTIVE;
    in.elsewhere = true;
    assert_int_equal(decide(w, &in, &order, &out, &record), OK);
    assert_int_equal(out.err, ERR_ORDER_CONFLICT);
    assert_false(record.elsewhere);
    w->has_order = true;
    memcpy(w->order.id, order.order_id, sizeof w->order.id);
    w->order.state = ORDER_ACTIVE;
    w->order.version = 1;
    snprintf(w->order.issuer, sizeof w->order.issuer, "%s", ISSUER);
    snprintf(w->order.list, sizeof w->order.list, "%s", order.list);
    order.version = 2;
    assert_int_equal(decide(w, &in, &order, &out, &record), OK);
    assert_int_equal(out.err, OK);
    assert_true(record.elsewhere);
    in.elsewhere = false;
    assert_int_equal(decide(w, &in, &order, &out, &record), OK);
    assert_int_equal(out.err, ERR_ORDER_CONFLICT);
    assert_false(record.elsewhere);
}

static void r07_locks_the_responsible_representative(void **state)
{
    static const char *const basis_new[] = {"CL178-4"};
    static const char *const basis_old[] = {"CL146-4"};
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;

    in.basis = basis_new, in.basis_count = 1;
    snprintf(order.list, sizeof order.list, "licence_revoked");
    snprintf(order.trigger, sizeof order.trigger, "licence_revoked");
    order.max_date = 20290420;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_string_equal(out.why, "");
    assert_string_equal(out.rule->id, "R07");
    assert_int_equal(out.duty_count, 2);
    assert_int_equal(duty_find(&out, "M03", 1)->end_date, 20290420);
    assert_string_equal(duty_find(&out, "M03", 1)->scope, "000000");
    assert_int_equal(out.end_date, 20290420);

    order.persons[0].responsible = false;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, ERR_NO_PERSON);

    /* A decision of before the Company Law of 2023 is judged by the law of its day. */
    order.persons[0].responsible = true;
    in.basis = basis_old;
    order.decision_date = order.start_date = 20240630;
    order.prior_notice_date = 20240601;
    order.act_date = 20240101;
    order.max_date = 20270630;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_string_equal(out.why, "");
    assert_string_equal(out.rule->id, "R07-2018");
    assert_string_equal(duty_find(&out, "M03", 1)->basis[0], "CL146-4");
    assert_int_equal(duty_find(&out, "M03", 1)->basis_count, 1);
}

static const char *const r10_basis[] = {"AP48"};

static void r10_is_published_as_long_as_its_time_said(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    in.basis = r10_basis, in.basis_count = 1;
    snprintf(order.list, sizeof order.list, "penalty_record");
    snprintf(order.trigger, sizeof order.trigger, "penalty_larger_fine");
    order.severity = lianshu_Severity_SEVERITY_ORDINARY;
    order.persons_count = 0;
    order.max_date = 20270420;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_string_equal(out.why, "");
    assert_string_equal(out.rule->id, "R10");
    order.decision_date = order.start_date = order.prior_notice_date = 20260331;
    order.max_date = 20290331;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_string_equal(out.why, "");
    assert_string_equal(out.rule->id, "R10-2023");
}

static void a_measure_as_decided_never_outlasts_its_article(void **state)
{
    static const char *const basis[] = {"MI40", "MI43"};
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    in.issuer = "insurance.445100";
    in.basis = basis;
    snprintf(order.list, sizeof order.list, "insurance_fraud");
    snprintf(order.trigger, sizeof order.trigger, "MI43");
    order.max_date = 20310420;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_string_equal(out.why, "");
    /* MI40 stops the service for a year at most, MI43 bars the head for five. */
    assert_int_equal(duty_find(&out, "M07", 0)->end_date, 20270420);
    assert_int_equal(duty_find(&out, "M07", 1)->end_date, 20310420);
    assert_null(duty_find(&out, "M07", 2)); /* the manager is no head */
    assert_int_equal(out.end_date, 20310420);
}

static void an_order_that_starts_later_is_pending(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    order.start_date = 20260501;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_int_equal(out.state, ORDER_PENDING);
}

static void sixteen_persons_stay_within_the_plan(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    /* Every four digits of sequence give another person; the check digit is worked out here. */
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    order.persons_count = 16;
    for (pb_size_t i = 0; i < 16; i++) {
        char id[20];
        int sum = 0;
        order.persons[i] = order.persons[0];
        snprintf(id, sizeof id, "44052418800101%03u", 100u + i);
        for (int k = 0; k < 17; k++)
            sum += (id[k] - '0') * weights[k];
        snprintf(order.persons[i].id, sizeof order.persons[i].id, "%s%c", id,
                 "10X98765432"[sum % 11]);
    }
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_string_equal(out.why, "");
    assert_int_equal(out.duty_count, 10 + 16 + 16);
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(r01_makes_22_obligations_and_3_are_unassigned),
        CASE(roles_of_the_duties_are_those_of_the_persons),
        CASE(deadlines_are_in_working_days),
        CASE(members_elsewhere_owe_by_scope),
        CASE(a_drug_administration_owes_where_there_is_one),
        CASE(personal_measures_reach_only_their_roles),
        CASE(the_record_explains_matches_and_near_misses),
        CASE(same_inputs_same_bytes),
        CASE(what_is_read_changes_the_read_set),
        CASE(of_a_correction_that_another_hub_took_no_other_order_is_looked_for),
        CASE(r07_locks_the_responsible_representative),
        CASE(r10_is_published_as_long_as_its_time_said),
        CASE(a_measure_as_decided_never_outlasts_its_article),
        CASE(an_order_that_starts_later_is_pending),
        CASE(sixteen_persons_stay_within_the_plan),
    };
    return cmocka_run_group_tests_name("decide", tests, world_group_open, world_group_close);
}
