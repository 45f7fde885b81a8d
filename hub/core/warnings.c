/* The clocks of obligations: when a term is half, nearly or wholly over,
 * whoever owes is told, and at the end its superior as well.
 *
 * A stay stops the clocks, for nothing may be executed meanwhile
 * (行政复议法第42条, 行政诉讼法第56条): what was left of a term at the stay
 * begins to run again at the resumption, counted in the term's own unit
 * (民法典第201至203条); what had been answered before is owed anew with its
 * whole term. */
#include "core/state.h"

#include "base/calendar.h"

#include <stdio.h>
#include <string.h>

enum { WARNINGS_STEP = 32 /* of one transaction */ };

/* One running term of an obligation. */
struct running {
    lianshu_WarningTerm which;
    uint64_t from_ms;
    uint64_t due_ms; /* 0: it does not run */
    uint32_t *warned;
};

/* The terms that run in the obligation's state. */
static size_t running_of(struct obligation *row, struct running out[static 2])
{
    if (row->member[0] == '\0')
        return 0;
    if (row->state == OBLIGATION_LIFT_DUE) {
        out[0] = (struct running){lianshu_WarningTerm_TERM_LIFT, row->ended_ms, row->lift_due_ms,
                                  &row->warned};
        return 1;
    }
    const struct running answer = {lianshu_WarningTerm_TERM_ANSWER, row->begun_ms,
                                   row->answer_due_ms, &row->answer_warned};
    const struct running execute = {lianshu_WarningTerm_TERM_EXECUTE,
                                    duty_runs_from(row->start_date, row->begun_ms),
                                    row->execute_due_ms, &row->warned};
    if (row->state == OBLIGATION_ACCEPTED) {
        out[0] = execute;
        return 1;
    }
    if (row->state != OBLIGATION_CREATED && row->state != OBLIGATION_DELIVERED)
        return 0;
    out[0] = answer;
    out[1] = execute;
    return 2;
}

uint32_t warnings_after(const struct core *core, uint32_t warned)
{
    const struct rule_warnings *w = ruleset_warnings(core->opt.rules);
    for (uint32_t i = 0; i < w->percent_count; i++) {
        if (w->percent[i] > warned)
            return w->percent[i];
    }
    return 0;
}

bool warnings_escalate(const struct core *core, uint32_t percent)
{
    return percent >= ruleset_warnings(core->opt.rules)->escalate_at;
}

uint64_t warnings_moment(const struct core *core, uint64_t from_ms, uint64_t due_ms,
                         uint32_t warned)
{
    uint32_t percent = warnings_after(core, warned);
    return due_ms == 0 || percent == 0 ? 0 : term_share(from_ms, due_ms, percent);
}

uint64_t warnings_next(const struct core *core, const struct obligation *row)
{
    struct obligation copy = *row;
    struct running terms[2];
    size_t count = running_of(&copy, terms);
    uint64_t next = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t at = warnings_moment(core, terms[i].from_ms, terms[i].due_ms, *terms[i].warned);
        next = at != 0 && (next == 0 || at < next) ? at : next;
    }
    return next;
}

uint64_t warnings_overdue_ms(const struct obligation *row, uint64_t now_ms)
{
    struct obligation copy = *row;
    struct running terms[2];
    size_t count = running_of(&copy, terms);
    uint64_t most = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t due = terms[i].due_ms;
        if (due != 0 && due <= now_ms && now_ms - due + 1 > most)
            most = now_ms - due + 1;
    }
    return most;
}

enum err warnings_schedule(struct core *core, struct obligation *row)
{
    uint64_t before = row->next_due_ms;
    row->next_due_ms = warnings_next(core, row);
    if (row->next_due_ms == before && row->state != OBLIGATION_LIFT_DUE)
        return OK;
    if (row->next_due_ms != 0)
        core_wake_at(core, row->next_due_ms);
    return obligation_due(core->store->obligations, row);
}

/* The days from the stay until its end. */
static struct term left_of(const struct calendar *calendar, const struct term *term,
                           uint64_t stayed_ms, uint64_t due_ms)
{
    uint32_t day = date_from_ms(stayed_ms);
    const uint32_t last = date_from_ms(due_ms - 1);
    struct term rest = {.unit = TERM_CALENDAR_DAYS, .roll = term->roll};
    if (term->unit != TERM_WORKING_DAYS) {
        rest.n = (uint32_t)date_days_between(day, last);
        return rest;
    }
    rest.unit = TERM_WORKING_DAYS;
    for (uint32_t n = 0; n < TERM_N_MAX && day < last; n++) {
        day = date_add_days(day, 1);
        rest.n += calendar_is_workday(calendar, day);
    }
    return rest;
}

