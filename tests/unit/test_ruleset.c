/*
 * Checks the promises in policy/ruleset.h: the shipped set loads and says what the law says;
 * a set with a mistake does not load, and the mistake is named with file, line and word.
 */
#include "ruleset_copy.h"

#include "keys/hash.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void shipped_set_loads_with_every_rule(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    char id[8];
    size_t n = 0;

    assert_int_equal(ruleset_open(&rs, RULES_DIR, &f->faults), OK);
    assert_int_equal(f->faults.total, 0);
    for (unsigned i = 1; i <= 29; i++) {
        snprintf(id, sizeof id, "R%02u", i);
        print_message("%s\n", id);
        assert_non_null(ruleset_rule(rs, id));
    }
    static const char *const measures[] = {"M01", "M02", "M03", "M04", "M05", "M06", "M07",
                                           "M08", "M09", "M10", "M20", "M21", "M22", "M23",
                                           "M24", "M25", "M26", "M27", "M30", "M31", "M32",
                                           "M33", "I01", "I02", "I03", "I04", "I05", "I06"};
    for (size_t i = 0; i < T_COUNT(measures); i++)
        assert_non_null(ruleset_measure(rs, measures[i]));
    (void)ruleset_measures(rs, &n);
    assert_int_equal(n, T_COUNT(measures));
    assert_string_equal(ruleset_name(rs), "national-2026-04");
    /* 2026-04-01T00:00+08:00 */
    assert_int_equal(ruleset_activate_at_ms(rs), UINT64_C(1774972800000));
    ruleset_close(&rs);
    assert_null(rs);
    ruleset_close(&rs);
}

static void look_ups_answer_null_for_the_unknown(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    assert_int_equal(ruleset_open(&rs, RULES_DIR, &f->faults), OK);
    assert_null(ruleset_measure(rs, "M99"));
    assert_null(ruleset_list(rs, ""));
    assert_null(ruleset_basis(rs, "DL"));
    assert_null(ruleset_rule(rs, "R1"));
    assert_null(ruleset_clock(rs, "T99"));
    assert_null(ruleset_change(rs, RULES_CHANGES));
    ruleset_close(&rs);
}

/* A second writing of the definition, on purpose. */
static void hash_is_over_the_sorted_files(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    uint8_t want[HASH_LEN];
    uint8_t got[HASH_LEN];
    struct sha256 s;

    sha256_init(&s);
    for (size_t i = 0; i < SET_FILES; i++) {
        size_t len = 0;
        uint8_t *text = read_text(RULES_DIR, names[i], &len);
        size_t n = strlen(names[i]);
        const uint8_t head[2] = {(uint8_t)(n >> 8), (uint8_t)n};
        const uint8_t size[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                                 (uint8_t)len};
        sha256_add(&s, span_of(head, 2));
        sha256_add(&s, span_str(names[i]));
        sha256_add(&s, span_of(size, 4));
        sha256_add(&s, span_of(text, len));
        free(text);
    }
    sha256_done(&s, want);
    assert_int_equal(ruleset_open(&rs, RULES_DIR, &f->faults), OK);
    ruleset_hash(rs, got);
    assert_memory_equal(got, want, sizeof got);
    ruleset_close(&rs);

    spoil(f, "rules.yaml", "fake drugs", "fake drugs ");
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), OK);
    ruleset_hash(rs, got);
    assert_memory_not_equal(got, want, sizeof got);
    ruleset_close(&rs);
}

#define R01_M01 "{code: M01, force: must, term: 10 years, basis: [DL116]"

/* file, what is replaced by what, the word of the problem, and the text on whose line it is; with
 * "@rules.yaml@" before it when that is a line of another file. */
