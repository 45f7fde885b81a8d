/*
 * Checks the promises in policy/event.h and rating.h: what documents that are no orders set off
 * by the shipped rules R08, R10, R11, R16, R27, R28, R29 and T30, on the days around their dates.
 * Derived by hand from the articles that hub/policy/rules names.
 */
#include "unit/event_world.h"

/* ---- R08 ---- */

static void second_company(const struct world *w, uint32_t type, uint32_t registered,
                           struct event_decision *out)
{
    union body body = {0};
    lianshu_Subject *subject =
        type == TYPE(SUBJECT_REGISTER) ? &body.registration.subject : &body.relation.subject;
    lianshu_Person *person =
        type == TYPE(SUBJECT_REGISTER) ? body.registration.persons : body.relation.persons;
    name_subject(subject, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
    body.registration.has_subject = true; /* field 1 of both */
    name_person(person, lianshu_Role_ROLE_SOLE_SHAREHOLDER, BOSS);
    if (type == TYPE(SUBJECT_REGISTER)) {
        body.registration.registered_date = registered;
        body.registration.persons_count = 1;
    } else {
        body.relation.from_date = registered;
        body.relation.persons_count = 1;
    }
    ask(w, type, &body, 20260421, out);
}

static void r08_refuses_before_july_2024_and_alerts_after(void **state)
{
    static const struct {
        uint32_t type;
        uint32_t date;
        enum err err;
        const char *rule;
    } rows[] = {
        {TYPE(SUBJECT_REGISTER), 20240630, ERR_RESTRICTED, "R08-2018"},
        {TYPE(SUBJECT_REGISTER), 20240701, OK, "R08"},
        {TYPE(SUBJECT_RELATION), 20240630, ERR_RESTRICTED, "R08-2018"},
        {TYPE(SUBJECT_RELATION), 20260420, OK, "R08"},
    };
    struct world *w = *state;
    struct event_decision out;
    w->relation_count = 1;
    w->relation[0].of = CLEAN;
    w->relation[0].person = BOSS;
    w->relation[0].role = lianshu_Role_ROLE_SOLE_SHAREHOLDER;
    w->relation[0].from = 20200101;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        second_company(w, rows[i].type, rows[i].date, &out);
        assert_int_equal(out.err, rows[i].err);
        assert_int_equal(count(&out, CONSEQUENCE_REFUSE), rows[i].err == OK ? 0 : 1);
        const struct consequence *alert = find(&out, CONSEQUENCE_ALERT, rows[i].rule);
        assert_string_equal(whom(alert), "mM");
        assert_int_equal(alert->duty.subject_index, 1);
        assert_int_equal(alert->duty.answer_due_ms, date_end_ms(20260422));
        assert_string_equal(alert->reason, "second_one_person");
        assert_int_equal(count(&out, CONSEQUENCE_DUTY), 0);
    }
    second_company(w, TYPE(SUBJECT_REGISTER), 20240630, &out);
    assert_string_equal(out.why, "second_one_person");
    assert_string_equal(out.basis, "CL58");
}

static void r08_asks_for_another_company_held_on_that_day(void **state)
{
    static const struct {
        const char *of;
        lianshu_Role role;
        uint32_t from;
        uint32_t to;
    } rows[] = {
        {COMPANY, lianshu_Role_ROLE_SOLE_SHAREHOLDER, 20200101, 0},      /* the same company */
        {CLEAN, lianshu_Role_ROLE_LEGAL_REPRESENTATIVE, 20200101, 0},    /* another role */
        {CLEAN, lianshu_Role_ROLE_SOLE_SHAREHOLDER, 20200101, 20240101}, /* given up */
        {CLEAN, lianshu_Role_ROLE_SOLE_SHAREHOLDER, 20250101, 0},        /* not yet */
    };
    struct world *w = *state;
    struct event_decision out;
    w->relation_count = 1;
    w->relation[0].person = BOSS;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        w->relation[0].of = rows[i].of;
        w->relation[0].role = rows[i].role;
        w->relation[0].from = rows[i].from;
        w->relation[0].to = rows[i].to;
        second_company(w, TYPE(SUBJECT_REGISTER), 20240630, &out);
        assert_int_equal(out.err, OK);
        assert_int_equal(out.count, 0);
    }
}

