/* The clocks of cases, and of documents outside of them that the law sets terms for: who must act
 * is reminded, and when a term is over, those are told whom its row names. Domain C.4, D. */
#include "core/state.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum {
    CASES_STEP = 32, /* clocks of one transaction */
    TOLD_MAX = 8,    /* of one department */
};
_Static_assert(CASEFILE_TERM_MAX + 1 == TERM_TEXT_MAX, "what a term is printed to is kept");

/* ---- who is told ---- */

struct word {
    const struct casefile_clock *clock;
    uint32_t percent;
};

static enum err tell(struct core *core, const struct word *word, const char *member,
                     lianshu_HubNoticeKind kind)
{
    const struct casefile_clock *clock = word->clock;
    lianshu_HubNotice body = {.kind = kind, .due_ms = clock->due_ms, .percent = word->percent};
    if (member[0] == '\0')
        return OK;
    body.case_id.size = STORE_ID_LEN;
    memcpy(body.case_id.bytes, clock->id, STORE_ID_LEN);
    text_copy(body.rule, sizeof body.rule, clock->code);
    text_copy(body.member, sizeof body.member, clock->owner);
    return tell_notice(core, member, &body);
}

/* Every hub of a party keeps the clock; the home hub of who must act speaks for all of them, so
 * that nobody hears twice: a superior's own hub may not know the case. */
static bool speaks(const struct core *core, const struct casefile_clock *clock)
{
    return spread_ours(core, clock->owner);
}

/* The nearest ones of these departments from the region upwards. */
static enum err tell_departments(struct core *core, const struct word *word, uint32_t departments,
                                 const char *region)
{
    enum err err = OK;
    for (unsigned bit = 0; bit < 32; bit++) {
        const char *member[TOLD_MAX];
        size_t count = (departments >> bit & 1) != 0
                           ? copies_nearest(core, UINT32_C(1) << bit, region, member, TOLD_MAX)
                           : 0;
        for (size_t i = 0; err == OK && i < count; i++)
            err = tell(core, word, member[i], lianshu_HubNoticeKind_HUBNOTICE_OVERDUE);
    }
    return err;
}

/* The next of them from *at on; false: there is none. */
static bool next_waiter(const char **at, char member[static STORE_MEMBER_MAX + 1])
{
    const size_t len = strcspn(*at, " ");
    if (len == 0 || len > STORE_MEMBER_MAX)
        return false;
    memcpy(member, *at, len);
    member[len] = '\0';
    *at += len + ((*at)[len] == ' ');
    return true;
}

/* Who waits hears it from his own hub; where that hub does not hold the case, from the one that
 * serves who must act. */
static enum err answers(struct core *core, const struct casefile_clock *clock, const char *member,
                        bool *yes)
{
    const struct registry_member *home = topology_home_of(core->opt.registry, member);
    *yes = spread_ours(core, member);
    if (*yes || home == NULL || !speaks(core, clock))
        return OK;
    enum err err = case_share_holds(core, clock->id, home->id, yes);
    *yes = !*yes;
    return err;
}

/* Silence is an answer too. */
static enum err tell_waiters(struct core *core, const struct word *word)
{
    const char *at = word->clock->waits;
    char member[STORE_MEMBER_MAX + 1];
    enum err err = OK;
    while (err == OK && next_waiter(&at, member)) {
        bool ours = false;
        if (strcmp(member, word->clock->owner) != 0)
            err = answers(core, word->clock, member, &ours);
        if (err == OK && ours)
            err = tell(core, word, member, lianshu_HubNoticeKind_HUBNOTICE_UNANSWERED);
    }
    return err;
}

/* The term is over. */
static enum err breach(struct core *core, const struct word *word, const struct rule_clock *rule)
{
    const struct casefile_clock *clock = word->clock;
    char superior[STORE_MEMBER_MAX + 1] = "";
    struct member owner;
    enum err err = store_count(core->store, "cases.overdue", 1);
    if (err == OK && rule->negative)
        err = tell_waiters(core, word);
    if (err != OK || rule->breach == BREACH_LAPSE || !speaks(core, clock) ||
        member_parse(clock->owner, &owner) != OK)
        return err;
    warnings_superior(core, clock->owner, superior);
    err = tell(core, word, superior, lianshu_HubNoticeKind_HUBNOTICE_OVERDUE);
    uint32_t departments = rule->tells;
    if (rule->breach == BREACH_PROCURATORATE)
        departments |= UINT32_C(1) << DEPARTMENT_PROCURATORATE;
    if (err == OK)
        err = tell_departments(core, word, departments, owner.region);
    if (err == OK && rule->tells_above != 0 && copies_step_up(owner.region))
        err = tell_departments(core, word, rule->tells_above, owner.region);
    return err;
}

