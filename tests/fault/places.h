/*
 * places - calls that fail, told apart by the place in the code that asks: the part that
 * allocations (memory.h) and everything else (refusal.h) have in common.
 *
 * Guarantees:
 *   1. Unarmed it changes nothing; while it watches, the calls of the kind watched are counted for
 *      each place.
 *   2. Armed, one call of one place is refused, and nothing else is.
 *
 * Thread rule: one thread; what it counts is global.
 */
#ifndef TESTS_FAULT_PLACES_H
#define TESTS_FAULT_PLACES_H

#include "base/err.h"

#include <stdbool.h>

enum { PLACES_MAX = 1024 };

enum places_kind {
    PLACES_NONE,
    PLACES_MEMORY,
    PLACES_REFUSAL,
    PLACES_INTERRUPT,
    PLACES_SHORT,
};

/* One call of that kind, made at that place: is it refused? */
bool places_refused(enum places_kind kind, const void *at);

/* Lives once for each place that makes a call of the kind, and once more for each that makes it
 * again, with the first and the last refused: each time fits(what live answers) must hold. Before
 * and after them live must answer OK. Asserts. */
void places_hold(enum places_kind kind, const char *what, enum err (*live)(void),
                 bool (*fits)(enum err err));

#endif
