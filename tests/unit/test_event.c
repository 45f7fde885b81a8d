/*
 * Checks the promises in policy/event.h and rating.h: what documents that are no orders set off
 * by the shipped rules R08, R10, R11, R16, R24, R25, R27, R28, R29 and T30, on the days around
 * their dates. Derived by hand from the domain's tables B.8, D.4 and D.5.
 */
#include "policy_world.h"

#include "policy/event.h"
#include "policy/rating.h"

#include "case.pb.h"
#include "document.pb.h"
#include "safety.pb.h"
#include "wire.h"

#define TYPE(name) lianshu_DocumentType_TYPE_##name

/* The body of one test, whichever it is. */
union body {
    lianshu_SubjectRegister registration;
    lianshu_SubjectRelation relation;
    lianshu_Appointment appointment;
    lianshu_Penalty penalty;
    lianshu_CreditRating rating;
    lianshu_CreditIncentive incentive;
    lianshu_Insurance insurance;
    lianshu_BatchFacts batch;
    lianshu_Trace trace;
    lianshu_CaseClock clock;
};

#define NAME_SUBJECT(body, kind_, id_)                                                             \
    ((body).has_subject = true, name_subject(&(body).subject, kind_, id_))

static void name_subject(lianshu_Subject *s, lianshu_SubjectKind kind, const char *id)
{
    s->kind = kind;
    snprintf(s->id, sizeof s->id, "%s", id);
    snprintf(s->region, sizeof s->region, "445102");
}

static void name_person(lianshu_Person *p, lianshu_Role role, const char *id)
{
    p->role = role;
    snprintf(p->id, sizeof p->id, "%s", id);
}

static void ask(const struct world *w, uint32_t type, const union body *body, uint32_t today,
                struct event_decision *out)
{
    struct decide_input in = {.issuer = ISSUER, .now_ms = noon(today), .calendar = w->calendar};
    assert_int_equal(decide_event(w->rules, &w->view, &in, type, body, out, NULL), OK);
}

static const struct consequence *find(const struct event_decision *out, enum consequence_kind kind,
                                      const char *rule)
{
    for (uint32_t i = 0; i < out->count; i++)
        if (out->consequence[i].kind == kind && strcmp(out->consequence[i].duty.rule, rule) == 0)
            return &out->consequence[i];
    return NULL;
}

static unsigned count(const struct event_decision *out, enum consequence_kind kind)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < out->count; i++)
        n += out->consequence[i].kind == kind;
    return n;
}

/* Which of these members a consequence is for, as a string of letters. */
static const char *whom(const struct consequence *c)
{
    static const struct {
        char letter;
        const char *member;
    } members[] = {
        {'m', "market.445100"},    {'M', "market.440000"}, {'x', "market.220100"},
        {'n', "market.000000"},    {'d', "drug.440000"},   {'h', "health.445100"},
        {'i', "insurance.445100"}, {'p', "police.445100"}, {'b', "procurement.440000"},
    };
    static char text[T_COUNT(members) + 1];
    size_t len = 0;
    assert_non_null(c);
    for (size_t i = 0; i < T_COUNT(members); i++)
        if (duty_owed_by(&c->duty, ISSUER, members[i].member))
            text[len++] = members[i].letter;
    text[len] = '\0';
    return text;
}

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

/* ---- credit classes, R24, R25 ---- */

