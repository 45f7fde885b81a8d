/*
 * Checks the refusals promised in policy/decide.h: each is one change to an order that nothing is
 * wrong with. What is just within the bounds is in test_decide_bounds.c.
 */
#include "policy_spoil.h"

#include "policy/explain.h"

/* ---- refusals: one change to an order that nothing is wrong with ---- */

static const char *const old_law[] = {"CL146-4"};
static const char *const no_code[] = {"DL116", "药品管理法116"};
static const char *const beside[] = {"DL105"};
static const char *const local[] = {"DL116", "SH2017"};
static const char *const r06_basis[] = {"DL126"};

SPOIL(bad_uscc)
{
    snprintf(o->subject.id, sizeof o->subject.id, "91445100DEMA00013X");
}
SPOIL(short_uscc)
{
    snprintf(o->subject.id, sizeof o->subject.id, "91445100DEMA");
}
SPOIL(bad_citizen)
{
    snprintf(o->persons[1].id, sizeof o->persons[1].id, "110105194912310021");
}
SPOIL(no_role)
{
    o->persons[1].role = lianshu_Role_ROLE_NONE;
}
SPOIL(no_region)
{
    o->subject.region[0] = '\0';
}
SPOIL(no_decision_date)
{
    o->decision_date = 0;
}
SPOIL(no_start)
{
    o->start_date = 0;
}
SPOIL(no_such_day)
{
    o->served_date = 20260431;
}
SPOIL(future)
{
    o->decision_date = o->start_date = 20260422;
}
SPOIL(back_dated)
{
    o->start_date = 20260419;
}
SPOIL(late_act)
{
    o->act_date = 20260421;
}
SPOIL(late_notice)
{
    o->prior_notice_date = 20260421;
}
SPOIL(early_service)
{
    o->served_date = 20260419;
}
SPOIL(late_service)
{
    o->served_date = 20260422;
}
SPOIL(ends_early)
{
    o->max_date = 20260419;
}
SPOIL(remedy_over)
{
    o->remedy_deadline_date = 20260419;
}
SPOIL(remedy_over_at_service)
{
    o->served_date = 20260421, o->remedy_deadline_date = 20260420;
}
SPOIL(no_number)
{
    o->decision_number[0] = '\0';
}
SPOIL(no_body)
{
    o->decision_body[0] = '\0';
}
SPOIL(no_list)
{
    o->list[0] = '\0';
}
SPOIL(no_trigger)
{
    o->trigger[0] = '\0';
}
SPOIL(no_severity)
{
    o->severity = lianshu_Severity_SEVERITY_NONE;
}
SPOIL(other_severity)
{
    o->severity = lianshu_Severity_SEVERITY_ORDINARY;
}
SPOIL(no_remedy)
{
    o->remedy[0] = '\0';
}
SPOIL(no_deadline)
{
    o->remedy_deadline_date = 0;
}
SPOIL(no_service)
{
    o->served_date = 0;
}
SPOIL(no_contact)
{
    o->contact[0] = '\0';
}
SPOIL(no_facts)
{
    o->facts_summary[0] = '\0';
}
SPOIL(withheld_unknown)
{
    o->withheld_count = 1;
    snprintf(o->withheld[0], sizeof o->withheld[0], "shoe_size");
}
SPOIL(withheld_and_public)
{
    o->withheld_count = 1;
    o->public_subject = true;
    snprintf(o->withheld[0], sizeof o->withheld[0], "subject");
}
SPOIL(persons_withheld_and_public)
{
    o->withheld_count = 1;
    o->public_persons = true;
    snprintf(o->withheld[0], sizeof o->withheld[0], "persons");
}
SPOIL(of_2015)
{
    o->decision_date = o->start_date = 20150420;
    o->prior_notice_date = o->act_date = 20150401;
    o->remedy[0] = '\0';
}
SPOIL(no_facts_of_the_court)
{
    snprintf(o->list, sizeof o->list, "judgment_defaulter");
    o->facts_summary[0] = '\0';
}
SPOIL(unknown_list)
{
    snprintf(o->list, sizeof o->list, "black_list");
}
SPOIL(other_list)
{
    snprintf(o->list, sizeof o->list, "penalty_record");
}
SPOIL(unknown_trigger)
{
    snprintf(o->trigger, sizeof o->trigger, "DL999");
}
SPOIL(person_subject)
{
    o->subject.kind = lianshu_SubjectKind_SUBJECT_PERSON;
    snprintf(o->subject.id, sizeof o->subject.id, "%s", BOSS);
}
SPOIL(before_the_rule)
{
    o->decision_date = o->start_date = 20210831;
    o->prior_notice_date = 20210801;
    o->act_date = 20210701;
}
SPOIL(no_basis)
{
    in->basis_count = 0;
}
SPOIL(unknown_basis)
{
    in->basis = no_code;
}
SPOIL(repealed_basis)
{
    in->basis = old_law, in->basis_count = 1;
}
SPOIL(other_basis)
{
    in->basis = beside, in->basis_count = 1;
}
SPOIL(foreign_basis)
{
    in->basis = local;
}
SPOIL(by_health)
{
    in->issuer = "health.445100";
}
SPOIL(by_nobody)
{
    in->issuer = "nobody";
}
SPOIL(bribery_by_city)
{
    static const char *const basis[] = {"DL141a"};
    in->issuer = "health.445100";
    in->basis = basis, in->basis_count = 1;
    snprintf(o->list, sizeof o->list, "bribery_record");
    snprintf(o->trigger, sizeof o->trigger, "bribery_first");
}
SPOIL(version_two)
{
    o->version = 2;
}
SPOIL(version_zero)
{
    o->version = 0;
}
SPOIL(correction_skips)
{
    known_again(o, in, w), o->version = 3;
}
SPOIL(correction_past_the_last_version)
{
    known_again(o, in, w), o->version = 0, w->order.version = UINT32_MAX;
}
SPOIL(correction_by_other)
{
    known_again(o, in, w), o->version = 2;
    snprintf(w->order.issuer, sizeof w->order.issuer, "market.445102");
}
SPOIL(correction_of_lifted)
{
    known_again(o, in, w), o->version = 2, w->order.state = ORDER_LIFTED;
}
SPOIL(correction_to_other_list)
{
    known_again(o, in, w), o->version = 2;
    snprintf(w->order.list, sizeof w->order.list, "penalty_record");
}
SPOIL(correction_of_other_subject)
{
    known_again(o, in, w), o->version = 2;
    world_token_of(CLEAN, w->order.token);
}
SPOIL(correction_older_than_its_order)
{
    known_again(o, in, w), o->version = 2, w->order.decision_date = 20260421;
}
SPOIL(start_in_a_year)
{
    o->start_date = 20270420;
}
SPOIL(too_short)
{
    o->max_date = 20260520;
}
SPOIL(early_repair)
{
    o->earliest_repair_date = 20270420;
}
SPOIL(r09_without_end)
{
    r09(o, in, w), o->max_date = 0;
}
SPOIL(r09_too_long)
{
    r09(o, in, w), o->max_date = 20290421;
}
SPOIL(r09_too_short)
{
    r09(o, in, w), o->max_date = 20270419;
}
SPOIL(r09_repaired_when_it_is_over)
{
    r09(o, in, w), o->earliest_repair_date = 20290421;
}
SPOIL(r09_early)
{
    r09(o, in, w), o->earliest_repair_date = 20270419;
}
SPOIL(one_day)
{
    o->max_date = o->start_date;
}
SPOIL(start_after_ninety_days)
{
    o->start_date = 20260720;
}
SPOIL(r05_repaired_while_people_are_banned)
{
    r05(o, in, w), o->earliest_repair_date = 20270420;
}
SPOIL(r05_repaired_on_the_last_day_of_a_ban)
{
    r05(o, in, w), o->earliest_repair_date = o->max_date = 20360420;
}
SPOIL(r06_nine_years)
{
    snprintf(o->trigger, sizeof o->trigger, "DL126");
    in->basis = r06_basis, in->basis_count = 1;
    o->max_date = 20350420;
}
SPOIL(no_notice)
{
    o->prior_notice_date = 0;
}
SPOIL(no_consent)
{
    o->consent_number[0] = '\0';
}
SPOIL(no_consent_county)
{
    in->issuer = "market.445102", o->consent_number[0] = '\0';
}
SPOIL(no_persons)
{
    o->persons_count = 0;
}
SPOIL(only_employees)
{
    o->persons[0].role = o->persons[1].role = lianshu_Role_ROLE_EMPLOYEE;
}
SPOIL(conflict)
{
    w->has_conflict = true;
    w->other.state = ORDER_ACTIVE;
}
static void annulled_by(struct world *w, const char *member)
{
    w->has_conflict = true;
    w->other.state = ORDER_ANNULLED;
    snprintf(w->other.issuer, sizeof w->other.issuer, "%s", ISSUER);
    snprintf(w->other.changed_by, sizeof w->other.changed_by, "%s", member);
}
SPOIL(annulled_by_a_court)
{
    annulled_by(w, "court.440000");
}
SPOIL(annulled_by_the_superior)
{
    annulled_by(w, "market.440000");
}
SPOIL(annulled_by_whom_no_name_says)
{
    annulled_by(w, "");
}
SPOIL(corrected_to_what_was_annulled)
{
    known_again(o, in, w), o->version = 2;
    annulled_by(w, "court.000000");
}

