/* Redress and evidence: who may ask, who must answer, and by when. The hub keeps the clocks and
 * says so; it lifts nothing by itself. Domain B.4 (repair), B.8 (objection by region). */
#include "core/state.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

bool requests_apply(uint32_t type)
{
    return (type >= lianshu_DocumentType_TYPE_REPAIR_REQUEST &&
            type <= lianshu_DocumentType_TYPE_OBJECTION_DECISION) ||
           type == lianshu_DocumentType_TYPE_EVIDENCE_REQUEST;
}

static bool goes_to(const lianshu_Header *h, const char *member)
{
    for (pb_size_t i = 0; i < h->destination_count; i++) {
        if (strcmp(h->destination[i], member) == 0)
            return true;
    }
    return false;
}

/* The order that the document is about, and that it is about its subject. */
static enum err find_order(struct core *core, const struct incoming *in,
                           const uint8_t id[static STORE_ID_LEN], struct order_row *order,
                           enum err *refusal)
{
    enum err err = order_get(core->store->orders, id, STORE_NEVER, order);
    *refusal = err == ERR_NOT_FOUND ? ERR_REQUEST : OK;
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if (in->subject == NULL || in->subject->kind == lianshu_SubjectKind_SUBJECT_NONE)
        return OK;
    uint8_t token[STORE_TOKEN_LEN];
    err = view_token(core, (uint8_t)in->subject->kind, span_str(in->subject->id), token);
    if (err == OK && memcmp(token, order->subject, sizeof token) != 0)
        *refusal = ERR_REQUEST;
    return err;
}

/* The issuer itself, the credit office whose region the issuer lies in, or who owes or owed a
 * measure of the order: the subject hands its request to one of them. */
static enum err may_ask(struct core *core, const struct incoming *in, const struct order_row *order,
                        bool *may)
{
    const char *sender = in->header.sender;
    struct member m;
    struct member issuer;
    *may = strcmp(sender, order->issuer) == 0;
    if (*may || member_parse(sender, &m) != OK || member_parse(order->issuer, &issuer) != OK)
        return OK;
    *may = m.department == DEPARTMENT_CREDIT && region_contains(m.region, issuer.region);
    return *may ? OK : obligation_owed(core->store->obligations, order->id, sender, false, may);
}