static const struct {
    const char *file;
    const char *find;
    const char *replace;
    enum ruleset_problem want;
    const char *at;
} mistakes[] = {
    /* clang-format off */
    /* a must without L1 or L2: the memo of 28 departments alone is none */
    {"rules.yaml", R01_M01, "{code: M01, force: must, term: list, basis: [MEMO1962]", PROBLEM_MUST_WITHOUT_BASIS, "basis: [MEMO1962]"},
    {"rules.yaml", "{code: M08, force: consider, scope: province, term: list, basis: [NHC2013-50]",
                   "{code: M08, force: must, scope: province, term: list, basis: [NHC2013-50]", PROBLEM_MUST_WITHOUT_BASIS, "force: must, scope: province, term: list, basis: [NHC2013-50]"},
    /* codes that do not exist */
    {"rules.yaml", R01_M01, "{code: M98, force: must, term: 10 years, basis: [DL116]", PROBLEM_MEASURE_UNKNOWN, "M98"},
    {"rules.yaml", "list: bribery_record", "list: bribery_book", PROBLEM_LIST_UNKNOWN, "bribery_book"},
    {"measures.yaml", "each: [insurance]", "each: [assurance]", PROBLEM_DEPARTMENT_UNKNOWN, "assurance"},
    {"lists.yaml", "issuers: [court]", "issuers: [tribunal]", PROBLEM_DEPARTMENT_UNKNOWN, "tribunal"},
    {"rules.yaml", "basis: [DL116, DL118]", "basis: [DL116, DL999]", PROBLEM_BASIS_UNKNOWN, "DL999"},
    {"rules.yaml", "roles: [legal_representative], responsible", "roles: [chief], responsible", PROBLEM_ROLE_UNKNOWN, "chief"},
    {"gates.yaml", "type: honour", "type: honours", PROBLEM_TYPE_UNKNOWN, "type: honours"},
    {"gates.yaml", "rule: R27", "rule: R77", PROBLEM_RULE_UNKNOWN, "rule: R77"},
    {"gates.yaml", "basis: DL140", "basis: DL141", PROBLEM_BASIS_UNKNOWN, "basis: DL141,"},
    {"gates.yaml", "measure: M24", "measure: M42", PROBLEM_MEASURE_UNKNOWN, "M42"},
    {"cases.yaml", "starts: [T08]", "starts: [T80]", PROBLEM_CLOCK_UNKNOWN, "T80"},
    {"cases.yaml", "stops: [T15]", "stops: [T80]", PROBLEM_CLOCK_UNKNOWN, "T80"},
    {"cases.yaml", "meets: [T06]", "meets: [T80]", PROBLEM_CLOCK_UNKNOWN, "T80"},
    {"cases.yaml", "suspends: [T03]", "suspends: [T80]", PROBLEM_CLOCK_UNKNOWN, "T80"},
    {"cases.yaml", "resumes: [T03]", "resumes: [T80]", PROBLEM_CLOCK_UNKNOWN, "T80"},
    {"cases.yaml", "within: [T23]", "within: [T80]", PROBLEM_CLOCK_UNKNOWN, "T80"},
    {"cases.yaml", "recounts: [T13]", "recounts: [T80]", PROBLEM_CLOCK_UNKNOWN, "T80"},
    {"clocks.yaml", "extends: [T13]", "extends: [T80]", PROBLEM_CLOCK_UNKNOWN, "T80"},
    {"cases.yaml", "type: case.handover", "type: case.takeover", PROBLEM_TYPE_UNKNOWN, "case.takeover"},
    {"cases.yaml", "type: case.handover", "type: licence.granted", PROBLEM_TYPE_UNKNOWN, "{id: T15"},
    {"cases.yaml", "actor: [court]", "actor: [jury]", PROBLEM_DEPARTMENT_UNKNOWN, "[jury]"},
    {"cases.yaml", "to_one: [court]", "to_one: [jury]", PROBLEM_DEPARTMENT_UNKNOWN, "[jury]"},
    {"cases.yaml", "also_one: [market", "also_one: [jury", PROBLEM_DEPARTMENT_UNKNOWN, "[jury"},
    {"cases.yaml", "documents: [D21]", "documents: [D99]", PROBLEM_DOCUMENT_UNKNOWN, "D99"},
    {"cases.yaml", "id: D05", "id: D04", PROBLEM_DUPLICATE, "id: D04, zh: 涉嫌犯罪案件情况的调查报告"},
    {"cases.yaml", "id: VERIFY", "id: CLUE", PROBLEM_DUPLICATE, "id: CLUE, zh: 核查"},
    {"cases.yaml", "from: [SUPPLEMENT]", "from: [SUPPLEMENTS]", PROBLEM_STATE_UNKNOWN, "[SUPPLEMENTS]"},
    {"cases.yaml", "to: PS_REVIEW", "to: PS_REVIEWED", PROBLEM_STATE_UNKNOWN, "to: PS_REVIEWED"},
    {"cases.yaml", "states: [CRIME_SUSPECTED", "states: [CRIME", PROBLEM_STATE_UNKNOWN, "states: [CRIME,"},
    {"cases.yaml", "from: [CRIM_FILED], to: same", "from: [CRIM_FILED, CRIM_FILED], to: same", PROBLEM_DUPLICATE, "from: [CRIM_FILED, CRIM_FILED]"},
    /* Nothing leads to HEAD_REVIEW any more; nothing leads out of it. */
    {"cases.yaml", "from: [CRIME_SUSPECTED], to: HEAD_REVIEW", "from: [CRIME_SUSPECTED], to: APPROVED", PROBLEM_STATE_UNREACHED, "{id: HEAD_REVIEW"},
    {"cases.yaml", "from: [MEDIATED], to: CLOSED", "from: [MEDIATED], to: same", PROBLEM_STATE_WITHOUT_EXIT, "{id: MEDIATED"},
    /* A forbidden step leads nowhere. */
    {"cases.yaml", "from: [MEDIATED], to: CLOSED", "from: [MEDIATED], barred: true, to: CLOSED", PROBLEM_STATE_WITHOUT_EXIT, "{id: MEDIATED"},
    /* Two hubs could take the case to different states. */
    {"cases.yaml", "parallel: 请求方可随时撤回 / the requester may withdraw at any time,", "", PROBLEM_TWO_SIDES, "{id: A08, zh: 撤回请求"},
    {"cases.yaml", "actor: [court], to_one", "actor: [police], to_one", PROBLEM_TWO_SIDES, "{id: T28"},
    {"cases.yaml", "to: FORWARDED, outcome: filed_case", "to: FORWARDED, outcome: duty", PROBLEM_DUPLICATE, "{id: T35, zh: 案件中移送职务违法线索"},
    /* Whoever acts next would not hear of it. */
    {"cases.yaml", "actor: [procuratorate], to_one: [court]", "actor: [procuratorate], to_one: [media]", PROBLEM_NEXT_UNTOLD, "{id: T25, zh: 提起公诉"},
    {"cases.yaml", "outcome: rejected,\n     actor: any, to_one: any,", "outcome: rejected,\n     actor: any,", PROBLEM_NEXT_UNTOLD, "{id: A03"},
    {"cases.yaml", "by: superior", "by: anybody", PROBLEM_VALUE, "by: anybody"},
    {"cases.yaml", "basis: 国务院令第310号第12条, mark: V}", "mark: V}", PROBLEM_KEY_MISSING, "{id: T15"},
    {"cases.yaml", "basis: 国务院令第310号第12条, mark: V}", "basis: 国务院令第310号第12条}", PROBLEM_KEY_MISSING, "{id: T15"},
    {"cases.yaml", "basis: 国务院令第310号第12条, mark: V}", "basis: 国务院令第310号第12条, mark: W}", PROBLEM_VALUE, "mark: W}"},
    {"cases.yaml", "outcome: [fine, other, none]", "outcome: [fine, other, fine]", PROBLEM_DUPLICATE, "{id: T03, zh: 行政处罚、处理决定"},
    {"cases.yaml", "outcome: non_prosecuted", "outcome: not_prosecuted_at_all", PROBLEM_VALUE, "{id: T25, zh: 不起诉"},
    {"cases.yaml", "type: aefi.report", "type: aefi.rapport", PROBLEM_TYPE_UNKNOWN, "aefi.rapport"},
    {"cases.yaml", "id: F02", "id: F01", PROBLEM_DUPLICATE, "id: F01, zh: 死亡"},
    {"cases.yaml", "starts: [AEFI-START", "starts: [AEFI-STARTED", PROBLEM_CLOCK_UNKNOWN, "AEFI-STARTED"},
    {"clocks.yaml", "tells: [justice]", "tells: [injustice]", PROBLEM_DEPARTMENT_UNKNOWN, "injustice"},
    {"clocks.yaml", "if_done: true", "if_done: maybe", PROBLEM_VALUE, "if_done: maybe"},
    {"cases.yaml", "copies: [procuratorate]", "copies: [procurator]", PROBLEM_DEPARTMENT_UNKNOWN, "procurator]"},
    {"bases.yaml", "region: \"310000\"", "region: \"31000\"", PROBLEM_REGION_UNKNOWN, "31000\""},
    /* duplicates */
    {"measures.yaml", "code: M02", "code: M01", PROBLEM_DUPLICATE, "{code: M01, zh: 个人禁业"},
    {"bases.yaml", "code: DL118", "code: DL116", PROBLEM_DUPLICATE, "{code: DL116, zh: 药品管理法第118条"},
    {"rules.yaml", "- id: R02", "- id: R01", PROBLEM_DUPLICATE, "id: R01\n    zh: 生产销售劣药"},
    {"gates.yaml", "id: G02", "id: G01", PROBLEM_DUPLICATE, "id: G01, zh: 被禁业者"},
    {"clocks.yaml", "id: T09", "id: T08", PROBLEM_DUPLICATE, "id: T08, zh: 通知补正"},
    {"lists.yaml", "code: licence_revoked", "code: serious_dishonesty", PROBLEM_DUPLICATE, "code: serious_dishonesty\n    zh: 吊销"},
    {"cases.yaml", "to: NOT_FILED, outcome: not_filed,", "to: NOT_FILED, outcome: filed,", PROBLEM_DUPLICATE, "{id: T13, zh: 决定不予立案"},
    {"rules.yaml", R01_M01, "{code: M27, force: must, term: list, basis: [AP48]", PROBLEM_DUPLICATE, "{code: M27, force: must, term: list, basis: [SAMR44-15, AP48]"},
    /* terms */
    {"rules.yaml", R01_M01, "{code: M01, force: must, term: 11 years, basis: [DL116]", PROBLEM_TERM_OUT_OF_BOUNDS, "11 years"},
    {"rules.yaml", R01_M01, "{code: M01, force: must, term: life, basis: [DL116]", PROBLEM_TERM_OUT_OF_BOUNDS, "term: life, basis: [DL116]"},
    {"rules.yaml", R01_M01, "{code: M01, force: must, term: none, basis: [DL116]", PROBLEM_TERM_OUT_OF_BOUNDS, "term: none"},
    {"rules.yaml", "severity: serious\n    term: 3 years", "severity: serious\n    term: 4 years", PROBLEM_TERM_OUT_OF_BOUNDS, "id: R01\n"},
    {"rules.yaml", "severity: serious\n    term: 3 years", "severity: serious\n    term: 6 months", PROBLEM_TERM_OUT_OF_BOUNDS, "id: R01\n"},
    {"rules.yaml", "severity: ordinary\n    term: 1 year", "severity: ordinary\n    term: 3 years", PROBLEM_TERM_OUT_OF_BOUNDS, "id: R10\n"},
    {"rules.yaml", R01_M01, "{code: M01, force: must, term: ten years, basis: [DL116]", PROBLEM_VALUE, "ten years"},
    {"lists.yaml", "min: 1 year\n    max: 3 years", "min: 4 years\n    max: 3 years", PROBLEM_TERM_OUT_OF_BOUNDS, "code: serious_dishonesty"},
    /* propagation: no basis of its own; a basis that does not reach the role */
    {"rules.yaml", "required: true, term: life, basis: [DL118]", "required: true, term: list", PROBLEM_PROPAGATION_WITHOUT_BASIS, "required: true, term: list"},
    {"rules.yaml", "other_responsible], required: true, term: life", "key_post], required: true, term: life", PROBLEM_PROPAGATION_WITHOUT_BASIS, "key_post], required: true, term: life"},
    {"gates.yaml", "measure: M02, action: flag, basis: DL118", "measure: M02, action: flag", PROBLEM_PROPAGATION_WITHOUT_BASIS, "{id: G06"},
    /* regions */
    {"measures.yaml", "owes: issuer, restricts: true", "owes: issuer, restricts: true, region: \"440000\"", PROBLEM_MEASURE_OUTSIDE_REGION, "@rules.yaml@{code: M27, force: must"},
    /* dates */
    {"bases.yaml", "level: 1, from: 2019-12-01, mark: V, longest: 10 years}", "level: 1, from: 2022-01-01, mark: V, longest: 10 years}", PROBLEM_BASIS_NOT_IN_FORCE, "@rules.yaml@" R01_M01},
    {"bases.yaml", "from: 2018-10-26, to: 2024-06-30, mark: V, longest", "from: 2018-10-26, to: 2024-06-29, mark: V, longest", PROBLEM_BASIS_NOT_IN_FORCE, "@rules.yaml@required: true, term: 3 years, basis: [CL146-4]"},
    {"rules.yaml", "from: 2021-09-01", "from: 2021-09-31", PROBLEM_VALUE, "2021-09-31"},
    {"rules.yaml", "to: 2024-06-30", "to: 2020-06-30", PROBLEM_VALUE, "id: R07-2018"},
    /* contradiction: the same trigger and list, in overlapping time, with another force */
    {"rules.yaml", "triggers: [DL117_118]", "triggers: [DL117_118, SAMR44_6_1]", PROBLEM_CONTRADICTION, "{code: M21, force: must, owes: {either: [market, drug]}"},
    {"rules.yaml", R01_M01, "{code: M24, force: must, term: list, basis: [SAMR44-15]", PROBLEM_CONTRADICTION, "{code: M24, force: consider"},
    /* shape */
    {"rules.yaml", "severity: serious", "severity: grave", PROBLEM_VALUE, "grave"},
    {"rules.yaml", "severity: serious", "severity: ordinary", PROBLEM_VALUE, "id: R01\n"},
    {"rules.yaml", "subjects: [enterprise", "subjects: [firm", PROBLEM_VALUE, "firm"},
    {"rules.yaml", "mark: V", "mark: X", PROBLEM_VALUE, "mark: X"},
    {"rules.yaml", "mark: V", "mark: V\n    colour: red", PROBLEM_KEY_UNKNOWN, "colour"},
    {"rules.yaml", "    earliest_repair: none\n", "", PROBLEM_KEY_MISSING, "id: R01\n"},
    {"measures.yaml", "kind: I, force: must", "kind: I, force: shall", PROBLEM_VALUE, "shall"},
    {"measures.yaml", "owes: every", "owes: nobody", PROBLEM_VALUE, "nobody"},
    {"gates.yaml", "needs: person,\n     measure", "needs: person, colour: red,\n     measure", PROBLEM_KEY_UNKNOWN, "colour"},
    {"gates.yaml", "look: persons, roles: [legal_representative, principal], needs", "look: persons, needs", PROBLEM_KEY_MISSING, "{id: G01"},
    {"gates.yaml", "measure: M24, action: flag", "measure: M24, action: hold", PROBLEM_KEY_MISSING, "{id: G04"},
    {"gates.yaml", "measure: M24, action: flag", "measure: M24, action: warn", PROBLEM_VALUE, "action: warn"},
    {"cases.yaml", "mark: V}", "mark: V, late: true}", PROBLEM_KEY_UNKNOWN, "late: true"},
    {"clocks.yaml", "term: 24 hours, owner: [police]", "owner: [police]", PROBLEM_KEY_MISSING, "{id: T08"},
    {"lists.yaml", "lift: [issuer, superior, court]", "lift: [issuer, anybody]", PROBLEM_VALUE, "anybody"},
    {"lists.yaml", "needs: [prior_notice, remedy,", "needs: [prior_notice, stamp,", PROBLEM_VALUE, "stamp"},
    {"rules.yaml", "set:\n", "set:\n  owner: me\n", PROBLEM_KEY_UNKNOWN, "owner: me"},
    {"bases.yaml", "level: 1,", "level: 11,", PROBLEM_VALUE, "level: 11"},
    /* rules of other documents than orders */
    {"rules.yaml", "types: [subject.register, subject.relation]", "types: [subject.registered]", PROBLEM_TYPE_UNKNOWN, "types: [subject.registered]"},
    {"rules.yaml", "    types: [insurance.qualification]\n", "", PROBLEM_KEY_MISSING, "id: R16\n"},
    {"rules.yaml", "    reason: second_one_person\n", "", PROBLEM_KEY_MISSING, "id: R08-2018\n"},
    {"rules.yaml", "holds: [sole_shareholder]", "holds: [owner]", PROBLEM_ROLE_UNKNOWN, "holds: [owner]"},
    {"rules.yaml", "clock: R08}", "clock: R80}", PROBLEM_CLOCK_UNKNOWN, "clock: R80}"},
    {"rules.yaml", "to: {each: [market]}", "to: {each: [markets]}", PROBLEM_DEPARTMENT_UNKNOWN, "[markets]"},
    {"rules.yaml", "to: {each: [market]}", "to: {each: []}", PROBLEM_VALUE, "to: {each: []}"},
    {"rules.yaml", "points_to: 11", "points_to: 8", PROBLEM_VALUE, "points_to: 8"},
    {"rules.yaml", "points_from: 12, single: no", "points_from: 12, single: perhaps", PROBLEM_VALUE, "perhaps"},
    {"rules.yaml", "class: [warned]", "class: [warm]", PROBLEM_VALUE, "warm]"},
    {"rules.yaml", "severity: [light]", "severity: [slight]", PROBLEM_VALUE, "slight]"},
    {"rules.yaml", "banned: M02", "banned: M99", PROBLEM_MEASURE_UNKNOWN, "M99"},
    {"rules.yaml", "when: {uninsured: true}", "when: {uninsured: true, weather: bad}", PROBLEM_KEY_UNKNOWN, "weather"},
    {"rules.yaml", "    deadline: 3 working_days\n", "", PROBLEM_KEY_MISSING, "id: R28\n"},
    {"rules.yaml", "    breach: refuse\n", "", PROBLEM_KEY_MISSING, "id: R28\n"},
    {"rules.yaml", "    action: hold\n", "    action: burn\n", PROBLEM_VALUE, "action: burn"},
    {"rules.yaml", "triggers: [DL117_118]\n", "triggers: [DL117_118]\n    reason: listed\n", PROBLEM_KEY_UNKNOWN, "reason: listed"},
    {"rules.yaml", "term: order, basis: [VL68, VL73]", "term: order, basis: [POLICY000-9]", PROBLEM_MUST_WITHOUT_BASIS, "term: order, basis: [POLICY000-9], answer: 24"},
    {"rules.yaml", "term: 1 year, basis: [NHSA2024-23]", "term: 4 years, basis: [NHSA2024-23]", PROBLEM_TERM_OUT_OF_BOUNDS, "term: 4 years"},
    {"rules.yaml", "    basis: [CL58]\n", "    basis: [CL60]\n", PROBLEM_BASIS_NOT_IN_FORCE, "id: R08-2018\n"},
    {"rules.yaml", "triggers: [DL117_118]", "triggers: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]", PROBLEM_TOO_MANY, "triggers: [a, b"},
    /* classes on every day of a rule, earliest repair, lists in force */
    {"rules.yaml", "earliest_repair: 1 year\n    basis: [AP48, SAMR45, NDRC58]", "earliest_repair: 3 months\n    basis: [AP48, SAMR45, NDRC58]", PROBLEM_TERM_OUT_OF_BOUNDS, "id: R10-2023\n"},
    {"lists.yaml", "earliest: 1 year, from: 2026-04-01, basis: NDRC36", "earliest: 1 year, from: 2026-05-01, basis: NDRC36", PROBLEM_TERM_OUT_OF_BOUNDS, "@rules.yaml@id: R01\n"},
    {"lists.yaml", "from: 2019-12-01", "from: 2025-12-01", PROBLEM_LIST_UNKNOWN, "@rules.yaml@id: R07\n"},
    {"lists.yaml", "max: 5 years, earliest: none, from: 2014-10-01, to: 2021-08-31", "max: 5 years, from: 2014-10-01, to: 2021-08-31", PROBLEM_KEY_MISSING, "max: 5 years, from"},
    /* credit */
    {"credit.yaml", "weight: 50", "weight: 49", PROBLEM_VALUE, "indices:"},
    {"credit.yaml", "weight: 50", "weight: 0", PROBLEM_VALUE, "weight: 0"},
    {"credit.yaml", "least: 0,", "least: 1,", PROBLEM_VALUE, "{class: trustworthy"},
    {"credit.yaml", "least: 550", "least: 800", PROBLEM_VALUE, "least: 800"},
    {"credit.yaml", "least: 550", "least: 1001", PROBLEM_VALUE, "least: 1001"},
    {"credit.yaml", "class: dishonest", "class: warned", PROBLEM_DUPLICATE, "class: warned, zh: 失信"},
    {"credit.yaml", "code: region_weight", "code: integrity", PROBLEM_DUPLICATE, "{code: integrity, zh: 区域"},
    {"credit.yaml", "class: warned", "class: wary", PROBLEM_VALUE, "class: wary"},
    /* clocks and warnings */
    {"clocks.yaml", "[50, 80, 100]", "[80, 50, 100]", PROBLEM_VALUE, "[80, 50, 100]"},
    {"clocks.yaml", "[50, 80, 100]", "[50, 80, 120]", PROBLEM_VALUE, "[50, 80, 120]"},
    {"clocks.yaml", "escalate_at: 100", "escalate_at: 90", PROBLEM_VALUE, "percents:"},
    {"clocks.yaml", "warnings:\n  percents: [50, 80, 100]\n  escalate_at: 100\n  mark: D\n", "", PROBLEM_KEY_MISSING, "clocks:\n"},
    {"clocks.yaml", "breach: lapse", "breach: forget", PROBLEM_VALUE, "breach: forget"},
    {"clocks.yaml", "shows: true", "shows: often", PROBLEM_VALUE, "shows: often"},
    /* gates */
    {"gates.yaml", "except: [R28]", "except: [R99]", PROBLEM_RULE_UNKNOWN, "R99"},
    {"gates.yaml", "only: [RG40]", "only: [R99]", PROBLEM_RULE_UNKNOWN, "only: [R99]"},
    {"lists.yaml", "repair_receipt: REPAIR-44-TAKEN", "repair_receipt: REPAIR-45", PROBLEM_CLOCK_UNKNOWN, "REPAIR-45"},
    {"lists.yaml", "repair_decision: REPAIR-44\n", "repair_decision: REPAIR-45\n", PROBLEM_CLOCK_UNKNOWN, "REPAIR-45"},
    {"gates.yaml", "action: hold, deadline: 3 working_days, breach: refuse", "action: hold, breach: refuse", PROBLEM_KEY_MISSING, "{id: G11"},
    {"gates.yaml", "when: beginning", "when: dawn", PROBLEM_VALUE, "when: dawn"},
    {"gates.yaml", "copy_issuer: true, mark: V}", "copy_issuer: true}", PROBLEM_KEY_MISSING, "{id: G01"},
    /* no list where one belongs; a rule that raises itself */
    {"rules.yaml", "triggers: [DL117_118]", "triggers: DL117_118", PROBLEM_SYNTAX, "triggers: DL117_118"},
    {"rules.yaml", "    triggers: [DL116_118]", "    triggers: [DL116_118]\n    raises: DL116_118", PROBLEM_CYCLE, "id: R01\n"},
    /* local law, local lists: not beyond their area */
    {"rules.yaml", "{code: M21, force: consider, term: list, basis: [SAMR44-15, BASIC-LIST]", "{code: M21, force: consider, term: list, basis: [SAMR44-15, SH2017]", PROBLEM_MEASURE_OUTSIDE_REGION, "basis: [SAMR44-15, SH2017]"},
    {"rules.yaml", "from: 2021-09-01\n    mark: V\n    measures:\n      - {code: M08, force: consider, scope: province, term: list, basis: [POLICY000-4], answer: 10 working_days, execute: 20 working_days}\n      - {code: M27, force: consider, term: list, basis: [POLICY000-4]",
                   "from: 2021-09-01\n    mark: V\n    region: '310000'\n    measures:\n      - {code: M08, force: consider, scope: province, term: list, basis: [SH2017], answer: 10 working_days, execute: 20 working_days}\n      - {code: M27, force: consider, term: list, basis: [SH2017]", PROBLEM_MEASURE_OUTSIDE_REGION, "{code: M27, force: consider, term: list, basis: [SH2017]"},
    {"lists.yaml", "code: bribery_record\n", "code: bribery_record\n    region: '440000'\n", PROBLEM_MEASURE_OUTSIDE_REGION, "@rules.yaml@id: R13\n"},
    /* overlaps: one order, two lengths, two repairs, two sets of who owes, two deadlines; one class, two bounds */
    {"rules.yaml", "id: R15-43\n    zh: 骗取基金造成重大损失（个人）\n    en: 'insurance fraud with heavy loss: persons'\n    list: insurance_fraud\n    triggers: [MI43]\n    subjects: [enterprise, individual_business, institution]\n    severity: serious\n    term: 1 year",
                   "id: R15-43\n    zh: 骗取基金造成重大损失（个人）\n    en: 'insurance fraud with heavy loss: persons'\n    list: insurance_fraud\n    triggers: [MI43]\n    subjects: [enterprise, individual_business, institution]\n    severity: serious\n    term: 2 years", PROBLEM_CONTRADICTION, "id: R15-43\n"},
    {"rules.yaml", "triggers: [DL122]", "triggers: [DL122, DL116_118]", PROBLEM_CONTRADICTION, "id: R05\n"},
    {"rules.yaml", "triggers: [bribery_first]", "triggers: [bribery_first, bribery_second]", PROBLEM_CONTRADICTION, "{code: M08, force: consider, term: list, basis: [NHC2013-50]"},
    {"lists.yaml", "from: 2014-10-01, to: 2021-08-31, basis: SAIC71", "from: 2014-10-01, to: 2021-09-01, basis: SAIC71", PROBLEM_CONTRADICTION, "{severity: light, min: none, max: 3 months, earliest: none, from: 2021-09-01"},
    /* what a refused order offends */
    {"lists.yaml", "{why: [consent]", "{why: [mood]", PROBLEM_VALUE, "{why: [mood]"},
    {"lists.yaml", "{why: [consent]", "{why: [conflict]", PROBLEM_DUPLICATE, "{why: [conflict], basis: [AP29"},
    {"lists.yaml", "{why: [consent], basis: [SAMR44]", "{why: [consent], basis: [SAMR99]", PROBLEM_BASIS_UNKNOWN, "SAMR99"},
    {"lists.yaml", "{why: [consent], basis: [SAMR44], mark", "{why: [consent], mark", PROBLEM_KEY_MISSING, "{why: [consent]"},
    {"lists.yaml", "list: judgment_defaulter, basis: [CT6", "list: judgement, basis: [CT6", PROBLEM_LIST_UNKNOWN, "list: judgement"},
    /* more than fits, less than is needed, or where it says nothing */
    {"rules.yaml", R01_M01, "{code: M01, force: must, roles: [principal], term: 10 years, basis: [DL116]", PROBLEM_VALUE, "force: must, roles: [principal]"},
    {"rules.yaml", "force: must, on: persons,", "force: must, on: persons, as_of: query,", PROBLEM_VALUE, "as_of: query"},
    {"rules.yaml", R01_M01, "{code: M01, force: must, least: 1 year, term: 10 years, basis: [DL116]", PROBLEM_VALUE, "least: 1 year"},
    {"rules.yaml", "types: [insurance.qualification]", "types: [insurance.qualification, insurance.qualification, insurance.qualification, insurance.qualification, insurance.qualification, insurance.qualification, insurance.qualification, insurance.qualification, insurance.qualification]", PROBLEM_TOO_MANY, "types: [insurance.qualification, insurance"},
    {"rules.yaml", "basis: [DL116, DL118]", "basis: [DL116, DL116, DL116, DL116, DL116, DL116, DL116, DL116, DL116]", PROBLEM_TOO_MANY, "basis: [DL116, DL116"},
    {"rules.yaml", "triggers: [DL122]", "triggers: [[DL122]]", PROBLEM_VALUE, "triggers: [[DL122]]"},
    {"rules.yaml", "triggers: [DL122]", "triggers: []", PROBLEM_KEY_MISSING, "triggers: []"},
    {"gates.yaml", "except: [R28]", "except: [R28, R28, R28, R28, R28]", PROBLEM_TOO_MANY, "except: [R28, R28"},
    {"clocks.yaml", "[50, 80, 100]", "[10, 20, 50, 80, 100]", PROBLEM_TOO_MANY, "[10, 20, 50, 80, 100]"},
    {"cases.yaml", "starts: [T01]", "starts: [T01, T01, T01, T01, T01, T01, T01, T01, T01, T01, T01, T01, T01]", PROBLEM_TOO_MANY, "starts: [T01, T01"},
    {"cases.yaml", "documents: [D01]", "documents: [D01, D01, D01, D01, D01, D01, D01, D01, D01]", PROBLEM_TOO_MANY, "documents: [D01, D01"},
    {"cases.yaml", "stops: [T15]", "stops: [T15, T15, T15, T15, T15, T15, T15, T15, T15, T15, T15, T15], meets: [T15]", PROBLEM_TOO_MANY, "{id: T23"},
    {"lists.yaml", "{why: [consent]", "{why: [consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent, consent]", PROBLEM_TOO_MANY, "{why: [consent, consent"},
    {"bases.yaml", "art. 105, level: 1, from: 2019-12-01", "art. 105, level: 1", PROBLEM_KEY_MISSING, "{code: DL105"},
    {"credit.yaml", "least: 550, ", "", PROBLEM_KEY_MISSING, "{class: warned"},
    {"credit.yaml", "weight: 50", "weight: fifty", PROBLEM_VALUE, "weight: fifty"},
    {"measures.yaml", "owes: every", "owes: departments", PROBLEM_VALUE, "owes: departments"},
    {"rules.yaml", "name: national-2026-04", "name: nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", PROBLEM_VALUE, "name: nnn"},
    /* clang-format on */
};

