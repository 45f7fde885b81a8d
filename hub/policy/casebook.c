#include "policy/casebook.h"

#include "base/clock.h"
#include "base/text.h"

#include "case.pb.h"
#include "document.pb.h"
#include "safety.pb.h"

#include <assert.h>
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
    const bool major = strcmp(complexity, "major") == 0;
    if (complexity[0] == '\0' || strcmp(complexity, "ordinary") == 0)
        return &clock->ordinary;
    if (!major && strcmp(complexity, "complex") != 0)
        return NULL;
    if (major && clock->major.unit != TERM_NONE)
        return &clock->major;
    return clock->complex.unit != TERM_NONE ? &clock->complex : &clock->ordinary;
}

static const struct case_running *running(const struct case_event *event, const char *clock)
{
    for (size_t i = 0; i < event->running_count; i++)
        if (strcmp(event->running[i].clock, clock) == 0)
            return &event->running[i];
    return NULL;
}

static uint64_t notice_of(const struct case_event *event)
{
    return event->now_ms == 0 ? event->event_ms : event->now_ms;
}

static bool governs(const struct rule_clock *clock, uint64_t at_ms)
{
    const uint32_t date = date_from_ms(at_ms);
    return clock->from <= date && (clock->to == 0 || date <= clock->to);
}

/* Its end, from where it begins. */
static enum err count_out(struct case_clock *clock, const char *complexity,
                          const struct calendar *calendar)
{
    const struct term *term = term_of(clock->clock, complexity);
    if (term == NULL)
        return ERR_FIELD_VALUE;
    clock->term = *term;
    return term_due(term, clock->from_ms, calendar, &clock->due_ms);
}

static void add_stop(struct case_result *out, const char *clock)
{
    for (uint32_t i = 0; i < out->stop_count; i++)
        if (strcmp(out->stops[i], clock) == 0)
            return;
    assert(out->stop_count < CASE_CLOCKS_MAX); /* the loader counted */
    out->stops[out->stop_count++] = clock;
}

/* The moment from which a clock of the step runs. An extension runs on from the end of what it
 * extends, and takes its place. */
static enum err begin_of(const struct rule_clock *clock, const struct case_event *event,
                         struct case_result *out, uint64_t *from_ms)
{
    *from_ms = clock->by_notice ? notice_of(event) : event->event_ms;
    for (uint32_t i = 0; i < clock->extends_count; i++) {
        const struct case_running *old = running(event, clock->extends[i]->id);
        if (old == NULL)
            continue;
        if (old->due_ms <= event->event_ms)
            return ERR_CASE_LAPSED;
        /* Its last day is the day of the event of the new term. */
        *from_ms = clock->ordinary.unit == TERM_HOURS ? old->due_ms : old->due_ms - 1;
        add_stop(out, clock->extends[i]->id);
        return OK;
    }
    return clock->extends_count == 0 ? OK : ERR_CASE_STATE;
}

static enum err start_clocks(const struct rule_step *step, const struct calendar *calendar,
                             const struct case_event *event, struct case_result *out)
{
    for (uint32_t i = 0; i < step->start_count; i++) {
        const struct rule_clock *clock = step->starts[i];
        struct case_clock *started = &out->starts[out->start_count];
        if (!governs(clock, event->event_ms))
            continue;
        *started = (struct case_clock){.clock = clock};
        enum err err = begin_of(clock, event, out, &started->from_ms);
        if (err == OK)
            err = count_out(started, event->complexity, calendar);
        if (err != OK)
            return err;
        out->start_count++;
        out->owner |= clock->owner;
    }
    return OK;
}

/* The same term by another complexity, from its own start. */
static enum err recount(const struct rule_step *step, const struct calendar *calendar,
                        const struct case_event *event, struct case_result *out)
{
    for (uint32_t i = 0; i < step->recount_count; i++) {
        const struct rule_clock *clock = step->recounts[i];
        const struct case_running *old = running(event, clock->id);
        if (old == NULL)
            return ERR_CASE_STATE;
        if (old->due_ms <= event->event_ms)
            return ERR_CASE_LAPSED;
        struct case_clock *moved = &out->moves[out->move_count];
        *moved = (struct case_clock){.clock = clock, .from_ms = old->started_ms};
        enum err err = count_out(moved, event->complexity, calendar);
        if (err != OK)
            return err;
        out->move_count++;
    }
    return OK;
}

