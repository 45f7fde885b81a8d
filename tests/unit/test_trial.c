/* Checks the promises in policy/trial.h on the shipped rules. */
#include "policy/trial.h"

#include "ident.h"
#include "policy_world.h"
#include "ruleset_copy.h"

#include <stdlib.h>

static const char *const members[] = {
    "drug.440000",   "no member",     "health.445100", "hub.445100",         "insurance.445100",
    "market.445100", "market.445102", "media.445100",  "procurement.445100",
};

static const char *member_at(void *ctx, size_t i)
{
    (void)ctx;
    return i < T_COUNT(members) ? members[i] : NULL;
}

static const struct trial_members known = {member_at, NULL};
static const struct trial_members nobody = {NULL, NULL};

static struct json *tried(struct world *w, const lianshu_SanctionOrder *order,
                          const struct trial_members *by)
{
    const struct decide_input in = input_r01(w);
    struct json *answer = json_map();
    assert_int_equal(trial_order(w->rules, &w->view, &in, order, by, answer), OK);
    return answer;
}

static uint64_t number(const struct json *map, const char *key)
{
    uint64_t n = UINT64_MAX;
    assert_true(json_uint(json_get(map, key), &n));
    return n;
}

static const struct json *row_of(const struct json *list, const char *key, const char *value)
{
    for (size_t i = 0; i < json_count(list); i++)
        if (strcmp(json_get_text(json_item(list, i), key), value) == 0)
            return json_item(list, i);
    return NULL;
}

/* Who owes what, of the members that there are; who is named and not there is said. */
static void an_order_says_whom_it_reaches_and_for_how_long(void **state)
{
    static const struct {
        const char *measure;
        const char *departments;
        uint64_t owed;
        const char *unassigned;
    } rows[] = {
        {"M01", "market|drug", 3, ""},
        {"M02", "market|drug", 3, ""},
        {"M02", "market|drug", 3, ""},
        {"M03", "market", 2, ""},
        {"M22", "every", 7, ""}, /* a hub is no department */
        {"M23", "health market|drug", 4, ""},
        {"M27", "issuer", 1, ""},
        {"M07", "insurance", 1, ""},
        {"M08", "health insurance procurement", 3, ""},
        {"M20", "credit", 0, "credit"},
        {"M21", "every", 7, ""},
        {"M24", "health market|drug", 4, ""},
        {"M25", "procurement", 1, ""},
    };
    const lianshu_SanctionOrder order = order_r01();
    struct json *answer = tried(*state, &order, &known);
    const struct json *duties = json_get(answer, "duties");
    assert_int_equal(json_count(duties), T_COUNT(rows));
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct json *row = json_item(duties, i);
        const struct json *unassigned = json_get(row, "unassigned");
        print_message("row %zu: %s\n", i, rows[i].measure);
        assert_string_equal(json_get_text(row, "measure"), rows[i].measure);
        assert_string_equal(json_get_text(row, "departments"), rows[i].departments);
        assert_int_equal(number(row, "obligations"), rows[i].owed);
        assert_int_equal(json_count(unassigned), rows[i].unassigned[0] != '\0');
        if (rows[i].unassigned[0] != '\0')
            assert_string_equal(json_text(json_item(unassigned, 0)), rows[i].unassigned);
    }
    assert_string_equal(json_get_text(json_item(duties, 0), "until"), "2036-04-20");
    assert_null(json_get_text(json_item(duties, 1), "until")); /* for life */
    assert_int_equal(number(json_item(duties, 2), "on"), 2);
    assert_string_equal(json_get_text(answer, "rule"), "R01");
    assert_int_equal(number(answer, "code"), OK);
    assert_int_equal(number(answer, "obligations"), 39);
    assert_int_equal(number(answer, "members"), 7);
    const struct json *gate = row_of(json_get(answer, "gates"), "gate", "G01");
    assert_string_equal(json_get_text(gate, "measure"), "M03");
    assert_string_equal(json_get_text(gate, "action"), "refuse");
    assert_null(row_of(json_get(answer, "gates"), "gate", "G19")); /* M10: not by this rule */
    json_close(&answer);
}

