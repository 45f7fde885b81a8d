/*
 * answer - what the hub would answer to a record that was only asked about, as a file for the
 * department.
 *
 *   {"row", "envelope" (of the question), "passes", "code", "zh", "en", "todo_zh", "todo_en",
 *    "grounds":[{"measure","order","version","rule","basis"}], "obligations", "members":[],
 *    "unassigned":[], "conflicts":[], "more", "time"}
 *
 * Guarantees: `passes` is true for what would be delivered, with an advisory or not; false for what
 * would be refused or held. No code: nothing stands in its way. No fact of the record is repeated.
 * Ownership: the JSON is the caller's. Thread rule: plain values. PROTOCOL: Preview.
 */
#ifndef ADAPTERS_RUNTIME_ANSWER_H
#define ADAPTERS_RUNTIME_ANSWER_H

#include "base/err.h"
#include "base/span.h"
#include "json.h"

/* facts: the canonical body of a preview.answer. ERR_POISON when it does not decode. */
MUST_USE enum err answer_json(struct span facts, struct json **out);

#endif
