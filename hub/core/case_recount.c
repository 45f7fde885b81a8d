/* The clocks of a case or a conversation by another calendar (recount.c): each from where its term
 * was counted, and what extends a term from where that ends now. */
#include "core/state.h"

#include "base/text.h"

#include <string.h>

enum { MOVED_MAX = 64 /* ends of one case that are others now, and that something may follow */ };

struct moved {
    size_t count;
    struct {
        char code[STORE_CODE_MAX + 1];
        uint64_t told_ms; /* the end until now */
        uint64_t due_ms;
    } end[MOVED_MAX];
};

/* What extends a term runs on from its end: from that moment, or from the day before it. */
static bool follow(const struct moved *moved, const struct rule_clock *rule,
                   struct casefile_clock *clock)
{
    for (uint32_t i = 0; rule != NULL && i < rule->extends_count; i++) {
        for (size_t k = 0; k < moved->count; k++) {
            const uint64_t back_ms = moved->end[k].told_ms - clock->counted_ms;
            if (back_ms > 1 || strcmp(moved->end[k].code, rule->extends[i]->id) != 0)
                continue;
            clock->counted_ms = moved->end[k].due_ms - back_ms;
            return true;
        }
    }
    return false;
}

static void note(struct moved *moved, const struct casefile_clock *clock, uint64_t told_ms)
{
    if (moved->count == MOVED_MAX)
        return;
    text_copy(moved->end[moved->count].code, sizeof clock->code, clock->code);
    moved->end[moved->count].told_ms = told_ms;
    moved->end[moved->count++].due_ms = clock->due_ms;
}

static enum err count_anew(struct core *core, struct casefile_clock *clock, struct moved *moved)
{
    const struct rule_clock *rule = ruleset_clock(core->opt.rules, clock->code);
    const uint64_t told_ms = clock->due_ms;
    const bool follows = follow(moved, rule, clock);
    uint64_t due_ms;
    struct term term;
    if (!term_parse(clock->term, &term))
        return ERR_CORRUPT;
    if (!follows && !term_by_calendar(&term))
        return OK;
    enum err err = term_due(&term, clock->counted_ms, core->opt.calendar, &due_ms);
    if (err != OK)
        return err == ERR_TERM ? OK : err;
    if (due_ms > told_ms) { /* who was told the later end may rely on it */
        clock->due_ms = due_ms;
        note(moved, clock, told_ms);
    } else if (!follows) {
        return OK;
    }
    if (clock->stopped_ms == 0) {
        clock->warned = warnings_still(core, clock->started_ms, clock->due_ms, clock->warned);
        clock->next_ms = rule == NULL ? 0 : case_clocks_moment(core, clock, rule);
        if (due_ms > told_ms)
            err = store_count(core->store, "terms.recounted", 1);
    }
    if (clock->next_ms != 0)
        core_wake_at(core, clock->next_ms);
    return err == OK ? casefile_clock_recounted(core->store->casefiles, clock) : err;
}

enum err case_recount(struct core *core, struct casefile *row)
{
    struct casefile_clock clock = {.started_ms = 0};
    struct moved moved = {.count = 0};
    enum err err;
    while ((err = casefile_clock_next(core->store->casefiles, row->id, &clock)) == OK) {
        err = count_anew(core, &clock, &moved);
        if (err != OK)
            return err;
    }
    if (err != ERR_NOT_FOUND)
        return err;
    if (moved.count == 0 || row->state[0] != '\0')
        return OK;
    err = cases_flow_owner(core, row);
    return err == OK ? casefile_put(core->store->casefiles, row, NULL) : err;
}

enum err case_recount_clock(struct core *core, struct casefile_clock *clock)
{
    struct casefile row;
    enum err err = casefile_get(core->store->casefiles, clock->id, &row);
    if (err == OK)
        err = case_recount(core, &row);
    return err == OK ? casefile_clock_get(core->store->casefiles, row.id, clock->code, clock) : err;
}
