/*
 * What each shipped rule for orders decides: measures with their force, on whom, until when, and
 * who owes them, on the days of its validity and on the days around it. Derived by hand from the
 * domain's tables B.5 and B.8. Rules of other events are in test_event.c.
 */
#include "policy_world.h"

#define MARKET "market.445100"
#define DRUG   "drug.440000"
#define HEALTH "health.440000"
#define FUND   "insurance.440000"
#define BUY    "procurement.440000"
#define COURT  "court.445100"
#define COMP   lianshu_SubjectKind_SUBJECT_ENTERPRISE
#define INST   lianshu_SubjectKind_SUBJECT_INSTITUTION
#define PERS   lianshu_SubjectKind_SUBJECT_PERSON
#define SER    lianshu_Severity_SEVERITY_SERIOUS
#define ORD    lianshu_Severity_SEVERITY_ORDINARY

#define SD "serious_dishonesty"
#define SB "statute_ban"

/* Duties in the order of the rule: measure, force (m, c, n), on (s subject, p persons). */
#define LISTED "M22ms M23ms M27ms "
#define SIX    "M07cs M08cs M20cs M21cs M24cs M25cs "

struct row {
    const char *rule; /* "" when the order is refused */
    const char *issuer;
    const char *list;
    const char *trigger;
    lianshu_SubjectKind kind;
    lianshu_Severity severity;
    const char *basis;
    uint32_t decided;
    uint32_t max;
    const char *want; /* duties, or the reason of the refusal */
    uint32_t end;     /* of the first duty on the subject; 0: for life or none */
};

