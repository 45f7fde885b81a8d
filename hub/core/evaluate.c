/* One document before the policy, as of one log size: for what comes in, for what is asked again,
 * for what is only tried, and for what was decided once and is decided again to prove it. */
#include "core/state.h"

struct hearing evaluate_hearing(const struct core *core, const struct ruleset *rules,
                                const struct view *view, uint64_t now_ms, uint64_t log_size)
{
    return (struct hearing){.rules = rules,
                            .view = view,
                            .calendar = core->opt.calendar,
                            .regions = core->opt.regions,
                            .now_ms = now_ms,
                            .log_size = log_size};
}

struct matter evaluate_matter(const struct incoming *in)
{
    return (struct matter){.type = in->type,
                           .document = &in->document,
                           .sha256 = in->facts_hash,
                           .facts = &in->body,
                           .subject = in->subject,
                           .persons = in->persons,
                           .person_count = in->person_count};
}

enum err evaluate_again(struct core *core, const struct redecision *what,
                        lianshu_DecisionRecord *again)
{
    const lianshu_DecisionRecord *record = what->record;
    struct view_ctx ctx = {.core = core, .as_of = record->log_size, .known = record->known_size};
    struct view view = view_of(&ctx);
    view.notes = what->notes;
    const struct hearing h =
        evaluate_hearing(core, what->rules, &view, record->now_ms, record->log_size);
    const struct matter m = evaluate_matter(what->in);
    struct judgement *judged = &core->judged;
    const struct hearing_room room = {&judged->decision, &judged->events, &judged->verdict};
    return hearing_again(&h, &m, record, &room, again);
}

/* The strictest answer of the places where it would take effect. */
enum err evaluate_gates(struct core *core, const struct hearing *h, const struct incoming *in,
                        struct verdict *out, lianshu_DecisionRecord *record)
{
    lianshu_DecisionRecord *other = &core->stored_record;
    const struct matter m = evaluate_matter(in);
    for (pb_size_t i = 0; i < in->header.destination_count; i++) {
        struct member recipient;
        struct verdict verdict;
        enum err err = member_parse(in->header.destination[i], &recipient);
        if (err == OK) /* mostly there is one place: its record is written where it belongs */
            err = i == 0 ? hearing_gate(h, &m, recipient.region, out, record)
                         : hearing_gate(h, &m, recipient.region, &verdict, other);
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
