/* Every gate of the shipped rules, one line each, as the law has it: what is sent, who is
 * restricted by what, and what becomes of the message; who is told besides; how a hold ends by
 * itself. The lines are written from the articles, not read from
 * gates.yaml. */
#include "core/state.h"

#include "fuzz/bodies.h"
#include "message.h"
#include "scenario/acts.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>

#define HEALTH    "health.445100"
#define INSURANCE "insurance.445100"
#define MARKET    "market.445100" /* who listed */

#define PERSON_ID "999999199001010016"

/* COMMITTED: by notice and commitment. LISTED: the subject of the texts, by the order of the texts,
 * because the revocation begins an order of its own beside it. */
enum whom { SUBJECT, COMMITTED, PERSON, HEAD, LISTED };
enum does { REFUSES, HOLDS, FLAGS, COPIES, PASSES };
enum ends { NEVER, BACK, ON }; /* what becomes of a hold that nobody decides */
/* NOBODY is restricted; BEFORE the message is sent; the restriction BEGINS or ENDS while the
 * message waits for its recipient. */
enum when { NOBODY, BEFORE, BEGINS, ENDS };

struct law {
    const char *type;
    enum whom whom;
    const char *role; /* of the person, or of the head by relation */
    const char *measure;
    lianshu_Force force;
    enum does does;
    enum ends ends;
    bool told;      /* the authority that listed */
    const char *by; /* the rule that restricts; NULL: R09, one like many */
};

#define MUST     lianshu_Force_FORCE_MUST
#define CONSIDER lianshu_Force_FORCE_CONSIDER
#define LEGAL    "legal_representative"

