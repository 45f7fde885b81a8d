/* Another calendar: what was counted with days that nobody had announced is counted anew, row after
 * row, in the order in which the rows were made, so that what ran on after a stay finds what the
 * stay left counted already. The calendar's mark is kept when all is done: a hub that is stopped
 * before begins anew. */
#include "core/state.h"

#include "base/calendar.h"

#include <string.h>

enum { RECOUNT_STEP = 32 /* rows of one transaction */ };

static const char MARK[] = "calendar"; /* of the one that all terms were counted by */

/* ---- one obligation ---- */

/* What a stay ended runs no more, but what it left of its terms does, later. */
static bool still_counts(const struct obligation *row)
{
    return row->member[0] != '\0' &&
           (row->state == OBLIGATION_CREATED || row->state == OBLIGATION_DELIVERED ||
            row->state == OBLIGATION_ACCEPTED ||
            (!obligations_live(row) && row->cause == ORDER_SUSPENDED));
}

static const struct duty *duty_of(const struct core *core, const struct obligation *row)
{
    for (uint32_t i = 0; i < core->plan.duty_count; i++) {
        const struct duty *d = &core->plan.duty[i];
        if (strcmp(d->measure, row->measure) == 0 && strcmp(d->rule, row->rule) == 0 &&
            d->subject_index == row->subject_index)
            return d;
    }
    return NULL;
}

static enum err count(struct core *core, struct obligation *row)
{
    struct obligation stayed;
    enum err err = plans_load(core, row->order_id, row->order_version);
    if (err == ERR_REEXECUTION) {
        core->expansion_stuck = true; /* an operator must look; the others go on */
        return OK;
    }
    const struct duty *duty = err == OK ? duty_of(core, row) : NULL;
    if (err != OK || duty == NULL)
        return err;
    err = obligations_stayed(core, row, &stayed);
    return err == OK ? warnings_terms(core, duty, &stayed, row) : err;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

enum err recount_obligation(struct core *core, struct obligation *row)
{
    const struct obligation told = *row;
    enum err err = still_counts(row) ? count(core, row) : OK;
    if (err == OK && row->state == OBLIGATION_LIFT_DUE)
        err = warnings_lift_term(core, row->cause, row);
    if (err_class(err) == ERR_CLASS_REJECT) { /* its order was kept long enough */
        *row = told;
        return OK;
    }
    if (err != OK)
        return err;
    row->answer_due_ms = later(told.answer_due_ms, row->answer_due_ms);
    row->execute_due_ms = later(told.execute_due_ms, row->execute_due_ms);
    row->lift_due_ms = later(told.lift_due_ms, row->lift_due_ms);
    if (row->answer_due_ms == told.answer_due_ms && row->execute_due_ms == told.execute_due_ms &&
        row->lift_due_ms == told.lift_due_ms)
        return OK;
    warnings_anew(core, row);
    return obligations_recounted(core, row);
}

/* ---- all of them ---- */

/* The next row, counted; ERR_NOT_FOUND: there are no more of its kind. */
static enum err count_next(struct core *core)
{
    struct recount *r = &core->recount;
    struct obligation obligation;
    struct request request;
    struct casefile file;
    enum err err;
    switch (r->kind) {
    case RECOUNT_OBLIGATIONS:
        err = obligation_next(core->store->obligations, &r->at, &obligation);
        return err == OK ? recount_obligation(core, &obligation) : err;
    case RECOUNT_REQUESTS:
        err = request_next_open(core->store->requests, &r->at, &request);
        return err == OK ? recount_request(core, &request) : err;
    default:
        err = casefile_next(core->store->casefiles, r->case_id, &file);
        return err == OK ? case_recount(core, &file) : err;
    }
}

/* Behind the last kind all are counted. */
static enum err end_of_kind(struct core *core)
{
    struct recount *r = &core->recount;
    r->at = 0;
    r->running = r->kind != RECOUNT_CASES;
    if (r->running)
        r->kind++;
    return r->running ? OK : store_meta_put_u64(core->store, MARK, r->mark);
}

enum err recount_step(struct core *core, bool *more)
{
    struct recount *r = &core->recount;
    *more = false;
    if (!r->running)
        return OK;
    enum err err = core_begin(core);
    for (size_t i = 0; err == OK && r->running && i < RECOUNT_STEP; i++) {
        err = count_next(core);
        if (err == ERR_NOT_FOUND)
            err = end_of_kind(core);
    }
    *more = r->running;
    return err;
}

static enum err nothing_counted(struct core *core, bool *nothing)
{
    struct obligation obligation;
    struct request request;
    struct casefile file;
    uint8_t id[STORE_ID_LEN] = {0};
    uint64_t cursor = 0;
    enum err err = obligation_next(core->store->obligations, &cursor, &obligation);
    cursor = 0;
    if (err == ERR_NOT_FOUND)
        err = request_next_open(core->store->requests, &cursor, &request);
    if (err == ERR_NOT_FOUND)
        err = casefile_next(core->store->casefiles, id, &file);
    *nothing = err == ERR_NOT_FOUND;
    return *nothing ? OK : err;
}

enum err recount_note(struct core *core)
{
    struct recount *r = &core->recount;
    uint64_t known = 0;
    bool nothing = false;
    *r = (struct recount){.mark = calendar_mark(core->opt.calendar)};
    enum err err = store_meta_get_u64(core->store, MARK, &known);
    if (err == ERR_NOT_FOUND)
        err = nothing_counted(core, &nothing);
    r->running = !nothing && known != r->mark;
    return err == OK && nothing ? store_meta_put_u64(core->store, MARK, r->mark) : err;
}
