/* The case table: documents, states, groups of states, steps, and flows outside of cases. */
#include "policy/load.h"

#include "policy/casebook.h"

#include "catalogue.h"
#include "ident.h"

#include <assert.h>
#include <string.h>

enum {
    STEP_ID_MAX = 4,
    OUTCOME_MAX = 16,
    GROUPS_MAX = 16,
    ANY_DEPARTMENT = (1 << DEPARTMENT_WITNESS) - 1,
};

/* In `from`: every state that is not final. */
static const char every_open[] = "open";

/* States that rows name together. Lives while the file is read. */
struct group {
    const char *id;
    const struct yaml_node *states;
};

struct groups {
    struct group group[GROUPS_MAX];
    size_t count;
};

static void load_state(struct load *l, const struct yaml_node *node)
{
    static const char *const keys[] = {"id", "zh", "en", "final", NULL};
    if (!load_keys(l, node, keys))
        return;
    if (l->rs->state_count == RULES_STATES_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_TOO_MANY, "%d", RULES_STATES_MAX);
        return;
    }
    struct rule_state s = {
        .id = load_text(l, node, "id", true),
        .zh = load_text(l, node, "zh", true),
        .en = load_text(l, node, "en", true),
        .final = load_bool(l, node, "final", false),
        .line = yaml_line(node),
    };
    load_code(l, s.id, CASE_STATE_MAX, s.line,
              ruleset_state(l->rs, s.id) != NULL || strcmp(s.id, every_open) == 0);
    l->rs->state[l->rs->state_count++] = s;
}

static void load_paper(struct load *l, const struct yaml_node *node)
{
    static const char *const keys[] = {"id", "zh", "en", "mark", NULL};
    if (!load_keys(l, node, keys))
        return;
    if (l->rs->paper_count == RULES_PAPERS_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_TOO_MANY, "%d", RULES_PAPERS_MAX);
        return;
    }
    struct rule_paper p = {
        .id = load_text(l, node, "id", true),
        .zh = load_text(l, node, "zh", true),
        .en = load_text(l, node, "en", true),
        .mark = load_mark(l, node, "mark"),
        .line = yaml_line(node),
    };
    load_code(l, p.id, 4, p.line, ruleset_paper(l->rs, p.id) != NULL);
    l->rs->paper[l->rs->paper_count++] = p;
}

static const struct group *find_group(const struct groups *groups, const char *id)
{
    for (size_t i = 0; id != NULL && i < groups->count; i++)
        if (strcmp(groups->group[i].id, id) == 0)
            return &groups->group[i];
    return NULL;
}

static void load_group(struct load *l, const struct yaml_node *node, struct groups *groups)
{
    static const char *const keys[] = {"id", "states", NULL};
    if (!load_keys(l, node, keys))
        return;
    if (groups->count == GROUPS_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_TOO_MANY, "%d", GROUPS_MAX);
        return;
    }
    const struct group g = {
        .id = load_text(l, node, "id", true),
        .states = load_list(l, node, "states", true),
    };
    /* A name stands for one thing only. */
    const bool known = find_group(groups, g.id) != NULL || ruleset_state(l->rs, g.id) != NULL ||
                       strcmp(g.id, every_open) == 0;
    load_code(l, g.id, CASE_STATE_MAX, yaml_line(node), known);
    groups->group[groups->count++] = g;
}

static void add_from(struct load *l, struct rule_step *step, const char *state, unsigned line)
{
    const struct rule_state *known = state == NULL ? NULL : ruleset_state(l->rs, state);
    const char *id = known != NULL ? known->id : "";
    if (known == NULL && (state == NULL || state[0] != '\0')) {
        load_problem(l, line, PROBLEM_STATE_UNKNOWN, "%s", state == NULL ? "from" : state);
        return;
    }
    for (uint32_t i = 0; i < step->from_count; i++) {
        if (strcmp(step->from[i], id) == 0) {
            load_problem(l, line, PROBLEM_DUPLICATE, "from: %s", id);
            return;
        }
    }
    assert(step->from_count < RULE_STATES_MAX); /* each once */
    step->from[step->from_count++] = id;
}

/* States, groups of states, and `open`. */
static void load_from(struct load *l, const struct yaml_node *node, const struct groups *groups,
                      struct rule_step *step)
{
    const struct yaml_node *from = load_list(l, node, "from", true);
    for (size_t i = 0; i < yaml_count(from); i++) {
        const struct yaml_node *item = yaml_item(from, i);
        const char *text = yaml_text(item);
        const struct group *group = find_group(groups, text);
        for (size_t k = 0; group != NULL && k < yaml_count(group->states); k++)
            add_from(l, step, yaml_text(yaml_item(group->states, k)),
                     yaml_line(yaml_item(group->states, k)));
        const bool open = text != NULL && strcmp(text, every_open) == 0;
        for (size_t k = 0; open && k < l->rs->state_count; k++)
            if (!l->rs->state[k].final)
                add_from(l, step, l->rs->state[k].id, yaml_line(item));
        if (group == NULL && !open)
            add_from(l, step, text, yaml_line(item));
    }
}

