/* Cases as JSON: the card of one, the list, the table of steps, and who held which file when. Ids,
 * codes, members and times; what a case is about is sealed. */
#include "core/query.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES_MAX = 1000 /* of one list */ };

static void put_names(struct json *to, const char *key, const char *zh, const char *en)
{
    char name[32];
    snprintf(name, sizeof name, "%s_zh", key);
    json_put_text(to, name, zh);
    snprintf(name, sizeof name, "%s_en", key);
    json_put_text(to, name, en);
}

static void put_type(struct json *to, uint32_t number)
{
    const struct document_type *type = type_find(number);
    json_put_text(to, "type", type != NULL ? type->name : "?");
    put_names(to, "type", type != NULL ? type->zh : "?", type != NULL ? type->en : "?");
}

static void put_state(const struct core *core, struct json *to, const char *state)
{
    const struct rule_state *known = ruleset_state(core->opt.rules, state);
    json_put_text(to, "state", state);
    put_names(to, "state", known != NULL ? known->zh : "", known != NULL ? known->en : "");
}

static void put_head(const struct core *core, struct json *to, const struct casefile *row)
{
    json_put_hex(to, "case", span_of(row->id, sizeof row->id));
    put_type(to, row->type);
    put_state(core, to, row->state);
    json_put_text(to, "owner", row->owner);
    json_put_text(to, "opener", row->opener);
    json_put_ms(to, "opened", row->opened_ms);
    json_put_flag(to, "closed", row->closed);
}

/* ---- clocks ---- */

static bool runs(const struct casefile_clock *clock)
{
    return clock->stopped_ms == 0 && clock->suspended_ms == 0;
}

static void put_clock(const struct core *core, struct json *list, const struct casefile_clock *c)
{
    const struct rule_clock *rule = ruleset_clock(core->opt.rules, c->code);
    struct json *item = json_map();
    json_put_text(item, "clock", c->code);
    put_names(item, "clock", rule != NULL ? rule->zh : "", rule != NULL ? rule->en : "");
    json_put_text(item, "state",
                  runs(c)              ? "running"
                  : c->stopped_ms != 0 ? "stopped"
                                       : "suspended");
    json_put_text(item, "owner", c->owner);
    json_put_text(item, "waits", c->waits);
    json_put_ms(item, "started", c->started_ms);
    json_put_ms(item, "due", c->due_ms);
    if (c->stopped_ms != 0)
        json_put_ms(item, "stopped", c->stopped_ms);
    if (c->suspended_ms != 0)
        json_put_ms(item, "suspended", c->suspended_ms);
    uint64_t end_ms = c->stopped_ms != 0 ? c->stopped_ms : core->now_ms;
    json_put_flag(item, "overdue", (runs(c) || c->stopped_ms != 0) && end_ms >= c->due_ms);
    json_put_text(item, "basis", rule != NULL ? rule->basis : "");
    json_add(list, item);
}

/* The running clock that is over first; ERR_NOT_FOUND: none runs. */
static enum err first_due(struct core *core, const uint8_t id[static STORE_ID_LEN],
                          struct casefile_clock *out)
{
    struct casefile_clock clock = {.started_ms = 0};
    bool found = false;
    enum err err;
    while ((err = casefile_clock_next(core->store->casefiles, id, &clock)) == OK) {
        const struct rule_clock *rule = ruleset_clock(core->opt.rules, clock.code);
        if (!runs(&clock) || (rule != NULL && rule->if_done) ||
            (found && clock.due_ms >= out->due_ms))
            continue;
        *out = clock;
        found = true;
    }
    return err == ERR_NOT_FOUND && found ? OK : err;
}

static void put_next(const struct core *core, struct json *to, const struct casefile_clock *clock)
{
    const struct rule_clock *rule = ruleset_clock(core->opt.rules, clock->code);
    const uint64_t late_ms = core->now_ms >= clock->due_ms ? core->now_ms - clock->due_ms + 1 : 0;
    json_put_text(to, "clock", clock->code);
    put_names(to, "clock", rule != NULL ? rule->zh : "", rule != NULL ? rule->en : "");
    json_put_text(to, "by", clock->owner);
    json_put_ms(to, "due", clock->due_ms);
    json_put_flag(to, "overdue", late_ms > 0);
    json_put_uint(to, "overdue_hours", (late_ms + HOUR_MS - 1) / HOUR_MS);
}

