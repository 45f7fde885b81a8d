/* Checks what policy/casebook.h says of the table of cases as JSON: every state, step and flow of
 * the set, each with all that it has and nothing else. */
#include "policy/casebook.h"
#include "policy_world.h"

#include "catalogue.h"
#include "ident.h"
#include "json.h"

#include <string.h>

static struct json *table;

static int setup(void **state)
{
    *state = &world;
    world_open(&world, "hub/policy/rules");
    table = json_map();
    casebook_describe(world.rules, table);
    return 0;
}

static int teardown(void **state)
{
    json_close(&table);
    world_close(*state);
    return 0;
}

static void expect_text(const struct json *item, const char *key, const char *want)
{
    const char *text = json_get_text(item, key);
    assert_non_null(text);
    assert_string_equal(text, want);
}

static void expect_ids(const struct json *item, const char *key, const char *const *want,
                       size_t count)
{
    const struct json *list = json_get(item, key);
    assert_int_equal(json_count(list), count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(json_text(json_item(list, i)), want[i]);
}

static void expect_clocks(const struct json *item, const char *key,
                          const struct rule_clock *const *want, size_t count)
{
    const char *id[RULE_CLOCKS_MAX];
    for (size_t i = 0; i < count; i++)
        id[i] = want[i]->id;
    expect_ids(item, key, id, count);
}

/* "market drug": each of the set by its name, and no other. */
static void expect_departments(const struct json *item, const char *key, uint32_t want)
{
    const char *text = json_get_text(item, key);
    uint32_t named = 0;
    assert_non_null(text);
    for (const char *at = text; *at != '\0'; at += strspn(at, " ")) {
        const size_t len = strcspn(at, " ");
        unsigned bit = 0;
        while (bit < 32 &&
               (strlen(department_name(bit)) != len || strncmp(department_name(bit), at, len) != 0))
            bit++;
        assert_true(bit < 32);
        assert_int_equal(named & (UINT32_C(1) << bit), 0);
        named |= UINT32_C(1) << bit;
        at += len;
    }
    assert_int_equal(named, want);
}

static void expect_basis(const struct json *item, uint32_t type, const char *basis, char mark)
{
    const char text[] = {mark, '\0'};
    expect_text(item, "type", type_find(type)->name);
    expect_text(item, "type_zh", type_find(type)->zh);
    expect_text(item, "type_en", type_find(type)->en);
    expect_text(item, "basis", basis);
    expect_text(item, "mark", text);
}

static void every_state_is_there_once(void **state)
{
    const struct world *w = *state;
    size_t count = 0;
    const struct rule_state *states = ruleset_states(w->rules, &count);
    const struct json *list = json_get(table, "states");
    assert_int_equal(json_count(list), count);
    for (size_t i = 0; i < count; i++) {
        const struct json *item = json_item(list, i);
        expect_text(item, "state", states[i].id);
        expect_text(item, "state_zh", states[i].zh);
        expect_text(item, "state_en", states[i].en);
        assert_int_equal(json_flag(json_get(item, "final")), states[i].final);
    }
}

static void expect_step(const struct json *item, const struct rule_step *s)
{
    const char *papers[RULE_PAPERS_MAX];
    for (uint32_t i = 0; i < s->paper_count; i++)
        papers[i] = s->paper[i]->id;
    expect_text(item, "transition", s->id);
    expect_text(item, "step_zh", s->zh);
    expect_text(item, "step_en", s->en);
    expect_text(item, "outcome", s->outcome);
    expect_text(item, "to", s->to);
    expect_ids(item, "from", s->from, s->from_count);
    expect_departments(item, "actor", s->actor);
    expect_departments(item, "addressee", s->addressee);
    expect_departments(item, "also", s->also);
    expect_departments(item, "copies", s->copies);
    assert_int_equal(json_flag(json_get(item, "parties")), s->parties);
    assert_int_equal(json_flag(json_get(item, "barred")), s->barred);
    expect_ids(item, "papers", papers, s->paper_count);
    expect_clocks(item, "starts", s->starts, s->start_count);
    expect_ids(item, "stops", s->stops, s->stop_count);
    expect_ids(item, "suspends", s->suspends, s->suspend_count);
    expect_ids(item, "resumes", s->resumes, s->resume_count);
    expect_clocks(item, "within", s->within, s->within_count);
    expect_clocks(item, "recounts", s->recounts, s->recount_count);
    expect_ids(item, "meets", s->meets, s->meet_count);
    expect_basis(item, s->type, s->basis, s->mark);
}

static void every_step_has_all_that_it_has(void **state)
{
    const struct world *w = *state;
    size_t count = 0;
    const struct rule_step *steps = ruleset_steps(w->rules, &count);
    const struct json *list = json_get(table, "graph");
    assert_int_equal(json_count(list), count);
    for (size_t i = 0; i < count; i++) {
        print_message("%s\n", steps[i].id);
        expect_step(json_item(list, i), &steps[i]);
    }
}

static void every_flow_has_all_that_it_has(void **state)
{
    const struct world *w = *state;
    size_t count = 0;
    const struct rule_flow *flows = ruleset_flows(w->rules, &count);
    const struct json *list = json_get(table, "flows");
    assert_int_equal(json_count(list), count);
    for (size_t i = 0; i < count; i++) {
        const struct json *item = json_item(list, i);
        print_message("%s\n", flows[i].id);
        expect_text(item, "flow", flows[i].id);
        expect_text(item, "flow_zh", flows[i].zh);
        expect_text(item, "flow_en", flows[i].en);
        expect_text(item, "grade", flows[i].grade);
        expect_departments(item, "actor", flows[i].actor);
        expect_clocks(item, "starts", flows[i].starts, flows[i].start_count);
        expect_ids(item, "stops", flows[i].stops, flows[i].stop_count);
        expect_clocks(item, "within", flows[i].within, flows[i].within_count);
        expect_basis(item, flows[i].type, flows[i].basis, flows[i].mark);
    }
}

#define CASE(fn) cmocka_unit_test(fn)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_state_is_there_once),
        CASE(every_step_has_all_that_it_has),
        CASE(every_flow_has_all_that_it_has),
    };
    return cmocka_run_group_tests_name("casebook_json", tests, setup, teardown);
}
