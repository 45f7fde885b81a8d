/*
 * hearing - one document with facts before the policy, and the record of it whole: for what comes
 * in, and for what was decided once and is decided again to prove it, here or far from the hub.
 *
 *   matter + hearing -> decide, event, gate -> DecisionRecord
 *
 * Guarantees:
 *   1. The record is that of decide.h, event.h or gate.h, and names document, type, kind, log size
 *      and region besides.
 *   2. hearing_again decides what a record says was decided, as its kind says. With the rule set,
 *      the document and the rows of then its record is the same to the byte.
 *   3. Pure, like those.
 *
 * Errors: those of decide.h, event.h, gate.h; ERR_FIELD_VALUE: a record of no kind that there is.
 * Ownership: everything is borrowed. Thread rule: pure functions.
 */
#ifndef POLICY_HEARING_H
#define POLICY_HEARING_H

#include "policy/event.h"
#include "policy/gate.h"

#include "catalogue.h"
#include "document.pb.h"

struct matter {
    const struct document_type *type;
    const lianshu_Document *document;
    const uint8_t *sha256; /* of the document */
    const void *facts;     /* its body, as type->facts has it */
    const lianshu_Subject *subject;
    const lianshu_Person *persons;
    size_t person_count;
};

struct hearing {
    const struct ruleset *rules;
    const struct view *view;
    const struct calendar *calendar;
    const struct regions *regions; /* may be NULL, as in decide.h */
    uint64_t now_ms;
    uint64_t log_size;
    bool elsewhere; /* as in decide.h */
};

/* An order, or a change of one. */
MUST_USE enum err hearing_rules(const struct hearing *h, const struct matter *m,
                                struct decision *out, lianshu_DecisionRecord *record);
MUST_USE enum err hearing_event(const struct hearing *h, const struct matter *m,
                                struct event_decision *out, lianshu_DecisionRecord *record);
/* In the region where it would take effect. */
MUST_USE enum err hearing_gate(const struct hearing *h, const struct matter *m, const char *region,
                               struct verdict *out, lianshu_DecisionRecord *record);

/* Room for what is decided beside the record. */
struct hearing_room {
    struct decision *decision;
    struct event_decision *events;
    struct verdict *verdict;
};
/* now_ms and log_size of *h are the record's. */
MUST_USE enum err hearing_again(const struct hearing *h, const struct matter *m,
                                const lianshu_DecisionRecord *record,
                                const struct hearing_room *room, lianshu_DecisionRecord *again);

#endif