static void every_mistake_is_refused_with_its_line(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(mistakes); i++) {
        struct ruleset *rs = (struct ruleset *)f;
        restore(f);
        spoil(f, mistakes[i].file, mistakes[i].find, mistakes[i].replace);
        const char *in = mistakes[i].file;
        const char *at = mistakes[i].at;
        if (strncmp(at, "@rules.yaml@", 12) == 0) {
            in = "rules.yaml";
            at += 12;
        }
        const unsigned line = line_of(f, in, at);
        enum err err = ruleset_open(&rs, f->dir, &f->faults);
        print_message("row %zu: %s:%u %s\n", i, in, line, ruleset_problem_word(mistakes[i].want));
        bool found = line > 0 && has_fault(&f->faults, in, line, mistakes[i].want);
        for (size_t k = 0; !found && k < f->faults.count; k++)
            print_message("  got %s:%u %s\n", f->faults.fault[k].where, f->faults.fault[k].line,
                          f->faults.fault[k].detail);
        assert_int_equal(err, ERR_RULE_SET);
        assert_null(rs);
        assert_true(found);
    }
}

/* A word that the loader may say and that no broken file above makes it say fails here. */
static void every_word_of_the_loader_has_a_broken_file(void **state)
{
    (void)state;
    for (unsigned p = 0; p < PROBLEMS; p++) {
        size_t n = 0;
        for (size_t i = 0; i < T_COUNT(mistakes); i++)
            n += (unsigned)mistakes[i].want == p;
        print_message("%s: %zu\n", ruleset_problem_word((enum ruleset_problem)p), n);
        assert_true(n > 0);
    }
}

