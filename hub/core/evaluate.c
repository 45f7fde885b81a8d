/* One document before the policy, as of one log size: for what comes in, for what is asked again,
 * for what is only tried, and for what was decided once and is decided again to prove it. */
#include "core/state.h"

#include "base/text.h"

#include <string.h>

enum { BASIS_MAX = sizeof((lianshu_Document *)0)->basis / sizeof((lianshu_Document *)0)->basis[0] };

/* The record names what was judged, how and when; the rest of it the policy filled. */
static void name_record(const struct evaluation *at, const struct incoming *in, const char *kind,
                        lianshu_DecisionRecord *record)
{
    memcpy(record->document_sha256, in->facts_hash, HASH_LEN);
    record->type = in->header.type;
    record->log_size = at->log_size;
    text_copy(record->kind, sizeof record->kind, kind);
}

static struct decide_input input_of(const struct evaluation *at, const struct incoming *in,
                                    const char *basis[static BASIS_MAX])
{
    for (pb_size_t i = 0; i < in->document.basis_count; i++)
        basis[i] = in->document.basis[i];
    return (struct decide_input){
        .issuer = in->document.issuers[0].member,
        .basis = basis,
        .basis_count = in->document.basis_count,
        .now_ms = at->now_ms,
        .calendar = at->core->opt.calendar,
        .regions = at->core->opt.regions,
    };
}

enum err evaluate_rules(const struct evaluation *at, const struct incoming *in,
                        struct decision *out, lianshu_DecisionRecord *record)
{
    const char *basis[BASIS_MAX];
    const struct decide_input input = input_of(at, in, basis);
    enum change_kind kind;
    const bool change = change_of_type(in->header.type, &kind);
    enum err err =
        change ? decide_change(at->rules, at->view, &input, kind, &in->body.change, out, record)
               : decide_order(at->rules, at->view, &input, &in->body.order, out, record);
    if (err == OK)
        name_record(at, in, change ? "change" : "order", record);
    return err;
}

enum err evaluate_event(const struct evaluation *at, const struct incoming *in,
                        struct event_decision *out, lianshu_DecisionRecord *record)
{
    const char *basis[BASIS_MAX];
    const struct decide_input input = input_of(at, in, basis);
    enum err err =
        decide_event(at->rules, at->view, &input, in->header.type, &in->body, out, record);
    if (err == OK)
        name_record(at, in, "event", record);
    return err;
}

enum err evaluate_gate(const struct evaluation *at, const struct incoming *in, const char *region,
                       struct verdict *out, lianshu_DecisionRecord *record)
{
    const bool licence = in->type->facts == &lianshu_Licence_msg;
    const bool relation = in->header.type == lianshu_DocumentType_TYPE_SUBJECT_RELATION;
    const uint32_t last = relation ? in->body.subject_relation.to_date : 0;
    const struct gate_message message = {
        .type = in->header.type,
        .subject = in->subject,
        .persons = in->persons,
        .person_count = (uint32_t)in->person_count,
        .region = region,
        .notice_and_commitment = licence && in->body.licence.notice_and_commitment,
        .ending = last != 0 && last <= date_from_ms(at->now_ms),
        .now_ms = at->now_ms,
        .calendar = at->core->opt.calendar,
    };
    enum err err = gate_check(at->rules, at->view, &message, out, record);
    if (err == OK) {
        name_record(at, in, "gate", record);
        text_copy(record->region, sizeof record->region, region);
    }
    return err;
}

/* The strictest answer of the places where it would take effect. */
enum err evaluate_gates(const struct evaluation *at, const struct incoming *in, struct verdict *out,
                        lianshu_DecisionRecord *record)
{
    lianshu_DecisionRecord *other = &at->core->stored_record;
    const lianshu_Header *h = &in->header;
    for (pb_size_t i = 0; i < h->destination_count; i++) {
        struct member recipient;
        struct verdict verdict;
        enum err err = member_parse(h->destination[i], &recipient);
        if (err == OK) /* mostly there is one place: its record is written where it belongs */
            err = i == 0 ? evaluate_gate(at, in, recipient.region, out, record)
                         : evaluate_gate(at, in, recipient.region, &verdict, other);
        if (err != OK)
            return err;
        if (i == 0 || verdict.action <= out->action)
            continue;
        *out = verdict;
        *record = *other;
    }
    return OK;
}

enum err evaluate_open(struct incoming *in, struct span lsd1)
{
    struct frame_document frame;
    enum err err = frame_parse_document(lsd1, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, &in->document);
    if (err != OK)
        return err;
    hash_bytes(in->facts_hash, frame.document);
    in->facts_frame = lsd1;
    return evaluate_body(in, in->document.type,
                         span_of(in->document.body.bytes, in->document.body.size));
}

enum err evaluate_body(struct incoming *in, uint32_t type, struct span body)
{
    in->type = type_find(type);
    if (in->type == NULL || in->type->facts == NULL)
        return ERR_TYPE_UNKNOWN;
    in->header.type = type;
    enum err err = wire_decode(in->type->facts, body, &in->body);
    if (err != OK)
        return err;
    in->has_facts = true;
    in->subject = facts_subject(in->type->facts, &in->body);
    in->persons = facts_persons(in->type->facts, &in->body, &in->person_count);
    if (in->subject != NULL && in->subject->kind == lianshu_SubjectKind_SUBJECT_NONE)
        in->subject = NULL;
    return OK;
}
