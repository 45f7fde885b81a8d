/*
 * Checks the promises in policy/event.h on rules that the shipped set has none of: of one region,
 * on persons, with conditions that other documents do not meet, and more than there is room for.
 */
#include "event_world.h"
#include "ruleset_copy.h"

#define RULE(id, more)                                                                             \
    "  - {id: " id                                                                                 \
    ", zh: 某, en: some, reason: listed, basis: [SAMR44-15], from: 2021-09-01, mark: D, " more     \
    "}\n"
#define ON_REGISTER "event: registration, types: [subject.register]"
#define HOLDERS     ", when: {holds: [sole_shareholder]}"
#define ALERT       "{to: {each: [market]}, clock: R08}"
#define M24         "{code: M24, force: consider, term: 1 year, basis: [DL118]}"
#define M24_PERSON                                                                                 \
    "{code: M24, force: consider, on: persons, roles: [principal], term: 1 year, basis: [DL118]}"

enum { TODAY = 20260421, PEOPLE = 16 };

struct law {
    struct fixture *copy;
    struct world world;
    union body body;
    struct event_decision out;
    lianshu_DecisionRecord record;
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

/* Rules before the shipped ones, and the registration of a company whose shareholders hold another
 * one, too. */
static void enact(struct law *law, const char *rules, unsigned people)
{
    char text[8192];
    snprintf(text, sizeof text, "\nrules:\n%s", rules);
    spoil(law->copy, "rules.yaml", "\nrules:\n", text);
    if (law->world.rules != NULL)
        world_close(&law->world);
    world_open(&law->world, law->copy->dir);
    law->world.relation_count = 1;
    law->world.relation[0].of = CLEAN;
    law->world.relation[0].person = BOSS;
    law->world.relation[0].role = lianshu_Role_ROLE_SOLE_SHAREHOLDER;
    law->world.relation[0].from = 20200101;
    law->body = (union body){0};
    NAME_SUBJECT(law->body.registration, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
    law->body.registration.registered_date = 20260420;
    law->body.registration.persons_count = (pb_size_t)people;
    for (unsigned i = 0; i < people; i++)
        name_person(&law->body.registration.persons[i], lianshu_Role_ROLE_SOLE_SHAREHOLDER, BOSS);
}

static enum err hear(struct law *law, uint32_t type)
{
    const uint8_t id[VIEW_ORDER_ID_LEN] = {1};
    const struct decide_input in = {.issuer = ISSUER,
                                    .issued_ms = noon(TODAY),
                                    .document_id = id,
                                    .now_ms = noon(TODAY),
                                    .calendar = law->world.calendar};
    return decide_event(law->world.rules, &law->world.view, &in, type, &law->body, &law->out,
                        &law->record);
}

static const char *why_of(const struct law *law, const char *rule)
{
    for (pb_size_t i = 0; i < law->record.rules_count; i++)
        if (strcmp(law->record.rules[i].rule, rule) == 0)
            return law->record.rules[i].why;
    return "";
}

static void a_rule_of_one_region_hears_of_nothing_elsewhere(void **state)
{
    static const struct {
        const char *rule;
        const char *why;
    } rows[] = {
        {RULE("X1", ON_REGISTER ", region: '440000', alerts: [" ALERT "]"), "matched"},
        {RULE("X1", ON_REGISTER ", region: '450000', alerts: [" ALERT "]"), "region"},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        enact(law, rows[i].rule, 0);
        assert_int_equal(hear(law, TYPE(SUBJECT_REGISTER)), OK);
        assert_string_equal(why_of(law, "X1"), rows[i].why);
        assert_int_equal(find(&law->out, CONSEQUENCE_ALERT, "X1") != NULL, i == 0);
    }
}

static void an_alert_goes_where_its_scope_says(void **state)
{
    static const struct {
        const char *scope;
        const char *where;
        bool competent;
    } rows[] = {{"", "445102", true},
                {", scope: subject", "445102", true},
                {", scope: own", "445100", false},
                {", scope: province", "440000", false},
                {", scope: nation", "000000", false},
                {", scope: '445200'", "445200", false}};
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char rule[512];
        snprintf(rule, sizeof rule,
                 RULE("X1", ON_REGISTER ", alerts: [{to: {each: [market]}, clock: R08%s}]"),
                 rows[i].scope);
        enact(law, rule, 0);
        print_message("row %zu\n", i);
        assert_int_equal(hear(law, TYPE(SUBJECT_REGISTER)), OK);
        const struct consequence *alert = find(&law->out, CONSEQUENCE_ALERT, "X1");
        assert_string_equal(alert->duty.scope, rows[i].where);
        assert_int_equal(alert->duty.competent, rows[i].competent);
    }
}

/* A measure on the subject is owed once, one on persons for each whom the rule hits. */
static void measures_reach_the_subject_once_and_each_person_hit(void **state)
{
    static const struct {
        const char *more;
        unsigned people, on_subject, on_persons;
    } rows[] = {
        {HOLDERS ", measures: [" M24 ", " M24_PERSON "]", 1, 1, 1},
        {HOLDERS ", measures: [" M24 ", " M24_PERSON "]", 3, 1, 3},
        {HOLDERS ", measures: [" M24 ", " M24_PERSON "]", 0, 0, 0},
        {", measures: [" M24 ", " M24_PERSON "]", 3, 1,
         0}, /* a rule about the subject hits nobody */
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char rule[1024];
        unsigned on_subject = 0, on_persons = 0;
        snprintf(rule, sizeof rule, RULE("X1", ON_REGISTER "%s"), rows[i].more);
        enact(law, rule, rows[i].people);
        print_message("row %zu\n", i);
        assert_int_equal(hear(law, TYPE(SUBJECT_REGISTER)), OK);
        for (uint32_t k = 0; k < law->out.count; k++) {
            const struct duty *d = &law->out.consequence[k].duty;
            on_subject += strcmp(d->measure, "M24") == 0 && d->subject_index == 0;
            on_persons += strcmp(d->measure, "M24") == 0 && d->subject_index > 0;
        }
        assert_int_equal(on_subject, rows[i].on_subject);
        assert_int_equal(on_persons, rows[i].on_persons);
    }
}

/* More than a decision holds is no decision. */
static void more_consequences_than_there_is_room_for_decide_nothing(void **state)
{
    struct law *law = *state;
    for (unsigned people = PEOPLE - 2; people <= PEOPLE; people += 2) {
        enact(law,
              RULE("X1",
                   ON_REGISTER HOLDERS ", alerts: [" ALERT ", " ALERT ", " ALERT ", " ALERT "]"),
              people);
        const enum err err = hear(law, TYPE(SUBJECT_REGISTER));
        /* four for each, and the shipped rule's one */
        assert_int_equal(err, 5 * people > EVENT_CONSEQUENCES_MAX ? ERR_PROPAGATION : OK);
        if (err != OK)
            assert_int_equal(law->out.count, 0);
    }
}

static void rules_for_other_documents_say_why_they_do_not_match(void **state)
{
    static const struct {
        const char *when;
        const char *why;
    } rows[] = {
        {"", "matched"},
        {", when: {class: [warned]}", "class"},
        {", when: {points_from: 5}", "points"},
        {", when: {points_to: 5}", "points"},
        {", when: {uninsured: true}", "no_vaccine"},
        {", when: {severity: [light]}", "severity"},
        {", when: {trigger: of_order}", "trigger"},
        {", when: {banned: M02, roles: [principal]}", "nobody_banned"}, /* nobody in that role */
        {", when: {banned: M02, roles: [sole_shareholder]}", "matched"},
        {", when: {banned: M02}", "matched"},
        {", subjects: [person]", "subject_kind"},
        {", to: 2026-04-19", "not_in_force"},
        {", to: 2026-04-20", "matched"},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char rule[512];
        snprintf(rule, sizeof rule, RULE("X1", ON_REGISTER "%s"), rows[i].when);
        enact(law, rule, 1);
        law->world.restriction_count = 1;
        law->world.restriction[0].of = BOSS;
        law->world.restriction[0].row = restriction("M02", 20200101, 0);
        print_message("row %zu\n", i);
        assert_int_equal(hear(law, TYPE(SUBJECT_REGISTER)), OK);
        assert_string_equal(why_of(law, "X1"), rows[i].why);
    }
}

static void a_document_of_no_type_or_without_facts_causes_nothing(void **state)
{
    static const uint32_t types[] = {0, 9999, TYPE(KEY_RECORD)};
    struct law *law = *state;
    enact(law, "", 0);
    for (size_t i = 0; i < T_COUNT(types); i++) {
        assert_int_equal(hear(law, types[i]), OK);
        assert_int_equal(law->out.count + law->out.end_count, 0);
        assert_int_equal(law->out.err, OK);
    }
    assert_string_equal(consequence_word(CONSEQUENCE_ALERT), "alert");
    assert_string_equal(consequence_word((enum consequence_kind)(CONSEQUENCE_INCENTIVE + 1)), "");
}

/* What ends with one document, or with an order, has room; a table with more does not load. */
static void no_more_rules_end_together_than_there_is_room_for(void **state)
{
    static const struct {
        const char *word;
        const char *types; /* of every second rule */
        unsigned shipped;  /* rules like that in the shipped set */
        bool loads;
    } rows[] = {
        {"until_next", "subject.register", EVENT_ENDS_MAX, true},
        {"until_next", "subject.register", EVENT_ENDS_MAX + 1, false},
        {"until_next", "subject.relation", 2 * EVENT_ENDS_MAX, true}, /* half of them each */
        {"lost_on_order", "subject.relation", 3 * EVENT_ENDS_MAX, false},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct ruleset *rs = NULL;
        char text[8192] = "\nrules:\n";
        for (unsigned k = 0; k < rows[i].shipped; k++)
            snprintf(text + strlen(text), sizeof text - strlen(text),
                     RULE("X%u", "event: registration, types: [%s], %s: true"), k,
                     k % 2 == 0 ? "subject.register" : rows[i].types, rows[i].word);
        spoil(law->copy, "rules.yaml", "\nrules:\n", text);
        print_message("row %zu\n", i);
        assert_int_equal(ruleset_open(&rs, law->copy->dir, &law->copy->faults),
                         rows[i].loads ? OK : ERR_RULE_SET);
        if (!rows[i].loads)
            assert_true(has_fault(&law->copy->faults, "rules.yaml", 0, PROBLEM_TOO_MANY));
        ruleset_close(&rs);
    }
}

#undef CASE
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, open_copy, close_copy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_rule_of_one_region_hears_of_nothing_elsewhere),
        CASE(an_alert_goes_where_its_scope_says),
        CASE(measures_reach_the_subject_once_and_each_person_hit),
        CASE(more_consequences_than_there_is_room_for_decide_nothing),
        CASE(rules_for_other_documents_say_why_they_do_not_match),
        CASE(a_document_of_no_type_or_without_facts_causes_nothing),
        CASE(no_more_rules_end_together_than_there_is_room_for),
    };
    return cmocka_run_group_tests_name("event_rules", tests, NULL, NULL);
}
