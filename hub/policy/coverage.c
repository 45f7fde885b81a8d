#include "policy/coverage.h"

#include "base/calendar.h"
#include "base/clock.h"

struct covering {
    const struct calendar *calendar;
    uint64_t from_ms;
    struct coverage *out;
};

static void look(const struct covering *c, const struct term *term, const char *of)
{
    if (!term_by_calendar(term))
        return;
    c->out->counted++;
    if (!term_beyond(term, c->from_ms, c->calendar))
        return;
    c->out->beyond++;
    if (term_compare(term, &c->out->term) <= 0)
        return;
    c->out->term = *term;
    c->out->of = of;
}

void coverage_of(const struct ruleset *rs, const struct calendar *calendar, uint32_t today,
                 struct coverage *out)
{
    const struct covering c = {calendar, date_start_ms(today), out};
    size_t n = 0;
    *out = (struct coverage){.until = calendar_until(calendar, today), .of = ""};
    const struct rule_clock *clocks = ruleset_clocks(rs, &n);
    for (size_t i = 0; i < n; i++) {
        look(&c, &clocks[i].ordinary, clocks[i].id);
        look(&c, &clocks[i].complex, clocks[i].id);
        look(&c, &clocks[i].major, clocks[i].id);
    }
    const struct rule *rules = ruleset_rules(rs, &n);
    for (size_t i = 0; i < n; i++) {
        look(&c, &rules[i].deadline, rules[i].id);
        for (uint32_t k = 0; k < rules[i].item_count; k++) {
            look(&c, &rules[i].item[k].answer, rules[i].id);
            look(&c, &rules[i].item[k].execute, rules[i].id);
        }
    }
    const struct rule_gate *gates = ruleset_gates(rs, &n);
    for (size_t i = 0; i < n; i++)
        look(&c, &gates[i].deadline, gates[i].id);
}
