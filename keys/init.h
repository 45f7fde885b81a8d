/*
 * init - makes the cryptographic libraries ready. Call once, before any thread is started and
 * before anything else of keys/.
 *
 * Guarantee: after OK every function of keys/ may be called; after any other answer none may.
 *
 * Errors: ERR_INTERNAL when the system has no randomness or the libraries refuse.
 * Thread rule: once, from the first thread; calling again is harmless.
 */
#ifndef KEYS_INIT_H
#define KEYS_INIT_H

#include "base/err.h"

MUST_USE enum err keys_init(void);

#endif