/* ---- what a document does to them ---- */

uint64_t case_clocks_moment(const struct core *core, const struct casefile_clock *clock,
                            const struct rule_clock *rule)
{
    return rule->if_done || clock->suspended_ms != 0
               ? 0
               : warnings_moment(core, clock->started_ms, clock->due_ms, clock->warned);
}

/* Its next moment; of what has passed already the last percent alone is said. */
static void plan(struct core *core, struct casefile_clock *clock, const struct rule_clock *rule)
{
    uint32_t after;
    uint64_t at;
    clock->next_ms = case_clocks_moment(core, clock, rule);
    while (clock->next_ms != 0 && (after = warnings_after(core, clock->warned)) != 0 &&
           (at = warnings_moment(core, clock->started_ms, clock->due_ms, after)) != 0 &&
           at <= core->now_ms) {
        clock->warned = after;
        clock->next_ms = at;
    }
    if (clock->next_ms != 0)
        core_wake_at(core, clock->next_ms);
}

/* The same of a step that other hubs knew before: what has passed was said by them. */
static void plan_after(struct core *core, const struct case_change *change,
                       struct casefile_clock *clock, const struct rule_clock *rule)
{
    plan(core, clock, rule);
    while (change->past && clock->next_ms != 0 && clock->next_ms <= core->now_ms) {
        clock->warned = warnings_after(core, clock->warned);
        clock->next_ms = case_clocks_moment(core, clock, rule);
    }
}

static bool may_own(const struct rule_clock *rule, const char *member)
{
    struct member m;
    return member_parse(member, &m) == OK &&
           (rule->owner == 0 || (rule->owner & UINT32_C(1) << (unsigned)m.department) != 0);
}

/* The term that a document itself had to keep is its sender's. Of a step: of who must act next,
 * else of its sender; of a document outside of cases: of whom it was sent to. Then of whoever else
 * is of the department that the row names. */
static const char *owner_of(const struct case_change *change, const struct case_clock *start)
{
    const lianshu_Header *h = &change->in->header;
    const struct casefile *row = change->row;
    const struct rule_clock *rule = start->clock;
    const bool is_case = row->state[0] != '\0';
    if (is_case && !start->met && may_own(rule, row->owner))
        return row->owner;
    if ((is_case || start->met) && may_own(rule, h->sender))
        return h->sender;
    for (pb_size_t i = 0; i < h->destination_count; i++) {
        if (may_own(rule, h->destination[i]))
            return h->destination[i];
    }
    if (may_own(rule, h->sender))
        return h->sender;
    return may_own(rule, row->opener) || row->owner[0] == '\0' ? row->opener : row->owner;
}

/* One more, once; a hub waits for nothing. Of too many the first ones are told. */
static void add_waiter(struct casefile_clock *clock, const char *member)
{
    const char *at = clock->waits;
    const size_t len = strlen(clock->waits);
    char known[STORE_MEMBER_MAX + 1];
    struct member who;
    if (member_parse(member, &who) != OK || who.department == DEPARTMENT_HUB)
        return;
    while (next_waiter(&at, known))
        if (strcmp(known, member) == 0)
            return;
    if (len + 1 + strlen(member) > CASEFILE_WAITS_MAX)
        return;
    snprintf(clock->waits + len, sizeof clock->waits - len, "%s%s", len == 0 ? "" : " ", member);
}

/* Its sender, unless the clock is his own: then those whom he has told, of the departments that
 * the row names. */
static void add_told(const struct case_change *change, struct casefile_clock *clock)
{
    const lianshu_Header *h = &change->in->header;
    const struct rule_step *step = change->result->step;
    if (strcmp(h->sender, clock->owner) != 0) {
        add_waiter(clock, h->sender);
        return;
    }
    for (pb_size_t i = 0; i < h->destination_count; i++) {
        struct member m;
        if (step == NULL || step->addressee == 0 ||
            (member_parse(h->destination[i], &m) == OK &&
             (step->addressee & UINT32_C(1) << (unsigned)m.department) != 0))
            add_waiter(clock, h->destination[i]);
    }
}

