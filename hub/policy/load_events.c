#include "policy/load.h"

#include "policy/decide.h"
#include "policy/gate.h"

#include "catalogue.h"

#include <string.h>

/* Rules of events that are no orders: which documents, what they must say, what follows. */

static void load_types(struct load *l, const struct yaml_node *node, struct rule *rule)
{
    const struct yaml_node *list = load_list(l, node, "types", true);
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        const char *text = yaml_text(item);
        const struct document_type *type = text == NULL ? NULL : type_by_name(text);
        if (type == NULL || type->facts == NULL)
            load_problem(l, yaml_line(item), PROBLEM_TYPE_UNKNOWN, "%s",
                         text == NULL ? "types" : text);
        else if (rule->type_count == RULE_TYPES_MAX)
            load_problem(l, yaml_line(list), PROBLEM_TOO_MANY, "types: %d", RULE_TYPES_MAX);
        else
            rule->type[rule->type_count++] = type->number;
    }
}

static void load_when(struct load *l, const struct yaml_node *node, struct rule *rule)
{
    static const char *const keys[] = {"severity",  "class",     "points_from", "points_to",
                                       "single",    "holds",     "banned",      "roles",
                                       "uninsured", "incentive", "trigger",     NULL};
    static const char *const singles[] = {"no", "either", "yes", NULL};
    static const char *const triggers[] = {"any", "of_order", NULL};
    const struct yaml_node *when = yaml_get(node, "when");
    if (when == NULL || !load_keys(l, when, keys))
        return;
    rule->when = (struct rule_when){
        .severities = load_severities(l, when, "severity"),
        .classes = load_credit_classes(l, when, "class"),
        .points_from = load_uint(l, when, "points_from", RULE_POINTS_MAX, 0),
        .points_to = load_uint(l, when, "points_to", RULE_POINTS_MAX, 0),
        .single = (int)load_word(l, when, "single", singles, 1) - 1,
        .holds = load_roles(l, when, "holds", false),
        .roles = load_roles(l, when, "roles", false),
        .uninsured = load_bool(l, when, "uninsured", false),
        .incentive = load_bool(l, when, "incentive", false),
        .order_trigger = load_word(l, when, "trigger", triggers, 0) == 1,
    };
    if (yaml_get(when, "banned") != NULL)
        rule->when.banned = load_measure(l, when, "banned");
    if (rule->when.points_to != 0 && rule->when.points_to < rule->when.points_from)
        load_problem(l, yaml_line(when), PROBLEM_VALUE, "points_to < points_from: %s", rule->id);
}

static void load_alert(struct load *l, const struct yaml_node *node, struct rule *rule)
{
    static const char *const keys[] = {"to", "scope", "clock", NULL};
    if (!load_keys(l, node, keys))
        return;
    if (rule->alert_count == RULE_ALERTS_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_TOO_MANY, "alerts: %d", RULE_ALERTS_MAX);
        return;
    }
    struct rule_alert alert = {
        .owners = load_owners(l, node, "to", NULL),
        .clock = load_clock(l, node, "clock"),
        .line = yaml_line(node),
    };
    alert.scope = load_scope(l, node, SCOPE_SUBJECT, &alert.region);
    rule->alert[rule->alert_count++] = alert;
}

static void load_action(struct load *l, const struct yaml_node *node, struct rule *rule)
{
    static const char *const actions[] = {"take", "hold", "refuse", NULL};
    static const unsigned values[] = {GATE_PASS, GATE_HOLD, GATE_REFUSE};
    static const char *const breaches[] = {"take", "refuse", NULL};
    static const unsigned breach_values[] = {GATE_PASS, GATE_REFUSE};
    rule->action = values[load_word(l, node, "action", actions, 0)];
    rule->deadline = load_term(l, node, "deadline", rule->action == GATE_HOLD, TERMS_DUE);
    rule->breach = breach_values[load_word(l, node, "breach", breaches, 1)];
    if (rule->action == GATE_HOLD && yaml_get(node, "breach") == NULL)
        load_problem(l, rule->line, PROBLEM_KEY_MISSING, "breach: %s", rule->id);
}

static const char *const keys_of_events[] = {"types",  "when",   "action",     "deadline",
                                             "breach", "alerts", "until_next", "lost_on_order",
                                             "reason", NULL};

void load_event_part(struct load *l, const struct yaml_node *node, struct rule *rule)
{
    if (rule->event == EVENT_ORDER || rule->event == EVENT_CHANGE) {
        for (size_t i = 0; keys_of_events[i] != NULL; i++)
            if (yaml_get(node, keys_of_events[i]) != NULL)
                load_problem(l, yaml_line(yaml_get(node, keys_of_events[i])), PROBLEM_KEY_UNKNOWN,
                             "%s: %s", rule->id, keys_of_events[i]);
        return;
    }
    load_types(l, node, rule);
    load_when(l, node, rule);
    load_action(l, node, rule);
    rule->reason = load_text(l, node, "reason", true);
    rule->until_next = load_bool(l, node, "until_next", false);
    rule->lost_on_order = load_bool(l, node, "lost_on_order", false);
    if (strlen(rule->reason) >= DECIDE_WHY_MAX)
        load_problem(l, rule->line, PROBLEM_VALUE, "reason: %s", rule->id);
    const struct yaml_node *alerts = load_list(l, node, "alerts", false);
    for (size_t i = 0; i < yaml_count(alerts); i++)
        load_alert(l, yaml_item(alerts, i), rule);
}