/* clang-format off */
static const struct law LINES[] = {
    /* posts: R07 (M03), drug law 118, 140 (M02), physicians (M06), insurance (M07) */
    {"appointment", PERSON, LEGAL, "M03", MUST, REFUSES, NEVER, true, NULL}, /* CL178-4 */
    {"appointment", PERSON, "employee", "M03", MUST, PASSES, NEVER, false, NULL},
    {"appointment", PERSON, "quality_authorised", "M02", MUST, REFUSES, NEVER, true, NULL}, /* DL140 */
    {"employment", PERSON, "employee", "M02", MUST, REFUSES, NEVER, true, NULL}, /* DL140 */
    {"employment", PERSON, "licence_holder", "M06", MUST, HOLDS, BACK, false, NULL}, /* PH56 */
    {"employment", PERSON, "employee", "M07", MUST, FLAGS, NEVER, false, NULL}, /* NHSA2024-23 */
    {"employment", PERSON, "agent", "M07", MUST, PASSES, NEVER, false, NULL},
    /* registration */
    {"subject.register", PERSON, LEGAL, "M03", MUST, REFUSES, NEVER, true, NULL}, /* CL178-4 */
    {"subject.register", PERSON, "sole_shareholder", "M01", MUST, REFUSES, NEVER, false, "RG40"},
    {"subject.register", PERSON, "sole_shareholder", "M24", CONSIDER, FLAGS, NEVER, false, NULL}, /* CL23 */
    /* whom a pharmacists' or physicians' register does not take may head a company */
    {"subject.register", PERSON, LEGAL, "M01", CONSIDER, PASSES, NEVER, false, "R17"},
    {"subject.register", PERSON, LEGAL, "M01", MUST, PASSES, NEVER, false, "R18-54"},
    {"subject.register", PERSON, "key_post", "M02", MUST, FLAGS, NEVER, true, NULL}, /* DL140 */
    {"subject.relation", PERSON, LEGAL, "M03", MUST, REFUSES, NEVER, true, NULL}, /* CL178-4 */
    {"subject.relation", PERSON, LEGAL, "M02", MUST, FLAGS, NEVER, true, NULL}, /* DL140 */
    /* licences */
    {"licence.application", SUBJECT, NULL, "M01", MUST, REFUSES, NEVER, false, NULL}, /* DL116 */
    {"licence.application", SUBJECT, NULL, "M01", CONSIDER, HOLDS, ON, false, "R17"},
    {"licence.application", SUBJECT, NULL, "M01", MUST, HOLDS, ON, false, "R06-GLP-GCP"}, /* DL126 */
    {"licence.application", SUBJECT, NULL, "M01", MUST, HOLDS, ON, false, "MD93"},
    /* who may not register a company may practise */
    {"licence.application", SUBJECT, NULL, "M01", MUST, PASSES, NEVER, false, "RG40"},
    {"licence.application", SUBJECT, NULL, "M24", MUST, FLAGS, NEVER, false, NULL}, /* SAMR44-15 */
    {"licence.application", COMMITTED, NULL, "M22", MUST, REFUSES, NEVER, false, NULL}, /* SAMR44-15 */
    {"licence.application", SUBJECT, NULL, "M22", MUST, PASSES, NEVER, false, NULL},
    {"licence.application", HEAD, LEGAL, "M02", MUST, FLAGS, NEVER, false, NULL}, /* DL118 */
    {"licence.application", SUBJECT, NULL, "M06", MUST, HOLDS, BACK, false, NULL}, /* PH56 */
    {"licence.application", SUBJECT, NULL, "M10", MUST, HOLDS, ON, false, NULL}, /* AD55 */
    {"licence.granted", SUBJECT, NULL, "M01", MUST, REFUSES, NEVER, true, NULL}, /* DL116 */
    {"licence.granted", SUBJECT, NULL, "M01", CONSIDER, HOLDS, ON, true, "R17"},
    {"licence.granted", SUBJECT, NULL, "M01", MUST, HOLDS, ON, true, "MD93"},
    {"licence.granted", SUBJECT, NULL, "M01", MUST, PASSES, NEVER, false, "RG40"},
    {"licence.granted", COMMITTED, NULL, "M22", MUST, REFUSES, NEVER, false, NULL}, /* SAMR44-15 */
    {"licence.granted", SUBJECT, NULL, "M24", MUST, HOLDS, ON, false, NULL}, /* SAMR44-15 */
    {"licence.granted", HEAD, LEGAL, "M02", MUST, HOLDS, BACK, false, NULL}, /* DL118 */
    {"licence.granted", SUBJECT, NULL, "M06", MUST, REFUSES, NEVER, false, NULL}, /* PH56 */
    {"licence.granted", SUBJECT, NULL, "M06", CONSIDER, HOLDS, ON, false, "R15"},
    {"licence.changed", SUBJECT, NULL, "M01", MUST, REFUSES, NEVER, false, NULL}, /* DL116 */
    {"licence.changed", SUBJECT, NULL, "M01", CONSIDER, HOLDS, ON, false, "R17"},
    {"licence.changed", SUBJECT, NULL, "M01", MUST, HOLDS, ON, false, "MD93"},
    {"licence.changed", SUBJECT, NULL, "M01", MUST, PASSES, NEVER, false, "RG40"},
    {"licence.changed", SUBJECT, NULL, "M24", MUST, FLAGS, NEVER, false, NULL}, /* SAMR44-15 */
    {"licence.changed", COMMITTED, NULL, "M22", MUST, REFUSES, NEVER, false, NULL}, /* SAMR44-15 */
    {"licence.changed", PERSON, LEGAL, "M03", MUST, REFUSES, NEVER, false, NULL}, /* CL178-4 */
    {"licence.changed", PERSON, "key_post", "M02", MUST, REFUSES, NEVER, false, NULL}, /* DL140 */
    {"licence.changed", SUBJECT, NULL, "M23", MUST, COPIES, NEVER, true, NULL},
    /* procurement */
    {"procurement.award", SUBJECT, NULL, "M08", MUST, REFUSES, NEVER, true, NULL}, /* NHSA-CREDIT */
    {"procurement.award", SUBJECT, NULL, "M08", CONSIDER, HOLDS, ON, false, NULL}, /* NHSA-CREDIT */
    {"procurement.award", PERSON, "agent", "M08", MUST, FLAGS, NEVER, false, NULL}, /* NHC2013-50 */
    {"procurement.award", SUBJECT, NULL, "M25", MUST, REFUSES, NEVER, false, NULL}, /* EI18 */
    {"procurement.award", SUBJECT, NULL, "M25", CONSIDER, FLAGS, NEVER, false, NULL}, /* EI18 */
    {"procurement.award", SUBJECT, NULL, "M09", MUST, REFUSES, NEVER, false, NULL}, /* DL135 */
    {"procurement.award", SUBJECT, NULL, "M09", CONSIDER, HOLDS, ON, false, "R12"}, /* AD55 */
    /* insurance */
    {"insurance.designation", SUBJECT, NULL, "M07", MUST, REFUSES, NEVER, true, NULL}, /* MI40 */
    {"insurance.designation", SUBJECT, NULL, "M07", CONSIDER, HOLDS, BACK, false, NULL}, /* MI33 */
    {"insurance.designation", HEAD, "principal", "M07", MUST, REFUSES, NEVER, false, "R15-43"},
    /* who is not paid himself, or pays himself, may manage: MI43 alone forbids that */
    {"insurance.designation", HEAD, LEGAL, "M07", CONSIDER, PASSES, NEVER, false, "R16"},
    {"insurance.designation", HEAD, LEGAL, "M07", MUST, PASSES, NEVER, false, "MI41"},
    {"insurance.designation", SUBJECT, NULL, "M06", MUST, REFUSES, NEVER, false, NULL}, /* MI40 */
    {"insurance.designation", SUBJECT, NULL, "M06", CONSIDER, HOLDS, BACK, false, "R15"},
    {"insurance.qualification", SUBJECT, NULL, "M07", MUST, FLAGS, NEVER, false, NULL}, /* NHSA2024-23 */
    {"insurance.qualification", SUBJECT, NULL, "M06", MUST, FLAGS, NEVER, false, NULL}, /* PH56 */
    /* honours, funds, projects */
    {"honour", SUBJECT, NULL, "M21", MUST, REFUSES, NEVER, false, NULL}, /* SAMR44-15 */
    {"honour", SUBJECT, NULL, "M21", CONSIDER, FLAGS, NEVER, false, NULL}, /* BASIC-LIST */
    {"honour", PERSON, "employee", "M02", MUST, FLAGS, NEVER, false, NULL}, /* BASIC-LIST */
    {"subsidy", SUBJECT, NULL, "M20", MUST, REFUSES, NEVER, false, NULL}, /* BASIC-LIST */
    {"subsidy", SUBJECT, NULL, "M20", CONSIDER, HOLDS, ON, false, NULL}, /* BASIC-LIST */
    {"subsidy", SUBJECT, NULL, "M22", MUST, FLAGS, NEVER, false, NULL}, /* SAMR44-15 */
    {"project_approval", SUBJECT, NULL, "M20", MUST, REFUSES, NEVER, false, NULL}, /* BASIC-LIST */
    {"project_approval", SUBJECT, NULL, "M20", CONSIDER, FLAGS, NEVER, false, NULL}, /* BASIC-LIST */
    {"project_approval", SUBJECT, NULL, "M25", MUST, FLAGS, NEVER, false, NULL}, /* EI18 */
    {"project_approval", SUBJECT, NULL, "M01", MUST, HOLDS, BACK, false, NULL}, /* DL116 */
    /* batches, and what is told although it is against the subject itself */
    {"batch.release", SUBJECT, NULL, "M09", MUST, REFUSES, NEVER, true, NULL}, /* VL73 */
    {"batch.block", SUBJECT, NULL, "M09", MUST, COPIES, NEVER, true, NULL},
    {"licence.revoked", LISTED, NULL, "M23", MUST, COPIES, NEVER, true, NULL},
    {"procurement.dishonesty", SUBJECT, NULL, "M08", MUST, COPIES, NEVER, true, NULL},
    {"insurance.settlement_stop", SUBJECT, NULL, "M07", MUST, COPIES, NEVER, true, NULL},
};
/* clang-format on */