static union body rating_of(const uint32_t value[static 4], lianshu_CreditClass class,
                            uint32_t until)
{
    static const char *const codes[] = {"integrity", "industry_risk", "region_weight",
                                        "dynamic_alert"};
    union body body = {0};
    NAME_SUBJECT(body.rating, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
    body.rating.indices_count = 4;
    for (size_t i = 0; i < 4; i++) {
        snprintf(body.rating.indices[i].code, sizeof body.rating.indices[i].code, "%s", codes[i]);
        body.rating.indices[i].value = value[i];
    }
    body.rating.class = class;
    body.rating.from_date = 20260420;
    body.rating.until_date = until;
    return body;
}

/* Score: (50 a + 15 (1000 - b) + 10 (1000 - c) + 25 (1000 - d)) / 100. */
static const uint32_t GOOD[4] = {1000, 0, 0, 0};           /* 1000 */
static const uint32_t EDGE[4] = {500, 0, 0, 0};            /* 750 */
static const uint32_t BELOW[4] = {499, 0, 0, 0};           /* 749 */
static const uint32_t WARN_LOW[4] = {600, 500, 500, 500};  /* 300 + 250 = 550 */
static const uint32_t DISHONEST[4] = {599, 500, 500, 500}; /* 549 */
static const uint32_t LOWEST[4] = {0, 1000, 1000, 1000};   /* 0 */

static void the_class_follows_from_the_indices(void **state)
{
    static const struct {
        const uint32_t *value;
        lianshu_CreditClass class;
    } rows[] = {
        {GOOD, lianshu_CreditClass_CLASS_TRUSTWORTHY},
        {EDGE, lianshu_CreditClass_CLASS_TRUSTWORTHY},
        {BELOW, lianshu_CreditClass_CLASS_WARNED},
        {WARN_LOW, lianshu_CreditClass_CLASS_WARNED},
        {DISHONEST, lianshu_CreditClass_CLASS_DISHONEST},
        {LOWEST, lianshu_CreditClass_CLASS_SERIOUSLY},
    };
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        for (int class = 1; class <= 4; class ++) {
            struct event_decision out;
            union body body = rating_of(rows[i].value, (lianshu_CreditClass) class, 0);
            print_message("row %zu, class %d\n", i, class);
            ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
            bool right = (int)rows[i].class == class;
            assert_int_equal(out.err, right ? OK : ERR_CREDIT_CLASS);
            assert_int_equal(count(&out, CONSEQUENCE_CLASS), right ? 1 : 0);
            if (right)
                assert_int_equal(out.consequence[0].class, class);
            else
                assert_int_equal(out.count + out.end_count, 0);
        }
    }
}

static void indices_are_each_given_once_and_in_bounds(void **state)
{
    struct world *w = *state;
    struct rating_index index[5] = {{"integrity", 900},
                                    {"industry_risk", 1},
                                    {"region_weight", 1},
                                    {"dynamic_alert", 1},
                                    {"weather", 1}};
    lianshu_CreditClass class;
    uint32_t score;
    assert_int_equal(rating_class(w->rules, index, 4, &class), OK);
    assert_int_equal(rating_score(w->rules, index, 4, &score), OK);
    assert_int_equal(score, 949); /* 450 + 499.5, rounded down */
    assert_int_equal(rating_class(w->rules, index, 3, &class), ERR_FIELD_MISSING);
    assert_int_equal(rating_class(w->rules, index, 5, &class), ERR_FIELD_VALUE);
    index[4].code = "integrity";
    assert_int_equal(rating_class(w->rules, index, 5, &class), ERR_FIELD_VALUE);
    index[0].value = RATING_VALUE_MAX + 1;
    assert_int_equal(rating_class(w->rules, index, 4, &class), ERR_FIELD_VALUE);
}

static void r24_warns_until_the_class_changes(void **state)
{
    struct world *w = *state;
    struct event_decision out;
    union body body = rating_of(BELOW, lianshu_CreditClass_CLASS_WARNED, 0);
    ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
    const struct consequence *alert = find(&out, CONSEQUENCE_ALERT, "R24");
    assert_string_equal(whom(alert), "mMdh");
    assert_int_equal(alert->duty.answer_due_ms, date_end_ms(20260508)); /* ten working days */
    const struct consequence *duty = find(&out, CONSEQUENCE_DUTY, "R24");
    assert_string_equal(duty->duty.measure, "M23");
    assert_int_equal(duty->duty.force, lianshu_Force_FORCE_CONSIDER);
    assert_int_equal(duty->duty.end_date, 0); /* until the next rating */
    assert_string_equal(whom(duty), "mMd");   /* the province, and nobody beyond it */
    /* Whatever the next class is, it ends what this one caused. */
    body = rating_of(DISHONEST, lianshu_CreditClass_CLASS_DISHONEST, 0);
    ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.end_count, 2);
    assert_string_equal(out.ends[0], "R24");
    assert_string_equal(out.ends[1], "R25");
}

static struct view_restriction restriction(const char *measure, uint32_t from, uint32_t to)
{
    struct view_restriction r = {.force = lianshu_Force_FORCE_MUST,
                                 .start_date = from,
                                 .end_date = to,
                                 .scope = "000000",
                                 .rule = "R09"};
    snprintf(r.measure, sizeof r.measure, "%s", measure);
    memset(r.order_id, 0xB2, sizeof r.order_id);
    return r;
}

