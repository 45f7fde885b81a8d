#include "policy/load.h"

#include "policy/event_facts.h"

#include "base/clock.h"
#include "ident.h"

#include <string.h>

/* Levels of B.1 that may carry a `must`: statute (L1) and list rule by order (L2). */
enum { MUST_LEVEL_MAX = 2, ANY_LEVEL = 10 };

static bool covers(uint32_t from, uint32_t to, uint32_t date)
{
    return from <= date && (to == 0 || date <= to);
}

static bool overlap(uint32_t a_from, uint32_t a_to, uint32_t b_from, uint32_t b_to)
{
    return (b_to == 0 || a_from <= b_to) && (a_to == 0 || b_from <= a_to);
}

static bool nested(const char *a, const char *b)
{
    return region_contains(a, b) || region_contains(b, a);
}

static bool basis_on(const struct ruleset *rs, const struct rule_item *item, uint32_t date,
                     unsigned level_max)
{
    for (uint32_t i = 0; i < item->basis_count; i++) {
        const struct rule_basis *b = ruleset_basis(rs, item->basis[i]);
        if (b->level <= level_max && covers(b->from, b->to, date))
            return true;
    }
    return false;
}

/* A gap can only open at the start of the rule or the day after an article ended. */
static bool basis_throughout(const struct ruleset *rs, const struct rule *rule,
                             const struct rule_item *item, unsigned level_max)
{
    if (!basis_on(rs, item, rule->from, level_max))
        return false;
    for (uint32_t i = 0; i < item->basis_count; i++) {
        const struct rule_basis *b = ruleset_basis(rs, item->basis[i]);
        uint32_t next = b->to == 0 ? 0 : date_add_days(b->to, 1);
        if (next != 0 && covers(rule->from, rule->to, next) && !basis_on(rs, item, next, level_max))
            return false;
    }
    return true;
}

static void check_basis(struct load *l, const struct rule *rule, const struct rule_item *item)
{
    const char *code = item->measure->code;
    if (!basis_throughout(l->rs, rule, item, ANY_LEVEL))
        load_problem(l, item->line, PROBLEM_BASIS_NOT_IN_FORCE, "%s %s", rule->id, code);
    else if (item->force == lianshu_Force_FORCE_MUST &&
             !basis_throughout(l->rs, rule, item, MUST_LEVEL_MAX))
        load_problem(l, item->line, PROBLEM_MUST_WITHOUT_BASIS,
                     "%s %s: 须有L1或L2依据 / needs a basis of level 1 or 2", rule->id, code);
}

static void check_propagation(struct load *l, const struct rule *rule, const struct rule_item *item)
{
    uint32_t reached = 0;
    if (item->reach != ON_PERSONS)
        return;
    for (uint32_t i = 0; i < item->basis_count; i++)
        reached |= ruleset_basis(l->rs, item->basis[i])->propagates;
    if ((item->roles & ~reached) != 0)
        load_problem(l, item->line, PROBLEM_PROPAGATION_WITHOUT_BASIS,
                     "%s %s: 依据未及该身份 / no basis reaches that role", rule->id,
                     item->measure->code);
}

static void check_region(struct load *l, const struct rule *rule, const struct rule_item *item)
{
    const char *home = item->measure->region;
    const char *scope = item->scope == SCOPE_REGION ? item->region : rule->region;
    /* A local measure needs a local rule, and a scope no wider than both. */
    bool inside =
        region_contains(home, rule->region) &&
        (item->scope == SCOPE_NATION ? strcmp(home, "000000") == 0 : region_contains(home, scope));
    if (!inside)
        load_problem(l, item->line, PROBLEM_MEASURE_OUTSIDE_REGION, "%s %s", rule->id,
                     item->measure->code);
}

/* Where a measure of the rule takes effect at most. */
static const char *reach_of(const struct rule *rule, const struct rule_item *item)
{
    return item->scope == SCOPE_REGION   ? item->region
           : item->scope == SCOPE_NATION ? "000000"
                                         : rule->region;
}

/* Local law binds nobody elsewhere: it may be cited where the rule applies, and what rests on it
 * alone stays in its area. */