static const struct {
    spoil_fn *spoil;
    enum err want;
    const char *why;
    const char *article; /* that it offends */
} refusals[] = {
    /* clang-format off */
    {bad_uscc, ERR_CHECK_DIGIT, "subject_id", "AP59"},
    {short_uscc, ERR_IDENTIFIER, "subject_id", "AP59"},
    {bad_citizen, ERR_CHECK_DIGIT, "person_id", "AP59"},
    {no_role, ERR_FIELD_MISSING, "person_role", "AP59"},
    {no_region, ERR_REGION, "subject_region", "AP59"},
    {no_decision_date, ERR_FIELD_MISSING, "dates", "AP59"},
    {no_start, ERR_FIELD_MISSING, "dates", "AP59"},
    {no_such_day, ERR_FIELD_VALUE, "dates", "AP59"},
    {future, ERR_TERM, "decision_in_future", "AP59"},
    {back_dated, ERR_TERM, "back_dated", "AP59"},
    {late_act, ERR_TERM, "act_after_decision", "AP40"},
    {late_notice, ERR_TERM, "notice_after_decision", "GBF2020-49"},
    {early_service, ERR_TERM, "served_before_decision", "AP61"},
    {late_service, ERR_TERM, "served_in_future", "AP61"},
    {ends_early, ERR_TERM, "ends_before_start", "AP59"},
    {one_day, ERR_TERM, "term_too_short", "DL116"},
    {remedy_over, ERR_TERM, "remedy_before_decision", "AP59"},
    {remedy_over_at_service, ERR_TERM, "remedy_before_served", "AP59"},
    {no_number, ERR_FIELD_MISSING, "decision_number", "AP59"},
    {no_body, ERR_FIELD_MISSING, "decision_number", "AP59"},
    {no_list, ERR_FIELD_MISSING, "list_trigger", "GBF2020-49"},
    {no_trigger, ERR_FIELD_MISSING, "list_trigger", "GBF2020-49"},
    {no_severity, ERR_FIELD_MISSING, "severity", "GBF2020-49"},
    {other_severity, ERR_FIELD_VALUE, "severity", "DL116"},
    {no_remedy, ERR_FIELD_MISSING, "remedy", "AP59"},
    {no_deadline, ERR_FIELD_MISSING, "remedy_deadline", "AP59"},
    {no_service, ERR_FIELD_MISSING, "served", "AP61"},
    {no_contact, ERR_FIELD_MISSING, "contact", "GBF2020-49"},
    {no_facts, ERR_FIELD_MISSING, "facts", "AP59"},
    {withheld_unknown, ERR_FIELD_VALUE, "withheld", "SAMR45"},
    {withheld_and_public, ERR_FIELD_VALUE, "withheld", "SAMR45"},
    {persons_withheld_and_public, ERR_FIELD_VALUE, "withheld", "SAMR45"},
    {unknown_list, ERR_LIST_RIGHT, "list_unknown", "GBF2020-49"},
    {other_list, ERR_LIST_RIGHT, "trigger_unknown", "GBF2020-49"},
    {unknown_trigger, ERR_LIST_RIGHT, "trigger_unknown", "GBF2020-49"},
    {person_subject, ERR_LIST_RIGHT, "subject_kind", "DL116"},
    {before_the_rule, ERR_BASIS, "rule_not_in_force", "DL116"},
    {no_basis, ERR_BASIS, "basis_missing", "AP38"},
    {of_2015, ERR_FIELD_MISSING, "remedy", "AP39-2017"},
    {no_facts_of_the_court, ERR_FIELD_MISSING, "facts", "CT6"},
    {unknown_basis, ERR_BASIS, "basis_unknown", "AP38"},
    {repealed_basis, ERR_BASIS, "basis_not_in_force", "CL146-4"},
    {other_basis, ERR_BASIS, "basis_of_rule", "DL116"},
    {foreign_basis, ERR_BASIS, "basis_elsewhere", "SH2017"},
    {by_health, ERR_LIST_RIGHT, "list_department", "GBF2020-49"},
    {by_nobody, ERR_LIST_RIGHT, "issuer", "AP17"},
    {bribery_by_city, ERR_LIST_RIGHT, "list_level", "GBF2020-49"},
    {version_two, ERR_ORDER_VERSION, "version", "AP75"},
    {version_zero, ERR_ORDER_VERSION, "version", "AP75"},
    {known_again, ERR_ORDER_VERSION, "version", "AP75"},
    {correction_skips, ERR_ORDER_VERSION, "version", "AP75"},
    {correction_past_the_last_version, ERR_ORDER_VERSION, "version", "AP75"},
    {correction_by_other, ERR_ORDER_AUTHORITY, "not_issuer", "AP75"},
    {correction_of_lifted, ERR_ORDER_STATE, "state", "AP75"},
    {correction_to_other_list, ERR_ORDER_VERSION, "other_list", "AP75"},
    {correction_of_other_subject, ERR_ORDER_VERSION, "other_subject", "AP75"},
    {correction_older_than_its_order, ERR_TERM, "before_order", "AP75"},
    {start_in_a_year, ERR_TERM, "start_too_late", "DL116"},
    {start_after_ninety_days, ERR_TERM, "start_too_late", "DL116"},
    {too_short, ERR_TERM, "term_too_short", "DL116"},
    {early_repair, ERR_TERM, "no_early_repair", "DL116"},
    {r09_without_end, ERR_TERM, "term_without_end", "SAMR44-6"},
    {r09_too_long, ERR_TERM, "term_too_long", "SAMR44-6"},
    {r09_too_short, ERR_TERM, "term_too_short", "SAMR44-6"},
    {r09_early, ERR_TERM, "repair_too_early", "SAMR44-6"},
    {r09_repaired_when_it_is_over, ERR_TERM, "repair_after_end", "SAMR44-6"},
    {r05_repaired_while_people_are_banned, ERR_TERM, "ban_outlasts_repair", "DL122"},
    {r05_repaired_on_the_last_day_of_a_ban, ERR_TERM, "ban_outlasts_repair", "DL122"},
    {r06_nine_years, ERR_TERM, "term_too_short", "DL126"},
    {no_notice, ERR_CONSENT, "prior_notice", "GBF2020-49"},
    {no_consent, ERR_CONSENT, "consent", "SAMR44"},
    {no_consent_county, ERR_CONSENT, "consent", "SAMR44"},
    {no_persons, ERR_NO_PERSON, "no_person", "DL116"},
    {only_employees, ERR_NO_PERSON, "no_person", "DL116"},
    {conflict, ERR_ORDER_CONFLICT, "conflict", "AP29"},
    {annulled_by_a_court, ERR_ACT_ANNULLED, "annulled_by_court", "XS71"},
    {annulled_by_the_superior, ERR_ACT_ANNULLED, "annulled_by_superior", "FY64"},
    {annulled_by_whom_no_name_says, ERR_ACT_ANNULLED, "annulled_by_superior", "FY64"},
    {corrected_to_what_was_annulled, ERR_ACT_ANNULLED, "annulled_by_court", "XS71"},
    /* clang-format on */
};

