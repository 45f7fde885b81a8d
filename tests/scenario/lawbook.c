#include "scenario/lawbook.h"

#include "t.h"

#include <stdlib.h>

/* Reachable from here to the end of the process. */
static struct lawbook shipped;
static struct {
    size_t count;
    char *name[LAWBOOK_SETS_MAX];
    struct ruleset *rules[LAWBOOK_SETS_MAX];
} sets;

static void opened(enum err err, const char *what, const struct ruleset_faults *faults)
{
    if (err != OK)
        fail_msg("%s: %s:%u %s", what, faults->fault[0].where, faults->fault[0].line,
                 faults->fault[0].detail);
}

const struct lawbook *lawbook_shipped(void)
{
    static const char rules[] = "hub/policy/rules";
    static struct ruleset_faults faults;
    struct lawbook book;
    struct fault fault = {0};
    if (shipped.rules != NULL)
        return &shipped;
    opened(ruleset_open(&book.rules, rules, &faults), "rules", &faults);
    opened(retention_open(&book.retention, rules, &faults), "retention", &faults);
    opened(volume_open(&book.volume, rules, &faults), "volume", &faults);
    if (calendar_open(&book.calendar, "schemas/data/calendar.csv", &fault) != OK ||
        regions_open(&book.regions, "schemas/data/regions.csv", &fault) != OK)
        fail_msg("%s:%u %s", fault.where, fault.line, fault.detail);
    shipped = book;
    return &shipped;
}

const struct ruleset *lawbook_find(const char *name)
{
    for (size_t i = 0; i < sets.count; i++) {
        if (strcmp(sets.name[i], name) == 0)
            return sets.rules[i];
    }
    return NULL;
}

const struct ruleset *lawbook_keep(const char *name, struct ruleset *rules)
{
    assert_null(lawbook_find(name));
    assert_true(sets.count < LAWBOOK_SETS_MAX);
    sets.name[sets.count] = strdup(name);
    assert_non_null(sets.name[sets.count]);
    sets.rules[sets.count] = rules;
    return sets.rules[sets.count++];
}
