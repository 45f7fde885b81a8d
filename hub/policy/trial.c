#include "policy/trial.h"

#include "policy/explain.h"
#include "policy/gate.h"

#include "base/clock.h"
#include "catalogue.h"
#include "ident.h"
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const force_words[] = {"none", "must", "consider", "notify"};

/* Who owes a duty, counted; each member is marked once over all duties. */
static uint64_t count_owed(const struct duty *d, const char *issuer,
                           const struct trial_members *members, bool *seen, uint32_t *present)
{
    uint64_t owed = 0;
    const char *member;
    for (size_t i = 0; (member = members->at(members->ctx, i)) != NULL; i++) {
        struct member m;
        if (member_parse(member, &m) != OK || !duty_owed_by(d, issuer, member))
            continue;
        *present |= UINT32_C(1) << m.department;
        owed++;
        seen[i] = true;
    }
    return owed;
}

static void put_unassigned(struct json *row, const struct duty *d, uint32_t present)
{
    const uint32_t missing = duty_unassigned(d, present);
    struct json *list = json_list();
    for (unsigned bit = 0; bit < 32; bit++)
        if ((missing & (UINT32_C(1) << bit)) != 0)
            json_add_text(list, department_name(bit));
    json_put(row, "unassigned", list);
}

static struct json *duty_json(const struct ruleset *rs, const struct duty *d)
{
    char owners[EXPLAIN_OWNERS_MAX];
    struct json *row = json_map();
    struct json *basis = json_list();
    explain_owners(&d->owners, owners);
    for (uint32_t i = 0; i < d->basis_count; i++)
        json_add_text(basis, d->basis[i]);
    json_put_text(row, "measure", d->measure);
    json_put_text(row, "zh", ruleset_measure(rs, d->measure)->zh);
    json_put_text(row, "force", force_words[d->force]);
    json_put_uint(row, "on", d->subject_index);
    json_put_text(row, "scope", d->scope);
    json_put_date(row, "from", d->start_date);
    json_put_date(row, "until", d->end_date);
    json_put_ms(row, "answer_due", d->answer_due_ms);
    json_put_ms(row, "execute_due", d->execute_due_ms);
    json_put_text(row, "departments", owners);
    json_put(row, "basis", basis);
    return row;
}

static enum err put_duties(const struct ruleset *rs, const struct decision *decision,
                           const char *issuer, const struct trial_members *members,
                           struct json *answer)
{
    struct json *list = json_list();
    uint64_t total = 0;
    uint64_t distinct = 0;
    size_t count = 0;
    while (members->at != NULL && members->at(members->ctx, count) != NULL)
        count++;
    bool *seen = calloc(count + 1, sizeof *seen);
    if (seen == NULL) {
        json_close(&list);
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < decision->duty_count; i++) {
        const struct duty *d = &decision->duty[i];
        struct json *row = duty_json(rs, d);
        if (members->at != NULL) {
            uint32_t present = 0;
            const uint64_t owed = count_owed(d, issuer, members, seen, &present);
            json_put_uint(row, "obligations", owed);
            put_unassigned(row, d, present);
            total += owed;
        }
        json_add(list, row);
    }
    for (size_t i = 0; i < count; i++)
        distinct += seen[i];
    free(seen);
    json_put(answer, "duties", list);
    if (members->at != NULL) {
        json_put_uint(answer, "obligations", total);
        json_put_uint(answer, "members", distinct);
    }
    return OK;
}

/* The rows of gates.yaml that the restrictions would make fire from now on. */
static void put_gates(const struct ruleset *rs, const struct decision *decision,
                      struct json *answer)
{
    size_t n = 0;
    const struct rule_gate *gates = ruleset_gates(rs, &n);
    struct json *list = json_list();
    for (size_t i = 0; i < n; i++) {
        const struct rule_gate *g = &gates[i];
        bool fires = false;
        for (uint32_t k = 0; k < decision->duty_count && !fires; k++) {
            const struct duty *d = &decision->duty[k];
            fires = d->restricts && strcmp(d->measure, g->measure->code) == 0 &&
                    (g->forces == 0 || (g->forces & (1u << d->force)) != 0) &&
                    (g->look == LOOK_SUBJECT || d->subject_index > 0);
        }
        if (!fires)
            continue;
        struct json *row = json_map();
        json_put_text(row, "gate", g->id);
        json_put_text(row, "type", type_find(g->type)->name);
        json_put_text(row, "measure", g->measure->code);
        json_put_text(row, "action", gate_action_word(g->action));
        json_put_text(row, "zh", g->zh);
        json_add(list, row);
    }
    json_put(answer, "gates", list);
}

/* What stands against the subject already, as rows of measure and order. */
static bool add_conflict(void *arg, const struct view_restriction *r)
{
    struct json *row = json_map();
    json_put_text(row, "measure", r->measure);
    json_put_hex(row, "order", span_of(r->order_id, sizeof r->order_id));
    json_put_text(row, "rule", r->rule);
    json_put_date(row, "until", r->end_date);
    json_add(arg, row);
    return true;
}

static bool count_post(void *arg, const struct view_relation *row)
{
    uint64_t *posts = arg;
    (void)row;
    (*posts)++;
    return true;
}

static enum err put_state(const struct view *view, const struct decide_input *in,
                          const lianshu_SanctionOrder *order, struct json *answer)
{
    uint8_t token[VIEW_TOKEN_LEN];
    const uint32_t today = date_from_ms(in->now_ms);
    struct json *conflicts = json_list();
    struct json *related = json_list();
    enum err err = view->token(view->ctx, order->subject.kind, order->subject.id, token);
    if (err == OK)
        err = view->restrictions(view->ctx, token, today, add_conflict, conflicts);
    for (pb_size_t i = 0; (err == OK || err == ERR_NOT_FOUND) && i < order->persons_count; i++) {
        uint64_t posts = 0;
        struct json *row = json_map();
        err =
            view->token(view->ctx, lianshu_SubjectKind_SUBJECT_PERSON, order->persons[i].id, token);
        if (err == OK)
            err = view->holdings(view->ctx, token, today, count_post, &posts);
        json_put_uint(row, "person", (uint64_t)i + 1);
        json_put_uint(row, "posts", posts);
        json_add(related, row);
    }
    json_put(answer, "related", related);
    json_put(answer, "conflicts", conflicts);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err trial_order(const struct ruleset *rs, const struct view *view,
                     const struct decide_input *in, const lianshu_SanctionOrder *order,
                     const struct trial_members *members, struct json *answer)
{
    struct decision *decision = calloc(1, sizeof *decision);
    if (decision == NULL)
        return ERR_NO_MEMORY;
    enum err err = decide_order(rs, view, in, order, decision, NULL);
    if (err == OK) {
        json_put_uint(answer, "code", (uint64_t)decision->err);
        json_put_text(answer, "why", decision->why);
        json_put_text(answer, "why_zh", explain_why_zh(decision->why));
        json_put_text(answer, "why_en", explain_why_en(decision->why));
        json_put_text(answer, "article", decision->basis);
        json_put_text(answer, "rule", decision->rule == NULL ? "" : decision->rule->id);
        json_put_date(answer, "until", decision->end_date);
        err = put_duties(rs, decision, in->issuer, members, answer);
    }
    if (err == OK)
        put_gates(rs, decision, answer);
    if (err == OK && members->at != NULL)
        err = put_state(view, in, order, answer);
    free(decision);
    return err;
}
