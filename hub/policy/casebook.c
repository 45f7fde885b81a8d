#include "policy/casebook.h"

#include "policy/record.h"

#include <string.h>

static bool starts_from(const struct rule_step *step, const char *state)
{
    for (uint32_t i = 0; i < step->from_count; i++)
        if (strcmp(step->from[i], state) == 0)
            return true;
    return false;
}

static const struct rule_step *find_step(const struct ruleset *rs, const struct case_event *event)
{
    size_t n = 0;
    const struct rule_step *steps = ruleset_steps(rs, &n);
    for (size_t i = 0; i < n; i++) {
        const struct rule_step *s = &steps[i];
        if (strcmp(s->id, event->transition) == 0 && strcmp(s->outcome, event->outcome) == 0 &&
            s->type == event->type && starts_from(s, event->state) && event->actor < 32 &&
            (s->actor & (UINT32_C(1) << event->actor)) != 0)
            return s;
    }
    return NULL;
}

/* NULL for a word that is no complexity. */
static const struct term *term_of(const struct rule_clock *clock, const char *complexity)
{
    const struct term *t = NULL;
    if (complexity[0] == '\0' || strcmp(complexity, "ordinary") == 0)
        return &clock->ordinary;
    if (strcmp(complexity, "complex") == 0)
        t = &clock->complex;
    else if (strcmp(complexity, "major") == 0)
        t = &clock->major;
    return t == NULL || t->unit != TERM_NONE ? t : &clock->ordinary;
}

static enum err start_clocks(const struct rule_step *step, const struct calendar *calendar,
                             const struct case_event *event, struct case_result *out)
{
    for (uint32_t i = 0; i < step->start_count; i++) {
        const struct rule_clock *clock = step->starts[i];
        const struct term *term = term_of(clock, event->complexity);
        struct case_clock *started = &out->starts[out->start_count];
        if (term == NULL)
            return ERR_FIELD_VALUE;
        started->clock = clock;
        enum err err = term_due(term, event->event_ms, calendar, &started->due_ms);
        if (err != OK)
            return err;
        out->start_count++;
        out->owner |= clock->owner;
    }
    return OK;
}

static enum err take_step(const struct ruleset *rs, const struct calendar *calendar,
                          const struct case_event *event, struct case_result *out)
{
    const struct rule_step *step = find_step(rs, event);
    if (step == NULL)
        return ERR_CASE_STATE;
    out->step = step;
    out->missing_copies = step->copies & ~event->destinations;
    if (step->addressee != 0 && (step->addressee & event->destinations) == 0)
        out->missing_copies |= step->addressee & (~step->addressee + 1);
    if (out->missing_copies != 0)
        return ERR_COPY_MISSING;
    enum err err = start_clocks(step, calendar, event, out);
    if (err != OK)
        return err;
    for (uint32_t i = 0; i < step->stop_count; i++)
        out->stops[out->stop_count++] = step->stops[i];
    text_copy(out->state, sizeof out->state, step->to);
    return OK;
}

enum err case_step(const struct ruleset *rs, const struct calendar *calendar,
                   const struct case_event *event, struct case_result *out)
{
    memset(out, 0, sizeof *out);
    out->err = take_step(rs, calendar, event, out);
    if (out->err != OK) {
        out->start_count = 0;
        out->stop_count = 0;
        out->owner = 0;
        text_copy(out->state, sizeof out->state, event->state);
    }
    return out->err;
}
