#include "policy/load.h"

#include "ident.h"

#include <string.h>

static const char *known_rule(struct load *l, const struct yaml_node *map, const char *key)
{
    const char *id = load_text(l, map, key, false);
    if (id[0] != '\0' && ruleset_rule(l->rs, id) == NULL)
        load_problem(l, yaml_line(yaml_get(map, key)), PROBLEM_RULE_UNKNOWN, "%s", id);
    return id;
}

static const char *known_basis(struct load *l, const struct yaml_node *map, const char *key)
{
    const char *code = load_text(l, map, key, false);
    if (code[0] == '\0')
        return "";
    if (ruleset_basis(l->rs, code) == NULL)
        load_problem(l, yaml_line(yaml_get(map, key)), PROBLEM_BASIS_UNKNOWN, "%s", code);
    return code;
}

static void check_gate(struct load *l, const struct rule_gate *g)
{
    if (g->look != LOOK_SUBJECT && g->roles == 0)
        load_problem(l, g->line, PROBLEM_KEY_MISSING, "roles: %s", g->id);
    if (g->look == LOOK_RELATED && g->basis[0] == '\0')
        load_problem(l, g->line, PROBLEM_PROPAGATION_WITHOUT_BASIS, "%s", g->id);
    if (g->action == GATE_PASS)
        load_problem(l, g->line, PROBLEM_VALUE, "action: copy | flag | hold | refuse");
    if (g->action == GATE_HOLD && (g->deadline.unit == TERM_NONE || g->breach == GATE_HOLD))
        load_problem(l, g->line, PROBLEM_KEY_MISSING, "deadline, breach: %s", g->id);
    bool known = false;
    for (size_t i = 0; i < l->rs->gate_count; i++)
        known = known || strcmp(l->rs->gate[i].id, g->id) == 0;
    load_code(l, g->id, RULE_ID_MAX + 1, g->line, known);
}

/* Rules, each known. */
static uint32_t load_rule_ids(struct load *l, const struct yaml_node *node, const char *key,
                              const char *out[static RULE_EXCEPT_MAX])
{
    const struct yaml_node *list = load_list(l, node, key, false);
    uint32_t n = 0;
    for (size_t i = 0; i < yaml_count(list); i++) {
        const char *id = yaml_text(yaml_item(list, i));
        if (id == NULL || ruleset_rule(l->rs, id) == NULL)
            load_problem(l, yaml_line(yaml_item(list, i)), PROBLEM_RULE_UNKNOWN, "%s",
                         id == NULL ? key : id);
        else if (n == RULE_EXCEPT_MAX)
            load_problem(l, yaml_line(list), PROBLEM_TOO_MANY, "%s: %d", key, RULE_EXCEPT_MAX);
        else
            out[n++] = id;
    }
    return n;
}

static void load_gate(struct load *l, const struct yaml_node *node)
{
    static const char *const keys[] = {
        "id",   "zh",    "en",     "type",     "look",   "roles",   "measure",     "force",
        "when", "needs", "action", "deadline", "breach", "copy_to", "copy_issuer", "basis",
        "rule", "from",  "to",     "except",   "only",   "mark",    NULL};
    static const char *const looks[] = {"subject", "persons", "related", NULL};
    static const char *const actions[] = {"pass", "copy", "flag", "hold", "refuse", NULL};
    static const char *const whens[] = {"always", "notice_and_commitment", "beginning", NULL};
    static const char *const needs[] = {"none", "person", NULL};
    if (!load_keys(l, node, keys))
        return;
    if (l->rs->gate_count == RULES_GATES_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_TOO_MANY, "%d", RULES_GATES_MAX);
        return;
    }
    struct rule_gate g = {
        .id = load_text(l, node, "id", true),
        .zh = load_text(l, node, "zh", true),
        .en = load_text(l, node, "en", true),
        .type = load_type(l, node, "type"),
        .look = (enum gate_look)load_word(l, node, "look", looks, LOOK_SUBJECT),
        .roles = load_roles(l, node, "roles", false),
        .measure = load_measure(l, node, "measure"),
        .forces = load_forces(l, node, "force"),
        .notice_and_commitment = load_word(l, node, "when", whens, 0) == 1,
        .beginning = load_word(l, node, "when", whens, 0) == 2,
        .required = load_word(l, node, "needs", needs, 0) == 1,
        .action = (enum gate_action)load_word(l, node, "action", actions, GATE_PASS),
        .deadline = load_term(l, node, "deadline", false, TERMS_DUE),
        .breach = (enum gate_action)load_word(l, node, "breach", actions, GATE_REFUSE),
        .copy_to = load_departments(l, node, "copy_to", false),
        .copy_issuer = load_bool(l, node, "copy_issuer", false),
        .basis = known_basis(l, node, "basis"),
        .mark = load_mark(l, node, "mark"),
        .from = load_date(l, node, "from", 0),
        .to = load_date(l, node, "to", 0),
        .line = yaml_line(node),
    };
    (void)known_rule(l, node, "rule");
    g.except_count = load_rule_ids(l, node, "except", g.except);
    g.only_count = load_rule_ids(l, node, "only", g.only);
    check_gate(l, &g);
    l->rs->gate[l->rs->gate_count++] = g;
}

void load_gates(struct load *l, const struct yaml_node *root)
{
    static const char *const keys[] = {"gates", NULL};
    if (!load_keys(l, root, keys))
        return;
    const struct yaml_node *list = load_list(l, root, "gates", true);
    for (size_t i = 0; i < yaml_count(list); i++)
        load_gate(l, yaml_item(list, i));
}