static enum err put_clocks(struct query *q, const uint8_t id[static STORE_ID_LEN])
{
    struct casefile_clock clock = {.started_ms = 0};
    struct json *list = json_list();
    enum err err;
    while ((err = casefile_clock_next(q->core->store->casefiles, id, &clock)) == OK)
        put_clock(q->core, list, &clock);
    json_put(q->answer, "clocks", list);
    if (err != ERR_NOT_FOUND)
        return err;
    err = first_due(q->core, id, &clock);
    if (err == OK) {
        struct json *next = json_map();
        put_next(q->core, next, &clock);
        json_put(q->answer, "next", next);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- steps ---- */

static const struct rule_step *rule_of(const struct core *core, const struct casefile_step *step)
{
    size_t n = 0;
    const struct rule_step *rows = ruleset_steps(core->opt.rules, &n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].id, step->transition) == 0 &&
            strcmp(rows[i].outcome, step->outcome) == 0 && rows[i].type == step->type)
            return &rows[i];
    }
    return NULL;
}

/* The names of the documents that a step of the case brought, once each; the steps have codes. */
static void put_papers(const struct core *core, struct json *list, const char *codes)
{
    char code[STORE_CODE_MAX + 1];
    while (*codes != '\0') {
        size_t len = strcspn(codes, " ");
        snprintf(code, sizeof code, "%.*s", (int)len, codes);
        const struct rule_paper *paper = ruleset_paper(core->opt.rules, code);
        bool known = false;
        for (size_t i = 0; !known && i < json_count(list); i++)
            known = strcmp(json_get_text(json_item(list, i), "paper"), code) == 0;
        if (!known) {
            struct json *item = json_map();
            json_put_text(item, "paper", code);
            put_names(item, "paper", paper != NULL ? paper->zh : "",
                      paper != NULL ? paper->en : "");
            json_add(list, item);
        }
        codes += len + (codes[len] == ' ');
    }
}

static void put_step(struct core *core, struct json *list, const struct casefile_step *step)
{
    const struct rule_step *rule = rule_of(core, step);
    struct casefile_clock clock;
    struct json *item = json_map();
    json_put_uint(item, "number", step->number);
    json_put_text(item, "transition", step->transition);
    json_put_text(item, "outcome", step->outcome);
    put_names(item, "step", rule != NULL ? rule->zh : "", rule != NULL ? rule->en : "");
    put_type(item, step->type);
    put_state(core, item, step->state);
    json_put_text(item, "by", step->by);
    json_put_text(item, "owner", step->owner);
    json_put_ms(item, "time", step->time_ms);
    json_put_text(item, "papers", step->papers);
    json_put_hex(item, "document", span_of(step->document, sizeof step->document));
    json_put_hex(item, "message", span_of(step->message_id, sizeof step->message_id));
    if (step->code != 0)
        json_put_uint(item, "code", step->code); /* it took no effect */
    if (!step->lost &&
        casefile_clock_get(core->store->casefiles, step->id, step->transition, &clock) == OK) {
        json_put_ms(item, "due", clock.due_ms);
        json_put_flag(item, "in_time", clock.stopped_ms != 0 && clock.stopped_ms < clock.due_ms);
    }
    json_add(list, item);
}

static void put_regions(struct query *q, const struct case_parties *parties, const char *owner)
{
    struct json *list = json_list();
    for (size_t i = 0; i <= parties->count; i++) {
        struct member m;
        bool known = member_parse(i < parties->count ? parties->member[i] : owner, &m) != OK;
        for (size_t k = 0; !known && k < json_count(list); k++)
            known = strcmp(json_text(json_item(list, k)), m.region) == 0;
        if (!known)
            json_add_text(list, m.region);
    }
    json_put(q->answer, "regions", list);
}

