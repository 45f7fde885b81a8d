/*
 * harden - what every program that holds keys does first.
 *
 * Guarantees:
 *   1. Memory reaches no core file and no other process of the same user.
 *   2. Files are made without the rights in `mask`.
 *   3. A reader that vanished is an error of the write instead of the end of the process.
 *
 * Thread rule: main only, before any thread is started.
 */
#ifndef BASE_HARDEN_H
#define BASE_HARDEN_H

#include <sys/types.h>

/* The first of them alone. */
void harden_memory(void);
/* Second lines of defence: what of it the system does not allow is passed over. */
void harden_process(mode_t mask);

#endif