static void all_problems_of_a_set_are_named_in_one_run(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    unsigned a = spoiled(f, "rules.yaml", "severity: serious", "severity: grave", "grave");
    unsigned b = spoiled(f, "gates.yaml", "measure: M24", "measure: M42", "M42");
    unsigned c = spoiled(f, "measures.yaml", "owes: every", "owes: nobody", "nobody");
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
    assert_true(has_fault(&f->faults, "rules.yaml", a, PROBLEM_VALUE));
    assert_true(has_fault(&f->faults, "gates.yaml", b, PROBLEM_MEASURE_UNKNOWN));
    assert_true(has_fault(&f->faults, "measures.yaml", c, PROBLEM_VALUE));
}

static void rules_that_raise_each_other_do_not_load(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    /* R01 raises the trigger of R02 … */
    unsigned line = spoiled(f, "rules.yaml", "    triggers: [DL116_118]",
                            "    triggers: [DL116_118]\n    raises: DL117_118", "id: R01\n");
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), OK);
    ruleset_close(&rs);
    /* … or, directly, its own. */
    line = spoiled(f, "rules.yaml", "    triggers: [DL116_118]",
                   "    triggers: [DL116_118]\n    raises: DL116_118", "id: R01\n");
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
    assert_true(has_fault(&f->faults, "rules.yaml", line, PROBLEM_CYCLE));
    /* Through another rule: R02 takes the trigger that R01 raises, and R01 the one of R02. */
    line = spoiled(f, "rules.yaml", "    triggers: [DL116_118]\n    subjects",
                   "    triggers: [DL116_118, LOOP]\n    raises: DL117_118\n    subjects",
                   "id: R01\n");
    size_t len = 0;
    char *text = (char *)read_text(f->dir, "rules.yaml", &len);
    char *hit = strstr(text, "    triggers: [DL117_118]\n");
    assert_non_null(hit);
    char *longer = calloc(1, len + 64);
    size_t head = (size_t)(hit - text);
    memcpy(longer, text, head);
    size_t n = (size_t)snprintf(longer + head, 32, "    raises: LOOP\n");
    memcpy(longer + head + n, hit, len - head);
    write_text(f->dir, "rules.yaml", longer, strlen(longer));
    free(text);
    free(longer);
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
    assert_true(has_fault(&f->faults, "rules.yaml", line, PROBLEM_CYCLE));
    /* A trigger that no rule has cannot be raised. */
    line = spoiled(f, "rules.yaml", "    triggers: [DL116_118]",
                   "    triggers: [DL116_118]\n    raises: NOWHERE", "id: R01\n");
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
    assert_true(has_fault(&f->faults, "rules.yaml", line, PROBLEM_RULE_UNKNOWN));
}

