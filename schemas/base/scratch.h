/*
 * scratch - memory on the stack that need not begin as zeros.
 *
 * We compile with -ftrivial-auto-var-init=zero, so that what is forgotten reads as zeros. For
 * buffers of some hundred bytes that are filled before they are read, on the way of every
 * message, the zeros cost more than the work. SCRATCH on a variable leaves them out; it needs a
 * reason like that, and the variable must be written before it is read on every path (the tests
 * run under sanitizers and valgrind).
 */
#ifndef BASE_SCRATCH_H
#define BASE_SCRATCH_H

#define SCRATCH __attribute__((uninitialized))

#endif
