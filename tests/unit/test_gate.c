/*
 * Checks the promises in policy/gate.h on the shipped gates: rows of a table say who asks what
 * under which restriction.
 */
#include "policy_world.h"

#include "document.pb.h"
#include "wire.h"

static struct view_restriction *restrict_on(struct world *w, const char *of, const char *measure,
                                            lianshu_Force force)
{
    struct view_restriction *r = &w->restriction[w->restriction_count].row;
    w->restriction[w->restriction_count].of = of;
    memset(r, 0, sizeof *r);
    snprintf(r->measure, sizeof r->measure, "%s", measure);
    r->force = force;
    memset(r->order_id, 0xA0 + (int)w->restriction_count, sizeof r->order_id);
    r->order_version = 1;
    snprintf(r->issuer, sizeof r->issuer, "%s", ISSUER);
    snprintf(r->rule, sizeof r->rule, "R01");
    snprintf(r->basis, sizeof r->basis, "DL118");
    snprintf(r->scope, sizeof r->scope, "000000");
    r->start_date = 20260420;
    r->end_date = 20290420;
    w->restriction_count++;
    return r;
}

static void relate(struct world *w, const char *of, const char *person, lianshu_Role role)
{
    w->relation[w->relation_count].of = of;
    w->relation[w->relation_count].person = person;
    w->relation[w->relation_count].role = role;
    w->relation[w->relation_count].from = 20200101;
    w->relation_count++;
}

/* A message about a company, with one person in a role (ROLE_NONE: none). */
struct asked {
    lianshu_Subject subject;
    lianshu_Person person;
    struct gate_message message;
};

static void ask(struct asked *a, uint32_t type, const char *company, const char *person,
                lianshu_Role role)
{
    memset(a, 0, sizeof *a);
    a->subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    snprintf(a->subject.id, sizeof a->subject.id, "%s", company);
    snprintf(a->person.id, sizeof a->person.id, "%s", person);
    a->person.role = role;
    a->message = (struct gate_message){.type = type,
                                       .subject = &a->subject,
                                       .persons = &a->person,
                                       .person_count = role == lianshu_Role_ROLE_NONE ? 0 : 1,
                                       .region = "445100",
                                       .now_ms = noon(20260501),
                                       .calendar = world.calendar};
}

enum {
    APPOINTMENT = lianshu_DocumentType_TYPE_APPOINTMENT,
    APPLICATION = lianshu_DocumentType_TYPE_LICENCE_APPLICATION,
    HONOUR = lianshu_DocumentType_TYPE_HONOUR,
};

#define LEGAL    lianshu_Role_ROLE_LEGAL_REPRESENTATIVE
#define EMPLOYEE lianshu_Role_ROLE_EMPLOYEE
#define BRANCH   lianshu_Role_ROLE_BRANCH
#define NOBODY   lianshu_Role_ROLE_NONE
#define MUST     lianshu_Force_FORCE_MUST
#define CONSIDER lianshu_Force_FORCE_CONSIDER

