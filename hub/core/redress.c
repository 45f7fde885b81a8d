/* The terms of redress: who must act next about a request, and by when. What is
 * handed in is first received, then decided; the term to decide is extended
 * once, if the law knows a longer one. Which clock runs is data: of the list (a
 * repair), of the region (an objection). Domain B.3, B.4, B.8. */
#include "core/state.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum { REDRESS_STEP = 32 /* warnings of one transaction */ };

/* The row of the local law where the member sits, or of the nation:
 * "OBJ-440300", "OBJ-000000". */
static const struct rule_clock *local_clock(const struct core *core, const char *prefix,
                                            const char *member)
{
    static const size_t kept[] = {6, 4, 2, 0};
    struct member m;
    const struct rule_clock *clock = NULL;
    if (member_parse(member, &m) != OK)
        return NULL;
    for (size_t i = 0; clock == NULL && i < sizeof kept / sizeof kept[0]; i++) {
        char id[STORE_CODE_MAX + 1];
        char region[] = "000000";
        memcpy(region, m.region, kept[i]);
        snprintf(id, sizeof id, "%s-%s", prefix, region);
        clock = ruleset_clock(core->opt.rules, id);
    }
    return clock;
}

/* NULL: nothing has to be received first. */
static const struct rule_clock *receipt_clock(const struct core *core, enum request_kind kind,
                                              const struct order_row *order)
{
    if (kind == REQUEST_OBJECTION)
        return local_clock(core, "OBJ-FORWARD", order->issuer);
    if (kind != REQUEST_REPAIR)
        return NULL;
    const struct rule_list *list = ruleset_list(core->opt.rules, order->list);
    return list != NULL && list->repair_receipt != NULL
               ? list->repair_receipt
               : ruleset_clock(core->opt.rules, "REPAIR-RECEIPT");
}

static const struct rule_clock *answer_clock(const struct core *core, enum request_kind kind,
                                             const struct order_row *order)
{
    if (kind == REQUEST_OBJECTION)
        return local_clock(core, "OBJ", order->issuer);
    if (kind == REQUEST_EVIDENCE)
        return ruleset_clock(core->opt.rules, "EVIDENCE");
    const struct rule_list *list = ruleset_list(core->opt.rules, order->list);
    return list != NULL && list->repair_decision != NULL ? list->repair_decision
                                                         : ruleset_clock(core->opt.rules, "REPAIR");
}

/* Until the order is gone after the decision. */
static const struct rule_clock *end_clock(const struct core *core, enum request_kind of,
                                          const char *issuer)
{
    bool repair = of == REQUEST_REPAIR;
    const struct rule_clock *clock = local_clock(core, repair ? "OBJ-REPAIR" : "OBJ-ANNUL", issuer);
    return clock != NULL ? clock
                         : ruleset_clock(core->opt.rules, repair ? "REPAIR-LIFT" : "LIFT-ANNUL");
}

/* ---- a term begins ---- */

/* The row's next moment. A receipt is looked at when its term is over, whatever
 * the percents are: the term to decide begins then. */
static void plan(struct core *core, struct request *row)
{
    row->next_ms = warnings_moment(core, row->begun_ms, row->due_ms, row->warned);
    if (row->stage == REQUEST_RECEIPT && (row->next_ms == 0 || row->next_ms > row->due_ms))
        row->next_ms = row->due_ms;
    if (row->next_ms != 0)
        core_wake_at(core, row->next_ms);
}

/* What was said of the shorter term is not said again of the longer one. */
static void skip_past(const struct core *core, struct request *row)
{
    uint64_t at;
    while ((at = warnings_moment(core, row->begun_ms, row->due_ms, row->warned)) != 0 &&
           at <= core->now_ms)
        row->warned = warnings_after(core, row->warned);
}

static enum err run(struct core *core, struct request *row, const struct rule_clock *clock,
                    const struct term *term, uint64_t from_ms)
{
    row->begun_ms = from_ms;
    row->due_ms = 0;
    row->warned = 0;
    if (clock != NULL) {
        snprintf(row->clock, sizeof row->clock, "%s", clock->id);
        enum err err = term_due(term, from_ms, core->opt.calendar, &row->due_ms);
        if (err != OK)
            return err;
    }
    plan(core, row);
    return OK;
}

static enum err put(struct core *core, struct request *row)
{
    row->opened_ms = core->now_ms;
    enum err err = request_put(core->store->requests, row);
    return err == OK ? store_count(core->store, "requests", 1) : err;
}

