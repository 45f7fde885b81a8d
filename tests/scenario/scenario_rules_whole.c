/* No rule of the shipped set is without its scenario. Rules that orders set off: each trigger and
 * each kind of subject from the order to the last lift, taken from the set itself, so that a new
 * rule or trigger is played as soon as it is there; and each is the rule of a play that states by
 * hand what the law has (scenario_rules.c, scenario_rules_statutes.c). Rules that other documents
 * set off: the scenario that plays each is named here, and is looked for. */
#include "scenario/rulebook.h"

#include "base/clock.h"
#include "base/file.h"
#include "ident.h"

#include <stdio.h>
#include <stdlib.h>

#define ID          "e0e1e2e3e4e5e6e7e8e9eaebecedee"
#define OBLIGATIONS "{\"cmd\":\"obligations\"}"

enum { TODAY = 20260401, SOURCE_MAX = 1 << 20 };

/* ---- an order as the rule wants it ---- */

static const char *issuer_of(const struct rule_list *list)
{
    for (size_t i = 0; i < RULEBOOK_MEMBERS; i++) {
        struct member m;
        assert_int_equal(member_parse(rulebook_members[i], &m), OK);
        const unsigned level = strcmp(m.region + 2, "0000") == 0 ? LEVEL_PROVINCE : LEVEL_CITY;
        if ((list->issuers >> m.department & 1) != 0 && (list->levels & level) != 0)
            return rulebook_members[i];
    }
    fail_msg("nobody here may impose %s", list->code);
    return NULL;
}

static const char *basis_of(const struct ruleset *rs, const struct rule *rule, uint32_t decided)
{
    for (uint32_t i = 0; i < rule->basis_count; i++) {
        const struct rule_basis *b = ruleset_basis(rs, rule->basis[i]);
        if (b->from <= decided && (b->to == 0 || decided <= b->to))
            return b->code;
    }
    fail_msg("%s rests on nothing in force", rule->id);
    return NULL;
}

/* The longest that the decision must say: of the entry, or the least of a measure. */
static uint32_t end_of(const struct rule *rule, uint32_t decided)
{
    uint32_t end = 0;
    assert_int_equal(term_last_day(&rule->term, decided, &end), OK);
    for (uint32_t i = 0; i < rule->item_count; i++) {
        uint32_t least = 0;
        if (rule->item[i].least.unit != TERM_NONE)
            assert_int_equal(term_last_day(&rule->item[i].least, decided, &least), OK);
        end = least > end ? least : end;
    }
    return end;
}

/* One person for each role that a measure reaches. */
static void persons_of(const struct rule *rule, char out[static 2048])
{
    static const char letters[] = {[lianshu_Role_ROLE_LEGAL_REPRESENTATIVE] = 'L',
                                   [lianshu_Role_ROLE_PRINCIPAL] = 'P',
                                   [lianshu_Role_ROLE_DIRECTLY_RESPONSIBLE] = 'D',
                                   [lianshu_Role_ROLE_OTHER_RESPONSIBLE] = 'O',
                                   [lianshu_Role_ROLE_KEY_POST] = 'K',
                                   [lianshu_Role_ROLE_EMPLOYEE] = 'E',
                                   [lianshu_Role_ROLE_LICENCE_HOLDER] = 'H',
                                   [lianshu_Role_ROLE_SOLE_SHAREHOLDER] = 'S'};
    uint32_t roles = 0;
    size_t n = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < rule->item_count; i++)
        roles |= rule->item[i].roles;
    for (unsigned role = 0; role < 32; role++) {
        char one[160];
        if ((roles >> role & 1) == 0)
            continue;
        assert_true(role < sizeof letters && letters[role] != '\0');
        rulebook_person(letters[role], ++n, one);
        snprintf(out + strlen(out), 2048 - strlen(out), "%s%s", n > 1 ? "," : "", one);
    }
}

/* ---- from the trigger to the last lift ---- */

static unsigned number; /* of the play: order and decision have one of their own */

static void annul(struct world *w, const char *issuer, const char *subject, const char *id)
{
    char date[16];
    char body[PAPER_MAX];
    rulebook_date(w, date);
    const struct paper paper = {.subject = subject, .order_id = id, .version = 2, .decided = date};
    paper_change(&paper, body);
    assert_int_equal(book_tell(w, issuer, "sanction.annul", body), 0);
}

static void play(struct world *w, const struct rule *rule, const char *trigger, const char *kind)
{
    static const char *const severities[] = {"", "light", "ordinary", "serious"};
    char subject[256], persons[2048], id[40], serial[64];
    char decided[DATE_TEXT_LEN + 1], end[DATE_TEXT_LEN + 1];
    const uint32_t day = rule->to == 0 ? TODAY : rule->to;
    const uint32_t last = end_of(rule, day);
    const char *issuer = issuer_of(rule->list);
    date_format(day, decided);
    date_format(last, end);
    rulebook_subject(kind, 0, subject);
    persons_of(rule, persons);
    snprintf(id, sizeof id, ID "%02x", ++number & 0xff);
    snprintf(serial, sizeof serial, "示〔2026〕%u号", number);
    const struct paper paper = {.subject = subject,
                                .persons = persons,
                                .order_id = id,
                                .list = rule->list->code,
                                .trigger = trigger,
                                .severity = severities[rule->severity],
                                .number = serial,
                                .decided = decided,
                                .max = end};
    print_message("%s %s %s by %s\n", rule->id, trigger, kind, issuer);
    const uint64_t before = world_status(w, "obligations.total");
    assert_int_equal(rulebook_order(w, issuer, &paper, basis_of(w->rules, rule, day), NULL), 0);
    assert_true(book_count(w, OBLIGATIONS, "obligations", "rule", rule->id) > 0 || last < TODAY);
    (void)rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    annul(w, issuer, subject, id);
    const size_t lifted = rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    assert_true(lifted > 0 || world_status(w, "obligations.total") == before);
    rulebook_assert_nothing_left(w);
}

