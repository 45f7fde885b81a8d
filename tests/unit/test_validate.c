/* Checks the promises in validate.h: one change of a good body a row. */
#include "validate.h"

#include "t.h"

#include "fuzz/samples.h"

#include "case.pb.h"
#include "sanction.pb.h"

#include <string.h>

static struct regions *regions;

static int setup(void **state)
{
    (void)state;
    return regions_open(&regions, "schemas/data/regions.csv", NULL) == OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    regions_close(&regions);
    return 0;
}

static void check(uint32_t type, const void *body, enum err want, const char *where)
{
    struct fault f = {.where = ""};
    assert_int_equal(facts_validate(type_find(type), body, regions, &f), want);
    assert_string_equal(f.where, where);
}

static void an_order_is_refused_for_each_fault(void **state)
{
    lianshu_SanctionOrder o;
    (void)state;
#define ROW(statement, want, where)                                                                \
    do {                                                                                           \
        sample_order(&o);                                                                          \
        statement;                                                                                 \
        check(lianshu_DocumentType_TYPE_SANCTION_ORDER, &o, want, where);                          \
    } while (0)
    ROW((void)0, OK, "");
    ROW(o.has_subject = false, ERR_FIELD_MISSING, "subject");
    ROW(o.subject.kind = lianshu_SubjectKind_SUBJECT_NONE, ERR_FIELD_MISSING, "subject.kind");
    ROW(o.subject.id[0] = '\0', ERR_FIELD_MISSING, "subject.id");
    ROW(o.subject.id[17] = '0', ERR_CHECK_DIGIT, "subject.id");
    ROW(o.subject.id[3] = 'O', ERR_IDENTIFIER, "subject.id");
    ROW(o.subject.kind = lianshu_SubjectKind_SUBJECT_PERSON, ERR_IDENTIFIER, "subject.id");
    ROW(o.subject.name[0] = '\0', ERR_FIELD_MISSING, "subject.name");
    ROW(o.subject.region[0] = '\0', ERR_FIELD_MISSING, "subject.region");
    ROW(strcpy(o.subject.region, "445199"), ERR_REGION, "subject.region");
    ROW(strcpy(o.subject.region, "4451"), ERR_REGION, "subject.region");
    ROW(o.persons[1].id[17] = '5', ERR_CHECK_DIGIT, "persons[1].id");
    ROW(o.persons[1].id[0] = '\0', ERR_FIELD_MISSING, "persons[1].id");
    ROW(o.persons[0].name[0] = '\0', ERR_FIELD_MISSING, "persons[0].name");
    ROW(o.persons[0].role = lianshu_Role_ROLE_NONE, ERR_FIELD_MISSING, "persons[0].role");
    ROW(memset(o.order_id, 0, sizeof o.order_id), ERR_FIELD_MISSING, "order_id");
    ROW(o.version = 0, ERR_FIELD_MISSING, "version");
    ROW(o.list[0] = '\0', ERR_FIELD_MISSING, "list");
    ROW(o.trigger[0] = '\0', ERR_FIELD_MISSING, "trigger");
    ROW(o.severity = lianshu_Severity_SEVERITY_NONE, ERR_FIELD_MISSING, "severity");
    ROW(o.decision_number[0] = '\0', ERR_FIELD_MISSING, "decision_number");
    ROW(o.decision_date = 0, ERR_FIELD_MISSING, "decision_date");
    ROW(o.decision_date = 20260230, ERR_FIELD_VALUE, "decision_date");
    ROW(o.prior_notice_date = 1, ERR_FIELD_VALUE, "prior_notice_date");
    ROW(o.start_date = 20261031, ERR_FIELD_VALUE, "start_date");
    ROW(o.max_date = 20261121, ERR_FIELD_VALUE, "max_date");
    ROW(o.max_date = 0, OK, ""); /* for life */
    ROW(o.act_date = 20261102, ERR_FIELD_VALUE, "decision_date");
#undef ROW
}

