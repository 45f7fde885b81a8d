/* Documents outside of cases that the law sets terms for: reports of adverse events, recalls,
 * complaints. Each conversation has a file of its own, like a case without states. Domain D. */
#include "core/state.h"

#include "base/text.h"

#include <string.h>

/* SHA-256(L("flow") ‖ conversation)[0..16): the answer in the same conversation finds it, and no
 * sender can name a case by it. */
static void flow_id(const lianshu_Header *h, uint8_t out[static STORE_ID_LEN])
{
    const bool talks = h->conversation.size == STORE_ID_LEN;
    uint8_t hash[HASH_LEN];
    const struct span parts[] = {
        LABEL("flow"), span_of(talks ? h->conversation.bytes : h->message_id, STORE_ID_LEN)};
    hash_spans(hash, parts, sizeof parts / sizeof parts[0]);
    memcpy(out, hash, STORE_ID_LEN);
}

/* Who may stop clocks of a conversation: who began it, or who has a part in it. */
static enum err joins(struct core *core, const struct incoming *in, const struct casefile *row,
                      bool *may)
{
    struct case_parties parties;
    enum err err = cases_parties(core, row, &parties);
    *may = err == OK &&
           (cases_party(&parties, in->header.sender) || strcmp(row->owner, in->header.sender) == 0);
    return err != OK || *may ? err : cases_copied(core, row, in->header.sender, may);
}

/* The one whose term runs first. */
enum err cases_flow_owner(struct core *core, struct casefile *row)
{
    struct casefile_clock clock = {.started_ms = 0};
    uint64_t due_ms = 0;
    enum err err;
    row->owner[0] = '\0';
    while ((err = casefile_clock_next(core->store->casefiles, row->id, &clock)) == OK) {
        if (clock.stopped_ms != 0 || (due_ms != 0 && clock.due_ms >= due_ms))
            continue;
        due_ms = clock.due_ms;
        memcpy(row->owner, clock.owner, sizeof row->owner);
    }
    row->closed = due_ms == 0;
    return err == ERR_NOT_FOUND ? OK : err;
}

static void open_flow(const struct core *core, const struct incoming *in,
                      const uint8_t id[static STORE_ID_LEN], struct casefile *row)
{
    *row = (struct casefile){.type = in->header.type, .opened_ms = cases_moment(core, in)};
    memcpy(row->id, id, sizeof row->id);
    text_copy(row->opener, sizeof row->opener, in->header.sender);
}

static enum err take_flow(struct core *core, const struct incoming *in,
                          const struct case_result *result, uint64_t seq)
{
    uint8_t id[STORE_ID_LEN];
    struct casefile row;
    bool may = true;
    flow_id(&in->header, id);
    enum err err = casefile_get(core->store->casefiles, id, &row);
    if (err == OK)
        err = joins(core, in, &row, &may);
    if (err == ERR_NOT_FOUND && result->start_count == 0)
        return OK; /* it answers nothing that we know */
    if (err == ERR_NOT_FOUND) {
        open_flow(core, in, id, &row);
        err = OK;
    }
    if (err != OK || !may)
        return err;
    struct casefile_step step = cases_step_of(core, in);
    memcpy(step.id, row.id, sizeof step.id);
    step.seq = seq;
    step.number = ++row.steps;
    row.changed_ms = core->now_ms;
    const struct case_change change = {
        .in = in, .row = &row, .result = result, .event_ms = cases_moment(core, in)};
    err = casefile_put(core->store->casefiles, &row, &step);
    if (err == OK)
        err = cases_custody(core, in, row.id, seq);
    if (err == OK)
        err = case_clocks_take(core, &change);
    if (err == OK)
        err = cases_flow_owner(core, &row);
    return err == OK ? casefile_put(core->store->casefiles, &row, NULL) : err;
}

enum err cases_flow(struct core *core, const struct incoming *in, uint64_t seq)
{
    struct member actor;
    struct case_result result;
    if (!flow_applies(core->opt.rules, in->header.type))
        return OK;
    enum err err = member_parse(in->header.sender, &actor);
    const struct flow_event event = {
        .type = in->header.type,
        .facts = in->has_facts ? (const void *)&in->body : NULL,
        .actor = actor.department,
        .event_ms = cases_moment(core, in),
    };
    if (err == OK)
        err = flow_clocks(core->opt.rules, core->opt.calendar, &event, &result);
    if (err == ERR_TERM)
        return store_count(core->store, "cases.untimed", 1); /* beyond the calendar */
    if (err != OK || result.start_count + result.stop_count + result.late_count == 0)
        return err;
    return take_flow(core, in, &result, seq);
}