/* ---- R10, R11, T30 ---- */

static void penalties_are_recorded_and_impose_nothing(void **state)
{
    static const struct {
        lianshu_Severity severity;
        const char *trigger;
        uint32_t date;
        const char *alert; /* rule of the reminder; "" for none */
        uint32_t due;
    } rows[] = {
        {lianshu_Severity_SEVERITY_LIGHT, "warning", 20260420, "", 0},
        {lianshu_Severity_SEVERITY_LIGHT, "DL116_118", 20260420, "", 0},
        {lianshu_Severity_SEVERITY_ORDINARY, "penalty_larger_fine", 20260420, "R10-REC", 20260521},
        {lianshu_Severity_SEVERITY_SERIOUS, "DL116_118", 20260420, "T30-PENALTY", 20260422},
        {lianshu_Severity_SEVERITY_SERIOUS, "no_such_trigger", 20260420, "", 0},
        {lianshu_Severity_SEVERITY_ORDINARY, "penalty_larger_fine", 20210831, "", 0},
    };
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        union body body = {0};
        struct event_decision out;
        NAME_SUBJECT(body.penalty, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
        body.penalty.severity = rows[i].severity;
        body.penalty.decision_date = rows[i].date;
        snprintf(body.penalty.trigger, sizeof body.penalty.trigger, "%s", rows[i].trigger);
        print_message("row %zu\n", i);
        ask(w, TYPE(PENALTY_DECISION), &body, 20260421, &out);
        assert_int_equal(out.err, OK);
        assert_int_equal(out.count, rows[i].alert[0] == '\0' ? 0 : 1);
        if (out.count == 0)
            continue;
        const struct consequence *alert = find(&out, CONSEQUENCE_ALERT, rows[i].alert);
        assert_string_equal(whom(alert), "m"); /* its own publisher */
        assert_int_equal(alert->duty.answer_due_ms, date_end_ms(rows[i].due));
    }
}

static void the_result_of_a_case_reminds_whoever_may_list(void **state)
{
    struct world *w = *state;
    union body body = {0};
    struct event_decision out;
    body.clock.event_ms = noon(20260420);
    ask(w, TYPE(CASE_RESULT), &body, 20260421, &out);
    assert_int_equal(out.count, 1);
    assert_string_equal(whom(find(&out, CONSEQUENCE_ALERT, "T30")), "mMdi");
    ask(w, TYPE(CASE_DECISION), &body, 20260421, &out);
    assert_int_equal(out.count, 0);
}

/* ---- R16 ---- */

static void r16_stops_the_qualification_by_points(void **state)
{
    static const struct {
        uint32_t points;
        bool single;
        uint32_t date;
        uint32_t until;
        const char *rule; /* "": none */
        uint32_t end;
    } rows[] = {
        {8, false, 20260420, 0, "", 0},
        {9, false, 20260420, 0, "R16", 20261020},
        {9, false, 20260420, 20260620, "R16", 20260620}, /* two months, as the document says */
        {9, false, 20260420, 20270420, "R16", 20261020}, /* never more than six */
        {11, true, 20260420, 0, "R16", 20261020},
        {12, false, 20260420, 20260520, "R16-12", 20270420},
        {12, true, 20260420, 0, "R16-SINGLE", 20290420},
        {12, true, 20240826, 0, "", 0},
        {12, true, 20240827, 0, "R16-SINGLE", 20270827},
    };
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        union body body = {0};
        struct event_decision out;
        NAME_SUBJECT(body.insurance, lianshu_SubjectKind_SUBJECT_PERSON, BOSS);
        body.insurance.points = rows[i].points;
        body.insurance.single = rows[i].single;
        body.insurance.date = rows[i].date;
        body.insurance.period_until_date = rows[i].until;
        print_message("row %zu\n", i);
        ask(w, TYPE(INSURANCE_QUALIFICATION), &body, 20260421, &out);
        assert_int_equal(out.err, OK);
        assert_int_equal(out.count, rows[i].rule[0] == '\0' ? 0 : 1);
        if (out.count == 0)
            continue;
        const struct consequence *c = find(&out, CONSEQUENCE_DUTY, rows[i].rule);
        assert_string_equal(whom(c), "i");
        assert_string_equal(c->duty.measure, "M07");
        assert_int_equal(c->duty.force, lianshu_Force_FORCE_CONSIDER);
        assert_string_equal(c->duty.scope, "000000"); /* it follows the person */
        assert_int_equal(c->duty.end_date, rows[i].end);
        assert_true(c->duty.restricts);
    }
}

