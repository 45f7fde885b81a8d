/*
 * evidence_reading - a verified bundle as it is told to people: what it proves and what not, its
 * decisions made again, and the report.
 *
 * Guarantees:
 *   1. reading_told says of everything whether it is proven, and by what; what nobody could prove
 *      from a bundle stands there too.
 *   2. A decision is said to be made again only when its record came out the same to the byte.
 *
 * Ownership: evidence and bundle are borrowed; reading_close frees the rest. Thread rule: no state.
 */
#ifndef CLI_EVIDENCE_READING_H
#define CLI_EVIDENCE_READING_H

#include "cli/evidence.h"
#include "cli/evidence_again.h"

struct reading {
    const struct evidence *e;
    const struct bundle *b;
    struct rules_shown rules;
    struct evidence_again again;
};

MUST_USE enum err reading_open(struct reading *out, const struct evidence *e,
                               const struct bundle *b);
void reading_close(struct reading *reading);

/* On paper nothing is said that depends on what the reader has besides the bundle. */
enum reading_flag {
    READING_OUTSIDE = 1, /* the anchor did not come with the bundle */
    READING_PAPER = 2,
};
/* {"proven":[{"zh","en"}],"not_proven":[{"zh","en"}]}. `more`: rows of what else is not proven;
 * NULL: none. */
struct json *reading_told(const struct reading *reading, unsigned flags, const struct json *more);

/* How many documents of a case are marked as without effect by the hub's word in here. */
size_t reading_without_effect(const struct bundle *b);

/* The report in both forms; free() both. */
MUST_USE enum err reading_report(const struct reading *reading, char **html, char **text);

#endif