static void load_to(struct load *l, const struct yaml_node *node, struct rule_step *step)
{
    const char *to = load_text(l, node, "to", true);
    const struct rule_state *state = ruleset_state(l->rs, to);
    step->to = state == NULL ? "" : state->id;
    if (state == NULL && to[0] != '\0' && strcmp(to, "same") != 0)
        load_problem(l, yaml_line(yaml_get(node, "to")), PROBLEM_STATE_UNKNOWN, "%s", to);
}

/* A list of departments, or `any`: every one but hubs, witnesses and registrars. */
static uint32_t load_whom(struct load *l, const struct yaml_node *map, const char *key, bool needed)
{
    const struct yaml_node *node = yaml_get(map, key);
    const char *text = node == NULL ? NULL : yaml_text(node);
    if (text != NULL && strcmp(text, "any") == 0)
        return ANY_DEPARTMENT;
    return load_departments(l, map, key, needed);
}

static void load_papers(struct load *l, const struct yaml_node *node, struct rule_step *step)
{
    const struct yaml_node *list = load_list(l, node, "documents", false);
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        const char *id = yaml_text(item);
        const struct rule_paper *paper = id == NULL ? NULL : ruleset_paper(l->rs, id);
        if (paper == NULL)
            load_problem(l, yaml_line(item), PROBLEM_DOCUMENT_UNKNOWN, "%s",
                         id == NULL ? "documents" : id);
        else if (step->paper_count == RULE_PAPERS_MAX)
            load_problem(l, yaml_line(list), PROBLEM_TOO_MANY, "documents: %d", RULE_PAPERS_MAX);
        else
            step->paper[step->paper_count++] = paper;
    }
}

static uint32_t load_clock_ids(struct load *l, const struct yaml_node *node, const char *key,
                               const char *out[static RULE_CLOCKS_MAX])
{
    const struct rule_clock *clocks[RULE_CLOCKS_MAX];
    uint32_t n = load_clock_list(l, node, key, clocks);
    for (uint32_t i = 0; i < n; i++)
        out[i] = clocks[i]->id;
    return n;
}

static void load_step_clocks(struct load *l, const struct yaml_node *node, struct rule_step *s)
{
    s->start_count = load_clock_list(l, node, "starts", s->starts);
    s->recount_count = load_clock_list(l, node, "recounts", s->recounts);
    s->within_count = load_clock_list(l, node, "within", s->within);
    s->meet_count = load_clock_ids(l, node, "meets", s->meets);
    s->stop_count = load_clock_ids(l, node, "stops", s->stops);
    s->suspend_count = load_clock_ids(l, node, "suspends", s->suspends);
    s->resume_count = load_clock_ids(l, node, "resumes", s->resumes);
    if (s->stop_count + s->meet_count > RULE_CLOCKS_MAX) {
        load_problem(l, s->line, PROBLEM_TOO_MANY, "meets, stops: %d", RULE_CLOCKS_MAX);
        return;
    }
    for (uint32_t i = 0; i < s->meet_count; i++)
        s->stops[s->stop_count++] = s->meets[i];
}

static void add_step(struct load *l, const struct rule_step *step, const char *outcome,
                     unsigned line)
{
    if (l->rs->step_count == RULES_STEPS_MAX) {
        load_problem(l, step->line, PROBLEM_TOO_MANY, "%d", RULES_STEPS_MAX);
        return;
    }
    if (outcome == NULL || strlen(outcome) > OUTCOME_MAX) {
        load_problem(l, line, PROBLEM_VALUE, "outcome: %s", outcome == NULL ? "" : outcome);
        return;
    }
    struct rule_step *row = &l->rs->step[l->rs->step_count++];
    *row = *step;
    row->outcome = outcome;
}

/* One row for each of its outcomes. */
static void add_steps(struct load *l, const struct yaml_node *node, const struct rule_step *step)
{
    const struct yaml_node *outcome = yaml_get(node, "outcome");
    if (yaml_kind(outcome) != YAML_KIND_LIST) {
        add_step(l, step, outcome == NULL ? "" : yaml_text(outcome), yaml_line(outcome));
        return;
    }
    for (size_t i = 0; i < yaml_count(outcome); i++)
        add_step(l, step, yaml_text(yaml_item(outcome, i)), yaml_line(yaml_item(outcome, i)));
}

