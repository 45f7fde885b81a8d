/*
 * Checks the promises in policy/decide.h on rules that the shipped set has none of: of one region,
 * without an article of their own, of every level; and at the end of the years that there are.
 */
#include "policy/explain.h"
#include "policy_world.h"
#include "ruleset_copy.h"

#include "ident.h"

#define RULE(more, items)                                                                          \
    "  - {id: X1, zh: 某, en: some, list: xl, triggers: [XT], subjects: [enterprise], severity: " \
    "serious, from: 2021-09-01, mark: D, " more ", measures: [" items "]}\n"
#define LIST(more)                                                                                 \
    "  - {code: xl, zh: 某, en: some, issuers: [market], severity: serious, min: none, max: 3 "   \
    "years, start_within: 90 days" more "}\n"
#define M24  "{code: M24, force: consider, term: list, basis: [SAMR44-15]}"
#define TERM "term: 3 years, earliest_repair: none"

struct law {
    struct fixture *copy;
    struct world world;
    lianshu_SanctionOrder order;
    struct decide_input in;
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

/* A list and a rule beside the shipped ones, and an order by them that nothing is wrong with. */
static void enact(struct law *law, const char *list, const char *rule)
{
    char text[4096];
    snprintf(text, sizeof text, "\nlists:\n%s", list);
    spoil(law->copy, "lists.yaml", "\nlists:\n", text);
    snprintf(text, sizeof text, "\nrules:\n%s", rule);
    spoil(law->copy, "rules.yaml", "\nrules:\n", text);
    if (law->world.rules != NULL)
        world_close(&law->world);
    world_open(&law->world, law->copy->dir);
    law->order = order_r01();
    snprintf(law->order.list, sizeof law->order.list, "xl");
    snprintf(law->order.trigger, sizeof law->order.trigger, "XT");
    law->order.max_date = 20270420;
    law->in = input_r01(&law->world);
}

static void refused(struct law *law, enum err err, const char *why, const char *basis)
{
    static struct decision out;
    assert_int_equal(decide(&law->world, &law->in, &law->order, &out, NULL), OK);
    if (out.err != err || strcmp(out.why, why) != 0)
        print_message("%s: %s\n", err_en(out.err), out.why);
    assert_int_equal(out.err, err);
    assert_string_equal(out.why, why);
    assert_string_equal(out.basis, basis);
}

/* Of what rests on no article of its own none is named as offended. */
static void a_rule_of_one_region_is_no_law_elsewhere(void **state)
{
    struct law *law = *state;
    enact(law, LIST(""), RULE(TERM ", region: '440000', basis: [SAMR44-15]", M24));
    refused(law, ERR_BASIS, "basis_of_rule", "SAMR44-15");
    static const char *const basis[] = {"SAMR44-15"};
    law->in.basis = basis, law->in.basis_count = 1;
    refused(law, OK, "", "");
    law->in.issuer = "market.450000";
    refused(law, ERR_LIST_RIGHT, "rule_region", "SAMR44-15");
    enact(law, LIST(""), RULE(TERM ", region: '440000'", M24));
    refused(law, OK, "", "");
    law->in.issuer = "market.450000";
    refused(law, ERR_LIST_RIGHT, "rule_region", "");
    /* Nor is one told to whom it is explained. */
    static lianshu_DecisionRecord record;
    static struct decision out;
    char text[EXPLAIN_TEXT_MAX];
    struct writer w = writer_of(text, sizeof text - 1);
    law->in.issuer = ISSUER;
    law->order.start_date = 20260801;
    assert_int_equal(decide(&law->world, &law->in, &law->order, &out, &record), OK);
    assert_string_equal(out.why, "start_too_late");
    assert_int_equal(explain_refusal(law->world.rules, &record, &w), OK);
    text[w.len] = '\0';
    assert_null(strstr(text, "against"));
    assert_non_null(strstr(text, "单据被拒绝：起始日期过晚"));
}

static void each_level_lists_what_it_may(void **state)
{
    static const char *const words[] = {"nation", "province", "city", "county"};
    static const char *const issuers[] = {"market.000000", "market.440000", "market.445100",
                                          "market.445102"};
    struct law *law = *state;
    struct regions *regions = NULL;
    struct fault fault = {0};
    assert_int_equal(regions_open(&regions, "schemas/data/regions.csv", &fault), OK);
    for (size_t level = 0; level < T_COUNT(words); level++) {
        char list[512];
        snprintf(list, sizeof list, LIST(", levels: [%s], consent: [%s], needs: [consent]"),
                 words[level], words[level]);
        enact(law, list, RULE(TERM, M24));
        for (size_t i = 0; i < 2 * T_COUNT(issuers); i++) {
            const size_t by = i / 2;
            print_message("%s by %s\n", words[level], issuers[by]);
            law->in.regions = i % 2 == 0 ? NULL : regions;
            law->in.issuer = issuers[by];
            snprintf(law->order.consent_number, sizeof law->order.consent_number, "1");
            if (by != level) {
                refused(law, ERR_LIST_RIGHT, "list_level", "GBF2020-49");
                continue;
            }
            refused(law, OK, "", "");
            law->order.consent_number[0] = '\0';
            refused(law, ERR_CONSENT, "consent", "SAMR44");
        }
        law->in.regions = regions; /* of one that it lacks the code says the level */
        law->in.issuer = "market.445199";
        snprintf(law->order.consent_number, sizeof law->order.consent_number, "1");
        const bool county = strcmp(words[level], "county") == 0;
        refused(law, county ? OK : ERR_LIST_RIGHT, county ? "" : "list_level",
                county ? "" : "GBF2020-49");
    }
    regions_close(&regions);
}

/* The term of an order that cannot be computed is refused like one that is too long. */
static void what_ends_after_the_last_year_is_refused(void **state)
{
    static const struct {
        uint32_t date;
        const char *list, *rule;
        uint32_t max, repair;
        const char *why;
    } rows[] = {
        {99940101, LIST(""), RULE(TERM, M24), 99960101, 0, ""},
        {99991201, LIST(""), RULE(TERM, M24), 99991202, 0, "term"}, /* the days to start within */
        {99980101, LIST(""), RULE(TERM, M24), 99990101, 0, "term"},
        {99980101, LIST(""), RULE("term: 1 year, earliest_repair: none", M24), 99990101, 0, ""},
        {99990101, LIST(", min: 1 year"), RULE("term: 1 year, earliest_repair: none", M24),
         99990601, 0, "term"},
        {99980101, LIST(""),
         RULE("term: 1 year, earliest_repair: none",
              M24 ", {code: M01, force: must, term: 10 years, basis: [DL116]}"),
         99990101, 0, "term"},
        {99980101, LIST(""),
         RULE("term: 1 year, earliest_repair: none",
              "{code: M01, force: must, term: order, least: 5 years, basis: [DL118]}"),
         99990101, 0, "term"},
        {99970601, LIST(""), RULE("term: 1 year, earliest_repair: 1 year", M24), 99980601, 99980601,
         ""},
        {99970601, LIST(""), RULE("term: 1 year, earliest_repair: 3 years", M24), 99980601,
         99980601, "repair_too_early"},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        const char *list = rows[i].list;
        char twice[512];
        if (strstr(list, ", min: 1 year") != NULL) { /* in place of none */
            snprintf(
                twice, sizeof twice, "%s",
                "  - {code: xl, zh: 某, en: some, issuers: [market], severity: serious, min: 1 "
                "year, max: 3 years, start_within: 90 days}\n");
            list = twice;
        }
        enact(law, list, rows[i].rule);
        law->order.decision_date = law->order.start_date = rows[i].date;
        law->order.served_date = rows[i].date;
        law->order.remedy_deadline_date = 0;
        law->order.max_date = rows[i].max;
        law->order.earliest_repair_date = rows[i].repair;
        law->in.now_ms = noon(rows[i].date);
        refused(law, rows[i].why[0] == '\0' ? OK : ERR_TERM, rows[i].why, "");
    }
}

/* A term of working days without a calendar is none. */
static void what_cannot_be_counted_is_refused(void **state)
{
    struct law *law = *state;
    enact(law, LIST(""),
          RULE(TERM ", basis: [DL116]", "{code: M24, force: consider, term: list, basis: "
                                        "[SAMR44-15], answer: 3 working_days}"));
    refused(law, OK, "", "");
    law->in.calendar = NULL;
    refused(law, ERR_TERM, "term", "DL116");
}

/* A repair lies between its earliest day and the end, if there is one. */
static void a_repair_may_be_announced_beside_what_lasts_for_life(void **state)
{
    static const struct {
        const char *items;
        uint32_t max, repair;
        const char *why, *basis;
    } rows[] = {
        {M24, 20280420, 20270420, "", ""},
        {M24, 20280420, 20270419, "repair_too_early", ""},
        {M24, 20280420, 20280421, "repair_after_end", ""},
        {M24 ", {code: M01, force: must, term: life, basis: [DL118]}", 0, 20270420, "", ""},
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char rule[1024];
        print_message("row %zu\n", i);
        snprintf(rule, sizeof rule, RULE("term: 3 years, earliest_repair: 1 year", "%s"),
                 rows[i].items);
        enact(law, LIST(""), rule);
        law->order.max_date = rows[i].max;
        law->order.earliest_repair_date = rows[i].repair;
        refused(law, rows[i].why[0] == '\0' ? OK : ERR_TERM, rows[i].why, rows[i].basis);
    }
}

/* Of a list that waits for the bans of statutes: for each of them, and for nothing else. */
static void a_removal_waits_for_every_ban_of_a_statute(void **state)
{
    static const struct {
        const char *items;
        uint32_t max;
        const char *basis; /* of the ban that outlasts it; "": none */
    } rows[] = {
        {M24, 20280420, ""},
        {"{code: M01, force: must, term: 1 year, basis: [DL116]}", 20280420,
         "DL116"}, /* to its last day */
        {"{code: M01, force: must, term: 11 months, basis: [DL116]}", 20280420, ""},
        {"{code: M01, force: must, term: life, basis: [DL118]}", 0, "DL118"},
        {"{code: M10, force: must, term: 11 months, basis: [DL116]}, {code: M01, force: must, "
         "term: 10 years, basis: [DL116]}",
         20280420, "DL116"},
        {M24 ", {code: M24, force: consider, on: persons, roles: [legal_representative], "
             "term: 3 years, basis: [DL118]}",
         20280420, "DL118"}, /* on the subject it ends with the list */
        {"{code: M24, force: consider, on: persons, roles: [principal], term: list, basis: "
         "[DL118]}, {code: M24, force: consider, on: persons, roles: [legal_representative], "
         "term: 3 years, basis: [DL118]}",
         20280420, "DL118"}, /* on persons of another role, too */
    };
    struct law *law = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char rule[1024];
        print_message("row %zu\n", i);
        snprintf(rule, sizeof rule, RULE("term: 3 years, earliest_repair: 1 year", "%s"),
                 rows[i].items);
        enact(law, LIST(", repaired_after_bans: true"), rule);
        law->order.max_date = rows[i].max;
        law->order.earliest_repair_date = 20270420;
        const bool outlasts = rows[i].basis[0] != '\0';
        refused(law, outlasts ? ERR_TERM : OK, outlasts ? "ban_outlasts_repair" : "",
                rows[i].basis);
    }
}