static const struct row rows[] = {
    {"R01", MARKET, SD, "DL116_118", COMP, SER, "DL116", 20260420, 0,
     "M01ms M02mp M03mp " LISTED SIX, 20360420},
    {"R01", MARKET, SD, "DL116_118", COMP, SER, "DL116", 20210901, 0,
     "M01ms M02mp M03mp " LISTED SIX, 20310901},
    {"", MARKET, SD, "DL116_118", COMP, SER, "DL116", 20210831, 0, "rule_not_in_force", 0},
    {"R02", MARKET, SD, "DL117_118", COMP, SER, "DL118", 20260420, 0, "M02mp M03mp " LISTED SIX,
     20290420},
    {"", MARKET, SD, "DL117_118", COMP, SER, "DL118", 20210831, 0, "rule_not_in_force", 0},
    {"R03", DRUG, SD, "VL80", COMP, SER, "VL80", 20260420, 0, "M02mp M03mp " LISTED SIX, 20290420},
    {"R03-81", DRUG, SD, "VL81", COMP, SER, "VL81", 20260420, 20360420, "M02mp M03mp " LISTED SIX,
     20290420},
    {"R03-81", DRUG, SD, "VL82", COMP, SER, "VL82", 20260420, 0, "M02mp M03mp " LISTED SIX,
     20290420},
    {"R04", DRUG, SD, "DL123", COMP, SER, "DL123", 20260420, 20290420,
     "M01ms M02mp " LISTED "M24cs ", 20360420},
    {"R05", DRUG, SD, "DL122", COMP, SER, "DL122", 20260420, 20290420, "M02mp M03mp " LISTED,
     20290420},
    /* art. 126: five years without studies and trials for GLP and GCP institutions alone */
    {"R06", DRUG, SD, "DL126", COMP, SER, "DL126", 20260420, 20360420, "M02mp " LISTED, 20290420},
    {"R06-GLP-GCP", DRUG, SD, "DL126_GLP_GCP", COMP, SER, "DL126", 20260420, 20360420,
     "M01ms M02mp " LISTED, 20310420},
    {"", DRUG, SD, "DL126_GLP_GCP", COMP, SER, "DL126", 20260420, 20350420, "term_too_short", 0},
    {"", DRUG, SD, "DL126", COMP, SER, "DL126", 20260420, 20350420, "term_too_short", 0},
    {"R07", MARKET, "licence_revoked", "licence_revoked", COMP, SER, "CL178-4", 20240701, 20270701,
     "M03mp M27ms ", 20270701},
    {"R07-2018", MARKET, "licence_revoked", "ordered_closed", COMP, SER, "CL146-4", 20240630,
     20270630, "M03mp M27ms ", 20270630},
    {"", MARKET, "licence_revoked", "licence_revoked", COMP, SER, "CL178-4", 20240630, 20270630,
     "basis_not_in_force", 0},
    {"R09", MARKET, SD, "SAMR44_6_1", COMP, SER, "SAMR44-6", 20260420, 20290420,
     LISTED "M21ms M24cs M25cs ", 20290420},
    {"R09", DRUG, SD, "SAMR44_6_4", COMP, SER, "SAMR44-6", 20210901, 20240901,
     LISTED "M21ms M24cs M25cs ", 20240901},
    {"", DRUG, SD, "SAMR44_6_1", COMP, SER, "SAMR44-6", 20210831, 20240831, "basis_not_in_force",
     0},
    {"R10", MARKET, "penalty_record", "penalty_larger_fine", COMP, ORD, "AP48", 20260401, 20270401,
     "M27ms ", 20270401},
    {"", MARKET, "penalty_record", "penalty_larger_fine", COMP, ORD, "AP48", 20260401, 20270402,
     "term_too_long", 0},
    {"R10-2023", MARKET, "penalty_record", "penalty_larger_fine", COMP, ORD, "AP48", 20260331,
     20290331, "M27ms ", 20290331},
    {"R10-2023", MARKET, "penalty_record", "penalty_larger_fine", COMP, ORD, "AP48", 20230501,
     20260501, "M27ms ", 20260501},
    {"R10-2021", MARKET, "penalty_record", "penalty_larger_fine", COMP, ORD, "AP48", 20230430,
     20260430, "M27ms ", 20260430},
    {"R10-2014", MARKET, "penalty_record", "penalty_larger_fine", COMP, ORD, "EI6", 20210831,
     20260831, "M27ms ", 20260831},
    {"R12", MARKET, SD, "AD55_repeat", COMP, SER, "AD55", 20260420, 20290420, "M10ms M09cs " LISTED,
     20270420},
    {"R13", HEALTH, "bribery_record", "bribery_first", COMP, SER, "NHC2013-50", 20260420, 20280420,
     "M08cs M27ms ", 20280420},
    {"R13-2", HEALTH, "bribery_record", "bribery_second", COMP, SER, "NHC2013-50", 20260420,
     20280420, "M08cs M27ms ", 20280420},
    {"", MARKET, "bribery_record", "bribery_first", COMP, SER, "NHC2013-50", 20260420, 20280420,
     "list_department", 0},
    {"R14", FUND, "procurement_credit", "procurement_tax", COMP, SER, "NHSA-CREDIT", 20260420,
     20290420, "M08cs ", 20290420},
    {"R14-TOP", FUND, "procurement_credit", "procurement_top", COMP, SER, "NHSA-CREDIT", 20260420,
     20290420, "M08cs ", 20290420},
    {"R15", FUND, "insurance_fraud", "MI40", INST, SER, "MI40", 20260420, 20270420, "M07ms M06cs ",
     20270420},
    {"", FUND, "insurance_fraud", "MI40", INST, SER, "MI40", 20260420, 20261019, "term_too_short",
     0},
    {"R17", DRUG, "pharmacist_record", "pharmacist_hanging", PERS, SER, "NMPA2021-36", 20260420,
     20290420, "M01cs ", 20290420},
    {"R18", HEALTH, "physician_record", "PH55", PERS, SER, "PH55", 20260420, 20270420,
     "M06ms M07cs ", 20270420},
    {"", HEALTH, "physician_record", "PH55", PERS, SER, "PH55", 20260420, 20260920,
     "term_too_short", 0},
    {"R18-REV", HEALTH, "physician_record", "PH56_revoked", PERS, SER, "PH56-REV", 20260420,
     20290420, "M06ms M07cs ", 20290420},
    {"R18-54", HEALTH, "physician_record", "PH54", PERS, SER, "PH54", 20260420, 20290420, "M01ms ",
     20290420},
    {"R18-58", HEALTH, "physician_record", "PH58", PERS, SER, "PH58", 20260420, 20310420,
     "M06ms M07cs ", 20310420},
    {"", HEALTH, "physician_record", "PH58", PERS, SER, "PH58", 20260420, 20310419,
     "term_too_short", 0},
    {"", HEALTH, "physician_record", "PH58", PERS, SER, "PH58", 20220228, 20310419,
     "basis_not_in_force", 0},
    {"R19", DRUG, SD, "DL135", COMP, SER, "DL135", 20260420, 20290420, "M09ms M23ms M27ms ",
     20290420},
    {"R20", DRUG, "penalty_record", "AEFI_late", INST, ORD, "VL89", 20260420, 20270420, "M23ms ",
     20270420},
    {"R20-2023", DRUG, "penalty_record", "ADR_late", COMP, ORD, "DL134", 20260331, 20270331,
     "M23ms ", 20270331},
    {"R20-2021", DRUG, "penalty_record", "ADR_late", COMP, ORD, "DL134", 20230430, 20240430,
     "M23ms ", 20240430},
    {"R21", MARKET, SD, "SAMR44_11", COMP, SER, "SAMR44-11", 20260420, 20290420, LISTED, 20290420},
    {"R22", COURT, "judgment_defaulter", "defaulter", COMP, SER, "CT7", 20260420, 20280420,
     "M04ms M04mp M25cs M31ns ", 20280420},
    {"R22-P", COURT, "judgment_defaulter", "defaulter", PERS, SER, "CT7", 20260420, 20280420,
     "M03ms M04ms M31ns ", 20280420},
    {"R22-P-2022", COURT, "judgment_defaulter", "defaulter", PERS, SER, "CT7", 20240630, 20260630,
     "M04ms M31ns ", 20260630},
    {"", COURT, "judgment_defaulter", "defaulter", PERS, SER, "CT7", 20211231, 20231231,
     "rule_not_in_force", 0},
    {"R23", BUY, "procurement_dishonesty", "P4_6", COMP, SER, "POLICY000-4", 20260420, 20280420,
     "M08cs M27cs ", 20280420},
    /* Statute bans, B.5. */
    {"DL118", DRUG, SB, "DL118", COMP, SER, "DL118", 20260420, 20290420, "M02mp ", 0},
    {"DL119", HEALTH, SB, "DL119", INST, SER, "DL119", 20260420, 20290420, "M06mp ", 0},
    {"DL124", DRUG, SD, "DL124", COMP, SER, "DL124", 20260420, 20360420, "M02mp " LISTED, 20290420},
    {"", DRUG, SD, "DL124", COMP, SER, "DL124", 20260420, 20360419, "term_too_short", 0},
    {"DL124-USE", HEALTH, SB, "DL124_use", INST, SER, "DL124", 20260420, 20290420, "M06mp ", 0},
    {"DL125", DRUG, SB, "DL125", COMP, SER, "DL125", 20260420, 20360420, "M02mp ", 0},
    {"DL140", DRUG, "penalty_record", "DL140", COMP, ORD, "DL140", 20260420, 20270420, "M27ms ",
     20270420},
    {"DL140-2023", DRUG, "penalty_record", "DL140", COMP, ORD, "DL140", 20260331, 20290331,
     "M27ms ", 20290331},
    {"DL140-2021", DRUG, "penalty_record", "DL140", COMP, ORD, "DL140", 20230430, 20260430,
     "M27ms ", 20260430},
    {"DL141a", MARKET, SD, "DL141a", COMP, SER, "DL141a", 20260420, 20290420, LISTED "M08cs ",
     20290420},
    {"DL141b", DRUG, SB, "DL141b", COMP, SER, "DL141b", 20260420, 0, "M02mp ", 0},
    {"DL142a", DRUG, SB, "DL142a", PERS, SER, "DL142a", 20260420, 20310420, "M02ms ", 20310420},
    {"DL142b", HEALTH, SB, "DL142b", PERS, SER, "DL142b", 20260420, 20290420, "M06ms ", 20290420},
    {"VL85", HEALTH, SB, "VL87", INST, SER, "VL87", 20260420, 20271020, "M06ms M06mp ", 20271020},
    {"VL85", HEALTH, SB, "VL85", PERS, SER, "VL85", 20260420, 20261020, "M06ms ", 20261020},
    {"VL85-REV", HEALTH, SB, "VL85_revoked", PERS, SER, "VL85", 20260420, 20290420, "M06ms ",
     20290420},
    {"MD81", DRUG, SD, "MD83", COMP, SER, "MD83", 20260420, 20360420, "M01ms M02mp " LISTED,
     20360420},
    {"MD84", DRUG, SB, "MD84", COMP, SER, "MD84", 20260420, 20290420, "M02mp ", 0},
    {"MD85", DRUG, SB, "MD85", COMP, SER, "MD85", 20260420, 20310420, "M01ms M02mp ", 20310420},
    {"MD86", DRUG, SD, "MD86", COMP, SER, "MD86", 20260420, 20360420, "M02mp " LISTED, 20290420},
    {"MD88", DRUG, SB, "MD88", COMP, SER, "MD88", 20260420, 20290420, "M02mp ", 0},
    {"MD93", DRUG, SB, "MD94", COMP, SER, "MD94", 20260420, 20310420, "M01ms ", 20310420},
    {"MD95", DRUG, SB, "MD96", INST, SER, "MD96", 20260420, 20310420, "M01ms M02mp ", 20310420},
    {"MD98", DRUG, SB, "MD98", COMP, SER, "MD98", 20260420, 20360420, "M01ms ", 20360420},
    {"CO59", DRUG, SD, "CO59", COMP, SER, "CO59", 20260420, 20360420, "M01ms M02mp " LISTED,
     20360420},
    {"CO60", DRUG, SB, "CO60", COMP, SER, "CO60", 20260420, 20290420, "M02mp ", 0},
    {"CO61", DRUG, SB, "CO61", COMP, SER, "CO61", 20260420, 20290420, "M02mp ", 0},
    {"CO62", DRUG, SB, "CO62", COMP, SER, "CO62", 20260420, 20290420, "M01ms ", 20290420},
    {"CO64", DRUG, SB, "CO64", COMP, SER, "CO64", 20260420, 20310420, "M01ms M02mp ", 20310420},
    {"CO65", DRUG, SB, "CO65", COMP, SER, "CO65", 20260420, 20290420, "M01ms M02mp ", 20290420},
    {"CO70", DRUG, SB, "CO70", COMP, SER, "CO70", 20260420, 20360420, "M01ms ", 20360420},
    {"CO71", DRUG, SB, "CO71", INST, SER, "CO71", 20260420, 20290420, "M02mp ", 0},
    {"AD55b", MARKET, SB, "AD55b", INST, SER, "AD55b", 20260420, 20270420, "M06ms ", 20270420},
    {"AD58", MARKET, SB, "AD58", COMP, SER, "AD58", 20260420, 20270420, "M10ms ", 20270420},
    {"AD69", MARKET, "licence_revoked", "AD69", COMP, SER, "AD69", 20260420, 20290420, "M03mp ", 0},
    {"RG12", MARKET, "licence_revoked", "licence_revoked", INST, SER, "RG12", 20260420, 20290420,
     "M03mp M27ms ", 20290420},
    {"RG40", MARKET, SB, "RG40", COMP, SER, "RG40", 20260420, 20290420, "M01mp ", 0},
    {"", MARKET, SB, "RG40", COMP, SER, "RG40", 20220228, 20250228, "basis_not_in_force", 0},
    {"CL178-2", COURT, "court_record", "economic_crime", PERS, SER, "CL178-2", 20240701, 20290701,
     "M03ms ", 20290701},
    {"CL178-2-P", COURT, "court_record", "economic_crime_probation", PERS, SER, "CL178-2", 20260420,
     20280420, "M03ms ", 20280420},
    {"CL146-2", COURT, "court_record", "economic_crime", PERS, SER, "CL146-2", 20240630, 20290630,
     "M03ms ", 20290630},
    {"EI17", MARKET, SD, "EI17", COMP, SER, "EI17", 20260420, 20290420, "M03mp M21ms M25ms M27ms ",
     20290420},
    {"EI17-2014", MARKET, "serious_illegal_2014", "EI17", COMP, SER, "EI17", 20210831, 20260831,
     "M03mp M21ms M25ms M27ms ", 20260831},
    {"MI38", FUND, "insurance_fraud", "MI38", INST, SER, "MI38", 20260420, 20261020, "M07ms ",
     20261020},
    {"", FUND, "insurance_fraud", "MI38", INST, SER, "MI38", 20260420, 20261019, "term_too_short",
     0},
    {"MI41", FUND, "insurance_fraud", "MI41", PERS, SER, "MI41", 20260420, 20260720, "M07ms ",
     20260720},
    {"", FUND, "insurance_fraud", "MI41", PERS, SER, "MI41", 20260420, 20270421, "term_too_long",
     0},
};