static void every_refusal_has_its_code_its_article_and_no_duties(void **state)
{
    for (size_t i = 0; i < T_COUNT(refusals); i++) {
        struct world *w = *state;
        world_reset(w);
        struct decide_input in = input_r01(w);
        lianshu_SanctionOrder order = order_r01();
        lianshu_DecisionRecord record;
        struct decision out;

        refusals[i].spoil(&order, &in, w);
        print_message("row %zu: %s\n", i, refusals[i].why);
        assert_int_equal(decide(w, &in, &order, &out, &record), OK);
        assert_string_equal(out.why, refusals[i].why);
        assert_int_equal(out.err, refusals[i].want);
        assert_string_equal(out.basis, refusals[i].article);
        assert_int_equal(out.duty_count, 0);
        assert_int_equal(record.outcome_count, 0);
        assert_int_equal(record.code, refusals[i].want);
        const char *last = record.rules[record.rules_count - 1].why;
        assert_string_equal(last, refusals[i].why);
    }
}

/* A reason that no row above gives is not tested. */
static void every_reason_of_a_refusal_has_an_article_and_a_sentence(void **state)
{
    const struct world *w = *state;
    for (size_t i = 0; decide_offences[i] != NULL; i++) {
        const char *why = decide_offences[i];
        print_message("%s\n", why);
        const char *article = ruleset_offence(w->rules, why, "", 20260420);
        assert_non_null(ruleset_basis(w->rules, article));
        assert_string_not_equal(explain_why_zh(why), "");
        assert_string_not_equal(explain_why_en(why), "");
    }
}

/* What every list demands (B.9); a list that left it out would fail here. */
static void every_list_demands_what_the_listed_must_be_told(void **state)
{
    const struct world *w = *state;
    const unsigned all = NEEDS_REMEDY | NEEDS_SERVED | NEEDS_FACTS | NEEDS_CONTACT;
    const unsigned court = UINT32_C(1) << DEPARTMENT_COURT;
    size_t n = 0;
    const struct rule_list *lists = ruleset_lists(w->rules, &n);
    for (size_t i = 0; i < n; i++) {
        print_message("%s\n", lists[i].code);
        assert_int_equal(lists[i].needs & all, all);
        if (lists[i].issuers != court) /* whoever is a judgment defaulter may object at any time */
            assert_true((lists[i].needs & NEEDS_REMEDY_DEADLINE) != 0);
    }
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_refusal_has_its_code_its_article_and_no_duties),
        CASE(every_reason_of_a_refusal_has_an_article_and_a_sentence),
        CASE(every_list_demands_what_the_listed_must_be_told),
    };
    return cmocka_run_group_tests_name("decide_refusals", tests, world_group_open,
                                       world_group_close);
}
