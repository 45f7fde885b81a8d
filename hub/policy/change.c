#include "policy/decide.h"

#include "policy/reader.h"
#include "policy/record.h"

#include "base/clock.h"
#include "document.pb.h"
#include "ident.h"

#include <assert.h>
#include <string.h>

/* The table of decide.h; what is not named is ORDER_NONE. */
static const enum order_state next_state[ORDER_STATES][CHANGE_KINDS] = {
    [ORDER_PENDING] = {[CHANGE_ANNUL] = ORDER_ANNULLED, [CHANGE_SUSPEND] = ORDER_SUSPENDED},
    [ORDER_ACTIVE] = {[CHANGE_LIFT] = ORDER_LIFTED,
                      [CHANGE_ANNUL] = ORDER_ANNULLED,
                      [CHANGE_SUSPEND] = ORDER_SUSPENDED},
    [ORDER_SUSPENDED] = {[CHANGE_LIFT] = ORDER_LIFTED,
                         [CHANGE_ANNUL] = ORDER_ANNULLED,
                         [CHANGE_RESUME] = ORDER_ACTIVE},
    [ORDER_LIFTED] = {[CHANGE_ANNUL] = ORDER_ANNULLED, [CHANGE_RESTORE] = ORDER_ACTIVE},
    [ORDER_EXPIRED] = {[CHANGE_ANNUL] = ORDER_ANNULLED},
};

static const char *const kind_words[CHANGE_KINDS] = {"lift", "annul", "suspend", "resume",
                                                     "restore"};

_Static_assert((int)CHANGE_KINDS == (int)RULES_CHANGES, "lists.yaml names every change");

enum order_state change_next(enum order_state state, enum change_kind kind)
{
    if ((unsigned)state >= ORDER_STATES || (unsigned)kind >= CHANGE_KINDS)
        return ORDER_NONE;
    return next_state[state][kind];
}

bool change_of_type(uint32_t document_type, enum change_kind *kind)
{
    static const struct {
        uint32_t type;
        enum change_kind kind;
    } rows[] = {
        {lianshu_DocumentType_TYPE_SANCTION_LIFT, CHANGE_LIFT},
        {lianshu_DocumentType_TYPE_SANCTION_ANNUL, CHANGE_ANNUL},
        {lianshu_DocumentType_TYPE_SANCTION_SUSPEND, CHANGE_SUSPEND},
        {lianshu_DocumentType_TYPE_SANCTION_RESUME, CHANGE_RESUME},
        {lianshu_DocumentType_TYPE_SANCTION_RESTORE, CHANGE_RESTORE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].type == document_type) {
            *kind = rows[i].kind;
            return true;
        }
    }
    return false;
}

enum order_state order_state_on(enum order_state state, uint32_t start_date, uint32_t end_date,
                                uint32_t today)
{
    bool alive = state == ORDER_PENDING || state == ORDER_ACTIVE || state == ORDER_SUSPENDED;
    if (!alive)
        return state;
    if (end_date != 0 && today > end_date)
        return ORDER_EXPIRED;
    if (state == ORDER_SUSPENDED)
        return ORDER_SUSPENDED;
    return today < start_date ? ORDER_PENDING : ORDER_ACTIVE;
}

uint32_t change_repair_from(const struct ruleset *rs, const char *rule, uint32_t earliest,
                            uint32_t restored_date)
{
    const struct rule *by = ruleset_rule(rs, rule);
    uint32_t anew = 0;
    if (earliest == 0 || restored_date == 0 || by == NULL ||
        term_last_day(&by->earliest_repair, restored_date, &anew) != OK)
        return earliest;
    return anew > earliest ? anew : earliest;
}

struct changing {
    const struct ruleset *rs;
    struct reader *reader;
    const struct decide_input *in;
    enum change_kind kind;
    const lianshu_SanctionChange *change;
    struct decision *out;
    struct view_order order;
    uint32_t today;
    uint32_t against; /* the date that the change's comes before; 0: none */
};

/* Offending that article; "": what the rule set names for the reason, or else what the order's rule
 * rests on. */