static const struct {
    const char *measure;
    const char *each;
    const char *either;
} owes[] = {
    {"M01", "", "market drug"},
    {"M02", "", "market drug"},
    {"M03", "market", ""},
    {"M04", "court", ""},
    {"M06", "health", "market drug"},
    {"M07", "insurance", ""},
    {"M08", "health insurance procurement", ""},
    {"M09", "health", "market drug"},
    {"M10", "", "market drug"},
    {"M20", "credit", ""},
    {"M23", "health", "market drug"},
    {"M24", "health", "market drug"},
    {"M25", "procurement", ""},
    {"M31", "finance", ""},
};

static uint32_t bits(const char *words)
{
    uint32_t set = 0;
    char word[32];
    int used = 0;
    for (const char *at = words; sscanf(at, "%31s%n", word, &used) == 1; at += used) {
        unsigned bit = 0;
        assert_true(department_find(word, &bit));
        set |= UINT32_C(1) << bit;
    }
    return set;
}

/* Who owes a measure is the measure's own, unless the article names another body. */
static bool owner_is_special(const char *rule, const char *measure)
{
    static const struct {
        const char *rule;
        const char *measure;
    } special[] = {{"R06-GLP-GCP", "M01"}, {"R09", "M21"},       {"R18", "M06"},
                   {"R18-54", "M01"},      {"R18-58", "M06"},    {"R18-REV", "M06"},
                   {"DL119", "M06"},       {"DL124-USE", "M06"}, {"DL142b", "M06"},
                   {"VL85", "M06"},        {"VL85-REV", "M06"},  {"MD93", "M01"},
                   {"AD55b", "M06"},       {"RG40", "M01"}};
    for (size_t i = 0; i < T_COUNT(special); i++)
        if (strcmp(special[i].rule, rule) == 0 && strcmp(special[i].measure, measure) == 0)
            return true;
    return false;
}

