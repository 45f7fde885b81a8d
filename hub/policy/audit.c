#include "policy/audit.h"

#include "policy/decide.h"
#include "policy/event.h"
#include "policy/gate.h"

#include "catalogue.h"

#include <stdio.h>
#include <string.h>

struct audit {
    const struct ruleset *rs;
    audit_fn *fn;
    void *arg;
    size_t found;
};

static void tell(struct audit *a, const char *word, const char *what)
{
    a->found++;
    a->fn(a->arg, word, what);
}

static void find_missing(struct audit *a)
{
    for (unsigned i = 1; i <= AUDIT_RULES; i++) {
        char id[8];
        snprintf(id, sizeof id, "R%02u", i);
        if (ruleset_rule(a->rs, id) == NULL)
            tell(a, "rule_missing", id);
    }
}

static void check_rule(struct audit *a, const struct rule *rule)
{
    const struct rule_list *list = rule->list;
    if (rule->event == EVENT_ORDER && list->levels == 0)
        for (uint32_t i = 0; i < rule->trigger_count; i++)
            tell(a, "trigger_closed", rule->trigger[i]);
}

static bool imposed(const struct ruleset *rs, const struct rule_measure *measure)
{
    size_t n = 0;
    const struct rule *rules = ruleset_rules(rs, &n);
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < rules[i].item_count; k++)
            if (rules[i].item[k].measure == measure)
                return true;
    return false;
}

static void check_gates(struct audit *a)
{
    size_t n = 0;
    const struct rule_gate *gates = ruleset_gates(a->rs, &n);
    for (size_t i = 0; i < n; i++)
        if (!imposed(a->rs, gates[i].measure) || !gates[i].measure->restricts)
            tell(a, "gate_idle", gates[i].id);
}

static bool gated(const struct ruleset *rs, const struct rule_measure *measure)
{
    size_t n = 0;
    const struct rule_gate *gates = ruleset_gates(rs, &n);
    for (size_t i = 0; i < n; i++)
        if (gates[i].measure == measure)
            return true;
    return false;
}

/* Each measure has what makes it felt, or says why not. */
static void check_measures(struct audit *a)
{
    size_t n = 0;
    const struct rule_measure *measures = ruleset_measures(a->rs, &n);
    for (size_t i = 0; i < n; i++) {
        const struct rule_measure *m = &measures[i];
        const bool at_gate = gated(a->rs, m);
        const bool by_rule = imposed(a->rs, m);
        if (!at_gate && m->no_gate[0] == '\0')
            tell(a, "measure_ungated", m->code);
        if (!by_rule && m->no_rule[0] == '\0')
            tell(a, "measure_unruled", m->code);
        if ((at_gate && m->no_gate[0] != '\0') || (by_rule && m->no_rule[0] != '\0'))
            tell(a, "reason_idle", m->code);
    }
}

static void check_types(struct audit *a)
{
    const struct document_type *type;
    for (size_t i = 0; (type = type_at(i)) != NULL; i++)
        if ((type->flags & TYPE_GATED) != 0 && !gate_applies(a->rs, type->number) &&
            !event_applies(a->rs, type->number))
            tell(a, "type_open", type->name);
}

/* From its first day on a class has bounds without end. */
static void check_classes(struct audit *a)
{
    static const char *const names[] = {"", "light", "ordinary", "serious"};
    size_t n = 0;
    const struct rule_class *classes = ruleset_classes(a->rs, &n);
    for (int severity = 1; severity <= 3; severity++) {
        bool open = true;
        for (size_t i = 0; i < n; i++)
            open = open && ((int)classes[i].severity != severity || classes[i].to != 0);
        if (open)
            tell(a, "class_open", names[severity]);
    }
}

/* Whoever is refused is told which article he offends. */
static void check_offences(struct audit *a)
{
    for (size_t i = 0; decide_offences[i] != NULL; i++)
        if (ruleset_offence(a->rs, decide_offences[i], "", 0)[0] == '\0')
            tell(a, "offence_unnamed", decide_offences[i]);
}

size_t audit_rules(const struct ruleset *rs, audit_fn *fn, void *arg)
{
    struct audit a = {.rs = rs, .fn = fn, .arg = arg};
    size_t n = 0;
    const struct rule *rules = ruleset_rules(rs, &n);

    find_missing(&a);
    for (size_t i = 0; i < n; i++)
        check_rule(&a, &rules[i]);
    check_gates(&a);
    check_measures(&a);
    check_types(&a);
    check_classes(&a);
    check_offences(&a);
    if (ruleset_clock(rs, "OBJ-000000") == NULL)
        tell(&a, "objection_missing", "OBJ-000000");
    return a.found;
}

const char *audit_words(const char *word)
{
    static const struct {
        const char *word;
        const char *text;
    } rows[] = {
        {"rule_missing", "缺少规则 / a rule is missing"},
        {"trigger_closed", "无人可依此情形列入 / nobody may list for this trigger"},
        {"gate_idle", "关口所问措施无规则设定 / no rule imposes what the gate asks for"},
        {"measure_ungated", "措施无关口，也未写明理由 / a measure without a gate or a reason"},
        {"measure_unruled", "措施无规则设定，也未写明理由 / a measure without a rule or a reason"},
        {"reason_idle", "写有理由而已有关口或规则 / a reason for what is not so"},
        {"type_open", "应设关口的单据无关口 / a gated type without a gate"},
        {"offence_unnamed",
         "拒收理由未指明所违反的条款 / a reason of refusal that names no article"},
        {"class_open", "类别无现行期限 / a class without bounds today"},
        {"objection_missing", "缺少全国异议期限 / no clock for objections of the nation"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].word, word) == 0)
            return rows[i].text;
    return "";
}
