#include "policy/gate.h"

#include "policy/reader.h"
#include "policy/record.h"

#include "base/clock.h"
#include "ident.h"

#include <string.h>

enum { RELATED_MAX = 64 };

_Static_assert((int)GATE_GROUNDS_MAX == (int)(sizeof((lianshu_Receipt *)0)->grounds /
                                              sizeof((lianshu_Receipt *)0)->grounds[0]),
               "a receipt holds every ground");

struct gating {
    const struct ruleset *rs;
    const struct rule_gate *gates;
    size_t gate_count;
    size_t asked[RULES_GATES_MAX]; /* the rows that are for this message at all */
    size_t asked_count;
    struct reader *reader;
    const struct gate_message *message;
    struct verdict *out;
    lianshu_DecisionRecord *record;
    uint32_t today;
    bool fired[RULES_GATES_MAX];
    enum gate_action strictness[GATE_GROUNDS_MAX]; /* of each ground */
    enum err err;                                  /* of a row's own work */
    /* Whose restrictions are being read. */
    enum gate_look look;
    lianshu_Role role;
};

const char *gate_action_word(enum gate_action action)
{
    static const char *const words[] = {"pass", "copy", "flag", "hold", "refuse"};
    return (unsigned)action < sizeof words / sizeof words[0] ? words[action] : "";
}

bool gate_applies(const struct ruleset *rs, uint32_t document_type)
{
    size_t n = 0;
    const struct rule_gate *gates = ruleset_gates(rs, &n);
    for (size_t i = 0; i < n; i++)
        if (gates[i].type == document_type)
            return true;
    return false;
}

static bool open_on(const struct rule_gate *g, uint32_t date)
{
    return g->from <= date && (g->to == 0 || date <= g->to);
}

/* Is the row one for this message at all, whatever its restrictions? */
static bool row_applies(const struct gating *g, const struct rule_gate *gate)
{
    return gate->type == g->message->type && open_on(gate, g->today) &&
           (!gate->notice_and_commitment || g->message->notice_and_commitment) &&
           (!gate->beginning || !g->message->ending);
}

static bool among(const char *const *rules, uint32_t count, const char *rule)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(rules[i], rule) == 0)
            return true;
    return false;
}

/* Does the row ask about what this rule imposed? */
static bool asks_about(const struct rule_gate *gate, const char *rule)
{
    return (gate->only_count == 0 || among(gate->only, gate->only_count, rule)) &&
           !among(gate->except, gate->except_count, rule);
}

static bool row_meets(const struct gating *g, const struct rule_gate *gate,
                      const struct view_restriction *r)
{
    if (gate->look != g->look || strcmp(gate->measure->code, r->measure) != 0 ||
        !asks_about(gate, r->rule))
        return false;
    if (gate->look != LOOK_SUBJECT && (gate->roles & (UINT32_C(1) << g->role)) == 0)
        return false;
    return gate->forces == 0 || (gate->forces & (1u << r->force)) != 0;
}

/* The ground of an order that is there already, or ground_count. */
static uint32_t ground_of(const struct verdict *out, const lianshu_Ground *ground)
{
    uint32_t i = 0;
    while (i < out->ground_count &&
           (strcmp(out->ground[i].measure, ground->measure) != 0 ||
            memcmp(out->ground[i].order_id, ground->order_id, VIEW_ORDER_ID_LEN) != 0))
        i++;
    return i;
}

/* Keep the grounds sorted, the strictest first, each order once; what falls off the end is the
 * mildest. */
static void add_ground(struct gating *g, enum gate_action action, const lianshu_Ground *ground)
{
    struct verdict *out = g->out;
    uint32_t last = ground_of(out, ground); /* where a place becomes free */
    if (last < out->ground_count && g->strictness[last] >= action)
        return;
    uint32_t at = last;
    while (at > 0 && g->strictness[at - 1] < action)
        at--;
    if (at == GATE_GROUNDS_MAX)
        return;
    if (last == GATE_GROUNDS_MAX)
        last--;
    for (uint32_t i = last; i > at; i--) {
        out->ground[i] = out->ground[i - 1];
        g->strictness[i] = g->strictness[i - 1];
    }
    out->ground[at] = *ground;
    g->strictness[at] = action;
    if (last == out->ground_count)
        out->ground_count++;
}

