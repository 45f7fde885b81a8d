#include "policy/load.h"

#include "base/clock.h"
#include "ident.h"

#include <string.h>

static const char *const event_words[] = {
    "order",         "change", "registration", "penalty", "employment", "rating",
    "qualification", "cover",  "trace",        "result",  NULL};

/* A measure on persons states its own basis: it inherits none from its rule. */
static void load_item_basis(struct load *l, const struct yaml_node *node, const struct rule *rule,
                            struct rule_item *item)
{
    item->basis_count = load_bases(l, node, "basis", item->basis);
    if (yaml_get(node, "basis") != NULL)
        return;
    if (item->reach == ON_PERSONS) {
        load_problem(l, item->line, PROBLEM_PROPAGATION_WITHOUT_BASIS, "%s", rule->id);
        return;
    }
    item->basis_count = rule->basis_count;
    memcpy(item->basis, rule->basis, sizeof item->basis);
}

static void load_item(struct load *l, const struct yaml_node *node, struct rule *rule)
{
    static const char *const keys[] = {
        "code",  "force",      "on",    "roles", "responsible", "required", "as_of", "owes",
        "basis", "registered", "scope", "term",  "answer",      "execute",  "least", NULL};
    static const char *const reaches[] = {"subject", "persons", NULL};
    static const char *const moments[] = {"act", "query", NULL};
    if (!load_keys(l, node, keys))
        return;
    if (rule->item_count == RULE_ITEMS_MAX || l->rs->item_count == RULES_ITEMS_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_TOO_MANY, "%s: %d", rule->id, RULE_ITEMS_MAX);
        return;
    }
    const struct rule_measure *measure = load_measure(l, node, "code");
    struct owners none = {0};
    struct rule_item item = {
        .measure = measure,
        .force = (lianshu_Force)load_force(l, node, "force", measure == NULL ? 1 : measure->force),
        .reach = (enum reach)load_word(l, node, "on", reaches, ON_SUBJECT),
        .responsible = load_bool(l, node, "responsible", false),
        .required = load_bool(l, node, "required", false),
        .registered = load_bool(l, node, "registered", false),
        .as_of = (enum as_of)load_word(l, node, "as_of", moments, AS_OF_ACT),
        .owners = load_owners(l, node, "owes", measure == NULL ? &none : &measure->owners),
        .term = load_term(l, node, "term", true, TERMS_ALL),
        .least = load_term(l, node, "least", false, TERMS_OF_DAYS),
        .answer = load_term(l, node, "answer", false, TERMS_DUE),
        .execute = load_term(l, node, "execute", false, TERMS_DUE),
        .line = yaml_line(node),
    };
    item.roles = load_roles(l, node, "roles", item.reach == ON_PERSONS);
    if (item.reach == ON_SUBJECT && (item.roles != 0 || item.responsible || item.required))
        load_problem(l, item.line, PROBLEM_VALUE, "roles, responsible, required: on: persons");
    if (item.reach == ON_PERSONS && item.as_of == AS_OF_QUERY)
        load_problem(l, item.line, PROBLEM_VALUE, "as_of: 关系按行为时认定 / act, for a gate asks");
    if (item.least.unit != TERM_NONE && item.term.unit != TERM_ORDER)
        load_problem(l, item.line, PROBLEM_VALUE, "least: term: order");
    item.scope = load_scope(l, node, SCOPE_NATION, &item.region);
    if (rule->event == EVENT_ORDER && item.scope == SCOPE_SUBJECT)
        load_problem(l, item.line, PROBLEM_VALUE,
                     "scope: subject: 惩戒不用 / not of an order: own");
    load_item_basis(l, node, rule, &item);
    if (item.measure == NULL)
        return;
    l->rs->item[l->rs->item_count++] = item;
    rule->item_count++;
}

static void load_triggers(struct load *l, const struct yaml_node *node, struct rule *rule)
{
    const struct yaml_node *list = load_list(l, node, "triggers", rule->event == EVENT_ORDER);
    for (size_t i = 0; i < yaml_count(list); i++) {
        const char *text = yaml_text(yaml_item(list, i));
        if (text == NULL || strlen(text) > 32)
            load_problem(l, yaml_line(yaml_item(list, i)), PROBLEM_VALUE, "triggers");
        else if (rule->trigger_count == RULE_TRIGGERS_MAX)
            load_problem(l, yaml_line(list), PROBLEM_TOO_MANY, "triggers: %d", RULE_TRIGGERS_MAX);
        else
            rule->trigger[rule->trigger_count++] = text;
    }
}

