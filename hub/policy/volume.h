/*
 * volume - how much of what a member may do in a day before somebody asks: volume.yaml of the rule
 * directory.
 *
 * Guarantees:
 *   1. Every number stands in the file, with its basis; a file with a mistake does not load, and
 * all problems are reported, each with file, line and word.
 *   2. volume_limit is the number beyond which a day is unusual for a member with such days behind
 *      it: `first` while they are fewer than least_days, else the larger of `floor` and `factor`
 *      times the usual day.
 *   3. volume_usual moves with each day by a share of 1/days at least, and no day counts for more
 *      than its limit: a harvest does not make itself usual.
 *   4. The file is no part of the rule set and of its hash: no decision depends on it.
 *
 * Ownership: the strings live until volume_close. Thread rule: read only once it is loaded.
 */
#ifndef POLICY_VOLUME_H
#define POLICY_VOLUME_H

#include "policy/ruleset.h"

enum { VOLUME_MEASURES_MAX = 4, VOLUME_TYPES_MAX = 128, VOLUME_WORD_MAX = 16, VOLUME_MILLI = 1000 };

struct volume_measure {
    const char *word; /* "queries" */
    const char *zh;
    const char *en;
    uint32_t days;
    uint32_t least_days;
    uint32_t floor;
    uint32_t factor;
    uint32_t first;
    const char *basis;
    char mark; /* V, S, M, D */
    uint32_t weight[VOLUME_TYPES_MAX];
};

struct volume;

/* Load <dir>/volume.yaml. On failure *out is NULL, the error ERR_RULE_SET (or ERR_NO_MEMORY) and
 * *faults says why. */
MUST_USE enum err volume_open(struct volume **out, const char *dir, struct ruleset_faults *faults);
void volume_close(struct volume **v);

size_t volume_count(const struct volume *v);
const struct volume_measure *volume_measure(const struct volume *v, size_t i);
/* How much a document of this type counts. */
uint32_t volume_weight(const struct volume_measure *m, uint32_t type);

/* usual_milli: of a day, in thousandths; days: that are behind it. */
uint64_t volume_limit(const struct volume_measure *m, uint32_t days, uint64_t usual_milli);
/* The usual day after one more, on which so much was counted. */
uint64_t volume_usual(const struct volume_measure *m, uint32_t days, uint64_t usual_milli,
                      uint64_t count);

#endif
