/* Checks what validate.h promises of the bodies that have a rule of their own: each from its valid
 * sample, with one change a row. */
#include "validate.h"

#include "fuzz/bodies.h"
#include "json.h"

#include "t.h"

#include "case.pb.h"
#include "credit.pb.h"
#include "redress.pb.h"
#include "safety.pb.h"
#include "sanction.pb.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 96 << 10 };

static struct regions *regions;
static union {
    uint8_t bytes[ROOM];
    uint64_t aligned;
    lianshu_CaseClock clock;
    lianshu_BatchFacts batch;
    lianshu_CreditRating rating;
    lianshu_Recall recall;
    lianshu_Preview preview;
    lianshu_Finding finding;
    lianshu_HubNotice notice;
    lianshu_ObligationWarning warning;
    lianshu_Clue clue;
    lianshu_PriceRecord price;
} b;

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

static void sample(const struct document_type *type, const pb_msgdesc_t *desc)
{
    struct json *json = NULL;
    struct fault f;
    const char *text = body_sample(type, desc);
    assert_non_null(text);
    memset(&b, 0, sizeof b);
    assert_int_equal(json_parse(&json, span_str(text), type->name, &f), OK);
    assert_int_equal(json_to_message(json, desc, &b, &f), OK);
    json_close(&json);
}

static void check(const struct document_type *type, const pb_msgdesc_t *desc, enum err want,
                  const char *where)
{
    struct fault f = {.where = ""};
    const enum err err = body_validate(type, desc, &b, regions, &f);
    if (err != want || strcmp(f.where, where) != 0)
        print_message("%s: %s %s\n", type->name, err_name(err), f.where);
    assert_int_equal(err, want);
    assert_string_equal(f.where, where);
}