static enum err refuse_by(struct changing *c, enum err err, const char *why, const char *basis)
{
    const struct rule *rule = c->out->rule;
    if (basis[0] == '\0')
        basis = ruleset_offence(c->rs, why, c->order.list, c->change->decision_date);
    if (basis[0] == '\0' && rule != NULL && rule->basis_count > 0)
        basis = rule->basis[0];
    text_copy(c->out->why, sizeof c->out->why, why);
    text_copy(c->out->basis, sizeof c->out->basis, basis);
    return err;
}

static enum err refuse(struct changing *c, enum err err, const char *why)
{
    return refuse_by(c, err, why, "");
}

static enum err check_document(struct changing *c)
{
    const lianshu_SanctionChange *d = c->change;
    if (d->decision_number[0] == '\0' || d->decision_body[0] == '\0')
        return refuse(c, ERR_FIELD_MISSING, "decision_number");
    if (d->reason[0] == '\0')
        return refuse(c, ERR_FIELD_MISSING, "reason");
    if (!date_valid(d->decision_date))
        return refuse(c, ERR_FIELD_MISSING, "dates");
    if (d->decision_date > c->today)
        return refuse(c, ERR_TERM, "decision_in_future");
    return OK;
}

static enum err check_basis(struct changing *c)
{
    for (uint32_t i = 0; i < c->in->basis_count; i++) {
        const struct rule_basis *b = ruleset_basis(c->rs, c->in->basis[i]);
        if (b == NULL)
            return refuse(c, ERR_BASIS, "basis_unknown");
        if (b->from > c->change->decision_date || (b->to != 0 && b->to < c->change->decision_date))
            return refuse_by(c, ERR_BASIS, "basis_not_in_force", b->code);
    }
    return OK;
}

/* The same department of a region above. */
static bool is_superior(const struct member *upper, const struct member *lower)
{
    return upper->department == lower->department && upper->unit[0] == '\0' &&
           strcmp(upper->region, lower->region) != 0 &&
           region_contains(upper->region, lower->region);
}

/* A court of the issuer's province, or of the nation. */
static bool is_court_for(const struct member *court, const struct member *issuer)
{
    return court->department == DEPARTMENT_COURT &&
           (strcmp(court->region, "000000") == 0 || memcmp(court->region, issuer->region, 2) == 0);
}

/* Rank of a member towards the order: 0 none, 1 issuer, 2 superior, 3 court. */
static unsigned rank_of(const char *member, const char *issuer)
{
    struct member m;
    struct member i;
    if (strcmp(member, issuer) == 0)
        return 1;
    if (member_parse(member, &m) != OK || member_parse(issuer, &i) != OK)
        return 0;
    if (is_superior(&m, &i))
        return 2;
    return is_court_for(&m, &i) ? 3 : 0;
}

static enum err check_authority(struct changing *c)
{
    const struct rule_change *may = ruleset_change(c->rs, c->kind);
    unsigned rank = rank_of(c->in->issuer, c->order.issuer);
    bool allowed =
        (rank == 1 && may->issuer) || (rank == 2 && may->superior) || (rank == 3 && may->court);
    if (!allowed)
        return refuse(c, ERR_ORDER_AUTHORITY, rank == 0 ? "not_issuer" : "not_by_this_rank");
    /* Who stayed an order decides when the stay ends: nobody of lower rank resumes it. And who
     * lifted it was deceived or was not: nobody of lower rank restores it. */
    const bool below = rank < rank_of(c->order.changed_by, c->order.issuer);
    if (c->kind == CHANGE_RESUME && below)
        return refuse(c, ERR_ORDER_AUTHORITY, "stayed_by_higher");
    if (c->kind == CHANGE_RESTORE && below)
        return refuse(c, ERR_ORDER_AUTHORITY, "lifted_by_higher");
    return OK;
}

static enum err refuse_before(struct changing *c, uint32_t date, const char *why)
{
    c->against = date;
    return refuse(c, ERR_TERM, why);
}

/* An annulment undoes whatever was decided meanwhile, and so does a lift by somebody above the
 * issuer: he need not have known of it when he decided. */
static bool undoes_all(const struct changing *c)
{
    return c->kind == CHANGE_ANNUL ||
           (c->kind == CHANGE_LIFT && rank_of(c->in->issuer, c->order.issuer) > 1);
}

/* Whoever changes an order has before him what was decided about it last: nothing is resumed before
 * it was stayed. Of one day the versions say what came first. */
