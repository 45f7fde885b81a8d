/* The case table as JSON, for programs. */
#include "policy/casebook.h"

#include "catalogue.h"
#include "ident.h"
#include "json.h"

#include <stdio.h>

static void put_type(struct json *to, uint32_t number)
{
    const struct document_type *type = type_find(number);
    json_put_text(to, "type", type->name);
    json_put_text(to, "type_zh", type->zh);
    json_put_text(to, "type_en", type->en);
}

static void put_departments(struct json *to, const char *key, uint32_t departments)
{
    char text[32 * (DEPARTMENT_MAX + 1)] = "";
    size_t len = 0;
    for (unsigned bit = 0; bit < 32; bit++) {
        if ((departments >> bit & 1) != 0)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len == 0 ? "" : " ",
                                    department_name(bit));
    }
    json_put_text(to, key, text);
}

static void put_ids(struct json *to, const char *key, const char *const *id, uint32_t count)
{
    struct json *list = json_list();
    for (uint32_t i = 0; i < count; i++)
        json_add_text(list, id[i]);
    json_put(to, key, list);
}

static void put_clock_ids(struct json *to, const char *key, const struct rule_clock *const *clock,
                          uint32_t count)
{
    struct json *list = json_list();
    for (uint32_t i = 0; i < count; i++)
        json_add_text(list, clock[i]->id);
    json_put(to, key, list);
}

static void put_basis(struct json *to, const char *basis, char mark)
{
    const char text[2] = {mark, '\0'};
    json_put_text(to, "basis", basis);
    json_put_text(to, "mark", text);
}

static struct json *graph_step(const struct rule_step *step)
{
    static const char *const BY[] = {
        [STEP_BY_PARTY] = "party",       [STEP_BY_COPIED] = "copied",
        [STEP_BY_SUPERIOR] = "superior", [STEP_BY_OVERSEER] = "overseer",
        [STEP_BY_OWNER] = "owner",       [STEP_BY_OPENER] = "opener",
    };
    struct json *item = json_map();
    json_put_text(item, "transition", step->id);
    json_put_text(item, "outcome", step->outcome);
    json_put_text(item, "step_zh", step->zh);
    json_put_text(item, "step_en", step->en);
    put_type(item, step->type);
    put_ids(item, "from", step->from, step->from_count);
    json_put_text(item, "to", step->to);
    put_departments(item, "actor", step->actor);
    json_put_text(item, "by", BY[step->by]);
    put_departments(item, "addressee", step->addressee);
    put_departments(item, "also", step->also);
    put_departments(item, "copies", step->copies);
    json_put_flag(item, "parties", step->parties);
    json_put_flag(item, "barred", step->barred);
    struct json *papers = json_list();
    for (uint32_t i = 0; i < step->paper_count; i++)
        json_add_text(papers, step->paper[i]->id);
    json_put(item, "papers", papers);
    put_clock_ids(item, "starts", step->starts, step->start_count);
    put_ids(item, "stops", step->stops, step->stop_count);
    put_ids(item, "suspends", step->suspends, step->suspend_count);
    put_ids(item, "resumes", step->resumes, step->resume_count);
    put_clock_ids(item, "within", step->within, step->within_count);
    put_clock_ids(item, "recounts", step->recounts, step->recount_count);
    put_ids(item, "meets", step->meets, step->meet_count);
    put_basis(item, step->basis, step->mark);
    return item;
}

static struct json *graph_flow(const struct rule_flow *flow)
{
    struct json *item = json_map();
    json_put_text(item, "flow", flow->id);
    json_put_text(item, "flow_zh", flow->zh);
    json_put_text(item, "flow_en", flow->en);
    put_type(item, flow->type);
    json_put_text(item, "grade", flow->grade);
    put_departments(item, "actor", flow->actor);
    put_clock_ids(item, "starts", flow->starts, flow->start_count);
    put_ids(item, "stops", flow->stops, flow->stop_count);
    put_clock_ids(item, "within", flow->within, flow->within_count);
    put_basis(item, flow->basis, flow->mark);
    return item;
}

void casebook_describe(const struct ruleset *rs, struct json *to)
{
    size_t n = 0;
    const struct rule_state *states = ruleset_states(rs, &n);
    struct json *list = json_list();
    for (size_t i = 0; i < n; i++) {
        struct json *item = json_map();
        json_put_text(item, "state", states[i].id);
        json_put_text(item, "state_zh", states[i].zh);
        json_put_text(item, "state_en", states[i].en);
        json_put_flag(item, "final", states[i].final);
        json_add(list, item);
    }
    json_put(to, "states", list);
    const struct rule_step *steps = ruleset_steps(rs, &n);
    list = json_list();
    for (size_t i = 0; i < n; i++)
        json_add(list, graph_step(&steps[i]));
    json_put(to, "graph", list);
    const struct rule_flow *flows = ruleset_flows(rs, &n);
    list = json_list();
    for (size_t i = 0; i < n; i++)
        json_add(list, graph_flow(&flows[i]));
    json_put(to, "flows", list);
}
