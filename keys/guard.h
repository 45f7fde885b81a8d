/*
 * guard - memory for secrets: fenced by guard pages, locked where the system allows it, left
 * out of core dumps, wiped when it is freed.
 *
 * Guarantees:
 *   1. guard_free wipes before it gives back; NULL is fine.
 *   2. guard_equal takes the same time wherever the difference lies.
 *
 * Ownership: guard_alloc's result is the caller's. Contents begin as zeros.
 * Thread rule: none of its own; a block belongs to the thread that owns it.
 */
#ifndef KEYS_GUARD_H
#define KEYS_GUARD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Zeroed guarded memory; NULL when there is none. */
void *guard_alloc(size_t len);
void guard_free(void *memory);

void guard_wipe(void *memory, size_t len);
bool guard_equal(const void *a, const void *b, size_t len);

#endif