static void add_copy(struct verdict *out, const char *member, enum gate_action action,
                     const lianshu_Ground *ground)
{
    uint32_t i = 0;
    while (i < out->copy_count && strcmp(out->copy[i].member, member) != 0)
        i++;
    if (member[0] == '\0' || (i < out->copy_count && out->copy[i].action >= action))
        return;
    if (i == GATE_COPIES_MAX) {
        out->copies_left++;
        return;
    }
    out->copy_count += i == out->copy_count;
    text_copy(out->copy[i].member, VIEW_MEMBER_MAX, member);
    out->copy[i].ground = *ground;
    out->copy[i].action = action;
}

static void fire(struct gating *g, const struct rule_gate *gate, const struct view_restriction *r)
{
    lianshu_Ground ground = lianshu_Ground_init_zero;
    lianshu_Outcome outcome = lianshu_Outcome_init_zero;
    struct verdict *out = g->out;

    text_copy(ground.measure, sizeof ground.measure, r->measure);
    memcpy(ground.order_id, r->order_id, sizeof ground.order_id);
    ground.order_version = r->order_version;
    text_copy(ground.rule, sizeof ground.rule, r->rule);
    text_copy(ground.basis, sizeof ground.basis, r->basis);
    add_ground(g, gate->action, &ground);

    text_copy(outcome.measure, sizeof outcome.measure, r->measure);
    outcome.force = r->force;
    text_copy(outcome.rule, sizeof outcome.rule, gate->id);
    text_copy(outcome.basis, sizeof outcome.basis, r->basis);
    outcome.start_date = r->start_date;
    outcome.end_date = r->end_date;
    text_copy(outcome.action, sizeof outcome.action, gate_action_word(gate->action));
    record_outcome(g->record, &outcome);

    if (gate->action == GATE_HOLD) {
        uint64_t due = 0;
        g->err = term_due(&gate->deadline, g->message->now_ms, g->message->calendar, &due);
        if (out->deadline_ms == 0 || due < out->deadline_ms) {
            out->deadline_ms = due;
            out->breach = gate->breach;
        }
    }
    out->copy_departments |= gate->copy_to;
    if (gate->copy_issuer)
        add_copy(out, r->issuer, gate->action, &ground);
    if (gate->action > out->action)
        out->action = gate->action;
}

static bool in_force(const struct gating *g, const struct view_restriction *r)
{
    return r->start_date <= g->today && (r->end_date == 0 || g->today <= r->end_date) &&
           region_contains(r->scope, g->message->region);
}

static bool take_restriction(void *arg, const struct view_restriction *row)
{
    struct gating *g = arg;
    if (!in_force(g, row))
        return true;
    for (size_t k = 0; k < g->asked_count && g->err == OK; k++) {
        const size_t i = g->asked[k];
        if (!row_meets(g, &g->gates[i], row))
            continue;
        g->fired[i] = true;
        fire(g, &g->gates[i], row);
    }
    return g->err == OK;
}

/* Read what stands against one token, seen as one kind of look-up. */
static enum err look_at(struct gating *g, enum gate_look look, lianshu_Role role,
                        const uint8_t token[static VIEW_TOKEN_LEN])
{
    g->look = look;
    g->role = role;
    enum err err = reader_restrictions(g->reader, token, g->today, take_restriction, g);
    return err != OK ? err : g->err;
}

static bool wanted(const struct gating *g, enum gate_look look, lianshu_Role role)
{
    for (size_t k = 0; k < g->asked_count; k++) {
        const struct rule_gate *gate = &g->gates[g->asked[k]];
        if (gate->look == look &&
            (look == LOOK_SUBJECT || (gate->roles & (UINT32_C(1) << role)) != 0))
            return true;
    }
    return false;
}

static enum err look_at_persons(struct gating *g)
{
    for (uint32_t i = 0; i < g->message->person_count; i++) {
        const lianshu_Person *person = &g->message->persons[i];
        uint8_t token[VIEW_TOKEN_LEN];
        if (!wanted(g, LOOK_PERSONS, person->role))
            continue;
        enum err err =
            reader_token(g->reader, lianshu_SubjectKind_SUBJECT_PERSON, person->id, token);
        if (err == OK)
            err = look_at(g, LOOK_PERSONS, person->role, token);
        if (err != OK)
            return err;
    }
    return OK;
}

