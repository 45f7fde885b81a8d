/* What a document says of a step of its case: a case clock, or a penalty decision that names the
 * case that it decides. */
#include "core/state.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static bool is_penalty(const struct incoming *in)
{
    return in->header.type == lianshu_DocumentType_TYPE_PENALTY_DECISION && in->has_facts;
}

bool cases_apply(const struct incoming *in)
{
    return (in->type->flags & TYPE_CASE) != 0 ||
           (is_penalty(in) && in->body.penalty.case_id.size != 0);
}

bool cases_named(const struct incoming *in)
{
    return !is_penalty(in) || in->body.penalty.case_id.size == STORE_ID_LEN;
}

/* The step that the table has for penalty decisions; "": none. */
static const char *penalty_step(const struct core *core)
{
    size_t n = 0;
    const struct rule_step *rows = ruleset_steps(core->opt.rules, &n);
    for (size_t i = 0; i < n; i++)
        if (rows[i].type == lianshu_DocumentType_TYPE_PENALTY_DECISION)
            return rows[i].id;
    return "";
}

/* Its severity is the outcome; a decision of a day is made at the end of it; who decided goes on.
 */
static void read_penalty(const struct core *core, const struct incoming *in, lianshu_CaseClock *out)
{
    static const char *const severities[] = {"", "light", "ordinary", "serious"};
    const lianshu_Penalty *body = &in->body.penalty;
    const uint64_t now_ms = cases_moment(core, in);
    const uint64_t end_ms = date_end_ms(body->decision_date) - 1;
    memcpy(out->case_id, body->case_id.bytes, sizeof out->case_id);
    out->event_ms = date_from_ms(now_ms) == body->decision_date ? now_ms : end_ms;
    text_copy(out->transition, sizeof out->transition, penalty_step(core));
    if ((size_t)body->severity < sizeof severities / sizeof severities[0])
        text_copy(out->outcome, sizeof out->outcome, severities[body->severity]);
    text_copy(out->owner, sizeof out->owner, in->header.sender);
}

lianshu_CaseClock cases_read(const struct core *core, const struct incoming *in)
{
    lianshu_CaseClock said = lianshu_CaseClock_init_zero;
    if ((in->type->flags & TYPE_CASE) != 0)
        return in->body.clock;
    read_penalty(core, in, &said);
    return said;
}

struct casefile_step cases_step_of(const struct core *core, const struct incoming *in)
{
    struct casefile_step step = {.type = in->header.type,
                                 .time_ms = cases_moment(core, in),
                                 .taken_ms = cases_moment(core, in)};
    text_copy(step.by, sizeof step.by, in->header.sender);
    memcpy(step.message_id, in->header.message_id, sizeof step.message_id);
    if (in->has_facts)
        memcpy(step.document, in->facts_hash, sizeof step.document);
    if (!cases_apply(in))
        return step;
    const lianshu_CaseClock said = cases_read(core, in);
    memcpy(step.id, said.case_id, sizeof step.id);
    step.time_ms = said.event_ms;
    text_copy(step.owner, sizeof step.owner, said.owner);
    text_copy(step.transition, sizeof step.transition, said.transition);
    text_copy(step.outcome, sizeof step.outcome, said.outcome);
    size_t len = 0;
    for (pb_size_t i = 0; i < said.documents_count && len < sizeof step.papers; i++)
        len += (size_t)snprintf(step.papers + len, sizeof step.papers - len, "%s%s",
                                i == 0 ? "" : " ", said.documents[i]);
    return step;
}

const struct rule_step *cases_row_of(const struct core *core, const struct casefile_step *step)
{
    size_t n = 0;
    const struct rule_step *rows = ruleset_steps(core->opt.rules, &n);
    struct member actor;
    if (member_parse(step->by, &actor) != OK)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const bool opens = rows[i].from_count == 1 && rows[i].from[0][0] == '\0';
        if ((step->number > 1 && opens) || rows[i].barred)
            continue;
        if (strcmp(rows[i].id, step->transition) == 0 &&
            strcmp(rows[i].outcome, step->outcome) == 0 && rows[i].type == step->type &&
            (rows[i].actor >> actor.department & 1) != 0)
            return &rows[i];
    }
    return NULL;
}
