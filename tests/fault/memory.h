/*
 * memory - allocations that fail: malloc, calloc, realloc, guarded memory, and what libyaml asks
 * for, told apart by the place in the code that asks (places.h).
 *
 * A program that links it says which calls go through it (short_of_memory in unit/keys.cmake).
 *
 * Thread rule: one thread.
 */
#ifndef TESTS_FAULT_MEMORY_H
#define TESTS_FAULT_MEMORY_H

#include "base/err.h"

/* Lives once for each place that asks for memory, and once more for each that asks again, without
 * getting it: each time live must answer ERR_NO_MEMORY and leave nothing behind; then it must do
 * what it does. Asserts. */
void memory_hold(const char *what, enum err (*live)(void));

/* The same, and each place within jansson asks too, whose words for it are not always those of
 * memory: live must answer an error. */
void memory_hold_json(const char *what, enum err (*live)(void));

#endif
