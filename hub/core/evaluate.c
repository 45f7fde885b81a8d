/* One document before the policy, as of one log size: for what comes in, for what is asked again,
 * for what is only tried, and for what was decided once and is decided again to prove it. */
#include "core/state.h"

#include "policy/hearing.h"

static struct hearing hearing_of(const struct evaluation *at)
{
    return (struct hearing){.rules = at->rules,
                            .view = at->view,
                            .calendar = at->core->opt.calendar,
                            .regions = at->core->opt.regions,
                            .now_ms = at->now_ms,
                            .log_size = at->log_size};
}

static struct matter matter_of(const struct incoming *in)
{
    return (struct matter){.type = in->type,
                           .document = &in->document,
                           .sha256 = in->facts_hash,
                           .facts = &in->body,
                           .subject = in->subject,
                           .persons = in->persons,
                           .person_count = in->person_count};
}

enum err evaluate_rules(const struct evaluation *at, const struct incoming *in,
                        struct decision *out, lianshu_DecisionRecord *record)
{
    const struct hearing h = hearing_of(at);
    const struct matter m = matter_of(in);
    return hearing_rules(&h, &m, out, record);
}

enum err evaluate_event(const struct evaluation *at, const struct incoming *in,
                        struct event_decision *out, lianshu_DecisionRecord *record)
{
    const struct hearing h = hearing_of(at);
    const struct matter m = matter_of(in);
    return hearing_event(&h, &m, out, record);
}

enum err evaluate_gate(const struct evaluation *at, const struct incoming *in, const char *region,
                       struct verdict *out, lianshu_DecisionRecord *record)
{
    const struct hearing h = hearing_of(at);
    const struct matter m = matter_of(in);
    return hearing_gate(&h, &m, region, out, record);
}

enum err evaluate_again(struct core *core, const struct redecision *what,
                        lianshu_DecisionRecord *again)
{
    const lianshu_DecisionRecord *record = what->record;
    struct view_ctx ctx = {.core = core, .as_of = record->log_size, .known = record->known_size};
    struct view view = view_of(&ctx);
    view.notes = what->notes;
    const struct evaluation at = {core, what->rules, &view, record->now_ms, record->log_size};
    const struct hearing h = hearing_of(&at);
    const struct matter m = matter_of(what->in);
    struct judgement *judged = &core->judged;
    const struct hearing_room room = {&judged->decision, &judged->events, &judged->verdict};
    return hearing_again(&h, &m, record, &room, again);
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