static void the_table_of_gates(void **state)
{
    static const struct {
        const char *restricted;
        const char *measure;
        lianshu_Force force;
        uint32_t type;
        const char *company;
        const char *person;
        lianshu_Role role;
        bool commitment;
        enum gate_action want;
    } rows[] = {
        /* clang-format off */
        /* the post ban follows the person to another, clean company */
        {BOSS, "M03", MUST, APPOINTMENT, CLEAN, BOSS, LEGAL, false, GATE_REFUSE},
        {BOSS, "M03", MUST, APPOINTMENT, CLEAN, MANAGER, LEGAL, false, GATE_PASS},
        {BOSS, "M03", MUST, APPOINTMENT, CLEAN, BOSS, EMPLOYEE, false, GATE_PASS},
        {BOSS, "M02", MUST, APPOINTMENT, CLEAN, BOSS, EMPLOYEE, false, GATE_REFUSE},
        {BOSS, "M02", MUST, APPOINTMENT, CLEAN, BOSS, LEGAL, false, GATE_REFUSE},
        {BOSS, "M02", MUST, APPOINTMENT, CLEAN, BOSS, BRANCH, false, GATE_PASS},
        {BOSS, "M24", CONSIDER, APPOINTMENT, CLEAN, BOSS, LEGAL, false, GATE_PASS},
        /* a company's restriction does not bar its appointments */
        {COMPANY, "M01", MUST, APPOINTMENT, COMPANY, MANAGER, LEGAL, false, GATE_PASS},
        /* licences */
        {COMPANY, "M01", MUST, APPLICATION, COMPANY, "", NOBODY, false, GATE_REFUSE},
        {COMPANY, "M01", MUST, APPLICATION, CLEAN, "", NOBODY, false, GATE_PASS},
        {COMPANY, "M24", CONSIDER, APPLICATION, COMPANY, "", NOBODY, false, GATE_FLAG},
        {COMPANY, "M22", MUST, APPLICATION, COMPANY, "", NOBODY, true, GATE_REFUSE},
        {COMPANY, "M22", MUST, APPLICATION, COMPANY, "", NOBODY, false, GATE_PASS},
        {COMPANY, "M27", MUST, APPLICATION, COMPANY, "", NOBODY, true, GATE_PASS},
        /* honours: must refuses, consider shows */
        {COMPANY, "M21", MUST, HONOUR, COMPANY, "", NOBODY, false, GATE_REFUSE},
        {COMPANY, "M21", CONSIDER, HONOUR, COMPANY, "", NOBODY, false, GATE_FLAG},
        {COMPANY, "M21", MUST, HONOUR, CLEAN, "", NOBODY, false, GATE_PASS},
        {BOSS, "M02", MUST, HONOUR, CLEAN, BOSS, EMPLOYEE, false, GATE_FLAG},
        /* types without a gate */
        {COMPANY, "M01", MUST, lianshu_DocumentType_TYPE_AEFI_REPORT, COMPANY, "", NOBODY, false, GATE_PASS},
        {COMPANY, "M01", MUST, lianshu_DocumentType_TYPE_CREDIT_CHECK, COMPANY, "", NOBODY, false, GATE_PASS},
        /* clang-format on */
    };
    static const enum err codes[] = {OK, OK, ERR_FLAGGED, ERR_HELD, ERR_RESTRICTED};
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct asked a;
        struct verdict v;
        (void)world_setup(state);
        restrict_on(&world, rows[i].restricted, rows[i].measure, rows[i].force);
        ask(&a, rows[i].type, rows[i].company, rows[i].person, rows[i].role);
        a.message.notice_and_commitment = rows[i].commitment;
        print_message("row %zu: %s\n", i, rows[i].measure);
        assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
        assert_int_equal(v.action, rows[i].want);
        assert_int_equal(v.err, codes[rows[i].want]);
        assert_int_equal(v.ground_count, rows[i].want == GATE_PASS ? 0 : 1);
        if (v.ground_count > 0) {
            assert_string_equal(v.ground[0].measure, rows[i].measure);
            assert_int_equal(v.ground[0].order_version, 1);
            assert_int_equal(v.ground[0].order_id[0], 0xA0);
            assert_string_equal(v.ground[0].rule, "R01");
            assert_string_equal(v.ground[0].basis, "DL118");
        }
    }
}

/* Drug law 126: what is closed to a GLP or GCP institution is studies and trials, not every
 * licence. */
static void a_ban_on_studies_holds_what_a_ban_on_applications_refuses(void **state)
{
    static const uint32_t types[] = {APPLICATION, lianshu_DocumentType_TYPE_LICENCE_GRANTED,
                                     lianshu_DocumentType_TYPE_LICENCE_CHANGED};
    for (size_t i = 0; i < T_COUNT(types); i++) {
        struct asked a;
        struct verdict v;
        (void)world_setup(state);
        struct view_restriction *r = restrict_on(&world, COMPANY, "M01", MUST);
        snprintf(r->rule, sizeof r->rule, "R06-GLP-GCP");
        ask(&a, types[i], COMPANY, "", NOBODY);
        assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
        assert_int_equal(v.action, GATE_HOLD);
        assert_int_equal(v.breach, GATE_PASS);
        assert_string_equal(v.ground[0].rule, "R06-GLP-GCP");
        restrict_on(&world, COMPANY, "M01", MUST); /* and another one by R01 */
        assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
        assert_int_equal(v.action, GATE_REFUSE);
    }
}