enum err warnings_rest(const struct core *core, const struct term *term, uint64_t due_ms,
                       uint64_t stayed_ms, uint64_t from_ms, struct due_memo *out)
{
    const bool over = due_ms <= stayed_ms;
    *out = (struct due_memo){.term = *term, .from_ms = from_ms};
    if (term->unit == TERM_HOURS) {
        out->due_ms = from_ms + (over ? 0 : due_ms - stayed_ms);
        return OK;
    }
    out->term = (struct term){.unit = TERM_CALENDAR_DAYS};
    if (!over)
        out->term = left_of(core->opt.calendar, term, stayed_ms, due_ms);
    if (out->term.n == 0) {
        /* It was overdue: at once; or the rest of its last day, which is no holiday where the
         * calendar counts: the first day behind the one before. */
        out->term.n = 1;
        out->from_ms -= DAY_MS;
    }
    return term_due(&out->term, out->from_ms, core->opt.calendar, &out->due_ms);
}

/* All obligations of one duty have the same term: its end is counted once. */
static enum err whole_of(const struct core *core, const struct term *term, uint64_t from_ms,
                         struct due_memo *memo)
{
    if (memo->set && memo->from_ms == from_ms && memo->term.n == term->n &&
        memo->term.unit == term->unit && memo->term.roll == term->roll)
        return OK;
    *memo = (struct due_memo){.term = *term, .from_ms = from_ms};
    enum err err = term_due(term, from_ms, core->opt.calendar, &memo->due_ms);
    memo->set = err == OK;
    return err;
}

/* A term that ran from one moment, was due at another, and was ended by a stay. */
struct stayed_term {
    uint64_t from_ms;
    uint64_t due_ms; /* 0: there was none */
    uint64_t ended_ms;
};

/* What the stay had left, or the whole term. */
static enum err due_of(const struct core *core, const struct term *term,
                       const struct stayed_term *stayed, uint64_t from_ms, struct due_memo *memo,
                       uint64_t *out)
{
    struct due_memo rest;
    const bool runs_on = stayed->due_ms != 0 && stayed->ended_ms > stayed->from_ms;
    enum err err = runs_on
                       ? warnings_rest(core, term, stayed->due_ms, stayed->ended_ms, from_ms, &rest)
                       : whole_of(core, term, from_ms, memo);
    *out = runs_on ? rest.due_ms : memo->due_ms;
    return err;
}

enum err warnings_terms(struct core *core, const struct duty *duty, const struct obligation *stayed,
                        struct obligation *row)
{
    const bool runs_on = stayed->sealed.len == 0; /* what was answered is owed anew */
    const struct stayed_term answer = {stayed->begun_ms, runs_on ? stayed->answer_due_ms : 0,
                                       stayed->ended_ms};
    const struct stayed_term execute = {duty_runs_from(stayed->start_date, stayed->begun_ms),
                                        runs_on ? stayed->execute_due_ms : 0, stayed->ended_ms};
    enum err err =
        due_of(core, &duty->answer, &answer, row->begun_ms, &core->dues[0], &row->answer_due_ms);
    return err == OK ? due_of(core, &duty->execute, &execute,
                              duty_runs_from(row->start_date, row->begun_ms), &core->dues[1],
                              &row->execute_due_ms)
                     : err;
}

uint32_t warnings_still(const struct core *core, uint64_t from_ms, uint64_t due_ms, uint32_t said)
{
    uint32_t reached = 0;
    uint64_t at;
    while (reached < said && (at = warnings_moment(core, from_ms, due_ms, reached)) != 0 &&
           at <= core->now_ms)
        reached = warnings_after(core, reached);
    return reached < said ? reached : said;
}

void warnings_anew(const struct core *core, struct obligation *row)
{
    struct running terms[2];
    size_t count = running_of(row, terms);
    for (size_t i = 0; i < count; i++)
        *terms[i].warned =
            warnings_still(core, terms[i].from_ms, terms[i].due_ms, *terms[i].warned);
    row->next_due_ms = warnings_next(core, row);
}

