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
/* A refusal because of two dates: the document's comes before another one. */
void record_dates(lianshu_DecisionRecord *record, uint32_t date, uint32_t against);
void record_outcome(lianshu_DecisionRecord *record, const lianshu_Outcome *outcome);
/* What was decided so far does not follow. */
void record_no_outcome(lianshu_DecisionRecord *record);
void record_end(lianshu_DecisionRecord *record, struct reader *reader, enum err code);

#endif