static void the_other_types_have_their_own_rules(void **state)
{
    lianshu_SanctionOrder o;
    (void)state;
    sample_order(&o);

    lianshu_Appointment a = {.has_subject = true, .subject = o.subject, .from_date = 20261122};
    check(lianshu_DocumentType_TYPE_APPOINTMENT, &a, ERR_FIELD_MISSING, "persons");
    a.persons_count = 1;
    a.persons[0] = o.persons[0];
    check(lianshu_DocumentType_TYPE_APPOINTMENT, &a, OK, "");

    lianshu_CaseClock c = {.case_id = {1}, .transition = "T07", .event_ms = SAMPLE_NOW_MS};
    check(lianshu_DocumentType_TYPE_CASE_REFERRAL, &c, OK, "");
    c.has_subject = true;
    c.subject = o.subject;
    check(lianshu_DocumentType_TYPE_CASE_REFERRAL, &c, ERR_PERSONAL_DATA, "subject");

    lianshu_Withdraw w = {.message_id = {1}, .env_id = {2}};
    check(lianshu_DocumentType_TYPE_WITHDRAW, &w, OK, "");
    w.has_subject = true;
    w.subject = o.subject;
    check(lianshu_DocumentType_TYPE_WITHDRAW, &w, ERR_PERSONAL_DATA, "subject");
    w = (lianshu_Withdraw){.message_id = {1}, .env_id = {2}, .persons_count = 1};
    w.persons[0] = o.persons[0];
    check(lianshu_DocumentType_TYPE_WITHDRAW, &w, ERR_PERSONAL_DATA, "persons");
    w = (lianshu_Withdraw){.env_id = {2}};
    check(lianshu_DocumentType_TYPE_WITHDRAW, &w, ERR_FIELD_MISSING, "message_id");
    w = (lianshu_Withdraw){.message_id = {1}};
    check(lianshu_DocumentType_TYPE_WITHDRAW, &w, ERR_FIELD_MISSING, "env_id");

    lianshu_SanctionAnswer answer = {
        .obligation_id = {1},
        .answer = lianshu_AnswerKind_ANSWER_ACCEPTED,
    };
    check(lianshu_DocumentType_TYPE_SANCTION_ANSWER, &answer, OK, "");
    answer.answer = lianshu_AnswerKind_ANSWER_DECLINED;
    check(lianshu_DocumentType_TYPE_SANCTION_ANSWER, &answer, ERR_DECLINE_REASON, "legal_reason");

    lianshu_BatchFacts b = {
        .has_subject = true,
        .subject = {lianshu_SubjectKind_SUBJECT_BATCH, "国药准字S20200001/A1", "疫苗", ""},
        .product_name = "疫苗",
        .approval_number = "国药准字S20200001",
        .batch_number = "A1",
        .report_date = 20261122,
    };
    check(lianshu_DocumentType_TYPE_AEFI_REPORT, &b, OK, "");
    b.subject = o.subject;
    check(lianshu_DocumentType_TYPE_AEFI_REPORT, &b, ERR_FIELD_VALUE, "subject.kind");

    check(lianshu_DocumentType_TYPE_EVIDENCE, &b, ERR_FACTS_MISSING, "evidence.supply");
}

static void a_sealed_referral_is_checked_too(void **state)
{
    static lianshu_CaseReferral r = {
        .case_id = {1},
        .case_number = "潮市监移〔2026〕1号",
        .cause = "涉嫌销售假药",
        .has_suspect = true,
        .offence = "销售假药罪",
        .facts = "经查",
        .officer = "示范",
    };
    const struct document_type *type = type_find(lianshu_DocumentType_TYPE_CASE_REFERRAL);
    lianshu_SanctionOrder o;
    struct fault f;
    (void)state;
    sample_order(&o);
    r.suspect = o.subject;
    assert_int_equal(body_validate(type, type->sealed, &r, regions, &f), OK);
    r.suspect.id[17] = '0';
    assert_int_equal(body_validate(type, type->sealed, &r, regions, &f), ERR_CHECK_DIGIT);
    assert_string_equal(f.where, "suspect.id");
    r.has_suspect = false;
    assert_int_equal(body_validate(type, type->sealed, &r, regions, &f), ERR_FIELD_MISSING);
    assert_int_equal(body_validate(type, &lianshu_Honour_msg, &r, regions, &f), ERR_INTERNAL);
}

/* No refusal says what the value was. */
static void no_refusal_quotes_a_value(void **state)
{
    lianshu_SanctionOrder o;
    struct fault f;
    char text[700];
    (void)state;
    sample_order(&o);
    o.persons[0].id[17] = '7';
    assert_int_not_equal(
        facts_validate(type_find(lianshu_DocumentType_TYPE_SANCTION_ORDER), &o, regions, &f), OK);
    fault_print(&f, text, sizeof text);
    assert_null(strstr(text, "999999"));
    assert_null(strstr(text, "示范"));
}

/* An empty body of every type is looked at, and refused. */
static void every_body_of_the_catalogue_has_its_rule(void **state)
{
    static lianshu_Document zeros;
    struct fault f;
    (void)state;
    for (size_t i = 0; type_at(i) != NULL; i++) {
        const struct document_type *type = type_at(i);
        if (type->facts != NULL)
            assert_int_not_equal(body_validate(type, type->facts, &zeros, regions, &f), OK);
        if (type->sealed != NULL)
            assert_int_not_equal(body_validate(type, type->sealed, &zeros, regions, &f), OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_refused_for_each_fault),
        cmocka_unit_test(the_other_types_have_their_own_rules),
        cmocka_unit_test(a_sealed_referral_is_checked_too),
        cmocka_unit_test(no_refusal_quotes_a_value),
        cmocka_unit_test(every_body_of_the_catalogue_has_its_rule),
    };
    return cmocka_run_group_tests_name("validate", tests, setup, teardown);
}