enum err warnings_lift_term(const struct core *core, uint32_t cause, struct obligation *row)
{
    const struct rule_clock *clock =
        ruleset_clock(core->opt.rules, cause == ORDER_ANNULLED ? "LIFT-ANNUL" : "LIFT");
    row->lift_due_ms = 0;
    return clock == NULL
               ? OK
               : term_due(&clock->ordinary, row->ended_ms, core->opt.calendar, &row->lift_due_ms);
}

/* The same department of the nearest region above that has one; "": none. */
void warnings_superior(const struct core *core, const char *member,
                       char out[static STORE_MEMBER_MAX + 1])
{
    static const size_t kept[] = {4, 2, 0}; /* digits of the city, the province, the nation */
    struct member m;
    out[0] = '\0';
    if (member_parse(member, &m) != OK)
        return;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        char region[] = "000000";
        memcpy(region, m.region, kept[i]);
        if (strcmp(region, m.region) == 0)
            continue;
        char id[STORE_MEMBER_MAX + 1];
        snprintf(id, sizeof id, "%s.%s", department_name(m.department), region);
        if (registry_member(core->opt.registry, id) == NULL)
            continue;
        snprintf(out, STORE_MEMBER_MAX + 1, "%s", id);
        return;
    }
}

/* A member whose key the registry does not hold any more cannot be told:
 * counted, not fatal. */
static enum err send_to(struct core *core, const char *recipient,
                        const lianshu_ObligationWarning *body)
{
    const struct outgoing what = {
        .type = lianshu_DocumentType_TYPE_OBLIGATION_WARNING,
        .recipient = recipient,
        .conversation = span_of(body->order_id, sizeof body->order_id),
        .purpose = "sanction",
        .body = body,
    };
    enum err err = outgoing_send(core, &what);
    bool untold = err != OK && err_class(err) == ERR_CLASS_REJECT;
    return untold ? store_count(core->store, "warnings.untold", 1) : err;
}

static enum err warn(struct core *core, const struct obligation *row, const struct running *term,
                     uint32_t percent)
{
    lianshu_ObligationWarning body = {
        .percent = percent, .which = term->which, .due_ms = term->due_ms};
    memcpy(body.obligation_id, row->id, sizeof body.obligation_id);
    memcpy(body.order_id, row->order_id, sizeof body.order_id);
    snprintf(body.measure, sizeof body.measure, "%.4s", row->measure);
    snprintf(body.member, sizeof body.member, "%s", row->member);
    enum err err = store_count(core->store, "warnings", 1);
    if (err == OK)
        err = send_to(core, row->member, &body);
    if (err == OK)
        err = tally_note(core, row->order_id); /* it may be overdue now */
    char superior[STORE_MEMBER_MAX + 1];
    warnings_superior(core, row->member, superior);
    if (err != OK || !warnings_escalate(core, percent) || superior[0] == '\0')
        return err;
    err = store_count(core->store, "warnings.escalated", 1);
    return err == OK ? send_to(core, superior, &body) : err;
}

/* One percent of each term whose moment has come; what follows has its own
 * turn. */
static enum err look_at(struct core *core, struct obligation *row)
{
    struct running terms[2];
    enum err counted = core->recount.running ? recount_obligation(core, row) : OK;
    if (counted != OK)
        return counted;
    size_t count = running_of(row, terms);
    for (size_t i = 0; i < count; i++) {
        uint32_t percent = warnings_after(core, *terms[i].warned);
        uint64_t at = warnings_moment(core, terms[i].from_ms, terms[i].due_ms, *terms[i].warned);
        if (at == 0 || at > core->now_ms)
            continue;
        enum err err = warn(core, row, &terms[i], percent);
        if (err != OK)
            return err;
        *terms[i].warned = percent;
    }
    row->next_due_ms = warnings_next(core, row);
    return obligation_due(core->store->obligations, row);
}

static enum err next_due(struct core *core, void *row)
{
    return obligation_next_due(core->store->obligations, core->now_ms, row);
}

static enum err first_due(struct core *core, uint64_t *due_ms)
{
    return obligation_first_due(core->store->obligations, due_ms);
}

static enum err look(struct core *core, void *row)
{
    return look_at(core, row);
}

enum err warnings_step(struct core *core, bool *more)
{
    static const struct due_kind kind = {WARNINGS_STEP, next_due, first_due, look};
    struct obligation row;
    return due_step(core, &kind, &row, more);
}