struct related {
    const struct gating *g;
    struct view_relation row[RELATED_MAX];
    uint32_t count;
    bool too_many;
};

static bool take_relation(void *arg, const struct view_relation *row)
{
    struct related *related = arg;
    if (!wanted(related->g, LOOK_RELATED, row->role))
        return true;
    if (related->count == RELATED_MAX) {
        related->too_many = true;
        return false;
    }
    related->row[related->count++] = *row;
    return true;
}

/* Depth 1: those who hold a role at the subject today, and nobody related to them. */
static enum err look_at_related(struct gating *g, const uint8_t token[static VIEW_TOKEN_LEN])
{
    struct related related = {.g = g};
    bool asked = false;
    for (size_t k = 0; k < g->asked_count && !asked; k++)
        asked = g->gates[g->asked[k]].look == LOOK_RELATED;
    if (!asked)
        return OK;
    enum err err = reader_relations(g->reader, token, g->today, take_relation, &related);
    if (err == OK && related.too_many)
        err = ERR_TOO_LARGE;
    for (uint32_t i = 0; err == OK && i < related.count; i++)
        err = look_at(g, LOOK_RELATED, related.row[i].role, related.row[i].token);
    return err;
}

/* A gated message without the subject or person that the gate asks for must not slip by. */
static bool facts_complete(const struct gating *g)
{
    if (g->message->subject == NULL ||
        g->message->subject->kind == lianshu_SubjectKind_SUBJECT_NONE ||
        g->message->subject->id[0] == '\0')
        return false;
    for (size_t i = 0; i < g->asked_count; i++) {
        const struct rule_gate *gate = &g->gates[g->asked[i]];
        bool found = !gate->required;
        for (uint32_t k = 0; k < g->message->person_count && !found; k++)
            found = g->message->persons[k].id[0] != '\0' &&
                    g->message->persons[k].role != lianshu_Role_ROLE_NONE;
        if (!found)
            return false;
    }
    return true;
}

static enum err look(struct gating *g)
{
    uint8_t token[VIEW_TOKEN_LEN];
    const lianshu_Subject *subject = g->message->subject;
    enum err err = reader_token(g->reader, subject->kind, subject->id, token);
    if (err == OK && wanted(g, LOOK_SUBJECT, lianshu_Role_ROLE_NONE))
        err = look_at(g, LOOK_SUBJECT, lianshu_Role_ROLE_NONE, token);
    if (err == OK)
        err = look_at_persons(g);
    return err == OK ? look_at_related(g, token) : err;
}

static enum err code_of(enum gate_action action)
{
    switch (action) {
    case GATE_REFUSE:
        return ERR_RESTRICTED;
    case GATE_HOLD:
        return ERR_HELD;
    case GATE_FLAG:
        return ERR_FLAGGED;
    default:
        return OK;
    }
}

enum err gate_check(const struct ruleset *rs, const struct view *view,
                    const struct gate_message *message, struct verdict *out,
                    lianshu_DecisionRecord *record)
{
    struct reader reader;
    struct gating g = {.rs = rs,
                       .reader = &reader,
                       .message = message,
                       .out = out,
                       .record = record,
                       .today = date_from_ms(message->now_ms)};
    enum err err = OK;

    memset(out, 0, sizeof *out);
    g.gates = ruleset_gates(rs, &g.gate_count);
    for (size_t i = 0; i < g.gate_count; i++)
        if (row_applies(&g, &g.gates[i]))
            g.asked[g.asked_count++] = i;
    reader_init(&reader, view);
    record_begin(record, rs, message->now_ms);
    if (gate_applies(rs, message->type)) {
        if (facts_complete(&g))
            err = look(&g);
        else {
            out->action = GATE_REFUSE;
            out->err = ERR_FACTS_MISSING;
        }
        for (size_t i = 0; i < g.gate_count; i++)
            if (g.gates[i].type == message->type)
                record_trace(record, g.gates[i].id, NULL, g.fired[i],
                             g.fired[i]                     ? "matched"
                             : row_applies(&g, &g.gates[i]) ? "no_restriction"
                                                            : "not_asked");
    }
    if (out->err == OK)
        out->err = code_of(out->action);
    if (err != OK) {
        /* An answer that is not known is never a pass. */
        memset(out, 0, sizeof *out);
        out->action = GATE_REFUSE;
        out->err = err;
    }
    record_end(record, &reader, out->err);
    return err;
}
