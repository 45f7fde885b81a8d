/*
 * token - SoftHSM for tests: a directory of its own, and tokens in it.
 *
 * The process's environment names the configuration, as SoftHSM wants it; a test program opens one
 * such place at most. PIN is that of every token.
 */
#ifndef TESTS_UNIT_TOKEN_H
#define TESTS_UNIT_TOKEN_H

#define TOKEN_PIN    "secret-pin-4711"
#define TOKEN_MODULE "/usr/lib/softhsm/libsofthsm2.so"

/* An empty place for tokens, below `dir`, which exists. Asserts. */
void token_place(const char *dir);
/* A new token with this label. */
void token_make(const char *label);

#endif