/* In a world of its own: each kind once, each trigger with the first. */
static size_t play_rule(const struct rule *rule)
{
    static const char *const kinds[] = {[lianshu_SubjectKind_SUBJECT_ENTERPRISE] = "enterprise",
                                        [lianshu_SubjectKind_SUBJECT_INDIVIDUAL_BUSINESS] =
                                            "individual_business",
                                        [lianshu_SubjectKind_SUBJECT_INSTITUTION] = "institution",
                                        [lianshu_SubjectKind_SUBJECT_PERSON] = "person"};
    void *state = NULL;
    size_t played = 0;
    rulebook_setup(&state);
    for (uint32_t t = 0; t < rule->trigger_count; t++) {
        bool once = false;
        for (unsigned kind = 0; kind < T_COUNT(kinds); kind++) {
            if ((rule->subjects >> kind & 1) == 0 || (t > 0 && once))
                continue;
            assert_non_null(kinds[kind]);
            play(state, rule, rule->trigger[t], kinds[kind]);
            once = true;
            played++;
        }
    }
    world_teardown(&state);
    return played;
}

static void every_trigger_of_every_rule_plays_from_its_order_to_the_last_lift(void **state)
{
    const struct world *w = *state;
    size_t n = 0;
    const struct rule *rules = ruleset_rules(w->rules, &n);
    for (size_t i = 0; i < n; i++)
        if (rules[i].event == EVENT_ORDER)
            assert_true(play_rule(&rules[i]) >= rules[i].trigger_count);
}

/* ---- the scenarios that state the law by hand ---- */

static const struct {
    const char *rule;
    const char *file;
    const char *test;
} others[] = {
    {"R08-2018", "scenario_rules_events",
     "r08_before_july_2024_a_second_one_person_company_is_refused_and_its_registry_told"},
    {"R08", "scenario_rules_events", "r08_since_july_2024_it_is_registered_and_its_registry_told"},
    {"R10-REC", "scenario_rules_events",
     "r10_the_record_of_a_fine_reminds_its_publisher_and_takes_no_measure"},
    {"R11", "scenario_rules_events", "r11_a_warning_is_a_record_and_nothing_beyond_it"},
    {"T30-PENALTY", "scenario_rules_events",
     "t30_a_heavy_penalty_reminds_its_body_to_evaluate_and_the_hub_lists_nobody"},
    {"T30", "scenario_casecard", "a_result_with_a_trigger_tells_who_may_list_under_which_rule"},
    {"R16", "scenario_rules_events",
     "r16_nine_points_suspend_until_the_day_that_the_document_says"},
    {"R16-12", "scenario_rules_events", "r16_twelve_points_end_the_qualification_for_a_year"},
    {"R16-SINGLE", "scenario_rules_events", "r16_twelve_points_at_once_end_it_for_three_years"},
    {"R24", "scenario_rules_credit", "r24_"},
    {"R25", "scenario_rules_credit", "r25_"},
    {"R25-OFFER", "scenario_rules_credit", "r25_"},
    {"R26", "rulebook", "plays_from_its_trigger_to_the_last_lift"},
    {"R27", "scenario_rules_events",
     "r27_who_hires_a_banned_person_is_refused_and_its_regulators_told"},
    {"R28", "scenario_rules_batches", "r28_"},
    {"R29", "scenario_rules_events",
     "r29_one_code_sold_twice_is_for_three_departments_to_look_into"},
    /* beside R15, for the persons of the same order */
    {"R15-43", "scenario_rules", "r15_with_heavy_loss_keeps_the_head_away_for_five_years"},
};

static bool says(const char *file, const char *words)
{
    char path[128];
    uint8_t *text = NULL;
    size_t len = 0;
    snprintf(path, sizeof path, "tests/scenario/%s.c", file);
    assert_int_equal(file_read(path, SOURCE_MAX, 0, &text, &len, NULL), OK);
    const bool found = strstr((const char *)text, words) != NULL;
    free(text);
    return found;
}

/* The rule of a play: the word behind its name. */
static bool played_by_hand(const char *id)
{
    char leads[32];
    snprintf(leads, sizeof leads, "\"%s\",", id);
    return says("scenario_rules", leads) || says("scenario_rules_statutes", leads);
}

static void every_rule_of_the_shipped_set_is_stated_by_hand(void **state)
{
    const struct world *w = *state;
    size_t n = 0;
    size_t named = 0;
    const struct rule *rules = ruleset_rules(w->rules, &n);
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t k = 0; k < T_COUNT(others); k++) {
            if (strcmp(others[k].rule, rules[i].id) != 0)
                continue;
            found = says(others[k].file, others[k].test);
            named++;
        }
        if (!found && rules[i].event == EVENT_ORDER)
            found = played_by_hand(rules[i].id);
        if (!found)
            fail_msg("%s has no scenario", rules[i].id);
    }
    assert_int_equal(named, T_COUNT(others)); /* and none is named that the set has not */
    for (unsigned i = 1; i <= 29; i++) {
        char id[8];
        snprintf(id, sizeof id, "R%02u", i);
        assert_non_null(ruleset_rule(w->rules, id));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            every_trigger_of_every_rule_plays_from_its_order_to_the_last_lift, rulebook_setup,
            world_teardown),
        cmocka_unit_test_setup_teardown(every_rule_of_the_shipped_set_is_stated_by_hand,
                                        rulebook_setup, world_teardown),
    };
    return cmocka_run_group_tests_name("whole", tests, NULL, NULL);
}