static void r16_is_about_persons_only(void **state)
{
    struct world *w = *state;
    union body body = {0};
    struct event_decision out;
    NAME_SUBJECT(body.insurance, lianshu_SubjectKind_SUBJECT_INSTITUTION, COMPANY);
    body.insurance.points = 12;
    ask(w, TYPE(INSURANCE_QUALIFICATION), &body, 20260421, &out);
    assert_int_equal(out.count, 0);
}

/* ---- R27, R28, R29 ---- */

static void r27_tells_the_regulator_of_a_banned_person_hired(void **state)
{
    static const struct {
        uint32_t type;
        const char *measure;
        uint32_t from;
        uint32_t to;
        uint32_t date;
        bool alert;
    } rows[] = {
        {TYPE(EMPLOYMENT), "M02", 20250101, 0, 20260420, true},
        {TYPE(APPOINTMENT), "M02", 20250101, 0, 20260420, true},
        {TYPE(EMPLOYMENT), "M02", 20260420, 0, 20260420, true},         /* on its first day */
        {TYPE(EMPLOYMENT), "M02", 20260421, 0, 20260420, false},        /* hired before the ban */
        {TYPE(EMPLOYMENT), "M02", 20150101, 20260419, 20260420, false}, /* the ban is over */
        {TYPE(EMPLOYMENT), "M02", 20150101, 20260420, 20260420, true},
        {TYPE(EMPLOYMENT), "M03", 20250101, 0, 20260420, false}, /* a ban of posts, not of trade */
        {TYPE(EMPLOYMENT), "M02", 20190101, 0, 20191130, false}, /* before the law */
        {TYPE(EMPLOYMENT), "M02", 20190101, 0, 20191201, true},
    };
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        union body body = {0};
        struct event_decision out;
        NAME_SUBJECT(body.appointment, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
        body.appointment.persons_count = 1;
        name_person(&body.appointment.persons[0], lianshu_Role_ROLE_EMPLOYEE, BOSS);
        body.appointment.from_date = rows[i].date;
        w->restriction_count = 1;
        w->restriction[0].of = BOSS;
        w->restriction[0].row = restriction(rows[i].measure, rows[i].from, rows[i].to);
        print_message("row %zu\n", i);
        ask(w, rows[i].type, &body, 20260421, &out);
        assert_int_equal(out.err, OK);
        assert_int_equal(out.count, rows[i].alert ? 1 : 0);
        if (!rows[i].alert)
            continue;
        const struct consequence *c = find(&out, CONSEQUENCE_ALERT, "R27");
        assert_string_equal(whom(c), "mMdh");
        assert_int_equal(c->duty.subject_index, 1);
        assert_int_equal(c->duty.role, lianshu_Role_ROLE_EMPLOYEE);
        assert_string_equal(c->duty.basis[0], "DL140");
        assert_int_equal(c->order_id[0], 0xB2); /* the ban that was broken */
        assert_int_equal(c->duty.answer_due_ms, date_end_ms(20260428));
    }
}

