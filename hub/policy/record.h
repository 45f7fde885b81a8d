/*
 * record - fills a lianshu_DecisionRecord while a decision is made. Every function accepts a
 * NULL record and then does nothing, so deciders need not ask.
 *
 * Private to decide, change and gate. Thread rule: value of its caller.
 */
#ifndef POLICY_RECORD_H
#define POLICY_RECORD_H

#include "base/text.h"
#include "policy/decide.h"
#include "policy/reader.h"

void record_begin(lianshu_DecisionRecord *record, const struct ruleset *rs, uint64_t now_ms);

/* "R01" or "R01/M03"; traces beyond the bound are dropped. */
void record_trace(lianshu_DecisionRecord *record, const char *rule, const char *measure,
                  bool matched, const char *why);
void record_outcome(lianshu_DecisionRecord *record, const lianshu_Outcome *outcome);
void record_end(lianshu_DecisionRecord *record, struct reader *reader, enum err code);

#endif