/* Its rules that match all count: each duty waits as its own rule says. */
static void a_removal_waits_for_the_bans_of_each_rule_that_matches(void **state)
{
    struct law *law = *state;
    char rules[2048] = RULE("term: 3 years, earliest_repair: 1 year", M24);
    char second[] = RULE("term: 3 years, earliest_repair: 1 year",
                         "{code: M01, force: must, term: 1 year, basis: [DL116]}");
    memcpy(strstr(second, "X1"), "X2", 2);
    strcat(rules, second);
    enact(law, LIST(", repaired_after_bans: true"), rules);
    law->order.max_date = 20280420;
    law->order.earliest_repair_date = 20270420;
    refused(law, ERR_TERM, "ban_outlasts_repair", "DL116");
    law->order.earliest_repair_date = 20270421;
    refused(law, OK, "", "");
}

static void of_a_list_without_rules_nothing_follows(void **state)
{
    struct law *law = *state;
    enact(law, LIST(""), "");
    refused(law, ERR_LIST_RIGHT, "trigger_unknown", "GBF2020-49");
}

/* Who is told that there is an order, and does not find it, has a store that contradicts itself. */
static void a_conflict_with_an_order_that_is_not_there_is_no_answer(void **state)
{
    struct law *law = *state;
    static struct decision out;
    enact(law, LIST(""), RULE(TERM, M24));
    law->world.has_conflict = true;
    memset(law->world.conflict, 7, sizeof law->world.conflict);
    assert_int_equal(decide(&law->world, &law->in, &law->order, &out, NULL), ERR_CORRUPT);
    assert_int_equal(out.duty_count, 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, open_copy, close_copy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_rule_of_one_region_is_no_law_elsewhere),
        CASE(each_level_lists_what_it_may),
        CASE(what_ends_after_the_last_year_is_refused),
        CASE(what_cannot_be_counted_is_refused),
        CASE(a_repair_may_be_announced_beside_what_lasts_for_life),
        CASE(a_removal_waits_for_every_ban_of_a_statute),
        CASE(a_removal_waits_for_the_bans_of_each_rule_that_matches),
        CASE(of_a_list_without_rules_nothing_follows),
        CASE(a_conflict_with_an_order_that_is_not_there_is_no_answer),
    };
    return cmocka_run_group_tests_name("decide_rules", tests, NULL, NULL);
}
