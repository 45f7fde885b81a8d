#include "policy/load.h"

#include "policy/rating.h"

#include <string.h>

static void load_index(struct load *l, const struct yaml_node *node)
{
    static const char *const keys[] = {"code", "zh", "en", "weight", "falls", "mark", NULL};
    struct ruleset *rs = l->rs;
    if (!load_keys(l, node, keys))
        return;
    if (rs->index_count == RULES_INDICES_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_TOO_MANY, "indices: %d", RULES_INDICES_MAX);
        return;
    }
    struct rule_index index = {
        .code = load_text(l, node, "code", true),
        .zh = load_text(l, node, "zh", true),
        .en = load_text(l, node, "en", true),
        .weight = load_uint(l, node, "weight", 100, 0),
        .falls = load_bool(l, node, "falls", false),
        .mark = load_mark(l, node, "mark"),
        .line = yaml_line(node),
    };
    if (index.weight == 0)
        load_problem(l, index.line, PROBLEM_VALUE, "weight: 1..100: %s", index.code);
    for (size_t i = 0; i < rs->index_count; i++)
        if (strcmp(rs->index[i].code, index.code) == 0)
            load_problem(l, index.line, PROBLEM_DUPLICATE, "%s", index.code);
    rs->index[rs->index_count++] = index;
}

/* Highest class first; the last one begins at 0, so that every score has its class. */
static void load_rating(struct load *l, const struct yaml_node *node)
{
    static const char *const keys[] = {"class", "zh", "en", "least", "mark", NULL};
    struct ruleset *rs = l->rs;
    if (!load_keys(l, node, keys))
        return;
    if (rs->rating_count == RULES_RATINGS_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_TOO_MANY, "classes: %d", RULES_RATINGS_MAX);
        return;
    }
    struct rule_rating rating = {
        .class = (lianshu_CreditClass)load_credit_class(l, node, "class"),
        .zh = load_text(l, node, "zh", true),
        .en = load_text(l, node, "en", true),
        .least = load_uint(l, node, "least", RATING_VALUE_MAX, 0),
        .mark = load_mark(l, node, "mark"),
        .line = yaml_line(node),
    };
    if (yaml_get(node, "least") == NULL)
        load_problem(l, rating.line, PROBLEM_KEY_MISSING, "least");
    for (size_t i = 0; i < rs->rating_count; i++)
        if (rs->rating[i].class == rating.class)
            load_problem(l, rating.line, PROBLEM_DUPLICATE, "class");
    if (rs->rating_count > 0 && rating.least >= rs->rating[rs->rating_count - 1].least)
        load_problem(l, rating.line, PROBLEM_VALUE, "least: falling, the highest class first");
    rs->rating[rs->rating_count++] = rating;
}

void load_credit(struct load *l, const struct yaml_node *root)
{
    static const char *const keys[] = {"indices", "classes", NULL};
    uint32_t weight = 0;
    if (!load_keys(l, root, keys))
        return;
    const struct yaml_node *indices = load_list(l, root, "indices", true);
    for (size_t i = 0; i < yaml_count(indices); i++)
        load_index(l, yaml_item(indices, i));
    for (size_t i = 0; i < l->rs->index_count; i++)
        weight += l->rs->index[i].weight;
    if (weight != 100)
        load_problem(l, yaml_line(root), PROBLEM_VALUE, "weight: Σ = %u, 100", weight);
    const struct yaml_node *classes = load_list(l, root, "classes", true);
    for (size_t i = 0; i < yaml_count(classes); i++)
        load_rating(l, yaml_item(classes, i));
    if (l->rs->rating_count > 0 && l->rs->rating[l->rs->rating_count - 1].least != 0)
        load_problem(l, yaml_line(classes), PROBLEM_VALUE, "least: the lowest class begins at 0");
}
