#include "policy/explain.h"
#include "policy/load.h"

#include <string.h>

static const char *const kind_words[] = {"none",   "I",       "II",      "III", "statute",
                                         "sector", "penalty", "product", "red", NULL};
static const char *const level_words[] = {"nation", "province", "city", "county", NULL};
static const char *const need_words[] = {"prior_notice", "remedy",          "served",
                                         "consent",      "act_date",        "contact",
                                         "facts",        "remedy_deadline", NULL};

static bool too_many(struct load *l, const struct yaml_node *list, size_t n, size_t max)
{
    if (n < max)
        return false;
    load_problem(l, yaml_line(list), PROBLEM_TOO_MANY, "%zu", max);
    return true;
}

void load_code(struct load *l, const char *code, size_t cap, unsigned line, bool known)
{
    if (strlen(code) >= cap)
        load_problem(l, line, PROBLEM_VALUE, "%s: 过长 / at most %zu", code, cap - 1);
    if (known)
        load_problem(l, line, PROBLEM_DUPLICATE, "%s", code);
}

void load_measures(struct load *l, const struct yaml_node *root)
{
    static const char *const root_keys[] = {"edition", "measures", NULL};
    static const char *const keys[] = {"code",      "zh",     "en",      "kind",    "force", "owes",
                                       "restricts", "region", "no_gate", "no_rule", NULL};
    if (!load_keys(l, root, root_keys))
        return;
    (void)load_text(l, root, "edition", true);
    const struct yaml_node *list = load_list(l, root, "measures", true);
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *node = yaml_item(list, i);
        if (!load_keys(l, node, keys) ||
            too_many(l, node, l->rs->measure_count, RULES_MEASURES_MAX))
            continue;
        struct rule_measure m = {
            .code = load_text(l, node, "code", true),
            .zh = load_text(l, node, "zh", true),
            .en = load_text(l, node, "en", true),
            .kind = (enum national_kind)load_word(l, node, "kind", kind_words, KIND_NONE),
            .force = (lianshu_Force)load_force(l, node, "force", 0),
            .owners = load_owners(l, node, "owes", NULL),
            .restricts = load_bool(l, node, "restricts", false),
            .region = load_region(l, node, "region", "000000"),
            .no_gate = load_text(l, node, "no_gate", false),
            .no_rule = load_text(l, node, "no_rule", false),
            .line = yaml_line(node),
        };
        load_code(l, m.code, 5, m.line, ruleset_measure(l->rs, m.code) != NULL);
        l->rs->measure[l->rs->measure_count++] = m;
    }
}

void load_bases_file(struct load *l, const struct yaml_node *root)
{
    static const char *const root_keys[] = {"bases", NULL};
    static const char *const keys[] = {"code", "zh",     "en",         "level",   "from", "to",
                                       "mark", "region", "propagates", "longest", NULL};
    if (!load_keys(l, root, root_keys))
        return;
    const struct yaml_node *list = load_list(l, root, "bases", true);
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *node = yaml_item(list, i);
        if (!load_keys(l, node, keys) || too_many(l, node, l->rs->basis_count, RULES_BASES_MAX))
            continue;
        struct rule_basis b = {
            .code = load_text(l, node, "code", true),
            .zh = load_text(l, node, "zh", true),
            .en = load_text(l, node, "en", true),
            .level = load_uint(l, node, "level", 10, 0),
            .from = load_date(l, node, "from", 0),
            .to = load_date(l, node, "to", 0),
            .mark = load_mark(l, node, "mark"),
            .region = load_region(l, node, "region", "000000"),
            .propagates = load_roles(l, node, "propagates", false),
            .longest = load_term(l, node, "longest", false, TERMS_OF_DAYS | TERMS_LIFE),
            .line = yaml_line(node),
        };
        if (b.level == 0)
            load_problem(l, b.line, PROBLEM_VALUE, "level: 1..10");
        if (b.from == 0)
            load_problem(l, b.line, PROBLEM_KEY_MISSING, "from");
        load_code(l, b.code, 49, b.line, ruleset_basis(l->rs, b.code) != NULL);
        l->rs->basis[l->rs->basis_count++] = b;
    }
}