/* What a measure was imposed for decides what it bars. */
static void a_ban_bars_what_its_article_bars_and_no_more(void **state)
{
    enum {
        REGISTER = lianshu_DocumentType_TYPE_SUBJECT_REGISTER,
        DESIGNATION = lianshu_DocumentType_TYPE_INSURANCE_DESIGNATION,
    };
    static const struct {
        const char *rule;
        const char *measure;
        lianshu_Force force;
        const char *restricted;
        uint32_t type;
        const char *company;
        enum gate_action want;
    } rows[] = {
        /* Registration Regulation 40: no registration; a pharmacist or physician who is not
         * registered as one may head a company, and who registered falsely may practise */
        {"RG40", "M01", MUST, BOSS, REGISTER, CLEAN, GATE_REFUSE},
        {"R17", "M01", CONSIDER, BOSS, REGISTER, CLEAN, GATE_PASS},
        {"R18-54", "M01", MUST, BOSS, REGISTER, CLEAN, GATE_PASS},
        {"RG40", "M01", MUST, BOSS, APPLICATION, BOSS, GATE_PASS},
        {"R18-54", "M01", MUST, BOSS, APPLICATION, BOSS, GATE_REFUSE},
        {"R17", "M01", CONSIDER, BOSS, APPLICATION, BOSS, GATE_HOLD},
        /* Insurance Fund Regulation 43: who may not manage; own points or misuse do not say so */
        {"R15-43", "M07", MUST, BOSS, DESIGNATION, CLEAN, GATE_REFUSE},
        {"R16", "M07", CONSIDER, BOSS, DESIGNATION, CLEAN, GATE_PASS},
        {"MI41", "M07", MUST, BOSS, DESIGNATION, CLEAN, GATE_PASS},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct asked a;
        struct verdict v;
        (void)world_setup(state);
        struct view_restriction *r =
            restrict_on(&world, rows[i].restricted, rows[i].measure, rows[i].force);
        snprintf(r->rule, sizeof r->rule, "%s", rows[i].rule);
        relate(&world, CLEAN, BOSS, LEGAL);
        ask(&a, rows[i].type, rows[i].company, BOSS, rows[i].type == REGISTER ? LEGAL : NOBODY);
        print_message("row %zu: %s\n", i, rows[i].rule);
        assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
        assert_int_equal(v.action, rows[i].want);
    }
}

static void restrictions_count_only_between_their_dates(void **state)
{
    static const struct {
        uint32_t start;
        uint32_t end;
        uint32_t today;
        enum gate_action want;
    } rows[] = {
        {20260420, 20290420, 20260419, GATE_PASS},   {20260420, 20290420, 20260420, GATE_REFUSE},
        {20260420, 20290420, 20290420, GATE_REFUSE}, {20260420, 20290420, 20290421, GATE_PASS},
        {20260420, 0, 20991231, GATE_REFUSE},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct asked a;
        struct verdict v;
        (void)world_setup(state);
        struct view_restriction *r = restrict_on(&world, COMPANY, "M01", MUST);
        r->start_date = rows[i].start;
        r->end_date = rows[i].end;
        ask(&a, APPLICATION, COMPANY, "", NOBODY);
        /* The last millisecond of the last day in China still counts. */
        a.message.now_ms = date_end_ms(rows[i].today) - 1;
        print_message("row %zu\n", i);
        assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
        assert_int_equal(v.action, rows[i].want);
    }
}