static void check_local(struct load *l, const struct rule *rule, const struct rule_item *item)
{
    bool carried = false;
    for (uint32_t i = 0; i < item->basis_count; i++) {
        const struct rule_basis *b = ruleset_basis(l->rs, item->basis[i]);
        carried = carried || region_contains(b->region, reach_of(rule, item));
        if (!region_contains(b->region, rule->region))
            load_problem(l, item->line, PROBLEM_MEASURE_OUTSIDE_REGION,
                         "%s %s: 地方性法规不适用于此 / local law of another region: %s", rule->id,
                         item->measure->code, b->code);
    }
    if (!carried)
        load_problem(l, item->line, PROBLEM_MEASURE_OUTSIDE_REGION,
                     "%s %s: 超出地方性法规的地域 / beyond the area of its law", rule->id,
                     item->measure->code);
}

static void check_item_term(struct load *l, const struct rule *rule, const struct rule_item *item)
{
    struct term longest = {0};
    if (item->term.unit == TERM_LIST && rule->event != EVENT_ORDER)
        load_problem(l, item->line, PROBLEM_VALUE, "term: list: %s", rule->id);
    if (item->term.unit == TERM_LIST || item->term.unit == TERM_ORDER)
        return;
    for (uint32_t i = 0; i < item->basis_count; i++) {
        const struct rule_basis *b = ruleset_basis(l->rs, item->basis[i]);
        if (term_compare(&b->longest, &longest) > 0)
            longest = b->longest;
    }
    bool usable = item->term.unit == TERM_LIFE || item->term.unit == TERM_CALENDAR_DAYS ||
                  item->term.unit == TERM_MONTHS || item->term.unit == TERM_YEARS;
    if (!usable || term_compare(&item->term, &longest) > 0)
        load_problem(l, item->line, PROBLEM_TERM_OUT_OF_BOUNDS,
                     "%s %s: 超出依据所许 / longer than its basis allows", rule->id,
                     item->measure->code);
}

/* The rule's term and earliest repair against one row of its class. */
static void check_class_row(struct load *l, const struct rule *rule, const struct rule_class *c)
{
    if (term_compare(&rule->term, &c->min) < 0 || term_compare(&rule->term, &c->max) > 0)
        load_problem(l, rule->line, PROBLEM_TERM_OUT_OF_BOUNDS,
                     "%s: 不在该类期限内 / outside its class: %s", rule->id, c->basis);
    if (rule->list != NULL && rule->list->repaired_by_class &&
        rule->earliest_repair.unit != TERM_NONE &&
        term_compare(&rule->earliest_repair, &c->earliest) < 0)
        load_problem(l, rule->line, PROBLEM_TERM_OUT_OF_BOUNDS,
                     "%s: 早于该类最早修复 / repaired before its class allows: %s", rule->id,
                     c->basis);
}

static bool class_on(const struct ruleset *rs, lianshu_Severity severity, uint32_t date)
{
    for (size_t i = 0; i < rs->class_count; i++)
        if (rs->class[i].severity == severity && covers(rs->class[i].from, rs->class[i].to, date))
            return true;
    return false;
}

/* On every day of the rule its class has bounds, and the rule keeps to them. */
static void check_class(struct load *l, const struct rule *rule)
{
    bool gap = !class_on(l->rs, rule->severity, rule->from);
    for (size_t i = 0; i < l->rs->class_count; i++) {
        const struct rule_class *c = &l->rs->class[i];
        if (c->severity != rule->severity || !overlap(c->from, c->to, rule->from, rule->to))
            continue;
        check_class_row(l, rule, c);
        uint32_t next = c->to == 0 ? 0 : date_add_days(c->to, 1);
        gap = gap || (next != 0 && covers(rule->from, rule->to, next) &&
                      !class_on(l->rs, rule->severity, next));
    }
    if (gap)
        load_problem(l, rule->line, PROBLEM_TERM_OUT_OF_BOUNDS,
                     "%s: 该类有一日无期限 / its class has no bounds on some day", rule->id);
    if (rule->list != NULL && rule->list->severity != rule->severity)
        load_problem(l, rule->line, PROBLEM_VALUE, "severity: %s, %s", rule->id, rule->list->code);
    if (rule->list != NULL && (term_compare(&rule->term, &rule->list->min) < 0 ||
                               term_compare(&rule->term, &rule->list->max) > 0))
        load_problem(l, rule->line, PROBLEM_TERM_OUT_OF_BOUNDS,
                     "%s: 不在名单期限内 / outside its list", rule->id);
    if (rule->list != NULL && !region_contains(rule->list->region, rule->region))
        load_problem(l, rule->line, PROBLEM_MEASURE_OUTSIDE_REGION,
                     "%s: 名单只在其地区有效 / a list of one region: %s", rule->id,
                     rule->list->code);
    if (rule->list != NULL &&
        !(rule->list->from <= rule->from &&
          (rule->list->to == 0 || (rule->to != 0 && rule->to <= rule->list->to))))
        load_problem(l, rule->line, PROBLEM_LIST_UNKNOWN,
                     "%s: 名单当时未生效 / the list is not in force throughout: %s", rule->id,
                     rule->list->code);
}

