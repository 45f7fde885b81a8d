/*
 * retention - how long each class of contents is kept: retention.yaml of the rule directory.
 *
 * Guarantees:
 *   1. Every class stands in the file exactly once, with its event, or it does not load; all
 *      problems are reported, each with file, line and word (ruleset.h, enum ruleset_problem).
 *   2. retention_before gives, for a class that is kept for ever, 0: before it nothing ended.
 *   3. The file is no part of the rule set and of its hash: no decision depends on it.
 *
 * The classes are those of store/retain.h in the same order; the store knows no law, only moments.
 * Ownership: the strings live until retention_close.
 * Thread rule: read only once it is loaded.
 */
#ifndef POLICY_RETENTION_H
#define POLICY_RETENTION_H

#include "policy/ruleset.h"

enum retention_class {
    RETENTION_PARKED,
    RETENTION_DECISION,
    RETENTION_SUBJECT,
    RETENTION_ORDER,
    RETENTION_OBLIGATION,
    RETENTION_CASE,
    RETENTION_MESSAGE,
    RETENTION_REPORTER,
    RETENTION_CLASSES,
};

enum { RETENTION_DAYS_MAX = 36525 };

struct retention_rule {
    const char *zh;
    const char *en;
    const char *after; /* the event, as it stands in the file */
    uint32_t days;     /* 0: for ever */
    const char *basis;
    char mark; /* V, S, M, D */
    unsigned line;
};

struct retention;

/* Load <dir>/retention.yaml. On failure *out is NULL, the error ERR_RULE_SET (or ERR_NO_MEMORY) and
 * *faults says why. */
MUST_USE enum err retention_open(struct retention **out, const char *dir,
                                 struct ruleset_faults *faults);
void retention_close(struct retention **r);

const struct retention_rule *retention_rule(const struct retention *r, enum retention_class class);

/* What ended before before_ms[class] has been kept long enough at now_ms. */
void retention_before(const struct retention *r, uint64_t now_ms,
                      uint64_t before_ms[static RETENTION_CLASSES]);

#endif
