/*
 * event_facts - what the rules of events ask of a facts body, whichever its type: one plain
 * struct, and whether a rule's conditions (struct rule_when) hold.
 *
 * Guarantees: a body of another message than those below gives only its subject and persons; a
 * condition that the body cannot answer does not hold. Borrows from the body.
 * Private to event. Thread rule: pure functions.
 */
#ifndef POLICY_EVENT_FACTS_H
#define POLICY_EVENT_FACTS_H

#include "policy/event.h"
#include "policy/rating.h"
#include "policy/reader.h"

enum { EVENT_HITS_MAX = 16 };

struct event_facts {
    const lianshu_Subject *subject;
    const lianshu_Person *persons;
    size_t person_count;
    uint32_t date;       /* of the event; 0: not said */
    uint32_t until_date; /* 0: not said */
    lianshu_Severity severity;
    lianshu_CreditClass class;
    struct rating_index index[RULES_INDICES_MAX];
    size_t index_count;
    bool rated;  /* class and indices are said */
    bool scored; /* points are said */
    uint32_t points;
    bool single;
    bool batch;
    bool vaccine;
    uint32_t insured_until;
    const char *trigger; /* "" when the body has none */
    const char *measure; /* "" when the body has none */
};

/* Whom the conditions of a rule hold for: 0 the subject, n the n-th person; with the restriction
 * that made them hold, if one did. */
struct event_hit {
    uint32_t subject_index;
    uint8_t order_id[VIEW_ORDER_ID_LEN];
};

struct event_hits {
    struct event_hit hit[EVENT_HITS_MAX];
    uint32_t count;
    const char *why; /* when there is none: a code */
};

void event_facts_read(struct event_facts *out, const pb_msgdesc_t *desc, const void *facts);

/* Do the conditions of rule hold on that day? Errors are the view's. */
MUST_USE enum err event_hits_find(const struct ruleset *rs, struct reader *reader,
                                  const struct event_facts *facts, const struct rule *rule,
                                  uint32_t date, struct event_hits *out);

/* Is it one of the rules that a document of this type sets off? */
bool event_set_off(const struct rule *rule, uint32_t type);

/* Does any restriction stand against the subject on that day, but those that a document of this
 * type ends (until_next)? A warned class is left by a better one. */
MUST_USE enum err event_listed(const struct ruleset *rs, struct reader *reader,
                               const struct event_facts *facts, uint32_t type, uint32_t date,
                               struct event_hit *by, bool *listed);

#endif
