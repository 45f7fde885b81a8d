#include "policy/load.h"

#include "catalogue.h"
#include "credit.pb.h"

#include <string.h>

/* Codes that other tables explain: our own enumerations, and rows loaded before. */

static const struct message_enum *values_of(const pb_msgdesc_t *desc, const char *field)
{
    return message_field(message_of(desc), field)->values;
}

/* Value of one word; 0 (the value NONE) is no word. */
static bool enum_word(const struct message_enum *values, const char *text, uint32_t *value)
{
    int number = 0;
    if (text == NULL || !message_enum_value(values, text, &number) || number <= 0)
        return false;
    *value = (uint32_t)number;
    return true;
}

static uint32_t enum_set(struct load *l, const struct yaml_node *map, const char *key, bool needed,
                         const struct message_enum *values, enum ruleset_problem problem)
{
    const struct yaml_node *list = load_list(l, map, key, needed);
    uint32_t set = 0;
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        const char *text = yaml_text(item);
        uint32_t value = 0;
        if (enum_word(values, text, &value))
            set |= UINT32_C(1) << value;
        else
            load_problem(l, yaml_line(item), problem, "%s", text == NULL ? key : text);
    }
    return set;
}

static uint32_t enum_value(struct load *l, const struct yaml_node *map, const char *key,
                           bool needed, const struct message_enum *values, uint32_t absent)
{
    const struct yaml_node *node = load_node(l, map, key, needed);
    uint32_t value = absent;
    if (node != NULL && !enum_word(values, yaml_text(node), &value))
        load_problem(l, yaml_line(node), PROBLEM_VALUE, "%s", key);
    return value;
}

uint32_t load_roles(struct load *l, const struct yaml_node *map, const char *key, bool needed)
{
    return enum_set(l, map, key, needed, values_of(&lianshu_Person_msg, "role"),
                    PROBLEM_ROLE_UNKNOWN);
}

uint32_t load_kinds(struct load *l, const struct yaml_node *map, const char *key, bool needed)
{
    return enum_set(l, map, key, needed, values_of(&lianshu_Subject_msg, "kind"), PROBLEM_VALUE);
}

uint32_t load_force(struct load *l, const struct yaml_node *map, const char *key, uint32_t absent)
{
    return enum_value(l, map, key, absent == 0, values_of(&lianshu_Outcome_msg, "force"), absent);
}

uint32_t load_forces(struct load *l, const struct yaml_node *map, const char *key)
{
    return enum_set(l, map, key, false, values_of(&lianshu_Outcome_msg, "force"), PROBLEM_VALUE);
}

uint32_t load_severity(struct load *l, const struct yaml_node *map, const char *key)
{
    return enum_value(l, map, key, true, values_of(&lianshu_SanctionOrder_msg, "severity"), 0);
}

uint32_t load_severities(struct load *l, const struct yaml_node *map, const char *key)
{
    return enum_set(l, map, key, false, values_of(&lianshu_SanctionOrder_msg, "severity"),
                    PROBLEM_VALUE);
}

uint32_t load_credit_class(struct load *l, const struct yaml_node *map, const char *key)
{
    return enum_value(l, map, key, true, values_of(&lianshu_CreditRating_msg, "class"), 0);
}

uint32_t load_credit_classes(struct load *l, const struct yaml_node *map, const char *key)
{
    return enum_set(l, map, key, false, values_of(&lianshu_CreditRating_msg, "class"),
                    PROBLEM_VALUE);
}

uint32_t load_type(struct load *l, const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = load_node(l, map, key, true);
    if (node == NULL)
        return 0;
    const char *text = yaml_text(node);
    const struct document_type *type = text == NULL ? NULL : type_by_name(text);
    if (type == NULL) {
        load_problem(l, yaml_line(node), PROBLEM_TYPE_UNKNOWN, "%s", text == NULL ? key : text);
        return 0;
    }
    return type->number;
}

uint32_t load_bases(struct load *l, const struct yaml_node *map, const char *key,
                    const char *out[static RULE_BASES_MAX])
{
    const struct yaml_node *list = load_list(l, map, key, false);
    uint32_t n = 0;
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        const char *text = yaml_text(item);
        const struct rule_basis *basis = text == NULL ? NULL : ruleset_basis(l->rs, text);
        if (basis == NULL)
            load_problem(l, yaml_line(item), PROBLEM_BASIS_UNKNOWN, "%s",
                         text == NULL ? key : text);
        else if (n == RULE_BASES_MAX)
            load_problem(l, yaml_line(item), PROBLEM_TOO_MANY, "%s: %d", key, RULE_BASES_MAX);
        else
            out[n++] = basis->code;
    }
    return n;
}

const struct rule_measure *load_measure(struct load *l, const struct yaml_node *map,
                                        const char *key)
{
    const struct yaml_node *node = load_node(l, map, key, true);
    if (node == NULL)
        return NULL;
    const char *text = yaml_text(node);
    const struct rule_measure *measure = text == NULL ? NULL : ruleset_measure(l->rs, text);
    if (measure == NULL)
        load_problem(l, yaml_line(node), PROBLEM_MEASURE_UNKNOWN, "%s", text == NULL ? key : text);
    return measure;
}

const struct rule_clock *load_clock(struct load *l, const struct yaml_node *map, const char *key)
{
    const char *id = load_text(l, map, key, true);
    const struct rule_clock *clock = ruleset_clock(l->rs, id);
    if (clock == NULL && id[0] != '\0')
        load_problem(l, yaml_line(yaml_get(map, key)), PROBLEM_CLOCK_UNKNOWN, "%s", id);
    return clock;
}

enum scope load_scope(struct load *l, const struct yaml_node *map, enum scope absent,
                      const char **region)
{
    static const struct {
        const char *word;
        enum scope scope;
    } words[] = {{"nation", SCOPE_NATION},
                 {"province", SCOPE_PROVINCE},
                 {"own", SCOPE_OWN},
                 {"subject", SCOPE_SUBJECT}};
    const struct yaml_node *node = yaml_get(map, "scope");
    const char *text = yaml_text(node);

    *region = "000000";
    if (node == NULL)
        return absent;
    for (size_t i = 0; text != NULL && i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].word, text) == 0)
            return words[i].scope;
    *region = load_region(l, map, "scope", "000000");
    return SCOPE_REGION;
}
