#include "policy/load.h"

#include <string.h>

/* percents rise from 1 to 100; the superior hears at one of them. */
static void load_warnings(struct load *l, const struct yaml_node *map)
{
    static const char *const keys[] = {"percents", "escalate_at", "mark", NULL};
    struct rule_warnings *w = &l->rs->warnings;
    if (!load_keys(l, map, keys))
        return;
    const struct yaml_node *list = load_list(l, map, "percents", true);
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        uint64_t percent = 0;
        bool rises = yaml_uint(item, 100, &percent, NULL) == OK && percent > 0 &&
                     (w->percent_count == 0 || percent > w->percent[w->percent_count - 1]);
        if (!rises)
            load_problem(l, yaml_line(item), PROBLEM_VALUE, "percents: 1..100, rising");
        else if (w->percent_count == RULES_WARNINGS_MAX)
            load_problem(l, yaml_line(item), PROBLEM_TOO_MANY, "percents: %d", RULES_WARNINGS_MAX);
        else
            w->percent[w->percent_count++] = (uint32_t)percent;
    }
    w->escalate_at = load_uint(l, map, "escalate_at", 100, 0);
    (void)load_mark(l, map, "mark");
    bool known = false;
    for (uint32_t i = 0; i < w->percent_count; i++)
        known = known || w->percent[i] == w->escalate_at;
    if (!known)
        load_problem(l, yaml_line(map), PROBLEM_VALUE, "escalate_at: one of percents");
}

uint32_t load_clock_list(struct load *l, const struct yaml_node *map, const char *key,
                         const struct rule_clock *out[static RULE_CLOCKS_MAX])
{
    const struct yaml_node *list = load_list(l, map, key, false);
    uint32_t n = 0;
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        const char *id = yaml_text(item);
        const struct rule_clock *clock = id == NULL ? NULL : ruleset_clock(l->rs, id);
        if (clock == NULL)
            load_problem(l, yaml_line(item), PROBLEM_CLOCK_UNKNOWN, "%s", id == NULL ? key : id);
        else if (n == RULE_CLOCKS_MAX)
            load_problem(l, yaml_line(list), PROBLEM_TOO_MANY, "%s: %d", key, RULE_CLOCKS_MAX);
        else
            out[n++] = clock;
    }
    return n;
}

static void load_one_clock(struct load *l, const struct yaml_node *node)
{
    static const char *const keys[] = {
        "id",    "zh",    "en",       "term",  "complex", "major",   "owner",     "breach",
        "tells", "above", "negative", "waits", "opener",  "if_done", "by_notice", "extends",
        "shows", "from",  "to",       "basis", "mark",    NULL};
    static const char *const breaches[] = {"warn", "procuratorate", "lapse", NULL};
    if (!load_keys(l, node, keys))
        return;
    if (l->rs->clock_count == RULES_CLOCKS_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_TOO_MANY, "%d", RULES_CLOCKS_MAX);
        return;
    }
    struct rule_clock c = {
        .id = load_text(l, node, "id", true),
        .zh = load_text(l, node, "zh", true),
        .en = load_text(l, node, "en", true),
        .ordinary = load_term(l, node, "term", true, TERMS_DUE),
        .complex = load_term(l, node, "complex", false, TERMS_DUE),
        .major = load_term(l, node, "major", false, TERMS_DUE),
        .owner = load_departments(l, node, "owner", false),
        .breach = (enum clock_breach)load_word(l, node, "breach", breaches, BREACH_WARN),
        .tells = load_departments(l, node, "tells", false),
        .tells_above = load_departments(l, node, "above", false),
        .negative = load_bool(l, node, "negative", false),
        .waits = load_departments(l, node, "waits", false),
        .opener_waits = load_bool(l, node, "opener", false),
        .if_done = load_bool(l, node, "if_done", false),
        .by_notice = load_bool(l, node, "by_notice", false),
        .shows = load_bool(l, node, "shows", false),
        .from = load_date(l, node, "from", 0),
        .to = load_date(l, node, "to", 0),
        .basis = load_text(l, node, "basis", true),
        .mark = load_mark(l, node, "mark"),
        .line = yaml_line(node),
    };
    c.extends_count = load_clock_list(l, node, "extends", c.extends);
    load_code(l, c.id, 33, c.line, ruleset_clock(l->rs, c.id) != NULL);
    l->rs->clock[l->rs->clock_count++] = c;
}

void load_clocks(struct load *l, const struct yaml_node *root)
{
    static const char *const root_keys[] = {"warnings", "clocks", NULL};
    if (!load_keys(l, root, root_keys))
        return;
    const struct yaml_node *warnings = yaml_get(root, "warnings");
    if (warnings == NULL)
        load_problem(l, yaml_line(root), PROBLEM_KEY_MISSING, "warnings");
    else
        load_warnings(l, warnings);
    const struct yaml_node *list = load_list(l, root, "clocks", true);
    for (size_t i = 0; i < yaml_count(list); i++)
        load_one_clock(l, yaml_item(list, i));
}