/* ---- what is sent ---- */

static struct json *parsed(const char *text)
{
    struct json *j = NULL;
    assert_int_equal(json_parse(&j, span_str(text), "facts", NULL), OK);
    return j;
}

static void put_person(struct json *facts, const char *role)
{
    struct json *persons = json_list();
    struct json *one = json_map();
    json_put_text(one, "role", role);
    json_put_text(one, "id", PERSON_ID);
    json_put_text(one, "name", "示例甲");
    json_add(persons, one);
    json_put(facts, "persons", persons);
}

/* Without persons, so that whom a line does not name is nobody. */
static struct json *facts_of(const struct law *line)
{
    const struct document_type *type = type_by_name(line->type);
    assert_non_null(type);
    struct json *facts = parsed(body_sample(type, type->facts));
    json_put(facts, "persons", json_list());
    if (line->whom == PERSON)
        put_person(facts, line->role);
    else if (type->facts == &lianshu_SubjectRelation_msg || json_get(facts, "roles") != NULL)
        put_person(facts, LEGAL);
    if (line->whom == LISTED)
        json_put(facts, "subject", parsed(PUNISHED));
    if (line->whom == COMMITTED)
        json_put_flag(facts, "notice_and_commitment", true);
    else if (type->facts == &lianshu_Licence_msg)
        json_put_flag(facts, "notice_and_commitment", false);
    return facts;
}