static enum err run_answer(struct core *core, struct request *row, const struct order_row *order,
                           uint64_t from_ms)
{
    const struct rule_clock *clock = answer_clock(core, row->kind, order);
    row->stage = REQUEST_ANSWER;
    row->shown = row->kind == REQUEST_OBJECTION && clock != NULL && clock->shows;
    memcpy(row->owner, order->issuer, sizeof row->owner);
    return run(core, row, clock, clock == NULL ? NULL : &clock->ordinary, from_ms);
}

/* ---- who is told ---- */

static enum err tell_one(struct core *core, const struct request *row, const char *member,
                         lianshu_HubNoticeKind kind)
{
    lianshu_HubNotice body = {.kind = kind, .due_ms = row->due_ms};
    if (member[0] == '\0')
        return OK;
    tell_order(&body, row->order_id);
    snprintf(body.rule, sizeof body.rule, "%s", row->clock);
    return tell_notice(core, member, &body);
}

static enum err warn(struct core *core, const struct request *row, const char *member,
                     bool escalate)
{
    char superior[STORE_MEMBER_MAX + 1];
    enum err err = tell_one(core, row, member, lianshu_HubNoticeKind_HUBNOTICE_REMINDER);
    warnings_superior(core, member, superior);
    return err == OK && escalate
               ? tell_one(core, row, superior, lianshu_HubNoticeKind_HUBNOTICE_OVERDUE)
               : err;
}

/* ---- the beginning ---- */

static bool one_of(const struct rule_clock *clock, const char *member)
{
    struct member m;
    return member_parse(member, &m) == OK &&
           (clock->owner & UINT32_C(1) << (unsigned)m.department) != 0;
}

/* Who must receive it besides its sender; NULL: nobody. */
static const char *receiver_of(const struct rule_clock *clock, const struct incoming *in)
{
    for (pb_size_t i = 0; i < in->header.destination_count; i++) {
        if (one_of(clock, in->header.destination[i]))
            return in->header.destination[i];
    }
    return NULL;
}

/* It passes on what the subject handed in on that date: was that in time? */
static enum err judge_passing_on(struct core *core, const struct incoming *in, struct request *row,
                                 const struct rule_clock *clock)
{
    struct request receipt = *row;
    uint64_t handed_in_ms = date_end_ms(in->body.redress.date) - 1;
    enum err err = run(core, &receipt, clock, &clock->ordinary, handed_in_ms);
    snprintf(row->receiver, sizeof row->receiver, "%s", in->header.sender);
    row->received_ms = core->now_ms;
    if (err != OK || core->now_ms < receipt.due_ms)
        return err;
    row->late = true;
    return warn(core, &receipt, in->header.sender, true);
}

enum err redress_begin(struct core *core, const struct incoming *in, struct request *row,
                       const struct order_row *order)
{
    const struct rule_clock *clock = receipt_clock(core, row->kind, order);
    enum err err = OK;
    const char *receiver = NULL;
    if (clock != NULL && one_of(clock, in->header.sender))
        err = judge_passing_on(core, in, row, clock);
    else if (clock != NULL)
        receiver = receiver_of(clock, in);
    if (err == OK && receiver != NULL) {
        const struct rule_clock *answer = answer_clock(core, row->kind, order);
        row->stage = REQUEST_RECEIPT;
        row->shown = row->kind == REQUEST_OBJECTION && answer != NULL && answer->shows;
        snprintf(row->owner, sizeof row->owner, "%s", receiver);
        snprintf(row->receiver, sizeof row->receiver, "%s", receiver);
        err = run(core, row, clock, &clock->ordinary, core->now_ms);
    } else if (err == OK) {
        err = run_answer(core, row, order, core->now_ms);
    }
    return err == OK ? put(core, row) : err;
}

enum err redress_doubt(struct core *core, struct request *row, const struct order_row *order)
{
    char superior[STORE_MEMBER_MAX + 1];
    enum err err = run_answer(core, row, order, core->now_ms);
    row->shown = true;
    if (err == OK)
        err = put(core, row);
    if (err == OK)
        err = tell_one(core, row, order->issuer, lianshu_HubNoticeKind_HUBNOTICE_REMINDER);
    warnings_superior(core, order->issuer, superior);
    return err == OK ? tell_one(core, row, superior, lianshu_HubNoticeKind_HUBNOTICE_REMINDER)
                     : err;
}

