/*
 * Checks what policy/plan.h makes of rules that the shipped set has none of: measures that reach
 * whom the register knows, in a region of their own, asked for by two rules, or too many.
 */
#include "policy_world.h"
#include "ruleset_copy.h"

#include "ident.h"

#define M02_OF_ANY                                                                                 \
    "{code: M02, force: must, on: persons, roles: [legal_representative, principal, "              \
    "directly_responsible, other_responsible], required: true, term: life, basis: [DL118]"

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, open_copy, close_copy)

/* The copy, and the world that decides by it. */
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

static void in_force(struct law *law)
{
    if (law->world.rules != NULL)
        world_close(&law->world);
    world_open(&law->world, law->copy->dir);
}

static void judge(struct law *law, const lianshu_SanctionOrder *order, struct decision *out,
                  lianshu_DecisionRecord *record)
{
    const struct decide_input in = input_r01(&law->world);
    assert_int_equal(decide(&law->world, &in, order, out, record), OK);
}

static const char *why_not(const lianshu_DecisionRecord *record, const char *rule)
{
    for (pb_size_t i = 0; i < record->rules_count; i++)
        if (strcmp(record->rules[i].rule, rule) == 0)
            return record->rules[i].why;
    return "";
}

/* Who is named holds the role by the register on the day of the act, or of the decision when no
 * act is named. */
static void a_measure_on_the_registered_reaches_whom_the_register_knows(void **state)
{
    static const struct {
        const char *of, *person;
        lianshu_Role role;
        uint32_t from, to;
        uint32_t act;
        bool reached;
    } rows[] = {
        /* clang-format off */
        {COMPANY, BOSS, lianshu_Role_ROLE_LEGAL_REPRESENTATIVE, 20260101, 0, 20260110, true},
        {COMPANY, BOSS, lianshu_Role_ROLE_LEGAL_REPRESENTATIVE, 20260111, 0, 20260110, false},
        {COMPANY, BOSS, lianshu_Role_ROLE_LEGAL_REPRESENTATIVE, 20260101, 20260109, 20260110, false},
        {COMPANY, BOSS, lianshu_Role_ROLE_LEGAL_REPRESENTATIVE, 20260101, 20260419, 0, false},
        {COMPANY, BOSS, lianshu_Role_ROLE_LEGAL_REPRESENTATIVE, 20260420, 0, 0, true},
        {COMPANY, BOSS, lianshu_Role_ROLE_PRINCIPAL, 20260101, 0, 20260110, false},
        {COMPANY, MANAGER, lianshu_Role_ROLE_LEGAL_REPRESENTATIVE, 20260101, 0, 20260110, false},
        {CLEAN, BOSS, lianshu_Role_ROLE_LEGAL_REPRESENTATIVE, 20260101, 0, 20260110, false},
        /* clang-format on */
    };
    struct law *law = *state;
    spoil(law->copy, "rules.yaml",
          "roles: [legal_representative], responsible: true, term: 3 years",
          "roles: [legal_representative], registered: true, responsible: true, term: 3 years");
    in_force(law);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct decision out;
        static lianshu_DecisionRecord record;
        lianshu_SanctionOrder order = order_r01();
        order.act_date = rows[i].act;
        order.persons_count = 1;
        law->world.relation_count = 1;
        law->world.relation[0].of = rows[i].of;
        law->world.relation[0].person = rows[i].person;
        law->world.relation[0].role = rows[i].role;
        law->world.relation[0].from = rows[i].from;
        law->world.relation[0].to = rows[i].to;
        print_message("row %zu\n", i);
        judge(law, &order, &out, &record);
        assert_int_equal(out.err, OK);
        assert_int_equal(duty_find(&out, "M03", 1) != NULL, rows[i].reached);
        assert_string_equal(why_not(&record, "R01/M03"), rows[i].reached ? "" : "not_registered");
    }
}

static enum err no_register(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                            view_relation_fn *fn, void *arg)
{
    (void)ctx, (void)token, (void)date, (void)fn, (void)arg;
    return ERR_IO;
}

/* The nth identifier has no token. */
static unsigned tokens_left;

static enum err few_tokens(void *ctx, lianshu_SubjectKind kind, const char *id,
                           uint8_t out[static VIEW_TOKEN_LEN])
{
    return tokens_left-- == 0 ? ERR_IO : world_token(ctx, kind, id, out);
}

static void without_the_register_nobody_is_reached_or_left_out(void **state)
{
    struct law *law = *state;
    struct decision out;
    const lianshu_SanctionOrder order = order_r01();
    spoil(law->copy, "rules.yaml",
          "roles: [legal_representative], responsible: true, term: 3 years",
          "roles: [legal_representative], registered: true, responsible: true, term: 3 years");
    in_force(law);
    const struct decide_input in = input_r01(&law->world);
    law->world.view.relations = no_register;
    assert_int_equal(decide(&law->world, &in, &order, &out, NULL), ERR_IO);
    assert_int_equal(out.duty_count, 0);
    law->world.view.relations = world_relations;
    law->world.view.token = few_tokens;
    for (unsigned n = 0; n < 3; n++) { /* subject and person; the subject again for a conflict */
        tokens_left = n;
        assert_int_equal(decide(&law->world, &in, &order, &out, NULL), ERR_IO);
        assert_int_equal(out.duty_count, 0);
    }
    tokens_left = 3;
    assert_int_equal(decide(&law->world, &in, &order, &out, NULL), OK);
}