/* The head stands in the register. */
static void enter_head(struct world *w, const struct law *line, const struct json *facts)
{
    const struct document_type *type = type_by_name("subject.register");
    struct json *entry = parsed(body_sample(type, type->facts));
    char *text = NULL;
    size_t len;
    uint8_t env_id[HASH_LEN];
    json_put(entry, "subject", json_clone(json_get(facts, "subject")));
    put_person(entry, line->role);
    assert_int_equal(json_print(entry, false, &text, &len), OK);
    const struct mail mail = {
        .from = MARKET, .type = "subject.register", .to = {"hub.445100"}, .facts = text};
    world_send(w, &mail, env_id);
    assert_int_equal(world_heard(w, MARKET, env_id, lianshu_ReceiptKind_RECEIPT_ACCEPTED), 1);
    free(text);
    json_close(&entry);
}

/* ---- who is restricted ---- */

static void name_of(struct world *w, const struct law *line, const struct json *facts,
                    uint8_t token[static STORE_TOKEN_LEN])
{
    const struct document_type *type = type_by_name(line->type);
    if (line->whom == PERSON || line->whom == HEAD) {
        assert_int_equal(
            names_give(w->core, lianshu_SubjectKind_SUBJECT_PERSON, span_str(PERSON_ID), token),
            OK);
        return;
    }
    void *msg = calloc(1, message_of(type->facts)->size);
    assert_non_null(msg);
    assert_int_equal(json_to_message(facts, type->facts, msg, NULL), OK);
    const lianshu_Subject *subject = facts_subject(type->facts, msg);
    assert_int_equal(names_give(w->core, (uint8_t)subject->kind, span_str(subject->id), token), OK);
    free(msg);
}

/* As if imposed by the market long ago, and known since now. */
static struct justification restrict_by(struct world *w, const struct law *line,
                                        const struct json *facts)
{
    static const uint8_t sealed[1] = {1};
    const char *rule = line->by != NULL ? line->by : "R09";
    struct order_row order = {
        .seq = 1,
        .version = 1,
        .state = ORDER_ACTIVE,
        .issuer = MARKET,
        .list = "serious_dishonesty",
        .changed_by = MARKET,
        .start_date = 20200101,
        .sealed = span_of(sealed, sizeof sealed),
    };
    struct justification row = {
        .scope = "000000",
        .order_version = 1,
        .basis = "SAMR44-15",
        .list = "serious_dishonesty",
        .start_date = 20200101,
        .begun_seq = log_size(w->store->log),
    };
    text_copy(order.rule, sizeof order.rule, rule);
    text_copy(row.rule, sizeof row.rule, rule);
    order.id[0] = row.order_id[0] = 7;
    row.force = line->force;
    text_copy(row.measure, sizeof row.measure, line->measure);
    assert_int_equal(store_begin(w->store, w->now_ms), OK);
    name_of(w, line, facts, row.subject);
    memcpy(order.subject, row.subject, sizeof order.subject);
    assert_int_equal(order_put(w->store->orders, &order), OK);
    assert_int_equal(restriction_add(w->store->restrictions, &row), OK);
    assert_int_equal(store_commit(w->store), OK);
    return row;
}

static void free_again(struct world *w, const struct justification *imposed)
{
    const uint64_t now = log_size(w->store->log);
    struct justification row;
    bool last = false;
    assert_int_equal(store_begin(w->store, w->now_ms), OK);
    assert_int_equal(
        restriction_end_next(w->store->restrictions, imposed->order_id, now, &row, &last), OK);
    assert_true(last);
    assert_int_equal(store_commit(w->store), OK);
}

/* ---- what becomes of it ---- */

static void assert_grounds(const struct law *line, const lianshu_Ground *ground, size_t count)
{
    assert_true(count > 0);
    assert_string_equal(ground->measure, line->measure);
    assert_string_equal(ground->basis, "SAMR44-15"); /* of the restriction */
    assert_int_equal(ground->order_id[0], 7);
}

static void assert_ends(struct world *w, const struct law *line, const uint8_t *env_id)
{
    assert_int_equal(world_has(w, INSURANCE, line->type), 0);
    for (int day = 0; day < 9 && world_status(w, "held") > 0; day++)
        world_pass(w, DAY_MS);
    assert_int_equal(world_status(w, "held"), 0);
    assert_int_equal(world_has(w, INSURANCE, line->type), line->ends == ON);
    assert_int_equal(world_heard(w, HEALTH, env_id,
                                 line->ends == ON ? lianshu_ReceiptKind_RECEIPT_RELEASED
                                                  : lianshu_ReceiptKind_RECEIPT_REFUSED),
                     1);
}