static void restrictions_count_only_in_their_scope(void **state)
{
    static const struct {
        const char *scope;
        const char *region;
        enum gate_action want;
    } rows[] = {
        {"000000", "220100", GATE_REFUSE}, {"440000", "445100", GATE_REFUSE},
        {"440000", "220100", GATE_PASS},   {"445100", "440000", GATE_PASS},
        {"445100", "445122", GATE_REFUSE},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct asked a;
        struct verdict v;
        (void)world_setup(state);
        struct view_restriction *r = restrict_on(&world, COMPANY, "M01", MUST);
        snprintf(r->scope, sizeof r->scope, "%s", rows[i].scope);
        ask(&a, APPLICATION, COMPANY, "", NOBODY);
        a.message.region = rows[i].region;
        print_message("row %zu\n", i);
        assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
        assert_int_equal(v.action, rows[i].want);
    }
}

static void the_strictest_action_wins_and_stands_first(void **state)
{
    struct asked a;
    struct verdict v;
    restrict_on(*state, COMPANY, "M24", CONSIDER); /* flag */
    restrict_on(*state, COMPANY, "M01", MUST);     /* refuse */
    ask(&a, APPLICATION, COMPANY, "", NOBODY);
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.action, GATE_REFUSE);
    assert_int_equal(v.err, ERR_RESTRICTED);
    assert_int_equal(v.ground_count, 2);
    assert_string_equal(v.ground[0].measure, "M01");
    assert_string_equal(v.ground[1].measure, "M24");
}

static void the_strictest_ground_is_never_crowded_out(void **state)
{
    struct asked a;
    struct verdict v;
    for (int i = 0; i < 6; i++)
        restrict_on(*state, COMPANY, "M24", CONSIDER);
    restrict_on(*state, COMPANY, "M01", MUST);
    ask(&a, APPLICATION, COMPANY, "", NOBODY);
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.ground_count, GATE_GROUNDS_MAX);
    assert_string_equal(v.ground[0].measure, "M01");
    assert_int_equal(v.ground[1].order_id[0], 0xA0); /* the others in their order */
    assert_int_equal(v.ground[3].order_id[0], 0xA2);
}

static void every_order_that_justifies_is_a_ground(void **state)
{
    struct asked a;
    struct verdict v;
    restrict_on(*state, COMPANY, "M01", MUST);
    restrict_on(*state, COMPANY, "M01", MUST);
    ask(&a, APPLICATION, COMPANY, "", NOBODY);
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.ground_count, 2);
    assert_int_equal(v.ground[0].order_id[0], 0xA0);
    assert_int_equal(v.ground[1].order_id[0], 0xA1);
}

static void relations_reach_one_step_in_their_roles_and_days(void **state)
{
    struct asked a;
    struct verdict v;
    /* BOSS is banned and heads the clean company: its application is flagged. */
    restrict_on(*state, BOSS, "M02", MUST);
    relate(*state, CLEAN, BOSS, LEGAL);
    ask(&a, APPLICATION, CLEAN, "", NOBODY);
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.action, GATE_FLAG);
    assert_int_equal(world.relations_asked, 1);

    /* An employee is none of the roles. */
    world.relation[0].role = EMPLOYEE;
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.action, GATE_PASS);

    /* Who left before today does not count. */
    world.relation[0].role = LEGAL;
    world.relation[0].to = 20260430;
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.action, GATE_PASS);

    /* Two steps: MANAGER heads the company, and BOSS is related to MANAGER only. */
    world.relation[0].to = 0;
    world.relation[0].person = MANAGER;
    relate(*state, MANAGER, BOSS, LEGAL);
    world.relations_asked = 0;
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.action, GATE_PASS);
    assert_int_equal(world.relations_asked, 1);
}

static void appointments_ask_for_no_relations(void **state)
{
    struct asked a;
    struct verdict v;
    (void)state;
    ask(&a, APPOINTMENT, CLEAN, BOSS, LEGAL);
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(world.relations_asked, 0);
}