static void what_is_in_force_and_which_posts_are_held_is_said_without_a_name(void **state)
{
    const lianshu_SanctionOrder order = order_r01();
    struct world *w = *state;
    char *text = NULL;
    size_t len;
    w->restriction_count = 1;
    w->restriction[0].of = COMPANY;
    snprintf(w->restriction[0].row.measure, sizeof w->restriction[0].row.measure, "M24");
    snprintf(w->restriction[0].row.rule, sizeof w->restriction[0].row.rule, "R10");
    w->restriction[0].row.end_date = 20270101;
    w->relation_count = 2;
    for (size_t i = 0; i < w->relation_count; i++) {
        w->relation[i].of = i == 0 ? COMPANY : CLEAN;
        w->relation[i].person = MANAGER;
        w->relation[i].role = lianshu_Role_ROLE_PRINCIPAL;
        w->relation[i].from = 20200101;
    }
    struct json *answer = tried(w, &order, &known);
    const struct json *conflict = json_item(json_get(answer, "conflicts"), 0);
    assert_int_equal(json_count(json_get(answer, "conflicts")), 1);
    assert_string_equal(json_get_text(conflict, "measure"), "M24");
    assert_string_equal(json_get_text(conflict, "rule"), "R10");
    assert_string_equal(json_get_text(conflict, "until"), "2027-01-01");
    const struct json *related = json_get(answer, "related");
    assert_int_equal(json_count(related), 2);
    assert_int_equal(number(json_item(related, 0), "person"), 1);
    assert_int_equal(number(json_item(related, 0), "posts"), 0);
    assert_int_equal(number(json_item(related, 1), "posts"), 2);
    assert_int_equal(json_print(answer, false, &text, &len), OK);
    assert_null(strstr(text, COMPANY));
    assert_null(strstr(text, MANAGER));
    free(text);
    json_close(&answer);
}

static void without_members_nothing_is_said_that_depends_on_them(void **state)
{
    static const char *const keys[] = {"obligations", "members", "related", "conflicts"};
    const lianshu_SanctionOrder order = order_r01();
    struct json *answer = tried(*state, &order, &nobody);
    assert_int_equal(json_count(json_get(answer, "duties")), 13);
    assert_null(json_get(json_item(json_get(answer, "duties"), 0), "obligations"));
    for (size_t i = 0; i < T_COUNT(keys); i++)
        assert_null(json_get(answer, keys[i]));
    json_close(&answer);
}

static void an_order_that_would_be_refused_says_why_and_reaches_nobody(void **state)
{
    lianshu_SanctionOrder order = order_r01();
    order.contact[0] = '\0';
    struct json *answer = tried(*state, &order, &known);
    assert_int_equal(number(answer, "code"), ERR_FIELD_MISSING);
    assert_string_equal(json_get_text(answer, "why"), "contact");
    assert_string_not_equal(json_get_text(answer, "why_zh"), "");
    assert_string_equal(json_get_text(answer, "article"), "GBF2020-49");
    assert_int_equal(json_count(json_get(answer, "duties")), 0);
    assert_int_equal(json_count(json_get(answer, "gates")), 0);
    assert_int_equal(number(answer, "obligations"), 0);
    json_close(&answer);
}

/* Every department there is, as a list of a rule file. */
static void name_everybody(char *out, size_t cap)
{
    size_t len = 0;
    for (unsigned bit = 0; bit < 32; bit++)
        len += (size_t)snprintf(out + len, cap - len, "%s%s", bit == 0 ? "" : ", ",
                                department_name(bit));
    assert_true(len < cap);
}