/* Those, and whom the row of the clock names. */
static void add_waiters(const struct core *core, const struct case_change *change,
                        const struct rule_clock *rule, struct casefile_clock *clock)
{
    struct member owner;
    if (rule->opener_waits && strcmp(change->row->opener, clock->owner) != 0)
        add_waiter(clock, change->row->opener);
    for (unsigned bit = 0; rule->waits >> bit != 0 && member_parse(clock->owner, &owner) == OK;
         bit++) {
        const char *member[TOLD_MAX];
        const size_t count =
            (rule->waits >> bit & 1) != 0
                ? copies_nearest(core, UINT32_C(1) << bit, owner.region, member, TOLD_MAX)
                : 0;
        for (size_t i = 0; i < count; i++)
            add_waiter(clock, member[i]);
    }
    add_told(change, clock);
}

static struct casefile_clock clock_of(const struct core *core, const struct case_change *change,
                                      const struct case_clock *start)
{
    struct casefile_clock clock = {
        .started_ms = start->from_ms, .counted_ms = start->from_ms, .due_ms = start->due_ms};
    term_print(&start->term, clock.term);
    memcpy(clock.id, change->row->id, sizeof clock.id);
    text_copy(clock.code, sizeof clock.code, start->clock->id);
    text_copy(clock.owner, sizeof clock.owner, owner_of(change, start));
    add_waiters(core, change, start->clock, &clock);
    return clock;
}

/* The running clock of that code; ERR_NOT_FOUND: none. */
static enum err find(struct core *core, const struct case_change *change, const char *code,
                     struct casefile_clock *out)
{
    enum err err = casefile_clock_get(core->store->casefiles, change->row->id, code, out);
    return err == OK && out->stopped_ms != 0 ? ERR_NOT_FOUND : err;
}

static enum err start(struct core *core, const struct case_change *change,
                      const struct case_clock *what)
{
    struct casefile_clock before;
    struct casefile_clock clock = clock_of(core, change, what);
    enum err err = casefile_clock_get(core->store->casefiles, clock.id, clock.code, &before);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == OK && before.stopped_ms == 0 && !what->met) { /* it runs already */
        add_waiters(core, change, what->clock, &before);
        return casefile_clock_set(core->store->casefiles, &before);
    }
    /* One of a code that began at the same moment is kept beside it. */
    if (err == OK && before.started_ms >= clock.started_ms)
        clock.started_ms = before.started_ms + 1;
    if (what->met)
        clock.stopped_ms = cases_moment(core, change->in);
    else
        plan_after(core, change, &clock, what->clock);
    return casefile_clock_start(core->store->casefiles, &clock);
}

static enum err suspend(struct core *core, const struct case_change *change, const char *code)
{
    struct casefile_clock clock;
    enum err err = find(core, change, code, &clock);
    if (err != OK || clock.suspended_ms != 0)
        return err == ERR_NOT_FOUND ? OK : err;
    clock.suspended_ms = change->event_ms;
    clock.next_ms = 0;
    return casefile_clock_set(core->store->casefiles, &clock);
}

/* What was left of its term runs on. */
static enum err resume(struct core *core, const struct case_change *change, const char *code)
{
    struct casefile_clock clock;
    struct term term;
    struct due_memo rest;
    const struct rule_clock *rule = ruleset_clock(core->opt.rules, code);
    enum err err = find(core, change, code, &clock);
    if (err != OK || clock.suspended_ms == 0 || rule == NULL)
        return err == ERR_NOT_FOUND ? OK : err;
    if (!term_parse(clock.term, &term))
        return ERR_CORRUPT;
    err = warnings_rest(core, &term, clock.due_ms, clock.suspended_ms, change->event_ms, &rest);
    if (err != OK)
        return err;
    term_print(&rest.term, clock.term);
    clock.counted_ms = rest.from_ms;
    clock.due_ms = rest.due_ms;
    clock.suspended_ms = 0;
    plan_after(core, change, &clock, rule);
    return casefile_clock_set(core->store->casefiles, &clock);
}