static void incomplete_facts_are_refused(void **state)
{
    struct asked a;
    struct verdict v;
    (void)state;
    ask(&a, APPOINTMENT, CLEAN, BOSS, LEGAL);
    a.message.person_count = 0;
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.err, ERR_FACTS_MISSING);
    assert_int_equal(v.action, GATE_REFUSE);

    ask(&a, APPOINTMENT, CLEAN, "", LEGAL);
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.err, ERR_FACTS_MISSING);

    ask(&a, APPOINTMENT, CLEAN, BOSS, NOBODY);
    a.message.person_count = 1;
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.err, ERR_FACTS_MISSING);

    ask(&a, APPLICATION, "", "", NOBODY);
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.err, ERR_FACTS_MISSING);

    ask(&a, HONOUR, COMPANY, "", NOBODY);
    a.message.subject = NULL;
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.err, ERR_FACTS_MISSING);
}

static void an_unknown_answer_is_never_a_pass(void **state)
{
    struct asked a;
    struct verdict v;
    (void)state;
    world.broken = ERR_IO;
    ask(&a, APPLICATION, CLEAN, "", NOBODY);
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), ERR_IO);
    assert_int_equal(v.action, GATE_REFUSE);
    assert_int_equal(v.err, ERR_IO);
}

static unsigned looked;

static enum err count_look(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                           view_restriction_fn *fn, void *arg)
{
    uint8_t boss[VIEW_TOKEN_LEN];
    (void)ctx, (void)date, (void)fn, (void)arg;
    world_token_of(BOSS, boss);
    looked += memcmp(token, boss, sizeof boss) == 0;
    return OK;
}

/* What is not asked for is not looked up. */
static void of_a_person_in_another_role_nothing_is_asked(void **state)
{
    struct asked a;
    struct verdict v;
    struct view view = world.view;
    lianshu_Person persons[2] = {0};
    (void)state;
    view.restrictions = count_look;
    ask(&a, lianshu_DocumentType_TYPE_LICENCE_CHANGED, CLEAN, BOSS, LEGAL);
    persons[0] = persons[1] = a.person;
    for (unsigned both = 0; both <= 1; both++) {
        persons[1].role = both ? LEGAL : EMPLOYEE;
        a.message.persons = persons;
        a.message.person_count = 2;
        looked = 0;
        assert_int_equal(gate_check(world.rules, &view, &a.message, &v, NULL), OK);
        assert_int_equal(v.action, GATE_PASS);
        assert_int_equal(looked, 1 + both);
    }
    ask(&a, lianshu_DocumentType_TYPE_PROCUREMENT_AWARD, CLEAN, BOSS, LEGAL); /* of agents alone */
    looked = 0;
    assert_int_equal(gate_check(world.rules, &view, &a.message, &v, NULL), OK);
    assert_int_equal(looked, 0);
}

static enum err endless(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                        view_restriction_fn *fn, void *arg)
{
    const struct view_restriction row = {.measure = "M99", .scope = "000000"};
    (void)ctx, (void)token, (void)date;
    while (fn(arg, &row))
        ;
    return OK;
}

static void an_endless_iteration_ends(void **state)
{
    struct asked a;
    struct verdict v;
    struct view view = world.view;
    (void)state;
    view.restrictions = endless;
    ask(&a, APPLICATION, CLEAN, "", NOBODY);
    assert_int_equal(gate_check(world.rules, &view, &a.message, &v, NULL), ERR_TOO_LARGE);
    assert_int_equal(v.action, GATE_REFUSE);
}

static void the_listing_authority_is_told_once(void **state)
{
    struct asked a;
    struct verdict v;
    restrict_on(*state, BOSS, "M03", MUST);
    restrict_on(*state, BOSS, "M03", MUST);
    ask(&a, APPOINTMENT, CLEAN, BOSS, LEGAL);
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.copy_count, 1);
    assert_string_equal(v.copy[0].member, ISSUER);
}

/* Who listed is told of its own order, the strictest that it imposed; nobody is left out in
 * silence. */
