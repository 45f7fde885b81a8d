/* Several documents for one step of a case, made on both sides of a cut link: which of them stands
 * follows from them alone, so that every hub comes to the same card, whatever came to it first. The
 * others are kept beside it, without effect, and what was built on them is judged again. */
#include "core/state.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { RIVALS_MAX = 8 /* documents of one number that are kept */ };

/* The documents of one number. */
struct line {
    struct casefile_step step[RIVALS_MAX];
    size_t count;
};

static enum err line_up(struct core *core, const uint8_t id[static STORE_ID_LEN], uint64_t number,
                        struct line *out)
{
    struct casefile_step step = {.number = number};
    enum err err = OK;
    out->count = 0;
    while (out->count < RIVALS_MAX &&
           (err = casefile_step_rival(core->store->casefiles, id, &step)) == OK)
        out->step[out->count++] = step;
    return err == ERR_NOT_FOUND ? OK : err;
}

static bool goes_before(const struct casefile_step *a, const struct casefile_step *b)
{
    return a->taken_ms != b->taken_ms ? a->taken_ms < b->taken_ms
                                      : memcmp(a->document, b->document, sizeof a->document) < 0;
}

/* Has the table a row for it from that state? NULL: the state is not known here. */
static bool allows(const struct core *core, const struct casefile_step *step, const char *state)
{
    size_t n = 0;
    const struct rule_step *rows = ruleset_steps(core->opt.rules, &n);
    struct member actor;
    bool found = state == NULL;
    if (member_parse(step->by, &actor) != OK)
        return false;
    for (size_t i = 0; !found && i < n; i++) {
        if (rows[i].barred || rows[i].type != step->type ||
            strcmp(rows[i].id, step->transition) != 0 ||
            strcmp(rows[i].outcome, step->outcome) != 0 ||
            (rows[i].actor >> actor.department & 1) == 0)
            continue;
        for (uint32_t k = 0; !found && k < rows[i].from_count; k++)
            found = strcmp(rows[i].from[k], state) == 0;
    }
    return found;
}

/* Of those that the state allows the first, else the first of all. */
static const struct casefile_step *pick(const struct core *core, const struct line *line,
                                        const struct casefile_step *more, const char *state)
{
    const struct casefile_step *best = more;
    bool fits = more != NULL && allows(core, more, state);
    for (size_t i = 0; i < line->count; i++) {
        const struct casefile_step *step = &line->step[i];
        const bool also = allows(core, step, state);
        if (best == NULL || also > fits || (also == fits && goes_before(step, best))) {
            best = step;
            fits = also;
        }
    }
    return best;
}

