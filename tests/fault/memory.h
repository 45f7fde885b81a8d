/*
 * memory - allocations that fail: malloc, calloc, realloc and guarded memory, told apart by the
 * place in the code that asks.
 *
 * Guarantees:
 *   1. Unarmed it changes nothing; between memory_watch and memory_rest it counts the calls of each
 *      place.
 *   2. Armed, one call of one place answers NULL, and nothing else does.
 *
 * A program that links it says which calls go through it (short_of_memory in unit/keys.cmake).
 *
 * Thread rule: one thread; what it counts is global.
 */
#ifndef TESTS_FAULT_MEMORY_H
#define TESTS_FAULT_MEMORY_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MEMORY_PLACES_MAX = 256 };

void memory_watch(void);
/* How many places have asked. */
size_t memory_places(void);
/* The nth call of that place, from 1, fails once. */
void memory_refuse(size_t place, uint64_t nth);
/* How often that place has asked since memory_watch. */
uint64_t memory_calls(size_t place);
/* Neither counts nor fails any more; whether a call was refused. */
bool memory_rest(void);

/* Lives once for each place that asks for memory, and once more for each that asks again, without
 * getting it: each time live must answer ERR_NO_MEMORY and leave nothing behind; then it must do
 * what it does. Asserts. */
void memory_hold(const char *what, enum err (*live)(void));

#endif