static void check_owners(const struct duty *d)
{
    if (owner_is_special(d->rule, d->measure)) {
        assert_int_equal(d->owners.who, WHO_DEPARTMENTS);
        assert_true((d->owners.each | d->owners.either) != 0);
        return;
    }
    if (strcmp(d->measure, "M21") == 0 || strcmp(d->measure, "M22") == 0) {
        assert_int_equal(d->owners.who, WHO_EVERY);
        return;
    }
    if (strcmp(d->measure, "M27") == 0) {
        assert_int_equal(d->owners.who, WHO_ISSUER);
        return;
    }
    for (size_t i = 0; i < T_COUNT(owes); i++) {
        if (strcmp(owes[i].measure, d->measure) != 0)
            continue;
        assert_int_equal(d->owners.each, bits(owes[i].each));
        assert_int_equal(d->owners.either, bits(owes[i].either));
        return;
    }
    fail_msg("%s is owed by nobody we know", d->measure);
}

static lianshu_SanctionOrder order_of(const struct row *row)
{
    lianshu_SanctionOrder order = order_r01();
    order.subject.kind = row->kind;
    if (row->kind == PERS) {
        snprintf(order.subject.id, sizeof order.subject.id, "%s", BOSS);
        order.persons_count = 0;
    }
    snprintf(order.list, sizeof order.list, "%s", row->list);
    snprintf(order.trigger, sizeof order.trigger, "%s", row->trigger);
    order.severity = row->severity;
    order.decision_date = order.start_date = order.prior_notice_date = row->decided;
    order.act_date = row->decided;
    order.max_date = row->max;
    return order;
}