/* Its term ends at another moment now. */
static enum err move(struct core *core, const struct case_change *change,
                     const struct case_clock *to)
{
    struct casefile_clock clock;
    enum err err = find(core, change, to->clock->id, &clock);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    clock.due_ms = to->due_ms;
    clock.counted_ms = to->from_ms;
    term_print(&to->term, clock.term);
    clock.warned = 0;
    plan_after(core, change, &clock, to->clock);
    return casefile_clock_set(core->store->casefiles, &clock);
}

/* Another member of the same department must act now: what runs against the one before runs
 * against it, from the same beginning to the same end. */
static enum err hand_over(struct core *core, const struct case_change *change)
{
    struct casefile_clock clock = {.started_ms = 0};
    struct member before;
    struct member now;
    const char *owner = change->row->owner;
    enum err err = OK;
    if (strcmp(change->owner_before, owner) == 0 || member_parse(owner, &now) != OK ||
        member_parse(change->owner_before, &before) != OK || before.department != now.department)
        return OK;
    while ((err = casefile_clock_next(core->store->casefiles, change->row->id, &clock)) == OK) {
        if (clock.stopped_ms != 0 || strcmp(clock.owner, change->owner_before) != 0)
            continue;
        text_copy(clock.owner, sizeof clock.owner, owner);
        err = casefile_clock_set(core->store->casefiles, &clock);
        if (err != OK)
            return err;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err case_clocks_take(struct core *core, const struct case_change *change)
{
    const struct case_result *r = change->result;
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < r->stop_count; i++) {
        err = casefile_clock_stop(core->store->casefiles, change->row->id, r->stops[i],
                                  change->event_ms);
        err = err == ERR_NOT_FOUND ? OK : err; /* a clock that does not run needs no stopping */
    }
    if (err == OK)
        err = hand_over(core, change);
    for (uint32_t i = 0; err == OK && i < r->resume_count; i++)
        err = resume(core, change, r->resumes[i]);
    for (uint32_t i = 0; err == OK && i < r->start_count; i++)
        err = start(core, change, &r->starts[i]);
    for (uint32_t i = 0; err == OK && i < r->move_count; i++)
        err = move(core, change, &r->moves[i]);
    for (uint32_t i = 0; err == OK && i < r->suspend_count; i++)
        err = suspend(core, change, r->suspends[i]);
    for (uint32_t i = 0; err == OK && !change->past && i < r->late_count; i++) {
        struct casefile_clock clock;
        const struct word word = {&clock, 100};
        err = casefile_clock_get(core->store->casefiles, change->row->id, r->late[i]->id, &clock);
        /* Its end was told already when it came, if it was looked at. */
        bool told = err == OK && warnings_after(core, clock.warned) == 0;
        err = err == OK && !told ? breach(core, &word, r->late[i]) : err;
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    return err;
}

/* ---- the time comes ---- */

static enum err look_at(struct core *core, struct casefile_clock *clock)
{
    enum err counted = core->recount.running ? case_recount_clock(core, clock) : OK;
    if (counted != OK || clock->next_ms == 0 || clock->next_ms > core->now_ms)
        return counted;
    const struct rule_clock *rule = ruleset_clock(core->opt.rules, clock->code);
    const struct word word = {clock, warnings_after(core, clock->warned)};
    enum err err = OK;
    if (rule == NULL || word.percent == 0) { /* the rules know it no more */
        clock->next_ms = 0;
        return casefile_clock_set(core->store->casefiles, clock);
    }
    if (speaks(core, clock))
        err = tell(core, &word, clock->owner, lianshu_HubNoticeKind_HUBNOTICE_REMINDER);
    if (err == OK && warnings_escalate(core, word.percent))
        err = breach(core, &word, rule);
    clock->warned = word.percent;
    plan(core, clock, rule);
    return err == OK ? casefile_clock_set(core->store->casefiles, clock) : err;
}

static enum err next_due(struct core *core, void *row)
{
    return casefile_clock_next_due(core->store->casefiles, core->now_ms, row);
}

static enum err first_due(struct core *core, uint64_t *due_ms)
{
    return casefile_clock_first_due(core->store->casefiles, due_ms);
}

static enum err look(struct core *core, void *row)
{
    return look_at(core, row);
}

enum err case_clocks_step(struct core *core, bool *more)
{
    static const struct due_kind kind = {CASES_STEP, next_due, first_due, look};
    struct casefile_clock clock;
    return due_step(core, &kind, &clock, more);
}