static void load_classes(struct load *l, const struct yaml_node *list)
{
    static const char *const keys[] = {"severity", "min",   "max",  "earliest", "from",
                                       "to",       "basis", "mark", NULL};
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *node = yaml_item(list, i);
        if (!load_keys(l, node, keys) || too_many(l, node, l->rs->class_count, RULES_CLASSES_MAX))
            continue;
        l->rs->class[l->rs->class_count++] = (struct rule_class){
            .severity = (lianshu_Severity)load_severity(l, node, "severity"),
            .min = load_term(l, node, "min", true, TERMS_OF_DAYS | TERMS_NONE),
            .max = load_term(l, node, "max", true, TERMS_OF_DAYS | TERMS_LIFE),
            .earliest = load_term(l, node, "earliest", true, TERMS_OF_DAYS | TERMS_NONE),
            .basis = load_text(l, node, "basis", true),
            .mark = load_mark(l, node, "mark"),
            .from = load_date(l, node, "from", 0),
            .to = load_date(l, node, "to", 0),
            .line = yaml_line(node),
        };
    }
}

/* changes: {lift: [issuer, superior, court], …}; what is not named nobody may do. */
static void load_changes(struct load *l, const struct yaml_node *map)
{
    static const char *const keys[RULES_CHANGES + 1] = {"lift",   "annul",   "suspend",
                                                        "resume", "restore", NULL};
    static const char *const words[] = {"issuer", "superior", "court", NULL};
    if (map == NULL || !load_keys(l, map, keys))
        return;
    for (size_t i = 0; i < RULES_CHANGES; i++) {
        unsigned set = load_words(l, map, keys[i], words, 0);
        l->rs->change[i] = (struct rule_change){
            .issuer = (set & 1u) != 0, .superior = (set & 2u) != 0, .court = (set & 4u) != 0};
    }
}

static const struct rule_clock *maybe_clock(struct load *l, const struct yaml_node *node,
                                            const char *key)
{
    return yaml_get(node, key) == NULL ? NULL : load_clock(l, node, key);
}

static void load_one_list(struct load *l, const struct yaml_node *node)
{
    static const char *const keys[] = {"code",
                                       "zh",
                                       "en",
                                       "issuers",
                                       "levels",
                                       "consent",
                                       "region",
                                       "subject_region",
                                       "needs",
                                       "severity",
                                       "min",
                                       "max",
                                       "from",
                                       "start_within",
                                       "to",
                                       "repaired_by_class",
                                       "repaired_after_bans",
                                       "repair_receipt",
                                       "repair_decision",
                                       NULL};
    static const char *const jurisdictions[] = {"any", "own", NULL};
    if (!load_keys(l, node, keys) || too_many(l, node, l->rs->list_count, RULES_LISTS_MAX))
        return;
    struct rule_list list = {
        .code = load_text(l, node, "code", true),
        .zh = load_text(l, node, "zh", true),
        .en = load_text(l, node, "en", true),
        .issuers = load_departments(l, node, "issuers", true),
        .levels = load_words(l, node, "levels", level_words, 0xFu),
        .consent_levels = load_words(l, node, "consent", level_words, 0),
        .region = load_region(l, node, "region", "000000"),
        .jurisdiction =
            (enum list_jurisdiction)load_word(l, node, "subject_region", jurisdictions, 0),
        .needs = load_words(l, node, "needs", need_words, 0),
        .severity = (lianshu_Severity)load_severity(l, node, "severity"),
        .min = load_term(l, node, "min", true, TERMS_OF_DAYS | TERMS_NONE),
        .max = load_term(l, node, "max", true, TERMS_OF_DAYS | TERMS_LIFE),
        .start_within = load_term(l, node, "start_within", true, TERMS_OF_DAYS),
        .repaired_by_class = load_bool(l, node, "repaired_by_class", false),
        .repaired_after_bans = load_bool(l, node, "repaired_after_bans", false),
        .repair_receipt = maybe_clock(l, node, "repair_receipt"),
        .repair_decision = maybe_clock(l, node, "repair_decision"),
        .from = load_date(l, node, "from", 0),
        .to = load_date(l, node, "to", 0),
        .line = yaml_line(node),
    };
    if (list.consent_levels != 0)
        list.needs |= NEEDS_CONSENT;
    if (term_compare(&list.min, &list.max) > 0)
        load_problem(l, list.line, PROBLEM_TERM_OUT_OF_BOUNDS, "%s: min > max", list.code);
    load_code(l, list.code, 33, list.line, ruleset_list(l->rs, list.code) != NULL);
    l->rs->list[l->rs->list_count++] = list;
}