/* "M22ms M27ms ", each measure once, in the order of the rule. */
static void spell(const struct decision *d, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < d->duty_count; i++) {
        const struct duty *duty = &d->duty[i];
        char one[8];
        snprintf(one, sizeof one, "%s%c%c ", duty->measure, "?mcn"[duty->force],
                 duty -> subject_index == 0 ? 's' : 'p');
        if (strstr(out, one) == NULL)
            len += (size_t)snprintf(out + len, cap - len, "%s", one);
    }
}

static void each_rule_decides_what_the_law_says(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        lianshu_SanctionOrder order = order_of(row);
        struct decide_input in = {.issuer = row->issuer,
                                  .basis = &row->basis,
                                  .basis_count = 1,
                                  .now_ms = noon(20260421),
                                  .calendar = w->calendar};
        struct decision out;
        char got[256];
        if (row->kind != PERS && strcmp(row->rule, "RG40") == 0)
            order.persons[0].role = lianshu_Role_ROLE_DIRECTLY_RESPONSIBLE;
        print_message("row %zu: %s %s %u\n", i, row->rule, row->trigger, row->decided);
        assert_int_equal(decide_order(w->rules, &w->view, &in, &order, &out, NULL), OK);
        if (row->rule[0] == '\0') {
            assert_string_equal(out.why, row->want);
            assert_int_not_equal(out.err, OK);
            assert_int_equal(out.duty_count, 0);
            continue;
        }
        assert_string_equal(out.why, "");
        assert_string_equal(out.rule->id, row->rule);
        spell(&out, got, sizeof got);
        assert_string_equal(got, row->want);
        uint32_t end = 0;
        for (uint32_t k = 0; k < out.duty_count; k++) {
            check_owners(&out.duty[k]);
            assert_true(out.duty[k].basis_count > 0);
            if (end == 0 && out.duty[k].subject_index == 0)
                end = out.duty[k].end_date;
        }
        assert_int_equal(end, row->end);
    }
}