static void assert_becomes(struct world *w, const struct law *line, const uint8_t *env_id,
                           enum when when)
{
    const lianshu_Receipt *q = world_receipt(w, HEALTH, env_id);
    assert_non_null(q);
    if (line->does == REFUSES) {
        assert_int_equal(q->kind, when == BEGINS ? lianshu_ReceiptKind_RECEIPT_REFUSED
                                                 : lianshu_ReceiptKind_RECEIPT_REJECTED);
        assert_int_equal(q->code, ERR_RESTRICTED);
        assert_grounds(line, q->grounds, q->grounds_count);
        assert_int_equal(world_has(w, INSURANCE, line->type), 0);
    } else if (line->does == HOLDS) {
        assert_int_equal(q->kind, lianshu_ReceiptKind_RECEIPT_HELD);
        assert_grounds(line, q->grounds, q->grounds_count);
        assert_int_equal(world_status(w, "held"), 1);
        assert_ends(w, line, env_id);
    } else {
        const struct got *got = world_got(w, INSURANCE, line->type, 0);
        assert_non_null(got);
        assert_int_equal(got->advisory_count > 0, line->does == FLAGS);
        if (line->does == FLAGS)
            assert_grounds(line, got->advisory, got->advisory_count);
    }
}

/* Copies of a gate, and not what a rule says besides (R27 tells the employer's regulator). */
static size_t copies(struct world *w, const char *member)
{
    static lianshu_HubNotice notice;
    const struct got *got;
    size_t n = 0;
    for (size_t i = 0; (got = world_got(w, member, "hub.notice", i)) != NULL; i++) {
        assert_int_equal(
            wire_decode(&lianshu_HubNotice_msg, span_of(got->facts, got->facts_len), &notice), OK);
        n += notice.kind == lianshu_HubNoticeKind_HUBNOTICE_COPY;
    }
    return n;
}

/* The authority that listed hears of it once when the law says so, and nobody else does. */
static void assert_told(struct world *w, const struct law *line)
{
    for (size_t i = 0; i < ACTS_EVERYBODY; i++)
        assert_int_equal(copies(w, acts_everybody[i]),
                         line->told && strcmp(acts_everybody[i], MARKET) == 0);
}

/* Something changed about somebody, and the recipient is there. */
static void come_back(struct world *w, const uint8_t subject[static STORE_TOKEN_LEN])
{
    gates_changed(w->core, subject);
    world_hello(w, INSURANCE);
    world_settle(w);
}

static void run_line(const struct law *line, enum when when)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {9};
    struct world *w = world_new(seed);
    struct json *facts = facts_of(line);
    struct justification row = {.begun_seq = 0};
    uint8_t env_id[HASH_LEN];
    char *text = NULL;
    size_t len;
    acts_connect(w);
    world_widen(w);
    if (line->whom == HEAD)
        enter_head(w, line, facts);
    if (when == BEFORE && line->whom == LISTED)
        acts_order(w, NULL);
    else if (when == BEFORE || when == ENDS)
        row = restrict_by(w, line, facts);
    if (when == BEGINS || when == ENDS)
        world_leave(w, INSURANCE);
    assert_int_equal(json_print(facts, false, &text, &len), OK);
    const struct mail mail = {.from = HEALTH,
                              .type = line->type,
                              .to = {INSURANCE},
                              .facts = text,
                              .basis = {"DL116"},
                              .expires_ms = w->now_ms + 12 * (uint64_t)DAY_MS};
    world_send(w, &mail, env_id);
    world_turn(w);
    if (when == BEGINS)
        row = restrict_by(w, line, facts);
    if (when == ENDS)
        free_again(w, &row);
    if (when == BEGINS || when == ENDS)
        come_back(w, row.subject);
    const struct law free_line = {.type = line->type, .does = PASSES};
    assert_becomes(w, when == BEFORE || when == BEGINS ? line : &free_line, env_id, when);
    if (when == BEFORE || when == BEGINS)
        assert_told(w, line);
    if (when == ENDS)
        assert_int_equal(world_status(w, "held"), 0);
    free(text);
    json_close(&facts);
    world_free(w);
}

