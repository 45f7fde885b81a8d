/*
 * init - makes the cryptographic libraries ready. Call once, before any thread is started and
 * before anything else of keys/.
 *
 * Errors: ERR_INTERNAL when the system has no randomness or the libraries refuse.
 * Thread rule: once, from the first thread; calling again is harmless.
 */
#ifndef KEYS_INIT_H
#define KEYS_INIT_H

#include "base/err.h"

MUST_USE enum err keys_init(void);

#endif
