#include "policy/hearing.h"

#include "base/clock.h"
#include "base/text.h"
#include "keys/hash.h"

#include <string.h>

enum { BASIS_MAX = sizeof((lianshu_Document *)0)->basis / sizeof((lianshu_Document *)0)->basis[0] };

/* The record names what was judged, how and when; the rest of it the policy filled. */
static void name_record(const struct hearing *h, const struct matter *m, const char *kind,
                        lianshu_DecisionRecord *record)
{
    memcpy(record->document_sha256, m->sha256, HASH_LEN);
    record->type = m->type->number;
    record->log_size = h->log_size;
    text_copy(record->kind, sizeof record->kind, kind);
}

static struct decide_input input_of(const struct hearing *h, const struct matter *m,
                                    const char *basis[static BASIS_MAX])
{
    for (pb_size_t i = 0; i < m->document->basis_count; i++)
        basis[i] = m->document->basis[i];
    return (struct decide_input){
        .issuer = m->document->issuers[0].member,
        .basis = basis,
        .basis_count = m->document->basis_count,
        .issued_ms = m->document->issued_ms,
        .document_id = m->document->id,
        .now_ms = h->now_ms,
        .elsewhere = h->elsewhere,
        .calendar = h->calendar,
        .regions = h->regions,
    };
}

enum err hearing_rules(const struct hearing *h, const struct matter *m, struct decision *out,
                       lianshu_DecisionRecord *record)
{
    const char *basis[BASIS_MAX];
    const struct decide_input input = input_of(h, m, basis);
    enum change_kind kind;
    const bool change = change_of_type(m->type->number, &kind);
    enum err err = change ? decide_change(h->rules, h->view, &input, kind, m->facts, out, record)
                          : decide_order(h->rules, h->view, &input, m->facts, out, record);
    if (err == OK)
        name_record(h, m, change ? "change" : "order", record);
    return err;
}

enum err hearing_event(const struct hearing *h, const struct matter *m, struct event_decision *out,
                       lianshu_DecisionRecord *record)
{
    const char *basis[BASIS_MAX];
    const struct decide_input input = input_of(h, m, basis);
    enum err err = decide_event(h->rules, h->view, &input, m->type->number, m->facts, out, record);
    if (err == OK)
        name_record(h, m, "event", record);
    return err;
}

enum err hearing_gate(const struct hearing *h, const struct matter *m, const char *region,
                      struct verdict *out, lianshu_DecisionRecord *record)
{
    const lianshu_Licence *licence = m->type->facts == &lianshu_Licence_msg ? m->facts : NULL;
    const uint32_t last = m->type->number == lianshu_DocumentType_TYPE_SUBJECT_RELATION
                              ? ((const lianshu_SubjectRelation *)m->facts)->to_date
                              : 0;
    const struct gate_message message = {
        .type = m->type->number,
        .subject = m->subject,
        .persons = m->persons,
        .person_count = (uint32_t)m->person_count,
        .region = region,
        .notice_and_commitment = licence != NULL && licence->notice_and_commitment,
        .ending = last != 0 && last <= date_from_ms(h->now_ms),
        .now_ms = h->now_ms,
        .calendar = h->calendar,
    };
    enum err err = gate_check(h->rules, h->view, &message, out, record);
    if (err == OK) {
        name_record(h, m, "gate", record);
        text_copy(record->region, sizeof record->region, region);
    }
    return err;
}

enum err hearing_again(const struct hearing *h, const struct matter *m,
                       const lianshu_DecisionRecord *record, const struct hearing_room *room,
                       lianshu_DecisionRecord *again)
{
    const bool order = (m->type->flags & TYPE_RULES) != 0;
    struct hearing then = *h;
    then.elsewhere = record->elsewhere;
    enum err err = ERR_FIELD_VALUE;
    if (strcmp(record->kind, "gate") == 0)
        err = hearing_gate(&then, m, record->region, room->verdict, again);
    else if (strcmp(record->kind, "event") == 0)
        err = hearing_event(&then, m, room->events, again);
    else if (order && (strcmp(record->kind, "order") == 0 || strcmp(record->kind, "change") == 0))
        err = hearing_rules(&then, m, room->decision, again);
    if (err != OK)
        return err;
    again->known_size = record->known_size;
    memcpy(again->member, record->member, sizeof again->member);
    return OK;
}