static enum err open_one(struct core *core, const struct order_row *order, enum request_kind kind,
                         bool *open)
{
    uint64_t cursor = 0;
    struct request row;
    enum err err = OK;
    *open = false;
    while (!*open &&
           (err = request_next_of_order(core->store->requests, order->id, &cursor, &row)) == OK)
        *open = row.kind == kind && row.outcome == REQUEST_OPEN;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* B.4: the least time has passed, the duties are done, a commitment is given. */
static enum err repair_refusal(const struct core *core, const struct order_row *order,
                               const lianshu_Redress *body)
{
    const uint32_t from =
        change_repair_from(core->opt.rules, order->rule, order->repair_date, order->restored_date);
    if (order->state != ORDER_ACTIVE && order->state != ORDER_SUSPENDED)
        return ERR_ORDER_STATE;
    if (from == 0 || body->date < from)
        return ERR_TERM;
    return body->commitment ? OK : ERR_FIELD_MISSING;
}

static enum err judge_request(struct core *core, const struct incoming *in, enum err *refusal)
{
    const lianshu_Redress *body = &in->body.redress;
    bool repair = in->header.type == lianshu_DocumentType_TYPE_REPAIR_REQUEST;
    struct order_row order;
    bool may = false;
    bool open = false;
    enum err err = find_order(core, in, body->order_id, &order, refusal);
    if (err != OK || *refusal != OK)
        return err;
    err = may_ask(core, in, &order, &may);
    if (err == OK)
        err = open_one(core, &order, repair ? REQUEST_REPAIR : REQUEST_OBJECTION, &open);
    if (err != OK)
        return err;
    if (!may || open || body->decision != lianshu_RedressDecision_DECISION_NONE)
        *refusal = ERR_REQUEST;
    else if (body->date > date_from_ms(core->now_ms))
        *refusal = ERR_TERM; /* handed in on a day to come */
    else if (strcmp(in->header.sender, order.issuer) != 0 && !goes_to(&in->header, order.issuer))
        *refusal = ERR_COPY_MISSING;
    else if (repair)
        *refusal = repair_refusal(core, &order, body);
    else if (order.state == ORDER_ANNULLED)
        *refusal = ERR_ORDER_STATE;
    return OK;
}

/* Who must answer, or the same department above it. */
static bool decides(const char *member, const char *owner)
{
    struct member m;
    struct member o;
    if (strcmp(member, owner) == 0)
        return true;
    return member_parse(member, &m) == OK && member_parse(owner, &o) == OK &&
           m.department == o.department && m.unit[0] == '\0' && strcmp(m.region, o.region) != 0 &&
           region_contains(m.region, o.region);
}

static enum request_outcome outcome_of(const struct incoming *in)
{
    bool repair = in->header.type == lianshu_DocumentType_TYPE_REPAIR_DECISION;
    switch (in->body.redress.decision) {
    case lianshu_RedressDecision_DECISION_REFUSED:
        return REQUEST_REFUSED;
    case lianshu_RedressDecision_DECISION_ACCEPTED:
        return repair ? REQUEST_ACCEPTED : REQUEST_OPEN;
    case lianshu_RedressDecision_DECISION_UPHELD:
        return repair ? REQUEST_OPEN : REQUEST_UPHELD;
    default:
        return REQUEST_OPEN;
    }
}

/* Received once by who had to, in time or not; extended by who decides and while it may be: the
 * request stays open. */
static enum err judge_stage(const struct core *core, const struct incoming *in,
                            const struct request *row)
{
    if (in->body.redress.decision == lianshu_RedressDecision_DECISION_EXTENDED)
        return decides(in->header.sender, row->owner) ? redress_may_extend(core, row) : ERR_REQUEST;
    bool expected = row->receiver[0] != '\0' && row->received_ms == 0 &&
                    decides(in->header.sender, row->receiver);
    return expected ? OK : ERR_REQUEST;
}

static enum err judge_answer(struct core *core, const struct incoming *in,
                             const struct request *row, enum err *refusal)
{
    char issuer[STORE_MEMBER_MAX + 1];
    bool stage = in->body.redress.decision == lianshu_RedressDecision_DECISION_RECEIVED ||
                 in->body.redress.decision == lianshu_RedressDecision_DECISION_EXTENDED;
    enum err err = OK;
    if (stage) {
        *refusal = judge_stage(core, in, row);
    } else { /* the issuer decides although another has not passed it on yet */
        err = order_issuer(core->store->orders, row->order_id, issuer);
        *refusal = err == OK && outcome_of(in) != REQUEST_OPEN && decides(in->header.sender, issuer)
                       ? OK
                       : ERR_REQUEST;
    }
    if (err == OK && *refusal == OK && !goes_to(&in->header, row->asker) &&
        strcmp(in->header.sender, row->asker) != 0)
        *refusal = ERR_COPY_MISSING;
    return err;
}

static enum err judge_decision(struct core *core, const struct incoming *in, enum err *refusal)
{
    const lianshu_Redress *body = &in->body.redress;
    bool repair = in->header.type == lianshu_DocumentType_TYPE_REPAIR_DECISION;
    struct request row;
    enum err err = request_of_document(core->store->requests, body->request_doc.bytes, &row);
    *refusal = ERR_REQUEST;
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    bool answers = row.kind == (repair ? REQUEST_REPAIR : REQUEST_OBJECTION);
    /* What was decided may only be given more time to be carried out. */
    bool prolongs = row.kind == REQUEST_LIFT && repair &&
                    body->decision == lianshu_RedressDecision_DECISION_EXTENDED;
    if ((answers || prolongs) && row.outcome == REQUEST_OPEN &&
        memcmp(row.order_id, body->order_id, STORE_ID_LEN) == 0)
        err = judge_answer(core, in, &row, refusal);
    return err;
}

/* Only who owes a measure of the order, about that obligation, and to the issuer alone. */
static enum err judge_evidence(struct core *core, const struct incoming *in, enum err *refusal)
{
    const lianshu_EvidenceRequest *body = &in->body.evidence_request;
    struct order_row order;
    struct obligation owed;
    enum err err = find_order(core, in, body->order_id, &order, refusal);
    if (err != OK || *refusal != OK)
        return err;
    err = obligation_get(core->store->obligations, body->obligation_id, &owed);
    *refusal = ERR_EVIDENCE_RIGHT;
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if (strcmp(owed.member, in->header.sender) == 0 && obligations_live(&owed) &&
        memcmp(owed.order_id, order.id, STORE_ID_LEN) == 0 && in->header.destination_count == 1 &&
        goes_to(&in->header, order.issuer))
        *refusal = OK;
    return OK;
}

enum err requests_judge(struct core *core, const struct incoming *in, struct judgement *out)
{
    enum err refusal = OK;
    enum err err;
    switch (in->header.type) {
    case lianshu_DocumentType_TYPE_REPAIR_REQUEST:
    case lianshu_DocumentType_TYPE_OBJECTION_REQUEST:
        err = judge_request(core, in, &refusal);
        break;
    case lianshu_DocumentType_TYPE_EVIDENCE_REQUEST:
        err = judge_evidence(core, in, &refusal);
        break;
    default:
        err = judge_decision(core, in, &refusal);
        break;
    }
    out->err = refusal;
    return err;
}

/* ---- what follows ---- */

static enum err ask(struct core *core, const struct incoming *in, uint64_t seq)
{
    bool evidence = in->header.type == lianshu_DocumentType_TYPE_EVIDENCE_REQUEST;
    bool repair = in->header.type == lianshu_DocumentType_TYPE_REPAIR_REQUEST;
    const uint8_t *id = evidence ? in->body.evidence_request.order_id : in->body.redress.order_id;
    struct request row = {.seq = seq,
                          .kind = evidence ? REQUEST_EVIDENCE
                                  : repair ? REQUEST_REPAIR
                                           : REQUEST_OBJECTION};
    struct order_row order;
    enum err err = order_get(core->store->orders, id, STORE_NEVER, &order);
    if (err != OK)
        return err;
    memcpy(row.document, in->document.id, sizeof row.document);
    memcpy(row.order_id, id, sizeof row.order_id);
    if (evidence)
        memcpy(row.obligation_id, in->body.evidence_request.obligation_id,
               sizeof row.obligation_id);
    snprintf(row.asker, sizeof row.asker, "%s", in->header.sender);
    return redress_begin(core, in, &row, &order);
}

/* After an accepted repair or an upheld objection the order must go: its issuer is reminded. */
static enum err expect_end(struct core *core, const struct incoming *in, const struct request *of,
                           uint64_t seq)
{
    struct request row = {.seq = seq, .kind = REQUEST_LIFT};
    memcpy(row.document, in->document.id, sizeof row.document);
    memcpy(row.order_id, of->order_id, sizeof row.order_id);
    memcpy(row.asker, of->asker, sizeof row.asker);
    struct order_row order;
    enum err err = order_get(core->store->orders, of->order_id, STORE_NEVER, &order);
    memcpy(row.owner, order.issuer, sizeof row.owner);
    return err == OK ? redress_expect_end(core, &row, of->kind) : err;
}

enum err requests_take(struct core *core, const struct incoming *in, uint64_t seq)
{
    struct request row;
    if (in->header.type == lianshu_DocumentType_TYPE_REPAIR_REQUEST ||
        in->header.type == lianshu_DocumentType_TYPE_OBJECTION_REQUEST ||
        in->header.type == lianshu_DocumentType_TYPE_EVIDENCE_REQUEST)
        return ask(core, in, seq);
    enum err err =
        request_of_document(core->store->requests, in->body.redress.request_doc.bytes, &row);
    if (err != OK)
        return err;
    if (in->body.redress.decision == lianshu_RedressDecision_DECISION_RECEIVED)
        return redress_receive(core, &row);
    if (in->body.redress.decision == lianshu_RedressDecision_DECISION_EXTENDED)
        return redress_extend(core, &row);
    row.outcome = outcome_of(in);
    row.closed_ms = core->now_ms;
    memcpy(row.answer, in->document.id, sizeof row.answer);
    err = request_close(core->store->requests, &row);
    return err == OK && row.outcome != REQUEST_REFUSED ? expect_end(core, in, &row, seq) : err;
}

/* Close the open requests of an order that this satisfies. */
static enum err satisfy(struct core *core, const uint8_t order_id[static STORE_ID_LEN],
                        enum request_kind kind, const struct incoming *by)
{
    uint64_t cursor = 0;
    struct request row;
    enum err err;
    while ((err = request_next_of_order(core->store->requests, order_id, &cursor, &row)) == OK) {
        bool mine = kind != REQUEST_EVIDENCE ||
                    (strcmp(row.owner, by->header.sender) == 0 && goes_to(&by->header, row.asker));
        if (row.kind != kind || row.outcome != REQUEST_OPEN || !mine)
            continue;
        row.outcome = REQUEST_ANSWERED;
        row.closed_ms = core->now_ms;
        memcpy(row.answer, by->header.message_id, sizeof row.answer);
        err = request_close(core->store->requests, &row);
        if (err != OK)
            return err;
        if (kind == REQUEST_EVIDENCE)
            return OK; /* one answer, one request */
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* What was asked about it is answered by its end: a repair by the lift, anything by annulment. */
enum err requests_order_over(struct core *core, const struct incoming *in,
                             const uint8_t order_id[static STORE_ID_LEN])
{
    bool annulled = in->header.type == lianshu_DocumentType_TYPE_SANCTION_ANNUL;
    enum err err = satisfy(core, order_id, REQUEST_LIFT, in);
    if (err == OK)
        err = satisfy(core, order_id, REQUEST_REPAIR, in);
    return err == OK && annulled ? satisfy(core, order_id, REQUEST_OBJECTION, in) : err;
}

enum err requests_supplied(struct core *core, const struct incoming *in)
{
    return in->header.conversation.size != STORE_ID_LEN
               ? OK
               : satisfy(core, in->header.conversation.bytes, REQUEST_EVIDENCE, in);
}

enum err requests_shown(struct core *core, const uint8_t order_id[static STORE_ID_LEN], bool *shown)
{
    uint64_t cursor = 0;
    struct request row;
    enum err err = OK;
    *shown = false;
    while (!*shown &&
           (err = request_next_of_order(core->store->requests, order_id, &cursor, &row)) == OK)
        *shown = row.shown && row.outcome == REQUEST_OPEN;
    return err == ERR_NOT_FOUND ? OK : err;
}