/* Two rows of a class for one day would give it two bounds. */
static void check_class_overlaps(struct load *l)
{
    l->file = load_file_name(FILE_LISTS);
    for (size_t i = 0; i < l->rs->class_count; i++) {
        const struct rule_class *a = &l->rs->class[i];
        for (size_t k = i + 1; k < l->rs->class_count; k++) {
            const struct rule_class *b = &l->rs->class[k];
            if (a->severity == b->severity && overlap(a->from, a->to, b->from, b->to))
                load_problem(l, b->line, PROBLEM_CONTRADICTION, "classes: %s, %s", a->basis,
                             b->basis);
        }
    }
    l->file = load_file_name(FILE_RULES);
}

static bool share_trigger(const struct rule *a, const struct rule *b)
{
    for (uint32_t i = 0; i < a->trigger_count; i++)
        for (uint32_t k = 0; k < b->trigger_count; k++)
            if (strcmp(a->trigger[i], b->trigger[k]) == 0)
                return true;
    return false;
}

/* May both rules decide on one order? */
static bool meet(const struct rule *a, const struct rule *b)
{
    return a->list == b->list && (a->subjects & b->subjects) != 0 && share_trigger(a, b) &&
           overlap(a->from, a->to, b->from, b->to) && nested(a->region, b->region);
}

static bool same_target(const struct rule_item *a, const struct rule_item *b)
{
    if (a->measure != b->measure || a->reach != b->reach)
        return false;
    return a->reach == ON_SUBJECT || (a->roles & b->roles) != 0;
}

static bool same_owners(const struct owners *a, const struct owners *b)
{
    return a->who == b->who && a->each == b->each && a->either == b->either;
}

/* Of one measure that two rules ask for on one order, one force, one set of who owes it, one area
 * and one deadline count; only of the lengths the longer one does. */
static bool agree(const struct rule_item *a, const struct rule_item *b)
{
    return a->force == b->force && same_owners(&a->owners, &b->owners) && a->scope == b->scope &&
           (a->scope != SCOPE_REGION || strcmp(a->region, b->region) == 0) &&
           term_compare(&a->answer, &b->answer) == 0 && term_compare(&a->execute, &b->execute) == 0;
}

/* An order that both decide has one length of its entry and one earliest repair. */
static void check_lead(struct load *l, const struct rule *a, const struct rule *b)
{
    if (a->severity == b->severity && (term_compare(&a->term, &b->term) != 0 ||
                                       term_compare(&a->earliest_repair, &b->earliest_repair) != 0))
        load_problem(l, b->line, PROBLEM_CONTRADICTION, "%s, %s: term, earliest_repair", a->id,
                     b->id);
}

static void check_pair(struct load *l, const struct rule *a, const struct rule *b)
{
    for (uint32_t i = 0; i < a->item_count; i++) {
        for (uint32_t k = a == b ? i + 1 : 0; k < b->item_count; k++) {
            const struct rule_item *x = &a->item[i];
            const struct rule_item *y = &b->item[k];
            if (!same_target(x, y))
                continue;
            if (a == b ? x->force != y->force : !agree(x, y))
                load_problem(l, y->line, PROBLEM_CONTRADICTION, "%s, %s: %s", a->id, b->id,
                             x->measure->code);
            else if (a == b)
                load_problem(l, y->line, PROBLEM_DUPLICATE, "%s: %s", a->id, x->measure->code);
        }
    }
}