static void each_authority_that_listed_is_told_of_its_own_order(void **state)
{
    enum { ISSUERS = GATE_COPIES_MAX + 2 };
    struct asked a;
    struct verdict v;
    assert_true((int)ISSUERS <= (int)WORLD_ROWS);
    for (unsigned i = 0; i < ISSUERS; i++) {
        struct view_restriction *r = restrict_on(*state, COMPANY, "M23", MUST);
        snprintf(r->issuer, sizeof r->issuer, "market.44%04u", 5100 + i);
    }
    ask(&a, lianshu_DocumentType_TYPE_LICENCE_CHANGED, COMPANY, "", NOBODY);
    assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, NULL), OK);
    assert_int_equal(v.action, GATE_COPY);
    assert_int_equal(v.copy_count, GATE_COPIES_MAX);
    assert_int_equal(v.copies_left, 2);
    for (unsigned i = 0; i < GATE_COPIES_MAX; i++) {
        char issuer[VIEW_MEMBER_MAX];
        snprintf(issuer, sizeof issuer, "market.44%04u", 5100 + i);
        assert_string_equal(v.copy[i].member, issuer);
        assert_int_equal(v.copy[i].ground.order_id[0], 0xA0 + i);
        assert_string_equal(v.copy[i].ground.measure, "M23");
    }
}

static void same_inputs_same_bytes_and_the_record_says_all(void **state)
{
    static uint8_t bytes[2][1 << 14];
    size_t len[2];
    restrict_on(*state, COMPANY, "M01", MUST);
    for (int i = 0; i < 2; i++) {
        struct asked a;
        struct verdict v;
        lianshu_DecisionRecord record;
        memset(&record, i, sizeof record);
        ask(&a, APPLICATION, COMPANY, "", NOBODY);
        assert_int_equal(gate_check(world.rules, &world.view, &a.message, &v, &record), OK);
        assert_int_equal(record.code, ERR_RESTRICTED);
        assert_int_equal(record.outcome_count, 1);
        assert_string_equal(record.outcome[0].rule, "G03");
        assert_string_equal(record.outcome[0].action, "refuse");
        assert_int_equal(record.rules_count,
                         8); /* G03 to G06, G18, G19, G55, G58 are of this type */
        assert_string_equal(record.rules[0].rule, "G03");
        assert_true(record.rules[0].matched);
        assert_string_equal(record.rules[1].why, "no_restriction");
        assert_string_equal(record.rules[4].why, "not_asked"); /* no notice-and-commitment */
        struct writer w = writer_of(bytes[i], sizeof bytes[i]);
        assert_int_equal(wire_encode(&lianshu_DecisionRecord_msg, &record, &w), OK);
        len[i] = w.len;
    }
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(bytes[0], bytes[1], len[0]);
}

static void gated_types_are_known(void **state)
{
    (void)state;
    assert_true(gate_applies(world.rules, APPOINTMENT));
    assert_true(gate_applies(world.rules, APPLICATION));
    assert_true(gate_applies(world.rules, HONOUR));
    assert_false(gate_applies(world.rules, lianshu_DocumentType_TYPE_AEFI_REPORT));
    assert_false(gate_applies(world.rules, 0));
    assert_string_equal(gate_action_word(GATE_REFUSE), "refuse");
    assert_string_equal(gate_action_word(GATE_PASS), "pass");
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_table_of_gates),
        cmocka_unit_test_setup(a_ban_on_studies_holds_what_a_ban_on_applications_refuses,
                               world_setup),
        CASE(a_ban_bars_what_its_article_bars_and_no_more),
        CASE(restrictions_count_only_between_their_dates),
        CASE(restrictions_count_only_in_their_scope),
        CASE(the_strictest_action_wins_and_stands_first),
        CASE(the_strictest_ground_is_never_crowded_out),
        CASE(every_order_that_justifies_is_a_ground),
        CASE(relations_reach_one_step_in_their_roles_and_days),
        CASE(appointments_ask_for_no_relations),
        CASE(incomplete_facts_are_refused),
        CASE(an_unknown_answer_is_never_a_pass),
        CASE(of_a_person_in_another_role_nothing_is_asked),
        CASE(an_endless_iteration_ends),
        CASE(the_listing_authority_is_told_once),
        CASE(each_authority_that_listed_is_told_of_its_own_order),
        CASE(same_inputs_same_bytes_and_the_record_says_all),
        CASE(gated_types_are_known),
    };
    return cmocka_run_group_tests_name("gate", tests, world_group_open, world_group_close);
}
