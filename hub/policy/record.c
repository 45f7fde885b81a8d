#include "policy/record.h"

#include "wire.h"

#include <stdio.h>
#include <string.h>

enum {
    TRACES_MAX =
        sizeof((lianshu_DecisionRecord *)0)->rules / sizeof((lianshu_DecisionRecord *)0)->rules[0],
    OUTCOMES_MAX = sizeof((lianshu_DecisionRecord *)0)->outcome /
                   sizeof((lianshu_DecisionRecord *)0)->outcome[0],
};

_Static_assert(sizeof((lianshu_RuleTrace *)0)->rule > RULE_ID_MAX + sizeof "/M01" - 1,
               "a trace holds every rule and measure");
_Static_assert((int)OUTCOMES_MAX >= (int)DECIDE_DUTIES_MAX, "a record holds every duty");

void record_begin(lianshu_DecisionRecord *record, const struct ruleset *rs, uint64_t now_ms)
{
    if (record == NULL)
        return;
    wire_clear(&lianshu_DecisionRecord_msg, record);
    ruleset_hash(rs, record->rule_set_sha256);
    record->now_ms = now_ms;
}

void record_trace(lianshu_DecisionRecord *record, const char *rule, const char *measure,
                  bool matched, const char *why)
{
    if (record == NULL || record->rules_count == TRACES_MAX)
        return;
    lianshu_RuleTrace *trace = &record->rules[record->rules_count++];
    memset(trace, 0, sizeof *trace);
    if (measure == NULL)
        text_copy(trace->rule, sizeof trace->rule, rule);
    else
        snprintf(trace->rule, sizeof trace->rule, "%.11s/%.4s", rule, measure);
    trace->matched = matched;
    text_copy(trace->why, sizeof trace->why, why);
}

void record_dates(lianshu_DecisionRecord *record, uint32_t date, uint32_t against)
{
    if (record == NULL)
        return;
    record->date = date;
    record->against_date = against;
}

void record_outcome(lianshu_DecisionRecord *record, const lianshu_Outcome *outcome)
{
    if (record == NULL || record->outcome_count == OUTCOMES_MAX)
        return;
    record->outcome[record->outcome_count++] = *outcome;
}

void record_no_outcome(lianshu_DecisionRecord *record)
{
    if (record != NULL)
        record->outcome_count = 0;
}

void record_end(lianshu_DecisionRecord *record, struct reader *reader, enum err code)
{
    uint8_t hash[HASH_LEN];
    reader_done(reader, hash);
    if (record == NULL)
        return;
    record->code = (uint32_t)code;
    memcpy(record->read_set_sha256, hash, sizeof hash);
}