/* Where the case stood before that number; *state NULL: it is not known here. */
static enum err state_before(struct core *core, const uint8_t id[static STORE_ID_LEN],
                             uint64_t number, struct casefile_step *before, const char **state)
{
    uint64_t cursor = number - 1;
    *state = number == 1 ? "" : NULL;
    if (number == 1)
        return OK;
    enum err err = casefile_step_next(core->store->casefiles, id, &cursor, before);
    if (err == OK && before->number == number - 1)
        *state = before->state;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err case_split_judge(struct core *core, const struct casefile_step *step,
                          enum case_place *place)
{
    struct line line;
    struct casefile_step before;
    const char *state;
    enum err err = line_up(core, step->id, step->number, &line);
    *place = CASE_NEXT;
    if (err != OK || line.count == 0)
        return err;
    for (size_t i = 0; i < line.count; i++) {
        if (memcmp(line.step[i].document, step->document, sizeof step->document) != 0)
            continue;
        *place = line.step[i].lost ? CASE_KNOWN_LOST : CASE_KNOWN;
        return OK;
    }
    *place = CASE_NO_PLACE;
    if (line.count == RIVALS_MAX || cases_row_of(core, step) == NULL)
        return OK;
    err = state_before(core, step->id, step->number, &before, &state);
    if (err == OK)
        *place = pick(core, &line, step, state) == step ? CASE_WINS : CASE_LOSES;
    return err;
}

/* ---- who hears of it ---- */

void case_split_note(struct case_changes *changes, const struct casefile_step *step, bool stood)
{
    if (changes->count == CASE_CHANGES_MAX)
        return;
    struct case_change_of *change = &changes->change[changes->count++];
    change->number = step->number;
    change->stood = stood;
    memcpy(change->document, step->document, sizeof change->document);
}

/* The document that lost, and the one that stands instead of it. */
struct split {
    const struct casefile_step *lost;
    const struct casefile_step *stands; /* NULL: none, it is without effect by itself */
    bool stood;                         /* it had effect here before */
};

static enum err tell(struct core *core, const struct split *split, const char *member,
                     const char *other)
{
    const struct casefile_step *step = split->lost;
    struct message_row message;
    lianshu_HubNotice body = {.kind = lianshu_HubNoticeKind_HUBNOTICE_STEP_SPLIT};
    if (!spread_ours(core, member) || strcmp(member, core->opt.member) == 0)
        return OK; /* his own hub sees the same */
    body.case_id.size = STORE_ID_LEN;
    memcpy(body.case_id.bytes, step->id, STORE_ID_LEN);
    text_copy(body.rule, sizeof body.rule, step->transition);
    text_copy(body.member, sizeof body.member, other);
    snprintf(body.reference, sizeof body.reference, "E%03u", (unsigned)ERR_CASE_STATE);
    enum err err = message_get(core->store->messages, step->by, step->message_id, &message);
    if (err == OK) {
        body.env_id.size = HASH_LEN;
        memcpy(body.env_id.bytes, message.env_id, HASH_LEN);
    }
    return err == OK || err == ERR_NOT_FOUND ? tell_notice(core, member, &body) : err;
}

/* Those here who got it and hold it for a step of the case. */
static enum err tell_holders(struct core *core, const struct split *split)
{
    char holder[STORE_MEMBER_MAX + 1] = "";
    enum err err;
    while ((err = casefile_holder_next(core->store->casefiles, split->lost->id, split->lost->seq,
                                       holder)) == OK) {
        if (strcmp(holder, split->lost->by) != 0 && strcmp(holder, split->stands->by) != 0)
            err = tell(core, split, holder, split->stands->by);
        if (err != OK)
            return err;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err tell_split(struct core *core, const struct split *split)
{
    const char *by = split->stands == NULL ? "" : split->stands->by;
    enum err err = OK;
    if (split->stood && spread_ours(core, split->lost->by))
        err = contest_refuse(core, split->lost->by, split->lost->message_id, ERR_CASE_STATE);
    if (err == OK)
        err = tell(core, split, split->lost->by, by);
    if (err == OK && by[0] != '\0' && strcmp(by, split->lost->by) != 0)
        err = tell(core, split, by, split->lost->by);
    return err == OK && split->stood && split->stands != NULL ? tell_holders(core, split) : err;
}

enum err case_split_tell(struct core *core, const uint8_t id[static STORE_ID_LEN],
                         const struct case_changes *changes)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < changes->count; i++) {
        const struct case_change_of *change = &changes->change[i];
        struct line line;
        struct split split = {.stood = change->stood};
        err = line_up(core, id, change->number, &line);
        for (size_t k = 0; err == OK && k < line.count; k++) {
            const bool it = memcmp(line.step[k].document, change->document, HASH_LEN) == 0;
            if (it)
                split.lost = &line.step[k];
            else if (!line.step[k].lost)
                split.stands = &line.step[k];
        }
        if (err == OK && split.lost != NULL)
            err = tell_split(core, &split);
    }
    return err;
}

/* ---- it is kept, and the case settled ---- */

enum err case_split_choose(struct core *core, const uint8_t id[static STORE_ID_LEN],
                           uint64_t number, const char *state, struct casefile_step *stands,
                           struct case_changes *changes)
{
    struct line line;
    enum err err = line_up(core, id, number, &line);
    if (err != OK || line.count == 0)
        return err == OK ? ERR_NOT_FOUND : err;
    *stands = *pick(core, &line, NULL, state);
    for (size_t i = 0; stands->lost && i < line.count; i++)
        if (!line.step[i].lost)
            case_split_note(changes, &line.step[i], true);
    if (!stands->lost)
        return OK;
    stands->lost = false;
    stands->code = 0;
    return casefile_step_stand(core->store->casefiles, stands, ERR_CASE_STATE);
}

/* Some steps are not known here yet: what follows from it is that of the last one alone. */
static enum err choose_alone(struct core *core, const struct casefile_step *step,
                             struct case_changes *changes)
{
    struct casefile row;
    struct casefile_step before;
    struct casefile_step stands;
    const char *state;
    enum err err = state_before(core, step->id, step->number, &before, &state);
    if (err == OK)
        err = case_split_choose(core, step->id, step->number, state, &stands, changes);
    if (err == OK)
        err = casefile_get(core->store->casefiles, step->id, &row);
    const struct rule_step *rule = err == OK ? cases_row_of(core, &stands) : NULL;
    if (err != OK || rule == NULL || row.steps != stands.number)
        return err;
    const char *to = rule->to[0] == '\0' ? state : rule->to;
    if (to != NULL)
        text_copy(row.state, sizeof row.state, to);
    memcpy(row.owner, stands.owner, sizeof row.owner);
    return casefile_put(core->store->casefiles, &row, NULL);
}

static enum err settle(struct core *core, const struct casefile_step *step, bool rivals)
{
    struct case_changes changes = {.count = 0};
    bool whole;
    bool told = !rivals; /* it is the only one of its number */
    enum err err = case_settle(core, step->id, &changes, &whole);
    if (err == OK && !whole)
        err = choose_alone(core, step, &changes);
    for (size_t i = 0; i < changes.count; i++)
        told = told || changes.change[i].number == step->number;
    if (!told)
        case_split_note(&changes, step, false);
    return err == OK ? case_split_tell(core, step->id, &changes) : err;
}

enum err case_split_void(struct core *core, const struct casefile *row, enum case_place *place)
{
    bool whole = false;
    bool lost;
    enum err err = casefile_step_lost(core->store->casefiles, row->id, &lost);
    if (err == OK && lost)
        err = case_whole(core, row, &whole);
    if (whole)
        *place = CASE_VOID;
    return err;
}

enum err case_split_take(struct core *core, const struct incoming *in, uint64_t number,
                         uint64_t seq)
{
    struct casefile row;
    struct casefile_step was;
    struct casefile_step step = cases_step_of(core, in);
    uint64_t cursor = number;
    step.number = number;
    step.seq = seq;
    step.code = ERR_CASE_STATE;
    enum err err = casefile_step_next(core->store->casefiles, step.id, &cursor, &was);
    step.lost = err == OK && was.number == number;
    if (err == OK || err == ERR_NOT_FOUND)
        err = casefile_get(core->store->casefiles, step.id, &row);
    if (err == OK && number > row.steps)
        row.steps = number;
    if (err == OK)
        err = casefile_put(core->store->casefiles, &row, &step);
    if (err == OK)
        err = cases_custody(core, in, step.id, seq);
    if (err == OK)
        err = case_history_keep(core, in, &step);
    if (err == OK)
        err = spread_put_document(core, in, seq);
    if (err == OK)
        err = store_count(core->store, "cases.split", 1);
    return err == OK ? settle(core, &step, step.lost) : err;
}