static void a_file_outside_the_set_is_refused(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    write_text(f->dir, "local.yaml", "rules: []\n", 10);
    assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
    assert_string_equal(f->faults.fault[0].where, "local.yaml");
    assert_null(rs);
}

static void a_missing_or_broken_file_is_refused(void **state)
{
    struct fixture *f = *state;
    struct ruleset *rs = NULL;
    char path[PATH_LEN];
    for (size_t i = 0; i < SET_FILES; i++) {
        restore(f);
        snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
        assert_string_equal(f->faults.fault[0].where, names[i]);
        write_text(f->dir, names[i], "", 0);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
        write_text(f->dir, names[i], "a: [1\n", 6);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
        assert_true(f->faults.fault[0].line > 0);
        write_text(f->dir, names[i], "- a\n", 4);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
    }
    assert_int_equal(ruleset_open(&rs, "/nonexistent/rules", &f->faults), ERR_NOT_FOUND);
    assert_int_equal(f->faults.count, 1);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(shipped_set_loads_with_every_rule),
        CASE(look_ups_answer_null_for_the_unknown),
        CASE(hash_is_over_the_sorted_files),
        CASE(every_mistake_is_refused_with_its_line),
        CASE(every_word_of_the_loader_has_a_broken_file),
        CASE(all_problems_of_a_set_are_named_in_one_run),
        CASE(rules_that_raise_each_other_do_not_load),
        CASE(a_file_outside_the_set_is_refused),
        CASE(a_missing_or_broken_file_is_refused),
    };
    return cmocka_run_group_tests_name("ruleset", tests, NULL, NULL);
}