static void r28_holds_an_uninsured_vaccine(void **state)
{
    static const struct {
        bool vaccine;
        uint32_t insured;
        bool held;
    } rows[] = {
        {true, 0, true},
        {true, 20260419, true},
        {true, 20260420, false},
        {false, 0, false},
    };
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        union body body = {0};
        struct event_decision out;
        NAME_SUBJECT(body.batch, lianshu_SubjectKind_SUBJECT_BATCH, "S20200001/B1");
        body.batch.subject.region[0] = '\0'; /* a batch has none: where the document comes from */
        body.batch.report_date = 20260420;
        body.batch.vaccine = rows[i].vaccine;
        body.batch.insured_until_date = rows[i].insured;
        print_message("row %zu\n", i);
        ask(w, TYPE(BATCH_RELEASE), &body, 20260421, &out);
        assert_int_equal(out.err, OK);
        assert_int_equal(out.end_count, 1);
        assert_string_equal(out.ends[0], "R28");
        assert_int_equal(out.count, rows[i].held ? 3 : 0);
        if (!rows[i].held)
            continue;
        const struct consequence *hold = find(&out, CONSEQUENCE_HOLD, "R28");
        assert_int_equal(hold->code, ERR_HELD);
        assert_int_equal(hold->breach, GATE_REFUSE);
        assert_int_equal(hold->duty.answer_due_ms, date_end_ms(20260424));
        assert_string_equal(whom(find(&out, CONSEQUENCE_ALERT, "R28")), "mMdh");
        const struct consequence *duty = find(&out, CONSEQUENCE_DUTY, "R28");
        assert_string_equal(duty->duty.measure, "M09");
        assert_int_equal(duty->duty.force, lianshu_Force_FORCE_MUST);
        assert_int_equal(duty->duty.end_date, 0);
        assert_string_equal(duty->duty.basis[0], "VL68");
        assert_int_equal(duty->duty.answer_due_ms, noon(20260422));
        assert_int_equal(duty->duty.execute_due_ms, date_end_ms(20260424));
    }
}

static void r29_tells_insurance_regulator_and_police(void **state)
{
    static const struct {
        uint32_t date;
        unsigned alerts;
    } rows[] = {{20250630, 0}, {20250701, 3}, {20260420, 3}};
    static const char *const members[] = {"i", "mMd", "p"};
    static const uint32_t due[] = {20260424, 20260514, 20260604};
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        union body body = {0};
        struct event_decision out;
        NAME_SUBJECT(body.trace, lianshu_SubjectKind_SUBJECT_PRODUCT, "国药准字H20067255");
        body.trace.event_ms = noon(rows[i].date);
        print_message("row %zu\n", i);
        ask(w, TYPE(TRACE_DUPLICATE), &body, 20260421, &out);
        assert_int_equal(out.count, rows[i].alerts);
        for (uint32_t k = 0; k < out.count; k++) {
            assert_int_equal(out.consequence[k].kind, CONSEQUENCE_ALERT);
            assert_string_equal(whom(&out.consequence[k]), members[k]);
            assert_int_equal(out.consequence[k].duty.answer_due_ms, date_end_ms(due[k]));
        }
    }
}

/* ---- guarantees ---- */

static void the_record_names_every_rule_of_the_type_and_is_repeatable(void **state)
{
    struct world *w = *state;
    static uint8_t bytes[2][1 << 16];
    size_t len[2];
    union body body = rating_of(BELOW, lianshu_CreditClass_CLASS_WARNED, 0);
    static const uint8_t id[VIEW_ORDER_ID_LEN] = {5};
    struct decide_input in = {.issuer = ISSUER,
                              .issued_ms = noon(20260421),
                              .document_id = id,
                              .now_ms = noon(20260421),
                              .calendar = w->calendar};
    for (size_t i = 0; i < 2; i++) {
        static lianshu_DecisionRecord record;
        struct event_decision out;
        memset(&record, (int)i, sizeof record);
        assert_int_equal(
            decide_event(w->rules, &w->view, &in, TYPE(CREDIT_RATING), &body, &out, &record), OK);
        assert_int_equal(record.rules_count, 2);
        assert_string_equal(record.rules[0].rule, "R24");
        assert_true(record.rules[0].matched);
        assert_string_equal(record.rules[1].rule, "R25");
        assert_string_equal(record.rules[1].why, "class");
        assert_int_equal(record.outcome_count, out.count);
        struct writer writer = writer_of(bytes[i], sizeof bytes[i]);
        assert_int_equal(wire_encode(&lianshu_DecisionRecord_msg, &record, &writer), OK);
        len[i] = writer.len;
    }
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(bytes[0], bytes[1], len[0]);
}