enum err redress_expect_end(struct core *core, struct request *row, enum request_kind of)
{
    const struct rule_clock *clock = end_clock(core, of, row->owner);
    enum err err = run(core, row, clock, clock == NULL ? NULL : &clock->ordinary, core->now_ms);
    return err == OK ? put(core, row) : err;
}

/* ---- the clocks ---- */

/* Who keeps silent gains no time: the term to decide begins when the one to
 * receive is over. */
static enum err receipt_is_over(struct core *core, struct request *row)
{
    struct order_row order;
    enum err err = order_get(core->store->orders, row->order_id, STORE_NEVER, &order);
    row->late = true;
    if (err == OK)
        err = run_answer(core, row, &order, row->due_ms);
    return err == OK ? request_restage(core->store->requests, row) : err;
}

enum err recount_request(struct core *core, struct request *row)
{
    const struct rule_clock *clock = ruleset_clock(core->opt.rules, row->clock);
    const uint32_t said = row->warned;
    uint64_t due_ms = 0;
    if (clock == NULL || row->due_ms == 0)
        return OK;
    enum err err = term_due(row->stage == REQUEST_EXTENDED ? &clock->complex : &clock->ordinary,
                            row->begun_ms, core->opt.calendar, &due_ms);
    if (err != OK || due_ms <= row->due_ms)
        return err == ERR_TERM ? OK : err; /* other rules count otherwise: it stays */
    row->due_ms = due_ms;
    row->warned = 0;
    skip_past(core, row);
    row->warned = row->warned < said ? row->warned : said;
    plan(core, row);
    err = request_restage(core->store->requests, row);
    return err == OK ? store_count(core->store, "terms.recounted", 1) : err;
}

static enum err look_at(struct core *core, struct request *row)
{
    enum err err = core->recount.running ? recount_request(core, row) : OK;
    if (err != OK || row->next_ms > core->now_ms)
        return err;
    uint32_t percent = warnings_after(core, row->warned);
    bool over = row->stage == REQUEST_RECEIPT && core->now_ms >= row->due_ms;
    if (over || percent != 0)
        err = warn(core, row, row->owner, over || warnings_escalate(core, percent));
    if (err == OK && over)
        return receipt_is_over(core, row);
    row->warned = percent;
    plan(core, row);
    return err == OK ? request_due(core->store->requests, row) : err;
}

/* ---- received, extended ---- */

/* A receipt that comes late is a receipt all the same: the breach is warned of and told to the
 * superior when the term is over, and the term to decide runs since then. It stays late. */
enum err redress_receive(struct core *core, struct request *row)
{
    struct order_row order;
    enum err err = OK;
    if (row->stage == REQUEST_RECEIPT && core->now_ms >= row->due_ms)
        err = look_at(core, row); /* its end was not looked at yet */
    row->received_ms = core->now_ms;
    if (err == OK && row->stage == REQUEST_RECEIPT) {
        err = order_get(core->store->orders, row->order_id, STORE_NEVER, &order);
        if (err == OK)
            err = run_answer(core, row, &order, core->now_ms);
    }
    return err == OK ? request_restage(core->store->requests, row) : err;
}

enum err redress_may_extend(const struct core *core, const struct request *row)
{
    const struct rule_clock *clock = ruleset_clock(core->opt.rules, row->clock);
    if (row->stage != REQUEST_ANSWER || clock == NULL || clock->complex.unit == TERM_NONE)
        return ERR_REQUEST;
    return core->now_ms < row->due_ms ? OK : ERR_TERM;
}

enum err redress_extend(struct core *core, struct request *row)
{
    const struct rule_clock *clock = ruleset_clock(core->opt.rules, row->clock);
    if (clock == NULL)
        return ERR_REQUEST; /* judged before */
    row->stage = REQUEST_EXTENDED;
    enum err err = run(core, row, clock, &clock->complex, row->begun_ms);
    skip_past(core, row);
    plan(core, row);
    return err == OK ? request_restage(core->store->requests, row) : err;
}

/* ---- what is due ---- */

static enum err next_due(struct core *core, void *row)
{
    return request_next_due(core->store->requests, core->now_ms, row);
}

static enum err first_due(struct core *core, uint64_t *due_ms)
{
    return request_first_due(core->store->requests, due_ms);
}

static enum err look(struct core *core, void *row)
{
    return look_at(core, row);
}

enum err redress_step(struct core *core, bool *more)
{
    static const struct due_kind kind = {REDRESS_STEP, next_due, first_due, look};
    struct request row;
    return due_step(core, &kind, &row, more);
}