/* Other documents of its number, which took no effect. */
static enum err put_lost(struct query *q, struct json *list, const struct casefile_step *stands)
{
    struct casefile_step step = {.number = stands->number};
    enum err err;
    while ((err = casefile_step_rival(q->core->store->casefiles, stands->id, &step)) == OK) {
        if (step.lost)
            put_step(q->core, list, &step);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err query_case(struct query *q)
{
    uint8_t id[STORE_ID_LEN];
    struct casefile row;
    struct case_parties parties;
    if (!query_hex(q, "id", id, sizeof id))
        return ERR_FIELD_VALUE;
    enum err err = casefile_get(q->core->store->casefiles, id, &row);
    if (err != OK)
        return err;
    put_head(q->core, q->answer, &row);
    struct json *steps = json_list();
    struct json *lost = json_list();
    struct casefile_step step;
    uint64_t cursor = 0;
    struct json *papers = json_list();
    while (err == OK &&
           (err = casefile_step_next(q->core->store->casefiles, id, &cursor, &step)) == OK) {
        put_step(q->core, steps, &step);
        put_papers(q->core, papers, step.papers);
        err = put_lost(q, lost, &step);
    }
    json_put(q->answer, "steps", steps);
    json_put(q->answer, "lost", lost);
    json_put(q->answer, "papers", papers);
    if (err == ERR_NOT_FOUND)
        err = cases_parties(q->core, &row, &parties);
    if (err == ERR_ERASED)
        return OK; /* over for longer than its steps are kept */
    if (err != OK)
        return err;
    put_regions(q, &parties, row.owner);
    return put_clocks(q, id);
}

/* ---- the list ---- */

static enum err concerns(struct core *core, const struct casefile *row, const char *member,
                         bool *yes)
{
    struct case_parties parties;
    *yes = member == NULL || strcmp(row->owner, member) == 0;
    if (*yes)
        return OK;
    enum err err = cases_parties(core, row, &parties);
    *yes = err == OK && cases_party(&parties, member);
    return err == ERR_ERASED ? OK : err;
}

static enum err add_case(struct query *q, const struct casefile *row, struct json *list)
{
    struct casefile_clock clock;
    bool yes;
    enum err err = concerns(q->core, row, json_get_text(q->args, "member"), &yes);
    if (err != OK || !yes)
        return err;
    err = first_due(q->core, row->id, &clock);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    bool overdue = err == OK && q->core->now_ms >= clock.due_ms;
    if (json_get_text(q->args, "overdue") != NULL && !overdue)
        return OK;
    struct json *item = json_map();
    put_head(q->core, item, row);
    if (err == OK)
        put_next(q->core, item, &clock);
    json_add(list, item);
    return OK;
}

enum err query_cases(struct query *q)
{
    uint8_t id[STORE_ID_LEN] = {0};
    struct json *list = json_list();
    struct casefile row;
    enum err err = OK;
    while (err == OK && json_count(list) < CASES_MAX) {
        err = casefile_next(q->core->store->casefiles, id, &row);
        if (err == OK)
            err = add_case(q, &row, list);
    }
    json_put_flag(q->answer, "more", err == OK);
    json_put(q->answer, "cases", list);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- the table of steps ---- */

/* As text: a table, or a drawing for another program. */
static enum err graph_text(struct query *q, const char *form)
{
    static const char *const FORMS[] = {
        [CASEBOOK_TABLE] = "table",
        [CASEBOOK_MERMAID] = "mermaid",
        [CASEBOOK_DOT] = "dot",
    };
    size_t i = 0;
    char *text = NULL;
    size_t len = 0;
    while (i < sizeof FORMS / sizeof FORMS[0] && strcmp(FORMS[i], form) != 0)
        i++;
    if (i == sizeof FORMS / sizeof FORMS[0])
        return ERR_FIELD_VALUE;
    FILE *to = open_memstream(&text, &len);
    if (to == NULL)
        return ERR_NO_MEMORY;
    casebook_graph(q->core->opt.rules, (enum casebook_form)i, to);
    enum err err = fclose(to) == 0 ? OK : ERR_NO_MEMORY;
    if (err == OK)
        json_put_text(q->answer, "text", text);
    free(text);
    return err;
}

enum err query_case_graph(struct query *q)
{
    const char *form = json_get_text(q->args, "form");
    if (form != NULL)
        return graph_text(q, form);
    casebook_describe(q->core->opt.rules, q->answer);
    return OK;
}