/* Terms that the document itself keeps or misses: from the event until it arrived. */
static enum err measure(const struct rule_clock *const *within, uint32_t count,
                        const struct case_event *event, const struct calendar *calendar,
                        struct case_result *out)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!governs(within[i], event->event_ms))
            continue;
        assert(out->start_count < CASE_CLOCKS_MAX && out->late_count < CASE_CLOCKS_MAX);
        struct case_clock *met = &out->starts[out->start_count];
        *met = (struct case_clock){.clock = within[i], .from_ms = event->event_ms, .met = true};
        enum err err = count_out(met, event->complexity, calendar);
        if (err != OK)
            return err;
        out->start_count++;
        if (met->due_ms <= notice_of(event))
            out->late[out->late_count++] = within[i];
    }
    return OK;
}

static enum err stop_clocks(const struct ruleset *rs, const struct rule_step *step,
                            const struct case_event *event, struct case_result *out)
{
    for (uint32_t i = 0; i < step->meet_count; i++) {
        const struct case_running *clock = running(event, step->meets[i]);
        const struct rule_clock *row = ruleset_clock(rs, step->meets[i]);
        if (clock == NULL || row == NULL || clock->due_ms > event->event_ms)
            continue;
        if (row->breach == BREACH_LAPSE)
            return ERR_CASE_LAPSED;
        if (row->if_done)
            out->late[out->late_count++] = row;
    }
    for (uint32_t i = 0; i < step->stop_count; i++)
        add_stop(out, step->stops[i]);
    for (uint32_t i = 0; i < step->suspend_count; i++)
        out->suspends[out->suspend_count++] = step->suspends[i];
    for (uint32_t i = 0; i < step->resume_count; i++)
        out->resumes[out->resume_count++] = step->resumes[i];
    return OK;
}

static uint32_t lowest(uint32_t set)
{
    return set & (~set + 1);
}

static enum err check_copies(const struct rule_step *step, const struct case_event *event,
                             struct case_result *out)
{
    out->missing_copies = step->copies & ~event->destinations;
    if (step->addressee != 0 && (step->addressee & event->destinations) == 0)
        out->missing_copies |= lowest(step->addressee);
    if (step->also != 0 && (step->also & event->destinations) == 0)
        out->missing_copies |= lowest(step->also);
    return out->missing_copies == 0 ? OK : ERR_COPY_MISSING;
}

