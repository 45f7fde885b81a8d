/*
 * coverage - how far the calendar of working days reaches, against the terms that are counted with
 * it. The State Council announces holidays and make-up days year by year; a term that runs past the
 * last year of the table is counted with weekends alone and ends too early. Whoever runs the hub
 * must hear of it before.
 *
 *   rule set + calendar + today -> until when it reaches, how many terms go beyond
 *
 * Guarantees:
 *   1. until is calendar_until of today.
 *   2. counted are the terms of the set that need the calendar, each as often as it is written:
 *      clocks, terms to answer and to execute, deadlines of holds. beyond are those of them that
 *      would be counted with days beyond the table if they began today.
 *   3. term is the longest of those, and `of` the first clock, rule or gate that says it; "":
 *      there is none.
 *
 * Ownership: `of` belongs to the rule set. Thread rule: pure functions.
 */
#ifndef POLICY_COVERAGE_H
#define POLICY_COVERAGE_H

#include "policy/ruleset.h"

struct calendar;

struct coverage {
    uint32_t until; /* last day; 0: not even today */
    size_t counted;
    size_t beyond;
    struct term term;
    const char *of;
};

void coverage_of(const struct ruleset *rs, const struct calendar *calendar, uint32_t today,
                 struct coverage *out);

#endif