static void a_look_up_that_fails_decides_nothing(void **state)
{
    struct world *w = *state;
    struct event_decision out;
    union body body = {0};
    struct decide_input in = {.issuer = ISSUER, .now_ms = noon(20260421), .calendar = w->calendar};
    NAME_SUBJECT(body.appointment, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
    body.appointment.persons_count = 1;
    name_person(&body.appointment.persons[0], lianshu_Role_ROLE_EMPLOYEE, BOSS);
    body.appointment.from_date = 20260420;
    w->broken = ERR_IO;
    assert_int_equal(decide_event(w->rules, &w->view, &in, TYPE(EMPLOYMENT), &body, &out, NULL),
                     ERR_IO);
    assert_int_equal(out.count, 0);
}

static enum err no_restrictions(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                                uint32_t date, view_restriction_fn *fn, void *arg)
{
    (void)ctx, (void)token, (void)date, (void)fn, (void)arg;
    return ERR_IO;
}

/* The class was decided by then. */
static void a_look_up_that_fails_later_leaves_nothing_in_the_record(void **state)
{
    struct world *w = *state;
    static lianshu_DecisionRecord record;
    static const uint8_t id[VIEW_ORDER_ID_LEN] = {5};
    struct event_decision out;
    union body body = rating_of(GOOD, lianshu_CreditClass_CLASS_TRUSTWORTHY, 0);
    struct decide_input in = {.issuer = ISSUER,
                              .issued_ms = noon(20260421),
                              .document_id = id,
                              .now_ms = noon(20260421),
                              .calendar = w->calendar};
    struct view view = w->view;
    view.restrictions = no_restrictions;
    assert_int_equal(decide_event(w->rules, &view, &in, TYPE(CREDIT_RATING), &body, &out, &record),
                     ERR_IO);
    assert_int_equal(out.count, 0);
    assert_int_equal(record.outcome_count, 0);
}

static void a_type_of_no_rule_has_no_consequences(void **state)
{
    struct world *w = *state;
    struct event_decision out;
    union body body = {0};
    assert_false(event_applies(w->rules, TYPE(HONOUR)));
    assert_false(event_applies(w->rules, TYPE(SANCTION_ORDER)));
    assert_true(event_applies(w->rules, TYPE(CREDIT_RATING)));
    ask(w, TYPE(HONOUR), &body, 20260421, &out);
    assert_int_equal(out.count + out.end_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(r08_refuses_before_july_2024_and_alerts_after),
        CASE(r08_asks_for_another_company_held_on_that_day),
        CASE(penalties_are_recorded_and_impose_nothing),
        CASE(the_result_of_a_case_reminds_whoever_may_list),
        CASE(r16_stops_the_qualification_by_points),
        CASE(r16_is_about_persons_only),
        CASE(r27_tells_the_regulator_of_a_banned_person_hired),
        CASE(r28_holds_an_uninsured_vaccine),
        CASE(r29_tells_insurance_regulator_and_police),
        CASE(the_record_names_every_rule_of_the_type_and_is_repeatable),
        CASE(a_look_up_that_fails_decides_nothing),
        CASE(a_look_up_that_fails_later_leaves_nothing_in_the_record),
        CASE(a_type_of_no_rule_has_no_consequences),
    };
    return cmocka_run_group_tests_name("event", tests, world_group_open, world_group_close);
}
