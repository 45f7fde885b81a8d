/* What can only be seen on the whole case table. */
#include "policy/load.h"

#include <string.h>

static bool begins_at(const struct rule_step *step, const char *state)
{
    for (uint32_t i = 0; i < step->from_count; i++)
        if (strcmp(step->from[i], state) == 0)
            return true;
    return false;
}

static bool leaves(const struct rule_step *step, const char *state)
{
    return step->to[0] != '\0' && strcmp(step->to, state) != 0 && begins_at(step, state);
}

/* One document of one actor in one state takes one step only. */
static void check_only_one(struct load *l, size_t n)
{
    const struct rule_step *s = &l->rs->step[n];
    for (size_t i = 0; i < n; i++) {
        const struct rule_step *other = &l->rs->step[i];
        if (other->type != s->type || strcmp(other->outcome, s->outcome) != 0 ||
            (other->actor & s->actor) == 0)
            continue;
        for (uint32_t k = 0; k < s->from_count; k++)
            if (begins_at(other, s->from[k]))
                load_problem(l, s->line, PROBLEM_DUPLICATE, "%s, %s: %s", other->id, s->id,
                             s->from[k][0] == '\0' ? "\"\"" : s->from[k]);
    }
}

static bool holds(uint32_t set, uint32_t part)
{
    return (set & part) == part;
}

static bool one_side(const struct rule_step *a, const struct rule_step *b)
{
    if (a->by != b->by)
        return false;
    return a->by == STEP_BY_OWNER || a->by == STEP_BY_OPENER || holds(a->actor, b->actor) ||
           holds(b->actor, a->actor);
}

/* At each moment one side leads the case on: two hubs that serve different sides must not take
 * it to different states. */
static void check_sides(struct load *l, size_t n)
{
    const struct rule_step *s = &l->rs->step[n];
    for (uint32_t k = 0; k < s->from_count; k++) {
        const char *from = s->from[k];
        for (size_t i = 0; i < n; i++) {
            const struct rule_step *other = &l->rs->step[i];
            const bool free = s->barred || other->barred || s->parallel[0] != '\0' ||
                              other->parallel[0] != '\0' || from[0] == '\0';
            if (!free && leaves(s, from) && leaves(other, from) && strcmp(s->to, other->to) != 0 &&
                !one_side(s, other))
                load_problem(l, s->line, PROBLEM_TWO_SIDES, "%s: %s, %s", from, other->id, s->id);
        }
    }
}

/* Who may lead the case on gets the document that brings it there: his hub may be another one and
 * knows of no other way. Superiors and overseers come from outside. */
static void check_told(struct load *l, const struct rule_step *s)
{
    const uint32_t told = s->actor | s->addressee | s->also | s->copies;
    for (size_t i = 0; s->to[0] != '\0' && !s->barred && i < l->rs->step_count; i++) {
        const struct rule_step *next = &l->rs->step[i];
        if (!next->barred && next->by != STEP_BY_SUPERIOR && next->by != STEP_BY_OVERSEER &&
            leaves(next, s->to) && (next->actor & told) == 0)
            load_problem(l, s->line, PROBLEM_NEXT_UNTOLD, "%s: %s, %s", s->to, s->id, next->id);
    }
    /* What only the opener or the next owner may lead on goes to somebody. */
    for (size_t i = 0; s->to[0] != '\0' && !s->barred && i < l->rs->step_count; i++) {
        const struct rule_step *next = &l->rs->step[i];
        const bool named = next->by == STEP_BY_OWNER || next->by == STEP_BY_OPENER;
        if (!next->barred && named && next->by != s->by && leaves(next, s->to) &&
            !begins_at(s, "") && (s->addressee | s->also | s->copies) == 0) {
            load_problem(l, s->line, PROBLEM_NEXT_UNTOLD, "%s: %s, %s", s->to, s->id, next->id);
            return;
        }
    }
}

static bool is_reached(const struct rule_step *step, const bool *reached, const struct ruleset *rs)
{
    if (step->barred)
        return false;
    if (begins_at(step, ""))
        return true;
    for (size_t i = 0; i < rs->state_count; i++)
        if (reached[i] && begins_at(step, rs->state[i].id))
            return true;
    return false;
}

static void check_reached(struct load *l)
{
    bool reached[RULES_STATES_MAX] = {false};
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < l->rs->step_count; i++) {
            const struct rule_step *step = &l->rs->step[i];
            const struct rule_state *to = ruleset_state(l->rs, step->to);
            size_t at = to == NULL ? 0 : (size_t)(to - l->rs->state);
            if (to == NULL || reached[at] || !is_reached(step, reached, l->rs))
                continue;
            reached[at] = true;
            more = true;
        }
    }
    for (size_t i = 0; i < l->rs->state_count; i++)
        if (!reached[i])
            load_problem(l, l->rs->state[i].line, PROBLEM_STATE_UNREACHED, "%s",
                         l->rs->state[i].id);
}

static bool is_left(const struct ruleset *rs, const char *state)
{
    for (size_t i = 0; i < rs->step_count; i++) {
        const struct rule_step *s = &rs->step[i];
        if (!s->barred && leaves(s, state))
            return true;
    }
    return false;
}

static void check_counts(struct load *l, unsigned line, const char *id, uint32_t starts,
                         uint32_t stops, uint32_t late)
{
    if (starts > RULE_CLOCKS_MAX || stops > RULE_CLOCKS_MAX || late > RULE_CLOCKS_MAX)
        load_problem(l, line, PROBLEM_TOO_MANY, "%s: starts, stops, within: %d", id,
                     RULE_CLOCKS_MAX);
}

/* All that one document of that kind sets going: of flows, every row that fits it. */
static void check_flow_room(struct load *l, const struct rule_flow *flow)
{
    uint32_t starts = 0;
    uint32_t stops = 0;
    for (size_t i = 0; i < l->rs->flow_count; i++) {
        const struct rule_flow *f = &l->rs->flow[i];
        if (f->type != flow->type || (f->grade[0] != '\0' && strcmp(f->grade, flow->grade) != 0))
            continue;
        starts += f->start_count + f->within_count;
        stops += f->stop_count;
    }
    check_counts(l, flow->line, flow->id, starts, stops, 0);
}

/* What a document starts and stops has room in struct case_result: a clock too many would be none.
 */
static void check_room(struct load *l)
{
    for (size_t i = 0; i < l->rs->step_count; i++) {
        const struct rule_step *s = &l->rs->step[i];
        /* A clock that runs on from another one stops that. */
        check_counts(l, s->line, s->id, s->start_count + s->within_count,
                     s->start_count + s->stop_count, s->meet_count + s->within_count);
    }
    for (size_t i = 0; i < l->rs->flow_count; i++)
        check_flow_room(l, &l->rs->flow[i]);
}

void check_cases(struct load *l)
{
    check_room(l);
    for (size_t i = 0; i < l->rs->step_count; i++) {
        check_only_one(l, i);
        check_sides(l, i);
        check_told(l, &l->rs->step[i]);
    }
    check_reached(l);
    for (size_t i = 0; i < l->rs->state_count; i++)
        if (!l->rs->state[i].final && !is_left(l->rs, l->rs->state[i].id))
            load_problem(l, l->rs->state[i].line, PROBLEM_STATE_WITHOUT_EXIT, "%s",
                         l->rs->state[i].id);
}