/* No rule for orders is left out above. */
static void each_rule_for_orders_has_its_row(void **state)
{
    const struct world *w = *state;
    size_t n = 0;
    const struct rule *rules = ruleset_rules(w->rules, &n);
    for (size_t i = 0; i < n; i++) {
        bool found = rules[i].event != EVENT_ORDER || strcmp(rules[i].id, "R15-43") == 0;
        for (size_t k = 0; k < T_COUNT(rows) && !found; k++)
            found = strcmp(rows[k].rule, rules[i].id) == 0;
        if (!found)
            print_message("%s has no row\n", rules[i].id);
        assert_true(found);
    }
}

/* In drugs nothing was repaired before a year from May 2023 on, and after three months from
 * April 2026 on (B.2, B.4). */
static void earliest_repair_follows_the_class_of_its_day(void **state)
{
    static const struct {
        uint32_t decided;
        uint32_t max;
        uint32_t repair;
        const char *why;
    } days[] = {
        {20230430, 20260430, 20230730, ""},
        {20230430, 20260430, 20230729, "repair_too_early"},
        {20230501, 20260501, 20240430, "repair_too_early"},
        {20230501, 20260501, 20240501, ""},
        {20260331, 20290331, 20270330, "repair_too_early"},
        {20260401, 20270401, 20260701, ""},
        {20260401, 20270401, 20260630, "repair_too_early"},
        {20210831, 20260831, 20220831, "no_early_repair"},
    };
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(days); i++) {
        const char *basis = days[i].decided < 20210901 ? "EI6" : "AP48";
        struct row row = {"",  MARKET, "penalty_record", "penalty_larger_fine", COMP,
                          ORD, basis,  days[i].decided,  days[i].max,           "",
                          0};
        lianshu_SanctionOrder order = order_of(&row);
        struct decide_input in = {.issuer = MARKET,
                                  .basis = &basis,
                                  .basis_count = 1,
                                  .now_ms = noon(20260421),
                                  .calendar = w->calendar};
        struct decision out;
        order.earliest_repair_date = days[i].repair;
        print_message("row %zu\n", i);
        assert_int_equal(decide_order(w->rules, &w->view, &in, &order, &out, NULL), OK);
        assert_string_equal(out.why, days[i].why);
    }
}

