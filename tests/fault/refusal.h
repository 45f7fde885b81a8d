/*
 * refusal - whatever lies below fails: system calls, libraries, functions of lower rooms that
 * answer an error; each told apart by the place in the code that calls it (places.h).
 *
 * A function that answers an error is refused only where it would have answered OK, so that a
 * search which finds nothing stays one. What it made by then is not taken back: none of those here
 * makes anything that must be closed.
 *
 * A program that links it says so in its lists (refusing in unit/schemas.cmake).
 *
 * Thread rule: one thread.
 */
#ifndef TESTS_FAULT_REFUSAL_H
#define TESTS_FAULT_REFUSAL_H

#include "base/err.h"

/* Lives once for each place that calls something below, and once more for each that calls again,
 * with that call failing: each time live must answer an error and leave nothing behind; then it
 * must do what it does. Asserts. */
void refusal_hold(const char *what, enum err (*live)(void));

/* The same with reads and writes that a signal interrupts, before the first byte or behind it: live
 * must do what it does. Asserts. */
void refusal_interrupt(const char *what, enum err (*live)(void));

#endif
