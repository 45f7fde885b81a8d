/*
 * tell - the story of the day: one line an event, Chinese with English beside it, and the
 * table of counts at its end, each held against what was derived by hand (expected.h).
 *
 * Guarantees:
 *   1. A line is flushed before the call returns.
 *   2. tell_failures counts every expectation that did not hold; each was printed as it failed.
 *   3. The table and the JSON object show the same numbers.
 *
 * Thread rule: one thread.
 */
#ifndef DAY_TELL_H
#define DAY_TELL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { TELL_COUNTS_MAX = 64 };

struct tell_count {
    const char *key; /* of the JSON object */
    const char *zh;
    const char *en;
    uint64_t value;
    uint64_t wanted;
    bool checked; /* wanted says something */
};

struct tell {
    uint64_t start_ms; /* monotonic */
    unsigned failures;
    unsigned count;
    struct tell_count counts[TELL_COUNTS_MAX];
};

uint64_t tell_clock_ms(void); /* monotonic */

void tell_open(struct tell *t);
/* "[  1.203] 市场监管局… / the market department…" */
void tell_line(struct tell *t, const char *zh, const char *en);
/* The same with the parts of both texts filled in: zh and en are printf formats that take the
 * same arguments in the same order. */
void tell_linef(struct tell *t, const char *zh, const char *en, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));

/* True when it holds; otherwise the failure is counted and told. */
bool tell_expect(struct tell *t, bool holds, const char *zh, const char *en);

/* Put a number into the table; with `wanted` it must be equal. Texts are borrowed. */
void tell_count(struct tell *t, const char *key, const char *zh, const char *en, uint64_t value);
void tell_count_expected(struct tell *t, const char *key, const char *zh, const char *en,
                         uint64_t value, uint64_t wanted);

void tell_table(const struct tell *t);
MUST_USE enum err tell_json(const struct tell *t, const char *path, struct fault *f);

#endif
