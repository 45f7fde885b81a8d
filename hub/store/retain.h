/*
 * retain - what is erased when its time is over: payloads by class and age. Receipts, log leaves,
 * ids, codes and dates stay.
 *
 *   class              what goes                                 counted from
 *   RETAIN_PARKED      frames of parked envelopes                their expiry
 *   RETAIN_DECISION    decision records that are no order's      the decision
 *   RETAIN_SUBJECT     subjects and relations as they were       the newer version
 *   RETAIN_ORDER       signed documents of orders and changes,   the end of the order, once every
 *                      also for other hubs (roll), and their     lift is answered; of what stood at
 *                      decision records                          no time: its acceptance
 *                      and then the sealed identifiers of whom   the last of them that is about
 *                      they were about (table handle)            that one, and nothing else kept
 *                      and the numbers of their decisions        the last order of that decision
 *   RETAIN_OBLIGATION  references given by members               the last step, lifted or cancelled
 *   RETAIN_CASE        steps and clocks of closed cases          the last step
 *   RETAIN_MESSAGE     rows that recognise a repeat              acceptance; only settled ones
 *   RETAIN_REPORTER    holders of pseudonyms, requests to them   acceptance; none with open ones
 *
 * Guarantees:
 *   1. A step looks at a bounded number of rows, in the caller's transaction; rounds go on from
 *      where the last step stopped, and begin anew after a restart or a full round.
 *   2. An erased value is one zero byte, which no sealed value or record is: it reads back as
 *      ERR_ERASED (message_frame, decision_get; a sealed column: store_is_erased), never as
 *      corruption.
 *   3. What is still needed is not erased whatever its age: the newest version of a subject, the
 *      document of an order that stands, an unsettled message.
 *
 * Which class keeps how long is law and stands in hub/policy/rules/retention.yaml; here it is a
 * moment per class.
 * Thread rule: that of the db.
 */
#ifndef STORE_RETAIN_H
#define STORE_RETAIN_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct store;
struct db;
struct retainer;

enum retain_class {
    RETAIN_PARKED,
    RETAIN_DECISION,
    RETAIN_SUBJECT,
    RETAIN_ORDER,
    RETAIN_OBLIGATION,
    RETAIN_CASE,
    RETAIN_MESSAGE,
    RETAIN_REPORTER,
    RETAIN_CLASSES,
};

enum {
    RETAIN_STEP_ROWS = 256, /* looked at in one step */
    RETAIN_STEP_PACKS = 8,  /* of packed decision records */
    RETAIN_NAME_ROWS = 64,  /* of one sender in one step */
};

struct retain_report {
    uint64_t erased; /* values or rows, by this step */
    bool more;       /* the round is not over: call again soon */
    bool full;       /* the step did not come to the end of its table */
};

/* One step. before_ms by class: what ended before that moment goes; 0: nothing does. */
MUST_USE enum err store_retain_step(struct store *s, const uint64_t before_ms[RETAIN_CLASSES],
                                    struct retain_report *out);

/* For store.c only. */
MUST_USE enum err retainer_open(struct retainer **out, struct db *db, struct fault *f);
void retainer_close(struct retainer **r);

#endif