static void a_measure_of_one_region_is_owed_there(void **state)
{
    struct law *law = *state;
    struct decision out;
    const lianshu_SanctionOrder order = order_r01();
    spoil(law->copy, "rules.yaml", "{code: M01, force: must, term: 10 years",
          "{code: M01, force: must, scope: \"445200\", term: 10 years");
    in_force(law);
    judge(law, &order, &out, NULL);
    assert_int_equal(out.err, OK);
    const struct duty *d = duty_find(&out, "M01", 0);
    assert_string_equal(d->scope, "445200");
    assert_true(duty_owed_by(d, ISSUER, "drug.445200"));
    assert_false(duty_owed_by(d, ISSUER, "drug.445100"));
    static const struct {
        const char *word, *scope;
    } words[] = {{"own", "445100"}, {"province", "440000"}, {"nation", "000000"}};
    for (size_t i = 0; i < T_COUNT(words); i++) {
        char item[128];
        snprintf(item, sizeof item, "{code: M01, force: must, scope: %s, term: 10 years",
                 words[i].word);
        spoil(law->copy, "rules.yaml", "{code: M01, force: must, term: 10 years", item);
        in_force(law);
        judge(law, &order, &out, NULL);
        assert_string_equal(duty_find(&out, "M01", 0)->scope, words[i].scope);
    }
}

/* The first ban of rules.yaml that is as it was shipped. */
static void ban_for(const struct fixture *copy, const char *term)
{
    char ban[256];
    snprintf(ban, sizeof ban,
             "{code: M02, on: persons, force: must, roles: [legal_representative, principal, "
             "directly_responsible, other_responsible], required: true, term: %s, basis: [DL118]",
             term);
    spoil_more(copy, "rules.yaml", M02_OF_ANY, ban);
}

/* A citizen number of his own: the serial in it, and its check digit. */
static void number_person(lianshu_Person *person, unsigned serial)
{
    for (char check = '0'; check <= '9' + 1; check++) {
        snprintf(person->id, sizeof person->id, "44052418800101%03u%c", serial,
                 check > '9' ? 'X' : check);
        if (citizen_check(person->id) == OK)
            return;
    }
    fail();
}

/* Both rules match: what both ask for is owed once, for the longer time; the first rule leads. */
static void a_measure_of_two_rules_is_owed_once_for_the_longer_time(void **state)
{
    static const struct {
        const char *first, *second; /* how long R01 and R02 ban */
        uint32_t end;
    } rows[] = {
        {"life", "life", 0},
        {"10 years", "life", 0},
        {"life", "10 years", 0},
        {"10 years", "20 years", 20460420},
        {"20 years", "10 years", 20460420},
        {"10 years", "10 years", 20360420},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct decision out;
        lianshu_SanctionOrder order = order_r01();
        order.max_date = 20290420;
        print_message("row %zu\n", i);
        spoil(law->copy, "rules.yaml", "triggers: [DL117_118]", "triggers: [DL117_118, DL116_118]");
        ban_for(law->copy, rows[i].first);
        ban_for(law->copy, rows[i].second);
        in_force(law);
        judge(law, &order, &out, NULL);
        assert_int_equal(out.err, OK);
        assert_string_equal(out.rule->id, "R01");
        for (uint32_t person = 1; person <= 2; person++) {
            unsigned owed = 0;
            for (uint32_t k = 0; k < out.duty_count; k++)
                owed +=
                    strcmp(out.duty[k].measure, "M02") == 0 && out.duty[k].subject_index == person;
            assert_int_equal(owed, 1);
            assert_int_equal(duty_find(&out, "M02", person)->end_date, rows[i].end);
        }
    }
}

/* Sixteen persons in four measures are more than one order imposes. */
static void more_duties_than_an_order_imposes_are_refused(void **state)
{
    struct law *law = *state;
    struct decision out;
    lianshu_SanctionOrder order = order_r01();
    order.persons_count = sizeof order.persons / sizeof order.persons[0];
    for (pb_size_t i = 0; i < order.persons_count; i++)
        order.persons[i] = order.persons[0];
    in_force(law);
    judge(law, &order, &out, NULL);
    assert_int_equal(out.err, OK); /* one person, however often he is named */
    for (pb_size_t i = 0; i < order.persons_count; i++)
        number_person(&order.persons[i], i);
    judge(law, &order, &out, NULL);
    assert_int_equal(out.err, OK);
    spoil(
        law->copy, "rules.yaml", M02_OF_ANY,
        "{code: M10, force: must, on: persons, roles: [legal_representative], term: life, basis: "
        "[DL118], answer: 3 working_days, execute: 5 working_days}\n"
        "      - {code: M09, force: must, on: persons, roles: [legal_representative], term: life, "
        "basis: [DL118], answer: 3 working_days, execute: 5 working_days}\n"
        "      - " M02_OF_ANY);
    in_force(law);
    judge(law, &order, &out, NULL);
    assert_int_equal(out.err, ERR_PROPAGATION);
    assert_string_equal(out.why, "too_many_duties");
    assert_string_equal(out.basis, "DL116");
    assert_int_equal(out.duty_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_measure_on_the_registered_reaches_whom_the_register_knows),
        CASE(without_the_register_nobody_is_reached_or_left_out),
        CASE(a_measure_of_one_region_is_owed_there),
        CASE(a_measure_of_two_rules_is_owed_once_for_the_longer_time),
        CASE(more_duties_than_an_order_imposes_are_refused),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