static void load_step(struct load *l, const struct yaml_node *node, const struct groups *groups)
{
    static const char *const keys[] = {
        "id",       "zh",        "en",     "type",     "from",   "to",       "outcome",
        "actor",    "by",        "to_one", "also_one", "copies", "parties",  "barred",
        "parallel", "documents", "starts", "meets",    "stops",  "suspends", "resumes",
        "recounts", "within",    "basis",  "mark",     NULL};
    static const char *const bys[] = {"party", "copied", "superior", "overseer",
                                      "owner", "opener", NULL};
    if (!load_keys(l, node, keys))
        return;
    struct rule_step s = {
        .id = load_text(l, node, "id", true),
        .zh = load_text(l, node, "zh", true),
        .en = load_text(l, node, "en", true),
        .type = load_type(l, node, "type"),
        .actor = load_whom(l, node, "actor", true),
        .by = (enum step_by)load_word(l, node, "by", bys, STEP_BY_PARTY),
        .addressee = load_whom(l, node, "to_one", false),
        .also = load_departments(l, node, "also_one", false),
        .copies = load_departments(l, node, "copies", false),
        .parties = load_bool(l, node, "parties", false),
        .barred = load_bool(l, node, "barred", false),
        .parallel = load_text(l, node, "parallel", false),
        .basis = load_text(l, node, "basis", true),
        .mark = load_mark(l, node, "mark"),
        .line = yaml_line(node),
    };
    const struct document_type *type = type_find(s.type);
    if (type != NULL && (type->flags & TYPE_CASE) == 0 &&
        type->number != lianshu_DocumentType_TYPE_PENALTY_DECISION)
        load_problem(l, s.line, PROBLEM_TYPE_UNKNOWN, "%s: 不载案件环节 / carries no case step",
                     type->name);
    if (strlen(s.id) > STEP_ID_MAX)
        load_problem(l, s.line, PROBLEM_VALUE, "id: 过长 / too long: %s", s.id);
    load_from(l, node, groups, &s);
    load_to(l, node, &s);
    load_papers(l, node, &s);
    load_step_clocks(l, node, &s);
    add_steps(l, node, &s);
}

static void load_flow(struct load *l, const struct yaml_node *node)
{
    static const char *const keys[] = {"id",     "zh",    "en",     "type",  "grade", "actor",
                                       "starts", "stops", "within", "basis", "mark",  NULL};
    if (!load_keys(l, node, keys))
        return;
    if (l->rs->flow_count == RULES_FLOWS_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_TOO_MANY, "%d", RULES_FLOWS_MAX);
        return;
    }
    struct rule_flow f = {
        .id = load_text(l, node, "id", true),
        .zh = load_text(l, node, "zh", true),
        .en = load_text(l, node, "en", true),
        .type = load_type(l, node, "type"),
        .grade = load_text(l, node, "grade", false),
        .actor = load_departments(l, node, "actor", false),
        .basis = load_text(l, node, "basis", true),
        .mark = load_mark(l, node, "mark"),
        .line = yaml_line(node),
    };
    f.start_count = load_clock_list(l, node, "starts", f.starts);
    f.within_count = load_clock_list(l, node, "within", f.within);
    f.stop_count = load_clock_ids(l, node, "stops", f.stops);
    for (size_t i = 0; i < l->rs->flow_count; i++)
        if (strcmp(l->rs->flow[i].id, f.id) == 0)
            load_problem(l, f.line, PROBLEM_DUPLICATE, "%s", f.id);
    l->rs->flow[l->rs->flow_count++] = f;
}

void load_cases(struct load *l, const struct yaml_node *root)
{
    static const char *const keys[] = {"documents", "states", "groups", "steps", "flows", NULL};
    struct groups groups = {.count = 0};
    if (!load_keys(l, root, keys))
        return;
    const struct yaml_node *list = load_list(l, root, "documents", true);
    for (size_t i = 0; i < yaml_count(list); i++)
        load_paper(l, yaml_item(list, i));
    list = load_list(l, root, "states", true);
    for (size_t i = 0; i < yaml_count(list); i++)
        load_state(l, yaml_item(list, i));
    list = load_list(l, root, "groups", false);
    for (size_t i = 0; i < yaml_count(list); i++)
        load_group(l, yaml_item(list, i), &groups);
    list = load_list(l, root, "steps", true);
    for (size_t i = 0; i < yaml_count(list); i++)
        load_step(l, yaml_item(list, i), &groups);
    list = load_list(l, root, "flows", true);
    for (size_t i = 0; i < yaml_count(list); i++)
        load_flow(l, yaml_item(list, i));
    check_cases(l);
}