static void check_contradictions(struct load *l)
{
    for (size_t i = 0; i < l->rs->rule_count; i++) {
        const struct rule *a = &l->rs->rule[i];
        check_pair(l, a, a);
        for (size_t k = i + 1; k < l->rs->rule_count; k++)
            if (a->event == EVENT_ORDER && l->rs->rule[k].event == EVENT_ORDER &&
                meet(a, &l->rs->rule[k])) {
                check_lead(l, a, &l->rs->rule[k]);
                check_pair(l, a, &l->rs->rule[k]);
            }
    }
}

static bool raises(const struct rule *a, const struct rule *b)
{
    for (uint32_t i = 0; a->raises[0] != '\0' && i < b->trigger_count; i++)
        if (strcmp(b->trigger[i], a->raises) == 0)
            return true;
    return false;
}

/* Take away, again and again, every rule that raises none of those left. What cannot be
 * taken away raises itself, directly or through others. */
static void check_cycles(struct load *l)
{
    bool gone[RULES_RULES_MAX] = {0};
    bool moved = true;
    size_t n = l->rs->rule_count;
    for (size_t round = 0; moved && round <= n; round++) {
        moved = false;
        for (size_t i = 0; i < n; i++) {
            bool leads_on = false;
            for (size_t k = 0; k < n && !leads_on; k++)
                leads_on = !gone[k] && raises(&l->rs->rule[i], &l->rs->rule[k]);
            if (!gone[i] && !leads_on)
                gone[i] = moved = true;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (!gone[i])
            load_problem(l, l->rs->rule[i].line, PROBLEM_CYCLE, "%s → %s", l->rs->rule[i].id,
                         l->rs->rule[i].raises);
}

static void check_raised(struct load *l, const struct rule *rule)
{
    if (rule->raises[0] == '\0')
        return;
    for (size_t i = 0; i < l->rs->rule_count; i++)
        if (raises(rule, &l->rs->rule[i]))
            return;
    load_problem(l, rule->line, PROBLEM_RULE_UNKNOWN, "%s: raises %s", rule->id, rule->raises);
}

/* A rule without measures still says by what law it refuses or alerts. */
static void check_rule_basis(struct load *l, const struct rule *rule)
{
    for (uint32_t i = 0; i < rule->basis_count; i++) {
        const struct rule_basis *b = ruleset_basis(l->rs, rule->basis[i]);
        if (covers(b->from, b->to, rule->from) &&
            (b->to == 0 || (rule->to != 0 && rule->to <= b->to)))
            return;
    }
    load_problem(l, rule->line, PROBLEM_BASIS_NOT_IN_FORCE, "%s", rule->id);
}

static bool share_type(const struct rule *a, const struct rule *b)
{
    for (uint32_t i = 0; i < a->type_count; i++)
        if (event_set_off(b, a->type[i]))
            return true;
    return false;
}

/* What a document, or the first order, ends has room in a decision: a rule too many would go on. */
static void check_ends(struct load *l, const struct rule *rule)
{
    unsigned by_type = 0;
    unsigned by_order = 0;
    for (size_t i = 0; i < l->rs->rule_count; i++) {
        const struct rule *other = &l->rs->rule[i];
        by_type += rule->until_next && other->until_next && share_type(rule, other);
        by_order += rule->lost_on_order && other->lost_on_order;
    }
    if (by_type > EVENT_ENDS_MAX || by_order > EVENT_ENDS_MAX)
        load_problem(l, rule->line, PROBLEM_TOO_MANY, "%s: until_next, lost_on_order: %d", rule->id,
                     EVENT_ENDS_MAX);
}

void check_rules(struct load *l)
{
    for (size_t i = 0; i < l->rs->rule_count; i++) {
        const struct rule *rule = &l->rs->rule[i];
        check_raised(l, rule);
        check_ends(l, rule);
        if (rule->event == EVENT_ORDER)
            check_class(l, rule);
        else
            check_rule_basis(l, rule);
        for (uint32_t k = 0; k < rule->item_count; k++) {
            const struct rule_item *item = &rule->item[k];
            check_basis(l, rule, item);
            check_propagation(l, rule, item);
            check_region(l, rule, item);
            check_local(l, rule, item);
            check_item_term(l, rule, item);
        }
    }
    check_class_overlaps(l);
    check_contradictions(l);
    check_cycles(l);
}