static enum err check_chronology(struct changing *c)
{
    const uint32_t date = c->change->decision_date;
    if (date < c->order.decision_date)
        return refuse_before(c, c->order.decision_date, "before_order");
    if (date < c->order.changed_date && !undoes_all(c))
        return refuse_before(c, c->order.changed_date, "before_change");
    return OK;
}

/* A repair waits for its earliest date; a lift by superior or court is judged like any other. */
static enum err check_repair(struct changing *c)
{
    if (c->kind != CHANGE_LIFT)
        return OK;
    const uint32_t said = c->order.earliest_repair_date;
    const uint32_t from = change_repair_from(c->rs, c->order.rule, said, c->order.restored_date);
    if (from == 0)
        return refuse(c, ERR_TERM, "no_early_repair");
    if (c->change->decision_date < said)
        return refuse_before(c, said, "repair_too_early");
    return c->change->decision_date < from ? refuse_before(c, from, "repair_after_deceit") : OK;
}

/* The order that the document names, and that it is about the same subject. */
static enum err find_order(struct changing *c)
{
    enum err err = reader_order(c->reader, c->change->order_id, &c->order);
    bool same = true;
    if (err == ERR_NOT_FOUND)
        return refuse(c, ERR_ORDER_STATE, "order_unknown");
    if (err != OK)
        return err;
    c->out->rule = ruleset_rule(c->rs, c->order.rule);
    if (c->change->subject.kind != lianshu_SubjectKind_SUBJECT_NONE)
        err = reader_same_subject(c->reader, &c->order, &c->change->subject, &same);
    if (err != OK)
        return err;
    return same ? OK : refuse(c, ERR_ORDER_VERSION, "other_subject");
}

static enum err judge(struct changing *c)
{
    enum err err = check_document(c);
    if (err != OK || (err = find_order(c)) != OK)
        return err;
    if ((err = check_authority(c)) != OK)
        return err;
    if (c->order.version == UINT32_MAX || c->change->version != c->order.version + 1)
        return refuse(c, ERR_ORDER_VERSION, "version");
    enum order_state state =
        order_state_on(c->order.state, c->order.start_date, c->order.end_date, c->today);
    enum order_state next = change_next(state, c->kind);
    if (next == ORDER_NONE)
        return refuse(c, ERR_ORDER_STATE, "state");
    if ((err = check_chronology(c)) != OK || (err = check_repair(c)) != OK ||
        (err = check_basis(c)) != OK)
        return err;
    c->out->state = order_state_on(next, c->order.start_date, c->order.end_date, c->today);
    if (c->out->state == ORDER_EXPIRED)
        return refuse(c, ERR_ORDER_STATE, "term_over");
    c->out->version = c->change->version;
    c->out->end_date = c->order.end_date;
    return OK;
}

static void record_change(const struct changing *c, lianshu_DecisionRecord *record)
{
    lianshu_Outcome outcome = lianshu_Outcome_init_zero;
    text_copy(outcome.rule, sizeof outcome.rule, c->order.rule);
    text_copy(outcome.action, sizeof outcome.action, kind_words[c->kind]);
    outcome.start_date = c->change->decision_date;
    outcome.end_date = c->order.end_date;
    record_outcome(record, &outcome);
}

enum err decide_change(const struct ruleset *rs, const struct view *view,
                       const struct decide_input *in, enum change_kind kind,
                       const lianshu_SanctionChange *change, struct decision *out,
                       lianshu_DecisionRecord *record)
{
    struct reader reader;
    struct changing c = {.rs = rs,
                         .reader = &reader,
                         .in = in,
                         .kind = kind,
                         .change = change,
                         .out = out,
                         .today = date_from_ms(in->now_ms)};

    assert((unsigned)kind < CHANGE_KINDS);
    memset(out, 0, sizeof *out);
    reader_init(&reader, view);
    record_begin(record, rs, in->now_ms);
    enum err err = judge(&c);
    bool refused = err != OK && out->why[0] != '\0';
    out->err = err;
    record_trace(record, c.order.rule, NULL, err == OK, err == OK ? kind_words[kind] : out->why);
    if (err == OK)
        record_change(&c, record);
    if (c.against != 0)
        record_dates(record, change->decision_date, c.against);
    record_end(record, &reader, err);
    return refused ? OK : err;
}
