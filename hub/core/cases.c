/* Cases: a step moves one when the case table knows it, by a member that has a part in the case;
 * what it moved, who sent it to whom and which files went with it is kept. What the case is about
 * stays sealed. Domain C.4, C.5. */
#include "core/state.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum {
    RUNNING_MAX = 32, /* its running clocks */
};

uint64_t cases_moment(const struct core *core, const struct incoming *in)
{
    return in->accepted_ms != 0 ? in->accepted_ms : core->now_ms;
}

bool cases_party(const struct case_parties *parties, const char *member)
{
    bool found = false;
    for (size_t i = 0; i < parties->count; i++)
        found = found || strcmp(parties->member[i], member) == 0;
    return found;
}

static enum err add_party(struct case_parties *parties, const char *member)
{
    if (member[0] == '\0' || cases_party(parties, member))
        return OK;
    if (parties->count == CASE_PARTIES_MAX)
        return ERR_QUOTA;
    text_copy(parties->member[parties->count++], STORE_MEMBER_MAX + 1, member);
    return OK;
}

enum err cases_parties(struct core *core, const struct casefile *row, struct case_parties *out)
{
    struct casefile_step step;
    uint64_t cursor = 0;
    out->count = 0;
    enum err err = add_party(out, row->opener);
    while (err == OK &&
           (err = casefile_step_next(core->store->casefiles, row->id, &cursor, &step)) == OK)
        err = add_party(out, step.by);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err cases_copied(struct core *core, const struct casefile *row, const char *member, bool *got)
{
    struct casefile_step step;
    uint64_t cursor = 0;
    enum err err = OK;
    *got = false;
    while (!*got &&
           (err = casefile_step_next(core->store->casefiles, row->id, &cursor, &step)) == OK) {
        char holder[STORE_MEMBER_MAX + 1] = "";
        while (!*got && (err = casefile_holder_next(core->store->casefiles, row->id, step.seq,
                                                    holder)) == OK)
            *got = strcmp(holder, member) == 0;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Above all parties of the same department, of which there is one. */
static bool is_superior(const struct case_parties *parties, const struct casefile *row,
                        const char *member, const struct member *who)
{
    bool above = false;
    struct member party;
    for (size_t i = 0; i <= parties->count; i++) {
        const char *other = i < parties->count ? parties->member[i] : row->owner;
        if (strcmp(other, member) == 0 || member_parse(other, &party) != OK ||
            party.department != who->department)
            continue;
        above =
            region_contains(who->region, party.region) && strcmp(who->region, party.region) != 0;
        if (!above)
            return false;
    }
    return above;
}

static bool oversees(const struct casefile *row, const struct member *who)
{
    struct member opener;
    return member_parse(row->opener, &opener) == OK && region_contains(who->region, opener.region);
}

/* May this member take that step? To know the id of a case is not enough. */
static enum err may_act(struct core *core, const struct casefile *row, const struct rule_step *step,
                        const struct case_parties *parties, const char *member, bool *may)
{
    struct member who;
    enum err err = member_parse(member, &who);
    const bool owns = strcmp(row->owner, member) == 0;
    const bool party = owns || cases_party(parties, member);
    *may = party;
    if (err != OK)
        return err;
    switch (step->by) {
    case STEP_BY_COPIED:
        return party ? OK : cases_copied(core, row, member, may);
    case STEP_BY_SUPERIOR:
        *may = is_superior(parties, row, member, &who);
        return OK;
    case STEP_BY_OVERSEER:
        *may = oversees(row, &who);
        return OK;
    case STEP_BY_OWNER:
        *may = row->owner[0] == '\0' ? party : owns;
        return OK;
    case STEP_BY_OPENER:
        *may = strcmp(row->opener, member) == 0;
        return OK;
    default:
        return OK;
    }
}

static bool goes_to(const lianshu_Header *h, const char *member)
{
    bool found = strcmp(h->sender, member) == 0;
    for (pb_size_t i = 0; i < h->destination_count; i++)
        found = found || strcmp(h->destination[i], member) == 0;
    return found;
}

/* Of the result that ends a case everybody hears who acted in it (T31). */
static bool reaches_parties(const lianshu_Header *h, const struct case_parties *parties)
{
    bool all = true;
    for (size_t i = 0; i < parties->count; i++)
        all = all && goes_to(h, parties->member[i]);
    return all;
}

static uint32_t departments_of(const lianshu_Header *h)
{
    uint32_t bits = 0;
    struct member member;
    for (pb_size_t i = 0; i < h->destination_count; i++) {
        if (member_parse(h->destination[i], &member) == OK)
            bits |= UINT32_C(1) << member.department;
    }
    return bits;
}

/* The clocks that run, not the suspended ones. ids: where their codes stay. */
static enum err find_running(struct core *core, const uint8_t id[static STORE_ID_LEN],
                             char ids[static RUNNING_MAX][STORE_CODE_MAX + 1],
                             struct case_running out[static RUNNING_MAX], size_t *count)
{
    struct casefile_clock clock = {.started_ms = 0};
    enum err err;
    *count = 0;
    while ((err = casefile_clock_next(core->store->casefiles, id, &clock)) == OK) {
        if (clock.stopped_ms != 0 || clock.suspended_ms != 0)
            continue;
        if (*count == RUNNING_MAX)
            return ERR_QUOTA;
        memcpy(ids[*count], clock.code, sizeof clock.code);
        out[*count] = (struct case_running){ids[*count], clock.started_ms, clock.due_ms};
        (*count)++;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* What a refusal rests on: the step, and its article or the department that must have a copy. */
static void name_ground(const struct case_result *step, struct verdict *v)
{
    if (step->step == NULL)
        return;
    lianshu_Ground *ground = &v->ground[0];
    *ground = (lianshu_Ground)lianshu_Ground_init_zero;
    text_copy(ground->rule, sizeof ground->rule, step->step->id);
    for (unsigned bit = 0; step->missing_copies != 0 && ground->basis[0] == '\0'; bit++) {
        if ((step->missing_copies >> bit & 1) != 0)
            text_copy(ground->basis, sizeof ground->basis, department_name(bit));
    }
    if (ground->basis[0] == '\0' && step->missing_paper != NULL)
        text_copy(ground->basis, sizeof ground->basis, step->missing_paper->id);
    if (ground->basis[0] == '\0' && strlen(step->step->basis) < sizeof ground->basis)
        text_copy(ground->basis, sizeof ground->basis, step->step->basis);
    v->ground_count = 1;
}

enum err cases_judge_from(struct core *core, const struct incoming *in, const char *state,
                          struct judgement *out)
{
    const lianshu_CaseClock said = cases_read(core, in);
    const lianshu_CaseClock *clock = &said;
    char ids[RUNNING_MAX][STORE_CODE_MAX + 1];
    struct case_running running[RUNNING_MAX];
    const char *papers[sizeof clock->documents / sizeof clock->documents[0]];
    struct member actor;
    struct case_event event = {
        .state = state,
        .transition = clock->transition,
        .type = in->header.type,
        .outcome = clock->outcome,
        .complexity = clock->complexity,
        .papers = papers,
        .paper_count = clock->documents_count,
        .destinations = departments_of(&in->header),
        .event_ms = clock->event_ms,
        .now_ms = cases_moment(core, in),
        .running = running,
    };
    enum err err = member_parse(in->header.sender, &actor);
    if (err == OK)
        err = find_running(core, clock->case_id, ids, running, &event.running_count);
    if (err != OK)
        return err;
    event.actor = actor.department;
    for (pb_size_t i = 0; i < clock->documents_count; i++)
        papers[i] = clock->documents[i];
    out->err = case_step(core->opt.rules, core->opt.calendar, &event, &out->step);
    return OK;
}

/* The next step: from the state in which the case stands, by who has a part in it. */
static enum err judge_next(struct core *core, const struct incoming *in, const struct casefile *row,
                           struct judgement *out)
{
    struct case_parties parties = {.count = 0};
    bool may = true;
    enum err err = row->steps == 0 ? OK : cases_parties(core, row, &parties);
    if (err == OK)
        err = cases_judge_from(core, in, row->state, out);
    if (err == OK && row->steps != 0 && out->step.step != NULL)
        err = may_act(core, row, out->step.step, &parties, in->header.sender, &may);
    if (err != OK)
        return err;
    if (!may) {
        out->err = ERR_CASE_STATE; /* who has no part in it learns nothing of it */
        return OK;
    }
    if (out->err == OK && out->step.step->parties && !reaches_parties(&in->header, &parties))
        out->err = ERR_COPY_MISSING;
    if (out->err != OK)
        name_ground(&out->step, &out->verdict);
    return OK;
}

/* A step that another hub has judged and numbered: here the table need only know it. Others of the
 * case may have gone past this hub, or are still on their way. */
static enum err judge_apart(struct core *core, const struct incoming *in,
                            const struct casefile *row, struct judgement *out)
{
    struct casefile_step step = cases_step_of(core, in);
    step.number = out->case_step;
    const struct rule_step *rule = cases_row_of(core, &step);
    enum err err = case_split_judge(core, &step, &out->case_place);
    if (err != OK || out->case_place == CASE_KNOWN)
        return err;
    out->err = ERR_CASE_STATE; /* two documents for one step, or one that the table does not know */
    if ((out->case_place != CASE_NEXT && out->case_place != CASE_WINS) || rule == NULL)
        return OK;
    if (step.number == row->steps + 1) /* mostly none is missing */
        err = cases_judge_from(core, in, row->state, out);
    if (err == OK && out->err != OK && step.number == row->steps + 1)
        err = case_split_void(core, row, &out->case_place);
    if (err != OK || out->err == OK || out->case_place == CASE_VOID)
        return err;
    /* Of one that may open a case or go on with it: it goes on. */
    const bool later = out->case_step > 1 && rule->from_count > 1 && rule->from[0][0] == '\0';
    return cases_judge_from(core, in, rule->from[later], out);
}

/* A result whose trigger no rule has would never be evaluated. */
static bool knows_trigger(const struct core *core, const struct incoming *in)
{
    size_t count = 0;
    const struct rule *rules = ruleset_rules(core->opt.rules, &count);
    const lianshu_CaseClock said = cases_read(core, in);
    bool known = said.trigger[0] == '\0';
    for (size_t i = 0; !known && i < count; i++)
        known = event_orders_by(&rules[i], said.trigger, date_from_ms(said.event_ms));
    return known;
}

enum err cases_judge(struct core *core, const struct incoming *in, struct judgement *out)
{
    struct casefile row = {.type = in->header.type};
    const struct casefile_step step = cases_step_of(core, in);
    if (!knows_trigger(core, in) || !cases_named(in)) {
        out->err = ERR_FIELD_VALUE;
        return OK;
    }
    enum err err = casefile_get(core->store->casefiles, step.id, &row);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    out->case_step = in->case_step == 0 ? row.steps + 1 : in->case_step;
    if (out->case_step > CASE_STEPS_MAX) {
        out->err = ERR_CASE_STATE;
        return OK;
    }
    err = in->case_step == 0 ? judge_next(core, in, &row, out) : judge_apart(core, in, &row, out);
    if (out->err == OK && step.time_ms > cases_moment(core, in) + FUTURE_MAX_MS)
        out->err = ERR_FUTURE; /* no term begins with what has not happened */
    if (err != ERR_QUOTA)
        return err;
    out->err = err; /* more members or clocks than one case has */
    return OK;
}

/* ---- what is kept of a step ---- */

/* Whom it went to, and which files: the hub sees the roots, not the lists. */
enum err cases_custody(struct core *core, const struct incoming *in,
                       const uint8_t id[static STORE_ID_LEN], uint64_t seq)
{
    const lianshu_Header *h = &in->header;
    enum err err = OK;
    for (pb_size_t i = 0; err == OK && i < h->destination_count; i++)
        err = casefile_holder_put(core->store->casefiles, id, seq, h->destination[i]);
    for (pb_size_t i = 0; err == OK && i < h->attachments_count; i++) {
        struct casefile_item item = {.byte_count = h->attachments[i].byte_count};
        memcpy(item.root, h->attachments[i].root, sizeof item.root);
        err = casefile_item_put(core->store->casefiles, id, seq, &item);
    }
    return err;
}

/* A clock that a later step has stopped, which came before this one, does not run. */
static enum err overtaken(struct core *core, const struct casefile_step *late)
{
    struct casefile_step step;
    uint64_t cursor = late->number + 1;
    enum err err;
    while ((err = casefile_step_next(core->store->casefiles, late->id, &cursor, &step)) == OK) {
        const struct rule_step *rule = cases_row_of(core, &step);
        for (uint32_t i = 0; rule != NULL && i < rule->stop_count; i++) {
            err =
                casefile_clock_stop(core->store->casefiles, late->id, rule->stops[i], step.time_ms);
            if (err != OK && err != ERR_NOT_FOUND)
                return err;
        }
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- a step is taken ---- */

void cases_move(struct core *core, const struct case_result *result, struct casefile *row,
                struct casefile_step *step)
{
    const bool stays = result->step->to[0] == '\0';
    text_copy(step->state, sizeof step->state, stays ? row->state : result->state);
    row->changed_ms = core->now_ms;
    if (step->number < row->steps)
        return;
    row->steps = step->number;
    memcpy(row->state, step->state, sizeof row->state);
    memcpy(row->owner, step->owner, sizeof row->owner);
    row->closed = stays ? row->closed : result->closed;
}

static enum err open_file(struct core *core, const struct incoming *in,
                          const struct casefile_step *step, struct casefile *row)
{
    enum err err = casefile_get(core->store->casefiles, step->id, row);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == ERR_NOT_FOUND) {
        memcpy(row->id, step->id, sizeof row->id);
        row->type = in->header.type;
    }
    if (err == ERR_NOT_FOUND || step->number == 1) { /* also when it comes after the second */
        text_copy(row->opener, sizeof row->opener, in->header.sender);
        row->opened_ms = step->time_ms;
    }
    return OK;
}

/* It came behind a later one. */
static enum err settle_late(struct core *core, const struct casefile_step *step)
{
    struct case_changes changes = {.count = 0};
    bool whole;
    enum err err = overtaken(core, step);
    if (err == OK)
        err = case_settle(core, step->id, &changes, &whole);
    return err == OK ? case_split_tell(core, step->id, &changes) : err;
}

static enum err take_next(struct core *core, const struct incoming *in,
                          const struct judgement *judged, struct casefile_step *step)
{
    struct casefile row = {0};
    enum err err = open_file(core, in, step, &row);
    if (err != OK)
        return err;
    const bool late = step->number < row.steps;
    struct case_change change = {
        .in = in, .row = &row, .result = &judged->step, .event_ms = step->time_ms};
    memcpy(change.owner_before, row.owner, sizeof row.owner);
    cases_move(core, &judged->step, &row, step);
    err = casefile_put(core->store->casefiles, &row, step);
    if (err == OK)
        err = cases_custody(core, in, row.id, step->seq);
    if (err == OK)
        err = case_history_keep(core, in, step);
    if (err == OK)
        err = case_clocks_take(core, &change);
    if (err == OK && late)
        err = settle_late(core, step);
    return err == OK ? cases_evaluate(core, in, &row) : err;
}

enum err cases_take(struct core *core, const struct incoming *in, const struct judgement *judged,
                    uint64_t seq)
{
    struct casefile_step step = cases_step_of(core, in);
    step.seq = seq;
    step.number = judged->case_step;
    enum err err = OK;
    if (judged->case_place == CASE_WINS)
        err = case_split_take(core, in, step.number, seq);
    else if (judged->case_place != CASE_KNOWN) /* else it came here by way of another hub */
        err = take_next(core, in, judged, &step);
    if (err == OK && judged->case_place != CASE_KNOWN)
        err = case_share_kept(core, &step, "");
    return err == OK && in->case_step != 0 ? case_share_ask(core, &step) : err;
}

enum err cases_said_then(struct core *core, const struct incoming *in, uint64_t *number,
                         uint64_t *taken_ms)
{
    struct casefile_step step;
    uint64_t cursor = 0;
    enum err err;
    if (!in->has_facts || !cases_apply(in))
        return OK;
    const struct casefile_step said = cases_step_of(core, in);
    while ((err = casefile_step_next(core->store->casefiles, said.id, &cursor, &step)) == OK) {
        if (memcmp(step.document, said.document, sizeof step.document) != 0)
            continue;
        *number = step.number;
        *taken_ms = step.taken_ms;
        return OK;
    }
    return err;
}

/* Rules of this hub bind its own members: what they refuse to hand over is a step all the same. */
static enum err take_unheard(struct core *core, const struct incoming *in,
                             const struct judgement *judged, uint64_t seq)
{
    enum err err =
        judged->case_place == CASE_NEXT ? spread_put_document(core, in, seq) : OK; /* else there */
    return err == OK ? cases_take(core, in, judged, seq) : err;
}

enum err cases_refused(struct core *core, const struct incoming *in, const struct judgement *judged,
                       uint64_t seq)
{
    if (judged->err != OK && in->link != NULL && judged->case_stands)
        return take_unheard(core, in, judged, seq);
    const bool loses = judged->case_place == CASE_LOSES;
    if (judged->err == OK || (!loses && judged->case_place != CASE_VOID))
        return OK;
    struct casefile_step step = cases_step_of(core, in);
    step.number = judged->case_step;
    enum err err = case_split_take(core, in, step.number, seq);
    return err == OK ? case_share_kept(core, &step, "") : err;
}