/* Shanghai (art. 38), Henan (41-43) and Shandong (38-40) show an entry for five years at most, and
 * the rule set has no clock of its own for it: no class lasts longer, and no rule publishes longer.
 */
static void nothing_is_published_longer_than_local_law_lets_it_be_shown(void **state)
{
    static const struct term five_years = {.n = 5, .unit = TERM_YEARS};
    struct world *w = *state;
    size_t n;
    const struct rule_class *classes = ruleset_classes(w->rules, &n);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        print_message("class %zu\n", i);
        assert_true(term_compare(&classes[i].max, &five_years) <= 0);
    }
    const struct rule *rules = ruleset_rules(w->rules, &n);
    size_t published = 0;
    for (size_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < rules[i].item_count; k++) {
            if (strcmp(rules[i].item[k].measure->code, "M27") != 0)
                continue;
            print_message("%s\n", rules[i].id);
            assert_int_equal(rules[i].item[k].term.unit, TERM_LIST);
            assert_true(term_compare(&rules[i].term, &five_years) <= 0);
            published++;
        }
    }
    assert_true(published > 20);
}

/* B.8, objections and retention: working days to decide and to pass on, to delete after an
 * annulment and to hide after a repair; of which more with notice. What a region does not say is
 * the nation's.
 */
static void objections_are_those_of_the_local_law(void **state)
{
    static const struct {
        const char *clock;
        const char *term;
        const char *longer;
        bool shows;
    } law[] = {
        /* Shanghai 35–38: five days, two to pass on; seven are of private bodies */
        {"OBJ-310000", "5 working_days", "none", true},
        {"OBJ-FORWARD-310000", "2 working_days", "none", false},
        {"OBJ-ANNUL-310000", "3 working_days", "none", false},
        {"OBJ-REPAIR-310000", "3 working_days", "none", false},
        /* Henan 41–43: three days, seven if it is checked; one for an annulment or a repair */
        {"OBJ-410000", "3 working_days", "7 working_days", true},
        {"OBJ-ANNUL-410000", "1 working_day", "none", false},
        {"OBJ-REPAIR-410000", "1 working_day", "none", false},
        /* Shandong 38–40: three days, seven with others; nothing of a mark or of repairs */
        {"OBJ-370000", "3 working_days", "7 working_days", false},
        {"OBJ-ANNUL-370000", "3 working_days", "none", false},
        /* Shenzhen: the platform one day, the source two and three more; a repair three and three
         */
        {"OBJ-440300", "2 working_days", "5 working_days", true},
        {"OBJ-FORWARD-440300", "1 working_day", "none", false},
        {"OBJ-REPAIR-440300", "3 working_days", "6 working_days", false},
    };
    const struct world *w = *state;
    size_t n = 0;
    size_t local = 0;
    const struct rule_clock *clocks = ruleset_clocks(w->rules, &n);
    for (size_t i = 0; i < n; i++)
        local += strncmp(clocks[i].id, "OBJ-", 4) == 0 && strcmp(clocks[i].id, "OBJ-000000") != 0;
    assert_int_equal(local, T_COUNT(law));
    for (size_t i = 0; i < T_COUNT(law); i++) {
        const struct rule_clock *clock = ruleset_clock(w->rules, law[i].clock);
        char text[TERM_TEXT_MAX];
        print_message("%s\n", law[i].clock);
        assert_non_null(clock);
        term_print(&clock->ordinary, text);
        assert_string_equal(text, law[i].term);
        term_print(&clock->complex, text);
        assert_string_equal(text, law[i].longer);
        assert_int_equal(clock->shows, law[i].shows);
        assert_int_equal(clock->mark, 'V');
    }
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_rule_decides_what_the_law_says),
        CASE(each_rule_for_orders_has_its_row),
        CASE(earliest_repair_follows_the_class_of_its_day),
        CASE(objections_are_those_of_the_local_law),
        CASE(nothing_is_published_longer_than_local_law_lets_it_be_shown),
    };
    return cmocka_run_group_tests_name("rules", tests, world_group_open, world_group_close);
}