static void a_measure_that_everybody_owes_twice_over_is_said_whole(void **state)
{
    static struct world w;
    struct fixture *f;
    char everybody[512], owes[1200], want[1200];
    const lianshu_SanctionOrder order = order_r01();
    (void)state;
    setup((void **)&f);
    name_everybody(everybody, sizeof everybody);
    snprintf(owes, sizeof owes, "owes: {each: [%s], either: [%s]}", everybody, everybody);
    spoil(f, "measures.yaml", "owes: {either: [market, drug]}", owes);
    world_open(&w, f->dir);
    struct json *answer = tried(&w, &order, &known);
    size_t len = 0;
    for (unsigned i = 0; i < 64; i++)
        len += (size_t)snprintf(want + len, sizeof want - len, "%s%s",
                                i == 0    ? ""
                                : i <= 32 ? " "
                                          : "|",
                                department_name(i % 32));
    assert_string_equal(
        json_get_text(row_of(json_get(answer, "duties"), "measure", "M01"), "departments"), want);
    json_close(&answer);
    world_close(&w);
    teardown((void **)&f);
}

/* What stands against nobody no gate will find. */
static void a_measure_that_restricts_nobody_meets_no_gate(void **state)
{
    static struct world w;
    struct fixture *f;
    const lianshu_SanctionOrder order = order_r01();
    (void)state;
    setup((void **)&f);
    spoil(f, "measures.yaml", "owes: {either: [market, drug]}, restricts: true",
          "owes: {either: [market, drug]}");
    world_open(&w, f->dir);
    struct json *answer = tried(&w, &order, &known);
    assert_non_null(row_of(json_get(answer, "duties"), "measure", "M01"));
    assert_null(row_of(json_get(answer, "gates"), "measure", "M01"));
    assert_non_null(row_of(json_get(answer, "gates"), "measure", "M02"));
    json_close(&answer);
    world_close(&w);
    teardown((void **)&f);
}

static void an_unknown_answer_decides_nothing(void **state)
{
    const lianshu_SanctionOrder order = order_r01();
    struct world *w = *state;
    const struct decide_input in = input_r01(w);
    struct json *answer = json_map();
    w->broken = ERR_IO;
    assert_int_equal(trial_order(w->rules, &w->view, &in, &order, &known, answer), ERR_IO);
    json_close(&answer);
}

/* The look-ups for what is in force already come behind those of the decision. */
static unsigned answers;

static enum err some_tokens(void *ctx, lianshu_SubjectKind kind, const char *id,
                            uint8_t out[static VIEW_TOKEN_LEN])
{
    return answers-- == 0 ? ERR_IO : world_token(ctx, kind, id, out);
}

static enum err no_posts(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                         view_relation_fn *fn, void *arg)
{
    (void)ctx, (void)token, (void)date, (void)fn, (void)arg;
    return answers-- == 0 ? ERR_IO : ERR_NOT_FOUND;
}

static enum err nothing_in_force(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                                 uint32_t date, view_restriction_fn *fn, void *arg)
{
    (void)ctx, (void)token, (void)date, (void)fn, (void)arg;
    return answers-- == 0 ? ERR_IO : ERR_NOT_FOUND;
}

static void each_answer_that_is_not_known_is_told(void **state)
{
    const lianshu_SanctionOrder order = order_r01();
    struct world *w = *state;
    const struct decide_input in = input_r01(w);
    struct view view = w->view;
    unsigned n = 0;
    enum err err;
    view.token = some_tokens;
    view.holdings = no_posts;
    view.restrictions = nothing_in_force;
    do {
        struct json *answer = json_map();
        answers = n++;
        err = trial_order(w->rules, &view, &in, &order, &known, answer);
        json_close(&answer);
        assert_true(err == OK || err == ERR_IO);
    } while (err != OK && n < 100);
    /* A conflict; the subject and what is in force; two persons and their posts. */
    assert_int_equal(n, 1 + 1 + 2 + 2 * 2);
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_order_says_whom_it_reaches_and_for_how_long),
        CASE(what_is_in_force_and_which_posts_are_held_is_said_without_a_name),
        CASE(without_members_nothing_is_said_that_depends_on_them),
        CASE(an_order_that_would_be_refused_says_why_and_reaches_nobody),
        CASE(a_measure_that_everybody_owes_twice_over_is_said_whole),
        CASE(a_measure_that_restricts_nobody_meets_no_gate),
        CASE(an_unknown_answer_decides_nothing),
        CASE(each_answer_that_is_not_known_is_told),
    };
    return cmocka_run_group_tests_name("trial", tests, world_group_open, world_group_close);
}