static void every_gate_does_what_its_article_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(LINES); i++) {
        print_message("line %zu: %s %s\n", i, LINES[i].type, LINES[i].measure);
        run_line(&LINES[i], BEFORE);
    }
}

/* The same documents about people and enterprises that nothing stands against. */
static void without_a_restriction_they_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(LINES); i++) {
        if (i > 0 && strcmp(LINES[i].type, LINES[i - 1].type) == 0 &&
            LINES[i].whom == LINES[i - 1].whom)
            continue;
        print_message("line %zu: %s\n", i, LINES[i].type);
        run_line(&LINES[i], NOBODY);
    }
}

/* Accepted, and not delivered yet: the gate is asked again. What a gate only copies was told
 * already when it was accepted; the revocation of a licence begins an order of its own. */
static void what_waits_is_decided_again_when_a_restriction_begins(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(LINES); i++) {
        if (LINES[i].whom == LISTED)
            continue;
        print_message("line %zu: %s %s\n", i, LINES[i].type, LINES[i].measure);
        run_line(&LINES[i], BEGINS);
    }
}

static void what_waits_is_decided_again_when_a_restriction_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(LINES); i++) {
        if (LINES[i].whom == LISTED || (LINES[i].does != HOLDS && LINES[i].does != FLAGS))
            continue;
        print_message("line %zu: %s %s\n", i, LINES[i].type, LINES[i].measure);
        run_line(&LINES[i], ENDS);
    }
}

/* The types that can give a subject something, or are told when it loses something (catalogue of
 * messages, column gate). R08 is the gate of registrations besides; it stands in
 * scenario_rules_events. */
static void every_gated_type_has_a_line_and_no_other(void **state)
{
    static const char *const types[] = {"subject.relation",
                                        "subject.register",
                                        "licence.application",
                                        "licence.granted",
                                        "licence.changed",
                                        "licence.revoked",
                                        "appointment",
                                        "employment",
                                        "procurement.award",
                                        "procurement.dishonesty",
                                        "insurance.designation",
                                        "insurance.qualification",
                                        "insurance.settlement_stop",
                                        "honour",
                                        "subsidy",
                                        "project_approval",
                                        "batch.block",
                                        "batch.release"};
    const struct document_type *type;
    size_t gated = 0;
    (void)state;
    for (size_t i = 0; (type = type_at(i)) != NULL; i++) {
        bool wanted = false;
        bool found = false;
        for (size_t k = 0; k < T_COUNT(types); k++)
            wanted = wanted || strcmp(types[k], type->name) == 0;
        for (size_t k = 0; k < T_COUNT(LINES); k++)
            found = found || strcmp(LINES[k].type, type->name) == 0;
        print_message("%s\n", type->name);
        assert_int_equal((type->flags & TYPE_GATED) != 0, wanted);
        assert_int_equal(found, wanted);
        gated += wanted;
    }
    assert_int_equal(gated, T_COUNT(types));
}

static bool asks(const struct rule_gate *gate, const struct law *line)
{
    const char *rule = line->by != NULL ? line->by : "R09";
    bool only = gate->only_count == 0;
    for (uint32_t i = 0; i < gate->only_count; i++)
        only = only || strcmp(gate->only[i], rule) == 0;
    return only && type_by_name(line->type)->number == gate->type && line->does != PASSES &&
           strcmp(line->measure, gate->measure->code) == 0 &&
           (gate->forces == 0 || (gate->forces & (1u << line->force)) != 0);
}

/* A gate that nobody wrote a line for fails here. */
static void every_gate_of_the_shipped_set_has_a_line(void **state)
{
    struct world *w = *state;
    size_t n = 0;
    const struct rule_gate *gate = ruleset_gates(w->rules, &n);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t k = 0; k < T_COUNT(LINES); k++)
            found = found || asks(&gate[i], &LINES[k]);
        if (!found)
            fail_msg("%s", gate[i].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gate_does_what_its_article_says),
        cmocka_unit_test(without_a_restriction_they_pass),
        cmocka_unit_test(what_waits_is_decided_again_when_a_restriction_begins),
        cmocka_unit_test(what_waits_is_decided_again_when_a_restriction_ends),
        cmocka_unit_test(every_gated_type_has_a_line_and_no_other),
        cmocka_unit_test_setup_teardown(every_gate_of_the_shipped_set_has_a_line, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests_name("gate_table", tests, NULL, NULL);
}