/* A row with one document is that document. */
static enum err check_papers(const struct rule_step *step, const struct case_event *event,
                             struct case_result *out)
{
    for (uint32_t i = 0; step->paper_count > 1 && i < step->paper_count; i++) {
        bool brought = false;
        for (size_t k = 0; k < event->paper_count; k++)
            brought = brought || strcmp(event->papers[k], step->paper[i]->id) == 0;
        if (!brought) {
            out->missing_paper = step->paper[i];
            return ERR_CASE_DOCUMENT;
        }
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
    enum err err = step->barred ? ERR_CASE_BARRED : check_copies(step, event, out);
    if (err == OK)
        err = check_papers(step, event, out);
    if (err == OK)
        err = stop_clocks(rs, step, event, out);
    if (err == OK)
        err = start_clocks(step, calendar, event, out);
    if (err == OK)
        err = recount(step, calendar, event, out);
    if (err == OK)
        err = measure(step->within, step->within_count, event, calendar, out);
    if (err != OK)
        return err;
    text_copy(out->state, sizeof out->state, step->to[0] == '\0' ? event->state : step->to);
    const struct rule_state *to = ruleset_state(rs, out->state);
    out->closed = to != NULL && to->final;
    return OK;
}

enum err case_step(const struct ruleset *rs, const struct calendar *calendar,
                   const struct case_event *event, struct case_result *out)
{
    memset(out, 0, sizeof *out);
    out->err = take_step(rs, calendar, event, out);
    if (out->err != OK) {
        const struct case_result refused = {.err = out->err,
                                            .step = out->step,
                                            .missing_copies = out->missing_copies,
                                            .missing_paper = out->missing_paper};
        *out = refused;
        text_copy(out->state, sizeof out->state, event->state);
    }
    return out->err;
}

/* ---- documents outside of cases ---- */

/* What the clocks of a flow ask of a body. */
struct flow_facts {
    char grade[sizeof((lianshu_BatchFacts *)0)->grade]; /* "" and "ordinary" are the same */
    uint64_t event_ms;                                  /* 0: not said */
};

static void read_batch(const lianshu_BatchFacts *facts, struct flow_facts *out)
{
    text_copy(out->grade, sizeof out->grade, facts->grade);
    out->event_ms = facts->event_ms;
}

/* The class is the grade; a decision of a day counts from its end. */
static void read_recall(const lianshu_Recall *facts, struct flow_facts *out)
{
    out->grade[0] = (char)('0' + facts->class % 10);
    out->event_ms = facts->date == 0 ? 0 : date_end_ms(facts->date) - 1;
}

static void read_facts(const struct flow_event *event, struct flow_facts *out)
{
    *out = (struct flow_facts){.event_ms = 0};
    switch (event->type) {
    case lianshu_DocumentType_TYPE_AEFI_REPORT:
    case lianshu_DocumentType_TYPE_ADR_REPORT:
    case lianshu_DocumentType_TYPE_DEVICE_EVENT:
    case lianshu_DocumentType_TYPE_COSMETIC_EVENT:
    case lianshu_DocumentType_TYPE_EVENT_FEEDBACK:
    case lianshu_DocumentType_TYPE_BATCH_BLOCK:
    case lianshu_DocumentType_TYPE_BATCH_RELEASE:
        if (event->facts != NULL)
            read_batch(event->facts, out);
        break;
    case lianshu_DocumentType_TYPE_RECALL_NOTICE:
    case lianshu_DocumentType_TYPE_RECALL_PLAN:
    case lianshu_DocumentType_TYPE_RECALL_PROGRESS:
    case lianshu_DocumentType_TYPE_RECALL_REPORT:
        if (event->facts != NULL)
            read_recall(event->facts, out);
        break;
    default:
        break;
    }
    if (strcmp(out->grade, "ordinary") == 0)
        out->grade[0] = '\0';
    if (out->event_ms == 0 || out->event_ms > event->event_ms)
        out->event_ms = event->event_ms;
}

static bool flow_fits(const struct rule_flow *flow, const struct flow_event *event,
                      const struct flow_facts *facts)
{
    const char *grade = strcmp(flow->grade, "ordinary") == 0 ? "" : flow->grade;
    return flow->type == event->type && event->actor < 32 &&
           (flow->actor == 0 || (flow->actor & (UINT32_C(1) << event->actor)) != 0) &&
           (flow->grade[0] == '\0' || strcmp(grade, facts->grade) == 0);
}

bool flow_applies(const struct ruleset *rs, uint32_t type)
{
    size_t n = 0;
    const struct rule_flow *flows = ruleset_flows(rs, &n);
    for (size_t i = 0; i < n; i++)
        if (flows[i].type == type)
            return true;
    return false;
}

static enum err start_flow(const struct rule_flow *flow, const struct calendar *calendar,
                           const struct case_event *event, struct case_result *out)
{
    for (uint32_t i = 0; i < flow->start_count; i++) {
        const struct rule_clock *clock = flow->starts[i];
        const uint64_t from_ms = clock->by_notice ? event->now_ms : event->event_ms;
        if (!governs(clock, event->event_ms))
            continue;
        assert(out->start_count < CASE_CLOCKS_MAX);
        struct case_clock *started = &out->starts[out->start_count];
        *started = (struct case_clock){.clock = clock, .from_ms = from_ms};
        enum err err = count_out(started, "", calendar);
        if (err != OK)
            return err;
        out->start_count++;
        out->owner |= clock->owner;
    }
    return OK;
}

enum err flow_clocks(const struct ruleset *rs, const struct calendar *calendar,
                     const struct flow_event *event, struct case_result *out)
{
    size_t n = 0;
    struct flow_facts facts;
    const struct rule_flow *flows = ruleset_flows(rs, &n);
    memset(out, 0, sizeof *out);
    read_facts(event, &facts);
    const struct case_event at = {
        .complexity = "", .event_ms = facts.event_ms, .now_ms = event->event_ms};
    for (size_t i = 0; out->err == OK && i < n; i++) {
        if (!flow_fits(&flows[i], event, &facts))
            continue;
        for (uint32_t k = 0; k < flows[i].stop_count; k++)
            add_stop(out, flows[i].stops[k]);
        out->err = start_flow(&flows[i], calendar, &at, out);
        if (out->err == OK)
            out->err = measure(flows[i].within, flows[i].within_count, &at, calendar, out);
    }
    return out->err;
}