#define BODY(number, part)                                                                         \
    const struct document_type *const type = type_find(lianshu_DocumentType_TYPE_##number);        \
    const pb_msgdesc_t *const desc = type->part;                                                   \
    (void)state
#define ROW(statement, want, where)                                                                \
    do {                                                                                           \
        sample(type, desc);                                                                        \
        statement;                                                                                 \
        check(type, desc, want, where);                                                            \
    } while (0)

/* What the hub is to learn of a case are codes: no room for a name. */
static void a_clock_of_a_case_holds_codes_and_members(void **state)
{
    BODY(CASE_REFERRAL, facts);
    ROW((void)0, OK, "");
    ROW(strcpy(b.clock.transition, "T 07"), ERR_PERSONAL_DATA, "transition");
    ROW(strcpy(b.clock.outcome, "张三"), ERR_PERSONAL_DATA, "outcome");
    ROW(strcpy(b.clock.complexity, "?"), ERR_PERSONAL_DATA, "complexity");
    ROW(strcpy(b.clock.trigger, "a b"), ERR_PERSONAL_DATA, "trigger");
    ROW((b.clock.documents_count = 1, strcpy(b.clock.documents[0], "D 1")), ERR_PERSONAL_DATA,
        "documents");
    ROW((b.clock.documents_count = 1, strcpy(b.clock.documents[0], "D01")), OK, "");
    ROW(strcpy(b.clock.owner, "Zhang San"), ERR_PERSONAL_DATA, "owner");
    ROW(strcpy(b.clock.owner, "police.445100"), OK, "");
}

static void a_batch_is_named_alike_in_both_places(void **state)
{
    BODY(AEFI_REPORT, facts);
    ROW((void)0, OK, "");
    ROW(strcat(b.batch.batch_number, "x"), ERR_FIELD_VALUE, "batch_number");
    ROW(strcpy(b.batch.grade, "very bad"), ERR_PERSONAL_DATA, "grade");
}

static void a_rating_has_each_index_once_and_within_its_range(void **state)
{
    BODY(CREDIT_RATING, facts);
    ROW((void)0, OK, "");
    ROW(b.rating.indices[0].code[0] = '\0', ERR_FIELD_MISSING, "indices[0].code");
    ROW(strcpy(b.rating.indices[0].code, "a b"), ERR_FIELD_VALUE, "indices[0].code");
    ROW((b.rating.indices_count = 2, b.rating.indices[1] = b.rating.indices[0]), ERR_FIELD_VALUE,
        "indices[1].code");
    ROW((b.rating.indices_count = 3, strcpy(b.rating.indices[1].code, "other"),
         b.rating.indices[2] = b.rating.indices[0]),
        ERR_FIELD_VALUE, "indices[2].code");
    ROW(b.rating.indices[0].value = 1001, ERR_FIELD_VALUE, "indices[0].value");
    ROW(b.rating.indices[0].value = 1000, OK, "");
}

static void a_recall_names_each_batch_once(void **state)
{
    BODY(RECALL_NOTICE, facts);
    ROW((void)0, OK, "");
    ROW(b.recall.batches[0][0] = '\0', ERR_FIELD_MISSING, "batches[0]");
    ROW((b.recall.batches_count = 2, strcpy(b.recall.batches[1], b.recall.batches[0])),
        ERR_FIELD_VALUE, "batches[1]");
    ROW((b.recall.batches_count = 2, strcpy(b.recall.batches[1], "another")), OK, "");
}

static void a_preview_is_of_a_type_that_a_department_sends(void **state)
{
    BODY(PREVIEW, facts);
    ROW((void)0, OK, "");
    ROW(b.preview.type = 60000, ERR_TYPE_UNKNOWN, "type");
    ROW(b.preview.type = lianshu_DocumentType_TYPE_EVIDENCE, ERR_FIELD_VALUE, "type");
    ROW(b.preview.type = lianshu_DocumentType_TYPE_PREVIEW, ERR_FIELD_VALUE, "type");
    ROW(b.preview.type = lianshu_DocumentType_TYPE_HUB_NOTICE, ERR_FIELD_VALUE, "type");
}

static void a_finding_is_of_the_kind_of_its_type(void **state)
{
    static const lianshu_FindingKind kinds[] = {lianshu_FindingKind_FINDING_SAMPLING,
                                                lianshu_FindingKind_FINDING_MONITORING};
    (void)state;
    for (size_t i = 0; i < T_COUNT(kinds); i++) {
        {
            BODY(SAMPLING_RESULT, facts);
            ROW(b.finding.kind = kinds[i], OK, "");
        }
        {
            BODY(INSPECTION_RESULT, facts);
            ROW((void)0, OK, "");
            ROW(b.finding.kind = kinds[i], ERR_FIELD_VALUE, "kind");
        }
    }
}

static void ids_of_a_notice_are_whole_or_not_there(void **state)
{
    BODY(HUB_NOTICE, facts);
    ROW((void)0, OK, "");
    ROW(b.notice.env_id.size = 31, ERR_FIELD_VALUE, "env_id");
    ROW(b.notice.order_id.size = 15, ERR_FIELD_VALUE, "order_id");
    ROW(b.notice.case_id.size = 15, ERR_FIELD_VALUE, "case_id");
    ROW(strcpy(b.notice.member, "Police"), ERR_FIELD_VALUE, "member");
    ROW(strcpy(b.notice.member, "police.445100"), OK, "");
    ROW(b.notice.member[0] = '\0', OK, "");
    ROW((b.notice.env_id.size = 0, b.notice.order_id.size = 0, b.notice.case_id.size = 0), OK, "");
}

static void a_warning_names_a_member(void **state)
{
    BODY(OBLIGATION_WARNING, facts);
    ROW((void)0, OK, "");
    ROW(strcpy(b.warning.member, "Police"), ERR_FIELD_VALUE, "member");
}

/* Who stands in a sealed body is checked as in any other, if anybody does. */
static void whoever_a_clue_or_a_price_is_about_is_checked(void **state)
{
    {
        BODY(CLUE, sealed);
        ROW((void)0, OK, "");
        ROW((b.clue.has_suspect = false, b.clue.persons_count = 0), OK, "");
        ROW((b.clue.has_suspect = true, b.clue.suspect.id[0] = '\0'), ERR_FIELD_MISSING,
            b.clue.suspect.kind == lianshu_SubjectKind_SUBJECT_NONE ? "suspect.kind"
                                                                    : "suspect.id");
        ROW((b.clue.has_suspect = false, b.clue.persons_count = 1,
             memset(&b.clue.persons[0], 0, sizeof b.clue.persons[0])),
            ERR_FIELD_MISSING, "persons[0].id");
    }
    {
        BODY(PRICE_RECORD, sealed);
        ROW((void)0, OK, "");
        ROW(b.price.has_seller = false, OK, "");
        ROW((b.price.has_seller = true, b.price.seller.id[0] = '\0'), ERR_FIELD_MISSING,
            b.price.seller.kind == lianshu_SubjectKind_SUBJECT_NONE ? "seller.kind" : "seller.id");
        ROW(strcpy(b.price.region, "999999"), ERR_REGION, "region");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_of_a_case_holds_codes_and_members),
        cmocka_unit_test(a_batch_is_named_alike_in_both_places),
        cmocka_unit_test(a_rating_has_each_index_once_and_within_its_range),
        cmocka_unit_test(a_recall_names_each_batch_once),
        cmocka_unit_test(a_preview_is_of_a_type_that_a_department_sends),
        cmocka_unit_test(a_finding_is_of_the_kind_of_its_type),
        cmocka_unit_test(ids_of_a_notice_are_whole_or_not_there),
        cmocka_unit_test(a_warning_names_a_member),
        cmocka_unit_test(whoever_a_clue_or_a_price_is_about_is_checked),
    };
    return cmocka_run_group_tests_name("validate_bodies", tests, setup, teardown);
}
