/* State and clocks of a case, made again from all its steps in their order: when one came behind a
 * later one, and when another document stands for a number. */
#include "core/state.h"

#include "base/text.h"

#include <string.h>

enum { RUNNING_MAX = 32 /* clocks of a case whose warnings are carried over */ };

enum err case_whole(struct core *core, const struct casefile *row, bool *whole)
{
    enum err err = OK;
    *whole = true;
    for (uint64_t n = 1; err == OK && *whole && n <= row->steps; n++) {
        struct casefile_step step;
        struct span sealed;
        err = case_history_step(core, row->id, n, &step);
        if (err == OK)
            err = casefile_paper(core->store->casefiles, &step, &sealed);
        *whole = err == OK;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* What the table makes of the step from where the case stands; *step gets its state and code. */
static enum err again(struct core *core, struct casefile *row, struct casefile_step *step)
{
    struct spread *s = core->spread;
    struct case_change change = {.in = &s->in, .row = row, .result = &s->judged.step, .past = true};
    enum err err = case_history_open(core, step);
    if (err != OK)
        return err;
    if (step->number == 1) {
        row->type = s->in.header.type;
        row->opened_ms = step->time_ms;
        text_copy(row->opener, sizeof row->opener, s->in.header.sender);
    }
    change.event_ms = step->time_ms;
    memcpy(change.owner_before, row->owner, sizeof row->owner);
    err = cases_judge_from(core, &s->in, row->state, &s->judged);
    step->code = (uint32_t)s->judged.err;
    if (err != OK)
        return err;
    if (step->code != 0) { /* it stands, without effect */
        row->steps = step->number;
        memcpy(step->state, row->state, sizeof step->state);
        err = casefile_step_state(core->store->casefiles, step);
        return err == OK ? store_count(core->store, "cases.unlike", 1) : err;
    }
    cases_move(core, &s->judged.step, row, step);
    err = casefile_step_state(core->store->casefiles, step);
    return err == OK ? case_clocks_take(core, &change) : err;
}

/* What was said of a clock that ran already stays said, and the end that was told, where only the
 * calendar is another. */
static enum err carry_warnings(struct core *core, const struct casefile_clock *before)
{
    struct casefile_clock clock;
    enum err err = casefile_clock_get(core->store->casefiles, before->id, before->code, &clock);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if (clock.stopped_ms != 0 || clock.started_ms != before->started_ms ||
        clock.suspended_ms != before->suspended_ms)
        return OK;
    if (clock.counted_ms == before->counted_ms && strcmp(clock.term, before->term) == 0 &&
        clock.due_ms < before->due_ms)
        clock.due_ms = before->due_ms;
    if (clock.due_ms != before->due_ms)
        return OK;
    clock.warned = before->warned;
    clock.next_ms = before->next_ms;
    return casefile_clock_set(core->store->casefiles, &clock);
}

/* The clocks that run; then none is left. */
static enum err put_clocks_away(struct core *core, const uint8_t id[static STORE_ID_LEN],
                                struct casefile_clock out[static RUNNING_MAX], size_t *count)
{
    struct casefile_clock clock = {.started_ms = 0};
    enum err err = OK;
    *count = 0;
    while (*count < RUNNING_MAX &&
           (err = casefile_clock_next(core->store->casefiles, id, &clock)) == OK) {
        if (clock.stopped_ms == 0)
            out[(*count)++] = clock;
    }
    return err == OK || err == ERR_NOT_FOUND ? casefile_clock_clear(core->store->casefiles, id)
                                             : err;
}

enum err case_settle(struct core *core, const uint8_t id[static STORE_ID_LEN],
                     struct case_changes *changes, bool *whole)
{
    struct casefile_clock before[RUNNING_MAX];
    struct casefile row = {.steps = 0};
    struct casefile was;
    size_t count = 0;
    *whole = false;
    enum err err = casefile_get(core->store->casefiles, id, &was);
    if (err == OK)
        err = case_whole(core, &was, whole);
    if (err != OK || !*whole)
        return err;
    memcpy(row.id, id, sizeof row.id);
    err = put_clocks_away(core, id, before, &count);
    for (uint64_t n = 1; err == OK && n <= was.steps; n++) {
        struct casefile_step step;
        err = case_split_choose(core, id, n, row.state, &step, changes);
        const uint32_t code = step.code;
        if (err == OK)
            err = again(core, &row, &step);
        if (err == OK && code == 0 && step.code != 0)
            case_split_note(changes, &step, true);
    }
    row.changed_ms = was.changed_ms;
    if (err == OK)
        err = casefile_put(core->store->casefiles, &row, NULL);
    for (size_t i = 0; err == OK && i < count; i++)
        err = carry_warnings(core, &before[i]);
    return err;
}
