/* Checks the promises in policy/hearing.h: which kind of decision a record names is made again. */
#include "policy/hearing.h"

#include "keys/hash.h"
#include "policy_world.h"

static const uint8_t SHA256[HASH_LEN] = {3};

static struct hearing hearing_of(const struct world *w)
{
    return (struct hearing){
        .rules = w->rules, .view = &w->view, .calendar = w->calendar, .now_ms = noon(20260421)};
}

/* A record of no kind that there is, or of one that its document cannot have. */
static void a_record_of_another_kind_is_none(void **state)
{
    static const struct {
        const char *kind;
        uint32_t type;
        enum err want;
    } rows[] = {
        {"order", lianshu_DocumentType_TYPE_SANCTION_ORDER, OK},
        {"change", lianshu_DocumentType_TYPE_SANCTION_ORDER, OK}, /* the type says which it is */
        {"gate", lianshu_DocumentType_TYPE_SANCTION_ORDER, OK},
        {"order", lianshu_DocumentType_TYPE_HONOUR, ERR_FIELD_VALUE},
        {"change", lianshu_DocumentType_TYPE_HONOUR, ERR_FIELD_VALUE},
        {"event", lianshu_DocumentType_TYPE_HONOUR, OK},
        {"", lianshu_DocumentType_TYPE_SANCTION_ORDER, ERR_FIELD_VALUE},
        {"mood", lianshu_DocumentType_TYPE_SANCTION_ORDER, ERR_FIELD_VALUE},
    };
    static struct decision decision;
    static struct event_decision events;
    static struct verdict verdict;
    const struct hearing_room room = {&decision, &events, &verdict};
    const lianshu_SanctionOrder order = order_r01();
    lianshu_Document document = lianshu_Document_init_zero;
    struct world *w = *state;
    const struct hearing h = hearing_of(w);
    snprintf(document.issuers[0].member, sizeof document.issuers[0].member, "%s", ISSUER);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        static lianshu_DecisionRecord then, again;
        const struct matter m = {.type = type_find(rows[i].type),
                                 .document = &document,
                                 .sha256 = SHA256,
                                 .facts = &order,
                                 .subject = &order.subject};
        snprintf(then.kind, sizeof then.kind, "%s", rows[i].kind);
        snprintf(then.region, sizeof then.region, "445100");
        print_message("row %zu\n", i);
        assert_int_equal(hearing_again(&h, &m, &then, &room, &again), rows[i].want);
    }
}

/* What a relation brings is asked about while it lasts. */
static void a_relation_that_has_ended_brings_nothing(void **state)
{
    static const struct {
        uint32_t to;
        enum gate_action want;
    } rows[] = {
        {0, GATE_REFUSE}, {20260422, GATE_REFUSE}, {20260421, GATE_PASS}, {20260101, GATE_PASS}};
    struct world *w = *state;
    const struct hearing h = hearing_of(w);
    lianshu_Document document = lianshu_Document_init_zero;
    w->restriction_count = 1;
    w->restriction[0].of = BOSS;
    w->restriction[0].row = (struct view_restriction){.measure = "M03",
                                                      .force = lianshu_Force_FORCE_MUST,
                                                      .scope = "000000",
                                                      .rule = "R01",
                                                      .start_date = 20200101};
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct verdict verdict;
        static lianshu_DecisionRecord record;
        lianshu_SubjectRelation body = lianshu_SubjectRelation_init_zero;
        body.subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
        snprintf(body.subject.id, sizeof body.subject.id, "%s", CLEAN);
        body.persons_count = 1;
        body.persons[0].role = lianshu_Role_ROLE_LEGAL_REPRESENTATIVE;
        snprintf(body.persons[0].id, sizeof body.persons[0].id, "%s", BOSS);
        body.from_date = 20250101;
        body.to_date = rows[i].to;
        const struct matter m = {.type = type_find(lianshu_DocumentType_TYPE_SUBJECT_RELATION),
                                 .document = &document,
                                 .sha256 = SHA256,
                                 .facts = &body,
                                 .subject = &body.subject,
                                 .persons = body.persons,
                                 .person_count = 1};
        print_message("row %zu\n", i);
        assert_int_equal(hearing_gate(&h, &m, "445100", &verdict, &record), OK);
        assert_int_equal(verdict.action, rows[i].want);
        assert_string_equal(record.kind, "gate");
        assert_string_equal(record.region, "445100");
    }
}

/* A permit by notice and commitment is asked about what bars only that. */
static void a_permit_by_commitment_is_asked_about_more(void **state)
{
    struct world *w = *state;
    const struct hearing h = hearing_of(w);
    lianshu_Document document = lianshu_Document_init_zero;
    for (int promised = 0; promised <= 1; promised++) {
        static lianshu_DecisionRecord record;
        struct verdict verdict;
        lianshu_Licence body = lianshu_Licence_init_zero;
        bool asked = true;
        body.subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
        snprintf(body.subject.id, sizeof body.subject.id, "%s", CLEAN);
        body.notice_and_commitment = promised;
        const struct matter m = {.type = type_find(lianshu_DocumentType_TYPE_LICENCE_APPLICATION),
                                 .document = &document,
                                 .sha256 = SHA256,
                                 .facts = &body,
                                 .subject = &body.subject};
        assert_int_equal(hearing_gate(&h, &m, "445100", &verdict, &record), OK);
        for (pb_size_t i = 0; i < record.rules_count; i++)
            asked = asked && strcmp(record.rules[i].why, "not_asked") != 0;
        assert_int_equal(asked, promised);
    }
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_record_of_another_kind_is_none),
        CASE(a_relation_that_has_ended_brings_nothing),
        CASE(a_permit_by_commitment_is_asked_about_more),
    };
    return cmocka_run_group_tests_name("hearing", tests, world_group_open, world_group_close);
}