static void load_rule_list(struct load *l, const struct yaml_node *node, struct rule *rule)
{
    const char *code = load_text(l, node, "list", rule->event == EVENT_ORDER);
    if (code[0] == '\0')
        return;
    rule->list = ruleset_list(l->rs, code);
    if (rule->list == NULL)
        load_problem(l, yaml_line(yaml_get(node, "list")), PROBLEM_LIST_UNKNOWN, "%s", code);
}

/* What only an order has: list, triggers, class, terms, measures. */
static void load_order_part(struct load *l, const struct yaml_node *node, struct rule *rule)
{
    bool order = rule->event == EVENT_ORDER;
    load_rule_list(l, node, rule);
    load_triggers(l, node, rule);
    rule->subjects = load_kinds(l, node, "subjects", order);
    rule->severity = order ? (lianshu_Severity)load_severity(l, node, "severity") : 0;
    rule->term = load_term(l, node, "term", order, TERMS_OF_DAYS | TERMS_LIFE);
    rule->earliest_repair =
        load_term(l, node, "earliest_repair", order, TERMS_OF_DAYS | TERMS_NONE);
    const struct yaml_node *items = load_list(l, node, "measures", order);
    rule->item = &l->rs->item[l->rs->item_count];
    for (size_t i = 0; i < yaml_count(items); i++)
        load_item(l, yaml_item(items, i), rule);
}

static void load_rule(struct load *l, const struct yaml_node *node)
{
    static const char *const keys[] = {"id",
                                       "zh",
                                       "en",
                                       "event",
                                       "list",
                                       "triggers",
                                       "subjects",
                                       "severity",
                                       "term",
                                       "note",
                                       "basis",
                                       "from",
                                       "to",
                                       "region",
                                       "earliest_repair",
                                       "measures",
                                       "mark",
                                       "raises",
                                       "types",
                                       "when",
                                       "action",
                                       "deadline",
                                       "breach",
                                       "alerts",
                                       "until_next",
                                       "lost_on_order",
                                       "reason",
                                       NULL};
    if (!load_keys(l, node, keys))
        return;
    if (l->rs->rule_count == RULES_RULES_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_TOO_MANY, "%d", RULES_RULES_MAX);
        return;
    }
    struct rule *rule = &l->rs->rule[l->rs->rule_count];
    memset(rule, 0, sizeof *rule);
    rule->id = load_text(l, node, "id", true);
    rule->zh = load_text(l, node, "zh", true);
    rule->en = load_text(l, node, "en", true);
    rule->line = yaml_line(node);
    rule->event = (enum rule_event)load_word(l, node, "event", event_words, EVENT_ORDER);
    rule->basis_count = load_bases(l, node, "basis", rule->basis);
    rule->raises = load_text(l, node, "raises", false);
    rule->region = load_region(l, node, "region", "000000");
    rule->from = load_date(l, node, "from", 0);
    rule->to = load_date(l, node, "to", 0);
    rule->mark = load_mark(l, node, "mark");
    (void)load_text(l, node, "note", false);
    if (rule->from == 0)
        load_problem(l, rule->line, PROBLEM_KEY_MISSING, "from: %s", rule->id);
    if (rule->to != 0 && rule->to < rule->from)
        load_problem(l, rule->line, PROBLEM_VALUE, "to < from: %s", rule->id);
    load_code(l, rule->id, RULE_ID_MAX + 1, rule->line, ruleset_rule(l->rs, rule->id) != NULL);
    load_order_part(l, node, rule);
    load_event_part(l, node, rule);
    l->rs->rule_count++;
}

void load_rules(struct load *l, const struct yaml_node *root)
{
    static const char *const keys[] = {"set", "rules", NULL};
    static const char *const set_keys[] = {"name", "activate_at", NULL};
    if (!load_keys(l, root, keys))
        return;
    const struct yaml_node *set = yaml_get(root, "set");
    if (set == NULL)
        load_problem(l, yaml_line(root), PROBLEM_KEY_MISSING, "set");
    else if (load_keys(l, set, set_keys)) {
        l->rs->name = load_text(l, set, "name", true);
        l->rs->activate_at_ms = date_start_ms(load_date(l, set, "activate_at", 19700102));
    }
    const struct yaml_node *list = load_list(l, root, "rules", true);
    for (size_t i = 0; i < yaml_count(list); i++)
        load_rule(l, yaml_item(list, i));
}