static void load_reasons(struct load *l, const struct yaml_node *node, struct rule_offence *o)
{
    const struct yaml_node *list = load_list(l, node, "why", true);
    for (size_t i = 0; i < yaml_count(list); i++) {
        const char *why = yaml_text(yaml_item(list, i));
        if (why == NULL || explain_why_zh(why)[0] == '\0')
            load_problem(l, yaml_line(yaml_item(list, i)), PROBLEM_VALUE, "why: %s",
                         why == NULL ? "" : why);
        else if (o->why_count == RULE_REASONS_MAX)
            load_problem(l, yaml_line(list), PROBLEM_TOO_MANY, "why: %d", RULE_REASONS_MAX);
        else
            o->why[o->why_count++] = why;
    }
}

/* One reason stands in one row of a list. */
static void check_offence(struct load *l, const struct rule_offence *o)
{
    for (size_t i = 0; i < l->rs->offence_count; i++) {
        const struct rule_offence *other = &l->rs->offence[i];
        for (uint32_t k = 0; other->list == o->list && k < o->why_count; k++)
            for (uint32_t n = 0; n < other->why_count; n++)
                if (strcmp(other->why[n], o->why[k]) == 0)
                    load_problem(l, o->line, PROBLEM_DUPLICATE, "why: %s", o->why[k]);
    }
}

static void load_offences(struct load *l, const struct yaml_node *list)
{
    static const char *const keys[] = {"why", "list", "basis", "mark", NULL};
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *node = yaml_item(list, i);
        if (!load_keys(l, node, keys) ||
            too_many(l, node, l->rs->offence_count, RULES_OFFENCES_MAX))
            continue;
        const char *code = load_text(l, node, "list", false);
        struct rule_offence o = {
            .list = ruleset_list(l->rs, code),
            .mark = load_mark(l, node, "mark"),
            .line = yaml_line(node),
        };
        if (code[0] != '\0' && o.list == NULL)
            load_problem(l, o.line, PROBLEM_LIST_UNKNOWN, "%s", code);
        load_reasons(l, node, &o);
        (void)load_list(l, node, "basis", true);
        o.basis_count = load_bases(l, node, "basis", o.basis);
        check_offence(l, &o);
        l->rs->offence[l->rs->offence_count++] = o;
    }
}

void load_lists(struct load *l, const struct yaml_node *root)
{
    static const char *const keys[] = {"classes", "changes", "lists", "offences", NULL};
    if (!load_keys(l, root, keys))
        return;
    load_classes(l, load_list(l, root, "classes", true));
    const struct yaml_node *changes = yaml_get(root, "changes");
    if (changes == NULL)
        load_problem(l, yaml_line(root), PROBLEM_KEY_MISSING, "changes");
    load_changes(l, changes);
    const struct yaml_node *list = load_list(l, root, "lists", true);
    for (size_t i = 0; i < yaml_count(list); i++)
        load_one_list(l, yaml_item(list, i));
    load_offences(l, load_list(l, root, "offences", true));
}