static void r25_gives_incentives_to_whoever_is_not_listed(void **state)
{
    struct world *w = *state;
    struct event_decision out;
    union body body = rating_of(GOOD, lianshu_CreditClass_CLASS_TRUSTWORTHY, 20300101);
    ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
    assert_int_equal(count(&out, CONSEQUENCE_INCENTIVE), 6);
    bool procurement = false;
    for (uint32_t i = 0; i < out.count; i++) {
        const struct consequence *c = &out.consequence[i];
        if (c->kind != CONSEQUENCE_INCENTIVE)
            continue;
        assert_int_equal(c->duty.force, lianshu_Force_FORCE_CONSIDER);
        assert_int_equal(c->duty.end_date, 20290420); /* three years at most */
        assert_false(c->duty.restricts);
        if (strcmp(c->duty.measure, "I05") == 0)
            procurement = strcmp(whom(c), "ib") == 0;
    }
    assert_true(procurement);
    w->restriction_count = 1;
    w->restriction[0].of = COMPANY;
    w->restriction[0].row = restriction("M22", 20260101, 20290101);
    ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
    assert_int_equal(out.err, OK);
    assert_int_equal(count(&out, CONSEQUENCE_INCENTIVE), 0);
    w->restriction[0].row.end_date = 20260419; /* over */
    ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
    assert_int_equal(count(&out, CONSEQUENCE_INCENTIVE), 6);
}

static void a_single_incentive_is_refused_to_the_listed(void **state)
{
    struct world *w = *state;
    struct event_decision out;
    union body body = {0};
    NAME_SUBJECT(body.incentive, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
    snprintf(body.incentive.measure, sizeof body.incentive.measure, "I03");
    body.incentive.from_date = 20260420;
    body.incentive.until_date = 20270420;
    ask(w, TYPE(CREDIT_INCENTIVE), &body, 20260421, &out);
    assert_int_equal(out.count, 1);
    const struct consequence *c = find(&out, CONSEQUENCE_INCENTIVE, "R25-OFFER");
    assert_string_equal(c->duty.measure, "I03");
    assert_int_equal(c->duty.end_date, 20270420);
    snprintf(body.incentive.measure, sizeof body.incentive.measure, "M22");
    ask(w, TYPE(CREDIT_INCENTIVE), &body, 20260421, &out);
    assert_int_equal(out.err, ERR_FIELD_VALUE);
    assert_int_equal(out.count, 0);
    snprintf(body.incentive.measure, sizeof body.incentive.measure, "I03");
    w->restriction_count = 1;
    w->restriction[0].of = COMPANY;
    w->restriction[0].row = restriction("M22", 20260101, 0);
    ask(w, TYPE(CREDIT_INCENTIVE), &body, 20260421, &out);
    assert_int_equal(out.err, ERR_RESTRICTED);
    assert_string_equal(out.why, "listed");
}

static void an_order_ends_the_red_list(void **state)
{
    const struct world *w = *state;
    const char *ends[EVENT_ENDS_MAX];
    assert_int_equal(event_ends_on_order(w->rules, ends), 2);
    assert_string_equal(ends[0], "R25");
    assert_string_equal(ends[1], "R25-OFFER");
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
    struct decide_input in = {.issuer = ISSUER, .now_ms = noon(20260421), .calendar = w->calendar};
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

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(r08_refuses_before_july_2024_and_alerts_after),
        CASE(r08_asks_for_another_company_held_on_that_day),
        CASE(penalties_are_recorded_and_impose_nothing),
        CASE(the_result_of_a_case_reminds_whoever_may_list),
        CASE(r16_stops_the_qualification_by_points),
        CASE(r16_is_about_persons_only),
        CASE(the_class_follows_from_the_indices),
        CASE(indices_are_each_given_once_and_in_bounds),
        CASE(r24_warns_until_the_class_changes),
        CASE(r25_gives_incentives_to_whoever_is_not_listed),
        CASE(a_single_incentive_is_refused_to_the_listed),
        CASE(an_order_ends_the_red_list),
        CASE(r27_tells_the_regulator_of_a_banned_person_hired),
        CASE(r28_holds_an_uninsured_vaccine),
        CASE(r29_tells_insurance_regulator_and_police),
        CASE(the_record_names_every_rule_of_the_type_and_is_repeatable),
        CASE(a_look_up_that_fails_decides_nothing),
        CASE(a_type_of_no_rule_has_no_consequences),
    };
    return cmocka_run_group_tests_name("event", tests, world_group_open, world_group_close);
}
